//! Logging in and out, sessions, the password, app passwords.

use super::*;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use office::login::SESSIONS_MAX;
use serde_json::json;

#[tokio::test]
async fn a_password_makes_a_session_and_logging_out_ends_it() {
    let world = world().await;
    let mut browser = world.browser();
    assert_eq!(browser.get("/api/session").await.json, json!({ "user": null, "csrf": null, "hostname": HOST }));
    let answer = browser.log_in("bob", "hungry-hippo", None).await;
    assert_eq!(answer.json["status"], "in");
    assert_eq!(answer.json["user"]["address"], "bob@hamburger.edu");
    let cookie = answer.field("set-cookie");
    assert!(cookie.starts_with("__Host-pillarbox=") && cookie.ends_with("; Secure"), "{cookie}");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict") && cookie.contains("Path=/;"), "{cookie}");
    let state = browser.get("/api/session").await;
    assert_eq!(state.json["user"], answer.json["user"]);
    assert_eq!(state.json["csrf"].as_str(), browser.csrf.as_deref());
    assert_eq!(browser.get("/api/account").await.json["address"], "bob@hamburger.edu");
    let out = browser.ask(Method::POST, "/api/logout", None).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.field("set-cookie").contains("Max-Age=0"));
    assert_eq!(browser.get("/api/account").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get("/api/session").await.json["user"], Value::Null);
}

