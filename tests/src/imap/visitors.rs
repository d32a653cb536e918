//! Clients that share one mailbox, each with its habit: some deliver, some wait for what comes, some change and remove, by
//! LMTP, SMTP, IMAP and POP3. What they see and do they write into a history.

use super::history::{History, Sight};
use super::{Imap, Items, fetched};
use crate::Ports;
use crate::client::Client;
use crate::seed::Seed;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::dialogue::Port;

/// Whose mailbox it is, and the password.
pub const USER: &str = "bob@hamburger.edu";
const PASSWORD: &str = super::keeper::PASSWORD;

/// How long a client waits for news before it looks whether all is over.
const A_WHILE: Duration = Duration::from_millis(50);

/// What a message is asked for that was not seen before, and for one that was.
const FIRST: &str = "(UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (SUBJECT)])";

fn port(ports: &Ports, port: Port) -> Result<SocketAddr> {
    ports.get(&port).copied().with_context(|| format!("no listener {}", port.name()))
}

/// Delivers letters of these numbers, one after the other, by SMTP or LMTP.
///
/// # Errors
/// When one is not taken.
pub fn deliver(ports: &Ports, by: Port, letters: impl Iterator<Item = u64>, history: &History) -> Result<()> {
    let mut client = Client::connect(port(ports, by)?)?;
    client.reply()?;
    let hello = if by == Port::Lmtp { "LHLO" } else { "EHLO" };
    client.command(&format!("{hello} crepes.fr"))?;
    for letter in letters {
        for command in ["MAIL FROM:<alice@crepes.fr>", &format!("RCPT TO:<{USER}>"), "DATA"] {
            let (code, line) = client.command(command)?;
            ensure!(matches!(code, 250 | 354), "{command}: {line}");
        }
        let (code, line) = client.command(&format!("Subject: Letter {letter}\r\n\r\nHello.\r\n."))?;
        ensure!(code == 250, "letter {letter}: {line}");
        history.delivered(letter);
    }
    Ok(())
}

/// Waits in IDLE and looks at what is new, until told to stop.
///
/// # Errors
/// When something goes wrong.
pub fn watch(ports: &Ports, number: usize, history: &History, stop: &AtomicBool) -> Result<()> {
    let mut imap = open(ports)?;
    let mut next = 1;
    while !stop.load(Ordering::Acquire) {
        let tag = imap.wait()?;
        let mut heard = None;
        while heard.is_none() && !stop.load(Ordering::Acquire) {
            let response = imap.response_within(A_WHILE)?;
            let tells = |response: &Vec<super::Value>| response.get(2) == Some(&super::Value::atom("EXISTS"));
            heard = response.filter(tells).map(|_| Instant::now());
        }
        let at = heard.unwrap_or_else(Instant::now);
        imap.stop_waiting(&tag)?;
        let (known, answer) = (history.known(), imap.done(&format!("UID FETCH {next}:* {FIRST}"))?);
        let sights = sights(&answer.untagged);
        history.looked(&format!("watcher {number}"), &known, &sights);
        // `n:*` names the last message even where it is older (RFC 9051 §6.4.9).
        let new = sights.iter().filter(|(uid, _)| **uid >= next).filter_map(|(_, sight)| sight.letter);
        history.noticed(number, at, new);
        next = sights.keys().last().map_or(next, |last| next.max(last + 1));
    }
    Ok(())
}

/// Looks, flags, removes and moves, until told to stop.
///
/// # Errors
/// When something goes wrong.
pub fn edit(ports: &Ports, number: usize, history: &History, mut seed: Seed, stop: &AtomicBool) -> Result<()> {
    let (who, flag) = (format!("editor {number}"), format!("k{number}"));
    let mut imap = open(ports)?;
    while !stop.load(Ordering::Acquire) {
        let known = history.known();
        if seed.within(0..4) == 0 {
            let status = imap.done("STATUS INBOX (HIGHESTMODSEQ)")?;
            let list = status.untagged.iter().find_map(|response| response.last()?.list()).context("STATUS")?;
            history.highest_modseq(&who, &known, list.get(1).and_then(super::Value::number).context("a number")?);
        }
        // What others did is told before or with this; what this session was not told of is none of its business yet.
        imap.done("NOOP")?;
        let answer = imap.done(&format!("UID FETCH 1:* {FIRST}"))?;
        let sights = sights(&answer.untagged);
        history.looked(&who, &known, &sights);
        let all: Vec<u32> = sights.keys().copied().collect();
        if all.is_empty() {
            continue;
        }
        let some: Vec<u32> = (0..3).map(|_| all[seed.within(0..all.len() as u64) as usize]).collect();
        change(&mut imap, &some, &flag, history, &mut seed)?;
    }
    Ok(())
}

