//! The classic commands: `sendmail`, `mailq`, `newaliases` and `postqueue`, by the name the program was called with or as
//! `pillarbox sendmail ...`. They need no rights of their own: mail goes through the drop folder (`server::drop`), and a
//! running server that the caller may speak to is told at once. Owns what is typed and how it is answered.

pub mod hand_in;
mod letter;
mod mailq;
mod options;
mod session;

use crate::screen::{Form, Screen};
use crate::trouble::{Trouble, exit_code};
use crate::{house, newaliases};
use office::admin::{FailureKind, QueueWhich, Request, Response};
use options::{Errors, Mode, Options};
use server::Config;
use std::ffi::OsString;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use store::op::OutboxChange;

/// Under which name the program works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Sendmail,
    Mailq,
    Newaliases,
    Postqueue,
}

/// A line for one of the classic commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    role: Role,
    words: Vec<String>,
    /// `pillarbox -c FILE sendmail`.
    config: Option<PathBuf>,
    json: bool,
    quiet: bool,
}

/// Whether the words of this process are for one of the classic commands.
pub fn of_the_line(words: impl IntoIterator<Item = OsString>) -> Option<Line> {
    let mut words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
    let called = words.next()?;
    let mut line = Line { role: Role::Sendmail, words: Vec::new(), config: None, json: false, quiet: false };
    if let Some(role) = role(Path::new(&called).file_name()?.to_str()?) {
        line.words = words.collect();
        return Some(Line { role, ..line });
    }
    while let Some(word) = words.next() {
        match word.as_str() {
            "-c" | "--config" => line.config = Some(words.next()?.into()),
            "--json" => line.json = true,
            "-q" | "--quiet" => line.quiet = true,
            "-v" | "--verbose" => {}
            _ => match (word.strip_prefix("--config="), role(&word)) {
                (Some(file), _) => line.config = Some(file.into()),
                (None, Some(role)) => {
                    line.words = words.collect();
                    // `--help` is answered for all commands in one way.
                    let asks = line.words.first().is_some_and(|word| word == "--help");
                    return (!asks).then_some(Line { role, ..line });
                }
                (None, None) => return None,
            },
        }
    }
    None
}

/// The command of a name, also where Debian's alternatives have lengthened it: `mailq.pillarbox`.
fn role(name: &str) -> Option<Role> {
    match name.strip_suffix(".pillarbox").unwrap_or(name) {
        "sendmail" => Some(Role::Sendmail),
        "mailq" => Some(Role::Mailq),
        "newaliases" => Some(Role::Newaliases),
        "postqueue" => Some(Role::Postqueue),
        _ => None,
    }
}

impl Line {
    /// The form of results: tables as these commands have always printed them, unless JSON is asked for.
    pub fn form(&self) -> Form {
        let json = self.json || self.words.iter().any(|word| word == "--json");
        if json { Form::Json } else { Form::Human }
    }

    /// Does what was typed.
    pub fn run(self, screen: &mut Screen) -> Result<(), Trouble> {
        let words: Vec<String> = self.words.iter().filter(|word| *word != "--json").cloned().collect();
        let mut options = match self.role {
            Role::Postqueue => return postqueue(&words, &house::config(self.config.as_deref())?, screen),
            _ => options::read(words).map_err(|wrong| Trouble::new(FailureKind::Usage, wrong))?,
        };
        match self.role {
            Role::Mailq if options.mode != Mode::Flush => options.mode = Mode::Queue,
            Role::Newaliases => options.mode = Mode::Aliases,
            _ => {}
        }
        let file = self.config.or(options.config.as_ref().map(PathBuf::from));
        let config = house::config(file.as_deref())?;
        let done = perform(&options, &config, screen);
        match done {
            Err(trouble) if options.errors == Errors::Quiet => Err(Trouble::Told(trouble.exit_code())),
            done => done,
        }
    }
}

fn perform(options: &Options, config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    match options.mode {
        Mode::Deliver => hand_in::deliver(options, config, screen),
        Mode::Smtp => session::speak(config),
        Mode::Queue => mailq::list(config, screen),
        Mode::Aliases => newaliases::run(options.aliases.as_deref(), config, screen),
        Mode::Verify => verify(&options.recipients, config, screen),
        Mode::Test => test_addresses(config, screen),
        Mode::Flush => flush(config, screen),
    }
}

