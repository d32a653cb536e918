//! Logins over a real store.
#![allow(clippy::unwrap_used)]

mod guests;
mod programs;

use super::*;
use std::sync::atomic::{AtomicU64, Ordering};
use store::Settings;
use store::op::Op;
use wire::sasl::Secret;

const START: Time = Time(1_800_000_000_000);

struct House {
    _folder: tempfile::TempDir,
    store: Store,
    login: Arc<Login>,
}

fn rules() -> LoginRules {
    LoginRules { first_domain: Domain::parse("hamburger.edu").ok(), guesses_per_minute: 20 }
}

fn seeded() -> Random {
    let state = Arc::new(AtomicU64::new(1));
    Arc::new(move |buffer: &mut [u8]| {
        for octet in buffer {
            *octet = state.fetch_add(0x9E37_79B9, Ordering::Relaxed).to_be_bytes()[5];
        }
    })
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let login = Arc::new(Login::new(seeded()));
    store.apply(Op::DomainAdd { domain: Domain::parse("hamburger.edu").unwrap(), now: START }).await.unwrap();
    let mut credentials = login.credentials("hungry").await.unwrap();
    credentials.apop_secret = Some("tanstaaf".to_owned());
    let address = Address::parse("bob@hamburger.edu").unwrap();
    store.apply(Op::AccountAdd { address, credentials, quota: None, now: START }).await.unwrap();
    House { _folder: folder, store, login }
}

impl House {
    fn visitor(&self, client: &str) -> Visitor {
        Visitor::new(self.login.clone(), self.store.clone(), client.parse().unwrap(), Service::Imap)
    }

    fn checks(&self) -> usize {
        self.login.passwords.checks.load(Ordering::Relaxed)
    }
}

fn password(username: &str, password: &str) -> Ask {
    Ask::Password { authorization: None, username: username.to_owned(), password: Secret(password.as_bytes().to_vec()) }
}

const YES: Answer = Answer::Accepted { server_signature: None };
const NO: Answer = Answer::Refused(Refusal::Credentials);

#[tokio::test]
async fn the_right_password_opens_and_is_remembered() {
    let house = house().await;
    for name in ["bob", "BOB@Hamburger.EDU", "bob@hamburger.edu"] {
        let mut visitor = house.visitor("192.0.2.1");
        assert_eq!(visitor.ask(START, &rules(), password(name, "hungry")).await, YES);
        assert_eq!(visitor.account().unwrap().address.to_string(), "bob@hamburger.edu");
    }
    assert_eq!(house.checks(), 1, "the second and third login cost no argon2");
    let later = START.after(remembered::KEPT);
    assert_eq!(house.visitor("192.0.2.1").ask(later, &rules(), password("bob", "hungry")).await, YES);
    assert_eq!(house.checks(), 2);
}

#[tokio::test]
async fn unknown_users_cost_the_same_and_hear_the_same() {
    let house = house().await;
    for (name, word) in [("bob", "thirsty"), ("nobody", "hungry"), ("bob+tag", "hungry"), ("bob@crepes.fr", "hungry")] {
        let before = house.checks();
        assert_eq!(house.visitor("192.0.2.1").ask(START, &rules(), password(name, word)).await, NO, "{name}");
        assert_eq!(house.checks(), before + 1, "{name}");
    }
}

#[tokio::test]
async fn guesses_are_limited_but_the_owner_is_heard() {
    let house = house().await;
    assert_eq!(house.visitor("192.0.2.77").ask(START, &rules(), password("bob", "hungry")).await, YES);
    for _ in 0..20 {
        assert_eq!(house.visitor("192.0.2.1").ask(START, &rules(), password("bob", "guess")).await, NO);
    }
    let checks = house.checks();
    let refused = house.visitor("192.0.2.1").ask(START, &rules(), password("bob", "hungry")).await;
    assert_eq!(refused, Answer::Refused(Refusal::TooMany { wait_s: 60 }));
    assert_eq!(house.checks(), checks, "what is not heard costs nothing");
    assert_eq!(house.visitor("192.0.2.77").ask(START, &rules(), password("bob", "hungry")).await, YES);
    let later = Time(START.0 + 60_000);
    assert_eq!(house.visitor("192.0.2.1").ask(later, &rules(), password("bob", "hungry")).await, YES);
}

