//! Tasks: commands, content, APPEND, IDLE, and their ends.

use super::*;
use crate::imap::command::{By, Command, Fetch, FetchItem, Flag, Section};
use crate::imap::response::{FetchData, Head, Status};
use crate::imap::{MailboxName, sequence};
use message::search::SystemFlag;

fn run(command: Command) -> Task {
    Task::Run(Box::new(command))
}

fn append(octets: u64, mailbox: &str) -> Task {
    Task::Append(Box::new(Append {
        mailbox: MailboxName::new(mailbox),
        flags: vec![Flag::System(SystemFlag::Seen)],
        internal_date: None,
        source: 9,
        octets,
    }))
}

fn said(status: Status, text: &str) -> Finish {
    Finish::Said(StatusText { status, code: None, text: text.to_owned() })
}

#[test]
fn tasks_follow_each_other() {
    let mut drive = Drive::greeted("", [run(Command::Noop), run(Command::Delete(MailboxName::new("a\"b")))]);
    assert_eq!(drive.said(), "p1 NOOP");
    assert_eq!(drive.hear("* 5 EXISTS\r\n* 1 RECENT\r\np1 OK done\r\n").said(), "p2 DELETE \"a\\\"b\"");
    assert_eq!(drive.heard(), [Data::Exists(5), Data::Recent(1)]);
    assert_eq!(drive.hear("p2 NO why\r\n").said(), "p3 LOGOUT");
    assert_eq!(drive.finished(), [said(Status::Ok, "done"), said(Status::No, "why")]);
}

#[test]
fn content_is_streamed() {
    let section = FetchItem::Section { section: Section::default(), peek: true, partial: None };
    let messages = sequence::read(b"7").unwrap();
    let items = vec![FetchItem::Uid, section];
    let fetch = Fetch { by: By::Uid, messages, items, changed_since: None, vanished: false, partial: None };
    let mut drive = Drive::greeted("", [run(Command::Fetch(fetch))]);
    assert_eq!(drive.said(), "p1 UID FETCH 7 (UID BODY.PEEK[])");
    drive.hear("* 1 FETCH (UID 7 BODY[] {8}\r\nab\r\n");
    drive.hear("cd\r\n)\r\np1 OK\r\n");
    assert_eq!(drive.content, b"ab\r\ncd\r\n");
    let Ask::Body(Head { uid: Some(7), octets: 8, .. }) = &drive.told[1] else { panic!("{:?}", drive.told) };
    let Data::Fetch(1, items) = &drive.heard()[0] else { panic!() };
    assert!(matches!(&items[..], [FetchData::Uid(7), FetchData::Section(_, Some(none))] if none.is_empty()));
}

#[test]
fn a_literal_waits_to_be_asked_for() {
    let rename = Command::Rename { from: MailboxName::new("a\tb"), to: MailboxName::new("c\td") };
    let mut drive = Drive::greeted("", [append(5, "box"), run(rename)]);
    assert_eq!(drive.said(), "p1 APPEND box (\\Seen) {5}");
    assert_eq!(drive.hear("+ go\r\n").said(), "(5 of 9)|");
    assert_eq!(drive.hear("p1 OK\r\n").said(), "p2 RENAME a&AAk-b c&AAk-d");
    assert_eq!(drive.hear("+ go\r\n").lost(), Some((Stage::Task, Said::Garbage("go".to_owned()))));
}

#[test]
fn a_message_that_is_refused_is_not_sent() {
    let mut drive = Drive::greeted("", [append(5, "box")]);
    drive.said();
    assert_eq!(drive.hear("p1 NO [OVERQUOTA] full\r\n").said(), "p2 LOGOUT");
    assert!(matches!(&drive.finished()[..], [Finish::Said(said)] if said.text == "full"));
}

#[test]
fn literals_do_not_wait_where_the_server_says_so() {
    let said = |capabilities: &str, octets| Drive::greeted(capabilities, [append(octets, "box")]).said();
    assert_eq!(said("LITERAL+", 5000), "p1 APPEND box (\\Seen) {5000+}|(5000 of 9)|");
    assert_eq!(said("LITERAL-", 4096), "p1 APPEND box (\\Seen) {4096+}|(4096 of 9)|");
    assert_eq!(said("LITERAL-", 4097), "p1 APPEND box (\\Seen) {4097}");
    assert_eq!(said("IMAP4rev2", 1), "p1 APPEND box (\\Seen) {1+}|(1 of 9)|");
}

