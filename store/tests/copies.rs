//! Copies of a store, damage that is found, and segments that are written again.
#![allow(clippy::disallowed_methods, reason = "damages files on purpose")]
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use message::Time;
use std::path::{Path, PathBuf};
use store::query::{Figures, Mailboxes, TraceById};
use store::types::{AccountId, QueueId, Uid};
use store::{Damage, GONE_KEPT, Op, Outcome, SEGMENT_REST, Settings, Store, StoreError, TRACE_KEPT, restore};

fn open(folder: &Path) -> Store {
    Store::open(folder, Settings::default()).unwrap()
}

/// Small and large messages, numbered like their seeds.
async fn fill(store: &Store, bob: AccountId) {
    for (number, octets) in (1..).zip([3_000, 40_000, 300_000, 3_000, 40_000]) {
        deliver(store, bob, number, &noise(u64::from(number), octets)).await.unwrap();
    }
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let list = std::fs::read_dir(folder.join("shard-000/seg")).unwrap();
    let mut paths: Vec<_> = list.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Turns one bit where some octets stand in a file.
fn flip(path: &Path, octets: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(octets.len()).position(|window| window == octets).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_backup_taken_in_use_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let (home, copy, back) = (folder.path().join("home"), folder.path().join("copy"), folder.path().join("back"));
    let store = open(&home);
    let bob = with_bob(&store).await;
    fill(&store, bob).await;
    store.close();
    // A second life: one segment that is closed, one that is written.
    let store = open(&home);
    deliver(&store, bob, 6, &noise(6, 50_000)).await.unwrap();
    let mailboxes = store.read(Mailboxes { account: bob }).await.unwrap();
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 7..30 {
                deliver(&store, bob, number, &noise(u64::from(number), 30_000)).await.unwrap();
            }
        })
    };
    let report = store.backup(&copy).await.unwrap();
    assert_eq!(report.files, 3);
    assert!(report.octets > 400_000);
    writing.await.unwrap();
    assert_eq!(store.backup(&copy).await, Err(StoreError::NotEmpty { path: copy.display().to_string() }));
    assert_eq!(
        restore(&home, &back).unwrap_err(),
        StoreError::Locked { holder: format!("process {}", std::process::id()) }
    );
    let restored = restore(&copy, &back).unwrap();
    assert_eq!(restored.verified.damage, vec![]);
    assert!(restored.verified.messages >= 6);
    assert!(matches!(restore(&copy, &back), Err(StoreError::NotEmpty { .. })));
    drop(store);
    for folder in [&copy, &back] {
        let store = open(folder);
        let again = store.read(Mailboxes { account: bob }).await.unwrap();
        let validity = |all: &[store::types::Mailbox]| all.iter().map(|m| m.uid_validity).collect::<Vec<_>>();
        assert_eq!(validity(&again), validity(&mailboxes));
        let stored = stored(&store, bob, Uid(3)).await.unwrap();
        assert_eq!(whole(&store, &stored).await.unwrap(), [PREFIX, &noise(3, 300_000)].concat());
        deliver(&store, bob, 99, &noise(99, 50_000)).await.unwrap();
        assert_eq!(store.verify().await.unwrap().damage, vec![]);
    }
}

#[test]
fn a_folder_without_a_store_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let result = restore(&folder.path().join("nothing"), &folder.path().join("to"));
    assert!(matches!(result, Err(StoreError::Io { .. })), "{result:?}");
}

fn named(damage: &[Damage]) -> Vec<(String, String, u32, Option<QueueId>)> {
    let name = |damage: &Damage| match damage {
        Damage::Message { account, mailbox, uid, queue_id, .. } => (account.clone(), mailbox.clone(), *uid, *queue_id),
        other => panic!("{other:?}"),
    };
    damage.iter().map(name).collect()
}

#[tokio::test]
async fn damage_is_found_and_exactly_its_message_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bob = with_bob(&store).await;
    fill(&store, bob).await;
    let report = store.verify().await.unwrap();
    assert_eq!((report.messages, report.blobs, report.octets, report.damage.len()), (5, 5, 386_000, 0));
    store.close();
    // In the second frame of the third message, in a segment; then in a row.
    flip(&segments(folder.path())[0], &noise(3, 300_000)[280_000..280_064]);
    let one = |uid: u32| {
        let id = QueueId::new(NOW, u16::try_from(uid).unwrap());
        ("Bob@crepes.fr".to_owned(), "INBOX".to_owned(), uid, Some(id))
    };
    let store = open(folder.path());
    assert_eq!(named(&store.verify().await.unwrap().damage), [one(3)]);
    let third = stored(&store, bob, Uid(3)).await.unwrap();
    assert!(store.chunk(&third, 1_000).await.is_ok(), "the first frame is whole");
    assert!(matches!(whole(&store, &third).await, Err(StoreError::Damaged { .. })));
    store.close();
    flip(&folder.path().join("shard-000/mail.db"), &noise(4, 3_000)[100..164]);
    let store = open(folder.path());
    let report = store.verify().await.unwrap();
    assert_eq!(named(&report.damage), [one(3), one(4)]);
    assert!(report.damage[1].to_string().starts_with("message 4 in INBOX of Bob@crepes.fr ("));
    assert!(matches!(try_stored(&store, bob, Uid(4)).await, Err(StoreError::Damaged { .. })));
    let fifth = stored(&store, bob, Uid(5)).await.unwrap();
    assert!(whole(&store, &fifth).await.is_ok());
}

