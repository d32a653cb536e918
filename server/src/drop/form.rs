//! The form of a file in the drop folder, and putting one there: a line that names the form, a line of JSON with the
//! envelope, then the message in lines that end with CRLF. A file is written under a name that nobody takes, synced, and
//! only then given its own: what is there is whole.
#![allow(clippy::disallowed_methods, reason = "the drop folder is a folder of files")]

use nix::unistd::syncfs;
use office::Random;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use store::types::{QUEUE_ID_LENGTH, QueueId};
use wire::Time;

/// The first line of a file of this form.
pub(super) const FIRST_LINE: &str = "pillarbox drop 1";

/// Octets the line of JSON may have: some ten thousand recipients.
pub const ENVELOPE_MAX: usize = 1024 * 1024;

/// Random octets in a name: nobody guesses it, so that a file which the server can read is read by nobody else although
/// others may enter the folder.
const NAME_RANDOM: usize = 16;

/// What leads a name that is not to be taken yet.
pub(super) const UNFINISHED: char = '.';

/// The envelope of a dropped message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The reverse path that is asked for: empty for `<>`; `None`: that of who drops it.
    #[serde(default)]
    pub sender: Option<String>,
    /// To whom: addresses, or names of this house.
    pub recipients: Vec<String>,
    /// NOTIFY as in RFC 3461 §4.1: `NEVER`, or `SUCCESS,FAILURE,DELAY`.
    #[serde(default)]
    pub notify: Option<String>,
    /// RET: `FULL`, `HDRS`.
    #[serde(default)]
    pub ret: Option<String>,
    /// ENVID.
    #[serde(default)]
    pub envid: Option<String>,
    /// The message has octets above 127.
    #[serde(default)]
    pub eight_bit: bool,
    /// Its header or its envelope has.
    #[serde(default)]
    pub smtputf8: bool,
}

/// Where messages are dropped.
#[must_use]
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("drop")
}

/// The queue id a name begins with, where it is a name of this form.
pub(super) fn queue_id(name: &str) -> Option<QueueId> {
    let (id, rest) = name.split_at_checked(QUEUE_ID_LENGTH)?;
    let random = rest.strip_prefix('-')?;
    let sound = random.len() == 2 * NAME_RANDOM && random.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    id.parse().ok().filter(|_| sound)
}

/// Drops a message; its name in the folder, by which the server can be told at once.
///
/// # Errors
/// Those of the system: `NotFound` where no server has made the folder yet. Nothing is left behind then.
pub fn put(folder: &Path, envelope: &Envelope, message: &[u8], (now, random): (Time, &Random)) -> io::Result<String> {
    let mut octets = [0; NAME_RANDOM + 2];
    random(&mut octets);
    let [high, low, name @ ..] = octets;
    let name: String = name.iter().map(|octet| format!("{octet:02x}")).collect();
    let name = format!("{}-{name}", QueueId::new(now, u16::from_be_bytes([high, low])));
    let unfinished = folder.join(format!("{UNFINISHED}{name}"));
    let written = write(&unfinished, envelope, message).and_then(|file| {
        let kept = folder.join(&name);
        std::fs::rename(&unfinished, &kept)?;
        sync_name(folder, &file)
    });
    match written {
        Ok(()) => Ok(name),
        Err(error) => {
            let _ = std::fs::remove_file(&unfinished);
            Err(error)
        }
    }
}

fn write(path: &Path, envelope: &Envelope, message: &[u8]) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{FIRST_LINE}")?;
    serde_json::to_writer(&mut file, envelope)?;
    file.write_all(b"\n")?;
    file.write_all(message)?;
    // The server may be another user; whoever else enters the folder does not see the name.
    let folder = path.parent().map(std::fs::metadata).transpose()?;
    if folder.is_none_or(|folder| folder.uid() != nix::unistd::geteuid().as_raw()) {
        file.set_permissions(Permissions::from_mode(0o644))?;
    }
    file.sync_all()?;
    Ok(file)
}

/// The new name has to be on disk too. Who may not read the folder cannot sync it alone.
fn sync_name(folder: &Path, file: &File) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(syncfs(file)?),
    }
}
