//! Commands (RFC 5321 §4.1.1 and its extensions): reading is total and paired with `Display`. Verbs come in any
//! case, paths as generously as `path` reads them, spaces at the end are passed over. Knows no order: that is the
//! session's.

use super::ask::{ForwardPath, Greeting, Manner, Node, Recipient, ReversePath, Sender, Verb};
use super::path::{self, PathError};
use super::{Enhanced, Reply, limits, parameters};
use crate::sasl::line;
use message::Domain;
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
    /// SEND, SOML or SAML (RFC 821 §3.4; RFC 5321 Appendix F). What is wrong with the argument matters only where they
    /// are carried out.
    Send(Manner, Result<Sender, CommandError>),
    /// ETRN (RFC 1985 §5); the argument likewise.
    Etrn(Result<Node, CommandError>),
    /// ATRN (RFC 2645 §5.2.1), with the domains it names; the argument likewise.
    Atrn(Result<Vec<Domain>, CommandError>),
    /// TURN (RFC 821 §3.8).
    Turn,
}

/// The argument of VRFY and EXPN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// A name or an address, as typed.
    pub text: String,
    /// The client can read UTF-8 in the reply (RFC 6531 §3.7.4.2).
    pub smtputf8: bool,
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
            "SEND" => Ok(send(Manner::Send, argument)),
            "SOML" => Ok(send(Manner::SendOrMail, argument)),
            "SAML" => Ok(send(Manner::SendAndMail, argument)),
            "ETRN" => Ok(Command::Etrn(node(argument))),
            "ATRN" => Ok(Command::Atrn(domains(argument))),
            "TURN" => Ok(Command::Turn),
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
    sender(Manner::Mail, argument).map(Command::Mail)
}

fn send(manner: Manner, argument: &str) -> Command {
    Command::Send(manner, sender(manner, argument))
}

fn sender(manner: Manner, argument: &str) -> Result<Sender, CommandError> {
    let form = if manner == Manner::Mail { "the form is MAIL FROM:<address>" } else { "the form is FROM:<address>" };
    let rest = after_keyword(argument, "FROM").ok_or(CommandError::Syntax(form))?;
    let (path, rest) = path::split(rest).map_err(CommandError::ReversePath)?;
    let mut sender = Sender {
        reverse_path: ReversePath::Null,
        size: None,
        body: super::Body::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        auth: None,
        manner,
    };
    parameters::read_mail(rest, &mut sender)?;
    sender.reverse_path = path::reverse_path(path).map_err(CommandError::ReversePath)?;
    Ok(sender)
}

/// RFC 1985 §5, §5.3: a domain, perhaps behind `@`, or the name of a queue behind `#`.
fn node(argument: &str) -> Result<Node, CommandError> {
    let domain = |name| Domain::parse(name).map_err(|_| CommandError::Argument("ETRN takes a domain"));
    match (argument.strip_prefix('@'), argument.strip_prefix('#')) {
        (Some(name), _) => domain(name).map(Node::Below),
        (_, Some("")) => Err(CommandError::Argument("a queue has a name")),
        (_, Some(name)) => Ok(Node::Queue(name.to_owned())),
        _ => domain(argument).map(Node::Domain),
    }
}

/// RFC 2645 §5.2.1: none, or some parted by commas.
fn domains(argument: &str) -> Result<Vec<Domain>, CommandError> {
    if argument.is_empty() {
        return Ok(Vec::new());
    }
    let name = |name: &str| Domain::parse(name).map_err(|_| CommandError::Argument("ATRN takes domains and commas"));
    argument.split(',').map(name).collect()
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
            Command::Send(manner, Ok(sender)) => write!(f, "{} {sender}", manner.name()),
            Command::Send(manner, Err(_)) => f.write_str(manner.name()),
            Command::Etrn(Ok(node)) => write!(f, "ETRN {node}"),
            Command::Etrn(Err(_)) => f.write_str("ETRN"),
            Command::Atrn(Ok(domains)) if !domains.is_empty() => {
                let names: Vec<&str> = domains.iter().map(Domain::as_str).collect();
                write!(f, "ATRN {}", names.join(","))
            }
            Command::Atrn(Ok(_)) => f.write_str("ATRN"),
            // As unreadable as it was: bare, it would ask for the mail of every domain.
            Command::Atrn(Err(_)) => f.write_str("ATRN ,"),
            Command::Turn => f.write_str("TURN"),
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

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Domain(domain) => write!(f, "{domain}"),
            Node::Below(domain) => write!(f, "@{domain}"),
            Node::Queue(name) => write!(f, "#{name}"),
        }
    }
}

impl Manner {
    /// As the command is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Manner::Mail => "MAIL",
            Manner::Send => "SEND",
            Manner::SendOrMail => "SOML",
            Manner::SendAndMail => "SAML",
        }
    }
}
