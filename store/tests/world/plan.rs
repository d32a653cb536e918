//! Random operations: a plan names things by small numbers, so that most of them are there and some are not.

use super::emails::{Coming, coming, on_emails};
use super::objects::{on_objects, some_changes};
use crate::kit;
use message::{Address, Host, Time};
use proptest::prelude::*;
use store::op::{
    Append, Appended, Carried, FlagChange, Local, OutboxChange, OutboxFilter, Outgoing, OutgoingRecipient,
    RightsChange, Settled, SettledRecipient, Settlement,
};
use store::types::{
    AccountId, Alias, AliasTarget, Annotated, Credentials, Flags, MailboxChange, MailboxId, MailboxRef, MailboxWish,
    ObjectChange, Rights, Role, Uid,
};
use store::{Engine, Op, StoreError, UidSet};

/// An operation, but for content, which an engine has to take first.
#[derive(Clone, Debug)]
pub enum Plan {
    Whole(Op),
    Deliver {
        octets: usize,
        local: Vec<Local>,
        remote: Vec<Outgoing>,
        all_or_nothing: bool,
        at: u64,
    },
    Append {
        octets: Vec<usize>,
        place: (AccountId, MailboxId),
        flags: Flags,
        at: u64,
        replaces: Option<(MailboxId, Uid)>,
    },
    Coming(Coming),
    With(AccountId, Vec<ObjectChange>, Box<Plan>),
}

impl Plan {
    /// The operation; fails where the engine cannot take the content.
    pub fn op(&self, engine: &Engine) -> Result<Op, StoreError> {
        Ok(match self {
            Plan::Whole(op) => op.clone(),
            Plan::Coming(coming) => coming.op(engine)?,
            Plan::With(account, changes, then) => {
                let (account, changes, then) = (*account, changes.clone(), Box::new(then.op(engine)?));
                Op::WithObjects { account, changes, now: time(30), then }
            }
            Plan::Deliver { octets, local, remote, all_or_nothing, at } => {
                let content = engine.put(&kit::noise(*at, *octets))?;
                let mut deliver = kit::letter(u16::try_from(*at % 7).unwrap(), content, local.clone());
                deliver.now = time(*at);
                deliver.references = vec![format!("{}@hamburger.edu", at % 5)];
                deliver.remote = remote.clone();
                deliver.all_or_nothing = *all_or_nothing;
                Op::Deliver(Box::new(deliver))
            }
            Plan::Append { octets, place, flags, at, replaces } => {
                let one = |octets: &usize| appended(engine, *octets, flags, *at);
                let messages = octets.iter().map(one).collect::<Result<_, _>>()?;
                let replaces = replaces.map(|(mailbox, uid)| (place.0, mailbox, uid));
                let (account, mailbox, now) = (place.0, place.1, time(*at));
                Op::Append(Box::new(Append { account, mailbox, messages, replaces, now }))
            }
        })
    }
}

fn appended(engine: &Engine, octets: usize, flags: &Flags, at: u64) -> Result<Appended, StoreError> {
    Ok(Appended {
        content: engine.put(&kit::noise(at, octets))?,
        summary: vec![],
        utf8_header: at.is_multiple_of(2),
        message_id: None,
        references: vec![],
        flags: flags.clone(),
        received: time(at * 3),
    })
}

/// Who may be in a list of rights.
pub const IDENTIFIERS: [&str; 3] = ["anyone", "bob@crepes.fr", "-carol@crepes.fr"];

pub fn time(at: u64) -> Time {
    Time(kit::NOW.0 + at * 700)
}

fn an_address() -> impl Strategy<Value = Address> {
    let names = prop::sample::select(vec!["bob", "Bob", "carol", "dan", "*"]);
    let domains = prop::sample::select(vec!["crepes.fr", "crepes.fr", "crepes.fr", "hamburger.edu"]);
    (names, domains).prop_map(|(name, domain)| Address::new(name, Host::Domain(kit::domain(domain))))
}

