//! What the terminal and the system tell from outside: that something was typed, that the terminal is gone (SIGHUP, or nobody at
//! its other end), that the program is to end (SIGTERM). SIGINT ends nothing: on the screen Ctrl-C is a key, and beside it, it is
//! for the command that runs there.
//!
//! The library that reads keys never comes back from a terminal that is gone. So it is only asked after something was seen here.

use crate::trouble::Trouble;
use office::admin::FailureKind;
use std::fs::File;
use std::io::{IsTerminal as _, stdin};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Shells tell that a program was ended by a signal by its number and this.
const BY_SIGNAL: u8 = 128;
/// SIGHUP, as a number.
const HANGUP: u8 = 1;
/// How long it may take to keep what was written once the terminal is gone: nobody could end the program by a key any more.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What was told, and whoever waits for it.
#[derive(Clone)]
pub struct Ending {
    signal: Arc<AtomicU8>,
    woken: Arc<Mutex<Receiver<()>>>,
}

/// What is listened to.
struct Ears {
    signals: [Signal; 3],
    terminal: Option<AsyncFd<File>>,
    signal: Arc<AtomicU8>,
    waking: Sender<()>,
}

impl Ending {
    /// Listens from now on, as long as the program runs.
    pub fn listen() -> Result<Ending, Trouble> {
        let failed = |error: std::io::Error| Trouble::new(FailureKind::Software, format!("cannot begin: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (waking, woken) = channel();
        let heard = Arc::new(AtomicU8::new(0));
        let ears = {
            let _inside = runtime.enter();
            let ear = |kind: SignalKind| signal(kind).map_err(failed);
            let signals = [ear(SignalKind::hangup())?, ear(SignalKind::terminate())?, ear(SignalKind::interrupt())?];
            let terminal = terminal().map_err(failed)?;
            // One that cannot be waited for, as no real terminal is, is looked at without.
            #[allow(
                deprecated,
                reason = "the other way is unsafe; this file is ours, and lives as long as what waits for it"
            )]
            let terminal = AsyncFd::with_interest(terminal, Interest::READABLE).ok();
            Ears { signals, terminal, signal: heard.clone(), waking }
        };
        std::thread::spawn(move || runtime.block_on(ears.listen()));
        Ok(Ending { signal: heard, woken: Arc::new(Mutex::new(woken)) })
    }

    /// Waits so long until something is typed or told; whether the program is to end.
    pub fn is_over(&self, patience: Duration) -> bool {
        let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether something came or not: what was told is looked at.
        let _ = woken.recv_timeout(patience);
        while woken.try_recv().is_ok() {}
        self.signal.load(Ordering::Acquire) != 0
    }

    /// The code to end with, where it was told to.
    pub fn code(&self) -> Option<u8> {
        Some(self.signal.load(Ordering::Acquire)).filter(|signal| *signal != 0).map(|signal| BY_SIGNAL + signal)
    }
}

/// The terminal that keys come from.
#[allow(clippy::disallowed_methods, reason = "the terminal is no file of anybody")]
fn terminal() -> std::io::Result<File> {
    if stdin().is_terminal() { Ok(stdin().as_fd().try_clone_to_owned()?.into()) } else { File::open("/dev/tty") }
}

impl Ears {
    async fn listen(mut self) {
        loop {
            let [hangup, terminate, interrupt] = &mut self.signals;
            let told = tokio::select! {
                _ = hangup.recv() => HANGUP,
                _ = terminate.recv() => u8::try_from(SignalKind::terminate().as_raw_value()).unwrap_or(HANGUP),
                _ = interrupt.recv() => continue,
                is_gone = touched(self.terminal.as_ref()) => if is_gone { HANGUP } else { 0 },
            };
            if told != 0 {
                self.signal.store(told, Ordering::Release);
            }
            // Whoever waits has ended when nobody hears.
            let _ = self.waking.send(());
            if told == HANGUP {
                tokio::time::sleep(LAST_WORDS).await;
                std::process::exit(i32::from(BY_SIGNAL + HANGUP));
            }
        }
    }
}

/// Something was typed (false), or the terminal is gone (true).
async fn touched(terminal: Option<&AsyncFd<File>>) -> bool {
    let Some(terminal) = terminal else { return std::future::pending().await };
    match terminal.readable().await {
        Ok(mut seen) => {
            let is_gone = seen.ready().is_read_closed();
            seen.clear_ready();
            is_gone
        }
        Err(_) => std::future::pending().await,
    }
}
