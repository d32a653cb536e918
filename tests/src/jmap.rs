//! Clients of JMAP beside those of IMAP and POP3 on one mailbox: one keeps a copy of it by `Email/changes`, another changes
//! what it sees. What they do and see goes into the history (`imap::history`); the copy must be what a fresh look shows.

use crate::Ports;
use crate::client::Client;
use crate::imap::history::{History, Sight};
use crate::imap::{fetched, keeper, visitors};
use crate::seed::Seed;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::dialogue::Port;

/// How long a client waits for news before it looks whether all is over.
const A_WHILE: Duration = Duration::from_millis(50);

/// Ids in one answer of `Email/changes`: few, so that `hasMoreChanges` happens.
const CHANGES_MAX: u32 = 5;

/// What of an e-mail can change, and what tells which it is.
const SHOWN: [&str; 4] = ["id", "subject", "keywords", "mailboxIds"];

/// A connection of HTTP/1.1 that is kept.
pub struct Jmap {
    client: Client,
    head: String,
    events: String,
    /// The account's id.
    pub account: String,
}

/// E-mails by id, as `Email/get` shows them.
pub type Copy = BTreeMap<String, Value>;

impl Jmap {
    /// Connects, and reads the session object.
    ///
    /// # Errors
    /// When that is refused.
    pub fn login(ports: &Ports) -> Result<Jmap> {
        let address = *ports.get(&Port::Http).context("no listener for http")?;
        let secret = base64(format!("{}:{}", visitors::USER, keeper::PASSWORD).as_bytes());
        let head = format!("Host: {address}\r\nAuthorization: Basic {secret}\r\n");
        let mut jmap = Jmap { client: Client::connect(address)?, head, events: String::new(), account: String::new() };
        let session: Value = serde_json::from_slice(&jmap.request("GET /jmap/session", b"")?)?;
        let account = session.pointer("/primaryAccounts/urn:ietf:params:jmap:mail").and_then(Value::as_str);
        jmap.account = account.context("no account for mail")?.to_owned();
        let url = session.get("eventSourceUrl").and_then(Value::as_str).context("no eventSourceUrl")?;
        let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or(url, |(_, path)| path);
        jmap.events = path.replace("{types}", "Email").replace("{closeafter}", "no").replace("{ping}", "0");
        Ok(jmap)
    }

    /// Calls one method; its answer.
    ///
    /// # Errors
    /// When the method answers with an error.
    pub fn call(&mut self, name: &str, mut arguments: Value) -> Result<Map<String, Value>> {
        arguments["accountId"] = json!(self.account);
        let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
        let body = json!({ "using": using, "methodCalls": [[name, arguments, "a"]] });
        let answer: Value = serde_json::from_slice(&self.request("POST /jmap/api", &serde_json::to_vec(&body)?)?)?;
        let told = answer.pointer("/methodResponses/0/0").and_then(Value::as_str).unwrap_or_default();
        ensure!(told == name, "{name}: {answer}");
        answer.pointer("/methodResponses/0/1").and_then(Value::as_object).cloned().context("no answer")
    }

