//! Submissions: at once, held, held back, refused.

use super::kit::{House, house};
use serde_json::{Value, json};

const HELD: &str = "60";

async fn submit(house: &House, email: &str, envelope: Value, more: Value) -> Vec<Value> {
    let identity = house.identity(&house.alice).await;
    let mut arguments = json!({
        "accountId": super::kit::account(&house.alice),
        "create": {"s": {"identityId": identity, "emailId": email, "envelope": envelope}},
    });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.ask(&house.alice, json!([["EmailSubmission/set", arguments, "0"]])).await
}

fn envelope(to: &[&str], hold: Option<&str>) -> Value {
    let parameters = hold.map(|seconds| json!({"HOLDFOR": seconds}));
    let to: Vec<Value> = to.iter().map(|email| json!({"email": email})).collect();
    json!({"mailFrom": {"email": "alice@hamburger.edu", "parameters": parameters}, "rcptTo": to})
}

async fn draft(house: &House) -> String {
    house
        .draft(
            &house.alice,
            json!({
                "to": [{"name": "Bob", "email": "bob@hamburger.edu"}],
                "bcc": [{"name": null, "email": "secret@crepes.fr"}],
            }),
        )
        .await
}

async fn status(house: &House, id: &str) -> Value {
    house.call(&house.alice, "EmailSubmission/get", json!({"ids": [id]})).await["list"][0].clone()
}

#[tokio::test]
async fn a_message_leaves_at_once_and_the_draft_moves_to_sent() {
    let house = house().await;
    let email = draft(&house).await;
    let (drafts, sent) = (house.mailbox(&house.alice, "drafts").await, house.mailbox(&house.alice, "sent").await);
    let moved = json!({"#s": {format!("mailboxIds/{drafts}"): null, format!("mailboxIds/{sent}"): true, "keywords/$draft": null}});
    let said = submit(&house, &email, Value::Null, json!({"onSuccessUpdateEmail": moved})).await;
    let made = &said[0][1]["created"]["s"];
    assert_eq!(made["undoStatus"], "final", "{said:?}");
    assert_eq!((&said[1][0], &said[1][1]["updated"]), (&json!("Email/set"), &json!({email.clone(): null})));
    assert_eq!(house.get(&house.alice, &email, json!(["mailboxIds"])).await["mailboxIds"], json!({sent: true}));
    // Bob has it, and does not see who else does.
    let inbox = house.inbox(&house.bob).await;
    let got = house.get(&house.bob, &inbox[0], json!(["subject", "bcc", "from", "header:Received"])).await;
    assert_eq!((&got["subject"], &got["bcc"]), (&json!("Ketchup?"), &Value::Null));
    assert!(got["header:Received"].as_str().unwrap().contains("mx.hamburger.edu"));
    let id = made["id"].as_str().unwrap();
    let submission = status(&house, id).await;
    assert_eq!(submission["emailId"], json!(email));
    assert_eq!(submission["deliveryStatus"]["bob@hamburger.edu"]["delivered"], "yes", "{submission}");
    assert_eq!(submission["deliveryStatus"]["secret@crepes.fr"]["delivered"], "queued");
    let undone =
        house.call(&house.alice, "EmailSubmission/set", json!({"update": {id: {"undoStatus": "canceled"}}})).await;
    assert_eq!(undone["notUpdated"][id]["type"], "cannotUnsend");
    let gone = house.call(&house.alice, "EmailSubmission/set", json!({"destroy": [id]})).await;
    assert_eq!(gone["destroyed"], json!([id]));
}

