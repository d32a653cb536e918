//! Some rows that lie together, packed. Owns how a row is packed; which rows make a chunk is the listing's to say.

use super::{Row, Totals};
use message::Time;

/// Rows in UID order; never none.
#[derive(Debug)]
pub(super) struct Chunk {
    rows: Rows,
    totals: Totals,
}

#[derive(Debug)]
enum Rows {
    /// Numbers of neighbours lie close together: 28 octets a row.
    Narrow { base: Base, rows: Box<[Narrow]> },
    /// For the chunk in which they do not.
    Wide(Box<[Row]>),
}

/// The least of each number in a chunk.
#[derive(Clone, Copy, Debug)]
struct Base {
    modseq: u64,
    email: u64,
    size: u64,
    received_s: u64,
}

/// A row as differences to the base. Four octets each, so that nothing is lost between rows.
#[derive(Clone, Copy, Debug)]
struct Narrow {
    uid: u32,
    flags_low: u32,
    flags_high: u32,
    modseq: u32,
    email: u32,
    size: u32,
    received_s: u32,
}

impl Chunk {
    pub fn new(rows: &[Row]) -> Chunk {
        let mut totals = Totals::default();
        rows.iter().for_each(|row| totals.count(row));
        let base = Base::of(rows);
        let narrow: Option<Box<[Narrow]>> = rows.iter().map(|row| base.narrow(row)).collect();
        let rows = match narrow {
            Some(rows) => Rows::Narrow { base, rows },
            None => Rows::Wide(rows.iter().map(|row| Row { received: whole(row.received), ..*row }).collect()),
        };
        Chunk { rows, totals }
    }

    pub fn totals(&self) -> Totals {
        self.totals
    }

    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Narrow { rows, .. } => rows.len(),
            Rows::Wide(rows) => rows.len(),
        }
    }

    pub fn row(&self, at: usize) -> Option<Row> {
        match &self.rows {
            Rows::Narrow { base, rows } => rows.get(at).map(|row| base.widen(row)),
            Rows::Wide(rows) => rows.get(at).copied(),
        }
    }

    pub fn uid(&self, at: usize) -> Option<u32> {
        match &self.rows {
            Rows::Narrow { rows, .. } => rows.get(at).map(|row| row.uid),
            Rows::Wide(rows) => rows.get(at).map(|row| row.uid),
        }
    }

    pub fn last_uid(&self) -> u32 {
        self.len().checked_sub(1).and_then(|last| self.uid(last)).unwrap_or(0)
    }

    /// How many rows have smaller UIDs.
    pub fn lower_bound(&self, uid: u32) -> usize {
        match &self.rows {
            Rows::Narrow { rows, .. } => rows.partition_point(|row| row.uid < uid),
            Rows::Wide(rows) => rows.partition_point(|row| row.uid < uid),
        }
    }

    /// The rows from one on.
    pub fn rows(&self, from: usize) -> impl Iterator<Item = Row> + '_ {
        (from..self.len()).map_while(|at| self.row(at))
    }

    /// Octets of memory.
    pub fn weight(&self) -> usize {
        let rows = match &self.rows {
            Rows::Narrow { rows, .. } => size_of_val(&**rows),
            Rows::Wide(rows) => size_of_val(&**rows),
        };
        size_of::<Chunk>() + rows
    }
}

impl Base {
    fn of(rows: &[Row]) -> Base {
        let least = |number: fn(&Row) -> u64| rows.iter().map(number).min().unwrap_or(0);
        Base {
            modseq: least(|row| row.modseq),
            email: least(|row| row.email),
            size: least(|row| row.size),
            received_s: least(|row| row.received.unix_seconds()),
        }
    }

    fn narrow(&self, row: &Row) -> Option<Narrow> {
        let less = |number: u64, base: u64| u32::try_from(number.checked_sub(base)?).ok();
        let [a, b, c, d, e, f, g, h] = row.flags.to_le_bytes();
        Some(Narrow {
            uid: row.uid,
            flags_low: u32::from_le_bytes([a, b, c, d]),
            flags_high: u32::from_le_bytes([e, f, g, h]),
            modseq: less(row.modseq, self.modseq)?,
            email: less(row.email, self.email)?,
            size: less(row.size, self.size)?,
            received_s: less(row.received.unix_seconds(), self.received_s)?,
        })
    }

    fn widen(&self, row: &Narrow) -> Row {
        Row {
            uid: row.uid,
            flags: u64::from(row.flags_low) | u64::from(row.flags_high) << 32,
            modseq: self.modseq + u64::from(row.modseq),
            email: self.email + u64::from(row.email),
            size: self.size + u64::from(row.size),
            received: seconds(self.received_s + u64::from(row.received_s)),
        }
    }
}

fn whole(time: Time) -> Time {
    seconds(time.unix_seconds())
}

fn seconds(seconds: u64) -> Time {
    Time(seconds.saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(uid: u32, number: u64) -> Row {
        Row { uid, flags: u64::MAX - number, modseq: number, email: number, size: number, received: seconds(number) }
    }

    #[test]
    fn rows_come_back_as_they_were_packed() {
        // At the width of a difference, one past it, and the widest numbers there are.
        let far = u64::from(u32::MAX);
        for (largest, narrow) in [(far + 7, true), (far + 8, false), (u64::MAX / 1000, false)] {
            let rows = [row(1, 7), row(2, largest), row(u32::MAX, 8)];
            let chunk = Chunk::new(&rows);
            assert_eq!(chunk.rows(0).collect::<Vec<_>>(), rows);
            assert_eq!(matches!(chunk.rows, Rows::Narrow { .. }), narrow, "{largest}");
            assert_eq!(chunk.last_uid(), u32::MAX);
        }
    }

    #[test]
    fn a_packed_row_takes_28_octets() {
        assert_eq!(size_of::<Narrow>(), 28);
    }
}
