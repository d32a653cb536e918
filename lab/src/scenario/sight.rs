//! What must be seen in a scenario: journeys of the hosts, the name server's log, queues and mailboxes. Nothing is done
//! here; all of it is looked for, until it is there or patience ends.

use super::person::Person;
use super::play::{Fact, Letter, Play, queue_id_in};
use super::plot::{Act, Reader};
use crate::Host;
use crate::names::Asked;
use anyhow::{Context, Result, bail, ensure};
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::op::OutboxFilter;
use store::query::{Outbox, TraceByAddress, TraceById};
use store::types::{QueueId, TraceEntry};

/// Journeys that are looked through for the newest letter of somebody: among them, reports on the letters before.
const LATEST: u32 = 100;
/// How often it is looked for: not every line in a journey is published.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl Play {
    pub(super) async fn see(&self, act: &Act) -> Result<Vec<Fact>> {
        match act {
            Act::Queued => self.queued().await,
            Act::LookedUp(domain) => self.looked_up(domain).await,
            Act::Sent => self.sent().await,
            Act::Delivered => self.delivered().await,
            Act::Unasked => self.unasked(),
            Act::AtHome => self.at_home().await,
            Act::Deferred(to) => self.tried(to, "deferred").await,
            Act::Failed(to) => self.tried(to, "failed").await,
            Act::UnderWay(to) => self.under_way(to).await,
            Act::Bounced => self.bounced().await,
            Act::Within(seconds) => self.within(*seconds),
            Act::Compose { .. } | Act::Submit | Act::HandIn | Act::Mail | Act::Relay | Act::Read(_) => Ok(Vec::new()),
        }
    }

    async fn queued(&self) -> Result<Vec<Fact>> {
        let letter = self.letter()?;
        let (host, _) = self.home(&letter.from)?;
        let entry = self.line_of(host, letter.id()?, ("queued", &letter.to)).await?;
        Ok(vec![told("journey", &entry)])
    }

    async fn looked_up(&self, domain: &str) -> Result<Vec<Fact>> {
        let mx = self.asked(domain, "MX").await?;
        let host = mx.said.split(' ').nth(1).with_context(|| format!("no host in the MX answer: {}", mx.said))?;
        let address = self.asked(host, "A").await?;
        Ok(vec![question(&mx), question(&address)])
    }

    async fn asked(&self, name: &str, kind: &str) -> Result<Asked> {
        let names = self.internet.names().context("there is no name server")?;
        let look = async || Ok(names.asked().into_iter().find(|asked| asked.kind == kind && asked.name == name));
        until(self.patience, &format!("the name server being asked for {name} {kind}"), look).await
    }

    /// The sender's host says that it sent, and the host it names says that it took.
    async fn sent(&self) -> Result<Vec<Fact>> {
        let letter = self.letter()?;
        let (from, _) = self.home(&letter.from)?;
        let entry = self.line_of(from, letter.id()?, ("sent", &letter.to)).await?;
        let (to, _) = self.home(&letter.to)?;
        let taken = queue_id_in(&entry.detail).with_context(|| format!("no queue id in: {}", entry.detail))?;
        let accepted = self.line_of(to, taken, ("accepted", "")).await?;
        Ok(vec![told("sender", &entry), told("receiver", &accepted)])
    }

    async fn delivered(&self) -> Result<Vec<Fact>> {
        let letter = self.letter()?;
        let (host, _) = self.home(&letter.to)?;
        let (home, _) = self.home(&letter.from)?;
        let id = if host.world().hostname == home.world().hostname {
            letter.id()?
        } else {
            let sent = self.line_of(home, letter.id()?, ("sent", &letter.to)).await?;
            queue_id_in(&sent.detail).with_context(|| format!("no queue id in: {}", sent.detail))?
        };
        let entry = self.line_of(host, id, ("delivered", &letter.to)).await?;
        Ok(vec![told("journey", &entry)])
    }

    fn unasked(&self) -> Result<Vec<Fact>> {
        let names = self.internet.names().context("there is no name server")?;
        let asked: Vec<Asked> = names.asked().into_iter().filter(|asked| asked.kind != "PTR").collect();
        if let Some(first) = asked.first() {
            bail!("the name server was asked for {} {}", first.name, first.kind);
        }
        Ok(vec![Fact::new("names", "no question about any host or domain was asked")])
    }

    async fn at_home(&self) -> Result<Vec<Fact>> {
        let letter = self.letter()?;
        let (home, _) = self.home(&letter.from)?;
        let mut others = 0;
        for host in self.internet.hosts() {
            let name = &host.world().hostname;
            ensure!(waiting(host).await? == 0, "something waits to be sent at {name}");
            if *name != home.world().hostname {
                others += 1;
                let taken = host.office().counters().accepted.load(Ordering::Relaxed);
                ensure!(taken == 0, "{name} has taken a message");
            }
        }
        let sent = journey(home, letter.id()?).await?.into_iter().any(|entry| entry.event == "sent");
        ensure!(!sent, "the message was sent to another host");
        Ok(vec![Fact::new("queue", format!("empty; the other hosts ({others}) have taken nothing"))])
    }

    async fn tried(&self, to: &str, event: &str) -> Result<Vec<Fact>> {
        let letter = self.letters.iter().find(|letter| letter.to == to);
        let letter = letter.with_context(|| format!("no letter to {to} was composed"))?;
        let (host, _) = self.home(&letter.from)?;
        let entry = self.line_of(host, letter.id()?, (event, to)).await?;
        Ok(vec![Fact { label: if event == "failed" { "failed" } else { "deferred" }, ..told("", &entry) }])
    }

    async fn under_way(&self, to: &str) -> Result<Vec<Fact>> {
        let domain = to.rsplit('@').next().unwrap_or_default();
        let (_, peer) = self.internet.peers().iter().find(|(known, _)| known == domain).context("no such peer")?;
        until(self.patience, &format!("a connection to {domain}"), async || Ok((peer.connections() > 0).then_some(())))
            .await?;
        let letter = self.letters.iter().find(|letter| letter.to == to);
        let letter = letter.with_context(|| format!("no letter to {to} was composed"))?;
        let (host, _) = self.home(&letter.from)?;
        let journey = journey(host, letter.id()?).await?;
        let ended = journey.into_iter().find(|entry| matches!(entry.event.as_str(), "sent" | "deferred" | "failed"));
        ensure!(ended.is_none(), "something has come of the letter to {to}: {ended:?}");
        Ok(vec![Fact::new("under way", format!("{to}: its host was reached, and says nothing"))])
    }

    /// One report in the sender's mailbox, and nothing under way that could become another.
    async fn bounced(&self) -> Result<Vec<Fact>> {
        let letter = self.letter()?;
        let (host, account) = self.home(&letter.from)?;
        let person = Person::far_from(host, account, Reader::Imap, &self.clock).await?;
        let reports = async || Ok(Some(person.inbox().await?).filter(|messages| !messages.is_empty()));
        until(self.patience, "a report to the sender", reports).await?;
        let idle = async || {
            let mut left = 0;
            for host in self.internet.hosts() {
                left += waiting(host).await?;
            }
            Ok((left == 0).then_some(()))
        };
        until(self.patience, "the end of all attempts", idle).await?;
        let messages = person.inbox().await?;
        let [report] = messages.as_slice() else {
            bail!("{} has {} messages and not one", letter.from, messages.len());
        };
        let text = String::from_utf8_lossy(report).into_owned();
        ensure!(text.contains("multipart/report"), "what {} has is no report", letter.from);
        let field = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name));
            found.map(|value| value.trim().to_owned()).unwrap_or_default()
        };
        Ok(vec![
            Fact::new(
                "mailbox",
                format!("{} has one message, from <{}>", letter.from, field("Return-Path: <").trim_end_matches('>')),
            ),
            Fact::new(
                "report",
                format!("{}, {}, status {}", field("Final-Recipient: rfc822;"), field("Action:"), field("Status:")),
            ),
            Fact::new("queues", "empty: nothing is under way any more"),
        ])
    }

    /// The name of what the sender's host took from them last, and what it says of that. Reports to them are from nobody.
    pub(super) async fn newest(&self, host: &Host, letter: &Letter) -> Result<(QueueId, TraceEntry)> {
        let query = TraceByAddress { address: letter.from.clone(), limit: LATEST };
        let journeys = host.office().store().read(query).await?;
        let from = format!("from <{}>", letter.from);
        let taken = journeys.into_iter().filter(|line| line.event == "accepted" && line.detail.starts_with(&from));
        let newest = taken.max_by_key(|line| line.queue_id).context("the host has no journey of it")?;
        Ok((newest.queue_id, newest))
    }

    /// A line in a journey, of an event and whom it concerns (empty: whomever), once it is there.
    async fn line_of(&self, host: &Host, id: QueueId, (event, address): (&str, &str)) -> Result<TraceEntry> {
        let what = format!("{event} {address} in the journey of {id} at {}", host.world().hostname);
        let fits = |entry: &TraceEntry| {
            let whom = entry.address.as_deref().unwrap_or_default();
            entry.event == event && (address.is_empty() || whom.eq_ignore_ascii_case(address))
        };
        until(self.patience, &what, async || Ok(journey(host, id).await?.into_iter().find(fits))).await
    }

    fn within(&self, seconds: u64) -> Result<Vec<Fact>> {
        let letter = self.letter()?;
        let took = self.clock.now().since(letter.composed);
        ensure!(
            took <= Duration::from_secs(seconds),
            "it took {:.1} s and not at most {seconds} s",
            took.as_secs_f64()
        );
        Ok(vec![Fact::new(
            "time",
            format!("{:.2} s from composing on; at most {seconds} s were allowed", took.as_secs_f64()),
        )])
    }
}

