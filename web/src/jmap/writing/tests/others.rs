//! Identities, answers while away, receipts, blobs.

use super::kit::{House, house};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

#[tokio::test]
async fn identities_are_made_and_may_be_added_to() {
    let house = house().await;
    let alice = &house.alice;
    let all = house.call(alice, "Identity/get", json!({"ids": null})).await;
    assert_eq!(all["list"].as_array().unwrap().len(), 1, "{all}");
    let own = all["list"][0]["id"].as_str().unwrap();
    assert_eq!(
        (&all["list"][0]["email"], &all["list"][0]["mayDelete"]),
        (&json!("alice@hamburger.edu"), &json!(false))
    );
    let set = json!({
        "create": {
            "tag": {"email": "alice+list@hamburger.edu", "name": "Lists", "textSignature": "-- \nA"},
            "other": {"email": "bob@hamburger.edu"},
            "none": {"name": "x"},
            "form": {"email": "alice@hamburger.edu", "bcc": "x", "mayDelete": true},
        },
        "update": {own: {"name": "Alice", "replyTo": [{"name": null, "email": "a@b.example"}]}},
        "destroy": [own],
    });
    let said = house.call(alice, "Identity/set", set).await;
    let made = said["created"]["tag"]["id"].as_str().unwrap_or_else(|| panic!("{said}"));
    assert_eq!(said["notCreated"]["other"]["type"], "forbiddenFrom");
    assert_eq!(said["notCreated"]["none"]["properties"], json!(["email"]));
    assert_eq!(said["notCreated"]["form"]["properties"].as_array().unwrap().len(), 2);
    assert_eq!(said["notUpdated"][own]["type"], "willDestroy");
    assert_eq!(said["notDestroyed"][own]["type"], "forbidden");
    let said = house
        .call(alice, "Identity/set", json!({"update": {own: {"name": "Alice"}, made: {"email": "x@y.example"}}}))
        .await;
    assert_eq!((&said["updated"], &said["notUpdated"][made]["properties"]), (&json!({own: null}), &json!(["email"])));
    let changes = house.call(alice, "Identity/changes", json!({"sinceState": all["state"]})).await;
    assert_eq!((&changes["created"], &changes["updated"]), (&json!([made]), &json!([own])));
    let again = house.call(alice, "Identity/get", json!({"ids": [own, "I99"], "properties": ["name"]})).await;
    assert_eq!((&again["list"], &again["notFound"]), (&json!([{"id": own, "name": "Alice"}]), &json!(["I99"])));
    let bobs = house.call(&house.bob, "Identity/set", json!({"destroy": [made]})).await;
    assert_eq!(bobs["notDestroyed"][made]["type"], "notFound", "another account's");
}

async fn write_to_alice(house: &House, more: Value) {
    let identity = house.identity(&house.bob).await;
    let mut email = json!({"to": [{"name": null, "email": "alice@hamburger.edu"}]});
    email.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let email = house.draft(&house.bob, email).await;
    let envelope = json!({"mailFrom": {"email": "bob@hamburger.edu"}, "rcptTo": [{"email": "alice@hamburger.edu"}]});
    let said = house
        .call(
            &house.bob,
            "EmailSubmission/set",
            json!({"create": {"s": {"identityId": identity, "emailId": email, "envelope": envelope}}}),
        )
        .await;
    assert!(said["created"]["s"].is_object(), "{said}");
    house.dispatch().await;
}

