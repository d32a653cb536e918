//! Pages for those who learn, made from what really went over the wire of a host in the lab: `docs/learn/`. Owns what is
//! asked and what is said about it; a test holds the pages to what the server says today.

mod capture;
mod pages;
mod show;

pub use capture::{Capture, Side, Talk};

use crate::{Host, Ports, Site, worlds};
use anyhow::Result;
use message::Time;
use net::Clock;
use net::dns::Resolver;
use server::Seams;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// When all of it happens: 7 April 2004, 00:37:54 UTC, as in the old dialogues.
const THEN: Time = Time(1_081_298_274_000);

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its file's name.
    pub name: &'static str,
    /// Its Markdown.
    pub text: String,
}

/// Starts a host in a folder, holds the conversations, and writes the pages. The clock stands still and chance is always
/// the same, so that the pages change only when the server does.
///
/// # Errors
/// The host does not start, or says no where it should not.
pub async fn pages(folder: &Path) -> Result<Vec<Page>> {
    let seams =
        Seams { clock: Clock::manual(THEN), random: chance(), resolver: Some(Resolver::table([])), ..Seams::system() };
    let world = worlds(crate::Scenario::Dialogues).remove(0);
    let host = Host::start_with(world, folder, Site::alone(Ports::Random), seams).await?;
    let pages = pages::all(&host).await;
    host.drain(std::time::Duration::from_secs(2)).await;
    pages
}

/// Octets that look like chance.
fn chance() -> office::Random {
    let state = AtomicU64::new(0x9e37_79b9_7f4a_7c15);
    Arc::new(move |buffer: &mut [u8]| {
        for octet in buffer {
            // A linear congruence, Knuth's constants: only its upper octet is used.
            let step = |state: u64| {
                Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
            };
            let before = state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap_or_default();
            *octet = before.to_be_bytes()[0];
        }
    })
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "compares with the pages in docs/")]
mod tests {
    use super::*;

    /// With `PILLARBOX_WRITE=1` the pages are written anew.
    #[tokio::test]
    async fn the_pages_say_what_the_server_says() {
        let folder = tempfile::tempdir().unwrap();
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/learn");
        for page in pages(folder.path()).await.unwrap() {
            let path = docs.join(page.name);
            if std::env::var("PILLARBOX_WRITE").is_ok_and(|value| value == "1") {
                std::fs::create_dir_all(&docs).unwrap();
                std::fs::write(&path, &page.text).unwrap();
            }
            let written = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                written == page.text,
                "{} is not what the server says now: PILLARBOX_WRITE=1 cargo test -p lab learn\n{}",
                path.display(),
                page.text
            );
        }
    }
}
