//! Maildirs and mboxes of this machine as accounts: the files are the truth, and other programs (mutt, procmail, a delivery
//! agent) change them at the same time. Owns how they are asked and told ([`Keyed`]); what a file looks like is
//! [`crate::mailfile`]'s, which folders there are [`boxes`]', what was seen of them [`seen`]'s.
//!
//! Nobody tells what changed in files. So what was seen is kept beside the mirror, and compared with what is there now; where
//! it is lost, everything is looked at again.

mod boxes;
mod seen;
#[cfg(test)]
mod tests;

use super::keyed::{Append, Found, Keyed, News, Page};
use crate::account::Incoming;
use crate::mailfile::{Fault, Head};
use crate::mirror::{CONTENT_MAX, Flags, FolderFound, Role, Upload};
use crate::trouble::{Kind, Trouble};
use boxes::{Boxes, Place};
use message::{Time, header};
use net::clock::Clock;
use seen::{Mark, Seen, Wardrobe};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// While another program holds a lock, or changes what is looked at: so often it is tried again, after so long each time. A
/// program that writes an mbox of a gigabyte takes some seconds.
const TRIES: usize = 40;
const TRY_EVERY: Duration = Duration::from_millis(250);
/// Nobody tells of new mail in files; they are looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// Messages that are put into folders before the names of all of them are synced: a second's work, or two.
const RUN: usize = 100;

/// Where the files of an account are, and what goes with them.
#[derive(Clone, Debug)]
pub struct Way {
    /// Of kind Maildir or mbox.
    pub incoming: Incoming,
    /// The mirror; what was seen, and notes on what is being written, lie beside it.
    pub mirror: PathBuf,
    /// Where an account that is one mbox has its other folders.
    pub beside: PathBuf,
    /// Folders that the settings say to be for something.
    pub roles: Vec<(Role, String)>,
}

/// Whether there is mail of this kind: what an account is set up with.
///
/// # Errors
/// It is not there, or is something else.
pub fn check(incoming: &Incoming) -> Result<(), Trouble> {
    let boxes = Boxes::open(incoming, Path::new(""), PathBuf::new())?;
    Ok(boxes.places().map(drop)?)
}

/// An account in files.
pub struct Files {
    boxes: Boxes,
    wardrobe: Wardrobe,
    roles: Vec<(Role, String)>,
    clock: Clock,
}

impl Files {
    /// Opens the files of an account.
    ///
    /// # Errors
    /// There are none, they are none of mail, or they cannot be read.
    pub async fn open(way: Way, clock: Clock) -> Result<Files, Trouble> {
        let note = way.mirror.with_extension("writing");
        let boxes = Boxes::open(&way.incoming, &way.beside, note)?;
        let wardrobe = Wardrobe::open(way.mirror.with_extension("seen"));
        let mut files = Files { boxes, wardrobe, roles: way.roles, clock };
        files.patiently(|files| files.boxes.mend()).await?;
        files.boxes.sweep(files.clock.now())?;
        Ok(files)
    }

    /// Does something on files, again and again while another program is at work on them.
    async fn patiently<T>(&mut self, mut what: impl FnMut(&mut Files) -> Result<T, Fault>) -> Result<T, Trouble> {
        let mut tries = 0;
        loop {
            match what(self) {
                Err(fault) if fault.is_passing() && tries < TRIES => tries += 1,
                done => return Ok(done?),
            }
            self.clock.sleep_until(self.clock.now().after(TRY_EVERY)).await;
        }
    }

    /// Looks at what is there now.
    async fn look_around(&mut self) -> Result<(), Trouble> {
        self.patiently(Files::scan).await
    }

    fn scan(&mut self) -> Result<(), Fault> {
        let now = self.clock.now();
        self.wardrobe.take(&self.boxes, now)
    }

