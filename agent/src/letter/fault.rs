//! What is wrong with a letter, and where: field, address, column, the text and a mark below it. Owns how it is told.

use message::harmless::harmless;
use std::fmt;
use unicode_width::UnicodeWidthStr;

/// Characters of the text that are shown on each side of the place.
const SHOWN_MAX: usize = 60;

/// One thing that keeps a letter from being sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// The field: `To`.
    pub field: String,
    /// Which address of the field it is, counted from 1; 0 where it is none of them.
    pub number: usize,
    /// Where in [`Fault::text`], in characters counted from 1.
    pub column: usize,
    /// The text that is wrong, as typed.
    pub text: String,
    /// What is wrong with it.
    pub what: String,
}

impl Fault {
    /// Of a field that is wrong as a whole.
    #[must_use]
    pub fn of_field(field: &str, what: &str) -> Fault {
        Fault { field: field.to_owned(), number: 0, column: 1, text: String::new(), what: what.to_owned() }
    }

    /// Of a text that is not UTF-8: its first octet that is none, in its line. None where it is.
    #[must_use]
    pub fn of_octets(octets: &[u8]) -> Option<Fault> {
        let (before, after) = octets.split_at_checked(std::str::from_utf8(octets).err()?.valid_up_to())?;
        let begin = before.split(|octet| *octet == b'\n').next_back().unwrap_or_default();
        let end = after.split(|octet| *octet == b'\n').next().unwrap_or_default();
        let octet = end.first().copied().unwrap_or_default();
        Some(Fault {
            field: format!("text, line {}", before.iter().filter(|octet| **octet == b'\n').count() + 1),
            number: 0,
            column: String::from_utf8_lossy(begin).chars().count() + 1,
            text: String::from_utf8_lossy(&[begin, end].concat()).into_owned(),
            what: format!("{octet:02X} is not UTF-8; LC_ALL may name its charset"),
        })
    }

    /// The text around the place, and below it a line with a caret under the place. None where there is no text.
    #[must_use]
    pub fn shown(&self) -> Option<(String, String)> {
        if self.text.trim().is_empty() {
            return None;
        }
        let at = self.column.saturating_sub(1);
        let start = at.saturating_sub(SHOWN_MAX);
        let piece = |from: usize, count: usize| {
            let text: String = self.text.chars().skip(from).take(count).collect();
            harmless(&text).into_owned()
        };
        let before = format!("{}{}", if start > 0 { "..." } else { "" }, piece(start, at - start));
        let after = piece(at, SHOWN_MAX);
        let caret = " ".repeat(before.width()) + "^";
        Some((before + &after, caret))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", harmless(&self.field))?;
        if self.number > 0 {
            write!(f, ", address {}", self.number)?;
        }
        let shown = self.shown();
        if shown.is_some() {
            write!(f, ", column {}", self.column)?;
        }
        write!(f, ": {}", self.what)?;
        match shown {
            Some((text, caret)) => write!(f, "\n    {text}\n    {caret}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fault(text: &str, column: usize) -> Fault {
        let (field, what) = ("To".to_owned(), "the domain is not a valid name".to_owned());
        Fault { field, number: 2, column, text: text.to_owned(), what }
    }

    #[test]
    fn the_place_is_shown() {
        assert_eq!(
            fault("alice, bob@-x.y", 12).to_string(),
            "To, address 2, column 12: the domain is not a valid name\n    alice, bob@-x.y\n               ^"
        );
        assert_eq!(Fault::of_field("To", "nobody").to_string(), "To: nobody");
    }

    #[test]
    fn octets_that_are_no_text_have_a_place() {
        assert_eq!(
            Fault::of_octets(b"one\ncr\xC3\xAApe caf\xE9 au\nthree").unwrap().to_string(),
            "text, line 2, column 10: E9 is not UTF-8; LC_ALL may name its charset\n    cr\u{ea}pe caf\u{fffd} au\n             ^"
        );
        assert!(Fault::of_octets(b"\xC3").is_some_and(|fault| fault.column == 1));
        assert_eq!(Fault::of_octets("crêpe\n".as_bytes()), None);
    }

    #[test]
    fn wide_and_hostile_text_is_measured_as_it_is_shown() {
        let (text, caret) = fault("日本 x", 4).shown().unwrap_or_default();
        assert_eq!((text.as_str(), caret.as_str()), ("日本 x", "     ^"));
        let (text, caret) = fault("a\u{1b}b", 3).shown().unwrap_or_default();
        assert_eq!((text.as_str(), caret.len()), ("a\\u{1b}b", 8));
        let (text, _) = fault(&"x".repeat(1000), 500).shown().unwrap_or_default();
        assert!(text.starts_with("...") && text.len() == 3 + 2 * SHOWN_MAX);
    }
}
