//! The table of keys: name, default, explanation. Whatever shows, checks or documents the configuration reads it here.

/// One key of the configuration file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The table it stands in; empty at the top.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its default as TOML; empty where there is none or where it depends on the machine.
    pub default: &'static str,
    /// One or two sentences.
    pub about: &'static str,
}

const fn key(section: &'static str, name: &'static str, default: &'static str, about: &'static str) -> Key {
    Key { section, name, default, about }
}

/// Protocols that have a listener in house.md's contract but not yet in the code.
pub(super) const LISTENERS_TO_COME: [&str; 1] = ["managesieve"];

/// Every key, in the order in which it is shown.
pub const KEYS: &[Key] = &[
    key("", "hostname", "", "The name of this server, in greetings and trace fields. Default: the system's host name."),
    key(
        "",
        "data_dir",
        "",
        "Where mail and everything else is kept; a relative path counts from this file. Default: /var/lib/pillarbox, \
         without a configuration file ./pillarbox-data.",
    ),
    key(
        "",
        "domains",
        "[]",
        "Domains whose mail is kept here; `pillarbox domain add` adds more. Bare names get the first.",
    ),
    key("", "admin", "", "The account that receives postmaster@ and abuse@ of every local domain."),
    key(
        "",
        "security_contact",
        "",
        "Whom people write to who found a hole, an address or URL: told at /.well-known/security.txt.",
    ),
    key("", "user", "", "The system user to become once the ports are bound, when started as root."),
    key("", "greeting", "", "The words after the host name in the SMTP greeting."),
    key("listen", "smtp", "", "Mail from other servers, [\"address:port\", ...]. Without [listen]: port 25."),
    key("listen", "submission", "", "Mail from users, STARTTLS. Without [listen]: port 587."),
    key("listen", "submissions", "", "Mail from users, TLS from the start. Without [listen]: port 465."),
    key("listen", "lmtp", "", "Mail from a neighbour, one reply a recipient (RFC 2033). Off unless listed."),
    key("listen", "pop3", "", "Mailboxes by POP3, STLS. Without [listen]: port 110."),
    key("listen", "pop3s", "", "Mailboxes by POP3, TLS from the start. Without [listen]: port 995."),
    key("listen", "imap", "", "Mailboxes by IMAP, STARTTLS. Without [listen]: port 143."),
    key("listen", "imaps", "", "Mailboxes by IMAP, TLS from the start. Without [listen]: port 993."),
    key("listen", "managesieve", "", "Mail filters; not in this version."),
    key("listen", "http", "", "Leads to https; from this machine itself, webmail and JMAP. Without [listen]: port 80."),
    key("listen", "https", "", "Webmail, JMAP and administration, TLS from the start. Without [listen]: port 443."),
    key(
        "listen",
        "metrics",
        "",
        "Figures for Prometheus over HTTP, without login: keep it on loopback. Off unless listed.",
    ),
    key("tls", "certificate", "", "PEM file with the certificate chain. Default: one of our own making in data_dir."),
    key("tls", "key", "", "PEM file with the key of the certificate."),
    key(
        "trust",
        "relay_networks",
        "[]",
        "Trusted networks: may relay without login, get missing header fields added, and are free of the limits per \
         address. Loopback is not special.",
    ),
    key("trust", "plaintext_login_networks", "[]", "Networks that may log in without TLS."),
    key(
        "trust",
        "local_users",
        "[]",
        "Login names of this machine whose programs may send in anybody's name with `sendmail -f`, as \"www-data\". root may.",
    ),
    key(
        "trust",
        "relay_domains",
        "[]",
        "Domains for which this server is a backup MX: their mail is taken from anyone, kept while their own server is \
         down, and sent to the better of their MX hosts or by their route. It cannot be known here which users they have.",
    ),
    key("trust", "apop", "false", "Offer APOP (RFC 1939) to accounts with a secret stored for it."),
    key("limits", "message_size", "\"50 MiB\"", "The largest message accepted."),
    key(
        "limits",
        "disk_reserve",
        "\"100 MiB\"",
        "Free space of data_dir's disk that mail may not fill: with less, senders are told to try again later, while \
         users can still read and delete. \"0 B\": mail is taken until the disk is full, and then nobody can delete either.",
    ),
    key("limits", "recipients", "1000", "Recipients of one message."),
    key("limits", "connections", "5000", "Connections at a time, all protocols together."),
    key("limits", "connections_per_address", "100", "Connections at a time from one address (IPv4 /32, IPv6 /64)."),
    key(
        "limits",
        "connections_per_minute",
        "6000",
        "New connections a minute from one address: more than an office behind one address makes in the morning, and little work.",
    ),
    key("limits", "login_guesses_per_minute", "20", "Failed logins a minute from one address."),
    key("dns", "servers", "[]", "Name servers, [\"address:port\", ...]. Default: the system's."),
    key("outbound", "port", "25", "The port of other servers; another one only for test networks."),
    key("outbound", "retry_first", "\"30m\"", "When a delayed message is tried again, until the delay notice."),
    key("outbound", "retry_max", "\"4h\"", "The longest pause between two tries."),
    key("outbound", "delay_notice", "\"4h\"", "When the sender is told that a message is late."),
    key("outbound", "expire", "\"5d\"", "When a message that cannot be delivered goes back."),
    key("outbound", "smarthost", "\"\"", "Send everything through this server, \"host:port\"."),
    key(
        "outbound",
        "smarthost_user",
        "\"\"",
        "The login there. Then its certificate must prove its name; on port 465 TLS begins at once.",
    ),
    key("outbound", "smarthost_password_file", "\"\"", "A file with the password there."),
    key(
        "outbound",
        "smarthost_ca",
        "\"\"",
        "PEM file of the authorities that vouch for it, or with its own certificate. Default: the system's.",
    ),
    key("outbound", "connections", "500", "Connections to other servers at a time."),
    key("outbound", "connections_per_destination", "20", "Of them, to one domain."),
    key(
        "outbound",
        "rate_per_minute",
        "",
        "Messages to one domain in a minute, evenly; several recipients of one message count once. Default: no limit.",
    ),
    key("outbound", "early_retry", "\"5m\"", "The one early retry when a server asks to come again (greylisting)."),
    key("outbound", "ipv6", "true", "Send over IPv6 where the other server has it."),
    key(
        "outbound",
        "loopback_targets",
        "false",
        "Send to hosts whose names lead to loopback addresses; only for test networks.",
    ),
    key(
        "smtp",
        "send_commands",
        "false",
        "SEND, SOML and SAML (RFC 821) from users and trusted networks: messages on the screens of `pillarbox biff`.",
    ),
    key("logs", "format", "\"human\"", "How log lines look on stderr: human or json."),
    key("logs", "level", "\"info\"", "What is logged: error, warn, info, debug or trace."),
];

