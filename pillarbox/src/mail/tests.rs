//! Commands on a mirror with a few messages in it, from what is typed to what is shown and what the journal says.
#![allow(clippy::disallowed_methods, reason = "tests look at what was saved")]

use super::*;
use crate::command::{Arguments, Command};
use crate::screen::Form;
use crate::screen::paper::screen;
use agent::account::Settings;
use agent::mirror::{Arrival, FolderFound, MessageId, Role};
use message::Time;
use std::ffi::OsString;
use std::path::Path;

const ACCOUNTS: &str = "[[account]]\nname = \"bob\"\naddress = \"bob@crepes.fr\"\ndisplay_name = \"Bob\"\n\
    incoming = { kind = \"imap\", host = \"mail.crepes.fr\" }\n";

/// A desk with four messages in the inbox, and the folders of everybody.
pub fn desk(folder: &Path) -> Desk {
    let account = Settings::parse(ACCOUNTS, "accounts.toml").unwrap().accounts.remove(0);
    let desk = Desk::at(&folder.join("mirror/bob.sqlite"), account, Time(1_000_000)).unwrap();
    let found = |name: &str, role| FolderFound {
        remote: name.to_owned(),
        name: name.to_owned(),
        role,
        selectable: true,
        subscribed: true,
    };
    desk.mirror
        .pull(|pull| {
            let inbox = pull.folder(&found("INBOX", Role::Inbox))?;
            for (name, role) in [("Trash", Role::Trash), ("Archive", Role::Archive), ("Work/Red", Role::None)] {
                pull.folder(&found(name, role))?;
            }
            for (uid, subject) in (1..).zip(["Ketchup", "Re: Ketchup", "Crêpes\u{1b}[2J", "Files"]) {
                let content = letter(uid, subject);
                let end = message::header::section_end(&content, 0).unwrap_or_default();
                let header = content[..end].to_vec();
                let size = content.len() as u64;
                let received = Time(u64::from(uid) * 1000);
                let id = pull.arrive(inbox, &Arrival { uid, header, size, received, ..Arrival::default() })?;
                pull.content(id, &content)?;
            }
            Ok(())
        })
        .unwrap();
    desk
}

fn letter(uid: u32, subject: &str) -> Vec<u8> {
    let references = if uid == 2 { "<1@crepes.fr>" } else { "" };
    let (kind, body) = match uid {
        4 => (
            "multipart/mixed; boundary=b",
            "--b\r\nContent-Type: text/plain\r\n\r\nTwo files.\r\n\
             --b\r\nContent-Type: image/png; name=\"../../pic.png\"\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"../../pic.png\"\r\n\r\nzIE5\r\n\
             --b\r\nContent-Type: application/postscript; name=\"pic.png\"\r\n\r\n%!PS\r\n--b--\r\n",
        ),
        _ => ("text/plain; charset=utf-8", "Do you like ketchup?\r\nHow about pickles?\r\n"),
    };
    format!(
        "From: Alice <alice@hamburger.edu>\r\nTo: bob@crepes.fr, Carol <carol@crepes.fr>\r\nSubject: {subject}\r\n\
         Message-ID: <{uid}@crepes.fr>\r\nReferences: {references}\r\nMIME-Version: 1.0\r\n\
         Date: Thu, 1 Jan 1970 00:00:0{uid} +0000\r\nContent-Type: {kind}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Carries out a line after `pillarbox mail`: code, stdout, stderr.
pub fn typed(desk: &mut Desk, form: Form, line: &[&str]) -> (u8, String, String) {
    let words = ["pillarbox", "mail"].into_iter().chain(line.iter().copied());
    let arguments = Arguments::read(words.map(OsString::from)).unwrap();
    let Command::Mail(mail) = arguments.command else { panic!("not of mail") };
    let (mut screen, out, err) = screen(form, false);
    let code = match perform(mail.command, desk, &mut screen) {
        Ok(()) => 0,
        Err(trouble) => {
            screen.fail(&trouble);
            trouble.exit_code()
        }
    };
    (code, out.text(), err.text())
}

fn plain(desk: &mut Desk, line: &str) -> (u8, String, String) {
    typed(desk, Form::Plain, &line.split(' ').collect::<Vec<_>>())
}

fn ids(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split('\t').next()).collect()
}

#[test]
fn lists_are_tables_for_people_and_fields_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let (code, out, err) = plain(&mut desk, "list");
    assert_eq!((code, ids(&out), err.as_str()), (0, vec!["4", "3", "2", "1"], ""));
    assert!(out.contains("3\t\t1970-01-01T00:00:03.000Z\talice@hamburger.edu\tCrêpes\\u{1b}[2J\n"), "{out}");
    let (_, out, err) = plain(&mut desk, "list --limit 2 --offset 1");
    assert_eq!((ids(&out), err.as_str()), (vec!["3", "2"], "2 of 4 messages; --limit and --offset show more\n"));
    let (_, out, _) = plain(&mut desk, "list --threads");
    assert_eq!(ids(&out), ["4", "3", "2"]);
    let (_, out, _) = typed(&mut desk, Form::Human, &["list", "subject:ketchup", "--sort", "date", "--reverse"]);
    assert!(out.starts_with("ID  FLAGS  DATE"), "{out}");
    assert!(out.contains("\n 1  N") && out.contains("in 1 s  Alice  Ketchup\n"), "{out}");
    let (_, out, _) = typed(&mut desk, Form::Json, &["list", "--folder", "trash"]);
    assert_eq!(out, "{\"messages\":[],\"total\":0}\n");
    // Not even a program wants a line of a megabyte.
    let long = format!("Subject: {}\r\n\r\n", "x".repeat(5000));
    let trash = desk.mirror.folder_of_role(Role::Trash).unwrap().unwrap().id;
    desk.mirror.make_in(trash, long.as_bytes(), &agent::mirror::Flags::default(), Time(1)).unwrap();
    let (_, out, _) = plain(&mut desk, "list --folder trash");
    assert!(out.ends_with(&format!("\t{}…\n", "x".repeat(1999))), "{out}");
}

