//! Flags as they are typed and shown: `+seen -flagged +$label`. Owns their names.

use crate::trouble::Trouble;
use agent::mirror::{Flags, Row};
use message::flags::flag_bits;
use office::admin::FailureKind;

/// Octets of a keyword: servers take no longer ones.
const KEYWORD_MAX: usize = 200;

/// Names of the flags every server has; the first of each bit is the one that is shown.
const NAMES: [(&str, u64); 8] = [
    ("seen", flag_bits::SEEN),
    ("read", flag_bits::SEEN),
    ("flagged", flag_bits::FLAGGED),
    ("starred", flag_bits::FLAGGED),
    ("answered", flag_bits::ANSWERED),
    ("replied", flag_bits::ANSWERED),
    ("draft", flag_bits::DRAFT),
    ("deleted", flag_bits::DELETED),
];

/// Flags to be set and to be taken away.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Set.
    pub add: Flags,
    /// Taken away.
    pub remove: Flags,
}

/// Parts what was typed into messages and flags. `searched`: a search names messages already.
pub fn part(words: &[String], searched: bool) -> Result<(Vec<String>, Wanted), Trouble> {
    let mut wanted = Wanted::default();
    let mut messages = Vec::new();
    for word in words {
        match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(name), _) => wanted.add.add(&flag(name)?),
            (_, Some(name)) => wanted.remove.add(&flag(name)?),
            _ => messages.push(word.clone()),
        }
    }
    if (messages.is_empty() && !searched) || (wanted.add.is_empty() && wanted.remove.is_empty()) {
        let what = "name messages and flags, as in `pillarbox mail flag 12 15-17 +seen -flagged +$work`";
        return Err(Trouble::new(FailureKind::Usage, what));
    }
    Ok((messages, wanted))
}

/// A flag of the system's names, else a keyword (RFC 9051 §9 `flag-keyword`: an atom).
fn flag(name: &str) -> Result<Flags, Trouble> {
    let bare = name.strip_prefix('\\').unwrap_or(name);
    if let Some((_, bit)) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(bare)) {
        return Ok(Flags::of(*bit));
    }
    let sound = |octet: u8| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(&octet);
    if name.is_empty() || name.len() > KEYWORD_MAX || !name.bytes().all(sound) {
        let known: Vec<&str> = NAMES.iter().step_by(2).take(3).map(|(name, _)| *name).collect();
        let what = format!("{name:?} is no flag: {}, or a word of your own as $work", known.join(", "));
        return Err(Trouble::new(FailureKind::Usage, what));
    }
    Ok(Flags::keyword(name))
}

/// Names of the flags a message has.
pub fn names(flags: &Flags) -> Vec<String> {
    let mut shown = 0;
    let mut names: Vec<String> = Vec::new();
    for (name, bit) in NAMES {
        if flags.has(bit) && shown & bit == 0 {
            names.push(name.to_owned());
            shown |= bit;
        }
    }
    names.extend(flags.keywords.iter().cloned());
    names
}

/// In four letters: new, flagged, answered or sent on, with files.
pub fn letters(row: &Row) -> String {
    let unread = if row.flags.has(flag_bits::SEEN) { ' ' } else { 'N' };
    let flagged = if row.flags.has(flag_bits::FLAGGED) { '*' } else { ' ' };
    let answered = match (row.flags.has(flag_bits::ANSWERED), row.flags.has_keyword("$Forwarded")) {
        (true, _) => 'r',
        (false, true) => 'f',
        (false, false) if row.flags.has(flag_bits::DRAFT) => 'd',
        _ => ' ',
    };
    let files = if row.attachments { '@' } else { ' ' };
    [unread, flagged, answered, files].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn flags_are_told_from_messages() {
        let (messages, wanted) = part(&words("12 +seen 15-17 -Flagged +$work -\\Draft"), false).unwrap();
        assert_eq!(messages, ["12", "15-17"]);
        assert_eq!(names(&wanted.add), ["seen", "$work"]);
        assert_eq!(names(&wanted.remove), ["flagged", "draft"]);
    }

    #[test]
    fn what_is_no_flag_is_refused() {
        for line in ["12", "+seen", "12 +", "12 +a(b", "12 -x\\y"] {
            assert_eq!(part(&words(line), false).unwrap_err().exit_code(), 64, "{line}");
        }
        let long = "k".repeat(KEYWORD_MAX);
        assert!(part(&words(&format!("1 +{long}")), false).is_ok());
        assert!(part(&words(&format!("1 +{long}k")), false).is_err());
        assert!(part(&words("+seen"), true).is_ok(), "a search says of which");
    }
}
