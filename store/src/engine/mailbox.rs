//! Mailboxes: made, renamed, subscribed to, removed. Owns the tree of names, and what becomes of a name that others lie
//! below. Does not own how a client writes a path.

use super::messages::Shelf;
use super::{Work, first};
use crate::columns::{Sql, Text, num, role_number, small};
use crate::gone::{GONE_MAILBOX, Lived};
use crate::op::{Carried, Outcome};
use crate::types::{AccountId, MailboxId, Role};
use crate::uids::UidSet;
use message::Time;
use rusqlite::params;

/// The one name that compares without case, at the top (RFC 9051 §5.1).
pub(super) const INBOX: &str = "INBOX";
/// Between the names of a path; no name holds it.
pub const DELIMITER: char = '/';
/// Octets of one name: what file systems and other servers take, so that mail can move there.
pub const NAME_OCTETS_MAX: usize = 255;
/// Names of a path: each is a step whenever a path is made or looked for.
pub const DEPTH_MAX: usize = 32;
/// Mailboxes of an account: every LIST reads them all.
pub const MAILBOXES_MAX: u64 = 10_000;
/// Names without a mailbox that an account can be subscribed to: as for mailboxes.
pub const SUBSCRIPTIONS_MAX: u64 = 10_000;

/// A mailbox about to be written.
pub(super) struct NewMailbox<'a> {
    pub account: AccountId,
    pub parent: i64,
    pub name: &'a str,
    pub role: Option<Role>,
    pub subscribed: bool,
    pub selectable: bool,
}

/// What of a mailbox decides what may be done with it.
struct Node {
    role: i64,
    parent: i64,
    name: String,
    subscribed: bool,
    selectable: bool,
}

/// Where a path leads.
enum Way {
    /// To this place below this mailbox, where nothing is.
    Free(i64),
    /// To a mailbox.
    Taken(MailboxId),
    /// Not to be gone.
    Refused(Outcome),
}

