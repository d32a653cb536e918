//! The servers that are measured, each private: its own folder, its own ports on loopback, started here and ended here.

mod cyrus;
mod dovecot;
mod house;
mod postfix;

pub use cyrus::Cyrus;
pub use dovecot::Dovecot;
pub use house::House;

use crate::tree::Tree;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The domain of every recipient.
pub const DOMAIN: &str = "bench.test";
/// The domain of recipients elsewhere: their mail goes on to the next hop.
pub const AWAY: &str = "away.test";
/// The password of everybody.
pub const PASSWORD: &str = "hungry-for-mail";
/// Who gets mail: `u0` and on.
pub const USERS: u64 = 100;

/// How long a server may take to answer after its start.
const START: Duration = Duration::from_secs(20);

/// Postfix hands mail to Dovecot by LMTP; mail rests in mdbox.
pub struct Debian {
    /// Takes mail.
    pub smtp: SocketAddr,
    /// Gives it back.
    pub pop3: SocketAddr,
    postfix: postfix::Postfix,
    dovecot: dovecot::Dovecot,
}

impl Debian {
    /// Starts both. `kept`: processes are kept and reused instead of ended after some work, the faster of the two ways
    /// Dovecot is run.
    ///
    /// # Errors
    /// They are not installed, or this is not root, which Postfix asks for.
    pub fn start(folder: &Path, kept: bool, next_hop: SocketAddr) -> Result<Debian> {
        if !nix_is_root()? {
            bail!("Postfix wants root to start, so the comparison does too");
        }
        let dovecot = dovecot::Dovecot::start(&folder.join("dovecot"), kept)?;
        let postfix = postfix::Postfix::start(&folder.join("postfix"), (dovecot.lmtp, next_hop), kept)?;
        Ok(Debian { smtp: postfix.smtp, pop3: dovecot.pop3, postfix, dovecot })
    }

    /// The processes of Postfix alone: mail that goes on does not reach Dovecot.
    pub fn relay(&self) -> Vec<Tree> {
        vec![self.postfix.tree]
    }

    /// Both process trees.
    pub fn trees(&self) -> Vec<Tree> {
        vec![self.postfix.tree, self.dovecot.tree]
    }

    /// Returns when every message accepted is in its mailbox.
    pub fn delivered(&self) -> Result<()> {
        self.postfix.empty()
    }
}

fn nix_is_root() -> Result<bool> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    Ok(line.split_whitespace().nth(1) == Some("0"))
}

/// A port nobody listens on at this moment.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Returns when each of these doors greets: a listener alone may be ahead of its server.
fn answers(what: &str, doors: &[SocketAddr], log: &Path) -> Result<()> {
    let began = Instant::now();
    for door in doors {
        while !greets(*door) {
            if began.elapsed() > START {
                let log = fs::read_to_string(log).unwrap_or_default();
                bail!("{what} does not answer at {door}; its log ends with\n{}", tail(&log));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}

fn greets(door: SocketAddr) -> bool {
    let patience = Duration::from_secs(1);
    let Ok(mut connection) = TcpStream::connect_timeout(&door, patience) else { return false };
    connection.set_read_timeout(Some(patience)).is_ok() && matches!(connection.read(&mut [0]), Ok(1))
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n")
}

/// Where a program of Debian's is: some live where only root looks.
fn program(name: &str) -> Result<PathBuf> {
    let places = ["/usr/sbin", "/usr/bin", "/usr/lib/postfix/sbin"];
    let found = places.iter().map(|place| Path::new(place).join(name)).find(|path| path.exists());
    found.with_context(|| format!("{name} is not installed (Debian: postfix dovecot-pop3d dovecot-lmtpd)"))
}

/// Runs a program to its end. What it prints goes nowhere: a daemon it leaves behind would keep a pipe open for ever.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

/// A key and a certificate of its own, as `key.pem` and `cert.pem` of a folder.
fn certificate(folder: &Path) -> Result<()> {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=mx.bench.test";
    let (key, certificate) = (folder.join("key.pem"), folder.join("cert.pem"));
    let mut openssl = Command::new(program("openssl")?);
    run(openssl.args(words.split(' ')).arg("-keyout").arg(key).arg("-out").arg(certificate))
}

fn pid_in(path: &Path) -> Result<u32> {
    let text = fs::read_to_string(path).with_context(|| format!("no process id in {}", path.display()))?;
    Ok(text.trim().parse()?)
}
