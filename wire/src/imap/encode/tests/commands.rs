//! Commands and how they are written, in the words of the RFCs' examples where they have one.

use crate::imap::command::*;
use crate::imap::mailbox::MailboxName;
use crate::imap::sequence;
use crate::sasl::Secret;
use message::search::{AddressField, Algorithm, Criterion, DateOf, Day, Key, Relation, Set, SortBy, SystemFlag};

fn set(text: &str) -> Set {
    sequence::read_set(text.as_bytes()).unwrap()
}

fn messages(text: &str) -> Messages {
    sequence::read(text.as_bytes()).unwrap()
}

fn name(name: &str) -> MailboxName {
    MailboxName::new(name)
}

fn inbox() -> MailboxName {
    MailboxName::inbox()
}

fn not(key: Key) -> Key {
    Key::Not(Box::new(key))
}

fn search(key: Key) -> Command {
    Command::Search(Search { by: By::Number, returns: None, key })
}

fn fetch(items: Vec<FetchItem>) -> Fetch {
    Fetch { by: By::Number, messages: messages("1:*"), items, changed_since: None, vanished: false, partial: None }
}

fn section(part: &[u32], text: SectionText) -> FetchItem {
    FetchItem::Section { section: Section { part: Part(part.to_vec()), text }, peek: true, partial: None }
}

/// Commands with their lines.
pub(super) fn known() -> Vec<(Command, &'static str)> {
    [alone(), mailboxes(), lists(), access(), of_messages(), fetches(), searches(), results(), notices()].concat()
}

fn alone() -> Vec<(Command, &'static str)> {
    vec![
        (Command::Capability, "CAPABILITY"),
        (Command::Noop, "NOOP"),
        (Command::Logout, "LOGOUT"),
        (Command::Id(Vec::new()), "ID NIL"),
        (
            Command::Id(vec![("name".to_owned(), Some("sodr".to_owned())), ("version".to_owned(), None)]),
            "ID (\"name\" \"sodr\" \"version\" NIL)",
        ),
        (Command::StartTls, "STARTTLS"),
        (Command::Authenticate { mechanism: "PLAIN".to_owned(), initial: None }, "AUTHENTICATE PLAIN"),
        (
            Command::Authenticate { mechanism: "PLAIN".to_owned(), initial: Some(b"\0a\0b".to_vec()) },
            "AUTHENTICATE PLAIN AGEAYg==",
        ),
        (
            Command::Authenticate { mechanism: "EXTERNAL".to_owned(), initial: Some(Vec::new()) },
            "AUTHENTICATE EXTERNAL =",
        ),
        (Command::Login { user: "SMITH".to_owned(), password: Secret(b"SES AME".to_vec()) }, "LOGIN SMITH \"SES AME\""),
        (Command::Enable(vec!["QRESYNC".to_owned(), "UTF8=ACCEPT".to_owned()]), "ENABLE QRESYNC UTF8=ACCEPT"),
        (Command::Namespace, "NAMESPACE"),
        (Command::Idle, "IDLE"),
        (Command::Compress("DEFLATE".to_owned()), "COMPRESS DEFLATE"),
        (Command::Unauthenticate, "UNAUTHENTICATE"),
        (Command::GetJmapAccess, "GETJMAPACCESS"),
        (Command::Check, "CHECK"),
        (Command::Close, "CLOSE"),
        (Command::Unselect, "UNSELECT"),
        (Command::Expunge(None), "EXPUNGE"),
        (Command::Expunge(Some(messages("3000:3002"))), "UID EXPUNGE 3000:3002"),
        (Command::Expunge(Some(Messages::Saved)), "UID EXPUNGE $"),
        (Command::CancelUpdate(vec!["B01".to_owned(), "B02".to_owned()]), "CANCELUPDATE \"B01\" \"B02\""),
    ]
}

