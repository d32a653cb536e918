//! What came of a try, made durable: each recipient is done with, waits for the next try, or has failed, together with
//! the report to its sender and the line in its journey.

use super::history::History;
use super::report::Told;
use super::work::FETCHED;
use super::work::{Destination, Work};
use super::{Outbound, Stop, words};
use crate::counters::count;
use message::Time;
use queue::bounce::Kind;
use queue::plan::Outcome as Reached;
use queue::{Failure, Said, Stage, Verdict, When};
use store::StoreError;
use store::op::{Claimed, Deliver, Op, Outcome as Done, Settled, SettledRecipient, Settlement};
use store::types::TraceEntry;
use wire::smtp::client::{self, Outcome};
use wire::smtp::{Enhanced, Reply};

/// The stage at which one recipient alone is refused.
pub(super) const RCPT: client::Stage = client::Stage::Rcpt;

/// How long a recipient that is given back waits: nothing was said against it, but something is wrong.
const GIVEN_BACK_MS: u64 = 60_000;

/// Recipients given back in one operation of the store, which nothing else of the store waits long for.
const RELEASED_AT_ONCE: usize = 500;

/// What was decided about a recipient, and why.
#[derive(Clone, Debug)]
pub(super) struct Judgement {
    pub verdict: Verdict,
    /// Why, in one line.
    pub words: String,
    /// The host that decided, where one did.
    pub remote: Option<String>,
    /// What it said, where it did.
    pub reply: Option<Reply>,
    /// It takes what the sender wants to hear of over from us (RFC 3461 §5.2.1).
    pub passes_on: bool,
}

/// What went wrong, to be judged.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    pub failure: Failure,
    pub words: String,
    pub reply: Option<Reply>,
}

impl Loss {
    pub fn of(stop: &Stop, outcome: &Outcome) -> Loss {
        let said = match &outcome.said {
            client::Said::Reply(reply) => Said::Reply(reply.clone()),
            client::Said::Closed => Said::Closed,
            client::Said::TimedOut => Said::TimedOut,
            client::Said::Garbage(_) => Said::Garbage,
            client::Said::Refused(refusal) => Said::Refused(refusal.enhanced()),
        };
        let reply = match &outcome.said {
            client::Said::Reply(reply) => Some(reply.clone()),
            _ => None,
        };
        Loss { failure: Failure { stage: stage_of(outcome.stage), said }, words: words::outcome(stop, outcome), reply }
    }

    /// Of a session that ended outside of a transaction; `None` where that says nothing about the next message. One that
    /// ended with the message it was made for `untried` is a try that failed: else a peer that breaks off right
    /// after EHLO would be visited for ever.
    pub fn of_session(stop: &Stop, outcome: &Outcome, untried: bool) -> Option<Loss> {
        let idle = matches!(outcome.stage, client::Stage::Idle | client::Stage::Reset);
        let stopping = matches!(outcome.said, client::Said::Refused(client::Refusal::Stopping));
        ((untried || !idle) && !stopping).then(|| Loss::of(stop, outcome))
    }

    pub fn of_connecting(stop: &Stop, words: &str) -> Loss {
        let failure = Failure { stage: Stage::Connect, said: Said::Closed };
        Loss { failure, words: words::cut(format!("no connection to {stop}: {words}")), reply: None }
    }
}

fn stage_of(stage: client::Stage) -> Stage {
    match stage {
        client::Stage::Banner => Stage::Banner,
        client::Stage::Hello => Stage::Ehlo,
        client::Stage::StartTls => Stage::StartTls,
        client::Stage::Handshake => Stage::Tls,
        client::Stage::Auth => Stage::Auth,
        client::Stage::Idle | client::Stage::Reset | client::Stage::Mail => Stage::Mail,
        client::Stage::Rcpt => Stage::Rcpt,
        client::Stage::Data | client::Stage::Content => Stage::Data,
        client::Stage::Dot => Stage::Dot,
    }
}

/// What becomes of one recipient.
struct Fate {
    state: Settled,
    event: &'static str,
    detail: String,
    report: Option<super::report::Matter>,
}

impl Outbound {
    /// Settles recipients of one message. What the store cannot take now is kept and tried again.
    pub(super) async fn settle(&self, now: Time, work: &Work, rows: Vec<(Claimed, Judgement)>) {
        self.settle_after(now, now, work, rows).await;
    }

