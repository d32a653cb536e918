//! The folders of an account in files, and what is done in them: a Maildir with subfolders (`.Work.Old` as in Maildir++, or
//! Maildirs in folders), one mbox, or a folder of mboxes.

use super::seen::{Mark, Seen, hash};
use crate::account::Incoming;
use crate::mailfile::mbox::{self, Change};
use crate::mailfile::{DEPTH_MAX, FOLDERS_MAX, Fault, Head, Parts, Stamp, disk, maildir};
use crate::mirror::Flags;
use message::{Time, header};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// What the folder that is the Maildir itself, or the one mbox, is called on disk.
const ROOT: &str = ".";
const INBOX: &str = "INBOX";

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name on disk, below the account's.
    pub folder: String,
    /// Its path for people, levels parted by `/`.
    pub name: String,
    path: PathBuf,
}

/// A message that was found.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    /// As [`Mark::key`].
    pub key: String,
    /// As [`Mark::file`].
    pub file: String,
    /// As [`Mark::at`].
    pub at: u64,
    /// Its flags.
    pub flags: Flags,
    /// When it came.
    pub received: Time,
    /// Octets.
    pub size: u64,
}

/// The files of an account.
pub struct Boxes {
    kind: Kind,
    root: PathBuf,
    /// Where an account that is one mbox has its other folders.
    beside: PathBuf,
    /// What is being written to an mbox.
    note: PathBuf,
    /// Folders whose names are still to be synced.
    unsynced: BTreeSet<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The folder itself is a Maildir, those below are as in Maildir++.
    Maildir,
    /// A folder with Maildirs in it.
    Maildirs,
    /// One file.
    Mbox,
    /// A folder of files.
    Mboxes,
}

/// Folders that were found, with names that are all different.
#[derive(Default)]
struct Places {
    all: Vec<Place>,
    names: HashSet<String>,
    /// Folders that were gone into.
    visited: usize,
}

impl Places {
    /// Before a folder is gone into.
    fn visit(&mut self, path: &Path, depth: usize) -> Result<(), Fault> {
        self.visited += 1;
        match () {
            () if depth > DEPTH_MAX => Err(Fault::Deep(path.to_owned())),
            () if self.visited > FOLDERS_MAX => Err(Fault::Many(path.to_owned())),
            () => Ok(()),
        }
    }

    fn add(&mut self, folder: &str, name: &str, path: PathBuf) {
        let tame = |letter: char| if letter.is_control() { '_' } else { letter };
        let mut name: String = name.chars().map(tame).collect();
        if name.eq_ignore_ascii_case(INBOX) && !self.names.contains(INBOX) {
            INBOX.clone_into(&mut name);
        }
        while !self.names.insert(name.clone()) {
            name.push('_');
        }
        let folder = if folder.is_empty() { ROOT } else { folder };
        self.all.push(Place { folder: folder.to_owned(), name, path });
    }
}

/// A level below another, where there is one.
fn below(upper: &str, name: &str) -> String {
    if upper.is_empty() { name.to_owned() } else { format!("{upper}/{name}") }
}

impl Boxes {
    /// Those of an account; nothing is read yet. An empty folder that is to be a Maildir becomes one.
    ///
    /// # Errors
    /// They are not there, or are none of mail.
    pub fn open(incoming: &Incoming, beside: &Path, note: PathBuf) -> Result<Boxes, Fault> {
        let (kind, root) = match incoming {
            Incoming::Maildir(root) if maildir::is_maildir(root) => (Kind::Maildir, root),
            Incoming::Maildir(root) => {
                if disk::list(root)?.is_empty() {
                    maildir::make(root)?;
                    (Kind::Maildir, root)
                } else {
                    (Kind::Maildirs, root)
                }
            }
            Incoming::Mbox(root) if disk::is_folder(root) => (Kind::Mboxes, root),
            Incoming::Mbox(root) => {
                // A spool whose last message was taken out is removed by some programs; its folder is there.
                let folder = root.parent().unwrap_or(root);
                disk::stamp(if disk::exists(root) { root } else { folder })?;
                (Kind::Mbox, root)
            }
            other => return Err(Fault::NoMail(PathBuf::from(other.kind()))),
        };
        let unsynced = BTreeSet::new();
        let boxes = Boxes { kind, root: root.clone(), beside: beside.to_owned(), note, unsynced };
        let is_bare = match kind {
            Kind::Maildirs => boxes.places()?.is_empty(),
            Kind::Mbox => disk::exists(root) && !is_mbox(root)?,
            Kind::Maildir | Kind::Mboxes => false,
        };
        if is_bare { Err(Fault::NoMail(root.clone())) } else { Ok(boxes) }
    }

