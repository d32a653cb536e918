//! The pieces of a large message that came in several (RFC 2046 §5.2.2), found in a mirror and joined when a person asks for
//! it. Owns where they are looked for; how they are put together is [`message::partial`]'s.

use crate::mirror::{MessageId, Mirror, View};
use crate::trouble::{Kind, Trouble};
use message::Time;
use message::partial::{self, Piece};
use message::search::query;

/// Messages of the same sender among which pieces are looked for, the newest first: a thousand pieces, and what came between.
pub const LOOKED_AT: u64 = 10_000;

/// All messages that are pieces of the one that this is a piece of, this one among them, in the order of their numbers.
///
/// # Errors
/// It is no piece, or the mirror cannot be read.
pub fn pieces(mirror: &Mirror, message: MessageId, now: Time) -> Result<Vec<MessageId>, Trouble> {
    let none = || Trouble::new(Kind::Data, format!("message {} is no piece of a larger one", message.0));
    let this = Piece::of(&mirror.header(message)?).ok_or_else(none)?;
    let row = mirror.row(message)?.ok_or_else(none)?;
    let mut found = vec![(this.number, message)];
    let address = row.address.replace('"', "");
    let query = Some(query::parse(&format!("in:anywhere from:\"{address}\"")).query);
    let view = View { query, ..View::default() };
    for row in mirror.rows(&view, now, 0, LOOKED_AT)? {
        let piece = Piece::of(&mirror.header(row.id)?).filter(|piece| piece.id == this.id && row.id != message);
        found.extend(piece.map(|piece| (piece.number, row.id)));
    }
    found.sort_unstable();
    // A piece that came twice is needed once.
    found.dedup_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// The message that these are the pieces of.
///
/// # Errors
/// Some are missing, or not wholly here.
pub fn join(mirror: &Mirror, pieces: &[MessageId]) -> Result<Vec<u8>, Trouble> {
    let mut contents = Vec::new();
    for id in pieces {
        let missing = || {
            let words = format!("only the header of message {} is here: `pillarbox mail sync` brings the rest", id.0);
            Trouble::new(Kind::TryAgain, words)
        };
        contents.push(mirror.content(*id)?.ok_or_else(missing)?);
    }
    let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    partial::join(&contents).map_err(|error| Trouble::new(Kind::Data, error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::mirror::{Flags, Role};

    const NOW: Time = Time(1_800_000_000_000);

    #[test]
    fn pieces_are_found_wherever_they_lie_and_joined() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&folder.path().join("m.sqlite")).unwrap();
        let (inbox, trash) = (mirror.folder_for(Role::Inbox).unwrap(), mirror.folder_for(Role::Trash).unwrap());
        let lines: String = (0..200).map(|line| format!("Line {line} of a large letter\r\n")).collect();
        let whole = format!(
            "From: Bob <bob@crepes.fr>\r\nSubject: large\r\nMessage-ID: <1@crepes.fr>\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain\r\n\r\n{lines}"
        );
        let parted = partial::split(whole.as_bytes(), 2048, "all@crepes.fr", |n| format!("{n}@crepes.fr")).unwrap();
        let put = |folder, raw: &[u8]| mirror.make_in(folder, raw, &Flags::default(), NOW).unwrap();
        let other = put(inbox, whole.as_bytes());
        let last = put(inbox, parted.last().unwrap());
        let ids: Vec<MessageId> = parted[..parted.len() - 1].iter().map(|piece| put(trash, piece)).collect();
        put(inbox, &parted[0]);
        let found = pieces(&mirror, last, NOW).unwrap();
        assert_eq!((found.len(), found.last()), (parted.len(), Some(&last)));
        assert_eq!(String::from_utf8(join(&mirror, &found).unwrap()).unwrap(), whole);
        assert_eq!(pieces(&mirror, other, NOW).unwrap_err().kind, Kind::Data);
        let missing = join(&mirror, &ids).unwrap_err();
        assert!(missing.text.starts_with("pieces are missing: "), "{missing}");
    }
}
