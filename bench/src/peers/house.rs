//! Pillarbox itself, the release binary that was built beside this program.

use super::{AWAY, DOMAIN, PASSWORD, answers, free_port, loopback};
use crate::tree::Tree;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the server may take to end.
const END: Duration = Duration::from_secs(30);
/// How long the queue may take to empty after the last message.
const DRAIN: Duration = Duration::from_secs(300);

/// A private Pillarbox.
pub struct House {
    /// Takes mail.
    pub smtp: SocketAddr,
    /// Gives it back.
    pub pop3: SocketAddr,
    /// The same, mailboxes and all.
    pub imap: SocketAddr,
    /// And under TLS from the start.
    pub imaps: SocketAddr,
    /// JMAP, in the clear.
    pub http: SocketAddr,
    configuration: PathBuf,
    log: PathBuf,
    running: Option<Child>,
}

impl House {
    /// Writes the configuration, makes the accounts and starts the server.
    pub fn start(folder: &Path, next_hop: SocketAddr, users: u64) -> Result<House> {
        fs::create_dir_all(folder)?;
        let [smtp, pop3] = [loopback(free_port()?), loopback(free_port()?)];
        let [imap, imaps, http] = [loopback(free_port()?), loopback(free_port()?), loopback(free_port()?)];
        let configuration = folder.join("pillarbox.toml");
        let log = folder.join("log");
        let mut house = House { smtp, pop3, imap, imaps, http, configuration, log, running: None };
        fs::write(&house.configuration, text(folder, &house, next_hop))?;
        house.run()?;
        for user in 0..users {
            house.add_account(&format!("u{user}@{DOMAIN}"))?;
        }
        Ok(house)
    }

    /// Starts the server; how long it took until it answered.
    pub fn run(&mut self) -> Result<Duration> {
        let began = Instant::now();
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(binary()?);
        command.arg("-c").arg(&self.configuration).arg("serve").stdout(Stdio::null()).stderr(log);
        self.running = Some(command.spawn()?);
        answers("pillarbox", &[self.smtp, self.pop3, self.imap], &self.log)?;
        Ok(began.elapsed())
    }

    /// Ends the server as an administrator would.
    pub fn end(&mut self) -> Result<()> {
        let Some(mut child) = self.running.take() else { return Ok(()) };
        super::run(Command::new("kill").arg(child.id().to_string()))?;
        let began = Instant::now();
        while child.try_wait()?.is_none() {
            if began.elapsed() > END {
                child.kill()?;
                bail!("the server did not end within {} s of SIGTERM", END.as_secs());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn add_account(&self, address: &str) -> Result<()> {
        let mut command = Command::new(binary()?);
        command.arg("-c").arg(&self.configuration).args(["account", "add", address, "--password-stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut stdin = child.stdin.take().context("no pipe to the program")?;
        writeln!(stdin, "{PASSWORD}")?;
        drop(stdin);
        ensure!(child.wait()?.success(), "account {address} could not be made");
        Ok(())
    }

    /// Returns when nothing waits to leave.
    pub fn empty(&self) -> Result<()> {
        let began = Instant::now();
        while !self.waits_for_nothing()? {
            ensure!(began.elapsed() < DRAIN, "messages stay in the queue");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn waits_for_nothing(&self) -> Result<bool> {
        let mut command = Command::new(binary()?);
        command.arg("-c").arg(&self.configuration).args(["queue", "list", "--limit", "1", "--json"]);
        let output = command.stdin(Stdio::null()).output()?;
        ensure!(output.status.success(), "queue list failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<String>().contains("\"queue\":[]"))
    }

    /// Its process.
    pub fn tree(&self) -> Tree {
        Tree(self.running.as_ref().map(Child::id).unwrap_or_default())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The `pillarbox` of the same build as this program.
fn binary() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let path = here.parent().unwrap_or(Path::new(".")).join("pillarbox");
    ensure!(path.exists(), "{} is missing: cargo build --release --workspace", path.display());
    Ok(path)
}

fn text(folder: &Path, house: &House, next_hop: SocketAddr) -> String {
    let House { smtp, pop3, imap, imaps, http, .. } = house;
    format!(
        "hostname = \"mx.{DOMAIN}\"
data_dir = \"{}/data\"
domains = [\"{DOMAIN}\"]
[listen]
smtp = [\"{smtp}\"]
pop3 = [\"{pop3}\"]
imap = [\"{imap}\"]
imaps = [\"{imaps}\"]
http = [\"{http}\"]
[trust]
relay_networks = [\"127.0.0.0/8\"]
plaintext_login_networks = [\"127.0.0.0/8\"]
[limits]
connections = 20000
message_size = \"200 MiB\"
[outbound]
loopback_targets = true
[[route]]
domain = \"{AWAY}\"
host = \"{next_hop}\"
",
        folder.display()
    )
}
