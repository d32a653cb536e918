//! The classic commands that a house carries out only if it is told to: SEND and its kin (RFC 821 §3.4), and those that
//! ask for waiting mail: ETRN (RFC 1985), ATRN (RFC 2645) and TURN (RFC 821 §3.8). Whose mail a client may ask for, and
//! where screens are, is the desk's to say.

use super::server::{Out, Question, Reading, Server, out_of_order};
use super::{Ask, CommandError, Enhanced, Node, Reply, Sender};
use message::Domain;

fn not_implemented() -> Reply {
    Reply::new(502, Enhanced(5, 5, 1), "not implemented; HELP tells what to use instead")
}

impl Server {
    pub(super) fn send_command(&mut self, sender: Result<Sender, CommandError>, ascii: bool) {
        match sender {
            _ if !self.profile.classic.sends => self.refuse(not_implemented()),
            Ok(sender) => self.mail(sender, ascii),
            Err(error) => self.refuse(error.reply()),
        }
    }

    pub(super) fn etrn(&mut self, node: Result<Node, CommandError>) {
        match (self.turn_refusal(), node) {
            (Some(refusal), _) => self.refuse(refusal),
            (None, Ok(node)) => self.ask(Ask::Start(node), Question::Lookup(false)),
            (None, Err(error)) => self.refuse(error.reply()),
        }
    }

    pub(super) fn turn(&mut self, domains: Result<Vec<Domain>, CommandError>) {
        match (self.turn_refusal(), domains) {
            (Some(refusal), _) => self.refuse(refusal),
            (None, Ok(domains)) => self.ask(Ask::Turn(domains), Question::Turn),
            (None, Err(error)) => self.refuse(error.reply()),
        }
    }

    /// Why nobody's waiting mail can be asked for now.
    fn turn_refusal(&self) -> Option<Reply> {
        if !self.profile.classic.turns {
            return Some(not_implemented());
        }
        if self.greeted.is_none() {
            return Some(out_of_order("greet first"));
        }
        // RFC 1985 §5: not while a transaction is open.
        if self.transaction.is_some() {
            return Some(out_of_order("a mail transaction is open; RSET drops it"));
        }
        // RFC 2645 §5.2: 530 before login. TURN is no safer than the proof of who the client is (RFC 5321 Appendix F.1).
        (!self.logged_in).then(|| Reply::new(530, Enhanced(5, 7, 0), "log in first"))
    }

    /// After a positive reply the client is the server (RFC 2645 §5.2.2): this session has nothing more to say.
    pub(super) fn turn_answered(&mut self, reply: Reply) {
        let turns = reply.is_positive();
        self.send_from_desk(reply, false);
        if turns {
            self.out.push_back(Out::Turn);
            self.reading = Reading::Closed;
        }
    }
}
