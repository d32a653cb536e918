//! Names for many over a real store: who answers for a list, mail sent on to other hosts and the way back, plus
//! addresses, circles.
#![allow(clippy::unwrap_used)]

use super::tests::{House, NOW, address, code, house, send_to, to};
use super::*;
use crate::srs::VALID_DAYS;
use crate::{LocalEnvelope, LocalUser};
use std::time::Duration;
use store::query::{Outbox, OutboxRow};
use wire::smtp::{Body, ForwardPath, ReversePath};

const STRANGER: &str = "198.51.100.7";

impl House {
    async fn outbox(&self) -> Vec<OutboxRow> {
        self.office
            .store()
            .read(Outbox { filter: store::op::OutboxFilter::default(), after: (0, 0), limit: 100 })
            .await
            .unwrap()
    }

    /// Reverse path and recipient of all that waits to leave.
    async fn leaving(&self) -> Vec<(String, String)> {
        self.outbox().await.into_iter().map(|row| (row.reverse_path, row.address.to_string())).collect()
    }

    async fn alice_writes_to(&self, to: &str) -> u16 {
        let mut desk = self.desk(Role::Mx, STRANGER);
        send_to(&mut desk, Some("alice@crepes.fr"), to, b"Subject: x\r\n\r\nx\r\n").await
    }
}

fn sender(path: Option<&str>) -> Ask {
    let path = path.map_or(ReversePath::Null, |path| ReversePath::Address(address(path)));
    super::tests::sender_with(path, Body::SevenBit)
}

