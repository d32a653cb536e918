//! Sending states to push services (RFC 8620 §7.2): one task for each account that has subscriptions, which waits for changes,
//! gathers what a service could not take yet, and tries again a bounded number of times. Owns when and what; who connects is
//! the courier.

use super::courier::{Carried, Courier, Letter};
use super::seal::seal;
use super::states::{EMAIL_DELIVERY, TypeStates, Types, state_change};
use super::subscription::{SUBSCRIPTION, Subscription};
use super::verifying::Turn;
use super::watch::{News, Watch};
use crate::Web;
use crate::jmap::ids;
use message::Time;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::op::Op;
use store::query::{Objects, ObjectsDue};
use store::types::{AccountId, Object, ObjectChange, ObjectKind};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Seconds that a push service keeps what it could not hand over yet (RFC 8030 §5.2): a day; what changed by then is read
/// anyway when the client comes back.
const TTL_S: u32 = 86_400;
/// How long after a failure a service is tried again, and twice as long each time.
const RETRY_FIRST: Duration = Duration::from_secs(30);
/// Tries after which what is waiting is given up: the next change begins anew.
pub const TRIES_MAX: u32 = 6;
/// How long the task looks away at most: subscriptions expire meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(3600);
/// Subscriptions that are looked for as the house opens.
const FOUND_MAX: u32 = 1_000_000;

/// Runs as long as the house does.
pub(super) async fn run(web: Web) {
    let Some(courier) = web.push().courier() else { return };
    let mut accounts: HashMap<AccountId, tokio::task::AbortHandle> = HashMap::new();
    let mut tasks = JoinSet::new();
    let far = Time(u64::MAX >> 2);
    let ask = ObjectsDue { kinds: vec![ObjectKind::PushSubscription], now: far, limit: FOUND_MAX };
    match web.office().store().read(ask).await {
        Ok(found) => found.iter().for_each(|object| web.push().subscribed(object.account)),
        Err(error) => tracing::error!(%error, "push subscriptions cannot be read"),
    }
    loop {
        let Some(account) = web.push().next_subscribed().await else { return };
        while tasks.try_join_next().is_some() {}
        // Its subscriptions changed: they are read again by a new task.
        if let Some(before) = accounts.remove(&account) {
            before.abort();
        }
        let follower = Follower { web: web.clone(), courier: courier.clone(), account, waiting: HashMap::new() };
        accounts.retain(|_, task| !task.is_finished());
        accounts.insert(account, tasks.spawn(follower.run()));
    }
}

/// What waits for one subscription.
struct Waiting {
    changed: TypeStates,
    tries: u32,
    due: Time,
}

struct Follower {
    web: Web,
    courier: Arc<dyn Courier>,
    account: AccountId,
    waiting: HashMap<i64, Waiting>,
}

impl Follower {
    async fn run(mut self) {
        if let Err(error) = self.follow().await {
            tracing::error!(%error, "states are not pushed any more");
        }
    }

