//! Learning what a folder has: who is gone, whose flags have changed, who is new. Owns the order of things: a change is known
//! only once it is on disk with the state that says so, so a cut at any point costs a window at most.

use super::ImapRemote;
use super::folders::Figures;
use super::line::Heard;
use super::open::{self, Opened, Tracking, uid_and_flags};
use super::state::State;
use super::windows::{self, WINDOW, Want, Writer};
use crate::mirror::{Action, Flags, Folder, FolderId, Mirror};
use crate::progress::Watcher;
use crate::remote::Brought;
use crate::trouble::Trouble;
use message::flags::flag_bits;
use message::search::{Key, Set};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;
use wire::imap::command::{By, Command, FetchItem, Returns, Search};
use wire::imap::response::{Data, EsearchItem};

/// Changes of flags in one transaction.
const BATCH: usize = 2000;

/// A folder being pulled.
struct Visit<'a> {
    mirror: &'a Mirror,
    watcher: &'a Watcher,
    folder: &'a Folder,
    want: Want,
    opened: Opened,
    state: State,
}

impl ImapRemote {
    /// Learns what one folder has.
    pub(super) async fn pull_folder(
        &mut self,
        mirror: &Mirror,
        folder: FolderId,
        want: Want,
        figures: Option<&Figures>,
        watcher: &Watcher,
    ) -> Result<Brought, Trouble> {
        let folder = mirror.folder(folder)?;
        let Some(name) = folder.remote.clone().filter(|_| folder.selectable) else { return Ok(Brought::default()) };
        let mut state = State::read(&mirror.folder_state(folder.id)?);
        if state.is_settled(figures) && !mirror.expects(folder.id)? {
            return Ok(Brought::default());
        }
        self.selected = None;
        let Some(opened) = open::open(&mut self.line, &name, self.tracking, Some(&state)).await? else {
            watcher.tell(&format!("{} cannot be opened", folder.name), 0, None);
            return Ok(Brought::default());
        };
        self.selected = Some((folder.id, opened.permanent.clone()));
        if state.uid_validity != opened.uid_validity {
            // RFC 9051 §2.3.1.1: what the numbers meant they mean no more.
            state = State { uid_validity: opened.uid_validity, ..State::default() };
            let text = state.write();
            mirror.pull(|pull| {
                pull.unlearn(folder.id)?;
                pull.set_folder_state(folder.id, &text)
            })?;
        }
        let mut visit = Visit { mirror, watcher, folder: &folder, want, opened, state };
        let brought = self.learn(&mut visit).await?;
        self.settle(&mut visit, figures)?;
        Ok(brought)
    }

    async fn learn(&mut self, visit: &mut Visit<'_>) -> Result<Brought, Trouble> {
        let mut writer = Writer::new(visit.mirror, visit.folder.id, self.hides_deleted);
        if visit.state.high == 0 {
            self.begin(visit).await?;
        } else {
            let unknown = self.changes(visit).await?;
            self.bring(visit, &mut writer, unknown, |_, _| {}).await?;
        }
        self.newer(visit, &mut writer).await?;
        self.older(visit, &mut writer).await?;
        Ok(Brought { new: writer.new, whole: writer.whole })
    }

    /// A folder that was never seen: everything is below what comes next.
    async fn begin(&mut self, visit: &mut Visit<'_>) -> Result<(), Trouble> {
        let high = match visit.opened.uid_next {
            Some(next) => next.saturating_sub(1),
            None => self.search(Key::And(Vec::new()), visit.opened.exists).await?.last().copied().unwrap_or(0),
        };
        visit.state.mod_seq = visit.opened.mod_seq;
        visit.state.high = high;
        visit.state.low = if visit.opened.exists == 0 { 1 } else { high.saturating_add(1) };
        Ok(())
    }

