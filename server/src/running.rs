//! A server under way: started, reloaded, drained. Owns the order of these; the listeners, the control socket and the
//! metrics are tasks of its own.
#![allow(clippy::disallowed_methods, reason = "makes the data folder")]

use crate::config::{Config, ListenerKind};
use crate::control::Counter;
use crate::courier::PushCourier;
use crate::doors::{self, DoorPost};
use crate::drop::Drops;
use crate::error::StartError;
use crate::house::House;
use crate::http::WebReception;
use crate::live::{Around, Live};
use crate::metrics::{MetricsReception, Traffic};
use crate::reception::MailReception;
use crate::seams::{self, Seams};
use crate::{control, files, host, indexing, outgoing, parting, privileges, screens, secret, submitting};
use arc_swap::ArcSwap;
use net::accept::{Admission, Door};
use net::dns::Resolver;
use net::tls::{Certificate, CertificateFacts, Certificates};
use office::Office;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{Op, Store, StoreError};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

/// How often the store is asked whether it can still be trusted.
const STORE_LOOK: Duration = Duration::from_secs(2);

/// How often the store is tidied: journeys and garbage grow slowly, and an hour of them is little.
const UPKEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// How the server is.
#[derive(Clone, Debug, PartialEq)]
enum Health {
    Up,
    Stopped,
    StoreFailed(StoreError),
}

/// A server under way. Dropping it cuts every connection off; [`Running::drain`] lets them finish.
pub struct Running {
    house: Arc<House>,
    addresses: Vec<(ListenerKind, SocketAddr)>,
    fingerprint: String,
    drain: watch::Sender<bool>,
    health: Arc<watch::Sender<Health>>,
    tasks: Mutex<JoinSet<()>>,
}

/// What is made ready while the process still has all its rights.
pub(crate) struct Ready {
    pub(crate) doors: Vec<DoorPost>,
    /// The configured certificate, whose key only root may be able to read.
    pub(crate) certificate: Option<Certificate>,
}

impl Ready {
    /// Binds the listeners, or takes those of systemd, and reads the certificate.
    pub(crate) fn prepare(config: &Config, inherited: Vec<DoorPost>) -> Result<Ready, StartError> {
        let doors = if inherited.is_empty() { doors::bind(config)? } else { inherited };
        Ok(Ready { doors, certificate: configured(config)? })
    }
}

/// Starts a server: binds, opens the store, and answers.
///
/// # Errors
/// One of [`StartError`]; nothing is left running then.
pub async fn start(config: Config, seams: Seams) -> Result<Running, StartError> {
    privileges::make_data_dir(&config)?;
    let ready = Ready::prepare(&config, Vec::new())?;
    start_ready(config, seams, ready).await
}

/// Starts a server whose sockets are open.
pub(crate) async fn start_ready(config: Config, seams: Seams, ready: Ready) -> Result<Running, StartError> {
    let certificate = match ready.certificate {
        Some(certificate) => certificate,
        None => self_signed(&config, &seams)?,
    };
    warn_of_dates(&certificate.facts, &seams);
    let certificates = Certificates::new(&certificate);
    let tls = net::tls::server_config(certificates.clone())?;
    let resolver = match &seams.resolver {
        Some(resolver) => resolver.clone(),
        None => Resolver::new(&config.dns_servers)?,
    };
    let office = open_office(&config, &seams).await?;
    let connections_max = files::connections(config.limits.connections);
    let (drain, draining) = watch::channel(false);
    let clock = seams.clock.clone();
    let web = web::Web::new(office.clone(), Arc::new(move || clock.now()));
    web.employ(Arc::new(PushCourier {
        resolver: resolver.clone(),
        tls: outgoing::proving(None).ok(),
        allows_private: config.outbound.loopback_targets,
    }));
    let addresses: Vec<_> = ready.doors.iter().map(|door| (door.kind, door.address)).collect();
    let live = Arc::<Live>::default();
    let security_contact = config.security_contact.as_ref().map(|contact| contact.uri().to_owned());
    web.introduce(Arc::new(Around { listeners: addresses.clone(), live: live.clone(), security_contact }));
    let house = Arc::new(House {
        office,
        web_tls: crate::http::tls(&tls),
        router: web.router(),
        web,
        live,
        clock: seams.clock,
        resolver,
        admission: Admission::new(House::connection_limits(&config, connections_max)),
        connections_max,
        certificates,
        tls,
        config: ArcSwap::from_pointee(config),
        traffic: Traffic::default(),
        drain: draining,
    });
    let health = Arc::new(watch::Sender::new(Health::Up));
    let mut tasks = spawn_all(&house, ready.doors, &health)?;
    tasks.spawn(work(house.web.clone(), house.drain.clone()));
    let tasks = Mutex::new(tasks);
    Ok(Running { house, addresses, fingerprint: certificate.facts.fingerprint, drain, health, tasks })
}

