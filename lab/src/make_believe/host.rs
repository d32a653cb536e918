//! A host of the make-believe internet: a post office over a store without threads, and its sending half at work, as
//! `server::outgoing` runs it. Owns a host's life; a host that ended is begun again over whatever its disk holds.

use super::road::{Internet, Lane};
use super::{Chance, Life, at_once};
use anyhow::{Context, Result, anyhow, bail};
use message::{Address, Domain, Time};
use office::outbound::Next;
use office::{FileDomain, LocalEnvelope, LocalUser, Office, Outbound, OutboundPolicy, Policy, Seams};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use store::op::OutboxFilter;
use store::query::{AccountByAddress, Maildrop, Outbox, OutboxRow, StoredMessage, TraceByAddress};
use store::types::{Alias, AliasTarget, Credentials, QueueId, Role, TraceEntry};
use store::{Engine, Op, Query, Store, StoreError};
use wire::smtp::Reply;

/// How long the outbox is left alone after the store refused.
const STORE_REST: Duration = Duration::from_secs(5);

/// The outbox is looked at so often even if nothing says that it changed. Seldom: a lab of days would do little else.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// How many messages or lines are looked at.
const MANY: u32 = 10_000;

/// What a host is.
#[derive(Clone, Debug)]
pub struct HostPlan {
    /// Its name and its domain.
    pub domain: String,
    /// Where it is.
    pub address: IpAddr,
    /// Who lives there: the parts before the `@`.
    pub people: Vec<String>,
    /// Other names, and where their mail goes: whole addresses.
    pub aliases: Vec<(String, Vec<String>)>,
    /// Asks those it does not know to come again.
    pub greylists: bool,
}

/// A host that runs.
pub struct Host {
    plan: HostPlan,
    internet: Internet,
    office: Office,
    life: Life,
}

/// A message in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// When it came in.
    pub received: Time,
    /// All of it.
    pub text: String,
}

/// What became of a message that was handed in.
#[derive(Debug)]
pub struct HandedIn {
    /// Its name there; `None` when nobody it was for was taken.
    pub queue_id: Option<QueueId>,
    /// Who was not.
    pub refused: Vec<String>,
}

impl HostPlan {
    fn policy(&self) -> Result<Policy> {
        let hostname: Domain = self.domain.parse()?;
        let outbound = OutboundPolicy { linger: false, ..OutboundPolicy::direct(&hostname) };
        let file = FileDomain { domain: hostname.clone(), origin: "make-believe".to_owned() };
        Ok(Policy {
            hostname,
            greeting: None,
            domains: vec![file],
            admin: None,
            relay_networks: Vec::new(),
            plaintext_login_networks: Vec::new(),
            local_users: Vec::new(),
            relay_domains: Vec::new(),
            message_size: 1024 * 1024,
            disk_reserve: 0,
            recipients: 100,
            login_guesses_per_minute: 10,
            apop: false,
            send_commands: false,
            outbound,
        })
    }

    /// Who and what is to be added to a new store.
    fn furniture(&self, now: Time) -> Result<Vec<Op>> {
        let mut ops = Vec::new();
        for person in &self.people {
            let address = format!("{person}@{}", self.domain).parse()?;
            ops.push(Op::AccountAdd { address, credentials: Credentials::default(), quota: None, now });
        }
        for (name, members) in &self.aliases {
            let members = members.iter().map(|member| member.parse()).collect::<Result<Vec<Address>, _>>()?;
            let address = format!("{name}@{}", self.domain).parse()?;
            ops.push(Op::AliasAdd { alias: Alias { address, target: AliasTarget::Members(members) } });
        }
        Ok(ops)
    }
}

impl Host {
    /// Begins a host over a store. What is there already stays.
    ///
    /// # Errors
    /// A name is none, or the store fails.
    pub fn begin(internet: &Internet, plan: &HostPlan, engine: Engine, chance: &Chance) -> Result<Host> {
        let now = internet.timeline.now();
        let store = Store::inline(engine);
        let secret = [7; office::srs::SECRET_OCTETS];
        let seams = Seams { random: chance.octets(), room: Arc::new(|| None), secret };
        let office = ready(Office::open(store.clone(), plan.policy()?, seams, now))??;
        for op in plan.furniture(now)? {
            ready(store.apply(op))??;
        }
        let life = Life::default();
        let name = plan.domain.clone();
        let lane = Lane { internet: internet.clone(), from: plan.address, name, life: life.clone() };
        internet.listen(plan.address, office.clone(), life.clone(), plan.greylists);
        internet.timeline.begin(&life, send_all(office.outbound(), lane, office.clone(), life.clone()));
        Ok(Host { plan: plan.clone(), internet: internet.clone(), office, life })
    }

    /// Ends it, in the middle of whatever it does.
    pub fn end(self) {
        self.internet.unlisten(self.plan.address);
        self.life.end(self.internet.timeline.now());
    }

