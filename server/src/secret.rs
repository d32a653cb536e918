//! The secret of the house: made once, kept in the data folder, for its owner only. What is signed with it (`office::srs`)
//! stays good across restarts. It is in no backup: a house that is restored makes another.
#![allow(clippy::disallowed_methods, reason = "the secret is a file of the server's own")]

use office::{Random, Secret};
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Reads the secret, or makes it.
///
/// # Errors
/// Those of the system, and `InvalidData` for a file of another length.
pub(crate) fn kept(path: &Path, random: &Random) -> io::Result<Secret> {
    match read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(path, random),
        other => other,
    }
}

fn read(path: &Path) -> io::Result<Secret> {
    let mut octets = Vec::new();
    let room = size_of::<Secret>() as u64 + 1;
    OpenOptions::new().read(true).open(path)?.take(room).read_to_end(&mut octets)?;
    let wrong =
        |_| io::Error::new(ErrorKind::InvalidData, "it is no secret of ours: move it away, and another is made");
    octets.try_into().map_err(wrong)
}

/// Written whole before it has its name, so that a crash leaves all of it or nothing. The store's lock keeps other
/// processes away.
fn make(path: &Path, random: &Random) -> io::Result<Secret> {
    let mut secret = Secret::default();
    random(&mut secret);
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    #[test]
    fn it_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let by = |octet: u8| -> Random { Arc::new(move |buffer: &mut [u8]| buffer.fill(octet)) };
        assert_eq!(kept(&path, &by(1)).unwrap(), [1; 32]);
        assert_eq!(kept(&path, &by(2)).unwrap(), [1; 32], "kept");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, [0; 33]).unwrap();
        assert_eq!(kept(&path, &by(3)).unwrap_err().kind(), ErrorKind::InvalidData);
        std::fs::write(&path, [0; 31]).unwrap();
        assert_eq!(kept(&path, &by(3)).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
