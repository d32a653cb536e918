//! Asking at the bottom line, and what is answered there; the palette.

use super::Model;
use super::palette::Picked;
use super::prompt::{self, Asked, Prompt, Said};
use crate::command::{Command, Takes, Verb};
use crate::event::Question;
use crate::key::Key;

impl Model {
    pub(super) fn ask_line(&mut self) {
        self.prompt = Some(Prompt::new(Asked::Line, ":", ""));
    }

    /// Asks for what comes after the word of a command.
    pub(super) fn ask_argument(&mut self, verb: Verb) {
        let text = match verb {
            Verb::RenameFolder => self.folder_under_cursor().map(|folder| folder.name.clone()).unwrap_or_default(),
            Verb::Limit | Verb::Search if self.list.typed != "everything" => self.list.typed.clone(),
            Verb::MakeFolder => self
                .folder_under_cursor()
                .filter(|folder| folder.role == agent::mirror::Role::None)
                .map(|folder| format!("{}/", folder.name))
                .unwrap_or_default(),
            Verb::SavePart => self.name_of_chosen_part().unwrap_or_default(),
            _ => String::new(),
        };
        self.ask_argument_with(verb, &text);
    }

    pub(super) fn ask_argument_with(&mut self, verb: Verb, text: &str) {
        let label = match verb.entry() {
            Some(entry) => match entry.takes {
                Takes::Text(label) => format!("{label}: "),
                Takes::OneOf(words) => format!("{} ({}): ", entry.short, words.join(", ")),
                Takes::Folder if verb != Verb::Folder => format!("{} {} to folder: ", entry.short, self.chosen_words()),
                _ => format!("{}: ", entry.short),
            },
            None => String::new(),
        };
        self.prompt = Some(Prompt::new(Asked::Argument(verb), &label, text));
    }

    /// Asks whether it is meant; the command is carried out on yes.
    pub(super) fn ask_sure(&mut self, command: Command, question: &str) {
        self.prompt = Some(Prompt::new(Asked::Sure(command), &format!("{question} (y/n) "), ""));
    }

    pub(super) fn key_in_prompt(&mut self, key: Key) {
        let Some(mut prompt) = self.prompt.take() else { return };
        let asked = prompt.asked.clone();
        match (prompt.key(key, &mut self.history), asked) {
            (Said::Nothing, _) => self.prompt = Some(prompt),
            (Said::Complete, _) if prompt.wanted().0 == Some(Takes::Path) => {
                let (_, typed) = prompt.wanted();
                self.prompt = Some(prompt);
                self.ask(Question::Paths(typed));
            }
            (Said::Complete, _) => {
                let choices = self.choices(&mut prompt);
                prompt.offer(choices);
                self.prompt = Some(prompt);
            }
            (Said::Cancelled, Asked::Sure(_)) => self.tell("Nothing was done"),
            (Said::Cancelled, _) => {}
            (Said::Yes, Asked::Sure(command)) => self.obey(command, true),
            (Said::Text(text), Asked::Line) if !text.is_empty() => self.say(&text),
            (Said::Text(text), Asked::Argument(verb)) if !text.is_empty() || takes_nothing_too(verb) => {
                let argument = self.folder_word(verb, text);
                self.obey_with(verb, argument);
            }
            (Said::Text(_), Asked::Argument(_)) => self.tell("Nothing was typed, and nothing was done"),
            _ => {}
        }
    }

    fn obey_with(&mut self, verb: Verb, argument: String) {
        if argument.is_empty() {
            match verb {
                Verb::Search | Verb::Limit => self.clear_view(),
                _ => {}
            }
            return;
        }
        self.obey(Command { verb, argument }, false);
    }

    /// A folder as its path, where what was typed is enough to know it.
    fn folder_word(&self, verb: Verb, text: String) -> String {
        if !verb.entry().is_some_and(|entry| entry.takes == Takes::Folder) {
            return text;
        }
        let found = self.folder_meant(&text).and_then(|id| self.folder(id));
        found.map_or(text, |folder| folder.name.clone())
    }

    fn choices(&self, prompt: &mut Prompt) -> Vec<String> {
        let (takes, typed) = prompt.wanted();
        let folders = || self.account().into_iter().flat_map(|account| &account.folders);
        match takes {
            None => prompt::words(&typed),
            Some(Takes::Folder) => prompt::fitting(folders().map(|folder| folder.name.as_str()), &typed),
            Some(Takes::Account) => prompt::fitting(self.accounts.iter().map(|account| account.name.as_str()), &typed),
            Some(Takes::Query) => match typed.split_once(':') {
                Some(("in" | "label" | "tag", value)) => {
                    let names = prompt::fitting(folders().map(|folder| folder.name.as_str()), value);
                    names.into_iter().map(|name| format!("in:{}", quoted(&name))).collect()
                }
                _ => prompt::query_words(&typed),
            },
            Some(Takes::OneOf(words)) => prompt::fitting(words.iter().copied(), &typed),
            Some(Takes::Nothing | Takes::Text(_) | Takes::Path) => Vec::new(),
        }
    }

    pub(super) fn key_in_palette(&mut self, key: Key) {
        let Some(palette) = &mut self.palette else { return };
        match palette.key(key) {
            Picked::Nothing => {}
            Picked::Cancelled => self.palette = None,
            Picked::Line(line) => {
                self.palette = None;
                self.say(&line);
            }
        }
    }
}

fn takes_nothing_too(verb: Verb) -> bool {
    matches!(verb, Verb::Search | Verb::Limit)
}

fn quoted(name: &str) -> String {
    if name.contains(' ') { format!("\"{name}\"") } else { name.to_owned() }
}
