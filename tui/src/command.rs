//! What can be said to the program: by a key, after `:`, or from the palette. One table; keys are bound to lines of this
//! language, so that whatever a key does can be typed, and help is made from here.

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Verb {
    Quit,
    Cancel,
    Help,
    Command,
    Palette,
    KeyBar,
    Preset,
    Theme,
    Pictures,
    Suspend,
    Redraw,
    Undo,
    Redo,
    Sync,
    Offline,
    Account,
    NextPane,
    ShowFolders,
    ShowList,
    SideBar,
    Down,
    Up,
    PageDown,
    PageUp,
    HalfDown,
    HalfUp,
    First,
    Last,
    Goto,
    Open,
    Back,
    NextUnread,
    PreviousUnread,
    Next,
    Previous,
    Folder,
    Search,
    Limit,
    Find,
    FindNext,
    ClearView,
    Sort,
    Reverse,
    Threads,
    Unfold,
    Fold,
    Conversation,
    Mark,
    MarkThread,
    MarkAll,
    MarkMatching,
    Unmark,
    UnmarkAll,
    UnmarkMatching,
    Delete,
    DeleteForGood,
    Archive,
    Junk,
    NotJunk,
    Move,
    Copy,
    Star,
    Flag,
    Unflag,
    Read,
    Unread,
    ToggleRead,
    Label,
    Unlabel,
    Mute,
    Snooze,
    MakeFolder,
    RenameFolder,
    DeleteFolder,
    Subscribe,
    FullHeader,
    Html,
    Quotes,
    Link,
    Links,
    CopyText,
    Parts,
    Save,
    SavePart,
    OpenPart,
    PrintPart,
    Pipe,
    Compose,
    Reply,
    ReplyAll,
    ReplyList,
    Forward,
    ForwardAttached,
    Recall,
    Template,
    Outbox,
    TakeBack,
    AddressBook,
    Send,
    SendAt,
    Postpone,
    Discard,
    Attach,
    Detach,
    Editor,
    ShowBcc,
    Sign,
    Encrypt,
    Proof,
}

/// What comes after the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// The path of a folder.
    Folder,
    /// A search.
    Query,
    /// The name of an account.
    Account,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The path of a file or folder of this machine.
    Path,
    /// Any text; what it is called where it is asked for.
    Text(&'static str),
}

/// A row of the table.
pub struct Entry {
    /// The word that is typed.
    pub word: &'static str,
    /// What it does.
    pub verb: Verb,
    /// What comes after it. What is missing is asked for, where it is needed.
    pub takes: Takes,
    /// In a few words, for help and key bar.
    pub short: &'static str,
    /// In a sentence.
    pub about: &'static str,
}

/// A line of the language, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What is done.
    pub verb: Verb,
    /// What stood after the word; empty when nothing did.
    pub argument: String,
}

/// Orders of a list by their words.
pub const ORDERS: [&str; 7] = ["date", "sent", "from", "subject", "size", "unread", "starred"];
/// Words of the themes.
pub const THEMES: [&str; 4] = ["auto", "dark", "light", "mono"];

const fn row(word: &'static str, verb: Verb, takes: Takes, short: &'static str, about: &'static str) -> Entry {
    Entry { word, verb, takes, short, about }
}

use Takes::{Nothing, OneOf, Text};
use Verb as V;

