//! The loop driven by a small scripted protocol over a pipe, with tokio's paused clock.
#![allow(clippy::disallowed_methods, reason = "looks at tokio's paused clock")]
#![allow(clippy::unwrap_used)]

mod client;
mod closing;
mod compressed;
mod dismissal;
mod news;

use super::*;
use crate::tls::tests::{client, connect, test_config};
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use wire::{Standing, TlsFacts};

/// How long without a command before the session says goodbye.
const IDLE: Duration = Duration::from_secs(300);

/// A line protocol: `SAY text`, `ASK text`, `GIVE n` (n octets of content follow), `GET n`, `RAW n`, `CUT n offset octets`,
/// `TLS`, `COMPRESS`, `LISTEN` (for news, of which the desk is asked), `KNOWN`, `STAY`, `HURRY n` (seconds are left for all),
/// `QUIT`.
struct Script {
    steps: std::collections::VecDeque<Step<String>>,
    content_left: usize,
    deadline: Time,
    /// A deadline for all that comes.
    hurry: Option<Time>,
    standing: Standing,
    facts: Option<TlsFacts>,
    listens: bool,
    log: Log,
}

type Log = Arc<Mutex<Vec<String>>>;

impl Script {
    fn new(now: Time, log: &Log) -> Script {
        let mut script = Script {
            steps: Default::default(),
            content_left: 0,
            deadline: now.after(IDLE),
            hurry: None,
            standing: Standing::Stranger,
            facts: None,
            listens: false,
            log: log.clone(),
        };
        script.say("hello");
        script
    }

    fn say(&mut self, text: &str) {
        self.steps.push_back(Step::Send(Bytes::from(format!("{text}\r\n"))));
    }

    fn note(&self, text: impl Into<String>) {
        self.log.lock().unwrap().push(text.into());
    }

    fn goodbye(&mut self, text: &str) {
        self.say(text);
        self.steps.push_back(Step::Close);
    }

    fn command(&mut self, now: Time, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "SAY" => self.say(rest),
            "ASK" => self.steps.push_back(Step::Ask(rest.to_owned())),
            "GIVE" => self.content_left = rest.parse().unwrap(),
            "GET" => self.relay(rest, Framing::DotStuffed { lines: None }),
            "RAW" => self.relay(rest, Framing::Raw),
            "CUT" => {
                let [source, offset, octets] = rest.split(' ').collect::<Vec<_>>()[..] else { panic!("{rest}") };
                let (offset, octets) = (offset.parse().unwrap(), octets.parse().unwrap());
                self.relay(source, Framing::Range { offset, octets });
            }
            "COMPRESS" => {
                self.say("smaller");
                self.steps.push_back(Step::Compress);
            }
            "LISTEN" => self.listens = true,
            "TLS" => {
                self.say("go");
                self.steps.push_back(Step::StartTls);
            }
            "FACTS" => self.say(&self.facts.as_ref().map_or("none".to_owned(), |facts| facts.version.clone())),
            "HURRY" => self.hurry = Some(now.after(Duration::from_secs(rest.parse().unwrap()))),
            "KNOWN" => self.standing = Standing::Known,
            "STAY" => self.standing = Standing::Entitled,
            "QUIT" => self.goodbye("bye"),
            "PANIC" => panic!("a defect of the session"),
            other => panic!("no such command: {other}"),
        }
    }

    fn relay(&mut self, source: &str, framing: Framing) {
        self.steps.push_back(Step::Relay(Relay { source: source.parse().unwrap(), framing }));
    }
}

impl Session for Script {
    type Ask = String;
    type Answer = String;

    fn receive(&mut self, now: Time, bytes: &[u8]) -> usize {
        self.deadline = self.hurry.unwrap_or(now.after(IDLE));
        if self.content_left > 0 {
            let taken = bytes.len().min(self.content_left);
            self.content_left -= taken;
            self.steps.push_back(Step::Content(0..taken));
            if self.content_left == 0 {
                self.steps.push_back(Step::Ask("commit".to_owned()));
            }
            return taken;
        }
        let Some(end) = bytes.iter().position(|b| *b == b'\n') else { return 0 };
        self.command(now, std::str::from_utf8(&bytes[..end]).unwrap().trim_end());
        end + 1
    }

    fn answer(&mut self, _: Time, answer: String) {
        self.note(format!("answered {answer}"));
        self.say(&answer);
    }

    fn event(&mut self, _: Time, event: Event) {
        match event {
            Event::TlsStarted(facts) => self.facts = Some(facts),
            Event::Draining => self.goodbye("draining"),
            Event::Dismissed => self.goodbye("dismissed"),
            Event::Revoked => self.goodbye("revoked"),
            Event::News => self.steps.push_back(Step::Ask("news".to_owned())),
            Event::PeerClosed => {
                self.steps.clear();
                self.steps.push_back(Step::Ask("forget".to_owned()));
            }
        }
    }

