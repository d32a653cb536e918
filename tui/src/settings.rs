//! What can be set: in `tui.toml`, and by what the terminal is. Owns the form of the file.

use crate::keys::{CONTEXTS, Keymap, PRESETS};
use crate::picture::{self, Surroundings};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What can be set.
#[derive(Clone, Debug)]
pub struct Options {
    /// The keys of this program.
    pub preset: String,
    /// Colours: `auto`, `dark`, `light` or `mono`.
    pub theme: String,
    /// Lines that follow each other instead of a screen.
    pub plain: bool,
    /// Keys are shown at the bottom.
    pub key_bar: bool,
    /// Folders are shown beside the list where there is room.
    pub side_bar: bool,
    /// A line for each conversation.
    pub threads: bool,
    /// Right-to-left text is turned around here, not by the terminal.
    pub turn_text: bool,
    /// Where clocks stand here.
    pub zone: message::zone::Zone,
    /// Links are told to the terminal, so that it can open them; where nothing is said, to one that is modern.
    pub links: Option<bool>,
    /// The terminal passes over sequences it does not know, and may know those for news and clipboard.
    pub is_modern: bool,
    /// What the terminal can show.
    pub colours: Colours,
    /// How pictures are drawn: one of [`picture::SETTINGS`].
    pub pictures: String,
    /// What the environment says of the terminal.
    pub surroundings: Surroundings,
    /// Seconds that a letter waits so that it can be taken back.
    pub undo_send_s: u64,
    /// What short names stand for, from `.mailrc` and `book.toml`.
    pub aliases: agent::letter::Aliases,
    /// Keys the user bound: context, keys, command.
    pub bound: Vec<(String, String, String)>,
}

/// How many colours the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// None: bold, underlined and reversed only.
    Mono,
    /// The sixteen that every terminal has, as its user chose them.
    #[default]
    Sixteen,
    /// 256.
    Many,
    /// All.
    True,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            preset: "pine".to_owned(),
            theme: "auto".to_owned(),
            plain: false,
            key_bar: true,
            side_bar: true,
            threads: false,
            turn_text: true,
            zone: message::zone::Zone::utc(),
            links: None,
            is_modern: false,
            colours: Colours::default(),
            pictures: "auto".to_owned(),
            surroundings: Surroundings::default(),
            undo_send_s: 10,
            aliases: agent::letter::Aliases::default(),
            bound: Vec::new(),
        }
    }
}

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    preset: Option<String>,
    theme: Option<String>,
    key_bar: Option<bool>,
    side_bar: Option<bool>,
    threads: Option<bool>,
    turn_text: Option<bool>,
    links: Option<bool>,
    undo_send_s: Option<u64>,
    pictures: Option<String>,
    #[serde(default)]
    keys: BTreeMap<String, BTreeMap<String, String>>,
}

/// Seconds that a letter may be made to wait at most: longer is what a time of sending is for.
pub const UNDO_SEND_MAX_S: u64 = 3600;

