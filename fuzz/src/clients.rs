//! The client session under whatever a server says. The first octet chooses what the client is like; the rest is what it
//! hears. Heard octet by octet it must do the same as heard line by line. Heard all at once it may not, since what comes
//! along with the last reply that is due is none of ours; the other laws hold all the same.

use crate::drive::{Answers, Seen, run_pieces};
use message::{Address, Host, Time};
use wire::Framing;
use wire::sasl::Secret;
use wire::sasl::client::Credential;
use wire::smtp::client::limits::{GARBAGE_KEPT, REPLY_KEPT};
use wire::smtp::client::{
    Answer, Ask, Chunking, Client, Login, Outcome, Profile, Role, Said, Stage, Timeouts, Tls, Transaction,
};
use wire::smtp::{Body, ForwardPath, Recipient, ReversePath};

/// SMTP and LMTP.
///
/// # Panics
/// When a law is broken.
pub fn smtp(data: &[u8]) {
    let Some((choice, input)) = data.split_first() else { return };
    let lines = client_run(*choice, input.split_inclusive(|octet| *octet == b'\n'));
    let octets = client_run(*choice, input.chunks(1));
    assert_eq!(lines, octets, "cuts in the input made a difference");
    let whole = client_run(*choice, input.chunks(usize::MAX));
    for (seen, told) in [lines, whole] {
        check(&seen, &told);
    }
}

fn client_run<'a>(choice: u8, pieces: impl Iterator<Item = &'a [u8]>) -> (Seen, Told) {
    let tls = [Tls::Never, Tls::Never, Tls::Opportunistic, Tls::Required];
    let password = Secret(b"hungry".to_vec());
    let login =
        Login { user: "bob".to_owned(), credential: Credential::Password(password), in_the_clear: choice & 16 != 0 };
    let profile = Profile {
        name: "crepes.fr".to_owned(),
        role: if choice & 1 != 0 { Role::Lmtp } else { Role::Smtp },
        tls: tls.get(usize::from(choice >> 1 & 3)).copied().unwrap_or(Tls::Never),
        login: (choice & 8 != 0).then_some(login),
        chunking: if choice & 32 != 0 { Chunking::WhereOffered } else { Chunking::WhereNeeded },
        timeouts: Timeouts::default(),
    };
    let session = Client::new(Time(1_081_298_274_000), profile, *b"a random value of 24 oct");
    run_pieces(session, Told { binary: choice & 64 != 0, ..Told::default() }, pieces)
}

/// A desk with three messages, and what it was told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    binary: bool,
    answered: usize,
    concluded: usize,
    accepted: usize,
    outcomes: Vec<Outcome>,
    /// A transaction is not concluded yet.
    open: bool,
    /// No question may follow.
    over: bool,
}

const RECIPIENTS: [&str; 3] = ["a", "b b", "c\r\nRSET"];

impl Answers<Client> for Told {
    fn answer(&mut self, ask: Ask) -> Answer {
        assert!(!self.over, "asked after the end: {ask:?}");
        match ask {
            Ask::Next(_) if self.answered < 3 => {
                assert!(!std::mem::replace(&mut self.open, true), "a transaction was not concluded");
                self.answered += 1;
                Answer::Transaction(Box::new(self.transaction()))
            }
            Ask::Next(_) => {
                assert!(!self.open, "a transaction was not concluded");
                self.over = true;
                Answer::Quit
            }
            Ask::Concluded(conclusion) => {
                assert!(std::mem::take(&mut self.open), "concluded twice");
                assert_eq!(conclusion.outcomes.len(), RECIPIENTS.len());
                self.concluded += 1;
                self.accepted += usize::from(conclusion.outcomes.iter().any(Outcome::is_accepted));
                self.outcomes.extend(conclusion.outcomes);
                self.over = conclusion.ends;
                Answer::Done
            }
            Ask::Lost(outcome) => {
                assert!(!self.open, "lost in a transaction");
                self.outcomes.push(outcome);
                self.over = true;
                Answer::Done
            }
        }
    }

    fn content(&mut self, _: &[u8]) {
        panic!("a client takes no content");
    }
}

impl Told {
    fn transaction(&self) -> Transaction {
        let host = Host::parse("hamburger.edu").unwrap_or(Host::Literal([127, 0, 0, 1].into()));
        let recipients = RECIPIENTS.map(|name| {
            let forward_path = ForwardPath::Address(Address::new(name, host.clone()));
            Recipient { forward_path, notify: None, orcpt: Some("rfc822;a b@c".to_owned()) }
        });
        Transaction {
            reverse_path: ReversePath::Null,
            recipients: recipients.into(),
            body: if self.binary { Body::BinaryMime } else { Body::SevenBit },
            smtputf8: false,
            ret: None,
            envid: Some("x\r\ny".to_owned()),
            size: 500,
            source: 7,
        }
    }
}

/// What holds however the input came.
fn check(seen: &Seen, told: &Told) {
    assert!(seen.closed || seen.tls, "the session lives on without its peer");
    assert!(seen.tls || (!told.open && told.answered == told.concluded), "a transaction was not concluded");
    let output = String::from_utf8_lossy(&seen.output);
    assert!(output.is_empty() || output.ends_with("\r\n"));
    for line in output.split_terminator("\r\n") {
        assert!(line.len() <= 1100 && !line.contains(char::is_control), "sent: {line:?}");
    }
    // The mark of a relay is a line of its own.
    let relays = [Framing::Raw, Framing::DotStuffed { lines: None }]
        .map(|framing| output.matches(&format!("framing: {framing:?}")).count());
    assert!(told.accepted <= relays.iter().sum(), "accepted without content");
    for Outcome { stage, said } in &told.outcomes {
        match said {
            Said::Reply(reply) => {
                let octets: usize = reply.lines.iter().map(|line| line.len()).sum();
                assert!((200..600).contains(&reply.code) && octets <= REPLY_KEPT);
                assert!(!reply.lines.is_empty() && !reply.to_string().contains(char::is_control));
                assert!(reply.code / 100 != 2 || *stage == Stage::Dot, "a refusal that says yes: {reply}");
            }
            Said::Garbage(text) => assert!(text.len() <= GARBAGE_KEPT && !text.contains(char::is_control)),
            Said::Closed | Said::TimedOut | Said::Refused(_) => {}
        }
    }
}
