//! A disk in memory as the store's: its files, and SQLite's by the same names.

use platter::vfs::{self, Mount};
use platter::{SimDisk, SimFile};
use std::ffi::CStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::StoreError;
use store::disk::{Disk, DiskFile, Lock};

/// A disk in memory as the store's.
#[derive(Debug)]
pub struct Through {
    disk: SimDisk,
    mount: Mount,
}

#[derive(Debug)]
struct File(SimFile);

/// A disk to open a store on, and the folder where it lies.
pub fn mount(disk: &SimDisk) -> (PathBuf, Arc<dyn Disk>) {
    let mount = vfs::mount(disk);
    let folder = PathBuf::from(mount.folder()).join("data");
    (folder, Arc::new(Through { disk: disk.clone(), mount }))
}

impl Through {
    /// The name on the disk: without the number of the mount.
    fn name<'a>(&self, path: &'a Path) -> &'a str {
        path.to_str().unwrap().strip_prefix(&self.mount.folder()).unwrap()
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl Disk for Through {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(File(self.disk.create(self.name(path))?)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(File(self.disk.open(self.name(path))?)))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_folder(self.name(path))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(self.name(path))
    }

    /// A disk of files alone.
    fn make_folder(&self, _path: &Path) -> Result<(), StoreError> {
        Ok(())
    }

    fn make_private(&self, path: &Path) -> Result<(), StoreError> {
        if self.disk.exists(self.name(path)) {
            return Ok(());
        }
        self.disk.create(self.name(path)).map(drop).map_err(|error| StoreError::io("make", &error))
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, StoreError> {
        let names = self.disk.names_in(self.name(path));
        Ok(names.into_iter().map(|name| PathBuf::from(self.mount.folder() + &name)).collect())
    }

    fn lock(&self, _path: &Path) -> Result<Option<Lock>, StoreError> {
        Ok(None)
    }

    fn vfs(&self) -> Option<&'static CStr> {
        Some(vfs::NAME)
    }
}

impl DiskFile for File {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write(place(offset), bytes)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read(place(offset), into)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn octets(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }
}
