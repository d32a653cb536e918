//! Accounts in files beside another program that changes them at the same time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the other program of these tests changes files")]

use super::*;
use crate::mailfile::mbox::{self, Change};
use crate::mailfile::{disk, maildir};
use crate::mirror::{Action, FolderId, MessageId, Mirror};
use crate::progress::Watcher;
use crate::remote::keyed::KeyedRemote;
use crate::remote::{Remote, Scope};
use message::flags::flag_bits::{FLAGGED, SEEN};

/// Before any file was made: nothing has settled, whatever the disk's clock says.
const NOW: Time = Time(1_000_000);
const FROM: &str = "From bob@crepes.fr Mon Nov  2 05:17:44 2026\n";

struct Scene {
    folder: tempfile::TempDir,
    incoming: Incoming,
    mirror: Mirror,
    random: u64,
}

impl Scene {
    fn new(kind: &str) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail");
        let incoming = match kind {
            "maildir" => Incoming::Maildir(path.clone()),
            _ => Incoming::Mbox(path.clone()),
        };
        if kind != "mbox" {
            std::fs::create_dir(&path).unwrap();
        }
        let mirror = Mirror::open(&folder.path().join("m.sqlite")).unwrap();
        Scene { folder, incoming, mirror, random: 1 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("mail").join(name)
    }

    fn way(&self) -> Way {
        Way {
            incoming: self.incoming.clone(),
            mirror: self.mirror.path().to_owned(),
            beside: self.folder.path().join("beside"),
            roles: vec![(Role::Archive, "Old".to_owned())],
        }
    }

    async fn open(&self) -> Files {
        Files::open(self.way(), Clock::manual(NOW)).await.unwrap()
    }

    async fn round(&self) {
        let mut remote = KeyedRemote::new(self.open().await, Clock::manual(NOW));
        let nobody = Watcher::nobody();
        remote.push(&self.mirror, &nobody).await.unwrap();
        remote.pull(&self.mirror, &Scope::Everything, &nobody).await.unwrap();
    }

    fn id(&self, name: &str) -> FolderId {
        self.mirror.folder_named(name).unwrap().unwrap_or_else(|| panic!("no folder {name}")).id
    }

    fn messages(&self, name: &str) -> Vec<MessageId> {
        self.mirror
            .folder_named(name)
            .unwrap()
            .map(|folder| self.mirror.messages_in(folder.id).unwrap())
            .unwrap_or_default()
    }

    /// Subjects, bits and keywords, sorted.
    fn seen(&self, name: &str) -> Vec<String> {
        let told = |id| {
            let row = self.mirror.row(id).unwrap().unwrap();
            let content = String::from_utf8(self.mirror.content(id).unwrap().unwrap()).unwrap();
            assert!(content.contains(&format!("Subject: {}\r\n", row.subject)), "{content}");
            let words: Vec<String> = row.flags.keywords.into_iter().collect();
            format!("{} {} {}", row.subject, row.flags.bits, words.join(",")).trim_end().to_owned()
        };
        let mut all: Vec<String> = self.messages(name).into_iter().map(told).collect();
        all.sort();
        all
    }

    fn draw(&mut self, below: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).unwrap() % below
    }
}

fn letter(subject: &str) -> String {
    format!("From: b@x\nSubject: {subject}\nMessage-ID: <{subject}@x>\n\n{subject}\n")
}

fn flag(messages: &[MessageId], bits: u64) -> Action {
    Action::Flag { messages: messages.to_vec(), add: Flags::of(bits), remove: Flags::default() }
}

