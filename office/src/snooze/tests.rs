#![allow(clippy::unwrap_used)]
use super::*;
use crate::{Office, Seams};
use message::{Address, Domain, Summary};
use std::sync::Arc;
use store::op::{Append, Appended};
use store::types::{Credentials, Uid};
use store::{Settings, Store};

const NOW: Time = Time(1_800_000_000_000);
const LATER: Time = Time(1_800_000_060_000);

struct House {
    _folder: tempfile::TempDir,
    office: Office,
    account: AccountId,
    inbox: MailboxId,
    email: EmailId,
}

impl House {
    async fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Settings::default()).unwrap();
        let seams =
            Seams { random: Arc::new(|buffer: &mut [u8]| buffer.fill(7)), room: Arc::new(|| None), secret: [7; 32] };
        let policy = crate::inbound::tests::policy();
        let office = Office::open(store.clone(), policy, seams, NOW).await.unwrap();
        let _ = store.apply(Op::DomainAdd { domain: Domain::parse("hamburger.edu").unwrap(), now: NOW }).await;
        let address = Address::parse("bob@hamburger.edu").unwrap();
        let add = Op::AccountAdd { address, credentials: Credentials::default(), quota: None, now: NOW };
        let Outcome::Account(account) = store.apply(add).await.unwrap() else { panic!("no account") };
        let mailboxes = store.read(Mailboxes { account }).await.unwrap();
        let inbox = mailboxes.iter().find(|mailbox| mailbox.role == Some(Role::Inbox)).unwrap().id;
        append(&store, account, inbox).await;
        House { _folder: folder, office, account, inbox, email: EmailId(1) }
    }

    async fn places(&self) -> Vec<(MailboxId, bool)> {
        let ids = vec![self.email];
        let rows = self.office.store().read(EmailsById { account: self.account, ids }).await.unwrap();
        let of = |(mailbox, _, flags, _): &(MailboxId, Uid, u64, _)| (*mailbox, flags & message::flag_bits::SEEN != 0);
        rows.iter().flat_map(|row| row.places.iter().map(of).collect::<Vec<_>>()).collect()
    }

    async fn put_away(&self, until: Time) -> Result<i64, NotSnoozed> {
        self.office.snooze(NOW, self.account, self.email, until).await.map(|(number, _)| number)
    }

    async fn snoozed(&self) -> MailboxId {
        let all = self.office.store().read(Mailboxes { account: self.account }).await.unwrap();
        all.iter().find(|mailbox| mailbox.name == SNOOZED).unwrap().id
    }
}

async fn append(store: &Store, account: AccountId, mailbox: MailboxId) {
    let content = b"Subject: later\r\n\r\nhi\r\n";
    let mut upload = store.upload();
    upload.write(content).await.unwrap();
    let message = Appended {
        content: upload.finish().await.unwrap(),
        summary: Summary::of(&message::parse(content)).encode(),
        utf8_header: false,
        message_id: None,
        references: Vec::new(),
        flags: Flags { seen: true, ..Flags::default() },
        received: NOW,
    };
    let append = Append { account, mailbox, messages: vec![message], replaces: None, now: NOW };
    store.apply(Op::Append(Box::new(append))).await.unwrap();
}

#[tokio::test]
async fn an_email_goes_away_and_comes_back_unread() {
    let house = House::new().await;
    house.put_away(LATER).await.unwrap();
    assert_eq!(house.places().await, [(house.snoozed().await, true)]);
    assert_eq!(house.office.wake_snoozed(NOW).await, Ok(Some(LATER)), "not yet");
    assert_eq!(house.places().await, [(house.snoozed().await, true)]);
    assert_eq!(house.office.wake_snoozed(LATER).await, Ok(None));
    assert_eq!(house.places().await, [(house.inbox, false)]);
}

#[tokio::test]
async fn it_comes_back_at_once_as_it_was_when_its_owner_wants() {
    let house = House::new().await;
    let number = house.put_away(LATER.after(Duration::from_secs(1))).await.unwrap();
    assert_eq!(house.office.unsnooze(NOW, house.account, number + 1).await, Err(NotSnoozed::Gone), "there is one only");
    house.office.resnooze(NOW, house.account, number, LATER).await.unwrap();
    assert_eq!(house.office.wake_snoozed(NOW).await, Ok(Some(LATER)));
    house.office.unsnooze(NOW, house.account, number).await.unwrap();
    assert_eq!(house.places().await, [(house.inbox, true)], "from where it was first put away");
    assert_eq!(house.office.wake_snoozed(LATER).await, Ok(None));
}

