//! Mail fetched by POP3 (RFC 1939): one visit to a maildrop. Owns what is fetched and what is removed, and in which order,
//! so that a cut at any point neither loses a message nor fetches it twice: a message is removed only after it is in the
//! [`Basket`] for good, which remembers its UIDL. Where messages go is the basket's; what is said is `wire`'s.

mod basket;
mod desk;
mod files;
mod remote;
#[cfg(test)]
mod tests;

pub use basket::{Basket, MirrorBasket};
pub use files::{FileBasket, Memory, Target};
pub use remote::Pop3Remote;

use crate::dialing;
use crate::progress::Watcher;
use crate::trouble::{Kind, Trouble};
use desk::{Visit, VisitDesk};
use net::{Reason, Surroundings};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use wire::pop3::client::{Client, Outcome, Profile, Said, Stage};
use wire::smtp::client::limits::RANDOM;

/// Messages of one maildrop that are looked at: more than anybody fetches, and what memory is for.
pub const MAILDROP_MAX: usize = 1_000_000;

/// What becomes of messages on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// They stay.
    Keep,
    /// They are removed once they are here.
    Delete,
    /// They are removed so long after they came here.
    DeleteAfter(Duration),
}

/// What came of a visit.
#[derive(Debug, Default)]
pub struct Visited {
    /// Messages that are new here.
    pub fetched: u64,
    /// Messages that were here before.
    pub known: u64,
    /// Messages the server removed; it said so.
    pub deleted: u64,
    /// Messages that were too large to be fetched, or that the server would not give, and why.
    pub left: Vec<String>,
    /// What ended it before its time.
    pub trouble: Option<Trouble>,
}

/// Visits a maildrop once, over a connection that was made. `host` is for words.
pub async fn visit<S, B>(
    connection: S,
    around: &Surroundings,
    profile: Profile,
    (basket, leave): (&mut B, Leave),
    (host, watcher): (&str, &Watcher),
) -> Visited
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    B: Basket,
{
    let mut random = [0; RANDOM];
    if aws_lc_rs::rand::fill(&mut random).is_err() {
        let trouble = Trouble::new(Kind::Software, "the system gives no random numbers");
        return Visited { trouble: Some(trouble), ..Visited::default() };
    }
    let message_max = profile.message_max;
    let session = Client::new(around.clock.now(), profile, random);
    let mut visit = Visit::new(basket, leave, message_max, watcher);
    let ended = net::drive(connection, session, VisitDesk(&mut visit), around).await;
    let mut visited = visit.end();
    if visited.trouble.is_none() {
        visited.trouble = visit.lost.take().map(|outcome| explain(&outcome, &ended.reason, host));
    }
    visited
}

/// Why a session ended, for people.
fn explain(outcome: &Outcome, reason: &Reason, host: &str) -> Trouble {
    let what = match outcome.stage {
        Stage::Greeting => "greeted us",
        Stage::Capability | Stage::StartTls | Stage::Handshake => "was ready",
        Stage::Login => "let us in",
        Stage::Ready | Stage::Task => "was done",
        Stage::Quit => "confirmed what it removed (nothing is lost: the next visit removes it)",
    };
    match (&outcome.said, reason) {
        (_, reason @ Reason::Tls(error)) => {
            let kind = if dialing::is_distrust(error) { Kind::NotAllowed } else { Kind::TryAgain };
            Trouble::new(kind, dialing::explain(reason, host))
        }
        (Said::No(reply), _) if reply.is_temporary() => {
            Trouble::new(Kind::TryAgain, format!("{host} says: {}", reply.text))
        }
        (Said::No(reply), _) => {
            let kind = if outcome.stage == Stage::Login { Kind::NotAllowed } else { Kind::Unavailable };
            Trouble::new(kind, format!("{host} says: {}", reply.text))
        }
        (Said::Closed, _) => Trouble::new(Kind::TryAgain, format!("{host} closed the connection before it {what}")),
        (Said::TimedOut, _) => {
            Trouble::new(Kind::TryAgain, format!("{host} said nothing for too long before it {what}"))
        }
        (Said::Garbage(text), _) => {
            Trouble::new(Kind::Protocol, format!("{host} does not speak POP3 as it should: {text:?}"))
        }
        (Said::TooLong, _) => {
            Trouble::new(Kind::Protocol, format!("{host} sends a message that is longer than it said"))
        }
        (Said::Refused(refusal), _) => Trouble::new(refused(*refusal), format!("{host}: {refusal}")),
    }
}

fn refused(refusal: wire::pop3::client::Refusal) -> Kind {
    use wire::pop3::client::Refusal;
    match refusal {
        Refusal::NoTls | Refusal::NoLogin => Kind::Unavailable,
        Refusal::Unsayable => Kind::Data,
        Refusal::Unproven => Kind::NotAllowed,
        Refusal::Stopping => Kind::Cancelled,
    }
}
