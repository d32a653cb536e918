//! The administration: by whom, and that it does what the command line does.

use super::*;
use serde_json::json;

#[tokio::test]
async fn only_who_looks_after_the_house_may() {
    let world = world().await;
    let bob = world.bob().await;
    for (method, path) in super::super::table().listed {
        if !path.starts_with("/api/admin/") {
            continue;
        }
        let path = path.replace("{address}", "bob@hamburger.edu").replace("{domain}", "hamburger.edu");
        let path = path.replace("{queue_id}", "06G2V0J9QTXXA");
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let answer = bob.ask(method, &path, Some(json!({}))).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::FORBIDDEN, "not-allowed"), "{path}");
    }
    assert_eq!(bob.get("/api/session").await.json["user"]["admin"], false);
    assert_eq!(world.alice().await.get("/api/session").await.json["user"]["admin"], true, "by the alias postmaster");
}

#[tokio::test]
async fn accounts_are_made_changed_and_removed() {
    let world = world().await;
    let alice = world.alice().await;
    let made = alice
        .post("/api/admin/accounts", json!({ "address": "carol@hamburger.edu", "password": "short", "quota": 1000 }))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(made.json["command"], "pillarbox account add carol@hamburger.edu --quota 1000");
    assert!(made.json["notes"][0].as_str().unwrap().contains("easily guessed"));
    let twice = alice.post("/api/admin/accounts", json!({ "address": "carol@hamburger.edu" })).await;
    assert_eq!(twice.problem(), "conflict");
    let carol = world.logged_in("carol", "short").await;
    let changed =
        alice.put("/api/admin/accounts/carol@hamburger.edu", json!({ "quota": null, "pop_delete": "archive" })).await;
    assert_eq!(changed.json["command"], "pillarbox account set carol@hamburger.edu --quota none --pop-delete archive");
    let shown = alice.get("/api/admin/accounts/carol@hamburger.edu").await.json["account"].clone();
    assert_eq!(
        (&shown["quota"], &shown["pop_delete"], &shown["has_password"]),
        (&Value::Null, &json!("archive"), &json!(true))
    );
    let unchanged = alice.put("/api/admin/accounts/carol@hamburger.edu", json!({ "pop_delete": "remove" })).await;
    assert_eq!(unchanged.status, StatusCode::OK);
    let set =
        alice.put("/api/admin/accounts/carol@hamburger.edu/password", json!({ "password": "longer-than-that" })).await;
    assert_eq!(set.status, StatusCode::OK);
    assert_eq!(carol.get("/api/account").await.status, StatusCode::UNAUTHORIZED, "her sessions have ended");
    assert_eq!(
        alice.get("/api/admin/accounts?domain=hamburger.edu").await.json["accounts"].as_array().unwrap().len(),
        3
    );
    assert_eq!(alice.get("/api/admin/accounts?domain=crepes.fr").await.problem(), "not-found");
    assert_eq!(alice.get("/api/admin/accounts?nonsense=1").await.problem(), "invalid");
    assert_eq!(alice.delete("/api/admin/accounts/carol@hamburger.edu").await.status, StatusCode::OK);
    assert_eq!(alice.delete("/api/admin/accounts/carol@hamburger.edu").await.problem(), "not-found");
    assert_eq!(alice.delete("/api/admin/accounts/nonsense").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn domains_and_aliases_are_made_and_removed() {
    let world = world().await;
    let alice = world.alice().await;
    let made = alice.post("/api/admin/domains", json!({ "domain": "crepes.fr" })).await;
    assert_eq!((made.status, &made.json["command"]), (StatusCode::CREATED, &json!("pillarbox domain add crepes.fr")));
    let listed = alice.get("/api/admin/domains").await.json;
    let sources: Vec<&Value> = listed["domains"].as_array().unwrap().iter().map(|line| &line["source"]).collect();
    assert_eq!(sources, ["store", "file"]);
    let alias = json!({ "address": "*@crepes.fr", "members": ["bob@hamburger.edu"] });
    let made = alice.post("/api/admin/aliases", alias.clone()).await;
    assert_eq!(made.json["command"], "pillarbox alias add '*@crepes.fr' bob@hamburger.edu");
    assert_eq!(alice.post("/api/admin/aliases", json!({ "address": "a@crepes.fr" })).await.problem(), "invalid");
    let moved = json!({ "address": "dan@crepes.fr", "moved": "dan@example.org" });
    assert_eq!(alice.post("/api/admin/aliases", moved.clone()).await.status, StatusCode::CREATED);
    let listed = alice.get("/api/admin/aliases?domain=crepes.fr").await.json;
    assert_eq!(listed["aliases"], json!([alias, moved]));
    assert_eq!(alice.delete("/api/admin/domains/crepes.fr").await.problem(), "invalid", "aliases live there");
    for name in ["*@crepes.fr", "dan@crepes.fr"] {
        assert_eq!(alice.delete(&format!("/api/admin/aliases/{name}")).await.status, StatusCode::OK);
    }
    assert_eq!(alice.delete("/api/admin/domains/crepes.fr").await.status, StatusCode::OK);
    assert_eq!(alice.delete("/api/admin/domains/hamburger.edu").await.problem(), "conflict", "the file has it");
}

#[tokio::test]
async fn the_queue_is_listed_and_moved() {
    let world = world().await;
    let alice = world.alice().await;
    let empty = alice.get("/api/admin/queue").await;
    assert_eq!((&empty.json["rows"], &empty.json["command"]), (&json!([]), &json!("pillarbox queue list --limit 100")));
    assert_eq!(alice.get("/api/admin/queue?queue_id=x").await.problem(), "invalid");
    assert_eq!(alice.get("/api/admin/queue/06G2V0J9QTXXA").await.problem(), "not-found");
    let change = |which: Value, change: &str| json!({ "which": which, "change": change });
    let answer = alice.post("/api/admin/queue/change", change(json!({}), "remove")).await;
    assert_eq!(answer.problem(), "invalid", "everything only where everything is said");
    let mut all = change(json!({}), "retry");
    all["all"] = json!(true);
    assert_eq!(alice.post("/api/admin/queue/change", all).await.problem(), "not-found", "nothing waits");
    let mut reroute = change(json!({ "host": "crepes.fr" }), "reroute");
    reroute["route"] = json!("not a host");
    assert_eq!(alice.post("/api/admin/queue/change", reroute).await.problem(), "invalid");
    assert_eq!(alice.get("/api/admin/trace?what=bob").await.problem(), "not-found");
    assert_eq!(alice.get("/api/admin/trace").await.problem(), "invalid");
}

#[tokio::test]
async fn the_house_is_shown_at_work() {
    let world = world().await;
    let alice = world.alice().await;
    let status = alice.get("/api/admin/status").await.json;
    assert_eq!((&status["hostname"], &status["figures"]["accounts"]), (&json!(HOST), &json!(2)));
    let connections = alice.get("/api/admin/connections").await.json;
    assert_eq!(
        connections["connections"],
        json!([{ "id": 7, "listener": "imaps", "client": "192.0.2.9:4711", "since": START.0,
            "user": "bob@hamburger.edu", "tls": "TLS1.3 TLS_AES_128_GCM_SHA256" }])
    );
    world.web.note_figures().await;
    world.pass(crate::FIGURES_EVERY);
    world.web.note_figures().await;
    let figures = alice.get("/api/admin/figures").await.json;
    assert_eq!((&figures["step_ms"], &figures["points"][0]["queue"]), (&json!(60_000), &json!(0)));
    assert_eq!(figures["points"][0]["at"], START.0 + 60_000);
    assert_eq!(alice.get("/api/admin/figures?span=day").await.json["step_ms"], 300_000);
    assert_eq!(alice.get("/api/admin/figures?span=year").await.problem(), "invalid");
}
