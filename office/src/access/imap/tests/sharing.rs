//! Mailboxes of others: who sees them, and who may do what.

use super::*;
use wire::imap::ask::{AclChange, Events, FlagChange, News, Rights, Watch, WatchOf};
use wire::imap::listing::bits;

const BOBS: &str = "Other Users/bob@hamburger.edu/INBOX";

async fn share(desk: &mut ImapDesk, mailbox: &str, who: &str, rights: &str) {
    let change = AclChange::Replace(Rights::of(rights));
    done(desk, Ask::SetAcl { mailbox: name(mailbox), identifier: who.to_owned(), change }).await;
}

async fn bob_and_eve() -> (House, ImapDesk, ImapDesk) {
    let (house, mut bob) = bob().await;
    house.account("eve", None).await;
    let eve = house.desk("eve").await;
    append(&mut bob, "INBOX", b"Subject: for eve\r\n\r\nx").await;
    (house, bob, eve)
}

fn shown(folders: &[Folder]) -> Vec<(&str, bool)> {
    let foreign = folders
        .iter()
        .filter(|folder| folder.name.as_str().contains("Other") || folder.name.as_str().starts_with("Shared"));
    foreign.map(|folder| (folder.name.as_str(), folder.selectable)).collect()
}

#[tokio::test]
async fn what_is_ones_own_is_found_by_its_long_name_too() {
    let (_house, mut bob, _eve) = bob_and_eve().await;
    for inbox in [BOBS.to_owned(), BOBS.replace("INBOX", "inbox"), "iNbOx".to_owned()] {
        assert_eq!(select(&mut bob, &inbox).await.listing.len(), 1, "{inbox}");
    }
    assert_eq!(select(&mut bob, &BOBS.replace("INBOX", "Sent")).await.listing.len(), 0);
}

#[tokio::test]
async fn who_may_not_know_of_a_mailbox_is_told_there_is_none() {
    let (_house, mut bob, mut eve) = bob_and_eve().await;
    let open = || Ask::Select { name: name(BOBS), read_only: false };
    assert_eq!(refused(&mut eve, open()).await, Refusal::NonExistent);
    assert!(shown(&folders(&mut eve).await).is_empty());
    share(&mut bob, "INBOX", "eve@hamburger.edu", "l").await;
    assert_eq!(refused(&mut eve, open()).await, Refusal::NoPermission);
    let expected = [("Other Users", false), ("Other Users/bob@hamburger.edu", false), (BOBS, false)];
    assert_eq!(shown(&folders(&mut eve).await), expected);
    share(&mut bob, "INBOX", "anyone", "lr").await;
    share(&mut bob, "INBOX", "-eve@hamburger.edu", "r").await;
    assert_eq!(refused(&mut eve, open()).await, Refusal::NoPermission, "what is taken away is not given");
}

#[tokio::test]
async fn whether_there_is_an_account_is_not_told() {
    let (_house, mut bob, mut eve) = bob_and_eve().await;
    done(&mut bob, Ask::Create { name: name("secret"), special_use: vec![] }).await;
    let special_use = Vec::new;
    for path in ["INBOX", "INBOX/new", "secret", "secret/new", "new"] {
        let [there, nobody] = ["bob", "nobody"].map(|who| name(&format!("Other Users/{who}@hamburger.edu/{path}")));
        let questions = |of: &MailboxName| {
            [
                Ask::Create { name: of.clone(), special_use: special_use() },
                Ask::Delete(of.clone()),
                Ask::Rename { from: of.clone(), to: name("mine") },
                Ask::Rename { from: name("Sent"), to: of.clone() },
                Ask::Select { name: of.clone(), read_only: false },
                Ask::Append(AppendStep::Begin { mailbox: of.clone(), replaces: None }),
                Ask::Acl(of.clone()),
            ]
        };
        for (one, other) in questions(&there).into_iter().zip(questions(&nobody)) {
            let told = (refused(&mut eve, one.clone()).await, refused(&mut eve, other).await);
            assert_eq!(told.0, told.1, "{one:?}");
        }
    }
}

