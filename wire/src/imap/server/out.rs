//! What goes out: steps not yet taken, in order. What is long is made a page at a time, when its turn comes.

use super::reply::{Reply, Status};
use super::rows::Rows;
use super::state::State;
use super::{Server, limits, text};
use crate::imap::numbers::Expunge;
use crate::imap::{Answer, Ask};
use crate::session::{Relay, Step};
use bytes::Bytes;
use std::ops::Range;

/// What is done with the answer to a question.
pub(super) type Then = Box<dyn FnOnce(&mut Server, Answer) + Send>;

/// A step not yet taken.
pub(super) enum Out {
    /// The greeting, which tells whether there is TLS.
    Greeting,
    Send(Bytes),
    Ask(Box<Ask>, Then),
    /// What is to be done when all before it went out.
    Do(Box<dyn FnOnce(&mut Server) + Send>),
    Content(Range<usize>),
    Relay(Relay),
    /// Messages of the selected mailbox, a line each.
    Rows(Rows),
    /// Expunges that are still to be told, as EXPUNGE.
    Expunges(std::vec::IntoIter<Expunge>),
    /// Numbers of a response of one line.
    Numbers(Box<dyn Iterator<Item = u32> + Send>),
    StartTls,
    Compress,
    Close,
}

impl Out {
    /// Whether more comes of it than octets.
    pub fn leads_on(&self) -> bool {
        matches!(self, Out::Ask(..) | Out::Do(_) | Out::Content(_) | Out::StartTls | Out::Compress)
    }
}

impl Server {
    pub(super) fn send(&mut self, octets: impl Into<Bytes>) {
        if !matches!(self.reading, super::Reading::Closed) {
            self.out.push_back(Out::Send(octets.into()));
        }
    }

    /// A tagged reply, or an untagged one with `*`.
    pub(super) fn reply(&mut self, tag: &str, reply: &Reply) {
        if reply.status == Status::Ok && tag != "*" {
            // Who does what can be done speaks this protocol.
            self.counts.bad_commands = 0;
        }
        self.send(reply.encode(tag));
    }

    pub(super) fn ask(&mut self, ask: Ask, then: impl FnOnce(&mut Server, Answer) + Send + 'static) {
        self.out.push_back(Out::Ask(Box::new(ask), Box::new(then)));
    }

    /// Does something when all before it went out.
    pub(super) fn later(&mut self, act: impl FnOnce(&mut Server) + Send + 'static) {
        self.out.push_back(Out::Do(Box::new(act)));
    }

    pub(super) fn next_step(&mut self) -> Step<Ask> {
        loop {
            match self.out.pop_front() {
                None => return Step::Read,
                Some(Out::Greeting) => return Step::Send(self.greeting().into()),
                Some(Out::Send(octets)) => return Step::Send(octets),
                Some(Out::StartTls) => return Step::StartTls,
                Some(Out::Compress) => return Step::Compress,
                Some(Out::Close) => return Step::Close,
                Some(Out::Content(range)) => return Step::Content(range),
                Some(Out::Relay(relay)) => {
                    self.sent_long = true;
                    return Step::Relay(relay);
                }
                Some(Out::Ask(ask, then)) => {
                    self.question = Some(then);
                    return Step::Ask(*ask);
                }
                Some(Out::Do(act)) => {
                    let behind = std::mem::take(&mut self.out);
                    act(self);
                    self.out.extend(behind);
                }
                Some(long) => {
                    if let Some(page) = self.page(long) {
                        return Step::Send(page);
                    }
                }
            }
        }
    }

    /// A page of something long; what is left of it comes next.
    fn page(&mut self, long: Out) -> Option<Bytes> {
        let mut page = Vec::new();
        let rest = match long {
            Out::Rows(mut rows) => self.rows_page(&mut rows, &mut page).then_some(Out::Rows(rows)),
            Out::Expunges(mut expunges) => fill(&mut page, &mut expunges, |page, expunge| {
                page.extend_from_slice(b"* ");
                text::number(page, u64::from(expunge.number));
                page.extend_from_slice(b" EXPUNGE\r\n");
            })
            .then_some(Out::Expunges(expunges)),
            Out::Numbers(mut numbers) => fill(&mut page, &mut *numbers, |page, number| {
                page.push(b' ');
                text::number(page, u64::from(number));
            })
            .then_some(Out::Numbers(numbers)),
            _ => None,
        };
        if let Some(rest) = rest {
            self.sent_long = true;
            self.out.push_front(rest);
        }
        (!page.is_empty()).then(|| page.into())
    }

    /// The selected mailbox.
    pub(super) fn open(&mut self) -> Option<&mut super::state::Open> {
        match &mut self.state {
            State::Open(open) => Some(open),
            _ => None,
        }
    }
}

/// Writes until the page is full; whether there may be more.
fn fill<T>(page: &mut Vec<u8>, items: &mut dyn Iterator<Item = T>, write: impl Fn(&mut Vec<u8>, T)) -> bool {
    while page.len() < limits::PAGE {
        match items.next() {
            Some(item) => write(page, item),
            None => return false,
        }
    }
    true
}
