//! Dialogues: what is typed, what is said, what comes of it, in a world of memory.

use super::*;
use std::collections::BTreeMap;

/// A world that remembers.
#[derive(Default)]
struct Paper {
    lines: Vec<Said>,
    said: String,
    files: BTreeMap<String, Vec<u8>>,
    mailbox: Mailbox,
    closed: Option<Mailbox>,
    sent: Vec<Letter>,
    ran: Vec<String>,
    refuses: bool,
    fate: Option<Fate>,
    copied: Vec<(Vec<u64>, String)>,
}

impl World for Paper {
    fn line(&mut self, prompt: &str) -> Said {
        let said = if self.lines.is_empty() { Said::End } else { self.lines.remove(0) };
        if !prompt.is_empty() {
            let typed = if let Said::Line(line) = &said { line.as_str() } else { "" };
            self.said.push_str(&format!("{prompt}{typed}\n"));
        }
        said
    }
    fn rest(&mut self) -> Result<Vec<u8>, String> {
        let mut rest = Vec::new();
        for said in self.lines.drain(..) {
            match said {
                Said::Line(line) => rest.extend(format!("{line}\n").into_bytes()),
                Said::Octets(line) => rest.extend([line.as_slice(), b"\n"].concat()),
                Said::Interrupt | Said::End => {}
            }
        }
        Ok(rest)
    }
    fn has_folder(&mut self, name: &str) -> bool {
        name == "Sent"
    }
    fn copy(&mut self, messages: &[u64], folder: &str) -> Result<(), String> {
        self.copied.push((messages.to_vec(), folder.to_owned()));
        Ok(())
    }
    fn print(&mut self, text: &str) {
        self.said.push_str(text);
    }
    fn complain(&mut self, line: &str) {
        self.said.push_str(&format!("! {line}\n"));
    }
    fn page(&mut self, text: &str, pager: Option<&str>) {
        self.said.push_str(&pager.map(|pager| format!("({pager})\n")).unwrap_or_default());
        self.said.push_str(text);
    }
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.files.get(path).cloned().ok_or_else(|| format!("{path}: no such file"))
    }
    fn append(&mut self, path: &str, octets: &[u8]) -> Result<Filed, String> {
        let filed = if self.files.contains_key(path) { Filed::Appended } else { Filed::New };
        self.files.entry(path.to_owned()).or_default().extend_from_slice(octets);
        Ok(filed)
    }
    fn shell(&mut self, command: &str, input: Option<&[u8]>, _: Output) -> Result<Vec<u8>, String> {
        let input = String::from_utf8_lossy(input.unwrap_or_default()).to_uppercase();
        self.ran.push(command.to_owned());
        Ok(if command == "nothing" { Vec::new() } else { format!("{input}{command}\n").into_bytes() })
    }
    fn edit(&mut self, text: &str, editor: &str) -> Result<String, String> {
        Ok(format!("{text}by {editor}\n"))
    }
    fn open(&mut self, name: &str) -> Result<Mailbox, String> {
        if name == "/nowhere" {
            return Err(format!("{name}: no such mailbox"));
        }
        Ok(Mailbox { name: name.to_owned(), ..self.mailbox.clone() })
    }
    fn close(&mut self, mailbox: &Mailbox) -> Result<Option<String>, String> {
        self.closed = Some(mailbox.clone());
        Ok(Some(format!("{} updated.", mailbox.name)))
    }
    fn send(&mut self, letter: &Letter, program: Option<&str>) -> Result<Fate, String> {
        self.ran.extend(program.map(str::to_owned));
        if self.refuses {
            return Err("the network is down".to_owned());
        }
        self.sent.push(letter.clone());
        Ok(self.fate.clone().unwrap_or(Fate::Sent))
    }
    fn now(&self) -> Time {
        Time(1_795_238_264_000)
    }
}

