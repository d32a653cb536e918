//! What a terminal tells of itself, and what follows from it. Which way of drawing is taken is decided here, by what the
//! terminal answers and, where it cannot be asked, by what the environment says.

use super::{CELL, Sight, Way, kitty};
use crate::key::{Code, Key};

/// Pixels of a side of a cell: no letter is larger.
const CELL_MAX: u16 = 200;
/// Primary device attributes (ECMA-48 §8.3.24): every terminal answers, and all that was asked before is answered by then.
const FENCE: &str = "\x1b[c";
/// What it is called (XTVERSION of xterm).
const NAME: &str = "\x1b[>0q";
/// Pixels of a cell, of xterm.
const CELL_SIZE: &str = "\x1b[16t";

/// What the environment says of the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `TERM_PROGRAM`, or `LC_TERMINAL` where the terminal is another machine's.
    pub program: String,
    /// Between us and the terminal is tmux.
    pub is_tmux: bool,
    /// Between us and the terminal is screen.
    pub is_screen: bool,
    /// It passes over sequences that it does not know.
    pub is_modern: bool,
}

impl Surroundings {
    /// By the variables of the environment.
    #[must_use]
    pub fn of(variable: &impl Fn(&str) -> Option<String>, is_modern: bool) -> Surroundings {
        let told = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = told("TERM").unwrap_or_default();
        let is_tmux = told("TMUX").is_some() || term.starts_with("tmux");
        Surroundings {
            program: told("LC_TERMINAL").or_else(|| told("TERM_PROGRAM")).unwrap_or_default(),
            is_tmux,
            is_screen: !is_tmux && (told("STY").is_some() || term.starts_with("screen")),
            is_modern,
        }
    }

    /// What the terminal is to be asked; empty where it is better not asked.
    #[must_use]
    pub fn question(&self, setting: &str) -> String {
        let is_mute = !self.is_modern || self.is_screen || self.program == "Apple_Terminal";
        match Way::of(setting) {
            _ if is_mute || setting == "off" => String::new(),
            Some(Way::Blocks) => String::new(),
            Some(_) => format!("{CELL_SIZE}{FENCE}"),
            // tmux takes the question for a title, and what is behind it does not know where our window is.
            None if self.is_tmux => format!("{CELL_SIZE}{FENCE}"),
            None => format!("{}{NAME}{CELL_SIZE}{FENCE}", kitty::QUESTION),
        }
    }

    /// How pictures are drawn, after these answers. `cell`: the pixels of a cell, as the system knows them.
    #[must_use]
    pub fn sight(&self, setting: &str, answers: &Answers, cell: Option<(u16, u16)>) -> Sight {
        let way = match setting {
            "off" => None,
            setting => Some(Way::of(setting).unwrap_or_else(|| self.best(answers))),
        };
        let is_sane = |cell: &(u16, u16)| [cell.0, cell.1].iter().all(|side| (1..=CELL_MAX).contains(side));
        Sight { way, cell: answers.cell.or(cell).filter(is_sane).unwrap_or(CELL) }
    }

    fn best(&self, answers: &Answers) -> Way {
        let named = |name: &str| self.program == name || answers.name.starts_with(name);
        if self.is_tmux || self.is_screen {
            // A tmux that draws sixel itself says so. Others would draw at places that tmux knows nothing of.
            return if answers.sixel { Way::Sixel } else { Way::Blocks };
        }
        if named("iTerm") || named("WezTerm") || named("iTerm.app") || named("iTerm2") || named("mintty") {
            return Way::Iterm;
        }
        // Konsole knows only some of the protocol of kitty.
        match (answers.kitty, answers.sixel) {
            (true, true) if named("Konsole") => Way::Sixel,
            (true, _) => Way::Kitty,
            (false, true) => Way::Sixel,
            (false, false) => Way::Blocks,
        }
    }
}

/// What the terminal answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// It knows the protocol of kitty.
    pub kitty: bool,
    /// It knows sixel.
    pub sixel: bool,
    /// Pixels of a cell: columns, lines.
    pub cell: Option<(u16, u16)>,
    /// Its name and version.
    pub name: String,
    /// The last answer came.
    pub is_complete: bool,
    /// What was typed meanwhile.
    pub typed: Vec<u8>,
}

impl Answers {
    /// Reads what came.
    #[must_use]
    pub fn read(came: &[u8]) -> Answers {
        let mut answers = Answers::default();
        let mut rest = came;
        while let Some((first, after)) = rest.split_first() {
            match sequence(rest) {
                Some(length) => {
                    let (sequence, later) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                    if !answers.take(&String::from_utf8_lossy(sequence)) {
                        answers.typed.extend_from_slice(sequence);
                    }
                    rest = later;
                }
                None => {
                    answers.typed.push(*first);
                    rest = after;
                }
            }
        }
        answers
    }

