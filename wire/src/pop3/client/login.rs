//! The login: AUTH (RFC 5034), APOP and USER with PASS (RFC 1939 §7), the best that server and profile allow. A login that
//! was refused is not tried another way: the password would be guessed twice.

use super::ask::{Refusal, Said};
use super::limits::AUTH_COMMAND;
use super::reply::Reply;
use super::session::{Client, State};
use crate::sasl::client::{ClientError, Place};
use crate::sasl::line::{self, Line};
use crate::sasl::{self, Channel, Mechanism};
use crate::smtp::client::Login;
use md5::{Digest, Md5};
use std::fmt::Write as _;

/// A login under way.
pub(super) enum LoggingIn {
    /// AUTH.
    Sasl {
        exchange: sasl::client::Client,
        /// What is to be said to the empty challenge.
        initial: Option<Vec<u8>>,
    },
    /// USER was said.
    User { password: String },
    /// PASS or APOP was said.
    Last,
}

impl Client {
    pub(super) fn log_in(&mut self) {
        let login = self.profile.login.clone();
        let Some(mechanism) = self.mechanism(&login) else { return self.log_in_plainly(&login) };
        let exporter = self.facts.tls.as_ref().and_then(|tls| tls.exporter);
        let channel = Channel { exporter, plus_offered: self.offers(Mechanism::ScramSha256Plus) };
        let started = sasl::client::Client::start(mechanism, (&login.user, &login.credential), channel, &self.random);
        match started {
            Ok((exchange, initial)) => self.authenticate(mechanism, exchange, initial),
            Err(_) => self.leave(Said::Refused(Refusal::Unsayable)),
        }
    }

    fn offers(&self, mechanism: Mechanism) -> bool {
        self.facts.arguments("SASL").is_some_and(|mut names| names.any(|name| name == mechanism.name()))
    }

    fn mechanism(&self, login: &Login) -> Option<Mechanism> {
        let bound = self.facts.tls.as_ref().is_some_and(|tls| tls.exporter.is_some());
        let place = Place { sealed: self.may_say_password(login), bound };
        sasl::client::choose(&login.credential, place, |mechanism| self.offers(mechanism))
    }

    /// The password itself is not said where others can read it (RFC 2595 §2.2).
    fn may_say_password(&self, login: &Login) -> bool {
        self.facts.tls.is_some() || login.in_the_clear
    }

    /// RFC 5034 §4: an initial response goes with the command where the line stays short.
    fn authenticate(&mut self, mechanism: Mechanism, exchange: sasl::client::Client, initial: Option<Vec<u8>>) {
        let bare = format!("AUTH {}", mechanism.name());
        let whole = initial.as_ref().map(|initial| format!("{bare} {}", line::encode_initial(initial)));
        let (command, initial) = match whole.filter(|whole| whole.len() + 2 <= AUTH_COMMAND) {
            Some(whole) => (whole, None),
            None => (bare, initial),
        };
        self.send(&command);
        self.state = State::Login(Box::new(LoggingIn::Sasl { exchange, initial }));
    }

    fn log_in_plainly(&mut self, login: &Login) {
        // A token is said by its mechanisms alone.
        let Some(secret) = login.credential.password() else { return self.leave(Said::Refused(Refusal::NoLogin)) };
        let password = std::str::from_utf8(&secret.0).ok().filter(|password| is_word(password));
        let sayable = is_word(&login.user) && !login.user.contains(' ');
        // Servers older than CAPA know USER; others say whether they do (RFC 2449 §6.3).
        let user = self.facts.capabilities.is_empty() || self.facts.can("USER");
        match (password, self.timestamp.clone()) {
            (Some(password), Some(timestamp)) if self.profile.apop && sayable => {
                self.apop(&login.user, password, &timestamp);
            }
            _ if !self.may_say_password(login) || !user => self.leave(Said::Refused(Refusal::NoLogin)),
            (Some(password), _) if is_word(&login.user) => {
                self.send(&format!("USER {}", login.user));
                self.state = State::Login(Box::new(LoggingIn::User { password: password.to_owned() }));
            }
            _ => self.leave(Said::Refused(Refusal::Unsayable)),
        }
    }

    fn apop(&mut self, user: &str, password: &str, timestamp: &str) {
        let digest = Md5::new().chain_update(timestamp).chain_update(password).finalize();
        let hex = digest.iter().fold(String::new(), |mut hex, octet| {
            let _ = write!(hex, "{octet:02x}");
            hex
        });
        self.send(&format!("APOP {user} {hex}"));
        self.state = State::Login(Box::new(LoggingIn::Last));
    }

    /// `+` in a login.
    pub(super) fn challenged(&mut self, text: &[u8]) {
        let said = match &mut self.state {
            State::Login(login) => match login.as_mut() {
                LoggingIn::Sasl { exchange, initial } => match initial.take() {
                    Some(initial) => Ok(line::encode(&initial)),
                    None => answer(exchange, text),
                },
                _ => Err(ClientError::Malformed),
            },
            _ => Err(ClientError::Malformed),
        };
        match said {
            Ok(said) => self.send(&said),
            Err(ClientError::Unproven) => self.lose(Said::Refused(Refusal::Unproven)),
            Err(_) => self.garbage(text),
        }
    }

    pub(super) fn login_answered(&mut self, reply: Reply) {
        let State::Login(login) = &mut self.state else { return };
        if !reply.ok {
            return self.leave(Said::No(reply));
        }
        match login.as_mut() {
            LoggingIn::User { password } => {
                let line = format!("PASS {password}");
                **login = LoggingIn::Last;
                self.send(&line);
            }
            LoggingIn::Last => self.ask_capability_again(),
            // Who says yes before all was said has not looked at it.
            LoggingIn::Sasl { exchange, initial } if initial.is_some() || exchange.accepted().is_err() => {
                self.lose(Said::Refused(Refusal::Unproven));
            }
            LoggingIn::Sasl { .. } => self.ask_capability_again(),
        }
    }
}

/// The line that answers a challenge.
fn answer(exchange: &mut sasl::client::Client, text: &[u8]) -> Result<String, ClientError> {
    match line::decode(text.trim_ascii_end()) {
        Ok(Line::Response(challenge)) => exchange.challenge(&challenge).map(|response| line::encode(&response)),
        Ok(Line::Cancel) | Err(_) => Err(ClientError::Malformed),
    }
}

/// What can stand in a command without becoming another one. A password may have spaces (RFC 1939 §7).
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_control()) && text.len() <= sasl::client::PASSWORD_MAX
}
