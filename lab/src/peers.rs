//! Mail servers that misbehave, as building blocks of scenarios and tests: each is a small TCP server that plays one
//! part. Owns the parts; keeps no mail, and counts what it took.

use anyhow::{Context, Result, bail};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Octets of a line that are looked at: our own client writes shorter ones, content aside.
const LINE_MAX: u64 = 64 * 1024;
/// Octets of the reply line that has no end: more than any client may keep.
const LONG_LINE_OCTETS: usize = 10 * 1024 * 1024;
/// Octets in a write of it.
const PIECE_OCTETS: usize = 64 * 1024;
/// Lines of the banner that never ends, so that this process ends should a client read it all: some 300 MB.
const BANNER_LINES_MAX: u32 = 10_000_000;
/// Connections at a time; the lab's own hosts make a handful.
const CONNECTIONS_MAX: usize = 256;

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Stage {
    Banner,
    Hello,
    Mail,
    Rcpt,
    Data,
    Dot,
}

/// The part that a peer plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Takes everything.
    Takes,
    /// Says 450 to a recipient it does not know, and takes mail for it the next time.
    Greylists,
    /// Gives this reply at this stage, and behaves otherwise.
    Says(u16, Stage),
    /// Closes the connection instead of a reply; at [`Stage::Dot`], after the whole message.
    Drops(Stage),
    /// Says nothing more, and keeps the connection.
    Stalls(Stage),
    /// Answers everything with what is no reply.
    Garbage,
    /// Begins a greeting of 10 MB without the end of a line.
    LongLine,
    /// Greets, and greets on.
    EndlessBanner,
    /// Offers STARTTLS and cannot do it.
    BrokenTls,
}

/// A peer that listens. It ends, with its connections, when this is dropped.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    state: Arc<State>,
    listening: AbortHandle,
}

#[derive(Debug)]
struct State {
    part: Part,
    connections: AtomicU64,
    taken: AtomicU64,
    known: parking_lot::Mutex<HashSet<String>>,
}

/// What it does next.
enum Action {
    Say(String),
    Drop,
    Stall,
}

impl Stage {
    const ALL: [(Stage, &'static str); 6] = [
        (Stage::Banner, "banner"),
        (Stage::Hello, "hello"),
        (Stage::Mail, "mail"),
        (Stage::Rcpt, "rcpt"),
        (Stage::Data, "data"),
        (Stage::Dot, "dot"),
    ];

    fn named(name: &str) -> Result<Stage> {
        let found = Stage::ALL.iter().find(|(_, known)| *known == name).map(|(stage, _)| *stage);
        found.with_context(|| format!("{name} is no stage: banner, hello, mail, rcpt, data or dot"))
    }
}

impl Part {
    /// Reads a part as scenarios name it: `takes`, `greylists`, `says 451 rcpt`, `drops dot`, `stalls banner`,
    /// `garbage`, `long-line`, `endless-banner`, `broken-tls`.
    ///
    /// # Errors
    /// There is no such part.
    pub fn parse(words: &[&str]) -> Result<Part> {
        Ok(match words {
            ["takes"] => Part::Takes,
            ["greylists"] => Part::Greylists,
            ["says", code, stage] => {
                let code = code.parse().ok().filter(|code| (200..600).contains(code));
                Part::Says(code.context("a reply has a code from 200 to 599")?, Stage::named(stage)?)
            }
            ["drops", stage] => Part::Drops(Stage::named(stage)?),
            ["stalls", stage] => Part::Stalls(Stage::named(stage)?),
            ["garbage"] => Part::Garbage,
            ["long-line"] => Part::LongLine,
            ["endless-banner"] => Part::EndlessBanner,
            ["broken-tls"] => Part::BrokenTls,
            _ => bail!("{} is no part that a peer can play", words.join(" ")),
        })
    }
}

impl Peer {
    /// Listens; port 0 lets the system choose.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn start(address: SocketAddr, part: Part) -> Result<Peer> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            part,
            connections: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            known: parking_lot::Mutex::default(),
        });
        let listening = tokio::spawn(listen(listener, state.clone())).abort_handle();
        Ok(Peer { address, state, listening })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections came.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// How many messages it has whole, whatever it said to them.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.state.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, state: Arc<State>) {
    let mut talks = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::Relaxed);
        let state = state.clone();
        // That the other side leaves is no matter: it has reason to.
        talks.spawn(async move { talk(connection, &state).await.unwrap_or_default() });
        while talks.len() >= CONNECTIONS_MAX {
            talks.join_next().await;
        }
    }
}

