//! Random users and servers: what is seen is always the truth with the journal replayed, and counts are always counts.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const FOLDERS: usize = 3;
const MESSAGES: u32 = 6;

/// One thing that happens. Numbers name folders and messages, whether they are there or not.
#[derive(Clone, Debug)]
enum Event {
    Arrive(usize, u32, u64),
    Flags(u32, u64),
    Vanish(u32),
    Flag(Vec<u32>, u64, bool),
    Move(Vec<u32>, usize, usize),
    Copy(u32, usize),
    Destroy(Vec<u32>, usize),
    Told,
    GivenUp,
}

fn event() -> impl Strategy<Value = Event> {
    let message = 1..=MESSAGES;
    let some = proptest::collection::vec(1..=MESSAGES, 1..4);
    let bits = prop_oneof![Just(1u64), Just(4), Just(5), Just(0)];
    prop_oneof![
        3 => (0..FOLDERS, message.clone(), bits.clone()).prop_map(|(f, m, b)| Event::Arrive(f, m, b)),
        1 => (message.clone(), bits.clone()).prop_map(|(m, b)| Event::Flags(m, b)),
        1 => message.clone().prop_map(Event::Vanish),
        2 => (some.clone(), bits, any::<bool>()).prop_map(|(m, b, on)| Event::Flag(m, b, on)),
        3 => (some.clone(), 0..FOLDERS, 0..FOLDERS).prop_map(|(m, a, b)| Event::Move(m, a, b)),
        1 => (message, 0..FOLDERS).prop_map(|(m, f)| Event::Copy(m, f)),
        1 => (some, 0..FOLDERS).prop_map(|(m, f)| Event::Destroy(m, f)),
        2 => Just(Event::Told),
        1 => Just(Event::GivenUp),
    ]
}

/// What the server has, and what the user did since, kept in the simplest way there is.
#[derive(Default)]
struct Model {
    truth: BTreeMap<MessageId, (BTreeSet<FolderId>, u64)>,
    journal: Vec<Action>,
}

impl Model {
    fn act(&mut self, action: &Action) {
        self.journal.push(action.clone());
    }

    fn told(&mut self) {
        if !self.journal.is_empty() {
            let action = self.journal.remove(0);
            self.truth.iter_mut().for_each(|(id, state)| apply(&action, *id, state));
            self.truth.retain(|_, (folders, _)| !folders.is_empty());
        }
    }

    fn seen(&self) -> BTreeMap<MessageId, (BTreeSet<FolderId>, u64)> {
        let mut seen = self.truth.clone();
        for (id, state) in &mut seen {
            self.journal.iter().for_each(|action| apply(action, *id, state));
        }
        seen
    }
}

fn apply(action: &Action, id: MessageId, (folders, bits): &mut (BTreeSet<FolderId>, u64)) {
    if !action.messages().contains(&id) {
        return;
    }
    match action {
        Action::Flag { add, remove, .. } => *bits = (*bits & !remove.bits) | add.bits,
        Action::Move { from, to, .. } if folders.remove(from) => {
            folders.insert(*to);
        }
        Action::Copy { to, .. } => {
            folders.insert(*to);
        }
        Action::Destroy { from, .. } => {
            folders.remove(from);
        }
        _ => {}
    }
}

/// A mirror, its model, and which message is which: each has a name of the server's, as in JMAP.
struct World {
    _dir: tempfile::TempDir,
    mirror: Mirror,
    folders: Vec<FolderId>,
    ids: BTreeMap<u32, MessageId>,
    model: Model,
}

impl World {
    fn new() -> World {
        let (dir, mirror) = mirror();
        let folders = ["INBOX", "Work", "Trash"].map(|name| folder(&mirror, name, Role::None)).to_vec();
        World { _dir: dir, mirror, folders, ids: BTreeMap::new(), model: Model::default() }
    }

    fn known(&self, messages: &[u32]) -> Vec<MessageId> {
        let there = |id: &MessageId| self.model.truth.contains_key(id);
        let mut known: Vec<MessageId> =
            messages.iter().filter_map(|m| self.ids.get(m)).copied().filter(there).collect();
        known.dedup();
        known
    }

