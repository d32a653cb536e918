//! Mail put aside until a time, in every kind of account. It lies in the folder `Snoozed`, as the mail that the webmail of a
//! Pillarbox server puts aside does, so that no program shows it among what is new; its time stands in a keyword, so that
//! every agent of the account knows it, and in the mirror, for servers that keep no keywords. Owns going there and coming
//! back; what somebody else took out of the folder meanwhile stays where it was put. What the server itself put aside has no
//! such time, and is left to it.

use crate::mirror::{Acted, Action, Error, Flags, FolderId, MessageId, Mirror, Result, Role, Row, View};
use message::Time;
use message::flags::flag_bits;
use message::search::query;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The folder in which it lies: the server calls it so, too.
pub const FOLDER: &str = "Snoozed";
/// How far away a time may be: what is further is a mistake. The server says the same.
pub const AWAY_MAX: Duration = Duration::from_secs(10 * 365 * 86_400);
/// The keyword of what is put aside; with a time behind it the one that tells until when.
const WORD: &str = "$snoozed";
/// What the mirror keeps under this name: until when, and where it was.
const FACT: &str = "snoozed";
/// Messages looked at: more than anybody puts aside.
const LOOKED_AT: u64 = 10_000;

/// What came of waking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Woken {
    /// Came back.
    pub woken: u64,
    /// Are still put aside.
    pub asleep: u64,
}

/// A message that is put aside, as this machine remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Away {
    until: u64,
    from: i64,
}

/// By the number of the message.
type Known = BTreeMap<i64, Away>;

/// Whether a time is one that mail can be put aside until.
#[must_use]
pub fn is_sound(until: Time, now: Time) -> bool {
    until > now && until.since(now) <= AWAY_MAX
}

/// Until when a message is put aside, as its keywords tell.
#[must_use]
pub fn until(flags: &Flags) -> Option<Time> {
    flags.keywords.iter().filter_map(|word| time_of(word)).max()
}

fn time_of(word: &str) -> Option<Time> {
    let lower = word.to_ascii_lowercase();
    let seconds: u64 = lower.strip_prefix(WORD)?.strip_prefix('-')?.parse().ok()?;
    Some(Time(seconds.saturating_mul(1000)))
}

/// The keywords that tell so of a message.
fn words(flags: &Flags) -> BTreeSet<String> {
    let is_ours = |word: &&String| word.eq_ignore_ascii_case(WORD) || time_of(word).is_some();
    flags.keywords.iter().filter(is_ours).cloned().collect()
}

/// The view of all that is put aside.
#[must_use]
pub fn view() -> View {
    View { query: Some(query::parse("is:snoozed in:anywhere").query), ..View::default() }
}

/// Until when it is put aside, as far as that is known here: of what the server put aside it is not.
///
/// # Errors
/// When the mirror cannot be read.
pub fn times(mirror: &Mirror, rows: &[Row]) -> Result<Vec<Option<Time>>> {
    let known = known(mirror)?;
    Ok(rows.iter().map(|row| due(row, &known)).collect())
}

fn due(row: &Row, known: &Known) -> Option<Time> {
    until(&row.flags).or_else(|| known.get(&row.id.0).map(|away| Time(away.until)))
}

/// Puts messages aside until a time; those that are it already get the new one.
///
/// # Errors
/// When the time is none ([`is_sound`]), or the mirror cannot be written.
pub fn put_aside(mirror: &Mirror, messages: &[MessageId], until: Time, now: Time) -> Result<Vec<Acted>> {
    if !is_sound(until, now) {
        let words = "mail can be put aside until a time to come, ten years away at most";
        return Err(Error::NotAllowed(words.to_owned()));
    }
    let within = match mirror.folder_named(FOLDER)? {
        Some(folder) => folder.id,
        None => mirror.create_folder(FOLDER)?.0,
    };
    let mut known = known(mirror)?;
    let mut actions = Vec::new();
    let mut moves: BTreeMap<FolderId, Vec<MessageId>> = BTreeMap::new();
    let add = Flags { bits: 0, keywords: [WORD.to_owned(), format!("{WORD}-{}", until.unix_seconds())].into() };
    for message in messages {
        let Some(row) = mirror.row(*message)? else { continue };
        let remove = Flags { bits: 0, keywords: words(&row.flags) };
        actions.push(Action::Flag { messages: vec![*message], add: add.clone(), remove });
        let home = home(mirror, *message, within)?;
        if let Some(from) = home {
            moves.entry(from).or_default().push(*message);
        }
        let before = known.get(&message.0).map(|away| away.from);
        let from = home.map(|folder| folder.0).or(before).unwrap_or_default();
        known.insert(message.0, Away { until: until.0, from });
    }
    actions.extend(moves.into_iter().map(|(from, messages)| Action::Move { messages, from, to: within }));
    // What is remembered of mail that then does not go is forgotten when its time comes.
    keep(mirror, &known)?;
    mirror.act_all(&actions)
}

