//! What is written is read back; what others wrote is read as they meant it.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests look at files")]

use super::*;
use message::flags::flag_bits;
use proptest::prelude::*;
use std::io::Cursor;
use std::path::Path;

const NOW: Time = Time(1_081_298_274_000);

fn read_mbox(text: &[u8]) -> Vec<Item> {
    let mut reader = mbox::Reader::new(Cursor::new(text.to_vec()), 0, Path::new("box")).unwrap();
    let mut items = Vec::new();
    while let Some(item) = reader.next_message().unwrap() {
        items.push(item);
    }
    items
}

fn contents(text: &[u8]) -> Vec<String> {
    read_mbox(text).into_iter().map(|item| String::from_utf8(item.content).unwrap()).collect()
}

const FROM: &str = "From bob@crepes.fr Mon Nov  2 05:17:44 2026\n";

#[test]
fn an_mbox_is_written_as_others_know_it() {
    let head = Head {
        flags: Flags { bits: flag_bits::SEEN | flag_bits::FLAGGED, keywords: ["$Work".to_owned()].into() },
        received: Some(NOW),
        uid: Some("abc".to_owned()),
        folder: None,
        sender: String::new(),
    };
    let content = b"Return-Path: <bob@crepes.fr>\r\nStatus: trust me\r\n and me\r\nSubject: x\r\n\r\nFrom here\r\n>From there\r\n";
    let mut text = Vec::new();
    mbox::write(&head, content, NOW, &mut text);
    let expected = "From bob@crepes.fr Wed Apr  7 00:37:54 2004\nX-Status: F\nX-Keywords: $Work\nX-UIDL: abc\nStatus: RO\n\
        Return-Path: <bob@crepes.fr>\nSubject: x\n\n>From here\n>>From there\n\n";
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

#[test]
fn every_dialect_is_read() {
    let two = [String::from("A: 1\r\n\r\nFrom me\r\n"), String::from("B: 2\r\n\r\nx\r\n")];
    let quoted = format!("{FROM}A: 1\n\n>From me\n\n{FROM}B: 2\n\nx\n");
    assert_eq!(contents(quoted.as_bytes()), two);
    assert_eq!(contents(quoted.replace('\n', "\r\n").as_bytes()), two);
    let counted = format!("{FROM}A: 1\nContent-Length: 8\n\nFrom me\n\n{FROM}Content-Length: 2\nB: 2\n\nx\n\n");
    assert_eq!(contents(counted.as_bytes()), two);
    // No date follows, so it is text.
    assert_eq!(
        contents(format!("{FROM}A: 1\n\nx\n\nFrom me to you\n").as_bytes()),
        ["A: 1\r\n\r\nx\r\n\r\nFrom me to you\r\n"]
    );
    assert_eq!(contents(b"\n\n"), Vec::<String>::new());
    assert_eq!(contents(format!("{FROM}\n{FROM}A: 1\n").as_bytes()), ["", "A: 1\r\n"]);
    let torn = mbox::Reader::new(Cursor::new(b"\nHello".to_vec()), 0, Path::new("box")).unwrap().next_message();
    assert!(matches!(torn, Err(Fault::Torn { at: 1, .. })), "{torn:?}");
}

#[test]
fn what_counts_octets_carries_lines_that_begin_messages() {
    let body = format!("hello\n\n{FROM}not a message\n");
    let text = format!("{FROM}Content-Length: {}\nA: 1\n\n{body}\n{FROM}Content-Length: 2\nB: 2\n\nx\n", body.len());
    assert_eq!(
        contents(text.as_bytes()),
        [format!("A: 1\r\n\r\n{}", body.replace('\n', "\r\n")), "B: 2\r\n\r\nx\r\n".into()]
    );
}

/// A message from the network could hide the next one behind a Content-Length.
#[test]
fn a_length_is_believed_only_in_files_that_count() {
    let hidden = format!("{FROM}C: 3\n\nhidden\n\n");
    let lie = format!("{FROM}Content-Length: {}\nB: 2\n\nx\n\n{hidden}{FROM}D: 4\n", "x\n\n".len() + hidden.len());
    assert_eq!(contents(format!("{FROM}A: 1\n\nfirst\n\n{lie}").as_bytes()).len(), 4);
    let beyond = format!("{FROM}Content-Length: 99999\nA: 1\n\nx\n\n{FROM}B: 2\n");
    assert_eq!(contents(beyond.as_bytes()), ["A: 1\r\n\r\nx\r\n", "B: 2\r\n"]);
}

#[test]
fn a_file_tells_flags_dates_and_names() {
    let text = format!(
        "{FROM}Status: RO\nX-Status: AF\nX-Keywords: $Work  bad(one  x\nX-UIDL: 17\nX-UID: 3\nSubject: x\n\nx\n\n\
         From - Mon Nov 02 05:17:44 2026\nX-Mozilla-Status: 1001\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: later\nA: 1\n\nx\n\n\
         {FROM}X-Mozilla-Status: 0009\nA: deleted\n\nx\n\n\
         From 1752@xxx Mon Nov 02 05:17:44 +0100 2026\nX-GM-THRID: 1\nX-Gmail-Labels: Inbox,\n Starred\nA: 2\n\nx\n"
    );
    let items = read_mbox(text.as_bytes());
    assert_eq!(items.len(), 3);
    let first = &items[0].head;
    assert_eq!(first.flags.bits, flag_bits::SEEN | flag_bits::ANSWERED | flag_bits::FLAGGED);
    assert_eq!(first.flags.keywords.iter().collect::<Vec<_>>(), ["$Work", "x"]);
    assert_eq!((first.uid.as_deref(), first.sender.as_str()), (Some("17"), "bob@crepes.fr"));
    assert_eq!(message::date::write(first.received.unwrap(), 0), "Mon, 2 Nov 2026 05:17:44 +0000");
    assert_eq!(items[0].content, b"Subject: x\r\n\r\nx\r\n");
    assert_eq!(items[1].head.flags.keywords.iter().collect::<Vec<_>>(), ["$Forwarded", "later"]);
    let takeout = &items[2];
    assert_eq!(
        (takeout.head.folder.as_deref(), takeout.content.as_slice()),
        (Some("INBOX"), &b"A: 2\r\n\r\nx\r\n"[..])
    );
    assert_eq!(message::date::write(takeout.head.received.unwrap(), 0), "Mon, 2 Nov 2026 04:17:44 +0000");
}

#[test]
fn long_lines_and_ends_without_line_end_are_read() {
    let long = "x".repeat(300_000);
    for end in ["", "\n", "\r", "\r\n"] {
        let text = format!("{FROM}A: 1\n\n{long}{end}");
        let cr = if end == "\r" { "\r" } else { "" };
        let read = contents(text.as_bytes());
        assert!(
            read == [format!("A: 1\r\n\r\n{long}\r\n")] || read == [format!("A: 1\r\n\r\n{long}{cr}\r\n")],
            "{end:?}"
        );
    }
}

fn head() -> impl Strategy<Value = Head> {
    let keywords = proptest::collection::btree_set("[A-Za-z$][a-z0-9]{0,8}", 0..4);
    (0_u64..32, keywords, proptest::option::of("[!-~]{1,20}"), 1_u64..2_000_000_000).prop_map(
        |(bits, words, uid, seconds)| {
            let mut flags = Flags::of(bits);
            words.iter().for_each(|word| flags.add(&Flags::keyword(word)));
            Head { flags, received: Some(Time(seconds * 1000)), uid, folder: None, sender: "a@b.fr".to_owned() }
        },
    )
}

/// Lines that look like what the form is made of, in any order.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "[ -~]{0,12}",
        Just(String::new()),
        Just("From me".to_owned()),
        Just(FROM.trim_end().to_owned()),
        Just(format!(">{}", FROM.trim_end())),
        Just("Subject: x".to_owned()),
        Just(" goes on".to_owned()),
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| {
        lines.iter().fold(Vec::new(), |mut content, line| {
            content.extend_from_slice(line.as_bytes());
            content.extend_from_slice(b"\r\n");
            content
        })
    })
}