fn mailboxes() -> Vec<(Command, &'static str)> {
    let select = Select { mailbox: inbox(), read_only: false, condstore: false, qresync: None };
    let qresync = Qresync {
        uid_validity: 67_890_007,
        mod_seq: 90_060_115_194_045_000,
        known_uids: Some(set("41:211,214:541")),
        known_pairs: Some((set("1,4"), set("41,214"))),
    };
    let short = Qresync { known_uids: None, known_pairs: None, ..qresync.clone() };
    let pairs = Qresync { known_uids: None, ..qresync.clone() };
    let of = |qresync| Select { qresync: Some(qresync), ..select.clone() };
    vec![
        (Command::Select(select.clone()), "SELECT INBOX"),
        (Command::Select(Select { read_only: true, condstore: true, ..select.clone() }), "EXAMINE INBOX (CONDSTORE)"),
        (
            Command::Select(of(qresync)),
            "SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541 (1,4 41,214)))",
        ),
        (Command::Select(of(short)), "SELECT INBOX (QRESYNC (67890007 90060115194045000))"),
        (Command::Select(of(pairs)), "SELECT INBOX (QRESYNC (67890007 90060115194045000 (1,4 41,214)))"),
        (Command::Create { mailbox: name("a/b"), parent: true, uses: Vec::new() }, "CREATE a/b/"),
        (
            Command::Create { mailbox: name("Every thing"), parent: false, uses: vec!["\\All".to_owned()] },
            "CREATE \"Every thing\" (USE (\\All))",
        ),
        (Command::Delete(name("foo")), "DELETE foo"),
        (Command::Rename { from: name("blurdybloop"), to: name("sarasoop") }, "RENAME blurdybloop sarasoop"),
        (Command::Subscribe(name("Entw\u{fc}rfe")), "SUBSCRIBE Entw&APw-rfe"),
        (Command::Unsubscribe(name("a]b")), "UNSUBSCRIBE a]b"),
        (
            Command::Status { mailbox: name("nil"), items: StatusItem::ALL.to_vec() },
            "STATUS \"nil\" (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED DELETED-STORAGE SIZE HIGHESTMODSEQ \
             APPENDLIMIT MAILBOXID)",
        ),
    ]
}

fn lists() -> Vec<(Command, &'static str)> {
    let plain = List { patterns: vec!["%".to_owned()], ..List::default() };
    let subscribed = ListSelect { subscribed: true, recursive_match: true, ..ListSelect::default() };
    let every = ListSelect { remote: true, special_use: true, ..subscribed };
    let returns = ListReturn {
        subscribed: true,
        children: true,
        special_use: true,
        my_rights: true,
        status: vec![StatusItem::Messages, StatusItem::Unseen],
        metadata: vec!["/shared/comment".to_owned(), "/private/comment".to_owned()],
    };
    let extended = List { extended: true, ..plain.clone() };
    vec![
        (Command::List(plain), "LIST \"\" %"),
        (Command::List(List { patterns: vec![String::new()], ..List::default() }), "LIST \"\" \"\""),
        (
            Command::List(List {
                reference: "~/Mail/".to_owned(),
                patterns: vec!["a b*".to_owned()],
                ..List::default()
            }),
            "LIST ~/Mail/ \"a b*\"",
        ),
        (Command::List(extended.clone()), "LIST () \"\" %"),
        (
            Command::List(List {
                select: subscribed,
                patterns: vec!["*".to_owned(), "INBOX".to_owned()],
                ..extended.clone()
            }),
            "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (* INBOX)",
        ),
        (
            Command::List(List { select: every, returns, ..extended }),
            "LIST (SUBSCRIBED REMOTE RECURSIVEMATCH SPECIAL-USE) \"\" % RETURN (SUBSCRIBED CHILDREN SPECIAL-USE MYRIGHTS \
             STATUS (MESSAGES UNSEEN) METADATA (/shared/comment /private/comment))",
        ),
        (
            Command::Lsub { reference: "#news.".to_owned(), pattern: "comp.mail.*".to_owned() },
            "LSUB #news. comp.mail.*",
        ),
    ]
}

