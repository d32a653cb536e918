//! Objects and uploads: their limits, their keys, all or none, what becomes of them with time and with their account.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use message::Time;
use store::query::{
    ChangesSince, EmailsById, NextObjectDue, ObjectByKey, Objects, ObjectsById, ObjectsDue, ObjectsSince, States,
    StoredEmail, TraceById, UploadById,
};
use store::types::{
    AccountId, EmailAdded, EmailSource, EmailsAdd, Flags, ModSeq, Object, ObjectChange, ObjectKind, QueueId, Role,
    TraceEntry,
};
use store::{
    Engine, GONE_KEPT, OBJECT_KEY_OCTETS_MAX, OBJECT_OCTETS_MAX, OBJECTS_MAX, OBJECTS_OCTETS_MAX, Op, Outcome,
    Settings, Store, UPLOAD_KEPT, UPLOAD_KIND_OCTETS_MAX, UPLOADS_MAX, UPLOADS_OCTETS_MAX,
};

const KIND: ObjectKind = ObjectKind::Contact;

fn house(folder: &std::path::Path) -> (Engine, AccountId, AccountId) {
    let mut engine = engine(folder);
    let accounts = with_accounts(&mut engine, &["bob", "carol"]);
    (engine, accounts[0], accounts[1])
}

fn change(engine: &mut Engine, account: AccountId, changes: Vec<ObjectChange>) -> Outcome {
    act(engine, Op::ObjectsChange { account, changes, now: NOW })
}

fn ids(outcome: Outcome) -> Vec<i64> {
    match outcome {
        Outcome::Objects { ids, .. } | Outcome::WithObjects { ids, .. } => ids,
        other => panic!("{other:?}"),
    }
}

fn add(engine: &mut Engine, account: AccountId, value: &[u8]) -> i64 {
    ids(change(engine, account, vec![ObjectChange::add(KIND, value.to_vec())])).remove(0)
}

fn all(engine: &Engine, account: AccountId) -> Vec<Object> {
    engine.read(&Objects { account, kind: KIND }).unwrap()
}

#[test]
fn an_object_comes_changes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, carol) = house(folder.path());
    let begin = engine.read(&States { account: bob }).unwrap().unwrap();
    let id = add(&mut engine, bob, b"{}");
    let came = all(&engine, bob).remove(0);
    assert_eq!((came.id, came.value.as_slice(), came.added), (id, &b"{}"[..], came.modseq));
    assert_eq!(engine.read(&States { account: bob }).unwrap().unwrap().object(KIND), came.modseq);
    assert_eq!(ids(change(&mut engine, bob, vec![ObjectChange::set(KIND, id, b"[]".to_vec())])), [id]);
    let set = all(&engine, bob).remove(0);
    assert!(set.modseq > came.modseq && set.added == came.added && set.value == b"[]");
    assert_eq!(change(&mut engine, carol, vec![ObjectChange::remove(KIND, id)]), Outcome::Gone, "another's");
    let other = ObjectChange::remove(ObjectKind::Identity, id);
    assert_eq!(change(&mut engine, bob, vec![other]), Outcome::Gone, "of another kind");
    let removed = change(&mut engine, bob, vec![ObjectChange::remove(KIND, id)]);
    assert_eq!(ids(removed), [id]);
    assert_eq!(engine.read(&ObjectsById { account: bob, kind: KIND, ids: vec![id] }).unwrap(), []);
    assert!(add(&mut engine, bob, b"") > id, "no number comes twice");
    let since = |since: ModSeq| {
        engine.read(&ObjectsSince { account: bob, kind: KIND, since: since.into(), limit: 10 }).unwrap().unwrap()
    };
    assert_eq!((since(came.modseq).destroyed, since(begin.account).destroyed), (vec![id], vec![]));
    assert_eq!(change(&mut engine, AccountId(99), vec![]), Outcome::Gone);
}

