//! A session at the prompt: reads lines, does what they say, ends with a code. Owns the current message, what is shown, and
//! what is marked; letters are in `compose`, files in `filing`.

use super::command::{self, Command};
use super::mailbox::{Mailbox, Message};
use super::options::{Mode, Options};
use super::select::{Among, select};
use super::settings::{self, Settings, words};
use super::{Output, Said, World, summary};
use crate::reading::{self, View};
use crate::verdict::{Mark, Verdict};

/// How deep files of settings may call each other.
const SOURCE_DEPTH_MAX: usize = 10;
/// Columns of a screen, where nobody says how many.
const WIDTH: usize = 80;
/// The code of a session in which a letter was not sent, as s-nail has it.
pub(super) const NOT_SENT: u8 = 4;
/// The code of what could not be opened.
const NOT_OPENED: u8 = 1;

/// A session.
pub struct Session<'w, W> {
    pub(super) world: &'w mut W,
    /// Variables and short names.
    pub settings: Settings,
    pub(super) mailbox: Mailbox,
    pub(super) dot: usize,
    /// The mailbox before this one (`#`).
    previous: String,
    /// The first line of the screen of headers.
    top: usize,
    /// A message was shown: an empty line goes on to the next.
    has_shown: bool,
    /// Somebody sits there.
    pub(super) is_interactive: bool,
    /// Tilde escapes hold.
    pub(super) has_escapes: bool,
    pub(super) code: u8,
    depth: usize,
}

/// What a command does to the session.
enum Next {
    GoOn,
    /// Changes are kept.
    Quit,
    /// They are not.
    Exit,
}

