//! The one loop that drives every protocol session: it carries octets between a connection and a [`Session`], puts
//! the session's questions to its [`Desk`], keeps its deadlines and tells it what happens to the connection. The
//! contract is in [`wire::session`]. Owns buffers, timeouts and TLS in place; knows no protocol.

mod input;
mod output;

use crate::clock::Clock;
use crate::seat::{LAG_MAX, Seat};
use crate::stream::Stream;
use crate::tls;
use bytes::Bytes;
use input::Input;
use output::Output;
use rustls::pki_types::ServerName;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use wire::dot::Stuffer;
use wire::{Desk, Event, Framing, Relay, Session, Standing, Step, Time};

/// How long a desk may think before the replies gathered so far are sent; below it a pipelining client gets them in
/// one piece (RFC 2920 §3.2).
const THINKING: Duration = Duration::from_millis(20);

/// Steps a session may still take after its peer has gone; far more than dropping a transaction needs.
const LAST_STEPS: usize = 1000;

/// Replies in a row a stranger gets without having asked for anything that matters (no sender, recipient or login, no
/// content); then it waits for [`BRAKE`], after as many again for twice as long, and so on up to [`BRAKES_MAX`] times
/// doubled. No client needs a tenth of them, and a thousand that send nothing but NOOP leave the processor to others.
const CHATTER: u32 = 100;
const BRAKES_MAX: u32 = 5;
const BRAKE: Duration = Duration::from_secs(1);

/// How long a connection waits before it counts as being at rest, and gives back what only those need that are talking:
/// longer than a client takes for its next command, so that buffers do not come and go with every one.
const REST_AFTER: Duration = Duration::from_secs(2);

/// How long a stranger may leave replies unread while its session has no deadline, as when it has said goodbye.
const STRANGER_UNREAD: Duration = Duration::from_secs(60);

/// What a connection needs besides its two ends.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What tells the time.
    pub clock: Clock,
    /// Becomes `true` when the server is about to stop.
    pub drain: watch::Receiver<bool>,
    /// Whether and when TLS is spoken.
    pub security: Security,
    /// Where it is told what comes of the connection, and from where it may be dismissed.
    pub seat: Arc<Seat>,
}

/// TLS on a connection.
#[derive(Clone, Debug)]
pub enum Security {
    /// Never.
    Plain,
    /// When the session says so (RFC 3207, RFC 2595).
    StartTls(Handshake),
    /// From the first octet on (RFC 8314).
    Implicit(Handshake),
}

