//! Which key says which command, in which part of the screen. Tables of presets, one file each, and what the user changes
//! in `tui.toml`. A key is bound to a line of the language in [`crate::command`].

mod elm;
mod gmail;
mod mutt;
mod pine;
mod vim;

use crate::command::{Command, Verb};
use crate::key::{Key, sequence, spelled};

/// Names of the presets.
pub const PRESETS: [&str; 5] = ["pine", "mutt", "vim", "gmail", "elm"];

/// A part of the screen that has keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Context {
    /// Wherever no text is typed.
    Anywhere,
    Folders,
    List,
    Reader,
    /// The list of a message's parts.
    Parts,
    /// The outbox, the address book, the drafts.
    Choice,
    /// Where a letter is written: only keys that type nothing.
    Composer,
    /// Where a letter is looked over before it goes.
    Review,
}

/// Contexts by the names they have in `tui.toml` and help.
pub const CONTEXTS: [(&str, Context); 8] = [
    ("anywhere", Context::Anywhere),
    ("folders", Context::Folders),
    ("list", Context::List),
    ("reader", Context::Reader),
    ("parts", Context::Parts),
    ("choice", Context::Choice),
    ("composer", Context::Composer),
    ("review", Context::Review),
];

/// A row of a preset: where, keys, command.
pub(crate) type Binding = (Context, &'static str, &'static str);

/// What keys mean.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    bindings: Vec<Bound>,
}

#[derive(Clone, Debug)]
struct Bound {
    context: Context,
    keys: Vec<Key>,
    line: String,
}

/// What keys pressed so far mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// This command.
    Line(String),
    /// The beginning of something.
    Beginning,
    /// Nothing.
    Nothing,
}

/// Keys that are the same in every preset: what every terminal user tries first.
const COMMON: &[Binding] = &[
    (Context::Anywhere, "<up>", "up"),
    (Context::Anywhere, "<down>", "down"),
    (Context::Anywhere, "<pageup>", "page-up"),
    (Context::Anywhere, "<pagedown>", "page-down"),
    (Context::Anywhere, "<home>", "first"),
    (Context::Anywhere, "<end>", "last"),
    (Context::Anywhere, "<enter>", "open"),
    (Context::Anywhere, "<tab>", "next-pane"),
    (Context::Anywhere, "<esc>", "cancel"),
    (Context::Anywhere, "<f1>", "help"),
    (Context::Anywhere, "<C-k>", "palette"),
    (Context::Anywhere, "<C-l>", "redraw"),
    (Context::Anywhere, "<C-z>", "suspend"),
    (Context::Anywhere, "<C-c>", "cancel"),
    (Context::Anywhere, ":", "command"),
    (Context::Reader, "<left>", "back"),
    (Context::Parts, "<left>", "back"),
    (Context::Choice, "<left>", "back"),
    (Context::List, "<left>", "folders"),
    (Context::List, "<right>", "open"),
    (Context::Folders, "<right>", "open"),
    (Context::Reader, "<right>", "parts"),
    (Context::Parts, "<right>", "open"),
];

impl Keymap {
    /// The keys of a preset; those of pine where the name is not known.
    #[must_use]
    pub fn preset(name: &str) -> Keymap {
        let table: &[Binding] = match name {
            "mutt" => mutt::KEYS,
            "vim" => vim::KEYS,
            "gmail" => gmail::KEYS,
            "elm" => elm::KEYS,
            _ => pine::KEYS,
        };
        let mut map = Keymap::default();
        for (context, keys, line) in COMMON.iter().chain(table) {
            if let Some(keys) = sequence(keys) {
                map.put(*context, keys, (*line).to_owned());
            }
        }
        map
    }

    /// Binds keys, instead of what they meant there; to nothing where the line is empty.
    ///
    /// # Errors
    /// The keys or the command are not known, in words.
    pub fn bind(&mut self, context: Context, keys: &str, line: &str) -> Result<(), String> {
        let keys = sequence(keys).filter(|keys| !keys.is_empty()).ok_or_else(|| format!("{keys:?} is no key"))?;
        if line.is_empty() {
            self.bindings.retain(|bound| bound.context != context || bound.keys != keys);
            return Ok(());
        }
        Command::parse(line)?;
        self.put(context, keys, line.to_owned());
        Ok(())
    }

    fn put(&mut self, context: Context, keys: Vec<Key>, line: String) {
        // What begins alike in the same place could never be reached.
        let alike = |bound: &Bound| bound.keys.starts_with(&keys) || keys.starts_with(&bound.keys);
        self.bindings.retain(|bound| bound.context != context || !alike(bound));
        self.bindings.push(Bound { context, keys, line });
    }

    /// What these keys mean there.
    #[must_use]
    pub fn find(&self, context: Context, pressed: &[Key]) -> Meaning {
        for place in [context, Context::Anywhere] {
            if place == Context::Anywhere && context == Context::Composer && !is_free(pressed) {
                break;
            }
            let here = || self.bindings.iter().filter(|bound| bound.context == place);
            if let Some(bound) = here().find(|bound| bound.keys == pressed) {
                return Meaning::Line(bound.line.clone());
            }
            if here().any(|bound| bound.keys.starts_with(pressed)) {
                return Meaning::Beginning;
            }
        }
        Meaning::Nothing
    }

