//! Secrets come from a terminal, typed twice and not shown, or from stdin as one line. Never from the command line:
//! every process of the machine can read that.

use crate::screen::Screen;
use crate::trouble::Trouble;
use message::Address;
use nix::sys::termios::{self, LocalFlags, SetArg, SpecialCharacterIndices, Termios};
use office::admin::FailureKind;
use std::io::{self, BufRead, Read, Stdin, Write};

/// Octets of a secret: more than any person types, and little enough to hash. The same as SASL allows (RFC 4616 §2).
pub const SECRET_OCTETS_MAX: usize = 255;

const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const KILL_LINE: u8 = 0x15;
const BACKSPACE: [u8; 2] = [0x08, 0x7f];

/// The password for an account.
pub fn obtain(address: &Address, stdin: bool, screen: &Screen) -> Result<String, Trouble> {
    if stdin {
        return from_stdin("the password");
    }
    if !screen.has_person() {
        let message = "there is no terminal to ask for the password at: give it on stdin with --password-stdin";
        return Err(Trouble::new(FailureKind::Usage, message));
    }
    let first = typed(&format!("New password for {address}: "))?;
    let second = typed("Once more: ")?;
    if first != second {
        return Err(Trouble::new(FailureKind::Data, "the two passwords differ: nothing was changed"));
    }
    Ok(first)
}

/// The password that somebody has elsewhere: typed once, or from stdin.
pub fn existing(whose: &str, stdin: bool, screen: &Screen) -> Result<String, Trouble> {
    if stdin {
        return from_stdin("the password");
    }
    if !screen.has_person() {
        let message = "there is no terminal to ask for the password at: give it on stdin with --password-stdin";
        return Err(Trouble::new(FailureKind::Usage, message));
    }
    typed(&format!("Password of {}: ", crate::units::harmless(whose)))
}

/// One line of stdin, its end cut off.
pub fn from_stdin(what: &str) -> Result<String, Trouble> {
    first_line(&mut io::stdin().lock(), what)
}

fn first_line(input: &mut dyn BufRead, what: &str) -> Result<String, Trouble> {
    let mut line = Vec::new();
    // One octet past the limit and a line end are enough to tell that it is too long.
    let mut bounded = input.take(SECRET_OCTETS_MAX as u64 + 3);
    let read = bounded.read_until(b'\n', &mut line);
    read.map_err(|error| Trouble::new(FailureKind::Io, format!("stdin: {error}")))?;
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    checked(line, what)
}

fn checked(octets: Vec<u8>, what: &str) -> Result<String, Trouble> {
    let refuse = |why: &str| Err(Trouble::new(FailureKind::Data, format!("{what} {why}")));
    match String::from_utf8(octets) {
        Err(_) => refuse("is not UTF-8"),
        Ok(text) if text.is_empty() => refuse("is empty"),
        Ok(text) if text.len() > SECRET_OCTETS_MAX => refuse(&format!("has more than {SECRET_OCTETS_MAX} octets")),
        Ok(text) if text.contains(char::is_control) => refuse("holds a control character"),
        Ok(text) => Ok(text),
    }
}

/// Asks at the terminal, showing nothing of what is typed.
fn typed(question: &str) -> Result<String, Trouble> {
    let failed = |error: io::Error| Trouble::new(FailureKind::Io, format!("the terminal: {error}"));
    let mut stderr = io::stderr();
    write!(stderr, "{question}").and_then(|()| stderr.flush()).map_err(failed)?;
    let line = Silent::begin(io::stdin()).and_then(|silent| secret_line(&mut silent.stdin.lock()));
    writeln!(stderr).map_err(failed)?;
    match line.map_err(failed)? {
        Some(octets) => checked(octets, "the password"),
        None => Err(Trouble::Declined("nothing was changed".to_owned())),
    }
}

/// A terminal that shows nothing and hands over each octet at once, until this is dropped.
struct Silent {
    stdin: Stdin,
    before: Termios,
}