fn mailbox() -> Mailbox {
    let mut mailbox = Mailbox::default();
    let letters = [
        ("Alice <alice@hamburger.edu>", "bob@crepes.fr", "Do you like ketchup?", "How about pickles?\n"),
        ("Carol <carol@crepes.fr>", "bob@crepes.fr, alice@hamburger.edu", "Pickles", "From here\n\u{1b}[2Jgreen\n"),
        ("alice@hamburger.edu", "bob@crepes.fr", "Third", "3\n"),
    ];
    for (number, (from, to, subject, text)) in (1..).zip(letters) {
        let raw = format!(
            "From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{number}@x>\n\
             Date: Sat, 21 Nov 2026 1{number}:00:00 +0000\nStatus: O\n\n{text}"
        );
        let envelope = format!("alice@hamburger.edu Sat Nov 21 1{number}:00:00 2026");
        let state = State { new: number == 1, read: number == 2, ..State::default() };
        mailbox.messages.push(Message { key: number, envelope, raw: raw.into_bytes(), state, ..Message::default() });
    }
    mailbox
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    for word in ["HOME=/people/bob", "MAIL=/var/mail/bob", "from=Bob <bob@crepes.fr>", "domain=crepes.fr", "EDITOR=ed"]
    {
        settings.set(word);
    }
    settings
}

/// A session in which somebody sits at a terminal and types these lines.
fn talk(typed: &str, line: &str) -> (u8, Paper) {
    let mut paper = Paper { mailbox: mailbox(), ..Paper::default() };
    paper.lines = typed
        .lines()
        .map(|line| match line {
            "^C" => Said::Interrupt,
            "^D" => Said::End,
            line => Said::Line(line.to_owned()),
        })
        .collect();
    paper.files.insert("/etc/motd".to_owned(), b"Be kind.".to_vec());
    let options = read_options(line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()).unwrap();
    let code = Session::new(&mut paper, settings(), true).run(&options);
    (code, paper)
}

fn said(typed: &str) -> String {
    talk(typed, "-N").1.said
}

#[test]
fn a_session_begins_with_the_headers() {
    let (code, paper) = talk("x", "");
    assert_eq!(code, 0);
    assert_eq!(
        paper.said,
        "/var/mail/bob: 3 messages 1 new 2 unread\n\
         >N  1 alice@hamburger.ed 2026-11-21 11:00   10/219   Do you like ketchup?\n \
         O  2 carol@crepes.fr    2026-11-21 12:00   11/224   Pickles\n \
         U  3 alice@hamburger.ed 2026-11-21 13:00   10/179   Third\n\
         & x\n"
    );
    assert_eq!(paper.closed, None, "x keeps nothing of what was done");
}

#[test]
fn messages_are_shown_one_after_the_other() {
    let text = said("\n\n\n\nx");
    let first = "[-- Message  1 -- 10 lines, 219 bytes --]:\n";
    assert!(text.starts_with(&format!("& \n{first}From: Alice <alice@hamburger.edu>\n")), "{text}");
    assert!(text.contains("Subject: Do you like ketchup?\n") && text.contains("\n\nHow about pickles?\n\n"), "{text}");
    assert!(text.ends_with("& \nAt EOF\n& x\n") && !text.contains('\u{1b}'), "{text}");
    assert!(said("top 1\nn\nx").contains("[-- Message  2 "), "what `top` showed was shown");
    let (_, paper) = talk("p 1\nq", "-N");
    let state = paper.closed.unwrap().messages[0].state;
    assert!(state.read && state.touched);
}

#[test]
fn messages_are_marked_deleted_and_brought_back() {
    let text = said("d 1\nf *\nx");
    let lines: Vec<&str> = text.lines().skip(2).collect();
    assert!(lines[0].starts_with(">O  2 carol") && lines[1].starts_with(" U  3 alice"), "{text}");
    assert_eq!(said("d *\nu 2\nf *\nx").lines().filter(|line| line.contains("2026")).count(), 1);
    assert_eq!(said("d 1\np 1\nx").lines().nth(2), Some("! 1: inappropriate message"));
    let text = said("d 3\ndp 1\nfo\nx");
    assert!(text.contains("[-- Message  2"), "{text}");
    assert!(said("flag 3\nf 3\nx").contains(">F  3"), "marked");
    assert!(said("p 1\nunread 1\nf 1\nx").contains(">N  1"), "as if never read");
    assert!(said("=\nsize 1-2\nx").contains("& =\n1\n& size 1-2\n1: 10/219\n2: 11/224\n"));
}