fn access() -> Vec<(Command, &'static str)> {
    let rights = |how, rights: &str| RightsChange { how, rights: rights.to_owned() };
    let set_acl =
        |how, text| Command::SetAcl { mailbox: inbox(), identifier: "Fred".to_owned(), change: rights(how, text) };
    let entries = vec!["/shared/comment".to_owned(), "/private/comment".to_owned()];
    let get = GetMetadata { mailbox: None, size_max: None, depth: Depth::Zero, entries };
    vec![
        (Command::GetQuota(String::new()), "GETQUOTA \"\""),
        (Command::GetQuotaRoot(inbox()), "GETQUOTAROOT INBOX"),
        (
            Command::SetQuota {
                root: "!p".to_owned(),
                limits: vec![("STORAGE".to_owned(), 512), ("MESSAGE".to_owned(), 0)],
            },
            "SETQUOTA !p (STORAGE 512 MESSAGE 0)",
        ),
        (Command::GetAcl(inbox()), "GETACL INBOX"),
        (set_acl(HowRights::Replace, "rwipslda"), "SETACL INBOX Fred rwipslda"),
        (set_acl(HowRights::Add, "cda"), "SETACL INBOX Fred +cda"),
        (set_acl(HowRights::Remove, "0"), "SETACL INBOX Fred -0"),
        (set_acl(HowRights::Replace, ""), "SETACL INBOX Fred \"\""),
        (Command::DeleteAcl { mailbox: inbox(), identifier: "-Fred".to_owned() }, "DELETEACL INBOX -Fred"),
        (Command::ListRights { mailbox: inbox(), identifier: "smith".to_owned() }, "LISTRIGHTS INBOX smith"),
        (Command::MyRights(inbox()), "MYRIGHTS INBOX"),
        (Command::GetMetadata(get.clone()), "GETMETADATA \"\" (/shared/comment /private/comment)"),
        (
            Command::GetMetadata(GetMetadata {
                mailbox: Some(inbox()),
                size_max: Some(1024),
                depth: Depth::Infinity,
                entries: vec!["/private/filters".to_owned()],
            }),
            "GETMETADATA (MAXSIZE 1024 DEPTH infinity) INBOX (/private/filters)",
        ),
        (
            Command::GetMetadata(GetMetadata { depth: Depth::One, ..get }),
            "GETMETADATA (DEPTH 1) \"\" (/shared/comment /private/comment)",
        ),
        (
            Command::SetMetadata {
                mailbox: Some(inbox()),
                entries: vec![
                    ("/private/comment".to_owned(), Some(b"NIL".to_vec())),
                    ("/shared/comment".to_owned(), None),
                ],
            },
            "SETMETADATA INBOX (/private/comment \"NIL\" /shared/comment NIL)",
        ),
        (
            Command::SetMetadata { mailbox: None, entries: vec![("/private/x".to_owned(), Some(b"a\0".to_vec()))] },
            "SETMETADATA \"\" (/private/x ~{2}\r\na\0)",
        ),
    ]
}

fn of_messages() -> Vec<(Command, &'static str)> {
    let store = Store {
        by: By::Number,
        messages: messages("2:4"),
        unchanged_since: None,
        how: HowFlags::Add,
        silent: false,
        flags: vec![Flag::System(SystemFlag::Deleted), Flag::Keyword("$Junk".to_owned())],
    };
    let silent = Store { by: By::Uid, unchanged_since: Some(0), how: HowFlags::Replace, silent: true, ..store.clone() };
    vec![
        (Command::Store(store.clone()), "STORE 2:4 +FLAGS (\\Deleted $Junk)"),
        (Command::Store(silent), "UID STORE 2:4 (UNCHANGEDSINCE 0) FLAGS.SILENT (\\Deleted $Junk)"),
        (Command::Store(Store { how: HowFlags::Remove, flags: Vec::new(), ..store }), "STORE 2:4 -FLAGS ()"),
        (Command::Copy { by: By::Number, messages: messages("2:4"), mailbox: name("MEETING") }, "COPY 2:4 MEETING"),
        (Command::Copy { by: By::Uid, messages: Messages::Saved, mailbox: name("a") }, "UID COPY $ a"),
        (Command::Move { by: By::Uid, messages: messages("42:*"), mailbox: name("foo") }, "UID MOVE 42:* foo"),
        (Command::Move { by: By::Number, messages: messages("*"), mailbox: name("foo") }, "MOVE * foo"),
    ]
}

