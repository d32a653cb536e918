//! Visits to a maildrop of our own server's session, over a pipe: what is fetched, kept and removed, and that a cut at any
//! point neither loses a message nor doubles one.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "tests look at files")]

use super::*;
use crate::mailfile::Source;
use crate::mirror::{Mirror, Role};
use bytes::Bytes;
use net::{Clock, Seat, Security};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use wire::pop3::{Answer, Ask, Entry, Limits, Maildrop, Refusal, Server};
use wire::sasl::client::Credential;
use wire::smtp::client::{Login, Tls};
use wire::{Desk, Time, sasl};

/// A maildrop: messages by their UID.
type Drop = Arc<Mutex<Vec<(u32, String)>>>;

struct PopDesk(Drop);

impl Desk for PopDesk {
    type Session = Server;

    async fn answer(&mut self, _: Time, ask: Ask) -> Answer {
        match ask {
            Ask::Login(sasl::Ask::Password { password, .. }) if password.0 == b"hungry" => {
                Answer::Sasl(sasl::Answer::Accepted { server_signature: None })
            }
            Ask::Login(_) | Ask::Apop { .. } => Answer::Sasl(sasl::Answer::Refused(sasl::Refusal::Credentials)),
            Ask::Open => {
                let entry = |(uid, content): &(u32, String)| Entry {
                    source: u64::from(*uid),
                    octets: content.len() as u64,
                    uid: *uid,
                    utf8_header: false,
                };
                let entries = self.0.lock().iter().map(entry).collect();
                Answer::Maildrop(Arc::new(Maildrop { uid_validity: 7, entries }))
            }
            Ask::Fetch { source } if self.read(source, 0).await.is_none() => Answer::Refused(Refusal::Gone),
            Ask::Fetch { .. } => Answer::Done,
            Ask::Update { deleted } => {
                self.0.lock().retain(|(uid, _)| !deleted.contains(&u64::from(*uid)));
                Answer::Done
            }
        }
    }

    async fn content(&mut self, _: &[u8]) {}

    async fn read(&mut self, source: u64, offset: u64) -> Option<Bytes> {
        let drop = self.0.lock();
        let (_, content) = drop.iter().find(|(uid, _)| u64::from(*uid) == source)?;
        let rest = content.as_bytes().get(usize::try_from(offset).ok()?..)?;
        Some(Bytes::copy_from_slice(rest))
    }
}

fn maildrop(count: u32) -> Drop {
    let content =
        |uid: u32| (uid, format!("Subject: {uid}\r\n\r\nFrom me\r\n.\r\n{}\r\n", "x".repeat(uid as usize * 40)));
    Arc::new(Mutex::new((1..=count).map(content).collect()))
}

fn around(clock: &Clock) -> (Surroundings, watch::Sender<bool>) {
    let (stop, drain) = watch::channel(false);
    let seat = Seat::new(clock.now());
    (Surroundings { clock: clock.clone(), drain, security: Security::Plain, seat }, stop)
}

fn clock() -> Clock {
    Clock::manual(Time(1_800_000_000_000))
}

fn profile() -> Profile {
    let credential = Credential::Password(sasl::Secret(b"hungry".to_vec()));
    Profile::new(Tls::Never, Login { user: "bob".to_owned(), credential, in_the_clear: true })
}

fn server_profile() -> wire::pop3::Profile {
    wire::pop3::Profile {
        hostname: "hamburger.edu".into(),
        greeting: String::new(),
        tls_available: false,
        plaintext_login: true,
        mechanisms: vec![sasl::Mechanism::Plain],
        apop_timestamp: None,
        implementation: None,
        limits: Limits::default(),
    }
}

/// Visits; the connection breaks after the server said so many octets.
async fn visit_cut<B: Basket>(drop: &Drop, (basket, leave): (&mut B, Leave), octets: usize, clock: &Clock) -> Visited {
    let (ours, relayed) = tokio::io::duplex(64 * 1024);
    let (theirs, server) = tokio::io::duplex(64 * 1024);
    let session = Server::new(clock.now(), server_profile());
    let (server_around, _stop) = around(clock);
    let (our_around, _other) = around(clock);
    let watcher = Watcher::nobody();
    let serving = net::drive(server, session, PopDesk(drop.clone()), &server_around);
    let visiting = visit(ours, &our_around, profile(), (basket, leave), ("hamburger.edu", &watcher));
    let ((), _, visited) = tokio::join!(relay(relayed, theirs, octets), serving, visiting);
    visited
}

