//! The life of the server process: rights, logs, start, signals, end.

use crate::config::Config;
use crate::doors;
use crate::error::StartError;
use crate::house::House;
use crate::running::{Ready, Running, start_ready};
use crate::seams::Seams;
use crate::{logs, privileges, systemd};
use nix::sys::stat::{Mode, umask};
use std::io::Write;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long sessions may take to finish when the server is told to stop.
pub const GRACE: Duration = Duration::from_secs(30);

/// The same when the store has failed: nothing can be finished any more, only goodbye be said.
const GRACE_WITHOUT_STORE: Duration = Duration::from_secs(2);

/// Runs the server until it is told to stop. Prints `listening KIND ADDRESS` for each listener and `ready` to stdout.
///
/// # Errors
/// Why it does not start, or why it had to end; [`StartError::exit_code`] is for the process.
pub fn serve(config: Config) -> Result<(), StartError> {
    logs::start(&config.logs);
    // Mail is nobody else's business.
    umask(Mode::from_bits_truncate(0o077));
    privileges::raise_open_files();
    privileges::make_data_dir(&config)?;
    let ready = Ready::prepare(&config, doors::inherited()?)?;
    privileges::drop_to_user(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(live(config, ready))
}

async fn live(config: Config, ready: Ready) -> Result<(), StartError> {
    // Listened for before anything is open, so that none is missed.
    let mut signals = Signals::listen()?;
    let running = start_ready(config.clone(), Seams::system(), ready).await?;
    announce(&config, &running)?;
    systemd::ready();
    let ended = attend(&running, &mut signals, &config).await;
    systemd::stopping();
    let grace = if ended.is_ok() { GRACE } else { GRACE_WITHOUT_STORE };
    tokio::select! {
        () = running.drain(grace) => {}
        () = signals.stop() => tracing::warn!("told twice to stop: not waiting any longer"),
    }
    ended
}

/// Signals a server listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> Result<Signals, StartError> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Does what signals say until one says stop, or the store fails.
async fn attend(running: &Running, signals: &mut Signals, config: &Config) -> Result<(), StartError> {
    let alive_every = systemd::alive_every();
    loop {
        tokio::select! {
            ended = running.wait() => return ended,
            _ = signals.terminate.recv() => return Ok(()),
            _ = signals.interrupt.recv() => return Ok(()),
            _ = signals.hang_up.recv() => reload(running, config).await,
            () = tokio::time::sleep(alive_every.unwrap_or_default()), if alive_every.is_some() => systemd::alive(),
        }
    }
}

/// Reads the configuration file again. Whatever is wrong with it: the server goes on as it was.
async fn reload(running: &Running, config: &Config) {
    systemd::reloading();
    let read = match &config.file {
        Some(file) => Config::load(Some(file)),
        None => Config::without_file(),
    };
    let reloaded = match read {
        Ok(config) => running.reload(config).await,
        Err(error) => Err(error.into()),
    };
    match reloaded {
        Ok(()) => tracing::info!("configuration and certificate were read again"),
        Err(error) => tracing::error!(%error, "not reloaded, everything stays as it was"),
    }
    systemd::ready();
}

/// Says on stdout where the server listens, for scripts; on stderr what a newcomer may want to do next.
fn announce(config: &Config, running: &Running) -> Result<(), StartError> {
    let mut out = std::io::stdout().lock();
    for listener in running.addresses() {
        writeln!(out, "{}", House::describe(&listener))?;
    }
    writeln!(out, "ready")?;
    out.flush()?;
    tracing::info!(hostname = %config.hostname, data_dir = %config.data_dir.display(), "the server answers");
    if config.tls.is_none() {
        tracing::info!(sha256 = running.fingerprint(), "TLS with a certificate of our own making");
    }
    if config.file.is_none() {
        write!(std::io::stderr(), "{NEXT_STEPS}")?;
    }
    Ok(())
}

/// What to do with a server that nobody has configured.
const NEXT_STEPS: &str = "
There is no configuration file: this server keeps its mail in ./pillarbox-data and answers on this machine only.
Next, in another terminal:
  pillarbox domain add example.org
  pillarbox account add alice@example.org
then log in at http://127.0.0.1:8080/ (webmail), or send to 127.0.0.1 port 2525 and read by IMAP on port 5143 or POP3 on
port 5110 (login with TLS).
To run it for others, write a pillarbox.toml: `pillarbox config show --defaults` explains every key.

";

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "writes the configuration that is read again")]
    #![allow(clippy::unwrap_used)]
    use super::*;
    use nix::sys::signal::{Signal as Number, raise};
    use office::admin::{Request, Response};

    /// One test for all signals: they belong to the process, and tests run side by side.
    #[tokio::test]
    async fn hang_up_reloads_what_is_right_and_terminate_ends() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pillarbox.toml");
        let write = |rest: &str| {
            let text = format!(
                "hostname = \"mx.hamburger.edu\"\ndata_dir = \".\"\n{rest}[listen]\nsmtp = [\"127.0.0.1:0\"]\n"
            );
            std::fs::write(&file, text).unwrap();
        };
        write("");
        let config = Config::load(Some(&file)).unwrap();
        let mut signals = Signals::listen().unwrap();
        let running = crate::start(config.clone(), Seams::system()).await.unwrap();
        let recipients = || running.configuration().limits.recipients;
        let attending = attend(&running, &mut signals, &config);
        let script = async {
            write("[limits]\nrecipients = \"many\"\n");
            reload(&running, &config).await;
            assert_eq!(recipients(), 1000, "a file with mistakes is not taken in");
            write("[limits]\nrecipients = 7\n");
            while recipients() != 7 {
                raise(Number::SIGHUP).unwrap();
                tokio::task::yield_now().await;
            }
            raise(Number::SIGTERM).unwrap();
        };
        let (ended, ()) = tokio::join!(attending, script);
        ended.unwrap();
        let listed = running.office().administer(wire::Time(0), Request::DomainList).await;
        assert!(matches!(listed, Ok(Response::Domains(_))), "told to stop, not yet drained");
        running.drain(Duration::from_secs(5)).await;
        running.wait().await.unwrap();
    }
}
