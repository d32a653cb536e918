//! Questions about domains, accounts and aliases.

use super::{Answer, Snapshot};
use crate::columns::{self, Sql, Text, count, time};
use crate::engine::{CATCH_ALL, credentials_in};
use crate::query::{
    AccountByAddress, AccountById, Accounts, AliasByAddress, Aliases, AliasesFrom, Domains, Resolve, Resolved,
};
use crate::types::{Account, AccountId, Alias, AliasTarget, DomainRow};
use message::{Address, Host};
use rusqlite::{Row, params};

const ACCOUNT: &str = "SELECT id, local, host, credentials, quota, used, messages, pop_delete, created FROM account";

/// Where the local part is cut (RFC 5233 §1 leaves the separator to the site).
const TAG: char = '+';

impl Answer for Domains {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<DomainRow>> {
        snapshot.all("SELECT name, created FROM domain ORDER BY name", [], |row| {
            Ok(DomainRow { domain: columns::domain(&row.get::<_, Text>(0)?.0)?, created: time(row.get(1)?) })
        })
    }
}

impl Answer for AccountByAddress {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Account>> {
        account_at(snapshot, self.address.local_part(), &columns::host(&self.address))
    }
}

impl Answer for AccountById {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Account>> {
        snapshot.one(&format!("{ACCOUNT} WHERE id = ?1"), [self.account.0], account)
    }
}

impl Answer for Accounts {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<Account>> {
        let (host, key) = match &self.after {
            Some(after) => (columns::host(after), columns::key(after.local_part())),
            None => (String::new(), String::new()),
        };
        let domain = self.domain.as_ref().map(|domain| domain.as_str().as_bytes());
        snapshot.all(
            &format!(
                "{ACCOUNT} WHERE (host, local_key) > (?1, ?2) AND (?3 IS NULL OR host = ?3) \
                 ORDER BY host, local_key LIMIT ?4"
            ),
            params![host.as_bytes(), key.as_bytes(), domain, self.limit],
            account,
        )
    }
}

impl Answer for AliasByAddress {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Alias>> {
        alias_at(snapshot, self.address.local_part(), &columns::host(&self.address))
    }
}

impl Answer for Aliases {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<Alias>> {
        let domain = self.domain.as_ref().map(|domain| domain.as_str().as_bytes());
        let found = snapshot.all(
            "SELECT local, host, moved FROM alias WHERE ?1 IS NULL OR host = ?1 ORDER BY host, local_key",
            params![domain],
            alias_head,
        )?;
        found.into_iter().map(|head| alias(snapshot, head)).collect()
    }
}

impl Answer for AliasesFrom {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<Alias>> {
        let found = snapshot.all(
            "SELECT local, host, moved FROM alias WHERE origin = ?1 ORDER BY host, local_key",
            [self.origin.as_bytes()],
            alias_head,
        )?;
        found.into_iter().map(|head| alias(snapshot, head)).collect()
    }
}

impl Answer for Resolve {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Resolved> {
        let Host::Domain(domain) = self.address.host() else { return Ok(Resolved::Foreign) };
        let ours = snapshot.one("SELECT 1 FROM domain WHERE name = ?1", [domain.as_str().as_bytes()], |_| Ok(()))?;
        if ours.is_none() {
            return Ok(Resolved::Foreign);
        }
        let (host, local) = (domain.as_str(), self.address.local_part());
        if let Some(found) = name_at(snapshot, local, host, None)? {
            return Ok(found);
        }
        // RFC 5233 §4: user+detail; a name that begins with the separator has no user.
        if let Some((user, tag)) = local.split_once(TAG).filter(|(user, _)| !user.is_empty())
            && let Some(found) = name_at(snapshot, user, host, Some(tag))?
        {
            return Ok(found);
        }
        let catch_all = alias_at(snapshot, CATCH_ALL, host)?;
        Ok(catch_all.map_or(Resolved::Unknown, Resolved::Alias))
    }
}

fn name_at(snapshot: &Snapshot<'_>, local: &str, host: &str, tag: Option<&str>) -> Sql<Option<Resolved>> {
    // The catch-all is a pattern, not a name somebody can write to.
    if local == CATCH_ALL {
        return Ok(None);
    }
    if let Some(account) = account_at(snapshot, local, host)? {
        let tag = tag.map(str::to_owned);
        return Ok(Some(Resolved::Account { account: Box::new(account), tag }));
    }
    Ok(alias_at(snapshot, local, host)?.map(Resolved::Alias))
}

fn account_at(snapshot: &Snapshot<'_>, local: &str, host: &str) -> Sql<Option<Account>> {
    let key = columns::key(local);
    snapshot.one(&format!("{ACCOUNT} WHERE host = ?1 AND local_key = ?2"), [host.as_bytes(), key.as_bytes()], account)
}

fn account(row: &Row<'_>) -> Sql<Account> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        address: columns::address(&row.get::<_, Text>(1)?.0, &row.get::<_, Text>(2)?.0)?,
        credentials: credentials_in(&row.get::<_, Vec<u8>>(3)?)?,
        quota: row.get::<_, Option<i64>>(4)?.map(count),
        used: count(row.get(5)?),
        messages: count(row.get(6)?),
        pop_delete: columns::pop_delete(row.get(7)?),
        created: time(row.get(8)?),
    })
}

fn alias_at(snapshot: &Snapshot<'_>, local: &str, host: &str) -> Sql<Option<Alias>> {
    let key = columns::key(local);
    let found = snapshot.one(
        "SELECT local, host, moved FROM alias WHERE host = ?1 AND local_key = ?2",
        [host.as_bytes(), key.as_bytes()],
        alias_head,
    )?;
    found.map(|head| alias(snapshot, head)).transpose()
}

fn alias_head(row: &Row<'_>) -> Sql<(Address, bool)> {
    Ok((columns::address(&row.get::<_, Text>(0)?.0, &row.get::<_, Text>(1)?.0)?, row.get(2)?))
}

fn alias(snapshot: &Snapshot<'_>, head: (Address, bool)) -> Sql<Alias> {
    let (address, moved) = head;
    let (host, key) = (columns::host(&address), columns::key(address.local_part()));
    let members = snapshot.all(
        "SELECT member_local, member_host FROM alias_member WHERE host = ?1 AND local_key = ?2 ORDER BY n",
        [host.as_bytes(), key.as_bytes()],
        |row| columns::address(&row.get::<_, Text>(0)?.0, &row.get::<_, Text>(1)?.0),
    )?;
    let target = match members.first() {
        Some(to) if moved => AliasTarget::Moved(to.clone()),
        _ => AliasTarget::Members(members),
    };
    Ok(Alias { address, target })
}

/// Octets all accounts hold, and how many messages: for the figures.
pub(super) fn totals(snapshot: &Snapshot<'_>) -> Sql<(u64, u64)> {
    let row = snapshot.one("SELECT coalesce(sum(used), 0), coalesce(sum(messages), 0) FROM account", [], |row| {
        Ok((count(row.get(0)?), count(row.get(1)?)))
    })?;
    Ok(row.unwrap_or((0, 0)))
}
