//! The IMAP desk over a real store.
#![allow(clippy::unwrap_used)]

mod changes;
mod content;
mod news;
mod races;
mod reading;
mod sharing;
mod speed;
mod together;

use super::ImapDesk;
use crate::Office;
use crate::admin::Request;
use message::{Address, Time};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use store::query::AccountByAddress;
use wire::imap::ask::{AppendStep, FlagNames, Folder, Piece, Selected, Synced, Uids, Want};
use wire::imap::command::{Part, Partial, Section, SectionText};
use wire::imap::{Answer, Ask, MailboxName, Refusal};
use wire::{Desk, sasl};

pub(super) const NOW: Time = Time(1_800_000_000_000);

pub(super) struct House {
    _folder: tempfile::TempDir,
    pub office: Office,
}

pub(super) async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let store = store::Store::open(folder.path(), store::Settings::default()).unwrap();
    let seams =
        crate::Seams { random: Arc::new(|buffer: &mut [u8]| buffer.fill(7)), room: Arc::new(|| None), secret: [7; 32] };
    let office = Office::open(store, crate::inbound::tests::policy(), seams, NOW).await.unwrap();
    House { _folder: folder, office }
}

impl House {
    pub async fn account(&self, name: &str, quota: Option<u64>) {
        let address = address(name);
        self.office.administer(NOW, Request::AccountAdd { address, password: None, quota }).await.unwrap();
    }

    /// A desk on which nobody logged in.
    pub fn stranger(&self) -> ImapDesk {
        let client: SocketAddr = "192.0.2.9:4000".parse().unwrap();
        self.office.imap(&crate::Peer { client, local: client, name: Arc::new(OnceLock::new()), line: None }, true).1
    }

    /// A desk on which somebody logged in.
    pub async fn desk(&self, name: &str) -> ImapDesk {
        let mut desk = self.stranger();
        let account = self.office.store().read(AccountByAddress { address: address(name) }).await.unwrap();
        desk.visitor.assume(account.unwrap());
        desk
    }
}

fn address(name: &str) -> Address {
    Address::parse(&format!("{name}@hamburger.edu")).unwrap()
}

/// A house with bob, and a desk of his.
pub(super) async fn bob() -> (House, ImapDesk) {
    let house = house().await;
    house.account("bob", None).await;
    let desk = house.desk("bob").await;
    (house, desk)
}

pub(super) fn name(text: &str) -> MailboxName {
    MailboxName::new(text)
}

pub(super) async fn ask(desk: &mut ImapDesk, ask: Ask) -> Answer {
    desk.answer(NOW, ask).await
}

pub(super) async fn done(desk: &mut ImapDesk, question: Ask) {
    let answer = ask(desk, question.clone()).await;
    assert!(matches!(answer, Answer::Done | Answer::Created(_)), "{question:?}: {answer:?}");
}

