//! Mail put aside until a time: woken when the time has come. The time stands in a keyword beside `$snoozed`, so that every
//! program of the account can know it.

use agent::mirror::{Action, Flags, Mirror, Result, View};
use message::Time;
use message::flags::flag_bits;
use message::search::query;

/// The keyword of what is put aside.
pub const SNOOZED: &str = "$snoozed";
/// Messages looked at: more than anybody puts aside.
const LOOKED_AT: u64 = 10_000;

/// Until when, as a keyword.
#[must_use]
pub fn word(until: Time) -> String {
    format!("{SNOOZED}-{}", until.unix_seconds())
}

fn until(flags: &Flags) -> Option<(Time, String)> {
    let of = |word: &String| {
        let lower = word.to_ascii_lowercase();
        let seconds: u64 = lower.strip_prefix(SNOOZED)?.strip_prefix('-')?.parse().ok()?;
        Some((Time(seconds.saturating_mul(1000)), word.clone()))
    };
    flags.keywords.iter().filter_map(of).max()
}

/// Wakes what is due, as if it had come just now: not read. How many are still asleep.
pub fn wake(mirror: &Mirror, now: Time) -> Result<u64> {
    let view = View { query: Some(query::parse("is:snoozed in:anywhere").query), ..View::default() };
    let asleep = mirror.rows(&view, now, 0, LOOKED_AT)?;
    let mut left = 0;
    let mut actions = Vec::new();
    for row in asleep {
        match until(&row.flags) {
            Some((time, word)) if time <= now => {
                let keywords = [SNOOZED.to_owned(), word].into();
                let remove = Flags { bits: flag_bits::SEEN, keywords };
                actions.push(Action::Flag { messages: vec![row.id], add: Flags::default(), remove });
            }
            _ => left += 1,
        }
    }
    if !actions.is_empty() {
        mirror.act_all(&actions)?;
    }
    Ok(left)
}
