//! A disk that fails when it is told to: for tests of what the store makes of it. Wraps another disk; does nothing of
//! its own until a fault is armed.

use crate::disk::{Disk, DiskFile};
use parking_lot::Mutex;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Call {
    Create,
    Open,
    Write,
    Read,
    Sync,
    SyncDir,
    Remove,
}

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// With this error, nothing done.
    Error(io::ErrorKind),
    /// A write or read that stops after this many octets, without an error.
    Short(usize),
}

/// The disk that fails.
#[derive(Clone, Debug)]
pub struct FaultDisk {
    inner: Arc<dyn Disk>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    /// What fails, how, after how many more calls of that kind, and whether for good.
    armed: Option<(Call, Fault, u64, bool)>,
    hits: u64,
}

#[derive(Debug)]
struct FaultFile {
    inner: Arc<dyn DiskFile>,
    plan: Arc<Mutex<Plan>>,
}

impl FaultDisk {
    /// A disk that works, until told otherwise.
    #[must_use]
    pub fn new(inner: Arc<dyn Disk>) -> FaultDisk {
        FaultDisk { inner, plan: Arc::default() }
    }

    /// The call after `spared` others of its kind fails, once.
    pub fn fail_once(&self, call: Call, fault: Fault, spared: u64) {
        self.plan.lock().armed = Some((call, fault, spared, false));
    }

    /// Every call of a kind fails from now on.
    pub fn fail_always(&self, call: Call, fault: Fault) {
        self.plan.lock().armed = Some((call, fault, 0, true));
    }

    /// The disk works again.
    pub fn heal(&self) {
        self.plan.lock().armed = None;
    }

    /// How many calls failed so far: a test that hit nothing proves nothing.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.plan.lock().hits
    }
}

/// The octets a call may touch, or its error.
fn allowed(plan: &Mutex<Plan>, call: Call, octets: usize) -> io::Result<usize> {
    let mut plan = plan.lock();
    let Some((armed, fault, spared, always)) = plan.armed.filter(|(armed, ..)| *armed == call) else {
        return Ok(octets);
    };
    if spared > 0 {
        plan.armed = Some((armed, fault, spared - 1, always));
        return Ok(octets);
    }
    plan.hits += 1;
    if !always {
        plan.armed = None;
    }
    match fault {
        Fault::Error(kind) => Err(kind.into()),
        Fault::Short(most) => Ok(octets.min(most)),
    }
}

impl FaultDisk {
    fn wrap(&self, inner: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(FaultFile { inner, plan: self.plan.clone() })
    }
}

impl Disk for FaultDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        allowed(&self.plan, Call::Create, 0)?;
        Ok(self.wrap(self.inner.create(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        allowed(&self.plan, Call::Open, 0)?;
        Ok(self.wrap(self.inner.open(path)?))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        allowed(&self.plan, Call::SyncDir, 0)?;
        self.inner.sync_dir(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        allowed(&self.plan, Call::Remove, 0)?;
        self.inner.remove(path)
    }
}

impl DiskFile for FaultFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let most = allowed(&self.plan, Call::Write, bytes.len())?;
        self.inner.write_at(bytes.get(..most).unwrap_or_default(), offset)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let most = allowed(&self.plan, Call::Read, into.len())?;
        self.inner.read_at(into.get_mut(..most).unwrap_or_default(), offset)
    }

    fn sync(&self) -> io::Result<()> {
        allowed(&self.plan, Call::Sync, 0)?;
        self.inner.sync()
    }

    fn octets(&self) -> io::Result<u64> {
        self.inner.octets()
    }
}
