//! Who waits: how soon new mail is told, and what a waiting session costs.

use super::reading::ms;
use super::yard::{Better, Side, Yard, head, print};
use super::{large, middling};
use crate::imap::Imap;
use crate::letter::letter;
use crate::line::Connection;
use crate::peers::DOMAIN;
use crate::smtp::{command, reply};
use crate::tally::Tally;
use crate::tree::Tree;
use anyhow::{Context, Result};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Who gets the mail that is waited for.
const WAITING: &str = "u30";
/// Messages delivered to see how soon they are told.
const DELIVERIES: u64 = 500;
/// How long one may take to be told.
const PATIENCE: Duration = Duration::from_secs(60);
/// Waiting sessions with TLS, of ours; Dovecot, which keeps a process for each, gets so many fewer.
const SECURED: u64 = 10_000;
/// Sessions on the large mailbox.
const SHARING: u64 = 1000;
/// Sessions of Dovecot: each is a process of some MiB.
const PROCESSES: u64 = 200;
/// Seconds to wait at most until memory changes no more.
const SETTLING: u32 = 20;
/// Connections begun at a time.
const BEGINNING: u64 = 50;

/// From the reply to a delivery (SMTP, or LMTP for Dovecot) to EXISTS at a session in IDLE.
pub async fn notice(yard: &Yard) -> Result<()> {
    let mut rows = [Vec::new(), Vec::new()];
    let count = yard.shorter(DELIVERIES, 20);
    for side in yard.sides() {
        let mut tally = noticed(side, count).await.with_context(|| side.name())?;
        rows[0].push(ms(tally.median()));
        rows[1].push(ms(tally.at(99)));
    }
    head();
    print(&format!("250 to EXISTS in IDLE, p50 of {count}, ms"), Better::Less, &rows[0]);
    print(&format!("250 to EXISTS in IDLE, p99 of {count}, ms"), Better::Less, &rows[1]);
    Ok(())
}

async fn noticed(side: Side, count: u64) -> Result<Tally> {
    let mut imap = side.open(WAITING).await?;
    imap.idle().await?;
    let (tell, mut told) = mpsc::unbounded_channel();
    let waiting = tokio::spawn(async move {
        while let Ok(arrival) = imap.arrival().await {
            if tell.send(arrival).is_err() {
                break;
            }
        }
    });
    let mut post = Connection::open(side.post.0).await?;
    reply(&mut post, b"220").await?;
    command(&mut post, &format!("{} bench.example", side.post.1), b"250").await?;
    let mut tally = Tally::default();
    for number in 0..count {
        let replied = deliver(&mut post, number).await?;
        let arrival = timeout(PATIENCE, told.recv()).await.context("EXISTS did not come")?.context("IDLE ended")?;
        // It may come before the reply does.
        tally.count(arrival.saturating_duration_since(replied), 0);
    }
    waiting.abort();
    Ok(tally)
}

/// Delivers one message; when the reply came.
async fn deliver(post: &mut Connection, number: u64) -> Result<Instant> {
    command(post, "MAIL FROM:<sender@bench.example>", b"250").await?;
    command(post, &format!("RCPT TO:<{WAITING}@{DOMAIN}>"), b"250").await?;
    command(post, "DATA", b"354").await?;
    post.write(format!("{}.\r\n", letter(number, 2048)).as_bytes()).await?;
    reply(post, b"250").await?;
    Ok(Instant::now())
}

/// Memory of sessions in IDLE: under TLS with the middling mailbox, and many on the large one.
pub async fn memory(yard: &mut Yard) -> Result<()> {
    let (middling, large) = (middling(yard), large(yard));
    yard.fill(middling).await?;
    yard.fill(large).await?;
    head();
    let mut rows = [const { Vec::new() }; 4];
    let (secured, sharing) = (yard.shorter(SECURED, 50), yard.shorter(SHARING, 50));
    for side in yard.sides() {
        let most = if side.which == 0 { u64::MAX } else { PROCESSES };
        let (count, shared) = (secured.min(most), sharing.min(most));
        let (added, whole) = waiting(yard, side.which, (middling.user, count), true).await?;
        rows[0].push(added / count as f64);
        rows[1].push(whole);
        let (added, whole) = waiting(yard, side.which, (large.user, shared), false).await?;
        rows[2].push(added / 1024.0);
        rows[3].push(whole);
    }
    let names = [
        format!(
            "a TLS session in IDLE, {} messages, of {secured} (Dovecot {}), KiB",
            middling.messages,
            secured.min(PROCESSES)
        ),
        "the whole server then, MiB".to_owned(),
        format!("{sharing} sessions on {} messages (Dovecot {}), MiB", large.messages, sharing.min(PROCESSES)),
        "the whole server then, MiB".to_owned(),
    ];
    for (name, row) in names.iter().zip(&rows) {
        print(name, Better::Less, row);
    }
    Ok(())
}

/// What so many waiting sessions add to a server that was just started, in KiB, and what all of it takes then, in MiB. What
/// the first login and the first session bring in once is counted too: with few sessions the figure says too much.
async fn waiting(yard: &mut Yard, which: usize, (user, count): (&'static str, u64), tls: bool) -> Result<(f64, f64)> {
    yard.restart(which)?;
    let side = *yard.sides().get(which).context("no such server")?;
    let before = settled(side.tree).await?;
    let open = begin(side, user, count, tls).await?;
    let whole = settled(side.tree).await?;
    drop(open);
    Ok((whole - before, whole / 1024.0))
}

/// The memory of a server in KiB, when it has given back what it will.
async fn settled(tree: Tree) -> Result<f64> {
    let mut last = tree.memory_kib()? as f64;
    for _ in 0..SETTLING {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = tree.memory_kib()? as f64;
        if (now - last).abs() < last * 0.005 {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

/// So many sessions in IDLE.
async fn begin(side: Side, user: &'static str, count: u64, tls: bool) -> Result<Vec<Imap>> {
    let mut open = Vec::new();
    while (open.len() as u64) < count {
        let mut some = JoinSet::new();
        for _ in 0..BEGINNING.min(count - open.len() as u64) {
            some.spawn(wait(side, user, tls));
        }
        while let Some(imap) = some.join_next().await {
            open.push(imap?.context("more files: ulimit -n 20000")?);
        }
    }
    Ok(open)
}

/// One session in IDLE.
async fn wait(side: Side, user: &str, tls: bool) -> Result<Imap> {
    let mut imap = if tls { side.login_secured(user).await? } else { side.login(user).await? };
    imap.run("SELECT INBOX").await?;
    imap.idle().await?;
    Ok(imap)
}
