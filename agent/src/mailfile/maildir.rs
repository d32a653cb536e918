//! Maildir: a file a message, in `new` or `cur`, flags in its name; subfolders as in Maildir++ (`.Work.Projects` beside
//! `cur`) or as folders in folders. No RFC has it; the rules are those of its inventor, and of Courier and Dovecot for what
//! they added. Owns safe delivery: written and synced in `tmp`, then renamed, so that no reader ever sees half a message.

use super::{Fault, Head, Item, MESSAGE_MAX, disk, fields, names};
use crate::mirror::Flags;
use memchr::memchr;
use message::Time;
use message::flags::flag_bits;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::imap::utf7;

/// Letters of the name that are flags, in the order they are written in.
const LETTERS: [(char, u64); 5] = [
    ('D', flag_bits::DRAFT),
    ('F', flag_bits::FLAGGED),
    ('R', flag_bits::ANSWERED),
    ('S', flag_bits::SEEN),
    ('T', flag_bits::DELETED),
];

/// The keyword that the letter P, passed, stands for.
const PASSED: &str = "$Forwarded";

/// The file in which Dovecot tells what the letters a to z stand for, and its longest length.
const KEYWORDS: &str = "dovecot-keywords";
const KEYWORDS_FILE_MAX: usize = 64 * 1024;
const KEYWORDS_MAX: usize = 26;

/// After this long a file in `tmp` belongs to nobody any more.
const LEFT_AFTER: Duration = Duration::from_secs(36 * 60 * 60);

/// Whether a folder is one of messages.
#[must_use]
pub fn is_maildir(path: &Path) -> bool {
    disk::is_folder(&path.join("cur")) && disk::is_folder(&path.join("new"))
}

/// A folder that is read. Its names are held in memory, some sixty octets a message.
pub struct Reader {
    folder: PathBuf,
    /// Names below the folder, the last first.
    waiting: Vec<PathBuf>,
    keywords: Vec<String>,
}

impl Reader {
    /// Lists the messages there are now, as their names sort: by time, as most programs name them.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(folder: &Path) -> Result<Reader, Fault> {
        let mut waiting = Vec::new();
        for part in ["cur", "new"] {
            for (name, kind) in disk::list(&folder.join(part))? {
                let hidden = name.to_string_lossy().starts_with('.');
                if kind == disk::Kind::File && !hidden {
                    waiting.push(Path::new(part).join(name));
                }
            }
        }
        waiting.sort_by(|one, other| other.file_name().cmp(&one.file_name()));
        Ok(Reader { folder: folder.to_owned(), waiting, keywords: keywords(folder) })
    }

    /// How many are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.waiting.len()
    }

    /// The next message, with the name that it keeps whatever becomes of its flags. One that somebody removed or renamed
    /// meanwhile is passed over.
    ///
    /// # Errors
    /// Those of the system.
    pub fn next_message(&mut self) -> Result<Option<(String, Item)>, Fault> {
        while let Some(name) = self.waiting.pop() {
            let path = self.folder.join(&name);
            let content = match disk::read(&path, MESSAGE_MAX) {
                Err(Fault::Disk { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => continue,
                content => content?,
            };
            let text = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (base, flags) = read_name(&text, &self.keywords);
            let head = Head { flags, received: disk::stamp(&path).ok().map(|stamp| stamp.changed), ..Head::default() };
            let long = content.is_none();
            let content = with_crlf(content.unwrap_or_default());
            return Ok(Some((base.to_owned(), Item { head, content, long })));
        }
        Ok(None)
    }
}

/// What a file's name says: the name that it keeps whatever becomes of its flags, and these. `keywords` are what the letters
/// from a on stand for.
#[must_use]
pub fn read_name<'a>(name: &'a str, keywords: &[String]) -> (&'a str, Flags) {
    let (base, info) = split_name(name);
    (base, read_flags(info, keywords))
}

