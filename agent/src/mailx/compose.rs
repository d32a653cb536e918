//! Letters: entered line by line with tilde escapes, from stdin, as answers. Owns what is asked, what the escapes do, and
//! what becomes of a letter that cannot go (`$DEAD`).

mod dead;
mod escape;

use super::options::Options;
use super::session::{NOT_SENT, Session};
use super::settings::words;
use super::{Fate, Said, World};
use crate::letter::{self, Attachment, Fault, Letter, Recipients, Whom, Writer, media_type};
use message::Address;
use message::header::{self, fields};

/// Octets of a text that is entered: a letter, no file system.
const TEXT_MAX: usize = 256 * 1024 * 1024;

/// A letter that is being entered.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub subject: Option<String>,
    /// As it came; what is to go has to be text.
    pub text: Vec<u8>,
    pub attachments: Vec<Attachment>,
    /// What it takes from the message it answers, or that is sent on.
    pub base: Letter,
    /// The messages that `~m` and `~f` mean.
    pub current: Vec<usize>,
}

/// How entering ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    Send,
    /// It is not sent; kept in `$DEAD` where `save` is set.
    Killed,
    /// It is not sent and not kept.
    Dropped,
}

/// A letter that did not go: the code of the session is set, the words were said.
pub(super) struct NotSent;

