//! One damaged record costs one message at most: it is named exactly, and every other message still reads.
#![allow(clippy::disallowed_methods, reason = "damages files on purpose")]
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use std::path::{Path, PathBuf};
use store::op::{Deliver, Outgoing, OutgoingRecipient};
use store::query::{MessagesAhead, SummaryOf};
use store::types::{AccountId, EmailId, QueueId, Uid};
use store::{Damage, Op, Outcome, Settings, Store, restore};

/// Octets of each message: in rows and in segments, of one frame and of two.
const SIZES: [usize; 6] = [3_000, 40_000, 300_000, 2_000, 20_000, 7_000];

fn open(folder: &Path) -> Store {
    Store::open(folder, Settings::default()).unwrap()
}

/// Messages numbered like their seeds; the last one waits in the outbox too.
async fn filled(folder: &Path) -> AccountId {
    let store = open(folder);
    let bob = with_bob(&store).await;
    for (number, octets) in (1_u16..).zip(SIZES) {
        let content = upload(&store, &noise(u64::from(number), octets)).await.unwrap();
        let mut letter = letter(number, content, vec![local(bob)]);
        if usize::from(number) == SIZES.len() {
            letter.remote = vec![outgoing()];
        }
        put(&store, letter).await;
    }
    store.close();
    bob
}

fn outgoing() -> Outgoing {
    let to = OutgoingRecipient { address: address("zoe"), notify: None, orcpt: None };
    Outgoing {
        reverse_path: String::new(),
        prefix: vec![],
        body: "7bit".into(),
        smtputf8: false,
        ret: None,
        envid: None,
        recipients: vec![to],
        held: true,
    }
}

async fn put(store: &Store, letter: Deliver) {
    store.apply(Op::Deliver(Box::new(letter))).await.unwrap();
}

fn segment(folder: &Path) -> PathBuf {
    folder.join("shard-000/seg/00000001.seg")
}

fn database(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("shard-000/mail.db")).unwrap()
}

/// Turns one bit where some octets stand in a file.
fn flip(path: &Path, octets: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(octets.len()).position(|window| window == octets).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Which messages `verify` names, each with its queue id and where it is; and nothing else.
fn named(damage: &[Damage]) -> Vec<u32> {
    let name = |damage: &Damage| match damage {
        Damage::Message { account, mailbox, uid, queue_id, .. } => {
            assert_eq!((account.as_str(), mailbox.as_str()), ("Bob@crepes.fr", "INBOX"));
            assert_eq!(*queue_id, Some(QueueId::new(NOW, u16::try_from(*uid).unwrap())));
            *uid
        }
        other => panic!("{other:?}"),
    };
    damage.iter().map(name).collect()
}

/// The messages that cannot be read as they came.
async fn lost(store: &Store, bob: AccountId) -> Vec<u32> {
    let mut lost = Vec::new();
    for (uid, octets) in (1_u32..).zip(SIZES) {
        let read = match try_stored(store, bob, Uid(uid)).await {
            Ok(Some(stored)) => whole(store, &stored).await,
            Ok(None) => panic!("message {uid} is not there"),
            Err(error) => Err(error),
        };
        match read {
            Ok(read) => assert_eq!(read, [PREFIX, &noise(u64::from(uid), octets)].concat()),
            Err(error) => {
                assert!(matches!(error, store::StoreError::Damaged { .. }), "{error:?}");
                lost.push(uid);
            }
        }
    }
    lost
}

/// Verifies and reads a store that was damaged, and a copy made of it: these messages are lost, and no other.
async fn costs(folder: &Path, bob: AccountId, uids: &[u32]) {
    let store = open(folder);
    assert_eq!(named(&store.verify().await.unwrap().damage), uids);
    assert_eq!(lost(&store, bob).await, uids);
    deliver(&store, bob, 99, &noise(99, 50_000)).await.unwrap();
    store.close();
    let copy = tempfile::tempdir().unwrap();
    let report = restore(folder, copy.path()).unwrap();
    assert_eq!(named(&report.verified.damage), uids);
    assert_eq!(lost(&open(copy.path()), bob).await, uids);
}

#[tokio::test]
async fn an_octet_of_a_segment_costs_its_message() {
    for (uid, octet) in [(2, 0), (2, 39_900), (3, 10), (3, 290_000), (5, 19_000)] {
        let folder = tempfile::tempdir().unwrap();
        let bob = filled(folder.path()).await;
        let content = noise(u64::from(uid), SIZES[uid as usize - 1]);
        flip(&segment(folder.path()), &content[octet..octet + 64]);
        costs(folder.path(), bob, &[uid]).await;
    }
}

#[tokio::test]
async fn the_head_of_a_frame_costs_its_message() {
    // Magic, codec, a length, the checksum.
    for octet in [0, 4, 9, 13, 20] {
        let folder = tempfile::tempdir().unwrap();
        let bob = filled(folder.path()).await;
        let path = segment(folder.path());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[octet] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        costs(folder.path(), bob, &[2]).await;
    }
}

#[tokio::test]
async fn a_segment_cut_short_costs_what_lay_behind() {
    let folder = tempfile::tempdir().unwrap();
    let bob = filled(folder.path()).await;
    let file = std::fs::OpenOptions::new().write(true).open(segment(folder.path())).unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    costs(folder.path(), bob, &[5]).await;
}

#[tokio::test]
async fn an_octet_of_a_row_costs_its_message() {
    let folder = tempfile::tempdir().unwrap();
    let bob = filled(folder.path()).await;
    flip(&folder.path().join("shard-000/mail.db"), &noise(4, 2_000)[100..164]);
    costs(folder.path(), bob, &[4]).await;
}

#[tokio::test]
async fn a_broken_row_of_content_costs_its_message() {
    for change in [
        "UPDATE blob SET frames = x'00' WHERE id = 3",
        "UPDATE blob SET hash = x'00' WHERE id = 3",
        "UPDATE blob SET hash = zeroblob(32) WHERE id = 4",
        "UPDATE blob SET codec = 77 WHERE id = 4",
        "UPDATE blob SET octets = octets + 1 WHERE id = 4",
        "DELETE FROM blob_inline WHERE blob = 4",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let bob = filled(folder.path()).await;
        assert_eq!(database(folder.path()).execute(change, []).unwrap(), 1);
        let store = open(folder.path());
        let uid = if change.ends_with('3') { 3 } else { 4 };
        let damage = store.verify().await.unwrap().damage;
        let messages: Vec<_> = damage.into_iter().filter(|d| matches!(d, Damage::Message { .. })).collect();
        assert_eq!(named(&messages), [uid], "{change}");
        let lost = lost(&store, bob).await;
        assert!(lost.iter().all(|lost| *lost == uid), "{change}: {lost:?}");
        store.maintain(NOW).await.unwrap();
        let expunge = Op::Expunge {
            account: bob,
            mailbox: inbox_of(&store, bob).await,
            uids: vec![Uid(uid)].into(),
            only_deleted: false,
            now: NOW,
        };
        assert_eq!(store.apply(expunge).await, Ok(Outcome::Removed(1)), "{change}");
    }
}

#[tokio::test]
async fn content_that_two_lead_to_is_named_twice() {
    let folder = tempfile::tempdir().unwrap();
    let bob = filled(folder.path()).await;
    flip(&folder.path().join("shard-000/mail.db"), &noise(6, 7_000)[100..164]);
    let store = open(folder.path());
    let damage = store.verify().await.unwrap().damage;
    assert_eq!(named(&damage[..1]), [6]);
    assert!(
        matches!(&damage[1..], [Damage::Outgoing { queue_id, .. }] if *queue_id == QueueId::new(NOW, 6)),
        "{damage:?}"
    );
    assert_eq!(lost(&store, bob).await, [6]);
}

#[tokio::test]
async fn a_lost_summary_costs_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let bob = filled(folder.path()).await;
    database(folder.path()).execute("UPDATE email SET summary = x'ff00ff' WHERE id = 2", []).unwrap();
    let store = open(folder.path());
    assert_eq!(named(&store.verify().await.unwrap().damage), [2]);
    assert_eq!(lost(&store, bob).await, Vec::<u32>::new());
    let read = store.read(SummaryOf { account: bob, email: EmailId(2) }).await;
    assert!(matches!(read, Err(store::StoreError::Damaged { .. })), "who reads it makes it again: {read:?}");
}