#[tokio::test]
async fn a_row_that_cannot_be_read_does_not_end_the_look() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bob = with_bob(&store).await;
    fill(&store, bob).await;
    store.close();
    let raw = rusqlite::Connection::open(folder.path().join("shard-000/mail.db")).unwrap();
    raw.execute("UPDATE blob SET frames = x'00' WHERE id = 2", []).unwrap();
    drop(raw);
    flip(&segments(folder.path())[0], &noise(3, 300_000)[280_000..280_064]);
    let store = open(folder.path());
    let damage = store.verify().await.unwrap().damage;
    assert!(matches!(damage[0], Damage::Database(_)), "the live octets cannot be counted: {damage:?}");
    let uids: Vec<_> = named(&damage[1..]).into_iter().map(|(_, _, uid, _)| uid).collect();
    assert_eq!(uids, [2, 3]);
}

#[tokio::test]
async fn what_lies_beside_the_content_is_checked_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bob = with_bob(&store).await;
    fill(&store, bob).await;
    store.close();
    let raw = rusqlite::Connection::open(folder.path().join("shard-000/mail.db")).unwrap();
    raw.execute("UPDATE email SET prefix = CAST(replace(prefix, 'R', 'S') AS BLOB) WHERE id = 1", []).unwrap();
    raw.execute("UPDATE email SET summary = CAST(x'00' || summary AS BLOB) WHERE id = 2", []).unwrap();
    raw.execute("UPDATE blob SET octets = octets + 1 WHERE id = 3", []).unwrap();
    // As an earlier release left it.
    raw.execute("UPDATE email SET prefix_sum = NULL, summary_sum = NULL WHERE id = 5", []).unwrap();
    drop(raw);
    let store = open(folder.path());
    let damage = store.verify().await.unwrap().damage;
    let uids: Vec<_> = named(&damage).into_iter().map(|(_, _, uid, _)| uid).collect();
    assert_eq!(uids, [1, 2, 3]);
    for (damage, reason) in damage.iter().zip(["what was added", "its summary", "its size is kept as"]) {
        assert!(damage.to_string().contains(reason), "{damage}");
    }
    assert!(matches!(try_stored(&store, bob, Uid(1)).await, Err(StoreError::Damaged { .. })));
    assert!(try_stored(&store, bob, Uid(5)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_wrong_counter_and_a_lost_segment_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bob = with_bob(&store).await;
    fill(&store, bob).await;
    store.close();
    let raw = rusqlite::Connection::open(folder.path().join("shard-000/mail.db")).unwrap();
    raw.execute("UPDATE mailbox SET unseen = unseen + 1 WHERE id = 1", []).unwrap();
    raw.execute("UPDATE account SET used = used - 1", []).unwrap();
    drop(raw);
    std::fs::remove_file(&segments(folder.path())[0]).unwrap();
    let store = open(folder.path());
    let damage = store.verify().await.unwrap().damage;
    assert_eq!(damage[0], Damage::Counter { what: "mailbox totals", rows: 1 });
    assert_eq!(damage[1], Damage::Counter { what: "account use", rows: 1 });
    let lost: Vec<_> = named(&damage[2..]).into_iter().map(|(_, _, uid, _)| uid).collect();
    assert_eq!(lost, [2, 3, 5]);
}

#[tokio::test]
async fn mostly_dead_segments_are_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bob = with_bob(&store).await;
    for number in 1..=10 {
        deliver(&store, bob, number, &noise(u64::from(number), 100_000)).await.unwrap();
    }
    drop(upload(&store, &noise(77, 100_000)).await.unwrap());
    store.close();
    let store = open(folder.path());
    let old = stored(&store, bob, Uid(10)).await.unwrap();
    let inbox = inbox_of(&store, bob).await;
    let expunge = |from, to| Op::Expunge {
        account: bob,
        mailbox: inbox,
        uids: (from..=to).map(Uid).collect(),
        only_deleted: false,
        now: NOW,
    };
    store.apply(expunge(1, 3)).await.unwrap();
    let report = store.maintain(NOW).await.unwrap();
    assert_eq!((report.segments, report.octets), (0, 0), "more than half is alive");
    store.apply(expunge(4, 8)).await.unwrap();
    let report = store.maintain(NOW).await.unwrap();
    assert_eq!(report.segments, 1);
    assert!(report.octets > 1_000_000);
    assert_eq!(segments(folder.path()).len(), 1);
    assert_eq!(whole(&store, &old).await.unwrap(), [PREFIX, &noise(10, 100_000)].concat(), "asked for before it moved");
    let moved = stored(&store, bob, Uid(9)).await.unwrap();
    assert_eq!(whole(&store, &moved).await.unwrap(), [PREFIX, &noise(9, 100_000)].concat());
    assert_eq!(store.verify().await.unwrap().damage, vec![]);
    assert_eq!(store.read(Figures {}).await.unwrap().segments, 1);
}

