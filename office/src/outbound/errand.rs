//! One errand: a message for one destination taken to host after host, and then, over the connection that is open,
//! whatever else waits for that destination. Owns which host is next and what is left when none is.

use super::desk::ClientDesk;
use super::fetched::Fetched;
use super::route::{Lookup, Need, Plan, Target, Via};
use super::settle::{Judgement, Loss};
use super::work::{Destination, Work};
use super::{Outbound, Proof, Road, SUBMISSIONS, Stop};
use crate::counters::count;
use crate::policy::Policy;
use message::{Host, Time};
use parking_lot::Mutex;
use queue::plan::Outcome as Reached;
use queue::{Failure, History, Said, Stage, Verdict, judge};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use wire::smtp::{Enhanced, client};

/// What an errand and the desks of its connections share.
#[derive(Debug)]
pub(super) struct Errand {
    /// Where all of it goes.
    pub destination: Destination,
    /// What a peer fetches over its own connection: instead of what else waits for one destination.
    pub fetched: Option<Fetched>,
    /// The message that is to be sent, with the recipients it is not done with.
    pub work: Option<Work>,
    /// Where the connection leads.
    pub stop: Stop,
    /// The message before this one, which is being settled.
    pub settling: Option<Unsettled>,
    /// How the connection ended, where that was outside of a transaction and not by goodbye.
    pub lost: Option<Loss>,
    /// The peer gave up a connection that had carried messages: it is to be visited again, over a new one.
    pub again: bool,
    /// Stops that are still to be tried after this one.
    pub stops_left: usize,
    /// Stops that failed for now before this one.
    pub failed_for_now: usize,
}

/// What writes down what came of a message.
pub(super) type Settling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One that is under way.
pub(super) struct Unsettled(pub Settling);

impl std::fmt::Debug for Unsettled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unsettled")
    }
}

impl Errand {
    /// What is known besides the failure to be judged.
    pub fn history(&self, accepted: usize) -> History {
        History { hosts_left: self.stops_left, hosts_failed_for_now: self.failed_for_now, accepted }
    }

    /// This stop was of no use, the next one may be.
    pub fn pass(&mut self, status: Enhanced) {
        self.failed_for_now += usize::from(status.0 == 4);
    }
}

/// What a connection is made with.
#[derive(Clone, Debug)]
struct Manner {
    login: Option<client::Login>,
    tls: client::Tls,
    role: client::Role,
}

impl Outbound {
    /// Carries out one attempt, to its end: every recipient in it is settled, or given back.
    pub async fn carry_out<R: Road>(&self, road: R, work: Work) {
        let destination = work.destination.clone();
        let errand = Arc::new(Mutex::new(Errand {
            destination: destination.clone(),
            fetched: None,
            work: Some(work),
            stop: Stop::nowhere(),
            settling: None,
            lost: None,
            again: false,
            stops_left: 0,
            failed_for_now: 0,
        }));
        match self.find_way(&road, &destination).await {
            Plan::Hosts { targets, via } => self.visit_all(&road, &targets, via, &errand).await,
            Plan::Later(reason) => self.no_way(&road, &errand, Enhanced(4, 4, 3), reason).await,
            Plan::Fail { status, reason } => self.no_way(&road, &errand, status, reason).await,
        }
        let left = errand.lock().work.take();
        if let Some(work) = left {
            self.give_back(work, road.now()).await;
        }
        self.inner.freed.notify_one();
    }

    async fn find_way<R: Road>(&self, road: &R, destination: &Destination) -> Plan {
        let policy = self.policy();
        let rules = policy.outbound.rules.clone();
        let random = u64::from_be_bytes(self.inner.office.random());
        let Some(host) = destination.to_host() else {
            return Plan::Fail { status: Enhanced(5, 1, 2), reason: format!("{} is no host", destination.host) };
        };
        let mut lookup = match destination.next_hop() {
            Some(hop) => Lookup::by(rules, host, &hop, random),
            None => Lookup::new(rules, host, random),
        };
        loop {
            match lookup.step() {
                Need::Mx(domain) => lookup.told_mx(road.mx(&domain).await),
                Need::Addresses(hosts) => {
                    let mut answers = Vec::with_capacity(hosts.len());
                    for host in hosts {
                        let answer = road.addresses(&host).await;
                        answers.push((host, answer));
                    }
                    lookup.told_addresses(answers);
                }
                Need::Ready(plan) => return plan,
            }
        }
    }

    /// DNS or a rule says that there is nothing to connect to.
    async fn no_way<R: Road>(&self, road: &R, errand: &Arc<Mutex<Errand>>, status: Enhanced, reason: String) {
        let failure = Failure { stage: Stage::Connect, said: Said::Refused(status) };
        let verdict = judge(&failure, &History::default());
        let judgement = Judgement { verdict, words: reason, remote: None, reply: None, passes_on: false };
        self.settle_rest(road, errand, (judgement, Reached::Unknown)).await;
    }

