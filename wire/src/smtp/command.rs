//! Commands (RFC 5321 §4.1.1 and its extensions): reading is total and paired with `Display`. Verbs come in any
//! case, paths as generously as `path` reads them, spaces at the end are passed over. Knows no order: that is the
//! session's.

use super::ask::{ForwardPath, Greeting, Recipient, ReversePath, Sender, Verb};
use super::path::{self, PathError};
use super::{Enhanced, Reply, limits, parameters};
use crate::sasl::line;
use std::fmt;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// HELO, EHLO, LHLO.
    Greet(Greeting),
    /// MAIL FROM.
    Mail(Sender),
    /// RCPT TO.
    Rcpt(Recipient),
    /// DATA.
    Data,
    /// BDAT (RFC 3030 §2).
    Bdat {
        /// Octets that follow the command.
        size: u64,
        /// They are the last of the message.
        last: bool,
    },
    /// RSET.
    Rset,
    /// NOOP; its argument is ignored (RFC 5321 §4.1.1.9).
    Noop,
    /// HELP, perhaps on a topic.
    Help(Option<String>),
    /// VRFY.
    Vrfy(Lookup),
    /// EXPN.
    Expn(Lookup),
    /// QUIT.
    Quit,
    /// STARTTLS (RFC 3207).
    StartTls,
    /// AUTH (RFC 4954 §4).
    Auth {
        /// As typed.
        mechanism: String,
        /// Decoded; `=` is the empty response.
        initial: Option<Vec<u8>>,
    },
    /// SEND, SOML, SAML or TURN (RFC 821; RFC 5321 Appendix F): known and not implemented.
    Retired(Retired),
}

/// The argument of VRFY and EXPN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// A name or an address, as typed.
    pub text: String,
    /// The client can read UTF-8 in the reply (RFC 6531 §3.7.4.2).
    pub smtputf8: bool,
}