#[tokio::test]
async fn rights_hold_on_every_question() {
    let (_house, mut bob, mut eve) = bob_and_eve().await;
    share(&mut bob, "INBOX", "eve@hamburger.edu", "lrs").await;
    let selected = select(&mut eve, BOBS).await;
    assert_eq!((selected.listing.len(), selected.read_only, selected.new_keywords), (1, false, false));
    let add = |system| {
        let change = FlagChange::Add(FlagNames { system, keywords: vec![] });
        Ask::Store { uids: vec![1..=1], change, unchanged_since: None }
    };
    let answer = ask(&mut eve, add(bits::SEEN | bits::FLAGGED)).await;
    let Answer::Stored { listing, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(listing.get(0).unwrap().flags, bits::SEEN);
    assert_eq!(refused(&mut eve, add(bits::DELETED)).await, Refusal::NoPermission);
    assert_eq!(refused(&mut eve, Ask::Expunge { among: None, close: false }).await, Refusal::NoPermission);
    assert_eq!(append_all(&mut eve, BOBS, &[b"\r\nx"]).await, Err(Refusal::NoPermission));
    assert_eq!(refused(&mut eve, Ask::Delete(name(BOBS))).await, Refusal::NoPermission);
    assert_eq!(refused(&mut eve, Ask::Acl(name(BOBS))).await, Refusal::NoPermission);
    let below = Ask::Create { name: name(&format!("{BOBS}/x")), special_use: vec![] };
    assert_eq!(refused(&mut eve, below).await, Refusal::NoPermission);
    // Taken away while it is open.
    share(&mut bob, "INBOX", "eve@hamburger.edu", "lr").await;
    assert_eq!(refused(&mut eve, add(bits::SEEN)).await, Refusal::NoPermission);
    let copy = Ask::Copy { uids: vec![1..=1], to: name("INBOX"), moving: false };
    assert!(matches!(ask(&mut eve, copy).await, Answer::Copied { .. }));
    share(&mut bob, "INBOX", "eve@hamburger.edu", "").await;
    let uids = vec![1];
    let items = wire::imap::ask::SummaryItems::default();
    assert_eq!(refused(&mut eve, Ask::Summaries { uids, items }).await, Refusal::NoPermission);
    assert_eq!(select(&mut eve, "INBOX").await.listing.len(), 1, "the copy is eve's own");
}

#[tokio::test]
async fn flags_replaced_as_far_as_one_may_are_replaced_on_one_condition() {
    let (_house, mut bob, mut eve) = bob_and_eve().await;
    share(&mut bob, "INBOX", "eve@hamburger.edu", "lrst").await;
    select(&mut eve, BOBS).await;
    let flags = |system| FlagNames { system, keywords: vec![] };
    let deleted = FlagChange::Add(flags(bits::DELETED));
    let answer = ask(&mut eve, Ask::Store { uids: vec![1..=1], change: deleted, unchanged_since: None }).await;
    let Answer::Stored { listing, .. } = answer else { panic!("{answer:?}") };
    let unchanged_since = Some(listing.get(0).unwrap().modseq);
    let replace =
        |system| Ask::Store { uids: vec![1..=1], change: FlagChange::Replace(flags(system)), unchanged_since };
    let answer = ask(&mut eve, replace(bits::SEEN)).await;
    let Answer::Stored { modified, listing } = answer else { panic!("{answer:?}") };
    assert_eq!((modified, listing.get(0).unwrap().flags), (vec![], bits::SEEN));
    let answer = ask(&mut eve, replace(bits::DELETED)).await;
    let Answer::Stored { modified, listing } = answer else { panic!("{answer:?}") };
    assert_eq!((modified, listing.get(0).unwrap().flags), (vec![1..=1], bits::SEEN));
}

#[tokio::test]
async fn copies_bring_only_the_flags_one_may_set_there() {
    let (_house, mut bob, mut eve) = bob_and_eve().await;
    let system = bits::SEEN | bits::DELETED | bits::FLAGGED;
    append_all(&mut eve, "INBOX", &[&b"\r\nx"[..]; 12]).await.unwrap();
    select(&mut eve, "INBOX").await;
    let change = FlagChange::Add(FlagNames { system, keywords: vec!["$Work".to_owned()] });
    ask(&mut eve, Ask::Store { uids: vec![1..=12], change, unchanged_since: None }).await;
    for (rights, moving, flags) in [
        ("lri", false, 0),
        ("lris", true, bits::SEEN),
        ("lrit", false, bits::DELETED),
        ("lriw", false, bits::FLAGGED),
        ("lriswt", true, system),
    ] {
        share(&mut bob, "INBOX", "eve@hamburger.edu", rights).await;
        let last = select(&mut bob, "INBOX").await.listing.last_uid();
        // Two, each in a statement of its own.
        let next = sync(&mut eve).await.listing.unwrap().uid(0).unwrap();
        let uids = vec![next..=next + 1];
        let answer = ask(&mut eve, Ask::Copy { uids, to: name(BOBS), moving }).await;
        assert!(matches!(answer, Answer::Copied { .. }), "{rights}: {answer:?}");
        let listing = sync(&mut bob).await.listing.unwrap();
        let known = bits::SYSTEM;
        let rows: Vec<_> = listing.rows(listing.lower_bound(last + 1)..listing.len()).collect();
        assert_eq!(rows.iter().map(|row| row.flags & known).collect::<Vec<_>>(), [flags, flags], "{rights}");
        let keywords = listing.head().keywords.names(rows[0].flags).count();
        assert_eq!(keywords, usize::from(rights.contains('w')), "{rights}");
    }
}

#[tokio::test]
async fn lists_of_rights_are_shown_to_administrators() {
    let (_house, mut bob, mut eve) = bob_and_eve().await;
    share(&mut bob, "INBOX", "Eve@hamburger.edu", "lrak").await;
    let Answer::Acl(list) = ask(&mut eve, Ask::Acl(name(BOBS))).await else { panic!() };
    let list: Vec<_> = list.iter().map(|(name, rights)| (name.as_str(), rights.letters())).collect();
    assert_eq!(list[0], ("bob@hamburger.edu", "aeiklprstwx".to_owned()));
    assert_eq!(list[1], ("eve@hamburger.edu", "aklr".to_owned()));
    let Answer::MyRights(mine) = ask(&mut eve, Ask::MyRights(vec![name(BOBS)])).await else { panic!() };
    assert_eq!(mine[0].as_ref().unwrap().letters(), "aklr");
    let change = AclChange::Replace(Rights::of("l"));
    let owner = Ask::SetAcl { mailbox: name(BOBS), identifier: "bob@hamburger.edu".to_owned(), change };
    assert_eq!(refused(&mut eve, owner).await, Refusal::Cannot);
    // What is made below has the same list.
    let inner = format!("{BOBS}/new");
    done(&mut eve, Ask::Create { name: name(&inner), special_use: vec![] }).await;
    assert_eq!(select(&mut eve, &inner).await.listing.len(), 0);
}

#[tokio::test]
async fn common_mailboxes_lie_below_shared() {
    let (house, _bob, mut eve) = bob_and_eve().await;
    house.account("shared", None).await;
    let mut owner = house.desk("shared").await;
    done(&mut owner, Ask::Create { name: name("Team"), special_use: vec![] }).await;
    share(&mut owner, "Team", "anyone", "lri").await;
    assert_eq!(shown(&folders(&mut eve).await), [("Shared", false), ("Shared/Team", true)]);
    append(&mut eve, "Shared/Team", b"\r\nx").await;
    assert_eq!(select(&mut owner, "Team").await.listing.len(), 1);
}

#[tokio::test]
async fn what_is_watched_is_told() {
    let (_house, mut bob, mut eve) = bob_and_eve().await;
    share(&mut bob, "INBOX", "eve@hamburger.edu", "lr").await;
    let watch = Watch {
        of: WatchOf::Subtree(vec![name("Other Users"), name("Sent")]),
        events: Events { messages: true, names: true, subscriptions: true, ..Events::default() },
        status: false,
    };
    done(&mut eve, Ask::Watch(vec![watch])).await;
    assert!(sync(&mut eve).await.news.is_empty());
    append(&mut bob, "INBOX", b"\r\nx").await;
    eve.news().await;
    let news = sync(&mut eve).await.news;
    let [News::Status(told, status)] = &news[..] else { panic!("{news:?}") };
    assert_eq!((told.as_str(), status.messages), (BOBS, 2));
    done(&mut eve, Ask::Create { name: name("Sent/2026"), special_use: vec![] }).await;
    let news = sync(&mut eve).await.news;
    let [News::Folder { folder, old_name: None }] = &news[..] else { panic!("{news:?}") };
    assert_eq!(folder.name, name("Sent/2026"));
    done(&mut eve, Ask::Rename { from: name("Sent/2026"), to: name("Sent/old") }).await;
    let news = sync(&mut eve).await.news;
    let [News::Folder { folder, old_name: Some(old) }] = &news[..] else { panic!("{news:?}") };
    assert_eq!((folder.name.as_str(), old.as_str()), ("Sent/old", "Sent/2026"));
    done(&mut eve, Ask::Delete(name("Sent/old"))).await;
    let news = sync(&mut eve).await.news;
    assert!(matches!(&news[..], [News::Folder { folder, .. }] if !folder.exists), "{news:?}");
    append(&mut eve, "INBOX", b"\r\nx").await;
    assert!(sync(&mut eve).await.news.is_empty(), "INBOX is not watched");
    // Only what changed is looked at, and each time against what was told.
    for count in 3..6 {
        append(&mut bob, "INBOX", b"\r\nx").await;
        let news = sync(&mut eve).await.news;
        let [News::Status(told, status)] = &news[..] else { panic!("{news:?}") };
        assert_eq!((told.as_str(), status.messages), (BOBS, count));
    }
}

/// RFC 5465 §5.4.
#[tokio::test]
async fn what_lies_below_a_renamed_mailbox_is_not_told_of() {
    let (_house, _bob, mut eve) = bob_and_eve().await;
    for made in ["a", "a/b", "a/c"] {
        done(&mut eve, Ask::Create { name: name(made), special_use: vec![] }).await;
    }
    let watch = Watch {
        of: WatchOf::Personal,
        events: Events { names: true, metadata: true, ..Events::default() },
        status: false,
    };
    done(&mut eve, Ask::Watch(vec![watch])).await;
    done(&mut eve, Ask::Rename { from: name("a"), to: name("z") }).await;
    let news = sync(&mut eve).await.news;
    let [News::Folder { folder, old_name: Some(old) }] = &news[..] else { panic!("{news:?}") };
    assert_eq!((folder.name.as_str(), old.as_str()), ("z", "a"));
    done(&mut eve, Ask::Rename { from: name("z/b"), to: name("b") }).await;
    let news = sync(&mut eve).await.news;
    assert!(matches!(&news[..], [News::Folder { old_name: Some(old), .. }] if *old == name("z/b")), "{news:?}");
    let entries = vec![("/private/x".to_owned(), Some(bytes::Bytes::from_static(b"1")))];
    done(&mut eve, Ask::SetMetadata { mailbox: Some(name("b")), entries }).await;
    let news = sync(&mut eve).await.news;
    assert_eq!(news, [News::Metadata(Some(name("b")), vec!["/private/x".to_owned()])]);
    assert!(sync(&mut eve).await.news.is_empty());
}
