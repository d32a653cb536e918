#![allow(clippy::unwrap_used)]
use super::*;
use crate::access::Views;
use message::Summary;
use message::search::{AddressField, Algorithm, Criterion, Key, Set, SortBy, SystemFlag};
use message::{Address, Domain};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::op::{Append, Appended, Op, Outcome};
use store::query::Mailboxes;
use store::types::{Credentials, Flags, Role, Uid};
use store::{Settings, UidSet};

const NOW: Time = Time(1_800_000_000_000);

struct Mail {
    _folder: tempfile::TempDir,
    store: Store,
    account: AccountId,
    mailbox: MailboxId,
    views: Views,
}

impl Mail {
    async fn new() -> Mail {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Settings::default()).unwrap();
        let domain = Domain::parse("hamburger.edu").unwrap();
        store.apply(Op::DomainAdd { domain, now: NOW }).await.unwrap();
        let address = Address::parse("bob@hamburger.edu").unwrap();
        let add = Op::AccountAdd { address, credentials: Credentials::default(), quota: None, now: NOW };
        let Outcome::Account(account) = store.apply(add).await.unwrap() else { panic!("no account") };
        let mailboxes = store.read(Mailboxes { account }).await.unwrap();
        let mailbox = mailboxes.iter().find(|mailbox| mailbox.role == Some(Role::Inbox)).unwrap().id;
        Mail { _folder: folder, store, account, mailbox, views: Views::default() }
    }

    async fn put(&self, contents: &[String]) {
        let mut messages = Vec::new();
        for content in contents {
            let mut upload = self.store.upload();
            upload.write(content.as_bytes()).await.unwrap();
            let summary = Summary::of(&message::parse(content.as_bytes()));
            messages.push(Appended {
                content: upload.finish().await.unwrap(),
                summary: summary.encode(),
                utf8_header: false,
                message_id: summary.message_id.clone(),
                references: summary.references.clone(),
                flags: Flags { seen: content.contains("seen"), ..Flags::default() },
                received: NOW,
            });
        }
        let append = Append { account: self.account, mailbox: self.mailbox, messages, replaces: None, now: NOW };
        self.store.apply(Op::Append(Box::new(append))).await.unwrap();
    }

    async fn expunge(&self, uid: u32) {
        let uids = UidSet::from(Uid(uid));
        let (account, mailbox) = (self.account, self.mailbox);
        self.store.apply(Op::Expunge { account, mailbox, uids, only_deleted: false, now: NOW }).await.unwrap();
    }

    async fn index(&self) {
        let mut keeper = IndexKeeper::new(self.store.clone()).await.unwrap();
        while keeper.step().await.unwrap().is_some() {}
    }

    async fn listing(&self) -> Arc<Listing> {
        let view = self.views.open(&self.store, self.account, self.mailbox, NOW);
        view.await.current().await.unwrap().unwrap()
    }

    async fn begin(&self, key: Key, order: Order) -> Search {
        let listing = self.listing().await;
        Search::new(self.store.clone(), (self.account, self.mailbox), listing, Program { key, order }, NOW)
    }

    /// The last page.
    async fn ordered(&self, key: Key, order: Order) -> FoundRows {
        let mut search = self.begin(key, order).await;
        loop {
            let found = search.page().await.unwrap();
            if !found.more {
                return found.rows;
            }
        }
    }

    async fn find(&self, key: &Key) -> Vec<u32> {
        let mut search = self.begin(key.clone(), Order::Uid).await;
        let mut uids = Vec::new();
        loop {
            let found = search.page().await.unwrap();
            let FoundRows::Ranges(ranges) = found.rows else { panic!("{:?}", found.rows) };
            uids.extend(ranges.into_iter().flatten());
            if !found.more {
                return uids;
            }
        }
    }
}

fn text(text: &str) -> Key {
    Key::Text(text.to_owned())
}

fn subject(text: &str) -> Key {
    Key::Subject(text.to_owned())
}

fn from(text: &str) -> Key {
    Key::Address(AddressField::From, text.to_owned())
}

