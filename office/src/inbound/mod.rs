//! Mail coming in, by SMTP, submission or LMTP: the desk of one connection. It answers each question of the session
//! from the files beside it: `sender` (may this one send?), `route` (where does an address lead?), `recipient` (may it
//! be taken?), `arrival` (content on its way to the store), `header` (what the header says, and what it lacks),
//! `commit` (the one transaction that makes the 250 true), `copies` (what each end of the way gets), `directory` (VRFY, EXPN, HELP STATUS), `waiting` (ETRN, ATRN, TURN), `sending` (SEND, SOML, SAML), `local` (what users of this machine hand in), `letter` (what accounts send without a conversation), `absence` (whose owners are away).

mod absence;
mod arrival;
mod commit;
mod copies;
mod directory;
mod header;
mod letter;
mod local;
mod recipient;
mod route;
mod sender;
mod sending;
mod success;
mod waiting;

pub(crate) use arrival::edited;
pub(crate) use header::{Claimed, Digest, senders};
pub(crate) use letter::{Letter, LetterEnvelope, NotTaken, Writer};
pub use local::{LocalDesk, LocalEnvelope, LocalRefusal, LocalUser, kind_of};

use crate::login::{Service, Visitor};
use crate::{Office, Peer, Policy};
use arrival::Arrival;
use bytes::Bytes;
use local::HandedIn;
use message::{Address, Domain, Time};
use recipient::Accepted;
use std::sync::Arc;
use store::StoreError;
use store::types::{Account, QueueId};
use wire::smtp::{Answer, Ask, Enhanced, Greeting, Manner, Reply, Role, Sender, Server};
use wire::{Desk, TlsFacts};

/// The desk of one SMTP or LMTP connection.
pub struct SmtpDesk {
    office: Office,
    policy: Arc<Policy>,
    role: Role,
    peer: Peer,
    visitor: Visitor,
    greeting: Option<(Greeting, Option<TlsFacts>)>,
    transaction: Option<Transaction>,
    /// Domains whose mail the client fetches, now that it is the server.
    fetching: Vec<Domain>,
    /// On this machine, by one of its users, instead of over a connection.
    handed_in: Option<HandedIn>,
}

/// One message on its way in.
struct Transaction {
    sender: Sender,
    /// The reverse path with its domain; `None` for `<>`.
    reverse_path: Option<Address>,
    recipients: Vec<Accepted>,
    arrival: Option<Arrival>,
    /// The beginning of the content, where it is for screens.
    screen: Vec<u8>,
    queue_id: QueueId,
}

impl SmtpDesk {
    pub(crate) fn new(office: Office, role: Role, peer: Peer, policy: Arc<Policy>) -> SmtpDesk {
        let visitor = office.visitor(peer.client.ip(), Service::Send).on(peer.line.clone());
        SmtpDesk {
            office,
            policy,
            role,
            peer,
            visitor,
            greeting: None,
            transaction: None,
            fetching: Vec::new(),
            handed_in: None,
        }
    }

    /// Who logged in on this connection.
    fn user(&self) -> Option<&Account> {
        self.visitor.account()
    }

    /// Whether the client may send to other hosts through us, is told the truth about users, and has missing header
    /// fields added. A neighbour on the LMTP port hands over mail for our users and nothing else.
    fn is_known(&self) -> bool {
        let is_trusted = || self.policy.is_trusted(self.peer.client.ip());
        self.role != Role::Lmtp && (self.handed_in.is_some() || self.user().is_some() || is_trusted())
    }

    fn begin_content(&mut self, now: Time) -> Reply {
        let random = u16::from_be_bytes(self.office.random());
        let upload = self.office.store().upload();
        let hostname = self.policy.hostname.clone();
        match &mut self.transaction {
            Some(transaction) => {
                let given = self.handed_in.as_ref().map(|handed_in| handed_in.queue_id);
                transaction.queue_id = given.unwrap_or_else(|| QueueId::new(now, random));
                let is_letter = self.handed_in.as_ref().is_some_and(|handed_in| handed_in.is_letter);
                transaction.arrival = Some(Arrival::new(upload, hostname, is_letter));
                Reply::plain(354, "go ahead, end with a line that holds only a dot")
            }
            None => Reply::new(503, Enhanced(5, 5, 1), "MAIL and RCPT come first"),
        }
    }

    async fn login(&mut self, now: Time, ask: wire::sasl::Ask) -> Answer {
        let answer = self.visitor.ask(now, &self.policy.login_rules(), ask).await;
        self.office.count_login(&answer);
        Answer::Sasl(answer)
    }
}

/// What a failing store means to the client. The message stays with the client, who tries again.
fn trouble(error: &StoreError) -> Reply {
    tracing::error!(%error, "the store cannot take a message");
    match error {
        StoreError::Full => no_room(),
        _ => Reply::new(451, Enhanced(4, 3, 0), "our store is in trouble, try again later"),
    }
}

fn no_room() -> Reply {
    Reply::new(452, Enhanced(4, 3, 1), "no room on our disk, try again later")
}

impl Desk for SmtpDesk {
    type Session = Server;

    async fn answer(&mut self, now: Time, ask: Ask) -> Answer {
        let reply = match ask {
            Ask::Greeted(greeting, tls) => {
                self.transaction = None;
                self.greeting = Some((greeting, tls));
                return Answer::Done;
            }
            Ask::Reset => {
                self.transaction = None;
                return Answer::Done;
            }
            Ask::Sender(sender) => self.open_transaction(sender).await,
            Ask::Recipient(recipient) => self.take_recipient(recipient, now).await,
            Ask::Content => self.begin_content(now),
            Ask::Commit => return self.commit(now).await,
            Ask::Verify(name) => self.verify(&name, now).await,
            Ask::Expand(name) => self.expand(&name).await,
            Ask::Status => self.status(),
            Ask::Auth(ask) => return self.login(now, ask).await,
            Ask::Start(node) => self.start_queue(&node, now).await,
            Ask::Turn(domains) => self.turn_round(domains).await,
        };
        Answer::Reply(reply)
    }

    async fn content(&mut self, bytes: &[u8]) {
        let Some(transaction) = &mut self.transaction else { return };
        if transaction.sender.manner != Manner::Mail {
            let room = sending::SCREEN_OCTETS.saturating_sub(transaction.screen.len());
            transaction.screen.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        if let Some(arrival) = &mut transaction.arrival {
            arrival.take(bytes).await;
        }
    }

    /// SMTP reads nothing back.
    async fn read(&mut self, _source: u64, _offset: u64) -> Option<Bytes> {
        None
    }
}

#[cfg(test)]
mod names_tests;
#[cfg(test)]
pub(crate) mod tests;
