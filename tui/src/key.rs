//! Keys as they are written in tables, files and help: `a`, `<enter>`, `<C-x>`, `<A-left>`, `gg`. Knows no terminal.

use std::fmt;

/// A key without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// A key as it was pressed. Shift is in the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which.
    pub code: Code,
    /// With Ctrl.
    pub ctrl: bool,
    /// With Alt.
    pub alt: bool,
}

/// Names of keys that are no single character.
const NAMES: [(&str, Code); 19] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("backtab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("space", Code::Char(' ')),
    ("lt", Code::Char('<')),
    ("gt", Code::Char('>')),
    ("pipe", Code::Char('|')),
];

impl Key {
    /// Without modifiers.
    #[must_use]
    pub fn plain(code: Code) -> Key {
        Key { code, ctrl: false, alt: false }
    }

    /// The character it types, if it types one.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// From what stands between `<` and `>`.
    fn named(text: &str) -> Option<Key> {
        let (mut ctrl, mut alt, mut rest) = (false, false, text);
        while let Some((modifier, after)) = rest.split_once('-').filter(|(_, after)| !after.is_empty()) {
            match modifier {
                "C" => ctrl = true,
                "A" | "M" => alt = true,
                _ => return None,
            }
            rest = after;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => Code::Char(c),
            _ => code_named(rest)?,
        };
        Some(Key { code, ctrl, alt })
    }
}

fn code_named(name: &str) -> Option<Code> {
    let lower = name.to_ascii_lowercase();
    let function = || lower.strip_prefix('f')?.parse().ok().map(Code::F);
    NAMES.iter().find(|(known, _)| *known == lower).map(|(_, code)| *code).or_else(function)
}

/// Keys pressed one after the other; `None` when a name is not known.
#[must_use]
pub fn sequence(text: &str) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..)?;
        if c == '<' {
            let (name, after) = after.split_once('>')?;
            keys.push(Key::named(name)?);
            rest = after;
        } else {
            keys.push(Key::plain(Code::Char(c)));
            rest = after;
        }
    }
    Some(keys)
}

/// As people read it: `C-x`, `Enter`, `gg`.
#[must_use]
pub fn spelled(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(if keys.len() > 1 { " " } else { "" })
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("^")?;
        }
        if self.alt {
            f.write_str("Alt-")?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char(c) if self.ctrl => write!(f, "{}", c.to_ascii_uppercase()),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(number) => write!(f, "F{number}"),
            Code::PageUp => f.write_str("PgUp"),
            Code::PageDown => f.write_str("PgDn"),
            Code::BackTab => f.write_str("Shift-Tab"),
            Code::Delete => f.write_str("Del"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let read = |text: &str| sequence(text).map(|keys| spelled(&keys));
        assert_eq!(read("gg").as_deref(), Some("g g"));
        assert_eq!(read("<C-x>").as_deref(), Some("^X"));
        assert_eq!(read("<A-left>").as_deref(), Some("Alt-Left"));
        assert_eq!(read("<C-->").as_deref(), Some("^-"));
        assert_eq!(read("<lt>").as_deref(), Some("<"));
        assert_eq!(read("<f10>").as_deref(), Some("F10"));
        assert_eq!(read("日").as_deref(), Some("日"));
        for wrong in ["<", "<x", "<nothing>", "<Q-x>", "<>"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