/// A verb of RFC 821 that RFC 5321 gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// Send to a terminal.
    Send,
    /// Send or mail.
    Soml,
    /// Send and mail.
    Saml,
    /// Turn the connection round.
    Turn,
}

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// Not text, or with a control character in it.
    Unreadable,
    /// No such verb.
    Unknown,
    /// The verb is known, what follows it is not understood.
    Syntax(&'static str),
    /// The argument, or one of them, is wrong.
    Argument(&'static str),
    /// A parameter, or a value of one, that is not implemented.
    Unimplemented(&'static str),
    /// The address of MAIL.
    ReversePath(PathError),
    /// The address of RCPT.
    ForwardPath(PathError),
    /// BDAT with a size that is a number but so large, or an end-marker so wrong, that the chunk cannot be taken:
    /// how many octets follow it, where that is known.
    Chunk {
        /// To be passed over.
        size: Option<u64>,
    },
    /// What AUTH brought is not base64.
    Base64,
}

impl CommandError {
    /// How it is told.
    pub fn reply(&self) -> Reply {
        let malformed = Enhanced(5, 5, 2);
        let argument = Enhanced(5, 5, 4);
        match self {
            CommandError::Unreadable => Reply::new(500, malformed, "a command is printable text"),
            CommandError::Unknown => Reply::new(500, Enhanced(5, 5, 1), "unknown command; try HELP"),
            CommandError::Syntax(text) => Reply::new(501, malformed, *text),
            CommandError::Argument(text) => Reply::new(501, argument, *text),
            CommandError::Unimplemented(what) => Reply::new(504, argument, format!("{what} not implemented")),
            CommandError::ReversePath(error) => Reply::new(501, Enhanced(5, 1, 7), error.to_string()),
            CommandError::ForwardPath(error) => Reply::new(501, Enhanced(5, 1, 3), error.to_string()),
            CommandError::Chunk { .. } => Reply::new(501, argument, "BDAT takes a number of octets, then perhaps LAST"),
            CommandError::Base64 => Reply::new(501, malformed, "that is not base64"),
        }
    }
}

type Parsed = Result<Command, CommandError>;

impl Command {
    /// Reads a line without its CR LF.
    pub fn parse(line: &[u8]) -> Parsed {
        let text = std::str::from_utf8(line).map_err(|_| CommandError::Unreadable)?;
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(CommandError::Unreadable);
        }
        let text = text.trim_end_matches([' ', '\t']);
        let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
        Command::with_argument(&verb.to_ascii_uppercase(), argument.trim_start_matches(' '))
    }

    fn with_argument(verb: &str, argument: &str) -> Parsed {
        match verb {
            "HELO" => greeting(Verb::Helo, argument),
            "EHLO" => greeting(Verb::Ehlo, argument),
            "LHLO" => greeting(Verb::Lhlo, argument),
            "MAIL" => mail(argument),
            "RCPT" => rcpt(argument),
            "DATA" => alone(Command::Data, argument),
            "BDAT" => bdat(argument),
            "RSET" => alone(Command::Rset, argument),
            "NOOP" => Ok(Command::Noop),
            "HELP" => Ok(Command::Help((!argument.is_empty()).then(|| argument.to_owned()))),
            "VRFY" => lookup(argument).map(Command::Vrfy),
            "EXPN" => lookup(argument).map(Command::Expn),
            "QUIT" => alone(Command::Quit, argument),
            "STARTTLS" => alone(Command::StartTls, argument),
            "AUTH" => auth(argument),
            "SEND" => Ok(Command::Retired(Retired::Send)),
            "SOML" => Ok(Command::Retired(Retired::Soml)),
            "SAML" => Ok(Command::Retired(Retired::Saml)),
            "TURN" => Ok(Command::Retired(Retired::Turn)),
            _ => Err(CommandError::Unknown),
        }
    }
}

/// The first line of an HTTP request.
pub(crate) fn is_http(line: &[u8]) -> bool {
    let methods: [&[u8]; 5] = [b"GET ", b"POST ", b"PUT ", b"CONNECT ", b"OPTIONS "];
    methods.iter().any(|method| line.starts_with(method))
}

fn alone(command: Command, argument: &str) -> Parsed {
    if argument.is_empty() { Ok(command) } else { Err(CommandError::Argument("the command takes no argument")) }
}

/// Any name will do (RFC 5321 §4.1.4 forbids refusing one for what it says); what follows a space is passed over.
fn greeting(verb: Verb, argument: &str) -> Parsed {
    let name = argument.split([' ', '\t']).next().unwrap_or_default();
    if name.is_empty() {
        return Err(CommandError::Argument("the command takes your host's name"));
    }
    if name.len() > limits::CLIENT_NAME {
        return Err(CommandError::Argument("the name is longer than 255 octets"));
    }
    Ok(Command::Greet(Greeting { verb, name: name.to_owned() }))
}

/// What follows `FROM:` or `TO:`, with spaces allowed on both sides of the colon.
fn after_keyword<'a>(argument: &'a str, keyword: &str) -> Option<&'a str> {
    let (word, rest) = argument.split_once(':')?;
    word.trim_end_matches(' ').eq_ignore_ascii_case(keyword).then_some(rest)
}

fn mail(argument: &str) -> Parsed {
    let rest = after_keyword(argument, "FROM").ok_or(CommandError::Syntax("the form is MAIL FROM:<address>"))?;
    let (path, rest) = path::split(rest).map_err(CommandError::ReversePath)?;
    let mut sender = Sender {
        reverse_path: ReversePath::Null,
        size: None,
        body: super::Body::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        auth: None,
    };
    parameters::read_mail(rest, &mut sender)?;
    sender.reverse_path = path::reverse_path(path).map_err(CommandError::ReversePath)?;
    Ok(Command::Mail(sender))
}

