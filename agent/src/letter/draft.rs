//! A letter read back: a draft to be gone on with, a message to be sent anew. Owns which part of a message is what of a
//! letter; it is the inverse of `compose`.

use super::recipients::Recipients;
use super::{Attachment, Beside, Letter, check};
use message::bodies::{self, Bodies};
use message::flowed::{self, Flow};
use message::header::{self, Field, parameter_text};
use message::structure::Kind;
use message::summary::SummaryPart;
use message::{Summary, TransferEncoding, date, encoding, text};

/// Fields that say what happened to a message on its way; a letter has none.
const TRACES: [&str; 13] = [
    "Received",
    "Return-Path",
    "Delivered-To",
    "X-Original-To",
    "DKIM-Signature",
    "Authentication-Results",
    "Received-SPF",
    "X-UIDL",
    "Status",
    "X-Status",
    "X-Keywords",
    "Lines",
    "Content-Length",
];

impl Letter {
    /// Reads a message, lines ended by CRLF or LF. Never fails: what it does not understand it leaves out. Its date and its
    /// id are kept, so who sends it anew takes them off.
    #[must_use]
    pub fn read(octets: &[u8]) -> Letter {
        let raw = super::compose::with_crlf(octets);
        let summary = Summary::of(&message::parse(&raw));
        let mut letter = Letter::default();
        if let Some(whole) = summary.parts.first() {
            header::fields(range(&raw, &whole.header)).for_each(|field| letter.take_field(&field));
        }
        letter.take_parts(&raw, &summary);
        letter
    }

    fn take_field(&mut self, field: &Field<'_>) {
        let lists = [
            ("From", &mut self.from),
            ("Sender", &mut self.sender),
            ("Reply-To", &mut self.reply_to),
            ("To", &mut self.to),
            ("Cc", &mut self.cc),
            ("Bcc", &mut self.bcc),
        ];
        for (name, list) in lists {
            if field.is(name) {
                let found = Recipients::of_entries(&header::addresses(field.value));
                // What stands for nobody in a message without a To comes back by itself.
                let is_nobody =
                    found.people().next().is_none() && found.to_string().starts_with("undisclosed-recipients");
                list.0.extend(found.0.into_iter().filter(|_| !is_nobody));
                return;
            }
        }
        if field.is("Subject") {
            self.subject = header::text(field.value);
        } else if field.is("Date") {
            self.date = date::read(field.value);
        } else if field.is("Message-ID") {
            self.message_id = header::message_ids(field.value).into_iter().next();
        } else if field.is("In-Reply-To") {
            self.in_reply_to = header::message_ids(field.value);
        } else if field.is("References") {
            self.references = header::message_ids(field.value);
        } else {
            let name = String::from_utf8_lossy(field.name).into_owned();
            let is_trace = TRACES.iter().any(|trace| field.is(trace)) || name.to_ascii_lowercase().starts_with("arc-");
            if check::is_free_name(&name) && !is_trace {
                self.extra.push((name, header::text(field.value)));
            }
        }
    }

    fn take_parts(&mut self, raw: &[u8], summary: &Summary) {
        let bodies = Bodies::of(summary);
        let leaf = |subtype: &'static str| {
            move |index: &&usize| {
                let part = summary.parts.get(**index);
                part.is_some_and(|part| {
                    part.media_type == "text" && part.subtype == subtype && bodies::name(part).is_none()
                })
            }
        };
        let text = bodies.text.iter().find(leaf("plain")).copied();
        let html = bodies.html.iter().find(leaf("html")).copied();
        if let Some(part) = text.and_then(|index| summary.parts.get(index)) {
            let flow = Flow::of(part);
            self.form.flowed = flow.flowed;
            self.text = text_of(raw, part, flow);
        }
        if let Some(part) = html.and_then(|index| summary.parts.get(index)) {
            self.html = Some(lines_of(raw, part));
        }
        let mut inside = Inside { messages: vec![false; summary.parts.len()] };
        for (index, part) in summary.parts.iter().enumerate() {
            if inside.message(index, part, summary) || Some(index) == text || Some(index) == html {
                continue;
            }
            match (part.kind, part.subtype.as_str()) {
                (Kind::Multipart, "parallel") => self.form.beside = Beside::Parallel,
                (Kind::Multipart, "digest") => self.form.digest = true,
                (Kind::Multipart, _) => {}
                (Kind::Message, _) if is_plain_message(part) => {
                    self.forwarded.push(range(raw, &part.body).to_vec());
                }
                // One with a header beyond ASCII is encoded, and so a leaf.
                (Kind::Leaf, "rfc822" | "global") if is_plain_message(part) => {
                    self.forwarded.push(attachment(raw, part).octets);
                }
                // An empty message is no file.
                (Kind::Leaf, _) if index == 0 && part.body.is_empty() => {}
                _ => self.attachments.push(attachment(raw, part)),
            }
        }
    }
}

