#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const MINUTE: Duration = Duration::from_secs(60);
const START: Time = Time(1_795_238_264_000);

fn row(outbox: u64, recipient: u32, destination: &str, sender: &str) -> Row {
    Row {
        outbox,
        recipient,
        destination: destination.to_owned(),
        sender: sender.to_owned(),
        size: 1000 + outbox,
        created: START,
        attempts: 0,
        due: START,
        priority: 4,
    }
}

/// A queue whose store is empty.
fn queue(limits: Limits) -> Queue {
    let mut queue = Queue::new(limits);
    assert_eq!(queue.next(START), Next::Load(limits.window));
    queue.loaded(START, None);
    queue
}

fn attempt(queue: &mut Queue, now: Time) -> Attempt {
    match queue.next(now) {
        Next::Attempt(attempt) => attempt,
        other => panic!("{other:?} and no attempt"),
    }
}

/// Destinations of all attempts that can run at once.
fn all_attempts(queue: &mut Queue, now: Time) -> Vec<Attempt> {
    std::iter::from_fn(|| match queue.next(now) {
        Next::Attempt(attempt) => Some(attempt),
        _ => None,
    })
    .collect()
}

fn fill(queue: &mut Queue, destination: &str, rows: u32) {
    for recipient in 0..rows {
        assert_eq!(queue.offer(START, &row(u64::from(recipient), recipient, destination, "news")), Offered::Taken);
    }
}

#[test]
fn one_message_to_one_destination_goes_in_one_transaction() {
    let mut queue = queue(Limits::default());
    for recipient in 0..101 {
        queue.offer(START, &row(7, recipient, "crepes.fr", "alice"));
    }
    queue.offer(START, &row(7, 101, "hamburger.edu", "alice"));
    queue.offer(START, &row(8, 0, "crepes.fr", "alice"));
    let made = all_attempts(&mut queue, START);
    let shape: Vec<_> = made.iter().map(|one| (&*one.destination, one.outbox, one.rows.len())).collect();
    // 100 recipients are the limit, and the one past it comes in another transaction.
    assert_eq!(shape, [("crepes.fr", 7, 100), ("hamburger.edu", 7, 1), ("crepes.fr", 7, 1), ("crepes.fr", 8, 1)]);
    assert_eq!(made[0].rows[1], Ticket { recipient: 1, attempts: 0, created: START, priority: 4 });
    assert_eq!((made[0].size, queue.wants()), (1007, 20_000 - 103));
    for one in made {
        queue.done(one.id, START, Outcome::Reached);
    }
    assert_eq!((queue.wants(), queue.next(START)), (20_000, Next::Idle));
}

#[test]
fn a_newsletter_holds_up_nobody() {
    let mut queue = queue(Limits::default());
    fill(&mut queue, "crepes.fr", 1000);
    queue.offer(START, &row(5000, 0, "crepes.fr", "alice"));
    queue.offer(START, &row(5001, 0, "hamburger.edu", "bob"));
    let made = all_attempts(&mut queue, START);
    assert_eq!(made.len(), 5 + 1);
    let place = |outbox| made.iter().position(|one| one.outbox == outbox).unwrap();
    assert!(place(5001) <= 1 && place(5000) <= 2, "{made:?}");
}

#[test]
fn a_row_is_known_while_it_is_held() {
    let mut queue = queue(Limits { window: 2, ..Limits::default() });
    assert_eq!(queue.offer(START, &row(1, 0, "crepes.fr", "alice")), Offered::Taken);
    assert_eq!(queue.offer(START, &row(1, 0, "crepes.fr", "alice")), Offered::Known);
    assert_eq!(queue.offer(START, &row(1, 1, "crepes.fr", "alice")), Offered::Taken);
    assert_eq!(queue.offer(START, &row(1, 2, "crepes.fr", "alice")), Offered::Full);
    let one = attempt(&mut queue, START);
    assert_eq!(queue.offer(START, &row(1, 0, "crepes.fr", "alice")), Offered::Known);
    queue.done(one.id, START, Outcome::Reached);
    assert_eq!(queue.offer(START, &row(1, 0, "crepes.fr", "alice")), Offered::Taken);
    // An attempt is over once.
    queue.done(one.id, START, Outcome::Unreachable);
    assert_eq!(queue.wants(), 1);
}

