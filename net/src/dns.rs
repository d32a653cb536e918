//! DNS: whom we ask, and how many questions are open at a time. Names of clients are in [`reverse`], mail exchangers
//! and their addresses in [`mail`], services in [`service`]. Answers are remembered by the resolver library as long as their zones allow. Does
//! not decide anything by what it finds.

mod mail;
mod reverse;
mod service;

pub use mail::{ADDRESSES_MAX, ANSWER_LIMIT, MAIL_LOOKUPS_MAX, MX_MAX};
pub use reverse::{LOOKUP_LIMIT, LOOKUPS_MAX};
pub use service::SRV_MAX;
pub use wire::names::{Addresses, Answer, Dnssec, Exchange, Mx, MxAnswer, Srv};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long one question may take at the servers together. Twice this, for the library asks again once, leaves room in
/// [`ANSWER_LIMIT`] for an alias that leads to another question.
const ASK_LIMIT: Duration = Duration::from_secs(4);

/// Finds names. Cheap to clone.
#[derive(Clone)]
pub struct Resolver(Source);

#[derive(Clone)]
enum Source {
    Dns(Arc<Dns>),
    Table(Arc<HashMap<IpAddr, String>>),
}

/// The library's resolvers, and turns at them. Mail has turns of its own: a crowd of clients cannot hold up what leaves.
struct Dns {
    /// Asks two servers at a time and takes what comes first, be it SERVFAIL.
    together: TokioResolver,
    /// Each server alone, where there are several, to be asked when what came first was no answer.
    each: Vec<TokioResolver>,
    for_clients: Semaphore,
    for_mail: Semaphore,
}

/// The resolver could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up name lookups: {0}")]
pub struct ResolverError(String);

impl Resolver {
    /// Asks these servers; with none, those of the system.
    ///
    /// # Errors
    /// When the system's configuration of name servers cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Resolver, ResolverError> {
        let (config, options) = if servers.is_empty() {
            read_system_conf().map_err(|error| ResolverError(error.to_string()))?
        } else {
            let servers = servers.iter().map(server).collect();
            (ResolverConfig::from_name_servers(servers), ResolverOpts::default())
        };
        Resolver::configured(&config, options)
    }

    fn configured(config: &ResolverConfig, mut options: ResolverOpts) -> Result<Resolver, ResolverError> {
        options.timeout = options.timeout.min(ASK_LIMIT);
        let together = resolver(config.clone(), options.clone())?;
        let mut each = Vec::new();
        if config.name_servers().len() > 1 {
            for server in config.name_servers() {
                each.push(resolver(ResolverConfig::from_name_servers(vec![server.clone()]), options.clone())?);
            }
        }
        let for_clients = Semaphore::new(LOOKUPS_MAX as usize);
        let for_mail = Semaphore::new(MAIL_LOOKUPS_MAX as usize);
        Ok(Resolver(Source::Dns(Arc::new(Dns { together, each, for_clients, for_mail }))))
    }

    /// Knows the names of these addresses and nothing else; for tests and the lab.
    #[must_use]
    pub fn table(names: impl IntoIterator<Item = (IpAddr, String)>) -> Resolver {
        Resolver(Source::Table(Arc::new(names.into_iter().collect())))
    }
}

fn resolver(config: ResolverConfig, options: ResolverOpts) -> Result<TokioResolver, ResolverError> {
    let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.with_options(options).build().map_err(|error| ResolverError(error.to_string()))
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let connection = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![connection(ConnectionConfig::udp()), connection(ConnectionConfig::tcp())];
    NameServerConfig::new(address.ip(), true, connections)
}
