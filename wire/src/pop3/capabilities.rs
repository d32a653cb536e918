//! CAPA (RFC 2449 §5) and LANG (RFC 6856 §3): what this server can do, and in which language it says so.

use super::server::{Server, State};
use crate::sasl::Mechanism;

/// The one language of our texts.
const LANGUAGE: &str = "en";

impl Server {
    pub(super) fn capabilities(&mut self) {
        self.ok("this is what I can do");
        for line in self.capability_lines() {
            self.send(&line);
        }
        self.send(".");
    }

    fn capability_lines(&self) -> Vec<String> {
        let fixed = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "UTF8 USER", "LANG"];
        let mut lines: Vec<String> = fixed.map(str::to_owned).to_vec();
        let before_login = matches!(self.state, State::Authorization { .. });
        if before_login && self.login_allowed() {
            lines.push("USER".to_owned());
            let names: Vec<&str> = self.mechanisms().into_iter().map(Mechanism::name).collect();
            lines.push(format!("SASL {}", names.join(" ")));
        }
        if before_login && self.profile.tls_available && self.tls.is_none() {
            lines.push("STLS".to_owned());
        }
        if let Some(implementation) = &self.profile.implementation {
            lines.push(format!("IMPLEMENTATION {implementation}"));
        }
        lines
    }

    /// RFC 6856 §3.2.
    pub(super) fn language(&mut self, tag: Option<&str>) {
        let Some(tag) = tag else {
            self.ok("these are my languages");
            self.send("en English");
            return self.send(".");
        };
        let wanted = tag.to_ascii_lowercase();
        if wanted == "*" || wanted == LANGUAGE || wanted.starts_with("en-") {
            self.ok(&format!("{LANGUAGE} English it is"));
        } else {
            self.err("that language is not spoken here; LANG lists those that are");
        }
    }
}
