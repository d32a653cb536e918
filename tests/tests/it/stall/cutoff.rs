//! When clients that stall are cut off: real sessions in the real drive loop, over a pipe, with tokio's paused clock.

use net::seat::LAG_MAX;
use net::{Clock, Ended, Handshake, Reason, Seat, Security, Surroundings};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;
use wire::smtp::{Enhanced, Reply, Role};
use wire::{Desk, Time, pop3, sasl, smtp};

const START: Time = Time(1_800_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);

/// Says yes to everything an SMTP client asks.
struct Yes;

impl Desk for Yes {
    type Session = smtp::Server;

    async fn answer(&mut self, _: Time, ask: smtp::Ask) -> smtp::Answer {
        match ask {
            smtp::Ask::Reset | smtp::Ask::Greeted(..) => smtp::Answer::Done,
            _ => smtp::Answer::Reply(Reply::new(250, Enhanced(2, 0, 0), "yes")),
        }
    }

    async fn content(&mut self, _: &[u8]) {}

    async fn read(&mut self, _: u64, _: u64) -> Option<bytes::Bytes> {
        None
    }
}

/// Is never asked anything.
struct Nobody;

impl Desk for Nobody {
    type Session = pop3::Server;

    async fn answer(&mut self, _: Time, _: pop3::Ask) -> pop3::Answer {
        pop3::Answer::Refused(pop3::Refusal::Permanent)
    }

    async fn content(&mut self, _: &[u8]) {}

    async fn read(&mut self, _: u64, _: u64) -> Option<bytes::Bytes> {
        None
    }
}

/// What listens.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Smtp,
    Submission,
    Submissions,
    Pop3,
    Pop3s,
}

fn smtp_profile(role: Role) -> smtp::Profile {
    smtp::Profile {
        role,
        hostname: "hamburger.edu".to_owned(),
        greeting: String::new(),
        client_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        trusted: false,
        plaintext_login: true,
        tls_available: true,
        mechanisms: vec![sasl::Mechanism::Plain],
        dsn: false,
        classic: smtp::Classic::default(),
        limits: smtp::Limits::default(),
    }
}

fn pop3_profile() -> pop3::Profile {
    pop3::Profile {
        hostname: "hamburger.edu".to_owned(),
        greeting: String::new(),
        tls_available: true,
        plaintext_login: true,
        mechanisms: vec![sasl::Mechanism::Plain],
        apop_timestamp: None,
        implementation: None,
        limits: pop3::Limits::default(),
    }
}

/// A session over a pipe that holds so many octets.
fn open(at: At, pipe: usize) -> (DuplexStream, tokio::task::JoinHandle<Ended>) {
    let (ours, peer) = tokio::io::duplex(pipe);
    let session = async move {
        let folder = tempfile::tempdir().unwrap();
        let certificate = net::tls::Certificate::self_signed(folder.path(), "hamburger.edu", START).unwrap();
        let tls = net::tls::server_config(net::tls::Certificates::new(&certificate)).unwrap();
        let security = match at {
            At::Submissions | At::Pop3s => Security::Implicit(Handshake::Accept(tls)),
            _ => Security::StartTls(Handshake::Accept(tls)),
        };
        let (_drain, drain) = watch::channel(false);
        let around = Surroundings { clock: Clock::counting(START), drain, security, seat: Seat::new(START) };
        match at {
            At::Pop3 | At::Pop3s => net::drive(ours, pop3::Server::new(START, pop3_profile()), Nobody, &around).await,
            At::Smtp => net::drive(ours, smtp::Server::new(START, smtp_profile(Role::Mx)), Yes, &around).await,
            At::Submission | At::Submissions => {
                net::drive(ours, smtp::Server::new(START, smtp_profile(Role::Submission)), Yes, &around).await
            }
        }
    };
    (peer, tokio::spawn(session))
}

