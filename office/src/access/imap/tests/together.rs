//! Many desks on one mailbox: what each sees, and that they agree.

use super::*;
use crate::access::views::{KEPT, UNUSED_MAX};
use proptest::prelude::*;
use std::time::Duration;
use wire::imap::ask::FlagChange;
use wire::imap::listing::{Change, Head, Listing, Row, bits};

/// Deeds of each desk in the test of many.
const DEEDS: u32 = 40;

#[tokio::test]
async fn who_waits_is_woken_by_news_of_its_account_alone() {
    let (house, mut desk) = bob().await;
    house.account("eve", None).await;
    let mut eve = house.desk("eve").await;
    let mut other = house.desk("bob").await;
    select(&mut desk, "INBOX").await;
    select(&mut eve, "INBOX").await;
    append(&mut other, "INBOX", b"\r\nx").await;
    desk.news().await;
    assert_eq!(sync(&mut desk).await.listing.unwrap().len(), 1);
    for waiting in [&mut desk, &mut eve] {
        let woken = tokio::time::timeout(Duration::from_millis(1), waiting.news()).await;
        assert!(woken.is_err(), "nothing is new");
    }
}

#[tokio::test]
async fn a_message_is_recent_to_one_session() {
    let (house, mut first) = bob().await;
    let mut second = house.desk("bob").await;
    append_all(&mut first, "INBOX", &[b"\r\na", b"\r\nb"]).await.unwrap();
    assert_eq!(select(&mut first, "INBOX").await.recent, [1..=2]);
    assert!(select(&mut second, "INBOX").await.recent.is_empty());
    append(&mut first, "INBOX", b"\r\nc").await;
    assert_eq!(sync(&mut second).await.recent, [3..=3]);
    assert!(sync(&mut first).await.recent.is_empty());
    assert!(sync(&mut second).await.recent.is_empty());
    // The store knows it too, once somebody has closed the mailbox.
    done(&mut second, Ask::Unselect).await;
    let account = second.user_id().unwrap();
    let mailboxes = house.office.store().read(store::query::Mailboxes { account }).await.unwrap();
    assert_eq!(mailboxes.iter().map(|mailbox| mailbox.recent).sum::<u32>(), 0);
}

#[tokio::test]
async fn mailboxes_nobody_has_open_are_let_go() {
    let (house, mut desk) = bob().await;
    for number in 0..UNUSED_MAX + 3 {
        done(&mut desk, Ask::Create { name: name(&format!("m{number}")), special_use: vec![] }).await;
        append(&mut desk, &format!("m{number}"), b"\r\nx").await;
        select(&mut desk, &format!("m{number}")).await;
    }
    assert!(house.office.views().count() <= UNUSED_MAX + 1, "{}", house.office.views().count());
    let mut other = house.desk("bob").await;
    select(&mut other, "INBOX").await;
    let later = NOW.after(KEPT);
    let answer = desk.answer(later, Ask::Select { name: name("Sent"), read_only: false }).await;
    assert!(matches!(answer, Answer::Selected(_)));
    // INBOX and Sent are open; the one that was open till now has not been settled or swept yet.
    assert!(house.office.views().count() <= 3, "{}", house.office.views().count());
}

#[tokio::test]
async fn a_mailbox_is_kept_for_a_while_after_it_was_closed() {
    let (house, mut desk) = bob().await;
    let mut other = house.desk("bob").await;
    let open = |mailbox: &str| Ask::Select { name: name(mailbox), read_only: false };
    let views = house.office.views();
    let account = desk.user_id().unwrap();
    let inbox = store::types::MailboxId(1);
    desk.answer(NOW, open("INBOX")).await;
    let first = Arc::downgrade(&views.find(account, inbox).unwrap());
    // Open for longer than it is kept.
    let closed = NOW.after(2 * KEPT);
    desk.answer(closed, Ask::Unselect).await;
    let kept = closed.after(KEPT - Duration::from_millis(1));
    other.answer(kept, open("Sent")).await;
    assert!(first.upgrade().is_some());
    other.answer(closed.after(KEPT), open("Trash")).await;
    assert!(first.upgrade().is_none());
    // A connection that breaks tells nothing: it counts from when it was seen open last.
    let again = closed.after(3 * KEPT);
    desk.answer(again, open("INBOX")).await;
    let second = Arc::downgrade(&views.find(account, inbox).unwrap());
    let seen = again.after(KEPT);
    other.answer(seen, open("Sent")).await;
    drop(desk);
    other.answer(seen.after(KEPT - Duration::from_millis(1)), open("Junk")).await;
    assert!(second.upgrade().is_some());
    other.answer(seen.after(KEPT), open("Drafts")).await;
    assert!(second.upgrade().is_none());
}

