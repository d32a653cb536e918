//! The header and the words of an answer, and of a message sent on (RFC 5322 §3.6.3 to §3.6.5).
//! Owns whom an answer goes to, its subject and its references, and how the earlier text is quoted. Does not own the text
//! itself.

use super::compose::{Correspondent, Field, Group, Value};
use crate::header::{self, Mailbox, fields};
use crate::summary::Envelope;
use crate::{Address, date};

/// Ids of References that are repeated: the first, which began it all, and the last.
pub const REFERENCES_MAX: usize = 30;

/// The header of the message that is answered or sent on.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// Its header section.
    pub header: &'a [u8],
}

impl Original<'_> {
    fn value(&self, name: &str) -> Option<Vec<u8>> {
        fields(self.header).find(|field| field.is(name)).map(|field| field.value.to_vec())
    }

    fn text(&self, name: &str) -> String {
        self.value(name).map(|value| header::text(&value)).unwrap_or_default()
    }

    fn people(&self, name: &str) -> Vec<Correspondent> {
        let entries = self.value(name).map(|value| header::addresses(&value)).unwrap_or_default();
        Envelope::mailboxes(&entries).filter_map(person).collect()
    }

    fn ids(&self, name: &str) -> Vec<String> {
        self.value(name).map(|value| header::message_ids(&value)).unwrap_or_default()
    }

    /// Fields of an answer: To, Cc, Subject, In-Reply-To, References. With `all` everybody hears of it but who writes it,
    /// under whatever address of theirs.
    #[must_use]
    pub fn reply(&self, own: &[Address], all: bool) -> Vec<Field> {
        // RFC 5322 §3.6.2: Reply-To, where there is one, says where answers go.
        let mut to = self.people("Reply-To");
        if to.is_empty() {
            to = self.people("From");
        }
        let is_own = |person: &Correspondent| own.iter().any(|own| same(&own.to_string(), &person.email));
        let mut cc = Vec::new();
        // An answer to what one wrote oneself goes to whom that went to.
        if to.iter().all(is_own) {
            let others = self.people("To");
            to = if others.is_empty() { to } else { others };
        } else if all {
            cc = self.people("To");
        }
        if all {
            cc.extend(self.people("Cc"));
        }
        let mut seen: Vec<String> = to.iter().map(|person| person.email.to_lowercase()).collect();
        cc.retain(|person| {
            let email = person.email.to_lowercase();
            let is_new = !seen.contains(&email) && !is_own(person);
            seen.push(email);
            is_new
        });
        let mut fields = vec![list("To", to)];
        if !cc.is_empty() {
            fields.push(list("Cc", cc));
        }
        fields.push(Field::new("Subject", Value::Text(self.subject("Re: "))));
        fields.extend(self.references());
        fields
    }

    /// Fields of a message that sends this one on: Subject and References. It begins a conversation of its own for those it
    /// goes to, so there is no In-Reply-To.
    #[must_use]
    pub fn forward(&self) -> Vec<Field> {
        let mut fields = vec![Field::new("Subject", Value::Text(self.subject("Fwd: ")))];
        fields.extend(self.references().into_iter().filter(|field| field.name == "References"));
        fields
    }

    /// The subject with one word before it, however often it was answered or sent on before.
    fn subject(&self, word: &str) -> String {
        let subject = self.text("Subject");
        let subject = subject.trim();
        let stripped = if word == "Re: " { without_answers(subject) } else { subject };
        format!("{word}{stripped}")
    }

    /// RFC 5322 §3.6.4: its References (or In-Reply-To, where that names one) and its own id.
    fn references(&self) -> Vec<Field> {
        let Some(id) = self.ids("Message-ID").into_iter().next() else { return Vec::new() };
        let mut references = self.ids("References");
        if references.is_empty() {
            references = Some(self.ids("In-Reply-To")).filter(|ids| ids.len() == 1).unwrap_or_default();
        }
        references.retain(|other| *other != id);
        if references.len() >= REFERENCES_MAX {
            references.drain(1..references.len() + 2 - REFERENCES_MAX);
        }
        references.push(id.clone());
        vec![
            Field::new("In-Reply-To", Value::MessageIds(vec![id])),
            Field::new("References", Value::MessageIds(references)),
        ]
    }

    /// The text of an answer below what is new: who wrote when, and every line of theirs after `>`.
    #[must_use]
    pub fn quoted(&self, text: &str) -> String {
        let author = self.people("From").into_iter().next().map(|person| person.name.unwrap_or(person.email));
        let author = author.unwrap_or_else(|| "Somebody".to_owned());
        let when = self.value("Date").and_then(|value| date::read(&value)).map(|date| {
            let offset = date.offset_minutes.unwrap_or(0);
            format!("On {}, ", date::write(date.time(), offset))
        });
        let mut quoted = format!("{}{author} wrote:\n", when.unwrap_or_default());
        for line in text.lines() {
            // RFC 3676 §4.5: what is quoted already has no space between its marks.
            quoted.push_str(if line.is_empty() || line.starts_with('>') { ">" } else { "> " });
            quoted.push_str(line.trim_end());
            quoted.push('\n');
        }
        quoted
    }

    /// The text of a message that is sent on, within another: what its header said, then the text.
    #[must_use]
    pub fn enclosed(&self, text: &str) -> String {
        let mut enclosed = "---------- Forwarded message ----------\n".to_owned();
        for name in ["From", "Date", "Subject", "To", "Cc"] {
            let value = self.text(name);
            if !value.is_empty() {
                enclosed.push_str(&format!("{name}: {value}\n"));
            }
        }
        enclosed.push('\n');
        enclosed.push_str(text);
        enclosed
    }
}

