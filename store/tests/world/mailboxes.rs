//! The model of one account's mailboxes and the messages in them.

use super::{Account, Box, Entry, changed};
use message::Time;
use std::collections::BTreeMap;
use store::op::FlagChange;
use store::types::{MailboxChange, MailboxId, MailboxRef, MailboxRefusal, MailboxWish, Role, Uid};
use store::{Outcome, UidSet};

impl Box {
    pub(super) fn some(&self, uids: &UidSet) -> Vec<(Uid, Entry)> {
        self.messages.iter().filter(|(uid, _)| uids.contains(**uid)).map(|(uid, e)| (*uid, e.clone())).collect()
    }
}

impl Account {
    fn opened(&mut self, mailbox: MailboxId) -> Option<&mut Box> {
        self.mailboxes.get_mut(&mailbox).filter(|found| found.selectable)
    }

    pub(super) fn set_flags(&mut self, mailbox: MailboxId, uids: &UidSet, change: &FlagChange) -> Outcome {
        let Some(found) = self.opened(mailbox) else { return Outcome::Gone };
        for (_, entry) in found.messages.iter_mut().filter(|(uid, _)| uids.contains(**uid)) {
            entry.flags = changed(&entry.flags, change);
        }
        Outcome::Modified(vec![])
    }

    pub(super) fn expunge(&mut self, mailbox: MailboxId, uids: &UidSet, only_deleted: bool) -> Outcome {
        let Some(found) = self.opened(mailbox) else { return Outcome::Gone };
        let before = found.messages.len();
        found.messages.retain(|uid, entry| !uids.contains(*uid) || (only_deleted && !entry.flags.deleted));
        Outcome::Removed(u32::try_from(before - found.messages.len()).unwrap())
    }

    pub(super) fn claim_recent(&mut self, mailbox: MailboxId, before: Uid) -> Outcome {
        let Some(found) = self.opened(mailbox) else { return Outcome::Gone };
        let from = found.recent_from.min(before.0);
        found.recent_from = found.recent_from.max(before.0.min(found.uid_next));
        Outcome::Recent(Uid(from))
    }

    fn child(&self, parent: Option<MailboxId>, name: &str) -> Option<MailboxId> {
        let equal =
            |b: &Box| b.name == name || (parent.is_none() && b.name == "INBOX" && name.eq_ignore_ascii_case("INBOX"));
        self.mailboxes.iter().find(|(_, b)| b.parent == parent && equal(b)).map(|(id, _)| *id)
    }

    pub(super) fn path(&self, mailbox: MailboxId) -> String {
        let found = &self.mailboxes[&mailbox];
        found.parent.map_or(String::new(), |parent| self.path(parent) + "/") + &found.name
    }

    /// The mailbox in which the last name of a path is to lie; those above it are made.
    fn make_way(&mut self, parent: Option<MailboxId>, above: &[String], now: Time) -> Option<MailboxId> {
        above.iter().fold(parent, |at, name| Some(self.child(at, name).unwrap_or_else(|| self.put_box(at, name, now))))
    }

    fn put_box(&mut self, parent: Option<MailboxId>, name: &str, now: Time) -> MailboxId {
        self.last_mailbox += 1;
        self.last_validity = u32::try_from(now.unix_seconds()).unwrap().max(self.last_validity + 1);
        let (uid_validity, messages, name) = (self.last_validity, BTreeMap::new(), name.to_owned());
        let (uid_next, recent_from, role, subscribed, selectable) = (1, 1, None, false, true);
        let made = Box { parent, name, role, uid_validity, uid_next, subscribed, selectable, recent_from, messages };
        let id = MailboxId(self.last_mailbox);
        self.mailboxes.insert(id, made);
        let path = self.path(id);
        self.mailboxes.get_mut(&id).unwrap().subscribed = self.subscriptions.remove(&path);
        id
    }

    fn is_no_path(path: &[String]) -> bool {
        path.is_empty() || path.iter().any(|name| name.is_empty() || name.contains('/'))
    }

