//! The line at the bottom where something is typed: a command, what a command needs, yes or no. Owns its text, its cursor,
//! completion and history. What may be typed is told by who asks.

use crate::command::{Command, ENTRIES, Takes, Verb};
use crate::key::{Code, Key};
use message::search::query::Operator;
use unicode_segmentation::UnicodeSegmentation;

/// Lines that a history keeps.
const HISTORY_MAX: usize = 200;
/// Octets that can be typed: a path or a search, and far less than would be felt.
pub const TEXT_MAX: usize = 4096;
/// What is offered at once.
const CHOICES_MAX: usize = 50;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A command.
    Line,
    /// What comes after the word of a command.
    Argument(Verb),
    /// Whether it is to be done: this command, which is then certain.
    Sure(Command),
}

/// The line at the bottom.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What is asked.
    pub asked: Asked,
    /// As it is asked.
    pub label: String,
    /// What was typed.
    pub text: String,
    /// Octets before the cursor.
    pub cursor: usize,
    /// What may be meant: what Tab found.
    pub choices: Vec<String>,
    /// Which of them stands in the text.
    pub chosen: Option<usize>,
    /// What is wrong with what was typed.
    pub problem: Option<String>,
    /// Where the word that is completed begins, and what was typed of it.
    word: (usize, String),
    /// Which line of the history stands in the text.
    looked_back: Option<usize>,
}

/// What comes of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// More is to come.
    Nothing,
    /// Done: this text.
    Text(String),
    /// Yes.
    Yes,
    /// Left.
    Cancelled,
    /// Tab: what may be meant is to be told by [`Prompt::offer`].
    Complete,
}

/// What was typed before, by kind.
#[derive(Clone, Debug, Default)]
pub struct History(Vec<(String, String)>);

impl History {
    fn add(&mut self, label: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        self.0.retain(|(known, line)| known != label || line != text);
        self.0.push((label.to_owned(), text.to_owned()));
        if self.0.len() > HISTORY_MAX {
            self.0.remove(0);
        }
    }

    /// Lines of a kind, the last first.
    fn lines<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().rev().filter(move |(known, _)| known == label).map(|(_, line)| line.as_str())
    }
}

impl Prompt {
    /// Asks something.
    #[must_use]
    pub fn new(asked: Asked, label: &str, text: &str) -> Prompt {
        Prompt {
            asked,
            label: label.to_owned(),
            text: text.to_owned(),
            cursor: text.len(),
            choices: Vec::new(),
            chosen: None,
            problem: None,
            word: (0, String::new()),
            looked_back: None,
        }
    }

    /// A key.
    pub fn key(&mut self, key: Key, history: &mut History) -> Said {
        if matches!(self.asked, Asked::Sure(_)) {
            return match key.typed().map(|c| c.to_ascii_lowercase()) {
                Some('y') => Said::Yes,
                _ => Said::Cancelled,
            };
        }
        match (key.code, key.ctrl) {
            (Code::Esc, _) | (Code::Char('c' | 'g'), true) => return Said::Cancelled,
            (Code::Enter, _) => {
                history.add(&self.label, self.text.trim());
                return Said::Text(self.text.trim().to_owned());
            }
            (Code::Tab, _) if self.choices.is_empty() => return Said::Complete,
            (Code::Tab, _) => self.step(1),
            (Code::BackTab, _) => self.step(-1),
            (Code::Up, _) => self.look_back(history, 1),
            (Code::Down, _) => self.look_back(history, -1),
            _ => self.edit(key),
        }
        Said::Nothing
    }

    /// Something is offered.
    #[must_use]
    pub fn is_completing(&self) -> bool {
        !self.choices.is_empty()
    }

    /// The next that is offered.
    pub fn next_choice(&mut self) {
        self.step(1);
    }

    /// What was typed of an address: what stands after the last comma before the cursor.
    pub fn address_word(&mut self) -> String {
        let text = self.text.get(..self.cursor).unwrap_or_default();
        let start = text.rfind([',', ';', ':']).map_or(0, |place| place + 1);
        let rest = text.get(start..).unwrap_or_default();
        let start = start + rest.len() - rest.trim_start().len();
        let typed = text.get(start..).unwrap_or_default().to_owned();
        self.word = (start, typed.clone());
        typed
    }

    /// Keys that change the text or move in it.
    pub fn edit(&mut self, key: Key) {
        match (key.code, key.ctrl) {
            (Code::Backspace, _) | (Code::Char('h'), true) => self.cut(self.before()),
            (Code::Delete, _) | (Code::Char('d'), true) => self.cut_after(),
            (Code::Char('w'), true) => self.cut(self.word_start()),
            (Code::Char('u'), true) => self.cut(0),
            (Code::Char('k'), true) => self.text.truncate(self.cursor),
            (Code::Left, _) | (Code::Char('b'), true) => self.cursor = self.before(),
            (Code::Right, _) | (Code::Char('f'), true) => self.cursor = self.after(),
            (Code::Home, _) | (Code::Char('a'), true) => self.cursor = 0,
            (Code::End, _) | (Code::Char('e'), true) => self.cursor = self.text.len(),
            _ => {
                if let Some(c) = key.typed() {
                    self.insert(c.encode_utf8(&mut [0; 4]));
                }
                return;
            }
        }
        self.changed();
    }

