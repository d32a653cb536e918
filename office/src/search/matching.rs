//! Which messages of a mailbox are looked for: rows first, then what the index knows of them, and only then the messages
//! themselves. Works in the order of e-mails, in which they lie on the disk.

use super::Place;
use super::found::Positions;
use super::meaning::row;
use super::narrow::Narrowing;
use message::Summary;
use message::search::{Depth, Known, Plan, Record};
use std::sync::Arc;
use store::types::{EmailId, Uid};
use store::{Look, Piece, Seen, StoreError, Which};

/// Rows decided together: those of some blocks of the index.
const BATCH: usize = 8 * store::BLOCK_MESSAGES;
/// Messages looked at with one question to the store, and octets of them after which it ends: a reader is held for some
/// milliseconds.
const LOOKED: usize = 256;
const LOOKED_OCTETS: u64 = 4 * 1024 * 1024;
/// Messages looked at in one page of work, after which who asked hears how far it is.
const PAGE_LOOKED: usize = 1024;

/// Matching under way.
pub(super) struct Matching {
    /// Positions in the listing, in the order of e-mails.
    todo: Vec<u32>,
    at: usize,
    /// Of those behind `at`, what is not decided yet, in the order of UIDs.
    open: Vec<Open>,
    found: Positions,
    narrowing: Option<Narrowing>,
}

/// A message that is not decided yet.
pub(super) struct Open {
    pub position: u32,
    pub uid: Uid,
    pub email: u64,
    pub known: Known,
}

impl Matching {
    pub fn new(place: &Place, plan: &Plan) -> Matching {
        let listing = &place.listing;
        let mut found = Positions::new(listing.len());
        let mut todo: Vec<(u64, u32)> = Vec::new();
        // What the rows decide is decided at once.
        let mut known = plan.unknown();
        for (position, listed) in (0_u32..).zip(listing.rows(0..listing.len())) {
            known.fill(None);
            plan.look_at_row(&row(&listed), &mut known);
            match plan.decide(&known) {
                Some(true) => found.add(position),
                Some(false) => {}
                None => todo.push((listed.email, position)),
            }
        }
        todo.sort_unstable();
        Matching {
            todo: todo.into_iter().map(|(_, position)| position).collect(),
            at: 0,
            open: Vec::new(),
            found,
            narrowing: None,
        }
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.todo.len() && self.open.is_empty()
    }

    /// How many messages are decided, and of how many.
    pub fn progress(&self) -> (u32, u32) {
        let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
        (count(self.at.saturating_sub(self.open.len())), count(self.todo.len()))
    }

    /// What was found, once it is done.
    pub fn found(&mut self) -> Positions {
        std::mem::take(&mut self.found)
    }

    /// Decides some more.
    pub async fn go_on(&mut self, place: &Place, plan: &Arc<Plan>) -> Result<(), StoreError> {
        let mut looked = 0;
        while !self.is_done() && looked < PAGE_LOOKED {
            if self.open.is_empty() {
                self.open = self.narrowed(place, plan).await?;
                self.open.sort_unstable_by_key(|open| open.uid);
            }
            if !self.open.is_empty() {
                looked += self.look(place, plan).await?;
            }
        }
        Ok(())
    }

    /// The next batch, and what of it the index leaves open.
    async fn narrowed(&mut self, place: &Place, plan: &Arc<Plan>) -> Result<Vec<Open>, StoreError> {
        let narrowing = match self.narrowing.take() {
            Some(narrowing) => narrowing,
            None => Narrowing::of(&place.store, place.account, plan).await?,
        };
        let end = (self.at + BATCH).min(self.todo.len());
        let batch = self.todo.get(self.at..end).unwrap_or(&[]);
        let opened = || batch.iter().filter_map(|position| opened(*position, place, plan)).collect::<Vec<_>>();
        let mut open = match narrowing.narrow(&place.store, plan, opened()).await? {
            Some(open) => open,
            None => opened(),
        };
        self.at = end;
        self.narrowing = Some(narrowing);
        open.retain(|open| match plan.decide(&open.known) {
            Some(is) => {
                if is {
                    self.found.add(open.position);
                }
                false
            }
            None => true,
        });
        Ok(open)
    }

