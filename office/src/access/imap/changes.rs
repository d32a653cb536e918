//! Changing messages of the selected mailbox: flags, expunging, copying and moving. Copies are one operation of the store,
//! all or none; the others go in pieces. What the user's rights do not allow is kept out of them (RFC 4314 §4).

use super::names::Place;
use super::{ImapDesk, failed, ids};
use message::Time;
use std::ops::RangeInclusive;
use store::op::{Carried, FlagChange as Change, Op, Outcome};
use store::types::{AccountId, Flags, MailboxId, ModSeq, Uid};
use wire::imap::ask::{FlagChange, FlagNames, Rights, Uids};
use wire::imap::listing::{Listing, Row, bits};
use wire::imap::numbers::{joined, minus};
use wire::imap::{Answer, MailboxName, Refusal};

/// Messages that are changed or moved in one operation: everybody's mail waits while it is written, for 2 to 5 microseconds a
/// message. RFC 9051 §6.4.6 and RFC 6851 §3.3 ask for each message to be changed whole, not for all of them at once.
const CHANGED_AT_ONCE: usize = 20_000;
/// Messages that are removed in one operation (RFC 9051 §6.4.3): 15 microseconds each, with all that hangs on them.
const REMOVED_AT_ONCE: usize = 4_000;

impl ImapDesk {
    pub(super) async fn store(
        &mut self,
        uids: &[RangeInclusive<u32>],
        change: &FlagChange,
        unchanged_since: Option<u64>,
    ) -> Result<Answer, Refusal> {
        let rights = self.rights_here().await?;
        let selected = self.open()?;
        let (account, mailbox) = (selected.view.account(), selected.view.mailbox());
        // As it is now, for much may have come since the session was told.
        let listing = selected.caught_up().await?;
        let changes = allowed(change, rights, &listing)?;
        let mut modified = Uids::new();
        for piece in pieces(uids, &listing, (CHANGED_AT_ONCE, |_| true)) {
            let later = self.store_piece((account, mailbox), piece, &changes, unchanged_since.map(ModSeq)).await?;
            modified = joined(modified, &later);
        }
        let listing = self.open()?.caught_up().await?;
        Ok(Answer::Stored { modified, listing })
    }

    /// Those that had changed since, and were left alone.
    async fn store_piece(
        &self,
        (account, mailbox): (AccountId, MailboxId),
        mut left: Uids,
        changes: &[Change],
        mut since: Option<ModSeq>,
    ) -> Result<Uids, Refusal> {
        let mut modified = Uids::new();
        for change in changes {
            // Asked of the first only: for those after it, it has changed them itself.
            let (uids, unchanged_since, change) = (ids::uid_set(&left), since.take(), change.clone());
            match self.apply(Op::SetFlags { account, mailbox, uids, change, unchanged_since }).await? {
                Outcome::Modified(later) => {
                    let later = ids::uids(&later.into());
                    left = minus(&left, &later);
                    modified = joined(modified, &later);
                }
                other => return Err(failed(&other)),
            }
        }
        Ok(modified)
    }

    pub(super) async fn expunge(&mut self, now: Time, among: Option<&Uids>, close: bool) -> Result<Answer, Refusal> {
        let may = self.rights_here().await?.has('e');
        // RFC 4314 §4: CLOSE does not fail for want of rights; it expunges nothing.
        if !may && !close {
            return Err(Refusal::NoPermission);
        }
        let selected = self.open()?;
        let (account, mailbox) = (selected.view.account(), selected.view.mailbox());
        if may {
            let everything = vec![1..=u32::MAX];
            let is_marked = |row: &Row| row.flags & bits::DELETED != 0;
            let listing = selected.caught_up().await?;
            for piece in pieces(among.unwrap_or(&everything), &listing, (REMOVED_AT_ONCE, is_marked)) {
                let uids = ids::uid_set(&piece);
                match self.apply(Op::Expunge { account, mailbox, uids, only_deleted: true, now }).await? {
                    Outcome::Removed(_) => {}
                    other => return Err(failed(&other)),
                }
            }
        }
        if close {
            let listing = self.open()?.listing.clone();
            self.unselect(now).await;
            return Ok(Answer::Expunged { listing });
        }
        Ok(Answer::Expunged { listing: self.open()?.caught_up().await? })
    }

