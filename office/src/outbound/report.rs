//! Reports to senders (RFC 3461): who is told what of a try, and the report as a message that enters the store in the
//! transaction that settles the try. What a report looks like is `queue::bounce`'s; where it goes is decided as for any
//! mail.

use super::Outbound;
use super::settle::Judgement;
use super::words;
use super::work::Work;
use crate::inbound::{LocalDesk, LocalEnvelope, LocalUser};
use message::{Address, Time};
use queue::bounce::{self, Draft, HEADER_RETURN_MAX, Kind, Original, Recipient, Report, Return, Stamp, wanted};
use store::StoreError;
use store::op::{Claimed, Deliver};
use store::query::OutgoingMessage;
use store::types::{OutgoingStored, QueueId, TraceEntry};
use wire::smtp::{Enhanced, Notify, Reply};

/// Who reads what its own reader cannot be given.
const POSTMASTER: &str = "postmaster";

/// What is to be told of one recipient.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matter {
    pub kind: Kind,
    status: Enhanced,
}

impl Matter {
    /// A host that reports nothing itself took it, and the sender wants to hear of success (RFC 3461 §5.2.2).
    pub fn of_sent(row: &Claimed, passes_on: bool) -> Option<Matter> {
        let matter = Matter { kind: Kind::Relayed, status: Enhanced(2, 0, 0) };
        (!passes_on && wanted(row.notify, Kind::Relayed)).then_some(matter)
    }

    pub fn of_delay(row: &Claimed, status: Enhanced) -> Option<Matter> {
        wanted(row.notify, Kind::Delayed).then_some(Matter { kind: Kind::Delayed, status })
    }

    pub fn of_failure(row: &Claimed, status: Enhanced) -> Option<Matter> {
        wanted(row.notify, Kind::Failed).then_some(Matter { kind: Kind::Failed, status })
    }
}

/// A recipient and what is to be told of it.
pub(super) type Told = (Claimed, Judgement, Matter);

/// The reports on one try.
#[derive(Debug, Default)]
pub(super) struct Reports {
    pub made: Vec<Deliver>,
    /// Why the report on those that failed cannot be made for now.
    pub put_off: Option<String>,
}

/// Why a report cannot be made.
struct Obstacle {
    words: String,
    /// It may pass.
    for_now: bool,
}

impl Obstacle {
    fn said(reply: &Reply) -> Obstacle {
        Obstacle { words: words::reply(reply), for_now: reply.code < 500 }
    }

    fn of_store(error: &StoreError) -> Obstacle {
        Obstacle { words: error.to_string(), for_now: !matches!(error, StoreError::Damaged { .. }) }
    }

    fn for_good(words: &str) -> Obstacle {
        Obstacle { words: words.to_owned(), for_now: false }
    }
}

impl Outbound {
    /// One report a kind, about all recipients of one message that it concerns. Where none can be made (there is nobody
    /// to tell, or the sender is nobody) the journey says so.
    pub(super) async fn reports(&self, now: Time, work: &Work, told: &[Told], trace: &mut Vec<TraceEntry>) -> Reports {
        let mut reports = Reports::default();
        for kind in [Kind::Failed, Kind::Delayed, Kind::Relayed] {
            let about: Vec<&Told> = told.iter().filter(|(_, _, matter)| matter.kind == kind).collect();
            let Some((first, ..)) = about.first() else { continue };
            let Some(reverse_path) = Address::parse(&first.reverse_path).ok() else { continue };
            let (event, detail) = match self.report(now, work, &about, &reverse_path).await {
                Ok((deliver, reader)) => {
                    let detail = format!("<{reader}> is told, as {}", deliver.queue_id);
                    reports.made.push(deliver);
                    ("reported", detail)
                }
                Err(Obstacle { words, for_now }) => {
                    let words = format!("<{reverse_path}> cannot be told: {words}");
                    if for_now && kind == Kind::Failed {
                        reports.put_off = Some(words);
                        continue;
                    }
                    ("unreported", words)
                }
            };
            let (event, address) = (event.to_owned(), None);
            trace.push(TraceEntry { queue_id: first.queue_id, at: now, event, address, detail });
        }
        reports
    }

    async fn report(
        &self,
        now: Time,
        work: &Work,
        about: &[&Told],
        to: &Address,
    ) -> Result<(Deliver, String), Obstacle> {
        let message = self.message_of(work, about).await?;
        let header = self.header(&message).await.map_err(|error| Obstacle::of_store(&error))?;
        let recipients: Vec<Recipient> = about.iter().map(|told| self.recipient(now, told, message.created)).collect();
        let policy = self.policy();
        let random = [self.random_u64(), self.random_u64()];
        let message_id = message::build::new_message_id(&self.inner.office.random(), &policy.hostname);
        let queue_id = message.queue_id.to_string();
        let report = Report {
            reporting_mta: &policy.hostname,
            queue_id: &queue_id,
            arrival: message.created,
            reverse_path: Some(to),
            envid: message.envid.as_deref(),
            ret: message.ret.as_deref().map(|ret| if ret == "HDRS" { Return::Headers } else { Return::Full }),
            original: Original { header: &header, octets: message.stored.size, eight_bit: message.body != "7bit" },
            recipients: &recipients,
        };
        let draft = bounce::draft(&report, &Stamp { now, message_id: &message_id, random });
        let draft = draft.ok_or_else(|| Obstacle::for_good("there is nobody to tell"))?;
        self.enter(now, to, draft, &message).await
    }

