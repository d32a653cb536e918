//! What we speak beyond the core, by name (RFC 8620 §9.4): one line each. Owns the names, and what the session object says
//! of each.

use super::limits;
use serde_json::{Value, json};

/// Something a request may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Capability {
    /// RFC 8620.
    Core,
    /// RFC 8621 §1.3.1.
    Mail,
    /// RFC 8621 §1.3.2.
    Submission,
    /// RFC 8621 §1.3.3.
    VacationResponse,
    /// RFC 9007 §1.3.
    Mdn,
    /// What the webmail needs beyond the standards.
    Webmail,
    /// RFC 9404.
    Blob,
    /// RFC 9425.
    Quota,
    /// RFC 9610.
    Contacts,
    /// RFC 8887.
    WebSocket,
}

/// A capability, and what the session object says of it.
pub(super) struct Offer {
    pub capability: Capability,
    pub urn: &'static str,
    /// For the whole server.
    pub server: fn() -> Value,
    /// For an account; `None`: it is no matter of accounts.
    pub account: Option<fn() -> Value>,
}

/// Everything that is offered.
pub(super) const OFFERS: &[Offer] = &[
    Offer { capability: Capability::Core, urn: "urn:ietf:params:jmap:core", server: limits::advertised, account: None },
    Offer { capability: Capability::Mail, urn: "urn:ietf:params:jmap:mail", server: nothing, account: Some(mail) },
    Offer {
        capability: Capability::Submission,
        urn: "urn:ietf:params:jmap:submission",
        server: nothing,
        account: Some(super::writing::submission_capability),
    },
    Offer {
        capability: Capability::VacationResponse,
        urn: "urn:ietf:params:jmap:vacationresponse",
        server: nothing,
        account: Some(nothing),
    },
    Offer { capability: Capability::Mdn, urn: "urn:ietf:params:jmap:mdn", server: nothing, account: Some(nothing) },
    Offer {
        capability: Capability::Webmail,
        urn: "urn:pillarbox:jmap:webmail",
        server: nothing,
        account: Some(nothing),
    },
    Offer {
        capability: Capability::Blob,
        urn: "urn:ietf:params:jmap:blob",
        server: nothing,
        account: Some(super::blob_methods::advertised),
    },
    Offer { capability: Capability::Quota, urn: "urn:ietf:params:jmap:quota", server: nothing, account: Some(nothing) },
    Offer {
        capability: Capability::Contacts,
        urn: "urn:ietf:params:jmap:contacts",
        server: nothing,
        account: Some(crate::contacts::advertised),
    },
    // Its URL is the host's to say: the session object adds it.
    Offer { capability: Capability::WebSocket, urn: WEB_SOCKET, server: nothing, account: None },
];

/// RFC 8887 §3.
pub(super) const WEB_SOCKET: &str = "urn:ietf:params:jmap:websocket";

fn nothing() -> Value {
    json!({})
}

/// RFC 8621 §1.3.1.
fn mail() -> Value {
    json!({
        "maxMailboxesPerEmail": Value::Null,
        "maxMailboxDepth": store::DEPTH_MAX,
        "maxSizeMailboxName": store::NAME_OCTETS_MAX,
        "maxSizeAttachmentsPerEmail": limits::ATTACHMENTS_OCTETS_MAX,
        "emailQuerySortOptions": ["receivedAt", "sentAt", "size", "from", "to", "subject", "hasKeyword",
            "allInThreadHaveKeyword", "someInThreadHaveKeyword"],
        "mayCreateTopLevelMailbox": true,
    })
}

/// The capabilities that a request uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Using(u32);

impl Using {
    /// These.
    #[must_use]
    pub fn of(capabilities: &[Capability]) -> Using {
        Using(capabilities.iter().fold(0, |all, capability| all | 1 << *capability as u8))
    }

    /// Whether it is among them.
    #[must_use]
    pub fn has(self, capability: Capability) -> bool {
        self.0 & 1 << capability as u8 != 0
    }

    pub(super) fn add(&mut self, capability: Capability) {
        self.0 |= 1 << capability as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn using_holds_what_was_added() {
        let mut using = Using::of(&[Capability::Core]);
        assert!(using.has(Capability::Core) && !using.has(Capability::Mail));
        using.add(Capability::Mail);
        assert!(using.has(Capability::Mail));
    }

    #[test]
    fn every_capability_is_offered_once() {
        let mut names: Vec<_> = OFFERS.iter().map(|offer| offer.urn).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OFFERS.len());
    }
}
