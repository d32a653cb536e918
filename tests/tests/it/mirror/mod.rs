//! The user agent's mirror against the real server over sockets: IMAP with everything this server offers, and a link that is
//! cut at random.

mod imap;
mod random;
mod worker;

use agent::mirror::{FolderId, Mirror, Row, View};
use agent::progress::Watcher;
use agent::remote::imap::{ImapRemote, Opening};
use agent::remote::{Brought, Remote, Scope};
use agent::trouble::Trouble;
use message::Time;
use net::{Clock, Seat, Security, Surroundings};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tempfile::TempDir;
use tests::house::{self, House};
use tests::in_process::InProcess;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use wire::dialogue::{Dialogue, Port};
use wire::imap::client::{Profile, Timeouts};
use wire::sasl::Secret;
use wire::sasl::client::Credential;
use wire::smtp::client::{Login, Tls};

const NOW: Time = Time(1_795_000_000_000);

/// A server with alice and bob: ours, in this process; or another's, which `PILLARBOX_MIRROR_OF` names by its address, where
/// alice has nothing yet.
struct Place {
    imap: SocketAddr,
    submission: Option<SocketAddr>,
    runtime: Runtime,
    _server: Option<InProcess>,
    // Last: the server is drained before its folder goes.
    _house: Option<House>,
}

impl Place {
    fn new() -> Place {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        if let Ok(address) = std::env::var("PILLARBOX_MIRROR_OF") {
            return Place { imap: address.parse().unwrap(), submission: None, runtime, _server: None, _house: None };
        }
        let text = "= hostname hamburger.edu\n= plaintext-login 127.0.0.0/8\n= account alice@hamburger.edu ketchup\n\
                    = account bob@hamburger.edu hungry\n";
        let world = Dialogue::parse("mirror", text, &|file| Err(file.to_owned())).unwrap().world;
        let house = House::found(&world).unwrap();
        house::fill(&house, &world).unwrap();
        let server = InProcess::start(&house).unwrap();
        Place {
            imap: server.ports[&Port::Imap],
            submission: Some(server.ports[&Port::Submission]),
            runtime,
            _server: Some(server),
            _house: Some(house),
        }
    }

    fn imap(&self) -> SocketAddr {
        self.imap
    }
}

/// One program of alice's.
struct Program {
    mirror: Mirror,
    clock: Clock,
    _folder: TempDir,
}

impl Program {
    fn new() -> Program {
        let folder = TempDir::with_prefix("mirror-").unwrap();
        let mirror = Mirror::open(&folder.path().join("mirror.sqlite")).unwrap();
        Program { mirror, clock: Clock::manual(NOW), _folder: folder }
    }

    async fn connect(&self, to: SocketAddr) -> Result<ImapRemote, Trouble> {
        let login = Login {
            user: "alice@hamburger.edu".to_owned(),
            credential: Credential::Password(Secret(b"ketchup".to_vec())),
            in_the_clear: true,
        };
        let profile = Profile { tls: Tls::Never, login: Some(login), timeouts: Timeouts::default() };
        let around = Surroundings {
            clock: self.clock.clone(),
            drain: watch::channel(false).1,
            security: Security::Plain,
            seat: Seat::new(self.clock.now()),
        };
        let transport = net::dial::connect(to).await.unwrap();
        let opening = Opening { profile, around, host: "hamburger.edu".to_owned(), names: Vec::new() };
        ImapRemote::open(transport, opening).await
    }

    /// One round: what was done goes there, what is there comes here.
    async fn sync(&self, to: SocketAddr, scope: &Scope) -> Result<Brought, Trouble> {
        let watcher = Watcher::nobody();
        let mut remote = self.connect(to).await?;
        remote.push(&self.mirror, &watcher).await?;
        let brought = remote.pull(&self.mirror, scope, &watcher).await?;
        remote.close().await;
        Ok(brought)
    }

    fn folder(&self, name: &str) -> FolderId {
        self.mirror.folder_named(name).unwrap().unwrap().id
    }

    fn rows(&self, folder: FolderId) -> Vec<Row> {
        let view = View { folder: Some(folder), ..View::default() };
        self.mirror.rows(&view, NOW, 0, 100_000).unwrap()
    }

    /// Everything there is: by folder, the Message-IDs with their flags.
    fn everything(&self) -> BTreeMap<String, Vec<String>> {
        let folders = self.mirror.folders().unwrap();
        let listed = folders.into_iter().map(|folder| {
            let line = |row: &Row| format!("{} {:x} {:?}", row.message_id, row.flags.bits, row.flags.keywords);
            let mut rows: Vec<String> = self.rows(folder.id).iter().map(line).collect();
            rows.sort_unstable();
            (folder.name, rows)
        });
        listed.collect()
    }
}

fn letter(id: &str, subject: &str) -> Vec<u8> {
    format!(
        "From: Bob <bob@hamburger.edu>\r\nTo: alice@hamburger.edu\r\nSubject: {subject}\r\nMessage-ID: <{id}@hamburger.edu>\r\n\
         Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\nDo you like ketchup?\r\nHow about {subject}?\r\n"
    )
    .into_bytes()
}
