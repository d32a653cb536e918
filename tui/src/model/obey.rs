//! Commands carried out, wherever they come from: a key, `:`, the palette.

use super::palette::Palette;
use super::pattern::translated;
use super::{Focus, Model, Undoable};
use crate::command::{Command, Takes, Verb};
use crate::event::{Deed, Doing, Effect, Question, Remember, Screen};
use agent::mirror::{Action, Folder, Order as Sorting, View};
use agent::worker::Order;
use message::search::query;

impl Model {
    /// Carries out a line of the language.
    pub fn say(&mut self, line: &str) {
        match Command::parse(line) {
            Ok(command) => self.obey(command, false),
            Err(problem) => self.complain(problem),
        }
    }

    /// Carries out a command; `sure`: it was asked whether it is meant.
    pub(super) fn obey(&mut self, command: Command, sure: bool) {
        if command.argument.is_empty() && self.needs_argument(command.verb) {
            return self.ask_argument(command.verb);
        }
        let text = command.argument.clone();
        let done = self.obey_letters(&command, sure)
            || self.obey_parts(&command)
            || self.moves(command.verb)
            || self.obey_program(command.verb, &text)
            || self.obey_view(command.verb, &text)
            || self.obey_marks(command.verb, &text)
            || self.obey_reader(command.verb, &text)
            || self.obey_mail(&command, sure)
            || self.obey_folders(&command, sure);
        if !done {
            self.complain("This cannot be done here");
        }
    }

    fn needs_argument(&self, verb: Verb) -> bool {
        let takes = verb.entry().map_or(Takes::Nothing, |entry| entry.takes);
        match takes {
            Takes::Nothing => false,
            Takes::Text(label) => !label.is_empty(),
            Takes::Account => self.accounts.len() > 2,
            _ => true,
        }
    }

    fn obey_program(&mut self, verb: Verb, text: &str) -> bool {
        match verb {
            Verb::Quit => {
                if self.composer.as_ref().is_some_and(|composer| composer.is_touched) {
                    self.keep_draft();
                }
                self.screen(Screen::Quit);
            }
            Verb::Cancel => self.cancel(),
            Verb::Help => {
                self.help_of = if self.focus == Focus::Help { self.help_of } else { self.focus };
                self.help_top = 0;
                self.focus = Focus::Help;
            }
            Verb::Command => self.ask_line(),
            Verb::Palette => self.open_palette(),
            Verb::KeyBar => self.options.key_bar = !self.options.key_bar,
            Verb::SideBar => self.options.side_bar = !self.options.side_bar,
            Verb::Preset => self.use_preset(text),
            Verb::Theme => {
                text.clone_into(&mut self.options.theme);
                self.look_anew();
            }
            Verb::Pictures => {
                text.clone_into(&mut self.options.pictures);
                self.look_anew();
            }
            Verb::Suspend => self.screen(Screen::Suspend),
            Verb::Redraw => self.screen(Screen::Redraw),
            Verb::Undo => self.take_back(),
            Verb::Redo => self.do_again(),
            Verb::Sync => self.sync(),
            Verb::Offline => self.go_offline(),
            Verb::Account => self.go_to_account(text),
            Verb::NextPane => self.next_pane(),
            Verb::ShowFolders => self.focus = Focus::Folders,
            Verb::ShowList => self.close_reader(),
            Verb::Goto => self.go_to_number(text),
            Verb::Open => self.open(),
            Verb::Back => self.back(),
            Verb::Folder => self.go_to_named(text),
            _ => return false,
        }
        true
    }

    fn cancel(&mut self) {
        let busy = self.account().filter(|account| account.busy.is_some()).map(|account| account.name.clone());
        match self.focus {
            Focus::Help | Focus::Choice | Focus::Review => self.back(),
            Focus::Composer => self.tell("The letter stays; `discard` throws it away, `postpone` keeps it as a draft"),
            _ if busy.is_some() => {
                if let Some(account) = busy {
                    self.order(Order::Cancel { account });
                    self.tell("Stopping");
                }
            }
            Focus::List if !self.list.marks.is_empty() => self.list.marks.clear(),
            Focus::List if !self.list.typed.is_empty() => self.clear_view(),
            Focus::Reader => self.back(),
            Focus::Folders => self.focus = Focus::List,
            Focus::List => {}
        }
    }

