//! Who is in stays in while what let them in does.

use super::*;
use crate::login::guests::Line;
use std::sync::atomic::AtomicUsize;

/// Notes what it is told.
#[derive(Debug, Default)]
struct Wire {
    who: Mutex<Option<String>>,
    ended: AtomicUsize,
}

impl Line for Wire {
    fn entered(&self, who: Option<&Address>) {
        *self.who.lock() = who.map(Address::to_string);
    }

    fn end(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl House {
    async fn enter(&self, secret: &str) -> (Visitor, Arc<Wire>) {
        let line = Arc::new(Wire::default());
        let mut visitor = self.visitor("192.0.2.1").on(Some(line.clone()));
        assert_eq!(visitor.ask(START, &rules(), password("bob", secret)).await, YES);
        (visitor, line)
    }

    /// Looks at those who are due; how many accounts were.
    async fn look(&self, now: Time) -> usize {
        let due = self.login.guests.due(now);
        for account in &due {
            self.entrance().part_with_outsiders(now, *account).await.unwrap();
        }
        due.len()
    }
}

fn has_ended(line: &Wire) -> bool {
    line.ended.load(Ordering::Relaxed) > 0
}

#[tokio::test]
async fn an_app_password_that_runs_out_ends_what_it_opened() {
    let house = house().await;
    let ends = START.after(std::time::Duration::from_secs(60));
    let (_, secret) = house.app_password(Scope::All, Some(ends)).await;
    let (_visitor, line) = house.enter(&secret).await;
    let (_other, bystander) = house.enter("hungry").await;
    assert_eq!(line.who.lock().as_deref(), Some("bob@hamburger.edu"));
    assert_eq!(house.look(Time(ends.0 - 1)).await, 0, "nobody is looked at before");
    assert_eq!(house.look(ends).await, 1);
    assert!(has_ended(&line) && !has_ended(&bystander));
    assert_eq!(house.look(ends).await, 0, "nor again");
}

#[tokio::test]
async fn a_second_factor_ends_what_the_own_password_opened() {
    let house = house().await;
    let (_visitor, line) = house.enter("hungry").await;
    house.enrol().await;
    house.look(START).await;
    assert!(has_ended(&line));
}

#[tokio::test]
async fn who_left_is_told_nothing_and_leaves_nothing_behind() {
    let house = house().await;
    let ends = START.after(std::time::Duration::from_secs(60));
    let (id, secret) = house.app_password(Scope::All, Some(ends)).await;
    let (visitor, line) = house.enter(&secret).await;
    let (again, second) = house.enter(&secret).await;
    drop(visitor);
    assert_eq!(*line.who.lock(), None);
    let anew = again.anew();
    drop(again);
    assert!(anew.account().is_none());
    house.entrance().remove_app_password(START, house.bob().await.id, id).await.unwrap();
    assert_eq!(house.look(START).await, 1, "its logins changed");
    assert!(!has_ended(&line) && !has_ended(&second));
    assert_eq!(house.look(ends).await, 1, "once more, for who did not wait for the change");
    assert_eq!(house.look(ends).await, 0);
}

#[tokio::test]
async fn who_left_while_they_were_looked_at_is_not_ended() {
    let house = house().await;
    let account = house.bob().await.id;
    let (visitor, line) = house.enter("hungry").await;
    let (_other, second) = house.enter("hungry").await;
    let seen = house.login.guests.of(account);
    // UNAUTHENTICATE (RFC 8437), and a new login on the same connection.
    let mut anew = visitor.anew();
    drop(visitor);
    assert_eq!(anew.ask(START, &rules(), password("bob", "hungry")).await, YES);
    for (id, _) in &seen {
        house.login.guests.end(account, *id);
    }
    assert_eq!((seen.len(), has_ended(&line), has_ended(&second)), (2, false, true));
}

#[tokio::test]
async fn password_and_apop_secret_end_what_each_opened() {
    let house = house().await;
    let (_visitor, by_password) = house.enter("hungry").await;
    let by_apop = Arc::new(Wire::default());
    let mut visitor = house.visitor("192.0.2.1").on(Some(by_apop.clone()));
    let digest = password::apop_digest("<1@x>", "tanstaaf");
    assert_eq!(visitor.apop(START, &rules(), "bob", ("<1@x>", &digest)).await, YES);
    let bob = house.bob().await;
    let change = async |credentials: Credentials| {
        let doubt = house.login.doubt(bob.id);
        let credentials = Some(credentials);
        let set = Op::AccountSet { address: bob.address.clone(), credentials, quota: None, pop_delete: None };
        house.store.apply(set).await.unwrap();
        drop(doubt);
        house.look(START).await;
        (has_ended(&by_password), has_ended(&by_apop))
    };
    let own = bob.credentials.clone();
    assert_eq!(change(own.clone()).await, (false, false));
    assert_eq!(change(Credentials { apop_secret: None, ..own }).await, (false, true));
    assert_eq!(change(house.login.credentials("starving").await.unwrap()).await, (true, true));
}

#[tokio::test]
async fn what_was_removed_during_the_login_does_not_let_in() {
    let house = house().await;
    let (id, secret) = house.app_password(Scope::All, None).await;
    let line = Arc::new(Wire::default());
    let mut visitor = house.visitor("192.0.2.1").on(Some(line.clone()));
    let mut claim = visitor.claim(&rules(), None, "bob").await.unwrap();
    let opened = app_passwords::find(&house.store, START, Service::Imap, secret.as_bytes()).await.unwrap();
    house.entrance().remove_app_password(START, house.bob().await.id, id).await.unwrap();
    claim.as_themselves = true;
    let refused = visitor.accept(START, claim, (opened, None)).await;
    assert_eq!(refused, Err(Refusal::Credentials));
    assert!(visitor.stay.is_none() && line.who.lock().is_none() && visitor.account().is_none());
    // A change of another's logins, or of another password, is none of theirs.
    let claim = visitor.claim(&rules(), None, "bob").await.unwrap();
    drop(house.login.doubt(house.bob().await.id));
    assert_eq!(visitor.accept(START, claim, (None, None)).await, Ok(YES));
}
