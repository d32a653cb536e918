//! From the server's greeting to the login: CAPA (RFC 2449 §5), STLS (RFC 2595 §4), UTF8 (RFC 6856 §2).

use super::ask::{Refusal, Said};
use super::limits::CAPABILITIES;
use super::reply::{Reply, plain, timestamp};
use super::session::{Client, State};
use crate::TlsFacts;
use crate::smtp::client::Tls;

impl Client {
    pub(super) fn greeted(&mut self, reply: Reply) {
        if !reply.ok {
            return self.lose(Said::No(reply));
        }
        self.timestamp = timestamp(&reply.text).map(str::to_owned);
        self.ask_capability();
    }

    fn ask_capability(&mut self) {
        self.facts.capabilities.clear();
        self.send("CAPA");
        self.state = State::Capability { begun: false };
    }

    /// What the server can do now that we are in; where it does not know CAPA, it is not asked again.
    pub(super) fn ask_capability_again(&mut self) {
        if self.facts.capabilities.is_empty() {
            return self.next();
        }
        self.send("CAPA");
        self.state = State::CapabilityAgain { begun: false };
    }

    pub(super) fn capability_answered(&mut self, ok: bool) {
        match (&mut self.state, ok) {
            (State::Capability { begun }, true) => *begun = true,
            (State::CapabilityAgain { begun }, true) => {
                *begun = true;
                self.facts.capabilities.clear();
            }
            // RFC 2449 §4: servers older than CAPA say no.
            (State::Capability { .. }, false) => self.secure(),
            _ => self.next(),
        }
    }

    pub(super) fn capability_line(&mut self, line: &[u8]) {
        if line != b"." {
            if self.facts.capabilities.len() >= CAPABILITIES {
                return self.garbage(b"CAPA has no end");
            }
            let line = line.strip_prefix(b".").unwrap_or(line);
            return self.facts.capabilities.push(plain(line).to_ascii_uppercase());
        }
        match self.state {
            State::Capability { .. } => self.secure(),
            _ => self.next(),
        }
    }

    /// STLS where it is wanted, then the login.
    fn secure(&mut self) {
        let wanted = self.facts.tls.is_none() && self.profile.tls != Tls::Never;
        match (wanted, self.facts.can("STLS"), self.profile.tls) {
            (true, true, _) => {
                self.send("STLS");
                self.state = State::StartTls;
            }
            (true, false, Tls::Required) => self.leave(Said::Refused(Refusal::NoTls)),
            _ => self.speak_utf8(),
        }
    }

    pub(super) fn tls_answered(&mut self, reply: Reply) {
        match (reply.ok, self.profile.tls) {
            (true, _) => self.start_tls(),
            (false, Tls::Required) => self.leave(Said::No(reply)),
            (false, _) => self.speak_utf8(),
        }
    }

    /// TLS is up: from the start, or after STLS; then what was said before counts for nothing (RFC 2595 §4).
    pub(super) fn tls_started(&mut self, facts: TlsFacts) {
        match self.state {
            State::Greeting => self.facts.tls = Some(facts),
            State::Handshake => {
                self.facts.tls = Some(facts);
                // What APOP signs was said in the clear, too: whoever stood in between may have chosen it.
                self.timestamp = None;
                self.ask_capability();
            }
            _ => {}
        }
    }

    /// RFC 6856 §2.1: before the login, so that messages come as they are, with UTF-8 in their headers.
    fn speak_utf8(&mut self) {
        if !self.facts.can("UTF8") {
            return self.log_in();
        }
        self.send("UTF8");
        self.state = State::Utf8;
    }

    pub(super) fn utf8_answered(&mut self, ok: bool) {
        self.facts.utf8 = ok;
        self.log_in();
    }
}
