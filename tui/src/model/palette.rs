//! The palette: commands, folders and accounts found by some of their letters. Owns how well something fits.

use crate::command::{ENTRIES, Takes};
use crate::key::{Code, Key};

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// As it is found and shown.
    pub name: String,
    /// What it does.
    pub about: String,
    /// The command it is.
    pub line: String,
}

/// The palette.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    /// What was typed.
    pub text: String,
    /// All there is.
    items: Vec<Item>,
    /// What fits, the best first.
    pub found: Vec<Item>,
    /// Which is chosen.
    pub cursor: usize,
}

/// What comes of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Picked {
    /// More is to come.
    Nothing,
    /// This command.
    Line(String),
    /// Left.
    Cancelled,
}

impl Palette {
    /// Over these folders and accounts, and all commands.
    pub fn new<'a>(folders: impl Iterator<Item = &'a str>, accounts: impl Iterator<Item = &'a str>) -> Palette {
        let item =
            |name: &str, about: &str, line: String| Item { name: name.to_owned(), about: about.to_owned(), line };
        let mut items: Vec<Item> =
            folders.map(|name| item(name, "Open this folder", format!("folder {name}"))).collect();
        items.extend(accounts.map(|name| item(name, "Go to this account", format!("account {name}"))));
        for entry in ENTRIES {
            items.push(item(entry.word, entry.about, entry.word.to_owned()));
            if let Takes::OneOf(words) = entry.takes {
                items.extend(words.iter().map(|word| {
                    let line = format!("{} {word}", entry.word);
                    item(&line, entry.about, line.clone())
                }));
            }
        }
        let mut palette = Palette { items, ..Palette::default() };
        palette.look();
        palette
    }

    /// A key.
    pub fn key(&mut self, key: Key) -> Picked {
        let last = self.found.len().saturating_sub(1);
        match (key.code, key.ctrl) {
            (Code::Esc, _) | (Code::Char('c' | 'g' | 'k'), true) => return Picked::Cancelled,
            (Code::Enter, _) => {
                return self.found.get(self.cursor).map_or(Picked::Cancelled, |item| Picked::Line(item.line.clone()));
            }
            (Code::Up, _) | (Code::Char('p'), true) => self.cursor = self.cursor.saturating_sub(1),
            (Code::Down | Code::Tab, _) | (Code::Char('n'), true) => self.cursor = (self.cursor + 1).min(last),
            (Code::Backspace, _) => {
                self.text.pop();
                self.look();
            }
            (Code::Char('u'), true) => {
                self.text.clear();
                self.look();
            }
            _ => {
                if let Some(c) = key.typed().filter(|_| self.text.len() < super::prompt::TEXT_MAX) {
                    self.text.push(c);
                    self.look();
                }
            }
        }
        Picked::Nothing
    }

    fn look(&mut self) {
        let mut found: Vec<(usize, &Item)> =
            self.items.iter().filter_map(|item| Some((fitness(&item.name, &self.text)?, item))).collect();
        found.sort_by_key(|(cost, item)| (*cost, item.name.len()));
        if self.text.is_empty() {
            found.sort_by_key(|(_, item)| item.line != item.name);
        }
        self.found = found.into_iter().map(|(_, item)| item.clone()).collect();
        self.cursor = 0;
    }
}

/// How far from each other the letters typed lie in a name, in their order; `None` where they are not all there. Less is
/// better; letters at the beginning of words cost nothing.
fn fitness(name: &str, typed: &str) -> Option<usize> {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let begins = |place: usize| place == 0 || name.get(place - 1).is_some_and(|c| !c.is_alphanumeric());
    let (mut at, mut cost) = (0, 0);
    for wanted in typed.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        let rest = name.get(at..)?;
        let next = rest.iter().position(|c| *c == wanted)?;
        let word = (at..name.len()).find(|place| begins(*place) && name.get(*place) == Some(&wanted));
        let place = word.filter(|place| *place < at + next + 6).unwrap_or(at + next);
        cost += if begins(place) { 0 } else { place - at + 1 };
        at = place + 1;
    }
    Some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_find_what_holds_them_in_their_order() {
        let palette = |text: &str| {
            let mut palette = Palette::new(["INBOX", "Work/Deep ideas"].into_iter(), ["bob"].into_iter());
            for c in text.chars() {
                palette.key(Key::plain(Code::Char(c)));
            }
            palette.key(Key::plain(Code::Enter))
        };
        assert_eq!(palette("wdi"), Picked::Line("folder Work/Deep ideas".to_owned()));
        assert_eq!(palette("inbox"), Picked::Line("folder INBOX".to_owned()));
        assert_eq!(palette("arch"), Picked::Line("archive".to_owned()));
        assert_eq!(palette("sort size"), Picked::Line("sort size".to_owned()));
        assert_eq!(palette("bob"), Picked::Line("account bob".to_owned()));
        assert_eq!(palette("zzzz"), Picked::Cancelled);
    }
}
