//! Programs that log in by SASL: with app passwords, within their scope, and without the account's own password once
//! there is a second factor.

use super::*;

impl House {
    pub(super) fn entrance(&self) -> Entrance {
        Entrance::of_clerk(&self.login, &self.store)
    }

    pub(super) async fn bob(&self) -> Account {
        self.entrance().account_at(&Address::parse("bob@hamburger.edu").unwrap()).await.unwrap()
    }

    pub(super) async fn app_password(&self, scope: Scope, expires: Option<Time>) -> (i64, String) {
        let new = NewAppPassword { name: "Phone".to_owned(), scope, expires };
        self.entrance().add_app_password(START, &self.bob().await, new).await.unwrap()
    }

    pub(super) async fn enrol(&self) {
        let bob = self.bob().await;
        self.entrance().begin_second_factor(START, &bob, "mx").await.unwrap();
        let kept = ledger::all::<second_factor::SecondFactor>(&self.store, bob.id).await.unwrap().pop().unwrap();
        let code = totp::code_at(kept.record.secret(), START);
        self.entrance().confirm_second_factor(START, bob.id, &code).await.unwrap();
    }

    fn at(&self, service: Service) -> Visitor {
        Visitor::new(self.login.clone(), self.store.clone(), "192.0.2.1".parse().unwrap(), service)
    }
}

fn is_in(answer: &Answer) -> bool {
    matches!(answer, Answer::Accepted { .. })
}

const SERVICES: [Service; 4] = [Service::Imap, Service::Pop3, Service::Send, Service::Http];

#[tokio::test]
async fn an_app_password_opens_what_its_scope_says_by_plain_and_by_scram() {
    let house = house().await;
    for scope in [Scope::All, Scope::Mail, Scope::Read, Scope::Send] {
        let (_, secret) = house.app_password(scope, None).await;
        for service in SERVICES {
            let mut visitor = house.at(service);
            let answer = visitor.ask(START, &rules(), password("bob", &secret)).await;
            assert_eq!(is_in(&answer), scope.opens(service), "{scope} {service:?}");
            if is_in(&answer) {
                assert_eq!((visitor.scope(), visitor.app_password().is_some()), (scope, true));
            }
            let answer = scram(&mut house.at(service), None, "bob", &secret).await;
            assert_eq!(is_in(&answer), scope.opens(service), "SCRAM: {scope} {service:?}");
        }
        assert!(!is_in(&house.at(Service::Page).ask(START, &rules(), password("bob", &secret)).await));
        assert!(!is_in(&house.at(Service::Imap).ask(START, &rules(), password("alice", &secret)).await));
    }
    assert!(is_in(&scram(&mut house.at(Service::Imap), None, "bob", "hungry").await), "the own one still does");
}

#[tokio::test]
async fn an_app_password_costs_no_slow_hash_and_is_gone_when_removed_or_ended() {
    let house = house().await;
    let (id, secret) = house.app_password(Scope::All, None).await;
    let (_, short) = house.app_password(Scope::All, Some(Time(START.0 + 10))).await;
    let before = house.checks();
    assert!(is_in(&house.at(Service::Imap).ask(START, &rules(), password("bob", &secret)).await));
    assert_eq!(house.checks(), before);
    assert!(is_in(&house.at(Service::Imap).ask(START, &rules(), password("bob", &short)).await));
    let later = Time(START.0 + 10);
    assert!(!is_in(&house.at(Service::Imap).ask(later, &rules(), password("bob", &short)).await));
    let bob = house.bob().await.id;
    house.entrance().remove_app_password(START, bob, id).await.unwrap();
    assert_eq!(house.at(Service::Imap).ask(START, &rules(), password("bob", &secret)).await, NO);
    assert_eq!(scram(&mut house.at(Service::Imap), None, "bob", &secret).await, NO);
}

