//! A letter that is written: its fields, its text, what goes along. Owns what keys do in it; how it is sent is `writing`.

use super::prompt::{Asked, Prompt};
use crate::event::Ties;
use crate::key::{Code, Key};
use agent::letter::{Aliases, Fault, Letter, Recipients};
use agent::sealing::{Choice, Refusal};
use message::Time;
use ratatui_textarea::{CursorMove, Input, TextArea, WrapMode};

/// Names of the fields, from top to bottom.
pub const FIELDS: [&str; 4] = ["To", "Cc", "Bcc", "Subject"];
/// Steps that the editor can take back.
const HISTORY: usize = 1000;
/// Octets of text that can be written by hand; larger ones are attached.
pub const BODY_MAX: usize = 4 * 1024 * 1024;

/// A letter that is written.
pub struct Composer {
    /// What is not shown in fields: who writes, what it answers, what goes along.
    pub letter: Letter,
    /// The fields.
    pub fields: Vec<Prompt>,
    /// The field that is typed in; beyond the last: the text.
    pub at: usize,
    /// The text.
    pub body: TextArea<'static>,
    /// The field for hidden recipients is shown.
    pub shows_bcc: bool,
    /// What it has to do with other messages.
    pub ties: Ties,
    /// When it was changed since it was kept last.
    pub changed_at: Option<Time>,
    /// Somebody wrote in it.
    pub is_touched: bool,
    /// It goes out then.
    pub send_at: Option<Time>,
    /// It is put away once it is kept.
    pub closes: bool,
    /// What is done to it as it goes, and what keeps that from being done, as far as was asked.
    pub seal: (Choice, Option<Refusal>),
    /// How far it is scrolled while it is looked over.
    pub review_top: usize,
}

impl Composer {
    /// Goes on with a letter. The cursor goes to the first thing that is missing.
    #[must_use]
    pub fn new(mut letter: Letter, ties: Ties) -> Composer {
        let [to, cc, bcc] = letter.take_typed();
        let (names_nobody, shows_bcc) = (to.is_empty(), !bcc.is_empty());
        let texts = [to, cc, bcc, letter.subject.clone()];
        let fields: Vec<Prompt> =
            FIELDS.iter().zip(texts).map(|(name, text)| Prompt::new(Asked::Line, name, &text)).collect();
        let at = match (names_nobody, letter.subject.is_empty()) {
            (true, _) => 0,
            (_, true) => 3,
            _ => FIELDS.len(),
        };
        let body = text_area(&letter.text);
        Composer {
            letter,
            fields,
            at,
            body,
            shows_bcc,
            ties,
            changed_at: None,
            is_touched: false,
            send_at: None,
            closes: false,
            seal: Default::default(),
            review_top: 0,
        }
    }

    /// Whether the text is typed in.
    #[must_use]
    pub fn is_in_body(&self) -> bool {
        self.at >= FIELDS.len()
    }

    /// The field that is typed in.
    pub fn field(&mut self) -> Option<&mut Prompt> {
        self.fields.get_mut(self.at)
    }

    /// Whether addresses are typed.
    #[must_use]
    pub fn is_in_addresses(&self) -> bool {
        self.at < FIELDS.len() - 1
    }

    /// A key that means no command; whether Tab asks for people.
    pub fn key(&mut self, key: Key, now: Time) -> bool {
        if self.is_in_body() {
            self.key_in_body(key, now);
            return false;
        }
        let is_address = self.is_in_addresses();
        let Some(field) = self.fields.get_mut(self.at) else { return false };
        match key.code {
            Code::Up => self.step(false),
            Code::Enter | Code::Down => self.step(true),
            Code::BackTab => self.step(false),
            Code::Tab if is_address && field.is_completing() => field.next_choice(),
            Code::Tab if is_address && !field.address_word().is_empty() => return true,
            Code::Tab => self.step(true),
            _ => {
                let before = field.text.len();
                field.edit(key);
                if field.text.len() != before || key.typed().is_some() {
                    self.touch(now);
                }
            }
        }
        false
    }

    fn key_in_body(&mut self, key: Key, now: Time) {
        let (line, _) = self.cursor();
        if (key.code == Code::Up && line == 0) || key.code == Code::BackTab {
            return self.step(false);
        }
        let Some(input) = input(key) else { return };
        if self.body.input(input) {
            self.touch(now);
        }
    }

