//! A provider that is played, and all that can go wrong with one.

use super::device::wait_on;
use super::*;
use crate::account::{Account, Incoming, Keep, Provider, SecretSource, Settings};
use crate::credentials::Credentials;
use crate::dialing::Internet;
use crate::secret::{Keyring, Secrets};
use crate::stage::{Asked, Stage, answer, ok};
use net::clock::Clock;
use parking_lot::Mutex;
use std::sync::Arc;
use wire::sasl::client::Credential;

const NOW: Time = Time(1_800_000_000_000);
const GOOD: &str = r#"{"access_token":"acc","token_type":"Bearer","expires_in":3600,"refresh_token":"ref"}"#;

fn provider() -> Provider {
    Provider {
        name: "p".to_owned(),
        issuer: None,
        authorize: Some("https://p.fr/authorize".to_owned()),
        token: Some("https://p.fr/token".to_owned()),
        device: Some("https://p.fr/device".to_owned()),
        client_id: "us".to_owned(),
        client_secret: None,
        scope: Some("mail offline".to_owned()),
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn json(text: &str) -> String {
    ok("application/json", text)
}

/// A provider that answers so, and what it was asked.
async fn playing(
    stage: &mut Stage,
    answers: impl Fn(&Asked) -> String + Send + Sync + 'static,
) -> Arc<Mutex<Vec<String>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = heard.clone();
    let answers = move |asked: Asked| {
        told.lock().push(format!("{} {}", asked.line(), asked.body));
        answers(&asked)
    };
    stage.https("p.fr", answers).await;
    heard
}

async fn endpoints(stage: &Stage) -> (Client, Endpoints) {
    let client = Client::new(&stage.internet(), None);
    let endpoints = find(&client, &provider()).await.unwrap();
    (client, endpoints)
}

fn field(text: &str, name: &str) -> String {
    let query = text.split(['?', '&', ' ']).find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    query.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_browser_brings_the_code_and_tokens_follow() {
    let mut stage = Stage::new();
    let heard = playing(&mut stage, |_| json(GOOD)).await;
    let (client, endpoints) = endpoints(&stage).await;
    let login = browser::Login::begin(endpoints, "alice@p.fr").await.unwrap();
    let url = login.url().to_owned();
    assert!(
        url.starts_with(
            "https://p.fr/authorize?response_type=code&client_id=us&redirect_uri=http%3A%2F%2F127.0.0.1%3A"
        )
    );
    assert!(url.contains("&login_hint=alice%40p.fr&scope=mail%20offline"), "{url}");
    let back = field(&url, "redirect_uri").replace("%3A", ":").replace("%2F", "/");
    let (state, challenge) = (field(&url, "state"), field(&url, "code_challenge"));
    let browsing = tokio::spawn(async move {
        let browser = Client::new(&Internet::system(Clock::system()), None);
        let visit = async |query: &str| browser.get(&format!("{back}{query}")).await.unwrap().status.as_u16();
        // What others try leads nowhere.
        assert_eq!(visit("favicon.ico").await, 404);
        assert_eq!(visit("?code=evil&state=guess").await, 404);
        assert_eq!(visit(&format!("?state={state}")).await, 404);
        assert_eq!(visit(&format!("other?code=evil&state={state}")).await, 404);
        assert_eq!(visit(&format!("?code=c%2Fd&state={state}")).await, 200);
    });
    let tokens = login.finish(&client, || NOW).await.unwrap();
    browsing.await.unwrap();
    let expires = Some(NOW.after(Duration::from_secs(3600)));
    assert_eq!(tokens, Tokens { access: secret("acc"), refresh: Some(secret("ref")), expires });
    let asked = heard.lock().last().cloned().unwrap();
    assert!(asked.starts_with("POST /token grant_type=authorization_code&code=c%2Fd&redirect_uri=http%3A%2F%2F127"));
    // RFC 7636 §4.6: the verifier belongs to the challenge.
    let verifier = field(&asked, "code_verifier");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    use base64::Engine;
    assert_eq!(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash), challenge);
}

#[tokio::test]
async fn a_person_who_says_no_is_heard() {
    let mut stage = Stage::new();
    let heard = playing(&mut stage, |_| json(GOOD)).await;
    let (client, endpoints) = endpoints(&stage).await;
    let issued = Endpoints { issuer: Some("https://p.fr".to_owned()), ..endpoints };
    for (query, told) in [
        ("error=access_denied&error_description=No%0A+way", "p.fr refuses: access_denied (No way)"),
        ("code=c&iss=https%3A%2F%2Fevil.fr", "p.fr does not keep to OAuth: another provider answered"),
    ] {
        let login = browser::Login::begin(issued.clone(), "a").await.unwrap();
        let back = field(login.url(), "redirect_uri").replace("%3A", ":").replace("%2F", "/");
        let url = format!("{back}?{query}&state={}", field(login.url(), "state"));
        let browser = Client::new(&Internet::system(Clock::system()), None);
        let (tokens, page) = tokio::join!(login.finish(&client, || NOW), browser.get(&url));
        assert_eq!(tokens.unwrap_err().to_string(), told);
        assert!(!String::from_utf8(page.unwrap().octets(1000).await.unwrap()).unwrap().contains("way"));
    }
    assert!(heard.lock().is_empty(), "no code went anywhere");
}

#[tokio::test]
async fn a_code_is_typed_elsewhere() {
    let mut stage = Stage::new();
    let asked = Arc::new(Mutex::new(0));
    let heard = playing(&mut stage, move |it| {
        if it.line() == "POST /device" {
            return json(r#"{"device_code":"dev","user_code":"AB-CD","verification_uri":"https://p.fr/d","expires_in":900,"interval":0}"#);
        }
        *asked.lock() += 1;
        match *asked.lock() {
            1 => answer("400 Bad Request", "", r#"{"error":"authorization_pending"}"#),
            2 => answer("400 Bad Request", "", r#"{"error":"slow_down"}"#),
            3 => json(GOOD),
            _ => answer("400 Bad Request", "", r#"{"error":"expired_token"}"#),
        }
    })
    .await;
    let (client, endpoints) = endpoints(&stage).await;
    let mut login = device::Login::begin(&client, endpoints).await.unwrap();
    assert_eq!((login.code.as_str(), login.url.as_str()), ("AB-CD", "https://p.fr/d"));
    assert_eq!(login.ask(&client, NOW).await.unwrap(), None);
    assert_eq!(login.ask(&client, NOW).await.unwrap(), None);
    assert_eq!(login.ask(&client, NOW).await.unwrap().unwrap().access, secret("acc"));
    assert!(matches!(login.ask(&client, NOW).await, Err(OAuthError::Refused { code, .. }) if code == "expired_token"));
    assert_eq!(heard.lock()[0], "POST /device client_id=us&scope=mail%20offline");
    assert!(heard.lock()[1].contains("device_code=dev&client_id=us"));
}

#[tokio::test]
async fn a_code_that_is_over_or_odd_is_left() {
    let mut stage = Stage::new();
    let said = Arc::new(Mutex::new(String::new()));
    let saying = said.clone();
    playing(&mut stage, move |_| json(&saying.lock())).await;
    let (client, endpoints) = endpoints(&stage).await;
    for (answer, told) in [
        (r#"{"error":"invalid_client"}"#, "p.fr refuses: invalid_client"),
        (r#"{"device_code":"d","user_code":"a\u001bb","verification_uri":"https://p.fr/"}"#, "there is no code"),
        (r#"{"device_code":"d","user_code":"ab","verification_uri":"http://p.fr/"}"#, "no https:// address"),
        ("[]", "no JSON of tokens"),
    ] {
        *said.lock() = answer.to_owned();
        let error = device::Login::begin(&client, endpoints.clone()).await.err().unwrap().to_string();
        assert!(error.contains(told), "{answer}: {error}");
    }
    *said.lock() =
        r#"{"device_code":"d","user_code":"ab","verification_url":"https://p.fr/","expires_in":0}"#.to_owned();
    let login = device::Login::begin(&client, endpoints).await.unwrap();
    assert!(matches!(login.finish(&client, &Clock::manual(NOW)).await, Err(OAuthError::Late)));
}

#[test]
fn the_wait_grows_when_the_provider_asks_for_it() {
    let said = |code: &str| refused("p.fr".to_owned(), code, None);
    let seconds = |interval: u64, error| wait_on(Duration::from_secs(interval), error).map(|wait| wait.as_secs());
    assert_eq!(seconds(5, said("authorization_pending")).unwrap(), 5);
    assert_eq!(seconds(5, said("slow_down")).unwrap(), 10);
    assert_eq!(seconds(58, said("slow_down")).unwrap(), 60);
    assert_eq!(seconds(5, OAuthError::Http(HttpError::TimedOut("p.fr".to_owned()))).unwrap(), 10);
    assert!(seconds(5, said("access_denied")).is_err());
}

#[test]
fn answers_that_are_none_are_refused() {
    let read = |text: &str| tokens("p.fr".to_owned(), serde_json::from_str(text).unwrap(), NOW);
    assert!(read(GOOD).is_ok());
    assert_eq!(read(r#"{"access_token":"a","token_type":"bearer"}"#).unwrap().expires, None);
    for wrong in [r#"{"token_type":"bearer"}"#, r#"{"access_token":"a"}"#, r#"{"access_token":"a","token_type":"mac"}"#]
    {
        assert!(matches!(read(wrong), Err(OAuthError::Malformed(..))), "{wrong}");
    }
    let endless = read(r#"{"access_token":"a","token_type":"bearer","expires_in":18446744073709551615}"#).unwrap();
    assert_eq!(endless.expires, Some(NOW.after(LIFE_MAX)));
    assert!(read(r#"{"error":"invalid_grant"}"#).unwrap_err().is_over());
}

#[tokio::test]
async fn metadata_fills_what_the_settings_lack() {
    let mut stage = Stage::new();
    let issuer = "https://p.fr/tenant";
    playing(&mut stage, move |asked| match asked.line() {
        "GET /tenant/.well-known/openid-configuration" => json(
            r#"{"issuer":"https://p.fr/tenant","authorization_endpoint":"https://p.fr/a","token_endpoint":"https://p.fr/t"}"#,
        ),
        "GET /.well-known/oauth-authorization-server/evil" => json(r#"{"issuer":"https://p.fr"}"#),
        _ => answer("404 Not Found", "", ""),
    })
    .await;
    let client = Client::new(&stage.internet(), None);
    let bare = Provider { authorize: None, token: None, device: None, issuer: Some(issuer.to_owned()), ..provider() };
    let found = find(&client, &bare).await.unwrap();
    assert_eq!((found.authorize.as_deref(), found.token.as_deref()), (Some("https://p.fr/a"), Some("https://p.fr/t")));
    let of = |issuer: &str| Provider { issuer: Some(issuer.to_owned()), ..bare.clone() };
    for (issuer, told) in [
        ("https://p.fr/evil", "its metadata is another's"),
        ("https://p.fr/none", "it tells nothing of itself"),
        ("http://p.fr", "no https:// address"),
    ] {
        let error = find(&client, &of(issuer)).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    let nowhere = Endpoints { authorize: None, ..found };
    let error = browser::Login::begin(nowhere, "a").await.err().unwrap().to_string();
    assert_eq!(error, "[[provider]] p lacks authorize");
}

/// An account with tokens, and its credentials on a stage at a time.
async fn with_tokens(stage: &Stage, tokens: &Tokens) -> (Account, Credentials, Secrets) {
    let source = SecretSource::OAuth { provider: "p".to_owned(), keep: Keep::File };
    let account = Account {
        name: "a".to_owned(),
        address: "a@p.fr".parse().unwrap(),
        display_name: None,
        aliases: Vec::new(),
        incoming: Incoming::Local(crate::account::settings::Local::default()),
        outgoing: None,
        secret: Some(source.clone()),
        signature: None,
        sealing: crate::account::SealHabits::default(),
        folders: crate::account::FolderNames::default(),
        default: true,
    };
    let settings = Settings { accounts: vec![account.clone()], providers: vec![provider()] };
    let secrets = Secrets::new(&stage.folders(), Keyring::None);
    secrets.keep("a", &source, &tokens.to_secret().unwrap()).await.unwrap();
    let internet = Internet::made_up(Clock::manual(NOW), stage.made_up.clone());
    (account, Credentials::new(settings, secrets.clone(), internet), secrets)
}

fn token(credential: Option<Credential>) -> Vec<u8> {
    match credential {
        Some(Credential::Token(token)) => token.0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tokens_are_made_anew_before_they_end_and_kept() {
    let mut stage = Stage::new();
    let heard =
        playing(&mut stage, |_| json(r#"{"access_token":"new","token_type":"Bearer","expires_in":3600}"#)).await;
    let at = |expires| Tokens { access: secret("old"), refresh: Some(secret("ref")), expires };
    // RFC 6749 §6; the refresh token stays where no other comes.
    let (account, credentials, secrets) = with_tokens(&stage, &at(Some(NOW.after(EARLY)))).await;
    assert_eq!(token(credentials.of(&account).await.unwrap()), b"new");
    assert_eq!(heard.lock().pop().unwrap(), "POST /token grant_type=refresh_token&refresh_token=ref&client_id=us");
    let kept = secrets.fetch("a", account.secret.as_ref().unwrap()).await.unwrap();
    assert_eq!(Tokens::of_secret(&kept).unwrap().refresh, Some(secret("ref")));
    assert_eq!(token(credentials.of(&account).await.unwrap()), b"new");
    assert!(heard.lock().is_empty(), "that one is good");
    assert_eq!(token(credentials.anew(&account).await.unwrap()), b"new");
    assert_eq!(heard.lock().len(), 1);
    let (account, credentials, _) = with_tokens(&stage, &at(Some(NOW.after(EARLY + Duration::from_millis(1))))).await;
    assert_eq!(token(credentials.of(&account).await.unwrap()), b"old");
    let (account, credentials, _) = with_tokens(&stage, &at(None)).await;
    assert_eq!(token(credentials.of(&account).await.unwrap()), b"old");
}

#[tokio::test]
async fn a_refresh_that_is_refused_asks_for_a_login() {
    let mut stage = Stage::new();
    playing(&mut stage, |_| {
        answer("400 Bad Request", "", r#"{"error":"invalid_grant","error_description":"revoked"}"#)
    })
    .await;
    let stale = Tokens { access: secret("old"), refresh: Some(secret("ref")), expires: Some(NOW) };
    let (account, credentials, secrets) = with_tokens(&stage, &stale).await;
    let trouble = credentials.of(&account).await.unwrap_err();
    assert_eq!(trouble.kind, Kind::NotAllowed);
    assert!(trouble.text.ends_with("`pillarbox mail account login a` asks the provider again"), "{trouble}");
    let (account, credentials, _) = with_tokens(&stage, &Tokens { refresh: None, ..stale }).await;
    assert_eq!(credentials.of(&account).await.unwrap_err().kind, Kind::NotAllowed);
    secrets.keep("a", account.secret.as_ref().unwrap(), &secret("no tokens")).await.unwrap();
    assert_eq!(credentials.of(&account).await.unwrap_err().kind, Kind::NotAllowed);
    let nobody = Account { secret: None, ..account };
    assert_eq!(credentials.of(&nobody).await.unwrap(), None);
}
