//! The POP3 desk of the world in memory.

use super::Shared;
use super::connection::TestDesk;
use std::sync::Arc;
use wire::dialogue::question;
use wire::pop3::{self, Answer, Ask, Entry, Maildrop, Refusal};

pub struct PopDesk {
    pub house: Shared,
    user: Option<String>,
}

impl PopDesk {
    pub fn new(house: Shared) -> PopDesk {
        PopDesk { house, user: None }
    }

    fn maildrop(&self) -> Maildrop {
        let house = self.house.borrow();
        let inbox = self.user.as_ref().map_or(&[][..], |user| house.inbox(user));
        let entries = inbox.iter().map(|mail| Entry {
            source: mail.source,
            octets: mail.content.octets() as u64,
            uid: u32::try_from(mail.source).unwrap(),
            utf8_header: utf8_header(&mail.content),
        });
        Maildrop { uid_validity: 1_081_298_274, entries: entries.collect() }
    }
}

/// Only given content can have one; made messages are ASCII.
fn utf8_header(content: &super::Content) -> bool {
    let super::Content::Given(octets) = content else { return false };
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(octets.len());
    !octets[..end].is_ascii()
}

impl TestDesk<pop3::Server> for PopDesk {
    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Login(ask) => {
                let (answer, user) = self.house.borrow().login(&ask);
                self.user = user;
                Answer::Sasl(answer)
            }
            Ask::Apop { .. } => Answer::Sasl(wire::sasl::Answer::Refused(wire::sasl::Refusal::Credentials)),
            Ask::Open => Answer::Maildrop(Arc::new(self.maildrop())),
            Ask::Fetch { source } if self.read(source).is_none() => Answer::Refused(Refusal::Gone),
            Ask::Fetch { .. } => Answer::Done,
            Ask::Update { deleted } => {
                for inbox in self.house.borrow_mut().inboxes() {
                    inbox.retain(|mail| !deleted.contains(&mail.source));
                }
                Answer::Done
            }
        }
    }

    fn content(&mut self, _: &[u8]) {}

    fn read(&mut self, source: u64) -> Option<Vec<u8>> {
        let mut house = self.house.borrow_mut();
        house.inboxes().flatten().find(|mail| mail.source == source).map(|mail| mail.content.bytes())
    }

    fn ask_text(ask: &Ask) -> String {
        question::pop3_ask(ask)
    }

    fn read_answer(text: &str) -> Result<Answer, String> {
        question::pop3_answer(text)
    }

    fn accepted(&mut self, ask: &Ask, answer: &Answer) {
        if let (Ask::Login(_) | Ask::Apop { .. }, Answer::Sasl(wire::sasl::Answer::Accepted { .. })) = (ask, answer) {
            let house = self.house.borrow();
            self.user = house.world.accounts.first().map(|account| account.address.clone());
        }
    }
}
