//! What people do over a network, with the user agent of this program: letters handed in by submission (arrangements 3 and
//! 4), mail read by POP3, IMAP or JMAP (4).

use super::person::Person;
use super::play::{Fact, Play, found_it, listener};
use super::plot::Reader;
use anyhow::{Context, Result, ensure};
use wire::dialogue::Port;

impl Play {
    /// By port submission, with TLS and a login (RFC 6409).
    pub(super) async fn submit(&mut self) -> Result<Vec<Fact>> {
        let letter = self.letter()?.clone();
        let (host, account) = self.home(&letter.from)?;
        let (address, name) = (listener(host, Port::Submission)?, host.world().hostname.clone());
        // How she reads is no matter here: only the letter goes.
        Person::far_from(host, account, Reader::Imap, &self.clock).await?.send(&letter).await?;
        let (id, taken) = self.newest(host, &letter).await?;
        let login = format!("logged in as {}", account.address);
        ensure!(taken.detail.ends_with(&login), "nobody logged in for it: {}", taken.detail);
        let mut facts = vec![Fact::new("server", format!("{name}, {address}, port submission"))];
        if self.letters.len() == 1 {
            facts.push(Fact::new("STARTTLS", "or nothing is said; the agent trusts this host's certificate"));
            facts.push(Fact::new("AUTH", login));
        }
        facts.push(Fact { at: Some(taken.at), ..Fact::new("dot", format!("queued as {id}")) });
        self.accepted(id)?;
        Ok(facts)
    }

    /// By SMTP without a login, which a host allows to whom it trusts.
    pub(super) async fn relay(&mut self) -> Result<Vec<Fact>> {
        let letter = self.letter()?.clone();
        let (host, _) = self.home(&letter.from)?;
        let (address, name) = (listener(host, Port::Smtp)?, host.world().hostname.clone());
        Person::unknown_to(host, &letter.from, &self.clock)?.send(&letter).await?;
        let (id, taken) = self.newest(host, &letter).await?;
        self.accepted(id)?;
        let dot = Fact { at: Some(taken.at), ..Fact::new("dot", format!("queued as {id}")) };
        Ok(vec![Fact::new("server", format!("{name}, {address}, SMTP, no login")), dot])
    }

    pub(super) async fn read_over_a_network(&mut self, reader: Reader) -> Result<Vec<Fact>> {
        let letter = self.letter()?.clone();
        let (host, account) = self.home(&letter.to)?;
        let (port, words) = match reader {
            Reader::Pop3 => (Port::Pop3, "POP3 over TLS"),
            Reader::Imap => (Port::Imap, "IMAP over TLS"),
            Reader::Jmap => (Port::Https, "JMAP over HTTPS"),
            Reader::Host => return self.read_on_the_host().await,
        };
        let address = listener(host, port)?;
        let person = Person::far_from(host, account, reader, &self.clock).await?;
        let found = person.read(&letter).await.with_context(|| words.to_owned())?;
        let mut facts = vec![Fact::new("server", format!("{}, {address}, {words}", host.world().hostname))];
        facts.extend(found_it(&found, &letter));
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Plot, SCENARIOS, Seen};
    use super::*;
    use crate::Ports;
    use std::time::Duration;

    fn scenario(name: &str) -> &'static str {
        SCENARIOS.iter().find(|(known, _)| *known == name).unwrap().1
    }

    async fn played(plot: Plot) -> Vec<Seen> {
        let mut play = Play::start(plot, Ports::Random, None).await.unwrap();
        let mut seen = Vec::new();
        while let Some(step) = play.next().await.unwrap_or_else(|error| panic!("{error:#}")) {
            seen.push(step);
        }
        play.internet().drain(Duration::ZERO).await;
        seen
    }

    fn fact<'a>(step: &'a Seen, label: &str) -> &'a str {
        let found = step.facts.iter().find(|fact| fact.label == label);
        found.map_or_else(|| panic!("no {label} in {step:?}"), |fact| &fact.text)
    }

    #[tokio::test]
    async fn the_sender_alone_is_far_away() {
        let seen = played(Plot::parse(scenario("arrangement-3")).unwrap()).await;
        assert_eq!(seen.len(), 5);
        assert!(fact(&seen[1], "server").ends_with("port submission"));
        assert_eq!(fact(&seen[1], "AUTH"), "logged in as alice@hamburger.edu");
        assert!(fact(&seen[1], "dot").starts_with("queued as "));
    }

    #[tokio::test]
    async fn both_are_far_away_and_read_as_they_like() {
        for reader in [Reader::Pop3, Reader::Imap, Reader::Jmap] {
            let mut plot = Plot::parse(scenario("arrangement-4")).unwrap();
            plot.read_by(reader);
            let seen = played(plot).await;
            assert_eq!(seen.len(), 6);
            assert!(fact(&seen[5], "server").contains(reader.name()), "{:?}", seen[5]);
            assert_eq!(fact(&seen[5], "INBOX"), "messages: 1");
            assert!(fact(&seen[5], "read").starts_with("message 1, "));
        }
    }

    #[tokio::test]
    async fn a_report_comes_to_the_senders_own_agent() {
        let seen = played(Plot::parse(scenario("loop")).unwrap()).await;
        let facts = &seen.last().unwrap().facts;
        assert!(facts.iter().any(|fact| fact.text.ends_with("has one message, from <>")), "{facts:?}");
    }

    #[tokio::test]
    async fn who_is_trusted_relays_without_a_login() {
        let text = scenario("arrangement-3").replace("  submit", "  relay");
        let trusting =
            text.replace("= hostname mail.hamburger.edu", "= hostname mail.hamburger.edu\n= relay 127.0.0.0/8");
        let seen = played(Plot::parse(&trusting).unwrap()).await;
        assert!(fact(&seen[1], "server").ends_with("SMTP, no login"));
        let mut refused = Play::start(Plot::parse(&text).unwrap(), Ports::Random, None).await.unwrap();
        refused.next().await.unwrap();
        let error = format!("{:#}", refused.next().await.unwrap_err());
        assert!(error.starts_with("it did not go: "), "{error}");
        refused.internet().drain(Duration::ZERO).await;
    }
}