#[tokio::test]
async fn nobody_acts_for_somebody_else() {
    let house = house().await;
    let ask = |authorization: &str| Ask::Password {
        authorization: Some(authorization.to_owned()),
        username: "bob".to_owned(),
        password: Secret(b"hungry".to_vec()),
    };
    assert_eq!(house.visitor("::1").ask(START, &rules(), ask("bob@hamburger.edu")).await, YES);
    let refused = house.visitor("::1").ask(START, &rules(), ask("alice")).await;
    assert_eq!(refused, Answer::Refused(Refusal::Authorization));
}

#[tokio::test]
async fn scram_asks_the_same_of_everybody() {
    let house = house().await;
    for name in ["bob", "nobody"] {
        let start = Ask::ScramStart { authorization: None, username: name.to_owned() };
        let mut visitor = house.visitor("::1");
        let first = visitor.ask(START, &rules(), start.clone()).await;
        let again = house.visitor("::1").ask(START, &rules(), start).await;
        let (Answer::Scram { salt, iterations, .. }, Answer::Scram { salt: second, .. }) = (first, again) else {
            panic!("no salt for {name}");
        };
        assert_eq!((salt.len(), iterations, &salt), (16, scram::ITERATIONS.get(), &second));
        let proof = Ask::ScramProof { auth_message: b"m".to_vec(), proof: [0; 32] };
        assert_eq!(visitor.ask(START, &rules(), proof.clone()).await, NO);
        assert_eq!(visitor.ask(START, &rules(), proof).await, NO, "a proof without a start");
    }
}

