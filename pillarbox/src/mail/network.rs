//! What commands on mail do over the network: bring an account up to date, tell its servers what was done, send what waits,
//! fetch what is read. Who is offline, or cannot reach a server, keeps working on the mirror: what could not be told now is
//! told the next time.

use super::desk::Desk;
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::units::count;
use crate::view::View;
use agent::account::settings::Local;
use agent::account::{Account, FolderNames, Incoming, Outgoing, Settings};
use agent::credentials::Credentials;
use agent::dialing::Internet;
use agent::house::Folders;
use agent::mirror::{MessageId, OutgoingId, OutgoingState};
use agent::outbox::{self, Went};
use agent::progress::{Progress, Watcher};
use agent::reach::Reach;
use agent::remote::{Remote, Scope};
use agent::secret::{Keyring, Secrets};
use agent::sync::{self, Hold};
use agent::trouble::Kind;
use clap::Args;
use indicatif::ProgressBar;
use message::Time;
use serde_json::json;
use server::host::HostDoor;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What the mirror keeps under this name: when the account was brought up to date last, in milliseconds.
const FRESH: &str = "fresh";
/// For so long lists are shown without asking the server again.
const FRESH_MS: u64 = 60_000;

/// `pillarbox mail sync`
#[derive(Args, Debug)]
pub struct Sync {
    /// Enough to list: folders and headers, no texts
    #[arg(long)]
    headers: bool,
}

/// The configuration of the server on this machine that `-c` named.
static HOST: OnceLock<PathBuf> = OnceLock::new();

/// The server on this machine is that of this configuration, said once, before anybody asks.
pub fn host_by(configuration: PathBuf) {
    let _ = HOST.set(configuration);
}

/// The configuration that `-c` named.
pub fn host_configuration() -> Option<&'static Path> {
    HOST.get().map(PathBuf::as_path)
}

/// The mailbox of who runs this with the server on this machine; `None`: there is no server here.
pub fn host_account() -> Option<Account> {
    let config = crate::house::config(host_configuration()).ok()?;
    if !config.data_dir.is_dir() {
        return None;
    }
    let (display_name, address) = crate::sendmail::hand_in::own_address(&config)?;
    Some(Account {
        name: "host".to_owned(),
        address,
        display_name,
        aliases: Vec::new(),
        incoming: Incoming::Local(Local::default()),
        outgoing: Some(Outgoing::Local(Local::default())),
        secret: None,
        signature: None,
        sealing: agent::account::SealHabits::default(),
        folders: FolderNames::default(),
        default: true,
    })
}

/// The network, and the post office of this host.
pub fn internet(clock: net::clock::Clock) -> Internet {
    let internet = Internet::system(clock);
    internet.set_door(Arc::new(HostDoor::File(HOST.get().cloned())));
    internet
}

/// What it takes to reach the servers of these accounts.
pub fn reach(settings: &Settings, folders: &Folders) -> Reach {
    let internet = internet(net::clock::Clock::system());
    let secrets = Secrets::new(folders, Keyring::system());
    let credentials = Credentials::new(settings.clone(), secrets, internet.clone());
    Reach { internet, folders: folders.clone(), credentials }
}

/// Runs something that waits for the network.
pub fn wait<T>(what: impl Future<Output = Result<T, agent::trouble::Trouble>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| agent::trouble::Trouble::new(Kind::Software, format!("no network: {error}")))?;
    Ok(runtime.block_on(what)?)
}

