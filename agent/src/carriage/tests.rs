//! What is carried comes whole, once, and where it belongs; a run that was cut goes on.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests look at files")]

use super::*;
use crate::mailfile::Head;
use crate::mirror::{Flags, Mirror};
use message::Time;
use message::flags::flag_bits;
use std::path::Path;

const NOW: Time = Time(1_800_000_000_000);
const FROM: &str = "From bob@crepes.fr Mon Nov  2 05:17:44 2026\n";

fn mirror(folder: &Path) -> Mirror {
    Mirror::open(&folder.join("mirror")).unwrap()
}

async fn bring(path: &Path, mirror: &Mirror, wanted: &Wanted) -> Carried {
    let mut source = Source::open(path).unwrap();
    carry(&mut source, &mut ToMirror::new(mirror.clone(), NOW), wanted, &Watcher::nobody()).await
}

fn wanted() -> Wanted {
    Wanted { otherwise: "INBOX".to_owned(), ..Wanted::default() }
}

/// A folder's messages: subject, flags, date.
fn all(mirror: &Mirror, folder: &str) -> Vec<(String, u64, Vec<String>, Time)> {
    let folder = mirror.folder_named(folder).unwrap().unwrap();
    let messages = mirror.messages_in(folder.id).unwrap();
    let row = |id| mirror.row(id).unwrap().unwrap();
    messages
        .into_iter()
        .map(row)
        .map(|row| (row.subject, row.flags.bits, row.flags.keywords.into_iter().collect(), row.received))
        .collect()
}

#[tokio::test]
async fn flags_dates_and_folders_come_along_and_nothing_twice() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("All mail.mbox");
    let same = format!("{FROM}X-Gmail-Labels: Sent\nSubject: same\n\nx\n\n");
    let text = format!(
        "{FROM}X-Gmail-Labels: Inbox,Unread,Family\nSubject: one\n\nx\n\n{same}{same}{FROM}X-Gmail-Labels: Starred,Work/\u{fc}\nSubject: two\n\nx\n"
    );
    std::fs::write(&path, &text).unwrap();
    let mirror = mirror(scratch.path());
    let dry = Wanted { dry_run: true, ..wanted() };
    let would = bring(&path, &mirror, &dry).await;
    assert_eq!((would.new, mirror.folders().unwrap().len()), (4, 0));
    let first = bring(&path, &mirror, &wanted()).await;
    assert_eq!((first.new, first.known, first.trouble), (4, 0, None));
    let at = Time(1_793_596_664_000);
    assert_eq!(all(&mirror, "INBOX"), [("one".to_owned(), 0, vec!["Family".to_owned()], at)]);
    assert_eq!(all(&mirror, "Sent").len(), 2, "what comes twice is there twice");
    assert_eq!(all(&mirror, "Work/\u{fc}")[0].1, flag_bits::SEEN | flag_bits::FLAGGED);
    // One more message, at the front: all others have moved.
    std::fs::write(&path, format!("{FROM}Subject: new\n\nx\n\n{text}")).unwrap();
    let again = bring(&path, &mirror, &wanted()).await;
    assert_eq!((again.new, again.known), (1, 4));
    let one = bring(&path, &mirror, &Wanted { folder: Some("Old/mail".to_owned()), ..wanted() }).await;
    assert_eq!(one.folders.into_iter().collect::<Vec<_>>(), [("Old/mail".to_owned(), 5)]);
}

/// A shelf that fails after so many batches, and remembers as a mirror does.
struct Failing {
    inner: ToMirror,
    left: usize,
}

impl Shelf for Failing {
    async fn has(&mut self, key: &ImportKey) -> Result<bool, Trouble> {
        self.inner.has(key).await
    }

    async fn put(&mut self, parcels: &[Parcel]) -> Result<u64, Trouble> {
        if self.left == 0 {
            return Err(Trouble::new(Kind::Io, "full"));
        }
        self.left -= 1;
        self.inner.put(parcels).await
    }
}

#[tokio::test]
async fn a_run_that_was_cut_goes_on() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("box");
    let text: String = (0..2 * BATCH + 50).map(|n| format!("{FROM}Subject: {n}\n\nx\n\n")).collect();
    std::fs::write(&path, text).unwrap();
    let mirror = mirror(scratch.path());
    let mut shelf = Failing { inner: ToMirror::new(mirror.clone(), NOW), left: 1 };
    let cut = carry(&mut Source::open(&path).unwrap(), &mut shelf, &wanted(), &Watcher::nobody()).await;
    assert_eq!((cut.new, cut.trouble.unwrap().kind), (BATCH as u64, Kind::Io));
    let watcher = Watcher::nobody();
    watcher.stop();
    let mut shelf = ToMirror::new(mirror.clone(), NOW);
    let stopped = carry(&mut Source::open(&path).unwrap(), &mut shelf, &wanted(), &watcher).await;
    assert_eq!(stopped.trouble.unwrap().kind, Kind::Cancelled);
    let rest = bring(&path, &mirror, &wanted()).await;
    assert_eq!((rest.new, rest.known, rest.trouble), (BATCH as u64 + 50, BATCH as u64, None));
    assert_eq!(all(&mirror, "INBOX").len(), 2 * BATCH + 50);
}