async fn talk(connection: TcpStream, state: &State) -> Result<()> {
    let mut io = BufReader::new(connection);
    match state.part {
        Part::LongLine => return long_line(&mut io).await,
        Part::EndlessBanner => return endless_banner(&mut io).await,
        _ => {}
    }
    let (mut stage, mut line) = (Stage::Banner, String::new());
    loop {
        match state.action(stage, &line) {
            Action::Say(reply) => io.write_all(reply.as_bytes()).await?,
            Action::Drop => return Ok(()),
            Action::Stall => return stall(&mut io).await,
        }
        let announced = !matches!(state.part, Part::Says(_, Stage::Data) | Part::Garbage);
        if stage == Stage::Data && announced {
            content(&mut io).await?;
            state.taken.fetch_add(1, Ordering::Relaxed);
            stage = Stage::Dot;
            continue;
        }
        let Some(next) = command(&mut io, state).await? else { return Ok(()) };
        (stage, line) = next;
    }
}

impl State {
    fn action(&self, stage: Stage, line: &str) -> Action {
        match self.part {
            Part::Drops(at) if at == stage => return Action::Drop,
            Part::Stalls(at) if at == stage => return Action::Stall,
            Part::Says(code, at) if at == stage => return Action::Say(format!("{code} as I was told\r\n")),
            Part::Garbage => return Action::Say("\u{1b}[2J what is this? 250 no\r\n".to_owned()),
            Part::Greylists if stage == Stage::Rcpt && self.known.lock().insert(line.to_owned()) => {
                return Action::Say("450 4.2.0 greylisted, come again\r\n".to_owned());
            }
            _ => {}
        }
        Action::Say(match stage {
            Stage::Banner => "220 peer.test ESMTP\r\n".to_owned(),
            Stage::Hello if self.part == Part::BrokenTls => "250-peer.test\r\n250 STARTTLS\r\n".to_owned(),
            Stage::Hello => "250-peer.test\r\n250 8BITMIME\r\n".to_owned(),
            Stage::Mail | Stage::Rcpt => "250 2.0.0 yes\r\n".to_owned(),
            Stage::Data => "354 go on\r\n".to_owned(),
            Stage::Dot => "250 2.0.0 taken\r\n".to_owned(),
        })
    }
}

/// Reads commands up to one that has a stage, answering the others; `None` at the end.
async fn command(io: &mut BufReader<TcpStream>, state: &State) -> Result<Option<(Stage, String)>> {
    loop {
        let mut octets = Vec::new();
        if io.take(LINE_MAX).read_until(b'\n', &mut octets).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&octets).trim_end().to_ascii_uppercase();
        let verb = line.split(' ').next().unwrap_or_default();
        let stage = match verb {
            "EHLO" | "HELO" => Stage::Hello,
            "MAIL" => Stage::Mail,
            "RCPT" => Stage::Rcpt,
            "DATA" => Stage::Data,
            "QUIT" => {
                io.write_all(b"221 2.0.0 bye\r\n").await?;
                return Ok(None);
            }
            "STARTTLS" if state.part == Part::BrokenTls => {
                io.write_all(b"220 2.0.0 go on\r\nthis is no TLS at all\r\n").await?;
                return Ok(None);
            }
            "RSET" | "NOOP" => {
                io.write_all(b"250 2.0.0 yes\r\n").await?;
                continue;
            }
            _ => {
                io.write_all(b"502 5.5.1 no\r\n").await?;
                continue;
            }
        };
        return Ok(Some((stage, line)));
    }
}

/// Reads content up to its dot.
async fn content(io: &mut BufReader<TcpStream>) -> Result<()> {
    let mut line = Vec::new();
    while line != b".\r\n" {
        line.clear();
        if io.take(LINE_MAX).read_until(b'\n', &mut line).await? == 0 {
            bail!("the content has no end");
        }
    }
    Ok(())
}

/// Reads and says nothing until the other side leaves.
async fn stall(io: &mut BufReader<TcpStream>) -> Result<()> {
    let mut piece = vec![0; PIECE_OCTETS];
    while io.read(&mut piece).await? > 0 {}
    Ok(())
}

async fn long_line(io: &mut BufReader<TcpStream>) -> Result<()> {
    io.write_all(b"220 ").await?;
    let piece = vec![b'x'; PIECE_OCTETS];
    for _ in 0..LONG_LINE_OCTETS / PIECE_OCTETS {
        io.write_all(&piece).await?;
    }
    stall(io).await
}

