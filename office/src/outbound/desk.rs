//! The desk of one connection to another server: gives the client session one message after the other in the form the
//! peer takes, and settles what came of each before the next goes out: between two that is all that can be sent twice. The
//! next is read and made ready meanwhile.

use super::content::{Form, Unfit};
use super::errand::{Errand, Settling, Unsettled};
use super::settle::{Judgement, Loss};
use super::work::Work;
use super::{Outbound, words};
use bytes::Bytes;
use message::{Address, Time};
use parking_lot::Mutex;
use queue::plan::Outcome as Reached;
use queue::{Verdict, judge};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use store::op::Claimed;
use store::query::{Claims, OutgoingMessage};
use wire::Desk;
use wire::smtp::client::{Answer, Ask, Client, Conclusion, Facts, Outcome, Said, Stage, Transaction};
use wire::smtp::{Body, Enhanced, ForwardPath, Notify, Recipient, Return, ReversePath};

/// How long a connection is kept for the next message to the same destination.
const LINGER: Duration = Duration::from_secs(2);

/// The desk of one connection.
pub struct ClientDesk {
    outbound: Outbound,
    errand: Arc<Mutex<Errand>>,
    facts: Option<Box<Facts>>,
    sending: Option<Sending>,
    /// The peer did not take a message that the next host may take: nothing more goes over this connection.
    parting: bool,
    sources: u64,
}

/// The message under way.
struct Sending {
    work: Work,
    form: Form,
    source: u64,
}

impl ClientDesk {
    pub(super) fn new(outbound: Outbound, errand: Arc<Mutex<Errand>>) -> ClientDesk {
        ClientDesk { outbound, errand, facts: None, sending: None, parting: false, sources: 0 }
    }

    async fn next(&mut self, now: Time, facts: Box<Facts>) -> Answer {
        let max = facts.extensions.transactions_max;
        let worn = max.is_some_and(|max| facts.transactions >= u64::from(max));
        while !self.parting && !worn {
            let Some(work) = self.next_work(now, facts.transactions > 0).await else { break };
            if let Some(transaction) = self.prepare(now, work, &facts).await {
                self.facts = Some(facts);
                self.settled().await;
                return Answer::Transaction(Box::new(transaction));
            }
        }
        self.settled().await;
        Answer::Quit
    }

    /// The message before is settled.
    async fn settled(&self) {
        let settling = self.errand.lock().settling.take();
        if let Some(settling) = settling {
            settling.0.await;
        }
    }

    /// The message this connection was made for, then whatever waits for the same destination.
    async fn next_work(&self, now: Time, began: bool) -> Option<Work> {
        let (own, destination) = {
            let mut errand = self.errand.lock();
            (errand.work.take(), errand.destination.clone())
        };
        if own.is_some() {
            return own;
        }
        if self.errand.lock().fetched.is_some() {
            return self.outbound.next_fetched(now, &self.errand).await;
        }
        let inner = &self.outbound.inner;
        let waiting = || inner.window.lock().next_for(&destination, now);
        let found = waiting();
        if found.is_some() {
            return found;
        }
        // Nothing goes on beside it any more.
        self.settled().await;
        match waiting() {
            None if began && self.outbound.policy().outbound.linger => {
                let offered = inner.offered.notified();
                tokio::time::timeout(LINGER, offered).await.ok()?;
                waiting()
            }
            found => found,
        }
    }

    /// What is said and sent of a message; `None` where it was settled without.
    async fn prepare(&mut self, now: Time, mut work: Work, facts: &Facts) -> Option<Transaction> {
        let outbox = work.outbox()?;
        let store = self.outbound.store().clone();
        let claims = Claims { outbox, token: self.outbound.inner.token };
        let read = match work.message.is_some() {
            true => store.read(claims).await.map(|claims| (claims, None)),
            false => store.read((claims, OutgoingMessage { outbox })).await,
        };
        match read {
            Ok((claims, message)) => {
                work.keep(&claims);
                work.message = work.message.take().or(message);
            }
            Err(error) => return self.unfit(now, work, Unfit::Store(error)).await,
        }
        let Some(message) = work.message.as_ref().filter(|_| !work.rows.is_empty()) else {
            // An administrator took it away, or holds it.
            self.outbound.finish(&mut work, now, Reached::Reached).await;
            return None;
        };
        let (form, body) = match Form::of(&store, message, &facts.extensions).await {
            Ok(form) => form,
            Err(unfit) => return self.unfit(now, work, unfit).await,
        };
        self.sources += 1;
        let transaction = Transaction {
            reverse_path: reverse_path(&message.reverse_path),
            recipients: work.rows.iter().map(recipient).collect(),
            body: if message.smtputf8 && facts.extensions.eight_bit_mime { Body::EightBitMime } else { body },
            smtputf8: message.smtputf8,
            ret: message.ret.as_deref().map(|ret| if ret == "HDRS" { Return::Headers } else { Return::Full }),
            envid: message.envid.clone(),
            size: form.size(),
            source: self.sources,
        };
        self.sending = Some(Sending { work, form, source: self.sources });
        Some(transaction)
    }