#[test]
fn a_search_that_cannot_be_meant_is_shown_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let (code, out, err) = plain(&mut desk, "search from:alice larger:much");
    assert_eq!((code, out.as_str()), (64, ""));
    assert!(err.contains("from:alice larger:much\npillarbox:                "), "{err}");
    for wrong in ["(", "OR", "from:", "(ketchup", "ketchup)"] {
        let (code, out, err) = plain(&mut desk, &format!("search {wrong}"));
        assert!(code == 64 && out.is_empty() && err.contains('^'), "{wrong}: {code} {out} {err}");
    }
    let (code, out, err) = plain(&mut desk, "search form:alice");
    assert!((code, out.as_str()) == (0, "") && err.contains("the word itself is looked for"), "{code} {out} {err}");
    let (code, out, _) = plain(&mut desk, "search has:attachment");
    assert_eq!((code, ids(&out)), (0, vec!["4"]));
    for (line, found) in [
        ("search -subject:ketchup", vec!["4", "3"]),
        ("search ketchup -has:attachment --limit 1", vec!["3"]),
        ("list -subject:ketchup -f inbox -r", vec!["3", "4"]),
        ("list -r -- -subject:ketchup -pickles", vec!["4"]),
    ] {
        assert_eq!(ids(&plain(&mut desk, line).1), found, "{line}");
    }
    let (code, _, err) = plain(&mut desk, "list --folder INBOXX");
    assert!(code == 67 && err.contains("did you mean INBOX?"), "{err}");
}

#[test]
fn what_is_done_is_seen_at_once_journaled_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    assert_eq!(plain(&mut desk, "flag 1-2 +seen +$work -flagged").2, "2 messages marked\n");
    assert_eq!(plain(&mut desk, "flag --query subject:crêpes +flagged").2, "1 message marked\n");
    assert_eq!(plain(&mut desk, "move 1 <2@crepes.fr> Work/Red").2, "2 messages moved to Work/Red\n");
    assert_eq!(plain(&mut desk, "delete 3").2, "1 message deleted\n");
    assert_eq!(plain(&mut desk, "archive last").2, "1 message moved to Archive\n");
    assert_eq!(ids(&plain(&mut desk, "list").1), Vec::<&str>::new());
    assert_eq!(ids(&plain(&mut desk, "list label:$work is:read -f work/red").1), ["2", "1"]);
    assert_eq!(plain(&mut desk, "delete 3").2, "1 message deleted\n");
    assert_eq!(ids(&plain(&mut desk, "search in:anywhere").1).len(), 3, "out of the trash it is gone");
    assert_eq!(desk.mirror.pending().unwrap().len(), 6);
    let undone: Vec<String> = (0..6).map(|_| plain(&mut desk, "undo").2).collect();
    assert_eq!(undone[0], "pillarbox: 1 message deleted: that cannot be taken back: it was for good\n");
    assert_eq!(undone[1], "taken back: 1 message moved to Archive\n");
    assert_eq!(undone[5], "taken back: 2 messages marked\n");
    assert!(!desk.mirror.row(MessageId(1)).unwrap().unwrap().flags.has_keyword("$work"));
    assert_eq!(plain(&mut desk, "undo").0, 67, "there is nothing left to take back");
}

