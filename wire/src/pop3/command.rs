//! The commands of POP3, read and written (RFC 1939 §3, §7; RFC 2449; RFC 2595; RFC 5034; RFC 6856).

use crate::sasl::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Command {
    User(String),
    Pass(Secret),
    Apop {
        name: String,
        digest: [u8; 16],
    },
    /// A mechanism and an initial response; neither: which are there? (old clients ask so)
    Auth(Option<(String, Option<Vec<u8>>)>),
    Stls,
    Capa,
    Utf8,
    /// A language tag; none: which are there?
    Lang(Option<String>),
    Quit,
    Stat,
    /// A message, or all.
    List(Option<u64>),
    Uidl(Option<u64>),
    Retr(u64),
    Dele(u64),
    Noop,
    Rset,
    Top {
        message: u64,
        lines: u64,
    },
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No command begins so.
    #[error("unknown command; CAPA lists what is known")]
    Unknown,
    /// Not UTF-8, or it holds NUL or other control characters.
    #[error("that is no text")]
    Text,
    /// Something is missing, or too much.
    #[error("wrong number of arguments")]
    Arguments,
    /// A number is none.
    #[error("that is no message number")]
    Number,
    /// RFC 1939 §7: 32 digits.
    #[error("the digest has 32 hexadecimal digits")]
    Digest,
    /// RFC 5034 §4.
    #[error("the initial response is not base64")]
    Base64,
}

impl Command {
    /// Reads a line without its CRLF.
    pub fn parse(line: &[u8]) -> Result<Command, CommandError> {
        let (verb, argument) = match line.iter().position(|octet| *octet == b' ') {
            Some(space) => (line.get(..space).unwrap_or_default(), line.get(space + 1..)),
            None => (line, None),
        };
        let verb = verb.to_ascii_uppercase();
        if verb == b"PASS" {
            // RFC 1939 §7: spaces belong to the password.
            let password = argument.filter(|password| !password.is_empty()).ok_or(CommandError::Arguments)?;
            return Ok(Command::Pass(Secret(password.to_vec())));
        }
        let argument = std::str::from_utf8(argument.unwrap_or_default()).map_err(|_| CommandError::Text)?;
        if argument.chars().any(char::is_control) {
            return Err(CommandError::Text);
        }
        let words: Vec<&str> = argument.split(' ').filter(|word| !word.is_empty()).collect();
        before_login(&verb, argument, &words)
            .or_else(|| on_messages(&verb, &words))
            .unwrap_or(Err(CommandError::Unknown))
    }
}

type Parsed = Option<Result<Command, CommandError>>;

fn before_login(verb: &[u8], argument: &str, words: &[&str]) -> Parsed {
    Some(match verb {
        b"USER" => match argument.trim() {
            "" => Err(CommandError::Arguments),
            name => Ok(Command::User(name.to_owned())),
        },
        b"APOP" => match words {
            [name, digest] => hexadecimal(digest).map(|digest| Command::Apop { name: (*name).to_owned(), digest }),
            _ => Err(CommandError::Arguments),
        },
        b"AUTH" => auth(words),
        b"STLS" => alone(Command::Stls, words),
        b"CAPA" => alone(Command::Capa, words),
        b"UTF8" => alone(Command::Utf8, words),
        b"QUIT" => alone(Command::Quit, words),
        b"LANG" => match words {
            [] => Ok(Command::Lang(None)),
            [tag] => Ok(Command::Lang(Some((*tag).to_owned()))),
            _ => Err(CommandError::Arguments),
        },
        _ => return None,
    })
}

