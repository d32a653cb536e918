//! A letter as the octets that are sent and kept. Owns which parts it has and how they stand; how each is written is
//! `message::build::compose`'s.

use super::check::{is_free_name, is_media_type};
use super::recipients::Recipients;
use super::{Attachment, Beside, Letter};
use message::build::compose::{Content, Draft, Entity, Field, Group, Lines, Value, arrange, join};
use message::build::{flowed, new_message_id};
use message::date::Date;
use message::{Address, Domain, header, recode};
use std::borrow::Cow;

/// A letter made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// What is sent: nobody sees in it who gets it unseen.
    pub message: Vec<u8>,
    /// What is kept among the sent ones or the drafts: the same with its `Bcc`.
    pub copy: Vec<u8>,
    /// What the server is told beside it.
    pub envelope: Envelope,
    /// Its id, without brackets.
    pub message_id: String,
}

/// Who sends a letter to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Where reports of what failed go: the sender's address.
    pub reverse_path: Option<Address>,
    /// Everybody who gets it, each once. Who has no well-formed address is not among them: see [`Letter::check`].
    pub recipients: Vec<Address>,
    /// An address or a field of the header holds UTF-8, so that only servers with SMTPUTF8 can carry it (RFC 6531 §3.2).
    pub needs_smtputf8: bool,
}

impl Letter {
    /// Writes it, checked or not: drafts are kept the same way. `random` makes its id and its boundaries, so it must be drawn
    /// anew for every letter.
    #[must_use]
    pub fn compose(&self, now: Date, random: &[u8; 32]) -> Composed {
        let (for_id, for_boundaries) = random.split_at(16);
        let message_id = self.message_id.clone().unwrap_or_else(|| self.new_id(for_id));
        let mut sources = Sources::default();
        let body = self.body(&mut sources);
        let draft = Draft { fields: self.fields(now, &message_id), body, random: two_numbers(for_boundaries) };
        let pieces = if self.form.eight_bit { draft.compose_eight_bit() } else { draft.compose() };
        let copy = join(&pieces, |number| sources.0.get(number).map_or(&[][..], AsRef::as_ref));
        let message = without_bcc(&copy);
        let envelope = self.envelope(&message);
        Composed { message, copy, envelope, message_id }
    }

    fn new_id(&self, random: &[u8]) -> String {
        let mut octets = [0; 16];
        octets.iter_mut().zip(random).for_each(|(octet, random)| *octet = *random);
        let domain = |list: &Recipients| {
            let address = list.people().find_map(|person| Address::parse(person.email.trim()).ok());
            address.and_then(|address| address.domain().cloned())
        };
        let host = domain(&self.from).or_else(|| Domain::parse("localhost").ok());
        let id = host.map(|host| new_message_id(&octets, &host)).unwrap_or_default();
        id.trim_matches(['<', '>']).to_owned()
    }

    fn fields(&self, now: Date, message_id: &str) -> Vec<Field> {
        let date = self.date.unwrap_or(now);
        let mut fields = vec![
            Field::new("Date", Value::Date(date.time(), date.offset_minutes.unwrap_or(0))),
            Field::new("Subject", Value::Text(self.subject.clone())),
            Field::new("Message-ID", Value::MessageIds(vec![message_id.to_owned()])),
        ];
        for (name, list) in self.lists() {
            if !list.is_empty() {
                fields.push(Field::new(name, Value::Addresses(list.0.clone())));
            }
        }
        if self.to.is_empty() && self.cc.is_empty() && !self.bcc.is_empty() {
            // RFC 5322 §3.4: a group may be empty. Some servers take a message without To and Cc for a broken one.
            let nobody = Group { name: Some("undisclosed-recipients".to_owned()), members: Vec::new() };
            fields.push(Field::new("To", Value::Addresses(vec![nobody])));
        }
        for (name, ids) in [("In-Reply-To", &self.in_reply_to), ("References", &self.references)] {
            if !ids.is_empty() {
                fields.push(Field::new(name, Value::MessageIds(ids.clone())));
            }
        }
        let free = self.extra.iter().filter(|(name, _)| is_free_name(name));
        fields.extend(free.map(|(name, value)| Field::new(name, Value::Text(value.clone()))));
        fields
    }

