//! The sending half over a road that is made up: when hosts are tried, what senders are told, and that it is told once.

use super::{ClientDesk, Next, Outbound, Road, Stop};
use crate::admin::{QueueWhich, Request};
use crate::inbound::tests::{House, NOW, address, house, house_with, policy, send_to};
use message::{Domain, Time};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use store::op::{Op, OutboxChange, OutboxFilter};
use store::query::{Outbox, OutboxRow, TraceByAddress};
use wire::names::{Addresses, Answer, Dnssec, Exchange, MxAnswer};
use wire::smtp::{Role, client};
use wire::{Desk, Event, Session, Step};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// What a host does with a connection.
#[derive(Clone, Copy, Debug)]
enum Host {
    /// There is none.
    Refuses,
    /// It says these lines, one after each line or content of ours, and closes after the last.
    Says(&'static [&'static str]),
}

#[derive(Clone)]
struct MadeUp {
    now: Arc<Mutex<Time>>,
    mx: Answer<MxAnswer>,
    /// What the next connections meet; the last stays.
    hosts: Arc<Mutex<VecDeque<Host>>>,
    /// When there was one, and where to.
    travels: Arc<Mutex<Vec<(Time, String)>>>,
}

impl MadeUp {
    fn new(hosts: &[Host]) -> MadeUp {
        let mx = |n: u16| (n, Exchange::Host(Domain::parse(&format!("mx{n}.crepes.fr")).unwrap()));
        MadeUp {
            now: Arc::new(Mutex::new(NOW)),
            mx: Answer::Found(MxAnswer::unchecked([mx(1), mx(2)])),
            hosts: Arc::new(Mutex::new(hosts.iter().copied().collect())),
            travels: Arc::default(),
        }
    }

    /// Minutes after the beginning at which the first host was tried.
    fn minutes(&self) -> Vec<u64> {
        let travels = self.travels.lock();
        let first = travels.iter().filter(|(_, host)| host.starts_with("mx1"));
        first.map(|(at, _)| at.since(NOW).as_secs() / 60).collect()
    }
}

impl Road for MadeUp {
    fn now(&self) -> Time {
        *self.now.lock()
    }

    async fn mx(&self, _: &Domain) -> Answer<MxAnswer> {
        self.mx.clone()
    }

    async fn addresses(&self, host: &Domain) -> Answer<Addresses> {
        let last = if host.as_str().starts_with("mx1") { 1 } else { 2 };
        Answer::Found(Addresses { list: vec![[192, 0, 2, last].into()], dnssec: Dnssec::Unchecked })
    }

    async fn travel(&self, stop: &Stop, session: client::Client, desk: ClientDesk) -> Result<(), String> {
        self.travels.lock().push((self.now(), stop.to_string()));
        let host = {
            let mut hosts = self.hosts.lock();
            if hosts.len() > 1 { hosts.pop_front() } else { hosts.front().copied() }
        };
        match host {
            Some(Host::Says(lines)) => {
                drive(self.now(), session, desk, lines).await;
                Ok(())
            }
            _ => Err("connection refused".to_owned()),
        }
    }
}

/// Runs a session against a host that says its lines one at a time, whenever it is waited for.
async fn drive(now: Time, mut session: client::Client, mut desk: ClientDesk, lines: &[&str]) {
    let mut lines = lines.iter();
    let mut closed = false;
    loop {
        match session.step() {
            Step::Send(_) | Step::Relay(_) => {}
            Step::Ask(ask) => session.answer(now, desk.answer(now, ask).await),
            Step::Read => match lines.next() {
                Some(line) => {
                    let octets = format!("{line}\r\n");
                    // The tick starts the clock for the reply to content that was relayed.
                    session.tick(now);
                    let mut rest = octets.as_bytes();
                    while !rest.is_empty() {
                        let taken = session.receive(now, rest);
                        rest = &rest[taken..];
                        if taken == 0 {
                            break;
                        }
                        while let Step::Ask(ask) = session.step() {
                            session.answer(now, desk.answer(now, ask).await);
                        }
                    }
                }
                None if closed => return,
                None => {
                    closed = true;
                    session.event(now, Event::PeerClosed);
                }
            },
            Step::StartTls => session.event(now, Event::PeerClosed),
            Step::Content(_) | Step::Compress | Step::Close | Step::Turn => return,
        }
    }
}

