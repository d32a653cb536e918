//! E-mails in several mailboxes: what one operation does to many, what is told of it later, and what other clients hear.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use message::Time;
use store::op::{Carried, FlagChange};
use store::query::{
    AccountNews, ChangesSince, EmailsById, EmailsSince, MailboxListSince, MailboxSince, NEWS_MAX, States,
    ThreadMembers, ThreadsSince, WholeAccount,
};
use store::types::{
    AccountId, Changes, EmailChange, EmailId, EmailOutcome, Flags, KeywordsChange, ListingNews, MailboxId,
    MailboxesChange, Mark, ModSeq, Role, Uid,
};
use store::{Engine, GONE_KEPT, Op, Outcome, PLACES_MAX, Settings, Store, UidSet};

struct House {
    engine: Engine,
    account: AccountId,
    _folder: tempfile::TempDir,
}

impl House {
    /// Bob, with so many letters in INBOX.
    fn new(letters: u16) -> House {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = engine(folder.path());
        let account = with_accounts(&mut engine, &["bob"]).remove(0);
        for n in 1..=letters {
            give(&mut engine, account, n, b"Subject: hello\r\n\r\nbob\r\n");
        }
        House { engine, account, _folder: folder }
    }

    fn mailbox(&self, role: Role) -> MailboxId {
        mailbox(&self.engine, self.account, role).id
    }

    fn state(&self) -> ModSeq {
        self.engine.read(&States { account: self.account }).unwrap().unwrap().emails
    }

    fn set_since(&mut self, changes: Vec<EmailChange>, unchanged_since: Option<ModSeq>) -> Outcome {
        act(&mut self.engine, Op::EmailsSet { account: self.account, changes, unchanged_since, now: NOW })
    }

    fn set(&mut self, changes: Vec<EmailChange>) -> Vec<EmailOutcome> {
        results(self.set_since(changes, None))
    }

    fn destroy(&mut self, emails: impl IntoIterator<Item = i64>) -> Vec<EmailOutcome> {
        let (account, unchanged_since, now) = (self.account, None, NOW);
        let emails = emails.into_iter().map(EmailId).collect();
        results(act(&mut self.engine, Op::EmailsDestroy { account, emails, unchanged_since, now }))
    }

    fn since(&self, since: impl Into<Mark>) -> Changes<EmailId> {
        let (account, since) = (self.account, since.into());
        self.engine.read(&EmailsSince { account, since, limit: 10_000 }).unwrap().unwrap()
    }

    /// Mailboxes, keywords and flags of an e-mail, by place.
    fn places(&self, email: i64) -> Vec<(MailboxId, u64)> {
        let ids = vec![EmailId(email)];
        let row = self.engine.read(&EmailsById { account: self.account, ids }).unwrap().remove(0);
        row.places.into_iter().map(|(mailbox, _, flags, _)| (mailbox, flags)).collect()
    }

    /// Rows that tell of what went.
    fn rows_gone(&self) -> i64 {
        let sql = rusqlite::Connection::open(&self.engine.paths().database).unwrap();
        sql.query_row("SELECT count(*) FROM gone WHERE kind <> 0", [], |row| row.get(0)).unwrap()
    }
}

fn results(outcome: Outcome) -> Vec<EmailOutcome> {
    match outcome {
        Outcome::Emails { results, .. } => results,
        other => panic!("{other:?}"),
    }
}

fn to(email: i64, mailboxes: &[MailboxId]) -> EmailChange {
    let mailboxes = Some(MailboxesChange::Replace(mailboxes.to_vec()));
    EmailChange { email: EmailId(email), keywords: None, mailboxes }
}

fn words(email: i64, keywords: KeywordsChange) -> EmailChange {
    EmailChange { email: EmailId(email), keywords: Some(keywords), mailboxes: None }
}

fn seen() -> Flags {
    Flags { seen: true, ..Flags::default() }
}

fn add(flags: Flags) -> KeywordsChange {
    KeywordsChange::Patch { add: flags, remove: Flags::default() }
}

