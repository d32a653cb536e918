//! Everything that changes the store, as plain data, and what it comes to. One `Op` is one transaction: it happens
//! whole or not at all, and is on disk when `apply` returns.

use crate::types::*;
use crate::uids::UidSet;
use message::{Address, Domain, Time};
use serde::{Deserialize, Serialize};

/// The name of an annotation, and what it shall be.
pub type Note = (String, Option<Vec<u8>>);

/// A change.
#[allow(missing_docs, reason = "the fields say what they are; each variant is documented")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// A domain to keep mail for. `Exists` when it is there.
    DomainAdd { domain: Domain, now: Time },
    /// `Gone` when it is not there; `Conflict` while accounts or aliases live in it.
    DomainRemove { domain: Domain },
    /// A new account with INBOX and the special-use mailboxes. `Exists` when the address is taken (by an alias too),
    /// `Gone` when the domain is not there, `Conflict` for `*`.
    AccountAdd { address: Address, credentials: Credentials, quota: Option<u64>, now: Time },
    /// The account, its mailboxes, messages, and the aliases that lead only to it; others lose this member.
    AccountRemove { address: Address },
    /// Changes what is `Some`.
    AccountSet {
        address: Address,
        credentials: Option<Credentials>,
        quota: Option<Option<u64>>,
        pop_delete: Option<PopDelete>,
    },
    /// `Exists` when the address is an account or an alias, `Gone` when its domain is not there.
    AliasAdd { alias: Alias },
    /// `Gone` when it is not there.
    AliasRemove { address: Address },
    /// The aliases of a file: those of the same origin that are not among them go, others are added or take the place of
    /// the earlier. Names that are an account or an alias of another origin stay as they are, as do domains that are not
    /// there: they are named in the outcome.
    AliasImport { origin: String, aliases: Vec<Alias> },

    /// The commit point of a message: content, mailbox entries, outbox entries and trace in one transaction.
    Deliver(Box<Deliver>),
    /// Messages put into a mailbox by their owner: all of them or none (RFC 3502), and the one they take the place of
    /// goes (RFC 8508). `Gone`, `OverQuota`, `Limit` (keywords).
    Append(Box<Append>),
    /// Adds and takes flags; a message that is gone is passed over. With `unchanged_since`, messages changed later
    /// are left alone and named in the outcome (RFC 7162 §3.1.3). `Gone`, `Limit` (keywords).
    SetFlags {
        account: AccountId,
        mailbox: MailboxId,
        uids: UidSet,
        change: FlagChange,
        unchanged_since: Option<ModSeq>,
    },
    /// Copies into a mailbox; new UIDs in the outcome. Within an account the e-mail is shared and no quota is used;
    /// another account of the shard (`to_account`) gets an e-mail of its own, which leads to the same content. `Gone`,
    /// `OverQuota`, `Limit` (keywords of the other account).
    Copy {
        account: AccountId,
        from: MailboxId,
        to_account: AccountId,
        to: MailboxId,
        uids: UidSet,
        carried: Carried,
        now: Time,
    },
    /// Moves (RFC 6851), also into the mailbox where it is. As `Copy` otherwise.
    Move {
        account: AccountId,
        from: MailboxId,
        to_account: AccountId,
        to: MailboxId,
        uids: UidSet,
        carried: Carried,
        now: Time,
    },
    /// Removes for good, of these only those with `\Deleted` where it says so; an e-mail goes with the last mailbox that
    /// shows it. Journeys are the caller's to write (`Trace`).
    Expunge { account: AccountId, mailbox: MailboxId, uids: UidSet, only_deleted: bool, now: Time },
    /// Says that a session was told of messages with UIDs below `before` as `\Recent` (RFC 3501 §2.3.2): no other will
    /// be. Answer: `Recent`.
    RecentClaim { account: AccountId, mailbox: MailboxId, before: Uid },
    /// A new mailbox below `parent`: the last name of the path is its own; those before it are made on the way. A name
    /// that could not be opened becomes a mailbox; its inferiors stay. `Exists`, `Gone` (parent), `Conflict` (no name, or
    /// one with `/`; another has the role), `Limit`.
    MailboxCreate { account: AccountId, parent: Option<MailboxId>, path: Vec<String>, role: Option<Role>, now: Time },
    /// New name or parent; its inferiors come along. INBOX stays: its messages go to a new mailbox (RFC 9051 §6.3.6).
    /// `Exists`, `Gone`, `Conflict` (a loop, a name as above), `Limit`.
    MailboxRename { account: AccountId, mailbox: MailboxId, parent: Option<MailboxId>, path: Vec<String>, now: Time },
    /// Removes it and the messages in it. With mailboxes inside, its name stays for their sake and cannot be opened
    /// (RFC 9051 §6.3.5). `Conflict` for INBOX, and for such a name.
    MailboxDelete { account: AccountId, mailbox: MailboxId, now: Time },
    /// An operation on mailboxes, done only while each of these mailboxes has this whole name: who asked for it looked the
    /// names up before, and others rename and remove meanwhile. `Gone` when one has it no longer.
    WhileNamed { account: AccountId, names: Vec<(MailboxId, String)>, then: Box<Op> },
    /// Mailboxes made, changed and removed together: only how all is in the end has to be right, so two may swap names or
    /// roles. A change that does not go with it is left out, the last one first, and the outcome says why. `Gone`.
    MailboxesSet { account: AccountId, changes: Vec<MailboxChange>, now: Time },
    /// RFC 9051 §6.3.7.
    MailboxSubscribe { account: AccountId, mailbox: MailboxId, subscribed: bool },
    /// The same for a whole path that is no mailbox of the account: one that is gone, or another's. `Limit`.
    NameSubscribe { account: AccountId, name: String, subscribed: bool },
    /// Changes what an identifier (an address in lower case, `anyone`, either after `-` for what it may not) may do with a
    /// mailbox; without rights it leaves the list. `Gone`, `Limit`.
    AclSet { account: AccountId, mailbox: MailboxId, identifier: String, change: RightsChange },
    /// Sets annotations, or takes them away (`None`), all or none. `Gone`, `Limit`.
    Annotate { notes: Vec<(Annotated, Vec<Note>)> },

    /// Takes up to `limit` outbox recipients that are due and free, for `lease_ms`, under `token`; none at these hosts,
    /// but for those that are routed elsewhere.
    Claim { now: Time, limit: u32, lease_ms: u64, token: u64, except: Vec<String> },
    /// The same for one host, from `after` on and in the order of the outbox, due or not; none that go another way.
    ClaimAt { host: String, after: (i64, u32), now: Time, limit: u32, lease_ms: u64, token: u64 },
    /// What came of claimed recipients, and the reports about them, in one transaction. `Conflict`, and nothing happens,
    /// when the lease of any of them is no longer held under the token.
    Settle(Box<Settlement>),
    /// Holds claimed recipients longer: until `now` and `lease_ms`. Those no longer held are passed over.
    Renew { now: Time, lease_ms: u64, token: u64, recipients: Vec<(i64, u32)> },
    /// Ends every lease: whoever held them is known to be gone.
    ReleaseAll,
    /// Puts off up to `limit` recipients at a host that are due by now and free: no try is counted. Answer: `Changed`.
    Defer { host: String, now: Time, until: Time, limit: u32 },
    /// Does something to waiting recipients, at most `limit` from `after` on. Answer: `Changed`, less than the limit when
    /// there are no more.
    OutboxChange { filter: OutboxFilter, after: (i64, u32), limit: u32, change: OutboxChange, now: Time },
    /// Adds lines to journeys.
    Trace(Vec<TraceEntry>),

    /// Changes objects, all or none, in order. `Gone` (the account, or one that is to change), `Conflict` (one changed
    /// later than it says; a new one without a value), `Exists` (the key is taken), `Limit`. Answer: `Objects`.
    ObjectsChange { account: AccountId, changes: Vec<ObjectChange>, now: Time },
    /// Changes objects as above, then does another operation, both or neither: what is to be sent leaves once, whatever
    /// happens to who sends it. Answer: `WithObjects`, or why one of them was refused.
    WithObjects { account: AccountId, changes: Vec<ObjectChange>, now: Time, then: Box<Op> },
    /// Changes keywords and mailboxes of e-mails; each whole or not at all, with an outcome of its own. `Gone` (the
    /// account), `Conflict` (an e-mail of the account came, changed or went after `unchanged_since`). Answer: `Emails`.
    EmailsSet { account: AccountId, changes: Vec<EmailChange>, unchanged_since: Option<ModSeq>, now: Time },
    /// Removes e-mails for good, from all their mailboxes. As above.
    EmailsDestroy { account: AccountId, emails: Vec<EmailId>, unchanged_since: Option<ModSeq>, now: Time },
    /// `EmailsSet` or `EmailsDestroy` for one who sees only these mailboxes: what is elsewhere stays as it is. An e-mail in
    /// none of these is `Gone`; one that is destroyed is removed from these, and for good where it is in no other.
    EmailsWithin { mailboxes: Vec<MailboxId>, then: Box<Op> },
    /// E-mails put into mailboxes by their owner: all of them or none. `Gone` (the account, a mailbox, an upload),
    /// `OverQuota`, `Limit` (keywords, mailboxes), `Conflict` (no mailbox; `unchanged_since`). Answer: `EmailsAdded`.
    EmailsAdd(Box<EmailsAdd>),
    /// Keeps content for an account for a day. Older uploads go where it needs their room (RFC 8620 §6). `Gone`, `Limit`.
    /// Answer: `Upload`.
    UploadAdd { account: AccountId, content: Content, kind: String, now: Time },
}

