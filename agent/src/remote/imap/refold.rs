//! Folders made, renamed, deleted, shown and hidden. What was begun before and not heard of shows itself: the server has it or
//! not.

use super::ImapRemote;
use super::push::Outcome;
use crate::mirror::{FolderId, Mirror, Role, Told};
use crate::trouble::Trouble;
use wire::imap::MailboxName;
use wire::imap::command::{Command, List, Select};
use wire::imap::response::{Data, Status, StatusText};

impl ImapRemote {
    pub(super) async fn create_folder(&mut self, mirror: &Mirror, folder: FolderId) -> Result<Outcome, Trouble> {
        // It may be gone again, or known by now.
        let Ok(folder) = mirror.folder(folder) else { return Ok(Outcome::Done(Told::default())) };
        // Where it is only the way to others, as a folder above another may be, it is made still.
        if folder.remote.is_some() && folder.selectable {
            return Ok(Outcome::Done(Told::default()));
        }
        let Some(name) = self.space.remote(&folder.name) else {
            let delimiter = self.space.delimiter.unwrap_or('/');
            return Ok(Outcome::Never(format!("this server takes no folder with {delimiter:?} in its name")));
        };
        let uses = if self.line.facts.can("CREATE-SPECIAL-USE") { special_use(folder.role) } else { Vec::new() };
        let mailbox = MailboxName::new(&name);
        let create = Command::Create { mailbox: mailbox.clone(), parent: false, uses };
        let (_, status) = self.line.run(create).await?;
        if status.status != Status::Ok && !self.exists(&name).await? {
            return Ok(self.folder_verdict("to make a folder", &status));
        }
        // Programs that heed subscriptions would not show it else; whether that works is of no great matter.
        self.line.run(Command::Subscribe(mailbox)).await?;
        Ok(Outcome::Done(Told { folder: Some(name), ..Told::default() }))
    }

    pub(super) async fn rename_folder(
        &mut self,
        mirror: &Mirror,
        folder: FolderId,
        path: &str,
    ) -> Result<Outcome, Trouble> {
        let Some(old) = mirror.folder(folder).ok().and_then(|folder| folder.remote) else {
            return Ok(Outcome::Done(Told::default()));
        };
        let Some(new) = self.space.remote(path) else {
            let delimiter = self.space.delimiter.unwrap_or('/');
            return Ok(Outcome::Never(format!("this server takes no folder with {delimiter:?} in its name")));
        };
        let told = Told { folder: Some(new.clone()), below: self.below(mirror, &old, &new)?, ..Told::default() };
        if old == new {
            return Ok(Outcome::Done(told));
        }
        self.leave(folder).await?;
        let (from, to) = (MailboxName::new(&old), MailboxName::new(&new));
        let (_, status) = self.line.run(Command::Rename { from: from.clone(), to: to.clone() }).await?;
        if status.status != Status::Ok && (self.exists(&old).await? || !self.exists(&new).await?) {
            return Ok(self.folder_verdict("to rename a folder", &status));
        }
        // RFC 9051 §6.3.6: subscriptions go by name.
        self.line.run(Command::Unsubscribe(from)).await?;
        self.line.run(Command::Subscribe(to)).await?;
        Ok(Outcome::Done(told))
    }

    /// What folders below one are called once it is renamed (RFC 9051 §6.3.6).
    fn below(&self, mirror: &Mirror, old: &str, new: &str) -> Result<Vec<(FolderId, String)>, Trouble> {
        let Some(delimiter) = self.space.delimiter else { return Ok(Vec::new()) };
        let above = format!("{old}{delimiter}");
        let renamed = mirror.folders()?.into_iter().filter_map(|folder| {
            let rest = folder.remote.as_deref()?.strip_prefix(&above)?.to_owned();
            Some((folder.id, format!("{new}{delimiter}{rest}")))
        });
        Ok(renamed.collect())
    }

    pub(super) async fn delete_folder(&mut self, mirror: &Mirror, folder: FolderId) -> Result<Outcome, Trouble> {
        let Some(name) = mirror.folder(folder).ok().and_then(|folder| folder.remote) else {
            return Ok(Outcome::Done(Told::default()));
        };
        self.leave(folder).await?;
        let (_, status) = self.line.run(Command::Delete(MailboxName::new(&name))).await?;
        if status.status != Status::Ok && self.exists(&name).await? {
            return Ok(self.folder_verdict("to delete a folder", &status));
        }
        self.line.run(Command::Unsubscribe(MailboxName::new(&name))).await?;
        Ok(Outcome::Done(Told::default()))
    }

    pub(super) async fn subscribe(&mut self, mirror: &Mirror, folder: FolderId, on: bool) -> Result<Outcome, Trouble> {
        let Some(name) = mirror.folder(folder).ok().and_then(|folder| folder.remote) else {
            return Ok(Outcome::Done(Told::default()));
        };
        let name = MailboxName::new(&name);
        let command = if on { Command::Subscribe(name) } else { Command::Unsubscribe(name) };
        let (_, status) = self.line.run(command).await?;
        if status.status == Status::Ok {
            return Ok(Outcome::Done(Told::default()));
        }
        Ok(self.folder_verdict("a subscription", &status))
    }

    fn folder_verdict(&self, what: &str, status: &StatusText) -> Outcome {
        self.verdict(what, status)
    }

    /// Whether the server has a mailbox that can be opened.
    pub(super) async fn exists(&mut self, name: &str) -> Result<bool, Trouble> {
        let list = List { patterns: vec![name.to_owned()], ..List::default() };
        let found = self.line.done(Command::List(list)).await?;
        Ok(found.iter().any(|data| match data {
            Data::List(listed) => {
                let is_none = |word: &String| {
                    word.eq_ignore_ascii_case("\\NonExistent") || word.eq_ignore_ascii_case("\\Noselect")
                };
                listed.name.as_str() == name && !listed.attributes.iter().any(is_none)
            }
            _ => false,
        }))
    }

    /// A folder that is open cannot be deleted everywhere: another is opened, for reading, without expunging this one.
    async fn leave(&mut self, folder: FolderId) -> Result<(), Trouble> {
        if self.selected.as_ref().is_some_and(|(open, _)| *open == folder) {
            self.selected = None;
            let inbox = Select { mailbox: MailboxName::inbox(), read_only: true, condstore: false, qresync: None };
            self.line.run(Command::Select(inbox)).await?;
        }
        Ok(())
    }
}

/// RFC 6154 §3.
fn special_use(role: Role) -> Vec<String> {
    let word = match role {
        Role::Drafts => "\\Drafts",
        Role::Sent => "\\Sent",
        Role::Archive => "\\Archive",
        Role::Junk => "\\Junk",
        Role::Trash => "\\Trash",
        Role::Inbox | Role::All | Role::Flagged | Role::None => return Vec::new(),
    };
    vec![word.to_owned()]
}
