//! Changes to messages: `pillarbox mail move`, `copy`, `flag`, `delete`, `archive`, `junk`, and `undo`. Each is in the mirror
//! at once and in its journal for the server; each can be taken back.

use super::desk::Desk;
use super::{flags, list, which};
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::units::count;
use crate::view;
use agent::mirror::{self, Action, Flags, FolderId, MessageId, Role};
use agent::moment::moment;
use agent::snoozed;
use clap::{Args, Subcommand};
use message::search::query::Query;
use office::admin::FailureKind;
use std::collections::BTreeMap;

/// Commands that change messages.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Move messages into a folder
    Move(Into),
    /// Copy messages into a folder
    Copy(Into),
    /// Set and take away flags: +seen -flagged +$label
    ///
    /// The flags are seen, flagged, answered, draft, deleted, and words of your own.
    #[command(override_usage = "pillarbox mail flag [--query QUERY] [ID]... <+FLAG|-FLAG>...")]
    Flag {
        /// Messages, and what is set (+) or taken away (-)
        #[arg(value_name = "ID|FLAG", required = true, allow_hyphen_values = true)]
        words: Vec<String>,
        /// Also all that this search finds
        #[arg(long)]
        query: Option<String>,
    },
    /// Move messages to the trash; what is there already goes for good
    Delete {
        #[command(flatten)]
        which: Which,
        /// Not to the trash: there is no way back
        #[arg(long)]
        for_good: bool,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Move messages to the archive
    Archive(Which),
    /// Put messages aside until a time: tomorrow 8:00, 2h, mon, 2026-12-01 9:30; now brings them back
    ///
    /// They lie in the folder Snoozed and come back, not read, to where they were. Times are those of this machine.
    #[command(override_usage = "pillarbox mail snooze [--query QUERY] [ID]... <UNTIL>")]
    Snooze {
        /// Messages, then until when, as one word: "tomorrow 8:00"
        #[arg(value_name = "ID... UNTIL", required = true)]
        words: Vec<String>,
        /// Also all that this search finds
        #[arg(long)]
        query: Option<String>,
    },
    /// Move messages to the junk folder, and tell the server that they are junk
    Junk {
        #[command(flatten)]
        which: Which,
        /// They are none: back to the inbox
        #[arg(long)]
        not: bool,
    },
}

/// Messages and a folder.
#[derive(Args, Debug)]
pub struct Into {
    /// Messages, then the folder: its path, or inbox, archive, trash and so on
    #[arg(value_name = "ID... FOLDER", required = true)]
    words: Vec<String>,
    /// Also all that this search finds
    #[arg(long)]
    query: Option<String>,
    /// Out of this folder, where they are in several
    #[arg(long, value_name = "FOLDER")]
    from: Option<String>,
}

/// Messages.
#[derive(Args, Debug)]
pub struct Which {
    /// Numbers as in lists, ranges as 12-15, Message-IDs, or last
    #[arg(value_name = "ID", required_unless_present = "query")]
    ids: Vec<String>,
    /// Also all that this search finds
    #[arg(long)]
    query: Option<String>,
    /// Out of this folder, where they are in several
    #[arg(long, value_name = "FOLDER")]
    from: Option<String>,
}

/// Does one of them.
pub fn run(change: &Change, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    match change {
        Change::Move(into) => {
            let (messages, to) = into.read(desk)?;
            let actions = moves(desk, &messages, into.from.as_deref(), to)?;
            done(desk, &actions, &format!("{} moved to {}", tally(&messages), name(desk, to)), screen)
        }
        Change::Copy(into) => {
            let (messages, to) = into.read(desk)?;
            let said = format!("{} copied to {}", tally(&messages), name(desk, to));
            done(desk, &[Action::Copy { messages, to }], &said, screen)
        }
        Change::Flag { words, query } => flag(words, query.as_deref(), desk, screen),
        Change::Delete { which, for_good, yes } => {
            let messages = which.messages(desk)?;
            if *for_good && !yes && screen.has_person() {
                screen.confirm(&format!("Delete {} for good?", tally(&messages)))?;
            }
            delete(which, messages, *for_good, desk, screen)
        }
        Change::Snooze { words, query } => snooze(words, query.as_deref(), desk, screen),
        Change::Archive(which) => to_role(which, Role::Archive, desk, screen),
        Change::Junk { which, not } => junk(which, *not, desk, screen),
    }
}

