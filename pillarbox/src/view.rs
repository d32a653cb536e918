//! What a command has to show, in each of the three forms: for people, for pipes, for programs.

use crate::table::{Table, words};
use message::Time;
use serde_json::{Value, json};

/// What the look of things depends on.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// For times told as `3 min ago`.
    pub now: Time,
    /// Bold and colours are welcome.
    pub colour: bool,
}

/// What is shown. Texts end with a line end or are empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// For people.
    pub human: String,
    /// Where stdout is no terminal.
    pub plain: String,
    /// With `--json`.
    pub json: Value,
    /// For people, on stderr.
    pub notes: Vec<String>,
}

impl View {
    /// A table.
    #[must_use]
    pub fn table(table: &Table, json: Value, look: Look) -> View {
        View { human: table.human(look.colour), plain: table.plain(), json, notes: Vec::new() }
    }

    /// The same text for people and pipes.
    #[must_use]
    pub fn text(text: String, json: Value) -> View {
        View { human: text.clone(), plain: text, json, notes: Vec::new() }
    }

    /// Names and values, one a line.
    #[must_use]
    pub fn facts(facts: &[(&'static str, String)], json: Value, look: Look) -> View {
        let mut table = Table::new(&[words(""), words("")]);
        for (name, value) in facts {
            table.row([name.into(), value.into()]);
        }
        View::table(&table, json, look)
    }

    /// A note where there is nothing to show: what to do next.
    #[must_use]
    pub fn or_note(mut self, note: &str) -> View {
        if self.plain.is_empty() {
            self.notes.push(note.to_owned());
        }
        self
    }

    /// With more notes.
    #[must_use]
    pub fn with_notes(mut self, notes: Vec<String>) -> View {
        self.notes.extend(notes);
        self
    }
}

/// A change that was made.
#[must_use]
pub fn done(said: &str, notes: Vec<String>) -> View {
    let json = json!({ "done": true, "notes": notes });
    let said = Some(said.to_owned()).filter(|said| !said.is_empty());
    View { json, notes: said.into_iter().chain(notes).collect(), ..View::default() }
}

/// `pillarbox version`.
#[must_use]
pub fn version() -> View {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    View::text(format!("{name} {version}\n"), json!({ "name": name, "version": version }))
}
