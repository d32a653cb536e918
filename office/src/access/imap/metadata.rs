//! Annotations (RFC 5464): of the server and of mailboxes, private ones and those that all share. Owns which may be read
//! and written; names and values are the store's to keep.

use super::names::Found;
use super::{ImapDesk, failed};
use bytes::Bytes;
use store::op::{Op, Outcome};
use store::query::Annotations;
use store::types::Annotated;
use store::{ANNOTATION_OCTETS_MAX, ENTRY_OCTETS_MAX};
use wire::imap::{Answer, MailboxName, Refusal};

/// What begins the names of annotations that one user sees.
const PRIVATE: &str = "/private/";
/// What begins the names of those that all see.
const SHARED: &str = "/shared/";

impl ImapDesk {
    pub(super) async fn metadata(
        &mut self,
        name: Option<&MailboxName>,
        entries: &[String],
        depth: Option<u32>,
    ) -> Result<Answer, Refusal> {
        let mailbox = match name {
            None => None,
            // RFC 5464 §6.1: as for any other look into it.
            Some(name) => match self.find_next(name).await? {
                Found::Mailbox(place) => {
                    place.allows("r")?;
                    Some(place)
                }
                Found::Level | Found::Nothing(_) => return Err(Refusal::NonExistent),
            },
        };
        let mailbox = mailbox.map(|place| (place.account, place.mailbox.id));
        let reader = self.user_id()?;
        let mut known = self.read(Annotations { of: Annotated { mailbox, reader: Some(reader) } }).await?;
        known.extend(self.read(Annotations { of: Annotated { mailbox, reader: None } }).await?);
        let mut found = Vec::new();
        for entry in entries {
            let matching: Vec<_> = known.iter().filter(|(name, _)| is_within(name, entry, depth)).collect();
            if matching.is_empty() && depth == Some(0) {
                found.push((entry.clone(), None));
            }
            found.extend(matching.into_iter().map(|(name, value)| (name.clone(), Some(Bytes::from(value.clone())))));
        }
        Ok(Answer::Metadata(found))
    }

    pub(super) async fn set_metadata(
        &self,
        name: Option<&MailboxName>,
        entries: Vec<(String, Option<Bytes>)>,
    ) -> Result<Answer, Refusal> {
        let user = self.user_id()?;
        let (private, shared): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(name, _)| name.starts_with(PRIVATE));
        for (entry, value) in private.iter().chain(&shared) {
            check(entry, value.as_ref())?;
        }
        let mailbox = match name {
            None if !shared.is_empty() => return Err(Refusal::NoPermission),
            None => None,
            Some(name) => {
                // RFC 5464 §6.1: `r` for one's own, and what writes to a mailbox for those of all.
                let private = if private.is_empty() { "" } else { "r" };
                let place = self.place(name, &format!("{private}{}", if shared.is_empty() { "" } else { "w" })).await?;
                Some((place.account, place.mailbox.id))
            }
        };
        // What one sees and what all see is kept apart, and all of it is set or none.
        let notes = [(Some(user), private), (None, shared)].map(|(reader, entries)| {
            let value = |value: Bytes| value.to_vec();
            let entries = entries.into_iter().map(|(name, new)| (name, new.map(value))).collect::<Vec<_>>();
            (Annotated { mailbox, reader }, entries)
        });
        let notes = notes.into_iter().filter(|(_, entries)| !entries.is_empty()).collect();
        match self.apply(Op::Annotate { notes }).await? {
            Outcome::Done => Ok(Answer::Done),
            Outcome::Limit => Err(Refusal::TooMany),
            other => Err(failed(&other)),
        }
    }
}

fn check(entry: &str, value: Option<&Bytes>) -> Result<(), Refusal> {
    let is_named = [PRIVATE, SHARED].iter().any(|begin| entry.strip_prefix(begin).is_some_and(|rest| !rest.is_empty()));
    if !is_named || entry.ends_with('/') || entry.contains("//") || entry.len() > ENTRY_OCTETS_MAX {
        return Err(Refusal::Cannot);
    }
    match value {
        Some(value) if value.len() > ANNOTATION_OCTETS_MAX => Err(Refusal::TooBig(ANNOTATION_OCTETS_MAX as u64)),
        _ => Ok(()),
    }
}

/// Whether a name is the entry, or lies below it at most so many levels (RFC 5464 §4.2.2).
fn is_within(name: &str, entry: &str, depth: Option<u32>) -> bool {
    let Some(below) = name.strip_prefix(entry) else { return false };
    if below.is_empty() {
        return true;
    }
    let levels = below.matches('/').count();
    below.starts_with('/') && depth.is_none_or(|depth| levels <= depth as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_lie_below_others() {
        for (name, depth, expected) in [
            ("/shared/a", Some(0), true),
            ("/shared/a/b", Some(0), false),
            ("/shared/a/b", Some(1), true),
            ("/shared/a/b/c", Some(1), false),
            ("/shared/a/b/c", None, true),
            ("/shared/ab", None, false),
        ] {
            assert_eq!(is_within(name, "/shared/a", depth), expected, "{name} {depth:?}");
        }
    }

    #[test]
    fn values_and_names_have_limits() {
        let value = |octets| Some(Bytes::from(vec![0; octets]));
        assert_eq!(check("/private/x", value(ANNOTATION_OCTETS_MAX).as_ref()), Ok(()));
        let refused = check("/private/x", value(ANNOTATION_OCTETS_MAX + 1).as_ref());
        assert_eq!(refused, Err(Refusal::TooBig(ANNOTATION_OCTETS_MAX as u64)));
        let long = |octets: usize| format!("/shared/{}", "x".repeat(octets - "/shared/".len()));
        assert_eq!(check(&long(ENTRY_OCTETS_MAX), None), Ok(()));
        for wrong in [&long(ENTRY_OCTETS_MAX + 1), "/shared/", "/shared/a/", "/other/a", "/shared//a", ""] {
            assert_eq!(check(wrong, None), Err(Refusal::Cannot), "{wrong}");
        }
    }
}
