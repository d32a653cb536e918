//! Input, by what it is expected to be: a command line, a line of a login, content.

use super::bdat::Chunk;
use super::command::{self, Command, CommandError};
use super::data::Fault;
use super::server::{Fate, Out, Reading, Server};
use super::{Enhanced, Reply, limits, mail};
use crate::line::{self, Line, Rest};

fn bare_line_end() -> Reply {
    Reply::new(500, Enhanced(5, 5, 2), "lines end with CR LF")
}

impl Server {
    pub(super) fn receive_line(&mut self, bytes: &[u8]) -> usize {
        let (limit, enhanced) = self.line_limit(bytes);
        match line::read(bytes, limit) {
            Line::Unfinished => 0,
            Line::Bare => self.bare_line_end(bytes),
            Line::TooLong(taken) => {
                self.reading = Reading::LongLine(Reply::new(500, enhanced, "line too long"));
                taken
            }
            Line::Whole(text) => {
                match std::mem::replace(&mut self.reading, Reading::Command) {
                    Reading::Login(login) => self.login_line(login, text),
                    _ => self.command_line(text),
                }
                text.len() + 2
            }
        }
    }

    /// How long the line may be, and what is said of a longer one (RFC 4954 §4: 5.5.6).
    fn line_limit(&self, bytes: &[u8]) -> (usize, Enhanced) {
        let auth = bytes.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        if auth || matches!(self.reading, Reading::Login(_)) {
            (limits::AUTH_LINE, Enhanced(5, 5, 6))
        } else {
            (limits::COMMAND_LINE, Enhanced(5, 5, 2))
        }
    }

    /// A client that ends lines otherwise may mean otherwise by what follows: nothing more is read.
    fn bare_line_end(&mut self, bytes: &[u8]) -> usize {
        self.close(Some(bare_line_end()));
        bytes.len()
    }

    pub(super) fn receive_long_line(&mut self, bytes: &[u8]) -> usize {
        let Reading::LongLine(reply) = &self.reading else { return 0 };
        let reply = reply.clone();
        let (taken, ended) = match line::skip(bytes) {
            Rest::More(taken) => (taken, false),
            Rest::End(taken) => (taken, true),
            Rest::Bare => return self.bare_line_end(bytes),
        };
        if self.discard(taken, &reply) && ended {
            self.reading = Reading::Command;
            self.refuse(reply);
        }
        taken
    }

    fn command_line(&mut self, text: &[u8]) {
        match Command::parse(text) {
            Ok(command) => self.execute(command, text.is_ascii()),
            Err(error @ CommandError::Chunk { size: Some(size) }) => {
                self.fail_transaction();
                self.read_chunk(Chunk::new(size, false), Fate::Refuse(error.reply()));
            }
            // Octets follow that cannot be counted; taken for commands they could be anybody's.
            Err(error @ CommandError::Chunk { size: None }) => self.close(Some(error.reply())),
            // A browser made to speak to this port may send commands in a form it posts.
            Err(error) if command::is_http(text) => self.close(Some(error.reply())),
            Err(error) => self.refuse(error.reply()),
        }
    }

    pub(super) fn receive_data(&mut self, bytes: &[u8]) -> usize {
        let Reading::Data(reader) = &mut self.reading else { return 0 };
        let found = reader.read(bytes);
        let fault = reader.fault();
        self.out.extend(found.runs.into_iter().map(Out::Content));
        if let Some(fault) = fault {
            self.fail_transaction();
            if !self.discard(found.taken, &fault.reply()) {
                return found.taken;
            }
        }
        if found.ended {
            self.reading = Reading::Command;
            self.data_ended(fault);
        }
        found.taken
    }

    pub(super) fn receive_chunk(&mut self, bytes: &[u8]) -> usize {
        let Reading::Chunk(chunk, fate) = &mut self.reading else { return 0 };
        let taken = chunk.take(bytes.len());
        match fate {
            Fate::Refuse(refusal) => {
                let refusal = refusal.clone();
                if !self.discard(taken, &refusal) {
                    return taken;
                }
            }
            Fate::Keep if mail::sound(self.transaction.as_mut(), bytes.get(..taken).unwrap_or_default()) => {
                self.out.push_back(Out::Content(0..taken));
            }
            Fate::Keep => {
                *fate = Fate::Refuse(Fault::BareLineEnd.reply());
                self.fail_transaction();
            }
        }
        self.chunk_ended();
        taken
    }
}
