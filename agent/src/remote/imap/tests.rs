//! The remote against servers that are written down: those that lie, and those that can do little. Against real ones it is
//! tried in `tests/it`.
#![allow(clippy::unwrap_used)]
use super::line::RESPONSES_MAX;
use super::*;
use crate::account::{Security, Server};
use crate::dialing::tls_of;
use crate::mirror::{Action, Flags, Held, Row, View};
use crate::stage::{Stage, Wrap, play};
use crate::trouble::Kind;
use message::flags::flag_bits;
use net::Seat;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::watch;
use wire::imap::client::Timeouts;
use wire::smtp::client::Tls;

const NOW: Time = Time(1_795_000_000_000);
const INBOX: &str = "* LIST (\\HasNoChildren) \"/\" INBOX\r\n";
const TRASH: &str = "* LIST (\\Trash) \"/\" Trash\r\n";

/// A server that answers commands by what is in them: the first pair that fits, its `{t}` the tag. What fits none is OK.
#[derive(Clone)]
struct Stand {
    answers: Arc<Mutex<Vec<(&'static str, String)>>>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Stand {
    fn new(capabilities: &str, answers: &[(&'static str, &str)]) -> Stand {
        let ready = format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] hello\r\n");
        let mut all = vec![("", ready)];
        all.extend(answers.iter().map(|(what, answer)| (*what, (*answer).to_owned())));
        Stand { answers: Arc::new(Mutex::new(all)), said: Arc::default() }
    }

    /// From now on this is the answer.
    fn now(&self, what: &'static str, answer: impl Into<String>) -> &Stand {
        self.answers.lock().insert(1, (what, answer.into()));
        self
    }

    async fn serve(self, stream: DuplexStream) {
        let (reading, mut writing) = tokio::io::split(stream);
        let mut lines = BufReader::new(reading).lines();
        let greeting = self.answers.lock()[0].1.clone();
        let _ = writing.write_all(greeting.as_bytes()).await;
        while let Ok(Some(line)) = lines.next_line().await {
            let Some((tag, command)) = line.split_once(' ') else { continue };
            self.said.lock().push(command.to_owned());
            let fits = |(what, _): &&(&str, String)| !what.is_empty() && command.contains(what);
            let found = self.answers.lock().iter().find(fits).map(|(_, answer)| answer.clone());
            let answer = found.unwrap_or_else(|| "{t} OK done\r\n".to_owned()).replace("{t}", tag);
            if writing.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    async fn open(&self) -> Result<ImapRemote, Trouble> {
        let (here, there) = tokio::io::duplex(64 * 1024);
        tokio::spawn(self.clone().serve(there));
        let clock = Clock::manual(NOW);
        let profile = Profile { tls: Tls::Never, login: None, timeouts: Timeouts::default() };
        let drain = watch::channel(false).1;
        let around = Surroundings { seat: Seat::new(NOW), clock, drain, security: net::Security::Plain };
        ImapRemote::open(here, Opening { profile, around, host: "mail.example".to_owned(), names: Vec::new() }).await
    }

    async fn pull(&self, mirror: &Mirror, scope: Scope) -> Result<Brought, Trouble> {
        self.open().await?.pull(mirror, &scope, &Watcher::nobody()).await
    }

    async fn push(&self, mirror: &Mirror) -> Result<(), Trouble> {
        self.open().await?.push(mirror, &Watcher::nobody()).await
    }

    /// What was said of this kind since it was asked last.
    fn said(&self, what: &str) -> Vec<String> {
        let said = std::mem::take(&mut *self.said.lock());
        said.into_iter().filter(|line| line.contains(what)).collect()
    }
}

fn mirror() -> (tempfile::TempDir, Mirror) {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(&folder.path().join("mirror.sqlite")).unwrap();
    (folder, mirror)
}

fn rows(mirror: &Mirror, folder: &str) -> Vec<Row> {
    let folder = mirror.folder_named(folder).unwrap().unwrap().id;
    mirror.rows(&View { folder: Some(folder), ..View::default() }, NOW, 0, 100).unwrap()
}

fn list(folders: &str) -> String {
    format!("{folders}{{t}} OK done\r\n")
}

fn selected(validity: u32, exists: u32, next: u32) -> String {
    format!(
        "* {exists} EXISTS\r\n* FLAGS (\\Seen \\Deleted $Junk)\r\n* OK [PERMANENTFLAGS (\\Seen \\Deleted $Junk)] x\r\n\
         * OK [UIDVALIDITY {validity}] x\r\n* OK [UIDNEXT {next}] x\r\n{{t}} OK [READ-WRITE] done\r\n"
    )
}

/// A message of FETCH, with all of it.
fn fetched(number: u32, uid: u32, flags: &str) -> String {
    let content = format!("Message-ID: <{number}@x>\r\nSubject: n{number}\r\n\r\nKetchup?\r\n");
    format!(
        "* {number} FETCH (UID {uid} FLAGS ({flags}) INTERNALDATE \"01-Jan-2026 10:00:00 +0000\" RFC822.SIZE {} \
         BODY[]<0> {{{}}}\r\n{content})\r\n",
        content.len(),
        content.len()
    )
}

/// A server with messages 1 and 2 under these UIDs, without any extension.
fn plain(capabilities: &str, (first, second): (u32, u32)) -> Stand {
    let messages = format!("{}{}{{t}} OK done\r\n", fetched(1, first, ""), fetched(2, second, "\\Seen"));
    let flags =
        format!("* 1 FETCH (UID {first} FLAGS ())\r\n* 2 FETCH (UID {second} FLAGS (\\Seen))\r\n{{t}} OK done\r\n");
    let found = format!("* SEARCH {first} {second}\r\n{{t}} OK done\r\n");
    Stand::new(
        capabilities,
        &[
            ("LIST", &list(&format!("{INBOX}{TRASH}"))),
            ("SELECT INBOX", &selected(7, 2, second + 1)),
            ("SELECT Trash", &selected(8, 0, 1)),
            ("BODY.PEEK", &messages),
            ("(UID FLAGS)", &flags),
            ("UID SEARCH", &found),
        ],
    )
}

#[tokio::test]
async fn a_server_that_can_little_is_mirrored() {
    let (_folder, mirror) = mirror();
    let server = plain("", (3, 5));
    assert_eq!(server.pull(&mirror, Scope::Everything).await.unwrap(), Brought { new: 2, whole: 2 });
    let found = rows(&mirror, "INBOX");
    assert!(found.iter().all(|row| row.held == Held::Whole));
    assert_eq!(found.iter().filter(|row| row.flags.has(flag_bits::SEEN)).count(), 1);
    server.now("(UID FLAGS)", "* 1 FETCH (UID 3 FLAGS (\\Seen))\r\n{t} OK\r\n");
    server.now("SELECT INBOX", selected(7, 1, 6));
    assert_eq!(server.pull(&mirror, Scope::Everything).await.unwrap(), Brought::default());
    let found = rows(&mirror, "INBOX");
    assert_eq!(found.len(), 1);
    assert!(found[0].flags.has(flag_bits::SEEN) && found[0].message_id == "1@x");
}

/// RFC 9051 §2.3.1.1.
#[tokio::test]
async fn new_numbers_do_not_make_new_messages() {
    let (_folder, mirror) = mirror();
    plain("", (3, 5)).pull(&mirror, Scope::Everything).await.unwrap();
    let before = rows(&mirror, "INBOX");
    let server = plain("", (30, 50));
    server.now("SELECT INBOX", selected(9, 2, 51));
    server.pull(&mirror, Scope::Headers).await.unwrap();
    let after = rows(&mirror, "INBOX");
    assert_eq!(after.iter().map(|row| row.id).collect::<Vec<_>>(), before.iter().map(|row| row.id).collect::<Vec<_>>());
    assert_eq!(mirror.places(after[0].id).unwrap()[0].uid, 30 + 20 * u32::from(after[0].message_id == "2@x"));
    assert!(after.iter().all(|row| row.held == Held::Whole), "what is here need not come again");
}

#[tokio::test]
async fn what_nobody_asked_for_is_not_believed() {
    let (_folder, mirror) = mirror();
    let server = plain("", (3, 5));
    let lies = format!(
        "* 9 FETCH (UID 0 FLAGS ())\r\n{}{}{}{}* 7 EXPUNGE\r\n* VANISHED 1:4294967295\r\n{{t}} OK done\r\n",
        fetched(8, 4_000_000_000, ""),
        fetched(1, 3, ""),
        fetched(6, 3, "\\Deleted"),
        fetched(2, 5, "")
    );
    server.now("BODY.PEEK", lies);
    assert_eq!(server.pull(&mirror, Scope::Everything).await.unwrap().new, 2);
    let mut names: Vec<String> = rows(&mirror, "INBOX").into_iter().map(|row| row.message_id).collect();
    names.sort_unstable();
    assert_eq!(names, ["1@x", "2@x"]);
}

#[tokio::test]
async fn a_list_without_an_inbox_takes_nothing_away() {
    let (_folder, mirror) = mirror();
    let server = plain("", (3, 5));
    server.pull(&mirror, Scope::Everything).await.unwrap();
    server.now("LIST", list(TRASH));
    assert_eq!(server.pull(&mirror, Scope::Everything).await.unwrap_err().kind, Kind::Protocol);
    assert_eq!(rows(&mirror, "INBOX").len(), 2);
}

#[tokio::test]
async fn lies_of_every_kind_end_in_words() {
    let large = format!("* 1 FETCH (UID 3 FLAGS () BODY[]<0> {{{}}}\r\n", 2 * 1024 * 1024);
    let large = format!("{large}{})\r\n{{t}} OK\r\n", "x".repeat(2 * 1024 * 1024));
    let many: String = (0..30_000).map(|uid| format!("* 1 FETCH (UID {uid} FLAGS ())\r\n")).collect();
    for (what, answer) in [
        ("BODY.PEEK", "* 1 FETCH (UID 3 FLAGS () BODY[]<0> {3}\r\nabcdef)\r\n{t} OK\r\n".to_owned()),
        ("BODY.PEEK", large),
        ("UID SEARCH", "* ESEARCH UID ALL 1:4294967295\r\n{t} OK\r\n".to_owned()),
        ("SELECT INBOX", "* 2 EXISTS\r\n{t} OK no UIDVALIDITY\r\n".to_owned()),
        ("SELECT INBOX", "x".repeat(5 * 1024 * 1024)),
        ("LIST", format!("{}{{t}} OK\r\n", INBOX.repeat(RESPONSES_MAX + 1))),
        ("(UID FLAGS)", format!("{many}{{t}} OK\r\n")),
        ("LIST", "* 5 EXISTS\r\nHTTP/1.1 400 Bad Request\r\n".to_owned()),
    ] {
        let (_folder, mirror) = mirror();
        let server = plain("", (3, 5));
        if what == "(UID FLAGS)" {
            server.pull(&mirror, Scope::Headers).await.unwrap();
        }
        server.now(what, answer);
        let pulled = server.pull(&mirror, Scope::Everything).await;
        let trouble = pulled.expect_err(what);
        assert_eq!(trouble.kind, Kind::Protocol, "{what}: {trouble}");
        assert!(trouble.text.starts_with("mail.example") && trouble.text.len() < 500, "{trouble}");
    }
}

#[tokio::test]
async fn as_many_answers_as_are_gathered_are_taken() {
    let (_folder, mirror) = mirror();
    let server = plain("", (3, 5));
    server.now("LIST", format!("{}{{t}} OK\r\n", INBOX.repeat(RESPONSES_MAX)));
    assert_eq!(server.pull(&mirror, Scope::Headers).await.unwrap().new, 2);
}

/// RFC 3501 §2.3.1.1: within one UIDVALIDITY they only rise. A server that has lost some has lost some.
#[tokio::test]
async fn numbers_that_go_back_do_no_harm() {
    let (_folder, mirror) = mirror();
    plain("", (30, 50)).pull(&mirror, Scope::Everything).await.unwrap();
    plain("", (3, 5)).pull(&mirror, Scope::Everything).await.unwrap();
    let mut names: Vec<String> = rows(&mirror, "INBOX").into_iter().map(|row| row.message_id).collect();
    names.sort_unstable();
    assert_eq!(names, ["1@x", "2@x"]);
}

/// Without UIDPLUS only those marked by us may go, so nobody is expunged (RFC 3501 §6.4.3); they are hidden here.
#[tokio::test]
async fn without_uidplus_nobodys_mail_is_expunged() {
    let (_folder, mirror) = mirror();
    let server = plain("", (3, 5));
    server.pull(&mirror, Scope::Everything).await.unwrap();
    let inbox = mirror.folder_named("INBOX").unwrap().unwrap().id;
    let trash = mirror.folder_named("Trash").unwrap().unwrap().id;
    let ids: Vec<MessageId> = rows(&mirror, "INBOX").iter().map(|row| row.id).collect();
    mirror.act(Action::Move { messages: vec![ids[0]], from: inbox, to: trash }).unwrap();
    mirror.act(Action::Destroy { messages: vec![ids[1]], from: inbox }).unwrap();
    server.said("");
    server.push(&mirror).await.unwrap();
    let said = server.said("");
    assert_eq!(said.iter().filter(|line| line.starts_with("UID COPY")).count(), 1);
    assert_eq!(said.iter().filter(|line| line.contains("+FLAGS.SILENT (\\Deleted)")).count(), 2);
    assert!(!said.iter().any(|line| line.contains("EXPUNGE") || line.contains("CLOSE")), "{said:?}");
    let flags = "* 1 FETCH (UID 3 FLAGS (\\Deleted))\r\n* 2 FETCH (UID 5 FLAGS (\\Deleted \\Seen))\r\n{t} OK\r\n";
    server.now("(UID FLAGS)", flags);
    server.pull(&mirror, Scope::Headers).await.unwrap();
    assert_eq!(rows(&mirror, "INBOX").len(), 0);
    server.now("(UID FLAGS)", "* 1 FETCH (UID 3 FLAGS ())\r\n* 2 FETCH (UID 5 FLAGS (\\Deleted))\r\n{t} OK\r\n");
    server.now("BODY.PEEK", format!("{}{{t}} OK\r\n", fetched(1, 3, "")));
    server.pull(&mirror, Scope::Everything).await.unwrap();
    assert_eq!(rows(&mirror, "INBOX").len(), 1, "who is taken back from among the deleted comes back");
}

/// A copy that may have been made before a cut is looked for.
#[tokio::test]
async fn what_was_copied_before_a_cut_is_not_copied_again() {
    let (_folder, mirror) = mirror();
    let server = plain("UIDPLUS", (3, 5));
    server.pull(&mirror, Scope::Everything).await.unwrap();
    let inbox = mirror.folder_named("INBOX").unwrap().unwrap().id;
    let trash = mirror.folder_named("Trash").unwrap().unwrap().id;
    let ids: Vec<MessageId> = rows(&mirror, "INBOX").iter().map(|row| row.id).collect();
    let moved = mirror.act(Action::Move { messages: ids, from: inbox, to: trash }).unwrap();
    mirror.begin(moved.id).unwrap();
    server.now("HEADER", "* SEARCH\r\n{t} OK\r\n").now("HEADER Message-ID 1@x", "* SEARCH 77\r\n{t} OK\r\n");
    server.now("UID SEARCH UID", "* SEARCH 3 5\r\n{t} OK\r\n");
    server.said("");
    server.push(&mirror).await.unwrap();
    let said = server.said("UID ");
    let copies: Vec<&String> = said.iter().filter(|line| line.starts_with("UID COPY")).collect();
    assert_eq!(copies, ["UID COPY 5 Trash"]);
    assert!(said.contains(&"UID EXPUNGE 3,5".to_owned()), "{said:?}");
    assert!(mirror.pending().unwrap().is_empty());
}

#[tokio::test]
async fn a_keyword_the_server_does_not_keep_is_not_said() {
    let (_folder, mirror) = mirror();
    let server = plain("UIDPLUS", (3, 5));
    server.pull(&mirror, Scope::Everything).await.unwrap();
    let row = rows(&mirror, "INBOX").into_iter().find(|row| row.message_id == "1@x").unwrap();
    let mut add = Flags::keyword("$Forwarded");
    add.add(&Flags::keyword("$Junk"));
    add.add(&Flags::of(flag_bits::SEEN));
    mirror.act(Action::Flag { messages: vec![row.id], add, remove: Flags::default() }).unwrap();
    server.push(&mirror).await.unwrap();
    assert_eq!(server.said("STORE"), ["UID STORE 3 +FLAGS.SILENT (\\Seen $Junk)"]);
    let flags = mirror.row(row.id).unwrap().unwrap().flags;
    assert!(flags.has_keyword("$Junk") && !flags.has_keyword("$Forwarded"));
}

/// No draft is lost: what the server will not store stays here, and is offered again later.
#[tokio::test]
async fn a_draft_that_is_refused_waits() {
    let (_folder, mirror) = mirror();
    let server = plain("UIDPLUS LITERAL+", (3, 5));
    server.pull(&mirror, Scope::Everything).await.unwrap();
    let trash = mirror.folder_named("Trash").unwrap().unwrap().id;
    let id = mirror.save_draft(b"Message-ID: <d@x>\r\n\r\nx", trash, None, NOW).unwrap();
    server.now("APPEND", "{t} NO [OVERQUOTA] full\r\n");
    server.push(&mirror).await.unwrap();
    let pending = mirror.pending().unwrap();
    assert_eq!((pending.len(), pending[0].tries), (1, 1));
    assert!(pending[0].error.contains("full") && pending[0].not_before > NOW);
    assert!(mirror.content(id).unwrap().is_some());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_no_line_that_broke() {
    let mut stage = Stage::new();
    let (tls, _) = stage.tls_self_signed("mail.example");
    let listener = stage.listen("mail.example", 993).await;
    let (internet, folders) = (stage.internet(), stage.folders());
    let starts = vec![("p1 STARTTLS", "p1 OK go")];
    for (security, wrap, greeting, script) in [
        (Security::Tls, Wrap::Tls(tls.clone()), "", vec![]),
        (Security::StartTls, Wrap::StartTls(tls.clone()), "* OK [CAPABILITY IMAP4rev1 STARTTLS] x", starts),
    ] {
        let server = Server { host: "mail.example".to_owned(), port: 993, security, user: None, trust: None };
        let open = async {
            let line = internet.dial(&server, &folders).await.unwrap();
            let profile = Profile { tls: tls_of(security), login: None, timeouts: Timeouts::default() };
            let opening = Opening { profile, around: line.around, host: server.host.clone(), names: Vec::new() };
            ImapRemote::open(line.connection, opening).await.err().unwrap()
        };
        let (trouble, ()) = tokio::join!(open, play(&listener, wrap, greeting, &script));
        assert_eq!(trouble.kind, Kind::Settings, "{security:?}: {trouble}");
        assert!(trouble.text.contains("`pillarbox mail account trust`"), "{security:?}: {trouble}");
    }
}