#[test]
fn what_is_not_understood_is_told() {
    for (line, words) in [
        ("foo", "! foo: unknown command"),
        ("p 9", "! 9: Invalid message number"),
        ("f dora", "! No applicable messages"),
        ("z", "On last screenful of messages"),
        ("z-", "On first screenful of messages"),
        ("fold /nowhere", "! /nowhere: no such mailbox"),
        ("source /nowhere", "! /nowhere: no such file"),
        ("pipe 1", "! "),
        ("forward", "! forward: name somebody"),
    ] {
        let text = said(&format!("{line}\nx"));
        let answer = text.lines().nth(1).unwrap_or_default();
        assert!(answer.starts_with(words) || line == "pipe 1", "{line}: {text}");
    }
}

#[test]
fn messages_go_into_files() {
    let (_, paper) = talk("s 1 +work\nw 2 out\nc 3 out\ns 3 +work\nq", "-N -S folder=Mail");
    let work = String::from_utf8(paper.files["/people/bob/Mail/work"].clone()).unwrap();
    assert!(work.starts_with("From alice@hamburger.edu Sat Nov 21 11:00:00 2026\nFrom: Alice"), "{work}");
    assert_eq!(work.matches("\nStatus: ").count(), 1, "what is new has none: {work}");
    assert!(work.contains("\nStatus: RO\n"), "what was copied was read: {work}");
    let out = String::from_utf8(paper.files["out"].clone()).unwrap();
    assert!(out.starts_with("From here\n") && out.contains("\nSubject: Third\n"), "{out}");
    let work = "/people/bob/Mail/work [New file] ";
    assert!(paper.said.contains(work) && paper.said.contains("out [Appended] "), "{}", paper.said);
    let closed = paper.closed.unwrap();
    let gone: Vec<bool> = closed.messages.iter().map(|message| message.state.deleted).collect();
    assert_eq!(
        gone,
        [true, true, true],
        "what was saved leaves the inbox, what was written, too; a copy does not count"
    );
}

#[test]
fn a_plus_is_a_folder_of_the_account_where_it_has_one() {
    let (_, paper) = talk("c 1-2 +Sent\ns 3 +kept\nfold +Sent\nx", "-N");
    assert_eq!(paper.copied, [(vec![1, 2], "Sent".to_owned())]);
    let closed = paper.closed.unwrap();
    let states: Vec<(bool, bool)> =
        closed.messages.iter().map(|message| (message.state.read, message.state.deleted)).collect();
    assert_eq!(states, [(true, false), (true, false), (true, true)], "a copy was read, and stays");
    for said in ["Sent [Folder] 2 messages\n", "/people/bob/kept [New file] ", "Sent: 3 messages"] {
        assert!(paper.said.contains(said), "{said}: {}", paper.said);
    }
    assert!(talk("", "-H -f +Sent").1.said.contains("Pickles"));
    let (_, paper) = talk("c 1 +Sent\nx", "-N -S folder=Mail");
    assert!(paper.copied.is_empty() && paper.files.contains_key("/people/bob/Mail/Sent"), "{}", paper.said);
}

#[test]
fn what_was_read_goes_to_the_second_mailbox_where_that_is_wanted() {
    let (_, paper) = talk("unset hold\np 1\nho 2\nq", "-N");
    assert!(paper.said.contains("Saved 1 message in /people/bob/mbox\n"), "{}", paper.said);
    assert!(paper.files.contains_key("/people/bob/mbox"));
    let left = paper.closed.unwrap();
    assert_eq!(left.left(), 2, "{left:?}");
    let (_, paper) = talk("p 1\nq", "-N");
    assert_eq!((paper.files.contains_key("/people/bob/mbox"), paper.closed.unwrap().left()), (false, 3), "hold is set");
    let (_, paper) = talk("mb 3\nq", "-N");
    assert!(paper.files["/people/bob/mbox"].starts_with(b"From alice"));
    let (_, paper) = talk("d *\nq", "-N -R");
    assert_eq!(paper.closed, None, "nothing is changed with -R");
}

#[test]
fn a_text_that_looks_like_the_next_message_is_quoted_in_a_file() {
    let text = String::from_utf8(filing::mbox_text(&mailbox().messages[1])).unwrap();
    assert!(text.contains("\n\n>From here\n"), "{text}");
    assert!(text.contains("Status: RO\n\n") && text.matches("Status").count() == 1, "{text}");
}

