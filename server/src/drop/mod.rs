//! The drop folder, `drop` in the data folder: where the classic commands leave mail, whether or not a server runs. Anyone
//! may put a file there and nobody else see it (mode 1733); a server takes what is there when it starts, every two seconds,
//! and when it is told. Whom a file is from is decided by who owns it.
//!
//! No message is taken twice: the name of its file goes into its journey, in the transaction that accepts it, and a file
//! whose name stands there already is only removed. Nothing is lost: a file goes when its message is accepted, when its
//! sender has been told, or when whoever waits for the answer has it; what cannot be read is kept in `drop/bad`.
#![allow(clippy::disallowed_methods, reason = "the drop folder is a folder of files")]

mod form;

pub use form::{ENVELOPE_MAX, Envelope, folder, put};

use crate::house::House;
use form::{FIRST_LINE, UNFINISHED};
use net::clock::Clock;
use nix::fcntl::OFlag;
use nix::unistd::{Uid, User, geteuid};
use office::admin::{DropView, Failure, FailureKind, RefusedView, Response};
use office::{LocalEnvelope, LocalRefusal, LocalUser, Office, kind_of};
use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use wire::smtp::{Enhanced, Notify, Reply, Return};

/// How often the folder is looked into.
const LOOK: Duration = Duration::from_secs(2);

/// How long a message waits for a recipient who cannot take it for now, as one with a full mailbox (RFC 5321 §4.5.4.1: four
/// to five days). Then its sender is told.
const WAIT_MAX: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// Files looked at in one go, so that a folder with a million names costs no memory; the next look goes on behind them, so
/// that those that wait hold up no others.
const FILES_AT_ONCE: usize = 1000;

/// Octets read at a time.
const PIECE: usize = 256 * 1024;

/// Octets at the beginning of a message that are kept for a notice about it.
const BEGINNING: usize = 64 * 1024;

/// After this long a file that was never finished belongs to nobody.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// Where files go that are no messages.
const BAD: &str = "bad";

/// Anyone may put a file there, nobody but the owner list it, and only its owner and ours take it away.
const FOLDER_MODE: u32 = 0o1733;

/// Who takes what was dropped. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Drops {
    folder: Arc<PathBuf>,
    office: Office,
    clock: Clock,
    /// One file at a time, whoever asks: none is taken twice side by side.
    turn: Arc<Mutex<()>>,
    /// The last name of a look that did not see all; empty: it did.
    looked_to: Arc<Mutex<String>>,
}

/// A file about to be taken.
struct Dropped {
    name: String,
    user: LocalUser,
    envelope: LocalEnvelope,
    content: BufReader<File>,
}

/// What became of a file.
enum Fate {
    Taken(LocalEnvelope, Vec<LocalRefusal>),
    Refused(Vec<LocalRefusal>),
    Waits(String),
    Bad(String),
    /// It is there no more, or was taken before.
    Gone,
}

impl Drops {
    /// Makes the folder ready; what keeps it from being so is logged, and mail from the network comes in all the same.
    pub(crate) fn open(data_dir: &Path, office: Office, clock: Clock) -> Drops {
        let folder = folder(data_dir);
        if let Err(error) = make(data_dir, &folder) {
            tracing::error!(folder = %folder.display(), %error, "users of this machine cannot drop mail here");
        }
        Drops { folder: Arc::new(folder), office, clock, turn: Arc::default(), looked_to: Arc::default() }
    }