fn contents() -> impl Strategy<Value = Vec<String>> {
    let mail =
        ("[ab]{0,3}", "[abc ]{0,6}", "[abc\r\n]{0,30}", any::<bool>()).prop_map(|(from, subject, body, seen)| {
            let flag = if seen { "X: seen\r\n" } else { "" };
            format!("From: {from}@x\r\nSubject: q{subject}q\r\n{flag}\r\n{body}")
        });
    prop::collection::vec(mail, 1..25)
}

fn keys() -> impl Strategy<Value = Key> {
    let leaf = prop_oneof![
        "[abc]{1,4}".prop_map(Key::Text),
        "[abc]{1,4}".prop_map(Key::Body),
        "[abcq]{0,4}".prop_map(Key::Subject),
        "[ab@]{1,3}".prop_map(|word| from(&word)),
        "[abc]{0,4}".prop_map(|word| Key::Header { name: "subject".to_owned(), text: word }),
        Just(Key::Flag(SystemFlag::Seen)),
        (1_u32..20).prop_map(|uid| Key::Uids(Set::of([uid..=uid + 5]))),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Key::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Key::Or),
            inner.prop_map(|key| Key::Not(Box::new(key))),
        ]
    })
}

/// What the key says of a message that is whole and plain.
fn plainly(key: &Key, uid: u32, content: &str) -> bool {
    let (header, body) = content.split_once("\r\n\r\n").unwrap();
    let fields: Vec<(&str, &str)> = header.split("\r\n").filter_map(|line| line.split_once(':')).collect();
    let field = |name: &str| fields.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value.trim());
    let holds = |text: &str, word: &str| text.to_uppercase().contains(&word.to_uppercase());
    match key {
        Key::And(keys) => keys.iter().all(|key| plainly(key, uid, content)),
        Key::Or(keys) => keys.iter().any(|key| plainly(key, uid, content)),
        Key::Not(key) => !plainly(key, uid, content),
        Key::Text(word) => {
            holds(body, word) || fields.iter().any(|(name, value)| holds(&format!("{name}:{value}"), word))
        }
        Key::Body(word) => holds(body, word),
        Key::Subject(word) | Key::Header { text: word, .. } => holds(field("Subject"), word),
        Key::Address(_, word) => holds(&format!("<{}>", field("From")), word),
        Key::Flag(_) => content.contains("seen"),
        Key::Uids(set) => set.ranges(u32::MAX).iter().any(|range| range.contains(&uid)),
        other => panic!("{other:?}"),
    }
}

/// No index, an index of some, an index of all: the same is found, and it is what the messages say.
#[test]
fn the_index_changes_nothing_but_time() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let strategy = (contents(), contents(), prop::collection::vec(keys(), 12));
    let outcome = runner.run(&strategy, |(first, second, keys)| {
        runtime.block_on(async {
            let mail = Mail::new().await;
            let all: Vec<String> = first.iter().chain(&second).cloned().collect();
            mail.put(&first).await;
            for round in 0..3 {
                match round {
                    0 => {}
                    1 => {
                        mail.index().await;
                        mail.put(&second).await;
                        mail.expunge(2).await;
                    }
                    _ => mail.index().await,
                }
                let there = if round == 0 { first.len() } else { all.len() };
                for key in &keys {
                    let uids = (1_u32..).zip(&all[..there]).filter(|(uid, _)| round == 0 || *uid != 2);
                    let plain: Vec<u32> =
                        uids.filter(|(uid, content)| plainly(key, *uid, content)).map(|(uid, _)| uid).collect();
                    prop_assert_eq!(mail.find(key).await, plain, "round {} of {:?}", round, key);
                }
            }
            Ok(())
        })
    });
    outcome.unwrap();
}

/// Mail that comes during a search does not disturb it, and is found by the next, indexed or not.
#[tokio::test]
async fn what_comes_meanwhile_is_found_the_next_time() {
    let mail = Mail::new().await;
    mail.put(&["Subject: one\r\n\r\nword".to_owned(), "Subject: two\r\n\r\nword".to_owned()]).await;
    mail.index().await;
    let mut search = mail.begin(text("word"), Order::Uid).await;
    mail.put(&["Subject: three\r\n\r\nWORD".to_owned()]).await;
    mail.expunge(1).await;
    let found = search.page().await.unwrap();
    assert_eq!(found.rows, FoundRows::Ranges(vec![2..=2]));
    assert_eq!(mail.find(&text("word")).await, [2, 3]);
    assert_eq!(mail.find(&Key::Not(Box::new(subject("three")))).await, [2]);
}