#[test]
fn nothing_goes_before_it_is_due() {
    let mut queue = queue(Limits::default());
    let later = START.after(MINUTE);
    queue.offer(START, &Row { due: later, ..row(1, 0, "crepes.fr", "alice") });
    assert_eq!(queue.next(START), Next::SleepUntil(later));
    assert_eq!(queue.next(Time(later.0 - 1)), Next::SleepUntil(later));
    assert_eq!(attempt(&mut queue, later).outbox, 1);
}

#[test]
fn connections_grow_with_success_up_to_the_limit() {
    let mut queue = queue(Limits::default());
    fill(&mut queue, "crepes.fr", 2000);
    let mut most = 0;
    for _ in 0..400 {
        let made = all_attempts(&mut queue, START);
        let running = queue.running.len();
        assert!(running <= 20);
        most = most.max(running);
        drop(made);
        let first = *queue.running.keys().min().unwrap();
        queue.done(first, START, Outcome::Reached);
    }
    assert_eq!(most, 20);
}

#[test]
fn connections_of_all_destinations_are_limited() {
    let mut queue = queue(Limits { connections: 7, ..Limits::default() });
    for outbox in 0..50 {
        queue.offer(START, &row(outbox, 0, &format!("d{outbox}.example"), "alice"));
    }
    let made = all_attempts(&mut queue, START);
    assert_eq!((made.len(), queue.next(START)), (7, Next::Idle));
    queue.done(made[0].id, START, Outcome::Unknown);
    assert_eq!(all_attempts(&mut queue, START).len(), 1);
}

#[test]
fn a_dead_host_gives_its_place_to_others() {
    let mut queue = queue(Limits::default());
    fill(&mut queue, "crepes.fr", 1000);
    let made = all_attempts(&mut queue, START);
    assert_eq!(made.len(), 5);
    for one in &made[..4] {
        queue.done(one.id, START, Outcome::Unreachable);
        // Fewer connections now, but not down yet.
        assert_eq!(queue.next(START), Next::Idle, "others still run");
    }
    queue.done(made[4].id, START, Outcome::Unreachable);
    let until = START.after(5 * MINUTE);
    let Next::Defer(deferral) = queue.next(START) else { panic!("it is down") };
    assert_eq!((deferral.rows.len(), deferral.until, &*deferral.destination), (995, until, "crepes.fr"));
    assert_eq!((queue.wants(), queue.next(START)), (20_000, Next::SleepUntil(until)));
    assert_eq!(queue.closed(START).collect::<Vec<_>>(), ["crepes.fr"]);
    assert_eq!(queue.offer(START, &row(1, 1, "crepes.fr", "alice")), Offered::Down(until));
    // One attempt tells whether it is back.
    assert_eq!(queue.closed(until).count(), 0);
    for outbox in 0..10 {
        assert_eq!(queue.offer(until, &row(outbox, 0, "crepes.fr", "alice")), Offered::Taken);
    }
    let made = all_attempts(&mut queue, until);
    assert_eq!(made.len(), 1);
    queue.done(made[0].id, until, Outcome::Unreachable);
    assert!(matches!(queue.next(until), Next::Defer(Deferral { rows, .. }) if rows.len() == 9));
    // Or somebody knows.
    queue.revive("crepes.fr");
    assert_eq!(queue.offer(until, &row(1, 1, "crepes.fr", "alice")), Offered::Taken);
    let one = attempt(&mut queue, until);
    queue.done(one.id, until, Outcome::Reached);
    fill(&mut queue, "crepes.fr", 9);
    assert_eq!(all_attempts(&mut queue, until).len(), 2, "it grows again");
}

#[test]
fn rows_that_come_due_while_their_host_is_down_are_put_off() {
    let mut queue = queue(Limits { failures_until_down: 1, ..Limits::default() });
    let later = START.after(MINUTE);
    queue.offer(START, &row(1, 0, "crepes.fr", "alice"));
    queue.offer(START, &Row { due: later, ..row(2, 0, "crepes.fr", "alice") });
    let one = attempt(&mut queue, START);
    queue.done(one.id, START, Outcome::Unreachable);
    assert_eq!(queue.next(START), Next::SleepUntil(later));
    let until = START.after(5 * MINUTE);
    let deferral = Deferral { destination: "crepes.fr".into(), rows: vec![(2, 0)], until };
    assert_eq!(queue.next(later), Next::Defer(deferral));
}

