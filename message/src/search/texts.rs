//! The texts of an envelope that are searched and sorted by, as people read them. Owns how addresses look to a search.

use super::key::AddressField;
use super::reading::field_text;
use crate::Summary;
use crate::date;
use crate::header::{self, Entry, Mailbox};
use crate::summary::Envelope;

impl Summary {
    /// The envelope of the message itself.
    #[must_use]
    pub fn envelope(&self) -> Option<&Envelope> {
        self.parts.first()?.envelope.as_deref()
    }

    /// `Subject`, decoded; empty where missing.
    #[must_use]
    pub fn subject_text(&self) -> String {
        self.envelope().and_then(|envelope| envelope.subject.as_deref()).map(field_text).unwrap_or_default()
    }

    /// Whether there is a `Subject`.
    #[must_use]
    pub fn has_subject(&self) -> bool {
        self.envelope().is_some_and(|envelope| envelope.subject.is_some())
    }

    /// `Date`, where its day can be read.
    #[must_use]
    pub fn sent(&self) -> Option<date::Date> {
        date::read_day(self.envelope()?.date.as_deref()?)
    }

    /// The addresses of a field in one line: `name <local@domain>`, names decoded, those of groups too.
    #[must_use]
    pub fn address_text(&self, field: AddressField) -> String {
        let Some(envelope) = self.envelope() else { return String::new() };
        let mut line = String::new();
        for entry in list(envelope, field) {
            match entry {
                Entry::Mailbox(mailbox) => {
                    begin_address(&mut line);
                    push_mailbox(mailbox, &mut line);
                }
                Entry::GroupStart(name) => {
                    begin_address(&mut line);
                    line.push_str(&name.text());
                    line.push(':');
                }
                Entry::GroupEnd => line.push(';'),
            }
        }
        line
    }

    /// The first address of a field, as ENVELOPE has it: of a group, its name.
    #[must_use]
    pub fn first_address(&self, field: AddressField) -> Option<&Entry> {
        list(self.envelope()?, field).first()
    }
}

fn list(envelope: &Envelope, field: AddressField) -> &[Entry] {
    match field {
        AddressField::From => &envelope.from,
        AddressField::To => &envelope.to,
        AddressField::Cc => &envelope.cc,
        AddressField::Bcc => &envelope.bcc,
    }
}

fn begin_address(line: &mut String) {
    match line.chars().next_back() {
        None => {}
        Some(':') => line.push(' '),
        Some(_) => line.push_str(", "),
    }
}

fn push_mailbox(mailbox: &Mailbox, line: &mut String) {
    let name = mailbox.name.as_ref().map(header::Phrase::text).unwrap_or_default();
    let address = address_of(mailbox);
    line.push_str(&name);
    if !address.is_empty() {
        let gap = if name.is_empty() { "" } else { " " };
        line.push_str(gap);
        line.push('<');
        line.push_str(&address);
        line.push('>');
    }
}

/// `local@domain`, of what there is.
pub(crate) fn address_of(mailbox: &Mailbox) -> String {
    let mut address = header::raw_text(&mailbox.local_part);
    if !mailbox.domain.is_empty() {
        address.push('@');
        address.push_str(&header::raw_text(&mailbox.domain));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_people_read_them() {
        let content = "From: =?utf-8?Q?Aim=C3=A9e?= <aimee@crepes.fr>\r\nSubject: =?utf-8?Q?cr=C3=AApes?=\r\n\tand more\r\n\
            To: friends: \"Bob, B.\" <bob@hamburger.edu>, al@x;, Forouzan\r\nDate: Sat, 21 Nov 2026 23:00:00 -0500\r\n\r\n";
        let summary = Summary::of(&crate::parse(content.as_bytes()));
        assert_eq!(summary.address_text(AddressField::From), "Aimée <aimee@crepes.fr>");
        let to = "friends: Bob, B. <bob@hamburger.edu>, <al@x>;, Forouzan";
        assert_eq!(summary.address_text(AddressField::To), to);
        assert_eq!(summary.address_text(AddressField::Cc), "");
        assert_eq!(summary.subject_text(), "crêpes and more");
        assert_eq!(summary.sent().map(date::Date::day), date::day(2026, 11, 21));
        assert_eq!(Summary::default().address_text(AddressField::To), "");
    }
}