    async fn follow(&mut self) -> Result<(), StoreError> {
        let store = self.web.office().store().clone();
        let Some(mut watch) = Watch::begin(&store, self.account, Types::All, None).await? else { return Ok(()) };
        loop {
            let subscriptions = self.subscriptions().await?;
            if subscriptions.is_empty() {
                return Ok(());
            }
            let unverified = self.verify(&subscriptions).await?;
            let now = self.web.now();
            for (object, subscription) in subscriptions.iter().filter(|(_, known)| known.is_verified) {
                if self.waiting.get(&object.id).is_some_and(|waiting| waiting.due <= now) {
                    self.send(object, subscription).await?;
                }
            }
            let next = self.waiting.values().map(|waiting| waiting.due).chain(unverified).min();
            let wait = next.map_or(LOOK_EVERY, |next| next.since(self.web.now())).min(LOOK_EVERY);
            match timeout(wait, watch.next()).await {
                Ok(Ok(Some(news))) => self.note(&subscriptions, &news),
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Those that are there; what has expired goes.
    async fn subscriptions(&self) -> Result<Vec<(Object, Subscription)>, StoreError> {
        let ask = Objects { account: self.account, kind: ObjectKind::PushSubscription };
        let all = self.web.office().store().read(ask).await?;
        let now = self.web.now();
        let mut known = Vec::new();
        for object in all {
            match Subscription::of(&object) {
                Some(subscription) if object.due.is_some_and(|due| due > now) => known.push((object, subscription)),
                _ => self.remove(&object).await?,
            }
        }
        Ok(known)
    }

    async fn remove(&self, object: &Object) -> Result<(), StoreError> {
        let unchanged_since = Some(object.modseq);
        let change = ObjectChange { unchanged_since, ..ObjectChange::remove(object.kind, object.id) };
        let op = Op::ObjectsChange { account: self.account, changes: vec![change], now: self.web.now() };
        self.web.office().store().apply(op).await.map(drop)
    }

    /// RFC 8620 §7.2.2: each that is not verified is sent its code, until a letter is taken. When the next one is due.
    async fn verify(&self, subscriptions: &[(Object, Subscription)]) -> Result<Option<Time>, StoreError> {
        let mut next = None;
        for (object, subscription) in subscriptions.iter().filter(|(_, known)| !known.is_verified) {
            let turn = || self.web.push().verifications.turn(self.account, object.id, self.web.now());
            let mut due = turn();
            if due == Turn::Now {
                self.ask_for_code(object, subscription).await?;
                due = turn();
            }
            if let Turn::At(at) = due {
                next = Some(next.map_or(at, |next: Time| next.min(at)));
            }
        }
        Ok(next)
    }

    /// One letter. A service that is not there or has no time gets it once more; one that knows no such subscription is told
    /// nothing any more.
    async fn ask_for_code(&self, object: &Object, subscription: &Subscription) -> Result<(), StoreError> {
        let text = json!({"@type": "PushVerification", "pushSubscriptionId": SUBSCRIPTION.id(object.id),
            "verificationCode": subscription.code});
        let Some(letter) = letter(subscription, &text, "high") else { return self.remove(object).await };
        let carried = self.courier.post(letter).await;
        tracing::debug!(?carried, "a push subscription is asked for its code");
        match carried {
            Carried::Answered { status: 408 | 429 | 500..=599, .. } | Carried::Unreachable => {}
            Carried::Answered { status: 404 | 410, .. } | Carried::Forbidden => return self.remove(object).await,
            Carried::Answered { .. } => self.web.push().verifications.taken(self.account, object.id),
        }
        Ok(())
    }

    fn note(&mut self, subscriptions: &[(Object, Subscription)], news: &News) {
        let now = self.web.now();
        for (object, subscription) in subscriptions.iter().filter(|(_, known)| known.is_verified) {
            let types = subscription.types();
            let wanted = news.changed.iter().filter(|(name, _)| types.has(name)).map(|(name, state)| (*name, *state));
            let wanted: TypeStates = wanted.collect();
            if wanted.is_empty() {
                continue;
            }
            let waiting =
                self.waiting.entry(object.id).or_insert(Waiting { changed: TypeStates::new(), tries: 0, due: now });
            waiting.changed.extend(wanted);
        }
    }

    /// One try. What the service cannot take now waits; where it knows no such subscription, there is none (RFC 8030 §5).
    async fn send(&mut self, object: &Object, subscription: &Subscription) -> Result<(), StoreError> {
        let Some(mut waiting) = self.waiting.remove(&object.id) else { return Ok(()) };
        let change = state_change(&ids::of_account(self.account), &waiting.changed);
        let urgency = if waiting.changed.contains_key(EMAIL_DELIVERY) { "high" } else { "normal" };
        let Some(letter) = letter(subscription, &change, urgency) else { return self.remove(object).await };
        let wait = match self.courier.post(letter).await {
            Carried::Answered { status: 200..=299, .. } => return Ok(()),
            Carried::Answered { status: 404 | 410, .. } | Carried::Forbidden => return self.remove(object).await,
            Carried::Answered { retry_after_s: Some(seconds), .. } => {
                Duration::from_secs(u64::from(seconds)).min(LOOK_EVERY)
            }
            Carried::Answered { .. } | Carried::Unreachable => RETRY_FIRST.saturating_mul(1 << waiting.tries.min(10)),
        };
        waiting.tries += 1;
        if waiting.tries < TRIES_MAX {
            waiting.due = self.web.now().after(wait);
            self.waiting.insert(object.id, waiting);
        }
        Ok(())
    }
}

/// What is posted: sealed where the client gave keys (RFC 8620 §7.2). `None` where it cannot be.
fn letter(subscription: &Subscription, text: &Value, urgency: &str) -> Option<Letter> {
    let text = text.to_string().into_bytes();
    let mut fields = vec![("ttl", TTL_S.to_string()), ("urgency", urgency.to_owned())];
    let body = if subscription.has_keys() {
        fields.push(("content-encoding", "aes128gcm".to_owned()));
        fields.push(("content-type", "application/octet-stream".to_owned()));
        seal(&text, &subscription.keys()?)?
    } else {
        fields.push(("content-type", "application/json".to_owned()));
        text
    };
    Some(Letter { url: subscription.url.clone(), fields, body })
}