    pub(super) fn create(
        &mut self,
        parent: Option<MailboxId>,
        path: &[String],
        role: Option<Role>,
        now: Time,
    ) -> Outcome {
        if parent.is_some_and(|parent| !self.mailboxes.contains_key(&parent)) {
            return Outcome::Gone;
        }
        if Self::is_no_path(path) || role.is_some_and(|role| self.with_role(role).is_some()) {
            return Outcome::Conflict;
        }
        let before = self.clone();
        let (name, above) = path.split_last().unwrap();
        let at = self.make_way(parent, above, now);
        let old = self.child(at, name);
        if old.is_some_and(|old| self.mailboxes[&old].selectable) {
            *self = before;
            return Outcome::Exists;
        }
        let made = match old {
            None => self.put_box(at, name, now),
            Some(old) => self.replace(old, now),
        };
        let found = self.mailboxes.get_mut(&made).unwrap();
        found.role = role;
        found.subscribed |= role.is_some();
        Outcome::Mailbox(made)
    }

    /// Another mailbox of that name; what lies below stays.
    fn replace(&mut self, old: MailboxId, now: Time) -> MailboxId {
        let gone = self.mailboxes.remove(&old).unwrap();
        let made = self.put_box(gone.parent, &gone.name, now);
        self.mailboxes.get_mut(&made).unwrap().subscribed |= gone.subscribed;
        for below in self.mailboxes.values_mut().filter(|b| b.parent == Some(old)) {
            below.parent = Some(made);
        }
        made
    }

    pub(super) fn rename(
        &mut self,
        mailbox: MailboxId,
        parent: Option<MailboxId>,
        path: &[String],
        now: Time,
    ) -> Outcome {
        let Some(found) = self.mailboxes.get(&mailbox) else { return Outcome::Gone };
        if parent.is_some_and(|parent| !self.mailboxes.contains_key(&parent)) {
            return Outcome::Gone;
        }
        if found.role == Some(Role::Inbox) {
            return self.rename_inbox(mailbox, parent, path, now);
        }
        if Self::is_no_path(path) {
            return Outcome::Conflict;
        }
        let before = self.clone();
        let (name, above) = path.split_last().unwrap();
        let at = self.make_way(parent, above, now);
        let outcome = match self.child(at, name) {
            Some(taken) if taken == mailbox => return Outcome::Done,
            Some(_) => Outcome::Exists,
            None if std::iter::successors(at, |at| self.mailboxes[at].parent).any(|at| at == mailbox) => {
                Outcome::Conflict
            }
            None => Outcome::Done,
        };
        if outcome != Outcome::Done {
            *self = before;
            return outcome;
        }
        let found = self.mailboxes.get_mut(&mailbox).unwrap();
        (found.parent, found.name) = (at, name.clone());
        let path = self.path(mailbox);
        let waited_for = self.subscriptions.remove(&path);
        self.mailboxes.get_mut(&mailbox).unwrap().subscribed |= waited_for;
        Outcome::Done
    }

    fn rename_inbox(&mut self, inbox: MailboxId, parent: Option<MailboxId>, path: &[String], now: Time) -> Outcome {
        let Outcome::Mailbox(made) = self.create(parent, path, None, now) else {
            return self.create(parent, path, None, now);
        };
        let all = std::mem::take(&mut self.mailboxes.get_mut(&inbox).unwrap().messages);
        for entry in all.into_values() {
            self.put(made, Entry { saved: now, ..entry });
        }
        Outcome::Done
    }

    /// One change alone: what several come to together, `tests/mailboxes.rs` tries.
    pub(super) fn arrange(&mut self, change: &MailboxChange, now: Time) -> Result<MailboxId, MailboxRefusal> {
        match change {
            MailboxChange::Create(wish) => self.arrange_new(wish, now),
            MailboxChange::Update(mailbox, wish) => self.arrange_old(*mailbox, wish, now),
            MailboxChange::Destroy { mailbox, with_emails } => self.destroy_box(*mailbox, *with_emails, now),
        }
    }

    fn arrange_new(&mut self, wish: &MailboxWish, now: Time) -> Result<MailboxId, MailboxRefusal> {
        let (parent, name) = (parent(wish).flatten(), wish.name.clone().unwrap());
        if wish.role == Some(Some(Role::Inbox)) {
            return Err(MailboxRefusal::RoleTaken);
        }
        if Self::is_no_path(std::slice::from_ref(&name)) {
            return Err(MailboxRefusal::BadName);
        }
        let before = self.clone();
        let made = match self.create(parent, std::slice::from_ref(&name), None, now) {
            Outcome::Mailbox(made) => made,
            Outcome::Gone => return Err(MailboxRefusal::NoParent),
            _ => return Err(MailboxRefusal::NameTaken(MailboxRef::Known(self.child(parent, &name).unwrap()))),
        };
        self.adjust(made, wish).inspect_err(|_| *self = before)?;
        Ok(made)
    }