fn a_person() -> impl Strategy<Value = Address> {
    an_address().prop_filter("no pattern", |address| address.local_part() != "*")
}

pub fn an_account() -> impl Strategy<Value = AccountId> {
    prop::sample::select(vec![1, 1, 1, 2, 2, 3]).prop_map(AccountId)
}

pub fn a_mailbox() -> impl Strategy<Value = MailboxId> {
    prop::sample::select(vec![1, 1, 1, 2, 2, 6, 7, 8, 9]).prop_map(MailboxId)
}

fn some_uids() -> impl Strategy<Value = UidSet> {
    let few = prop::collection::vec((1_u32..9).prop_map(Uid), 0..4).prop_map(UidSet::from);
    prop_oneof![3 => few, 1 => (2_u32..9).prop_map(|from| vec![(Uid(from), Uid(u32::MAX))].into())]
}

pub fn some_flags() -> impl Strategy<Value = Flags> {
    let words = prop::collection::btree_set(prop::sample::select(vec!["$junk", "a", "b"]), 0..3);
    (any::<[bool; 5]>(), words).prop_map(|([seen, answered, flagged, deleted, draft], words)| Flags {
        seen,
        answered,
        flagged,
        deleted,
        draft,
        keywords: words.into_iter().map(str::to_owned).collect(),
    })
}

fn a_role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Inbox, Role::Inbox, Role::Junk, Role::Trash])
}

pub fn a_size() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![0, 10, 10, 500, 9_000])
}

/// Any operation.
pub fn ops() -> impl Strategy<Value = Plan> {
    prop_oneof![
        3 => people().prop_map(Plan::Whole),
        6 => a_delivery(),
        1 => an_append(),
        6 => on_messages().prop_map(Plan::Whole),
        3 => on_mailboxes().prop_map(Plan::Whole),
        5 => on_the_outbox().prop_map(Plan::Whole),
        4 => on_emails().prop_map(Plan::Whole),
        2 => coming().prop_map(Plan::Coming),
        2 => on_objects().prop_map(Plan::Whole),
        1 => (an_account(), some_changes(), then()).prop_map(|(account, changes, then)| {
            Plan::With(account, changes, Box::new(then))
        }),
    ]
}

/// What may be done together with changes of objects.
fn then() -> impl Strategy<Value = Plan> {
    prop_oneof![a_delivery(), an_append(), coming().prop_map(Plan::Coming), on_mailboxes().prop_map(Plan::Whole)]
}

fn an_alias() -> impl Strategy<Value = Alias> {
    let moved = a_person().prop_map(AliasTarget::Moved);
    let members = prop::collection::vec(a_person(), 1..3).prop_map(AliasTarget::Members);
    (an_address(), prop_oneof![moved, members]).prop_map(|(address, target)| Alias { address, target })
}

fn people() -> impl Strategy<Value = Op> {
    let domain = || prop::sample::select(vec!["crepes.fr", "crepes.fr", "hamburger.edu"]).prop_map(kit::domain);
    let quota = || prop::option::of(prop::sample::select(vec![20_u64, 100, 1_000, 20_000]));
    let credentials = Credentials::default;
    prop_oneof![
        4 => (domain(), 0..50_u64).prop_map(|(domain, at)| Op::DomainAdd { domain, now: time(at) }),
        1 => domain().prop_map(|domain| Op::DomainRemove { domain }),
        6 => (a_person(), quota(), 0..50_u64).prop_map(move |(address, quota, at)| {
            Op::AccountAdd { address, credentials: credentials(), quota, now: time(at) }
        }),
        1 => a_person().prop_map(|address| Op::AccountRemove { address }),
        1 => (a_person(), quota()).prop_map(|(address, quota)| {
            Op::AccountSet { address, credentials: None, quota: Some(quota), pop_delete: None }
        }),
        2 => an_alias().prop_map(|alias| Op::AliasAdd { alias }),
        1 => an_address().prop_map(|address| Op::AliasRemove { address }),
        1 => (prop::sample::select(vec!["/etc/aliases", "/srv/aliases"]), prop::collection::vec(an_alias(), 0..4))
            .prop_map(|(origin, aliases)| Op::AliasImport { origin: origin.to_owned(), aliases }),
    ]
}

