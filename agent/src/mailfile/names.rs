//! Names of folders and files made from names that others chose: never a path out of the folder, never a hidden file,
//! never a control character.

/// The longest name of a file, in octets: what every file system takes, with room for what is put behind it.
const NAME_MAX: usize = 150;

/// The levels of a folder's path, each as a name for a file or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts(pub Vec<String>);

impl Parts {
    /// Of `Work/Projects`.
    #[must_use]
    pub fn of(folder: &str) -> Parts {
        Parts(folder.split('/').filter(|part| !part.is_empty()).map(file_name).collect())
    }
}

/// A name that is one file in one folder: separators, control characters and what a shell takes for hidden become `_`.
#[must_use]
pub fn file_name(text: &str) -> String {
    let mut name = String::new();
    for letter in text.trim().chars() {
        let odd = letter.is_control()
            || matches!(letter, '/' | '\\' | ':' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let letter = if odd { '_' } else { letter };
        if name.len() + letter.len_utf8() > NAME_MAX {
            break;
        }
        name.push(letter);
    }
    match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if name.is_empty() => "_".to_owned(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for (text, name) in [
            ("Work", "Work"),
            ("..", "_."),
            ("../etc", "_._etc"),
            (".hidden", "_hidden"),
            ("a\\b:c\x1b[2J", "a_b_c_[2J"),
            ("", "_"),
            ("\u{202e}gpj", "_gpj"),
            ("Entw\u{fc}rfe", "Entw\u{fc}rfe"),
        ] {
            assert_eq!(file_name(text), name);
        }
        assert_eq!(Parts::of("/Work//../x/"), Parts(vec!["Work".into(), "_.".into(), "x".into()]));
        assert_eq!(file_name(&"\u{fc}".repeat(75)).len(), NAME_MAX);
        assert_eq!(file_name(&"\u{fc}".repeat(76)).len(), NAME_MAX);
    }
}