    /// Everybody who is left gets the same.
    async fn settle_rest<R: Road>(
        &self,
        road: &R,
        errand: &Arc<Mutex<Errand>>,
        (judgement, reached): (Judgement, Reached),
    ) {
        let Some(mut work) = errand.lock().work.take() else { return };
        let rows = std::mem::take(&mut work.rows).into_iter().map(|row| (row, judgement.clone())).collect();
        self.settle(road.now(), &work, rows).await;
        self.finish(&mut work, road.now(), reached).await;
    }

    /// Goes from host to host until everybody is settled or no host is left.
    async fn visit_all<R: Road>(&self, road: &R, targets: &[Target], via: Via, errand: &Arc<Mutex<Errand>>) {
        let manner = manner(&self.policy(), via);
        let stops: Vec<Stop> = targets.iter().flat_map(|target| stops(target, &manner)).collect();
        let mut reached = Reached::Unreachable;
        for (index, stop) in stops.iter().enumerate() {
            {
                let mut errand = errand.lock();
                (errand.stop, errand.stops_left, errand.lost) = (stop.clone(), stops.len() - index - 1, None);
            }
            loop {
                self.visit(road, stop, &manner, errand).await;
                if !std::mem::take(&mut errand.lock().again) {
                    break;
                }
            }
            let (lost, done) = {
                let mut errand = errand.lock();
                (errand.lost.take(), errand.work.is_none())
            };
            if done {
                return;
            }
            let Some(lost) = lost else { continue };
            let connected = !matches!(lost.failure.stage, Stage::Connect | Stage::Banner);
            reached = if connected { Reached::Reached } else { reached };
            let judgement = judge_loss(&mut errand.lock(), lost);
            if let Some(judgement) = judgement {
                return self.settle_rest(road, errand, (judgement, reached)).await;
            }
        }
    }

    /// One host: with TLS where it can, and without where TLS fails and nothing asks for it (RFC 7435 §3).
    async fn visit<R: Road>(&self, road: &R, stop: &Stop, manner: &Manner, errand: &Arc<Mutex<Errand>>) {
        for tls in [manner.tls, client::Tls::Never] {
            let session = self.session(road.now(), tls, manner);
            let desk = ClientDesk::new(self.clone(), errand.clone());
            count(&self.inner.office.counters().dialled, 1);
            let travelled = road.travel(stop, session, desk).await;
            let settling = errand.lock().settling.take();
            if let Some(settling) = settling {
                settling.0.await;
            }
            if let Err(words) = travelled {
                errand.lock().lost = Some(Loss::of_connecting(stop, &words));
                return;
            }
            let mut errand = errand.lock();
            let at_tls = |lost: &Loss| matches!(lost.failure.stage, Stage::StartTls | Stage::Tls);
            let failed = errand.lost.as_ref().is_some_and(at_tls);
            if !failed || tls != client::Tls::Opportunistic {
                return;
            }
            errand.lost = None;
        }
    }

    fn session(&self, now: Time, tls: client::Tls, manner: &Manner) -> client::Client {
        let profile = client::Profile {
            name: self.policy().hostname.to_string(),
            role: manner.role,
            tls,
            login: manner.login.clone(),
            chunking: client::Chunking::WhereNeeded,
            timeouts: client::Timeouts::default(),
        };
        client::Client::new(now, profile, self.inner.office.random())
    }
}

/// What is to become of the recipients whose host was lost; `None`: the next host is tried.
fn judge_loss(errand: &mut Errand, lost: Loss) -> Option<Judgement> {
    match judge(&lost.failure, &errand.history(0)) {
        Verdict::NextHost { status } => {
            errand.pass(status);
            None
        }
        verdict => Some(Judgement {
            verdict,
            words: lost.words,
            remote: Some(errand.stop.name.clone()),
            reply: lost.reply,
            passes_on: false,
        }),
    }
}

fn stops(target: &Target, manner: &Manner) -> impl Iterator<Item = Stop> + use<> {
    let proof = match (&manner.login, target.port) {
        (None, _) => Proof::None,
        (Some(_), SUBMISSIONS) => Proof::NameFromTheStart,
        (Some(_), _) => Proof::Name,
    };
    let port = target.port;
    let name = match &target.host {
        Host::Domain(domain) => domain.to_string(),
        Host::Literal(address) => address.to_string(),
    };
    let addresses = target.addresses.clone().into_iter();
    addresses.map(move |address| Stop { name: name.clone(), address: SocketAddr::new(address, port), proof })
}

fn manner(policy: &Policy, via: Via) -> Manner {
    let login = policy.outbound.smarthost_login.clone().filter(|_| via == Via::Smarthost);
    let role = match via {
        Via::Route(number) if policy.outbound.lmtp_routes.contains(&number) => client::Role::Lmtp,
        _ => client::Role::Smtp,
    };
    // A password does not go to whoever stands in between.
    let tls = if login.is_some() { client::Tls::Required } else { client::Tls::Opportunistic };
    Manner { login, tls, role }
}
