//! Golden files: a world, keys, and the screen that comes of them. `tests/golden/*.txt`; the form is in README.md there.
//! `PILLARBOX_REWRITE=1` writes the screens anew: look at the difference before you keep it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "tests read their files")]

mod world;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::path::{Path, PathBuf};
use tui::event::Event;
use tui::key;
use tui::program::Program;

/// What a file says.
struct Golden {
    head: String,
    world: String,
    size: (u16, u16),
    preset: String,
    keys: Vec<String>,
    is_plain: bool,
    screen: String,
}

fn read(path: &Path) -> Golden {
    let text = std::fs::read_to_string(path).unwrap();
    let (head, screen) = text.split_once("---\n").unwrap_or((&text, ""));
    let mut golden = Golden {
        head: head.to_owned(),
        world: "lunch".to_owned(),
        size: (80, 24),
        preset: "pine".to_owned(),
        keys: Vec::new(),
        is_plain: false,
        screen: screen.to_owned(),
    };
    for line in head.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (word, value) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "world" => value.clone_into(&mut golden.world),
            "size" => {
                let (columns, lines) = value.split_once('x').unwrap();
                golden.size = (columns.parse().unwrap(), lines.parse().unwrap());
            }
            "preset" => value.clone_into(&mut golden.preset),
            "plain" => golden.is_plain = true,
            "keys" => golden.keys.push(value.to_owned()),
            other => panic!("{}: {other}?", path.display()),
        }
    }
    golden
}

fn play(golden: &Golden) -> String {
    let world = world::of(&golden.world);
    let mut program = world.program(&golden.preset, golden.size);
    let mut plain = tui::plain::Plain::default();
    let mut told = plain.tell(&program.model);
    for line in &golden.keys {
        for key in key::sequence(line).unwrap_or_else(|| panic!("{line}: no keys")) {
            program.feed(Event::Key(key));
            program.wait_for_pictures();
            told.push_str(&plain.tell(&program.model));
        }
    }
    if golden.is_plain {
        return format!("{}\n", told.trim_end()).replace('\u{8}', "^H");
    }
    screen(&program, golden.size)
}

/// The screen as text: wide letters take their columns, spaces at the ends of lines are left out.
fn screen(program: &Program, size: (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| tui::draw::draw(&program.model, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..size.1 {
        let mut line = String::new();
        let mut x = 0;
        while x < size.0 {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(tui::text::width(symbol)).unwrap().max(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    files
}

#[test]
fn screens_are_as_they_were_kept() {
    let rewrite = std::env::var_os("PILLARBOX_REWRITE").is_some();
    let mut wrong = Vec::new();
    let files = files();
    assert!(files.len() > 5, "{} files", files.len());
    for path in files {
        let golden = read(&path);
        let screen = play(&golden);
        let is_raw = screen.chars().any(|c| c.is_control() && c != '\n');
        assert!(!is_raw, "{}: a control character reached the screen", path.display());
        if screen != golden.screen {
            if rewrite {
                std::fs::write(&path, format!("{}---\n{screen}", golden.head)).unwrap();
            } else {
                wrong.push(format!("{}\nkept:\n{}\nnow:\n{screen}", path.display(), golden.screen));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