/// How a client stalls: what it says at first, then what it says again and again after a pause.
struct Stall {
    at: At,
    first: &'static str,
    then: Option<(&'static str, Duration)>,
    cut_off_after: Duration,
}

/// How long the server bore it.
async fn borne(stall: &Stall) -> Duration {
    let started = tokio::time::Instant::now();
    let (peer, ended) = open(stall.at, 1 << 20);
    let (mut replies, mut commands) = tokio::io::split(peer);
    let reading = tokio::spawn(async move { tokio::io::copy(&mut replies, &mut tokio::io::sink()).await });
    commands.write_all(stall.first.as_bytes()).await.unwrap();
    if let Some((again, pause)) = stall.then {
        tokio::time::sleep(pause).await;
        while !ended.is_finished() && commands.write_all(again.as_bytes()).await.is_ok() {
            tokio::time::sleep(pause).await;
        }
    }
    ended.await.unwrap();
    reading.abort();
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn those_who_stall_are_cut_off_in_time() {
    let stall = |at, first, then, cut_off_after| Stall { at, first, then, cut_off_after };
    let second = Duration::from_secs(1);
    let in_data = "EHLO a.example\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n";
    let stalls = [
        // RFC 5321 §4.5.3.2.7: five minutes for the next command.
        stall(At::Smtp, "", None, MINUTE * 5),
        stall(At::Smtp, "EHLO cre", None, MINUTE * 5),
        stall(At::Smtp, "", Some(("N", second)), MINUTE * 5),
        stall(At::Smtp, in_data, None, MINUTE * 5),
        stall(At::Smtp, in_data, Some(("x", second)), LAG_MAX),
        stall(At::Smtp, "", Some(("NOOP\r\n", MINUTE)), LAG_MAX),
        stall(At::Smtp, "", Some(("EHLO a.example\r\n", MINUTE)), LAG_MAX),
        stall(At::Smtp, "EHLO a.example\r\nSTARTTLS\r\n", Some(("\x16", MINUTE * 2)), MINUTE),
        stall(At::Submission, "", None, MINUTE),
        stall(At::Submission, "EHLO a.example\r\n", Some(("NOOP\r\n", second * 7)), MINUTE),
        stall(At::Submission, "EHLO a.example\r\nBDAT 100000\r\n", Some(("x", second)), MINUTE),
        stall(At::Submission, "EHLO a.example\r\nAUTH PLAIN\r\n", Some(("AAAA", second * 7)), MINUTE),
        stall(At::Submissions, "", None, MINUTE),
        stall(At::Pop3, "", None, MINUTE),
        stall(At::Pop3, "USER", None, MINUTE),
        stall(At::Pop3, "", Some(("CAPA\r\n", second * 7)), MINUTE),
        stall(At::Pop3s, "\x16\x03\x01\x02", None, MINUTE),
    ];
    for stall in stalls {
        let borne = borne(&stall).await;
        // Closing takes two seconds more, and a client that drips notices at its next octet.
        let limit = stall.cut_off_after + stall.cut_off_after / 20 + second * 10;
        let what = (stall.at, stall.first, stall.then);
        let drips = what.2.is_some_and(|(_, pause)| pause > MINUTE);
        assert!(borne >= stall.cut_off_after && (drips || borne <= limit), "{what:?}: {borne:?}");
    }
}

/// A handshake that begins late has no time of its own.
#[tokio::test(start_paused = true)]
async fn before_login_a_minute_is_all_handshake_and_all() {
    for (at, start) in [(At::Submission, "EHLO a.example\r\nSTARTTLS\r\n"), (At::Pop3, "STLS\r\n")] {
        let started = tokio::time::Instant::now();
        let (mut peer, ended) = open(at, 1 << 20);
        tokio::time::sleep(MINUTE * 5 / 6).await;
        peer.write_all(start.as_bytes()).await.unwrap();
        let ended = ended.await.unwrap();
        assert!(matches!(ended.reason, Reason::Tls(_)), "{ended:?}");
        assert!(started.elapsed() <= MINUTE + Duration::from_secs(1), "{at:?}: {:?}", started.elapsed());
    }
}

/// The session is over, but its last replies are not read.
#[tokio::test(start_paused = true)]
async fn a_farewell_left_unread_is_not_waited_for_longer() {
    for (at, command) in [(At::Smtp, "HELP\r\n"), (At::Pop3, "CAPA\r\n")] {
        let started = tokio::time::Instant::now();
        let (mut peer, ended) = open(at, 1000);
        peer.write_all(format!("{}QUIT\r\n", command.repeat(50)).as_bytes()).await.unwrap();
        let ended = ended.await.unwrap();
        assert!(matches!(ended.reason, Reason::Stalled), "{at:?}: {ended:?}");
        assert!(started.elapsed().abs_diff(MINUTE) <= Duration::from_secs(1), "{at:?}: {:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn replies_left_unread_hold_nothing_longer_than_silence_does() {
    for (at, command, cut_off_after) in
        [(At::Smtp, "HELP\r\n", MINUTE * 5), (At::Submission, "HELP\r\n", MINUTE), (At::Pop3, "CAPA\r\n", MINUTE)]
    {
        let started = tokio::time::Instant::now();
        let (mut peer, ended) = open(at, 2000);
        let mut greeting = [0; 3];
        peer.read_exact(&mut greeting).await.unwrap();
        let flood = tokio::spawn(async move { while peer.write_all(command.as_bytes()).await.is_ok() {} });
        let ended = ended.await.unwrap();
        assert!(matches!(ended.reason, Reason::Stalled), "{at:?}: {ended:?}");
        let borne = started.elapsed();
        assert!(
            borne >= cut_off_after - Duration::from_secs(1) && borne <= cut_off_after + MINUTE / 10,
            "{at:?}: {borne:?}"
        );
        flood.abort();
    }
}
