//! What the program knows and how it changes: [`Model::update`] takes an event and gives effects. Pure: no clock, disk,
//! terminal or network. What is on the screen follows from the model alone (`crate::draw`).

mod answers;
mod ask;
pub mod choice;
pub mod composer;
mod deeds;
pub mod layout;
pub mod list;
mod moving;
mod obey;
pub mod palette;
mod parts;
pub mod pattern;
mod pictures;
pub mod prompt;
pub mod reader;
mod reading;
mod sealing;
mod writing;

use crate::command::Command;
use crate::event::{Effect, Event, Question, Remember, Screen};
use crate::key::{Code, Key};
use crate::keys::{Context, Keymap, Meaning};
use crate::picture::Sight;
use crate::settings::Options;
use agent::mirror::{Action, Folder, FolderId, OutgoingId, Role, View};
use agent::worker::{News, Order};
use choice::Choice;
use composer::Composer;
use list::List;
use message::Time;
use palette::Palette;
use prompt::{History, Prompt};
use reader::Reader;
use std::collections::BTreeMap;

/// How often it is looked for messages whose time has come.
const WAKE_EVERY_MS: u64 = 30_000;
/// Deeds that can be taken back: more than anybody remembers.
const UNDO_MAX: usize = 200;

/// The part of the screen that keys go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Focus {
    Folders,
    #[default]
    List,
    Reader,
    Help,
    Composer,
    Review,
    Choice,
}

/// An account, as the screen knows it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Whose mail it is.
    pub address: String,
    /// The name that goes with the address.
    pub display_name: String,
    /// What stands below what is written.
    pub signature: String,
    /// Its folders, as far as known.
    pub folders: Vec<Folder>,
    /// What the worker does for it.
    pub busy: Option<String>,
}

/// Something done that can be taken back; with no actions, something that cannot.
#[derive(Clone, Debug)]
pub struct Undoable {
    account: usize,
    actions: Vec<Action>,
    words: String,
}

/// A letter that waits to be sent.
struct Posted {
    account: usize,
    id: OutgoingId,
    /// When its time comes.
    at: Time,
    /// What was told of it.
    words: String,
}

/// The line that tells what happened.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// In words.
    pub text: String,
    /// It did not work.
    pub is_problem: bool,
}

/// All there is.
pub struct Model {
    /// Now.
    pub now: Time,
    /// Columns and lines.
    pub size: (u16, u16),
    /// What can be set.
    pub options: Options,
    /// What keys mean.
    pub keys: Keymap,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The one on the screen.
    pub current: usize,
    /// Where keys go.
    pub focus: Focus,
    /// The line of the folder list the cursor is on.
    pub folder_cursor: usize,
    /// The messages.
    pub list: List,
    /// The message that is read.
    pub reader: Option<Reader>,
    /// The line at the bottom.
    pub prompt: Option<Prompt>,
    /// The palette.
    pub palette: Option<Palette>,
    /// How far help is scrolled.
    pub help_top: usize,
    /// What help is about.
    pub help_of: Focus,
    /// The letter that is written.
    pub composer: Option<Composer>,
    /// A short list that something is chosen from.
    pub choice: Option<Choice>,
    /// What happened.
    pub status: Status,
    /// Keys pressed that are the beginning of something.
    pub pressed: Vec<Key>,
    /// Staying off the network.
    pub offline: bool,
    /// Where it goes on when the letter is done, or something was chosen.
    before_composer: Focus,
    before_choice: Focus,
    /// Whom the letter that was asked for goes to.
    to_write_to: String,
    /// When it was looked last for what is to be woken.
    woken_at: Time,
    /// The letter that was sent last.
    posted: Option<Posted>,
    /// What is to be done with the part that was asked for.
    wanted: Option<parts::Wanted>,
    /// The message under the cursor is to be read as soon as it is known.
    open_selected_again: bool,
    /// A command that waits for the folder it needs.
    awaited: Option<Command>,
    /// How pictures are drawn, once it is known.
    sight: Option<Sight>,
    /// The terminal was asked.
    sight_asked: bool,
    history: History,
    undo: Vec<Undoable>,
    redo: Vec<Undoable>,
    folders_asked: BTreeMap<usize, bool>,
    effects: Vec<Effect>,
}

impl Model {
    /// At the start, with the accounts there are.
    #[must_use]
    pub fn new(accounts: Vec<Account>, options: Options, size: (u16, u16), now: Time) -> Model {
        let keys = options.keymap();
        let mut list = List::default();
        list.threaded = options.threads;
        list.show(View::default(), "");
        Model {
            now,
            size,
            keys,
            options,
            accounts,
            current: 0,
            focus: Focus::List,
            folder_cursor: 0,
            list,
            reader: None,
            prompt: None,
            palette: None,
            help_top: 0,
            help_of: Focus::List,
            status: Status::default(),
            pressed: Vec::new(),
            offline: false,
            composer: None,
            choice: None,
            before_composer: Focus::List,
            before_choice: Focus::List,
            to_write_to: String::new(),
            woken_at: now,
            posted: None,
            wanted: None,
            open_selected_again: false,
            awaited: None,
            sight: None,
            sight_asked: false,
            history: History::default(),
            undo: Vec::new(),
            redo: Vec::new(),
            folders_asked: BTreeMap::new(),
            effects: Vec::new(),
        }
    }

