//! The post office of this host: its mail by plain questions ([`wire::host`]), with neither an access protocol nor SMTP in
//! between. Owns what is asked; how the questions get there is a [`Carrier`]'s, which the binary's [`Door`] gives.

use super::keyed::{Append, Found, Keyed, News, Page, nonsense};
use crate::account::settings;
use crate::mirror::{Envelope, Flags, FolderFound, Role, Upload};
use crate::submission::{Fate, Report};
use crate::trouble::{Kind, Trouble};
use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use message::Time;
use net::clock::Clock;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;
use wire::host::{self, Answer, Carrier, Door, EMAILS_MAX, Octets, PIECE_MAX, Refusal, Request, WAIT_MAX_MS};

/// Where nobody tells of news, it is looked for so often.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Letters of a role that are asked for in vain before a server that leaves the same over and over is not believed.
const ROUNDS_MAX: usize = 10_000;

/// What the post office refuses.
fn refused(refusal: Refusal) -> Trouble {
    let kind = match refusal.code {
        // It exists already: what was given is at fault.
        73 => Kind::Data,
        code => Kind::of_code(code).unwrap_or(Kind::Unavailable),
    };
    Trouble::new(kind, refusal.text)
}

/// Mail of this host.
pub struct Local {
    /// Never waited for: it makes what may be handed from thread to thread something that threads may look at, too.
    carrier: Mutex<Box<dyn Carrier>>,
    clock: Clock,
}

impl Local {
    /// Opens the mail of an address; `at` may name another account, and a post office.
    ///
    /// # Errors
    /// There is no post office, no such account, or it is not for this user.
    pub async fn open(
        door: &dyn Door,
        at: &settings::Local,
        address: &message::Address,
        clock: Clock,
    ) -> Result<Local, Trouble> {
        let account = at.user.clone().unwrap_or_else(|| address.to_string());
        let carrier = door.open(at.path.as_deref(), &account).await.map_err(refused)?;
        Ok(Local { carrier: Mutex::new(carrier), clock })
    }

    async fn ask(&mut self, request: Request) -> Result<Answer, Trouble> {
        self.carrier.get_mut().ask(request).await.map_err(refused)
    }

    async fn done(&mut self, request: Request) -> Result<(), Trouble> {
        match self.ask(request).await? {
            Answer::Done => Ok(()),
            _ => Err(unexpected()),
        }
    }

    /// Asks about many e-mails in runs; answers those that are missing.
    async fn each(&mut self, ids: &[String], ask: impl Fn(Vec<i64>) -> Request) -> Result<Vec<String>, Trouble> {
        let mut all = Vec::new();
        for ids in numbers(ids)?.chunks(EMAILS_MAX) {
            match self.ask(ask(ids.to_vec())).await? {
                Answer::Missing { ids } => all.extend(ids.iter().map(i64::to_string)),
                _ => return Err(unexpected()),
            }
        }
        Ok(all)
    }

    async fn state_now(&mut self, request: Request) -> Result<String, Trouble> {
        match self.ask(request).await? {
            Answer::State { state } => Ok(state),
            _ => Err(unexpected()),
        }
    }

    /// Sends a letter that was queued at a time. The same for the same people, handed over again, is not sent again: so it
    /// never is in doubt.
    pub async fn send(&mut self, posted: Time, envelope: &Envelope, content: Bytes) -> Report {
        let content = whole_lines(content);
        match self.hand_over(posted, envelope, &content).await {
            Ok(fates) => Report { fates, trouble: None },
            Err(trouble) => {
                let fate = if trouble.may_pass() { Fate::Later } else { Fate::Refused };
                let fates = envelope.recipients.iter().map(|_| fate(trouble.text.clone())).collect();
                Report { fates, trouble: Some(trouble) }
            }
        }
    }

    async fn hand_over(&mut self, posted: Time, envelope: &Envelope, content: &[u8]) -> Result<Vec<Fate>, Trouble> {
        let letter = host::Letter {
            ticket: ticket(envelope, content),
            posted,
            reverse_path: envelope.reverse_path.clone(),
            recipients: envelope.recipients.clone(),
            octets: content.len() as u64,
        };
        let Answer::Sending { name, taken, refused } = self.ask(Request::Post(letter)).await? else {
            return Err(unexpected());
        };
        let refused: HashMap<&str, &host::RefusedRecipient> =
            refused.iter().map(|refused| (refused.recipient.as_str(), refused)).collect();
        let fate = |recipient: &String| match refused.get(recipient.as_str()) {
            Some(refused) if refused.for_good => Fate::Refused(refused.said.clone()),
            Some(refused) => Fate::Later(refused.said.clone()),
            None => Fate::Taken(format!("queued as {name} on this host")),
        };
        let fates: Vec<Fate> = envelope.recipients.iter().map(fate).collect();
        if !taken && fates.iter().any(|fate| matches!(fate, Fate::Taken(_))) {
            for piece in content.chunks(PIECE_MAX) {
                self.done(Request::Piece { octets: Octets(piece.to_vec()) }).await?;
            }
            self.done(Request::Send).await?;
        }
        Ok(fates)
    }

