//! Finding e-mails of an account, whatever mailboxes they are in, and putting them in order (RFC 8621 §4.4). What the rows
//! of the catalogue tell is decided first, then the index narrows, then summaries and messages are looked at. Owns what
//! only an account can answer; what a key means is `message::search`'s.

use super::matching::{Open, read};
use super::meaning;
use super::narrow::Narrowing;
use crate::access::jmap::{Catalogue, Row};
use message::bodies::Bodies;
use message::search::{Depth, Key, Known, Leaf, Meaning, Plan, Record, Row as Listed, SystemFlag};
use message::{Summary, Time};
use std::sync::Arc;
use store::types::{AccountId, EmailId, MailboxId, Uid};
use store::{Look, Seen, Store, StoreError, Which};

/// E-mails put to the index together.
const BATCH: usize = 8 * store::BLOCK_MESSAGES;
/// E-mails looked at with one question to the store, and octets of them after which it ends.
const LOOKED: usize = 256;
const LOOKED_OCTETS: u64 = 4 * 1024 * 1024;

/// Something that only the account can tell of an e-mail. In a [`Key`] it is [`Key::Other`] with its place in
/// [`Question::conditions`].
#[derive(Clone)]
pub enum Condition {
    /// It is in this mailbox.
    In(MailboxId),
    /// It is in a mailbox that is none of these.
    InOtherThan(Vec<MailboxId>),
    /// It came before this.
    Before(Time),
    /// It came then or later.
    After(Time),
    /// It has so many octets or more.
    AtLeast(u64),
    /// It has fewer octets.
    Below(u64),
    /// It has one of these flags, as bits.
    Flags(u64),
    /// All e-mails of its conversation have one of these flags.
    AllInThread(u64),
    /// Some e-mail of its conversation has one of these flags.
    SomeInThread(u64),
    /// It is one of these.
    Among(Arc<std::collections::HashSet<EmailId>>),
    /// It has an attachment to download.
    HasAttachment,
    /// Its summary says so.
    Summary(Arc<dyn Fn(&Summary) -> bool + Send + Sync>),
}

/// What to look for.
#[derive(Clone)]
pub struct Question {
    /// What e-mails must be like.
    pub key: Key,
    /// What `key` leaves to the account.
    pub conditions: Vec<Condition>,
}

impl Question {
    /// Every e-mail.
    #[must_use]
    pub fn everything() -> Question {
        Question { key: Key::And(Vec::new()), conditions: Vec::new() }
    }

    /// The key for a condition, which is asked from now on.
    pub fn ask(&mut self, condition: Condition) -> Key {
        self.conditions.push(condition);
        Key::Other(u32::try_from(self.conditions.len() - 1).unwrap_or(u32::MAX))
    }
}

impl Condition {
    /// What the row tells; `None` where it takes the summary.
    fn of_row(&self, row: &Row, catalogue: &Catalogue) -> Option<bool> {
        Some(match self {
            Condition::In(mailbox) => row.places.has(*mailbox),
            Condition::InOtherThan(none) => row.places.as_slice().iter().any(|place| !none.contains(place)),
            Condition::Before(time) => row.received < *time,
            Condition::After(time) => row.received >= *time,
            Condition::AtLeast(octets) => row.size >= *octets,
            Condition::Below(octets) => row.size < *octets,
            Condition::Flags(bits) => row.flags & bits != 0,
            Condition::AllInThread(bits) => catalogue.of_thread(row, |row| row.flags & bits != 0).0,
            Condition::SomeInThread(bits) => catalogue.of_thread(row, |row| row.flags & bits != 0).1,
            Condition::Among(emails) => emails.contains(&row.email),
            Condition::HasAttachment | Condition::Summary(_) => return None,
        })
    }

    fn of_summary(&self, summary: &Summary) -> bool {
        match self {
            Condition::HasAttachment => Bodies::of(summary).has_attachment(summary),
            Condition::Summary(is) => is(summary),
            _ => false,
        }
    }
}

/// What keys mean in an account: flags as bits of its rows, ids as clients see them.
struct House<'a> {
    catalogue: &'a Catalogue,
    now: Time,
}

impl House<'_> {
    fn account(&self) -> u64 {
        self.catalogue.account().0.unsigned_abs()
    }
}