/// Shows how far it is to who sits there, and to nobody else.
fn watcher(screen: &Screen) -> (Watcher, ProgressBar) {
    let bar =
        if screen.has_person() && screen.loudness() >= 0 { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let shown = bar.clone();
    let watcher = Watcher::new(move |progress: Progress| {
        let of = progress.of.map(|of| format!(" of {of}")).unwrap_or_default();
        let what = crate::units::harmless(&progress.what).into_owned();
        shown.set_message(if progress.done == 0 { what } else { format!("{what}: {}{of}", progress.done) });
        shown.tick();
    });
    (watcher, bar)
}

/// `pillarbox mail sync`
pub fn run(command: &Sync, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let Some(reach) = desk.reach.clone() else {
        let offline = agent::trouble::Trouble::new(Kind::Usage, "sync and --offline do not go together");
        return Err(offline.into());
    };
    let scope = if command.headers { Scope::Headers } else { Scope::Everything };
    // Who asks now does not wait for the next try.
    desk.mirror.send_put_off(desk.now)?;
    let (watcher, bar) = watcher(screen);
    let round = wait(sync::round(&reach, &desk.account, &desk.mirror, &scope, &watcher));
    bar.finish_and_clear();
    let round = round?;
    note_fresh(desk)?;
    let sent = round.went.sent.len() as u64;
    let sent = if sent > 0 { format!("{} sent, ", count(sent, "letter")) } else { String::new() };
    let said = format!("{sent}{}, {} whole", count(round.brought.new, "new message"), round.brought.whole);
    let troubles: Vec<String> = round.went.troubles().map(|trouble| trouble.text.clone()).collect();
    let json = json!({
        "new": round.brought.new,
        "whole": round.brought.whole,
        "sent": round.went.sent,
        "troubles": troubles,
    });
    screen.show(&View { json, ..View::default() }.with_notes([troubles, vec![said]].concat()))
}

fn note_fresh(desk: &Desk) -> Result<(), Trouble> {
    Ok(desk.mirror.set_fact(FRESH, &desk.now.0.to_string())?)
}

fn is_fresh(desk: &Desk) -> bool {
    // Files on this machine are asked for nothing.
    if matches!(desk.account.incoming, Incoming::Maildir(_) | Incoming::Mbox(_)) {
        return false;
    }
    let last = desk.mirror.fact(FRESH).ok().flatten().and_then(|text| text.parse().ok()).map(Time);
    last.is_some_and(|last| desk.now.0.abs_diff(last.0) < FRESH_MS)
}

/// Before something is listed: what is new, unless it was asked a moment ago. Without the network the list is what is here.
pub fn freshen(desk: &Desk, screen: &mut Screen, scope: &Scope) -> Result<(), Trouble> {
    let Some(reach) = desk.reach.clone().filter(|_| !is_fresh(desk)) else { return Ok(()) };
    let (watcher, bar) = watcher(screen);
    let round = wait(sync::round(&reach, &desk.account, &desk.mirror, scope, &watcher));
    bar.finish_and_clear();
    match round {
        Ok(round) => {
            round.went.troubles().for_each(|trouble| screen.note(&trouble.text));
            note_fresh(desk)
        }
        Err(trouble) => {
            screen.note(&format!("as of last time: {}", trouble.message().unwrap_or_default()));
            Ok(())
        }
    }
}

/// After something was done: the server is told, and what waits is sent. What could not be told is told the next time.
pub fn tell(desk: &Desk, screen: &mut Screen) -> Result<Went, Trouble> {
    let went = carry(desk, screen)?;
    went.troubles().for_each(|trouble| screen.note(&trouble.text));
    Ok(went)
}

/// What became of a letter.
#[derive(Debug)]
pub enum Outcome {
    /// It went to all.
    Sent,
    /// It is in the outbox and goes when it can; what keeps it, where that is known.
    Waits(Option<agent::trouble::Trouble>),
    /// It is in the outbox for these, and is not tried again.
    Refused(String, Vec<String>),
    /// It is in the outbox, and may have gone.
    Unsure(String),
}

impl Outcome {
    /// `sent` or `queued`; what keeps it is noted.
    ///
    /// # Errors
    /// The letter did not go, and will not by itself; it is in the outbox.
    pub fn said(self, screen: &mut Screen) -> Result<&'static str, Trouble> {
        let wrong = |kind, error: String| Err(agent::trouble::Trouble::new(kind, error).into());
        match self {
            Outcome::Sent => Ok("sent"),
            Outcome::Waits(Some(held)) if !held.may_pass() => {
                wrong(held.kind, format!("{}; the letter waits in the outbox", held.text))
            }
            Outcome::Waits(held) => {
                held.iter().for_each(|held| screen.note(&held.text));
                Ok("queued")
            }
            Outcome::Refused(error, _) => wrong(Kind::Unavailable, format!("{error}; it is in the outbox")),
            // Not 75, at which scripts try again: it would go twice.
            Outcome::Unsure(error) => wrong(Kind::Protocol, format!("{error}; `pillarbox mail outbox` decides")),
        }
    }
}