#[test]
fn each_e_mail_has_an_outcome_of_its_own() {
    let mut house = House::new(3);
    let (inbox, archive) = (house.mailbox(Role::Inbox), house.mailbox(Role::Archive));
    let nowhere = MailboxId(99);
    let changes = vec![
        to(1, &[inbox, archive]),
        to(2, &[]),
        to(3, &[archive, nowhere]),
        to(77, &[inbox]),
        words(3, add(Flags { keywords: vec!["x".repeat(129)], ..Flags::default() })),
        words(3, add(seen())),
    ];
    use EmailOutcome::*;
    assert_eq!(house.set(changes), [Done, Homeless, NoMailbox(nowhere), Gone, Limit, Done]);
    assert_eq!(house.places(1), [(inbox, 0), (archive, 0)]);
    assert_eq!((house.places(2), house.places(3)), (vec![(inbox, 0)], vec![(inbox, 1)]));
    let (account, now) = (AccountId(99), NOW);
    let nobody = Op::EmailsSet { account, changes: vec![], unchanged_since: None, now };
    assert_eq!(act(&mut house.engine, nobody), Outcome::Gone);
    assert_eq!(house.destroy([1, 1, 88]), [Done, Gone, Gone]);
    assert_eq!(house.engine.verify().unwrap().damage, vec![]);
}

#[test]
fn an_operation_names_the_states_around_it() {
    let mut house = House::new(2);
    let before = house.state();
    let Outcome::Emails { span, .. } = house.set_since(vec![words(1, add(seen()))], Some(before)) else { panic!() };
    assert_eq!((span.before, span.after), (before, house.state()));
    let again = vec![words(1, add(seen()))];
    let Outcome::Emails { span, .. } = house.set_since(again.clone(), None) else { panic!() };
    assert_eq!(span.before, span.after, "nothing changed");
    assert_eq!(house.set_since(again.clone(), Some(before)), Outcome::Conflict);
    assert_eq!(house.set_since(again.clone(), Some(ModSeq(span.after.0 + 1))), Outcome::Conflict, "not yet");
    // What is no e-mail does not count.
    let account = house.account;
    let add = store::types::ObjectChange::add(store::types::ObjectKind::Contact, vec![]);
    act(&mut house.engine, Op::ObjectsChange { account, changes: vec![add], now: NOW });
    assert!(matches!(house.set_since(again, Some(span.after)), Outcome::Emails { .. }));
    assert_eq!(house.state(), span.after);
}

/// RFC 8621 §4.1.1: `\Deleted` is no keyword of JMAP's.
#[test]
fn marks_of_deletion_stay_where_they_are() {
    let mut house = House::new(1);
    let (inbox, archive) = (house.mailbox(Role::Inbox), house.mailbox(Role::Archive));
    let deleted = Flags { deleted: true, ..Flags::default() };
    let account = house.account;
    let (uids, change) = (UidSet::all(), FlagChange::Add(deleted.clone()));
    act(&mut house.engine, Op::SetFlags { account, mailbox: inbox, uids, change, unchanged_since: None });
    house.set(vec![words(1, KeywordsChange::Replace(seen()))]);
    assert_eq!(house.places(1), [(inbox, 8 | 1)]);
    house.set(vec![words(1, KeywordsChange::Patch { add: Flags::default(), remove: deleted.clone() })]);
    house.set(vec![to(1, &[inbox, archive])]);
    assert_eq!(house.places(1), [(inbox, 8 | 1), (archive, 1)], "its copy is not deleted");
    house.set(vec![words(1, add(deleted))]);
    assert_eq!(house.places(1), [(inbox, 8 | 1), (archive, 1)]);
    assert_eq!(house.engine.verify().unwrap().damage, vec![]);
}

