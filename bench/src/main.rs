//! A small honest load program: sends by SMTP or reads by POP3 over real sockets, checks every reply, and prints messages
//! a second and the spread of times. It knows the protocols and nothing of the house, so that it measures any server alike.
#![allow(clippy::print_stdout, reason = "a command for a terminal")]
#![allow(clippy::disallowed_methods, reason = "it measures real time over sockets of its own")]

mod line;
mod options;
mod pop3;
mod smtp;
mod tally;

use anyhow::{Result, bail};
use options::Options;
use std::net::SocketAddr;
use std::time::Instant;
use tally::Tally;
use tokio::task::JoinSet;

const HELP: &str = "bench smtp ADDRESS:PORT [--messages 1000] [--sessions 10] [--per-session 0] [--size 2048]
           [--from sender@bench.example] [--to user@example.org] [--users 1]
      sends messages of --size octets over --sessions connections at a time; --per-session 0: each connection is kept.
      With --users N the recipients are user0, user1, ... of the domain of --to.
bench pop3 ADDRESS:PORT --user NAME --password WORD [--rounds 100] [--sessions 4] [--delete no]
      each round logs in, lists, reads every message, deletes it if asked to, and quits.";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(mode), Some(address)) = (arguments.first(), arguments.get(1)) else { bail!("{HELP}") };
    let address: SocketAddr = address.parse()?;
    let options = Options::parse(arguments.get(2..).unwrap_or_default())?;
    let began = Instant::now();
    let tally = match mode.as_str() {
        "smtp" => run(smtp::plan(address, &options)?, smtp::session).await?,
        "pop3" => run(pop3::plan(address, &options)?, pop3::session).await?,
        other => bail!("unknown mode {other}\n{HELP}"),
    };
    println!("{}", tally.report(began.elapsed()));
    Ok(())
}

/// Runs one session for each part of a plan, all at a time. The first failure ends the measurement: a figure that leaves
/// out what failed would be no figure.
async fn run<Part, Running>(parts: Vec<Part>, session: fn(Part) -> Running) -> Result<Tally>
where
    Running: Future<Output = Result<Tally>> + Send + 'static,
{
    let mut sessions = JoinSet::new();
    for part in parts {
        sessions.spawn(session(part));
    }
    let mut all = Tally::default();
    while let Some(done) = sessions.join_next().await {
        all.add(done??);
    }
    Ok(all)
}
