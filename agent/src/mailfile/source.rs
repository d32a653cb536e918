//! Whatever lies at a path, message after message: one mbox, one Maildir with its subfolders, one message, or a folder of
//! all of these, as Takeout and other programs leave them. Owns the recognising, and the name under which a message of it is
//! remembered.

use super::{DEPTH_MAX, Fault, Item, disk, eml, maildir, mbox};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Octets of a file that tell what it is.
const BEGINNING: u64 = 1024;

/// A message that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Under what it is known again when the same source is read another time.
    pub key: String,
    /// The folder that the file stands for, levels parted by `/`; empty: none.
    pub folder: String,
    /// The message.
    pub item: Item,
    /// Octets of the source it took.
    pub octets: u64,
}

/// A part of the source.
struct Piece {
    /// Below the root; empty for the root itself.
    name: String,
    path: PathBuf,
    folder: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mbox,
    Maildir,
    Eml,
}

enum Open {
    Mbox(Box<mbox::Reader<File>>, u64),
    Maildir(Box<maildir::Reader>),
    Eml,
    /// It was one message, and is read.
    Done,
}

/// A path that is read.
pub struct Source {
    /// The last first.
    waiting: Vec<Piece>,
    now: Option<(Piece, Open)>,
    /// Octets in files, where they are known beforehand.
    pub octets: u64,
}

impl Source {
    /// Looks what there is. Nothing is read yet but the beginnings of files.
    ///
    /// # Errors
    /// [`Fault::NoMail`] where there is none, and those of the system.
    pub fn open(path: &Path) -> Result<Source, Fault> {
        let mut source = Source { waiting: Vec::new(), now: None, octets: 0 };
        if disk::is_folder(path) {
            source.walk(path, "", 0)?;
        } else {
            let kind = kind_of(path)?.ok_or_else(|| Fault::NoMail(path.to_owned()))?;
            source.add(path, "", (kind, String::new()))?;
        }
        if source.waiting.is_empty() {
            return Err(Fault::NoMail(path.to_owned()));
        }
        source.waiting.reverse();
        Ok(source)
    }

    fn add(&mut self, path: &Path, name: &str, (kind, folder): (Kind, String)) -> Result<(), Fault> {
        if kind != Kind::Maildir {
            self.octets += disk::stamp(path)?.octets;
        }
        self.waiting.push(Piece { name: name.to_owned(), path: path.to_owned(), folder, kind });
        Ok(())
    }

    fn walk(&mut self, path: &Path, name: &str, depth: usize) -> Result<(), Fault> {
        if depth > DEPTH_MAX {
            return Err(Fault::Deep(path.to_owned()));
        }
        let below = |inner: &str| if name.is_empty() { inner.to_owned() } else { format!("{name}/{inner}") };
        let is_maildir = maildir::is_maildir(path);
        if is_maildir {
            for (folder, path) in maildir::subfolders(path)? {
                let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let known = if folder.is_empty() { name.to_owned() } else { below(&file) };
                let folder =
                    [name, folder.as_str()].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
                self.add(&path, &known, (Kind::Maildir, folder.join("/")))?;
            }
        }
        for (inner, kind) in disk::list(path)? {
            let text = inner.to_string_lossy().into_owned();
            let inner = path.join(inner);
            let own = is_maildir && matches!(text.as_str(), "cur" | "new" | "tmp");
            match kind {
                _ if own || text.starts_with('.') => {}
                disk::Kind::Folder => self.walk(&inner, &below(&text), depth + 1)?,
                disk::Kind::File if !is_maildir => {
                    if let Some(kind) = kind_of(&inner)? {
                        let folder = if kind == Kind::Mbox { below(mbox_name(&text)) } else { name.to_owned() };
                        self.add(&inner, &below(&text), (kind, folder))?;
                    }
                }
                disk::Kind::File | disk::Kind::Other => {}
            }
        }
        Ok(())
    }

    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// Those of the forms.
    pub fn next_message(&mut self) -> Result<Option<Found>, Fault> {
        loop {
            if self.now.is_none() {
                let Some(piece) = self.waiting.pop() else { return Ok(None) };
                let open = open(&piece)?;
                self.now = Some((piece, open));
            }
            if let Some((piece, open)) = &mut self.now
                && let Some(found) = read(piece, open)?
            {
                return Ok(Some(found));
            }
            self.now = None;
        }
    }
}

fn open(piece: &Piece) -> Result<Open, Fault> {
    Ok(match piece.kind {
        Kind::Mbox => Open::Mbox(Box::new(mbox::Reader::new(disk::open(&piece.path)?, 0, &piece.path)?), 0),
        Kind::Maildir => Open::Maildir(Box::new(maildir::Reader::open(&piece.path)?)),
        Kind::Eml => Open::Eml,
    })
}

fn read(piece: &Piece, open: &mut Open) -> Result<Option<Found>, Fault> {
    let found = |key: String, item: Item, octets: u64| {
        let folder = item.head.folder.clone().unwrap_or_else(|| piece.folder.clone());
        Found { key: format!("{}#{key}", piece.name), folder, item, octets }
    };
    match open {
        Open::Mbox(reader, before) => {
            let at = reader.position();
            let Some(item) = reader.next_message()? else { return Ok(None) };
            let octets = reader.position() - std::mem::replace(before, reader.position());
            Ok(Some(found(at.to_string(), item, octets)))
        }
        Open::Maildir(reader) => {
            let next = reader.next_message()?;
            Ok(next.map(|(name, item)| found(name, item, 0)))
        }
        Open::Eml => {
            *open = Open::Done;
            let item = eml::read(&piece.path)?;
            let octets = disk::stamp(&piece.path)?.octets;
            Ok(Some(found(String::new(), item, octets)))
        }
        Open::Done => Ok(None),
    }
}

/// The folder that a file stands for: `Sent.mbox` for `Sent`. Apple's mail and others put the file into a folder.
fn mbox_name(file: &str) -> &str {
    let name = file.strip_suffix(".mbox").or_else(|| file.strip_suffix(".mbx")).unwrap_or(file);
    if name.is_empty() { file } else { name }
}

/// What a file is; `None`: no mail.
fn kind_of(path: &Path) -> Result<Option<Kind>, Fault> {
    let mut beginning = Vec::new();
    disk::open(path)?.take(BEGINNING).read_to_end(&mut beginning).map_err(Fault::disk(path))?;
    let text = beginning.trim_ascii_start();
    if mbox::begins(text) {
        return Ok(Some(Kind::Mbox));
    }
    let is_mbox = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("mbox"));
    if is_mbox && text.is_empty() {
        return Ok(Some(Kind::Mbox));
    }
    Ok((eml::is_eml(path) || (path.extension().is_none() && eml::looks_like(&beginning))).then_some(Kind::Eml))
}
