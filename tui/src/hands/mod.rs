//! What is wanted of mirrors, done: questions answered, deeds carried out. Quick and synchronous: a mirror is a file of this
//! machine.

mod letters;
mod parts;

use crate::event::{Answer, Beginning, Deed, Doing, Effect, Event, Line, Question, Target, Window};
use crate::picture::{Darkroom, Developed, Source};
use agent::account::SealHabits;
use agent::book::{Book, Person};
use agent::key_folder::KeyFolder;
use agent::letter::{Aliases, Letter};
use agent::mirror::{Acted, Action, FolderId, MessageId, Mirror, Result};
use agent::reading;
use agent::sealing::Wish;
use agent::snoozed;
use agent::trouble::Trouble;
use letters::Stamp;
use message::flags::flag_bits;
use message::harmless::readable;
use message::{Address, Time};
use std::cell::RefCell;

/// Fills octets with what nobody can guess.
pub type Random = Box<dyn Fn(&mut [u8; 32])>;

/// People offered at once.
const PEOPLE_MAX: usize = 200;

/// An account as hands know it.
pub struct Hand {
    /// Its mail.
    pub mirror: Mirror,
    /// How its owner writes.
    pub writing: Writing,
    /// The address book, once it was asked for.
    pub book: RefCell<Option<Book>>,
}

/// How somebody writes.
#[derive(Clone, Debug, Default)]
pub struct Writing {
    /// Their address.
    pub address: String,
    /// Their name; empty for none.
    pub name: String,
    /// All their addresses.
    pub own: Vec<Address>,
    /// What stands below what they write.
    pub signature: String,
    /// Where their clock stands.
    pub zone: message::zone::Zone,
    /// What short names stand for.
    pub aliases: Aliases,
    /// What is done to letters where nothing is said (S/MIME).
    pub sealing: SealHabits,
    /// Keys and certificates.
    pub keys: Option<KeyFolder>,
}

/// Mirrors, in the order of the accounts.
pub struct Hands {
    hands: Vec<Hand>,
    random: Random,
    home: Option<String>,
    darkroom: Darkroom,
}

impl Hands {
    /// Over these; with numbers nobody can guess.
    #[must_use]
    pub fn new(hands: Vec<(Mirror, Writing)>, random: Random) -> Hands {
        let hand = |(mirror, writing)| Hand { mirror, writing, book: RefCell::new(None) };
        Hands { hands: hands.into_iter().map(hand).collect(), random, home: None, darkroom: Darkroom::default() }
    }

    /// What `~` stands for at the beginning of a path.
    #[must_use]
    pub fn at_home(mut self, home: Option<String>) -> Hands {
        self.home = home.filter(|home| !home.is_empty());
        self
    }

    /// A path as it was typed, whole.
    fn whole(&self, path: &str) -> String {
        match (path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')), &self.home) {
            (Some(rest), Some(home)) => format!("{}{rest}", home.trim_end_matches('/')),
            _ => path.to_owned(),
        }
    }

    /// Paths that begin so, as they were begun.
    fn paths(&self, typed: &str) -> Vec<String> {
        let whole = self.whole(typed);
        let home = whole.strip_suffix(typed.strip_prefix('~').unwrap_or(typed)).unwrap_or_default().to_owned();
        if whole == typed {
            return letters::paths(typed);
        }
        if typed == "~" {
            return vec!["~/".to_owned()];
        }
        let shown = |path: String| path.strip_prefix(&home).map_or(path.clone(), |rest| format!("~{rest}"));
        letters::paths(&whole).into_iter().map(shown).collect()
    }

    /// The mirror of an account.
    #[must_use]
    pub fn mirror(&self, account: usize) -> Option<&Mirror> {
        self.hands.get(account).map(|hand| &hand.mirror)
    }

    /// A number that is another once the mirror was changed.
    #[must_use]
    pub fn version(&self, account: usize) -> i64 {
        self.mirror(account).and_then(|mirror| mirror.version().ok()).unwrap_or_default()
    }

    /// Pictures that are ready by now.
    pub fn developed(&self) -> Vec<Developed> {
        self.darkroom.developed()
    }

