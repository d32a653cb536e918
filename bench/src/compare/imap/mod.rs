//! Pillarbox beside Dovecot by IMAP: every figure that issue 5 asks for. Dovecot keeps its mail in mdbox and its processes
//! between sessions, and hashes no password: the fastest way it is run. Owns what is measured; the client is `crate::imap`.

mod changing;
mod idling;
mod mixing;
mod reading;
mod yard;

use super::Effort;
use anyhow::{Result, bail};
use std::path::Path;
use yard::{Filled, LETTER, Yard};

/// The sections, in the order in which they are best run: those that change mailboxes come after those that read them.
pub const SECTIONS: [&str; 10] = [
    "imap-search",
    "imap-login",
    "imap-select",
    "imap-fetch",
    "imap-bodies",
    "imap-change",
    "imap-append",
    "imap-mix",
    "imap-idle",
    "imap-memory",
];

/// Runs the sections named; `imap` is all of them.
pub async fn run(names: &[String], folder: &Path, effort: Effort) -> Result<()> {
    let mut yard = Yard::start(folder, effort)?;
    for name in names {
        if name == "imap" {
            for name in SECTIONS {
                section(name, &mut yard).await?;
            }
        } else {
            section(name, &mut yard).await?;
        }
    }
    Ok(())
}

async fn section(name: &str, yard: &mut Yard) -> Result<()> {
    println!("\n## {name}\n");
    match name {
        "imap-search" => reading::search(yard).await,
        "imap-login" => reading::login(yard).await,
        "imap-select" => reading::select(yard).await,
        "imap-fetch" => reading::fetch(yard).await,
        "imap-bodies" => reading::bodies(yard).await,
        "imap-change" => changing::all(yard).await,
        "imap-append" => changing::append(yard).await,
        "imap-mix" => mixing::all(yard).await,
        "imap-idle" => idling::notice(yard).await,
        "imap-memory" => idling::memory(yard).await,
        other => bail!("there is no section {other}; there are imap, {}", SECTIONS.join(", ")),
    }
}

/// The mailbox of 100,000, which is only read.
fn large(yard: &Yard) -> Filled {
    Filled { user: "u0", messages: yard.shorter(100_000, 1000), octets: LETTER }
}

/// The mailbox of 10,000, which is only read but for flags.
fn middling(yard: &Yard) -> Filled {
    Filled { user: "u1", messages: yard.shorter(10_000, 100), octets: LETTER }
}