/// The letters that say these flags, in the order of ASCII; a keyword that has none yet gets the next of `words`, of which
/// there are twenty-six.
pub fn flag_letters(flags: &Flags, words: &mut Vec<String>) -> String {
    let mut letters: Vec<char> = LETTERS.iter().filter(|(_, bit)| flags.has(*bit)).map(|(letter, _)| *letter).collect();
    for word in &flags.keywords {
        if word.eq_ignore_ascii_case(PASSED) {
            letters.push('P');
            continue;
        }
        let slot = words.iter().position(|known| known.eq_ignore_ascii_case(word)).unwrap_or(words.len());
        if slot == words.len() && slot < KEYWORDS_MAX {
            words.push(word.clone());
        }
        letters.extend(u8::try_from(slot).ok().filter(|_| slot < words.len()).map(|slot| char::from(b'a' + slot)));
    }
    letters.sort_unstable();
    letters.into_iter().collect()
}

/// A message of a folder, as its name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name it keeps whatever becomes of its flags.
    pub base: String,
    /// The file, below the folder: `new/...` or `cur/...`.
    pub file: String,
    /// Its flags.
    pub flags: Flags,
}

/// The messages that are in a folder now, by their names alone. One whose name is no UTF-8 is none that a mail program made.
///
/// # Errors
/// Those of the system.
pub fn listing(folder: &Path) -> Result<Vec<Named>, Fault> {
    let words = keywords(folder);
    let mut all = Vec::new();
    for part in ["cur", "new"] {
        for (name, kind) in disk::list(&folder.join(part))? {
            let Some(name) = name.to_str().filter(|name| kind == disk::Kind::File && !name.starts_with('.')) else {
                continue;
            };
            let (base, info) = split_name(name);
            // In `new`, too: mutt leaves what was flagged and not read there.
            let flags = read_flags(info, &words);
            all.push(Named { base: base.to_owned(), file: format!("{part}/{name}"), flags });
        }
    }
    Ok(all)
}

/// The content of a message of that name; `None`: longer than [`MESSAGE_MAX`].
///
/// # Errors
/// Those of the system.
pub fn read_file(folder: &Path, file: &str) -> Result<Option<Vec<u8>>, Fault> {
    Ok(disk::read(&folder.join(file), MESSAGE_MAX)?.map(with_crlf))
}

/// Gives a message other flags: it has another name then, in `cur`. What others say with letters we do not know stays.
///
/// # Errors
/// Those of the system; a message that is missing was renamed by another program.
pub fn set_flags(folder: &Path, file: &str, flags: &Flags) -> Result<(), Fault> {
    let name = file.rsplit('/').next().unwrap_or_default();
    let (base, info) = split_name(name);
    let mark = if info.is_empty() { None } else { name.get(base.len()..base.len() + 3) }.unwrap_or(":2,");
    let mut all: Vec<char> = letters(folder, flags, &mut told_keywords(folder))?.chars().collect();
    let ours =
        |letter: char| letter == 'P' || letter.is_ascii_lowercase() || LETTERS.iter().any(|(ours, _)| *ours == letter);
    all.extend(info.chars().filter(|letter| !ours(*letter)));
    all.sort_unstable();
    let to = format!("cur/{base}{mark}{}", all.into_iter().collect::<String>());
    if to == file {
        return Ok(());
    }
    disk::rename(&folder.join(file), &folder.join(to))
}

/// Adds a message under this name, which no other has. It is on disk when this returns; its name is once the folder that this
/// tells is synced.
///
/// # Errors
/// Those of the system.
pub fn add_as(folder: &Path, base: &str, head: &Head, content: &[u8]) -> Result<PathBuf, Fault> {
    let info = letters(folder, &head.flags, &mut told_keywords(folder))?;
    put(folder, base, &format!("cur/{base}:2,{info}"), (content, head.received))
}

