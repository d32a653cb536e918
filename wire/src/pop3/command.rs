//! Commands (RFC 1939, 2449, 2595, 5034, 6856): reading is total and paired with `Display`. Keywords come in any case,
//! spaces at the end are passed over except in a password. Knows no order: that is the session's.

use super::reply::Reply;
use crate::sasl::{NAME_MAX, Secret, line};
use std::fmt;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// USER: the mailbox name.
    User(String),
    /// PASS: the rest of the line, its spaces included (RFC 1939 §7).
    Pass(Secret),
    /// APOP.
    Apop {
        /// The mailbox name.
        name: String,
        /// MD5 of greeting timestamp and shared secret.
        digest: [u8; 16],
    },
    /// AUTH alone: which mechanisms are there? Older than CAPA, and still asked.
    AuthList,
    /// AUTH (RFC 5034 §4).
    Auth {
        /// As typed.
        mechanism: String,
        /// Decoded; `=` is the empty response.
        initial: Option<Vec<u8>>,
    },
    /// CAPA (RFC 2449 §5).
    Capa,
    /// STLS (RFC 2595 §4).
    Stls,
    /// UTF8 (RFC 6856 §2.1).
    Utf8,
    /// LANG, perhaps with a language range (RFC 6856 §3.2).
    Lang(Option<String>),
    /// STAT.
    Stat,
    /// LIST, perhaps of one message.
    List(Option<u32>),
    /// RETR.
    Retr(u32),
    /// DELE.
    Dele(u32),
    /// NOOP.
    Noop,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
    /// TOP.
    Top {
        /// The message.
        message: u32,
        /// Lines of its body.
        lines: u64,
    },
    /// UIDL, perhaps of one message.
    Uidl(Option<u32>),
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// Not text, or with a control character in it.
    Unreadable,
    /// No such command.
    Unknown,
    /// The keyword is known; what follows it should be this.
    Argument(&'static str),
}

impl CommandError {
    pub(super) fn reply(self) -> Reply {
        match self {
            CommandError::Unreadable => Reply::err("a command is printable text"),
            CommandError::Unknown => Reply::err("unknown command"),
            CommandError::Argument(text) => Reply::err(text),
        }
    }
}

type Parsed = Result<Command, CommandError>;

const A_NUMBER: CommandError = CommandError::Argument("the command takes a message number");
const A_NAME: CommandError = CommandError::Argument("the command takes a name of at most 255 octets");
const A_DIGEST: CommandError = CommandError::Argument("the form is APOP name digest");
const TWO_NUMBERS: CommandError = CommandError::Argument("the form is TOP message lines");

impl Command {
    /// Reads a line without its CR LF.
    pub fn parse(line: &[u8]) -> Parsed {
        let text = std::str::from_utf8(line).map_err(|_| CommandError::Unreadable)?;
        if let Some((keyword, password)) = text.split_once(' ')
            && keyword.eq_ignore_ascii_case("PASS")
        {
            return pass(password);
        }
        if text.chars().any(char::is_control) {
            return Err(CommandError::Unreadable);
        }
        let text = text.trim_end_matches(' ');
        let (keyword, argument) = text.split_once(' ').unwrap_or((text, ""));
        Command::with_argument(&keyword.to_ascii_uppercase(), argument.trim_start_matches(' '))
    }

    fn with_argument(keyword: &str, argument: &str) -> Parsed {
        match keyword {
            "USER" => name(argument).map(Command::User),
            "PASS" => pass(argument),
            "APOP" => apop(argument),
            "AUTH" => auth(argument),
            "CAPA" => alone(Command::Capa, argument),
            "STLS" => alone(Command::Stls, argument),
            "UTF8" => alone(Command::Utf8, argument),
            "LANG" => lang(argument),
            "STAT" => alone(Command::Stat, argument),
            "LIST" => perhaps_number(argument).map(Command::List),
            "RETR" => message(argument).map(Command::Retr),
            "DELE" => message(argument).map(Command::Dele),
            "NOOP" => alone(Command::Noop, argument),
            "RSET" => alone(Command::Rset, argument),
            "QUIT" => alone(Command::Quit, argument),
            "TOP" => top(argument),
            "UIDL" => perhaps_number(argument).map(Command::Uidl),
            _ => Err(CommandError::Unknown),
        }
    }
}

fn alone(command: Command, argument: &str) -> Parsed {
    if argument.is_empty() { Ok(command) } else { Err(CommandError::Argument("the command takes no argument")) }
}

