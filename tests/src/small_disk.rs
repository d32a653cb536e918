//! A disk of its own for a house: a tmpfs with so much room, mounted over the data folder, gone when it is dropped.
//! Mounting needs root.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set where a test that is left out counts as failed, as for foreign programs.
const REQUIRED: &str = "PILLARBOX_REQUIRE_PEERS";

/// A mounted tmpfs.
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one over a folder; `room` as in `size=8m` or `nr_inodes=40`. `None`, with a word why, where this process
    /// may not mount and nobody insists.
    pub fn mount(folder: &Path, room: &str) -> Result<Option<SmallDisk>> {
        let mounted = call("mount", &["-t", "tmpfs", "-o", room, "pillarbox-test"], folder);
        match mounted {
            Ok(()) => Ok(Some(SmallDisk { folder: folder.to_owned() })),
            Err(error) if std::env::var(REQUIRED).is_ok_and(|value| value == "1") => Err(error),
            Err(error) => {
                println!("left out: a small disk cannot be mounted ({error:#}); it needs root");
                Ok(None)
            }
        }
    }

    /// Changes how it is mounted: `ro`, `rw`, `size=...`.
    pub fn change(&self, how: &str) -> Result<()> {
        call("mount", &["-o", &format!("remount,{how}")], &self.folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = call("umount", &["--lazy"], &self.folder) {
            eprintln!("{error:#}");
        }
    }
}

fn call(program: &str, arguments: &[&str], folder: &Path) -> Result<()> {
    let output = Command::new(program).args(arguments).arg(folder).output().with_context(|| program.to_owned())?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {}: {}", folder.display(), stderr.trim());
    Ok(())
}
