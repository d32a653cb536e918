//! A disk that fails: what was acknowledged stays, what was not is as if it had never been tried.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use store::disk::RealDisk;
use store::fault::{Call, Fault, FaultDisk};
use store::query::Figures;
use store::types::Uid;
use store::{Engine, Op, Settings, Store, StoreError};

const LARGE: usize = 300_000;

fn on(folder: &Path) -> (FaultDisk, Store) {
    let disk = FaultDisk::new(Arc::new(RealDisk));
    let settings = Settings { disk: Arc::new(disk.clone()), ..Settings::default() };
    (disk, Store::open(folder, settings).unwrap())
}

#[tokio::test]
async fn a_write_that_fails_fails_its_upload_and_nothing_else() {
    for (kind, full) in [(ErrorKind::StorageFull, true), (ErrorKind::QuotaExceeded, true), (ErrorKind::Other, false)] {
        let folder = tempfile::tempdir().unwrap();
        let (disk, store) = on(folder.path());
        let bob = with_bob(&store).await;
        deliver(&store, bob, 1, &noise(1, LARGE)).await.unwrap();
        disk.fail_once(Call::Write, Fault::Error(kind), 1);
        let error = upload(&store, &noise(2, LARGE)).await.unwrap_err();
        assert_eq!(error == StoreError::Full, full, "{error:?}");
        assert_eq!(disk.hits(), 1);
        assert_eq!(deliver(&store, bob, 3, &noise(3, LARGE)).await.unwrap(), Uid(2));
        for (uid, seed) in [(1, 1), (2, 3)] {
            let stored = stored(&store, bob, Uid(uid)).await.unwrap();
            assert_eq!(whole(&store, &stored).await.unwrap(), [PREFIX, &noise(seed, LARGE)].concat());
        }
        assert_eq!(store.verify().await.unwrap().damage, vec![]);
    }
}

#[tokio::test]
async fn an_upload_is_dead_after_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, store) = on(folder.path());
    let mut upload = store.upload();
    disk.fail_once(Call::Create, Fault::Error(ErrorKind::StorageFull), 0);
    assert_eq!(upload.write(&noise(1, LARGE)).await, Err(StoreError::Full));
    assert_eq!(upload.write(b"more").await, Err(StoreError::Closed));
    assert_eq!(upload.finish().await.unwrap_err(), StoreError::Closed);
    kit::upload(&store, &noise(1, LARGE)).await.unwrap();
    assert_eq!(disk.hits(), 1);
}

#[tokio::test]
async fn a_folder_that_cannot_be_synced_fails_the_upload() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, store) = on(folder.path());
    let bob = with_bob(&store).await;
    disk.fail_once(Call::SyncDir, Fault::Error(ErrorKind::Other), 0);
    assert!(matches!(upload(&store, &noise(1, LARGE)).await, Err(StoreError::Io { .. })));
    assert_eq!(deliver(&store, bob, 1, &noise(1, LARGE)).await.unwrap(), Uid(1));
    assert_eq!(disk.hits(), 1);
}

#[tokio::test]
async fn short_writes_and_reads_are_carried_on() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, store) = on(folder.path());
    let bob = with_bob(&store).await;
    disk.fail_always(Call::Write, Fault::Short(10_000));
    let uid = deliver(&store, bob, 1, &noise(1, LARGE)).await.unwrap();
    assert!(disk.hits() >= 30);
    disk.fail_always(Call::Read, Fault::Short(7_777));
    let stored = stored(&store, bob, uid).await.unwrap();
    assert_eq!(whole(&store, &stored).await.unwrap(), [PREFIX, &noise(1, LARGE)].concat());
    disk.fail_always(Call::Write, Fault::Short(0));
    assert!(matches!(upload(&store, &noise(1, LARGE)).await, Err(StoreError::Io { .. })), "no room at all");
}

#[tokio::test]
async fn a_sync_that_fails_is_the_end_of_writing() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, store) = on(folder.path());
    let bob = with_bob(&store).await;
    deliver(&store, bob, 1, &noise(1, LARGE)).await.unwrap();
    disk.fail_once(Call::Sync, Fault::Error(ErrorKind::Other), 0);
    let error = deliver(&store, bob, 2, &noise(2, LARGE)).await.unwrap_err();
    assert!(error.is_fatal(), "{error:?}");
    assert_eq!(disk.hits(), 1);
    // Never retried: the disk works again, and still nothing is written, not even what needs no segment.
    assert_eq!(deliver(&store, bob, 3, b"small").await.unwrap_err(), error);
    assert_eq!(store.maintain(NOW).await.unwrap_err(), error);
    assert!(stored(&store, bob, Uid(1)).await.is_some(), "reading goes on");
    drop(store);
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(store.read(Figures {}).await.unwrap().messages, 1);
    assert_eq!(store.verify().await.unwrap().damage, vec![]);
    assert_eq!(deliver(&store, bob, 4, &noise(4, LARGE)).await.unwrap(), Uid(2));
}

#[tokio::test]
async fn a_read_that_fails_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, store) = on(folder.path());
    let bob = with_bob(&store).await;
    let uid = deliver(&store, bob, 1, &noise(1, LARGE)).await.unwrap();
    let stored = stored(&store, bob, uid).await.unwrap();
    disk.fail_once(Call::Read, Fault::Error(ErrorKind::Other), 0);
    assert!(matches!(whole(&store, &stored).await, Err(StoreError::Io { .. })));
    assert_eq!(disk.hits(), 1);
    assert!(whole(&store, &stored).await.is_ok());
}

#[test]
fn a_full_database_refuses_the_group_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    let raw = rusqlite::Connection::open(folder.path().join("shard-000/mail.db")).unwrap();
    let pages: u32 = raw.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    engine.limit_pages(pages + 20).unwrap();
    let (mut done, mut refused) = (0, 0);
    for number in 0..40 {
        let content = engine.put(&noise(u64::from(number), 7_000)).unwrap();
        let op = Op::Deliver(Box::new(letter(number, content, vec![local(bob)])));
        for result in engine.apply_group(&[op.clone(), op]) {
            match result {
                Ok(_) => done += 1,
                Err(StoreError::Full) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    assert!(done >= 2 && refused >= 2, "{done} {refused}");
    let kept = |engine: &Engine| engine.read(&Figures {}).unwrap().messages;
    assert_eq!(kept(&engine), done);
    engine.limit_pages(1_000_000).unwrap();
    give(&mut engine, bob, 50, &noise(50, 7_000));
    assert_eq!(kept(&engine), done + 1);
}