/// Sends what waits, a letter among it: what became of that one. What became of others is noted.
pub fn tell_of(letter: OutgoingId, desk: &Desk, screen: &mut Screen) -> Result<Outcome, Trouble> {
    let went = carry(desk, screen)?;
    let (own, others): (Vec<_>, Vec<_>) = went.left.into_iter().partition(|left| left.letter == letter);
    others.iter().for_each(|left| screen.note(&left.trouble.text));
    let left = desk.mirror.outgoing()?.into_iter().find(|waiting| waiting.id == letter);
    let keeps = own.into_iter().map(|left| left.trouble).chain(went.held.clone()).next();
    let Some(left) = left else {
        went.held.iter().for_each(|held| screen.note(&held.text));
        return Ok(Outcome::Sent);
    };
    Ok(match left.state {
        OutgoingState::Refused => Outcome::Refused(left.error, left.posting.envelope.recipients),
        OutgoingState::Unsure => Outcome::Unsure(left.error),
        OutgoingState::Waiting | OutgoingState::Sending => Outcome::Waits(keeps),
    })
}

/// Sends what waits, then tells what was done. What keeps that from the server is noted.
fn carry(desk: &Desk, screen: &mut Screen) -> Result<Went, Trouble> {
    let Some(reach) = desk.reach.clone() else { return Ok(Went::default()) };
    if desk.mirror.pending()?.is_empty() && desk.mirror.next_outgoing(desk.now)?.is_none() {
        return Ok(Went::default());
    }
    let (watcher, bar) = watcher(screen);
    let mut went = Went::default();
    let told = wait(carry_over(&reach, desk, &watcher, &mut went));
    bar.finish_and_clear();
    // What holds the letters is told with them.
    if let (Err(trouble), None) = (told, &went.held) {
        screen.note(&format!("kept for the next time: {}", trouble.message().unwrap_or_default()));
    }
    Ok(went)
}

async fn carry_over(
    reach: &Reach,
    desk: &Desk,
    watcher: &Watcher,
    went: &mut Went,
) -> Result<(), agent::trouble::Trouble> {
    let _hold = Hold::take(&desk.mirror)?;
    *went = outbox::send_due(reach, &desk.account, &desk.mirror, watcher).await?;
    // A wrong password is said once, lest the server lock the account.
    let may_enter = went.held.as_ref().is_none_or(|held| held.kind != Kind::NotAllowed);
    if may_enter && !desk.mirror.pending()?.is_empty() {
        let mut remote = reach.connect(&desk.account).await?;
        remote.push(&desk.mirror, watcher).await?;
        remote.close().await;
    }
    Ok(())
}

/// The content of messages of which only the header is here.
pub fn fetch(messages: &[MessageId], desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let Some(reach) = desk.reach.clone().filter(|_| !messages.is_empty()) else { return Ok(()) };
    let (watcher, bar) = watcher(screen);
    let fetched = wait(async {
        let _hold = Hold::take(&desk.mirror)?;
        let mut remote = reach.connect(&desk.account).await?;
        remote.fetch(&desk.mirror, messages, &watcher).await?;
        remote.close().await;
        Ok(())
    });
    bar.finish_and_clear();
    fetched
}
