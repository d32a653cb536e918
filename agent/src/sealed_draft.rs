//! Drafts of letters that are to be signed or encrypted. A draft lies at a server: one that is to be encrypted is encrypted
//! to its writer before it goes there. What is wished stands in the draft, so that it is not forgotten when somebody goes on.

use crate::key_folder::KeyFolder;
use crate::letter::Letter;
use crate::mirror::{FolderId, MessageId, Mirror, Outgoing};
use crate::sealing::{Choice, Refusal};
use crate::trouble::{Kind, Trouble};
use message::Time;

/// The field of a draft that says what is to be done to the letter; it never goes out.
const FIELD: &str = "X-Pillarbox-Seal";

/// The octets of a draft as they may lie at a server.
///
/// # Errors
/// It is to be encrypted, and there is no key to open it with again.
pub fn sealed(keys: &KeyFolder, copy: Vec<u8>, choice: Choice, at: Time) -> Result<Vec<u8>, Trouble> {
    if !choice.seals() {
        return Ok(copy);
    }
    let words = [("sign", choice.signs), ("encrypt", choice.encrypts), ("old-programs", choice.for_old_programs)];
    let words: Vec<&str> = words.into_iter().filter(|(_, on)| *on).map(|(word, _)| word).collect();
    let marked = [format!("{FIELD}: {}\r\n", words.join(" ")).as_bytes(), &copy].concat();
    if !choice.encrypts {
        return Ok(marked);
    }
    let refused = |refusal: Refusal| Trouble::new(Kind::Data, format!("the draft is not kept in the clear: {refusal}"));
    keys.load().keys.seal_to_self(&marked, at).map_err(refused)
}

/// Takes a letter that waits back into a folder of drafts; one that is to be sealed goes there as such drafts do.
///
/// # Errors
/// Those of [`sealed`] and of [`Mirror::take_back`]; its text is not here any more.
pub fn take_back(
    keys: &KeyFolder,
    mirror: &Mirror,
    waiting: &Outgoing,
    drafts: FolderId,
    now: Time,
) -> Result<MessageId, Trouble> {
    let sealing = waiting.posting.sealing;
    if sealing.seals() {
        let gone = || Trouble::new(Kind::TryAgain, "the text of the letter is not here");
        let draft = sealed(keys, mirror.content(waiting.message)?.ok_or_else(gone)?, sealing, now)?;
        return Ok(mirror.take_back_as(waiting.id, drafts, &draft, now)?);
    }
    let taken = mirror.take_back(waiting.id, Some(drafts))?;
    taken.ok_or_else(|| Trouble::new(Kind::NotFound, "the letter is gone already"))
}

/// A draft read back, and what is to be done to it.
///
/// # Errors
/// It is encrypted, and cannot be opened.
pub fn read(keys: &KeyFolder, raw: &[u8], at: Time) -> Result<(Letter, Choice), Trouble> {
    let opened = keys.open(raw, at);
    if let Some(opened) = opened.as_ref().filter(|opened| opened.is_closed) {
        return Err(Trouble::new(Kind::Data, format!("the draft cannot be opened: {}", opened.verdict.headline)));
    }
    let letter = Letter::read(opened.as_ref().map_or(raw, |opened| &opened.message));
    Ok(unmarked(letter))
}

fn unmarked(mut letter: Letter) -> (Letter, Choice) {
    let mut choice = Choice::default();
    letter.extra.retain(|(name, value)| {
        let is_mark = name.eq_ignore_ascii_case(FIELD);
        for word in value.split_whitespace().filter(|_| is_mark) {
            match word {
                "sign" => choice.signs = true,
                "encrypt" => choice.encrypts = true,
                "old-programs" => choice.for_old_programs = true,
                _ => {}
            }
        }
        !is_mark
    });
    (letter, choice)
}