    /// Where a message is, after one look around where it is not known.
    fn find(&mut self, id: &str) -> Result<Option<(Place, Mark)>, Fault> {
        if self.wardrobe.is_ahead() || self.wardrobe.now().find(id).is_none() {
            self.scan()?;
        }
        let found = self.wardrobe.now().find(id).map(|(folder, mark)| (folder.to_owned(), mark.clone()));
        let Some((folder, mark)) = found else { return Ok(None) };
        Ok(self.known_place(&folder)?.map(|place| (place, mark)))
    }

    /// One that is there, read; where another program has changed its file since, it is looked for once more.
    fn read<T>(
        &mut self,
        id: &str,
        read: impl Fn(&Boxes, &Place, (&Seen, &Mark)) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        for _ in 0..2 {
            let Some((place, mark)) = self.find(id)? else { return Ok(None) };
            match read(&self.boxes, &place, (self.wardrobe.now(), &mark)) {
                Err(fault) if fault.is_missing() || matches!(fault, Fault::Changed(_)) => self.scan()?,
                read => return read.map(Some),
            }
        }
        Ok(None)
    }

    fn found(&mut self, id: &str, headers: bool) -> Result<Option<Found>, Fault> {
        let header = if headers {
            match self.read(id, |boxes, place, (seen, mark)| boxes.content(place, seen, mark))? {
                Some(Some(content)) => Some(header_of(content)),
                // Too long to be read: what there is of it is told.
                Some(None) => Some(b"Subject: (a message that is too long)\r\n\r\n".to_vec()),
                None => return Ok(None),
            }
        } else {
            None
        };
        let Some((folder, mark)) = self.wardrobe.now().find(id) else { return Ok(None) };
        Ok(Some(Found {
            id: id.to_owned(),
            folders: vec![folder.to_owned()],
            flags: mark.flags.clone(),
            received: mark.received,
            size: mark.size,
            header,
            attachments: None,
        }))
    }

    /// Those of a folder, and those that are not in it.
    fn those_in(&mut self, ids: &[String], folder: &str) -> (Vec<Mark>, Vec<String>) {
        let (mut marks, mut gone) = (Vec::new(), Vec::new());
        for id in ids {
            match self.wardrobe.now().find(id) {
                Some((at, mark)) if at == folder => marks.push(mark.clone()),
                _ => gone.push(id.clone()),
            }
        }
        (marks, gone)
    }

    fn place(&self, folder: &str) -> Result<Place, Fault> {
        let missing = || Fault::missing(Path::new(folder), "there is no such folder");
        self.known_place(folder)?.ok_or_else(missing)
    }

    /// A folder as it was seen last; looked for where it was not.
    fn known_place(&self, folder: &str) -> Result<Option<Place>, Fault> {
        match self.wardrobe.place(folder) {
            Some(place) => Ok(Some(place)),
            None => self.boxes.place(folder),
        }
    }

    /// Sets the flags of messages, folder by folder.
    fn set_flags(&mut self, ids: &[String], add: &Flags, remove: &Flags) -> Result<Vec<String>, Fault> {
        self.scan()?;
        let mut of_folders: BTreeMap<String, Vec<(Mark, Flags)>> = BTreeMap::new();
        let mut gone = Vec::new();
        for id in ids {
            let Some((folder, mark)) = self.wardrobe.now().find(id) else {
                gone.push(id.clone());
                continue;
            };
            let mut flags = mark.flags.clone();
            flags.remove(remove);
            flags.add(add);
            if flags != mark.flags {
                of_folders.entry(folder.to_owned()).or_default().push((mark.clone(), flags));
            }
        }
        for (folder, marks) in of_folders {
            let place = self.place(&folder)?;
            self.boxes.set_flags(&place, self.wardrobe.now(), &marks)?;
        }
        Ok(gone)
    }