/// Which end of a handshake we are.
#[derive(Clone, Debug)]
pub enum Handshake {
    /// The server's.
    Accept(Arc<rustls::ServerConfig>),
    /// The client's, of a server that is called so.
    Connect(Arc<rustls::ClientConfig>, ServerName<'static>),
}

/// How a session ended.
#[derive(Debug)]
pub struct Ended {
    /// Why.
    pub reason: Reason,
    /// Octets from the peer, inside TLS.
    pub received: u64,
    /// Octets to the peer, inside TLS.
    pub sent: u64,
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// The session said goodbye.
    #[error("closed")]
    Closed,
    /// The peer closed its side.
    #[error("the peer closed the connection")]
    PeerClosed,
    /// The peer did not read what was sent to it.
    #[error("the peer stopped reading")]
    Stalled,
    /// Others needed its place, or too little came for too long.
    #[error("dismissed: too little came of it")]
    Dismissed,
    /// What let the peer in lets it in no more.
    #[error("revoked: its login is no longer good")]
    Revoked,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(std::io::Error),
    /// The TLS handshake failed.
    #[error("no TLS: {0}")]
    Tls(#[from] tls::HandshakeError),
    /// The session gave the connection away, for the roles are turned round.
    #[error("turned round")]
    Turned,
    /// Stored content could not be read to its end.
    #[error("stored content could not be read")]
    Unreadable,
    /// The session took nothing from a full buffer, or asked for TLS where there is none: a defect of ours.
    #[error("the session cannot go on")]
    Stuck,
}

/// What a session leaves that turns the roles round: for another session to go on.
pub struct Turned<S, D> {
    /// The connection, inside TLS where it was; nothing read from it waits.
    pub connection: Stream<S>,
    /// The desk of the session that ended.
    pub desk: D,
}

/// Runs one session to its end. Where the session turns the roles round, the connection is closed.
pub fn drive<S, D>(
    transport: S,
    session: D::Session,
    desk: D,
    around: &Surroundings,
) -> impl Future<Output = Ended> + Send
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    D: Desk,
    D::Session: Send,
{
    let driving = drive_turning(transport, session, desk, around);
    async move { driving.await.0 }
}

/// Runs one session to its end; with what it leaves where it turns the roles round. No `async fn`: that would hold session
/// and desk twice, as arguments and in the loop. On the heap, since whoever awaits it would hold it twice, too.
pub fn drive_turning<S, D>(
    transport: S,
    session: D::Session,
    desk: D,
    around: &Surroundings,
) -> impl Future<Output = (Ended, Option<Box<Turned<S, D>>>)> + Send
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    D: Desk,
    D::Session: Send,
{
    let drain = around.drain.clone();
    let (input, output) = (Input::new(), Output::new(Stream::Plain(transport)));
    let mut drive = Drive {
        input,
        output,
        session,
        desk,
        around,
        drain,
        draining_told: false,
        ticked: None,
        parting: None,
        chatter: 0,
        brakes: 0,
    };
    Box::pin(async move {
        let reason = match drive.run().await {
            Ok(()) => Reason::Closed,
            Err(Reason::Turned) => Reason::Turned,
            Err(reason) => {
                // Boxed, as all that is large and seldom.
                Box::pin(drive.bury()).await;
                reason
            }
        };
        let turned = matches!(reason, Reason::Turned);
        let ended = Ended { reason, received: drive.input.received(), sent: drive.output.sent() };
        let left = || Box::new(Turned { connection: drive.output.into_stream(), desk: drive.desk });
        (ended, turned.then(left))
    })
}

/// One session under way.
struct Drive<'a, S, D: Desk> {
    input: Input,
    output: Output<S>,
    session: D::Session,
    desk: D,
    around: &'a Surroundings,
    drain: watch::Receiver<bool>,
    draining_told: bool,
    /// The deadline that was ticked last: one that stays after its tick is not ticked again and again.
    ticked: Option<Time>,
    /// The session was told to end, for this reason.
    parting: Option<Reason>,
    /// Replies since something came of the connection, or since the last pause.
    chatter: u32,
    /// Pauses since something came of the connection.
    brakes: u32,
}

/// What follows when a session has no more steps.
enum Next {
    Read,
    Close,
}

/// What ended a wait.
enum Woken {
    Draining,
    Dismissed,
    Revoked,
    Deadline,
    News,
    Read(std::io::Result<usize>),
}

impl<S, D> Drive<'_, S, D>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    D: Desk,
{
    async fn run(&mut self) -> Result<(), Reason> {
        if let Security::Implicit(handshake) = &self.around.security {
            Box::pin(self.start_tls(handshake.clone())).await?;
        }
        loop {
            if let Next::Close = self.obey().await? {
                return self.close().await;
            }
            let moved = self.input.drop_taken() > 0;
            if self.chatter >= CHATTER && self.session.standing() == Standing::Stranger {
                self.brake().await?;
            }
            let unread = moved && self.input.has_unread();
            if !unread && !self.wait().await? {
                continue;
            }
            let taken = self.session.receive(self.now(), self.input.unread());
            self.input.took(taken);
        }
    }

    async fn close(&mut self) -> Result<(), Reason> {
        if let Some(reason) = self.parting.take() {
            self.output.part().await;
            return Err(reason);
        }
        self.flush().await?;
        self.output.close().await;
        Ok(())
    }

    /// Does what the session says until it wants input or the end.
    async fn obey(&mut self) -> Result<Next, Reason> {
        loop {
            match self.session.step() {
                Step::Send(octets) => self.send(&octets).await?,
                Step::Content(range) => {
                    (self.chatter, self.brakes) = (0, 0);
                    self.around.seat.came(range.len(), self.now());
                    Box::pin(self.desk.content(self.input.given(range))).await;
                }
                Step::Ask(ask) => self.ask(ask).await?,
                Step::Relay(relay) => self.relay(relay).await?,
                Step::StartTls => {
                    let Security::StartTls(handshake) = &self.around.security else { return Err(Reason::Stuck) };
                    // Boxed, as all that is large and seldom: it would make every connection larger all its life.
                    Box::pin(self.start_tls(handshake.clone())).await?;
                }
                Step::Compress => {
                    self.flush().await?;
                    self.output.compress(self.input.untaken())?;
                    self.input.clear();
                }
                Step::Read => return Ok(Next::Read),
                Step::Close => return Ok(Next::Close),
                Step::Turn => {
                    self.flush().await?;
                    self.input.clear();
                    return Err(Reason::Turned);
                }
            }
        }
    }

