//! What a client may be told the states of (RFC 8620 §7.1): the types by name, and which of the account's states is each
//! one's. Owns that table; a `/get` of a type says the same state.

use office::login::Scope;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::types::{ModSeq, ObjectKind, StateRow};

/// Which state of the account is a type's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Emails,
    Mailboxes,
    Object(ObjectKind),
}

/// Every type that changes.
const TYPES: &[(&str, Of)] = &[
    ("Email", Of::Emails),
    ("Thread", Of::Emails),
    ("Mailbox", Of::Mailboxes),
    // What is used of a quota changes with the messages.
    ("Quota", Of::Emails),
    ("Identity", Of::Object(ObjectKind::Identity)),
    ("EmailSubmission", Of::Object(ObjectKind::Submission)),
    ("VacationResponse", Of::Object(ObjectKind::Vacation)),
    ("AddressBook", Of::Object(ObjectKind::AddressBook)),
    ("ContactCard", Of::Object(ObjectKind::Contact)),
    ("Settings", Of::Object(ObjectKind::Settings)),
    ("Snooze", Of::Object(ObjectKind::Snooze)),
];

/// RFC 8621 §1.5: has a new state when mail comes, and else not. It can be told only from a state on.
pub const EMAIL_DELIVERY: &str = "EmailDelivery";

/// What a caller may read who may only send.
const OF_SENDERS: [&str; 1] = ["Identity"];

/// The types somebody wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Types {
    /// Every one.
    All,
    /// These. Names that nobody knows are never said (RFC 8620 §7.3).
    Some(BTreeSet<String>),
}

impl Types {
    /// Of names, or all where there is no list (RFC 8620 §7.2, RFC 8887 §4.3.5.2).
    #[must_use]
    pub fn of(names: Option<Vec<String>>) -> Types {
        names.map_or(Types::All, |names| Types::Some(names.into_iter().collect()))
    }

    /// As `types` of an event source has it: `*` or names with commas (RFC 8620 §7.3).
    #[must_use]
    pub fn read(text: &str) -> Types {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        if text.trim() == "*" { Types::All } else { Types::Some(names.collect()) }
    }

    /// Those of them that the caller may read: who only sends reads identities (as `Identity/get` has it), and must not see
    /// when mail comes.
    #[must_use]
    pub fn within(self, scope: Scope) -> Types {
        if scope.may_read() {
            return self;
        }
        Types::Some(OF_SENDERS.iter().filter(|name| self.has(name)).map(|name| (*name).to_owned()).collect())
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Types::All => true,
            Types::Some(names) => names.contains(name),
        }
    }
}

/// The states of some types.
pub type TypeStates = BTreeMap<&'static str, ModSeq>;

/// The states of the types somebody wants to hear of.
#[must_use]
pub fn states(row: &StateRow, types: &Types) -> TypeStates {
    let wanted = TYPES.iter().filter(|(name, _)| types.has(name));
    wanted
        .map(|(name, of)| {
            let state = match of {
                Of::Emails => row.emails,
                // Counts of a mailbox hang on e-mails elsewhere too, so `Mailbox/get` tells the later of both.
                Of::Mailboxes => row.mailboxes.max(row.emails),
                Of::Object(kind) => row.object(*kind),
            };
            (*name, state)
        })
        .collect()
}

/// A `StateChange` (RFC 8620 §7.1) of one account.
#[must_use]
pub fn state_change(account: &str, changed: &TypeStates) -> Value {
    let states: Map<String, Value> =
        changed.iter().map(|(name, state)| ((*name).to_owned(), json!(state.0.to_string()))).collect();
    json!({"@type": "StateChange", "changed": {account: states}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> StateRow {
        let objects = vec![(ObjectKind::Contact, ModSeq(7))];
        StateRow { account: ModSeq(9), emails: ModSeq(8), mailboxes: ModSeq(9), objects, oldest: ModSeq(1) }
    }

    #[test]
    fn wanted_types_are_told_and_no_others() {
        let some = Types::read("Email, ContactCard,Nonsense");
        assert_eq!(states(&row(), &some), TypeStates::from([("Email", ModSeq(8)), ("ContactCard", ModSeq(7))]));
        assert_eq!(states(&row(), &Types::read("*")).len(), TYPES.len());
        assert_eq!(states(&row(), &Types::of(None)).len(), TYPES.len());
        assert_eq!(states(&row(), &Types::read("")), TypeStates::new());
        let snoozes = states(&row(), &Types::of(Some(vec!["Snooze".to_owned()])));
        assert_eq!(snoozes, TypeStates::from([("Snooze", ModSeq(1))]), "there never was one");
    }

    #[test]
    fn who_only_sends_hears_of_identities_only() {
        let told = |wanted: &str, scope| states(&row(), &Types::read(wanted).within(scope));
        assert_eq!(told("*", Scope::Send).keys().collect::<Vec<_>>(), [&"Identity"]);
        assert_eq!(told("Email,Identity,Mailbox", Scope::Send).len(), 1);
        assert_eq!(told("Email", Scope::Send), TypeStates::new());
        assert!(!Types::All.within(Scope::Send).has(EMAIL_DELIVERY));
        for scope in [Scope::All, Scope::Mail, Scope::Read] {
            assert_eq!(told("*", scope).len(), TYPES.len());
        }
    }

    #[test]
    fn a_state_change_has_the_form_of_the_rfc() {
        let change = state_change("A1", &TypeStates::from([("Email", ModSeq(8))]));
        assert_eq!(change, json!({"@type": "StateChange", "changed": {"A1": {"Email": "8"}}}));
    }
}
