//! Bodies of messages on their way out: short ones as they come, long ones relayed from the desk, each as a literal
//! (RFC 9051 §7.5.2, RFC 3516 §4.2).

use super::fetch::{Fetching, space};
use super::out::Out;
use super::reply::{Reply, misfit};
use super::{Server, text};
use crate::imap::ask::{Piece, Want};
use crate::imap::{Answer, Ask, Refusal};
use crate::session::{Framing, Relay};

/// Pieces of the messages of a page, in order.
pub(super) struct Pieces {
    fetching: Box<Fetching>,
    /// How many were told, counted over all messages.
    told: usize,
    /// The line of the message under way; `None`: it is gone.
    line: Option<Vec<u8>>,
    /// Where in it the items begin.
    start: usize,
    /// Some of the line went out already, so an item stands before whatever follows.
    relayed: bool,
}

impl Pieces {
    pub fn new(fetching: Box<Fetching>) -> Box<Pieces> {
        Box::new(Pieces { fetching, told: 0, line: None, start: 0, relayed: false })
    }

    /// Where the first item of the line would stand; `None`: one went out before.
    fn starts(&self) -> Option<usize> {
        (!self.relayed).then_some(self.start)
    }

    fn is_done(&self) -> bool {
        self.told >= self.fetching.page.len() * self.fetching.wants.len()
    }
}

impl Server {
    pub(super) fn ask_pieces(&mut self, pieces: Box<Pieces>) {
        let fetching = &pieces.fetching;
        let ask = Ask::Pieces { uids: fetching.page_uids(), wants: fetching.wants.clone(), from: pieces.told };
        self.ask(ask, move |server, answer| server.pieces_came(pieces, answer));
    }

    fn pieces_came(&mut self, mut pieces: Box<Pieces>, answer: Answer) {
        let came = match answer {
            Answer::Pieces(came) if !came.is_empty() => came,
            Answer::Refused(refusal) => return self.pieces_broken(*pieces, refusal.into()),
            _ => return self.pieces_broken(*pieces, misfit()),
        };
        for piece in came {
            if pieces.is_done() {
                break;
            }
            self.piece(&mut pieces, piece);
        }
        if pieces.is_done() {
            let fetching = pieces.fetching;
            return self.later(move |server| server.fetch_page(fetching));
        }
        // The sources of this answer are good until the next question: it is asked when they were sent.
        self.later(move |server| server.ask_pieces(pieces));
    }

    /// The response under way is brought to an end, so that the client can read on.
    fn pieces_broken(&mut self, mut pieces: Pieces, reply: Reply) {
        if let Some(line) = pieces.line.take() {
            self.end_message(line, pieces.starts());
        }
        self.fetch_broken(pieces.fetching, reply);
    }

    fn piece(&mut self, pieces: &mut Pieces, piece: Piece) {
        let wants = pieces.fetching.wants.len();
        let (message, want) = (pieces.told / wants, pieces.told % wants);
        pieces.told += 1;
        if want == 0 {
            self.begin_message(pieces, message, &piece);
        }
        let Some(mut line) = pieces.line.take() else { return };
        let label = pieces.fetching.plan.labels.get(want).cloned().unwrap_or_default();
        let wanted = pieces.fetching.wants.get(want);
        let body = self.body(&mut line, (&label, pieces.starts()), (wanted, piece), &mut pieces.fetching.failed);
        if let Some(relay) = body {
            self.send(std::mem::take(&mut line));
            self.out.push_back(Out::Relay(relay));
            pieces.relayed = true;
        }
        if want + 1 == wants {
            self.end_message(line, pieces.starts());
        } else {
            pieces.line = Some(line);
        }
    }

    /// A message of which nothing could be told has no line: the grammar wants an item at least (RFC 9051 §9, `msg-att`).
    fn end_message(&mut self, mut line: Vec<u8>, start: Option<usize>) {
        if start.is_none_or(|start| line.len() > start) {
            line.extend_from_slice(b")\r\n");
            self.send(line);
        }
    }

    fn begin_message(&mut self, pieces: &mut Pieces, message: usize, first: &Piece) {
        let mut line = Vec::new();
        let there = *first != Piece::Gone && self.message_head(&mut line, &mut pieces.fetching, message);
        pieces.fetching.gone |= !there;
        // What stands after the parenthesis is an item.
        let paren = line.iter().position(|octet| *octet == b'(').map_or(0, |at| at + 1);
        pieces.start = paren;
        pieces.relayed = false;
        pieces.line = there.then_some(line);
    }

    /// Writes one piece. What is long is for the driver to relay.
    fn body(
        &self,
        line: &mut Vec<u8>,
        (label, start): (&[u8], Option<usize>),
        (want, piece): (Option<&Want>, Piece),
        failed: &mut Option<Reply>,
    ) -> Option<Relay> {
        match piece {
            Piece::UnknownCte => *failed = Some(Refusal::UnknownCte.into()),
            Piece::Damaged => *failed = Some(Refusal::Corrupted.into()),
            _ => {}
        }
        // RFC 3516 §7: a size is a number, and where there is none the item is left out. Octets may be NIL.
        let is_size = matches!(want, Some(Want::BinarySize(_)));
        if matches!(piece, Piece::UnknownCte) || is_size && !matches!(piece, Piece::Size(_)) {
            return None;
        }
        let binary = matches!(want, Some(Want::Binary(..)));
        match start {
            Some(start) => space(line, start),
            None => line.push(b' '),
        }
        line.extend_from_slice(label);
        line.push(b' ');
        match piece {
            Piece::Here(octets) => {
                announce(line, octets.len() as u64, binary);
                line.extend_from_slice(&octets);
            }
            Piece::Stored { source, offset, octets } => {
                announce(line, octets, binary);
                return Some(Relay { source, framing: Framing::Range { offset, octets } });
            }
            Piece::Size(octets) => text::number(line, octets),
            Piece::Absent | Piece::Gone | Piece::Damaged | Piece::UnknownCte => line.extend_from_slice(b"NIL"),
        }
        None
    }
}

/// RFC 3516 §4.2: decoded content may hold NUL, and goes as `literal8`.
fn announce(line: &mut Vec<u8>, octets: u64, binary: bool) {
    if binary {
        line.push(b'~');
    }
    text::literal(line, octets);
}
