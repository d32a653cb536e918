//! The two servers of this comparison, their mailboxes filled alike, and rows of its table.

use super::super::field::Folder;
use super::super::{Effort, median};
use crate::imap::Imap;
use crate::letter::letter;
use crate::peers::{Dovecot, House, free_port, loopback};
use crate::tree::Tree;
use crate::trust;
use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// Accounts, `u0` and on.
const USERS: u64 = 40;
/// Messages in one command that fills a mailbox.
const BATCH: u64 = 100;
/// Octets of a letter where nothing else is said.
pub const LETTER: usize = 2048;

/// Both servers, running. The folder goes when this is dropped, after them.
pub struct Yard {
    house: House,
    /// None where it is not installed.
    dovecot: Option<Dovecot>,
    /// How thorough the comparison is.
    pub effort: Effort,
    _folder: Folder,
}

/// One of them, as a client sees it.
#[derive(Clone, Copy)]
pub struct Side {
    /// Which: ours is 0.
    pub which: usize,
    /// In the clear.
    pub imap: SocketAddr,
    /// Under TLS from the start.
    pub imaps: SocketAddr,
    /// Takes mail, greeted with the word.
    pub post: (SocketAddr, &'static str),
    /// Its processes.
    pub tree: Tree,
}

/// A mailbox with so many letters in it.
#[derive(Clone, Copy)]
pub struct Filled {
    /// Whose INBOX.
    pub user: &'static str,
    /// How many.
    pub messages: u64,
    /// How large each.
    pub octets: usize,
}

/// Which way a figure is good.
#[derive(Clone, Copy, PartialEq)]
pub enum Better {
    /// A time, or memory.
    Less,
    /// A rate.
    More,
}

impl Yard {
    /// Starts both.
    pub fn start(folder: &Path, effort: Effort) -> Result<Yard> {
        std::fs::create_dir_all(folder)?;
        let folder = Folder(folder.to_owned());
        let house = House::start(&folder.0.join("pillarbox"), loopback(free_port()?), USERS)?;
        let dovecot = match Dovecot::start(&folder.0.join("dovecot"), true) {
            Ok(dovecot) => Some(dovecot),
            Err(why) => {
                println!("skipped: Dovecot: {why:#}");
                None
            }
        };
        Ok(Yard { house, dovecot, effort, _folder: folder })
    }

    /// Ours, and theirs if it is there.
    pub fn sides(&self) -> Vec<Side> {
        let House { smtp, imap, imaps, .. } = self.house;
        let mut sides = vec![Side { which: 0, imap, imaps, post: (smtp, "EHLO"), tree: self.house.tree() }];
        if let Some(Dovecot { imap, imaps, lmtp, tree, .. }) = &self.dovecot {
            sides.push(Side { which: 1, imap: *imap, imaps: *imaps, post: (*lmtp, "LHLO"), tree: *tree });
        }
        sides
    }

    /// Ends a server and starts it again; how long until it answered.
    pub fn restart(&mut self, which: usize) -> Result<Duration> {
        match (which, &mut self.dovecot) {
            (1, Some(dovecot)) => {
                dovecot.end()?;
                dovecot.run()
            }
            _ => {
                self.house.end()?;
                self.house.run()
            }
        }
    }

    /// A count of the issue, made smaller as asked, but not below `least`.
    pub fn shorter(&self, count: u64, least: u64) -> u64 {
        (count / self.effort.shorter).max(least)
    }

    /// Fills a mailbox alike on both.
    pub async fn fill(&self, wanted: Filled) -> Result<()> {
        for side in self.sides() {
            fill(side, wanted).await?;
        }
        Ok(())
    }

    /// A row of the table: rounds of a figure, the servers by turns, medians.
    pub async fn row<F>(&self, name: &str, better: Better, figure: F) -> Result<()>
    where
        F: AsyncFn(Side) -> Result<f64>,
    {
        let sides = self.sides();
        let mut figures = vec![Vec::new(); sides.len()];
        for _ in 0..self.effort.rounds {
            for (side, figures) in sides.iter().zip(&mut figures) {
                figures.push(figure(*side).await.with_context(|| format!("{name}, {}", side.name()))?);
            }
        }
        print(name, better, &figures.into_iter().map(median).collect::<Vec<_>>());
        Ok(())
    }
}

impl Side {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        if self.which == 0 { "ours" } else { "Dovecot" }
    }

    /// A connection in the clear, logged in.
    pub async fn login(self, user: &str) -> Result<Imap> {
        Imap::login(self.imap, None, user).await
    }

    /// A connection under TLS, logged in.
    pub async fn login_secured(self, user: &str) -> Result<Imap> {
        Imap::login(self.imaps, Some(trust::anybody()?), user).await
    }

    /// A connection with INBOX selected.
    pub async fn open(self, user: &str) -> Result<Imap> {
        let mut imap = self.login(user).await?;
        imap.run("SELECT INBOX").await?;
        Ok(imap)
    }
}

/// Begins a table.
pub fn head() {
    println!("| figure | ours | Dovecot | ratio |\n|:--|--:|--:|--:|");
}

/// One row, from ours and theirs.
pub fn print(name: &str, better: Better, figures: &[f64]) {
    let ours = figures.first().copied().unwrap_or(f64::NAN);
    match figures.get(1) {
        Some(theirs) => {
            let ratio = if better == Better::More { ours / theirs } else { theirs / ours };
            println!("| {name} | {ours:.2} | {theirs:.2} | {ratio:.2} |");
        }
        None => println!("| {name} | {ours:.2} | | |"),
    }
}

/// Adds what a mailbox lacks.
async fn fill(side: Side, wanted: Filled) -> Result<()> {
    let mut imap = side.login(wanted.user).await?;
    let status = imap.run("STATUS INBOX (MESSAGES)").await?;
    let there = status.messages.context("STATUS tells no count")?;
    ensure!(there <= wanted.messages, "{} of {}: {there} messages", wanted.user, side.name());
    let mut next = there;
    while next < wanted.messages {
        let end = (next + BATCH).min(wanted.messages);
        let letters: Vec<String> = (next..end).map(|number| letter(number, wanted.octets)).collect();
        imap.append("INBOX", &letters).await?;
        next = end;
    }
    imap.run("LOGOUT").await?;
    Ok(())
}