    pub(super) async fn copy(
        &mut self,
        now: Time,
        uids: &[RangeInclusive<u32>],
        to: &MailboxName,
        moving: bool,
    ) -> Result<Answer, Refusal> {
        let place = self.open_place(to, "i").await?;
        let rights = self.rights_here().await?;
        // RFC 6851 §4.2: moving is copying, marking as deleted and expunging.
        if !rights.has('r') || moving && !(rights.has('t') && rights.has('e')) {
            return Err(Refusal::NoPermission);
        }
        let selected = self.open()?;
        let (account, from) = (selected.view.account(), selected.view.mailbox());
        // RFC 6851 §3.3: each message moves whole. COPY is of all or none (RFC 9051 §6.4.7), and so is what needs room
        // in another account.
        let in_pieces = moving && account == place.account && from != place.mailbox.id;
        let parts = if in_pieces {
            pieces(uids, &*selected.caught_up().await?, (CHANGED_AT_ONCE, |_| true))
        } else {
            vec![uids.to_vec()]
        };
        let ops = parts.iter().map(|part| copying((account, from), &place, part, (moving, now))).collect();
        let copied = self.copy_parts(ops).await;
        self.copied(copied).await
    }

    /// Does one part after the other, until one cannot be done.
    async fn copy_parts(&self, parts: Vec<Op>) -> Copied {
        let mut copied = Copied::default();
        for part in parts {
            copied.failed = match self.apply(part).await {
                Ok(Outcome::Uids { uid_validity, pairs }) => {
                    copied.uid_validity = uid_validity;
                    copied.pairs.extend(pairs);
                    continue;
                }
                Ok(other) => Some(failed(&other)),
                Err(refusal) => Some(refusal),
            };
            break;
        }
        copied
    }

    /// What was copied is told even where the rest failed, or where the selected mailbox is gone by now.
    async fn copied(&mut self, copied: Copied) -> Result<Answer, Refusal> {
        let Copied { uid_validity, pairs, failed } = copied;
        if let Some(refusal) = failed.clone().filter(|_| pairs.is_empty()) {
            return Err(refusal);
        }
        let selected = self.open()?;
        // Why there is none, the next sync tells.
        let listing = selected.caught_up().await.unwrap_or_else(|_| selected.listing.clone());
        let from = ids::ranges(pairs.iter().filter_map(|(from, _)| from.map(|uid| uid.0)));
        let to = ids::ranges(pairs.iter().map(|(_, to)| to.0));
        Ok(Answer::Copied { uid_validity, from, to, listing, failed })
    }
}

/// What became of a copy or a move so far.
#[derive(Default)]
struct Copied {
    uid_validity: u32,
    pairs: Vec<(Option<Uid>, Uid)>,
    failed: Option<Refusal>,
}

/// Copies or moves messages of one mailbox to another.
fn copying((account, from): (AccountId, MailboxId), place: &Place, uids: &Uids, (moving, now): (bool, Time)) -> Op {
    let (to_account, to, carried, uids) = (place.account, place.mailbox.id, carried(place.rights), ids::uid_set(uids));
    if moving {
        Op::Move { account, from, to_account, to, uids, carried, now }
    } else {
        Op::Copy { account, from, to_account, to, uids, carried, now }
    }
}

/// Messages in pieces that are done one after the other: at most so many each of those in a listing that make work. What
/// is not in it, because it came just now, is in one of them.
fn pieces(
    uids: &[RangeInclusive<u32>],
    listing: &Listing,
    (most, makes_work): (usize, impl Fn(&Row) -> bool),
) -> Vec<Uids> {
    let (mut pieces, mut piece, mut count) = (Vec::new(), Uids::new(), 0);
    for range in uids {
        let mut from = *range.start();
        let end = range.end().checked_add(1).map_or(listing.len(), |next| listing.lower_bound(next));
        for row in listing.rows(listing.lower_bound(from)..end).filter(|row| makes_work(row)) {
            if count == most {
                if from < row.uid {
                    piece.push(from..=row.uid - 1);
                }
                pieces.push(std::mem::take(&mut piece));
                (from, count) = (row.uid, 0);
            }
            count += 1;
        }
        piece.push(from..=*range.end());
    }
    pieces.push(piece);
    pieces
}

