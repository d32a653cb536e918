//! What people do on a host itself, with a user agent that asks the post office there and speaks no protocol: arrangements 1
//! and 2.

use super::person::Person;
use super::play::{Fact, Play, found_it};
use anyhow::Result;

impl Play {
    pub(super) async fn mail(&mut self) -> Result<Vec<Fact>> {
        let letter = self.letter()?.clone();
        let (host, _) = self.home(&letter.from)?;
        let user = letter.from.split('@').next().unwrap_or_default();
        Person::at(host, &letter.from, &self.clock)?.send(&letter).await?;
        let (id, _) = self.newest(host, &letter).await?;
        let fact = Fact::new("host", format!("{}: taken from its user {user} as {id}", host.world().hostname));
        self.accepted(id)?;
        Ok(vec![fact])
    }

    pub(super) async fn read_on_the_host(&mut self) -> Result<Vec<Fact>> {
        let letter = self.letter()?.clone();
        let (host, _) = self.home(&letter.to)?;
        let found = Person::at(host, &letter.to, &self.clock)?.read(&letter).await?;
        let mut facts =
            vec![Fact::new("host", format!("{}, its own store; no access protocol", host.world().hostname))];
        facts.extend(found_it(&found, &letter));
        Ok(facts)
    }
}
