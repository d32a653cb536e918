//! Changes to messages in an mbox that other programs use at the same time: flags, and removal.
//!
//! The file is written in place, as mutt and others do, from the first message that changes: a delivery agent that has
//! opened the file and waits for the lock goes on with the very file, and what it writes to one that was replaced meanwhile
//! would be lost. What is to be written, and what stood there, is kept in another file until it is done (the note), so that a
//! program that is killed in the middle leaves nothing torn: [`mend`] finishes its work.

use super::super::{Fault, Stamp, disk, fields};
use super::read::Reader;
use crate::mailfile::Head;
use crate::mirror::Flags;
use memchr::memchr;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Octets that are written anew at once: they are in memory, and twice in the note. More than a person's mailbox has.
pub const REWRITE_MAX: u64 = 1024 * 1024 * 1024;

/// The longest first line of a note, in octets: a path and three numbers.
const NOTE_HEAD_MAX: usize = 64 * 1024;

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has these flags.
    Flags(Flags),
    /// It goes.
    Remove,
}

/// What is being written, as the note has it.
#[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct NoteHead {
    path: PathBuf,
    at: u64,
    old: usize,
    new: usize,
}

/// Changes messages, named by the octet they begin at, in a file that is as it was when it had this stamp.
///
/// # Errors
/// Those of the system; [`Fault::Changed`] when the file is another than it was; when another program has it.
pub fn amend(path: &Path, was: Stamp, changes: &BTreeMap<u64, Change>, note: &Path) -> Result<(), Fault> {
    let Some(first) = changes.keys().next().copied() else { return Ok(()) };
    let (mut file, _lock) = disk::open_to_change(path)?;
    if disk::stamp(path)? != was {
        return Err(Fault::Changed(path.to_owned()));
    }
    if was.octets.saturating_sub(first) > REWRITE_MAX {
        return Err(Fault::Large(path.to_owned()));
    }
    let old = rest(&mut file, first).map_err(Fault::disk(path))?;
    let new = amended(path, first, &old, changes)?;
    let head = NoteHead { path: path.to_owned(), at: first, old: old.len(), new: new.len() };
    write_note(note, &head, &[&old, &new])?;
    put(&mut file, first, &[&new]).map_err(Fault::disk(path))?;
    disk::remove(note)
}

fn rest(file: &mut File, at: u64) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.read_to_end(&mut octets)?;
    Ok(octets)
}

fn put(file: &mut File, at: u64, pieces: &[&[u8]]) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    pieces.iter().try_for_each(|piece| file.write_all(piece))?;
    file.set_len(at + pieces.iter().map(|piece| piece.len() as u64).sum::<u64>())?;
    file.sync_all()
}

fn write_note(note: &Path, head: &NoteHead, pieces: &[&[u8]]) -> Result<(), Fault> {
    disk::remove(note)?;
    let mut octets = serde_json::to_vec(head).unwrap_or_default();
    octets.push(b'\n');
    pieces.iter().for_each(|piece| octets.extend_from_slice(piece));
    disk::write_new(note, &octets, None).map_err(Fault::disk(note))?;
    note.parent().map_or(Ok(()), disk::sync_folder)
}

/// What stands in the file from the first change on, with the changes made.
fn amended(path: &Path, first: u64, old: &[u8], changes: &BTreeMap<u64, Change>) -> Result<Vec<u8>, Fault> {
    let mut reader = Reader::resume(disk::open(path)?, first, path)?;
    let mut new = Vec::with_capacity(old.len());
    let mut left = changes.clone();
    let (mut copied, within) = (0, |at: u64| usize::try_from(at - first).unwrap_or(usize::MAX));
    while !left.is_empty() {
        let Some(entry) = reader.next_entry()? else { break };
        let Some(change) = left.remove(&entry.place.start) else { continue };
        let (start, end) = (within(entry.place.start), within(entry.place.end));
        new.extend_from_slice(old.get(copied..start).unwrap_or_default());
        copied = end;
        if let Change::Flags(flags) = change {
            flagged(old.get(start..end).unwrap_or_default(), flags, &mut new);
        }
    }
    if !left.is_empty() {
        // Another message begins there than was found before.
        return Err(Fault::Changed(path.to_owned()));
    }
    new.extend_from_slice(old.get(copied..).unwrap_or_default());
    Ok(new)
}

