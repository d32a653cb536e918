//! JMAP (RFC 8620, RFC 8621): an account whose server tells what became of e-mails since a state. Owns finding the session,
//! logging in, and how each thing of [`Keyed`] is asked for; requests and what is refused are in `line`, forms of
//! values in `words`, changes in `changing`, sending in `sending`, push in `watching`.

mod changing;
mod line;
mod sending;
#[cfg(test)]
mod tests;
mod watching;
mod words;

use super::keyed::{Append, Found, Keyed, News, Page, nonsense};
use crate::dialing::Internet;
use crate::http::Client;
use crate::mirror::{Flags, FolderFound, Role, Upload};
use crate::trouble::{Kind, Trouble};
use line::Line;
use message::Time;
use net::clock::Clock;
use rustls::ClientConfig;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use wire::smtp::client::Credential;

/// E-mails in one look with their headers, whatever the server allows: an answer of some hundred KiB.
const LOOK_MAX: usize = 200;
/// E-mails in one look without, and ids of a page.
const PAGE_MAX: usize = 500;
/// The last ids of a page that are kept to go on from: one that is destroyed meanwhile is no place to go on from.
const ANCHORS: usize = 20;
/// Blob ids that are remembered from looking, so that content needs no further question.
const BLOBS_MAX: usize = 20_000;

/// Mailboxes of one account that are looked at: nobody has made so many.
pub const MAILBOXES_MAX: usize = 20_000;
/// Mailboxes in each other that are shown. A server that lays them so without end, or in a ring, is not followed further.
pub const LEVELS_MAX: usize = 100;
/// Octets of a mailbox's path that are shown: paths of files end there, too.
pub const PATH_MAX: usize = 4096;

/// Where the server is, and how to get in.
#[derive(Clone)]
pub struct Way {
    /// Of the session object, or of the host, where it is looked for.
    pub url: String,
    /// The name to log in with.
    pub user: String,
    /// What proves it.
    pub credential: Credential,
    /// The certificates that are believed; `None`: those the internet usually believes.
    pub tls: Option<Arc<ClientConfig>>,
}

/// An account at a JMAP server.
pub struct Jmap {
    line: Line,
    clock: Clock,
    /// Blobs of e-mails.
    blobs: HashMap<String, String>,
    /// The folders at a state of theirs.
    folders: Option<(String, Vec<Mailbox>)>,
}

/// A mailbox over there.
#[derive(Clone, Debug)]
struct Mailbox {
    id: String,
    name: String,
    parent: Option<String>,
    role: Role,
    subscribed: bool,
}

impl Jmap {
    /// Finds the session (RFC 8620 §2.2) and logs in.
    ///
    /// # Errors
    /// There is no such server, it lets nobody in, or has no mail.
    pub async fn open(internet: &Internet, way: &Way) -> Result<Jmap, Trouble> {
        let line = Line::open(Client::new(internet, way.tls.clone()), way).await?;
        Ok(Jmap { line, clock: internet.clock().clone(), blobs: HashMap::new(), folders: None })
    }

    /// The mailboxes, as they are now: asked for whole only where they changed (RFC 8621 §2.2).
    async fn mailboxes(&mut self) -> Result<Vec<Mailbox>, Trouble> {
        if let Some((state, mailboxes)) = &self.folders {
            let asked = self.line.mail("Mailbox/changes", json!({"sinceState": state, "maxChanges": PAGE_MAX})).await;
            let is_same = asked.as_ref().is_ok_and(|told| {
                let none = |name: &str| told[name].as_array().is_some_and(Vec::is_empty);
                none("created") && none("updated") && none("destroyed") && told["hasMoreChanges"] == json!(false)
            });
            if is_same {
                return Ok(mailboxes.clone());
            }
        }
        let properties = json!(["id", "name", "parentId", "role", "isSubscribed"]);
        let told = self.line.mail("Mailbox/get", json!({"ids": null, "properties": properties})).await?;
        let mailboxes = mailboxes(&told)?;
        let state = told["state"].as_str().unwrap_or_default().to_owned();
        self.folders = Some((state, mailboxes.clone()));
        Ok(mailboxes)
    }

    async fn look_at(&mut self, ids: &[String], headers: bool) -> Result<Vec<Found>, Trouble> {
        let mut properties = vec!["id", "blobId", "mailboxIds", "keywords", "receivedAt", "size"];
        if headers {
            properties.extend(["headers", "hasAttachment"]);
        }
        let told = self.line.mail("Email/get", json!({"ids": ids, "properties": properties})).await?;
        let all = emails(&told, headers)?;
        for email in told["list"].as_array().into_iter().flatten() {
            if self.blobs.len() >= BLOBS_MAX {
                self.blobs.clear();
            }
            if let (Some(id), Some(blob)) = (email["id"].as_str(), email["blobId"].as_str()) {
                self.blobs.insert(id.to_owned(), blob.to_owned());
            }
        }
        Ok(all)
    }

