//! All that can be seen of a store, as lines that can be compared.

use crate::world::KINDS;
use crate::world::plan::IDENTIFIERS;
use blake3::hash;
use store::op::OutboxFilter;
use store::query::{
    Accounts, Aliases, Annotations, Domains, Mailboxes, Messages, Objects, Outbox, SharedWith, States, StoredMessage,
    Subscriptions, TraceByAddress, UploadById, WholeAccount,
};
use store::types::{Account, AccountId, Annotated, Mailbox, MailboxId, Uid};
use store::{Engine, StoreError};

/// Everything, content included.
pub fn view(engine: &Engine) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    lines.extend(engine.read(&Domains {})?.iter().map(|domain| format!("domain {}", domain.domain)));
    lines.extend(engine.read(&Aliases { domain: None })?.iter().map(|alias| format!("{alias:?}")));
    for account in engine.read(&Accounts { domain: None, after: None, limit: 1_000 })? {
        let Account { id, address, quota, used, messages, .. } = &account;
        lines.push(format!("account {} {address} {quota:?} {used} {messages}", id.0));
        for mailbox in engine.read(&Mailboxes { account: *id })? {
            lines.push(format!("{mailbox:?}"));
            messages_of(engine, &account, &mailbox, &mut lines)?;
        }
        emails_of(engine, *id, &mut lines)?;
        let of = Annotated { mailbox: Some((*id, MailboxId(1))), reader: None };
        lines.push(format!("{:?}", engine.read(&Annotations { of })?));
        lines.push(format!("{:?}", engine.read(&Subscriptions { account: *id })?));
        let journeys = engine.read(&TraceByAddress { address: address.to_string(), limit: 1_000 })?;
        lines.push(format!("journeys {}", journeys.len()));
    }
    let identifiers = IDENTIFIERS.map(str::to_owned).to_vec();
    lines.extend(engine.read(&SharedWith { identifiers })?.iter().map(|shared| format!("{shared:?}")));
    for row in engine.read(&Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 1_000 })? {
        lines.push(format!(
            "{} {} {} {} {} {:?}",
            row.outbox, row.recipient, row.address, row.state, row.attempts, row.due
        ));
    }
    Ok(lines)
}

/// What lies beside the mailboxes: conversations, states, objects, uploads.
fn emails_of(engine: &Engine, account: AccountId, lines: &mut Vec<String>) -> Result<(), StoreError> {
    lines.push(format!("{:?} {:?}", engine.read(&WholeAccount { account })?, engine.read(&States { account })?));
    for kind in KINDS {
        lines.push(format!("{:?}", engine.read(&Objects { account, kind })?));
    }
    for upload in 1..9 {
        if let Some((uploaded, stored)) = engine.read(&UploadById { account, upload })? {
            lines.push(format!("{uploaded:?} {:?}", hash(&engine.whole(&stored)?).to_hex()));
        }
    }
    Ok(())
}

fn messages_of(engine: &Engine, of: &Account, mailbox: &Mailbox, lines: &mut Vec<String>) -> Result<(), StoreError> {
    let (account, mailbox) = (of.id, mailbox.id);
    for message in engine.read(&Messages { account, mailbox, from: Uid(1), limit: 10_000 })? {
        let stored = engine.read(&StoredMessage { account, mailbox, uid: message.uid })?;
        let content = stored.map(|stored| engine.whole(&stored)).transpose()?;
        lines.push(format!("{message:?} {:?}", content.map(|octets| hash(&octets).to_hex())));
    }
    Ok(())
}
