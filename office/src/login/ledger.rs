//! What is kept of logins besides the password: sessions, app passwords, passkeys, second factors, each a small object of
//! the store. Owns their form on disk; what they mean is said in a file each.

use super::entrance::EntryError;
use message::Time;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::op::{Op, Outcome};
use store::query::{ObjectByKey, Objects};
use store::types::{AccountId, ModSeq, Object, ObjectChange, ObjectKind};
use store::{Store, StoreError};

/// A record of one kind.
pub(super) trait Record: Serialize + DeserializeOwned {
    /// Which.
    const KIND: ObjectKind;

    /// When it is of no use any more and may be taken away.
    fn due(&self) -> Option<Time>;
}

/// A record as it is kept.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub id: i64,
    pub account: AccountId,
    pub modseq: ModSeq,
    /// What it is found by.
    pub key: Option<Vec<u8>>,
    pub record: T,
}

/// One change of what is kept.
pub(super) enum Change<'a, T> {
    /// A new record, found by this key.
    Add(&'a T, Option<[u8; 32]>),
    /// Another record in the place of this one, unless it was changed meanwhile.
    Replace(&'a Kept<T>),
    /// It goes.
    Remove(i64),
}

/// Everything of a kind that an account has, the oldest first. What cannot be read is passed over: it lets nobody in.
pub(super) async fn all<T: Record>(store: &Store, account: AccountId) -> Result<Vec<Kept<T>>, StoreError> {
    let rows = store.read(Objects { account, kind: T::KIND }).await?;
    Ok(rows.into_iter().filter_map(kept).collect())
}

/// The one record with a key, whoever's it is.
pub(super) async fn by_key<T: Record>(store: &Store, key: &[u8; 32]) -> Result<Option<Kept<T>>, StoreError> {
    let row = store.read(ObjectByKey { kind: T::KIND, key: key.to_vec() }).await?;
    Ok(row.and_then(kept))
}

fn kept<T: Record>(row: Object) -> Option<Kept<T>> {
    match serde_json::from_slice(&row.value) {
        Ok(record) => Some(Kept { id: row.id, account: row.account, modseq: row.modseq, key: row.key, record }),
        Err(error) => {
            tracing::error!(%error, object = row.id, "what is kept of a login cannot be read");
            None
        }
    }
}

/// Carries out changes of one account, all or none; the ids of what was added.
pub(super) async fn write<T: Record>(
    store: &Store,
    account: AccountId,
    changes: &[Change<'_, T>],
    now: Time,
) -> Result<Vec<i64>, EntryError> {
    let changes = changes.iter().map(change).collect::<Option<Vec<_>>>().ok_or(EntryError::Temporary)?;
    match store.apply(Op::ObjectsChange { account, changes, now }).await {
        Ok(Outcome::Objects { ids, .. }) => Ok(ids),
        Ok(Outcome::Gone) => Err(EntryError::NotThere),
        Ok(Outcome::Limit) => Err(EntryError::TooMany),
        Ok(Outcome::Exists) => Err(EntryError::Exists),
        Ok(_) => Err(EntryError::Conflict),
        Err(error) => Err(EntryError::from(error)),
    }
}

fn change<T: Record>(change: &Change<'_, T>) -> Option<ObjectChange> {
    let made = |record: &T| {
        let added = ObjectChange::add(T::KIND, serde_json::to_vec(record).ok()?);
        Some(ObjectChange { due: record.due(), ..added })
    };
    match change {
        Change::Add(record, key) => {
            let key = key.map(|key| key.to_vec());
            made(record).map(|change| ObjectChange { key, ..change })
        }
        Change::Replace(kept) => {
            let (id, key, unchanged_since) = (Some(kept.id), kept.key.clone(), Some(kept.modseq));
            made(&kept.record).map(|change| ObjectChange { id, key, unchanged_since, ..change })
        }
        Change::Remove(id) => Some(ObjectChange::remove(T::KIND, *id)),
    }
}

/// Octets as JSON has them: base64url.
pub(super) mod octets {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(octets: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_URL_SAFE_NO_PAD.encode(octets))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_URL_SAFE_NO_PAD.decode(text).map_err(serde::de::Error::custom)
    }
}

/// A digest in a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hashed(#[serde(with = "octets")] pub Vec<u8>);

/// A name that somebody gave: trimmed, without control characters, not empty, not endless.
pub(super) fn checked_name(name: &str) -> Result<String, EntryError> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= NAME_MAX && !name.contains(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(EntryError::Name) }
}

/// Characters of a name at most: it stands in a list.
pub(super) const NAME_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_so_many_characters_and_no_more() {
        assert_eq!(checked_name("  Bob's phone \n"), Ok("Bob's phone".to_owned()));
        assert_eq!(checked_name(&"\u{fc}".repeat(NAME_MAX)), Ok("\u{fc}".repeat(NAME_MAX)));
        for wrong in ["", "  ", "a\nb", "a\u{7f}", &"\u{fc}".repeat(NAME_MAX + 1)] {
            assert_eq!(checked_name(wrong), Err(EntryError::Name), "{wrong:?}");
        }
    }
}
