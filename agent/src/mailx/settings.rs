//! Variables and short names, as `set` and `alias` at the prompt and in `/etc/mail.rc` and `~/.mailrc` make them. Owns how
//! their lines are read.

use crate::letter::Aliases;
use std::collections::BTreeMap;

/// Short names one may have, and octets of a line with them: more no person writes.
const ALIASES_MAX: usize = 10_000;

/// Variables and short names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    variables: BTreeMap<String, String>,
    /// Short names.
    pub aliases: Aliases,
    /// Addresses that are the person's, too (`alternates`).
    pub alternates: Vec<String>,
    /// Fields that are not shown (`ignore`), in small letters.
    pub ignored: Vec<String>,
    /// The only fields that are shown (`retain`), in small letters.
    pub retained: Vec<String>,
}

impl Default for Settings {
    /// What holds where nobody says otherwise.
    fn default() -> Settings {
        let on = ["asksub", "header", "hold", "save"];
        let set = [("escape", "~"), ("indentprefix", "\t"), ("prompt", "& "), ("screen", "20"), ("toplines", "5")];
        let on = on.into_iter().map(|name| (name.to_owned(), String::new()));
        let set = set.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Settings {
            variables: on.chain(set).collect(),
            aliases: Aliases::default(),
            alternates: Vec::new(),
            ignored: Vec::new(),
            retained: Vec::new(),
        }
    }
}

impl Settings {
    /// What a variable is set to.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// A number; `default` where it is none.
    #[must_use]
    pub fn number(&self, name: &str, default: usize) -> usize {
        self.get(name).and_then(|value| value.trim().parse().ok()).unwrap_or(default)
    }

    /// `name=value`, `name` or `noname`.
    pub fn set(&mut self, word: &str) {
        match (word.split_once('='), word.strip_prefix("no")) {
            (Some((name, value)), _) => self.put(name, value),
            (None, Some(name)) if self.is_set(name) || name == "asksub" => self.unset(name),
            (None, _) => self.put(word, ""),
        }
    }

    /// Sets a variable.
    pub fn put(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a variable away.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// All that is set, as it could be typed.
    #[must_use]
    pub fn listed(&self) -> String {
        let line = |(name, value): (&String, &String)| {
            if value.is_empty() { format!("set {name}\n") } else { format!("set {name}={}\n", quoted(value)) }
        };
        self.variables.iter().map(line).collect()
    }

    /// `alias name people...`: adds to a short name.
    pub fn alias(&mut self, name: &str, people: &[String]) {
        if self.aliases.0.len() < ALIASES_MAX {
            self.aliases.0.entry(name.to_owned()).or_default().extend(people.iter().cloned());
        }
    }

    /// The short names, or one of them, as they could be typed.
    #[must_use]
    pub fn listed_aliases(&self, only: Option<&str>) -> String {
        let wanted = |name: &str| only.is_none_or(|only| only == name);
        let lines = self.aliases.0.iter().filter(|(name, _)| wanted(name));
        lines.map(|(name, people)| format!("alias {name} {}\n", people.join(" "))).collect()
    }

    /// Whether a field of a header is shown.
    #[must_use]
    pub fn shows(&self, field: &str) -> bool {
        let field = field.to_ascii_lowercase();
        if self.retained.is_empty() { !self.ignored.contains(&field) } else { self.retained.contains(&field) }
    }
}

fn quoted(value: &str) -> String {
    if value.chars().all(|c| c.is_alphanumeric() || "/._-~+:@".contains(c)) {
        value.to_owned()
    } else {
        format!("'{value}'")
    }
}

/// A line as words: blanks part them, quotes of both kinds and backslashes keep them together.
#[must_use]
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(inside) = chars.next() {
                    match inside {
                        '"' => break,
                        '\\' => word.extend(chars.next()),
                        other => word.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

/// Lines of a file of settings; one that ends with a backslash goes on in the next.
#[must_use]
pub fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut held = String::new();
    for line in text.lines() {
        match line.strip_suffix('\\') {
            Some(begun) => held.push_str(begun),
            None => lines.push(std::mem::take(&mut held) + line.trim_start()),
        }
    }
    if !held.is_empty() {
        lines.push(held);
    }
    lines.retain(|line| !line.is_empty() && !line.starts_with('#'));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_together_by_quotes() {
        assert_eq!(words("a 'b c' \"d \\\" e\"  f\\ g"), ["a", "b c", "d \" e", "f g"]);
        assert_eq!(words("x='' 'open"), ["x=", "open"]);
        assert_eq!(words("  "), Vec::<String>::new());
    }

    #[test]
    fn variables_are_set_and_taken_away() {
        let mut settings = Settings::default();
        settings.set("nosave");
        settings.set("folder=mail box");
        settings.set("noisy");
        assert!(!settings.is_set("save") && settings.is_set("noisy"));
        assert_eq!(settings.get("folder"), Some("mail box"));
        assert!(settings.listed().contains("set folder='mail box'\nset header\n"));
        assert_eq!(settings.number("toplines", 9), 5);
    }

    #[test]
    fn a_file_of_settings_is_read_in_lines() {
        assert_eq!(lines("# x\nset a\n\nalias f bob \\\ncarol\nset b\\"), ["set a", "alias f bob carol", "set b"]);
    }
}
