//! Where everything is printed: results to stdout, notes and errors to stderr, in the form that was asked for or that
//! suits where they go.
#![allow(clippy::disallowed_methods, reason = "whether colours are welcome stands in the environment")]

use crate::command::Arguments;
use crate::trouble::Trouble;
use crate::units::harmless;
use crate::view::{Look, View};
use office::admin::FailureKind;
use serde_json::Value;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// The form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people at a terminal.
    Human,
    /// For pipes and files.
    Plain,
    /// For programs.
    Json,
}

/// Both outputs.
pub struct Screen {
    form: Form,
    look: Look,
    quiet: bool,
    verbose: u8,
    /// A person can be asked: stdin and stderr are terminals.
    person: bool,
    out: Box<dyn Write>,
    err: Box<dyn Write>,
}

impl Screen {
    /// stdout and stderr.
    pub fn of_this_process(arguments: &Arguments) -> Screen {
        let form = match (arguments.json, io::stdout().is_terminal()) {
            (true, _) => Form::Json,
            (false, true) => Form::Human,
            (false, false) => Form::Plain,
        };
        let look = Look {
            now: net::clock::Clock::system().now(),
            colour: form == Form::Human && colours_welcome(|name| std::env::var_os(name)),
        };
        Screen {
            form,
            look,
            quiet: arguments.quiet,
            verbose: arguments.verbose,
            person: io::stdin().is_terminal() && io::stderr().is_terminal(),
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
        }
    }

    /// The same for a command whose form everybody knows.
    pub fn of_a_classic_command(form: Form) -> Screen {
        let look = Look { now: net::clock::Clock::system().now(), colour: false };
        let boxes: (Box<dyn Write>, Box<dyn Write>) = (Box::new(io::stdout()), Box::new(io::stderr()));
        Screen { form, look, quiet: false, verbose: 0, person: false, out: boxes.0, err: boxes.1 }
    }

    /// What the look of things depends on.
    pub fn look(&self) -> Look {
        self.look
    }

    /// The form of results.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Whether somebody can be asked.
    pub fn has_person(&self) -> bool {
        self.person
    }

    /// How much is to be said: below zero less, above zero more than usual.
    pub fn loudness(&self) -> i16 {
        if self.quiet { -1 } else { i16::from(self.verbose) }
    }

    /// Shows what a command has to show.
    pub fn show(&mut self, view: &View) -> Result<(), Trouble> {
        match self.form {
            Form::Human => self.text(&view.human)?,
            Form::Plain => self.text(&view.plain)?,
            Form::Json => self.line(&view.json)?,
        }
        if self.form != Form::Json {
            view.notes.iter().for_each(|note| self.note(note));
        }
        Ok(())
    }

    /// One JSON object, on a line of its own.
    pub fn line(&mut self, json: &Value) -> Result<(), Trouble> {
        self.text(&format!("{json}\n"))
    }

    /// Text as it is.
    pub fn text(&mut self, text: &str) -> Result<(), Trouble> {
        self.octets(text.as_bytes())
    }

