//! Logins over a real store.
#![allow(clippy::unwrap_used)]

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
        Visitor::new(self.login.clone(), self.store.clone(), client.parse().unwrap())
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
    assert_eq!(refused, Answer::Refused(Refusal::TooMany { wait_s: 61 }));
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