    /// All pictures that were wanted; waits for them.
    pub fn all_developed(&self) -> Vec<Developed> {
        self.darkroom.all_developed()
    }

    /// Does what is wanted of a mirror, and tells what came of it; what is wanted of others is given back.
    ///
    /// # Errors
    /// The effect, where it is not for a mirror.
    pub fn perform(&self, effect: Effect, now: Time) -> std::result::Result<Option<Event>, Box<Effect>> {
        match effect {
            Effect::Ask(account, Question::Pictures(wanted)) => {
                if let Some(hand) = self.hands.get(account) {
                    let source = Source { mirror: hand.mirror.clone(), keys: hand.writing.keys.clone(), now };
                    self.darkroom.develop(source, wanted);
                }
                Ok(None)
            }
            Effect::Ask(account, question) => Ok(self.hands.get(account).map(|hand| {
                let answer = self.answer(hand, question, now);
                Event::Answer(account, answer.unwrap_or_else(Answer::Failed))
            })),
            Effect::Do(account, Deed { what: what @ (Doing::Keep(..) | Doing::Post(..)), .. }) => {
                Ok(self.hands.get(account).map(|hand| {
                    let answer = self.write(hand, what, now);
                    Event::Answer(account, answer.unwrap_or_else(Answer::Failed))
                }))
            }
            Effect::Do(account, deed) => Ok(self.mirror(account).map(|mirror| {
                let Deed { what, mut words, remember } = deed;
                words.push_str(&from_elsewhere(mirror, &what).unwrap_or_default());
                let result = carry_out(mirror, what, now).map_err(Trouble::from);
                Event::Done { account, words, remember, result }
            })),
            other => Err(Box::new(other)),
        }
    }
}

impl Hands {
    fn answer(&self, hand: &Hand, question: Question, now: Time) -> std::result::Result<Answer, Trouble> {
        match question {
            Question::Begin(Beginning::Template(path)) => {
                letters::begin(&hand.mirror, Beginning::Template(self.whole(&path)), &hand.writing, now)
            }
            Question::Begin(how) => letters::begin(&hand.mirror, how, &hand.writing, now),
            Question::Read(message, view) => Ok(read(hand, message, &view, now)?),
            Question::Seal(letter, wish) => Ok(self.seal(hand, &letter, wish, now)),
            Question::People(typed) => Ok(Answer::People(people(hand, &typed, now)?)),
            Question::Paths(typed) => Ok(Answer::Paths(self.paths(&typed))),
            Question::File(path) => letters::file(&self.whole(&path)),
            Question::Part(message, number) => parts::held(hand, message, number, now),
            Question::Save(message, number, path) => parts::save(hand, (message, number), &self.whole(&path), now),
            Question::Outbox => Ok(Answer::Outbox(outbox(&hand.mirror)?)),
            Question::Asleep => Ok(Answer::Asleep(snoozed::wake(&hand.mirror, now)?)),
            other => Ok(answer(&hand.mirror, other, now)?),
        }
    }

    fn write(&self, hand: &Hand, what: Doing, now: Time) -> std::result::Result<Answer, Trouble> {
        let stamp = self.stamp(hand, now);
        // Who was written to is offered the next time.
        hand.book.replace(None);
        match what {
            Doing::Keep(letter, ties) => letters::keep(hand, *letter, &ties, &stamp),
            Doing::Post(letter, ties, at) => letters::post(hand, &letter, ties, &stamp, at),
            _ => Err(Trouble::new(agent::trouble::Kind::Software, "this is no letter")),
        }
    }
}

impl Hands {
    fn stamp(&self, hand: &Hand, now: Time) -> Stamp {
        let mut random = [0; 32];
        (self.random)(&mut random);
        Stamp { now, offset_minutes: hand.writing.zone.offset_minutes(now), random }
    }

    fn seal(&self, hand: &Hand, letter: &Letter, wish: Wish, now: Time) -> Answer {
        let composed = self.stamp(hand, now).compose(letter);
        match letters::sealable(hand, &composed, wish, now) {
            Ok(choice) => Answer::Seal(choice, None),
            Err((choice, refusal)) => Answer::Seal(choice, Some(refusal)),
        }
    }
}

