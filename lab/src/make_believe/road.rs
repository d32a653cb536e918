//! The way between hosts: names from zones, connections from one post office's client session to another's server
//! session, and what goes wrong with them. Owns which host listens where; knows nothing of what they decide.

use super::chance::Chance;
use super::drive::drive;
use super::line::{End, Ledger, Mishap, line};
use super::timeline::{Life, Timeline};
use crate::Zones;
use message::{Domain, Time};
use office::outbound::{ClientDesk, Road, Stop};
use office::{Office, Peer, SmtpDesk};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wire::Desk;
use wire::names::{Addresses, Answer, MxAnswer};
use wire::smtp::{self, Enhanced, Reply, Role, client};

/// How long it takes to learn that nobody listens.
const REFUSAL: Duration = Duration::from_millis(40);

/// From where clients call.
const CLIENT_PORT: u16 = 40_000;

/// What befalls the next connection to a host, by chance or by plan.
pub type Weather = Arc<dyn Fn(&Chance) -> Mishap + Send + Sync>;

/// One try to reach a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: Time,
    /// Who tried.
    pub from: String,
    /// Where.
    pub to: String,
    /// Somebody listened there.
    pub connected: bool,
}

/// All hosts, and the names by which they find each other.
#[derive(Clone)]
pub struct Internet {
    pub(super) timeline: Timeline,
    state: Arc<Mutex<State>>,
    chance: Chance,
}

struct State {
    zones: Zones,
    listening: BTreeMap<IpAddr, Listening>,
    weather: Weather,
    attempts: Vec<Attempt>,
    unheard: Ledger,
}

/// A post office that can be reached.
#[derive(Clone)]
struct Listening {
    office: Office,
    life: Life,
    greylist: Option<Greylist>,
}

/// Whom a host has seen before: others are asked to come again (RFC 6647 §2.1).
type Greylist = Arc<Mutex<BTreeSet<(IpAddr, String)>>>;

impl Internet {
    /// Hosts will be found by these names.
    #[must_use]
    pub fn new(timeline: &Timeline, zones: Zones, chance: Chance) -> Internet {
        let weather: Weather = Arc::new(|_| Mishap::None);
        let (listening, attempts) = (BTreeMap::new(), Vec::new());
        let state = State { zones, listening, weather, attempts, unheard: Ledger::default() };
        Internet { timeline: timeline.clone(), state: Arc::new(Mutex::new(state)), chance }
    }

    /// From now on connections fare like this.
    pub fn set_weather(&self, weather: Weather) {
        self.state.lock().weather = weather;
    }

    /// The tries since the last call, in order of time.
    #[must_use]
    pub fn take_attempts(&self) -> Vec<Attempt> {
        std::mem::take(&mut self.state.lock().attempts)
    }

    /// Recipients of messages that were committed although the client was never told: it will send them again.
    #[must_use]
    pub fn unheard(&self) -> Vec<String> {
        self.state.lock().unheard.lock().clone()
    }

    /// A host can be reached from now on, until its life is over.
    pub(super) fn listen(&self, at: IpAddr, office: Office, life: Life, greylists: bool) {
        let greylist = greylists.then(Greylist::default);
        self.state.lock().listening.insert(at, Listening { office, life, greylist });
    }

    /// A host cannot be reached any more.
    pub(super) fn unlisten(&self, at: IpAddr) {
        self.state.lock().listening.remove(&at);
    }

    /// Who listens at an address.
    fn listening(&self, at: IpAddr) -> Option<Listening> {
        self.state.lock().listening.get(&at).filter(|host| !host.life.is_over()).cloned()
    }

    /// Begins a server session at a host, whose end of the line this is.
    fn serve(&self, at: &Listening, to: SocketAddr, from: IpAddr, end: End) {
        let peer =
            Peer { client: SocketAddr::new(from, CLIENT_PORT), local: to, name: Arc::new(OnceLock::new()), line: None };
        let (profile, desk) = at.office.smtp(Role::Mx, peer, false);
        let session = smtp::Server::new(self.timeline.now(), profile);
        let line = Arc::new(end);
        let (greylist, recipients) = (at.greylist.clone(), Vec::new());
        let witness = Witness { desk, from, greylist, line: line.clone(), recipients };
        let timeline = self.timeline.clone();
        self.timeline.begin(&at.life, async move { drive(&timeline, &line, session, witness).await });
    }

    /// What befalls the connection that is about to be made.
    fn mishap(&self) -> Mishap {
        let weather = self.state.lock().weather.clone();
        weather(&self.chance)
    }
}

/// The road as one host sees it.
#[derive(Clone)]
pub(super) struct Lane {
    pub internet: Internet,
    pub from: IpAddr,
    pub name: String,
    pub life: Life,
}

impl Road for Lane {
    fn now(&self) -> Time {
        self.internet.timeline.now()
    }

    async fn mx(&self, domain: &Domain) -> Answer<MxAnswer> {
        self.internet.state.lock().zones.mx(domain)
    }

    async fn addresses(&self, host: &Domain) -> Answer<Addresses> {
        self.internet.state.lock().zones.addresses(host)
    }

    async fn travel(&self, stop: &Stop, session: client::Client, desk: ClientDesk) -> Result<(), String> {
        let timeline = &self.internet.timeline;
        let listening = self.internet.listening(stop.address.ip());
        let (at, from, to) = (timeline.now(), self.name.clone(), stop.name.clone());
        let attempt = Attempt { at, from, to, connected: listening.is_some() };
        self.internet.state.lock().attempts.push(attempt);
        let Some(listening) = listening else {
            timeline.sleep(REFUSAL).await;
            return Err("connection refused".to_owned());
        };
        let unheard = self.internet.state.lock().unheard.clone();
        let lives = [self.life.clone(), listening.life.clone()];
        let (ours, theirs) = line(timeline, self.internet.mishap(), lives, &unheard);
        self.internet.serve(&listening, stop.address, self.from, theirs);
        drive(timeline, &ours, session, desk).await;
        Ok(())
    }
}

/// A server's desk, watched: greylisting comes before it, and a broken line after its commit.
struct Witness {
    desk: SmtpDesk,
    from: IpAddr,
    greylist: Option<Greylist>,
    line: Arc<End>,
    /// Who was taken in this transaction.
    recipients: Vec<String>,
}

impl Desk for Witness {
    type Session = smtp::Server;

    async fn answer(&mut self, now: Time, ask: smtp::Ask) -> smtp::Answer {
        if let (smtp::Ask::Recipient(recipient), Some(greylist)) = (&ask, &self.greylist)
            && greylist.lock().insert((self.from, format!("{:?}", recipient.forward_path)))
        {
            return smtp::Answer::Reply(Reply::new(450, Enhanced(4, 7, 1), "Greylisted, please come again"));
        }
        let recipient = match &ask {
            smtp::Ask::Recipient(recipient) => Some(recipient.forward_path.to_string()),
            smtp::Ask::Sender(_) | smtp::Ask::Reset => {
                self.recipients.clear();
                None
            }
            _ => None,
        };
        let commits = ask == smtp::Ask::Commit;
        let answer = self.desk.answer(now, ask).await;
        if matches!(&answer, smtp::Answer::Reply(reply) if reply.is_positive()) {
            self.recipients.extend(recipient);
            if commits {
                self.line.committed(std::mem::take(&mut self.recipients));
            }
        }
        answer
    }

    async fn content(&mut self, bytes: &[u8]) {
        self.desk.content(bytes).await;
    }

    async fn read(&mut self, source: u64, offset: u64) -> Option<bytes::Bytes> {
        self.desk.read(source, offset).await
    }
}
