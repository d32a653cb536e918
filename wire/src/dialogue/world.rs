//! What stands before the first word of a dialogue is said: the `=` lines. Plain data; every runner builds its own
//! house from it (a desk in memory, a store on disk and a configuration file).

use super::{classic, made_message};
use std::net::IpAddr;
use std::sync::Arc;

/// The world of a dialogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The server's own name; `mx.hamburger.edu` where the file names none.
    pub hostname: String,
    /// Domains whose mail is kept, in order of first mention (`= domain` and the domains of accounts); bare names
    /// get the first.
    pub domains: Vec<String>,
    /// Who has a mailbox.
    pub accounts: Vec<Account>,
    /// `= alias OLD TARGET...`: mail for the one goes to the others.
    pub aliases: Vec<(String, Vec<String>)>,
    /// `= moved OLD NEW`: mail for the one is refused with 551.
    pub moved: Vec<(String, String)>,
    /// Who gets mail for postmaster and abuse; the first account where the file names none.
    pub admin: Option<String>,
    /// Mailboxes beside INBOX and the usual ones: account and name (`= folder`).
    pub folders: Vec<(String, String)>,
    /// Mail that lies in a mailbox already, in order.
    pub mail: Vec<Mail>,
    /// Networks that may relay without login.
    pub relay: Vec<Network>,
    /// Networks that may log in without TLS.
    pub plaintext_login: Vec<Network>,
    /// SEND, SOML and SAML are carried out (`= sends`).
    pub sends: bool,
    /// `= route DOMAIN LOGIN`: mail for the domain goes to a host that does not answer, and the login may ask for it.
    pub routes: Vec<(String, String)>,
    /// `= limit NAME VALUE`: a limit other than the default, by the name it has in the configuration.
    pub limits: Vec<(String, u64)>,
    /// The listener each connection talks to, by its number; entry 0 is that of connections not named.
    pub ports: Vec<Option<Port>>,
    /// The runs this dialogue is not for.
    pub without: Vec<Run>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its full address, which is also its login name.
    pub address: String,
    /// Its password.
    pub password: String,
    /// Octets it may hold (`= quota`).
    pub quota: Option<u64>,
    /// Its APOP secret (`= apop`).
    pub apop: Option<String>,
    /// Whether POP3's DELE moves mail to the Archive mailbox (`= archive`).
    pub archive: bool,
}

/// A message that lies in an account's INBOX, or another of its mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Whose, full address.
    pub account: String,
    /// In which mailbox (`= mail bob 498 in Work`); `None`: INBOX.
    pub folder: Option<String>,
    /// Its flags (`= flags bob 1 \\Seen`), as IMAP writes them.
    pub flags: Vec<String>,
    /// What it says.
    pub content: Content,
}

/// The content of a message of the world, exactly as RETR shows it before dot-stuffing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// [`made_message`] with these numbers.
    Made {
        /// Its length.
        octets: usize,
        /// Which mail of its account it is, from 1.
        n: usize,
    },
    /// Message n of [`classic`].
    Classic(usize),
    /// The octets of a file.
    Given(Arc<[u8]>),
}

/// A listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// 25.
    Smtp,
    /// 587.
    Submission,
    /// 465, TLS from the start.
    Submissions,
    /// LMTP.
    Lmtp,
    /// 110.
    Pop3,
    /// 995, TLS from the start.
    Pop3s,
    /// 143.
    Imap,
    /// 993, TLS from the start.
    Imaps,
    /// 80: no dialogue is held there.
    Http,
    /// 443, TLS from the start: no dialogue is held there.
    Https,
}

/// A way to run a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// The pure sessions and a desk in memory.
    Pure,
    /// A server in this process, over loopback.
    Server,
    /// The real binary, over TCP.
    Binary,
    /// The real binary, over TLS: a dialogue for another port is run as if the client had begun with STARTTLS or on
    /// the port with implicit TLS.
    Tls,
}

/// A network, as in `127.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Any address in it.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