fn names(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_maildir_and_another_program_agree() {
    let scene = Scene::new("maildir");
    scene.round().await;
    assert_eq!(names(&scene.path("")), ["cur", "new", "tmp"], "an empty folder becomes a Maildir");
    std::fs::write(scene.path("new/1.a"), letter("one")).unwrap();
    std::fs::write(scene.path("cur/2.a:2,FS"), letter("two")).unwrap();
    maildir::make(&scene.path(".Work.&APw-")).unwrap();
    std::fs::write(scene.path(".Work.&APw-/dovecot-keywords"), "0 $Red\n").unwrap();
    std::fs::write(scene.path(".Work.&APw-/cur/3.a:2,Sa"), letter("three")).unwrap();
    scene.round().await;
    assert_eq!(scene.seen("INBOX"), ["one 0", &format!("two {}", SEEN | FLAGGED)]);
    assert_eq!(scene.seen("Work/\u{fc}"), [format!("three {SEEN} $Red")]);
    let before = scene.messages("INBOX");
    // mutt: what was new is old, and read; another is deleted.
    std::fs::rename(scene.path("new/1.a"), scene.path("cur/1.a:2,S")).unwrap();
    std::fs::remove_file(scene.path("cur/2.a:2,FS")).unwrap();
    std::fs::write(scene.path("new/4.a"), letter("four")).unwrap();
    // Ours, not yet told: it concerns the one that was renamed.
    let one = *before.iter().find(|id| scene.mirror.row(**id).unwrap().unwrap().subject == "one").unwrap();
    scene.mirror.act(flag(&[one], FLAGGED)).unwrap();
    let keyword = Flags::keyword("$Blue");
    scene.mirror.act(Action::Flag { messages: vec![one], add: keyword, remove: Flags::default() }).unwrap();
    scene.round().await;
    assert_eq!(scene.seen("INBOX"), ["four 0".to_owned(), format!("one {} $Blue", SEEN | FLAGGED)]);
    assert_eq!(names(&scene.path("cur")), ["1.a:2,FSa"]);
    assert_eq!(names(&scene.path("new")), ["4.a"], "what nobody looked at is still new");
    assert!(scene.messages("INBOX").contains(&one), "a message that was renamed is the same");
    // To another folder, which is made for it, and back by undo.
    let (folder, _) = scene.mirror.create_folder("Old").unwrap();
    let moved = scene.mirror.act(Action::Move { messages: vec![one], from: scene.id("INBOX"), to: folder }).unwrap();
    scene.round().await;
    assert_eq!(names(&scene.path(".Old/cur")), ["1.a:2,FSa"]);
    assert_eq!(scene.mirror.folder(folder).unwrap().role, Role::Archive, "as the settings say");
    assert_eq!(scene.messages("Old"), [one]);
    scene.mirror.act_all(&moved.inverse).unwrap();
    scene.round().await;
    assert_eq!(scene.messages("INBOX").len(), 2);
    // A copy is another message.
    scene.mirror.act(Action::Copy { messages: vec![one], to: folder }).unwrap();
    scene.round().await;
    assert_eq!((scene.messages("INBOX").len(), scene.messages("Old").len()), (2, 1));
    assert!(!scene.messages("Old").contains(&one));
}

#[tokio::test]
async fn folders_of_a_maildir_are_made_renamed_and_removed() {
    let scene = Scene::new("maildir");
    scene.round().await;
    let (upper, _) = scene.mirror.create_folder("Work").unwrap();
    let (lower, _) = scene.mirror.create_folder("Work/Red").unwrap();
    scene.mirror.make_in(lower, b"Subject: x\r\n\r\nx\r\n", &Flags::of(SEEN), NOW).unwrap();
    scene.mirror.act(Action::RenameFolder { folder: upper, name: "Play".to_owned() }).unwrap();
    // In the same round as the new name.
    scene.mirror.make_in(lower, b"Subject: y\r\n\r\ny\r\n", &Flags::of(SEEN), NOW).unwrap();
    scene.round().await;
    assert_eq!(names(&scene.path(".Play.Red/cur")).len(), 2);
    assert_eq!(scene.seen("Play/Red"), [format!("x {SEEN}"), format!("y {SEEN}")]);
    assert!(!scene.path(".Work").exists());
    scene.mirror.act(Action::DeleteFolder { folder: lower }).unwrap();
    scene.round().await;
    assert!(!scene.path(".Play.Red").exists());
    assert!(scene.path(".Play").exists());
}

/// Those many messages that are put into a folder are not each a reason to look at all the others.
#[tokio::test]
async fn what_is_put_into_a_folder_is_looked_at_once() {
    for kind in ["maildir", "mbox"] {
        let scene = Scene::new(kind);
        let (work, _) = scene.mirror.create_folder("Work").unwrap();
        scene.round().await;
        let seen = || std::fs::read(scene.mirror.path().with_extension("seen")).unwrap_or_default();
        let made: Vec<MessageId> = ["x", "y", "x", "z"]
            .map(|text| {
                let content = format!("Subject: {text}\r\n\r\n{text}\r\n");
                scene.mirror.make_in(work, content.as_bytes(), &Flags::of(SEEN), NOW).unwrap()
            })
            .into();
        let mut remote = KeyedRemote::new(scene.open().await, Clock::manual(NOW));
        let before = seen();
        remote.push(&scene.mirror, &Watcher::nobody()).await.unwrap();
        assert_eq!(seen(), before, "{kind}: nobody looked for each of them");
        remote.close().await;
        assert_ne!(seen(), before, "{kind}");
        let all = [format!("x {SEEN}"), format!("x {SEEN}"), format!("y {SEEN}"), format!("z {SEEN}")];
        for _ in 0..2 {
            scene.round().await;
            assert_eq!((scene.seen("Work"), scene.messages("Work").len()), (all.to_vec(), 4), "{kind}");
        }
        // They are the same messages as before, whatever is done to one.
        scene.mirror.make_in(work, b"Subject: w\r\n\r\nw\r\n", &Flags::default(), NOW).unwrap();
        scene.mirror.act(flag(&made[1..2], FLAGGED)).unwrap();
        scene.mirror.act(Action::Destroy { messages: made[2..3].to_vec(), from: work }).unwrap();
        scene.round().await;
        let left = ["w 0".to_owned(), all[0].clone(), format!("y {}", SEEN | FLAGGED), all[3].clone()];
        assert_eq!(scene.seen("Work"), left, "{kind}");
        assert!(scene.messages("Work").contains(&made[0]) && !scene.messages("Work").contains(&made[2]), "{kind}");
    }
}

/// A program that dies writes nothing twice, though a message has no name of its own.
#[tokio::test]
async fn what_may_have_been_written_is_known_by_its_content() {
    for kind in ["maildir", "mbox"] {
        let scene = Scene::new(kind);
        let (work, _) = scene.mirror.create_folder("Work").unwrap();
        scene.round().await;
        let message = scene.mirror.make_in(work, b"Subject: x\r\n\r\nx\r\n", &Flags::default(), NOW).unwrap();
        let pending = scene.mirror.pending().unwrap().remove(0);
        let remote = scene.mirror.folder(work).unwrap().remote.unwrap();
        let mut files = scene.open().await;
        let flags = Flags::default();
        let it = Append { mirror: &scene.mirror, message, size: 17, message_id: "", flags: &flags, received: NOW };
        files.append(&remote, it).await.unwrap();
        drop(files);
        scene.mirror.begin(pending.id).unwrap();
        scene.round().await;
        assert_eq!((scene.messages("Work"), scene.seen("Work")), (vec![message], vec!["x 0".to_owned()]), "{kind}");
    }
}

#[tokio::test]
async fn maildirs_in_a_folder_are_folders() {
    let scene = Scene::new("maildir");
    for name in ["inbox", "Lists/rust"] {
        maildir::make(&scene.path(name)).unwrap();
    }
    std::fs::write(scene.path("Lists/rust/new/1.a"), letter("one")).unwrap();
    scene.round().await;
    assert_eq!(scene.seen("Lists/rust"), ["one 0"]);
    let (work, _) = scene.mirror.create_folder("Lists/work").unwrap();
    scene.mirror.make_in(work, b"Subject: x\r\n\r\nx\r\n", &Flags::default(), NOW).unwrap();
    scene.round().await;
    assert_eq!(names(&scene.path("Lists/work/cur")).len(), 1);
    assert!(scene.mirror.folder_named("INBOX").unwrap().is_some());
}

#[tokio::test]
async fn what_is_no_mail_is_told() {
    let scene = Scene::new("maildir");
    let open = || Files::open(scene.way(), Clock::manual(NOW));
    std::fs::write(scene.path("notes.txt"), "x").unwrap();
    assert_eq!(open().await.err().unwrap().kind, Kind::Data);
    let way = Way { incoming: Incoming::Mbox(scene.path("notes.txt")), ..scene.way() };
    let trouble = Files::open(way, Clock::manual(NOW)).await.err().unwrap();
    assert!(trouble.text.contains("no mailbox"), "{trouble}");
    let way = Way { incoming: Incoming::Maildir(scene.path("none")), ..scene.way() };
    assert_eq!(Files::open(way, Clock::manual(NOW)).await.err().unwrap().kind, Kind::NotFound);
}

#[tokio::test]
async fn a_spool_and_another_program_agree() {
    let scene = Scene::new("mbox");
    let spool = scene.folder.path().join("mail");
    let same = format!("{FROM}{}\n", letter("same"));
    std::fs::write(&spool, format!("{FROM}{}\n{same}{same}", letter("one"))).unwrap();
    scene.round().await;
    assert_eq!(scene.seen("INBOX"), ["one 0", "same 0", "same 0"]);
    let before = scene.messages("INBOX");
    // mutt reads the first and writes all of them anew, in its own way.
    let text = std::fs::read_to_string(&spool).unwrap();
    let text = text.replacen("\n\none\n", "\nContent-Length: 4\nLines: 1\nStatus: RO\n\none\n", 1);
    std::fs::write(&spool, format!("{text}{FROM}{}\n", letter("late"))).unwrap();
    scene.mirror.act(flag(&before[1..2], FLAGGED)).unwrap();
    scene.round().await;
    assert_eq!(
        scene.seen("INBOX"),
        ["late 0".to_owned(), format!("one {SEEN}"), "same 0".to_owned(), format!("same {FLAGGED}")]
    );
    assert_eq!(scene.messages("INBOX")[..3], before, "a message that was written anew is the same");
    let text = std::fs::read_to_string(&spool).unwrap();
    assert!(text.contains("X-Status: F\nStatus: O\nFrom: b@x\nSubject: same"), "{text}");
    assert!(text.contains("Lines: 1\nStatus: RO\n\none"), "{text}");
    // Other folders lie beside it.
    let trash = scene.mirror.folder_for(Role::Trash).unwrap();
    scene.mirror.act(Action::Move { messages: before[..2].to_vec(), from: scene.id("INBOX"), to: trash }).unwrap();
    scene.round().await;
    assert_eq!(scene.seen("Trash"), [format!("one {SEEN}"), format!("same {FLAGGED}")]);
    assert_eq!(scene.messages("Trash")[0], before[0], "a message that was moved is the same");
    assert_eq!(scene.seen("INBOX"), ["late 0", "same 0"]);
    assert!(std::fs::read_to_string(scene.folder.path().join("beside/Trash")).unwrap().contains("Subject: one"));
    // The last message is read and taken out by a program that removes an empty spool.
    std::fs::remove_file(&spool).unwrap();
    scene.round().await;
    assert!(scene.seen("INBOX").is_empty());
    let inbox = scene.id("INBOX");
    scene.mirror.make_in(inbox, b"Subject: new\r\n\r\nx\r\n", &Flags::of(SEEN), NOW).unwrap();
    scene.round().await;
    assert_eq!(scene.seen("INBOX"), [format!("new {SEEN}")]);
}

#[tokio::test]
async fn a_spool_that_is_locked_is_waited_for() {
    let scene = Scene::new("mbox");
    let spool = scene.folder.path().join("mail");
    std::fs::write(&spool, format!("{FROM}{}\n", letter("one"))).unwrap();
    let clock = Clock::manual(NOW);
    let mut files = Files::open(scene.way(), clock.clone()).await.unwrap();
    let held = disk::open_to_append(&spool).unwrap();
    let (name, ()) = tokio::join!(files.state(), async {
        for _ in 0..3 {
            tokio::task::yield_now().await;
            clock.advance(TRY_EVERY);
        }
        drop(held);
        for _ in 0..3 {
            tokio::task::yield_now().await;
            clock.advance(TRY_EVERY);
        }
    });
    assert!(!name.unwrap().is_empty());
    // Nobody is waited for without end.
    let _held = disk::open_to_append(&spool).unwrap();
    std::fs::write(&spool, "").unwrap();
    let tries = async {
        loop {
            tokio::task::yield_now().await;
            clock.advance(TRY_EVERY);
        }
    };
    let trouble = tokio::select! {
        state = files.state() => state.unwrap_err(),
        () = tries => unreachable!("it never ends"),
    };
    assert_eq!(trouble.kind, Kind::TryAgain);
}

#[tokio::test]
async fn what_was_seen_is_kept_and_may_be_lost() {
    let scene = Scene::new("mboxes");
    std::fs::write(scene.path("inbox"), format!("{FROM}{}\n", letter("one"))).unwrap();
    std::fs::write(scene.path("notes.txt"), "no mail\n").unwrap();
    std::fs::create_dir(scene.path("Lists")).unwrap();
    std::fs::write(scene.path("Lists/rust.mbox"), "").unwrap();
    scene.round().await;
    let folders: Vec<String> = scene.mirror.folders().unwrap().into_iter().map(|folder| folder.name).collect();
    assert_eq!(folders.len(), 2, "{folders:?}");
    assert!(folders.contains(&"Lists/rust".to_owned()), "{folders:?}");
    let before = scene.messages("INBOX");
    let state = scene.open().await.state().await.unwrap();
    let mut files = scene.open().await;
    let news = files.since(&state).await.unwrap().unwrap();
    assert!(news.changed.is_empty() && news.gone.is_empty() && !news.more);
    mbox::amend(
        &scene.path("inbox"),
        disk::stamp(&scene.path("inbox")).unwrap(),
        &[(0, Change::Flags(Flags::of(SEEN)))].into(),
        &scene.path("note"),
    )
    .unwrap();
    let news = files.since(&state).await.unwrap().unwrap();
    assert_eq!((news.changed.len(), news.gone.len()), (1, 0));
    // A program that looked at it, and was killed before it told anybody: the next one finds out from the state before.
    assert_eq!(scene.open().await.since(&state).await.unwrap().unwrap().changed, news.changed);
    std::fs::remove_file(scene.mirror.path().with_extension("seen")).unwrap();
    assert!(scene.open().await.since(&state).await.unwrap().is_none());
    scene.round().await;
    assert_eq!(scene.messages("INBOX"), before);
    assert_eq!(scene.seen("INBOX"), [format!("one {SEEN}")]);
}

/// The other program does something, as mutt does.
fn elsewhere(scene: &mut Scene, number: usize) {
    let is_maildir = matches!(scene.incoming, Incoming::Maildir(_));
    let (what, which) = (scene.draw(4), scene.draw(8));
    if what == 0 {
        let content = letter(&format!("other{number}"));
        if is_maildir {
            std::fs::write(scene.path(&format!("new/{number}.other")), content).unwrap();
        } else {
            let text = format!("{FROM}{content}\n");
            disk::append(&scene.path("INBOX"), text.as_bytes()).unwrap();
        }
        return;
    }
    if is_maildir {
        let all = maildir::listing(&scene.path("")).unwrap();
        let Some(named) = all.get(which) else { return };
        match what {
            1 => maildir::set_flags(&scene.path(""), &named.file, &Flags::of(FLAGGED)).unwrap(),
            2 => std::fs::remove_file(scene.path(&named.file)).unwrap(),
            _ => maildir::carry(&scene.path(""), named, (&scene.path(".Old"), &format!("{number}.m")), false).unwrap(),
        }
        return;
    }
    let path = scene.path("INBOX");
    let mut reader = mbox::Reader::new(disk::open(&path).unwrap(), 0, &path).unwrap();
    let all: Vec<mbox::Entry> = std::iter::from_fn(|| reader.next_entry().unwrap()).collect();
    let Some(entry) = all.get(which) else { return };
    let change = if what == 1 { Change::Flags(Flags::of(FLAGGED)) } else { Change::Remove };
    if what == 3 {
        let item = entry.item.clone().unwrap();
        let mut writer = mbox::Writer::open(&scene.path("Old")).unwrap();
        writer.add(&item.head, &item.content, NOW).unwrap();
        writer.settle().unwrap();
    }
    let changes = [(entry.place.start, change)].into();
    mbox::amend(&path, disk::stamp(&path).unwrap(), &changes, &scene.path(".note")).unwrap();
}

fn here(scene: &mut Scene, number: usize) {
    let (what, which) = (scene.draw(5), scene.draw(8));
    let (inbox, old) = (scene.id("INBOX"), scene.id("Old"));
    let messages: Vec<MessageId> = scene.messages("INBOX").into_iter().skip(which).take(2).collect();
    let action = match what {
        0 => flag(&messages, SEEN),
        1 => Action::Move { messages, from: inbox, to: old },
        2 => Action::Destroy { messages, from: inbox },
        3 => Action::Copy { messages, to: old },
        _ => {
            let content = letter(&format!("ours{number}")).replace('\n', "\r\n");
            scene.mirror.make_in(inbox, content.as_bytes(), &Flags::of(SEEN), NOW).unwrap();
            return;
        }
    };
    scene.mirror.act(action).unwrap();
}

/// What a program that never saw these files finds in them.
async fn afresh(scene: &Scene) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(&folder.path().join("m.sqlite")).unwrap();
    let fresh = Scene { folder, incoming: scene.incoming.clone(), mirror, random: 0 };
    fresh.round().await;
    fresh
}

#[tokio::test]
async fn two_programs_in_turns_see_the_same() {
    for kind in ["maildir", "mboxes"] {
        for seed in 0..12 {
            let mut scene = Scene::new(kind);
            scene.random = seed;
            if kind == "maildir" {
                maildir::make(&scene.path("")).unwrap();
                maildir::make(&scene.path(".Old")).unwrap();
            } else {
                std::fs::write(scene.path("INBOX"), "").unwrap();
                std::fs::write(scene.path("Old"), "").unwrap();
            }
            scene.round().await;
            for number in 0..40 {
                match scene.draw(3) {
                    0 => elsewhere(&mut scene, number),
                    1 => here(&mut scene, number),
                    _ => scene.round().await,
                }
            }
            scene.round().await;
            assert!(scene.mirror.pending().unwrap().is_empty(), "{kind} {seed}");
            let fresh = afresh(&scene).await;
            for folder in ["INBOX", "Old"] {
                assert_eq!(scene.seen(folder), fresh.seen(folder), "{kind} {seed} {folder}");
            }
        }
    }
}
