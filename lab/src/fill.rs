//! Furnishing a host before it runs: accounts and aliases through the office, mail straight into the store.

use anyhow::{Result, ensure};
use message::{Address, Summary, Time};
use office::admin::{AliasTo, Request};
use office::{Office, Policy};
use server::Seams;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::disk::RealDisk;
use store::op::{Deliver, Delivery, Local, Op, Outcome};
use store::query::AccountByAddress;
use store::types::{PopDelete, QueueId, Role};
use store::{Engine, Store};
use wire::dialogue::{Mail, World};

/// The sender of mail that was there before: what a Return-Path would have said.
const SENDER: &str = "alice@crepes.fr";

/// Messages in one commit, so that a maildrop of thousands costs a few syncs.
const GROUP_MESSAGES: usize = 512;

/// Octets in one commit, so that it stays short.
const GROUP_OCTETS: usize = 16 * 1024 * 1024;

/// Makes the people and the mail of a world in a data folder that no server works in.
///
/// # Errors
/// A name of the world is no address, somebody is there already, or the disk fails.
pub async fn fill(data: &Path, world: &World, policy: Policy, seams: &Seams) -> Result<()> {
    people(data, world, policy, seams).await?;
    if world.mail.is_empty() {
        return Ok(());
    }
    let (data, mail, now) = (PathBuf::from(data), world.mail.clone(), seams.clock.now());
    tokio::task::spawn_blocking(move || put_mail(&data, &mail, now)).await?
}

/// What an administrator would ask for to have the people of this world.
///
/// # Errors
/// A name of the world is no address.
pub fn requests(world: &World) -> Result<Vec<Request>> {
    let mut requests = Vec::new();
    for account in &world.accounts {
        let address: Address = account.address.parse()?;
        let password = Some(account.password.clone());
        requests.push(Request::AccountAdd { address: address.clone(), password, quota: account.quota });
        if account.archive || account.apop.is_some() {
            let pop_delete = account.archive.then_some(PopDelete::Archive);
            let apop_secret = account.apop.clone().map(Some);
            requests.push(Request::AccountSet { address, quota: None, pop_delete, apop_secret });
        }
    }
    for (old, targets) in &world.aliases {
        let members = targets.iter().map(|target| target.parse()).collect::<Result<_, _>>()?;
        requests.push(Request::AliasAdd { address: old.parse()?, target: AliasTo::Members(members) });
    }
    for (old, new) in &world.moved {
        requests.push(Request::AliasAdd { address: old.parse()?, target: AliasTo::Moved(new.parse()?) });
    }
    Ok(requests)
}

async fn people(data: &Path, world: &World, policy: Policy, seams: &Seams) -> Result<()> {
    let (folder, settings) = (PathBuf::from(data), seams.store.clone());
    let store = tokio::task::spawn_blocking(move || Store::open(&folder, settings)).await??;
    let now = seams.clock.now();
    let office_seams = office::Seams { random: seams.random.clone(), room: Arc::new(|| None), secret: [0; 32] };
    let office = Office::open(store.clone(), policy, office_seams, now).await?;
    for request in requests(world)? {
        office.administer(now, request).await?;
    }
    drop(office);
    tokio::task::spawn_blocking(move || store.close()).await?;
    Ok(())
}

/// Puts mail into INBOX, octet for octet and in order, with no trace fields added: sizes are those of the world. On one
/// thread, many messages a sync.
fn put_mail(data: &Path, mail: &[Mail], now: Time) -> Result<()> {
    let mut engine = Engine::open(data, Arc::new(RealDisk))?;
    let (mut group, mut octets) = (Vec::new(), 0);
    for (at, mail) in mail.iter().enumerate() {
        octets += mail.content.octets();
        group.push(deliver(&engine, mail, at, now)?);
        if group.len() == GROUP_MESSAGES || octets >= GROUP_OCTETS {
            apply(&mut engine, &group)?;
            group.clear();
            octets = 0;
        }
    }
    apply(&mut engine, &group)?;
    engine.checkpoint()?;
    Ok(())
}

fn apply(engine: &mut Engine, group: &[Op]) -> Result<()> {
    for result in engine.apply_group(group) {
        let outcome = result?;
        let taken = match &outcome {
            Outcome::Delivered(each) => each.iter().all(|delivery| matches!(delivery, Delivery::Done { .. })),
            _ => false,
        };
        ensure!(taken, "the store did not take a message: {outcome:?}");
    }
    Ok(())
}