#[tokio::test]
async fn what_is_written_out_comes_back() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("one")).unwrap();
    std::fs::create_dir(scratch.path().join("two")).unwrap();
    let mirror_one = mirror(&scratch.path().join("one"));
    let item = |n: u64| Item {
        head: Head {
            flags: Flags { bits: flag_bits::SEEN | flag_bits::ANSWERED, keywords: ["$Forwarded".to_owned()].into() },
            received: Some(Time(1_700_000_000_000 + n * 1000)),
            ..Head::default()
        },
        content: format!("Subject: {n}\r\n\r\nFrom me\r\n").into_bytes(),
        long: false,
    };
    let parcels: Vec<Parcel> = (0..6)
        .map(|n| Parcel {
            key: [n as u8; 16],
            folder: ["INBOX", "Work/Old", "Sent"][n as usize % 3].to_owned(),
            item: item(n),
        })
        .collect();
    assert_eq!(ToMirror::new(mirror_one.clone(), NOW).put(&parcels).await, Ok(6));
    for (form, name) in [(Form::Mboxes, "boxes"), (Form::Maildir, "dir"), (Form::Eml, "eml")] {
        let root = scratch.path().join(name);
        let bundle = Bundle::begin(&root, form, "P1", NOW).unwrap();
        let mut from = FromMirror::new(mirror_one.clone(), None).unwrap();
        assert_eq!(from.whole(), Some(6));
        assert_eq!(write_out(&mut from, bundle, &Watcher::nobody()).await, Ok((6, 0)));
        assert!(Bundle::begin(&root, form, "P1", NOW).is_err(), "nothing is written over");
        std::fs::create_dir_all(scratch.path().join("two").join(name)).unwrap();
        let mirror_two = mirror(&scratch.path().join("two").join(name));
        assert_eq!(bring(&root, &mirror_two, &wanted()).await.new, 6);
        for folder in ["INBOX", "Work/Old", "Sent"] {
            let (mut one, mut two) = (all(&mirror_one, folder), all(&mirror_two, folder));
            if form == Form::Eml {
                let bare = |rows: &mut Vec<(String, u64, Vec<String>, Time)>| {
                    rows.iter_mut().for_each(|row| (row.1, row.2) = (0, Vec::new()))
                };
                bare(&mut one);
                bare(&mut two);
            }
            assert_eq!(one, two, "{name} {folder}");
        }
    }
}

/// A post office that keeps mail in memory, and goes away after so many questions.
#[derive(Clone, Default)]
struct Office(std::sync::Arc<parking_lot::Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    folders: Vec<wire::host::Folder>,
    mail: Vec<(i64, Vec<u8>, wire::host::Flags, Time)>,
    coming: Vec<u8>,
    questions_left: usize,
}

impl wire::host::Carrier for Office {
    fn ask(
        &mut self,
        request: wire::host::Request,
    ) -> wire::host::Later<'_, Result<wire::host::Answer, wire::host::Refusal>> {
        Box::pin(async move { self.0.lock().answer(request) })
    }

    fn rest(&mut self) -> wire::host::Later<'_, bool> {
        Box::pin(async { false })
    }

    fn close(self: Box<Self>) -> wire::host::Later<'static, ()> {
        Box::pin(async {})
    }
}

