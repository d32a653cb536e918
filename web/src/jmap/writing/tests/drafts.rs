//! New e-mails: what they come back as, and what is wrong with them.

use super::kit::house;
use serde_json::{Value, json};

#[tokio::test]
async fn a_draft_comes_back_as_it_was_set() {
    let house = house().await;
    let file = house.upload(&house.alice, b"%PDF-\0\xFF", "application/pdf").await;
    let id = house
        .draft(
            &house.alice,
            json!({
                "to": [{"name": "Zoë", "email": "zoe@crepes.fr"}, {"name": null, "email": "bob@hamburger.edu"}],
                "sentAt": "2026-11-21T05:17:44+01:00",
                "header:X-Mood": " good",
                "header:List-Post:asURLs": ["mailto:a@b.example"],
                "inReplyTo": ["1@crepes.fr"],
                "htmlBody": [{"partId": "h", "type": "text/html"}],
                "attachments": [{"blobId": file, "type": "application/pdf", "name": "crêpe.pdf"},
                    {"blobId": file, "type": "image/png", "cid": "cat@x", "disposition": "inline"}],
                "bodyValues": {"t": {"value": "Do you like it?\n-- \nAlice"}, "h": {"value": "<img src=\"cid:cat@x\">"}},
            }),
        )
        .await;
    let properties = json!([
        "to",
        "sentAt",
        "header:X-Mood",
        "header:List-Post:asURLs",
        "inReplyTo",
        "subject",
        "keywords",
        "messageId",
        "textBody",
        "htmlBody",
        "attachments",
        "bodyValues",
        "hasAttachment",
        "receivedAt"
    ]);
    let email = house.get(&house.alice, &id, properties).await;
    assert_eq!(
        email["to"],
        json!([{"name": "Zoë", "email": "zoe@crepes.fr"}, {"name": null, "email": "bob@hamburger.edu"}])
    );
    assert_eq!(email["sentAt"], "2026-11-21T05:17:44+01:00");
    assert_eq!((&email["header:X-Mood"], &email["inReplyTo"]), (&json!(" good"), &json!(["1@crepes.fr"])));
    assert_eq!(email["header:List-Post:asURLs"], json!(["mailto:a@b.example"]));
    assert_eq!(email["keywords"], json!({"$draft": true}));
    assert!(email["messageId"][0].as_str().unwrap().ends_with("@hamburger.edu"));
    let value = |list: &str| {
        let part = email[list][0]["partId"].as_str().unwrap();
        email["bodyValues"][part]["value"].clone()
    };
    assert_eq!(value("textBody"), "Do you like it?\n-- \nAlice");
    assert_eq!(value("htmlBody"), "<img src=\"cid:cat@x\">");
    let attached = email["attachments"].as_array().unwrap();
    let pdf = attached.iter().find(|part| part["type"] == "application/pdf").unwrap();
    assert_eq!(
        (&pdf["name"], &pdf["disposition"], &pdf["size"]),
        (&json!("crêpe.pdf"), &json!("attachment"), &json!(7))
    );
    assert_eq!(house.blob(&house.alice, pdf["blobId"].as_str().unwrap()).await.unwrap(), b"%PDF-\0\xFF");
    let cat = attached.iter().find(|part| part["type"] == "image/png").unwrap();
    assert_eq!((&cat["cid"], &cat["disposition"]), (&json!("cat@x"), &json!("inline")));
}

