//! Where an address leads: to accounts here, to other hosts, nowhere. Owns aliases within aliases, the names that must
//! always work (RFC 5321 §4.5.1, RFC 2142) and bare names. Does not own whether this client may use the way.

use super::SmtpDesk;
use super::recipient::is_always_heard;
use message::{Address, Host};
use std::collections::BTreeSet;
use store::StoreError;
use store::query::{Resolve, Resolved};
use store::types::{Account, Alias, AliasTarget};

/// Aliases followed one after another. A loop is cut here too; nobody nests lists deeper on purpose.
pub(super) const ALIAS_DEPTH: usize = 10;

/// Addresses one recipient may grow to. A list larger than this wants a list manager.
pub(super) const MEMBERS_MAX: usize = 10_000;

/// Where an address leads.
pub(super) enum Route {
    /// To these, at least one.
    Members(Vec<Member>),
    /// To none of our domains.
    Foreign,
    /// To one of our domains, but to nobody.
    Unknown,
    /// The user has this address now (RFC 5321 §3.4).
    Moved(Address),
    /// Aliases lead in a circle, too deep, or to too many.
    Tangled,
}

/// One end of a way.
#[derive(Clone)]
pub(super) enum Member {
    /// A mailbox here.
    Local(Box<Account>),
    /// A mailbox elsewhere.
    Remote(Address),
}

impl SmtpDesk {
    /// A bare name with our first domain, where this client may use one. A local part with an `@` in it (from a
    /// quoted string) is a name like any other, and nobody here has it.
    pub(super) fn complete(&self, local_part: &str) -> Option<Address> {
        let domain = self.policy.first_domain().filter(|_| self.is_known())?;
        Some(Address::new(local_part, Host::Domain(domain.clone())))
    }

    pub(super) async fn route(&self, address: &Address) -> Result<Route, StoreError> {
        if let Some(account) = self.postmaster_of(address).await? {
            return Ok(Route::Members(vec![Member::Local(account)]));
        }
        match self.resolve(address).await? {
            Resolved::Foreign => Ok(Route::Foreign),
            Resolved::Unknown => Ok(Route::Unknown),
            Resolved::Account { account, .. } => Ok(Route::Members(vec![Member::Local(account)])),
            Resolved::Alias(Alias { target: AliasTarget::Moved(to), .. }) => Ok(Route::Moved(to)),
            Resolved::Alias(Alias { target: AliasTarget::Members(members), .. }) => self.follow(members).await,
        }
    }

    /// The account named by `admin`, for postmaster and abuse of our domains (RFC 5321 §4.5.1, RFC 2142 §4).
    async fn postmaster_of(&self, address: &Address) -> Result<Option<Box<Account>>, StoreError> {
        if !is_always_heard(address) || matches!(self.resolve(address).await?, Resolved::Foreign) {
            return Ok(None);
        }
        self.administrator().await
    }

    /// The account named by `admin`, where there is one.
    pub(super) async fn administrator(&self) -> Result<Option<Box<Account>>, StoreError> {
        let Some(admin) = &self.policy.admin else { return Ok(None) };
        match self.resolve(admin).await? {
            Resolved::Account { account, .. } => Ok(Some(account)),
            _ => Ok(None),
        }
    }

    pub(super) async fn resolve(&self, address: &Address) -> Result<Resolved, StoreError> {
        self.office.store().read(Resolve { address: address.clone() }).await
    }

    /// Follows aliases to their ends, breadth first, each address once.
    async fn follow(&self, members: Vec<Address>) -> Result<Route, StoreError> {
        let (mut seen, mut ends, mut level) = (BTreeSet::new(), Vec::new(), members);
        for _ in 0..ALIAS_DEPTH {
            let mut next = Vec::new();
            for address in level {
                if seen.len() >= MEMBERS_MAX {
                    return Ok(Route::Tangled);
                }
                if seen.insert(address.clone()) {
                    self.step(address, &mut ends, &mut next).await?;
                }
            }
            if next.is_empty() {
                return Ok(if ends.is_empty() { Route::Unknown } else { Route::Members(ends) });
            }
            level = next;
        }
        Ok(Route::Tangled)
    }

    /// One address of an alias: an end, more addresses, or nobody any more.
    async fn step(&self, address: Address, ends: &mut Vec<Member>, next: &mut Vec<Address>) -> Result<(), StoreError> {
        match self.resolve(&address).await? {
            Resolved::Foreign => ends.push(Member::Remote(address)),
            Resolved::Account { account, .. } => ends.push(Member::Local(account)),
            Resolved::Alias(Alias { target: AliasTarget::Members(members), .. }) => next.extend(members),
            Resolved::Alias(Alias { target: AliasTarget::Moved(to), .. }) => next.push(to),
            Resolved::Unknown => tracing::warn!(%address, "an alias names somebody who is not here"),
        }
        Ok(())
    }
}
