//! Telling clients that something changed (RFC 8620 §7): the event source, WebSockets (RFC 8887), and push services. Owns
//! who waits for what, and how many may. What changed is the store's to say.

mod courier;
mod events;
mod others;
mod posting;
pub mod seal;
mod socket;
mod states;
pub(crate) mod subscription;
mod verifying;
mod watch;

pub use courier::{Carried, Courier, Letter, Posting, URL_OCTETS_MAX, is_public, may_post};
pub use events::{PING_MAX_S, PING_MIN_S};
pub use others::Others;
pub use states::{TypeStates, Types, state_change, states};
pub use verifying::LETTERS_PER_HOUR;
pub use watch::{News, Watch};

use crate::Web;
use crate::jmap::EVENTS_PATH;
use axum::Router;
use axum::routing::get;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use store::types::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch as signal};

/// Event sources and WebSockets of an account at the same time: a page each on some devices, and what a browser has not
/// noticed to be closed.
pub const STREAMS_AT_ONCE: usize = 32;
/// Where WebSockets are opened.
pub const SOCKET_PATH: &str = "/jmap/ws";
/// Accounts from which on those without a stream are forgotten.
const SWEPT: usize = 1024;

/// The paths of event sources and WebSockets.
pub fn routes() -> Router<Web> {
    Router::new().route(EVENTS_PATH, get(events::events)).route(SOCKET_PATH, get(socket::socket))
}

/// What event sources, WebSockets and push subscriptions share: who has how many open, and who connects to push services.
pub struct Streams {
    open: Mutex<HashMap<AccountId, Arc<Semaphore>>>,
    courier: OnceLock<Arc<dyn Courier>>,
    /// Accounts whose subscriptions changed.
    told: mpsc::UnboundedSender<AccountId>,
    heard: tokio::sync::Mutex<mpsc::UnboundedReceiver<AccountId>>,
    /// Subscriptions that are sent their code.
    verifications: verifying::Verifications,
    /// The house closes: whoever waits is let go.
    closing: signal::Sender<bool>,
}

impl Default for Streams {
    fn default() -> Streams {
        let (told, heard) = mpsc::unbounded_channel();
        let heard = tokio::sync::Mutex::new(heard);
        Streams {
            open: Mutex::default(),
            courier: OnceLock::new(),
            told,
            heard,
            verifications: verifying::Verifications::default(),
            closing: signal::channel(false).0,
        }
    }
}

impl Streams {
    /// Who connects to push services, where somebody does.
    pub(crate) fn courier(&self) -> Option<Arc<dyn Courier>> {
        self.courier.get().cloned()
    }

    /// Whether push services may be in private networks.
    pub(crate) fn allows_private(&self) -> bool {
        self.courier.get().is_some_and(|courier| courier.allows_private())
    }

    /// The subscriptions of an account changed. What is queued is an account's number for each change that a client made.
    pub(crate) fn subscribed(&self, account: AccountId) {
        if self.courier.get().is_some() {
            let _ = self.told.send(account);
        }
    }

    /// Ends what is open: clients come back to a house that is open.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Returns when the house closes.
    pub(crate) fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut closing = self.closing.subscribe();
        async move {
            // An error says that nobody is left who could close it: that is closed too.
            let _ = closing.wait_for(|closed| *closed).await;
        }
    }

    async fn next_subscribed(&self) -> Option<AccountId> {
        self.heard.lock().await.recv().await
    }

    /// A place among the account's streams, free again when it is dropped; `None`: there are too many.
    pub fn enter(&self, account: AccountId) -> Option<OwnedSemaphorePermit> {
        let mut open = self.open.lock();
        if open.len() >= SWEPT {
            open.retain(|_, places| places.available_permits() < STREAMS_AT_ONCE);
        }
        let places = open.entry(account).or_insert_with(|| Arc::new(Semaphore::new(STREAMS_AT_ONCE)));
        places.clone().try_acquire_owned().ok()
    }
}

/// Makes known who connects to push services. Once; a second time changes nothing.
pub(crate) fn employ(streams: &Streams, courier: Arc<dyn Courier>) {
    let _ = streams.courier.set(courier);
}

/// Sends states to push services, as long as the house is open.
pub(crate) async fn post(web: Web) {
    posting::run(web).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_streams_and_no_more() {
        let streams = Streams::default();
        let mut places: Vec<_> = (0..STREAMS_AT_ONCE).map(|_| streams.enter(AccountId(1))).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(streams.enter(AccountId(1)).is_none(), "one past it");
        assert!(streams.enter(AccountId(2)).is_some());
        places.pop();
        assert!(streams.enter(AccountId(1)).is_some(), "free again");
    }
}
