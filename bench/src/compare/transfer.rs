//! Messages in by SMTP, until each is in its mailbox.

use super::field::{Field, Run, measure};
use super::{Effort, median};
use crate::peers::{DOMAIN, USERS};
use crate::smtp::{self, Load};
use crate::trust;
use anyhow::Result;
use std::net::SocketAddr;

/// "Many" messages on a connection, but no more than servers take (LIMITS, RFC 9422).
pub const ON_EACH: u64 = 500;

/// One cell of the table.
#[derive(Clone, Copy)]
struct Cell {
    size: usize,
    sessions: u64,
    /// Messages on a connection.
    per_connection: u64,
    tls: bool,
}

const SIZES: [usize; 3] = [1024, 10 * 1024, 100 * 1024];
const SESSIONS: [u64; 4] = [1, 10, 50, 200];

/// Every size at every number of connections, one message a connection and many.
pub async fn plain(field: &Field, effort: Effort) -> Result<()> {
    let cells = SIZES.iter().flat_map(|size| SESSIONS.map(|sessions| (*size, sessions)));
    let cells = cells.flat_map(|(size, sessions)| {
        [1, ON_EACH].map(|per_connection| Cell { size, sessions, per_connection, tls: false })
    });
    table(field, effort, cells.collect()).await
}

/// The same under STARTTLS, where the handshake is most of the work and where it is little.
pub async fn secured(field: &Field, effort: Effort) -> Result<()> {
    let cells = [(1024, 1), (1024, 10), (1024, 50), (100 * 1024, 10)];
    let cells = cells.into_iter().flat_map(|(size, sessions)| {
        [1, ON_EACH].map(|per_connection| Cell { size, sessions, per_connection, tls: true })
    });
    table(field, effort, cells.collect()).await
}

async fn table(field: &Field, effort: Effort, cells: Vec<Cell>) -> Result<()> {
    println!("| KiB | connections | messages on each | ours /s | CPU us | against | theirs /s | CPU us | rate | CPU |");
    println!("|--:|--:|:--|--:|--:|:--|--:|--:|--:|--:|");
    for cell in cells {
        row(field, effort, cell).await?;
    }
    Ok(())
}

async fn row(field: &Field, effort: Effort, cell: Cell) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); field.debian.len()]);
    for _ in 0..effort.rounds {
        let load = load(field.house.smtp, cell, effort, 4)?;
        ours.push(measure(&[field.house.tree()], send(load), || Ok(())).await?.0);
        for ((_, peer), runs) in field.debian.iter().zip(&mut theirs) {
            let load = self::load(peer.smtp, cell, effort, 1)?;
            runs.push(measure(&peer.trees(), send(load), || peer.delivered()).await?.0);
        }
    }
    let ours = middle(&ours);
    let each = if cell.per_connection == 1 { "one" } else { "many" };
    let head = format!("| {} | {} | {each} | {:.0} | {:.0}", cell.size / 1024, cell.sessions, ours.rate, ours.cpu_us);
    for ((name, _), runs) in field.debian.iter().zip(&theirs) {
        let them = middle(runs);
        let (rate, cpu) = (ours.rate / them.rate, them.cpu_us / ours.cpu_us);
        println!("{head} | {name} | {:.0} | {:.0} | {rate:.1} | {cpu:.1} |", them.rate, them.cpu_us);
    }
    if field.debian.is_empty() {
        println!("{head} | | | | | |");
    }
    Ok(())
}

/// Medians, each for itself.
pub fn middle(runs: &[Run]) -> Run {
    let of = |figure: fn(&Run) -> f64| median(runs.iter().map(figure).collect());
    Run { rate: of(|run| run.rate), cpu_us: of(|run| run.cpu_us) }
}

/// Enough messages for a second or more of a server that takes some hundred a second, `faster` times as many for one that
/// takes more: a run much shorter would measure its beginning.
fn load(address: SocketAddr, cell: Cell, effort: Effort, faster: u64) -> Result<Load> {
    let messages = if cell.size > 50_000 { 300 } else { 500 } * faster / effort.shorter;
    Ok(Load {
        address,
        from: "sender@bench.example".to_owned(),
        recipients: (0..USERS).map(|user| format!("u{user}@{DOMAIN}")).collect(),
        messages: messages.max(cell.sessions),
        sessions: cell.sessions,
        per_connection: cell.per_connection,
        size: cell.size,
        tls: if cell.tls { Some(trust::anybody()?) } else { None },
    })
}

/// Sends all of it.
pub async fn send(load: Load) -> Result<crate::tally::Tally> {
    crate::run(smtp::plan(&load), smtp::session).await
}