/// Flags as the store takes them.
pub(super) fn flags(names: &FlagNames) -> Flags {
    let has = |bit| names.system & bit != 0;
    Flags {
        seen: has(bits::SEEN),
        answered: has(bits::ANSWERED),
        flagged: has(bits::FLAGGED),
        deleted: has(bits::DELETED),
        draft: has(bits::DRAFT),
        keywords: names.keywords.clone(),
    }
}

/// What of some flags these rights allow to change: `s` for `\Seen`, `t` for `\Deleted`, `w` for all others.
pub(super) fn within(names: &FlagNames, rights: Rights) -> FlagNames {
    let mut system = 0;
    for (letter, mask) in [('s', bits::SEEN), ('t', bits::DELETED), ('w', !(bits::SEEN | bits::DELETED))] {
        if rights.has(letter) {
            system |= names.system & mask;
        }
    }
    let keywords = if rights.has('w') { names.keywords.clone() } else { Vec::new() };
    FlagNames { system, keywords }
}

/// The same of flags that come along with a message.
fn carried(rights: Rights) -> Carried {
    Carried { seen: rights.has('s'), deleted: rights.has('t'), others: rights.has('w') }
}

/// The changes that come to what was asked, as far as it is allowed.
fn allowed(change: &FlagChange, rights: Rights, listing: &Listing) -> Result<Vec<Change>, Refusal> {
    let is_empty = |names: &FlagNames| names.system == 0 && names.keywords.is_empty();
    let (FlagChange::Add(asked) | FlagChange::Remove(asked) | FlagChange::Replace(asked)) = change;
    let may = within(asked, rights);
    if !"stw".chars().any(|letter| rights.has(letter)) || is_empty(&may) && !is_empty(asked) {
        return Err(Refusal::NoPermission);
    }
    Ok(match change {
        FlagChange::Add(_) => vec![Change::Add(flags(&may))],
        FlagChange::Remove(_) => vec![Change::Remove(flags(&may))],
        FlagChange::Replace(_) if "stw".chars().all(|letter| rights.has(letter)) => vec![Change::Replace(flags(&may))],
        // Others keep what may not be touched. First what is to be: where it cannot, nothing has gone.
        FlagChange::Replace(_) => {
            let keywords = listing.head().keywords.all().filter(|known| !has_keyword(&may, known));
            let others =
                FlagNames { system: bits::SYSTEM & !may.system, keywords: keywords.map(str::to_owned).collect() };
            vec![Change::Add(flags(&may)), Change::Remove(flags(&within(&others, rights)))]
        }
    })
}

