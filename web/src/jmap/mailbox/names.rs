//! Names that mailboxes may have (RFC 8621 §2): Net-Unicode (RFC 5198), without what the paths of IMAP need.

use message::header::composed;
use store::{DELIMITER, NAME_OCTETS_MAX};

/// A name in the form in which it is kept; why not, where it is none.
pub(super) fn checked(name: &str) -> Result<String, &'static str> {
    let name = composed(name);
    if name.is_empty() {
        return Err("A mailbox has a name.");
    }
    if name.len() > NAME_OCTETS_MAX {
        return Err("The name is too long.");
    }
    if name.contains(DELIMITER) || name.chars().any(is_unfit) {
        return Err("The name holds a character that it cannot have.");
    }
    Ok(name)
}

/// RFC 5198 §2: no control characters; nor may a line end hide in a name.
fn is_unfit(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_composed_and_checked() {
        assert_eq!(checked("Cre\u{302}pes").as_deref(), Ok("Cr\u{ea}pes"));
        for wrong in ["", "a/b", "a\u{7}", "a\r\nb", "a\u{2028}b"] {
            assert!(checked(wrong).is_err(), "{wrong:?}");
        }
        assert!(checked(&"x".repeat(NAME_OCTETS_MAX)).is_ok());
        assert!(checked(&"x".repeat(NAME_OCTETS_MAX + 1)).is_err(), "one past it");
    }
}
