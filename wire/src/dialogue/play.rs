//! Plays a dialogue against a stage and compares. Owns the order of things and what a failure says; knows no socket.

use super::{Act, Captures, Dialogue, Line, Pattern, Port, Question, Sent, show};
use std::time::Duration;

/// Where a dialogue is played: the other side of the player. Errors are in words and end the dialogue.
pub trait Stage {
    /// Opens a connection to a listener. Called when the script first names it.
    fn open(&mut self, connection: u8, port: Port) -> Result<(), String>;
    /// The client sends; every entry is one write.
    fn send(&mut self, connection: u8, writes: &[Vec<u8>]) -> Result<(), String>;
    /// The next line of the server, without its CRLF.
    fn hear(&mut self, connection: u8) -> Result<Heard, String>;
    /// Client and server shake hands for TLS.
    fn start_tls(&mut self, connection: u8) -> Result<(), String>;
    /// The client drops the connection.
    fn drop_connection(&mut self, connection: u8) -> Result<(), String>;
    /// Time passes.
    fn pass(&mut self, span: Duration) -> Result<(), String>;
    /// What the session will be asking from now on; told before the client's words that lead to it.
    fn prepare(&mut self, connection: u8, questions: Vec<Question>);
    /// The script says nothing more is due: an error if the server said more, or left a prepared question unasked.
    fn settle(&mut self, connection: u8) -> Result<(), String>;
    /// What happened backstage since the last call, for the transcript.
    fn notes(&mut self) -> Vec<String>;
}

/// What came from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A line, without its CRLF.
    Line(Vec<u8>),
    /// It says nothing (more).
    Silence,
    /// It closed the connection.
    Closed,
}

/// Where a dialogue and the truth part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The file.
    pub file: String,
    /// The line in it.
    pub line: usize,
    /// What the script wants there.
    pub expected: String,
    /// What came instead.
    pub got: String,
    /// All that was said up to there.
    pub transcript: Vec<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}:{}", self.file, self.line)?;
        writeln!(f, "  expected: {}", self.expected)?;
        writeln!(f, "  got:      {}", self.got)?;
        // The last lines tell; a maildrop of 2,308 messages would hide them.
        let skip = self.transcript.len().saturating_sub(40);
        self.transcript.iter().skip(skip).try_for_each(|line| writeln!(f, "    {line}"))
    }
}

/// Plays all of it; the first difference is the failure.
pub fn play(dialogue: &Dialogue, stage: &mut dyn Stage) -> Result<(), Failure> {
    let mut player = Player { dialogue, stage, captures: Captures::new(), open: Vec::new(), transcript: Vec::new() };
    let mut at = 0;
    while let Some(line) = dialogue.script.get(at) {
        at += player.step(at, line).map_err(|trouble| player.failure(line, trouble))?;
    }
    let Some(last) = dialogue.script.last() else { return Ok(()) };
    for connection in player.open.clone() {
        player.settle(connection).map_err(|trouble| player.failure(last, trouble))?;
    }
    Ok(())
}

struct Player<'a> {
    dialogue: &'a Dialogue,
    stage: &'a mut dyn Stage,
    captures: Captures,
    open: Vec<u8>,
    transcript: Vec<String>,
}

/// Expected and got.
type Trouble = (String, String);

fn stage_failed(got: String) -> Trouble {
    ("the dialogue to go on".to_owned(), got)
}

