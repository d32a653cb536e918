//! E-mails changed, imported and copied; states and creation ids.

use super::kit::{account, house};
use serde_json::{Value, json};

#[tokio::test]
async fn keywords_and_mailboxes_change_by_patches_and_as_a_whole() {
    let house = house().await;
    let alice = &house.alice;
    let id = house.draft(alice, json!({})).await;
    let (drafts, trash) = (house.mailbox(alice, "drafts").await, house.mailbox(alice, "trash").await);
    let set = async |patch: Value| house.call(alice, "Email/set", json!({"update": {id.clone(): patch}})).await;
    let look = async || house.get(alice, &id, json!(["keywords", "mailboxIds"])).await;
    let said = set(json!({"keywords/$seen": true, "keywords/Work": true, "keywords/$draft": null})).await;
    assert_eq!(said["updated"], json!({id.clone(): null}), "{said}");
    assert_ne!(said["oldState"], said["newState"]);
    assert_eq!(look().await["keywords"], json!({"$seen": true, "work": true}));
    set(json!({"keywords": {"$flagged": true}})).await;
    assert_eq!(look().await["keywords"], json!({"$flagged": true}));
    let trash_path = format!("mailboxIds/{trash}");
    set(json!({trash_path.clone(): true})).await;
    assert_eq!(look().await["mailboxIds"], json!({drafts.clone(): true, trash.clone(): true}));
    set(json!({"mailboxIds": {trash.clone(): true}})).await;
    assert_eq!(look().await["mailboxIds"], json!({trash.clone(): true}));
    for (patch, kind) in [
        (json!({trash_path: null}), "invalidProperties"),
        (json!({"mailboxIds": {}}), "invalidProperties"),
        (json!({"mailboxIds/F999": true}), "invalidProperties"),
        (json!({"keywords/$seen": false}), "invalidProperties"),
        (json!({"keywords/a b": true}), "invalidProperties"),
        (json!({"keywords": {}, "keywords/$seen": true}), "invalidPatch"),
        (json!({"subject": "new"}), "invalidProperties"),
        (json!({"to/0": null}), "invalidPatch"),
    ] {
        let said = set(patch.clone()).await;
        assert_eq!(said["notUpdated"][&id]["type"], kind, "{patch} {said}");
    }
    assert_eq!(look().await["mailboxIds"], json!({trash: true}), "what was refused changed nothing");
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_states_are_kept() {
    let house = house().await;
    let alice = &house.alice;
    let id = house.draft(alice, json!({})).await;
    let bobs = house.draft(&house.bob, json!({})).await;
    let said = house.call(alice, "Email/set", json!({"update": {"E7": {}}, "destroy": [bobs, "nonsense"]})).await;
    assert_eq!(said["notUpdated"].as_object().unwrap().len(), 1);
    assert_eq!(said["notDestroyed"].as_object().unwrap().len(), 2);
    let old = said["oldState"].clone();
    assert_eq!(said["newState"], old);
    let said = house.call(alice, "Email/set", json!({"ifInState": "1", "destroy": [id]})).await;
    assert_eq!(said["type"], "stateMismatch");
    let said = house
        .call(
            alice,
            "Email/set",
            json!({"ifInState": old, "update": {id.clone(): {"keywords/$seen": true}}, "destroy": [id]}),
        )
        .await;
    assert_eq!(said["notUpdated"][&id]["type"], "willDestroy", "{said}");
    assert_eq!(said["destroyed"], json!([id]));
    let since = said["oldState"].clone();
    let changes = house.call(alice, "Email/changes", json!({"sinceState": since})).await;
    assert_eq!((&changes["destroyed"], &changes["newState"]), (&json!([id]), &said["newState"]));
}

#[tokio::test]
async fn creation_ids_lead_from_call_to_call() {
    let house = house().await;
    let alice = &house.alice;
    let calls = json!([
        ["Mailbox/set", {"accountId": account(alice), "create": {"m": {"name": "New"}}}, "0"],
        ["Email/set", {"accountId": account(alice), "create": {"e": {"mailboxIds": {"#m": true}, "subject": "x"}},
            "update": {"#e": {"keywords/$seen": true}}}, "1"],
        ["Email/get", {"accountId": account(alice), "ids": ["#e"], "properties": ["keywords", "mailboxIds"]}, "2"],
    ]);
    let said = house.ask(alice, calls).await;
    let mailbox = said[0][1]["created"]["m"]["id"].as_str().unwrap();
    let email = said[1][1]["created"]["e"]["id"].as_str().unwrap();
    assert_eq!(said[1][1]["updated"], json!({email: null}), "{said:?}");
    assert_eq!(said[2][1]["list"][0], json!({"id": email, "keywords": {"$seen": true}, "mailboxIds": {mailbox: true}}));
}

#[tokio::test]
async fn messages_are_imported_as_they_are() {
    let house = house().await;
    let alice = &house.alice;
    let inbox = house.mailbox(alice, "inbox").await;
    let message = b"Received: by a.example; Wed, 1 Jan 2025 10:00:00 +0000\r\nSubject: old\r\n\r\nbody\r\n";
    let blob = house.upload(alice, message, "message/rfc822").await;
    let none = house.upload(alice, b"no header here", "text/plain").await;
    let import = |blob: &str| json!({"blobId": blob, "mailboxIds": {inbox.clone(): true}, "keywords": {"$seen": true}});
    let mut wrong = import(&blob);
    wrong["mailboxIds"] = json!({});
    let emails =
        json!({"a": import(&blob), "b": import("U1-99"), "c": import(&none), "d": wrong, "e": {"blobId": blob}});
    let said = house.call(alice, "Email/import", json!({"emails": emails})).await;
    let made = &said["created"]["a"];
    assert_eq!(made["size"], json!(message.len()), "{said}");
    assert_eq!(house.blob(alice, made["blobId"].as_str().unwrap()).await.unwrap(), message);
    let email = house.get(alice, made["id"].as_str().unwrap(), json!(["receivedAt", "subject"])).await;
    assert_eq!((&email["receivedAt"], &email["subject"]), (&json!("2025-01-01T10:00:00Z"), &json!("old")));
    assert_eq!(said["notCreated"]["b"]["properties"], json!(["blobId"]));
    assert_eq!(said["notCreated"]["c"]["type"], "invalidEmail");
    assert_eq!(said["notCreated"]["d"]["properties"], json!(["mailboxIds"]));
    assert_eq!(said["notCreated"]["e"]["properties"], json!(["mailboxIds"]));
    let said = house.call(alice, "Email/import", json!({"ifInState": "0", "emails": {}})).await;
    assert_eq!(said["type"], "stateMismatch");
}

#[tokio::test]
async fn copies_go_between_accounts_that_one_may_see() {
    let house = house().await;
    let alice = &house.alice;
    let copy =
        |from: &str, to: &str| json!([["Email/copy", {"fromAccountId": from, "accountId": to, "create": {}}, "0"]]);
    let (own, other) = (account(alice), account(&house.bob));
    assert_eq!(house.ask(alice, copy(&own, &other)).await[0][1]["type"], "accountNotFound");
    assert_eq!(house.ask(alice, copy(&other, &own)).await[0][1]["type"], "fromAccountNotFound");
    assert_eq!(house.ask(alice, copy(&own, &own)).await[0][1]["type"], "invalidArguments");
}

/// Each method of the writing half with the account of another, and with an argument that it does not have.
#[tokio::test]
async fn nobody_reaches_into_the_account_of_another() {
    let house = house().await;
    let other = account(&house.bob);
    for (method, needed) in [
        ("Email/set", json!({})),
        ("Email/import", json!({"emails": {}})),
        ("Email/parse", json!({"blobIds": []})),
        ("Identity/get", json!({})),
        ("Identity/changes", json!({"sinceState": "0"})),
        ("Identity/set", json!({})),
        ("EmailSubmission/get", json!({})),
        ("EmailSubmission/changes", json!({"sinceState": "0"})),
        ("EmailSubmission/query", json!({})),
        ("EmailSubmission/queryChanges", json!({"sinceQueryState": "0"})),
        ("EmailSubmission/set", json!({})),
        ("VacationResponse/get", json!({})),
        ("VacationResponse/set", json!({})),
        ("MDN/send", json!({"identityId": "I1", "send": {}})),
        ("MDN/parse", json!({"blobIds": []})),
    ] {
        let mut theirs = needed.clone();
        theirs["accountId"] = json!(other);
        let said = house.ask(&house.alice, json!([[method, theirs, "0"]])).await;
        assert_eq!(said[0][1]["type"], "accountNotFound", "{method}");
        let mut strange = needed;
        strange["surprise"] = json!(1);
        let said = house.call(&house.alice, method, strange).await;
        assert_eq!(said["type"], "invalidArguments", "{method}");
    }
}

#[tokio::test]
async fn changes_of_several_clients_meet() {
    let house = std::sync::Arc::new(house().await);
    let id = house.draft(&house.alice, json!({})).await;
    let turn = async |keyword: String| {
        let path = format!("keywords/{keyword}");
        let said = house.call(&house.alice, "Email/set", json!({"update": {id.clone(): {path: true}}})).await;
        assert!(said["updated"].is_object(), "{said}");
    };
    let turns = (0..8).map(|number| turn(format!("k{number}")));
    futures_util::future::join_all(turns).await;
    let email = house.get(&house.alice, &id, json!(["keywords"])).await;
    assert_eq!(email["keywords"].as_object().unwrap().len(), 9, "all of them, and the draft");
}
