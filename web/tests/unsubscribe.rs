//! Leaving a list with one press (RFC 8058): the one request that is made, and for which messages it is not.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod world;

use message::Time;
use office::login::Scope;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use store::types::{Flags, Role};
use web::jmap::UNSUBSCRIBES_PER_HOUR;
use web::push::{Carried, Courier, Letter, Posting};
use world::World;

/// Lists that answer as they are told.
#[derive(Default)]
struct Lists {
    answers: Mutex<VecDeque<Carried>>,
    heard: Mutex<Vec<Letter>>,
}

impl Courier for Lists {
    fn post(&self, letter: Letter) -> Posting {
        self.heard.lock().push(letter);
        let carried = self.answers.lock().pop_front().unwrap_or(answered(200));
        Box::pin(async move { carried })
    }
}

fn answered(status: u16) -> Carried {
    Carried::Answered { status, retry_after_s: None }
}

const POST: &str = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";

async fn mail(world: &World, fields: &str) -> String {
    let inbox = world.mailbox(Role::Inbox).await;
    let text = format!("From: list@lists.test\r\n{fields}Subject: News\r\n\r\nx\r\n");
    let (email, _) = world.put(text.as_bytes(), &[inbox], Flags::default(), Time(1)).await;
    web::jmap::ids::of_email(world.account(), email)
}

async fn press(world: &World, email: &str) -> Value {
    let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:pillarbox:jmap:webmail"];
    let arguments = json!({"accountId": format!("A{}", world.account().0), "emailId": email});
    let request = json!({"using": using, "methodCalls": [["Email/unsubscribe", arguments, "c"]]});
    world.ask(&request).await["methodResponses"][0][1].clone()
}

#[tokio::test]
async fn one_press_makes_one_request_that_says_nothing_else() {
    let world = World::new().await;
    let email =
        mail(&world, &format!("List-Unsubscribe: <mailto:a@lists.test>, <https://lists.test/u?t=1>\r\n{POST}")).await;
    assert_eq!(press(&world, &email).await["type"], "serverUnavailable", "nobody connects from here");
    let lists = Arc::new(Lists::default());
    world.web.employ(lists.clone());
    let done = press(&world, &email).await;
    assert_eq!((&done["done"], &done["status"]), (&json!(true), &json!(200)), "{done}");
    let letter = lists.heard.lock().pop().unwrap();
    assert_eq!(
        (letter.url.as_str(), letter.body.as_slice()),
        ("https://lists.test/u?t=1", &b"List-Unsubscribe=One-Click"[..])
    );
    assert_eq!(letter.fields, [("content-type", "application/x-www-form-urlencoded".to_owned())]);
    // A redirection or a refusal is told, and nothing is tried again.
    lists.answers.lock().extend([answered(302), answered(404), Carried::Unreachable]);
    for status in [json!(302), json!(404), json!(null)] {
        let failed = press(&world, &email).await;
        assert_eq!((&failed["done"], &failed["status"]), (&json!(false), &status));
    }
    assert_eq!(lists.heard.lock().len(), 3);
    lists.answers.lock().push_back(Carried::Forbidden);
    assert_eq!(press(&world, &email).await["type"], "forbidden", "the name leads inside");
}

#[tokio::test]
async fn nothing_is_asked_where_the_message_does_not_offer_it_or_leads_inside() {
    let mut world = World::new().await;
    let lists = Arc::new(Lists::default());
    world.web.employ(lists.clone());
    for (fields, kind) in [
        ("List-Unsubscribe: <https://lists.test/>\r\n".to_owned(), "noOneClick"),
        (POST.to_owned(), "noOneClick"),
        (format!("List-Unsubscribe: <http://lists.test/>\r\n{POST}"), "noOneClick"),
        (format!("List-Unsubscribe: <https://a.test/>\r\nList-Unsubscribe: <https://b.test/>\r\n{POST}"), "noOneClick"),
        (format!("List-Unsubscribe: <https://localhost./>\r\n{POST}"), "forbidden"),
        (format!("List-Unsubscribe: <https://127.1/>\r\n{POST}"), "forbidden"),
        (format!("List-Unsubscribe: <https://[::ffff:10.0.0.1]/>\r\n{POST}"), "forbidden"),
    ] {
        let email = mail(&world, &fields).await;
        assert_eq!(press(&world, &email).await["type"], kind, "{fields}");
    }
    assert_eq!(press(&world, "E99999").await["type"], "notFound");
    let email = mail(&world, &format!("List-Unsubscribe: <https://lists.test/>\r\n{POST}")).await;
    world.caller.scope = Scope::Read;
    assert_eq!(press(&world, &email).await["type"], "accountReadOnly");
    assert!(lists.heard.lock().is_empty());
}

#[tokio::test]
async fn so_many_lists_are_left_an_hour_and_no_more() {
    let world = World::new().await;
    world.web.employ(Arc::new(Lists::default()));
    let email = mail(&world, &format!("List-Unsubscribe: <https://lists.test/>\r\n{POST}")).await;
    for n in 0..UNSUBSCRIBES_PER_HOUR {
        assert_eq!(press(&world, &email).await["done"], true, "{n}");
    }
    assert_eq!(press(&world, &email).await["type"], "rateLimit");
    world.later(3_600_000);
    assert_eq!(press(&world, &email).await["done"], true);
}
