//! `mail` and `mailx`: options, files of settings, and what is typed at the prompt over a mailbox, in a world of memory that
//! counts what is done to it.

use agent::letter::Letter;
use agent::mailx::{
    Fate, Filed, Mailbox, Message, Mode, Options, Output, Said, Session, Settings, State, World, read_options,
};
use message::Time;
use std::collections::VecDeque;

/// Bits of the first octet: how the session is.
const INTERACTIVE: u8 = 1;
const SENDING: u8 = 2;
/// How often anything outside is done for one line that was typed: a list of messages is some, and each may be written to
/// somebody.
const DONE_MAX: usize = 64;

/// A world of memory.
#[derive(Default)]
struct Desk {
    lines: VecDeque<String>,
    typed: usize,
    asked_after_end: usize,
    printed: usize,
    done: usize,
    sent: Vec<Letter>,
}

impl World for Desk {
    fn line(&mut self, _: &str) -> Said {
        match self.lines.pop_front() {
            Some(line) if line == "^C" => Said::Interrupt,
            Some(line) => Said::Line(line),
            None => {
                self.asked_after_end += 1;
                assert!(self.asked_after_end < 100, "asks on and on after the end");
                Said::End
            }
        }
    }
    fn rest(&mut self) -> Result<Vec<u8>, String> {
        Ok(self.lines.drain(..).map(|line| line + "\n").collect::<String>().into_bytes())
    }
    fn print(&mut self, text: &str) {
        self.printed += text.len();
        let harmful = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(harmful, None, "printed: {text:?}");
    }
    fn complain(&mut self, line: &str) {
        self.print(line);
    }
    fn page(&mut self, text: &str, _: Option<&str>) {
        self.print(text);
    }
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.done += 1;
        // A file that reads itself, and one of settings.
        Ok(match path {
            "/self" => b"source /self\n".to_vec(),
            _ => b"set a=b\nHello.\n".to_vec(),
        })
    }
    fn append(&mut self, _: &str, _: &[u8]) -> Result<Filed, String> {
        self.done += 1;
        Ok(Filed::Appended)
    }
    fn shell(&mut self, _: &str, _: Option<&[u8]>, _: Output) -> Result<Vec<u8>, String> {
        self.done += 1;
        Ok(b"told\n".to_vec())
    }
    fn edit(&mut self, text: &str, _: &str) -> Result<String, String> {
        self.done += 1;
        Ok(text.to_owned())
    }
    fn open(&mut self, name: &str) -> Result<Mailbox, String> {
        self.done += 1;
        if name.contains("none") { Err(format!("{name:?}: none")) } else { Ok(mailbox(name)) }
    }
    fn close(&mut self, mailbox: &Mailbox) -> Result<Option<String>, String> {
        assert!(mailbox.messages.len() <= 3);
        Ok(None)
    }
    fn send(&mut self, letter: &Letter, _: Option<&str>) -> Result<Fate, String> {
        self.done += 1;
        self.sent.push(letter.clone());
        Ok(Fate::Sent)
    }
    fn now(&self) -> Time {
        Time(1_795_238_264_000)
    }
}

/// Two letters, one of them with what a terminal would act on.
fn mailbox(name: &str) -> Mailbox {
    let letter = |key: u64, subject: &str, text: &str| {
        Message {
        key,
        envelope: "alice@hamburger.edu Sat Nov 21 11:00:00 2026".to_owned(),
        raw: format!(
            "From: Alice <alice@hamburger.edu>\nTo: bob@crepes.fr\nSubject: {subject}\nMessage-ID: <{key}@x>\n\n{text}\n"
        )
        .into_bytes(),
        state: State { new: key == 1, ..State::default() },
        ..Message::default()
    }
    };
    let messages = vec![letter(1, "Ketchup", "Pickles?"), letter(2, "Re: \u{1b}[2J", "\u{9b}31m\u{7}")];
    Mailbox { name: name.to_owned(), messages, ..Mailbox::default() }
}

/// What a person types: control characters are no text of theirs, so what comes out raw is from a letter.
fn typed(data: &[u8]) -> String {
    String::from_utf8_lossy(data).chars().map(|c| if c.is_control() && c != '\n' { '?' } else { c }).collect()
}

/// A session in which these lines are typed; the first octet says how it is. It ends, prints nothing raw, and does no more
/// than was typed.
///
/// # Panics
/// When a law is broken.
pub fn session(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    let lines: VecDeque<String> = typed(rest).lines().map(str::to_owned).collect();
    let mut desk = Desk { typed: lines.len(), lines, ..Desk::default() };
    let to = if how & SENDING != 0 { vec!["bob@crepes.fr".to_owned()] } else { Vec::new() };
    let mode = if how & SENDING != 0 { Mode::Send } else { Mode::Receive };
    let options = Options { mode, to, ..Options::default() };
    Session::new(&mut desk, Settings::default(), how & INTERACTIVE != 0).run(&options);
    let most = DONE_MAX * (desk.typed + 1);
    assert!(desk.done <= most, "{} things done for {} lines", desk.done, desk.typed);
    for letter in &desk.sent {
        let composed = letter.compose(message::date::Date { unix_seconds: 0, offset_minutes: Some(0) }, &[7; 32]);
        assert!(!message::header::fields(&composed.message).any(|field| field.is("Bcc")), "who gets it unseen is seen");
    }
}

/// A file of settings: it is taken to its end, sends nothing, and prints nothing raw.
///
/// # Panics
/// When a law is broken.
pub fn mailrc(data: &[u8]) {
    let mut desk = Desk::default();
    let mut session = Session::new(&mut desk, Settings::default(), false);
    session.configure(&typed(data));
    let listed = session.settings.listed();
    drop(session);
    assert!(listed.lines().all(|line| !line.is_empty()), "{listed:?}");
}

/// The words of a command line, one a line: understood, or refused in words.
///
/// # Panics
/// When a law is broken.
pub fn options(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let words: Vec<String> = text.split('\n').map(str::to_owned).collect();
    match read_options(words.clone()) {
        Ok(options) => {
            let all = options.to.len() + options.cc.len() + options.bcc.len() + options.attach.len();
            // Each is a word, or a part of one between commas.
            assert!(all <= text.len() + words.len());
            let is_addressed = !options.to.is_empty() || options.header_on_stdin;
            assert!(options.mode != Mode::Send || is_addressed, "nobody is written to");
        }
        Err(told) => assert!(!told.is_empty() && told.len() <= text.len() + 1000, "{told}"),
    }
}
