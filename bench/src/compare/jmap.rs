//! Pillarbox beside Cyrus by JMAP, on a mailbox of 100,000. Owns what is measured; the client is `crate::jmap`. Cyrus
//! takes any password, ours are checked.

use super::field::Folder;
use super::{Effort, median};
use crate::imap::Imap;
use crate::jmap::Jmap;
use crate::letter::{RARE, letter};
use crate::peers::{Cyrus, House, free_port, loopback};
use crate::tally::Tally;
use crate::tree::Tree;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Messages of the mailbox.
const MESSAGES: u64 = 100_000;
/// Messages in one command that fills it.
const BATCH: u64 = 100;
/// Octets of each.
const LETTER: usize = 2048;
/// Requests of a round, of each kind, on a connection.
const REQUESTS: u64 = 200;
/// A round ends after this, however many were answered: some take seconds.
const ROUND_MAX: Duration = Duration::from_secs(10);
/// What a list shows of a message.
const SHOWN: [&str; 9] =
    ["id", "threadId", "mailboxIds", "keywords", "from", "subject", "receivedAt", "size", "preview"];
/// A list's first page.
const PAGE: u64 = 50;
/// How long the index of words may take to be made before searches are measured.
const INDEXING: Duration = Duration::from_secs(120);
/// What a search takes once it is.
const INDEXED: Duration = Duration::from_millis(100);

/// One server as a client sees it.
#[derive(Clone)]
struct Side {
    name: &'static str,
    imap: SocketAddr,
    http: SocketAddr,
    user: &'static str,
    tree: Tree,
}

/// Measures all of it.
pub async fn run(folder: &Path, effort: Effort) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let folder = Folder(folder.to_owned());
    let house = House::start(&folder.0.join("pillarbox"), loopback(free_port()?), 1)?;
    let ours = Side { name: "ours", imap: house.imap, http: house.http, user: "u0", tree: house.tree() };
    let mut sides = vec![ours];
    let cyrus = Cyrus::start(&folder.0.join("cyrus"));
    match &cyrus {
        Ok(cyrus) => {
            sides.push(Side { name: "Cyrus", imap: cyrus.imap, http: cyrus.http, user: "u0", tree: cyrus.tree() });
        }
        Err(why) => println!("skipped: Cyrus: {why:#}"),
    }
    let messages = (MESSAGES / effort.shorter).max(1000);
    for side in &sides {
        fill(side, messages).await?;
    }
    settle(&sides[0]).await?;
    println!("\n## jmap\n\n| figure, mailbox of {messages} | ours | Cyrus | ratio |\n|:--|--:|--:|--:|");
    figures(&sides, (messages, effort.rounds)).await?;
    for side in &sides {
        println!("\n{}: {} MiB", side.name, side.tree.memory_kib()? / 1024);
    }
    Ok(())
}

async fn figures(sides: &[Side], (messages, rounds): (u64, u32)) -> Result<()> {
    let page = |position: u64| move |account: &str, inbox: &str, _: u64| list(account, inbox, position);
    row(sides, rounds, ("first page: query + get of 50, /s, 1 connection", 1), page(0)).await?;
    row(sides, rounds, ("the same, 10 connections", 10), page(0)).await?;
    row(sides, rounds, ("a page in the middle, /s", 1), page(messages / 2)).await?;
    row(sides, rounds, ("conversations: collapsed query + get of 50, /s", 1), |account, inbox, _| {
        let mut calls = list(account, inbox, 0);
        calls[0][1]["collapseThreads"] = json!(true);
        calls
    })
    .await?;
    row(
        sides,
        rounds,
        ("Mailbox/get, /s", 1),
        |account, _, _| json!([["Mailbox/get", { "accountId": account, "ids": null }, "a"]]),
    )
    .await?;
    row(sides, rounds, ("search of a word in any text, its 50 newest, /s", 1), |account, _, _| {
        json!([["Email/query", { "accountId": account, "filter": { "text": RARE }, "sort": newest(), "limit": PAGE }, "a"]])
    })
    .await?;
    row(sides, rounds, ("search of a sender, /s", 1), |account, _, n| {
        let filter = json!({ "from": format!("person{}@bench.example", n % 500) });
        json!([["Email/query", { "accountId": account, "filter": filter, "sort": newest(), "limit": PAGE }, "a"]])
    })
    .await
}

fn newest() -> Value {
    json!([{ "property": "receivedAt", "isAscending": false }])
}