impl<'w, W: World> Session<'w, W> {
    /// One that begins.
    pub fn new(world: &'w mut W, settings: Settings, is_interactive: bool) -> Session<'w, W> {
        Session {
            world,
            settings,
            mailbox: Mailbox::default(),
            dot: 0,
            previous: String::new(),
            top: 0,
            has_shown: false,
            is_interactive,
            has_escapes: is_interactive,
            code: 0,
            depth: 0,
        }
    }

    /// Takes the lines of a file of settings.
    pub fn configure(&mut self, text: &str) {
        for line in settings::lines(text) {
            // Before a mailbox is open, what is about messages says so itself.
            self.execute(&line);
        }
    }

    /// Does what the options say; the code to end with.
    pub fn run(&mut self, options: &Options) -> u8 {
        options.set.iter().for_each(|word| self.settings.set(word));
        self.has_escapes |= options.escapes || options.batch;
        for line in &options.commands {
            self.execute(line);
        }
        match options.mode {
            Mode::Send => self.send(options),
            Mode::Receive | Mode::Summary | Mode::Check => self.receive(options),
        }
        self.code
    }

    fn receive(&mut self, options: &Options) {
        let name = match options.file.as_deref() {
            Some("") => "&".to_owned(),
            Some(name) => name.to_owned(),
            None => "%".to_owned(),
        };
        if let Err(words) = self.open(&name) {
            if options.mode != Mode::Check {
                self.complain(&words);
            }
            self.code = NOT_OPENED;
            return;
        }
        self.mailbox.is_read_only |= options.read_only;
        match options.mode {
            Mode::Check => self.code = if self.mailbox.messages.is_empty() { NOT_OPENED } else { 0 },
            Mode::Summary => self.headers(0),
            _ => {
                if self.settings.is_set("header") && !options.skip_summary && !options.batch {
                    let said = self.mailbox.said();
                    self.print(&format!("{said}\n"));
                    self.headers(self.dot);
                }
                self.converse();
            }
        }
    }

    /// Lines until the end.
    fn converse(&mut self) {
        loop {
            let prompt = self.settings.get("prompt").unwrap_or_default().to_owned();
            let next = match self.world.line(&prompt) {
                Said::Line(line) => self.execute(&line),
                Said::Octets(octets) => self.execute(&String::from_utf8_lossy(&octets)),
                Said::Interrupt => {
                    self.print("Interrupt\n");
                    Next::GoOn
                }
                Said::End => Next::Quit,
            };
            match next {
                Next::GoOn => {}
                Next::Exit => return,
                Next::Quit => return self.quit(),
            }
        }
    }

    fn execute(&mut self, line: &str) -> Next {
        // Enter is the next message for who sits there; in a script an empty line is nothing.
        if line.trim().is_empty() && !self.is_interactive {
            return Next::GoOn;
        }
        let (command, rest) = match command::parse(line) {
            Ok(parsed) => parsed,
            Err(word) => {
                self.complain(&format!("{word}: unknown command"));
                return Next::GoOn;
            }
        };
        match command {
            Command::Quit => return Next::Quit,
            Command::Exit => return Next::Exit,
            _ => {}
        }
        if let Err(words) = self.perform(command, rest) {
            self.complain(&words);
        }
        Next::GoOn
    }

    fn perform(&mut self, command: Command, rest: &str) -> Result<(), String> {
        match command {
            Command::Print => self.show(rest, false),
            Command::PrintAll => self.show(rest, true),
            Command::Next => self.next(rest),
            Command::Previous => self.show("-", false),
            Command::Top => self.top_lines(rest),
            Command::Headers => self.headers_of(rest),
            Command::Screen => self.screen(rest),
            Command::From => self.from(rest),
            Command::Size => self.sizes(rest),
            Command::Verify => self.verify(rest),
            Command::Number => {
                let number = self.dot + 1;
                self.print(&format!("{number}\n"));
                Ok(())
            }
            Command::Delete => self.delete(rest).map(drop),
            Command::DeletePrint => self.delete_and_show(rest),
            Command::Undelete
            | Command::Flag
            | Command::Unflag
            | Command::Unread
            | Command::Touch
            | Command::Hold
            | Command::Mbox => self.mark(command, rest),
            Command::Save | Command::Copy | Command::Write => self.file(command, rest),
            Command::Pipe => self.pipe(rest),
            Command::Edit => self.edit(rest, "EDITOR"),
            Command::Visual => self.edit(rest, "VISUAL"),
            Command::Mail => self.mail(rest),
            Command::Reply | Command::ReplyAll => self.reply(rest, !self.settings.is_set("flipr")),
            Command::ReplySender => self.reply(rest, self.settings.is_set("flipr")),
            Command::Forward => self.forward(rest),
            _ => self.arrange(command, rest),
        }
    }

    /// What is about the session, not about messages.
    fn arrange(&mut self, command: Command, rest: &str) -> Result<(), String> {
        let typed = words(rest);
        match (command, typed.as_slice()) {
            (Command::Alias, []) => self.print(&self.settings.listed_aliases(None)),
            (Command::Alias, [name]) => self.print(&self.settings.listed_aliases(Some(name))),
            (Command::Alias, [name, people @ ..]) => self.settings.alias(name, people),
            (Command::Unalias, names) => names.iter().for_each(|name| drop(self.settings.aliases.0.remove(name))),
            (Command::Alternates, []) => self.print(&format!("{}\n", self.settings.alternates.join(" "))),
            (Command::Alternates, names) => self.settings.alternates = names.to_vec(),
            (Command::Set, []) => self.print(&self.settings.listed()),
            (Command::Set, words) => words.iter().for_each(|word| self.settings.set(word)),
            (Command::Unset, words) => words.iter().for_each(|word| self.settings.unset(word)),
            (Command::Discard, names) => self.settings.ignored.extend(names.iter().map(|name| name.to_lowercase())),
            (Command::Retain, names) => self.settings.retained.extend(names.iter().map(|name| name.to_lowercase())),
            (Command::Echo, words) => self.print(&format!("{}\n", words.join(" "))),
            (Command::Help, _) => self.print(command::HELP),
            (Command::Version, _) => self.print(&format!("pillarbox {}\n", env!("CARGO_PKG_VERSION"))),
            (Command::File, []) => self.print(&format!("{}\n", self.mailbox.said())),
            (Command::File, [name, ..]) => return self.change_mailbox(name),
            (Command::Source, [name, ..]) => return self.source(name),
            (Command::Source, []) => return Err("source: name a file".to_owned()),
            (Command::Shell, _) => return self.world.shell(rest, None, Output::Shown).map(drop),
            (Command::Chdir, _) => return Err("this program stays where it is: give whole paths".to_owned()),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn print(&mut self, text: &str) {
        self.world.print(text);
    }

    pub(super) fn complain(&mut self, words: &str) {
        self.world.complain(words);
    }

    /// The messages a line means; the last of them becomes the current one where that is `moving`.
    pub(super) fn pick(&mut self, list: &str, moving: bool) -> Result<Vec<usize>, String> {
        let found = select(&words(list), &self.mailbox, self.dot, Among::Left)?;
        if let (true, Some(last)) = (moving, found.last()) {
            self.dot = *last;
        }
        Ok(found)
    }

    pub(super) fn message(&self, index: usize) -> Option<&Message> {
        self.mailbox.messages.get(index)
    }

    pub(super) fn message_mut(&mut self, index: usize) -> Option<&mut Message> {
        self.mailbox.messages.get_mut(index)
    }

    fn width(&self) -> usize {
        self.settings.number("COLUMNS", WIDTH).max(20)
    }

    fn summary_line(&self, index: usize) -> String {
        let is_dot = index == self.dot;
        let (width, zone) = (self.width(), self.world.zone());
        self.message(index)
            .map(|message| summary::line(index + 1, message, is_dot, (width, &zone)) + "\n")
            .unwrap_or_default()
    }

    /// A screen of headers, the one with this message.
    fn headers(&mut self, around: usize) {
        let screen = self.settings.number("screen", 20).max(1);
        self.top = around - around % screen;
        let left: Vec<usize> = (self.top..self.mailbox.messages.len()).filter(|index| self.is_left(*index)).collect();
        let text: String = left.into_iter().take(screen).map(|index| self.summary_line(index)).collect();
        if text.is_empty() { self.complain("No applicable messages") } else { self.print(&text) }
    }

    fn is_left(&self, index: usize) -> bool {
        self.message(index).is_some_and(|message| !message.state.deleted)
    }

    fn headers_of(&mut self, list: &str) -> Result<(), String> {
        let around = if list.trim().is_empty() { self.dot } else { *self.pick(list, true)?.first().unwrap_or(&0) };
        self.headers(around);
        Ok(())
    }

    fn screen(&mut self, rest: &str) -> Result<(), String> {
        let screen = self.settings.number("screen", 20).max(1);
        let (top, at_end) = match rest.trim() {
            "" | "+" => (self.top + screen, "On last screenful of messages\n"),
            "-" => (self.top.saturating_sub(screen), "On first screenful of messages\n"),
            other => return Err(format!("z{other}: z goes on, z- goes back")),
        };
        let is_end = top >= self.mailbox.messages.len() || top == self.top;
        if is_end {
            self.print(at_end);
        }
        self.headers(if is_end { self.top } else { top });
        Ok(())
    }

    fn from(&mut self, list: &str) -> Result<(), String> {
        let found = self.pick(list, false)?;
        self.dot = found.first().copied().unwrap_or(self.dot);
        let text: String = found.into_iter().map(|index| self.summary_line(index)).collect();
        self.print(&text);
        Ok(())
    }

    fn sizes(&mut self, list: &str) -> Result<(), String> {
        for index in self.pick(list, false)? {
            let line =
                self.message(index).map(|message| format!("{}: {}/{}\n", index + 1, message.lines(), message.octets()));
            self.print(&line.unwrap_or_default());
        }
        Ok(())
    }

    /// All that is proved of messages that are signed or encrypted; where something is wrong, the code says so, too.
    fn verify(&mut self, list: &str) -> Result<(), String> {
        for index in self.pick(list, true)? {
            let opened = self.message(index).zip(self.world.keys());
            let opened = opened.and_then(|(message, keys)| keys.open(&message.raw, self.world.now()));
            let Some(Verdict { mark, headline, proved, not_proved, .. }) = opened.map(|opened| opened.verdict) else {
                self.complain(&format!("Message {} is neither signed nor encrypted", index + 1));
                self.code = NOT_OPENED;
                continue;
            };
            let proved = proved.iter().map(|words| format!("  + {words}\n"));
            let not_proved = not_proved.iter().map(|words| format!("  - {words}\n"));
            let words: String = proved.chain(not_proved).collect();
            let text = format!("Message {}: {headline}\n{words}", index + 1);
            let lines: String = text.lines().map(|line| format!("{}\n", message::harmless::harmless(line))).collect();
            self.print(&lines);
            self.code = if mark == Mark::Good { self.code } else { NOT_OPENED };
        }
        Ok(())
    }

    /// An empty line: the message that is current where none was shown yet, then the next.
    fn next(&mut self, list: &str) -> Result<(), String> {
        if !list.trim().is_empty() {
            return self.show(list, false);
        }
        if !self.has_shown && self.is_left(self.dot) {
            return self.show("", false);
        }
        let next = (self.dot + 1..self.mailbox.messages.len()).find(|index| self.is_left(*index));
        match next {
            Some(next) => {
                self.dot = next;
                self.show("", false)
            }
            None => {
                self.print("At EOF\n");
                Ok(())
            }
        }
    }

    fn show(&mut self, list: &str, everything: bool) -> Result<(), String> {
        let found = self.pick(list, true)?;
        let mut text = String::new();
        for index in found {
            text.push_str(&self.shown(index, everything));
            self.touch(index);
        }
        self.has_shown = true;
        let lines = self.settings.get("crt").map(|crt| crt.parse().unwrap_or(24));
        let long = lines.is_some_and(|lines: usize| text.lines().count() > lines);
        let pager = self.settings.get("PAGER").unwrap_or("more").to_owned();
        self.world.page(&text, Some(pager.as_str()).filter(|_| long && self.is_interactive));
        Ok(())
    }

    pub(super) fn touch(&mut self, index: usize) {
        if let Some(message) = self.message_mut(index) {
            message.state.touched |= !message.state.read;
            message.state.read = true;
        }
    }

    /// A message as people read it.
    pub(super) fn shown(&self, index: usize, everything: bool) -> String {
        let Some(message) = self.message(index) else { return String::new() };
        let chosen = !self.settings.ignored.is_empty() || !self.settings.retained.is_empty();
        let view = View { width: self.width(), full_header: everything || chosen, ..View::default() };
        let page = match self.world.keys() {
            Some(keys) => keys.page(&message.raw, &view, self.world.now()),
            None => reading::page(&message.raw, &view),
        };
        let mut text =
            format!("[-- Message {:>2} -- {} lines, {} bytes --]:\n", index + 1, message.lines(), message.octets());
        if let Some(verdict) = &page.seal {
            text.push_str(&format!("[-- {} --]\n", message::harmless::harmless(&verdict.headline)));
        }
        for field in page.header.iter().filter(|field| everything || self.settings.shows(&field.name)) {
            text.push_str(&format!("{}: {}\n", field.name, field.value));
        }
        text.push('\n');
        for line in &page.lines {
            text.push_str(&">".repeat(line.depth));
            if line.depth > 0 && !line.spans.is_empty() {
                text.push(' ');
            }
            line.spans.iter().for_each(|span| text.push_str(&span.text));
            text.push('\n');
        }
        for part in page.parts.iter().filter(|part| !part.is_shown) {
            let name = message::harmless::harmless(part.name.as_deref().unwrap_or_default()).into_owned();
            text.push_str(&format!(
                "[-- Part {}: {} {} octets {name} --]\n",
                part.number, part.media_type, part.octets
            ));
        }
        text.push('\n');
        text
    }

    /// The first lines of messages, of which the header has who, to whom and about what.
    fn top_lines(&mut self, list: &str) -> Result<(), String> {
        let lines = self.settings.number("toplines", 5);
        for index in self.pick(list, true)? {
            let shown = self.shown(index, false);
            let (head, body) = shown.split_once("\n\n").unwrap_or((&shown, ""));
            let wanted = |line: &&str| {
                let name = line.split(':').next().unwrap_or_default().to_lowercase();
                line.starts_with("[--") || ["from", "to", "cc", "subject"].contains(&name.as_str())
            };
            let first = head.lines().filter(wanted).chain([""]).chain(body.trim_end_matches('\n').lines());
            let text: String = first.take(lines + 1).map(|line| format!("{line}\n")).collect();
            self.print(&text);
            self.touch(index);
        }
        self.has_shown = true;
        Ok(())
    }

    /// Marks messages as gone; the next that is left becomes the current one.
    fn delete(&mut self, list: &str) -> Result<(), String> {
        let found = self.pick(list, true)?;
        for index in found {
            if let Some(message) = self.message_mut(index) {
                message.state.deleted = true;
            }
        }
        let after = (self.dot..self.mailbox.messages.len()).find(|index| self.is_left(*index));
        let before = || (0..self.dot).rev().find(|index| self.is_left(*index));
        if let Some(index) = after.or_else(before) {
            self.dot = index;
        }
        self.has_shown = false;
        Ok(())
    }

    fn delete_and_show(&mut self, list: &str) -> Result<(), String> {
        let last = self.pick(list, true)?.last().copied().unwrap_or_default();
        self.delete(list)?;
        if self.dot <= last {
            self.print("At EOF\n");
            return Ok(());
        }
        self.show("", false)
    }

    fn mark(&mut self, command: Command, list: &str) -> Result<(), String> {
        let found = match command {
            Command::Undelete => select(&words(list), &self.mailbox, self.dot, Among::Deleted)?,
            _ => self.pick(list, true)?,
        };
        for index in found {
            self.dot = index;
            let Some(message) = self.message_mut(index) else { continue };
            let state = &mut message.state;
            match command {
                Command::Undelete => state.deleted = false,
                Command::Flag => state.flagged = true,
                Command::Unflag => state.flagged = false,
                Command::Unread => {
                    state.read = false;
                    state.touched = false;
                }
                Command::Hold => {
                    state.preserved = true;
                    state.mboxed = false;
                }
                Command::Mbox => {
                    state.mboxed = true;
                    state.preserved = false;
                }
                _ => state.touched = true,
            }
        }
        Ok(())
    }

    /// `+work`, `&`, `%`, `%bob`, `#`, `~/x` as paths.
    pub(super) fn path(&self, name: &str) -> String {
        let variable = |name: &str| self.settings.get(name).unwrap_or_default().to_owned();
        let home = variable("HOME");
        let spool = variable("MAIL");
        match (name, name.split_at_checked(1)) {
            ("&", _) => self.settings.get("MBOX").map_or(format!("{home}/mbox"), |mbox| self.path(mbox)),
            ("%", _) => spool,
            ("#", _) => self.previous.clone(),
            (_, Some(("%", user))) => match spool.rsplit_once('/') {
                Some((folder, _)) => format!("{folder}/{user}"),
                None => user.to_owned(),
            },
            (_, Some(("+", rest))) => {
                let folder = variable("folder");
                let folder = folder.strip_prefix("~/").map_or(folder.clone(), |below| format!("{home}/{below}"));
                match folder.as_str() {
                    "" => format!("{home}/{rest}"),
                    absolute if absolute.starts_with('/') => format!("{folder}/{rest}"),
                    _ => format!("{home}/{folder}/{rest}"),
                }
            }
            _ => name.strip_prefix("~/").map_or(name.to_owned(), |below| format!("{home}/{below}")),
        }
    }

    /// `+Work` is a file in the folder of mailboxes where one is set; else a folder of the account that has one.
    pub(super) fn folder(&mut self, name: &str) -> Option<String> {
        let folder = name.strip_prefix('+').filter(|_| !self.settings.is_set("folder"))?;
        self.world.has_folder(folder).then(|| folder.to_owned())
    }

    fn open(&mut self, name: &str) -> Result<(), String> {
        let path = self.folder(name).unwrap_or_else(|| self.path(name));
        let mut mailbox = self.world.open(&path)?;
        mailbox.is_inbox |= name == "%";
        self.previous = std::mem::replace(&mut self.mailbox, mailbox).name;
        let new = self.mailbox.messages.iter().position(|message| message.state.new && !message.state.read);
        let unread = || self.mailbox.messages.iter().position(|message| !message.state.read);
        let last = self.mailbox.messages.len().saturating_sub(1);
        self.dot = new.or_else(unread).unwrap_or(if self.settings.is_set("showlast") { last } else { 0 });
        self.has_shown = false;
        Ok(())
    }

    fn change_mailbox(&mut self, name: &str) -> Result<(), String> {
        let path = self.folder(name).unwrap_or_else(|| self.path(name));
        // What cannot be opened leaves this one open.
        let found = self.world.open(&path)?;
        drop(found);
        self.quit();
        self.open(name)?;
        let said = self.mailbox.said();
        self.print(&format!("{said}\n"));
        if self.settings.is_set("header") && !self.mailbox.messages.is_empty() {
            self.headers(self.dot);
        }
        Ok(())
    }

    fn source(&mut self, name: &str) -> Result<(), String> {
        if self.depth >= SOURCE_DEPTH_MAX {
            return Err(format!("{name}: files of commands call each other too deep"));
        }
        let octets = self.world.read(&self.path(name))?;
        self.depth += 1;
        self.configure(&String::from_utf8_lossy(&octets));
        self.depth -= 1;
        Ok(())
    }

    /// Makes what was done last: what was read may go to the second mailbox, what was saved goes.
    fn quit(&mut self) {
        if self.mailbox.is_read_only {
            return;
        }
        if let Err(words) = self.move_to_second() {
            // What could not be written there stays here.
            self.complain(&words);
        }
        match self.world.close(&self.mailbox) {
            Ok(said) => self.print(&said.map(|said| said + "\n").unwrap_or_default()),
            Err(words) => {
                self.complain(&words);
                self.code = NOT_OPENED;
            }
        }
    }
}
