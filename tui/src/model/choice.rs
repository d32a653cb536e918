//! Short lists that something is chosen from: parts of a message, letters that wait, people.

use crate::text::{fit, width};
use agent::mirror::{MessageId, Outgoing, OutgoingId, OutgoingState};
use agent::reading::{Link, PartLine};

/// The column takes what is left of the line.
const REST: usize = usize::MAX;
/// Columns of whom a letter that waits goes to, and of its subject: when it goes stands beside them on a screen of 80.
const TO: usize = 20;
const SUBJECT: usize = 20;

/// A short list.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What it is a list of.
    pub title: String,
    /// What can be chosen.
    pub items: Vec<Item>,
    /// Which is chosen.
    pub cursor: usize,
    /// What is told where there is nothing.
    pub empty: String,
}

/// Something that can be chosen.
#[derive(Clone, Debug)]
pub struct Item {
    /// As it is shown: columns beside each other, and how wide each is, what parts it from the next with it.
    pub columns: Vec<(String, usize)>,
    /// What it is.
    pub what: What,
}

impl Item {
    /// As it is told, without the room between the columns.
    #[must_use]
    pub fn words(&self) -> String {
        self.columns.iter().map(|(text, _)| text.trim()).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A part of a message.
    Part(MessageId, PartLine),
    /// A letter that waits to be sent.
    Letter(OutgoingId),
    /// Somebody to write to.
    Person(String),
    /// The link of this number.
    Link(usize),
}

impl Choice {
    /// The chosen one.
    #[must_use]
    pub fn chosen(&self) -> Option<&What> {
        self.items.get(self.cursor).map(|item| &item.what)
    }

    /// The parts of a message.
    #[must_use]
    pub fn of_parts(message: MessageId, parts: &[PartLine]) -> Choice {
        let item = |part: &PartLine| {
            let name = part.name.clone().unwrap_or_else(|| "(no name)".to_owned());
            let note = part.note.clone().or_else(|| part.description.clone()).unwrap_or_default();
            let size = crate::text::column_right(&crate::text::size(part.octets), 6);
            let columns = vec![
                (format!("{:>3}", part.number), 5),
                (fit(&name, 32).into_owned(), 33),
                (fit(&part.media_type, 26).into_owned(), 27),
                (size, 8),
                (note, REST),
            ];
            Item { columns, what: What::Part(message, part.clone()) }
        };
        Choice {
            title: "Parts of the message".to_owned(),
            items: parts.iter().map(item).collect(),
            cursor: parts.iter().position(|part| !part.is_shown).unwrap_or(0),
            empty: "This message has no parts".to_owned(),
        }
    }

    /// Letters that wait.
    #[must_use]
    pub fn of_letters(letters: Vec<(Outgoing, String)>, time: impl Fn(message::Time) -> String) -> Choice {
        let item = |(letter, subject): (Outgoing, String)| {
            let state = match letter.state {
                OutgoingState::Waiting => format!("waits until {}", time(letter.not_before)),
                OutgoingState::Sending => "is being sent".to_owned(),
                OutgoingState::Unsure => "may have gone".to_owned(),
                OutgoingState::Refused => "was refused".to_owned(),
            };
            let to = letter.posting.envelope.recipients.join(", ");
            let (to, subject) = (crate::draw::safe(&to).into_owned(), crate::draw::safe(&subject).into_owned());
            let error = crate::draw::safe(&letter.error).into_owned();
            let columns = vec![
                (fit(&to, TO).into_owned(), TO + 1),
                (fit(&subject, SUBJECT).into_owned(), SUBJECT + 1),
                (state.clone(), width(&state) + 2),
                (error, REST),
            ];
            Item { columns, what: What::Letter(letter.id) }
        };
        Choice {
            title: "Letters that wait to be sent; Enter takes one back to be edited".to_owned(),
            items: letters.into_iter().map(item).collect(),
            cursor: 0,
            empty: "Nothing waits to be sent.".to_owned(),
        }
    }

    /// The links of a message, by their numbers.
    #[must_use]
    pub fn of_links(links: &[Link]) -> Choice {
        let item = |(place, link): (usize, &Link)| {
            let warning = if link.is_deceptive { "(!) its text names another host" } else { "" };
            let (address, text) = (crate::draw::safe(&link.address), crate::draw::safe(&link.text));
            let text = if text.is_empty() || text == address { "".into() } else { text };
            let beside = |text: &str| if text.is_empty() { 0 } else { width(text) + 2 };
            let columns = vec![
                (format!("{:>3}", place + 1), 5),
                (address.to_string(), beside(&address)),
                (text.to_string(), beside(&text)),
                (warning.to_owned(), REST),
            ];
            Item { columns, what: What::Link(place + 1) }
        };
        Choice {
            title: "Links of the message; Enter opens one".to_owned(),
            items: links.iter().enumerate().map(item).collect(),
            cursor: 0,
            empty: "This message has no links.".to_owned(),
        }
    }

    /// People.
    #[must_use]
    pub fn of_people(people: Vec<String>) -> Choice {
        let item = |person: String| Item { columns: vec![(person.clone(), REST)], what: What::Person(person) };
        Choice {
            title: "People and groups; Enter writes to one".to_owned(),
            items: people.into_iter().map(item).collect(),
            cursor: 0,
            empty: "Nobody yet: who writes to you, and whom you write to, is found here.".to_owned(),
        }
    }
}
