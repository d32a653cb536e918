//! Annotations that are watched (NOTIFY, RFC 5465 §5.6 and §5.7): which of them changed since the client was told. Setting
//! and reading them is `metadata`'s; when to look is `notice`'s.

use super::ImapDesk;
use super::notice::{Changed, Key, Told, Watched};
use std::collections::{BTreeMap, BTreeSet};
use store::query::{AnnotationMarks, Annotations};
use store::types::Annotated;
use wire::imap::Refusal;
use wire::imap::ask::{News, Watch, WatchOf};

/// Annotations that are watched in one session. Five mailboxes can be filled with them; a client that notes something of
/// every mailbox has thousands to do so.
pub(super) const NOTES_MAX: u32 = 10_000;

/// Annotations of mailboxes, each with a mark of its value.
pub(super) type Notes = BTreeMap<Key, BTreeMap<String, i64>>;

/// Annotations of the server.
pub(super) type ServerNotes = Vec<(String, Vec<u8>)>;

impl ImapDesk {
    /// All annotations of mailboxes that changed, where any are watched, a mailbox without them as well. `None`: more than
    /// are watched.
    pub(super) async fn notes_since(
        &self,
        watches: &[Watch],
        changed: impl Iterator<Item = Changed>,
    ) -> Result<Option<Notes>, Refusal> {
        let reader = self.user_id()?;
        let mut notes = Notes::new();
        if !watches.iter().any(|watch| watch.events.metadata && watch.of != WatchOf::Server) {
            return Ok(Some(notes));
        }
        let mut left = NOTES_MAX;
        for Changed { account, since, .. } in changed {
            let query = AnnotationMarks { account, reader, since, limit: left.saturating_add(1) };
            let (mailboxes, marks) = self.read(query).await?;
            let Some(rest) = u32::try_from(marks.len()).ok().and_then(|count| left.checked_sub(count)) else {
                return Ok(None);
            };
            left = rest;
            notes.extend(mailboxes.into_iter().map(|mailbox| ((account, mailbox), BTreeMap::new())));
            for (mailbox, entry, mark) in marks {
                notes.entry((account, mailbox)).or_default().insert(entry, mark);
            }
        }
        Ok(Some(notes))
    }

    /// RFC 5465 §5.6: the names of annotations that changed, came or went.
    pub(super) fn news_of_notes(&self, watched: &Watched, now: &Told) -> Vec<News> {
        let none = BTreeMap::new();
        let news = now.notes.iter().filter_map(|(key, notes)| {
            let before = watched.told.notes.get(key).unwrap_or(&none);
            let entries = changed(before, notes);
            let listed = now.mailboxes.get(now.names.get(key)?)?;
            let is_news = !entries.is_empty() && listed.folder.selectable && self.wanted(watched, listed).metadata;
            is_news.then(|| News::Metadata(Some(listed.folder.name.clone()), entries))
        });
        news.collect()
    }

    /// Annotations of the server that the user sees, where they are watched: only the user's own can be set.
    pub(super) async fn notes_of_server(&self, watches: &[Watch]) -> Result<ServerNotes, Refusal> {
        if !watches.iter().any(|watch| watch.events.metadata && watch.of == WatchOf::Server) {
            return Ok(Vec::new());
        }
        self.read(Annotations { of: Annotated { mailbox: None, reader: Some(self.user_id()?) } }).await
    }
}

/// Whether more are watched with those of mailboxes that changed.
pub(super) fn are_too_many(kept: &Notes, fresh: &Notes) -> bool {
    let stay = kept.iter().filter(|(key, _)| !fresh.contains_key(*key));
    let count: usize = stay.chain(fresh).map(|(_, notes)| notes.len()).sum();
    count > NOTES_MAX as usize
}

/// RFC 5465 §5.7: the same, of the server.
pub(super) fn news_of_server(before: &ServerNotes, now: &ServerNotes) -> Option<News> {
    let by_name = |notes: &ServerNotes| -> BTreeMap<String, Vec<u8>> { notes.iter().cloned().collect() };
    let entries = changed(&by_name(before), &by_name(now));
    (!entries.is_empty()).then_some(News::Metadata(None, entries))
}

/// The names under which something else stands, or nothing any more.
fn changed<T: PartialEq>(before: &BTreeMap<String, T>, now: &BTreeMap<String, T>) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != now.get(*name)).cloned().collect()
}
