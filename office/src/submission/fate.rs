//! What became of each recipient of a submission (`deliveryStatus` of RFC 8621 §7), told by the journey of its message.

use super::record::{Submission, Undo};
use crate::Office;
use std::collections::BTreeMap;
use store::StoreError;
use store::query::TraceById;
use store::types::TraceEntry;

/// Whether a message has reached somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivered {
    /// It is in their mailbox.
    Yes,
    /// Another host has it.
    Unknown,
    /// It waits here.
    Queued,
    /// It never will.
    No,
}

impl Delivered {
    /// As RFC 8621 writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Delivered::Yes => "yes",
            Delivered::Unknown => "unknown",
            Delivered::Queued => "queued",
            Delivered::No => "no",
        }
    }
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Whether it was reached.
    pub delivered: Delivered,
    /// What was said last, in the form of RFC 8621 §7.
    pub smtp_reply: String,
}

impl Office {
    /// What became of each recipient, by address as the envelope has it.
    ///
    /// # Errors
    /// The store's.
    pub async fn fates(&self, submission: &Submission) -> Result<BTreeMap<String, Fate>, StoreError> {
        let journey = match submission.undo {
            Undo::Final => self.store().read(TraceById { queue_id: submission.queue_id }).await?,
            Undo::Pending | Undo::Canceled => Vec::new(),
        };
        let of = |email: &String| (email.clone(), fate(submission, email, &journey));
        Ok(submission.envelope.rcpt_to.iter().map(|party| of(&party.email)).collect())
    }
}

fn fate(submission: &Submission, email: &str, journey: &[TraceEntry]) -> Fate {
    if let Some(reply) = submission.refused.iter().find(|(refused, _)| refused.eq_ignore_ascii_case(email)) {
        return Fate { delivered: Delivered::No, smtp_reply: reply.1.clone() };
    }
    let mut ends: BTreeMap<&str, Fate> = BTreeMap::new();
    let concerns = |line: &&TraceEntry| line.address.as_deref().is_some_and(|to| to.eq_ignore_ascii_case(email));
    for line in journey.iter().filter(concerns) {
        let Some(fate) = step(line) else { continue };
        // An alias has several ends here; each other line is the next about the same end.
        let end = if line.event == "delivered" { line.detail.as_str() } else { "" };
        ends.insert(end, fate);
    }
    // Of several ends the one that went worst.
    ends.into_values().max_by_key(|fate| fate.delivered).unwrap_or_else(|| match submission.undo {
        Undo::Canceled => said(Delivered::No, "550 5.7.0 the message was held back by its sender"),
        Undo::Pending => said(Delivered::Queued, "250 2.0.0 the message waits for its time"),
        Undo::Final => said(Delivered::Queued, "250 2.0.0 the message was taken"),
    })
}

fn said(delivered: Delivered, words: &str) -> Fate {
    Fate { delivered, smtp_reply: words.to_owned() }
}

fn step(line: &TraceEntry) -> Option<Fate> {
    Some(match line.event.as_str() {
        "delivered" => said(Delivered::Yes, "250 2.1.5 the message is in the mailbox"),
        "queued" => said(Delivered::Queued, "250 2.0.0 the message is queued"),
        "sent" => said(Delivered::Unknown, &reply_in(&line.detail, "250 2.0.0")),
        "deferred" => said(Delivered::Queued, &reply_in(&line.detail, "450 4.4.0")),
        "failed" => said(Delivered::No, &reply_in(&line.detail, "550 5.0.0")),
        _ => return None,
    })
}

/// What the other host said, where its words are in a line of a journey; else the line, with a code of ours before it.
fn reply_in(detail: &str, code: &str) -> String {
    let is_reply = |text: &&str| {
        let digits = text.get(..3).is_some_and(|code| code.bytes().all(|octet| octet.is_ascii_digit()));
        digits && text.as_bytes().get(3) == Some(&b' ') && matches!(text.as_bytes().first(), Some(b'2'..=b'5'))
    };
    let found = detail.match_indices(": ").map(|(at, _)| detail.get(at + 2..).unwrap_or("")).find(is_reply);
    found.map_or_else(|| format!("{code} {detail}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_other_host_are_found() {
        assert_eq!(reply_in("to mx.crepes.fr [192.0.2.1]: 250 2.0.0 ok", "x"), "250 2.0.0 ok");
        assert_eq!(reply_in("mx said to the recipient: 550 5.1.1 no: never", "x"), "550 5.1.1 no: never");
        assert_eq!(reply_in("no such domain", "550 5.0.0"), "550 5.0.0 no such domain");
        assert_eq!(reply_in("a: 1234 b", "450 4.4.0"), "450 4.4.0 a: 1234 b");
    }
}