    /// Takes in an answer; false where it is none.
    fn take(&mut self, sequence: &str) -> bool {
        if let Some(told) = sequence.strip_prefix("\x1b_G") {
            self.kitty |= told.starts_with("i=31;OK");
        } else if let Some(told) = sequence.strip_prefix("\x1bP>|") {
            told.trim_end_matches("\x1b\\").clone_into(&mut self.name);
        } else if let Some(told) = sequence.strip_prefix("\x1b[?").and_then(|told| told.strip_suffix('c')) {
            self.sixel |= told.split(';').skip(1).any(|attribute| attribute == "4");
            self.is_complete = true;
        } else if let Some(told) = sequence.strip_prefix("\x1b[6;").and_then(|told| told.strip_suffix('t')) {
            let sides = told.split_once(';').and_then(|(high, wide)| Some((wide.parse().ok()?, high.parse().ok()?)));
            self.cell = sides.or(self.cell);
        } else {
            return false;
        }
        true
    }
}

/// Octets of the control sequence or string that begins here (ECMA-48 §5.4, §5.6); `None` where none does, or its end is not here.
fn sequence(octets: &[u8]) -> Option<usize> {
    match octets {
        [0x1b, b'[', parameters @ ..] => Some(parameters.iter().position(|octet| (0x40..=0x7e).contains(octet))? + 3),
        [0x1b, b'_' | b'P', string @ ..] => Some(string.windows(2).position(|pair| pair == b"\x1b\\")? + 4),
        [0x1b, b'O', _, ..] => Some(3),
        _ => None,
    }
}

/// Keys that were typed while the terminal was asked.
#[must_use]
pub fn typed(octets: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        let (key, length) = first_key(rest);
        keys.extend(key);
        rest = rest.get(length.max(1)..).unwrap_or_default();
    }
    keys
}