#[test]
fn a_letter_is_written_and_sent() {
    let (code, paper) = talk("Greetings\nHello\n~~ tilde\n.\n", "dora alice@hamburger.edu -c carol");
    assert_eq!(code, 0, "{}", paper.said);
    let letter = &paper.sent[0];
    assert_eq!(letter.to.to_string(), "dora@crepes.fr, alice@hamburger.edu");
    assert_eq!((letter.cc.to_string(), letter.subject.as_str()), ("carol@crepes.fr".to_owned(), "Greetings"));
    assert_eq!((letter.text.as_str(), letter.from.to_string()), ("Hello\n~ tilde\n", "Bob <bob@crepes.fr>".to_owned()));
    assert_eq!(paper.said, "Subject: Greetings\n");
}

/// A script that hands this to `mail`, in a world that does this with the letter.
fn piped(lines: Vec<Said>, line: &str, fate: Option<Fate>) -> (u8, Paper) {
    let mut paper = Paper { lines, refuses: fate.is_none(), fate, ..Paper::default() };
    paper.files.insert("a.txt".to_owned(), b"along".to_vec());
    let options = read_options(line.split(' ').map(str::to_owned).collect()).unwrap();
    let code = Session::new(&mut paper, settings(), false).run(&options);
    (code, paper)
}

fn dead(paper: &Paper) -> Option<String> {
    Some(String::from_utf8_lossy(paper.files.get("/people/bob/dead.letter")?).into_owned())
}

#[test]
fn a_letter_is_in_one_place() {
    let words = || "it says so".to_owned();
    for (fate, code, is_kept, is_not_sent) in [
        (Some(Fate::Sent), 0, false, false),
        (Some(Fate::Waits(words())), 0, false, false),
        (Some(Fate::Unsure(words())), 4, false, false),
        (Some(Fate::InPart(words())), 4, true, false),
        (None, 4, true, true),
    ] {
        let is_told = !matches!(fate, Some(Fate::Sent) | None);
        let (ended, paper) = piped(vec![Said::Line("x".to_owned())], "-s x bob", fate.clone());
        assert_eq!((ended, dead(&paper).is_some()), (code, is_kept), "{fate:?}");
        assert_eq!(paper.said.contains("! it says so\n"), is_told, "{fate:?}");
        assert_eq!(paper.said.contains("not sent"), is_not_sent, "{fate:?}");
    }
}

#[test]
fn a_letter_that_did_not_go_is_kept_whole() {
    let line = "-s Crêpes -c carol@crepes.fr -b dora@crepes.fr -a a.txt bob@x.test";
    let (code, paper) = piped(vec![Said::Line("From here".to_owned())], line, None);
    let kept = dead(&paper).unwrap();
    assert_eq!(code, 4);
    assert!(
        kept.starts_with("From nobody Sat Nov 21 05:17:44 2026\nDate: Sat, 21 Nov 2026 05:17:44 +0000\n"),
        "{kept}"
    );
    for part in [
        "\nFrom: Bob <bob@crepes.fr>\nTo: bob@x.test\nCc: carol@crepes.fr\nBcc: dora@crepes.fr\nSubject: Crêpes\n",
        "\n\n=46rom here\n",
        "filename=a.txt\n",
    ] {
        assert!(kept.contains(part), "{part:?} is not in:\n{kept}");
    }
    assert!(!kept.contains('\r') && spool::messages(kept.as_bytes()).len() == 1, "{kept}");
    // An answer keeps what it answers and who would have known of it.
    let (_, paper) = talk("r 2\nYes\n~q\nx", "-N");
    let kept = dead(&paper).unwrap();
    for part in ["To: Carol <carol@crepes.fr>\nCc: alice@hamburger.edu\n", "\nIn-Reply-To: <2@x>\n", "\n\nYes\n"] {
        assert!(kept.contains(part), "{part:?} is not in:\n{kept}");
    }
}

