//! Letters that answer others or send them on. Owns what of the earlier message they take along; whom an answer goes to and
//! how its header looks is `message::build::answer`'s.

use super::recipients::Recipients;
use super::{Attachment, Form, Letter};
use crate::reading;
use message::build::answer::{Original, Whom};
use message::build::compose::{Field, Value};
use message::flowed::Flow;
use message::{Address, header};

/// Who answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writer {
    /// What stands in From.
    pub from: Recipients,
    /// All addresses of theirs: an answer to everybody leaves them out.
    pub own: Vec<Address>,
    /// How they write.
    pub form: Form,
}

/// Which of their addresses a message was sent to, to answer from it.
#[must_use]
pub fn own_address(raw: &[u8], own: &[Address]) -> Option<Address> {
    let section = section(raw);
    let named = |name: &str| {
        let fields = header::fields(section).filter(|field| field.is(name)).map(|field| header::addresses(field.value));
        let people = fields.map(|entries| Recipients::of_entries(&entries)).collect::<Vec<_>>();
        let emails = people.iter().flat_map(Recipients::people).filter_map(|person| Address::parse(&person.email).ok());
        emails.into_iter().find_map(|address| own.iter().find(|own| same(own, &address)).cloned())
    };
    ["Delivered-To", "X-Original-To", "To", "Cc", "Bcc"].into_iter().find_map(named)
}

/// The address of the list a message came by, where letters to it are allowed.
#[must_use]
pub fn list_of(raw: &[u8]) -> Option<Address> {
    Original { header: section(raw) }.list()
}

/// An answer to a message, with its text quoted. Its own text is to go above or below.
#[must_use]
pub fn reply(raw: &[u8], whom: Whom, writer: &Writer) -> Letter {
    let original = Original { header: section(raw) };
    let mut letter = begun(&original.reply(&writer.own, whom), writer);
    let text = reading::quotable(raw);
    if !text.is_empty() {
        letter.text = fitted(&original.quoted_flow(&text, Flow::default()), writer.form);
    }
    letter
}

/// A message sent on within the text of another, with what went along with it.
#[must_use]
pub fn forward(raw: &[u8], writer: &Writer) -> Letter {
    let original = Original { header: section(raw) };
    let mut letter = begun(&original.forward(), writer);
    letter.text = fitted(&format!("\n{}", original.enclosed(&reading::quotable(raw))), writer.form);
    let mut files = reading::page(raw, &reading::View::default()).parts;
    files.retain(|file| !file.is_shown && (!is_alternative(&file.media_type) || file.name.is_some()));
    let indices: Vec<usize> = files.iter().map(|file| file.index).collect();
    for (file, held) in files.into_iter().zip(reading::held_all(raw, &indices)) {
        letter.attachments.push(Attachment {
            name: held.name,
            media_type: held.media_type,
            description: file.description,
            octets: held.octets,
            ..Attachment::default()
        });
    }
    letter
}

/// Messages sent on as they are, each within the new one.
#[must_use]
pub fn forward_attached(messages: &[&[u8]], writer: &Writer) -> Letter {
    let Some(first) = messages.first() else { return begun(&[], writer) };
    let mut letter = begun(&Original { header: section(first) }.forward(), writer);
    if messages.len() > 1 {
        letter.subject = format!("Fwd: {} messages", messages.len());
        letter.references.clear();
    }
    letter.forwarded = messages.iter().map(|message| message.to_vec()).collect();
    letter
}

/// The other form of the text that is quoted already.
fn is_alternative(media_type: &str) -> bool {
    matches!(media_type, "text/plain" | "text/html" | "text/enriched")
}

fn begun(fields: &[Field], writer: &Writer) -> Letter {
    let mut letter = Letter { from: writer.from.clone(), form: writer.form, ..Letter::default() };
    for field in fields {
        match (field.name.as_str(), &field.value) {
            ("To", Value::Addresses(groups)) => letter.to = Recipients(groups.clone()),
            ("Cc", Value::Addresses(groups)) => letter.cc = Recipients(groups.clone()),
            ("Subject", Value::Text(text)) => letter.subject.clone_from(text),
            ("In-Reply-To", Value::MessageIds(ids)) => letter.in_reply_to.clone_from(ids),
            ("References", Value::MessageIds(ids)) => letter.references.clone_from(ids),
            _ => {}
        }
    }
    letter
}

/// Columns of text that does not flow.
const WIDTH: usize = 76;