    /// Finishes what a program that was killed had begun to write.
    pub fn mend(&self) -> Result<(), Fault> {
        mbox::mend(&self.note)
    }

    /// Whether a message is a file.
    pub fn is_maildir(&self) -> bool {
        matches!(self.kind, Kind::Maildir | Kind::Maildirs)
    }

    /// All folders there are.
    pub fn places(&self) -> Result<Vec<Place>, Fault> {
        let mut found = Places::default();
        match self.kind {
            Kind::Maildir | Kind::Maildirs => walk_maildirs(&self.root, ("", ""), 0, &mut found)?,
            Kind::Mboxes => walk_mboxes(&self.root, ("", ""), 0, &mut found)?,
            Kind::Mbox => {
                found.add(ROOT, INBOX, self.root.clone());
                if disk::is_folder(&self.beside) {
                    walk_mboxes(&self.beside, ("", ""), 0, &mut found)?;
                }
            }
        }
        Ok(found.all)
    }

    /// The folder of this name on disk; `None`: there is none.
    pub fn place(&self, folder: &str) -> Result<Option<Place>, Fault> {
        Ok(self.places()?.into_iter().find(|place| place.folder == folder))
    }

    /// What tells whether a folder was changed, and when it was last.
    pub fn stamp(&self, place: &Place) -> Result<(String, Time), Fault> {
        if !self.is_maildir() {
            if !disk::exists(&place.path) {
                return Ok((String::new(), Time(0)));
            }
            let stamp = disk::stamp(&place.path)?;
            return Ok((format!("{} {} {}", stamp.inode, stamp.octets, stamp.changed.0), stamp.changed));
        }
        let (mut text, mut last) = (String::new(), Time(0));
        for part in ["cur", "new", "dovecot-keywords"] {
            let path = place.path.join(part);
            if disk::exists(&path) {
                let stamp = disk::stamp(&path)?;
                text.push_str(&format!("{} {} ", stamp.inode, stamp.changed.0));
                last = last.max(stamp.changed);
            }
        }
        Ok((text, last))
    }

    /// The messages of a folder; what is known of some need not be asked again.
    pub fn messages(&self, place: &Place, known: &[Mark]) -> Result<Vec<Raw>, Fault> {
        if self.is_maildir() { maildir_messages(place, known) } else { mbox_messages(place) }
    }

    /// What makes a message of ours this one, in a folder it was put into under a name.
    pub fn key_of(&self, name: &str, content: &[u8]) -> String {
        if self.is_maildir() { name.to_owned() } else { content_key(content) }
    }

    /// All of a message; `None`: it is too long.
    pub fn content(&self, place: &Place, seen: &Seen, mark: &Mark) -> Result<Option<Vec<u8>>, Fault> {
        if self.is_maildir() {
            return maildir::read_file(&place.path, &mark.file);
        }
        let file = disk::open_to_read(&place.path)?;
        self.unchanged(place, seen)?;
        let mut reader = mbox::Reader::resume(file, mark.at, &place.path)?;
        let item = reader.next_entry()?.and_then(|entry| entry.item);
        let item = item.ok_or_else(|| Fault::Changed(place.path.clone()))?;
        Ok((!item.long).then_some(item.content))
    }

    /// The stamp of an mbox that is as it was when it was seen.
    fn unchanged(&self, place: &Place, seen: &Seen) -> Result<Stamp, Fault> {
        let (now, _) = self.stamp(place)?;
        let was = seen.shelves.get(&place.folder).map(|shelf| shelf.stamp.as_str());
        if was != Some(now.as_str()) {
            return Err(Fault::Changed(place.path.clone()));
        }
        disk::stamp(&place.path)
    }