fn deliver(engine: &Engine, mail: &Mail, at: usize, now: Time) -> Result<Op> {
    let address: Address = mail.account.parse()?;
    let account = engine.read(&AccountByAddress { address })?;
    let account = account.ok_or_else(|| anyhow::anyhow!("{} has mail but no account", mail.account))?;
    let octets = mail.content.bytes();
    let summary = Summary::of(&message::parse(&octets));
    Ok(Op::Deliver(Box::new(Deliver {
        queue_id: QueueId(QueueId::new(now, 0).0 + at as u64),
        now,
        content: engine.put(&octets)?,
        summary: summary.encode(),
        utf8_header: summary.utf8_header,
        reverse_path: SENDER.to_owned(),
        message_id: summary.message_id,
        references: summary.references,
        local: vec![Local {
            account: account.id,
            role: Role::Inbox,
            prefix: Vec::new(),
            recipient: mail.account.clone(),
            grace: true,
        }],
        remote: Vec::new(),
        trace: Vec::new(),
        all_or_nothing: true,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scenario, worlds};
    use std::collections::BTreeMap;
    use store::query::{Mailboxes, Messages, StoredMessage};
    use store::types::{AccountId, Credentials, MailboxId, Message, Uid};

    const NOW: Time = Time(1_081_298_274_000);

    /// A store with a domain and an account that nobody can log in to.
    fn house(data: &Path, world: &World) {
        let mut engine = Engine::open(data, Arc::new(RealDisk)).unwrap();
        let domains = world.domains.iter().map(|domain| Op::DomainAdd { domain: domain.parse().unwrap(), now: NOW });
        let accounts = world.accounts.iter().map(|account| Op::AccountAdd {
            address: account.address.parse().unwrap(),
            credentials: Credentials::default(),
            quota: account.quota,
            now: NOW,
        });
        let ops: Vec<Op> = domains.chain(accounts).collect();
        assert!(engine.apply_group(&ops).into_iter().all(|result| result.is_ok()));
    }

    fn inbox(engine: &Engine, address: &str) -> (AccountId, MailboxId, Vec<Message>) {
        let account = engine.read(&AccountByAddress { address: address.parse().unwrap() }).unwrap().unwrap().id;
        let mailboxes = engine.read(&Mailboxes { account }).unwrap();
        let mailbox = mailboxes.iter().find(|mailbox| mailbox.role == Some(Role::Inbox)).unwrap().id;
        let messages = engine.read(&Messages { account, mailbox, from: Uid(1), limit: 5000 }).unwrap();
        (account, mailbox, messages)
    }

    #[test]
    fn a_maildrop_has_the_sizes_and_the_order_of_its_world() {
        let folder = tempfile::tempdir().unwrap();
        let mut world = worlds(Scenario::Classic).remove(2);
        // All the small ones: enough to need several groups, and quick without optimisation.
        world.mail.retain(|mail| mail.content.octets() < 6_000);
        assert!(world.mail.len() > 2 * GROUP_MESSAGES);
        house(folder.path(), &world);
        put_mail(folder.path(), &world.mail, NOW).unwrap();
        let engine = Engine::open(folder.path(), Arc::new(RealDisk)).unwrap();
        let (account, mailbox, messages) = inbox(&engine, "jzwang@cs.clemson.edu");
        let sizes: Vec<u64> = messages.iter().map(|message| message.size).collect();
        let wanted: Vec<u64> = world.mail.iter().map(|mail| mail.content.octets() as u64).collect();
        assert_eq!(sizes, wanted);
        let shown = messages.iter().find(|message| message.size == 465).unwrap();
        let stored = engine.read(&StoredMessage { account, mailbox, uid: shown.uid }).unwrap().unwrap();
        assert!(stored.prefix.is_empty());
    }

    #[test]
    fn large_messages_are_put_in_groups_that_stay_small() {
        let folder = tempfile::tempdir().unwrap();
        let mut world = worlds(Scenario::Classic).remove(0);
        let made = |n| wire::dialogue::world::Content::Made { octets: GROUP_OCTETS / 2, n };
        let large = |n| Mail::in_inbox("bob@hamburger.edu", made(n));
        world.mail.extend((3..6).map(large));
        house(folder.path(), &world);
        put_mail(folder.path(), &world.mail, NOW).unwrap();
        let engine = Engine::open(folder.path(), Arc::new(RealDisk)).unwrap();
        let (.., messages) = inbox(&engine, "bob@hamburger.edu");
        let sizes: Vec<u64> = messages.iter().map(|message| message.size).collect();
        let half = GROUP_OCTETS as u64 / 2;
        assert_eq!(sizes, [498, 912, half, half, half]);
    }

    #[test]
    fn mail_for_nobody_is_a_mistake_in_the_world() {
        let folder = tempfile::tempdir().unwrap();
        let world = worlds(Scenario::Classic).remove(0);
        let error = put_mail(folder.path(), &world.mail, NOW).unwrap_err();
        assert!(error.to_string().contains("bob@hamburger.edu has mail but no account"), "{error}");
    }

    #[test]
    fn everything_of_a_world_is_asked_for() {
        let mut world = worlds(Scenario::Dialogues).remove(0);
        world.accounts[1].archive = true;
        world.accounts[1].apop = Some("tanstaaf".to_owned());
        world.aliases.push(("sales@hamburger.edu".to_owned(), vec!["bob@hamburger.edu".to_owned()]));
        world.moved.push(("carl@hamburger.edu".to_owned(), "carl@crepes.fr".to_owned()));
        let mut kinds = BTreeMap::new();
        for request in requests(&world).unwrap() {
            let kind = match request {
                Request::AccountAdd { password: Some(_), .. } => "account",
                Request::AccountSet { apop_secret: Some(Some(_)), pop_delete: Some(PopDelete::Archive), .. } => "set",
                Request::AliasAdd { target: AliasTo::Members(_), .. } => "alias",
                Request::AliasAdd { target: AliasTo::Moved(_), .. } => "moved",
                _ => "other",
            };
            *kinds.entry(kind).or_insert(0) += 1;
        }
        assert_eq!(kinds, BTreeMap::from([("account", 2), ("set", 1), ("alias", 1), ("moved", 1)]));
        world.aliases.push(("no address".to_owned(), Vec::new()));
        assert!(requests(&world).is_err());
    }
}