proptest! {
    #[test]
    fn an_mbox_reads_back_what_was_written(messages in proptest::collection::vec((head(), content()), 0..5)) {
        let mut text = Vec::new();
        messages.iter().for_each(|(head, content)| mbox::write(head, content, NOW, &mut text));
        let read: Vec<(Head, Vec<u8>)> = read_mbox(&text).into_iter().map(|item| (item.head, item.content)).collect();
        prop_assert_eq!(read, messages);
    }

    #[test]
    fn any_octets_are_read_to_the_end(text in "(From a Mon Nov 02 05:17:44 2026|>From |Content-Length: [0-9]{1,2}|[a:\r\n ]{0,5}|\n){0,40}") {
        let mut reader = mbox::Reader::new(Cursor::new(text.clone().into_bytes()), 0, Path::new("box")).unwrap();
        let mut last = 0;
        while let Ok(Some(_)) = reader.next_message() {
            prop_assert!(reader.position() > last && reader.position() <= text.len() as u64);
            last = reader.position();
        }
    }

}

proptest! {
    // Every message is synced to the disk.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_maildir_reads_back_what_was_written(messages in proptest::collection::vec((head(), content(), 0..3_usize), 0..4)) {
        let folders = ["", "Work/Entw\u{fc}rfe", "Sent"];
        let scratch = tempfile::tempdir().unwrap();
        let mut writer = maildir::Writer::open(scratch.path(), "P1").unwrap();
        for (head, content, folder) in &messages {
            writer.add(folders[*folder], head, content).unwrap();
        }
        writer.settle().unwrap();
        let read = all(scratch.path());
        let mut expected: Vec<(String, Head, Vec<u8>)> = messages.into_iter().map(|(head, content, folder)| {
            (folders[folder].to_owned(), Head { uid: None, sender: String::new(), ..head }, content)
        }).collect();
        let sort = |items: &mut Vec<(String, Head, Vec<u8>)>| items.sort_by_key(|item| format!("{item:?}"));
        let mut read: Vec<_> = read.into_iter().map(|found| (found.folder, found.item.head, found.item.content)).collect();
        sort(&mut expected);
        sort(&mut read);
        prop_assert_eq!(read, expected);
    }
}

