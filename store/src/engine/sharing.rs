//! Who else may do what with a mailbox, and what clients note of it. Owns the limits; what a right or a note means is
//! told elsewhere.

use super::Work;
use super::messages::Shelf;
use crate::columns::{self, Sql, num};
use crate::op::{Note, Outcome, RightsChange};
use crate::types::{AccountId, Annotated, MailboxId, Rights};
use message::Address;
use rusqlite::params;

/// Identifiers in the list of a mailbox: each look at it reads them all.
pub const ACL_MAX: u64 = 1_000;
/// Octets of an identifier: an address, and what it may begin with.
pub const IDENTIFIER_OCTETS_MAX: usize = 512;
/// Octets of one annotation (RFC 5464 §4.3, MAXSIZE): a signature or a rule fits, mail does not.
pub const ANNOTATION_OCTETS_MAX: usize = 64 * 1024;
/// Annotations of one mailbox, or of the server, for one reader (RFC 5464 §4.3, TOOMANY).
pub const ANNOTATIONS_MAX: u64 = 1_000;
/// Octets of an annotation's name.
pub const ENTRY_OCTETS_MAX: usize = 256;

impl Work<'_> {
    pub(super) fn acl_set(&mut self, of: Shelf, identifier: &str, change: RightsChange) -> Sql<Outcome> {
        let (account, mailbox) = of;
        if !self.finds("SELECT 1 FROM mailbox WHERE account = ?1 AND id = ?2", [account.0, mailbox.0])? {
            return Ok(Outcome::Gone);
        }
        let key = params![account.0, mailbox.0, identifier.as_bytes()];
        let find = "SELECT rights FROM acl WHERE account = ?1 AND mailbox = ?2 AND identifier = ?3";
        let old = self.number(find, key)?;
        let new = changed(columns::small(old.unwrap_or(0))?, change);
        if new == 0 {
            self.run("DELETE FROM acl WHERE account = ?1 AND mailbox = ?2 AND identifier = ?3", key)?;
        } else {
            let count = "SELECT count(*) FROM acl WHERE account = ?1 AND mailbox = ?2";
            let count = self.number(count, [account.0, mailbox.0])?.unwrap_or(0);
            if identifier.len() > IDENTIFIER_OCTETS_MAX || (old.is_none() && count >= num(ACL_MAX)) {
                return Ok(Outcome::Limit);
            }
            self.run(
                "INSERT INTO acl (account, mailbox, identifier, rights) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (account, mailbox, identifier) DO UPDATE SET rights = excluded.rights",
                params![account.0, mailbox.0, identifier.as_bytes(), new],
            )?;
        }
        if i64::from(new) != old.unwrap_or(0) {
            self.mailbox_changed(of)?;
        }
        Ok(Outcome::Done)
    }

    /// Those who look at the account hear that something about a mailbox changed.
    fn mailbox_changed(&mut self, of: Shelf) -> Sql<()> {
        let modseq = self.next_modseq(of.0)?.unwrap_or(0);
        let note = "UPDATE mailbox SET modseq = ?3, changed = ?3 WHERE account = ?1 AND id = ?2";
        self.run(note, [of.0.0, of.1.0, modseq]).map(drop)
    }

    /// RFC 4314 §3.6 leaves it to the server: a new mailbox is open to those to whom the one above it is.
    pub(super) fn inherit_acl(&mut self, account: AccountId, parent: i64, made: MailboxId) -> Sql<()> {
        self.run(
            "INSERT INTO acl (account, mailbox, identifier, rights) SELECT account, ?3, identifier, rights FROM acl \
             WHERE account = ?1 AND mailbox = ?2",
            [account.0, parent, made.0],
        )?;
        Ok(())
    }

    /// Nobody who later gets the address of a removed account gets its rights.
    pub(super) fn forget_identifier(&mut self, address: &Address) -> Sql<()> {
        let plain = format!("{}@{}", columns::key(address.local_part()), columns::host(address));
        for identifier in [format!("-{plain}"), plain] {
            self.run("DELETE FROM acl WHERE identifier = ?1", [identifier.as_bytes()])?;
        }
        Ok(())
    }

    pub(super) fn annotate(&mut self, notes: &[(Annotated, Vec<Note>)]) -> Sql<Outcome> {
        for (of, entries) in notes {
            match self.annotate_one(of, entries)? {
                Outcome::Done => {}
                other => return Ok(other),
            }
        }
        Ok(Outcome::Done)
    }

    fn annotate_one(&mut self, of: &Annotated, entries: &[Note]) -> Sql<Outcome> {
        let (account, mailbox) = of.mailbox.unwrap_or((of.reader.unwrap_or(AccountId(0)), MailboxId(0)));
        let reader = of.reader.map_or(0, |reader| reader.0);
        if let Some((account, mailbox)) = of.mailbox
            && !self.finds("SELECT 1 FROM mailbox WHERE account = ?1 AND id = ?2", [account.0, mailbox.0])?
        {
            return Ok(Outcome::Gone);
        }
        if reader != 0 && !self.finds("SELECT 1 FROM account WHERE id = ?1", [reader])? {
            return Ok(Outcome::Gone);
        }
        let place = (account.0, mailbox.0, reader);
        for (entry, value) in entries {
            if entry.len() > ENTRY_OCTETS_MAX || value.as_ref().is_some_and(|v| v.len() > ANNOTATION_OCTETS_MAX) {
                return Ok(Outcome::Limit);
            }
            self.note(place, entry, value.as_deref())?;
        }
        let count = "SELECT count(*) FROM annotation WHERE account = ?1 AND mailbox = ?2 AND reader = ?3";
        if self.number(count, place)?.unwrap_or(0) > num(ANNOTATIONS_MAX) {
            return Ok(Outcome::Limit);
        }
        match of.mailbox {
            Some(of) => self.mailbox_changed(of)?,
            // Who looks at the account hears of its own as well.
            None => drop(self.next_modseq(account)?),
        }
        Ok(Outcome::Done)
    }

    fn note(&mut self, place: (i64, i64, i64), entry: &str, value: Option<&[u8]>) -> Sql<()> {
        let (account, mailbox, reader) = place;
        match value {
            Some(value) => self.run(
                "INSERT INTO annotation (account, mailbox, reader, entry, value) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (account, mailbox, reader, entry) DO UPDATE SET value = excluded.value",
                params![account, mailbox, reader, entry.as_bytes(), value],
            ),
            None => self.run(
                "DELETE FROM annotation WHERE account = ?1 AND mailbox = ?2 AND reader = ?3 AND entry = ?4",
                params![account, mailbox, reader, entry.as_bytes()],
            ),
        }
        .map(drop)
    }
}

fn changed(old: u32, change: RightsChange) -> u32 {
    match change {
        RightsChange::Add(Rights(given)) => old | given,
        RightsChange::Remove(Rights(given)) => old & !given,
        RightsChange::Replace(Rights(given)) => given,
    }
}
