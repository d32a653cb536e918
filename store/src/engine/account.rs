//! Domains and accounts. Owns what comes and goes with them.

use super::{Work, first};
use crate::StoreError;
use crate::columns::{self, Sql, num};
use crate::op::Outcome;
use crate::types::{AccountId, Credentials, PopDelete, Role};
use message::{Address, Domain, Time};
use rusqlite::params;

/// What every account starts with.
const FIRST_MAILBOXES: [(&str, Role); 6] = [
    ("INBOX", Role::Inbox),
    ("Archive", Role::Archive),
    ("Drafts", Role::Drafts),
    ("Sent", Role::Sent),
    ("Junk", Role::Junk),
    ("Trash", Role::Trash),
];

/// The local part that stands for all others of a domain; no account can have it.
pub(crate) const CATCH_ALL: &str = "*";

impl Work<'_> {
    pub(super) fn domain_add(&mut self, domain: &Domain, now: Time) -> Sql<Outcome> {
        let name = domain.as_str().as_bytes();
        let added =
            self.run("INSERT OR IGNORE INTO domain (name, created) VALUES (?1, ?2)", params![name, num(now.0)])?;
        Ok(if added == 0 { Outcome::Exists } else { Outcome::Done })
    }

    pub(super) fn domain_remove(&mut self, domain: &Domain) -> Sql<Outcome> {
        let name = domain.as_str().as_bytes();
        if self.finds("SELECT 1 FROM account WHERE host = ?1", [name])?
            || self.finds("SELECT 1 FROM alias WHERE host = ?1", [name])?
        {
            return Ok(Outcome::Conflict);
        }
        let removed = self.run("DELETE FROM domain WHERE name = ?1", [name])?;
        Ok(if removed == 0 { Outcome::Gone } else { Outcome::Done })
    }

    pub(super) fn account_add(
        &mut self,
        address: &Address,
        credentials: &Credentials,
        quota: Option<u64>,
        now: Time,
    ) -> Sql<Outcome> {
        let (host, key) = (columns::host(address), columns::key(address.local_part()));
        if !self.finds("SELECT 1 FROM domain WHERE name = ?1", [host.as_bytes()])? {
            return Ok(Outcome::Gone);
        }
        if key == CATCH_ALL {
            return Ok(Outcome::Conflict);
        }
        if self.is_taken(&host, &key)? {
            return Ok(Outcome::Exists);
        }
        let local = address.local_part().as_bytes();
        let credentials = credentials_out(credentials)?;
        self.run(
            "INSERT INTO account (local, local_key, host, credentials, quota, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![local, key.as_bytes(), host.as_bytes(), credentials, quota.map(num), num(now.0)],
        )?;
        let account = AccountId(self.sql.last_insert_rowid());
        for (name, role) in FIRST_MAILBOXES {
            self.first_mailbox(account, name, role, now)?;
        }
        Ok(Outcome::Account(account))
    }

    /// Whether an account or an alias has this address.
    pub(super) fn is_taken(&self, host: &str, key: &str) -> Sql<bool> {
        let key = [host.as_bytes(), key.as_bytes()];
        Ok(self.finds("SELECT 1 FROM account WHERE host = ?1 AND local_key = ?2", key)?
            || self.finds("SELECT 1 FROM alias WHERE host = ?1 AND local_key = ?2", key)?)
    }

    fn account_at(&self, address: &Address) -> Sql<Option<AccountId>> {
        let (host, key) = (columns::host(address), columns::key(address.local_part()));
        let found = self
            .number("SELECT id FROM account WHERE host = ?1 AND local_key = ?2", [host.as_bytes(), key.as_bytes()])?;
        Ok(found.map(AccountId))
    }

    pub(super) fn account_set(
        &mut self,
        address: &Address,
        credentials: Option<&Credentials>,
        quota: Option<Option<u64>>,
        pop_delete: Option<PopDelete>,
    ) -> Sql<Outcome> {
        let Some(account) = self.account_at(address)? else { return Ok(Outcome::Gone) };
        if let Some(credentials) = credentials {
            let credentials = credentials_out(credentials)?;
            self.run("UPDATE account SET credentials = ?2 WHERE id = ?1", params![account.0, credentials])?;
        }
        if let Some(quota) = quota {
            self.run("UPDATE account SET quota = ?2 WHERE id = ?1", params![account.0, quota.map(num)])?;
        }
        if let Some(pop_delete) = pop_delete {
            let number = columns::pop_delete_number(pop_delete);
            self.run("UPDATE account SET pop_delete = ?2 WHERE id = ?1", [account.0, number])?;
        }
        Ok(Outcome::Done)
    }

    pub(super) fn account_remove(&mut self, address: &Address) -> Sql<Outcome> {
        let Some(account) = self.account_at(address)? else { return Ok(Outcome::Gone) };
        let blobs: Vec<i64> = {
            let mut statement = self.sql.prepare_cached("SELECT blob FROM email WHERE account = ?1")?;
            let rows = statement.query_map([account.0], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        for blob in blobs {
            self.release_blob(blob)?;
        }
        self.uploads_remove(account)?;
        for statement in [
            "DELETE FROM email WHERE account = ?1",
            "DELETE FROM msg WHERE account = ?1",
            "DELETE FROM mailbox WHERE account = ?1",
            "DELETE FROM keyword WHERE account = ?1",
            "DELETE FROM gone WHERE account = ?1",
            "DELETE FROM thread_ref WHERE account = ?1",
            "DELETE FROM shown WHERE account = ?1",
            "DELETE FROM object WHERE account = ?1",
            "DELETE FROM object_count WHERE account = ?1",
            "DELETE FROM subscription WHERE account = ?1",
            "DELETE FROM acl WHERE account = ?1",
            "DELETE FROM annotation WHERE account = ?1",
            "DELETE FROM annotation WHERE reader = ?1",
            "DELETE FROM account WHERE id = ?1",
        ] {
            self.run(statement, [account.0])?;
        }
        self.forget_member(address)?;
        self.forget_identifier(address)?;
        Ok(Outcome::Done)
    }

    /// The quota and use of an account, for a change that brings `octets`; `None` when there is no account.
    pub(super) fn has_room(&self, account: AccountId, octets: u64) -> Sql<Option<bool>> {
        let mut statement =
            self.sql.prepare_cached("SELECT quota IS NULL OR used + ?2 <= quota FROM account WHERE id = ?1")?;
        first(statement.query_row([account.0, num(octets)], |row| row.get(0)))
    }

    /// Counts e-mails in: the new modseq, and the id of the first; the others follow it.
    pub(super) fn count_emails_in(&mut self, account: AccountId, emails: usize, octets: u64) -> Sql<(i64, i64)> {
        let emails = num(emails as u64);
        let (modseq, last): (i64, i64) = self
            .sql
            .prepare_cached(
                "UPDATE account SET modseq = modseq + 1, last_email = last_email + ?2, used = used + ?3, \
                 messages = messages + ?2 WHERE id = ?1 RETURNING modseq, last_email",
            )?
            .query_row([account.0, emails, num(octets)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.touch(account, modseq);
        Ok((modseq, last - emails + 1))
    }
}

pub(crate) fn credentials_out(credentials: &Credentials) -> Sql<Vec<u8>> {
    serde_json::to_vec(credentials).map_err(|error| StoreError::damaged(error.to_string()))
}

pub(crate) fn credentials_in(bytes: &[u8]) -> Sql<Credentials> {
    // The text of the error could hold a secret.
    serde_json::from_slice(bytes).map_err(|_| StoreError::damaged("the credentials of an account"))
}