    /// Everything, read anew, and a state after which all that is not in it yet is told.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn look(&mut self) -> Result<(Copy, String)> {
        // Asked first: what comes between the query and the get is in neither, and would be before a state asked last.
        let state = text(&self.call("Email/get", json!({ "ids": [] }))?, "state")?;
        let found = self.call("Email/query", json!({}))?;
        let got = self.call("Email/get", json!({ "ids": found["ids"], "properties": SHOWN }))?;
        Ok((by_id(&got), state))
    }

    /// Brings a copy up to date; the ids that came.
    ///
    /// # Errors
    /// When it cannot be told what changed.
    pub fn follow(&mut self, copy: &mut Copy, state: &mut String) -> Result<Vec<String>> {
        let mut came = Vec::new();
        loop {
            let changes = self.call("Email/changes", json!({ "sinceState": state, "maxChanges": CHANGES_MAX }))?;
            for id in ids(&changes, "destroyed") {
                copy.remove(&id);
            }
            let new = ids(&changes, "created");
            let wanted: Vec<String> = new.iter().cloned().chain(ids(&changes, "updated")).collect();
            let got = self.call("Email/get", json!({ "ids": wanted, "properties": SHOWN }))?;
            // What went meanwhile is told by the next changes.
            copy.extend(by_id(&got));
            came.extend(new);
            *state = text(&changes, "newState")?;
            if changes.get("hasMoreChanges") != Some(&Value::Bool(true)) {
                return Ok(came);
            }
        }
    }

    fn request(&mut self, start: &str, body: &[u8]) -> Result<Vec<u8>> {
        let length = body.len();
        let head = &self.head;
        let request =
            format!("{start} HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        self.client.send(&[request.as_bytes(), body].concat())?;
        let status = self.client.line()?;
        let mut length = 0;
        loop {
            let line = self.client.line()?.to_ascii_lowercase();
            match line.split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let body = self.client.exactly(length)?;
        ensure!(status.contains(" 200 "), "{start}: {status}: {}", String::from_utf8_lossy(&body));
        Ok(body)
    }
}

/// Keeps a copy by what the event source tells, until told to stop; at the end it must be what a fresh look shows.
///
/// # Errors
/// When something goes wrong.
pub fn watch(ports: &Ports, number: usize, history: &History, stop: &AtomicBool) -> Result<()> {
    let (mut jmap, mut events) = (Jmap::login(ports)?, events(ports)?);
    let (mut copy, mut state) = jmap.look()?;
    history.noticed(number, Instant::now(), copy.values().filter_map(letter));
    while !stop.load(Ordering::Acquire) {
        if !events.has_line() && !events.read_within(A_WHILE)? {
            continue;
        }
        let at = Instant::now();
        while events.has_line() {
            events.line_octets()?;
        }
        let came = jmap.follow(&mut copy, &mut state)?;
        history.noticed(number, at, came.iter().filter_map(|id| letter(copy.get(id)?)));
    }
    // Where nothing was heard for long, the connection kept for asking was closed.
    let mut jmap = Jmap::login(ports)?;
    // Others may still be at it: until nothing changes while the look is taken.
    loop {
        jmap.follow(&mut copy, &mut state)?;
        let (fresh, before) = jmap.look()?;
        jmap.follow(&mut copy, &mut state)?;
        if state != before {
            continue;
        }
        if fresh != copy {
            history.wrong(format!("the copy kept by changes is not what a look shows:\n{copy:?}\n{fresh:?}"));
        }
        return Ok(());
    }
}

/// Flags and destroys, until told to stop.
///
/// # Errors
/// When something goes wrong.
pub fn edit(ports: &Ports, number: usize, history: &History, mut seed: Seed, stop: &AtomicBool) -> Result<()> {
    let (mut jmap, mut imap) = (Jmap::login(ports)?, visitors::open(ports)?);
    let inbox = inbox(&mut jmap)?;
    let keyword = format!("j{number}");
    while !stop.load(Ordering::Acquire) {
        imap.done("NOOP")?;
        // The history speaks of UIDs.
        let answer = imap.done("UID FETCH 1:* (UID EMAILID)")?;
        let here = answer.untagged.iter().filter_map(|response| fetched(response));
        let here: Vec<(u32, String)> = here
            .filter_map(|(uid, items)| Some((uid, items.get("EMAILID")?.list()?.first()?.text()?.to_owned())))
            .collect();
        let Some((uid, id)) = here.get(seed.within(0..here.len().max(1) as u64) as usize).cloned() else { continue };
        if seed.within(0..5) == 0 && !history.may_go(&[uid]).is_empty() {
            let done = jmap.call("Email/set", json!({ "destroy": [id] }))?;
            // Whoever was first: it is gone.
            ensure!(
                ids(&done, "destroyed") == [id.clone()] || done["notDestroyed"][&id]["type"] == "notFound",
                "{done:?}"
            );
            history.removed(&[uid]);
        } else {
            let path = format!("keywords/{keyword}");
            let done = jmap.call("Email/set", json!({ "update": { &id: { path: true } } }))?;
            if done["updated"].get(&id).is_some() {
                history.flagged(&[uid], &keyword);
            } else {
                ensure!(done["notUpdated"][&id]["type"] == "notFound", "{done:?}");
            }
        }
        let known = history.known();
        let (copy, _) = jmap.look()?;
        // What was moved elsewhere is another message for the history; the e-mail is the same.
        let in_inbox = |id: &String| copy.get(id).filter(|email| !email["mailboxIds"][&inbox].is_null());
        let seen = here.iter().filter_map(|(uid, id)| Some((*uid, sight(in_inbox(id)?))));
        history.looked(&format!("JMAP editor {number}"), &known, &seen.collect());
    }
    Ok(())
}

fn inbox(jmap: &mut Jmap) -> Result<String> {
    let found = jmap.call("Mailbox/query", json!({ "filter": { "role": "inbox" } }))?;
    ids(&found, "ids").pop().context("no inbox")
}

/// A connection on which the server tells what changed (RFC 8620 §7.3), up to its content.
fn events(ports: &Ports) -> Result<Client> {
    // Where nothing was heard for long, the connection kept for asking was closed.
    let mut jmap = Jmap::login(ports)?;
    let request = format!("GET /{} HTTP/1.1\r\n{}\r\n", jmap.events.trim_start_matches('/'), jmap.head);
    jmap.client.send(request.as_bytes())?;
    let status = jmap.client.line()?;
    ensure!(status.contains(" 200 "), "{status}");
    while !jmap.client.line()?.is_empty() {}
    Ok(jmap.client)
}

fn by_id(got: &Map<String, Value>) -> Copy {
    let list = got.get("list").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|email| Some((email.get("id")?.as_str()?.to_owned(), email.clone()))).collect()
}

fn ids(answer: &Map<String, Value>, name: &str) -> Vec<String> {
    let list = answer.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

fn text(answer: &Map<String, Value>, name: &str) -> Result<String> {
    Ok(answer.get(name).and_then(Value::as_str).with_context(|| format!("no {name}"))?.to_owned())
}

fn letter(email: &Value) -> Option<u64> {
    email.get("subject")?.as_str()?.strip_prefix("Letter ")?.parse().ok()
}

/// What the history wants to know of an e-mail; of its keywords those that IMAP shows under the same name.
fn sight(email: &Value) -> Sight {
    let keywords = email.get("keywords").and_then(Value::as_object).into_iter().flatten();
    let flags = keywords.map(|(name, _)| name.clone()).filter(|name| !name.starts_with('$')).collect();
    Sight { letter: letter(email), flags: Some(flags), modseq: None }
}

/// RFC 4648 §4.
fn base64(octets: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(octets)
}
