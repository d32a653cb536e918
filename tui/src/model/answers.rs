//! What was asked of mirrors, taken in.

use super::{Focus, Model};
use crate::event::{Answer, Beginning, Deed, Doing, Effect, Question, Remember, Screen};
use crate::text::count;
use agent::mirror::{Action, Flags, Folder, MessageId, Role, Row, View};
use agent::reading;
use agent::snoozed::Woken;
use agent::worker::Order;
use message::flags::flag_bits;

/// Columns a text is wrapped at where the screen is wider: longer lines are hard to read.
const WIDTH_MAX: usize = 100;

impl Model {
    pub(super) fn answered(&mut self, account: usize, answer: Answer) {
        if let Answer::Folders(folders) = answer {
            return self.take_folders(account, folders);
        }
        if let Answer::Asleep(woken) = answer {
            return self.take_woken(account, woken);
        }
        if account != self.current {
            return;
        }
        match answer {
            Answer::Folders(_) | Answer::Asleep(_) => {}
            Answer::Lines { generation, offset, lines, total } => self.list.take(generation, offset, lines, total),
            Answer::Thread(thread, rows) if self.focus == Focus::Reader => self.take_conversation(thread, rows),
            Answer::Thread(thread, rows) => self.list.unfold(thread, rows),
            Answer::Ids(messages, on) => self.take_marks(&messages, on),
            Answer::Read(row, page) => self.take_page(*row, page),
            Answer::NextUnread(place) => match place {
                Some(line) => {
                    let height = u64::from(self.layout().list_lines());
                    self.list.go(line, height);
                    if self.focus == Focus::Reader {
                        self.open_selected_again = true;
                    }
                }
                None => self.tell("Everything here was read"),
            },
            Answer::Part(held) => self.take_part(*held),
            Answer::Saved(path) => self.tell(format!("Written to {}", crate::draw::safe(&path))),
            Answer::Failed(trouble) => {
                // A letter that could not be kept is not put away.
                self.composer.iter_mut().for_each(|composer| composer.closes = false);
                self.complain(crate::draw::safe(&trouble.text).into_owned());
            }
            letters => self.take_of_letters(letters),
        }
    }

    fn take_folders(&mut self, index: usize, folders: Vec<Folder>) {
        let Some(account) = self.accounts.get_mut(index) else { return };
        account.folders = folders;
        if index != self.current {
            return;
        }
        if let Some(command) = self.awaited.take() {
            self.obey(command, false);
        }
        let last = self.account().map_or(0, |account| account.folders.len().saturating_sub(1));
        self.folder_cursor = self.folder_cursor.min(last);
        let is_gone = self.list.view.folder.is_some_and(|id| self.folder(id).is_none());
        let shows_nothing = self.list.view.folder.is_none() && self.list.typed.is_empty();
        if is_gone || shows_nothing {
            let inbox = self.folder_of(Role::Inbox).map(|folder| folder.id);
            if let Some(inbox) = inbox {
                let focus = self.focus;
                self.wake();
                self.list.show(View { folder: Some(inbox), query: None, ..self.list.view.clone() }, "");
                self.folder_cursor = if is_gone { self.folder_cursor } else { 0 };
                self.focus = focus;
            }
        }
    }

    /// Mail that was put aside is back.
    fn take_woken(&mut self, account: usize, woken: Woken) {
        if woken.woken == 0 {
            return;
        }
        let words = format!("{} put aside until now", count(woken.woken, "message"));
        let name = self.accounts.get(account).map(|account| account.name.clone()).unwrap_or_default();
        let words = if self.accounts.len() > 1 { format!("{name}: {words}") } else { words };
        self.screen(Screen::Notify(words.clone()));
        self.tell(words);
        self.order(Order::Tell { account: name });
        self.changed(account);
    }

    fn take_marks(&mut self, messages: &[MessageId], on: bool) {
        for message in messages {
            if on {
                self.list.marks.insert(*message);
            } else {
                self.list.marks.remove(message);
            }
        }
        let words = if on { "marked" } else { "no longer marked" };
        self.tell(format!("{} {words}", count(messages.len() as u64, "message")));
    }

    /// How messages are read on this screen.
    pub(super) fn reading_view(&self) -> reading::View {
        let before = self.reader.as_ref().map(|reader| reader.view).unwrap_or_default();
        let layout = self.layout();
        let width = if layout.reader.width > 0 { layout.reader.width } else { self.size.0 };
        let width = usize::from(width.saturating_sub(1)).clamp(20, WIDTH_MAX);
        reading::View { width, ..before }
    }

    /// Opens the message under the cursor.
    pub(super) fn read_selected(&mut self) {
        let Some(row) = self.list.selected().cloned() else { return };
        if row.flags.has(flag_bits::DRAFT) && self.role_of_view() == Role::Drafts {
            return self.begin(Beginning::Draft(row.id));
        }
        self.focus = Focus::Reader;
        self.read(vec![row]);
    }

    pub(super) fn read(&mut self, rows: Vec<Row>) {
        let view = self.reading_view();
        self.reader = Some(super::Reader::new(rows, view));
        let view = self.reading_view();
        if let Some(reader) = &mut self.reader {
            reader.view = view;
        }
        self.ask_pages();
    }

    /// Asks for the messages on the page that were not made ready, or not so.
    pub(super) fn ask_pages(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        let view = reader.view;
        let wanted: Vec<MessageId> = reader
            .messages
            .iter_mut()
            .filter_map(|message| (!std::mem::replace(&mut message.asked, true)).then_some(message.row.id))
            .collect();
        for message in wanted {
            self.ask(Question::Read(message, view));
        }
    }

    fn take_page(&mut self, row: Row, page: Option<Box<reading::Page>>) {
        let id = row.id;
        let Some(reader) = &mut self.reader else { return };
        let Some(message) = reader.message(id) else { return };
        let is_unread = !row.flags.has(flag_bits::SEEN);
        let is_missing = page.is_none() && !std::mem::replace(&mut message.ordered, true);
        let is_here = page.is_some();
        message.row = row;
        message.page = page.map(|page| Box::new(page.told_here(&self.options.zone)));
        reader.lay_out();
        let account = self.account().map(|account| account.name.clone());
        if let Some(account) = account.filter(|_| is_missing) {
            self.order(Order::Fetch { account, messages: vec![id] });
        }
        if is_unread && is_here {
            let action = Action::Flag { messages: vec![id], add: Flags::of(flag_bits::SEEN), remove: Flags::default() };
            let deed = Deed { what: Doing::Act(vec![action]), words: String::new(), remember: Remember::No };
            self.effects.push(Effect::Do(self.current, deed));
        }
    }

    /// The content of a message came.
    pub(super) fn content_came(&mut self, id: MessageId) {
        if let Some(message) = self.reader.as_mut().and_then(|reader| reader.message(id)) {
            message.asked = false;
            self.ask_pages();
        }
        self.list.refresh();
    }

    fn take_conversation(&mut self, thread: agent::mirror::ThreadId, rows: Vec<Row>) {
        let is_of_it = self.reader.as_ref().and_then(|reader| reader.row()).is_some_and(|row| row.thread == thread);
        if is_of_it && !rows.is_empty() {
            self.read(rows);
            self.tell("The whole conversation, the newest last");
        }
    }
}
