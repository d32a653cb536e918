//! What a mirror has after it was synchronised, and what the server has after it was told.

use super::{NOW, Place, Program, letter};
use agent::mirror::{Action, Flags, Held, Role};
use agent::progress::Watcher;
use agent::remote::{Remote, Scope};
use message::flags::flag_bits;

/// Two programs; each makes changes, the other sees them.
#[test]
fn what_one_program_does_the_other_sees() {
    let place = Place::new();
    let (one, two) = (Program::new(), Program::new());
    place.runtime.block_on(async {
        one.sync(place.imap(), &Scope::Everything).await.unwrap();
        let inbox = one.folder("INBOX");
        let ids: Vec<_> = (0..40)
            .map(|n| one.mirror.make_in(inbox, &letter(&format!("{n}"), "pickles"), &Flags::default(), NOW).unwrap())
            .collect();
        let (work, _) = one.mirror.create_folder("Work").unwrap();
        let (deep, _) = one.mirror.create_folder("Work/Ünder \u{2215} &").unwrap();
        one.mirror.act(Action::Move { messages: ids[..5].to_vec(), from: inbox, to: deep }).unwrap();
        let mut flags = Flags::of(flag_bits::SEEN | flag_bits::FLAGGED);
        flags.add(&Flags::keyword("$Forwarded"));
        one.mirror.act(Action::Flag { messages: ids[3..8].to_vec(), add: flags, remove: Flags::default() }).unwrap();
        one.mirror.act(Action::Copy { messages: ids[8..10].to_vec(), to: work }).unwrap();
        one.mirror.act(Action::Destroy { messages: ids[10..12].to_vec(), from: inbox }).unwrap();
        one.sync(place.imap(), &Scope::Everything).await.unwrap();
        assert!(one.mirror.pending().unwrap().is_empty());
        let brought = two.sync(place.imap(), &Scope::Everything).await.unwrap();
        assert_eq!((brought.new, brought.whole), (40, 40));
        assert_eq!(one.everything(), two.everything());
        assert_eq!(two.rows(two.folder("INBOX")).len(), 33);
        assert_eq!(two.rows(two.folder("Work/Ünder \u{2215} &")).len(), 5);
        let moved = two.rows(two.folder("Work/Ünder \u{2215} &"));
        assert!(moved.iter().all(|row| row.held == Held::Whole));
        assert_eq!(moved.iter().filter(|row| row.flags.has_keyword("$forwarded")).count(), 2);
        let row = moved.iter().find(|row| row.message_id == "4@hamburger.edu").unwrap();
        assert_eq!(two.mirror.content(row.id).unwrap().unwrap(), letter("4", "pickles"));

        two.mirror.act(Action::RenameFolder { folder: two.folder("Work"), name: "Play".to_owned() }).unwrap();
        two.mirror
            .act(Action::Flag { messages: vec![row.id], add: Flags::default(), remove: row.flags.clone() })
            .unwrap();
        let brought = two.sync(place.imap(), &Scope::Everything).await.unwrap();
        assert_eq!((brought.new, brought.whole), (0, 0), "a folder that was renamed here keeps what it has");
        one.sync(place.imap(), &Scope::Everything).await.unwrap();
        assert_eq!(one.everything(), two.everything());
        assert_eq!(one.rows(one.folder("Play/Ünder \u{2215} &")).len(), 5);
        one.mirror.act(Action::DeleteFolder { folder: one.folder("Play/Ünder \u{2215} &") }).unwrap();
        one.sync(place.imap(), &Scope::Everything).await.unwrap();
        two.sync(place.imap(), &Scope::Everything).await.unwrap();
        assert_eq!(one.everything(), two.everything());
        assert!(two.mirror.folder_named("Play/Ünder \u{2215} &").unwrap().is_none());
    });
}

