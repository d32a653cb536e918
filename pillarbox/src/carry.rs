//! `pillarbox import` and `pillarbox export`: mail from files into an account and out of it. Owns what may be typed and what
//! is said; the carrying is `agent::carriage`'s.

use crate::bar::{Bar, until_stopped};
use crate::elsewhere;
use crate::mail::desk::{self, Desk};
use crate::screen::Screen;
use crate::table::{Table, figures, words};
use crate::trouble::Trouble;
use crate::units::count;
use crate::view::View;
use agent::account::Incoming;
use agent::carriage::{self, Bundle, Carried, Form, FromHost, FromMirror, Origin, Shelf, ToHost, ToMirror, Wanted};
use agent::mailfile::Source;
use agent::sync;
use agent::trouble::Kind;
use clap::{Args, ValueEnum};
use office::admin::FailureKind;
use serde_json::json;
use server::host::HostDoor;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;
use wire::host::{Carrier, Door};

/// What stands before the name of an account that mail comes from.
const ACCOUNT: &str = "account:";

/// `pillarbox import`
#[derive(Args, Debug)]
pub struct Import {
    /// An mbox, a Maildir, a message, or a folder of them, as Takeout makes one; a server; or account:NAME
    ///
    /// A server is imaps://USER@HOST, with /FOLDER behind it for one folder, pop3s://USER@HOST or jmap://USER@HOST; imap://
    /// and pop3:// begin TLS by a command. Nothing is changed there. `account:NAME` carries the mail of another of your
    /// accounts, as far as `pillarbox mail sync` brought it here.
    #[arg(value_name = "PATH|URL|account:NAME")]
    pub from: String,
    /// Into which account: its name or address; the default one if missing
    #[arg(short = 'A', long, value_name = "NAME")]
    pub account: Option<String>,
    /// Straight into an account of the post office on this host, whether its server runs or not
    #[arg(long, value_name = "ADDRESS", conflicts_with = "account")]
    pub server: Option<String>,
    /// Put all of it into this folder
    ///
    /// Otherwise folders are those of the files: of a Maildir its subfolders, of Takeout its labels, of a folder of files
    /// their names; and what has none goes into the inbox.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<String>,
    /// Only tell what would be imported
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub entry: elsewhere::Entry,
}

/// `pillarbox export`
#[derive(Args, Debug)]
pub struct Export {
    /// Of which account: its name or address; the default one if missing
    #[arg(short = 'A', long, value_name = "NAME")]
    pub account: Option<String>,
    /// Of an account of the post office on this host, whether its server runs or not
    #[arg(long, value_name = "ADDRESS", conflicts_with = "account")]
    pub server: Option<String>,
    /// Only this folder
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<String>,
    /// What is made: mbox (one file with --folder, else a folder of them), maildir, or eml (a file a message)
    #[arg(long, value_name = "KIND", default_value = "mbox")]
    pub to: Files,
    /// Where to; nothing may be there yet
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}

/// Kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Files {
    /// RFC 4155, lines `From ` quoted as in mboxrd.
    Mbox,
    /// With subfolders as in Maildir++.
    Maildir,
    /// Single messages; they tell no flags.
    Eml,
}

/// Imports.
pub fn import(import: &Import, config: Option<&Path>, screen: &mut Screen) -> Result<(), Trouble> {
    let (runtime, now) = (runtime()?, screen.look().now);
    let place = elsewhere::place(&import.from).transpose().map_err(|words| Trouble::new(FailureKind::Usage, words))?;
    let copy = match &place {
        Some(place) => Some(runtime.block_on(fetched(place, &import.entry, screen))?),
        None => None,
    };
    let wanted = Wanted { folder: import.folder.clone(), otherwise: otherwise(&import.from), dry_run: import.dry_run };
    let (carried, written) = match &import.server {
        Some(account) => {
            let memories = desk::folders()?.data.join("imported");
            let carrier = runtime.block_on(open(config, account))?;
            let mut shelf = ToHost::new(carrier, account, &memories, now)?;
            let carried = carry_from((&import.from, copy.as_ref()), None, (&mut shelf, &wanted), (&runtime, screen));
            runtime.block_on(shelf.close());
            (carried?, Ok(()))
        }
        None => {
            let desk = Desk::open(import.account.as_deref(), now)?;
            let mut shelf = ToMirror::new(desk.mirror.clone(), now);
            let carried =
                carry_from((&import.from, copy.as_ref()), Some(&desk), (&mut shelf, &wanted), (&runtime, screen))?;
            let written = match desk.account.incoming {
                _ if import.dry_run || carried.trouble.is_some() => Ok(()),
                // Where no server keeps folders and flags, what was put here is all there is to it.
                Incoming::Pop3 { .. } => desk.mirror.settle_here().map_err(Trouble::from),
                Incoming::Maildir(_) | Incoming::Mbox(_) => runtime.block_on(into_files(&desk, screen)),
                _ => Ok(()),
            };
            (carried, written)
        }
    };
    drop(copy);
    let is_done = carried.trouble.is_none() && written.is_ok();
    if let Some(place) = place.filter(|_| import.entry.forget && !import.dry_run && is_done) {
        place.forget()?;
    }
    tell(carried, import.dry_run, screen).and(written)
}

