//! The mirror by example: what comes, what is done, what is sent.

#![allow(clippy::unwrap_used)]
mod random;

use super::*;
use message::Time;
use message::flags::flag_bits;
use message::search::query;

fn mirror() -> (tempfile::TempDir, Mirror) {
    let dir = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(&dir.path().join("mirror.sqlite")).unwrap();
    (dir, mirror)
}

fn folder(mirror: &Mirror, name: &str, role: Role) -> FolderId {
    let found =
        FolderFound { remote: name.to_owned(), name: name.to_owned(), role, selectable: true, subscribed: true };
    mirror.pull(|pull| pull.folder(&found)).unwrap()
}

fn letter(id: &str, subject: &str, references: &str) -> Vec<u8> {
    format!(
        "From: Alice <alice@hamburger.edu>\r\nTo: bob@crepes.fr\r\nSubject: {subject}\r\nMessage-ID: <{id}>\r\n\
         References: {references}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\nDo you like ketchup?\r\n"
    )
    .into_bytes()
}

fn arrival(uid: u32, id: &str, subject: &str) -> Arrival {
    let content = letter(id, subject, "");
    let end = message::header::section_end(&content, 0).unwrap();
    let header = content[..end].to_vec();
    Arrival {
        uid,
        header,
        received: Time(1_000_000 * u64::from(uid)),
        size: content.len() as u64,
        ..Arrival::default()
    }
}

fn subjects(mirror: &Mirror, folder: FolderId) -> Vec<String> {
    let view = View { folder: Some(folder), ..View::default() };
    mirror.rows(&view, Time(0), 0, 100).unwrap().into_iter().map(|row| row.subject).collect()
}

#[test]
fn what_comes_is_listed_counted_and_found() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let first = mirror
        .pull(|pull| {
            let first = pull.arrive(inbox, &arrival(1, "1@x", "Ketchup"))?;
            pull.content(first, &letter("1@x", "Ketchup", ""))?;
            pull.arrive(inbox, &arrival(2, "2@x", "Pickles and 日本語"))?;
            Ok(first)
        })
        .unwrap();
    assert_eq!(subjects(&mirror, inbox), ["Pickles and 日本語", "Ketchup"]);
    let folder = mirror.folder(inbox).unwrap();
    assert_eq!((folder.total, folder.unread), (2, 2));
    let find = |text: &str| {
        let view = View { query: Some(query::parse(text).query), ..View::default() };
        mirror.ids(&view, Time(0)).unwrap().len()
    };
    assert_eq!(find("ketch"), 2 - usize::from(mirror.held(MessageId(first.0 + 1)).unwrap() == Held::Header));
    assert_eq!(find("from:alice subject:pickles"), 1);
    assert_eq!(find("本語"), 1);
    assert_eq!(find("like -in:inbox"), 0);
    assert_eq!(find("is:unread in:inbox"), 2);
    assert_eq!(mirror.row(first).unwrap().unwrap().preview, "Do you like ketchup?");
    assert_eq!(mirror.content(first).unwrap().unwrap(), letter("1@x", "Ketchup", ""));
}

#[test]
fn what_the_user_did_outlives_what_the_server_says() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let trash = folder(&mirror, "Trash", Role::Trash);
    let id = mirror.pull(|pull| pull.arrive(inbox, &arrival(7, "7@x", "Ketchup"))).unwrap();
    let seen = Flags::of(flag_bits::SEEN);
    mirror.act(Action::Flag { messages: vec![id], add: seen, remove: Flags::default() }).unwrap();
    let moved = mirror.act(Action::Move { messages: vec![id], from: inbox, to: trash }).unwrap();
    mirror.pull(|pull| pull.flags(inbox, 7, &Flags::of(flag_bits::FLAGGED))).unwrap();
    let row = mirror.row(id).unwrap().unwrap();
    assert!(row.flags.has(flag_bits::SEEN | flag_bits::FLAGGED));
    assert_eq!(mirror.folders_of(id).unwrap(), [trash]);
    assert_eq!((mirror.folder(inbox).unwrap().total, mirror.folder(trash).unwrap().unread), (0, 0));
    mirror.act_all(&moved.inverse).unwrap();
    assert_eq!(mirror.folders_of(id).unwrap(), [inbox]);
    assert_eq!(mirror.pending().unwrap().len(), 3);
    for pending in mirror.pending().unwrap() {
        mirror.told(pending.id, &Told::default()).unwrap();
    }
    assert_eq!(mirror.folders_of(id).unwrap(), [inbox]);
    assert!(mirror.server_flags(id).unwrap().has(flag_bits::SEEN));
    assert_eq!(mirror.server_flags(id).unwrap().bits, flag_bits::SEEN | flag_bits::FLAGGED);
}