/// What the web side does without being asked, until the server drains.
async fn work(web: web::Web, mut drain: watch::Receiver<bool>) {
    tokio::select! {
        () = web.clone().work() => {}
        _ = drain.wait_for(|drained| *drained) => {}
    }
    // An event source never ends by itself.
    let _ = drain.wait_for(|drained| *drained).await;
    web.close();
}

/// Opens store and office.
pub(crate) async fn open_office(config: &Config, seams: &Seams) -> Result<Office, StartError> {
    let (data_dir, settings) = (config.data_dir.clone(), seams.store.clone());
    let opened = tokio::task::spawn_blocking(move || Store::open(&data_dir, settings)).await;
    let store = opened.unwrap_or(Err(StoreError::Closed)).map_err(StartError::Store)?;
    let folder = config.data_dir.clone();
    let room = Arc::new(move || seams::free_octets(&folder));
    let path = config.data_dir.join(SECRET_FILE);
    let secret = secret::kept(&path, &seams.random).map_err(|error| StartError::DataDir { path, error })?;
    let office_seams = office::Seams { random: seams.random.clone(), room, secret };
    Office::open(store, config.policy(), office_seams, seams.clock.now()).await.map_err(StartError::Store)
}

fn configured(config: &Config) -> Result<Option<Certificate>, StartError> {
    let files = config.tls.as_ref();
    Ok(files.map(|files| Certificate::load(&files.certificate, &files.key)).transpose()?)
}

fn self_signed(config: &Config, seams: &Seams) -> Result<Certificate, StartError> {
    let folder = config.data_dir.join(SELF_SIGNED_FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| StartError::DataDir { path: folder.clone(), error })?;
    Ok(Certificate::self_signed(&folder, config.hostname.as_str(), seams.clock.now())?)
}

/// Where in the data folder the certificate of our own making lies.
pub(crate) const SELF_SIGNED_FOLDER: &str = "tls";

/// Where in the data folder the secret lies that addresses of ours are signed with.
const SECRET_FILE: &str = "secret";

/// A certificate out of its dates still encrypts, and mail servers seldom check: a word, not an end.
fn warn_of_dates(facts: &CertificateFacts, seams: &Seams) {
    if !facts.is_valid_at(seams.clock.now()) {
        tracing::warn!("the certificate is not valid now: clients that check it will not connect");
    }
}

fn spawn_all(
    house: &Arc<House>,
    doors: Vec<DoorPost>,
    health: &Arc<watch::Sender<Health>>,
) -> Result<JoinSet<()>, StartError> {
    let mut tasks = JoinSet::new();
    let path = control::path(&house.config.load().data_dir);
    let socket = control::bind(&path).map_err(|error| StartError::Control { path, error })?;
    let (office, clock) = (house.office.clone(), house.clock.clone());
    let drops = Drops::open(&house.config.load().data_dir, office.clone(), clock.clone());
    tasks.spawn(control::serve(socket, Counter { office, clock, drops: drops.clone() }, house.drain.clone()));
    tasks.spawn(drops.watch(house.clone()));
    let path = host::path(&house.config.load().data_dir);
    let socket = host::bind(&path).map_err(|error| StartError::Control { path, error })?;
    tasks.spawn(host::serve(socket, house.office.clone(), house.clock.clone(), house.drain.clone()));
    let path = screens::path(&house.config.load().data_dir);
    let socket = control::bind(&path).map_err(|error| StartError::Control { path, error })?;
    tasks.spawn(screens::serve(socket, house.office.clone(), house.drain.clone()));
    tasks.spawn(watch_store(house.clone(), health.clone()));
    tasks.spawn(tidy_store(house.clone()));
    tasks.spawn(indexing::keep(house.clone()));
    tasks.spawn(note_figures(house.clone()));
    tasks.spawn(outgoing::run(house.clone(), house.office.outbound()));
    tasks.spawn(submitting::run(house.clone()));
    tasks.spawn(parting::run(house.clone()));
    for DoorPost { kind, listener, .. } in doors {
        let door = Door { admission: house.admission.clone(), clock: house.clock.clone(), drain: house.drain.clone() };
        let house = house.clone();
        tasks.spawn(async move {
            let served = match kind {
                ListenerKind::Http | ListenerKind::Https => {
                    net::accept::serve(listener, door, Arc::new(WebReception { kind, house })).await
                }
                ListenerKind::Metrics => net::accept::serve(listener, door, Arc::new(MetricsReception { house })).await,
                _ => net::accept::serve(listener, door, Arc::new(MailReception { kind, house })).await,
            };
            if let Err(error) = served {
                tracing::error!(%kind, %error, "a listener is lost");
            }
        });
    }
    Ok(tasks)
}

/// Ends when the server drains, or when a sync has failed: then nobody knows what is on disk, and the process must go.
async fn watch_store(house: Arc<House>, health: Arc<watch::Sender<Health>>) {
    let mut drain = house.drain.clone();
    loop {
        tokio::select! {
            _ = drain.changed() => return,
            () = tokio::time::sleep(STORE_LOOK) => {}
        }
        // An operation that changes nothing: it costs no sync, and fails once one has failed.
        match house.office.store().apply(Op::Trace(Vec::new())).await {
            Err(error) if error.is_fatal() => {
                tracing::error!(%error, "the store can no longer be trusted");
                health.send_replace(Health::StoreFailed(error));
                return;
            }
            _ => {}
        }
    }
}