/// The folder a message is moved out of: the inbox, else the first that is no view of others. `None`: it lies there already.
fn home(mirror: &Mirror, message: MessageId, within: FolderId) -> Result<Option<FolderId>> {
    let folders = mirror.folders_of(message)?;
    if folders.contains(&within) {
        return Ok(None);
    }
    let role = |folder: &FolderId| mirror.folder(*folder).map(|folder| folder.role).unwrap_or_default();
    let inbox = folders.iter().find(|folder| role(folder) == Role::Inbox);
    let other = folders.iter().find(|folder| !matches!(role(folder), Role::All | Role::Flagged));
    Ok(inbox.or(other).copied())
}

/// Brings messages back before their time, as they are.
///
/// # Errors
/// When the mirror cannot be written.
pub fn bring_back(mirror: &Mirror, messages: &[MessageId]) -> Result<Vec<Acted>> {
    let mut known = known(mirror)?;
    let mut actions = Vec::new();
    for message in messages {
        if let Some(row) = mirror.row(*message)? {
            actions.extend(way_back(mirror, &row, &known, 0)?.1);
            known.remove(&message.0);
        }
    }
    let acted = mirror.act_all(&actions)?;
    keep(mirror, &known)?;
    Ok(acted)
}

/// Wakes what is due, as if it had come just now: not read, where it was.
///
/// # Errors
/// When the mirror cannot be read or written.
pub fn wake(mirror: &Mirror, now: Time) -> Result<Woken> {
    let mut known = known(mirror)?;
    let rows = mirror.rows(&view(), now, 0, LOOKED_AT)?;
    if rows.is_empty() && known.is_empty() {
        return Ok(Woken::default());
    }
    let mut came = Woken::default();
    let mut actions = Vec::new();
    let mut asleep = BTreeSet::new();
    for row in rows {
        match due(&row, &known) {
            Some(time) if time <= now => {
                let (was_away, back) = way_back(mirror, &row, &known, flag_bits::SEEN)?;
                came.woken += u64::from(was_away);
                actions.extend(back);
            }
            _ => {
                came.asleep += 1;
                asleep.insert(row.id.0);
            }
        }
    }
    if !actions.is_empty() {
        mirror.act_all(&actions)?;
    }
    let before = known.len();
    known.retain(|message, _| asleep.contains(message));
    if known.len() != before {
        keep(mirror, &known)?;
    }
    Ok(came)
}

/// What brings a message back, and whether it was away still: one that somebody took out of the folder stays where it is,
/// as it is.
fn way_back(mirror: &Mirror, row: &Row, known: &Known, unset: u64) -> Result<(bool, Vec<Action>)> {
    let within = mirror.folder_named(FOLDER)?.map(|folder| folder.id);
    let folders = mirror.folders_of(row.id)?;
    let within = within.filter(|within| folders.contains(within));
    let bits = if within.is_some() { unset } else { 0 };
    let remove = Flags { bits, keywords: words(&row.flags) };
    let mut actions = Vec::new();
    if !remove.is_empty() {
        actions.push(Action::Flag { messages: vec![row.id], add: Flags::default(), remove });
    }
    if let Some(from) = within {
        let before = known.get(&row.id.0).map(|away| FolderId(away.from));
        let still = before.filter(|before| mirror.folder(*before).is_ok_and(|folder| folder.selectable));
        let to = match still {
            Some(folder) => folder,
            None => mirror.folder_for(Role::Inbox)?,
        };
        actions.push(Action::Move { messages: vec![row.id], from, to });
    }
    Ok((within.is_some(), actions))
}

fn known(mirror: &Mirror) -> Result<Known> {
    let kept = mirror.fact(FACT)?.unwrap_or_default();
    // What another version wrote is forgotten: the keywords say the same.
    Ok(serde_json::from_str(&kept).unwrap_or_default())
}

fn keep(mirror: &Mirror, known: &Known) -> Result<()> {
    mirror.set_fact(FACT, &serde_json::to_string(known).unwrap_or_default())
}

#[cfg(test)]
#[path = "snoozed_tests.rs"]
mod tests;
