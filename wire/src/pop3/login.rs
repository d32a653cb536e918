//! Logging in: USER and PASS, APOP (RFC 1939 §7), AUTH (RFC 5034). When each is allowed, the lines of an exchange, and
//! how its end is told. The mechanisms are `crate::sasl`'s, the decision is the desk's.

use super::Ask;
use super::reply::{Code, Reply};
use super::server::{Out, Question, Reading, Server, State};
use crate::sasl::line::{self, Line};
use crate::sasl::{self, Channel, Exchange, Mechanism, Next, Refusal, Secret};

const NEEDS_TLS: &str = "logging in needs encryption: STLS first";

/// What an AUTH response line waits for.
pub(super) enum Login {
    /// The next response of the exchange.
    Response(Box<Exchange>),
    /// The empty response to the data that came with success: POP3 has no room for it elsewhere (RFC 5034 §4).
    Acknowledgement,
}

impl Server {
    /// Not in the clear, unless the operator says so (RFC 2595 §4, RFC 8314 §4.1).
    pub(super) fn login_allowed(&self) -> bool {
        self.tls.is_some() || self.profile.plaintext_login
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

    /// Refuses what only a login in the clear would need. Whether it did.
    fn needs_tls(&mut self) -> bool {
        self.refuses_in_the_clear(Reply::err(NEEDS_TLS))
    }

    /// Refuses to log in in the clear, which is against policy, so that `[AUTH]` fits (RFC 3206 §5). Whether it did.
    fn login_needs_tls(&mut self) -> bool {
        self.refuses_in_the_clear(Reply::coded(Code::Auth, NEEDS_TLS))
    }

    fn refuses_in_the_clear(&mut self, reply: Reply) -> bool {
        let refuses = !self.login_allowed();
        if refuses {
            self.refuse(reply);
        }
        refuses
    }

    /// Says the same of every name (RFC 1939 §7 would let it tell which are known), and never `[AUTH]`, which would be
    /// read as a word about the name (RFC 3206 §5).
    pub(super) fn user(&mut self, name: String) {
        if self.needs_tls() {
            return;
        }
        if let State::Authorization { username, .. } = &mut self.state {
            *username = Some(name);
            self.send(&Reply::ok("and the password?"));
        }
    }

    pub(super) fn pass(&mut self, password: Secret) {
        if self.login_needs_tls() {
            return;
        }
        let State::Authorization { username, .. } = &mut self.state else { return };
        match username.take() {
            None => self.refuse(Reply::err("USER first")),
            Some(username) => {
                let ask = sasl::Ask::Password { authorization: None, username, password };
                self.ask(Ask::Login(ask), Question::Password);
            }
        }
    }

    pub(super) fn apop(&mut self, name: String, digest: [u8; 16]) {
        if self.profile.apop_timestamp.is_none() {
            return self.refuse(Reply::err("APOP is not offered here"));
        }
        if !self.login_needs_tls() {
            self.ask(Ask::Apop { name, digest }, Question::Password);
        }
    }

    pub(super) fn auth_list(&mut self) {
        if self.needs_tls() {
            return;
        }
        let names: Vec<String> = self.mechanisms().iter().map(|mechanism| mechanism.name().to_owned()).collect();
        self.send_lines(&Reply::ok("mechanisms"), &names);
    }

    pub(super) fn auth(&mut self, name: &str, initial: Option<Vec<u8>>) {
        if self.login_needs_tls() {
            return;
        }
        let offered = self.mechanisms();
        match Mechanism::parse(name) {
            Some(mechanism) if offered.contains(&mechanism) => {
                let plus_offered = offered.contains(&Mechanism::ScramSha256Plus);
                let channel = Channel { exporter: self.exporter(), plus_offered };
                self.go_on(Box::new(Exchange::start(mechanism, initial, channel)));
            }
            _ => self.refuse(Reply::err("no such mechanism here; CAPA lists them")),
        }
    }

    /// One line of an exchange.
    pub(super) fn login_line(&mut self, login: Login, line: &[u8]) {
        // RFC 5034 §4: "*" cancels, and so does what is not base64.
        let response = match line::decode(line) {
            Ok(Line::Response(response)) => response,
            Ok(Line::Cancel) => return self.login_broken(&login, Reply::err("login cancelled")),
            Err(error) => return self.login_broken(&login, Reply::err(error.to_string())),
        };
        match login {
            Login::Response(mut exchange) => {
                exchange.response(&response);
                self.go_on(exchange);
            }
            Login::Acknowledgement if response.is_empty() => self.logged_in(),
            Login::Acknowledgement => self.login_broken(&login, Reply::err("an empty line was due")),
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
            Next::Ask(ask) => self.ask(Ask::Login(ask), Question::Login(exchange)),
            Next::Accepted { final_data: None } => self.logged_in(),
            Next::Accepted { final_data: Some(data) } => self.challenge(&data, Login::Acknowledgement),
            Next::Refused(refusal) => self.login_refused(refusal),
            Next::Malformed(text) => self.refuse(Reply::err(text)),
        }
    }

    /// Of any length: no status line (RFC 5034 §4).
    fn challenge(&mut self, data: &[u8], login: Login) {
        self.put(Out::Send(format!("+ {}\r\n", line::encode(data)).into()));
        self.reading = Reading::Login(login);
    }

    /// The desk's answer to the exchange's question.
    pub(super) fn login_answered(&mut self, mut exchange: Box<Exchange>, answer: sasl::Answer) {
        exchange.answer(answer);
        self.go_on(exchange);
    }

    /// The desk's answer to PASS or APOP.
    pub(super) fn password_answered(&mut self, answer: &sasl::Answer) {
        match answer {
            sasl::Answer::Accepted { .. } => self.logged_in(),
            sasl::Answer::Refused(refusal) => self.login_refused(*refusal),
            sasl::Answer::Scram { .. } => self.close(Some(Reply::coded(Code::SysTemp, "internal error"))),
        }
    }

    /// The login is told with the maildrop, or that there is none.
    fn logged_in(&mut self) {
        self.ask(Ask::Open, Question::Open);
    }

    /// RFC 3206 §5: `[AUTH]` says that name or password is wrong, never which.
    fn login_refused(&mut self, refusal: Refusal) {
        self.counts.login_failures += 1;
        if self.counts.login_failures > self.profile.limits.login_failures {
            return self.close(Some(Reply::coded(Code::Auth, "too many failed logins")));
        }
        let reply = match refusal {
            Refusal::Credentials => Reply::coded(Code::Auth, "name or password is wrong"),
            Refusal::Authorization => Reply::coded(Code::Auth, "you may not act as that user"),
            Refusal::TooMany { wait_s } => {
                Reply::coded(Code::SysTemp, format!("too many failed logins; try again in {wait_s} seconds"))
            }
            Refusal::Temporary => Reply::coded(Code::SysTemp, "logging in is not possible now"),
        };
        self.send(&reply);
    }
}