#[tokio::test]
async fn found_messages_are_sorted_and_threaded() {
    let mail = Mail::new().await;
    let contents = [
        "Message-ID: <1@x>\r\nSubject: b\r\nFrom: zoe@x\r\nDate: 1 Jan 2026 00:00 +0000\r\n\r\n",
        "Message-ID: <2@x>\r\nSubject: a\r\nFrom: al@x\r\nDate: 3 Jan 2026 00:00 +0000\r\n\r\n",
        "Message-ID: <3@x>\r\nReferences: <1@x>\r\nSubject: Re: b\r\nDate: 2 Jan 2026 00:00 +0000\r\n\r\n",
    ];
    mail.put(&contents.map(str::to_owned)).await;
    let by = |by, reverse| Order::Sort(vec![Criterion { by, reverse }]);
    for (order, rows) in [
        (by(SortBy::Date, true), FoundRows::Sorted(vec![2, 3, 1])),
        (by(SortBy::From, false), FoundRows::Sorted(vec![3, 2, 1])),
        (by(SortBy::Arrival, true), FoundRows::Sorted(vec![1, 2, 3])),
        (Order::Thread(Algorithm::References), FoundRows::Threads(vec![(0, 1), (1, 3), (0, 2)])),
        (Order::Thread(Algorithm::OrderedSubject), FoundRows::Threads(vec![(0, 1), (1, 3), (0, 2)])),
        (Order::Uid, FoundRows::Ranges(vec![1..=3])),
    ] {
        assert_eq!(mail.ordered(Key::all(), order.clone()).await, rows, "{order:?}");
    }
    assert_eq!(mail.ordered(text("nothing"), by(SortBy::Date, false)).await, FoundRows::Sorted(vec![]));
}

/// A search that has much to look at comes in pages, says how far it is, and may be left at any.
#[tokio::test]
async fn much_work_comes_in_pages() {
    let mail = Mail::new().await;
    let contents: Vec<String> = (0..1025).map(|n| format!("Subject: {n}\r\n\r\n{}", n % 2)).collect();
    mail.put(&contents).await;
    let mut search = mail.begin(Key::Body("1".to_owned()), Order::Uid).await;
    let first = search.page().await.unwrap();
    assert_eq!(
        (first.rows, first.more, first.progress),
        (FoundRows::Ranges(vec![]), true, Some(Progress::Of(1024, 1025)))
    );
    assert!(search.matching_told);
    let second = search.page().await.unwrap();
    let odd: Vec<_> = (1..=512).map(|n| n * 2..=n * 2).collect();
    assert_eq!((second.rows, second.more), (FoundRows::Ranges(odd), false));
}

/// Who is gone is noticed by what is written, so a long ordering writes on the way.
#[tokio::test]
async fn ordering_tells_how_far_it_is() {
    use wire::imap::listing::{Head, Row};
    let mail = Mail::new().await;
    let count = ordering::PAGE_READ as u32 + 1;
    let head = Head { uid_validity: 7, uid_next: count + 1, ..Head::default() };
    let listing = Listing::new(head, (1..=count).map(|uid| Row { uid, size: uid.into(), ..Row::default() }));
    let order = Order::Sort(vec![Criterion { by: SortBy::Size, reverse: true }]);
    let program = Program { key: Key::all(), order };
    let place = (mail.account, mail.mailbox);
    let listing = Arc::new(listing);
    for (matching_told, expected) in
        [(false, Progress::Of(ordering::PAGE_READ as u32, count)), (true, Progress::Unknown)]
    {
        let mut search = Search::new(mail.store.clone(), place, listing.clone(), program.clone(), NOW);
        search.matching_told = matching_told;
        let mut told = Vec::new();
        loop {
            let page = search.page().await.unwrap();
            told.extend(page.progress);
            if !page.more {
                break;
            }
        }
        assert_eq!(told.last(), Some(&expected), "{told:?}");
    }
}
