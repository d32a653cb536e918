//! Dialogues flipped: the script is the server, and our client is what is tested. `S:` lines are what the client hears,
//! `C:` lines what it must say; the format is described in `docs/dialogues.md`.

pub mod driver;
mod matrix;
mod mirror;
mod script;
pub mod words;

use driver::Driver;
use script::{Act, Script};
use wire::dialogue::{Captures, show};

/// How the server's words are cut on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunking {
    Whole,
    Octets,
    /// This burst in two, the first part of so many octets; the others whole.
    Cut(usize, usize),
}

/// Plays a dialogue; the length of every burst of the server, or where script and truth part.
pub fn play(file: &str, text: &str, chunking: Chunking) -> Result<Vec<usize>, String> {
    let script = Script::parse(text).map_err(|(line, what)| format!("{file}:{line}: {what}"))?;
    let mut driver = Driver::start(script.profile.clone(), script.implicit_tls);
    driver.contents.clone_from(&script.contents);
    let mut player = Player { script: &script, driver, captures: Captures::new(), bursts: Vec::new(), chunking };
    let mut at = 0;
    while let Some((number, act)) = script.acts.get(at) {
        at += player.act(at, act).map_err(|what| format!("{file}:{number}: ({chunking:?}) {what}"))?;
    }
    player.nothing_left().map_err(|what| format!("{file}: at the end: ({chunking:?}) {what}"))?;
    Ok(player.bursts)
}

struct Player<'a> {
    script: &'a Script,
    driver: Driver,
    captures: Captures,
    bursts: Vec<usize>,
    chunking: Chunking,
}

impl Player<'_> {
    /// Does what stands at `at`; returns how many acts that was.
    fn act(&mut self, at: usize, act: &Act) -> Result<usize, String> {
        match act {
            Act::Hear(_) => return self.hear(at),
            Act::Say(pattern) => {
                let line = self.driver.line();
                let said = line.as_deref().map_or_else(|| self.idle(), show);
                let fits = line.is_some_and(|line| pattern.matches(&line, &mut self.captures));
                fits.then_some(()).ok_or_else(|| format!("expected: C: {}\n  got: {said}", pattern.source()))?;
            }
            Act::Question(pattern, answer) => {
                let asked = self.driver.asked.as_ref().map_or_else(|| self.idle(), words::ask);
                let fits = pattern.matches(asked.as_bytes(), &mut self.captures);
                fits.then_some(()).ok_or_else(|| format!("expected: ? {}\n  got: {asked}", pattern.source()))?;
                self.driver.answer(answer.clone());
            }
            Act::Handshake => {
                self.nothing_said()?;
                self.driver.handshake.then_some(()).ok_or_else(|| format!("no handshake: {}", self.idle()))?;
                self.driver.tls_started();
            }
            Act::ClientCloses => {
                self.nothing_said()?;
                self.driver.closed.then_some(()).ok_or_else(|| format!("not closed: {}", self.idle()))?;
            }
            Act::ServerDrops => {
                self.nothing_said()?;
                self.driver.drop_connection();
            }
            Act::Pass(span) => {
                self.nothing_said()?;
                self.driver.pass(*span);
            }
        }
        Ok(1)
    }

    /// Feeds this line of the server and those that follow it, as one burst.
    fn hear(&mut self, at: usize) -> Result<usize, String> {
        self.nothing_said()?;
        let mut octets = Vec::new();
        let mut lines = 0;
        for (_, act) in self.script.acts.get(at..).unwrap_or_default() {
            let Act::Hear(template) = act else { break };
            octets.extend(template.fill(&self.captures)?);
            lines += 1;
        }
        let burst = self.bursts.len();
        self.bursts.push(octets.len());
        match self.chunking {
            Chunking::Octets => octets.chunks(1).for_each(|octet| self.driver.feed(octet)),
            Chunking::Cut(cut, at) if cut == burst => {
                let (first, second) = octets.split_at(at.min(octets.len()));
                self.driver.feed(first);
                self.driver.feed(second);
            }
            Chunking::Whole | Chunking::Cut(..) => self.driver.feed(&octets),
        }
        Ok(lines)
    }

    fn idle(&self) -> String {
        match (&self.driver.asked, self.driver.closed) {
            (Some(ask), _) => format!("the question `{}`", words::ask(ask)),
            (None, true) => "the end".to_owned(),
            (None, false) if self.driver.handshake => "the handshake".to_owned(),
            (None, false) => "silence".to_owned(),
        }
    }

    fn nothing_said(&mut self) -> Result<(), String> {
        match self.driver.line() {
            Some(line) => Err(format!("the client said more: {}", show(&line))),
            None => Ok(()),
        }
    }

    fn nothing_left(&mut self) -> Result<(), String> {
        self.nothing_said()?;
        if self.driver.asked.is_some() { Err(format!("left open: {}", self.idle())) } else { Ok(()) }
    }
}
