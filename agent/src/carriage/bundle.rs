//! Mail written out to files: an mbox, a folder of them, a Maildir, or a folder of single messages. Never into what is there
//! already.

use crate::mailfile::{Item, Parts, eml, exists, maildir, mbox};
use crate::trouble::{Kind, Trouble};
use crate::{disk, mailfile};
use message::Time;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What files are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// One mbox, of one folder.
    Mbox,
    /// A folder with an mbox for each folder.
    Mboxes,
    /// A Maildir with subfolders.
    Maildir,
    /// A folder of single messages.
    Eml,
}

/// Files that are being written.
pub struct Bundle {
    root: PathBuf,
    now: Time,
    open: Open,
}

enum Open {
    Mbox(Box<mbox::Writer>),
    /// By folder. Each is a file that is open: one per folder of an account.
    Mboxes(HashMap<String, mbox::Writer>),
    Maildir(Box<maildir::Writer>),
    Eml(eml::Writer),
}

impl Bundle {
    /// Begins; `unique` is a word that no other process uses at this time. `now` dates what has no date.
    ///
    /// # Errors
    /// When something is there already (but an empty folder), or it cannot be made.
    pub fn begin(root: &Path, form: Form, unique: &str, now: Time) -> Result<Bundle, Trouble> {
        let empty =
            || mailfile::disk::is_folder(root) && mailfile::disk::list(root).is_ok_and(|names| names.is_empty());
        if exists(root) && (form == Form::Mbox || !empty()) {
            let words = format!("{} is there already: nothing is written over", root.display());
            return Err(Trouble::new(Kind::Data, words));
        }
        let open = match form {
            Form::Mbox => Open::Mbox(Box::new(mbox::Writer::open(root)?)),
            Form::Mboxes => Open::Mboxes(HashMap::new()),
            Form::Maildir => Open::Maildir(Box::new(maildir::Writer::open(root, unique)?)),
            Form::Eml => Open::Eml(eml::Writer::open(root)?),
        };
        Ok(Bundle { root: root.to_owned(), now, open })
    }

    /// Adds a message of a folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, folder: &str, item: &Item) -> Result<(), Trouble> {
        match &mut self.open {
            Open::Mbox(writer) => writer.add(&item.head, &item.content, self.now)?,
            Open::Mboxes(writers) => {
                if !writers.contains_key(folder) {
                    let writer = mbox::Writer::open(&mbox_path(&self.root, folder)?)?;
                    writers.insert(folder.to_owned(), writer);
                }
                if let Some(writer) = writers.get_mut(folder) {
                    writer.add(&item.head, &item.content, self.now)?;
                }
            }
            Open::Maildir(writer) => writer.add(folder, &item.head, &item.content)?,
            Open::Eml(writer) => writer.add(folder, &item.head, &item.content)?,
        }
        Ok(())
    }

    /// All of it is on disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<(), Trouble> {
        match self.open {
            Open::Mbox(mut writer) => writer.settle()?,
            Open::Mboxes(writers) => {
                for mut writer in writers.into_values() {
                    writer.settle()?;
                }
            }
            Open::Maildir(mut writer) => writer.settle()?,
            Open::Eml(mut writer) => writer.settle()?,
        }
        Ok(())
    }
}

/// `Work/Projects` becomes `Work/Projects.mbox`; a name that another folder's took gets a number.
fn mbox_path(root: &Path, folder: &str) -> Result<PathBuf, Trouble> {
    let mut parts = Parts::of(folder).0;
    let name = parts.pop().unwrap_or_else(|| "INBOX".to_owned());
    let below = parts.iter().fold(root.to_owned(), |path, level| path.join(level));
    disk::make_folder(&below).map_err(|error| Trouble::new(Kind::Io, format!("{}: {error}", below.display())))?;
    let numbered = |number: u32| if number == 1 { format!("{name}.mbox") } else { format!("{name} {number}.mbox") };
    let path = (1..).map(|number| below.join(numbered(number))).find(|path| !exists(path));
    path.ok_or_else(|| Trouble::new(Kind::Io, format!("{}: no name is free", below.display())))
}
