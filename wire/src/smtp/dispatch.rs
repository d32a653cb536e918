//! From a command to what is done about it, and from an answer to what it decides. The mail transaction is in `mail`,
//! AUTH in `login`, greetings in `greet`.

use super::bdat::Chunk;
use super::command::Command;
use super::server::{Out, Question, Reading, Server, out_of_order};
use super::{Answer, Ask, Enhanced, Reply, Role};
use crate::session::TlsFacts;

impl Server {
    pub(super) fn execute(&mut self, command: Command, ascii: bool) {
        match command {
            Command::Greet(greeting) => self.greet(greeting),
            Command::Mail(sender) => self.mail(sender, ascii),
            Command::Rcpt(recipient) => self.rcpt(recipient, ascii),
            Command::Data => self.data(),
            Command::Bdat { size, last } => self.bdat(Chunk::new(size, last)),
            Command::Rset => {
                self.drop_transaction();
                self.send(&Reply::new(250, Enhanced(2, 0, 0), "ok"));
            }
            Command::Noop => self.send(&Reply::new(250, Enhanced(2, 0, 0), "ok")),
            Command::Help(Some(topic)) if topic.eq_ignore_ascii_case("STATUS") => {
                self.ask(Ask::Status, Question::Lookup(false));
            }
            Command::Help(topic) => self.help(topic.as_deref()),
            Command::Vrfy(lookup) => self.ask(Ask::Verify(lookup.text), Question::Lookup(lookup.smtputf8)),
            Command::Expn(lookup) => self.ask(Ask::Expand(lookup.text), Question::Lookup(lookup.smtputf8)),
            Command::Quit => {
                let text = format!("{} closing the connection", self.profile.hostname);
                self.close(Some(Reply::new(221, Enhanced(2, 0, 0), text)));
            }
            Command::StartTls => self.start_tls(),
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial),
            Command::Send(_, sender) => self.send_command(sender, ascii),
            Command::Etrn(node) => self.etrn(node),
            Command::Atrn(domains) => self.turn(domains),
            Command::Turn => self.turn(Ok(Vec::new())),
        }
    }

    fn help(&mut self, topic: Option<&str>) {
        let reply = super::help::on(topic, self.profile.classic);
        if reply.is_positive() { self.send(&reply) } else { self.refuse(reply) }
    }

    /// RFC 3207 §4.
    fn start_tls(&mut self) {
        if self.tls.is_some() {
            return self.refuse(out_of_order("TLS is up already"));
        }
        if self.greeted.is_none() {
            return self.refuse(out_of_order("EHLO first"));
        }
        if self.logged_in {
            return self.refuse(out_of_order("STARTTLS comes before AUTH"));
        }
        if !self.profile.tls_available {
            return self.refuse(Reply::new(454, Enhanced(4, 7, 0), "TLS is not available now"));
        }
        self.drop_transaction();
        self.send(&Reply::new(220, Enhanced(2, 0, 0), "go ahead"));
        self.out.push_back(Out::StartTls);
        self.reading = Reading::Handshake;
    }

    /// RFC 3207 §4.2: what was learnt in the clear is forgotten, the greeting too.
    pub(super) fn tls_started(&mut self, facts: TlsFacts) {
        self.tls = Some(facts);
        if matches!(self.reading, Reading::Handshake) {
            self.reading = Reading::Command;
            self.greeted = None;
        }
    }

    pub(super) fn answered(&mut self, question: Question, answer: Answer) {
        match (question, answer) {
            (Question::Done, Answer::Done) => {}
            (Question::Sender(transaction), Answer::Reply(reply)) => {
                let utf8 = transaction.smtputf8;
                if reply.is_positive() {
                    self.counts.transactions += 1;
                    self.transaction = Some(transaction);
                }
                self.send_from_desk(reply, utf8);
            }
            (Question::Recipient, Answer::Reply(reply)) => self.recipient_answered(reply),
            (Question::Content(chunk), Answer::Reply(reply)) => self.content_answered(chunk, reply),
            (Question::Commit(_), Answer::Reply(reply)) if self.profile.role != Role::Lmtp => {
                self.accepted |= reply.is_positive();
                self.send_from_desk(reply, false);
            }
            (Question::Commit(count), Answer::Replies(replies))
                if self.profile.role == Role::Lmtp && replies.len() == count =>
            {
                for reply in replies {
                    self.accepted |= reply.is_positive();
                    self.send_from_desk(reply, false);
                }
            }
            (Question::Turn, Answer::Reply(reply)) => self.turn_answered(reply),
            (Question::Lookup(utf8), Answer::Reply(reply)) => self.send_from_desk(reply, utf8),
            (Question::Login(exchange), Answer::Sasl(answer)) => self.login_answer(exchange, answer),
            _ => self.close(Some(Reply::new(421, Enhanced(4, 3, 0), "internal error"))),
        }
    }

    fn recipient_answered(&mut self, reply: Reply) {
        let Some(transaction) = self.transaction.as_mut() else { return };
        if reply.is_positive() {
            transaction.accepted += 1;
        } else {
            transaction.refused += 1;
        }
        let utf8 = transaction.smtputf8;
        self.send_from_desk(reply, utf8);
    }
}