#[tokio::test]
async fn what_is_held_leaves_at_its_time_whatever_becomes_of_the_draft() {
    let house = house().await;
    let email = draft(&house).await;
    let said =
        submit(&house, &email, envelope(&["bob@hamburger.edu"], Some(HELD)), json!({"onSuccessDestroyEmail": ["#s"]}))
            .await;
    let made = said[0][1]["created"]["s"].clone();
    assert_eq!((&made["undoStatus"], &made["sendAt"]), (&json!("pending"), &json!("2027-01-15T08:01:00Z")), "{said:?}");
    assert_eq!(said[1][1]["destroyed"], json!([email]));
    assert!(house.dispatch().await.is_some(), "it waits");
    house.pass_s(59);
    house.dispatch().await;
    assert!(house.inbox(&house.bob).await.is_empty(), "a second too early");
    // The server goes and comes again in between.
    let house = house.reopened().await;
    house.pass_s(1);
    house.dispatch().await;
    house.dispatch().await;
    assert_eq!(house.inbox(&house.bob).await.len(), 1, "once");
    let submission = status(&house, made["id"].as_str().unwrap()).await;
    assert_eq!(
        (&submission["undoStatus"], &submission["envelope"]["rcptTo"][0]["email"]),
        (&json!("final"), &json!("bob@hamburger.edu"))
    );
    house.pass_s(31 * 24 * 60 * 60);
    house.dispatch().await;
    let all = house.call(&house.alice, "EmailSubmission/get", json!({"ids": null})).await;
    assert_eq!(all["list"], json!([]), "told for a month");
}

