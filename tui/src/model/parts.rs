//! Commands about parts of messages: listed, saved, opened, piped; and links.

use super::choice::{Choice, What};
use super::{Focus, Model};
use crate::command::{Command, Verb};
use crate::event::{Question, Screen};
use crate::keys::Context;
use agent::mirror::MessageId;
use agent::reading::{Held, PartLine, saved_name};

/// What is done with a part that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Its program opens it.
    Open,
    /// It goes to the printer.
    Print,
    /// A command reads it.
    Pipe(String),
}

impl Model {
    pub(super) fn obey_parts(&mut self, command: &Command) -> bool {
        let text = command.argument.clone();
        match command.verb {
            Verb::Parts => self.list_parts(),
            Verb::Save => self.save_message(text),
            Verb::SavePart | Verb::OpenPart => match self.chosen_part() {
                Some((message, part)) if command.verb == Verb::SavePart => {
                    self.ask(Question::Save(message, part.number, expanded(&text)));
                }
                Some((message, part)) => self.show_part(message, &part),
                None => self.tell("Choose a part first"),
            },
            Verb::Pipe => {
                let (message, number) = match (self.chosen_part(), self.chosen_row()) {
                    (Some((message, part)), _) => (message, part.number),
                    (None, Some(row)) => (row.id, 0),
                    (None, None) => {
                        self.tell("There is no message here");
                        return true;
                    }
                };
                self.wanted = Some(Wanted::Pipe(text));
                self.ask(Question::Part(message, number));
            }
            Verb::PrintPart => match self.chosen_part() {
                Some((message, part)) => {
                    self.wanted = Some(Wanted::Print);
                    self.ask(Question::Part(message, part.number));
                }
                None => self.tell("Choose a part first"),
            },
            Verb::Link => self.open_link(&text),
            Verb::Links => self.list_links(),
            _ => return false,
        }
        true
    }

    fn list_parts(&mut self) {
        if self.reader.is_none() && self.list.selected().is_some() {
            self.read_selected();
            return self.tell("Once more lists its parts");
        }
        let choice = self.reader.as_ref().and_then(|reader| {
            let message = reader.row()?.id;
            Some(Choice::of_parts(message, &reader.page()?.parts))
        });
        match choice {
            Some(choice) => self.choose_from(choice),
            None => self.tell("The message is not here yet"),
        }
    }

    fn list_links(&mut self) {
        match self.reader.as_ref().and_then(super::Reader::links).map(Choice::of_links) {
            Some(choice) => self.choose_from(choice),
            None => self.tell("Open a message first"),
        }
    }

    fn chosen_part(&self) -> Option<(MessageId, PartLine)> {
        match self.choice.as_ref().filter(|_| self.focus == Focus::Choice)?.chosen()? {
            What::Part(message, part) => Some((*message, part.clone())),
            _ => None,
        }
    }

    /// The name that the chosen part is saved under where nobody says another.
    pub(super) fn name_of_chosen_part(&self) -> Option<String> {
        let (_, part) = self.chosen_part()?;
        Some(saved_name(part.name.as_deref(), &part.media_type, |_| false))
    }

    fn save_message(&mut self, path: String) {
        let Some(row) = self.chosen_row() else { return self.tell("There is no message here") };
        let id = row.id;
        self.ask(Question::Save(id, 0, expanded(&path)));
    }

    /// Opens a part with its program. What would run is refused: it can be saved and looked at.
    pub(super) fn show_part(&mut self, message: MessageId, part: &PartLine) {
        if part.is_shown {
            self.leave_choice();
            return self.tell("This part is in the text of the message");
        }
        self.wanted = Some(Wanted::Open);
        self.ask(Question::Part(message, part.number));
    }

    /// No program shows this part: text is shown here.
    pub(super) fn without_program(&mut self, held: Held) {
        let is_text = held.is_text();
        match self.reader.as_mut().filter(|_| is_text) {
            Some(reader) => {
                reader.show_part(held);
                self.choice = None;
                self.focus = Focus::Reader;
                let key = self.keys.keys_of(self.context(), Verb::Back).unwrap_or_default();
                self.tell(format!("{key} goes back to the message"));
            }
            None => {
                let key = self.keys.keys_of(Context::Parts, Verb::SavePart).unwrap_or_default();
                let media_type = crate::draw::safe(&held.media_type).into_owned();
                self.complain(format!("{key} saves it: no program was found for {media_type}"));
            }
        }
    }

    /// What a part holds came.
    pub(super) fn take_part(&mut self, held: Held) {
        match self.wanted.take() {
            Some(Wanted::Open) => self.screen(Screen::Open(held)),
            Some(Wanted::Print) => self.screen(Screen::Print(held)),
            Some(Wanted::Pipe(command)) => self.screen(Screen::Pipe(command, held.octets)),
            None => {}
        }
    }

    pub(super) fn open_link(&mut self, number: &str) {
        let links = self.reader.as_ref().and_then(super::Reader::links);
        let Some(links) = links.filter(|links| !links.is_empty()) else { return self.tell("There are no links here") };
        let place = number.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let Some(link) = place.and_then(|place| links.get(place)) else {
            let words = format!("There are links 1 to {}", links.len());
            return self.complain(words);
        };
        let address = link.address.clone();
        let is_web = ["https://", "http://"].iter().any(|scheme| address.to_ascii_lowercase().starts_with(scheme));
        if let Some(person) = address.strip_prefix("mailto:") {
            let person = person.split('?').next().unwrap_or_default().to_owned();
            return self.obey(Command { verb: Verb::Compose, argument: person }, false);
        }
        if !is_web {
            return self.complain(format!("{address} is not opened: it is no address of the web"));
        }
        self.tell(format!("Opening {address}"));
        self.screen(Screen::Browse(address));
    }
}

/// A path without the quotes that terminals put around what is dropped on them.
fn expanded(path: &str) -> String {
    path.trim().trim_matches(['\'', '"']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::model::reader::{Reader, Text};
    use crate::settings::Options;

    fn model() -> Model {
        let mut model = Model::new(Vec::new(), Options::default(), (80, 24), message::Time(0));
        model.reader = Some(Reader::new(Vec::new(), agent::reading::View::default()));
        model.focus = Focus::Reader;
        model
    }

    fn held(media_type: &str, octets: &[u8]) -> Box<Held> {
        let name = Some("a.x".to_owned());
        Box::new(Held { name, media_type: media_type.to_owned(), octets: octets.to_vec(), ..Held::default() })
    }

    #[test]
    fn text_without_a_program_is_read_here() {
        let mut model = model();
        model.update(Event::NoProgram(held("text/x-diff", b"+pickles\nhttps://crepes.fr/menu\n")));
        let lines = |model: &Model| model.reader.as_ref().map(|reader| reader.lines.clone()).unwrap_or_default();
        assert_eq!(lines(&model).first(), Some(&Text::Field("File".to_owned(), "a.x".to_owned())));
        assert!(model.reader.as_ref().is_some_and(|reader| reader.text().contains("+pickles")));
        assert_eq!(model.reader.as_ref().and_then(Reader::links).map(<[_]>::len), Some(1));
        model.say("back");
        assert!(lines(&model).is_empty() && model.focus == Focus::Reader, "the message is there again");
        model.say("back");
        assert!(model.reader.is_none());
    }

    #[test]
    fn what_no_program_opens_can_be_saved() {
        let mut model = model();
        model.update(Event::NoProgram(held("application/pdf", b"%PDF")));
        assert_eq!(model.status.text, "S saves it: no program was found for application/pdf");
    }
}