#[test]
fn a_rate_is_kept() {
    let mut queue = queue(Limits::default());
    queue.set_pace("crepes.fr", Pace { rate_per_minute: Some(6), ..Pace::default() });
    fill(&mut queue, "crepes.fr", 3);
    queue.offer(START, &row(9, 9, "hamburger.edu", "bob"));
    assert_eq!(all_attempts(&mut queue, START).len(), 2);
    let next = START.after(MINUTE / 6);
    assert_eq!(queue.next(START), Next::SleepUntil(next));
    assert_eq!(queue.next(Time(next.0 - 1)), Next::SleepUntil(next));
    assert_eq!(all_attempts(&mut queue, next).len(), 1);
    assert_eq!(queue.next(next), Next::SleepUntil(next.after(MINUTE / 6)));
}

#[test]
fn a_share_is_not_passed() {
    let mut queue = queue(Limits { share: 10, ..Limits::default() });
    fill(&mut queue, "crepes.fr", 10);
    assert_eq!(queue.offer(START, &row(10, 0, "crepes.fr", "bob")), Offered::Crowded);
    assert_eq!(queue.offer(START, &row(10, 0, "hamburger.edu", "bob")), Offered::Taken);
    assert_eq!(queue.closed(START).collect::<Vec<_>>(), ["crepes.fr"]);
    let made = all_attempts(&mut queue, START);
    for one in made.iter().filter(|one| &*one.destination == "crepes.fr").take(4) {
        queue.done(one.id, START, Outcome::Reached);
    }
    assert_eq!(queue.closed(START).count(), 0);
    // With half of its share free the store is read again for what was turned away.
    let more = all_attempts(&mut queue, START);
    assert_eq!(queue.next(START), Next::Idle);
    queue.done(more[0].id, START, Outcome::Reached);
    assert!(matches!(queue.next(START), Next::Attempt(_)));
    assert!(matches!(queue.next(START), Next::Load(_)));
}

#[test]
fn the_store_is_read_when_there_is_room_and_something_due() {
    let mut queue = Queue::new(Limits { window: 8, ..Limits::default() });
    assert_eq!(queue.next(START), Next::Load(8));
    // Not twice, and news that come meanwhile are not forgotten.
    assert_eq!(queue.next(START), Next::Idle);
    queue.announce(START.after(MINUTE));
    queue.loaded(START, None);
    assert_eq!(queue.next(START), Next::SleepUntil(START.after(MINUTE)));
    queue.announce(START);
    assert_eq!(queue.next(START), Next::Load(8));
    // Nothing came of it though rows are due: not again at once.
    queue.loaded(START, Some(START));
    let pause = START.after(LOAD_PAUSE);
    assert_eq!(queue.next(START), Next::SleepUntil(pause));
    assert_eq!(queue.next(pause), Next::Load(8));
    fill(&mut queue, "crepes.fr", 8);
    queue.loaded(pause, Some(pause));
    let made = all_attempts(&mut queue, pause);
    assert_eq!((made.len(), queue.next(pause)), (5, Next::Idle), "there is no room");
    queue.done(made[0].id, pause, Outcome::Reached);
    assert!(matches!(queue.next(pause), Next::Attempt(_)), "work first");
    assert_eq!(queue.next(pause), Next::Load(1), "then what there is room for");
}

#[test]
fn destinations_without_rows_are_forgotten_in_the_end() {
    let mut queue = queue(Limits { window: 1, ..Limits::default() });
    for outbox in 0..10_002 {
        assert_eq!(queue.offer(START, &row(outbox, 0, &format!("d{outbox}.example"), "alice")), Offered::Taken);
        let one = attempt(&mut queue, START);
        assert!(queue.destinations.len() <= 10_001);
        queue.done(one.id, START, Outcome::Reached);
    }
    assert_eq!(queue.destinations.len(), 1);
}

