//! The API over a real office and store, as a browser, a program and a thief speak to it.
#![allow(clippy::unwrap_used)]

mod admin;
mod authenticator;
mod discovery;
mod entry;
mod factor;
mod flood;
mod forgery;
mod passkeys;
mod scope;
mod shape;

use crate::{Connection, House, LiveConnection, Web};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use message::{Address, Domain, Time};
use office::admin::Request as Asked;
use office::{FileDomain, Office, OutboundPolicy, Policy};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Settings, Store};
use tower::ServiceExt;

pub(super) const START: Time = Time(1_800_000_000_000);
pub(super) const HOST: &str = "mx.hamburger.edu";

/// A post office with alice, who looks after it, and bob.
pub(super) struct World {
    _folder: tempfile::TempDir,
    pub office: Office,
    pub web: Web,
    router: Router,
    clock: Arc<AtomicU64>,
}

fn domain(name: &str) -> Domain {
    Domain::parse(name).unwrap()
}

pub(super) fn address(name: &str) -> Address {
    Address::parse(name).unwrap()
}

fn policy() -> Policy {
    Policy {
        hostname: domain(HOST),
        greeting: None,
        domains: vec![FileDomain { domain: domain("hamburger.edu"), origin: "pillarbox.toml:3".to_owned() }],
        admin: Some(address("postmaster@hamburger.edu")),
        relay_networks: Vec::new(),
        plaintext_login_networks: Vec::new(),
        local_users: Vec::new(),
        relay_domains: Vec::new(),
        message_size: 1 << 20,
        disk_reserve: 0,
        recipients: 100,
        login_guesses_per_minute: 20,
        apop: false,
        send_commands: false,
        outbound: OutboundPolicy::direct(&domain(HOST)),
    }
}

/// Octets that never repeat, without a system's randomness.
fn seeded() -> office::Random {
    let state = AtomicU64::new(1);
    Arc::new(move |buffer: &mut [u8]| {
        for chunk in buffer.chunks_mut(8) {
            let mut x = state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.iter_mut().zip((x ^ (x >> 31)).to_be_bytes()).for_each(|(to, from)| *to = from);
        }
    })
}

struct Server;

impl House for Server {
    fn listeners(&self) -> Vec<(String, SocketAddr)> {
        let bound = [("smtp", 25), ("imap", 1143), ("imaps", 1993), ("submission", 1587), ("https", 1443)];
        bound.iter().map(|(name, port)| ((*name).to_owned(), SocketAddr::from(([127, 0, 0, 1], *port)))).collect()
    }

    fn security_contact(&self) -> Option<String> {
        Some("mailto:security@hamburger.edu".to_owned())
    }

    fn connections(&self) -> Vec<LiveConnection> {
        let client = "192.0.2.9:4711".parse().unwrap();
        let (user, tls) = (Some("bob@hamburger.edu".to_owned()), Some("TLS1.3 TLS_AES_128_GCM_SHA256".to_owned()));
        vec![LiveConnection { id: 7, listener: "imaps".to_owned(), client, since: START, user, tls }]
    }
}

pub(super) async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data"), Settings::default()).unwrap();
    let seams = office::Seams { random: seeded(), room: Arc::new(|| None), secret: [7; 32] };
    let office = Office::open(store, policy(), seams, START).await.unwrap();
    for (name, password) in [("alice", "wonderland"), ("bob", "hungry-hippo")] {
        let address = address(&format!("{name}@hamburger.edu"));
        let password = Some(password.to_owned());
        office.administer(START, Asked::AccountAdd { address, password, quota: None }).await.unwrap();
    }
    let target = office::admin::AliasTo::Members(vec![address("alice@hamburger.edu")]);
    let alias = Asked::AliasAdd { address: address("postmaster@hamburger.edu"), target };
    office.administer(START, alias).await.unwrap();
    let clock = Arc::new(AtomicU64::new(START.0));
    let hand = clock.clone();
    let web = Web::new(office.clone(), Arc::new(move || Time(hand.load(Ordering::Relaxed))));
    web.introduce(Arc::new(Server));
    World { _folder: folder, office, router: web.router(), web, clock }
}

impl World {
    pub fn pass(&self, time: Duration) {
        self.clock.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub fn now(&self) -> Time {
        Time(self.clock.load(Ordering::Relaxed))
    }

    /// A browser that shows our page.
    pub fn browser(&self) -> Browser<'_> {
        let from = Connection { client: "192.0.2.1:40000".parse().unwrap(), secure: true };
        Browser { world: self, from, cookie: None, csrf: None, authorization: None }
    }

    /// A browser where somebody has logged in.
    pub async fn logged_in(&self, name: &str, password: &str) -> Browser<'_> {
        let mut browser = self.browser();
        let answer = browser.log_in(name, password, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        browser
    }

    pub async fn bob(&self) -> Browser<'_> {
        self.logged_in("bob", "hungry-hippo").await
    }

    pub async fn alice(&self) -> Browser<'_> {
        self.logged_in("alice", "wonderland").await
    }

    pub async fn send(&self, from: Connection, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(from);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let octets = to_bytes(body, 1 << 20).await.unwrap();
        let json = serde_json::from_slice(&octets).unwrap_or(Value::Null);
        let text = String::from_utf8_lossy(&octets).into_owned();
        Answer { status: parts.status, headers: parts.headers, json, text }
    }
}

/// Keeps cookie and token as a browser does.
#[derive(Clone)]
pub(super) struct Browser<'a> {
    world: &'a World,
    pub from: Connection,
    pub cookie: Option<String>,
    pub csrf: Option<String>,
    pub authorization: Option<String>,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
    pub text: String,
}

impl Answer {
    pub fn problem(&self) -> &str {
        self.json["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default()
    }

    pub fn field(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Browser<'_> {
    /// A request as our own page sends it.
    pub fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Request<Body> {
        let mut request = Request::builder().method(method.clone()).uri(path).header(header::HOST, HOST);
        request = request.header("sec-fetch-site", "same-origin").header("sec-fetch-mode", "cors");
        request = request.header(header::USER_AGENT, "Mozilla/5.0 (test)");
        if method != Method::GET {
            request = request.header(header::ORIGIN, format!("https://{HOST}"));
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("theme=dark; {cookie}"));
        }
        if let Some(csrf) = &self.csrf {
            request = request.header("x-pillarbox-csrf", csrf);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        match body {
            Some(body) => {
                let request = request.header(header::CONTENT_TYPE, "application/json");
                request.body(Body::from(body.to_string())).unwrap()
            }
            None => request.body(Body::empty()).unwrap(),
        }
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.world.send(self.from, self.request(method, path, body.as_ref())).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    pub async fn log_in(&mut self, name: &str, password: &str, code: Option<&str>) -> Answer {
        let form = serde_json::json!({ "username": name, "password": password, "code": code });
        let answer = self.post("/api/login", form).await;
        self.keep(&answer);
        answer
    }

    /// Keeps what an answer sets.
    pub fn keep(&mut self, answer: &Answer) {
        if let Some(cookie) = answer.headers.get(header::SET_COOKIE) {
            self.cookie = cookie.to_str().unwrap().split(';').next().map(str::to_owned);
        }
        if let Some(csrf) = answer.json["csrf"].as_str() {
            self.csrf = Some(csrf.to_owned());
        }
    }
}
