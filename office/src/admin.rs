//! What an administrator can ask of the post office, as plain data: the command line speaks it over the control
//! socket of a running server, or to an office it opens itself. Owns the vocabulary; the answers are made beside it.

use crate::login::{AppPasswordView, Scope};
use message::{Address, Domain, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::op::{OutboxChange, OutboxFilter};
use store::query::{FigureRow, OutboxRow};
use store::types::{PopDelete, QueueId, TraceEntry};

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "request")]
#[allow(missing_docs)]
pub enum Request {
    DomainAdd {
        domain: Domain,
    },
    DomainRemove {
        domain: Domain,
    },
    DomainList,
    AccountAdd {
        address: Address,
        password: Option<String>,
        quota: Option<u64>,
    },
    AccountSetPassword {
        address: Address,
        password: String,
    },
    /// Changes what is `Some`; an APOP secret of `Some(None)` is removed, a quota of `Some(None)` lifted.
    AccountSet {
        address: Address,
        #[serde(default)]
        quota: Option<Option<u64>>,
        #[serde(default)]
        pop_delete: Option<PopDelete>,
        #[serde(default)]
        apop_secret: Option<Option<String>>,
    },
    AccountRemove {
        address: Address,
    },
    AccountList {
        domain: Option<Domain>,
    },
    AccountShow {
        address: Address,
    },
    /// The ways in to an account besides its password.
    LoginList {
        address: Address,
    },
    AppPasswordAdd {
        address: Address,
        name: String,
        scope: Scope,
        /// How long it is good; counts from when it is asked.
        #[serde(default)]
        lasts: Option<Duration>,
    },
    AppPasswordRemove {
        address: Address,
        id: i64,
    },
    /// Ends one session of the web, or all of an account.
    SessionEnd {
        address: Address,
        id: Option<i64>,
    },
    SecondFactorOff {
        address: Address,
    },
    PasskeyRemove {
        address: Address,
        id: i64,
    },
    AliasAdd {
        address: AliasPattern,
        target: AliasTo,
    },
    AliasRemove {
        address: AliasPattern,
    },
    AliasList {
        domain: Option<Domain>,
    },
    /// The aliases of a file, in the syntax of `/etc/aliases`: names and targets may lack a domain. What an earlier
    /// import from the same origin brought, and this does not, goes.
    AliasImport {
        origin: String,
        domain: Option<Domain>,
        lines: Vec<AliasLine>,
        #[serde(default)]
        dry_run: bool,
    },
    /// A queue id or an address.
    Trace {
        what: String,
        limit: u32,
    },
    QueueList {
        #[serde(default)]
        which: QueueWhich,
        limit: u32,
    },
    /// One message that waits: who it is for, and its journey so far.
    QueueShow {
        queue_id: QueueId,
    },
    /// Does something to all recipients that fit.
    QueueChange {
        which: QueueWhich,
        change: OutboxChange,
    },
    Status,
    /// Where mail from this machine to a name or address would go.
    Way {
        name: String,
    },
    /// Takes what lies in the drop folder: one file by its name, or all of them.
    DropTake {
        name: Option<String>,
        /// Whoever dropped it waits for the answer and tells what was refused; otherwise the sender gets a notice.
        attended: bool,
    },
    /// A consistent copy of the whole store into a folder that does not exist yet.
    Backup {
        to: std::path::PathBuf,
    },
    Verify,
}

/// `bob@crepes.fr`, or `*@crepes.fr` for all that have no name of their own.
pub type AliasPattern = Address;

/// Which recipients in the queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueWhich {
    /// What the store can tell.
    #[serde(default)]
    pub filter: OutboxFilter,
    /// Accepted longer ago than this; counts from when it is asked.
    #[serde(default)]
    pub older_than: Option<Duration>,
}

/// A name with its targets, as a file has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct AliasLine {
    /// For what is to be said about it.
    pub line: u32,
    pub name: String,
    pub targets: Vec<String>,
}

/// Where an alias leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum AliasTo {
    Members(Vec<Address>),
    Moved(Address),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer", content = "is")]
