//! Folders of an account by their paths: shown, made, renamed, deleted.

use super::{HostDesk, Told, gone, refuse, trouble, usage};
use crate::admin::FailureKind;
use message::Time;
use store::op::{Op, Outcome};
use store::query::Mailboxes;
use store::types::{AccountId, Mailbox, MailboxId, Role};
use wire::host::{Answer, Folder, PATH_MAX, Refusal, Request};

/// Roles and their words.
const ROLES: [(Role, &str); 6] = [
    (Role::Inbox, "inbox"),
    (Role::Archive, "archive"),
    (Role::Drafts, "drafts"),
    (Role::Sent, "sent"),
    (Role::Junk, "junk"),
    (Role::Trash, "trash"),
];

impl HostDesk {
    pub(super) async fn arrange(&self, now: Time, request: Request) -> Told {
        let account = self.account()?.id;
        match request {
            Request::Folders => self.folders(account).await,
            Request::CreateFolder { path, role } => self.create(now, account, &path, role.as_deref()).await,
            Request::RenameFolder { folder, path } => self.rename(now, account, MailboxId(folder), &path).await,
            Request::DeleteFolder { folder } => {
                let op = Op::MailboxDelete { account, mailbox: MailboxId(folder), now };
                match self.apply(op).await? {
                    Outcome::Done | Outcome::Gone => Ok(Answer::Done),
                    other => Err(unwilling(&other)),
                }
            }
            Request::Subscribe { folder, on } => {
                let op = Op::MailboxSubscribe { account, mailbox: MailboxId(folder), subscribed: on };
                match self.apply(op).await? {
                    Outcome::Done | Outcome::Gone => Ok(Answer::Done),
                    other => Err(unwilling(&other)),
                }
            }
            _ => Err(usage("that is not asked of folders")),
        }
    }

    async fn apply(&self, op: Op) -> Result<Outcome, Refusal> {
        self.office.store().apply(op).await.map_err(trouble)
    }

    async fn mailboxes(&self, account: AccountId) -> Result<Vec<(String, Mailbox)>, Refusal> {
        let mailboxes = self.office.store().read(Mailboxes { account }).await.map_err(trouble)?;
        let path = |mailbox: &Mailbox| {
            let mut names = vec![mailbox.name.as_str()];
            let mut above = mailbox.parent;
            // A loop cannot be stored; the count keeps this from trusting that.
            for _ in 0..mailboxes.len() {
                let Some(parent) = mailboxes.iter().find(|other| Some(other.id) == above) else { break };
                names.push(&parent.name);
                above = parent.parent;
            }
            names.reverse();
            names.join("/")
        };
        Ok(mailboxes.iter().map(|mailbox| (path(mailbox), mailbox.clone())).collect())
    }

    async fn folders(&self, account: AccountId) -> Told {
        let word = |role: Role| ROLES.iter().find(|(known, _)| *known == role).map(|(_, word)| (*word).to_owned());
        let folder = |(path, mailbox): (String, Mailbox)| Folder {
            id: mailbox.id.0,
            path,
            role: mailbox.role.and_then(word),
            selectable: mailbox.selectable,
            subscribed: mailbox.subscribed,
        };
        Ok(Answer::Folders { folders: self.mailboxes(account).await?.into_iter().map(folder).collect() })
    }

    async fn create(&self, now: Time, account: AccountId, path: &str, role: Option<&str>) -> Told {
        let all = self.mailboxes(account).await?;
        if let Some((_, there)) = all.iter().find(|(known, mailbox)| known == path && mailbox.selectable) {
            return Ok(Answer::Folder { id: there.id.0 });
        }
        let role = role.and_then(|word| ROLES.iter().find(|(_, known)| *known == word)).map(|(role, _)| *role);
        let role = role.filter(|role| all.iter().all(|(_, mailbox)| mailbox.role != Some(*role)));
        let op = Op::MailboxCreate { account, parent: None, path: names(path)?, role, now };
        match self.apply(op).await? {
            Outcome::Mailbox(id) => Ok(Answer::Folder { id: id.0 }),
            other => Err(unwilling(&other)),
        }
    }

    async fn rename(&self, now: Time, account: AccountId, mailbox: MailboxId, path: &str) -> Told {
        let all = self.mailboxes(account).await?;
        let Some((old, it)) = all.iter().find(|(_, known)| known.id == mailbox) else {
            return Err(refuse(FailureKind::Data, "the folder is gone"));
        };
        if old == path {
            return Ok(Answer::Done);
        }
        // RFC 9051 §6.3.6 would move its messages instead.
        if it.role == Some(Role::Inbox) {
            return Err(refuse(FailureKind::Data, "the inbox cannot be renamed"));
        }
        let op = Op::MailboxRename { account, mailbox, parent: None, path: names(path)?, now };
        match self.apply(op).await? {
            Outcome::Done | Outcome::Mailbox(_) => Ok(Answer::Done),
            other => Err(unwilling(&other)),
        }
    }
}

fn names(path: &str) -> Result<Vec<String>, Refusal> {
    if path.len() > PATH_MAX || path.split('/').any(str::is_empty) {
        return Err(refuse(FailureKind::Data, format!("{path:?} is no path of a folder")));
    }
    Ok(path.split('/').map(str::to_owned).collect())
}

fn unwilling(outcome: &Outcome) -> Refusal {
    match outcome {
        Outcome::Exists => refuse(FailureKind::CannotCreate, "there is a folder of that name already"),
        Outcome::Conflict => refuse(FailureKind::Data, "that cannot be done to this folder"),
        Outcome::Limit => refuse(FailureKind::Data, "there are too many folders, or the name is too long"),
        _ => gone(),
    }
}
