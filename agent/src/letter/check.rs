//! What must hold before a letter is sent: someone who sends it, someone who gets it, and addresses that are addresses.

use super::fault::Fault;
use super::recipients::Recipients;
use super::typed::{self, Names};
use super::{Attachment, Letter};

/// Fields that are the letter's own, or MIME's; a further field may not be called so.
const OWN_FIELDS: [&str; 13] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Resent-Bcc",
];

/// Octets of the name of a further field, so that it stands on a line of 78 with its colon.
pub const NAME_MAX: usize = 76;

impl Letter {
    /// Whether it can be sent: a well-formed sender, at least one recipient, all of them well-formed.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        for (field, list) in self.lists() {
            faults.extend(typed::read(field, &list.to_string(), Names::Complete).err().into_iter().flatten());
        }
        // RFC 5322 §3.6.2: several authors, one of whom sends it.
        match (self.from.people().count(), self.sender.people().count()) {
            (0, _) => faults.push(Fault::of_field("From", "nobody sends this: an address is missing")),
            (1, 0 | 1) | (_, 1) => {}
            (_, 0) => faults.push(Fault::of_field("Sender", "several people write this: say which of them sends it")),
            (_, _) => faults.push(Fault::of_field("Sender", "only one can send it")),
        }
        if [&self.to, &self.cc, &self.bcc].iter().all(|list| list.people().next().is_none()) {
            faults.push(Fault::of_field("To", "there is nobody to send this to: give at least one address"));
        }
        for (name, _) in &self.extra {
            faults.extend(name_fault(name));
        }
        for (index, attachment) in self.attachments.iter().enumerate() {
            faults.extend(type_fault(index, attachment));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    pub(super) fn lists(&self) -> [(&'static str, &Recipients); 6] {
        [
            ("From", &self.from),
            ("Sender", &self.sender),
            ("Reply-To", &self.reply_to),
            ("To", &self.to),
            ("Cc", &self.cc),
            ("Bcc", &self.bcc),
        ]
    }
}

/// Whether a further field may have this name (RFC 5322 §2.2: printable ASCII without a colon).
pub(super) fn is_free_name(name: &str) -> bool {
    let well_formed =
        (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b':');
    let is_content = name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("Content-"));
    well_formed && !is_content && !OWN_FIELDS.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn name_fault(name: &str) -> Option<Fault> {
    (!is_free_name(name)).then(|| Fault::of_field(name, "a further field cannot have this name"))
}

/// RFC 2045 §5.1: a type and a subtype, both tokens.
pub(super) fn is_media_type(text: &str) -> bool {
    let is_token =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(c));
    text.split_once('/').is_some_and(|(main, sub)| is_token(main) && is_token(sub))
}

fn type_fault(index: usize, attachment: &Attachment) -> Option<Fault> {
    let text = attachment.media_type.as_str();
    let is_wrong = !text.is_empty() && !is_media_type(text);
    is_wrong.then(|| Fault {
        field: format!("attachment {}", index + 1),
        number: 0,
        column: 1,
        text: text.to_owned(),
        what: "this is no type: write it as image/png".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(from: &str, to: &str) -> Letter {
        Letter { from: Recipients::lenient(from), to: Recipients::lenient(to), ..Letter::default() }
    }

    fn faults(letter: &Letter) -> Vec<String> {
        letter.check().err().unwrap_or_default().into_iter().map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn a_sender_and_a_recipient_are_needed() {
        assert_eq!(letter("alice@crepes.fr", "bob@hamburger.edu").check(), Ok(()));
        assert_eq!(faults(&letter("", "bob@hamburger.edu")), ["From: nobody sends this: an address is missing"]);
        assert!(faults(&letter("alice@crepes.fr", "undisclosed:;"))[0].contains("nobody to send this to"));
        assert_eq!(faults(&Letter::default()).len(), 2);
        let mut unseen = letter("alice@crepes.fr", "");
        unseen.bcc = Recipients::lenient("bob@hamburger.edu");
        assert_eq!(unseen.check(), Ok(()));
    }

    #[test]
    fn the_place_of_a_wrong_address_is_told() {
        let told = faults(&letter("alice@crepes.fr", "Bob <bob@hamburger.edu>, carol@-x"));
        assert_eq!(
            told,
            ["To, address 2, column 32: the domain is not a valid name\n    Bob <bob@hamburger.edu>, carol@-x\n    \
              \x20                              ^"]
        );
        assert!(
            faults(&letter("alice@crepes.fr", "bob"))[0].starts_with("To, address 1, column 4: there is no domain")
        );
    }

    #[test]
    fn several_authors_name_who_sends() {
        let mut both = letter("alice@crepes.fr, bob@hamburger.edu", "carol@crepes.fr");
        assert_eq!(faults(&both), ["Sender: several people write this: say which of them sends it"]);
        both.sender = Recipients::lenient("bob@hamburger.edu");
        assert_eq!(both.check(), Ok(()));
        both.sender = Recipients::lenient("bob@hamburger.edu, alice@crepes.fr");
        assert_eq!(faults(&both), ["Sender: only one can send it"]);
    }

    #[test]
    fn further_fields_and_types_are_looked_at() {
        let mut wrong = letter("alice@crepes.fr", "bob@hamburger.edu");
        wrong.extra = ["X-A", "Bcc", "x y", "", "content-type"].map(|name| (name.to_owned(), "v".to_owned())).into();
        assert_eq!(faults(&wrong).len(), 4);
        let long = |count: usize| vec![("x".repeat(count), "v".to_owned())];
        wrong.extra = long(NAME_MAX);
        assert_eq!(wrong.check(), Ok(()));
        wrong.extra = long(NAME_MAX + 1);
        assert_eq!(faults(&wrong).len(), 1);
        wrong.extra.clear();
        wrong.attachments = ["", "image/png", "image", "a/b c"]
            .map(|media_type| Attachment { media_type: media_type.to_owned(), ..Attachment::default() })
            .into();
        assert_eq!(faults(&wrong).len(), 2);
    }
}
