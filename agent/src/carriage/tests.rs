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
        assert_eq!(write_out(&mut from, bundle, &Watcher::nobody()).await, Ok(6));
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