fn change(imap: &mut Imap, uids: &[u32], flag: &str, history: &History, seed: &mut Seed) -> Result<()> {
    let what = seed.within(0..6);
    let going = if what < 2 { history.may_go(uids) } else { Vec::new() };
    let uids = if going.is_empty() { uids } else { &going };
    let set = uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    match what {
        0 if !going.is_empty() => {
            imap.done(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)"))?;
            imap.done(&format!("UID EXPUNGE {set}"))?;
            history.removed(uids);
        }
        1 if !going.is_empty() => {
            imap.done(&format!("UID MOVE {set} Archive"))?;
            history.removed(uids);
        }
        _ => {
            imap.done(&format!("UID STORE {set} +FLAGS ({flag})"))?;
            history.flagged(uids, flag);
        }
    }
    Ok(())
}

/// Lists by POP3 and removes some, until told to stop.
///
/// # Errors
/// When something goes wrong.
pub fn collect(ports: &Ports, history: &History, mut seed: Seed, stop: &AtomicBool) -> Result<()> {
    while !stop.load(Ordering::Acquire) {
        let mut client = Client::connect(port(ports, Port::Pop3)?)?;
        client.line()?;
        let known = history.known();
        for command in [format!("USER {USER}"), format!("PASS {PASSWORD}"), "UIDL".to_owned()] {
            say(&mut client, &command)?;
        }
        let listing = String::from_utf8(client.multi_line()?)?;
        let uids = listing.lines().map(unique_id).collect::<Result<Vec<_>>>()?;
        history.looked("collector", &known, &uids.iter().map(|uid| (*uid, Sight::default())).collect());
        let some: Vec<u32> = uids.iter().copied().filter(|_| seed.within(0..10) == 0).collect();
        let gone = history.may_go(&some);
        for at in (0..uids.len()).filter(|at| gone.contains(&uids[*at])) {
            say(&mut client, &format!("DELE {}", at + 1))?;
        }
        say(&mut client, "QUIT")?;
        history.removed(&gone);
    }
    Ok(())
}

fn say(client: &mut Client, command: &str) -> Result<()> {
    client.send(format!("{command}\r\n").as_bytes())?;
    let line = client.line()?;
    ensure!(line.starts_with("+OK"), "{command}: {line}");
    Ok(())
}

/// The UID in a line of UIDL: our unique-ids end with it, in eight hexadecimal digits.
fn unique_id(line: &str) -> Result<u32> {
    let digits = line.len().checked_sub(8).and_then(|start| line.get(start..)).context("a short line")?;
    u32::from_str_radix(digits, 16).with_context(|| line.to_owned())
}

/// Logs in and selects.
///
/// # Errors
/// When that is refused.
pub fn open(ports: &Ports) -> Result<Imap> {
    let mut imap = Imap::login(port(ports, Port::Imap)?, USER, PASSWORD)?;
    imap.done("SELECT INBOX (CONDSTORE)")?;
    Ok(imap)
}

/// All that lies in the mailbox.
///
/// # Errors
/// When it cannot be read.
pub fn look(ports: &Ports, history: &History) -> Result<BTreeMap<u32, Sight>> {
    let (mut imap, known) = (open(ports)?, history.known());
    let answer = imap.done(&format!("UID FETCH 1:* {FIRST}"))?;
    let sights = sights(&answer.untagged);
    history.looked("the last look", &known, &sights);
    Ok(sights)
}

fn sights(untagged: &[Vec<super::Value>]) -> BTreeMap<u32, Sight> {
    let mut sights: BTreeMap<u32, Sight> = BTreeMap::new();
    for (uid, items) in untagged.iter().filter_map(|response| fetched(response)) {
        // Flags told in passing add to what is known of the message.
        let (sight, told) = (sights.entry(uid).or_default(), sight(&items));
        sight.letter = told.letter.or(sight.letter);
        sight.flags = told.flags.or(sight.flags.take());
        sight.modseq = told.modseq.or(sight.modseq);
    }
    sights
}

fn sight(items: &Items) -> Sight {
    let subject = items.iter().find(|(name, _)| name.starts_with("BODY[HEADER")).and_then(|(_, value)| value.text());
    Sight {
        letter: subject.and_then(|text| text.trim().strip_prefix("Subject: Letter ")?.parse().ok()),
        flags: items.get("FLAGS").map(|flags| flags.words().into_iter().collect()),
        modseq: items.get("MODSEQ").and_then(|list| list.list()?.first()?.number()),
    }
}
