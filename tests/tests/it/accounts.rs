//! The commands of mail by the real binary on an account of a server in this process: letters that wait go once, and are filed
//! once, however often the program is killed while it sends them; two of them on one account show the same.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use tests::binary::executable;
use tests::house::{self, House};
use tests::in_process::InProcess;
use tests::seed::Seed;
use wire::dialogue::{Dialogue, Port};

/// Seeds in a plain run; `PILLARBOX_SEEDS` says otherwise.
const SEEDS: u64 = 3;
/// Letters of one seed, each with a kill while it goes.
const LETTERS: u64 = 6;
/// Octets of a conversation, both ways, at one of which the program is killed: from the first to some past the end.
const AT: std::ops::Range<u64> = 1..9_000;

/// A line to the submission server at which a program is killed.
struct Trap {
    address: SocketAddr,
    victim: Arc<Victim>,
}

/// Who is killed, and when.
#[derive(Default)]
struct Victim {
    /// Octets that still pass.
    left: AtomicU64,
    /// The process; 0: nobody.
    pid: AtomicU32,
    kills: AtomicU64,
}

impl Trap {
    fn to(server: SocketAddr) -> Trap {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let trap = Trap { address: listener.local_addr().unwrap(), victim: Arc::default() };
        trap.victim.left.store(u64::MAX, Ordering::SeqCst);
        let victim = trap.victim.clone();
        // It ends with the test.
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let Ok(server) = TcpStream::connect(server) else { return };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to, victim) = (from.try_clone().unwrap(), to.try_clone().unwrap(), victim.clone());
                    thread::spawn(move || carry(from, to, &victim));
                }
            }
        });
        trap
    }

    /// Runs the program with these words; about this octet of what it says and hears it is killed.
    fn spring(&self, home: &Path, words: &[&str], at: u64) {
        let mut child = command(home, words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.victim.pid.store(child.id(), Ordering::SeqCst);
        self.victim.left.store(at, Ordering::SeqCst);
        child.wait().unwrap();
        self.victim.pid.store(0, Ordering::SeqCst);
        self.victim.left.store(u64::MAX, Ordering::SeqCst);
    }
}

/// Passes octets on one by one, so that the last is that of the victim.
fn carry(mut from: TcpStream, mut to: TcpStream, victim: &Victim) {
    let mut octet = [0; 1];
    while let Ok(1) = from.read(&mut octet) {
        match victim.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
            Ok(1) => {
                let pid = victim.pid.load(Ordering::SeqCst);
                let killed = pid > 0 && Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success();
                victim.kills.fetch_add(u64::from(killed), Ordering::SeqCst);
            }
            Ok(_) if to.write_all(&octet).is_ok() => continue,
            _ => {}
        }
        break;
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

fn command(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(executable().unwrap());
    command.args(words).env("PILLARBOX_HOME", home).stdin(Stdio::null());
    command
}

fn says(home: &Path, words: &[&str]) -> String {
    let Output { status, stdout, stderr } = command(home, words).output().unwrap();
    let (said, told) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{words:?}: {status} {said} {told}");
    said.into_owned()
}

fn json(home: &Path, words: &[&str]) -> Value {
    let words = [words, &["--json"]].concat();
    serde_json::from_str(&says(home, &words)).unwrap()
}

/// How often each subject is in a folder of an account.
fn subjects(home: &Path, account: &str, folder: &str) -> BTreeMap<String, usize> {
    let listed = json(home, &["mail", "-A", account, "--offline", "list", "-n", "1000", "-f", folder]);
    let mut found = BTreeMap::new();
    for row in listed["messages"].as_array().unwrap() {
        *found.entry(row["subject"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    found
}

/// The settings of alice and bob, with a submission server of alice's.
fn settle(home: &Path, imap: SocketAddr, submission: SocketAddr) {
    let server = |kind: &str, at: SocketAddr| {
        let (host, port) = (at.ip(), at.port());
        format!("{{ kind = \"{kind}\", host = \"{host}\", port = {port}, security = \"plain\" }}")
    };
    let account = |name: &str, password: &str| {
        let (incoming, outgoing) = (server("imap", imap), server("smtp", submission));
        format!(
            "[[account]]\nname = \"{name}\"\naddress = \"{name}@hamburger.edu\"\nincoming = {incoming}\noutgoing = \
             {outgoing}\nsecret = {{ kind = \"command\", command = \"echo {password}\" }}\n\n"
        )
    };
    let folder = home.join("config");
    std::fs::create_dir_all(&folder).unwrap();
    let text = account("alice", "ketchup") + &account("bob", "hungry");
    std::fs::write(folder.join("accounts.toml"), text).unwrap();
}

#[test]
fn letters_go_once_however_often_the_program_is_killed() {
    let seeds = std::env::var("PILLARBOX_SEEDS").map_or(SEEDS, |text| text.parse().unwrap());
    let text = "= hostname hamburger.edu\n= plaintext-login 127.0.0.0/8\n= account alice@hamburger.edu ketchup\n\
                = account bob@hamburger.edu hungry\n";
    let world = Dialogue::parse("accounts", text, &|file| Err(file.to_owned())).unwrap().world;
    let house = House::found(&world).unwrap();
    house::fill(&house, &world).unwrap();
    let server = InProcess::start(&house).unwrap();
    let (imap, submission) = (server.ports[&Port::Imap], server.ports[&Port::Submission]);
    let trap = Trap::to(submission);
    let folder = tempfile::TempDir::with_prefix("accounts-").unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    settle(&one, imap, trap.address);
    settle(&two, imap, submission);
    let mut names = BTreeSet::new();
    for number in 0..seeds {
        let mut seed = Seed(number ^ 0xacc);
        for letter in 0..LETTERS {
            let name = format!("s{number}n{letter}");
            let words = "Ketchup. ".repeat(usize::try_from(seed.within(1..600)).unwrap());
            says(&one, &["send", "-A", "alice", "bob@hamburger.edu", "-s", &name, "-m", &words, "--queue"]);
            names.insert(name);
            trap.spring(&one, &["mail", "-A", "alice", "sync"], seed.within(AT));
        }
    }
    assert!(trap.victim.kills.load(Ordering::SeqCst) > 0, "who is never killed proves nothing");
    says(&one, &["mail", "-A", "alice", "outbox", "retry"]);
    says(&one, &["mail", "-A", "alice", "sync"]);
    says(&two, &["mail", "-A", "alice", "sync"]);
    says(&two, &["mail", "-A", "bob", "sync"]);
    check(&one, &two, &names);
}

/// Nothing went twice, nothing is lost: what bob has not is told to be unsure.
fn check(one: &Path, two: &Path, names: &BTreeSet<String>) {
    let waiting = json(one, &["mail", "-A", "alice", "--offline", "outbox", "list"]);
    let mut unsure = BTreeSet::new();
    for letter in waiting["letters"].as_array().unwrap() {
        assert_eq!(letter["state"], "unsure", "{letter}");
        unsure.insert(letter["subject"].as_str().unwrap().to_owned());
    }
    let taken = subjects(two, "bob", "inbox");
    for name in names {
        let count = taken.get(name).copied().unwrap_or(0);
        assert!(count == 1 || (count == 0 && unsure.contains(name)), "{name} went {count} times; unsure: {unsure:?}");
    }
    let filed = subjects(one, "alice", "sent");
    assert_eq!(filed, subjects(two, "alice", "sent"), "two programs show the same");
    let sure: BTreeMap<String, usize> = names.difference(&unsure).map(|name| (name.clone(), 1)).collect();
    assert_eq!(filed, sure, "each that went is filed once");
}