#[test]
fn junk_is_told_to_the_server_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    assert_eq!(plain(&mut desk, "junk 1 2").0, 0);
    assert_eq!(ids(&plain(&mut desk, "list label:$Junk in:junk").1), ["2", "1"]);
    assert_eq!(plain(&mut desk, "junk --not 1").2, "1 message moved to INBOX\n");
    assert!(desk.mirror.row(MessageId(1)).unwrap().unwrap().flags.has_keyword("$NotJunk"));
}

#[test]
fn messages_that_are_not_there_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    for (line, code) in [
        ("move 99 Archive", 67),
        ("move 1 Nowhere", 67),
        ("move Archive", 64),
        ("archive pickles", 64),
        ("archive 1-999999", 64),
        ("archive <9@x>", 67),
        ("delete --query subject:nothing", 67),
        ("delete --query is:funny", 64),
        ("delete --query=", 64),
        ("delete --query=-", 64),
        ("delete --query=()", 64),
        ("flag --query= +seen", 64),
        ("archive 1 --query=\"\"", 64),
        ("flag 1", 64),
    ] {
        assert_eq!(plain(&mut desk, line).0, code, "{line}");
    }
    assert_eq!(typed(&mut desk, Form::Plain, &["delete", "--query", "  "]).0, 64);
    assert!(desk.mirror.pending().unwrap().is_empty(), "nothing was done");
    assert_eq!(plain(&mut desk, "flag --query * +seen").2, "4 messages marked\n");
}

#[test]
fn folders_are_made_renamed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    assert_eq!(plain(&mut desk, "folder create Work/Blue").2, "folder Work/Blue is made\n");
    assert_eq!(plain(&mut desk, "folder create Work/Blue").0, 73);
    assert_eq!(plain(&mut desk, "folder rename work/blue Work/Green").2, "work/blue is Work/Green now\n");
    plain(&mut desk, "move 1 work/green");
    let (_, out, _) = plain(&mut desk, "folder list --all");
    assert!(out.starts_with("INBOX\tinbox\t3\t3\n") && out.contains("Work/Green\t\t1\t1\n"), "{out}");
    assert_eq!(plain(&mut desk, "folder delete Work/Green").0, 0);
    assert!(!plain(&mut desk, "folder list --all").1.contains("Green"));
    assert_eq!(plain(&mut desk, "folder delete Work/Green").0, 67);
    plain(&mut desk, "folder create Work");
    assert_eq!(plain(&mut desk, "folder delete work").2, "work is removed; what lies below it stays\n");
    assert!(plain(&mut desk, "folder list --all").1.contains("Work/Red"));
}

#[test]
fn what_went_for_good_is_not_taken_back_and_what_was_done_before_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    plain(&mut desk, "flag 4 +flagged");
    plain(&mut desk, "archive 1 2");
    plain(&mut desk, "move 3 Trash");
    assert_eq!(plain(&mut desk, "delete 3 4").2, "2 messages deleted\n");
    assert_eq!(plain(&mut desk, "delete 1 2 --for-good").0, 0);
    let said = |code: u8, text: &str| (code, String::new(), format!("{text}\n"));
    let lost = "pillarbox: 2 messages deleted: that cannot be taken back: it was for good";
    assert_eq!(plain(&mut desk, "undo"), said(69, lost));
    let part = "pillarbox: 2 messages deleted: taken back, but for what went for good";
    assert_eq!(plain(&mut desk, "undo"), said(69, part));
    assert_eq!(ids(&plain(&mut desk, "list").1), ["4"]);
    for moved in ["1 message moved to Trash", "2 messages moved to Archive"] {
        let none = format!("pillarbox: {moved}: that cannot be taken back any more: no message of it is left");
        assert_eq!(plain(&mut desk, "undo"), said(69, &none));
    }
    assert_eq!(plain(&mut desk, "undo"), said(0, "taken back: 1 message marked"));
    assert_eq!(plain(&mut desk, "undo").0, 67);
}