pub(super) async fn refused(desk: &mut ImapDesk, question: Ask) -> Refusal {
    match ask(desk, question).await {
        Answer::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn select(desk: &mut ImapDesk, mailbox: &str) -> Selected {
    match ask(desk, Ask::Select { name: name(mailbox), read_only: false }).await {
        Answer::Selected(selected) => selected,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn sync(desk: &mut ImapDesk) -> Synced {
    match ask(desk, Ask::Sync).await {
        Answer::Synced(synced) => synced,
        other => panic!("{other:?}"),
    }
}

/// Appends messages in one go; their UIDs, or why not.
pub(super) async fn append_all(desk: &mut ImapDesk, mailbox: &str, contents: &[&[u8]]) -> Result<Uids, Refusal> {
    append_in_place(desk, mailbox, contents, None).await
}

pub(super) async fn append_in_place(
    desk: &mut ImapDesk,
    mailbox: &str,
    contents: &[&[u8]],
    replaces: Option<u32>,
) -> Result<Uids, Refusal> {
    let mut steps = vec![(AppendStep::Begin { mailbox: name(mailbox), replaces }, &b""[..])];
    for content in contents {
        let octets = content.len() as u64;
        steps.push((AppendStep::Message { flags: FlagNames::default(), date: None, octets }, content));
        steps.push((AppendStep::End, b""));
    }
    for (step, content) in steps {
        match ask(desk, Ask::Append(step)).await {
            Answer::Done => {}
            Answer::Refused(refusal) => return Err(refusal),
            other => panic!("{other:?}"),
        }
        for run in content.chunks(10_000) {
            desk.content(run).await;
        }
    }
    match ask(desk, Ask::Append(AppendStep::Commit)).await {
        Answer::Appended { uids, .. } => Ok(uids),
        Answer::Refused(refusal) => Err(refusal),
        other => panic!("{other:?}"),
    }
}

pub(super) async fn append(desk: &mut ImapDesk, mailbox: &str, content: &[u8]) -> u32 {
    *append_all(desk, mailbox, &[content]).await.unwrap()[0].start()
}

pub(super) async fn folders(desk: &mut ImapDesk) -> Vec<Folder> {
    match ask(desk, Ask::Folders).await {
        Answer::Folders(folders) => folders.to_vec(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn section(part: &[u32], text: SectionText, partial: Option<(u64, u64)>) -> Want {
    let partial = partial.map(|(start, count)| Partial { start, count });
    Want::Section(Section { part: Part(part.to_vec()), text }, partial)
}

/// Every piece of some messages, read to its end.
pub(super) async fn pieces(desk: &mut ImapDesk, uids: &[u32], wants: Vec<Want>) -> Vec<Result<Vec<u8>, Piece>> {
    let wants: Arc<[Want]> = wants.into();
    let mut all = Vec::new();
    while all.len() < uids.len() * wants.len() {
        let question = Ask::Pieces { uids: uids.to_vec(), wants: wants.clone(), from: all.len() };
        let Answer::Pieces(pieces) = ask(desk, question).await else { panic!("no pieces") };
        assert!(!pieces.is_empty());
        for piece in pieces {
            all.push(match piece {
                Piece::Here(octets) => Ok(octets.to_vec()),
                Piece::Stored { source, offset, octets } => Ok(relay(desk, source, offset, octets).await),
                other => Err(other),
            });
        }
    }
    all
}

async fn relay(desk: &mut ImapDesk, source: u64, offset: u64, octets: u64) -> Vec<u8> {
    let mut all = Vec::new();
    while (all.len() as u64) < octets {
        let chunk = Desk::read(desk, source, offset + all.len() as u64).await.unwrap();
        assert!(!chunk.is_empty());
        all.extend_from_slice(&chunk);
    }
    all.truncate(usize::try_from(octets).unwrap());
    all
}

#[tokio::test]
async fn nothing_is_answered_before_a_login_and_after_it_is_forgotten() {
    let house = house().await;
    let (address, password) = (address("bob"), Some("hungry".to_owned()));
    house.office.administer(NOW, Request::AccountAdd { address, password, quota: None }).await.unwrap();
    let mut desk = house.stranger();
    assert_eq!(refused(&mut desk, Ask::Folders).await, Refusal::NoPermission);
    let password = sasl::Secret(b"hungry".to_vec());
    let login = sasl::Ask::Password { authorization: None, username: "bob".to_owned(), password };
    let answer = ask(&mut desk, Ask::Login(login)).await;
    assert!(matches!(answer, Answer::Sasl(sasl::Answer::Accepted { .. })), "{answer:?}");
    assert_eq!(folders(&mut desk).await.len(), 6);
    select(&mut desk, "INBOX").await;
    done(&mut desk, Ask::Forget).await;
    assert_eq!(refused(&mut desk, Ask::Folders).await, Refusal::NoPermission);
    assert!(sync(&mut desk).await.listing.is_none());
}