/// What was put into the mirror of an account in files is in its files before the command ends.
async fn into_files(desk: &Desk, screen: &Screen) -> Result<(), Trouble> {
    let Some(reach) = &desk.reach else { return Ok(()) };
    let bar = Bar::new(screen);
    let pushed = until_stopped(sync::push(reach, &desk.account, &desk.mirror, bar.watcher()), || bar.watcher().stop());
    let pushed = pushed.await;
    bar.clear();
    match pushed {
        Err(trouble) if trouble.kind == Kind::Cancelled => {
            let words = "stopped; the rest is written to the files by the next command on the account";
            Err(agent::trouble::Trouble::new(Kind::Cancelled, words).into())
        }
        pushed => Ok(pushed?),
    }
}

/// The copy of what is at a server.
async fn fetched(
    place: &elsewhere::Place,
    entry: &elsewhere::Entry,
    screen: &mut Screen,
) -> Result<elsewhere::Copy, Trouble> {
    let bar = Bar::new(screen);
    let copy = until_stopped(place.copy(entry, bar.watcher(), screen), || bar.watcher().stop()).await;
    bar.clear();
    match copy {
        Err(Trouble::Agent(trouble)) if trouble.kind == Kind::Cancelled => Err(elsewhere::stopped()),
        copy => copy,
    }
}

/// From a path, a server or another account.
fn carry_from(
    (from, copy): (&str, Option<&elsewhere::Copy>),
    into: Option<&Desk>,
    (shelf, wanted): (&mut impl Shelf, &Wanted),
    (runtime, screen): (&Runtime, &Screen),
) -> Result<Carried, Trouble> {
    if let Some(copy) = copy {
        let mut origin = FromMirror::new(copy.mirror.clone(), copy.folder)?;
        let mut carried = runtime.block_on(work(&mut origin, shelf, wanted, screen));
        note_headers(&mut carried, origin.headers_only);
        return Ok(carried);
    }
    let Some(name) = from.strip_prefix(ACCOUNT) else {
        let mut origin = source(from)?;
        return Ok(runtime.block_on(work(&mut origin, shelf, wanted, screen)));
    };
    let other = Desk::open(Some(name), screen.look().now)?;
    if into.is_some_and(|into| into.account.name == other.account.name) {
        return Err(Trouble::new(FailureKind::Usage, "an account cannot be imported into itself"));
    }
    let mut origin = FromMirror::new(other.mirror, None)?;
    let mut carried = runtime.block_on(work(&mut origin, shelf, wanted, screen));
    note_headers(&mut carried, origin.headers_only);
    Ok(carried)
}

/// The mail of an account of this host.
async fn open(config: Option<&Path>, account: &str) -> Result<Box<dyn Carrier>, Trouble> {
    let door = HostDoor::File(config.map(Path::to_owned));
    Ok(door.open(None, account).await.map_err(carriage::refused)?)
}

async fn work(origin: &mut impl Origin, shelf: &mut impl Shelf, wanted: &Wanted, screen: &Screen) -> Carried {
    let bar = Bar::new(screen);
    let carrying = carriage::carry(origin, shelf, wanted, bar.watcher());
    let carried = until_stopped(carrying, || bar.watcher().stop()).await;
    bar.clear();
    carried
}

fn note_headers(carried: &mut Carried, count: u64) {
    if count > 0 {
        carried.left_count += count;
        carried.left.push(format!("{count} of which only the header is here: `pillarbox mail sync` brings the rest"));
    }
}

fn source(path: &str) -> Result<Source, Trouble> {
    Ok(Source::open(Path::new(path))?)
}

/// Where goes what has no folder: `Work.mbox` into Work, else into the inbox.
fn otherwise(from: &str) -> String {
    let path = Path::new(from);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).filter(|_| path.is_file());
    stem.filter(|_| matches!(ending.as_str(), "mbox" | "mbx")).unwrap_or_else(|| "INBOX".to_owned())
}

