//! Where an address leads: to accounts here, to other hosts, nowhere. Owns aliases within aliases, the names that must
//! always work (RFC 5321 §4.5.1, RFC 2142) and bare names. Does not own whether this client may use the way.

use super::SmtpDesk;
use super::recipient::is_always_heard;
use crate::srs::SrsError;
use message::{Address, Domain, Host, Time};
use std::collections::BTreeSet;
use store::StoreError;
use store::query::{Resolve, Resolved};
use store::types::{Account, Alias, AliasTarget};

/// Aliases followed one after another. A loop is cut here too; nobody nests lists deeper on purpose.
pub(super) const ALIAS_DEPTH: usize = 10;

/// Addresses one recipient may grow to. A list larger than this wants a list manager.
pub(super) const MEMBERS_MAX: usize = 10_000;

/// The local part that stands for all other names of a domain.
const CATCH_ALL: &str = "*";

/// What the name of a list is led by in the name of who answers for it: sendmail's habit.
const OWNER: &str = "owner-";

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
    /// It looks like a reverse-path that was wrapped here, and is none that is good (any more).
    NotWrappedHere(SrsError),
}

/// One end of a way, and how the copy for it leaves.
#[derive(Clone)]
pub(super) struct Member {
    pub end: End,
    pub path: CopyPath,
}

/// One end of a way.
#[derive(Clone)]
pub(super) enum End {
    /// A mailbox here.
    Local(Box<Account>),
    /// A mailbox elsewhere.
    Remote(Address),
}

/// The reverse path of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CopyPath {
    /// The sender's own.
    Sender,
    /// That of who answers for the list (RFC 5321 §3.9.2).
    Owner(Address),
    /// The sender's own, wrapped by this domain when it is none of ours and the copy leaves the house (`srs`).
    Forwarder(Domain),
}

impl Member {
    /// The recipient itself, elsewhere.
    pub fn remote(address: Address) -> Member {
        Member { end: End::Remote(address), path: CopyPath::Sender }
    }

    /// A mailbox here that was written to by its own name.
    fn local(account: Box<Account>) -> Member {
        Member { end: End::Local(account), path: CopyPath::Sender }
    }

    /// The mailbox, where it is one here.
    pub fn account(&self) -> Option<&Account> {
        match &self.end {
            End::Local(account) => Some(account),
            End::Remote(_) => None,
        }
    }
}

/// Addresses not yet followed to their ends, and how they were come by.
type Level = Vec<(Address, CopyPath)>;

impl SmtpDesk {
    /// A bare name with our first domain, where this client may use one. A local part with an `@` in it (from a
    /// quoted string) is a name like any other, and nobody here has it.
    pub(super) fn complete(&self, local_part: &str) -> Option<Address> {
        let domain = self.policy.first_domain().filter(|_| self.is_known())?;
        Some(Address::new(local_part, Host::Domain(domain.clone())))
    }

    pub(super) async fn route(&self, address: &Address, now: Time) -> Result<Route, StoreError> {
        if let Some(account) = self.postmaster_of(address).await? {
            return Ok(Route::Members(vec![Member::local(account)]));
        }
        match self.resolve(address).await? {
            Resolved::Foreign => Ok(Route::Foreign),
            Resolved::Account { account, .. } => Ok(Route::Members(vec![Member::local(account)])),
            Resolved::Alias(alias) if !is_catch_all(&alias) => self.follow_alias(alias).await,
            nobody => match (self.way_back(address, now).await?, nobody) {
                (Some(route), _) => Ok(route),
                (None, Resolved::Alias(catch_all)) => self.follow_alias(catch_all).await,
                (None, _) => Ok(Route::Unknown),
            },
        }
    }

    /// Where an address leads that we made ourselves, of the reverse-path of mail we sent on.
    async fn way_back(&self, address: &Address, now: Time) -> Result<Option<Route>, StoreError> {
        let (Some(unwrapped), Some(here)) = (self.office.srs().unwrap(address, now), address.domain()) else {
            return Ok(None);
        };
        match unwrapped {
            Ok(sender) => self.follow(vec![(sender, CopyPath::Forwarder(here.clone()))]).await.map(Some),
            Err(error) => Ok(Some(Route::NotWrappedHere(error))),
        }
    }

    async fn follow_alias(&self, alias: Alias) -> Result<Route, StoreError> {
        match alias.target {
            AliasTarget::Moved(to) => Ok(Route::Moved(to)),
            AliasTarget::Members(members) => {
                let path = self.path_through(&alias.address, &CopyPath::Sender).await?;
                self.follow(members.into_iter().map(|member| (member, path.clone())).collect()).await
            }
        }
    }

    /// How copies leave that went through an alias, come by another way before: whoever answers for the innermost list
    /// hears of trouble with its members.
    async fn path_through(&self, alias: &Address, before: &CopyPath) -> Result<CopyPath, StoreError> {
        let Some(domain) = alias.domain() else { return Ok(before.clone()) };
        let name = alias.local_part();
        let owner = Address::new(&format!("{OWNER}{name}"), alias.host().clone());
        let has_owner = name != CATCH_ALL
            && !name.to_lowercase().starts_with(OWNER)
            && match self.resolve(&owner).await? {
                Resolved::Account { .. } => true,
                Resolved::Alias(found) => !is_catch_all(&found),
                Resolved::Foreign | Resolved::Unknown => false,
            };
        Ok(match before {
            _ if has_owner => CopyPath::Owner(owner),
            CopyPath::Owner(_) => before.clone(),
            CopyPath::Sender | CopyPath::Forwarder(_) => CopyPath::Forwarder(domain.clone()),
        })
    }

    /// The account named by `admin`, for postmaster and abuse of our domains (RFC 5321 §4.5.1, RFC 2142 §4).
    pub(super) async fn postmaster_of(&self, address: &Address) -> Result<Option<Box<Account>>, StoreError> {
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
    async fn follow(&self, members: Level) -> Result<Route, StoreError> {
        let (mut seen, mut ends, mut level) = (BTreeSet::new(), Vec::new(), members);
        for _ in 0..ALIAS_DEPTH {
            let mut next = Vec::new();
            for (address, path) in level {
                if seen.len() >= MEMBERS_MAX {
                    return Ok(Route::Tangled);
                }
                if seen.insert(address.clone()) {
                    self.step((address, path), &mut ends, &mut next).await?;
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
    async fn step(
        &self,
        (address, path): (Address, CopyPath),
        ends: &mut Vec<Member>,
        next: &mut Level,
    ) -> Result<(), StoreError> {
        match self.resolve(&address).await? {
            Resolved::Foreign => ends.push(Member { end: End::Remote(address), path }),
            Resolved::Account { account, .. } => ends.push(Member { end: End::Local(account), path }),
            Resolved::Alias(Alias { address: alias, target: AliasTarget::Members(members) }) => {
                let path = self.path_through(&alias, &path).await?;
                next.extend(members.into_iter().map(|member| (member, path.clone())));
            }
            Resolved::Alias(Alias { target: AliasTarget::Moved(to), .. }) => next.push((to, path)),
            Resolved::Unknown => tracing::warn!(%address, "an alias names somebody who is not here"),
        }
        Ok(())
    }
}

fn is_catch_all(alias: &Alias) -> bool {
    alias.address.local_part() == CATCH_ALL
}