    /// The message cannot be sent to this peer, or not read.
    async fn unfit(&self, now: Time, mut work: Work, unfit: Unfit) -> Option<Transaction> {
        let (verdict, words) = match unfit {
            Unfit::Obstacle(obstacle) => {
                let words = format!("the other server takes only seven bits, and {}", words::obstacle(obstacle));
                (Verdict::Fail { status: Enhanced(5, 6, 3) }, words)
            }
            Unfit::Store(store::StoreError::Damaged { what }) => {
                (Verdict::Fail { status: Enhanced(5, 3, 0) }, format!("the message is damaged here: {what}"))
            }
            Unfit::Store(error) => (
                Verdict::Retry { class: queue::Class::Ordinary, status: Enhanced(4, 3, 0) },
                format!("the message could not be read here: {error}"),
            ),
        };
        let judgement = Judgement { verdict, words, remote: None, reply: None, passes_on: false };
        let rows = std::mem::take(&mut work.rows).into_iter().map(|row| (row, judgement.clone())).collect();
        self.outbound.settle(now, &work, rows).await;
        self.outbound.finish(&mut work, now, Reached::Reached).await;
        None
    }

    async fn concluded(&mut self, now: Time, conclusion: Conclusion) {
        let Some(Sending { mut work, .. }) = self.sending.take() else { return };
        let accepted = conclusion.outcomes.iter().filter(|outcome| outcome.stage != super::settle::RCPT).count();
        let (mut settled, mut left) = (Vec::new(), Vec::new());
        {
            let mut errand = self.errand.lock();
            let history = errand.history(accepted);
            for (row, outcome) in std::mem::take(&mut work.rows).into_iter().zip(&conclusion.outcomes) {
                if self.was_given_up(outcome) {
                    errand.again = true;
                    left.push(row);
                    continue;
                }
                let loss = Loss::of(&errand.stop, outcome);
                match judge(&loss.failure, &history) {
                    Verdict::NextHost { status } => {
                        errand.pass(status);
                        left.push(row);
                    }
                    verdict => settled.push((row, self.judgement(verdict, outcome, loss, &errand))),
                }
            }
        }
        if left.is_empty() {
            // Its place is free for the next message: nobody claims the rows before they are settled, for they are leased.
            self.outbound.finish(&mut work, now, Reached::Reached).await;
            return self.settle_beside(now, work, settled).await;
        }
        self.outbound.settle(now, &work, settled).await;
        work.rows = left;
        self.parting = true;
        self.errand.lock().work = Some(work);
    }

    /// Settles while the next message is made ready.
    async fn settle_beside(&self, now: Time, work: Work, rows: Vec<(Claimed, Judgement)>) {
        let outbound = self.outbound.clone();
        let mut settling: Settling = Box::pin(async move { outbound.settle(now, &work, rows).await });
        if begin(&mut settling).await.is_pending() {
            self.errand.lock().settling = Some(Unsettled(settling));
        }
    }

    /// Whether the peer gave up a connection that had carried messages, as those do that take a number of them only: that
    /// says nothing about this one. A new connection does, and on it this does not happen again.
    fn was_given_up(&self, outcome: &Outcome) -> bool {
        let carried = self.facts.as_ref().is_some_and(|facts| facts.transactions > 0);
        let given_up = match &outcome.said {
            Said::Reply(reply) => reply.code == 421,
            Said::Closed | Said::Garbage(_) => true,
            Said::TimedOut | Said::Refused(_) => false,
        };
        carried && given_up && outcome.stage == Stage::Mail
    }

    fn judgement(&self, verdict: Verdict, outcome: &Outcome, loss: Loss, errand: &Errand) -> Judgement {
        let tls = self.facts.as_ref().and_then(|facts| facts.tls.as_ref());
        let passes_on = self.facts.as_ref().is_some_and(|facts| facts.extensions.dsn);
        let words = match (&verdict, &outcome.said) {
            (Verdict::Sent, Said::Reply(reply)) => words::sent(&errand.stop, tls, reply),
            _ => loss.words,
        };
        Judgement { verdict, words, remote: Some(errand.stop.name.clone()), reply: loss.reply, passes_on }
    }
}

/// Gets a settlement under way.
async fn begin(settling: &mut Settling) -> Poll<()> {
    std::future::poll_fn(|context| Poll::Ready(settling.as_mut().poll(context))).await
}

fn reverse_path(text: &str) -> ReversePath {
    match Address::parse(text) {
        Ok(address) => ReversePath::Address(address),
        Err(_) => ReversePath::Null,
    }
}

fn recipient(row: &Claimed) -> Recipient {
    let notify = row.notify.map(|bits| Notify { success: bits & 1 != 0, failure: bits & 2 != 0, delay: bits & 4 != 0 });
    Recipient { forward_path: ForwardPath::Address(row.address.clone()), notify, orcpt: row.orcpt.clone() }
}

impl Desk for ClientDesk {
    type Session = Client;

    async fn answer(&mut self, now: Time, ask: Ask) -> Answer {
        match ask {
            Ask::Next(facts) => self.next(now, facts).await,
            Ask::Concluded(conclusion) => {
                self.concluded(now, conclusion).await;
                Answer::Done
            }
            Ask::Lost(outcome) => {
                self.settled().await;
                let mut errand = self.errand.lock();
                let untried = errand.work.is_some() && !self.parting;
                errand.lost = Loss::of_session(&errand.stop, &outcome, untried);
                Answer::Done
            }
        }
    }

    /// A client is sent no content.
    async fn content(&mut self, _bytes: &[u8]) {}

    async fn read(&mut self, source: u64, offset: u64) -> Option<Bytes> {
        let sending = self.sending.as_ref().filter(|sending| sending.source == source)?;
        match sending.form.read(self.outbound.store(), offset).await {
            Ok(chunk) => Some(chunk),
            Err(error) => {
                tracing::error!(%error, queue_id = ?sending.work.queue_id(), "a message cannot be read");
                None
            }
        }
    }
}
