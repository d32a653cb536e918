//! All hosts of the lab together, in one folder that goes away at the end unless it is to be kept.

use crate::{Host, Ports, Scenario, worlds};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The hosts, running.
pub struct Internet {
    hosts: Vec<Host>,
    folder: Folder,
}

enum Folder {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Folder::Kept(path) => path,
            Folder::Temporary(folder) => folder.path(),
        }
    }
}

impl Internet {
    /// Starts every host of a scenario, each in a folder of its name below `keep`, or below a folder of its own.
    ///
    /// # Errors
    /// Those of [`Host::start`]; no host is left running then.
    pub async fn start(scenario: Scenario, ports: Ports, keep: Option<&Path>) -> Result<Internet> {
        let folder = match keep {
            Some(path) => Folder::Kept(std::path::absolute(path)?),
            None => Folder::Temporary(TempDir::with_prefix("pillarbox-lab-")?),
        };
        let mut internet = Internet { hosts: Vec::new(), folder };
        for (number, world) in (0..).zip(worlds(scenario)) {
            let place = internet.folder.path().join(&world.hostname);
            match Host::start(world, &place, ports.of_host(number)).await {
                Ok(host) => internet.hosts.push(host),
                Err(error) => {
                    internet.drain(Duration::ZERO).await;
                    return Err(error);
                }
            }
        }
        Ok(internet)
    }

    /// The hosts, in the order in which they are shown.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The folder with a folder for each host.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether the folder stays when this ends.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        matches!(self.folder, Folder::Kept(_))
    }

    /// Lets sessions finish for up to `grace` at each host and closes the stores.
    pub async fn drain(&self, grace: Duration) {
        for host in &self.hosts {
            host.drain(grace).await;
        }
    }
}