impl Options {
    /// Takes in what `tui.toml` says.
    ///
    /// # Errors
    /// What is wrong in it, with line and column where they are known.
    pub fn read(&mut self, text: &str) -> Result<(), String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(preset) = file.preset {
            if !PRESETS.contains(&preset.as_str()) {
                return Err(format!("preset = {preset:?}: there are {}", PRESETS.join(", ")));
            }
            self.preset = preset;
        }
        if let Some(theme) = file.theme {
            if !crate::command::THEMES.contains(&theme.as_str()) {
                return Err(format!("theme = {theme:?}: there are {}", crate::command::THEMES.join(", ")));
            }
            self.theme = theme;
        }
        if let Some(pictures) = file.pictures {
            if !picture::SETTINGS.contains(&pictures.as_str()) {
                return Err(format!("pictures = {pictures:?}: there are {}", picture::SETTINGS.join(", ")));
            }
            self.pictures = pictures;
        }
        if let Some(seconds) = file.undo_send_s {
            if seconds > UNDO_SEND_MAX_S {
                return Err(format!("undo_send_s = {seconds}: at most {UNDO_SEND_MAX_S}"));
            }
            self.undo_send_s = seconds;
        }
        self.key_bar = file.key_bar.unwrap_or(self.key_bar);
        self.side_bar = file.side_bar.unwrap_or(self.side_bar);
        self.threads = file.threads.unwrap_or(self.threads);
        self.turn_text = file.turn_text.unwrap_or(self.turn_text);
        self.links = file.links.or(self.links);
        for (context, keys) in file.keys {
            for (key, line) in keys {
                self.bound.push((context.clone(), key, line));
            }
        }
        self.bind(&mut Keymap::preset(&self.preset))
    }

    /// The keys of the preset, with what the user changed.
    #[must_use]
    pub fn keymap(&self) -> Keymap {
        let mut map = Keymap::preset(&self.preset);
        // Wrong ones were told when the file was read.
        let _ = self.bind(&mut map);
        map
    }

    /// Colours that may be used: none where the user wants none.
    #[must_use]
    pub fn colours_used(&self) -> Colours {
        if self.theme == "mono" { Colours::Mono } else { self.colours }
    }

    /// How pictures are to be drawn: not where lines follow each other, or where colours are not wanted.
    #[must_use]
    pub fn pictures_used(&self) -> &str {
        if self.plain || self.colours_used() == Colours::Mono { "off" } else { &self.pictures }
    }

    fn bind(&self, map: &mut Keymap) -> Result<(), String> {
        for (name, keys, line) in &self.bound {
            let Some((_, context)) = CONTEXTS.iter().find(|(known, _)| known == name) else {
                let names: Vec<&str> = CONTEXTS.iter().map(|(known, _)| *known).collect();
                return Err(format!("[keys.{name}]: there are {}", names.join(", ")));
            };
            map.bind(*context, keys, line).map_err(|problem| format!("[keys.{name}] {keys:?}: {problem}"))?;
        }
        Ok(())
    }

    /// What the terminal can show, by what the environment says of it: `NO_COLOR`, `COLORTERM`, `TERM`.
    pub fn learn_terminal(&mut self, variable: impl Fn(&str) -> Option<String>) {
        let term = variable("TERM").unwrap_or_default();
        let depth = variable("COLORTERM").unwrap_or_default();
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        self.colours = match term.as_str() {
            _ if is_set("NO_COLOR") => Colours::Mono,
            "" | "dumb" | "vt100" | "vt220" | "vt102" => Colours::Mono,
            _ if depth == "truecolor" || depth == "24bit" || term.ends_with("-direct") => Colours::True,
            term if term.contains("256") || term.contains("kitty") || term.contains("alacritty") => Colours::Many,
            _ => Colours::Sixteen,
        };
        self.is_modern = !matches!(term.as_str(), "" | "dumb" | "linux" | "vt100" | "vt220" | "vt102");
        self.surroundings = Surroundings::of(&variable, self.is_modern);
        // VTE has turned text around by itself since 0.58; so do these.
        let vte: u32 = variable("VTE_VERSION").and_then(|version| version.parse().ok()).unwrap_or_default();
        if vte >= 5800 || is_set("KONSOLE_VERSION") || term.starts_with("mlterm") || is_set("MLTERM") {
            self.turn_text = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_what_is_wrong_is_told() {
        let mut options = Options::default();
        let text = "preset = \"mutt\"\nkey_bar = false\n[keys.list]\nX = \"archive\"\n\"<C-w>\" = \"folder Work\"\n";
        assert_eq!(options.read(text), Ok(()));
        assert_eq!((options.preset.as_str(), options.key_bar, options.bound.len()), ("mutt", false, 2));
        for (wrong, told) in [
            ("preset = \"emacs\"", "there are pine"),
            ("colour = 1", "unknown field"),
            ("[keys.list]\nX = \"frobnicate\"", "no command"),
            ("[keys.lists]\nX = \"archive\"", "[keys.lists]: there are anywhere"),
            ("undo_send_s = 3601", "at most 3600"),
            ("pictures = \"gif\"", "there are auto, kitty, sixel, iterm, blocks, off"),
        ] {
            let problem = Options::default().read(wrong).unwrap_err();
            assert!(problem.contains(told), "{problem}");
        }
        assert_eq!(Options::default().read("undo_send_s = 3600"), Ok(()));
    }

    #[test]
    fn pictures_are_for_screens_with_colours() {
        let mut options = Options { colours: Colours::True, ..Options::default() };
        assert_eq!(options.read("pictures = \"sixel\""), Ok(()));
        assert_eq!(options.pictures_used(), "sixel");
        let used = |change: fn(&mut Options)| {
            let mut options = options.clone();
            change(&mut options);
            options.pictures_used().to_owned()
        };
        assert_eq!(used(|options| options.plain = true), "off");
        assert_eq!(used(|options| options.theme = "mono".to_owned()), "off");
        assert_eq!(used(|options| options.colours = Colours::Mono), "off");
    }

    #[test]
    fn a_terminal_is_known_by_what_is_said_of_it() {
        let colours = |said: &[(&str, &str)]| {
            let mut options = Options::default();
            options
                .learn_terminal(|name| said.iter().find(|(known, _)| *known == name).map(|(_, it)| (*it).to_owned()));
            (options.colours, options.turn_text)
        };
        assert_eq!(colours(&[("TERM", "linux")]), (Colours::Sixteen, true));
        assert_eq!(colours(&[("TERM", "tmux-256color")]), (Colours::Many, true));
        assert_eq!(colours(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), (Colours::True, true));
        assert_eq!(colours(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), (Colours::Mono, true));
        assert_eq!(colours(&[("TERM", "dumb")]), (Colours::Mono, true));
        assert!(!colours(&[("TERM", "xterm-256color"), ("VTE_VERSION", "7200")]).1);
    }
}