    /// The same; no next try comes before a time.
    async fn settle_after(&self, now: Time, earliest: Time, work: &Work, rows: Vec<(Claimed, Judgement)>) {
        if rows.is_empty() {
            return;
        }
        let mut settlement = Settlement {
            token: self.inner.token,
            now,
            recipients: Vec::with_capacity(rows.len()),
            reports: Vec::new(),
            trace: Vec::with_capacity(rows.len()),
        };
        let mut told = Vec::new();
        for (row, judgement) in rows {
            let fate = self.fate((now, earliest), &row, &judgement);
            if fate.event == "sent" {
                self.inner.office.counters().delays.add(now.since(row.created));
            }
            settlement.recipients.push(SettledRecipient {
                outbox: row.outbox,
                recipient: row.recipient,
                state: fate.state,
            });
            settlement.trace.push(TraceEntry {
                queue_id: row.queue_id,
                at: now,
                event: fate.event.to_owned(),
                address: Some(row.address.to_string()),
                detail: fate.detail,
            });
            if let Some(matter) = fate.report {
                told.push((row, judgement, matter));
            }
        }
        let reports = self.reports(now, work, &told, &mut settlement.trace).await;
        if let Some(why) = reports.put_off {
            self.put_off_failed(now, &mut settlement, &told, &why);
        }
        settlement.reports = reports.made;
        self.count(&settlement);
        self.apply(settlement).await;
    }

    /// Who has failed, and whose sender cannot be told for now, is not done with: it is tried again until it is too old.
    fn put_off_failed(&self, now: Time, settlement: &mut Settlement, told: &[Told], why: &str) {
        for (row, judgement, _) in told.iter().filter(|(_, _, matter)| matter.kind == Kind::Failed) {
            let at = |one: &SettledRecipient| (one.outbox, one.recipient) == (row.outbox, row.recipient);
            let Some(index) = settlement.recipients.iter().position(at) else { continue };
            let judgement = Judgement { words: format!("{}; {why}", judgement.words), ..judgement.clone() };
            // RFC 3463 §3.4: other or undefined mail system status.
            let class = (queue::Class::Ordinary, Enhanced(4, 3, 0));
            let fate = self.later((now, now), row, &judgement, class);
            if let Some(recipient) = settlement.recipients.get_mut(index) {
                recipient.state = fate.state;
            }
            if let Some(line) = settlement.trace.get_mut(index) {
                (line.event, line.detail) = (fate.event.to_owned(), fate.detail);
            }
        }
    }

    fn count(&self, settlement: &Settlement) {
        let counters = self.inner.office.counters();
        for line in settlement.trace.iter().take(settlement.recipients.len()) {
            let counter = match line.event.as_str() {
                "sent" => &counters.sent,
                "failed" => &counters.failed,
                _ => &counters.deferred,
            };
            count(counter, 1);
        }
        count(&counters.reported, settlement.reports.len());
    }

    async fn apply(&self, settlement: Settlement) {
        if let Err(error) = self.try_apply(&settlement).await {
            tracing::error!(%error, "what came of a try could not be written; it is tried again");
            self.inner.unsettled.lock().push(settlement);
        }
    }

    async fn try_apply(&self, settlement: &Settlement) -> Result<(), StoreError> {
        let done = self.store().apply(Op::Settle(Box::new(settlement.clone()))).await?;
        if let Some(due) = settlement.recipients.iter().filter_map(due).min() {
            self.announce(due);
        }
        if done != Done::Conflict || settlement.recipients.len() == 1 {
            return Ok(());
        }
        // One of them was taken away meanwhile: the others stand for themselves. Reports go with the first that is left.
        let mut reports: Vec<Deliver> = settlement.reports.clone();
        for (recipient, line) in settlement.recipients.iter().zip(&settlement.trace) {
            let one = Settlement {
                recipients: vec![recipient.clone()],
                reports: reports.clone(),
                trace: vec![line.clone()],
                ..settlement.clone()
            };
            if self.store().apply(Op::Settle(Box::new(one))).await? != Done::Conflict {
                reports.clear();
            }
        }
        Ok(())
    }

    /// What could not be written before.
    pub(super) async fn settle_again(&self) -> Result<(), StoreError> {
        loop {
            let Some(settlement) = self.inner.unsettled.lock().pop() else { return Ok(()) };
            if let Err(error) = self.try_apply(&settlement).await {
                self.inner.unsettled.lock().push(settlement);
                return Err(error);
            }
        }
    }

    fn fate(&self, (now, earliest): (Time, Time), row: &Claimed, judgement: &Judgement) -> Fate {
        match judgement.verdict {
            Verdict::Sent => Fate {
                state: Settled::Done,
                event: "sent",
                detail: judgement.words.clone(),
                report: super::report::Matter::of_sent(row, judgement.passes_on),
            },
            Verdict::Fail { status } => failed(row, judgement.words.clone(), status),
            Verdict::Retry { class, status } => self.later((now, earliest), row, judgement, (class, status)),
            Verdict::NextHost { status } => {
                self.later((now, earliest), row, judgement, (queue::Class::Ordinary, status))
            }
        }
    }

