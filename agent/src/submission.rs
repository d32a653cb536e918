//! Sending a letter: one message to the submission server of an account (RFC 6409), and what came of every recipient. Owns
//! the form in which the letter goes, and what an end of the connection means for it: where nobody can know whether it went,
//! that is what is told, and it is not sent again by itself (RFC 5321 §6.1, RFC 1047).

use crate::account::Server;
use crate::dialing::{Internet, Line, explain, in_the_clear, is_lasting, tls_of};
use crate::house::Folders;
use crate::mirror::Envelope;
use crate::trouble::{Kind, Trouble};
use bytes::Bytes;
use message::recode::{Obstacle, eight_to_seven};
use message::{Address, Time};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use wire::Desk;
use wire::smtp::client::limits::RANDOM;
use wire::smtp::client::{
    Answer, Ask, Chunking, Client, Credential, Extensions, Facts, Login, Outcome, Profile, Refusal, Role, Said, Size,
    Stage, Timeouts, Transaction,
};
use wire::smtp::{Body, ForwardPath, Recipient, ReversePath};

/// Our name in EHLO. RFC 5321 §4.1.4 wants an address where there is no name; the one inside somebody's home is nobody's
/// business.
const NAME: &str = "[127.0.0.1]";

/// Octets given at a time to the drive loop, which takes at most 256 KiB.
const CHUNK: usize = 64 * 1024;

/// How long a server may take that somebody waits for. After the final dot it is what RFC 5321 §4.5.3.2.6 says: who leaves
/// earlier may send twice.
const TIMEOUTS: Timeouts = Timeouts {
    banner: Duration::from_secs(60),
    hello: Duration::from_secs(60),
    mail: Duration::from_secs(120),
    rcpt: Duration::from_secs(120),
    data: Duration::from_secs(120),
    dot: Duration::from_secs(600),
    quit: Duration::from_secs(3),
};

/// The way to the server.
pub struct Way<'a> {
    /// The network.
    pub internet: &'a Internet,
    /// Where trusted certificates are.
    pub folders: &'a Folders,
    /// The server.
    pub server: &'a Server,
    /// The name and what proves it; `None`: nobody logs in.
    pub login: Option<(String, Credential)>,
}

/// What came of one recipient; in the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server has it now.
    Taken(String),
    /// Not now.
    Later(String),
    /// Not at all.
    Refused(String),
    /// It may have gone or not: the connection broke after the letter's end was sent.
    Unknown(String),
}

/// What came of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// One for every recipient, in the order of the envelope.
    pub fates: Vec<Fate>,
    /// What is wrong with the letter, whoever it is for ([`Kind::Data`]); else what keeps all letters from going, this one among
    /// them.
    pub trouble: Option<Trouble>,
}

impl Report {
    /// All recipients have it.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        !self.fates.is_empty() && self.fates.iter().all(|fate| matches!(fate, Fate::Taken(_)))
    }

    /// Of some recipient nobody knows whether it went.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.fates.iter().any(|fate| matches!(fate, Fate::Unknown(_)))
    }

    /// Nothing went, for this reason.
    pub(crate) fn nothing(envelope: &Envelope, trouble: Trouble) -> Report {
        let fate = if trouble.may_pass() { Fate::Later } else { Fate::Refused };
        let fates = envelope.recipients.iter().map(|_| fate(trouble.text.clone())).collect();
        Report { fates, trouble: Some(trouble) }
    }
}

/// Sends a letter. Nothing is tried twice.
pub async fn submit(way: &Way<'_>, envelope: &Envelope, content: Bytes) -> Report {
    let letter = match Letter::of(envelope, content) {
        Ok(letter) => letter,
        Err(trouble) => return Report::nothing(envelope, trouble),
    };
    match session(way, Some(letter)).await {
        Ok(told) => told.report(),
        Err(trouble) => Report::nothing(envelope, trouble),
    }
}

/// Logs in and leaves: whether the settings of an account work.
///
/// # Errors
/// Why they do not.
pub async fn greet(way: &Way<'_>) -> Result<(), Trouble> {
    session(way, None).await?.trouble.map_or(Ok(()), Err)
}

