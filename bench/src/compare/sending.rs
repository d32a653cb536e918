//! Mail that goes on to another server: how fast a queue drains, what accepting and relaying costs, how long a message
//! rests on the way, and what a million waiting ones weigh.

use super::field::{Field, Run, measure};
use super::transfer::{ON_EACH, middle, send};
use super::{Effort, cost};
use crate::line::Connection;
use crate::peers::{self, AWAY};
use crate::sink::Sink;
use crate::smtp::{self, Load};
use crate::tally::Tally;
use crate::tree::Tree;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Messages that wait before the next hop opens.
const QUEUED: u64 = 20_000;
/// Messages whose delay is measured, one after the other.
const TIMED: u64 = 200;
/// Between two of them: a machine that is idle.
const PAUSE: Duration = Duration::from_millis(20);
/// A queue as large as one gets.
const MILLION: u64 = 1_000_000;

/// Postfix's smtp-sink as the next hop. It is stopped (SIGSTOP) to let a queue fill: connections are open then, and greet
/// nobody.
struct NextHop(Child);

impl NextHop {
    async fn start(field: &Field) -> Result<NextHop> {
        let words = ["-u", "nobody", &field.next_hop.to_string(), "1000"];
        let hop = NextHop(Command::new("smtp-sink").args(words).stderr(Stdio::null()).spawn().context("smtp-sink")?);
        while Connection::open(field.next_hop).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(hop)
    }

    fn signal(&self, name: &str) -> Result<()> {
        peers::run(Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()))
    }
}

impl Drop for NextHop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One server that relays.
struct Relay<'a> {
    name: &'static str,
    smtp: SocketAddr,
    trees: Vec<Tree>,
    empty: Box<dyn Fn() -> Result<()> + 'a>,
}

fn relays(field: &Field) -> Vec<Relay<'_>> {
    let ours = Relay {
        name: "ours",
        smtp: field.house.smtp,
        trees: vec![field.house.tree()],
        empty: Box::new(|| field.house.empty()),
    };
    let theirs = field.debian.iter().map(|(name, peer)| Relay {
        name,
        smtp: peer.smtp,
        trees: peer.relay(),
        empty: Box::new(|| peer.delivered()),
    });
    std::iter::once(ours).chain(theirs).collect()
}

fn load(address: SocketAddr, messages: u64, sessions: u64, size: usize) -> Load {
    let recipients = (0..100).map(|user| format!("u{user}@{AWAY}")).collect();
    let from = "sender@bench.example".to_owned();
    Load { address, from, recipients, messages, sessions, per_connection: ON_EACH, size, tls: None }
}

/// Draining, relaying and the delay.
pub async fn all(field: &Field, effort: Effort) -> Result<()> {
    println!("| what | server | messages a second | CPU us a message | rate, ours to theirs | CPU, theirs to ours |");
    println!("|:--|:--|--:|--:|--:|--:|");
    {
        let hop = NextHop::start(field).await?;
        draining(field, &hop, effort).await?;
        for size in [1024, 10 * 1024, 100 * 1024] {
            relaying(field, size, effort).await?;
        }
    }
    delays(field, effort).await
}

async fn draining(field: &Field, hop: &NextHop, effort: Effort) -> Result<()> {
    let mut results = Vec::new();
    for relay in relays(field) {
        let mut runs = Vec::new();
        for _ in 0..effort.rounds {
            hop.signal("STOP")?;
            let filled = send(load(relay.smtp, QUEUED / effort.shorter, 20, 1024)).await?;
            let drained = async {
                hop.signal("CONT")?;
                Ok(filled)
            };
            runs.push(measure(&relay.trees, drained, &relay.empty).await?.0);
        }
        results.push((relay.name, middle(&runs)));
    }
    print(&format!("drain {}", QUEUED / effort.shorter), &results);
    Ok(())
}

async fn relaying(field: &Field, size: usize, effort: Effort) -> Result<()> {
    let messages = if size > 50_000 { 1000 } else { 4000 } / effort.shorter;
    let mut results = Vec::new();
    for relay in relays(field) {
        let mut runs = Vec::new();
        for _ in 0..effort.rounds {
            runs.push(measure(&relay.trees, send(load(relay.smtp, messages, 20, size)), &relay.empty).await?.0);
        }
        results.push((relay.name, middle(&runs)));
    }
    print(&format!("relay {} KiB", size / 1024), &results);
    Ok(())
}

fn print(what: &str, results: &[(&str, Run)]) {
    let Some((_, ours)) = results.first() else { return };
    for (name, run) in results {
        let (rate, cpu) = (ours.rate / run.rate, run.cpu_us / ours.cpu_us);
        println!("| {what} | {name} | {:.0} | {:.0} | {rate:.1} | {cpu:.1} |", run.rate, run.cpu_us);
    }
}

/// From the reply that accepts to the moment the next hop has all of it, one message at a time.
async fn delays(field: &Field, effort: Effort) -> Result<()> {
    let mut sink = Sink::start(field.next_hop).await?;
    for relay in relays(field) {
        let mut tally = Tally::default();
        for _ in 0..(TIMED / effort.shorter).max(1) {
            let accepted = smtp::one(&load(relay.smtp, 1, 1, 1024)).await?;
            let taken = tokio::time::timeout(Duration::from_secs(60), sink.taken()).await?;
            tally.count(taken.context("the sink ended")?.saturating_duration_since(accepted), 0);
            tokio::time::sleep(PAUSE).await;
        }
        println!("{}: from our 250 to the next hop's, median {:.2} ms", relay.name, ms(tally.median()));
    }
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A million messages that wait: how long a start takes, and the memory.
pub async fn queued(field: &mut Field, effort: Effort) -> Result<()> {
    let hop = NextHop::start(field).await?;
    hop.signal("STOP")?;
    let messages = MILLION / effort.shorter;
    let began = Instant::now();
    send(load(field.house.smtp, messages, 50, 1024)).await?;
    println!("{messages} messages queued: {:.0} a second", messages as f64 / began.elapsed().as_secs_f64());
    println!("memory then: {:.1} MiB", field.house.tree().memory_kib()? as f64 / 1024.0);
    field.house.end()?;
    println!("start: {:.0} ms", ms(field.house.run()?));
    hop.signal("CONT")?;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("after ten seconds of sending: at most {:.1} MiB", cost::peak_kib(field.house.tree())? as f64 / 1024.0);
    Ok(())
}