    async fn blob(&mut self, id: &str) -> Result<Option<String>, Trouble> {
        if let Some(blob) = self.blobs.remove(id) {
            return Ok(Some(blob));
        }
        let told = self.line.mail("Email/get", json!({"ids": [id], "properties": ["blobId"]})).await?;
        Ok(told["list"][0]["blobId"].as_str().map(str::to_owned))
    }
}

/// The e-mails of an answer to `Email/get` (RFC 8621 §4.2), each with its header where that was asked for.
///
/// # Errors
/// It is no such answer.
pub fn emails(told: &Value, headers: bool) -> Result<Vec<Found>, Trouble> {
    let list = told["list"].as_array().ok_or_else(|| nonsense("Email/get without a list"))?;
    let found = |email| words::found(email, headers).ok_or_else(|| nonsense("an e-mail without its properties"));
    list.iter().map(found).collect()
}

/// The folders of an answer to `Mailbox/get` (RFC 8621 §2.1).
///
/// # Errors
/// It is no such answer, or has more than [`MAILBOXES_MAX`] of them.
pub fn folders(told: &Value) -> Result<Vec<FolderFound>, Trouble> {
    Ok(found_folders(mailboxes(told)?))
}

fn mailboxes(told: &Value) -> Result<Vec<Mailbox>, Trouble> {
    let list = told["list"].as_array().ok_or_else(|| nonsense("Mailbox/get without a list"))?;
    if list.len() > MAILBOXES_MAX {
        return Err(nonsense(&format!("more than {MAILBOXES_MAX} mailboxes")));
    }
    Ok(list.iter().filter_map(mailbox).collect())
}

fn found_folders(mailboxes: Vec<Mailbox>) -> Vec<FolderFound> {
    let paths = paths(&mailboxes);
    let found = |(mailbox, name): (Mailbox, String)| FolderFound {
        remote: mailbox.id,
        name,
        role: mailbox.role,
        selectable: true,
        subscribed: mailbox.subscribed,
    };
    mailboxes.into_iter().zip(paths).map(found).collect()
}

fn mailbox(told: &Value) -> Option<Mailbox> {
    Some(Mailbox {
        id: told["id"].as_str()?.to_owned(),
        name: told["name"].as_str()?.to_owned(),
        parent: told["parentId"].as_str().map(str::to_owned),
        role: told["role"].as_str().map_or(Role::None, Role::of),
        subscribed: told["isSubscribed"].as_bool().unwrap_or(true),
    })
}

/// Paths of mailboxes, levels parted by `/`. A name may hold one itself (RFC 8621 §2): it is shown as another sign.
fn paths(mailboxes: &[Mailbox]) -> Vec<String> {
    let by_id: HashMap<&str, &Mailbox> = mailboxes.iter().map(|mailbox| (mailbox.id.as_str(), mailbox)).collect();
    let path = |mailbox: &Mailbox| {
        let mut own = words::shown_name(&mailbox.name);
        own.truncate(own.floor_char_boundary(PATH_MAX));
        let mut room = PATH_MAX - own.len();
        let mut names = vec![own];
        let mut above = mailbox.parent.as_deref();
        while names.len() < LEVELS_MAX
            && let Some(parent) = above.and_then(|id| by_id.get(id)).filter(|parent| parent.name.len() < room)
        {
            let name = words::shown_name(&parent.name);
            let Some(left) = room.checked_sub(name.len() + 1) else { break };
            room = left;
            names.push(name);
            above = parent.parent.as_deref();
        }
        names.reverse();
        names.join("/")
    };
    mailboxes.iter().map(path).collect()
}

impl Keyed for Jmap {
    async fn folders(&mut self) -> Result<Vec<FolderFound>, Trouble> {
        Ok(found_folders(self.mailboxes().await?))
    }

    async fn state(&mut self) -> Result<String, Trouble> {
        let told = self.line.mail("Email/get", json!({"ids": [], "properties": ["id"]})).await?;
        told["state"].as_str().map(str::to_owned).ok_or_else(|| nonsense("Email/get without a state"))
    }