async fn session(way: &Way<'_>, letter: Option<Letter>) -> Result<Told, Trouble> {
    let line = way.internet.dial(way.server, way.folders).await?;
    converse(way, line, letter).await
}

pub(crate) async fn converse(way: &Way<'_>, line: Line, letter: Option<Letter>) -> Result<Told, Trouble> {
    let security = way.server.security;
    let login = way.login.clone();
    let profile = Profile {
        name: NAME.to_owned(),
        role: Role::Smtp,
        tls: tls_of(security),
        login: login.map(|(user, credential)| Login { user, credential, in_the_clear: in_the_clear(security) }),
        chunking: Chunking::WhereNeeded,
        timeouts: TIMEOUTS,
    };
    let mut random = [0; RANDOM];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Trouble::new(Kind::Software, "no random numbers here"))?;
    let told = Arc::new(Mutex::new(Told::of(letter.as_ref())));
    let desk =
        SubmissionDesk { host: way.server.host.clone(), letter, told: told.clone(), sending: None, size_max: None };
    let session = Client::new(way.internet.clock().now(), profile, random);
    let ended = net::drive(line.connection, session, desk, &line.around).await;
    tracing::debug!(host = way.server.host, reason = %ended.reason, sent = ended.sent, "submission");
    let mut told = told.lock().clone();
    // The session knows only that the handshake came to nothing.
    if let net::Reason::Tls(error) = &ended.reason {
        let kind = if is_lasting(error) { Kind::Settings } else { Kind::TryAgain };
        told.trouble = Some(Trouble::new(kind, explain(&ended.reason, &way.server.host)));
    }
    Ok(told)
}

/// A letter as it is offered.
pub(crate) struct Letter {
    reverse_path: ReversePath,
    recipients: Vec<Address>,
    smtputf8: bool,
    content: Bytes,
    eight_bit: bool,
}

impl Letter {
    fn of(envelope: &Envelope, content: Bytes) -> Result<Letter, Trouble> {
        let wrong = |text: String| Trouble::new(Kind::Data, text);
        let address = |text: &String| Address::parse(text).map_err(|error| wrong(format!("{text}: {error}")));
        let reverse_path = match envelope.reverse_path.as_str() {
            "" => ReversePath::Null,
            _ => ReversePath::Address(address(&envelope.reverse_path)?),
        };
        let recipients = envelope.recipients.iter().map(address).collect::<Result<Vec<_>, _>>()?;
        if recipients.is_empty() {
            return Err(wrong("the letter is for nobody".to_owned()));
        }
        // RFC 5321 §2.3.8: CR and LF go as a pair or not at all; what the session sends has to keep to that.
        if !has_whole_line_ends(&content) {
            return Err(wrong("the letter has line ends that no server takes".to_owned()));
        }
        let eight_bit = !content.is_ascii();
        Ok(Letter { reverse_path, recipients, smtputf8: envelope.smtputf8, content, eight_bit })
    }

    /// The transaction for some of the recipients, at a server that can do this.
    fn transaction(
        &mut self,
        recipients: &std::ops::Range<usize>,
        offered: &Extensions,
    ) -> Result<Transaction, Obstacle> {
        if self.eight_bit && !offered.eight_bit_mime {
            let plan = eight_to_seven(&message::scanner::parse(&self.content));
            if let Some(obstacle) = plan.obstacle {
                return Err(obstacle);
            }
            self.content = plan.apply(&self.content).into();
            self.eight_bit = false;
        }
        let chosen = self.recipients.get(recipients.clone()).unwrap_or_default();
        Ok(Transaction {
            reverse_path: self.reverse_path.clone(),
            recipients: chosen.iter().cloned().map(recipient).collect(),
            body: if self.eight_bit { Body::EightBitMime } else { Body::SevenBit },
            smtputf8: self.smtputf8,
            ret: None,
            envid: None,
            size: self.content.len() as u64,
            source: 0,
        })
    }
}

fn recipient(address: Address) -> Recipient {
    Recipient { forward_path: ForwardPath::Address(address), notify: None, orcpt: None }
}

