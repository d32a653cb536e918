//! From a command to what is done about it, and from an answer to what it decides. Logging in is in `login`, CAPA and
//! LANG in `capabilities`.

use super::command::Command;
use super::listing::{Column, Listing};
use super::reply::{Code, Reply};
use super::server::{Out, Question, Reading, Server, State};
use super::transaction::{NoMessage, Transaction};
use super::{Answer, Ask, Entry, Refusal};
use crate::session::{Framing, Relay, TlsFacts};

impl From<NoMessage> for Reply {
    fn from(no: NoMessage) -> Reply {
        Reply::err(match no {
            NoMessage::Unknown => "no such message",
            NoMessage::Deleted => "that message is marked as deleted",
        })
    }
}

impl Server {
    pub(super) fn execute(&mut self, command: Command) {
        match command {
            Command::Capa => self.capa(),
            Command::Lang(range) => self.lang(range.as_deref()),
            Command::Quit => self.quit(),
            command => match self.state {
                State::Authorization { .. } => self.before_login(command),
                State::Transaction(_) => self.after_login(command),
            },
        }
    }

    fn before_login(&mut self, command: Command) {
        match command {
            Command::User(name) => self.user(name),
            Command::Pass(password) => self.pass(password),
            Command::Apop { name, digest } => self.apop(name, digest),
            Command::AuthList => self.auth_list(),
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial),
            Command::Stls => self.stls(),
            Command::Utf8 => self.utf8(),
            _ => self.refuse(Reply::err("log in first")),
        }
    }

    /// RFC 6856 §2.1.
    fn utf8(&mut self) {
        if let State::Authorization { utf8, .. } = &mut self.state {
            *utf8 = true;
            self.send(&Reply::ok("UTF-8 it is"));
        }
    }

    /// RFC 2595 §4.
    fn stls(&mut self) {
        if let Some(refusal) = self.tls_refusal() {
            return self.refuse(refusal);
        }
        self.send(&Reply::ok("go ahead"));
        self.put(Out::StartTls);
        self.reading = Reading::Handshake;
    }

    /// Why STLS is not possible now.
    pub(super) fn tls_refusal(&self) -> Option<Reply> {
        if self.tls.is_some() {
            Some(Reply::err("TLS is up already"))
        } else if !self.profile.tls_available {
            Some(Reply::err("TLS is not available here"))
        } else {
            None
        }
    }

    /// RFC 2595 §4: what was said in the clear is forgotten.
    pub(super) fn tls_started(&mut self, facts: TlsFacts) {
        self.tls = Some(facts);
        if matches!(self.reading, Reading::Handshake) {
            self.reading = Reading::Command;
            self.state = State::Authorization { username: None, utf8: false };
        }
    }

    fn after_login(&mut self, command: Command) {
        let State::Transaction(transaction) = &mut self.state else { return };
        let reply = match command {
            Command::Stat => Reply::ok(format!("{} {}", transaction.messages, transaction.octets)),
            Command::List(Some(number)) => one_line(transaction, number, |entry| entry.octets.to_string()),
            Command::Uidl(Some(number)) => one_line(transaction, number, |entry| transaction.unique_id(entry)),
            Command::List(None) => return self.list(Column::Octets),
            Command::Uidl(None) => return self.list(Column::UniqueId),
            Command::Retr(number) => return self.fetch(number, None),
            Command::Top { message, lines } => return self.fetch(message, Some(lines)),
            Command::Dele(number) => match transaction.delete(number) {
                Ok(()) => Reply::ok(format!("message {number} is marked as deleted")),
                Err(no) => no.into(),
            },
            Command::Noop => Reply::ok("nothing done"),
            Command::Rset => {
                transaction.reset();
                Reply::ok(whole(transaction))
            }
            _ => return self.refuse(Reply::err("not after login")),
        };
        self.send(&reply);
    }

    fn list(&mut self, column: Column) {
        let State::Transaction(transaction) = &self.state else { return };
        let reply = Reply::ok(whole(transaction));
        self.send(&reply);
        self.put(Out::Listing(Listing::new(column)));
    }

    /// RETR, and TOP with so many lines.
    fn fetch(&mut self, number: u32, lines: Option<u64>) {
        let State::Transaction(transaction) = &self.state else { return };
        let entry = match transaction.message(number) {
            Ok(entry) => entry,
            Err(no) => return self.send(&no.into()),
        };
        // RFC 6856 §2.1: refused, not rewritten; nobody gets a message that was never sent.
        if entry.utf8_header && !transaction.utf8 {
            return self.send(&Reply::coded(Code::Utf8, "that message has UTF-8 in its header; say UTF8 before login"));
        }
        let reply = match lines {
            None => Reply::ok(format!("{} octets", entry.octets)),
            Some(_) => Reply::ok("the top of the message"),
        };
        let relay = Relay { source: entry.source, framing: Framing::DotStuffed { lines } };
        self.ask(Ask::Fetch { source: entry.source }, Question::Fetch(reply, relay));
    }

    /// RFC 1939 §6: the UPDATE state, entered from TRANSACTION only, and by QUIT only.
    fn quit(&mut self) {
        let deleted = match &self.state {
            State::Authorization { .. } => Vec::new(),
            State::Transaction(transaction) => transaction.deleted(),
        };
        if deleted.is_empty() {
            self.farewell();
        } else {
            self.ask(Ask::Update { deleted }, Question::Update);
        }
    }

    fn farewell(&mut self) {
        let text = format!("{} closing the connection", self.profile.hostname);
        self.close(Some(Reply::ok(text)));
    }

    pub(super) fn answered(&mut self, question: Question, answer: Answer) {
        match (question, answer) {
            (Question::Password, Answer::Sasl(answer)) => self.password_answered(&answer),
            (Question::Login(exchange), Answer::Sasl(answer)) => self.login_answered(exchange, answer),
            (Question::Open, Answer::Maildrop(maildrop)) => {
                let utf8 = matches!(self.state, State::Authorization { utf8: true, .. });
                let transaction = Transaction::new(maildrop, utf8);
                self.send(&Reply::ok(whole(&transaction)));
                self.state = State::Transaction(transaction);
            }
            // The desk acts for the user already: another login here would be one too many.
            (Question::Open, Answer::Refused(refusal)) => self.close(Some(Reply::refused(refusal))),
            (Question::Fetch(reply, relay), Answer::Done) => {
                self.send(&reply);
                self.put(Out::Relay(relay));
            }
            (Question::Fetch(..), Answer::Refused(refusal)) => self.send(&Reply::refused(refusal)),
            (Question::Update, Answer::Done) => self.farewell(),
            (Question::Update, Answer::Refused(refusal)) => self.close(Some(not_updated(refusal))),
            _ => self.close(Some(Reply::coded(Code::SysTemp, "internal error"))),
        }
    }
}

fn one_line(transaction: &Transaction, number: u32, show: impl Fn(&Entry) -> String) -> Reply {
    match transaction.message(number) {
        Ok(entry) => Reply::ok(format!("{number} {}", show(&entry))),
        Err(no) => no.into(),
    }
}

/// As in dialogue 5.
fn whole(transaction: &Transaction) -> String {
    format!("{} visible messages ({} octets)", transaction.messages, transaction.octets)
}

/// RFC 1939 §6.
fn not_updated(refusal: Refusal) -> Reply {
    let code = if refusal == Refusal::Permanent { Code::SysPerm } else { Code::SysTemp };
    Reply::coded(code, "some deleted messages were not removed")
}