async fn relay(client: tokio::io::DuplexStream, server: tokio::io::DuplexStream, mut octets: usize) {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let back = async {
        let mut buffer = [0; 4096];
        while octets > 0 {
            let read = from_server.read(&mut buffer).await.unwrap_or(0).min(octets);
            if read == 0 || to_client.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            octets -= read;
        }
    };
    tokio::select! {
        () = back => {}
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
    }
}

async fn visit_whole<B: Basket>(drop: &Drop, basket: &mut B, leave: Leave) -> Visited {
    let visited = visit_cut(drop, (basket, leave), usize::MAX, &clock()).await;
    assert_eq!(visited.trouble, None);
    visited
}

fn subjects(path: &Path) -> Vec<String> {
    let mut source = Source::open(path).unwrap();
    let mut subjects = Vec::new();
    while let Some(found) = source.next_message().unwrap() {
        let text = String::from_utf8(found.item.content).unwrap();
        let (first, rest) = text.split_once("\r\n\r\n").unwrap();
        assert!(rest.starts_with("From me\r\n.\r\n"), "{rest}");
        subjects.push(first.trim_start_matches("Subject: ").to_owned());
    }
    subjects
}

fn basket(scratch: &Path, target: &Target) -> FileBasket {
    let memory = Memory::open(&scratch.join("pop"), "bob@hamburger.edu", target).unwrap();
    FileBasket::open(target, memory).unwrap()
}

#[tokio::test]
async fn mail_is_kept_or_removed_and_never_fetched_twice() {
    let scratch = tempfile::tempdir().unwrap();
    for target in [Target::Mbox(scratch.path().join("box")), Target::Maildir(scratch.path().join("dir"))] {
        let drop = maildrop(3);
        let mut files = basket(scratch.path(), &target);
        let first = visit_whole(&drop, &mut files, Leave::Keep).await;
        assert_eq!((first.fetched, first.known, first.deleted), (3, 0, 0));
        std::mem::drop(files);
        let mut files = basket(scratch.path(), &target);
        drop.lock().push((9, "Subject: 9\r\n\r\nFrom me\r\n.\r\n".to_owned()));
        let second = visit_whole(&drop, &mut files, Leave::Keep).await;
        assert_eq!((second.fetched, second.known), (1, 3));
        let third = visit_whole(&drop, &mut files, Leave::Delete).await;
        assert_eq!((third.fetched, third.known, third.deleted), (0, 4, 4));
        assert!(drop.lock().is_empty());
        let mut found = subjects(target.path());
        found.sort();
        assert_eq!(found, ["1", "2", "3", "9"]);
    }
}

#[tokio::test]
async fn mail_goes_after_its_time() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::Mbox(scratch.path().join("box"));
    let (drop, clock) = (maildrop(2), clock());
    let mut files = basket(scratch.path(), &target);
    let week = Leave::DeleteAfter(Duration::from_secs(7 * 86_400));
    assert_eq!(visit_cut(&drop, (&mut files, week), usize::MAX, &clock).await.deleted, 0);
    clock.advance(Duration::from_secs(7 * 86_400 - 1));
    assert_eq!(visit_cut(&drop, (&mut files, week), usize::MAX, &clock).await.deleted, 0);
    clock.advance(Duration::from_secs(1));
    assert_eq!(visit_cut(&drop, (&mut files, week), usize::MAX, &clock).await.deleted, 2);
}

#[tokio::test]
async fn mail_goes_into_the_mirror() {
    let scratch = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(&scratch.path().join("mirror")).unwrap();
    let folder = mirror.folder_for(Role::Inbox).unwrap();
    let drop = maildrop(3);
    let mut basket = MirrorBasket { mirror: mirror.clone(), folder };
    assert_eq!(visit_whole(&drop, &mut basket, Leave::Delete).await.deleted, 3);
    assert_eq!(mirror.messages_in(folder).unwrap().len(), 3);
    assert!(drop.lock().is_empty());
}

