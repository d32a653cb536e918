//! The network in the background, for programs that must not wait: orders go in, news comes out. One worker for all
//! accounts; each has its own connections. The types are the contract with the screen.

use crate::mirror::{FolderId, MessageId, Row};
use crate::progress::Progress;
use crate::trouble::Trouble;

/// What a screen wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Bring the account up to date: journal, outbox, then what is new.
    Sync {
        /// By name.
        account: String,
    },
    /// This folder first.
    Look {
        /// By name.
        account: String,
        /// What is on the screen.
        folder: FolderId,
    },
    /// The content of these messages, now.
    Fetch {
        /// By name.
        account: String,
        /// In this order.
        messages: Vec<MessageId>,
    },
    /// Something was done, or a letter queued: tell the server when it is reached.
    Tell {
        /// By name.
        account: String,
    },
    /// Stop what is being done for an account (Esc).
    Cancel {
        /// By name.
        account: String,
    },
    /// Stay off the network, or come back to it.
    Offline(bool),
}

/// What a screen hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Something is going on.
    Busy {
        /// By name.
        account: String,
        /// How far.
        progress: Progress,
    },
    /// Nothing is going on; the mirror is as the server has it.
    Idle {
        /// By name.
        account: String,
    },
    /// New messages came into an inbox.
    Mail {
        /// By name.
        account: String,
        /// The newest first, at most a few.
        rows: Vec<Row>,
        /// How many.
        count: u64,
    },
    /// Content came.
    Fetched {
        /// By name.
        account: String,
        /// Of this message.
        message: MessageId,
    },
    /// A letter went out.
    Sent {
        /// By name.
        account: String,
        /// Its subject.
        subject: String,
    },
    /// It did not work; where it may pass, it is tried again by itself.
    Trouble {
        /// By name.
        account: String,
        /// In words.
        trouble: Trouble,
    },
}