/// A message of a file with these flags, all else octet for octet as it was.
fn flagged(raw: &[u8], flags: Flags, out: &mut Vec<u8>) {
    let (separator, mut rest) = raw.split_at(memchr(b'\n', raw).map_or(raw.len(), |end| end + 1));
    out.extend_from_slice(separator);
    let mut told = Vec::new();
    fields::write(&Head { flags, ..Head::default() }, &mut told);
    let ending: &[u8] = if separator.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
    for line in told.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
        out.extend_from_slice(line);
        out.extend_from_slice(ending);
    }
    let mut dropping = false;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(memchr(b'\n', rest).map_or(rest.len(), |end| end + 1));
        if line.trim_ascii_end().is_empty() {
            break;
        }
        // `Status` is one line: what looks like its continuation is the message's.
        let goes_on = dropping && matches!(line.first(), Some(b' ' | b'\t'));
        dropping = goes_on || fields::tells_flags(line);
        if !dropping {
            out.extend_from_slice(line);
        }
        dropping &= !line.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"Status:"));
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// Finishes what a program that was killed had begun. What others added since stays.
///
/// # Errors
/// Those of the system; when another program has the file. Where the file is another by now, the note is kept under another
/// name, and told.
pub fn mend(note: &Path) -> Result<(), Fault> {
    if !disk::exists(note) {
        return Ok(());
    }
    let limit = usize::try_from(2 * REWRITE_MAX).unwrap_or(usize::MAX).saturating_add(NOTE_HEAD_MAX);
    let octets = disk::read(note, limit)?.unwrap_or_default();
    let parts = memchr(b'\n', octets.get(..NOTE_HEAD_MAX.min(octets.len())).unwrap_or_default())
        .and_then(|end| octets.split_at_checked(end + 1));
    let head = parts.and_then(|(head, rest)| Some((serde_json::from_slice::<NoteHead>(head).ok()?, rest)));
    // A note that is not whole was not yet believed by the program that wrote it: the file is as it was.
    let Some((head, old, new)) = head.and_then(|(head, rest)| {
        let (old, new) = rest.split_at_checked(head.old)?;
        (new.len() == head.new).then_some((head, old, new))
    }) else {
        return disk::remove(note);
    };
    if !disk::exists(&head.path) {
        return set_aside(note, &head.path);
    }
    let (mut file, _lock) = disk::open_to_change(&head.path)?;
    let rest = rest(&mut file, head.at).map_err(Fault::disk(&head.path))?;
    let Some(added) = added_since(&rest, old, new) else { return set_aside(note, &head.path) };
    put(&mut file, head.at, &[new, added]).map_err(Fault::disk(&head.path))?;
    disk::remove(note)
}

/// Given what stands where `old` was being replaced by `new`: what others added. `None`: it is neither, nor in between.
fn added_since<'a>(rest: &'a [u8], old: &[u8], new: &[u8]) -> Option<&'a [u8]> {
    let same = rest.iter().zip(new).take_while(|(one, other)| one == other).count();
    if same == new.len() {
        let after = rest.get(same..)?;
        // It was not yet made shorter, where it was to be.
        let surplus = old.get(new.len()..).unwrap_or_default();
        return Some(after.strip_prefix(surplus).unwrap_or(after));
    }
    if let Some(untouched) = old.get(same..).filter(|untouched| !untouched.is_empty()) {
        return rest.get(same..)?.strip_prefix(untouched);
    }
    // It had become longer already. What others added may begin with the same words as what was to follow.
    let begins = |at: &usize| rest.get(*at..).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"From "));
    let added = if rest.len() == same { Some(same) } else { (old.len()..=same).rev().find(begins) };
    rest.get(added?..)
}