    /// Gives messages other flags.
    pub fn set_flags(&self, place: &Place, seen: &Seen, marks: &[(Mark, Flags)]) -> Result<(), Fault> {
        if self.is_maildir() {
            let each = |(mark, flags): &(Mark, Flags)| match maildir::set_flags(&place.path, &mark.file, flags) {
                Err(fault) if fault.is_missing() => Err(Fault::Changed(place.path.join(&mark.file))),
                done => done,
            };
            return marks.iter().try_for_each(each);
        }
        let changes: BTreeMap<u64, Change> =
            marks.iter().map(|(mark, flags)| (mark.at, Change::Flags(flags.clone()))).collect();
        mbox::amend(&place.path, self.unchanged(place, seen)?, &changes, &self.note)
    }

    /// Removes messages.
    pub fn remove(&self, place: &Place, seen: &Seen, marks: &[Mark]) -> Result<(), Fault> {
        if marks.is_empty() {
            return Ok(());
        }
        if self.is_maildir() {
            let each = |mark: &Mark| {
                let file = place.path.join(&mark.file);
                // Under another name it is still there.
                if disk::exists(&file) { disk::remove(&file) } else { Err(Fault::Changed(file)) }
            };
            return marks.iter().try_for_each(each);
        }
        let changes: BTreeMap<u64, Change> = marks.iter().map(|mark| (mark.at, Change::Remove)).collect();
        mbox::amend(&place.path, self.unchanged(place, seen)?, &changes, &self.note)
    }

    /// Takes messages from one folder into another, or has them in both. One that is there already is not put there again:
    /// it was, before something was cut off.
    pub fn carry(
        &self,
        (from, to): (&Place, &Place),
        (seen, marks): (&Seen, &[Mark]),
        keep: bool,
    ) -> Result<(), Fault> {
        let there: HashSet<&str> = seen
            .shelves
            .get(&to.folder)
            .map(|shelf| shelf.marks.iter().map(|mark| mark.key.as_str()).collect())
            .unwrap_or_default();
        if self.is_maildir() {
            return marks.iter().try_for_each(|mark| carry_file((from, to), mark, &there, keep));
        }
        let mut writer = mbox::Writer::open(&to.path)?;
        for mark in marks.iter().filter(|mark| !there.contains(mark.key.as_str())) {
            let file = disk::open_to_read(&from.path)?;
            self.unchanged(from, seen)?;
            let entry = mbox::Reader::resume(file, mark.at, &from.path)?.next_entry()?;
            let item = entry.and_then(|entry| entry.item).filter(|item| !item.long);
            let item = item.ok_or_else(|| Fault::Large(from.path.clone()))?;
            writer.add(&item.head, &item.content, mark.received)?;
        }
        writer.settle()?;
        drop(writer);
        if keep { Ok(()) } else { self.remove(from, seen, marks) }
    }

    /// Adds a message; its key. It is there for good after [`Boxes::settle`].
    pub fn add(
        &mut self,
        place: &Place,
        name: &str,
        (head, content): (&Head, &[u8]),
        now: Time,
    ) -> Result<String, Fault> {
        if self.is_maildir() {
            self.unsynced.insert(maildir::add_as(&place.path, name, head, content)?);
        } else {
            let mut writer = mbox::Writer::open(&place.path)?;
            writer.add(head, content, now)?;
            writer.settle()?;
        }
        Ok(self.key_of(name, content))
    }

    /// All that was added is on disk when this returns.
    pub fn settle(&mut self) -> Result<(), Fault> {
        while let Some(folder) = self.unsynced.first() {
            match disk::sync_folder(folder) {
                // Another program removed it, with what was in it.
                Err(fault) if !fault.is_missing() => return Err(fault),
                _ => self.unsynced.pop_first(),
            };
        }
        Ok(())
    }

    /// Where a folder of this name goes.
    fn path_for(&self, name: &str) -> Result<(String, PathBuf), Fault> {
        if name.eq_ignore_ascii_case(INBOX) && matches!(self.kind, Kind::Maildir | Kind::Mbox) {
            return Ok((ROOT.to_owned(), self.root.clone()));
        }
        let folder = match self.kind {
            Kind::Maildir => maildir::folder_name(name),
            Kind::Maildirs | Kind::Mbox | Kind::Mboxes => Parts::of(name).0.join("/"),
        };
        let root = if self.kind == Kind::Mbox { &self.beside } else { &self.root };
        Ok((folder.clone(), root.join(folder)))
    }