#[test]
fn a_folder_that_is_gone_keeps_nothing_else_from_being_taken_back() {
    for is_told in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = desk(folder.path());
        for line in ["archive 1", "folder create Q", "folder rename Q R", "move 2 R", "move 2 INBOX", "folder delete R"]
        {
            assert_eq!(plain(&mut desk, line).0, 0, "{line}");
        }
        for pending in desk.mirror.pending().unwrap().into_iter().filter(|_| is_told) {
            desk.mirror.told(pending.id, &agent::mirror::Told::default()).unwrap();
        }
        let (code, _, said) = plain(&mut desk, "undo");
        assert_eq!(
            (code, said.as_str()),
            (69, "pillarbox: R is removed: that cannot be taken back: it was for good\n")
        );
        for done in ["1 message moved to INBOX", "1 message moved to R", "Q is R now", "folder Q is made"] {
            let gone = format!("pillarbox: {done}: that cannot be taken back any more: there is no such folder\n");
            assert_eq!(plain(&mut desk, "undo"), (69, String::new(), gone), "told: {is_told}");
        }
        assert_eq!(ids(&plain(&mut desk, "list").1), ["4", "3", "2"], "no message went with the folder");
        assert_eq!(plain(&mut desk, "undo").2, "taken back: 1 message moved to Archive\n");
    }
}

#[test]
fn a_message_is_read_safely_and_marked() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    assert_eq!(plain(&mut desk, "flag 2 +flagged").0, 0);
    let (code, out, _) = plain(&mut desk, "read 3 --keep-unread");
    assert!(code == 0 && out.contains("Subject: Crêpes") && out.contains("\n\nDo you like ketchup?\n"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out:?}");
    assert!(!desk.mirror.row(MessageId(3)).unwrap().unwrap().flags.has(1));
    let (_, out, _) = plain(&mut desk, "read 3 --raw");
    assert!(out.contains("\u{1b}[2J") && out.contains("\r\n\r\nDo you"), "a pipe gets it as it stands: {out:?}");
    assert!(desk.mirror.row(MessageId(3)).unwrap().unwrap().flags.has(1));
    let (_, out, _) = typed(&mut desk, Form::Human, &["read", "3", "--raw"]);
    assert!(!out.contains('\u{1b}'), "a terminal does not: {out:?}");
    let (_, out, _) = typed(&mut desk, Form::Json, &["read", "1", "4"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["messages"][1]["parts"].as_array().map(Vec::len), Some(3), "{json}");
    assert_eq!(json["messages"][0]["message"]["id"], 1);
    assert_eq!(plain(&mut desk, "undo").2, "taken back: 1 message marked\n", "reading is not taken back");
    assert_eq!(plain(&mut desk, "read 4 --part 9").0, 67);
}

#[test]
fn attachments_are_saved_under_safe_names_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let place = folder.path().join("down");
    std::fs::create_dir(&place).unwrap();
    let to = place.display().to_string();
    let (code, out, err) = plain(&mut desk, &format!("save 4 --to {to}"));
    assert_eq!((code, out, err), (0, format!("{to}/pic.png\n{to}/pic-2.png\n"), String::new()));
    assert_eq!(std::fs::read(place.join("pic.png")).unwrap(), [0xCC, 0x81, 0x39]);
    let (_, out, _) = plain(&mut desk, &format!("save 4 --part 2 --to {to} --force"));
    assert_eq!(out, format!("{to}/pic.png\n"));
    let (_, out, _) = plain(&mut desk, &format!("save 4 --message --to {to}"));
    assert_eq!(out, format!("{to}/4.eml\n"));
    assert!(std::fs::read_to_string(place.join("4.eml")).unwrap().starts_with("From: Alice"));
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 3, "nothing else is left");
    assert_eq!(plain(&mut desk, "save 4 --to /nowhere/at/all").0, 73);
    assert_eq!(plain(&mut desk, &format!("save 1 --to {to}")).0, 67, "there is no attachment");
}