    fn open_palette(&mut self) {
        let folders: Vec<String> = self.account().map_or_else(Vec::new, |account| {
            account.folders.iter().map(|folder| crate::draw::safe(&folder.name).into_owned()).collect()
        });
        let accounts: Vec<String> = self.accounts.iter().map(|account| account.name.clone()).collect();
        let others = accounts.iter().map(String::as_str).filter(|_| accounts.len() > 1);
        self.palette = Some(Palette::new(folders.iter().map(String::as_str), others));
    }

    fn use_preset(&mut self, name: &str) {
        if crate::keys::PRESETS.contains(&name) {
            name.clone_into(&mut self.options.preset);
            self.keys = self.options.keymap();
            self.tell(format!("The keys are now those of {name}"));
        } else {
            self.complain(format!("There are the presets {}", crate::keys::PRESETS.join(", ")));
        }
    }

    fn sync(&mut self) {
        for account in self.accounts.iter().map(|account| account.name.clone()).collect::<Vec<_>>() {
            self.order(Order::Sync { account });
        }
        self.tell("Looking for new mail");
    }

    fn go_offline(&mut self) {
        self.offline = !self.offline;
        self.order(Order::Offline(self.offline));
        self.tell(if self.offline {
            "Off the network: what you do is told to the server later"
        } else {
            "On the network"
        });
    }

    fn take_back(&mut self) {
        match self.undo.pop() {
            // Once: what was done before it can be taken back still.
            Some(last) if last.actions.is_empty() => self.tell(format!("{}: that cannot be taken back", last.words)),
            Some(last) => match self.mail_in_the_way(&last) {
                Some(words) => self.complain(words),
                None => self.turn(last, Remember::Redo, "Taken back"),
            },
            None => self.tell("There is nothing to take back"),
        }
    }

    /// A folder that was made is not deleted with the mail that has come into it since.
    fn mail_in_the_way(&self, undoable: &Undoable) -> Option<String> {
        let folders = &self.accounts.get(undoable.account)?.folders;
        let goes = |folder: &&Folder| {
            undoable.actions.iter().any(|it| matches!(it, Action::DeleteFolder { folder: gone } if *gone == folder.id))
        };
        let full = folders.iter().find(|folder| folder.total > 0 && goes(folder))?;
        let what = crate::text::count(full.total, "message");
        Some(format!("{} is not taken away again: it holds {what}", crate::draw::safe(&full.name)))
    }

    fn do_again(&mut self) {
        match self.redo.pop() {
            Some(undoable) => self.turn(undoable, Remember::Undo, "Done again"),
            None => self.tell("There is nothing to do again"),
        }
    }

    fn turn(&mut self, undoable: Undoable, remember: Remember, how: &str) {
        let bare = undoable.words.trim_start_matches("Taken back: ").trim_start_matches("Done again: ").to_owned();
        self.tell(format!("{how}: {bare}"));
        let deed = Deed { what: Doing::Act(undoable.actions), words: bare, remember };
        self.effects.push(Effect::Do(undoable.account, deed));
    }

    fn obey_view(&mut self, verb: Verb, text: &str) -> bool {
        match verb {
            Verb::Search => self.search(text, true),
            Verb::Limit => self.search(text, false),
            Verb::ClearView => self.clear_view(),
            Verb::Sort => self.sort(text),
            Verb::Reverse => {
                self.list.view.reversed = !self.list.view.reversed;
                self.show_again();
            }
            Verb::Threads => {
                self.list.threaded = !self.list.threaded;
                self.show_again();
                self.tell(if self.list.threaded {
                    "One line for each conversation"
                } else {
                    "One line for each message"
                });
            }
            Verb::Unfold => match self.list.folded() {
                Some(thread) if !self.list.is_unfolded(thread) => self.ask(Question::Thread(thread)),
                Some(_) => self.list.fold(),
                None if self.list.threaded => self.tell("There is only this message"),
                None => self.tell("Conversations are not shown; `threads` shows them"),
            },
            Verb::Fold => self.list.fold(),
            Verb::NextUnread | Verb::PreviousUnread => self.look_for_unread(verb == Verb::NextUnread),
            _ => return false,
        }
        true
    }

