//! The way of one message: in, listed, read, out.
#![allow(clippy::unwrap_used, missing_docs)]

use message::{Address, Domain, Host, Time};
use store::op::{Deliver, Delivery, Local};
use store::query::{Mailboxes, Messages, StoredMessage};
use store::types::{AccountId, Credentials, QueueId, Role, Uid};
use store::{Op, Outcome, Settings, Store};

const NOW: Time = Time(1_700_000_000_000);

fn address(local: &str) -> Address {
    Address::new(local, Host::Domain(Domain::parse("crepes.fr").unwrap()))
}

async fn with_bob(folder: &std::path::Path) -> (Store, AccountId) {
    let store = Store::open(folder, Settings::default()).unwrap();
    let domain = Domain::parse("crepes.fr").unwrap();
    assert_eq!(store.apply(Op::DomainAdd { domain, now: NOW }).await.unwrap(), Outcome::Done);
    let credentials = Credentials::default();
    let add = Op::AccountAdd { address: address("Bob"), credentials, quota: None, now: NOW };
    let Outcome::Account(account) = store.apply(add).await.unwrap() else { panic!("no account") };
    (store, account)
}

async fn deliver(store: &Store, account: AccountId, content: &[u8]) -> Delivery {
    let mut upload = store.upload();
    for piece in content.chunks(10_000) {
        upload.write(piece).await.unwrap();
    }
    let deliver = Deliver {
        queue_id: QueueId::new(NOW, 7),
        now: NOW,
        content: upload.finish().await.unwrap(),
        summary: b"summary".to_vec(),
        utf8_header: false,
        reverse_path: "alice@hamburger.edu".into(),
        message_id: Some("1@hamburger.edu".into()),
        references: vec![],
        local: vec![Local {
            account,
            role: Role::Inbox,
            prefix: b"Return-Path: <alice@hamburger.edu>\r\n".to_vec(),
            recipient: "bob@crepes.fr".into(),
            grace: false,
        }],
        remote: None,
        trace: vec![],
        all_or_nothing: false,
    };
    match store.apply(Op::Deliver(Box::new(deliver))).await.unwrap() {
        Outcome::Delivered(mut all) => all.pop().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn noise(octets: usize) -> Vec<u8> {
    let mut bytes = vec![0; octets];
    blake3::Hasher::new().update(&octets.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

#[tokio::test]
async fn a_message_goes_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let (store, account) = with_bob(folder.path()).await;
    let inbox = store.read(Mailboxes { account }).await.unwrap()[0].id;
    for (uid, octets) in (1..).zip([0, 1, 8_000, 8_192, 8_193, 262_144, 262_145, 1_000_000]) {
        let content = noise(octets);
        let Delivery::Done { uid: given, .. } = deliver(&store, account, &content).await else { panic!("refused") };
        assert_eq!(given, Uid(uid));
        let stored = StoredMessage { account, mailbox: inbox, uid: given };
        let stored = store.read(stored).await.unwrap().unwrap();
        let mut back = Vec::new();
        loop {
            let chunk = store.chunk(&stored, back.len() as u64).await.unwrap();
            if chunk.is_empty() {
                break;
            }
            back.extend_from_slice(&chunk);
        }
        assert_eq!(back.len() as u64, stored.size);
        assert_eq!(back, [b"Return-Path: <alice@hamburger.edu>\r\n", content.as_slice()].concat());
    }
    let list = Messages { account, mailbox: inbox, from: Uid(2), limit: 100 };
    assert_eq!(store.read(list).await.unwrap().len(), 7);
    let uids = (1..=8).map(Uid).collect();
    let expunge = Op::Expunge { account, mailbox: inbox, uids, now: NOW };
    assert_eq!(store.apply(expunge).await.unwrap(), Outcome::Removed(8));
    assert_eq!(store.read(Mailboxes { account }).await.unwrap()[0].total, 0);
    store.close();
}