fn a_delivery() -> impl Strategy<Value = Plan> {
    let local =
        (an_account(), a_role(), 0..4_usize, prop::bool::weighted(0.2)).prop_map(|(account, role, prefix, grace)| {
            Local { account, role, prefix: vec![b'x'; prefix * 10], recipient: "bob@crepes.fr".into(), grace }
        });
    let remote = (prop::collection::vec(a_person(), 0..3), any::<bool>()).prop_map(|(to, held)| Outgoing {
        reverse_path: if held { String::new() } else { "alice@hamburger.edu".into() },
        prefix: b"Received: x\r\n".to_vec(),
        body: "7bit".into(),
        smtputf8: false,
        ret: None,
        envid: None,
        recipients: to.into_iter().map(|address| OutgoingRecipient { address, notify: None, orcpt: None }).collect(),
        held,
    });
    let locals = prop::collection::vec(local, 0..4);
    let remote = prop::collection::vec(remote, 0..3);
    (a_size(), locals, remote, any::<bool>(), 0..50_u64).prop_map(|(octets, local, remote, all_or_nothing, at)| {
        Plan::Deliver { octets, local, remote, all_or_nothing, at }
    })
}

fn an_append() -> impl Strategy<Value = Plan> {
    let replaces = prop::option::weighted(0.4, (a_mailbox(), (1_u32..6).prop_map(Uid)));
    let place = (an_account(), a_mailbox());
    (prop::collection::vec(a_size(), 1..4), place, some_flags(), 0..50_u64, replaces)
        .prop_map(|(octets, place, flags, at, replaces)| Plan::Append { octets, place, flags, at, replaces })
}

fn on_messages() -> impl Strategy<Value = Op> {
    let place = || (an_account(), a_mailbox(), a_mailbox(), some_uids());
    let change = prop_oneof![
        some_flags().prop_map(FlagChange::Add),
        some_flags().prop_map(FlagChange::Remove),
        some_flags().prop_map(FlagChange::Replace),
    ];
    let carried = || any::<[bool; 3]>().prop_map(|[seen, deleted, others]| Carried { seen, deleted, others });
    let to_other = || prop::option::weighted(0.3, an_account());
    let now = 60;
    prop_oneof![
        (place(), change).prop_map(|((account, mailbox, _, uids), change)| {
            Op::SetFlags { account, mailbox, uids, change, unchanged_since: None }
        }),
        (place(), to_other(), carried()).prop_map(move |((account, from, to, uids), other, carried)| {
            Op::Copy { account, from, to_account: other.unwrap_or(account), to, uids, carried, now: time(now) }
        }),
        (place(), to_other(), carried()).prop_map(move |((account, from, to, uids), other, carried)| {
            Op::Move { account, from, to_account: other.unwrap_or(account), to, uids, carried, now: time(now + 1) }
        }),
        (place(), any::<bool>()).prop_map(move |((account, mailbox, _, uids), only_deleted)| {
            Op::Expunge { account, mailbox, uids, only_deleted, now: time(now) }
        }),
        (an_account(), a_mailbox(), (1_u32..12).prop_map(Uid)).prop_map(|(account, mailbox, before)| Op::RecentClaim {
            account,
            mailbox,
            before
        }),
    ]
}

