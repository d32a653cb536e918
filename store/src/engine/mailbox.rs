//! Mailboxes: made, renamed, subscribed to, removed.

use super::{Work, first};
use crate::columns::{Sql, Text, role_number};
use crate::op::Outcome;
use crate::types::{AccountId, MailboxId, Role};
use message::Time;
use rusqlite::params;

/// The one name that compares without case, at the top (RFC 9051 §5.1).
const INBOX: &str = "INBOX";

impl Work<'_> {
    pub(super) fn mailbox_create(
        &mut self,
        account: AccountId,
        parent: Option<MailboxId>,
        name: &str,
        role: Option<Role>,
        now: Time,
    ) -> Sql<Outcome> {
        let known = self.finds("SELECT 1 FROM account WHERE id = ?1", [account.0])?;
        if !known || !self.parent_is_there(account, parent)? {
            return Ok(Outcome::Gone);
        }
        if name.is_empty() {
            return Ok(Outcome::Conflict);
        }
        if self.name_is_taken(account, parent, name)? || self.role_is_taken(account, role)? {
            return Ok(Outcome::Exists);
        }
        let id = self.insert_mailbox(account, parent, name, role, now)?;
        Ok(Outcome::Mailbox(id))
    }

    pub(super) fn insert_mailbox(
        &mut self,
        account: AccountId,
        parent: Option<MailboxId>,
        name: &str,
        role: Option<Role>,
        now: Time,
    ) -> Sql<MailboxId> {
        let validity = self.next_validity(account, now)?;
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        let id: i64 = self
            .sql
            .prepare_cached("UPDATE account SET last_mailbox = last_mailbox + 1 WHERE id = ?1 RETURNING last_mailbox")?
            .query_row([account.0], |row| row.get(0))?;
        self.run(
            "INSERT INTO mailbox (account, id, parent, name, role, uid_validity, modseq, added, changed, subscribed) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?8)",
            params![
                account.0,
                id,
                parent_column(parent),
                name.as_bytes(),
                role_number(role),
                validity,
                modseq,
                role.is_some()
            ],
        )?;
        Ok(MailboxId(id))
    }

    fn parent_is_there(&self, account: AccountId, parent: Option<MailboxId>) -> Sql<bool> {
        match parent {
            None => Ok(true),
            Some(parent) => self.finds("SELECT 1 FROM mailbox WHERE account = ?1 AND id = ?2", [account.0, parent.0]),
        }
    }

    fn name_is_taken(&self, account: AccountId, parent: Option<MailboxId>, name: &str) -> Sql<bool> {
        let name = if parent.is_none() && name.eq_ignore_ascii_case(INBOX) { INBOX } else { name };
        self.finds(
            "SELECT 1 FROM mailbox WHERE account = ?1 AND parent = ?2 AND name = ?3",
            params![account.0, parent_column(parent), name.as_bytes()],
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
        account: AccountId,
        mailbox: MailboxId,
        parent: Option<MailboxId>,
        name: &str,
    ) -> Sql<Outcome> {
        let Some((role, old_parent, old_name)) = self.mailbox_row(account, mailbox)? else {
            return Ok(Outcome::Gone);
        };
        if !self.parent_is_there(account, parent)? {
            return Ok(Outcome::Gone);
        }
        if role == role_number(Some(Role::Inbox)) || name.is_empty() || self.lies_in(account, parent, mailbox)? {
            return Ok(Outcome::Conflict);
        }
        if (old_parent, old_name.as_str()) == (parent_column(parent), name) {
            return Ok(Outcome::Done);
        }
        if self.name_is_taken(account, parent, name)? {
            return Ok(Outcome::Exists);
        }
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        self.run(
            "UPDATE mailbox SET parent = ?3, name = ?4, modseq = ?5, changed = ?5 WHERE account = ?1 AND id = ?2",
            params![account.0, mailbox.0, parent_column(parent), name.as_bytes(), modseq],
        )?;
        Ok(Outcome::Done)
    }

    /// Role, parent and name of a mailbox.
    fn mailbox_row(&self, account: AccountId, mailbox: MailboxId) -> Sql<Option<(i64, i64, String)>> {
        let find = "SELECT role, parent, name FROM mailbox WHERE account = ?1 AND id = ?2";
        let mut statement = self.sql.prepare_cached(find)?;
        first(
            statement.query_row([account.0, mailbox.0], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Text>(2)?.0))),
        )
    }

    /// Whether `inner` is `outer` or lies somewhere in it.
    fn lies_in(&self, account: AccountId, inner: Option<MailboxId>, outer: MailboxId) -> Sql<bool> {
        let mut at = parent_column(inner);
        while at != 0 {
            if at == outer.0 {
                return Ok(true);
            }
            let parent = self.number("SELECT parent FROM mailbox WHERE account = ?1 AND id = ?2", [account.0, at])?;
            at = parent.unwrap_or(0);
        }
        Ok(false)
    }

    pub(super) fn mailbox_delete(&mut self, account: AccountId, mailbox: MailboxId, now: Time) -> Sql<Outcome> {
        let Some((role, _, _)) = self.mailbox_row(account, mailbox)? else { return Ok(Outcome::Gone) };
        if role == role_number(Some(Role::Inbox))
            || self.finds("SELECT 1 FROM mailbox WHERE account = ?1 AND parent = ?2", [account.0, mailbox.0])?
        {
            return Ok(Outcome::Conflict);
        }
        let uids = self.uids_of(account, mailbox)?;
        if !uids.is_empty() {
            self.expunge(account, mailbox, &uids, now)?;
        }
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        self.run("DELETE FROM mailbox WHERE account = ?1 AND id = ?2", [account.0, mailbox.0])?;
        self.mark_gone((account, modseq), GONE_MAILBOX, (mailbox.0, mailbox.0), now)?;
        Ok(Outcome::Done)
    }

    pub(super) fn mailbox_subscribe(
        &mut self,
        account: AccountId,
        mailbox: MailboxId,
        subscribed: bool,
    ) -> Sql<Outcome> {
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
}

/// Kinds of rows in `gone`.
pub(crate) const GONE_UID: i64 = 0;
pub(crate) const GONE_EMAIL: i64 = 1;
pub(crate) const GONE_MAILBOX: i64 = 2;

fn parent_column(parent: Option<MailboxId>) -> i64 {
    parent.map_or(0, |parent| parent.0)
}
