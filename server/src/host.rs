//! Mail for programs on this machine: `mail.sock` in the data folder, which every user of the machine may open. One JSON
//! value a line each way, in the words of [`wire::host`]. The kernel says who is at the other end: a user reaches the
//! account of the login name in our first domain, and no other; root and whoever runs the server, who could read the data
//! folder anyway, reach any that they name. Owns who may ask, how often, and for how long; the answers are `office`'s, the
//! other end is in `door`.
#![allow(clippy::disallowed_methods, reason = "the socket is a file")]

mod door;

pub use door::HostDoor;

use crate::control::{self, Socket};
use net::clock::Clock;
use nix::unistd::{Uid, User, geteuid};
use office::{HostDesk, Office};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wire::Time;
use wire::host::{Answer, LINE_MAX, Refusal, Reply, Request};

/// Programs at a time; who comes then is told so. Each may hold a line of [`LINE_MAX`] octets in memory.
const PROGRAMS: usize = 64;

/// Programs of one user at a time, so that one user leaves places to others.
const PROGRAMS_OF_A_USER: usize = 8;

/// How long a program may say nothing, or take to read.
const SILENCE: Duration = Duration::from_secs(60);

/// Requests that a user's program may make at once after a pause: the first look at a large account.
const BURST: u64 = 5_000;

/// And then every second: far more than a person's mail needs.
const EVERY_SECOND: u64 = 500;

/// Everybody on the machine may open it; who they are decides.
const MODE: u32 = 0o666;

/// Where the socket of a data folder is.
#[must_use]
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("mail.sock")
}

/// Binds the socket. The way to it is opened with the drop folder.
pub(crate) fn bind(path: &Path) -> io::Result<Socket> {
    let socket = control::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
    Ok(socket)
}

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Visitor {
    uid: u32,
    /// May open any account.
    trusted: bool,
}

/// Who has how many programs here.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<HashMap<u32, usize>>>);

/// One of them, given back when dropped.
struct Place {
    places: Places,
    uid: u32,
}

impl Places {
    fn take(&self, visitor: &Visitor) -> Option<Place> {
        let mut taken = self.0.lock();
        let mine = taken.get(&visitor.uid).copied().unwrap_or_default();
        let most = if visitor.trusted { PROGRAMS } else { PROGRAMS_OF_A_USER };
        if mine >= most || taken.values().sum::<usize>() >= PROGRAMS {
            return None;
        }
        taken.insert(visitor.uid, mine + 1);
        Some(Place { places: self.clone(), uid: visitor.uid })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock();
        match taken.get_mut(&self.uid) {
            Some(mine) if *mine > 1 => *mine -= 1,
            _ => drop(taken.remove(&self.uid)),
        }
    }
}

/// How many requests a program may still make.
#[derive(Clone, Copy, Debug)]
struct Pace {
    left: u64,
    since: Time,
}

impl Pace {
    fn new(now: Time) -> Pace {
        Pace { left: BURST, since: now }
    }

    /// Counts a request; how long to wait before it.
    fn step(&mut self, now: Time) -> Duration {
        let gained = u64::try_from(now.since(self.since).as_millis()).unwrap_or(u64::MAX) / (1000 / EVERY_SECOND);
        if gained > 0 {
            self.left = self.left.saturating_add(gained).min(BURST);
            self.since = now;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Duration::ZERO
            }
            None => Duration::from_millis(1000 / EVERY_SECOND),
        }
    }
}

/// Answers until the drain signal; requests under way are finished, but for those that only wait.
pub(crate) async fn serve(socket: Socket, office: Office, clock: Clock, mut drain: watch::Receiver<bool>) {
    let places = Places::default();
    let mut programs = JoinSet::new();
    loop {
        let client = tokio::select! {
            _ = drain.changed() => break,
            Some(_) = programs.join_next() => continue,
            client = socket.accept() => client,
        };
        let Some((client, visitor)) = client.and_then(|client| visitor(&client).map(|visitor| (client, visitor)))
        else {
            continue;
        };
        let (office, clock, drain) = (office.clone(), clock.clone(), drain.clone());
        let attendant = Attendant { desk: office.host(), office, clock, visitor, drain };
        let places = places.clone();
        programs.spawn(async move {
            if let Err(error) = attendant.attend(client, &places).await {
                tracing::debug!(%error, "a program of this machine left");
            }
        });
    }
    while programs.join_next().await.is_some() {}
}

