//! The commands of a transaction in their order, in groups where the peer takes them (RFC 2920), the content by DATA
//! (RFC 5321 §4.1.1.4) or BDAT (RFC 3030), and what the replies decide.

use super::ask::{Conclusion, Outcome, Said, Stage, Transaction};
use super::command;
use super::greet::Class;
use super::limits::GROUP;
use super::profile::Role;
use super::reply::kept;
use super::running::{Content, Due, Running};
use super::session::{Client, State};
use crate::session::{Framing, Relay};
use crate::smtp::Reply;

const DATA: &str = "DATA\r\n";

impl Client {
    /// The desk's next transaction.
    pub(super) fn begin(&mut self, transaction: Transaction) {
        if let Some(said) = self.ending() {
            let outcomes = all(&transaction, &said);
            self.tell(Conclusion { outcomes, ends: true });
            return self.part();
        }
        let offered = &self.facts.extensions;
        let mail = match command::refusal(&transaction, offered) {
            Some(refusal) => Err(refusal),
            None => command::mail(&transaction, offered),
        };
        match mail {
            Ok(mail) => {
                let mut running = Running::new(transaction);
                self.write_recipients(&mut running);
                running.unsent.push_front((Due::Mail, mail));
                self.start(running);
            }
            Err(refusal) => {
                let outcomes = all(&transaction, &Said::Refused(refusal));
                self.tell(Conclusion { outcomes, ends: false });
                self.next();
            }
        }
    }

    /// One RCPT for every recipient that can be named.
    fn write_recipients(&self, running: &mut Running) {
        let smtputf8 = running.transaction.smtputf8;
        for index in 0..running.outcomes.len() {
            let Some(recipient) = running.transaction.recipients.get(index) else { continue };
            match command::rcpt(recipient, &self.facts.extensions, smtputf8) {
                Ok(line) => running.unsent.push_back((Due::Rcpt(index), line)),
                Err(refusal) => running.decide(index, Stage::Rcpt, Said::Refused(refusal)),
            }
        }
    }

    fn start(&mut self, mut running: Running) {
        if running.is_decided() {
            return self.conclude(running);
        }
        self.facts.transactions += 1;
        self.send_group(&mut running);
        self.state = State::Transaction(Box::new(running));
    }

    /// Sends as many commands as may go without hearing the replies: one, or a group (RFC 2920 §3.1), whose last may be
    /// DATA.
    fn send_group(&mut self, running: &mut Running) {
        let grouped = self.facts.extensions.pipelining;
        let mut octets = 0;
        while let Some((due, line)) = running.unsent.pop_front() {
            if octets > 0 && (!grouped || octets + line.len() > GROUP) {
                running.unsent.push_front((due, line));
                return;
            }
            octets += line.len();
            running.due.push_back(due);
            self.send(line);
        }
        let by_chunk = self.by_chunk(&running.transaction);
        if grouped && !by_chunk && octets + DATA.len() <= GROUP {
            self.ask_for_content(running);
        }
    }

    fn by_chunk(&self, transaction: &Transaction) -> bool {
        command::by_chunk(transaction, &self.facts.extensions, self.profile.chunking)
    }

    fn ask_for_content(&mut self, running: &mut Running) {
        self.send(DATA);
        running.due.push_back(Due::Data);
        running.content = Content::Asked;
    }

    pub(super) fn transaction_answered(&mut self, reply: Reply) {
        let State::Transaction(mut running) = std::mem::replace(&mut self.state, State::Idle) else { return };
        let Some(due) = running.due.front().copied() else { return };
        if !fits(due, &reply) {
            self.state = State::Transaction(running);
            return self.misfit(&reply);
        }
        running.due.pop_front();
        judge(&mut running, due, reply);
        if running.due.is_empty() {
            self.advance(running);
        } else {
            self.state = State::Transaction(running);
        }
    }

