//! The configuration: one TOML file, every key of it known, every mistake named with file, line and column. Owns the
//! search for the file, the reading and the showing; what the values mean is decided where they are used.
#![allow(clippy::disallowed_methods, reason = "the configuration is a file, and may be named in the environment")]

mod address;
mod contact;
mod keys;
mod read;
mod routes;
mod show;
mod units;
mod value;

pub use address::{HostPort, ListenAddress, NameServer};
pub use contact::{Contact, NotAContact};
pub use keys::{KEYS, Key, ROUTE_KEYS};
pub use routes::Route;
pub use show::reference;
pub use units::duration;
pub use value::{Origin, Place, Problem, Value};

use message::{Address, Domain};
use office::outbound::route::{self, Rules};
use office::{FileDomain, Network, OutboundPolicy, Policy};
use read::Reader;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use value::{Located, Text, Values};
use wire::sasl::Secret;
use wire::sasl::client::Credential;
use wire::smtp::client::Login;

/// The variable that names the configuration file.
pub const FILE_VARIABLE: &str = "PILLARBOX_CONFIG";
/// Where the file is looked for when nobody names one.
pub const FILE_PLACES: [&str; 2] = ["./pillarbox.toml", "/etc/pillarbox/pillarbox.toml"];
/// Where data is kept without a file.
const DATA_DIR_TO_TRY: &str = "pillarbox-data";
/// Where data is kept with a file that does not say it.
const DATA_DIR: &str = "/var/lib/pillarbox";

/// Listeners of a file without `[listen]`: the standard ports (RFC 5321, 6409, 8314, 1939, 9051, 9110).
const STANDARD_PORTS: [(ListenerKind, &str); 9] = [
    (ListenerKind::Smtp, "[::]:25"),
    (ListenerKind::Submission, "[::]:587"),
    (ListenerKind::Submissions, "[::]:465"),
    (ListenerKind::Pop3, "[::]:110"),
    (ListenerKind::Pop3s, "[::]:995"),
    (ListenerKind::Imap, "[::]:143"),
    (ListenerKind::Imaps, "[::]:993"),
    (ListenerKind::Http, "[::]:80"),
    (ListenerKind::Https, "[::]:443"),
];

/// Listeners without a file: to try it out, by anyone, on this machine only.
const PORTS_TO_TRY: [(ListenerKind, &str); 9] = [
    (ListenerKind::Smtp, "127.0.0.1:2525"),
    (ListenerKind::Submission, "127.0.0.1:5587"),
    (ListenerKind::Submissions, "127.0.0.1:5465"),
    (ListenerKind::Pop3, "127.0.0.1:5110"),
    (ListenerKind::Pop3s, "127.0.0.1:5995"),
    (ListenerKind::Imap, "127.0.0.1:5143"),
    (ListenerKind::Imaps, "127.0.0.1:5993"),
    (ListenerKind::Http, "127.0.0.1:8080"),
    (ListenerKind::Https, "127.0.0.1:8443"),
];

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum ListenerKind {
    Smtp,
    Submission,
    Submissions,
    Lmtp,
    Pop3,
    Pop3s,
    Imap,
    Imaps,
    Http,
    Https,
    Metrics,
}

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// What is spoken there.
    pub kind: ListenerKind,
    /// Where; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Who said so.
    pub origin: Origin,
}

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM, the chain.
    pub certificate: PathBuf,
    /// PEM, the key.
    pub key: PathBuf,
}

/// `[trust]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Trust {
    pub relay_networks: Vec<Network>,
    pub plaintext_login_networks: Vec<Network>,
    pub local_users: Vec<String>,
    pub relay_domains: Vec<Domain>,
    pub apop: bool,
}

/// `[limits]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Limits {
    /// Octets.
    pub message_size: u64,
    /// Octets.
    pub disk_reserve: u64,
    pub recipients: u32,
    pub connections: u32,
    pub connections_per_address: u32,
    pub connections_per_minute: u32,
    pub login_guesses_per_minute: u32,
}

