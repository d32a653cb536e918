//! Plain targets for fuzzers: each takes any octets and must neither panic nor hang, and holds its subject to the laws
//! it promises (what is written can be read again, cuts in the input change nothing). Owns no fuzzer: `tests/` runs
//! every target over its corpus and seeded mutations of it; a coverage-guided fuzzer calls the same functions.

pub mod clients;
mod drive;
pub mod encodings;
pub mod imap;
pub mod imap_session;
pub mod letters;
pub mod logins;
pub mod mailfiles;
pub mod mailx;
pub mod messages;
pub mod mirrors;
pub mod mutate;
pub mod parsers;
pub mod rendering;
pub mod seals;
pub mod search;
pub mod servers;
pub mod sessions;

/// A target and the folder of its corpus below `corpus/`.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("smtp", sessions::smtp),
    ("submission", sessions::submission),
    ("lmtp", sessions::lmtp),
    ("pop3", sessions::pop3),
    ("client", clients::smtp),
    ("sasl", logins::sasl),
    ("sasl-line", logins::line),
    ("command", parsers::command),
    ("pop3-command", parsers::pop3_command),
    ("reply", parsers::reply),
    ("address", parsers::address),
    ("domain", parsers::domain),
    ("date", parsers::date),
    ("dialogue", parsers::dialogue),
    ("scanner", messages::scanner),
    ("summary", messages::summary),
    ("fields", messages::fields),
    ("words", messages::words),
    ("address-list", messages::address_list),
    ("content-type", messages::content_type),
    ("body-text", messages::body_text),
    ("base64", encodings::base64),
    ("quoted-printable", encodings::quoted_printable),
    ("dots", encodings::dots),
    ("recode", encodings::recode),
    ("seven-bit", encodings::seven_bit),
    ("build", encodings::build),
    ("imap", imap_session::session),
    ("search", search::search),
    ("subject", search::subject),
    ("imap-command", imap::command),
    ("imap-reader", imap::reader),
    ("imap-upload", imap::upload),
    ("imap-sequence", imap::sequence_set),
    ("imap-utf7", imap::modified_utf7),
    ("imap-response", imap::response),
    ("imap-envelope", imap::envelope),
    ("imap-client", imap::client),
    ("html", rendering::html),
    ("css", rendering::css),
    ("plain-text", rendering::text),
    ("reading", letters::reading),
    ("draft", letters::draft),
    ("typed", letters::typed),
    ("html-text", letters::html_text),
    ("mbox", mailfiles::mbox),
    ("maildir", mailfiles::maildir),
    ("mailx", mailx::session),
    ("mailrc", mailx::mailrc),
    ("mailx-options", mailx::options),
    ("query", mirrors::query),
    ("seal", seals::letter),
    ("certificates", seals::certificates),
    ("pop3-client", servers::pop3),
    ("autoconfig", servers::autoconfig),
    ("jmap", servers::jmap),
];