    /// Looks into the folder until the server drains.
    pub(crate) async fn watch(self, house: Arc<House>) {
        let mut drain = house.drain.clone();
        loop {
            self.take_all().await;
            tokio::select! {
                _ = drain.changed() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Does what an administrator, or whoever dropped a file and may speak to the control socket, asks.
    pub(crate) async fn take(&self, name: Option<String>, attended: bool) -> Result<Response, Failure> {
        let Some(name) = name else { return Ok(Response::Dropped(self.take_all().await)) };
        if form::queue_id(&name).is_none() {
            let message = format!("{name:?} is no name of a file in the drop folder");
            return Err(Failure { kind: FailureKind::Usage, message });
        }
        let mut view = DropView::default();
        self.take_one(name, attended, &mut view).await;
        Ok(Response::Dropped(view))
    }

    async fn take_all(&self) -> DropView {
        let mut view = DropView::default();
        for name in self.look().await {
            self.take_one(name, false, &mut view).await;
        }
        view
    }

    /// The names to be taken now.
    async fn look(&self) -> Vec<String> {
        let mut looked_to = self.looked_to.lock().await;
        let (folder, after, now) = (self.folder.clone(), looked_to.clone(), self.clock.now());
        let listed = tokio::task::spawn_blocking(move || list(&folder, &after, now)).await;
        let names = listed.ok().and_then(Result::ok).unwrap_or_default();
        *looked_to = names.last().filter(|_| names.len() == FILES_AT_ONCE).cloned().unwrap_or_default();
        names
    }

    async fn take_one(&self, name: String, attended: bool, view: &mut DropView) {
        let _turn = self.turn.lock().await;
        let path = self.folder.join(&name);
        let fate = self.decide(&path, &name, attended).await;
        let keep = |refusals: Vec<LocalRefusal>| refusals.into_iter().map(refused).collect::<Vec<_>>();
        match fate {
            Fate::Gone => return remove(&path),
            Fate::Taken(envelope, refusals) => {
                view.taken.push(envelope.queue_id);
                view.refused.extend(keep(refusals));
            }
            Fate::Refused(refusals) => view.refused.extend(keep(refusals)),
            Fate::Waits(why) => return view.waiting.push(why),
            Fate::Bad(why) => {
                tracing::error!(
                    file = name,
                    reason = why,
                    "a dropped file is no message that can be taken; it is kept in drop/bad"
                );
                set_aside(&self.folder, &name);
                return;
            }
        }
        remove(&path);
    }

    async fn decide(&self, path: &Path, name: &str, attended: bool) -> Fate {
        let limit = self.office.message_size();
        let (path, owned) = (path.to_owned(), name.to_owned());
        let opened = tokio::task::spawn_blocking(move || open(&path, owned, limit)).await;
        let dropped = match opened {
            Ok(Ok(dropped)) => dropped,
            Ok(Err(error)) if error.kind() == ErrorKind::NotFound => return Fate::Gone,
            Ok(Err(error)) => return Fate::Bad(error.to_string()),
            Err(error) => return Fate::Waits(error.to_string()),
        };
        match self.office.was_handed_in(dropped.envelope.queue_id, name).await {
            Ok(true) => Fate::Gone,
            Ok(false) => self.hand_in(dropped, attended).await,
            Err(error) => Fate::Waits(error.to_string()),
        }
    }

    async fn hand_in(&self, dropped: Dropped, attended: bool) -> Fate {
        let Dropped { name, user, envelope, mut content } = dropped;
        let now = self.clock.now();
        let mut beginning = Vec::new();
        let (refused, taken) = match self.office.hand_in(now, user.clone(), &envelope).await {
            Err(reply) => (everybody(&envelope, &reply), false),
            Ok(mut desk) if desk.taken == 0 => (std::mem::take(&mut desk.refused), false),
            Ok(mut desk) => {
                let refused = std::mem::take(&mut desk.refused);
                match carry(desk, &mut content, &mut beginning).await {
                    Ok(()) => (refused, true),
                    Err(reply) => (everybody(&envelope, &reply), false),
                }
            }
        };
        let dropped_at = wire::Time(envelope.queue_id.0 >> 16);
        let is_old = now.since(dropped_at) > WAIT_MAX;
        if let Some(later) = refused.iter().find(|refusal| refusal.reply.code < 500).filter(|_| !taken && !is_old) {
            return Fate::Waits(format!("{name}: {}", later.reply.lines.join(" ")));
        }
        if !refused.is_empty() && !attended {
            if beginning.is_empty() {
                // Nobody was there for whom it would have been read.
                let _ = content.take(BEGINNING as u64).read_to_end(&mut beginning);
            }
            let told = self.office.tell_refused(now, (&user, &envelope), &refused, &beginning).await;
            if let Err(reply) = told {
                let why = format!("nobody is left to take it: {}", reply.lines.join(" "));
                match (taken, reply.code) {
                    (true, _) => {
                        tracing::error!(file = name, reason = why, "a sender is not told of refused recipients")
                    }
                    (false, ..500) => return Fate::Waits(why),
                    (false, _) => return Fate::Bad(why),
                }
            }
        }
        if taken { Fate::Taken(envelope, refused) } else { Fate::Refused(refused) }
    }
}

fn refused(LocalRefusal { recipient, reply }: LocalRefusal) -> RefusedView {
    RefusedView { recipient, kind: kind_of(&reply), said: format!("{} {}", reply.code, reply.lines.join(" ")) }
}

fn everybody(envelope: &LocalEnvelope, reply: &Reply) -> Vec<LocalRefusal> {
    let each = |recipient: &String| LocalRefusal { recipient: recipient.clone(), reply: reply.clone() };
    envelope.recipients.iter().map(each).collect()
}

/// Carries the content from the file to the desk.
async fn carry(
    mut desk: office::LocalDesk,
    content: &mut BufReader<File>,
    beginning: &mut Vec<u8>,
) -> Result<(), Reply> {
    desk.begin().await?;
    let mut piece = vec![0; PIECE];
    let mut last = b'\n';
    loop {
        // A local disk, a piece at a time: no longer than a write to the store takes.
        let octets = content.read(&mut piece).map_err(|error| unreadable(&error))?;
        let read = piece.get(..octets).unwrap_or_default();
        if read.is_empty() {
            if last == b'\r' {
                return Err(bare_line_end());
            }
            if last != b'\n' {
                desk.content(b"\r\n").await;
            }
            return desk.finish().await.map(drop);
        }
        if has_bare_line_end(last, read) {
            return Err(bare_line_end());
        }
        last = read.last().copied().unwrap_or(last);
        let room = BEGINNING.saturating_sub(beginning.len());
        beginning.extend_from_slice(read.get(..room.min(read.len())).unwrap_or_default());
        desk.content(read).await;
    }
}

fn bare_line_end() -> Reply {
    Reply::new(554, Enhanced(5, 6, 0), "lines end with CR LF, and neither stands alone")
}

/// What is refused from the network is no better from a file (RFC 5321 §2.3.8). `before`: the octet before the piece.
fn has_bare_line_end(before: u8, piece: &[u8]) -> bool {
    let mut last = if before == b'\n' { 0 } else { before };
    piece.iter().any(|octet| {
        let bare = (*octet == b'\n') != (last == b'\r');
        last = *octet;
        bare
    })
}

fn unreadable(error: &io::Error) -> Reply {
    tracing::error!(%error, "a dropped file cannot be read");
    Reply::new(451, Enhanced(4, 3, 0), "the dropped file cannot be read")
}

/// Names in the folder in order, at most so many, those behind `after` first. What was never finished goes.
fn list(folder: &Path, after: &str, now: wire::Time) -> io::Result<Vec<String>> {
    let (mut behind, mut before) = (BTreeSet::new(), BTreeSet::new());
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A folder in it is nobody's mail, and not ours to move away.
        if entry.file_type()?.is_dir() {
            continue;
        }
        let Ok(name) = entry.file_name().into_string() else { continue };
        if let Some(unfinished) = name.strip_prefix(UNFINISHED) {
            let begun = form::queue_id(unfinished).map(|id| wire::Time(id.0 >> 16));
            if begun.is_none_or(|begun| now.since(begun) > ABANDONED) {
                remove(&entry.path());
            }
            continue;
        }
        let names = if name.as_str() > after { &mut behind } else { &mut before };
        names.insert(name);
        if names.len() > FILES_AT_ONCE {
            names.pop_last();
        }
    }
    Ok(behind.into_iter().chain(before).take(FILES_AT_ONCE).collect())
}

/// Opens a file and reads what stands before the message. Whatever lies there: a link leads nowhere, a pipe holds nobody
/// up, and another's file that was linked here is not taken for its owner's word.
fn open(path: &Path, name: String, octets_max: u64) -> io::Result<Dropped> {
    let wrong = |why: &str| io::Error::new(ErrorKind::InvalidData, why);
    let queue_id = form::queue_id(&name).ok_or_else(|| wrong("its name is none of this form"))?;
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() || facts.nlink() != 1 {
        return Err(wrong("it is no file of one name"));
    }
    let mut content = BufReader::new(file);
    let first = line(&mut content, FIRST_LINE.len() + 1)?;
    if first != FIRST_LINE.as_bytes() {
        return Err(wrong("it does not begin as such a file does"));
    }
    let second = line(&mut content, ENVELOPE_MAX)?;
    if facts.len().saturating_sub((first.len() + second.len() + 2) as u64) > octets_max {
        return Err(wrong("the message is larger than limits.message_size"));
    }
    let envelope: Envelope = serde_json::from_slice(&second)?;
    if envelope.recipients.is_empty() {
        return Err(wrong("it is for nobody"));
    }
    let envelope = LocalEnvelope {
        ticket: name.clone(),
        queue_id,
        notify: envelope.notify.as_deref().map(notify).transpose().map_err(wrong)?,
        ret: envelope.ret.as_deref().map(ret).transpose().map_err(wrong)?,
        sender: envelope.sender,
        recipients: envelope.recipients,
        envid: envelope.envid,
        eight_bit: envelope.eight_bit,
        smtputf8: envelope.smtputf8,
    };
    Ok(Dropped { name, user: user(facts.uid()), envelope, content })
}

/// A line without its LF, of at most so many octets.
fn line(content: &mut BufReader<File>, octets_max: usize) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    content.take(octets_max as u64 + 1).read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        _ => Err(io::Error::new(ErrorKind::InvalidData, "a line is too long, or does not end")),
    }
}

