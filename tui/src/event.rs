//! What happens to the program and what it wants done: all that passes between the model, which is pure, and the hands that
//! touch mirrors, files and terminal.

use crate::key::Key;
use crate::picture::{Developed, Sight, Wanted};
use agent::letter::{Attachment, Letter, Whom};
use agent::mirror::{Acted, Action, Folder, FolderId, MessageId, Outgoing, OutgoingId, Role, Row, ThreadId, View};
use agent::sealing::{Choice, Refusal, Wish};
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
    /// The program ends, whoever wants it: what somebody writes is kept.
    End,
    /// The text that came back from the user's own editor, or why none did.
    Edited(Result<String, String>),
    /// There is no program here that shows this part.
    NoProgram(Box<agent::reading::Held>),
    /// What was asked of an account.
    Answer(usize, Answer),
    /// How pictures are drawn here.
    Sight(Sight),
    /// A picture was made ready.
    Developed(Developed),
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

/// What came of a program beside the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It did what was wanted, as far as is known.
    Done,
    /// The text that an editor left.
    Text(String),
    /// There is none for this part.
    NoProgram,
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
    /// The user's own editor, with a text.
    Edit(String),
    /// A part opened with its program.
    Open(agent::reading::Held),
    /// A part printed.
    Print(agent::reading::Held),
    /// Octets given to a command of the shell.
    Pipe(String, Vec<u8>),
    /// An address of the web opened.
    Browse(String),
    /// The terminal is asked how it draws pictures.
    AskForSight,
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
    /// Pictures of a message, made ready beside the loop.
    Pictures(Wanted),
    /// A letter to be written.
    Begin(Beginning),
    /// People whose name or address begins so.
    People(String),
    /// Paths that begin so.
    Paths(String),
    /// A file, to go along with the letter.
    File(String),
    /// Whether a letter can be signed and encrypted as is wished.
    Seal(Box<Letter>, Wish),
    /// What a part of a message holds.
    Part(MessageId, usize),
    /// A part of a message, or with 0 the whole of it, written to a file or into a folder.
    Save(MessageId, usize, String),
    /// Letters that wait to be sent.
    Outbox,
    /// Messages put aside whose time has come are woken.
    Asleep,
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
    /// Messages of the conversation, in whatever folder; 1 where lines are messages.
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
    /// A letter to be written.
    Begun(Box<Letter>, Ties),
    /// People.
    People(Vec<String>),
    /// Paths.
    Paths(Vec<String>),
    /// A file.
    File(Box<Attachment>),
    /// What is done to the letter as it goes, and what keeps that from being done.
    Seal(Choice, Option<Refusal>),
    /// What a part holds.
    Part(Box<agent::reading::Held>),
    /// It was written to this file.
    Saved(String),
    /// A draft was kept as this.
    Kept(MessageId, FolderId),
    /// A letter waits to be sent, until then.
    Posted(OutgoingId, Time),
    /// Letters that wait, and their subjects.
    Outbox(Vec<(Outgoing, String)>),
    /// What was put aside was looked at.
    Asleep(agent::snoozed::Woken),
    /// Where it is.
    NextUnread(Option<u64>),
    /// It could not be told.
    Failed(Trouble),
}

/// How a letter is begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// With nothing in it.
    Blank,
    /// As an answer to this message.
    Reply(MessageId, Whom),
    /// With this message in its text.
    Forward(MessageId),
    /// With these messages going along.
    ForwardAttached(Vec<MessageId>),
    /// A draft that is gone on with.
    Draft(MessageId),
    /// A letter that waits, taken back.
    TakenBack(OutgoingId),
    /// From a file.
    Template(String),
}

/// What a letter has to do with messages that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ties {
    /// The message it answers.
    pub answers: Option<MessageId>,
    /// Those it sends on.
    pub forwards: Vec<MessageId>,
    /// The draft it was kept as last, and its folder.
    pub draft: Option<(MessageId, FolderId)>,
    /// What was said of signing and encrypting it, and what it answers asks for.
    pub wish: Wish,
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
    /// It is for good: the stack says so in its place.
    Final,
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
    /// Messages are put aside until then.
    PutAside(Vec<MessageId>, Time),
    /// Messages put aside come back before their time.
    BringBack(Vec<MessageId>),
    /// A folder is made.
    MakeFolder(String),
    /// A letter is kept as a draft.
    Keep(Box<Letter>, Ties),
    /// A letter is queued, to go out then.
    Post(Box<Letter>, Ties, Time),
}