impl Player<'_> {
    /// Does what stands at `at`; returns how many lines of the script that was.
    fn step(&mut self, at: usize, line: &Line) -> Result<usize, Trouble> {
        self.open(line.connection)?;
        match &line.act {
            Act::Question(_) => return Ok(1),
            Act::Expect(_) | Act::Skip | Act::Message { .. } | Act::ServerCloses => {}
            _ => self.settle(line.connection)?,
        }
        let done = match &line.act {
            Act::Send(_) => self.send(at, line.connection),
            Act::Expect(pattern) => self.expect(line.connection, pattern, false).map(|()| 1),
            Act::Skip => self.skip(at, line.connection),
            Act::Message { account, number, lines, stuffed } => {
                self.message(line.connection, (account, *number, *lines), *stuffed)
            }
            Act::StartTls => self.change(at, line.connection, "T:", |stage| stage.start_tls(line.connection)),
            Act::ClientDrops => self.change(at, line.connection, "D:", |stage| stage.drop_connection(line.connection)),
            Act::Pass(span) => self.change(at, line.connection, "@", |stage| stage.pass(*span)),
            Act::ServerCloses => self.closed(line.connection),
            Act::Question(_) => Ok(1),
        };
        self.hear_notes();
        done
    }

    fn open(&mut self, connection: u8) -> Result<(), Trouble> {
        if self.open.contains(&connection) {
            return Ok(());
        }
        self.open.push(connection);
        let port = self.dialogue.world.port(connection);
        let opened = self.stage.open(connection, port).map_err(stage_failed);
        self.hear_notes();
        opened
    }

    fn settle(&mut self, connection: u8) -> Result<(), Trouble> {
        let settled = self.stage.settle(connection);
        self.hear_notes();
        settled.map_err(|got| ("nothing more here".to_owned(), got))
    }

    /// Sends this client line and those that follow it at once.
    fn send(&mut self, at: usize, connection: u8) -> Result<usize, Trouble> {
        let mut writes: Vec<Vec<u8>> = Vec::new();
        let mut joined = false;
        let mut lines = 0;
        for line in self.dialogue.script.iter().skip(at) {
            let Act::Send(sent) = &line.act else { break };
            if line.connection != connection {
                break;
            }
            let octets = self.fill(connection, sent)?;
            match writes.last_mut() {
                Some(last) if joined => last.extend_from_slice(&octets),
                _ => writes.push(octets),
            }
            joined = sent.joined;
            lines += 1;
        }
        self.stage.prepare(connection, self.questions(at + lines, connection));
        self.stage.send(connection, &writes).map_err(stage_failed)?;
        Ok(lines)
    }

    fn fill(&mut self, connection: u8, sent: &Sent) -> Result<Vec<u8>, Trouble> {
        let octets = sent.octets.fill(&self.captures).map_err(stage_failed)?;
        self.said(connection, 'C', octets.strip_suffix(b"\r\n").unwrap_or(&octets));
        Ok(octets)
    }

    /// The questions written between `from` and the next thing that is done on this connection.
    fn questions(&self, from: usize, connection: u8) -> Vec<Question> {
        let lines = self.dialogue.script.iter().skip(from);
        lines
            .filter(|line| line.connection == connection)
            .take_while(|line| {
                matches!(
                    line.act,
                    Act::Question(_) | Act::Expect(_) | Act::Skip | Act::Message { .. } | Act::ServerCloses
                )
            })
            .filter_map(|line| match &line.act {
                Act::Question(question) => Some(question.clone()),
                _ => None,
            })
            .collect()
    }

    fn change(
        &mut self,
        at: usize,
        connection: u8,
        mark: &str,
        act: impl FnOnce(&mut dyn Stage) -> Result<(), String>,
    ) -> Result<usize, Trouble> {
        self.transcript.push(format!("{connection}{mark}"));
        let questions = self.questions(at + 1, connection);
        self.stage.prepare(connection, questions);
        act(self.stage).map_err(stage_failed)?;
        Ok(1)
    }

    fn expect(&mut self, connection: u8, pattern: &Pattern, skip: bool) -> Result<(), Trouble> {
        loop {
            let heard = self.hear(connection)?;
            match &heard {
                Heard::Line(line) if pattern.matches(line, &mut self.captures) => return Ok(()),
                Heard::Line(_) if skip => {}
                _ => return Err((pattern.source().to_owned(), describe(&heard))),
            }
        }
    }

    /// `S*` and the `S:` after it.
    fn skip(&mut self, at: usize, connection: u8) -> Result<usize, Trouble> {
        match self.dialogue.script.get(at + 1) {
            Some(Line { act: Act::Expect(pattern), connection: same, .. }) if *same == connection => {
                self.expect(connection, pattern, true).map(|()| 2)
            }
            _ => Err(("an S: line after S*".to_owned(), "something else".to_owned())),
        }
    }

    fn message(
        &mut self,
        connection: u8,
        (account, number, lines): (&str, usize, Option<usize>),
        stuffed: bool,
    ) -> Result<usize, Trouble> {
        let world = &self.dialogue.world;
        let mail = number.checked_sub(1).and_then(|before| world.mails_of(account).nth(before));
        let mut octets = mail.map(|mail| mail.content.bytes()).unwrap_or_default();
        if let Some(lines) = lines {
            octets.truncate(top(&octets, lines));
        }
        let mut wire = if stuffed { dot_stuffed(&octets) } else { octets };
        if stuffed {
            wire.extend_from_slice(if wire.ends_with(b"\r\n") { b"." } else { b"\r\n." });
        }
        for line in crlf_lines(&wire) {
            let heard = self.hear(connection)?;
            if heard != Heard::Line(line.to_vec()) {
                return Err((show(line), describe(&heard)));
            }
        }
        Ok(1)
    }

    fn closed(&mut self, connection: u8) -> Result<usize, Trouble> {
        match self.hear(connection)? {
            Heard::Closed => Ok(1),
            heard => Err(("the server closes the connection".to_owned(), describe(&heard))),
        }
    }

    fn hear(&mut self, connection: u8) -> Result<Heard, Trouble> {
        let heard = self.stage.hear(connection).map_err(stage_failed)?;
        self.hear_notes();
        if let Heard::Line(line) = &heard {
            self.said(connection, 'S', line);
        }
        Ok(heard)
    }

    fn said(&mut self, connection: u8, who: char, octets: &[u8]) {
        const SHOWN_MAX: usize = 200;
        let shown = octets.get(..SHOWN_MAX).unwrap_or(octets);
        let more = if octets.len() > shown.len() { "..." } else { "" };
        self.transcript.push(format!("{connection}{who}: {}{more}", show(shown)));
    }

    fn hear_notes(&mut self) {
        self.transcript.extend(self.stage.notes());
    }

    fn failure(&self, line: &Line, (expected, got): Trouble) -> Failure {
        Failure {
            file: self.dialogue.file.clone(),
            line: line.number,
            expected,
            got,
            transcript: self.transcript.clone(),
        }
    }
}

