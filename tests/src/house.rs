//! A house made from the world of a dialogue: a folder with the configuration, the certificate and the store, filled
//! with the world's accounts, aliases and mail. Both runs over sockets start from it.

mod mailboxes;

use crate::seed::Seed;
use anyhow::{Context, Result, anyhow, ensure};
use message::summary::Summary;
use message::{Address, Time};
use office::admin::{AliasTo, Request};
use office::{Office, Seams};
use rustls::ClientConfig;
use server::Config;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use store::op::{Deliver, Delivery, Local, Op, Outcome};
use store::query::AccountByAddress;
use store::types::{AccountId, PopDelete, QueueId, Role, Uid};
use store::{Settings, Store};
use tempfile::TempDir;
use wire::dialogue::{Mail, Port, World};

/// When the world was made: the evening of classic dialogue 5.
const NOW: Time = Time(1_081_298_274_000);

/// A house on disk. The folder goes when it is dropped.
pub struct House {
    folder: TempDir,
    /// The server's own name.
    pub hostname: String,
    /// A TLS client that trusts this house.
    pub tls: Arc<ClientConfig>,
}

impl House {
    /// Writes the configuration and makes the certificate; nobody lives there yet.
    pub fn found(world: &World) -> Result<House> {
        let folder = TempDir::with_prefix("pillarbox-")?;
        net::tls::Certificate::self_signed(folder.path(), &world.hostname, net::Clock::system().now())?;
        let certificate = folder.path().join(net::tls::SELF_SIGNED_CERTIFICATE);
        let tls = crate::tls::client(&certificate)?;
        std::fs::create_dir(folder.path().join("data"))?;
        std::fs::write(folder.path().join("pillarbox.toml"), configuration(world, folder.path()))?;
        Ok(House { folder, hostname: world.hostname.clone(), tls })
    }