fn visitor(client: &UnixStream) -> Option<Visitor> {
    let uid = client.peer_cred().ok()?.uid();
    Some(Visitor { uid, trusted: uid == 0 || uid == geteuid().as_raw() })
}

/// Serves one program.
struct Attendant {
    office: Office,
    desk: HostDesk,
    clock: Clock,
    visitor: Visitor,
    drain: watch::Receiver<bool>,
}

impl Attendant {
    async fn attend(mut self, client: UnixStream, places: &Places) -> io::Result<()> {
        let (read, mut write) = client.into_split();
        let Some(_place) = places.take(&self.visitor) else {
            let text = "too many programs read mail on this host at the moment".to_owned();
            return say(&mut write, &Reply::Refused(Refusal { code: 75, text })).await;
        };
        let mut read = tokio::io::BufReader::new(read);
        let mut pace = Pace::new(self.clock.now());
        let mut drain = self.drain.clone();
        loop {
            let line = tokio::select! {
                _ = drain.changed() => return Ok(()),
                line = tokio::time::timeout(SILENCE, line(&mut read)) => line??,
            };
            let Some(line) = line else { return Ok(()) };
            if !self.visitor.trusted {
                self.keep_pace(&mut pace).await;
            }
            let reply = self.reply(&line).await;
            say(&mut write, &reply).await?;
        }
    }

    /// Waits until the next request is due.
    async fn keep_pace(&self, pace: &mut Pace) {
        loop {
            let wait = pace.step(self.clock.now());
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn reply(&mut self, line: &[u8]) -> Reply {
        let request: Request = match serde_json::from_slice(line) {
            Ok(request) => request,
            Err(error) => {
                let text = format!("not a request of this version: {error}");
                return Reply::Refused(Refusal { code: 64, text });
            }
        };
        let waits = matches!(request, Request::Wait { .. });
        let mut drain = self.drain.clone();
        let answer = async {
            match request {
                Request::Open { account } => {
                    let (desk, answer) = open(&self.office, &self.visitor, account).await?;
                    self.desk = desk;
                    Ok(answer)
                }
                request => self.desk.answer(self.clock.now(), request).await,
            }
        };
        let answered = tokio::select! {
            answered = answer => answered,
            _ = drain.changed(), if waits => Err(Refusal { code: 75, text: "the server is stopping".to_owned() }),
        };
        answered.map_or_else(Reply::Refused, Reply::Ok)
    }
}

/// Opens the account somebody asks for: any where they are trusted, else their own, by its name or its address.
async fn open(office: &Office, visitor: &Visitor, asked: Option<String>) -> Result<(HostDesk, Answer), Refusal> {
    let refuse = |text: String| Refusal { code: 77, text };
    let mut desk = office.host();
    let name = match asked.clone().filter(|_| visitor.trusted) {
        Some(name) => name,
        // A name with an @ would be taken for an address, which may be another's.
        None => login_name(visitor.uid)
            .filter(|name| !name.contains('@'))
            .ok_or_else(|| refuse(format!("user id {} has no name here that an account could have", visitor.uid)))?,
    };
    let answer = desk.open(&name).await?;
    let Answer::Open { address } = &answer else { return Ok((desk, answer)) };
    let is_it = |asked: &String| asked == &name || asked.eq_ignore_ascii_case(address);
    match asked.filter(|asked| !visitor.trusted && !is_it(asked)) {
        Some(asked) => Err(refuse(format!("{name} of this machine reads the mail of {address}, not of {asked}"))),
        None => Ok((desk, answer)),
    }
}

fn login_name(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
}

async fn line(read: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let octets = read.take(LINE_MAX + 1).read_until(b'\n', &mut line).await?;
    match octets as u64 {
        0 => Ok(None),
        ..=LINE_MAX if line.last() == Some(&b'\n') => Ok(Some(line)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

async fn say(client: &mut (impl AsyncWriteExt + Unpin), reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    tokio::time::timeout(SILENCE, client.write_all(&line)).await?
}

#[cfg(test)]
mod tests;
