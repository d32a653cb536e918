//! docs/tui.md holds the keys as the tables have them. `PILLARBOX_REWRITE=1` writes it anew.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "a test that reads a page")]

use std::fmt::Write as _;
use std::path::Path;
use tui::command::{Command, ENTRIES, Takes};
use tui::keys::{CONTEXTS, Keymap, PRESETS};

const BEGINNING: &str = "<!-- keys: made from tui/src/keys -->\n";

fn keys() -> String {
    let mut text = String::from(BEGINNING);
    for preset in PRESETS {
        let map = Keymap::preset(preset);
        writeln!(text, "\n## Keys of {preset}\n\n| Where | Keys | Command | |\n|---|---|---|---|").unwrap();
        for (name, context) in CONTEXTS {
            let mut rows: Vec<(Vec<String>, &str)> = Vec::new();
            for (keys, line) in map.all(context) {
                let keys = format!("`{}`", keys.replace('|', "\\|"));
                match rows.iter_mut().find(|(_, known)| *known == line) {
                    Some((all, _)) => all.push(keys),
                    None => rows.push((vec![keys], line)),
                }
            }
            for (keys, line) in rows {
                let about = Command::parse(line).unwrap().verb.entry().unwrap().about;
                writeln!(text, "| {name} | {} | `{line}` | {about} |", keys.join(" ")).unwrap();
            }
        }
    }
    text.push_str("\n## Commands\n\n| Command | |\n|---|---|\n");
    for entry in ENTRIES {
        let takes = match entry.takes {
            Takes::Nothing | Takes::Text("") => String::new(),
            Takes::Folder => " FOLDER".to_owned(),
            Takes::Query => " SEARCH".to_owned(),
            Takes::Account => " ACCOUNT".to_owned(),
            Takes::Path => " PATH".to_owned(),
            Takes::OneOf(words) => format!(" {}", words.join("\\|")),
            Takes::Text(label) => format!(" {}", label.to_uppercase().replace(' ', "-")),
        };
        writeln!(text, "| `{}{takes}` | {} |", entry.word, entry.about).unwrap();
    }
    text
}

#[test]
fn the_page_tells_the_keys_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tui.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (head, kept) = page.split_once(BEGINNING).unwrap();
    let now = keys();
    if format!("{BEGINNING}{kept}") != now {
        if std::env::var_os("PILLARBOX_REWRITE").is_some() {
            std::fs::write(&path, format!("{head}{now}")).unwrap();
        } else {
            panic!("docs/tui.md is old: PILLARBOX_REWRITE=1 cargo test -p tui --test pages");
        }
    }
}