#[test]
fn the_clock_starts_when_a_message_is_sent() {
    let mut drive = Drive::greeted("LITERAL+", [append(5, "box")]);
    drive.said();
    let start = drive.client.deadline().unwrap();
    assert!(start <= NOW.after(std::time::Duration::from_millis(1)));
    let later = Time(NOW.0 + 10_000_000);
    drive.client.tick(later);
    assert_eq!(drive.client.deadline(), Some(later.after(Timeouts::default().task)));
    drive.client.tick(later.after(Timeouts::default().task));
    drive.hear("");
    assert_eq!(drive.lost(), Some((Stage::Task, Said::TimedOut)));
}

#[test]
fn idle_lasts_until_the_desk_has_enough() {
    let until = Time(NOW.0 + 60_000);
    let mut drive = Drive::greeted("IDLE", [Task::Idle(until)]);
    assert_eq!(drive.said(), "p1 IDLE");
    drive.hear("+ idling\r\n");
    assert_eq!(drive.client.deadline(), Some(until));
    drive.hear("* 3 EXISTS\r\n");
    assert_eq!(drive.said(), "");
    drive.heard = Answer::Stop;
    assert_eq!(drive.hear("* 4 EXISTS\r\n* 5 EXISTS\r\n").said(), "DONE");
    assert_eq!(drive.hear("p1 OK\r\n").said(), "p2 LOGOUT");
    assert_eq!(drive.heard().len(), 3);
}

#[test]
fn idle_ends_with_its_time_and_not_before_it_is_on() {
    let until = Time(NOW.0 + 60_000);
    let mut drive = Drive::greeted("IDLE", [Task::Idle(until)]);
    drive.hear("+ idling\r\n").said();
    drive.client.tick(until);
    assert_eq!(drive.hear("").said(), "DONE");
    let mut drive = Drive::greeted("IDLE", [Task::Idle(until)]);
    drive.heard = Answer::Stop;
    assert_eq!(drive.hear("* 3 EXISTS\r\n").said(), "p1 IDLE");
    assert_eq!(drive.hear("+ idling\r\n").said(), "DONE");
    let mut drive = Drive::greeted("IDLE", [Task::Idle(until)]);
    drive.hear("+ idling\r\n").said();
    drive.client.event(NOW, Event::Draining);
    assert_eq!(drive.hear("").said(), "DONE");
    assert_eq!(drive.hear("p1 OK\r\n").said(), "p2 LOGOUT");
}

#[test]
fn what_is_no_task_is_refused() {
    let tasks = [Task::Idle(NOW), run(Command::StartTls), run(Command::Logout), run(Command::Idle)];
    let mut drive = Drive::greeted("", tasks);
    assert_eq!(drive.said(), "p1 LOGOUT");
    let command = Finish::Refused(Refusal::Command);
    assert_eq!(drive.finished(), [Finish::Refused(Refusal::NoIdle), command.clone(), command.clone(), command]);
}

#[test]
fn names_are_utf_8_once_it_is_enabled() {
    let name = || MailboxName::new("Entw\u{fc}rfe");
    let tasks =
        [run(Command::Enable(vec!["UTF8=ACCEPT".to_owned()])), run(Command::Delete(name())), run(Command::Noop)];
    let mut drive = Drive::greeted("UTF8=ACCEPT", tasks);
    drive.said();
    assert_eq!(drive.hear("* ENABLED UTF8=ACCEPT\r\np1 OK\r\n").said(), "p2 DELETE \"Entw\u{fc}rfe\"");
    drive.hear("* LIST () \"/\" \"Entw\u{fc}rfe\"\r\n");
    assert!(matches!(&drive.heard()[1], Data::List(listed) if listed.name == name()));
}

#[test]
fn an_end_in_a_task_is_told() {
    let begun = || Drive::greeted("", [run(Command::Noop)]);
    let mut drive = begun();
    assert_eq!(text(&drive.hear("* BYE shutting down\r\n").lost().unwrap().1), "shutting down");
    assert!(drive.closed);
    let mut drive = begun();
    drive.client.event(NOW, Event::PeerClosed);
    assert_eq!(drive.hear("").lost(), Some((Stage::Task, Said::Closed)));
    let mut drive = begun();
    assert!(matches!(drive.hear("p9 OK\r\n").lost(), Some((Stage::Task, Said::Garbage(_)))));
    let mut drive = begun();
    assert!(matches!(drive.hear("SSH-2.0\r\n").lost(), Some((Stage::Task, Said::Garbage(_)))));
    assert_eq!(begun().client.deadline(), Some(NOW.after(Timeouts::default().task)));
}
