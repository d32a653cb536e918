//! Names a message gives its elements: classes, ids, anchors. Owns the prefix that keeps them apart from names of the page
//! (a message that calls a picture `location` must not stand in the way of anything), and the name of the box a message
//! stands in.

/// The class of the box around a message.
pub const SCOPE: &str = "pb-mail";
/// What stands before every name of a message.
pub const PREFIX: &str = "m-";
/// Octets of one name, without its prefix.
pub const NAME_MAX: usize = 64;
/// Classes of one element.
pub const CLASSES_MAX: usize = 32;

/// A name with the prefix, which it may have already. `None` where it holds more than letters, digits, `-` and `_`, or
/// too many of them.
#[must_use]
pub fn prefixed(name: &str) -> Option<String> {
    let own = name.strip_prefix(PREFIX).unwrap_or(name);
    let plain = own.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (plain && !own.is_empty() && own.len() <= NAME_MAX).then(|| format!("{PREFIX}{own}"))
}

/// The value of `class`, each name prefixed; `None` where nothing remains.
#[must_use]
pub fn classes(value: &str) -> Option<String> {
    let list: Vec<String> = value.split_ascii_whitespace().take(CLASSES_MAX).filter_map(prefixed).collect();
    (!list.is_empty()).then(|| list.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_once() {
        assert_eq!(prefixed("big").as_deref(), Some("m-big"));
        assert_eq!(prefixed("m-big").as_deref(), Some("m-big"));
        assert_eq!(classes(" a  b<c m-d ").as_deref(), Some("m-a m-d"));
        assert_eq!(prefixed("m-"), None);
        assert_eq!(prefixed("a b"), None);
    }

    #[test]
    fn takes_as_many_letters_as_it_says() {
        let longest = "x".repeat(NAME_MAX);
        assert_eq!(prefixed(&longest), Some(format!("m-{longest}")));
        assert_eq!(prefixed(&format!("m-{longest}")), Some(format!("m-{longest}")));
        assert_eq!(prefixed(&format!("{longest}x")), None);
        let many = "a ".repeat(CLASSES_MAX + 1);
        assert_eq!(classes(&many).map(|own| own.split(' ').count()), Some(CLASSES_MAX));
    }
}
