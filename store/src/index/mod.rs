//! The search index: digests of messages in blocks, in a database of its own beside that of the mail, so that no delivery
//! ever waits for it. Everything in it follows from the messages: it is in no backup, and what does not fit or cannot be
//! read is thrown away and made again. A message never changes, so blocks are only added, and joined as they gather.
//! Owns where digests are kept; what they say is `message::search`'s business.

mod block;
mod file;
mod pack;
#[cfg(test)]
mod tests;

pub use block::{Bits, Blocks};
pub use pack::{BLOCK_MESSAGES, Column};

use crate::StoreError;
use crate::columns::{Sql, num};
use crate::content::Hands;
use crate::shell::Store;
use crate::types::{AccountId, EmailId};
use file::File;
use message::search::Digest;
use std::sync::Arc;

/// The index of one store.
#[derive(Debug)]
pub(crate) struct Index {
    file: File,
}

/// Messages of an account that lie together in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRange {
    /// Its number.
    pub id: i64,
    /// The first e-mail.
    pub first: EmailId,
    /// The last.
    pub last: EmailId,
}

impl Index {
    /// Opens the index of a store, or makes it. `None`: it cannot be; searches do without.
    pub(crate) fn open(paths: &crate::engine::Paths) -> Option<Arc<Index>> {
        let opened = File::open(&paths.index, &paths.database);
        match opened {
            Ok(file) => Some(Arc::new(Index { file })),
            Err(error) => {
                tracing::warn!(%error, "there is no search index");
                None
            }
        }
    }
}

impl Store {
    /// Up to which e-mail an account is indexed; `None` where there is no index.
    pub async fn indexed(&self, account: AccountId) -> Result<Option<EmailId>, StoreError> {
        match self.index() {
            Some(index) if !index.file.is_made() => Ok(Some(EmailId(0))),
            _ => self.in_index(move |blocks| blocks.upto(account)).await,
        }
    }

    /// Puts work to the index, on one state of it. `None` where there is none, or where it cannot be read: then it is
    /// made again when the store is opened the next time.
    pub async fn in_index<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Blocks<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let Some(index) = self.index().filter(|index| index.file.is_made()).cloned() else { return Ok(None) };
        Hands::Pool.run(move || Ok(index.file.read(work))).await
    }

    /// Adds digests of an account's next e-mails, in rising order, made of the store at or after `modseq`. All e-mails up
    /// to `upto` count as indexed then: those without digest are gone.
    pub async fn index_add(
        &self,
        account: AccountId,
        digests: Vec<(EmailId, Digest)>,
        upto: EmailId,
    ) -> Result<(), StoreError> {
        let Some(index) = self.index().cloned() else { return Ok(()) };
        let digests: Vec<(u64, Digest)> =
            digests.into_iter().map(|(email, digest)| (email.0.unsigned_abs(), digest)).collect();
        let facts = self.on_reader(move |snapshot| account_facts(snapshot.sql, account)).await?;
        let Some(facts) = facts else { return Ok(()) };
        Hands::Pool.run(move || index.file.add(account, facts, &digests, upto)).await
    }
}

/// When an account was made and its newest change; `None` when it is gone.
fn account_facts(sql: &rusqlite::Connection, account: AccountId) -> Sql<Option<(i64, i64)>> {
    let mut find = sql.prepare_cached("SELECT created, modseq FROM account WHERE id = ?1")?;
    crate::engine::first(find.query_row([account.0], |row| Ok((row.get(0)?, row.get(1)?))))
}

/// The key of a page of grams.
fn page_key(block: i64, gram: u32) -> i64 {
    block << 24 | i64::from(gram)
}

/// The key of a column.
fn column_key(block: i64, column: usize) -> i64 {
    block << 8 | num(column as u64)
}