#[test]
fn an_e_mail_that_leaves_one_of_its_mailboxes_changed_and_its_other_rows_did_not() {
    let mut house = House::new(2);
    let (inbox, archive) = (house.mailbox(Role::Inbox), house.mailbox(Role::Archive));
    house.set(vec![to(1, &[inbox, archive]), to(2, &[inbox, archive])]);
    let (since, account) = (house.state(), house.account);
    let listing = |house: &House, mailbox| house.engine.read(&MailboxSince { account, mailbox, since }).unwrap();
    house.set(vec![to(1, &[archive])]);
    let uids = UidSet::from(Uid(2));
    act(&mut house.engine, Op::Expunge { account, mailbox: inbox, uids, only_deleted: false, now: NOW });
    let changes = house.since(since);
    assert_eq!((changes.created, changes.updated, changes.destroyed), (vec![], vec![EmailId(1), EmailId(2)], vec![]));
    let ListingNews::Known { changed, vanished, .. } = listing(&house, inbox) else { panic!() };
    assert_eq!((changed.len(), vanished.count()), (0, 2));
    let ListingNews::Known { changed, vanished, .. } = listing(&house, archive) else { panic!() };
    assert_eq!((changed.len(), vanished.count()), (0, 0), "who keeps the other open hears nothing");
    let news = house.engine.read(&AccountNews { account, since }).unwrap().unwrap();
    let places: Vec<_> = news.places.iter().map(|place| (place.email.0, place.mailbox)).collect();
    assert_eq!((places, news.gone), (vec![(1, archive), (2, archive)], vec![]));
    let lines = house.engine.read(&ChangesSince { account, since, limit: 10 }).unwrap().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn an_e_mail_that_moves_is_updated_and_not_new() {
    let mut house = House::new(1);
    let (since, account) = (house.state(), house.account);
    let (from, to) = (house.mailbox(Role::Inbox), house.mailbox(Role::Trash));
    let (uids, carried) = (UidSet::all(), Carried::ALL);
    act(&mut house.engine, Op::Move { account, from, to_account: account, to, uids, carried, now: NOW });
    let changes = house.since(since);
    assert_eq!((changes.created, changes.updated, changes.destroyed), (vec![], vec![EmailId(1)], vec![]));
    let threads = house.engine.read(&ThreadsSince { account, since: since.into(), limit: 9 }).unwrap().unwrap();
    assert_eq!((threads.created, threads.updated, threads.destroyed), (vec![], vec![], vec![]));
}

#[test]
fn many_that_go_together_are_few_rows() {
    const LETTERS: u16 = 300;
    let mut house = House::new(LETTERS);
    let since = house.state();
    house.destroy((1..=i64::from(LETTERS)).filter(|id| id % 2 == 0));
    assert_eq!(house.rows_gone(), 1, "though no two are neighbours");
    let changes = house.since(since);
    assert_eq!((changes.destroyed.len(), changes.updated.len(), changes.more), (150, 0, false));
    let threads = ThreadsSince { account: house.account, since: since.into(), limit: 1_000 };
    assert_eq!(house.engine.read(&threads).unwrap().unwrap().destroyed.len(), 150);
}

/// An answer joins the conversation of what it answers, which outlives the letter that began it.
#[test]
fn a_conversation_ends_with_its_last_e_mail() {
    let mut house = House::new(1);
    let account = house.account;
    for n in [2, 3] {
        let content = house.engine.put(b"Subject: Re: hello\r\n\r\n").unwrap();
        let mut answer = letter(n, content, vec![local(account)]);
        (answer.references, answer.now) = (vec!["1@hamburger.edu".into()], Time(NOW.0 - u64::from(n)));
        act(&mut house.engine, Op::Deliver(Box::new(answer)));
    }
    let thread = EmailId(1);
    let members = |house: &House| {
        let threads = vec![EmailId(9), thread];
        house.engine.read(&ThreadMembers { account, threads }).unwrap().pop().map(|row| row.emails)
    };
    assert_eq!(members(&house), Some(vec![EmailId(3), EmailId(2), EmailId(1)]), "by arrival");
    let begin = house.state();
    let since = |house: &House, since: ModSeq| {
        house.engine.read(&ThreadsSince { account, since: since.into(), limit: 9 }).unwrap().unwrap()
    };
    house.destroy([1]);
    assert_eq!(members(&house), Some(vec![EmailId(3), EmailId(2)]));
    assert_eq!(since(&house, begin).updated, [thread]);
    house.destroy([2, 3]);
    assert_eq!((members(&house), since(&house, begin).destroyed), (None, vec![thread]));
    let first = house.engine.read(&States { account }).unwrap().unwrap().oldest;
    let all = since(&house, first);
    assert_eq!((all.created, all.updated, all.destroyed), (vec![], vec![], vec![]), "it came and went");
}

#[test]
fn a_page_holds_what_one_operation_did_to_more_than_it_can() {
    let mut house = House::new(10);
    let since = house.state();
    house.set((1..=10).map(|id| words(id, add(seen()))).collect());
    house.destroy(6..=10);
    let (account, mut at) = (house.account, Mark::from(since));
    let mut pages = Vec::new();
    loop {
        let page = house.engine.read(&EmailsSince { account, since: at, limit: 4 }).unwrap().unwrap();
        pages.push((page.updated.len(), page.destroyed.len()));
        at = page.until;
        if !page.more {
            break;
        }
    }
    assert_eq!(pages, [(4, 0), (1, 3), (0, 2)]);
    assert_eq!(at, Mark::from(house.state()));
}

#[test]
fn what_is_too_old_or_not_yet_is_not_told() {
    let house = House::new(1);
    let (account, limit) = (house.account, 9);
    let future = Mark::from(ModSeq(house.state().0 + 1));
    let emails = |since| house.engine.read(&EmailsSince { account, since, limit }).unwrap();
    assert!(emails(Mark::from(house.state())).is_some_and(|page| !page.more && page.created.is_empty()));
    assert_eq!(emails(future), None);
    assert_eq!(house.engine.read(&ThreadsSince { account, since: future, limit }).unwrap(), None);
    assert_eq!(house.engine.read(&MailboxListSince { account, since: future, limit }).unwrap(), None);
    assert_eq!(house.engine.read(&AccountNews { account, since: future.modseq() }).unwrap(), None);
    let nobody = AccountId(99);
    assert_eq!(house.engine.read(&EmailsSince { account: nobody, since: ModSeq(0).into(), limit }).unwrap(), None);
    assert_eq!(house.engine.read(&WholeAccount { account: nobody }).unwrap(), None);
    assert_eq!(house.engine.read(&States { account: nobody }).unwrap(), None);
}

#[test]
fn changes_of_a_release_that_kept_no_account_of_them_are_not_told() {
    let mut house = House::new(2);
    let (account, path) = (house.account, house.engine.paths().database.clone());
    let before = house.state();
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute("UPDATE account SET told_from = modseq", []).unwrap();
    house.set(vec![words(1, add(seen()))]);
    assert_eq!(house.since(before).updated, [EmailId(1)]);
    let since = Mark::from(ModSeq(before.0 - 1));
    assert_eq!(house.engine.read(&EmailsSince { account, since, limit: 9 }).unwrap(), None);
    let states = house.engine.read(&States { account }).unwrap().unwrap();
    assert!(states.mailboxes >= before && states.oldest == before);
}

#[tokio::test]
async fn what_was_forgotten_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let account = with_bob(&store).await;
    deliver(&store, account, 1, b"x").await.unwrap();
    let since = store.read(States { account }).await.unwrap().unwrap().emails;
    let (emails, unchanged_since) = (vec![EmailId(1)], None);
    store.apply(Op::EmailsDestroy { account, emails, unchanged_since, now: NOW }).await.unwrap();
    let find = EmailsSince { account, since: since.into(), limit: 9 };
    assert_eq!(store.read(find.clone()).await.unwrap().unwrap().destroyed, [EmailId(1)]);
    let later = Time(NOW.0 + u64::try_from(GONE_KEPT.as_millis()).unwrap() + 1);
    assert_eq!(store.maintain(later).await.unwrap().changes, 2);
    assert_eq!(store.read(find).await.unwrap(), None);
    // The state that is handed out now is one from which changes can be told.
    let states = store.read(States { account }).await.unwrap().unwrap();
    for since in [states.emails, states.mailboxes, states.oldest] {
        assert!(store.read(EmailsSince { account, since: since.into(), limit: 9 }).await.unwrap().is_some());
    }
}