/// All there is.
pub const ENTRIES: &[Entry] = &[
    row("quit", V::Quit, Nothing, "Quit", "Leave the program; what is not sent yet stays and goes out later"),
    row("cancel", V::Cancel, Nothing, "Cancel", "Leave a question, stop what is being done, clear what was searched"),
    row("help", V::Help, Nothing, "Help", "Show the keys that work here"),
    row("command", V::Command, Nothing, "Command", "Type a command"),
    row("palette", V::Palette, Nothing, "Palette", "Find a command or a folder by some of its letters"),
    row("keys", V::KeyBar, Nothing, "Key bar", "Show or hide the keys at the bottom"),
    row("preset", V::Preset, OneOf(&crate::keys::PRESETS), "Preset", "Use the keys of another program"),
    row("theme", V::Theme, OneOf(&THEMES), "Theme", "Use other colours"),
    row(
        "pictures",
        V::Pictures,
        OneOf(&crate::picture::SETTINGS),
        "Pictures",
        "Draw pictures another way, or not at all",
    ),
    row("suspend", V::Suspend, Nothing, "Suspend", "Go back to the shell; `fg` comes back here"),
    row("redraw", V::Redraw, Nothing, "Redraw", "Draw the screen anew"),
    row("undo", V::Undo, Nothing, "Undo", "Take back the last thing done"),
    row("redo", V::Redo, Nothing, "Redo", "Do again what was taken back"),
    row("sync", V::Sync, Nothing, "Get mail", "Look for new mail now"),
    row("offline", V::Offline, Nothing, "Offline", "Stay off the network, or come back to it"),
    row("account", V::Account, Takes::Account, "Account", "Go to another account"),
    row("next-pane", V::NextPane, Nothing, "Next pane", "Go to the next part of the screen"),
    row("folders", V::ShowFolders, Nothing, "Folders", "Go to the list of folders"),
    row("list", V::ShowList, Nothing, "Messages", "Go to the list of messages"),
    row("side-bar", V::SideBar, Nothing, "Side bar", "Show or hide the folders beside the list"),
    row("down", V::Down, Nothing, "Down", "One line down"),
    row("up", V::Up, Nothing, "Up", "One line up"),
    row("page-down", V::PageDown, Nothing, "Next page", "One page down"),
    row("page-up", V::PageUp, Nothing, "Prev page", "One page up"),
    row("half-down", V::HalfDown, Nothing, "Half down", "Half a page down"),
    row("half-up", V::HalfUp, Nothing, "Half up", "Half a page up"),
    row("first", V::First, Nothing, "First", "To the first line"),
    row("last", V::Last, Nothing, "Last", "To the last line"),
    row("goto", V::Goto, Text("Line number"), "Jump", "To the line of this number"),
    row("open", V::Open, Nothing, "Open", "Open what is selected"),
    row("back", V::Back, Nothing, "Back", "Close this, and go back to where it was opened"),
    row("next-unread", V::NextUnread, Nothing, "Next new", "To the next message that was not read"),
    row("previous-unread", V::PreviousUnread, Nothing, "Prev new", "To the message before that was not read"),
    row("next", V::Next, Nothing, "Next", "Read the next message"),
    row("previous", V::Previous, Nothing, "Prev", "Read the message before"),
    row("folder", V::Folder, Takes::Folder, "Go to folder", "Open a folder"),
    row("search", V::Search, Takes::Query, "Search", "Show what is found in the whole account"),
    row("limit", V::Limit, Takes::Query, "Limit", "Show only what this is true of, in this folder"),
    row("find", V::Find, Text("Find"), "Find", "To the next place of this text in the message"),
    row("find-next", V::FindNext, Nothing, "Find next", "To the next place of what was looked for"),
    row("clear", V::ClearView, Nothing, "Show all", "Show the whole folder again"),
    row("sort", V::Sort, OneOf(&ORDERS), "Sort", "Sort the list"),
    row("reverse", V::Reverse, Nothing, "Reverse", "Turn the order of the list around"),
    row("threads", V::Threads, Nothing, "Threads", "One line for each conversation, or for each message"),
    row("unfold", V::Unfold, Nothing, "Unfold", "Show the messages of this conversation"),
    row("fold", V::Fold, Nothing, "Fold", "Hide the messages of this conversation"),
    row("conversation", V::Conversation, Nothing, "Whole talk", "Read all of the conversation on one page"),
    row("mark", V::Mark, Nothing, "Mark", "Mark this message, or no longer, and go on"),
    row("mark-thread", V::MarkThread, Nothing, "Mark thread", "Mark all of this conversation"),
    row("mark-all", V::MarkAll, Nothing, "Mark all", "Mark all that the list shows"),
    row("mark-matching", V::MarkMatching, Takes::Query, "Mark matching", "Mark what this is true of"),
    row("unmark", V::Unmark, Nothing, "Unmark", "Mark this message no longer"),
    row("unmark-all", V::UnmarkAll, Nothing, "Unmark all", "Mark nothing"),
    row("unmark-matching", V::UnmarkMatching, Takes::Query, "Unmark matching", "Unmark what this is true of"),
    row("delete", V::Delete, Nothing, "Delete", "Move to the trash; out of the trash for good"),
    row("delete-for-good", V::DeleteForGood, Nothing, "Destroy", "Delete for good, at once"),
    row("archive", V::Archive, Nothing, "Archive", "Move to the archive"),
    row("junk", V::Junk, Nothing, "Junk", "Move to junk, and tell the server so"),
    row("not-junk", V::NotJunk, Nothing, "Not junk", "Move back to the inbox: it was no junk"),
    row("move", V::Move, Takes::Folder, "Move", "Move to a folder"),
    row("copy", V::Copy, Takes::Folder, "Copy", "Put a copy into a folder"),
    row("star", V::Star, Nothing, "Star", "Set the star, or take it away"),
    row("flag", V::Flag, Nothing, "Flag", "Set the star"),
    row("unflag", V::Unflag, Nothing, "Unflag", "Take the star away"),
    row("read", V::Read, Nothing, "Read", "Mark as read"),
    row("unread", V::Unread, Nothing, "Unread", "Mark as not read"),
    row("toggle-read", V::ToggleRead, Nothing, "New/read", "Mark as read, or as not read"),
    row("label", V::Label, Text("Label"), "Label", "Give it a label"),
    row("unlabel", V::Unlabel, Text("Label"), "Unlabel", "Take a label away"),
    row("mute", V::Mute, Nothing, "Mute", "Hear no more of this conversation, or again"),
    row("snooze", V::Snooze, Text("Until"), "Snooze", "Put it aside until a time: `tomorrow 8:00`, `2h`, `mon`"),
    row("make-folder", V::MakeFolder, Text("Name of the new folder"), "New folder", "Make a folder"),
    row("rename-folder", V::RenameFolder, Text("New name"), "Rename", "Give this folder another name or place"),
    row("delete-folder", V::DeleteFolder, Nothing, "Del folder", "Delete this folder and what is in it"),
    row("subscribe", V::Subscribe, Nothing, "Subscribe", "Show this folder in programs that heed it, or hide it"),
    row("full-header", V::FullHeader, Nothing, "Headers", "Show all of the header, or the main fields"),
    row("html", V::Html, Nothing, "HTML", "Show the HTML text instead of the plain one, or back"),
    row("quotes", V::Quotes, Nothing, "Quotes", "Hide or show quoted text"),
    row("link", V::Link, Text("Number of the link"), "Link", "Open a link of this message"),
    row("links", V::Links, Nothing, "Links", "List the links of this message"),
    row("copy-text", V::CopyText, Nothing, "Copy text", "Copy the text of the message to the clipboard"),
    row("parts", V::Parts, Nothing, "Attachments", "List the parts of this message"),
    row("save", V::Save, Takes::Path, "Save", "Write the message to a file, as it is"),
    row("save-part", V::SavePart, Takes::Path, "Save part", "Write the part to a file"),
    row("open-part", V::OpenPart, Nothing, "Open", "Show the part, or open it with its program"),
    row("print-part", V::PrintPart, Nothing, "Print", "Print the part, as the mailcap file says"),
    row("pipe", V::Pipe, Text("Command"), "Pipe", "Give it to a command of the shell"),
    row("compose", V::Compose, Text(""), "Compose", "Write a letter"),
    row("reply", V::Reply, Nothing, "Reply", "Answer the sender"),
    row("reply-all", V::ReplyAll, Nothing, "Reply all", "Answer everybody"),
    row("reply-list", V::ReplyList, Nothing, "Reply list", "Answer the mailing list"),
    row("forward", V::Forward, Nothing, "Forward", "Send it on, with its text in the letter"),
    row("forward-attached", V::ForwardAttached, Nothing, "Fwd attached", "Send it on as it is"),
    row("recall", V::Recall, Nothing, "Drafts", "Go on with a draft"),
    row("template", V::Template, Takes::Path, "Template", "Begin a letter from a file"),
    row("outbox", V::Outbox, Nothing, "Outbox", "Show what waits to be sent"),
    row("take-back", V::TakeBack, Nothing, "Unsend", "Take back the letter that was sent last, while it waits"),
    row("address-book", V::AddressBook, Nothing, "Addresses", "Show people and groups you write to"),
    row("send", V::Send, Nothing, "Send", "Look it over and send it"),
    row("send-at", V::SendAt, Text("When"), "Send later", "Send it at a time: `tomorrow 8:00`, `2h`, `mon`"),
    row("postpone", V::Postpone, Nothing, "Postpone", "Keep it as a draft"),
    row("discard", V::Discard, Nothing, "Discard", "Throw the letter away"),
    row("attach", V::Attach, Takes::Path, "Attach", "Attach a file"),
    row("detach", V::Detach, Text("Number of the file"), "Detach", "Take an attachment away"),
    row("editor", V::Editor, Nothing, "Editor", "Write with your own editor ($VISUAL, $EDITOR)"),
    row("bcc", V::ShowBcc, Nothing, "Bcc", "Show the field for hidden recipients"),
    row("sign", V::Sign, Nothing, "Sign", "Sign the letter with your key (S/MIME), or not"),
    row("encrypt", V::Encrypt, Nothing, "Encrypt", "Encrypt the letter to all who get it, or not"),
    row("proof", V::Proof, Nothing, "Proof", "Show what is proved of a signed or encrypted letter"),
];