/// Cut after every so many octets, each time a little later, until a visit goes through.
#[tokio::test]
async fn a_cut_anywhere_loses_nothing_and_doubles_nothing() {
    for leave in [Leave::Keep, Leave::Delete] {
        for start in [1, 150, 333, 480] {
            let scratch = tempfile::tempdir().unwrap();
            let target = Target::Mbox(scratch.path().join("box"));
            let drop = maildrop(6);
            let mut octets = start;
            loop {
                let mut files = basket(scratch.path(), &target);
                let visited = visit_cut(&drop, (&mut files, leave), octets, &clock()).await;
                octets += 97;
                if visited.trouble.is_none() {
                    break;
                }
                assert_eq!(visited.trouble.unwrap().kind, Kind::TryAgain);
            }
            let mut found = subjects(target.path());
            found.sort();
            assert_eq!(found, ["1", "2", "3", "4", "5", "6"], "{leave:?} from {start}");
            assert_eq!(drop.lock().len(), if leave == Leave::Keep { 6 } else { 0 });
        }
    }
}

/// The machine stops while a batch goes to the file: what is half there is made whole, once.
#[tokio::test]
async fn a_stop_in_the_midst_of_writing_is_made_up_for() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::Mbox(scratch.path().join("box"));
    let mut files = basket(scratch.path(), &target);
    let content = b"Subject: 1\r\n\r\nFrom me\r\n.\r\n";
    files.take("a", content, Time(0)).unwrap();
    files.settle().unwrap();
    std::mem::drop(files);
    let before = std::fs::read(target.path()).unwrap();
    let mut text = Vec::new();
    crate::mailfile::mbox::write(&crate::mailfile::Head::default(), content, Time(0), &mut text);
    let memory = || Memory::open(&scratch.path().join("pop"), "bob@hamburger.edu", &target).unwrap();
    for there in 0..=text.len() {
        let line = format!("{{\"at\":{},\"uids\":[[\"b\",1000]]}}\n", before.len());
        crate::disk::write(&memory().batch(), &[line.as_bytes(), &text].concat()).unwrap();
        std::fs::write(target.path(), [&before[..], &text[..there]].concat()).unwrap();
        let mut files = FileBasket::open(&target, memory()).unwrap();
        assert_eq!(files.since("b").unwrap(), Some(Time(1000)));
        assert_eq!(std::fs::read(target.path()).unwrap(), [&before[..], &text].concat(), "{there}");
        assert!(!memory().batch().exists());
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_in_words() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::Mbox(scratch.path().join("box"));
    let mut files = basket(scratch.path(), &target);
    for (script, kind, words) in [
        ("-ERR [SYS/TEMP] come later", Kind::TryAgain, "come later"),
        ("-ERR go away", Kind::Unavailable, "go away"),
        ("SSH-2.0-x", Kind::Protocol, "SSH-2.0-x"),
        ("+OK\r\n-ERR\r\n-ERR no such user", Kind::NotAllowed, "no such user"),
        ("+OK\r\n-ERR\r\n+OK\r\n-ERR [IN-USE] locked", Kind::TryAgain, "locked"),
    ] {
        let visited = against(script, &mut files, Leave::Keep).await;
        let trouble = visited.trouble.unwrap();
        assert_eq!(trouble.kind, kind, "{trouble}");
        assert!(trouble.text.contains(words) && trouble.text.contains("hamburger.edu"), "{trouble}");
    }
}

/// What never ends is left: a greeting, capabilities, a message of which less was announced.
#[tokio::test]
async fn what_has_no_end_is_left() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::Mbox(scratch.path().join("box"));
    let login = ["+OK", "-ERR", "+OK", "+OK"];
    let lists: &[&str] = &["+OK|1 a|.", "+OK|1 100|."];
    for (script, flood) in [
        (&[][..], "x"),
        (&["+OK"], "+OK\r\n"),
        (&["+OK"], "A B\r\n"),
        (&login, "x"),
        (&[&login[..], lists].concat(), "+OK\r\n"),
        (&[&login[..], lists].concat(), "x"),
    ] {
        let mut files = basket(scratch.path(), &target);
        let visited = flooded(script, flood, &mut files).await;
        let trouble = visited.trouble.unwrap();
        assert_eq!(trouble.kind, Kind::Protocol, "{script:?}: {trouble}");
        assert!(trouble.text.contains("hamburger.edu") && trouble.text.len() < 500, "{trouble}");
        let kept = std::fs::metadata(target.path()).map_or(0, |file| file.len());
        assert_eq!(kept, 0, "half a message was kept");
    }
}

