//! User agents with a mirror of their own against the real server: on its host, over `mail.sock` or without a server, and by
//! JMAP, also over a link that is cut. Two mirrors of one account show what is really there.

use agent::dialing::{Internet, MadeUp};
use agent::mirror::{Action, Envelope, Flags, Mirror, Role, Row, View};
use agent::progress::Watcher;
use agent::remote::jmap::{Jmap, Way};
use agent::remote::keyed::{Keyed, KeyedRemote};
use agent::remote::local::Local;
use agent::remote::{Remote, Scope};
use agent::submission::{Fate, Report};
use agent::trouble::Kind;
use lab::scenario::{Play, Plot, SCENARIOS};
use lab::{Host, Ports, Scenario, Site, worlds};
use message::flags::flag_bits;
use message::{Address, Time};
use net::Clock;
use server::host::HostDoor;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tests::binary::{Binary, executable};
use tests::house::{House, fill};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wire::dialogue::Port;
use wire::smtp::client::Credential;

const ALICE: &str = "alice@hamburger.edu";
const BOB: &str = "bob@hamburger.edu";
const HOST: &str = "mail.hamburger.edu";

/// How long the server may finish what it is doing.
const GRACE: Duration = Duration::from_secs(5);

/// Of what kind an agent is.
trait Agent: Keyed + Sized {
    async fn post(&mut self, number: u64, envelope: &Envelope, content: &[u8]) -> Report;
}

impl Agent for Local {
    async fn post(&mut self, number: u64, envelope: &Envelope, content: &[u8]) -> Report {
        self.send(Time(1_700_000_000_000 + number), envelope, content.to_vec().into()).await
    }
}

impl Agent for Jmap {
    async fn post(&mut self, _number: u64, envelope: &Envelope, content: &[u8]) -> Report {
        self.send(envelope, content.to_vec().into(), Clock::system().now()).await
    }
}

async fn house(folder: &Path) -> Host {
    Host::start(worlds(Scenario::Pair).remove(0), folder, Site::alone(Ports::Random)).await.unwrap()
}

async fn local(configuration: &Path, whose: &str) -> Result<Local, agent::trouble::Trouble> {
    let door = HostDoor::File(Some(configuration.to_owned()));
    let address = Address::parse(whose).unwrap();
    Local::open(&door, &agent::account::settings::Local::default(), &address, Clock::system()).await
}

async fn jmap(host: &Host, at: SocketAddr, whose: &str) -> Result<Jmap, agent::trouble::Trouble> {
    let password = if whose == ALICE { "wonderland" } else { "hungry" };
    jmap_with(host, at, (whose, password)).await
}

async fn jmap_with(
    host: &Host,
    at: SocketAddr,
    (user, password): (&str, &str),
) -> Result<Jmap, agent::trouble::Trouble> {
    let mut made_up = MadeUp::default();
    made_up.hosts.insert((HOST.to_owned(), 443), at);
    let internet = Internet::made_up(Clock::system(), made_up);
    let tls = internet.trust(Some(&host.certificate())).unwrap();
    let credential = Credential::Password(wire::sasl::Secret(password.as_bytes().to_vec()));
    let way = Way { url: format!("https://{HOST}"), user: user.to_owned(), credential, tls: Some(tls) };
    Jmap::open(&internet, &way).await
}

fn letter(number: u64, to: &str) -> Vec<u8> {
    format!(
        "From: Alice <{ALICE}>\r\nTo: {to}\r\nSubject: Letter {number}\r\nMessage-ID: <{number}@hamburger.edu>\r\n\
         Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\nDo you like ketchup?\r\n"
    )
    .into_bytes()
}

fn to_bob() -> Envelope {
    Envelope { reverse_path: ALICE.to_owned(), recipients: vec![BOB.to_owned()], smtputf8: false }
}

/// An agent with a mirror of its own.
struct Person<K> {
    remote: KeyedRemote<K>,
    mirror: Mirror,
    _folder: tempfile::TempDir,
}

