//! The words of the prompt and their short forms (POSIX.1-2017 `mailx`, "Commands in mailx"). Owns the table; what they do
//! is in `session`, `filing` and `compose`.

/// What can be said at the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Command {
    Alias,
    Alternates,
    Chdir,
    Copy,
    Delete,
    DeletePrint,
    Discard,
    Echo,
    Edit,
    Exit,
    File,
    Flag,
    Forward,
    From,
    Headers,
    Help,
    Hold,
    Mail,
    Mbox,
    Next,
    Pipe,
    Print,
    PrintAll,
    Quit,
    Reply,
    ReplyAll,
    ReplySender,
    Retain,
    Save,
    Screen,
    Set,
    Shell,
    Size,
    Source,
    Top,
    Touch,
    Unalias,
    Undelete,
    Unflag,
    Unread,
    Unset,
    Verify,
    Version,
    Visual,
    Write,
    Number,
    Previous,
    Ignored,
}

/// Each word, how much of it is enough, and what it means; the first that fits is meant.
const TABLE: [(&str, usize, Command); 81] = [
    ("alias", 1, Command::Alias),
    ("group", 1, Command::Alias),
    ("alternates", 3, Command::Alternates),
    ("cd", 2, Command::Chdir),
    ("chdir", 2, Command::Chdir),
    ("copy", 1, Command::Copy),
    ("Copy", 1, Command::Copy),
    ("delete", 1, Command::Delete),
    ("discard", 2, Command::Discard),
    ("ignore", 2, Command::Discard),
    ("dp", 2, Command::DeletePrint),
    ("dt", 2, Command::DeletePrint),
    ("echo", 2, Command::Echo),
    ("edit", 1, Command::Edit),
    ("exit", 2, Command::Exit),
    ("xit", 1, Command::Exit),
    ("file", 2, Command::File),
    ("folder", 4, Command::File),
    ("followup", 2, Command::ReplyAll),
    ("Followup", 1, Command::ReplySender),
    ("flag", 2, Command::Flag),
    ("forward", 4, Command::Forward),
    ("Forward", 4, Command::Forward),
    ("fwd", 3, Command::Forward),
    ("from", 1, Command::From),
    ("headers", 1, Command::Headers),
    ("help", 3, Command::Help),
    ("?", 1, Command::Help),
    ("list", 1, Command::Help),
    ("hold", 2, Command::Hold),
    ("preserve", 3, Command::Hold),
    ("mail", 1, Command::Mail),
    ("mbox", 2, Command::Mbox),
    ("next", 1, Command::Next),
    ("+", 1, Command::Next),
    ("-", 1, Command::Previous),
    ("pipe", 2, Command::Pipe),
    ("|", 1, Command::Pipe),
    ("print", 1, Command::Print),
    ("type", 1, Command::Print),
    ("more", 3, Command::Print),
    ("page", 3, Command::Print),
    ("Print", 1, Command::PrintAll),
    ("Type", 1, Command::PrintAll),
    ("Show", 1, Command::PrintAll),
    ("show", 3, Command::PrintAll),
    ("quit", 1, Command::Quit),
    ("reply", 1, Command::Reply),
    ("respond", 1, Command::Reply),
    ("replyall", 6, Command::ReplyAll),
    ("replysender", 6, Command::ReplySender),
    ("Reply", 1, Command::ReplySender),
    ("Respond", 1, Command::ReplySender),
    ("retain", 3, Command::Retain),
    ("save", 1, Command::Save),
    ("Save", 1, Command::Save),
    ("set", 2, Command::Set),
    ("shell", 2, Command::Shell),
    ("!", 1, Command::Shell),
    ("size", 2, Command::Size),
    ("source", 2, Command::Source),
    ("top", 2, Command::Top),
    ("touch", 3, Command::Touch),
    ("unalias", 3, Command::Unalias),
    ("undelete", 1, Command::Undelete),
    ("unflag", 4, Command::Unflag),
    ("unread", 1, Command::Unread),
    ("Unread", 1, Command::Unread),
    ("new", 3, Command::Unread),
    ("unset", 3, Command::Unset),
    ("verify", 6, Command::Verify),
    ("version", 2, Command::Version),
    ("visual", 1, Command::Visual),
    ("write", 1, Command::Write),
    ("z", 1, Command::Screen),
    ("=", 1, Command::Number),
    ("#", 1, Command::Ignored),
    ("if", 2, Command::Ignored),
    ("else", 2, Command::Ignored),
    ("endif", 2, Command::Ignored),
    ("account", 2, Command::Ignored),
];