#[tokio::test]
async fn who_is_away_has_people_answered_once_and_machines_never() {
    let house = house().await;
    let off = house.call(&house.alice, "VacationResponse/get", json!({"ids": null})).await;
    assert_eq!((&off["list"][0]["id"], &off["list"][0]["isEnabled"]), (&json!("singleton"), &json!(false)));
    write_to_alice(&house, json!({})).await;
    assert!(house.inbox(&house.bob).await.is_empty(), "she is here");
    let away = json!({"isEnabled": true, "toDate": "2027-02-01T00:00:00Z", "textBody": "Je suis à la plage."});
    let said = house.call(&house.alice, "VacationResponse/set", json!({"update": {"singleton": away}})).await;
    assert_eq!(said["updated"], json!({"singleton": null}), "{said}");
    write_to_alice(&house, json!({"header:List-Id": " <food.example>"})).await;
    write_to_alice(&house, json!({"header:Auto-Submitted": " auto-generated"})).await;
    write_to_alice(&house, json!({"header:Precedence": " bulk"})).await;
    write_to_alice(&house, json!({"to": [{"name": null, "email": "others@crepes.fr"}]})).await;
    assert!(house.inbox(&house.bob).await.is_empty(), "no person asked her");
    write_to_alice(&house, json!({"subject": "Lunch?"})).await;
    write_to_alice(&house, json!({"subject": "Lunch!"})).await;
    let inbox = house.inbox(&house.bob).await;
    assert_eq!(inbox.len(), 1, "once");
    let answer = house
        .get(
            &house.bob,
            &inbox[0],
            json!([
                "subject",
                "from",
                "inReplyTo",
                "header:Auto-Submitted",
                "header:Return-Path",
                "bodyValues",
                "textBody"
            ]),
        )
        .await;
    assert_eq!(
        (&answer["subject"], &answer["from"][0]["email"]),
        (&json!("Auto: Lunch?"), &json!("alice@hamburger.edu"))
    );
    assert_eq!(answer["header:Auto-Submitted"], " auto-replied");
    assert_eq!(answer["header:Return-Path"], " <>");
    assert!(answer["inReplyTo"][0].is_string());
    let part = answer["textBody"][0]["partId"].as_str().unwrap();
    assert_eq!(answer["bodyValues"][part]["value"], "Je suis à la plage.");
    house.pass_s(8 * 24 * 60 * 60);
    house.dispatch().await;
    write_to_alice(&house, json!({})).await;
    assert_eq!(house.inbox(&house.bob).await.len(), 2, "again after a week");
    house.pass_s(60 * 24 * 60 * 60);
    house.dispatch().await;
    write_to_alice(&house, json!({})).await;
    assert_eq!(house.inbox(&house.bob).await.len(), 2, "she is back");
}

#[tokio::test]
async fn the_answer_while_away_is_one_object() {
    let house = house().await;
    let set = json!({"create": {"k": {}}, "destroy": ["singleton", "x"], "update": {"other": {}, "singleton": {"subject": 5, "toDate": "soon"}}});
    let said = house.call(&house.alice, "VacationResponse/set", set).await;
    assert_eq!(said["notCreated"]["k"]["type"], "singleton");
    assert_eq!(said["notDestroyed"]["singleton"]["type"], "singleton");
    assert_eq!(said["notDestroyed"]["x"]["type"], "notFound");
    assert_eq!(said["notUpdated"]["other"]["type"], "notFound");
    assert_eq!(said["notUpdated"]["singleton"]["properties"], json!(["toDate", "subject"]));
    let long = "x".repeat(office::vacation::BODY_OCTETS_MAX);
    let fits =
        house.call(&house.alice, "VacationResponse/set", json!({"update": {"singleton": {"textBody": long}}})).await;
    assert!(fits["updated"].is_object(), "{fits}");
    let past = house
        .call(&house.alice, "VacationResponse/set", json!({"update": {"singleton": {"textBody": format!("{long}x")}}}))
        .await;
    assert_eq!(past["notUpdated"]["singleton"]["properties"], json!(["textBody"]), "one past it");
}

