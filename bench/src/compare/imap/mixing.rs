//! Twenty clients that do all a day brings, two on each mailbox.

use super::yard::{Better, Filled, LETTER, Side, Yard, head};
use crate::letter::letter;
use anyhow::Result;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Clients at a time.
const CLIENTS: usize = 20;
/// Whose mailboxes.
const USERS: [&str; 10] = ["u20", "u21", "u22", "u23", "u24", "u25", "u26", "u27", "u28", "u29"];
/// How long a round takes, in milliseconds.
const ROUND_MS: u64 = 10_000;
/// Messages in each mailbox before the first round.
const EACH: u64 = 1000;

/// Commands a second.
pub async fn all(yard: &Yard) -> Result<()> {
    let messages = yard.shorter(EACH, 50);
    for user in USERS {
        yard.fill(Filled { user, messages, octets: LETTER }).await?;
    }
    head();
    let time = Duration::from_millis(yard.shorter(ROUND_MS, 500));
    let name = format!("{CLIENTS} clients, mixed, commands /s");
    yard.row(&name, Better::More, async |side| mixed(side, messages, time).await).await
}

async fn mixed(side: Side, messages: u64, time: Duration) -> Result<f64> {
    let (began, mut all) = (Instant::now(), JoinSet::new());
    for (client, user) in USERS.iter().cycle().take(CLIENTS).enumerate() {
        all.spawn(day(side, user, client as u64, (messages, began + time)));
    }
    let mut commands = 0;
    while let Some(done) = all.join_next().await {
        commands += done??;
    }
    Ok(commands as f64 / began.elapsed().as_secs_f64())
}

/// Commands of one client until the end; how many it said.
async fn day(side: Side, user: &str, seed: u64, (messages, end): (u64, Instant)) -> Result<u64> {
    let mut imap = side.open(user).await?;
    let text = [letter(seed, LETTER)];
    let (mut said, mut state) = (2, seed);
    while Instant::now() < end {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (state >> 33) % (messages - 20).max(1) + 1;
        let command = match (state >> 24) % 10 {
            0 | 1 => format!("FETCH {at}:{} (UID FLAGS)", at + 19),
            2 | 3 => format!("FETCH {at}:{} (UID FLAGS ENVELOPE)", at + 9),
            4 | 5 => format!("FETCH {at} (BODY.PEEK[])"),
            6 => format!("STORE {at} +FLAGS (\\Seen)"),
            7 => format!("STORE {at} -FLAGS (\\Seen)"),
            8 => "NOOP".to_owned(),
            _ => String::new(),
        };
        match command.as_str() {
            "" => imap.append("INBOX", &text).await?,
            command => imap.run(command).await?,
        };
        said += 1;
    }
    imap.run("LOGOUT").await?;
    Ok(said + 1)
}
