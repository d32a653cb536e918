//! A large mbox brought into a mirror: how fast, and how much memory it takes at a tenth of the way and at its end. It is
//! flat when both are about the same.

use agent::carriage::{Parcel, Shelf, ToMirror, Wanted, carry};
use agent::mailfile::Source;
use agent::mirror::{ImportKey, Mirror};
use agent::progress::Watcher;
use agent::trouble::Trouble;
use anyhow::{Context, Result};
use message::Time;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Messages where none is named.
const MESSAGES: u64 = 200_000;
/// Octets of a body line, and lines of most bodies; each hundredth message is a hundred times as long.
const LINES: u64 = 20;

/// `bench import [MESSAGES]`.
pub async fn run(rest: &[String]) -> Result<()> {
    let messages = rest.first().map_or(Ok(MESSAGES), |text| text.parse()).context("how many messages?")?;
    let folder = std::env::temp_dir().join(format!("bench-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let done = measure(&folder, messages).await;
    std::fs::remove_dir_all(folder)?;
    done
}

async fn measure(folder: &Path, messages: u64) -> Result<()> {
    let path = folder.join("old.mbox");
    write(&path, messages)?;
    let octets = std::fs::metadata(&path)?.len();
    println!("mbox        {messages} messages, {} MiB", octets / 1024 / 1024);
    let mirror = Mirror::open(&folder.join("mirror.sqlite"))?;
    let mut shelf =
        Counting { inner: ToMirror::new(mirror, Time(1_800_000_000_000)), count: 0, tell_at: messages / 10 };
    let mut source = Source::open(&path)?;
    let wanted = Wanted { otherwise: "INBOX".to_owned(), ..Wanted::default() };
    let began = Instant::now();
    let carried = carry(&mut source, &mut shelf, &wanted, &Watcher::nobody()).await;
    let took = began.elapsed().as_secs_f64();
    anyhow::ensure!(carried.trouble.is_none() && carried.new == messages, "{carried:?}");
    println!(
        "import      {:.0} messages a second, {:.1} MiB a second",
        messages as f64 / took,
        octets as f64 / took / 1_048_576.0
    );
    println!("memory      {} MiB at most", peak_mib()?);
    Ok(())
}

/// Tells the memory on the way.
struct Counting {
    inner: ToMirror,
    count: u64,
    tell_at: u64,
}

impl Shelf for Counting {
    async fn has(&mut self, key: &ImportKey) -> std::result::Result<bool, Trouble> {
        self.inner.has(key).await
    }

    async fn put(&mut self, parcels: &[Parcel]) -> std::result::Result<u64, Trouble> {
        let before = self.count;
        self.count += parcels.len() as u64;
        if before < self.tell_at && self.count >= self.tell_at {
            println!("memory      {} MiB at most after {} messages", peak_mib().unwrap_or_default(), self.count);
        }
        self.inner.put(parcels).await
    }
}

fn write(path: &Path, messages: u64) -> Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for number in 0..messages {
        write!(
            file,
            "From bob@crepes.fr Mon Nov  2 05:17:44 2026\nStatus: RO\nFrom: bob@crepes.fr\nTo: alice@hamburger.edu\n"
        )?;
        write!(
            file,
            "Subject: letter {number}\nMessage-ID: <{number}@crepes.fr>\nDate: Mon, 2 Nov 2026 05:17:44 +0000\n\n"
        )?;
        let lines = if number % 100 == 99 { LINES * 100 } else { LINES };
        for line in 0..lines {
            writeln!(file, "{number} and {line}: Do you like ketchup? How about pickles, and what else?")?;
        }
        writeln!(file)?;
    }
    Ok(file.flush()?)
}

/// The most memory this process held, as the kernel counts it.
fn peak_mib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024)
}