#[test]
fn changes_of_objects_happen_all_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, _) = house(folder.path());
    let id = add(&mut engine, bob, b"1");
    let seen = all(&engine, bob).remove(0).modseq;
    let set =
        |value: &[u8]| ObjectChange { unchanged_since: Some(seen), ..ObjectChange::set(KIND, id, value.to_vec()) };
    let refused = change(&mut engine, bob, vec![set(b"2"), ObjectChange::remove(KIND, 77)]);
    assert_eq!((refused, all(&engine, bob)[0].value.as_slice()), (Outcome::Gone, &b"1"[..]));
    // Twice in one operation: the second time it is no stranger who changed it.
    assert_eq!(ids(change(&mut engine, bob, vec![set(b"2"), set(b"3")])), [id, id]);
    let before = engine.read(&States { account: bob }).unwrap();
    assert_eq!(change(&mut engine, bob, vec![set(b"4")]), Outcome::Conflict, "changed since");
    let nothing = ObjectChange { value: None, ..ObjectChange::add(KIND, vec![]) };
    assert_eq!(change(&mut engine, bob, vec![nothing]), Outcome::Conflict);
    assert_eq!(engine.read(&States { account: bob }).unwrap(), before);
    assert_eq!(all(&engine, bob)[0].value, b"3");
}

#[test]
fn a_key_leads_to_one_object_of_all_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, carol) = house(folder.path());
    let kind = ObjectKind::WebSession;
    let keyed = |key: &[u8]| ObjectChange { key: Some(key.to_vec()), ..ObjectChange::add(kind, b"{}".to_vec()) };
    let id = ids(change(&mut engine, bob, vec![keyed(b"token")]))[0];
    assert_eq!(change(&mut engine, carol, vec![keyed(b"token")]), Outcome::Exists);
    assert_eq!(change(&mut engine, bob, vec![keyed(b"token")]), Outcome::Exists);
    let find = |key: &[u8]| ObjectByKey { kind, key: key.to_vec() };
    let found = engine.read(&find(b"token")).unwrap().unwrap();
    assert_eq!((found.account, found.id), (bob, id));
    let of_another_kind = ObjectChange { kind: ObjectKind::AppPassword, ..keyed(b"token") };
    assert_eq!(ids(change(&mut engine, carol, vec![of_another_kind])).len(), 1);
    let renamed = ObjectChange { id: Some(id), ..keyed(b"other") };
    assert_eq!(ids(change(&mut engine, bob, vec![renamed, keyed(b"token")])).len(), 2, "it is free again");
    assert_eq!(engine.read(&find(b"other")).unwrap().unwrap().id, id);
    let long = keyed(&[b'k'; OBJECT_KEY_OCTETS_MAX]);
    assert_eq!(ids(change(&mut engine, bob, vec![long])).len(), 1);
    assert_eq!(change(&mut engine, bob, vec![keyed(&[b'k'; OBJECT_KEY_OCTETS_MAX + 1])]), Outcome::Limit);
}

#[test]
fn objects_have_limits() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, carol) = house(folder.path());
    let many =
        |count: u64, octets: usize| (0..count).map(|_| ObjectChange::add(KIND, vec![b'x'; octets])).collect::<Vec<_>>();
    assert_eq!(change(&mut engine, bob, many(OBJECTS_MAX + 1, 1)), Outcome::Limit);
    let added = ids(change(&mut engine, bob, many(OBJECTS_MAX, 1)));
    assert_eq!(change(&mut engine, bob, many(1, 1)), Outcome::Limit);
    let instead = vec![ObjectChange::remove(KIND, added[0]), ObjectChange::add(KIND, vec![])];
    assert_eq!(ids(change(&mut engine, bob, instead)).len(), 2, "one goes, one comes");
    assert_eq!(change(&mut engine, carol, many(1, OBJECT_OCTETS_MAX + 1)), Outcome::Limit);
    let fit = OBJECTS_OCTETS_MAX / OBJECT_OCTETS_MAX as u64;
    let added = ids(change(&mut engine, carol, many(fit, OBJECT_OCTETS_MAX)));
    assert_eq!(change(&mut engine, carol, many(1, 1)), Outcome::Limit);
    assert_eq!(ids(change(&mut engine, carol, many(1, 0))).len(), 1);
    let less = ObjectChange::set(KIND, added[0], vec![b'x'; OBJECT_OCTETS_MAX - 1]);
    assert_eq!(ids(change(&mut engine, carol, vec![less])).len(), 1);
    assert_eq!(ids(change(&mut engine, carol, many(1, 1))).len(), 1);
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