    fn arrange_old(&mut self, id: MailboxId, wish: &MailboxWish, now: Time) -> Result<MailboxId, MailboxRefusal> {
        let found = self.mailboxes.get(&id).ok_or(MailboxRefusal::Gone)?;
        let is_inbox = found.role == Some(Role::Inbox);
        let (parent, name) =
            (parent(wish).unwrap_or(found.parent), wish.name.clone().unwrap_or_else(|| found.name.clone()));
        let moves = (parent, &name) != (found.parent, &found.name);
        if is_inbox && moves {
            return Err(MailboxRefusal::Inbox);
        }
        let inbox = Some(Role::Inbox);
        if wish.role.is_some_and(|role| role != found.role && (is_inbox || role == inbox)) {
            return Err(MailboxRefusal::RoleTaken);
        }
        if Self::is_no_path(std::slice::from_ref(&name)) {
            return Err(MailboxRefusal::BadName);
        }
        let before = self.clone();
        let is_inside = std::iter::successors(parent, |at| self.mailboxes.get(at)?.parent).any(|at| at == id);
        match self.rename(id, parent, std::slice::from_ref(&name), now) {
            _ if !moves => {}
            Outcome::Done => {}
            Outcome::Gone => return Err(MailboxRefusal::NoParent),
            _ if is_inside => return Err(MailboxRefusal::Loop),
            _ => return Err(MailboxRefusal::NameTaken(MailboxRef::Known(self.child(parent, &name).unwrap()))),
        }
        self.adjust(id, wish).inspect_err(|_| *self = before)?;
        Ok(id)
    }

    fn adjust(&mut self, mailbox: MailboxId, wish: &MailboxWish) -> Result<(), MailboxRefusal> {
        if let Some(role) = wish.role {
            if role.and_then(|role| self.with_role(role)).is_some_and(|other| other != mailbox) {
                return Err(MailboxRefusal::RoleTaken);
            }
            self.mailboxes.get_mut(&mailbox).unwrap().role = role;
        }
        if let Some(subscribed) = wish.subscribed {
            self.mailboxes.get_mut(&mailbox).unwrap().subscribed = subscribed;
        }
        Ok(())
    }

    fn destroy_box(&mut self, mailbox: MailboxId, with_emails: bool, now: Time) -> Result<MailboxId, MailboxRefusal> {
        let found = self.mailboxes.get(&mailbox).ok_or(MailboxRefusal::Gone)?;
        if found.role == Some(Role::Inbox) {
            return Err(MailboxRefusal::Inbox);
        }
        if !with_emails && found.messages.values().any(|entry| !entry.flags.deleted) {
            return Err(MailboxRefusal::HasEmail);
        }
        if self.mailboxes.values().any(|b| b.parent == Some(mailbox)) {
            return Err(MailboxRefusal::HasChild);
        }
        self.delete(mailbox, now);
        Ok(mailbox)
    }

    pub(super) fn delete(&mut self, mailbox: MailboxId, now: Time) -> Outcome {
        let Some(found) = self.mailboxes.get(&mailbox) else { return Outcome::Gone };
        let inside = self.mailboxes.values().any(|b| b.parent == Some(mailbox));
        if found.role == Some(Role::Inbox) || (inside && !found.selectable) {
            return Outcome::Conflict;
        }
        if inside {
            let left = self.replace(mailbox, now);
            self.mailboxes.get_mut(&left).unwrap().selectable = false;
        } else {
            if found.subscribed {
                let path = self.path(mailbox);
                self.subscriptions.insert(path);
            }
            self.mailboxes.remove(&mailbox);
        }
        Outcome::Done
    }
}

/// What is above, as one change alone names it.
fn parent(wish: &MailboxWish) -> Option<Option<MailboxId>> {
    wish.parent.map(|parent| {
        parent.map(|parent| match parent {
            MailboxRef::Known(mailbox) => mailbox,
            MailboxRef::New(_) => MailboxId(-1),
        })
    })
}
