//! What is done to messages and folders: which of them are meant, how it is told, what it is asked before.

use super::{Focus, Model};
use crate::command::{Command, Verb};
use crate::event::{Deed, Doing, Effect, Remember, Target};
use crate::text::count;
use agent::mirror::{Action, Flags, Folder, MessageId, Role, Row};
use agent::moment::moment;
use agent::snoozed;
use message::flags::flag_bits;

/// The keyword of conversations of which nobody wants to hear more.
const MUTED: &str = "$muted";
/// What servers learn junk by, and its opposite (IANA's registry of IMAP keywords).
const JUNK: &str = "$Junk";
const NOT_JUNK: &str = "$NotJunk";

impl Model {
    /// The messages meant: what is read, those marked, or the one under the cursor.
    pub(super) fn chosen(&self) -> Vec<MessageId> {
        match (&self.reader, self.focus) {
            (Some(reader), Focus::Reader) => reader.messages.iter().map(|message| message.row.id).collect(),
            _ => self.list.chosen(),
        }
    }

    /// The message meant where it can be one only.
    pub(super) fn chosen_row(&self) -> Option<&Row> {
        match (&self.reader, self.focus) {
            (Some(reader), Focus::Reader) => reader.row(),
            _ => self.list.selected(),
        }
    }

    pub(super) fn chosen_words(&self) -> String {
        count(self.chosen().len() as u64, "message")
    }

    pub(super) fn obey_mail(&mut self, command: &Command, sure: bool) -> bool {
        if !is_about_mail(command.verb) {
            return false;
        }
        let messages = self.chosen();
        if messages.is_empty() {
            self.tell("There is no message here");
            return true;
        }
        match command.verb {
            Verb::Delete if self.role_of_view() == Role::Trash => self.destroy(command, messages, sure),
            Verb::DeleteForGood => self.destroy(command, messages, sure),
            Verb::Delete => self.move_to(messages, Target::Role(Role::Trash), None),
            Verb::Archive => self.move_to(messages, Target::Role(Role::Archive), None),
            Verb::Junk => {
                let also = flags(messages.clone(), &Flags::keyword(JUNK), &Flags::keyword(NOT_JUNK));
                self.move_to(messages, Target::Role(Role::Junk), Some(also));
            }
            Verb::NotJunk => {
                let also = flags(messages.clone(), &Flags::keyword(NOT_JUNK), &Flags::keyword(JUNK));
                self.move_to(messages, Target::Role(Role::Inbox), Some(also));
            }
            Verb::Move | Verb::Copy => self.put_into_named(command, messages, sure),
            Verb::Snooze => self.snooze(messages, &command.argument),
            _ => self.flag(command, messages),
        }
        true
    }

    fn put_into_named(&mut self, command: &Command, messages: Vec<MessageId>, sure: bool) {
        let name = &command.argument;
        match self.folder_meant(name) {
            Some(folder) if command.verb == Verb::Move => self.move_to(messages, Target::Folder(folder), None),
            Some(folder) => {
                let words = format!("{} copied to {name}", count(messages.len() as u64, "message"));
                self.deed(Doing::Act(vec![Action::Copy { messages, to: folder }]), words);
                self.list.marks.clear();
            }
            None if sure => {
                // It is made first; the mirror numbers deeds in their order.
                let words = format!("Folder {name} made");
                self.deed(Doing::MakeFolder(name.clone()), words);
                self.awaited = Some(command.clone());
            }
            None => self.ask_sure(command.clone(), &format!("There is no folder {name:?}. Make it?")),
        }
    }

    fn move_to(&mut self, messages: Vec<MessageId>, to: Target, also: Option<Action>) {
        let name = match to {
            Target::Folder(id) => self.folder(id).map(|folder| folder.name.clone()),
            Target::Role(role) => self.folder_of(role).map(|folder| folder.name.clone()),
        };
        let name = name.unwrap_or_else(|| match to {
            Target::Role(role) => format!("{role:?}"),
            Target::Folder(_) => String::new(),
        });
        if self.open_folder().is_some_and(|folder| folder.name == name) {
            return self.tell(format!("It is in {name} already"));
        }
        let words = format!("{} moved to {}", count(messages.len() as u64, "message"), crate::draw::safe(&name));
        let from = self.list.view.folder;
        self.leave_reader_for(&messages);
        self.deed(Doing::Move { messages, from, to, also }, words);
        self.list.marks.clear();
    }

    /// What was read goes away: the next message takes its place in the list.
    fn leave_reader_for(&mut self, messages: &[MessageId]) {
        if self.reader.as_ref().is_some_and(|reader| reader.messages.iter().any(|it| messages.contains(&it.row.id))) {
            self.close_reader();
        }
        // The cursor goes on to what comes after, rather than after what moved.
        self.list.let_go();
    }

    fn destroy(&mut self, command: &Command, messages: Vec<MessageId>, sure: bool) {
        let words = count(messages.len() as u64, "message");
        if !sure {
            return self.ask_sure(command.clone(), &format!("Delete {words} for good?"));
        }
        let from = self.list.view.folder;
        self.leave_reader_for(&messages);
        self.final_deed(Doing::Destroy { messages, from }, format!("{words} deleted for good"));
        self.list.marks.clear();
    }