    /// Text at the cursor, on one line.
    pub fn insert(&mut self, text: &str) {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if self.text.len() + line.len() <= TEXT_MAX && self.text.is_char_boundary(self.cursor) {
            self.text.insert_str(self.cursor, &line);
            self.cursor += line.len();
        }
        self.changed();
    }

    fn changed(&mut self) {
        self.choices.clear();
        self.chosen = None;
        self.problem = None;
        self.looked_back = None;
    }

    fn before(&self) -> usize {
        let text = self.text.get(..self.cursor).unwrap_or_default();
        text.grapheme_indices(true).next_back().map_or(0, |(start, _)| start)
    }

    fn after(&self) -> usize {
        let text = self.text.get(self.cursor..).unwrap_or_default();
        self.cursor + text.graphemes(true).next().map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        let text = self.text.get(..self.cursor).unwrap_or_default().trim_end();
        text.rfind([' ', '/']).map_or(0, |place| place + 1)
    }

    fn cut(&mut self, from: usize) {
        if from < self.cursor && self.text.is_char_boundary(from) {
            self.text.replace_range(from..self.cursor, "");
            self.cursor = from;
        }
    }

    fn cut_after(&mut self) {
        let end = self.after();
        self.text.replace_range(self.cursor..end, "");
    }

    fn look_back(&mut self, history: &History, step: isize) {
        let at = match (self.looked_back, step) {
            (None, 1) => Some(0),
            (Some(at), _) => at.checked_add_signed(step),
            (None, _) => None,
        };
        let line = at.and_then(|at| history.lines(&self.label).nth(at).map(|line| (at, line.to_owned())));
        if let Some((at, line)) = line {
            self.text = line;
            self.changed();
            self.looked_back = Some(at);
        } else if at.is_none() && self.looked_back.is_some() {
            self.text.clear();
            self.changed();
        }
        self.cursor = self.text.len();
    }

    /// What Tab is about: the kind of thing, and what was typed of it.
    pub fn wanted(&mut self) -> (Option<Takes>, String) {
        let text = self.text.get(..self.cursor).unwrap_or_default().to_owned();
        let (takes, start) = match &self.asked {
            Asked::Line => match text.split_once(' ') {
                None => (None, 0),
                Some((word, rest)) => {
                    let takes =
                        Command::parse(word).ok().and_then(|command| command.verb.entry()).map(|entry| entry.takes);
                    (Some(takes.unwrap_or(Takes::Nothing)), text.len() - rest.trim_start().len())
                }
            },
            Asked::Argument(verb) => (Some(verb.entry().map_or(Takes::Nothing, |entry| entry.takes)), 0),
            Asked::Sure(_) => (Some(Takes::Nothing), 0),
        };
        let start = match takes {
            Some(Takes::Query) => text.rfind([' ', '(', '-']).map_or(start, |place| (place + 1).max(start)),
            _ => start,
        };
        let typed = text.get(start..).unwrap_or_default().to_owned();
        self.word = (start, typed.clone());
        (takes, typed)
    }

    /// What may be meant: the first is put in, and Tab goes on to the others.
    pub fn offer(&mut self, choices: Vec<String>) {
        self.problem = choices.is_empty().then(|| "nothing begins so".to_owned());
        let only = choices.len() == 1;
        self.choices = choices;
        self.choices.truncate(CHOICES_MAX);
        self.chosen = None;
        if !self.choices.is_empty() {
            self.step(1);
        }
        if only {
            // Another Tab completes what comes next.
            self.choices.clear();
        }
    }

    fn step(&mut self, step: isize) {
        let length = self.choices.len();
        if length == 0 {
            return;
        }
        let next = match self.chosen {
            None => 0,
            Some(at) => (at + length).saturating_add_signed(step) % length,
        };
        let Some(choice) = self.choices.get(next) else { return };
        let after = self.text.get(self.cursor..).unwrap_or_default().to_owned();
        self.text.truncate(self.word.0);
        self.text.push_str(choice);
        self.cursor = self.text.len();
        self.text.push_str(&after);
        self.chosen = Some(next);
    }
}

/// Commands whose word begins so.
#[must_use]
pub fn words(typed: &str) -> Vec<String> {
    ENTRIES.iter().filter(|entry| entry.word.starts_with(typed)).map(|entry| entry.word.to_owned()).collect()
}

/// Words of the search language that begin so.
#[must_use]
pub fn query_words(typed: &str) -> Vec<String> {
    if let Some((name, value)) = typed.split_once(':') {
        let values = Operator::of(name).map(Operator::values).unwrap_or_default();
        let fits = values.into_iter().filter(|known| known.starts_with(value));
        return fits.map(|known| format!("{name}:{known}")).collect();
    }
    Operator::names().filter(|name| name.starts_with(typed)).map(|name| format!("{name}:")).collect()
}

/// Those that begin so, whatever their case; else those that hold it.
#[must_use]
pub fn fitting<'a>(known: impl Iterator<Item = &'a str> + Clone, typed: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    let begins: Vec<String> =
        known.clone().filter(|name| name.to_lowercase().starts_with(&typed)).map(str::to_owned).collect();
    if begins.is_empty() {
        return known.filter(|name| name.to_lowercase().contains(&typed)).map(str::to_owned).collect();
    }
    begins
}