    fn show_again(&mut self) {
        let (view, typed) = (self.list.view.clone(), self.list.typed.clone());
        self.list.show(view, &typed);
    }

    fn search(&mut self, text: &str, everywhere: bool) {
        let text = translated(text);
        let typed = query::parse(&text);
        if let Some(problem) = typed.problems.iter().find(|problem| problem.kind.is_grave()) {
            let about = text.get(problem.place.clone()).unwrap_or_default();
            return self.complain(format!("{}: {about}", problem.kind.words()));
        }
        let folder = if everywhere { None } else { self.list.view.folder };
        let view = View { folder, query: Some(typed.query), ..self.list.view.clone() };
        self.reader = None;
        self.focus = Focus::List;
        self.list.show(view, if text.is_empty() { "everything" } else { &text });
        if let Some(problem) = typed.problems.first() {
            let about = text.get(problem.place.clone()).unwrap_or_default().to_owned();
            self.complain(format!("{}: {about}", problem.kind.words()));
        }
    }

    pub(super) fn clear_view(&mut self) {
        let here = self.account().and_then(|account| account.folders.get(self.folder_cursor)).map(|folder| folder.id);
        let folder = self.list.view.folder.or(here);
        let view = View { folder, query: None, ..self.list.view.clone() };
        self.list.show(view, "");
    }

    fn sort(&mut self, text: &str) {
        let order = match text {
            "date" => Sorting::Received,
            "sent" => Sorting::Sent,
            "from" => Sorting::From,
            "subject" => Sorting::Subject,
            "size" => Sorting::Size,
            "unread" => Sorting::Unread,
            "starred" => Sorting::Flagged,
            _ => return self.complain(format!("It can be sorted by {}", crate::command::ORDERS.join(", "))),
        };
        if order != Sorting::Received {
            // Conversations have one order only.
            self.list.threaded = false;
        }
        self.list.view.reversed = self.list.view.order == order && !self.list.view.reversed;
        self.list.view.order = order;
        self.show_again();
    }

    fn look_for_unread(&mut self, forward: bool) {
        let window = self.list.window(self.list.cursor, if forward { 1 } else { 0 });
        self.ask(Question::NextUnread(window));
    }

    fn obey_marks(&mut self, verb: Verb, text: &str) -> bool {
        match verb {
            Verb::Mark => {
                if let Some(id) = self.list.selected().map(|row| row.id) {
                    if !self.list.marks.remove(&id) {
                        self.list.marks.insert(id);
                    }
                    self.moves(Verb::Down);
                }
            }
            Verb::Unmark => {
                if let Some(id) = self.list.selected().map(|row| row.id) {
                    self.list.marks.remove(&id);
                }
            }
            Verb::UnmarkAll => self.list.marks.clear(),
            Verb::MarkAll => self.ask(Question::Ids(self.list.view.clone(), true)),
            Verb::MarkThread => self.mark_thread(),
            Verb::MarkMatching | Verb::UnmarkMatching => self.mark_matching(text, verb == Verb::MarkMatching),
            _ => return false,
        }
        true
    }

    fn mark_thread(&mut self) {
        let Some(thread) = self.list.selected().map(|row| row.thread) else { return };
        let height = u64::from(self.layout().list_lines());
        let same: Vec<_> = (0..self.list.length().min(self.list.top + height))
            .filter_map(|position| self.list.shown(position))
            .filter(|shown| shown.row().thread == thread)
            .map(|shown| shown.row().id)
            .collect();
        self.list.marks.extend(same);
    }

    fn mark_matching(&mut self, text: &str, on: bool) {
        let text = translated(text);
        let typed = query::parse(&text);
        if let Some(problem) = typed.problems.first() {
            let about = text.get(problem.place.clone()).unwrap_or_default();
            return self.complain(format!("{}: {about}; nothing was marked", problem.kind.words()));
        }
        let both = match &self.list.view.query {
            Some(shown) => query::Query::All(vec![shown.clone(), typed.query]),
            None => typed.query,
        };
        let view = View { query: Some(both), ..self.list.view.clone() };
        self.ask(Question::Ids(view, on));
    }
}
