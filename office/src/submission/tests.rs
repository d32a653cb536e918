#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::admin::Request;
use crate::inbound::tests::{House, NOW, address, house};
use crate::jmap::NewEmail;
use store::query::{AccountByAddress, Mailboxes};
use store::types::{EmailId, Flags};

/// Bob writes to carol, a minute from now.
async fn held(house: &House) -> (AccountId, i64) {
    let office = &house.office;
    let carol = Request::AccountAdd { address: address("carol@hamburger.edu"), password: None, quota: None };
    office.administer(NOW, carol).await.unwrap();
    let query = AccountByAddress { address: address("bob@hamburger.edu") };
    let bob = office.store().read(query).await.unwrap().unwrap().id;
    let mut inlet = office.inlet();
    inlet.write(b"From: bob@hamburger.edu\r\nSubject: Ketchup\r\n\r\nHello\r\n").await.unwrap();
    let content = inlet.finish().await.unwrap();
    let mailboxes = office.store().read(Mailboxes { account: bob }).await.unwrap();
    let drafts = mailboxes.iter().find(|mailbox| mailbox.role == Some(store::types::Role::Drafts)).unwrap().id;
    let new =
        NewEmail { content, flags: Flags::default(), received: NOW, mailboxes: vec![drafts], unchanged_since: None };
    let email: EmailId = office.add_email(NOW, bob, new).await.unwrap().email;
    let identity = office.identities(NOW, bob).await.unwrap()[0].0;
    let party = |email: &str| Party { email: email.to_owned(), parameters: None };
    let hold = Some([("holdfor".to_owned(), Some("60".to_owned()))].into());
    let mail_from = Party { parameters: hold, ..party("bob@hamburger.edu") };
    let envelope = Some(Envelope { mail_from, rcpt_to: vec![party("carol@hamburger.edu")] });
    let sending = Sending { account: bob, client: None, identity, email, envelope };
    (bob, office.submit(NOW, &sending).await.unwrap().0)
}

fn later(seconds: u64) -> Time {
    NOW.after(Duration::from_secs(seconds))
}

#[tokio::test]
async fn who_is_gone_when_it_is_due_is_told_of() {
    let house = house().await;
    let (bob, id) = held(&house).await;
    let remove = Request::AccountRemove { address: address("carol@hamburger.edu") };
    house.office.administer(NOW, remove).await.unwrap();
    house.office.dispatch(later(60)).await.unwrap();
    let (_, submission) = house.office.submission(bob, id).await.unwrap().unwrap();
    assert_eq!(submission.undo, Undo::Final);
    let fates = house.office.fates(&submission).await.unwrap();
    let fate = &fates["carol@hamburger.edu"];
    assert_eq!((fate.delivered, fate.smtp_reply.starts_with("550 ")), (Delivered::No, true), "{}", fate.smtp_reply);
    let notice = String::from_utf8(house.newest().await).unwrap();
    assert!(notice.contains("carol@hamburger.edu") && notice.contains("> Subject: Ketchup"), "{notice}");
    house.office.dispatch(later(120)).await.unwrap();
    assert_eq!(house.all().await.len(), 1, "once");
}

#[tokio::test]
async fn what_cannot_leave_for_now_waits_longer_each_time_and_can_still_be_held_back() {
    let mut policy = crate::inbound::tests::policy();
    policy.disk_reserve = 1;
    let free = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(u64::MAX));
    let told = free.clone();
    let room: crate::Room = std::sync::Arc::new(move || Some(told.load(std::sync::atomic::Ordering::Relaxed)));
    let house = crate::inbound::tests::house_with(policy, room).await;
    let (bob, id) = held(&house).await;
    free.store(0, std::sync::atomic::Ordering::Relaxed);
    let first = house.office.dispatch(later(60)).await.unwrap().unwrap();
    assert_eq!(first, later(120), "a minute");
    let second = house.office.dispatch(first).await.unwrap().unwrap();
    assert_eq!(second, later(240), "two minutes");
    let (_, submission) = house.office.submission(bob, id).await.unwrap().unwrap();
    assert_eq!((submission.undo, submission.tries), (Undo::Pending, 2));
    assert!(house.office.cancel(second, bob, id).await.unwrap().is_some());
    assert!(house.office.cancel(second, bob, id).await.unwrap().is_none(), "it is held back already");
    free.store(u64::MAX, std::sync::atomic::Ordering::Relaxed);
    house.office.dispatch(second).await.unwrap();
    let (_, submission) = house.office.submission(bob, id).await.unwrap().unwrap();
    assert_eq!(submission.undo, Undo::Canceled);
    assert!(house.office.forget_submission(second, bob, id).await.is_ok());
    assert!(matches!(house.office.cancel(second, bob, id).await, Err(CancelFault::NotFound)));
}

#[tokio::test]
async fn what_never_can_leave_is_given_up_within_a_day() {
    let mut policy = crate::inbound::tests::policy();
    policy.disk_reserve = 1;
    let free = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(u64::MAX));
    let told = free.clone();
    let room: crate::Room = std::sync::Arc::new(move || Some(told.load(std::sync::atomic::Ordering::Relaxed)));
    let house = crate::inbound::tests::house_with(policy, room).await;
    let (bob, id) = held(&house).await;
    free.store(0, std::sync::atomic::Ordering::Relaxed);
    let mut now = later(60);
    for _ in 0..100 {
        let (_, submission) = house.office.submission(bob, id).await.unwrap().unwrap();
        if submission.undo == Undo::Final {
            break;
        }
        now = house.office.dispatch(now).await.unwrap().unwrap();
    }
    let (object, submission) = house.office.submission(bob, id).await.unwrap().unwrap();
    assert_eq!(submission.undo, Undo::Final);
    assert!(submission.refused["carol@hamburger.edu"].starts_with("452 "), "{:?}", submission.refused);
    let given_up = object.due.unwrap().since(NOW) - REMEMBERED;
    assert!(given_up < Duration::from_secs(24 * 60 * 60), "its content is kept for a day: {given_up:?}");
}
