//! All hosts of the lab together, in one folder that goes away at the end unless it is to be kept.

use crate::{Host, Ports, Scenario, worlds};
use anyhow::Result;
use server::StartError;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::task::Poll;
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

    /// Returns when a host has stopped by itself.
    ///
    /// # Errors
    /// When its store can no longer be trusted.
    pub async fn stopped(&self) -> Result<(), StartError> {
        let mut waits: Vec<_> = self.hosts.iter().map(|host| Box::pin(host.running().wait())).collect();
        poll_fn(|cx| {
            let ended = waits.iter_mut().map(|wait| wait.as_mut().poll(cx)).find(Poll::is_ready);
            ended.unwrap_or(Poll::Pending)
        })
        .await
    }

    /// Lets sessions finish for up to `grace` at each host and closes the stores.
    pub async fn drain(&self, grace: Duration) {
        for host in &self.hosts {
            host.drain(grace).await;
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests are clients and look into folders")]
mod tests {
    use super::*;
    use crate::Watch;
    use message::Time;
    use store::Op;
    use store::types::{QueueId, TraceEntry};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpStream;
    use wire::dialogue::Port;

    const GRACE: Duration = Duration::from_secs(5);

    /// The greeting, and the farewell after QUIT.
    async fn greeting(host: &Host, port: Port) -> String {
        let mut connection = BufReader::new(TcpStream::connect(host.address(port).unwrap()).await.unwrap());
        let mut text = String::new();
        connection.read_line(&mut text).await.unwrap();
        connection.write_all(b"QUIT\r\n").await.unwrap();
        text
    }

    #[tokio::test]
    async fn every_host_greets_by_its_own_name() {
        let internet = Internet::start(Scenario::Empty, Ports::Random, None).await.unwrap();
        let mut greetings = Vec::new();
        for host in internet.hosts() {
            greetings.push(greeting(host, Port::Smtp).await);
            assert!(greeting(host, Port::Pop3).await.starts_with("+OK "));
            assert_eq!(host.addresses().len(), Port::ALL.len());
            assert!(host.is_furnished());
        }
        for (name, line) in ["hamburger.edu", "mta13.adelphia.net", "cs.clemson.edu"].iter().zip(&greetings) {
            assert!(line.starts_with(&format!("220 {name} ")), "{line}");
        }
        let folder = internet.folder().to_owned();
        assert!(folder.join("hamburger.edu/pillarbox.toml").exists() && !internet.is_kept());
        internet.drain(GRACE).await;
        drop(internet);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn a_kept_host_is_found_again_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        for furnished in [true, false] {
            let internet = Internet::start(Scenario::Empty, Ports::Random, Some(folder.path())).await.unwrap();
            assert!(internet.is_kept());
            assert!(internet.hosts().iter().all(|host| host.is_furnished() == furnished));
            internet.drain(GRACE).await;
        }
        assert!(folder.path().join("cs.clemson.edu/data").exists());
    }

    #[tokio::test]
    async fn one_host_that_stops_is_noticed() {
        let internet = Internet::start(Scenario::Empty, Ports::Random, None).await.unwrap();
        let stopped = async {
            internet.hosts()[1].drain(GRACE).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = internet.stopped() => ended.unwrap(),
            () = stopped => {}
        }
        internet.drain(GRACE).await;
    }

    #[tokio::test]
    async fn what_was_cut_short_is_not_taken_for_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = folder.path().join("data.unfinished");
        std::fs::create_dir(&unfinished).unwrap();
        std::fs::write(unfinished.join("half"), "").unwrap();
        let world = worlds(Scenario::Empty).remove(1);
        let host = Host::start(world, folder.path(), Ports::Random).await.unwrap();
        assert!(host.is_furnished() && !unfinished.exists() && !folder.path().join("data/half").exists());
        host.drain(GRACE).await;
    }

    #[tokio::test]
    async fn news_are_told_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let world = worlds(Scenario::Empty).remove(0);
        let host = Host::start(world, folder.path(), Ports::Random).await.unwrap();
        let store = host.office().store();
        let entry = |at: u64, event: &str| TraceEntry {
            queue_id: QueueId(7),
            at: Time(at),
            event: event.to_owned(),
            address: Some("bob@hamburger.edu".to_owned()),
            detail: String::new(),
        };
        store.apply(Op::Trace(vec![entry(1, "accepted")])).await.unwrap();
        let mut watch = Watch::of(&host).await.unwrap();
        store.apply(Op::Trace(vec![entry(2, "delivered"), entry(3, "retrieved")])).await.unwrap();
        assert_eq!(watch.next().await.unwrap(), [entry(2, "delivered"), entry(3, "retrieved")]);
        store.apply(Op::Trace(vec![entry(4, "removed")])).await.unwrap();
        assert_eq!(watch.next().await.unwrap(), [entry(4, "removed")]);
        host.drain(GRACE).await;
    }
}