/// How flags change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FlagChange {
    /// These are set, others stay.
    Add(Flags),
    /// These are cleared, others stay.
    Remove(Flags),
    /// These and no others.
    Replace(Flags),
}

/// Which flags of a message its copy has too: who may not set some in a mailbox brings none of them there (RFC 4314 §4).
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    pub seen: bool,
    pub deleted: bool,
    /// All others, keywords too.
    pub others: bool,
}

impl Carried {
    /// Every flag.
    pub const ALL: Carried = Carried { seen: true, deleted: true, others: true };
}

/// How the rights of an identifier change (RFC 4314 §3.1).
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RightsChange {
    Add(Rights),
    Remove(Rights),
    Replace(Rights),
}

/// Content on disk (or small enough to go with the row), not yet referred to. Made by `Upload::finish`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Octets as they came.
    pub octets: u64,
    /// BLAKE3 of the octets as they came.
    pub hash: [u8; 32],
    /// Where they are.
    pub place: Place,
}

/// Where content is.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In the row, encoded by `codec`.
    Inline { codec: u8, bytes: Vec<u8> },
    /// In segments, in this order.
    Frames(Vec<Frame>),
}

/// A piece of content in a segment file: at most 256 KiB before compression, checksummed alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The segment's number.
    pub segment: u32,
    /// Where the frame's header begins in it.
    pub offset: u64,
    /// Octets in the segment, header aside.
    pub stored: u32,
    /// Octets of content.
    pub octets: u32,
}