impl Meaning for House<'_> {
    fn now(&self) -> Time {
        self.now
    }

    fn last_uid(&self) -> u32 {
        0
    }

    fn flag(&self, flag: SystemFlag) -> u64 {
        flag.bit()
    }

    fn keyword(&self, name: &str) -> Option<u64> {
        Some(self.catalogue.keyword_bit(name)).filter(|bit| *bit != 0)
    }

    fn email(&self, id: &str) -> Option<u64> {
        meaning::email(self.account(), id)
    }

    fn thread(&self, id: &str) -> Option<u64> {
        meaning::thread(self.account(), id)
    }
}

/// A question made ready for the rows of one catalogue.
struct Asked {
    plan: Plan,
    conditions: Vec<Condition>,
    /// Which condition each leaf of the plan stands for.
    leaves: Vec<Option<usize>>,
}

impl Asked {
    fn new(question: &Question, catalogue: &Catalogue, now: Time) -> Asked {
        let plan = Plan::new(&question.key, &House { catalogue, now });
        let condition = |leaf: &Leaf| match leaf {
            Leaf::Other(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        let leaves = plan.leaves().iter().map(condition).collect();
        Asked { plan, conditions: question.conditions.clone(), leaves }
    }

    /// The condition of each leaf that is one, with its place.
    fn conditions(&self) -> impl Iterator<Item = (usize, &Condition)> {
        let of = |(at, index): (usize, &Option<usize>)| Some((at, self.conditions.get((*index)?)?));
        self.leaves.iter().enumerate().filter_map(of)
    }

    fn look_at_row(&self, row: &Row, catalogue: &Catalogue, known: &mut Known) {
        for (at, condition) in self.conditions() {
            if let Some(known) = known.get_mut(at) {
                *known = condition.of_row(row, catalogue);
            }
        }
        let listed = Listed {
            uid: 0,
            email: row.email.0.unsigned_abs(),
            flags: row.flags,
            modseq: 0,
            size: row.size,
            arrival: row.received,
        };
        self.plan.look_at_row(&listed, known);
        let thread = row.thread.0.unsigned_abs();
        for (leaf, known) in self.plan.leaves().iter().zip(known.iter_mut()) {
            if let Leaf::Thread(wanted) = leaf {
                *known = Some(*wanted == thread);
            }
        }
    }

    fn look_at_summary(&self, seen: &Seen<'_>, summary: &Summary, known: &mut Known) {
        for (at, condition) in self.conditions() {
            if let Some(known @ None) = known.get_mut(at) {
                *known = Some(condition.of_summary(summary));
            }
        }
        let record = Record { thread: seen.thread.0.unsigned_abs(), saved: seen.saved };
        self.plan.look_at_summary(&record, summary, known);
    }

    /// Looks at a message as deep as it takes.
    fn decide(&self, mut known: Known, seen: &mut Seen<'_>) -> Result<bool, StoreError> {
        let summary =
            Summary::decode(&seen.summary).map_err(|error| StoreError::Damaged { what: error.to_string() })?;
        while let Some(depth) = self.plan.next(&known) {
            match depth {
                Depth::Row => return Ok(false),
                Depth::Summary => self.look_at_summary(seen, &summary, &mut known),
                Depth::Headers | Depth::Whole => read(&self.plan, &summary, (depth, &mut known), seen)?,
            }
        }
        Ok(self.plan.decide(&known) == Some(true))
    }
}

/// Which slots of a catalogue are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    slots: Vec<bool>,
}

impl Wanted {
    fn add(&mut self, slot: u32) {
        self.slots.get_mut(slot as usize).into_iter().for_each(|wanted| *wanted = true);
    }

