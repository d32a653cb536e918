//! Domains and aliases.

use super::{Clerk, Result, done, failure, trouble, views};
use crate::admin::{AliasTo, DomainView, FailureKind, Response};
use message::{Address, Domain, Time};
use store::op::{Op, Outcome};
use store::query::{Accounts, Aliases, Domains};
use store::types::{Alias, AliasTarget};

/// Accounts counted a page at a time.
const PAGE: u32 = 1000;

impl Clerk<'_> {
    pub(super) async fn add_domain(&self, domain: Domain, now: Time) -> Result {
        match self.store.apply(Op::DomainAdd { domain: domain.clone(), now }).await.map_err(trouble)? {
            Outcome::Exists => {
                Err(failure(FailureKind::CannotCreate, format!("{domain} is one of our domains already")))
            }
            _ => done(),
        }
    }

    pub(super) async fn remove_domain(&self, domain: Domain) -> Result {
        if let Some(entry) = self.policy.domains.iter().find(|entry| entry.domain == domain) {
            let text = format!("{domain} comes from {}: take it out there, then reload", entry.origin);
            return Err(failure(FailureKind::Config, text));
        }
        match self.store.apply(Op::DomainRemove { domain: domain.clone() }).await.map_err(trouble)? {
            Outcome::Gone => Err(self.no_domain(&domain)),
            Outcome::Conflict => {
                let text = format!("{domain} still has accounts or aliases: remove those first");
                Err(failure(FailureKind::Data, text))
            }
            _ => done(),
        }
    }

    pub(super) fn no_domain(&self, domain: &Domain) -> crate::admin::Failure {
        let text = format!("{domain} is none of our domains: `pillarbox domain add {domain}` makes it one");
        failure(FailureKind::NoHost, text)
    }

    pub(super) async fn domains(&self) -> Result {
        let rows = self.store.read(Domains {}).await.map_err(trouble)?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            let origin = self.policy.domains.iter().find(|entry| entry.domain == row.domain);
            views.push(DomainView {
                accounts: self.count_accounts(&row.domain).await?,
                domain: row.domain,
                source: if origin.is_some() { "file" } else { "store" }.to_owned(),
                origin: origin.map(|entry| entry.origin.clone()),
            });
        }
        Ok(Response::Domains(views))
    }

    async fn count_accounts(&self, domain: &Domain) -> Result<u64> {
        let (mut count, mut after) = (0, None);
        loop {
            let page = Accounts { domain: Some(domain.clone()), after, limit: PAGE };
            let rows = self.store.read(page).await.map_err(trouble)?;
            let Some(last) = rows.last() else { return Ok(count) };
            count += rows.len() as u64;
            after = Some(last.address.clone());
        }
    }

    pub(super) async fn add_alias(&self, address: Address, target: AliasTo) -> Result {
        let target = match target {
            AliasTo::Members(members) if members.is_empty() => {
                return Err(failure(FailureKind::Usage, "an alias needs at least one target"));
            }
            AliasTo::Members(members) => AliasTarget::Members(members),
            AliasTo::Moved(to) => AliasTarget::Moved(to),
        };
        let alias = Alias { address: address.clone(), target };
        match self.store.apply(Op::AliasAdd { alias }).await.map_err(trouble)? {
            Outcome::Exists => {
                let text = format!("{address} is an account or an alias already: remove it first");
                Err(failure(FailureKind::CannotCreate, text))
            }
            Outcome::Gone => Err(self.foreign(&address)),
            _ => done(),
        }
    }

    /// The domain of an address is none of ours.
    pub(super) fn foreign(&self, address: &Address) -> crate::admin::Failure {
        match address.domain() {
            Some(domain) => self.no_domain(domain),
            None => failure(FailureKind::Data, format!("{address} has no domain: accounts and aliases need one")),
        }
    }

    pub(super) async fn remove_alias(&self, address: Address) -> Result {
        match self.store.apply(Op::AliasRemove { address: address.clone() }).await.map_err(trouble)? {
            Outcome::Gone => {
                let text = format!("there is no alias {address}: `pillarbox alias list` shows them");
                Err(failure(FailureKind::NoUser, text))
            }
            _ => done(),
        }
    }

    pub(super) async fn aliases(&self, domain: Option<Domain>) -> Result {
        let rows = self.store.read(Aliases { domain }).await.map_err(trouble)?;
        Ok(Response::Aliases(rows.into_iter().map(views::alias).collect()))
    }
}