/// Which parts lie in a message within.
struct Inside {
    messages: Vec<bool>,
}

impl Inside {
    fn message(&mut self, index: usize, part: &SummaryPart, summary: &Summary) -> bool {
        let parent = part.parent.and_then(|parent| usize::try_from(parent).ok());
        let inside = parent.is_some_and(|parent| {
            summary.parts.get(parent).is_some_and(|parent| parent.kind == Kind::Message)
                || self.messages.get(parent).copied().unwrap_or(false)
        });
        self.messages.get_mut(index).into_iter().for_each(|place| *place = inside);
        inside
    }
}

/// A message within that is no file with a name.
fn is_plain_message(part: &SummaryPart) -> bool {
    part.media_type == "message" && bodies::name(part).is_none() && part.description.is_none()
}

fn text_of(raw: &[u8], part: &SummaryPart, flow: Flow) -> String {
    let text = lines_of(raw, part);
    if !flow.flowed {
        return text;
    }
    let mut joined = String::with_capacity(text.len());
    for line in flowed::lines(&text, flow) {
        joined.push_str(&">".repeat(line.depth));
        joined.push_str(if line.depth > 0 && !line.text.is_empty() { " " } else { "" });
        joined.push_str(&line.text);
        joined.push('\n');
    }
    joined
}

/// The text of a part; a CR alone ends a line, as it will when it is written again.
fn lines_of(raw: &[u8], part: &SummaryPart) -> String {
    text::body_value(part, range(raw, &part.body)).0.replace("\r\n", "\n").replace('\r', "\n")
}

fn attachment(raw: &[u8], part: &SummaryPart) -> Attachment {
    let decoded = |octets: &Vec<u8>| header::text(octets);
    let is_inline = part.disposition.as_ref().is_some_and(|own| own.kind == "inline");
    Attachment {
        name: bodies::name(part),
        media_type: format!("{}/{}", part.media_type, part.subtype),
        parameters: parameters(part),
        description: part.description.as_ref().map(decoded),
        content_id: part.id.as_ref().map(|id| decoded(id).trim_matches(['<', '>']).to_owned()),
        is_inline: is_inline || part.disposition.is_none() && part.id.is_some(),
        octets: encoding::decode(TransferEncoding::from_name(part.encoding.as_bytes()), range(raw, &part.body)),
    }
}

/// The parameters of a type but the name of the file, each once, decoded. A pointer has a name of its own.
fn parameters(part: &SummaryPart) -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = Vec::new();
    let names_file = part.subtype != "external-body";
    for parameter in &part.parameters {
        let name = parameter.name.split('*').next().unwrap_or_default();
        let is_known =
            name == "name" && names_file || name == "boundary" || list.iter().any(|(known, _)| known == name);
        if let Some(value) = parameter_text(&part.parameters, name).filter(|_| !is_known) {
            list.push((name.to_owned(), value));
        }
    }
    list
}