    /// Looks at the first messages of those that are open, and takes them out; how many.
    async fn look(&mut self, place: &Place, plan: &Arc<Plan>) -> Result<usize, StoreError> {
        let now = self.open.get(..LOOKED).unwrap_or(&self.open);
        let known: Arc<[(Uid, Known)]> = now.iter().map(|open| (open.uid, open.known.clone())).collect();
        let uids: Vec<Uid> = now.iter().map(|open| open.uid).collect();
        let plan = plan.clone();
        let see = move |seen: &mut Seen<'_>| {
            let place = known.binary_search_by_key(&seen.uid, |(uid, _)| *uid);
            let known = place.ok().and_then(|at| known.get(at)).map(|(_, known)| known.clone());
            decide(&plan, known.unwrap_or_else(|| plan.unknown()), seen)
        };
        // Those that are gone meanwhile are passed over.
        let asked = uids.last().copied();
        let look = Look { account: place.account, which: Which::Uids(place.mailbox, uids), octets: LOOKED_OCTETS, see };
        let (see, looked) = (look.see.clone(), place.store.read(look).await?);
        let last = looked.last().filter(|last| last.early).map(|last| last.uid).or(asked);
        for looked in looked {
            let is = match looked.answer {
                Ok(is) => is,
                Err(_) => again(place, looked.uid, see.clone()).await?,
            };
            let at = self.open.binary_search_by_key(&looked.uid, |open| open.uid);
            if let Some(open) = at.ok().and_then(|at| self.open.get(at)).filter(|_| is) {
                self.found.add(open.position);
            }
        }
        let before = self.open.len();
        self.open.retain(|open| Some(open.uid) > last);
        Ok(before - self.open.len())
    }
}

/// A message of a batch, as far as its row answers.
fn opened(position: u32, place: &Place, plan: &Plan) -> Option<Open> {
    let listed = place.listing.get(position)?;
    let mut known = plan.unknown();
    plan.look_at_row(&row(&listed), &mut known);
    Some(Open { position, uid: Uid(listed.uid), email: listed.email, known })
}

/// Once more, with the store as it is by now: its content may have moved while it was looked at. What cannot be read at all
/// holds nothing.
async fn again<F>(place: &Place, uid: Uid, see: F) -> Result<bool, StoreError>
where
    F: Fn(&mut Seen<'_>) -> Result<bool, StoreError> + Send + 'static,
{
    let look =
        Look { account: place.account, which: Which::Uids(place.mailbox, vec![uid]), octets: LOOKED_OCTETS, see };
    let answer = place.store.read(look).await?.pop().map(|looked| looked.answer);
    Ok(answer
        .transpose()
        .unwrap_or_else(|error| {
            tracing::error!(%error, uid = uid.0, "a message cannot be searched");
            None
        })
        .unwrap_or(false))
}

/// Looks at a message as deep as it takes.
fn decide(plan: &Plan, mut known: Known, seen: &mut Seen<'_>) -> Result<bool, StoreError> {
    let summary = Summary::decode(&seen.summary).map_err(|error| StoreError::Damaged { what: error.to_string() })?;
    while let Some(depth) = plan.next(&known) {
        match depth {
            Depth::Row => return Ok(false),
            Depth::Summary => {
                let record = Record { thread: number(seen.thread), saved: seen.saved };
                plan.look_at_summary(&record, &summary, &mut known);
            }
            Depth::Headers | Depth::Whole => read(plan, &summary, (depth, &mut known), seen)?,
        }
    }
    Ok(plan.decide(&known) == Some(true))
}

pub(super) fn read(
    plan: &Plan,
    summary: &Summary,
    (depth, known): (Depth, &mut Known),
    seen: &mut Seen<'_>,
) -> Result<(), StoreError> {
    let mut listener = plan.listen(summary, depth, known);
    let mut pushed = 0;
    seen.read(|piece| {
        match piece {
            Piece::Prefix(prefix) => listener.push_prefix(prefix),
            Piece::Content(content) => {
                listener.push(content);
                pushed += content.len() as u64;
            }
        }
        listener.wants_more(pushed)
    })?;
    listener.finish(known);
    Ok(())
}

fn number(email: EmailId) -> u64 {
    email.0.unsigned_abs()
}
