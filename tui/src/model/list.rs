//! The list of messages: what it shows, which lines of it are known, where the cursor is, what is marked. Lines are known in
//! pages; only pages that are on the screen are asked for.

use crate::event::{Line, Window};
use agent::mirror::{MessageId, Row, ThreadId, View};
use std::collections::{BTreeMap, BTreeSet};

/// Lines asked for at once: a tall screen twice over, and little enough to read within a millisecond.
pub const PAGE: u64 = 100;
/// Pages that are kept. What is further away is asked for again.
const PAGES_MAX: usize = 20;

/// The list of messages.
#[derive(Debug, Default)]
pub struct List {
    /// What it shows.
    pub view: View,
    /// What was typed to search or limit it; empty where it shows a whole folder.
    pub typed: String,
    /// A line for each conversation.
    pub threaded: bool,
    /// Lines in all; `None` until they were counted.
    pub total: Option<u64>,
    /// Where the cursor is, counted with what is unfolded.
    pub cursor: u64,
    /// The first line on the screen.
    pub top: u64,
    /// What is marked.
    pub marks: BTreeSet<MessageId>,
    /// What is unfolded, by line.
    unfolded: BTreeMap<u64, Unfolded>,
    pages: BTreeMap<u64, Vec<Line>>,
    generation: u64,
    asked: BTreeSet<u64>,
    /// The message that the cursor is to stay on when lines come anew.
    anchor: Option<MessageId>,
    is_held: bool,
}

#[derive(Debug)]
struct Unfolded {
    thread: ThreadId,
    rows: Vec<Row>,
}

/// What stands at a place of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// A message, or a conversation.
    Line(&'a Line),
    /// A message of an unfolded conversation.
    Inner(&'a Row),
}

impl<'a> Shown<'a> {
    /// The message: of a conversation the newest.
    #[must_use]
    pub fn row(self) -> &'a Row {
        match self {
            Shown::Line(line) => &line.row,
            Shown::Inner(row) => row,
        }
    }
}

impl List {
    /// Shows something else, from its beginning.
    pub fn show(&mut self, view: View, typed: &str) {
        self.view = view;
        typed.clone_into(&mut self.typed);
        self.marks.clear();
        self.cursor = 0;
        self.top = 0;
        self.unfolded.clear();
        self.forget();
        self.total = None;
        self.anchor = None;
    }

    /// What is known may be wrong: it is asked for again, and the cursor stays on its message.
    pub fn refresh(&mut self) {
        let held = self.shown(self.cursor).map(|shown| shown.row().id).or(self.anchor);
        self.anchor = held.filter(|_| std::mem::replace(&mut self.is_held, true));
        self.forget();
    }

    /// The cursor stays where it is when lines come anew, not on its message, which goes away.
    pub fn let_go(&mut self) {
        self.is_held = false;
    }

    fn forget(&mut self) {
        self.pages.clear();
        self.asked.clear();
        self.generation += 1;
    }

    /// The lines and those that are unfolded.
    #[must_use]
    pub fn length(&self) -> u64 {
        let inner: usize = self.unfolded.values().map(|unfolded| unfolded.rows.len()).sum();
        self.total.unwrap_or_default() + inner as u64
    }

    /// The line a position is in, and which message of it where it is unfolded.
    fn place(&self, position: u64) -> (u64, Option<usize>) {
        let mut before = 0;
        for (line, unfolded) in &self.unfolded {
            let rows = unfolded.rows.len() as u64;
            if position <= line + before {
                break;
            }
            if position <= line + before + rows {
                return (*line, usize::try_from(position - line - before - 1).ok());
            }
            before += rows;
        }
        (position - before, None)
    }

    /// The position of a line.
    fn position(&self, line: u64) -> u64 {
        let before = self.unfolded.range(..line).map(|(_, unfolded)| unfolded.rows.len() as u64).sum::<u64>();
        line + before
    }

