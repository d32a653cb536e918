//! The way between hosts: names from zones, connections from one post office's client session to another's server
//! session, and what goes wrong with them. Owns which host listens where; knows nothing of what they decide.

use super::chance::Chance;
use super::drive::drive;
use super::line::{End, Mishap, line};
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
    /// Server sessions that committed a message whose client may not have heard of it.
    unheard: u64,
}

/// A post office that can be reached.
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
        let state = State { zones, listening, weather, attempts, unheard: 0 };
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

    /// How many messages were committed over lines that broke there and then.
    #[must_use]
    pub fn unheard(&self) -> u64 {
        self.state.lock().unheard
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

    /// Begins a server session at a host, whose end of the line this is.
    fn serve(&self, to: &Stop, from: IpAddr, end: End) -> bool {
        let state = self.state.lock();
        let Some(listening) = state.listening.get(&to.address.ip()).filter(|host| !host.life.is_over()) else {
            return false;
        };
        let peer = Peer { client: SocketAddr::new(from, 40_000), local: to.address, name: Arc::new(OnceLock::new()) };
        let (profile, desk) = listening.office.smtp(Role::Mx, peer, false);
        let session = smtp::Server::new(self.timeline.now(), profile);
        let end = Arc::new(end);
        let witness =
            Witness { desk, from, greylist: listening.greylist.clone(), line: end.clone(), internet: self.clone() };
        let timeline = self.timeline.clone();
        self.timeline.begin(&listening.life, async move { drive(&timeline, &end, session, witness).await });
        true
    }
}

/// The road as one host sees it.
#[derive(Clone)]
pub(super) struct Lane {
    pub internet: Internet,
    pub from: IpAddr,
    pub name: String,
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
        let weather = self.internet.state.lock().weather.clone();
        let mishap = weather(&self.internet.chance);
        let timeline = &self.internet.timeline;
        let (ours, theirs) = line(timeline, mishap);
        let connected = self.internet.serve(stop, self.from, theirs);
        let (at, from, to) = (timeline.now(), self.name.clone(), stop.name.clone());
        self.internet.state.lock().attempts.push(Attempt { at, from, to, connected });
        if !connected {
            timeline.sleep(REFUSAL).await;
            return Err("connection refused".to_owned());
        }
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
    internet: Internet,
}

impl Desk for Witness {
    type Session = smtp::Server;

    async fn answer(&mut self, now: Time, ask: smtp::Ask) -> smtp::Answer {
        if let (smtp::Ask::Recipient(recipient), Some(greylist)) = (&ask, &self.greylist)
            && greylist.lock().insert((self.from, format!("{:?}", recipient.forward_path)))
        {
            return smtp::Answer::Reply(Reply::new(450, Enhanced(4, 7, 1), "Greylisted, please come again"));
        }
        let commits = ask == smtp::Ask::Commit;
        let answer = self.desk.answer(now, ask).await;
        if commits && matches!(&answer, smtp::Answer::Reply(reply) if reply.is_positive()) && self.line.committed() {
            self.internet.state.lock().unheard += 1;
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