/// `[outbound]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Outbound {
    pub port: u16,
    pub retry_first: Duration,
    pub retry_max: Duration,
    pub delay_notice: Duration,
    pub expire: Duration,
    pub smarthost: Option<HostPort>,
    pub smarthost_user: Option<String>,
    pub smarthost_password_file: Option<PathBuf>,
    pub smarthost_ca: Option<PathBuf>,
    /// What the file held.
    pub smarthost_password: Option<Secret>,
    pub connections: u32,
    pub connections_per_destination: u32,
    pub rate_per_minute: Option<u32>,
    pub early_retry: Duration,
    pub ipv6: bool,
    pub loopback_targets: bool,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// `[logs]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Logs {
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
}

/// The configuration, checked.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Config {
    /// The file it was read from; `None`: there is none.
    pub file: Option<PathBuf>,
    pub hostname: Domain,
    pub data_dir: PathBuf,
    pub domains: Vec<FileDomain>,
    pub admin: Option<Address>,
    /// Told at `/.well-known/security.txt`.
    pub security_contact: Option<Contact>,
    pub user: Option<String>,
    pub greeting: Option<String>,
    /// SEND, SOML and SAML are carried out.
    pub send_commands: bool,
    pub listen: Vec<Listen>,
    pub tls: Option<TlsFiles>,
    pub trust: Trust,
    pub limits: Limits,
    /// Empty: the system's.
    pub dns_servers: Vec<SocketAddr>,
    pub outbound: Outbound,
    pub routes: Vec<Route>,
    pub logs: Logs,
    values: Values,
    route_values: Vec<Values>,
}

/// What is wrong with a configuration: at least one problem, in the order of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The problems.
    pub problems: Vec<Problem>,
}

impl Outbound {
    fn schedule(&self) -> queue::Schedule {
        queue::Schedule {
            retry_first: self.retry_first,
            retry_max: self.retry_max,
            delay_notice: self.delay_notice,
            expire: self.expire,
            early_retry: self.early_retry,
            ..queue::Schedule::default()
        }
    }
}

impl Config {
    /// Reads the file that is named, or found (see [`FILE_VARIABLE`], [`FILE_PLACES`]), or takes the defaults.
    ///
    /// # Errors
    /// A file that was named cannot be read, or something in it is wrong.
    pub fn load(explicit: Option<&Path>) -> Result<Config, ConfigError> {
        let mut config = Config::load_without_secrets(explicit)?;
        config.read_password()?;
        Ok(config)
    }

    /// The same without what stands in files for the server alone: for programs that any user of the machine runs.
    ///
    /// # Errors
    /// Those of [`Config::load`], but for such files.
    pub fn load_without_secrets(explicit: Option<&Path>) -> Result<Config, ConfigError> {
        let named = explicit.map(PathBuf::from).or_else(|| std::env::var_os(FILE_VARIABLE).map(PathBuf::from));
        let found = || FILE_PLACES.iter().map(PathBuf::from).find(|path| path.exists());
        match named.or_else(found) {
            Some(path) => Config::read_file(&path),
            None => Config::without_file(),
        }
    }

