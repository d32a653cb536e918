//! Passkeys, made and shown by the authenticator beside this, well and badly.

use super::authenticator::{Authenticator, Key, Manner};
use super::*;
use serde_json::json;

async fn options(bob: &Browser<'_>) -> Value {
    let begun = bob.post("/api/account/passkeys/begin", json!({ "password": "hungry-hippo" })).await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    begun.json["options"].clone()
}

async fn add(bob: &Browser<'_>, device: &Authenticator, options: &Value, manner: &Manner) -> Answer {
    let credential = device.create(options, manner);
    bob.post("/api/account/passkeys", json!({ "name": "Laptop", "credential": credential })).await
}

/// A passkey of bob's; how the authenticator knows him.
async fn enrolled(world: &World, key: Key) -> (Authenticator, Value) {
    let bob = world.bob().await;
    let device = Authenticator::new(key);
    let options = options(&bob).await;
    let made = add(&bob, &device, &options, &Manner::good()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    (device, options["user"]["id"].clone())
}

async fn challenge(world: &World, username: Option<&str>) -> Value {
    let begun = world.browser().post("/api/login/passkey/begin", json!({ "username": username })).await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    begun.json["options"].clone()
}

async fn show(world: &World, credential: &Value) -> Answer {
    world.browser().post("/api/login/passkey", json!({ "credential": credential })).await
}

fn counted(counter: u32) -> Manner {
    Manner { counter, ..Manner::good() }
}

#[tokio::test]
async fn keys_of_all_kinds_log_in_with_and_without_a_name() {
    for key in Key::all() {
        let world = world().await;
        let (device, user) = enrolled(&world, key).await;
        let anybody = challenge(&world, None).await;
        assert_eq!(anybody["allowCredentials"], json!([]));
        assert_eq!((&anybody["rpId"], &anybody["userVerification"]), (&json!(HOST), &json!("required")));
        let answer = show(&world, &device.get(&anybody, Some(&user), &counted(2))).await;
        assert_eq!((answer.status, &answer.json["status"]), (StatusCode::OK, &json!("in")), "{answer:?}");
        assert_eq!(answer.json["user"]["address"], "bob@hamburger.edu");
        let mut browser = world.browser();
        browser.keep(&answer);
        let listed = browser.get("/api/account/passkeys").await.json;
        assert_eq!(listed["passkeys"][0]["last_used"], START.0);
        let named = challenge(&world, Some("bob")).await;
        assert_eq!(named["allowCredentials"][0]["id"], device.get(&named, None, &counted(3))["id"]);
        let answer = show(&world, &device.get(&named, None, &counted(3))).await;
        assert_eq!(answer.status, StatusCode::OK, "no user handle, as an older key has none: {answer:?}");
    }
}

#[tokio::test]
async fn what_a_browser_is_told_to_make() {
    let world = world().await;
    let bob = world.bob().await;
    let first = options(&bob).await;
    assert_eq!((&first["rp"]["id"], &first["attestation"]), (&json!(HOST), &json!("none")));
    assert_eq!(first["authenticatorSelection"]["userVerification"], "required");
    let algorithms: Vec<i64> =
        first["pubKeyCredParams"].as_array().unwrap().iter().map(|it| it["alg"].as_i64().unwrap()).collect();
    assert_eq!(algorithms, [-8, -7, -257]);
    let device = Authenticator::new(Key::new());
    assert_eq!(
        add(&bob, &device, &first, &Manner { format: "packed", ..Manner::good() }).await.status,
        StatusCode::CREATED,
        "whatever the attestation"
    );
    let second = options(&bob).await;
    assert_eq!(second["excludeCredentials"].as_array().unwrap().len(), 1);
    assert_ne!(first["challenge"], second["challenge"]);
    assert_eq!(add(&bob, &device, &second, &Manner::good()).await.problem(), "conflict", "the same key twice");
    let wrong = bob.post("/api/account/passkeys/begin", json!({ "password": "no" })).await;
    assert_eq!(wrong.problem(), "credentials");
}

fn forgeries() -> Vec<(&'static str, Manner)> {
    let good = Manner::good;
    vec![
        ("another site", Manner { origin: "https://evil.example".to_owned(), ..good() }),
        ("a part of our name", Manner { origin: "https://mx.hamburger.edu.evil.example".to_owned(), ..good() }),
        ("another port", Manner { origin: "https://mx.hamburger.edu:8443".to_owned(), ..good() }),
        ("in the clear", Manner { origin: "http://mx.hamburger.edu".to_owned(), ..good() }),
        ("a frame elsewhere", Manner { cross_origin: true, ..good() }),
        ("another party", Manner { party: "evil.example".to_owned(), ..good() }),
        ("another ceremony", Manner { kind: Some("payment.get"), ..good() }),
        ("nobody was there", Manner { flags: 0x04, ..good() }),
        ("nobody was verified", Manner { flags: 0x01, ..good() }),
        ("backed up and not to be", Manner { flags: 0x15, ..good() }),
    ]
}

#[tokio::test]
async fn no_key_is_kept_that_was_made_wrongly() {
    let world = world().await;
    let bob = world.bob().await;
    for (why, manner) in forgeries() {
        let answer = add(&bob, &Authenticator::new(Key::new()), &options(&bob).await, &manner).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{why}: {answer:?}");
    }
    let mut foreign = options(&bob).await;
    foreign["challenge"] = json!("AAAA");
    assert_eq!(add(&bob, &Authenticator::new(Key::new()), &foreign, &Manner::good()).await.problem(), "credentials");
    let asked_by_alice = {
        let begun = world.alice().await.post("/api/account/passkeys/begin", json!({ "password": "wonderland" })).await;
        begun.json["options"].clone()
    };
    let answer = add(&bob, &Authenticator::new(Key::new()), &asked_by_alice, &Manner::good()).await;
    assert_eq!(answer.problem(), "credentials", "a challenge for somebody else");
    let late = options(&bob).await;
    world.pass(Duration::from_secs(300));
    assert_eq!(add(&bob, &Authenticator::new(Key::new()), &late, &Manner::good()).await.problem(), "credentials");
    assert_eq!(bob.get("/api/account/passkeys").await.json["passkeys"], json!([]));
}

#[tokio::test]
async fn nobody_is_let_in_by_what_was_shown_wrongly() {
    let world = world().await;
    let (device, user) = enrolled(&world, Key::new()).await;
    for (why, manner) in forgeries() {
        let manner = Manner { counter: 9, ..manner };
        let credential = device.get(&challenge(&world, None).await, Some(&user), &manner);
        let answer = show(&world, &credential).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{why}: {answer:?}");
        assert!(answer.headers.get("set-cookie").is_none(), "{why}");
    }
    let stranger = Authenticator { id: device.id.clone(), ..Authenticator::new(Key::new()) };
    let forged = stranger.get(&challenge(&world, None).await, Some(&user), &counted(9));
    assert_eq!(show(&world, &forged).await.status, StatusCode::UNAUTHORIZED, "another key under the same name");
    let other_user = json!("AAAAAAAAAAE");
    assert_ne!(other_user, user);
    let answer = show(&world, &device.get(&challenge(&world, None).await, Some(&other_user), &counted(9))).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "another user's");
    let mut foreign = challenge(&world, None).await;
    foreign["challenge"] = options(&world.bob().await).await["challenge"].clone();
    assert_eq!(
        show(&world, &device.get(&foreign, Some(&user), &counted(9))).await.status,
        StatusCode::UNAUTHORIZED,
        "for making keys"
    );
    let late = challenge(&world, None).await;
    world.pass(Duration::from_secs(300));
    assert_eq!(
        show(&world, &device.get(&late, Some(&user), &counted(9))).await.status,
        StatusCode::UNAUTHORIZED,
        "too late"
    );
}