/// `pillarbox mail undo`
pub fn undo(desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    match desk.take_back()? {
        Some(said) => screen.show(&view::done(&format!("taken back: {said}"), Vec::new())),
        None => Err(Trouble::new(FailureKind::NoUser, "there is nothing to take back")),
    }
}

impl Into {
    fn read(&self, desk: &Desk) -> Result<(Vec<MessageId>, FolderId), Trouble> {
        let usage = || Trouble::new(FailureKind::Usage, "name messages, then the folder they go to");
        let (folder, ids) = self.words.split_last().ok_or_else(usage)?;
        if ids.is_empty() && self.query.is_none() {
            return Err(usage());
        }
        let messages = found(desk, ids, self.query.as_deref())?;
        let to = match Role::of(folder) {
            Role::None => list::folder_named(desk, folder)?,
            role => desk.mirror.folder_for(role)?,
        };
        Ok((messages, to))
    }
}

impl Which {
    /// The messages that are meant.
    pub fn messages(&self, desk: &Desk) -> Result<Vec<MessageId>, Trouble> {
        found(desk, &self.ids, self.query.as_deref())
    }
}

fn found(desk: &Desk, ids: &[String], query: Option<&str>) -> Result<Vec<MessageId>, Trouble> {
    let mut messages = which::messages(desk, ids)?;
    if let Some(text) = query {
        let (query, problems) = which::query(text)?;
        // Looking for something else than was meant does no harm; changing it would.
        if let Some(words) = problems.into_iter().next() {
            return Err(Trouble::new(FailureKind::Usage, words));
        }
        // A script whose variable is not set does not mean all there is; who types a star does.
        if query == Query::everything() && !text.contains('*') {
            let words = format!("the search {text:?} asks for nothing; * is every message");
            return Err(Trouble::new(FailureKind::Usage, words));
        }
        let view = mirror::View { query: Some(query), ..mirror::View::default() };
        for id in desk.mirror.ids(&view, desk.now)? {
            if !messages.contains(&id) {
                messages.push(id);
            }
        }
    }
    if messages.is_empty() {
        return Err(Trouble::new(FailureKind::NoUser, "the search finds no message"));
    }
    Ok(messages)
}

/// Out of where each lies, into one folder. What is there already stays.
fn moves(desk: &Desk, messages: &[MessageId], from: Option<&str>, to: FolderId) -> Result<Vec<Action>, Trouble> {
    let from = from.map(|name| list::folder_named(desk, name)).transpose()?;
    let mut by_folder: BTreeMap<FolderId, Vec<MessageId>> = BTreeMap::new();
    for message in messages {
        if let Some(folder) = home(desk, *message, from, to)? {
            by_folder.entry(folder).or_default().push(*message);
        }
    }
    Ok(by_folder.into_iter().map(|(from, messages)| Action::Move { messages, from, to }).collect())
}

/// The folder a message is moved out of: the one that was named, else the inbox, else the first it is in that is no view
/// of others.
fn home(desk: &Desk, message: MessageId, from: Option<FolderId>, to: FolderId) -> Result<Option<FolderId>, Trouble> {
    let mut folders = desk.mirror.folders_of(message)?;
    folders.retain(|folder| *folder != to);
    if let Some(from) = from {
        return Ok(folders.into_iter().find(|folder| *folder == from));
    }
    let role = |folder: &FolderId| desk.mirror.folder(*folder).map(|folder| folder.role).unwrap_or_default();
    let inbox = folders.iter().find(|folder| role(folder) == Role::Inbox);
    let other = folders.iter().find(|folder| !matches!(role(folder), Role::All | Role::Flagged));
    Ok(inbox.or(other).copied())
}

fn flag(words: &[String], query: Option<&str>, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let (ids, wanted) = flags::part(words, query.is_some())?;
    let messages = found(desk, &ids, query)?;
    let said = format!("{} marked", tally(&messages));
    done(desk, &[Action::Flag { messages, add: wanted.add, remove: wanted.remove }], &said, screen)
}