fn fitted(text: &str, form: Form) -> String {
    if form.flowed { text.to_owned() } else { message::build::flowed::wrapped(text, WIDTH) }
}

fn same(left: &Address, right: &Address) -> bool {
    left.to_string().to_lowercase() == right.to_string().to_lowercase()
}

fn section(raw: &[u8]) -> &[u8] {
    raw.get(..header::section_end(raw, 0).unwrap_or(raw.len())).unwrap_or(raw)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bob() -> Writer {
        Writer {
            from: Recipients::lenient("Bob <bob@hamburger.edu>"),
            own: vec![Address::parse("bob@hamburger.edu").unwrap(), Address::parse("chef@hamburger.edu").unwrap()],
            form: Form::default(),
        }
    }

    const LUNCH: &str = "From: Alice <alice@crepes.fr>\nTo: Chef@hamburger.edu, carol@hamburger.edu\nSubject: Lunch\n\
        Date: Sat, 21 Nov 2026 05:17:44 +0100\nMessage-ID: <3@crepes.fr>\nMIME-Version: 1.0\n\
        Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; format=flowed\n\n\
        Do you like \nketchup?\n> Do you?\n-- \nAlice\n--b\nContent-Type: image/jpeg; name=menu.jpg\n\
        Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nzIE5\n--b--\n";

    fn lunch() -> Vec<u8> {
        LUNCH.replace('\n', "\r\n").into_bytes()
    }

    #[test]
    fn an_answer_quotes_and_goes_to_whom_it_should() {
        let answer = reply(&lunch(), Whom::All, &bob());
        assert_eq!(
            (answer.to.to_string().as_str(), answer.cc.to_string().as_str()),
            ("Alice <alice@crepes.fr>", "carol@hamburger.edu")
        );
        assert_eq!(
            answer.text,
            "On Sat, 21 Nov 2026 05:17:44 +0100, Alice wrote:\n> Do you like ketchup?\n>> Do you?\n"
        );
        assert_eq!(
            (answer.subject.as_str(), answer.references.as_slice()),
            ("Re: Lunch", &["3@crepes.fr".to_owned()][..])
        );
        assert_eq!(answer.check(), Ok(()));
        assert_eq!(own_address(&lunch(), &bob().own).unwrap().to_string(), "chef@hamburger.edu");
        assert_eq!(own_address(b"To: x@y.example\r\n\r\n", &bob().own), None);
    }

    #[test]
    fn html_alone_is_quoted_as_text() {
        let html =
            b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<p>Do you like <b>ketchup</b>?</p><p>I do.</p>";
        assert_eq!(reply(html, Whom::Author, &bob()).text, "a@b.example wrote:\n> Do you like ketchup?\n>\n> I do.\n");
        assert_eq!(reply(b"From: a@b.example\r\n\r\n", Whom::Author, &bob()).text, "");
    }

    #[test]
    fn long_paragraphs_are_parted_unless_they_may_flow() {
        let letter = format!("From: a@b.example\r\n\r\n{}\r\n", "word ".repeat(40));
        let fixed = reply(letter.as_bytes(), Whom::Author, &bob());
        assert!(fixed.text.lines().count() > 2 && fixed.text.lines().all(|line| line.len() <= WIDTH), "{}", fixed.text);
        let flowing = Writer { form: Form { flowed: true, ..Form::default() }, ..bob() };
        assert_eq!(reply(letter.as_bytes(), Whom::Author, &flowing).text.lines().count(), 2);
    }

    #[test]
    fn what_is_sent_on_takes_its_files_along() {
        let sent_on = forward(&lunch(), &bob());
        assert!(sent_on.text.starts_with("\n---------- Forwarded message ----------\nFrom: Alice <alice@crepes.fr>\n"));
        assert!(sent_on.text.ends_with("\n\nDo you like ketchup?\n> Do you?\n-- \nAlice\n"), "{}", sent_on.text);
        assert_eq!(sent_on.attachments.len(), 1);
        assert_eq!(
            (sent_on.attachments[0].name.as_deref(), sent_on.attachments[0].octets.as_slice()),
            (Some("menu.jpg"), &[0xCC, 0x81, 0x39][..])
        );
        let attached = forward_attached(&[&lunch()], &bob());
        assert_eq!(
            (attached.subject.as_str(), attached.forwarded.len(), attached.text.as_str()),
            ("Fwd: Lunch", 1, "")
        );
        assert_eq!(forward_attached(&[b"x", b"y"], &bob()).subject, "Fwd: 2 messages");
    }
}
