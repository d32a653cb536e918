//! Our client against our own server, both pure: whatever the server offers and whatever is sent, what the server's desk
//! gets is what the client's desk gave, octet for octet, and the client's desk is told what the server's desk said.

use super::driver::Driver;
use super::script::profile;
use aws_lc_rs::{digest, hmac, pbkdf2};
use message::{Address, Time};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use wire::sasl::client::Credential;
use wire::sasl::{self, Mechanism, Secret};
use wire::smtp::client::{
    Answer, Ask, Chunking, Login, Outcome, Profile, Refusal, Role, Said, Stage, Tls, Transaction,
};
use wire::smtp::{self, Body, Enhanced, ForwardPath, Notify, Recipient, Reply, Return, ReversePath, Sender, Server};
use wire::{Event, Session, Step};

const NOW: Time = Time(1_081_298_274_000);
const PASSWORD: &[u8] = b"hungry";

/// A message as the server's desk got it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Got {
    sender: Sender,
    recipients: Vec<Recipient>,
    content: Vec<u8>,
}

/// The server and its desk.
struct Peer {
    server: Server,
    lmtp: bool,
    /// Keywords it does not offer.
    hidden: Vec<&'static str>,
    input: Vec<u8>,
    output: Vec<u8>,
    closed: bool,
    tls: bool,
    open: Option<Got>,
    got: Vec<Got>,
    signature: [u8; 32],
}

impl Peer {
    fn new(profile: smtp::Profile, hidden: Vec<&'static str>) -> Peer {
        let lmtp = profile.role == smtp::Role::Lmtp;
        let server = Server::new(NOW, profile);
        let (input, output) = (Vec::new(), Vec::new());
        Peer {
            server,
            lmtp,
            hidden,
            input,
            output,
            closed: false,
            tls: false,
            open: None,
            got: Vec::new(),
            signature: [0; 32],
        }
    }

    /// Hears so much; returns what is said to it.
    fn hear(&mut self, octets: &[u8]) -> Vec<u8> {
        self.input.extend_from_slice(octets);
        let mut taken = 0;
        loop {
            match self.server.step() {
                Step::Send(reply) => self.say(&reply),
                Step::Content(range) => {
                    let content = self.input[range].to_vec();
                    self.open.as_mut().expect("no transaction").content.extend(content);
                }
                Step::Ask(ask) => {
                    let answer = self.answer(ask);
                    self.server.answer(NOW, answer);
                }
                Step::StartTls => {
                    self.input.clear();
                    self.tls = true;
                    break;
                }
                Step::Close | Step::Turn => {
                    self.closed = true;
                    break;
                }
                Step::Relay(_) | Step::Compress => panic!("SMTP relays and compresses nothing"),
                Step::Read => {
                    self.input.drain(..std::mem::take(&mut taken));
                    taken = if self.input.is_empty() { 0 } else { self.server.receive(NOW, &self.input) };
                    if taken == 0 {
                        break;
                    }
                }
            }
        }
        std::mem::take(&mut self.output)
    }

    /// Leaves out what is hidden.
    fn say(&mut self, reply: &[u8]) {
        let text = std::str::from_utf8(reply).unwrap();
        let hidden = |line: &&str| {
            let keyword = line.get(4..).unwrap_or_default().split([' ', '\r']).next().unwrap_or_default();
            line.starts_with("250") && self.hidden.contains(&keyword)
        };
        self.output.extend(text.split_inclusive("\r\n").filter(|line| !hidden(line)).collect::<String>().bytes());
    }

    fn answer(&mut self, ask: smtp::Ask) -> smtp::Answer {
        let ok = Reply::new(250, Enhanced(2, 0, 0), "ok");
        smtp::Answer::Reply(match ask {
            smtp::Ask::Greeted(..) | smtp::Ask::Reset => {
                self.open = None;
                return smtp::Answer::Done;
            }
            smtp::Ask::Sender(sender) => {
                self.open = Some(Got { sender, recipients: Vec::new(), content: Vec::new() });
                ok
            }
            smtp::Ask::Recipient(recipient) => match self.open.as_mut() {
                Some(open) if !is_refused(&recipient) => {
                    open.recipients.push(recipient);
                    ok
                }
                _ => Reply::new(550, Enhanced(5, 1, 1), "no such user"),
            },
            smtp::Ask::Commit => {
                let got = self.open.take().expect("no transaction");
                let replies = got.recipients.iter().map(|to| verdict(self.lmtp, to)).collect();
                let answer = if self.lmtp { smtp::Answer::Replies(replies) } else { smtp::Answer::Reply(ok) };
                self.got.push(got);
                return answer;
            }
            smtp::Ask::Auth(ask) => return smtp::Answer::Sasl(self.login(ask)),
            _ => ok,
        })
    }

