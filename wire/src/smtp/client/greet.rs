//! From the peer's greeting to its readiness: EHLO or LHLO with HELO to fall back on (RFC 5321 §3.2), STARTTLS
//! (RFC 3207) and AUTH (RFC 4954).

use super::ask::{Refusal, Said, Stage};
use super::command;
use super::extensions::Extensions;
use super::limits::COMMAND_LINE;
use super::profile::{Login, Role, Tls};
use super::reply::kept;
use super::session::{Auth, Client, State};
use crate::TlsFacts;
use crate::sasl::client::{ClientError, Place};
use crate::sasl::line::{self, Line};
use crate::sasl::{self, Channel, Mechanism};
use crate::smtp::{Reply, Verb};

/// The first digit of a reply says what to do, whatever the others are (RFC 5321 §4.2.1).
pub(super) enum Class {
    Positive,
    Intermediate,
    Negative,
}

impl Class {
    pub fn of(reply: &Reply) -> Class {
        match reply.code {
            ..300 => Class::Positive,
            300..400 => Class::Intermediate,
            400.. => Class::Negative,
        }
    }
}

impl Client {
    pub(super) fn banner(&mut self, reply: Reply) {
        match Class::of(&reply) {
            Class::Positive => self.hello(),
            Class::Intermediate => self.misfit(&reply),
            // RFC 5321 §3.1: even then it wants to hear QUIT.
            Class::Negative => self.leave(Stage::Banner, kept(reply)),
        }
    }

    fn hello(&mut self) {
        match self.profile.role {
            Role::Smtp => self.greet(Verb::Ehlo),
            Role::Lmtp => self.greet(Verb::Lhlo),
        }
    }

    fn greet(&mut self, verb: Verb) {
        let word = match verb {
            Verb::Helo => "HELO",
            Verb::Ehlo => "EHLO",
            Verb::Lhlo => "LHLO",
        };
        let line = command::greeting(word, &self.profile.name);
        self.send(line);
        self.state = State::Hello(verb);
    }

    pub(super) fn hello_answered(&mut self, verb: Verb, reply: Reply) {
        match Class::of(&reply) {
            Class::Positive => self.welcomed(verb, &reply),
            Class::Intermediate => self.misfit(&reply),
            // RFC 5321 §3.2: 500 and 502 say that EHLO is not known; old servers say so in other ways too.
            Class::Negative if verb == Verb::Ehlo && reply.code >= 500 => self.greet(Verb::Helo),
            Class::Negative => self.leave(Stage::Hello, kept(reply)),
        }
    }

    fn welcomed(&mut self, verb: Verb, reply: &Reply) {
        let first = reply.lines.first().map(|line| line.split(' ').next().unwrap_or_default());
        self.facts.name = first.unwrap_or_default().chars().filter(char::is_ascii_graphic).collect();
        self.facts.extensions = if verb == Verb::Helo { Extensions::default() } else { Extensions::read(reply) };
        let wanted = self.facts.tls.is_none() && self.profile.tls != Tls::Never;
        match (wanted, self.facts.extensions.starttls, self.profile.tls) {
            (true, true, _) => {
                self.send("STARTTLS\r\n");
                self.state = State::StartTls;
            }
            (true, false, Tls::Required) => self.leave(Stage::StartTls, Said::Refused(Refusal::NoTls)),
            _ => self.log_in(),
        }
    }

    pub(super) fn tls_answered(&mut self, reply: Reply) {
        match (Class::of(&reply), self.profile.tls) {
            (Class::Positive, _) => self.start_tls(),
            (Class::Intermediate, _) => self.misfit(&reply),
            (Class::Negative, Tls::Required) => self.leave(Stage::StartTls, kept(reply)),
            (Class::Negative, _) => self.log_in(),
        }
    }

