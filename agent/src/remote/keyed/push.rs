//! Telling such an account what the user did.

use super::{Append, Keyed, nonsense};
use crate::mirror::{Action, ActionId, Error, FolderId, MessageId, Mirror, Pending, Told};
use crate::progress::Watcher;
use crate::trouble::{Kind, Trouble};
use message::Time;
use net::clock::Clock;
use std::time::Duration;

/// After this long what may pass is tried again, and twice as long each time.
const WAIT: Duration = Duration::from_secs(30);
/// At most this long.
const WAIT_MAX: Duration = Duration::from_secs(60 * 60);

/// Tells all that is due. What is refused for good is given up, and told of in the end.
pub(super) async fn push<K: Keyed>(
    keyed: &mut K,
    mirror: &Mirror,
    clock: &Clock,
    watcher: &Watcher,
) -> Result<(), Trouble> {
    let mut refused: Option<Trouble> = None;
    let (mut done, of) = (0, mirror.pending()?.len() as u64);
    while let Some(pending) = mirror.next_action(clock.now())? {
        watcher.go_on()?;
        watcher.tell("telling the server", done, Some(of));
        if K::APPENDS_AT_ONCE > 1 && matches!(pending.action, Action::Append { .. }) {
            done += append_run(keyed, mirror, clock).await?;
            continue;
        }
        mirror.begin(pending.id)?;
        match tell(keyed, mirror, &pending).await {
            Ok(told) => mirror.told(pending.id, &told)?,
            Err(trouble) => {
                let trouble = in_words(&pending, trouble);
                if is_for_good(&pending, &trouble) {
                    mirror.give_up(pending.id)?;
                    refused.get_or_insert(trouble);
                } else {
                    put_off(mirror, (pending.id, pending.tries), &trouble, clock.now())?;
                    return Err(trouble);
                }
            }
        }
        done += 1;
    }
    refused.map_or(Ok(()), Err)
}

/// Puts messages into folders, a run of them, where that is made to last for all of them at once; how many.
async fn append_run<K: Keyed>(keyed: &mut K, mirror: &Mirror, clock: &Clock) -> Result<u64, Trouble> {
    let run = mirror.next_appends(clock.now(), K::APPENDS_AT_ONCE)?;
    mirror.begin_all(&run.iter().map(|pending| pending.id).collect::<Vec<_>>())?;
    let (mut each, mut failed) = (Vec::with_capacity(run.len()), None);
    for pending in &run {
        match tell(keyed, mirror, pending).await {
            Ok(told) => each.push((pending.id, told)),
            Err(trouble) => {
                failed = Some((pending, in_words(pending, trouble)));
                break;
            }
        }
    }
    keyed.settle().await?;
    mirror.told_each(&each)?;
    if let Some((pending, trouble)) = failed {
        put_off(mirror, (pending.id, pending.tries), &trouble, clock.now())?;
        return Err(trouble);
    }
    Ok(each.len() as u64)
}

/// Whether the server will go on saying no. A message of ours is not given up, whatever is said: no draft is lost.
fn is_for_good(pending: &Pending, trouble: &Trouble) -> bool {
    let refused = matches!(trouble.kind, Kind::Data | Kind::NotFound | Kind::Unavailable | Kind::Usage);
    refused && !matches!(pending.action, Action::Append { .. })
}

fn put_off(mirror: &Mirror, (id, tries): (ActionId, u32), trouble: &Trouble, now: Time) -> Result<(), Trouble> {
    // What the network does, or the user, is no try of the server's patience.
    let wait = match trouble.kind {
        Kind::Cancelled | Kind::NoHost => Duration::ZERO,
        Kind::TryAgain if tries == 0 => Duration::ZERO,
        _ => WAIT.saturating_mul(1 << tries.min(7)).min(WAIT_MAX),
    };
    mirror.put_off(id, &trouble.text, now.after(wait))?;
    Ok(())
}

fn in_words(pending: &Pending, trouble: Trouble) -> Trouble {
    let what = match &pending.action {
        Action::Flag { .. } => "flags were not changed",
        Action::Move { .. } => "messages were not moved",
        Action::Copy { .. } => "messages were not copied",
        Action::Destroy { .. } => "messages were not deleted",
        Action::Append { .. } => "a message was not saved",
        Action::CreateFolder { .. } => "a folder was not made",
        Action::RenameFolder { .. } => "a folder was not renamed",
        Action::DeleteFolder { .. } => "a folder was not deleted",
        Action::Subscribe { .. } => "a folder is shown as before",
    };
    Trouble::new(trouble.kind, format!("{what} at the server: {}", trouble.text))
}

async fn tell<K: Keyed>(keyed: &mut K, mirror: &Mirror, pending: &Pending) -> Result<Told, Trouble> {
    match &pending.action {
        Action::Flag { messages, add, remove } => {
            let named = Named::of(mirror, messages)?;
            if !named.ids.is_empty() {
                keyed.flag(&named.ids, add, remove).await?;
            }
            Ok(Told::default())
        }
        Action::Move { messages, from, to } => {
            let (from, to) = (remote(mirror, *from)?, existing(mirror, *to)?);
            let named = Named::of(mirror, messages)?;
            let Some(from) = from.filter(|_| !named.ids.is_empty()) else { return Ok(missing(messages)) };
            let gone = keyed.relocate(&named.ids, &from, &to).await?;
            // Told again, it is in the other folder already: that is as good.
            let gone = if pending.unsure { there(keyed, gone, &to).await? } else { gone };
            Ok(named.told(&gone))
        }
        Action::Copy { messages, to } => {
            let to = existing(mirror, *to)?;
            let named = Named::of(mirror, messages)?;
            let gone = if named.ids.is_empty() { Vec::new() } else { keyed.copy(&named.ids, &to).await? };
            Ok(named.told(&gone))
        }
        Action::Destroy { messages, from } => {
            let named = Named::of(mirror, messages)?;
            if let Some(from) = remote(mirror, *from)?.filter(|_| !named.ids.is_empty()) {
                keyed.destroy(&named.ids, &from).await?;
            }
            Ok(Told::default())
        }
        Action::Append { message, to } => append(keyed, mirror, (*message, *to), pending.unsure).await,
        _ => arrange(keyed, mirror, &pending.action).await,
    }
}