#[tokio::test]
async fn a_segment_of_this_life_rests_before_it_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings { segment_octets: 250_000, ..Settings::default() }).unwrap();
    let bob = with_bob(&store).await;
    let waiting = upload(&store, &noise(1, 100_000)).await.unwrap();
    for number in 2..=4 {
        deliver(&store, bob, number, &noise(u64::from(number), 100_000)).await.unwrap();
    }
    assert_eq!(segments(folder.path()).len(), 2);
    let inbox = inbox_of(&store, bob).await;
    let expunge =
        Op::Expunge { account: bob, mailbox: inbox, uids: (1..=3).map(Uid).collect(), only_deleted: false, now: NOW };
    assert_eq!(store.apply(expunge).await.unwrap(), Outcome::Removed(3));
    assert_eq!(store.maintain(NOW).await.unwrap().segments, 0, "an upload may still count on it");
    let almost = NOW.after(SEGMENT_REST - std::time::Duration::from_millis(1));
    assert_eq!(store.maintain(almost).await.unwrap().segments, 0);
    assert_eq!(store.maintain(NOW.after(SEGMENT_REST)).await.unwrap().segments, 1);
    // An upload that took longer than that is refused, not lost.
    let late = Op::Deliver(Box::new(letter(9, waiting, vec![local(bob)])));
    assert!(matches!(store.apply(late).await, Err(StoreError::Damaged { .. })));
    assert_eq!(store.verify().await.unwrap().damage, vec![]);
}

#[tokio::test]
async fn old_journeys_and_changes_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bob = with_bob(&store).await;
    deliver(&store, bob, 1, b"Hello").await.unwrap();
    let queue_id = QueueId::new(NOW, 1);
    let entry = store::types::TraceEntry {
        queue_id,
        at: NOW,
        event: "accepted".into(),
        address: Some("bob@crepes.fr".into()),
        detail: String::new(),
    };
    store.apply(Op::Trace(vec![entry])).await.unwrap();
    let before = store.read(Mailboxes { account: bob }).await.unwrap()[0].modseq;
    let mailbox = inbox_of(&store, bob).await;
    store
        .apply(Op::Expunge { account: bob, mailbox, uids: vec![Uid(1)].into(), only_deleted: false, now: NOW })
        .await
        .unwrap();
    let since = |since| store::query::ChangesSince { account: bob, since, limit: 10 };
    let later = |kept: std::time::Duration| Time(NOW.after(kept).0 + 1);
    assert_eq!(store.maintain(NOW.after(TRACE_KEPT)).await.unwrap().trace_lines, 0, "not a moment early");
    assert_eq!(store.maintain(later(TRACE_KEPT)).await.unwrap().trace_lines, 1);
    assert_eq!(store.read(TraceById { queue_id }).await.unwrap(), vec![]);
    let by = store::query::TraceByAddress { address: "bob@crepes.fr".into(), limit: 9 };
    assert_eq!(store.read(by).await.unwrap(), vec![]);
    assert_eq!(store.maintain(NOW.after(GONE_KEPT)).await.unwrap().changes, 0, "not a moment early");
    assert_eq!(store.read(since(before)).await.unwrap().unwrap().len(), 1);
    assert_eq!(store.maintain(later(GONE_KEPT)).await.unwrap().changes, 2);
    assert_eq!(store.read(since(before)).await.unwrap(), None, "too long ago to tell");
    let now = store.read(Mailboxes { account: bob }).await.unwrap()[0].modseq;
    assert_eq!(store.read(since(now)).await.unwrap(), Some(vec![]));
}