    fn carry(&mut self, ids: &[String], (from, to): (Option<&str>, &str)) -> Result<Vec<String>, Fault> {
        self.scan()?;
        let target = self.place(to)?;
        let mut by_folder: BTreeMap<String, Vec<Mark>> = BTreeMap::new();
        let mut gone = Vec::new();
        for id in ids {
            match self.wardrobe.now().find(id) {
                Some((at, mark)) if from.is_none_or(|from| from == at) => {
                    by_folder.entry(at.to_owned()).or_default().push(mark.clone());
                }
                // Moved before something came in between.
                Some((at, _)) if at == to => {}
                _ => gone.push(id.clone()),
            }
        }
        for (folder, marks) in by_folder.into_iter().filter(|(folder, _)| folder != to) {
            let source = self.place(&folder)?;
            self.boxes.carry((&source, &target), (self.wardrobe.now(), &marks), from.is_none())?;
        }
        Ok(gone)
    }

    fn put(&mut self, folder: &str, (name, head, content): (&str, &Head, &[u8])) -> Result<String, Fault> {
        if self.wardrobe.place(folder).is_none() {
            self.scan()?;
        }
        let place = self.place(folder)?;
        let key = self.boxes.add(&place, name, (head, content), self.clock.now())?;
        let seen = self.wardrobe.now();
        // One of this name in a Maildir was written once more.
        if self.boxes.is_maildir()
            && seen.find(&key).is_some()
            && let Some(id) = seen.newest_of(folder, &key)
        {
            return Ok(id);
        }
        let (flags, received) = (head.flags.clone(), head.received.unwrap_or_default());
        let mark = Mark { key, flags, received, size: content.len() as u64, ..Mark::default() };
        Ok(self.wardrobe.put(folder, mark))
    }

    fn role(&self, name: &str) -> Role {
        let chosen = self.roles.iter().find(|(_, chosen)| chosen == name).map(|(role, _)| *role);
        let usual = crate::carriage::role_of(name);
        let is_taken = self.roles.iter().any(|(role, _)| *role == usual);
        chosen.unwrap_or(if is_taken { Role::None } else { usual })
    }

    /// All of a message of ours.
    fn content_of(it: &Append<'_>) -> Result<Vec<u8>, Trouble> {
        Ok(it.mirror.range(it.message, 0..CONTENT_MAX)?)
    }
}

fn header_of(mut content: Vec<u8>) -> Vec<u8> {
    content.truncate(header::section_end(&content, 0).unwrap_or(content.len()));
    content
}

/// The name of a message of ours where a file needs one: the same each time it is told, so that it is there once.
fn name_of(it: &Append<'_>, content: &[u8]) -> String {
    format!("{}.P{}H{}.pillarbox", it.received.unix_seconds(), it.message.0, &seen::hash(content)[..16])
}

impl Keyed for Files {
    const APPENDS_AT_ONCE: usize = RUN;
    const FINDS_BY_CONTENT: bool = true;

    async fn folders(&mut self) -> Result<Vec<FolderFound>, Trouble> {
        let places = self.patiently(|files| files.boxes.places()).await?;
        let mut taken = Vec::new();
        let mut found = Vec::new();
        for place in places {
            let role = self.role(&place.name);
            let role = if taken.contains(&role) { Role::None } else { role };
            if role != Role::None {
                taken.push(role);
            }
            found.push(FolderFound {
                remote: place.folder,
                name: place.name,
                role,
                selectable: true,
                subscribed: true,
            });
        }
        Ok(found)
    }

    async fn state(&mut self) -> Result<String, Trouble> {
        self.look_around().await?;
        Ok(self.wardrobe.now().name.clone())
    }

    async fn since(&mut self, state: &str) -> Result<Option<News>, Trouble> {
        self.look_around().await?;
        let Some((changed, gone)) = self.wardrobe.since(state) else { return Ok(None) };
        Ok(Some(News { changed, gone, state: self.wardrobe.now().name.clone(), more: false }))
    }

    async fn list(&mut self, _: Option<&str>) -> Result<Page, Trouble> {
        self.look_around().await?;
        Ok(Page { ids: self.wardrobe.now().newest_first(), next: None })
    }