    /// Keys that do this there, the ones told first.
    #[must_use]
    pub fn keys_of(&self, context: Context, verb: Verb) -> Option<String> {
        let of = |place: Context, has_argument: bool| {
            self.bindings.iter().rev().filter(move |bound| bound.context == place).find(|bound| {
                Command::parse(&bound.line)
                    .is_ok_and(|command| command.verb == verb && command.argument.is_empty() != has_argument)
            })
        };
        let found = of(context, false).or_else(|| of(Context::Anywhere, false));
        found.map(|bound| spelled(&bound.keys))
    }

    /// What is bound in a place and means that in this context, for help: keys and command.
    pub fn heard(&self, place: Context, context: Context) -> impl Iterator<Item = (String, &str)> {
        let is_heard = move |bound: &&Bound| {
            bound.context == place && self.find(context, &bound.keys) == Meaning::Line(bound.line.clone())
        };
        self.bindings.iter().filter(is_heard).map(|bound| (spelled(&bound.keys), bound.line.as_str()))
    }

    /// All that is bound there: keys and command.
    pub fn all(&self, context: Context) -> impl Iterator<Item = (String, &str)> {
        let here = self.bindings.iter().filter(move |bound| bound.context == context);
        here.map(|bound| (spelled(&bound.keys), bound.line.as_str()))
    }
}

/// Whether keys leave alone what is typed and where its cursor goes.
fn is_free(pressed: &[Key]) -> bool {
    use crate::key::Code;
    pressed.iter().all(|key| {
        let letter = matches!(key.code, Code::Char(c) if "lcz".contains(c));
        (key.ctrl && letter) || matches!(key.code, Code::F(_))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> [(&'static str, &'static [Binding]); 5] {
        [("pine", pine::KEYS), ("mutt", mutt::KEYS), ("vim", vim::KEYS), ("gmail", gmail::KEYS), ("elm", elm::KEYS)]
    }

    #[test]
    fn every_row_of_every_preset_can_be_reached() {
        for (name, table) in tables() {
            let map = Keymap::preset(name);
            for (context, keys, line) in table {
                let pressed = sequence(keys).unwrap_or_default();
                assert!(!pressed.is_empty(), "{name}: {keys}");
                assert!(Command::parse(line).is_ok(), "{name}: {line}");
                let word = line.split(' ').next().unwrap_or_default();
                assert!(crate::command::ENTRIES.iter().any(|entry| entry.word == word), "{name}: {word} is cut short");
                assert_eq!(
                    map.find(*context, &pressed),
                    Meaning::Line((*line).to_owned()),
                    "{name}: {context:?} {keys}"
                );
                for cut in 1..pressed.len() {
                    let shorter = map.find(*context, &pressed[..cut]);
                    assert_eq!(shorter, Meaning::Beginning, "{name}: {context:?} {keys}");
                }
            }
        }
    }

    #[test]
    fn in_every_preset_the_first_things_have_keys() {
        for (name, _) in tables() {
            let map = Keymap::preset(name);
            let has = |context, verb: Verb| assert!(map.keys_of(context, verb).is_some(), "{name}: {verb:?}");
            for verb in [Verb::Help, Verb::Quit, Verb::Undo, Verb::Compose, Verb::Reply, Verb::Search, Verb::Delete] {
                has(Context::List, verb);
            }
            for verb in [Verb::Reply, Verb::ReplyAll, Verb::Forward, Verb::Back, Verb::Next, Verb::Parts] {
                has(Context::Reader, verb);
            }
            for verb in [Verb::Send, Verb::Postpone, Verb::Attach, Verb::Editor] {
                has(Context::Composer, verb);
            }
        }
    }

    #[test]
    fn a_user_binds_and_unbinds() {
        let mut map = Keymap::preset("mutt");
        let x = sequence("x").unwrap_or_default();
        map.bind(Context::List, "x", "archive").expect("a key");
        assert_eq!(map.find(Context::List, &x), Meaning::Line("archive".to_owned()));
        map.bind(Context::List, "x", "").expect("nothing");
        assert_eq!(map.find(Context::List, &x), Meaning::Nothing);
        assert!(map.bind(Context::List, "<what>", "archive").is_err());
        assert!(map.bind(Context::List, "x", "frobnicate").is_err());
    }

    #[test]
    fn letters_are_typed_where_a_letter_is_written() {
        let map = Keymap::preset("vim");
        assert_eq!(map.find(Context::Composer, &sequence(":").unwrap_or_default()), Meaning::Nothing);
        assert_eq!(map.find(Context::Composer, &sequence("<enter>").unwrap_or_default()), Meaning::Nothing);
        let heard: Vec<_> =
            Keymap::preset("pine").heard(Context::Anywhere, Context::Composer).map(|(keys, _)| keys).collect();
        assert_eq!(heard, ["F1", "^L", "^Z"], "`:` and ^K are typed, ^C is the letter's own");
    }
}