#[tokio::test]
async fn an_answer_is_good_once_also_for_two_at_once() {
    let world = Arc::new(world().await);
    let (device, user) = enrolled(&world, Key::new()).await;
    let credential = device.get(&challenge(&world, None).await, Some(&user), &counted(2));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (world, credential) = (world.clone(), credential.clone());
        tasks.spawn(async move { show(&world, &credential).await.status });
    }
    let statuses = tasks.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{statuses:?}");
    // A device without a counter says 0 for ever: there only the challenge tells.
    let (device, user) = enrolled_without_counter(&world).await;
    let manner = counted(0);
    let credential = device.get(&challenge(&world, None).await, Some(&user), &manner);
    assert_eq!(show(&world, &credential).await.status, StatusCode::OK);
    assert_eq!(show(&world, &credential).await.status, StatusCode::UNAUTHORIZED);
    let next = device.get(&challenge(&world, None).await, Some(&user), &manner);
    assert_eq!(show(&world, &next).await.status, StatusCode::OK);
}

async fn enrolled_without_counter(world: &World) -> (Authenticator, Value) {
    let bob = world.bob().await;
    let device = Authenticator::new(Key::new());
    let options = options(&bob).await;
    assert_eq!(add(&bob, &device, &options, &counted(0)).await.status, StatusCode::CREATED);
    (device, options["user"]["id"].clone())
}