/// The command of a word, and what follows it. Without a word a list of messages is printed, and nothing at all is the next
/// message.
///
/// # Errors
/// The word, where it is none of the commands.
pub fn parse(line: &str) -> Result<(Command, &str), &str> {
    let line = line.trim();
    let Some(first) = line.chars().next() else { return Ok((Command::Next, "")) };
    let end = match first {
        '!' | '|' | '?' | '=' | '#' => 1,
        '+' | '-' if line.len() == 1 => 1,
        '0'..='9' | '.' | '^' | '$' | '*' | '/' | ':' | '+' | '-' => return Ok((Command::Print, line)),
        _ => line.find(|c: char| !c.is_alphabetic()).unwrap_or(line.len()),
    };
    let (word, rest) = line.split_at(end.max(first.len_utf8()));
    find(word).map(|command| (command, rest.trim_start())).ok_or(word)
}

fn find(word: &str) -> Option<Command> {
    let exact = TABLE.iter().find(|(name, ..)| *name == word);
    let begun = || TABLE.iter().find(|(name, least, _)| word.len() >= *least && name.starts_with(word));
    exact.or_else(begun).map(|(_, _, command)| *command)
}

/// The words, one line for each command.
pub const HELP: &str = "\
print (p, t) LIST    show messages           delete (d) LIST       delete them
next (n, Enter)      show the next           undelete (u) LIST     take that back
top LIST             their first lines       dp                    delete, show the next
headers (h)          a screen of headers     z, z-                 the next screen, the last
from (f) LIST        headers of these        size LIST, =          octets; the number
reply (r) LIST       answer to all           Reply (R) LIST        to who wrote alone
mail (m) WHO         write a letter          forward LIST WHO      send on
save (s) LIST FILE   add to a mailbox        copy (c) LIST FILE    and do not mark as saved
write (w) LIST FILE  the text alone          pipe (|) LIST COMMAND have a program read them
flag, unflag LIST    mark                    unread LIST           as if never read
hold, mbox LIST      stay here; go to mbox   touch LIST            as if read
folder (fo) NAME     another mailbox         folder                which it is
alias NAME WHO...    short names             set, unset NAME       variables
source FILE          commands of a file      ! COMMAND, shell      the shell
edit, visual LIST    in an editor            echo, version, cd
quit (q)             end and keep changes    exit (x)              end without them
A LIST: 3  1-4  * all  . this  ^ first  $ last  + -  alice  /subject  :n new :u unread :f flagged
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_mean_what_they_always_did() {
        for (line, command, rest) in [
            ("", Command::Next, ""),
            ("p", Command::Print, ""),
            ("t 3", Command::Print, "3"),
            ("d3-4", Command::Delete, "3-4"),
            ("dp", Command::DeletePrint, ""),
            ("u", Command::Undelete, ""),
            ("un 3", Command::Undelete, "3"),
            ("unr 3", Command::Unread, "3"),
            ("r", Command::Reply, ""),
            ("R", Command::ReplySender, ""),
            ("fo", Command::ReplyAll, ""),
            ("fold", Command::File, ""),
            ("fi x", Command::File, "x"),
            ("f alice", Command::From, "alice"),
            ("h", Command::Headers, ""),
            ("z-", Command::Screen, "-"),
            ("!ls -l", Command::Shell, "ls -l"),
            ("| 1 wc", Command::Pipe, "1 wc"),
            ("?", Command::Help, ""),
            ("12", Command::Print, "12"),
            ("$", Command::Print, "$"),
            ("/red", Command::Print, "/red"),
            ("+", Command::Next, ""),
            ("-", Command::Previous, ""),
            ("x", Command::Exit, ""),
            ("ex", Command::Exit, ""),
            ("e 1", Command::Edit, "1"),
            ("se a", Command::Set, "a"),
            ("s 1 f", Command::Save, "1 f"),
            ("to", Command::Top, ""),
        ] {
            assert_eq!(parse(line), Ok((command, rest)), "{line}");
        }
        assert_eq!(parse("foo 1"), Err("foo"));
        assert_eq!(parse("é 1"), Err("é"));
    }
}