fn first_key(octets: &[u8]) -> (Option<Key>, usize) {
    let plain = |code| Some(Key { code, ctrl: false, alt: false });
    if let Some(length) = sequence(octets) {
        let code = match octets.get(..length) {
            Some([_, b'[' | b'O', last]) => match last {
                b'A' => Some(Code::Up),
                b'B' => Some(Code::Down),
                b'C' => Some(Code::Right),
                b'D' => Some(Code::Left),
                b'H' => Some(Code::Home),
                b'F' => Some(Code::End),
                _ => None,
            },
            Some(b"\x1b[5~") => Some(Code::PageUp),
            Some(b"\x1b[6~") => Some(Code::PageDown),
            Some(b"\x1b[3~") => Some(Code::Delete),
            _ => None,
        };
        return (code.and_then(plain), length);
    }
    match octets {
        [0x1b] => (plain(Code::Esc), 1),
        [0x1b, rest @ ..] => {
            let (key, length) = first_key(rest);
            (key.map(|key| Key { alt: true, ..key }), length + 1)
        }
        [b'\r', ..] => (plain(Code::Enter), 1),
        [b'\t', ..] => (plain(Code::Tab), 1),
        [0x7f, ..] => (plain(Code::Backspace), 1),
        [control @ 1..=26, ..] => {
            (Some(Key { code: Code::Char(char::from(control - 1 + b'a')), ctrl: true, alt: false }), 1)
        }
        [first, ..] => {
            let length = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            let letter = octets.get(..length).and_then(|octets| std::str::from_utf8(octets).ok());
            let letter = letter.and_then(|letter| letter.chars().next());
            // What is no letter is passed over octet by octet.
            let length = letter.map_or(1, char::len_utf8);
            (letter.filter(|c| !c.is_control()).map(Code::Char).and_then(plain), length)
        }
        [] => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(told: &[(&str, &str)]) -> Surroundings {
        let variable = |name: &str| told.iter().find(|(known, _)| *known == name).map(|(_, it)| (*it).to_owned());
        Surroundings::of(&variable, true)
    }

    #[test]
    fn terminals_are_known_by_their_answers() {
        let kitty = Answers::read(b"\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.35.2)\x1b\\\x1b[6;20;10t\x1b[?62;c");
        assert_eq!((kitty.kitty, kitty.sixel, kitty.cell), (true, false, Some((10, 20))));
        assert!(kitty.is_complete && kitty.name == "kitty(0.35.2)" && kitty.typed.is_empty());
        let xterm = Answers::read(b"\x1bP>|XTerm(390)\x1b\\j\x1b[6;13;6t\x1b[B\x1b[?64;1;2;4;6;9c");
        assert_eq!((xterm.kitty, xterm.sixel, xterm.cell), (false, true, Some((6, 13))));
        assert_eq!(typed(&xterm.typed), crate::key::sequence("j<down>").unwrap_or_default());
        let refused = Answers::read(b"\x1b_Gi=31;ENOTSUPPORTED:x\x1b\\\x1b[?1;2c");
        assert_eq!((refused.kitty, refused.sixel, refused.is_complete), (false, false, true));
        // 4 as the first number is what it is, not what it can do.
        assert!(!Answers::read(b"\x1b[?4;6c").sixel);
        assert!(!Answers::read(b"\x1b[6;20;").is_complete);
    }

    #[test]
    fn the_best_way_is_taken() {
        let way = |told: &[(&str, &str)], came: &str| {
            surroundings(told).sight("auto", &Answers::read(came.as_bytes()), None).way
        };
        let (ok, sixel, plain) = ("\x1b_Gi=31;OK\x1b\\", "\x1b[?62;4c", "\x1b[?62;22c");
        assert_eq!(way(&[], &format!("{ok}{plain}")), Some(Way::Kitty));
        assert_eq!(way(&[], &format!("{ok}{sixel}")), Some(Way::Kitty));
        assert_eq!(way(&[], sixel), Some(Way::Sixel));
        assert_eq!(way(&[], plain), Some(Way::Blocks));
        assert_eq!(way(&[], ""), Some(Way::Blocks));
        assert_eq!(way(&[], &format!("\x1bP>|Konsole 24.08\x1b\\{ok}{sixel}")), Some(Way::Sixel));
        assert_eq!(way(&[], &format!("\x1bP>|WezTerm 2024\x1b\\{ok}{sixel}")), Some(Way::Iterm));
        assert_eq!(way(&[("TERM_PROGRAM", "iTerm.app")], sixel), Some(Way::Iterm));
        assert_eq!(way(&[("LC_TERMINAL", "iTerm2"), ("TERM_PROGRAM", "tmux")], plain), Some(Way::Iterm));
        assert_eq!(way(&[("TMUX", "/tmp/x"), ("LC_TERMINAL", "iTerm2")], plain), Some(Way::Blocks));
        assert_eq!(way(&[("TMUX", "/tmp/x")], sixel), Some(Way::Sixel));
        assert_eq!(way(&[("TERM", "screen.xterm-256color"), ("STY", "1")], plain), Some(Way::Blocks));
        let set = |setting: &str| surroundings(&[]).sight(setting, &Answers::default(), Some((9, 18)));
        assert_eq!(set("sixel"), Sight { way: Some(Way::Sixel), cell: (9, 18) });
        assert_eq!(set("off").way, None);
        let absurd = Answers { cell: Some((0, 60_000)), ..Answers::default() };
        assert_eq!(surroundings(&[]).sight("auto", &absurd, None).cell, CELL);
        let at = |cell| surroundings(&[]).sight("auto", &Answers { cell: Some(cell), ..Answers::default() }, None).cell;
        assert_eq!((at((CELL_MAX, CELL_MAX)), at((CELL_MAX + 1, 1))), ((CELL_MAX, CELL_MAX), CELL));
    }

    #[test]
    fn only_who_understands_is_asked() {
        let asked = |told: &[(&str, &str)], setting: &str| surroundings(told).question(setting);
        assert!(asked(&[], "auto").starts_with(kitty::QUESTION) && asked(&[], "auto").ends_with(FENCE));
        assert_eq!(asked(&[("TMUX", "x")], "auto"), "\x1b[16t\x1b[c");
        assert_eq!(asked(&[], "sixel"), "\x1b[16t\x1b[c");
        for (told, setting) in [
            (&[("STY", "1")][..], "auto"),
            (&[("TERM_PROGRAM", "Apple_Terminal")], "auto"),
            (&[], "blocks"),
            (&[], "off"),
        ] {
            assert_eq!(asked(told, setting), "");
        }
        assert_eq!(Surroundings::default().question("auto"), "");
    }

    #[test]
    fn what_is_typed_meanwhile_is_not_lost() {
        let keys = |octets: &[u8]| crate::key::spelled(&typed(octets));
        let wanted = |keys: &str| crate::key::spelled(&crate::key::sequence(keys).unwrap_or_default());
        assert_eq!(keys("jé日\r\t\x7f".as_bytes()), wanted("jé日<enter><tab><backspace>"));
        assert_eq!(keys(b"\x0c\x1bx\x1b[A\x1bOB\x1b[5~\x1b"), wanted("<C-l><A-x><up><down><pageup><esc>"));
        assert_eq!(keys(b"\xff\xfe\x1b[99;1z"), "");
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_read(came: Vec<u8>) {
            let answers = Answers::read(&came);
            proptest::prop_assert!(answers.typed.len() <= came.len());
            let _ = typed(&answers.typed);
        }
    }
}
