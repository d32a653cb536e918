//! A house with one user, for JMAP without sockets: the store on disk, the office, the web side.
#![allow(clippy::unwrap_used, dead_code)]

use message::{Address, Domain, Summary, Time};
use office::admin::Request;
use office::login::{Mark, Scope};
use office::{FileDomain, Office, OutboundPolicy, Policy, Seams};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::op::{Op, Outcome};
use store::query::{AccountByAddress, Mailboxes};
use store::types::{AccountId, EmailAdded, EmailId, EmailSource, EmailsAdd, Flags, Mailbox, MailboxId, Role};
use store::{Settings, Store};
use web::{Caller, Way, Web};

pub const NOW: Time = Time(1_800_000_000_000);

pub struct World {
    _folder: tempfile::TempDir,
    pub web: Web,
    pub caller: Caller,
    now: Arc<AtomicU64>,
}

pub fn address(name: &str) -> Address {
    Address::parse(name).unwrap()
}

fn policy() -> Policy {
    let domain = |name: &str| Domain::parse(name).unwrap();
    Policy {
        hostname: domain("mx.hamburger.edu"),
        greeting: None,
        domains: vec![FileDomain { domain: domain("hamburger.edu"), origin: "here".to_owned() }],
        admin: Some(address("bob@hamburger.edu")),
        relay_networks: Vec::new(),
        plaintext_login_networks: Vec::new(),
        local_users: Vec::new(),
        relay_domains: Vec::new(),
        message_size: 50 << 20,
        disk_reserve: 0,
        recipients: 100,
        login_guesses_per_minute: 20,
        apop: false,
        send_commands: false,
        outbound: OutboundPolicy::direct(&domain("mx.hamburger.edu")),
    }
}

impl World {
    pub async fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Settings::default()).unwrap();
        let random = |buffer: &mut [u8]| buffer.fill(7);
        let seams = Seams { random: Arc::new(random), room: Arc::new(|| None), secret: [7; 32] };
        let office = Office::open(store, policy(), seams, NOW).await.unwrap();
        let now = Arc::new(AtomicU64::new(NOW.0));
        let clock = now.clone();
        let web = Web::new(office, Arc::new(move || Time(clock.load(Ordering::Relaxed))));
        let bob = address("bob@hamburger.edu");
        let account = add(&web, &bob).await;
        let mark = Mark::of(&web.office().entrance().account(account).await.unwrap());
        let caller = Caller { account, address: bob, scope: Scope::All, way: Way::Password(mark) };
        World { _folder: folder, web, caller, now }
    }

    pub fn account(&self) -> AccountId {
        self.caller.account
    }

    pub fn store(&self) -> &Store {
        self.web.office().store()
    }

    pub fn now(&self) -> Time {
        Time(self.now.load(Ordering::Relaxed))
    }

    /// Lets so many milliseconds pass.
    pub fn later(&self, milliseconds: u64) {
        self.now.fetch_add(milliseconds, Ordering::Relaxed);
    }

    pub fn set_now(&self, now: Time) {
        self.now.store(now.0, Ordering::Relaxed);
    }

    pub async fn add(&self, name: &str) -> AccountId {
        add(&self.web, &address(name)).await
    }

    /// What a request comes to, as it would be read from the wire.
    pub async fn ask(&self, request: &Value) -> Value {
        match web::jmap::respond(&self.web, &self.caller, request.to_string().as_bytes()).await {
            Ok(response) => response,
            Err(problem) => problem.json(),
        }
    }

    /// The answer to one call.
    pub async fn call(&self, name: &str, arguments: Value) -> Value {
        let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
        let request = serde_json::json!({"using": using, "methodCalls": [[name, arguments, "c"]]});
        self.ask(&request).await["methodResponses"][0].clone()
    }

    pub async fn mailboxes(&self) -> Vec<Mailbox> {
        self.store().read(Mailboxes { account: self.account() }).await.unwrap()
    }

    pub async fn mailbox(&self, role: Role) -> MailboxId {
        self.mailboxes().await.into_iter().find(|mailbox| mailbox.role == Some(role)).unwrap().id
    }

    pub async fn apply(&self, op: Op) -> Outcome {
        self.store().apply(op).await.unwrap()
    }

    /// Puts a message into mailboxes; its e-mail and conversation.
    pub async fn put(
        &self,
        content: &[u8],
        mailboxes: &[MailboxId],
        flags: Flags,
        received: Time,
    ) -> (EmailId, EmailId) {
        let mut upload = self.store().upload();
        upload.write(content).await.unwrap();
        let stored = upload.finish().await.unwrap();
        let summary = Summary::of(&message::parse(content));
        let added = EmailAdded {
            source: EmailSource::Content(stored),
            summary: summary.encode(),
            utf8_header: false,
            message_id: summary.message_id.clone(),
            references: summary.references.clone(),
            flags,
            received,
            mailboxes: mailboxes.to_vec(),
        };
        let (account, now) = (self.account(), self.now());
        let op = Op::EmailsAdd(Box::new(EmailsAdd { account, emails: vec![added], unchanged_since: None, now }));
        match self.apply(op).await {
            Outcome::EmailsAdded { emails, .. } => emails[0],
            other => panic!("{other:?}"),
        }
    }
}

async fn add(web: &Web, address: &Address) -> AccountId {
    let request = Request::AccountAdd { address: address.clone(), password: None, quota: None };
    web.office().administer(NOW, request).await.unwrap();
    let found = web.office().store().read(AccountByAddress { address: address.clone() }).await.unwrap();
    found.unwrap().id
}

/// Flags from words: keywords as JMAP writes them, and `\Deleted`.
pub fn flags(words: &str) -> Flags {
    let mut flags = Flags::default();
    for word in words.split_whitespace() {
        match word {
            "$seen" => flags.seen = true,
            "$answered" => flags.answered = true,
            "$flagged" => flags.flagged = true,
            "$draft" => flags.draft = true,
            "\\Deleted" => flags.deleted = true,
            other => flags.keywords.push(other.to_owned()),
        }
    }
    flags
}