    /// Octets as they are; not for a terminal.
    pub fn octets(&mut self, octets: &[u8]) -> Result<(), Trouble> {
        let written = self.out.write_all(octets).and_then(|()| self.out.flush());
        match written {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Trouble::Told(0)),
            Err(error) => Err(Trouble::new(FailureKind::Io, format!("stdout: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// A note for people.
    pub fn note(&mut self, note: &str) {
        if !self.quiet && !note.is_empty() {
            self.say(&harmless(note));
        }
    }

    /// What a person must read, or nothing goes on.
    pub fn insist(&mut self, text: &str) {
        self.say(&harmless(text));
    }

    /// A note for those who want to know more.
    pub fn remark(&mut self, remark: &str) {
        if self.verbose > 0 {
            self.note(remark);
        }
    }

    /// Asks yes or no; no person, no question.
    pub fn confirm(&mut self, question: &str) -> Result<(), Trouble> {
        let _ = write!(self.err, "{} [y/N] ", harmless(question)).and_then(|()| self.err.flush());
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        match (read, answer.trim().to_ascii_lowercase().as_str()) {
            (Ok(_), "y" | "yes") => Ok(()),
            _ => Err(Trouble::Declined("nothing was changed".to_owned())),
        }
    }

    /// Asks for a line; empty where there is nobody.
    pub fn ask(&mut self, question: &str) -> Result<String, Trouble> {
        let _ = write!(self.err, "{}", harmless(question)).and_then(|()| self.err.flush());
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.map_err(|error| Trouble::new(FailureKind::Io, format!("stdin: {error}")))?;
        Ok(answer.trim().to_owned())
    }

    /// Tells why it did not work, and with which code to end.
    pub fn fail(&mut self, trouble: &Trouble) -> ExitCode {
        match (self.form, trouble.message(), trouble.json()) {
            (Form::Json, _, Some(json)) => self.say(&json.to_string()),
            (_, Some(message), _) => {
                for line in message.lines() {
                    self.say(&format!("pillarbox: {}", harmless(line)));
                }
            }
            _ => {}
        }
        ExitCode::from(trouble.exit_code())
    }

    /// Where nobody reads stderr there is nobody left to tell.
    fn say(&mut self, line: &str) {
        let _ = writeln!(self.err, "{line}");
    }
}

/// <https://no-color.org>, <https://bixense.com/clicolors>, and terminals that cannot.
fn colours_welcome(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none()
        && set("CLICOLOR").is_none_or(|value| value != "0")
        && set("TERM").is_none_or(|terminal| terminal != "dumb")
}

#[cfg(test)]
pub mod paper {
    //! A screen to look into.

    use super::*;
    use message::Time;
    use std::sync::{Arc, Mutex};

    /// An output that keeps what was written.
    #[derive(Clone, Default)]
    pub struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        /// What was written so far.
        pub fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// A screen with no person before it, and its stdout and stderr.
    pub fn screen(form: Form, quiet: bool) -> (Screen, Paper, Paper) {
        let (out, err) = (Paper::default(), Paper::default());
        let look = Look { now: Time(0), colour: false };
        let boxes: (Box<dyn Write>, Box<dyn Write>) = (Box::new(out.clone()), Box::new(err.clone()));
        (Screen { form, look, quiet, verbose: 0, person: false, out: boxes.0, err: boxes.1 }, out, err)
    }
}

#[cfg(test)]
mod tests {
    use super::paper::screen;
    use super::*;

    fn view() -> View {
        View { human: "h\n".into(), plain: "p\n".into(), json: 1.into(), notes: vec!["n\u{1b}".into()] }
    }

    #[test]
    fn each_form_gets_its_own() {
        for (form, out_text, err_text) in
            [(Form::Human, "h\n", "n\\u{1b}\n"), (Form::Plain, "p\n", "n\\u{1b}\n"), (Form::Json, "1\n", "")]
        {
            let (mut screen, out, err) = screen(form, false);
            screen.show(&view()).unwrap();
            assert_eq!((out.text().as_str(), err.text().as_str()), (out_text, err_text), "{form:?}");
        }
    }

    #[test]
    fn the_quiet_hear_errors_only() {
        let (mut screen, out, err) = screen(Form::Human, true);
        screen.show(&view()).unwrap();
        screen.remark("more");
        assert_eq!((out.text().as_str(), err.text().as_str()), ("h\n", ""));
        screen.fail(&Trouble::new(FailureKind::NoUser, "no such account\nlook again"));
        assert_eq!(err.text(), "pillarbox: no such account\npillarbox: look again\n");
    }

    #[test]
    fn whoever_closes_the_pipe_has_seen_enough() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (mut screen, _, err) = screen(Form::Plain, false);
        screen.out = Box::new(Closed);
        let trouble = screen.text("x").unwrap_err();
        assert_eq!(trouble.exit_code(), 0);
        screen.fail(&trouble);
        assert_eq!(err.text(), "");
    }

    #[test]
    fn colours_are_for_those_who_want_them() {
        let welcome = |name: &'static str, value: &'static str| {
            colours_welcome(move |asked| (asked == name).then(|| OsString::from(value)))
        };
        assert!(welcome("TERM", "xterm"));
        assert!(!welcome("TERM", "dumb"));
        assert!(!welcome("NO_COLOR", "1"));
        assert!(welcome("NO_COLOR", ""));
        assert!(!welcome("CLICOLOR", "0"));
        assert!(welcome("CLICOLOR", "1"));
    }
}