    /// Content that the mirror has, in pieces.
    async fn pour(&mut self, it: Append<'_>) -> Result<(), Trouble> {
        self.done(Request::Begin { octets: it.size }).await?;
        let mut at = 0;
        while at < it.size {
            let end = it.size.min(at + PIECE_MAX as u64);
            let octets = it.mirror.range(it.message, at..end)?;
            if octets.is_empty() {
                return Err(Trouble::new(Kind::Io, "the message ends early in the local mail"));
            }
            at += octets.len() as u64;
            self.done(Request::Piece { octets: Octets(octets) }).await?;
        }
        Ok(())
    }
}

impl Keyed for Local {
    async fn folders(&mut self) -> Result<Vec<FolderFound>, Trouble> {
        let Answer::Folders { folders } = self.ask(Request::Folders).await? else { return Err(unexpected()) };
        let found = |folder: host::Folder| FolderFound {
            remote: folder.id.to_string(),
            name: folder.path,
            role: folder.role.map_or(Role::None, |role| Role::of(&role)),
            selectable: folder.selectable,
            subscribed: folder.subscribed,
        };
        Ok(folders.into_iter().map(found).collect())
    }

    async fn state(&mut self) -> Result<String, Trouble> {
        self.state_now(Request::State).await
    }

    async fn since(&mut self, state: &str) -> Result<Option<News>, Trouble> {
        let texts = |ids: Vec<i64>| ids.iter().map(i64::to_string).collect();
        match self.ask(Request::Since { state: state.to_owned() }).await? {
            Answer::News { changed, gone, state, more } => {
                Ok(Some(News { changed: texts(changed), gone: texts(gone), state, more }))
            }
            Answer::Forgotten => Ok(None),
            _ => Err(unexpected()),
        }
    }

    async fn list(&mut self, after: Option<&str>) -> Result<Page, Trouble> {
        let after = after.map(serde_json::from_str).transpose().map_err(|_| nonsense("where a page ended"))?;
        match self.ask(Request::List { after }).await? {
            Answer::Page { ids, next } => {
                let next = next.map(|next: (Time, i64)| serde_json::to_string(&next).unwrap_or_default());
                Ok(Page { ids: ids.iter().map(i64::to_string).collect(), next })
            }
            _ => Err(unexpected()),
        }
    }

