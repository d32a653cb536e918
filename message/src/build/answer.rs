//! The header and the words of an answer, and of a message sent on (RFC 5322 §3.6.3 to §3.6.5). Owns whom an answer goes to,
//! lists and what they do to Reply-To included (RFC 2369 §3.4), its subject and its references, and how the earlier text is
//! quoted. Does not own the text itself.

use super::compose::{Correspondent, Field, Group, Value};
use crate::flowed::{self, Flow};
use crate::harmless::bare;
use crate::header::{self, Mailbox, fields};
use crate::summary::Envelope;
use crate::{Address, date};

/// Ids of References that are repeated: the first, which began it all, and the last.
pub const REFERENCES_MAX: usize = 30;

/// Whom an answer goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whom {
    /// Who wrote it, or who is to get answers instead.
    #[default]
    Author,
    /// Everybody it went to as well.
    All,
    /// The list it came by; where it came by none, everybody.
    List,
}

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
        // It goes into a text that people edit, perhaps on a terminal, and then to others as theirs.
        self.value(name).map(|value| bare(&header::text(&value)).into_owned()).unwrap_or_default()
    }

    fn people(&self, name: &str) -> Vec<Correspondent> {
        let entries = self.value(name).map(|value| header::addresses(&value)).unwrap_or_default();
        Envelope::mailboxes(&entries).filter_map(person).collect()
    }

    fn ids(&self, name: &str) -> Vec<String> {
        self.value(name).map(|value| header::message_ids(&value)).unwrap_or_default()
    }

    /// The address of the list it came by, where letters to it are allowed (RFC 2369 §3.4).
    #[must_use]
    pub fn list(&self) -> Option<Address> {
        let value = self.value("List-Post")?;
        // `NO` says that nobody may write there.
        let urls = header::message_ids(&value);
        urls.iter().find_map(|url| {
            let scheme = url.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"))?;
            let address = url.get(scheme.len()..)?.split('?').next()?;
            Address::parse(&percent_decoded(address)).ok()
        })
    }

    /// Fields of an answer: To, Cc, Subject, In-Reply-To, References. With all everybody hears of it but who writes it, under
    /// whatever address of theirs.
    #[must_use]
    pub fn reply(&self, own: &[Address], whom: Whom) -> Vec<Field> {
        let list_address = self.list().filter(|_| whom == Whom::List);
        let (to, cc) = match (list_address, whom) {
            (Some(address), _) => (vec![Correspondent { name: None, email: address.to_string() }], Vec::new()),
            (None, Whom::Author) => (self.author(own, "Mail-Reply-To"), Vec::new()),
            (None, Whom::All | Whom::List) => self.everybody(own),
        };
        let mut fields = vec![list("To", to)];
        if !cc.is_empty() {
            fields.push(list("Cc", cc));
        }
        fields.push(Field::new("Subject", Value::Text(self.subject(&ANSWERS))));
        fields.extend(self.references());
        fields
    }

    /// Who wrote it, or wants answers elsewhere; of what one wrote oneself, whom that went to.
    fn author(&self, own: &[Address], first: &str) -> Vec<Correspondent> {
        let wanted = self.people(first);
        if !wanted.is_empty() {
            return wanted;
        }
        let from = self.people("From");
        // RFC 5322 §3.6.2: Reply-To, where there is one, says where answers go.
        let reply_to = self.people("Reply-To");
        // A list that put itself there did not ask the author; the letter to the author alone would go to everybody.
        let is_list = |person: &Correspondent| self.list().is_some_and(|list| same(&list.to_string(), &person.email));
        let is_munged = reply_to.len() == 1 && reply_to.iter().all(is_list) && !from.iter().all(is_list);
        let to = if reply_to.is_empty() || is_munged { from } else { reply_to };
        if to.iter().all(|person| is_own(own, person)) {
            let others = self.people("To");
            return if others.is_empty() { to } else { others };
        }
        to
    }

    fn everybody(&self, own: &[Address]) -> (Vec<Correspondent>, Vec<Correspondent>) {
        // Of no RFC, but many lists and programs know it: where answers to all are to go.
        let mut followup = self.people("Mail-Followup-To");
        if !followup.is_empty() {
            let others = followup.iter().any(|person| !is_own(own, person));
            followup.retain(|person| !others || !is_own(own, person));
            return (followup, Vec::new());
        }
        let to = self.author(own, "Mail-Followup-To");
        let mut cc = Vec::new();
        let by_list = self.list().map(|list| Correspondent { name: None, email: list.to_string() });
        let reply_to = self.people("Reply-To");
        cc.extend(self.people("To"));
        cc.extend(self.people("Cc"));
        // Where the list was set aside as the place of answers, it still is one of all.
        cc.extend(by_list.filter(|list| reply_to.iter().any(|person| same(&person.email, &list.email))));
        let mut seen: Vec<String> = to.iter().map(|person| person.email.to_lowercase()).collect();
        cc.retain(|person| {
            let email = person.email.to_lowercase();
            let is_new = !seen.contains(&email) && !is_own(own, person);
            seen.push(email);
            is_new
        });
        (to, cc)
    }

    /// Fields of a message that sends this one on: Subject and References. It begins a conversation of its own for those it
    /// goes to, so there is no In-Reply-To.
    #[must_use]
    pub fn forward(&self) -> Vec<Field> {
        let mut fields = vec![Field::new("Subject", Value::Text(self.subject(&FORWARDS)))];
        fields.extend(self.references().into_iter().filter(|field| field.name == "References"));
        fields
    }

    /// The subject with one word before it, however often it was answered or sent on before.
    fn subject(&self, words: &[&str]) -> String {
        let subject = self.text("Subject");
        let word = words.first().copied().unwrap_or_default();
        format!("{word}: {}", without_words(subject.trim(), words))
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

    /// The same of text that may flow: each paragraph is one line behind its marks, which `build::flowed` parts again when it
    /// is sent, and [`wrapped`](super::flowed::wrapped) where it is not to flow. Without the author's signature.
    #[must_use]
    pub fn quoted_flow(&self, text: &str, flow: Flow) -> String {
        let mut plain = String::with_capacity(text.len());
        for line in flowed::lines(text, flow) {
            // RFC 3676 §4.3: what follows is a signature.
            if line.depth == 0 && line.text == "-- " {
                break;
            }
            plain.push_str(&">".repeat(line.depth));
            plain.push_str(if line.depth > 0 && !line.text.is_empty() { " " } else { "" });
            plain.push_str(line.text.trim_end());
            plain.push('\n');
        }
        self.quoted(plain.trim_end_matches('\n'))
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

/// What stands before an answer, in the languages whose programs translate it; the first is ours.
const ANSWERS: [&str; 13] = [
    "Re",
    "Aw",
    "Sv",
    "Vs",
    "Antw",
    "Odp",
    "Res",
    "Rif",
    "Ynt",
    "R",
    "\u{56de}\u{590d}",
    "\u{7b54}\u{590d}",
    "\u{56de}\u{8986}",
];
/// What stands before something sent on.
const FORWARDS: [&str; 8] = ["Fwd", "Fw", "Wg", "Tr", "Vb", "Doorst", "Vl", "\u{8f6c}\u{53d1}"];

/// Without these words before it, a count in brackets included: `Re[2]:`.
fn without_words<'a>(mut subject: &'a str, words: &[&str]) -> &'a str {
    loop {
        let Some((word, rest)) = subject.split_once([':', '\u{ff1a}']) else { return subject };
        let counted = word.trim().split_once('[').filter(|(_, count)| {
            count.strip_suffix(']').is_some_and(|count| count.bytes().all(|octet| octet.is_ascii_digit()))
        });
        let word = counted.map_or(word.trim(), |(word, _)| word.trim_end());
        if !words.iter().any(|known| word.eq_ignore_ascii_case(known)) {
            return subject;
        }
        subject = rest.trim_start();
    }
}

