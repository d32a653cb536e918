//! What systemd is told (sd_notify(3)); nothing where there is no systemd.

use sd_notify::NotifyState;
use std::time::Duration;

/// The server answers.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The server is about to read its configuration again; `ready` follows.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "systemd is not told of the reload"),
    }
}

/// The server is about to stop.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The server is alive.
pub(crate) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often to say so: half of what the unit asks for; `None` where it does not.
pub(crate) fn alive_every() -> Option<Duration> {
    let mut limit_us = 0;
    sd_notify::watchdog_enabled(false, &mut limit_us)
        .then(|| Duration::from_micros(limit_us / 2))
        .filter(|d| !d.is_zero())
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, states) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}