    /// Reads a text as if it stood in a file called `origin`.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn parse(text: &str, origin: &str) -> Result<Config, ConfigError> {
        Config::build(&Text { name: origin, text }, Some(PathBuf::from(origin)))
    }

    /// The configuration of a server that nobody has configured: data in the current folder, high ports on loopback.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn without_file() -> Result<Config, ConfigError> {
        Config::build(&Text { name: "", text: "" }, None)
    }

    /// The rules for the post office.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            hostname: self.hostname.clone(),
            greeting: self.greeting.clone(),
            domains: self.domains.clone(),
            admin: self.admin.clone(),
            relay_networks: self.trust.relay_networks.clone(),
            plaintext_login_networks: self.trust.plaintext_login_networks.clone(),
            local_users: self.trust.local_users.clone(),
            message_size: self.limits.message_size,
            disk_reserve: self.limits.disk_reserve,
            recipients: self.limits.recipients,
            login_guesses_per_minute: self.limits.login_guesses_per_minute,
            apop: self.trust.apop,
            relay_domains: self.trust.relay_domains.clone(),
            send_commands: self.send_commands,
            outbound: self.outbound_policy(),
        }
    }

    fn outbound_policy(&self) -> OutboundPolicy {
        let outbound = &self.outbound;
        let smtp = self.listen.iter().filter(|listen| listen.kind == ListenerKind::Smtp);
        let rules = Rules {
            own_names: vec![self.hostname.clone()],
            own_sockets: smtp.map(|listen| listen.address).collect(),
            routes: self
                .routes
                .iter()
                .map(|route| route::Route { domain: route.domain.clone(), to: route.host.next_hop() })
                .collect(),
            smarthost: outbound.smarthost.as_ref().map(HostPort::next_hop),
            port: outbound.port,
            ipv6: outbound.ipv6,
            loopback_targets: outbound.loopback_targets,
        };
        let login = outbound.smarthost_user.clone().zip(outbound.smarthost_password.clone());
        let lmtp = self.routes.iter().enumerate().filter(|(_, route)| route.lmtp);
        OutboundPolicy {
            schedule: outbound.schedule(),
            rules: Arc::new(rules),
            smarthost_login: login.map(|(user, password)| Login {
                user,
                credential: Credential::Password(password),
                in_the_clear: false,
            }),
            lmtp_routes: lmtp.map(|(number, _)| number).collect(),
            collectors: self
                .routes
                .iter()
                .filter_map(|route| Some((route.domain.clone(), route.login.clone()?)))
                .collect(),
            connections: outbound.connections as usize,
            connections_per_destination: outbound.connections_per_destination as usize,
            rate_per_minute: outbound.rate_per_minute,
            route_terms: self.routes.iter().filter_map(|route| route.terms(outbound)).collect(),
            linger: true,
        }
    }

    fn read_file(path: &Path) -> Result<Config, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let place = Place { file: name.clone(), line: 0, column: 0 };
            ConfigError::one(Origin::File(place), format!("cannot read the configuration: {error}"))
        })?;
        Config::build(&Text { name: &name, text: &text }, Some(path.to_owned()))
    }

    /// The password at the smarthost is the first line of its file.
    fn read_password(&mut self) -> Result<(), ConfigError> {
        let Some(path) = &self.outbound.smarthost_password_file else { return Ok(()) };
        let octets = std::fs::read(path).map_err(|error| {
            let origin = self.values.get("outbound.smarthost_password_file").map(|located| located.origin.clone());
            let text = format!("cannot read {}: {error}", path.display());
            ConfigError::one(origin.unwrap_or(Origin::Default), text)
        })?;
        let line = octets.split(|octet| matches!(octet, b'\r' | b'\n')).next().unwrap_or_default();
        self.outbound.smarthost_password = Some(Secret(line.to_vec()));
        Ok(())
    }

    fn build(text: &Text<'_>, file: Option<PathBuf>) -> Result<Config, ConfigError> {
        let mut read = Reader::new(text);
        let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let fallback = if file.is_some() { DATA_DIR } else { DATA_DIR_TO_TRY };
        read.supply("data_dir", Value::Text(fallback.to_owned()));
        let Some(hostname) = hostname(&mut read, file.is_none()) else {
            return Err(ConfigError { problems: read.finish().1 });
        };
        let mut config = Config {
            hostname,
            data_dir: path(&mut read, "data_dir", &folder).unwrap_or_default(),
            domains: domains(&mut read),
            admin: read.parsed("admin"),
            security_contact: read.parsed("security_contact"),
            user: read.text("user"),
            greeting: greeting(&mut read),
            send_commands: read.flag("smtp.send_commands").unwrap_or_default(),
            listen: listeners(&mut read, file.is_none()),
            tls: tls_files(&mut read, &folder),
            trust: trust(&mut read),
            limits: limits(&mut read),
            dns_servers: read.list::<NameServer>("dns.servers").into_iter().map(|(server, _)| server.0).collect(),
            outbound: outbound(&mut read, &folder),
            routes: routes::read(&mut read),
            logs: logs(&mut read),
            route_values: read.routes.clone(),
            values: Values::new(),
            file,
        };
        let (values, problems) = read.finish();
        config.values = values;
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }
}

