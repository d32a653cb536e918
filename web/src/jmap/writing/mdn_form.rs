//! Receipts as text (RFC 8098 §3): the fields for machines, written and read.

use message::build::report::field;
use message::header;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Octets of one field that are written.
const FIELD_OCTETS_MAX: usize = 2000;
/// Extension fields of one receipt.
pub(super) const EXTENSIONS_MAX: usize = 50;

/// What a receipt says to machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Receipt {
    pub reporting_ua: Option<String>,
    pub mdn_gateway: Option<String>,
    pub original_recipient: Option<String>,
    pub final_recipient: Option<String>,
    pub original_message_id: Option<String>,
    pub disposition: Disposition,
    pub error: Vec<String>,
    pub extensions: BTreeMap<String, String>,
}

/// What was done with the message, and by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub action_mode: String,
    pub sending_mode: String,
    pub kind: String,
}

const ACTION_MODES: [&str; 2] = ["manual-action", "automatic-action"];
const SENDING_MODES: [&str; 2] = ["mdn-sent-manually", "mdn-sent-automatically"];
const KINDS: [&str; 4] = ["deleted", "dispatched", "displayed", "processed"];

impl Disposition {
    /// From JSON; the words as RFC 9007 §2 has them.
    pub fn of_json(value: &Value) -> Option<Disposition> {
        let map = value.as_object().filter(|map| map.len() == 3)?;
        let of = |name: &str, known: &[&str]| {
            let word = map.get(name)?.as_str()?;
            known.contains(&word).then(|| word.to_owned())
        };
        Some(Disposition {
            action_mode: of("actionMode", &ACTION_MODES)?,
            sending_mode: of("sendingMode", &SENDING_MODES)?,
            kind: of("type", &KINDS)?,
        })
    }

    pub fn json(&self) -> Value {
        json!({"actionMode": self.action_mode, "sendingMode": self.sending_mode, "type": self.kind})
    }

    /// `manual-action/MDN-sent-manually; displayed/error` (RFC 8098 §3.2.6), in lower case; modifiers are left out.
    fn read(value: &str) -> Option<Disposition> {
        let lower = value.to_ascii_lowercase();
        let (modes, kind) = lower.split_once(';')?;
        let (action, sending) = modes.split_once('/')?;
        let kind = kind.split('/').next()?;
        let known = |word: &str, known: &[&str]| known.contains(&word.trim()).then(|| word.trim().to_owned());
        Some(Disposition {
            action_mode: known(action, &ACTION_MODES)?,
            sending_mode: known(sending, &SENDING_MODES)?,
            kind: known(kind, &KINDS)?,
        })
    }
}

impl Receipt {
    /// The part for machines.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let cut = |text: &str| text.get(..text.floor_char_boundary(FIELD_OCTETS_MAX)).unwrap_or_default().to_owned();
        let mut put = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                out.extend(field(name, &cut(value)));
            }
        };
        put("Reporting-UA", &self.reporting_ua);
        put("Original-Recipient", &self.original_recipient);
        put("Final-Recipient", &self.final_recipient);
        put("Original-Message-ID", &self.original_message_id);
        let Disposition { action_mode, sending_mode, kind } = &self.disposition;
        put("Disposition", &Some(format!("{action_mode}/{sending_mode}; {kind}")));
        for (name, value) in &self.extensions {
            put(name, &Some(value.clone()));
        }
        out
    }

    /// Reads it; `None` where it names no disposition.
    pub fn read(section: &[u8]) -> Option<Receipt> {
        let mut receipt = Receipt::default();
        let mut disposition = None;
        for field in header::fields(section) {
            let value = String::from_utf8_lossy(&header::unfold(field.value)).into_owned();
            let place = match field.name.to_ascii_lowercase().as_slice() {
                b"reporting-ua" => &mut receipt.reporting_ua,
                b"mdn-gateway" => &mut receipt.mdn_gateway,
                b"original-recipient" => &mut receipt.original_recipient,
                b"final-recipient" => &mut receipt.final_recipient,
                b"original-message-id" => &mut receipt.original_message_id,
                b"disposition" => {
                    disposition = disposition.or(Disposition::read(&value));
                    continue;
                }
                b"error" => {
                    receipt.error.push(value);
                    continue;
                }
                _ => {
                    if receipt.extensions.len() < EXTENSIONS_MAX {
                        receipt.extensions.insert(String::from_utf8_lossy(field.name).into_owned(), value);
                    }
                    continue;
                }
            };
            place.get_or_insert(value);
        }
        Some(Receipt { disposition: disposition?, ..receipt })
    }

    /// Its properties (RFC 9007 §2), but for those the message around it has.
    pub fn properties(&self) -> Map<String, Value> {
        let list = |list: &[String]| if list.is_empty() { Value::Null } else { json!(list) };
        let extensions = if self.extensions.is_empty() { Value::Null } else { json!(self.extensions) };
        let all = json!({
            "reportingUA": self.reporting_ua,
            "disposition": self.disposition.json(),
            "mdnGateway": self.mdn_gateway,
            "originalRecipient": self.original_recipient,
            "finalRecipient": self.final_recipient,
            "originalMessageId": self.original_message_id,
            "error": list(&self.error),
            "extensionFields": extensions,
        });
        match all {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// Names of extension fields (RFC 8098 §3.3): those of fields, and none that mean something else.
pub(super) fn is_extension(name: &str) -> bool {
    const OURS: [&str; 9] = [
        "reporting-ua",
        "mdn-gateway",
        "original-recipient",
        "final-recipient",
        "original-message-id",
        "disposition",
        "error",
        "failure",
        "warning",
    ];
    let is_name = (1..=70).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b':');
    is_name && !OURS.contains(&name.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_receipt_reads_as_it_was_written() {
        let disposition =
            json!({"actionMode": "manual-action", "sendingMode": "mdn-sent-manually", "type": "displayed"});
        let receipt = Receipt {
            reporting_ua: Some("pc.example; Foomail 97.1".to_owned()),
            final_recipient: Some("rfc822; john@example.com".to_owned()),
            original_message_id: Some("<1@example.org>".to_owned()),
            disposition: Disposition::of_json(&disposition).unwrap(),
            extensions: BTreeMap::from([("X-Mood".to_owned(), "good".to_owned())]),
            ..Receipt::default()
        };
        assert_eq!(Receipt::read(&receipt.write()), Some(receipt));
    }

    #[test]
    fn words_of_others_are_read_in_any_case() {
        let read = Receipt::read(
            b"Disposition: Manual-Action/MDN-Sent-Manually;\r\n Displayed/error\r\nError: a\r\nError: b\r\n",
        )
        .unwrap();
        assert_eq!((read.disposition.kind.as_str(), read.error.len()), ("displayed", 2));
        assert_eq!(Receipt::read(b"Final-Recipient: rfc822; a@b.example\r\n"), None);
        assert_eq!(Receipt::read(b"Disposition: maybe; displayed\r\n"), None);
    }

    #[test]
    fn dispositions_have_their_words_and_no_others() {
        for wrong in [
            json!({"actionMode": "manual-action", "sendingMode": "mdn-sent-manually"}),
            json!({"actionMode": "Manual-Action", "sendingMode": "mdn-sent-manually", "type": "displayed"}),
            json!({"actionMode": "manual-action", "sendingMode": "mdn-sent-manually", "type": "read"}),
            json!("displayed"),
        ] {
            assert_eq!(Disposition::of_json(&wrong), None, "{wrong}");
        }
        assert!(is_extension("X-Mood") && !is_extension("Disposition") && !is_extension("a b") && !is_extension(""));
    }
}