    fn later(
        &self,
        (now, earliest): (Time, Time),
        row: &Claimed,
        judgement: &Judgement,
        why: (queue::Class, Enhanced),
    ) -> Fate {
        let schedule = self.policy().outbound.terms(row.address.host()).schedule;
        let history = History::read(&row.history);
        let random = u64::from_be_bytes(self.inner.office.random());
        let (due, waited) = match schedule.next(now, row.created, history.waited(), (why.0, random)) {
            When::At(due, waited) => (due.max(earliest), waited),
            When::Expired => {
                let days = schedule.expire.as_secs() / 86_400;
                let words = format!("given up after {days} days; {}", judgement.words);
                // RFC 3463 §3.5: delivery time expired.
                return failed(row, words, Enhanced(4, 4, 7));
            }
        };
        let notice = schedule.delay_notice_due(now, row.created, history.noticed);
        let history = history.with(waited, notice);
        let said = judgement.words.clone();
        Fate {
            detail: format!("{said}; next try {}", message::date::write_iso8601(due)),
            state: Settled::Retry { due, said, history: history.write() },
            event: "deferred",
            report: notice.then(|| super::report::Matter::of_delay(row, why.1)).flatten(),
        }
    }

    /// A message is done with: its places in the window are free. Only then is given back what was withdrawn meanwhile: a
    /// recipient that has a place is not taken in anew.
    pub(super) async fn finish(&self, work: &mut Work, now: Time, reached: Reached) {
        if work.number != FETCHED {
            self.inner.window.lock().done(work, now, reached);
            self.inner.freed.notify_one();
        }
        let withdrawn = std::mem::take(&mut work.withdrawn);
        if let Err(error) = self.release(&withdrawn, now, now).await {
            tracing::warn!(%error, "what was held or rerouted could not be given back; it waits for its lease to end");
        }
    }

    /// Recipients whose destination could not be reached lately: they count as tried, and are not tried before it may
    /// be back.
    pub(super) async fn judge_unreached(&self, now: Time, rows: Vec<Claimed>, until: Time) {
        let failure = Failure { stage: Stage::Connect, said: Said::Closed };
        let verdict = queue::judge(&failure, &queue::History::default());
        for row in rows {
            let words = format!("{} could not be reached lately", row.address.host());
            let judgement = Judgement { verdict, words, remote: None, reply: None, passes_on: false };
            let work = Work::new(0, Destination::of(&row), Vec::new());
            self.settle_after(now, until, &work, vec![(row, judgement)]).await;
        }
    }

    /// Gives back what was not tried, since the way to the host broke off or the server stops.
    pub(super) async fn give_back(&self, mut work: Work, now: Time) {
        if let Err(error) = self.release(&work.rows, now, Time(now.0 + GIVEN_BACK_MS)).await {
            tracing::warn!(%error, "what was not tried could not be given back; it waits for its lease to end");
        }
        self.finish(&mut work, now, Reached::Unknown).await;
    }

    /// Gives rows back many at a time; where one of them was taken away meanwhile, each for itself.
    pub(super) async fn release(&self, rows: &[Claimed], now: Time, due: Time) -> Result<(), StoreError> {
        for some in rows.chunks(RELEASED_AT_ONCE) {
            if self.release_at_once(some, now, due).await? == Done::Conflict && some.len() > 1 {
                for row in some {
                    self.release_at_once(std::slice::from_ref(row), now, due).await?;
                }
            }
            self.announce(due);
        }
        Ok(())
    }

    async fn release_at_once(&self, rows: &[Claimed], now: Time, due: Time) -> Result<Done, StoreError> {
        let released = |row: &Claimed| SettledRecipient {
            outbox: row.outbox,
            recipient: row.recipient,
            state: Settled::Released { due },
        };
        let settlement = Settlement {
            token: self.inner.token,
            now,
            recipients: rows.iter().map(released).collect(),
            reports: Vec::new(),
            trace: Vec::new(),
        };
        self.store().apply(Op::Settle(Box::new(settlement))).await
    }
}

/// When a recipient is tried again.
fn due(recipient: &SettledRecipient) -> Option<Time> {
    match recipient.state {
        Settled::Retry { due, .. } | Settled::Released { due } => Some(due),
        Settled::Done | Settled::Held => None,
    }
}

fn failed(row: &Claimed, detail: String, status: Enhanced) -> Fate {
    Fate { state: Settled::Done, event: "failed", detail, report: super::report::Matter::of_failure(row, status) }
}
