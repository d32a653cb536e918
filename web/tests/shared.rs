//! Another's account by JMAP: what was shared by rights of RFC 4314 is there, and by no method anything else.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod world;

use message::Time;
use serde_json::{Map, Value, json};
use store::UidSet;
use store::op::{FlagChange, Op, Outcome, RightsChange};
use store::query::{EmailsById, Mailboxes};
use store::types::{AccountId, EmailId, MailboxId, Rights};
use web::Caller;
use wire::imap::ask::ObjectId;
use wire::imap::listing::object_number;
use world::{World, address, flags};

/// What nobody but alice may hear of.
const SECRET: &str = "zzsecret";
const USING: [&str; 9] = [
    "urn:ietf:params:jmap:core",
    "urn:ietf:params:jmap:mail",
    "urn:ietf:params:jmap:submission",
    "urn:ietf:params:jmap:vacationresponse",
    "urn:ietf:params:jmap:mdn",
    "urn:pillarbox:jmap:webmail",
    "urn:ietf:params:jmap:blob",
    "urn:ietf:params:jmap:quota",
    "urn:ietf:params:jmap:contacts",
];
/// Methods that know accounts of others; of every other method such an account is not there.
const KNOWING: [&str; 20] = [
    "Blob/copy",
    "Blob/get",
    "Blob/lookup",
    "Blob/upload",
    "Email/changes",
    "Email/copy",
    "Email/get",
    "Email/import",
    "Email/parse",
    "Email/query",
    "Email/queryChanges",
    "Email/set",
    "Mailbox/changes",
    "Mailbox/get",
    "Mailbox/query",
    "Mailbox/queryChanges",
    "Mailbox/set",
    "SearchSnippet/get",
    "Thread/changes",
    "Thread/get",
];

/// alice, who shares `Open` with bob; and what else she has.
struct House {
    world: World,
    alice: Caller,
    bob: Caller,
    open: MailboxId,
    hidden: MailboxId,
    shown_email: String,
    /// In `Open` too, but what its other copy says is hidden.
    both_email: String,
    hidden_email: String,
    hidden_thread: String,
    hidden_upload: String,
}

impl House {
    async fn new() -> House {
        let mut world = World::new().await;
        let account = world.add("alice@hamburger.edu").await;
        let alice = Caller { account, address: address("alice@hamburger.edu"), ..world.caller.clone() };
        let bob = std::mem::replace(&mut world.caller, alice.clone());
        let open = make(&world, account, None, "Open").await;
        let hidden = make(&world, account, None, &format!("Hush-{SECRET}")).await;
        let text = |id: &str, more: &str, subject: &str, body: &str| {
            format!("Message-ID: <{id}@x>\r\n{more}From: c@x\r\nSubject: {subject}\r\n\r\n{body}\r\n").into_bytes()
        };
        let (first, _) = world.put(&text("1", "", "plain", "shown"), &[open], flags(""), Time(1_000)).await;
        let (both, _) = world.put(&text("2", "", "twice", "shown"), &[open, hidden], flags(""), Time(2_000)).await;
        let secret = text("3", "References: <1@x>\r\n", SECRET, SECRET);
        let (third, _) = world.put(&secret, &[hidden], flags(""), Time(3_000)).await;
        let (fourth, thread) = world.put(&text("4", "", SECRET, SECRET), &[hidden], flags(""), Time(4_000)).await;
        assert!(third != fourth);
        flag_in(&world, account, both, hidden, &format!("{SECRET} $flagged")).await;
        let uploaded = json!({"accountId": account_id(account), "create": {"u": {"data": [{"data:asText": SECRET}]}}});
        let uploaded = ask(&world, "Blob/upload", uploaded).await;
        let email = |id: EmailId| ObjectId::Email(number(account, id.0)).to_string();
        let house = House {
            open,
            hidden,
            shown_email: email(first),
            both_email: email(both),
            hidden_email: email(fourth),
            hidden_thread: ObjectId::Thread(number(account, thread.0)).to_string(),
            hidden_upload: uploaded["created"]["u"]["id"].as_str().unwrap().to_owned(),
            world,
            alice,
            bob,
        };
        house.share(open, "lr").await;
        house
    }

    /// What bob may do with a mailbox of alice.
    async fn share(&self, mailbox: MailboxId, letters: &str) {
        let change = RightsChange::Replace(Rights::of(letters).unwrap());
        let identifier = self.bob.address.to_string();
        let op = Op::AclSet { account: self.alice.account, mailbox, identifier, change };
        assert_eq!(self.world.apply(op).await, Outcome::Done);
    }

    fn id(&self, mailbox: MailboxId) -> String {
        ObjectId::Mailbox(number(self.alice.account, mailbox.0)).to_string()
    }

    fn accounts(&self) -> (String, String) {
        (account_id(self.alice.account), account_id(self.bob.account))
    }

