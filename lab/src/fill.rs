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
    let office = Office::open(store.clone(), policy, office::Seams { random: seams.random.clone() }, now).await?;
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
        remote: None,
        trace: Vec::new(),
        all_or_nothing: true,
    })))
}