#[tokio::test]
async fn a_body_structure_is_built_as_it_is_given() {
    let house = house().await;
    let inbox = house.mailbox(&house.alice, "inbox").await;
    let inner = house.upload(&house.alice, b"Subject: inner\r\n\r\nhi\r\n", "message/rfc822").await;
    let email = json!({
        "mailboxIds": {inbox: true},
        "subject": "x",
        "receivedAt": "2020-01-01T00:00:00Z",
        "bodyStructure": {"type": "multipart/mixed", "subParts": [
            {"partId": "1", "type": "text/plain", "header:X-Part": " yes"},
            {"type": "multipart/alternative", "subParts": [{"partId": "2", "type": "text/html", "language": ["fr"]}]},
            {"blobId": inner, "type": "message/rfc822"},
        ]},
        "bodyValues": {"1": {"value": "a"}, "2": {"value": "<p>b"}},
    });
    let said = house.call(&house.alice, "Email/set", json!({"create": {"k": email}})).await;
    let made = &said["created"]["k"];
    assert!(made["blobId"].is_string() && made["threadId"].is_string() && made["size"].is_u64(), "{said}");
    let email =
        house.get(&house.alice, made["id"].as_str().unwrap(), json!(["bodyStructure", "receivedAt", "size"])).await;
    let parts = email["bodyStructure"]["subParts"].as_array().unwrap();
    let types: Vec<&str> = parts.iter().map(|part| part["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["text/plain", "multipart/alternative", "message/rfc822"]);
    assert_eq!((&email["receivedAt"], &email["size"]), (&json!("2020-01-01T00:00:00Z"), &made["size"]));
    let blob = parts[2]["blobId"].as_str().unwrap();
    assert_eq!(house.blob(&house.alice, blob).await.unwrap(), b"Subject: inner\r\n\r\nhi\r\n");
    let parsed = house
        .call(
            &house.alice,
            "Email/parse",
            json!({"blobIds": [blob, "E1", made["blobId"]],
        "properties": ["subject", "id", "receivedAt", "size"]}),
        )
        .await;
    assert_eq!(parsed["parsed"][blob], json!({"subject": "inner", "id": null, "receivedAt": null, "size": 22}));
    assert_eq!(parsed["notFound"], json!(["E1"]));
    assert_eq!(parsed["notParsable"], Value::Null);
}

/// E-mails that cannot be made, and the properties that are named for it.
fn wrong_properties(inbox: &str, theirs: &str) -> Vec<(Value, Value)> {
    let here = json!({inbox: true});
    vec![
        (json!({}), json!(["mailboxIds"])),
        (json!({"mailboxIds": {}}), json!(["mailboxIds"])),
        (json!({"mailboxIds": {theirs: true}}), json!(["mailboxIds"])),
        (json!({"mailboxIds": {inbox: false}}), json!(["mailboxIds"])),
        (json!({"mailboxIds": here, "keywords": {"a b": true}}), json!(["keywords"])),
        (json!({"mailboxIds": here, "id": "E1"}), json!(["id"])),
        (json!({"mailboxIds": here, "headers": []}), json!(["headers"])),
        (json!({"mailboxIds": here, "from": "a@b.c"}), json!(["from"])),
        (
            json!({"mailboxIds": here, "from": [], "header:From:asAddresses": []}),
            json!(["from", "header:From:asAddresses"]),
        ),
        (json!({"mailboxIds": here, "header:From:asDate": "x"}), json!(["header:From:asDate"])),
        (json!({"mailboxIds": here, "header:Content-Type": "text/plain"}), json!(["header:Content-Type"])),
        (json!({"mailboxIds": here, "receivedAt": "2020-01-01T00:00:00+01:00"}), json!(["receivedAt"])),
    ]
}

/// The same for their bodies.
fn wrong_bodies(inbox: &str) -> Vec<(Value, Value)> {
    let here = json!({inbox: true});
    let text = json!([{"partId": "1", "type": "text/plain"}]);
    let value = json!({"1": {"value": "a"}});
    vec![
        (json!({"mailboxIds": here, "textBody": text, "bodyValues": {}}), json!(["textBody"])),
        (json!({"mailboxIds": here, "textBody": [], "bodyValues": {}}), json!(["textBody"])),
        (
            json!({"mailboxIds": here, "textBody": [{"partId": "1", "type": "text/html"}], "bodyValues": value}),
            json!(["textBody"]),
        ),
        (json!({"mailboxIds": here, "htmlBody": text, "bodyValues": value}), json!(["htmlBody"])),
        (
            json!({"mailboxIds": here, "bodyStructure": {"partId": "1"}, "textBody": text, "bodyValues": value}),
            json!(["textBody"]),
        ),
        (
            json!({"mailboxIds": here, "subject": "a", "bodyStructure": {"partId": "1", "header:Subject": "b"}, "bodyValues": value}),
            json!(["bodyStructure"]),
        ),
        (
            json!({"mailboxIds": here, "bodyStructure": {"partId": "1", "blobId": "x"}, "bodyValues": value}),
            json!(["bodyStructure"]),
        ),
        (
            json!({"mailboxIds": here, "bodyStructure": {"partId": "1", "charset": "utf-8"}, "bodyValues": value}),
            json!(["bodyStructure"]),
        ),
        (
            json!({"mailboxIds": here, "bodyStructure": {"partId": "1", "size": 1}, "bodyValues": value}),
            json!(["bodyStructure"]),
        ),
        (
            json!({"mailboxIds": here, "bodyStructure": {"partId": "1", "headers": []}, "bodyValues": value}),
            json!(["bodyStructure"]),
        ),
        (
            json!({"mailboxIds": here, "bodyStructure": {"partId": "1", "header:Content-Transfer-Encoding": "7bit"}, "bodyValues": value}),
            json!(["bodyStructure"]),
        ),
        (
            json!({"mailboxIds": here, "textBody": text, "bodyValues": {"1": {"value": "a", "isTruncated": true}}}),
            json!(["bodyValues", "textBody"]),
        ),
        (json!({"mailboxIds": here, "subject": 1, "to": 2}), json!(["subject", "to"])),
    ]
}

#[tokio::test]
async fn what_is_wrong_with_a_new_email_is_named() {
    let house = house().await;
    let inbox = house.mailbox(&house.alice, "inbox").await;
    let theirs = house.mailbox(&house.bob, "inbox").await;
    for (email, wrong) in wrong_properties(&inbox, &theirs).into_iter().chain(wrong_bodies(&inbox)) {
        let said = house.call(&house.alice, "Email/set", json!({"create": {"k": email}})).await;
        let error = &said["notCreated"]["k"];
        assert_eq!((&error["type"], &error["properties"]), (&json!("invalidProperties"), &wrong), "{email} {said}");
        assert_eq!(said["oldState"], said["newState"], "nothing happened");
    }
}

#[tokio::test]
async fn blobs_that_are_not_there_are_named_and_sizes_have_limits() {
    let house = house().await;
    let inbox = house.mailbox(&house.alice, "inbox").await;
    let text = json!([{"partId": "1", "type": "text/plain"}]);
    let here = json!({inbox: true});
    let missing =
        json!({"mailboxIds": here, "attachments": [{"blobId": "U1-99"}, {"blobId": "nonsense"}, {"blobId": "U1-99"}]});
    let said = house.call(&house.alice, "Email/set", json!({"create": {"k": missing}})).await;
    assert_eq!(said["notCreated"]["k"]["type"], "blobNotFound");
    assert_eq!(said["notCreated"]["k"]["notFound"], json!(["U1-99", "nonsense"]));
    let theirs = house.upload(&house.bob, b"secret", "text/plain").await;
    let stolen = json!({"mailboxIds": here, "attachments": [{"blobId": theirs}]});
    let said = house.call(&house.alice, "Email/set", json!({"create": {"k": stolen}})).await;
    assert_eq!(said["notCreated"]["k"]["type"], "blobNotFound", "another account's");
    let large = json!({"mailboxIds": here, "textBody": text, "bodyValues": {"1": {"value": "x".repeat(2 << 20)}}});
    let said = house.call(&house.alice, "Email/set", json!({"create": {"k": large}})).await;
    assert_eq!(said["notCreated"]["k"]["type"], "tooLarge");
}
