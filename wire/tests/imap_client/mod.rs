//! Our IMAP client against our own IMAP session: what the session says in every dialogue, the client reads; and the two
//! are put together and work through tasks.

mod pair;

use crate::world::stage::{Chunking, PureStage};
use crate::{files, read};
use message::search::{Key, SystemFlag};
use pair::{Pair, run};
use wire::dialogue::{Run, play};
use wire::imap::client::{Append, Ask, Finish, Task};
use wire::imap::command::{
    By, Command, Fetch, FetchItem, Flag, HowFlags, List, Messages, Search, Section, Select, Store, Upload,
};
use wire::imap::response::{Data, FetchData, Incoming, Response, Status, Stream};
use wire::imap::{Charset, MailboxName, sequence};

/// What our session says is known by its name.
fn check(file: &str, said: &[u8]) -> usize {
    let mut stream = Stream::new();
    let (mut rest, mut count) = (said, 0);
    loop {
        let (taken, incoming) = stream.read(rest);
        match incoming {
            Incoming::More if taken == 0 => {
                assert!(rest.is_empty(), "{file}: half a response: {}", String::from_utf8_lossy(rest));
                return count;
            }
            Incoming::Broken(broken) => panic!("{file}: {broken}: {}", String::from_utf8_lossy(rest)),
            Incoming::Response(Response::Untagged(Data::Other(name, text))) => {
                let plain = ["ACL", "LISTRIGHTS", "MYRIGHTS", "METADATA", "JMAPACCESS"];
                assert!(plain.contains(&name.as_str()), "{file}: {name} {}", String::from_utf8_lossy(&text));
                count += 1;
            }
            Incoming::Response(Response::Untagged(Data::Enabled(enabled))) => {
                if enabled.iter().any(|name| name == "IMAP4REV2" || name == "UTF8=ACCEPT") {
                    stream.set_charset(Charset::Utf8);
                }
                count += 1;
            }
            Incoming::Response(_) => count += 1,
            Incoming::More | Incoming::Body(_) | Incoming::Content(_) => {}
        }
        rest = &rest[taken..];
    }
}

#[test]
fn the_client_reads_what_our_session_says() {
    let mut count = 0;
    for path in files("imap") {
        let dialogue = read(&path);
        if !dialogue.world.runs(Run::Pure) {
            continue;
        }
        let mut stage = PureStage::new(&dialogue.world, Chunking::Whole);
        // Where a dialogue fails, its own test says so.
        let _ = play(&dialogue, &mut stage);
        count += stage.said().iter().map(|said| check(&path.display().to_string(), said)).sum::<usize>();
    }
    assert!(count > 500, "{count} responses");
}

const WORLD: &str = "= account bob@hamburger.edu hungry\n= plaintext-login 127.0.0.0/8\n= port imap\n= mail bob 498\n\
    = mail bob 2000\n= folder bob Work\nS: * OK *\n";

fn inbox(read_only: bool) -> Task {
    run(Command::Select(Select { mailbox: MailboxName::inbox(), read_only, condstore: false, qresync: None }))
}

fn messages(set: &str) -> Messages {
    sequence::read(set.as_bytes()).unwrap()
}

fn fetch(items: Vec<FetchItem>) -> Task {
    let messages = messages("1:*");
    run(Command::Fetch(Fetch { by: By::Uid, messages, items, changed_since: None, vanished: false, partial: None }))
}

fn body() -> FetchItem {
    FetchItem::Section { section: Section::default(), peek: true, partial: None }
}

fn done(finish: &Finish) -> bool {
    matches!(finish, Finish::Said(said) if said.status == Status::Ok)
}

