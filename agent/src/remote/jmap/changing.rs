//! Changes: e-mails (RFC 8621 §4.6), mailboxes (§2.5), new messages (§4.8).

use super::super::keyed::nonsense;
use super::{Jmap, Mailbox, paths, words};
use crate::mirror::{Flags, Role};
use crate::trouble::{Kind, Trouble};
use bytes::Bytes;
use message::Time;
use serde_json::{Map, Value, json};

/// E-mails of one request, whatever the server allows.
const SET_MAX: usize = 500;
/// How often something is tried anew that another client's change came between.
const TRIES: usize = 5;
/// Messages with one Message-ID that are looked at.
const NAMESAKES_MAX: usize = 20;

impl Jmap {
    /// One patch for many e-mails; those that are gone.
    pub(super) async fn update(&mut self, ids: &[String], patch: &Value) -> Result<Vec<String>, Trouble> {
        let mut gone = Vec::new();
        for ids in ids.chunks(self.line.limits().set.min(SET_MAX)) {
            let update: Map<String, Value> = ids.iter().map(|id| (id.clone(), patch.clone())).collect();
            let told = self.line.mail("Email/set", json!({"update": update})).await?;
            gone.extend(self.those_gone(&told["notUpdated"])?);
        }
        Ok(gone)
    }

    /// Those that were not set since they are not there; another reason is one for all.
    fn those_gone(&self, not_set: &Value) -> Result<Vec<String>, Trouble> {
        let mut gone = Vec::new();
        for (id, error) in not_set.as_object().into_iter().flatten() {
            if error["type"] == json!("notFound") {
                gone.push(id.clone());
            } else {
                return Err(self.line.not_set(error));
            }
        }
        Ok(gone)
    }

    /// The mailboxes of e-mails, and the state they are of. Those that are gone are not told of.
    async fn places(&mut self, ids: &[String]) -> Result<(String, Vec<(String, Vec<String>)>), Trouble> {
        let told = self.line.mail("Email/get", json!({"ids": ids, "properties": ["id", "mailboxIds"]})).await?;
        let state = told["state"].as_str().unwrap_or_default().to_owned();
        let list = told["list"].as_array().into_iter().flatten();
        let place = |email: &Value| Some((email["id"].as_str()?.to_owned(), words::members(&email["mailboxIds"])));
        Ok((state, list.filter_map(place).collect()))
    }

    /// Out of one mailbox into another. What is not in the first is left where somebody else has put it.
    pub(super) async fn move_out(&mut self, ids: &[String], from: &str, to: &str) -> Result<Vec<String>, Trouble> {
        let patch = json!({words::member("mailboxIds", from): null, words::member("mailboxIds", to): true});
        let mut gone = Vec::new();
        let limits = self.line.limits();
        for ids in ids.chunks(limits.get.min(limits.set).min(SET_MAX)) {
            let (_, places) = self.places(ids).await?;
            let is_there = |(_, folders): &&(String, Vec<String>)| folders.iter().any(|folder| folder == from);
            let there: Vec<String> = places.iter().filter(is_there).map(|(id, _)| id.clone()).collect();
            gone.extend(ids.iter().filter(|id| !there.contains(id)).cloned());
            if !there.is_empty() {
                gone.extend(self.update(&there, &patch).await?);
            }
        }
        Ok(gone)
    }

    /// Out of a mailbox for good: destroyed where it is in no other. Only while nothing else changed: an e-mail that another
    /// client put into a second mailbox meanwhile stays there.
    pub(super) async fn take_out(&mut self, ids: &[String], from: &str) -> Result<Vec<String>, Trouble> {
        let mut gone = Vec::new();
        let limits = self.line.limits();
        for ids in ids.chunks(limits.get.min(limits.set).min(SET_MAX)) {
            gone.extend(self.take_out_some(ids, from).await?);
        }
        Ok(gone)
    }

    async fn take_out_some(&mut self, ids: &[String], from: &str) -> Result<Vec<String>, Trouble> {
        for _ in 0..TRIES {
            let (state, places) = self.places(ids).await?;
            let (mut update, mut destroy, mut gone) = (Map::new(), Vec::new(), Vec::new());
            for id in ids {
                let folders = places.iter().find(|(known, _)| known == id).map(|(_, folders)| folders.as_slice());
                match folders {
                    Some([only]) if only == from => destroy.push(id.clone()),
                    Some(folders) if folders.iter().any(|folder| folder == from) => {
                        update.insert(id.clone(), json!({words::member("mailboxIds", from): null}));
                    }
                    _ => gone.push(id.clone()),
                }
            }
            if update.is_empty() && destroy.is_empty() {
                return Ok(gone);
            }
            let set = json!({"ifInState": state, "update": update, "destroy": destroy});
            match self.line.mail("Email/set", set).await {
                Err(fault) if fault.is("stateMismatch") => continue,
                told => {
                    let told = told?;
                    gone.extend(self.those_gone(&told["notUpdated"])?);
                    gone.extend(self.those_gone(&told["notDestroyed"])?);
                    return Ok(gone);
                }
            }
        }
        Err(Trouble::new(Kind::TryAgain, "the account changes all the time; it is tried again later"))
    }