/// Visits a server that says these lines, one to each command, and then the same for ever.
async fn flooded(script: &[&str], flood: &str, basket: &mut FileBasket) -> Visited {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let (around, _stop) = around(&clock());
    let watcher = Watcher::nobody();
    let profile = Profile { message_max: 1_000_000, ..profile() };
    let (script, flood): (Vec<String>, String) =
        (script.iter().map(|line| line.replace('|', "\r\n")).collect(), flood.repeat(4096));
    let serving = async move {
        let mut buffer = [0; 4096];
        for line in script {
            let said = theirs.write_all(format!("{line}\r\n").as_bytes()).await;
            if said.is_err() || theirs.read(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
        }
        while theirs.write_all(flood.as_bytes()).await.is_ok() {}
    };
    let (visited, ()) =
        tokio::join!(visit(ours, &around, profile, (basket, Leave::Delete), ("hamburger.edu", &watcher)), serving);
    visited
}

/// A server that says these lines, one to each command.
async fn against(script: &str, basket: &mut FileBasket, leave: Leave) -> Visited {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let (around, _stop) = around(&clock());
    let watcher = Watcher::nobody();
    let serving = async move {
        let mut buffer = [0; 4096];
        for line in script.split("\r\n") {
            let line = line.replace('|', "\r\n");
            if theirs.write_all(format!("{line}\r\n").as_bytes()).await.is_err()
                || theirs.read(&mut buffer).await.unwrap_or(0) == 0
            {
                return;
            }
        }
    };
    let (visited, ()) =
        tokio::join!(visit(ours, &around, profile(), (basket, leave), ("hamburger.edu", &watcher)), serving);
    visited
}

/// Without UIDL a message is known by its header; without TOP, too, only deleting is possible.
#[tokio::test]
async fn servers_without_names_are_served_too() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::Mbox(scratch.path().join("box"));
    let mut files = basket(scratch.path(), &target);
    let login = "+OK\r\n-ERR\r\n+OK\r\n+OK\r\n-ERR what\r\n+OK|1 30|2 30|.\r\n";
    let tops = "+OK|Subject: 1||.\r\n+OK|Subject: 2||.\r\n";
    let messages = "+OK|Subject: 1||From me|..|.\r\n+OK|Subject: 2||From me|..|.\r\n";
    let first = against(&format!("{login}{tops}{messages}+OK"), &mut files, Leave::Keep).await;
    assert_eq!((first.trouble, first.fetched), (None, 2));
    let again = against(&format!("{login}{tops}+OK"), &mut files, Leave::Keep).await;
    assert_eq!((again.trouble, again.fetched, again.known), (None, 0, 2));
    let nothing = "-ERR what\r\n-ERR what\r\n";
    let refused = against(&format!("{login}{nothing}+OK"), &mut files, Leave::Keep).await;
    assert!(refused.trouble.unwrap().text.contains("neither UIDL nor TOP"));
    let deleting = format!("{login}{nothing}{messages}+OK\r\n+OK\r\n+OK");
    let deleted = against(&deleting, &mut files, Leave::Delete).await;
    assert_eq!((deleted.trouble, deleted.fetched, deleted.deleted), (None, 2, 2));
}

/// Some servers give one name to several messages: each is fetched.
#[tokio::test]
async fn a_name_given_twice_is_two_messages() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::Maildir(scratch.path().join("dir"));
    let mut files = basket(scratch.path(), &target);
    let login = "+OK\r\n-ERR\r\n+OK\r\n+OK\r\n+OK|1 same|2 same|.\r\n+OK|1 30|2 30|.\r\n";
    let messages = "+OK|Subject: 1||From me|..|.\r\n+OK|Subject: 2||From me|..|.\r\n";
    let first = against(&format!("{login}{messages}+OK"), &mut files, Leave::Keep).await;
    assert_eq!((first.trouble, first.fetched), (None, 2));
    let again = against(&format!("{login}+OK"), &mut files, Leave::Keep).await;
    assert_eq!((again.fetched, again.known), (0, 2));
}