impl<K: Agent> Person<K> {
    fn new(keyed: K) -> Person<K> {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&folder.path().join("mirror.sqlite")).unwrap();
        Person { remote: KeyedRemote::new(keyed, Clock::system()), mirror, _folder: folder }
    }

    async fn sync(&mut self) {
        self.remote.push(&self.mirror, &Watcher::nobody()).await.unwrap();
        self.remote.pull(&self.mirror, &Scope::Everything, &Watcher::nobody()).await.unwrap();
    }

    fn rows(&self, folder: &str) -> Vec<Row> {
        let Some(folder) = self.mirror.folder_named(folder).unwrap() else { return Vec::new() };
        let view = View { folder: Some(folder.id), ..View::default() };
        self.mirror.rows(&view, Time(0), 0, 1000).unwrap()
    }

    fn subjects(&self, folder: &str) -> Vec<String> {
        self.rows(folder).into_iter().map(|row| row.subject).collect()
    }

    fn act(&self, action: Action) {
        self.mirror.act(action).unwrap();
    }

    async fn leave(self) {
        self.remote.close().await;
    }
}

/// Everything an agent does, and what another with a mirror of its own sees of it.
async fn live<K: Agent>(mut alice: Person<K>, mut bob: Person<K>, mut other: Person<K>) {
    alice.sync().await;
    bob.sync().await;
    for role in [Role::Inbox, Role::Drafts, Role::Sent, Role::Trash] {
        assert!(bob.mirror.folder_of_role(role).unwrap().is_some(), "{role:?}");
    }
    let before = bob.subjects("INBOX").len();
    let heard = bob.remote.watch(&bob.mirror, Clock::system().now().after(GRACE * 4));
    let sent = async {
        let report = alice.remote.keyed().post(1, &to_bob(), &letter(1, BOB)).await;
        assert!(matches!(report.fates.as_slice(), [Fate::Taken(_)]), "{report:?}");
    };
    tokio::join!(async { heard.await.unwrap() }, sent);
    // It was heard that it went, or not: it goes once.
    let again = alice.remote.keyed().post(1, &to_bob(), &letter(1, BOB)).await;
    assert!(again.is_taken(), "{again:?}");
    bob.sync().await;
    assert_eq!(bob.subjects("INBOX").len(), before + 1);
    let row = bob.rows("INBOX").remove(0);
    assert_eq!((row.subject.as_str(), row.from.as_str(), row.attachments), ("Letter 1", "Alice", false));
    assert!(bob.mirror.content(row.id).unwrap().unwrap().ends_with(b"Do you like ketchup?\r\n"));
    refused(&mut alice).await;
    change(&mut bob, &mut other, row).await;
    arrange(&mut bob, &mut other).await;
    alice.leave().await;
    bob.leave().await;
    other.leave().await;
}

async fn refused<K: Agent>(alice: &mut Person<K>) {
    let nobody = Envelope { recipients: vec!["nobody@hamburger.edu".to_owned()], ..to_bob() };
    let report = alice.remote.keyed().post(2, &nobody, &letter(2, "nobody@hamburger.edu")).await;
    assert!(matches!(report.fates.as_slice(), [Fate::Refused(_)]), "{report:?}");
    let forged = Envelope { reverse_path: BOB.to_owned(), ..to_bob() };
    let report = alice.remote.keyed().post(3, &forged, &letter(3, BOB)).await;
    assert!(!report.is_taken(), "{report:?}");
}

