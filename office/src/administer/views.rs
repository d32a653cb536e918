//! How rows of the store look to an administrator: never with what is secret in them.

use crate::admin::{AccountView, AliasTo, AliasView};
use store::types::{Account, Alias, AliasTarget};

pub(super) fn account(account: &Account) -> AccountView {
    AccountView {
        address: account.address.clone(),
        used: account.used,
        quota: account.quota,
        messages: account.messages,
        pop_delete: account.pop_delete,
        has_password: account.credentials.password.is_some(),
        has_apop: account.credentials.apop_secret.is_some(),
        created: account.created,
    }
}

pub(super) fn alias(alias: Alias) -> AliasView {
    let target = match alias.target {
        AliasTarget::Members(members) => AliasTo::Members(members),
        AliasTarget::Moved(to) => AliasTo::Moved(to),
    };
    AliasView { address: alias.address, target }
}
