//! `pillarbox backup`, `verify`, `restore`: care of the whole store.
#![allow(clippy::disallowed_methods, reason = "restore looks into the folder it is to fill")]

use crate::Plan;
use crate::house;
use crate::screen::Screen;
use crate::trouble::{DATA, Trouble};
use crate::units::{count, octets};
use crate::view::{Look, View};
use clap::Args;
use nix::unistd::{Uid, User};
use office::admin::{FailureKind, Request, StatusView, VerifyView};
use serde_json::json;
use server::Config;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use store::StoreError;
use store::engine::Paths;

/// What may lie in the data folder that a backup is restored into: the server's own certificate is no part of the store.
const NOT_THE_STORE: &str = "tls";

/// `pillarbox backup`
#[derive(Args, Debug)]
pub struct Backup {
    /// A folder that is empty or not there yet; written by the user the server runs as
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

/// `pillarbox restore`
#[derive(Args, Debug)]
pub struct Restore {
    /// The folder of a backup; it stays as it is
    from: PathBuf,
}

impl Backup {
    /// What is asked of the post office.
    pub fn plan(self) -> Result<Plan, Trouble> {
        // The server may run in another folder.
        let to = std::path::absolute(&self.to).map_err(|error| Trouble::of_path("write", &self.to, &error))?;
        let said = format!("to {}", to.display());
        Ok(Plan::change(Request::Backup { to }, said))
    }
}

/// What was copied.
#[must_use]
pub fn backed_up(files: u64, size: u64, said: &str) -> View {
    let human = format!("{} of {} {said}\n", count(files, "file"), octets(size));
    View {
        human,
        plain: format!("{files}\t{size}\n"),
        json: json!({ "files": files, "octets": size }),
        notes: Vec::new(),
    }
}

/// What was looked at, and the code to end with.
#[must_use]
pub fn verified(found: &VerifyView) -> (View, u8) {
    let mut text: String = found.damage.iter().map(|line| format!("{}\n", crate::units::harmless(line))).collect();
    let looked = format!(
        "{}, {} of content, {}: ",
        count(found.messages, "message"),
        octets(found.octets),
        count(found.blobs, "piece")
    );
    let verdict = match found.damage.len() {
        0 => "all as it was written".to_owned(),
        wrong => format!("{} of damage", count(wrong as u64, "place")),
    };
    text.push_str(&format!("{looked}{verdict}\n"));
    let notes = match found.damage.len() {
        0 => Vec::new(),
        _ => vec![
            "what is not named above can still be read; a backup may hold the rest: `pillarbox restore`".to_owned(),
        ],
    };
    let code = if found.damage.is_empty() { 0 } else { DATA };
    (View::text(text, json!(found)).with_notes(notes), code)
}

/// The figures of a store.
#[must_use]
pub fn status(status: &StatusView, look: Look) -> View {
    let figures = &status.figures;
    let facts = [
        ("hostname", status.hostname.clone()),
        ("domains", figures.domains.to_string()),
        ("accounts", figures.accounts.to_string()),
        ("aliases", figures.aliases.to_string()),
        ("messages", format!("{}, {}", figures.messages, octets(figures.octets))),
        ("waiting to leave", figures.outbox.to_string()),
        ("segments", format!("{}, {}", figures.segments, octets(figures.segment_octets))),
    ];
    View::facts(&facts, json!(status), look).with_notes(status.notes.clone())
}

/// `pillarbox restore`
pub fn restore(command: &Restore, file: Option<&Path>, screen: &mut Screen) -> Result<(), Trouble> {
    let config = house::config(file)?;
    let to = &config.data_dir;
    if house::is_running(&config) {
        let message = format!("a server runs on {}: stop it before restoring into it", to.display());
        return Err(Trouble::new(FailureKind::Temporary, message));
    }
    must_be_a_backup(&command.from)?;
    must_be_empty(to)?;
    let report = store::restore(&command.from, to).map_err(|error| {
        if leaves_remains(&error) {
            clear(to);
        }
        refused(&error, to)
    })?;
    give_to_user(&config)?;
    let damage: Vec<String> = report.verified.damage.iter().map(ToString::to_string).collect();
    let found = VerifyView {
        messages: report.verified.messages,
        blobs: report.verified.blobs,
        octets: report.verified.octets,
        damage,
    };
    let (verified, code) = verified(&found);
    let copied = format!("{} of {} into {}\n", count(report.files, "file"), octets(report.octets), to.display());
    let json = json!({ "files": report.files, "octets": report.octets, "verified": found });
    let text = format!("{copied}{}", verified.human);
    screen.show(&View::text(text, json).with_notes(verified.notes))?;
    if code == 0 { Ok(()) } else { Err(Trouble::Told(code)) }
}

fn must_be_a_backup(folder: &Path) -> Result<(), Trouble> {
    if Paths::of(folder).database.is_file() {
        return Ok(());
    }
    let message = format!("{} is no backup: give the folder that `pillarbox backup` wrote", folder.display());
    Err(Trouble::new(FailureKind::Data, message))
}

/// Whether a restore that failed so has begun to write. When somebody else works in the folder it has not, and what
/// lies there is theirs.
fn leaves_remains(error: &StoreError) -> bool {
    !matches!(error, StoreError::NotEmpty { .. } | StoreError::Locked { .. } | StoreError::Busy)
}

/// Takes away what a restore began, so that the next one finds the folder empty again, as this one did.
fn clear(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_name() != NOT_THE_STORE) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // What stays is named by the next try.
        let _ = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}