/// What a mail program asks to draw a list.
fn list(account: &str, inbox: &str, position: u64) -> Value {
    let query = json!({
        "accountId": account, "filter": { "inMailbox": inbox }, "sort": newest(),
        "position": position, "limit": PAGE, "calculateTotal": true,
    });
    let found = json!({ "resultOf": "a", "name": "Email/query", "path": "/ids" });
    json!([
        ["Email/query", query, "a"],
        ["Email/get", { "accountId": account, "#ids": found, "properties": SHOWN }, "b"],
    ])
}

/// A row of the table: rounds by turns, the middle of each side's rates.
async fn row<F>(sides: &[Side], rounds: u32, (name, connections): (&str, u64), calls: F) -> Result<()>
where
    F: Fn(&str, &str, u64) -> Value + Copy + Send + Sync + 'static,
{
    let mut rates = vec![Vec::new(); sides.len()];
    let mut times = Vec::new();
    for _ in 0..rounds {
        for (side, rates) in sides.iter().zip(&mut rates) {
            let (rate, middle) =
                round(side, connections, calls).await.with_context(|| format!("{name}, {}", side.name))?;
            rates.push(rate);
            times.push((side.name, middle));
        }
    }
    let rates: Vec<f64> = rates.into_iter().map(median).collect();
    let middle = |name| median(times.iter().filter(|(side, _)| *side == name).map(|(_, time)| *time).collect());
    match rates.as_slice() {
        [ours, theirs] => println!(
            "| {name} | {ours:.0} ({:.2} ms) | {theirs:.0} ({:.2} ms) | {:.1} |",
            middle("ours"),
            middle("Cyrus"),
            ours / theirs
        ),
        ours => {
            println!("| {name} | {:.0} ({:.2} ms) | | |", ours.first().copied().unwrap_or(f64::NAN), middle("ours"))
        }
    }
    Ok(())
}

/// Requests over some connections: how many a second, and how long the middle one took, in milliseconds.
async fn round<F>(side: &Side, connections: u64, calls: F) -> Result<(f64, f64)>
where
    F: Fn(&str, &str, u64) -> Value + Copy + Send + Sync + 'static,
{
    let mut ready = Vec::new();
    for _ in 0..connections {
        let mut jmap = Jmap::login(side.http, side.user).await?;
        let inbox = inbox(&mut jmap).await?;
        jmap.call(&calls(&jmap.account, &inbox, 0)).await?;
        ready.push((jmap, inbox));
    }
    let (began, mut all) = (Instant::now(), JoinSet::new());
    for (mut jmap, inbox) in ready {
        all.spawn(async move {
            let mut tally = Tally::default();
            for number in (0..REQUESTS).take_while(|_| began.elapsed() < ROUND_MAX) {
                let body = calls(&jmap.account, &inbox, number);
                tally.count(jmap.call(&body).await?.time, 0);
            }
            anyhow::Ok(tally)
        });
    }
    let mut tally = Tally::default();
    while let Some(done) = all.join_next().await {
        tally.add(done??);
    }
    let rate = tally.len() as f64 / began.elapsed().as_secs_f64();
    Ok((rate, tally.median().as_secs_f64() * 1000.0))
}

async fn inbox(jmap: &mut Jmap) -> Result<String> {
    let calls = json!([["Mailbox/query", { "accountId": jmap.account, "filter": { "role": "inbox" } }, "a"]]);
    let answer = jmap.ask(&calls).await?;
    Ok(answer.pointer("/methodResponses/0/1/ids/0").and_then(Value::as_str).context("no inbox")?.to_owned())
}

async fn fill(side: &Side, messages: u64) -> Result<()> {
    let mut imap = Imap::login(side.imap, None, side.user).await?;
    let mut next = 0;
    while next < messages {
        let end = (next + BATCH).min(messages);
        let letters: Vec<String> = (next..end).map(|number| letter(number, LETTER)).collect();
        imap.append("INBOX", &letters).await?;
        next = end;
    }
    let there = imap.run("STATUS INBOX (MESSAGES)").await?.messages;
    ensure!(there == Some(messages), "{}: {there:?} messages", side.name);
    imap.run("LOGOUT").await?;
    Ok(())
}

/// Returns when a search is quick: then the index of words is made.
async fn settle(side: &Side) -> Result<()> {
    let mut jmap = Jmap::login(side.http, side.user).await?;
    let began = Instant::now();
    let calls = json!([["Email/query", { "accountId": jmap.account, "filter": { "text": RARE } }, "a"]]);
    while jmap.call(&calls).await?.time > INDEXED && began.elapsed() < INDEXING {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}