    /// What bob is answered.
    async fn bob(&mut self, name: &str, arguments: Value) -> Value {
        self.world.caller = self.bob.clone();
        ask(&self.world, name, arguments).await
    }

    /// The same of alice's account.
    async fn bob_there(&mut self, name: &str, mut arguments: Value) -> Value {
        arguments["accountId"] = json!(self.accounts().0);
        self.bob(name, arguments).await
    }

    async fn alice(&mut self, name: &str, mut arguments: Value) -> Value {
        self.world.caller = self.alice.clone();
        arguments["accountId"] = json!(self.accounts().0);
        ask(&self.world, name, arguments).await
    }

    /// Arguments that lead to what is hidden, as far as any can.
    fn probes(&self, name: &str) -> Vec<Value> {
        let (hidden, email) = (self.id(self.hidden), &self.hidden_email);
        let (thread, upload) = (&self.hidden_thread, &self.hidden_upload);
        let ids = json!([
            email,
            self.both_email,
            self.shown_email,
            hidden,
            thread,
            upload,
            format!("{email}_1"),
            "C1",
            "I1",
            "S1",
            "Z1",
            "singleton",
            "settings",
            "storage"
        ]);
        let (kind, verb) = name.split_once('/').unwrap();
        let (_, bob) = self.accounts();
        match (kind, verb) {
            ("Blob", "get") => vec![json!({"ids": ids, "properties": ["data", "size"]})],
            ("Blob", "lookup") => vec![json!({"ids": ids, "typeNames": ["Email", "Mailbox", "Thread"]})],
            ("Blob", "upload") => {
                vec![json!({"create": {"a": {"data": [{"blobId": upload}]}, "b": {"data": [{"blobId": email}]}}})]
            }
            ("Blob", "copy") => {
                let blobs = json!([upload, email, format!("{email}_1")]);
                vec![json!({"accountId": bob, "fromAccountId": self.accounts().0, "blobIds": blobs})]
            }
            ("SearchSnippet", _) => {
                vec![json!({"filter": {"text": SECRET}, "emailIds": [email, self.both_email, self.shown_email]})]
            }
            (_, "parse") => vec![json!({"blobIds": [email, upload, format!("{email}_1")]})],
            (_, "get") => vec![json!({"ids": ids}), json!({"ids": null})],
            (_, "changes") => vec![json!({"sinceState": "0"}), json!({"sinceState": "1"}), json!({"sinceState": "5"})],
            (_, "query") => vec![
                json!({}),
                json!({"filter": {"inMailbox": hidden}}),
                json!({"filter": {"hasKeyword": SECRET}}),
                json!({"filter": {"text": SECRET}, "sort": [{"property": "subject"}]}),
                json!({"filter": {"name": SECRET}}),
                json!({"filter": {"query": format!("in:Hush-{SECRET}")}}),
            ],
            (_, "queryChanges") => vec![json!({"sinceQueryState": "0"}), json!({"sinceQueryState": "5"})],
            ("Email", "set" | "copy" | "import") | ("Mailbox", "set") => self.changes(name),
            ("Email", "unsubscribe") => vec![json!({"emailId": email}), json!({"emailId": self.shown_email})],
            ("ContactCard", "copy") => vec![json!({"fromAccountId": bob, "create": {"n": {"id": "C1"}}})],
            ("ContactCard", "complete") => vec![json!({"text": "a"})],
            ("ContactCard", "import") => vec![json!({"blobId": upload}), json!({"data": "BEGIN:VCARD"})],
            ("MDN", "send") => vec![json!({"identityId": "I1", "send": {"n": {"forEmailId": email}}})],
            _ => vec![
                json!({"create": {"n": {"emailId": email}}, "update": {"singleton": {}}, "destroy": ids}),
                json!({}),
            ],
        }
    }

