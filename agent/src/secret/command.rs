//! Programs that give secrets, or keep them: one is started, given a secret on stdin where it takes one, and its first
//! line is read. Owns the limits of time and length, and what is told when it fails. Nothing secret stands in its words.

use super::{SECRET_MAX, Secret};
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// How long a program may take: it may ask for a passphrase, and people look for it.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(120);
/// Octets of what a program says on stderr that are told when it fails; the rest is read and dropped.
pub const WORDS_MAX: usize = 1000;

/// Why a program did not do what it is for. None tells what it wrote to stdout.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It is not there, or may not be run.
    #[error("cannot run {0}: {1}")]
    Start(String, io::Error),
    /// It said no.
    #[error("{program} failed ({status}){words}", words = said(.words))]
    Failed {
        /// Which.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said on stderr.
        words: String,
    },
    /// It took too long and was ended.
    #[error("{0} took longer than {s} s", s = .1.as_secs())]
    Late(String, Duration),
    /// It says more than a secret can be long.
    #[error("{0} writes more than a secret can be long")]
    Long(String),
    /// Reading or writing failed.
    #[error("{0}: {1}")]
    Io(String, io::Error),
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

impl CommandError {
    /// The program is not installed.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, CommandError::Start(_, error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// What a program wrote and how it ended.
struct Ended {
    status: ExitStatus,
    octets: Zeroizing<Vec<u8>>,
    words: String,
}

/// The first line that a command writes; the shell runs it, for it is the person's own.
///
/// # Errors
/// It fails, writes too much or takes too long.
pub async fn first_line(line: &str) -> Result<Option<Secret>, CommandError> {
    // What is shown of it is its first word: the others may be somebody's business.
    let name = line.split_whitespace().next().unwrap_or("the command").to_owned();
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    run((command, name), None, COMMAND_LIMIT).await
}

/// Runs a program, gives it `input` on stdin, and takes its first line.
///
/// # Errors
/// It fails, writes too much or takes longer than `limit`.
pub async fn run(
    (mut command, name): (Command, String),
    input: Option<Secret>,
    limit: Duration,
) -> Result<Option<Secret>, CommandError> {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| CommandError::Start(name.clone(), error))?;
    let (done, ended) = oneshot::channel();
    let watched = watch(&mut child, input);
    let pipes = std::thread::Builder::new().name("command".to_owned()).spawn(move || done.send(watched()));
    pipes.map_err(|error| CommandError::Io(name.clone(), error))?;
    let Ok(ended) = tokio::time::timeout(limit, ended).await else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(CommandError::Late(name, limit));
    };
    let read = ended.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
    let status = child.wait().map_err(|error| CommandError::Io(name.clone(), error))?;
    let (octets, words) = read.map_err(|error| CommandError::Io(name.clone(), error))?;
    finish(name, Ended { status, octets, words })
}

fn finish(name: String, ended: Ended) -> Result<Option<Secret>, CommandError> {
    if !ended.status.success() {
        return Err(CommandError::Failed { program: name, status: ended.status, words: ended.words });
    }
    if ended.octets.len() as u64 > SECRET_MAX {
        return Err(CommandError::Long(name));
    }
    Ok(Secret::first_line(ended.octets.to_vec()))
}

type Read2 = io::Result<(Zeroizing<Vec<u8>>, String)>;

/// What is to be done on a thread of its own: all writes and reads, until the program has ended. The program itself stays
/// with the caller, who may end it.
fn watch(child: &mut Child, input: Option<Secret>) -> impl FnOnce() -> Read2 + Send + use<> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap_or_default());
    move || {
        // A program that says much on stderr must not wait for us to read it.
        let words = std::thread::Builder::new().name("command-words".to_owned()).spawn(move || read_words(stderr))?;
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            match stdin.write_all(input.octets()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                // One that does not read says why by its status.
                _ => {}
            }
        }
        let mut octets = Zeroizing::new(Vec::with_capacity(4096));
        if let Some(stdout) = stdout {
            stdout.take(SECRET_MAX + 1).read_to_end(&mut octets)?;
        }
        let words = words.join().unwrap_or_default();
        // Only looks: the caller takes its end, so that until then nobody else gets its number.
        let flags = nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT;
        nix::sys::wait::waitid(nix::sys::wait::Id::Pid(pid), flags)?;
        Ok((octets, words))
    }
}

/// What a program says on stderr, on one line.
fn read_words(stderr: Option<impl Read>) -> String {
    let mut octets = Vec::new();
    if let Some(mut stderr) = stderr {
        let _ = stderr.by_ref().take(WORDS_MAX as u64).read_to_end(&mut octets);
        let _ = io::copy(&mut stderr, &mut io::sink());
    }
    let text = String::from_utf8_lossy(&octets);
    let words: Vec<&str> =
        text.split(|c: char| c.is_control()).map(str::trim).filter(|part| !part.is_empty()).collect();
    words.join("; ")
}
