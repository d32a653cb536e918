//! The post office: the only place with policy. It answers what protocol sessions ask, from the store, and decides
//! who may send what to whom. Knows no sockets and no wall clock: time, randomness and the client's facts are passed
//! in. One [`Office`] serves one house; each connection gets a desk of its own from it.

mod access;
pub mod admin;
mod administer;
mod counters;
pub mod identity;
mod inbound;
pub mod legs;
pub mod login;
pub mod outbound;
pub mod policy;
pub mod receipt;
pub mod screens;
pub mod search;
pub mod snooze;
pub mod srs;
pub mod submission;
pub mod vacation;

pub use access::{HostDesk, ImapDesk, Pop3Desk, jmap};
pub use counters::{Counters, DELAY_BOUNDS, Delays};
pub use inbound::{LocalDesk, LocalEnvelope, LocalRefusal, LocalUser, SmtpDesk, kind_of};
pub use outbound::Outbound;
pub use policy::{FileDomain, Network, OutboundPolicy, Policy};
pub use search::{IndexKeeper, Stepped};

use admin::{Failure, Request, Response};
use login::{Login, LoginRules, Service, Visitor};
use message::Time;
use parking_lot::RwLock;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::op::Op;
use store::{Store, StoreError};
use wire::sasl::{Answer, Mechanism};
use wire::{imap, pop3, smtp};

/// What the office needs from outside besides time.
#[derive(Clone)]
pub struct Seams {
    /// Fills a buffer with unpredictable octets.
    pub random: Random,
    /// Tells what room is left.
    pub room: Room,
    /// What addresses of ours are signed with; the same as long as the house stands.
    pub secret: Secret,
}

/// A secret of the house.
pub type Secret = [u8; srs::SECRET_OCTETS];

/// Octets free on the disk of the store; `None` where nobody knows. Asked before each message, so it must be quick.
pub type Room = Arc<dyn Fn() -> Option<u64> + Send + Sync>;

/// A source of unpredictable octets; tests pass a seeded one.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where the client is.
    pub client: SocketAddr,
    /// Where it reached us.
    pub local: SocketAddr,
    /// The client's name by reverse DNS, confirmed forward, once it is known.
    pub name: Arc<std::sync::OnceLock<String>>,
    /// The connection, where it is one that others may have to end.
    pub line: Option<Arc<dyn login::Line>>,
}

/// Mechanisms offered, the best first. Which of them a client sees is for its session to say: PLUS needs TLS 1.3,
/// and none is offered in the clear outside `plaintext_login_networks`.
const MECHANISMS: [Mechanism; 4] =
    [Mechanism::ScramSha256Plus, Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login];

/// The office. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Office {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    policy: RwLock<Arc<Policy>>,
    login: Arc<Login>,
    random: Random,
    room: Room,
    /// Mail was refused for want of room the last time; said once, not for every message.
    short: AtomicBool,
    srs: srs::Srs,
    counters: Counters,
    views: access::Views,
    accounts: access::AccountViews,
    shared: access::SharedViews,
    ahead: access::RoomAhead,
    screens: screens::Screens,
    /// The sending half, where there is one.
    sending: RwLock<std::sync::Weak<outbound::Inner>>,
}

impl Office {
    /// Opens the office over a store and adds the file's domains to it. Fails when the store does.
    pub async fn open(store: Store, policy: Policy, seams: Seams, now: Time) -> Result<Office, StoreError> {
        let inner = Inner {
            store,
            policy: RwLock::new(Arc::new(policy)),
            login: Arc::new(Login::new(seams.random.clone())),
            random: seams.random,
            room: seams.room,
            short: AtomicBool::new(false),
            srs: srs::Srs::new(&seams.secret),
            counters: Counters::default(),
            views: access::Views::default(),
            accounts: access::AccountViews::default(),
            shared: access::SharedViews::default(),
            ahead: access::RoomAhead::default(),
            screens: screens::Screens::default(),
            sending: RwLock::default(),
        };
        let office = Office { inner: Arc::new(inner) };
        office.add_domains_of_the_file(now).await?;
        Ok(office)
    }

    /// Goes by other rules from now on; open connections keep those they began with.
    pub async fn reload(&self, policy: Policy, now: Time) -> Result<(), StoreError> {
        *self.inner.policy.write() = Arc::new(policy);
        self.add_domains_of_the_file(now).await
    }

    async fn add_domains_of_the_file(&self, now: Time) -> Result<(), StoreError> {
        for entry in &self.policy().domains {
            self.inner.store.apply(Op::DomainAdd { domain: entry.domain.clone(), now }).await?;
        }
        Ok(())
    }

    /// Carries out what an administrator asks.
    pub async fn administer(&self, now: Time, request: Request) -> Result<Response, Failure> {
        if let Request::Way { name } = &request {
            return self.way(now, name).await.map(Response::Way);
        }
        let policy = self.policy();
        let sending = self.sending();
        let clerk = administer::Clerk { store: &self.inner.store, policy: &policy, login: &self.inner.login, sending };
        administer::administer(&clerk, now, request).await
    }

