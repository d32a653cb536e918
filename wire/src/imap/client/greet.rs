//! From the server's greeting to its readiness: CAPABILITY, STARTTLS, AUTHENTICATE or LOGIN (RFC 9051 §6.1, §6.2).

use super::ask::{Refusal, Said};
use super::session::{Client, LoggingIn, State};
use crate::TlsFacts;
use crate::imap::command::Command;
use crate::imap::response::{Status, StatusText};
use crate::sasl::client::{ClientError, Credential, Place};
use crate::sasl::line::{self, Line};
use crate::sasl::{self, Channel, Mechanism, Secret};
use crate::smtp::client::{Login, Tls};
use std::collections::VecDeque;

impl Client {
    pub(super) fn greeted(&mut self, status: StatusText) {
        if let Some(crate::imap::response::Code::Capability(capabilities)) = &status.code {
            self.facts.capabilities.clone_from(capabilities);
        }
        match status.status {
            Status::Ok => self.secure(),
            // RFC 9051 §7.1.4: who is logged in already cannot start TLS any more.
            Status::PreAuth if self.profile.tls == Tls::Required && self.facts.tls.is_none() => {
                self.leave(Said::Refused(Refusal::NoTls));
            }
            Status::PreAuth => {
                self.facts.logged_in = true;
                self.ready();
            }
            Status::No | Status::Bad | Status::Bye => self.lose(Said::Status(status)),
        }
    }

    fn ask_capability(&mut self) {
        let (tag, _) = self.say(Command::Capability);
        self.state = State::Capability(tag);
    }

    pub(super) fn capability_told(&mut self, status: StatusText) {
        if status.status != Status::Ok || self.facts.capabilities.is_empty() {
            return self.leave(Said::Status(status));
        }
        if self.facts.logged_in { self.next() } else { self.secure() }
    }

    /// STARTTLS where it is wanted, then the login.
    fn secure(&mut self) {
        if self.facts.capabilities.is_empty() {
            return self.ask_capability();
        }
        let wanted = self.facts.tls.is_none() && self.profile.tls != Tls::Never;
        match (wanted, self.facts.can("STARTTLS"), self.profile.tls) {
            (true, true, _) => {
                let (tag, _) = self.say(Command::StartTls);
                self.state = State::StartTls(tag);
            }
            (true, false, Tls::Required) => self.leave(Said::Refused(Refusal::NoTls)),
            _ => self.log_in(),
        }
    }

    pub(super) fn tls_answered(&mut self, status: StatusText) {
        match (status.status, self.profile.tls) {
            (Status::Ok, _) => self.start_tls(),
            (_, Tls::Required) => self.leave(Said::Status(status)),
            _ => self.log_in(),
        }
    }

    /// TLS is up: from the start, or after STARTTLS; then what was said before counts for nothing (RFC 9051 §6.2.1).
    pub(super) fn tls_started(&mut self, facts: TlsFacts) {
        match self.state {
            State::Greeting => self.facts.tls = Some(facts),
            State::Handshake => {
                self.facts.tls = Some(facts);
                self.facts.capabilities.clear();
                self.secure();
            }
            _ => {}
        }
    }

    fn log_in(&mut self) {
        let Some(login) = self.profile.login.clone() else { return self.next() };
        let begun = self.mechanism(&login).and_then(|mechanism| {
            let exporter = self.facts.tls.as_ref().and_then(|tls| tls.exporter);
            let plus_offered = self.facts.can("AUTH=SCRAM-SHA-256-PLUS");
            let channel = Channel { exporter, plus_offered };
            let started =
                sasl::client::Client::start(mechanism, (&login.user, &login.credential), channel, &self.random);
            started.ok().map(|(exchange, initial)| (mechanism.name(), exchange, initial))
        });
        let by_login = self.may_say_password(&login) && !self.facts.can("LOGINDISABLED");
        match (begun, login.credential) {
            (Some((name, exchange, initial)), _) => self.authenticate(name, exchange, initial),
            (None, Credential::Password(password)) if by_login => self.by_login(login.user, password),
            (None, _) => self.leave(Said::Refused(Refusal::NoLogin)),
        }
    }