impl Verb {
    /// Its row.
    #[must_use]
    pub fn entry(self) -> Option<&'static Entry> {
        ENTRIES.iter().find(|entry| entry.verb == self)
    }
}

impl Command {
    /// Reads a line.
    ///
    /// # Errors
    /// The word is not known; with a word that is near, where there is one.
    pub fn parse(line: &str) -> Result<Command, String> {
        let line = line.trim();
        let (word, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let exact = ENTRIES.iter().find(|entry| entry.word == word);
        let mut begins = ENTRIES.iter().filter(|entry| entry.word.starts_with(word) && !word.is_empty());
        let only = match (begins.next(), begins.next()) {
            (Some(entry), None) => Some(entry),
            _ => None,
        };
        let entry = exact.or(only).ok_or_else(|| unknown(word))?;
        Ok(Command { verb: entry.verb, argument: argument.trim().to_owned() })
    }
}

fn unknown(word: &str) -> String {
    let near: Vec<&str> =
        ENTRIES.iter().map(|entry| entry.word).filter(|known| known.starts_with(word)).take(4).collect();
    match near.as_slice() {
        [] => format!("There is no command {word:?}; press Tab for a list"),
        near => format!("{word:?} may be {}", near.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_by_its_word_or_the_beginning_of_one() {
        let read = |line: &str| Command::parse(line).map(|command| (command.verb, command.argument));
        assert_eq!(read("move  Work/Deep ideas "), Ok((Verb::Move, "Work/Deep ideas".to_owned())));
        assert_eq!(read("arch"), Ok((Verb::Archive, String::new())));
        assert_eq!(read("delete"), Ok((Verb::Delete, String::new())));
        assert_eq!(read("frobnicate").unwrap_err(), "There is no command \"frobnicate\"; press Tab for a list");
        assert!(read("de").unwrap_err().starts_with("\"de\" may be delete"));
    }

    #[test]
    fn every_word_stands_once_and_says_what_it_does() {
        for entry in ENTRIES {
            assert_eq!(ENTRIES.iter().filter(|other| other.word == entry.word).count(), 1, "{}", entry.word);
            assert_eq!(ENTRIES.iter().filter(|other| other.verb == entry.verb).count(), 1, "{}", entry.word);
            assert!(!entry.about.is_empty() && !entry.short.is_empty() && entry.short.len() <= 15, "{}", entry.word);
        }
    }
}
