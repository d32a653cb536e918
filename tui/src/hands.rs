//! What is wanted of mirrors, done: questions answered, deeds carried out. Quick and synchronous: a mirror is a file of this
//! machine.

use crate::event::{Answer, Deed, Doing, Effect, Event, Line, Question, Target, Window};
use agent::mirror::{Acted, Action, FolderId, MessageId, Mirror, Result};
use agent::reading;
use agent::trouble::Trouble;
use message::Time;
use message::flags::flag_bits;

/// Mirrors, in the order of the accounts.
pub struct Hands {
    mirrors: Vec<Mirror>,
}

impl Hands {
    /// Over these.
    #[must_use]
    pub fn new(mirrors: Vec<Mirror>) -> Hands {
        Hands { mirrors }
    }

    /// The mirror of an account.
    #[must_use]
    pub fn mirror(&self, account: usize) -> Option<&Mirror> {
        self.mirrors.get(account)
    }

    /// Does what is wanted of a mirror, and tells what came of it; what is wanted of others is given back.
    ///
    /// # Errors
    /// The effect, where it is not for a mirror.
    pub fn perform(&self, effect: Effect, now: Time) -> std::result::Result<Option<Event>, Effect> {
        match effect {
            Effect::Ask(account, question) => Ok(self.mirror(account).map(|mirror| {
                let answer = answer(mirror, question, now);
                Event::Answer(account, answer.unwrap_or_else(|error| Answer::Failed(error.into())))
            })),
            Effect::Do(account, deed) => Ok(self.mirror(account).map(|mirror| {
                let Deed { what, words, remember } = deed;
                let result = carry_out(mirror, what).map_err(Trouble::from);
                Event::Done { account, words, remember, result }
            })),
            other => Err(other),
        }
    }
}

fn answer(mirror: &Mirror, question: Question, now: Time) -> Result<Answer> {
    Ok(match question {
        Question::Folders => Answer::Folders(mirror.folders()?),
        Question::Lines(window) => Answer::Lines {
            generation: window.generation,
            offset: window.offset,
            lines: lines(mirror, &window, now)?,
            total: total(mirror, &window, now)?,
        },
        Question::Thread(thread) => Answer::Thread(thread, mirror.thread(thread)?),
        Question::Ids(view, on) => Answer::Ids(mirror.ids(&view, now)?, on),
        Question::Read(message, view) => read(mirror, message, &view)?,
        Question::NextUnread(window) => Answer::NextUnread(next_unread(mirror, &window, now)?),
    })
}

fn lines(mirror: &Mirror, window: &Window, now: Time) -> Result<Vec<Line>> {
    if window.threaded {
        let found = mirror.conversations(&window.view, now, window.offset, window.count)?;
        let line = |it: agent::mirror::Conversation| Line { row: it.newest, messages: it.messages, unread: it.unread };
        return Ok(found.into_iter().map(line).collect());
    }
    let found = mirror.rows(&window.view, now, window.offset, window.count)?;
    let line = |row: agent::mirror::Row| {
        let unread = u64::from(!row.flags.has(flag_bits::SEEN));
        Line { row, messages: 1, unread }
    };
    Ok(found.into_iter().map(line).collect())
}

fn total(mirror: &Mirror, window: &Window, now: Time) -> Result<u64> {
    if window.threaded {
        mirror.count_conversations(&window.view, now)
    } else {
        mirror.count(&window.view, now)
    }
}

fn read(mirror: &Mirror, message: MessageId, view: &reading::View) -> Result<Answer> {
    let row = mirror.row(message)?.ok_or(agent::mirror::Error::Gone("message"))?;
    let content = mirror.content(message)?;
    let page = content.map(|content| Box::new(reading::page(&content, view)));
    Ok(Answer::Read(Box::new(row), page))
}

/// How many lines are looked at at once for one that was not read.
const LOOKED_AT: u64 = 1000;

/// The next line that was not read, after the one the window begins with; with a window of no lines, before it.
fn next_unread(mirror: &Mirror, window: &Window, now: Time) -> Result<Option<u64>> {
    let mut window = window.clone();
    let start = window.offset;
    if window.count == 0 {
        window.count = start.min(LOOKED_AT);
        window.offset = start - window.count;
        let before = lines(mirror, &window, now)?;
        return Ok(before.iter().rposition(|line| line.unread > 0).map(|place| window.offset + place as u64));
    }
    window.offset += 1;
    window.count = LOOKED_AT;
    loop {
        let found = lines(mirror, &window, now)?;
        if let Some(place) = found.iter().position(|line| line.unread > 0) {
            return Ok(Some(window.offset + place as u64));
        }
        if (found.len() as u64) < LOOKED_AT {
            break;
        }
        window.offset += LOOKED_AT;
    }
    // From the beginning again.
    window.offset = 0;
    window.count = LOOKED_AT.min(start + 1);
    Ok(lines(mirror, &window, now)?.iter().position(|line| line.unread > 0).map(|place| place as u64))
}

fn carry_out(mirror: &Mirror, what: Doing) -> Result<Vec<Acted>> {
    match what {
        Doing::Act(actions) => mirror.act_all(&actions),
        Doing::Move { messages, from, to, also } => {
            let to = match to {
                Target::Folder(id) => id,
                Target::Role(role) => mirror.folder_for(role)?,
            };
            let moves = by_folder(mirror, messages, from)?;
            let moves = moves.into_iter().filter(|(from, _)| *from != to);
            let moves = moves.map(|(from, messages)| Action::Move { messages, from, to });
            mirror.act_all(&also.into_iter().chain(moves).collect::<Vec<_>>())
        }
        Doing::Destroy { messages, from } => {
            let gone = by_folder(mirror, messages, from)?;
            let gone = gone.into_iter().map(|(from, messages)| Action::Destroy { messages, from });
            mirror.act_all(&gone.collect::<Vec<_>>())
        }
        Doing::MakeFolder(name) => mirror.create_folder(&name).map(|(_, acted)| vec![acted]),
    }
}

/// Messages by the folder they go out of: this one, or each of those they are in.
fn by_folder(
    mirror: &Mirror,
    messages: Vec<MessageId>,
    from: Option<FolderId>,
) -> Result<Vec<(FolderId, Vec<MessageId>)>> {
    let mut found: Vec<(FolderId, Vec<MessageId>)> = Vec::new();
    for message in messages {
        let folders = mirror.folders_of(message)?;
        // A message of an unfolded conversation may lie elsewhere than the list does.
        let here = from.filter(|from| folders.contains(from)).or(folders.first().copied());
        let Some(folder) = here else { continue };
        match found.iter_mut().find(|(known, _)| *known == folder) {
            Some((_, there)) => there.push(message),
            None => found.push((folder, vec![message])),
        }
    }
    Ok(found)
}