    fn body<'a>(&'a self, sources: &mut Sources<'a>) -> Entity {
        let is_empty = self.attachments.is_empty() && self.forwarded.is_empty();
        // A text that is shown where it stands would be taken for the letter's own, were there none before it.
        let is_first = self.attachments.iter().any(|file| file.is_inline && file.media_type.starts_with("text/"));
        let has_text = !self.text.is_empty() || self.html.is_some() || is_empty || is_first;
        let text = has_text.then(|| self.text_part());
        let html = self.html.as_ref().map(|html| Entity {
            media_type: "text/html".to_owned(),
            content: Content::Text(html.clone()),
            ..Entity::default()
        });
        let mut beside: Vec<Entity> = self.attachments.iter().map(|file| self.attached(file, sources)).collect();
        if self.form.beside == Beside::Parallel {
            let (inside, files): (Vec<Entity>, Vec<Entity>) =
                beside.into_iter().partition(|part| html.is_some() && part.content_id.is_some());
            beside = inside;
            if !files.is_empty() {
                beside.push(together("parallel", files));
            }
        }
        let messages: Vec<Entity> = self.forwarded.iter().map(|octets| self.enclosed(octets, sources)).collect();
        if self.form.digest && !messages.is_empty() {
            beside.push(together("digest", messages));
        } else {
            beside.extend(messages);
        }
        match beside.pop() {
            // A message that is nothing but its one multipart needs no other around it.
            Some(only) if !has_text && beside.is_empty() && only.media_type.starts_with("multipart/") => only,
            last => {
                beside.extend(last);
                arrange(text, html, beside)
            }
        }
    }

    fn text_part(&self) -> Entity {
        // Who reads no HTML reads the same without it.
        let twin = self.html.as_ref().filter(|_| self.text.trim().is_empty());
        let twin = twin.map(|html| crate::reading::html_text(html, TWIN_WIDTH));
        let text = twin.as_ref().unwrap_or(&self.text);
        let (text, parameters) = if self.form.flowed && twin.is_none() {
            (flowed::flow(text), vec![("format".to_owned(), "flowed".to_owned())])
        } else {
            (text.clone(), Vec::new())
        };
        Entity { media_type: "text/plain".to_owned(), parameters, content: Content::Text(text), ..Entity::default() }
    }

    fn attached<'a>(&self, file: &'a Attachment, sources: &mut Sources<'a>) -> Entity {
        let low = file.media_type.to_ascii_lowercase();
        if low == "message/rfc822" || low == "message/global" {
            let message = self.enclosed(&file.octets, sources);
            return Entity { file_name: file.name.clone(), fields: described(file), ..message };
        }
        // What is a message of another kind holds lines of ASCII (RFC 2046 §5.2), and parts within an attachment are opaque.
        let is_odd =
            low.starts_with("multipart/") || low.starts_with("message/") && lines_of(&file.octets) != Lines::SevenBit;
        let media_type = if is_media_type(&low) && !is_odd { low } else { "application/octet-stream".to_owned() };
        let mut parameters = file.parameters.clone();
        let has_charset = parameters.iter().any(|(name, _)| name.eq_ignore_ascii_case("charset"));
        if media_type.starts_with("text/") && !has_charset && std::str::from_utf8(&file.octets).is_ok() {
            parameters.push(("charset".to_owned(), "utf-8".to_owned()));
        }
        let lines = if media_type.starts_with("message/") { Lines::SevenBit } else { Lines::Binary };
        Entity {
            media_type,
            parameters,
            disposition: Some(if file.is_inline { "inline" } else { "attachment" }.to_owned()),
            file_name: file.name.clone(),
            content_id: file.content_id.clone(),
            fields: described(file),
            content: Content::Source { number: sources.add(Cow::Borrowed(&file.octets)), lines },
            ..Entity::default()
        }
    }

    /// A message within, in lines that can travel.
    fn enclosed<'a>(&self, octets: &'a [u8], sources: &mut Sources<'a>) -> Entity {
        let octets = with_crlf(octets);
        let structure = message::parse(&octets);
        // RFC 6532 §3.7: a header in UTF-8 makes it message/global, which may be encoded.
        let header_is_ascii = structure.parts.iter().all(|part| part.header_facts.eight_bit == 0);
        let lines = if header_is_ascii { lines_of(&octets) } else { Lines::Binary };
        let plan = (lines == Lines::EightBit && !self.form.eight_bit).then(|| recode::eight_to_seven(&structure));
        let (octets, lines) = match plan {
            Some(plan) if plan.is_clean() => (Cow::Owned(plan.apply(&octets)), Lines::SevenBit),
            Some(_) => (octets, Lines::Binary),
            None => (octets, lines),
        };
        Entity {
            media_type: if lines == Lines::Binary { "message/global" } else { "message/rfc822" }.to_owned(),
            disposition: Some("attachment".to_owned()),
            content: Content::Source { number: sources.add(octets), lines },
            ..Entity::default()
        }
    }

    fn envelope(&self, message: &[u8]) -> Envelope {
        let address = |list: &Recipients| list.people().find_map(|person| Address::parse(person.email.trim()).ok());
        let mut recipients: Vec<Address> = Vec::new();
        for person in [&self.to, &self.cc, &self.bcc].into_iter().flat_map(Recipients::people) {
            recipients.extend(Address::parse(person.email.trim()).ok());
        }
        let mut seen = std::collections::HashSet::new();
        recipients.retain(|address| seen.insert(address.to_string()));
        let reverse_path = address(&self.sender).or_else(|| address(&self.from));
        let header = message.get(..header::section_end(message, 0).unwrap_or(message.len())).unwrap_or(message);
        let beyond_ascii = recipients.iter().chain(&reverse_path).any(|address| !address.local_part().is_ascii());
        Envelope { needs_smtputf8: beyond_ascii || !header.is_ascii(), reverse_path, recipients }
    }
}

