//! What a user does to mail, as data: done in the mirror at once, told to the server when there is one to be reached.

use super::types::{Flags, FolderId, MessageId};
use message::Time;
use serde::{Deserialize, Serialize};

/// Something done. Messages and folders that are gone by the time the server is told are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Flags set and taken away.
    Flag {
        /// Of these.
        messages: Vec<MessageId>,
        /// Set.
        add: Flags,
        /// Taken away.
        remove: Flags,
    },
    /// From one folder to another.
    Move {
        /// These.
        messages: Vec<MessageId>,
        /// Out of it.
        from: FolderId,
        /// Into it.
        to: FolderId,
    },
    /// Into a folder besides.
    Copy {
        /// These.
        messages: Vec<MessageId>,
        /// Into it.
        to: FolderId,
    },
    /// Out of a folder for good. What is in no other is gone.
    Destroy {
        /// These.
        messages: Vec<MessageId>,
        /// Out of it.
        from: FolderId,
    },
    /// A message that was made here goes into a folder over there. Its flags are those the mirror has.
    Append {
        /// The message, whose content the mirror has.
        message: MessageId,
        /// Into it.
        to: FolderId,
    },
    /// A folder is made. The mirror has it already.
    CreateFolder {
        /// It.
        folder: FolderId,
    },
    /// A folder has another name now.
    RenameFolder {
        /// It.
        folder: FolderId,
        /// Its path, levels parted by `/`.
        name: String,
    },
    /// A folder goes, with the messages in it.
    DeleteFolder {
        /// It.
        folder: FolderId,
    },
    /// A folder is shown or hidden where programs heed subscriptions.
    Subscribe {
        /// It.
        folder: FolderId,
        /// Shown.
        on: bool,
    },
}

impl Action {
    /// The messages it is about.
    #[must_use]
    pub fn messages(&self) -> &[MessageId] {
        match self {
            Action::Flag { messages, .. }
            | Action::Move { messages, .. }
            | Action::Copy { messages, .. }
            | Action::Destroy { messages, .. } => messages,
            Action::Append { message, .. } => std::slice::from_ref(message),
            _ => &[],
        }
    }

    /// Whether something goes by it that nothing brings back.
    #[must_use]
    pub fn is_for_good(&self) -> bool {
        match self {
            Action::Destroy { messages, .. } => !messages.is_empty(),
            Action::DeleteFolder { .. } => true,
            _ => false,
        }
    }

    /// The folders it names.
    #[must_use]
    pub fn folders(&self) -> Vec<FolderId> {
        match self {
            Action::Flag { .. } => Vec::new(),
            Action::Move { from, to, .. } => vec![*from, *to],
            Action::Copy { to, .. } | Action::Append { to, .. } => vec![*to],
            Action::Destroy { from, .. } => vec![*from],
            Action::CreateFolder { folder }
            | Action::RenameFolder { folder, .. }
            | Action::DeleteFolder { folder }
            | Action::Subscribe { folder, .. } => vec![*folder],
        }
    }
}

/// One entry of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActionId(pub i64);

/// An action the server has not been told of, or not with certainty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its number: they are told in this order.
    pub id: ActionId,
    /// What was done.
    pub action: Action,
    /// It was begun before and nothing was heard of how it ended: look before doing it again.
    pub unsure: bool,
    /// How often the server was told in vain.
    pub tries: u32,
    /// What it said last.
    pub error: String,
    /// Not before.
    pub not_before: Time,
}

/// What was done, and what would undo it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acted {
    /// Its entry.
    pub id: ActionId,
    /// Done in this order, they undo it as far as that can be done.
    pub inverse: Vec<Action>,
    /// Something went for good: no action brings that back.
    pub for_good: bool,
}
