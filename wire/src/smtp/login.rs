//! AUTH (RFC 4954): when it is allowed, the lines of an exchange, and how its end is told. The mechanisms are
//! `crate::sasl`'s, the decision is the desk's.

use super::server::{Question, Reading, Server, out_of_order};
use super::{Ask, Enhanced, Reply, Role};
use crate::sasl::line::{self, Line};
use crate::sasl::{self, Channel, Exchange, Mechanism, Next, Refusal};

/// What an AUTH response line waits for.
pub(super) enum Login {
    /// The next response of the exchange.
    Response(Box<Exchange>),
    /// The empty response to the data that came with success (RFC 4954 §4, RFC 5802 §5: the server's signature).
    Acknowledgement,
}

impl Server {
    /// Whether AUTH is offered and allowed now.
    pub(super) fn login_allowed(&self) -> bool {
        self.login_possible() && (self.tls.is_some() || self.profile.plaintext_login)
    }

    fn login_possible(&self) -> bool {
        self.profile.role != Role::Lmtp && !self.profile.mechanisms.is_empty()
    }

    /// The mechanisms of this connection: those with channel binding need a channel to bind to (RFC 9266).
    pub(super) fn mechanisms(&self) -> Vec<Mechanism> {
        let bound = self.exporter().is_some();
        let fits = |mechanism: &Mechanism| bound || *mechanism != Mechanism::ScramSha256Plus;
        self.profile.mechanisms.iter().copied().filter(fits).collect()
    }

    fn exporter(&self) -> Option<[u8; 32]> {
        self.tls.as_ref().and_then(|tls| tls.exporter)
    }

    /// AUTH.
    pub(super) fn auth(&mut self, name: &str, initial: Option<Vec<u8>>) {
        if let Some(refusal) = self.auth_refusal() {
            return self.refuse(refusal);
        }
        let offered = self.mechanisms();
        match Mechanism::parse(name) {
            Some(mechanism) if offered.contains(&mechanism) => {
                let plus_offered = offered.contains(&Mechanism::ScramSha256Plus);
                let channel = Channel { exporter: self.exporter(), plus_offered };
                self.go_on(Box::new(Exchange::start(mechanism, initial, channel)));
            }
            // RFC 4954 §6: known, but weaker than what this server was told to ask for.
            Some(Mechanism::Plain | Mechanism::Login) => {
                self.refuse(Reply::new(534, Enhanced(5, 7, 9), "that mechanism is too weak here"));
            }
            _ => self.refuse(Reply::new(504, Enhanced(5, 5, 4), "no such mechanism here; EHLO lists them")),
        }
    }

    /// RFC 4954 §4: after greeting, once, outside a transaction; RFC 8314: not in the clear.
    fn auth_refusal(&self) -> Option<Reply> {
        if !self.login_possible() {
            Some(Reply::new(502, Enhanced(5, 5, 1), "AUTH is not offered here"))
        } else if self.greeted.is_none() {
            Some(out_of_order("EHLO first"))
        } else if self.logged_in {
            Some(out_of_order("already logged in"))
        } else if self.transaction.is_some() {
            Some(out_of_order("not during a mail transaction"))
        } else if !self.login_allowed() {
            Some(Reply::new(538, Enhanced(5, 7, 11), "logging in needs encryption: STARTTLS first"))
        } else {
            None
        }
    }

    /// One line of an exchange.
    pub(super) fn login_line(&mut self, login: Login, line: &[u8]) {
        // RFC 4954 §4: "*" cancels, and so does what is not base64.
        let response = match line::decode(line) {
            Ok(Line::Response(response)) => response,
            Ok(Line::Cancel) => {
                return self.login_broken(&login, Reply::new(501, Enhanced(5, 7, 0), "login cancelled"));
            }
            Err(error) => return self.login_broken(&login, Reply::new(501, Enhanced(5, 5, 2), error.to_string())),
        };
        match login {
            Login::Response(mut exchange) => {
                exchange.response(&response);
                self.go_on(exchange);
            }
            Login::Acknowledgement if response.is_empty() => self.logged_in(),
            Login::Acknowledgement => {
                let reply = Reply::new(501, Enhanced(5, 5, 2), "an empty line was due");
                self.login_broken(&login, reply);
            }
        }
    }

    /// The client broke off. Where the desk had accepted the login already the connection ends, so that session and
    /// desk never disagree on who is there.
    fn login_broken(&mut self, login: &Login, reply: Reply) {
        match login {
            Login::Response(_) => self.refuse(reply),
            Login::Acknowledgement => self.close(Some(reply)),
        }
    }

    /// Does what the exchange wants next.
    fn go_on(&mut self, mut exchange: Box<Exchange>) {
        match exchange.next() {
            Next::Challenge(data) => self.challenge(&data, Login::Response(exchange)),
            Next::Ask(ask) => self.ask(Ask::Auth(ask), Question::Login(exchange)),
            Next::Accepted { final_data: None } => self.logged_in(),
            Next::Accepted { final_data: Some(data) } => self.challenge(&data, Login::Acknowledgement),
            Next::Refused(refusal) => self.login_refused(refusal),
            Next::Malformed(text) => self.refuse(Reply::new(501, Enhanced(5, 5, 2), text)),
        }
    }

    fn challenge(&mut self, data: &[u8], login: Login) {
        self.send(&Reply::plain(334, line::encode(data)));
        self.reading = Reading::Login(login);
    }

    /// The desk's answer to the exchange's question.
    pub(super) fn login_answer(&mut self, mut exchange: Box<Exchange>, answer: sasl::Answer) {
        exchange.answer(answer);
        self.go_on(exchange);
    }

    fn logged_in(&mut self) {
        self.logged_in = true;
        self.send(&Reply::new(235, Enhanced(2, 7, 0), "logged in"));
    }

    /// RFC 4954 §6.
    fn login_refused(&mut self, refusal: Refusal) {
        self.counts.login_failures += 1;
        if self.counts.login_failures > self.profile.limits.login_failures {
            return self.close(Some(Reply::new(421, Enhanced(4, 7, 0), "too many failed logins")));
        }
        let reply = match refusal {
            Refusal::Credentials => Reply::new(535, Enhanced(5, 7, 8), "name or password is wrong"),
            Refusal::Authorization => Reply::new(535, Enhanced(5, 7, 8), "you may not act as that user"),
            Refusal::TooMany { wait_s } => {
                Reply::new(454, Enhanced(4, 7, 0), format!("too many failed logins; try again in {wait_s} seconds"))
            }
            Refusal::Temporary => Reply::new(454, Enhanced(4, 7, 0), "logging in is not possible now"),
        };
        self.send(&reply);
    }
}
