//! Scenarios that take days, told in seconds. Owns what happens in them and what is told of it; prints nothing.

use super::{Attempt, Chance, Host, HostPlan, Internet, Theatre, Timeline};
use crate::{Zone, Zones};
use anyhow::{Context, Result};
use message::Time;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::Engine;
use store::disk::RealDisk;

/// Monday, 5 January 2026, 08:00 UTC.
const MONDAY: Time = Time(1_767_600_000_000);

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest a message may wait, and a day for the bounce to settle.
const LONG: Duration = Duration::from_secs(6 * 24 * 60 * 60);

const ALICE: &str = "alice@hamburger.edu";
const BOB: &str = "bob@crepes.fr";

const LETTER: &str =
    "From: alice@hamburger.edu\r\nTo: bob@crepes.fr\r\nSubject: Picnic\r\n\r\nDo you like ketchup?\r\n";

/// What happened, after how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tale {
    /// Tries to reach bob's host.
    pub attempts: Vec<(Duration, bool)>,
    /// Alice is told that her letter is delayed.
    pub notices: Vec<Duration>,
    /// Alice is told that it will not arrive.
    pub bounces: Vec<Duration>,
    /// It is in bob's mailbox.
    pub arrivals: Vec<Duration>,
    /// All of it in words, a line each.
    pub lines: Vec<String>,
}

/// Two hosts of which one may be away.
struct Stage {
    theatre: Theatre,
    internet: Internet,
    chance: Chance,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(seed: u64) -> Result<Stage> {
        let timeline = Timeline::from(MONDAY);
        let zones = [hamburger(), crepes(false)].map(|plan| zone(&plan));
        let chance = Chance::new(seed);
        let internet = Internet::new(&timeline, Zones::new(zones.to_vec())?, chance.clone());
        let folder = tempfile::tempdir().context("no folder for the lab")?;
        Ok(Stage { theatre: Theatre::of(&timeline), internet, chance, folder })
    }

    fn begin(&self, plan: &HostPlan) -> Result<Host> {
        Host::begin(&self.internet, plan, open(&self.folder.path().join(&plan.domain))?, &self.chance)
    }

    fn until(&mut self, span: Duration) {
        self.theatre.run_until(MONDAY.after(span), || {});
    }

    /// Everything that happened, from what the hosts hold now.
    fn tale(&self, alice: &Host, bob: Option<&Host>) -> Result<Tale> {
        let mut tale = Tale::default();
        let mut lines = Vec::new();
        for Attempt { at, to, connected, .. } in self.internet.take_attempts() {
            let words = if connected { "answers" } else { "does not answer" };
            tale.attempts.push((at.since(MONDAY), connected));
            lines.push((at, format!("hamburger.edu calls {to}: it {words}")));
        }
        for mail in alice.inbox("alice")? {
            let (list, words) = match mail.text.contains("\r\nAction: delayed\r\n") {
                true => (&mut tale.notices, "alice is told: delayed, her server goes on trying"),
                false => (&mut tale.bounces, "alice is told: it could not be delivered, her server gives up"),
            };
            list.push(mail.received.since(MONDAY));
            lines.push((mail.received, words.to_owned()));
        }
        for mail in bob.map(|bob| bob.inbox("bob")).transpose()?.unwrap_or_default() {
            tale.arrivals.push(mail.received.since(MONDAY));
            lines.push((mail.received, "the letter is in bob's mailbox".to_owned()));
        }
        lines.sort_by_key(|(at, _)| *at);
        tale.lines = lines.iter().map(|(at, words)| format!("{}  {words}", after(at.since(MONDAY)))).collect();
        Ok(tale)
    }
}

/// Bob's host is down. It comes back after `back`, or never. All that follows from the seed is told.
///
/// # Errors
/// The disk fails.
pub fn server_down_five_days(seed: u64, back: Option<Duration>) -> Result<Tale> {
    let mut stage = Stage::new(seed)?;
    let alice = stage.begin(&hamburger())?;
    alice.hand_in(ALICE, &[BOB.to_owned()], LETTER, 1)?;
    let mut bob = None;
    if let Some(back) = back {
        stage.until(back);
        bob = Some(stage.begin(&crepes(false))?);
    }
    stage.until(LONG);
    stage.tale(&alice, bob.as_ref())
}

/// Bob's host asks those it does not know to come again.
///
/// # Errors
/// The disk fails.
pub fn greylist(seed: u64) -> Result<Tale> {
    let mut stage = Stage::new(seed)?;
    let (alice, bob) = (stage.begin(&hamburger())?, stage.begin(&crepes(true))?);
    alice.hand_in(ALICE, &[BOB.to_owned()], LETTER, 1)?;
    stage.until(LONG);
    stage.tale(&alice, Some(&bob))
}

fn hamburger() -> HostPlan {
    plan("hamburger.edu", [192, 0, 2, 1], "alice", false)
}

fn crepes(greylists: bool) -> HostPlan {
    plan("crepes.fr", [192, 0, 2, 2], "bob", greylists)
}

fn plan(domain: &str, address: [u8; 4], person: &str, greylists: bool) -> HostPlan {
    let (people, aliases) = (vec![person.to_owned()], Vec::new());
    HostPlan { domain: domain.to_owned(), address: IpAddr::from(address), people, aliases, greylists }
}

/// What a name server says of a host.
pub(super) fn zone(plan: &HostPlan) -> Zone {
    Zone {
        domain: plan.domain.clone(),
        mx: vec![(10, plan.domain.clone())],
        hosts: vec![(plan.domain.clone(), vec![plan.address])],
        ..Zone::default()
    }
}

fn open(folder: &Path) -> Result<Engine> {
    Ok(Engine::open(folder, Arc::new(RealDisk))?)
}

/// Days, hours, minutes and seconds.
fn after(span: Duration) -> String {
    let s = span.as_secs();
    let (days, hours) = (s / DAY.as_secs(), s / HOUR.as_secs() % 24);
    format!("day {days} {hours:02}:{:02}:{:02}", s / 60 % 60, s % 60)
}