/// People to be offered, as they are written into a field.
fn people(hand: &Hand, typed: &str, now: Time) -> Result<Vec<String>> {
    let mut book = hand.book.borrow_mut();
    let book = match &mut *book {
        Some(book) => book,
        none => none.insert(Book::of(&hand.mirror, &hand.writing.aliases, now)?),
    };
    Ok(book.find(typed, PEOPLE_MAX).into_iter().map(Person::written).collect())
}

/// Letters that wait, with whom they are for and what they are about.
fn outbox(mirror: &Mirror) -> Result<Vec<(agent::mirror::Outgoing, String)>> {
    let mut found = Vec::new();
    for waiting in mirror.outgoing()? {
        let subject = mirror.row(waiting.message)?.map(|row| row.subject).unwrap_or_default();
        found.push((waiting, subject));
    }
    Ok(found)
}

/// What rows and folders tell.
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
        Question::NextUnread(window) => Answer::NextUnread(next_unread(mirror, &window, now)?),
        Question::Begin(_)
        | Question::Read(..)
        | Question::Seal(..)
        | Question::People(_)
        | Question::Paths(_)
        | Question::File(_)
        | Question::Part(..)
        | Question::Save(..)
        | Question::Pictures(_)
        | Question::Asleep
        | Question::Outbox => return Err(agent::mirror::Error::Gone("row of that kind")),
    })
}

fn lines(mirror: &Mirror, window: &Window, now: Time) -> Result<Vec<Line>> {
    if window.threaded {
        let found = mirror.conversations(&window.view, now, window.offset, window.count)?;
        // As many as are shown where it is unfolded: those of other folders, too.
        let line = |it: agent::mirror::Conversation| {
            Ok(Line { messages: mirror.thread_length(it.newest.thread)?, unread: it.unread, row: it.newest })
        };
        return found.into_iter().map(line).collect();
    }
    let found = mirror.rows(&window.view, now, window.offset, window.count)?;
    let line = |row: agent::mirror::Row| {
        let unread = u64::from(!row.flags.has(flag_bits::SEEN));
        Line { row, messages: 1, unread }
    };
    Ok(found.into_iter().map(line).collect())
}

fn total(mirror: &Mirror, window: &Window, now: Time) -> Result<u64> {
    if window.threaded { mirror.count_conversations(&window.view, now) } else { mirror.count(&window.view, now) }
}

fn read(hand: &Hand, message: MessageId, view: &reading::View, now: Time) -> Result<Answer> {
    let row = hand.mirror.row(message)?.ok_or(agent::mirror::Error::Gone("message"))?;
    let content = hand.mirror.content(message)?;
    let page = content.map(|content| match &hand.writing.keys {
        Some(keys) => keys.page(&content, view, now),
        None => reading::page(&content, view),
    });
    let page = page.map(Box::new);
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

fn carry_out(mirror: &Mirror, what: Doing, now: Time) -> Result<Vec<Acted>> {
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
        Doing::PutAside(messages, until) => snoozed::put_aside(mirror, &messages, until, now),
        Doing::BringBack(messages) => snoozed::bring_back(mirror, &messages),
        Doing::MakeFolder(name) => mirror.create_folder(&name).map(|(_, acted)| vec![acted]),
        Doing::Keep(..) | Doing::Post(..) => Ok(Vec::new()),
    }
}

/// How many messages go out of folders that are not on the screen, in words.
fn from_elsewhere(mirror: &Mirror, what: &Doing) -> Result<String> {
    let (messages, here) = match what {
        Doing::Move { messages, from: Some(from), .. } | Doing::Destroy { messages, from: Some(from) } => {
            (messages, *from)
        }
        _ => return Ok(String::new()),
    };
    let mut elsewhere = Vec::new();
    for (folder, messages) in by_folder(mirror, messages.clone(), Some(here))? {
        if folder != here {
            elsewhere.push(format!("{} from {}", messages.len(), readable(&mirror.folder(folder)?.name)));
        }
    }
    Ok(if elsewhere.is_empty() { String::new() } else { format!(", {}", elsewhere.join(", ")) })
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