    /// All replies are here; what is next?
    fn advance(&mut self, mut running: Box<Running>) {
        match running.content {
            Content::Sent => return self.conclude(*running),
            Content::Wanted if running.is_decided() => return self.send_lone_dot(running),
            Content::Wanted => self.send_content(&mut running, Framing::DotStuffed { lines: None }),
            // RFC 2920 §3.1: all replies of a group are looked at, so a DATA that failed may still be due a reply above.
            _ if running.is_decided() => return self.conclude(*running),
            Content::NotAsked if !running.unsent.is_empty() => self.send_group(&mut running),
            Content::NotAsked if self.by_chunk(&running.transaction) => {
                self.send(format!("BDAT {} LAST\r\n", running.transaction.size));
                self.send_content(&mut running, Framing::Raw);
            }
            Content::NotAsked | Content::Asked => self.ask_for_content(&mut running),
        }
        self.state = State::Transaction(running);
    }

    fn send_content(&mut self, running: &mut Running, framing: Framing) {
        self.relay(Relay { source: running.transaction.source, framing });
        running.content = Content::Sent;
        running.sending = true;
        running.chunked = framing == Framing::Raw;
        running.half_way = false;
        match self.profile.role {
            Role::Smtp => running.due.push_back(Due::Dot),
            // RFC 2033 §4.2: a reply for each recipient that was accepted.
            Role::Lmtp => {
                let accepted: Vec<Due> = running.undecided().map(Due::DotFor).collect();
                running.due.extend(accepted);
            }
        }
    }

    /// RFC 2920 §3.1: nobody is left, and the peer waits for content all the same.
    fn send_lone_dot(&mut self, mut running: Box<Running>) {
        self.send(".\r\n");
        match self.profile.role {
            Role::Smtp => {
                running.content = Content::Sent;
                running.half_way = false;
                running.due.push_back(Due::LoneDot);
                self.state = State::Transaction(running);
            }
            // RFC 2033 §4.2 has it refuse DATA; how many replies one that does not gives now nobody can tell.
            Role::Lmtp => {
                self.tell(Conclusion { outcomes: running.outcomes(), ends: true });
                self.close();
            }
        }
    }

    /// Tells the desk, and goes on: with RSET where the peer may be half way in a transaction. That goes out first, so
    /// that the peer forgets while the desk remembers.
    fn conclude(&mut self, running: Running) {
        let reset = running.half_way && !self.draining;
        if reset {
            self.send("RSET\r\n");
            self.state = State::Reset;
        }
        self.tell(Conclusion { outcomes: running.outcomes(), ends: self.draining });
        if self.draining {
            self.quit();
        } else if !reset {
            self.next();
        }
    }

    pub(super) fn reset_answered(&mut self, reply: Reply) {
        match Class::of(&reply) {
            Class::Positive => self.next(),
            Class::Intermediate => self.misfit(&reply),
            Class::Negative => self.leave(Stage::Reset, kept(reply)),
        }
    }
}

/// The same for every recipient, before anything was sent.
fn all(transaction: &Transaction, said: &Said) -> Vec<Outcome> {
    transaction.recipients.iter().map(|_| Outcome { stage: Stage::Mail, said: said.clone() }).collect()
}

/// Whether the reply is of a class that goes with the command: 3yz with DATA only, and 2yz with all else.
fn fits(due: Due, reply: &Reply) -> bool {
    match Class::of(reply) {
        Class::Positive => due != Due::Data,
        Class::Intermediate => due == Due::Data,
        Class::Negative => true,
    }
}

/// What a reply decides.
fn judge(running: &mut Running, due: Due, reply: Reply) {
    let negative = matches!(Class::of(&reply), Class::Negative);
    match due {
        Due::Mail if negative => running.decide_rest(Stage::Mail, &kept(reply)),
        Due::Mail => running.half_way = true,
        Due::Rcpt(index) if negative => running.decide(index, Stage::Rcpt, kept(reply)),
        Due::Rcpt(_) | Due::LoneDot => {}
        Due::Data if negative => running.decide_rest(Stage::Data, &kept(reply)),
        Due::Data => running.content = Content::Wanted,
        Due::Dot | Due::DotFor(_) => {
            // RFC 3030 §2: RSET is a must after a chunk that failed.
            running.half_way |= negative && running.chunked;
            match due {
                Due::DotFor(index) => running.decide(index, Stage::Dot, kept(reply)),
                _ => running.decide_rest(Stage::Dot, &kept(reply)),
            }
        }
    }
}
