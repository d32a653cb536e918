//! `pillarbox import` and `pillarbox export`: mail from files into an account and out of it. Owns what may be typed and what
//! is said; the carrying is `agent::carriage`'s.

use crate::bar::{Bar, until_stopped};
use crate::mail::desk::Desk;
use crate::screen::Screen;
use crate::table::{Table, figures, words};
use crate::trouble::Trouble;
use crate::units::count;
use crate::view::View;
use agent::account::Incoming;
use agent::carriage::{self, Bundle, Carried, Form, FromMirror, Origin, Shelf, ToMirror, Wanted};
use agent::mailfile::Source;
use agent::trouble::Kind;
use clap::{Args, ValueEnum};
use office::admin::FailureKind;
use serde_json::json;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// What stands before the name of an account that mail comes from.
const ACCOUNT: &str = "account:";

/// `pillarbox import`
#[derive(Args, Debug)]
pub struct Import {
    /// An mbox, a Maildir, a message, or a folder of them, as Takeout makes one; or account:NAME
    ///
    /// `account:NAME` carries the mail of another of your accounts, as far as `pillarbox mail sync` brought it here.
    #[arg(value_name = "PATH|account:NAME")]
    pub from: String,
    /// Into which account: its name or address; the default one if missing
    #[arg(short = 'A', long, value_name = "NAME")]
    pub account: Option<String>,
    /// Put all of it into this folder
    ///
    /// Otherwise folders are those of the files: of a Maildir its subfolders, of Takeout its labels, of a folder of files
    /// their names; and what has none goes into the inbox.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<String>,
    /// Only tell what would be imported
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// `pillarbox export`
#[derive(Args, Debug)]
pub struct Export {
    /// Of which account: its name or address; the default one if missing
    #[arg(short = 'A', long, value_name = "NAME")]
    pub account: Option<String>,
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
pub fn import(import: &Import, screen: &mut Screen) -> Result<(), Trouble> {
    let desk = Desk::open(import.account.as_deref(), screen.look().now)?;
    let runtime = runtime()?;
    let bar = Bar::new(screen);
    let wanted = Wanted { folder: import.folder.clone(), otherwise: otherwise(&import.from), dry_run: import.dry_run };
    let mut shelf = ToMirror::new(desk.mirror.clone(), desk.now);
    let carried = match import.from.strip_prefix(ACCOUNT) {
        Some(name) => {
            let other = Desk::open(Some(name), desk.now)?;
            if other.account.name == desk.account.name {
                return Err(Trouble::new(FailureKind::Usage, "an account cannot be imported into itself"));
            }
            let mut origin = FromMirror::new(other.mirror, None)?;
            let mut carried = runtime.block_on(work(&mut origin, &mut shelf, &wanted, &bar));
            note_headers(&mut carried, origin.headers_only);
            carried
        }
        None => {
            let mut origin = source(&import.from)?;
            runtime.block_on(work(&mut origin, &mut shelf, &wanted, &bar))
        }
    };
    bar.clear();
    // Where no server keeps folders and flags, what was put here is all there is to it.
    if matches!(desk.account.incoming, Incoming::Pop3 { .. }) && !import.dry_run {
        desk.mirror.settle_here()?;
    }
    tell(carried, import.dry_run, screen)
}

async fn work(origin: &mut impl Origin, shelf: &mut impl Shelf, wanted: &Wanted, bar: &Bar) -> Carried {
    let carrying = carriage::carry(origin, shelf, wanted, bar.watcher());
    until_stopped(carrying, || bar.watcher().stop()).await
}

fn note_headers(carried: &mut Carried, count: u64) {
    if count > 0 {
        carried.left_count += count;
        carried.left.push(format!("{count} of which only the header is here: `pillarbox mail sync` brings the rest"));
    }
}

fn source(path: &str) -> Result<Source, Trouble> {
    if let Some((scheme, _)) = path.split_once("://") {
        let words = format!(
            "mail is not imported from {scheme}:// directly: set the server up as an account, `pillarbox mail sync` it, and \
             import account:NAME (POP3: `pillarbox pop URL --to mbox FILE`)"
        );
        return Err(Trouble::new(FailureKind::Usage, words));
    }
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
pub fn export(export: &Export, screen: &mut Screen) -> Result<(), Trouble> {
    let desk = Desk::open(export.account.as_deref(), screen.look().now)?;
    let folder = match &export.folder {
        None => None,
        Some(name) => {
            let missing = || Trouble::new(FailureKind::NoUser, format!("there is no folder {name}"));
            Some(desk.mirror.folder_named(name)?.ok_or_else(missing)?.id)
        }
    };
    let mut origin = FromMirror::new(desk.mirror.clone(), folder)?;
    let bundle = bundle(export, screen)?;
    let bar = Bar::new(screen);
    let writing = carriage::write_out(&mut origin, bundle, bar.watcher());
    let written = runtime()?.block_on(until_stopped(writing, || bar.watcher().stop()));
    bar.clear();
    let written = written?;
    let json = json!({ "exported": written, "headers_only": origin.headers_only });
    let view = View::text(format!("{} exported to {}\n", count(written, "message"), export.path.display()), json);
    screen.show(&view)?;
    if origin.headers_only > 0 {
        let words = format!(
            "{} of which only the header is here were left out: `pillarbox mail sync` brings the rest",
            count(origin.headers_only, "message")
        );
        return Err(Trouble::new(FailureKind::Data, words));
    }
    Ok(())
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
    fn a_server_is_no_path() {
        assert!(matches!(source("imaps://bob@crepes.fr"), Err(Trouble::Failed(_))));
        assert!(matches!(source("/nowhere/at/all"), Err(Trouble::Agent(_))));
    }
}