/// The name of this server. Where nobody gives one, the system's; where that is no name either, `localhost` will do for
/// trying out, and for a server it is a mistake.
fn hostname(read: &mut Reader, trying: bool) -> Option<Domain> {
    if read.text("hostname").is_some() {
        return read.parsed("hostname");
    }
    let system = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name =
        Domain::parse(system.trim()).or_else(|error| if trying { Domain::parse("localhost") } else { Err(error) });
    match name {
        Ok(name) => {
            read.supply("hostname", Value::Text(name.to_string()));
            Some(name)
        }
        Err(_) => {
            let text = format!("the system's host name \"{}\" is no domain name: set `hostname`", system.trim());
            read.complain(Origin::Default, text);
            None
        }
    }
}

/// A path; a relative one counts from the folder of the file.
fn path(read: &mut Reader, key: &str, folder: &Path) -> Option<PathBuf> {
    read.text(key).map(|text| folder.join(text))
}

fn domains(read: &mut Reader) -> Vec<FileDomain> {
    let mut domains: Vec<FileDomain> = Vec::new();
    for (domain, origin) in read.list::<Domain>("domains") {
        if domains.iter().any(|there| there.domain == domain) {
            read.complain(origin, format!("\"{domain}\" is listed twice"));
        } else {
            domains.push(FileDomain { domain, origin: origin.to_string() });
        }
    }
    domains
}

/// The greeting is one line of printable text (RFC 5321 §4.2: textstring).
fn greeting(read: &mut Reader) -> Option<String> {
    let text = read.text("greeting")?;
    if text.len() > GREETING_MAX || text.chars().any(|c| !matches!(c, ' '..='~')) {
        let origin = read.origin("greeting");
        read.complain(origin, format!("`greeting` must be printable ASCII, at most {GREETING_MAX} characters"));
        return None;
    }
    Some(text)
}

/// A reply line has 512 octets (RFC 5321 §4.5.3.1.5) and the host name may take 255 of them.
const GREETING_MAX: usize = 200;

fn listeners(read: &mut Reader, trying: bool) -> Vec<Listen> {
    if !read.has_listen {
        let ports = if trying { PORTS_TO_TRY } else { STANDARD_PORTS };
        for (kind, address) in ports {
            let address = Located { value: Value::Text(address.to_owned()), origin: Origin::Default };
            read.supply(&format!("listen.{kind}"), Value::List(vec![address]));
        }
    }
    let mut listeners: Vec<Listen> = Vec::new();
    for kind in ListenerKind::ALL {
        for (ListenAddress(address), origin) in read.list(&format!("listen.{kind}")) {
            match listeners.iter().find(|there| there.address == address && address.port() != 0) {
                Some(there) => read.complain(origin, format!("{address} is taken by `{}` already", there.kind)),
                None => listeners.push(Listen { kind, address, origin }),
            }
        }
    }
    listeners
}

fn tls_files(read: &mut Reader, folder: &Path) -> Option<TlsFiles> {
    match (path(read, "tls.certificate", folder), path(read, "tls.key", folder)) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        (certificate, _) => {
            let (there, missing) = if certificate.is_some() { ("certificate", "key") } else { ("key", "certificate") };
            let origin = read.origin(&format!("tls.{there}"));
            read.complain(origin, format!("[tls] has a `{there}` but no `{missing}`"));
            None
        }
    }
}

fn trust(read: &mut Reader) -> Trust {
    let mut networks = |key| read.list(key).into_iter().map(|(network, _)| network).collect();
    Trust {
        relay_networks: networks("trust.relay_networks"),
        plaintext_login_networks: networks("trust.plaintext_login_networks"),
        local_users: read.list("trust.local_users").into_iter().map(|(name, _)| name).collect(),
        relay_domains: read.list("trust.relay_domains").into_iter().map(|(domain, _)| domain).collect(),
        apop: read.flag("trust.apop").unwrap_or_default(),
    }
}

fn limits(read: &mut Reader) -> Limits {
    Limits {
        message_size: read.size("limits.message_size").unwrap_or_default(),
        disk_reserve: read.size("limits.disk_reserve").unwrap_or_default(),
        recipients: read.number("limits.recipients").unwrap_or_default(),
        connections: read.number("limits.connections").unwrap_or_default(),
        connections_per_address: read.number("limits.connections_per_address").unwrap_or_default(),
        connections_per_minute: read.number("limits.connections_per_minute").unwrap_or_default(),
        login_guesses_per_minute: read.number("limits.login_guesses_per_minute").unwrap_or_default(),
    }
}