    // RFC 8620 §5.2
    async fn since(&mut self, state: &str) -> Result<Option<News>, Trouble> {
        let asked = self.line.mail("Email/changes", json!({"sinceState": state, "maxChanges": PAGE_MAX})).await;
        let told = match asked {
            // A state of another server, or of before a backup was laid back, is no state either.
            Err(fault) if fault.is("cannotCalculateChanges") || fault.is("invalidArguments") => return Ok(None),
            told => told?,
        };
        let ids = |name: &str| words::strings(&told[name]);
        let state = told["newState"].as_str().ok_or_else(|| nonsense("changes without a state"))?.to_owned();
        let changed = [ids("created"), ids("updated")].concat();
        Ok(Some(News { changed, gone: ids("destroyed"), state, more: told["hasMoreChanges"] == json!(true) }))
    }

    // RFC 8620 §5.5: from the last id that is still there, since positions shift as mail comes and goes.
    async fn list(&mut self, after: Option<&str>) -> Result<Page, Trouble> {
        let anchors: Vec<String> = after.and_then(|after| serde_json::from_str(after).ok()).unwrap_or_default();
        let sort = json!([{"property": "receivedAt", "isAscending": false}]);
        for anchor in anchors.iter().map(Some).chain([None]) {
            let mut query = json!({"sort": sort, "limit": PAGE_MAX, "calculateTotal": false});
            if let Some(anchor) = anchor {
                query["anchor"] = json!(anchor);
                query["anchorOffset"] = json!(1);
            }
            let told = match self.line.mail("Email/query", query).await {
                Err(fault) if fault.is("anchorNotFound") => continue,
                told => told?,
            };
            let ids = words::strings(&told["ids"]);
            let last: Vec<&String> = ids.iter().rev().take(ANCHORS).collect();
            let next = (!ids.is_empty()).then(|| serde_json::to_string(&last).unwrap_or_default());
            return Ok(Page { next, ids });
        }
        Err(nonsense("a list that has no beginning"))
    }

    async fn look(&mut self, ids: &[String], headers: bool) -> Result<Vec<Found>, Trouble> {
        let most = self.line.limits().get.min(if headers { LOOK_MAX } else { PAGE_MAX });
        let mut all = Vec::with_capacity(ids.len());
        for ids in ids.chunks(most) {
            all.extend(self.look_at(ids, headers).await?);
        }
        Ok(all)
    }

    async fn content(&mut self, id: &str, into: &mut Upload<'_>) -> Result<bool, Trouble> {
        let Some(blob) = self.blob(id).await? else { return Ok(false) };
        let Some(mut response) = self.line.download(&blob).await? else { return Ok(false) };
        while let Some(octets) = response.next().await? {
            into.push(&octets)?;
        }
        Ok(true)
    }

    async fn flag(&mut self, ids: &[String], add: &Flags, remove: &Flags) -> Result<Vec<String>, Trouble> {
        let patch = words::keyword_patch(add, remove);
        if patch.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(Vec::new());
        }
        self.update(ids, &patch).await
    }

    async fn relocate(&mut self, ids: &[String], from: &str, to: &str) -> Result<Vec<String>, Trouble> {
        self.move_out(ids, from, to).await
    }

    async fn copy(&mut self, ids: &[String], to: &str) -> Result<Vec<String>, Trouble> {
        self.update(ids, &json!({words::member("mailboxIds", to): true})).await
    }

    async fn destroy(&mut self, ids: &[String], from: &str) -> Result<Vec<String>, Trouble> {
        self.take_out(ids, from).await
    }

    async fn find(&mut self, folder: &str, it: Append<'_>) -> Result<Option<String>, Trouble> {
        self.with_message_id(Some(folder), it.message_id).await
    }

    async fn append(&mut self, folder: &str, it: Append<'_>) -> Result<String, Trouble> {
        let content = it.mirror.content(it.message)?;
        let content = content.ok_or_else(|| Trouble::new(Kind::Io, "the content of the message is not here"))?;
        self.import(folder, content.into(), (it.flags, it.received)).await
    }

    async fn create_folder(&mut self, path: &str, role: Role) -> Result<String, Trouble> {
        self.make_mailbox(path, role).await
    }

    async fn rename_folder(&mut self, folder: &str, path: &str) -> Result<Option<String>, Trouble> {
        self.rename_mailbox(folder, path).await.map(|()| None)
    }

    async fn delete_folder(&mut self, folder: &str) -> Result<(), Trouble> {
        self.destroy_mailbox(folder).await
    }

    async fn subscribe(&mut self, folder: &str, on: bool) -> Result<(), Trouble> {
        self.set_mailbox(folder, json!({"isSubscribed": on})).await
    }

    async fn wait(&mut self, state: &str, until: Time) -> Result<(), Trouble> {
        self.watch_for(state, until).await
    }

    async fn close(self) {}
}
