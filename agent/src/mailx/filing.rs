//! Messages into files, through programs and editors: `save`, `copy`, `write`, `pipe`, `edit`, and the second mailbox.

use super::command::Command;
use super::session::Session;
use super::settings::words;
use super::{Filed, Message, Output, World};
use crate::reading::{self, View};

impl<W: World> Session<'_, W> {
    /// `save`, `copy` and `write`: a list and a file; without a file the second mailbox.
    pub(super) fn file(&mut self, command: Command, rest: &str) -> Result<(), String> {
        let (list, file) = self.list_and_file(rest)?;
        let found = self.pick(&list, true)?;
        match self.folder(&file).filter(|_| command != Command::Write) {
            Some(folder) => self.copy_to_folder(&found, &folder)?,
            None => self.append_to_file(&found, &self.path(&file), command)?,
        }
        for index in found {
            self.touch(index);
            if let Some(message) = self.message_mut(index) {
                message.state.saved |= command != Command::Copy;
            }
        }
        Ok(())
    }

    fn append_to_file(&mut self, found: &[usize], path: &str, command: Command) -> Result<(), String> {
        let mut octets = Vec::new();
        for index in found {
            let Some(message) = self.message(*index) else { continue };
            if command == Command::Write { octets.extend(text_of(message)) } else { octets.extend(mbox_text(message)) }
        }
        let filed = self.world.append(path, &octets)?;
        let word = if filed == Filed::New { "New file" } else { "Appended" };
        self.print(&format!("{path} [{word}] {} bytes\n", octets.len()));
        Ok(())
    }

    fn copy_to_folder(&mut self, found: &[usize], folder: &str) -> Result<(), String> {
        let keys: Vec<u64> = found.iter().filter_map(|index| Some(self.message(*index)?.key)).collect();
        self.world.copy(&keys, folder)?;
        self.print(&format!("{folder} [Folder] {} message{}\n", keys.len(), if keys.len() == 1 { "" } else { "s" }));
        Ok(())
    }

    /// The last word is the file.
    fn list_and_file(&self, rest: &str) -> Result<(String, String), String> {
        let typed = words(rest);
        let Some((file, _)) = typed.split_last() else { return Ok((String::new(), "&".to_owned())) };
        let is_list =
            typed.len() == 1 && (file.parse::<usize>().is_ok() || ["*", "$", "^", "."].contains(&file.as_str()));
        if is_list {
            return Ok((file.clone(), "&".to_owned()));
        }
        let end = rest.trim_end().len();
        let start = rest.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
        // A quoted name may hold blanks: the list is what stands before it.
        let before = rest.get(..start.min(end)).unwrap_or_default();
        let list = if file.contains(' ') { rest.split(['\'', '"']).next().unwrap_or_default() } else { before };
        Ok((list.trim().to_owned(), file.clone()))
    }

    /// `pipe LIST COMMAND`: what is shown of them, on the stdin of a command.
    pub(super) fn pipe(&mut self, rest: &str) -> Result<(), String> {
        let rest = rest.trim();
        let quoted = rest.find(['"', '\'']);
        let (list, command) = match (quoted, rest.split_once(' ')) {
            (Some(at), _) => rest.split_at(at),
            (None, Some((list, command))) if self.pick(list, false).is_ok() => (list, command),
            (None, _) => ("", rest),
        };
        let command = command.trim().trim_matches(['"', '\'']).to_owned();
        if command.is_empty() {
            return Err("pipe: name a command".to_owned());
        }
        let mut input = Vec::new();
        for index in self.pick(list, true)? {
            input.extend(self.message(index).map(|message| message.raw.clone()).unwrap_or_default());
            self.touch(index);
        }
        self.world.shell(&command, Some(&input), Output::Shown).map(drop)
    }

    /// A message in an editor, to be looked at; it stays as it came.
    pub(super) fn edit(&mut self, list: &str, variable: &str) -> Result<(), String> {
        let fallback = if variable == "VISUAL" { "vi" } else { "ed" };
        let editor = self.settings.get(variable).unwrap_or(fallback).to_owned();
        for index in self.pick(list, true)? {
            let text = self.message(index).map(|message| String::from_utf8_lossy(&message.raw).into_owned());
            self.world.edit(&text.unwrap_or_default(), &editor)?;
            self.touch(index);
        }
        Ok(())
    }

    /// At the end: what was marked for the second mailbox goes there, and what was read of the inbox where `hold` is unset.
    /// What was saved elsewhere leaves the inbox, unless `keepsave`.
    pub(super) fn move_to_second(&mut self) -> Result<(), String> {
        let (is_inbox, hold) = (self.mailbox.is_inbox, self.settings.is_set("hold"));
        let keeps_saved = self.settings.is_set("keepsave");
        for message in &mut self.mailbox.messages {
            let state = &mut message.state;
            if is_inbox && state.saved && !keeps_saved && !state.preserved {
                state.deleted = true;
            }
            let read_here = is_inbox && (state.read || state.touched) && !hold;
            state.mboxed = !state.deleted && !state.preserved && (state.mboxed || read_here);
        }
        let mut octets = Vec::new();
        let going: Vec<usize> = (0..self.mailbox.messages.len())
            .filter(|index| self.message(*index).is_some_and(|m| m.state.mboxed))
            .collect();
        if going.is_empty() {
            return Ok(());
        }
        going.iter().filter_map(|index| self.message(*index)).for_each(|message| octets.extend(mbox_text(message)));
        let path = self.path("&");
        self.world.append(&path, &octets)?;
        for index in &going {
            if let Some(message) = self.message_mut(*index) {
                message.state.deleted = true;
            }
        }
        self.print(&format!("Saved {} message{} in {path}\n", going.len(), if going.len() == 1 { "" } else { "s" }));
        Ok(())
    }
}