    /// The report goes through the desk like any mail, but is delivered by the settlement. Who gets it is named beside it.
    async fn enter(
        &self,
        now: Time,
        to: &Address,
        draft: Draft,
        message: &OutgoingStored,
    ) -> Result<(Deliver, String), Obstacle> {
        let mut reader = to.to_string();
        let mut desk = self.desk_for(now, &reader, &draft, message).await;
        // Users of a machine often have no mailbox: then it is for who looks after the house (RFC 5321 §4.5.1).
        if desk.as_ref().is_err_and(|refusal| refusal.code >= 500) {
            let second = self.desk_for(now, POSTMASTER, &draft, message).await;
            if second.is_ok() {
                (reader, desk) = (POSTMASTER.to_owned(), second);
            }
        }
        let said = |reply: Reply| Obstacle::said(&reply);
        let mut desk = desk.map_err(said)?;
        desk.begin().await.map_err(said)?;
        desk.content(&draft.head).await;
        if draft.whole {
            let mut at = 0;
            loop {
                let chunk = self.store().chunk(&message.stored, at).await;
                let chunk = chunk.map_err(|error| Obstacle::of_store(&error))?;
                if chunk.is_empty() {
                    break;
                }
                at += chunk.len() as u64;
                desk.content(&chunk).await;
            }
        }
        desk.content(&draft.tail).await;
        Ok((desk.draft().await.map_err(said)?, reader))
    }

    /// The desk that takes a report for its reader, or the reply to it.
    async fn desk_for(
        &self,
        now: Time,
        reader: &str,
        draft: &Draft,
        message: &OutgoingStored,
    ) -> Result<LocalDesk, Reply> {
        let envelope = LocalEnvelope {
            ticket: format!("report on {}", message.queue_id),
            queue_id: QueueId::new(now, u16::from_be_bytes(self.inner.office.random())),
            sender: Some(String::new()),
            recipients: vec![reader.to_owned()],
            // RFC 3461 §6.1: nobody is told what became of it.
            notify: Some(Notify::default()),
            ret: None,
            envid: None,
            eight_bit: draft.eight_bit,
            smtputf8: draft.smtputf8,
        };
        let house = LocalUser { name: "mailer-daemon".to_owned(), uid: 0, trusted: true };
        let mut desk = self.inner.office.hand_in(now, house, &envelope).await?;
        match desk.refused.pop() {
            Some(refusal) => Err(refusal.reply),
            None => Ok(desk),
        }
    }

    async fn message_of(&self, work: &Work, about: &[&Told]) -> Result<OutgoingStored, Obstacle> {
        if let Some(message) = &work.message {
            return Ok(message.clone());
        }
        let outbox = about.first().map_or(0, |(row, ..)| row.outbox);
        let found = self.store().read(OutgoingMessage { outbox }).await;
        let found = found.map_err(|error| Obstacle::of_store(&error))?;
        found.ok_or_else(|| Obstacle::for_good("the message is gone"))
    }

    /// The header section, as much of it as a report can return.
    async fn header(&self, message: &OutgoingStored) -> Result<Vec<u8>, StoreError> {
        let mut header = Vec::new();
        while header.len() <= HEADER_RETURN_MAX {
            let at = header.len() as u64;
            let chunk = self.store().chunk(&message.stored, at).await?;
            if chunk.is_empty() {
                break;
            }
            let before = header.len();
            header.extend_from_slice(&chunk);
            if let Some(end) = message::header::section_end(&header, before) {
                header.truncate(end);
                break;
            }
        }
        Ok(header)
    }

    fn recipient(&self, now: Time, (row, judgement, matter): &Told, created: Time) -> Recipient {
        let expire = self.policy().outbound.terms(row.address.host()).schedule.expire;
        Recipient {
            address: row.address.clone(),
            orcpt: row.orcpt.clone(),
            action: matter.kind,
            status: matter.status,
            remote_mta: judgement.remote.clone().filter(|_| judgement.reply.is_some()),
            diagnostic: Some(judgement.reply.as_ref().map_or_else(|| judgement.words.clone(), words::reply)),
            last_attempt: Some(now),
            will_retry_until: (matter.kind == Kind::Delayed).then(|| created.after(expire)),
        }
    }

    fn random_u64(&self) -> u64 {
        u64::from_be_bytes(self.inner.office.random())
    }
}