    /// A desk for one SMTP or LMTP connection, and how its session is to behave.
    #[must_use]
    pub fn smtp(&self, role: smtp::Role, peer: Peer, tls_available: bool) -> (smtp::Profile, SmtpDesk) {
        let policy = self.policy();
        let client = peer.client.ip();
        let default_greeting = if role == smtp::Role::Lmtp { "LMTP ready" } else { "ESMTP ready" };
        let profile = smtp::Profile {
            role,
            hostname: policy.hostname.to_string(),
            greeting: policy.greeting.clone().unwrap_or_else(|| default_greeting.to_owned()),
            client_address: client,
            trusted: policy.is_trusted(client),
            plaintext_login: policy.may_login_in_the_clear(client),
            tls_available,
            mechanisms: if role == smtp::Role::Lmtp { Vec::new() } else { MECHANISMS.to_vec() },
            dsn: true,
            classic: classic(&policy, role),
            limits: smtp::Limits {
                message_size: policy.message_size,
                recipients: usize::try_from(policy.recipients).unwrap_or(usize::MAX),
                ..smtp::Limits::default()
            },
        };
        let desk = SmtpDesk::new(self.clone(), role, peer, policy);
        (profile, desk)
    }

    /// A desk for one POP3 connection, and how its session is to behave.
    #[must_use]
    pub fn pop3(&self, peer: Peer, tls_available: bool, now: Time) -> (pop3::Profile, Pop3Desk) {
        let policy = self.policy();
        let client = peer.client.ip();
        let line = peer.line;
        let timestamp = policy.apop.then(|| self.timestamp(&policy, now));
        let profile = pop3::Profile {
            hostname: policy.hostname.to_string(),
            greeting: "POP3 ready".to_owned(),
            tls_available,
            plaintext_login: policy.may_login_in_the_clear(client),
            mechanisms: MECHANISMS.to_vec(),
            apop_timestamp: timestamp.clone(),
            implementation: None,
            limits: pop3::Limits::default(),
        };
        (profile, Pop3Desk::new(self.clone(), client, policy, timestamp).on(line))
    }

    /// A desk for one IMAP connection, and how its session is to behave.
    #[must_use]
    pub fn imap(&self, peer: &Peer, tls_available: bool) -> (imap::Profile, ImapDesk) {
        let policy = self.policy();
        let client = peer.client.ip();
        let profile = imap::Profile {
            hostname: policy.hostname.to_string(),
            greeting: String::new(),
            tls_available,
            plaintext_login: policy.may_login_in_the_clear(client),
            mechanisms: MECHANISMS.to_vec(),
            compression: true,
            jmap: None,
            implementation: None,
            limits: imap::Limits { message_size: policy.message_size, ..imap::Limits::default() },
        };
        (profile, ImapDesk::new(self.clone(), client, policy).on(peer.line.clone()))
    }

    /// Writes down what is known of open mailboxes and not in the store yet: before the house closes.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.inner.views.settle().await
    }

    /// The text that makes an APOP digest good for one connection only (RFC 1939 §7).
    fn timestamp(&self, policy: &Policy, now: Time) -> String {
        format!("<{:016x}.{}@{}>", u64::from_be_bytes(self.random()), now.0, policy.hostname)
    }

    /// A number nobody can guess.
    #[must_use]
    pub fn draw(&self) -> u64 {
        u64::from_be_bytes(self.random())
    }

    /// A new Message-ID without its brackets, in the name of its author's domain (RFC 5322 §3.6.4).
    #[must_use]
    pub fn new_message_id(&self, author: &message::Address) -> String {
        let policy = self.policy();
        let id = message::build::new_message_id(&self.random(), author.domain().unwrap_or(&policy.hostname));
        id.trim_matches(['<', '>']).to_owned()
    }

    /// Whether content of so many octets leaves the reserve of the disk alone.
    #[must_use]
    pub fn has_room(&self, octets: u64) -> bool {
        self.has_room_for(octets, &self.policy())
    }

    /// Octets a message may have.
    #[must_use]
    pub fn message_size(&self) -> u64 {
        self.policy().message_size
    }

    /// The store it works on.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// What it counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    fn policy(&self) -> Arc<Policy> {
        self.inner.policy.read().clone()
    }

    fn views(&self) -> &access::Views {
        &self.inner.views
    }

    fn accounts(&self) -> &access::AccountViews {
        &self.inner.accounts
    }

    fn shared_views(&self) -> &access::SharedViews {
        &self.inner.shared
    }

    fn room_ahead(&self) -> &access::RoomAhead {
        &self.inner.ahead
    }

    fn visitor(&self, client: IpAddr, service: Service) -> Visitor {
        Visitor::new(self.inner.login.clone(), self.inner.store.clone(), client, service)
    }

    fn screens(&self) -> &screens::Screens {
        &self.inner.screens
    }

    fn srs(&self) -> &srs::Srs {
        &self.inner.srs
    }

    /// Whether a message of so many octets leaves the reserve of the disk alone.
    fn has_room_for(&self, octets: u64, policy: &Policy) -> bool {
        let wanted = policy.disk_reserve.saturating_add(octets);
        policy.disk_reserve == 0 || (self.inner.room)().is_none_or(|free| free >= wanted)
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut octets = [0; N];
        (self.inner.random)(&mut octets);
        octets
    }

    fn count_login(&self, answer: &Answer) {
        match answer {
            Answer::Accepted { .. } => counters::count(&self.inner.counters.logins_ok, 1),
            Answer::Refused(_) => counters::count(&self.inner.counters.logins_failed, 1),
            Answer::Scram { .. } => {}
        }
    }
}

/// A neighbour on the LMTP port hands over mail, and nothing else.
fn classic(policy: &Policy, role: smtp::Role) -> smtp::Classic {
    match role {
        smtp::Role::Lmtp => smtp::Classic::default(),
        _ => smtp::Classic { sends: policy.send_commands, turns: !policy.outbound.collectors.is_empty() },
    }
}

impl Policy {
    fn login_rules(&self) -> LoginRules {
        LoginRules { first_domain: self.first_domain().cloned(), guesses_per_minute: self.login_guesses_per_minute }
    }
}