#[test]
fn client_and_session_understand_each_other() {
    let work = || MailboxName::new("Work");
    let store = Store {
        by: By::Uid,
        messages: messages("1"),
        unchanged_since: None,
        how: HowFlags::Add,
        silent: false,
        flags: vec![Flag::System(SystemFlag::Flagged), Flag::Keyword("$Work".to_owned())],
    };
    let search = Search { by: By::Uid, returns: None, key: Key::Flag(SystemFlag::Flagged) };
    let tasks = [
        run(Command::List(List { patterns: vec!["*".to_owned()], ..List::default() })),
        run(Command::Create { mailbox: MailboxName::new("Entw\u{fc}rfe & co"), parent: false, uses: Vec::new() }),
        inbox(false),
        fetch(vec![FetchItem::Uid, FetchItem::Flags, FetchItem::Envelope, FetchItem::BodyStructure, body()]),
        run(Command::Store(store)),
        run(Command::Search(search)),
        run(Command::Move { by: By::Uid, messages: messages("1"), mailbox: work() }),
    ];
    for pace in [1, 7, usize::MAX] {
        let mut pair = Pair::new(WORLD, tasks.clone(), pace);
        pair.play();
        let finished = pair.finished();
        assert!(finished.len() == tasks.len() && finished.iter().all(done), "{:?}", pair.told);
        assert_eq!(pair.content.len(), 498 + 2000);
        let heard = pair.heard();
        let listed = heard.iter().filter(|data| matches!(data, Data::List(_))).count();
        assert!(listed >= 2, "{heard:?}");
        assert!(heard.contains(&Data::Exists(2)) && heard.contains(&Data::Search(vec![1], None)), "{heard:?}");
        assert!(heard.contains(&Data::Expunge(1)));
        let ten = |data: &Data| match data {
            Data::Fetch(_, items) => {
                items.iter().any(|item| matches!(item, FetchData::Envelope(e) if e.list().len() == 10))
            }
            _ => false,
        };
        assert_eq!(heard.iter().filter(|data| ten(data)).count(), 2);
    }
}

#[test]
fn what_is_appended_is_fetched() {
    let content = b"Subject: appended\r\n\r\nhello\r\n".repeat(700);
    let append = Append {
        mailbox: MailboxName::new("Work"),
        flags: vec![Flag::System(SystemFlag::Seen)],
        internal_date: message::date::read(b"Sat, 21 Nov 2026 11:47:44 +0100"),
        source: 0,
        octets: content.len() as u64,
    };
    let work = Select { mailbox: MailboxName::new("Work"), read_only: true, condstore: false, qresync: None };
    let tasks =
        [Task::Append(Box::new(append)), run(Command::Select(work)), fetch(vec![FetchItem::InternalDate, body()])];
    for pace in [11, usize::MAX] {
        let mut pair = Pair::new(WORLD, tasks.clone(), pace);
        pair.source.clone_from(&content);
        pair.play();
        assert!(pair.finished().iter().all(done), "{:?}", pair.finished());
        assert!(pair.content == content);
        let dated =
            |item: &FetchData| matches!(item, FetchData::InternalDate(date) if date.unix_seconds == 1_795_258_064);
        let heard = pair.heard();
        assert!(heard.iter().any(|data| matches!(data, Data::Fetch(_, items) if items.iter().any(dated))), "{heard:?}");
    }
}

#[test]
fn idle_begins_and_ends() {
    let mut pair = Pair::new(WORLD, [inbox(true), Task::Idle(message::Time(u64::MAX))], usize::MAX);
    pair.stop_after = Some(message::Time(0));
    pair.play();
    assert!(pair.finished().iter().all(done) && pair.finished().len() == 2);
}

/// The one command that is no task: a message travels by [`Task::Append`].
#[test]
fn an_upload_is_no_task() {
    let upload = Upload { target: wire::imap::command::Target::Append(MailboxName::inbox()), items: Vec::new() };
    let mut pair = Pair::new(WORLD, [run(Command::Upload(upload))], usize::MAX);
    pair.play();
    assert!(matches!(pair.finished()[..], [Finish::Refused(_)]));
    assert!(!pair.told.iter().any(|ask| matches!(ask, Ask::Lost(_))));
}
