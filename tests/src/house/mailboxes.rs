//! What lies beside INBOX in the world of a dialogue: mailboxes, mail in them, and flags.

use super::NOW;
use anyhow::{Context, Result, bail};
use message::Address;
use message::summary::Summary;
use std::collections::HashMap;
use store::op::{Append, Appended, FlagChange, Op, Outcome};
use store::query::{AccountByAddress, Mailboxes};
use store::types::{AccountId, Flags, MailboxId, Uid};
use store::{Store, UidSet};
use wire::dialogue::{Mail, World};

/// Makes the mailboxes, puts mail into them and sets flags; mail in INBOX is there already.
pub(super) async fn fill(store: &Store, world: &World) -> Result<()> {
    for account in &world.accounts {
        let address: Address = account.address.parse()?;
        let id = store.read(AccountByAddress { address }).await?.context("the account was added before")?.id;
        let mut mailboxes = usual(store, id).await?;
        for (_, name) in world.folders.iter().filter(|(owner, _)| *owner == account.address) {
            mailboxes.insert(name.clone(), create(store, id, name).await?);
        }
        let mut in_inbox = 0;
        for mail in world.mails_of(&account.address) {
            match &mail.folder {
                Some(folder) => {
                    let mailbox = *mailboxes.get(folder).with_context(|| format!("no mailbox {folder}"))?;
                    append(store, id, mailbox, mail).await?;
                }
                None => {
                    in_inbox += 1;
                    let inbox = *mailboxes.get("INBOX").context("an INBOX")?;
                    set_flags(store, (id, inbox, Uid(in_inbox)), &mail.flags).await?;
                }
            }
        }
    }
    Ok(())
}

/// Those that every account has.
async fn usual(store: &Store, account: AccountId) -> Result<HashMap<String, MailboxId>> {
    let all = store.read(Mailboxes { account }).await?;
    Ok(all.into_iter().map(|mailbox| (mailbox.name, mailbox.id)).collect())
}

async fn create(store: &Store, account: AccountId, name: &str) -> Result<MailboxId> {
    let path = name.split('/').map(str::to_owned).collect();
    let op = Op::MailboxCreate { account, parent: None, path, role: None, now: NOW };
    match store.apply(op).await? {
        Outcome::Mailbox(id) => Ok(id),
        other => bail!("{name} was not made: {other:?}"),
    }
}

async fn append(store: &Store, account: AccountId, mailbox: MailboxId, mail: &Mail) -> Result<()> {
    let octets = mail.content.bytes();
    let summary = Summary::of(&message::parse(&octets));
    let mut upload = store.upload();
    upload.write(&octets).await?;
    let message = Appended {
        content: upload.finish().await?,
        summary: summary.encode(),
        utf8_header: summary.utf8_header,
        message_id: summary.message_id,
        references: summary.references,
        flags: flags(&mail.flags),
        received: NOW,
    };
    let append = Append { account, mailbox, messages: vec![message], replaces: None, now: NOW };
    match store.apply(Op::Append(Box::new(append))).await? {
        Outcome::Uids { .. } => Ok(()),
        other => bail!("the world's mail was not taken: {other:?}"),
    }
}

async fn set_flags(
    store: &Store,
    (account, mailbox, uid): (AccountId, MailboxId, Uid),
    names: &[String],
) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let (uids, change) = (UidSet::from(vec![uid]), FlagChange::Add(flags(names)));
    match store.apply(Op::SetFlags { account, mailbox, uids, change, unchanged_since: None }).await? {
        Outcome::Modified(left) if left.is_empty() => Ok(()),
        Outcome::Done => Ok(()),
        other => bail!("the world's flags were not set: {other:?}"),
    }
}

fn flags(names: &[String]) -> Flags {
    let mut flags = Flags::default();
    for name in names {
        match name.to_ascii_lowercase().as_str() {
            "\\seen" => flags.seen = true,
            "\\answered" => flags.answered = true,
            "\\flagged" => flags.flagged = true,
            "\\deleted" => flags.deleted = true,
            "\\draft" => flags.draft = true,
            _ => flags.keywords.push(name.clone()),
        }
    }
    flags.keywords.sort();
    flags
}