#[tokio::test]
async fn with_a_second_factor_only_app_passwords_open_the_mail_ports() {
    let house = house().await;
    let (_, secret) = house.app_password(Scope::All, None).await;
    house.enrol().await;
    let timestamp = "<1896.697170952@dbc.mtview.ca.us>";
    let digest = password::apop_digest(timestamp, "tanstaaf");
    for service in SERVICES {
        let before = house.checks();
        assert_eq!(house.at(service).ask(START, &rules(), password("bob", "hungry")).await, NO, "{service:?}");
        assert_eq!(house.checks(), before + 1, "as dear as a wrong password");
        assert_eq!(scram(&mut house.at(service), None, "bob", "hungry").await, NO);
        assert_eq!(house.at(service).apop(START, &rules(), "bob", (timestamp, &digest)).await, NO);
        assert!(is_in(&house.at(service).ask(START, &rules(), password("bob", &secret)).await));
        assert!(is_in(&scram(&mut house.at(service), None, "bob", &secret).await));
    }
    assert!(is_in(&house.at(Service::Page).ask(START, &rules(), password("bob", "hungry")).await));
    let bob = house.bob().await.id;
    house.entrance().end_second_factor(START, bob).await.unwrap();
    assert!(is_in(&house.at(Service::Imap).ask(START, &rules(), password("bob", "hungry")).await));
}

/// A client is told the salt before anybody knows which password it has.
#[tokio::test]
async fn app_passwords_outlive_a_new_password() {
    let house = house().await;
    let (_, secret) = house.app_password(Scope::All, None).await;
    let bob = house.bob().await;
    let credentials = Some(house.login.next_credentials(&house.store, &bob, "thirsty").await.unwrap());
    let set = Op::AccountSet { address: bob.address.clone(), credentials, quota: None, pop_delete: None };
    house.store.apply(set).await.unwrap();
    for word in [secret.as_str(), "thirsty"] {
        assert!(is_in(&scram(&mut house.at(Service::Imap), None, "bob", word).await), "{word}");
    }
    assert_eq!(scram(&mut house.at(Service::Imap), None, "bob", "hungry").await, NO);
}

#[tokio::test]
async fn an_account_without_a_password_has_app_passwords_all_the_same() {
    let house = house().await;
    let address = Address::parse("carol@hamburger.edu").unwrap();
    let add = Op::AccountAdd { address: address.clone(), credentials: Credentials::default(), quota: None, now: START };
    house.store.apply(add).await.unwrap();
    let carol = house.entrance().account_at(&address).await.unwrap();
    for _ in 0..2 {
        let new = NewAppPassword { name: "Pad".to_owned(), scope: Scope::All, expires: None };
        let (_, secret) = house.entrance().add_app_password(START, &carol, new).await.unwrap();
        assert!(is_in(&house.at(Service::Imap).ask(START, &rules(), password("carol", &secret)).await));
        assert!(is_in(&scram(&mut house.at(Service::Imap), None, "carol", &secret).await));
    }
}

#[tokio::test]
async fn so_many_app_passwords_and_no_more() {
    let house = house().await;
    let bob = house.bob().await;
    let new = |name: &str| NewAppPassword { name: name.to_owned(), scope: Scope::Send, expires: None };
    for _ in 0..APP_PASSWORDS_MAX {
        house.entrance().add_app_password(START, &bob, new("Script")).await.unwrap();
    }
    let refused = house.entrance().add_app_password(START, &bob, new("Script")).await;
    assert_eq!(refused, Err(EntryError::TooMany));
}

#[tokio::test]
async fn tokens_without_a_name_are_guesses_too() {
    let house = house().await;
    let (_, secret) = house.app_password(Scope::All, None).await;
    let token = async |word: &str| house.at(Service::Http).token(START, &rules(), word).await;
    assert!(is_in(&token(&secret).await));
    for number in 0..20 {
        assert_eq!(token(&format!("guess-{number}")).await, NO);
    }
    assert_eq!(token(&secret).await, Answer::Refused(Refusal::TooMany { wait_s: 60 }));
}
