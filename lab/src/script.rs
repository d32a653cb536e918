//! What to type to try the lab: the classic dialogues and some programs, with the real ports. Text only.

use crate::{Host, Scenario};
use std::fmt::Write;
use std::net::SocketAddr;
use wire::dialogue::{Port, World};

/// A host as the script needs it.
#[derive(Clone, Debug)]
pub struct HostFacts {
    /// Its world.
    pub world: World,
    /// Where its listeners are.
    pub addresses: Vec<(Port, SocketAddr)>,
}

impl From<&Host> for HostFacts {
    fn from(host: &Host) -> HostFacts {
        HostFacts { world: host.world().clone(), addresses: host.addresses() }
    }
}

impl HostFacts {
    /// Where a listener is, as `telnet` and `nc` take it.
    fn typed(&self, port: Port) -> String {
        let address = self.addresses.iter().find(|(known, _)| *known == port);
        address.map(|(_, address)| format!("{} {}", address.ip(), address.port())).unwrap_or_default()
    }

    fn at(&self, port: Port) -> String {
        self.addresses
            .iter()
            .find(|(known, _)| *known == port)
            .map_or(String::new(), |(_, address)| address.to_string())
    }
}

const KETCHUP: &str = "HELO crepes.fr
MAIL FROM: <alice@crepes.fr>
RCPT TO: <bob@hamburger.edu>
DATA
Do you like ketchup?
How about pickles?
.
QUIT";

const ONESELF: &str = "HELO mail.adelphia.net
MAIL FROM: forouzanb@adelphia.net
RCPT TO: forouzanb@adelphia.net
DATA
From: Forouzan
TO: Forouzan

This is a test message
to show SMTP in action.
.
QUIT";

const DOTS: &str = "helo cs.clemson.edu
mail from: zw1999@yahoo.com
rcpt to: jzwang
data
Hello, James:
...2 dots
This is just a test of mail server. Don't reply.
....3 dots
Me.
.
quit";

const ACROSS: &str = "EHLO agent.test
MAIL FROM:<alice@hamburger.edu>
RCPT TO:<bob@crepes.fr>
DATA
From: alice@hamburger.edu
To: bob@crepes.fr
Subject: ketchup

Do you like ketchup?
.
QUIT";

const BACK: &str = "EHLO agent.test
MAIL FROM:<bob@crepes.fr>
RCPT TO:<alice@hamburger.edu>
DATA
Subject: Re: ketchup

How about pickles?
.
QUIT";

const BOB: &str = "user bob\npass hungry\nlist\nretr 1\ndele 1\nquit";

const JZWANG: &str = "user jzwang\npass cpsc360\nstat\nlist\nretr 2307\nquit";

const JZWANG_EMPTY: &str = "user jzwang\npass cpsc360\nstat\nlist\nretr 1\nquit";

/// The text for the hosts of [`crate::worlds`], and the name server between them if there is one.
#[must_use]
pub fn script(scenario: Scenario, hosts: &[HostFacts], names: Option<SocketAddr>) -> String {
    let mut text = String::from("These hosts answer, for this machine only:\n\n");
    for host in hosts {
        text.push_str(&listeners(host));
    }
    if let Some(names) = names {
        let _ = writeln!(text, "names\n    {names}: DNS, over UDP and TCP");
    }
    text.push_str("\nTry this. What you type is indented; `telnet` does where `nc -C` is not there.\n");
    for (number, part) in (1..).zip(parts(scenario, hosts, names)) {
        let _ = write!(text, "\n{number}. {part}");
    }
    text
}

fn listeners(host: &HostFacts) -> String {
    let mut text = format!("{}\n", host.world.hostname);
    for account in &host.world.accounts {
        let mail = match host.world.mails_of(&account.address).count() {
            0 => String::new(),
            1 => ", 1 message".to_owned(),
            many => format!(", {many} messages"),
        };
        let _ = writeln!(text, "    {}, password {}{mail}", account.address, account.password);
    }
    let ports = host.addresses.iter().map(|(port, address)| format!("{} {}", port.name(), address.port()));
    let ports: Vec<String> = ports.collect();
    let address = host.addresses.first().map(|(_, address)| address.ip().to_string()).unwrap_or_default();
    let _ = writeln!(text, "    on {address}:");
    for some in ports.chunks(3) {
        let _ = writeln!(text, "        {}", some.join(", "));
    }
    text
}

fn parts(scenario: Scenario, hosts: &[HostFacts], names: Option<SocketAddr>) -> Vec<String> {
    if let ([hamburger, crepes], Some(names)) = (hosts, names) {
        return vec![
            webmail(hamburger, crepes),
            typed("Alice writes to Bob at the other host, by SMTP", hamburger, Port::Smtp, ACROSS),
            typed("Bob reads, by POP3", crepes, Port::Pop3, BOB),
            typed("Bob answers", crepes, Port::Smtp, BACK),
            asked(names),
            programs(hamburger, crepes),
        ];
    }
    let [hamburger, adelphia, clemson] = hosts else { return Vec::new() };
    let jzwang = if scenario == Scenario::Classic { JZWANG } else { JZWANG_EMPTY };
    vec![
        typed("Mail for bob, by SMTP", hamburger, Port::Smtp, KETCHUP),
        typed("To oneself, without angle brackets", adelphia, Port::Smtp, ONESELF),
        typed("Lower case, a bare name, dots", clemson, Port::Smtp, DOTS),
        typed("Bob reads, by POP3", hamburger, Port::Pop3, BOB),
        typed("jzwang reads", clemson, Port::Pop3, jzwang),
        programs(hamburger, hamburger),
    ]
}

