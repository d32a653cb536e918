//! The aliases of a file, taken in whole: names are completed, what cannot be an alias here is named with its line, and what
//! the file no longer has goes. The syntax of the file is read by who sends it.

use super::names::CATCH_ALL;
use super::{Clerk, Result, failure, trouble};
use crate::admin::{AliasLine, FailureKind, ImportView, RefusedLine, Response};
use message::{Address, Domain, Host};
use store::op::{Op, Outcome};
use store::query::{AliasesFrom, Domains, Resolve, Resolved};
use store::types::{Alias, AliasTarget};

/// An alias, and the line it stands in.
type Read = (u32, Alias);

impl Clerk<'_> {
    pub(super) async fn import_aliases(
        &self,
        origin: String,
        domain: Option<Domain>,
        lines: Vec<AliasLine>,
        dry_run: bool,
    ) -> Result {
        let domain = self.domain_for_names(domain).await?;
        let before = self.store.read(AliasesFrom { origin: origin.clone() }).await.map_err(trouble)?;
        let mut view = ImportView::default();
        let mut read: Vec<Read> = Vec::new();
        for line in lines {
            read.extend(complete(&line, &domain, &mut view.refused));
        }
        let aliases = read.iter().map(|(_, alias)| alias.clone()).collect();
        let left_out = match dry_run {
            true => self.would_be_left_out(&read, &before).await?,
            false => match self.store.apply(Op::AliasImport { origin, aliases }).await.map_err(trouble)? {
                Outcome::Imported { taken, foreign } => [taken, foreign].concat(),
                other => return Err(failure(FailureKind::Software, format!("an import came to {other:?}"))),
            },
        };
        let (out, kept): (Vec<Read>, Vec<Read>) =
            read.into_iter().partition(|(_, alias)| left_out.contains(&alias.address));
        view.refused.extend(out.iter().map(|(line, alias)| left_out_line(*line, &alias.address)));
        count(&before, &kept, &mut view);
        Ok(Response::Imported(view))
    }

    /// What names without a domain get.
    async fn domain_for_names(&self, domain: Option<Domain>) -> Result<Domain> {
        self.must_be_ours(domain.as_ref()).await?;
        let first = domain.or_else(|| self.policy.first_domain().cloned());
        let first = match first {
            None => self.store.read(Domains {}).await.map_err(trouble)?.into_iter().next().map(|row| row.domain),
            some => some,
        };
        let none = || failure(FailureKind::NoHost, "there is no domain yet: `pillarbox domain add DOMAIN` adds one");
        first.ok_or_else(none)
    }

    /// What the store would say: names that are no alias of this file yet and lead somewhere already.
    async fn would_be_left_out(&self, read: &[Read], before: &[Alias]) -> Result<Vec<Address>> {
        let mut out = Vec::new();
        for (_, alias) in read {
            let found = self.store.read(Resolve { address: alias.address.clone() }).await.map_err(trouble)?;
            let is_out = match found {
                Resolved::Foreign => true,
                Resolved::Unknown => false,
                Resolved::Account { tag, .. } => tag.is_none(),
                Resolved::Alias(there) => {
                    is_same(&there.address, &alias.address)
                        && before.iter().all(|other| !is_same(&other.address, &alias.address))
                }
            };
            if is_out {
                out.push(alias.address.clone());
            }
        }
        Ok(out)
    }
}

/// An alias of a line; what cannot be meant is left out and told.
fn complete(line: &AliasLine, domain: &Domain, refused: &mut Vec<RefusedLine>) -> Option<Read> {
    let mut whole = |name: &str| match address(name, domain) {
        Some(address) if address.local_part() != CATCH_ALL => Some(address),
        _ => {
            refused.push(RefusedLine { line: line.line, why: format!("{name} is no address") });
            None
        }
    };
    let address = whole(&line.name)?;
    let mut members: Vec<Address> = Vec::new();
    for member in line.targets.iter().filter_map(|target| whole(target)) {
        if !members.contains(&member) {
            members.push(member);
        }
    }
    (!members.is_empty()).then_some((line.line, Alias { address, target: AliasTarget::Members(members) }))
}

fn address(name: &str, domain: &Domain) -> Option<Address> {
    if let Ok(address) = Address::parse(name) {
        return Some(address);
    }
    // Quoted where it must be, and read again, so that it meets the rules for local parts.
    let bare = name.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(name);
    let whole = Address::new(bare, Host::Domain(domain.clone())).to_string();
    Address::parse(&whole).ok().filter(|_| !name.contains('@'))
}

fn left_out_line(line: u32, address: &Address) -> RefusedLine {
    let why = format!(
        "{address} is not made an alias: it is an account or another alias already, or its domain is none of ours"
    );
    RefusedLine { line, why }
}

fn count(before: &[Alias], kept: &[Read], view: &mut ImportView) {
    let of = |list: usize| u32::try_from(list).unwrap_or(u32::MAX);
    let find = |address: &Address| before.iter().find(|alias| is_same(&alias.address, address));
    view.aliases = of(kept.len());
    view.added = of(kept.iter().filter(|(_, alias)| find(&alias.address).is_none()).count());
    let changed = |alias: &Alias| find(&alias.address).is_some_and(|old| old.target != alias.target);
    view.changed = of(kept.iter().filter(|(_, alias)| changed(alias)).count());
    let gone = |old: &&Alias| kept.iter().all(|(_, alias)| !is_same(&alias.address, &old.address));
    view.removed = of(before.iter().filter(gone).count());
}

/// Names compare without case, as the store compares them.
fn is_same(a: &Address, b: &Address) -> bool {
    a.host() == b.host() && a.local_part().to_lowercase() == b.local_part().to_lowercase()
}
