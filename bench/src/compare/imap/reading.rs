//! What readers do: open mailboxes, fetch, search.

use super::yard::{Better, Filled, LETTER, Side, Yard, head, print};
use super::{large, middling};
use crate::imap::Imap;
use crate::letter::RARE;
use crate::tally::Tally;
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Sessions of a round of logins.
const LOGINS: u64 = 1000;
/// Times a warm SELECT is measured on one connection.
const SELECTS: u32 = 20;
/// A search that takes less than this share of the one before shows that an index grows.
const FASTER: f64 = 0.8;
/// Between two looks at that, and how long at most.
const INDEXING_PAUSE: Duration = Duration::from_secs(2);
const INDEXING: Duration = Duration::from_secs(300);
/// What is asked of every message.
const ITEMS: [&str; 5] =
    ["(FLAGS)", "(UID FLAGS)", "(ENVELOPE)", "(BODYSTRUCTURE)", "(UID FLAGS RFC822.SIZE ENVELOPE)"];

/// LOGIN, SELECT, LOGOUT, each on a connection of its own.
pub async fn login(yard: &Yard) -> Result<()> {
    yard.fill(middling(yard)).await?;
    head();
    let rounds = yard.shorter(LOGINS, 20);
    for sessions in [1, 10] {
        let name = format!("LOGIN + SELECT, {sessions} at a time, /s");
        yard.row(&name, Better::More, async |side| logins(side, sessions, rounds).await).await?;
    }
    Ok(())
}