    /// A user of the host hands a message in.
    ///
    /// # Errors
    /// The host does not take it.
    pub fn hand_in(&self, from: &str, to: &[String], text: &str, number: u16) -> Result<HandedIn> {
        let now = self.internet.timeline.now();
        let queue_id = QueueId::new(now, number);
        let envelope = LocalEnvelope {
            ticket: format!("{number}"),
            queue_id,
            sender: Some(from.to_owned()),
            recipients: to.to_vec(),
            notify: None,
            ret: None,
            envid: None,
            eight_bit: false,
            smtputf8: false,
        };
        ready(self.take(now, &envelope, text))?
    }

    async fn take(&self, now: Time, envelope: &LocalEnvelope, text: &str) -> Result<HandedIn> {
        let said = |reply: Reply| anyhow!("{reply:?}");
        let user = LocalUser { name: "postmaster".to_owned(), uid: 0, trusted: true };
        let mut desk = self.office.hand_in(now, user, envelope).await.map_err(said)?;
        let refused = desk.refused.iter().map(|refusal| refusal.recipient.clone()).collect();
        if desk.taken == 0 {
            return Ok(HandedIn { queue_id: None, refused });
        }
        desk.begin().await.map_err(said)?;
        desk.content(text.as_bytes()).await;
        let queue_id = desk.finish().await.map_err(said)?;
        Ok(HandedIn { queue_id: Some(queue_id), refused })
    }

    /// The mail in somebody's INBOX, oldest first.
    ///
    /// # Errors
    /// Nobody is called so, or the store fails.
    pub fn inbox(&self, person: &str) -> Result<Vec<Mail>> {
        let address = format!("{person}@{}", self.plan.domain).parse()?;
        let account = self.read(AccountByAddress { address })?.context("nobody is called so")?.id;
        let found = self.read(Maildrop { account, role: Role::Inbox, limit: MANY })?;
        let Some((mailbox, messages)) = found else { bail!("{person} has no INBOX") };
        let mut inbox = Vec::new();
        for message in messages {
            let stored = self.read(StoredMessage { account, mailbox: mailbox.id, uid: message.uid })?;
            let stored = stored.context("a message is gone")?;
            let mut octets = Vec::new();
            loop {
                let chunk = ready(self.office.store().chunk(&stored, octets.len() as u64))??;
                if chunk.is_empty() {
                    break;
                }
                octets.extend_from_slice(&chunk);
            }
            let text = String::from_utf8_lossy(&octets).into_owned();
            inbox.push(Mail { received: message.received, text });
        }
        Ok(inbox)
    }

    /// The journeys of mail from or to an address, newest message first.
    ///
    /// # Errors
    /// The store's.
    pub fn journeys(&self, address: &str) -> Result<Vec<TraceEntry>> {
        self.read(TraceByAddress { address: address.to_owned(), limit: MANY })
    }

    /// Who waits to be sent to.
    ///
    /// # Errors
    /// The store's.
    pub fn outbox(&self) -> Result<Vec<OutboxRow>> {
        self.read(Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: MANY })
    }

    fn read<Q: Query + Send + 'static>(&self, query: Q) -> Result<Q::Rows>
    where
        Q::Rows: Send,
    {
        Ok(ready(self.office.store().read(query))??)
    }
}

/// A store without threads lets nobody wait.
fn ready<T>(future: impl Future<Output = T>) -> Result<T> {
    at_once(future).context("something waits that cannot be waited for here")
}

/// Sends for as long as the host lives.
async fn send_all(outbound: Outbound, lane: Lane, office: Office, life: Life) {
    let timeline = lane.internet.timeline.clone();
    if let Err(error) = outbound.recover().await {
        tracing::error!(%error, "the outbox cannot be taken up");
    }
    loop {
        let until = turn(&outbound, &lane, &life).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the outbox cannot be read");
            Some(timeline.now().after(STORE_REST))
        });
        let latest = timeline.now().after(LOOK_EVERY);
        tokio::select! {
            biased;
            () = office.store().outbox_changed() => outbound.announce(timeline.now()),
            () = outbound.freed() => {}
            () = timeline.sleep_until(until.map_or(latest, |until| until.min(latest))) => {}
        }
    }
}

/// Sets out with all that may go now. When to look again.
async fn turn(outbound: &Outbound, lane: &Lane, life: &Life) -> Result<Option<Time>, StoreError> {
    let timeline = &lane.internet.timeline;
    loop {
        match outbound.next(timeline.now()).await? {
            Next::Work(work) => {
                let (outbound, lane) = (outbound.clone(), lane.clone());
                timeline.begin(life, async move { outbound.carry_out(lane, *work).await });
            }
            Next::Wait(until) => return Ok(until),
        }
    }
}
