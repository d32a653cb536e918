//! The SMTP desk over a real store: the limits of what is taken, and what becomes of it.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::admin::{AliasTo, Request};
use crate::{FileDomain, Seams};
use message::Domain;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use store::query::{AccountByAddress, Mailboxes, Messages, Resolve, Resolved, StoredMessage};
use store::types::Uid;
use store::{Settings, Store};
use wire::smtp::{Body, ForwardPath, Manner, Notify, Recipient, ReversePath, Verb};

pub(crate) const NOW: Time = Time(1_800_000_000_000);

pub(crate) struct House {
    _folder: tempfile::TempDir,
    pub(crate) office: Office,
}

pub(crate) fn address(name: &str) -> Address {
    Address::parse(name).unwrap()
}

pub(crate) fn policy() -> Policy {
    let domain = |name: &str| Domain::parse(name).unwrap();
    Policy {
        hostname: domain("mx.hamburger.edu"),
        greeting: None,
        domains: vec![FileDomain { domain: domain("hamburger.edu"), origin: "here".to_owned() }],
        admin: Some(address("bob@hamburger.edu")),
        relay_networks: vec!["192.0.2.0/24".parse().unwrap()],
        plaintext_login_networks: Vec::new(),
        local_users: Vec::new(),
        relay_domains: Vec::new(),
        message_size: 50 << 20,
        disk_reserve: 0,
        recipients: 100,
        login_guesses_per_minute: 20,
        apop: false,
        send_commands: false,
        outbound: crate::OutboundPolicy::direct(&domain("mx.hamburger.edu")),
    }
}

pub(crate) async fn house() -> House {
    house_with(policy(), Arc::new(|| None)).await
}

pub(crate) async fn house_with(policy: Policy, room: crate::Room) -> House {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let seams = Seams { random: Arc::new(|buffer: &mut [u8]| buffer.fill(7)), room, secret: [7; 32] };
    let office = Office::open(store, policy, seams, NOW).await.unwrap();
    let house = House { _folder: folder, office };
    house.ask(Request::AccountAdd { address: address("bob@hamburger.edu"), password: None, quota: None }).await;
    house
}

impl House {
    async fn ask(&self, request: Request) {
        self.office.administer(NOW, request).await.unwrap();
    }

    pub(crate) async fn alias(&self, name: &str, members: &[&str]) {
        let target = AliasTo::Members(members.iter().map(|member| address(member)).collect());
        self.ask(Request::AliasAdd { address: address(name), target }).await;
    }

    pub(crate) fn desk(&self, role: Role, client: &str) -> SmtpDesk {
        let client = SocketAddr::new(client.parse().unwrap(), 4000);
        let peer = Peer { client, local: client, name: Arc::new(OnceLock::new()), line: None };
        self.office.smtp(role, peer, true).1
    }

    /// The newest message of bob, as stored.
    pub(crate) async fn newest(&self) -> Vec<u8> {
        self.all().await.pop().unwrap()
    }

    /// Every message of bob, as stored.
    pub(crate) async fn all(&self) -> Vec<Vec<u8>> {
        let store = self.office.store();
        let query = Resolve { address: address("bob@hamburger.edu") };
        let Resolved::Account { account, .. } = store.read(query).await.unwrap() else { panic!("no bob") };
        let account = account.id;
        let mailbox = store.read(Mailboxes { account }).await.unwrap()[0].id;
        let rows = store.read(Messages { account, mailbox, from: Uid(1), limit: 1000 }).await.unwrap();
        let mut all = Vec::new();
        for uid in rows.iter().map(|row| row.uid) {
            let stored = store.read(StoredMessage { account, mailbox, uid }).await.unwrap().unwrap();
            let mut octets = Vec::new();
            while (octets.len() as u64) < stored.size {
                octets.extend_from_slice(&store.chunk(&stored, octets.len() as u64).await.unwrap());
            }
            all.push(octets);
        }
        all
    }
}

fn sender(body: Body) -> Ask {
    sender_with(ReversePath::Address(address("alice@crepes.fr")), body)
}

pub(crate) fn sender_with(reverse_path: ReversePath, body: Body) -> Ask {
    Ask::Sender(Sender {
        reverse_path,
        size: None,
        body,
        smtputf8: false,
        ret: None,
        envid: None,
        auth: None,
        manner: Manner::Mail,
    })
}