async fn change<K: Agent>(bob: &mut Person<K>, other: &mut Person<K>, row: Row) {
    let folder = |name: &str| bob.mirror.folder_named(name).unwrap().unwrap().id;
    let (inbox, trash, drafts) = (folder("INBOX"), folder("Trash"), folder("Drafts"));
    let mut add = Flags::of(flag_bits::SEEN | flag_bits::FLAGGED);
    add.add(&Flags::keyword("$forwarded"));
    bob.act(Action::Flag { messages: vec![row.id], add: add.clone(), remove: Flags::default() });
    bob.act(Action::Move { messages: vec![row.id], from: inbox, to: trash });
    let draft = bob.mirror.save_draft(&letter(7, ALICE), drafts, None, Time(1_800_000_000_000)).unwrap();
    bob.sync().await;
    other.sync().await;
    assert!(!other.subjects("INBOX").contains(&row.subject));
    let moved = other.rows("Trash").remove(0);
    assert_eq!((moved.subject, moved.flags), (row.subject.clone(), add));
    assert_eq!(other.subjects("Drafts"), ["Letter 7"]);
    assert!(other.rows("Drafts").remove(0).flags.has(flag_bits::DRAFT));
    assert_eq!(other.mirror.content(other.rows("Drafts")[0].id).unwrap().unwrap(), letter(7, ALICE));

    bob.act(Action::Copy { messages: vec![row.id], to: inbox });
    bob.act(Action::Destroy { messages: vec![row.id], from: trash });
    bob.act(Action::Destroy { messages: vec![draft], from: drafts });
    bob.act(Action::Flag { messages: vec![row.id], add: Flags::default(), remove: Flags::of(flag_bits::SEEN) });
    bob.sync().await;
    other.sync().await;
    assert!(other.subjects("Trash").is_empty() && other.subjects("Drafts").is_empty());
    let copied = other.rows("INBOX").into_iter().find(|copied| copied.subject == row.subject).unwrap();
    assert!(copied.flags.has(flag_bits::FLAGGED) && !copied.flags.has(flag_bits::SEEN));
    bob.act(Action::Destroy { messages: vec![row.id], from: inbox });
    bob.sync().await;
    other.sync().await;
    assert!(!other.subjects("INBOX").contains(&row.subject), "what is in no folder is gone");
}

async fn arrange<K: Agent>(bob: &mut Person<K>, other: &mut Person<K>) {
    let names = |person: &Person<K>| -> Vec<String> {
        person.mirror.folders().unwrap().into_iter().map(|folder| folder.name).collect()
    };
    let (work, _) = bob.mirror.create_folder("Work").unwrap();
    let (deep, _) = bob.mirror.create_folder("Work/Deep").unwrap();
    bob.mirror.make_in(deep, &letter(8, ALICE), &Flags::default(), Time(1_800_000_000_000)).unwrap();
    bob.act(Action::RenameFolder { folder: work, name: "Play".to_owned() });
    bob.act(Action::Subscribe { folder: deep, on: false });
    bob.sync().await;
    other.sync().await;
    assert!(names(other).contains(&"Play/Deep".to_owned()) && !names(other).contains(&"Work".to_owned()));
    assert_eq!(other.subjects("Play/Deep"), ["Letter 8"]);
    assert!(!other.mirror.folder_named("Play/Deep").unwrap().unwrap().subscribed);
    bob.act(Action::DeleteFolder { folder: deep });
    bob.act(Action::DeleteFolder { folder: work });
    bob.sync().await;
    other.sync().await;
    assert!(!names(other).iter().any(|name| name.starts_with("Play")), "{:?}", names(other));
}

#[tokio::test]
async fn on_the_host_itself_with_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let host = house(folder.path()).await;
    let open = async |whose| Person::new(local(host.configuration(), whose).await.unwrap());
    live(open(ALICE).await, open(BOB).await, open(BOB).await).await;
    let nobody = local(host.configuration(), "nobody@hamburger.edu").await.err().unwrap();
    assert_eq!(nobody.kind, Kind::NotFound);
    host.drain(GRACE).await;
}

#[tokio::test]
async fn on_the_host_itself_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let host = house(folder.path()).await;
    host.drain(GRACE).await;
    // One program at a time has the store.
    let mut alice = Person::new(local(host.configuration(), ALICE).await.unwrap());
    alice.sync().await;
    let report = alice.remote.keyed().post(1, &to_bob(), &letter(1, BOB)).await;
    assert!(report.is_taken(), "{report:?}");
    let busy = local(host.configuration(), BOB).await.err().unwrap();
    assert_eq!(busy.kind, Kind::TryAgain);
    alice.leave().await;
    let mut bob = Person::new(local(host.configuration(), BOB).await.unwrap());
    bob.sync().await;
    let row = bob.rows("INBOX").remove(0);
    assert_eq!(row.subject, "Letter 1");
    let folder = |role| bob.mirror.folder_of_role(role).unwrap().unwrap().id;
    bob.act(Action::Move { messages: vec![row.id], from: folder(Role::Inbox), to: folder(Role::Trash) });
    bob.sync().await;
    bob.leave().await;
    let mut other = Person::new(local(host.configuration(), BOB).await.unwrap());
    other.sync().await;
    assert_eq!(other.subjects("Trash"), ["Letter 1"]);
    other.leave().await;
}