fn all(path: &Path) -> Vec<Found> {
    let mut source = Source::open(path).unwrap();
    let mut found = Vec::new();
    while let Some(next) = source.next_message().unwrap() {
        found.push(next);
    }
    found
}

#[test]
fn a_tree_of_everything_is_read() {
    let scratch = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = scratch.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Takeout/Mail/Work.mbox", &format!("{FROM}A: 1\n\nx\n\n{FROM}X-Gmail-Labels: Inbox\nA: 2\n\nx\n"));
    write("Takeout/archive_browser.html", "<html>");
    write("saved/one.eml", "A: 3\nDate: Mon, 2 Nov 2026 05:17:44 +0000\n\nx\n");
    write("saved/deep/two.emlx", "6\nA: 4\n\n<?xml version=\"1.0\"?>");
    write("saved/photo.jpg", "From \u{1}");
    write("dir/cur/1.host:2,S", "A: 5\n\nx\n");
    write("dir/new/2.host", "A: 6\n\nx\n");
    write("dir/.Sent/cur/3.host:2,RS", "A: 7\n\nx\n");
    std::fs::create_dir_all(scratch.path().join("dir/.Sent/new")).unwrap();
    let found: Vec<(String, String, String)> = all(scratch.path())
        .into_iter()
        .map(|found| (found.key, found.folder, String::from_utf8_lossy(&found.item.content[..4]).into_owned()))
        .collect();
    let is = |key: &str, folder: &str, what: &str| (key.to_owned(), folder.to_owned(), what.to_owned());
    let expected = [
        is("Takeout/Mail/Work.mbox#0", "Takeout/Mail/Work", "A: 1"),
        is("Takeout/Mail/Work.mbox#53", "INBOX", "A: 2"),
        is("dir#1.host", "dir", "A: 5"),
        is("dir#2.host", "dir", "A: 6"),
        is("dir/.Sent#3.host", "dir/Sent", "A: 7"),
        is("saved/deep/two.emlx#", "saved/deep", "A: 4"),
        is("saved/one.eml#", "saved", "A: 3"),
    ];
    assert_eq!(found, expected);
    assert!(matches!(Source::open(&scratch.path().join("saved/photo.jpg")), Err(Fault::NoMail(_))));
    assert!(matches!(Source::open(&scratch.path().join("none")), Err(Fault::Disk { .. })));
}

