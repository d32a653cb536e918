//! What happens to the program and what it wants done: all that passes between the model, which is pure, and the hands that
//! touch mirrors, files and terminal.

use crate::key::Key;
use agent::mirror::{Acted, Action, Folder, FolderId, MessageId, Role, Row, ThreadId, View};
use agent::trouble::Trouble;
use agent::worker::{News, Order};
use message::Time;

/// Something happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse.
    Mouse(Mouse),
    /// The screen has this many columns and lines.
    Resized(u16, u16),
    /// Time passes.
    Tick(Time),
    /// The worker tells.
    News(News),
    /// The mirror of this account is not as it was.
    Changed(usize),
    /// What was asked of an account.
    Answer(usize, Answer),
    /// What came of a deed.
    Done {
        /// In which account.
        account: usize,
        /// What was done, as it is told: `2 messages moved to Trash`.
        words: String,
        /// Whether it is kept for undo, and under what.
        remember: Remember,
        /// What came of it.
        result: Result<Vec<Acted>, Trouble>,
    },
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub what: Press,
    /// Column.
    pub x: u16,
    /// Line.
    pub y: u16,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Press {
    Click,
    WheelUp,
    WheelDown,
}

/// Something wanted of the hands.
#[derive(Debug)]
pub enum Effect {
    /// To know something of an account.
    Ask(usize, Question),
    /// To do something in an account.
    Do(usize, Deed),
    /// The worker is to do something.
    Order(Order),
    /// The terminal.
    Screen(Screen),
}

/// Something wanted of the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Leave for good.
    Quit,
    /// Back to the shell until it is called again.
    Suspend,
    /// All of it anew.
    Redraw,
    /// Text into the clipboard.
    Clipboard(String),
    /// A bell, and news where the terminal shows such.
    Notify(String),
}

/// Something to be known of an account.
#[derive(Clone, Debug)]
pub enum Question {
    /// Its folders.
    Folders,
    /// Lines of a list.
    Lines(Window),
    /// The messages of a conversation.
    Thread(ThreadId),
    /// The messages of a view, to be marked or unmarked.
    Ids(View, bool),
    /// A message, to be read.
    Read(MessageId, agent::reading::View),
    /// The next message that is not read in a view, from a position on (forward, or back).
    NextUnread(Window),
}

/// A stretch of a list.
#[derive(Clone, Debug)]
pub struct Window {
    /// Of which view.
    pub view: View,
    /// A line for each conversation.
    pub threaded: bool,
    /// From this line on.
    pub offset: u64,
    /// So many.
    pub count: u64,
    /// A number that tells answers to older questions apart.
    pub generation: u64,
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The message, or the newest of the conversation.
    pub row: Row,
    /// Messages of the conversation in the view; 1 where lines are messages.
    pub messages: u64,
    /// Those not read.
    pub unread: u64,
}

/// What was asked.
#[derive(Debug)]
pub enum Answer {
    /// All folders.
    Folders(Vec<Folder>),
    /// Lines from an offset on, and how many there are in all.
    Lines {
        /// Of the question.
        generation: u64,
        /// Where they begin.
        offset: u64,
        /// They.
        lines: Vec<Line>,
        /// In all.
        total: u64,
    },
    /// A conversation.
    Thread(ThreadId, Vec<Row>),
    /// To be marked (true) or unmarked.
    Ids(Vec<MessageId>, bool),
    /// A message made ready; `None`: its content is not here.
    Read(Box<Row>, Option<Box<agent::reading::Page>>),
    /// Where it is.
    NextUnread(Option<u64>),
    /// It could not be told.
    Failed(Trouble),
}

/// Where messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This folder.
    Folder(FolderId),
    /// The folder of this role, which is made where there is none.
    Role(Role),
}

/// Whether a deed can be taken back by `undo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remember {
    /// It is put on the stack.
    Undo,
    /// It took something back: it can be done again.
    Redo,
    /// It is not worth it.
    No,
}

/// Something done in an account.
#[derive(Clone, Debug)]
pub struct Deed {
    /// What.
    pub what: Doing,
    /// As it is told once it is done.
    pub words: String,
    /// Whether it can be taken back.
    pub remember: Remember,
}

/// Something done in an account.
#[derive(Clone, Debug)]
pub enum Doing {
    /// As it stands.
    Act(Vec<Action>),
    /// Messages are moved, out of this folder, or of those they are in.
    Move {
        /// These.
        messages: Vec<MessageId>,
        /// Out of it.
        from: Option<FolderId>,
        /// Into it.
        to: Target,
        /// And flags set and taken away.
        also: Option<Action>,
    },
    /// Messages are deleted for good.
    Destroy {
        /// These.
        messages: Vec<MessageId>,
        /// Out of it, or of all.
        from: Option<FolderId>,
    },
    /// A folder is made.
    MakeFolder(String),
}
