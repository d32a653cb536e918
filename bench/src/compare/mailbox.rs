//! Mail out by POP3: whole sessions, and listings of one large maildrop.

use super::field::{Field, Run, measure};
use super::transfer::send;
use super::{Effort, median};
use crate::peers::{DOMAIN, PASSWORD, USERS};
use crate::pop3::{self, Load};
use crate::smtp;
use anyhow::Result;
use std::net::SocketAddr;

/// Messages in each maildrop, and their size.
const EACH: u64 = 10;
const OCTETS: usize = 10 * 1024;

/// The maildrop of classic dialogue 5.
const VISIBLE: u64 = 2308;

/// Readers of the sessions: mail for them is nobody else's, so that a maildrop holds what is expected.
fn readers() -> Vec<String> {
    (0..USERS / 2).map(|user| format!("u{user}")).collect()
}

/// Login, STAT, LIST, RETR of all, QUIT.
pub async fn sessions(field: &Field, effort: Effort) -> Result<()> {
    empty_and_fill(field).await?;
    println!("| connections | ours /s | CPU us | against | theirs /s | CPU us | rate | CPU |");
    println!("|--:|--:|--:|:--|--:|--:|--:|--:|");
    for connections in [1, 10, 50] {
        let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); field.debian.len()]);
        for _ in 0..effort.rounds {
            let load = load(field.house.pop3, connections, 3000 / effort.shorter);
            ours.push(measure(&[field.house.tree()], read(load), || Ok(())).await?.0);
            for ((_, peer), runs) in field.debian.iter().zip(&mut theirs) {
                let load = self::load(peer.pop3, connections, 1500 / effort.shorter);
                runs.push(measure(&peer.trees(), read(load), || Ok(())).await?.0);
            }
        }
        print(connections, &ours, field.debian.iter().map(|(name, _)| *name).zip(&theirs));
    }
    Ok(())
}

fn print<'a>(connections: u64, ours: &[Run], theirs: impl Iterator<Item = (&'a str, &'a Vec<Run>)>) {
    let of = |runs: &[Run], figure: fn(&Run) -> f64| median(runs.iter().map(figure).collect());
    let (rate, cpu) = (of(ours, |run| run.rate), of(ours, |run| run.cpu_us));
    let mut printed = false;
    for (name, runs) in theirs {
        let (their_rate, their_cpu) = (of(runs, |run| run.rate), of(runs, |run| run.cpu_us));
        let ratios = format!("{:.1} | {:.1}", rate / their_rate, their_cpu / cpu);
        println!("| {connections} | {rate:.0} | {cpu:.0} | {name} | {their_rate:.0} | {their_cpu:.0} | {ratios} |");
        printed = true;
    }
    if !printed {
        println!("| {connections} | {rate:.0} | {cpu:.0} | | | | | |");
    }
}

/// LIST and UIDL of one large maildrop.
pub async fn listings(field: &Field) -> Result<()> {
    let mut all = vec![("ours", field.house.smtp, field.house.pop3)];
    all.extend(field.debian.iter().map(|(name, peer)| (*name, peer.smtp, peer.pop3)));
    let user = format!("u{}", USERS - 1);
    for (_, smtp, pop3) in &all {
        read(Load { delete: true, users: vec![user.clone()], ..load(*pop3, 1, 1) }).await?;
        send(fill(*smtp, vec![format!("{user}@{DOMAIN}")], VISIBLE, 1024)).await?;
    }
    for (_, peer) in &field.debian {
        peer.delivered()?;
    }
    println!("Median of 20, a maildrop of {VISIBLE} messages.\n\n| server | LIST ms | UIDL ms |\n|:--|--:|--:|");
    for (name, _, pop3) in all {
        let mut times = Vec::new();
        for line in ["LIST", "UIDL"] {
            let mut tally = pop3::listing(&load(pop3, 1, 1), &user, line, 20).await?;
            times.push(format!("{:.2}", tally.median().as_secs_f64() * 1e3));
        }
        println!("| {name} | {} |", times.join(" | "));
    }
    Ok(())
}

/// Each reader's maildrop emptied, then filled alike on every server.
async fn empty_and_fill(field: &Field) -> Result<()> {
    let recipients: Vec<String> = readers().iter().map(|user| format!("{user}@{DOMAIN}")).collect();
    let mut all = vec![(field.house.smtp, field.house.pop3)];
    all.extend(field.debian.iter().map(|(_, peer)| (peer.smtp, peer.pop3)));
    for (smtp, pop3) in all {
        read(Load { delete: true, ..load(pop3, 1, recipients.len() as u64) }).await?;
        send(fill(smtp, recipients.clone(), EACH * recipients.len() as u64, OCTETS)).await?;
    }
    field.debian.iter().try_for_each(|(_, peer)| peer.delivered())
}

fn fill(address: SocketAddr, recipients: Vec<String>, messages: u64, size: usize) -> smtp::Load {
    let from = "sender@bench.example".to_owned();
    smtp::Load { address, from, recipients, messages, sessions: 10, per_connection: 0, size, tls: None }
}

fn load(address: SocketAddr, sessions: u64, rounds: u64) -> Load {
    Load { address, users: readers(), password: PASSWORD.to_owned(), rounds, sessions, delete: false }
}

async fn read(load: Load) -> Result<crate::tally::Tally> {
    crate::run(pop3::plan(&load), pop3::session).await
}
