//! A server in the test's own process, on a house, over loopback.

use crate::Ports;
use crate::house::House;
use anyhow::{Result, anyhow};
use server::{Config, Running, Seams};
use std::time::Duration;
use tokio::runtime::Runtime;
use wire::dialogue::Port;

/// How long it may take to stop: nobody is connected any more.
const GRACE: Duration = Duration::from_secs(5);

/// A running server. Drained when dropped.
pub struct InProcess {
    runtime: Runtime,
    running: Running,
    /// Where its listeners are.
    pub ports: Ports,
}

impl InProcess {
    /// Starts it; the listeners are open when this returns.
    pub fn start(house: &House) -> Result<InProcess> {
        InProcess::start_with(house, Seams::system())
    }

    /// The same with another clock, disk, ...
    pub fn start_with(house: &House, seams: Seams) -> Result<InProcess> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let config = Config::load(Some(&house.configuration())).map_err(|error| anyhow!("{error}"))?;
        let running = runtime.block_on(server::start(config, seams))?;
        let mut ports = Ports::new();
        for (kind, address) in running.addresses() {
            if let Some(port) = Port::named(&kind.to_string()) {
                ports.insert(port, address);
            }
        }
        Ok(InProcess { runtime, running, ports })
    }

    /// Waits until it ends by itself: the exit code a process would end with, and its words.
    #[must_use]
    pub fn wait(&self) -> (u8, String) {
        match self.runtime.block_on(self.running.wait()) {
            Ok(()) => (0, String::new()),
            Err(error) => (error.exit_code(), error.to_string()),
        }
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.runtime.block_on(self.running.drain(GRACE));
    }
}
