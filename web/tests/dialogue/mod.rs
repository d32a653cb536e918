//! Dialogues as files: what a client asks in JSON and what it must be told. The format stands in `web/tests/jmap/README.md`.
#![allow(clippy::unwrap_used, dead_code)]

use crate::world::{World, flags};
use message::Time;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::UidSet;
use store::op::{FlagChange, Op, Outcome};
use store::types::{EmailId, Role};
use wire::imap::ask::ObjectId;
use wire::imap::listing::object_number;

/// Plays a dialogue.
pub async fn play(name: &str, text: &str) {
    let mut stage = Stage { world: World::new().await, known: BTreeMap::new(), place: String::new() };
    stage.name_the_house().await;
    let mut lines = text.lines().enumerate().peekable();
    let mut asked: Option<Value> = None;
    while let Some((number, line)) = lines.next() {
        stage.place = format!("{name}:{}", number + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (kind, rest) = line.split_at_checked(2).unwrap_or((line, ""));
        let mut block = rest.trim().to_owned();
        while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with([' ', '|'])) {
            block.push('\n');
            block.push_str(more);
        }
        match kind {
            "= " => stage.arrange(&block).await,
            "C:" => asked = Some(stage.ask(&block).await),
            "S:" => stage.compare(&block, asked.as_ref().expect("an answer comes after a question")),
            other => panic!("{}: {other:?} begins no line", stage.place),
        }
    }
    assert!(asked.is_some(), "{name} asks nothing");
}

struct Stage {
    world: World,
    /// What `$name` stands for.
    known: BTreeMap<String, Value>,
    place: String,
}

impl Stage {
    async fn name_the_house(&mut self) {
        self.known.insert("account".to_owned(), json!(format!("A{}", self.world.account().0)));
        for mailbox in self.world.mailboxes().await {
            let name = mailbox.name.to_lowercase().replace(' ', "-");
            self.known.insert(name, json!(self.id(ObjectId::Mailbox, mailbox.id.0)));
        }
    }

    fn id(&self, kind: fn(u64) -> ObjectId, number: i64) -> String {
        let account = self.world.account().0.unsigned_abs();
        kind(object_number(account, number.unsigned_abs())).to_string()
    }

    /// The world before it begins, or what others do meanwhile.
    async fn arrange(&mut self, block: &str) {
        let (head, content) = block.split_once('\n').unwrap_or((block, ""));
        let words: Vec<&str> = head.split_whitespace().collect();
        match words.as_slice() {
            ["mail", name, mailboxes, received, flags @ ..] => {
                let line = |line: &str| {
                    let line = line.strip_prefix('|').unwrap_or(line);
                    format!("{}\r\n", line.strip_prefix(' ').unwrap_or(line))
                };
                let content: String = content.lines().map(line).collect();
                let received = web::jmap::date::read_utc(received).expect("when it came");
                self.mail(name, mailboxes, (received, &flags.join(" ")), &content).await;
            }
            ["flags", name, words @ ..] => self.set_flags(name, &words.join(" ")).await,
            ["account", name] => {
                let account = self.world.add(name).await;
                self.known.insert("other".to_owned(), json!(format!("A{}", account.0)));
            }
            ["scope", scope] => self.world.caller.scope = scope.parse().unwrap(),
            other => panic!("{}: {other:?} is nothing to arrange", self.place),
        }
    }

    async fn mail(&mut self, name: &str, mailboxes: &str, (received, words): (Time, &str), content: &str) {
        let mut places = Vec::new();
        for mailbox in mailboxes.split('+') {
            let all = self.world.mailboxes().await;
            let found = all.iter().find(|other| other.name.eq_ignore_ascii_case(mailbox));
            places.push(found.unwrap_or_else(|| panic!("{}: no mailbox {mailbox}", self.place)).id);
        }
        let (email, thread) = self.world.put(content.as_bytes(), &places, flags(words), received).await;
        self.known.insert(name.to_owned(), json!(self.id(ObjectId::Email, email.0)));
        self.known.insert(format!("{name}.thread"), json!(self.id(ObjectId::Thread, thread.0)));
    }

    /// As an IMAP client does, in every mailbox that shows it.
    async fn set_flags(&mut self, name: &str, words: &str) {
        let account = self.world.account();
        let id = self.known[name].as_str().unwrap().to_owned();
        let Some(ObjectId::Email(number)) = ObjectId::parse(&id) else { panic!("{id}") };
        let email = EmailId((number - object_number(account.0.unsigned_abs(), 0)).cast_signed());
        let query = store::query::EmailsById { account, ids: vec![email] };
        for (mailbox, uid, ..) in self.world.store().read(query).await.unwrap().remove(0).places {
            let change = FlagChange::Replace(flags(words));
            let uids: UidSet = [uid].into_iter().collect();
            let op = Op::SetFlags { account, mailbox, uids, change, unchanged_since: None };
            assert!(!matches!(self.world.apply(op).await, Outcome::Gone));
        }
    }

    async fn ask(&self, block: &str) -> Value {
        let request = self.filled(self.json(block));
        let request = match request {
            Value::Array(calls) => {
                let calls: Vec<Value> = match calls.first() {
                    Some(Value::String(_)) => vec![Value::Array(calls)],
                    _ => calls,
                };
                let calls: Vec<Value> = calls.into_iter().enumerate().map(|(n, call)| self.whole(call, n)).collect();
                let standard = ["core", "mail", "submission", "vacationresponse", "mdn", "quota", "blob", "contacts"];
                let mut using: Vec<String> =
                    standard.into_iter().map(|name| format!("urn:ietf:params:jmap:{name}")).collect();
                using.push("urn:pillarbox:jmap:webmail".to_owned());
                json!({"using": using, "methodCalls": calls})
            }
            other => other,
        };
        self.world.ask(&request).await
    }

