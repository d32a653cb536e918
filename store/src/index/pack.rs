//! The packed form of a block: some messages' digests, turned around so that a gram leads to the messages that have it. Owns
//! that form both ways; does not own where it is kept.

use crate::columns::Sql;
use crate::{StoreError, codec};
use message::search::Digest;

/// Messages of a block at most: few enough that one block is looked through in a millisecond, enough that a gram's entry
/// costs little beside its messages.
pub const BLOCK_MESSAGES: usize = 1024;
/// Columns of texts.
pub(super) const COLUMNS: usize = 5;
/// Octets of a page of grams, about: two fit in a page of the database.
const PAGE_OCTETS: usize = 1800;

/// A block being made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// E-mails in rising order.
    pub emails: Vec<u64>,
    pub columns: [Column; COLUMNS],
    /// Grams in rising order, and the messages of each, by place in `emails`, in rising order.
    pub grams: Vec<(u32, Vec<u16>)>,
    /// Messages of which the grams are not known.
    pub open: Vec<u16>,
}

/// One column of texts, all messages after each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// The texts.
    pub text: Vec<u8>,
    /// Where each message's text ends.
    pub ends: Vec<u32>,
}

impl Draft {
    /// Of digests, in rising order of e-mails, at most [`BLOCK_MESSAGES`].
    pub fn of(digests: &[(u64, Digest)]) -> Draft {
        let mut draft = Draft::default();
        let mut pairs: Vec<(u32, u16)> = Vec::new();
        for (place, (email, digest)) in (0_u16..).zip(digests) {
            draft.emails.push(*email);
            for (column, text) in draft.columns.iter_mut().zip(&digest.columns) {
                column.push(text.as_bytes());
            }
            match &digest.grams {
                Some(grams) => pairs.extend(grams.iter().map(|gram| (*gram, place))),
                None => draft.open.push(place),
            }
        }
        pairs.sort_unstable();
        draft.grams =
            pairs.chunk_by(|a, b| a.0 == b.0).filter_map(|same| Some((same.first()?.0, places(same)))).collect();
        draft
    }

    /// With another behind it.
    pub fn join(self, later: Draft) -> Draft {
        let shift = u16::try_from(self.emails.len()).unwrap_or(u16::MAX);
        let shifted = |places: Vec<u16>| places.into_iter().map(move |place| place.saturating_add(shift));
        let mut columns = self.columns;
        for (column, more) in columns.iter_mut().zip(&later.columns) {
            (0..more.ends.len()).for_each(|place| column.push(more.of(place)));
        }
        let mut grams = Vec::with_capacity(self.grams.len().max(later.grams.len()));
        let (mut here, mut there) = (self.grams.into_iter().peekable(), later.grams.into_iter().peekable());
        loop {
            let from_here = match (here.peek(), there.peek()) {
                (None, None) => break,
                (Some((a, _)), Some((b, _))) => a <= b,
                (known, _) => known.is_some(),
            };
            if from_here {
                grams.extend(here.next());
                continue;
            }
            if let Some((gram, places)) = there.next() {
                match grams.last_mut() {
                    Some((last, known)) if *last == gram => known.extend(shifted(places)),
                    _ => grams.push((gram, shifted(places).collect())),
                }
            }
        }
        let emails = [self.emails, later.emails].concat();
        let open = self.open.into_iter().chain(shifted(later.open)).collect();
        Draft { emails, columns, grams, open }
    }

    /// The grams in pages: the first gram of each, and its octets.
    pub fn pages(&self) -> Vec<(u32, Vec<u8>)> {
        let mut pages: Vec<(u32, Vec<u8>)> = Vec::new();
        let mut before = 0;
        for (gram, places) in &self.grams {
            if pages.last().is_none_or(|(_, page)| page.len() >= PAGE_OCTETS) {
                pages.push((*gram, Vec::with_capacity(PAGE_OCTETS + 256)));
                before = *gram;
            }
            if let Some((_, page)) = pages.last_mut() {
                put(u64::from(gram - before), page);
                put_places(places, self.emails.len(), page);
            }
            before = *gram;
        }
        pages
    }

