//! What the store's tests share: a house with bob in it, messages to give it, and ways to read them back.
#![allow(clippy::unwrap_used, missing_docs, dead_code, reason = "each test binary uses a part of it")]

use message::{Address, Domain, Host, Time};
use std::path::Path;
use std::sync::Arc;
use store::disk::RealDisk;
use store::op::{Content, Deliver, Delivery, Local};
use store::query::{Mailboxes, Messages, StoredMessage};
use store::types::{AccountId, Credentials, Mailbox, MailboxId, Message, QueueId, Role, Stored, Uid};
use store::{Engine, Op, Outcome, Store};

pub const NOW: Time = Time(1_700_000_000_000);
pub const PREFIX: &[u8] = b"Return-Path: <alice@hamburger.edu>\r\n";

pub fn domain(name: &str) -> Domain {
    Domain::parse(name).unwrap()
}

pub fn address(local: &str) -> Address {
    Address::new(local, Host::Domain(domain("crepes.fr")))
}

/// Octets that no compression makes fewer.
pub fn noise(seed: u64, octets: usize) -> Vec<u8> {
    let mut bytes = vec![0; octets];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

pub fn engine(folder: &Path) -> Engine {
    Engine::open(folder, Arc::new(RealDisk)).unwrap()
}

/// One operation that must not fail.
pub fn act(engine: &mut Engine, op: Op) -> Outcome {
    engine.apply_group(&[op]).remove(0).unwrap()
}

pub fn add_domain(name: &str) -> Op {
    Op::DomainAdd { domain: domain(name), now: NOW }
}

pub fn add_account(local: &str, quota: Option<u64>) -> Op {
    Op::AccountAdd { address: address(local), credentials: Credentials::default(), quota, now: NOW }
}

pub fn with_accounts(engine: &mut Engine, names: &[&str]) -> Vec<AccountId> {
    assert_eq!(act(engine, add_domain("crepes.fr")), Outcome::Done);
    let add = |name: &&str| match act(engine, add_account(name, None)) {
        Outcome::Account(account) => account,
        other => panic!("{other:?}"),
    };
    names.iter().map(add).collect()
}

pub fn local(account: AccountId) -> Local {
    let recipient = "bob@crepes.fr".to_owned();
    Local { account, role: Role::Inbox, prefix: PREFIX.to_vec(), recipient, grace: false }
}

pub fn letter(number: u16, content: Content, local: Vec<Local>) -> Deliver {
    Deliver {
        queue_id: QueueId::new(NOW, number),
        now: NOW,
        content,
        summary: b"summary".to_vec(),
        utf8_header: false,
        reverse_path: "Alice@hamburger.edu".into(),
        message_id: Some(format!("{number}@hamburger.edu")),
        references: vec![],
        local,
        remote: Vec::new(),
        trace: vec![],
        all_or_nothing: false,
    }
}

pub fn deliveries(outcome: Outcome) -> Vec<Delivery> {
    match outcome {
        Outcome::Delivered(all) => all,
        other => panic!("{other:?}"),
    }
}

/// Delivers content to one account's INBOX.
pub fn give(engine: &mut Engine, account: AccountId, number: u16, content: &[u8]) -> Uid {
    let content = engine.put(content).unwrap();
    let deliver = letter(number, content, vec![local(account)]);
    match deliveries(act(engine, Op::Deliver(Box::new(deliver)))).remove(0) {
        Delivery::Done { uid, .. } => uid,
        other => panic!("{other:?}"),
    }
}

pub fn mailboxes(engine: &Engine, account: AccountId) -> Vec<Mailbox> {
    engine.read(&Mailboxes { account }).unwrap()
}

pub fn mailbox(engine: &Engine, account: AccountId, role: Role) -> Mailbox {
    mailboxes(engine, account).into_iter().find(|mailbox| mailbox.role == Some(role)).unwrap()
}

pub fn messages(engine: &Engine, account: AccountId, mailbox: MailboxId) -> Vec<Message> {
    engine.read(&Messages { account, mailbox, from: Uid(1), limit: u32::MAX }).unwrap()
}

pub async fn inbox_of(store: &Store, account: AccountId) -> MailboxId {
    store.read(Mailboxes { account }).await.unwrap().remove(0).id
}

pub async fn stored(store: &Store, account: AccountId, uid: Uid) -> Option<Stored> {
    try_stored(store, account, uid).await.unwrap()
}

/// The same where it may be damaged.
pub async fn try_stored(store: &Store, account: AccountId, uid: Uid) -> Result<Option<Stored>, store::StoreError> {
    let mailbox = inbox_of(store, account).await;
    store.read(StoredMessage { account, mailbox, uid }).await
}

/// Prefix and content of a message, read chunk by chunk.
pub async fn whole(store: &Store, stored: &Stored) -> Result<Vec<u8>, store::StoreError> {
    let mut back = Vec::new();
    loop {
        let chunk = store.chunk(stored, back.len() as u64).await?;
        if chunk.is_empty() {
            return Ok(back);
        }
        assert!(chunk.len() <= store::FRAME_OCTETS);
        back.extend_from_slice(&chunk);
    }
}

pub async fn upload(store: &Store, content: &[u8]) -> Result<Content, store::StoreError> {
    let mut upload = store.upload();
    for piece in content.chunks(10_000) {
        upload.write(piece).await?;
    }
    upload.finish().await
}

pub async fn deliver(store: &Store, account: AccountId, number: u16, content: &[u8]) -> Result<Uid, store::StoreError> {
    let content = upload(store, content).await?;
    let deliver = letter(number, content, vec![local(account)]);
    match deliveries(store.apply(Op::Deliver(Box::new(deliver))).await?).remove(0) {
        Delivery::Done { uid, .. } => Ok(uid),
        other => panic!("{other:?}"),
    }
}

/// A store with one account.
pub async fn with_bob(store: &Store) -> AccountId {
    assert_eq!(store.apply(add_domain("crepes.fr")).await.unwrap(), Outcome::Done);
    match store.apply(add_account("Bob", None)).await.unwrap() {
        Outcome::Account(account) => account,
        other => panic!("{other:?}"),
    }
}