#[test]
fn news_of_much_are_no_short_answer() {
    let letters = u16::try_from(NEWS_MAX).unwrap();
    let mut house = House::new(letters + 1);
    let (account, since) = (house.account, house.state());
    let news = |house: &House| house.engine.read(&AccountNews { account, since }).unwrap();
    house.set((1..=i64::from(letters)).map(|id| words(id, add(seen()))).collect());
    assert_eq!(news(&house).unwrap().places.len(), usize::from(letters));
    house.set(vec![words(i64::from(letters) + 1, add(seen()))]);
    assert_eq!(news(&house), None);
}

#[test]
fn an_e_mail_is_in_so_many_mailboxes_at_most() {
    let mut house = House::new(1);
    let account = house.account;
    let mut all = vec![house.mailbox(Role::Inbox)];
    for n in 0..PLACES_MAX {
        let path = vec![format!("box {n}")];
        let made = act(&mut house.engine, Op::MailboxCreate { account, parent: None, path, role: None, now: NOW });
        let Outcome::Mailbox(made) = made else { panic!("{made:?}") };
        all.push(made);
    }
    assert_eq!(house.set(vec![to(1, &all)]), [EmailOutcome::Limit]);
    assert_eq!(house.set(vec![to(1, &all[1..])]), [EmailOutcome::Done]);
    assert_eq!(house.places(1).len(), PLACES_MAX);
    assert_eq!(house.engine.verify().unwrap().damage, vec![]);
}

