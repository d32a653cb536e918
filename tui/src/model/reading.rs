//! Commands about the message that is read.

use super::{Focus, Model};
use crate::command::Verb;
use crate::event::{Question, Screen};

impl Model {
    pub(super) fn obey_reader(&mut self, verb: Verb, text: &str) -> bool {
        match verb {
            Verb::Next => self.read_other(1),
            Verb::Previous => self.read_other(-1),
            _ if self.reader.is_none() => return self.obey_unread(verb),
            Verb::Conversation => self.toggle_conversation(),
            Verb::FullHeader => self.show_otherwise(|view| view.full_header = !view.full_header),
            Verb::Html => self.show_otherwise(|view| view.html_first = !view.html_first),
            Verb::Quotes => {
                if let Some(reader) = &mut self.reader {
                    reader.quotes_hidden = !reader.quotes_hidden;
                    reader.lay_out();
                }
            }
            Verb::Proof => self.show_proof(),
            Verb::Find => {
                if let Some(reader) = &mut self.reader {
                    text.clone_into(&mut reader.find);
                }
                self.find_next();
            }
            Verb::FindNext => self.find_next(),
            Verb::CopyText => {
                if let Some(text) = self.reader.as_ref().map(super::Reader::text) {
                    self.screen(Screen::Clipboard(text));
                    self.tell("The text is in the clipboard, where the terminal allows it");
                }
            }
            _ => return false,
        }
        true
    }

    /// Commands about reading, where nothing is read yet: the message under the cursor is opened.
    fn obey_unread(&mut self, verb: Verb) -> bool {
        match verb {
            Verb::Conversation | Verb::FullHeader | Verb::Html | Verb::Proof => {
                if self.list.selected().is_none() {
                    self.tell("There is no message here");
                    return true;
                }
                self.read_selected();
                if self.reader.is_some() { self.obey_reader(verb, "") } else { true }
            }
            Verb::FindNext => {
                self.look_on();
                true
            }
            _ => false,
        }
    }

    /// In a list of what was found, the next line is the next place.
    fn look_on(&mut self) {
        self.moves(Verb::Down);
    }

    fn read_other(&mut self, step: i64) {
        let height = u64::from(self.layout().list_lines().max(1));
        let before = self.list.cursor;
        self.list.go(before.saturating_add_signed(step), height);
        if self.list.cursor == before {
            return self.tell(if step > 0 { "This is the last message" } else { "This is the first message" });
        }
        if self.reader.is_some() {
            self.open_selected_again = true;
        }
    }

    fn toggle_conversation(&mut self) {
        let Some(reader) = &self.reader else { return };
        let Some(row) = reader.row().cloned() else { return };
        self.focus = Focus::Reader;
        if reader.messages.len() > 1 {
            let selected = self.list.selected().cloned().unwrap_or(row);
            return self.read(vec![selected]);
        }
        self.ask(Question::Thread(row.thread));
    }

    /// All that is proved, or the one line again.
    fn show_proof(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        if reader.messages.iter().all(|message| message.page.as_ref().is_none_or(|page| page.seal.is_none())) {
            return self.tell("This message is neither signed nor encrypted: nothing proves who wrote it");
        }
        reader.proof_shown = !reader.proof_shown;
        reader.top = 0;
        reader.lay_out();
    }

    fn show_otherwise(&mut self, change: impl Fn(&mut agent::reading::View)) {
        if let Some(reader) = &mut self.reader {
            let mut view = reader.view;
            change(&mut view);
            reader.show_as(view);
        }
        self.ask_pages();
    }

    fn find_next(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        if reader.find.is_empty() {
            return self.ask_argument(Verb::Find);
        }
        if !reader.find_next() {
            let words = format!("{:?} is not in this message", reader.find);
            self.complain(words);
        }
    }
}
