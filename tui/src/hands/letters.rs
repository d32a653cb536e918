//! Letters begun, kept and queued.

use crate::event::{Answer, Beginning, Ties};
use crate::hands::{Hand, Writing};
use agent::key_folder::{KeyFolder, Original};
use agent::letter::{self, Composed, Letter, Recipients, Template, Whom, Writer};
use agent::mirror::{Envelope, FolderId, MessageId, Mirror, Outgoing, Posting, Role};
use agent::sealing::{Choice, Keys, Refusal, Wish};
use agent::trouble::{Kind, Trouble};
use agent::{draft_ties, sealed_draft};
use message::date::Date;
use message::{Address, Time};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

/// A file that goes along, in octets: no provider takes more.
pub const FILE_MAX: u64 = 100 * 1024 * 1024;
/// A template, in octets.
const TEMPLATE_MAX: u64 = 1024 * 1024;
/// Paths offered at once.
const PATHS_MAX: usize = 200;

/// A letter to be written.
pub fn begin(mirror: &Mirror, how: Beginning, writing: &Writing, now: Time) -> Result<Answer, Trouble> {
    let mut ties = Ties::default();
    let letter = match how {
        Beginning::Blank => blank(writing),
        Beginning::Reply(message, whom) => {
            ties.answers = Some(message);
            let raw = content(mirror, message)?;
            let original = original(&raw, writing, now);
            ties.wish.answers_encrypted = original.was_encrypted;
            if whom == Whom::List && letter::list_of(&original.message).is_none() {
                return Err(Trouble::new(Kind::Data, "This message came by no list that takes letters"));
            }
            let mut letter = letter::reply(&original.message, whom, &writer(writing, &original.message));
            if !original.may_be_quoted {
                letter.text = format!("{UNQUOTED}\n");
            }
            // Room to write above what is quoted.
            letter.text.insert_str(0, "\n\n");
            signed(letter, writing)
        }
        Beginning::Forward(message) => {
            ties.forwards = vec![message];
            let raw = content(mirror, message)?;
            let original = original(&raw, writing, now);
            ties.wish.answers_encrypted = original.was_encrypted;
            letter::forward(&original.message, &writer(writing, &original.message))
        }
        Beginning::ForwardAttached(messages) => {
            let raws = messages.iter().map(|message| content(mirror, *message)).collect::<Result<Vec<_>, _>>()?;
            ties.forwards = messages;
            let originals: Vec<Original<'_>> = raws.iter().map(|raw| original(raw, writing, now)).collect();
            ties.wish.answers_encrypted = originals.iter().any(|original| original.was_encrypted);
            // What is signed alone goes on as it came, with its signature; what was encrypted nobody else could open.
            let sent_on = originals.iter().zip(&raws);
            let raws: Vec<&[u8]> = sent_on
                .map(|(original, raw)| if original.was_encrypted { &*original.message } else { raw.as_slice() })
                .collect();
            signed(letter::forward_attached(&raws, &writer(writing, b"")), writing)
        }
        Beginning::Draft(message) => {
            let folders = mirror.folders_of(message)?;
            ties.draft = folders.first().map(|folder| (message, *folder));
            let mut letter = unsent(&content(mirror, message)?, &mut ties, writing, now)?;
            (ties.answers, ties.forwards) = draft_ties::take(mirror, &mut letter)?;
            letter
        }
        Beginning::TakenBack(id) => {
            let drafts = mirror.folder_for(Role::Drafts)?;
            let waiting = mirror.outgoing()?.into_iter().find(|waiting| waiting.id == id);
            let waiting = waiting.ok_or_else(|| Trouble::new(Kind::NotFound, "the letter is gone already"))?;
            let message = taken_back(mirror, &waiting, drafts, (writing, now))?;
            let Posting { answers, forwards, .. } = waiting.posting;
            ties = Ties { answers, forwards, draft: Some((message, drafts)), ..Ties::default() };
            unsent(&content(mirror, message)?, &mut ties, writing, now)?
        }
        Beginning::Template(path) => filled(&path, writing)?,
    };
    if ties.wish.answers_encrypted {
        can_be_kept(&letter, writing, now)?;
    }
    Ok(Answer::Begun(Box::new(letter), ties))
}

