//! A house with alice and bob in it, and a clock that stands still until it is moved.

use crate::caller::{Caller, Way};
use crate::{Connection, Web};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use message::{Address, Domain, Time};
use office::admin::Request as Admin;
use office::login::{Mark, Scope};
use office::{FileDomain, Office, OutboundPolicy, Policy, Seams};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::query::AccountByAddress;
use store::{Settings, Store};

pub const NOW: u64 = 1_800_000_000_000;

const PASSWORD: &str = "pommes frites";

pub struct House {
    pub folder: tempfile::TempDir,
    pub web: Web,
    clock: Arc<AtomicU64>,
    pub alice: Caller,
    pub bob: Caller,
}

pub fn policy() -> Policy {
    let domain = |name: &str| Domain::parse(name).unwrap();
    Policy {
        hostname: domain("mx.hamburger.edu"),
        greeting: None,
        domains: vec![FileDomain { domain: domain("hamburger.edu"), origin: "here".to_owned() }],
        admin: None,
        relay_networks: Vec::new(),
        plaintext_login_networks: Vec::new(),
        local_users: Vec::new(),
        relay_domains: Vec::new(),
        message_size: 1 << 20,
        disk_reserve: 0,
        recipients: 3,
        login_guesses_per_minute: 20,
        apop: false,
        send_commands: false,
        outbound: OutboundPolicy::direct(&domain("mx.hamburger.edu")),
    }
}

async fn office(folder: &std::path::Path, clock: &AtomicU64) -> Office {
    let store = Store::open(folder, Settings::default()).unwrap();
    let drawn = AtomicU64::new(clock.load(Ordering::Relaxed));
    let random = move |buffer: &mut [u8]| {
        for octet in buffer {
            let next = drawn.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            *octet = (next >> 56) as u8;
        }
    };
    let seams = Seams { random: Arc::new(random), room: Arc::new(|| None), secret: [7; 32] };
    Office::open(store, policy(), seams, Time(clock.load(Ordering::Relaxed))).await.unwrap()
}

fn web(office: Office, clock: &Arc<AtomicU64>) -> Web {
    let clock = clock.clone();
    Web::new(office, Arc::new(move || Time(clock.load(Ordering::Relaxed))))
}

async fn caller(office: &Office, name: &str) -> Caller {
    let address = Address::parse(name).unwrap();
    let account = office.store().read(AccountByAddress { address: address.clone() }).await.unwrap().unwrap();
    Caller { account: account.id, address, scope: Scope::All, way: Way::Password(Mark::of(&account)) }
}

pub async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(AtomicU64::new(NOW));
    let office = office(folder.path(), &clock).await;
    for name in ["alice@hamburger.edu", "bob@hamburger.edu"] {
        let request = Admin::AccountAdd { address: Address::parse(name).unwrap(), password: None, quota: None };
        office.administer(Time(NOW), request).await.unwrap();
    }
    let (alice, bob) = (caller(&office, "alice@hamburger.edu").await, caller(&office, "bob@hamburger.edu").await);
    House { folder, web: web(office, &clock), clock, alice, bob }
}

impl House {
    /// The same house after its server went and came again.
    pub async fn reopened(self) -> House {
        let House { folder, web: old, clock, alice, bob } = self;
        let store = old.office().store().clone();
        drop(old);
        tokio::task::spawn_blocking(move || store.close()).await.unwrap();
        let office = office(folder.path(), &clock).await;
        House { web: web(office, &clock), folder, clock, alice, bob }
    }

    /// Another house at the same time, over these files.
    pub async fn opened_in(&self, folder: tempfile::TempDir) -> House {
        let clock = Arc::new(AtomicU64::new(self.now().0));
        let office = office(folder.path(), &clock).await;
        House { web: web(office, &clock), folder, clock, alice: self.alice.clone(), bob: self.bob.clone() }
    }

    pub fn now(&self) -> Time {
        Time(self.clock.load(Ordering::Relaxed))
    }