    /// The password itself is not said where others can read it (RFC 9051 §11.1).
    fn may_say_password(&self, login: &Login) -> bool {
        self.facts.tls.is_some() || login.in_the_clear
    }

    fn mechanism(&self, login: &Login) -> Option<Mechanism> {
        let bound = self.facts.tls.as_ref().is_some_and(|tls| tls.exporter.is_some());
        let place = Place { sealed: self.may_say_password(login), bound };
        sasl::client::choose(&login.credential, place, |mechanism| {
            // The command LOGIN does the same in fewer turns.
            mechanism != Mechanism::Login && self.facts.can(&format!("AUTH={}", mechanism.name()))
        })
    }

    fn authenticate(&mut self, name: &str, exchange: sasl::client::Client, initial: Option<Vec<u8>>) {
        // RFC 4959 §3, RFC 9051 §6.2.2.
        let at_once = self.facts.can("SASL-IR") || self.facts.can("IMAP4REV2");
        let (now, later) = if at_once { (initial, None) } else { (None, initial) };
        let (tag, pieces) = self.say(Command::Authenticate { mechanism: name.to_owned(), initial: now });
        self.state = State::Login(Box::new(LoggingIn { tag, exchange: Some(exchange), initial: later, pieces }));
    }

    fn by_login(&mut self, user: String, password: Secret) {
        let (tag, pieces) = self.say(Command::Login { user, password });
        self.state = State::Login(Box::new(LoggingIn { tag, exchange: None, initial: None, pieces }));
    }

    /// `+` in a login.
    pub(super) fn challenged(&mut self, text: &[u8]) {
        let State::Login(login) = &mut self.state else { return };
        let said = match (&mut login.exchange, login.initial.take()) {
            (None, _) => match login.pieces.pop_front() {
                Some(piece) => Ok(piece),
                None => Err(ClientError::Malformed),
            },
            (Some(_), Some(initial)) => Ok(format!("{}\r\n", line::encode(&initial)).into()),
            (Some(exchange), None) => answer(exchange, text).map(|answer| format!("{answer}\r\n").into()),
        };
        match said {
            Ok(said) => self.send(said),
            Err(ClientError::Unproven) => self.lose(Said::Refused(Refusal::Unproven)),
            Err(ClientError::Malformed | ClientError::Login) => self.garbage(&String::from_utf8_lossy(text)),
        }
    }

    /// The end of a login. Who says yes before the password was said has not looked at it.
    pub(super) fn logged_in(&mut self, status: StatusText) {
        let State::Login(login) = &self.state else { return };
        if status.status != Status::Ok {
            return self.leave(Said::Status(status));
        }
        let early = login.initial.is_some() || login.pieces != VecDeque::new();
        let proven = login.exchange.as_ref().is_none_or(|exchange| exchange.accepted().is_ok());
        if early || !proven {
            return self.lose(Said::Refused(Refusal::Unproven));
        }
        self.facts.logged_in = true;
        // RFC 9051 §6.2.3: what the server can do may have changed with it.
        if !matches!(status.code, Some(crate::imap::response::Code::Capability(_))) {
            self.facts.capabilities.clear();
        }
        self.ready();
    }

    fn ready(&mut self) {
        if self.facts.capabilities.is_empty() { self.ask_capability() } else { self.next() }
    }
}

/// The line that answers a challenge.
fn answer(exchange: &mut sasl::client::Client, text: &[u8]) -> Result<String, ClientError> {
    match line::decode(text.trim_ascii_end()) {
        Ok(Line::Response(challenge)) => exchange.challenge(&challenge).map(|response| line::encode(&response)),
        Ok(Line::Cancel) | Err(_) => Err(ClientError::Malformed),
    }
}
