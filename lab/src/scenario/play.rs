//! Plays a scenario on hosts that run. Owns what is done by people and their programs; what must be seen besides is in
//! [`super::sight`]. A step is told only after it was seen: in replies to a client, in the journeys that the hosts
//! wrote, in the name server's log, in the octets that were read.

use super::person::Found;
use super::plot::{Act, Plot, Scene};
use crate::{Host, Internet, Ports};
use anyhow::{Context, Result, anyhow, ensure};
use message::{Address, Time, build};
use net::Clock;
use office::{LocalEnvelope, LocalUser};
use server::Seams;
use std::path::Path;
use std::time::Duration;
use store::types::QueueId;
use wire::dialogue::{Account, Port};

/// What every letter says below its header.
const BODY: &str = "\r\nDo you like ketchup?\r\nHow about pickles?\r\n";

/// How long something is waited for. All of it takes milliseconds on a machine at rest.
const PATIENCE: Duration = Duration::from_secs(20);

/// A step that was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its number, from 1.
    pub number: usize,
    /// When it was seen, since the first began.
    pub after: Duration,
    /// What happened, in words.
    pub headline: String,
    /// What shows it.
    pub facts: Vec<Fact>,
}

/// Something that shows that a step took place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Who says so, in a word.
    pub label: &'static str,
    /// When, where they say.
    pub at: Option<Time>,
    /// What.
    pub text: String,
}

impl Fact {
    pub(super) fn new(label: &'static str, text: impl Into<String>) -> Fact {
        Fact { label, at: None, text: text.into() }
    }
}

/// A letter of the scenario.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub from: String,
    pub to: String,
    pub content: String,
    pub composed: Time,
    /// Its name at its sender's host, once it is there.
    pub queue_id: Option<QueueId>,
}

/// A scenario under way.
pub struct Play {
    pub(super) plot: Plot,
    pub(super) internet: Internet,
    pub(super) letters: Vec<Letter>,
    pub(super) clock: Clock,
    /// How long something is waited for.
    pub(super) patience: Duration,
    started: Option<Time>,
    seen: usize,
}

impl Play {
    /// Starts the hosts of a scenario.
    ///
    /// # Errors
    /// Those of [`Internet::start`].
    pub async fn start(plot: Plot, ports: Ports, keep: Option<&Path>) -> Result<Play> {
        let internet = Internet::start(plot.layout.clone(), ports, keep).await?;
        let clock = Clock::system();
        Ok(Play { plot, internet, letters: Vec::new(), clock, patience: PATIENCE, started: None, seen: 0 })
    }

