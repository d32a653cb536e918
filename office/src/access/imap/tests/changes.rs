//! Changing messages and mailboxes.

use super::*;
use message::search::{Key, Order, Program};
use wire::imap::ask::{FlagChange, QuotaOf, QuotaResource, SpecialUse};
use wire::imap::listing::{Listing, bits};

fn names(system: u64, keywords: &[&str]) -> FlagNames {
    FlagNames { system, keywords: keywords.iter().map(|keyword| (*keyword).to_owned()).collect() }
}

async fn flag(desk: &mut ImapDesk, uids: Uids, change: FlagChange, unchanged_since: Option<u64>) -> Uids {
    match ask(desk, Ask::Store { uids, change, unchanged_since }).await {
        Answer::Stored { modified, .. } => modified,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn flags_change_and_others_see_it() {
    let (house, mut desk) = bob().await;
    for _ in 0..3 {
        append(&mut desk, "INBOX", b"\r\nx").await;
    }
    let before = select(&mut desk, "INBOX").await.listing;
    let mut other = house.desk("bob").await;
    select(&mut other, "INBOX").await;
    let change = FlagChange::Add(names(bits::SEEN, &["$Work"]));
    assert!(flag(&mut desk, vec![2..=9], change, None).await.is_empty());
    let after = sync(&mut other).await.listing.unwrap();
    let bit = after.head().keywords.bit("$work").unwrap();
    let flags: Vec<u64> = after.rows(0..3).map(|row| row.flags).collect();
    assert_eq!(flags, [0, bits::SEEN | bit, bits::SEEN | bit]);
    // RFC 7162 §3.1.3
    let since = before.head().highest_modseq;
    let modified = flag(&mut desk, vec![1..=3], FlagChange::Replace(names(bits::FLAGGED, &[])), Some(since)).await;
    assert_eq!(modified, [2..=3]);
    let now = sync(&mut desk).await.listing.unwrap();
    assert_eq!(now.get(0).unwrap().flags, bits::FLAGGED);
    let theirs = sync(&mut other).await.listing.unwrap();
    assert!(Arc::ptr_eq(&now, &theirs), "both have the same listing");
}

/// RFC 7162 §3.1.3 holds for each message, whichever piece it is in.
#[tokio::test]
async fn many_messages_change_in_pieces() {
    let (house, mut desk) = bob().await;
    append(&mut desk, "INBOX", b"\r\nx").await;
    // Who was told of one message when there are many.
    let mut late = house.desk("bob").await;
    select(&mut late, "INBOX").await;
    let mut since = select(&mut desk, "INBOX").await.listing;
    while since.len() < 20_002 {
        let copy = Ask::Copy { uids: vec![1..=20_002 - since.len()], to: name("INBOX"), moving: false };
        let Answer::Copied { listing, .. } = ask(&mut desk, copy).await else { panic!() };
        since = listing;
    }
    let (last, highest) = (since.last_uid(), since.head().highest_modseq);
    flag(&mut desk, vec![7..=7, last..=last], FlagChange::Add(names(bits::SEEN, &[])), None).await;
    let delete = FlagChange::Add(names(bits::DELETED, &[]));
    assert_eq!(flag(&mut late, vec![1..=u32::MAX], delete, Some(highest)).await, [7..=7, last..=last]);
    let listing = sync(&mut desk).await.listing.unwrap();
    assert_eq!(listing.rows(0..listing.len()).filter(|row| row.flags == bits::DELETED).count(), 20_000);
    let modseqs = |listing: &Listing| {
        let changed = listing.rows(0..listing.len()).filter(|row| row.flags == bits::DELETED);
        changed.map(|row| row.modseq).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!(modseqs(&listing), 2, "others get on in between");
    let moving = |to, moving| Ask::Copy { uids: vec![1..=u32::MAX], to: name(to), moving };
    select(&mut late, "Archive").await;
    let Answer::Copied { from, to, .. } = ask(&mut desk, moving("Archive", true)).await else { panic!() };
    assert_eq!((from, to), (vec![1..=last], vec![1..=last]));
    assert_eq!(modseqs(&select(&mut desk, "Archive").await.listing), 2);
    assert!(matches!(ask(&mut desk, moving("Trash", false)).await, Answer::Copied { .. }));
    let copies = select(&mut desk, "Trash").await.listing;
    assert_eq!(modseqs(&copies), 1, "a copy is of all or of none");
    let Answer::Expunged { listing } = ask(&mut late, Ask::Expunge { among: None, close: false }).await else {
        panic!()
    };
    assert_eq!(listing.rows(0..9).map(|row| row.uid).collect::<Vec<_>>(), [7, last]);
    assert_eq!(listing.head().highest_modseq - copies.head().highest_modseq, 5);
}

#[tokio::test]
async fn only_what_is_marked_is_expunged() {
    let (_house, mut desk) = bob().await;
    for _ in 0..4 {
        append(&mut desk, "INBOX", b"\r\nx").await;
    }
    let since = select(&mut desk, "INBOX").await.listing.head().highest_modseq;
    flag(&mut desk, vec![1..=3], FlagChange::Add(names(bits::DELETED, &[])), None).await;
    let expunge = Ask::Expunge { among: Some(vec![2..=4]), close: false };
    let Answer::Expunged { listing } = ask(&mut desk, expunge).await else { panic!() };
    assert_eq!(listing.rows(0..9).map(|row| row.uid).collect::<Vec<_>>(), [1, 4]);
    let vanished = Ask::Vanished { since, among: vec![1..=2, 4..=9] };
    let Answer::Vanished(uids) = ask(&mut desk, vanished).await else { panic!() };
    assert_eq!(uids, [2..=2]);
    let Answer::Expunged { .. } = ask(&mut desk, Ask::Expunge { among: None, close: true }).await else { panic!() };
    assert_eq!(refused(&mut desk, Ask::Expunge { among: None, close: false }).await, Refusal::NonExistent);
    assert_eq!(select(&mut desk, "INBOX").await.listing.len(), 1);
}

#[tokio::test]
async fn nothing_changes_through_a_mailbox_opened_to_read() {
    let (_house, mut desk) = bob().await;
    append(&mut desk, "INBOX", b"\r\nx").await;
    let answer = ask(&mut desk, Ask::Select { name: name("INBOX"), read_only: true }).await;
    let Answer::Selected(selected) = answer else { panic!("{answer:?}") };
    assert!(selected.read_only && selected.recent == [1..=1]);
    let change = FlagChange::Add(names(bits::SEEN, &[]));
    let store = Ask::Store { uids: vec![1..=1], change, unchanged_since: None };
    assert_eq!(refused(&mut desk, store).await, Refusal::NoPermission);
    assert_eq!(refused(&mut desk, Ask::Expunge { among: None, close: false }).await, Refusal::NoPermission);
    let copy = |moving| Ask::Copy { uids: vec![1..=1], to: name("Trash"), moving };
    assert_eq!(refused(&mut desk, copy(true)).await, Refusal::NoPermission);
    assert!(matches!(ask(&mut desk, copy(false)).await, Answer::Copied { .. }));
    assert_eq!(select(&mut desk, "INBOX").await.recent, [1..=1], "looking takes nothing from who comes after");
}

#[tokio::test]
async fn messages_move_and_their_pairs_are_told() {
    let (_house, mut desk) = bob().await;
    for _ in 0..4 {
        append(&mut desk, "INBOX", b"\r\nx").await;
    }
    append(&mut desk, "Archive", b"\r\ny").await;
    select(&mut desk, "INBOX").await;
    let copy = Ask::Copy { uids: vec![1..=2, 4..=4], to: name("Archive"), moving: true };
    let Answer::Copied { from, to, listing, .. } = ask(&mut desk, copy).await else { panic!() };
    assert_eq!((from, to, listing.len()), (vec![1..=2, 4..=4], vec![2..=4], 1));
    let nowhere = Ask::Copy { uids: vec![3..=3], to: name("Nowhere"), moving: false };
    assert_eq!(refused(&mut desk, nowhere).await, Refusal::NonExistent);
    assert_eq!(select(&mut desk, "Archive").await.listing.len(), 4);
}

#[tokio::test]
async fn several_messages_come_together_or_not_at_all() {
    let (_house, mut desk) = bob().await;
    assert_eq!(append_all(&mut desk, "INBOX", &[b"\r\na", b"\r\nb", b"\r\nc"]).await, Ok(vec![1..=3]));
    done(&mut desk, Ask::Append(AppendStep::Begin { mailbox: name("INBOX"), replaces: None })).await;
    let octets = 51 << 20;
    let message = AppendStep::Message { flags: FlagNames::default(), date: None, octets };
    assert_eq!(refused(&mut desk, Ask::Append(message)).await, Refusal::TooBig(50 << 20));
    done(&mut desk, Ask::Append(AppendStep::Abort)).await;
    select(&mut desk, "INBOX").await;
    assert_eq!(append_in_place(&mut desk, "INBOX", &[b"\r\nd"], Some(2)).await, Ok(vec![4..=4]));
    let listing = sync(&mut desk).await.listing.unwrap();
    assert_eq!(listing.rows(0..9).map(|row| row.uid).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(append_in_place(&mut desk, "INBOX", &[b"\r\ne"], Some(2)).await, Err(Refusal::Gone));
    assert_eq!(append_all(&mut desk, "Nowhere", &[b"\r\nd"]).await, Err(Refusal::NonExistent));
}

/// RFC 3516 §4.4: a part with NUL is made base64, and what that makes longer must have room; what cannot be is refused.
#[tokio::test]
async fn nul_is_cured_or_refused() {
    let house = house().await;
    house.account("bob", Some(2_000)).await;
    let mut desk = house.desk("bob").await;
    let header = "Content-Transfer-Encoding: binary\r\n";
    for (content, expected) in [
        (format!("{header}\r\nx\0y"), Ok(vec![1..=1])),
        (format!("{header}Subject: x\0y\r\n\r\nx"), Err(Refusal::UnknownCte)),
        (format!("{header}Subject: x\0y\r\n\r\nx\0y"), Err(Refusal::UnknownCte)),
        ("Content-Transfer-Encoding: base64\r\n\r\neA\0==".to_owned(), Err(Refusal::UnknownCte)),
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n\0\r\n--b\r\n\r\nx\r\n--b--".to_owned(),
            Err(Refusal::UnknownCte),
        ),
    ] {
        assert_eq!(append_all(&mut desk, "INBOX", &[content.as_bytes()]).await, expected, "{content:?}");
        done(&mut desk, Ask::Append(AppendStep::Abort)).await;
    }
    let listing = select(&mut desk, "INBOX").await.listing;
    assert_eq!(listing.len(), 1);
    let content = format!("{header}\r\n{}", "\0".repeat(1_700));
    let octets = content.len() as u64;
    done(&mut desk, Ask::Append(AppendStep::Begin { mailbox: name("INBOX"), replaces: None })).await;
    done(&mut desk, Ask::Append(AppendStep::Message { flags: FlagNames::default(), date: None, octets })).await;
    desk.content(content.as_bytes()).await;
    assert_eq!(refused(&mut desk, Ask::Append(AppendStep::End)).await, Refusal::OverQuota);
}

#[tokio::test]
async fn a_full_account_takes_no_more() {
    let house = house().await;
    house.account("bob", Some(10_240)).await;
    let mut desk = house.desk("bob").await;
    append(&mut desk, "INBOX", &[b'x'; 10_000]).await;
    let quota = Ask::Quota(QuotaOf::Mailbox(name("INBOX")));
    let Answer::Quotas(roots) = ask(&mut desk, quota).await else { panic!() };
    assert_eq!(roots[0].name, "bob@hamburger.edu");
    assert_eq!(roots[0].resources, [(QuotaResource::Storage, 10, 10)]);
    assert_eq!(append_all(&mut desk, "INBOX", &[&[b'x'; 241]]).await, Err(Refusal::OverQuota));
    assert_eq!(append_all(&mut desk, "INBOX", &[&[b'x'; 240]]).await, Ok(vec![2..=2]));
    let foreign = Ask::Quota(QuotaOf::Root("eve@hamburger.edu".to_owned()));
    assert_eq!(refused(&mut desk, foreign).await, Refusal::NonExistent);
}

#[tokio::test]
async fn mailboxes_are_made_renamed_and_removed() {
    let (_house, mut desk) = bob().await;
    let create = |text: &str, special_use: Vec<SpecialUse>| Ask::Create { name: name(text), special_use };
    done(&mut desk, create("a/b/c", vec![])).await;
    assert_eq!(refused(&mut desk, create("a/b", vec![])).await, Refusal::AlreadyExists);
    assert_eq!(refused(&mut desk, create("d", vec![SpecialUse::Sent])).await, Refusal::UseAttribute);
    assert_eq!(refused(&mut desk, create("d", vec![SpecialUse::All])).await, Refusal::UseAttribute);
    assert_eq!(refused(&mut desk, create("Other Users/bob", vec![])).await, Refusal::NonExistent);
    append(&mut desk, "a/b", b"\r\nx").await;
    let rename = |from: &str, to: &str| Ask::Rename { from: name(from), to: name(to) };
    done(&mut desk, rename("a", "z/y")).await;
    assert_eq!(refused(&mut desk, rename("z", "z/y/x")).await, Refusal::Cannot);
    assert_eq!(refused(&mut desk, rename("a", "q")).await, Refusal::NonExistent);
    assert_eq!(select(&mut desk, "z/y/b").await.listing.len(), 1);
    done(&mut desk, Ask::Subscribe { name: name("z/y/b"), subscribed: true }).await;
    done(&mut desk, Ask::Subscribe { name: name("gone"), subscribed: true }).await;
    done(&mut desk, Ask::Delete(name("z/y/b"))).await;
    assert_eq!(refused(&mut desk, Ask::Delete(name("z/y/b"))).await, Refusal::HasChildren);
    assert_eq!(refused(&mut desk, Ask::Delete(name("INBOX"))).await, Refusal::Cannot);
    assert_eq!(sync(&mut desk).await.listing.map(|listing| listing.len()), None, "the selected mailbox is gone");
    let listed = folders(&mut desk).await;
    let find = |text: &str| listed.iter().find(|folder| folder.name == name(text)).unwrap();
    assert!(find("z").selectable && !find("z/y/b").selectable && find("z/y/b/c").selectable);
    assert!(!find("gone").exists && find("gone").subscribed);
    assert_eq!(find("Sent").special_use, [SpecialUse::Sent]);
    done(&mut desk, create("z/y/b", vec![])).await;
    assert_eq!(select(&mut desk, "z/y/b").await.listing.len(), 0);
}

#[tokio::test]
async fn a_mailbox_made_again_is_another_to_who_had_it_open() {
    let (house, mut desk) = bob().await;
    let mut other = house.desk("bob").await;
    let create = |text: &str| Ask::Create { name: name(text), special_use: vec![] };
    done(&mut desk, create("a/b")).await;
    append_all(&mut desk, "a", &[b"\r\nx", b"\r\ny"]).await.unwrap();
    let before = select(&mut desk, "a").await;
    assert_eq!(before.recent, [1..=2]);
    done(&mut other, Ask::Delete(name("a"))).await;
    done(&mut other, create("a")).await;
    append(&mut other, "a", b"\r\nz").await;
    assert!(sync(&mut desk).await.listing.is_none());
    let after = select(&mut desk, "a").await;
    assert_ne!(after.listing.head().uid_validity, before.listing.head().uid_validity);
    assert_eq!((after.listing.len(), after.recent.len()), (1, 1));
}

#[tokio::test]
async fn the_messages_of_inbox_move_when_it_is_renamed() {
    let (_house, mut desk) = bob().await;
    append(&mut desk, "INBOX", b"\r\nx").await;
    done(&mut desk, Ask::Rename { from: name("INBOX"), to: name("old") }).await;
    assert_eq!(select(&mut desk, "INBOX").await.listing.len(), 0);
    assert_eq!(select(&mut desk, "old").await.listing.len(), 1);
}

#[tokio::test]
async fn figures_count_what_is_there() {
    let (_house, mut desk) = bob().await;
    append_all(&mut desk, "INBOX", &[b"\r\na", b"\r\nbb", b"\r\nccc"]).await.unwrap();
    let question = Ask::Status { names: vec![name("INBOX"), name("nowhere")], costly: true };
    let Answer::Statuses(found) = ask(&mut desk, question.clone()).await else { panic!() };
    let [Ok(status), Err(Refusal::NonExistent)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((status.messages, status.unseen, status.recent, status.octets), (3, 3, 3, 12));
    let selected = select(&mut desk, "INBOX").await;
    assert_eq!((status.mailbox_id, selected.recent), (selected.listing.head().mailbox, vec![1..=3]));
    flag(&mut desk, vec![2..=3], FlagChange::Add(names(bits::DELETED | bits::SEEN, &[])), None).await;
    let Answer::Statuses(found) = ask(&mut desk, question).await else { panic!() };
    let status = found[0].as_ref().unwrap();
    assert_eq!((status.unseen, status.deleted, status.deleted_octets, status.recent), (1, 2, 9, 0));
}

#[tokio::test]
async fn messages_are_looked_at_only_for_figures_that_need_it() {
    let (house, mut desk) = bob().await;
    append_all(&mut desk, "INBOX", &[b"\r\na"]).await.unwrap();
    select(&mut desk, "INBOX").await;
    flag(&mut desk, vec![1..=1], FlagChange::Add(names(bits::DELETED, &[])), None).await;
    append_all(&mut desk, "Sent", &[b"\r\na"]).await.unwrap();
    let mut other = house.desk("bob").await;
    done(&mut desk, Ask::Unselect).await;
    let copied = Ask::Status { names: vec![name("Sent"), name("INBOX")], costly: false };
    select(&mut desk, "Sent").await;
    flag(&mut desk, vec![1..=1], FlagChange::Add(names(bits::DELETED, &[])), None).await;
    house.office.views().forget();
    let open = house.office.views().count();
    let Answer::Statuses(found) = ask(&mut other, copied).await else { panic!() };
    assert_eq!(found.iter().map(|one| one.as_ref().unwrap().deleted).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(house.office.views().count(), open, "no mailbox was loaded");
    let costly = Ask::Status { names: vec![name("INBOX")], costly: true };
    let Answer::Statuses(found) = ask(&mut other, costly).await else { panic!() };
    assert_eq!(found[0].as_ref().unwrap().deleted_octets, 3);
    assert_eq!(house.office.views().count(), open + 1);
}

/// A command that asks about each of many mailboxes finds them in one tree, as long as it is true.
#[tokio::test]
async fn names_are_looked_for_in_one_tree_until_something_changes() {
    let (house, mut desk) = bob().await;
    let mut other = house.desk("bob").await;
    let get = |mailbox| Ask::Metadata {
        mailbox: Some(name(mailbox)),
        entries: vec!["/private/comment".to_owned()],
        depth: Some(0),
    };
    let search =
        |mailbox| Ask::Search { program: Program { key: Key::all(), order: Order::Uid }, mailbox: Some(name(mailbox)) };
    for question in [get("INBOX"), search("INBOX"), get("Sent"), search("Sent")] {
        assert!(!matches!(ask(&mut desk, question).await, Answer::Refused(_)));
        assert_eq!(desk.trees.loads(), 1);
    }
    done(&mut other, Ask::Create { name: name("New"), special_use: vec![] }).await;
    assert!(!matches!(ask(&mut desk, get("New")).await, Answer::Refused(_)), "it is there by now");
    assert_eq!(desk.trees.loads(), 2);
    done(&mut other, Ask::Delete(name("New"))).await;
    assert_eq!(refused(&mut desk, search("New")).await, Refusal::NonExistent);
    ask(&mut desk, Ask::Sync).await;
    assert_eq!(desk.trees.loads(), 0, "nothing is kept behind the command");
}

#[tokio::test]
async fn annotations_are_kept_for_one_or_for_all() {
    let (house, mut desk) = bob().await;
    house.account("eve", None).await;
    let set = |mailbox: Option<&str>, entry: &str, value: Option<&'static [u8]>| Ask::SetMetadata {
        mailbox: mailbox.map(name),
        entries: vec![(entry.to_owned(), value.map(bytes::Bytes::from_static))],
    };
    let get = |mailbox: Option<&str>, entry: &str, depth| Ask::Metadata {
        mailbox: mailbox.map(name),
        entries: vec![entry.to_owned()],
        depth,
    };
    done(&mut desk, set(Some("INBOX"), "/private/comment", Some(b"mine"))).await;
    done(&mut desk, set(Some("INBOX"), "/shared/comment", Some(b"ours"))).await;
    done(&mut desk, set(None, "/private/vendor/x/y", Some(b"1"))).await;
    // Both in one question: all or none.
    let note = |entry: &str, octets| (entry.to_owned(), Some(bytes::Bytes::from(vec![b'x'; octets])));
    let both = |octets| Ask::SetMetadata {
        mailbox: Some(name("Sent")),
        entries: vec![note("/private/a", 1), note("/shared/a", octets)],
    };
    let too_big = Refusal::TooBig(store::ANNOTATION_OCTETS_MAX as u64);
    assert_eq!(refused(&mut desk, both(store::ANNOTATION_OCTETS_MAX + 1)).await, too_big);
    let question = get(Some("Sent"), "/private", None);
    let Answer::Metadata(found) = ask(&mut desk, question.clone()).await else { panic!() };
    assert!(found.is_empty());
    done(&mut desk, both(1)).await;
    let Answer::Metadata(found) = ask(&mut desk, question).await else { panic!() };
    assert_eq!(found.len(), 1);
    let Answer::Metadata(found) = ask(&mut desk, get(Some("Sent"), "/shared/a", Some(0))).await else { panic!() };
    assert_eq!(found, [note("/shared/a", 1)]);
    assert_eq!(refused(&mut desk, set(None, "/shared/comment", Some(b"x"))).await, Refusal::NoPermission);
    let Answer::Metadata(found) = ask(&mut desk, get(Some("INBOX"), "/private", None)).await else { panic!() };
    assert_eq!(found, [("/private/comment".to_owned(), Some(bytes::Bytes::from_static(b"mine")))]);
    let Answer::Metadata(found) = ask(&mut desk, get(None, "/private/vendor", Some(1))).await else { panic!() };
    assert!(found.is_empty());
    done(&mut desk, set(Some("INBOX"), "/private/comment", None)).await;
    let question = get(Some("INBOX"), "/private/comment", Some(0));
    let Answer::Metadata(found) = ask(&mut desk, question).await else { panic!() };
    assert_eq!(found, [("/private/comment".to_owned(), None)]);
    let mut eve = house.desk("eve").await;
    let Answer::Metadata(found) = ask(&mut eve, get(None, "/private", None)).await else { panic!() };
    assert!(found.is_empty());
}
