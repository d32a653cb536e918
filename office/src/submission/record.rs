//! What is kept of a message that is sent or to be sent (RFC 8621 §7): plain data, as an object of the store.

use message::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::types::{EmailId, Object, QueueId};

/// An address of an envelope, and its SMTP parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The address; of a sender also empty, for `<>`.
    pub email: String,
    /// Names in any case, values decoded; `None` for those without a value.
    #[serde(default)]
    pub parameters: Option<BTreeMap<String, Option<String>>>,
}

/// To whom a message goes, and whom trouble is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The reverse path.
    pub mail_from: Party,
    /// The forward paths.
    pub rcpt_to: Vec<Party>,
}

/// Whether a message can still be held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Undo {
    /// It waits.
    Pending,
    /// It has left.
    Final,
    /// It was held back.
    Canceled,
}

impl Undo {
    /// As RFC 8621 writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Undo::Pending => "pending",
            Undo::Final => "final",
            Undo::Canceled => "canceled",
        }
    }
}

/// A message that is sent or to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Whom it is from: the number of an identity.
    pub identity: i64,
    /// What is sent. It may be gone.
    pub email: EmailId,
    /// Its conversation.
    pub thread: EmailId,
    /// To whom.
    pub envelope: Envelope,
    /// When it is or was released.
    pub send_at: Time,
    /// Whether it can be held back.
    pub undo: Undo,
    /// Its name in queue and journey.
    pub queue_id: QueueId,
    /// Its content, kept while it waits: the e-mail may be changed or destroyed meanwhile (RFC 8621 §7.5).
    #[serde(default)]
    pub upload: Option<i64>,
    /// Recipients that were refused when it left, and the replies.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
    /// How often it could not leave.
    #[serde(default)]
    pub tries: u32,
}

impl Submission {
    /// Reads an object; `None` where it says nothing we understand.
    #[must_use]
    pub fn of(object: &Object) -> Option<Submission> {
        serde_json::from_slice(&object.value).ok()
    }

    pub(super) fn value(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