fn outbound(read: &mut Reader, folder: &Path) -> Outbound {
    let smarthost_password_file = path(read, "outbound.smarthost_password_file", folder);
    let smarthost_ca = path(read, "outbound.smarthost_ca", folder);
    let smarthost_user = read.text("outbound.smarthost_user");
    if smarthost_user.is_some() && smarthost_password_file.is_none() {
        let origin = read.origin("outbound.smarthost_user");
        read.complain(origin, "[outbound] has a `smarthost_user` but no `smarthost_password_file`");
    }
    Outbound {
        port: read.number("outbound.port").unwrap_or_default(),
        retry_first: read.pause("outbound.retry_first").unwrap_or_default(),
        retry_max: read.pause("outbound.retry_max").unwrap_or_default(),
        delay_notice: read.duration("outbound.delay_notice").unwrap_or_default(),
        expire: read.duration("outbound.expire").unwrap_or_default(),
        smarthost: read.parsed("outbound.smarthost"),
        smarthost_user,
        smarthost_password: None,
        smarthost_password_file,
        smarthost_ca,
        connections: read.number("outbound.connections").unwrap_or_default(),
        connections_per_destination: read.number("outbound.connections_per_destination").unwrap_or_default(),
        rate_per_minute: read.number("outbound.rate_per_minute"),
        early_retry: read.duration("outbound.early_retry").unwrap_or_default(),
        ipv6: read.flag("outbound.ipv6").unwrap_or_default(),
        loopback_targets: read.flag("outbound.loopback_targets").unwrap_or_default(),
    }
}

fn logs(read: &mut Reader) -> Logs {
    let format = match read.text("logs.format").as_deref() {
        Some("json") => LogFormat::Json,
        Some("human") | None => LogFormat::Human,
        Some(other) => {
            read.complain(read.origin("logs.format"), format!("\"{other}\": `format` is human or json"));
            LogFormat::Human
        }
    };
    let level = read.text("logs.level").unwrap_or_default();
    if !["error", "warn", "info", "debug", "trace"].contains(&level.as_str()) {
        read.complain(read.origin("logs.level"), format!("\"{level}\": `level` is error, warn, info, debug or trace"));
    }
    Logs { format, level }
}

impl ListenerKind {
    /// Every kind, in the order in which they are shown.
    pub const ALL: [ListenerKind; 11] = [
        ListenerKind::Smtp,
        ListenerKind::Submission,
        ListenerKind::Submissions,
        ListenerKind::Lmtp,
        ListenerKind::Pop3,
        ListenerKind::Pop3s,
        ListenerKind::Imap,
        ListenerKind::Imaps,
        ListenerKind::Http,
        ListenerKind::Https,
        ListenerKind::Metrics,
    ];
}

impl fmt::Display for ListenerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ListenerKind::Smtp => "smtp",
            ListenerKind::Submission => "submission",
            ListenerKind::Submissions => "submissions",
            ListenerKind::Lmtp => "lmtp",
            ListenerKind::Pop3 => "pop3",
            ListenerKind::Pop3s => "pop3s",
            ListenerKind::Imap => "imap",
            ListenerKind::Imaps => "imaps",
            ListenerKind::Http => "http",
            ListenerKind::Https => "https",
            ListenerKind::Metrics => "metrics",
        })
    }
}

/// A name that is none of the listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a listener is smtp, submission, submissions, lmtp, pop3, pop3s, imap, imaps, http, https or metrics")]
pub struct NotAListener;

impl FromStr for ListenerKind {
    type Err = NotAListener;
    fn from_str(text: &str) -> Result<ListenerKind, NotAListener> {
        ListenerKind::ALL.into_iter().find(|kind| kind.to_string() == text).ok_or(NotAListener)
    }
}

impl ConfigError {
    fn one(origin: Origin, text: String) -> ConfigError {
        ConfigError { problems: vec![Problem { origin, text }] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests;