/// A house whose user sent one message to the other side, and its sending half.
async fn sent(from: Option<&str>) -> (House, Outbound) {
    sent_from(house().await, from).await
}

async fn sent_from(house: House, from: Option<&str>) -> (House, Outbound) {
    let mut desk = house.desk(Role::Mx, "192.0.2.7");
    assert_eq!(send_to(&mut desk, from, "carol@crepes.fr", b"Subject: late\r\n\r\nHello\r\n").await, 250);
    let outbound = house.office.outbound();
    (house, outbound)
}

/// Sends until nothing waits any more, or until a time; leaps over the waits.
async fn run(outbound: &Outbound, road: &MadeUp, until: Time) {
    loop {
        match outbound.next(road.now()).await.unwrap() {
            Next::Work(work) => outbound.carry_out(road.clone(), *work).await,
            Next::Wait(Some(next)) if next <= until => {
                *road.now.lock() = next.max(road.now().after(Duration::from_millis(1)))
            }
            Next::Wait(_) => return,
        }
    }
}

async fn waiting(house: &House) -> Vec<OutboxRow> {
    let all = Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 99 };
    house.office.store().read(all).await.unwrap()
}

async fn journey(house: &House) -> Vec<String> {
    let lines = TraceByAddress { address: "carol@crepes.fr".to_owned(), limit: 9 };
    house.office.store().read(lines).await.unwrap().into_iter().map(|line| line.event).collect()
}

/// Subjects of what bob was sent.
async fn told(house: &House) -> Vec<String> {
    let all = house.all().await;
    let subject = |octets: &Vec<u8>| {
        let text = String::from_utf8_lossy(octets).into_owned();
        text.lines().find_map(|line| line.strip_prefix("Subject: ").map(str::to_owned)).unwrap_or_default()
    };
    all.iter().map(subject).collect()
}

#[tokio::test]
async fn five_days_of_a_host_that_is_down() {
    let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
    let road = MadeUp::new(&[Host::Refuses]);
    run(&outbound, &road, NOW.after(6 * 24 * HOUR)).await;
    let minutes = road.minutes();
    let steps: Vec<u64> = minutes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(minutes[0], 0);
    assert!(steps.iter().take(7).all(|step| (26..=34).contains(step)), "about every 30 minutes: {steps:?}");
    assert!(steps.iter().rev().skip(2).take(20).all(|step| (215..=265).contains(step)), "then every 4 h: {steps:?}");
    assert!((7199..=7201).contains(minutes.last().unwrap()), "the last try after five days: {minutes:?}");
    assert_eq!(told(&house).await, ["Your message is late", "Your message could not be delivered"]);
    assert_eq!(waiting(&house).await, vec![]);
    let journey = journey(&house).await;
    assert_eq!(journey.iter().filter(|event| *event == "reported").count(), 2, "{journey:?}");
}

#[tokio::test]
async fn a_route_may_have_terms_of_its_own() {
    let mut policy = crate::inbound::tests::policy();
    let usual = policy.outbound.usual_terms();
    let schedule = queue::Schedule { retry_first: 2 * MINUTE, expire: 10 * MINUTE, ..usual.schedule };
    let terms = crate::policy::Terms { schedule, ..usual };
    policy.outbound.route_terms = vec![(Domain::parse("crepes.fr").unwrap(), terms)];
    let (house, outbound) = sent_from(house_with(policy, Arc::new(|| None)).await, Some("bob@hamburger.edu")).await;
    let road = MadeUp::new(&[Host::Refuses]);
    run(&outbound, &road, NOW.after(6 * 24 * HOUR)).await;
    let minutes = road.minutes();
    assert!((5..=7).contains(&minutes.len()) && minutes.last() == Some(&10), "every two, and given up: {minutes:?}");
    assert_eq!(told(&house).await, ["Your message could not be delivered"]);
}

