//! Somebody in a scenario with a user agent: the one of `pillarbox mail`, with a mirror of their own. Owns the account it has,
//! on a host itself (arrangements 1 and 2) or over a network (3 and 4). A network of the lab has the names of its hosts and
//! the usual ports; behind them are the sockets that the hosts really listen at.

use super::play::{Letter, listener, none_of};
use super::plot::Reader;
use crate::Host;
use agent::account::settings::{Local, Security, Server};
use agent::account::{Account, FolderNames, Incoming, Outgoing, SecretSource, Settings};
use agent::credentials::Credentials;
use agent::dialing::{Internet, MadeUp};
use agent::house::Folders;
use agent::mirror::{Envelope, Mirror, Posting, Role, View};
use agent::outbox;
use agent::progress::Watcher;
use agent::reach::Reach;
use agent::remote::Scope;
use agent::secret::{Keyring, Secret, Secrets};
use agent::sync::{Hold, round};
use anyhow::{Context, Result, ensure};
use message::Address;
use net::Clock;
use server::host::HostDoor;
use std::collections::HashMap;
use std::sync::Arc;
use wire::dialogue::{self, Port};

/// Messages of a mailbox that are looked through for a letter: scenarios write few.
const LOOKED_THROUGH: u64 = 1000;

/// The ports that a person's program knows of: SMTP, POP3, IMAP, HTTPS and submission.
const PORTS: [(Port, u16); 5] =
    [(Port::Smtp, 25), (Port::Pop3, 110), (Port::Imap, 143), (Port::Https, 443), (Port::Submission, 587)];

/// Somebody, and the program they use.
pub(super) struct Person {
    account: Account,
    mirror: Mirror,
    reach: Reach,
    _home: tempfile::TempDir,
}

/// The letter among the messages of an inbox.
pub(super) struct Found {
    /// How many messages there are.
    pub count: u32,
    /// Which one it is, from 1, the oldest first.
    pub number: u32,
    /// All of it.
    pub octets: Vec<u8>,
}

impl Person {
    /// At the host itself.
    pub(super) fn at(host: &Host, address: &str, clock: &Clock) -> Result<Person> {
        let internet = Internet::made_up(clock.clone(), MadeUp::default());
        internet.set_door(Arc::new(HostDoor::File(Some(host.configuration().to_owned()))));
        let local = || Local::default();
        Person::with(address, (Incoming::Local(local()), Outgoing::Local(local())), None, internet)
    }

    /// Over a network, with a password. Letters go by the host's port submission, mail is read as `reader` says.
    pub(super) async fn far_from(
        host: &Host,
        who: &dialogue::Account,
        reader: Reader,
        clock: &Clock,
    ) -> Result<Person> {
        let incoming = match reader {
            Reader::Imap => Incoming::Imap(server(host, Port::Imap)?),
            Reader::Jmap => Incoming::Jmap {
                url: format!("https://{}", host.world().hostname),
                user: None,
                trust: Some(std::path::absolute(host.certificate())?),
            },
            // What stays at the host can be read again, in a later step.
            Reader::Pop3 | Reader::Host => Incoming::Pop3 { server: server(host, Port::Pop3)?, keep: true },
        };
        let outgoing = Outgoing::Smtp(server(host, Port::Submission)?);
        let person =
            Person::with(&who.address, (incoming, outgoing), Some(SecretSource::File(None)), network(host, clock))?;
        let secrets = Secrets::new(&person.reach.folders, Keyring::system());
        let password = Secret::new(who.password.clone().into_bytes());
        secrets.keep(&person.account.name, &SecretSource::File(None), &password).await?;
        Ok(person)
    }

    /// A program that hands letters in by SMTP and logs in nowhere.
    pub(super) fn unknown_to(host: &Host, address: &str, clock: &Clock) -> Result<Person> {
        let plain = Server { security: Security::Plain, trust: None, ..server(host, Port::Smtp)? };
        let incoming = Incoming::Pop3 { server: server(host, Port::Pop3)?, keep: true };
        Person::with(address, (incoming, Outgoing::Smtp(plain)), None, network(host, clock))
    }