    /// RFC 5802 §3, from the server's side.
    fn login(&mut self, ask: sasl::Ask) -> sasl::Answer {
        match ask {
            sasl::Ask::Password { username, password, .. } if username == "bob" && password.0 == PASSWORD => {
                sasl::Answer::Accepted { server_signature: None }
            }
            sasl::Ask::ScramStart { username, .. } if username == "bob" => {
                sasl::Answer::Scram { nonce: "n0nce".to_owned(), salt: b"salt".to_vec(), iterations: 4096 }
            }
            sasl::Ask::ScramProof { auth_message, proof } => {
                let mut salted = [0; 32];
                let rounds = NonZeroU32::new(4096).unwrap();
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, b"salt", PASSWORD, &mut salted);
                let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
                let key = sign(&salted, b"Client Key");
                let stored = digest::digest(&digest::SHA256, key.as_ref());
                let signature = sign(stored.as_ref(), &auth_message);
                let right = key.as_ref().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).eq(proof);
                assert!(right, "the proof is wrong");
                let key = sign(&salted, b"Server Key");
                self.signature.copy_from_slice(sign(key.as_ref(), &auth_message).as_ref());
                sasl::Answer::Accepted { server_signature: Some(self.signature) }
            }
            _ => sasl::Answer::Refused(sasl::Refusal::Credentials),
        }
    }
}

fn address(recipient: &Recipient) -> String {
    recipient.forward_path.to_string()
}

/// The server's desk has no room for some.
fn is_refused(recipient: &Recipient) -> bool {
    address(recipient).starts_with("<x")
}

/// What an LMTP desk says at the end; the mailboxes of some are full.
fn verdict(lmtp: bool, recipient: &Recipient) -> Reply {
    match lmtp && address(recipient).starts_with("<f") {
        true => Reply::new(452, Enhanced(4, 2, 2), "full"),
        false => Reply::new(250, Enhanced(2, 0, 0), "ok"),
    }
}

/// More turns of talk than any of these conversations takes.
const TURNS_MAX: usize = 1000;

/// Runs all transactions over one connection; what each came to.
fn run(profile: Profile, mut peer: Peer, sent: &[(Transaction, Vec<u8>)], piece: usize) -> (Vec<Vec<Outcome>>, Peer) {
    let mut driver = Driver::start(profile, false);
    driver.contents = sent.iter().map(|(transaction, content)| (transaction.source, content.clone())).collect();
    let (mut queue, mut told) = (sent.iter(), Vec::new());
    let mut heard = peer.hear(b"");
    for _ in 0..TURNS_MAX {
        heard.chunks(piece).for_each(|octets| driver.feed(octets));
        heard.clear();
        if driver.handshake && std::mem::take(&mut peer.tls) {
            peer.server.event(NOW, Event::TlsStarted(super::driver::facts()));
            driver.tls_started();
        }
        match driver.asked.clone() {
            Some(Ask::Next(_)) => driver.answer(match queue.next() {
                Some((transaction, _)) => Answer::Transaction(Box::new(transaction.clone())),
                None => Answer::Quit,
            }),
            Some(Ask::Concluded(conclusion)) => {
                assert!(!conclusion.ends);
                told.push(conclusion.outcomes);
                driver.answer(Answer::Done);
            }
            Some(Ask::Lost(outcome)) => panic!("lost: {outcome:?}"),
            None => {}
        }
        let said = std::mem::take(&mut driver.output);
        check_lines(&said);
        for octets in said.chunks(piece) {
            heard.extend(peer.hear(octets));
        }
        if driver.closed {
            assert!(peer.closed && queue.next().is_none());
            return (told, peer);
        }
    }
    panic!("they go on talking for ever");
}

/// What is sent by commands alone holds no control character and no long line.
fn check_lines(said: &[u8]) {
    for line in
        said.split(|octet| *octet == b'\n').filter(|line| line.starts_with(b"RCPT") || line.starts_with(b"MAIL"))
    {
        assert!(line.len() < 1100, "a line of {} octets", line.len());
    }
}

const KEYWORDS: [&str; 6] = ["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME"];

/// What the server is like.
#[derive(Clone, Debug)]
struct World {
    lmtp: bool,
    tls: bool,
    dsn: bool,
    login: bool,
    mechanism: usize,
    offered: [bool; 6],
    chunking: bool,
    piece: usize,
}