#[tokio::test]
async fn what_the_next_host_takes_is_sent_once() {
    let took = Host::Says(&["220 mx", "250 mx", "250 sender", "250 recipient", "354 go", "250 2.0.0 taken", "221 bye"]);
    for first in
        [Host::Refuses, Host::Says(&["554 no mail here"]), Host::Says(&["220 mx", "421 later"]), Host::Says(&[])]
    {
        let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
        let road = MadeUp::new(&[first, took]);
        run(&outbound, &road, NOW).await;
        assert_eq!(road.travels.lock().len(), 2, "{first:?}");
        assert_eq!(waiting(&house).await, vec![], "{first:?}");
        assert_eq!(journey(&house).await, ["accepted", "queued", "sent"]);
        assert_eq!(told(&house).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_host_at_which_tls_comes_to_nothing_gets_the_message_without() {
    let took = Host::Says(&["220 mx", "250 mx", "250 sender", "250 recipient", "354 go", "250 2.0.0 taken", "221 bye"]);
    const OFFER: [&str; 2] = ["220 mx", "250-mx\r\n250 STARTTLS"];
    let then = |last: &'static str| Host::Says(Vec::leak([&OFFER[..], &[last]].concat()));
    for first in [Host::Says(&OFFER), then("220 go"), then("421 no"), then("354 what")] {
        let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
        let road = MadeUp::new(&[first, took]);
        run(&outbound, &road, NOW).await;
        assert_eq!(journey(&house).await, ["accepted", "queued", "sent"], "{first:?}");
        assert!(road.travels.lock().iter().all(|(_, host)| host.starts_with("mx1")), "{first:?}");
    }
}

#[tokio::test]
async fn a_recipient_that_is_refused_is_reported_at_once_and_a_report_never() {
    let unknown = Host::Says(&["220 mx", "250 mx", "250 sender", "550 5.1.1 nobody", "250 reset", "221 bye"]);
    let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
    run(&outbound, &MadeUp::new(&[unknown]), NOW).await;
    assert_eq!(told(&house).await, ["Your message could not be delivered"]);
    let text = String::from_utf8(house.newest().await).unwrap();
    for part in ["Return-Path: <>", "Final-Recipient: rfc822; carol@crepes.fr", "Status: 5.1.1", "550 5.1.1 nobody"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let (house, outbound) = sent(None).await;
    run(&outbound, &MadeUp::new(&[unknown]), NOW).await;
    assert_eq!((told(&house).await, waiting(&house).await), (vec![], vec![]));
    assert_eq!(journey(&house).await, ["accepted", "queued", "failed"]);
}

#[tokio::test]
async fn a_greylist_is_tried_early_once() {
    let grey = Host::Says(&["220 mx", "250 mx", "250 sender", "450 4.7.1 greylisted", "250 reset", "221 bye"]);
    let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
    let road = MadeUp::new(&[grey]);
    run(&outbound, &road, NOW.after(HOUR)).await;
    let minutes = road.minutes();
    assert!((5..=6).contains(&minutes[1]) && (31..=40).contains(&minutes[2]), "{minutes:?}");
    assert_eq!(waiting(&house).await[0].said.as_deref().map(|said| said.contains("450 4.7.1 greylisted")), Some(true));
}

#[tokio::test]
async fn a_lost_reply_to_the_dot_is_tried_again_later_and_at_no_other_host() {
    let lost = Host::Says(&["220 mx", "250 mx", "250 sender", "250 recipient", "354 go"]);
    let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
    let road = MadeUp::new(&[lost]);
    run(&outbound, &road, NOW.after(MINUTE)).await;
    assert_eq!(road.travels.lock().len(), 1);
    let row = waiting(&house).await.remove(0);
    assert_eq!(row.attempts, 1);
    assert!(row.said.unwrap().contains("nobody knows whether it was taken"));
}

#[tokio::test]
async fn a_connection_that_the_peer_gives_up_between_messages_puts_off_none() {
    const ONE: [&str; 6] = ["220 mx", "250 mx", "250 sender", "250 recipient", "354 go", "250 2.0.0 taken"];
    let with = |last: &'static str| Host::Says(Vec::leak([&ONE[..], &[last]].concat()));
    for peer in [Host::Says(&ONE), with("421 4.7.0 enough"), with("354 what")] {
        let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
        let mut desk = house.desk(Role::Mx, "192.0.2.7");
        for _ in 0..2 {
            let from = Some("bob@hamburger.edu");
            assert_eq!(send_to(&mut desk, from, "carol@crepes.fr", b"Subject: more\r\n\r\nHello\r\n").await, 250);
        }
        let road = MadeUp::new(&[peer]);
        run(&outbound, &road, NOW).await;
        assert_eq!((waiting(&house).await, road.travels.lock().len()), (vec![], 3), "{peer:?}");
        assert!(road.travels.lock().iter().all(|(_, host)| host.starts_with("mx1")), "{peer:?}");
    }
}

#[tokio::test]
async fn names_decide_before_any_host_is_tried() {
    for (mx, status) in
        [(Answer::NoDomain, "5.1.2"), (Answer::Found(MxAnswer::unchecked([(0, Exchange::Null)])), "5.1.10")]
    {
        let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
        let road = MadeUp { mx, ..MadeUp::new(&[Host::Refuses]) };
        run(&outbound, &road, NOW).await;
        assert_eq!(road.travels.lock().len(), 0);
        let text = String::from_utf8(house.newest().await).unwrap();
        assert!(text.contains(&format!("Status: {status}")), "{text}");
    }
    let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
    let road = MadeUp { mx: Answer::Failed("no answer".to_owned()), ..MadeUp::new(&[Host::Refuses]) };
    run(&outbound, &road, NOW.after(MINUTE)).await;
    let row = waiting(&house).await.remove(0);
    assert_eq!((row.attempts, row.address), (1, address("carol@crepes.fr")));
}

#[tokio::test]
async fn what_was_under_way_when_the_process_ended_is_taken_up_by_the_next() {
    let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
    assert!(matches!(outbound.next(NOW).await.unwrap(), Next::Work(_)), "claimed, and then the process ends");
    let next = house.office.outbound();
    assert!(matches!(next.next(NOW).await.unwrap(), Next::Wait(_)), "it is under lease");
    let next = house.office.outbound();
    next.recover().await.unwrap();
    assert!(matches!(next.next(NOW).await.unwrap(), Next::Work(_)));
}

#[tokio::test]
async fn a_try_that_takes_hours_keeps_its_lease() {
    let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
    let Next::Work(work) = outbound.next(NOW).await.unwrap() else { panic!("nothing to do") };
    let other = house.office.outbound();
    for minutes in (15..180).step_by(15) {
        let now = NOW.after(MINUTE * minutes);
        outbound.renew(now).await.unwrap();
        other.announce(now);
        assert!(matches!(other.next(now).await.unwrap(), Next::Wait(_)), "after {minutes} minutes");
    }
    drop(work);
    let now = NOW.after(4 * HOUR);
    other.announce(now);
    assert!(matches!(other.next(now).await.unwrap(), Next::Work(_)), "it ends with who does not renew it");
}

const UNKNOWN: Host = Host::Says(&["220 mx", "250 mx", "250 sender", "550 5.1.1 nobody", "250 reset", "221 bye"]);

#[tokio::test]
async fn a_sender_without_a_mailbox_here_has_the_postmaster_told() {
    let (house, outbound) = sent(Some("root@hamburger.edu")).await;
    run(&outbound, &MadeUp::new(&[UNKNOWN]), NOW).await;
    assert_eq!(told(&house).await, ["Your message could not be delivered"], "bob is the administrator");
    assert!(!journey(&house).await.contains(&"unreported".to_owned()));
}

#[tokio::test]
async fn no_recipient_is_given_up_as_long_as_its_sender_cannot_be_told() {
    let room = Arc::new(Mutex::new(u64::MAX));
    let free = room.clone();
    let policy = crate::Policy { disk_reserve: 1000, ..policy() };
    let house = house_with(policy, Arc::new(move || Some(*free.lock()))).await;
    let mut desk = house.desk(Role::Mx, "192.0.2.7");
    let from = Some("bob@hamburger.edu");
    assert_eq!(send_to(&mut desk, from, "carol@crepes.fr", b"Subject: late\r\n\r\nHello\r\n").await, 250);
    *room.lock() = 0;
    let (outbound, road) = (house.office.outbound(), MadeUp::new(&[UNKNOWN]));
    run(&outbound, &road, NOW.after(MINUTE)).await;
    assert_eq!((waiting(&house).await.len(), told(&house).await.len()), (1, 0), "{:?}", journey(&house).await);
    *room.lock() = u64::MAX;
    run(&outbound, &road, NOW.after(HOUR)).await;
    assert_eq!((waiting(&house).await.len(), told(&house).await.len()), (0, 1), "{:?}", journey(&house).await);
}

#[tokio::test]
async fn what_an_administrator_does_to_mail_that_is_claimed_holds() {
    let taken =
        Host::Says(&["220 mx", "250 mx", "250 sender", "250 recipient", "354 go", "250 2.0.0 taken", "221 bye"]);
    let other = || OutboxChange::Reroute(Some("192.0.2.9:25".to_owned()));
    for (change, expected) in [(OutboxChange::Hold, (1, 1)), (OutboxChange::Remove, (0, 1)), (other(), (0, 2))] {
        let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
        let Next::Work(work) = outbound.next(NOW).await.unwrap() else { panic!("nothing to do") };
        let all = OutboxFilter::default();
        let change = Op::OutboxChange { filter: all, after: (0, 0), limit: 9, change, now: NOW };
        house.office.store().apply(change.clone()).await.unwrap();
        let road = MadeUp::new(&[Host::Says(&["220 mx", "250 mx", "221 bye"]), taken]);
        outbound.carry_out(road.clone(), *work).await;
        run(&outbound, &road, NOW.after(MINUTE)).await;
        let travels: Vec<String> = road.travels.lock().iter().map(|(_, host)| host.clone()).collect();
        assert_eq!((waiting(&house).await.len(), travels.len()), expected, "{change:?} {travels:?}");
        assert!(travels.get(1).is_none_or(|host| host.contains("192.0.2.9")), "{travels:?}");
    }
}

#[tokio::test]
async fn an_administrator_who_says_now_is_heard_where_nobody_was_found_before() {
    let (house, outbound) = sent(Some("bob@hamburger.edu")).await;
    let mut desk = house.desk(Role::Mx, "192.0.2.7");
    for _ in 0..9 {
        let from = Some("bob@hamburger.edu");
        assert_eq!(send_to(&mut desk, from, "carol@crepes.fr", b"Subject: late\r\n\r\nHello\r\n").await, 250);
    }
    let road = MadeUp::new(&[Host::Refuses]);
    run(&outbound, &road, NOW).await;
    let before = road.minutes().len();
    assert_eq!(before, 5, "it is down after five tries, and the others are put off");
    let change = OutboxChange::Retry;
    let now = Request::QueueChange { which: QueueWhich::default(), change };
    house.office.administer(NOW, now).await.unwrap();
    outbound.announce(NOW);
    run(&outbound, &road, NOW).await;
    assert_eq!(road.minutes().len(), before + 5);
}