/// The text without the header, as people read it.
fn text_of(message: &Message) -> Vec<u8> {
    let page = reading::page(&message.raw, &View { width: 1000, ..View::default() });
    let mut text = String::new();
    for line in &page.lines {
        text.push_str(&">".repeat(line.depth));
        if line.depth > 0 && !line.spans.is_empty() {
            text.push(' ');
        }
        line.spans.iter().for_each(|span| text.push_str(&span.text));
        text.push('\n');
    }
    text.into_bytes()
}

/// A message as mbox files have it, with its state, lines that look like the next message quoted so that they come back
/// (`mboxrd`).
#[must_use]
pub fn mbox_text(message: &Message) -> Vec<u8> {
    let mut text = format!("From {}\n", message.envelope).into_bytes();
    let (status, more) = message.status();
    let header_end = message.body_start();
    let mut at = 0;
    let mut dropping = false;
    for line in message.raw.split_inclusive(|octet| *octet == b'\n') {
        let is_header = at < header_end;
        at += line.len();
        if is_header {
            let continues = matches!(line.first(), Some(b' ' | b'\t'));
            let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
            dropping = if continues { dropping } else { is_status(name) };
            if line == b"\n" {
                text.extend(fields(&status, &more));
            }
            if dropping {
                continue;
            }
        }
        let unquoted =
            line.iter().position(|octet| *octet != b'>').and_then(|from| line.get(from..)).unwrap_or_default();
        if unquoted.starts_with(b"From ") && (!is_header || at == line.len()) {
            text.push(b'>');
        }
        text.extend_from_slice(line);
    }
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.push(b'\n');
    text
}

fn is_status(name: &[u8]) -> bool {
    [b"status".as_slice(), b"x-status"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn fields(status: &str, more: &str) -> Vec<u8> {
    let pairs = [("Status", status), ("X-Status", more)];
    let said = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| format!("{name}: {value}\n")).collect::<String>().into_bytes()
}
