//! The way of one message: in, listed, read, out; and what a store is from one process to the next.
#![allow(clippy::disallowed_methods, reason = "looks at the files of a store, and at real time")]
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;
use store::op::Place;
use store::query::{Figures, Hint, Mailboxes, Messages};
use store::types::{ModSeq, Uid};
use store::{FRAME_OCTETS, INLINE_MAX, Op, Outcome, Settings, Store, StoreError};

#[tokio::test]
async fn a_message_goes_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let sizes = [0, 1, 8_000, INLINE_MAX, INLINE_MAX + 1, 262_144, 262_145, 1_000_000];
    for (uid, octets) in (1..).zip(sizes) {
        let content = noise(1, octets);
        assert_eq!(deliver(&store, account, 7, &content).await.unwrap(), Uid(uid));
        let stored = stored(&store, account, Uid(uid)).await.unwrap();
        assert_eq!(whole(&store, &stored).await.unwrap(), [PREFIX, &content].concat());
        assert_eq!(stored.size, (PREFIX.len() + octets) as u64);
        assert!(store.chunk(&stored, stored.size).await.unwrap().is_empty());
        assert!(store.chunk(&stored, u64::MAX).await.unwrap().is_empty());
    }
    let mailbox = inbox_of(&store, account).await;
    let list = Messages { account, mailbox, from: Uid(2), limit: 100 };
    assert_eq!(store.read(list).await.unwrap().len(), 7);
    let uids = (1..=8).map(Uid).collect();
    let expunge = Op::Expunge { account, mailbox, uids, only_deleted: false, now: NOW };
    assert_eq!(store.apply(expunge).await.unwrap(), Outcome::Removed(8));
    assert_eq!(store.read(Mailboxes { account }).await.unwrap()[0].total, 0);
    assert_eq!(store.read(Figures {}).await.unwrap().octets, 0);
    assert_eq!(store.verify().await.unwrap().damage, vec![]);
}

#[tokio::test]
async fn an_offset_anywhere_gives_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let content = noise(2, 600_000);
    let uid = deliver(&store, account, 1, &content).await.unwrap();
    let stored = stored(&store, account, uid).await.unwrap();
    let all = [PREFIX, &content].concat();
    for offset in [0, 5, PREFIX.len() - 1, PREFIX.len(), PREFIX.len() + 262_143, PREFIX.len() + 262_144, all.len() - 1]
    {
        let chunk = store.chunk(&stored, offset as u64).await.unwrap();
        assert!(!chunk.is_empty());
        assert_eq!(chunk, all[offset..offset + chunk.len()]);
    }
}

#[tokio::test]
async fn an_upload_can_be_read_before_it_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    for octets in [100, 300_000] {
        let bytes = noise(3, octets);
        let content = upload(&store, &bytes).await.unwrap();
        let first = store.content_chunk(&content, 0).await.unwrap();
        assert_eq!(first, bytes[..first.len()]);
        let last = store.content_chunk(&content, octets as u64 - 1).await.unwrap();
        assert_eq!(last, bytes[octets - 1..]);
        assert_eq!(content.hash, *blake3::hash(&bytes).as_bytes());
    }
}

#[tokio::test]
async fn what_was_kept_is_there_after_closing_and_opening() {
    let folder = tempfile::tempdir().unwrap();
    let mut account = None;
    for life in 0..3_u16 {
        let store = Store::open(folder.path(), Settings::default()).unwrap();
        let bob = match account {
            None => *account.insert(with_bob(&store).await),
            Some(bob) => bob,
        };
        for before in 0..life {
            let stored = stored(&store, bob, Uid(u32::from(before) + 1)).await.unwrap();
            let content = noise(u64::from(before), 50_000);
            assert_eq!(whole(&store, &stored).await.unwrap(), [PREFIX, &content].concat());
        }
        deliver(&store, bob, life, &noise(u64::from(life), 50_000)).await.unwrap();
        // Each life writes a segment of its own.
        assert_eq!(store.read(Figures {}).await.unwrap().segments, u64::from(life) + 1);
        let clone = store.clone();
        store.close();
        assert_eq!(clone.apply(add_domain("a.example")).await, Err(StoreError::Closed));
    }
}

#[tokio::test]
async fn a_second_opener_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let holder = format!("process {}", std::process::id());
    assert_eq!(Store::open(folder.path(), Settings::default()).unwrap_err(), StoreError::Locked { holder });
    drop(store);
    Store::open(folder.path(), Settings::default()).unwrap();
}

