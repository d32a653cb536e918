//! The way into the post office for programs on its host: over `mail.sock` where a server runs; where none does, the office
//! is opened within this process, for who may read the data folder, and only as long as something is asked: while it is
//! open, no server can start.

use super::{Visitor, open, path};
use crate::config::Config;
use crate::running::{has_store, open_office};
use crate::seams::Seams;
use net::clock::Clock;
use nix::unistd::geteuid;
use office::{HostDesk, Office};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use wire::host::{Answer, Carrier, Door, LINE_MAX, Later, Refusal, Reply, Request};

/// How long an answer may take: the post office may be busy with a large folder.
const PATIENCE: Duration = Duration::from_secs(120);

/// The door of the post office on this host.
#[derive(Clone, Debug)]
pub enum HostDoor {
    /// By a configuration file, where an account names none; `None`: it is looked for.
    File(Option<PathBuf>),
    /// With this configuration.
    Known(Arc<Config>),
}

impl Door for HostDoor {
    fn open<'a>(
        &'a self,
        configuration: Option<&'a Path>,
        account: &'a str,
    ) -> Later<'a, Result<Box<dyn Carrier>, Refusal>> {
        Box::pin(async move {
            let load = |file| {
                let loaded = Config::load_without_secrets(file);
                loaded.map_err(|error| Refusal { code: 78, text: error.to_string() })
            };
            let config = match (self, configuration) {
                (_, Some(file)) => Arc::new(load(Some(file))?),
                (HostDoor::File(file), None) => Arc::new(load(file.as_deref())?),
                (HostDoor::Known(config), None) => config.clone(),
            };
            let mut visit = Visit { config, account: account.to_owned(), way: Way::None };
            visit.enter().await?;
            Ok(Box::new(visit) as Box<dyn Carrier>)
        })
    }
}

/// A program's visit, which goes on while servers come and go.
struct Visit {
    config: Arc<Config>,
    account: String,
    way: Way,
}

enum Way {
    None,
    Socket(Socket),
    Alone(Box<Alone>),
}

impl Visit {
    async fn enter(&mut self) -> Result<(), Refusal> {
        if !matches!(self.way, Way::None) {
            return Ok(());
        }
        let request = Request::Open { account: Some(self.account.clone()) };
        self.way = match Socket::connect(&path(&self.config.data_dir)).await? {
            Some(mut socket) => {
                socket.ask(&request).await?;
                Way::Socket(socket)
            }
            None => {
                let mut alone = Box::new(Alone::open(&self.config).await?);
                let opened = alone.ask(request).await;
                if let Err(refusal) = opened {
                    alone.close().await;
                    return Err(refusal);
                }
                Way::Alone(alone)
            }
        };
        Ok(())
    }

    async fn leave(&mut self) {
        if let Way::Alone(alone) = std::mem::replace(&mut self.way, Way::None) {
            alone.close().await;
        }
    }
}

impl Carrier for Visit {
    fn ask(&mut self, request: Request) -> Later<'_, Result<Answer, Refusal>> {
        Box::pin(async move {
            self.enter().await?;
            match &mut self.way {
                Way::Alone(alone) => alone.ask(request).await,
                Way::None => Err(broken(&io::ErrorKind::NotConnected.into())),
                Way::Socket(socket) => {
                    let answer = socket.ask(&request).await;
                    if socket.is_broken {
                        self.way = Way::None;
                    }
                    answer
                }
            }
        })
    }

    fn rest(&mut self) -> Later<'_, bool> {
        Box::pin(async move {
            if matches!(self.way, Way::Alone(_)) {
                self.leave().await;
                return false;
            }
            true
        })
    }

    fn close(mut self: Box<Self>) -> Later<'static, ()> {
        Box::pin(async move { self.leave().await })
    }
}

/// A line to a server.
struct Socket {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    /// What comes next may be the answer to something else.
    is_broken: bool,
}

impl Socket {
    /// `None`: no server runs there.
    async fn connect(path: &Path) -> Result<Option<Socket>, Refusal> {
        match net::near::connect(path).await {
            Ok(stream) => {
                let (read, write) = stream.into_split();
                Ok(Some(Socket { read: BufReader::new(read), write, is_broken: false }))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(Refusal { code: 77, text: format!("this user may not go to {}", path.display()) })
            }
            Err(error) => Err(broken(&error)),
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Answer, Refusal> {
        self.is_broken = true;
        let exchanged = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        let line = exchanged.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(|error| broken(&error))?;
        let reply = serde_json::from_slice(&line);
        self.is_broken = reply.is_err();
        match reply {
            Ok(Reply::Ok(answer)) => Ok(answer),
            Ok(Reply::Refused(refusal)) => Err(refusal),
            Err(error) => {
                let text = format!("the server of this host is of another version: {error}");
                Err(Refusal { code: 76, text })
            }
        }
    }

    async fn exchange(&mut self, request: &Request) -> io::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.write.write_all(&line).await?;
        line.clear();
        (&mut self.read).take(LINE_MAX).read_until(b'\n', &mut line).await?;
        if line.last() == Some(&b'\n') { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

fn broken(error: &io::Error) -> Refusal {
    Refusal { code: 75, text: format!("the post office of this host does not answer: {error}") }
}

/// The post office without its server.
pub(super) struct Alone {
    desk: HostDesk,
    office: Office,
    clock: Clock,
}

impl Alone {
    /// Opens it: there has to be a store, for this user, that no server has.
    pub(super) async fn open(config: &Config) -> Result<Alone, Refusal> {
        let refuse = |code, text: String| Err(Refusal { code, text });
        if !has_store(&config.data_dir) {
            let folder = config.data_dir.display();
            // Whoever may not read it reaches it again when the server runs: nothing is lost, and nobody is refused.
            return refuse(75, format!("no server runs on this host, and its mail in {folder} cannot be read"));
        }
        // What is written here has to belong to the user the server runs as, and this process keeps its own.
        if let Some(user) = config.user.as_ref().filter(|user| geteuid().is_root() && user.as_str() != "root") {
            return refuse(75, format!("no server runs on this host: start it, or be the user {user}"));
        }
        let seams = Seams::system();
        let office = open_office(config, &seams).await;
        let office = office.map_err(|error| Refusal { code: error.exit_code(), text: error.to_string() })?;
        Ok(Alone { desk: office.host(), office, clock: seams.clock })
    }

    pub(super) async fn ask(&mut self, request: Request) -> Result<Answer, Refusal> {
        match request {
            Request::Open { account } => {
                let visitor = Visitor { uid: geteuid().as_raw(), trusted: true };
                let (desk, answer) = open(&self.office, &visitor, account).await?;
                self.desk = desk;
                Ok(answer)
            }
            request => self.desk.answer(self.clock.now(), request).await,
        }
    }

    pub(super) async fn close(self) {
        let store = self.office.store().clone();
        drop(self.desk);
        drop(self.office);
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
}