#[test]
fn what_is_due_is_found_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, carol) = house(folder.path());
    let due = |kind, at| ObjectChange { due: Some(Time(at)), ..ObjectChange::add(kind, vec![]) };
    let (snooze, submission) = (ObjectKind::Snooze, ObjectKind::Submission);
    assert!(engine.take_due_changed(), "whoever begins looks once");
    change(&mut engine, bob, vec![due(snooze, 30), due(submission, 20), ObjectChange::add(snooze, vec![])]);
    change(&mut engine, carol, vec![due(snooze, 10)]);
    assert!(engine.take_due_changed());
    change(&mut engine, carol, vec![ObjectChange::add(snooze, vec![])]);
    assert!(!engine.take_due_changed());
    let of = |kinds: &[ObjectKind], now, limit| {
        let rows = engine.read(&ObjectsDue { kinds: kinds.to_vec(), now: Time(now), limit }).unwrap();
        rows.into_iter().map(|object| object.due.unwrap().0).collect::<Vec<_>>()
    };
    assert_eq!(of(&[snooze, submission], 30, 9), [10, 20, 30]);
    assert_eq!(of(&[snooze, submission], 30, 2), [10, 20]);
    assert_eq!(of(&[snooze], 29, 9), [10]);
    let next = |kinds: &[ObjectKind]| engine.read(&NextObjectDue { kinds: kinds.to_vec() }).unwrap();
    assert_eq!(
        (next(&[submission, snooze]), next(&[submission]), next(&[KIND])),
        (Some(Time(10)), Some(Time(20)), None)
    );
}

/// What is sent once, and what says so, in one operation.
#[test]
fn sending_and_its_bookkeeping_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, carol) = house(folder.path());
    let kind = ObjectKind::Submission;
    let waiting = ids(change(&mut engine, bob, vec![ObjectChange::add(kind, b"pending".to_vec())]))[0];
    let seen = engine.read(&Objects { account: bob, kind }).unwrap()[0].modseq;
    let send = |engine: &Engine| {
        let mut letter = letter(1, engine.put(b"Subject: x\r\n\r\n").unwrap(), vec![local(carol)]);
        let (queue_id, event) = (QueueId(7), "accepted".to_owned());
        letter.trace = vec![TraceEntry { queue_id, at: NOW, event, address: None, detail: String::new() }];
        letter.all_or_nothing = true;
        let sent = ObjectChange { unchanged_since: Some(seen), ..ObjectChange::set(kind, waiting, b"sent".to_vec()) };
        let (account, changes, then) = (bob, vec![sent], Box::new(Op::Deliver(Box::new(letter))));
        Op::WithObjects { account, changes, now: NOW, then }
    };
    let address = address("carol");
    let quota =
        |quota| Op::AccountSet { address: address.clone(), credentials: None, quota: Some(quota), pop_delete: None };
    act(&mut engine, quota(Some(1)));
    let op = send(&engine);
    assert_eq!(act(&mut engine, op.clone()), Outcome::OverQuota);
    assert_eq!(engine.read(&Objects { account: bob, kind }).unwrap()[0].value, b"pending");
    act(&mut engine, quota(None));
    assert!(
        matches!(act(&mut engine, op.clone()), Outcome::WithObjects { then, .. } if matches!(*then, Outcome::Delivered(_)))
    );
    assert_eq!(act(&mut engine, op), Outcome::Conflict, "it was sent");
    let inbox = mailbox(&engine, carol, Role::Inbox).id;
    assert_eq!(messages(&engine, carol, inbox).len(), 1);
    assert_eq!(engine.read(&TraceById { queue_id: QueueId(7) }).unwrap().len(), 1);
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

fn send_ahead(engine: &mut Engine, account: AccountId, octets: usize, at: u64) -> Outcome {
    let content = engine.put(&noise(at, octets)).unwrap();
    let kind = "application/octet-stream".to_owned();
    act(engine, Op::UploadAdd { account, content, kind, now: Time(NOW.0 + at) })
}