fn on_mailboxes() -> impl Strategy<Value = Op> {
    let name = || prop::sample::select(vec!["a", "a", "b", "Inbox", "Sent", "c/d"]).prop_map(str::to_owned);
    let path = || prop::collection::vec(name(), 1..3);
    let parent = || prop::option::weighted(0.4, a_mailbox());
    let role = prop::option::weighted(0.3, a_role());
    let now = time(40);
    prop_oneof![
        3 => (an_account(), parent(), path(), role).prop_map(move |(account, parent, path, role)| {
            Op::MailboxCreate { account, parent, path, role, now }
        }),
        2 => (an_account(), a_mailbox(), parent(), path()).prop_map(move |(account, mailbox, parent, path)| {
            Op::MailboxRename { account, mailbox, parent, path, now }
        }),
        1 => (an_account(), a_mailbox(), prop::sample::select(vec!["INBOX", "a", "a/b", "Sent"])).prop_map(
            move |(account, mailbox, name)| {
                let then = Box::new(Op::MailboxDelete { account, mailbox, now });
                Op::WhileNamed { account, names: vec![(mailbox, name.to_owned())], then }
            }
        ),
        1 => (an_account(), path(), any::<bool>()).prop_map(|(account, path, subscribed)| {
            Op::NameSubscribe { account, name: path.join("/"), subscribed }
        }),
        1 => on_sharing(),
        1 => (an_account(), a_mailbox()).prop_map(move |(account, mailbox)| Op::MailboxDelete { account, mailbox, now }),
        3 => (an_account(), a_change()).prop_map(move |(account, change)| {
            Op::MailboxesSet { account, changes: vec![change], now }
        }),
        1 => (an_account(), a_mailbox(), any::<bool>()).prop_map(|(account, mailbox, subscribed)| {
            Op::MailboxSubscribe { account, mailbox, subscribed }
        }),
    ]
}

fn a_wish() -> impl Strategy<Value = MailboxWish> {
    let name = prop::sample::select(vec!["a", "b", "Inbox", "Sent", "c/d", ""]).prop_map(str::to_owned);
    let parent = prop::option::weighted(0.4, a_mailbox().prop_map(MailboxRef::Known));
    let wish = (name, parent, prop::option::of(prop::option::of(a_role())), any::<Option<bool>>());
    wish.prop_map(|(name, parent, role, subscribed)| MailboxWish {
        name: Some(name),
        parent: Some(parent),
        role,
        subscribed,
        note: None,
    })
}

fn a_change() -> impl Strategy<Value = MailboxChange> {
    let role = prop::option::of(a_role()).prop_map(|role| MailboxWish { role: Some(role), ..MailboxWish::default() });
    prop_oneof![
        a_wish().prop_map(MailboxChange::Create),
        (a_mailbox(), a_wish()).prop_map(|(mailbox, wish)| MailboxChange::Update(mailbox, wish)),
        (a_mailbox(), role).prop_map(|(mailbox, wish)| MailboxChange::Update(mailbox, wish)),
        (a_mailbox(), any::<bool>()).prop_map(|(mailbox, with_emails)| MailboxChange::Destroy { mailbox, with_emails }),
    ]
}

fn on_sharing() -> impl Strategy<Value = Op> {
    let who = prop::sample::select(IDENTIFIERS.to_vec()).prop_map(str::to_owned);
    let rights = || (0_u32..8).prop_map(Rights);
    let change = prop_oneof![
        rights().prop_map(RightsChange::Add),
        rights().prop_map(RightsChange::Remove),
        rights().prop_map(RightsChange::Replace),
    ];
    let place = || (an_account(), a_mailbox());
    let entry = prop::sample::select(vec!["/comment", "/vendor/x"]).prop_map(str::to_owned);
    let entries = prop::collection::vec((entry, prop::option::of(prop::collection::vec(any::<u8>(), 0..4))), 1..3);
    let of = (prop::option::of(place()), prop::option::of(an_account()))
        .prop_map(|(mailbox, reader)| Annotated { mailbox, reader });
    prop_oneof![
        (place(), who, change).prop_map(|((account, mailbox), identifier, change)| {
            Op::AclSet { account, mailbox, identifier, change }
        }),
        prop::collection::vec((of, entries), 1..3).prop_map(|notes| Op::Annotate { notes }),
    ]
}