#[tokio::test]
async fn by_jmap() {
    let folder = tempfile::tempdir().unwrap();
    let host = house(folder.path()).await;
    let at = host.address(Port::Https).unwrap();
    let open = async |whose| Person::new(jmap(&host, at, whose).await.unwrap());
    live(open(ALICE).await, open(BOB).await, open(BOB).await).await;
    let wrong = jmap_with(&host, at, (BOB, "thirsty")).await.err().unwrap();
    assert_eq!(wrong.kind, Kind::NotAllowed, "{wrong}");
    host.drain(GRACE).await;
}

/// The home of somebody who reads mail on the host of a house.
fn home(house: &House, whose: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let way = format!("{{ kind = \"local\", path = \"{}\" }}", house.configuration().display());
    let text = format!("[[account]]\nname = \"host\"\naddress = \"{whose}\"\nincoming = {way}\noutgoing = {way}\n");
    std::fs::create_dir(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/accounts.toml"), text).unwrap();
    home
}

/// Runs a command of the real binary for somebody; what it printed.
fn says(home: &Path, words: &[&str]) -> String {
    let mut command = Command::new(executable().unwrap());
    let output = command.args(words).env("PILLARBOX_HOME", home).stdin(Stdio::null()).output().unwrap();
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{words:?}: {} {said} {told}", output.status);
    said.into_owned()
}

/// The number of the newest message of a list.
fn id_in(listed: &str) -> String {
    let listed: serde_json::Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    listed["messages"][0]["id"].to_string()
}

/// The commands of mail by the real binary, with its server and without.
#[test]
fn the_commands_of_mail_on_the_host_itself() {
    let house = House::found(&worlds(Scenario::Pair).remove(0)).unwrap();
    fill(&house, &worlds(Scenario::Pair).remove(0)).unwrap();
    let mut server = Binary::start(&house).unwrap();
    let (alice, bob) = (home(&house, ALICE), home(&house, BOB));
    for subject in ["With a server", "Without one"] {
        says(alice.path(), &["send", BOB, "-s", subject, "-m", "Do you like ketchup?"]);
        says(bob.path(), &["mail", "sync"]);
        let listed = says(bob.path(), &["mail", "list", "--json"]);
        assert!(listed.contains(subject), "{listed}");
        let id = id_in(&listed);
        assert!(says(bob.path(), &["mail", "read", &id]).contains("Do you like ketchup?"));
        says(bob.path(), &["mail", "flag", &id, "+flagged"]);
        says(bob.path(), &["mail", "move", &id, "Archive"]);
        let other = home(&house, BOB);
        says(other.path(), &["mail", "sync"]);
        let moved = says(other.path(), &["mail", "list", "-f", "Archive", "--json"]);
        assert!(moved.contains(subject) && moved.contains("flagged"), "{moved}");
        let id = id_in(&moved);
        says(other.path(), &["mail", "delete", &id, "--for-good"]);
        says(bob.path(), &["mail", "sync"]);
        assert!(!says(bob.path(), &["mail", "list", "-f", "Archive", "--json"]).contains(subject));
        if server.is_running().unwrap() {
            server.terminate().unwrap();
        }
    }
}

/// The arrangements in which people sit at the hosts themselves, played to their end.
#[tokio::test]
async fn at_the_hosts_themselves_in_the_lab() {
    for (name, steps) in [("arrangement-1", 5), ("arrangement-2", 6)] {
        let (_, text) = SCENARIOS.into_iter().find(|(known, _)| *known == name).unwrap();
        let mut play = Play::start(Plot::parse(text).unwrap(), Ports::Random, None).await.unwrap();
        let mut seen = Vec::new();
        while let Some(step) = play.next().await.unwrap_or_else(|error| panic!("{name}: {error:#}")) {
            seen.push(step);
        }
        assert_eq!(seen.len(), steps, "{name}");
        let read = &seen.last().unwrap().facts;
        assert!(read[0].text.ends_with("its own store; no access protocol"), "{read:?}");
        play.internet().drain(GRACE).await;
    }
}

/// Passes octets on to a server, and cuts every connection after so many.
async fn faulty(to: SocketAddr, octets: Arc<AtomicU64>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let octets = octets.clone();
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(to).await else { return };
                pass_on(client, server, &octets).await;
            });
        }
    });
    at
}

