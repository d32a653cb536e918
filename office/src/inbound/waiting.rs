//! Mail that waits here for a peer, when the peer asks for it: ETRN (RFC 1985) starts the queue,
//! ATRN (RFC 2645) and TURN (RFC 821 §3.8) fetch it over the connection they came on. A peer may ask for the
//! domains whose route names its login, and for no others.

use super::{SmtpDesk, trouble};
use crate::outbound::{Collection, Destination, Proof, Stop};
use message::{Domain, Time};
use store::StoreError;
use store::engine::CHANGE_MAX;
use store::op::{Op, OutboxChange, OutboxFilter, Outcome};
use store::query::Outbox;
use wire::smtp::{Enhanced, Node, Reply};

impl SmtpDesk {
    /// Domains whose mail this client may ask for.
    fn own_domains(&self) -> impl Iterator<Item = &Domain> {
        let account = self.user();
        let collectors = self.policy.outbound.collectors.iter();
        collectors.filter(move |(_, login)| account.is_some_and(|account| account.address == *login)).map(|(of, _)| of)
    }

    /// RFC 1985 §5.1.
    pub(super) async fn start_queue(&self, node: &Node, now: Time) -> Reply {
        let domains: Vec<Domain> = match node {
            Node::Domain(domain) => self.own_domains().filter(|own| *own == domain).cloned().collect(),
            Node::Below(domain) => self.own_domains().filter(|own| is_below(own, domain)).cloned().collect(),
            Node::Queue(_) => Vec::new(),
        };
        if domains.is_empty() {
            let text = format!("node {node} not allowed: no route says that its mail is yours");
            return Reply::new(459, Enhanced(4, 7, 1), text);
        }
        let mut count = 0;
        for domain in &domains {
            match self.retry(domain, now).await {
                Ok(retried) => count += retried,
                Err(error) => {
                    let _ = trouble(&error);
                    return Reply::new(458, Enhanced(4, 3, 0), format!("unable to queue messages for node {node}"));
                }
            }
        }
        match count {
            0 => Reply::new(251, Enhanced(2, 0, 0), format!("no messages waiting for node {node}")),
            _ => Reply::new(253, Enhanced(2, 0, 0), format!("{count} pending messages for node {node} started")),
        }
    }

    /// RFC 2645 §5.2.1: all domains or none, and without a name all that there are.
    pub(super) async fn turn_round(&mut self, asked: Vec<Domain>) -> Reply {
        let own: Vec<Domain> = self.own_domains().cloned().collect();
        let domains = if asked.is_empty() { own.clone() } else { asked };
        if domains.is_empty() || !domains.iter().all(|domain| own.contains(domain)) {
            return Reply::new(450, Enhanced(4, 7, 1), "refused: no route says that this mail is yours");
        }
        if self.office.sending().is_none() {
            return Reply::new(451, Enhanced(4, 3, 0), "unable to process that now");
        }
        match self.anything_for(&domains).await {
            Ok(false) => Reply::new(453, Enhanced(4, 0, 0), "you have no mail"),
            Ok(true) => {
                self.fetching = domains;
                Reply::new(250, Enhanced(2, 0, 0), "now reversing the connection")
            }
            Err(error) => trouble(&error),
        }
    }

    async fn anything_for(&self, domains: &[Domain]) -> Result<bool, StoreError> {
        for domain in domains {
            let filter = OutboxFilter { host: Some(domain.to_string()), held: Some(false), ..OutboxFilter::default() };
            if !self.office.store().read(Outbox { filter, after: (0, 0), limit: 1 }).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// After the session turned the roles round: what the client fetches, once.
    pub fn collection(&mut self) -> Option<Collection> {
        let domains = std::mem::take(&mut self.fetching);
        let (name, tls) = match &self.greeting {
            Some((greeting, tls)) => (greeting.name.clone(), tls.clone()),
            None => (self.peer.client.ip().to_string(), None),
        };
        let stop = Stop { name, address: self.peer.client, proof: Proof::None };
        self.office.sending()?.collection(domains, stop, tls)
    }

    /// All that waits for a domain is due now; how many recipients that are.
    async fn retry(&self, domain: &Domain, now: Time) -> Result<u64, StoreError> {
        let store = self.office.store();
        let filter = OutboxFilter { host: Some(domain.to_string()), held: Some(false), ..OutboxFilter::default() };
        let (mut after, mut count) = ((0, 0), 0);
        // Before they are due, or they would be put off once more.
        if let Some(outbound) = self.office.sending() {
            outbound.revive(&Destination::domain(domain), now);
        }
        loop {
            let page = store.read(Outbox { filter: filter.clone(), after, limit: CHANGE_MAX }).await?;
            let Some(last) = page.last() else { break };
            let change = OutboxChange::Retry;
            let op = Op::OutboxChange { filter: filter.clone(), after, limit: CHANGE_MAX, change, now };
            let Outcome::Changed(changed) = store.apply(op).await? else { break };
            count += u64::from(changed);
            after = (last.outbox, last.recipient);
        }
        Ok(count)
    }
}

fn is_below(own: &Domain, domain: &Domain) -> bool {
    let above = own.as_str().strip_suffix(domain.as_str());
    above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
