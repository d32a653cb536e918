//! A client with a password that is good for reading: it sees everything and changes nothing.

use super::*;
use crate::login::Scope;
use wire::imap::ask::FlagChange;
use wire::imap::listing::bits;

async fn reader(house: &House) -> ImapDesk {
    let add = Request::AppPasswordAdd {
        address: address("bob"),
        name: "Archive".to_owned(),
        scope: Scope::Read,
        lasts: None,
    };
    let crate::admin::Response::AppPassword { secret, .. } = house.office.administer(NOW, add).await.unwrap() else {
        panic!("no app password");
    };
    let mut desk = house.stranger();
    let password = sasl::Secret(secret.into_bytes());
    let login = sasl::Ask::Password { authorization: None, username: "bob@hamburger.edu".to_owned(), password };
    let answer = ask(&mut desk, Ask::Login(login)).await;
    assert!(matches!(answer, Answer::Sasl(sasl::Answer::Accepted { .. })), "{answer:?}");
    desk
}

#[tokio::test]
async fn who_comes_to_read_changes_nothing() {
    let (house, mut bob) = bob().await;
    append(&mut bob, "INBOX", b"\r\nx").await;
    done(&mut bob, Ask::Create { name: name("Work"), special_use: vec![] }).await;
    let mut desk = reader(&house).await;
    let selected = select(&mut desk, "INBOX").await;
    assert_eq!((selected.listing.len(), selected.rights.letters().as_str(), selected.read_only), (1, "lr", true));
    let flags = FlagNames { system: bits::SEEN, keywords: Vec::new() };
    let store = Ask::Store { uids: vec![1..=1], change: FlagChange::Add(flags), unchanged_since: None };
    let copy = |moving| Ask::Copy { uids: vec![1..=1], to: name("Work"), moving };
    for question in [
        store,
        copy(false),
        copy(true),
        Ask::Expunge { among: None, close: false },
        Ask::Create { name: name("New"), special_use: vec![] },
        Ask::Create { name: name("Work/New"), special_use: vec![] },
        Ask::Delete(name("Work")),
        Ask::Rename { from: name("Work"), to: name("Play") },
        Ask::Subscribe { name: name("Work"), subscribed: true },
        Ask::SetMetadata { mailbox: None, entries: Vec::new() },
    ] {
        assert_eq!(refused(&mut desk, question.clone()).await, Refusal::NoPermission, "{question:?}");
    }
    assert!(append_in_place(&mut desk, "Work", &[b"\r\ny"], None).await.is_err());
    let after = select(&mut bob, "INBOX").await.listing;
    assert_eq!((after.len(), after.get(0).unwrap().flags & bits::SEEN), (1, 0));
    assert_eq!(select(&mut bob, "Work").await.listing.len(), 0);
}