/// Without `Re:` before it, in the languages whose programs translate it.
fn without_answers(mut subject: &str) -> &str {
    loop {
        let is_answer =
            |word: &str| ["re", "aw", "sv", "antw", "odp"].iter().any(|known| word.eq_ignore_ascii_case(known));
        match subject.split_once(':') {
            Some((word, rest)) if is_answer(word.trim()) => subject = rest.trim_start(),
            _ => return subject,
        }
    }
}

fn person(mailbox: &Mailbox) -> Option<Correspondent> {
    let name = mailbox.name.as_ref().map(header::Phrase::text).filter(|name| !name.is_empty());
    Some(Correspondent { name, email: mailbox.address()?.to_string() })
}

fn same(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

fn list(name: &str, members: Vec<Correspondent>) -> Field {
    Field::new(name, Value::Addresses(vec![Group { name: None, members }]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fields: &[Field]) -> String {
        let draft = super::super::compose::Draft {
            fields: fields.to_vec(),
            body: super::super::compose::arrange(None, None, Vec::new()),
            random: [0, 0],
        };
        let text = String::from_utf8_lossy(&super::super::compose::join(&draft.compose(), |_| &[])).into_owned();
        text.split("MIME-Version").next().unwrap_or_default().to_owned()
    }

    const LUNCH: &[u8] = b"From: Alice <alice@crepes.fr>\r\nTo: Bob <bob@hamburger.edu>, carol@hamburger.edu\r\n\
        Cc: dan@crepes.fr, ALICE@crepes.fr\r\nSubject: RE: re: Lunch\r\nDate: Sat, 21 Nov 2026 05:17:44 +0100\r\n\
        Message-ID: <3@crepes.fr>\r\nReferences: <1@crepes.fr> <2@hamburger.edu>\r\n\r\n";

    fn own() -> Vec<Address> {
        Address::parse("bob@hamburger.edu").into_iter().collect()
    }

    #[test]
    fn an_answer_goes_to_who_wrote_and_with_all_to_the_others() {
        let lunch = Original { header: LUNCH };
        assert_eq!(
            shown(&lunch.reply(&own(), false)),
            "To: Alice <alice@crepes.fr>\r\nSubject: Re: Lunch\r\nIn-Reply-To: <3@crepes.fr>\r\n\
             References: <1@crepes.fr> <2@hamburger.edu> <3@crepes.fr>\r\n"
        );
        let all = shown(&lunch.reply(&own(), true));
        assert!(all.contains("\r\nCc: carol@hamburger.edu, dan@crepes.fr\r\n"), "{all}");
        let list = Original { header: b"From: a@b.example\r\nReply-To: list@b.example\r\n\r\n" };
        assert!(shown(&list.reply(&[], false)).starts_with("To: list@b.example\r\n"));
        let mine = Original { header: b"From: bob@hamburger.edu\r\nTo: alice@crepes.fr\r\nCc: dan@crepes.fr\r\n\r\n" };
        assert!(shown(&mine.reply(&own(), false)).starts_with("To: alice@crepes.fr\r\nSubject"));
        assert!(shown(&mine.reply(&own(), true)).starts_with("To: alice@crepes.fr\r\nCc: dan@crepes.fr\r\n"));
    }

    #[test]
    fn what_is_sent_on_keeps_its_subject_and_its_header() {
        let lunch = Original { header: LUNCH };
        assert!(shown(&lunch.forward()).starts_with("Subject: Fwd: RE: re: Lunch\r\nReferences: "));
        let enclosed = lunch.enclosed("Hungry?\n");
        assert!(enclosed.contains("From: Alice <alice@crepes.fr>\n") && enclosed.ends_with("\n\nHungry?\n"));
    }

    #[test]
    fn what_was_written_is_quoted() {
        let quoted = Original { header: LUNCH }.quoted("Hungry?\n\n> Yes  \nGood");
        assert_eq!(quoted, "On Sat, 21 Nov 2026 05:17:44 +0100, Alice wrote:\n> Hungry?\n>\n>> Yes\n> Good\n");
        assert_eq!(Original { header: b"\r\n" }.quoted(""), "Somebody wrote:\n");
    }

    #[test]
    fn references_keep_their_beginning_and_their_end() {
        let many: Vec<String> = (0..100).map(|number| format!("<{number}@b.example>")).collect();
        let section = format!("Message-ID: <x@b.example>\r\nReferences: {}\r\n\r\n", many.join("\r\n "));
        let fields = Original { header: section.as_bytes() }.references();
        let Some(Field { value: Value::MessageIds(ids), .. }) = fields.last() else { return assert!(fields.len() > 1) };
        assert_eq!(ids.len(), REFERENCES_MAX);
        assert_eq!(ids.first().map(String::as_str), Some("0@b.example"));
        assert_eq!(ids.last().map(String::as_str), Some("x@b.example"));
    }
}
