//! Input, by what it is expected to be: a command, content of an upload, a line of a login or the end of IDLE.

use super::append::Upload;
use super::login::Login;
use super::reply::Reply;
use super::{Server, State};
use crate::imap::ask::Uids;
use crate::imap::parse::{Cause, Failure};
use crate::imap::{Bounds, Input, limits};
use crate::line::{self, Line};

/// What the next input is.
pub(super) enum Reading {
    /// A command, or more of one.
    Command,
    /// A line of an AUTHENTICATE exchange of the command with this tag.
    Login(String, Login),
    /// The end of the IDLE with this tag.
    Idle(String),
    /// Content of APPEND or REPLACE.
    Upload(Box<Upload>),
    /// Nothing: the TLS handshake is due.
    Handshake,
    /// Nothing ever.
    Closed,
}

impl Server {
    /// Takes input; gives how many octets.
    pub(super) fn read(&mut self, bytes: &[u8]) -> usize {
        match self.reading {
            Reading::Command | Reading::Upload(_) => self.read_command(bytes),
            Reading::Login(..) | Reading::Idle(_) => self.read_line(bytes),
            Reading::Handshake | Reading::Closed => 0,
        }
    }

    fn read_command(&mut self, bytes: &[u8]) -> usize {
        if self.reader.is_between() {
            self.reader.set_charset(self.charset());
            let stranger = matches!(self.state, State::Stranger);
            self.reader.set_bounds(if stranger { Bounds::STRANGER } else { Bounds::USER_LITERAL_PLUS });
        }
        let (mut taken, mut input) = self.reader.read(bytes);
        if taken == 0 {
            // A literal without octets ends before anything was taken.
            (taken, input) = self.reader.read(bytes);
        }
        match input {
            Input::More => {}
            Input::Continue => self.send("+ go on\r\n"),
            Input::Command(tagged) => self.execute(tagged.tag, tagged.command),
            Input::Upload(tagged, literal) => self.upload(tagged, literal),
            Input::Content(octets) => self.content(bytes.get(..octets).unwrap_or_default()),
            Input::Part(items, literal) => self.upload_part(items, literal),
            Input::Failed(failure) => self.not_a_command(&failure),
            Input::Hopeless(failure) => {
                failure.iter().for_each(|failure| self.not_a_command(failure));
                self.bye("more than can be passed over");
            }
        }
        taken
    }

    /// RFC 9051 §7.1.3: without a tag where none could be read.
    fn not_a_command(&mut self, failure: &Failure) {
        if let Reading::Upload(_) = self.reading {
            self.abort_upload();
        }
        let tag = failure.tag.as_deref().unwrap_or("*");
        let text = failure.error.to_string();
        if let (Cause::SavedCharset, Some(open)) = (failure.error.cause, self.open()) {
            open.saved = Uids::new();
        }
        match failure.error.cause {
            Cause::Syntax | Cause::Unknown => self.refuse(tag, &Reply::bad(text)),
            Cause::Name => self.reply(tag, &Reply::no(text).code("CANNOT")),
            Cause::Charset | Cause::SavedCharset => {
                self.reply(tag, &Reply::no(text).code("BADCHARSET (US-ASCII UTF-8)"))
            }
            // RFC 7888 §4: how a literal that is too long is refused.
            Cause::Limit => self.refuse(tag, &Reply::bad(text).code("TOOBIG")),
        }
    }

    fn read_line(&mut self, bytes: &[u8]) -> usize {
        match line::read(bytes, limits::RESPONSE_LINE) {
            Line::Unfinished => 0,
            Line::Bare | Line::TooLong(_) => {
                self.bye("that is no line");
                bytes.len()
            }
            Line::Whole(text) => {
                match std::mem::replace(&mut self.reading, Reading::Command) {
                    Reading::Login(tag, login) => self.login_line(tag, login, text),
                    Reading::Idle(tag) => self.idle_line(tag, text),
                    other => self.reading = other,
                }
                text.len() + 2
            }
        }
    }
}
