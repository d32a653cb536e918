//! A POP3 client that reads maildrops, compares what it finds with the ledger, and removes some of it.

use crate::Ports;
use crate::client::Client;
use crate::ledger::Ledger;
use crate::seed::Seed;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use wire::dialogue::Port;

/// The password of everybody in such a run.
pub const PASSWORD: &str = "hungry";
/// Messages read in one session under load: sessions end often, so that QUIT is often cut off.
const SESSION: usize = 10;

/// One POP3 session, logged in.
pub struct Maildrop {
    client: Client,
    account: String,
    /// Unique-ids by message number, from 1.
    pub unique_ids: Vec<String>,
}

impl Maildrop {
    /// Logs in and lists.
    pub fn open(ports: &Ports, account: &str, ledger: &Ledger) -> Result<Maildrop> {
        let mut client = Client::connect(*ports.get(&Port::Pop3).context("the port is open")?)?;
        client.line()?;
        ask(&mut client, &format!("USER {account}"))?;
        ask(&mut client, &format!("PASS {PASSWORD}"))?;
        ask(&mut client, "UIDL")?;
        let listing = String::from_utf8(client.multi_line()?)?;
        let unique_ids: Vec<String> =
            listing.lines().filter_map(|line| Some(line.split_once(' ')?.1.to_owned())).collect();
        ledger.listed(account, &unique_ids);
        Ok(Maildrop { client, account: account.to_owned(), unique_ids })
    }

    /// Reads a message and compares it.
    pub fn read(&mut self, number: usize, ledger: &Ledger) -> Result<()> {
        ask(&mut self.client, &format!("RETR {number}"))?;
        let octets = self.client.multi_line()?;
        let id = number.checked_sub(1).and_then(|at| self.unique_ids.get(at)).context("a number of the listing")?;
        ledger.found(&self.account, id, &octets);
        Ok(())
    }

    /// Marks messages and quits; whether the server says they are gone.
    pub fn remove(mut self, numbers: &[usize], ledger: &Ledger) -> Result<bool> {
        for number in numbers {
            ask(&mut self.client, &format!("DELE {number}"))?;
        }
        let ids: Vec<String> =
            numbers.iter().filter_map(|number| self.unique_ids.get(number.checked_sub(1)?).cloned()).collect();
        ledger.removing(&self.account, &ids);
        self.client.send(b"QUIT\r\n")?;
        let done = self.client.line()?.starts_with("+OK");
        ledger.removed(&self.account, &ids, done);
        Ok(done)
    }

    /// Sends a line and reads one.
    pub fn ask(&mut self, command: &str) -> Result<String> {
        ask(&mut self.client, command)
    }
}

fn ask(client: &mut Client, command: &str) -> Result<String> {
    client.send(format!("{command}\r\n").as_bytes())?;
    let line = client.line()?;
    if !line.starts_with("+OK") {
        bail!("{command}: {line}");
    }
    Ok(line)
}

/// Reads and removes until told to stop, or until the connection breaks.
pub fn collect(ports: &Ports, account: &str, ledger: &Ledger, mut seed: Seed, stop: &AtomicBool) -> Result<()> {
    while !stop.load(Ordering::Acquire) {
        let mut drop = Maildrop::open(ports, account, ledger)?;
        let mut going = Vec::new();
        for number in 1..=drop.unique_ids.len().min(SESSION) {
            drop.read(number, ledger)?;
            if seed.number().is_multiple_of(2) {
                going.push(number);
            }
        }
        drop.remove(&going, ledger)?;
    }
    Ok(())
}

/// Reads everything there is; what lies in each maildrop.
pub fn read_all(ports: &Ports, accounts: &[&str], ledger: &Ledger) -> Result<BTreeMap<String, Vec<String>>> {
    let mut there = BTreeMap::new();
    for account in accounts {
        let mut drop = Maildrop::open(ports, account, ledger)?;
        for number in 1..=drop.unique_ids.len() {
            drop.read(number, ledger).with_context(|| format!("message {number} of {account}"))?;
        }
        there.insert((*account).to_owned(), drop.unique_ids.clone());
    }
    Ok(there)
}
