//! CAPA (RFC 2449 §5) and LANG (RFC 6856 §3): what this server can do, told as it is here and now.

use super::reply::Reply;
use super::server::{Server, State};

/// The language of our replies, and its own name for itself.
const LANGUAGE: (&str, &str) = ("en", "English");

impl Server {
    pub(super) fn capa(&mut self) {
        let lines = self.capabilities();
        self.send_lines(&Reply::ok("what can be done here"), &lines);
    }

    /// What can be done before login is told after it too (RFC 2449 §3); STLS is the exception (RFC 2595 §4).
    fn capabilities(&self) -> Vec<String> {
        let mut lines: Vec<String> = vec!["TOP".into(), "UIDL".into()];
        if self.login_allowed() {
            lines.push("USER".into());
            let mechanisms = self.mechanisms();
            if !mechanisms.is_empty() {
                let names: Vec<&str> = mechanisms.iter().map(|mechanism| mechanism.name()).collect();
                lines.push(format!("SASL {}", names.join(" ")));
            }
        }
        lines.extend(["RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER"].map(String::from));
        if let Some(implementation) = &self.profile.implementation {
            lines.push(format!("IMPLEMENTATION {implementation}"));
        }
        if matches!(self.state, State::Authorization { .. }) && self.tls_refusal().is_none() {
            lines.push("STLS".into());
        }
        lines.extend(["UTF8", "LANG"].map(String::from));
        lines
    }

    /// We speak one language; `*` asks for whichever we like best.
    pub(super) fn lang(&mut self, range: Option<&str>) {
        let (tag, name) = LANGUAGE;
        match range {
            None => self.send_lines(&Reply::ok("languages"), &[format!("{tag} {name}")]),
            Some(range) if range == "*" || range.eq_ignore_ascii_case(tag) => {
                self.send(&Reply::ok(format!("{tag} replies are in {name}")));
            }
            Some(_) => self.send(&Reply::err("no such language here; LANG lists them")),
        }
    }
}
