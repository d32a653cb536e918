//! Who follows an account by `/changes` and `/queryChanges` knows it as well as who asks for everything again, whatever
//! JMAP and IMAP clients do meanwhile.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod world;

use message::Time;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::op::{Carried, FlagChange, Op};
use store::query::{Mailboxes, WholeAccount};
use store::types::{EmailChange, EmailId, Flags, KeywordsChange, MailboxId, MailboxesChange, PlaceRow, Uid};
use world::{NOW, World};

/// What a client holds of one kind of thing.
#[derive(Default)]
struct Copy {
    kind: &'static str,
    state: String,
    objects: BTreeMap<String, Value>,
}

impl Copy {
    async fn new(world: &World, kind: &'static str) -> Copy {
        let mut copy = Copy { kind, ..Copy::default() };
        copy.fetch_all(world).await;
        copy
    }

    /// Properties that can change.
    fn properties(&self) -> Value {
        match self.kind {
            "Email" => json!(["threadId", "mailboxIds", "keywords", "receivedAt"]),
            _ => Value::Null,
        }
    }

    async fn get(&self, world: &World, ids: Value) -> Value {
        let arguments = json!({"accountId": account(world), "ids": ids, "properties": self.properties()});
        let answer = world.call(&format!("{}/get", self.kind), arguments).await;
        assert_eq!(answer[0], format!("{}/get", self.kind), "{answer}");
        answer[1].clone()
    }

    async fn fetch_all(&mut self, world: &World) {
        let answer = self.get(world, Value::Null).await;
        self.state = answer["state"].as_str().unwrap().to_owned();
        self.objects.clear();
        self.put(&answer["list"]);
    }

    fn put(&mut self, list: &Value) {
        for object in list.as_array().unwrap() {
            self.objects.insert(object["id"].as_str().unwrap().to_owned(), object.clone());
        }
    }

    /// Follows the changes, so many at a time.
    async fn follow(&mut self, world: &World, most: Option<u64>) {
        loop {
            let arguments = json!({"accountId": account(world), "sinceState": self.state, "maxChanges": most});
            let answer = world.call(&format!("{}/changes", self.kind), arguments).await;
            if answer[0] == "error" {
                assert_eq!(answer[1]["type"], "cannotCalculateChanges");
                assert!(most.is_some(), "{}: nothing is too old here: {answer}", self.kind);
                return self.fetch_all(world).await;
            }
            let told = &answer[1];
            let count: usize =
                ["created", "updated", "destroyed"].iter().map(|name| told[name].as_array().unwrap().len()).sum();
            assert!(most.is_none_or(|most| count as u64 <= most), "{told}");
            for id in told["destroyed"].as_array().unwrap() {
                self.objects.remove(id.as_str().unwrap());
            }
            let touched: Vec<Value> =
                [&told["created"], &told["updated"]].iter().flat_map(|ids| ids.as_array().unwrap().clone()).collect();
            let found = self.get(world, json!(touched)).await;
            self.put(&found["list"]);
            for id in found["notFound"].as_array().unwrap() {
                self.objects.remove(id.as_str().unwrap());
            }
            self.state = told["newState"].as_str().unwrap().to_owned();
            if told["hasMoreChanges"] == false {
                return;
            }
        }
    }

    async fn compare(&self, world: &World) {
        let fresh = Copy::new(world, self.kind).await;
        assert_eq!(self.objects, fresh.objects, "{}", self.kind);
    }
}

/// Results that a client holds of a query.
struct Results {
    arguments: Value,
    state: String,
    ids: Vec<String>,
}

impl Results {
    async fn new(world: &World, arguments: Value) -> Results {
        let mut results = Results { arguments, state: String::new(), ids: Vec::new() };
        results.fetch_all(world).await;
        results
    }

    fn with(&self, world: &World, more: Value) -> Value {
        let mut arguments = self.arguments.clone();
        arguments["accountId"] = json!(account(world));
        for (name, value) in more.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        arguments
    }

    async fn fetch_all(&mut self, world: &World) {
        let answer = world.call("Email/query", self.with(world, json!({}))).await;
        self.state = answer[1]["queryState"].as_str().unwrap().to_owned();
        self.ids = ids(&answer[1]["ids"]);
    }

