//! The limits that the session object tells and requests are held to (RFC 8620 §2), and what keeps count of requests
//! under way.

use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use store::types::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Octets of an upload: as large as a message may be by default.
pub const UPLOAD_OCTETS_MAX: u64 = 50 * 1024 * 1024;
/// Uploads of an account at the same time: the least that RFC 8620 §2 suggests.
pub const UPLOADS_AT_ONCE: usize = 4;
/// Properties named in one call: several times what any type has, and each may mean reading a whole header.
pub const PROPERTIES_MAX: usize = 200;
/// Octets of a request: what RFC 8620 §2 suggests, and far above what clients send, whose bodies go as uploads.
pub const REQUEST_OCTETS_MAX: usize = 10_000_000;
/// Requests of an account at the same time: RFC 8620 §2 suggests 4 at least, and a user has several devices and pages.
pub const REQUESTS_AT_ONCE: usize = 16;
/// Calls in a request: twice what RFC 8620 §2 suggests; a webmail asks for all it shows at once.
pub const CALLS_MAX: usize = 32;
/// Objects that a `/get` asks for.
pub const GET_MAX: usize = 1000;
/// Objects that a `/set` creates, updates and destroys in all.
pub const SET_MAX: usize = 1000;
/// Ids in one answer of `/query` when more are there: a page of a list, and not the list. A client asks on by position.
pub const QUERY_MAX: usize = 10_000;
/// Values within values of a request (RFC 8259 §9): what serde_json goes down to at most, and ten times any honest request.
pub const DEPTH_MAX: usize = 100;
/// Octets that references may add to one request: a few calls that refer to one large answer each could fill memory.
pub const REFERRED_OCTETS_MAX: usize = 4 * 1024 * 1024;
/// Octets of the answers of one request after which calls that are left are refused.
pub const RESPONSE_OCTETS_MAX: usize = 64 * 1024 * 1024;
/// Octets of all attachments of an e-mail.
pub const ATTACHMENTS_OCTETS_MAX: u64 = UPLOAD_OCTETS_MAX;

/// What the session object says (RFC 8620 §2).
pub(super) fn advertised() -> Value {
    json!({
        "maxSizeUpload": UPLOAD_OCTETS_MAX,
        "maxConcurrentUpload": UPLOADS_AT_ONCE,
        "maxSizeRequest": REQUEST_OCTETS_MAX,
        "maxConcurrentRequests": REQUESTS_AT_ONCE,
        "maxCallsInRequest": CALLS_MAX,
        "maxObjectsInGet": GET_MAX,
        "maxObjectsInSet": SET_MAX,
        "collationAlgorithms": COLLATIONS,
    })
}

/// The collations of RFC 4790 that a sort may name. `i;unicode-casemap` (RFC 5051) is the one used when none is named.
pub const COLLATIONS: [&str; 3] = ["i;ascii-casemap", "i;octet", "i;unicode-casemap"];

/// What JMAP requests share: who has how many under way.
#[derive(Default)]
pub struct Desk {
    requests: Gate,
    uploads: Gate,
    /// Lists that were left with one press.
    pub(super) unsubscribing: super::unsubscribe::Requests,
}

impl Desk {
    /// A place among the account's requests; `None`: there are too many. Held until the answer is made.
    pub fn enter(&self, account: AccountId) -> Option<Place> {
        self.requests.enter(account, REQUESTS_AT_ONCE)
    }

    /// A place among the account's uploads.
    pub fn enter_upload(&self, account: AccountId) -> Option<Place> {
        self.uploads.enter(account, UPLOADS_AT_ONCE)
    }
}

/// A place that is free again when this is dropped.
pub type Place = OwnedSemaphorePermit;

/// Accounts from which on those without a request are forgotten.
const SWEPT: usize = 1024;

#[derive(Default)]
struct Gate {
    inside: Mutex<HashMap<AccountId, Arc<Semaphore>>>,
}

impl Gate {
    fn enter(&self, account: AccountId, most: usize) -> Option<Place> {
        let mut inside = self.inside.lock();
        if inside.len() >= SWEPT {
            inside.retain(|_, places| places.available_permits() < most);
        }
        let places = inside.entry(account).or_insert_with(|| Arc::new(Semaphore::new(most)));
        places.clone().try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_requests_and_no_more() {
        let desk = Desk::default();
        let mut places: Vec<_> = (0..REQUESTS_AT_ONCE).map(|_| desk.enter(AccountId(1))).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(desk.enter(AccountId(1)).is_none(), "one past it");
        assert!(desk.enter(AccountId(2)).is_some(), "others have places of their own");
        places.pop();
        assert!(desk.enter(AccountId(1)).is_some(), "it is free again");
    }

    #[test]
    fn who_has_no_request_is_forgotten() {
        let desk = Desk::default();
        let _held = desk.enter(AccountId(0));
        (1..=SWEPT as i64).for_each(|account| drop(desk.enter(AccountId(account))));
        assert!(desk.requests.inside.lock().len() < SWEPT);
        assert!(desk.requests.inside.lock().contains_key(&AccountId(0)), "one is under way");
    }
}