/// Columns of the text that is made of HTML.
const TWIN_WIDTH: usize = 72;

/// What the parts with a number stand for.
#[derive(Default)]
struct Sources<'a>(Vec<Cow<'a, [u8]>>);

impl<'a> Sources<'a> {
    fn add(&mut self, octets: Cow<'a, [u8]>) -> usize {
        self.0.push(octets);
        self.0.len() - 1
    }
}

fn together(kind: &str, parts: Vec<Entity>) -> Entity {
    Entity { media_type: format!("multipart/{kind}"), content: Content::Parts(parts), ..Entity::default() }
}

fn described(file: &Attachment) -> Vec<Field> {
    let text = file.description.as_ref().filter(|text| !text.trim().is_empty());
    text.map(|text| Field::new("Content-Description", Value::Text(text.clone()))).into_iter().collect()
}

fn lines_of(octets: &[u8]) -> Lines {
    let structure = message::parse(octets);
    let Some(whole) = structure.parts.first() else { return Lines::Binary };
    let facts = [whole.header_facts, whole.body_facts];
    match facts.iter().all(message::Facts::are_lines_of_text) {
        false => Lines::Binary,
        true if facts.iter().any(|facts| facts.eight_bit > 0) => Lines::EightBit,
        true => Lines::SevenBit,
    }
}

/// Lines that end with LF alone get their CR.
pub(super) fn with_crlf(octets: &[u8]) -> Cow<'_, [u8]> {
    let bare = |at: usize| octets.get(at) == Some(&b'\n') && (at == 0 || octets.get(at - 1) != Some(&b'\r'));
    if !(0..octets.len()).any(bare) {
        return Cow::Borrowed(octets);
    }
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    for (at, octet) in octets.iter().enumerate() {
        if bare(at) {
            out.push(b'\r');
        }
        out.push(*octet);
    }
    Cow::Owned(out)
}

/// RFC 5322 §3.6.3: of who gets it unseen nothing is said to the others.
fn without_bcc(message: &[u8]) -> Vec<u8> {
    let ranges: Vec<_> = header::fields(message).filter(|field| field.is("Bcc")).map(|field| field.range).collect();
    let mut out = message.to_vec();
    for range in ranges.into_iter().rev() {
        out.drain(range);
    }
    out
}