fn fetches() -> Vec<(Command, &'static str)> {
    let plain = vec![
        FetchItem::Envelope,
        FetchItem::Flags,
        FetchItem::InternalDate,
        FetchItem::Size,
        FetchItem::Body,
        FetchItem::BodyStructure,
        FetchItem::Uid,
        FetchItem::ModSeq,
        FetchItem::EmailId,
        FetchItem::ThreadId,
        FetchItem::SaveDate,
        FetchItem::Preview(Preview::Wanted),
        FetchItem::Preview(Preview::Lazy),
        FetchItem::Rfc822,
        FetchItem::Rfc822Header,
        FetchItem::Rfc822Text,
    ];
    let fields = vec!["DATE".to_owned(), "a b".to_owned()];
    let sections = vec![
        section(&[], SectionText::Whole),
        section(&[], SectionText::HeaderFields(fields.clone())),
        section(&[4, 2], SectionText::HeaderFieldsNot(fields)),
        section(&[4, 2], SectionText::Mime),
        section(&[1], SectionText::Header),
        section(&[1], SectionText::Text),
        section(&[3], SectionText::Whole),
    ];
    let partial = Some(Partial { start: 0, count: 1024 });
    let body = FetchItem::Section { section: Section::default(), peek: false, partial };
    let binary = FetchItem::Binary { part: Part(vec![1, 2]), peek: true, partial };
    let whole = FetchItem::Binary { part: Part::default(), peek: false, partial: None };
    let range = PartialRange { first: 1, last: 100, from_end: true };
    let changed = Fetch {
        by: By::Uid,
        changed_since: Some(12345),
        vanished: true,
        partial: Some(range),
        ..fetch(vec![FetchItem::Flags])
    };
    vec![
        (
            Command::Fetch(fetch(plain)),
            "FETCH 1:* (ENVELOPE FLAGS INTERNALDATE RFC822.SIZE BODY BODYSTRUCTURE UID MODSEQ EMAILID THREADID SAVEDATE \
             PREVIEW PREVIEW (LAZY) RFC822 RFC822.HEADER RFC822.TEXT)",
        ),
        (
            Command::Fetch(fetch(sections)),
            "FETCH 1:* (BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (DATE \"a b\")] BODY.PEEK[4.2.HEADER.FIELDS.NOT (DATE \"a b\")] \
             BODY.PEEK[4.2.MIME] BODY.PEEK[1.HEADER] BODY.PEEK[1.TEXT] BODY.PEEK[3])",
        ),
        (
            Command::Fetch(fetch(vec![body, binary, whole, FetchItem::BinarySize(Part(vec![7]))])),
            "FETCH 1:* (BODY[]<0.1024> BINARY.PEEK[1.2]<0.1024> BINARY[] BINARY.SIZE[7])",
        ),
        (Command::Fetch(changed), "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED PARTIAL -1:-100)"),
    ]
}

fn searches() -> Vec<(Command, &'static str)> {
    let text = |text: &str| text.to_owned();
    let from = Key::Address(AddressField::From, text("Smith"));
    let day = Day(8797);
    let seen = Key::Flag(SystemFlag::Seen);
    vec![
        (search(Key::all()), "SEARCH ALL"),
        (
            search(Key::And(vec![
                Key::Flag(SystemFlag::Flagged),
                Key::Date(DateOf::Arrival, Relation::Since, day),
                not(from.clone()),
            ])),
            "SEARCH Flagged SINCE 1-Feb-1994 NOT FROM Smith",
        ),
        (
            search(Key::Or(vec![seen.clone(), Key::And(vec![seen.clone(), from.clone()]), Key::Saved])),
            "SEARCH OR Seen OR (Seen FROM Smith) $",
        ),
        (
            search(Key::Or(vec![Key::Or(vec![seen.clone(), Key::Saved]), Key::Or(vec![Key::Saved, seen.clone()])])),
            "SEARCH OR OR Seen $ (OR $ Seen)",
        ),
        (
            search(Key::And(vec![
                Key::Numbers(set("2,4:7")),
                Key::Uids(set("9,12:*")),
                Key::Keyword(text("$Junk")),
                Key::Larger(0),
                Key::Smaller(9_223_372_036_854_775_807),
                Key::Older(1),
                Key::Younger(259_200),
                Key::ModSeq(620_162_338),
                Key::EmailId(text("M6d99ac3275bb4e")),
                Key::ThreadId(text("T64b478a75b7ea9")),
                Key::SaveDateSupported,
            ])),
            "SEARCH 2,4:7 UID 9,12:* KEYWORD $Junk LARGER 0 SMALLER 9223372036854775807 OLDER 1 YOUNGER 259200 \
             MODSEQ 620162338 EMAILID M6d99ac3275bb4e THREADID T64b478a75b7ea9 SAVEDATESUPPORTED",
        ),
        (
            search(Key::And(vec![
                Key::Subject(text("caf\u{e9}")),
                Key::Header { name: text("X-Y"), text: String::new() },
                Key::Body(text("a \"b\"")),
                Key::Fuzzy(Box::new(Key::Text(text("nil")))),
                Key::Date(DateOf::Sent, Relation::On, day),
                Key::Date(DateOf::Saved, Relation::Before, day),
            ])),
            "SEARCH CHARSET UTF-8 SUBJECT {5}\r\ncaf\u{e9} HEADER X-Y \"\" BODY \"a \\\"b\\\"\" FUZZY TEXT \"nil\" \
             SENTON 1-Feb-1994 SAVEDBEFORE 1-Feb-1994",
        ),
    ]
}