fn range<'a>(raw: &'a [u8], range: &std::ops::Range<u64>) -> &'a [u8] {
    let ends = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
    ends.and_then(|(start, end)| raw.get(start..end)).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::Form;
    use message::date::Date;

    const NOW: Date = Date { unix_seconds: 1_795_238_264, offset_minutes: Some(60) };

    fn again(letter: &Letter) -> Letter {
        Letter::read(&letter.compose(NOW, &[7; 32]).copy)
    }

    #[test]
    fn a_letter_comes_back_as_it_was_written() {
        let file = |name: &str, media_type: &str| Attachment {
            name: Some(name.to_owned()),
            media_type: media_type.to_owned(),
            octets: b"\x00\xFF\r\n\n".to_vec(),
            ..Attachment::default()
        };
        let cat = Attachment {
            content_id: Some("cat@crepes.fr".to_owned()),
            is_inline: true,
            ..file("cat.png", "image/png")
        };
        let menu = Attachment {
            description: Some("Das Menü".to_owned()),
            ..file("crêpe \"x\".ps", "application/postscript")
        };
        let letter = Letter {
            from: Recipients::lenient("Alice <alice@crepes.fr>"),
            to: Recipients::lenient(
                "Bob <bob@hamburger.edu>, friends: \"Doe, J\" <j@d.example>, c@d.example;, x@bücher.example",
            ),
            bcc: Recipients::lenient("secret@crepes.fr"),
            subject: "Crêpes & more".to_owned(),
            in_reply_to: vec!["1@crepes.fr".to_owned()],
            references: vec!["0@crepes.fr".to_owned(), "1@crepes.fr".to_owned()],
            text: "Do you like ketchup?\nHow about pickles? \n\n-- \nAlice\n".to_owned(),
            html: Some("<img src=\"cid:cat@crepes.fr\">\n<p>crêpe</p>".to_owned()),
            attachments: vec![cat, menu],
            forwarded: vec![b"Subject: x\r\n\r\ny\r\n".to_vec()],
            extra: vec![("X-Mood".to_owned(), "hungry \u{1f600}".to_owned())],
            date: Some(NOW),
            message_id: Some("7@crepes.fr".to_owned()),
            ..Letter::default()
        };
        assert_eq!(again(&letter), letter);
        assert_eq!(again(&Letter::default()).text, "");
    }

    #[test]
    fn forms_come_back() {
        let file = Attachment { media_type: "audio/basic".to_owned(), octets: b"x".to_vec(), ..Attachment::default() };
        let mut letter = Letter { text: "x\n".to_owned(), attachments: vec![file], ..Letter::default() };
        letter.form = Form { beside: Beside::Parallel, digest: true, flowed: true, eight_bit: false };
        letter.forwarded = vec![b"Subject: a\r\n\r\nx".to_vec(), b"Subject: b\r\n\r\ny".to_vec()];
        letter.text = format!("{}\n\n> {}\n", "long ".repeat(40).trim_end(), "quoted ".repeat(40).trim_end());
        let read = again(&letter);
        assert_eq!((read.form, &read.text), (letter.form, &letter.text));
        assert_eq!((&read.attachments, &read.forwarded), (&letter.attachments, &letter.forwarded));
        // A header beyond ASCII, and a text that is shown but not the letter's own.
        letter = Letter { forwarded: vec!["Subject: é\r\n\r\nx".as_bytes().to_vec()], ..Letter::default() };
        let shown = Attachment { media_type: "text/plain".to_owned(), is_inline: true, ..Attachment::default() };
        letter.attachments = vec![shown];
        let read = again(&letter);
        assert_eq!((&read.forwarded, read.attachments.len(), read.text.as_str()), (&letter.forwarded, 1, ""));
    }

    #[test]
    fn a_bare_carriage_return_ends_a_line() {
        let flowing = Letter::read(b"Content-Type: text/plain; format=flowed\r\n\r\none \r two \r\nthree\r\n");
        assert_eq!(flowing.text, "one two three\n");
        assert_eq!(again(&flowing).text, flowing.text);
    }

    #[test]
    fn traces_of_the_way_stay_behind() {
        let letter = Letter::read(b"Received: by x\nARC-Seal: y\nX-Mood: z\nSubject: s\n\nx\n");
        assert_eq!(letter.extra, [("X-Mood".to_owned(), "z".to_owned())]);
        assert_eq!((letter.subject.as_str(), letter.text.as_str()), ("s", "x\n"));
        assert_eq!(Letter::read(b"").attachments, []);
    }
}
