//! Moving about: cursors, panes, the mouse, going to a folder or an account.

use super::{Focus, Model};
use crate::command::Verb;
use crate::event::{Mouse, Press, Question};
use agent::mirror::{FolderId, Role, View};
use agent::worker::Order;
use ratatui::layout::Rect;

/// The line of the screen on which a short list begins: below the title, its own title and a free line.
const CHOICE_FIRST: u16 = 3;
/// Lines that one step of the wheel goes.
const WHEEL: i64 = 3;

impl Model {
    /// Moves the cursor of the part that has the focus; whether the verb is one that moves.
    pub(super) fn moves(&mut self, verb: Verb) -> bool {
        let page = i64::from(self.page_lines().saturating_sub(1).max(1));
        let step = match verb {
            Verb::Down => 1,
            Verb::Up => -1,
            Verb::PageDown => page,
            Verb::PageUp => -page,
            Verb::HalfDown => (page / 2).max(1),
            Verb::HalfUp => -(page / 2).max(1),
            Verb::First => -i64::MAX / 2,
            Verb::Last => i64::MAX / 2,
            _ => return false,
        };
        self.step(step);
        true
    }

    fn page_lines(&self) -> u16 {
        let layout = self.layout();
        match self.focus {
            Focus::Folders => layout.folders.height,
            Focus::List => layout.list.height,
            Focus::Reader => layout.reader.height,
            _ => self.size.1.saturating_sub(6),
        }
    }

    fn step(&mut self, step: i64) {
        let moved = |place: usize, last: usize| {
            usize::try_from(i64::try_from(place).unwrap_or(i64::MAX / 2).saturating_add(step).max(0))
                .unwrap_or(0)
                .min(last)
        };
        match self.focus {
            Focus::Folders => {
                let last = self.account().map_or(0, |account| account.folders.len().saturating_sub(1));
                self.folder_cursor = moved(self.folder_cursor, last);
            }
            Focus::List => {
                let height = u64::from(self.layout().list_lines());
                let to = self.list.cursor.saturating_add_signed(step);
                self.list.go(to, height);
            }
            Focus::Reader => {
                let height = usize::from(self.layout().reader.height);
                if let Some(reader) = &mut self.reader {
                    let last = reader.lines.len().saturating_sub(height);
                    reader.top = moved(reader.top, last.max(reader.top.min(last)));
                }
            }
            Focus::Help => self.help_top = moved(self.help_top, usize::from(u16::MAX)),
            Focus::Choice => {
                if let Some(choice) = &mut self.choice {
                    choice.cursor = moved(choice.cursor, choice.items.len().saturating_sub(1));
                }
            }
            Focus::Review => {
                let last = crate::draw::review_last(self);
                if let Some(composer) = &mut self.composer {
                    composer.review_top = moved(composer.review_top, last);
                }
            }
            Focus::Composer => {}
        }
    }

    /// To the next part of the screen.
    pub(super) fn next_pane(&mut self) {
        let layout = self.layout();
        let is_seen = |focus: Focus| match focus {
            Focus::Folders => layout.folders.height > 0,
            Focus::List => layout.list.height > 0,
            Focus::Reader => layout.reader.height > 0,
            _ => false,
        };
        let order = [Focus::Folders, Focus::List, Focus::Reader];
        let at = order.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        let next =
            (1..=order.len()).filter_map(|step| order.get((at + step) % order.len())).find(|focus| is_seen(**focus));
        self.focus = match next {
            Some(next) if *next != self.focus => *next,
            _ if self.focus == Focus::Folders => Focus::List,
            _ => Focus::Folders,
        };
    }

    /// Where it was opened from.
    pub(super) fn back(&mut self) {
        match self.focus {
            Focus::Help => self.focus = self.help_of,
            Focus::Reader if self.reader.as_mut().is_some_and(super::Reader::close_part) => {}
            Focus::Reader => self.close_reader(),
            Focus::List if !self.list.typed.is_empty() => self.clear_view(),
            Focus::List => self.focus = Focus::Folders,
            Focus::Folders => self.say("quit"),
            Focus::Choice => self.leave_choice(),
            Focus::Review => self.focus = Focus::Composer,
            Focus::Composer => self.say("postpone"),
        }
    }

    pub(super) fn close_reader(&mut self) {
        self.reader = None;
        self.focus = Focus::List;
    }

    /// Opens what the cursor is on.
    pub(super) fn open(&mut self) {
        match self.focus {
            Focus::Folders => {
                let id = self.account().and_then(|account| account.folders.get(self.folder_cursor)).map(|it| it.id);
                if let Some(id) = id {
                    self.go_to_folder(id);
                }
            }
            Focus::List => self.read_selected(),
            Focus::Reader => {
                self.step(i64::from(self.page_lines().saturating_sub(1)));
            }
            Focus::Help => self.back(),
            Focus::Choice => self.choose(),
            Focus::Composer | Focus::Review => {}
        }
    }

    /// Shows a folder.
    pub(super) fn go_to_folder(&mut self, id: FolderId) {
        let Some(folder) = self.folder(id) else { return };
        if !folder.selectable {
            let words = format!("{} holds only other folders", crate::draw::safe(&folder.name));
            return self.complain(words);
        }
        self.reader = None;
        self.focus = Focus::List;
        let view =
            View { folder: Some(id), order: self.list.view.order, reversed: self.list.view.reversed, query: None };
        self.list.show(view, "");
        self.folder_cursor = self
            .account()
            .and_then(|account| account.folders.iter().position(|folder| folder.id == id))
            .unwrap_or(self.folder_cursor);
        if let Some(account) = self.account().map(|account| account.name.clone()) {
            self.order(Order::Look { account, folder: id });
        }
    }

