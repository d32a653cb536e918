//! A store without threads: on a disk in memory, without a runtime, every future is ready when it is first polled.

use super::open;
use message::{Address, Time};
use platter::SimDisk;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use store::query::{AccountByAddress, Hint, Mailboxes, Messages, StoredMessage};
use store::types::{AccountId, Credentials, Flags, MailboxId, Role, Stored, Uid};
use store::{Op, Outcome, Store, StoreError};

const NOW: Time = Time(1_800_000_000_000);

fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits for somebody"),
    }
}

fn bob() -> Address {
    "bob@crepes.fr".parse().unwrap()
}

fn furnish(store: &Store) -> (AccountId, MailboxId) {
    let account = Op::AccountAdd { address: bob(), credentials: Credentials::default(), quota: None, now: NOW };
    for op in [Op::DomainAdd { domain: "crepes.fr".parse().unwrap(), now: NOW }, account] {
        assert!(matches!(at_once(store.apply(op)).unwrap(), Outcome::Done | Outcome::Account(_)));
    }
    inbox(store)
}

fn inbox(store: &Store) -> (AccountId, MailboxId) {
    let account = at_once(store.read(AccountByAddress { address: bob() })).unwrap().unwrap().id;
    let mailboxes = at_once(store.read(Mailboxes { account })).unwrap();
    (account, mailboxes.iter().find(|mailbox| mailbox.role == Some(Role::Inbox)).unwrap().id)
}

fn append(store: &Store, (account, mailbox): (AccountId, MailboxId), octets: &[u8]) {
    let mut upload = store.upload();
    at_once(upload.write(octets)).unwrap();
    let content = at_once(upload.finish()).unwrap();
    let message = store::op::Appended {
        content,
        summary: vec![],
        utf8_header: false,
        message_id: None,
        references: vec![],
        flags: Flags::default(),
        received: NOW,
    };
    let append = store::op::Append { account, mailbox, messages: vec![message], replaces: None, now: NOW };
    assert!(matches!(at_once(store.apply(Op::Append(Box::new(append)))), Ok(Outcome::Uids { .. })));
}

fn whole(store: &Store, stored: &Stored) -> Vec<u8> {
    let mut octets = Vec::new();
    loop {
        let chunk = at_once(store.chunk(stored, octets.len() as u64)).unwrap();
        if chunk.is_empty() {
            return octets;
        }
        octets.extend_from_slice(&chunk);
    }
}

#[test]
fn everything_is_done_on_the_spot_and_outlives_the_process() {
    let disk = SimDisk::default();
    let store = Store::inline(open(&disk).unwrap());
    let place = furnish(&store);
    let mut hints = store.subscribe();
    // Noise does not pack, so it goes into frames: of several, as large content does.
    let mut dice = platter::Dice::new(7);
    let octets: Vec<u8> = (0..store::FRAME_OCTETS + 100).map(|_| dice.roll().to_le_bytes()[0]).collect();
    append(&store, place, &octets);
    assert!(matches!(hints.try_recv(), Ok(Hint { account, .. }) if account == place.0));
    store.close();

    let again = Store::inline(open(&disk).unwrap());
    let (account, mailbox) = inbox(&again);
    let messages = at_once(again.read(Messages { account, mailbox, from: Uid(1), limit: 10 })).unwrap();
    let uid = messages.first().unwrap().uid;
    let stored = at_once(again.read(StoredMessage { account, mailbox, uid })).unwrap().unwrap();
    assert_eq!(whole(&again, &stored), octets);
    assert!(at_once(again.verify()).unwrap().damage.is_empty());
}

#[test]
fn what_comes_after_the_end_is_told_so() {
    let store = Store::inline(open(&SimDisk::default()).unwrap());
    let other = store.clone();
    store.close();
    let read = at_once(other.read(AccountByAddress { address: bob() }));
    assert!(matches!(read, Err(StoreError::Closed)));
    let add = Op::DomainAdd { domain: "crepes.fr".parse().unwrap(), now: NOW };
    assert!(matches!(at_once(other.apply(add)), Err(StoreError::Closed)));
}