/// Sends content to one recipient; the code after the dot.
pub(crate) async fn send_to(desk: &mut SmtpDesk, from: Option<&str>, recipient: &str, content: &[u8]) -> u16 {
    let path = from.map_or(ReversePath::Null, |from| ReversePath::Address(address(from)));
    assert_eq!(code(desk, sender_with(path, Body::SevenBit)).await, 250);
    let taken = code(desk, to(ForwardPath::Address(address(recipient)))).await;
    assert!(matches!(taken, 250 | 251), "{recipient}: {taken}");
    assert_eq!(code(desk, Ask::Content).await, 354);
    desk.content(content).await;
    code(desk, Ask::Commit).await
}

pub(crate) fn to(forward_path: ForwardPath) -> Ask {
    Ask::Recipient(Recipient { forward_path, notify: None, orcpt: None })
}

pub(crate) async fn code(desk: &mut SmtpDesk, ask: Ask) -> u16 {
    match desk.answer(NOW, ask).await {
        Answer::Reply(reply) => reply.code,
        Answer::Replies(replies) => replies[0].code,
        other => panic!("{other:?}"),
    }
}

/// Sends content to bob in pieces of `cut` octets; the code after the dot.
async fn send(desk: &mut SmtpDesk, body: Body, content: &[u8], cut: usize) -> u16 {
    let greeting = Greeting { verb: Verb::Ehlo, name: "crepes.fr".to_owned() };
    assert_eq!(desk.answer(NOW, Ask::Greeted(greeting, None)).await, Answer::Done);
    assert_eq!(code(desk, sender(body)).await, 250);
    assert_eq!(code(desk, to(ForwardPath::Address(address("bob@hamburger.edu")))).await, 250);
    assert_eq!(code(desk, Ask::Content).await, 354);
    for piece in content.chunks(cut) {
        desk.content(piece).await;
    }
    code(desk, Ask::Commit).await
}

const STRANGER: &str = "198.51.100.7";

#[tokio::test]
async fn a_header_section_has_a_limit() {
    let house = house().await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    let header = |octets: usize| {
        let mut text = b"Subject: x\r\n".to_vec();
        while text.len() + 80 < octets - 2 {
            text.extend_from_slice(format!("X-Filler: {:066}\r\n", 0).as_bytes());
        }
        let left = octets - 2 - text.len() - "X: \r\n".len();
        text.extend_from_slice(format!("X: {}\r\n\r\n", "x".repeat(left)).as_bytes());
        assert_eq!(text.len(), octets);
        [text, b"body\r\n".to_vec()].concat()
    };
    assert_eq!(send(&mut desk, Body::SevenBit, &header(arrival::HEADER_MAX), 60_000).await, 250);
    assert_eq!(send(&mut desk, Body::SevenBit, &header(arrival::HEADER_MAX + 1), 60_000).await, 552);
}

#[tokio::test]
async fn the_reserve_of_the_disk_is_left_alone() {
    let room = Arc::new(AtomicU64::new(1000));
    let free = room.clone();
    let policy = Policy { disk_reserve: 1000, ..policy() };
    let house = house_with(policy, Arc::new(move || Some(free.load(Ordering::Relaxed)))).await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    let of = |octets: Option<u64>| {
        let Ask::Sender(sender) = sender(Body::SevenBit) else { unreachable!() };
        Ask::Sender(Sender { size: octets, ..sender })
    };
    assert_eq!(code(&mut desk, of(None)).await, 250);
    assert_eq!(code(&mut desk, of(Some(1))).await, 452, "what is declared counts");
    room.store(999, Ordering::Relaxed);
    assert_eq!(code(&mut desk, of(None)).await, 452);
    room.store(3000, Ordering::Relaxed);
    assert_eq!(code(&mut desk, of(Some(2000))).await, 250);
    assert_eq!(code(&mut desk, of(Some(2001))).await, 452);
}

#[tokio::test]
async fn without_a_reserve_nobody_asks_for_room() {
    let house = house_with(policy(), Arc::new(|| panic!("asked"))).await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    assert_eq!(code(&mut desk, sender(Body::SevenBit)).await, 250);
}

#[tokio::test]
async fn a_hundred_hops_are_a_loop() {
    let house = house().await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    let hops = |count: usize| ["Received: by x\r\n".repeat(count), "\r\nbody\r\n".to_owned()].concat().into_bytes();
    assert_eq!(send(&mut desk, Body::SevenBit, &hops(99), 1000).await, 250);
    assert_eq!(send(&mut desk, Body::SevenBit, &hops(100), 1000).await, 554);
}