    fn act(&mut self, action: Action) {
        self.mirror.act(action.clone()).unwrap();
        self.model.act(&action);
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Arrive(folder, message, bits) => self.arrive(self.folders[*folder], *message, *bits),
            Event::Flags(message, bits) => {
                for id in self.known(&[*message]) {
                    self.mirror.pull(|pull| pull.flags_of(id, &Flags::of(*bits))).unwrap();
                    self.model.truth.get_mut(&id).unwrap().1 = *bits;
                }
            }
            Event::Vanish(message) => {
                for id in self.known(&[*message]) {
                    self.mirror.pull(|pull| pull.lies_in(id, &[])).unwrap();
                    self.model.truth.remove(&id);
                }
            }
            Event::Flag(messages, bits, on) => {
                let (add, remove) = if *on { (*bits, 0) } else { (0, *bits) };
                let messages = self.known(messages);
                self.act(Action::Flag { messages, add: Flags::of(add), remove: Flags::of(remove) });
            }
            Event::Move(messages, from, to) => {
                let messages = self.known(messages);
                self.act(Action::Move { messages, from: self.folders[*from], to: self.folders[*to] });
            }
            Event::Copy(message, to) => {
                let messages = self.known(&[*message]);
                self.act(Action::Copy { messages, to: self.folders[*to] });
            }
            Event::Destroy(messages, from) => {
                let messages = self.known(messages);
                self.act(Action::Destroy { messages, from: self.folders[*from] });
            }
            Event::Told => self.told(),
            Event::GivenUp => self.give_up(),
        }
    }

    fn arrive(&mut self, folder: FolderId, message: u32, bits: u64) {
        let remote = Some(format!("m{message}"));
        let arrival = Arrival { remote, flags: Flags::of(bits), uid: 0, ..arrival(1, &format!("{message}@x"), "S") };
        let id = self.mirror.pull(|pull| pull.arrive(folder, &arrival)).unwrap();
        self.ids.insert(message, id);
        let state = self.model.truth.entry(id).or_default();
        state.0.insert(folder);
        state.1 = bits;
    }

    fn told(&mut self) {
        if let Some(pending) = self.mirror.next_action(Time(0)).unwrap() {
            self.mirror.told(pending.id, &Told::default()).unwrap();
        }
        self.model.told();
    }

    fn give_up(&mut self) {
        if let Some(pending) = self.mirror.next_action(Time(0)).unwrap() {
            self.mirror.give_up(pending.id).unwrap();
            self.model.journal.remove(0);
        }
    }

    fn check(&self) {
        let seen = self.model.seen();
        for (id, (folders, bits)) in &seen {
            let row = self.mirror.row(*id).unwrap().unwrap();
            assert_eq!(row.flags.bits, *bits);
            assert_eq!(self.mirror.folders_of(*id).unwrap().into_iter().collect::<BTreeSet<_>>(), *folders);
        }
        for folder in &self.folders {
            let within = || seen.values().filter(|(folders, _)| folders.contains(folder));
            let unread = within().filter(|(_, bits)| bits & 1 == 0).count() as u64;
            let told = self.mirror.folder(*folder).unwrap();
            assert_eq!((told.total, told.unread), (within().count() as u64, unread), "{}", told.name);
            assert_eq!(self.mirror.messages_in(*folder).unwrap().len() as u64, told.total);
        }
        for id in self.ids.values().filter(|id| !seen.contains_key(id)) {
            assert_eq!(self.mirror.row(*id).unwrap(), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_seen_is_the_truth_with_the_journal_replayed(events in proptest::collection::vec(event(), 1..40)) {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
            world.check();
        }
        while !world.mirror.pending().unwrap().is_empty() {
            world.told();
        }
        world.check();
    }

    #[test]
    fn undoing_gives_back_what_was(events in proptest::collection::vec(event(), 1..20), last in event()) {
        let mut world = World::new();
        events.iter().for_each(|event| world.happen(event));
        let messages = world.known(&[1, 2, 3]);
        let (from, to) = (world.folders[0], world.folders[1]);
        let messages: Vec<MessageId> = messages
            .into_iter()
            .filter(|id| {
                let folders = world.mirror.folders_of(*id).unwrap();
                folders.contains(&from) && !folders.contains(&to)
            })
            .collect();
        let action = match last {
            Event::Flag(_, bits, true) => Action::Flag { messages, add: Flags::of(bits), remove: Flags::default() },
            Event::Flag(_, bits, false) => Action::Flag { messages, add: Flags::default(), remove: Flags::of(bits) },
            Event::Copy(..) => Action::Copy { messages, to },
            _ => Action::Move { messages, from, to },
        };
        let before = world.model.seen();
        let acted = world.mirror.act(action).unwrap();
        world.mirror.act_all(&acted.inverse).unwrap();
        for (id, (folders, bits)) in before {
            prop_assert_eq!(world.mirror.row(id).unwrap().unwrap().flags.bits, bits);
            prop_assert_eq!(world.mirror.folders_of(id).unwrap().into_iter().collect::<BTreeSet<_>>(), folders);
        }
    }
}
