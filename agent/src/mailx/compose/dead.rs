//! `$DEAD`: a letter that did not go, kept whole as a message of an mbox. Owns how it is written there: to whom it is stands
//! in it as it was typed, for that may be why it did not go; a text that is none stays octet for octet.

use super::{Draft, fields_of, is_binary};
use crate::letter::{Letter, Recipients};
use crate::mailx::filing::mbox_text;
use crate::mailx::session::Session;
use crate::mailx::{Message, State, World, spool};
use message::date::Date;
use message::header::{Field, fields, section_end};

impl<W: World> Session<'_, W> {
    /// What was written is not lost: it goes into `$DEAD`.
    pub(super) fn keep(&mut self, draft: &Draft) {
        if !self.settings.is_set("save") {
            return;
        }
        let path = self.settings.get("DEAD").unwrap_or("~/dead.letter").to_owned();
        let path = self.path(&path);
        let user = self.settings.get("USER").filter(|user| !user.contains(' ')).unwrap_or("nobody");
        let envelope = format!("{user} {}", spool::asctime(self.world.now()));
        let state = State { new: true, ..State::default() };
        let octets = mbox_text(&Message { envelope, raw: self.dead(draft), state, ..Message::default() });
        match self.world.append(&path, &octets) {
            Ok(_) => {
                let lines = octets.iter().filter(|octet| **octet == b'\n').count();
                self.complain(&format!("{path} {lines}/{}", octets.len()));
            }
            Err(words) => self.complain(&words),
        }
    }

    /// The letter with its header, lines ended by LF.
    fn dead(&self, draft: &Draft) -> Vec<u8> {
        let mut letter = self.letter(draft);
        (letter.to, letter.cc, letter.bcc) = <(Recipients, Recipients, Recipients)>::default();
        letter.form.eight_bit = true;
        let is_alone = draft.attachments.is_empty() && letter.forwarded.is_empty();
        let is_no_text = is_alone && !is_binary(&draft.text) && std::str::from_utf8(&draft.text).is_err();
        if is_no_text {
            letter.attachments.clear();
        }
        let composed = self.composed(&letter);
        let end = section_end(&composed, 0).unwrap_or(composed.len());
        let (head, body) = composed.split_at_checked(end).unwrap_or_default();
        let of_head = |field: &Field<'_>| head.get(field.range.clone()).unwrap_or_default();
        let mut raw = Vec::with_capacity(composed.len() + draft.text.len());
        fields(head).filter(is_first).for_each(|field| raw.extend_from_slice(of_head(&field)));
        for (name, value) in fields_of(draft) {
            raw.extend(format!("{name}: {}\n", value.replace(['\r', '\n'], " ")).into_bytes());
        }
        let rest = fields(head).filter(|field| !is_first(field) && !field.is("Subject") && !field.is("Message-ID"));
        let rest = rest.filter(|field| !is_no_text || !is_of_body(field));
        rest.for_each(|field| raw.extend_from_slice(of_head(&field)));
        raw.push(b'\n');
        raw.extend_from_slice(if is_no_text { b"" } else { body });
        raw.retain(|octet| *octet != b'\r');
        raw.extend_from_slice(if is_no_text { &draft.text } else { b"" });
        raw
    }

    fn composed(&self, letter: &Letter) -> Vec<u8> {
        let now = self.world.now();
        let date = Date {
            unix_seconds: i64::try_from(now.unix_seconds()).unwrap_or(i64::MAX),
            offset_minutes: Some(self.world.zone().offset_minutes(now)),
        };
        // It goes nowhere: its boundaries have to be told from its own parts alone.
        let mut numbers = [0; 32];
        numbers.chunks_exact_mut(8).for_each(|chunk| chunk.copy_from_slice(&now.0.to_be_bytes()));
        letter.compose(date, &numbers).copy
    }
}

fn is_first(field: &Field<'_>) -> bool {
    field.is("Date") || field.is("From")
}

fn is_of_body(field: &Field<'_>) -> bool {
    field.is("MIME-Version") || field.name.to_ascii_lowercase().starts_with(b"content-")
}