    fn step(&mut self) -> Step<String> {
        self.steps.pop_front().unwrap_or(Step::Read)
    }

    fn leads_on(ask: &String) -> bool {
        ask != "nothing"
    }

    fn is_refusal(answer: &Self::Answer) -> bool {
        answer == "no"
    }

    fn standing(&self) -> Standing {
        self.standing
    }

    fn awaits_news(&self) -> bool {
        self.listens
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.deadline)
    }

    fn tick(&mut self, now: Time) {
        if now >= self.deadline {
            self.goodbye("too slow");
        }
    }
}

/// Answers with the question in capitals; keeps the content; `slow` takes ten seconds, source 7 breaks off; of news it tells
/// how many there were.
struct TestDesk {
    content: Vec<u8>,
    news: watch::Receiver<u32>,
    log: Log,
}

impl Desk for TestDesk {
    type Session = Script;

    async fn answer(&mut self, _: Time, ask: String) -> String {
        self.log.lock().unwrap().push(format!("asked {ask}"));
        match ask.as_str() {
            "slow" => tokio::time::sleep(Duration::from_secs(10)).await,
            "news" => return format!("news {}", *self.news.borrow_and_update()),
            "commit" => return format!("{} octets", std::mem::take(&mut self.content).len()),
            _ => {}
        }
        ask.to_uppercase()
    }

    async fn content(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
    }

    async fn read(&mut self, source: u64, offset: u64) -> Option<Bytes> {
        let whole = stored(source);
        if source == 7 && offset > 0 {
            return None;
        }
        let from = usize::try_from(offset).unwrap().min(whole.len());
        Some(Bytes::copy_from_slice(&whole[from..whole.len().min(from + 100_000)]))
    }