impl World {
    /// Whether this dialogue is for that run.
    #[must_use]
    pub fn runs(&self, run: Run) -> bool {
        !self.without.contains(&run)
    }

    /// The listener a connection talks to.
    #[must_use]
    pub fn port(&self, connection: u8) -> Port {
        let named = |at: usize| self.ports.get(at).copied().flatten();
        named(usize::from(connection)).or_else(|| named(0)).unwrap_or(Port::Smtp)
    }

    /// A name as an account is called: bare names get the first domain.
    #[must_use]
    pub fn full_address(&self, name: &str) -> String {
        match (name.contains('@'), self.domains.first()) {
            (false, Some(domain)) => format!("{name}@{domain}"),
            _ => name.to_owned(),
        }
    }

    /// An account by its full address.
    #[must_use]
    pub fn account(&self, address: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.address.eq_ignore_ascii_case(address))
    }

    /// The mails of an account, in order, whatever mailbox they lie in.
    pub fn mails_of<'a>(&'a self, address: &'a str) -> impl Iterator<Item = &'a Mail> {
        self.mail.iter().filter(move |mail| mail.account == address)
    }
}

impl Mail {
    /// Unread, in an account's INBOX.
    #[must_use]
    pub fn in_inbox(account: &str, content: Content) -> Mail {
        Mail { account: account.to_owned(), folder: None, flags: Vec::new(), content }
    }
}

/// The 2,308 messages of classic dialogue 5, for an account.
#[must_use]
pub fn classic_mail(account: &str) -> Vec<Mail> {
    (1..=classic::MESSAGES).map(|n| Mail::in_inbox(account, Content::Classic(n))).collect()
}

impl Content {
    /// Its length in octets.
    #[must_use]
    pub fn octets(&self) -> usize {
        match self {
            Content::Made { octets, .. } => *octets,
            Content::Classic(n) => classic::octets(*n),
            Content::Given(octets) => octets.len(),
        }
    }

    /// Its octets.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Content::Made { octets, n } => made_message(*octets, *n),
            Content::Classic(n) => classic::message(*n),
            Content::Given(octets) => octets.to_vec(),
        }
    }
}

impl Port {
    /// Every listener, with its name in the configuration.
    pub const ALL: [(Port, &'static str); 10] = [
        (Port::Smtp, "smtp"),
        (Port::Submission, "submission"),
        (Port::Submissions, "submissions"),
        (Port::Lmtp, "lmtp"),
        (Port::Pop3, "pop3"),
        (Port::Pop3s, "pop3s"),
        (Port::Imap, "imap"),
        (Port::Imaps, "imaps"),
        (Port::Http, "http"),
        (Port::Https, "https"),
    ];

    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        Port::ALL.iter().find(|(port, _)| *port == self).map_or("smtp", |(_, name)| name)
    }

    /// The listener of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Port> {
        Port::ALL.iter().find(|(_, known)| *known == name).map(|(port, _)| *port)
    }

    /// Whether TLS is there from the start.
    #[must_use]
    pub fn implicit_tls(self) -> bool {
        matches!(self, Port::Submissions | Port::Pop3s | Port::Imaps | Port::Https)
    }
}

impl Network {
    /// Reads `address/prefix`, or an address alone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().ok()?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(widest), |p| p.parse().ok())?;
        (prefix <= widest).then_some(Network { address, prefix })
    }

    /// Whether the address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, widest: u32| {
            let shift = widest.saturating_sub(u32::from(self.prefix));
            a.checked_shr(shift).unwrap_or(0) == b.checked_shr(shift).unwrap_or(0)
        };
        match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_they_should() {
        let loopback = Network::parse("127.0.0.0/8").unwrap();
        assert!(loopback.contains("127.9.0.1".parse().unwrap()));
        assert!(!loopback.contains("128.0.0.1".parse().unwrap()));
        assert!(!loopback.contains("::1".parse().unwrap()));
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("9.9.9.9".parse().unwrap()));
        assert!(Network::parse("::1").unwrap().contains("::1".parse().unwrap()));
        assert_eq!(Network::parse("127.0.0.1/33"), None);
    }
}