#[test]
fn answers_go_where_they_belong() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let (code, out, err) = typed(&mut desk, Form::Plain, &["reply", "2", "--dry-run", "-m", "Yes."]);
    assert_eq!(code, 0, "{err}");
    for part in [
        "From: Bob <bob@crepes.fr>\r\n",
        "To: Alice <alice@hamburger.edu>\r\n",
        "Subject: Re: Ketchup\r\n",
        "In-Reply-To: <2@crepes.fr>\r\n",
        "References: <1@crepes.fr> <2@crepes.fr>\r\n",
        "Yes.",
        "> Do you like ketchup?",
    ] {
        assert!(out.contains(part), "{part:?} is not in:\n{out}");
    }
    let (_, out, _) = typed(&mut desk, Form::Plain, &["reply", "2", "--all", "--dry-run", "-m", "Yes."]);
    assert!(out.contains("Cc: Carol <carol@crepes.fr>\r\n") && !out.contains("Cc: bob"), "{out}");
    assert_eq!(typed(&mut desk, Form::Plain, &["reply", "2", "-m", "Yes."]).2, "letter 1 is queued\n");
    assert_eq!(desk.mirror.outgoing().unwrap()[0].posting.answers, Some(MessageId(2)));
    assert_eq!(typed(&mut desk, Form::Plain, &["reply", "99", "-m", "Yes."]).0, 67);
    let elsewhere = ["reply", "2", "--all", "--to", "dora@crepes.fr", "-n", "-m", "Yes."];
    let (_, out, _) = typed(&mut desk, Form::Plain, &elsewhere);
    assert!(out.contains("To: dora@crepes.fr\r\nCc: Carol <carol@crepes.fr>\r\n"), "{out}");
    let (code, _, err) = typed(&mut desk, Form::Plain, &["reply", "2", "--list", "-m", "Yes."]);
    assert!(code == 65 && err.contains("message 2 came by no list"), "{err}");
    let (_, out, _) = typed(&mut desk, Form::Plain, &["reply", "3", "-n", "-m", "Yes."]);
    // `Re: Crêpes[2J`
    assert!(out.contains("Subject: =?utf-8?B?UmU6IENyw6pwZXNbMko=?=\r\n"), "{out}");
}

#[test]
fn messages_are_sent_on_within_or_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let line = |ids: &[&'static str], form: &'static str| {
        let end = ["--to", "dora@crepes.fr", "-m", "See below.", "-n", form];
        [&["forward"], ids, &end[..]].concat()
    };
    let (code, out, err) = typed(&mut desk, Form::Plain, &line(&["4"], "--inline"));
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("Subject: Fwd: Files\r\n") && out.contains("image/png") && out.contains("Two files."),
        "{out}"
    );
    let (_, out, _) = typed(&mut desk, Form::Plain, &line(&["1-2"], "--attached"));
    assert_eq!(out.matches("Content-Type: message/rfc822").count(), 2, "{out}");
}

#[test]
fn what_waits_is_listed_taken_back_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    assert_eq!(plain(&mut desk, "outbox list").2, "nothing waits to be sent\n");
    typed(&mut desk, Form::Plain, &["reply", "1", "-m", "Yes.", "--at", "+2h"]);
    let (_, out, _) = plain(&mut desk, "outbox list");
    assert_eq!(out, "1\twaiting\t1970-01-01T02:16:40.000Z\talice@hamburger.edu\tRe: Ketchup\t\n");
    assert_eq!(plain(&mut desk, "outbox retry 1").2, "1 letter sent at the next chance\n");
    assert!(plain(&mut desk, "outbox list").1.contains("1970-01-01T00:16:40.000Z"));
    assert_eq!(plain(&mut desk, "outbox cancel 1").2, "1 letter not sent, among the drafts\n");
    assert_eq!(ids(&plain(&mut desk, "list --folder drafts").1).len(), 1);
    assert_eq!(plain(&mut desk, "outbox cancel 1").0, 67);
}

#[test]
fn mail_is_put_aside_listed_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(folder.path());
    let until = Time(desk.now.0 + 7_200_000);
    let (code, _, said) = plain(&mut desk, "snooze 1 2 2h");
    assert!(code == 0 && said.starts_with("2 messages put aside until 1970-01-01T02:16:40"), "{said}");
    assert_eq!(ids(&plain(&mut desk, "list").1), ["4", "3"]);
    let (_, out, _) = plain(&mut desk, "list --snoozed");
    assert!(ids(&out) == ["2", "1"] && out.contains("\t1970-01-01T02:16:40"), "{out}");
    let (_, out, _) = typed(&mut desk, Form::Json, &["list", "--snoozed"]);
    assert!(out.contains("\"until\":\"1970-01-01T02:16:40"), "{out}");
    assert_eq!(plain(&mut desk, "snooze 2 now").2, "1 message brought back\n");
    assert_eq!(plain(&mut desk, "undo").2, "taken back: 1 message brought back\n");
    assert_eq!(ids(&plain(&mut desk, "list --snoozed").1), ["2", "1"]);
    desk.now = until;
    assert_eq!(ids(&plain(&mut desk, "list").1), ["4", "3", "2", "1"]);
    for wrong in ["snooze 1", "snooze 1 soon", "snooze 1 520w2h", "snooze 1 530w", "snooze 9 2h"] {
        assert_ne!(plain(&mut desk, wrong).0, 0, "{wrong}");
    }
}
