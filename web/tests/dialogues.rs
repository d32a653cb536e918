//! Every dialogue of `web/tests/jmap/`, against the real office and store.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod dialogue;
mod world;

use std::path::Path;

/// Names that begin with `$` and are keywords, not names of what is known.
pub fn is_keyword(text: &str) -> bool {
    matches!(text, "$seen" | "$flagged" | "$draft" | "$answered" | "$forwarded" | "$junk" | "$notjunk" | "$phishing")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialogues_go_as_they_are_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jmap");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    assert!(!files.is_empty());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        dialogue::play(&name, &std::fs::read_to_string(&path).unwrap()).await;
    }
}
