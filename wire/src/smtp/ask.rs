//! What an SMTP or LMTP session asks its desk, and what it is answered.
//!
//! The order of questions in one transaction: `Sender`, `Recipient` once per RCPT, `Content`, then runs of content
//! (`Step::Content`), then `Commit`; or `Reset` at any point after `Sender` was accepted. The desk keeps the accepted
//! sender and recipients; the session keeps only what the protocol needs of them.

use super::Reply;
use crate::{TlsFacts, sasl};
use message::{Address, Domain};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The client greeted, over TLS where there are facts of it. Any transaction is gone. Answer: `Done`.
    Greeted(Greeting, Option<TlsFacts>),
    /// MAIL. Answer: `Reply`; positive opens the transaction.
    Sender(Sender),
    /// RCPT. Answer: `Reply`; positive counts the recipient in.
    Recipient(Recipient),
    /// DATA, or the first BDAT: content is about to come. Answer: `Reply`; positive (its text is not sent for BDAT)
    /// lets it come, anything else is sent and the transaction stays as it was.
    Content,
    /// All content was handed over. SMTP answer: `Reply`. LMTP answer: `Replies`, one per accepted recipient, in
    /// order. The transaction is over either way.
    Commit,
    /// The transaction was dropped (RSET, a new greeting, STARTTLS, a refused message, the connection lost): forget
    /// it, content and all. Answer: `Done`.
    Reset,
    /// VRFY. Answer: `Reply`.
    Verify(String),
    /// EXPN. Answer: `Reply`, a line per member.
    Expand(String),
    /// HELP STATUS. Answer: `Reply` 211.
    Status,
    /// A step of AUTH. Answer: `Sasl`.
    Auth(sasl::Ask),
    /// ETRN. Answer: `Reply`.
    Start(Node),
    /// ATRN, or TURN with no domain. Answer: `Reply`; when it is positive, the desk is the client's from then on.
    Turn(Vec<Domain>),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To be sent as it stands.
    Reply(Reply),
    /// To be sent in order (LMTP after the final dot, RFC 2033 §4.2).
    Replies(Vec<Reply>),
    /// What the login came to.
    Sasl(sasl::Answer),
    /// Heard.
    Done,
}

/// Which greeting was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// RFC 5321 §4.1.1.1.
    Helo,
    /// RFC 5321 §4.1.1.1.
    Ehlo,
    /// RFC 2033 §4.1.
    Lhlo,
}

/// HELO, EHLO or LHLO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Which.
    pub verb: Verb,
    /// The name the client gave, as typed; no CR, LF, NUL or space in it.
    pub name: String,
}

/// Whose mail ETRN asks for (RFC 1985 §5, §5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// That for this domain.
    Domain(Domain),
    /// `@`: that for this domain and those below it.
    Below(Domain),
    /// `#`: what waits in a queue of this name.
    Queue(String),
}

/// The command that began a transaction (RFC 821 §3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// MAIL: into the mailbox.
    #[default]
    Mail,
    /// SEND: on the screens where the recipient is logged in.
    Send,
    /// SOML: on the screens, else into the mailbox.
    SendOrMail,
    /// SAML: into the mailbox, and on the screens there are.
    SendAndMail,
}

/// The argument of MAIL FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReversePath {
    /// `<>`: reports, never to be answered.
    Null,
    /// An address.
    Address(Address),
    /// A local part without a domain (dialogue 3); the desk decides whether this client may.
    Bare(String),
}

/// The argument of RCPT TO. Source routes (`@a,@b:c@d`) are taken off by the parser (RFC 5321 §3.3, App. C).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardPath {
    /// An address.
    Address(Address),
    /// A local part without a domain: `postmaster` from anyone, others where the desk allows it.
    Bare(String),
}

/// BODY= of RFC 6152 and RFC 3030.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// Lines of ASCII. Also the default; what comes is taken as it is.
    #[default]
    SevenBit,
    /// Lines of octets.
    EightBitMime,
    /// Any octets; only with BDAT.
    BinaryMime,
}

/// RET= of RFC 3461 §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// The whole message.
    Full,
    /// Only its header.
    Headers,
}

/// NOTIFY= of RFC 3461 §4.1. All `false`: NEVER.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// SUCCESS.
    pub success: bool,
    /// FAILURE.
    pub failure: bool,
    /// DELAY.
    pub delay: bool,
}

/// MAIL with its parameters, checked; or SEND, SOML or SAML with the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Who it is from, on the envelope.
    pub reverse_path: ReversePath,
    /// SIZE= (RFC 1870), octets.
    pub size: Option<u64>,
    /// BODY=.
    pub body: Body,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// RET=.
    pub ret: Option<Return>,
    /// ENVID= (RFC 3461 §4.4), decoded from xtext.
    pub envid: Option<String>,
    /// AUTH= (RFC 4954 §5), decoded from xtext; `<>` is the empty text.
    pub auth: Option<String>,
    /// Which command it was.
    pub manner: Manner,
}

/// RCPT with its parameters, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who it is for.
    pub forward_path: ForwardPath,
    /// NOTIFY=.
    pub notify: Option<Notify>,
    /// ORCPT= (RFC 3461 §4.2): `addr-type;address`, decoded from xtext.
    pub orcpt: Option<String>,
}
