//! The half of JMAP Mail that writes (RFC 8621 §4.6 to §4.9, §6 to §8, RFC 9007): e-mails made, changed, copied and imported;
//! identities, submissions, the answer while away, receipts. What may be done is `office`'s.

mod address;
mod blob_copy;
mod body;
mod copy;
mod create;
mod flags;
mod forms;
mod identity;
mod import;
mod mdn;
mod mdn_form;
mod objects;
mod parse;
mod permit;
mod set;
mod span;
mod store_email;
mod submission;
mod submission_query;
mod vacation;

pub use blob_copy::blob_copy;
pub use copy::copy;
pub use identity::{changes as identity_changes, get as identity_get, set as identity_set};
pub use import::import;
pub use mdn::{parse as mdn_parse, send as mdn_send};
pub use parse::parse;
pub use set::set;
pub use submission::{changes as submission_changes, get as submission_get, set as submission_set};
pub use submission_query::{query as submission_query, query_changes as submission_query_changes};
pub use vacation::{get as vacation_get, set as vacation_set};

use serde_json::{Value, json};

/// What the session object says of an account that may send (RFC 8621 §1.3.2).
pub fn submission_capability() -> Value {
    json!({
        "maxDelayedSend": office::submission::HOLD_MAX.as_secs(),
        "submissionExtensions": {
            "FUTURERELEASE": [],
            "DSN": [],
            "SIZE": [],
            "8BITMIME": [],
            "SMTPUTF8": [],
        },
    })
}

#[cfg(test)]
mod tests;
