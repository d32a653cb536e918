//! Names of properties that stand for header fields: `header:NAME[:asFORM][:all]` (RFC 8621 §4.1.3).

use super::forms::Form;
use message::header;
use serde_json::Value;

/// A header field as a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderProperty {
    /// The field's name.
    pub field: String,
    /// The form wanted.
    pub form: Form,
    /// All instances, not only the last.
    pub all: bool,
}

impl HeaderProperty {
    /// Reads a property's name; `None` for another, or one that asks what cannot be asked.
    #[must_use]
    pub fn read(property: &str) -> Option<HeaderProperty> {
        let mut pieces = property.strip_prefix("header:")?.split(':');
        let field = pieces.next()?;
        let (mut form, mut all) = (None, false);
        for piece in pieces {
            match piece {
                "all" if !all => all = true,
                other if form.is_none() && !all => form = Some(Form::named(other)?),
                _ => return None,
            }
        }
        let is_name = !field.is_empty() && field.bytes().all(|octet| octet.is_ascii_graphic());
        let form = form.unwrap_or(Form::Raw);
        (is_name && form.fits(field)).then(|| HeaderProperty { field: field.to_owned(), form, all })
    }

    /// Its value, by the fields of a message or part.
    #[must_use]
    pub fn value(&self, section: &[u8]) -> Value {
        let fields = header::fields(section).filter(|field| field.is(&self.field));
        if self.all {
            return fields.map(|field| self.form.read(field.value)).collect();
        }
        fields.last().map_or(Value::Null, |field| self.form.read(field.value))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn properties_are_read() {
        let of = |text: &str| HeaderProperty::read(text);
        let property = |field: &str, form, all| Some(HeaderProperty { field: field.to_owned(), form, all });
        assert_eq!(of("header:Subject"), property("Subject", Form::Raw, false));
        assert_eq!(of("header:To:asAddresses:all"), property("To", Form::Addresses, true));
        assert_eq!(of("header:X:all"), property("X", Form::Raw, true));
        for wrong in [
            "subject",
            "header:",
            "header:a b",
            "header:X:all:asText",
            "header:X:asText:asText",
            "header:X:asX",
            "header:From:asText",
            "header:X:all:all",
            "header:\u{e9}",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_last_counts_or_all() {
        let section = b"X: a\r\nx: b\r\nY: c\r\n\r\n";
        let value = |text: &str| HeaderProperty::read(text).unwrap().value(section);
        assert_eq!(value("header:X"), json!(" b"));
        assert_eq!(value("header:x:asText:all"), json!(["a", "b"]));
        assert_eq!(value("header:Z"), json!(null));
        assert_eq!(value("header:Z:all"), json!([]));
    }
}