#[tokio::test]
async fn wrong_names_and_wrong_passwords_hear_the_same() {
    let world = world().await;
    let mut answers = Vec::new();
    for (name, password) in [("bob", "wrong"), ("nobody", "hungry-hippo"), ("bob@crepes.fr", "x"), ("", "")] {
        let answer = world.browser().log_in(name, password, None).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "credentials"));
        assert!(answer.headers.get("set-cookie").is_none() && answer.headers.get("www-authenticate").is_none());
        answers.push(answer.text);
    }
    assert!(answers.iter().all(|text| *text == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn guesses_are_limited_also_many_at_once() {
    let world = Arc::new(world().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let world = world.clone();
        tasks.spawn(async move { world.browser().log_in("bob", "guess", None).await.status });
    }
    let mut heard = 0;
    while let Some(status) = tasks.join_next().await {
        match status.unwrap() {
            StatusCode::UNAUTHORIZED => heard += 1,
            other => assert_eq!(other, StatusCode::TOO_MANY_REQUESTS),
        }
    }
    assert_eq!(heard, 20);
    let answer = world.browser().log_in("bob", "hungry-hippo", None).await;
    assert_eq!((answer.problem(), answer.field("retry-after")), ("too-many", "60"));
    world.pass(Duration::from_secs(60));
    assert_eq!(world.browser().log_in("bob", "hungry-hippo", None).await.status, StatusCode::OK);
}

/// Somebody who can plant a cookie of theirs gains nothing: a login never takes over the session that was there.
#[tokio::test]
async fn a_login_makes_a_new_session_and_ends_the_old() {
    let world = world().await;
    let thief = world.alice().await;
    let mut victim = world.browser();
    victim.cookie.clone_from(&thief.cookie);
    let answer = victim.log_in("bob", "hungry-hippo", None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_ne!(victim.cookie, thief.cookie);
    assert_eq!(thief.get("/api/account").await.status, StatusCode::UNAUTHORIZED, "the planted one has ended");
    let first = victim.cookie.clone();
    victim.log_in("bob", "hungry-hippo", None).await;
    assert_ne!(victim.cookie, first);
    let planted = Browser {
        cookie: Some("__Host-pillarbox=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        ..world.browser()
    };
    assert_eq!(planted.get("/api/session").await.json["user"], Value::Null);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let world = world().await;
    let (first, second, third) = (world.bob().await, world.bob().await, world.bob().await);
    let list = first.get("/api/sessions").await.json;
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|session| session["current"] == true).count(), 1);
    assert!(
        sessions.iter().all(|session| session["client"] == "Mozilla/5.0 (test)" && session["address"] == "192.0.2.1")
    );
    let text = list.to_string();
    assert!(!text.contains(first.cookie.as_deref().unwrap().split('=').nth(1).unwrap()), "no secret is told");
    let id =
        |of: &Value| of["sessions"].as_array().unwrap().iter().find(|it| it["current"] == true).unwrap()["id"].clone();
    let other = id(&second.get("/api/sessions").await.json);
    assert_eq!(first.delete(&format!("/api/sessions/{other}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(second.get("/api/account").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(first.delete(&format!("/api/sessions/{other}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(first.delete("/api/sessions").await.status, StatusCode::NO_CONTENT);
    assert_eq!(third.get("/api/account").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(first.get("/api/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_after_its_longest() {
    let world = world().await;
    let bob = world.bob().await;
    let day = Duration::from_secs(24 * 60 * 60);
    for _ in 0..6 {
        world.pass(13 * day);
        assert_eq!(bob.get("/api/account").await.status, StatusCode::OK, "it is used");
    }
    world.pass(12 * day);
    assert_eq!(bob.get("/api/account").await.status, StatusCode::UNAUTHORIZED, "ninety days are over");
    let bob = world.bob().await;
    world.pass(14 * day);
    assert_eq!(bob.get("/api/account").await.status, StatusCode::UNAUTHORIZED, "nobody used it");
}

#[tokio::test]
async fn so_many_sessions_and_the_one_used_longest_ago_ends() {
    let world = world().await;
    let first = world.bob().await;
    for _ in 1..SESSIONS_MAX {
        world.pass(Duration::from_secs(1));
        world.bob().await;
    }
    assert_eq!(first.get("/api/account").await.json["sessions"], SESSIONS_MAX);
    world.pass(Duration::from_secs(1));
    let last = world.bob().await;
    assert_eq!(first.get("/api/account").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(last.get("/api/account").await.json["sessions"], SESSIONS_MAX);
}

#[tokio::test]
async fn a_new_password_ends_other_sessions_and_renews_this_one() {
    let world = world().await;
    let (mut here, elsewhere) = (world.bob().await, world.bob().await);
    let wrong = here.put("/api/account/password", json!({ "current": "no", "new": "thirsty-tapir" })).await;
    assert_eq!(wrong.problem(), "credentials");
    let before = here.cookie.clone();
    let changed = here.put("/api/account/password", json!({ "current": "hungry-hippo", "new": "thirsty-tapir" })).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let old = here.clone();
    here.keep(&changed);
    assert_ne!(here.cookie, before);
    assert_eq!(here.get("/api/account").await.json["sessions"], 1);
    for ended in [elsewhere, old] {
        assert_eq!(ended.get("/api/account").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(world.browser().log_in("bob", "hungry-hippo", None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.browser().log_in("bob", "thirsty-tapir", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_stole_a_session_cannot_try_passwords_without_end() {
    let world = world().await;
    let thief = world.bob().await;
    for _ in 0..20 {
        let answer = thief.put("/api/account/password", json!({ "current": "guess", "new": "x" })).await;
        assert_eq!(answer.problem(), "credentials");
    }
    let answer = thief.put("/api/account/password", json!({ "current": "hungry-hippo", "new": "x" })).await;
    assert_eq!(answer.problem(), "too-many", "even from where bob logs in");
}

fn program<'a>(world: &'a World, authorization: String) -> Browser<'a> {
    Browser { authorization: Some(authorization), ..world.browser() }
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")))
}

#[tokio::test]
async fn a_program_shows_a_password_with_every_request() {
    let world = world().await;
    let bob = world.bob().await;
    let form = json!({ "name": "Phone", "scope": "mail", "password": "hungry-hippo" });
    let made = bob.post("/api/account/app-passwords", form).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let secret = made.json["secret"].as_str().unwrap();
    let state = program(&world, basic("bob", "hungry-hippo")).get("/jmap/session").await;
    assert_eq!(state.json["username"], "bob@hamburger.edu", "{state:?}");
    // URLs lead to us, whatever host a client names.
    for (host, base) in [
        ("mx.hamburger.edu", "https://mx.hamburger.edu"),
        ("MX.Hamburger.edu:8443", "https://mx.hamburger.edu:8443"),
        ("mail.hamburger.edu", "https://mail.hamburger.edu"),
        ("127.0.0.1:4430", "https://127.0.0.1:4430"),
        ("[::1]", "https://[::1]"),
        ("localhost:8080", "https://localhost:8080"),
        ("evil.test", "https://mx.hamburger.edu:1443"),
        ("mx.hamburger.edu.evil.test", "https://mx.hamburger.edu:1443"),
        ("evil.test@mx.hamburger.edu", "https://mx.hamburger.edu:1443"),
        ("127.0.0.1.evil.test", "https://mx.hamburger.edu:1443"),
        ("", "https://mx.hamburger.edu:1443"),
    ] {
        let phone = program(&world, basic("bob", "hungry-hippo"));
        let mut request = phone.request(Method::GET, "/jmap/session", None);
        request.headers_mut().insert(header::HOST, host.parse().unwrap());
        let told = world.send(phone.from, request).await.json;
        assert_eq!(told["apiUrl"], format!("{base}/jmap/api"), "{host}");
    }
    for authorization in
        [basic("bob", secret), basic("BOB@hamburger.edu", &secret.replace('-', "")), format!("Bearer {secret}")]
    {
        let phone = program(&world, authorization);
        assert_eq!(phone.get("/jmap/session").await.json["username"], "bob@hamburger.edu");
        assert_eq!(phone.get("/api/account").await.problem(), "not-allowed", "its owner's business");
        assert_eq!(phone.get("/api/admin/status").await.problem(), "not-allowed");
    }
    for wrong in [
        basic("alice", secret),
        "Bearer nonsense".to_owned(),
        "Basic ?".to_owned(),
        "Digest x".to_owned(),
        basic("bob", "x"),
    ] {
        assert_eq!(
            program(&world, wrong.clone()).get("/jmap/session").await.status,
            StatusCode::UNAUTHORIZED,
            "{wrong}"
        );
    }
    let listed = bob.get("/api/account/app-passwords").await;
    assert!(!listed.text.contains(secret), "shown once");
    assert_eq!(listed.json["app_passwords"][0]["name"], "Phone");
    assert_eq!(listed.json["app_passwords"][0]["last_used"], START.0);
    let id = made.json["id"].as_i64().unwrap();
    assert_eq!(bob.delete(&format!("/api/account/app-passwords/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(program(&world, format!("Bearer {secret}")).get("/jmap/session").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_app_password_ends_when_it_is_said_to() {
    let world = world().await;
    let bob = world.bob().await;
    let form = |expires: u64| json!({ "name": "Trip", "scope": "all", "expires": expires, "password": "hungry-hippo" });
    for wrong in [START.0, START.0 - 1, u64::MAX] {
        assert_eq!(bob.post("/api/account/app-passwords", form(wrong)).await.problem(), "invalid", "{wrong}");
    }
    let made = bob.post("/api/account/app-passwords", form(START.0 + 1000)).await;
    let phone = program(&world, format!("Bearer {}", made.json["secret"].as_str().unwrap()));
    assert_eq!(phone.get("/jmap/session").await.status, StatusCode::OK);
    world.pass(Duration::from_secs(1));
    assert_eq!(phone.get("/jmap/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(bob.get("/api/account/app-passwords").await.json["app_passwords"], json!([]));
}

#[tokio::test]
async fn an_app_password_is_made_by_who_knows_the_password() {
    let world = world().await;
    let bob = world.bob().await;
    let form = |name: &str, scope: &str, password: &str| json!({ "name": name, "scope": scope, "password": password });
    let add = async |form: Value| bob.post("/api/account/app-passwords", form).await;
    assert_eq!(add(form("Phone", "all", "wrong")).await.problem(), "credentials");
    for wrong in [
        form("", "all", "hungry-hippo"),
        form(&"n".repeat(101), "all", "hungry-hippo"),
        form("Phone", "root", "hungry-hippo"),
    ] {
        assert_eq!(add(wrong).await.problem(), "invalid");
    }
    assert_eq!(bob.get("/api/account").await.json["app_passwords"], 0);
}