    fn cursor(&self) -> (usize, usize) {
        let cursor = self.body.cursor();
        (cursor.0, cursor.1)
    }

    /// Text that was pasted.
    pub fn paste(&mut self, text: &str, now: Time) {
        match self.fields.get_mut(self.at) {
            Some(field) => field.insert(text),
            None => {
                let text: String = text.replace("\r\n", "\n").replace('\r', "\n");
                let safe: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
                if safe.len() + self.text().len() <= BODY_MAX {
                    self.body.insert_str(safe);
                }
            }
        }
        self.touch(now);
    }

    /// To the next place, or the one before.
    pub fn step(&mut self, forward: bool) {
        let is_shown = |at: usize| at != 2 || self.shows_bcc;
        let next = if forward {
            (self.at + 1..=FIELDS.len()).find(|at| is_shown(*at))
        } else {
            (0..self.at).rev().find(|at| is_shown(*at))
        };
        self.at = next.unwrap_or(self.at);
    }

    /// It is not as it was kept.
    pub fn touch(&mut self, now: Time) {
        self.is_touched = true;
        self.changed_at.get_or_insert(now);
    }

    /// The text as it stands.
    #[must_use]
    pub fn text(&self) -> String {
        self.body.lines().join("\n")
    }

    /// Another text, from an editor.
    pub fn set_text(&mut self, text: &str, now: Time) {
        let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        self.body = text_area(&text);
        self.touch(now);
    }

    fn field_text(&self, at: usize) -> &str {
        self.fields.get(at).map(|field| field.text.trim()).unwrap_or_default()
    }

    /// The letter as it stands, however unfinished: for drafts.
    #[must_use]
    pub fn draft(&self) -> Letter {
        let mut letter = self.written();
        letter.keep_typed([self.field_text(0), self.field_text(1), self.field_text(2)]);
        letter
    }

    fn written(&self) -> Letter {
        Letter { subject: self.field_text(3).to_owned(), text: self.text(), ..self.letter.clone() }
    }

    /// The letter as it would go, short names written out.
    ///
    /// # Errors
    /// What is wrong, each with its place.
    pub fn finished(&self, aliases: &Aliases) -> Result<Letter, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut read = |at: usize| {
            let name = FIELDS.get(at).copied().unwrap_or_default();
            match Recipients::read_with(name, self.field_text(at), aliases) {
                Ok(read) => read.expand(aliases, None),
                Err(found) => {
                    faults.extend(found);
                    Recipients::default()
                }
            }
        };
        let (to, cc, bcc) = (read(0), read(1), read(2));
        if !faults.is_empty() {
            return Err(faults);
        }
        let letter = Letter { to, cc, bcc, ..self.written() };
        letter.check()?;
        Ok(letter)
    }

    /// The letter as it goes, or what there is of it while something is wrong.
    #[must_use]
    pub fn going(&self, aliases: &Aliases) -> Letter {
        self.finished(aliases).unwrap_or_else(|_| self.draft())
    }
}

fn text_area(text: &str) -> TextArea<'static> {
    let mut body = TextArea::new(text.lines().map(str::to_owned).collect());
    body.set_wrap_mode(WrapMode::WordOrGlyph);
    body.set_max_histories(HISTORY);
    body.set_cursor_line_style(ratatui::style::Style::new());
    body.move_cursor(CursorMove::Top);
    body
}

/// A key in the words of the editor.
fn input(key: Key) -> Option<Input> {
    use ratatui_textarea::Key as Typed;
    let typed = match key.code {
        Code::Char(c) => Typed::Char(c),
        Code::Enter => Typed::Enter,
        Code::Tab => Typed::Tab,
        Code::Backspace => Typed::Backspace,
        Code::Delete => Typed::Delete,
        Code::Up => Typed::Up,
        Code::Down => Typed::Down,
        Code::Left => Typed::Left,
        Code::Right => Typed::Right,
        Code::Home => Typed::Home,
        Code::End => Typed::End,
        Code::PageUp => Typed::PageUp,
        Code::PageDown => Typed::PageDown,
        Code::Esc | Code::BackTab | Code::Insert | Code::F(_) => return None,
    };
    Some(Input { key: typed, ctrl: key.ctrl, alt: key.alt, shift: false })
}