fn has_whole_line_ends(content: &[u8]) -> bool {
    let mut before = 0;
    for octet in content {
        if (*octet == b'\n') != (before == b'\r') {
            return false;
        }
        before = *octet;
    }
    before != b'\r'
}

/// What is known of the letter so far.
#[derive(Clone)]
pub(crate) struct Told {
    fates: Vec<Option<Fate>>,
    trouble: Option<Trouble>,
}

impl Told {
    fn of(letter: Option<&Letter>) -> Told {
        Told { fates: vec![None; letter.map_or(0, |letter| letter.recipients.len())], trouble: None }
    }

    /// What was never offered waits.
    fn report(self) -> Report {
        let why = match &self.trouble {
            Some(trouble) => trouble.clone(),
            None => Trouble::new(Kind::TryAgain, "the server left before it took the letter"),
        };
        let rest = || if why.may_pass() { Fate::Later(why.text.clone()) } else { Fate::Refused(why.text.clone()) };
        let fates = self.fates.into_iter().map(|fate| fate.unwrap_or_else(rest)).collect();
        Report { fates, trouble: self.trouble }
    }
}

/// Gives the letter to the session, to as many recipients at a time as the server takes (RFC 9422).
struct SubmissionDesk {
    host: String,
    letter: Option<Letter>,
    told: Arc<Mutex<Told>>,
    /// The recipients of the transaction under way.
    sending: Option<std::ops::Range<usize>>,
    /// Octets of the largest letter the server takes, where it says so.
    size_max: Option<u64>,
}

impl SubmissionDesk {
    fn next(&mut self, facts: &Facts) -> Answer {
        self.size_max = if let Size::Limit(octets) = facts.extensions.size { Some(octets) } else { None };
        let Some(letter) = &mut self.letter else { return Answer::Quit };
        let mut told = self.told.lock();
        let Some(first) = told.fates.iter().position(Option::is_none) else { return Answer::Quit };
        let at_once = facts.extensions.recipients_max.map_or(usize::MAX, |max| max as usize);
        let range = first..told.fates.len().min(first.saturating_add(at_once));
        match letter.transaction(&range, &facts.extensions) {
            Ok(transaction) => {
                self.sending = Some(range);
                Answer::Transaction(Box::new(transaction))
            }
            Err(_) => {
                told.trouble = Some(Trouble::new(Kind::Data, self.too_wide()));
                Answer::Quit
            }
        }
    }

    fn concluded(&mut self, outcomes: &[Outcome]) {
        let Some(range) = self.sending.take() else { return };
        let mut told = self.told.lock();
        let (mut taken, mut trouble) = (false, None);
        for (index, outcome) in range.zip(outcomes) {
            let fate = fate(outcome);
            taken |= matches!(fate, Fate::Taken(_));
            if outcome.stage == Stage::Mail {
                trouble = self.fault(outcome);
            }
            if let Some(known) = told.fates.get_mut(index) {
                *known = Some(fate);
            }
        }
        // A sender that is refused is no recipient's doing.
        told.trouble = trouble.filter(|_| !taken);
    }

    /// Why the server takes this letter for nobody, or no letter at all; `None`: that is for each recipient to be told.
    fn fault(&self, outcome: &Outcome) -> Option<Trouble> {
        let host = &self.host;
        let words = match &outcome.said {
            // RFC 4954 §6: we are to log in first, or better than we did.
            Said::Reply(reply) if matches!(reply.code, 530 | 534 | 535 | 538) => {
                return Some(Trouble::new(Kind::NotAllowed, format!("{host} does not let us in: {reply}")));
            }
            Said::Reply(reply) if reply.code >= 500 => format!("{host} refuses the letter: {reply}"),
            Said::Refused(Refusal::SmtpUtf8) => {
                format!("{host} takes no letter with addresses beyond ASCII: it does not offer SMTPUTF8")
            }
            Said::Refused(Refusal::TooLarge) => self.too_large(),
            Said::Refused(Refusal::Body) => self.too_wide(),
            Said::Refused(refusal @ Refusal::Address) => format!("the sender's address: {refusal}"),
            _ => return None,
        };
        Some(Trouble::new(Kind::Data, words))
    }

