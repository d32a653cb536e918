//! What JMAP does to mailboxes and IMAP does not: another role for one that is there, and removing one only if it is empty.

use super::Work;
use super::messages::Shelf;
use crate::columns::{Sql, role_number};
use crate::op::Outcome;
use crate::types::Role;
use message::{Time, flag_bits};
use rusqlite::params;

impl Work<'_> {
    /// Gives a mailbox another role, or none.
    pub(super) fn mailbox_role(&mut self, of: Shelf, role: Option<Role>) -> Sql<Outcome> {
        let (account, mailbox) = of;
        let find = "SELECT role FROM mailbox WHERE account = ?1 AND id = ?2";
        let Some(now) = self.number(find, [account.0, mailbox.0])? else { return Ok(Outcome::Gone) };
        if now == role_number(role) {
            return Ok(Outcome::Done);
        }
        let inbox = role_number(Some(Role::Inbox));
        let taken = "SELECT 1 FROM mailbox WHERE account = ?1 AND role = ?2";
        let is_taken = role.is_some() && self.finds(taken, [account.0, role_number(role)])?;
        if now == inbox || role == Some(Role::Inbox) || is_taken {
            return Ok(Outcome::Conflict);
        }
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        self.run(
            "UPDATE mailbox SET role = ?3, modseq = ?4, changed = ?4 WHERE account = ?1 AND id = ?2",
            params![account.0, mailbox.0, role_number(role), modseq],
        )?;
        Ok(Outcome::Done)
    }

    /// Removes a mailbox in which no other lies, with its messages or where it has none that JMAP shows.
    pub(super) fn mailbox_destroy(&mut self, of: Shelf, with_emails: bool, now: Time) -> Sql<Outcome> {
        let (account, mailbox) = of;
        if self.finds("SELECT 1 FROM mailbox WHERE account = ?1 AND parent = ?2", [account.0, mailbox.0])? {
            return Ok(Outcome::Conflict);
        }
        let find = "SELECT 1 FROM msg WHERE account = ?1 AND mailbox = ?2 AND flags & ?3 = 0 LIMIT 1";
        let deleted = i64::try_from(flag_bits::DELETED).unwrap_or(0);
        if !with_emails && self.finds(find, [account.0, mailbox.0, deleted])? {
            return Ok(Outcome::Exists);
        }
        self.mailbox_delete(of, now)
    }
}
