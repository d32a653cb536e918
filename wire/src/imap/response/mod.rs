//! What a server can say (RFC 9051 §7 and the extensions), as plain data, and reading it. Owns the grammar of responses
//! as a client meets it: what is unknown is kept as text, for servers say more than any client knows. Our own server
//! writes its responses itself, as it goes along; this reads them back.

mod data;
mod fetch;
mod read;
mod status;
mod stream;
#[cfg(test)]
mod tests;
mod value;

pub use data::{Data, EsearchItem, Listed, Namespace, Quota, StatusValue};
pub use fetch::{FetchData, SectionName};
pub use read::response;
pub use status::{Code, Status, StatusText};
pub use stream::{Broken, Head, Incoming, Stream};
pub use value::{DEPTH_MAX, Value};

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// `+`: the text behind it, which is base64 in an authentication exchange.
    Continue(Vec<u8>),
    /// The end of a command.
    Tagged(String, StatusText),
    /// `*`.
    Untagged(Data),
}
