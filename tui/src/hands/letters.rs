//! Letters begun, kept and queued.

use crate::event::{Answer, Beginning, Ties};
use crate::hands::Writing;
use agent::letter::{self, Composed, Letter, Recipients, Template, Writer};
use agent::mirror::{Envelope, MessageId, Mirror, Posting, Role};
use agent::trouble::{Kind, Trouble};
use message::Time;
use message::date::Date;
use std::collections::BTreeMap;
use std::path::Path;

/// A file that goes along, in octets: no provider takes more.
pub const FILE_MAX: u64 = 100 * 1024 * 1024;
/// A template, in octets.
const TEMPLATE_MAX: u64 = 1024 * 1024;
/// Paths offered at once.
const PATHS_MAX: usize = 200;

/// A letter to be written.
pub fn begin(mirror: &Mirror, how: Beginning, writing: &Writing) -> Result<Answer, Trouble> {
    let mut ties = Ties::default();
    let letter = match how {
        Beginning::Blank => blank(writing),
        Beginning::Reply(message, whom) => {
            ties.answers = Some(message);
            let raw = content(mirror, message)?;
            let mut letter = letter::reply(&raw, whom, &writer(writing, &raw));
            // Room to write above what is quoted.
            letter.text.insert_str(0, "\n\n");
            signed(letter, writing)
        }
        Beginning::Forward(message) => {
            ties.forwards = vec![message];
            let raw = content(mirror, message)?;
            letter::forward(&raw, &writer(writing, &raw))
        }
        Beginning::ForwardAttached(messages) => {
            let raws = messages.iter().map(|message| content(mirror, *message)).collect::<Result<Vec<_>, _>>()?;
            ties.forwards = messages;
            let raws: Vec<&[u8]> = raws.iter().map(Vec::as_slice).collect();
            signed(letter::forward_attached(&raws, &writer(writing, b"")), writing)
        }
        Beginning::Draft(message) => {
            let folders = mirror.folders_of(message)?;
            ties.draft = folders.first().map(|folder| (message, *folder));
            unsent(&content(mirror, message)?)
        }
        Beginning::TakenBack(id) => {
            let drafts = mirror.folder_for(Role::Drafts)?;
            let waiting = mirror.outgoing()?.into_iter().find(|waiting| waiting.id == id);
            let taken = mirror.take_back(id, Some(drafts))?;
            let message = taken.ok_or_else(|| Trouble::new(Kind::NotFound, "the letter is gone already"))?;
            let posting = waiting.map(|waiting| waiting.posting).unwrap_or_default();
            ties = Ties { answers: posting.answers, forwards: posting.forwards, draft: Some((message, drafts)) };
            unsent(&content(mirror, message)?)
        }
        Beginning::Template(path) => filled(&path, writing)?,
    };
    Ok(Answer::Begun(Box::new(letter), ties))
}

/// A draft as it is gone on with: its date and its id come anew.
fn unsent(raw: &[u8]) -> Letter {
    Letter { date: None, message_id: None, ..Letter::read(raw) }
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

/// Keeps a draft, instead of the one before.
pub fn keep(mirror: &Mirror, letter: &Letter, ties: &Ties, stamp: &Stamp) -> Result<Answer, Trouble> {
    let drafts = match ties.draft {
        Some((_, folder)) => folder,
        None => mirror.folder_for(Role::Drafts)?,
    };
    let copy = stamp.compose(letter).copy;
    let kept = mirror.save_draft(&copy, drafts, ties.draft.map(|(message, _)| message), stamp.now)?;
    Ok(Answer::Kept(kept, drafts))
}

/// Queues a letter.
pub fn post(mirror: &Mirror, letter: &Letter, ties: Ties, stamp: &Stamp, at: Time) -> Result<Answer, Trouble> {
    let composed = stamp.compose(letter);
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
    fn compose(&self, letter: &Letter) -> Composed {
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