/// Of messages that were not where they were to be moved from, those that are not where they were to go either.
async fn there<K: Keyed>(keyed: &mut K, gone: Vec<String>, to: &str) -> Result<Vec<String>, Trouble> {
    if gone.is_empty() {
        return Ok(gone);
    }
    let found = keyed.look(&gone, false).await?;
    let is_there = |id: &String| found.iter().any(|found| found.id == *id && found.folders.iter().any(|f| f == to));
    Ok(gone.into_iter().filter(|id| !is_there(id)).collect())
}

async fn append<K: Keyed>(
    keyed: &mut K,
    mirror: &Mirror,
    (message, to): (MessageId, FolderId),
    unsure: bool,
) -> Result<Told, Trouble> {
    let Some(row) = mirror.row(message)? else { return Ok(Told::default()) };
    let to = existing(mirror, to)?;
    let flags = mirror.server_flags(message)?;
    let it =
        Append { mirror, message, size: row.size, message_id: &row.message_id, flags: &flags, received: row.received };
    if let Some(remote) = mirror.remote_of(message)? {
        // It is over there already, in another folder.
        keyed.copy(&[remote], &to).await?;
        return Ok(Told::default());
    }
    let is_known = !row.message_id.is_empty() || K::FINDS_BY_CONTENT;
    let found = if unsure && is_known { keyed.find(&to, it).await? } else { None };
    let id = match found {
        Some(id) => id,
        None => keyed.append(&to, it).await?,
    };
    if id.is_empty() {
        return Err(nonsense("a message without an id"));
    }
    Ok(Told { remotes: vec![(message, id)], ..Told::default() })
}

async fn arrange<K: Keyed>(keyed: &mut K, mirror: &Mirror, action: &Action) -> Result<Told, Trouble> {
    match action {
        Action::CreateFolder { folder } => {
            let Some(folder) = folder_of(mirror, *folder)? else { return Ok(Told::default()) };
            if folder.remote.is_some() || folder.name.starts_with("//") {
                return Ok(Told::default());
            }
            let made = keyed.create_folder(&folder.name, folder.role).await?;
            return Ok(Told { folder: Some(made), ..Told::default() });
        }
        Action::RenameFolder { folder, name } => {
            if let Some(old) = remote(mirror, *folder)?
                && let Some(new) = keyed.rename_folder(&old, name).await?
            {
                let below = below(mirror, &old, &new)?;
                return Ok(Told { folder: Some(new), below, ..Told::default() });
            }
        }
        Action::DeleteFolder { folder } => {
            if let Some(remote) = remote(mirror, *folder)? {
                keyed.delete_folder(&remote).await?;
            }
        }
        Action::Subscribe { folder, on } => {
            if let Some(remote) = remote(mirror, *folder)? {
                keyed.subscribe(&remote, *on).await?;
            }
        }
        _ => {}
    }
    Ok(Told::default())
}

/// What folders below one that was renamed are called now.
fn below(mirror: &Mirror, old: &str, new: &str) -> Result<Vec<(FolderId, String)>, Trouble> {
    let renamed = |folder: crate::mirror::Folder| {
        let rest = folder.remote.as_deref()?.strip_prefix(old).filter(|rest| rest.starts_with(['/', '.']))?;
        Some((folder.id, format!("{new}{rest}")))
    };
    Ok(mirror.folders()?.into_iter().filter_map(renamed).collect())
}

/// Messages and what the server calls them.
struct Named {
    all: Vec<(MessageId, Option<String>)>,
    ids: Vec<String>,
}

impl Named {
    fn of(mirror: &Mirror, messages: &[MessageId]) -> Result<Named, Trouble> {
        let all = messages.iter().map(|message| Ok((*message, mirror.remote_of(*message)?)));
        let all = all.collect::<Result<Vec<_>, Error>>()?;
        let ids = all.iter().filter_map(|(_, remote)| remote.clone()).collect();
        Ok(Named { all, ids })
    }

    /// What is told of an action on them, when these were gone.
    fn told(self, gone: &[String]) -> Told {
        let is_missing = |remote: &Option<String>| remote.as_ref().is_none_or(|remote| gone.contains(remote));
        let missing = self.all.into_iter().filter(|(_, remote)| is_missing(remote)).map(|(message, _)| message);
        Told { missing: missing.collect(), ..Told::default() }
    }
}

fn missing(messages: &[MessageId]) -> Told {
    Told { missing: messages.to_vec(), ..Told::default() }
}

fn folder_of(mirror: &Mirror, folder: FolderId) -> Result<Option<crate::mirror::Folder>, Trouble> {
    match mirror.folder(folder) {
        Err(Error::Gone(_)) => Ok(None),
        found => Ok(Some(found?)),
    }
}

/// What the server calls a folder; `None`: it does not know it.
fn remote(mirror: &Mirror, folder: FolderId) -> Result<Option<String>, Trouble> {
    Ok(folder_of(mirror, folder)?.and_then(|folder| folder.remote))
}

/// A folder that something is to go into.
fn existing(mirror: &Mirror, folder: FolderId) -> Result<String, Trouble> {
    remote(mirror, folder)?.ok_or_else(|| Trouble::new(Kind::NotFound, "the folder is not there"))
}