/// Never over what is there.
fn must_be_empty(folder: &Path) -> Result<(), Trouble> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Trouble::of_path("read", folder, &error)),
    };
    let mut names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
    match names.find(|name| name != NOT_THE_STORE) {
        Some(name) => {
            let message = format!(
                "{} is not empty (it holds {}): move what is there away, or set another data_dir",
                folder.display(),
                name.display()
            );
            Err(Trouble::new(FailureKind::CannotCreate, message))
        }
        None => Ok(()),
    }
}

fn refused(error: &StoreError, to: &Path) -> Trouble {
    let kind = match error {
        StoreError::Locked { .. } | StoreError::Busy => FailureKind::Temporary,
        StoreError::NotEmpty { .. } => FailureKind::CannotCreate,
        StoreError::Damaged { .. } | StoreError::Newer { .. } => FailureKind::Data,
        _ => FailureKind::Io,
    };
    Trouble::new(kind, format!("not restored into {}: {error}", to.display()))
}

/// What root restored belongs to the user the server runs as.
fn give_to_user(config: &Config) -> Result<(), Trouble> {
    let (Some(name), true) = (&config.user, Uid::effective().is_root()) else { return Ok(()) };
    let user = User::from_name(name).ok().flatten();
    let user =
        user.ok_or_else(|| Trouble::new(FailureKind::Config, format!("there is no user \"{name}\" (`user`)")))?;
    give(&config.data_dir, &user)
        .map_err(|error| Trouble::of_path("give to the server's user", &config.data_dir, &error))
}

fn give(path: &Path, user: &User) -> io::Result<()> {
    std::os::unix::fs::lchown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    if fs::symlink_metadata(path)?.is_dir() {
        fs::read_dir(path)?.try_for_each(|entry| give(&entry?.path(), user))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Time;
    use store::query::FigureRow;

    #[test]
    fn a_store_without_damage_ends_well() {
        let found = VerifyView { messages: 2, blobs: 1, octets: 1410, damage: Vec::new() };
        let (view, code) = verified(&found);
        assert_eq!(
            (view.human.as_str(), code),
            ("2 messages, 1.3 KiB of content, 1 piece: all as it was written\n", 0)
        );
        assert_eq!(view.json.to_string(), r#"{"blobs":1,"damage":[],"messages":2,"octets":1410}"#);
    }

    #[test]
    fn damage_is_named_and_ends_with_a_code() {
        let damage = vec!["message 7 in INBOX of bob@crepes.fr: \u{1b}".to_owned()];
        let (view, code) = verified(&VerifyView { messages: 2, blobs: 2, octets: 10, damage });
        let human =
            "message 7 in INBOX of bob@crepes.fr: \\u{1b}\n2 messages, 10 B of content, 2 pieces: 1 place of damage\n";
        assert_eq!((view.human.as_str(), code), (human, 65));
    }

    #[test]
    fn a_backup_is_told_in_every_form() {
        let view = backed_up(3, 4096, "to /srv/copy");
        assert_eq!((view.human.as_str(), view.plain.as_str()), ("3 files of 4.0 KiB to /srv/copy\n", "3\t4096\n"));
        assert_eq!(view.json.to_string(), r#"{"files":3,"octets":4096}"#);
    }

    #[test]
    fn a_backup_folder_is_named_from_the_root() {
        let plan = Backup { to: PathBuf::from("copy") }.plan().unwrap();
        let Request::Backup { to } = plan.request else { panic!("another request") };
        assert!(to.is_absolute() && to.ends_with("copy"));
    }

    #[test]
    fn figures_are_shown() {
        let figures = FigureRow { domains: 1, messages: 3, octets: 2048, ..FigureRow::default() };
        let view = super::status(
            &StatusView { hostname: "mx.crepes.fr".into(), figures, notes: vec!["held".into()] },
            Look { now: Time(0), colour: false },
        );
        assert!(view.human.contains("messages          3, 2.0 KiB\n"), "{}", view.human);
        assert_eq!((view.json["figures"]["octets"].clone(), view.notes), (json!(2048), vec!["held".to_owned()]));
    }

    #[test]
    fn what_a_restore_began_goes_and_what_is_of_others_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("shard-000/seg")).unwrap();
        fs::create_dir(folder.path().join(NOT_THE_STORE)).unwrap();
        fs::write(folder.path().join("LOCK"), "").unwrap();
        clear(folder.path());
        must_be_empty(folder.path()).unwrap();
        assert!(folder.path().join(NOT_THE_STORE).is_dir());
        assert!(leaves_remains(&StoreError::Full));
        assert!(!leaves_remains(&StoreError::Locked { holder: "process 7".into() }));
    }

    #[test]
    fn nothing_is_restored_over_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        must_be_empty(&folder.path().join("not-there")).unwrap();
        fs::create_dir(folder.path().join(NOT_THE_STORE)).unwrap();
        must_be_empty(folder.path()).unwrap();
        fs::write(folder.path().join("lock"), "").unwrap();
        let trouble = must_be_empty(folder.path()).unwrap_err();
        assert_eq!(trouble.exit_code(), 73);
        assert!(trouble.message().unwrap().contains("it holds lock"));
    }
}
