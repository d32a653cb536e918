//! Reading blocks: which there are, the texts of their columns, and which messages have some grams.

use super::pack::{COLUMNS, Column, Draft, Entries, cut_short, get_rising};
use super::{BlockRange, column_key, page_key};
use crate::columns::{Sql, sum};
use crate::engine::first;
use crate::types::{AccountId, EmailId};
use rusqlite::Connection;

/// The blocks in one state of the index.
#[derive(Debug)]
pub struct Blocks<'a> {
    sql: &'a Connection,
}

/// Messages of a block, a bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// None of so many.
    #[must_use]
    pub fn none(count: usize) -> Bits {
        Bits(vec![0; count.div_ceil(64)])
    }

    /// Adds one.
    pub fn add(&mut self, place: usize) {
        self.0.get_mut(place / 64).into_iter().for_each(|word| *word |= 1 << (place % 64));
    }

    /// Whether it is there.
    #[must_use]
    pub fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & 1 << (place % 64) != 0)
    }

    fn keep(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// What a block says of itself.
struct Head {
    emails: Vec<u64>,
    open: Vec<u16>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(sql: &'a Connection) -> Blocks<'a> {
        Blocks { sql }
    }

    /// Up to which e-mail an account is indexed.
    pub fn upto(&self, account: AccountId) -> Sql<EmailId> {
        let mut find = self.sql.prepare_cached("SELECT upto FROM known WHERE account = ?1")?;
        Ok(EmailId(first(find.query_row([account.0], |row| row.get(0)))?.unwrap_or(0)))
    }

    /// The blocks of an account, in rising order.
    pub fn of(&self, account: AccountId) -> Sql<Vec<BlockRange>> {
        let mut find =
            self.sql.prepare_cached("SELECT id, first, last FROM block WHERE account = ?1 ORDER BY first")?;
        let rows = find.query_map([account.0], |row| {
            Ok(BlockRange { id: row.get(0)?, first: EmailId(row.get(1)?), last: EmailId(row.get(2)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The e-mails of a block, in rising order; `None` when it is no more.
    pub fn emails(&self, block: i64) -> Sql<Option<Vec<u64>>> {
        Ok(self.head(block)?.map(|head| head.emails))
    }

    fn head(&self, block: i64) -> Sql<Option<Head>> {
        let mut find = self.sql.prepare_cached("SELECT emails, open, sum FROM block WHERE id = ?1")?;
        let row = find.query_row([block], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let Some((emails, open, kept)): Option<(Vec<u8>, Vec<u8>, i64)> = first(row)? else { return Ok(None) };
        if sum(&[emails.as_slice(), &open].concat()) != kept {
            return Err(cut_short());
        }
        let open = get_rising(&mut &*open)?.into_iter().map(|place| u16::try_from(place).map_err(|_| cut_short()));
        Ok(Some(Head { emails: get_rising(&mut &*emails)?, open: open.collect::<Sql<_>>()? }))
    }

    /// The texts of a column of a block.
    pub fn column(&self, block: i64, column: usize) -> Sql<Column> {
        let mut find = self.sql.prepare_cached("SELECT octets, sum FROM text_column WHERE id = ?1")?;
        let row = find.query_row([column_key(block, column)], |row| Ok((row.get(0)?, row.get(1)?)));
        let (octets, kept): (Vec<u8>, i64) = first(row)?.ok_or_else(cut_short)?;
        if sum(&octets) != kept {
            return Err(cut_short());
        }
        Column::unpack(&octets)
    }

    /// The messages of a block that have all of these grams, or may have them.
    pub fn having(&self, block: i64, grams: &[u32]) -> Sql<Bits> {
        let head = self.head(block)?.ok_or_else(cut_short)?;
        let count = head.emails.len();
        let mut open = Bits::none(count);
        head.open.iter().for_each(|place| open.add(usize::from(*place)));
        let mut all: Option<Bits> = None;
        for gram in grams {
            let mut having = open.clone();
            self.add_having(block, *gram, count, &mut having)?;
            match &mut all {
                Some(all) => all.keep(&having),
                None => all = Some(having),
            }
            if all.as_ref().is_some_and(Bits::is_empty) {
                break;
            }
        }
        Ok(all.unwrap_or_default())
    }

    fn add_having(&self, block: i64, gram: u32, count: usize, having: &mut Bits) -> Sql<()> {
        let mut find = self.sql.prepare_cached(
            "SELECT id, octets, sum FROM gram_page WHERE id >= ?1 AND id <= ?2 ORDER BY id DESC LIMIT 1",
        )?;
        let row = find
            .query_row([page_key(block, 0), page_key(block, gram)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let Some((id, octets, kept)): Option<(i64, Vec<u8>, i64)> = first(row)? else { return Ok(()) };
        if sum(&octets) != kept {
            return Err(cut_short());
        }
        let mut entries = Entries { gram: first_gram(id), rest: &octets };
        while !entries.rest.is_empty() {
            let here = entries.gram()?;
            if here == gram {
                return entries.places(count, |place| having.add(usize::from(place)));
            }
            if here > gram {
                break;
            }
            entries.skip(count)?;
        }
        Ok(())
    }
}

fn first_gram(id: i64) -> u32 {
    u32::try_from(id & 0xFF_FFFF).unwrap_or(0)
}

/// A whole block, to be joined with another.
pub(super) fn draft_of(sql: &Connection, block: i64) -> Sql<Draft> {
    let blocks = Blocks::new(sql);
    let head = blocks.head(block)?.ok_or_else(cut_short)?;
    let mut draft = Draft { emails: head.emails, open: head.open, ..Draft::default() };
    for place in 0..COLUMNS {
        if let Some(column) = draft.columns.get_mut(place) {
            *column = blocks.column(block, place)?;
        }
    }
    let mut find =
        sql.prepare_cached("SELECT id, octets, sum FROM gram_page WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
    let mut rows = find.query([page_key(block, 0), page_key(block + 1, 0)])?;
    while let Some(row) = rows.next()? {
        let (id, octets, kept): (i64, Vec<u8>, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if sum(&octets) != kept {
            return Err(cut_short());
        }
        draft.take_page(first_gram(id), &octets)?;
    }
    Ok(draft)
}