impl Kept {
    fn answer(&mut self, request: wire::host::Request) -> Result<wire::host::Answer, wire::host::Refusal> {
        use wire::host::{Answer, Email, Folder, Octets, Request};
        if self.questions_left == 0 {
            return Err(wire::host::Refusal { code: 75, text: "stopping".to_owned() });
        }
        self.questions_left -= 1;
        Ok(match request {
            Request::Folders => Answer::Folders { folders: self.folders.clone() },
            Request::CreateFolder { path, role } => {
                let id = self.folders.len() as i64;
                self.folders.push(Folder { id, path, role, selectable: true, subscribed: true });
                Answer::Folder { id }
            }
            Request::Begin { .. } => {
                self.coming.clear();
                Answer::Done
            }
            Request::Piece { octets } => {
                self.coming.extend(octets.0);
                Answer::Done
            }
            Request::Append { folder, flags, received } => {
                self.mail.push((folder, std::mem::take(&mut self.coming), flags, received));
                // It is there, and nobody hears of it.
                if self.questions_left == 0 {
                    return self.answer(Request::Folders);
                }
                Answer::Found { id: Some(self.mail.len() as i64) }
            }
            Request::Find { folder, message_id, size } => {
                let id = format!("Message-ID: <{message_id}>");
                let is_it = |(at, content, ..): &(i64, Vec<u8>, wire::host::Flags, Time)| {
                    *at == folder && content.len() as u64 == size && String::from_utf8_lossy(content).contains(&id)
                };
                Answer::Found { id: self.mail.iter().position(is_it).map(|at| at as i64) }
            }
            Request::List { after: None } => {
                Answer::Page { ids: (0..self.mail.len() as i64).rev().collect(), next: None }
            }
            Request::Look { ids, .. } => {
                let email = |id: &i64| {
                    let (folder, content, flags, received) = &self.mail[*id as usize];
                    Email {
                        id: *id,
                        folders: vec![*folder],
                        flags: flags.clone(),
                        received: *received,
                        size: content.len() as u64,
                        header: None,
                        attachments: None,
                    }
                };
                Answer::Emails { emails: ids.iter().map(email).collect(), left: Vec::new() }
            }
            Request::Read { id, from } => {
                let content = &self.mail[id as usize].1;
                let rest = &content[from as usize..];
                let octets = Octets(rest[..rest.len().min(1000)].to_vec());
                Answer::Content { octets, size: content.len() as u64 }
            }
            other => panic!("{other:?}"),
        })
    }
}

/// Stopped after every number of questions, it goes on: nothing is lost, nothing is there twice.
#[tokio::test]
async fn a_post_office_that_comes_and_goes_gets_all_of_it_once() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("Work.mbox");
    let body = "x".repeat(1500);
    let text: String =
        (0..7).map(|n| format!("{FROM}Status: RO\nMessage-ID: <{n}@crepes.fr>\nSubject: {n}\n\n{body}\n\n")).collect();
    std::fs::write(&path, text).unwrap();
    for questions in 1..12 {
        let (office, memories) = (Office::default(), scratch.path().join(questions.to_string()));
        loop {
            office.0.lock().questions_left = questions;
            let mut shelf = ToHost::new(Box::new(office.clone()), "bob@crepes.fr", &memories, NOW).unwrap();
            let mut source = Source::open(&path).unwrap();
            let carried = carry(&mut source, &mut shelf, &wanted(), &Watcher::nobody()).await;
            shelf.close().await;
            match carried.trouble {
                Some(trouble) => assert_eq!(trouble.kind, Kind::TryAgain),
                None => break,
            }
            // Less than what one message takes never comes to an end.
            if questions < 5 {
                office.0.lock().questions_left = 100;
                let mut shelf = ToHost::new(Box::new(office.clone()), "bob@crepes.fr", &memories, NOW).unwrap();
                carry(&mut Source::open(&path).unwrap(), &mut shelf, &wanted(), &Watcher::nobody()).await;
            }
        }
        let kept = office.0.lock();
        assert_eq!(kept.mail.len(), 7, "after {questions} questions");
        assert!(
            kept.mail
                .iter()
                .all(|(_, _, flags, received)| flags.bits == flag_bits::SEEN && received.0 == 1_793_596_664_000)
        );
        assert_eq!(kept.folders.len(), 1);
    }
}

#[tokio::test]
async fn mail_of_a_post_office_is_written_out_the_oldest_first() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("Work.mbox");
    let text: String = (0..3).map(|n| format!("{FROM}Status: RO\nSubject: {n}\n\n{}\n\n", "x".repeat(1500))).collect();
    std::fs::write(&path, &text).unwrap();
    let office = Office::default();
    office.0.lock().questions_left = 1000;
    let mut shelf = ToHost::new(Box::new(office.clone()), "bob", &scratch.path().join("memories"), NOW).unwrap();
    carry(&mut Source::open(&path).unwrap(), &mut shelf, &wanted(), &Watcher::nobody()).await;
    let mut origin = FromHost::new(Box::new(office.clone()), Some("inbox")).await.unwrap();
    let out = scratch.path().join("out");
    let bundle = Bundle::begin(&out, Form::Mbox, "P1", NOW).unwrap();
    assert_eq!(write_out(&mut origin, bundle, &Watcher::nobody()).await, Ok((3, 0)));
    let again = std::fs::read_to_string(&out).unwrap();
    assert_eq!(again.replace("MAILER-DAEMON", "bob@crepes.fr"), text);
    assert!(FromHost::new(Box::new(office), Some("Elsewhere")).await.is_err());
}