    /// A call with the account and an id, where they are not written.
    fn whole(&self, call: Value, number: usize) -> Value {
        let Value::Array(mut items) = call else { panic!("{}: a call is an array", self.place) };
        let name = items[0].as_str().unwrap();
        // RFC 8620 §4, §7.2: these are of no account.
        let is_core = name.starts_with("Core/") || name.starts_with("PushSubscription/");
        if items.len() == 1 {
            items.push(json!({}));
        }
        if items.len() == 2 {
            items.push(json!(number.to_string()));
        }
        let arguments = items[1].as_object_mut().unwrap();
        if !is_core && !arguments.contains_key("accountId") && !arguments.contains_key("#accountId") {
            arguments.insert("accountId".to_owned(), self.known["account"].clone());
        }
        Value::Array(items)
    }

    fn json(&self, block: &str) -> Value {
        serde_json::from_str(block).unwrap_or_else(|error| panic!("{}: {error}\n{block}", self.place))
    }

    /// With what `$name` stands for.
    fn filled(&self, value: Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$').and_then(|name| self.known.get(name)) {
                Some(known) => known.clone(),
                None => Value::String(text),
            },
            Value::Array(items) => items.into_iter().map(|item| self.filled(item)).collect(),
            Value::Object(members) => {
                let member = |(name, value): (String, Value)| (self.name_filled(&name), self.filled(value));
                Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
            }
            other => other,
        }
    }

    fn name_filled(&self, name: &str) -> String {
        let known = name.strip_prefix('$').and_then(|name| self.known.get(name)).and_then(Value::as_str);
        known.map_or_else(|| name.to_owned(), str::to_owned)
    }

    fn compare(&mut self, block: &str, answer: &Value) {
        let wanted = self.json(block);
        // A list is what the methods answered; without call ids, unless they are written.
        let (wanted, answer) = match wanted {
            Value::Array(items) => {
                let items = match items.first() {
                    Some(Value::String(_)) => vec![Value::Array(items)],
                    _ => items,
                };
                let mut answers = answer["methodResponses"].as_array().cloned().unwrap_or_default();
                for (wanted, answer) in items.iter().zip(&mut answers) {
                    if wanted.as_array().is_some_and(|items| items.len() == 2) {
                        answer.as_array_mut().unwrap().truncate(2);
                    }
                }
                (Value::Array(items), Value::Array(answers))
            }
            other => (other, answer.clone()),
        };
        let place = self.place.clone();
        if let Err(why) = self.matches(&wanted, &answer, "") {
            panic!("{place}: {why}\n{}", serde_json::to_string_pretty(&answer).unwrap());
        }
    }

    /// An object has the members that are written, and others only where `...` is; `*` is anything; `$name` is what it
    /// stands for, or stands for it from now on; `~` before a list: in any order.
    fn matches(&mut self, wanted: &Value, answer: &Value, path: &str) -> Result<(), String> {
        match (wanted, answer) {
            (Value::String(text), _) if text == "*" => Ok(()),
            (Value::String(text), _) if text.starts_with('$') && !crate::is_keyword(text) => {
                let name = text.strip_prefix('$').unwrap();
                let known = self.known.entry(name.to_owned()).or_insert_with(|| answer.clone());
                if known == answer { Ok(()) } else { Err(format!("{path}: {text} is {known}, not {answer}")) }
            }
            (Value::Array(items), Value::Array(others)) if items.first() == Some(&json!("~")) => {
                let mut left = others.clone();
                for item in items.iter().skip(1) {
                    let found = left.iter().position(|other| self.matches(item, other, path).is_ok());
                    left.remove(found.ok_or_else(|| format!("{path}: there is no {item}"))?);
                }
                if left.is_empty() { Ok(()) } else { Err(format!("{path}: too much: {left:?}")) }
            }
            (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
                let mut all = items.iter().zip(others).enumerate();
                all.try_for_each(|(n, (wanted, answer))| self.matches(wanted, answer, &format!("{path}/{n}")))
            }
            (Value::Object(members), Value::Object(others)) => {
                for (name, wanted) in members.iter().filter(|(name, _)| *name != "...") {
                    let name = self.name_filled(name);
                    let other = others.get(&name).ok_or_else(|| format!("{path}: there is no {name}"))?;
                    self.matches(wanted, other, &format!("{path}/{name}"))?;
                }
                let names: Vec<String> = members.keys().map(|name| self.name_filled(name)).collect();
                let more = others.keys().find(|name| !names.contains(*name));
                match more.filter(|_| !members.contains_key("...")) {
                    Some(name) => Err(format!("{path}: nobody expects {name}")),
                    None => Ok(()),
                }
            }
            (wanted, answer) if wanted == answer => Ok(()),
            (wanted, answer) => Err(format!("{path}: {wanted} was wanted, and it is {answer}")),
        }
    }
}

/// The mailbox of a role.
pub async fn mailbox(world: &World, role: Role) -> store::types::MailboxId {
    world.mailbox(role).await
}
