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
    fn port(&self, port: Port) -> u16 {
        self.addresses.iter().find(|(known, _)| *known == port).map_or(0, |(_, address)| address.port())
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

const BOB: &str = "user bob\npass hungry\nlist\nretr 1\ndele 1\nquit";

const JZWANG: &str = "user jzwang\npass cpsc360\nstat\nlist\nretr 2307\nquit";

const JZWANG_EMPTY: &str = "user jzwang\npass cpsc360\nstat\nlist\nretr 1\nquit";

/// The text for the hosts of [`crate::worlds`].
#[must_use]
pub fn script(scenario: Scenario, hosts: &[HostFacts]) -> String {
    let mut text = String::from("These hosts answer, on 127.0.0.1 and for this machine only:\n\n");
    for host in hosts {
        text.push_str(&listeners(host));
    }
    text.push_str("\nTry this. What you type is indented; `telnet` does where `nc -C` is not at hand.\n");
    for (number, part) in (1..).zip(parts(scenario, hosts)) {
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
    let _ = writeln!(text, "    {}", ports.collect::<Vec<_>>().join(", "));
    text
}

fn parts(scenario: Scenario, hosts: &[HostFacts]) -> Vec<String> {
    let [hamburger, adelphia, clemson] = hosts else { return Vec::new() };
    let jzwang = if scenario == Scenario::Classic { JZWANG } else { JZWANG_EMPTY };
    vec![
        typed("Mail for bob, by SMTP", hamburger.port(Port::Smtp), KETCHUP),
        typed("To oneself, without angle brackets", adelphia.port(Port::Smtp), ONESELF),
        typed("Lower case, a bare name, dots", clemson.port(Port::Smtp), DOTS),
        typed("Bob reads, by POP3", hamburger.port(Port::Pop3), BOB),
        typed("jzwang reads", clemson.port(Port::Pop3), jzwang),
        programs(hamburger),
    ]
}

fn typed(title: &str, port: u16, lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("       {line}").trim_end().to_owned() + "\n").collect();
    format!("{title}:\n     nc -C 127.0.0.1 {port}\n{lines}")
}

/// Programs that speak for you: without and with login, in the clear and with TLS.
fn programs(host: &HostFacts) -> String {
    let port = |port| host.port(port);
    let (smtp, submission) = (port(Port::Smtp), port(Port::Submission));
    let (submissions, pop3s) = (port(Port::Submissions), port(Port::Pop3s));
    format!(
        "Programs that speak for you; -k and the like, because the certificate is the host's own:
     swaks --server 127.0.0.1:{smtp} --helo crepes.fr --from alice@crepes.fr --to bob@hamburger.edu
     swaks --server 127.0.0.1:{submission} --tls --auth PLAIN --auth-user alice --auth-password wonderland \\
       --from alice@hamburger.edu --to bob@hamburger.edu
     printf 'Subject: pickles\\r\\n\\r\\nHow about it?\\r\\n' | curl -k --user alice:wonderland --upload-file - \\
       --mail-from alice@hamburger.edu --mail-rcpt bob@hamburger.edu smtps://127.0.0.1:{submissions}
     curl -k --user bob:hungry pop3s://127.0.0.1:{pop3s}/
     curl -k --user bob:hungry pop3s://127.0.0.1:{pop3s}/1
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
        let text = script(Scenario::Dialogues, &facts(Scenario::Dialogues));
        for part in [
            "hamburger.edu\n    alice@hamburger.edu, password wonderland\n    bob@hamburger.edu, password hungry\n",
            "    smtp 10025, submission 10587, submissions 10465, lmtp 10024, pop3 10110, pop3s 10995\n",
            "1. Mail for bob, by SMTP:\n     nc -C 127.0.0.1 10025\n       HELO crepes.fr\n",
            "2. To oneself, without angle brackets:\n     nc -C 127.0.0.1 11025\n",
            "       TO: Forouzan\n\n       This is a test message\n",
            "3. Lower case, a bare name, dots:\n     nc -C 127.0.0.1 12025\n",
            "4. Bob reads, by POP3:\n     nc -C 127.0.0.1 10110\n       user bob\n       pass hungry\n",
            "smtps://127.0.0.1:10465\n",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 120), "a line is too long for a terminal");
    }

    #[test]
    fn the_classic_script_reads_the_shown_message() {
        let text = script(Scenario::Classic, &facts(Scenario::Classic));
        assert!(text.contains("bob@hamburger.edu, password hungry, 2 messages\n"));
        assert!(text.contains("jzwang@cs.clemson.edu, password cpsc360, 2308 messages\n"));
        assert!(text.contains("retr 2307\n"));
        assert!(!script(Scenario::Dialogues, &facts(Scenario::Dialogues)).contains("2307"));
    }
}