/// Says what came of it. What was carried is told also where it ended before its time.
fn tell(carried: Carried, dry_run: bool, screen: &mut Screen) -> Result<(), Trouble> {
    let mut folders: Vec<(&String, &u64)> = carried.folders.iter().collect();
    folders.sort();
    let mut table = Table::new(&[words("FOLDER"), figures("MESSAGES")]);
    for (folder, count) in &folders {
        table.row([(*folder).into(), (**count).into()]);
    }
    let json = json!({
        "new": carried.new, "known": carried.known, "left": carried.left, "left_count": carried.left_count,
        "folders": carried.folders, "dry_run": dry_run,
    });
    let mut view = View::table(&table, json, screen.look());
    let done = if dry_run { "would be imported" } else { "imported" };
    view.notes.extend(carried.left.iter().cloned());
    let known = if carried.known > 0 { format!(", {} there before", carried.known) } else { String::new() };
    view.notes.push(format!("{} {done}{known}", count(carried.new, "message")));
    screen.show(&view)?;
    match carried.trouble {
        Some(trouble) if trouble.kind == Kind::Cancelled => {
            let words = "stopped; the same command goes on from here";
            Err(agent::trouble::Trouble::new(Kind::Cancelled, words).into())
        }
        Some(trouble) => Err(trouble.into()),
        None if carried.left_count > 0 => {
            let words = format!("{} left behind", count(carried.left_count, "message"));
            Err(Trouble::new(FailureKind::Data, words))
        }
        None => Ok(()),
    }
}

/// Exports.
pub fn export(export: &Export, config: Option<&Path>, screen: &mut Screen) -> Result<(), Trouble> {
    let runtime = runtime()?;
    if let Some(account) = &export.server {
        let written = runtime.block_on(async {
            let carrier = open(config, account).await?;
            let mut origin = FromHost::new(carrier, export.folder.as_deref()).await?;
            let written = write_out(&mut origin, export, screen).await;
            origin.close().await;
            written
        })?;
        return told(written, 0, export, screen);
    }
    let desk = Desk::open(export.account.as_deref(), screen.look().now)?;
    let folder = match &export.folder {
        None => None,
        Some(name) => {
            let missing = || Trouble::new(FailureKind::NoUser, format!("there is no folder {name}"));
            Some(desk.mirror.folder_named(name)?.ok_or_else(missing)?.id)
        }
    };
    let mut origin = FromMirror::new(desk.mirror.clone(), folder)?;
    let written = runtime.block_on(write_out(&mut origin, export, screen))?;
    told(written, origin.headers_only, export, screen)
}

async fn write_out(origin: &mut impl Origin, export: &Export, screen: &Screen) -> Result<(u64, u64), Trouble> {
    let bundle = bundle(export, screen)?;
    let bar = Bar::new(screen);
    let writing = carriage::write_out(origin, bundle, bar.watcher());
    let written = until_stopped(writing, || bar.watcher().stop()).await;
    bar.clear();
    Ok(written?)
}

/// Says what was written, and what was not.
fn told((count_of, long): (u64, u64), headers_only: u64, export: &Export, screen: &mut Screen) -> Result<(), Trouble> {
    let json = json!({ "exported": count_of, "headers_only": headers_only, "too_long": long });
    let said = format!("{} exported to {}\n", count(count_of, "message"), export.path.display());
    screen.show(&View::text(said, json))?;
    let left = |words: String| Err(Trouble::new(FailureKind::Data, words));
    match (headers_only, long) {
        (0, 0) => Ok(()),
        (0, long) => left(format!("{} too long for memory were left out", count(long, "message"))),
        (headers, _) => left(format!(
            "{} of which only the header is here were left out: `pillarbox mail sync` brings the rest",
            count(headers, "message")
        )),
    }
}

fn bundle(export: &Export, screen: &Screen) -> Result<Bundle, Trouble> {
    let form = match (export.to, &export.folder) {
        (Files::Mbox, Some(_)) => Form::Mbox,
        (Files::Mbox, None) => Form::Mboxes,
        (Files::Maildir, _) => Form::Maildir,
        (Files::Eml, _) => Form::Eml,
    };
    let now = screen.look().now;
    let unique = format!("M{}P{}.pillarbox", now.0, std::process::id());
    Ok(Bundle::begin(&export.path, form, &unique, now)?)
}

fn runtime() -> Result<Runtime, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Trouble::new(FailureKind::Software, format!("no runtime: {error}")))
}

impl From<agent::mailfile::Fault> for Trouble {
    fn from(fault: agent::mailfile::Fault) -> Trouble {
        agent::trouble::Trouble::from(fault).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told() {
        assert!(matches!(source("/nowhere/at/all"), Err(Trouble::Agent(_))));
    }
}