/// `postqueue -p`, `-j` and `-f`, as scripts for Postfix have them.
fn postqueue(words: &[String], config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["-p"] => mailq::list(config, screen),
        ["-j"] => mailq::lines(config, screen),
        ["-f"] | ["-s" | "-i", _] => flush(config, screen),
        _ => {
            Err(Trouble::new(FailureKind::Usage, "postqueue: -p lists the queue, -j in JSON, -f tries what waits now"))
        }
    }
}

/// `-bv`: each recipient's way; the code of the first that has none.
fn verify(names: &[String], config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    if names.is_empty() {
        return Err(Trouble::new(FailureKind::Usage, "name the recipients that are to be verified"));
    }
    let mut worst = None;
    for name in names {
        match way(name, config) {
            Ok(line) => screen.text(&line)?,
            Err(trouble) => {
                screen.text(&format!("{name}... {}\n", trouble.message().unwrap_or_default()))?;
                worst.get_or_insert(trouble.exit_code());
            }
        }
    }
    worst.map_or(Ok(()), |code| Err(Trouble::Told(code)))
}

/// `-bt`: the same for each line of stdin; nothing fails.
fn test_addresses(config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        // A rule set's number may stand before the address.
        let Some(name) = line.split_whitespace().next_back() else { continue };
        let told = way(name, config)
            .unwrap_or_else(|trouble| format!("{name}... {}\n", trouble.message().unwrap_or_default()));
        screen.text(&told)?;
    }
    Ok(())
}

fn way(name: &str, config: &Config) -> Result<String, Trouble> {
    match house::administer(config, Request::Way { name: name.to_owned() })? {
        Response::Way(way) => Ok(format!("{name}... deliverable: {}\n", way.ends.join(", "))),
        other => Err(Trouble::new(FailureKind::Software, format!("not an answer to that: {other:?}"))),
    }
}

/// `-q`: what waits is tried now: first what was dropped while no server ran, then the queue.
fn flush(config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    match house::administer(config, Request::DropTake { name: None, attended: false })? {
        Response::Dropped(view) => {
            view.waiting.iter().for_each(|why| screen.note(why));
            screen.remark(&format!("{} taken from the drop folder", view.taken.len()));
        }
        other => return Err(Trouble::new(FailureKind::Software, format!("not an answer to that: {other:?}"))),
    }
    let all = Request::QueueChange { which: QueueWhich::default(), change: OutboxChange::Retry };
    match house::administer(config, all) {
        // Nothing waits.
        Err(trouble) if trouble.exit_code() == exit_code(FailureKind::NoUser) => Ok(()),
        tried => tried.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Option<Line> {
        of_the_line(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_name_decides() {
        let role = |line: &str| typed(line).map(|line| (line.role, line.words.join(" ")));
        for (line, expected) in [
            ("/usr/sbin/sendmail -t -i", (Role::Sendmail, "-t -i")),
            ("sendmail", (Role::Sendmail, "")),
            ("mailq.pillarbox -v", (Role::Mailq, "-v")),
            ("newaliases", (Role::Newaliases, "")),
            ("postqueue -p", (Role::Postqueue, "-p")),
            ("pillarbox sendmail -q", (Role::Sendmail, "-q")),
            ("pillarbox -c p.toml -q --json mailq", (Role::Mailq, "")),
            ("pillarbox --config=p.toml newaliases", (Role::Newaliases, "")),
        ] {
            assert_eq!(role(line), Some((expected.0, expected.1.to_owned())), "{line}");
        }
        for line in ["pillarbox", "pillarbox queue list", "pillarbox -c sendmail", "pillarbox sendmail --help", "x -q"]
        {
            assert_eq!(typed(line), None, "{line}");
        }
        let line = typed("pillarbox -c p.toml --json mailq").unwrap();
        assert_eq!((line.config, line.json), (Some("p.toml".into()), true));
    }
}
