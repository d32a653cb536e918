//! Pillarbox beside Postfix and Dovecot: rounds interleaved on one machine and one disk, medians, ratios. A ratio above 1
//! is in our favour. Owns what is measured; the servers are `peers`' and the load is `smtp`'s and `pop3`'s.

mod cost;
mod field;
mod imap;
mod jmap;
mod mailbox;
mod sending;
mod transfer;

use crate::options::Options;
use anyhow::{Result, bail};
use field::Field;
use std::path::Path;

/// How thorough a comparison is.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Rounds of each cell; the median counts.
    rounds: u32,
    /// Messages of each round are divided by this.
    shorter: u64,
}

/// Every section with its name, in the order in which they are best run.
const SECTIONS: [&str; 9] = ["limits", "smtp", "tls", "pop3", "listing", "syncs", "memory", "large", "sending"];

/// Runs the sections named, or all but the long ones, `million`, `gigabytes` and `queued`.
pub async fn run(words: &[String]) -> Result<()> {
    let split = words.iter().position(|word| word.starts_with("--")).unwrap_or(words.len());
    let (names, options) = words.split_at(split);
    let options = Options::parse(options)?;
    let effort = Effort { rounds: options.get("rounds", 3)?, shorter: options.get("shorter", 1_u64)?.max(1) };
    let folder = options.get("folder", format!("/var/tmp/pillarbox-bench-{}", std::process::id()))?;
    let folder = Path::new(&folder);
    let all = SECTIONS.map(str::to_owned);
    let names = if names.is_empty() { &all[..] } else { names };
    let (by_imap, others): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| name.starts_with("imap"));
    let (by_jmap, others): (Vec<String>, Vec<String>) = others.into_iter().partition(|name| name == "jmap");
    if !others.is_empty() {
        let mut field = Field::start(folder)?;
        for name in &others {
            section(name, &mut field, effort).await?;
        }
    }
    if !by_imap.is_empty() {
        imap::run(&by_imap, folder, effort).await?;
    }
    if !by_jmap.is_empty() {
        jmap::run(folder, effort).await?;
    }
    Ok(())
}

async fn section(name: &str, field: &mut Field, effort: Effort) -> Result<()> {
    println!("\n## {name}\n");
    match name {
        "limits" => cost::limits(field).await,
        "smtp" => transfer::plain(field, effort).await,
        "tls" => transfer::secured(field, effort).await,
        "pop3" => mailbox::sessions(field, effort).await,
        "listing" => mailbox::listings(field).await,
        "syncs" => cost::syncs(field).await,
        "memory" => cost::memory(field).await,
        "large" => cost::large(field).await,
        "sending" => sending::all(field, effort).await,
        "queued" => sending::queued(field, effort).await,
        "million" => cost::million(field).await,
        "gigabytes" => cost::gigabytes(field).await,
        other => {
            bail!("there is no section {other}; there are {}, million, gigabytes, queued and imap", SECTIONS.join(", "))
        }
    }
}

/// The middle of an odd number of figures, or the lower of the two in the middle.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.0);
        assert!(median(vec![]).is_nan());
    }
}