impl Letter {
    fn id(&self) -> Result<QueueId> {
        self.queue_id.context("the letter is at no host yet")
    }
}

/// Looks until something is there.
async fn until<T>(patience: Duration, what: &str, look: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let found = tokio::time::timeout(patience, async {
        loop {
            ticks.tick().await;
            if let Some(found) = look().await? {
                return Ok(found);
            }
        }
    });
    found.await.unwrap_or_else(|_| bail!("not seen within {} s: {what}", patience.as_secs()))
}

async fn journey(host: &Host, queue_id: QueueId) -> Result<Vec<TraceEntry>> {
    Ok(host.office().store().read(TraceById { queue_id }).await?)
}

/// How many recipients wait in a host's queue; at most one is counted.
async fn waiting(host: &Host) -> Result<usize> {
    let query = Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 1 };
    Ok(host.office().store().read(query).await?.len())
}

fn told(label: &'static str, entry: &TraceEntry) -> Fact {
    let text = match label {
        "" => entry.detail.clone(),
        _ => format!("{} {}", entry.event, entry.detail),
    };
    Fact { label, at: Some(entry.at), text }
}

fn question(asked: &Asked) -> Fact {
    Fact { label: "names", at: Some(asked.at), text: format!("{} {}? {}", asked.name, asked.kind, asked.said) }
}