/// A message that was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deliver {
    /// Its name.
    pub queue_id: QueueId,
    /// When its last byte came.
    pub now: Time,
    /// Its bytes.
    pub content: Content,
    /// `message::Summary`, encoded: opaque here.
    pub summary: Vec<u8>,
    /// The header holds octets above 127.
    pub utf8_header: bool,
    /// From the envelope; empty for `<>`.
    pub reverse_path: String,
    /// Message-ID without brackets, where there is one: for threads.
    pub message_id: Option<String>,
    /// In-Reply-To and References, without brackets: for threads.
    pub references: Vec<String>,
    /// Who gets it here.
    pub local: Vec<Local>,
    /// Who gets it elsewhere; one entry for each envelope it leaves with.
    pub remote: Vec<Outgoing>,
    /// Beginning of the journey.
    pub trace: Vec<TraceEntry>,
    /// A full mailbox fails the whole (`OverQuota`) when `true`; otherwise only its own entry.
    pub all_or_nothing: bool,
}

/// One local recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Local {
    /// Whose it is.
    pub account: AccountId,
    /// Where it goes.
    pub role: Role,
    /// Return-Path, Delivered-To, Received and added fields.
    pub prefix: Vec<u8>,
    /// As it was given in RCPT.
    pub recipient: String,
    /// Takes this message whatever the quota says: the desk found room when it accepted the recipient.
    pub grace: bool,
}