    /// Waits for nothing longer than this.
    pub fn wait_at_most(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The scenario.
    #[must_use]
    pub fn plot(&self) -> &Plot {
        &self.plot
    }

    /// The hosts.
    #[must_use]
    pub fn internet(&self) -> &Internet {
        &self.internet
    }

    /// The headline of the step that is next.
    #[must_use]
    pub fn next_headline(&self) -> Option<&str> {
        self.plot.scenes.get(self.seen).map(|scene| scene.headline.as_str())
    }

    /// Goes on until the next step was seen; `None` after the last.
    ///
    /// # Errors
    /// What was not seen, in words.
    pub async fn next(&mut self) -> Result<Option<Seen>> {
        let Some(Scene { headline, acts }) = self.plot.scenes.get(self.seen).cloned() else { return Ok(None) };
        let started = *self.started.get_or_insert(self.clock.now());
        let mut facts = Vec::new();
        for act in &acts {
            facts.extend(self.act(act).await?);
        }
        self.seen += 1;
        Ok(Some(Seen { number: self.seen, after: self.clock.now().since(started), headline, facts }))
    }

    async fn act(&mut self, act: &Act) -> Result<Vec<Fact>> {
        match act {
            Act::Compose { from, to, subject } => self.compose(from, to, subject),
            Act::Submit => self.submit().await,
            Act::HandIn => self.hand_in().await,
            Act::Mail => self.mail().await,
            Act::Relay => self.relay().await,
            Act::Read(reader) => self.read_over_a_network(*reader).await,
            seen => self.see(seen).await,
        }
    }

    /// The letter that was composed last.
    pub(super) fn letter(&self) -> Result<&Letter> {
        self.letters.last().context("no letter was composed yet")
    }

    /// The host where somebody has an account, and the account.
    pub(super) fn home(&self, address: &str) -> Result<(&Host, &Account)> {
        let (number, world) = self.plot.world_of(address).with_context(|| format!("{address} has no account"))?;
        let host = self.internet.hosts().get(number);
        host.zip(world.account(address)).with_context(|| format!("{address} has no host"))
    }

    fn compose(&mut self, from: &str, to: &str, subject: &str) -> Result<Vec<Fact>> {
        let now = self.clock.now();
        let mut random = [0; 16];
        (Seams::system().random)(&mut random);
        let sender: Address = from.parse()?;
        let domain = from.rsplit('@').next().unwrap_or_default().parse()?;
        let message_id = build::new_message_id(&random, &domain);
        let mailbox = |address| build::Mailbox { name: String::new(), address };
        let header = [
            build::date(now, 0),
            build::addresses("From", &[mailbox(sender)]),
            build::addresses("To", &[mailbox(to.parse()?)]),
            build::text("Subject", subject),
            build::message_id(&message_id),
        ]
        .concat();
        let content = String::from_utf8(header)? + BODY;
        let mut facts = vec![Fact::new("letter", format!("from {from} to {to}:")), Fact::new("", subject)];
        if self.letters.is_empty() {
            facts.push(Fact::new("", format!("{} octets, Message-ID {}", content.len(), short(&message_id))));
        } else {
            // The first was shown whole; the others differ in whom they are for.
            facts = vec![Fact::new("letter", format!("to {to}: {subject}"))];
        }
        let (from, to) = (from.to_owned(), to.to_owned());
        self.letters.push(Letter { from, to, content, composed: now, queue_id: None });
        Ok(facts)
    }

    /// Remembers under which name the host took the letter.
    pub(super) fn accepted(&mut self, id: QueueId) -> Result<()> {
        self.letters.last_mut().context("no letter was composed yet")?.queue_id = Some(id);
        Ok(())
    }

    /// As `sendmail` does on the machine where the sender has a login.
    async fn hand_in(&mut self) -> Result<Vec<Fact>> {
        let letter = self.letter()?.clone();
        let (host, _) = self.home(&letter.from)?;
        let user = letter.from.split('@').next().unwrap_or_default().to_owned();
        let now = self.clock.now();
        let mut random = [0; 2];
        (Seams::system().random)(&mut random);
        let envelope = LocalEnvelope {
            ticket: "lab".to_owned(),
            queue_id: QueueId::new(now, u16::from_be_bytes(random)),
            sender: None,
            recipients: vec![letter.to.clone()],
            notify: None,
            ret: None,
            envid: None,
            eight_bit: false,
            smtputf8: false,
        };
        let refused = |reply: wire::smtp::Reply| anyhow!("refused: {} {}", reply.code, reply.lines.join(" "));
        let local = LocalUser { name: user.clone(), uid: 0, trusted: false };
        let mut desk = host.office().hand_in(now, local, &envelope).await.map_err(refused)?;
        ensure!(desk.refused.is_empty(), "{} is not taken", letter.to);
        desk.begin().await.map_err(refused)?;
        desk.content(letter.content.as_bytes()).await;
        let id = desk.finish().await.map_err(refused)?;
        let fact = Fact::new("host", format!("{}: taken from its user {user} as {id}", host.world().hostname));
        self.accepted(id)?;
        Ok(vec![fact])
    }
}

pub(super) fn none_of(count: u32, letter: &Letter) -> String {
    format!("none of the {count} messages of {} is the one that was composed", letter.to)
}

/// What shows that a message read is the letter.
pub(super) fn found_it(found: &Found, letter: &Letter) -> [Fact; 3] {
    let Found { count, number, octets } = found;
    let received = String::from_utf8_lossy(octets).lines().filter(|line| line.starts_with("Received:")).count();
    let hops = if received == 1 { "one Received field".to_owned() } else { format!("{received} Received fields") };
    [
        Fact::new("INBOX", format!("messages: {count}")),
        Fact::new("read", format!("message {number}, {} octets, {hops};", octets.len())),
        Fact::new("", format!("it ends with the {} octets that were composed", letter.content.len())),
    ]
}

/// Where a host listens.
pub(crate) fn listener(host: &Host, port: Port) -> Result<std::net::SocketAddr> {
    host.address(port).with_context(|| format!("{} has no port {}", host.world().hostname, port.name()))
}

/// The id in `250 2.0.0 queued as 06G2V0J9QTXXA`.
pub(super) fn queue_id_in(reply: &str) -> Option<QueueId> {
    let (_, rest) = reply.split_once("queued as ")?;
    rest.split([',', ' ', ';']).next()?.parse().ok()
}

/// A Message-ID as it fits in a line.
fn short(message_id: &str) -> String {
    match message_id.split_once('@') {
        Some((random, domain)) if random.len() > 13 => format!("{}...@{domain}", random.get(..9).unwrap_or_default()),
        _ => message_id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_replies() {
        let id = QueueId::new(Time(1_081_298_274_000), 7);
        assert_eq!(queue_id_in(&format!("250 2.0.0 queued as {id}")), Some(id));
        assert_eq!(queue_id_in(&format!("to x over TLS1.3: 250 2.0.0 queued as {id}, thanks")), Some(id));
        assert_eq!(queue_id_in("250 2.0.0 taken"), None);
        assert_eq!(short("<0123456789abcdef0123456789abcdef@a.test>"), "<01234567...@a.test>");
    }
}
