//! What a draft has to do with messages that are there: whom it answers stands in `In-Reply-To`, what it sends on in a field of
//! the draft alone. So who goes on with it, here or on another machine, still marks them once it was sent.

use crate::letter::Letter;
use crate::mirror::{MessageId, Mirror, Result, Role};
use message::header;

/// The field of a draft with the ids of the messages that it sends on; it never goes out.
const FIELD: &str = "X-Pillarbox-Forwards";

/// Notes in a draft which messages it sends on.
///
/// # Errors
/// When the mirror cannot be read.
pub fn note(mirror: &Mirror, letter: &mut Letter, forwards: &[MessageId]) -> Result<()> {
    letter.extra.retain(|(name, _)| !name.eq_ignore_ascii_case(FIELD));
    let mut ids = Vec::new();
    for message in forwards {
        let id = mirror.row(*message)?.map(|row| row.message_id).unwrap_or_default();
        ids.extend(Some(format!("<{id}>")).filter(|_| !id.is_empty()));
    }
    if !ids.is_empty() {
        letter.extra.push((FIELD.to_owned(), ids.join(" ")));
    }
    Ok(())
}

/// The message that a draft answers, and those that it sends on, as far as they are here. From here on the letter can go out.
///
/// # Errors
/// When the mirror cannot be read.
pub fn take(mirror: &Mirror, letter: &mut Letter) -> Result<(Option<MessageId>, Vec<MessageId>)> {
    let (noted, rest) =
        std::mem::take(&mut letter.extra).into_iter().partition(|(name, _)| name.eq_ignore_ascii_case(FIELD));
    letter.extra = rest;
    let noted: Vec<(String, String)> = noted;
    let mut forwards = Vec::new();
    for id in noted.iter().flat_map(|(_, ids)| header::message_ids(ids.as_bytes())) {
        forwards.extend(named(mirror, &id)?);
    }
    let answers = letter.in_reply_to.first().map(|id| named(mirror, id)).transpose()?.flatten();
    Ok((answers, forwards))
}

/// The message with an id; of several the one that came, rather than one's own copy of it.
fn named(mirror: &Mirror, id: &str) -> Result<Option<MessageId>> {
    let sent = mirror.folder_of_role(Role::Sent)?.map(|folder| folder.id);
    let mut last = None;
    for message in mirror.named(id)? {
        let folders = mirror.folders_of(message)?;
        if folders.iter().any(|folder| Some(*folder) != sent) {
            return Ok(Some(message));
        }
        last = Some(message).filter(|_| !folders.is_empty()).or(last);
    }
    Ok(last)
}