    async fn look(&mut self, ids: &[String], headers: bool) -> Result<Vec<Found>, Trouble> {
        let mut wanted = numbers(ids)?;
        let mut all = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let rest = wanted.split_off(wanted.len().min(EMAILS_MAX));
            let before = wanted.len();
            if before == 0 {
                return Ok(all);
            }
            let Answer::Emails { emails, mut left } = self.ask(Request::Look { ids: wanted, headers }).await? else {
                return Err(unexpected());
            };
            if left.len() >= before {
                break;
            }
            all.extend(emails.into_iter().map(found));
            left.extend(rest);
            wanted = left;
        }
        Err(nonsense("e-mails that it never tells of"))
    }

    async fn content(&mut self, id: &str, into: &mut Upload<'_>) -> Result<bool, Trouble> {
        let id = number(id)?;
        let mut at = 0;
        loop {
            let (octets, size) = match self.ask(Request::Read { id, from: at }).await {
                Ok(Answer::Content { octets, size }) => (octets.0, size),
                Ok(_) => return Err(unexpected()),
                Err(trouble) if trouble.kind == Kind::Data => return Ok(false),
                Err(trouble) => return Err(trouble),
            };
            into.push(&octets)?;
            at += octets.len() as u64;
            if at >= size {
                return Ok(true);
            }
            if octets.is_empty() {
                return Err(nonsense("a message that ends early"));
            }
        }
    }

    async fn flag(&mut self, ids: &[String], add: &Flags, remove: &Flags) -> Result<Vec<String>, Trouble> {
        let (add, remove) = (told(add), told(remove));
        self.each(ids, |ids| Request::Flag { ids, add: add.clone(), remove: remove.clone() }).await
    }

    async fn relocate(&mut self, ids: &[String], from: &str, to: &str) -> Result<Vec<String>, Trouble> {
        let (from, to) = (number(from)?, number(to)?);
        self.each(ids, |ids| Request::Move { ids, from, to }).await
    }

    async fn copy(&mut self, ids: &[String], to: &str) -> Result<Vec<String>, Trouble> {
        let to = number(to)?;
        self.each(ids, |ids| Request::Copy { ids, to }).await
    }

    async fn destroy(&mut self, ids: &[String], from: &str) -> Result<Vec<String>, Trouble> {
        let from = number(from)?;
        self.each(ids, |ids| Request::Destroy { ids, from }).await
    }

    async fn find(&mut self, folder: &str, it: Append<'_>) -> Result<Option<String>, Trouble> {
        let (folder, message_id) = (number(folder)?, it.message_id.to_owned());
        match self.ask(Request::Find { folder, message_id, size: it.size }).await? {
            Answer::Found { id } => Ok(id.map(|id| id.to_string())),
            _ => Err(unexpected()),
        }
    }

    async fn append(&mut self, folder: &str, it: Append<'_>) -> Result<String, Trouble> {
        let folder = number(folder)?;
        self.pour(it).await?;
        match self.ask(Request::Append { folder, flags: told(it.flags), received: it.received }).await? {
            Answer::Found { id: Some(id) } => Ok(id.to_string()),
            _ => Err(unexpected()),
        }
    }

    async fn create_folder(&mut self, path: &str, role: Role) -> Result<String, Trouble> {
        let role = (role != Role::None).then(|| format!("{role:?}").to_lowercase());
        match self.ask(Request::CreateFolder { path: path.to_owned(), role }).await? {
            Answer::Folder { id } => Ok(id.to_string()),
            _ => Err(unexpected()),
        }
    }

    async fn rename_folder(&mut self, folder: &str, path: &str) -> Result<Option<String>, Trouble> {
        self.done(Request::RenameFolder { folder: number(folder)?, path: path.to_owned() }).await.map(|()| None)
    }

    async fn delete_folder(&mut self, folder: &str) -> Result<(), Trouble> {
        self.done(Request::DeleteFolder { folder: number(folder)? }).await
    }

    async fn subscribe(&mut self, folder: &str, on: bool) -> Result<(), Trouble> {
        self.done(Request::Subscribe { folder: number(folder)?, on }).await
    }

    async fn wait(&mut self, state: &str, until: Time) -> Result<(), Trouble> {
        if !self.carrier.get_mut().rest().await {
            self.clock.sleep_until(until.min(self.clock.now().after(LOOK_EVERY))).await;
            return Ok(());
        }
        loop {
            let left = u64::try_from(until.since(self.clock.now()).as_millis()).unwrap_or(u64::MAX);
            if left == 0 {
                return Ok(());
            }
            let wait = Request::Wait { state: state.to_owned(), milliseconds: left.min(WAIT_MAX_MS) };
            if self.state_now(wait).await? != state {
                return Ok(());
            }
        }
    }

    async fn close(self) {
        self.carrier.into_inner().close().await;
    }
}

/// RFC 5321 §4.1.1.4: a letter ends with the end of a line, which is added where it is missing.
fn whole_lines(content: Bytes) -> Bytes {
    if content.ends_with(b"\r\n") { content } else { [&content, &b"\r\n"[..]].concat().into() }
}

/// What tells a letter, with those it is for, from all others.
fn ticket(envelope: &Envelope, content: &[u8]) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(content);
    for who in std::iter::once(&envelope.reverse_path).chain(&envelope.recipients) {
        hash.update(b"\n");
        hash.update(who.as_bytes());
    }
    let name: String = hash.finish().as_ref().iter().take(16).map(|octet| format!("{octet:02x}")).collect();
    format!("letter {name}")
}

fn unexpected() -> Trouble {
    nonsense("it answers something else")
}

fn number(id: &str) -> Result<i64, Trouble> {
    id.parse().map_err(|_| nonsense("an id that is no number"))
}

fn numbers(ids: &[String]) -> Result<Vec<i64>, Trouble> {
    ids.iter().map(|id| number(id)).collect()
}

fn told(flags: &Flags) -> host::Flags {
    host::Flags { bits: flags.bits, keywords: flags.keywords.iter().cloned().collect() }
}

fn found(email: host::Email) -> Found {
    let mut flags = Flags::of(email.flags.bits);
    flags.keywords.extend(email.flags.keywords);
    Found {
        id: email.id.to_string(),
        folders: email.folders.iter().map(i64::to_string).collect(),
        flags,
        received: email.received,
        size: email.size,
        header: email.header.map(|header| header.0),
        attachments: email.attachments,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_ends_with_its_last_line() {
        for (given, sent) in [("a: b\r\n\r\nc", "a: b\r\n\r\nc\r\n"), ("c\r\n", "c\r\n"), ("", "\r\n")] {
            assert_eq!(whole_lines(Bytes::from(given)), sent);
        }
    }

    #[test]
    fn a_letter_is_named_by_what_it_says_and_whom_it_is_for() {
        let to = |who: &str| Envelope { recipients: vec![who.to_owned()], ..Envelope::default() };
        assert_eq!(ticket(&to("a@x"), b"Hi"), ticket(&to("a@x"), b"Hi"));
        assert_ne!(ticket(&to("a@x"), b"Hi"), ticket(&to("b@x"), b"Hi"));
        assert_ne!(ticket(&to("a@x"), b"Hi"), ticket(&to("a@x"), b"Ho"));
    }
}