    /// Shows the folder that somebody means: by its path, its role, or a part of its path.
    pub(super) fn go_to_named(&mut self, name: &str) {
        match self.folder_meant(name) {
            Some(id) => self.go_to_folder(id),
            None => self.complain(format!("There is no folder {name:?}")),
        }
    }

    /// The folder that somebody means.
    pub(super) fn folder_meant(&self, name: &str) -> Option<FolderId> {
        let folders = &self.account()?.folders;
        let lower = name.to_lowercase();
        let role = Role::of(name);
        let exact = folders.iter().find(|folder| folder.name == name);
        let case = || folders.iter().find(|folder| folder.name.to_lowercase() == lower);
        let role = || folders.iter().find(|folder| role != Role::None && folder.role == role);
        let part = || {
            let mut parts =
                folders.iter().filter(|folder| !lower.is_empty() && folder.name.to_lowercase().contains(&lower));
            parts.next().filter(|_| parts.next().is_none())
        };
        exact.or_else(case).or_else(role).or_else(part).map(|folder| folder.id)
    }

    /// Shows another account.
    pub(super) fn go_to_account(&mut self, name: &str) {
        let count = self.accounts.len();
        let found = if name.is_empty() {
            Some((self.current + 1) % count.max(1))
        } else {
            let fits = |account: &super::Account| account.name == name || account.address == name;
            let begins = |account: &super::Account| account.name.starts_with(name);
            self.accounts.iter().position(fits).or_else(|| self.accounts.iter().position(begins))
        };
        let Some(found) = found else { return self.complain(format!("There is no account {name:?}")) };
        if found == self.current {
            let name = self.account().map(|account| account.name.clone()).filter(|_| count > 1);
            let here = |name| format!("This is the account {name} already");
            return self.tell(name.map_or_else(|| "This is the only account".to_owned(), here));
        }
        // A letter, its drafts and what it answers are of the account that it is written in.
        if !self.is_interrupted_by_letter() {
            self.show_account(found);
        }
    }

    pub(super) fn show_account(&mut self, found: usize) {
        self.current = found;
        self.reader = None;
        self.focus = Focus::List;
        self.folder_cursor = 0;
        self.list.show(View::default(), "");
        self.folders_asked.insert(found, true);
        self.ask(Question::Folders);
    }

    /// To a line of the list by its number.
    pub(super) fn go_to_number(&mut self, text: &str) {
        match text.trim().parse::<u64>() {
            Ok(number) if number >= 1 => {
                let height = u64::from(self.layout().list_lines());
                self.list.go(number - 1, height);
                // While a message is read, the other takes its place.
                self.open_selected_again = self.focus == Focus::Reader;
            }
            _ => self.complain(format!("{text:?} is no number of a line")),
        }
    }

    /// The mouse.
    pub(super) fn mouse(&mut self, mouse: Mouse) {
        let layout = self.layout();
        if self.mouse_over_whole(mouse) {
            return;
        }
        let place = (mouse.x, mouse.y).into();
        let hit = [(Focus::Folders, layout.folders), (Focus::List, layout.list), (Focus::Reader, layout.reader)]
            .into_iter()
            .find(|(_, area)| area.contains(place));
        let Some((focus, area)) = hit.filter(|_| self.is_among_panes()) else { return };
        let before = std::mem::replace(&mut self.focus, focus);
        match mouse.what {
            Press::WheelUp => self.step(-WHEEL),
            Press::WheelDown => self.step(WHEEL),
            Press::Click => return self.click(focus, area, mouse.y),
        }
        self.focus = before;
    }

    /// The mouse where one part has the whole screen; whether it is so.
    fn mouse_over_whole(&mut self, mouse: Mouse) -> bool {
        let is_whole = matches!(self.focus, Focus::Help | Focus::Choice | Focus::Review);
        if !is_whole || self.prompt.is_some() || self.palette.is_some() {
            return false;
        }
        // Title, status and keys, and the two lines above the list.
        let lines = self.layout().status.y.saturating_sub(CHOICE_FIRST);
        match (mouse.what, &mut self.choice) {
            (Press::WheelUp, _) => self.step(-WHEEL),
            (Press::WheelDown, _) => self.step(WHEEL),
            (Press::Click, Some(choice)) if self.focus == Focus::Choice => {
                let line = mouse.y.checked_sub(CHOICE_FIRST).filter(|line| *line < lines);
                let top = (choice.cursor + 1).saturating_sub(usize::from(lines));
                let place = line.map(|line| top + usize::from(line)).filter(|place| *place < choice.items.len());
                if let Some(place) = place {
                    // The second click opens.
                    if std::mem::replace(&mut choice.cursor, place) == place {
                        self.open();
                    }
                }
            }
            (Press::Click, _) => {}
        }
        true
    }

    fn is_among_panes(&self) -> bool {
        let is_pane = matches!(self.focus, Focus::Folders | Focus::List | Focus::Reader);
        is_pane && self.prompt.is_none() && self.palette.is_none()
    }

    fn click(&mut self, focus: Focus, area: Rect, y: u16) {
        let line = mouse_line(area, y);
        match focus {
            Focus::Folders => {
                let last = self.account().map_or(0, |account| account.folders.len());
                let top = crate::draw::folders_top(self.folder_cursor, last, area.height);
                if top + usize::from(line) < last {
                    self.folder_cursor = top + usize::from(line);
                    self.open();
                }
            }
            Focus::List => {
                let position = self.list.top + u64::from(line);
                if position >= self.list.length() {
                    return;
                }
                // The second click opens.
                let again = position == self.list.cursor;
                self.list.cursor = position;
                if again {
                    self.open();
                }
            }
            _ => {}
        }
    }
}

fn mouse_line(area: Rect, y: u16) -> u16 {
    y.saturating_sub(area.y)
}
