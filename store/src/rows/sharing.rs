//! Questions about who else sees what, and what clients noted.

use super::{Answer, Snapshot};
use crate::columns::{self, Sql, Text, json_list, num, small};
use crate::query::{AclOf, AnnotationMarks, Annotations, MailboxNotes, SharedWith, Subscriptions};
use crate::types::{AccountId, MailboxId, Rights};

impl Answer for Subscriptions {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<String>> {
        let find = "SELECT name FROM subscription WHERE account = ?1 ORDER BY name";
        snapshot.all(find, [self.account.0], |row| Ok(row.get::<_, Text>(0)?.0))
    }
}

impl Answer for AclOf {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<(String, Rights)>> {
        let find = "SELECT identifier, rights FROM acl WHERE account = ?1 AND mailbox = ?2 ORDER BY identifier";
        snapshot.all(find, [self.account.0, self.mailbox.0], |row| {
            Ok((row.get::<_, Text>(0)?.0, Rights(small(row.get(1)?)?)))
        })
    }
}

impl Answer for SharedWith {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<(AccountId, MailboxId, String, Rights)>> {
        snapshot.all(
            "SELECT account, mailbox, identifier, rights FROM acl \
             WHERE identifier IN (SELECT CAST(value AS BLOB) FROM json_each(?1)) ORDER BY account, mailbox, identifier",
            [json_list(&self.identifiers)],
            |row| {
                let rights = Rights(small(row.get(3)?)?);
                Ok((AccountId(row.get(0)?), MailboxId(row.get(1)?), row.get::<_, Text>(2)?.0, rights))
            },
        )
    }
}

impl Answer for AnnotationMarks {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<(Vec<MailboxId>, Vec<(MailboxId, String, i64)>)> {
        let since = num(self.since.0);
        let changed = "SELECT id FROM mailbox WHERE account = ?1 AND changed > ?2";
        let mailboxes = snapshot.all(changed, [self.account.0, since], |row| Ok(MailboxId(row.get(0)?)))?;
        let marks = snapshot.all(
            "SELECT a.mailbox, a.entry, a.value FROM mailbox m JOIN annotation a ON a.account = m.account AND a.mailbox = m.id \
             WHERE m.account = ?1 AND m.changed > ?2 AND a.reader IN (0, ?3) LIMIT ?4",
            [self.account.0, since, self.reader.0, i64::from(self.limit)],
            |row| {
                let value: Vec<u8> = row.get(2)?;
                Ok((MailboxId(row.get(0)?), row.get::<_, Text>(1)?.0, columns::sum(&value)))
            },
        )?;
        Ok((mailboxes, marks))
    }
}

impl Answer for Annotations {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<(String, Vec<u8>)>> {
        let reader = self.of.reader.map_or(0, |reader| reader.0);
        let (account, mailbox) = self.of.mailbox.map_or((reader, 0), |(account, mailbox)| (account.0, mailbox.0));
        snapshot.all(
            "SELECT entry, value FROM annotation WHERE account = ?1 AND mailbox = ?2 AND reader = ?3 ORDER BY entry",
            [account, mailbox, reader],
            |row| Ok((row.get::<_, Text>(0)?.0, row.get(1)?)),
        )
    }
}

impl Answer for MailboxNotes {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<(MailboxId, Vec<u8>)>> {
        snapshot.all(
            "SELECT mailbox, value FROM annotation WHERE account = ?1 AND mailbox > 0 AND reader = 0 AND entry = ?2",
            rusqlite::params![self.account.0, self.entry.as_bytes()],
            |row| Ok((MailboxId(row.get(0)?), row.get(1)?)),
        )
    }
}
