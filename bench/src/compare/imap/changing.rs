//! What changes mailboxes: flags, copies, moves, new messages.

use super::reading::ms;
use super::yard::{Better, Filled, LETTER, Side, Yard, head};
use crate::letter::letter;
use anyhow::Result;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::task::JoinSet;

/// The account whose mailbox of 10,000 is changed.
const CHANGED: &str = "u4";
/// Messages of a round of APPEND, whatever the number of clients.
const APPENDS: u64 = 1000;
/// Messages of one MULTIAPPEND.
const TOGETHER: u64 = 100;

/// STORE, COPY and MOVE of a whole mailbox.
pub async fn all(yard: &Yard) -> Result<()> {
    let wanted = Filled { user: CHANGED, messages: yard.shorter(10_000, 100), octets: LETTER };
    yard.fill(wanted).await?;
    let count = wanted.messages;
    head();
    for (word, way) in [("+FLAGS", Better::Less), ("+FLAGS.SILENT", Better::Less)] {
        yard.row(&format!("STORE 1:* {word} of {count}, ms"), way, async |side| store(side, word).await).await?;
    }
    // Each copy has a name of its own, so that no round finds what another left.
    let names = AtomicU64::new(0);
    yard.row(&format!("COPY of {count}, ms"), Better::Less, async |side| {
        let (mut imap, name) = (side.open(CHANGED).await?, fresh(&names));
        imap.run(&format!("CREATE {name}")).await?;
        let time = imap.run(&format!("COPY 1:* {name}")).await?.time;
        imap.run(&format!("DELETE {name}")).await?;
        Ok(ms(time))
    })
    .await?;
    yard.row(&format!("MOVE of {count}, ms"), Better::Less, async |side| {
        let (mut imap, from, to) = (side.open(CHANGED).await?, fresh(&names), fresh(&names));
        imap.run(&format!("CREATE {from}")).await?;
        imap.run(&format!("CREATE {to}")).await?;
        imap.run(&format!("COPY 1:* {from}")).await?;
        imap.run(&format!("SELECT {from}")).await?;
        let time = imap.run(&format!("MOVE 1:* {to}")).await?.time;
        imap.run("UNSELECT").await?;
        imap.run(&format!("DELETE {from}")).await?;
        imap.run(&format!("DELETE {to}")).await?;
        Ok(ms(time))
    })
    .await
}

fn fresh(names: &AtomicU64) -> String {
    format!("copy{}", names.fetch_add(1, Ordering::Relaxed))
}

/// A flag set on every message; taken off again outside the time.
async fn store(side: Side, word: &str) -> Result<f64> {
    let mut imap = side.open(CHANGED).await?;
    imap.run("STORE 1:* -FLAGS.SILENT (\\Flagged)").await?;
    let said = imap.run(&format!("STORE 1:* {word} (\\Flagged)")).await?;
    imap.run("LOGOUT").await?;
    Ok(ms(said.time))
}

/// A write-ahead log that grows takes longer to sync than one that goes round, which it does from some thousand messages on:
/// so many come first.
const BEFORE: u64 = 20_000;

/// APPEND at every size by one client and by ten, each to a mailbox of its own; and many with one command.
pub async fn append(yard: &Yard) -> Result<()> {
    yard.fill(Filled { user: "u9", messages: yard.shorter(BEFORE, 100), octets: LETTER }).await?;
    head();
    for octets in [1024, 10 * 1024, 100 * 1024] {
        for clients in [1, 10] {
            let each = (yard.shorter(APPENDS, 10) / clients).max(1);
            let name = format!(
                "APPEND of {} KiB, {}, /s",
                octets / 1024,
                if clients == 1 { "one client" } else { "ten clients" }
            );
            yard.row(&name, Better::More, async |side| appended(side, clients, each, &[letter(1, octets)]).await)
                .await?;
        }
    }
    let together: Vec<String> = (0..TOGETHER).map(|number| letter(number, 1024)).collect();
    let commands = yard.shorter(10, 2);
    let name = format!("MULTIAPPEND of {TOGETHER} of 1 KiB, messages /s");
    yard.row(&name, Better::More, async |side| appended(side, 1, commands, &together).await).await
}

/// Messages a second: `each` commands of every client, `u10` and on, each with the same messages.
async fn appended(side: Side, clients: u64, each: u64, messages: &[String]) -> Result<f64> {
    let mut open = Vec::new();
    for client in 0..clients {
        open.push(side.login(&format!("u{}", 10 + client)).await?);
    }
    let (began, mut all) = (Instant::now(), JoinSet::new());
    for mut imap in open {
        let messages = messages.to_vec();
        all.spawn(async move {
            for _ in 0..each {
                imap.append("INBOX", &messages).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = all.join_next().await {
        done??;
    }
    Ok((clients * each) as f64 * messages.len() as f64 / began.elapsed().as_secs_f64())
}