    /// The same of methods that change mail.
    fn changes(&self, name: &str) -> Vec<Value> {
        let (hidden, email, upload) = (self.id(self.hidden), &self.hidden_email, &self.hidden_upload);
        let ids = json!([email, self.both_email, self.shown_email, upload]);
        let (_, bob) = self.accounts();
        let both = |patch: Value| json!({email.as_str(): patch, self.both_email.as_str(): patch, self.shown_email.as_str(): patch});
        match name.split_once('/').unwrap() {
            ("Email", "set") => vec![
                json!({"update": both(json!({"keywords/x": true})), "destroy": [email]}),
                json!({"update": both(json!({format!("mailboxIds/{}", self.id(self.open)): true}))}),
                json!({"destroy": ids}),
                json!({"create": {"n": {"mailboxIds": {hidden.as_str(): true}, "subject": "planted"}}}),
                json!({"create": {"n": {"mailboxIds": {self.id(self.open): true}, "attachments": [{"blobId": upload}]}}}),
            ],
            ("Mailbox", "set") => vec![
                json!({"create": {"n": {"name": "planted", "parentId": hidden}, "m": {"name": "planted"}}}),
                json!({"create": {"n": {"name": format!("Hush-{SECRET}")}}}),
                json!({"update": {hidden.as_str(): {"name": "planted"}, self.id(self.open): {"parentId": hidden}}}),
                json!({"destroy": [hidden], "onDestroyRemoveEmails": true}),
            ],
            ("Email", "copy") => {
                let copy = json!({"id": email, "mailboxIds": {hidden.as_str(): true}});
                vec![json!({"accountId": bob, "fromAccountId": self.accounts().0, "create": {"n": copy},
                    "onSuccessDestroyOriginal": true})]
            }
            ("Email", "import") => {
                let import = |blob: &str, into: &str| json!({"blobId": blob, "mailboxIds": {into: true}});
                let open = self.id(self.open);
                vec![
                    json!({"emails": {"a": import(email, &open), "b": import(upload, &open), "c": import(email, &hidden)}}),
                ]
            }
            other => panic!("{other:?}"),
        }
    }

    /// Everything of alice, as she sees it herself.
    async fn everything(&mut self) -> Value {
        let emails = self.alice("Email/get", json!({"ids": null})).await;
        json!([emails["list"], self.alice("Mailbox/get", json!({"ids": null})).await["list"]])
    }

    /// What must not be said.
    fn secrets(&self) -> [String; 5] {
        let upload = self.hidden_upload.clone();
        [SECRET.to_owned(), self.id(self.hidden), self.hidden_email.clone(), self.hidden_thread.clone(), upload]
    }
}

fn number(account: AccountId, number: i64) -> u64 {
    object_number(account.0.unsigned_abs(), number.unsigned_abs())
}

fn account_id(account: AccountId) -> String {
    format!("A{}", account.0)
}

async fn make(world: &World, account: AccountId, parent: Option<MailboxId>, name: &str) -> MailboxId {
    let op = Op::MailboxCreate { account, parent, path: vec![name.to_owned()], role: None, now: world::NOW };
    match world.apply(op).await {
        Outcome::Mailbox(made) => made,
        other => panic!("{other:?}"),
    }
}

/// Sets the flags of an e-mail in one mailbox, as IMAP does.
async fn flag_in(world: &World, account: AccountId, email: EmailId, mailbox: MailboxId, words: &str) {
    let rows = world.store().read(EmailsById { account, ids: vec![email] }).await.unwrap();
    let place = rows[0].places.iter().find(|(found, ..)| *found == mailbox).unwrap();
    let uids: UidSet = [place.1].into_iter().collect();
    let op = Op::SetFlags { account, mailbox, uids, change: FlagChange::Add(flags(words)), unchanged_since: None };
    assert!(!matches!(world.apply(op).await, Outcome::Gone));
}

/// The arguments of the first answer; of an error with the name `error`.
async fn ask(world: &World, name: &str, arguments: Value) -> Value {
    let answer = world.ask(&json!({"using": USING, "methodCalls": [[name, arguments, "c"]]})).await;
    let mut all = answer["methodResponses"].as_array().unwrap().clone();
    let mut first = all.remove(0)[1].take();
    if !all.is_empty() {
        first["more"] = json!(all);
    }
    first
}

