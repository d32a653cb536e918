//! One host of the lab: a whole server in this process, on loopback, with a data folder of its own.
#![allow(clippy::disallowed_methods, reason = "the lab writes the configuration of its hosts")]

use crate::{Site, configuration, fill};
use anyhow::{Context, Result};
use net::dns::Resolver;
use office::Office;
use server::{Config, Running, Seams};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::dialogue::{Port, World};

/// A running host.
pub struct Host {
    world: World,
    configuration: PathBuf,
    furnished: bool,
    running: Running,
}

impl Host {
    /// Furnishes a host in a folder and starts it. A folder where it lived before is taken as it is.
    ///
    /// # Errors
    /// The world does not fit together, the disk fails, or the server does not start ([`server::StartError`]).
    pub async fn start(world: World, folder: &Path, site: Site) -> Result<Host> {
        let resolver = site.around.is_none().then(|| Resolver::table([]));
        Host::start_with(world, folder, site, Seams { resolver, ..Seams::system() }).await
    }

    /// The same with a clock, randomness, names and a disk of the caller's.
    ///
    /// # Errors
    /// Those of [`Host::start`].
    pub async fn start_with(world: World, folder: &Path, site: Site, seams: Seams) -> Result<Host> {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let (file, data) = (folder.join("pillarbox.toml"), folder.join("data"));
        std::fs::write(&file, configuration(&world, &data, &site)).with_context(|| file.display().to_string())?;
        let config = Config::load(Some(&file))?;
        let furnished = !data.exists();
        if furnished {
            furnish(&data, &world, &config, &seams).await?;
        }
        let running = server::start(config, seams).await?;
        Ok(Host { world, configuration: file, furnished, running })
    }

    /// The world it was made from.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Its configuration file: with it, every command of `pillarbox` works on this host.
    #[must_use]
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// Whether people and mail were put in now; `false`: they are as they were left.
    #[must_use]
    pub fn is_furnished(&self) -> bool {
        self.furnished
    }

    /// Where its listeners are.
    #[must_use]
    pub fn addresses(&self) -> Vec<(Port, SocketAddr)> {
        let addresses = self.running.addresses().into_iter();
        addresses.filter_map(|(kind, address)| Some((Port::named(&kind.to_string())?, address))).collect()
    }

    /// Where one listener is.
    #[must_use]
    pub fn address(&self, port: Port) -> Option<SocketAddr> {
        self.addresses().into_iter().find(|(known, _)| *known == port).map(|(_, address)| address)
    }

    /// The certificate it shows.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.running.own_certificate()
    }

    /// Its post office.
    #[must_use]
    pub fn office(&self) -> &Office {
        self.running.office()
    }

    /// Its server.
    #[must_use]
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Lets sessions finish for up to `grace`, then closes its store.
    pub async fn drain(&self, grace: Duration) {
        self.running.drain(grace).await;
    }
}

/// Fills a folder beside and moves it in place when all is done: what was cut short is never taken for the whole.
async fn furnish(data: &Path, world: &World, config: &Config, seams: &Seams) -> Result<()> {
    let beside = data.with_extension("unfinished");
    if beside.exists() {
        std::fs::remove_dir_all(&beside).with_context(|| beside.display().to_string())?;
    }
    fill(&beside, world, config.policy(), seams).await?;
    std::fs::rename(&beside, data).with_context(|| data.display().to_string())
}