#[test]
fn only_what_is_counted_in_a_mailbox_changed() {
    let mut house = House::new(1);
    let (account, since) =
        (house.account, Mark::from(house.engine.read(&States { account: house.account }).unwrap().unwrap().mailboxes));
    let since = |house: &House| house.engine.read(&MailboxListSince { account, since, limit: 9 }).unwrap().unwrap();
    house.set(vec![words(1, add(seen()))]);
    let news = since(&house);
    assert_eq!((news.changes.updated.as_slice(), news.only_counts), (&[house.mailbox(Role::Inbox)][..], true));
    let mailbox = house.mailbox(Role::Sent);
    act(&mut house.engine, Op::MailboxSubscribe { account, mailbox, subscribed: false });
    assert_eq!((since(&house).changes.updated.len(), since(&house).only_counts), (2, false));
}

#[test]
fn who_sees_some_mailboxes_changes_nothing_elsewhere() {
    let mut house = House::new(2);
    let (inbox, archive, sent) = (house.mailbox(Role::Inbox), house.mailbox(Role::Archive), house.mailbox(Role::Sent));
    house.set(vec![to(1, &[inbox, archive]), to(2, &[archive])]);
    let within = |house: &mut House, mailboxes: &[MailboxId], then: Op| {
        results(act(&mut house.engine, Op::EmailsWithin { mailboxes: mailboxes.to_vec(), then: Box::new(then) }))
    };
    let (account, unchanged_since, now) = (house.account, None, NOW);
    let set = |changes| Op::EmailsSet { account, changes, unchanged_since, now };
    let destroy = |emails: &[i64]| {
        let emails = emails.iter().copied().map(EmailId).collect();
        Op::EmailsDestroy { account, emails, unchanged_since, now }
    };
    let change = |email: i64| words(email, add(seen()));
    let done = within(&mut house, &[inbox], set(vec![change(1), change(2)]));
    assert_eq!(done, [EmailOutcome::Done, EmailOutcome::Gone], "the second is nowhere there");
    let flags: Vec<u64> = house.places(1).iter().map(|(_, flags)| *flags).collect();
    let is_seen: Vec<bool> = flags.iter().map(|flags| flags & message::flag_bits::SEEN != 0).collect();
    assert_eq!(is_seen, [true, false], "only where it is seen");
    // One that is moved leaves what is seen, and comes to nothing twice.
    assert_eq!(within(&mut house, &[inbox], set(vec![to(1, &[sent, archive])])), [EmailOutcome::Done]);
    let places: Vec<MailboxId> = house.places(1).into_iter().map(|(mailbox, _)| mailbox).collect();
    assert!(places.len() == 2 && places.contains(&sent) && places.contains(&archive), "{places:?}");
    assert_eq!(within(&mut house, &[sent], set(vec![to(1, &[])])), [EmailOutcome::Homeless]);
    let state = house.state();
    let done = within(&mut house, &[sent], destroy(&[1, 2]));
    assert_eq!(done, [EmailOutcome::Done, EmailOutcome::Gone]);
    assert_eq!(house.places(1).len(), 1, "it is still where it was not seen");
    assert_eq!(house.since(state).updated, [EmailId(1)]);
    assert_eq!(within(&mut house, &[archive], destroy(&[1])), [EmailOutcome::Done]);
    assert_eq!(house.since(state).destroyed, [EmailId(1)], "for good where it was in no other");
}