/// What comes of an encrypted letter is encrypted, too; its draft to its writer.
fn can_be_kept(letter: &Letter, writing: &Writing, now: Time) -> Result<(), Trouble> {
    let from = letter.from.people().find_map(|person| Address::parse(&person.email).ok());
    let Some((keys, from)) = writing.keys.as_ref().zip(from) else { return Ok(()) };
    keys.load().keys.check_own(&from, now).map_err(|refusal| Trouble::new(Kind::Data, refusal))
}

/// Takes a letter back among the drafts.
fn taken_back(
    mirror: &Mirror,
    waiting: &Outgoing,
    drafts: FolderId,
    (writing, now): (&Writing, Time),
) -> Result<MessageId, Trouble> {
    if let Some(keys) = &writing.keys {
        return sealed_draft::take_back(keys, mirror, waiting, drafts, now);
    }
    let taken = mirror.take_back(waiting.id, Some(drafts))?;
    taken.ok_or_else(|| Trouble::new(Kind::NotFound, "the letter is gone already"))
}

/// A draft as it is gone on with: its date and its id come anew.
fn unsent(raw: &[u8], ties: &mut Ties, writing: &Writing, now: Time) -> Result<Letter, Trouble> {
    let (letter, choice) = match &writing.keys {
        Some(keys) => sealed_draft::read(keys, raw, now)?,
        None => (Letter::read(raw), Choice::default()),
    };
    if choice.seals() {
        let Choice { signs, encrypts, for_old_programs } = choice;
        ties.wish = Wish { signs: Some(signs), encrypts: Some(encrypts), for_old_programs, answers_encrypted: false };
    }
    Ok(Letter { date: None, message_id: None, ..letter })
}

/// What stands for the text of a letter that may not be quoted.
const UNQUOTED: &str = "[Your letter was encrypted, but not signed; so its text is not quoted here.]";

/// A message that is answered or sent on, opened where it is sealed.
fn original<'a>(raw: &'a [u8], writing: &Writing, now: Time) -> Original<'a> {
    match &writing.keys {
        Some(keys) => keys.original(raw, now),
        None => Original { message: Cow::Borrowed(raw), was_encrypted: false, may_be_quoted: true },
    }
}

fn content(mirror: &Mirror, message: MessageId) -> Result<Vec<u8>, Trouble> {
    let missing = || Trouble::new(Kind::TryAgain, "the text is not on this machine yet; open the message first");
    mirror.content(message)?.ok_or_else(missing)
}

fn writer(writing: &Writing, raw: &[u8]) -> Writer {
    let own = letter::own_address(raw, &writing.own).map(|address| address.to_string());
    let email = own.unwrap_or_else(|| writing.address.clone());
    let name = (!writing.name.is_empty()).then_some(writing.name.as_str());
    Writer { from: Recipients::one(name, &email), own: writing.own.clone(), form: form() }
}

fn form() -> letter::Form {
    letter::Form { flowed: true, ..letter::Form::default() }
}

/// A new letter.
fn blank(writing: &Writing) -> Letter {
    let letter = Letter { from: writer(writing, b"").from, form: form(), ..Letter::default() };
    signed(letter, writing)
}

/// The signature goes below (RFC 3676 §4.3).
fn signed(mut letter: Letter, writing: &Writing) -> Letter {
    if !writing.signature.is_empty() {
        letter.text = format!("{}\n-- \n{}\n", letter.text, writing.signature.trim_end());
    }
    letter
}

fn filled(path: &str, writing: &Writing) -> Result<Letter, Trouble> {
    let octets = read(path, TEMPLATE_MAX)?;
    let values =
        BTreeMap::from([("name".to_owned(), writing.name.clone()), ("address".to_owned(), writing.address.clone())]);
    let faults = |faults: Vec<letter::Fault>| {
        let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Trouble::new(Kind::Data, words.join("; "))
    };
    let mut letter = Template::read(&octets).fill(&values).map_err(faults)?;
    if letter.from.is_empty() {
        letter.from = writer(writing, b"").from;
    }
    Ok(letter)
}

