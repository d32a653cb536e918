//! Domains and aliases.

use super::{Clerk, Result, done, failure, trouble, views};
use crate::admin::{AliasTo, DomainView, FailureKind, Response};
use message::{Address, Domain, Time};
use store::op::{Op, Outcome};
use store::query::{Accounts, Aliases, Domains, Resolve, Resolved};
use store::types::{Alias, AliasTarget};

/// Accounts counted a page at a time.
const PAGE: u32 = 1000;

/// The local part that stands for all other names of a domain.
pub(super) const CATCH_ALL: &str = "*";

/// Notes of one kind: more of the same say no more.
const NOTES_MAX: usize = 10;

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
                let text = format!(
                    "{domain} still has accounts or aliases: remove those first \
                     (`pillarbox account list {domain}` and `pillarbox alias list {domain}` show them)"
                );
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
        let to = check_target(&address, &target)?.to_vec();
        let target = match target {
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
            _ => {
                let mut notes = self.nobody_yet(&to).await?;
                if to.iter().any(|to| is_same(to, &address)) {
                    notes.push(format!("{address} leads to itself too: nothing comes of that"));
                }
                Ok(Response::Done { notes })
            }
        }
    }

    /// A note for each address of ours that leads to nobody: it may be made later, or be a slip.
    async fn nobody_yet(&self, to: &[Address]) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for address in to {
            let found = self.store.read(Resolve { address: address.clone() }).await.map_err(trouble)?;
            if found == Resolved::Unknown && notes.len() < NOTES_MAX {
                notes.push(format!("there is no {address} yet: mail for it goes nowhere until there is"));
            }
        }
        Ok(notes)
    }

    /// A list of a domain that is none of ours would be empty and say nothing.
    pub(super) async fn must_be_ours(&self, domain: Option<&Domain>) -> Result<()> {
        let Some(domain) = domain else { return Ok(()) };
        let ours = self.store.read(Domains {}).await.map_err(trouble)?;
        if ours.iter().any(|row| row.domain == *domain) { Ok(()) } else { Err(self.no_domain(domain)) }
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
        self.must_be_ours(domain.as_ref()).await?;
        let rows = self.store.read(Aliases { domain }).await.map_err(trouble)?;
        Ok(Response::Aliases(rows.into_iter().map(views::alias).collect()))
    }
}

/// Whether an alias can lead there; where it leads.
fn check_target<'a>(alias: &Address, target: &'a AliasTo) -> Result<&'a [Address]> {
    let to = match target {
        AliasTo::Members(members) => members.as_slice(),
        AliasTo::Moved(to) => std::slice::from_ref(to),
    };
    if to.is_empty() {
        return Err(failure(FailureKind::Usage, "an alias needs at least one target"));
    }
    if let Some(pattern) = to.iter().find(|address| address.local_part() == CATCH_ALL) {
        let text = format!("{pattern} is no address that mail can go to: name one");
        return Err(failure(FailureKind::Data, text));
    }
    if matches!(target, AliasTo::Moved(to) if is_same(to, alias)) {
        return Err(failure(FailureKind::Data, format!("{alias} cannot have moved to itself: name the new address")));
    }
    Ok(to)
}

/// Names compare without case, as the store compares them.
fn is_same(a: &Address, b: &Address) -> bool {
    a.host() == b.host() && a.local_part().to_lowercase() == b.local_part().to_lowercase()
}
