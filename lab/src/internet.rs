//! All hosts of the lab together, in one folder that goes away at the end unless it is to be kept; where they send mail
//! to each other, with a name server between them.

use crate::peers::{Part, Peer};
use crate::site::{address_of, common_port};
use crate::{Around, Host, Names, Ports, Scenario, Site, Zone, worlds};
use anyhow::{Result, ensure};
use server::StartError;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::task::Poll;
use std::time::Duration;
use tempfile::TempDir;
use wire::dialogue::World;

/// Hosts and peers at most, for whom there are addresses.
const PLACES_MAX: usize = 250;

/// How often hosts are started anew where the system's choice of a port was taken meanwhile.
const START_TRIES: usize = 5;

/// How a peer is named in its zone.
const PEER_HOST: &str = "mx";

/// Who is there.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Whole servers.
    pub worlds: Vec<World>,
    /// Domains whose mail exchanger plays a part.
    pub peers: Vec<(String, Part)>,
    /// Whether they know of each other; otherwise each is alone, on 127.0.0.1.
    pub together: bool,
}

impl From<Scenario> for Layout {
    fn from(scenario: Scenario) -> Layout {
        Layout { worlds: worlds(scenario), peers: Vec::new(), together: scenario == Scenario::Pair }
    }
}

/// The hosts, running.
pub struct Internet {
    hosts: Vec<Host>,
    peers: Vec<(String, Peer)>,
    names: Option<Names>,
    folder: Folder,
}

enum Folder {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Folder::Kept(path) => path,
            Folder::Temporary(folder) => folder.path(),
        }
    }
}

impl Internet {
    /// Starts every host, each in a folder of its name below `keep`, or below a folder of its own.
    ///
    /// # Errors
    /// Those of [`Host::start`]; no host is left running then.
    pub async fn start(layout: impl Into<Layout>, ports: Ports, keep: Option<&Path>) -> Result<Internet> {
        let layout = layout.into();
        for _ in 1..START_TRIES {
            match Internet::start_once(layout.clone(), ports, keep).await {
                // Between finding the common port free and taking it, somebody else took it.
                Err(error) if ports == Ports::Random && is_taken(&error) => {}
                started => return started,
            }
        }
        Internet::start_once(layout, ports, keep).await
    }

    async fn start_once(layout: Layout, ports: Ports, keep: Option<&Path>) -> Result<Internet> {
        let places = layout.worlds.len() + layout.peers.len();
        ensure!(places <= PLACES_MAX, "the lab has room for {PLACES_MAX} hosts");
        let folder = match keep {
            Some(path) => Folder::Kept(std::path::absolute(path)?),
            None => Folder::Temporary(TempDir::with_prefix("pillarbox-lab-")?),
        };
        let mut internet = Internet { hosts: Vec::new(), peers: Vec::new(), names: None, folder };
        let addresses: Vec<IpAddr> = (0..).take(places).map(address_of).collect();
        let around = if layout.together { Some(internet.join(&layout, &addresses, ports).await?) } else { None };
        for ((number, world), address) in (0..).zip(layout.worlds).zip(addresses) {
            let site = match around {
                Some(_) => Site { address, ports, around },
                None => Site::alone(ports.of_host(number)),
            };
            let place = internet.folder.path().join(&world.hostname);
            match Host::start(world, &place, site).await {
                Ok(host) => internet.hosts.push(host),
                Err(error) => {
                    internet.drain(Duration::ZERO).await;
                    return Err(error);
                }
            }
        }
        Ok(internet)
    }

    /// Starts what lies between the hosts: the name server, and the peers.
    async fn join(&mut self, layout: &Layout, addresses: &[IpAddr], ports: Ports) -> Result<Around> {
        let names = Names::start(zones(layout, addresses)).await?;
        let around = Around { names: names.address(), smtp: common_port(addresses, ports).await? };
        let places = addresses.iter().skip(layout.worlds.len());
        for ((domain, part), address) in layout.peers.iter().zip(places) {
            let peer = Peer::start(SocketAddr::new(*address, around.smtp), *part).await?;
            self.peers.push((domain.clone(), peer));
        }
        self.names = Some(names);
        Ok(around)
    }

