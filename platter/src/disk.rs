//! The disk as a running process sees it: files and names, a log of what it was told, and calls that fail on demand.

use crate::log::{Event, FileId};
use crate::{Image, Octets};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// What may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Call {
    Create,
    Open,
    Read,
    Write,
    Resize,
    Sync,
    SyncFolder,
    Remove,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// With this error, nothing done.
    Error(ErrorKind),
    /// Half of a write is done.
    Short,
}

/// A disk. Cloning is cheap; all clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

/// An open file.
#[derive(Clone, Debug)]
pub struct SimFile {
    disk: SimDisk,
    id: FileId,
}

#[derive(Debug, Default)]
struct State {
    names: BTreeMap<String, FileId>,
    files: Vec<Octets>,
    log: Vec<Event>,
    /// Calls so far, and the one that is to fail.
    calls: u64,
    armed: Option<(u64, Fault)>,
    hit: Option<Call>,
    /// Syncs are answered but do nothing: a disk that lies.
    lies: Option<Call>,
}

impl SimDisk {
    /// A disk that holds this.
    #[must_use]
    pub fn of(image: Image) -> SimDisk {
        let mut state = State::default();
        for (id, (name, octets)) in (0..).map(FileId).zip(image) {
            state.names.insert(name, id);
            state.files.push(octets);
        }
        SimDisk { state: Arc::new(Mutex::new(state)) }
    }

    /// What it was told so far; it begins to write down anew.
    #[must_use]
    pub fn take_log(&self) -> Vec<Event> {
        std::mem::take(&mut self.state.lock().log)
    }

    /// Notes in the log that the process told somebody something.
    pub fn told(&self, number: usize) {
        self.state.lock().log.push(Event::Told(number));
    }

    /// This kind of sync (`Sync` or `SyncFolder`) is answered and forgotten from now on.
    pub fn lie(&self, call: Call) {
        self.state.lock().lies = Some(call);
    }

    /// The call after `spared` more fails, once.
    pub fn fail_once(&self, spared: u64, fault: Fault) {
        let mut state = self.state.lock();
        state.armed = Some((state.calls + spared, fault));
        state.hit = None;
    }

    /// Calls so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state.lock().calls
    }

    /// The call that failed, once it has.
    #[must_use]
    pub fn hit(&self) -> Option<Call> {
        self.state.lock().hit
    }

    /// A new file; fails when the name is taken.
    ///
    /// # Errors
    /// The name is taken, or a fault.
    pub fn create(&self, name: &str) -> io::Result<SimFile> {
        let mut state = self.state.lock();
        state.call(Call::Create)?;
        if state.names.contains_key(name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let id = FileId(u32::try_from(state.files.len()).map_err(io::Error::other)?);
        state.files.push(Octets::default());
        state.names.insert(name.to_owned(), id);
        state.log.push(Event::Link(name.to_owned(), id));
        Ok(SimFile { disk: self.clone(), id })
    }

    /// A file that is there.
    ///
    /// # Errors
    /// It is not, or a fault.
    pub fn open(&self, name: &str) -> io::Result<SimFile> {
        let mut state = self.state.lock();
        state.call(Call::Open)?;
        let id = *state.names.get(name).ok_or(ErrorKind::NotFound)?;
        Ok(SimFile { disk: self.clone(), id })
    }

    /// Takes a name away.
    ///
    /// # Errors
    /// It is not there, or a fault.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call(Call::Remove)?;
        state.names.remove(name).ok_or(ErrorKind::NotFound)?;
        state.log.push(Event::Unlink(name.to_owned()));
        Ok(())
    }

    /// Makes the names in a folder safe.
    ///
    /// # Errors
    /// A fault.
    pub fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call(Call::SyncFolder)?;
        if state.lies != Some(Call::SyncFolder) {
            state.log.push(Event::SyncFolder(folder.to_owned()));
        }
        Ok(())
    }

    /// Whether a name is there.
    #[must_use]
    pub fn exists(&self, name: &str) -> bool {
        self.state.lock().names.contains_key(name)
    }

    /// The names in a folder, in order.
    #[must_use]
    pub fn names_in(&self, folder: &str) -> Vec<String> {
        let here = |name: &&String| name.rsplit_once('/').is_some_and(|(above, _)| above == folder);
        self.state.lock().names.keys().filter(here).cloned().collect()
    }
}

impl State {
    /// Counts a call; `true`: it is to stop half-way.
    fn call(&mut self, call: Call) -> io::Result<bool> {
        let number = self.calls;
        self.calls += 1;
        let Some((_, fault)) = self.armed.take_if(|(at, _)| *at == number) else { return Ok(false) };
        let short = fault == Fault::Short && call == Call::Write;
        match fault {
            Fault::Short if !short => Ok(false),
            Fault::Short => {
                self.hit = Some(call);
                Ok(true)
            }
            Fault::Error(kind) => {
                self.hit = Some(call);
                Err(kind.into())
            }
        }
    }

    fn file(&mut self, id: FileId) -> &mut Octets {
        &mut self.files[id.0 as usize]
    }
}

impl SimFile {
    /// Writes; how many octets were taken.
    ///
    /// # Errors
    /// A fault.
    pub fn write(&self, offset: usize, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state.lock();
        let short = state.call(Call::Write)?;
        let taken = &bytes[..if short { bytes.len() / 2 } else { bytes.len() }];
        state.file(self.id).write(offset, taken);
        state.log.push(Event::Write(self.id, offset, taken.to_vec()));
        Ok(taken.len())
    }

    /// Reads; how many octets there were.
    ///
    /// # Errors
    /// A fault.
    pub fn read(&self, offset: usize, into: &mut [u8]) -> io::Result<usize> {
        let mut state = self.disk.state.lock();
        state.call(Call::Read)?;
        Ok(state.file(self.id).read(offset, into))
    }

    /// Makes it longer or shorter.
    ///
    /// # Errors
    /// A fault.
    pub fn resize(&self, len: usize) -> io::Result<()> {
        let mut state = self.disk.state.lock();
        state.call(Call::Resize)?;
        state.file(self.id).resize(len);
        state.log.push(Event::Resize(self.id, len));
        Ok(())
    }

    /// Makes its content safe.
    ///
    /// # Errors
    /// A fault.
    pub fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state.lock();
        if let Err(error) = state.call(Call::Sync) {
            state.log.push(Event::SyncFailed(self.id));
            return Err(error);
        }
        if state.lies != Some(Call::Sync) {
            state.log.push(Event::Sync(self.id));
        }
        Ok(())
    }

    /// How long it is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.disk.state.lock().file(self.id).len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