    async fn look(&mut self, ids: &[String], headers: bool) -> Result<Vec<Found>, Trouble> {
        let mut all = Vec::new();
        for id in ids {
            all.extend(self.patiently(|files| files.found(id, headers)).await?);
        }
        Ok(all)
    }

    async fn content(&mut self, id: &str, into: &mut Upload<'_>) -> Result<bool, Trouble> {
        let read = |boxes: &Boxes, place: &Place, (seen, mark): (&Seen, &Mark)| boxes.content(place, seen, mark);
        match self.patiently(|files| files.read(id, read)).await? {
            Some(Some(content)) => {
                into.push(&content)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn flag(&mut self, ids: &[String], add: &Flags, remove: &Flags) -> Result<Vec<String>, Trouble> {
        self.patiently(|files| files.set_flags(ids, add, remove)).await
    }

    async fn relocate(&mut self, ids: &[String], from: &str, to: &str) -> Result<Vec<String>, Trouble> {
        self.patiently(|files| files.carry(ids, (Some(from), to))).await
    }

    async fn copy(&mut self, ids: &[String], to: &str) -> Result<Vec<String>, Trouble> {
        self.patiently(|files| files.carry(ids, (None, to))).await?;
        // A copy is another message, which comes with the next look: none of these is in that folder.
        Ok(ids.to_vec())
    }

    async fn destroy(&mut self, ids: &[String], from: &str) -> Result<Vec<String>, Trouble> {
        self.patiently(|files| {
            files.scan()?;
            let (marks, gone) = files.those_in(ids, from);
            let place = files.place(from)?;
            files.boxes.remove(&place, files.wardrobe.now(), &marks)?;
            Ok(gone)
        })
        .await
    }

    async fn find(&mut self, folder: &str, it: Append<'_>) -> Result<Option<String>, Trouble> {
        let content = Files::content_of(&it)?;
        let name = name_of(&it, &content);
        self.look_around().await?;
        let key = self.boxes.key_of(&name, &content);
        Ok(self.wardrobe.now().newest_of(folder, &key))
    }

    async fn append(&mut self, folder: &str, it: Append<'_>) -> Result<String, Trouble> {
        let content = Files::content_of(&it)?;
        let name = name_of(&it, &content);
        let head = Head { flags: it.flags.clone(), received: Some(it.received), ..Head::default() };
        self.patiently(|files| files.put(folder, (&name, &head, &content))).await
    }

    async fn create_folder(&mut self, path: &str, _: Role) -> Result<String, Trouble> {
        self.patiently(|files| files.boxes.make(path)).await
    }

    async fn rename_folder(&mut self, folder: &str, path: &str) -> Result<Option<String>, Trouble> {
        self.patiently(|files| {
            let place = files.place(folder)?;
            files.boxes.rename(&place, path)
        })
        .await
        .map(Some)
    }

    async fn delete_folder(&mut self, folder: &str) -> Result<(), Trouble> {
        self.patiently(|files| match files.boxes.place(folder)? {
            Some(place) => files.boxes.unmake(&place),
            None => Ok(()),
        })
        .await
    }

    async fn subscribe(&mut self, _: &str, on: bool) -> Result<(), Trouble> {
        if on {
            return Ok(());
        }
        Err(Trouble::new(Kind::Usage, "folders that are files are always shown"))
    }

    async fn wait(&mut self, state: &str, until: Time) -> Result<(), Trouble> {
        loop {
            self.look_around().await?;
            let now = self.clock.now();
            if self.wardrobe.now().name != state || now >= until {
                return Ok(());
            }
            self.clock.sleep_until(until.min(now.after(LOOK_EVERY))).await;
        }
    }

    async fn settle(&mut self) -> Result<(), Trouble> {
        Ok(self.boxes.settle()?)
    }

    async fn close(mut self) {
        // Where it cannot be looked at now, the next program looks at everything.
        if self.wardrobe.is_ahead() {
            let _ = self.scan();
        }
    }
}