impl Silent {
    fn begin(stdin: Stdin) -> io::Result<Silent> {
        let before = termios::tcgetattr(&stdin)?;
        let mut silent = before.clone();
        // Without ISIG, Ctrl-C comes as an octet: nobody is left with a terminal that shows nothing.
        silent.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        for (index, value) in [(SpecialCharacterIndices::VMIN, 1), (SpecialCharacterIndices::VTIME, 0)] {
            if let Some(place) = silent.control_chars.get_mut(index as usize) {
                *place = value;
            }
        }
        termios::tcsetattr(&stdin, SetArg::TCSAFLUSH, &silent)?;
        Ok(Silent { stdin, before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = termios::tcsetattr(&self.stdin, SetArg::TCSAFLUSH, &self.before);
    }
}

/// What is typed up to Enter, with what a terminal usually does done here; `None` after Ctrl-C.
fn secret_line(keys: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let mut key = [0];
        if keys.read(&mut key)? == 0 {
            return Ok(Some(line).filter(|line| !line.is_empty()));
        }
        match key[0] {
            b'\n' | b'\r' => return Ok(Some(line)),
            END if line.is_empty() => return Ok(None),
            INTERRUPT => return Ok(None),
            KILL_LINE => line.clear(),
            key if BACKSPACE.contains(&key) => drop_character(&mut line),
            // What is too long is refused as a whole when it is checked.
            key if line.len() <= SECRET_OCTETS_MAX => line.push(key),
            _ => {}
        }
    }
}

/// Takes back the last character, all octets of it.
fn drop_character(line: &mut Vec<u8>) {
    while let Some(octet) = line.pop() {
        if octet & 0xc0 != 0x80 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &[u8]) -> Result<String, u8> {
        first_line(&mut &*text, "the password").map_err(|trouble| trouble.exit_code())
    }

    #[test]
    fn a_line_of_stdin_is_a_password() {
        assert_eq!(line(b"hungry\n"), Ok("hungry".to_owned()));
        assert_eq!(line(b"hungry\r\nmore\n"), Ok("hungry".to_owned()));
        assert_eq!(line(" gr\u{fc}n ".as_bytes()), Ok(" gr\u{fc}n ".to_owned()));
    }

    #[test]
    fn what_is_no_password_is_refused() {
        for wrong in [&b""[..], b"\n", b"\r\n", b"\xff\n", b"a\0b\n"] {
            assert_eq!(line(wrong), Err(65), "{wrong:?}");
        }
    }

    #[test]
    fn a_password_may_have_so_many_octets_and_no_more() {
        for end in ["", "\n", "\r\n"] {
            let text = |octets: usize| format!("{}{end}", "p".repeat(octets));
            assert_eq!(line(text(SECRET_OCTETS_MAX).as_bytes()).map(|line| line.len()), Ok(SECRET_OCTETS_MAX));
            assert_eq!(line(text(SECRET_OCTETS_MAX + 1).as_bytes()), Err(65));
        }
    }

    fn keys(typed: &[u8]) -> Option<Vec<u8>> {
        secret_line(&mut &*typed).unwrap()
    }

    #[test]
    fn a_terminal_can_be_typed_at() {
        assert_eq!(keys(b"hungry\r"), Some(b"hungry".to_vec()));
        assert_eq!(keys("h\u{fc}\u{7f}u\u{8}ungry\n".as_bytes()), Some(b"hungry".to_vec()));
        assert_eq!(keys(b"oh no\x15hungry\n"), Some(b"hungry".to_vec()));
        assert_eq!(keys(b"\x7f\n"), Some(Vec::new()));
        assert_eq!(keys(b"hung\x03ry\n"), None);
        assert_eq!(keys(b"\x04"), None);
        assert_eq!(keys(b""), None);
    }

    #[test]
    fn too_much_typing_is_too_long_not_cut() {
        let typed = keys(format!("{}\n", "p".repeat(SECRET_OCTETS_MAX + 50)).as_bytes()).unwrap();
        assert_eq!(checked(typed, "the password").map_err(|trouble| trouble.exit_code()), Err(65));
    }

    #[test]
    fn a_secret_does_not_stand_in_what_is_said() {
        let trouble = first_line(&mut &b"hung\0ry\n"[..], "the password").unwrap_err();
        assert!(!trouble.message().unwrap().contains("hung"));
    }
}