    async fn follow(&mut self, world: &World) {
        let more = json!({"sinceQueryState": self.state, "calculateTotal": true});
        let answer = world.call("Email/queryChanges", self.with(world, more)).await;
        assert_eq!(answer[0], "Email/queryChanges", "{answer}");
        let told = &answer[1];
        let removed = ids(&told["removed"]);
        self.ids.retain(|id| !removed.contains(id));
        for added in told["added"].as_array().unwrap() {
            let index = usize::try_from(added["index"].as_u64().unwrap()).unwrap();
            self.ids.insert(index, added["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(told["total"], json!(self.ids.len()));
        self.state = told["newQueryState"].as_str().unwrap().to_owned();
        let fresh = Results::new(world, self.arguments.clone()).await;
        assert_eq!(self.ids, fresh.ids, "{}", self.arguments);
    }
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn account(world: &World) -> String {
    format!("A{}", world.account().0)
}

/// What others do: numbers choose among what there is.
#[derive(Clone, Debug)]
enum Deed {
    Arrive { place: usize, answers: Option<usize>, flags: u8 },
    Flag { which: usize, flags: u8 },
    KeywordsOf { which: usize, flags: u8 },
    MailboxesOf { which: usize, add: usize, remove: usize },
    Destroy { which: usize },
    Expunge { place: usize },
    Move { which: usize, to: usize },
    Make { parent: usize },
    Rename { place: usize, parent: usize },
    Remove { place: usize },
    Note { place: usize, order: u32 },
    Look { most: Option<u64> },
}

fn deed() -> impl Strategy<Value = Deed> {
    let n = || 0_usize..1000;
    let flags = || 0_u8..32;
    prop_oneof![
        5 => (n(), prop::option::of(n()), flags()).prop_map(|(place, answers, flags)| Deed::Arrive { place, answers, flags }),
        3 => (n(), flags()).prop_map(|(which, flags)| Deed::Flag { which, flags }),
        2 => (n(), flags()).prop_map(|(which, flags)| Deed::KeywordsOf { which, flags }),
        2 => (n(), n(), n()).prop_map(|(which, add, remove)| Deed::MailboxesOf { which, add, remove }),
        1 => n().prop_map(|which| Deed::Destroy { which }),
        1 => n().prop_map(|place| Deed::Expunge { place }),
        2 => (n(), n()).prop_map(|(which, to)| Deed::Move { which, to }),
        1 => n().prop_map(|parent| Deed::Make { parent }),
        1 => (n(), n()).prop_map(|(place, parent)| Deed::Rename { place, parent }),
        1 => n().prop_map(|place| Deed::Remove { place }),
        1 => (n(), 0_u32..4).prop_map(|(place, order)| Deed::Note { place, order }),
        4 => prop::option::of(1_u64..4).prop_map(|most| Deed::Look { most }),
    ]
}

fn flags_of(bits: u8) -> Flags {
    Flags {
        seen: bits & 1 != 0,
        flagged: bits & 2 != 0,
        draft: bits & 4 != 0,
        deleted: bits & 8 != 0,
        keywords: if bits & 16 != 0 { vec!["work".to_owned()] } else { Vec::new() },
        ..Flags::default()
    }
}

/// Somebody with other clients.
struct Others<'a> {
    world: &'a World,
    made: u32,
}

impl Others<'_> {
    async fn places(&self) -> Vec<PlaceRow> {
        let query = WholeAccount { account: self.world.account() };
        self.world.store().read(query).await.unwrap().unwrap().places
    }

    async fn place(&self, number: usize) -> Option<PlaceRow> {
        let places = self.places().await;
        places.get(number.checked_rem(places.len())?).copied()
    }

    async fn mailbox(&self, number: usize) -> MailboxId {
        let mailboxes = self.world.store().read(Mailboxes { account: self.world.account() }).await.unwrap();
        let open: Vec<_> = mailboxes.into_iter().filter(|mailbox| mailbox.selectable).collect();
        open[number % open.len()].id
    }

    async fn arrive(&mut self, place: usize, answers: Option<usize>, flags: u8) {
        self.made += 1;
        let mut content = format!("Message-ID: <{}@x>\r\nSubject: s\r\n", self.made);
        if let Some(answers) = answers.filter(|_| self.made > 1) {
            let other = answers as u32 % (self.made - 1) + 1;
            content.push_str(&format!("In-Reply-To: <{other}@x>\r\n"));
        }
        let mailboxes = [self.mailbox(place).await];
        let received = Time(NOW.0 + u64::from(self.made * 7919 % 100) * 1000);
        self.world.put(content.as_bytes(), &mailboxes, flags_of(flags & 0b1_0111), received).await;
    }

    async fn change(&self, email: EmailId, keywords: Option<KeywordsChange>, mailboxes: Option<MailboxesChange>) {
        let changes = vec![EmailChange { email, keywords, mailboxes }];
        let (account, now) = (self.world.account(), self.world.now());
        self.world.apply(Op::EmailsSet { account, changes, unchanged_since: None, now }).await;
    }

    async fn with_email(&self, deed: &Deed) {
        let (account, now) = (self.world.account(), self.world.now());
        let (Deed::Flag { which, .. }
        | Deed::KeywordsOf { which, .. }
        | Deed::MailboxesOf { which, .. }
        | Deed::Destroy { which }
        | Deed::Move { which, .. }) = deed
        else {
            panic!("{deed:?}")
        };
        let Some(PlaceRow { email, mailbox, uid, .. }) = self.place(*which).await else { return };
        let uids = |uid: Uid| [uid].into_iter().collect();
        match deed {
            Deed::Flag { flags, .. } => {
                let change = FlagChange::Replace(flags_of(*flags));
                self.world
                    .apply(Op::SetFlags { account, mailbox, uids: uids(uid), change, unchanged_since: None })
                    .await;
            }
            Deed::KeywordsOf { flags, .. } => {
                let flags = Flags { deleted: false, ..flags_of(*flags) };
                self.change(email, Some(KeywordsChange::Replace(flags)), None).await;
            }
            Deed::MailboxesOf { add, remove, .. } => {
                let (add, remove) = (vec![self.mailbox(*add).await], vec![self.mailbox(*remove).await]);
                self.change(email, None, Some(MailboxesChange::Patch { add, remove })).await;
            }
            Deed::Destroy { .. } => {
                let emails = vec![email];
                self.world.apply(Op::EmailsDestroy { account, emails, unchanged_since: None, now }).await;
            }
            Deed::Move { to, .. } => {
                let (to, carried) = (self.mailbox(*to).await, Carried::ALL);
                let uids = uids(uid);
                self.world
                    .apply(Op::Move { account, from: mailbox, to_account: account, to, uids, carried, now })
                    .await;
            }
            _ => {}
        }
    }

    async fn with_mailbox(&mut self, deed: &Deed) {
        let (account, now) = (self.world.account(), self.world.now());
        match deed {
            Deed::Make { parent } => {
                self.made += 1;
                let (parent, path) = (Some(self.mailbox(*parent).await), vec![format!("m{}", self.made)]);
                self.world.apply(Op::MailboxCreate { account, parent, path, role: None, now }).await;
            }
            Deed::Rename { place, parent } => {
                self.made += 1;
                let (mailbox, parent) = (self.mailbox(*place).await, Some(self.mailbox(*parent).await));
                let path = vec![format!("n{}", self.made)];
                self.world.apply(Op::MailboxRename { account, mailbox, parent, path, now }).await;
            }
            Deed::Remove { place } => {
                let mailbox = self.mailbox(*place).await;
                self.world.apply(Op::MailboxDelete { account, mailbox, now }).await;
            }
            Deed::Expunge { place } => {
                let (mailbox, uids) = (self.mailbox(*place).await, store::UidSet::all());
                self.world.apply(Op::Expunge { account, mailbox, uids, only_deleted: true, now }).await;
            }
            Deed::Note { place, order } => {
                let id = wire::imap::listing::object_number(
                    account.0.unsigned_abs(),
                    self.mailbox(*place).await.0.unsigned_abs(),
                );
                let update = json!({format!("F{id}"): {"sortOrder": order}});
                self.world.call("Mailbox/set", json!({"accountId": format!("A{}", account.0), "update": update})).await;
            }
            other => panic!("{other:?}"),
        }
    }
}

async fn play(deeds: Vec<Deed>) {
    let world = World::new().await;
    let inbox = world.mailboxes().await[0].id;
    let inbox =
        format!("F{}", wire::imap::listing::object_number(world.account().0.unsigned_abs(), inbox.0.unsigned_abs()));
    let mut copies = Vec::new();
    for kind in ["Mailbox", "Thread", "Email"] {
        copies.push(Copy::new(&world, kind).await);
    }
    let mut results = Vec::new();
    for arguments in [
        json!({}),
        json!({"filter": {"inMailbox": inbox}, "collapseThreads": true}),
        json!({"filter": {"notKeyword": "$seen"}, "sort": [{"property": "receivedAt"}]}),
        json!({"filter": {"someInThreadHaveKeyword": "$flagged"}}),
        json!({"collapseThreads": true, "sort": [{"property": "hasKeyword", "keyword": "work"}, {"property": "receivedAt"}]}),
    ] {
        results.push(Results::new(&world, arguments).await);
    }
    let mut others = Others { world: &world, made: 0 };
    for deed in deeds.into_iter().chain([Deed::Look { most: None }]) {
        match &deed {
            Deed::Arrive { place, answers, flags } => others.arrive(*place, *answers, *flags).await,
            Deed::Look { most } => {
                for copy in &mut copies {
                    copy.follow(&world, *most).await;
                    copy.compare(&world).await;
                }
                for result in &mut results {
                    result.follow(&world).await;
                }
            }
            Deed::Make { .. }
            | Deed::Rename { .. }
            | Deed::Remove { .. }
            | Deed::Expunge { .. }
            | Deed::Note { .. } => {
                others.with_mailbox(&deed).await;
            }
            _ => others.with_email(&deed).await,
        }
    }
}

#[test]
fn changes_replayed_are_what_is_there() {
    let rounds = std::env::var("PILLARBOX_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4);
    let config = Config { cases: rounds, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let result = TestRunner::new(config).run(&prop::collection::vec(deed(), 1..30), |deeds| {
        let told = format!("{deeds:?}");
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(play(deeds))));
        played.map_err(|_| TestCaseError::fail(told))
    });
    result.unwrap();
}
