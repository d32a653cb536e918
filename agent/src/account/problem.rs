//! What is wrong in the settings, said so that it can be mended: file, line, column, and the name that was likely meant.

use crate::trouble::{Kind, Trouble};
use std::fmt;

/// A mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// As the file was named.
    pub file: String,
    /// From 1; 0 for the file as a whole.
    pub line: usize,
    /// From 1, in characters; 0 for the file as a whole.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "{}: {}", self.file, self.what),
            (line, column) => write!(f, "{}:{line}:{column}: {}", self.file, self.what),
        }
    }
}

impl std::error::Error for SettingsError {}

impl From<SettingsError> for Trouble {
    fn from(error: SettingsError) -> Trouble {
        Trouble::new(Kind::Settings, error)
    }
}

impl SettingsError {
    /// About the file as a whole.
    pub(super) fn whole(file: &str, what: impl Into<String>) -> SettingsError {
        SettingsError { file: file.to_owned(), line: 0, column: 0, what: what.into() }
    }

    /// At an offset of the text.
    pub(super) fn at((file, text): (&str, &str), offset: usize, what: impl Into<String>) -> SettingsError {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        SettingsError { file: file.to_owned(), line: before.matches('\n').count() + 1, column, what: what.into() }
    }

    /// What the TOML library says, with the nearest name where it names those it knows.
    pub(super) fn of_toml(place: (&str, &str), error: &toml::de::Error) -> SettingsError {
        let what = with_nearest(error.message());
        match error.span() {
            Some(span) => SettingsError::at(place, span.start, what),
            None => SettingsError::whole(place.0, what),
        }
    }
}

/// "unknown field `hots`, expected one of `kind`, `host`" gets a hint at its end.
fn with_nearest(message: &str) -> String {
    let line = message.lines().collect::<Vec<_>>().join(" ");
    let mut quoted = line.split('`').skip(1).step_by(2);
    let near = match (line.starts_with("unknown "), quoted.next()) {
        (true, Some(typed)) => nearest(typed, quoted),
        _ => None,
    };
    let near = near.map(|name| format!("; did you mean `{name}`?"));
    format!("{line}{}", near.unwrap_or_default())
}

/// The candidate that is most like what was typed, if one is like it at all.
#[must_use]
pub fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, best) = candidates.map(|name| (distance(typed, name), name)).min()?;
    (distance <= 1 + typed.chars().count() / 3).then_some(best)
}

/// How many letters must be put in, taken out or changed to come from one name to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // The costs to come from what was read of `from` to each beginning of `to`.
    let mut costs: Vec<usize> = (0..=to.len()).collect();
    for (read, letter) in from.chars().enumerate() {
        let mut diagonal = read;
        let mut left = read + 1;
        if let Some(first) = costs.first_mut() {
            *first = left;
        }
        for (cost, other) in costs.iter_mut().skip(1).zip(&to) {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = *cost;
            left = changed.min(left + 1).min(*cost + 1);
            *cost = left;
        }
    }
    costs.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (a, b, expected) in [("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_name_is_told_where_one_is_near() {
        let message = "unknown field `hots`, expected one of `kind`, `host`, `port`";
        assert_eq!(with_nearest(message), format!("{message}; did you mean `host`?"));
        let far = "unknown field `banana`, expected one of `kind`, `host`, `port`";
        assert_eq!(with_nearest(far), far);
        assert_eq!(with_nearest("missing field `kind`"), "missing field `kind`");
    }

    #[test]
    fn places_count_from_one() {
        let place = ("accounts.toml", "a\nbé c\n");
        assert_eq!(SettingsError::at(place, 0, "x").to_string(), "accounts.toml:1:1: x");
        assert_eq!(SettingsError::at(place, 6, "x").to_string(), "accounts.toml:2:4: x");
        assert_eq!(SettingsError::at(place, 99, "x").to_string(), "accounts.toml:3:1: x");
        assert_eq!(SettingsError::whole("f", "x").to_string(), "f: x");
    }
}