#[tokio::test]
async fn content_is_kept_whatever_the_pieces_it_came_in() {
    let house = house().await;
    for content in
        [&b"A: 1\r\n\r\nbody\r\n"[..], b"Hello, James:\r\nno header\r\n", b"\r\nempty first\r\n", b"A: only header\r\n"]
    {
        for cut in [1, 2, 3, 1000] {
            let mut desk = house.desk(Role::Mx, STRANGER);
            assert_eq!(send(&mut desk, Body::SevenBit, content, cut).await, 250);
            let kept = house.newest().await;
            assert!(kept.ends_with(content), "{:?}", String::from_utf8_lossy(&kept));
            assert!(kept.starts_with(b"Return-Path: <alice@crepes.fr>\r\nDelivered-To: bob@hamburger.edu\r\n"));
            let bodily = kept.ends_with(&[b"\r\n\r\n", content].concat());
            assert_eq!(bodily, !content.starts_with(b"A: "), "an empty line where there is no header");
        }
    }
}

#[tokio::test]
async fn binary_parts_become_base64() {
    let house = house().await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    let content = b"MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\x00\n\r\xff";
    assert_eq!(send(&mut desk, Body::BinaryMime, content, 7).await, 250);
    let kept = String::from_utf8(house.newest().await).unwrap();
    assert!(kept.contains("Content-Transfer-Encoding: base64\r\n"), "{kept}");
    assert!(kept.trim_end().ends_with("AAoN/w=="), "{kept}");
}

#[tokio::test]
async fn a_backup_mx_takes_mail_for_its_domains_from_anyone() {
    let backed_up = Policy { relay_domains: vec![Domain::parse("crepes.fr").unwrap()], ..policy() };
    let house = house_with(backed_up, Arc::new(|| None)).await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    assert_eq!(send_to(&mut desk, Some("dave@elsewhere.example"), "carol@crepes.fr", b"Subject: s\r\n\r\n").await, 250);
    assert_eq!(code(&mut desk, sender(Body::SevenBit)).await, 250);
    for (name, expected) in [("carol@CREPES.fr", 250), ("carol@other.example", 550), ("carol@sub.crepes.fr", 550)] {
        let heard = code(&mut desk, to(ForwardPath::Address(address(name)))).await;
        assert_eq!(heard, expected, "{name}");
    }
    let mut desk = house.desk(Role::Lmtp, STRANGER);
    assert_eq!(code(&mut desk, sender(Body::SevenBit)).await, 250);
    assert_eq!(code(&mut desk, to(ForwardPath::Address(address("carol@crepes.fr")))).await, 550);
}

#[tokio::test]
async fn strangers_do_not_relay_and_neighbours_do() {
    let house = house().await;
    let abroad = || to(ForwardPath::Address(address("carol@crepes.fr")));
    let bare = || to(ForwardPath::Bare("bob".to_owned()));
    let postmaster = || to(ForwardPath::Bare("PostMaster".to_owned()));
    for (role, client, codes) in [
        (Role::Mx, STRANGER, [550, 553, 250]),
        (Role::Mx, "192.0.2.9", [250, 250, 250]),
        (Role::Lmtp, "192.0.2.9", [550, 553, 250]),
    ] {
        let mut desk = house.desk(role, client);
        assert_eq!(code(&mut desk, sender(Body::SevenBit)).await, 250);
        let heard =
            [code(&mut desk, abroad()).await, code(&mut desk, bare()).await, code(&mut desk, postmaster()).await];
        assert_eq!(heard, codes, "{role:?} from {client}");
    }
    let mut desk = house.desk(Role::Submission, "192.0.2.9");
    assert_eq!(code(&mut desk, sender(Body::SevenBit)).await, 530, "nobody submits without login");
}