impl Work<'_> {
    pub(super) fn mailbox_create(
        &mut self,
        account: AccountId,
        parent: Option<MailboxId>,
        path: &[String],
        role: Option<Role>,
        now: Time,
    ) -> Sql<Outcome> {
        let known = self.finds("SELECT 1 FROM account WHERE id = ?1", [account.0])?;
        if !known || !self.parent_is_there(account, parent)? {
            return Ok(Outcome::Gone);
        }
        let (way, name) = match path.split_last() {
            Some((name, above)) => (self.way_to(account, (parent, above), name, now)?, name),
            None => return Ok(Outcome::Conflict),
        };
        if self.role_is_taken(account, role)? {
            return Ok(Outcome::Conflict);
        }
        let (at, replaced) = match way {
            Way::Refused(outcome) => return Ok(outcome),
            Way::Free(at) => (at, None),
            Way::Taken(taken) => match self.node(account, taken)? {
                Some(node) if !node.selectable => (node.parent, Some((taken, node.subscribed))),
                _ => return Ok(Outcome::Exists),
            },
        };
        let subscribed = role.is_some() || replaced.is_some_and(|(_, subscribed)| subscribed);
        let new = NewMailbox { account, parent: at, name, role, subscribed, selectable: true };
        let made = match replaced {
            Some((old, _)) => self.replace_mailbox(old, &new, now)?,
            None => self.insert_mailbox(&new, now)?,
        };
        self.inherit_acl(account, at, made)?;
        Ok(Outcome::Mailbox(made))
    }

    /// What every account starts with.
    pub(super) fn first_mailbox(&mut self, account: AccountId, name: &str, role: Role, now: Time) -> Sql<()> {
        let new = NewMailbox { account, parent: 0, name, role: Some(role), subscribed: true, selectable: true };
        self.insert_mailbox(&new, now).map(drop)
    }

    /// Where a name below some names leads; those are made where they are not there.
    fn way_to(&mut self, account: AccountId, above: (Option<MailboxId>, &[String]), name: &str, now: Time) -> Sql<Way> {
        let (parent, names) = above;
        let all = || names.iter().map(String::as_str).chain([name]);
        if all().any(|name| name.is_empty() || name.contains(DELIMITER)) {
            return Ok(Way::Refused(Outcome::Conflict));
        }
        let depth = self.depth_of(account, column(parent))? + names.len() + 1;
        let count = self.number("SELECT count(*) FROM mailbox WHERE account = ?1", [account.0])?.unwrap_or(0);
        if all().any(|name| name.len() > NAME_OCTETS_MAX)
            || depth > DEPTH_MAX
            || count + num(names.len() as u64) >= num(MAILBOXES_MAX)
        {
            return Ok(Way::Refused(Outcome::Limit));
        }
        let mut at = column(parent);
        for name in names {
            at = match self.child(account, at, name)? {
                Some(child) => child,
                None => self.make_above(account, at, name, now)?,
            };
        }
        Ok(match self.child(account, at, name)? {
            Some(taken) => Way::Taken(MailboxId(taken)),
            None => Way::Free(at),
        })
    }

    fn make_above(&mut self, account: AccountId, parent: i64, name: &str, now: Time) -> Sql<i64> {
        let new = NewMailbox { account, parent, name, role: None, subscribed: false, selectable: true };
        let made = self.insert_mailbox(&new, now)?;
        self.inherit_acl(account, parent, made)?;
        Ok(made.0)
    }

    pub(super) fn insert_mailbox(&mut self, new: &NewMailbox<'_>, now: Time) -> Sql<MailboxId> {
        let account = new.account;
        let validity = self.next_validity(account, now)?;
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        let id: i64 = self
            .sql
            .prepare_cached("UPDATE account SET last_mailbox = last_mailbox + 1 WHERE id = ?1 RETURNING last_mailbox")?
            .query_row([account.0], |row| row.get(0))?;
        let waited_for = self.forget_subscription(account, new.parent, new.name)?;
        self.run(
            "INSERT INTO mailbox (account, id, parent, name, role, uid_validity, modseq, added, changed, subscribed, \
             selectable) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?8, ?9)",
            params![
                account.0,
                id,
                new.parent,
                new.name.as_bytes(),
                role_number(new.role),
                validity,
                modseq,
                new.subscribed || waited_for,
                new.selectable
            ],
        )?;
        Ok(MailboxId(id))
    }

    /// Puts another mailbox in the place of one: ids are never used again, for what opens and what does not. Those that
    /// lie below stay there.
    pub(super) fn replace_mailbox(&mut self, old: MailboxId, new: &NewMailbox<'_>, now: Time) -> Sql<MailboxId> {
        self.remove_row((new.account, old), now)?;
        let made = self.insert_mailbox(new, now)?;
        let modseq = self.next_modseq(new.account)?.unwrap_or(0);
        self.run(
            "UPDATE mailbox SET parent = ?3, modseq = ?4, changed = ?4 WHERE account = ?1 AND parent = ?2",
            [new.account.0, old.0, made.0, modseq],
        )?;
        Ok(made)
    }

    fn parent_is_there(&self, account: AccountId, parent: Option<MailboxId>) -> Sql<bool> {
        match parent {
            None => Ok(true),
            Some(parent) => self.finds("SELECT 1 FROM mailbox WHERE account = ?1 AND id = ?2", [account.0, parent.0]),
        }
    }

    fn child(&self, account: AccountId, parent: i64, name: &str) -> Sql<Option<i64>> {
        let name = if parent == 0 && name.eq_ignore_ascii_case(INBOX) { INBOX } else { name };
        self.number(
            "SELECT id FROM mailbox WHERE account = ?1 AND parent = ?2 AND name = ?3",
            params![account.0, parent, name.as_bytes()],
        )
    }

    fn role_is_taken(&self, account: AccountId, role: Option<Role>) -> Sql<bool> {
        match role {
            None => Ok(false),
            Some(_) => {
                self.finds("SELECT 1 FROM mailbox WHERE account = ?1 AND role = ?2", [account.0, role_number(role)])
            }
        }
    }

    pub(super) fn mailbox_rename(
        &mut self,
        of: Shelf,
        parent: Option<MailboxId>,
        path: &[String],
        now: Time,
    ) -> Sql<Outcome> {
        let (account, mailbox) = of;
        let Some(node) = self.node(account, mailbox)? else { return Ok(Outcome::Gone) };
        if !self.parent_is_there(account, parent)? {
            return Ok(Outcome::Gone);
        }
        if node.role == role_number(Some(Role::Inbox)) {
            return self.inbox_rename(of, parent, path, now);
        }
        let Some((name, above)) = path.split_last() else { return Ok(Outcome::Conflict) };
        let at = match self.way_to(account, (parent, above), name, now)? {
            Way::Refused(outcome) => return Ok(outcome),
            Way::Free(at) => at,
            Way::Taken(taken) if taken == mailbox && node.name == *name => return Ok(Outcome::Done),
            Way::Taken(_) => return Ok(Outcome::Exists),
        };
        if self.lies_in(account, at, mailbox)? {
            return Ok(Outcome::Conflict);
        }
        if self.depth_of(account, at)? + self.height_of(account, mailbox)? > DEPTH_MAX {
            return Ok(Outcome::Limit);
        }
        self.seat_mailbox(of, at, name)?;
        Ok(Outcome::Done)
    }

    /// Puts a mailbox where nothing is.
    pub(super) fn seat_mailbox(&mut self, of: Shelf, parent: i64, name: &str) -> Sql<()> {
        let (account, mailbox) = of;
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        let waited_for = self.forget_subscription(account, parent, name)?;
        self.run(
            "UPDATE mailbox SET parent = ?3, name = ?4, modseq = ?5, changed = ?5, subscribed = subscribed | ?6 \
             WHERE account = ?1 AND id = ?2",
            params![account.0, mailbox.0, parent, name.as_bytes(), modseq, waited_for],
        )
        .map(drop)
    }

    /// RFC 9051 §6.3.6: what is in INBOX goes to a new mailbox; it stays, and so does what lies below it.
    fn inbox_rename(&mut self, inbox: Shelf, parent: Option<MailboxId>, path: &[String], now: Time) -> Sql<Outcome> {
        match self.mailbox_create(inbox.0, parent, path, None, now)? {
            Outcome::Mailbox(made) => {
                self.move_messages((inbox, (inbox.0, made)), &UidSet::all(), Carried::ALL, now)?;
                Ok(Outcome::Done)
            }
            refused => Ok(refused),
        }
    }

    fn node(&self, account: AccountId, mailbox: MailboxId) -> Sql<Option<Node>> {
        let find = "SELECT role, parent, name, subscribed, selectable FROM mailbox WHERE account = ?1 AND id = ?2";
        let mut statement = self.sql.prepare_cached(find)?;
        first(statement.query_row([account.0, mailbox.0], |row| {
            Ok(Node {
                role: row.get(0)?,
                parent: row.get(1)?,
                name: row.get::<_, Text>(2)?.0,
                subscribed: row.get(3)?,
                selectable: row.get(4)?,
            })
        }))
    }

    /// Whether `inner` is `outer` or lies somewhere in it.
    fn lies_in(&self, account: AccountId, inner: i64, outer: MailboxId) -> Sql<bool> {
        let mut at = inner;
        while at != 0 {
            if at == outer.0 {
                return Ok(true);
            }
            at = self.parent_of(account, at)?;
        }
        Ok(false)
    }

    fn parent_of(&self, account: AccountId, at: i64) -> Sql<i64> {
        let find = "SELECT parent FROM mailbox WHERE account = ?1 AND id = ?2";
        Ok(self.number(find, [account.0, at])?.unwrap_or(0))
    }

    /// Names from the top down to a mailbox, its own with them.
    fn depth_of(&self, account: AccountId, mailbox: i64) -> Sql<usize> {
        let (mut at, mut depth) = (mailbox, 0);
        while at != 0 {
            depth += 1;
            at = self.parent_of(account, at)?;
        }
        Ok(depth)
    }

    /// Names from a mailbox down to the lowest in it, its own with them.
    fn height_of(&self, account: AccountId, mailbox: MailboxId) -> Sql<usize> {
        let find = "WITH RECURSIVE below (id, depth) AS (SELECT ?2, 1 UNION ALL SELECT mailbox.id, depth + 1 FROM below \
                    JOIN mailbox ON mailbox.account = ?1 AND mailbox.parent = below.id) SELECT max(depth) FROM below";
        let height = self.number(find, [account.0, mailbox.0])?.unwrap_or(1);
        Ok(small(height)? as usize)
    }

    pub(super) fn mailbox_delete(&mut self, of: Shelf, now: Time) -> Sql<Outcome> {
        let (account, mailbox) = of;
        let Some(node) = self.node(account, mailbox)? else { return Ok(Outcome::Gone) };
        let inside = "SELECT 1 FROM mailbox WHERE account = ?1 AND parent = ?2";
        let inside = self.finds(inside, [account.0, mailbox.0])?;
        // RFC 9051 §6.3.5: a name that is only there for those below it stays as long as they.
        if node.role == role_number(Some(Role::Inbox)) || (inside && !node.selectable) {
            return Ok(Outcome::Conflict);
        }
        if node.selectable {
            self.expunge(of, &UidSet::all(), false, now)?;
        }
        let subscribed = node.subscribed;
        if inside {
            let (parent, name) = (node.parent, node.name.as_str());
            let new = NewMailbox { account, parent, name, role: None, subscribed, selectable: false };
            self.replace_mailbox(mailbox, &new, now)?;
            return Ok(Outcome::Done);
        }
        // RFC 9051 §6.3.7: a subscription outlives its mailbox.
        if subscribed {
            let path = self.path_of(account, node.parent, &node.name)?;
            self.name_subscribe(account, &path, true)?;
        }
        self.remove_row(of, now)?;
        Ok(Outcome::Done)
    }

    pub(super) fn remove_row(&mut self, of: Shelf, now: Time) -> Sql<()> {
        let (account, mailbox) = of;
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        let find = "SELECT added FROM mailbox WHERE account = ?1 AND id = ?2";
        let born = self.number(find, [account.0, mailbox.0])?.unwrap_or(0);
        for statement in [
            "DELETE FROM mailbox WHERE account = ?1 AND id = ?2",
            "DELETE FROM acl WHERE account = ?1 AND mailbox = ?2",
            "DELETE FROM annotation WHERE account = ?1 AND mailbox = ?2",
        ] {
            self.run(statement, [account.0, mailbox.0])?;
        }
        self.run("UPDATE account SET mailbox_gone = ?2 WHERE id = ?1", [account.0, modseq])?;
        self.mark_lives((account, modseq, now), (GONE_MAILBOX, mailbox.0), &[Lived::alone(mailbox.0, born)])
    }

    pub(super) fn mailbox_subscribe(&mut self, of: Shelf, subscribed: bool) -> Sql<Outcome> {
        let (account, mailbox) = of;
        let find = "SELECT subscribed FROM mailbox WHERE account = ?1 AND id = ?2";
        match self.number(find, [account.0, mailbox.0])? {
            None => return Ok(Outcome::Gone),
            Some(now) if (now != 0) == subscribed => return Ok(Outcome::Done),
            Some(_) => {}
        }
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        self.run(
            "UPDATE mailbox SET subscribed = ?3, modseq = ?4, changed = ?4 WHERE account = ?1 AND id = ?2",
            params![account.0, mailbox.0, subscribed, modseq],
        )?;
        Ok(Outcome::Done)
    }

    pub(super) fn name_subscribe(&mut self, account: AccountId, name: &str, subscribed: bool) -> Sql<Outcome> {
        if !self.finds("SELECT 1 FROM account WHERE id = ?1", [account.0])? {
            return Ok(Outcome::Gone);
        }
        let values = params![account.0, name.as_bytes()];
        if !subscribed {
            self.run("DELETE FROM subscription WHERE account = ?1 AND name = ?2", values)?;
            return Ok(Outcome::Done);
        }
        let count = self.number("SELECT count(*) FROM subscription WHERE account = ?1", [account.0])?.unwrap_or(0);
        if count >= num(SUBSCRIPTIONS_MAX) || name.len() > (NAME_OCTETS_MAX + 1) * DEPTH_MAX {
            return Ok(Outcome::Limit);
        }
        self.run("INSERT OR IGNORE INTO subscription (account, name) VALUES (?1, ?2)", values)?;
        Ok(Outcome::Done)
    }

    /// Whether somebody is subscribed to the path of a mailbox that was not there; its row says so from now on.
    fn forget_subscription(&mut self, account: AccountId, parent: i64, name: &str) -> Sql<bool> {
        if !self.finds("SELECT 1 FROM subscription WHERE account = ?1", [account.0])? {
            return Ok(false);
        }
        let path = self.path_of(account, parent, name)?;
        let forget = "DELETE FROM subscription WHERE account = ?1 AND name = ?2";
        Ok(self.run(forget, params![account.0, path.as_bytes()])? > 0)
    }

    /// Whether each of some mailboxes is there and has this whole name.
    pub(super) fn are_named(&self, account: AccountId, names: &[(MailboxId, String)]) -> Sql<bool> {
        for (mailbox, name) in names {
            let Some(node) = self.node(account, *mailbox)? else { return Ok(false) };
            if self.path_of(account, node.parent, &node.name)? != *name {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn path_of(&self, account: AccountId, parent: i64, name: &str) -> Sql<String> {
        let (mut at, mut path) = (parent, name.to_owned());
        while at != 0 {
            let Some(node) = self.node(account, MailboxId(at))? else { break };
            path = format!("{}{DELIMITER}{path}", node.name);
            at = node.parent;
        }
        Ok(path)
    }
}

fn column(parent: Option<MailboxId>) -> i64 {
    parent.map_or(0, |parent| parent.0)
}