    /// Takes the grams of a page in.
    pub fn take_page(&mut self, first: u32, page: &[u8]) -> Sql<()> {
        let messages = self.emails.len();
        let mut entries = Entries { gram: first, rest: page };
        while !entries.rest.is_empty() {
            let gram = entries.gram()?;
            let mut places = Vec::new();
            entries.places(messages, |place| places.push(place))?;
            self.grams.push((gram, places));
        }
        Ok(())
    }
}

fn places(pairs: &[(u32, u16)]) -> Vec<u16> {
    pairs.iter().map(|(_, place)| *place).collect()
}

impl Column {
    fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// The text of one message.
    #[must_use]
    pub fn of(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(place).map_or(start, |end| *end as usize);
        self.text.get(start..end).unwrap_or(&[])
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(self.text.len() as u64, &mut out);
        put_rising(self.ends.iter().map(|end| u64::from(*end)), self.ends.len(), &mut out);
        let (codec, packed) = codec::pack(&self.text);
        out.push(codec);
        out.extend_from_slice(&packed);
        out
    }

    pub(super) fn unpack(mut packed: &[u8]) -> Sql<Column> {
        let octets = usize::try_from(get(&mut packed)?).map_err(|_| cut_short())?;
        let ends = get_rising(&mut packed)?;
        let ends = ends.into_iter().map(|end| u32::try_from(end).map_err(|_| cut_short())).collect::<Sql<_>>()?;
        let (codec, rest) = packed.split_first().ok_or_else(cut_short)?;
        Ok(Column { text: codec::unpack(*codec, rest, octets)?, ends })
    }
}

/// Rising numbers: how many, then each as what it is more than the one before.
pub(super) fn put_rising(numbers: impl Iterator<Item = u64>, count: usize, out: &mut Vec<u8>) {
    put(count as u64, out);
    let mut before = 0;
    for number in numbers {
        put(number.saturating_sub(before), out);
        before = number;
    }
}

pub(super) fn get_rising(bytes: &mut &[u8]) -> Sql<Vec<u64>> {
    let count = get(bytes)?;
    if count > bytes.len() as u64 {
        return Err(cut_short());
    }
    let mut before = 0_u64;
    (0..count)
        .map(|_| {
            before = before.checked_add(get(bytes)?).ok_or_else(cut_short)?;
            Ok(before)
        })
        .collect()
}

/// Places of messages: few as numbers, many as a bit for every message.
fn put_places(places: &[u16], messages: usize, out: &mut Vec<u8>) {
    put(places.len() as u64, out);
    if is_dense(places.len() as u64, messages) {
        let start = out.len();
        out.resize(start + messages.div_ceil(8), 0);
        for place in places {
            let at = start + usize::from(place / 8);
            out.get_mut(at).into_iter().for_each(|octet| *octet |= 1 << (place % 8));
        }
        return;
    }
    let mut before = 0;
    for place in places {
        put(u64::from(place - before), out);
        before = *place;
    }
}

fn is_dense(places: u64, messages: usize) -> bool {
    places > messages as u64 / 8
}

/// The grams of a page, one after the other.
pub(super) struct Entries<'a> {
    pub gram: u32,
    pub rest: &'a [u8],
}