#[test]
fn what_is_no_text_is_not_sent_as_text() {
    let lines = || vec![Said::Line("one".to_owned()), Said::Octets(b"caf\xE9\r".to_vec())];
    for line in ["-s x bob", "-~ -s x bob"] {
        let (code, paper) = piped(lines(), line, Some(Fate::Sent));
        assert_eq!((code, paper.sent.len()), (4, 0));
        assert!(paper.said.contains("! text, line 2, column 4: E9 is not UTF-8"), "{}", paper.said);
        assert!(
            paper.files["/people/bob/dead.letter"].ends_with(b"\nSubject: x\n\none\ncaf\xE9\r\n\n"),
            "{}",
            paper.said
        );
    }
    let (code, paper) = piped([lines(), vec![Said::Octets(vec![0, 255])]].concat(), "-s x bob", Some(Fate::Sent));
    assert_eq!((code, paper.sent[0].text.as_str()), (0, ""));
    let file = &paper.sent[0].attachments[0];
    assert_eq!(
        (file.media_type.as_str(), file.octets.as_slice()),
        ("application/octet-stream", &b"one\ncaf\xE9\r\n\0\xFF\n"[..])
    );
}

#[test]
fn scripts_send_what_is_on_stdin() {
    let send = |typed: &str, line: &str| {
        piped(typed.lines().map(|line| Said::Line(line.to_owned())).collect(), line, Some(Fate::Sent))
    };
    let (code, paper) = send("one\n.\n~s not an escape", "-s x bob");
    assert_eq!((code, paper.sent[0].text.as_str()), (0, "one\n.\n~s not an escape\n"));
    let (code, paper) = send("one\n~s y", "-~ -s x bob");
    assert_eq!((code, paper.sent[0].subject.as_str(), paper.sent[0].text.as_str()), (0, "y", "one\n"));
    let (code, paper) = send("", "-E -s x bob");
    assert_eq!((code, paper.sent.len()), (0, 0), "an empty text is not sent");
    assert_eq!(send("", "-s x bob").1.sent.len(), 1, "without -E it is");
    let (code, paper) = send("x", "-a a.txt -r cron@crepes.fr bob");
    assert_eq!((code, paper.sent[0].attachments[0].media_type.as_str()), (0, "text/plain"));
    assert_eq!(paper.sent[0].from.to_string(), "cron@crepes.fr");
    assert_eq!(send("x", "-a /nowhere/x bob").0, 1);
    let (code, paper) = send("To: dora@crepes.fr\nSubject: s\nX-A: b\n\nbody", "-t");
    assert_eq!(code, 0, "{}", paper.said);
    assert_eq!((paper.sent[0].to.to_string(), paper.sent[0].text.as_str()), ("dora@crepes.fr".to_owned(), "body\n"));
    assert_eq!(paper.sent[0].extra, [("X-A".to_owned(), "b".to_owned())]);
    assert_eq!(send("Subject: s\n\nbody", "-t").0, 4);
}

#[test]
fn who_cannot_be_written_to_is_told_and_the_letter_kept() {
    let (code, paper) = talk("s\nHello\n.\n", "bob@-x dora");
    assert_eq!((code, paper.sent[0].to.to_string()), (4, "dora@crepes.fr".to_owned()), "the others get it");
    assert!(paper.said.contains("! To, address 1, column"), "{}", paper.said);
    assert!(dead(&paper).is_some_and(|kept| kept.contains("\nTo: bob@-x, dora\n") && kept.ends_with("\n\nHello\n\n")));
    let (code, paper) = talk("s\nHello\n.\n", "bob@-x");
    assert_eq!((code, paper.sent.len()), (4, 0));
    assert!(paper.said.ends_with("! ... message not sent\n"), "{}", paper.said);
}

#[test]
fn escapes_work_on_the_letter() {
    let typed = "m dora\nHi\none\n~s Two\n~c carol\n~b eve@x.y\n~t alice\n~r /etc/motd\n~f 1\n~m 3\n~@ /etc/motd\n~| tr\n~e\n\
                 ~w copy\n~p\n~!ls\n~? \n~:set askcc\n~zzz\n.\nx";
    let (code, paper) = talk(typed, "-N");
    assert_eq!(code, 0);
    let letter = &paper.sent[0];
    assert_eq!(letter.to.to_string(), "dora@crepes.fr, alice@crepes.fr");
    assert_eq!((letter.cc.to_string(), letter.bcc.to_string()), ("carol@crepes.fr".to_owned(), "eve@x.y".to_owned()));
    assert_eq!(letter.subject, "Two");
    assert!(letter.text.starts_with("ONE\nBE KIND.\nFROM: ALICE <ALICE@HAMBURGER.EDU>\n"), "{}", letter.text);
    assert!(
        letter.text.contains("\n\tFROM: ALICE@HAMBURGER.EDU\n") && letter.text.ends_with("tr\nby ed\n"),
        "{}",
        letter.text
    );
    assert_eq!(letter.attachments[0].name.as_deref(), Some("motd"));
    assert_eq!(paper.ran, ["tr", "ls"]);
    for part in [
        "Interpolating: 1\n",
        "-------\nMessage contains:\nFrom: Bob",
        "Bcc: eve@x.y\n",
        "(continue)\n",
        "! ~z: unknown escape",
    ] {
        assert!(paper.said.contains(part), "{part}: {}", paper.said);
    }
    assert!(paper.files["copy"].ends_with(b"by ed\n"));
}

