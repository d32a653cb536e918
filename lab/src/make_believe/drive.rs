//! Runs one session over a [`line`](super::line), as `net::drive` does over a socket: the laws are those of
//! [`wire::session`]. No TLS: nobody in a make-believe internet offers it.

use super::line::{Came, End};
use super::timeline::Timeline;
use wire::dot::Stuffer;
use wire::{Desk, Event, Framing, Relay, Session, Step};

/// Steps a session may still take after its peer has gone, as in `net`.
const LAST_STEPS: usize = 1000;

struct Drive<'a, D: Desk> {
    timeline: &'a Timeline,
    line: &'a End,
    session: D::Session,
    desk: D,
    /// What came and was not taken, or was taken by the last call.
    input: Vec<u8>,
    taken: usize,
}

/// Why it stopped.
enum Stopped {
    Closed,
    Lost,
}

/// Runs a session to its end.
pub(super) async fn drive<D: Desk>(timeline: &Timeline, line: &End, session: D::Session, desk: D)
where
    D::Session: Send,
{
    let mut drive = Drive { timeline, line, session, desk, input: Vec::new(), taken: 0 };
    if let Stopped::Lost = drive.run().await {
        drive.bury().await;
    }
}

impl<D: Desk> Drive<'_, D>
where
    D::Session: Send,
{
    async fn run(&mut self) -> Stopped {
        let mut ticked = None;
        loop {
            if let Some(stopped) = self.obey().await {
                return stopped;
            }
            let moved = self.taken > 0;
            self.input.drain(..self.taken);
            self.taken = 0;
            if !moved || self.input.is_empty() {
                let deadline = self.session.deadline().filter(|deadline| ticked != Some(*deadline));
                let awaits_news = self.session.awaits_news();
                let came = tokio::select! {
                    biased;
                    came = self.line.receive(&mut self.input, deadline) => Some(came),
                    () = self.desk.news(), if awaits_news => None,
                };
                let Some(came) = came else {
                    self.session.event(self.timeline.now(), Event::News);
                    continue;
                };
                match came {
                    Came::Octets => {}
                    Came::Closed => return Stopped::Lost,
                    Came::Nothing => {
                        ticked = deadline;
                        self.session.tick(self.timeline.now());
                        continue;
                    }
                }
            }
            self.taken = self.session.receive(self.timeline.now(), &self.input).min(self.input.len());
        }
    }

    /// Does what the session says until it wants input.
    async fn obey(&mut self) -> Option<Stopped> {
        loop {
            match self.session.step() {
                Step::Send(octets) => self.line.send(&octets),
                Step::Content(range) => self.content(range).await,
                Step::Ask(ask) => self.ask(ask).await,
                Step::Relay(relay) if self.relay(relay).await => {}
                // Content that cannot be read any more ends the connection, as do TLS and compression, which nobody offered.
                Step::Relay(_) | Step::StartTls | Step::Compress => return Some(Stopped::Lost),
                Step::Read => return None,
                // Nobody here turns roles round.
                Step::Close | Step::Turn => return Some(Stopped::Closed),
            }
        }
    }

    async fn content(&mut self, range: std::ops::Range<usize>) {
        self.desk.content(self.input.get(range).unwrap_or_default()).await;
    }

    async fn ask(&mut self, ask: <D::Session as Session>::Ask) {
        let answer = self.desk.answer(self.timeline.now(), ask).await;
        self.session.answer(self.timeline.now(), answer);
    }

    /// Streams stored content; `false` when it cannot be read.
    async fn relay(&mut self, relay: Relay) -> bool {
        let mut stuffer = match relay.framing {
            Framing::Raw | Framing::Range { .. } => None,
            Framing::DotStuffed { lines } => Some(Stuffer::new(lines)),
        };
        let ((mut offset, mut left), mut framed) = (relay.framing.extent(), Vec::new());
        while left > 0 && !stuffer.as_ref().is_some_and(Stuffer::is_done) {
            let Some(mut chunk) = self.desk.read(relay.source, offset).await else { return false };
            if chunk.is_empty() && relay.framing.is_whole() {
                break;
            }
            if chunk.is_empty() {
                return false;
            }
            chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= chunk.len() as u64;
            offset += chunk.len() as u64;
            match &mut stuffer {
                Some(stuffer) => stuffer.push(&chunk, &mut framed),
                None => framed.extend_from_slice(&chunk),
            }
        }
        if let Some(stuffer) = &mut stuffer {
            stuffer.finish(&mut framed);
        }
        self.line.send(&framed);
        true
    }

    /// The peer is gone: session and desk drop what was begun.
    async fn bury(&mut self) {
        self.session.event(self.timeline.now(), Event::PeerClosed);
        for _ in 0..LAST_STEPS {
            match self.session.step() {
                Step::Send(_) => {}
                Step::Content(range) => self.content(range).await,
                Step::Ask(ask) => self.ask(ask).await,
                Step::Relay(_) | Step::StartTls | Step::Compress | Step::Read | Step::Close | Step::Turn => return,
            }
        }
    }
}
