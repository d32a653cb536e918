//! `pillarbox mail`: a person's mail from the command line. Works on the mirror of an account (`agent::mirror`), so that all
//! of it works without a network, too. Owns what may be typed and how answers look; each file is a group of commands.

mod account;
mod answer;
mod change;
pub mod desk;
pub mod files;
mod flags;
mod folder;
mod list;
pub mod network;
mod outbox;
mod pictures;
pub mod post;
mod read;
mod save;
pub mod send;
mod which;

use crate::screen::Screen;
use crate::trouble::Trouble;
use agent::remote::Scope;
use clap::{Args, Subcommand};
use desk::Desk;

/// `pillarbox mail`
#[derive(Args, Debug)]
pub struct Mail {
    /// Which account: its name or address; the default one if missing
    #[arg(short = 'A', long, global = true, value_name = "NAME")]
    pub account: Option<String>,
    /// Stay off the network: what is done is told to the server later
    #[arg(long, global = true)]
    pub offline: bool,
    #[command(subcommand)]
    pub command: MailCommand,
}

/// What is done to mail.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Bring the account up to date: send, tell, fetch
    Sync(network::Sync),
    /// List messages: the inbox, a folder, or what a search finds
    List(list::List),
    /// Search all folders but trash and junk, or those named with `in:`
    Search(list::Search),
    /// Read messages
    Read(read::Read),
    /// Answer a message
    Reply(answer::Reply),
    /// Send messages on
    Forward(answer::Forward),
    /// Save attachments, or whole messages, as files
    Save(save::Save),
    #[command(flatten)]
    Change(change::Change),
    /// Take back what the last command did
    Undo,
    /// Folders: what there is, making, naming, removing
    #[command(subcommand)]
    Folder(folder::Folder),
    /// Letters that wait to be sent
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// Accounts: setting up, testing, removing
    #[command(subcommand, name = "account")]
    Accounts(account::AccountCommand),
}

/// Does what was typed.
pub fn run(mail: Mail, screen: &mut Screen) -> Result<(), Trouble> {
    if let MailCommand::Accounts(command) = mail.command {
        return account::run(command, screen);
    }
    let mut desk = Desk::open(mail.account.as_deref(), screen.look().now)?.offline(mail.offline);
    perform(mail.command, &mut desk, screen)
}

fn perform(command: MailCommand, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    match command {
        MailCommand::Sync(sync) => network::run(&sync, desk, screen),
        MailCommand::List(list) => {
            network::freshen(desk, screen, &Scope::Headers)?;
            list::list(&list, desk, screen)
        }
        MailCommand::Search(search) => {
            network::freshen(desk, screen, &Scope::Headers)?;
            list::search(&search, desk, screen)
        }
        MailCommand::Reply(reply) => answer::reply(&reply, desk, screen),
        MailCommand::Forward(forward) => answer::forward(&forward, desk, screen),
        MailCommand::Save(save) => save::run(&save, desk, screen),
        other => {
            change(other, desk, screen)?;
            network::tell(desk, screen)
        }
    }
}

/// What the server is told of.
fn change(command: MailCommand, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    match command {
        MailCommand::Read(read) => read::run(&read, desk, screen),
        MailCommand::Change(change) => change::run(&change, desk, screen),
        MailCommand::Undo => change::undo(desk, screen),
        MailCommand::Folder(folder) => folder::run(folder, desk, screen),
        MailCommand::Outbox(outbox) => outbox::run(outbox, desk, screen),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