    pub fn pass_s(&self, seconds: u64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// What is due is done; when the next is.
    pub async fn dispatch(&self) -> Option<Time> {
        self.web.office().dispatch(self.now()).await.unwrap()
    }

    /// A request; all its responses.
    pub async fn ask(&self, caller: &Caller, calls: Value) -> Vec<Value> {
        let using = ["core", "mail", "submission", "vacationresponse", "mdn"]
            .map(|name| format!("urn:ietf:params:jmap:{name}"));
        let body = json!({"using": using, "methodCalls": calls}).to_string();
        let response = crate::jmap::respond(&self.web, caller, body.as_bytes()).await.unwrap();
        response["methodResponses"].as_array().unwrap().clone()
    }

    /// One call; its arguments get the account.
    pub async fn call(&self, caller: &Caller, name: &str, mut arguments: Value) -> Value {
        arguments["accountId"] = json!(account(caller));
        let mut said = self.ask(caller, json!([[name, arguments, "0"]])).await;
        said.remove(0)[1].take()
    }

    pub async fn mailbox(&self, caller: &Caller, role: &str) -> String {
        let said = self.call(caller, "Mailbox/get", json!({"ids": null})).await;
        let list = said["list"].as_array().unwrap();
        list.iter().find(|mailbox| mailbox["role"] == role).unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// A new e-mail in the drafts; its id.
    pub async fn draft(&self, caller: &Caller, more: Value) -> String {
        let drafts = self.mailbox(caller, "drafts").await;
        let mut email = json!({
            "mailboxIds": {drafts: true},
            "keywords": {"$draft": true},
            "from": [{"name": "A", "email": caller.address.to_string()}],
            "subject": "Ketchup?",
            "textBody": [{"partId": "t"}],
            "bodyValues": {"t": {"value": "Do you like it?"}},
        });
        email.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let said = self.call(caller, "Email/set", json!({"create": {"d": email}})).await;
        said["created"]["d"]["id"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
    }

    pub async fn get(&self, caller: &Caller, id: &str, properties: Value) -> Value {
        let arguments = json!({"ids": [id], "properties": properties, "fetchAllBodyValues": true,
            "bodyProperties": ["partId", "blobId", "type", "name", "disposition", "cid", "charset", "size", "subParts"]});
        self.call(caller, "Email/get", arguments).await["list"][0].clone()
    }

    /// Ids of the e-mails in a mailbox.
    pub async fn inbox(&self, caller: &Caller) -> Vec<String> {
        let inbox = self.mailbox(caller, "inbox").await;
        let said = self.call(caller, "Email/query", json!({"filter": {"inMailbox": inbox}})).await;
        said["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    pub async fn identity(&self, caller: &Caller) -> String {
        let said = self.call(caller, "Identity/get", json!({"ids": null})).await;
        said["list"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Gives everybody a password: hashing takes a while, so only where it is needed.
    pub async fn set_passwords(&self) {
        for caller in [&self.alice, &self.bob] {
            let request = Admin::AccountSetPassword { address: caller.address.clone(), password: PASSWORD.to_owned() };
            self.web.office().administer(self.now(), request).await.unwrap();
        }
    }

    /// Over HTTP, with the password.
    pub async fn http(&self, caller: &Caller, mut request: Request<Body>) -> (u16, axum::http::HeaderMap, Vec<u8>) {
        use base64::Engine;
        use tower::ServiceExt;
        request.extensions_mut().insert(Connection { client: "127.0.0.1:1".parse().unwrap(), secure: true });
        let login = base64::engine::general_purpose::STANDARD.encode(format!("{}:{PASSWORD}", caller.address));
        request.headers_mut().insert("authorization", format!("Basic {login}").parse().unwrap());
        let response = self.web.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status.as_u16(), parts.headers, to_bytes(body, 1 << 27).await.unwrap().to_vec())
    }

    /// The octets of a blob.
    pub async fn blob(&self, caller: &Caller, blob: &str) -> Option<Vec<u8>> {
        let id = crate::jmap::blob::BlobId::read(caller.account, blob)?;
        let found = crate::blobs::Blob::find(self.web.office(), caller.account, &id).await.unwrap()?;
        Some(found.read_all().await.unwrap())
    }

    /// Content sent ahead; its blob id.
    pub async fn upload(&self, caller: &Caller, octets: &[u8], kind: &str) -> String {
        let mut upload = self.web.office().store().upload();
        upload.write(octets).await.unwrap();
        let content = upload.finish().await.unwrap();
        let op = store::Op::UploadAdd { account: caller.account, content, kind: kind.to_owned(), now: self.now() };
        let store::Outcome::Upload(number) = self.web.office().store().apply(op).await.unwrap() else { panic!() };
        crate::jmap::blob::BlobId::upload(number).write(caller.account)
    }
}

pub fn account(caller: &Caller) -> String {
    crate::jmap::ids::of_account(caller.account)
}
