//! `keywords` and `mailboxIds` as clients write them (RFC 8621 §4.1.1): whole, or as a patch.

use crate::jmap::error::SetError;
use crate::jmap::pointer::token;
use crate::jmap::{Context, ids};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use store::types::{AccountId, Flags, KeywordsChange, MailboxId, MailboxesChange, PLACES_MAX};

/// Octets of a keyword (RFC 8621 §4.1.1).
const KEYWORD_OCTETS_MAX: usize = 255;
/// Keywords of one e-mail: as many as an account can tell apart.
pub(super) const KEYWORDS_MAX: usize = 128;

/// A keyword in lower case, where it is one (RFC 8621 §4.1.1).
pub(super) fn keyword(name: &str) -> Option<String> {
    let fits = |octet: u8| octet.is_ascii_graphic() && !b"(){]%*\"\\".contains(&octet);
    let is_one = (1..=KEYWORD_OCTETS_MAX).contains(&name.len()) && name.bytes().all(fits);
    is_one.then(|| name.to_ascii_lowercase())
}

/// Sets one keyword among flags. `false` for one that stands for a flag no client sees.
fn put(flags: &mut Flags, keyword: String) -> bool {
    match keyword.as_str() {
        "$seen" => flags.seen = true,
        "$flagged" => flags.flagged = true,
        "$answered" => flags.answered = true,
        "$draft" => flags.draft = true,
        "$deleted" | "$recent" => return false,
        _ if flags.keywords.contains(&keyword) => {}
        _ => flags.keywords.push(keyword),
    }
    true
}

/// The keywords of some flags.
pub(super) fn names(flags: &Flags) -> BTreeSet<String> {
    let system =
        [(flags.seen, "$seen"), (flags.flagged, "$flagged"), (flags.answered, "$answered"), (flags.draft, "$draft")];
    let system = system.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned());
    system.chain(flags.keywords.iter().map(|keyword| keyword.to_ascii_lowercase())).collect()
}

/// The flags of some keywords.
pub(super) fn named(keywords: BTreeSet<String>) -> Flags {
    let mut flags = Flags::default();
    for keyword in keywords {
        put(&mut flags, keyword);
    }
    flags
}

/// A whole `keywords`.
///
/// # Errors
/// `invalidProperties`, `tooManyKeywords`.
pub(super) fn keywords(value: &Value) -> Result<Flags, SetError> {
    let wrong = |why: &str| SetError::invalid_properties(&["keywords"], why);
    let map = value.as_object().ok_or_else(|| wrong("Keywords are an object."))?;
    if map.len() > KEYWORDS_MAX {
        return Err(SetError::of("tooManyKeywords"));
    }
    let mut flags = Flags::default();
    for (name, value) in map {
        if value != &Value::Bool(true) {
            return Err(wrong("The value of a keyword is true."));
        }
        let is_put = keyword(name).is_some_and(|keyword| put(&mut flags, keyword));
        if !is_put {
            return Err(wrong(&format!("{name:?} is no keyword.")));
        }
    }
    flags.keywords.sort();
    Ok(flags)
}

/// A whole `mailboxIds`.
///
/// # Errors
/// `invalidProperties`, `tooManyMailboxes`.
pub(super) fn mailboxes(context: &Context<'_>, account: AccountId, value: &Value) -> Result<Vec<MailboxId>, SetError> {
    let wrong = |why: &str| SetError::invalid_properties(&["mailboxIds"], why);
    let map = value.as_object().ok_or_else(|| wrong("mailboxIds is an object."))?;
    if map.len() > PLACES_MAX {
        return Err(SetError::of("tooManyMailboxes"));
    }
    let mut list = Vec::new();
    for (name, value) in map {
        if value != &Value::Bool(true) {
            return Err(wrong("The value of a mailbox is true."));
        }
        list.push(mailbox(context, account, name).ok_or_else(|| wrong(&format!("There is no mailbox {name:?}.")))?);
    }
    // RFC 8621 §4.1.1: an e-mail is in one mailbox at least.
    if list.is_empty() { Err(wrong("An e-mail is in one mailbox at least.")) } else { Ok(list) }
}

fn mailbox(context: &Context<'_>, account: AccountId, name: &str) -> Option<MailboxId> {
    ids::mailbox(account, context.resolve(name)?)
}

/// What a patch does to an e-mail.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Patch {
    pub keywords: Option<KeywordsChange>,
    pub mailboxes: Option<MailboxesChange>,
}

