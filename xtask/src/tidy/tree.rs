//! The files that tidy looks at: every text file of the tree that is ours.

use anyhow::{Context, Result};
use std::path::Path;

/// Folders that hold nothing of ours.
const SKIPPED_FOLDERS: [&str; 6] = [".git", "target", "node_modules", "__pycache__", "corpora", "pillarbox-data"];
/// Files written by machines or by others.
const SKIPPED_FILES: [&str; 4] = [".git", "Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT"];

/// One text file: its path from the root with `/`, and its text.
#[derive(Debug)]
pub struct File {
    /// As in `wire/src/lib.rs`.
    pub path: String,
    /// The whole of it.
    pub text: String,
}

impl File {
    /// True for Rust source.
    pub fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|ending| ending == "rs")
    }
}

/// All files under `root`, in order of their paths. What is not UTF-8 is data, and left out.
pub fn read(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    walk(root, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file()
            && !SKIPPED_FILES.contains(&name.as_str())
            && let Ok(text) = String::from_utf8(std::fs::read(entry.path())?)
        {
            files.push(File { path, text });
        }
    }
    Ok(())
}