    async fn send(&mut self, octets: &Bytes) -> Result<(), Reason> {
        self.output.gather(octets);
        self.chatter += 1;
        if self.output.is_full() { self.flush().await } else { Ok(()) }
    }

    /// Writes what was gathered; meanwhile the connection may be dismissed.
    async fn flush(&mut self) -> Result<(), Reason> {
        let patience = self.patience(output::REPLIES_UNREAD);
        let standing = self.session.standing();
        let flushing = pin!(self.output.flush_replies(patience));
        dismissible(&self.around.seat, standing, flushing).await?
    }

    /// Makes a stranger wait that talks without saying anything.
    async fn brake(&mut self) -> Result<(), Reason> {
        self.flush().await?;
        let pause = self.patience(BRAKE * 2_u32.pow(self.brakes));
        (self.chatter, self.brakes) = (0, BRAKES_MAX.min(self.brakes + 1));
        let pause = pin!(async {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // What is said at the end of the server is heard by the next wait.
                () = told(&mut self.drain), if !self.draining_told => {}
            }
        });
        dismissible(&self.around.seat, self.session.standing(), pause).await
    }

    /// How long the peer may take for what it has to do: strangers have no longer than their session's deadline.
    fn patience(&self, limit: Duration) -> Duration {
        if self.session.standing() != Standing::Stranger {
            return limit;
        }
        let left = self.session.deadline().map(|deadline| deadline.since(self.now()));
        left.unwrap_or(STRANGER_UNREAD).min(limit)
    }

    /// Puts a question to the desk. A connection that breaks meanwhile does not cut the answer off: what the desk has
    /// begun is finished, so that session and desk agree on what happened.
    async fn ask(&mut self, ask: <D::Session as Session>::Ask) -> Result<(), Reason> {
        let now = self.now();
        let leads_on = D::Session::leads_on(&ask);
        let mut flushed = Ok(());
        let answer = {
            // On the heap while it lasts: what a desk does for an answer is large, and who waits for its peer asks nothing.
            let mut thinking = Box::pin(self.desk.answer(now, ask));
            tokio::select! {
                biased;
                answer = &mut thinking => answer,
                done = self.output.flush_later(THINKING) => {
                    flushed = done;
                    thinking.await
                }
            }
        };
        let now = self.now();
        let came = leads_on && !D::Session::is_refusal(&answer);
        self.session.answer(now, answer);
        if came {
            (self.chatter, self.brakes) = (0, 0);
            self.around.seat.came_forward(now);
        }
        flushed
    }

    /// Streams stored content to the peer.
    async fn relay(&mut self, relay: Relay) -> Result<(), Reason> {
        let mut stuffer = match relay.framing {
            Framing::Raw | Framing::Range { .. } => None,
            Framing::DotStuffed { lines } => Some(Stuffer::new(lines)),
        };
        let (mut offset, mut left) = relay.framing.extent();
        while left > 0 && !stuffer.as_ref().is_some_and(Stuffer::is_done) {
            let mut chunk = self.desk.read(relay.source, offset).await.ok_or(Reason::Unreadable)?;
            if chunk.is_empty() && relay.framing.is_whole() {
                break;
            }
            if chunk.is_empty() {
                return Err(Reason::Unreadable);
            }
            chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= chunk.len() as u64;
            offset += chunk.len() as u64;
            match &mut stuffer {
                Some(stuffer) => stuffer.push(&chunk, self.output.buffer()),
                None => self.output.gather(&chunk),
            }
            // What is small goes out with what follows it: one write for a whole message, or several answers.
            if self.output.is_full() {
                self.output.flush_relay().await?;
            }
        }
        if let Some(stuffer) = &mut stuffer {
            stuffer.finish(self.output.buffer());
        }
        Ok(())
    }

    /// TLS in place. What was buffered in either direction was said without protection and counts for nothing inside
    /// it (RFC 3207 §4.2).
    async fn start_tls(&mut self, handshake: Handshake) -> Result<(), Reason> {
        self.flush().await?;
        self.input.clear();
        let patience = self.patience(tls::HANDSHAKE_LIMIT);
        let standing = self.session.standing();
        let facts = {
            let shaking = pin!(self.output.start_tls(handshake, patience));
            dismissible(&self.around.seat, standing, shaking).await??
        };
        let now = self.now();
        self.around.seat.came_forward(now);
        self.around.seat.secured(&facts);
        self.session.event(now, Event::TlsStarted(facts));
        Ok(())
    }

