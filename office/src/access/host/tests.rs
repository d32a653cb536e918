#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::admin;
use crate::inbound::tests::{House, NOW, address, house};
use message::flag_bits;
use wire::host::{Email, Flags, Letter, Octets};

const LETTER: &[u8] = b"From: bob@hamburger.edu\r\nTo: carol@hamburger.edu\r\nSubject: Ketchup\r\n\
    Message-ID: <k@hamburger.edu>\r\n\r\nDo you like it?\r\n";

async fn ask(desk: &mut HostDesk, request: Request) -> Answer {
    desk.answer(NOW, request).await.unwrap()
}

async fn bob(house: &House) -> HostDesk {
    let carol = admin::Request::AccountAdd { address: address("carol@hamburger.edu"), password: None, quota: None };
    house.office.administer(NOW, carol).await.unwrap();
    let mut desk = house.office.host();
    assert_eq!(desk.open("bob").await.unwrap(), Answer::Open { address: "bob@hamburger.edu".to_owned() });
    desk
}

async fn folder(desk: &mut HostDesk, path: &str) -> i64 {
    let Answer::Folders { folders } = ask(desk, Request::Folders).await else { panic!("no folders") };
    folders.iter().find(|folder| folder.path == path).unwrap().id
}

async fn keep(desk: &mut HostDesk, folder: i64, content: &[u8]) -> i64 {
    ask(desk, Request::Begin { octets: content.len() as u64 }).await;
    for piece in content.chunks(50) {
        ask(desk, Request::Piece { octets: Octets(piece.to_vec()) }).await;
    }
    let flags = Flags { bits: flag_bits::DRAFT, keywords: vec!["$Later".to_owned()] };
    match ask(desk, Request::Append { folder, flags, received: NOW }).await {
        Answer::Found { id: Some(id) } => id,
        other => panic!("{other:?}"),
    }
}

async fn look(desk: &mut HostDesk, id: i64) -> Option<Email> {
    match ask(desk, Request::Look { ids: vec![id], headers: true }).await {
        Answer::Emails { mut emails, left } if left.is_empty() => emails.pop(),
        other => panic!("{other:?}"),
    }
}