#[allow(missing_docs)]
pub enum Response {
    /// Done; notes are for people and go to stderr (a weak password, mail that is held).
    Done {
        notes: Vec<String>,
    },
    Domains(Vec<DomainView>),
    Accounts(Vec<AccountView>),
    Logins(LoginsView),
    /// A new app password; its text is told only now.
    AppPassword {
        id: i64,
        secret: String,
    },
    Aliases(Vec<AliasView>),
    Trace(Vec<TraceEntry>),
    Queue {
        rows: Vec<OutboxRow>,
        notes: Vec<String>,
    },
    /// One message of the queue.
    Queued {
        rows: Vec<OutboxRow>,
        trace: Vec<TraceEntry>,
    },
    /// How many recipients were changed.
    Changed {
        recipients: u64,
    },
    Status(StatusView),
    Way(WayView),
    Imported(ImportView),
    Dropped(DropView),
    Verified(VerifyView),
    BackedUp {
        files: u64,
        octets: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DomainView {
    pub domain: Domain,
    /// `file` (with `file:line` in `origin`) or `store`.
    pub source: String,
    pub origin: Option<String>,
    pub accounts: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct AccountView {
    pub address: Address,
    pub used: u64,
    pub quota: Option<u64>,
    pub messages: u64,
    pub pop_delete: PopDelete,
    pub has_password: bool,
    pub has_apop: bool,
    pub created: Time,
}

/// The ways in to an account besides its password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LoginsView {
    pub address: Address,
    pub second_factor: bool,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
    pub app_passwords: Vec<AppPasswordView>,
    pub sessions: Vec<SessionLine>,
    pub passkeys: Vec<PasskeyLine>,
}

/// A session of the web.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SessionLine {
    pub id: i64,
    /// What the browser said it is.
    pub client: String,
    /// Where it was when it was last used.
    pub from: String,
    pub created: Time,
    pub last_seen: Time,
    pub expires: Time,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PasskeyLine {
    pub id: i64,
    pub name: String,
    pub created: Time,
    pub last_used: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct AliasView {
    pub address: AliasPattern,
    pub target: AliasTo,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct StatusView {
    pub hostname: String,
    pub figures: FigureRow,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct WayView {
    pub address: Address,
    /// One for each end: `mailbox ADDRESS` or `host ADDRESS`.
    pub ends: Vec<String>,
}

/// What came of an import, or would come of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ImportView {
    /// Aliases of this origin there are now.
    pub aliases: u32,
    pub added: u32,
    pub changed: u32,
    pub removed: u32,
    /// What was not taken, or not whole.
    pub refused: Vec<RefusedLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct RefusedLine {
    pub line: u32,
    pub why: String,
}

/// What became of what lay in the drop folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DropView {
    /// Taken, by their queue ids.
    pub taken: Vec<QueueId>,
    /// Recipients that were not, and why.
    pub refused: Vec<RefusedView>,
    /// Files that stay where they are for now, and why.
    pub waiting: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct RefusedView {
    pub recipient: String,
    pub kind: FailureKind,
    pub said: String,
}

/// What `verify` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct VerifyView {
    pub messages: u64,
    pub blobs: u64,
    pub octets: u64,
    /// One line for each thing that is wrong, naming the message (account, mailbox, uid, queue id).
    pub damage: Vec<String>,
}

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// For the exit code.
    pub kind: FailureKind,
    /// What, where, and what to do.
    pub message: String,
}

/// The class of a failure; each has a sysexits code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// 64: the request makes no sense.
    Usage,
    /// 65: what was given is not valid.
    Data,
    /// 67: no such account, alias or message.
    NoUser,
    /// 68: no such domain.
    NoHost,
    /// 69: the server does not answer.
    Unavailable,
    /// 70: a defect of ours.
    Software,
    /// 73: cannot create (it exists already).
    CannotCreate,
    /// 74: the disk failed.
    Io,
    /// 75: try again later.
    Temporary,
    /// 77: not allowed.
    Permission,
    /// 78: the configuration is wrong.
    Config,
}
