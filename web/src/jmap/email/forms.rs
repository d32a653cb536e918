//! Header fields in the forms that JMAP has for them (RFC 8621 §4.1.2), and which may be asked of which field. The reading
//! is `message::header`'s.

use crate::jmap::date;
use message::header::{self, Entry, Mailbox};
use serde_json::{Value, json};

/// A form of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RFC 8621 §4.1.2.1.
    Raw,
    /// §4.1.2.2.
    Text,
    /// §4.1.2.3.
    Addresses,
    /// §4.1.2.4.
    GroupedAddresses,
    /// §4.1.2.5.
    MessageIds,
    /// §4.1.2.6.
    Date,
    /// §4.1.2.7.
    Urls,
}

/// Fields of RFC 5322 and RFC 2369, and the form that each may be asked in besides Raw.
const DEFINED: [(&str, Option<Form>); 29] = [
    ("date", Some(Form::Date)),
    ("from", Some(Form::Addresses)),
    ("sender", Some(Form::Addresses)),
    ("reply-to", Some(Form::Addresses)),
    ("to", Some(Form::Addresses)),
    ("cc", Some(Form::Addresses)),
    ("bcc", Some(Form::Addresses)),
    ("message-id", Some(Form::MessageIds)),
    ("in-reply-to", Some(Form::MessageIds)),
    ("references", Some(Form::MessageIds)),
    ("subject", Some(Form::Text)),
    ("comments", Some(Form::Text)),
    ("keywords", Some(Form::Text)),
    ("resent-date", Some(Form::Date)),
    ("resent-from", Some(Form::Addresses)),
    ("resent-sender", Some(Form::Addresses)),
    ("resent-reply-to", Some(Form::Addresses)),
    ("resent-to", Some(Form::Addresses)),
    ("resent-cc", Some(Form::Addresses)),
    ("resent-bcc", Some(Form::Addresses)),
    ("resent-message-id", Some(Form::MessageIds)),
    ("return-path", None),
    ("received", None),
    ("list-help", Some(Form::Urls)),
    ("list-unsubscribe", Some(Form::Urls)),
    ("list-subscribe", Some(Form::Urls)),
    ("list-post", Some(Form::Urls)),
    ("list-owner", Some(Form::Urls)),
    ("list-archive", Some(Form::Urls)),
];

/// URLs of one field.
const URLS_MAX: usize = 100;

impl Form {
    /// By its name in a property.
    #[must_use]
    pub fn named(name: &str) -> Option<Form> {
        Some(match name {
            "asRaw" => Form::Raw,
            "asText" => Form::Text,
            "asAddresses" => Form::Addresses,
            "asGroupedAddresses" => Form::GroupedAddresses,
            "asMessageIds" => Form::MessageIds,
            "asDate" => Form::Date,
            "asURLs" => Form::Urls,
            _ => return None,
        })
    }

    /// Whether a field may be asked for in this form: one that is defined elsewhere, in any.
    #[must_use]
    pub fn fits(self, field: &str) -> bool {
        let defined = DEFINED.iter().find(|(name, _)| name.eq_ignore_ascii_case(field));
        match (self, defined) {
            (Form::Raw, _) | (_, None) => true,
            (Form::GroupedAddresses, Some((_, own))) => *own == Some(Form::Addresses),
            (form, Some((_, own))) => *own == Some(form),
        }
    }

    /// A value in this form.
    #[must_use]
    pub fn read(self, value: &[u8]) -> Value {
        match self {
            Form::Raw => Value::String(raw(value)),
            Form::Text => Value::String(text(value)),
            Form::Addresses => addresses(&header::addresses(value)),
            Form::GroupedAddresses => grouped(&header::addresses(value)),
            Form::MessageIds => message_ids(value),
            Form::Date => message::date::read(value).and_then(date::write).map_or(Value::Null, Value::String),
            Form::Urls => urls(value),
        }
    }
}

/// The octets as they stand, what is no UTF-8 replaced, NUL left out.
#[must_use]
pub fn raw(value: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(value).into_owned();
    text.retain(|c| c != '\0');
    text
}

/// As people read it.
#[must_use]
pub fn text(value: &[u8]) -> String {
    plain(&header::text(value))
}

/// Control characters left out (but for tabs), composed.
fn plain(text: &str) -> String {
    let kept: String = text.chars().filter(|c| *c == '\t' || !c.is_control()).collect();
    header::composed(&kept)
}

/// Of addresses, those of groups too.
#[must_use]
pub fn addresses(entries: &[Entry]) -> Value {
    let mailboxes = entries.iter().filter_map(|entry| match entry {
        Entry::Mailbox(mailbox) => Some(address(mailbox)),
        _ => None,
    });
    Value::Array(mailboxes.collect())
}

fn grouped(entries: &[Entry]) -> Value {
    let mut groups: Vec<(Option<String>, Vec<Value>)> = Vec::new();
    let mut open: Option<Option<String>> = None;
    for entry in entries {
        match entry {
            Entry::GroupStart(name) => {
                let name = Some(plain(&name.text()));
                groups.push((name.clone(), Vec::new()));
                open = Some(name);
            }
            Entry::GroupEnd => open = None,
            Entry::Mailbox(mailbox) => {
                let goes_on = open.is_some() || groups.last().is_some_and(|(name, _)| name.is_none());
                if !goes_on {
                    groups.push((None, Vec::new()));
                }
                if let Some((_, members)) = groups.last_mut() {
                    members.push(address(mailbox));
                }
            }
        }
    }
    groups.into_iter().map(|(name, addresses)| json!({"name": name, "addresses": addresses})).collect()
}