#[test]
fn single_messages_get_names_that_lead_nowhere() {
    let scratch = tempfile::tempdir().unwrap();
    let mut writer = eml::Writer::open(scratch.path()).unwrap();
    let head = Head { received: Some(NOW), ..Head::default() };
    let content =
        b"Subject: ../../\x1b[2J=?utf-8?q?=2Fetc=2Fpasswd?=\r\nDate: Wed, 07 Apr 2004 00:37:54 +0000\r\n\r\nx\r\n";
    writer.add("../Work", &head, content).unwrap();
    writer.add("../Work", &head, content).unwrap();
    writer.settle().unwrap();
    let found = all(scratch.path());
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|found| found.folder == "_./Work" && found.item.content == content));
    assert!(found.iter().all(|found| found.item.head.received == Some(NOW)));
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1);
}

/// A message under the same name is there once, even after somebody read it.
#[test]
fn a_delivery_told_twice_is_one() {
    let scratch = tempfile::tempdir().unwrap();
    let mut writer = maildir::Writer::open(scratch.path(), "P1").unwrap();
    assert!(writer.deliver("pop-1", b"A: 1\r\n\r\nx\r\n").unwrap());
    assert!(!writer.deliver("pop-1", b"A: 1\r\n\r\nx\r\n").unwrap());
    std::fs::rename(scratch.path().join("new/pop-1"), scratch.path().join("cur/pop-1:2,S")).unwrap();
    assert!(!writer.deliver("pop-1", b"A: 1\r\n\r\nx\r\n").unwrap());
    assert_eq!(std::fs::read(scratch.path().join("cur/pop-1:2,S")).unwrap(), b"A: 1\n\nx\n");
    assert_eq!(std::fs::read_dir(scratch.path().join("tmp")).unwrap().count(), 0);
}

#[test]
fn one_program_at_a_time_adds_to_an_mbox() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("box");
    let mut writer = mbox::Writer::open(&path).unwrap();
    assert!(matches!(mbox::Writer::open(&path), Err(Fault::Disk { .. })));
    writer.add(&Head::default(), b"A: 1\r\n\r\nx\r\n", NOW).unwrap();
    writer.settle().unwrap();
    assert_eq!(writer.end(), std::fs::metadata(&path).unwrap().len());
    drop(writer);
    let mut writer = mbox::Writer::open(&path).unwrap();
    let end = writer.end();
    writer.add_written(b"From x Mon Nov  2 05:17:44 2026\nB: 1\n\n").unwrap();
    writer.settle().unwrap();
    assert_eq!(writer.holds(end, b"From x Mon").unwrap(), Some(10));
    assert_eq!(writer.holds(end, &[b'F'; 100]).unwrap(), None);
    assert_eq!(writer.holds(writer.end(), b"From").unwrap(), Some(0));
    assert_eq!(writer.holds(writer.end() + 1, b"From").unwrap(), None);
    // A lock of a program that is gone holds nobody up.
    drop(writer);
    std::fs::write(scratch.path().join("box.lock"), i32::MAX.to_string()).unwrap();
    drop(mbox::Writer::open(&path).unwrap());
    std::fs::write(scratch.path().join("box.lock"), "").unwrap();
    assert!(mbox::Writer::open(&path).is_err());
    assert_eq!(all(&path).len(), 2);
}

#[test]
fn what_has_no_field_of_mail_is_no_letter() {
    let folder = tempfile::tempdir().unwrap();
    let opened = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Source::open(&path).map(drop)
    };
    let accounts = "root:x:0:0:root:/root:/bin/bash\nmail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n";
    assert!(matches!(opened("passwd", accounts), Err(Fault::NoMail(_))));
    assert!(opened("letter", "X-Spam: no\nMessage-ID: <1@x>\n\nhi\n").is_ok());
    assert!(matches!(opened("notes", "Note: x\n\nFrom: bob\n"), Err(Fault::NoMail(_))), "that is no header");
}
