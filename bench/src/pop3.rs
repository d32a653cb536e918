//! The reader: rounds of login, STAT, LIST, RETR of every message and QUIT, each round timed.

use crate::line::Connection;
use crate::options::Options;
use crate::tally::Tally;
use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use std::time::Instant;

/// What is read, and how.
#[derive(Clone)]
pub struct Load {
    /// Where from.
    pub address: SocketAddr,
    /// Taken in turn.
    pub users: Vec<String>,
    /// Of all of them.
    pub password: String,
    /// Rounds in all.
    pub rounds: u64,
    /// Connections at a time.
    pub sessions: u64,
    /// Deletes what it read.
    pub delete: bool,
}

/// What one session does.
pub struct Part {
    load: Load,
    first: u64,
    rounds: u64,
}

/// What the options ask for.
pub fn load(address: SocketAddr, options: &Options) -> Result<Load> {
    let delete = match options.get("delete", "no".to_owned())?.as_str() {
        "yes" => true,
        "no" => false,
        other => bail!("--delete {other}: yes or no"),
    };
    Ok(Load {
        address,
        users: vec![options.must("user")?],
        password: options.must("password")?,
        rounds: options.get("rounds", 100_u64)?,
        sessions: options.get("sessions", 4_u64)?.max(1),
        delete,
    })
}

/// Shares the rounds out among the sessions.
pub fn plan(load: &Load) -> Vec<Part> {
    let share = |count: u64| load.rounds * count / load.sessions;
    let part = |n: u64| Part { load: load.clone(), first: share(n), rounds: share(n + 1) - share(n) };
    (0..load.sessions).map(part).collect()
}

/// Does one part.
pub async fn session(part: Part) -> Result<Tally> {
    let mut tally = Tally::default();
    for number in part.first..part.first + part.rounds {
        let began = Instant::now();
        let user = part.load.users.get(usize::try_from(number)? % part.load.users.len().max(1)).context("no users")?;
        let octets = round(&part.load, user).await?;
        tally.count(began.elapsed(), octets);
    }
    Ok(tally)
}

/// One session of a client that reads all there is; the octets it read.
async fn round(load: &Load, user: &str) -> Result<u64> {
    let mut connection = Connection::open(load.address).await?;
    reply(&mut connection).await?;
    command(&mut connection, &format!("USER {user}")).await?;
    command(&mut connection, &format!("PASS {}", load.password)).await?;
    let stat = command(&mut connection, "STAT").await?;
    let count: u64 = stat.split(' ').nth(1).and_then(|word| word.parse().ok()).context("STAT tells no count")?;
    command(&mut connection, "LIST").await?;
    lines(&mut connection).await?;
    let mut octets = 0;
    for number in 1..=count {
        command(&mut connection, &format!("RETR {number}")).await?;
        octets += lines(&mut connection).await?;
        if load.delete {
            command(&mut connection, &format!("DELE {number}")).await?;
        }
    }
    command(&mut connection, "QUIT").await?;
    Ok(octets)
}

/// Times one command with a listing, in one maildrop, so often.
pub async fn listing(load: &Load, user: &str, line: &str, times: u32) -> Result<Tally> {
    let mut connection = Connection::open(load.address).await?;
    reply(&mut connection).await?;
    command(&mut connection, &format!("USER {user}")).await?;
    command(&mut connection, &format!("PASS {}", load.password)).await?;
    let mut tally = Tally::default();
    for _ in 0..times {
        let began = Instant::now();
        command(&mut connection, line).await?;
        let octets = lines(&mut connection).await?;
        tally.count(began.elapsed(), octets);
    }
    command(&mut connection, "QUIT").await?;
    Ok(tally)
}

async fn command(connection: &mut Connection, line: &str) -> Result<String> {
    connection.write(format!("{line}\r\n").as_bytes()).await?;
    let word = line.split(' ').next().unwrap_or_default();
    reply(connection).await.with_context(|| format!("in answer to {word}"))
}

async fn reply(connection: &mut Connection) -> Result<String> {
    let line = String::from_utf8_lossy(connection.line().await?).into_owned();
    ensure!(line.starts_with("+OK"), "the server said {line}");
    Ok(line)
}

/// Reads up to the line with a dot; returns the octets before it as the server counts them.
async fn lines(connection: &mut Connection) -> Result<u64> {
    let mut octets = 0;
    loop {
        match connection.line().await? {
            b"." => return Ok(octets),
            line => octets += line.strip_prefix(b".").unwrap_or(line).len() as u64 + 2,
        }
    }
}