fn delete(
    which: &Which,
    messages: Vec<MessageId>,
    for_good: bool,
    desk: &mut Desk,
    screen: &mut Screen,
) -> Result<(), Trouble> {
    // What goes for good needs no trash where there is none yet.
    let trash = if for_good { None } else { Some(desk.mirror.folder_for(Role::Trash)?) };
    let mut gone: BTreeMap<FolderId, Vec<MessageId>> = BTreeMap::new();
    let mut kept = Vec::new();
    let total = tally(&messages);
    for message in messages {
        let folders = desk.mirror.folders_of(message)?;
        match (for_good, folders.as_slice()) {
            (true, folders) => folders.iter().for_each(|folder| gone.entry(*folder).or_default().push(message)),
            (false, [only]) if Some(*only) == trash => gone.entry(*only).or_default().push(message),
            (false, _) => kept.push(message),
        }
    }
    let mut actions = match trash {
        Some(trash) => moves(desk, &kept, which.from.as_deref(), trash)?,
        None => Vec::new(),
    };
    actions.extend(gone.into_iter().map(|(from, messages)| Action::Destroy { messages, from }));
    done(desk, &actions, &format!("{total} deleted"), screen)
}

fn to_role(which: &Which, role: Role, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let messages = which.messages(desk)?;
    let to = desk.mirror.folder_for(role)?;
    let actions = moves(desk, &messages, which.from.as_deref(), to)?;
    done(desk, &actions, &format!("{} moved to {}", tally(&messages), name(desk, to)), screen)
}

/// Keywords that servers learn from (RFC 9051 §2.3.2: `$Junk`, `$NotJunk`), then the move.
fn junk(which: &Which, not: bool, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let messages = which.messages(desk)?;
    let (add, remove, role) = if not { ("$NotJunk", "$Junk", Role::Inbox) } else { ("$Junk", "$NotJunk", Role::Junk) };
    let to = desk.mirror.folder_for(role)?;
    let said = format!("{} moved to {}", tally(&messages), name(desk, to));
    let moves = moves(desk, &messages, which.from.as_deref(), to)?;
    let mark = Action::Flag { messages, add: Flags::keyword(add), remove: Flags::keyword(remove) };
    let actions: Vec<Action> = [mark].into_iter().chain(moves).collect();
    done(desk, &actions, &said, screen)
}

fn snooze(words: &[String], query: Option<&str>, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let usage = |what: &str| Trouble::new(FailureKind::Usage, what);
    let (until, ids) = words.split_last().ok_or_else(|| usage("name messages, then until when"))?;
    if ids.is_empty() && query.is_none() {
        return Err(usage("name messages, then until when, as in `pillarbox mail snooze 12 15-17 \"tomorrow 8:00\"`"));
    }
    let messages = found(desk, ids, query)?;
    if until.eq_ignore_ascii_case("now") {
        let acted = snoozed::bring_back(&desk.mirror, &messages)?;
        let said = format!("{} brought back", tally(&messages));
        desk.remember(&acted, &said)?;
        return screen.show(&view::done(&said, Vec::new()));
    }
    let time = moment(until, desk.now, crate::zone::here()).filter(|time| snoozed::is_sound(*time, desk.now));
    let wrong = "is no time to come; try 2h, \"tomorrow 8:00\", mon or 2026-12-01, at most ten years away";
    let time = time.ok_or_else(|| usage(&format!("{until:?} {wrong}")))?;
    let acted = snoozed::put_aside(&desk.mirror, &messages, time, desk.now)?;
    let said = format!("{} put aside until {}", tally(&messages), crate::units::exact(time));
    desk.remember(&acted, &said)?;
    screen.show(&view::done(&said, Vec::new()))
}

fn done(desk: &mut Desk, actions: &[Action], said: &str, screen: &mut Screen) -> Result<(), Trouble> {
    desk.act(actions, said)?;
    screen.show(&view::done(said, Vec::new()))
}

fn tally(messages: &[MessageId]) -> String {
    count(messages.len() as u64, "message")
}

fn name(desk: &Desk, folder: FolderId) -> String {
    desk.mirror.folder(folder).map(|folder| folder.name).unwrap_or_default()
}
