//! Parts of messages, and whole ones, taken out. What is written to the disk has a safe name and replaces nothing.

use super::Hand;
use crate::event::Answer;
use agent::disk;
use agent::mirror::MessageId;
use agent::reading::{self, Held, saved_name};
use agent::trouble::{Kind, Trouble};
use message::Time;
use std::path::{Path, PathBuf};

/// What a part holds; with 0 the whole message.
pub fn held(hand: &Hand, message: MessageId, number: usize, now: Time) -> Result<Answer, Trouble> {
    Ok(Answer::Part(Box::new(part(hand, message, number, now)?)))
}

fn part(hand: &Hand, message: MessageId, number: usize, now: Time) -> Result<Held, Trouble> {
    let mirror = &hand.mirror;
    let missing = || Trouble::new(Kind::TryAgain, "the text is not on this machine yet; open the message first");
    let content = mirror.content(message)?.ok_or_else(missing)?;
    if number == 0 {
        let subject = mirror.row(message)?.map(|row| row.subject).unwrap_or_default();
        let name = Some(format!("{subject}.eml"));
        return Ok(Held { name, media_type: "message/rfc822".to_owned(), octets: content, ..Held::default() });
    }
    match &hand.writing.keys {
        Some(keys) => keys.part(&content, number, now),
        None => reading::part(&content, number).ok_or_else(|| Trouble::new(Kind::NotFound, "there is no such part")),
    }
}

/// Writes it to a path, or into a folder under its own name made safe.
pub fn save(hand: &Hand, (message, number): (MessageId, usize), path: &str, now: Time) -> Result<Answer, Trouble> {
    let held = part(hand, message, number, now)?;
    let path = place(path, &held);
    disk::write_new(&path, &held.octets).map_err(|error| {
        let words = match error.kind() {
            std::io::ErrorKind::AlreadyExists => format!("{} exists already; nothing was written", path.display()),
            _ => format!("{}: {error}", path.display()),
        };
        Trouble::new(Kind::Io, words)
    })?;
    Ok(Answer::Saved(path.display().to_string()))
}

fn place(path: &str, held: &Held) -> PathBuf {
    let path = Path::new(path);
    if !path.is_dir() {
        return path.to_owned();
    }
    let name = saved_name(held.name.as_deref(), &held.media_type, |name| path.join(name).exists());
    path.join(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_saved_stays_where_it_was_meant_to_go() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().display().to_string();
        let held =
            |name: &str| Held { name: Some(name.to_owned()), media_type: "text/plain".to_owned(), ..Held::default() };
        for name in ["../../etc/passwd", "/etc/passwd", "..", ".bashrc", "a\u{1b}[2J.txt"] {
            let path = place(&folder, &held(name));
            assert_eq!(path.parent(), Some(dir.path()), "{name}");
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(!name.starts_with('.') && !name.chars().any(char::is_control), "{name}");
        }
        disk::write_new(&place(&folder, &held("a.txt")), b"1").unwrap();
        assert_ne!(place(&folder, &held("a.txt")), dir.path().join("a.txt"));
        assert!(disk::write_new(&dir.path().join("a.txt"), b"2").is_err());
    }
}