fn rcpt(argument: &str) -> Parsed {
    let rest = after_keyword(argument, "TO").ok_or(CommandError::Syntax("the form is RCPT TO:<address>"))?;
    let (path, rest) = path::split(rest).map_err(CommandError::ForwardPath)?;
    let forward_path: ForwardPath = path::forward_path(path).map_err(CommandError::ForwardPath)?;
    let mut recipient = Recipient { forward_path, notify: None, orcpt: None };
    parameters::read_rcpt(rest, &mut recipient)?;
    Ok(Command::Rcpt(recipient))
}

/// RFC 3030 §2. Where the size is readable and the rest is not, the error says what to pass over.
fn bdat(argument: &str) -> Parsed {
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    let Some(digits) = words.next() else { return Err(CommandError::Argument("BDAT takes a number of octets")) };
    if !digits.bytes().all(|c| c.is_ascii_digit()) {
        return Err(CommandError::Chunk { size: None });
    }
    let size: u64 = digits.parse().map_err(|_| CommandError::Chunk { size: None })?;
    match (words.next(), words.next()) {
        (None, _) => Ok(Command::Bdat { size, last: false }),
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => Ok(Command::Bdat { size, last: true }),
        _ => Err(CommandError::Chunk { size: Some(size) }),
    }
}

fn lookup(argument: &str) -> Result<Lookup, CommandError> {
    let (text, smtputf8) = match argument.rsplit_once(' ') {
        Some((text, word)) if word.eq_ignore_ascii_case("SMTPUTF8") => (text.trim_end_matches(' '), true),
        _ => (argument, false),
    };
    if text.is_empty() {
        return Err(CommandError::Argument("the command takes a name or an address"));
    }
    Ok(Lookup { text: text.to_owned(), smtputf8 })
}

fn auth(argument: &str) -> Parsed {
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    let (mechanism, initial) = match (words.next(), words.next(), words.next()) {
        (Some(mechanism), initial, None) => (mechanism.to_owned(), initial),
        _ => return Err(CommandError::Argument("the form is AUTH mechanism, then perhaps a response")),
    };
    // RFC 4954 §4: base64, or `=` for an empty one.
    let initial = initial.map(|word| line::decode_initial(word.as_bytes())).transpose();
    let initial = initial.map_err(|line::NotBase64| CommandError::Base64)?;
    Ok(Command::Auth { mechanism, initial })
}

impl fmt::Display for Command {
    /// The line, without CR LF.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Greet(greeting) => write!(f, "{} {}", greeting.verb.name(), greeting.name),
            Command::Mail(sender) => write!(f, "MAIL {sender}"),
            Command::Rcpt(recipient) => write!(f, "RCPT {recipient}"),
            Command::Bdat { size, last } => write!(f, "BDAT {size}{}", if *last { " LAST" } else { "" }),
            Command::Help(Some(topic)) => write!(f, "HELP {topic}"),
            Command::Vrfy(lookup) => write!(f, "VRFY {lookup}"),
            Command::Expn(lookup) => write!(f, "EXPN {lookup}"),
            Command::Auth { mechanism, initial: None } => write!(f, "AUTH {mechanism}"),
            Command::Auth { mechanism, initial: Some(response) } => {
                write!(f, "AUTH {mechanism} {}", line::encode_initial(response))
            }
            Command::Data => f.write_str("DATA"),
            Command::Rset => f.write_str("RSET"),
            Command::Noop => f.write_str("NOOP"),
            Command::Help(None) => f.write_str("HELP"),
            Command::Quit => f.write_str("QUIT"),
            Command::StartTls => f.write_str("STARTTLS"),
            Command::Retired(retired) => f.write_str(retired.name()),
        }
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.text, if self.smtputf8 { " SMTPUTF8" } else { "" })
    }
}

impl Verb {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verb::Helo => "HELO",
            Verb::Ehlo => "EHLO",
            Verb::Lhlo => "LHLO",
        }
    }
}

impl Retired {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Retired::Send => "SEND",
            Retired::Soml => "SOML",
            Retired::Saml => "SAML",
            Retired::Turn => "TURN",
        }
    }
}
