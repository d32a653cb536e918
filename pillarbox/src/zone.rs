//! Where clocks stand for who runs this: `TZ`, else the zone of this machine. Owns finding it; what it says is
//! `message::zone`'s. Exact times, for programs, are in UTC whatever it is.
#![allow(clippy::disallowed_methods, reason = "the zone stands in the environment and in files of the system")]

use message::zone::{FILE_MAX, Zone};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The zone of this machine.
const HERE: &str = "/etc/localtime";
/// Where zones are, unless `TZDIR` says.
const ZONES: &str = "/usr/share/zoneinfo";

/// Where clocks stand, once it was said.
static ZONE: OnceLock<Zone> = OnceLock::new();

/// Finds out where clocks stand, before anybody asks.
pub fn find() {
    let variable = |name: &str| std::env::var(name).ok();
    let zone = of(variable("TZ").as_deref(), variable("TZDIR").as_deref(), Path::new(HERE));
    let _ = ZONE.set(zone);
}

/// Where clocks stand; UTC where nobody found out.
pub fn here() -> &'static Zone {
    ZONE.get_or_init(Zone::utc)
}

/// What `TZ` says: nothing for that of the machine, the name of a file, or words. What means nothing is UTC, as everywhere.
fn of(said: Option<&str>, zones: Option<&str>, here: &Path) -> Zone {
    let Some(said) = said else { return file(here).unwrap_or_default() };
    let name = said.strip_prefix(':').unwrap_or(said);
    if name.is_empty() {
        return Zone::utc();
    }
    let path = PathBuf::from(name);
    let inside = !path.components().any(|part| part == std::path::Component::ParentDir);
    // An absolute path takes the place of the folder.
    let found = inside.then(|| file(&Path::new(zones.unwrap_or(ZONES)).join(path))).flatten();
    found.or_else(|| Zone::of_words(name)).unwrap_or_default()
}

fn file(path: &Path) -> Option<Zone> {
    let file = std::fs::File::open(path).ok().filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?;
    let mut octets = Vec::new();
    file.take(FILE_MAX as u64).read_to_end(&mut octets).ok()?;
    Zone::of_file(&octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_counts_and_nonsense_is_utc() {
        let folder = tempfile::tempdir().unwrap();
        let zones = folder.path().to_str().unwrap();
        // Version 1, one kind of clock, an hour ahead.
        let mut octets = b"TZif\0".to_vec();
        octets.extend([0; 15]);
        [0_u32, 0, 0, 0, 1, 4].iter().for_each(|count| octets.extend(count.to_be_bytes()));
        octets.extend(3600_i32.to_be_bytes());
        octets.extend(b"\0\0CET\0");
        std::fs::create_dir(folder.path().join("Europe")).unwrap();
        std::fs::write(folder.path().join("Europe/Paris"), &octets).unwrap();
        let none = folder.path().join("none");
        let here = folder.path().join("Europe/Paris");
        let told = |said: Option<&str>, here: &Path| of(said, Some(zones), here).offset_minutes(message::Time(0));
        assert_eq!(told(None, &here), 60);
        assert_eq!(told(None, &none), 0);
        assert_eq!(told(Some("Europe/Paris"), &none), 60);
        assert_eq!(told(Some(":Europe/Paris"), &none), 60);
        assert_eq!(told(here.to_str(), &none), 60);
        assert_eq!(told(Some("AAA-2"), &here), 120);
        for utc in ["", "Europe", "Nowhere/At/All", "../etc/localtime"] {
            assert_eq!(told(Some(utc), &here), 0, "{utc}");
        }
    }
}
