//! The socket of screens: `screens.sock` in the data folder, for its owner only. A client says whose screen it is, is
//! told whose it became, and then gets what is to be shown, one JSON object a line each way. It answers each notice once
//! it is on the screen: only then does the sender of a message hear that it was seen.
#![allow(clippy::disallowed_methods, reason = "the socket is a file")]

use crate::control::{self, Socket};
use office::Office;
use office::admin::Failure;
use office::screens::{Notice, Screen};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Screens at a time; who comes then is turned away. Each is a socket and a few kilobytes.
const SCREENS: usize = 256;

/// The longest line a client may send, in octets: a name or an answer.
const LINE_MAX: u64 = 1024;

/// The longest line a client takes, in octets: a notice holds at most 16 KiB of text, each octet at most six in JSON.
const NOTICE_MAX: u64 = 256 * 1024;

/// How long a client may take to read or to say who it is.
const SILENCE: Duration = Duration::from_secs(10);

/// What the server says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// The screen is this account's now.
    Watching(String),
    /// It is nobody's.
    Failed(Failure),
    /// To be shown, and then answered with an empty line.
    Notice(Notice),
}

/// Where the socket of a data folder is.
#[must_use]
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("screens.sock")
}

/// Serves screens until the drain signal.
pub(crate) async fn serve(socket: Socket, office: Office, mut drain: watch::Receiver<bool>) {
    let mut screens = JoinSet::new();
    loop {
        let client = tokio::select! {
            _ = drain.changed() => return,
            Some(_) = screens.join_next() => continue,
            client = socket.accept() => client,
        };
        let Some(client) = client.filter(|_| screens.len() < SCREENS) else { continue };
        let office = office.clone();
        screens.spawn(async move {
            if let Err(error) = attend(client, &office).await {
                tracing::debug!(%error, "a screen went dark");
            }
        });
    }
}

async fn attend(client: UnixStream, office: &Office) -> io::Result<()> {
    let (read, mut write) = client.into_split();
    let mut read = tokio::io::BufReader::new(read);
    let name = tokio::time::timeout(SILENCE, line(&mut read)).await??;
    match office.screen(name.trim_end()).await {
        Ok(screen) => {
            say(&mut write, &Said::Watching(screen.address.to_string())).await?;
            pass_on(screen, &mut read, &mut write).await
        }
        Err(failure) => say(&mut write, &Said::Failed(failure)).await,
    }
}

/// One notice after the other; ends when the client goes.
async fn pass_on(
    mut screen: Screen,
    read: &mut tokio::io::BufReader<OwnedReadHalf>,
    write: &mut (impl AsyncWriteExt + Unpin),
) -> io::Result<()> {
    loop {
        let shown = tokio::select! {
            // Nothing was asked of the client: it has gone, or says what nobody wants to hear.
            _ = line(read) => return Ok(()),
            shown = screen.notices.recv() => shown,
        };
        let Some(shown) = shown else { return Ok(()) };
        say(write, &Said::Notice(shown.notice)).await?;
        tokio::time::timeout(SILENCE, line(read)).await??;
        // Who sent it may have stopped waiting.
        let _ = shown.done.send(());
    }
}

async fn line(read: &mut tokio::io::BufReader<OwnedReadHalf>) -> io::Result<String> {
    let mut line = Vec::new();
    let octets = read.take(LINE_MAX).read_until(b'\n', &mut line).await?;
    match line.last() {
        Some(b'\n') => Ok(String::from_utf8_lossy(&line).into_owned()),
        _ if octets == 0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

async fn say(write: &mut (impl AsyncWriteExt + Unpin), said: &Said) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    tokio::time::timeout(SILENCE, write.write_all(&line)).await?
}

/// A screen, from the client's side; blocking.
pub struct Watch {
    read: BufReader<BlockingStream>,
    write: BlockingStream,
}

impl Watch {
    /// Connects to the server of a data folder; `None`: there is none.
    ///
    /// # Errors
    /// Those of the system.
    pub fn connect(data_dir: &Path) -> io::Result<Option<Watch>> {
        match control::connect(&path(data_dir)) {
            Ok(stream) => Ok(Some(Watch { read: BufReader::new(stream.try_clone()?), write: stream })),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a line: whose screen it is, or nothing once a notice is shown.
    ///
    /// # Errors
    /// The connection's.
    pub fn say(&mut self, line: &str) -> io::Result<()> {
        self.write.write_all(format!("{line}\n").as_bytes())
    }

    /// What the server says next; `None` when it has gone.
    ///
    /// # Errors
    /// The connection's; or it said something else than a server of this version.
    pub fn hear(&mut self) -> io::Result<Option<Said>> {
        let mut line = Vec::new();
        self.read.by_ref().take(NOTICE_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_slice(&line)?)) }
    }
}
