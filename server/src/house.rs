//! What all connections of one server share.

use crate::config::{Config, ListenerKind};
use crate::live::Live;
use crate::metrics::Traffic;
use arc_swap::ArcSwap;
use net::accept::Admission;
use net::clock::Clock;
use net::dns::Resolver;
use net::tls::Certificates;
use office::Office;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// One server.
pub(crate) struct House {
    pub(crate) office: Office,
    /// Everything that is answered over HTTP.
    pub(crate) router: axum::Router,
    /// The same, for what is done without a request.
    pub(crate) web: web::Web,
    /// Who is connected.
    pub(crate) live: Arc<Live>,
    pub(crate) clock: Clock,
    pub(crate) resolver: Resolver,
    pub(crate) admission: Arc<Admission>,
    /// How many connections the limit of open files allows.
    pub(crate) connections_max: u32,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) tls: Arc<rustls::ServerConfig>,
    /// The same with the protocols of the web (ALPN).
    pub(crate) web_tls: Arc<rustls::ServerConfig>,
    /// Replaced whole by a reload.
    pub(crate) config: ArcSwap<Config>,
    pub(crate) traffic: Traffic,
    /// Becomes `true` when the server is about to stop.
    pub(crate) drain: watch::Receiver<bool>,
}

impl House {
    /// The limits on connections that a configuration asks for, within what the system allows.
    pub(crate) fn connection_limits(config: &Config, connections_max: u32) -> net::accept::Limits {
        net::accept::Limits {
            total: config.limits.connections.min(connections_max),
            per_address: config.limits.connections_per_address,
            per_minute: config.limits.connections_per_minute,
        }
    }

    /// A listener's line in the output of `serve`.
    pub(crate) fn describe((kind, address): &(ListenerKind, SocketAddr)) -> String {
        format!("listening {kind} {address}")
    }
}
