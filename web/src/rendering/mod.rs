//! HTML mail, made safe to show. Owns the way from the octets a stranger sent to what the page shows in a frame: reading
//! (`bounds`, `tree`), filtering (`clean`, `elements`, `css`, `sources`, `wall`), what is told beside it (`links`, `hosts`,
//! `senders`), plain text as HTML (`plain`) and back (`twin`), the frame and its policy (`frame`), pictures of the message
//! itself (`signed`, `pictures`). Does not own how messages are kept and found. What it is safe against, and by which
//! means: docs/webmail-safety.md.

pub mod bounds;
pub mod clean;
pub mod css;
pub mod elements;
pub mod frame;
pub mod hosts;
pub mod letter;
pub mod links;
pub mod markup;
pub mod method;
pub mod names;
pub mod pictures;
pub mod plain;
mod reading;
pub mod senders;
mod serving;
pub mod signed;
pub mod sources;
pub mod tree;
pub mod twin;
pub mod wall;

pub use clean::{Policy, Safe, clean};
pub use letter::{Rendered, render};
pub use serving::routes;

use message::Domain;
use signed::Signer;
use std::sync::Arc;

/// Where the document of a message is served.
const FRAME_PATH: &str = "/render/frame/{token}";
/// The beginning of its addresses.
const FRAME_PREFIX: &str = "/render/frame/";
/// Where pictures of a message are served.
const PART_PATH: &str = "/render/part/{token}";
/// The beginning of their addresses.
const OWN_PATH_PART: &str = "/render/part/";

/// What requests for rendered messages share.
#[derive(Debug, Default)]
pub struct Desk {
    signer: Arc<Signer>,
}

impl Desk {
    /// Signs addresses.
    pub(crate) fn signer(&self) -> &Arc<Signer> {
        &self.signer
    }
}

/// Domains that a stranger would like to look like: these, and those of well-known houses.
fn trusted(own: &[Domain]) -> Arc<[Domain]> {
    own.iter().cloned().chain(senders::house_domains()).collect()
}