#[tokio::test]
async fn a_store_whose_database_was_lost_is_not_taken_for_a_new_one() {
    for empty in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path()).await;
        let database = folder.path().join("shard-000/mail.db");
        std::fs::remove_file(&database).unwrap();
        if empty {
            std::fs::write(&database, "").unwrap();
        }
        let error = Store::open(folder.path(), Settings::default()).unwrap_err();
        assert!(error.to_string().contains("is gone or empty, but 1 segment files"), "{error}");
        std::fs::remove_dir_all(folder.path().join("shard-000/seg")).unwrap();
        open(folder.path()).close();
    }
}

/// The UIDs that are read ahead, each with the octets it was delivered with.
async fn ahead(store: &Store, bob: AccountId, from: u32, limit: u32, octets: u64) -> Vec<u32> {
    let mailbox = inbox_of(store, bob).await;
    let ahead = MessagesAhead { account: bob, mailbox, from: Uid(from), limit, octets };
    let mut uids = Vec::new();
    for (uid, stored) in store.read(ahead).await.unwrap() {
        let content = noise(u64::from(uid.0), SIZES[uid.0 as usize - 1]);
        assert_eq!(whole(store, &stored).await.unwrap(), [PREFIX, &content].concat());
        uids.push(uid.0);
    }
    uids
}

#[tokio::test]
async fn reading_ahead_ends_at_its_limits_and_before_damage() {
    const ALL: u64 = u64::MAX;
    let folder = tempfile::tempdir().unwrap();
    let bob = filled(folder.path()).await;
    let content = noise(5, SIZES[4]);
    flip(&segment(folder.path()), &content[100..164]);
    let store = open(folder.path());
    assert_eq!(ahead(&store, bob, 1, 9, ALL).await, [1, 2, 3, 4], "the fifth is damaged");
    assert_eq!(ahead(&store, bob, 5, 9, ALL).await, Vec::<u32>::new());
    assert_eq!(ahead(&store, bob, 6, 9, ALL).await, [6]);
    assert_eq!(ahead(&store, bob, 1, 2, ALL).await, [1, 2]);
    let two = (SIZES[0] + SIZES[1] + 2 * PREFIX.len()) as u64;
    assert_eq!(ahead(&store, bob, 1, 9, two).await, [1, 2]);
    assert_eq!(ahead(&store, bob, 1, 9, two + 1).await, [1, 2, 3], "one more is begun");
}
