//! Mail in files that others wrote: mbox of any octets, names of Maildir.

use agent::mailfile::maildir::{flag_letters, read_name};
use agent::mailfile::mbox::{Reader, write};
use agent::mailfile::{Item, Parts, file_name};
use message::Time;
use std::io::Cursor;
use std::path::Path;

/// When a message came that does not say so.
const NOW: Time = Time(1_795_238_264_000);
/// Octets of a name that a file is given: what every file system takes.
const NAME_MAX: usize = 255;

/// A file is read to its end or to where it is no mbox; what was read is written, and read again it is the same.
///
/// # Panics
/// When a law is broken.
pub fn mbox(data: &[u8]) {
    let (items, read_to) = messages(data);
    assert!(read_to <= data.len() as u64);
    let mut written = Vec::new();
    items.iter().for_each(|item| write(&item.head, &item.content, NOW, &mut written));
    let (again, read_to) = messages(&written);
    assert_eq!(read_to, written.len() as u64, "what is written is read to its end");
    assert_eq!(again.len(), items.len());
    for (one, other) in items.iter().zip(&again) {
        assert_eq!(show(&one.content), show(&other.content));
        assert_eq!((&one.head.flags, &one.head.uid), (&other.head.flags, &other.head.uid));
        assert_eq!(one.head.received, other.head.received);
    }
}

/// Shown, lines as they end in files: a CR before the end of a line is part of the end there, so that of `\r\r\n`, which no
/// message may have (RFC 5322 §2.3), one is lost.
fn show(content: &[u8]) -> String {
    let lines = content.split(|octet| *octet == b'\n');
    let bare = |line: &'_ [u8]| line.len() - line.iter().rev().take_while(|octet| **octet == b'\r').count();
    let ends = lines.map(|line| wire::dialogue::show(line.get(..bare(line)).unwrap_or_default()));
    ends.collect::<Vec<_>>().join("\n")
}

/// Messages that are not kept as gone, and how far the file was read.
fn messages(data: &[u8]) -> (Vec<Item>, u64) {
    let mut reader = Reader::new(Cursor::new(data), 0, Path::new("box")).expect("memory can be read");
    let mut items = Vec::new();
    loop {
        let before = reader.position();
        match reader.next_message() {
            Ok(Some(item)) => {
                assert!(reader.position() > before, "a message of no octets");
                items.push(item);
            }
            Ok(None) | Err(_) => return (items, reader.position()),
        }
    }
}

/// Flags that a name tells are told again by the letters that are written for them; names of folders and files lead nowhere
/// else.
///
/// # Panics
/// When a law is broken.
pub fn maildir(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut words: Vec<String> = ["$Work", "", "b"].map(str::to_owned).to_vec();
    let (base, flags) = read_name(&text, &words);
    assert!(text.starts_with(base));
    let letters = flag_letters(&flags, &mut words);
    assert!(letters.is_ascii() && words.len() <= 26);
    assert!(letters.as_bytes().is_sorted(), "{letters}");
    let name = format!("{base}:2,{letters}");
    assert_eq!(read_name(&name, &words), (base, flags));
    for name in Parts::of(&text).0.iter().chain([&file_name(&text)]) {
        let is_odd = |letter: char| letter.is_control() || matches!(letter, '/' | '\\' | ':');
        assert!(!name.is_empty() && name.len() <= NAME_MAX, "{name:?}");
        assert!(!name.contains(is_odd) && !name.starts_with('.'), "{name:?}");
    }
}
