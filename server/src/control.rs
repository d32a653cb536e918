//! The control socket: `control.sock` in the data folder, for its owner only. One JSON object a line each way: a
//! [`Request`], then `{"ok": Response}` or `{"failed": Failure}`. Any number of requests a connection.
#![allow(clippy::disallowed_methods, reason = "the socket is a file")]

use crate::drop::Drops;
use net::clock::Clock;
use office::Office;
use office::admin::{Failure, FailureKind, Request, Response};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// The longest request, in octets: an alias with a thousand members fits.
pub const REQUEST_MAX: u64 = 1024 * 1024;

/// The longest answer a client takes, in octets.
const ANSWER_MAX: u64 = 256 * 1024 * 1024;

/// Clients at a time; who comes then waits.
const CLIENTS: usize = 16;

/// How long a client may say nothing.
const SILENCE: Duration = Duration::from_secs(60);

/// The longest path of a socket on Linux (`sun_path`, its final zero left out).
const SOCKET_PATH_MAX: usize = 107;

/// What comes back.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It was done.
    Ok(Response),
    /// It was not.
    Failed(Failure),
}

/// Who carries out what is asked.
#[derive(Clone)]
pub(crate) struct Counter {
    pub(crate) office: Office,
    pub(crate) clock: Clock,
    pub(crate) drops: Drops,
}

/// A bound control socket.
pub struct Socket(UnixListener);

/// Where the control socket of a data folder is.
#[must_use]
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Binds the socket in place of one left behind by a server that is gone (the store's lock says it is gone).
///
/// # Errors
/// Those of the system.
pub fn bind(path: &Path) -> io::Result<Socket> {
    remove(path);
    let (_folder, short) = short(path)?;
    let listener = UnixListener::bind(short)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(Socket(listener))
}

/// Removes the socket; that there is none is no error.
pub fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "the control socket cannot be removed");
        }
        _ => {}
    }
}

impl Socket {
    /// The next client; `None` after a moment when the system is short of something.
    pub(crate) async fn accept(&self) -> Option<UnixStream> {
        match self.0.accept().await {
            Ok((client, _)) => Some(client),
            Err(error) => {
                tracing::warn!(%error, "a socket in the data folder cannot accept for the moment");
                tokio::time::sleep(Duration::from_millis(100)).await;
                None
            }
        }
    }
}

/// Answers until the drain signal; requests under way are finished.
pub(crate) async fn serve(socket: Socket, counter: Counter, mut drain: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CLIENTS));
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = drain.changed() => break,
            Some(_) = clients.join_next() => continue,
            accepted = accept(&socket, &places) => accepted,
        };
        let Some((client, place)) = accepted else { continue };
        let (counter, drain) = (counter.clone(), drain.clone());
        clients.spawn(async move {
            if let Err(error) = converse(client, &counter, drain).await {
                tracing::debug!(%error, "a client of the control socket left");
            }
            drop(place);
        });
    }
    while clients.join_next().await.is_some() {}
}

async fn accept(socket: &Socket, places: &Arc<Semaphore>) -> Option<(UnixStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    socket.accept().await.map(|client| (client, place))
}

async fn converse(client: UnixStream, counter: &Counter, mut drain: watch::Receiver<bool>) -> io::Result<()> {
    let (read, mut write) = client.into_split();
    let mut read = tokio::io::BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut read).take(REQUEST_MAX + 1);
        let octets = tokio::select! {
            _ = drain.changed() => return Ok(()),
            read = tokio::time::timeout(SILENCE, limited.read_until(b'\n', &mut line)) => read??,
        };
        if octets == 0 {
            return Ok(());
        }
        if octets as u64 > REQUEST_MAX {
            let message = format!("a request has at most {REQUEST_MAX} octets");
            return tell(&mut write, &Answer::Failed(Failure { kind: FailureKind::Usage, message })).await;
        }
        tell(&mut write, &carry_out(&line, counter).await).await?;
    }
}

async fn carry_out(line: &[u8], counter: &Counter) -> Answer {
    let request: Request = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => {
            let message = format!("not a request of this version: {error}");
            return Answer::Failed(Failure { kind: FailureKind::Usage, message });
        }
    };
    let carried_out = match request {
        Request::DropTake { name, attended } => counter.drops.take(name, attended).await,
        request => counter.office.administer(counter.clock.now(), request).await,
    };
    match carried_out {
        Ok(response) => Answer::Ok(response),
        Err(failure) => Answer::Failed(failure),
    }
}

async fn tell(client: &mut OwnedWriteHalf, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    tokio::time::timeout(SILENCE, client.write_all(&line)).await?
}

/// Asks the server that has this socket, and waits as long as it takes. `None`: there is no server.
#[must_use]
pub fn ask(path: &Path, request: &Request) -> Option<Result<Response, Failure>> {
    ask_within(path, request, None)
}

/// The same, with patience for so long.
#[must_use]
pub fn ask_within(path: &Path, request: &Request, patience: Option<Duration>) -> Option<Result<Response, Failure>> {
    let client = match connect(path) {
        Ok(client) => client,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return None;
        }
        Err(error) => return Some(Err(unavailable(path, &error))),
    };
    let patient = client.set_read_timeout(patience).and_then(|()| client.set_write_timeout(patience));
    Some(patient.and_then(|()| exchange(client, request)).unwrap_or_else(|error| Err(unavailable(path, &error))))
}

/// Connects to a socket in a data folder.
pub(crate) fn connect(path: &Path) -> io::Result<BlockingStream> {
    short(path).and_then(|(_folder, short)| BlockingStream::connect(short))
}

fn exchange(mut client: BlockingStream, request: &Request) -> io::Result<Result<Response, Failure>> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    client.write_all(&line)?;
    let mut answer = Vec::new();
    BufReader::new(client.take(ANSWER_MAX)).read_until(b'\n', &mut answer)?;
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(match serde_json::from_slice(&answer)? {
        Answer::Ok(response) => Ok(response),
        Answer::Failed(failure) => Err(failure),
    })
}

fn unavailable(path: &Path, error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => FailureKind::Permission,
        _ => FailureKind::Unavailable,
    };
    Failure { kind, message: format!("the server does not answer at {}: {error}", path.display()) }
}

/// A path that fits into a socket address. A long one is reached through its open folder, which must stay open.
fn short(path: &Path) -> io::Result<(Option<std::fs::File>, PathBuf)> {
    use std::os::fd::AsRawFd;
    use std::os::unix::ffi::OsStrExt;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    if path.as_os_str().as_bytes().len() <= SOCKET_PATH_MAX {
        return Ok((None, path.to_owned()));
    }
    let folder = std::fs::File::open(folder)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
    Ok((Some(folder), short))
}

#[cfg(test)]
mod tests;
