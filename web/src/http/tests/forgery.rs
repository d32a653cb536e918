//! What other sites, and other users, try.

use super::*;
use serde_json::json;

/// Requests that a session authenticates, one of each kind.
const CHANGES: [(&str, &str); 6] = [
    ("POST", "/api/logout"),
    ("DELETE", "/api/sessions"),
    ("PUT", "/api/account/password"),
    ("POST", "/api/account/app-passwords"),
    ("POST", "/api/admin/domains"),
    ("POST", "/jmap/api"),
];

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_change_needs_the_token_of_its_own_session() {
    let world = world().await;
    let (alice, other) = (world.alice().await, world.alice().await);
    for (name, path) in CHANGES {
        for csrf in [None, Some("AAAA".to_owned()), other.csrf.clone(), Some(String::new())] {
            let forged = Browser { csrf, ..alice.clone() };
            let answer = forged.ask(method(name), path, Some(json!({}))).await;
            assert_eq!((answer.status, answer.problem()), (StatusCode::FORBIDDEN, "csrf"), "{name} {path}");
        }
    }
    assert_eq!(alice.get("/api/sessions").await.json["sessions"].as_array().unwrap().len(), 2, "nothing was done");
}

#[tokio::test]
async fn a_cookie_counts_for_our_own_page_only() {
    let world = world().await;
    let alice = world.alice().await;
    for (field, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://mx.hamburger.edu"),
        ("origin", "https://mx.hamburger.edu:8443"),
        ("origin", "https://mx.hamburger.edu.evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for (name, path) in
            CHANGES.into_iter().chain([("GET", "/api/account"), ("GET", "/jmap/session"), ("GET", "/api/session")])
        {
            let mut request = alice.request(method(name), path, Some(&json!({})));
            request.headers_mut().insert(field, value.parse().unwrap());
            let answer = world.send(alice.from, request).await;
            assert_eq!((answer.status, answer.problem()), (StatusCode::FORBIDDEN, "csrf"), "{field}: {value}, {path}");
        }
    }
}

#[tokio::test]
async fn nobody_is_logged_in_from_another_site() {
    let world = world().await;
    let browser = world.browser();
    for path in ["/api/login", "/api/login/passkey/begin", "/api/login/passkey"] {
        let form = json!({ "username": "alice", "password": "wonderland", "credential": {} });
        let mut request = browser.request(Method::POST, path, Some(&form));
        request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
        assert_eq!(world.send(browser.from, request).await.problem(), "csrf", "{path}");
        let mut request = browser.request(Method::POST, path, Some(&form));
        request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
        assert_eq!(world.send(browser.from, request).await.problem(), "not-json", "a form of another page, {path}");
    }
}

#[tokio::test]
async fn an_upgrade_says_where_it_comes_from() {
    let world = world().await;
    let alice = world.alice().await;
    let mut request = alice.request(Method::GET, "/api/account", None);
    request.headers_mut().insert("upgrade", "websocket".parse().unwrap());
    assert_eq!(world.send(alice.from, request).await.problem(), "csrf");
    let mut request = alice.request(Method::GET, "/api/account", None);
    request.headers_mut().insert("upgrade", "websocket".parse().unwrap());
    request.headers_mut().insert("origin", "https://mx.hamburger.edu".parse().unwrap());
    assert_eq!(world.send(alice.from, request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_of_tls_is_none_in_the_clear() {
    let world = world().await;
    let alice = world.alice().await;
    let plain = Connection { client: "127.0.0.1:9".parse().unwrap(), secure: false };
    let in_the_clear = Browser { from: plain, ..alice.clone() };
    assert_eq!(in_the_clear.get("/api/account").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn programs_are_told_how_to_log_in_and_pages_are_not() {
    let world = world().await;
    let plain = Request::builder().uri("/jmap/session").header("host", HOST).body(Body::empty()).unwrap();
    let answer = world.send(world.browser().from, plain).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.field("www-authenticate").starts_with("Basic realm="), "{answer:?}");
    let answer = world.browser().get("/jmap/session").await;
    assert!(answer.headers.get("www-authenticate").is_none(), "the browser would ask with a window of its own");
}

/// Each thing of bob's, by its number, asked for by alice: it is not there for her.
#[tokio::test]
async fn what_is_somebody_elses_is_not_there() {
    let world = world().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    // Alice has a few things herself, so that numbers are not refused for being too large.
    let form = |password: &str| json!({ "name": "Phone", "scope": "all", "password": password });
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(bob.post("/api/account/app-passwords", form("hungry-hippo")).await.json["id"].clone());
    }
    alice.post("/api/account/app-passwords", form("wonderland")).await;
    let app = ids.last().unwrap();
    let session = bob.get("/api/sessions").await.json["sessions"][0]["id"].clone();
    for path in [format!("/api/account/app-passwords/{app}"), format!("/api/account/passkeys/{app}")] {
        assert_eq!(alice.delete(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        alice.put(&format!("/api/account/passkeys/{app}"), json!({ "name": "x" })).await.status,
        StatusCode::NOT_FOUND
    );
    let hers = alice.get("/api/sessions").await.json["sessions"][0]["id"].clone();
    if hers != session {
        assert_eq!(alice.delete(&format!("/api/sessions/{session}")).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(bob.get("/api/account").await.json["app_passwords"], 4);
    assert_eq!(bob.get("/api/account").await.json["sessions"], 1);
    for path in
        ["/api/account/app-passwords/x", "/api/sessions/-1", "/api/sessions/99999999999999999999", "/api/sessions/%00"]
    {
        assert_eq!(alice.delete(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn bodies_are_json_not_large_and_not_deep() {
    let world = world().await;
    let browser = world.browser();
    let send = async |body: String| {
        let mut request = browser.request(Method::POST, "/api/login", Some(&json!({})));
        *request.body_mut() = Body::from(body);
        world.send(browser.from, request).await
    };
    assert_eq!(send("{".to_owned()).await.problem(), "invalid");
    assert_eq!(send("[".repeat(10_000)).await.problem(), "invalid");
    assert_eq!(
        send(format!("{{\"username\": \"bob\", \"password\": {}1{}}}", "[".repeat(17), "]".repeat(17))).await.problem(),
        "invalid"
    );
    let long = |octets: usize| format!("\"{}\"", "x".repeat(octets - 2));
    assert_eq!(send(long(64 * 1024)).await.problem(), "invalid", "as much as may come");
    assert_eq!(send(long(64 * 1024 + 1)).await.problem(), "too-large");
    assert_eq!(send(json!({ "username": "bob", "password": "x", "extra": 1 }).to_string()).await.problem(), "invalid");
    let answer = browser.post("/api/login", json!({ "username": "b".repeat(256), "password": "x" })).await;
    assert_eq!(answer.problem(), "credentials");
}
