//! A disk of its own for a house: a tmpfs with so much room, mounted over the data folder, gone when it is dropped.
//! Mounting needs root.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted tmpfs.
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one over a folder; `room` as in `size=8m` or `nr_inodes=40`.
    pub fn mount(folder: &Path, room: &str) -> Result<SmallDisk> {
        call("mount", &["-t", "tmpfs", "-o", room, "pillarbox-test"], folder)?;
        Ok(SmallDisk { folder: folder.to_owned() })
    }

    /// Changes how it is mounted: `ro`, `rw`, `size=...`.
    pub fn change(&self, how: &str) -> Result<()> {
        call("mount", &["-o", &format!("remount,{how}")], &self.folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let gone = call("umount", &["--lazy"], &self.folder);
        assert!(gone.is_ok() || std::thread::panicking(), "{gone:?}");
    }
}

fn call(program: &str, arguments: &[&str], folder: &Path) -> Result<()> {
    let output = Command::new(program).args(arguments).arg(folder).output().with_context(|| program.to_owned())?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {}: {}", folder.display(), stderr.trim());
    Ok(())
}
