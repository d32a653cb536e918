//! JSON as it may come in (RFC 7493): read by serde_json, with limits on depth and number of values, and no member named
//! twice. Owns no meaning.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// Values in one text. Each takes some tens of octets of memory, of two on the wire: this keeps a request of the largest
/// size below fifty megabytes.
pub const VALUES_MAX: usize = 500_000;

/// Why a text is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotJson {
    /// It is none, or not of RFC 7493.
    Malformed(String),
    /// It holds too many values.
    TooMany,
}

/// Reads a text.
///
/// # Errors
/// [`NotJson`].
pub fn read(text: &[u8], depth_max: usize) -> Result<Value, NotJson> {
    let room = Cell::new(VALUES_MAX);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Strict { depth: depth_max, room: &room }.deserialize(&mut deserializer);
    let value = read.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| if room.get() == 0 { NotJson::TooMany } else { NotJson::Malformed(error.to_string()) })
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    room: &'a Cell<usize>,
}

impl Strict<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("values lie too deep"))?;
        Ok(Strict { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.room.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.room.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inside)?;
            // RFC 7493 §2.3.
            if all.contains_key(&name) {
                return Err(A::Error::custom(format!("{name:?} is there twice")));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn malformed(text: &str) -> bool {
        matches!(read(text.as_bytes(), 100), Err(NotJson::Malformed(_)))
    }

    #[test]
    fn what_is_json_is_read() {
        let text = r#" {"a": [1, -2, 3.5, null, true, "\u00e9\ud83d\ude00"], "b": {}} "#;
        assert_eq!(read(text.as_bytes(), 100), Ok(json!({"a": [1, -2, 3.5, null, true, "\u{e9}\u{1f600}"], "b": {}})));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "{", "[1,]", "{} {}", r#"{"a":1,"a":2}"#, r#""\ud800""#, "nan", "\u{feff}{}"] {
            assert!(malformed(text), "{text}");
        }
        assert!(matches!(read(b"\"\xff\"", 100), Err(NotJson::Malformed(_))));
    }

    #[test]
    fn depth_and_number_have_limits() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(deep(100).as_bytes(), 100).is_ok());
        assert!(malformed(&deep(101)), "one past it");
        assert!(malformed(&deep(1_000_000)));
        let many = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        assert!(read(many(VALUES_MAX).as_bytes(), 100).is_ok());
        assert_eq!(read(many(VALUES_MAX + 1).as_bytes(), 100), Err(NotJson::TooMany), "one past it");
    }
}