fn set_aside(note: &Path, path: &Path) -> Result<(), Fault> {
    let aside = note.with_extension("left");
    tracing::warn!(file = %path.display(), kept = %aside.display(),
        "writing to this mailbox was cut off, and another program has changed it since: what was to be written is kept");
    disk::rename(note, &aside)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make the files they read")]
mod tests {
    use super::*;
    use message::flags::flag_bits;

    const ONE: &str = "From a@x Sat Nov 21 10:00:00 2026\nSubject: one\nStatus: O\nX-UID: 7\n\nHello\n>From here\n\n";
    const TWO: &str =
        "From b@x Sat Nov 21 11:00:00 2026\nX-Status: F\nSubject: two\nX-Keywords: a b\n c\nStatus: RO\n d\n\n2\n\n";
    const MORE: &str = "From c@x Sat Nov 21 12:00:00 2026\nSubject: more\n\n3\n\n";

    fn flags(bits: u64) -> Change {
        Change::Flags(Flags::of(bits))
    }

    fn spool(text: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (path, note) = (folder.path().join("box"), folder.path().join("note"));
        std::fs::write(&path, text).unwrap();
        (folder, path, note)
    }

    #[test]
    fn flags_change_and_all_else_stays() {
        let (folder, path, note) = spool(&format!("{ONE}\n{TWO}{MORE}"));
        let second = ONE.len() as u64 + 1;
        let changes = [(0, flags(flag_bits::SEEN)), (second, flags(0)), (second + TWO.len() as u64, Change::Remove)];
        amend(&path, disk::stamp(&path).unwrap(), &changes.into(), &note).unwrap();
        let expected = "From a@x Sat Nov 21 10:00:00 2026\nStatus: RO\nSubject: one\nX-UID: 7\n\nHello\n>From here\n\n\n\
             From b@x Sat Nov 21 11:00:00 2026\nStatus: O\nSubject: two\n d\n\n2\n\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no lock and no note is left");
    }

    #[test]
    fn a_file_that_is_another_is_left_alone() {
        let (_folder, path, note) = spool(ONE);
        let was = disk::stamp(&path).unwrap();
        std::fs::write(&path, format!("{ONE}{MORE}")).unwrap();
        let fault = amend(&path, was, &[(0, Change::Remove)].into(), &note).unwrap_err();
        assert!(fault.is_passing(), "{fault}");
        let now = disk::stamp(&path).unwrap();
        assert!(amend(&path, now, &[(3, Change::Remove)].into(), &note).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{ONE}{MORE}"));
    }

    #[test]
    fn a_file_that_is_locked_is_left_alone() {
        let (_folder, path, note) = spool(ONE);
        let was = disk::stamp(&path).unwrap();
        let reading = disk::open_to_read(&path).unwrap();
        let one = || amend(&path, was, &[(0, Change::Remove)].into(), &note);
        assert!(one().unwrap_err().is_passing());
        drop(reading);
        let (writing, lock) = disk::open_to_append(&path).unwrap();
        assert!(disk::open_to_read(&path).unwrap_err().is_passing());
        drop((writing, lock));
        one().unwrap();
    }

    /// Killed after every octet, with and without mail that came meanwhile.
    #[test]
    fn what_was_cut_off_is_finished() {
        for (old, new) in [(format!("{ONE}{TWO}"), ONE.to_owned()), (TWO.to_owned(), format!("{TWO}{ONE}{TWO}"))] {
            for added in ["", MORE] {
                for cut in 0..=new.len() {
                    let torn = [&new.as_bytes()[..cut], old.as_bytes().get(cut..).unwrap_or_default()].concat();
                    let text = [MORE.as_bytes(), &torn, added.as_bytes()].concat();
                    let (_folder, path, note) = spool("");
                    std::fs::write(&path, text).unwrap();
                    let head = NoteHead { path: path.clone(), at: MORE.len() as u64, old: old.len(), new: new.len() };
                    write_note(&note, &head, &[old.as_bytes(), new.as_bytes()]).unwrap();
                    mend(&note).unwrap();
                    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{MORE}{new}{added}"), "{cut}");
                    assert!(!note.exists());
                }
            }
        }
    }

    #[test]
    fn a_note_that_is_not_whole_is_not_believed_and_one_of_another_file_is_kept() {
        let (folder, path, note) = spool(ONE);
        let head = NoteHead { path: path.clone(), at: 0, old: ONE.len(), new: TWO.len() };
        write_note(&note, &head, &[ONE.as_bytes(), &TWO.as_bytes()[1..]]).unwrap();
        mend(&note).unwrap();
        assert!(!note.exists());
        write_note(&note, &head, &[ONE.as_bytes(), TWO.as_bytes()]).unwrap();
        std::fs::write(&path, MORE).unwrap();
        mend(&note).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), MORE);
        assert!(folder.path().join("note.left").exists());
    }
}