#[tokio::test]
async fn aliases_are_followed_so_deep_and_no_deeper() {
    let house = house().await;
    house.alias("a0@hamburger.edu", &["bob@hamburger.edu"]).await;
    for depth in 1..=route::ALIAS_DEPTH {
        house.alias(&format!("a{depth}@hamburger.edu"), &[&format!("a{}@hamburger.edu", depth - 1)]).await;
    }
    house.alias("loop@hamburger.edu", &["loop@hamburger.edu"]).await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    assert_eq!(code(&mut desk, sender(Body::SevenBit)).await, 250);
    let deepest = format!("a{}@hamburger.edu", route::ALIAS_DEPTH - 1);
    let too_deep = format!("a{}@hamburger.edu", route::ALIAS_DEPTH);
    for (name, expected) in [(deepest.as_str(), 250), (&too_deep, 554), ("loop@hamburger.edu", 550)] {
        assert_eq!(code(&mut desk, to(ForwardPath::Address(address(name)))).await, expected, "{name}");
    }
}

#[tokio::test]
async fn an_alias_has_so_many_members_and_no_more() {
    let house = house().await;
    let names: Vec<String> = (0..=route::MEMBERS_MAX).map(|number| format!("m{number}@crepes.fr")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    house.alias("many@hamburger.edu", &names[..route::MEMBERS_MAX]).await;
    house.alias("more@hamburger.edu", &names).await;
    let mut desk = house.desk(Role::Mx, STRANGER);
    assert_eq!(code(&mut desk, sender(Body::SevenBit)).await, 250);
    assert_eq!(code(&mut desk, to(ForwardPath::Address(address("many@hamburger.edu")))).await, 250);
    assert_eq!(code(&mut desk, to(ForwardPath::Address(address("more@hamburger.edu")))).await, 554);
}

#[tokio::test]
async fn success_is_reported_to_those_who_ask() {
    for (notify, told) in [(None, 0), (Some(Notify { success: true, ..Notify::default() }), 1)] {
        let house = house().await;
        let mut desk = house.desk(Role::Mx, "192.0.2.7");
        let path = ReversePath::Address(address("bob@hamburger.edu"));
        assert_eq!(code(&mut desk, sender_with(path, Body::SevenBit)).await, 250);
        let forward_path = ForwardPath::Address(address("bob@hamburger.edu"));
        let recipient = Recipient { forward_path, notify, orcpt: Some("rfc822;robert@crepes.fr".to_owned()) };
        assert_eq!(code(&mut desk, Ask::Recipient(recipient)).await, 250);
        assert_eq!(code(&mut desk, Ask::Content).await, 354);
        desk.content(b"Subject: arrived\r\nMessage-ID: <a@b.c>\r\n\r\nHello\r\n").await;
        assert_eq!(code(&mut desk, Ask::Commit).await, 250);
        assert_eq!(house.all().await.len(), 1 + told);
        let newest = String::from_utf8(house.newest().await).unwrap();
        let parts = ["Return-Path: <>", "Action: delivered", "Original-Recipient: rfc822; robert@crepes.fr"];
        assert_eq!(parts.iter().filter(|part| newest.contains(*part)).count(), parts.len() * told, "{newest}");
        assert!(told == 0 || (newest.contains("Subject: arrived") && !newest.contains("Hello")), "{newest}");
    }
}

#[tokio::test]
async fn users_name_nobody_else_as_who_sent_it() {
    let house = house().await;
    house.alias("sales@hamburger.edu", &["bob@hamburger.edu"]).await;
    let query = AccountByAddress { address: address("bob@hamburger.edu") };
    let bob = house.office.store().read(query).await.unwrap().unwrap();
    for field in ["Sender", "Resent-From", "Resent-Sender"] {
        for (name, wanted) in [
            ("ceo@bank.example", 550),
            ("ceo@bank..example", 550),
            ("sales@hamburger.edu", 250),
            ("Bob+x@hamburger.edu", 250),
            ("bob@hamburger.edu>\r\nResent-From: <bob@hamburger.edu>\r\nResent-From: <alice@hamburger.edu", 250),
        ] {
            let mut desk = house.desk(Role::Submission, STRANGER);
            desk.visitor.assume(bob.clone());
            let content = format!("From: bob@hamburger.edu\r\n{field}: Me <{name}>\r\n\r\nHello\r\n");
            let bobs = "bob@hamburger.edu";
            assert_eq!(send_to(&mut desk, Some(bobs), bobs, content.as_bytes()).await, wanted, "{field} {name}");
        }
    }
    // Strangers' mail is not ours to judge.
    let mut desk = house.desk(Role::Mx, STRANGER);
    let content = b"From: a@crepes.fr\r\nSender: ceo@bank.example\r\n\r\nHello\r\n";
    assert_eq!(send_to(&mut desk, Some("a@crepes.fr"), "bob@hamburger.edu", content).await, 250);
}