#[test]
fn a_letter_is_dropped_or_kept() {
    for (typed, sent, kept) in [
        ("m dora\ns\nx\n~x\nx", 0, false),
        ("m dora\ns\nx\n~q\nx", 0, true),
        ("m dora\ns\nx\n^C\n^C\nx", 0, true),
        ("m dora\ns\nx\n^C\ny\n^C\n.\nx", 1, false),
        ("m dora\ns\nx\n~.\nx", 1, false),
        ("m dora\ns\nx\n^D", 1, false),
    ] {
        let (_, paper) = talk(typed, "-N");
        assert_eq!((paper.sent.len(), paper.files.contains_key("/people/bob/dead.letter")), (sent, kept), "{typed}");
    }
}

#[test]
fn answers_go_to_all_or_to_one() {
    let (_, paper) = talk("r 2\nYes\n~m\n.\nR 2\nNo\n.\nf 2\nx", "-N");
    let (all, one) = (&paper.sent[0], &paper.sent[1]);
    assert_eq!(all.to.to_string(), "Carol <carol@crepes.fr>");
    assert_eq!((all.cc.to_string(), one.cc.to_string()), ("alice@hamburger.edu".to_owned(), String::new()));
    assert_eq!((all.subject.as_str(), &all.in_reply_to), ("Re: Pickles", &vec!["2@x".to_owned()]));
    assert!(all.text.starts_with("Yes\n\tFrom: Carol"), "{}", all.text);
    assert_eq!(one.text, "No\n");
    let shown = "& r 2\nTo: Carol <carol@crepes.fr>\nCc: alice@hamburger.edu\nSubject: Re: Pickles\n";
    assert!(paper.said.contains(shown), "{}", paper.said);
    assert!(paper.said.contains(">A  2"), "{}", paper.said);
    let (_, paper) = talk("forward 1 dora\nSee\n.\nx", "-N");
    assert_eq!(
        (paper.sent[0].subject.as_str(), paper.sent[0].to.to_string()),
        ("Fwd: Do you like ketchup?", "dora@crepes.fr".to_owned())
    );
    assert!(paper.sent[0].text.contains("How about pickles?") && paper.sent[0].text.ends_with("See\n"));
}

#[test]
fn short_names_and_variables_are_kept() {
    let text =
        said("alias friends dora carol\nalias\nalias friends\nset folder='a b'\necho x  y\nunalias friends\nalias\nx");
    assert!(text.contains("& alias\nalias friends dora carol\n& alias friends\nalias friends dora carol\n"), "{text}");
    assert!(text.contains("x y\n") && text.ends_with("& alias\n& x\n"), "{text}");
    let (_, paper) = talk("alias friends dora carol\nm friends\ns\nx\n.\nx", "-N");
    assert_eq!(paper.sent[0].to.to_string(), "dora@crepes.fr, carol@crepes.fr");
}

#[test]
fn the_code_says_whether_there_is_mail() {
    assert_eq!((talk("", "-e").0, talk("", "-e -f /nowhere").0), (0, 1));
    let (code, paper) = talk("", "-H");
    assert_eq!((code, paper.said.lines().count()), (0, 3));
    assert_eq!(talk("", "-f /nowhere").0, 1);
}

#[test]
fn files_of_settings_do_not_go_round_in_circles() {
    let mut paper = Paper { mailbox: mailbox(), ..Paper::default() };
    paper.files.insert("rc".to_owned(), b"source rc\nset done\n".to_vec());
    let mut session = Session::new(&mut paper, settings(), false);
    session.configure("source rc\n# nothing\nset askcc");
    assert!(session.settings.is_set("askcc") && session.settings.is_set("done"));
    assert!(paper.said.contains("too deep"), "{}", paper.said);
}