/// A store and an outside world, for a queue to work on.
struct World {
    queue: Queue,
    now: Time,
    limits: Limits,
    /// Rows that are not finished: where each is.
    rows: BTreeMap<(u64, u32), (Row, Place)>,
    /// When each running attempt is over.
    running: BTreeMap<(Time, u64), Attempt>,
    /// Starts of others since a destination could have had one.
    passed_over: BTreeMap<String, usize>,
    random: u64,
    /// When the last row so far was delivered.
    delivered: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Store,
    Window,
    Out,
}

impl World {
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.random >> 33
    }

    fn load(&mut self, rows_max: usize) {
        let closed: Vec<String> = self.queue.closed(self.now).map(str::to_owned).collect();
        let in_store = |row: &Row, place: Place| place == Place::Store && !closed.contains(&row.destination);
        let mut due: Vec<Row> =
            self.rows.values().filter(|(row, place)| in_store(row, *place)).map(|(row, _)| row.clone()).collect();
        due.sort_by_key(|row| row.due);
        let left = due.split_off(due.len().min(rows_max));
        for row in due {
            let key = (row.outbox, row.recipient);
            let until = match self.queue.offer(self.now, &row) {
                Offered::Taken => {
                    self.rows.get_mut(&key).unwrap().1 = Place::Window;
                    continue;
                }
                Offered::Down(until) => until,
                Offered::Crowded => continue,
                other => panic!("{other:?} for {row:?}"),
            };
            self.put_back(key, until);
        }
        self.queue.loaded(self.now, left.first().map(|row| row.due));
    }

    fn put_back(&mut self, key: (u64, u32), until: Time) {
        let now = self.now;
        let (row, place) = self.rows.get_mut(&key).unwrap();
        row.attempts += 1;
        row.due = now.after(30 * MINUTE).max(until);
        *place = Place::Store;
        let due = row.due;
        self.queue.announce(due);
    }

    fn begin(&mut self, attempt: Attempt) {
        assert!((1..=self.limits.pace.recipients_max).contains(&attempt.rows.len()));
        for ticket in &attempt.rows {
            let (row, place) = self.rows.get_mut(&(attempt.outbox, ticket.recipient)).unwrap();
            assert_eq!(std::mem::replace(place, Place::Out), Place::Window, "out once");
            assert!(row.destination == *attempt.destination && row.due <= self.now);
        }
        let length = Duration::from_millis(1 + self.random() % 20_000);
        self.check_turns(&attempt.destination);
        self.running.insert((self.now.after(length), attempt.id), attempt);
        assert!(self.running.len() <= self.limits.connections);
        let mut by_destination: BTreeMap<&str, u32> = BTreeMap::new();
        for one in self.running.values() {
            *by_destination.entry(&one.destination).or_default() += 1;
        }
        assert!(by_destination.values().all(|active| *active <= self.limits.pace.connections_max));
    }

    /// Who has rows ready and no attempt running gets one before anybody else gets a second.
    fn check_turns(&mut self, started: &str) {
        let busy: Vec<&str> = self.running.values().map(|one| &*one.destination).collect();
        let ready = self.rows.values().filter(|(row, place)| *place == Place::Window && row.due <= self.now);
        let waiting: std::collections::BTreeSet<String> =
            ready.map(|(row, _)| row.destination.clone()).filter(|name| !busy.contains(&&**name)).collect();
        self.passed_over.retain(|name, _| waiting.contains(name) && name != started);
        for name in waiting.into_iter().filter(|name| name != started) {
            let passed = self.passed_over.entry(name).or_default();
            *passed += 1;
            assert!(*passed <= 2 * DESTINATIONS.len(), "{passed} others since");
        }
    }

    /// The next attempt that runs is over.
    fn end_one(&mut self) {
        let ((at, id), attempt) = self.running.pop_first().unwrap();
        self.now = self.now.max(at);
        let dead = attempt.destination.starts_with("dead");
        for ticket in &attempt.rows {
            let key = (attempt.outbox, ticket.recipient);
            if dead {
                self.put_back(key, self.now);
            } else {
                self.rows.remove(&key);
                self.delivered = self.now;
            }
        }
        self.queue.done(id, self.now, if dead { Outcome::Unreachable } else { Outcome::Reached });
    }

    /// Works until all that can be delivered is, and everything else was tried or put off.
    fn run(&mut self) {
        for _ in 0..100_000 {
            if self.rows.values().all(|(row, _)| row.attempts > 0) {
                return;
            }
            assert!(self.queue.window.len() <= self.limits.window);
            match self.queue.next(self.now) {
                Next::Attempt(attempt) => self.begin(attempt),
                Next::Load(rows_max) => self.load(rows_max),
                Next::Defer(deferral) => {
                    for key in deferral.rows {
                        assert_eq!(self.rows[&key].1, Place::Window);
                        self.put_back(key, deferral.until);
                    }
                }
                Next::SleepUntil(time) => {
                    assert!(time > self.now, "no time would pass");
                    match self.running.first_key_value() {
                        Some(((at, _), _)) if *at <= time => self.end_one(),
                        _ => self.now = time,
                    }
                }
                Next::Idle => self.end_one(),
            }
        }
        panic!("it does not come to an end: {:?}", self.rows.values().next());
    }
}