    /// TLS is up: from the start, or after STARTTLS; then what was said before counts for nothing (RFC 3207 §4.2).
    pub(super) fn tls_started(&mut self, facts: TlsFacts) {
        match self.state {
            State::Banner => self.facts.tls = Some(facts),
            State::Handshake => {
                self.facts.tls = Some(facts);
                self.facts.extensions = Extensions::default();
                self.hello();
            }
            _ => {}
        }
    }

    fn log_in(&mut self) {
        let Some(login) = self.profile.login.clone() else { return self.next() };
        let begun = self.mechanism(&login).and_then(|mechanism| {
            let exporter = self.facts.tls.as_ref().and_then(|tls| tls.exporter);
            let plus_offered = self.facts.extensions.auth.contains(&Mechanism::ScramSha256Plus);
            let channel = Channel { exporter, plus_offered };
            let started =
                sasl::client::Client::start(mechanism, (&login.user, &login.credential), channel, &self.random);
            started.ok().map(|(exchange, initial)| (mechanism, exchange, initial))
        });
        match begun {
            Some((mechanism, exchange, initial)) => self.auth(mechanism, exchange, initial),
            None => self.leave(Stage::Auth, Said::Refused(Refusal::NoLogin)),
        }
    }

    /// The best mechanism the peer offers; the password itself is not said where others can read it (RFC 4954 §9).
    fn mechanism(&self, login: &Login) -> Option<Mechanism> {
        let sealed = self.facts.tls.is_some() || login.in_the_clear;
        let bound = self.facts.tls.as_ref().is_some_and(|tls| tls.exporter.is_some());
        let offered = &self.facts.extensions.auth;
        sasl::client::choose(&login.credential, Place { sealed, bound }, |mechanism| offered.contains(&mechanism))
    }

    fn auth(&mut self, mechanism: Mechanism, exchange: sasl::client::Client, initial: Option<Vec<u8>>) {
        let bare = format!("AUTH {}\r\n", mechanism.name());
        let full = initial.as_ref().map(|data| format!("AUTH {} {}\r\n", mechanism.name(), line::encode_initial(data)));
        // RFC 4954 §4: an initial response that makes the command too long is sent to the empty challenge.
        let (line, initial) = match full {
            Some(full) if full.len() <= COMMAND_LINE => (full, None),
            _ => (bare, initial),
        };
        self.send(line);
        self.state = State::Auth(Box::new(Auth { exchange, initial }));
    }

    pub(super) fn auth_answered(&mut self, reply: Reply) {
        let State::Auth(auth) = &mut self.state else { return };
        let said = match Class::of(&reply) {
            Class::Intermediate => auth.challenged(&reply).map(Some),
            Class::Positive => auth.accepted().map(|()| None),
            Class::Negative => return self.leave(Stage::Auth, kept(reply)),
        };
        match said {
            Ok(Some(response)) => self.send(format!("{}\r\n", line::encode(&response))),
            Ok(None) => {
                self.facts.logged_in = true;
                self.next();
            }
            Err(ClientError::Unproven) => self.lose(Said::Refused(Refusal::Unproven)),
            Err(ClientError::Malformed | ClientError::Login) => self.misfit(&reply),
        }
    }
}

impl Auth {
    /// The response to 334.
    fn challenged(&mut self, reply: &Reply) -> Result<Vec<u8>, ClientError> {
        if let Some(initial) = self.initial.take() {
            return Ok(initial);
        }
        let text = reply.lines.first().map_or("", |line| line.trim_end());
        match line::decode(text.as_bytes()) {
            Ok(Line::Response(challenge)) => self.exchange.challenge(&challenge),
            Ok(Line::Cancel) | Err(_) => Err(ClientError::Malformed),
        }
    }

    /// 235 came. Who says yes before the password was said has not looked at it.
    fn accepted(&self) -> Result<(), ClientError> {
        if self.initial.is_some() { Err(ClientError::Malformed) } else { self.exchange.accepted() }
    }
}