/// Reads a patch of an e-mail.
///
/// # Errors
/// `invalidProperties`, `invalidPatch`, `tooManyKeywords`, `tooManyMailboxes`.
pub(super) fn patch(context: &Context<'_>, account: AccountId, patch: &Map<String, Value>) -> Result<Patch, SetError> {
    let mut read = Patch::default();
    let mut said = BTreeSet::new();
    for (path, value) in patch {
        let tokens: Option<Vec<String>> = path.split('/').map(token).collect();
        let tokens = tokens.ok_or_else(|| SetError::invalid_patch(format!("{path} is no JSON pointer.")))?;
        let parts: Vec<&str> = tokens.iter().map(String::as_str).collect();
        match parts[..] {
            [whole_one] => whole(context, account, (whole_one, value), &mut read)?,
            // Two that differ only in the case of letters are one keyword (RFC 8621 §4.1.1).
            ["keywords", name] if !said.insert(name.to_ascii_lowercase()) => {
                return Err(SetError::invalid_patch(format!("The keyword {name:?} is there twice.")));
            }
            ["keywords", name] => patch_keyword(name, value, &mut read)?,
            ["mailboxIds", name] => patch_mailbox((context, account), name, value, &mut read)?,
            // Objects that are there, but not to be changed.
            [property @ ("bodyStructure" | "bodyValues"), _] => return Err(unchangeable(property)),
            _ => return Err(SetError::invalid_patch(format!("{path} leads nowhere."))),
        }
    }
    Ok(read)
}

fn whole(
    context: &Context<'_>,
    account: AccountId,
    (path, value): (&str, &Value),
    read: &mut Patch,
) -> Result<(), SetError> {
    let twice = || SetError::invalid_patch(format!("{path} is there whole and in parts."));
    match path {
        // RFC 8620 §5.3: null stands for the default, which is no keyword.
        "keywords" if read.keywords.is_none() => {
            let flags = if value.is_null() { Flags::default() } else { keywords(value)? };
            read.keywords = Some(KeywordsChange::Replace(flags));
        }
        "mailboxIds" if read.mailboxes.is_none() => {
            read.mailboxes = Some(MailboxesChange::Replace(mailboxes(context, account, value)?));
        }
        "keywords" | "mailboxIds" => return Err(twice()),
        _ => return Err(unchangeable(path)),
    }
    Ok(())
}

fn unchangeable(property: &str) -> SetError {
    SetError::invalid_properties(&[property], "Of an e-mail only keywords and mailboxIds can be changed.")
}

/// `true` sets, `null` takes away.
fn is_set(property: &str, value: &Value) -> Result<bool, SetError> {
    match value {
        Value::Bool(true) => Ok(true),
        Value::Null => Ok(false),
        _ => Err(SetError::invalid_properties(&[property], "The value is true, or null to take it away.")),
    }
}

fn patch_keyword(name: &str, value: &Value, read: &mut Patch) -> Result<(), SetError> {
    let set = is_set("keywords", value)?;
    let none = (Flags::default(), Flags::default());
    let change = read.keywords.get_or_insert(KeywordsChange::Patch { add: none.0, remove: none.1 });
    let KeywordsChange::Patch { add, remove } = change else {
        return Err(SetError::invalid_patch("keywords is there whole and in parts."));
    };
    let is_put = keyword(name).is_some_and(|keyword| put(if set { add } else { remove }, keyword));
    if is_put { Ok(()) } else { Err(SetError::invalid_properties(&["keywords"], format!("{name:?} is no keyword."))) }
}

fn patch_mailbox(
    (context, account): (&Context<'_>, AccountId),
    name: &str,
    value: &Value,
    read: &mut Patch,
) -> Result<(), SetError> {
    let set = is_set("mailboxIds", value)?;
    let none = (Vec::new(), Vec::new());
    let change = read.mailboxes.get_or_insert(MailboxesChange::Patch { add: none.0, remove: none.1 });
    let MailboxesChange::Patch { add, remove } = change else {
        return Err(SetError::invalid_patch("mailboxIds is there whole and in parts."));
    };
    let unknown = || SetError::invalid_properties(&["mailboxIds"], format!("There is no mailbox {name:?}."));
    let mailbox = mailbox(context, account, name).ok_or_else(unknown)?;
    let list = if set { add } else { remove };
    list.push(mailbox);
    if list.len() > PLACES_MAX { Err(SetError::of("tooManyMailboxes")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn keywords_are_those_of_imap_in_lower_case() {
        let flags = keywords(&json!({"$Seen": true, "$draft": true, "Work": true, "a+b": true})).unwrap();
        assert!(flags.seen && flags.draft && !flags.flagged);
        assert_eq!(flags.keywords, ["a+b", "work"]);
        for wrong in [
            json!(["$seen"]),
            json!({"$seen": false}),
            json!({"": true}),
            json!({"a b": true}),
            json!({"a]": true}),
            json!({"\\Seen": true}),
            json!({"$deleted": true}),
            json!({"é": true}),
            json!({"x".repeat(KEYWORD_OCTETS_MAX + 1): true}),
        ] {
            assert_eq!(keywords(&wrong).unwrap_err().kind(), "invalidProperties", "{wrong}");
        }
        assert!(keywords(&json!({"x".repeat(KEYWORD_OCTETS_MAX): true})).is_ok());
    }

    #[test]
    fn an_email_has_so_many_keywords_and_no_more() {
        let of = |count: usize| Value::Object((0..count).map(|n| (format!("k{n}"), Value::Bool(true))).collect());
        assert!(keywords(&of(KEYWORDS_MAX)).is_ok());
        assert_eq!(keywords(&of(KEYWORDS_MAX + 1)).unwrap_err().kind(), "tooManyKeywords");
    }
}