#[tokio::test]
async fn a_copied_key_is_noticed_by_its_counter() {
    let world = world().await;
    let (device, user) = enrolled(&world, Key::new()).await;
    let shown =
        async |counter| show(&world, &device.get(&challenge(&world, None).await, Some(&user), &counted(counter))).await;
    assert_eq!(shown(5).await.status, StatusCode::OK);
    for old in [5, 4, 0] {
        let answer = shown(old).await;
        assert_eq!(answer.problem(), "credentials", "{old}");
        assert!(answer.text.contains("copied"), "{answer:?}");
    }
    assert_eq!(shown(6).await.status, StatusCode::OK);
}

/// Names that nobody has look as those that somebody has.
#[tokio::test]
async fn nobody_learns_who_has_passkeys() {
    let world = world().await;
    let (device, _) = enrolled(&world, Key::new()).await;
    let shape = |options: &Value| {
        let allowed = options["allowCredentials"].as_array().unwrap();
        (allowed.len(), allowed[0]["id"].as_str().unwrap().len())
    };
    let bob = challenge(&world, Some("bob@hamburger.edu")).await;
    let (nobody, again) =
        (challenge(&world, Some("nobody")).await, challenge(&world, Some("NOBODY@hamburger.edu")).await);
    let alice = challenge(&world, Some("alice")).await;
    assert_eq!(bob["allowCredentials"][0]["id"], device.get(&bob, None, &Manner::good())["id"]);
    assert_eq!([shape(&nobody), shape(&alice)], [shape(&bob); 2]);
    assert_eq!(nobody["allowCredentials"], again["allowCredentials"], "the same every time");
    assert_ne!(nobody["allowCredentials"], alice["allowCredentials"]);
}

#[tokio::test]
async fn passkeys_are_for_our_own_names() {
    let world = world().await;
    let bob = world.bob().await;
    for (host, good) in [
        ("mx.hamburger.edu", true),
        ("mail.hamburger.edu", true),
        ("hamburger.edu:8443", true),
        ("evil.example", false),
        ("192.0.2.1", false),
        ("xhamburger.edu", false),
        ("localhost", false),
    ] {
        let mut request = bob.request(Method::POST, "/api/login/passkey/begin", Some(&json!({})));
        request.headers_mut().insert("host", host.parse().unwrap());
        request.headers_mut().insert("origin", format!("https://{host}").parse().unwrap());
        let answer = world.send(bob.from, request).await;
        assert_eq!(answer.status == StatusCode::OK, good, "{host}: {answer:?}");
    }
    let here = Connection { client: "127.0.0.1:9".parse().unwrap(), secure: false };
    let mut request = world.browser().request(Method::POST, "/api/login/passkey/begin", Some(&json!({})));
    request.headers_mut().insert("host", "localhost:8080".parse().unwrap());
    request.headers_mut().insert("origin", "http://localhost:8080".parse().unwrap());
    let answer = world.send(here, request).await;
    assert_eq!(answer.json["options"]["rpId"], "localhost", "for who tries it: {answer:?}");
}

#[tokio::test]
async fn so_long_and_no_longer() {
    let world = world().await;
    let bob = world.bob().await;
    for (octets, status) in
        [(1023, StatusCode::CREATED), (1024, StatusCode::UNAUTHORIZED), (0, StatusCode::UNAUTHORIZED)]
    {
        let device = Authenticator { id: vec![7; octets], ..Authenticator::new(Key::new()) };
        assert_eq!(add(&bob, &device, &options(&bob).await, &Manner::good()).await.status, status, "{octets}");
    }
    for _ in 1..office::login::PASSKEYS_MAX {
        let made = add(&bob, &Authenticator::new(Key::new()), &options(&bob).await, &Manner::good()).await;
        assert_eq!(made.status, StatusCode::CREATED);
    }
    let begun = bob.post("/api/account/passkeys/begin", json!({ "password": "hungry-hippo" })).await;
    assert_eq!(begun.problem(), "conflict", "as many as there may be");
}

#[tokio::test]
async fn passkeys_are_renamed_and_removed() {
    let world = world().await;
    let (device, user) = enrolled(&world, Key::new()).await;
    let bob = world.bob().await;
    let id = bob.get("/api/account/passkeys").await.json["passkeys"][0]["id"].as_i64().unwrap();
    assert_eq!(
        bob.put(&format!("/api/account/passkeys/{id}"), json!({ "name": "Desk" })).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(bob.get("/api/account/passkeys").await.json["passkeys"][0]["name"], "Desk");
    let answer = show(&world, &device.get(&challenge(&world, None).await, Some(&user), &counted(2))).await;
    assert_eq!(answer.status, StatusCode::OK, "it is still found");
    assert_eq!(bob.delete(&format!("/api/account/passkeys/{id}")).await.status, StatusCode::NO_CONTENT);
    let answer = show(&world, &device.get(&challenge(&world, None).await, Some(&user), &counted(3))).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
