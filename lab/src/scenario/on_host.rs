//! What people do on a host itself, with a user agent that asks the post office there and speaks no protocol: arrangements 1
//! and 2. It is the agent of `pillarbox mail` with a mirror of its own.

use super::play::{Fact, Letter, Play, found_it, none_of};
use crate::Host;
use agent::account::settings::Local;
use agent::account::{Account, FolderNames, Incoming, Outgoing, Settings};
use agent::credentials::Credentials;
use agent::dialing::{Internet, MadeUp};
use agent::house::Folders;
use agent::mirror::{Envelope, Mirror, Posting, Role, View};
use agent::progress::Watcher;
use agent::reach::Reach;
use agent::remote::Scope;
use agent::secret::{Keyring, Secrets};
use agent::sync::{Round, round};
use anyhow::{Context, Result, ensure};
use message::Address;
use net::Clock;
use server::host::HostDoor;
use std::sync::Arc;
use store::query::TraceByAddress;
use store::types::QueueId;

/// Messages of a mailbox that are looked through for the letter: scenarios write few.
const LOOKED_THROUGH: u64 = 1000;

/// Somebody at their host.
struct Person {
    account: Account,
    mirror: Mirror,
    reach: Reach,
    _home: tempfile::TempDir,
}

impl Person {
    fn at(host: &Host, address: &str, clock: &Clock) -> Result<Person> {
        let home = tempfile::tempdir()?;
        let account = Account {
            name: "host".to_owned(),
            address: Address::parse(address)?,
            display_name: None,
            aliases: Vec::new(),
            incoming: Incoming::Local(Local::default()),
            outgoing: Some(Outgoing::Local(Local::default())),
            secret: None,
            signature: None,
            sealing: agent::account::SealHabits::default(),
            folders: FolderNames::default(),
            default: true,
        };
        let folders = Folders::under(home.path());
        let internet = Internet::made_up(clock.clone(), MadeUp::default());
        internet.set_door(Arc::new(HostDoor::File(Some(host.configuration().to_owned()))));
        let settings = Settings { accounts: vec![account.clone()], providers: Vec::new() };
        let secrets = Secrets::new(&folders, Keyring::system());
        let credentials = Credentials::new(settings, secrets, internet.clone());
        let mirror = Mirror::open(&home.path().join("host.sqlite"))?;
        Ok(Person { account, mirror, reach: Reach { internet, folders, credentials }, _home: home })
    }

    async fn round(&self) -> Result<Round> {
        Ok(round(&self.reach, &self.account, &self.mirror, &Scope::Everything, &Watcher::nobody()).await?)
    }
}

impl Play {
    pub(super) async fn mail(&mut self) -> Result<Vec<Fact>> {
        let letter = self.letter()?.clone();
        let (host, _) = self.home(&letter.from)?;
        let user = letter.from.split('@').next().unwrap_or_default();
        let person = Person::at(host, &letter.from, &self.clock)?;
        let envelope =
            Envelope { reverse_path: letter.from.clone(), recipients: vec![letter.to.clone()], smtputf8: false };
        let posting = Posting { envelope, ..Posting::default() };
        let now = self.clock.now();
        person.mirror.post(letter.content.as_bytes(), &posting, now, now)?;
        let round = person.round().await?;
        ensure!(round.went.sent.len() == 1, "it did not go: {:?}", round.went.troubles);
        let id = newest(host, &letter).await?;
        let fact = Fact::new("host", format!("{}: taken from its user {user} as {id}", host.world().hostname));
        self.accepted(&format!("queued as {id}"))?;
        Ok(vec![fact])
    }

    pub(super) async fn read_on_the_host(&mut self) -> Result<Vec<Fact>> {
        let letter = self.letter()?.clone();
        let (host, _) = self.home(&letter.to)?;
        let person = Person::at(host, &letter.to, &self.clock)?;
        person.round().await?;
        let inbox = person.mirror.folder_of_role(Role::Inbox)?.context("no inbox")?;
        let view = View { folder: Some(inbox.id), reversed: true, ..View::default() };
        let rows = person.mirror.rows(&view, self.clock.now(), 0, LOOKED_THROUGH)?;
        let mut found = None;
        for (number, row) in (1..).zip(&rows) {
            let octets = person.mirror.content(row.id)?.context("a message without its content")?;
            if octets.ends_with(letter.content.as_bytes()) {
                found = Some((number, octets));
            }
        }
        let count = u32::try_from(rows.len())?;
        let (number, octets) = found.with_context(|| none_of(count, &letter))?;
        let mut facts = vec![
            Fact::new("host", format!("{}, its own store; no access protocol", host.world().hostname)),
            Fact::new("INBOX", format!("messages: {count}")),
        ];
        facts.extend(found_it("read", number, &octets, &letter));
        Ok(facts)
    }
}

/// The name of what the sender's host took from them last.
async fn newest(host: &Host, letter: &Letter) -> Result<QueueId> {
    let query = TraceByAddress { address: letter.from.clone(), limit: 1 };
    let journey = host.office().store().read(query).await?;
    journey.first().map(|line| line.queue_id).context("the host has no journey of it")
}
