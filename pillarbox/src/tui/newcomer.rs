//! The page of a newcomer, with the network behind it: wishes are carried out on a thread of their own, so that keys are
//! always heard; what is stopped ends between two steps.

use super::Ending;
use crate::mail::network;
use crate::trouble::Trouble;
use crate::viewer::browse;
use agent::account::Settings;
use agent::house::Folders;
use agent::newcomer::{self, Attempt, Desk, Servers, Told};
use agent::secret::{Keyring, Secrets};
use message::Address;
use net::clock::Clock;
use office::admin::FailureKind;
use std::sync::mpsc::Sender;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tui::newcomer::{Page, Wish};
use tui::settings::Options;
use tui::terminal::{Kept, Welcome};

/// Something that takes its time.
enum Job {
    Look(Address),
    Make(Box<Attempt>),
    Inspect(Servers),
}

/// Shows the page until there is an account; `None`: the newcomer left. The name of the account, and the terminal.
pub fn run(
    folders: &Folders,
    settings: &Settings,
    options: &Options,
    ending: &Ending,
) -> Result<Option<(String, Kept)>, Trouble> {
    let failed = |error: std::io::Error| Trouble::new(FailureKind::Software, format!("cannot begin: {error}"));
    let clock = Clock::system();
    let desk = Desk {
        folders: folders.clone(),
        secrets: Secrets::new(folders, Keyring::system()),
        internet: network::internet(clock.clone()),
    };
    let (telling, told) = std::sync::mpsc::channel();
    let (wishing, wishes) = unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    std::thread::spawn(move || {
        runtime.block_on(carry_out(desk, wishes, telling));
        runtime.shutdown_background();
    });
    let is_told = ending.clone();
    let world = Welcome {
        wish: Box::new(move |wish| match wish {
            // The page shows the address, too, for who has no browser here. What is being done goes on.
            Wish::Browse(url) => drop(std::thread::spawn(move || browse(&url, true))),
            wish => {
                // Whoever carries wishes out ends with the page only.
                let _ = wishing.send(wish);
            }
        }),
        told,
        now: Box::new(move || clock.now()),
        is_over: Box::new(move |patience| is_told.is_over(patience)),
    };
    let came = tui::terminal::welcome(Page::new(&settings.providers), options, &world);
    came.map_err(|error| Trouble::new(FailureKind::Io, format!("the terminal: {error}")))
}

/// Does one thing after the other; another wish ends what is being done.
async fn carry_out(desk: Desk, mut wishes: UnboundedReceiver<Wish>, telling: Sender<Told>) {
    let mut job: Option<Job> = None;
    loop {
        let wish = match job.take() {
            Some(doing) => tokio::select! {
                told = work(&desk, doing, &telling) => {
                    // The page is gone: so is who would hear of it.
                    let _ = telling.send(told);
                    continue;
                }
                wish = wishes.recv() => wish,
            },
            None => wishes.recv().await,
        };
        match wish {
            Some(Wish::Look(address)) => job = Some(Job::Look(address)),
            Some(Wish::Make(attempt)) => job = Some(Job::Make(attempt)),
            Some(Wish::Inspect(servers)) => job = Some(Job::Inspect(servers)),
            Some(Wish::Stop | Wish::Browse(_)) => {}
            Some(Wish::Leave) | None => return,
        }
    }
}

async fn work(desk: &Desk, job: Job, telling: &Sender<Told>) -> Told {
    match job {
        Job::Look(address) => newcomer::look(desk, &address).await,
        Job::Inspect(servers) => newcomer::inspect(desk, &servers).await,
        Job::Make(attempt) => {
            let tell = |told: Told| {
                let _ = telling.send(told);
            };
            match newcomer::make(desk, *attempt, tell).await {
                Ok(account) => Told::Made(account.name),
                Err(trouble) => Told::Refused(trouble),
            }
        }
    }
}