/// A message that is larger than may be is left, and told.
#[tokio::test]
async fn large_messages_are_left() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::Mbox(scratch.path().join("box"));
    let mut files = basket(scratch.path(), &target);
    let limit = profile().message_max;
    let login = format!("+OK\r\n-ERR\r\n+OK\r\n+OK\r\n+OK|1 a|2 b|.\r\n+OK|1 {}|2 {limit}|.\r\n", limit + 1);
    let visited = against(&format!("{login}+OK|Subject: 2||From me|..|.\r\n+OK"), &mut files, Leave::Delete).await;
    assert_eq!(visited.left.len(), 1);
    assert!(visited.left[0].contains("message 1"), "{:?}", visited.left);
    assert_eq!(subjects(target.path()), ["2"]);
}

/// As an account of its own: what came is there, what was done here stays, and nothing comes twice.
#[tokio::test]
async fn an_account_read_by_pop3_lives_in_its_mirror() {
    use crate::account::{Account, Incoming, SecretSource, Server};
    use crate::credentials::Credentials;
    use crate::dialing::{Internet, MadeUp};
    use crate::mirror::Action;
    use crate::reach::Reach;
    use crate::remote::{Remote, Scope};
    use crate::secret::{Keyring, Secrets};

    let scratch = tempfile::tempdir().unwrap();
    let folders = crate::house::Folders::of(|_| Some(scratch.path().into())).unwrap();
    let secret = scratch.path().join("secret");
    crate::disk::write(&secret, b"hungry\n").unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (host, port) = ("mail.hamburger.edu".to_owned(), 110);
    let hosts = [((host.clone(), port), listener.local_addr().unwrap())].into();
    let internet = Internet::made_up(clock(), MadeUp { hosts, ..MadeUp::default() });
    let server =
        Server { host, port, security: crate::account::Security::Plain, user: Some("bob".into()), trust: None };
    let text = "[[account]]\nname = \"bob\"\naddress = \"bob@hamburger.edu\"\nincoming = { kind = \"maildir\", path = \"/x\" }\n";
    let settings = crate::account::Settings::parse(text, "accounts.toml").unwrap();
    let incoming = Incoming::Pop3 { server, keep: true };
    let account = Account { incoming, secret: Some(SecretSource::File(Some(secret))), ..settings.accounts[0].clone() };
    let credentials = Credentials::new(settings, Secrets::new(&folders, Keyring::system()), internet.clone());
    let reach = Reach { internet, folders, credentials };
    let mirror = Mirror::open(&scratch.path().join("mirror")).unwrap();
    let drop = maildrop(2);
    let serving = drop.clone();
    let server = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (around, _stop) = around(&clock());
            let session = wire::pop3::Server::new(clock().now(), server_profile());
            net::drive(connection, session, PopDesk(serving.clone()), &around).await;
        }
    });
    let pull = async || {
        let mut remote = reach.connect(&account).await.unwrap();
        let brought = remote.pull(&mirror, &Scope::Everything, &Watcher::nobody()).await;
        remote.close().await;
        brought.unwrap().new
    };
    assert_eq!(pull().await, 2);
    let (inbox, trash) = (mirror.folder_for(Role::Inbox).unwrap(), mirror.folder_for(Role::Trash).unwrap());
    let message = mirror.messages_in(inbox).unwrap()[0];
    mirror.act(Action::Move { messages: vec![message], from: inbox, to: trash }).unwrap();
    drop.lock().push((9, "Subject: 9\r\n\r\nx\r\n".to_owned()));
    assert_eq!(pull().await, 1);
    assert_eq!(mirror.messages_in(inbox).unwrap().len(), 2);
    assert_eq!(mirror.messages_in(trash).unwrap(), [message]);
    assert!(mirror.pending().unwrap().is_empty());
    server.abort();
}