/// What leaves the house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Whom it leaves as: the envelope's own, or who answers for a list; empty for `<>`.
    pub reverse_path: String,
    /// Received and added fields; no Return-Path.
    pub prefix: Vec<u8>,
    /// `7bit`, `8bitmime`; never binary (recoded on arrival).
    pub body: String,
    /// SMTPUTF8 is needed.
    pub smtputf8: bool,
    /// RET of RFC 3461: `FULL`, `HDRS`.
    pub ret: Option<String>,
    /// ENVID of RFC 3461.
    pub envid: Option<String>,
    /// Who.
    pub recipients: Vec<OutgoingRecipient>,
    /// Not to be sent before an administrator releases it.
    pub held: bool,
}

/// One remote recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutgoingRecipient {
    /// Who.
    pub address: Address,
    /// NOTIFY of RFC 3461 as bits: 1 success, 2 failure, 4 delay; 0 never.
    pub notify: Option<u8>,
    /// ORCPT of RFC 3461.
    pub orcpt: Option<String>,
}

/// Messages from their owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Append {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub mailbox: MailboxId,
    /// What.
    pub messages: Vec<Appended>,
    /// The message that goes for them. When it is gone already, nothing happens: `Gone`.
    pub replaces: Option<(AccountId, MailboxId, Uid)>,
    /// When.
    pub now: Time,
}

/// A message from its owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Appended {
    /// Its bytes.
    pub content: Content,
    /// `message::Summary`, encoded.
    pub summary: Vec<u8>,
    /// The header holds octets above 127.
    pub utf8_header: bool,
    /// Message-ID without brackets.
    pub message_id: Option<String>,
    /// In-Reply-To and References.
    pub references: Vec<String>,
    /// Its flags.
    pub flags: Flags,
    /// INTERNALDATE.
    pub received: Time,
}

/// What came of tries, decided elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settlement {
    /// Under which the recipients were claimed.
    pub token: u64,
    /// When.
    pub now: Time,
    /// Each recipient.
    pub recipients: Vec<SettledRecipient>,
    /// Reports to whom they concern: each is delivered, or put into the outbox.
    pub reports: Vec<Deliver>,
    /// What happened, for the journey.
    pub trace: Vec<TraceEntry>,
}

/// What came of one recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettledRecipient {
    /// The outbox entry.
    pub outbox: i64,
    /// Which recipient of it.
    pub recipient: u32,
    /// What becomes of it.
    pub state: Settled,
}

/// What becomes of a recipient that was tried.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Settled {
    /// It leaves the outbox: sent, or failed for good.
    Done,
    /// Again at this time; what was said, and what is to be known the next time. A try is counted.
    Retry { due: Time, said: String, history: Vec<u8> },
    /// Waits for an administrator.
    Held,
    /// Given back untouched.
    Released { due: Time },
}