    fn with(
        address: &str,
        (incoming, outgoing): (Incoming, Outgoing),
        secret: Option<SecretSource>,
        internet: Internet,
    ) -> Result<Person> {
        let home = tempfile::tempdir()?;
        let account = Account {
            name: "lab".to_owned(),
            address: Address::parse(address)?,
            display_name: None,
            aliases: Vec::new(),
            incoming,
            outgoing: Some(outgoing),
            secret,
            signature: None,
            sealing: agent::account::SealHabits::default(),
            folders: FolderNames::default(),
            default: true,
        };
        let folders = Folders::under(home.path());
        let settings = Settings { accounts: vec![account.clone()], providers: Vec::new() };
        let secrets = Secrets::new(&folders, Keyring::system());
        let credentials = Credentials::new(settings, secrets, internet.clone());
        let mirror = Mirror::open(&home.path().join("lab.sqlite"))?;
        Ok(Person { account, mirror, reach: Reach { internet, folders, credentials }, _home: home })
    }

    /// Hands a letter in.
    pub(super) async fn send(&self, letter: &Letter) -> Result<()> {
        let envelope =
            Envelope { reverse_path: letter.from.clone(), recipients: vec![letter.to.clone()], smtputf8: false };
        let posting = Posting { envelope, ..Posting::default() };
        let now = self.reach.internet.clock().now();
        self.mirror.post(letter.content.as_bytes(), &posting, now, now)?;
        let hold = Hold::take(&self.mirror)?;
        let went = outbox::send_due(&self.reach, &self.account, &self.mirror, &Watcher::nobody()).await?;
        drop(hold);
        ensure!(went.sent.len() == 1, "it did not go: {}", words(went.troubles()));
        Ok(())
    }

    /// The messages of their inbox as it is now, the oldest first.
    pub(super) async fn inbox(&self) -> Result<Vec<Vec<u8>>> {
        round(&self.reach, &self.account, &self.mirror, &Scope::Everything, &Watcher::nobody()).await?;
        let inbox = self.mirror.folder_of_role(Role::Inbox)?.context("no inbox")?;
        let view = View { folder: Some(inbox.id), reversed: true, ..View::default() };
        let rows = self.mirror.rows(&view, self.reach.internet.clock().now(), 0, LOOKED_THROUGH)?;
        rows.iter().map(|row| self.mirror.content(row.id)?.context("a message without its content")).collect()
    }

    /// Reads the inbox until the letter is found.
    pub(super) async fn read(&self, letter: &Letter) -> Result<Found> {
        let messages = self.inbox().await?;
        let count = u32::try_from(messages.len())?;
        let found = (1..).zip(messages).filter(|(_, octets)| octets.ends_with(letter.content.as_bytes())).last();
        let (number, octets) = found.with_context(|| none_of(count, letter))?;
        Ok(Found { count, number, octets })
    }
}

fn words<'a>(troubles: impl Iterator<Item = &'a agent::trouble::Trouble>) -> String {
    troubles.map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A server of a host, at the usual port, with TLS after a command: then what one sees of the lab's lines begins in the clear.
fn server(host: &Host, port: Port) -> Result<Server> {
    let usual = PORTS.iter().find(|(known, _)| *known == port);
    let (_, number) = usual.with_context(|| format!("no program of a person speaks at port {}", port.name()))?;
    Ok(Server {
        host: host.world().hostname.clone(),
        port: *number,
        security: Security::StartTls,
        user: None,
        trust: Some(std::path::absolute(host.certificate())?),
    })
}

/// A network on which this host is, by its name.
fn network(host: &Host, clock: &Clock) -> Internet {
    let name = &host.world().hostname;
    let way = |(port, number): (Port, u16)| Some(((name.clone(), number), listener(host, port).ok()?));
    let hosts: HashMap<_, _> = PORTS.into_iter().filter_map(way).collect();
    Internet::made_up(clock.clone(), MadeUp { hosts, ..MadeUp::default() })
}