/// The keys of one `[[route]]`.
pub const ROUTE_KEYS: [(&str, &str); 10] = [
    ("domain", "Mail for this domain ..."),
    ("host", "... goes to this server, \"host:port\", whatever its MX records say."),
    ("protocol", "\"smtp\", or \"lmtp\" for a mail store that delivers at once (RFC 2033). Default: smtp."),
    ("login", "The account whose login may ask for the mail that waits for the domain: ETRN, ATRN, TURN."),
    ("retry_first", "As in [outbound], for this domain alone."),
    ("retry_max", "Likewise."),
    ("delay_notice", "Likewise."),
    ("expire", "Likewise."),
    ("connections", "Connections to this domain's server at a time. Default: outbound.connections_per_destination."),
    ("rate_per_minute", "Messages to it in a minute, evenly. Default: outbound.rate_per_minute."),
];

/// Those without which it leads nowhere.
pub(super) const ROUTE_KEYS_NEEDED: [&str; 2] = ["domain", "host"];

/// The name of the table of static routes.
pub(super) const ROUTE: &str = "route";

impl Key {
    /// As in `limits.message_size`.
    #[must_use]
    pub fn path(&self) -> String {
        if self.section.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.section, self.name) }
    }
}

/// The candidate that is most like what was typed, if one is like it at all.
pub(super) fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, best) = candidates.map(|name| (edit_distance(typed, name), name)).min()?;
    (distance <= 1 + typed.chars().count() / 3).then_some(best)
}

/// Insertions, deletions and replacements between two names (Levenshtein).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, pair), left_to_do) in b.iter().zip(row.windows(2)).zip(0..) {
            let (diagonal, above) = (pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0));
            let left = next.get(left_to_do).copied().unwrap_or(0);
            next.push((diagonal + usize::from(from != *to)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, distance) in [("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(edit_distance(a, b), distance, "{a} {b}");
        }
    }

    #[test]
    fn nearest_is_near() {
        let names = || ["hostname", "domains", "data_dir"].into_iter();
        assert_eq!(nearest("hostnam", names()), Some("hostname"));
        assert_eq!(nearest("domain", names()), Some("domains"));
        assert_eq!(nearest("banana", names()), None);
    }
}