    fn too_large(&self) -> String {
        let octets = self.letter.as_ref().map_or(0, |letter| letter.content.len());
        let most = self.size_max.map(|most| format!(", and {} takes at most {most}", self.host)).unwrap_or_default();
        format!("the letter is too large: it has {octets} octets{most}")
    }

    fn too_wide(&self) -> String {
        format!("{} takes only seven bits, and the letter cannot be put so", self.host)
    }

    fn trouble(&self, outcome: &Outcome) -> Trouble {
        let host = &self.host;
        match (&outcome.said, outcome.stage) {
            (Said::Reply(reply), Stage::Auth) if reply.code >= 500 => {
                let words = format!("{host} does not let us in: {reply}. Check the name and the password");
                Trouble::new(Kind::NotAllowed, words)
            }
            (Said::Reply(reply), _) => {
                let kind = if reply.code >= 500 { Kind::Unavailable } else { Kind::TryAgain };
                Trouble::new(kind, format!("{host} refuses: {reply}"))
            }
            (Said::Refused(refusal @ (Refusal::NoTls | Refusal::NoLogin)), _) => {
                Trouble::new(Kind::Settings, format!("{host}: {refusal}"))
            }
            (Said::Refused(refusal @ Refusal::Unproven), _) => {
                Trouble::new(Kind::NotAllowed, format!("{host}: {refusal}"))
            }
            (Said::Refused(refusal), _) => Trouble::new(Kind::TryAgain, format!("{host}: {refusal}")),
            (Said::Garbage(text), _) => Trouble::new(Kind::Protocol, format!("{host} does not speak SMTP: {text}")),
            (Said::Closed, _) => Trouble::new(Kind::TryAgain, format!("{host} closed the connection")),
            (Said::TimedOut, _) => Trouble::new(Kind::TryAgain, format!("{host} did not answer in time")),
        }
    }
}

/// What an outcome of the session means for the recipient.
fn fate(outcome: &Outcome) -> Fate {
    let words = outcome.said.to_string();
    match (&outcome.said, outcome.stage) {
        _ if outcome.is_accepted() => Fate::Taken(words),
        (Said::Reply(reply), _) if reply.code >= 500 => Fate::Refused(words),
        (Said::Reply(_), _) => Fate::Later(words),
        (Said::Refused(refusal), _) => match refusal {
            Refusal::SmtpUtf8 | Refusal::Body | Refusal::TooLarge | Refusal::Address => {
                Fate::Refused(refusal.to_string())
            }
            _ => Fate::Later(refusal.to_string()),
        },
        // The end was sent, and nobody said what became of it.
        (Said::Closed | Said::TimedOut | Said::Garbage(_), Stage::Dot) => Fate::Unknown(words),
        (Said::Closed | Said::TimedOut | Said::Garbage(_), _) => Fate::Later(words),
    }
}

impl Desk for SubmissionDesk {
    type Session = Client;

    async fn answer(&mut self, _: Time, ask: Ask) -> Answer {
        match ask {
            Ask::Next(facts) => self.next(&facts),
            Ask::Concluded(conclusion) => {
                self.concluded(&conclusion.outcomes);
                Answer::Done
            }
            Ask::Lost(outcome) => {
                let trouble = self.trouble(&outcome);
                let mut told = self.told.lock();
                // Once all is said, the end is an end.
                if self.letter.is_none() && outcome.stage == Stage::Idle {
                    return Answer::Done;
                }
                told.trouble.get_or_insert(trouble);
                Answer::Done
            }
        }
    }

    async fn content(&mut self, _: &[u8]) {}

    async fn read(&mut self, _: u64, offset: u64) -> Option<Bytes> {
        let content = &self.letter.as_ref()?.content;
        let start = usize::try_from(offset).ok()?.min(content.len());
        Some(content.slice(start..content.len().min(start + CHUNK)))
    }
}

#[cfg(test)]
#[path = "submission_tests.rs"]
mod tests;
