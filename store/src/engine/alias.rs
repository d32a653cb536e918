//! Aliases and their members.

use super::Work;
use crate::columns::{self, Sql, Text};
use crate::op::Outcome;
use crate::types::{Alias, AliasTarget};
use message::Address;
use rusqlite::params;

impl Work<'_> {
    pub(super) fn alias_add(&mut self, alias: &Alias) -> Sql<Outcome> {
        let (host, key) = (columns::host(&alias.address), columns::key(alias.address.local_part()));
        if !self.finds("SELECT 1 FROM domain WHERE name = ?1", [host.as_bytes()])? {
            return Ok(Outcome::Gone);
        }
        if self.is_taken(&host, &key)? {
            return Ok(Outcome::Exists);
        }
        self.insert_alias(alias, None)?;
        Ok(Outcome::Done)
    }

    /// `origin`: the file it comes from.
    fn insert_alias(&self, alias: &Alias, origin: Option<&str>) -> Sql<()> {
        let (host, key) = (columns::host(&alias.address), columns::key(alias.address.local_part()));
        let (moved, members) = match &alias.target {
            AliasTarget::Members(members) => (0, members.as_slice()),
            AliasTarget::Moved(to) => (1, std::slice::from_ref(to)),
        };
        let local = alias.address.local_part().as_bytes();
        self.run(
            "INSERT INTO alias (host, local_key, local, moved, origin) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![host.as_bytes(), key.as_bytes(), local, moved, columns::optional_text(origin)],
        )?;
        for (n, member) in (0_i64..).zip(members) {
            let (member_host, member_key) = (columns::host(member), columns::key(member.local_part()));
            self.run(
                "INSERT INTO alias_member (host, local_key, n, member_local, member_key, member_host) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    host.as_bytes(),
                    key.as_bytes(),
                    n,
                    member.local_part().as_bytes(),
                    member_key.as_bytes(),
                    member_host.as_bytes()
                ],
            )?;
        }
        Ok(())
    }

    pub(super) fn alias_import(&mut self, origin: &str, aliases: &[Alias]) -> Sql<Outcome> {
        let earlier: Vec<(Text, Text)> = {
            let mut statement = self.sql.prepare_cached("SELECT host, local_key FROM alias WHERE origin = ?1")?;
            let rows = statement.query_map([origin.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<Result<_, _>>()?
        };
        for (Text(host), Text(key)) in earlier {
            self.remove_alias_row(&host, &key)?;
        }
        let (mut taken, mut foreign) = (Vec::new(), Vec::new());
        for alias in aliases {
            let (host, key) = (columns::host(&alias.address), columns::key(alias.address.local_part()));
            if !self.finds("SELECT 1 FROM domain WHERE name = ?1", [host.as_bytes()])? {
                foreign.push(alias.address.clone());
            } else if self.is_taken(&host, &key)? {
                taken.push(alias.address.clone());
            } else {
                self.insert_alias(alias, Some(origin))?;
            }
        }
        Ok(Outcome::Imported { taken, foreign })
    }

    pub(super) fn alias_remove(&mut self, address: &Address) -> Sql<Outcome> {
        let (host, key) = (columns::host(address), columns::key(address.local_part()));
        let removed = self.remove_alias_row(&host, &key)?;
        Ok(if removed { Outcome::Done } else { Outcome::Gone })
    }

    fn remove_alias_row(&self, host: &str, key: &str) -> Sql<bool> {
        let key = [host.as_bytes(), key.as_bytes()];
        self.run("DELETE FROM alias_member WHERE host = ?1 AND local_key = ?2", key)?;
        Ok(self.run("DELETE FROM alias WHERE host = ?1 AND local_key = ?2", key)? > 0)
    }

    /// Takes an address that is no more out of every alias; an alias that leads nowhere then goes too.
    pub(super) fn forget_member(&mut self, address: &Address) -> Sql<()> {
        let (host, key) = (columns::host(address), columns::key(address.local_part()));
        let touched: Vec<(Text, Text)> = {
            let mut statement = self.sql.prepare_cached(
                "DELETE FROM alias_member WHERE member_host = ?1 AND member_key = ?2 RETURNING host, local_key",
            )?;
            let rows = statement.query_map([host.as_bytes(), key.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<Result<_, _>>()?
        };
        for (Text(host), Text(key)) in touched {
            let left = [host.as_bytes(), key.as_bytes()];
            if !self.finds("SELECT 1 FROM alias_member WHERE host = ?1 AND local_key = ?2", left)? {
                self.remove_alias_row(&host, &key)?;
            }
        }
        Ok(())
    }
}
