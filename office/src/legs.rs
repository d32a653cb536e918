//! How far a message that an account sent has come, for each recipient, in data and plain words: told from the submission,
//! the journey and the outbox. Owns what lines of a journey mean to who wrote the message.

use crate::Office;
use crate::submission::{Submission, Undo};
use message::Time;
use store::StoreError;
use store::op::OutboxFilter;
use store::query::{Outbox, OutboxRow, TraceById};
use store::types::TraceEntry;

/// Rows of the outbox that are looked at: a message has no more recipients.
const ROWS_MAX: u32 = 10_000;

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Come {
    /// It is there: in the mailbox, or the other host took it.
    Delivered,
    /// It was held back before it left.
    Canceled,
    /// It waits for its time.
    Pending,
    /// It is on its way, and was not tried yet.
    Queued,
    /// The other host could not take it; it is tried again.
    Tried,
    /// It never will be.
    Failed,
}

impl Come {
    /// One word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Come::Delivered => "delivered",
            Come::Canceled => "canceled",
            Come::Pending => "pending",
            Come::Queued => "queued",
            Come::Tried => "tried",
            Come::Failed => "failed",
        }
    }
}

/// How far the message has come to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The address, as the envelope has it.
    pub recipient: String,
    /// How far.
    pub come: Come,
    /// When that happened.
    pub at: Time,
    /// What the other host said, or we.
    pub words: Option<String>,
    /// When it is tried next, or leaves.
    pub next_try: Option<Time>,
    /// Tries so far.
    pub tries: u32,
    /// Why, where it did not go well.
    pub why: Option<Reason>,
}

/// Why it did not go well, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// One word, for who speaks another language.
    pub name: &'static str,
    /// A sentence.
    pub words: &'static str,
}

const fn reason(name: &'static str, words: &'static str) -> Reason {
    Reason { name, words }
}

/// What enhanced status codes mean (RFC 3463 §3), subject and detail; the first that fits holds.
const REASONS: &[(&str, Reason)] = &[
    ("1.1", reason("noMailbox", "There is no such address there.")),
    ("1.2", reason("noDomain", "There is no such domain, or it takes no mail.")),
    ("1.3", reason("badAddress", "The address is not written right.")),
    ("1.6", reason("moved", "The mailbox has moved.")),
    ("1.10", reason("noMail", "The domain says that it takes no mail.")),
    ("2.1", reason("disabled", "The mailbox is closed.")),
    ("2.2", reason("mailboxFull", "The mailbox is full.")),
    ("2.3", reason("tooLarge", "The message is too large for the mailbox.")),
    ("3.4", reason("tooLarge", "The message is too large for the other server.")),
    ("3.", reason("system", "The other server has trouble.")),
    ("4.1", reason("unreachable", "The other server does not answer.")),
    ("4.2", reason("unreachable", "The connection broke.")),
    ("4.4", reason("noDomain", "Nobody knows where mail for this domain goes.")),
    ("4.6", reason("loop", "The message went in circles.")),
    ("4.7", reason("expired", "It could not be delivered in time.")),
    ("4.", reason("unreachable", "The other server cannot be reached.")),
    ("5.", reason("protocol", "The servers did not understand each other.")),
    ("6.", reason("content", "The other server cannot take a message of this form.")),
    ("7.1", reason("refused", "The other server refuses mail from here.")),
    ("7.8", reason("login", "The other server wants a login.")),
    ("7.10", reason("tls", "The connection could not be made safe.")),
    ("7.28", reason("slowDown", "The other server asks us to slow down.")),
    ("7.", reason("refused", "The other server refuses the message.")),
    ("2.", reason("mailbox", "The mailbox cannot take it.")),
    ("1.", reason("badAddress", "The address cannot be used.")),
];

impl Office {
    /// How far a message has come to each recipient.
    ///
    /// # Errors
    /// The store's.
    pub async fn legs(&self, submission: &Submission) -> Result<Vec<Leg>, StoreError> {
        if submission.undo != Undo::Final {
            return Ok(submission.envelope.rcpt_to.iter().map(|party| not_left(submission, &party.email)).collect());
        }
        let queue_id = submission.queue_id;
        let filter = OutboxFilter { queue_id: Some(queue_id), ..OutboxFilter::default() };
        let waiting = Outbox { filter, after: (0, 0), limit: ROWS_MAX };
        let (journey, waiting) = self.store().read((TraceById { queue_id }, waiting)).await?;
        Ok(submission.envelope.rcpt_to.iter().map(|party| leg(submission, &party.email, &journey, &waiting)).collect())
    }
}

