//! Mailboxes beside INBOX, what lies in them, and flags: what IMAP sees of a dialogue's world.

use anyhow::{Context, Result, ensure};
use message::summary::Summary;
use message::{Address, Time};
use std::collections::HashMap;
use store::{Store, UidSet};
use store::op::{Append, Appended, FlagChange, Op, Outcome};
use store::query::{AccountByAddress, Mailboxes};
use store::types::{AccountId, Flags, MailboxId, Role, Uid};
use wire::dialogue::{Mail, World};

/// Makes the mailboxes of the world, puts its mail into them, and sets flags in INBOX.
pub async fn furnish(store: &Store, world: &World, now: Time) -> Result<()> {
    let mut made = HashMap::new();
    for (address, name) in &world.folders {
        let account = account(store, address).await?;
        let path = name.split('/').map(str::to_owned).collect();
        let outcome = store.apply(Op::MailboxCreate { account, parent: None, path, role: None, now }).await?;
        let Outcome::Mailbox(id) = outcome else { anyhow::bail!("{name} was not made: {outcome:?}") };
        made.insert((address, name), id);
    }
    let mut received: HashMap<&String, u32> = HashMap::new();
    for mail in &world.mail {
        match &mail.folder {
            Some(name) => {
                let mailbox = made.get(&(&mail.account, name)).context("`= folder` stands before its mail")?;
                append(store, mail, *mailbox, now).await?;
            }
            None => {
                let uid = received.entry(&mail.account).or_default();
                *uid += 1;
                flag(store, mail, Uid(*uid)).await?;
            }
        }
    }
    Ok(())
}

async fn account(store: &Store, address: &str) -> Result<AccountId> {
    let address: Address = address.parse()?;
    Ok(store.read(AccountByAddress { address }).await?.context("the account was added before")?.id)
}

async fn append(store: &Store, mail: &Mail, mailbox: MailboxId, now: Time) -> Result<()> {
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
        received: now,
    };
    let account = account(store, &mail.account).await?;
    let append = Append { account, mailbox, messages: vec![message], replaces: None, now };
    let outcome = store.apply(Op::Append(Box::new(append))).await?;
    ensure!(matches!(outcome, Outcome::Uids { .. }), "the world's mail was not taken: {outcome:?}");
    Ok(())
}

async fn flag(store: &Store, mail: &Mail, uid: Uid) -> Result<()> {
    if mail.flags.is_empty() {
        return Ok(());
    }
    let account = account(store, &mail.account).await?;
    let mailboxes = store.read(Mailboxes { account }).await?;
    let inbox = mailboxes.iter().find(|mailbox| mailbox.role == Some(Role::Inbox)).context("everybody has INBOX")?;
    let uids = UidSet::of_ranges([(uid, uid)]);
    let change = FlagChange::Replace(flags(&mail.flags));
    store.apply(Op::SetFlags { account, mailbox: inbox.id, uids, change, unchanged_since: None }).await?;
    Ok(())
}

/// Of their names as IMAP writes them.
fn flags(names: &[String]) -> Flags {
    let has = |name: &str| names.iter().any(|other| other == name);
    Flags {
        seen: has("\\Seen"),
        answered: has("\\Answered"),
        flagged: has("\\Flagged"),
        deleted: has("\\Deleted"),
        draft: has("\\Draft"),
        keywords: names.iter().filter(|name| !name.starts_with('\\')).cloned().collect(),
    }
}