async fn pass_on(client: TcpStream, server: TcpStream, left: &AtomicU64) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut told) = (vec![0; 1024], vec![0; 1024]);
    loop {
        let ended = tokio::select! {
            read = from_client.read(&mut asked) => relay(read, &asked, &mut to_server, left).await,
            read = from_server.read(&mut told) => relay(read, &told, &mut to_client, left).await,
        };
        if ended {
            return;
        }
    }
}

/// Whether the link is cut, or one of both is gone.
async fn relay(
    read: std::io::Result<usize>,
    octets: &[u8],
    to: &mut (impl AsyncWriteExt + Unpin),
    left: &AtomicU64,
) -> bool {
    let Ok(count @ 1..) = read else { return true };
    let taken = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(count as u64));
    taken.is_err() || to.write_all(&octets[..count]).await.is_err()
}

#[tokio::test]
async fn by_jmap_over_a_link_that_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let host = house(folder.path()).await;
    let left = Arc::new(AtomicU64::new(u64::MAX));
    let straight = host.address(Port::Https).unwrap();
    let at = faulty(straight, left.clone()).await;
    let mirrors = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(&mirrors.path().join("mirror.sqlite")).unwrap();
    let clock = Clock::system();
    let mut alice = KeyedRemote::new(jmap(&host, at, ALICE).await.unwrap(), clock.clone());
    alice.pull(&mirror, &Scope::Everything, &Watcher::nobody()).await.unwrap();
    let drafts = mirror.folder_of_role(Role::Drafts).unwrap().unwrap().id;
    let (mut random, mut cuts, mut sent) = (7_u64, 0, 0);
    for number in 0..6 {
        mirror.save_draft(&letter(100 + number, BOB), drafts, None, clock.now()).unwrap();
        // Each time a little further, until all went through.
        let mut through = false;
        while !through {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            left.store(2_000 + (random >> 33) % 16_000 + cuts * 400, Ordering::SeqCst);
            through = attempt(&mut alice, &mirror, number).await;
            cuts += u64::from(!through);
        }
        sent += 1;
    }
    assert!(cuts > 0, "nothing was cut");
    let mut bob = Person::new(jmap(&host, straight, BOB).await.unwrap());
    bob.sync().await;
    assert_eq!(bob.rows("INBOX").len(), sent, "each letter came once");
    let mut other = Person::new(jmap(&host, straight, ALICE).await.unwrap());
    other.sync().await;
    let mut subjects = other.subjects("Drafts");
    subjects.sort();
    let wanted: Vec<String> = (100..106).map(|number| format!("Letter {number}")).collect();
    assert_eq!(subjects, wanted, "each draft is there once");
    assert_eq!(other.subjects("Sent").len(), sent);
    host.drain(GRACE).await;
}

async fn attempt(alice: &mut KeyedRemote<Jmap>, mirror: &Mirror, number: u64) -> bool {
    let nobody = Watcher::nobody();
    for pending in mirror.pending().unwrap() {
        // What was put off is due now.
        mirror.put_off(pending.id, "", Time(0)).unwrap();
    }
    if alice.push(mirror, &nobody).await.is_err() {
        return false;
    }
    let report = alice.keyed().post(number, &to_bob(), &letter(number, BOB)).await;
    report.is_taken() && alice.pull(mirror, &Scope::Everything, &nobody).await.is_ok()
}
