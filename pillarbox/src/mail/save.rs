//! `pillarbox mail save`: attachments, or whole messages, as files. Names from strangers are made safe, nothing is
//! overwritten unless that is asked for.
#![allow(clippy::disallowed_methods, reason = "files are saved where the user says")]

use super::desk::Desk;
use super::{read, seals, which};
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::units;
use crate::view::View;
use agent::mirror::MessageId;
use agent::reading::{self, Held};
use clap::{ArgGroup, Args};
use office::admin::FailureKind;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// `pillarbox mail save`
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("what").multiple(false)))]
pub struct Save {
    /// Numbers as in lists, ranges as 12-15, Message-IDs, or last
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// This part, by its number in the list of parts; all attachments if missing
    #[arg(long, group = "what", value_name = "NUMBER")]
    part: Vec<usize>,
    /// All parts, the text too
    #[arg(long, group = "what")]
    all: bool,
    /// The whole message, as NUMBER.eml
    #[arg(long, group = "what")]
    message: bool,
    /// The message that these are pieces of, joined (message/partial)
    #[arg(long)]
    join: bool,
    /// Into this folder; the one you are in if missing
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Under the name it has, over what is there
    #[arg(long)]
    force: bool,
}

/// Saves.
pub fn run(save: &Save, desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let folder = save.to.clone().unwrap_or_else(|| PathBuf::from("."));
    if !folder.is_dir() {
        return Err(Trouble::new(FailureKind::CannotCreate, format!("{} is no folder", folder.display())));
    }
    let mut saved = Vec::new();
    let messages = which::messages(desk, &save.ids)?;
    read::bring(&messages, desk, screen)?;
    let mut met = Vec::new();
    for id in messages {
        if met.contains(&id) {
            continue;
        }
        let content = if save.join {
            let (pieces, whole) = read::joined(id, desk, screen)?;
            met.extend(pieces);
            whole
        } else {
            read::content(desk, id)?
        };
        for held in chosen(save, id, content, desk)? {
            saved.push(write(&folder, &held, save.force)?);
        }
    }
    if saved.is_empty() {
        return Err(Trouble::new(FailureKind::NoUser, "there is no attachment; --all saves the text, too"));
    }
    let names: Vec<String> = saved.iter().map(|path| path.display().to_string()).collect();
    let text: String = names.iter().map(|name| format!("{}\n", units::harmless(name))).collect();
    screen.show(&View::text(text, json!({ "saved": names })))
}

fn chosen(save: &Save, id: MessageId, content: Vec<u8>, desk: &Desk) -> Result<Vec<Held>, Trouble> {
    if save.message {
        let name = Some(format!("{}.eml", id.0));
        return Ok(vec![Held { name, media_type: "message/rfc822".to_owned(), octets: content, ..Held::default() }]);
    }
    let page = desk.keys.page(&content, &reading::View::default(), desk.now);
    let numbers: Vec<usize> = if save.part.is_empty() {
        page.parts.iter().filter(|part| save.all || !part.is_shown).map(|part| part.number).collect()
    } else {
        save.part.clone()
    };
    let held =
        |part: &usize| desk.keys.part(&content, *part, desk.now).map_err(|trouble| seals::of_message(id, trouble));
    numbers.iter().map(held).collect()
}

/// Writes a file that is its owner's alone, under a safe name.
pub(super) fn write(folder: &Path, held: &Held, force: bool) -> Result<PathBuf, Trouble> {
    let taken = |name: &str| !force && folder.join(name).symlink_metadata().is_ok();
    let path = folder.join(reading::saved_name(held.name.as_deref(), &held.media_type, taken));
    let mut options = OpenOptions::new();
    // What is there is never written through: with --force a file of another name takes its place.
    let target = if force { folder.join(format!(".pillarbox-{}.part", std::process::id())) } else { path.clone() };
    options.write(true).create_new(true).mode(0o600);
    let written =
        options.open(&target).and_then(|mut file| file.write_all(&held.octets).and_then(|()| file.sync_all()));
    let placed = match written {
        Ok(()) if force => std::fs::rename(&target, &path),
        other => other,
    };
    placed.map_err(|error| Trouble::of_path("save", &path, &error))?;
    Ok(path)
}
