//! Parsers under any input: they never panic, and what one accepts can be written and read again to the same.

use message::{Address, Domain, date};
use wire::dialogue::Dialogue;
use wire::pop3;
use wire::smtp::{Command, CommandError, Reply};

/// An SMTP command line, without its CRLF.
///
/// # Panics
/// When a command is not what it was after being written and read again.
pub fn command(data: &[u8]) {
    if let Ok(command) = Command::parse(data) {
        let written = command.to_string();
        assert_eq!(Command::parse(written.as_bytes()).map(same_error), Ok(same_error(command)), "{written}");
    }
}

/// Of an argument that cannot be read it is not kept why.
fn same_error(command: Command) -> Command {
    let unreadable = CommandError::Argument("unreadable");
    match command {
        Command::Send(manner, Err(_)) => Command::Send(manner, Err(unreadable)),
        Command::Etrn(Err(_)) => Command::Etrn(Err(unreadable)),
        Command::Atrn(Err(_)) => Command::Atrn(Err(unreadable)),
        command => command,
    }
}

/// A POP3 command line, without its CRLF.
///
/// # Panics
/// When a command is not what it was after being written and read again.
pub fn pop3_command(data: &[u8]) {
    if let Ok(command) = pop3::Command::parse(data) {
        let written = command.to_string();
        assert_eq!(pop3::Command::parse(written.as_bytes()), Ok(command), "{written}");
    }
}

/// SMTP replies, as a client reads them.
///
/// # Panics
/// When a reply is not what it was after being written and read again.
pub fn reply(data: &[u8]) {
    if let Ok(Some((reply, length))) = Reply::parse(data) {
        assert!(length <= data.len());
        let written = reply.encode();
        let again = Reply::parse(&written).ok().flatten();
        let same = |(again, _): &(Reply, usize)| again.code == reply.code && again.enhanced == reply.enhanced;
        assert!(again.as_ref().is_some_and(same), "{reply:?} became {again:?}");
    }
}

/// An address.
///
/// # Panics
/// When an address is not what it was after being written and read again.
pub fn address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(address) = Address::parse(text) {
        let written = address.to_string();
        assert_eq!(Address::parse(&written), Ok(address), "{written}");
    }
}

/// A domain name.
///
/// # Panics
/// When a name in canonical form is brought to another.
pub fn domain(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(domain) = Domain::parse(text) {
        assert!(domain.as_str().is_ascii());
        assert_eq!(Domain::parse(domain.as_str()), Ok(domain.clone()));
        let _ = domain.to_unicode();
    }
}

/// A date of a header field.
///
/// # Panics
/// When the moment is not what it was after being written and read again.
pub fn date(data: &[u8]) {
    if let Some(found) = date::read(data) {
        let written = date::write(found.time(), 0);
        let again = date::read(written.as_bytes()).map(date::Date::time);
        let second = |time: message::Time| time.unix_seconds();
        assert_eq!(again.map(second), Some(second(found.time())), "{written}");
    }
}

/// A dialogue file.
pub fn dialogue(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Dialogue::parse("fuzz", text, &|_| Ok(Vec::new()));
    }
}