    /// What is at a position, where it is known.
    #[must_use]
    pub fn shown(&self, position: u64) -> Option<Shown<'_>> {
        let (line, inner) = self.place(position);
        match inner {
            Some(index) => self.unfolded.get(&line)?.rows.get(index).map(Shown::Inner),
            None => {
                let page = self.pages.get(&(line / PAGE))?;
                page.get(usize::try_from(line % PAGE).ok()?).map(Shown::Line)
            }
        }
    }

    /// What the cursor is on.
    #[must_use]
    pub fn selected(&self) -> Option<&Row> {
        self.shown(self.cursor).map(Shown::row)
    }

    /// What is done to messages is done to: those marked, else the one under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Vec<MessageId> {
        if self.marks.is_empty() {
            self.selected().map(|row| row.id).into_iter().collect()
        } else {
            self.marks.iter().copied().collect()
        }
    }

    /// The conversation under the cursor, where the cursor is on a line that stands for one.
    #[must_use]
    pub fn folded(&self) -> Option<ThreadId> {
        match self.shown(self.cursor)? {
            Shown::Line(line) if self.threaded && line.messages > 1 => Some(line.row.thread),
            _ => None,
        }
    }

    /// Whether the conversation of this line is unfolded.
    #[must_use]
    pub fn is_unfolded(&self, thread: ThreadId) -> bool {
        self.unfolded.values().any(|unfolded| unfolded.thread == thread)
    }

    /// Shows the messages of a conversation below its line.
    pub fn unfold(&mut self, thread: ThreadId, rows: Vec<Row>) {
        let (line, _) = self.place(self.cursor);
        let known = self.pages.get(&(line / PAGE)).and_then(|page| page.get(usize::try_from(line % PAGE).ok()?));
        if known.is_some_and(|known| known.row.thread == thread) {
            self.unfolded.insert(line, Unfolded { thread, rows });
        }
    }

    /// Hides the messages of the conversation under the cursor.
    pub fn fold(&mut self) {
        let (line, _) = self.place(self.cursor);
        self.unfolded.remove(&line);
        self.cursor = self.position(line);
    }

    /// Moves the cursor, keeps it in the list, and the screen around it.
    pub fn go(&mut self, position: u64, height: u64) {
        self.cursor = position.min(self.length().saturating_sub(1));
        self.anchor = None;
        self.scroll(height);
    }

    /// Keeps the cursor on the screen.
    pub fn scroll(&mut self, height: u64) {
        let height = height.max(1);
        if self.cursor < self.top {
            self.top = self.cursor;
        } else if self.cursor >= self.top + height {
            self.top = self.cursor + 1 - height;
        }
        self.top = self.top.min(self.length().saturating_sub(height));
    }

    /// What has to be asked so that the screen can be drawn.
    pub fn needed(&mut self, height: u64) -> Vec<Window> {
        let (first, last) = (self.place(self.top).0 / PAGE, self.place(self.top + height).0 / PAGE);
        let mut wanted: BTreeSet<u64> = (first..=last).collect();
        wanted.insert(self.place(self.cursor).0 / PAGE);
        let pages = self.total.map(|total| total.div_ceil(PAGE));
        let is_needed = |page: &u64| {
            pages.is_none_or(|pages| *page < pages) && !self.pages.contains_key(page) && !self.asked.contains(page)
        };
        let wanted: Vec<u64> = wanted.into_iter().filter(is_needed).collect();
        self.asked.extend(&wanted);
        wanted.into_iter().map(|page| self.window(page * PAGE, PAGE)).collect()
    }

    /// A stretch of what it shows.
    #[must_use]
    pub fn window(&self, offset: u64, count: u64) -> Window {
        Window { view: self.view.clone(), threaded: self.threaded, offset, count, generation: self.generation }
    }

    /// Lines came.
    pub fn take(&mut self, generation: u64, offset: u64, lines: Vec<Line>, total: u64) {
        if generation != self.generation {
            return;
        }
        let page = offset / PAGE;
        self.asked.remove(&page);
        self.pages.insert(page, lines);
        self.total = Some(total);
        self.drop_far_pages(page);
        self.drop_folds_that_moved();
        self.stay_on_anchor();
        self.cursor = self.cursor.min(self.length().saturating_sub(1));
    }

    fn drop_far_pages(&mut self, around: u64) {
        while self.pages.len() > PAGES_MAX {
            let furthest = self.pages.keys().copied().max_by_key(|page| page.abs_diff(around));
            furthest.and_then(|page| self.pages.remove(&page));
        }
    }

    /// What is unfolded stays so where its conversation is still on the same line.
    fn drop_folds_that_moved(&mut self) {
        let pages = &self.pages;
        self.unfolded.retain(|line, unfolded| {
            let known =
                pages.get(&(line / PAGE)).map(|page| page.get(usize::try_from(line % PAGE).unwrap_or(usize::MAX)));
            known.is_none_or(|line| line.is_some_and(|line| line.row.thread == unfolded.thread))
        });
    }

    fn stay_on_anchor(&mut self) {
        let Some(anchor) = self.anchor else { return };
        if self.shown(self.cursor).is_some_and(|shown| shown.row().id == anchor) {
            self.anchor = None;
            return;
        }
        for (page, lines) in &self.pages {
            if let Some(place) = lines.iter().position(|line| line.row.id == anchor) {
                let position = self.position(page * PAGE + place as u64);
                let moved = position.saturating_sub(self.cursor);
                self.top = if self.top == 0 && position < PAGE / 2 { 0 } else { self.top.saturating_add(moved) };
                self.cursor = position;
                self.anchor = None;
                return;
            }
        }
    }
}