fn rcpt(name: &str) -> Ask {
    to(ForwardPath::Address(Address::parse(name).unwrap()))
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

#[tokio::test]
async fn who_owns_a_list_hears_of_trouble_with_its_members() {
    let house = house().await;
    house.alias("friends@hamburger.edu", &["bob@hamburger.edu", "carol@crepes.fr", "inner@hamburger.edu"]).await;
    house.alias("owner-friends@hamburger.edu", &["bob@hamburger.edu"]).await;
    house.alias("inner@hamburger.edu", &["dave@crepes.fr", "deep@hamburger.edu"]).await;
    house.alias("Owner-Inner@hamburger.edu", &["bob@hamburger.edu"]).await;
    house.alias("deep@hamburger.edu", &["erin@crepes.fr"]).await;
    assert_eq!(house.alice_writes_to("friends+tag@hamburger.edu").await, 250);
    let expected = [
        pair("owner-friends@hamburger.edu", "carol@crepes.fr"),
        pair("owner-inner@hamburger.edu", "dave@crepes.fr"),
        pair("owner-inner@hamburger.edu", "erin@crepes.fr"),
    ];
    assert_eq!(house.leaving().await, expected);
    let kept = String::from_utf8(house.newest().await).unwrap();
    assert!(kept.starts_with("Return-Path: <owner-friends@hamburger.edu>\r\n"), "{kept}");
}

#[tokio::test]
async fn a_catch_all_owns_no_list() {
    let house = house().await;
    house.alias("friends@hamburger.edu", &["bob@hamburger.edu"]).await;
    house.alias("*@hamburger.edu", &["bob@hamburger.edu"]).await;
    assert_eq!(house.alice_writes_to("friends@hamburger.edu").await, 250);
    let kept = String::from_utf8(house.newest().await).unwrap();
    assert!(kept.starts_with("Return-Path: <alice@crepes.fr>\r\n"), "{kept}");
}

#[tokio::test]
async fn reports_stay_reports_on_their_way_through_a_list() {
    let house = house().await;
    house.alias("friends@hamburger.edu", &["carol@crepes.fr"]).await;
    house.alias("owner-friends@hamburger.edu", &["bob@hamburger.edu"]).await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    assert_eq!(send_to(&mut desk, None, "friends@hamburger.edu", b"Subject: x\r\n\r\nx\r\n").await, 250);
    assert_eq!(house.leaving().await, [pair("", "carol@crepes.fr")]);
}

#[tokio::test]
async fn mail_sent_on_finds_its_way_back() {
    let house = house().await;
    house.alias("carol@hamburger.edu", &["carol@ketchup.example"]).await;
    assert_eq!(house.alice_writes_to("carol@hamburger.edu").await, 250);
    let (wrapped, to) = house.leaving().await.remove(0);
    assert_eq!(to, "carol@ketchup.example");
    assert!(wrapped.starts_with("SRS0=") && wrapped.ends_with("=crepes.fr=alice@hamburger.edu"), "{wrapped}");

    let report = b"Subject: not delivered\r\n\r\nx\r\n";
    let mut desk = house.desk(Role::Mx, STRANGER);
    assert_eq!(send_to(&mut desk, None, &wrapped, report).await, 250, "a stranger brings the report");
    assert_eq!(house.leaving().await[1], pair("", "alice@crepes.fr"));
    // Not a way to anybody else.
    assert_eq!(code(&mut desk, sender(None)).await, 250);
    for (name, expected) in [
        (wrapped.replace("=alice@", "=bob@"), (550, "5.7.1")),
        ("SRS0=aaaaaaaa=aa=crepes.fr=alice@hamburger.edu".to_owned(), (550, "5.7.1")),
        ("SRS1=x@hamburger.edu".to_owned(), (550, "5.7.1")),
        (wrapped.replace("@hamburger.edu", "@elsewhere.example"), (550, "5.7.1")),
    ] {
        assert_eq!(verdict(&mut desk, NOW, &name).await, (expected.0, expected.1.to_owned()), "{name}");
    }
    let days = |days: u64| NOW.after(Duration::from_secs(days * 24 * 60 * 60));
    assert_eq!(verdict(&mut desk, days(VALID_DAYS), &wrapped).await.0, 251);
    assert_eq!(verdict(&mut desk, days(VALID_DAYS + 1), &wrapped).await, (550, "5.1.0".to_owned()));
    house.alias("*@hamburger.edu", &["bob@hamburger.edu"]).await;
    assert_eq!(verdict(&mut desk, days(VALID_DAYS + 1), &wrapped).await.0, 550, "and not for the catch-all either");
}

async fn verdict(desk: &mut SmtpDesk, now: Time, name: &str) -> (u16, String) {
    let Answer::Reply(reply) = desk.answer(now, rcpt(name)).await else { panic!("no reply") };
    let Enhanced(class, subject, detail) = reply.enhanced.unwrap();
    (reply.code, format!("{class}.{subject}.{detail}"))
}

#[tokio::test]
async fn what_another_forwarder_wrapped_is_led_around() {
    let house = house().await;
    house.alias("carol@hamburger.edu", &["carol@ketchup.example"]).await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    let first = "SRS0=HHH=TT=crepes.fr=alice@one.example";
    assert_eq!(send_to(&mut desk, Some(first), "carol@hamburger.edu", b"Subject: x\r\n\r\nx\r\n").await, 250);
    let (wrapped, _) = house.leaving().await.remove(0);
    assert!(wrapped.starts_with("SRS1=") && wrapped.contains("=one.example==HHH="), "{wrapped}");
    assert_eq!(send_to(&mut desk, None, &wrapped, b"Subject: x\r\n\r\nx\r\n").await, 250);
    assert_eq!(house.leaving().await[1], pair("", first));
}

#[tokio::test]
async fn only_foreign_senders_are_wrapped_and_only_where_it_fits() {
    let house = house().await;
    house.alias("carol@hamburger.edu", &["carol@ketchup.example"]).await;
    let long = format!("{}@crepes.fr", "a".repeat(60));
    for path in ["bob@hamburger.edu", long.as_str()] {
        let mut desk = house.desk(Role::Mx, STRANGER);
        assert_eq!(send_to(&mut desk, Some(path), "carol@hamburger.edu", b"Subject: x\r\n\r\nx\r\n").await, 250);
        assert_eq!(house.leaving().await.pop(), Some(pair(path, "carol@ketchup.example")));
    }
    // Relayed for a neighbour, not sent on by an alias.
    let mut desk = house.desk(Role::Mx, "192.0.2.9");
    let relayed = send_to(&mut desk, Some("alice@crepes.fr"), "dave@ketchup.example", b"Subject: x\r\n\r\nx\r\n");
    assert_eq!(relayed.await, 250);
    assert_eq!(house.leaving().await.pop(), Some(pair("alice@crepes.fr", "dave@ketchup.example")));
}

#[tokio::test]
async fn what_an_alias_sent_on_does_not_go_round_twice() {
    let house = house().await;
    house.alias("carol@hamburger.edu", &["carol@ketchup.example"]).await;
    assert_eq!(house.alice_writes_to("carol@hamburger.edu").await, 250);
    let mut desk = house.desk(Role::Mx, STRANGER);
    let back = b"Delivered-To: carol@hamburger.edu\r\nSubject: x\r\n\r\nx\r\n";
    assert_eq!(send_to(&mut desk, Some("alice@crepes.fr"), "carol@hamburger.edu", back).await, 554);
    let other = b"Delivered-To: carol@ketchup.example\r\nSubject: x\r\n\r\nx\r\n";
    assert_eq!(send_to(&mut desk, Some("alice@crepes.fr"), "carol@hamburger.edu", other).await, 250);
}

#[tokio::test]
async fn two_lists_and_one_recipient_leave_as_three() {
    let house = house().await;
    house.alias("one@hamburger.edu", &["a@crepes.fr", "b@crepes.fr"]).await;
    house.alias("owner-one@hamburger.edu", &["bob@hamburger.edu"]).await;
    house.alias("two@hamburger.edu", &["b@crepes.fr", "c@crepes.fr"]).await;
    let mut desk = house.desk(Role::Mx, "192.0.2.9");
    assert_eq!(code(&mut desk, sender(Some("alice@crepes.fr"))).await, 250);
    for name in ["one@hamburger.edu", "two@hamburger.edu", "d@crepes.fr"] {
        assert!(matches!(code(&mut desk, rcpt(name)).await, 250 | 251), "{name}");
    }
    assert_eq!(code(&mut desk, Ask::Content).await, 354);
    desk.content(b"Subject: x\r\n\r\nx\r\n").await;
    assert_eq!(code(&mut desk, Ask::Commit).await, 250);
    let rows = house.outbox().await;
    let each: Vec<_> = rows.iter().map(|row| (row.outbox, row.address.to_string())).collect();
    let name = |n: usize| each[n].clone();
    assert_eq!((name(0).1.as_str(), name(1).1.as_str()), ("a@crepes.fr", "b@crepes.fr"));
    assert_eq!((name(2).1.as_str(), name(3).1.as_str()), ("c@crepes.fr", "d@crepes.fr"), "b has it already");
    assert!(name(0).0 == name(1).0 && name(1).0 < name(2).0 && name(2).0 < name(3).0, "{each:?}");
    assert!(rows[2].reverse_path.starts_with("SRS0=") && rows[3].reverse_path == "alice@crepes.fr");
    assert!(rows.iter().all(|row| row.queue_id == rows[0].queue_id));
}

/// RFC 3461 §5.2.7: what was asked for one recipient, and what is asked for each of those it became.
#[tokio::test]
async fn wishes_for_reports_go_as_far_as_they_may() {
    let house = house().await;
    house.alias("one@hamburger.edu", &["a@crepes.fr"]).await;
    house.alias("two@hamburger.edu", &["b@crepes.fr", "c@crepes.fr"]).await;
    house.alias("list@hamburger.edu", &["d@crepes.fr"]).await;
    house.alias("owner-list@hamburger.edu", &["bob@hamburger.edu"]).await;
    let mut desk = house.desk(Role::Mx, "192.0.2.9");
    let Ask::Sender(given) = sender(Some("alice@crepes.fr")) else { unreachable!() };
    let given = Sender { envid: Some("id".to_owned()), ret: Some(wire::smtp::Return::Headers), ..given };
    assert_eq!(code(&mut desk, Ask::Sender(given)).await, 250);
    let notify = Some(wire::smtp::Notify { success: true, failure: true, delay: false });
    for name in ["one@hamburger.edu", "two@hamburger.edu", "list@hamburger.edu", "e@crepes.fr"] {
        let Ask::Recipient(given) = rcpt(name) else { unreachable!() };
        let orcpt = Some("rfc822;x".to_owned());
        let given = wire::smtp::Recipient { notify, orcpt, ..given };
        assert!(code(&mut desk, Ask::Recipient(given)).await < 300, "{name}");
    }
    let transaction = desk.transaction.as_ref().unwrap();
    let fields = commit::Fields { received: Vec::new(), added: Vec::new(), end: b"" };
    let entries = copies::outgoing(transaction, &fields, &desk.paths(transaction, NOW).await.unwrap());
    let wishes: Vec<_> = entries
        .iter()
        .flat_map(|entry| entry.recipients.iter().map(move |to| (entry, to)))
        .map(|(entry, to)| (to.address.local_part(), to.notify, to.orcpt.is_some(), entry.envid.is_some()))
        .collect();
    let expected = [
        ("a", Some(3), true, true),
        ("b", Some(2), true, true),
        ("c", Some(2), true, true),
        ("d", None, false, false),
        ("e", Some(3), true, true),
    ];
    assert_eq!(wishes, expected);
}

#[tokio::test]
async fn success_is_reported_where_others_do_not_hear_of_the_wish() {
    let house = house().await;
    house.alias("one@hamburger.edu", &["a@crepes.fr"]).await;
    house.alias("two@hamburger.edu", &["b@crepes.fr", "c@crepes.fr"]).await;
    house.alias("list@hamburger.edu", &["d@crepes.fr"]).await;
    house.alias("owner-list@hamburger.edu", &["bob@hamburger.edu"]).await;
    for (name, action) in [("one", None), ("two", Some("expanded")), ("list", Some("delivered"))] {
        let mut desk = house.desk(Role::Mx, "192.0.2.9");
        assert_eq!(code(&mut desk, sender(Some("bob@hamburger.edu"))).await, 250);
        let Ask::Recipient(given) = rcpt(&format!("{name}@hamburger.edu")) else { unreachable!() };
        let notify = Some(wire::smtp::Notify { success: true, ..wire::smtp::Notify::default() });
        assert!(code(&mut desk, Ask::Recipient(wire::smtp::Recipient { notify, ..given })).await < 300);
        assert_eq!(code(&mut desk, Ask::Content).await, 354);
        desk.content(b"Subject: s\r\n\r\nx\r\n").await;
        let before = house.all().await.len();
        assert_eq!(code(&mut desk, Ask::Commit).await, 250);
        let told = house.all().await.split_off(before);
        let says = |action: &&str| String::from_utf8_lossy(&told.concat()).contains(&format!("Action: {action}"));
        assert_eq!((told.len(), action.filter(says)), (usize::from(action.is_some()), action), "{name}");
    }
}

#[tokio::test]
async fn a_user_of_this_machine_sends_under_their_own_names() {
    let policy = Policy { local_users: vec!["www-data".to_owned()], ..tests::policy() };
    let house = tests::house_with(policy, Arc::new(|| None)).await;
    house.alias("sales@hamburger.edu", &["bob@hamburger.edu"]).await;
    for (name, trusted, asked, path) in [
        ("bob", false, None, "bob@hamburger.edu"),
        ("bob", false, Some("bob+tag@hamburger.edu"), "bob+tag@hamburger.edu"),
        ("bob", false, Some("sales"), "sales@hamburger.edu"),
        ("bob", false, Some("alice@crepes.fr"), "bob@hamburger.edu"),
        ("bob", false, Some(""), ""),
        ("bob", false, Some("no address"), "bob@hamburger.edu"),
        ("games", false, Some("bob"), "games@hamburger.edu"),
        ("www-data", false, Some("alice@crepes.fr"), "alice@crepes.fr"),
        ("root", true, Some("alice@crepes.fr"), "alice@crepes.fr"),
    ] {
        let user = LocalUser { name: name.to_owned(), uid: 1000, trusted };
        let envelope = LocalEnvelope {
            ticket: "06G2V0J9QTXXA-x".to_owned(),
            queue_id: QueueId::new(NOW, 1),
            sender: asked.map(str::to_owned),
            recipients: vec!["bob".to_owned()],
            notify: None,
            ret: None,
            envid: None,
            eight_bit: false,
            smtputf8: false,
        };
        let mut desk = house.office.hand_in(NOW, user, &envelope).await.unwrap();
        desk.begin().await.unwrap();
        desk.content(b"From: carol@hamburger.edu\r\n\r\nx\r\n").await;
        assert_eq!(desk.finish().await.unwrap(), QueueId::new(NOW, 1));
        let kept = String::from_utf8(house.newest().await).unwrap();
        assert!(kept.starts_with(&format!("Return-Path: <{path}>\r\n")), "{name} {asked:?}: {kept}");
        let speaks_for_others = name == "root" || name == "www-data";
        assert_eq!(kept.contains("\r\nSender: "), !speaks_for_others, "{name}: {kept}");
        assert!(kept.contains(&format!("Received: by mx.hamburger.edu (from {name}) id ")), "{kept}");
        assert!(house.office.was_handed_in(QueueId::new(NOW, 1), "06G2V0J9QTXXA-x").await.unwrap());
        assert!(!house.office.was_handed_in(QueueId::new(NOW, 1), "06G2V0J9QTXXA-y").await.unwrap());
    }
}
