//! How questions are answered: one function a query, on one connection inside one read transaction. Owns the reading
//! statements. Does not own what the questions are (`query`).

mod changes;
mod emails;
mod listing;
mod look;
mod mail;
mod objects;
mod people;
mod queue;
mod sharing;
mod since;

pub(crate) use emails::places_of;
pub use look::{Look, Looked, Piece, Seen, Which};
pub(crate) use mail::blob_place;
pub(crate) use queue::outbox_condition;

use crate::columns::Sql;
use crate::query::Query;
use crate::segment::Segments;
use rusqlite::Connection;

/// What a question is put to: one state of the store.
#[derive(Debug)]
pub struct Snapshot<'a> {
    pub(crate) sql: &'a Connection,
    pub(crate) segments: &'a Segments,
}

impl<'a> Snapshot<'a> {
    pub(crate) fn new(sql: &'a Connection, segments: &'a Segments) -> Snapshot<'a> {
        Snapshot { sql, segments }
    }

    /// Every row of a cached statement, made into something.
    pub(crate) fn all<T>(
        &self,
        statement: &str,
        values: impl rusqlite::Params,
        make: impl Fn(&rusqlite::Row<'_>) -> Sql<T>,
    ) -> Sql<Vec<T>> {
        let mut statement = self.sql.prepare_cached(statement)?;
        let mut rows = statement.query(values)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(make(row)?);
        }
        Ok(all)
    }

    /// The first row, where there is one.
    pub(crate) fn one<T>(
        &self,
        statement: &str,
        values: impl rusqlite::Params,
        make: impl Fn(&rusqlite::Row<'_>) -> Sql<T>,
    ) -> Sql<Option<T>> {
        let mut statement = self.sql.prepare_cached(statement)?;
        let mut rows = statement.query(values)?;
        rows.next()?.map(make).transpose()
    }
}

/// How a query is answered.
pub(crate) trait Answer: Query {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Self::Rows>;
}