/// Without what says again what was asked: of what was refused, by whatever name, why is heard.
fn heard(value: &Value) -> Value {
    const ECHOES: [&str; 6] = ["notFound", "notCreated", "notUpdated", "notDestroyed", "notCopied", "notParsable"];
    let said = |name: &str, value: &Value| match value {
        Value::Object(refused) if ECHOES.contains(&name) => refused.values().map(heard).collect(),
        _ if ECHOES.contains(&name) => Value::Null,
        other => heard(other),
    };
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), said(name, value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(heard).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_refusal_is_heard_and_what_was_asked_is_not() {
    let answer = json!({"notUpdated": {"asked": {"type": "forbidden", "description": SECRET}}, "notFound": ["asked"]});
    let said = heard(&answer).to_string();
    assert!(said.contains(SECRET) && !said.contains("asked"), "{said}");
}

#[tokio::test]
async fn who_was_given_one_mailbox_reaches_no_other_by_any_method() {
    for letters in ["lr", "lrswipkxtea"] {
        let mut house = House::new().await;
        house.share(house.open, letters).await;
        let before = house.alice("Email/get", json!({"ids": [house.hidden_email]})).await["list"].clone();
        for name in web::jmap::method_names() {
            let (kind, _) = name.split_once('/').unwrap();
            if matches!(kind, "Core" | "PushSubscription") {
                continue;
            }
            for mut probe in house.probes(name) {
                if probe.get("accountId").is_none() {
                    probe["accountId"] = json!(house.accounts().0);
                }
                let answer = house.bob(name, probe.clone()).await;
                if !KNOWING.contains(&name) {
                    assert_eq!(answer["type"], "accountNotFound", "{name} {probe}: {answer}");
                    continue;
                }
                let said = heard(&answer).to_string();
                for secret in house.secrets() {
                    assert!(!said.contains(&secret), "{letters} {name} {probe}: {secret} in {said}");
                }
            }
        }
        let after = house.alice("Email/get", json!({"ids": [house.hidden_email]})).await["list"].clone();
        assert_eq!(before, after, "nothing that is hidden was changed");
        let query = Mailboxes { account: house.alice.account };
        let mailboxes = house.world.store().read(query).await.unwrap();
        assert!(mailboxes.iter().any(|mailbox| mailbox.name == format!("Hush-{SECRET}") && mailbox.parent.is_none()));
        assert!(!mailboxes.iter().any(|mailbox| mailbox.name == "planted"), "{mailboxes:?}");
    }
}

/// Shows that what the test above looks for is there to be told.
#[tokio::test]
async fn the_owner_is_told_all_that_is_hidden_from_others() {
    let mut house = House::new().await;
    let told = house.everything().await.to_string();
    let [secret, mailbox, email, thread, upload] = house.secrets();
    assert!([secret.clone(), mailbox, email, thread].iter().all(|secret| told.contains(secret)), "{told}");
    assert!(house.alice("Blob/get", json!({"ids": [upload]})).await.to_string().contains(&secret));
}

#[tokio::test]
async fn accounts_of_others_that_share_nothing_are_not_there() {
    let mut house = House::new().await;
    house.share(house.open, "").await;
    for name in KNOWING {
        for probe in house.probes(name) {
            let answer = house.bob_there(name, probe).await;
            assert!(answer["type"] == "accountNotFound" || answer["type"] == "fromAccountNotFound", "{name}: {answer}");
        }
    }
    house.share(house.open, "r").await;
    assert_eq!(house.bob_there("Email/query", json!({})).await["type"], "accountNotFound", "lookup is what counts");
}

#[tokio::test]
async fn what_is_shared_is_seen() {
    let mut house = House::new().await;
    let (open, shown, both) = (house.id(house.open), house.shown_email.clone(), house.both_email.clone());
    let mailboxes = house.bob_there("Mailbox/get", json!({"ids": null})).await;
    let list = mailboxes["list"].as_array().unwrap();
    assert_eq!((list.len(), &list[0]["id"], &list[0]["totalEmails"]), (1, &json!(open), &json!(2)));
    assert_eq!(
        (&list[0]["myRights"]["mayReadItems"], &list[0]["myRights"]["mayAddItems"]),
        (&json!(true), &json!(false))
    );
    let properties = json!(["mailboxIds", "keywords", "subject", "threadId"]);
    let emails = house.bob_there("Email/get", json!({"ids": [both, shown], "properties": properties})).await;
    assert_eq!(emails["list"][0]["mailboxIds"], json!({open.clone(): true}));
    assert_eq!(emails["list"][0]["keywords"], json!({}), "the flags of the hidden copy stay hidden");
    let found = house.bob_there("Email/query", json!({"filter": {"inMailbox": open}})).await;
    assert_eq!(found["ids"], json!([both, shown]));
    let thread = emails["list"][1]["threadId"].clone();
    let threads = house.bob_there("Thread/get", json!({"ids": [thread]})).await;
    assert_eq!(threads["list"][0]["emailIds"], json!([shown]), "the answer to it is hidden");
    let blobs = house.bob_there("Blob/get", json!({"ids": [shown], "properties": ["data:asText"]})).await;
    assert!(blobs["list"][0]["data:asText"].as_str().unwrap().contains("Subject: plain"));
    let looked = house.bob_there("Blob/lookup", json!({"ids": [both], "typeNames": ["Mailbox"]})).await;
    assert_eq!(looked["list"][0]["matchedIds"]["Mailbox"], json!([open]));
}

#[tokio::test]
async fn changes_tell_what_came_in_sight_and_went_out_of_it() {
    let mut house = House::new().await;
    let (shown, both, hidden) = (house.shown_email.clone(), house.both_email.clone(), house.hidden_email.clone());
    let (open_id, hidden_id) = (house.id(house.open), house.id(house.hidden));
    let state = house.bob_there("Email/get", json!({"ids": []})).await["state"].clone();
    let email = |id: &str, patch: Value| json!({"update": {id: patch}});
    house.alice("Email/set", email(&hidden, json!({"keywords/$seen": true}))).await;
    let quiet = house.bob_there("Email/changes", json!({"sinceState": state})).await;
    assert_eq!((&quiet["newState"], &quiet["updated"]), (&state, &json!([])), "nothing happened that bob sees");
    house.alice("Email/set", email(&shown, json!({"keywords/$seen": true}))).await;
    house.alice("Email/set", email(&hidden, json!({"mailboxIds": {open_id.as_str(): true}}))).await;
    house.alice("Email/set", email(&both, json!({"mailboxIds": {hidden_id.as_str(): true}}))).await;
    let news = house.bob_there("Email/changes", json!({"sinceState": state})).await;
    let told = (&news["created"], &news["updated"], &news["destroyed"]);
    assert_eq!(told, (&json!([hidden]), &json!([shown]), &json!([both])));
    let threads = house.bob_there("Thread/changes", json!({"sinceState": state})).await;
    assert_eq!(threads["created"], json!([house.hidden_thread]));
    let mailboxes = house.bob_there("Mailbox/changes", json!({"sinceState": state})).await;
    assert_eq!((&mailboxes["updated"], &mailboxes["created"]), (&json!([open_id]), &json!([])));
    let query = house.bob_there("Email/queryChanges", json!({"sinceQueryState": state})).await;
    assert!(query["added"].to_string().contains(&hidden) && query["removed"].to_string().contains(&both), "{query}");
    let state = news["newState"].clone();
    house.share(house.hidden, "lr").await;
    let mailboxes = house.bob_there("Mailbox/changes", json!({"sinceState": state})).await;
    assert_eq!(mailboxes["created"], json!([hidden_id]));
    let news = house.bob_there("Email/changes", json!({"sinceState": state})).await;
    assert!(news["created"].to_string().contains(&both), "{news}");
    house.share(house.hidden, "l").await;
    let figures = house.bob_there("Mailbox/get", json!({"ids": [hidden_id], "properties": ["totalEmails"]})).await;
    assert_eq!(figures["list"][0]["totalEmails"], 0, "who may not read it is told no figures");
}

#[tokio::test]
async fn the_session_object_tells_who_shares_what() {
    let house = House::new().await;
    let (alice, bob) = house.accounts();
    let session = async || {
        let sharers = house.world.web.office().sharers(house.bob.account, &house.bob.address).await.unwrap();
        web::jmap::session(&house.bob, &sharers, "https://x")
    };
    let first = session().await;
    let account = &first["accounts"][&alice];
    assert_eq!((&account["name"], &account["isPersonal"]), (&json!("alice@hamburger.edu"), &json!(false)));
    assert_eq!((&account["isReadOnly"], &first["accounts"][&bob]["isReadOnly"]), (&json!(true), &json!(false)));
    let capabilities: Vec<&String> = account["accountCapabilities"].as_object().unwrap().keys().collect();
    assert_eq!(capabilities, ["urn:ietf:params:jmap:blob", "urn:ietf:params:jmap:mail"]);
    assert_eq!(first["primaryAccounts"]["urn:ietf:params:jmap:mail"], json!(bob));
    house.share(house.open, "lrs").await;
    let second = session().await;
    assert_eq!(second["accounts"][&alice]["isReadOnly"], false);
    house.share(house.open, "").await;
    let third = session().await;
    assert!(third["accounts"].get(&alice).is_none());
    assert!(first["state"] != second["state"] && second["state"] != third["state"]);
}

impl House {
    fn email_number(&self, email: &str) -> EmailId {
        web::jmap::ids::email(self.alice.account, email).unwrap()
    }

    /// What alice sees of the keywords and mailboxes of an e-mail.
    async fn told(&mut self, email: &str) -> Value {
        let asked = json!({"ids": [email], "properties": ["keywords", "mailboxIds"]});
        let mut object = self.alice("Email/get", asked).await["list"][0].take();
        object.as_object_mut().unwrap().remove("id");
        object
    }

    /// Why bob may not change an e-mail so; `null`: he may, and has.
    async fn refusal(&mut self, email: &str, patch: Value) -> Value {
        let done = self.bob_there("Email/set", json!({"update": {email: patch}})).await;
        if done["type"].is_string() { done["type"].clone() } else { done["notUpdated"][email]["type"].clone() }
    }
}

#[tokio::test]
async fn each_change_of_an_email_needs_its_right() {
    let mut house = House::new().await;
    let (email, open) = (house.shown_email.clone(), house.id(house.open));
    let other = make(&house.world, house.alice.account, None, "Other").await;
    let other_id = house.id(other);
    house.share(other, "lri").await;
    let patches = [
        ("lrs", json!({"keywords/$seen": true})),
        ("lrw", json!({"keywords/$flagged": true})),
        ("lrw", json!({"keywords": {"$seen": true, "work": true}})),
        ("lr", json!({format!("mailboxIds/{other_id}"): true})),
        ("lrte", json!({format!("mailboxIds/{open}"): null})),
    ];
    for (letters, patch) in patches {
        // All others are not enough.
        let rest: String = "lrswtekxpa".chars().filter(|c| "lr".contains(*c) || !letters.contains(*c)).collect();
        if letters != "lr" {
            house.share(house.open, &rest).await;
            assert_eq!(house.refusal(&email, patch.clone()).await, "forbidden", "{rest} {patch}");
        }
        house.share(house.open, letters).await;
        assert_eq!(house.refusal(&email, patch.clone()).await, Value::Null, "{letters} {patch}");
    }
    let wanted = json!({"keywords": {"$seen": true, "work": true}, "mailboxIds": {other_id.clone(): true}});
    assert_eq!(house.told(&email).await, wanted);
    // Of the mailbox that it came to he has neither.
    assert_eq!(house.refusal(&email, json!({"keywords/$seen": null})).await, "forbidden");
    let gone = house.bob_there("Email/set", json!({"destroy": [email]})).await;
    assert_eq!(gone["notDestroyed"][&email]["type"], "forbidden");
    house.share(other, "lr").await;
    house.share(house.open, "lr").await;
    assert_eq!(house.refusal(&email, json!({"keywords/x": true})).await, "accountReadOnly");
}

/// The places that are not told because of `\Deleted` are changed by right, too.
#[tokio::test]
async fn what_is_about_to_go_is_changed_by_right() {
    let mut house = House::new().await;
    let (email, open, account) = (house.shown_email.clone(), house.id(house.open), house.alice.account);
    let other = make(&house.world, account, None, "Other").await;
    let other_id = house.id(other);
    house.share(other, "lr").await;
    house.share(house.open, "lrwte").await;
    house.alice("Email/set", json!({"update": {email.as_str(): {format!("mailboxIds/{other_id}"): true}}})).await;
    let id = house.email_number(&email);
    flag_in(&house.world, account, id, other, "\\Deleted").await;
    assert_eq!(house.told(&email).await["mailboxIds"], json!({open.as_str(): true}));
    assert_eq!(house.refusal(&email, json!({"keywords/work": true})).await, Value::Null);
    assert_eq!(house.told(&email).await["keywords"], json!({"work": true}));
    let query = EmailsById { account, ids: vec![id] };
    let rows = house.world.store().read(query.clone()).await.unwrap();
    let flags = |mailbox: MailboxId| rows[0].places.iter().find(|place| place.0 == mailbox).map(|place| place.2);
    assert_eq!(flags(other), Some(message::flag_bits::DELETED), "no keyword came where he may set none");
    let done = house.bob_there("Email/set", json!({"destroy": [email]})).await;
    assert_eq!(done["destroyed"], json!([email]), "{done}");
    let rows = house.world.store().read(query).await.unwrap();
    let left: Vec<MailboxId> = rows.iter().flat_map(|row| row.places.iter().map(|place| place.0)).collect();
    assert_eq!(left, [other], "not expunged where he may not");
}

#[tokio::test]
async fn a_keyword_needs_its_right_where_the_email_comes_to() {
    let mut house = House::new().await;
    let (email, open) = (house.shown_email.clone(), house.id(house.open));
    let other = make(&house.world, house.alice.account, None, "Other").await;
    let other_id = house.id(other);
    house.share(house.open, "lrw").await;
    house.share(other, "lri").await;
    let patch = json!({format!("mailboxIds/{other_id}"): true, "keywords/$flagged": true});
    assert_eq!(house.refusal(&email, patch.clone()).await, "forbidden");
    assert_eq!(house.told(&email).await, json!({"keywords": {}, "mailboxIds": {open.as_str(): true}}));
    house.share(other, "lriw").await;
    assert_eq!(house.refusal(&email, patch).await, Value::Null);
    assert_eq!(house.told(&email).await["keywords"], json!({"$flagged": true}));
}

/// RFC 4314 §4: who may not set a flag copies without it.
#[tokio::test]
async fn a_copy_keeps_the_keywords_that_may_be_set() {
    let mut house = House::new().await;
    let ((alice, bob), open) = (house.accounts(), house.id(house.open));
    house.world.caller = house.bob.clone();
    let inbox = house.world.mailbox(store::types::Role::Inbox).await;
    let (own, _) = house.world.put(b"Subject: own\r\n\r\nx\r\n", &[inbox], flags("$seen work"), Time(5_000)).await;
    let own = ObjectId::Email(number(house.bob.account, own.0)).to_string();
    for (letters, keywords) in [("lri", json!({})), ("lris", json!({"$seen": true})), ("lriw", json!({"work": true}))] {
        house.share(house.open, letters).await;
        let copy = json!({"id": own, "mailboxIds": {open.as_str(): true}});
        let give = json!({"fromAccountId": bob, "accountId": alice, "create": {"c": copy}});
        let given = house.bob("Email/copy", give).await;
        let id = given["created"]["c"]["id"].as_str().unwrap_or_else(|| panic!("{letters} {given}")).to_owned();
        assert_eq!(house.told(&id).await["keywords"], keywords, "{letters}");
    }
    let copy = json!({"id": own, "mailboxIds": {open.as_str(): true}, "keywords": {"$seen": true}});
    let give = json!({"fromAccountId": bob, "accountId": alice, "create": {"c": copy}});
    assert_eq!(house.bob("Email/copy", give).await["notCreated"]["c"]["type"], "forbidden", "what is asked for is not");
}

#[tokio::test]
async fn what_is_hidden_stays_as_it_is() {
    let mut house = House::new().await;
    let (both, hidden) = (house.both_email.clone(), house.id(house.hidden));
    house.share(house.open, "lrswite").await;
    let before = house.told(&both).await;
    assert_eq!(house.refusal(&both, json!({"keywords": {"mine": true}})).await, Value::Null);
    let after = house.told(&both).await;
    assert_eq!(after["keywords"][SECRET], true, "the hidden copy keeps its own");
    assert_eq!(before["mailboxIds"], after["mailboxIds"]);
    let patch = json!({format!("mailboxIds/{hidden}"): true});
    assert_eq!(house.refusal(&both, patch).await, "invalidProperties", "nothing is put where he may not look");
    let unknown = house.refusal(&both, json!({"mailboxIds/F99": true})).await;
    assert_eq!(unknown, "invalidProperties", "as where nothing is");
    assert_eq!(house.refusal(&house.hidden_email.clone(), json!({"keywords/x": true})).await, "notFound");
    let done = house.bob_there("Email/set", json!({"destroy": [both]})).await;
    assert_eq!(done["destroyed"], json!([both]));
    assert_eq!(
        house.told(&both).await["mailboxIds"],
        json!({hidden: true}),
        "removed where he sees it, and only there"
    );
    assert_eq!(house.bob_there("Email/get", json!({"ids": [both]})).await["notFound"], json!([both]));
}

#[tokio::test]
async fn new_mail_needs_the_right_to_add_it() {
    let mut house = House::new().await;
    let open = house.id(house.open);
    let create = |keywords: Value| json!({"create": {"n": {"mailboxIds": {open.as_str(): true}, "keywords": keywords, "subject": "new"}}});
    house.share(house.open, "lrs").await;
    let refused = house.bob_there("Email/set", create(json!({}))).await;
    assert_eq!(refused["notCreated"]["n"]["type"], "forbidden");
    house.share(house.open, "lri").await;
    let refused = house.bob_there("Email/set", create(json!({"$seen": true}))).await;
    assert_eq!(refused["notCreated"]["n"]["type"], "forbidden");
    let state = house.bob_there("Email/get", json!({"ids": []})).await["state"].clone();
    let mut conditional = create(json!({}));
    conditional["ifInState"] = state.clone();
    // What alice does out of sight is nothing to him.
    let secret = house.hidden_email.clone();
    house.alice("Email/set", json!({"update": {secret: {"keywords/$seen": true}}})).await;
    let made = house.bob_there("Email/set", conditional.clone()).await;
    let email = made["created"]["n"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    assert_eq!(house.bob_there("Email/set", conditional).await["type"], "stateMismatch");
    assert_eq!(house.told(&email).await["mailboxIds"], json!({open.clone(): true}));
    let news = house.bob_there("Email/changes", json!({"sinceState": state})).await;
    assert_eq!(news["created"], json!([email]));
    // An upload is its uploader's, and is used where it is needed.
    let data = json!([{"data:asText": "From: b@x\r\nSubject: up\r\n\r\nhello\r\n"}]);
    let upload = house.bob_there("Blob/upload", json!({"create": {"u": {"data": data}}})).await;
    let blob = upload["created"]["u"]["id"].clone();
    let import = json!({"emails": {"i": {"blobId": blob, "mailboxIds": {open: true}}}});
    let done = house.bob_there("Email/import", import).await;
    assert!(done["created"]["i"]["id"].is_string(), "{done}");
    assert_eq!(house.alice("Blob/get", json!({"ids": [blob]})).await["notFound"], json!([blob]));
}

#[tokio::test]
async fn mail_is_copied_from_account_to_account() {
    let mut house = House::new().await;
    let ((alice, bob), open) = (house.accounts(), house.id(house.open));
    house.world.caller = house.bob.clone();
    let inbox = house.world.mailbox(store::types::Role::Inbox).await;
    let inbox = ObjectId::Mailbox(number(house.bob.account, inbox.0)).to_string();
    let shown = house.shown_email.clone();
    let take = |destroy: bool| {
        let copy = json!({"id": shown, "mailboxIds": {inbox.as_str(): true}});
        json!({"fromAccountId": alice, "accountId": bob, "create": {"c": copy}, "onSuccessDestroyOriginal": destroy})
    };
    let copied = house.bob("Email/copy", take(true)).await;
    let own = copied["created"]["c"]["id"].as_str().unwrap_or_else(|| panic!("{copied}")).to_owned();
    assert_eq!(copied["more"][0][1]["type"], "accountReadOnly", "the original stays where he may not remove it");
    house.share(house.open, "lrtei").await;
    let moved = house.bob("Email/copy", take(true)).await;
    assert_eq!(moved["more"][0][1]["destroyed"], json!([shown]));
    let asked = json!({"accountId": bob, "ids": [own], "properties": ["subject"]});
    assert_eq!(house.bob("Email/get", asked).await["list"][0]["subject"], "plain");
    // And the other way.
    let copy = json!({"id": own, "mailboxIds": {open.as_str(): true}});
    let give = json!({"fromAccountId": bob, "accountId": alice, "create": {"c": copy}});
    let given = house.bob("Email/copy", give.clone()).await;
    assert!(given["created"]["c"]["id"].is_string(), "{given}");
    let (address, quota) = (house.alice.address.clone(), Some(Some(1)));
    house.world.apply(Op::AccountSet { address, credentials: None, quota, pop_delete: None }).await;
    assert_eq!(house.bob("Email/copy", give).await["notCreated"]["c"]["type"], "overQuota");
    let blob = house.both_email.clone();
    let blobs = json!({"fromAccountId": alice, "accountId": bob, "blobIds": [blob, house.hidden_email]});
    let copied = house.bob("Blob/copy", blobs).await;
    let there = copied["copied"][&blob].clone();
    assert!(there.is_string() && copied["notCopied"][&house.hidden_email]["type"] == "notFound", "{copied}");
    let got = house.bob("Blob/get", json!({"accountId": bob, "ids": [there]})).await;
    assert!(got["list"].to_string().contains("Subject: twice"));
}

#[tokio::test]
async fn mailboxes_are_made_and_removed_by_right() {
    let mut house = House::new().await;
    let open = house.id(house.open);
    let below = json!({"create": {"n": {"name": "Below", "parentId": open}}});
    house.share(house.open, "lrs").await;
    let refused = house.bob_there("Mailbox/set", below.clone()).await;
    assert_eq!(refused["notCreated"]["n"]["type"], "forbidden");
    house.share(house.open, "lrkx").await;
    let made = house.bob_there("Mailbox/set", below).await;
    let below = made["created"]["n"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let top = house.bob_there("Mailbox/set", json!({"create": {"n": {"name": "Top"}}})).await;
    assert_eq!(top["notCreated"]["n"]["type"], "forbidden");
    for patch in [json!({"parentId": null}), json!({"role": "archive"}), json!({"sortOrder": 3})] {
        let refused = house.bob_there("Mailbox/set", json!({"update": {below.as_str(): patch}})).await;
        assert_eq!(refused["notUpdated"][&below]["type"], "forbidden", "{patch}");
    }
    let named = house.bob_there("Mailbox/set", json!({"update": {below.as_str(): {"name": "Deeper"}}})).await;
    assert_eq!(named["updated"], json!({below.as_str(): null}));
    // Where the one above is hidden, its name stands before its own.
    house.share(house.open, "").await;
    let told = house.bob_there("Mailbox/get", json!({"ids": null, "properties": ["name", "parentId"]})).await;
    assert_eq!(told["list"], json!([{"id": below, "name": "Open/Deeper", "parentId": null}]));
    // Even below one where he may: the one between is not his to change.
    let (alice, grand) = (house.alice.account, house.open);
    let between = make(&house.world, alice, Some(grand), "Between").await;
    let deep = make(&house.world, alice, Some(between), "Deep").await;
    house.share(grand, "lk").await;
    house.share(between, "").await;
    house.share(deep, "lx").await;
    let (deep, grand) = (house.id(deep), house.id(grand));
    let told = house.bob_there("Mailbox/get", json!({"ids": [deep], "properties": ["name", "parentId"]})).await;
    assert_eq!(told["list"], json!([{"id": deep, "name": "Between/Deep", "parentId": grand}]));
    for patch in [json!({"name": "Mine"}), json!({"name": "Mine", "parentId": grand})] {
        let refused = house.bob_there("Mailbox/set", json!({"update": {deep.as_str(): patch}})).await;
        assert_eq!(refused["notUpdated"][&deep]["type"], "forbidden", "{refused}");
    }
    let gone = house.bob_there("Mailbox/set", json!({"destroy": [deep, below]})).await;
    assert_eq!(gone["destroyed"], json!([deep, below]), "{gone}");
    house.share(house.open, "").await;
    assert_eq!(house.bob_there("Mailbox/get", json!({"ids": null})).await["type"], "accountNotFound");
}