impl<W: World> Session<'_, W> {
    /// `mail bob`: somebody is named on the line.
    pub(super) fn send(&mut self, options: &Options) {
        let mut draft = Draft {
            to: options.to.clone(),
            cc: options.cc.clone(),
            bcc: options.bcc.clone(),
            subject: options.subject.clone(),
            ..Draft::default()
        };
        if let Some(from) = &options.from {
            self.settings.put("from", from);
        }
        for path in &options.attach {
            if let Err(words) = self.attach(&mut draft, path) {
                self.complain(&words);
                self.code = 1;
                return;
            }
        }
        if let Some(path) = &options.quote {
            match self.world.read(path) {
                Ok(octets) => self.add(&octets, &mut draft),
                Err(words) => return self.complain(&words),
            }
        }
        if options.header_on_stdin {
            if self.take_rest(&mut draft) != Entered::Send {
                self.code = NOT_SENT;
                return;
            }
            take_header(&mut draft);
            if draft.to.is_empty() && draft.cc.is_empty() && draft.bcc.is_empty() {
                self.complain("the header names no recipient in To, Cc or Bcc");
                self.code = NOT_SENT;
                return;
            }
        } else if self.enter(&mut draft, options.ignore_interrupts) != Entered::Send {
            self.code = NOT_SENT;
            return;
        }
        let is_empty = draft.text.is_empty() && draft.attachments.is_empty();
        if is_empty && (options.skip_empty || self.settings.is_set("skipemptybody")) {
            return;
        }
        if options.debug {
            return self.complain("-d: nothing is sent");
        }
        let _ = self.deliver(&draft);
    }

    /// `mail bob` at the prompt.
    pub(super) fn mail(&mut self, rest: &str) -> Result<(), String> {
        self.write(Draft { to: words(rest), ..Draft::default() }).map_or(Ok(()), |_| Ok(()))
    }

    /// `reply` and `Reply`.
    pub(super) fn reply(&mut self, list: &str, all: bool) -> Result<(), String> {
        let found = self.pick(list, true)?;
        let whom = if all { Whom::All } else { Whom::Author };
        let mut draft = Draft { current: found.clone(), ..Draft::default() };
        for index in &found {
            let raw = self.message(*index).map(|message| message.raw.clone()).unwrap_or_default();
            let answer = letter::reply(&raw, whom, &self.writer());
            draft.to.extend(people(&answer.to));
            draft.cc.extend(people(&answer.cc));
            draft.subject.get_or_insert(answer.subject.clone());
            if draft.base == Letter::default() {
                draft.base = Letter { text: String::new(), ..answer };
            }
            self.touch(*index);
        }
        if self.settings.is_set("quote") {
            let quoted: String = found.iter().map(|index| self.inserted(*index, true)).collect();
            draft.text.extend(quoted.into_bytes());
        }
        if self.is_interactive {
            let shown = fields_of(&draft).map(|(name, value)| format!("{name}: {value}\n")).collect::<String>();
            self.print(&shown);
        }
        if self.write(draft).is_ok() {
            for index in found {
                if let Some(message) = self.message_mut(index) {
                    message.state.answered = true;
                }
            }
        }
        Ok(())
    }

    /// `forward LIST WHO`.
    pub(super) fn forward(&mut self, rest: &str) -> Result<(), String> {
        let typed = words(rest);
        let (who, list) = typed.split_last().ok_or_else(|| "forward: name somebody to send it to".to_owned())?;
        let found = self.pick(&list.join(" "), true)?;
        let raw: Vec<Vec<u8>> = found.iter().filter_map(|index| Some(self.message(*index)?.raw.clone())).collect();
        let writer = self.writer();
        let base = match raw.as_slice() {
            [one] => letter::forward(one, &writer),
            several => letter::forward_attached(&several.iter().map(Vec::as_slice).collect::<Vec<_>>(), &writer),
        };
        let draft = Draft {
            to: vec![who.clone()],
            subject: Some(base.subject.clone()),
            text: base.text.clone().into_bytes(),
            attachments: base.attachments.clone(),
            base,
            current: found,
            ..Draft::default()
        };
        self.write(draft).map_or(Ok(()), |()| Ok(()))
    }

    /// Enters a letter and sends it. What was not sent was told.
    fn write(&mut self, mut draft: Draft) -> Result<(), NotSent> {
        match self.enter(&mut draft, false) {
            Entered::Send => self.deliver(&draft),
            _ => Err(NotSent),
        }
    }

    /// Who writes.
    pub(super) fn writer(&self) -> Writer {
        let from = self.settings.get("from").map(Recipients::lenient).unwrap_or_default();
        let own = from
            .people()
            .map(|person| person.email.as_str())
            .chain(self.settings.alternates.iter().map(String::as_str));
        let own = own.filter_map(|email| Address::parse(email).ok()).collect();
        Writer { from, own, ..Writer::default() }
    }

    /// Asks for what is missing, then takes lines up to the end.
    fn enter(&mut self, draft: &mut Draft, ignores_interrupts: bool) -> Entered {
        if self.is_interactive {
            self.ask(draft);
        } else if !self.has_escapes && !self.settings.is_set("dot") {
            // Nothing in it means anything but itself.
            return self.take_rest(draft);
        }
        let mut interrupted = false;
        loop {
            match self.world.line("") {
                Said::End => return Entered::Send,
                Said::Interrupt if ignores_interrupts || self.settings.is_set("ignore") => self.print("@\n"),
                Said::Interrupt if interrupted => {
                    self.keep(draft);
                    return Entered::Killed;
                }
                Said::Interrupt => {
                    interrupted = true;
                    self.print("\n(Interrupt -- one more to kill letter)\n");
                }
                Said::Line(line) => {
                    interrupted = false;
                    if let Some(entered) = self.line_of_a_letter(&line, draft) {
                        return entered;
                    }
                }
                Said::Octets(line) => {
                    interrupted = false;
                    self.add_line(&line, draft);
                }
            }
        }
    }

    fn line_of_a_letter(&mut self, line: &str, draft: &mut Draft) -> Option<Entered> {
        let ends_with_dot = self.settings.is_set("dot") || (self.is_interactive && !self.settings.is_set("ignoreeof"));
        if line == "." && ends_with_dot {
            return Some(Entered::Send);
        }
        let escape = self.settings.get("escape").and_then(|value| value.chars().next());
        let escaped = escape.and_then(|escape| line.strip_prefix(escape)).filter(|_| self.has_escapes);
        match escaped {
            Some(rest) => match self.escape(rest, draft) {
                Ok(entered) => return entered,
                Err(words) => self.complain(&words),
            },
            None => self.add_line(line.as_bytes(), draft),
        }
        None
    }

    fn add_line(&mut self, line: &[u8], draft: &mut Draft) {
        if draft.text.len() + line.len() > TEXT_MAX {
            return self.complain("the letter is too long");
        }
        draft.text.extend_from_slice(line);
        draft.text.push(b'\n');
    }

    /// Adds what came from outside: as text where it is some, else as it is.
    fn add(&self, octets: &[u8], draft: &mut Draft) {
        let text = self.world.text(octets).map(String::into_bytes);
        draft.text.extend(text.unwrap_or_else(|| octets.to_vec()));
    }

    fn ask(&mut self, draft: &mut Draft) {
        if draft.to.is_empty() {
            draft.to = self.asked("To: ");
        }
        let asks = self.settings.is_set("asksub") || self.settings.is_set("ask");
        if draft.subject.is_none()
            && asks
            && let Said::Line(line) = self.world.line("Subject: ")
        {
            draft.subject = Some(line).filter(|line| !line.is_empty());
        }
        if draft.cc.is_empty() && self.settings.is_set("askcc") {
            draft.cc = self.asked("Cc: ");
        }
        if draft.bcc.is_empty() && self.settings.is_set("askbcc") {
            draft.bcc = self.asked("Bcc: ");
        }
    }

    /// Addresses, as typed after a prompt.
    fn asked(&mut self, prompt: &str) -> Vec<String> {
        match self.world.line(prompt) {
            Said::Line(line) if !line.trim().is_empty() => vec![line.trim().to_owned()],
            _ => Vec::new(),
        }
    }

    /// The rest of the input is the text.
    fn take_rest(&mut self, draft: &mut Draft) -> Entered {
        match self.world.rest() {
            Ok(octets) => {
                self.add(&octets, draft);
                // A text is lines; what is none stays as it is.
                if !draft.text.is_empty() && !draft.text.ends_with(b"\n") && !is_binary(&draft.text) {
                    draft.text.push(b'\n');
                }
                Entered::Send
            }
            Err(words) => {
                self.complain(&words);
                Entered::Dropped
            }
        }
    }

    pub(super) fn attach(&mut self, draft: &mut Draft, path: &str) -> Result<(), String> {
        let path = self.path(path);
        let octets = self.world.read(&path)?;
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        let media_type = media_type(&name).to_owned();
        draft.attachments.push(Attachment { name: Some(name), media_type, octets, ..Attachment::default() });
        Ok(())
    }

    /// Makes a letter of what was entered, and sends it to those whose addresses are well-formed. Who is not among them is
    /// told, and what was written kept. What waits to be sent waits in one place: it is not kept in `$DEAD` as well.
    pub(super) fn deliver(&mut self, draft: &Draft) -> Result<(), NotSent> {
        let mut letter = self.letter(draft);
        let mut is_whole = true;
        for (field, typed) in [("To", &draft.to), ("Cc", &draft.cc), ("Bcc", &draft.bcc)] {
            let (people, is_sound) = self.recipients(field, typed);
            is_whole &= is_sound;
            match field {
                "To" => letter.to = people,
                "Cc" => letter.cc = people,
                _ => letter.bcc = people,
            }
        }
        let nobody = letter.to.is_empty() && letter.cc.is_empty() && letter.bcc.is_empty();
        let no_text = Fault::of_octets(&draft.text).filter(|_| !is_binary(&draft.text));
        let sent = match (letter.check(), no_text) {
            _ if nobody => Err("No recipients specified".to_owned()),
            (Err(faults), _) => Err(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
            (Ok(()), Some(fault)) => Err(fault.to_string()),
            (Ok(()), None) => {
                let program = self.settings.get("mta").or(self.settings.get("sendmail")).map(str::to_owned);
                self.world.send(&letter, program.as_deref())
            }
        };
        match &sent {
            Err(words) | Ok(Fate::Waits(words) | Fate::Unsure(words) | Fate::InPart(words)) => self.complain(words),
            Ok(Fate::Sent) => {}
        }
        let is_for_all = is_whole && !matches!(sent, Err(_) | Ok(Fate::InPart(_)));
        if !is_for_all {
            self.keep(draft);
        }
        if !is_for_all || matches!(sent, Ok(Fate::Unsure(_))) {
            self.code = NOT_SENT;
        }
        if sent.is_err() {
            self.complain("... message not sent");
            return Err(NotSent);
        }
        Ok(())
    }

    /// The letter, but for whom it is. What cannot be text goes as a file, alone where there is no other.
    fn letter(&self, draft: &Draft) -> Letter {
        let mut letter = draft.base.clone();
        letter.from = self.writer().from;
        letter.subject = draft.subject.clone().unwrap_or_default();
        letter.attachments = draft.attachments.clone();
        letter.text = String::new();
        match std::str::from_utf8(&draft.text) {
            Ok(text) if !is_binary(&draft.text) => text.clone_into(&mut letter.text),
            _ => {
                let media_type = "application/octet-stream".to_owned();
                let octets = draft.text.clone();
                letter
                    .attachments
                    .insert(0, Attachment { media_type, octets, is_inline: true, ..Attachment::default() });
            }
        }
        letter
    }

    /// The people of a field, short names and names of this host put in; whether all were well-formed.
    fn recipients(&mut self, field: &str, typed: &[String]) -> (Recipients, bool) {
        let mut people = Recipients::default();
        let mut is_whole = true;
        for word in typed {
            match Recipients::read(field, word) {
                Ok(found) => people.0.extend(found.0),
                Err(faults) => {
                    is_whole = false;
                    faults.iter().for_each(|fault| self.world.complain(&fault.to_string()));
                }
            }
        }
        let domain = self.settings.get("domain").and_then(|name| message::Domain::parse(name).ok());
        (people.expand(&self.settings.aliases, domain.as_ref()), is_whole)
    }
}