    /// Changes to what is known; the UIDs among it that turn out not to be known.
    async fn changes(&mut self, visit: &mut Visit<'_>) -> Result<Vec<u32>, Trouble> {
        if visit.state.low > visit.state.high {
            visit.state.mod_seq = visit.opened.mod_seq;
            return Ok(Vec::new());
        }
        let known: HashMap<u32, _> =
            visit.mirror.uids(visit.folder.id)?.into_iter().filter(|(uid, _)| *uid != 0).collect();
        let changed = std::mem::take(&mut visit.opened.changed);
        let (changed, gone) = if visit.opened.resynced {
            let gone = among(&known, &visit.opened.vanished);
            (changed, gone)
        } else if self.tracking >= Tracking::Condstore && visit.state.mod_seq != 0 && visit.opened.mod_seq != 0 {
            self.changed_since(visit, &known).await?
        } else {
            self.compared(visit, &known).await?
        };
        let range = visit.state.low..=visit.state.high;
        let is_hidden = |flags: &Flags| self.hides_deleted && flags.has(flag_bits::DELETED);
        let unknown: BTreeSet<u32> = changed
            .iter()
            .filter(|(uid, flags)| range.contains(uid) && !known.contains_key(uid) && !is_hidden(flags))
            .map(|(uid, _)| *uid)
            .collect();
        let mut gone = gone;
        gone.extend(
            changed.iter().filter(|(uid, flags)| known.contains_key(uid) && is_hidden(flags)).map(|(uid, _)| uid),
        );
        let changed: Vec<(u32, Flags)> = changed.into_iter().filter(|(uid, _)| known.contains_key(uid)).collect();
        visit.state.mod_seq = visit.opened.mod_seq;
        let state = if unknown.is_empty() { Some(visit.state.write()) } else { None };
        apply(visit, &changed, &gone, state)?;
        Ok(unknown.into_iter().collect())
    }

    /// RFC 7162 §3.1.4.1. Who is gone is found by asking who is there, unless the numbers already say that nobody is.
    async fn changed_since(
        &mut self,
        visit: &Visit<'_>,
        known: &HashMap<u32, crate::mirror::MessageId>,
    ) -> Result<(Vec<(u32, Flags)>, Vec<u32>), Trouble> {
        let (low, high) = (visit.state.low, visit.state.high);
        let mut changed = Vec::new();
        if visit.opened.mod_seq != visit.state.mod_seq {
            let mut fetch = windows::fetch_range(low, high, vec![FetchItem::Uid, FetchItem::Flags]);
            fetch.changed_since = Some(visit.state.mod_seq);
            changed = self.flags(Command::Fetch(fetch), visit.opened.exists).await?;
        }
        let nobody_new = visit.opened.uid_next == visit.state.high.checked_add(1);
        if visit.state.is_whole() && nobody_new && known.len() == usize::try_from(visit.opened.exists).unwrap_or(0) {
            return Ok((changed, Vec::new()));
        }
        let there: HashSet<u32> =
            self.search(Key::Uids(Set::of([low..=high])), visit.opened.exists).await?.into_iter().collect();
        let gone = known.keys().copied().filter(|uid| (low..=high).contains(uid) && !there.contains(uid)).collect();
        Ok((changed, gone))
    }

    /// All flags are asked for: so is known who is there.
    async fn compared(
        &mut self,
        visit: &Visit<'_>,
        known: &HashMap<u32, crate::mirror::MessageId>,
    ) -> Result<(Vec<(u32, Flags)>, Vec<u32>), Trouble> {
        let (low, high) = (visit.state.low, visit.state.high);
        let fetch = windows::fetch_range(low, high, vec![FetchItem::Uid, FetchItem::Flags]);
        let told = self.flags(Command::Fetch(fetch), visit.opened.exists).await?;
        let there: HashSet<u32> = told.iter().map(|(uid, _)| *uid).collect();
        let gone = known.keys().copied().filter(|uid| (low..=high).contains(uid) && !there.contains(uid)).collect();
        Ok((told, gone))
    }