#[test]
fn what_the_server_has_no_more_does_not_rise_again() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let trash = folder(&mirror, "Trash", Role::Trash);
    let id = mirror.pull(|pull| pull.arrive(inbox, &arrival(7, "7@x", "Ketchup"))).unwrap();
    mirror.act(Action::Move { messages: vec![id], from: inbox, to: trash }).unwrap();
    mirror.pull(|pull| pull.vanish(inbox, 7)).unwrap();
    assert_eq!(mirror.row(id).unwrap(), None);
    assert_eq!(mirror.folder(trash).unwrap().total, 0);
}

#[test]
fn a_move_whose_uid_nobody_told_is_known_again_when_it_comes() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let trash = folder(&mirror, "Trash", Role::Trash);
    let id = mirror.pull(|pull| pull.arrive(inbox, &arrival(7, "7@x", "Ketchup"))).unwrap();
    let moved = mirror.act(Action::Move { messages: vec![id], from: inbox, to: trash }).unwrap();
    mirror.told(moved.id, &Told::default()).unwrap();
    assert_eq!(mirror.places(id).unwrap(), [Place { folder: trash, uid: 0 }]);
    let again = mirror.pull(|pull| pull.arrive(trash, &arrival(3, "7@x", "Ketchup"))).unwrap();
    assert_eq!(again, id);
    assert_eq!(mirror.places(id).unwrap(), [Place { folder: trash, uid: 3 }]);
}

#[test]
fn a_draft_is_kept_once_whether_or_not_its_append_was_heard_of() {
    let (_dir, mirror) = mirror();
    let drafts = folder(&mirror, "Drafts", Role::Drafts);
    let id = mirror.save_draft(&letter("d@x", "Draft", ""), drafts, None, Time(5)).unwrap();
    assert_eq!(subjects(&mirror, drafts), ["Draft"]);
    let pending = mirror.next_action(Time(5)).unwrap().unwrap();
    mirror.begin(pending.id).unwrap();
    let came = mirror.pull(|pull| pull.arrive(drafts, &arrival(9, "d@x", "Draft"))).unwrap();
    assert_eq!(came, id);
    assert!(mirror.pending().unwrap().is_empty());
    let newer = mirror.save_draft(&letter("e@x", "Draft, better", ""), drafts, Some(id), Time(6)).unwrap();
    assert_eq!(subjects(&mirror, drafts), ["Draft, better"]);
    assert_ne!(newer, id);
}

#[test]
fn a_letter_waits_is_sent_and_filed() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let sent = folder(&mirror, "Sent", Role::Sent);
    let asked = mirror.pull(|pull| pull.arrive(inbox, &arrival(1, "1@x", "Ketchup"))).unwrap();
    let content = letter("a@x", "Re: Ketchup", "<1@x>");
    let posting = Posting { file_in: Some(sent), answers: Some(asked), ..Posting::default() };
    let id = mirror.post(&content, &posting, Time(10), Time(20)).unwrap();
    assert!(mirror.next_outgoing(Time(19)).unwrap().is_none());
    let due = mirror.next_outgoing(Time(20)).unwrap().unwrap();
    assert_eq!((due.id, &due.posting), (id, &posting));
    mirror.begin_sending(id).unwrap();
    assert!(mirror.begin_sending(id).is_err());
    mirror.sent(id, false, None).unwrap();
    assert!(mirror.outgoing().unwrap().is_empty());
    assert_eq!(subjects(&mirror, sent), ["Re: Ketchup"]);
    assert!(mirror.row(asked).unwrap().unwrap().flags.has(flag_bits::ANSWERED));
    let thread = mirror.row(asked).unwrap().unwrap().thread;
    assert_eq!(mirror.thread(thread).unwrap().len(), 2);
}

#[test]
fn a_letter_that_the_server_files_is_not_filed_again() {
    let (_dir, mirror) = mirror();
    let sent = folder(&mirror, "Sent", Role::Sent);
    let posting = Posting { file_in: Some(sent), ..Posting::default() };
    let id = mirror.post(&letter("a@x", "Ketchup", ""), &posting, Time(10), Time(10)).unwrap();
    mirror.begin_sending(id).unwrap();
    mirror.sent(id, true, None).unwrap();
    assert!(mirror.outgoing().unwrap().is_empty());
    assert!(mirror.pending().unwrap().is_empty());
    assert_eq!(subjects(&mirror, sent), [""; 0]);
}