/// Takes a message into another folder, under this name, with its flags; or, with `keep`, has it in both.
///
/// # Errors
/// Those of the system.
pub fn carry(from: &Path, named: &Named, (to, base): (&Path, &str), keep: bool) -> Result<(), Fault> {
    let info = letters(to, &named.flags, &mut told_keywords(to))?;
    let (old, new) = (from.join(&named.file), to.join(format!("cur/{base}:2,{info}")));
    if keep {
        disk::link(&old, &new)?;
    } else {
        disk::rename(&old, &new)?;
    }
    disk::sync_folder(&to.join("cur"))?;
    if keep { Ok(()) } else { disk::sync_folder(old.parent().unwrap_or(from)) }
}

/// What a folder of this path is called in a Maildir: `.Work.Old`.
#[must_use]
pub fn folder_name(path: &str) -> String {
    let levels: Vec<String> = names::Parts::of(path).0.iter().map(|level| level.replace('.', "_")).collect();
    format!(".{}", utf7::encode(&levels.join(".")))
}

/// Makes a folder of messages.
///
/// # Errors
/// Those of the system.
pub fn make(path: &Path) -> Result<(), Fault> {
    for part in ["tmp", "new", "cur"] {
        let part = path.join(part);
        if !disk::is_folder(&part) {
            disk::make_folder(&part)?;
        }
    }
    Ok(())
}

/// Removes a folder of messages with all of them. What lies below it stays.
///
/// # Errors
/// Those of the system.
pub fn unmake(path: &Path) -> Result<(), Fault> {
    ["cur", "new", "tmp"].iter().try_for_each(|part| disk::remove_folder(&path.join(part)))?;
    for (name, kind) in disk::list(path)? {
        let notes = name.to_string_lossy();
        let is_note = notes.starts_with("dovecot") || notes.starts_with("courier") || notes == "maildirfolder";
        if kind == disk::Kind::File && is_note {
            disk::remove(&path.join(name))?;
        }
    }
    disk::remove_if_empty(path);
    Ok(())
}

/// Removes what programs that died left in `tmp`: the rule is that nobody takes 36 hours to write a message.
///
/// # Errors
/// Those of the system.
pub fn sweep(path: &Path, now: Time) -> Result<(), Fault> {
    let tmp = path.join("tmp");
    for (name, kind) in disk::list(&tmp)? {
        let file = tmp.join(name);
        let is_old = |stamp: disk::Stamp| now.since(stamp.changed) > LEFT_AFTER;
        if kind == disk::Kind::File && disk::stamp(&file).is_ok_and(is_old) {
            disk::remove(&file)?;
        }
    }
    Ok(())
}

/// The name proper, and the flags.
fn split_name(name: &str) -> (&str, &str) {
    // `;` and `!` stand for `:` where the file system lacks it.
    let parted = [":2,", ";2,", "!2,"].iter().find_map(|mark| name.rsplit_once(mark));
    parted.unwrap_or((name, ""))
}

fn read_flags(info: &str, keywords: &[String]) -> Flags {
    let mut flags = Flags::default();
    for letter in info.chars() {
        match LETTERS.iter().find(|(known, _)| *known == letter) {
            Some((_, bit)) => flags.bits |= bit,
            None if letter == 'P' => fields::add_keyword(&mut flags, PASSED),
            None if letter.is_ascii_lowercase() => {
                let slot = usize::from(letter as u8 - b'a');
                if let Some(word) = keywords.get(slot) {
                    fields::add_keyword(&mut flags, word);
                }
            }
            None => {}
        }
    }
    flags
}

/// What the letters a to z stand for, where Dovecot told.
fn keywords(folder: &Path) -> Vec<String> {
    let text = disk::read(&folder.join(KEYWORDS), KEYWORDS_FILE_MAX).ok().flatten().unwrap_or_default();
    let mut words = vec![String::new(); KEYWORDS_MAX];
    for line in String::from_utf8_lossy(&text).lines() {
        let Some((slot, word)) = line.split_once(' ') else { continue };
        if let Some(place) = slot.parse::<usize>().ok().and_then(|slot| words.get_mut(slot)) {
            word.clone_into(place);
        }
    }
    words
}