/// `%40` as `@`; what is no such thing stays (RFC 6068 §2).
fn percent_decoded(text: &str) -> String {
    String::from_utf8_lossy(&header::percent_decode(text.as_bytes())).into_owned()
}

fn is_own(own: &[Address], person: &Correspondent) -> bool {
    own.iter().any(|own| same(&own.to_string(), &person.email))
}

fn person(mailbox: &Mailbox) -> Option<Correspondent> {
    let name = mailbox.name.as_ref().map(|name| bare(&name.text()).into_owned()).filter(|name| !name.is_empty());
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
            shown(&lunch.reply(&own(), Whom::Author)),
            "To: Alice <alice@crepes.fr>\r\nSubject: Re: Lunch\r\nIn-Reply-To: <3@crepes.fr>\r\n\
             References: <1@crepes.fr> <2@hamburger.edu> <3@crepes.fr>\r\n"
        );
        let all = shown(&lunch.reply(&own(), Whom::All));
        assert!(all.contains("\r\nCc: carol@hamburger.edu, dan@crepes.fr\r\n"), "{all}");
        let list = Original { header: b"From: a@b.example\r\nReply-To: list@b.example\r\n\r\n" };
        assert!(shown(&list.reply(&[], Whom::Author)).starts_with("To: list@b.example\r\n"));
        let mine = Original { header: b"From: bob@hamburger.edu\r\nTo: alice@crepes.fr\r\nCc: dan@crepes.fr\r\n\r\n" };
        assert!(shown(&mine.reply(&own(), Whom::Author)).starts_with("To: alice@crepes.fr\r\nSubject"));
        assert!(shown(&mine.reply(&own(), Whom::All)).starts_with("To: alice@crepes.fr\r\nCc: dan@crepes.fr\r\n"));
    }

    const BY_LIST: &[u8] = b"From: Alice <alice@crepes.fr>\r\nTo: cooks@lists.example\r\nCc: bob@hamburger.edu\r\n\
        Reply-To: cooks@lists.example\r\nList-Post: <mailto:cooks%40lists.example?x=y>\r\nSubject: x\r\n\r\n";

    #[test]
    fn a_list_is_answered_when_asked_and_only_then() {
        let letter = Original { header: BY_LIST };
        assert_eq!(letter.list().map(|list| list.to_string()).as_deref(), Some("cooks@lists.example"));
        let to = |whom| shown(&letter.reply(&own(), whom)).split("Subject").next().unwrap_or_default().to_owned();
        assert_eq!(to(Whom::Author), "To: Alice <alice@crepes.fr>\r\n");
        assert_eq!(to(Whom::All), "To: Alice <alice@crepes.fr>\r\nCc: cooks@lists.example\r\n");
        assert_eq!(to(Whom::List), "To: cooks@lists.example\r\n");
        // An author who asked for answers there is obeyed.
        let elsewhere = Original { header: b"From: a@b.example\r\nReply-To: c@d.example\r\nList-Post: NO\r\n\r\n" };
        assert!(shown(&elsewhere.reply(&[], Whom::Author)).starts_with("To: c@d.example\r\n"));
        assert_eq!(elsewhere.list(), None);
        assert!(shown(&elsewhere.reply(&[], Whom::List)).starts_with("To: c@d.example\r\n"));
    }

    #[test]
    fn who_says_where_answers_go_is_obeyed() {
        let section = b"From: a@b.example\r\nTo: cooks@lists.example\r\nCc: x@y.example\r\n\
            Mail-Followup-To: cooks@lists.example, bob@hamburger.edu\r\nMail-Reply-To: home@b.example\r\n\r\n";
        let letter = Original { header: section };
        assert!(shown(&letter.reply(&own(), Whom::All)).starts_with("To: cooks@lists.example\r\nSubject"));
        assert!(shown(&letter.reply(&own(), Whom::Author)).starts_with("To: home@b.example\r\nSubject"));
    }

    #[test]
    fn words_before_a_subject_stand_once() {
        for (subject, answer, sent_on) in [
            ("Lunch", "Re: Lunch", "Fwd: Lunch"),
            ("AW: Re[2]: Lunch: crepes", "Re: Lunch: crepes", "Fwd: AW: Re[2]: Lunch: crepes"),
            ("Fw: FWD: Lunch", "Re: Fw: FWD: Lunch", "Fwd: Lunch"),
            ("\u{56de}\u{590d}\u{ff1a}x", "Re: x", "Fwd: \u{56de}\u{590d}\u{ff1a}x"),
            ("", "Re: ", "Fwd: "),
        ] {
            let section = format!("Subject: {subject}\r\n\r\n");
            let letter = Original { header: section.as_bytes() };
            assert_eq!((letter.subject(&ANSWERS).as_str(), letter.subject(&FORWARDS).as_str()), (answer, sent_on));
        }
    }

    #[test]
    fn what_flowed_is_quoted_by_paragraphs() {
        let flow = Flow { flowed: true, delete_space: false };
        let quoted = Original { header: b"\r\n" }.quoted_flow("one \ntwo\n\n> three \n> four\n-- \nAlice\n", flow);
        assert_eq!(quoted, "Somebody wrote:\n> one two\n>\n>> three four\n");
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
    fn names_and_subjects_do_not_write_on_the_terminal() {
        let trick = b"From: =?utf-8?Q?B=1B=5B2Jo=0Ab?= <b@c.example>\r\nSubject: =?utf-8?Q?x=0A>=9By?=\r\n\r\n";
        let letter = Original { header: trick };
        let all = format!("{}{}{}", letter.quoted("x"), letter.enclosed("y"), letter.subject(&ANSWERS));
        assert!(!all.chars().any(|c| c.is_control() && c != '\n'), "{all:?}");
        assert!(
            letter.quoted("x").starts_with("B[2Jo b wrote:\n") && letter.subject(&ANSWERS).starts_with("Re: x >"),
            "{all:?}"
        );
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