impl World {
    fn offers(&self, keyword: &str) -> bool {
        KEYWORDS.iter().zip(self.offered).any(|(known, offered)| *known == keyword && offered)
    }

    fn server(&self) -> Peer {
        let mechanisms = [Mechanism::ScramSha256Plus, Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login];
        let profile = smtp::Profile {
            role: if self.lmtp { smtp::Role::Lmtp } else { smtp::Role::Mx },
            hostname: "mx.hamburger.edu".to_owned(),
            greeting: String::new(),
            client_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            trusted: false,
            plaintext_login: true,
            tls_available: self.tls,
            mechanisms: mechanisms[self.mechanism..].to_vec(),
            dsn: self.dsn,
            classic: smtp::Classic::default(),
            limits: smtp::Limits::default(),
        };
        let hidden = KEYWORDS.into_iter().filter(|keyword| !self.offers(keyword)).collect();
        Peer::new(profile, hidden)
    }

    fn client(&self) -> Profile {
        let password = Secret(PASSWORD.to_vec());
        let login = Login { user: "bob".to_owned(), credential: Credential::Password(password), in_the_clear: true };
        Profile {
            role: if self.lmtp { Role::Lmtp } else { Role::Smtp },
            tls: Tls::Opportunistic,
            login: Some(login).filter(|_| self.login && !self.lmtp),
            chunking: if self.chunking { Chunking::WhereOffered } else { Chunking::WhereNeeded },
            ..profile()
        }
    }

    /// Why nothing of the transaction may be sent.
    fn refusal(&self, transaction: &Transaction) -> Option<Refusal> {
        let utf8 = transaction.smtputf8 && !self.offers("SMTPUTF8");
        let body = match transaction.body {
            Body::SevenBit => true,
            Body::EightBitMime => self.offers("8BITMIME"),
            Body::BinaryMime => self.offers("BINARYMIME") && self.offers("CHUNKING"),
        };
        if utf8 { Some(Refusal::SmtpUtf8) } else { (!body).then_some(Refusal::Body) }
    }

    /// What the server's desk has to get; nothing where nobody is left.
    fn expected(&self, transaction: &Transaction, content: &[u8]) -> Option<Got> {
        let mut recipients = transaction.recipients.clone();
        recipients.retain(|recipient| !is_refused(recipient));
        if recipients.is_empty() || self.refusal(transaction).is_some() {
            return None;
        }
        for recipient in &mut recipients {
            recipient.notify = recipient.notify.filter(|_| self.dsn);
            recipient.orcpt = recipient.orcpt.take().filter(|_| self.dsn);
        }
        let sender = Sender {
            reverse_path: transaction.reverse_path.clone(),
            size: self.offers("SIZE").then_some(transaction.size),
            body: transaction.body,
            smtputf8: transaction.smtputf8,
            ret: transaction.ret.filter(|_| self.dsn),
            envid: transaction.envid.clone().filter(|_| self.dsn),
            auth: None,
            manner: smtp::Manner::Mail,
        };
        let mut content = content.to_vec();
        let chunked = self.offers("CHUNKING") && (self.chunking || transaction.body == Body::BinaryMime);
        if !chunked && !content.is_empty() && !content.ends_with(b"\r\n") {
            content.extend_from_slice(b"\r\n");
        }
        Some(Got { sender, recipients, content })
    }

    /// What the client's desk has to be told.
    fn told(&self, transaction: &Transaction) -> Vec<(Stage, Result<u16, Refusal>)> {
        let refusal = self.refusal(transaction);
        let each = transaction.recipients.iter().map(|recipient| match refusal {
            Some(refusal) => (Stage::Mail, Err(refusal)),
            None if is_refused(recipient) => (Stage::Rcpt, Ok(550)),
            None => (Stage::Dot, Ok(verdict(self.lmtp, recipient).code)),
        });
        each.collect()
    }
}

fn told(outcome: &Outcome) -> (Stage, Result<u16, Refusal>) {
    match &outcome.said {
        Said::Reply(reply) => (outcome.stage, Ok(reply.code)),
        Said::Refused(refusal) => (outcome.stage, Err(*refusal)),
        other => panic!("{other:?}"),
    }
}

prop_compose! {
    fn world()(
        lmtp: bool, tls: bool, dsn: bool, login: bool, mechanism in 0_usize..4, offered: [bool; 6], chunking: bool,
        piece in prop_oneof![Just(1_usize), Just(7), Just(10_000)],
    ) -> World {
        World { lmtp, tls, dsn, login, mechanism, offered, chunking, piece }
    }
}