/// RFC 3461 §4.1
fn notify(text: &str) -> Result<Notify, &'static str> {
    let mut notify = Notify::default();
    for word in text.split(',').filter(|_| text != "NEVER") {
        match word {
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return Err("its NOTIFY is none"),
        }
    }
    Ok(notify)
}

/// RFC 3461 §4.3
fn ret(text: &str) -> Result<Return, &'static str> {
    match text {
        "FULL" => Ok(Return::Full),
        "HDRS" => Ok(Return::Headers),
        _ => Err("its RET is none"),
    }
}

/// Who owns a file. The administrator of the machine, and who runs the server, could do anything anyway.
fn user(uid: u32) -> LocalUser {
    let known = User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
    LocalUser {
        name: known.unwrap_or_else(|| format!("uid{uid}")),
        uid,
        trusted: uid == 0 || uid == geteuid().as_raw(),
    }
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::error!(path = %path.display(), %error, "a dropped file cannot be removed");
        }
        _ => {}
    }
}

fn set_aside(folder: &Path, name: &str) {
    if let Err(error) = std::fs::rename(folder.join(name), folder.join(BAD).join(name)) {
        tracing::error!(file = name, %error, "and it cannot be moved there");
    }
}

/// Makes the folder and the way to it.
fn make(data_dir: &Path, folder: &Path) -> io::Result<()> {
    private_folder(folder)?;
    private_folder(&folder.join(BAD))?;
    open_the_way(data_dir)?;
    std::fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))
}

/// A folder of ours: one that somebody else has put there is not used.
fn private_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        other => return other,
    }
    let facts = std::fs::symlink_metadata(path)?;
    if facts.is_dir() && facts.uid() == geteuid().as_raw() {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, format!("{} is no folder of the server's user", path.display())))
}

/// Lets users of this machine through a data folder that was closed to them. What else lies in it was closed by that, and
/// is closed itself first: nothing can be read afterwards that could not be before.
fn open_the_way(data_dir: &Path) -> io::Result<()> {
    let mode = std::fs::metadata(data_dir)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Ok(());
    }
    for entry in std::fs::read_dir(data_dir)? {
        let path = entry?.path();
        let facts = std::fs::symlink_metadata(&path)?;
        if !facts.is_symlink() && facts.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(&path, Permissions::from_mode(facts.permissions().mode() & 0o7700))?;
        }
    }
    std::fs::set_permissions(data_dir, Permissions::from_mode(mode & 0o7777 | 0o011))
}

#[cfg(test)]
mod tests;