fn two_numbers(random: &[u8]) -> [u64; 2] {
    let number = |octets: &[u8]| octets.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
    let (high, low) = random.split_at(random.len() / 2);
    [number(high), number(low)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Date = Date { unix_seconds: 1_795_238_264, offset_minutes: Some(60) };

    fn base() -> Letter {
        Letter {
            from: Recipients::lenient("Alice <alice@crepes.fr>"),
            to: Recipients::lenient("bob@hamburger.edu"),
            subject: "Crêpes".to_owned(),
            text: "Do you like ketchup?\n".to_owned(),
            ..Letter::default()
        }
    }

    fn text(octets: &[u8]) -> String {
        String::from_utf8_lossy(octets).into_owned()
    }

    #[test]
    fn who_gets_it_unseen_is_in_the_copy_alone() {
        let mut letter = base();
        letter.bcc = Recipients::lenient("carol@crepes.fr, bob@hamburger.edu");
        let composed = letter.compose(NOW, &[7; 32]);
        assert!(text(&composed.copy).contains("\r\nBcc: carol@crepes.fr, bob@hamburger.edu\r\n"));
        assert!(!text(&composed.message).contains("carol") && !text(&composed.message).contains("Bcc"));
        let to: Vec<String> = composed.envelope.recipients.iter().map(ToString::to_string).collect();
        assert_eq!(to, ["bob@hamburger.edu", "carol@crepes.fr"]);
        assert_eq!(composed.envelope.reverse_path.map(|path| path.to_string()).as_deref(), Some("alice@crepes.fr"));
        letter.to = Recipients::default();
        let unseen = letter.compose(NOW, &[7; 32]);
        assert!(text(&unseen.message).contains("\r\nTo: undisclosed-recipients:;\r\n"), "{}", text(&unseen.message));
    }

    #[test]
    fn a_short_text_goes_as_it_is() {
        let composed = base().compose(NOW, &[7; 32]);
        let hex = "07".repeat(16);
        assert_eq!(
            text(&composed.message),
            format!(
                "Date: Sat, 21 Nov 2026 06:17:44 +0100\r\nFrom: Alice <alice@crepes.fr>\r\nTo: bob@hamburger.edu\r\n\
                 Subject: =?utf-8?B?Q3LDqnBlcw==?=\r\nMessage-ID: <{hex}@crepes.fr>\r\nMIME-Version: 1.0\r\n\
                 Content-Type: text/plain; charset=utf-8\r\n\r\nDo you like ketchup?\r\n"
            )
        );
        assert_eq!(composed.message, composed.copy);
        assert_eq!(composed.message_id, format!("{hex}@crepes.fr"));
        assert!(!composed.envelope.needs_smtputf8);
    }

    #[test]
    fn addresses_beyond_ascii_say_what_they_need() {
        let mut letter = base();
        letter.to = Recipients::lenient("x@bücher.example");
        let composed = letter.compose(NOW, &[7; 32]);
        assert!(text(&composed.message).contains("\r\nTo: x@xn--bcher-kva.example\r\n"));
        assert!(!composed.envelope.needs_smtputf8);
        letter.to = Recipients::lenient("Zoë <zoë@bücher.example>");
        assert!(letter.compose(NOW, &[7; 32]).envelope.needs_smtputf8);
    }

    #[test]
    fn eight_bits_only_when_asked() {
        let mut letter = base();
        letter.text = "crêpe\n".to_owned();
        assert!(letter.compose(NOW, &[7; 32]).message.is_ascii());
        letter.form.eight_bit = true;
        let whole = text(&letter.compose(NOW, &[7; 32]).message);
        assert!(whole.ends_with("Content-Transfer-Encoding: 8bit\r\n\r\ncrêpe\r\n"), "{whole}");
        letter.forwarded = vec!["Subject: x\n\ncrêpe\n".as_bytes().to_vec()];
        let whole = text(&letter.compose(NOW, &[7; 32]).message);
        assert_eq!(whole.matches("Content-Transfer-Encoding: 8bit\r\n").count(), 3, "{whole}");
        letter.form.eight_bit = false;
        let whole = letter.compose(NOW, &[7; 32]).message;
        assert!(whole.is_ascii() && text(&whole).contains("\r\nY3LDqnBlDQo=\r\n"), "{}", text(&whole));
    }

    #[test]
    fn messages_with_a_header_beyond_ascii_are_global() {
        let mut letter = base();
        letter.forwarded = vec!["Subject: crêpe\n\nx\n".as_bytes().to_vec()];
        let whole = text(&letter.compose(NOW, &[7; 32]).message);
        assert!(whole.contains("Content-Type: message/global\r\n") && whole.is_ascii(), "{whole}");
    }

    fn types(letter: &Letter) -> Vec<String> {
        let composed = letter.compose(NOW, &[7; 32]);
        let summary = message::Summary::of(&message::parse(&composed.message));
        summary.parts.iter().map(|part| format!("{}/{}", part.media_type, part.subtype)).collect()
    }

    #[test]
    fn parts_stand_where_readers_look_for_them() {
        let mut letter = base();
        letter.html = Some("<img src=\"cid:cat\">".to_owned());
        let file = |media_type: &str| Attachment { media_type: media_type.to_owned(), ..Attachment::default() };
        let cat = Attachment { content_id: Some("cat".to_owned()), is_inline: true, ..file("image/png") };
        letter.attachments = vec![cat, file("application/postscript")];
        assert_eq!(
            types(&letter),
            [
                "multipart/mixed",
                "multipart/alternative",
                "text/plain",
                "multipart/related",
                "text/html",
                "image/png",
                "application/postscript"
            ]
        );
        letter.form.beside = Beside::Parallel;
        assert_eq!(types(&letter)[6..], ["multipart/parallel", "application/postscript"]);
        let mut digest = Letter { text: String::new(), ..base() };
        digest.forwarded = vec![b"Subject: a\r\n\r\nx".to_vec(), b"Subject: b\r\n\r\ny".to_vec()];
        digest.form.digest = true;
        assert_eq!(
            types(&digest),
            ["multipart/digest", "message/rfc822", "text/plain", "message/rfc822", "text/plain"]
        );
        let odd = ["multipart/mixed", "x y/z", "message/partial"].map(file);
        digest.attachments = odd.into();
        assert_eq!(types(&digest)[1..4], ["application/octet-stream", "application/octet-stream", "message/partial"]);
    }
}