/// Lines as the network has them: files keep LF, which means CR LF.
pub(super) fn with_crlf(text: Vec<u8>) -> Vec<u8> {
    let alone = |end: &usize| *end == 0 || text.get(end - 1) != Some(&b'\r');
    let missing = memchr::memchr_iter(b'\n', &text).filter(alone).count();
    if missing == 0 {
        return text;
    }
    let mut wire = Vec::with_capacity(text.len() + missing);
    let mut rest = text.as_slice();
    while let Some(end) = memchr(b'\n', rest) {
        let (line, after) = rest.split_at(end);
        wire.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        wire.extend_from_slice(b"\r\n");
        rest = after.get(1..).unwrap_or_default();
    }
    wire.extend_from_slice(rest);
    wire
}

/// The folders of messages at and below a path, each with its name for people: levels parted by `/`, empty for the
/// folder itself.
///
/// # Errors
/// Those of the system.
pub fn subfolders(path: &Path) -> Result<Vec<(String, PathBuf)>, Fault> {
    let mut found = vec![(String::new(), path.to_owned())];
    for (name, kind) in disk::list(path)? {
        let text = name.to_string_lossy();
        let inner = path.join(&name);
        if let Some(levels) = text.strip_prefix('.').filter(|_| kind == disk::Kind::Folder && is_maildir(&inner)) {
            let levels = utf7::decode(levels.as_bytes()).unwrap_or_else(|_| levels.to_owned());
            found.push((levels.replace('.', "/"), inner));
        }
    }
    Ok(found)
}

/// A Maildir that messages are added to.
pub struct Writer {
    root: PathBuf,
    /// What makes names unique: the time of opening, this process, this host, and a number.
    token: String,
    count: u64,
    keywords: BTreeMap<PathBuf, Vec<String>>,
    /// Folders whose names are not yet synced.
    unsynced: Vec<PathBuf>,
}

impl Writer {
    /// Opens a Maildir; it is made where there is none. `unique` is a word that no other process uses at this time.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(root: &Path, unique: &str) -> Result<Writer, Fault> {
        let writer = Writer {
            root: root.to_owned(),
            token: names::file_name(unique),
            count: 0,
            keywords: BTreeMap::new(),
            unsynced: Vec::new(),
        };
        writer.make("")?;
        Ok(writer)
    }

    /// The folder of that name; the inbox, and none, are the Maildir itself.
    fn make(&self, folder: &str) -> Result<PathBuf, Fault> {
        let path = if folder.is_empty() || folder.eq_ignore_ascii_case("INBOX") {
            self.root.clone()
        } else {
            self.root.join(folder_name(folder))
        };
        make(&path)?;
        Ok(path)
    }

    /// Adds a message that nobody has seen, under a name that follows from `name` alone; where one of that name is there
    /// already, it stays, and nothing is added: `false`.
    ///
    /// # Errors
    /// Those of the system.
    pub fn deliver(&mut self, name: &str, content: &[u8]) -> Result<bool, Fault> {
        let path = self.make("")?;
        let name = names::file_name(name);
        let begins = |(known, _): &(PathBuf, disk::Kind)| split_name(&known.to_string_lossy()).0 == name;
        if disk::list(&path.join("cur"))?.iter().any(begins) || disk::exists(&path.join("new").join(&name)) {
            return Ok(false);
        }
        self.place(&path, &name, &format!("new/{name}"), (content, None))?;
        Ok(true)
    }

    /// Adds a message to a folder, with its flags and its date.
    ///
    /// # Errors
    /// Those of the system.
    pub fn add(&mut self, folder: &str, head: &Head, content: &[u8]) -> Result<(), Fault> {
        let path = self.make(folder)?;
        self.count += 1;
        let seconds = head.received.unwrap_or_default().unix_seconds();
        let name = format!("{seconds}.{}_{}", self.token, self.count);
        let info = self.info(&path, &head.flags)?;
        self.place(&path, &name, &format!("cur/{name}:2,{info}"), (content, head.received))
    }

    fn place(&mut self, path: &Path, name: &str, to: &str, (content, at): (&[u8], Option<Time>)) -> Result<(), Fault> {
        let folder = put(path, name, to, (content, at))?;
        if !self.unsynced.contains(&folder) {
            self.unsynced.push(folder);
        }
        Ok(())
    }

    fn info(&mut self, path: &Path, flags: &Flags) -> Result<String, Fault> {
        let words = self.keywords.entry(path.to_owned()).or_insert_with(|| told_keywords(path));
        letters(path, flags, words)
    }

    /// All that was added is on disk when this returns.
    ///
    /// # Errors
    /// Those of the system.
    pub fn settle(&mut self) -> Result<(), Fault> {
        self.unsynced.drain(..).try_for_each(|folder| disk::sync_folder(&folder))
    }
}

