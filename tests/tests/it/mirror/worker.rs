//! The worker: an account is brought up to date by itself, an order is carried out, a letter goes out, news come.

use super::{NOW, Place, letter};
use agent::account::{Account, FolderNames, Incoming, Outgoing, SecretSource, Security, Server, Settings};
use agent::credentials::Credentials;
use agent::dialing::Internet;
use agent::house::Folders;
use agent::mirror::{Envelope, Mirror, OutgoingState, Posting, Role};
use agent::progress::Watcher;
use agent::reach::Reach;
use agent::remote::Scope;
use agent::secret::{Keyring, Secrets};
use agent::worker::{News, Order, Worker};
use net::Clock;
use std::net::SocketAddr;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;

/// How long something may take that is under way: far more than it takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn server(address: SocketAddr) -> Server {
    let (host, port) = (address.ip().to_string(), address.port());
    Server { host, port, security: Security::Plain, user: None, trust: None }
}

fn account(place: &Place) -> Account {
    Account {
        name: "alice".to_owned(),
        address: "alice@hamburger.edu".parse().unwrap(),
        display_name: None,
        aliases: Vec::new(),
        incoming: Incoming::Imap(server(place.imap())),
        outgoing: Some(Outgoing::Smtp(server(place.submission.unwrap()))),
        secret: Some(SecretSource::Command("echo ketchup".to_owned())),
        signature: None,
        sealing: agent::account::SealHabits::default(),
        folders: FolderNames::default(),
        default: true,
    }
}

fn reach(folder: &TempDir, account: &Account) -> Reach {
    let below = |name: &str| folder.path().join(name);
    let folders = Folders { config: below("config"), data: below("data"), cache: below("cache") };
    let internet = Internet::system(Clock::system());
    let settings = Settings { accounts: vec![account.clone()], ..Settings::default() };
    let credentials = Credentials::new(settings, Secrets::new(&folders, Keyring::system()), internet.clone());
    Reach { internet, folders, credentials }
}

/// A letter of alice's.
fn mine() -> Vec<u8> {
    String::from_utf8(letter("mine", "ketchup")).unwrap().replace("Bob <bob@", "Alice <alice@").into_bytes()
}

/// Waits for some news; those before it are passed over, but not trouble.
async fn until(news: &mut Receiver<News>, what: impl Fn(&News) -> bool) -> News {
    let waiting = async {
        loop {
            let told = news.recv().await.unwrap();
            assert!(!matches!(told, News::Trouble { .. }), "{told:?}");
            if what(&told) {
                return told;
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap()
}

#[test]
fn the_worker_does_what_is_ordered_and_tells_what_comes() {
    let place = Place::new();
    let folder = TempDir::with_prefix("worker-").unwrap();
    let account = account(&place);
    let reach = reach(&folder, &account);
    let mirror = Mirror::open(&folder.path().join("alice.sqlite")).unwrap();
    let other = Mirror::open(&folder.path().join("other.sqlite")).unwrap();
    let (worker, mut news) = Worker::start(vec![(account.clone(), mirror.clone())], &reach, false).unwrap();
    let name = || "alice".to_owned();
    place.runtime.block_on(async {
        until(&mut news, |told| matches!(told, News::Idle { .. })).await;
        let envelope = Envelope {
            reverse_path: "alice@hamburger.edu".to_owned(),
            recipients: vec!["alice@hamburger.edu".to_owned()],
            smtputf8: false,
        };
        let sent = mirror.folder_for(Role::Sent).unwrap();
        let posting = Posting { envelope, file_in: Some(sent), ..Posting::default() };
        mirror.post(&mine(), &posting, NOW, NOW).unwrap();
        worker.order(Order::Tell { account: name() });
        until(&mut news, |told| matches!(told, News::Sent { subject, .. } if subject == "ketchup")).await;
        let told = until(&mut news, |told| matches!(told, News::Mail { .. })).await;
        let News::Mail { rows, count, .. } = told else { unreachable!() };
        assert_eq!((rows.len(), count), (1, 1));
        assert_eq!(rows[0].message_id, "mine@hamburger.edu");
        worker.order(Order::Fetch { account: name(), messages: vec![rows[0].id] });
        until(&mut news, |told| matches!(told, News::Fetched { message, .. } if *message == rows[0].id)).await;
        assert!(mirror.content(rows[0].id).unwrap().is_some());
        worker.order(Order::Offline(true));
        drop(worker);
        let round = agent::sync::round(&reach, &account, &other, &Scope::Everything, &Watcher::nobody()).await.unwrap();
        assert_eq!(round.brought.whole, 2, "the letter, and its copy among those that were sent");
    });
}

#[test]
fn a_letter_nobody_takes_is_kept_and_told() {
    let place = Place::new();
    let folder = TempDir::with_prefix("outbox-").unwrap();
    let account = account(&place);
    let reach = reach(&folder, &account);
    let mirror = Mirror::open(&folder.path().join("alice.sqlite")).unwrap();
    place.runtime.block_on(async {
        let recipients = ["alice@hamburger.edu", "nobody@hamburger.edu"].map(str::to_owned).to_vec();
        let envelope = Envelope { reverse_path: "alice@hamburger.edu".to_owned(), recipients, smtputf8: false };
        let posting = Posting { envelope, ..Posting::default() };
        mirror.post(&mine(), &posting, NOW, NOW).unwrap();
        let round = agent::sync::round(&reach, &account, &mirror, &Scope::Headers, &Watcher::nobody()).await.unwrap();
        assert_eq!((round.went.sent.len(), round.went.left.len()), (0, 1));
        let waiting = mirror.outgoing().unwrap();
        assert_eq!((waiting.len(), waiting[0].state), (1, OutgoingState::Refused));
        assert_eq!(waiting[0].posting.envelope.recipients, ["nobody@hamburger.edu"]);
        assert!(waiting[0].error.contains("nobody@hamburger.edu"), "{}", waiting[0].error);
    });
}