/// No text holds a NUL, in whatever charset people write on the machines this is for.
fn is_binary(octets: &[u8]) -> bool {
    octets.contains(&0)
}

/// The fields that say to whom and about what, as typed.
fn fields_of(draft: &Draft) -> impl Iterator<Item = (&'static str, String)> {
    let people =
        [("To", &draft.to), ("Cc", &draft.cc), ("Bcc", &draft.bcc)].map(|(name, list)| (name, list.join(", ")));
    let subject = draft.subject.clone().unwrap_or_default();
    people.into_iter().chain([("Subject", subject)]).filter(|(_, value)| !value.is_empty())
}

fn people(list: &Recipients) -> Vec<String> {
    let text = list.to_string();
    if text.is_empty() { Vec::new() } else { vec![text] }
}

/// `-t`: the fields before the first empty line; what is none of them stays in the text.
fn take_header(draft: &mut Draft) {
    let end = header::section_end(&draft.text, 0).unwrap_or(draft.text.len());
    let body = draft.text.split_off(end.min(draft.text.len()));
    let head = std::mem::replace(&mut draft.text, body);
    for field in fields(&head) {
        let value = header::text(field.value);
        let name = String::from_utf8_lossy(field.name).into_owned();
        match name.to_ascii_lowercase().as_str() {
            "to" => draft.to.push(value),
            "cc" => draft.cc.push(value),
            "bcc" => draft.bcc.push(value),
            "subject" => draft.subject = Some(value),
            "reply-to" => draft.base.reply_to = Recipients::lenient(&value),
            "in-reply-to" => draft.base.in_reply_to = header::message_ids(field.value),
            "references" => draft.base.references = header::message_ids(field.value),
            // Those are the program's to write.
            "from" | "date" | "message-id" | "mime-version" => {}
            other if other.starts_with("content-") => {}
            _ => draft.base.extra.push((name, value)),
        }
    }
}