/// Writes a message into `tmp` and puts it in place; the folder whose names are still to be synced.
fn put(path: &Path, name: &str, to: &str, (content, at): (&[u8], Option<Time>)) -> Result<PathBuf, Fault> {
    let (fresh, to) = (path.join("tmp").join(name), path.join(to));
    disk::remove(&fresh)?;
    disk::write_new(&fresh, &with_lf(content), at).map_err(Fault::disk(&fresh))?;
    disk::rename(&fresh, &to)?;
    Ok(to.parent().unwrap_or(path).to_owned())
}

/// The words of a folder's keywords, as many as were told.
fn told_keywords(path: &Path) -> Vec<String> {
    let mut known = keywords(path);
    while known.last().is_some_and(String::is_empty) {
        known.pop();
    }
    known
}

/// The letters for flags; keywords beyond the twenty-sixth have none. New keywords are told in the folder's file.
fn letters(path: &Path, flags: &Flags, words: &mut Vec<String>) -> Result<String, Fault> {
    let before = words.len();
    let letters = flag_letters(flags, words);
    if words.len() > before {
        let text: String = words.iter().enumerate().map(|(slot, word)| format!("{slot} {word}\n")).collect();
        let (fresh, to) = (path.join("tmp").join(KEYWORDS), path.join(KEYWORDS));
        disk::remove(&fresh)?;
        disk::write_new(&fresh, text.as_bytes(), None).map_err(Fault::disk(&fresh))?;
        disk::rename(&fresh, &to)?;
    }
    Ok(letters)
}

/// Lines as files keep them.
fn with_lf(content: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(end) = memchr(b'\n', rest) {
        let (line, after) = rest.split_at(end);
        text.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        text.push(b'\n');
        rest = after.get(1..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_flags() {
        let keywords = vec!["$Work".to_owned()];
        let (base, flags) = read_name("1081298274.M1P2.host,S=12:2,PRSaz", &keywords);
        assert_eq!(base, "1081298274.M1P2.host,S=12");
        assert_eq!(flags.bits, flag_bits::ANSWERED | flag_bits::SEEN);
        assert_eq!(flags.keywords.into_iter().collect::<Vec<_>>(), ["$Forwarded", "$Work"]);
        assert_eq!(split_name("a:1,x"), ("a:1,x", ""));
        assert_eq!(split_name("a;2,F"), ("a", "F"));
    }

    #[test]
    fn lines_are_turned_both_ways() {
        assert_eq!(with_crlf(b"a\nb\r\n\nc".to_vec()), b"a\r\nb\r\n\r\nc");
        assert_eq!(with_crlf(b"\n".to_vec()), b"\r\n");
        assert_eq!(with_lf(b"a\r\nb\rc\r\n"), b"a\nb\rc\n");
    }
}
