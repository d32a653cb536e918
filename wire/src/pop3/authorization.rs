//! The AUTHORIZATION state (RFC 1939 §4): USER and PASS, APOP, AUTH (RFC 5034), STLS (RFC 2595), UTF8 (RFC 6856).

use super::server::{Out, Question, Reading, Server, State};
use super::transaction::Session as Visit;
use super::{Ask, Command, Maildrop, Refusal};
use crate::sasl::{self, Channel, Exchange, Mechanism, NAME_MAX, Next, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

const ENCRYPT_FIRST: &str = "[AUTH] logging in needs encryption: STLS first";

impl Server {
    /// RFC 8314 §3.1: a login in the clear only where the client's network is listed.
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

    pub(super) fn authorize(&mut self, command: Command) {
        match command {
            Command::User(_) | Command::Pass(_) | Command::Apop { .. } if !self.login_allowed() => {
                self.refuse(ENCRYPT_FIRST);
            }
            Command::User(name) => self.user(name),
            Command::Pass(password) => self.pass(password),
            Command::Apop { name, digest } => self.apop(name, digest),
            Command::Auth(None) => self.list_mechanisms(),
            Command::Auth(Some((name, initial))) => self.auth(&name, initial),
            Command::Stls => self.start_tls(),
            Command::Utf8 => {
                self.utf8 = true;
                self.ok("UTF-8 it is");
            }
            _ => self.refuse("log in first"),
        }
    }

    /// The same words whether there is such a user or not (RFC 3206 §4).
    fn user(&mut self, name: String) {
        if name.len() > NAME_MAX {
            return self.refuse("that name is too long");
        }
        self.state = State::Authorization { user: Some(name) };
        self.ok("and the password?");
    }

    fn pass(&mut self, password: Secret) {
        let State::Authorization { user } = &mut self.state else { return };
        match user.take() {
            None => self.refuse("USER first"),
            Some(username) => {
                let ask = sasl::Ask::Password { authorization: None, username, password };
                self.ask(Ask::Login(ask), Question::Login);
            }
        }
    }

    fn apop(&mut self, name: String, digest: [u8; 16]) {
        if self.profile.apop_timestamp.is_none() {
            return self.refuse("APOP is not offered here");
        }
        self.ask(Ask::Apop { name, digest }, Question::Login);
    }

    /// What clients older than CAPA ask (RFC 1734's answer to a bare AUTH, as they know it).
    fn list_mechanisms(&mut self) {
        if !self.login_allowed() {
            return self.refuse(ENCRYPT_FIRST);
        }
        self.ok("these are my mechanisms");
        for mechanism in self.mechanisms() {
            self.send(mechanism.name());
        }
        self.send(".");
    }

    fn auth(&mut self, name: &str, initial: Option<Vec<u8>>) {
        if !self.login_allowed() {
            return self.refuse(ENCRYPT_FIRST);
        }
        let offered = self.mechanisms();
        match Mechanism::parse(name).filter(|mechanism| offered.contains(mechanism)) {
            None => self.refuse("no such mechanism here; CAPA lists them"),
            Some(mechanism) => {
                let plus_offered = offered.contains(&Mechanism::ScramSha256Plus);
                let channel = Channel { exporter: self.exporter(), plus_offered };
                self.go_on(Box::new(Exchange::start(mechanism, initial, channel)));
            }
        }
    }

    /// One line of an exchange (RFC 5034 §4).
    pub(super) fn login_line(&mut self, exchange: Option<Box<Exchange>>, line: &[u8]) {
        let broken = match (line, STANDARD.decode(line), exchange) {
            (b"*", _, exchange) => ("login cancelled", exchange.is_none()),
            (_, Err(_), exchange) => ("that is not base64", exchange.is_none()),
            (_, Ok(response), Some(mut exchange)) => {
                exchange.response(&response);
                return self.go_on(exchange);
            }
            (_, Ok(response), None) if response.is_empty() => return self.logged_in(),
            (_, Ok(_), None) => ("an empty line was due", true),
        };
        // Where the desk had accepted the login the connection ends, so that both agree on who is there.
        if broken.1 { self.close(Some(broken.0)) } else { self.refuse(broken.0) }
    }

    fn go_on(&mut self, mut exchange: Box<Exchange>) {
        match exchange.next() {
            Next::Challenge(data) => {
                self.send(&format!("+ {}", STANDARD.encode(data)));
                self.reading = Reading::Login(Some(exchange));
            }
            Next::Ask(ask) => self.ask(Ask::Login(ask), Question::Exchange(exchange)),
            Next::Accepted { final_data: None } => self.logged_in(),
            Next::Accepted { final_data: Some(data) } => {
                self.send(&format!("+ {}", STANDARD.encode(data)));
                self.reading = Reading::Login(None);
            }
            Next::Refused(refusal) => self.login_refused(refusal),
            Next::Malformed(text) => self.refuse(text),
        }
    }

    pub(super) fn exchange_answer(&mut self, mut exchange: Box<Exchange>, answer: sasl::Answer) {
        exchange.answer(answer);
        self.go_on(exchange);
    }

    pub(super) fn login_answer(&mut self, answer: sasl::Answer) {
        match answer {
            sasl::Answer::Accepted { .. } => self.logged_in(),
            sasl::Answer::Refused(refusal) => self.login_refused(refusal),
            sasl::Answer::Scram { .. } => self.login_refused(sasl::Refusal::Temporary),
        }
    }

    fn logged_in(&mut self) {
        self.ask(Ask::Open, Question::Open);
    }

    /// RFC 3206 §4: `[AUTH]` where the name or password is wrong, `[SYS/TEMP]` where trying again helps.
    fn login_refused(&mut self, refusal: sasl::Refusal) {
        self.login_failures += 1;
        if self.login_failures > self.profile.limits.login_failures {
            return self.close(Some("[AUTH] too many failed logins"));
        }
        match refusal {
            sasl::Refusal::Credentials => self.err("[AUTH] name or password is wrong"),
            sasl::Refusal::Authorization => self.err("[AUTH] you may not act as that user"),
            sasl::Refusal::TooMany { wait_s } => {
                self.err(&format!("[SYS/TEMP] too many failed logins; try again in {wait_s} seconds"));
            }
            sasl::Refusal::Temporary => self.err("[SYS/TEMP] logging in is not possible now"),
        }
    }

    pub(super) fn opened(&mut self, maildrop: Arc<Maildrop>) {
        let visit = Visit::new(maildrop);
        let text = format!("{} messages, {} octets", visit.count(), visit.octets());
        self.state = State::Transaction(visit);
        self.ok(&text);
    }

    /// Logged in, but the maildrop cannot be opened: back to the start where trying again may help.
    pub(super) fn not_opened(&mut self, refusal: Refusal) {
        let text = match refusal {
            Refusal::Permanent | Refusal::Gone => "[SYS/PERM] the maildrop cannot be opened; tell the postmaster",
            Refusal::Temporary => "[SYS/TEMP] the maildrop cannot be opened now",
        };
        self.close(Some(text));
    }

    /// RFC 2595 §4.
    fn start_tls(&mut self) {
        if self.tls.is_some() {
            return self.refuse("TLS is up already");
        }
        if !self.profile.tls_available {
            return self.refuse("[SYS/PERM] there is no certificate");
        }
        self.ok("begin TLS");
        self.push(Out::StartTls);
        self.reading = Reading::Handshake;
    }
}