const DESTINATIONS: [&str; 6] =
    ["a.example", "b.example", "c.example", "d.example", "dead.example", "dead.two.example"];

/// Rows as they come: destination, sender, recipients of the message, how late it is due in seconds.
fn messages() -> impl Strategy<Value = Vec<(usize, usize, u32, u64)>> {
    proptest::collection::vec((0..DESTINATIONS.len(), 0..4_usize, 1..30_u32, 0..100_u64), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_row_has_its_turn_and_no_limit_is_passed(
        messages in messages(), window in 5..200_usize, share in 3..100_usize, connections in 1..12_usize, random in any::<u64>(),
    ) {
        let pace = Pace { connections_max: 3, connections_first: 2, recipients_max: 7, rate_per_minute: None };
        let limits = Limits { window, share: share.min(window), connections, pace, ..Limits::default() };
        let mut rows = BTreeMap::new();
        for (outbox, (destination, sender, recipients, late)) in (0..).zip(messages) {
            for recipient in 0..recipients {
                let due = START.after(Duration::from_secs(late));
                let row = Row { due, ..row(outbox, recipient, DESTINATIONS[destination], &format!("sender {sender}")) };
                rows.insert((outbox, recipient), (row, Place::Store));
            }
        }
        let healthy = rows.values().filter(|(row, _)| !row.destination.starts_with("dead")).count();
        let mut world = World {
            queue: Queue::new(limits), now: START, limits, rows, running: BTreeMap::new(), passed_over: BTreeMap::new(), random, delivered: START,
        };
        world.run();
        prop_assert!(world.rows.values().all(|(row, _)| row.destination.starts_with("dead")));
        // One attempt after the other would need so long, the first failures included; after those nobody waits for the dead.
        let enough = START.after(Duration::from_secs(100 + 20 * (healthy as u64 + 120)));
        prop_assert!(world.delivered <= enough, "{:?}", world.delivered);
    }

    #[test]
    fn senders_take_turns(rows in proptest::collection::vec((0..5_usize, 1..4_u32), 1..80)) {
        let mut queue = queue(Limits { pace: Pace { connections_first: 1, connections_max: 1, ..Pace::default() }, ..Limits::default() });
        let mut left: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (outbox, (sender, recipients)) in (0..).zip(rows) {
            let sender = format!("sender {sender}");
            for recipient in 0..recipients {
                queue.offer(START, &row(outbox, recipient, "crepes.fr", &sender));
            }
            left.entry(sender).or_default().push(outbox);
        }
        let mut order: Vec<String> = Vec::new();
        while !left.is_empty() {
            let one = attempt(&mut queue, START);
            let (sender, waiting) = left.iter_mut().find(|(_, waiting)| waiting.contains(&one.outbox)).unwrap();
            prop_assert_eq!(waiting.remove(0), one.outbox, "the oldest of its sender");
            let sender = sender.clone();
            // Since this sender's last turn every other with mail had exactly one.
            let since: Vec<&String> = order.iter().rev().take_while(|other| **other != sender).collect();
            if since.len() < order.len() {
                for other in left.keys().filter(|other| **other != sender) {
                    prop_assert!(left[other].is_empty() || since.iter().filter(|one| **one == other).count() == 1);
                }
            }
            left.retain(|_, waiting| !waiting.is_empty());
            order.push(sender);
            queue.done(one.id, START, Outcome::Reached);
        }
    }
}