#[tokio::test]
async fn a_store_that_is_just_being_closed_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let path = folder.path().to_owned();
    let (tell, told) = std::sync::mpsc::channel();
    let second = std::thread::spawn(move || {
        tell.send(()).unwrap();
        Store::open(&path, Settings::default())
    });
    told.recv().unwrap();
    drop(store);
    second.join().unwrap().unwrap();
}

#[tokio::test]
async fn files_are_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("data");
    let store = Store::open(&below, Settings::default()).unwrap();
    let account = with_bob(&store).await;
    deliver(&store, account, 1, &noise(1, 50_000)).await.unwrap();
    let mut looked = 0;
    let mut folders = vec![below];
    while let Some(folder) = folders.pop() {
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{folder:?}");
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
            looked += 1;
        }
    }
    assert!(looked >= 4, "lock, database, log, segment");
}

#[tokio::test]
async fn a_commit_says_who_changed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let mut hints = store.subscribe();
    deliver(&store, account, 1, b"Hello").await.unwrap();
    let modseq = store.read(Mailboxes { account }).await.unwrap()[0].modseq;
    assert_eq!(hints.recv().await.unwrap(), Hint { account, modseq });
    assert!(modseq > ModSeq(1));
    let missing = Op::Expunge {
        account,
        mailbox: inbox_of(&store, account).await,
        uids: vec![Uid(9)].into(),
        only_deleted: false,
        now: NOW,
    };
    assert_eq!(store.apply(missing).await.unwrap(), Outcome::Removed(0));
    assert!(hints.try_recv().is_err(), "nothing changed, nothing is said");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_share_commits_and_none_is_lost() {
    const SENDERS: u16 = 50;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let sending: Vec<_> = (0..SENDERS)
        .map(|n| {
            let store = store.clone();
            let octets = if n % 2 == 0 { 2_000 } else { 40_000 };
            tokio::spawn(async move { (n, deliver(&store, account, n, &noise(u64::from(n), octets)).await.unwrap()) })
        })
        .collect();
    let mut uids = Vec::new();
    for sent in sending {
        let (n, uid) = sent.await.unwrap();
        let stored = stored(&store, account, uid).await.unwrap();
        let octets = if n % 2 == 0 { 2_000 } else { 40_000 };
        assert_eq!(whole(&store, &stored).await.unwrap(), [PREFIX, &noise(u64::from(n), octets)].concat());
        uids.push(uid);
    }
    uids.sort();
    assert_eq!(uids, (1..=u32::from(SENDERS)).map(Uid).collect::<Vec<_>>());
}

#[test]
fn a_large_mailbox_is_listed_quickly() {
    const MESSAGES: u32 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let account = with_accounts(&mut engine, &["bob"]).remove(0);
    let content = engine.put(b"Hello").unwrap();
    let one = Op::Deliver(Box::new(letter(1, content, vec![local(account)])));
    let group = vec![one; 1000];
    for _ in 0..MESSAGES / 1000 {
        assert!(engine.apply_group(&group).iter().all(Result::is_ok));
    }
    let inbox = mailboxes(&engine, account).remove(0).id;
    let begin = Instant::now();
    assert_eq!(messages(&engine, account, inbox).len(), MESSAGES as usize);
    // A generous bound for a busy machine and an unoptimised build: a listing that read whole e-mails would miss it.
    assert!(begin.elapsed().as_millis() < 2_000, "{:?}", begin.elapsed());
}

#[test]
fn content_goes_where_its_size_says() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let frames = |octets| match engine.put(&noise(1, octets)).unwrap().place {
        Place::Inline { bytes, .. } => {
            assert!(bytes.len() <= INLINE_MAX);
            0
        }
        Place::Frames(frames) => {
            assert!(frames.iter().all(|frame| frame.octets as usize <= FRAME_OCTETS));
            frames.len()
        }
    };
    assert_eq!((frames(INLINE_MAX), frames(INLINE_MAX + 1)), (0, 1));
    assert_eq!((frames(FRAME_OCTETS), frames(FRAME_OCTETS + 1)), (1, 2));
    let text = b"The same again. ".repeat(2_000);
    assert!(matches!(engine.put(&text).unwrap().place, Place::Inline { .. }), "what counts is the size as stored");
}