fn on_the_outbox() -> impl Strategy<Value = Op> {
    prop_oneof![3 => on_leases(), 1 => on_waiting()]
}

fn on_leases() -> impl Strategy<Value = Op> {
    let token = || 1_u64..3;
    let row = || (1..5_i64, 0..2_u32);
    let closed = prop::collection::vec(prop::sample::select(vec!["crepes.fr".to_owned()]), 0..2);
    let claim = (0..60_u64, 0..6_u32, 1..20_000_u64, token(), closed);
    let at = (0..60_u64, row(), 0..6_u32, 1..20_000_u64, token());
    let settle = (prop::collection::vec((row(), a_state()), 1..3), token(), 0..60_u64);
    let renew = (0..60_u64, 1..20_000_u64, token(), prop::collection::vec(row(), 0..3));
    prop_oneof![
        3 => claim.prop_map(|(at, limit, lease_ms, token, except)| Op::Claim { now: time(at), limit, lease_ms, token, except }),
        1 => at.prop_map(|(at, after, limit, lease_ms, token)| Op::ClaimAt {
            host: "crepes.fr".to_owned(), after, now: time(at), limit, lease_ms, token
        }),
        3 => settle.prop_map(|(rows, token, at)| Op::Settle(Box::new(settlement(rows, token, at)))),
        1 => renew.prop_map(|(at, lease_ms, token, recipients)| Op::Renew {
            now: time(at), lease_ms, token, recipients
        }),
        1 => Just(Op::ReleaseAll),
    ]
}

fn settlement(rows: Vec<((i64, u32), Settled)>, token: u64, at: u64) -> Settlement {
    let row = |((outbox, recipient), state)| SettledRecipient { outbox, recipient, state };
    let mut recipients: Vec<SettledRecipient> = rows.into_iter().map(row).collect();
    // One recipient is settled once.
    recipients.dedup_by_key(|row| (row.outbox, row.recipient));
    Settlement { token, now: time(at), recipients, reports: vec![], trace: vec![] }
}

fn a_state() -> impl Strategy<Value = Settled> {
    prop_oneof![
        2 => Just(Settled::Done),
        1 => (0..60_u64).prop_map(|at| {
            Settled::Retry { due: time(at), said: "450".into(), history: vec![u8::try_from(at).unwrap()] }
        }),
        1 => Just(Settled::Held),
        1 => (0..60_u64).prop_map(|at| Settled::Released { due: time(at) }),
    ]
}

fn on_waiting() -> impl Strategy<Value = Op> {
    let host = || prop::sample::select(vec!["crepes.fr", "hamburger.edu"]).prop_map(str::to_owned);
    let filter = (prop::option::of(host()), prop::option::of(any::<bool>()), prop::option::of(an_address()), 0..60_u64)
        .prop_map(|(host, held, address, at)| {
            let before = (at > 40).then(|| time(at));
            OutboxFilter { host, held, address, before, ..OutboxFilter::default() }
        });
    let change = prop_oneof![
        Just(OutboxChange::Hold),
        Just(OutboxChange::Release),
        Just(OutboxChange::Retry),
        Just(OutboxChange::Remove),
        prop::option::of(host()).prop_map(OutboxChange::Reroute),
    ];
    prop_oneof![
        (host(), 0..60_u64, 0..60_u64, 0..4_u32).prop_map(|(host, at, until, limit)| Op::Defer {
            host,
            now: time(at),
            until: time(until),
            limit
        }),
        (filter, 0..4_u32, change, 0..60_u64).prop_map(|(filter, limit, change, at)| Op::OutboxChange {
            filter,
            after: (0, 0),
            limit,
            change,
            now: time(at)
        }),
    ]
}
