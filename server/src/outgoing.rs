//! Mail that leaves: runs the office's sending half over the network. Owns the sockets and the tasks; what is sent when
//! and where is the office's.

use crate::house::House;
use net::clock::Clock;
use net::dns::Resolver;
use net::tls::{Trust, client_config};
use net::{Handshake, Seat, Security, Surroundings, drive};
use office::Outbound;
use office::outbound::{ClientDesk, Next, Proof, RENEW_EVERY, Road, Stop};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wire::Time;
use wire::names::{Addresses, Answer, MxAnswer};
use wire::smtp::client;

/// How long the outbox is left alone after the store refused.
const STORE_REST: Duration = Duration::from_secs(5);

/// The outbox is looked at so often even if nothing says that it changed.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The network as the way to other hosts.
#[derive(Clone)]
struct Network {
    clock: Clock,
    resolver: Resolver,
    tls: Arc<rustls::ClientConfig>,
    /// Checks certificates; where there are none to check by, why not.
    proving: Result<Arc<rustls::ClientConfig>, String>,
    drain: watch::Receiver<bool>,
}

impl Road for Network {
    fn now(&self) -> Time {
        self.clock.now()
    }

    async fn mx(&self, domain: &message::Domain) -> Answer<MxAnswer> {
        self.resolver.mx(domain).await
    }

    async fn addresses(&self, host: &message::Domain) -> Answer<Addresses> {
        self.resolver.addresses(host).await
    }

    async fn travel(&self, stop: &Stop, session: client::Client, desk: ClientDesk) -> Result<(), String> {
        let tls = match stop.proof {
            Proof::None => self.tls.clone(),
            Proof::Name | Proof::NameFromTheStart => self.proving.clone()?,
        };
        let connection = net::dial::connect(stop.address).await.map_err(|error| error.to_string())?;
        let name = ServerName::try_from(stop.name.clone()).unwrap_or(ServerName::IpAddress(stop.address.ip().into()));
        let handshake = Handshake::Connect(tls, name);
        let around = Surroundings {
            clock: self.clock.clone(),
            drain: self.drain.clone(),
            security: match stop.proof {
                Proof::NameFromTheStart => Security::Implicit(handshake),
                Proof::None | Proof::Name => Security::StartTls(handshake),
            },
            seat: Seat::new(self.clock.now()),
        };
        let ended = drive(connection, session, desk, &around).await;
        tracing::debug!(stop = %stop, received = ended.received, sent = ended.sent, reason = %ended.reason, "sent over");
        Ok(())
    }
}

/// Sends until the server drains; then waits for what is under way and gives back the rest.
pub(crate) async fn run(house: Arc<House>, outbound: Outbound) {
    let tls = match client_config(Trust::Anybody) {
        Ok(tls) => tls,
        Err(error) => return tracing::error!(%error, "no TLS towards other servers: nothing is sent"),
    };
    let mut drain = house.drain.clone();
    let proving = proving(house.config.load().outbound.smarthost_ca.as_deref());
    let road =
        Network { clock: house.clock.clone(), resolver: house.resolver.clone(), tls, proving, drain: drain.clone() };
    if let Err(error) = outbound.recover().await {
        tracing::error!(%error, "the outbox cannot be taken up; what was being sent waits for its lease to end");
    }
    let mut errands = JoinSet::new();
    let mut renew_at = road.now().after(RENEW_EVERY);
    while !*drain.borrow() {
        let until = turn(&outbound, &road, &mut errands).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the outbox cannot be read");
            Some(road.now().after(STORE_REST))
        });
        let latest = road.now().after(LOOK_EVERY);
        if road.now() >= renew_at {
            renew_at = road.now().after(RENEW_EVERY);
            if let Err(error) = outbound.renew(road.now()).await {
                tracing::error!(%error, "what is being sent may be sent again: its lease could not be renewed");
            }
        }
        tokio::select! {
            _ = drain.changed() => {}
            () = house.office.store().outbox_changed() => outbound.announce(road.now()),
            () = outbound.freed() => {}
            () = house.clock.sleep_until(until.map_or(latest, |until| until.min(latest))) => {}
            Some(ended) = errands.join_next() => note(&ended),
        }
    }
    if let Err(error) = outbound.give_back_all(road.now()).await {
        tracing::warn!(%error, "what waited could not be given back; it waits for its lease to end");
    }
    while let Some(ended) = errands.join_next().await {
        note(&ended);
    }
}

/// Where systems keep the authorities they know.
const AUTHORITIES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// TLS that checks names by the authorities in a file, or those of the system.
pub(crate) fn proving(file: Option<&Path>) -> Result<Arc<rustls::ClientConfig>, String> {
    let found = || AUTHORITIES.iter().map(Path::new).find(|path| path.exists());
    let missing = "no certificate authorities are known to this system: set outbound.smarthost_ca";
    let file = file.or_else(found).ok_or(missing)?;
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| told(&error))? {
        // One that cannot be read vouches for nobody; the others do.
        let _ = roots.add(certificate.map_err(|error| told(&error))?);
    }
    client_config(Trust::Roots(Arc::new(roots))).map_err(|error| error.to_string())
}

/// Takes in what is due and sets out with all of it that may go now. When to look again.
async fn turn(outbound: &Outbound, road: &Network, errands: &mut JoinSet<()>) -> Result<Option<Time>, StoreError> {
    loop {
        match outbound.next(road.now()).await? {
            Next::Work(work) => {
                let (outbound, road) = (outbound.clone(), road.clone());
                errands.spawn(async move { outbound.carry_out(road, *work).await });
            }
            Next::Wait(until) => return Ok(until),
        }
    }
}

fn note(ended: &Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "an errand was ended by a defect; its recipients wait for their lease to end");
    }
}
