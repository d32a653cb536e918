//! Servers of JMAP that mean harm or are broken: each ends in words that say which server it is, and within limits.

use super::*;
use crate::mirror::Mirror;
use crate::progress::Watcher;
use crate::remote::keyed::KeyedRemote;
use crate::remote::{Remote, Scope};
use crate::stage::{Asked, Stage, answer, ok};
use wire::sasl::Secret;

const SESSION: &str = r#"{"capabilities":{"urn:ietf:params:jmap:core":{}},
    "primaryAccounts":{"urn:ietf:params:jmap:mail":"a"},
    "apiUrl":"/api","downloadUrl":"/d/{accountId}/{blobId}/{name}?t={type}","uploadUrl":"/u/{accountId}"}"#;
const JSON: &str = "application/json";

/// An account at a server with this session, which answers calls so; or why there is none.
async fn open(session: &str, call: impl Fn(&str) -> String + Send + Sync + 'static) -> Result<Jmap, Trouble> {
    let session = session.to_owned();
    let mut stage = Stage::new();
    let answers = move |asked: Asked| match asked.line() {
        "GET /.well-known/jmap" => ok(JSON, &session),
        "POST /api" => call(&asked.body),
        _ => answer("404 Not Found", "", ""),
    };
    stage.https("mail.example", answers).await;
    reach(&stage).await
}

async fn reach(stage: &Stage) -> Result<Jmap, Trouble> {
    let credential = Credential::Password(Secret(b"wonderland".to_vec()));
    let way = Way { url: "https://mail.example".to_owned(), user: "alice".to_owned(), credential, tls: None };
    Jmap::open(&stage.internet(), &way).await
}

