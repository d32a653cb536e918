//! A load program that knows the protocols and nothing of the house, so that it measures any server alike; and
//! comparisons with Postfix and Dovecot from Debian on the same machine in the same run. Prints figures; gates nothing.
#![allow(clippy::print_stdout, reason = "a command for a terminal")]
#![allow(clippy::disallowed_methods, reason = "it measures real time over sockets of its own")]

mod compare;
mod first_mirror;
mod imap;
mod import;
mod jmap;
mod letter;
mod line;
mod mirror;
mod options;
mod parse;
mod peers;
mod pop3;
mod sink;
mod smtp;
mod tally;
mod tree;
mod trust;

use anyhow::{Context, Result, bail};
use options::Options;
use std::net::SocketAddr;
use std::time::Instant;
use tally::Tally;
use tokio::task::JoinSet;

const HELP: &str = "bench smtp ADDRESS:PORT [--messages 1000] [--sessions 10] [--per-session 0] [--size 2048]
           [--from sender@bench.example] [--to user@example.org] [--users 1] [--tls no]
      sends messages of --size octets over --sessions connections at a time; --per-session 0: each connection is kept.
      With --users N the recipients are user0, user1, ... of the domain of --to.
bench pop3 ADDRESS:PORT --user NAME --password WORD [--rounds 100] [--sessions 4] [--delete no]
      each round logs in, lists, reads every message, deletes it if asked to, and quits.
bench compare [SECTION...] [--rounds 3] [--shorter 1] [--folder /var/tmp/...]
      Pillarbox beside private Postfix and Dovecot, as root: limits smtp tls pop3 listing syncs memory large
      sending; and if named, million, gigabytes and queued, which take minutes and a disk with room;
      beside a private Dovecot: imap, which is all of imap-search imap-login imap-select imap-fetch imap-bodies
      imap-change imap-append imap-mix imap-idle imap-memory;
      beside a private Cyrus: jmap.
bench parse [FILE...]
      our parser of messages beside mail-parser.
bench mirror [MESSAGES] [FILE]
      the mirror of the user agents: filling, lists, searches.
bench import [MESSAGES]
      a large mbox into a mirror: speed and memory.
bench first-mirror ADDRESS:PORT --user NAME --password WORD [--rounds 3]
      the first mirror of an account by IMAP without TLS, beside mbsync into a Maildir.";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mode, rest) = arguments.split_first().context(HELP)?;
    match mode.as_str() {
        "smtp" | "pop3" => load(mode, rest).await,
        "compare" => compare::run(rest).await,
        "parse" => parse::run(rest),
        "mirror" => mirror::run(rest),
        "import" => import::run(rest).await,
        "first-mirror" => {
            let (address, rest) = rest.split_first().context(HELP)?;
            first_mirror::run(address.parse()?, &Options::parse(rest)?).await
        }
        other => bail!("unknown mode {other}\n{HELP}"),
    }
}

/// One load on one server.
async fn load(mode: &str, rest: &[String]) -> Result<()> {
    let (address, rest) = rest.split_first().context(HELP)?;
    let address: SocketAddr = address.parse()?;
    let options = Options::parse(rest)?;
    let began = Instant::now();
    let (tally, unit) = match mode {
        "smtp" => (run(smtp::plan(&smtp::load(address, &options)?), smtp::session).await?, "message"),
        _ => (run(pop3::plan(&pop3::load(address, &options)?), pop3::session).await?, "session"),
    };
    println!("{}", tally.report(began.elapsed(), unit));
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