#[tokio::test]
async fn receipts_are_sent_once_to_who_asked() {
    let house = house().await;
    write_to_alice(&house, json!({"header:Disposition-Notification-To:asText": "bob@hamburger.edu"})).await;
    write_to_alice(&house, json!({"subject": "No receipt"})).await;
    let alice = &house.alice;
    let inbox = house.inbox(alice).await;
    let mut asked = String::new();
    let mut not_asked = String::new();
    for id in inbox {
        let subject = house.get(alice, &id, json!(["subject"])).await["subject"].clone();
        if subject == "Ketchup?" { asked = id } else { not_asked = id }
    }
    let identity = house.identity(alice).await;
    let disposition = json!({"actionMode": "manual-action", "sendingMode": "mdn-sent-manually", "type": "displayed"});
    let send = |email: &str, mark: bool| {
        json!([["MDN/send", {
        "accountId": super::kit::account(alice), "identityId": identity,
        "send": {"k": {"forEmailId": email, "disposition": disposition, "textBody": "Seen."}},
        "onSuccessUpdateEmail": {"#k": if mark { json!({"keywords/$mdnsent": true}) } else { json!({}) }},
    }, "0"]])
    };
    assert_eq!(house.ask(alice, send(&asked, false)).await[0][1]["type"], "invalidArguments");
    let said = house.ask(alice, send(&not_asked, true)).await;
    assert_eq!(said[0][1]["notSent"]["k"]["type"], "notFound");
    let said = house.ask(alice, send(&asked, true)).await;
    assert_eq!(said[0][1]["sent"]["k"]["finalRecipient"], "rfc822; alice@hamburger.edu", "{said:?}");
    assert_eq!(said[1][1]["updated"], json!({asked.clone(): null}));
    let said = house.ask(alice, send(&asked, true)).await;
    assert_eq!(said[0][1]["notSent"]["k"]["type"], "mdnAlreadySent");
    let inbox = house.inbox(&house.bob).await;
    assert_eq!(inbox.len(), 1);
    let blob = house.get(&house.bob, &inbox[0], json!(["blobId"])).await["blobId"].as_str().unwrap().to_owned();
    let parsed = house.call(&house.bob, "MDN/parse", json!({"blobIds": [blob, "U1-9"]})).await;
    let mdn = &parsed["parsed"][&blob];
    assert_eq!((&mdn["disposition"], &mdn["textBody"]), (&disposition, &json!("Seen.\n")), "{parsed}");
    assert_eq!((&mdn["subject"], &parsed["notFound"]), (&json!("Read: Ketchup?"), &json!(["U1-9"])));
    let own = house.draft(&house.bob, json!({})).await;
    let parsed = house.call(&house.bob, "MDN/parse", json!({"blobIds": [own]})).await;
    assert_eq!(parsed["notParsable"], json!([own]));
}

#[tokio::test]
async fn blobs_go_up_and_come_down() {
    let house = house().await;
    house.set_passwords().await;
    let alice = &house.alice;
    let account = super::kit::account(alice);
    let upload = |account: &str, body: Vec<u8>| {
        Request::post(format!("/jmap/upload/{account}/"))
            .header("content-type", "image/png; x=y")
            .body(Body::from(body))
            .unwrap()
    };
    let octets: Vec<u8> = (0..100_000_u32).map(|number| (number % 251) as u8).collect();
    let (status, _, said) = house.http(alice, upload(&account, octets.clone())).await;
    let said: Value = serde_json::from_slice(&said).unwrap();
    assert_eq!((status, &said["type"], &said["size"]), (201, &json!("image/png"), &json!(100_000)), "{said}");
    let blob = said["blobId"].as_str().unwrap();
    assert_eq!(house.http(alice, upload(&super::kit::account(&house.bob), vec![1])).await.0, 404, "another account's");
    let get = |account: &str, blob: &str, range: Option<&str>| {
        let request = Request::get(format!("/jmap/download/{account}/{blob}/a%20%22b%22.png?type=text/html"));
        let request = if let Some(range) = range { request.header("range", range) } else { request };
        request.body(Body::empty()).unwrap()
    };
    let (status, headers, body) = house.http(alice, get(&account, blob, None)).await;
    assert_eq!((status, body == octets), (200, true));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"a _b_.png\""));
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
    let (status, headers, body) = house.http(alice, get(&account, blob, Some("bytes=99999-"))).await;
    assert_eq!((status, body.as_slice()), (206, &octets[99_999..]));
    assert_eq!(headers["content-range"], "bytes 99999-99999/100000");
    assert_eq!(house.http(alice, get(&account, blob, Some("bytes=100000-"))).await.0, 416, "one past it");
    assert_eq!(house.http(&house.bob, get(&account, blob, None)).await.0, 404, "not bob's");
    assert_eq!(house.http(alice, get(&account, "U1-99", None)).await.0, 404);
    let copy =
        |from: &str, to: &str| json!([["Blob/copy", {"fromAccountId": from, "accountId": to, "blobIds": [blob]}, "0"]]);
    let bobs = super::kit::account(&house.bob);
    assert_eq!(house.ask(alice, copy(&account, &account)).await[0][1]["type"], "invalidArguments");
    assert_eq!(house.ask(alice, copy(&bobs, &account)).await[0][1]["type"], "fromAccountNotFound");
    assert_eq!(house.ask(alice, copy(&account, &bobs)).await[0][1]["type"], "accountNotFound");
    let most = usize::try_from(crate::jmap::limits::UPLOAD_OCTETS_MAX).unwrap();
    assert_eq!(house.http(alice, upload(&account, vec![0; most])).await.0, 201);
    assert_eq!(house.http(alice, upload(&account, vec![0; most + 1])).await.0, 413, "one past it");
}
