//! Everything that can go wrong, at every stage, with what the desk is told: each stage of a session, and at each of them
//! refusals, 421, a connection that drops, a peer that stalls, one that talks nonsense, and one that gives a reply that
//! does not go with the command. To the millisecond, a command at a time and pipelined.

use super::driver::Driver;
use super::script::profile;
use super::words;
use std::collections::VecDeque;
use std::time::Duration;
use wire::sasl::Secret;
use wire::sasl::client::Credential;
use wire::smtp::client::profile::{BANNER, DATA, DOT, HELLO, MAIL, QUIT, RCPT};
use wire::smtp::client::{Answer, Ask, Login, Stage, Tls};

/// What happens in place of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    Says(&'static str),
    Drops,
    Stalls(Duration),
}

/// One session, and a server that says yes to everything but once.
struct Scene {
    driver: Driver,
    stage: Stage,
    happening: Option<Happening>,
    pipelining: bool,
    in_content: bool,
    /// What is to be answered, and what with.
    owed: VecDeque<(Stage, String)>,
    /// What the desk was told, and what the client said in consequence.
    seen: Vec<String>,
}

const TRANSACTION: &str = "MAIL FROM:<> / RCPT TO:<a@crepes.fr> / RCPT TO:<b@crepes.fr>";

fn run(stage: Stage, happening: Happening, pipelining: bool) -> String {
    let mut profile = profile();
    if matches!(stage, Stage::StartTls | Stage::Handshake) {
        profile.tls = Tls::Required;
    }
    if stage == Stage::Auth {
        let password = Secret(b"hungry".to_vec());
        profile.login =
            Some(Login { user: "bob".to_owned(), credential: Credential::Password(password), in_the_clear: true });
    }
    let mut driver = Driver::start(profile, false);
    driver.contents.insert(1, b"x\r\n".to_vec());
    driver.breaks_in_content = stage == Stage::Content;
    let owed = [(Stage::Banner, "220 mx".to_owned())].into();
    let (happening, seen) = (Some(happening), Vec::new());
    let mut scene = Scene { driver, stage, happening, pipelining, in_content: false, owed, seen };
    while !scene.driver.closed {
        scene.step();
    }
    assert_eq!(scene.driver.asked, None);
    scene.seen.join(", ")
}

impl Scene {
    fn step(&mut self) {
        while let Some(line) = self.driver.line() {
            self.said(&String::from_utf8(line).unwrap());
        }
        if let Some(ask) = self.driver.asked.clone() {
            return self.asked(&ask);
        }
        if self.driver.handshake {
            return if self.stage == Stage::Handshake { self.happen() } else { self.driver.tls_started() };
        }
        let (stage, reply) = self.owed.pop_front().expect("the client waits for nothing");
        if stage == self.stage && self.happening.is_some() {
            self.happen();
        } else {
            self.in_content = reply.starts_with("354");
            self.driver.feed(format!("{reply}\r\n").as_bytes());
        }
    }

    fn happen(&mut self) {
        match self.happening.take() {
            Some(Happening::Says(words)) => self.driver.feed(format!("{words}\r\n").as_bytes()),
            Some(Happening::Stalls(limit)) => {
                self.driver.pass(limit - Duration::from_millis(1));
                assert!(self.driver.asked.is_none() && !self.driver.closed, "{:?}: too early", self.stage);
                self.driver.pass(Duration::from_millis(1));
            }
            Some(Happening::Drops) | None => self.driver.drop_connection(),
        }
    }

    fn asked(&mut self, ask: &Ask) {
        let next = matches!(ask, Ask::Next(_));
        if next && self.seen.is_empty() && self.happening.is_some() && self.stage != Stage::Idle {
            return self.driver.answer(Answer::Transaction(Box::new(words::transaction(TRANSACTION, 1, 3).unwrap())));
        }
        self.seen.push(if next { "next".to_owned() } else { words::ask(ask) });
        self.driver.answer(if next { Answer::Quit } else { Answer::Done });
    }

    /// What the client said, and what is to be answered to it.
    fn said(&mut self, line: &str) {
        let content = std::mem::replace(&mut self.in_content, false);
        let (stage, reply) = match line.split([' ', ':']).next().unwrap() {
            "." => (Stage::Dot, "250 2.0.0 done".to_owned()),
            _ if content => {
                self.in_content = true;
                return;
            }
            "EHLO" => (Stage::Hello, self.hello()),
            "STARTTLS" => (Stage::StartTls, "220 go".to_owned()),
            "AUTH" => (Stage::Auth, "235 welcome".to_owned()),
            "MAIL" => (Stage::Mail, "250 ok".to_owned()),
            "RCPT" if self.stage == Stage::Reset => (Stage::Rcpt, "550 5.1.1 no".to_owned()),
            "RCPT" if line.contains("<a@") => (Stage::Idle, "250 ok".to_owned()),
            "RCPT" => (Stage::Rcpt, "250 ok".to_owned()),
            "DATA" if self.refused() => (Stage::Data, "503 5.5.1 no".to_owned()),
            "DATA" => (Stage::Data, "354 go".to_owned()),
            consequence @ ("HELO" | "RSET" | "QUIT") => {
                self.seen.push(consequence.to_owned());
                (if consequence == "RSET" { Stage::Reset } else { Stage::Idle }, "250 ok".to_owned())
            }
            _ => panic!("the client said {line}"),
        };
        self.owed.push_back((stage, reply));
    }

