//! Input, by what it is expected to be: a command line, a line of a login, the rest of a line that is too long.

use super::command::Command;
use super::limits;
use super::reply::Reply;
use super::server::{Reading, Server};
use crate::line::{self, Line, Rest};
use crate::smtp::command::is_http;

impl Server {
    pub(super) fn receive_line(&mut self, bytes: &[u8]) -> usize {
        match line::read(bytes, self.line_limit(bytes)) {
            Line::Unfinished => 0,
            Line::Bare => self.bare_line_end(bytes),
            Line::TooLong(taken) => {
                self.reading = Reading::LongLine;
                self.discard(taken);
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

    fn line_limit(&self, bytes: &[u8]) -> usize {
        let auth = bytes.get(..5).is_some_and(|keyword| keyword.eq_ignore_ascii_case(b"AUTH "));
        if auth || matches!(self.reading, Reading::Login(_)) { limits::AUTH_LINE } else { limits::COMMAND_LINE }
    }

    /// A client that ends lines otherwise may mean otherwise by what follows: nothing more is read.
    fn bare_line_end(&mut self, bytes: &[u8]) -> usize {
        self.close(Some(Reply::err("lines end with CR LF")));
        bytes.len()
    }

    pub(super) fn receive_long_line(&mut self, bytes: &[u8]) -> usize {
        let (taken, ended) = match line::skip(bytes) {
            Rest::More(taken) => (taken, false),
            Rest::End(taken) => (taken, true),
            Rest::Bare => return self.bare_line_end(bytes),
        };
        if self.discard(taken) && ended {
            self.reading = Reading::Command;
            self.refuse(Reply::err("line too long"));
        }
        taken
    }

    fn command_line(&mut self, text: &[u8]) {
        match Command::parse(text) {
            Ok(command) => self.execute(command),
            // A browser made to speak to this port may send commands in a form it posts.
            Err(error) if is_http(text) => self.close(Some(error.reply())),
            Err(error) => self.refuse(error.reply()),
        }
    }
}