    /// The name server, where the hosts know of each other.
    #[must_use]
    pub fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    /// The peers, by their domains.
    #[must_use]
    pub fn peers(&self) -> &[(String, Peer)] {
        &self.peers
    }

    /// The hosts, in the order in which they are shown.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The folder with a folder for each host.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether the folder stays when this ends.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        matches!(self.folder, Folder::Kept(_))
    }

    /// Returns when a host has stopped by itself.
    ///
    /// # Errors
    /// When its store can no longer be trusted.
    pub async fn stopped(&self) -> Result<(), StartError> {
        let mut waits: Vec<_> = self.hosts.iter().map(|host| Box::pin(host.running().wait())).collect();
        poll_fn(|cx| {
            let ended = waits.iter_mut().map(|wait| wait.as_mut().poll(cx)).find(Poll::is_ready);
            ended.unwrap_or(Poll::Pending)
        })
        .await
    }

    /// Lets sessions finish for up to `grace` at each host and closes the stores.
    pub async fn drain(&self, grace: Duration) {
        for host in &self.hosts {
            host.drain(grace).await;
        }
    }
}

/// Whether something does not start because somebody else has its port.
#[must_use]
pub fn is_taken(error: &anyhow::Error) -> bool {
    let in_use = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
    match error.downcast_ref() {
        Some(StartError::Listen { error, .. }) => in_use(error),
        Some(_) => false,
        None => error.chain().filter_map(|cause| cause.downcast_ref()).any(in_use),
    }
}