fn number(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Upload(id) => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_upload_is_read_by_its_account_and_becomes_an_e_mail() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, carol) = house(folder.path());
    for octets in [0, 20, 300_000] {
        let upload = number(send_ahead(&mut engine, bob, octets, 1));
        let (uploaded, stored) = engine.read(&UploadById { account: bob, upload }).unwrap().unwrap();
        assert_eq!((uploaded.octets, uploaded.kind.as_str()), (octets as u64, "application/octet-stream"));
        assert_eq!(engine.whole(&stored).unwrap(), noise(1, octets));
        assert_eq!(engine.read(&UploadById { account: carol, upload }).unwrap(), None);
        let mailboxes = vec![mailbox(&engine, bob, Role::Inbox).id, mailbox(&engine, bob, Role::Drafts).id];
        let email = EmailAdded {
            source: EmailSource::Upload(upload),
            summary: vec![],
            utf8_header: false,
            message_id: None,
            references: vec![],
            flags: Flags::default(),
            received: NOW,
            mailboxes,
        };
        let add = |account| EmailsAdd { account, emails: vec![email.clone()], unchanged_since: None, now: NOW };
        assert_eq!(act(&mut engine, Op::EmailsAdd(Box::new(add(carol)))), Outcome::Gone, "another's");
        let added = act(&mut engine, Op::EmailsAdd(Box::new(add(bob))));
        let Outcome::EmailsAdded { emails, .. } = added else { panic!("{added:?}") };
        let row = engine.read(&EmailsById { account: bob, ids: vec![emails[0].0] }).unwrap().remove(0);
        assert_eq!((row.places.len(), row.size), (2, octets as u64));
        let stored = engine.read(&StoredEmail { account: bob, email: row.id }).unwrap().unwrap();
        assert_eq!(engine.whole(&stored).unwrap(), noise(1, octets));
        assert_eq!(engine.read(&StoredEmail { account: carol, email: row.id }).unwrap(), None);
    }
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

#[test]
fn uploads_have_limits_and_the_oldest_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, carol) = house(folder.path());
    let op = |engine: &Engine, octets: u64, kind: usize| {
        // Content that is said to be longer than it is: the store counts what it is told.
        let content = store::op::Content { octets, ..engine.put(b"x").unwrap() };
        Op::UploadAdd { account: carol, content, kind: "k".repeat(kind), now: NOW }
    };
    let first = number(send_ahead(&mut engine, bob, 1, 0));
    for n in 1..UPLOADS_MAX {
        number(send_ahead(&mut engine, bob, 1, n));
    }
    assert!(engine.read(&UploadById { account: bob, upload: first }).unwrap().is_some());
    let last = number(send_ahead(&mut engine, bob, 1, 9_999));
    assert_eq!(engine.read(&UploadById { account: bob, upload: first }).unwrap(), None);
    assert!(engine.read(&UploadById { account: bob, upload: first + 1 }).unwrap().is_some());
    assert!(engine.read(&UploadById { account: bob, upload: last }).unwrap().is_some());
    let big = op(&engine, UPLOADS_OCTETS_MAX + 1, 1);
    assert_eq!(act(&mut engine, big), Outcome::Limit);
    let wordy = op(&engine, 1, UPLOAD_KIND_OCTETS_MAX + 1);
    assert_eq!(act(&mut engine, wordy), Outcome::Limit);
    let fits = op(&engine, UPLOADS_OCTETS_MAX, UPLOAD_KIND_OCTETS_MAX);
    let whole = number(act(&mut engine, fits));
    let small = number(send_ahead(&mut engine, carol, 1, 5));
    let left = |upload| engine.read(&UploadById { account: carol, upload }).map(|found| found.is_some());
    assert!(!left(whole).unwrap() && left(small).unwrap(), "there was no room for both");
    assert_eq!(send_ahead(&mut engine, AccountId(99), 1, 1), Outcome::Gone);
}

#[tokio::test]
async fn uploads_are_forgotten_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let kept = u64::try_from(UPLOAD_KEPT.as_millis()).unwrap();
    let mut numbers = Vec::new();
    for at in [0, 1] {
        let content = upload(&store, &noise(at, 20_000)).await.unwrap();
        let now = Time(NOW.0 + at);
        numbers.push(number(store.apply(Op::UploadAdd { account, content, kind: String::new(), now }).await.unwrap()));
    }
    assert_eq!(store.maintain(Time(NOW.0 + kept)).await.unwrap().uploads, 0);
    assert_eq!(store.maintain(Time(NOW.0 + kept + 1)).await.unwrap().uploads, 1);
    let mut left = Vec::new();
    for upload in numbers {
        left.push(store.read(UploadById { account, upload }).await.unwrap().is_some());
    }
    assert_eq!(left, [false, true]);
    assert_eq!(store.verify().await.unwrap().damage, vec![]);
}