    /// The configuration file.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("pillarbox.toml")
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file of this house's that is neither configuration nor data.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<String> = items.into_iter().map(|item| format!("\"{item}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

/// The configuration of the world, on ports the system chooses. Limits over many connections are lifted: every client
/// of a test comes from one address.
fn configuration(world: &World, folder: &Path) -> String {
    let mut text = format!("hostname = \"{}\"\ndata_dir = \"{}\"\n", world.hostname, folder.join("data").display());
    text.push_str(&format!("domains = {}\n", list(&world.domains)));
    if let Some(admin) = world.admin.clone().or(world.accounts.first().map(|account| account.address.clone())) {
        text.push_str(&format!("admin = \"{admin}\"\n"));
    }
    text.push_str("[listen]\n");
    for (_, name) in Port::ALL {
        text.push_str(&format!("{name} = [\"127.0.0.1:0\"]\n"));
    }
    let file = |name: &str| folder.join(name).display().to_string();
    text.push_str(&format!("[tls]\ncertificate = \"{}\"\n", file(net::tls::SELF_SIGNED_CERTIFICATE)));
    text.push_str(&format!("key = \"{}\"\n", file(net::tls::SELF_SIGNED_KEY)));
    text.push_str(&format!("[trust]\nrelay_networks = {}\n", list(&world.relay)));
    text.push_str(&format!("plaintext_login_networks = {}\n", list(&world.plaintext_login)));
    // Names are asked for from nobody.
    text.push_str("[dns]\nservers = [\"127.0.0.1:1\"]\n");
    text.push_str("[limits]\nconnections = 10000\nconnections_per_address = 10000\nconnections_per_minute = 100000\n");
    text.push_str("login_guesses_per_minute = 1000\n");
    for (name, value) in &world.limits {
        match name.as_str() {
            "message_size" | "disk_reserve" => text.push_str(&format!("{name} = \"{value} B\"\n")),
            _ => text.push_str(&format!("{name} = {value}\n")),
        }
    }
    text.push_str(&format!("[smtp]\nsend_commands = {}\n", world.sends));
    for (domain, login) in &world.routes {
        // Nobody hears at the discard port of loopback.
        text.push_str(&format!("[[route]]\ndomain = \"{domain}\"\nhost = \"127.0.0.1:9\"\nlogin = \"{login}\"\n"));
    }
    text
}

/// What an administrator would ask for to make this world.
pub fn requests(world: &World) -> Result<Vec<Request>> {
    let mut requests = Vec::new();
    for account in &world.accounts {
        let address: Address = account.address.parse()?;
        requests.push(Request::AccountAdd {
            address: address.clone(),
            password: Some(account.password.clone()),
            quota: account.quota,
        });
        if account.archive || account.apop.is_some() {
            requests.push(Request::AccountSet {
                address,
                quota: None,
                pop_delete: account.archive.then_some(PopDelete::Archive),
                apop_secret: account.apop.clone().map(Some),
            });
        }
    }
    for (old, targets) in &world.aliases {
        let members = targets.iter().map(|target| target.parse()).collect::<Result<_, _>>()?;
        requests.push(Request::AliasAdd { address: old.parse()?, target: AliasTo::Members(members) });
    }
    for (old, new) in &world.moved {
        requests.push(Request::AliasAdd { address: old.parse()?, target: AliasTo::Moved(new.parse()?) });
    }
    Ok(requests)
}

/// Puts the mail of the world's INBOXes into the store, octet for octet, with no trace fields added. All of it is under way at
/// once, so that a maildrop of thousands costs a few syncs; the store takes operations in the order they are begun.
pub async fn put_mail(store: &Store, world: &World) -> Result<()> {
    let mut under_way = VecDeque::new();
    let in_inbox = || world.mail.iter().filter(|mail| mail.folder.is_none());
    for (at, mail) in in_inbox().enumerate() {
        let address: Address = mail.account.parse()?;
        let account = store.read(AccountByAddress { address }).await?.context("the account was added before")?;
        let deliver = prepare(store, mail, account.id, QueueId(at as u64 + 1)).await?;
        let store = store.clone();
        under_way.push_back(tokio::spawn(async move { store.apply(Op::Deliver(Box::new(deliver))).await }));
        tokio::task::yield_now().await;
    }
    let mut last = HashMap::new();
    for mail in in_inbox() {
        let outcome = under_way.pop_front().context("one operation a mail")?.await??;
        let uid = match &outcome {
            Outcome::Delivered(each) => each.first().and_then(uid_of),
            _ => None,
        };
        let uid = uid.with_context(|| format!("the world's mail was not taken: {outcome:?}"))?;
        let before = last.insert(mail.account.clone(), uid);
        ensure!(before.is_none_or(|before| before < uid), "the world's mail lies in another order");
    }
    Ok(())
}

fn uid_of(delivery: &Delivery) -> Option<Uid> {
    match delivery {
        Delivery::Done { uid, .. } => Some(*uid),
        _ => None,
    }
}

async fn prepare(store: &Store, mail: &Mail, account: AccountId, queue_id: QueueId) -> Result<Deliver> {
    let octets = mail.content.bytes();
    let summary = Summary::of(&message::parse(&octets));
    let mut upload = store.upload();
    upload.write(&octets).await?;
    Ok(Deliver {
        queue_id,
        now: NOW,
        content: upload.finish().await?,
        summary: summary.encode(),
        utf8_header: summary.utf8_header,
        reverse_path: "alice@crepes.fr".to_owned(),
        message_id: summary.message_id,
        references: summary.references,
        local: vec![Local {
            account,
            role: Role::Inbox,
            prefix: Vec::new(),
            recipient: mail.account.clone(),
            grace: true,
        }],
        remote: vec![],
        trace: Vec::new(),
        all_or_nothing: true,
    })
}

/// Makes the world's accounts, aliases and mail in a house that nobody serves yet.
pub fn fill(house: &House, world: &World) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&house.data(), Settings::default())?;
        let policy = Config::load(Some(&house.configuration())).map_err(|error| anyhow!("{error}"))?.policy();
        let seams = Seams { random: seeded_random(), room: Arc::new(|| None), secret: [7; 32] };
        let office = Office::open(store.clone(), policy, seams, NOW).await?;
        for request in requests(world)? {
            office.administer(NOW, request).await.map_err(|failure| anyhow!("{failure}"))?;
        }
        put_mail(&store, world).await?;
        mailboxes::fill(&store, world).await?;
        drop(office);
        store.close();
        Ok(())
    })
}

/// Octets that are random enough for salts of accounts that live for one test.
fn seeded_random() -> office::Random {
    let seed = Mutex::new(Seed(0x2004_0406));
    Arc::new(move |octets: &mut [u8]| {
        let mut seed = seed.lock().unwrap_or_else(PoisonError::into_inner);
        octets.fill_with(|| seed.number().to_le_bytes()[0]);
    })
}
