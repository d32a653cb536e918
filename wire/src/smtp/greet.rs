//! HELO, EHLO, LHLO and what their replies announce (RFC 5321 §4.1.1.1; RFC 2033 §4.1).

use super::server::{Question, Server, in_ascii};
use super::{Ask, Enhanced, Greeting, Reply, Role, Verb};
use message::Host;

/// The greatest number LIMITS can carry: six digits (RFC 9422, known here at second hand).
const LIMIT_VALUE_MAX: usize = 999_999;

impl Server {
    pub(super) fn greet(&mut self, greeting: Greeting) {
        let lmtp = self.profile.role == Role::Lmtp;
        if lmtp != (greeting.verb == Verb::Lhlo) {
            let text = if lmtp { "this is LMTP: LHLO" } else { "this is SMTP: EHLO or HELO" };
            return self.refuse(Reply::new(500, Enhanced(5, 5, 1), text));
        }
        // RFC 5321 §4.1.4: a greeting drops a transaction; `Greeted` tells the desk so.
        self.transaction = None;
        self.greeted = Some(greeting.verb);
        let reply = self.greeting_reply(&greeting);
        self.ask(Ask::Greeted(greeting, self.tls.clone()), Question::Done);
        self.send(&reply);
    }

    fn greeting_reply(&self, greeting: &Greeting) -> Reply {
        let client = Host::Literal(self.profile.client_address.to_canonical());
        let text = format!("{} greets {} {client}", self.profile.hostname, in_ascii(&greeting.name));
        let mut reply = Reply::plain(250, text);
        if greeting.verb != Verb::Helo {
            reply.lines.extend(self.extensions().into_iter().map(Into::into));
        }
        reply
    }

    fn extensions(&self) -> Vec<String> {
        let limits = &self.profile.limits;
        let mut lines = vec![
            "PIPELINING".to_owned(),
            format!("SIZE {}", limits.message_size),
            "8BITMIME".to_owned(),
            "SMTPUTF8".to_owned(),
            "CHUNKING".to_owned(),
            "BINARYMIME".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
            "HELP".to_owned(),
        ];
        // RFC 5321 §3.5.2: announced where they answer truthfully.
        if self.profile.trusted || self.logged_in {
            lines.extend(["VRFY".to_owned(), "EXPN".to_owned()]);
        }
        if self.profile.dsn {
            lines.push("DSN".to_owned());
        }
        // RFC 1985 §2, RFC 2645 §5.1: announced to those who may perhaps use them.
        if self.profile.classic.turns && self.logged_in {
            lines.extend(["ETRN".to_owned(), "ATRN".to_owned()]);
        }
        if self.profile.tls_available && self.tls.is_none() {
            lines.push("STARTTLS".to_owned());
        }
        if self.login_allowed() {
            let names: Vec<&str> = self.mechanisms().iter().map(|mechanism| mechanism.name()).collect();
            lines.push(format!("AUTH {}", names.join(" ")));
        }
        let [recipients, transactions] = [limits.recipients, limits.transactions].map(|n| n.min(LIMIT_VALUE_MAX));
        lines.push(format!("LIMITS RCPTMAX={recipients} MAILMAX={transactions}"));
        lines
    }
}
