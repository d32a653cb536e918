//! The session object (RFC 8620 §2): what a client learns first. Owns the paths of JMAP.

use super::capability::{Capability, OFFERS, Offer, WEB_SOCKET};
use super::ids;
use crate::caller::Caller;
use crate::push::SOCKET_PATH;
use office::jmap::Sharer;
use serde_json::{Map, Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Where requests go.
pub const API_PATH: &str = "/jmap/api";
/// Where blobs are read from: account, blob, name, and `type` in the query.
pub const DOWNLOAD_PATH: &str = "/jmap/download/{accountId}/{blobId}/{name}";
/// Where blobs are written to.
pub const UPLOAD_PATH: &str = "/jmap/upload/{accountId}";
/// Where events come from (RFC 8620 §7.3).
pub const EVENTS_PATH: &str = "/jmap/events";
/// The session object itself; also at [`WELL_KNOWN_PATH`].
pub const SESSION_PATH: &str = "/jmap/session";
/// RFC 8620 §2.2.
pub const WELL_KNOWN_PATH: &str = "/.well-known/jmap";

/// The form of the session object; to be raised when a release changes what is in it.
const VERSION: u32 = 1;

/// The object, with URLs below `base` (scheme and host, no slash at the end; empty where the host is not known), and the
/// accounts of others that share something with the caller.
#[must_use]
pub fn session(caller: &Caller, sharers: &[Sharer], base: &str) -> Value {
    let account = ids::of_account(caller.account);
    let mut capabilities: Map<String, Value> =
        OFFERS.iter().map(|offer| (offer.urn.to_owned(), (offer.server)())).collect();
    // RFC 8887 §3: the URL is that of this host, with the scheme of WebSockets.
    let socket = format!("{}{SOCKET_PATH}", base.replacen("http", "ws", 1));
    capabilities.insert(WEB_SOCKET.to_owned(), json!({"url": socket, "supportsPush": true}));
    let of_accounts = || OFFERS.iter().filter_map(|offer| Some((offer.urn.to_owned(), offer.account?)));
    let account_capabilities: Map<String, Value> = of_accounts().map(|(urn, account)| (urn, account())).collect();
    let primary: Map<String, Value> = of_accounts().map(|(urn, _)| (urn, json!(account))).collect();
    let own = json!({
        "name": caller.address.to_string(),
        "isPersonal": true,
        "isReadOnly": !caller.scope.may_change(),
        "accountCapabilities": account_capabilities,
    });
    let mut accounts = Map::from_iter([(account, own)]);
    accounts.extend(sharers.iter().map(|sharer| (ids::of_account(sharer.account), shared(caller, sharer))));
    json!({
        "capabilities": capabilities,
        "accounts": accounts,
        "primaryAccounts": primary,
        "username": caller.address.to_string(),
        "apiUrl": format!("{base}{API_PATH}"),
        "downloadUrl": format!("{base}{DOWNLOAD_PATH}?type={{type}}"),
        "uploadUrl": format!("{base}{UPLOAD_PATH}"),
        "eventSourceUrl": format!("{base}{EVENTS_PATH}?types={{types}}&closeafter={{closeafter}}&ping={{ping}}"),
        "state": state(caller, sharers),
    })
}

/// Another's account (RFC 8620 §1.6.2): of mail, and the blobs that go with it.
fn shared(caller: &Caller, sharer: &Sharer) -> Value {
    let is_shared = |offer: &&Offer| matches!(offer.capability, Capability::Mail | Capability::Blob);
    let offers = OFFERS.iter().filter(is_shared);
    let mut capabilities: Map<String, Value> =
        offers.filter_map(|offer| Some((offer.urn.to_owned(), (offer.account?)()))).collect();
    for mail in capabilities.values_mut().filter(|value| value.get("mayCreateTopLevelMailbox").is_some()) {
        mail["mayCreateTopLevelMailbox"] = json!(false);
    }
    json!({
        "name": sharer.address.to_string(),
        "isPersonal": false,
        "isReadOnly": sharer.is_read_only || !caller.scope.may_change(),
        "accountCapabilities": capabilities,
    })
}

/// `sessionState`: changes when the object does.
#[must_use]
pub(super) fn state(caller: &Caller, sharers: &[Sharer]) -> String {
    let own = format!("{}-{VERSION}", ids::of_account(caller.account));
    if sharers.is_empty() {
        return own;
    }
    let mut hasher = DefaultHasher::new();
    for sharer in sharers {
        (sharer.account, sharer.address.to_string(), sharer.is_read_only).hash(&mut hasher);
    }
    format!("{own}-{:x}", hasher.finish())
}
