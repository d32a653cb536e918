//! Putting aside and coming back, by example.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::mirror::{Arrival, FolderFound};

const NOW: Time = Time(1_795_341_600_000);
const HOUR: u64 = 3_600_000;

struct World {
    _dir: tempfile::TempDir,
    mirror: Mirror,
    inbox: FolderId,
    work: FolderId,
}

fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(&dir.path().join("mirror.sqlite")).unwrap();
    let folder = |name: &str, role| {
        let found =
            FolderFound { remote: name.to_owned(), name: name.to_owned(), role, selectable: true, subscribed: true };
        mirror.pull(|pull| pull.folder(&found)).unwrap()
    };
    let (inbox, work) = (folder("INBOX", Role::Inbox), folder("Work", Role::None));
    World { _dir: dir, mirror, inbox, work }
}

fn put(world: &World, folder: FolderId, uid: u32) -> MessageId {
    let header = format!("From: bob@crepes.fr\r\nSubject: {uid}\r\nMessage-ID: <{uid}@x>\r\n\r\n").into_bytes();
    let flags = Flags::of(flag_bits::SEEN);
    let arrival = Arrival { uid, flags, received: Time(1000), size: 60, header, ..Arrival::default() };
    world.mirror.pull(|pull| pull.arrive(folder, &arrival)).unwrap()
}

fn names(world: &World, message: MessageId) -> Vec<String> {
    let folders = world.mirror.folders_of(message).unwrap();
    folders.into_iter().map(|id| world.mirror.folder(id).unwrap().name).collect()
}

fn flags(world: &World, message: MessageId) -> Flags {
    world.mirror.row(message).unwrap().unwrap().flags
}

#[test]
fn mail_lies_aside_until_its_time_and_comes_back_unread_to_where_it_was() {
    let world = world();
    let mirror = &world.mirror;
    let (news, plan) = (put(&world, world.inbox, 1), put(&world, world.work, 2));
    let until = Time(NOW.0 + 2 * HOUR);
    put_aside(mirror, &[news, plan], until, NOW).unwrap();
    assert_eq!((names(&world, news), names(&world, plan)), (vec!["Snoozed".to_owned()], vec!["Snoozed".to_owned()]));
    assert_eq!(until_of(&world, news), Some(until));
    assert_eq!(mirror.count(&view(), NOW).unwrap(), 2);
    assert_eq!(wake(mirror, Time(until.0 - 1)).unwrap(), Woken { woken: 0, asleep: 2 });
    assert_eq!(wake(mirror, until).unwrap(), Woken { woken: 2, asleep: 0 });
    assert_eq!((names(&world, news), names(&world, plan)), (vec!["INBOX".to_owned()], vec!["Work".to_owned()]));
    assert_eq!(flags(&world, news), Flags::default());
    assert_eq!(wake(mirror, until).unwrap(), Woken::default());
}

fn until_of(world: &World, message: MessageId) -> Option<Time> {
    let rows = [world.mirror.row(message).unwrap().unwrap()];
    times(&world.mirror, &rows).unwrap().remove(0)
}

#[test]
fn another_time_takes_the_place_of_the_first() {
    let world = world();
    let news = put(&world, world.inbox, 1);
    put_aside(&world.mirror, &[news], Time(NOW.0 + HOUR), NOW).unwrap();
    put_aside(&world.mirror, &[news], Time(NOW.0 + 5 * HOUR), NOW).unwrap();
    assert_eq!(until_of(&world, news), Some(Time(NOW.0 + 5 * HOUR)));
    assert_eq!(flags(&world, news).keywords.len(), 2);
    assert_eq!(wake(&world.mirror, Time(NOW.0 + 2 * HOUR)).unwrap().asleep, 1);
    bring_back(&world.mirror, &[news]).unwrap();
    assert_eq!((names(&world, news), flags(&world, news)), (vec!["INBOX".to_owned()], Flags::of(flag_bits::SEEN)));
}

#[test]
fn a_server_that_keeps_no_keywords_costs_nothing() {
    let world = world();
    let news = put(&world, world.inbox, 1);
    let until = Time(NOW.0 + HOUR);
    put_aside(&world.mirror, &[news], until, NOW).unwrap();
    let remove = Flags { bits: 0, keywords: words(&flags(&world, news)) };
    world.mirror.act(Action::Flag { messages: vec![news], add: Flags::default(), remove }).unwrap();
    assert_eq!(until_of(&world, news), Some(until));
    assert_eq!(wake(&world.mirror, until).unwrap(), Woken { woken: 1, asleep: 0 });
    assert_eq!(names(&world, news), ["INBOX"]);
}

#[test]
fn the_time_that_another_agent_set_is_kept() {
    let world = world();
    let snoozed = world.mirror.create_folder(FOLDER).unwrap().0;
    let (news, of_server) = (put(&world, snoozed, 1), put(&world, snoozed, 2));
    let add = Flags { bits: 0, keywords: [WORD.to_owned(), format!("$Snoozed-{}", NOW.unix_seconds())].into() };
    world.mirror.act(Action::Flag { messages: vec![news], add, remove: Flags::default() }).unwrap();
    assert_eq!(wake(&world.mirror, NOW).unwrap(), Woken { woken: 1, asleep: 1 });
    assert_eq!((names(&world, news), names(&world, of_server)), (vec!["INBOX".to_owned()], vec!["Snoozed".to_owned()]));
}

#[test]
fn what_somebody_took_out_stays_where_it_is() {
    let world = world();
    let news = put(&world, world.inbox, 1);
    let acted = put_aside(&world.mirror, &[news], Time(NOW.0 + HOUR), NOW).unwrap();
    let snoozed = world.mirror.folder_named(FOLDER).unwrap().unwrap().id;
    world.mirror.act(Action::Move { messages: vec![news], from: snoozed, to: world.work }).unwrap();
    assert_eq!(wake(&world.mirror, Time(NOW.0 + HOUR)).unwrap(), Woken::default());
    assert_eq!((names(&world, news), flags(&world, news)), (vec!["Work".to_owned()], Flags::of(flag_bits::SEEN)));
    assert!(!acted.is_empty());
}

#[test]
fn ten_years_are_the_longest_time() {
    assert!(is_sound(NOW.after(AWAY_MAX), NOW) && !is_sound(Time(NOW.after(AWAY_MAX).0 + 1), NOW));
    assert!(!is_sound(NOW, NOW));
    let world = world();
    let news = put(&world, world.inbox, 1);
    assert!(put_aside(&world.mirror, &[news], NOW, NOW).is_err());
    assert_eq!(names(&world, news), ["INBOX"]);
}