#[tokio::test]
async fn a_listener_hears_of_what_is_due() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let mut due = store.watch_due();
    let changes = vec![ObjectChange { due: Some(NOW), ..ObjectChange::add(ObjectKind::Snooze, vec![]) }];
    let mut hints = store.subscribe();
    store.apply(Op::ObjectsChange { account, changes, now: NOW }).await.unwrap();
    due.changed().await.unwrap();
    assert_eq!(hints.recv().await.unwrap().account, account);
}

#[tokio::test]
async fn what_is_forgotten_of_objects_is_told_of_mail() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let since = store.read(States { account }).await.unwrap().unwrap().account;
    for change in [ObjectChange::add(KIND, vec![]), ObjectChange::remove(KIND, 1)] {
        store.apply(Op::ObjectsChange { account, changes: vec![change], now: NOW }).await.unwrap();
    }
    let later = Time(NOW.0 + u64::try_from(GONE_KEPT.as_millis()).unwrap() + 1);
    assert_eq!(store.maintain(later).await.unwrap().changes, 1);
    let objects = ObjectsSince { account, kind: KIND, since: since.into(), limit: 9 };
    assert_eq!(store.read(objects).await.unwrap(), None);
    assert_eq!(store.read(ChangesSince { account, since, limit: 9 }).await.unwrap(), Some(vec![]));
}

#[tokio::test]
async fn a_backup_holds_objects_and_uploads() {
    let folder = tempfile::tempdir().unwrap();
    let (from, copy, to) = (folder.path().join("from"), folder.path().join("copy"), folder.path().join("to"));
    let store = Store::open(&from, Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let changes = vec![ObjectChange::add(KIND, b"{}".to_vec())];
    store.apply(Op::ObjectsChange { account, changes, now: NOW }).await.unwrap();
    let content = upload(&store, &noise(1, 300_000)).await.unwrap();
    let added = store.apply(Op::UploadAdd { account, content, kind: "image/png".into(), now: NOW }).await.unwrap();
    store.backup(&copy).await.unwrap();
    assert_eq!(store::restore(&copy, &to).unwrap().verified.damage, vec![]);
    let restored = Store::open(&to, Settings::default()).unwrap();
    let find = UploadById { account, upload: number(added) };
    let (uploaded, stored) = restored.read(find).await.unwrap().unwrap();
    assert_eq!((uploaded.kind.as_str(), whole(&restored, &stored).await.unwrap()), ("image/png", noise(1, 300_000)));
    let objects = Objects { account, kind: KIND };
    assert_eq!(restored.read(objects.clone()).await.unwrap(), store.read(objects).await.unwrap());
}

#[test]
fn an_account_takes_its_objects_and_uploads_along() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, carol) = house(folder.path());
    let key = Some(b"k".to_vec());
    let due = Some(NOW);
    let keyed = ObjectChange { key: key.clone(), due, ..ObjectChange::add(KIND, vec![]) };
    change(&mut engine, bob, vec![keyed.clone()]);
    number(send_ahead(&mut engine, bob, 300_000, 1));
    act(&mut engine, Op::AccountRemove { address: address("bob") });
    assert_eq!(engine.read(&ObjectByKey { kind: KIND, key: b"k".to_vec() }).unwrap(), None);
    assert_eq!(engine.read(&NextObjectDue { kinds: vec![KIND] }).unwrap(), None);
    assert_eq!(ids(change(&mut engine, carol, vec![keyed])).len(), 1, "the key is free");
    let report = engine.verify().unwrap();
    assert_eq!((report.damage, report.blobs), (vec![], 0));
}

#[test]
fn a_damaged_object_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, bob, _) = house(folder.path());
    add(&mut engine, bob, b"{\"name\": \"alice\"}");
    let database = engine.paths().database.clone();
    drop(engine);
    let sql = rusqlite::Connection::open(&database).unwrap();
    assert_eq!(sql.execute("UPDATE object SET value = x'7b7d'", []).unwrap(), 1);
    drop(sql);
    let engine = kit::engine(folder.path());
    let damage = engine.verify().unwrap().damage;
    assert!(damage.iter().any(|one| format!("{one:?}").contains("object 1 of kind 5")), "{damage:?}");
    assert!(engine.read(&Objects { account: bob, kind: KIND }).is_err());
}