#[test]
fn a_letter_that_went_to_some_is_filed_once_and_goes_on_for_the_rest() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let (sent, drafts) = (folder(&mirror, "Sent", Role::Sent), folder(&mirror, "Drafts", Role::Drafts));
    let asked = mirror.pull(|pull| pull.arrive(inbox, &arrival(1, "1@x", "Ketchup"))).unwrap();
    let draft = mirror.save_draft(&letter("a@x", "Re: Ketchup", "<1@x>"), drafts, None, Time(5)).unwrap();
    let envelope = |who: &[&str]| Envelope {
        reverse_path: "alice@hamburger.edu".to_owned(),
        recipients: who.iter().map(|&who| who.to_owned()).collect(),
        smtputf8: true,
    };
    let signed = crate::sealing::Choice { signs: true, ..crate::sealing::Choice::default() };
    let posting = Posting {
        envelope: envelope(&["b@x", "c@x"]),
        file_in: Some(sent),
        draft: Some((draft, drafts)),
        answers: Some(asked),
        forwards: Vec::new(),
        sealing: signed,
    };
    let content = letter("a@x", "Re: Ketchup", "<1@x>");
    let id = mirror.post(&content, &posting, Time(10), Time(10)).unwrap();
    mirror.begin_sending(id).unwrap();
    mirror.sent_in_part(id, &["c@x".to_owned()], None).unwrap();
    mirror.not_sent(id, OutgoingState::Refused, "who?", Time(20)).unwrap();
    assert_eq!((subjects(&mirror, sent), subjects(&mirror, drafts)), (vec!["Re: Ketchup".to_owned()], Vec::new()));
    assert!(mirror.row(asked).unwrap().unwrap().flags.has(flag_bits::ANSWERED));
    let copy = mirror.messages_in(sent).unwrap()[0];
    assert_eq!(mirror.content(copy).unwrap().unwrap(), content);
    let rest = mirror.outgoing().unwrap().remove(0);
    assert_eq!(
        (rest.posting, rest.state),
        (Posting { envelope: envelope(&["c@x"]), sealing: signed, ..Posting::default() }, OutgoingState::Refused)
    );
    // It goes to the rest later: what was filed is filed. What is taken back is a draft, and no letter that was sent is one.
    let back = mirror.take_back(id, Some(drafts)).unwrap().unwrap();
    assert!(mirror.row(back).unwrap().unwrap().flags.has(flag_bits::DRAFT));
    assert!(!mirror.row(copy).unwrap().unwrap().flags.has(flag_bits::DRAFT));
    assert_eq!((subjects(&mirror, sent).len(), subjects(&mirror, drafts).len()), (1, 1));
}

#[test]
fn what_was_put_off_is_due_at_once_and_what_is_to_go_later_is_not() {
    let (_dir, mirror) = mirror();
    let post = |at| mirror.post(&letter("a@x", "Ketchup", ""), &Posting::default(), Time(10), Time(at)).unwrap();
    let (put_off, later, refused) = (post(10), post(90_000), post(10));
    for (id, state) in [(put_off, OutgoingState::Waiting), (refused, OutgoingState::Refused)] {
        mirror.begin_sending(id).unwrap();
        mirror.not_sent(id, state, "nobody answers", Time(60_010)).unwrap();
    }
    assert_eq!(mirror.next_outgoing(Time(20)).unwrap(), None);
    mirror.send_put_off(Time(20)).unwrap();
    let due = mirror.next_outgoing(Time(20)).unwrap().unwrap();
    assert_eq!((due.id, due.error.as_str()), (put_off, "nobody answers"));
    let times: Vec<(OutgoingId, Time)> =
        mirror.outgoing().unwrap().into_iter().map(|letter| (letter.id, letter.not_before)).collect();
    assert_eq!(times, [(put_off, Time(20)), (later, Time(90_000)), (refused, Time(60_010))]);
}

#[test]
fn blind_recipients_do_not_go_out() {
    let message = b"To: a@x\r\nBcc: b@x,\r\n c@x\r\nSubject: Bcc: not this\r\nbcc : d@x\r\n\r\nBcc: nor this\r\n";
    assert_eq!(without_bcc(message), b"To: a@x\r\nSubject: Bcc: not this\r\n\r\nBcc: nor this\r\n");
}

