//! The servers side by side, and what one measured run of a load came to.

use crate::peers::{Debian, House, USERS, free_port, loopback};
use crate::tally::Tally;
use crate::tree::Tree;
use anyhow::Result;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// All servers, running. The folder goes when this is dropped.
pub struct Field {
    /// Ours.
    pub house: House,
    /// Debian's as they come, and with processes kept; none where they cannot run here.
    pub debian: Vec<(&'static str, Debian)>,
    /// Where mail for elsewhere goes on to; nobody is there yet.
    pub next_hop: SocketAddr,
    /// Where everything is.
    pub folder: Folder,
}

/// A folder that goes at the end.
pub struct Folder(pub PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a run came to.
#[derive(Clone, Copy)]
pub struct Run {
    /// Units a second, until all were done.
    pub rate: f64,
    /// CPU time of the server for one, in microseconds.
    pub cpu_us: f64,
}

impl Field {
    /// Starts all of them.
    pub fn start(folder: &Path) -> Result<Field> {
        std::fs::create_dir_all(folder)?;
        let folder = Folder(folder.to_owned());
        let next_hop = loopback(free_port()?);
        let house = House::start(&folder.0.join("pillarbox"), next_hop, USERS)?;
        let mut debian = Vec::new();
        for (name, kept) in [("shipped", false), ("kept", true)] {
            match Debian::start(&folder.0.join(name), kept, next_hop) {
                Ok(peer) => debian.push((name, peer)),
                Err(why) => println!("skipped: Postfix and Dovecot ({name}): {why:#}"),
            }
        }
        Ok(Field { house, debian, next_hop, folder })
    }
}

/// Measures a load on a server: its rate and what it cost the processes of `trees`. `settled` returns when the server has
/// done all that the load asked of it.
pub async fn measure<Loading>(
    trees: &[Tree],
    loading: Loading,
    settled: impl FnOnce() -> Result<()>,
) -> Result<(Run, Tally)>
where
    Loading: Future<Output = Result<Tally>>,
{
    let (cpu, began) = (cpu(trees)?, Instant::now());
    let tally = loading.await?;
    settled()?;
    let (count, seconds) = (tally.len().max(1) as f64, began.elapsed().as_secs_f64());
    let used = self::cpu(trees)?.saturating_sub(cpu);
    Ok((Run { rate: count / seconds, cpu_us: used.as_secs_f64() * 1e6 / count }, tally))
}

fn cpu(trees: &[Tree]) -> Result<Duration> {
    trees.iter().map(|tree| tree.cpu()).sum()
}