prop_compose! {
    fn recipient(utf8: bool)(
        local in if utf8 { "[xfa]ü?[a-c\"@ .]{0,3}" } else { "[xfa][a-c\"@ .]{0,3}" },
        notify in proptest::option::of(any::<[bool; 3]>()),
        orcpt in proptest::option::of("rfc822;[a-c+= ]{1,5}@d"),
    ) -> Recipient {
        let host = message::Host::parse("hamburger.edu").unwrap();
        let notify = notify.map(|[success, failure, delay]| Notify { success, failure, delay });
        Recipient { forward_path: ForwardPath::Address(Address::new(&local, host)), notify, orcpt }
    }
}

fn content(body: Body) -> BoxedStrategy<Vec<u8>> {
    match body {
        Body::SevenBit => "([.a]|\r\n){0,40}".prop_map(String::into_bytes).boxed(),
        Body::EightBitMime => "([.aü]|\r\n){0,40}".prop_map(String::into_bytes).boxed(),
        Body::BinaryMime => {
            proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), any::<u8>()], 0..40).boxed()
        }
    }
}

/// A message and its content.
fn letter() -> impl Strategy<Value = (Transaction, Vec<u8>)> {
    let bodies = prop_oneof![Just(Body::SevenBit), Just(Body::EightBitMime), Just(Body::BinaryMime)];
    (bodies, any::<bool>()).prop_flat_map(|(body, smtputf8)| {
        let recipients = proptest::collection::vec(recipient(smtputf8), 1..5);
        let ret = proptest::option::of(prop_oneof![Just(Return::Full), Just(Return::Headers)]);
        let envid = proptest::option::of("[a-c+= ]{1,9}");
        (content(body), recipients, ret, envid, any::<bool>()).prop_map(
            move |(content, recipients, ret, envid, null)| {
                let sender = Address::parse("alice@crepes.fr").unwrap();
                let reverse_path = if null { ReversePath::Null } else { ReversePath::Address(sender) };
                let size = content.len() as u64;
                (Transaction { reverse_path, recipients, body, smtputf8, ret, envid, size, source: 0 }, content)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(rounds()))]
    #[test]
    fn what_is_sent_is_what_is_got(world in world(), mut letters in proptest::collection::vec(letter(), 1..4)) {
        for (source, (transaction, _)) in letters.iter_mut().enumerate() {
            transaction.source = source as u64;
        }
        let (outcomes, peer) = run(world.client(), world.server(), &letters, world.piece);
        let expected: Vec<Got> = letters.iter().filter_map(|(t, content)| world.expected(t, content)).collect();
        prop_assert_eq!(peer.got, expected);
        let outcomes: Vec<Vec<_>> = outcomes.iter().map(|each| each.iter().map(told).collect()).collect();
        let expected: Vec<Vec<_>> = letters.iter().map(|(transaction, _)| world.told(transaction)).collect();
        prop_assert_eq!(outcomes, expected);
    }
}

/// `PILLARBOX_ROUNDS=100000` for more.
#[allow(clippy::disallowed_methods, reason = "how many rounds is the caller's to say")]
fn rounds() -> u32 {
    std::env::var("PILLARBOX_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

/// More recipients than one group holds: none is lost, none is doubled.
#[test]
fn a_thousand_recipients_go_in_groups() {
    let world = World {
        lmtp: false,
        tls: false,
        dsn: true,
        login: false,
        mechanism: 0,
        offered: [true; 6],
        chunking: false,
        piece: 10_000,
    };
    let host = message::Host::parse("hamburger.edu").unwrap();
    let to = |n: usize| ForwardPath::Address(Address::new(&format!("a{n}"), host.clone()));
    let recipients = (0..1000).map(|n| Recipient { forward_path: to(n), notify: None, orcpt: None }).collect();
    let reverse_path = ReversePath::Null;
    let (body, source) = (Body::SevenBit, 0);
    let transaction =
        Transaction { reverse_path, recipients, body, smtputf8: false, ret: None, envid: None, size: 3, source };
    let letters = [(transaction.clone(), b"x\r\n".to_vec())];
    let (outcomes, peer) = run(world.client(), world.server(), &letters, 10_000);
    assert_eq!(peer.got.len(), 1);
    assert_eq!(peer.got[0].recipients, transaction.recipients);
    assert!(outcomes[0].len() == 1000 && outcomes[0].iter().all(Outcome::is_accepted));
}
