//! What a login is for, and what a password for programs is good for. Owns the words and which fits which.

use serde::{Deserialize, Serialize};

/// What somebody logs in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Reading and keeping mail: IMAP.
    Imap,
    /// The same where a client that only reads cannot be told from one that deletes: POP3.
    Pop3,
    /// Handing in mail: SMTP.
    Send,
    /// JMAP and the HTTP API with a password in every request.
    Http,
    /// The login page: the account's own password, and then the second factor.
    Page,
    /// Somebody who is logged in shows once more that they know the account's own password. Wrong ones are limited
    /// wherever they come from: a stolen session is no reason to trust.
    Again,
}

/// What a caller may do: an app password says it, everybody else may do all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Everything but what belongs to the owner alone: passwords, keys, sessions.
    #[default]
    All,
    /// Mail, contacts and settings, read and changed; nothing is sent.
    Mail,
    /// The same, only read.
    Read,
    /// Sending and nothing else.
    Send,
}

impl Scope {
    /// Whether a password of this scope opens a service. What it may do there is for the service to keep to.
    #[must_use]
    pub fn opens(self, service: Service) -> bool {
        match service {
            Service::Imap => matches!(self, Scope::All | Scope::Mail | Scope::Read),
            Service::Pop3 => matches!(self, Scope::All | Scope::Mail),
            Service::Send => matches!(self, Scope::All | Scope::Send),
            Service::Http => true,
            Service::Page | Service::Again => false,
        }
    }

    /// May read mail, contacts and settings.
    #[must_use]
    pub fn may_read(self) -> bool {
        self != Scope::Send
    }

    /// May change them.
    #[must_use]
    pub fn may_change(self) -> bool {
        matches!(self, Scope::All | Scope::Mail)
    }

    /// May send.
    #[must_use]
    pub fn may_send(self) -> bool {
        matches!(self, Scope::All | Scope::Send)
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Scope::All => "all",
            Scope::Mail => "mail",
            Scope::Read => "read",
            Scope::Send => "send",
        })
    }
}

/// A text that is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one of all, mail, read, send")]
pub struct NotAScope;

impl std::str::FromStr for Scope {
    type Err = NotAScope;
    fn from_str(text: &str) -> Result<Scope, NotAScope> {
        [Scope::All, Scope::Mail, Scope::Read, Scope::Send]
            .into_iter()
            .find(|scope| scope.to_string() == text)
            .ok_or(NotAScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_opens_what_it_says() {
        let opened = |scope: Scope| {
            let all = [Service::Imap, Service::Pop3, Service::Send, Service::Http, Service::Page, Service::Again];
            all.map(|service| u8::from(scope.opens(service)))
        };
        assert_eq!(opened(Scope::All), [1, 1, 1, 1, 0, 0]);
        assert_eq!(opened(Scope::Mail), [1, 1, 0, 1, 0, 0]);
        assert_eq!(opened(Scope::Read), [1, 0, 0, 1, 0, 0]);
        assert_eq!(opened(Scope::Send), [0, 0, 1, 1, 0, 0]);
    }

    #[test]
    fn a_scope_allows_what_it_says() {
        let may = |scope: Scope| [scope.may_read(), scope.may_change(), scope.may_send()];
        assert_eq!(may(Scope::All), [true, true, true]);
        assert_eq!(may(Scope::Mail), [true, true, false]);
        assert_eq!(may(Scope::Read), [true, false, false]);
        assert_eq!(may(Scope::Send), [false, false, true]);
    }

    #[test]
    fn scopes_read_as_they_are_written() {
        for scope in [Scope::All, Scope::Mail, Scope::Read, Scope::Send] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!("ALL".parse::<Scope>(), Err(NotAScope));
    }
}