fn typed(title: &str, host: &HostFacts, port: Port, lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("       {line}").trim_end().to_owned() + "\n").collect();
    format!("{title}:\n     nc -C {}\n{lines}", host.typed(port))
}

/// Where the browser shows a host's webmail to one of its people. In the clear: a browser trusts this machine, and not a
/// certificate of the host's own making.
fn webmail(alices: &HostFacts, bobs: &HostFacts) -> String {
    let link = |host: &HostFacts, name: &str| {
        format!("http://{}/login?user={}", host.at(Port::Http), host.world.full_address(name))
    };
    format!(
        "The webmail, in two windows: Alice writes to Bob at the other host, and the
   answer comes back by itself:
     {}
     {}
",
        link(alices, "alice"),
        link(bobs, "bob")
    )
}

fn asked(names: SocketAddr) -> String {
    let (ip, port) = (names.ip(), names.port());
    format!(
        "What the hosts ask the name server:
     dig @{ip} -p {port} crepes.fr MX +short
     dig @{ip} -p {port} mail.crepes.fr A +short
"
    )
}

/// Programs that speak for Alice and Bob: without and with login, in the clear and with TLS.
fn programs(alices: &HostFacts, bobs: &HostFacts) -> String {
    let bob = bobs.world.full_address("bob");
    let alice = alices.world.full_address("alice");
    let stranger = if alices.world == bobs.world { "alice@crepes.fr" } else { "alice@elsewhere.test" };
    let (smtp, pop3s) = (bobs.at(Port::Smtp), bobs.at(Port::Pop3s));
    let (submission, submissions) = (alices.at(Port::Submission), alices.at(Port::Submissions));
    format!(
        "Programs that speak for you; -k, because certificates are the hosts' own:
     swaks --server {smtp} --helo elsewhere.test \\
       --from {stranger} --to {bob}
     swaks --server {submission} --tls --auth PLAIN --auth-user alice \\
       --auth-password wonderland --from {alice} --to {bob}
     printf 'Subject: pickles\\r\\n\\r\\nHow about it?\\r\\n' | curl -k \\
       --user alice:wonderland --upload-file - --mail-from {alice} \\
       --mail-rcpt {bob} smtps://{submissions}
     curl -k --user bob:hungry pop3s://{pop3s}/
     curl -k --user bob:hungry pop3s://{pop3s}/1
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ports, worlds};

    fn facts(scenario: Scenario) -> Vec<HostFacts> {
        let host = |(number, world): (u16, World)| {
            let ports = Ports::Base(10_000).of_host(number);
            let address = |(port, _)| (port, SocketAddr::from(([127, 0, 0, 1], ports.number(port))));
            HostFacts { world, addresses: Port::ALL.map(address).into() }
        };
        (0..).zip(worlds(scenario)).map(host).collect()
    }

    #[test]
    fn the_script_has_the_real_ports() {
        let text = script(Scenario::Dialogues, &facts(Scenario::Dialogues), None);
        for part in [
            "hamburger.edu\n    alice@hamburger.edu, password wonderland\n    bob@hamburger.edu, password hungry\n",
            "    on 127.0.0.1:\n        smtp 10025, submission 10587, submissions 10465\n        lmtp 10024, pop3 10110",
            "1. Mail for bob, by SMTP:\n     nc -C 127.0.0.1 10025\n       HELO crepes.fr\n",
            "2. To oneself, without angle brackets:\n     nc -C 127.0.0.1 11025\n",
            "       TO: Forouzan\n\n       This is a test message\n",
            "3. Lower case, a bare name, dots:\n     nc -C 127.0.0.1 12025\n",
            "4. Bob reads, by POP3:\n     nc -C 127.0.0.1 10110\n       user bob\n       pass hungry\n",
            "smtps://127.0.0.1:10465\n",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn the_script_of_the_pair_leads_from_one_host_to_the_other() {
        let names = SocketAddr::from(([127, 0, 0, 1], 5_353));
        let text = script(Scenario::Pair, &facts(Scenario::Pair), Some(names));
        for part in [
            "mail.crepes.fr\n    alice@crepes.fr, password wonderland\n    bob@crepes.fr, password hungry\n",
            "names\n    127.0.0.1:5353: DNS",
            "       RCPT TO:<bob@crepes.fr>\n",
            "     http://127.0.0.1:10880/login?user=alice@hamburger.edu\n",
            "     http://127.0.0.1:11880/login?user=bob@crepes.fr\n",
            "3. Bob reads, by POP3:\n     nc -C 127.0.0.1 11110\n",
            "dig @127.0.0.1 -p 5353 crepes.fr MX",
            "pop3s://127.0.0.1:11995/1\n",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let long: Vec<&str> = text.lines().filter(|line| line.len() > 80).collect();
        assert!(long.is_empty(), "too long for a terminal: {long:?}");
    }

    #[test]
    fn the_classic_script_reads_the_shown_message() {
        let text = script(Scenario::Classic, &facts(Scenario::Classic), None);
        assert!(text.contains("bob@hamburger.edu, password hungry, 2 messages\n"));
        assert!(text.contains("jzwang@cs.clemson.edu, password cpsc360, 2308 messages\n"));
        assert!(text.contains("retr 2307\n"));
        assert!(!script(Scenario::Dialogues, &facts(Scenario::Dialogues), None).contains("2307"));
    }
}