fn not_left(submission: &Submission, recipient: &str) -> Leg {
    let pending = submission.undo == Undo::Pending;
    Leg {
        recipient: recipient.to_owned(),
        come: if pending { Come::Pending } else { Come::Canceled },
        at: submission.send_at,
        words: None,
        next_try: pending.then_some(submission.send_at),
        tries: submission.tries,
        why: None,
    }
}

fn leg(submission: &Submission, recipient: &str, journey: &[TraceEntry], waiting: &[OutboxRow]) -> Leg {
    let of = |come, at, words: Option<String>| Leg {
        recipient: recipient.to_owned(),
        come,
        at,
        why: words.as_deref().filter(|_| matches!(come, Come::Tried | Come::Failed)).and_then(why),
        words,
        next_try: None,
        tries: 0,
    };
    let is_it = |address: &str| address.eq_ignore_ascii_case(recipient);
    if let Some((_, reply)) = submission.refused.iter().find(|(address, _)| is_it(address)) {
        return of(Come::Failed, submission.send_at, Some(reply.clone()));
    }
    let own = journey.iter().filter(|line| line.address.as_deref().is_some_and(is_it));
    let (mut last, mut worst_here, mut tries): (Option<Leg>, Option<Leg>, u32) = (None, None, 0);
    for line in own {
        let words = Some(line.detail.clone());
        match line.event.as_str() {
            "delivered" | "shown" => worst_here = Some(of(Come::Delivered, line.at, words)),
            "queued" => last = Some(of(Come::Queued, line.at, None)),
            "sent" => last = Some(of(Come::Delivered, line.at, words)),
            "deferred" => {
                tries += 1;
                last = Some(of(Come::Tried, line.at, words));
            }
            "failed" => last = Some(of(Come::Failed, line.at, words)),
            "removed" => last = Some(of(Come::Failed, line.at, words)),
            _ => {}
        }
    }
    // Of several ends, as an alias has them, the one that went worst.
    let told = last.into_iter().chain(worst_here).max_by_key(|leg| leg.come);
    let mut leg = told.unwrap_or_else(|| of(Come::Queued, submission.send_at, None));
    leg.tries = tries;
    let row = waiting.iter().find(|row| is_it(&row.address.to_string()));
    if let Some(row) = row.filter(|_| matches!(leg.come, Come::Queued | Come::Tried)) {
        leg.next_try = (row.state != "held").then_some(row.due);
        leg.tries = leg.tries.max(row.attempts);
    }
    leg
}

/// Why, by the status code in a reply; `None` where there is none.
fn why(words: &str) -> Option<Reason> {
    let code = words.split(|c: char| c.is_whitespace() || c == ':').find_map(enhanced)?;
    let of = |(prefix, reason): &(&str, Reason)| {
        let fits = if prefix.ends_with('.') { code.starts_with(prefix) } else { code == *prefix };
        fits.then_some(*reason)
    };
    REASONS.iter().find_map(of)
}

/// `1.1` of `5.1.1` (RFC 3463 §2).
fn enhanced(word: &str) -> Option<&str> {
    let (class, rest) = word.split_once('.')?;
    let (subject, detail) = rest.split_once('.')?;
    let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
    (matches!(class, "4" | "5") && number(subject) && number(detail)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_in_plain_words() {
        for (words, name) in [
            ("mx.crepes.fr said to the recipient: 550 5.1.1 no such user", Some("noMailbox")),
            ("mx said to DATA: 452 4.2.2 full", Some("mailboxFull")),
            ("gmail said to our connection: 421 4.7.28 too fast", Some("slowDown")),
            ("550 5.7.26 not authenticated", Some("refused")),
            ("550 5.1.10 null MX", Some("noMail")),
            ("550 4.9.9 something", None),
            ("550 no code", None),
            ("mx [192.0.2.1] closed the connection", None),
        ] {
            assert_eq!(why(words).map(|why| why.name), name, "{words}");
        }
    }
}
