//! Reports of success for mail that ends here (RFC 3461 §5.2.3 and §5.2.7): to senders who asked for them with
//! NOTIFY=SUCCESS. Failures need none: they are refused while the client listens.

use super::SmtpDesk;
use super::Transaction;
use super::local::{LocalEnvelope, LocalUser};
use super::recipient::Accepted;
use super::route::{CopyPath, End, Member};
use message::{Address, Time, build, header};
use queue::bounce::{self, HEADER_RETURN_MAX, Kind, Original, Report, Return as Returned, Stamp};
use std::pin::Pin;
use store::op::{Content, Delivery};
use store::types::{AccountId, QueueId};
use wire::smtp::{Body, Enhanced, Notify, Reply, Return};

impl SmtpDesk {
    /// Tells the sender of a message that is in the mailboxes. What goes wrong is logged: the mail itself is delivered.
    pub(super) async fn tell_success(
        &self,
        transaction: &Transaction,
        content: &Content,
        done: &[(AccountId, Delivery)],
        now: Time,
    ) {
        let Some(to) = &transaction.reverse_path else { return };
        let recipients: Vec<bounce::Recipient> =
            transaction.recipients.iter().filter_map(|recipient| success(recipient, done, now)).collect();
        if recipients.is_empty() {
            return;
        }
        if let Err(reply) = self.report_success(transaction, content, (to, &recipients), now).await {
            tracing::warn!(queue_id = %transaction.queue_id, %to, reason = %reply.lines.join(" "), "the sender could not be told of success");
        }
    }

    /// Named, not `async`: a report goes through a desk like this one, and its future would hold itself.
    fn report_success<'a>(
        &'a self,
        transaction: &'a Transaction,
        content: &'a Content,
        (to, recipients): (&'a Address, &'a [bounce::Recipient]),
        now: Time,
    ) -> Pin<Box<dyn Future<Output = Result<(), Reply>> + Send + 'a>> {
        Box::pin(async move {
            let section = self.header_of(content).await?;
            let queue_id = transaction.queue_id.to_string();
            let report = Report {
                reporting_mta: &self.policy.hostname,
                queue_id: &queue_id,
                arrival: now,
                reverse_path: Some(to),
                envid: transaction.sender.envid.as_deref(),
                ret: transaction.sender.ret.map(|ret| match ret {
                    Return::Full => Returned::Full,
                    Return::Headers => Returned::Headers,
                }),
                original: Original {
                    header: &section,
                    octets: content.octets,
                    eight_bit: transaction.sender.body != Body::SevenBit,
                },
                recipients,
            };
            let message_id = build::new_message_id(&self.office.random(), &self.policy.hostname);
            let random = [self.office.random(), self.office.random()].map(u64::from_be_bytes);
            let Some(draft) = bounce::draft(&report, &Stamp { now, message_id: &message_id, random }) else {
                return Ok(());
            };
            let envelope = LocalEnvelope {
                ticket: format!("report on {queue_id}"),
                queue_id: QueueId::new(now, u16::from_be_bytes(self.office.random())),
                sender: Some(String::new()),
                recipients: vec![to.to_string()],
                notify: Some(Notify::default()),
                ret: None,
                envid: None,
                eight_bit: draft.eight_bit,
                smtputf8: draft.smtputf8,
            };
            let house = LocalUser { name: "mailer-daemon".to_owned(), uid: 0, trusted: true };
            let mut desk = self.office.hand_in(now, house, &envelope).await?;
            if let Some(refusal) = desk.refused.pop() {
                return Err(refusal.reply);
            }
            desk.begin().await?;
            desk.content(&[draft.head, draft.tail].concat()).await;
            desk.finish().await.map(drop)
        })
    }

    /// The header section, as much of it as a report can return.
    pub(super) async fn header_of(&self, content: &Content) -> Result<Vec<u8>, Reply> {
        let mut section = Vec::new();
        while (section.len() as u64) < content.octets && section.len() <= HEADER_RETURN_MAX {
            let before = section.len();
            let chunk = self.office.store().content_chunk(content, before as u64).await;
            section.extend_from_slice(&chunk.map_err(|error| super::trouble(&error))?);
            if let Some(end) = header::section_end(&section, before) {
                section.truncate(end);
                break;
            }
        }
        Ok(section)
    }
}

/// What is told of a recipient, where success was asked for and has come. What goes on to other hosts under the sender's own
/// wishes is theirs to report, or told when it is sent.
fn success(recipient: &Accepted, done: &[(AccountId, Delivery)], now: Time) -> Option<bounce::Recipient> {
    recipient.given.notify.filter(|notify| notify.success)?;
    let members = &recipient.members;
    // RFC 3461 §5.2.7.1: for the sender a list is where the message ends.
    let is_list = members.iter().any(|member| matches!(member.path, CopyPath::Owner(_)));
    let reached = |member: &Member| match &member.end {
        End::Local(account) => {
            done.iter().any(|(id, delivery)| *id == account.id && matches!(delivery, Delivery::Done { .. }))
        }
        // RFC 3461 §5.2.7.3: of an alias with several members no host hears that success was asked for.
        End::Remote(_) => is_list || members.len() > 1,
    };
    if members.is_empty() || !members.iter().all(reached) {
        return None;
    }
    // RFC 3463 §3.2: 2.1.5, the address is valid, and led to others.
    let (action, status) = match members.len() {
        _ if is_list => (Kind::Delivered, Enhanced(2, 0, 0)),
        1 => (Kind::Delivered, Enhanced(2, 0, 0)),
        _ => (Kind::Expanded, Enhanced(2, 1, 5)),
    };
    Some(bounce::Recipient {
        address: recipient.address.clone(),
        orcpt: recipient.given.orcpt.clone(),
        action,
        status,
        remote_mta: None,
        diagnostic: None,
        last_attempt: Some(now),
        will_retry_until: None,
    })
}