    /// The e-mail with a Message-ID, in a mailbox or anywhere.
    pub(super) async fn with_message_id(
        &mut self,
        folder: Option<&str>,
        message_id: &str,
    ) -> Result<Option<String>, Trouble> {
        if message_id.is_empty() {
            return Ok(None);
        }
        let mut filter = json!({"header": ["Message-ID", message_id]});
        if let Some(folder) = folder {
            filter["inMailbox"] = json!(folder);
        }
        let told = self.line.mail("Email/query", json!({"filter": filter, "limit": NAMESAKES_MAX})).await?;
        let ids = words::strings(&told["ids"]);
        if ids.is_empty() {
            return Ok(None);
        }
        // The filter looks for a part of the field.
        let told = self.line.mail("Email/get", json!({"ids": ids, "properties": ["id", "messageId"]})).await?;
        let list = told["list"].as_array().into_iter().flatten();
        let is_it = |email: &&Value| words::strings(&email["messageId"]).iter().any(|id| id == message_id);
        Ok(list.into_iter().find(is_it).and_then(|email| email["id"].as_str()).map(str::to_owned))
    }

    /// A new message goes into a mailbox.
    pub(super) async fn import(
        &mut self,
        folder: &str,
        content: Bytes,
        (flags, received): (&Flags, Time),
    ) -> Result<String, Trouble> {
        let blob = self.line.upload(content).await?;
        let keywords: Map<String, Value> =
            words::keywords(flags).into_iter().map(|keyword| (keyword, json!(true))).collect();
        let email = json!({
            "blobId": blob,
            "mailboxIds": {folder: true},
            "keywords": keywords,
            "receivedAt": words::write_utc(received),
        });
        let told = self.line.mail("Email/import", json!({"emails": {"new": email}})).await?;
        if let Some(id) = told["created"]["new"]["id"].as_str() {
            return Ok(id.to_owned());
        }
        let error = &told["notCreated"]["new"];
        // RFC 8621 §4.8: the server has it, and forbids a second.
        if let (Some("alreadyExists"), Some(id)) = (error["type"].as_str(), error["existingId"].as_str()) {
            self.update(&[id.to_owned()], &json!({words::member("mailboxIds", folder): true})).await?;
            return Ok(id.to_owned());
        }
        Err(self.line.not_set(error))
    }

    /// The mailbox of a path; those above it, and it, are made where they are not there.
    pub(super) async fn make_mailbox(&mut self, path: &str, role: Role) -> Result<String, Trouble> {
        let mailboxes = self.mailboxes().await?;
        let known: Vec<(String, String)> =
            paths(&mailboxes).into_iter().zip(mailboxes.iter().map(|mailbox| mailbox.id.clone())).collect();
        let role = if mailboxes.iter().any(|mailbox| mailbox.role == role) { Role::None } else { role };
        let (mut above, mut at) = (None, String::new());
        for name in path.split('/') {
            if !at.is_empty() {
                at.push('/');
            }
            at.push_str(name);
            let there = known.iter().find(|(path, _)| *path == at).map(|(_, id)| id.clone());
            let id = match there {
                Some(id) => id,
                None => self.create_mailbox(name, above.as_deref(), if at == path { role } else { Role::None }).await?,
            };
            above = Some(id);
        }
        above.ok_or_else(|| nonsense("a folder without a name"))
    }

    async fn create_mailbox(&mut self, name: &str, parent: Option<&str>, role: Role) -> Result<String, Trouble> {
        self.folders = None;
        let mut mailbox = json!({"name": words::true_name(name), "parentId": parent, "isSubscribed": true});
        if role != Role::None {
            mailbox["role"] = json!(format!("{role:?}").to_lowercase());
        }
        let mut told = self.line.mail("Mailbox/set", json!({"create": {"new": mailbox}})).await?;
        // Some servers give out roles themselves.
        if role != Role::None && told["created"]["new"]["id"].is_null() {
            mailbox["role"] = Value::Null;
            told = self.line.mail("Mailbox/set", json!({"create": {"new": mailbox}})).await?;
        }
        let id = told["created"]["new"]["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| self.line.not_set(&told["notCreated"]["new"]))
    }

    pub(super) async fn rename_mailbox(&mut self, folder: &str, path: &str) -> Result<(), Trouble> {
        let (above, name) = path.rsplit_once('/').map_or((None, path), |(above, name)| (Some(above), name));
        let parent = match above {
            Some(above) => Some(self.make_mailbox(above, Role::None).await?),
            None => None,
        };
        self.set_mailbox(folder, json!({"name": words::true_name(name), "parentId": parent})).await
    }

    pub(super) async fn set_mailbox(&mut self, folder: &str, patch: Value) -> Result<(), Trouble> {
        self.folders = None;
        let told = self.line.mail("Mailbox/set", json!({"update": {folder: patch}})).await?;
        match &told["notUpdated"][folder] {
            Value::Null => Ok(()),
            error => Err(self.line.not_set(error)),
        }
    }

    pub(super) async fn destroy_mailbox(&mut self, folder: &str) -> Result<(), Trouble> {
        self.folders = None;
        let set = json!({"destroy": [folder], "onDestroyRemoveEmails": true});
        let told = self.line.mail("Mailbox/set", set).await?;
        match &told["notDestroyed"][folder] {
            Value::Null => Ok(()),
            error if error["type"] == json!("notFound") => Ok(()),
            error => Err(self.line.not_set(error)),
        }
    }

    /// The mailbox with a role.
    pub(super) async fn mailbox_with(&mut self, role: Role) -> Result<Option<Mailbox>, Trouble> {
        Ok(self.mailboxes().await?.into_iter().find(|mailbox| mailbox.role == role))
    }
}