/// Every minute: how busy the house is, for the charts of its administration.
async fn note_figures(house: Arc<House>) {
    let mut drain = house.drain.clone();
    loop {
        house.web.note_figures().await;
        tokio::select! {
            _ = drain.changed() => return,
            () = tokio::time::sleep(web::FIGURES_EVERY) => {}
        }
    }
}

/// Every hour: old journeys go, and segments that are mostly garbage are written anew.
async fn tidy_store(house: Arc<House>) {
    let mut drain = house.drain.clone();
    loop {
        tokio::select! {
            _ = drain.changed() => return,
            () = tokio::time::sleep(UPKEEP_EVERY) => {}
        }
        match house.office.store().maintain(house.clock.now()).await {
            Ok(report) => tracing::debug!(?report, "the store is tidied"),
            Err(error) => tracing::error!(%error, "the store could not be tidied; it goes on as it is"),
        }
    }
}

impl Running {
    /// Where it listens, ports filled in.
    #[must_use]
    pub fn addresses(&self) -> Vec<(ListenerKind, SocketAddr)> {
        self.addresses.clone()
    }

    /// The first address of a listener.
    #[must_use]
    pub fn address(&self, kind: ListenerKind) -> Option<SocketAddr> {
        self.addresses.iter().find(|(there, _)| *there == kind).map(|(_, address)| *address)
    }

    /// The post office behind the doors.
    #[must_use]
    pub fn office(&self) -> &Office {
        &self.house.office
    }

    /// The certificate of its own making: where it shows that to clients, they can be told to believe this file.
    #[must_use]
    pub fn own_certificate(&self) -> PathBuf {
        let data_dir = &self.house.config.load().data_dir;
        data_dir.join(SELF_SIGNED_FOLDER).join(net::tls::SELF_SIGNED_CERTIFICATE)
    }

    /// The configuration it works by now.
    #[must_use]
    pub fn configuration(&self) -> Arc<Config> {
        self.house.config.load_full()
    }

    /// SHA-256 of the certificate it started with.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Works by another configuration from now on: policy, limits and certificate. Listeners, data folder and user
    /// stay as they are until the next start, which is logged.
    ///
    /// # Errors
    /// When the certificate cannot be used or the store refuses; the old configuration stays then.
    pub async fn reload(&self, config: Config) -> Result<(), StartError> {
        let now = self.house.clock.now();
        let certificate = configured(&config)?;
        if certificate.as_ref().is_some_and(|certificate| !certificate.facts.is_valid_at(now)) {
            return Err(StartError::CertificateDates);
        }
        self.house.office.reload(config.policy(), now).await.map_err(StartError::Store)?;
        if let Some(certificate) = certificate {
            self.house.certificates.replace(&certificate);
        }
        self.house.admission.set_limits(House::connection_limits(&config, self.house.connections_max));
        let old = self.house.config.load_full();
        if old.listen != config.listen || old.data_dir != config.data_dir || old.user != config.user {
            tracing::warn!("[listen], data_dir and user change with the next start only");
        }
        self.house.config.store(Arc::new(config));
        Ok(())
    }

    /// Accepts nobody any more, lets every session finish what it is doing for up to `grace`, cuts off the rest and
    /// closes the store.
    pub async fn drain(&self, grace: Duration) {
        self.drain.send_replace(true);
        let mut tasks = self.tasks.lock().await;
        let finished = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, finished).await.is_err() {
            tracing::warn!(open = self.house.admission.open(), "connections are cut off");
            tasks.shutdown().await;
        }
        control::remove(&control::path(&self.house.config.load().data_dir));
        control::remove(&screens::path(&self.house.config.load().data_dir));
        control::remove(&host::path(&self.house.config.load().data_dir));
        if let Err(error) = self.house.office.settle().await {
            tracing::warn!(%error, "what was known of open mailboxes was not written down");
        }
        let store = self.house.office.store().clone();
        if tokio::task::spawn_blocking(move || store.close()).await.is_err() {
            tracing::error!("the store did not close");
        }
        self.health.send_if_modified(|health| {
            let up = *health == Health::Up;
            if up {
                *health = Health::Stopped;
            }
            up
        });
    }

    /// Returns when it has been drained.
    ///
    /// # Errors
    /// When the store can no longer be trusted; the process has to end.
    pub async fn wait(&self) -> Result<(), StartError> {
        let mut health = self.health.subscribe();
        match health.wait_for(|health| *health != Health::Up).await.as_deref() {
            Ok(Health::StoreFailed(error)) => Err(StartError::StoreFailed(error.clone())),
            _ => Ok(()),
        }
    }
}

/// Whether a data folder holds a store.
pub(crate) fn has_store(data_dir: &Path) -> bool {
    std::fs::read_dir(data_dir).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests;
