//! Header fields as properties (RFC 8621 §4.1.2, §4.1.3): which property is which field, which form a field may have, and the
//! value it is written with.

use super::address::{date, groups, ids, people, strings};
use crate::jmap::email::Form;
use message::build::compose::{Field, Group, Value as FieldValue};
use serde_json::Value;

/// A property that is a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The field's name, as it is written.
    pub name: String,
    form: Form,
    all: bool,
}

/// Octets of one field's value: what a header section can hold many of.
const VALUE_OCTETS_MAX: usize = 256 * 1024;

const CONVENIENT: [(&str, &str, Form); 11] = [
    ("messageId", "Message-ID", Form::MessageIds),
    ("inReplyTo", "In-Reply-To", Form::MessageIds),
    ("references", "References", Form::MessageIds),
    ("sender", "Sender", Form::Addresses),
    ("from", "From", Form::Addresses),
    ("to", "To", Form::Addresses),
    ("cc", "Cc", Form::Addresses),
    ("bcc", "Bcc", Form::Addresses),
    ("replyTo", "Reply-To", Form::Addresses),
    ("subject", "Subject", Form::Text),
    ("sentAt", "Date", Form::Date),
];

const ADDRESSES: [&str; 13] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "resent-from",
    "resent-sender",
    "resent-reply-to",
    "resent-to",
    "resent-cc",
    "resent-bcc",
    "disposition-notification-to",
];
const IDS: [&str; 4] = ["message-id", "in-reply-to", "references", "resent-message-id"];
const DATES: [&str; 2] = ["date", "resent-date"];
const URLS: [&str; 6] = ["list-help", "list-unsubscribe", "list-subscribe", "list-post", "list-owner", "list-archive"];
const TEXTS: [&str; 4] = ["subject", "comments", "keywords", "list-id"];
const RAW_ONLY: [&str; 2] = ["return-path", "received"];

/// The field that a property is; `None` where it is none. `Some(None)`: it would be one, and its form is not allowed.
pub(super) fn header(property: &str) -> Option<Option<Header>> {
    if let Some((_, name, form)) = CONVENIENT.iter().find(|(convenient, ..)| *convenient == property) {
        return Some(Some(Header { name: (*name).to_owned(), form: *form, all: false }));
    }
    let rest = property.strip_prefix("header:")?;
    Some(custom(rest))
}

/// `name`, `name:asForm`, `name:all`, `name:asForm:all`.
fn custom(rest: &str) -> Option<Header> {
    let mut words = rest.split(':');
    let name = words.next().filter(|name| is_name(name))?;
    let (mut form, mut all) = (Form::Raw, false);
    for (place, word) in words.enumerate() {
        match (place, word, all) {
            (_, "all", false) => all = true,
            (0, form_name, false) => form = Form::named(form_name)?,
            _ => return None,
        }
    }
    is_allowed(&name.to_ascii_lowercase(), form).then(|| Header { name: name.to_owned(), form, all })
}

/// RFC 5322 §2.2, and short enough that the line of the name is none of its own.
fn is_name(name: &str) -> bool {
    (1..=77).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b':')
}

/// RFC 8621 §4.1.2: each form is for some fields, and for those that RFC 5322 and RFC 2369 say nothing of.
fn is_allowed(name: &str, form: Form) -> bool {
    let is_one_of = |list: &[&str]| list.contains(&name);
    let is_known = [&ADDRESSES[..12], &IDS, &DATES, &URLS, &TEXTS, &RAW_ONLY].iter().any(|list| is_one_of(list));
    match form {
        Form::Raw => true,
        _ if !is_known => true,
        Form::Text => is_one_of(&TEXTS),
        Form::Addresses | Form::GroupedAddresses => is_one_of(&ADDRESSES),
        Form::MessageIds => is_one_of(&IDS),
        Form::Date => is_one_of(&DATES),
        Form::Urls => is_one_of(&URLS),
    }
}

impl Header {
    /// The fields to be written; none for `null`. `None` where the value is not of the form.
    pub fn fields(&self, value: &Value) -> Option<Vec<Field>> {
        let values: Vec<&Value> = match (self.all, value) {
            (_, Value::Null) => return Some(Vec::new()),
            (true, Value::Array(values)) => values.iter().collect(),
            (true, _) => return None,
            (false, value) => vec![value],
        };
        values.into_iter().map(|value| Some(Field::new(&self.name, self.value(value)?))).collect()
    }

    fn value(&self, value: &Value) -> Option<FieldValue> {
        Some(match self.form {
            Form::Raw => FieldValue::Raw(text(value)?),
            Form::Text => FieldValue::Text(text(value)?),
            Form::Addresses => FieldValue::Addresses(vec![Group { name: None, members: people(value)? }]),
            Form::GroupedAddresses => FieldValue::Addresses(groups(value)?),
            Form::MessageIds => FieldValue::MessageIds(ids(value)?),
            Form::Urls => FieldValue::Urls(strings(value)?),
            Form::Date => {
                let (time, offset_minutes) = date(value.as_str()?)?;
                FieldValue::Date(time, offset_minutes)
            }
        })
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| text.len() <= VALUE_OCTETS_MAX && !text.contains('\0')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_are_for_the_fields_they_suit() {
        for good in [
            "from",
            "sentAt",
            "header:X-Any",
            "header:X-Any:asDate:all",
            "header:From:asRaw",
            "header:to:asAddresses",
            "header:List-Post:asURLs",
            "header:Subject:asText",
            "header:X-Y:all",
            "header:References:asMessageIds",
        ] {
            assert!(matches!(header(good), Some(Some(_))), "{good}");
        }
        for wrong in [
            "header:From:asDate",
            "header:Subject:asAddresses",
            "header:Received:asText",
            "header:X:asJson",
            "header:",
            "header:a b",
            "header:X:all:asText",
            "header:X:asText:asText",
            "header:é",
            "header:Date:asText",
        ] {
            assert_eq!(header(wrong), Some(None), "{wrong}");
        }
        assert_eq!(header("keywords"), None);
    }

    #[test]
    fn values_have_their_form() {
        let fields = |property: &str, value| header(property).unwrap().unwrap().fields(&value);
        assert_eq!(fields("subject", json!("a")).unwrap().len(), 1);
        assert_eq!(fields("header:X:all", json!(["a", "b"])).unwrap().len(), 2);
        assert_eq!(fields("from", json!(null)), Some(vec![]));
        for (property, wrong) in [
            ("subject", json!(1)),
            ("from", json!("alice@crepes.fr")),
            ("from", json!([{"name": "A"}])),
            ("messageId", json!(["a b"])),
            ("sentAt", json!("yesterday")),
            ("header:X:all", json!("a")),
            ("header:X", json!("a\u{0}")),
        ] {
            assert_eq!(fields(property, wrong.clone()), None, "{property} {wrong}");
        }
    }
}