async fn state(desk: &mut HostDesk) -> String {
    match ask(desk, Request::State).await {
        Answer::State { state } => state,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_kept_is_listed_read_flagged_moved_and_destroyed() {
    let house = house().await;
    let mut desk = bob(&house).await;
    let (inbox, trash) = (folder(&mut desk, "INBOX").await, folder(&mut desk, "Trash").await);
    let before = state(&mut desk).await;
    let id = keep(&mut desk, inbox, LETTER).await;
    let news = ask(&mut desk, Request::Since { state: before.clone() }).await;
    assert!(matches!(&news, Answer::News { changed, gone, more: false, .. } if *changed == [id] && gone.is_empty()));
    assert_eq!(ask(&mut desk, Request::List { after: None }).await, Answer::Page { ids: vec![id], next: None });
    let email = look(&mut desk, id).await.unwrap();
    assert_eq!((email.folders, email.size), (vec![inbox], LETTER.len() as u64));
    assert_eq!(email.flags, Flags { bits: flag_bits::DRAFT, keywords: vec!["$later".to_owned()] });
    assert_eq!(email.header.unwrap().0, LETTER.split_at(LETTER.len() - 17).0);
    let content = ask(&mut desk, Request::Read { id, from: 10 }).await;
    assert_eq!(content, Answer::Content { octets: Octets(LETTER[10..].to_vec()), size: LETTER.len() as u64 });
    let find = Request::Find { folder: inbox, message_id: "k@hamburger.edu".to_owned(), size: LETTER.len() as u64 };
    assert_eq!(ask(&mut desk, find).await, Answer::Found { id: Some(id) });

    let none = || Answer::Missing { ids: Vec::new() };
    let seen = Flags { bits: flag_bits::SEEN, keywords: Vec::new() };
    let remove = Flags { bits: flag_bits::DRAFT, keywords: vec!["$LATER".to_owned()] };
    assert_eq!(ask(&mut desk, Request::Flag { ids: vec![id], add: seen.clone(), remove }).await, none());
    assert_eq!(look(&mut desk, id).await.unwrap().flags, seen);
    assert_eq!(ask(&mut desk, Request::Move { ids: vec![id], from: inbox, to: trash }).await, none());
    let again = ask(&mut desk, Request::Move { ids: vec![id], from: inbox, to: trash }).await;
    assert_eq!(again, Answer::Missing { ids: vec![id] }, "it is not there to be moved");
    assert_eq!(look(&mut desk, id).await.unwrap().folders, [trash]);
    ask(&mut desk, Request::Copy { ids: vec![id], to: inbox }).await;
    ask(&mut desk, Request::Destroy { ids: vec![id], from: trash }).await;
    assert_eq!(look(&mut desk, id).await.unwrap().folders, [inbox]);
    ask(&mut desk, Request::Destroy { ids: vec![id], from: inbox }).await;
    assert_eq!(look(&mut desk, id).await, None);
    let news = ask(&mut desk, Request::Since { state: before }).await;
    assert!(matches!(&news, Answer::News { changed, .. } if changed.is_empty()), "{news:?}");
}

#[tokio::test]
async fn folders_are_made_renamed_and_deleted() {
    let house = house().await;
    let mut desk = bob(&house).await;
    let create = || Request::CreateFolder { path: "Work/Deep".to_owned(), role: None };
    let Answer::Folder { id } = ask(&mut desk, create()).await else { panic!("no folder") };
    assert_eq!(ask(&mut desk, create()).await, Answer::Folder { id }, "one that is there is as good");
    ask(&mut desk, Request::RenameFolder { folder: id, path: "Play".to_owned() }).await;
    assert_eq!(folder(&mut desk, "Play").await, id);
    assert_eq!(ask(&mut desk, Request::DeleteFolder { folder: id }).await, Answer::Done);
    assert_eq!(ask(&mut desk, Request::DeleteFolder { folder: id }).await, Answer::Done);
    let inbox = folder(&mut desk, "INBOX").await;
    for wrong in [
        Request::RenameFolder { folder: inbox, path: "Outbox".to_owned() },
        Request::DeleteFolder { folder: inbox },
        Request::CreateFolder { path: "a//b".to_owned(), role: None },
        Request::CreateFolder { path: "a".repeat(wire::host::PATH_MAX + 1), role: None },
    ] {
        assert!(desk.answer(NOW, wrong.clone()).await.is_err(), "{wrong:?}");
    }
}

fn posted(recipients: &[&str]) -> Letter {
    Letter {
        ticket: "letter 1".to_owned(),
        posted: NOW,
        reverse_path: "bob@hamburger.edu".to_owned(),
        recipients: recipients.iter().map(|name| (*name).to_owned()).collect(),
        octets: LETTER.len() as u64,
    }
}

#[tokio::test]
async fn a_letter_reaches_a_neighbour_once_however_often_it_is_handed_over() {
    let house = house().await;
    let mut desk = bob(&house).await;
    let letter = posted(&["carol@hamburger.edu", "nobody@hamburger.edu", "no address"]);
    let Answer::Sending { taken: false, refused, .. } = ask(&mut desk, Request::Post(letter.clone())).await else {
        panic!("it was not to be taken yet");
    };
    let names: Vec<_> = refused.iter().map(|refusal| (refusal.recipient.as_str(), refusal.for_good)).collect();
    assert_eq!(names, [("nobody@hamburger.edu", true), ("no address", true)]);
    assert!(desk.answer(NOW, Request::Send).await.is_err(), "nothing of it has come");
    for _ in 0..2 {
        if let Answer::Sending { taken: false, .. } = ask(&mut desk, Request::Post(letter.clone())).await {
            ask(&mut desk, Request::Piece { octets: Octets(LETTER.to_vec()) }).await;
            ask(&mut desk, Request::Send).await;
        }
    }
    let mut carol = house.office.host();
    carol.open("carol@hamburger.edu").await.unwrap();
    let Answer::Page { ids, .. } = ask(&mut carol, Request::List { after: None }).await else { panic!("no page") };
    assert_eq!(ids.len(), 1);
    let Answer::Content { octets, .. } = ask(&mut carol, Request::Read { id: ids[0], from: 0 }).await else {
        panic!("no content");
    };
    assert!(octets.0.ends_with(LETTER));
}

#[tokio::test]
async fn a_letter_of_a_clock_that_is_ahead_is_known_again() {
    let house = house().await;
    let mut desk = bob(&house).await;
    let day = Duration::from_secs(24 * 60 * 60);
    let name = async |desk: &mut HostDesk, posted: Time, now: Time| {
        let letter = Letter { posted, ..posted_to_carol() };
        match desk.answer(now, Request::Post(letter)).await.unwrap() {
            Answer::Sending { name, .. } => name,
            other => panic!("{other:?}"),
        }
    };
    let (at, later) = (NOW.after(day), NOW.after(Duration::from_secs(1)));
    assert_eq!(name(&mut desk, at, NOW).await, name(&mut desk, at, later).await);
    let past = NOW.after(day * 2);
    assert_ne!(name(&mut desk, past, NOW).await, name(&mut desk, past, later).await, "that is no clock");
}

fn posted_to_carol() -> Letter {
    posted(&["carol@hamburger.edu"])
}

#[tokio::test]
async fn nobody_sends_in_anothers_name_nor_more_than_was_said() {
    let house = house().await;
    let mut desk = bob(&house).await;
    let letter = Letter { reverse_path: "carol@hamburger.edu".to_owned(), ..posted(&["carol@hamburger.edu"]) };
    assert!(desk.answer(NOW, Request::Post(letter)).await.is_err());
    ask(&mut desk, Request::Post(posted(&["carol@hamburger.edu"]))).await;
    let longer = [LETTER, b"."].concat();
    assert!(desk.answer(NOW, Request::Piece { octets: Octets(longer) }).await.is_err());
    ask(&mut desk, Request::Post(posted(&["carol@hamburger.edu"]))).await;
    let bare = [&LETTER[..LETTER.len() - 2], b"\nx"].concat();
    assert!(desk.answer(NOW, Request::Piece { octets: Octets(bare) }).await.is_err());
    let most = house.office.message_size();
    assert_eq!(ask(&mut desk, Request::Begin { octets: most }).await, Answer::Done);
    assert!(desk.answer(NOW, Request::Begin { octets: most + 1 }).await.is_err());
    let many = |count: usize| Request::Look { ids: vec![1; count], headers: false };
    assert!(desk.answer(NOW, many(EMAILS_MAX)).await.is_ok());
    assert!(desk.answer(NOW, many(EMAILS_MAX + 1)).await.is_err());
}

#[tokio::test]
async fn who_waits_hears_of_what_comes_and_pages_end() {
    let house = house().await;
    let mut desk = bob(&house).await;
    let mut other = house.office.host();
    other.open("bob").await.unwrap();
    let inbox = folder(&mut desk, "INBOX").await;
    let known = state(&mut desk).await;
    let wait = Request::Wait { state: known.clone(), milliseconds: WAIT_MAX_MS };
    let (heard, _) = tokio::join!(other.answer(NOW, wait), keep(&mut desk, inbox, LETTER));
    assert_ne!(heard.unwrap(), Answer::State { state: known });
    let now = state(&mut desk).await;
    let soon = Request::Wait { state: now.clone(), milliseconds: 1 };
    assert_eq!(ask(&mut desk, soon).await, Answer::State { state: now });
    assert!(house.office.host().answer(NOW, Request::State).await.is_err(), "no account is open");
    assert!(house.office.host().open("nobody").await.is_err());
}