    /// Makes a folder; its name on disk.
    pub fn make(&self, name: &str) -> Result<String, Fault> {
        if let Some(there) = self.places()?.into_iter().find(|place| place.name == name) {
            return Ok(there.folder);
        }
        let (folder, path) = self.path_for(name)?;
        if self.is_maildir() {
            maildir::make(&path)?;
        } else {
            disk::make_folder(path.parent().unwrap_or(&self.root))?;
            // An mbox without messages is an empty file.
            mbox::Writer::open(&path)?.settle()?;
        }
        Ok(folder)
    }

    /// Gives a folder another name, with those below it; its name on disk then.
    pub fn rename(&self, place: &Place, name: &str) -> Result<String, Fault> {
        let (folder, path) = self.path_for(name)?;
        if folder == place.folder {
            // It was made under this name.
            return Ok(folder);
        }
        if place.folder == ROOT || folder == ROOT {
            return Err(Fault::refused(&place.path, "the inbox cannot be renamed"));
        }
        if disk::exists(&path) {
            return Err(Fault::refused(&path, "there is something of this name"));
        }
        if self.kind == Kind::Maildir {
            let upper = format!("{}.", place.folder);
            for inner in self.places()? {
                if let Some(rest) = inner.folder.strip_prefix(&upper) {
                    disk::rename(&inner.path, &self.root.join(format!("{folder}.{rest}")))?;
                }
            }
        } else {
            disk::make_folder(path.parent().unwrap_or(&self.root))?;
        }
        disk::rename(&place.path, &path)?;
        Ok(folder)
    }

    /// Removes a folder and what is in it; what lies below stays.
    pub fn unmake(&self, place: &Place) -> Result<(), Fault> {
        if place.folder == ROOT {
            return Err(Fault::refused(&place.path, "the inbox cannot be deleted"));
        }
        if self.is_maildir() { maildir::unmake(&place.path) } else { disk::remove(&place.path) }
    }

    /// Removes what programs that died left behind.
    pub fn sweep(&self, now: Time) -> Result<(), Fault> {
        if !self.is_maildir() {
            return Ok(());
        }
        self.places()?.iter().try_for_each(|place| maildir::sweep(&place.path, now))
    }
}

fn walk_maildirs(path: &Path, (folder, name): (&str, &str), depth: usize, found: &mut Places) -> Result<(), Fault> {
    found.visit(path, depth)?;
    if maildir::is_maildir(path) {
        for (inner, path) in maildir::subfolders(path)? {
            let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
            match (inner.is_empty(), name.is_empty()) {
                (true, true) => found.add("", INBOX, path),
                (true, false) => found.add(folder, name, path),
                (false, _) => found.add(&below(folder, file), &below(name, &inner), path.clone()),
            }
        }
    }
    for (inner, kind) in disk::list(path)? {
        let Some(inner) = inner.to_str().filter(|_| kind == disk::Kind::Folder) else { continue };
        if !inner.starts_with('.') && !matches!(inner, "cur" | "new" | "tmp") {
            walk_maildirs(&path.join(inner), (&below(folder, inner), &below(name, inner)), depth + 1, found)?;
        }
    }
    Ok(())
}

fn walk_mboxes(path: &Path, (folder, name): (&str, &str), depth: usize, found: &mut Places) -> Result<(), Fault> {
    found.visit(path, depth)?;
    for (inner, kind) in disk::list(path)? {
        let Some(inner) = inner.to_str().filter(|inner| !inner.starts_with('.')) else { continue };
        let (path, folder) = (path.join(inner), below(folder, inner));
        match kind {
            disk::Kind::Folder => walk_mboxes(&path, (&folder, &below(name, inner)), depth + 1, found)?,
            disk::Kind::File if is_mbox(&path)? => {
                let inner = inner.strip_suffix(".mbox").filter(|stem| !stem.is_empty()).unwrap_or(inner);
                found.add(&folder, &below(name, inner), path);
            }
            disk::Kind::File | disk::Kind::Other => {}
        }
    }
    Ok(())
}