#[tokio::test]
async fn apop_needs_the_stored_secret() {
    let house = house().await;
    let timestamp = "<1896.697170952@dbc.mtview.ca.us>";
    let digest = password::apop_digest(timestamp, "tanstaaf");
    let mut visitor = house.visitor("::1");
    assert_eq!(visitor.apop(START, &rules(), "bob", (timestamp, &digest)).await, YES);
    assert_eq!(visitor.apop(START, &rules(), "bob", ("<other@x>", &digest)).await, NO);
    assert_eq!(visitor.apop(START, &rules(), "nobody", (timestamp, &digest)).await, NO);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_guesses_at_once_gain_nothing() {
    let house = house().await;
    let before = house.checks();
    let guess = |number: usize| {
        let mut visitor = house.visitor("192.0.2.1");
        async move { visitor.ask(START, &rules(), password("bob", &format!("guess {number}"))).await }
    };
    let guesses: Vec<_> = (0..60).map(|number| tokio::spawn(guess(number))).collect();
    let mut refused = 0;
    for guess in guesses {
        let answer = guess.await.unwrap();
        refused += usize::from(answer == Answer::Refused(Refusal::TooMany { wait_s: 60 }));
        assert_ne!(answer, YES);
    }
    assert_eq!((house.checks() - before, refused), (20, 40));
}

#[tokio::test]
async fn right_passwords_are_no_guesses() {
    let house = house().await;
    for client in 0..30 {
        let client = format!("2001:db8:0:{client:x}::1");
        assert_eq!(house.visitor(&client).ask(START, &rules(), password("bob", "hungry")).await, YES);
    }
    let timestamp = "<1@x>";
    let digest = password::apop_digest(timestamp, "tanstaaf");
    for client in 0..30 {
        let client = format!("192.0.2.{client}");
        assert_eq!(house.visitor(&client).apop(START, &rules(), "bob", (timestamp, &digest)).await, YES);
    }
}

#[tokio::test]
async fn a_changed_password_is_not_remembered() {
    let house = house().await;
    assert_eq!(house.visitor("::1").ask(START, &rules(), password("bob", "hungry")).await, YES);
    let credentials = Some(house.login.credentials("thirsty").await.unwrap());
    let address = Address::parse("bob@hamburger.edu").unwrap();
    let set = Op::AccountSet { address, credentials, quota: None, pop_delete: None };
    house.store.apply(set).await.unwrap();
    // Nobody said `forget`: the stored hash alone must do.
    assert_eq!(house.visitor("::1").ask(START, &rules(), password("bob", "hungry")).await, NO);
    assert_eq!(house.visitor("::1").ask(START, &rules(), password("bob", "thirsty")).await, YES);
}

/// What a client computes (RFC 5802 §3).
fn client_proof(password: &str, salt: &[u8], iterations: u32, message: &[u8]) -> [u8; 32] {
    use aws_lc_rs::{digest, hmac, pbkdf2};
    let mac = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    let (mut salted, rounds) = ([0; 32], iterations.try_into().unwrap());
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password.as_bytes(), &mut salted);
    let client_key = mac(&salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let signature = mac(stored_key.as_ref(), message);
    let mut proof = [0; 32];
    for (octet, (key, signature)) in proof.iter_mut().zip(client_key.as_ref().iter().zip(signature.as_ref())) {
        *octet = key ^ signature;
    }
    proof
}

async fn scram(visitor: &mut Visitor, acting_as: Option<&str>, name: &str, password: &str) -> Answer {
    let start = Ask::ScramStart { authorization: acting_as.map(str::to_owned), username: name.to_owned() };
    let Answer::Scram { nonce, salt, iterations } = visitor.ask(START, &rules(), start).await else {
        panic!("no salt");
    };
    let auth_message = format!("n={name},r=client,r=client{nonce}").into_bytes();
    let proof = client_proof(password, &salt, iterations, &auth_message);
    visitor.ask(START, &rules(), Ask::ScramProof { auth_message, proof }).await
}

#[tokio::test]
async fn scram_lets_the_right_one_in() {
    let house = house().await;
    let mut visitor = house.visitor("::1");
    let answer = scram(&mut visitor, None, "Bob", "hungry").await;
    assert!(matches!(answer, Answer::Accepted { server_signature: Some(_) }), "{answer:?}");
    assert!(visitor.account().is_some());
    let mut visitor = house.visitor("::1");
    assert_eq!(scram(&mut visitor, None, "bob", "thirsty").await, NO);
    assert_eq!(scram(&mut visitor, None, "nobody", "hungry").await, NO);
    let refused = scram(&mut visitor, Some("alice"), "bob", "hungry").await;
    assert_eq!(refused, Answer::Refused(Refusal::Authorization));
    assert!(visitor.account().is_none());
}

#[tokio::test]
async fn proofs_are_guesses_too() {
    let house = house().await;
    for _ in 0..20 {
        assert_eq!(scram(&mut house.visitor("192.0.2.1"), None, "bob", "guess").await, NO);
    }
    let start = Ask::ScramStart { authorization: None, username: "bob".to_owned() };
    let refused = house.visitor("192.0.2.2").ask(START, &rules(), start).await;
    assert_eq!(refused, Answer::Refused(Refusal::TooMany { wait_s: 60 }), "counted for the account too");
}

#[tokio::test]
async fn who_may_act_for_whom_is_told_to_the_right_one_only() {
    let house = house().await;
    let ask = |acting_as: &str, word: &str| Ask::Password {
        authorization: Some(acting_as.to_owned()),
        username: "bob".to_owned(),
        password: Secret(word.as_bytes().to_vec()),
    };
    assert_eq!(house.visitor("::1").ask(START, &rules(), ask("alice", "thirsty")).await, NO);
    for same in ["", "BOB", "Bob@Hamburger.edu"] {
        assert_eq!(house.visitor("::1").ask(START, &rules(), ask(same, "hungry")).await, YES, "{same}");
    }
}

#[tokio::test]
async fn without_a_password_or_secret_nobody_gets_in() {
    let house = house().await;
    let address = Address::parse("carol@hamburger.edu").unwrap();
    let credentials = Credentials { apop_secret: Some(String::new()), ..Credentials::default() };
    house.store.apply(Op::AccountAdd { address, credentials, quota: None, now: START }).await.unwrap();
    let before = house.checks();
    assert_eq!(house.visitor("::1").ask(START, &rules(), password("carol", "")).await, NO);
    assert_eq!(house.checks(), before + 1, "as dear as a wrong password");
    assert_eq!(scram(&mut house.visitor("::1"), None, "carol", "").await, NO);
    let digest = password::apop_digest("<1@x>", "");
    assert_eq!(house.visitor("::1").apop(START, &rules(), "carol", ("<1@x>", &digest)).await, NO);
    assert_eq!(house.visitor("::1").apop(START, &rules(), "nobody", ("<1@x>", &digest)).await, NO);
}
