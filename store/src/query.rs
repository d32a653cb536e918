//! Every question the store answers, each with a type of its own. A query sees one snapshot.

use crate::StoreError;
use crate::op::OutboxFilter;
use crate::rows::{Answer, Snapshot};
use crate::types::*;
use crate::uids::UidSet;
use message::{Address, Domain, Time};

/// Changes of an account that [`MailboxNews`] goes through at most: a tenth of a millisecond's work.
pub const NEWS_MAX: u32 = 128;

/// A question; `Rows` is its answer. How it is asked of the engine stays inside the store.
pub trait Query {
    /// The answer.
    type Rows;

    /// Answers it from one state of the store.
    #[doc(hidden)]
    fn ask(&self, snapshot: &Snapshot<'_>) -> Result<Self::Rows, StoreError>;

    /// Whether a few rows of small, much used tables answer it, never more than a constant number: then it is asked on the
    /// spot, since handing it to another thread takes several times as long. What may have to wait for the disk, as content
    /// does, never is.
    #[doc(hidden)]
    fn is_short(&self) -> bool {
        false
    }
}

/// Two questions about one state.
impl<A: Query, B: Query> Query for (A, B) {
    type Rows = (A::Rows, B::Rows);
    fn ask(&self, snapshot: &Snapshot<'_>) -> Result<Self::Rows, StoreError> {
        Ok((self.0.ask(snapshot)?, self.1.ask(snapshot)?))
    }
    fn is_short(&self) -> bool {
        self.0.is_short() && self.1.is_short()
    }
}

macro_rules! query {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $ty:ty),* } -> $rows:ty $(, $short:ident)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name { $(#[allow(missing_docs)] pub $field: $ty),* }
        impl Query for $name {
            type Rows = $rows;
            fn ask(&self, snapshot: &Snapshot<'_>) -> Result<$rows, StoreError> { self.answer(snapshot) }
            $(query!(@$short);)?
        }
    };
    (@short) => {
        fn is_short(&self) -> bool { true }
    };
}

query!(/** Every domain. */ Domains {} -> Vec<DomainRow>);
query!(/** One account by its address. */ AccountByAddress { address: Address } -> Option<Account>, short);
query!(/** One account by its id. */ AccountById { account: AccountId } -> Option<Account>, short);
query!(/** Accounts in order of address, of one domain or of all, a page at a time. */
    Accounts { domain: Option<Domain>, after: Option<Address>, limit: u32 } -> Vec<Account>);
query!(/** One alias (exactly this address; the caller asks for `*@domain` itself). */ AliasByAddress { address: Address } -> Option<Alias>);
query!(/** Every alias, of one domain or of all. */ Aliases { domain: Option<Domain> } -> Vec<Alias>);
query!(/** The aliases that were read from a file. */ AliasesFrom { origin: String } -> Vec<Alias>);
query!(/** Where a recipient address leads, in one look: the domain is ours or not, account, alias, catch-all. */
    Resolve { address: Address } -> Resolved);
query!(/** The mailboxes of an account. */ Mailboxes { account: AccountId } -> Vec<Mailbox>);
query!(/** The mailboxes of an account in which messages came, went or changed after a modseq; `None` where more than that
    changed: one came or went, or has another name, subscription, list of rights or annotation. */
    MailboxesSince { account: AccountId, since: ModSeq } -> Option<Vec<Mailbox>>);
query!(/** What tells the annotations that a reader sees from what they were: the mailboxes of an account that came or changed
    after a modseq, as `MailboxesSince` counts, and of theirs, at most `limit`, mailbox, name, and a mark of the value. */
    AnnotationMarks { account: AccountId, reader: AccountId, since: ModSeq, limit: u32 }
        -> (Vec<MailboxId>, Vec<(MailboxId, String, i64)>));
query!(/** One mailbox. */ MailboxById { account: AccountId, mailbox: MailboxId } -> Option<Mailbox>, short);
query!(/** The mailbox of a path of names, from the top. */
    MailboxAt { account: AccountId, path: Vec<String> } -> Option<Mailbox>, short);
query!(/** All of a mailbox, in narrow rows; `None` when it is not there. */
    WholeMailbox { account: AccountId, mailbox: MailboxId } -> Option<WholeListing>);
query!(/** What became of a mailbox after a modseq. */
    MailboxSince { account: AccountId, mailbox: MailboxId, since: ModSeq } -> ListingNews);
query!(/** The same where it is little: `None` when more than [`NEWS_MAX`] messages of the account changed or went. */
    MailboxNews { account: AccountId, mailbox: MailboxId, since: ModSeq } -> Option<ListingNews>, short);
query!(/** What is known of some messages of a mailbox beside the listing, ascending, at most `limit`. */
    Summaries { account: AccountId, mailbox: MailboxId, uids: UidSet, limit: u32 } -> Vec<SummaryRow>);
query!(/** Where the octets of some messages are, ascending: at most `limit`, and none after `octets` are at hand. Those of
    one frame come whole. Ends before one that is damaged. */
    StoredMessages { account: AccountId, mailbox: MailboxId, uids: UidSet, limit: u32, octets: u64 } -> Vec<(Uid, Stored)>);
query!(/** When some messages of a mailbox came into it (RFC 8514), ascending. */
    SaveDates { account: AccountId, mailbox: MailboxId, uids: UidSet } -> Vec<(Uid, Time)>);
query!(/** Names the account is subscribed to that are no mailbox of it, in order. */
    Subscriptions { account: AccountId } -> Vec<String>);
query!(/** Who else may do what with a mailbox: identifiers in order. */
    AclOf { account: AccountId, mailbox: MailboxId } -> Vec<(String, Rights)>);
query!(/** Every mailbox that names one of these identifiers: what it lets them do. In order of account and mailbox. */
    SharedWith { identifiers: Vec<String> } -> Vec<(AccountId, MailboxId, String, Rights)>);
query!(/** Annotations in order of name. */ Annotations { of: Annotated } -> Vec<(String, Vec<u8>)>);
query!(/** The messages of a mailbox with UIDs from `from` on, in order, at most `limit`. */
    Messages { account: AccountId, mailbox: MailboxId, from: Uid, limit: u32 } -> Vec<Message>);
query!(/** The mailbox with a role and its first messages, at most `limit`, in one state. */
    Maildrop { account: AccountId, role: Role, limit: u32 } -> Option<(Mailbox, Vec<Message>)>);
query!(/** Where a message's octets are. */ StoredMessage { account: AccountId, mailbox: MailboxId, uid: Uid } -> Option<Stored>);
query!(/** The messages of a mailbox with UIDs from `from` on, read together for who asks for one after the other: at most
    `limit`, and none after `octets` are at hand. Those of one frame come whole. Ends before one that is damaged. */
    MessagesAhead { account: AccountId, mailbox: MailboxId, from: Uid, limit: u32, octets: u64 } -> Vec<(Uid, Stored)>);
query!(/** The summary made at delivery. */ SummaryOf { account: AccountId, email: EmailId } -> Option<Vec<u8>>);
query!(/** What changed in an account after a modseq; `None` when that is too long ago to tell. */
    ChangesSince { account: AccountId, since: ModSeq, limit: u32 } -> Option<Vec<(ModSeq, Change)>>);
query!(/** Outbox recipients, oldest first, from behind `after` (entry and recipient) on. */
    Outbox { filter: OutboxFilter, after: (i64, u32), limit: u32 } -> Vec<OutboxRow>);
query!(/** When the next free recipient in the outbox is due, not counting these hosts, as for a claim; `None` when none
    waits. */ NextDue { except: Vec<String> } -> Option<Time>);
query!(/** How many outbox recipients there are by age: younger than each band, which rise, and then the rest. */
    QueueAges { now: Time, bands: Vec<std::time::Duration> } -> Vec<u64>);
query!(/** A message of the outbox, as it is to leave. */ OutgoingMessage { outbox: i64 } -> Option<OutgoingStored>);
query!(/** The recipients of an entry that are claimed under a token and not held, each with its route. */
    Claims { outbox: i64, token: u64 } -> Vec<(u32, Option<String>)>);
query!(/** The journey of one message. */ TraceById { queue_id: QueueId } -> Vec<TraceEntry>);
query!(/** The latest messages from or to an address: their journeys, newest message first. */
    TraceByAddress { address: String, limit: u32 } -> Vec<TraceEntry>);
query!(/** The newest change of each kind of thing in an account; `None` when it is not there. */
    States { account: AccountId } -> Option<StateRow>, short);
query!(/** Slot and name of each keyword of an account. */ Keywords { account: AccountId } -> Vec<(u32, String)>, short);
query!(/** Every e-mail of an account, in narrow rows; `None` when it is not there. */
    WholeAccount { account: AccountId } -> Option<AccountListing>);
query!(/** What became of the e-mails of an account, where it is little: `None` when more than [`NEWS_MAX`] changed or went,
    when it was too long ago to tell, or has not happened yet: the whole has to be read. */
    AccountNews { account: AccountId, since: ModSeq } -> Option<AccountChange>, short);
query!(/** What is known of some e-mails, in order of what is asked for; those that are gone are passed over. */
    EmailsById { account: AccountId, ids: Vec<EmailId> } -> Vec<EmailRow>);
query!(/** Some conversations, in order of what is asked for; those without an e-mail are passed over. */
    ThreadMembers { account: AccountId, threads: Vec<EmailId> } -> Vec<ThreadRow>);
query!(/** What became of e-mails after a mark, at most `limit` ids; `None` when that is too long ago to tell, or has not
    happened yet. */
    EmailsSince { account: AccountId, since: Mark, limit: u32 } -> Option<Changes<EmailId>>);
query!(/** The same of conversations: they change when an e-mail comes or goes. */
    ThreadsSince { account: AccountId, since: Mark, limit: u32 } -> Option<Changes<EmailId>>);
query!(/** The same of mailboxes. */
    MailboxListSince { account: AccountId, since: Mark, limit: u32 } -> Option<MailboxChanges>);
query!(/** Where an e-mail's octets are. */ StoredEmail { account: AccountId, email: EmailId } -> Option<Stored>);
query!(/** What a client sent ahead, and where its octets are. */
    UploadById { account: AccountId, upload: i64 } -> Option<(Uploaded, Stored)>);
query!(/** All objects of a kind in an account, by id. */ Objects { account: AccountId, kind: ObjectKind } -> Vec<Object>);
query!(/** Some objects, in order of what is asked for; those that are not there are passed over. */
    ObjectsById { account: AccountId, kind: ObjectKind, ids: Vec<i64> } -> Vec<Object>);
query!(/** What became of objects, as `EmailsSince`. */
    ObjectsSince { account: AccountId, kind: ObjectKind, since: Mark, limit: u32 } -> Option<Changes<i64>>);
query!(/** The one object with a key, in all accounts. */
    ObjectByKey { kind: ObjectKind, key: Vec<u8> } -> Option<Object>, short);
query!(/** Objects of these kinds that are due by now, in all accounts, those longest due first. */
    ObjectsDue { kinds: Vec<ObjectKind>, now: Time, limit: u32 } -> Vec<Object>);
query!(/** When the next object of these kinds is due. */ NextObjectDue { kinds: Vec<ObjectKind> } -> Option<Time>, short);
query!(/** Figures for metrics and `doctor`. */ Figures {} -> FigureRow);

query!(/** What one annotation that all share says of the mailboxes of an account that have it. */
    MailboxNotes { account: AccountId, entry: String } -> Vec<(MailboxId, Vec<u8>)>);

/// Where an address leads.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Resolved {
    /// The domain is none of ours.
    Foreign,
    /// An account; `tag` was cut off (`user+tag`).
    Account { account: Box<Account>, tag: Option<String> },
    /// An alias, a catch-all included.
    Alias(Alias),
    /// The domain is ours, the user unknown.
    Unknown,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Change {
    Added { mailbox: MailboxId, uid: Uid, email: EmailId },
    FlagsChanged { mailbox: MailboxId, uid: Uid, flags: Flags },
    Expunged { mailbox: MailboxId, uid: Uid },
    MailboxCreated { mailbox: MailboxId },
    MailboxChanged { mailbox: MailboxId },
    MailboxDeleted { mailbox: MailboxId },
}

/// A hint that an account changed; published by the commit. May be lost or merged: the truth is `ChangesSince`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Whose.
    pub account: AccountId,
    /// The newest change.
    pub modseq: ModSeq,
}

/// One recipient waiting in the outbox.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OutboxRow {
    /// The outbox entry.
    pub outbox: i64,
    /// Which recipient.
    pub recipient: u32,
    /// The message.
    pub queue_id: QueueId,
    /// From the envelope.
    pub reverse_path: String,
    /// To whom.
    pub address: Address,
    /// `held`, `waiting`, `active`.
    pub state: String,
    /// When it was accepted.
    pub created: Time,
    /// When it is tried next.
    pub due: Time,
    /// Tries so far.
    pub attempts: u32,
    /// What was said last.
    pub said: Option<String>,
    /// Octets.
    pub size: u64,
    /// Where an administrator sends it.
    pub route: Option<String>,
}

/// Figures of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs)]
pub struct FigureRow {
    pub domains: u64,
    pub accounts: u64,
    pub aliases: u64,
    pub messages: u64,
    pub octets: u64,
    pub outbox: u64,
    pub segments: u64,
    pub segment_octets: u64,
}