/// Headers first, content when it is asked for; a long message in pieces.
#[test]
fn content_comes_when_it_is_wanted() {
    let place = Place::new();
    let (one, two) = (Program::new(), Program::new());
    place.runtime.block_on(async {
        one.sync(place.imap(), &Scope::Headers).await.unwrap();
        let inbox = one.folder("INBOX");
        let mut long = letter("long", "pickles");
        long.extend("All work and no play makes Jack a dull boy.\r\n".repeat(60_000).into_bytes());
        one.mirror.make_in(inbox, &long, &Flags::default(), NOW).unwrap();
        one.mirror.make_in(inbox, &letter("short", "pickles"), &Flags::default(), NOW).unwrap();
        one.sync(place.imap(), &Scope::Headers).await.unwrap();

        let mut remote = two.connect(place.imap()).await.unwrap();
        let watcher = Watcher::nobody();
        let brought = remote.pull(&two.mirror, &Scope::Headers, &watcher).await.unwrap();
        assert_eq!((brought.new, brought.whole), (2, 0));
        let rows = two.rows(two.folder("INBOX"));
        assert!(rows.iter().all(|row| row.held == Held::Header && row.subject == "pickles"));
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        remote.fetch(&two.mirror, &ids, &watcher).await.unwrap();
        let find = |id: &str| rows.iter().find(|row| row.message_id.starts_with(id)).unwrap().id;
        assert!(two.mirror.content(find("long")).unwrap().unwrap() == long);
        assert_eq!(two.mirror.content(find("short")).unwrap().unwrap(), letter("short", "pickles"));
        remote.close().await;

        let three = Program::new();
        let brought = three.sync(place.imap(), &Scope::Everything).await.unwrap();
        assert_eq!((brought.new, brought.whole), (2, 2));
        let id = three.mirror.named("long@hamburger.edu").unwrap()[0];
        assert!(three.mirror.content(id).unwrap().unwrap() == long);
    });
}

/// What comes while nobody looks is heard of; a watch that is given up does not hold up what is said next.
#[test]
fn news_end_the_wait() {
    let place = Place::new();
    let (one, two) = (Program::new(), Program::new());
    place.runtime.block_on(async {
        one.sync(place.imap(), &Scope::Headers).await.unwrap();
        let inbox = one.folder("INBOX");
        let mut remote = two.connect(place.imap()).await.unwrap();
        let watcher = Watcher::nobody();
        remote.pull(&two.mirror, &Scope::Headers, &watcher).await.unwrap();
        let later = NOW.after(std::time::Duration::from_secs(3600));
        one.mirror.make_in(inbox, &letter("first", "pickles"), &Flags::default(), NOW).unwrap();
        let told = async {
            one.sync(place.imap(), &Scope::Headers).await.unwrap();
        };
        let (watched, ()) = tokio::join!(remote.watch(&two.mirror, later), told);
        watched.unwrap();
        assert_eq!(remote.pull(&two.mirror, &Scope::Headers, &watcher).await.unwrap().new, 1);
        let ready = remote.watch(&two.mirror, later);
        tokio::select! {
            biased;
            _ = ready => panic!("nothing is new"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(remote.pull(&two.mirror, &Scope::Headers, &watcher).await.unwrap().new, 0);
        remote.close().await;
    });
}

/// Roles come from the server; a draft goes where they say and replaces the one before.
#[test]
fn drafts_follow_each_other() {
    let place = Place::new();
    let (one, two) = (Program::new(), Program::new());
    place.runtime.block_on(async {
        one.sync(place.imap(), &Scope::Headers).await.unwrap();
        let drafts = one.mirror.folder_for(Role::Drafts).unwrap();
        let mut last = None;
        for n in 0..3 {
            last = Some(one.mirror.save_draft(&letter(&format!("draft{n}"), "x"), drafts, last, NOW).unwrap());
            if n == 1 {
                one.sync(place.imap(), &Scope::Headers).await.unwrap();
            }
        }
        one.sync(place.imap(), &Scope::Headers).await.unwrap();
        two.sync(place.imap(), &Scope::Headers).await.unwrap();
        let rows = two.rows(two.mirror.folder_of_role(Role::Drafts).unwrap().unwrap().id);
        let named: Vec<&str> = rows.iter().map(|row| row.message_id.as_str()).collect();
        assert_eq!(named, ["draft2@hamburger.edu"]);
        assert!(rows[0].flags.has(flag_bits::DRAFT | flag_bits::SEEN));
        assert_eq!(one.everything(), two.everything());
    });
}