impl Entries<'_> {
    /// The next gram; its places come next.
    pub fn gram(&mut self) -> Sql<u32> {
        let more = u32::try_from(get(&mut self.rest)?).map_err(|_| cut_short())?;
        self.gram = self.gram.checked_add(more).ok_or_else(cut_short)?;
        Ok(self.gram)
    }

    /// Gives the places of the gram.
    pub fn places(&mut self, messages: usize, mut give: impl FnMut(u16)) -> Sql<()> {
        let count = get(&mut self.rest)?;
        if count > messages as u64 {
            return Err(cut_short());
        }
        if is_dense(count, messages) {
            let (bits, rest) = self.rest.split_at_checked(messages.div_ceil(8)).ok_or_else(cut_short)?;
            self.rest = rest;
            for (at, octet) in (0_u16..).step_by(8).zip(bits) {
                (0..8).filter(|bit| octet & 1 << bit != 0).for_each(|bit| give(at + bit));
            }
            return Ok(());
        }
        let mut place = 0_u64;
        for _ in 0..count {
            place = place.checked_add(get(&mut self.rest)?).ok_or_else(cut_short)?;
            give(u16::try_from(place).map_err(|_| cut_short())?);
        }
        Ok(())
    }

    /// Passes them over.
    pub fn skip(&mut self, messages: usize) -> Sql<()> {
        let count = get(&mut self.rest)?;
        if is_dense(count, messages) {
            self.rest = self.rest.get(messages.div_ceil(8)..).ok_or_else(cut_short)?;
            return Ok(());
        }
        (0..count).try_for_each(|_| get(&mut self.rest).map(drop))
    }
}

/// Seven bits an octet, the last below 128.
fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 128 {
        out.push(number.to_le_bytes()[0] | 128);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn get(bytes: &mut &[u8]) -> Sql<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (octet, rest) = bytes.split_first().ok_or_else(cut_short)?;
        *bytes = rest;
        number |= u64::from(octet & 127) << shift;
        if *octet < 128 {
            return Ok(number);
        }
    }
    Err(cut_short())
}

pub(super) fn cut_short() -> StoreError {
    StoreError::damaged("the search index")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn digests(first: u64) -> impl Strategy<Value = Vec<(u64, Digest)>> {
        let grams = prop::option::weighted(0.9, prop::collection::btree_set(0_u32..400, 0..60));
        prop::collection::vec((1_u64..4, "[a-c]{0,5}", grams), 0..40).prop_map(move |drafts| {
            let mut email = first;
            let made = drafts.into_iter().map(|(more, text, grams)| {
                email += more;
                let columns = [text.clone(), String::new(), text, String::new(), "x".to_owned()];
                (email, Digest { columns, grams: grams.map(|grams| grams.into_iter().collect()) })
            });
            made.collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks(digests in digests(5)) {
            let draft = Draft::of(&digests);
            let mut again = Draft { emails: draft.emails.clone(), open: draft.open.clone(), ..Draft::default() };
            for (first, page) in draft.pages() {
                prop_assert_eq!(Entries { gram: first, rest: &page }.gram().unwrap(), first);
                again.take_page(first, &page).unwrap();
            }
            again.columns = draft.columns.each_ref().map(|column| Column::unpack(&column.pack()).unwrap());
            prop_assert_eq!(again, draft);
        }

        #[test]
        fn two_joined_are_one(first in digests(0), second in digests(1000)) {
            let both: Vec<_> = first.iter().chain(&second).cloned().collect();
            prop_assert_eq!(Draft::of(&first).join(Draft::of(&second)), Draft::of(&both));
        }

        /// Damage is an error at worst.
        #[test]
        fn reading_is_total(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut draft = Draft { emails: (0..20).collect(), ..Draft::default() };
            let _ = draft.take_page(7, &bytes);
            let _ = Column::unpack(&bytes);
            let _ = get_rising(&mut &*bytes);
        }
    }

    #[test]
    fn pages_end_at_their_octets() {
        let digest = |n: u32| Digest {
            columns: Default::default(),
            grams: Some((0..2000).map(|gram| gram * 7 + n % 3).collect()),
        };
        let digests: Vec<_> = (0..100).map(|n| (u64::from(n), digest(n))).collect();
        let pages = Draft::of(&digests).pages();
        assert!(pages.len() > 3 && pages.iter().all(|(_, page)| page.len() < PAGE_OCTETS + 200));
    }
}