fn has_keyword(names: &FlagNames, keyword: &str) -> bool {
    names.keywords.iter().any(|name| name.eq_ignore_ascii_case(keyword))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests;
    use super::*;

    #[test]
    fn rights_say_which_flags_may_change() {
        let names = FlagNames { system: bits::SYSTEM, keywords: vec!["$Junk".to_owned()] };
        assert_eq!(within(&names, Rights::all()), names);
        assert_eq!(within(&names, Rights::of("s")), FlagNames { system: bits::SEEN, keywords: vec![] });
        assert_eq!(within(&names, Rights::of("t")), FlagNames { system: bits::DELETED, keywords: vec![] });
        let others =
            FlagNames { system: bits::ANSWERED | bits::FLAGGED | bits::DRAFT, keywords: names.keywords.clone() };
        assert_eq!(within(&names, Rights::of("w")), others);
    }

    #[test]
    fn long_changes_go_in_pieces() {
        let head = wire::imap::listing::Head::default();
        let rows = |last: u32| (1..=last).map(|n| Row { uid: 2 * n, flags: u64::from(n % 2), ..Row::default() });
        let (full, over) = (Listing::new(head.clone(), rows(3)), Listing::new(head, rows(4)));
        let all = vec![1..=u32::MAX];
        assert_eq!(pieces(&all, &full, (3, |_| true)), [vec![1..=u32::MAX]]);
        let cut = 8;
        assert_eq!(pieces(&all, &over, (3, |_| true)), [vec![1..=cut - 1], vec![cut..=u32::MAX]]);
        assert_eq!(pieces(&all, &over, (3, |row: &Row| row.flags == 0)), [all], "what makes no work does not count");
        assert_eq!(pieces(&[3..=3, 4..=cut], &over, (3, |_| true)), [vec![3..=3, 4..=cut]]);
        assert_eq!(pieces(&[2..=cut - 1, cut..=cut], &over, (3, |_| true)), [vec![2..=cut - 1], vec![cut..=cut]]);
        assert_eq!(pieces(&[], &over, (3, |_| true)), [Uids::new()]);
    }

    #[test]
    fn what_is_not_allowed_is_left_out_unless_nothing_is_left() {
        let listing = Listing::default();
        let seen = FlagNames { system: bits::SEEN, keywords: vec![] };
        let both = FlagNames { system: bits::SEEN | bits::FLAGGED, keywords: vec![] };
        let found = allowed(&FlagChange::Add(both.clone()), Rights::of("s"), &listing).unwrap();
        assert_eq!(found, [Change::Add(flags(&seen))]);
        let refused = allowed(&FlagChange::Add(seen.clone()), Rights::of("w"), &listing);
        assert_eq!(refused, Err(Refusal::NoPermission));
        let found = allowed(&FlagChange::Replace(both), Rights::of("s"), &listing).unwrap();
        assert_eq!(found, [Change::Add(flags(&seen)), Change::Remove(Flags::default())]);
        let nothing = FlagNames::default();
        let found = allowed(&FlagChange::Replace(nothing.clone()), Rights::of("s"), &listing).unwrap();
        assert_eq!(found, [Change::Add(flags(&nothing)), Change::Remove(flags(&seen))]);
    }

    #[test]
    fn pairs_of_a_copy_stay_pairs() {
        let pairs = [(Some(Uid(3)), Uid(10)), (Some(Uid(4)), Uid(11)), (Some(Uid(9)), Uid(12))];
        let from = ids::ranges(pairs.iter().filter_map(|(from, _)| from.map(|uid| uid.0)));
        assert_eq!((from, ids::ranges(pairs.iter().map(|(_, to)| to.0))), (vec![3..=4, 9..=9], vec![10..=12]));
    }

    #[tokio::test]
    async fn what_moved_is_told_though_the_rest_could_not() {
        let (house, mut desk) = tests::bob().await;
        tests::append_all(&mut desk, "INBOX", &[b"\r\na", b"\r\nb", b"\r\nc"]).await.unwrap();
        tests::select(&mut desk, "INBOX").await;
        let here = desk.open().unwrap();
        let from = (here.view.account(), here.view.mailbox());
        let there = desk.open_place(&tests::name("Archive"), "i").await.unwrap();
        let mut nowhere = there.clone();
        nowhere.mailbox.id = MailboxId(i64::MAX);
        let part = |uid, place: &Place| copying(from, place, &vec![uid..=uid], (true, tests::NOW));
        let parts = vec![part(1, &there), part(2, &nowhere), part(3, &there)];
        let copied = desk.copy_parts(parts).await;
        let Answer::Copied { from: told, to, listing, failed, .. } = desk.copied(copied).await.unwrap() else {
            panic!()
        };
        assert_eq!((told, to, listing.len(), failed), (vec![1..=1], vec![1..=1], 2, Some(Refusal::NonExistent)));
        let copied = desk.copy_parts(vec![part(2, &nowhere)]).await;
        assert_eq!(desk.copied(copied).await.map(|_| ()), Err(Refusal::NonExistent), "nothing moved");
        // What was done was done, though the mailbox it came from is gone.
        tests::append(&mut desk, "Trash", b"\r\nx").await;
        tests::select(&mut desk, "Trash").await;
        let copied = desk.copy_parts(vec![part(2, &there)]).await;
        let mut other = house.desk("bob").await;
        tests::done(&mut other, wire::imap::Ask::Delete(tests::name("Trash"))).await;
        assert!(matches!(desk.copied(copied).await, Ok(Answer::Copied { failed: None, .. })));
    }
}
