//! The second factor: codes are computed here as an app would, from the URI.

use super::*;
use aws_lc_rs::hmac;
use serde_json::json;

/// The code of an authenticator app (RFC 6238), by another way than the one under test: from the base32 text.
fn code(secret: &str, now: Time) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = secret.chars().map(|c| format!("{:05b}", alphabet.find(c).unwrap())).collect();
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|eight| u8::from_str_radix(std::str::from_utf8(eight).unwrap(), 2).unwrap())
        .collect();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &(now.0 / 30_000).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Switches it on for bob; the secret and the recovery codes.
async fn enrol(world: &World, bob: &Browser<'_>) -> (String, Vec<String>) {
    let begun = bob.post("/api/account/second-factor", json!({ "password": "hungry-hippo" })).await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    let secret = begun.json["secret"].as_str().unwrap().to_owned();
    let uri = begun.json["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/mx.hamburger.edu:bob%40hamburger.edu?secret="), "{uri}");
    assert!(uri.contains(&secret) && begun.json["qr"].as_str().unwrap().contains("<svg"));
    let on = bob.put("/api/account/second-factor", json!({ "code": code(&secret, world.now()) })).await;
    assert_eq!(on.status, StatusCode::OK, "{on:?}");
    let codes = on.json["recovery_codes"].as_array().unwrap();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn a_code_is_asked_for_once_it_is_on() {
    let world = world().await;
    let bob = world.bob().await;
    let begun = bob.post("/api/account/second-factor", json!({ "password": "hungry-hippo" })).await;
    assert_eq!(world.browser().log_in("bob", "hungry-hippo", None).await.json["status"], "in", "not confirmed yet");
    let wrong = bob.put("/api/account/second-factor", json!({ "code": "000000" })).await;
    assert_eq!(wrong.problem(), "credentials");
    drop(begun);
    let (secret, codes) = enrol(&world, &bob).await;
    assert_eq!(codes.len(), 10);
    let asked = world.browser().log_in("bob", "hungry-hippo", None).await;
    assert_eq!((asked.status, &asked.json), (StatusCode::OK, &json!({ "status": "code" })));
    assert!(asked.headers.get("set-cookie").is_none(), "nobody is in yet");
    let wrong = world.browser().log_in("bob", "wrong", Some(&code(&secret, world.now()))).await;
    assert_eq!(wrong.problem(), "credentials");
    world.pass(Duration::from_secs(30));
    let mut again = world.browser();
    let answer = again.log_in("bob", "hungry-hippo", Some(&code(&secret, world.now()))).await;
    assert_eq!(answer.json["status"], "in");
    assert_eq!(answer.json["user"]["second_factor"], true);
}

#[tokio::test]
async fn a_code_is_good_once_also_for_two_at_once() {
    let world = Arc::new(world().await);
    let secret = enrol(&world, &world.bob().await).await.0;
    let used = code(&secret, world.now());
    let replay = world.browser().log_in("bob", "hungry-hippo", Some(&used)).await;
    assert_eq!(replay.problem(), "credentials", "it switched the factor on");
    world.pass(Duration::from_secs(30));
    let next = code(&secret, world.now());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (world, next) = (world.clone(), next.clone());
        tasks.spawn(async move { world.browser().log_in("bob", "hungry-hippo", Some(&next)).await.status });
    }
    let statuses = tasks.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{statuses:?}");
}

#[tokio::test]
async fn codes_cannot_be_guessed_from_where_the_owner_is_known_either() {
    let world = world().await;
    let secret = enrol(&world, &world.bob().await).await.0;
    for _ in 0..5 {
        assert_eq!(world.browser().log_in("bob", "hungry-hippo", Some("000000")).await.problem(), "credentials");
    }
    world.pass(Duration::from_secs(29));
    let waits = world.browser().log_in("bob", "hungry-hippo", Some(&code(&secret, world.now()))).await;
    assert_eq!((waits.problem(), waits.field("retry-after")), ("too-many", "1"));
    world.pass(Duration::from_secs(1));
    assert_eq!(world.browser().log_in("bob", "hungry-hippo", Some("000000")).await.problem(), "credentials");
    let waits = world.browser().log_in("bob", "hungry-hippo", Some("000000")).await;
    assert_eq!(waits.field("retry-after"), "60", "twice as long");
    world.pass(Duration::from_secs(60));
    let answer = world.browser().log_in("bob", "hungry-hippo", Some(&code(&secret, world.now()))).await;
    assert_eq!(answer.json["status"], "in");
}

#[tokio::test]
async fn recovery_codes_are_good_once_each() {
    let world = world().await;
    let bob = world.bob().await;
    let (_, codes) = enrol(&world, &bob).await;
    assert_eq!(world.browser().log_in("bob", "hungry-hippo", Some(&codes[3])).await.json["status"], "in");
    assert_eq!(bob.get("/api/account").await.json["recovery_codes"], 9);
    assert_eq!(world.browser().log_in("bob", "hungry-hippo", Some(&codes[3])).await.problem(), "credentials");
    let renewed = bob.post("/api/account/second-factor/recovery-codes", json!({ "password": "hungry-hippo" })).await;
    assert_eq!(renewed.json["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(world.browser().log_in("bob", "hungry-hippo", Some(&codes[4])).await.problem(), "credentials", "void");
}

#[tokio::test]
async fn with_it_on_the_password_alone_opens_nothing_else() {
    let world = world().await;
    let bob = world.bob().await;
    let form = json!({ "name": "Phone", "scope": "all", "password": "hungry-hippo" });
    let secret = bob.post("/api/account/app-passwords", form).await.json["secret"].as_str().unwrap().to_owned();
    enrol(&world, &bob).await;
    let entrance = world.office.entrance();
    let client = "192.0.2.1".parse().unwrap();
    let shown = async |password: &str| entrance.shown(world.now(), client, "bob".to_owned(), password.to_owned()).await;
    assert_eq!(shown("hungry-hippo").await, Err(office::login::EntryError::Credentials));
    assert!(shown(&secret).await.is_ok());
    let off = bob.post("/api/account/second-factor/off", json!({ "password": "nope" })).await;
    assert_eq!(off.problem(), "credentials");
    let off = bob.post("/api/account/second-factor/off", json!({ "password": "hungry-hippo" })).await;
    assert_eq!(off.status, StatusCode::NO_CONTENT);
    assert!(shown("hungry-hippo").await.is_ok());
    let again = bob.post("/api/account/second-factor/off", json!({ "password": "hungry-hippo" })).await;
    assert_eq!(again.problem(), "not-found");
}