    /// Writes what was gathered and waits for input, the deadline or the end of the server. `true`: there is new input.
    async fn wait(&mut self) -> Result<bool, Reason> {
        if !self.input.make_room() {
            return Err(Reason::Stuck);
        }
        let (patience, standing) = (self.patience(output::REPLIES_UNREAD), self.session.standing());
        let deadline = self.session.deadline().filter(|deadline| self.ticked != Some(*deadline));
        // Who lags too far is let go, whatever its session thinks of it.
        let lapse = (standing != Standing::Entitled).then(|| self.around.seat.accounted().after(LAG_MAX));
        let rest = (self.input.holds() || self.output.holds()).then(|| self.now().after(REST_AFTER));
        let until = deadline.into_iter().chain(lapse).chain(rest).min();
        let around = self.around;
        let waits = !self.is_outside();
        around.seat.rest(standing);
        let woken = {
            let waiting = pin!(self.woken(until, patience));
            tokio::select! {
                biased;
                () = around.seat.parted(), if waits => None,
                woken = waiting, if waits => Some(woken),
                else => None,
            }
        };
        let woken = match woken.filter(|_| around.seat.rise()) {
            Some(woken) => woken?,
            None if self.is_outside() => Woken::Revoked,
            None => Woken::Dismissed,
        };
        match woken {
            Woken::Deadline if until == lapse => self.part(Event::Dismissed, Reason::Dismissed),
            Woken::Dismissed => self.part(Event::Dismissed, Reason::Dismissed),
            Woken::Revoked => self.part(Event::Revoked, Reason::Revoked),
            Woken::Read(Ok(0)) => return Err(Reason::PeerClosed),
            Woken::Read(Ok(_)) => return Ok(true),
            Woken::Read(Err(error)) => return Err(output::reason_for(error)),
            Woken::Draining => {
                self.draining_told = true;
                self.session.event(self.now(), Event::Draining);
            }
            Woken::News => self.session.event(self.now(), Event::News),
            Woken::Deadline if until != deadline => {
                self.input.rest();
                self.output.rest();
                self.session.rest();
                self.desk.rest();
            }
            Woken::Deadline => {
                self.ticked = deadline;
                self.session.tick(self.now());
            }
        }
        Ok(false)
    }

    /// Writes what was gathered; then the first that comes of what a wait may end with, but dismissal.
    async fn woken(&mut self, until: Option<Time>, patience: Duration) -> Result<Woken, Reason> {
        self.output.flush_replies(patience).await?;
        let awaits_news = self.session.awaits_news();
        Ok(tokio::select! {
            biased;
            () = told(&mut self.drain), if !self.draining_told => Woken::Draining,
            () = self.around.clock.sleep_until(until.unwrap_or_default()), if until.is_some() => Woken::Deadline,
            read = self.input.read(self.output.stream()) => Woken::Read(read),
            () = self.desk.news(), if awaits_news => Woken::News,
        })
    }

    /// The session says goodbye.
    fn part(&mut self, event: Event, reason: Reason) {
        self.parting = Some(reason);
        self.session.event(self.now(), event);
    }

    /// What let the peer in lets it in no more, and the session was not told yet.
    fn is_outside(&self) -> bool {
        self.around.seat.is_revoked() && self.parting.is_none()
    }

    /// The connection is lost: lets session and desk drop what was begun.
    async fn bury(&mut self) {
        self.session.event(self.now(), Event::PeerClosed);
        for _ in 0..LAST_STEPS {
            match self.session.step() {
                Step::Send(_) => {}
                Step::Content(range) => self.desk.content(self.input.given(range)).await,
                Step::Ask(ask) => {
                    let answer = self.desk.answer(self.now(), ask).await;
                    self.session.answer(self.now(), answer);
                }
                Step::Relay(_) | Step::StartTls | Step::Compress | Step::Read | Step::Close | Step::Turn => return,
            }
        }
    }

    fn now(&self) -> Time {
        self.around.clock.now()
    }
}

/// Does what only waits for the peer, so that the connection may be dismissed meanwhile. Pinned by the caller: as an
/// argument it would be held twice.
async fn dismissible<T>(
    seat: &Seat,
    standing: Standing,
    waiting: Pin<&mut impl Future<Output = T>>,
) -> Result<T, Reason> {
    seat.rest(standing);
    let done = tokio::select! {
        biased;
        () = seat.dismissed() => None,
        done = waiting => Some(done),
    };
    done.filter(|_| seat.rise()).ok_or(Reason::Dismissed)
}

/// Returns when the server is about to stop; never when nobody is left who could say so.
pub(crate) async fn told(drain: &mut watch::Receiver<bool>) {
    if drain.wait_for(|draining| *draining).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;
