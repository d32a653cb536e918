//! What every answer carries, and the description of the API.

use super::*;
use std::collections::BTreeSet;

#[tokio::test]
async fn every_answer_keeps_browsers_from_what_was_not_meant() {
    let world = world().await;
    let alice = world.alice().await;
    for path in [
        "/",
        "/login",
        "/api/session",
        "/api/openapi.json",
        "/api/account",
        "/jmap/session",
        "/nothing",
        "/.well-known/change-password",
        "/mail/config-v1.1.xml",
        "/robots.txt",
    ] {
        let answer = alice.get(path).await;
        let policy = answer.field("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-"), "{path}: {policy}");
        assert_eq!(answer.field("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.field("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.field("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.field("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.field("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(answer.field("permissions-policy").contains("camera=()"), "{path}");
        assert_eq!(answer.field("strict-transport-security"), "max-age=31536000", "{path}");
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
    }
    assert_eq!(alice.get("/api/account").await.field("cache-control"), "no-store");
    let plain = Connection { client: "127.0.0.1:9".parse().unwrap(), secure: false };
    let answer = Browser { from: plain, ..world.browser() }.get("/api/session").await;
    assert_eq!(answer.field("strict-transport-security"), "", "RFC 6797 §7.2");
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let listed: BTreeSet<(String, String)> =
        super::super::table().listed.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    let described = super::super::openapi::described();
    assert_eq!(listed, described);
    assert!(listed.len() > 30);
}

#[tokio::test]
async fn the_description_is_openapi_and_leads_somewhere() {
    let world = world().await;
    let description = world.browser().get("/api/openapi.json").await.json;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"), "{}", description["openapi"]);
    let text = description.to_string();
    let refs: BTreeSet<&str> = text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(refs.len() > 20);
    let refused = &description["paths"]["/api/account"]["get"]["responses"]["429"]["content"];
    assert!(refused["application/problem+json"]["schema"]["$ref"].is_string(), "{refused}");
    for reference in refs {
        assert!(description.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

/// Without a login nothing below these is told, whatever the method.
#[tokio::test]
async fn every_route_of_an_account_asks_who_it_is() {
    let world = world().await;
    let browser = world.browser();
    for (method, path) in super::super::table().listed {
        let open =
            ["/api/openapi.json", "/api/session", "/api/login", "/api/login/passkey", "/api/login/passkey/begin"];
        if open.contains(&path) {
            continue;
        }
        let path =
            path.replace("{id}", "1").replace("{address}", "bob@hamburger.edu").replace("{domain}", "hamburger.edu");
        let path = path.replace("{queue_id}", "06G2V0J9QTXXA");
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let answer = browser.ask(method, &path, Some(serde_json::json!({}))).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "not-logged-in"), "{path}");
    }
}
