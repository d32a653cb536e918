//! A message that an account sends as a whole, with no conversation around it: JMAP's EmailSubmission (RFC 8621 §7.5), and
//! answers the house writes for its users. It passes the same desk as one by SMTP submission, and what the sender keeps about
//! it is written in the transaction that takes it. Owns the way through the desk; not what is kept (`submission`).

use super::local::{HandedIn, LocalUser};
use super::{SmtpDesk, trouble};
use crate::{Office, Peer};
use message::{Address, Time};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use store::StoreError;
use store::op::{Op, Outcome};
use store::types::{Account, AccountId, Credentials, ObjectChange, QueueId, Span};
use wire::Desk;
use wire::smtp::{
    Answer, Ask, Body, Enhanced, ForwardPath, Manner, Notify, Recipient, Reply, Return, ReversePath, Role,
    Sender as GivenSender,
};

/// Who sends.
#[derive(Clone, Debug)]
pub(crate) enum Writer {
    /// An account, known by its session; where its client is, if one waits.
    Account(Box<Account>, Option<IpAddr>),
    /// The house in the name of an account: reports and answers, under `<>`.
    House(Address),
}

/// A message without its content.
#[derive(Clone, Debug)]
pub(crate) struct LetterEnvelope {
    /// What the journey calls it.
    pub ticket: String,
    /// Its name.
    pub queue_id: QueueId,
    /// `None` for `<>`.
    pub reverse_path: Option<Address>,
    /// RET of RFC 3461.
    pub ret: Option<Return>,
    /// ENVID of RFC 3461.
    pub envid: Option<String>,
    /// Octets of the content, as far as they are known.
    pub octets: u64,
}

/// The desk for one message.
pub(crate) struct Letter {
    desk: SmtpDesk,
    now: Time,
    taken: usize,
}

/// What came of a message that was taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Taken {
    /// The objects that were written with it, in order.
    pub ids: Vec<i64>,
    /// The states of their account before and after.
    pub span: Span,
}

/// Why a message was not taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// The desk says no.
    Refused(Reply),
    /// What was to be written with it could not be: changed meanwhile, there already, too many.
    Objects(Outcome),
    /// The store cannot.
    Store(StoreError),
}

impl Office {
    /// Opens a desk and names the sender.
    ///
    /// # Errors
    /// The reply to it.
    pub(crate) async fn open_letter(
        &self,
        now: Time,
        writer: Writer,
        envelope: LetterEnvelope,
    ) -> Result<Letter, Reply> {
        let (account, own, client) = match writer {
            Writer::Account(account, client) => (Some(account.clone()), account.address, client),
            Writer::House(own) => (None, own, None),
        };
        let client = SocketAddr::new(client.unwrap_or(Ipv4Addr::LOCALHOST.into()), 0);
        let peer = Peer { client, local: client, name: Arc::new(OnceLock::new()), line: None };
        let role = if account.is_some() { Role::Submission } else { Role::Mx };
        let mut desk = SmtpDesk::new(self.clone(), role, peer, self.policy());
        let user = LocalUser { name: own.local_part().to_owned(), uid: 0, trusted: true };
        let (ticket, queue_id) = (envelope.ticket, envelope.queue_id);
        desk.handed_in = Some(HandedIn { user, ticket, queue_id, own, is_letter: true });
        if let Some(account) = account {
            desk.visitor.assume(Account { credentials: Credentials::default(), ..*account });
        }
        let sender = GivenSender {
            reverse_path: envelope.reverse_path.map_or(ReversePath::Null, ReversePath::Address),
            size: Some(envelope.octets),
            // Said anew when the content is there.
            body: Body::BinaryMime,
            smtputf8: true,
            ret: envelope.ret,
            envid: envelope.envid,
            auth: None,
            manner: Manner::Mail,
        };
        let mut letter = Letter { desk, now, taken: 0 };
        letter.ask(Ask::Sender(sender)).await?;
        Ok(letter)
    }

    /// Whether mail for an address reaches the account, so that it may write under it.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn may_write_as(&self, account: &Account, address: &Address) -> Result<bool, StoreError> {
        let here = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let peer = Peer { client: here, local: here, name: Arc::new(OnceLock::new()), line: None };
        SmtpDesk::new(self.clone(), Role::Submission, peer, self.policy()).owns(account, address).await
    }
}

impl Letter {
    /// Names a recipient.
    ///
    /// # Errors
    /// The reply to it; others may be taken.
    pub async fn recipient(
        &mut self,
        address: &Address,
        notify: Option<Notify>,
        orcpt: Option<String>,
    ) -> Result<(), Reply> {
        let given = Recipient { forward_path: ForwardPath::Address(address.clone()), notify, orcpt };
        self.ask(Ask::Recipient(given)).await?;
        self.taken += 1;
        Ok(())
    }

    /// How many recipients were taken.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Content is about to come.
    ///
    /// # Errors
    /// The reply where it is not to.
    pub async fn begin(&mut self) -> Result<(), Reply> {
        self.ask(Ask::Content).await.map(drop)
    }

    /// Takes a run of content.
    pub async fn content(&mut self, octets: &[u8]) {
        self.desk.content(octets).await;
    }

    /// All has come: the message is taken, and the objects are changed, in one transaction.
    ///
    /// # Errors
    /// [`NotTaken`]; then nothing happened.
    pub async fn commit(mut self, account: AccountId, changes: Vec<ObjectChange>) -> Result<Taken, NotTaken> {
        let no_message = || NotTaken::Refused(Reply::new(503, Enhanced(5, 5, 1), "there is no message to take"));
        let mut transaction = self.desk.transaction.take().ok_or_else(no_message)?;
        let (deliver, accounts) = self.desk.prepare(&mut transaction, self.now).await.map_err(NotTaken::Refused)?;
        let content = deliver.content.clone();
        let then = Box::new(Op::Deliver(Box::new(deliver)));
        let op = Op::WithObjects { account, changes, now: self.now, then };
        let (taken, then) = match self.desk.office.store().apply(op).await.map_err(NotTaken::Store)? {
            Outcome::WithObjects { ids, span, then } => (Taken { ids, span }, *then),
            Outcome::OverQuota => return Err(NotTaken::Refused(super::commit::full())),
            other => return Err(NotTaken::Objects(other)),
        };
        let Outcome::Delivered(deliveries) = then else { return Err(NotTaken::Objects(then)) };
        self.desk.note(&transaction, content.octets, &deliveries);
        let done: Vec<_> = accounts.iter().copied().zip(deliveries).collect();
        self.desk.tell_success(&transaction, &content, &done, self.now).await;
        self.desk.note_absence(&transaction, &content, &done, self.now).await;
        self.desk.announce(&transaction, accounts.into_iter());
        Ok(taken)
    }

    async fn ask(&mut self, ask: Ask) -> Result<Reply, Reply> {
        match self.desk.answer(self.now, ask).await {
            Answer::Reply(reply) if reply.code < 400 => Ok(reply),
            Answer::Reply(reply) => Err(reply),
            Answer::Replies(_) | Answer::Sasl(_) | Answer::Done => Ok(Reply::plain(250, "")),
        }
    }
}

impl NotTaken {
    /// What is said about it.
    pub fn reply(&self) -> Reply {
        match self {
            NotTaken::Refused(reply) => reply.clone(),
            NotTaken::Store(error) => trouble(error),
            NotTaken::Objects(_) => Reply::new(451, Enhanced(4, 3, 0), "something changed meanwhile, try again"),
        }
    }
}