    async fn flags(&mut self, command: Command, exists: u32) -> Result<Vec<(u32, Flags)>, Trouble> {
        let number = self.line.say(command).await?;
        let mut told = Vec::new();
        loop {
            match self.line.hear(number).await? {
                Heard::Data(data, _) => {
                    if let Data::Fetch(_, items) = *data {
                        told.extend(uid_and_flags(&items));
                    }
                }
                Heard::Large => return Err(self.line.protocol("it sends a message nobody asked for")),
                Heard::Piece(_) => {}
                Heard::End(status) => {
                    windows::expect_ok(&self.line, &status)?;
                    return Ok(told);
                }
            }
            if told.len() > twice(exists) {
                return Err(self.line.protocol("it tells of more messages than it has"));
            }
        }
    }

    /// The UIDs of what is looked for, in rising order.
    pub(super) async fn search(&mut self, key: Key, exists: u32) -> Result<Vec<u32>, Trouble> {
        let can = self.line.facts.can("ESEARCH") || self.line.facts.can("IMAP4REV2");
        let returns = can.then(|| Returns { all: true, ..Returns::default() });
        let mut found = BTreeSet::new();
        for data in self.line.done(Command::Search(Search { by: By::Uid, returns, key })).await? {
            match data {
                Data::Search(uids, _) => found.extend(uids),
                Data::Esearch(_, true, items) => {
                    for item in items {
                        let EsearchItem::All(set) = item else { continue };
                        let ranges = set.ranges(u32::MAX);
                        let count: u64 = ranges.iter().map(|range| u64::from(range.end() - range.start()) + 1).sum();
                        if count > twice(exists) as u64 {
                            return Err(self.line.protocol("it finds more messages than it has"));
                        }
                        found.extend(ranges.into_iter().flatten());
                    }
                }
                _ => {}
            }
        }
        found.remove(&0);
        Ok(found.into_iter().collect())
    }

    /// What came since: the oldest of it first, so that what is known stays without a gap.
    async fn newer(&mut self, visit: &mut Visit<'_>, writer: &mut Writer) -> Result<(), Trouble> {
        let high = visit.state.high;
        let Some(next) = high.checked_add(1) else { return Ok(()) };
        let mut beyond: Vec<u32> = visit.mirror.uids(visit.folder.id)?.into_iter().map(|(uid, _)| uid).collect();
        beyond.retain(|uid| *uid > high);
        let nothing_came = visit.opened.exists == 0 || visit.opened.uid_next.is_some_and(|told| told <= next);
        if nothing_came && beyond.is_empty() {
            return Ok(());
        }
        let found = match visit.opened.exists {
            0 => Vec::new(),
            exists => self.search(Key::Uids(Set::of([next..=u32::MAX])), exists).await?,
        };
        let found: Vec<u32> = found.into_iter().filter(|uid| *uid > high).collect();
        self.look_again(visit, &beyond, &found).await?;
        self.bring(visit, writer, found, |state, window| {
            state.high = window.iter().copied().max().unwrap_or_default().max(state.high);
        })
        .await
    }

    /// Messages of ours that we were told the UID of when they were put there: what befell them since is not among the changes.
    async fn look_again(&mut self, visit: &Visit<'_>, ours: &[u32], found: &[u32]) -> Result<(), Trouble> {
        let (there, gone): (Vec<u32>, Vec<u32>) = ours.iter().partition(|uid| found.binary_search(uid).is_ok());
        let mut changed = Vec::new();
        for some in there.chunks(WINDOW) {
            let fetch = windows::fetch(some, vec![FetchItem::Uid, FetchItem::Flags]);
            changed.extend(self.flags(Command::Fetch(fetch), visit.opened.exists).await?);
        }
        changed.retain(|(uid, _)| there.binary_search(uid).is_ok());
        apply(visit, &changed, &gone, None)
    }

    /// What is older than all that is known: the newest of it first, for that is what people look at.
    async fn older(&mut self, visit: &mut Visit<'_>, writer: &mut Writer) -> Result<(), Trouble> {
        let below = visit.state.low.saturating_sub(1);
        if below > 0 {
            let mut found = self.search(Key::Uids(Set::of([1..=below])), visit.opened.exists).await?;
            found.retain(|uid| *uid <= below);
            found.reverse();
            self.bring(visit, writer, found, |state, window| {
                state.low = window.iter().copied().min().unwrap_or(state.low).min(state.low);
            })
            .await?;
        }
        visit.state.low = 1;
        Ok(())
    }