/// A zone for every domain: its mail exchanger and where that is.
fn zones(layout: &Layout, addresses: &[IpAddr]) -> Vec<Zone> {
    let zone = |domain: &str, host: &str, address: &IpAddr| Zone {
        domain: domain.to_owned(),
        mx: vec![(10, host.to_owned())],
        hosts: vec![(host.to_owned(), vec![*address])],
        ..Zone::default()
    };
    let mut zones = Vec::new();
    for (world, address) in layout.worlds.iter().zip(addresses) {
        for domain in &world.domains {
            let mut zone = zone(domain, &world.hostname, address);
            // Names of one zone do not stand in another.
            zone.hosts.retain(|(host, _)| host == domain || host.ends_with(&format!(".{domain}")));
            zones.push(zone);
        }
    }
    for ((domain, _), address) in layout.peers.iter().zip(addresses.iter().skip(layout.worlds.len())) {
        zones.push(zone(domain, &format!("{PEER_HOST}.{domain}"), address));
    }
    zones
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests are clients and look into folders")]
mod tests {
    use super::*;
    use crate::Watch;
    use message::Time;
    use store::Op;
    use store::types::{QueueId, TraceEntry};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpStream;
    use wire::dialogue::Port;

    const GRACE: Duration = Duration::from_secs(5);

    /// The greeting, and the farewell after QUIT.
    async fn greeting(host: &Host, port: Port) -> String {
        let mut connection = BufReader::new(TcpStream::connect(host.address(port).unwrap()).await.unwrap());
        let mut text = String::new();
        connection.read_line(&mut text).await.unwrap();
        connection.write_all(b"QUIT\r\n").await.unwrap();
        text
    }

    #[tokio::test]
    async fn every_host_greets_by_its_own_name() {
        let internet = Internet::start(Scenario::Dialogues, Ports::Random, None).await.unwrap();
        let mut greetings = Vec::new();
        for host in internet.hosts() {
            greetings.push(greeting(host, Port::Smtp).await);
            assert!(greeting(host, Port::Pop3).await.starts_with("+OK "));
            assert_eq!(host.addresses().len(), Port::ALL.len());
            assert!(host.is_furnished());
        }
        for (name, line) in ["hamburger.edu", "mta13.adelphia.net", "cs.clemson.edu"].iter().zip(&greetings) {
            assert!(line.starts_with(&format!("220 {name} ")), "{line}");
        }
        let folder = internet.folder().to_owned();
        assert!(folder.join("hamburger.edu/pillarbox.toml").exists() && !internet.is_kept());
        internet.drain(GRACE).await;
        drop(internet);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn hosts_that_know_of_each_other_have_one_port_for_smtp() {
        let layout = Layout { peers: vec![("swamp.test".to_owned(), Part::Takes)], ..Layout::from(Scenario::Pair) };
        let internet = Internet::start(layout, Ports::Random, None).await.unwrap();
        let smtp: Vec<SocketAddr> = internet.hosts().iter().filter_map(|host| host.address(Port::Smtp)).collect();
        let addresses: Vec<String> = smtp.iter().map(|address| address.ip().to_string()).collect();
        assert_eq!(addresses, ["127.0.1.25", "127.0.2.25"]);
        assert_eq!(smtp[0].port(), smtp[1].port());
        let (domain, peer) = &internet.peers()[0];
        assert_eq!((domain.as_str(), peer.address()), ("swamp.test", SocketAddr::new(address_of(2), smtp[0].port())));
        assert!(internet.names().is_some());
        internet.drain(GRACE).await;
    }

    #[tokio::test]
    async fn a_port_that_somebody_has_is_known_as_taken() {
        let taken = Peer::start(SocketAddr::from(([127, 0, 0, 1], 0)), Part::Takes).await.unwrap();
        assert!(is_taken(&Peer::start(taken.address(), Part::Takes).await.unwrap_err()));
        let around = Some(Around { names: taken.address(), smtp: taken.address().port() });
        let site = Site { around, ..Site::alone(Ports::Random) };
        let folder = tempfile::tempdir().unwrap();
        let started = Host::start(worlds(Scenario::Pair).remove(0), folder.path(), site).await;
        assert!(started.is_err_and(|error| is_taken(&error)));
        assert!(!is_taken(&anyhow::anyhow!("something else")));
    }

    #[tokio::test]
    async fn a_kept_host_is_found_again_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        for furnished in [true, false] {
            let internet = Internet::start(Scenario::Dialogues, Ports::Random, Some(folder.path())).await.unwrap();
            assert!(internet.is_kept());
            assert!(internet.hosts().iter().all(|host| host.is_furnished() == furnished));
            internet.drain(GRACE).await;
        }
        assert!(folder.path().join("cs.clemson.edu/data").exists());
    }

    #[tokio::test]
    async fn one_host_that_stops_is_noticed() {
        let internet = Internet::start(Scenario::Dialogues, Ports::Random, None).await.unwrap();
        let stopped = async {
            internet.hosts()[1].drain(GRACE).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = internet.stopped() => ended.unwrap(),
            () = stopped => {}
        }
        internet.drain(GRACE).await;
    }

    #[tokio::test]
    async fn what_was_cut_short_is_not_taken_for_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = folder.path().join("data.unfinished");
        std::fs::create_dir(&unfinished).unwrap();
        std::fs::write(unfinished.join("half"), "").unwrap();
        let world = worlds(Scenario::Dialogues).remove(1);
        let host = Host::start(world, folder.path(), Site::alone(Ports::Random)).await.unwrap();
        assert!(host.is_furnished() && !unfinished.exists() && !folder.path().join("data/half").exists());
        host.drain(GRACE).await;
    }

    #[tokio::test]
    async fn news_are_told_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let world = worlds(Scenario::Dialogues).remove(0);
        let host = Host::start(world, folder.path(), Site::alone(Ports::Random)).await.unwrap();
        let store = host.office().store();
        let entry = |at: u64, event: &str| TraceEntry {
            queue_id: QueueId(7),
            at: Time(at),
            event: event.to_owned(),
            address: Some("bob@hamburger.edu".to_owned()),
            detail: String::new(),
        };
        store.apply(Op::Trace(vec![entry(1, "accepted")])).await.unwrap();
        let mut watch = Watch::of(&host).await.unwrap();
        store.apply(Op::Trace(vec![entry(2, "delivered"), entry(3, "retrieved")])).await.unwrap();
        assert_eq!(watch.next().await.unwrap(), [entry(2, "delivered"), entry(3, "retrieved")]);
        store.apply(Op::Trace(vec![entry(4, "removed")])).await.unwrap();
        assert_eq!(watch.next().await.unwrap(), [entry(4, "removed")]);
        host.drain(GRACE).await;
    }
}