    fn flag(&mut self, command: &Command, messages: Vec<MessageId>) {
        let row = self.chosen_row();
        let has = |bits: u64| row.is_some_and(|row| row.flags.has(bits));
        let none = Flags::default();
        let (seen, star) = (Flags::of(flag_bits::SEEN), Flags::of(flag_bits::FLAGGED));
        let label = Flags::keyword(&command.argument.replace(' ', "_"));
        let muted = row.is_some_and(|row| row.flags.has_keyword(MUTED));
        let (add, remove, words) = match command.verb {
            Verb::Star if has(flag_bits::FLAGGED) => (none, star, "without a star"),
            Verb::Unflag => (none, star, "without a star"),
            Verb::Star | Verb::Flag => (star, none, "starred"),
            Verb::ToggleRead if has(flag_bits::SEEN) => (none, seen, "marked as not read"),
            Verb::Unread => (none, seen, "marked as not read"),
            Verb::ToggleRead | Verb::Read => (seen, none, "marked as read"),
            Verb::Label => (label, none, "labelled"),
            Verb::Unlabel => (none, label, "without the label"),
            Verb::Mute if muted => (none, Flags::keyword(MUTED), "heard of again"),
            _ => (Flags::keyword(MUTED), none, "muted"),
        };
        let words = format!("{} {words}", count(messages.len() as u64, "message"));
        self.deed(Doing::Act(vec![flags(messages, &add, &remove)]), words);
    }

    fn snooze(&mut self, messages: Vec<MessageId>, text: &str) {
        let what = count(messages.len() as u64, "message");
        let (doing, words) = if text.trim().eq_ignore_ascii_case("now") {
            (Doing::BringBack(messages.clone()), format!("{what} brought back"))
        } else {
            let until = moment(text, self.now, &self.options.zone);
            let Some(until) = until.filter(|until| snoozed::is_sound(*until, self.now)) else {
                let words = "`2h`, `tomorrow 8:00`, `mon`; `now` brings back";
                return self.complain(format!("{text:?} is no time to come; try {words}"));
            };
            let words = crate::text::long_time(until, &self.options.zone);
            (Doing::PutAside(messages.clone(), until), format!("{what} put aside until {words}"))
        };
        self.leave_reader_for(&messages);
        self.deed(doing, words);
        self.list.marks.clear();
    }

    pub(super) fn deed(&mut self, what: Doing, words: String) {
        let deed = Deed { what, words, remember: Remember::Undo };
        self.effects.push(Effect::Do(self.current, deed));
    }

    /// Something that nothing takes back.
    fn final_deed(&mut self, what: Doing, words: String) {
        let deed = Deed { what, words, remember: Remember::Final };
        self.effects.push(Effect::Do(self.current, deed));
    }

    /// The folder of a role, where there is one.
    #[must_use]
    pub fn folder_of(&self, role: Role) -> Option<&Folder> {
        self.account()?.folders.iter().find(|folder| folder.role == role)
    }

    /// The folder that is meant: under the cursor among the folders, else the open one.
    pub(super) fn folder_under_cursor(&self) -> Option<&Folder> {
        match self.focus {
            Focus::Folders => self.account()?.folders.get(self.folder_cursor),
            _ => self.open_folder(),
        }
    }

    pub(super) fn obey_folders(&mut self, command: &Command, sure: bool) -> bool {
        if !matches!(command.verb, Verb::MakeFolder | Verb::RenameFolder | Verb::DeleteFolder | Verb::Subscribe) {
            return false;
        }
        if command.verb == Verb::MakeFolder {
            let words = format!("Folder {} made", crate::draw::safe(&command.argument));
            self.deed(Doing::MakeFolder(command.argument.clone()), words);
            return true;
        }
        let Some(folder) = self.folder_under_cursor().cloned() else {
            self.tell("Go to a folder first");
            return true;
        };
        let name = crate::draw::safe(&folder.name).into_owned();
        let (action, words) = match command.verb {
            Verb::RenameFolder => {
                let new = command.argument.clone();
                let words = format!("Folder {name} is now {}", crate::draw::safe(&new));
                (Action::RenameFolder { folder: folder.id, name: new }, words)
            }
            Verb::Subscribe => {
                let on = !folder.subscribed;
                let words = format!("Folder {name} is {}", if on { "shown" } else { "hidden" });
                (Action::Subscribe { folder: folder.id, on }, words)
            }
            _ if !sure => {
                let what = count(folder.total, "message");
                self.ask_sure(command.clone(), &format!("Delete folder {name} and the {what} in it for good?"));
                return true;
            }
            _ => {
                let doing = Doing::Act(vec![Action::DeleteFolder { folder: folder.id }]);
                self.final_deed(doing, format!("Folder {name} deleted for good"));
                return true;
            }
        };
        self.deed(Doing::Act(vec![action]), words);
        true
    }
}

fn is_about_mail(verb: Verb) -> bool {
    use Verb as V;
    matches!(
        verb,
        V::Delete
            | V::DeleteForGood
            | V::Archive
            | V::Junk
            | V::NotJunk
            | V::Move
            | V::Copy
            | V::Star
            | V::Flag
            | V::Unflag
            | V::Read
            | V::Unread
            | V::ToggleRead
            | V::Label
            | V::Unlabel
            | V::Mute
            | V::Snooze
    )
}

fn flags(messages: Vec<MessageId>, add: &Flags, remove: &Flags) -> Action {
    Action::Flag { messages, add: add.clone(), remove: remove.clone() }
}