fn describe(heard: &Heard) -> String {
    match heard {
        Heard::Line(line) => show(line),
        Heard::Silence => "silence".to_owned(),
        Heard::Closed => "the connection closed".to_owned(),
    }
}

/// The octets as SMTP and POP3 send them (RFC 5321 §4.5.2, RFC 1939 §3): a dot before every line that begins with
/// one, and nothing after them. Written for the tests, apart from what the sessions use.
#[must_use]
pub fn dot_stuffed(octets: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(octets.len() + 16);
    let mut line_start = true;
    for octet in octets {
        if line_start && *octet == b'.' {
            wire.push(b'.');
        }
        wire.push(*octet);
        line_start = wire.ends_with(b"\r\n");
    }
    wire
}

/// How many octets TOP shows with that many lines of the body (RFC 1939 §7).
#[must_use]
pub fn top(octets: &[u8], lines: usize) -> usize {
    let mut end = 0;
    let mut body_lines = None;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if body_lines == Some(lines) {
            break;
        }
        body_lines = match body_lines {
            Some(shown) => Some(shown + 1),
            None if line == b"\r\n" => Some(0),
            None => None,
        };
        end += line.len();
    }
    end
}

fn crlf_lines(wire: &[u8]) -> Vec<&[u8]> {
    let lines = wire.split_inclusive(|octet| *octet == b'\n');
    lines.map(|line| line.strip_suffix(b"\r\n").unwrap_or(line)).collect()
}

#[cfg(test)]
#[path = "play_tests.rs"]
mod tests;