async fn logins(side: Side, sessions: u64, rounds: u64) -> Result<f64> {
    let (began, mut all) = (Instant::now(), JoinSet::new());
    for _ in 0..sessions {
        all.spawn(async move {
            for _ in 0..rounds / sessions {
                side.open("u1").await?.run("LOGOUT").await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = all.join_next().await {
        done??;
    }
    Ok((rounds / sessions * sessions) as f64 / began.elapsed().as_secs_f64())
}

/// SELECT of the large mailbox: again and again, and as the first after a start of the server.
pub async fn select(yard: &mut Yard) -> Result<()> {
    let large = large(yard);
    yard.fill(large).await?;
    head();
    for (who, others) in [("alone", false), ("another has it open", true)] {
        let name = format!("SELECT of {}, warm, {who}, ms", large.messages);
        yard.row(&name, Better::Less, async |side| selects(side, large.user, others).await).await?;
    }
    let (mut first, mut starts) = (Vec::new(), Vec::new());
    for side in yard.sides() {
        let (mut selects, mut times) = (Vec::new(), Vec::new());
        for _ in 0..yard.effort.rounds {
            times.push(ms(yard.restart(side.which)?));
            selects.push(ms(side.login(large.user).await?.run("SELECT INBOX").await?.time));
        }
        first.push(super::super::median(selects));
        starts.push(super::super::median(times));
    }
    print(&format!("SELECT of {}, first after a start, ms", large.messages), Better::Less, &first);
    print("start of the server, ms", Better::Less, &starts);
    Ok(())
}

/// The middle of many on one connection, while another session has the mailbox open or not.
async fn selects(side: Side, user: &str, others: bool) -> Result<f64> {
    let other = if others { Some(side.open(user).await?) } else { None };
    let (mut imap, mut tally) = (side.open(user).await?, Tally::default());
    for _ in 0..SELECTS {
        imap.run("UNSELECT").await?;
        tally.count(imap.run("SELECT INBOX").await?.time, 0);
    }
    imap.run("LOGOUT").await?;
    drop(other);
    Ok(ms(tally.median()))
}

/// Listings of the middling and the large mailbox.
pub async fn fetch(yard: &Yard) -> Result<()> {
    let boxes = [middling(yard), large(yard)];
    for wanted in boxes {
        yard.fill(wanted).await?;
    }
    head();
    for wanted in boxes {
        for items in ITEMS {
            let name = format!("FETCH 1:* {items} of {}, ms", wanted.messages);
            let command = format!("FETCH 1:* {items}");
            yard.row(&name, Better::Less, async |side| {
                let mut imap = side.open(wanted.user).await?;
                let said = imap.run(&command).await?;
                ensure!(said.untagged == wanted.messages, "{} replies", said.untagged);
                imap.run("LOGOUT").await?;
                Ok(ms(said.time))
            })
            .await?;
        }
    }
    Ok(())
}

/// Whole messages of 50 KiB.
pub async fn bodies(yard: &Yard) -> Result<()> {
    let wanted = Filled { user: "u2", messages: yard.shorter(1000, 20), octets: 50 * 1024 };
    yard.fill(wanted).await?;
    head();
    let name = format!("FETCH 1:* (BODY.PEEK[]) of {} of 50 KiB, MB/s", wanted.messages);
    yard.row(&name, Better::More, async |side| {
        let mut imap = side.open(wanted.user).await?;
        let said = imap.run("FETCH 1:* (BODY.PEEK[])").await?;
        ensure!(said.octets > wanted.messages * 50_000, "{} octets", said.octets);
        imap.run("LOGOUT").await?;
        Ok(said.octets as f64 / 1e6 / said.time.as_secs_f64())
    })
    .await
}

/// Searches of a large mailbox that was filled just now, each the first time, then again.
pub async fn search(yard: &Yard) -> Result<()> {
    // Its own mailbox: other sections would have read the large one before.
    let wanted = Filled { user: "u3", messages: yard.shorter(100_000, 1000), octets: LETTER };
    yard.fill(wanted).await?;
    head();
    let searches = ["FROM person7@", "SUBJECT ketchup", &format!("TEXT {RARE}")];
    let mut firsts = Vec::new();
    for key in searches {
        let (mut times, mut found) = (Vec::new(), Vec::new());
        for side in yard.sides() {
            let mut imap = side.open(wanted.user).await?;
            let said = searched(&mut imap, key).await.context(side.name())?;
            times.push(ms(said.0));
            found.push(said.1);
        }
        ensure!(found.windows(2).all(|two| two.first() == two.last()), "{key} finds {found:?}");
        print(&format!("SEARCH {key} of {}, first, ms", wanted.messages), Better::Less, &times);
        firsts.push(times);
    }
    let mut quiet = Vec::new();
    for side in yard.sides() {
        quiet.push(caught_up(side, wanted.user).await?);
    }
    print("until searches get no faster, s", Better::Less, &quiet);
    for (key, mut times) in searches.into_iter().zip(firsts) {
        let ours = *yard.sides().first().context("no server")?;
        let indexed = ms(searched(&mut ours.open(wanted.user).await?, key).await?.0);
        if let Some(first) = times.first_mut() {
            *first = indexed;
        }
        print(&format!("SEARCH {key} of {}, ours indexed, theirs first, ms", wanted.messages), Better::Less, &times);
    }
    for key in searches {
        let name = format!("SEARCH {key} of {}, again, ms", wanted.messages);
        yard.row(&name, Better::Less, async |side| Ok(ms(searched(&mut side.open(wanted.user).await?, key).await?.0)))
            .await?;
    }
    Ok(())
}

/// Waits while a server still makes an index behind what is seen, which shows in searches that get faster; in seconds.
async fn caught_up(side: Side, user: &str) -> Result<f64> {
    let mut imap = side.open(user).await?;
    let (began, mut best) = (Instant::now(), Duration::MAX);
    loop {
        let (time, _) = searched(&mut imap, &format!("TEXT {RARE}")).await?;
        if (best < Duration::MAX && time > best.mul_f64(FASTER)) || began.elapsed() > INDEXING {
            return Ok(began.elapsed().as_secs_f64());
        }
        best = best.min(time);
        tokio::time::sleep(INDEXING_PAUSE).await;
    }
}

/// How long a search took, and how many it found.
async fn searched(imap: &mut Imap, key: &str) -> Result<(Duration, u64)> {
    let said = imap.run(&format!("SEARCH {key}")).await?;
    ensure!(said.found > 0, "{key} finds nothing");
    Ok((said.time, said.found))
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