    pub fn has(&self, slot: u32) -> bool {
        self.slots.get(slot as usize).copied().unwrap_or(false)
    }
}

/// The e-mails that are what is looked for.
pub(crate) async fn find(
    store: &Store,
    catalogue: &Arc<Catalogue>,
    question: &Question,
    now: Time,
) -> Result<Wanted, StoreError> {
    let asked = Arc::new(Asked::new(question, catalogue, now));
    let mut wanted = Wanted { slots: vec![false; catalogue.slots() as usize] };
    let mut open = rows(catalogue, &asked, &mut wanted);
    if open.is_empty() {
        return Ok(wanted);
    }
    // In the order in which they lie on the disk.
    open.sort_unstable_by_key(|open| open.email);
    let account = catalogue.account();
    let plan = Arc::new(Plan::new(&question.key, &House { catalogue, now }));
    let narrowing = Narrowing::of(store, account, &plan).await?;
    while !open.is_empty() {
        let rest = open.split_off(BATCH.min(open.len()));
        let batch = std::mem::replace(&mut open, rest);
        let mut left = narrowed(store, (&narrowing, &plan), batch).await?;
        left.retain(|open| match asked.plan.decide(&open.known) {
            Some(is) => {
                if is {
                    wanted.add(open.position);
                }
                false
            }
            None => true,
        });
        look(store, account, &asked, &left, &mut wanted).await?;
    }
    Ok(wanted)
}

/// What rows decide; what they leave open is given back.
fn rows(catalogue: &Catalogue, asked: &Asked, wanted: &mut Wanted) -> Vec<Open> {
    let mut open = Vec::new();
    let mut known = asked.plan.unknown();
    for slot in 0..catalogue.slots() {
        let Some(row) = catalogue.row(slot) else { continue };
        known.fill(None);
        asked.look_at_row(row, catalogue, &mut known);
        match asked.plan.decide(&known) {
            Some(true) => wanted.add(slot),
            Some(false) => {}
            None => {
                let email = row.email.0.unsigned_abs();
                open.push(Open { position: slot, uid: Uid(0), email, known: known.clone() });
            }
        }
    }
    open
}

/// What the index leaves open.
async fn narrowed(
    store: &Store,
    (narrowing, plan): (&Narrowing, &Arc<Plan>),
    batch: Vec<Open>,
) -> Result<Vec<Open>, StoreError> {
    let again: Vec<_> = batch.iter().map(|open| (open.position, open.email, open.known.clone())).collect();
    let narrowed = narrowing.narrow(store, plan, batch).await?;
    let as_they_were =
        || again.into_iter().map(|(position, email, known)| Open { position, uid: Uid(0), email, known });
    Ok(narrowed.unwrap_or_else(|| as_they_were().collect()))
}

/// Looks at messages.
async fn look(
    store: &Store,
    account: AccountId,
    asked: &Arc<Asked>,
    open: &[Open],
    wanted: &mut Wanted,
) -> Result<(), StoreError> {
    let mut from = 0;
    while let Some(page) =
        open.get(from..).filter(|rest| !rest.is_empty()).map(|rest| rest.get(..LOOKED).unwrap_or(rest))
    {
        let known: Arc<[(u64, Known)]> = page.iter().map(|open| (open.email, open.known.clone())).collect();
        let emails = page.iter().map(|open| email(open.email)).collect();
        let asked = asked.clone();
        let see = move |seen: &mut Seen<'_>| {
            let at = known.binary_search_by_key(&seen.email.0.unsigned_abs(), |(email, _)| *email);
            let known = at.ok().and_then(|at| known.get(at)).map(|(_, known)| known.clone());
            asked.decide(known.unwrap_or_else(|| asked.plan.unknown()), seen)
        };
        let which = Which::Emails(emails);
        let looked = store.read(Look { account, which, octets: LOOKED_OCTETS, see: see.clone() }).await?;
        let early = looked.last().filter(|last| last.early).map(|last| last.email);
        for looked in looked {
            let is = match looked.answer {
                Ok(is) => is,
                Err(_) => again(store, account, looked.email, see.clone()).await?,
            };
            let at = page.binary_search_by_key(&looked.email.0.unsigned_abs(), |open| open.email);
            if let Some(open) = at.ok().and_then(|at| page.get(at)).filter(|_| is) {
                wanted.add(open.position);
            }
        }
        from += match early {
            Some(last) => page.partition_point(|open| open.email <= last.0.unsigned_abs()).max(1),
            None => page.len(),
        };
    }
    Ok(())
}

/// Once more, for it may have moved meanwhile. What cannot be read at all holds nothing.
async fn again<F>(store: &Store, account: AccountId, email: EmailId, see: F) -> Result<bool, StoreError>
where
    F: Fn(&mut Seen<'_>) -> Result<bool, StoreError> + Send + 'static,
{
    let look = Look { account, which: Which::Emails(vec![email]), octets: LOOKED_OCTETS, see };
    let answer = store.read(look).await?.pop().map(|looked| looked.answer);
    Ok(match answer {
        Some(Ok(is)) => is,
        Some(Err(error)) => {
            tracing::error!(%error, email = email.0, "a message cannot be searched");
            false
        }
        None => false,
    })
}

fn email(number: u64) -> EmailId {
    EmailId(i64::try_from(number).unwrap_or(i64::MAX))
}