#[test]
fn a_large_message_comes_in_pieces() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let id = mirror.pull(|pull| pull.arrive(inbox, &arrival(1, "1@x", "Large"))).unwrap();
    let mut content = letter("1@x", "Large", "");
    content.extend((0..1_000_000u32).map(|n| if n % 70 == 69 { b'\n' } else { b'a' + (n % 23) as u8 }));
    let mut upload = mirror.upload(id).unwrap();
    content.chunks(10_007).for_each(|piece| upload.push(piece).unwrap());
    upload.finish().unwrap();
    assert_eq!(mirror.content(id).unwrap().unwrap(), content);
    assert_eq!(mirror.range(id, 262_140..262_150).unwrap(), content[262_140..262_150]);
    assert_eq!(mirror.to_fetch(10).unwrap(), []);
}

#[test]
fn folders_are_made_renamed_and_deleted_before_the_server_knows() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let (work, _) = mirror.create_folder("Work").unwrap();
    let (deep, _) = mirror.create_folder("Work/Deep").unwrap();
    assert!(matches!(mirror.create_folder("Work"), Err(Error::FolderExists(_))));
    mirror.act(Action::RenameFolder { folder: work, name: "Play".to_owned() }).unwrap();
    assert_eq!(mirror.folder(deep).unwrap().name, "Play/Deep");
    assert!(mirror.act(Action::DeleteFolder { folder: inbox }).is_err());
    mirror.act(Action::DeleteFolder { folder: deep }).unwrap();
    let names: Vec<String> = mirror.folders().unwrap().into_iter().map(|folder| folder.name).collect();
    assert_eq!(names, ["INBOX", "Play"]);
    for wrong in ["", "a//b", "/a", "a\u{7}b"] {
        assert!(mirror.create_folder(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn what_was_popped_is_not_fetched_again() {
    let (_dir, mirror) = mirror();
    let inbox = mirror.folder_for(Role::Inbox).unwrap();
    mirror.settle_here().unwrap();
    let content = letter("1@x", "Ketchup", "");
    assert!(mirror.take_popped(inbox, "uidl-1", &content, Time(5)).unwrap().is_some());
    assert!(mirror.take_popped(inbox, "uidl-1", &content, Time(6)).unwrap().is_none());
    assert_eq!(subjects(&mirror, inbox), ["Ketchup"]);
    assert_eq!(mirror.popped("uidl-1").unwrap(), Some(Time(5)));
}

#[test]
fn two_copies_in_one_folder_are_two_messages_where_messages_have_ids() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let arrive = |id: &str| {
        let copy = Arrival { remote: Some(id.to_owned()), uid: 0, ..arrival(1, "same@x", "Twice") };
        mirror.pull(|pull| pull.arrive(inbox, &copy)).unwrap()
    };
    let (first, second) = (arrive("a"), arrive("b"));
    assert_ne!(first, second);
    assert_eq!(arrive("a"), first);
    assert_eq!(mirror.folder(inbox).unwrap().total, 2);
}

#[test]
fn a_folder_the_server_refuses_goes_and_its_messages_stay_where_they_were() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let id = mirror.pull(|pull| pull.arrive(inbox, &arrival(7, "7@x", "Ketchup"))).unwrap();
    let (new, made) = mirror.create_folder("No.good").unwrap();
    mirror.act(Action::Move { messages: vec![id], from: inbox, to: new }).unwrap();
    let draft = mirror.make_in(new, &letter("8@x", "Draft", ""), &Flags::default(), Time(1)).unwrap();
    mirror.give_up(made.id).unwrap();
    assert!(mirror.folder_named("No.good").unwrap().is_none());
    assert_eq!(mirror.folders_of(id).unwrap(), [inbox]);
    assert!(mirror.content(draft).unwrap().is_some(), "what was written is not lost");
    assert_eq!(mirror.pending().unwrap().len(), 1);
}

/// Conversations of a folder, as the list without a question and the one with a question that all answer find them.
fn conversations(mirror: &Mirror, view: &View, page: (u64, u64)) -> Vec<(MessageId, u64, u64)> {
    let found = mirror.conversations(view, Time(0), page.0, page.1).unwrap();
    found.into_iter().map(|it| (it.newest.id, it.messages, it.unread)).collect()
}

#[test]
fn conversations_of_a_folder_are_those_of_its_messages_in_either_direction_and_page_by_page() {
    let (_dir, mirror) = mirror();
    let folders = [folder(&mirror, "INBOX", Role::Inbox), folder(&mirror, "Work", Role::None)];
    mirror
        .pull(|pull| {
            for uid in 1..=60 {
                // Three conversations grow, the others have one message; times come in pairs.
                let id = format!("{uid}@x");
                let earlier = if uid > 3 && uid % 5 < 3 { format!("<{}@x>", uid % 3 + 1) } else { String::new() };
                let content = letter(&id, &format!("Letter {uid}"), &earlier);
                let header = content[..message::header::section_end(&content, 0).unwrap()].to_vec();
                let flags = Flags { bits: u64::from(uid % 2), ..Flags::default() };
                let received = Time(1000 * u64::from(uid / 2));
                let size = content.len() as u64;
                let arrival = Arrival { uid, header, received, size, flags, ..Arrival::default() };
                pull.arrive(folders[usize::from(uid % 7 == 0)], &arrival)?;
            }
            Ok(())
        })
        .unwrap();
    for folder in folders {
        for reversed in [false, true] {
            let whole = View { folder: Some(folder), reversed, ..View::default() };
            let asked = View { query: Some(query::parse("from:alice").query), ..whole.clone() };
            let all = conversations(&mirror, &whole, (0, 100));
            let sums = all.iter().fold((0, 0), |sums, (_, messages, unread)| (sums.0 + messages, sums.1 + unread));
            let counted = mirror.folder(folder).unwrap();
            assert_eq!(sums, (counted.total, counted.unread));
            let counts_of = |list: &[(MessageId, u64, u64)]| list.iter().map(|it| (it.1, it.2)).collect::<Vec<_>>();
            let of_question = conversations(&mirror, &asked, (0, 100));
            assert_eq!(counts_of(&all), counts_of(&of_question));
            assert_eq!(mirror.count_conversations(&whole, Time(0)).unwrap(), all.len() as u64);
            assert_eq!(mirror.count_conversations(&asked, Time(0)).unwrap(), all.len() as u64);
            let pages: Vec<_> = (0..30).flat_map(|page| conversations(&mirror, &whole, (page * 3, 3))).collect();
            assert_eq!(pages, all);
        }
    }
}

#[test]
fn days_of_searches_are_those_of_the_clock() {
    let dir = tempfile::tempdir().unwrap();
    let honolulu = message::zone::Zone::fixed(-600);
    let mirror = Mirror::open_in(&dir.path().join("mirror.sqlite"), honolulu).unwrap();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    // 2026-11-22 09:59:59 UTC is the last second of the 21st in Honolulu.
    let midnight = Time(1_795_341_600_000);
    for (uid, received) in [(1, Time(midnight.0 - 1000)), (2, midnight)] {
        let one = Arrival { received, ..arrival(uid, &format!("{uid}@x"), &format!("Letter {uid}")) };
        mirror.pull(|pull| pull.arrive(inbox, &one)).unwrap();
    }
    let find = |text: &str| {
        let view = View { folder: Some(inbox), query: Some(query::parse(text).query), ..View::default() };
        let now = midnight.after(Duration::from_secs(60));
        mirror.rows(&view, now, 0, 10).unwrap().into_iter().map(|row| row.subject).collect::<Vec<_>>()
    };
    let (first, second) = (vec!["Letter 1".to_owned()], vec!["Letter 2".to_owned()]);
    assert_eq!((find("on:2026-11-21"), find("on:2026-11-22")), (first.clone(), second.clone()));
    assert_eq!((find("on:today"), find("on:yesterday")), (second.clone(), first.clone()));
    assert_eq!((find("before:today"), find("after:today")), (first.clone(), second.clone()));
    assert_eq!((find("before:2026-11-22"), find("after:2026-11-22")), (first, second));
}

#[test]
fn messages_that_go_into_folders_are_told_in_runs() {
    let (_dir, mirror) = mirror();
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let make = |name: &str| mirror.make_in(inbox, &letter(name, "x", ""), &Flags::default(), Time(1)).unwrap();
    let (one, two, three) = (make("1@x"), make("2@x"), make("3@x"));
    let run = |most| {
        let run = mirror.next_appends(Time(10), most).unwrap();
        run.into_iter().map(|pending| pending.action.messages()[0]).collect::<Vec<_>>()
    };
    assert_eq!((run(2), run(3), run(9)), (vec![one, two], vec![one, two, three], vec![one, two, three]));
    // One that goes into another folder besides is a copy, once it is there.
    mirror.act(Action::Append { message: one, to: folder(&mirror, "Work", Role::None) }).unwrap();
    let four = make("4@x");
    assert_eq!(run(9), [one, two, three]);
    let pending = mirror.pending().unwrap();
    mirror.put_off(pending[1].id, "later", Time(11)).unwrap();
    assert_eq!(run(9), [one]);
    mirror.begin_all(&[pending[0].id, pending[1].id]).unwrap();
    assert_eq!(mirror.pending().unwrap().iter().filter(|pending| pending.unsure).count(), 2);
    mirror.told_each(&[(pending[0].id, Told::default()), (pending[1].id, Told::default())]).unwrap();
    assert_eq!(run(9), [three, one, four]);
}