/// What a client makes of the differences it is told.
fn follow(rows: &mut Vec<Row>, old: &Listing, new: &Listing) {
    let mut gone = vec![];
    for change in Listing::changes(old, new) {
        match change {
            Change::Vanished { uid, .. } => gone.push(uid),
            Change::Changed { row, .. } => *rows.iter_mut().find(|known| known.uid == row.uid).unwrap() = row,
            Change::Added { row, .. } => rows.push(row),
        }
    }
    rows.retain(|row| !gone.contains(&row.uid));
}

async fn act(desk: &mut ImapDesk, dice: u32) {
    let uid = dice / 7 % 60 + 1;
    let uids = vec![uid..=uid + dice / 3 % 5];
    let add = |system| FlagChange::Add(FlagNames { system, keywords: vec![format!("k{}", dice % 3)] });
    let store = |change| Ask::Store { uids: uids.clone(), change, unchanged_since: None };
    let question = match dice % 7 {
        0..=2 => {
            append(desk, "INBOX", b"\r\nx").await;
            return;
        }
        3 => store(add(bits::SEEN)),
        4 => store(add(bits::DELETED)),
        5 => Ask::Expunge { among: Some(uids), close: false },
        _ => Ask::Copy { uids, to: name("INBOX"), moving: dice.is_multiple_of(2) },
    };
    let answer = ask(desk, question).await;
    assert!(!matches!(answer, Answer::Refused(_)), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_desks_agree_on_one_mailbox() {
    let (house, mut watcher) = bob().await;
    let mut tasks = vec![];
    for number in 0..4_u32 {
        let mut desk = house.desk("bob").await;
        tasks.push(tokio::spawn(async move {
            let mut listing = select(&mut desk, "INBOX").await.listing;
            let mut rows: Vec<Row> = listing.rows(0..listing.len()).collect();
            for deed in 0..DEEDS {
                act(&mut desk, (deed * 4 + number).wrapping_mul(2_654_435_761) >> 8).await;
                let new = sync(&mut desk).await.listing.unwrap();
                assert!(new.head().highest_modseq >= listing.head().highest_modseq);
                follow(&mut rows, &listing, &new);
                assert_eq!(rows, new.rows(0..new.len()).collect::<Vec<_>>());
                listing = new;
            }
            (desk, rows, listing)
        }));
    }
    let mut desks = vec![];
    for task in tasks {
        desks.push(task.await.unwrap());
    }
    let truth = {
        let account = watcher.user_id().unwrap();
        let mailbox = store::types::MailboxId(1);
        let whole = store::query::WholeMailbox { account, mailbox };
        house.office.store().read(whole).await.unwrap().unwrap()
    };
    let truth: Vec<(u32, u64, u64)> = truth.rows.iter().map(|row| (row.uid.0, row.flags, row.modseq.0)).collect();
    let last = select(&mut watcher, "INBOX").await.listing;
    for (desk, rows, listing) in &mut desks {
        let new = sync(desk).await.listing.unwrap();
        follow(rows, listing, &new);
        assert!(Arc::ptr_eq(&new, &last));
        assert_eq!(rows.iter().map(|row| (row.uid, row.flags, row.modseq)).collect::<Vec<_>>(), truth);
    }
}

/// Rows with their keywords by name. A keyword that no message has may have got its slot unheard.
fn shown(listing: &Listing) -> Vec<(Row, Vec<String>)> {
    let keywords = &listing.head().keywords;
    let names = |row: &Row| keywords.names(row.flags).map(str::to_owned).collect();
    listing.rows(0..listing.len()).map(|row| (row, names(&row))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_view_that_follows_is_one_that_was_just_loaded(dice in proptest::collection::vec(any::<u32>(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (house, mut desk) = bob().await;
            select(&mut desk, "INBOX").await;
            for dice in dice {
                act(&mut desk, dice).await;
                let followed = sync(&mut desk).await.listing.unwrap();
                let account = desk.user_id().unwrap();
                let fresh = crate::access::views::Views::default();
                let view = fresh.open(house.office.store(), account, store::types::MailboxId(1), NOW).await;
                let loaded = view.current().await.unwrap().unwrap();
                let keywords = followed.head().keywords.clone();
                assert_eq!(*followed.head(), Head { keywords, ..loaded.head().clone() });
                assert_eq!(Listing::changes(&followed, &loaded).count(), 0);
                assert_eq!(shown(&followed), shown(&loaded));
            }
        });
    }
}
