#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "damages files")]
use super::*;
use crate::op::{Op, Outcome};
use crate::types::Credentials;
use crate::{Settings, engine::Paths};
use message::{Address, Domain, Time};
use std::path::Path;

fn digest(text: &str, grams: &[u32]) -> Digest {
    Digest { columns: [text, "", "", "", ""].map(str::to_owned), grams: Some(grams.to_vec()) }
}

async fn house(folder: &Path) -> (Store, AccountId) {
    let store = Store::open(folder, Settings::default()).unwrap();
    let domain = Domain::parse("hamburger.edu").unwrap();
    store.apply(Op::DomainAdd { domain, now: Time(1) }).await.unwrap();
    let address = Address::parse("bob@hamburger.edu").unwrap();
    let add = Op::AccountAdd { address, credentials: Credentials::default(), quota: None, now: Time(1) };
    let Outcome::Account(account) = store.apply(add).await.unwrap() else { panic!("no account") };
    (store, account)
}

/// Adds e-mails from `first` on, `count` of them, each with the gram of its number and gram 7.
async fn add(store: &Store, account: AccountId, first: i64, count: i64) {
    let digests = (first..first + count).map(|n| (EmailId(n), digest(&format!("T{n}"), &[7, 1000 + n as u32])));
    store.index_add(account, digests.collect(), EmailId(first + count - 1)).await.unwrap();
}

/// E-mails that may have all of some grams.
async fn having(store: &Store, account: AccountId, grams: &'static [u32]) -> Vec<u64> {
    let found = store.in_index(move |blocks| {
        let mut all = Vec::new();
        for range in blocks.of(account)? {
            let having = blocks.having(range.id, grams)?;
            let emails = blocks.emails(range.id)?.unwrap();
            all.extend(emails.iter().enumerate().filter(|(at, _)| having.has(*at)).map(|(_, email)| *email));
        }
        Ok(all)
    });
    found.await.unwrap().unwrap()
}

#[tokio::test]
async fn grams_lead_to_messages_however_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let (store, account) = house(folder.path()).await;
    assert_eq!(store.indexed(account).await.unwrap(), Some(EmailId(0)));
    let mut next = 1;
    for count in [1, 1, 1, 5, 40, 2, 1] {
        add(&store, account, next, count).await;
        next += count;
    }
    assert_eq!(store.indexed(account).await.unwrap(), Some(EmailId(51)));
    assert_eq!(having(&store, account, &[7]).await, (1..=51).collect::<Vec<_>>());
    assert_eq!(having(&store, account, &[7, 1003]).await, [3]);
    assert_eq!(having(&store, account, &[1003, 1004]).await, [0; 0]);
    assert_eq!(having(&store, account, &[6]).await, [0; 0]);
    // What comes twice counts once.
    add(&store, account, 40, 12).await;
    assert_eq!(having(&store, account, &[7]).await.len(), 51);
    let blocks = store.in_index(move |blocks| blocks.of(account)).await.unwrap().unwrap();
    assert!(blocks.len() < 5, "small blocks are joined: {blocks:?}");
    let texts = store.in_index(move |blocks| Ok(blocks.column(blocks.of(account)?[0].id, 0)?.of(1).to_vec()));
    assert_eq!(texts.await.unwrap().unwrap(), b"T2");
}

#[tokio::test]
async fn blocks_end_at_their_messages() {
    let folder = tempfile::tempdir().unwrap();
    let (store, account) = house(folder.path()).await;
    let count = BLOCK_MESSAGES as i64;
    add(&store, account, 1, count + 1).await;
    let ranges = store.in_index(move |blocks| blocks.of(account)).await.unwrap().unwrap();
    let ends: Vec<_> = ranges.iter().map(|range| (range.first.0, range.last.0)).collect();
    assert_eq!(ends, [(1, count), (count + 1, count + 1)]);
}

#[tokio::test]
async fn a_message_of_unknown_grams_may_have_any() {
    let folder = tempfile::tempdir().unwrap();
    let (store, account) = house(folder.path()).await;
    let open = Digest { grams: None, ..Digest::default() };
    let digests = vec![(EmailId(1), digest("", &[5])), (EmailId(2), open), (EmailId(4), digest("", &[6]))];
    store.index_add(account, digests, EmailId(9)).await.unwrap();
    assert_eq!(having(&store, account, &[5]).await, [1, 2]);
    assert_eq!(having(&store, account, &[77]).await, [2]);
    assert_eq!(store.indexed(account).await.unwrap(), Some(EmailId(9)));
}

#[tokio::test]
async fn it_is_there_the_next_time_unless_the_mail_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let (store, account) = house(folder.path()).await;
    add(&store, account, 1, 3).await;
    store.close();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(store.indexed(account).await.unwrap(), Some(EmailId(3)));
    // A copy of the mail from before, put in the place of the newer.
    let copy = tempfile::tempdir().unwrap();
    let before = copy.path().join("before");
    store.backup(&before).await.unwrap();
    let create = Op::MailboxSubscribe { account, mailbox: crate::types::MailboxId(1), subscribed: false };
    store.apply(create).await.unwrap();
    add(&store, account, 4, 1).await;
    store.close();
    std::fs::copy(Paths::of(&before).database, Paths::of(folder.path()).database).unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(store.indexed(account).await.unwrap(), Some(EmailId(0)));
    assert_eq!(having(&store, account, &[7]).await, [0; 0]);
}

#[tokio::test]
async fn what_cannot_be_read_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (store, account) = house(folder.path()).await;
    add(&store, account, 1, 3).await;
    let index = store.paths().index.clone();
    store.close();
    std::fs::write(&index, b"nonsense").unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(store.indexed(account).await.unwrap(), Some(EmailId(0)));
    add(&store, account, 1, 3).await;
    // A bit that turned is noticed, and nothing is said.
    let sql = rusqlite::Connection::open(&index).unwrap();
    sql.execute("UPDATE gram_page SET octets = zeroblob(length(octets))", []).unwrap();
    let asked = store.in_index(move |blocks| blocks.having(blocks.of(account)?[0].id, &[7]));
    assert_eq!(asked.await.unwrap(), None);
}
