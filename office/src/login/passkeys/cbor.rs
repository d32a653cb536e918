//! Reads the part of CBOR (RFC 8949) that authenticators write: CTAP2's canonical form has integers, strings, arrays and
//! maps of definite length, and booleans. Owns the octets and their limits; what they mean is its callers' business.

/// Maps and arrays inside each other; an attestation needs four.
const DEPTH_MAX: usize = 8;
/// Entries of one map or array; a key has seven, an attestation statement some certificates.
const ENTRIES_MAX: u64 = 64;

/// A value. Strings borrow from the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Major types 0 and 1; none of ours is wider than 64 bits.
    Integer(i64),
    /// Major type 2.
    Octets(&'a [u8]),
    /// Major type 3.
    Text(&'a str),
    /// Major type 4.
    Array(Vec<Value<'a>>),
    /// Major type 5, as it came; a key that comes twice makes it invalid (RFC 8949 §5.6).
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// `true`, `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// The first value of the input, and what follows it. `None` for what is no CBOR, or none of this kind.
pub(super) fn read(input: &[u8]) -> Option<(Value<'_>, &[u8])> {
    value(input, DEPTH_MAX)
}

impl<'a> Value<'a> {
    /// What a map holds under a number.
    pub fn at(&self, key: i64) -> Option<&Value<'a>> {
        self.find(&Value::Integer(key))
    }

    /// What a map holds under a name.
    pub fn named(&self, key: &'a str) -> Option<&Value<'a>> {
        self.find(&Value::Text(key))
    }

    fn find(&self, key: &Value<'a>) -> Option<&Value<'a>> {
        let Value::Map(entries) = self else { return None };
        entries.iter().find(|(there, _)| there == key).map(|(_, value)| value)
    }

    pub fn integer(&self) -> Option<i64> {
        if let Value::Integer(number) = self { Some(*number) } else { None }
    }

    pub fn octets(&self) -> Option<&'a [u8]> {
        if let Value::Octets(octets) = self { Some(octets) } else { None }
    }

    pub fn text(&self) -> Option<&'a str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }
}

fn value(input: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    let depth = depth.checked_sub(1)?;
    let (first, rest) = input.split_first()?;
    let (major, info) = (first >> 5, first & 0x1f);
    if major == 7 {
        return simple(info).map(|value| (value, rest));
    }
    let (argument, rest) = argument(info, rest)?;
    match major {
        0 => Some((Value::Integer(i64::try_from(argument).ok()?), rest)),
        1 => Some((Value::Integer(-1 - i64::try_from(argument).ok()?), rest)),
        2 => cut(argument, rest).map(|(octets, rest)| (Value::Octets(octets), rest)),
        3 => {
            let (octets, rest) = cut(argument, rest)?;
            Some((Value::Text(std::str::from_utf8(octets).ok()?), rest))
        }
        4 => array(argument, rest, depth),
        5 => map(argument, rest, depth),
        // Tags: no authenticator writes them.
        _ => None,
    }
}

fn simple(info: u8) -> Option<Value<'static>> {
    match info {
        20 => Some(Value::Bool(false)),
        21 => Some(Value::Bool(true)),
        22 => Some(Value::Null),
        _ => None,
    }
}

/// RFC 8949 §3: the number that goes with the initial octet. Indefinite lengths are not canonical.
fn argument(info: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    let octets = match info {
        0..=23 => return Some((u64::from(info), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (number, rest) = rest.split_at_checked(octets)?;
    Some((number.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)), rest))
}

fn cut(length: u64, rest: &[u8]) -> Option<(&[u8], &[u8])> {
    rest.split_at_checked(usize::try_from(length).ok()?)
}

fn array(count: u64, mut rest: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    let mut items = Vec::new();
    for _ in 0..within(count)? {
        let (item, after) = value(rest, depth)?;
        items.push(item);
        rest = after;
    }
    Some((Value::Array(items), rest))
}

fn map(count: u64, mut rest: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    let mut entries: Vec<(Value<'_>, Value<'_>)> = Vec::new();
    for _ in 0..within(count)? {
        let (key, after) = value(rest, depth)?;
        let (item, after) = value(after, depth)?;
        if entries.iter().any(|(there, _)| *there == key) {
            return None;
        }
        entries.push((key, item));
        rest = after;
    }
    Some((Value::Map(entries), rest))
}

fn within(count: u64) -> Option<u64> {
    (count <= ENTRIES_MAX).then_some(count)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// From the table of RFC 8949 appendix A.
    #[test]
    fn the_examples_of_the_rfc() {
        for (text, wanted) in [
            ("00", Value::Integer(0)),
            ("17", Value::Integer(23)),
            ("1818", Value::Integer(24)),
            ("1903e8", Value::Integer(1000)),
            ("1a000f4240", Value::Integer(1_000_000)),
            ("1b000000e8d4a51000", Value::Integer(1_000_000_000_000)),
            ("20", Value::Integer(-1)),
            ("3863", Value::Integer(-100)),
            ("f4", Value::Bool(false)),
            ("f5", Value::Bool(true)),
            ("f6", Value::Null),
            ("62c3bc", Value::Text("\u{fc}")),
            ("80", Value::Array(Vec::new())),
            ("a0", Value::Map(Vec::new())),
        ] {
            assert_eq!(read(&hex(text)), Some((wanted, &b""[..])), "{text}");
        }
        let octets = hex("4401020304");
        assert_eq!(read(&octets).unwrap().0.octets(), Some(&[1, 2, 3, 4][..]));
        let nested = hex("a26161016162820203ff");
        let (map, rest) = read(&nested).unwrap();
        assert_eq!(map.named("a").and_then(Value::integer), Some(1));
        assert_eq!(map.named("b"), Some(&Value::Array(vec![Value::Integer(2), Value::Integer(3)])));
        assert_eq!((map.named("c"), map.at(1), rest), (None, None, &b"\xff"[..]));
    }

    #[test]
    fn what_no_authenticator_writes_is_refused() {
        for text in [
            "",
            "18",
            "1903",
            "5f42010243030405ff",
            "9f01ff",
            "bf6161f5ff",
            "fa47c35000",
            "f7",
            "c11a514b67b0",
            "1c",
            "61ff",
            "a201010102",
            "8201",
            "a101",
            "1bffffffffffffffff",
            "3bffffffffffffffff",
            "5affffffff00",
        ] {
            assert_eq!(read(&hex(text)), None, "{text}");
        }
    }

    #[test]
    fn so_deep_and_so_many_and_no_more() {
        let nested = |depth: usize| [vec![0x81; depth - 1], vec![0x80]].concat();
        assert!(read(&nested(DEPTH_MAX)).is_some());
        assert!(read(&nested(DEPTH_MAX + 1)).is_none());
        let wide = |entries: u8| [vec![0x98, entries], vec![0; usize::from(entries)]].concat();
        assert!(read(&wide(64)).is_some());
        assert!(read(&wide(65)).is_none());
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some((_, rest)) = read(&octets) {
                prop_assert!(octets.ends_with(rest));
            }
        }
    }
}