fn on_messages(verb: &[u8], words: &[&str]) -> Parsed {
    Some(match verb {
        b"STAT" => alone(Command::Stat, words),
        b"NOOP" => alone(Command::Noop, words),
        b"RSET" => alone(Command::Rset, words),
        b"LIST" => optional(words).map(Command::List),
        b"UIDL" => optional(words).map(Command::Uidl),
        b"RETR" => one(words).map(Command::Retr),
        b"DELE" => one(words).map(Command::Dele),
        b"TOP" => match words {
            [message, lines] => number(message).and_then(|message| Ok(Command::Top { message, lines: number(lines)? })),
            _ => Err(CommandError::Arguments),
        },
        _ => return None,
    })
}

fn alone(command: Command, words: &[&str]) -> Result<Command, CommandError> {
    if words.is_empty() { Ok(command) } else { Err(CommandError::Arguments) }
}

fn optional(words: &[&str]) -> Result<Option<u64>, CommandError> {
    if words.is_empty() { Ok(None) } else { one(words).map(Some) }
}

fn one(words: &[&str]) -> Result<u64, CommandError> {
    match words {
        [word] => number(word),
        _ => Err(CommandError::Arguments),
    }
}

fn number(word: &str) -> Result<u64, CommandError> {
    let digits = word.bytes().all(|octet| octet.is_ascii_digit());
    if digits { word.parse().map_err(|_| CommandError::Number) } else { Err(CommandError::Number) }
}

/// RFC 5034 §4: a mechanism, and an initial response in base64 (`=`: an empty one).
fn auth(words: &[&str]) -> Result<Command, CommandError> {
    let initial = |text: &str| match text {
        "=" => Ok(Vec::new()),
        text => STANDARD.decode(text).map_err(|_| CommandError::Base64),
    };
    match words {
        [] => Ok(Command::Auth(None)),
        [mechanism] => Ok(Command::Auth(Some(((*mechanism).to_owned(), None)))),
        [mechanism, text] => Ok(Command::Auth(Some(((*mechanism).to_owned(), Some(initial(text)?))))),
        _ => Err(CommandError::Arguments),
    }
}

fn hexadecimal(text: &str) -> Result<[u8; 16], CommandError> {
    if text.len() != 32 || !text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return Err(CommandError::Digest);
    }
    u128::from_str_radix(text, 16).map(u128::to_be_bytes).map_err(|_| CommandError::Digest)
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbered = |f: &mut fmt::Formatter<'_>, verb: &str, number: &Option<u64>| match number {
            Some(number) => write!(f, "{verb} {number}"),
            None => f.write_str(verb),
        };
        match self {
            Command::User(name) => write!(f, "USER {name}"),
            Command::Pass(password) => write!(f, "PASS {}", String::from_utf8_lossy(&password.0)),
            Command::Apop { name, digest } => write!(f, "APOP {name} {:032x}", u128::from_be_bytes(*digest)),
            Command::Auth(None) => f.write_str("AUTH"),
            Command::Auth(Some((mechanism, None))) => write!(f, "AUTH {mechanism}"),
            Command::Auth(Some((mechanism, Some(initial)))) if initial.is_empty() => write!(f, "AUTH {mechanism} ="),
            Command::Auth(Some((mechanism, Some(initial)))) => {
                write!(f, "AUTH {mechanism} {}", STANDARD.encode(initial))
            }
            Command::Stls => f.write_str("STLS"),
            Command::Capa => f.write_str("CAPA"),
            Command::Utf8 => f.write_str("UTF8"),
            Command::Lang(None) => f.write_str("LANG"),
            Command::Lang(Some(tag)) => write!(f, "LANG {tag}"),
            Command::Quit => f.write_str("QUIT"),
            Command::Stat => f.write_str("STAT"),
            Command::List(number) => numbered(f, "LIST", number),
            Command::Uidl(number) => numbered(f, "UIDL", number),
            Command::Retr(number) => write!(f, "RETR {number}"),
            Command::Dele(number) => write!(f, "DELE {number}"),
            Command::Noop => f.write_str("NOOP"),
            Command::Rset => f.write_str("RSET"),
            Command::Top { message, lines } => write!(f, "TOP {message} {lines}"),
        }
    }
}
