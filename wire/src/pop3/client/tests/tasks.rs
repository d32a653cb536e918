//! Tasks: lists, messages, deletion, one after the other and together.

use super::*;

fn say(rest: &str, tasks: &[&[Task]]) -> Drive {
    plays(&format!("{LOGGED_IN}{rest}"), &profile(Tls::Never), tasks)
}

#[test]
fn lists_are_read() {
    let drive = say(
        "C: STAT\nS: +OK 2 320\nC: LIST\nS: +OK\nS: 1 120 extra\nS: 2 200\nS: .\nC: UIDL\nS: +OK\nS: 1 whqtswO00WBw418f9t5JxYwZ
         S: 2 QhdPYR:00WBw1Ph7x7\nS: .\nC: NOOP\nS: +OK\nC: QUIT\nS: +OK bye\nX:",
        &[&[Task::Stat, Task::List, Task::Uidl], &[Task::Noop]],
    );
    let size = |number, octets| Listed::Size { number, octets };
    let uid = |number, uid: &str| Listed::Uid { number, uid: uid.to_owned() };
    let uids = [uid(1, "whqtswO00WBw418f9t5JxYwZ"), uid(2, "QhdPYR:00WBw1Ph7x7")];
    assert_eq!(drive.listed(), [[size(1, 120), size(2, 200)], uids].concat());
    let stat = drive.told.iter().find_map(|ask| match ask {
        Ask::Finished(finish) => finish.reply.drop_listing(),
        _ => None,
    });
    assert_eq!((stat, drive.goodbye()), (Some((2, 320)), Some(true)));
}

#[test]
fn empty_lists_and_refused_ones_are_told() {
    let drive = say("C: LIST\nS: +OK\nS: .\nC: UIDL\nS: -ERR what\nC: QUIT\nS: +OK\nX:", &[&[Task::List, Task::Uidl]]);
    assert_eq!(drive.finished(), [(Task::List, true), (Task::Uidl, false)]);
    assert_eq!(drive.listed(), []);
}

#[test]
fn messages_come_without_their_dots() {
    let drive = say(
        "C: RETR 1\nS: +OK\nS: Subject: x\nS: \nS: ..\nS: ..a\nS: .\nC: TOP 2 0\nS: +OK\nS: Subject: y\nS: \nS: .
         C: RETR 3\nS: -ERR no such message\nC: DELE 1\nS: +OK\nC: QUIT\nS: +OK\nX:",
        &[&[Task::Retr(1), Task::Top { number: 2, lines: 0 }, Task::Retr(3)], &[Task::Dele(1)]],
    );
    assert_eq!(drive.content, b"Subject: x\r\n\r\n.\r\n.a\r\nSubject: y\r\n\r\n");
    let told: Vec<bool> = drive.finished().into_iter().map(|(_, ok)| ok).collect();
    assert_eq!(told, [true, true, false, true]);
    let begun = drive.told.iter().filter(|ask| matches!(ask, Ask::Begun(_))).count();
    assert_eq!(begun, 2);
}

const PIPELINING: &str =
    "S: +OK\nC: CAPA\nS: +OK\nS: PIPELINING\nS: USER\nS: .\nC: USER bob\nS: +OK\nC: PASS hungry\nS: +OK
    C: CAPA\nS: +OK\nS: PIPELINING\nS: .\n";

#[test]
fn tasks_go_out_together_where_the_server_says_so() {
    let drive = plays(
        &format!(
            "{PIPELINING} C: RETR 1\nC: RETR 2\nC: DELE 1\nS: +OK\nS: one\nS: .\nS: -ERR gone\nS: +OK\nC: QUIT\nS: +OK\nX:"
        ),
        &profile(Tls::Never),
        &[&[Task::Retr(1), Task::Retr(2), Task::Dele(1)]],
    );
    assert_eq!(drive.finished(), [(Task::Retr(1), true), (Task::Retr(2), false), (Task::Dele(1), true)]);
    assert_eq!(drive.content, b"one\r\n");
}

#[test]
fn no_more_goes_out_unheard_than_fits_a_group() {
    let tasks: Vec<Task> = (1..=limits::TASKS + 1).map(|_| Task::Noop).collect();
    let mut drive = logged_in(PIPELINING, &[&tasks]);
    assert_eq!(drive.said.len(), limits::GROUP / 6 * 6);
    let mut heard = 0;
    while !drive.said.is_empty() {
        let said = std::mem::take(&mut drive.said);
        if said.ends_with("QUIT\r\n") {
            break;
        }
        said.lines().for_each(|_| drive.hear(b"+OK\r\n"));
        heard += said.lines().count();
    }
    assert_eq!(heard, limits::TASKS);
}

/// Says what the server says in a script, whatever the client says.
fn logged_in(script: &str, tasks: &[&[Task]]) -> Drive {
    let mut drive = Drive::new(profile(Tls::Never), tasks);
    for line in script.lines().filter_map(|line| line.trim_start().strip_prefix("S: ")) {
        drive.said.clear();
        drive.hear(format!("{line}\r\n").as_bytes());
    }
    drive
}

#[test]
fn lists_are_told_in_pages() {
    let mut drive = logged_in(LOGGED_IN, &[&[Task::Uidl]]);
    let count = limits::LIST_PAGE + 1;
    let list: String = (1..=count).map(|n| format!("{n} u{n}\r\n")).collect();
    drive.hear(format!("+OK\r\n{list}.\r\n").as_bytes());
    let pages = drive.told.iter().filter_map(|ask| match ask {
        Ask::Listed(page) => Some(page.len()),
        _ => None,
    });
    assert_eq!(pages.collect::<Vec<_>>(), [limits::LIST_PAGE, 1]);
}

/// Whoever stops in the midst hears what was said to its end, and what was deleted is deleted.
#[test]
fn draining_ends_with_quit() {
    let mut drive = logged_in(LOGGED_IN, &[&[Task::Dele(1), Task::Dele(2)], &[Task::Noop]]);
    assert_eq!(drive.said, "DELE 1\r\n");
    drive.event(Event::Draining);
    drive.hear(b"+OK\r\n");
    assert_eq!(drive.said, "DELE 1\r\nQUIT\r\n");
    drive.hear(b"+OK\r\n");
    assert_eq!((drive.goodbye(), drive.finished().len()), (Some(true), 1));
    let mut early = Drive::new(profile(Tls::Never), &[]);
    early.event(Event::Draining);
    assert_eq!(early.lost(), Some((Stage::Greeting, Said::Refused(Refusal::Stopping))));
}
