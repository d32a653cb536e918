//! What a password for programs is good for, and what stays open when it, or a session, is ended.

use super::*;
use futures_util::StreamExt;
use serde_json::json;

async fn app<'a>(world: &'a World, scope: &str) -> (Browser<'a>, i64) {
    let form = json!({ "name": "Phone", "scope": scope, "password": "hungry-hippo" });
    let made = world.bob().await.post("/api/account/app-passwords", form).await;
    let authorization = Some(format!("Bearer {}", made.json["secret"].as_str().unwrap()));
    (Browser { authorization, ..world.browser() }, made.json["id"].as_i64().unwrap())
}

async fn call(phone: &Browser<'_>, account: &str, method: &str) -> String {
    let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission"];
    let request = json!({ "using": using, "methodCalls": [[method, { "accountId": account }, "0"]] });
    let answer = phone.post("/jmap/api", request).await;
    let said = &answer.json["methodResponses"][0];
    if said[0] == "error" { said[1]["type"].as_str().unwrap().to_owned() } else { said[0].as_str().unwrap().to_owned() }
}

#[tokio::test]
async fn a_scope_holds_for_every_method() {
    let world = world().await;
    let bob = world.bob().await.get("/api/account").await.json["account_id"].as_str().unwrap().to_owned();
    for (scope, reads, changes, sends) in [
        ("all", true, true, true),
        ("mail", true, true, false),
        ("read", true, false, false),
        ("send", false, false, false),
    ] {
        let (phone, _) = app(&world, scope).await;
        let allowed = async |method: &str| call(&phone, &bob, method).await == method;
        assert_eq!(allowed("Mailbox/get").await, reads, "{scope}");
        assert_eq!(allowed("Mailbox/set").await, changes, "{scope}");
        assert_eq!(allowed("EmailSubmission/set").await, sends, "{scope}");
    }
}

#[tokio::test]
async fn blobs_are_for_who_may_read() {
    let world = world().await;
    let bob = world.bob().await.get("/api/account").await.json["account_id"].as_str().unwrap().to_owned();
    let (sender, _) = app(&world, "send").await;
    let (reader, _) = app(&world, "read").await;
    let session = reader.get("/jmap/session").await.json;
    let place = |url: &str| url.strip_prefix("https://mx.hamburger.edu").unwrap().replace("{accountId}", &bob);
    let upload = place(session["uploadUrl"].as_str().unwrap());
    let made = sender.post(&upload, json!("text")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(reader.post(&upload, json!("text")).await.status, StatusCode::FORBIDDEN);
    let download = place(session["downloadUrl"].as_str().unwrap());
    let download = download.replace("{blobId}", made.json["blobId"].as_str().unwrap()).replace("{name}", "a.txt");
    let download = download.replace("{type}", "text/plain");
    assert_eq!(reader.get(&download).await.text, "\"text\"");
    assert_eq!(sender.get(&download).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_may_only_send_is_not_told_when_mail_comes() {
    let world = world().await;
    let bob = world.bob().await;
    let account = bob.get("/api/account").await.json["account_id"].as_str().unwrap().to_owned();
    let (sender, _) = app(&world, "send").await;
    let mut request = sender.request(Method::GET, "/jmap/events?types=*&closeafter=state&ping=0", None);
    request.extensions_mut().insert(sender.from);
    let response = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut events = response.into_body().into_data_stream();
    let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission"];
    let change = |method: &str, new: serde_json::Value| {
        let create = json!({ "accountId": account, "create": { "a": new } });
        json!({ "using": using, "methodCalls": [[method, create, "0"]] })
    };
    bob.post("/jmap/api", change("Mailbox/set", json!({ "name": "Secret plans" }))).await;
    let made = bob.post("/jmap/api", change("Identity/set", json!({ "email": "bob@hamburger.edu" }))).await;
    assert!(made.json["methodResponses"][0][1]["created"]["a"].is_object(), "{made:?}");
    let told = async {
        let mut told = String::new();
        while let Some(Ok(octets)) = events.next().await {
            told.push_str(&String::from_utf8_lossy(&octets));
        }
        told
    };
    let told = tokio::time::timeout(Duration::from_secs(10), told).await.unwrap();
    assert!(told.contains("Identity") && !told.contains("Mailbox") && !told.contains("Email\""), "{told}");
    assert_eq!(call(&sender, &account, "PushSubscription/get").await, "forbidden");
}

/// An event source outlives the request that opened it, but not the session.
#[tokio::test]
async fn an_event_source_tells_nothing_once_its_session_has_ended() {
    let world = world().await;
    let (open, other) = (world.bob().await, world.bob().await);
    let mut request = open.request(Method::GET, "/jmap/events?types=*&closeafter=no&ping=0", None);
    request.extensions_mut().insert(open.from);
    let response = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut events = response.into_body().into_data_stream();
    assert_eq!(other.delete("/api/sessions").await.status, StatusCode::NO_CONTENT);
    let account = other.get("/api/account").await.json["account_id"].clone();
    let create = json!({ "accountId": account, "create": { "a": { "name": "Secret plans" } } });
    let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
    let request = json!({ "using": using, "methodCalls": [["Mailbox/set", create, "0"]] });
    let made = other.post("/jmap/api", request).await;
    assert!(made.json["methodResponses"][0][1]["created"]["a"].is_object(), "{made:?}");
    let mut told = String::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), async {
        while let Some(Ok(octets)) = events.next().await {
            told.push_str(&String::from_utf8_lossy(&octets));
        }
    });
    assert!(ended.await.is_ok(), "it ends");
    assert!(!told.contains("event: state"), "{told}");
}
