//! What a program on the host of the post office asks it about one account, and what it is answered: plain data, no
//! protocol. It goes over a socket file of the machine, one JSON value a line each way, or is handed over within one
//! process. Owns the vocabulary and its limits; who may ask is decided by who serves it, and the answers are made in
//! `office`. Every answer is bounded: what is long comes in pages and pieces.

use base64::Engine as _;
use message::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::Path;
use std::pin::Pin;

/// E-mails of one request, and lines of one page: a second's work at the most, and a few hundred KiB.
pub const EMAILS_MAX: usize = 500;
/// Octets of content in one request or answer.
pub const PIECE_MAX: usize = 256 * 1024;
/// Octets of one header section that are told; more no list shows. The whole comes with the content.
pub const HEADER_MAX: usize = 128 * 1024;
/// Octets of header sections in one answer: after them the rest is named as left.
pub const HEADERS_MAX: usize = 2 * 1024 * 1024;
/// Octets of a line either way: the octets above, as they become in base64, with room for what is around them.
pub const LINE_MAX: u64 = 8 * 1024 * 1024;
/// Octets of a folder's path.
pub const PATH_MAX: usize = 1000;
/// Recipients of one letter; how many are taken is the post office's policy.
pub const RECIPIENTS_MAX: usize = 10_000;
/// How long somebody may wait for news in one request, in milliseconds: less than anybody's patience with a silent line.
pub const WAIT_MAX_MS: u64 = 25_000;

/// Octets, as base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Octets, D::Error> {
        let text = String::deserialize(from)?;
        let octets = base64::engine::general_purpose::STANDARD.decode(text);
        octets.map(Octets).map_err(|_| serde::de::Error::custom("no base64"))
    }
}

/// Flags of an e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// System flags as [`message::flag_bits`].
    pub bits: u64,
    /// Keywords.
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Folder {
    pub id: i64,
    /// Names from the top, with `/` between them.
    pub path: String,
    /// `inbox`, `sent` and so on.
    pub role: Option<String>,
    pub selectable: bool,
    pub subscribed: bool,
}

/// An e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// Its number, for good.
    pub id: i64,
    /// The folders it is in.
    pub folders: Vec<i64>,
    /// Its flags.
    pub flags: Flags,
    /// When it came.
    pub received: Time,
    /// Octets.
    pub size: u64,
    /// Its header section, where it was asked for; at most [`HEADER_MAX`] octets.
    pub header: Option<Octets>,
    /// Whether it has files, where the header was asked for.
    pub attachments: Option<bool>,
}

/// Who a letter is from, and who gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// What the sender's program calls it: one that was taken under this name at this time is not taken again.
    pub ticket: String,
    /// When it was queued there.
    pub posted: Time,
    /// Who hears of trouble; empty: nobody.
    pub reverse_path: String,
    /// Everybody who gets it.
    pub recipients: Vec<String>,
    /// Octets of its content.
    pub octets: u64,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