    fn hello(&self) -> String {
        let pipelining = if self.pipelining { "250-PIPELINING\r\n" } else { "" };
        format!("250-mx\r\n{pipelining}250-STARTTLS\r\n250 AUTH PLAIN")
    }

    /// DATA is refused where MAIL or all recipients are about to be.
    fn refused(&self) -> bool {
        self.stage == Stage::Reset || (self.stage == Stage::Mail && self.happening.is_some())
    }
}

const FOUR: &str = "451 4.0.0 later";
const FIVE: &str = "554 5.0.0 never";
const BYE: &str = "421 4.3.2 bye";
const NONSENSE: &str = "\x1bHTTP/1.1 400";

/// What the client says to what is said outside a transaction.
fn lost(stage: &str) -> Vec<(Happening, String)> {
    vec![
        (Happening::Says(FOUR), format!("lost {stage} {FOUR}, QUIT")),
        (Happening::Says(FIVE), format!("lost {stage} {FIVE}, QUIT")),
        (Happening::Says(BYE), format!("lost {stage} {BYE}")),
        (Happening::Drops, format!("lost {stage} closed")),
        (Happening::Says(NONSENSE), format!("lost {stage} garbage  HTTP/1.1 400")),
        (Happening::Says("354 go"), format!("lost {stage} garbage 354 go")),
    ]
}

/// The same in a transaction of two recipients, where both get the same; `then` is what follows a refusal.
fn both(stage: &str, before: &str, misfit: &'static str) -> Vec<(Happening, String)> {
    let told = |said: &str| format!("concluded {stage} {said} | {stage} {said}");
    vec![
        (Happening::Says(FOUR), format!("{before}{}, next, QUIT", told(FOUR))),
        (Happening::Says(FIVE), format!("{before}{}, next, QUIT", told(FIVE))),
        (Happening::Says(BYE), format!("{} and the end", told(BYE))),
        (Happening::Drops, format!("{} and the end", told("closed"))),
        (Happening::Says(NONSENSE), format!("{} and the end", told("garbage  HTTP/1.1 400"))),
        (Happening::Says(misfit), format!("{} and the end", told(&format!("garbage {misfit}")))),
    ]
}

/// Every stage with every happening and what comes of it.
fn table() -> Vec<(Stage, Vec<(Happening, String)>)> {
    let stalls = |limit, told: &str| (Happening::Stalls(limit), told.to_owned());
    let stalled = |stage: &str| format!("concluded {stage} timed out | {stage} timed out and the end");
    let with = |mut rows: Vec<(Happening, String)>, row| {
        rows.push(row);
        rows
    };
    let mut hello = with(lost("hello"), stalls(HELLO, "lost hello timed out"));
    hello[1].1 = "HELO, next, QUIT".to_owned();
    let mut auth = with(lost("auth"), stalls(HELLO, "lost auth timed out"));
    auth[5].1 = "lost auth garbage 354 go".to_owned();
    let mut rcpt = with(both("rcpt", "", "354 go"), stalls(RCPT, &stalled("rcpt")));
    for (row, refusal) in [(0, FOUR), (1, FIVE)] {
        rcpt[row].1 = format!("concluded dot 250 2.0.0 done | rcpt {refusal}, next, QUIT");
    }
    let reset = lost("reset").into_iter().map(|(happening, told)| {
        let before = "RSET, concluded rcpt 550 5.1.1 no | rcpt 550 5.1.1 no, ";
        (happening, format!("{before}{told}"))
    });
    let reset_stalls = "RSET, concluded rcpt 550 5.1.1 no | rcpt 550 5.1.1 no, lost reset timed out";
    vec![
        (Stage::Banner, with(lost("banner"), stalls(BANNER, "lost banner timed out"))),
        (Stage::Hello, hello),
        (Stage::StartTls, with(lost("starttls"), stalls(HELLO, "lost starttls timed out"))),
        (
            Stage::Handshake,
            vec![(Happening::Drops, "lost handshake closed".to_owned()), stalls(HELLO, "lost handshake timed out")],
        ),
        (Stage::Auth, auth),
        (Stage::Mail, with(both("mail", "", "354 go"), stalls(MAIL, &stalled("mail")))),
        (Stage::Rcpt, rcpt),
        (Stage::Data, with(both("data", "RSET, ", "250 ok"), stalls(DATA, &stalled("data")))),
        (Stage::Content, vec![(Happening::Drops, "concluded content closed | content closed and the end".to_owned())]),
        (Stage::Dot, with(both("dot", "", "354 go"), stalls(DOT, &stalled("dot")))),
        (Stage::Reset, with(reset.collect(), stalls(HELLO, reset_stalls))),
    ]
}

#[test]
fn every_trouble_at_every_stage() {
    for (stage, rows) in table() {
        for (happening, expected) in rows {
            for pipelining in [false, true] {
                assert_eq!(run(stage, happening, pipelining), expected, "{stage:?} {happening:?} {pipelining}");
            }
        }
    }
}

/// Whatever comes of QUIT, the connection closes and nobody is told.
#[test]
fn a_goodbye_may_go_unanswered() {
    let mut troubles = vec![Happening::Drops, Happening::Stalls(QUIT)];
    troubles.extend([FOUR, FIVE, BYE, NONSENSE, "354 go"].map(Happening::Says));
    for trouble in troubles {
        assert_eq!(run(Stage::Idle, trouble, false), "next, QUIT", "{trouble:?}");
    }
}
