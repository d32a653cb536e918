//! Letters as people write them: to whom, about what, the text, what goes along. Owns reading addresses as typed, the check
//! that must pass before anything is sent, drafts and templates, replies and what is sent on; what is written to the wire
//! comes from `message::build`. Knows no network, no disk and no clock: files, time and randomness are handed in.

mod answer;
mod check;
mod compose;
mod draft;
mod fault;
mod media;
mod recipients;
mod template;
mod typed;
mod unfinished;

pub use answer::{Writer, forward, forward_attached, list_of, own_address, reply};
pub use compose::{Composed, Envelope};
pub use fault::Fault;
pub use media::media_type;
pub use recipients::{Aliases, Recipients};
pub use template::Template;

pub use message::build::answer::Whom;
pub use message::build::compose::{Correspondent, Group};
use message::date::Date;

/// A letter that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// Who writes it.
    pub from: Recipients,
    /// Who sends it, where that is another, or where several write it (RFC 5322 §3.6.2).
    pub sender: Recipients,
    /// Where answers go, where that is elsewhere.
    pub reply_to: Recipients,
    /// To whom it is written.
    pub to: Recipients,
    /// Who shall know of it.
    pub cc: Recipients,
    /// Who gets it unseen by the others.
    pub bcc: Recipients,
    /// What it is about.
    pub subject: String,
    /// Ids of what it answers, without brackets.
    pub in_reply_to: Vec<String>,
    /// Ids of what came before it, without brackets.
    pub references: Vec<String>,
    /// The text, its lines ended by LF or CRLF.
    pub text: String,
    /// The same in HTML.
    pub html: Option<String>,
    /// Files, and pictures that the HTML shows.
    pub attachments: Vec<Attachment>,
    /// Whole messages that go along.
    pub forwarded: Vec<Vec<u8>>,
    /// Further fields of the header, name and text.
    pub extra: Vec<(String, String)>,
    /// When it was written; `None` for when it is composed.
    pub date: Option<Date>,
    /// Its id, without brackets; `None` for a new one.
    pub message_id: Option<String>,
    /// How it is written.
    pub form: Form,
}

/// Something that goes along with a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The name of the file, without folders.
    pub name: Option<String>,
    /// `image/png`; empty for `application/octet-stream`.
    pub media_type: String,
    /// Parameters of the type.
    pub parameters: Vec<(String, String)>,
    /// What it is, in words (`Content-Description`).
    pub description: Option<String>,
    /// What the HTML calls it, `cid:` and brackets left out.
    pub content_id: Option<String>,
    /// It is shown within the text, and is not a file beside it.
    pub is_inline: bool,
    /// What it holds.
    pub octets: Vec<u8>,
}

/// Choices of form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Long lines of the text are parted so that readers can join them (`format=flowed`, RFC 3676). For text whose
    /// paragraphs are one line each.
    pub flowed: bool,
    /// Text beyond ASCII goes as it is, `8bit`: only where the server was asked for 8BITMIME.
    pub eight_bit: bool,
    /// How the attachments stand beside the text.
    pub beside: Beside,
    /// The forwarded messages are one `multipart/digest` (RFC 2046 §5.1.5).
    pub digest: bool,
}

/// How attachments stand beside the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beside {
    /// One after the other: `multipart/mixed` (RFC 2046 §5.1.3).
    #[default]
    Mixed,
    /// All at the same time: `multipart/parallel` (RFC 2046 §5.1.6).
    Parallel,
}
