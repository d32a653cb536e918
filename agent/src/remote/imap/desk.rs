//! The desk of an IMAP connection: takes errands from a channel, and tells what came of them by another. Owns what is held in
//! memory meanwhile: small content is gathered, larger is handed on in pieces. Knows neither folders nor messages.

use crate::mirror::{MessageId, Mirror};
use bytes::Bytes;
use message::Time;
use tokio::sync::mpsc;
use wire::Desk;
use wire::imap::client::{Answer, Ask, Client, Facts, Finish, Outcome, Task};
use wire::imap::response::{Data, Head};

/// Octets of content in one response that are gathered: most messages. More would let a server fill the memory.
pub const GATHERED_MAX: u64 = 1024 * 1024;
/// Octets read from the mirror at a time for an APPEND.
const READ: u64 = 256 * 1024;

/// Something to be said to the server.
pub(super) struct Errand {
    /// Which: answers carry it.
    pub number: u64,
    /// What.
    pub task: Task,
    /// The message an APPEND carries.
    pub content: Option<(Mirror, MessageId)>,
}

/// What is told.
#[derive(Debug)]
pub(super) enum Told {
    /// The server is ready, or can do other things than before.
    Ready(Box<Facts>),
    /// Data, and the content that was gathered in them, in order.
    Data(u64, Box<Data>, Vec<Vec<u8>>),
    /// Content begins that is too large to be gathered. Its [`Told::Data`] ends it.
    Large(u64),
    /// More of it.
    Piece(u64, Bytes),
    /// What came of an errand.
    Finished(u64, Finish),
    /// The connection ended.
    Lost(Outcome),
}

/// What becomes of the content that comes.
enum Taking {
    Gather,
    HandOn,
}

/// The desk.
pub(super) struct ImapDesk {
    errands: mpsc::Receiver<Errand>,
    told: mpsc::Sender<Told>,
    /// An errand that was taken while another was under way.
    next: Option<Errand>,
    number: u64,
    content: Option<(Mirror, MessageId)>,
    facts: Option<Box<Facts>>,
    gathered: Vec<Vec<u8>>,
    octets: u64,
    taking: Taking,
}

impl ImapDesk {
    pub fn new(errands: mpsc::Receiver<Errand>, told: mpsc::Sender<Told>) -> ImapDesk {
        ImapDesk {
            errands,
            told,
            next: None,
            number: 0,
            content: None,
            facts: None,
            gathered: Vec::new(),
            octets: 0,
            taking: Taking::Gather,
        }
    }

    /// Whether somebody listens.
    async fn tell(&self, told: Told) -> bool {
        self.told.send(told).await.is_ok()
    }

    async fn next(&mut self, facts: Box<Facts>) -> Answer {
        if self.facts.as_ref() != Some(&facts) {
            self.facts = Some(facts.clone());
            self.tell(Told::Ready(facts)).await;
        }
        let errand = match self.next.take() {
            Some(errand) => Some(errand),
            None => self.errands.recv().await,
        };
        let Some(errand) = errand else { return Answer::Logout };
        (self.number, self.content) = (errand.number, errand.content);
        Answer::Task(errand.task)
    }

    async fn body(&mut self, head: Head) {
        self.octets = self.octets.saturating_add(head.octets);
        if self.octets <= GATHERED_MAX {
            self.taking = Taking::Gather;
            self.gathered.push(Vec::with_capacity(usize::try_from(head.octets).unwrap_or_default()));
        } else {
            self.taking = Taking::HandOn;
            self.tell(Told::Large(self.number)).await;
        }
    }
}

impl Desk for ImapDesk {
    type Session = Client;

    async fn answer(&mut self, _: Time, ask: Ask) -> Answer {
        let heard = match ask {
            Ask::Next(facts) => return self.next(facts).await,
            Ask::Body(head) => {
                self.body(head).await;
                return Answer::Done;
            }
            Ask::Heard(data) => {
                self.octets = 0;
                Told::Data(self.number, data, std::mem::take(&mut self.gathered))
            }
            Ask::Finished(finish) => Told::Finished(self.number, finish),
            Ask::Lost(outcome) => Told::Lost(outcome),
        };
        if self.tell(heard).await { Answer::Done } else { Answer::Stop }
    }

    async fn content(&mut self, octets: &[u8]) {
        match (&self.taking, self.gathered.last_mut()) {
            (Taking::Gather, Some(last)) => last.extend_from_slice(octets),
            _ => {
                self.tell(Told::Piece(self.number, Bytes::copy_from_slice(octets))).await;
            }
        }
    }

    async fn read(&mut self, _: u64, offset: u64) -> Option<Bytes> {
        let (mirror, message) = self.content.as_ref()?;
        let octets = mirror.range(*message, offset..offset.saturating_add(READ)).ok()?;
        Some(Bytes::from(octets))
    }

    /// There is something else to do, or nobody any more to do it for: an IDLE ends.
    async fn news(&mut self) {
        if self.next.is_none() && !self.errands.is_closed() {
            self.next = self.errands.recv().await;
        }
    }
}