fn results() -> Vec<(Command, &'static str)> {
    let from = Key::Address(AddressField::From, "Smith".to_owned());
    let seen = Key::Flag(SystemFlag::Seen);
    let returns = Returns { min: true, max: true, count: true, save: true, ..Returns::default() };
    let range = PartialRange { first: 23500, last: 24000, from_end: false };
    let update = Returns {
        context: true,
        relevancy: true,
        update: Some(vec![FetchItem::Uid]),
        partial: Some(range),
        ..Returns::default()
    };
    let criteria = vec![
        Criterion { by: SortBy::Subject, reverse: false },
        Criterion { by: SortBy::Date, reverse: true },
        Criterion { by: SortBy::DisplayFrom, reverse: false },
    ];
    vec![
        (
            Command::Search(Search { by: By::Uid, returns: Some(returns), key: from.clone() }),
            "UID SEARCH RETURN (MIN MAX COUNT SAVE) FROM Smith",
        ),
        (
            Command::Search(Search { by: By::Number, returns: Some(update), key: Key::all() }),
            "SEARCH RETURN (RELEVANCY CONTEXT PARTIAL 23500:24000 UPDATE (UID)) ALL",
        ),
        (
            Command::Sort(Sort {
                by: By::Uid,
                returns: None,
                criteria,
                key: Key::And(vec![seen.clone(), from.clone()]),
            }),
            "UID SORT (SUBJECT REVERSE DATE DISPLAYFROM) UTF-8 Seen FROM Smith",
        ),
        (
            Command::Thread(Thread { by: By::Number, algorithm: Algorithm::References, key: from }),
            "THREAD REFERENCES UTF-8 FROM Smith",
        ),
        (
            Command::Thread(Thread { by: By::Uid, algorithm: Algorithm::OrderedSubject, key: seen }),
            "UID THREAD ORDEREDSUBJECT UTF-8 Seen",
        ),
    ]
}

fn notices() -> Vec<(Command, &'static str)> {
    let group = |scope, events| EventGroup { scope, events };
    let new = NotifyEvent::MessageNew(vec![FetchItem::Uid, FetchItem::Flags]);
    let groups = vec![
        group(Scope::Selected, vec![new, NotifyEvent::MessageExpunge, NotifyEvent::FlagChange]),
        group(Scope::Subtree(vec![name("Lists"), name("a b")]), Vec::new()),
        group(Scope::Mailboxes(vec![inbox()]), vec![NotifyEvent::MailboxName, NotifyEvent::SubscriptionChange]),
        group(Scope::Personal, vec![NotifyEvent::ServerMetadataChange, NotifyEvent::MailboxMetadataChange]),
        group(Scope::Inboxes, vec![NotifyEvent::Unknown("Party".to_owned())]),
    ];
    let delayed =
        vec![group(Scope::SelectedDelayed, vec![NotifyEvent::MessageNew(Vec::new()), NotifyEvent::MessageExpunge])];
    let all = Returns { all: true, ..Returns::default() };
    let scopes = vec![Scope::SubtreeOne(vec![name("folder2")]), Scope::Subscribed];
    vec![
        (Command::Notify(Notify::None), "NOTIFY NONE"),
        (
            Command::Notify(Notify::Set { status: true, groups }),
            "NOTIFY SET STATUS (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (subtree (Lists \"a b\") NONE) \
             (mailboxes (INBOX) (MailboxName SubscriptionChange)) (personal (ServerMetadataChange MailboxMetadataChange)) \
             (inboxes (Party))",
        ),
        (
            Command::Notify(Notify::Set { status: false, groups: delayed }),
            "NOTIFY SET (selected-delayed (MessageNew MessageExpunge))",
        ),
        (
            Command::MultiSearch(MultiSearch { scopes, returns: all.clone(), key: Key::all() }),
            "ESEARCH IN (subtree-one (folder2) subscribed) RETURN (ALL) ALL",
        ),
        (
            Command::MultiSearch(MultiSearch { scopes: Vec::new(), returns: all, key: Key::Subject("a".to_owned()) }),
            "ESEARCH RETURN (ALL) SUBJECT a",
        ),
    ]
}
