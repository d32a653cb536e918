//! Who is there: hamburger.edu and crepes.fr, or the hosts of the classic dialogues: hamburger.edu with alice and bob,
//! mta13.adelphia.net with forouzanb, cs.clemson.edu with jzwang; and how they are furnished.

use wire::dialogue::world::{Content, classic_mail};
use wire::dialogue::{Account, Mail, Network, World};

/// How the lab is furnished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// hamburger.edu and crepes.fr, which send mail to each other. Nobody has mail yet.
    Pair,
    /// The hosts of the classic dialogues, each alone. Nobody has mail yet.
    Dialogues,
    /// The same, where bob and jzwang have the mail of classic dialogues 4 and 5.
    Classic,
}

/// The octets of bob's messages in classic dialogue 4.
const BOBS_OCTETS: [usize; 2] = [498, 912];

/// Only clients of this machine: the lab is for typing by hand, and that is in the clear.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// The hosts, in the order in which they are shown.
#[must_use]
pub fn worlds(scenario: Scenario) -> Vec<World> {
    if scenario == Scenario::Pair {
        return pair();
    }
    let hamburger = [("alice@hamburger.edu", "wonderland"), ("bob@hamburger.edu", "hungry")];
    let mut hosts = vec![
        world("hamburger.edu", "hamburger.edu", &hamburger),
        world("mta13.adelphia.net", "adelphia.net", &[("forouzanb@adelphia.net", "mcgraw")]),
        world("cs.clemson.edu", "cs.clemson.edu", &[("jzwang@cs.clemson.edu", "cpsc360")]),
    ];
    if scenario == Scenario::Classic {
        for host in &mut hosts {
            host.mail = match host.hostname.as_str() {
                "hamburger.edu" => bobs_mail("bob@hamburger.edu"),
                "cs.clemson.edu" => classic_mail("jzwang@cs.clemson.edu"),
                _ => Vec::new(),
            };
        }
    }
    hosts
}

/// Two hosts, with an alice and a bob at each.
fn pair() -> Vec<World> {
    let host = |domain: &str| {
        let (alice, bob) = (format!("alice@{domain}"), format!("bob@{domain}"));
        world(&format!("mail.{domain}"), domain, &[(&alice, "wonderland"), (&bob, "hungry")])
    };
    vec![host("hamburger.edu"), host("crepes.fr")]
}

fn world(hostname: &str, domain: &str, accounts: &[(&str, &str)]) -> World {
    let loopback: Vec<Network> = LOOPBACK.into_iter().filter_map(Network::parse).collect();
    let account = |(address, password): &(&str, &str)| Account {
        address: (*address).to_owned(),
        password: (*password).to_owned(),
        quota: None,
        apop: None,
        archive: false,
    };
    World {
        hostname: hostname.to_owned(),
        domains: vec![domain.to_owned()],
        accounts: accounts.iter().map(account).collect(),
        relay: loopback.clone(),
        plaintext_login: loopback,
        ..World::default()
    }
}

fn bobs_mail(account: &str) -> Vec<Mail> {
    let mail = |(at, octets): (usize, usize)| Mail::in_inbox(account, Content::Made { octets, n: at + 1 });
    BOBS_OCTETS.into_iter().enumerate().map(mail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(world: &World) -> Vec<usize> {
        world.mail.iter().map(|mail| mail.content.octets()).collect()
    }

    #[test]
    fn the_maildrops_are_those_of_the_dialogues() {
        let hosts = worlds(Scenario::Classic);
        assert_eq!(octets(&hosts[0]), [498, 912]);
        assert!(octets(&hosts[1]).is_empty());
        let big = octets(&hosts[2]);
        assert_eq!((big.len(), big.iter().sum::<usize>()), (2_308, 116_385_719));
        assert_eq!((big[0], big[1], big[2_306]), (345, 2_334, 465));
        let shown = hosts[2].mail[2_306].content.bytes();
        let text = String::from_utf8_lossy(&shown);
        assert!(text.contains("\r\n..2 dots\r\n") && text.contains("\r\n..3 dots\r\n"), "{text}");
    }

    #[test]
    fn an_empty_lab_has_people_and_no_mail() {
        let hosts = worlds(Scenario::Dialogues);
        assert!(hosts.iter().all(|host| host.mail.is_empty() && !host.accounts.is_empty()));
        assert_eq!(hosts[0].account("bob@hamburger.edu").unwrap().password, "hungry");
        assert_eq!(hosts[2].account("jzwang@cs.clemson.edu").unwrap().password, "cpsc360");
    }

    #[test]
    fn only_this_machine_is_trusted() {
        for host in worlds(Scenario::Classic).into_iter().chain(worlds(Scenario::Pair)) {
            assert_eq!((host.relay.len(), host.plaintext_login.len()), (2, 2));
            assert!(host.relay.iter().all(|network| !network.contains("192.0.2.1".parse().unwrap())));
        }
    }
}