/// Which waiting recipients. What is `None` or `false` does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutboxFilter {
    /// Of this message.
    pub queue_id: Option<QueueId>,
    /// At this host.
    pub host: Option<String>,
    /// From this reverse path (`<>`: empty).
    pub sender: Option<String>,
    /// To this address.
    pub address: Option<Address>,
    /// Accepted before this.
    pub before: Option<Time>,
    /// What was said last holds this text; upper and lower case of ASCII are the same.
    pub said: Option<String>,
    /// Held ones.
    pub held: Option<bool>,
}

/// What is done to waiting recipients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OutboxChange {
    /// They wait until they are released.
    Hold,
    /// They wait no longer for an administrator, and are due now.
    Release,
    /// They are due now.
    Retry,
    /// They leave the outbox; nobody is told.
    Remove,
    /// They go to this host (`host` or `host:port`), whatever DNS says; `None`: the usual way again. Due now.
    Reroute(Option<String>),
}

/// What an [`Op`] came to. Nothing was changed unless it is `Done` (or a variant with results).
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Done; the new account.
    Account(AccountId),
    /// Done; the new mailbox.
    Mailbox(MailboxId),
    /// What came of each change, in order: the mailbox, or why not.
    Mailboxes(Vec<Result<MailboxId, MailboxRefusal>>),
    /// What became of each local recipient, in order.
    Delivered(Vec<Delivery>),
    /// The new UIDs: source (where there is one) and destination, with the destination's UIDVALIDITY.
    Uids { uid_validity: u32, pairs: Vec<(Option<Uid>, Uid)> },
    /// Flags are set but for these, which had changed since.
    Modified(Vec<Uid>),
    /// Done but for these: names that are taken, and names whose domain is not there.
    Imported { taken: Vec<Address>, foreign: Vec<Address> },
    /// How many messages were removed.
    Removed(u32),
    /// Messages with UIDs from this one on had not been claimed as `\Recent` before.
    Recent(Uid),
    /// Objects are changed: the id of each, in order, and the states.
    Objects { ids: Vec<i64>, span: Span },
    /// Both are done.
    WithObjects { ids: Vec<i64>, span: Span, then: Box<Outcome> },
    /// What came of each e-mail, in order.
    Emails { results: Vec<EmailOutcome>, span: Span },
    /// The new e-mails, in order, each with its conversation.
    EmailsAdded { emails: Vec<(EmailId, EmailId)>, span: Span },
    /// The number of an upload in its account.
    Upload(i64),
    /// Outbox recipients claimed.
    Claimed(Vec<Claimed>),
    /// How many recipients were changed.
    Changed(u32),
    /// Not done: it would cross the quota.
    OverQuota,
    /// Not done: the name is taken.
    Exists,
    /// Not done: what it speaks of is not there (any more).
    Gone,
    /// Not done: it does not go with the state of things.
    Conflict,
    /// Not done: it would cross a limit of the store (see the constants).
    Limit,
}

/// What became of one local recipient.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In the mailbox.
    Done { mailbox: MailboxId, uid: Uid, email: EmailId },
    /// Not: the mailbox is full.
    OverQuota,
    /// Not: the account was removed meanwhile.
    Gone,
}

/// An outbox recipient under lease: what is needed to plan a try.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The outbox row.
    pub outbox: i64,
    /// Which recipient of it.
    pub recipient: u32,
    /// The message.
    pub queue_id: QueueId,
    /// Whom it leaves as; empty for `<>`.
    pub reverse_path: String,
    /// Who.
    pub address: Address,
    /// NOTIFY of RFC 3461 as bits.
    pub notify: Option<u8>,
    /// ORCPT of RFC 3461.
    pub orcpt: Option<String>,
    /// Where an administrator sends it.
    pub route: Option<String>,
    /// Octets, prefix included.
    pub size: u64,
    /// When the message was accepted.
    pub created: Time,
    /// Tries before this one.
    pub attempts: u32,
    /// What the settlement of the last try left; empty before it.
    pub history: Vec<u8>,
}
