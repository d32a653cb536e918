//! The real binary as a server: built by cargo, started on a house, its ports read from what it prints.

use crate::Ports;
use crate::house::House;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use wire::dialogue::Port;

/// A running `pillarbox serve`. Killed when dropped, without a farewell.
pub struct Binary {
    child: Child,
    /// Where its listeners are.
    pub ports: Ports,
}

impl Binary {
    /// Starts it and waits until it is ready.
    pub fn start(house: &House) -> Result<Binary> {
        let mut command = Command::new(executable()?);
        command.stdin(Stdio::null());
        Binary::start_by(house, command)
    }

    /// The same with a limit on open files, which it cannot raise.
    pub fn start_with_files(house: &House, files: u32) -> Result<Binary> {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={files}:{files}")).arg(executable()?);
        Binary::start_by(house, command)
    }

    /// The same with a command that leads to it: with an environment of its own, or through another program.
    pub fn start_by(house: &House, mut command: Command) -> Result<Binary> {
        let log = house.path("log");
        let stderr = File::options().create(true).append(true).open(&log)?;
        let mut child = command
            .arg("serve")
            .arg("-c")
            .arg(house.configuration())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .context("start pillarbox")?;
        let stdout = child.stdout.take().context("its stdout is a pipe")?;
        match listeners(stdout) {
            Ok(ports) => Ok(Binary { child, ports }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                Err(error.context(format!("pillarbox serve did not start; it said:\n{log}")))
            }
        }
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) -> Result<()> {
        self.stop()
    }

    /// The same, for one that is about to be replaced.
    pub fn stop(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Tells it to stop, and waits until it is gone.
    ///
    /// # Errors
    /// When it does not end well.
    pub fn terminate(&mut self) -> Result<()> {
        self.signal("TERM")?;
        anyhow::ensure!(self.wait()?, "it did not end well");
        Ok(())
    }

    /// Sends it a signal: `TERM`, `HUP`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status()?;
        anyhow::ensure!(status.success(), "kill -{name} failed");
        Ok(())
    }

    /// Its process id, for signals.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it lives.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits until it ends by itself; whether it ended well.
    pub fn wait(&mut self) -> Result<bool> {
        Ok(self.child.wait()?.success())
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs an administrator's command on the house; its stdout.
pub fn command(house: &House, arguments: &[&str]) -> Result<String> {
    let ended = try_command(house, arguments)?;
    anyhow::ensure!(ended.code == Some(0), "pillarbox {}: {}{}", arguments.join(" "), ended.stdout, ended.stderr);
    Ok(ended.stdout)
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

/// Runs an administrator's command on the house, however it ends.
pub fn try_command(house: &House, arguments: &[&str]) -> Result<Ended> {
    let mut command = Command::new(executable()?);
    let output = command.args(arguments).arg("-c").arg(house.configuration()).stdin(Stdio::null()).output()?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Ok(Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
}

/// Reads `listening NAME ADDRESS` lines up to `ready`; what comes later is read and thrown away, so that the pipe
/// never fills.
fn listeners(stdout: ChildStdout) -> Result<Ports> {
    let mut ports = Ports::new();
    let mut lines = BufReader::new(stdout).lines();
    loop {
        let Some(line) = lines.next() else { bail!("it ended before it was ready") };
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["ready", ..] => break,
            ["listening", name, address, ..] => {
                if let Some(port) = Port::named(name) {
                    ports.insert(port, address.parse().with_context(|| line.clone())?);
                }
            }
            _ => {}
        }
    }
    std::thread::spawn(move || lines.for_each(drop));
    Ok(ports)
}

/// The binary of this workspace, built once a test run with the profile of the tests.
pub fn executable() -> Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built.as_deref().map_err(|error| anyhow::anyhow!("{error}"))
}

fn build() -> Result<PathBuf> {
    // target/<profile>/deps/it-<hash>
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).context("the test lies in target/<profile>/deps")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "pillarbox", "--bin", "pillarbox"]);
    command.arg("--target-dir").arg(folder.parent().context("the profile's folder lies in the target folder")?);
    if folder.ends_with("release") {
        command.arg("--release");
    }
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).status().context("run cargo build")?;
    anyhow::ensure!(status.success(), "cargo build --package pillarbox failed");
    Ok(folder.join("pillarbox"))
}