    /// Something happened; what is wanted now.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Resized(columns, lines) => self.size = (columns, lines),
            Event::Tick(now) => {
                self.now = now;
                self.keep_when_due();
                self.tell_when_due();
                if now.0.saturating_sub(self.woken_at.0) >= WAKE_EVERY_MS {
                    self.wake();
                }
            }
            Event::End => self.end(),
            Event::Edited(text) => self.edited(text),
            Event::NoProgram(held) => self.without_program(*held),
            Event::News(news) => self.news(news),
            Event::Changed(account) => self.changed(account),
            Event::Answer(account, answer) => self.answered(account, answer),
            Event::Sight(sight) => self.sight = Some(sight),
            Event::Developed(developed) => self.take_picture(developed),
            Event::Done { account, words, remember, result } => self.done(account, words, remember, result),
        }
        self.ask_what_is_needed();
        std::mem::take(&mut self.effects)
    }

    /// Mail put aside whose time has come is woken, in every account.
    pub(super) fn wake(&mut self) {
        self.woken_at = self.now;
        let asked = (0..self.accounts.len()).map(|account| Effect::Ask(account, Question::Asleep));
        self.effects.extend(asked);
    }

    /// What the screen shows but is not known yet.
    fn ask_what_is_needed(&mut self) {
        if self.accounts.is_empty() {
            return;
        }
        let account = self.current;
        if self.accounts.get(account).is_some_and(|account| account.folders.is_empty())
            && self.folders_asked.insert(account, true).is_none()
        {
            self.ask(Question::Folders);
        }
        if self.list.view.folder.is_none() && self.list.typed.is_empty() {
            return;
        }
        let height = u64::from(self.layout().list_lines());
        self.list.scroll(height);
        for window in self.list.needed(height) {
            self.ask(Question::Lines(window));
        }
        if self.open_selected_again && self.list.selected().is_some() {
            self.open_selected_again = false;
            if let Some(row) = self.list.selected().cloned() {
                self.read(vec![row]);
            }
        }
        let view = self.reading_view();
        if let Some(reader) = &mut self.reader {
            reader.show_as(view);
        }
        self.ask_pages();
        self.ask_pictures();
    }

    fn ask(&mut self, question: Question) {
        self.effects.push(Effect::Ask(self.current, question));
    }

    fn screen(&mut self, screen: Screen) {
        self.effects.push(Effect::Screen(screen));
    }

    fn order(&mut self, order: Order) {
        self.effects.push(Effect::Order(order));
    }

    /// Tells something at the bottom.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.status = Status { text: text.into(), is_problem: false };
    }

    /// Tells at the bottom what did not work.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.status = Status { text: text.into(), is_problem: true };
    }

    /// The account on the screen.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.accounts.get(self.current)
    }

    /// A folder of the account on the screen.
    #[must_use]
    pub fn folder(&self, id: FolderId) -> Option<&Folder> {
        self.account()?.folders.iter().find(|folder| folder.id == id)
    }

    /// The folder that the list shows, where it shows one.
    #[must_use]
    pub fn open_folder(&self) -> Option<&Folder> {
        self.folder(self.list.view.folder?)
    }

    fn role_of_view(&self) -> Role {
        self.open_folder().map_or(Role::None, |folder| folder.role)
    }

    /// What keys mean where the focus is.
    #[must_use]
    pub fn context(&self) -> Context {
        match self.focus {
            Focus::Folders => Context::Folders,
            Focus::List => Context::List,
            Focus::Reader => Context::Reader,
            Focus::Help => Context::Choice,
            Focus::Composer => Context::Composer,
            Focus::Review => Context::Review,
            Focus::Choice => self.choice_context(),
        }
    }

    /// What keys mean in the short list.
    #[must_use]
    pub fn choice_context(&self) -> Context {
        match self.choice.as_ref().and_then(choice::Choice::chosen) {
            Some(choice::What::Part(..)) => Context::Parts,
            _ => Context::Choice,
        }
    }

    fn key(&mut self, key: Key) {
        self.status = Status::default();
        if self.palette.is_some() {
            return self.key_in_palette(key);
        }
        if self.prompt.is_some() {
            return self.key_in_prompt(key);
        }
        self.pressed.push(key);
        match self.keys.find(self.context(), &self.pressed) {
            Meaning::Line(line) => {
                self.pressed.clear();
                self.say(&line);
            }
            Meaning::Beginning => {}
            Meaning::Nothing if self.focus == Focus::Composer => {
                self.pressed.clear();
                self.key_in_composer(key);
            }
            Meaning::Nothing => {
                let pressed = std::mem::take(&mut self.pressed);
                self.unknown_keys(&pressed);
            }
        }
    }

    fn unknown_keys(&mut self, pressed: &[Key]) {
        if let [Key { code: Code::Char(c @ '1'..='9'), ctrl: false, alt: false }] = pressed
            && self.focus == Focus::List
        {
            return self.ask_argument_with(crate::command::Verb::Goto, &c.to_string());
        }
        let help = self.keys.keys_of(self.context(), crate::command::Verb::Help).unwrap_or_default();
        let keys = crate::key::spelled(pressed);
        self.complain(format!("{keys} does nothing here; {help} shows the keys that do"));
    }

    fn paste(&mut self, text: &str) {
        if let Some(prompt) = &mut self.prompt {
            prompt.insert(text);
        } else if let Some(composer) = self.composer.as_mut().filter(|_| self.focus == Focus::Composer) {
            composer.paste(text, self.now);
        }
    }

    fn news(&mut self, news: News) {
        let index = |model: &Model, name: &str| model.accounts.iter().position(|account| account.name == name);
        match news {
            News::Busy { account, progress } => {
                let words = match progress.of {
                    Some(of) => format!("{} {}/{of}", progress.what, progress.done),
                    None => progress.what,
                };
                self.set_busy(&account, Some(words));
            }
            News::Idle { account } => self.set_busy(&account, None),
            News::Mail { account, rows, count } => {
                let from = rows.first().map(|row| crate::draw::safe(&row.from).into_owned()).unwrap_or_default();
                let words = match (count, from.is_empty()) {
                    (1, false) => format!("New message from {from}"),
                    (_, false) => format!("{}, the last from {from}", crate::text::count(count, "new message")),
                    _ => crate::text::count(count, "new message"),
                };
                let words = if self.accounts.len() > 1 { format!("{account}: {words}") } else { words };
                self.screen(Screen::Notify(words.clone()));
                self.tell(words);
            }
            News::Fetched { account, message } => {
                if index(self, &account) == Some(self.current) {
                    self.content_came(message);
                }
            }
            News::Sent { subject, .. } => self.tell(format!("Sent: {}", crate::draw::safe(&subject))),
            News::Trouble { account, trouble } => {
                self.set_busy(&account, None);
                self.complain(format!("{account}: {}", crate::draw::safe(&trouble.text)));
            }
        }
    }

    fn set_busy(&mut self, name: &str, busy: Option<String>) {
        if let Some(account) = self.accounts.iter_mut().find(|account| account.name == name) {
            account.busy = busy;
        }
    }

    /// A mirror is not as it was: all that is known of it is asked for again.
    fn changed(&mut self, account: usize) {
        if account == self.current {
            self.ask(Question::Folders);
            self.list.refresh();
        } else {
            self.effects.push(Effect::Ask(account, Question::Folders));
        }
    }

    fn note_undoable(&mut self, undoable: Undoable) {
        self.redo.clear();
        self.undo.push(undoable);
        if self.undo.len() > UNDO_MAX {
            self.undo.remove(0);
        }
    }

    fn done(
        &mut self,
        account: usize,
        words: String,
        remember: Remember,
        result: Result<Vec<agent::mirror::Acted>, agent::trouble::Trouble>,
    ) {
        let acted = match result {
            Ok(acted) => acted,
            Err(trouble) => {
                let what =
                    if remember == Remember::Redo { format!("{words}: not taken back, ") } else { String::new() };
                return self.complain(format!("{what}{}", crate::draw::safe(&trouble.text)));
            }
        };
        let actions: Vec<Action> = acted.into_iter().rev().flat_map(|acted| acted.inverse).collect();
        let undoable = Undoable { account, actions, words: words.clone() };
        let can_undo = !undoable.actions.is_empty();
        match remember {
            Remember::Final => {
                self.note_undoable(Undoable { actions: Vec::new(), ..undoable });
                self.tell(words);
            }
            Remember::Undo if can_undo => {
                self.note_undoable(undoable);
                let key = self.keys.keys_of(self.context(), crate::command::Verb::Undo);
                let hint = key.map(|key| format!("  ({key} takes it back)")).unwrap_or_default();
                self.tell(format!("{words}{hint}"));
            }
            Remember::Redo if can_undo => self.redo.push(undoable),
            Remember::Redo | Remember::No => {}
            Remember::Undo => self.tell(words),
        }
        if let Some(name) = self.accounts.get(account).map(|account| account.name.clone()) {
            self.order(Order::Tell { account: name });
        }
        self.changed(account);
    }
}