#[allow(missing_docs)]
pub enum Request {
    /// The first: whose mail. `None`: that of the user of the machine who asks. Answer: `Open`.
    Open { account: Option<String> },
    /// All folders. Answer: `Folders`.
    Folders,
    /// How far changes have come. Answer: `State`.
    State,
    /// What became of e-mails after a state, a page of it. Answer: `News`, or `Forgotten`.
    Since { state: String },
    /// Ids, the newest first, after where the last page ended. Answer: `Page`.
    List { after: Option<(Time, i64)> },
    /// What is known of some e-mails; those that are not there are passed over. Answer: `Emails`.
    Look { ids: Vec<i64>, headers: bool },
    /// Content from an offset on, at most [`PIECE_MAX`] octets. Answer: `Content`.
    Read { id: i64, from: u64 },
    /// Flags set and taken away. Answer: `Missing`, as for the next three.
    Flag { ids: Vec<i64>, add: Flags, remove: Flags },
    /// Out of one folder into another; what is not in the first stays where it is.
    Move { ids: Vec<i64>, from: i64, to: i64 },
    /// Into a folder besides.
    Copy { ids: Vec<i64>, to: i64 },
    /// Out of a folder for good; what is in no other is gone.
    Destroy { ids: Vec<i64>, from: i64 },
    /// An e-mail that somebody put into a folder: by Message-ID (without brackets) and size. Answer: `Found`.
    Find { folder: i64, message_id: String, size: u64 },
    /// Content of a new e-mail is about to come. Answer: `Done`.
    Begin { octets: u64 },
    /// A letter to be sent is about to come. Answer: `Sending`.
    Post(Letter),
    /// The next octets of either. Answer: `Done`.
    Piece { octets: Octets },
    /// All of the e-mail has come: it goes into a folder. Answer: `Found`.
    Append { folder: i64, flags: Flags, received: Time },
    /// All of the letter has come: it is sent. Answer: `Done`.
    Send,
    /// A folder; those above it are made on the way. One that is there is as good. Answer: `Folder`.
    CreateFolder { path: String, role: Option<String> },
    /// A folder has another path. Answer: `Done`.
    RenameFolder { folder: i64, path: String },
    /// A folder goes, and what is only in it. Answer: `Done`, also where it was gone.
    DeleteFolder { folder: i64 },
    /// A folder is shown or not. Answer: `Done`.
    Subscribe { folder: i64, on: bool },
    /// Waits until the state is another one, or so many milliseconds. Answer: `State`.
    Wait { state: String, milliseconds: u64 },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
#[allow(missing_docs)]
pub enum Answer {
    Done,
    /// Whose mail it is.
    Open {
        address: String,
    },
    Folders {
        folders: Vec<Folder>,
    },
    State {
        state: String,
    },
    News {
        changed: Vec<i64>,
        gone: Vec<i64>,
        state: String,
        more: bool,
    },
    /// What changed since is not known any more: everything has to be looked at.
    Forgotten,
    Page {
        ids: Vec<i64>,
        /// Where the next page begins; `None`: there is none.
        next: Option<(Time, i64)>,
    },
    Emails {
        emails: Vec<Email>,
        /// Not looked at for want of room: to be asked for again.
        left: Vec<i64>,
    },
    Content {
        octets: Octets,
        size: u64,
    },
    /// Done but for these, which are not there (any more).
    Missing {
        ids: Vec<i64>,
    },
    Found {
        id: Option<i64>,
    },
    Folder {
        id: i64,
    },
    /// The letter may come for the recipients that are not named here. `taken`: it came before, and is not to come again.
    Sending {
        /// The queue id: its name in journeys.
        name: String,
        taken: bool,
        refused: Vec<RefusedRecipient>,
    },
}

/// A recipient who does not get a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRecipient {
    /// As it was given.
    pub recipient: String,
    /// The reply that a client of SMTP would have got.
    pub said: String,
    /// Whether it will stay so.
    pub for_good: bool,
}

/// What is not done, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// Of what kind, as a code of sysexits.h.
    pub code: u8,
    /// In words, for a person.
    pub text: String,
}

/// What comes back, on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The answer.
    Ok(Answer),
    /// It was not done.
    Refused(Refusal),
}

/// What comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Carries questions to the post office, and answers back.
pub trait Carrier: Send {
    /// Asks.
    fn ask(&mut self, request: Request) -> Later<'_, Result<Answer, Refusal>>;

    /// Nothing is asked for a while: what others need is given back. Whether there is somebody who would tell of news.
    fn rest(&mut self) -> Later<'_, bool>;

    /// Says goodbye.
    fn close(self: Box<Self>) -> Later<'static, ()>;
}

/// The way into the post office of this host.
pub trait Door: Send + Sync {
    /// Opens the mail of an account there; the post office is that of a configuration file, or the one that is found.
    fn open<'a>(
        &'a self,
        configuration: Option<&'a Path>,
        account: &'a str,
    ) -> Later<'a, Result<Box<dyn Carrier>, Refusal>>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    #[test]
    fn a_piece_fits_into_a_line() {
        assert!(LINE_MAX as usize > PIECE_MAX * 4 / 3 + 1024);
        assert!(LINE_MAX as usize > (HEADERS_MAX + HEADER_MAX) * 4 / 3 + EMAILS_MAX * 4096);
    }

    #[test]
    fn what_is_no_base64_is_no_octets() {
        let read = |text: &'static str| -> Result<Octets, Error> {
            let from: StrDeserializer<'_, Error> = text.into_deserializer();
            Octets::deserialize(from)
        };
        assert_eq!(read("SGkh").unwrap(), Octets(b"Hi!".to_vec()));
        assert!(read("SGk").is_err() && read("S Gkh").is_err());
    }

    proptest! {
        #[test]
        fn octets_read_as_they_were_written(octets: Vec<u8>) {
            let text = base64::engine::general_purpose::STANDARD.encode(&octets);
            let from: StrDeserializer<'_, Error> = text.as_str().into_deserializer();
            prop_assert_eq!(Octets::deserialize(from).unwrap(), Octets(octets));
        }
    }
}