/// The files of a store as a crash would leave them: copied while it is open.
fn copied(folder: &std::path::Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let mut waiting = vec![folder.to_owned()];
    while let Some(from) = waiting.pop() {
        let to = copy.path().join(from.strip_prefix(folder).unwrap());
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(&from).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    copy
}

#[tokio::test]
async fn what_is_held_leaves_once_through_a_crash() {
    let house = house().await;
    let email = draft(&house).await;
    let said = submit(&house, &email, envelope(&["bob@hamburger.edu"], Some(HELD)), json!({})).await;
    assert_eq!(said[0][1]["created"]["s"]["undoStatus"], "pending");
    let before = copied(house.folder.path());
    house.pass_s(60);
    house.dispatch().await;
    let after = copied(house.folder.path());
    for folder in [before, after] {
        let again = house.opened_in(folder).await;
        again.dispatch().await;
        again.dispatch().await;
        assert_eq!(again.inbox(&again.bob).await.len(), 1);
    }
}

#[tokio::test]
async fn what_is_held_back_never_leaves() {
    let house = house().await;
    let email = draft(&house).await;
    let said = submit(&house, &email, envelope(&["bob@hamburger.edu"], Some(HELD)), json!({})).await;
    let id = said[0][1]["created"]["s"]["id"].as_str().unwrap().to_owned();
    let state = said[0][1]["newState"].clone();
    let refused = house.call(&house.alice, "EmailSubmission/set", json!({"destroy": [id]})).await;
    assert_eq!(refused["notDestroyed"][&id]["type"], "forbidden", "it waits");
    let set = json!({"update": {id.clone(): {"undoStatus": "canceled"}}, "onSuccessUpdateEmail": {id.clone(): {"keywords/$draft": true}}});
    let undone = house.ask(&house.alice, json!([["EmailSubmission/set", {
        "accountId": super::kit::account(&house.alice), "update": set["update"], "onSuccessUpdateEmail": set["onSuccessUpdateEmail"]}, "0"]])).await;
    assert_eq!(undone[0][1]["updated"], json!({id.clone(): null}), "{undone:?}");
    assert_eq!(undone[1][1]["updated"], json!({email: null}), "the implicit call");
    house.pass_s(3600);
    house.dispatch().await;
    assert!(house.inbox(&house.bob).await.is_empty());
    let changes = house.call(&house.alice, "EmailSubmission/changes", json!({"sinceState": state})).await;
    assert_eq!(changes["updated"], json!([id]));
    let filter =
        json!({"filter": {"undoStatus": "canceled"}, "sort": [{"property": "sentAt"}], "calculateTotal": true});
    let found = house.call(&house.alice, "EmailSubmission/query", filter).await;
    assert_eq!((&found["ids"], &found["total"]), (&json!([id]), &json!(1)));
    let none =
        house.call(&house.alice, "EmailSubmission/query", json!({"filter": {"before": "2020-01-01T00:00:00Z"}})).await;
    assert_eq!(none["ids"], json!([]));
    let changes = house.call(&house.alice, "EmailSubmission/queryChanges", json!({"sinceQueryState": state})).await;
    assert_eq!((&changes["removed"], &changes["added"]), (&json!([id]), &json!([{"id": id, "index": 0}])));
    let other = house.call(&house.bob, "EmailSubmission/get", json!({"ids": [id]})).await;
    assert_eq!(other["notFound"], json!([id]), "another account's");
}

#[tokio::test]
async fn holding_back_and_sending_never_both_happen() {
    for turn in 0..6 {
        let house = house().await;
        let email = draft(&house).await;
        let said = submit(&house, &email, envelope(&["bob@hamburger.edu"], Some(HELD)), json!({})).await;
        let id = said[0][1]["created"]["s"]["id"].as_str().unwrap().to_owned();
        house.pass_s(60);
        let undo = house.call(
            &house.alice,
            "EmailSubmission/set",
            json!({"update": {id.clone(): {"undoStatus": "canceled"}}}),
        );
        let undone =
            if turn % 2 == 0 { tokio::join!(undo, house.dispatch()).0 } else { tokio::join!(house.dispatch(), undo).1 };
        let held_back = undone["updated"].is_object();
        assert!(held_back || undone["notUpdated"][&id]["type"] == "cannotUnsend", "{undone}");
        house.dispatch().await;
        assert_eq!(house.inbox(&house.bob).await.len(), usize::from(!held_back));
    }
}

#[tokio::test]
async fn a_password_sends_and_changes_what_it_is_for() {
    use office::login::Scope;
    let house = house().await;
    let kinds = async |scope: Scope| {
        let caller = crate::Caller { scope, ..house.alice.clone() };
        let mut kinds = Vec::new();
        for method in ["EmailSubmission/set", "MDN/send", "Email/set", "Email/get"] {
            kinds.push(house.call(&caller, method, json!({"ids": []})).await["type"].as_str().unwrap_or("").to_owned());
        }
        kinds
    };
    // What is let in complains of its arguments, or does nothing.
    let wrong = "invalidArguments";
    assert_eq!(kinds(Scope::All).await, [wrong, wrong, wrong, ""]);
    assert_eq!(kinds(Scope::Mail).await, ["forbidden", "forbidden", wrong, ""]);
    assert_eq!(kinds(Scope::Read).await, ["accountReadOnly", "accountReadOnly", "accountReadOnly", ""]);
    assert_eq!(kinds(Scope::Send).await, ["forbidden", "forbidden", "forbidden", "forbidden"]);
}

#[tokio::test]
async fn what_may_not_be_sent_is_refused_with_its_reason() {
    let house = house().await;
    let email = draft(&house).await;
    let refused = async |email: &str, envelope: Value| {
        submit(&house, email, envelope, json!({})).await[0][1]["notCreated"]["s"].clone()
    };
    let to = |list: &[&str]| envelope(list, None);
    assert_eq!(refused("E1", Value::Null).await["properties"], json!(["emailId"]));
    assert_eq!(refused(&email, to(&[])).await["type"], "noRecipients");
    let unknown = refused(&email, to(&["bob@hamburger.edu", "nobody@hamburger.edu", "no address"])).await;
    assert_eq!(
        (&unknown["type"], &unknown["invalidRecipients"]),
        (&json!("invalidRecipients"), &json!(["no address"]))
    );
    let unknown = refused(&email, to(&["bob@hamburger.edu", "nobody@hamburger.edu"])).await;
    assert_eq!(unknown["invalidRecipients"], json!(["nobody@hamburger.edu"]));
    let many = refused(&email, to(&["a@b.example", "b@b.example", "c@b.example", "d@b.example"])).await;
    assert_eq!((&many["type"], &many["maxRecipients"]), (&json!("tooManyRecipients"), &json!(3)));
    let mut foreign = to(&["bob@hamburger.edu"]);
    foreign["mailFrom"]["email"] = json!("bob@hamburger.edu");
    assert_eq!(refused(&email, foreign).await["type"], "forbiddenMailFrom");
    for padded in ["bob@hamburger.edu\r\n", " bob@hamburger.edu", "<bob@hamburger.edu>"] {
        let error = refused(&email, to(&[padded])).await;
        assert_eq!((&error["type"], &error["invalidRecipients"]), (&json!("invalidRecipients"), &json!([padded])));
    }
    for wrong in [
        json!({"HOLDFOR": "2592001"}),
        json!({"HOLDFOR": "soon"}),
        json!({"HOLDFOR": "+3"}),
        json!({"HOLDFOR": "3", "holdfor": "3"}),
        json!({"X-MOOD": null}),
    ] {
        let mut envelope = to(&["bob@hamburger.edu"]);
        envelope["mailFrom"]["parameters"] = wrong;
        assert_eq!(refused(&email, envelope).await["properties"], json!(["envelope"]));
    }
    let forged = house.draft(&house.alice, json!({"from": [{"name": null, "email": "bob@hamburger.edu"}]})).await;
    assert_eq!(refused(&forged, to(&["bob@hamburger.edu"])).await["type"], "forbiddenFrom");
    for field in ["sender", "header:Resent-From:asAddresses", "header:Resent-Sender:asAddresses"] {
        let forged = house.draft(&house.alice, json!({field: [{"name": null, "email": "bob@hamburger.edu"}]})).await;
        assert_eq!(refused(&forged, to(&["bob@hamburger.edu"])).await["type"], "forbiddenFrom", "{field}");
        let own = house.draft(&house.alice, json!({field: [{"name": null, "email": "alice@hamburger.edu"}]})).await;
        assert_eq!(refused(&own, to(&["bob@crepes.fr"])).await, Value::Null, "{field}");
    }
    let nobody = house.draft(&house.alice, json!({"from": null})).await;
    let error = refused(&nobody, to(&["bob@hamburger.edu"])).await;
    assert_eq!((&error["type"], &error["properties"]), (&json!("invalidEmail"), &json!(["from"])));
    assert!(house.inbox(&house.bob).await.is_empty(), "nothing was sent");
    let identity = house
        .call(&house.alice, "EmailSubmission/set", json!({"create": {"s": {"identityId": "I999", "emailId": email}}}))
        .await;
    assert_eq!(identity["notCreated"]["s"]["properties"], json!(["identityId"]));
}

#[tokio::test]
async fn reports_about_a_message_are_found() {
    let house = house().await;
    let email = draft(&house).await;
    let said = submit(&house, &email, envelope(&["bob@hamburger.edu"], None), json!({})).await;
    let id = said[0][1]["created"]["s"]["id"].as_str().unwrap_or_else(|| panic!("{said:?}")).to_owned();
    let none = status(&house, &id).await;
    assert_eq!((&none["dsnBlobIds"], &none["mdnBlobIds"]), (&json!([]), &json!([])));
    let name = house.get(&house.alice, &email, json!(["messageId"])).await["messageId"][0].as_str().unwrap().to_owned();
    let inbox = house.mailbox(&house.alice, "inbox").await;
    let come = async |number: usize, kind: &str, references: &str| {
        let content = format!(
            "From: x@crepes.fr\r\nMessage-ID: <{number}@crepes.fr>\r\nReferences: {references}\r\nContent-Type: {kind}; \
             boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"
        );
        let blob = house.upload(&house.alice, content.as_bytes(), "message/rfc822").await;
        let import = json!({"emails": {"i": {"blobId": blob, "mailboxIds": {inbox.clone(): true}}}});
        let said = house.call(&house.alice, "Email/import", import).await;
        said["created"]["i"]["blobId"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    let sent = format!("<{name}>");
    let late = come(1, "multipart/report; report-type=delivery-status", &sent).await;
    let read = come(2, "Multipart/Report; Report-Type=\"Disposition-Notification\"", &sent).await;
    let failed = come(3, "multipart/report; report-type=delivery-status", &sent).await;
    come(4, "multipart/mixed; report-type=delivery-status", &sent).await;
    come(5, "multipart/report; report-type=delivery-status", &format!("{sent} <4@crepes.fr>")).await;
    come(6, "multipart/report; report-type=feedback-report", &sent).await;
    let found = status(&house, &id).await;
    assert_eq!((&found["dsnBlobIds"], &found["mdnBlobIds"]), (&json!([late, failed]), &json!([read])));
    let whole = house.call(&house.alice, "EmailSubmission/set", json!({"update": {&id: found}})).await;
    assert_eq!(whole["updated"], json!({&id: null}), "{whole}");
    house.call(&house.alice, "Email/set", json!({"destroy": [email]})).await;
    assert_eq!(status(&house, &id).await["dsnBlobIds"], json!([]), "nothing tells its name any more");
}