/// Whether a file is an mbox, perhaps without a message; not one that locks another.
fn is_mbox(path: &Path) -> Result<bool, Fault> {
    if path.extension().is_some_and(|ending| ending == "lock") {
        return Ok(false);
    }
    match disk::open(path).and_then(|file| mbox::Reader::new(file, 0, path)) {
        Ok(mut reader) => Ok(reader.is_mbox()),
        Err(fault) if fault.is_missing() => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn maildir_messages(place: &Place, known: &[Mark]) -> Result<Vec<Raw>, Fault> {
    let seen = known.iter().filter(|mark| !mark.file.is_empty());
    let known: HashMap<&str, &Mark> = seen.map(|mark| (mark.key.as_str(), mark)).collect();
    let mut all: Vec<Raw> = Vec::new();
    let mut met = HashSet::new();
    for named in maildir::listing(&place.path)? {
        // A file that is renamed while the names are read may be met under both.
        if !met.insert(named.base.clone()) {
            continue;
        }
        let (received, size) = match known.get(named.base.as_str()) {
            Some(mark) => (mark.received, mark.size),
            None => match disk::stamp(&place.path.join(&named.file)) {
                Ok(stamp) => (stamp.changed, stamp.octets),
                Err(fault) if fault.is_missing() => return Err(Fault::Changed(place.path.clone())),
                Err(fault) => return Err(fault),
            },
        };
        all.push(Raw { key: named.base, file: named.file, at: 0, flags: named.flags, received, size });
    }
    Ok(all)
}

fn mbox_messages(place: &Place) -> Result<Vec<Raw>, Fault> {
    let mut all = Vec::new();
    if !disk::exists(&place.path) {
        return Ok(all);
    }
    let mut reader = mbox::Reader::new(disk::open_to_read(&place.path)?, 0, &place.path)?;
    while let Some(entry) = reader.next_entry()? {
        let Some(item) = entry.item else { continue };
        // One that is too long is known by its place.
        let key = if item.long { format!("long {}", entry.place.start) } else { content_key(&item.content) };
        all.push(Raw {
            key,
            file: String::new(),
            at: entry.place.start,
            flags: item.head.flags,
            received: item.head.received.unwrap_or_default(),
            size: item.content.len() as u64,
        });
    }
    Ok(all)
}

/// What a message is known by in an mbox: its content, but for a field that mutt counts its lines with, and for empty lines at
/// the end, which come and go as programs write the file.
fn content_key(content: &[u8]) -> String {
    let end = header::section_end(content, 0).unwrap_or(content.len());
    let (section, body) = content.split_at(end.min(content.len()));
    let mut text = Vec::with_capacity(content.len());
    for field in header::fields(section).filter(|field| !field.is("Lines")) {
        text.extend_from_slice(section.get(field.range).unwrap_or_default());
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(body.trim_ascii_end());
    hash(&text)
}

fn carry_file((from, to): (&Place, &Place), mark: &Mark, there: &HashSet<&str>, keep: bool) -> Result<(), Fault> {
    let named = maildir::Named { base: mark.key.clone(), file: mark.file.clone(), flags: mark.flags.clone() };
    // A copy is another message: it has another name, the same whenever the copy is made.
    let base = if keep { format!("{}.{}", named.base, &hash(to.folder.as_bytes())[..8]) } else { named.base.clone() };
    if there.contains(base.as_str()) {
        return match keep {
            true => Ok(()),
            // Another message that came by the same name.
            false => maildir::carry(
                &from.path,
                &named,
                (&to.path, &format!("{base}.{}", &hash(from.folder.as_bytes())[..8])),
                false,
            ),
        };
    }
    match maildir::carry(&from.path, &named, (&to.path, &base), keep) {
        Err(fault) if fault.is_missing() => Err(Fault::Changed(from.path.join(&mark.file))),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_disk_is_no_mailbox() {
        let (mut found, path) = (Places::default(), Path::new("/"));
        found.visited = FOLDERS_MAX - 1;
        assert!(found.visit(path, DEPTH_MAX).is_ok());
        assert!(matches!(found.visit(path, 0), Err(Fault::Many(_))));
        assert!(matches!(Places::default().visit(path, DEPTH_MAX + 1), Err(Fault::Deep(_))));
    }

    #[test]
    fn names_of_folders_are_all_different() {
        let mut found = Places::default();
        for name in ["inbox", "Work", "Work", "a\u{7}"] {
            found.add(name, name, PathBuf::new());
        }
        let names: Vec<&str> = found.all.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(names, ["INBOX", "Work", "Work_", "a_"]);
    }
}