async fn endless_banner(io: &mut BufReader<TcpStream>) -> Result<()> {
    for number in 0..BANNER_LINES_MAX {
        io.write_all(format!("220-welcome, line {number}\r\n").as_bytes()).await?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests are clients")]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn peer(part: Part) -> (Peer, BufReader<TcpStream>) {
        let peer = Peer::start(SocketAddr::from(([127, 0, 0, 1], 0)), part).await.unwrap();
        let client = BufReader::new(TcpStream::connect(peer.address()).await.unwrap());
        (peer, client)
    }

    /// What is said to these lines, each after the reply to the one before, up to the end of the connection.
    async fn codes(part: Part, lines: &[&str]) -> (Vec<String>, u64) {
        let (peer, mut client) = peer(part).await;
        let mut said = vec![reply(&mut client).await];
        for line in lines {
            if client.write_all(format!("{line}\r\n").as_bytes()).await.is_err() {
                break;
            }
            said.push(reply(&mut client).await);
        }
        (said, peer.taken())
    }

    /// The code of a reply; empty at the end.
    async fn reply(client: &mut BufReader<TcpStream>) -> String {
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(Duration::from_secs(10), client.read_line(&mut line)).await.unwrap();
            if !matches!(read, Ok(octets) if octets > 0) {
                return String::new();
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.get(..3).unwrap_or_default().to_owned();
            }
        }
    }

    const LETTER: [&str; 5] =
        ["EHLO a.test", "MAIL FROM:<a@a.test>", "RCPT TO:<b@b.test>", "DATA", "Subject: x\r\n\r\ny\r\n."];

    #[tokio::test]
    async fn every_part_is_played_as_it_is_named() {
        for (part, wanted, taken) in [
            ("takes", "220 250 250 250 354 250", 1),
            ("says 421 banner", "421 250 250 250 354 250", 1),
            ("says 554 rcpt", "220 250 250 554 354 250", 1),
            ("says 452 dot", "220 250 250 250 354 452", 1),
            ("drops hello", "220 ", 0),
            ("drops dot", "220 250 250 250 354 ", 1),
            ("garbage", "\u{1b}[2 \u{1b}[2 \u{1b}[2 \u{1b}[2 \u{1b}[2", 0),
        ] {
            let part = Part::parse(&part.split(' ').collect::<Vec<_>>()).unwrap();
            let (said, count) = codes(part, &LETTER).await;
            let said = said.join(" ");
            assert!(said.starts_with(wanted), "{part:?}: {said}");
            assert_eq!(count, taken, "{part:?}");
        }
    }

    #[tokio::test]
    async fn a_greylist_takes_the_second_time() {
        let again = ["EHLO a.test", LETTER[1], LETTER[2], LETTER[2], "QUIT"];
        assert_eq!(codes(Part::Greylists, &again).await.0, ["220", "250", "250", "450", "250", "221"]);
    }

    #[tokio::test]
    async fn tls_that_is_offered_may_be_broken() {
        assert_eq!(codes(Part::BrokenTls, &["EHLO a.test", "STARTTLS"]).await.0, ["220", "250", "220"]);
    }

    #[tokio::test]
    async fn a_line_may_have_ten_megabytes_and_a_banner_no_end() {
        let (_peer, mut client) = peer(Part::LongLine).await;
        let mut octets = vec![0; LONG_LINE_OCTETS];
        client.read_exact(&mut octets).await.unwrap();
        assert!(!octets.contains(&b'\n'));
        let (_peer, mut client) = peer(Part::EndlessBanner).await;
        let mut line = String::new();
        for _ in 0..10_000 {
            line.clear();
            client.read_line(&mut line).await.unwrap();
            assert!(line.starts_with("220-"), "{line}");
        }
    }

    #[tokio::test]
    async fn who_stalls_says_nothing_and_stays() {
        let (peer, mut client) = peer(Part::Stalls(Stage::Hello)).await;
        assert_eq!(reply(&mut client).await, "220");
        client.write_all(b"EHLO a.test\r\n").await.unwrap();
        let silence = tokio::time::timeout(Duration::from_millis(50), client.read_u8()).await;
        assert!(silence.is_err(), "{silence:?}");
        assert_eq!(peer.connections(), 1);
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for wrong in ["", "sings", "says 99 rcpt", "says 600 rcpt", "says 450 lunch", "drops"] {
            assert!(Part::parse(&wrong.split(' ').collect::<Vec<_>>()).is_err(), "{wrong}");
        }
    }
}