    async fn news(&mut self) {
        while !self.news.has_changed().unwrap_or(false) {
            // Seen only when it is told, so the future may be dropped.
            if self.news.clone().changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Stored content number n: n lines, each with a dot at its start.
fn stored(source: u64) -> Vec<u8> {
    let lines = if source == 7 { 20_000 } else { source };
    (0..lines).flat_map(|line| format!(".{line}\r\n").into_bytes()).collect()
}

struct Scene {
    peer: DuplexStream,
    drain: watch::Sender<bool>,
    news: watch::Sender<u32>,
    seat: Arc<Seat>,
    log: Log,
    ended: tokio::task::JoinHandle<Ended>,
}

impl Scene {
    /// A session under way over a pipe that holds `pipe` octets.
    fn open(security: Security, pipe: usize) -> Scene {
        let (ours, peer) = tokio::io::duplex(pipe);
        let (drain, draining) = watch::channel(false);
        let log = Log::default();
        let clock = Clock::counting(Time(1_800_000_000_000));
        let seat = Seat::new(clock.now());
        let session = Script::new(clock.now(), &log);
        let (news, of_news) = watch::channel(0);
        let desk = TestDesk { content: Vec::new(), news: of_news, log: log.clone() };
        let around = Surroundings { clock, drain: draining, security, seat: seat.clone() };
        let ended = tokio::spawn(async move { drive(ours, session, desk, &around).await });
        Scene { peer, drain, news, seat, log, ended }
    }

    fn plain() -> Scene {
        Scene::open(Security::Plain, 1 << 20)
    }

    async fn say(&mut self, text: &str) {
        self.peer.write_all(text.as_bytes()).await.unwrap();
    }

    /// All that comes until the server closes.
    async fn rest(&mut self) -> String {
        let mut text = Vec::new();
        self.peer.read_to_end(&mut text).await.unwrap();
        String::from_utf8(text).unwrap()
    }

    /// The reason it ended, after our end was dropped.
    async fn reason(self) -> Ended {
        drop(self.peer);
        self.ended.await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn pipelined_commands_are_answered_in_order_and_counted() {
    let mut scene = Scene::plain();
    scene.say("SAY one\r\nASK two\r\nGIVE 5\r\nabcdeSAY three\r\nQUIT\r\n").await;
    assert_eq!(scene.rest().await, "hello\r\none\r\nTWO\r\n5 octets\r\nthree\r\nbye\r\n");
    let ended = scene.reason().await;
    assert!(matches!(ended.reason, Reason::Closed), "{ended:?}");
    assert_eq!((ended.received, ended.sent), (48, 39));
}

#[tokio::test(start_paused = true)]
async fn replies_of_a_pipelining_client_come_in_one_write() {
    let mut scene = Scene::plain();
    let mut reply = [0; 64];
    let octets = scene.peer.read(&mut reply).await.unwrap();
    assert_eq!(&reply[..octets], b"hello\r\n", "the greeting is flushed before waiting");
    scene.say("SAY one\r\nASK two\r\nSAY three\r\n").await;
    let octets = scene.peer.read(&mut reply).await.unwrap();
    assert_eq!(&reply[..octets], b"one\r\nTWO\r\nthree\r\n");
}

#[tokio::test(start_paused = true)]
async fn replies_gathered_before_a_long_question_do_not_wait_for_it() {
    let mut scene = Scene::plain();
    scene.say("SAY one\r\nASK slow\r\n").await;
    let started = tokio::time::Instant::now();
    let mut reply = [0; 12];
    scene.peer.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"hello\r\none\r\n");
    assert_eq!(started.elapsed(), THINKING);
    scene.peer.read_exact(&mut reply[..6]).await.unwrap();
    assert_eq!(&reply[..6], b"SLOW\r\n");
}

#[tokio::test(start_paused = true)]
async fn content_comes_to_the_desk_whole_however_it_is_cut() {
    let mut scene = Scene::open(Security::Plain, 1000);
    let content = "x".repeat(300_000);
    scene.say("GIVE 300000\r\n").await;
    scene.say(&content).await;
    scene.say("QUIT\r\n").await;
    assert_eq!(scene.rest().await, "hello\r\n300000 octets\r\nbye\r\n");
}

#[tokio::test(start_paused = true)]
async fn stored_content_is_streamed_stuffed_or_raw() {
    for (verb, dot, end) in [("GET", "..", ".\r\n"), ("RAW", ".", "")] {
        let mut scene = Scene::open(Security::Plain, 1000);
        scene.say(&format!("{verb} 30000\r\nSAY after\r\nQUIT\r\n")).await;
        let expected: String = (0..30_000).map(|line| format!("{dot}{line}\r\n")).collect();
        assert_eq!(scene.rest().await, format!("hello\r\n{expected}{end}after\r\nbye\r\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_range_of_stored_content_is_streamed_and_nothing_else_of_it() {
    let whole = String::from_utf8(stored(30_000)).unwrap();
    let ranges = [(0, 0), (0, 1), (3, 5), (99_999, 2), (100_000, 100_001), (0, whole.len()), (whole.len(), 0)];
    for (offset, octets) in ranges {
        let mut scene = Scene::open(Security::Plain, 1000);
        scene.say(&format!("CUT 30000 {offset} {octets}\r\nSAY after\r\nQUIT\r\n")).await;
        let expected = &whole[offset..offset + octets];
        assert_eq!(scene.rest().await, format!("hello\r\n{expected}after\r\nbye\r\n"), "{offset}+{octets}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_range_that_is_not_there_ends_the_connection() {
    for range in ["10 0 41", "10 41 1", "10 18446744073709551615 1", "7 0 100001"] {
        let mut scene = Scene::plain();
        scene.say(&format!("CUT {range}\r\nQUIT\r\n")).await;
        assert!(!scene.rest().await.contains("bye"), "{range}");
        assert!(matches!(scene.reason().await.reason, Reason::Unreadable), "{range}");
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_cannot_be_read_to_its_end_never_looks_whole() {
    let mut scene = Scene::plain();
    scene.say("GET 7\r\nQUIT\r\n").await;
    let text = scene.rest().await;
    assert!(text.len() > 50_000 && !text.ends_with("\r\n.\r\n") && !text.contains("bye"));
    assert!(matches!(scene.reason().await.reason, Reason::Unreadable));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_ticked_when_it_has_passed_and_not_before() {
    let mut scene = Scene::plain();
    let started = tokio::time::Instant::now();
    assert_eq!(scene.rest().await, "hello\r\ntoo slow\r\n");
    let waited = started.elapsed();
    assert!(waited >= IDLE - Duration::from_secs(1) && waited <= IDLE + Duration::from_secs(1), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn draining_is_told_between_commands() {
    let mut scene = Scene::plain();
    scene.say("ASK slow\r\n").await;
    let mut reply = [0; 7];
    scene.peer.read_exact(&mut reply).await.unwrap();
    scene.drain.send_replace(true);
    assert_eq!(scene.rest().await, "SLOW\r\ndraining\r\n");
    assert!(matches!(scene.reason().await.reason, Reason::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_question_is_finished_after_the_peer_has_gone_and_then_forgotten() {
    let mut scene = Scene::plain();
    scene.say("ASK slow\r\n").await;
    let mut reply = [0; 7];
    scene.peer.read_exact(&mut reply).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let log = scene.log.clone();
    let ended = scene.reason().await;
    assert!(matches!(ended.reason, Reason::PeerClosed), "{ended:?}");
    assert_eq!(*log.lock().unwrap(), ["asked slow", "answered SLOW", "asked forget", "answered FORGET"]);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_its_side_still_gets_its_replies() {
    let mut scene = Scene::plain();
    scene.say("SAY one\r\nASK two\r\n").await;
    scene.peer.shutdown().await.unwrap();
    assert_eq!(scene.rest().await, "hello\r\none\r\nTWO\r\n");
    assert!(matches!(scene.reason().await.reason, Reason::PeerClosed));
}

#[tokio::test(start_paused = true)]
async fn replies_left_unread_end_the_connection() {
    let started = tokio::time::Instant::now();
    let mut scene = Scene::open(Security::Plain, 64);
    scene.say("SAY this is longer than the pipe will hold, and nobody is reading it\r\n").await;
    let ended = scene.ended.await.unwrap();
    assert!(matches!(ended.reason, Reason::Stalled), "{ended:?}");
    assert!(started.elapsed() >= output::REPLIES_UNREAD);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_of_stored_content_is_borne_and_one_that_stands_still_is_not() {
    let mut scene = Scene::open(Security::Plain, 1000);
    scene.say("RAW 30000\r\nQUIT\r\n").await;
    let started = tokio::time::Instant::now();
    let mut text = Vec::new();
    while text.len() < 5000 {
        let mut some = [0; 500];
        let octets = scene.peer.read(&mut some).await.unwrap();
        text.extend_from_slice(&some[..octets]);
        tokio::time::sleep(output::RELAY_STANDSTILL - Duration::from_secs(1)).await;
    }
    assert!(started.elapsed() > output::RELAY_STANDSTILL * 5, "slow, and still served");
    let ended = scene.ended.await.unwrap();
    assert!(matches!(ended.reason, Reason::Stalled), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn starttls_drops_what_was_said_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::open(Security::StartTls(Handshake::Accept(test_config(folder.path()).0)), 1 << 20);
    scene.say("FACTS\r\nTLS\r\nSAY injected\r\n").await;
    let mut reply = [0; 17];
    scene.peer.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"hello\r\nnone\r\ngo\r\n");
    let (connector, _) = client(&[&rustls::version::TLS13]);
    let mut tls = connect(connector, scene.peer).await;
    tls.write_all(b"FACTS\r\nQUIT\r\n").await.unwrap();
    let mut text = String::new();
    tls.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "TLS1.3\r\nbye\r\n", "and the end is marked by close_notify, else this read fails");
    drop(tls);
    assert!(matches!(scene.ended.await.unwrap().reason, Reason::Closed));
}

#[tokio::test(start_paused = true)]
async fn implicit_tls_tells_the_session_before_its_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::open(Security::Implicit(Handshake::Accept(test_config(folder.path()).0)), 1 << 20);
    let (connector, _) = client(&[&rustls::version::TLS12]);
    let mut tls = connect(connector, scene.peer).await;
    tls.write_all(b"FACTS\r\nGET 30000\r\nQUIT\r\n").await.unwrap();
    let mut text = String::new();
    tls.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("hello\r\nTLS1.2\r\n..0\r\n") && text.ends_with("..29999\r\n.\r\nbye\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_speaks_no_tls_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::open(Security::Implicit(Handshake::Accept(test_config(folder.path()).0)), 1 << 20);
    scene.say("EHLO this.is.no.handshake\r\n").await;
    let ended = scene.ended.await.unwrap();
    assert!(matches!(ended.reason, Reason::Tls(tls::HandshakeError::Failed(_))), "{ended:?}");
}

/// What the loop itself may hold of a connection, beside session and desk.
const LOOP_MAX: usize = 1536;

#[tokio::test]
async fn the_loop_itself_is_small() {
    let drain = watch::channel(false).1;
    let seat = Seat::new(Time(1));
    let around =
        Surroundings { clock: Clock::counting(Time(1)), drain: drain.clone(), security: Security::Plain, seat };
    let log = Log::default();
    let mut drive = Drive {
        input: Input::new(),
        output: Output::new(Stream::Plain(tokio::io::duplex(1).0)),
        session: Script::new(Time(1), &log),
        desk: TestDesk { content: Vec::new(), news: watch::channel(0).1, log },
        around: &around,
        drain,
        draining_told: false,
        ticked: None,
        parting: None,
        chatter: 0,
        brakes: 0,
    };
    let others = size_of::<Script>() + size_of::<TestDesk>();
    let own = size_of_val(&drive) + size_of_val(&drive.run()) - others;
    assert!(own <= LOOP_MAX, "{own} octets");
}