    async fn bring(
        &mut self,
        visit: &mut Visit<'_>,
        writer: &mut Writer,
        uids: Vec<u32>,
        learn: impl Fn(&mut State, &[u32]),
    ) -> Result<(), Trouble> {
        if uids.is_empty() {
            return Ok(());
        }
        // What came before a cut needs not come again.
        let known: HashSet<u32> = visit.mirror.uids(visit.folder.id)?.into_iter().map(|(uid, _)| uid).collect();
        let wanted: Vec<u32> = uids.iter().copied().filter(|uid| !known.contains(uid)).collect();
        let count = wanted.len() as u64;
        let windows = wanted.chunks(WINDOW).map(<[u32]>::to_vec).collect();
        let what = format!("reading {}", visit.folder.name);
        let (state, watcher) = (&mut visit.state, visit.watcher);
        windows::bring(&mut self.line, windows, visit.want, writer, |window, done| {
            watcher.go_on()?;
            watcher.tell(&what, done as u64, Some(count));
            learn(state, window);
            Ok(Some(state.write()))
        })
        .await?;
        // Those that were known already are learned, too.
        learn(&mut visit.state, &uids);
        Ok(())
    }

    /// All is known: what was expected and did not come will not come.
    fn settle(&self, visit: &mut Visit<'_>, figures: Option<&Figures>) -> Result<(), Trouble> {
        let folder = visit.folder.id;
        visit.state.settled = figures.copied();
        let state = visit.state.write();
        let awaited = visit.mirror.pending()?.iter().any(|pending| pending.unsure && leads_to(&pending.action, folder));
        visit.mirror.pull(|pull| {
            if !awaited {
                pull.expect_no_more(folder)?;
            }
            pull.set_folder_state(folder, &state)
        })?;
        Ok(())
    }
}

/// Whether an action brings messages into a folder.
fn leads_to(action: &Action, folder: FolderId) -> bool {
    match action {
        Action::Move { to, .. } | Action::Copy { to, .. } | Action::Append { to, .. } => *to == folder,
        _ => false,
    }
}

/// Those of what is known that lie in some ranges.
fn among<T>(known: &HashMap<u32, T>, ranges: &[RangeInclusive<u32>]) -> Vec<u32> {
    let ranges = Set::of(ranges.iter().cloned()).ranges(u32::MAX);
    let is_in = |uid: &u32| {
        let at = ranges.partition_point(|range| range.end() < uid);
        ranges.get(at).is_some_and(|range| range.contains(uid))
    };
    known.keys().copied().filter(is_in).collect()
}

fn apply(visit: &Visit<'_>, changed: &[(u32, Flags)], gone: &[u32], state: Option<String>) -> Result<(), Trouble> {
    let folder = visit.folder.id;
    for some in changed.chunks(BATCH) {
        visit.mirror.pull(|pull| some.iter().try_for_each(|(uid, flags)| pull.flags(folder, *uid, flags)))?;
    }
    for some in gone.chunks(BATCH) {
        visit.mirror.pull(|pull| some.iter().try_for_each(|uid| pull.vanish(folder, *uid)))?;
    }
    if let Some(state) = state {
        visit.mirror.pull(|pull| pull.set_folder_state(folder, &state))?;
    }
    Ok(())
}

/// More than a folder can have, though some came while it was open.
fn twice(exists: u32) -> usize {
    usize::try_from(exists).unwrap_or(usize::MAX / 2) * 2 + 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_gone_is_found_in_ranges_that_overlap() {
        let known: HashMap<u32, ()> = [1, 5, 9, 20, 30].into_iter().map(|uid| (uid, ())).collect();
        let mut gone = among(&known, &[4..=6, 1..=25, 40..=u32::MAX]);
        gone.sort_unstable();
        assert_eq!(gone, [1, 5, 9, 20]);
    }
}
