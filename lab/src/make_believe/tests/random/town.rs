//! One random internet: its hosts on disks in memory, what befalls them, and what has to be true of it in the end.

use super::through;
use crate::Zones;
use crate::make_believe::scenarios::zone;
use crate::make_believe::{Chance, Host, HostPlan, Internet, Mishap, Theatre, Timeline};
use message::Time;
use platter::{Dice, Platter, SimDisk};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use store::Engine;

const START: Time = Time(1_767_600_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// As long as a letter, its bounce and the bounce of a forwarder can take.
const LONG: Duration = Duration::from_secs(17 * 24 * 3600);

/// Where the disk of a host is, and when it loses power.
struct Machine {
    plan: HostPlan,
    host: Option<Host>,
    disk: SimDisk,
    platter: Platter,
    /// Events of the disk until the power goes.
    fuse: Option<u64>,
    /// When it is switched on again.
    back: Option<Time>,
    losses: u64,
}

/// A letter that was accepted.
struct Letter {
    from: String,
    /// The domain of the host where it was handed in.
    home: String,
    /// Where it ends, if all goes well: addresses that exist, and some that do not.
    to: BTreeSet<String>,
    /// Its host lost power while it was handed in, so nobody was told that it was taken.
    unsure: bool,
}

pub struct Town {
    chance: Chance,
    internet: Internet,
    timeline: Timeline,
    theatre: Theatre,
    machines: Rc<RefCell<Vec<Machine>>>,
    letters: BTreeMap<u16, Letter>,
    attempts: usize,
}

fn domain(number: u64) -> String {
    format!("host{number}.example")
}

/// One of the hosts: two people and a list.
fn plan(chance: &Chance, number: u64, hosts: u64) -> HostPlan {
    let octet = u8::try_from(number).unwrap() + 1;
    // A member that its own host does not know is for its administrator to see, not for who writes to the list.
    let member = |_| match chance.below(8) {
        0 => format!("nobody@{}", domain((number + 1 + chance.below(hosts - 1)) % hosts)),
        n => format!("p{}@{}", n % 2, domain(chance.below(hosts))),
    };
    HostPlan {
        domain: domain(number),
        address: IpAddr::from([192, 0, 2, octet]),
        people: vec!["p0".to_owned(), "p1".to_owned()],
        aliases: vec![("list".to_owned(), (0..3).map(member).collect())],
        greylists: chance.one_in(4),
    }
}

fn weather(chance: &Chance) -> Mishap {
    match chance.below(12) {
        0 => Mishap::Break(chance.below(1500)),
        1 => Mishap::Silence(chance.below(1500)),
        2 => Mishap::BreakAfterDot,
        3 => Mishap::Slow(Duration::from_secs(chance.below(60))),
        _ => Mishap::None,
    }
}

impl Machine {
    fn switch_on(&mut self, internet: &Internet, chance: &Chance) {
        let (folder, disk) = through::mount(&self.disk);
        let engine = Engine::open_with(&folder, disk, 64 * 1024).unwrap();
        self.host = Some(Host::begin(internet, &self.plan, engine, chance).unwrap());
        self.back = None;
        self.spin();
    }

    /// Takes what the disk was told; `true` when the power went on the way.
    fn spin(&mut self) -> bool {
        for event in self.disk.take_log() {
            if self.fuse == Some(0) {
                return true;
            }
            self.platter.take(&event);
            self.fuse = self.fuse.map(|left| left - 1);
        }
        false
    }

    fn lose_power(&mut self, chance: &Chance, back: Time) {
        if let Some(host) = self.host.take() {
            host.end();
        }
        let image = self.platter.crash(&mut Dice::new(chance.number()));
        self.platter = Platter::of(&image);
        self.disk = SimDisk::of(image);
        (self.fuse, self.back) = (None, Some(back));
        self.losses += 1;
    }
}

impl Town {
    pub fn new(chance: Chance) -> Town {
        let timeline = Timeline::from(START);
        let hosts = 3 + chance.below(3);
        let plans: Vec<HostPlan> = (0..hosts).map(|number| plan(&chance, number, hosts)).collect();
        let zones = Zones::new(plans.iter().map(zone).collect()).unwrap();
        let internet = Internet::new(&timeline, zones, chance.clone());
        let machine = |plan| {
            let (disk, platter, losses) = (SimDisk::default(), Platter::default(), 0);
            let mut machine = Machine { plan, host: None, disk, platter, fuse: None, back: None, losses };
            machine.switch_on(&internet, &chance);
            machine
        };
        let machines = Rc::new(RefCell::new(plans.into_iter().map(machine).collect()));
        let theatre = Theatre::of(&timeline);
        Town { chance, internet, timeline, theatre, machines, letters: BTreeMap::new(), attempts: 0 }
    }

    /// Two days in which things happen, then time for all of it to end.
    pub fn live(&mut self) {
        self.internet.set_weather(Arc::new(weather));
        for number in 0..24 {
            self.happen(number);
            let span = Duration::from_secs(self.chance.below(4 * 3600));
            self.pass(self.timeline.now().after(span));
        }
        self.internet.set_weather(Arc::new(|_| Mishap::None));
        self.machines.borrow_mut().iter_mut().for_each(|machine| machine.fuse = None);
        self.pass(START.after(LONG));
    }

    fn happen(&mut self, number: u16) {
        let machines = self.machines.clone();
        let mut machines = machines.borrow_mut();
        let at = usize::try_from(self.chance.below(machines.len() as u64)).unwrap();
        let hosts = machines.len() as u64;
        let machine = &mut machines[at];
        if self.chance.one_in(3) && machine.fuse.is_none() {
            machine.fuse = Some(self.chance.below(300));
        }
        let addresses: Vec<String> = (0..=self.chance.below(3)).map(|_| self.recipient(hosts)).collect();
        let null = self.chance.one_in(8);
        let from = if null { String::new() } else { format!("p{}@{}", self.chance.below(2), machine.plan.domain) };
        let Some(host) = &machine.host else { return };
        let text = format!("From: {from}\r\nSubject: Letter {number}.\r\n\r\nHello.\r\n");
        let taken = host.hand_in(&from, &addresses, &text, number).unwrap();
        let unsure = machine.spin();
        if taken.queue_id.is_some() {
            let kept = addresses.into_iter().filter(|address| !taken.refused.contains(address));
            let home = machine.plan.domain.clone();
            self.letters.insert(number, Letter { from, home, to: kept.collect(), unsure });
        }
        if unsure {
            machine.lose_power(&self.chance, self.timeline.now().after(10 * MINUTE));
        }
    }

    fn recipient(&self, hosts: u64) -> String {
        let name = match self.chance.below(8) {
            0 => "nobody",
            1 => "list",
            n if n % 2 == 0 => "p0",
            _ => "p1",
        };
        format!("{name}@{}", domain(self.chance.below(hosts)))
    }

    /// Time passes; who lost power on the way comes back after a while.
    fn pass(&mut self, end: Time) {
        while self.timeline.now() < end {
            let backs = self.machines.borrow().iter().filter_map(|machine| machine.back).min();
            let until = backs.map_or(end, |back| back.min(end)).min(self.timeline.now().after(HOUR));
            let (machines, chance, timeline) = (self.machines.clone(), self.chance.clone(), self.timeline.clone());
            self.theatre.run_until(until, move || {
                for machine in machines.borrow_mut().iter_mut().filter(|machine| machine.host.is_some()) {
                    if machine.spin() {
                        let down = Duration::from_secs(60 + chance.below(36 * 3600));
                        machine.lose_power(&chance, timeline.now().after(down));
                    }
                }
            });
            let now = self.timeline.now();
            for machine in self.machines.borrow_mut().iter_mut().filter(|m| m.back.is_some_and(|back| back <= now)) {
                machine.switch_on(&self.internet, &self.chance);
            }
        }
        self.attempts += self.internet.take_attempts().len();
    }

    pub fn summary(&self) -> String {
        let machines = self.machines.borrow();
        let losses: u64 = machines.iter().map(|machine| machine.losses).sum();
        let (letters, unheard) = (self.letters.len(), self.internet.unheard().len());
        let hosts = machines.len();
        format!("{hosts} hosts, {letters} letters, {} calls, {losses} lost power, {unheard} unheard", self.attempts)
    }

    /// What must not be.
    pub fn wrongs(&self) -> Vec<String> {
        let ends = Ends::of(&self.machines.borrow());
        let mut wrongs: Vec<String> = ends.waiting.iter().map(|who| format!("{who} still waits")).collect();
        for (number, letter) in &self.letters {
            for address in letter.to.iter().flat_map(|to| self.members(to)).collect::<BTreeSet<_>>() {
                wrongs.extend(self.wrong(*number, letter, &address, &ends));
            }
        }
        wrongs
    }

    /// Who is behind an address: members of a list, and of lists in it there are none.
    fn members(&self, address: &str) -> Vec<String> {
        let machines = self.machines.borrow();
        let list = machines.iter().find(|machine| address == format!("list@{}", machine.plan.domain));
        list.map_or_else(|| vec![address.to_owned()], |machine| machine.plan.aliases[0].1.clone())
    }

    fn wrong(&self, number: u16, letter: &Letter, address: &str, ends: &Ends) -> Option<String> {
        let key = (number, address.to_owned());
        let arrived = ends.arrived.get(&key).copied().unwrap_or(0);
        let reported = ends.reported.get(&key).copied().unwrap_or(0);
        let failed = ends.failed.contains(address);
        let told = reported > 0 || (letter.from.is_empty() && failed);
        if arrived == 0 && !told && !letter.unsure {
            let journeys = self.journeys(address);
            return Some(format!("letter {number} from <{}> to {address} is lost{journeys}", letter.from));
        }
        // Named itself and by a list of another host, it is written to twice.
        let ways = letter.to.iter().filter(|to| self.members(to).iter().any(|member| member == address)).count();
        let excused = self.has_excuse(letter);
        (usize::try_from(arrived + reported).unwrap() > ways.max(1) && !excused).then(|| {
            let journeys = self.journeys(address);
            let (from, to) = (&letter.from, &letter.to);
            format!(
                "letter {number} from <{from}> to {to:?}: at {address} it arrived {arrived} and was reported \
                     {reported} times{journeys}"
            )
        })
    }

    /// What every host says of mail for an address.
    fn journeys(&self, address: &str) -> String {
        let mut lines = String::new();
        for machine in self.machines.borrow().iter() {
            let entries = machine.host.iter().flat_map(|host| host.journeys(address).unwrap());
            for entry in entries {
                let (id, at) = (entry.queue_id, message::date::write_iso8601(entry.at));
                let line =
                    format!("{} {id} {at} {} {:?} {}", machine.plan.domain, entry.event, entry.address, entry.detail);
                lines.push_str(&format!("\n  {line}"));
            }
        }
        lines
    }

    /// Whether something may have been sent again: a reply was lost on the way, or power was.
    fn has_excuse(&self, letter: &Letter) -> bool {
        let machines = self.machines.borrow();
        let unheard = self.internet.unheard();
        let touched = |address: &String| {
            let host = address.rsplit('@').next().unwrap_or_default();
            unheard.iter().any(|who| who.contains(address.as_str()))
                || machines.iter().any(|machine| machine.plan.domain == host && machine.losses > 0)
        };
        letter.to.iter().flat_map(|to| self.members(to)).chain(letter.to.clone()).any(|to| touched(&to))
            || touched(&letter.from)
            || machines.iter().any(|machine| machine.plan.domain == letter.home && machine.losses > 0)
    }
}

/// What the hosts hold in the end.
#[derive(Default)]
struct Ends {
    /// How often a letter is in somebody's mailbox, and how often its sender was told that it is not.
    arrived: BTreeMap<(u16, String), u32>,
    reported: BTreeMap<(u16, String), u32>,
    /// For whom delivery failed somewhere.
    failed: BTreeSet<String>,
    waiting: Vec<String>,
}

impl Ends {
    fn of(machines: &[Machine]) -> Ends {
        let mut ends = Ends::default();
        for machine in machines {
            let Some(host) = &machine.host else { continue };
            for row in host.outbox().unwrap() {
                ends.waiting.push(format!("{} at {} ({})", row.address, machine.plan.domain, row.state));
            }
            for person in &machine.plan.people {
                let address = format!("{person}@{}", machine.plan.domain);
                for mail in host.inbox(person).unwrap() {
                    ends.sort(&address, &mail.text);
                }
            }
            for other in machines {
                for name in ["p0", "p1", "nobody"] {
                    let address = format!("{name}@{}", other.plan.domain);
                    let journeys = host.journeys(&address).unwrap();
                    let failed = |entry: &store::types::TraceEntry| {
                        entry.event == "failed" && entry.address.as_deref() == Some(&address)
                    };
                    if journeys.iter().any(failed) {
                        ends.failed.insert(address);
                    }
                }
            }
        }
        ends
    }

    fn sort(&mut self, address: &str, text: &str) {
        let number = text.split("\r\nSubject: Letter ").nth(1).and_then(|rest| rest.split('.').next());
        let Some(number) = number.and_then(|number| number.parse().ok()) else { return };
        if !text.contains("\r\nContent-Type: multipart/report") {
            *self.arrived.entry((number, address.to_owned())).or_default() += 1;
        }
        for block in text.split("\r\n\r\n").filter(|block| block.contains("Action: failed")) {
            let whom = block.split("Final-Recipient: rfc822;").nth(1).and_then(|rest| rest.lines().next());
            if let Some(whom) = whom {
                *self.reported.entry((number, whom.trim().to_owned())).or_default() += 1;
            }
        }
    }
}