/// Keeps a draft, instead of the one before; one that is to be encrypted is encrypted to its writer.
pub fn keep(hand: &Hand, mut letter: Letter, ties: &Ties, stamp: &Stamp) -> Result<Answer, Trouble> {
    let mirror = &hand.mirror;
    draft_ties::note(mirror, &mut letter, &ties.forwards)?;
    let drafts = match ties.draft {
        Some((_, folder)) => folder,
        None => mirror.folder_for(Role::Drafts)?,
    };
    let composed = stamp.compose(&letter);
    let copy = match &hand.writing.keys {
        Some(keys) => {
            let choice = choice(keys, hand, &composed, ties.wish, stamp.now);
            sealed_draft::sealed(keys, composed.copy, choice, stamp.now)?
        }
        None => composed.copy,
    };
    let kept = mirror.save_draft(&copy, drafts, ties.draft.map(|(message, _)| message), stamp.now)?;
    Ok(Answer::Kept(kept, drafts))
}

/// What is done to a letter as it goes.
fn choice(keys: &KeyFolder, hand: &Hand, letter: &Composed, wish: Wish, now: Time) -> Choice {
    let habits = hand.writing.sealing;
    let is_open = wish.encrypts.is_none() && habits.encrypts_when_possible && !wish.answers_encrypted;
    // Keys are read only where they decide.
    let keys = if is_open { keys.load().keys } else { Keys::default() };
    keys.choose(letter, wish, habits, now)
}

/// What is done to a letter as it goes; refused, with the same, where that cannot be done.
pub fn sealable(hand: &Hand, letter: &Composed, wish: Wish, now: Time) -> Result<Choice, (Choice, Refusal)> {
    let Some(keys) = &hand.writing.keys else { return Ok(Choice::default()) };
    let choice = choice(keys, hand, letter, wish, now);
    if !choice.seals() {
        return Ok(choice);
    }
    keys.load().keys.check(letter, choice, now).map(|()| choice).map_err(|refusal| (choice, refusal))
}

/// Queues a letter.
pub fn post(hand: &Hand, letter: &Letter, ties: Ties, stamp: &Stamp, at: Time) -> Result<Answer, Trouble> {
    let mirror = &hand.mirror;
    let composed = stamp.compose(letter);
    let sealing =
        sealable(hand, &composed, ties.wish, stamp.now).map_err(|(_, refusal)| Trouble::new(Kind::Data, refusal))?;
    let envelope = &composed.envelope;
    let posting = Posting {
        envelope: Envelope {
            reverse_path: envelope.reverse_path.as_ref().map(ToString::to_string).unwrap_or_default(),
            recipients: envelope.recipients.iter().map(ToString::to_string).collect(),
            smtputf8: envelope.needs_smtputf8,
        },
        file_in: Some(mirror.folder_for(Role::Sent)?),
        draft: ties.draft,
        answers: ties.answers,
        forwards: ties.forwards,
        sealing,
    };
    let id = mirror.post(&composed.copy, &posting, stamp.now, at)?;
    Ok(Answer::Posted(id, at))
}

/// What a letter gets as it is composed: the time, and numbers nobody can guess.
pub struct Stamp {
    /// Now.
    pub now: Time,
    /// Minutes ahead of UTC.
    pub offset_minutes: i16,
    /// Of which ids and boundaries are made.
    pub random: [u8; 32],
}

impl Stamp {
    /// The letter as it would go.
    pub fn compose(&self, letter: &Letter) -> Composed {
        let unix_seconds = i64::try_from(self.now.unix_seconds()).unwrap_or(i64::MAX);
        letter.compose(Date { unix_seconds, offset_minutes: Some(self.offset_minutes) }, &self.random)
    }
}

/// A file, to go along.
pub fn file(path: &str) -> Result<Answer, Trouble> {
    let octets = read(path, FILE_MAX)?;
    let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    let media_type = letter::media_type(name.as_deref().unwrap_or_default()).to_owned();
    Ok(Answer::File(Box::new(letter::Attachment { name, media_type, octets, ..letter::Attachment::default() })))
}

fn read(path: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
    agent::disk::read(Path::new(path), limit).map_err(|error| Trouble::new(Kind::Io, format!("{path}: {error}")))
}

/// Paths that begin so; folders end with `/`.
pub fn paths(typed: &str) -> Vec<String> {
    let (folder, begun) = typed.rsplit_once('/').map_or((".", typed), |(folder, name)| (folder, name));
    let shown = typed.strip_suffix(begun).unwrap_or_default();
    let folder = if typed.starts_with('/') && folder.is_empty() { "/" } else { folder };
    let names = agent::disk::names(Path::new(folder), PATHS_MAX, |name| {
        name.starts_with(begun) && (!name.starts_with('.') || begun.starts_with('.'))
    });
    names.into_iter().map(|name| format!("{shown}{name}")).collect()
}
