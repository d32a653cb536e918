//! The reader: rounds of login, STAT, UIDL, RETR of every message and QUIT; each message read is timed.

use crate::line::Connection;
use crate::options::Options;
use crate::tally::Tally;
use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use std::time::Instant;

/// What one session does.
pub struct Part {
    address: SocketAddr,
    user: String,
    password: String,
    rounds: u64,
    delete: bool,
}

/// Shares the rounds out among the sessions.
pub fn plan(address: SocketAddr, options: &Options) -> Result<Vec<Part>> {
    let (rounds, sessions) = (options.get("rounds", 100_u64)?, options.get("sessions", 4_u64)?.max(1));
    let delete = match options.get("delete", "no".to_owned())?.as_str() {
        "yes" => true,
        "no" => false,
        other => bail!("--delete {other}: yes or no"),
    };
    let part = |session: u64| -> Result<Part> {
        let rounds = rounds * (session + 1) / sessions - rounds * session / sessions;
        Ok(Part { address, user: options.must("user")?, password: options.must("password")?, rounds, delete })
    };
    (0..sessions).map(part).collect()
}

/// Does one part.
pub async fn session(part: Part) -> Result<Tally> {
    let mut tally = Tally::default();
    for _ in 0..part.rounds {
        round(&part, &mut tally).await?;
    }
    Ok(tally)
}

async fn round(part: &Part, tally: &mut Tally) -> Result<()> {
    let mut connection = Connection::open(part.address).await?;
    reply(&mut connection).await?;
    command(&mut connection, &format!("USER {}", part.user)).await?;
    command(&mut connection, &format!("PASS {}", part.password)).await?;
    let stat = command(&mut connection, "STAT").await?;
    let count: u64 = stat.split(' ').nth(1).and_then(|word| word.parse().ok()).context("STAT tells no count")?;
    command(&mut connection, "UIDL").await?;
    lines(&mut connection).await?;
    for number in 1..=count {
        let began = Instant::now();
        command(&mut connection, &format!("RETR {number}")).await?;
        let octets = lines(&mut connection).await?;
        tally.count(began.elapsed(), octets);
        if part.delete {
            command(&mut connection, &format!("DELE {number}")).await?;
        }
    }
    command(&mut connection, "QUIT").await?;
    Ok(())
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