#[tokio::test]
async fn what_its_owner_moved_stays_where_it_is_and_what_is_gone_is_forgotten() {
    let house = House::new().await;
    house.put_away(LATER).await.unwrap();
    let mailboxes = house.office.store().read(Mailboxes { account: house.account }).await.unwrap();
    let archive = mailboxes.iter().find(|mailbox| mailbox.role == Some(Role::Archive)).unwrap().id;
    let mailboxes = Some(MailboxesChange::Replace(vec![archive]));
    let change = EmailChange { email: house.email, keywords: None, mailboxes };
    let set = Op::EmailsSet { account: house.account, changes: vec![change], unchanged_since: None, now: NOW };
    house.office.store().apply(set).await.unwrap();
    assert_eq!(house.office.wake_snoozed(LATER).await, Ok(None));
    assert_eq!(house.places().await, [(archive, true)]);

    house.put_away(LATER).await.unwrap();
    let destroy =
        Op::EmailsDestroy { account: house.account, emails: vec![house.email], unchanged_since: None, now: NOW };
    house.office.store().apply(destroy).await.unwrap();
    assert_eq!(house.office.wake_snoozed(LATER).await, Ok(None));
    assert_eq!(house.put_away(LATER).await, Err(NotSnoozed::Gone));
}

#[tokio::test]
async fn a_mailbox_that_is_gone_is_the_inbox() {
    let house = House::new().await;
    let make =
        Op::MailboxCreate { account: house.account, parent: None, path: vec!["Work".into()], role: None, now: NOW };
    let Outcome::Mailbox(work) = house.office.store().apply(make).await.unwrap() else { panic!("no mailbox") };
    let mailboxes = Some(MailboxesChange::Replace(vec![work]));
    let change = EmailChange { email: house.email, keywords: None, mailboxes };
    let set = Op::EmailsSet { account: house.account, changes: vec![change], unchanged_since: None, now: NOW };
    house.office.store().apply(set).await.unwrap();
    house.put_away(LATER).await.unwrap();
    let delete = Op::MailboxDelete { account: house.account, mailbox: work, now: NOW };
    house.office.store().apply(delete).await.unwrap();
    assert_eq!(house.office.wake_snoozed(LATER).await, Ok(None));
    assert_eq!(house.places().await, [(house.inbox, false)]);
}

#[tokio::test]
async fn times_have_limits() {
    let house = House::new().await;
    assert_eq!(house.put_away(NOW).await, Err(NotSnoozed::BadTime));
    assert_eq!(house.put_away(NOW.after(AWAY_MAX).after(Duration::from_millis(1))).await, Err(NotSnoozed::BadTime));
    assert!(house.put_away(NOW.after(AWAY_MAX)).await.is_ok());
}

#[tokio::test]
async fn what_is_away_is_not_put_away_again() {
    let house = House::new().await;
    let number = house.put_away(LATER).await.unwrap();
    assert_eq!(house.put_away(Time(LATER.0 + 1)).await, Err(NotSnoozed::Exists(number)));
    house.office.resnooze(NOW, house.account, number, Time(LATER.0 + 1)).await.unwrap();
    // Who took it out may put it away anew: it comes back to where it was then.
    let mailboxes = Some(MailboxesChange::Replace(vec![house.inbox]));
    let changes = vec![EmailChange { email: house.email, keywords: None, mailboxes }];
    let set = Op::EmailsSet { account: house.account, changes, unchanged_since: None, now: NOW };
    house.office.store().apply(set).await.unwrap();
    let again = house.put_away(LATER).await.unwrap();
    assert_ne!(again, number);
    let all = house.office.store().read(Objects { account: house.account, kind: ObjectKind::Snooze }).await.unwrap();
    assert_eq!(all.iter().map(|object| object.id).collect::<Vec<_>>(), [again]);
}

#[tokio::test]
async fn a_snooze_goes_with_its_email() {
    let house = House::new().await;
    house.put_away(LATER).await.unwrap();
    let all = async || {
        house.office.forget_gone_snoozes(NOW, house.account).await.unwrap();
        house.office.store().read(Objects { account: house.account, kind: ObjectKind::Snooze }).await.unwrap().len()
    };
    assert_eq!(all().await, 1);
    let destroy =
        Op::EmailsDestroy { account: house.account, emails: vec![house.email], unchanged_since: None, now: NOW };
    house.office.store().apply(destroy).await.unwrap();
    assert_eq!(all().await, 0);
}