/// One answer to one call.
fn told(method: &str, arguments: &str) -> String {
    ok(JSON, &format!(r#"{{"methodResponses":[["{method}",{arguments},"0"]]}}"#))
}

fn is_plain(trouble: &Trouble) -> bool {
    trouble.text.len() < 500 && !trouble.text.contains(|c: char| c.is_control())
}

#[tokio::test]
async fn what_is_no_session_ends_in_words() {
    let deep = "[".repeat(100_000);
    for session in ["", "hello", "[]", "{}", "null", "\"\u{0}\"", &deep, &SESSION.replace("apiUrl", "x")] {
        let trouble = open(session, |_| String::new()).await.err().expect(session);
        assert!(matches!(trouble.kind, Kind::Protocol | Kind::Unavailable), "{trouble}");
        assert!(is_plain(&trouble), "{trouble}");
    }
    let nowhere = SESSION.replace("/api", "http://mail.example/api");
    let mut jmap = open(&nowhere, |_| String::new()).await.unwrap();
    assert_eq!(jmap.folders().await.unwrap_err().kind, Kind::Settings, "who came by TLS is not led out of it");
}

#[tokio::test]
async fn a_session_has_a_limit() {
    let padded = |octets: usize| format!("{SESSION}{}", " ".repeat(octets - SESSION.len()));
    assert!(open(&padded(line::SESSION_MAX), |_| String::new()).await.is_ok());
    let trouble = open(&padded(line::SESSION_MAX + 1), |_| String::new()).await.err().unwrap();
    assert_eq!((trouble.kind, is_plain(&trouble)), (Kind::Protocol, true));
    assert!(trouble.text.contains("mail.example answers with more than"), "{trouble}");
}

#[tokio::test]
async fn a_session_that_leads_in_a_ring_is_left() {
    let mut stage = Stage::new();
    stage.https("mail.example", |_| answer("307 Elsewhere", "Location: https://other.example/x\r\n", "")).await;
    stage
        .https("other.example", |asked| {
            let proves = asked.head.to_ascii_lowercase().contains("authorization");
            // Who is led to another host shows it no password.
            let next = if proves { "/stolen" } else { "https://mail.example/.well-known/jmap" };
            answer("307 Elsewhere", &format!("Location: {next}\r\n"), "")
        })
        .await;
    let trouble = reach(&stage).await.err().unwrap();
    assert_eq!(trouble.kind, Kind::Protocol);
    assert!(trouble.text.contains("leads elsewhere too often"), "{trouble}");
}

#[tokio::test]
async fn answers_that_are_none_end_in_words() {
    for body in [
        "",
        "{}",
        "[[[[[[[[",
        r#"{"methodResponses":[]}"#,
        r#"{"methodResponses":[["Mailbox/get",[],"0"]]}"#,
        r#"{"methodResponses":[["Mailbox/get",{"list":{}},"0"]]}"#,
        r#"{"methodResponses":[["Email/get",{"list":[]},"0"]]}"#,
        r#"{"methodResponses":[["error",{"type":"x\u001b[2J","description":"\u001b]0;y\u0007"},"0"]]}"#,
    ] {
        let mut jmap = open(SESSION, move |_| ok(JSON, body)).await.unwrap();
        let trouble = jmap.folders().await.unwrap_err();
        assert_eq!((trouble.kind, is_plain(&trouble)), (Kind::Protocol, true), "{body}: {trouble}");
    }
    for (status, kind) in [("503 Later", Kind::TryAgain), ("401 No", Kind::NotAllowed), ("302 Found", Kind::Protocol)] {
        let fields = "Location: /api\r\n";
        let mut jmap = open(SESSION, move |_| answer(status, fields, "{\"detail\":\"\\u0007\"}")).await.unwrap();
        let trouble = jmap.folders().await.unwrap_err();
        assert_eq!((trouble.kind, is_plain(&trouble)), (kind, true), "{trouble}");
        assert!(trouble.text.starts_with("mail.example"), "{trouble}");
    }
}

/// Mailboxes `0` to `count`, each in the one before, the first in the last.
fn ring(count: usize, name: &str) -> String {
    let one = |number: usize| {
        let above = number.checked_sub(1).unwrap_or(count - 1);
        format!(r#"{{"id":"{number}","name":"{name}","parentId":"{above}"}}"#)
    };
    format!(r#"{{"list":[{}]}}"#, (0..count).map(one).collect::<Vec<_>>().join(","))
}

#[test]
fn mailboxes_in_each_other_without_end_are_followed_so_far() {
    let read = |told: &str| folders(&serde_json::from_str(told).unwrap());
    for (count, name) in [(1, "a"), (3, "a"), (MAILBOXES_MAX, "a"), (MAILBOXES_MAX, ""), (2, &"x".repeat(PATH_MAX + 1))]
    {
        let found = read(&ring(count, name)).unwrap();
        assert_eq!(found.len(), count);
        let longest = found.iter().map(|folder| folder.name.len()).max().unwrap();
        assert!(longest <= PATH_MAX, "{longest}");
    }
    let trouble = read(&ring(MAILBOXES_MAX + 1, "a")).unwrap_err();
    assert!(trouble.text.contains("more than 20000 mailboxes"), "{trouble}");
    let deep = |count: usize| read(&ring(count, "a").replace(&format!("\"{}\"}}", count - 1), "\"none\"}")).unwrap();
    let levels = |count: usize| deep(count).last().unwrap().name.split('/').count();
    assert_eq!(
        (levels(LEVELS_MAX - 1), levels(LEVELS_MAX), levels(LEVELS_MAX + 1)),
        (LEVELS_MAX - 1, LEVELS_MAX, LEVELS_MAX)
    );
    // A path that ends is shown whole, at the limit and one past it.
    let chain = |octets: usize| {
        let inner = format!(r#"{{"id":"2","name":"{}","parentId":"1"}}"#, "x".repeat(octets));
        read(&format!(r#"{{"list":[{{"id":"1","name":"above"}},{inner}]}}"#)).unwrap()[1].name.clone()
    };
    assert!(chain(PATH_MAX - 6).starts_with("above/x"));
    assert!(chain(PATH_MAX - 5).starts_with("xx"));
}

#[tokio::test]
async fn a_list_that_does_not_go_on_is_left() {
    let call = |body: &str| {
        let email = r#"{"id":"m","blobId":"b","mailboxIds":{"i":true},"keywords":{},"receivedAt":"2026-11-22T00:00:00Z",
            "size":9,"headers":[{"name":"Subject","value":" x\r\nX: y"},{"name":"To\r\nY","value":" z"}],"hasAttachment":false}"#;
        match body {
            body if body.contains("Mailbox/get") => {
                told("Mailbox/get", r#"{"state":"1","list":[{"id":"i","name":"Inbox","role":"inbox"}]}"#)
            }
            body if body.contains("Email/query") => told("Email/query", r#"{"ids":["m"]}"#),
            _ => told("Email/get", &format!(r#"{{"state":"1","list":[{email}]}}"#)),
        }
    };
    let jmap = open(SESSION, call).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(&folder.path().join("mirror.sqlite")).unwrap();
    let mut remote = KeyedRemote::new(jmap, net::Clock::system());
    let trouble = remote.pull(&mirror, &Scope::Everything, &Watcher::nobody()).await.unwrap_err();
    assert_eq!(trouble.kind, Kind::Protocol);
    assert!(trouble.text.contains("a list that does not go on"), "{trouble}");
    // Fields that would be others are left out.
    let inbox = mirror.folder_of_role(Role::Inbox).unwrap().unwrap();
    let message = mirror.messages_in(inbox.id).unwrap()[0];
    assert_eq!(mirror.header(message).unwrap(), b"\r\n");
}
