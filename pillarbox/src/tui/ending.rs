//! What tells the program to end from outside: SIGTERM, and SIGHUP when its terminal is gone. SIGINT ends nothing: on the
//! screen Ctrl-C is a key, and beside it, it is for the command that runs there.

use crate::trouble::Trouble;
use office::admin::FailureKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Shells tell that a program was ended by a signal by its number and this.
const BY_SIGNAL: u8 = 128;

/// What the program was told.
#[derive(Clone, Debug, Default)]
pub struct Ending(Arc<AtomicU8>);

impl Ending {
    /// Listens from now on, as long as the program runs.
    pub fn listen() -> Result<Ending, Trouble> {
        let failed = |error: std::io::Error| Trouble::new(FailureKind::Software, format!("cannot begin: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let kinds = [SignalKind::hangup(), SignalKind::terminate(), SignalKind::interrupt()];
        let [hangup, terminate, interrupt] = {
            let _inside = runtime.enter();
            kinds.map(signal)
        };
        let heard = (hangup.map_err(failed)?, terminate.map_err(failed)?, interrupt.map_err(failed)?);
        let ending = Ending::default();
        let told = ending.clone();
        std::thread::spawn(move || runtime.block_on(told.hear(heard)));
        Ok(ending)
    }

    async fn hear(self, (mut hangup, mut terminate, mut interrupt): (Signal, Signal, Signal)) {
        loop {
            let kind = tokio::select! {
                _ = hangup.recv() => SignalKind::hangup(),
                _ = terminate.recv() => SignalKind::terminate(),
                _ = interrupt.recv() => continue,
            };
            self.0.store(u8::try_from(kind.as_raw_value()).unwrap_or(1), Ordering::Release);
        }
    }

    /// Whether it was told to end.
    pub fn is_told(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    /// The code to end with, where it was told to.
    pub fn code(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Acquire)).filter(|signal| *signal != 0).map(|signal| BY_SIGNAL.saturating_add(signal))
    }
}
