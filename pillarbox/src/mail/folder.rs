//! `pillarbox mail folder`: what folders there are, making, renaming, removing, subscribing.

use super::desk::Desk;
use super::list::folder_named;
use crate::screen::Screen;
use crate::table::{Table, figures, words};
use crate::trouble::Trouble;
use crate::view::{self, View};
use agent::mirror::{self, Action, Role};
use clap::Subcommand;
use office::admin::FailureKind;
use serde_json::{Value, json};

/// `pillarbox mail folder ...`
#[derive(Debug, Subcommand)]
pub enum Folder {
    /// List the folders
    List {
        /// Those that are not subscribed, too
        #[arg(short, long)]
        all: bool,
    },
    /// Make a folder; levels are parted by /
    Create {
        /// Its path
        name: String,
    },
    /// Give a folder another name; those below it come along
    Rename {
        /// Which
        name: String,
        /// Its new path
        new_name: String,
    },
    /// Remove a folder and the messages in it, for good; folders below it stay
    Delete {
        /// Which
        name: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Show a folder where subscriptions are heeded
    Subscribe {
        /// Which
        name: String,
    },
    /// Hide a folder where subscriptions are heeded
    Unsubscribe {
        /// Which
        name: String,
    },
}

/// Does one of them.
pub fn run(command: Folder, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    match command {
        Folder::List { all } => list(all, desk, screen),
        Folder::Create { name } => {
            let said = format!("folder {name} is made");
            let (_, acted) = desk.mirror.create_folder(&name).map_err(exists)?;
            desk.remember(&[acted], &said)?;
            screen.show(&view::done(&said, Vec::new()))
        }
        Folder::Rename { name, new_name } => {
            let folder = folder_named(desk, &name)?;
            let said = format!("{name} is {new_name} now");
            act(Action::RenameFolder { folder, name: new_name }, &said, desk, screen)
        }
        Folder::Delete { name, yes } => delete(&name, yes, desk, screen),
        Folder::Subscribe { name } => subscribe(&name, true, desk, screen),
        Folder::Unsubscribe { name } => subscribe(&name, false, desk, screen),
    }
}

fn act(action: Action, said: &str, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let acted = desk.mirror.act(action).map_err(exists)?;
    desk.remember(&[acted], said)?;
    screen.show(&view::done(said, Vec::new()))
}

/// A name that is taken has a code of its own (73).
fn exists(error: mirror::Error) -> Trouble {
    match error {
        mirror::Error::FolderExists(_) => Trouble::new(FailureKind::CannotCreate, error.to_string()),
        other => other.into(),
    }
}

fn delete(name: &str, yes: bool, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let folder = folder_named(desk, name)?;
    let held = desk.mirror.folder(folder)?.total;
    if !yes && screen.has_person() {
        let held = crate::units::count(held, "message");
        screen.confirm(&format!("Remove {name} with {held} in it? There is no way back."))?;
    }
    let below = format!("{}/", desk.mirror.folder(folder)?.name);
    let stays = desk.mirror.folders()?.into_iter().any(|folder| folder.name.starts_with(&below));
    let said = format!("{name} is removed{}", if stays { "; what lies below it stays" } else { "" });
    act(Action::DeleteFolder { folder }, &said, desk, screen)
}

fn subscribe(name: &str, on: bool, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let folder = folder_named(desk, name)?;
    let said = format!("{name} is {}", if on { "shown" } else { "hidden" });
    act(Action::Subscribe { folder, on }, &said, desk, screen)
}

fn list(all: bool, desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let mut table = Table::new(&[words("FOLDER"), words("FOR"), figures("MESSAGES"), figures("UNREAD")]);
    let mut json = Vec::new();
    for folder in desk.mirror.folders()? {
        // The server need not be asked to subscribe the inbox and its like.
        if !all && !folder.subscribed && folder.role == Role::None {
            continue;
        }
        let role = if folder.role == Role::None { "" } else { folder.role.word() };
        table.row([(&folder.name).into(), role.into(), folder.total.into(), folder.unread.into()]);
        json.push(of(&folder));
    }
    let look = screen.look();
    screen.show(&View::table(&table, json!({ "folders": json }), look).or_note("no folder yet: `pillarbox mail sync`"))
}

fn of(folder: &mirror::Folder) -> Value {
    json!({
        "name": folder.name,
        "role": folder.role,
        "messages": folder.total,
        "unread": folder.unread,
        "subscribed": folder.subscribed,
        "selectable": folder.selectable,
    })
}