fn name(argument: &str) -> Result<String, CommandError> {
    let sound = !argument.is_empty() && argument.len() <= NAME_MAX;
    sound.then(|| argument.to_owned()).ok_or(A_NAME)
}

/// Any text without NUL, spaces and all.
fn pass(password: &str) -> Parsed {
    if password.is_empty() || password.contains('\0') {
        return Err(CommandError::Argument("the command takes a password"));
    }
    Ok(Command::Pass(Secret(password.as_bytes().to_vec())))
}

/// RFC 1939 §7. A name may have spaces in it; a digest is the last word.
fn apop(argument: &str) -> Parsed {
    let (user, digest) = argument.rsplit_once(' ').ok_or(A_DIGEST)?;
    let digest = hexadecimal(digest).ok_or(A_DIGEST)?;
    Ok(Command::Apop { name: name(user.trim_end_matches(' '))?, digest })
}

fn hexadecimal(text: &str) -> Option<[u8; 16]> {
    let digits = text.chars().map(|c| c.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    let octets = digits.chunks_exact(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    let octets = octets.collect::<Option<Vec<u8>>>()?;
    if digits.len() == 32 { octets.try_into().ok() } else { None }
}

fn auth(argument: &str) -> Parsed {
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    let (mechanism, initial) = match (words.next(), words.next(), words.next()) {
        (None, ..) => return Ok(Command::AuthList),
        (Some(mechanism), initial, None) => (mechanism.to_owned(), initial),
        _ => return Err(CommandError::Argument("the form is AUTH mechanism, then perhaps a response")),
    };
    let initial = initial.map(|word| line::decode_initial(word.as_bytes())).transpose();
    let initial = initial.map_err(|line::NotBase64| CommandError::Argument("that is not base64"))?;
    Ok(Command::Auth { mechanism, initial })
}

fn lang(argument: &str) -> Parsed {
    if argument.contains(' ') {
        return Err(CommandError::Argument("the command takes one language"));
    }
    Ok(Command::Lang((!argument.is_empty()).then(|| argument.to_owned())))
}

/// Digits and nothing else. A number too large to hold is as good as the largest: no maildrop and no message has as
/// many.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn message(argument: &str) -> Result<u32, CommandError> {
    number(argument).map(|number| u32::try_from(number).unwrap_or(u32::MAX)).ok_or(A_NUMBER)
}

fn perhaps_number(argument: &str) -> Result<Option<u32>, CommandError> {
    if argument.is_empty() { Ok(None) } else { message(argument).map(Some) }
}

fn top(argument: &str) -> Parsed {
    let (first, second) = argument.split_once(' ').ok_or(TWO_NUMBERS)?;
    let lines = number(second.trim_start_matches(' ')).ok_or(TWO_NUMBERS)?;
    Ok(Command::Top { message: message(first).map_err(|_| TWO_NUMBERS)?, lines })
}

impl fmt::Display for Command {
    /// The line, without CR LF; a password stands in it in the clear.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::User(name) => write!(f, "USER {name}"),
            Command::Pass(password) => write!(f, "PASS {}", String::from_utf8_lossy(&password.0)),
            Command::Apop { name, digest } => {
                write!(f, "APOP {name} ")?;
                digest.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
            Command::AuthList => f.write_str("AUTH"),
            Command::Auth { mechanism, initial: None } => write!(f, "AUTH {mechanism}"),
            Command::Auth { mechanism, initial: Some(response) } => {
                write!(f, "AUTH {mechanism} {}", line::encode_initial(response))
            }
            Command::Capa => f.write_str("CAPA"),
            Command::Stls => f.write_str("STLS"),
            Command::Utf8 => f.write_str("UTF8"),
            Command::Lang(None) => f.write_str("LANG"),
            Command::Lang(Some(range)) => write!(f, "LANG {range}"),
            Command::Stat => f.write_str("STAT"),
            Command::List(None) => f.write_str("LIST"),
            Command::List(Some(number)) => write!(f, "LIST {number}"),
            Command::Retr(number) => write!(f, "RETR {number}"),
            Command::Dele(number) => write!(f, "DELE {number}"),
            Command::Noop => f.write_str("NOOP"),
            Command::Rset => f.write_str("RSET"),
            Command::Quit => f.write_str("QUIT"),
            Command::Top { message, lines } => write!(f, "TOP {message} {lines}"),
            Command::Uidl(None) => f.write_str("UIDL"),
            Command::Uidl(Some(number)) => write!(f, "UIDL {number}"),
        }
    }
}