fn address(mailbox: &Mailbox) -> Value {
    let name = mailbox.name.as_ref().map(|name| plain(&name.text())).filter(|name| !name.is_empty());
    let local_part = String::from_utf8_lossy(&mailbox.local_part);
    let domain = String::from_utf8_lossy(&mailbox.domain);
    match (name, domain.is_empty(), local_part.is_empty()) {
        // A name where an address should be: best effort (RFC 8621 §4.1.2.3).
        (Some(name), true, true) => json!({"name": Value::Null, "email": name}),
        (name, true, _) => json!({"name": name, "email": local_part}),
        (name, false, _) => {
            let known = mailbox.address().map(|address| quoted(&address, &domain));
            json!({"name": name, "email": known.unwrap_or_else(|| format!("{local_part}@{domain}"))})
        }
    }
}

/// The local part quoted where it has to be; the domain as it was typed.
fn quoted(address: &message::Address, domain: &str) -> String {
    let written = address.to_string();
    let local_part = written.rsplit_once('@').map_or("", |(local_part, _)| local_part);
    format!("{local_part}@{domain}")
}

fn message_ids(value: &[u8]) -> Value {
    let ids = header::message_ids(value);
    if ids.is_empty() { Value::Null } else { json!(ids) }
}

/// RFC 2369 §2: URLs in angle brackets, with commas between them and comments anywhere.
fn urls(value: &[u8]) -> Value {
    let line = raw(&header::unfold(value));
    let mut urls: Vec<String> = Vec::new();
    let mut rest = line.as_str();
    while let Some((_, after)) = rest.split_once('<') {
        let Some((url, after)) = after.split_once('>') else { break };
        let url: String = url.chars().filter(|c| !c.is_whitespace()).collect();
        if urls.len() < URLS_MAX && !url.is_empty() {
            urls.push(url);
        }
        rest = after;
    }
    if urls.is_empty() { Value::Null } else { json!(urls) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8621 §4.1.2.3 and §4.1.2.4.
    const LIST: &[u8] = b" \"  James Smythe\" <james@example.com>, Friends:\r\n jane@example.com, \
        =?UTF-8?Q?John_Sm=C3=AEth?=\r\n <john@example.com>;";

    #[test]
    fn addresses_are_as_in_the_rfc() {
        let james = json!({"name": "James Smythe", "email": "james@example.com"});
        let jane = json!({"name": null, "email": "jane@example.com"});
        let john = json!({"name": "John Sm\u{ee}th", "email": "john@example.com"});
        assert_eq!(Form::Addresses.read(LIST), json!([james, jane, john]));
        let groups = json!([{"name": null, "addresses": [james]}, {"name": "Friends", "addresses": [jane, john]}]);
        assert_eq!(Form::GroupedAddresses.read(LIST), groups);
        let after = Form::GroupedAddresses.read(b"a:b@c;, d@e, f@g");
        assert_eq!(
            after[1],
            json!({"name": null, "addresses": [
            {"name": null, "email": "d@e"}, {"name": null, "email": "f@g"}]})
        );
    }

    #[test]
    fn odd_addresses_are_told_as_well_as_they_can_be() {
        assert_eq!(Form::Addresses.read(b"Forouzan"), json!([{"name": null, "email": "Forouzan"}]));
        assert_eq!(Form::Addresses.read(b"\"a b\"@c.d"), json!([{"name": null, "email": "\"a b\"@c.d"}]));
        assert_eq!(Form::Addresses.read(b"a@C.d (Ann)"), json!([{"name": "Ann", "email": "a@C.d"}]));
        assert_eq!(Form::Addresses.read(b""), json!([]));
    }

    #[test]
    fn texts_are_decoded_and_composed() {
        assert_eq!(Form::Text.read(b" =?utf-8?Q?e=CC=81t=00=C3=A9?=\r\n\tx"), json!("\u{e9}t\u{e9}\tx"));
        assert_eq!(Form::Raw.read(b" a\r\n b\0\xff"), json!(" a\r\n b\u{fffd}"));
    }

    #[test]
    fn ids_dates_and_urls() {
        assert_eq!(Form::MessageIds.read(b" <a@b> (c)\r\n <d@e>"), json!(["a@b", "d@e"]));
        assert_eq!(Form::MessageIds.read(b" "), json!(null));
        assert_eq!(Form::Date.read(b" Fri, 21 Nov 2025 06:12:00 +0100"), json!("2025-11-21T06:12:00+01:00"));
        assert_eq!(Form::Date.read(b" soon"), json!(null));
        assert_eq!(
            Form::Urls.read(b" <mailto:a@b> (by mail), <https://x/\r\n y>"),
            json!(["mailto:a@b", "https://x/y"])
        );
        assert_eq!(Form::Urls.read(b" none"), json!(null));
    }

    #[test]
    fn forms_fit_their_fields() {
        assert!(Form::Addresses.fits("From") && Form::GroupedAddresses.fits("resent-cc") && Form::Raw.fits("From"));
        assert!(Form::Date.fits("X-Date") && Form::Urls.fits("list-help") && Form::Text.fits("List-Id"));
        assert!(!Form::Text.fits("From") && !Form::Addresses.fits("Subject") && !Form::Date.fits("Received"));
        assert!(!Form::Urls.fits("To") && !Form::MessageIds.fits("Date"));
        assert_eq!(Form::named("asURLs"), Some(Form::Urls));
        assert_eq!(Form::named("asUrls"), None);
    }
}
