//! Every dialogue of `wire/tests` over real sockets, three ways. A dialogue gets a house of its own where it reads or
//! fills mailboxes; those that only speak SMTP share one with others of the same world.

use std::path::{Path, PathBuf};
use tests::binary::Binary;
use tests::house::{self, House};
use tests::in_process::InProcess;
use tests::stage::SocketStage;
use wire::dialogue::{Dialogue, Port, Run, World, play};

#[test]
fn in_process() {
    run_all(Run::Server);
}

#[test]
fn real_binary() {
    run_all(Run::Binary);
}

#[test]
fn real_binary_over_tls() {
    run_all(Run::Tls);
}

fn run_all(run: Run) {
    let mut dialogues = all();
    dialogues.retain(|dialogue| dialogue.world.runs(run) && !(run == Run::Tls && dialogue.starts_tls()));
    assert!(!dialogues.is_empty());
    let failures: Vec<String> = groups(dialogues).iter().flat_map(|group| run_group(run, group)).collect();
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n"));
}

/// Plays dialogues of one world, one after the other, against one server.
fn run_group(run: Run, group: &[Dialogue]) -> Vec<String> {
    let Some(first) = group.first() else { return Vec::new() };
    let house = House::found(&first.world).unwrap();
    house::fill(&house, &first.world).unwrap();
    match run {
        Run::Binary | Run::Tls => {
            let server = Binary::start(&house).unwrap();
            play_all(run, group, &house, &server.ports)
        }
        Run::Server | Run::Pure => {
            let server = InProcess::start(&house).unwrap();
            play_all(run, group, &house, &server.ports)
        }
    }
}

fn play_all(run: Run, group: &[Dialogue], house: &House, ports: &tests::Ports) -> Vec<String> {
    let played = group.iter().map(|dialogue| {
        let mut stage = SocketStage::new(ports.clone(), house.tls.clone(), &house.hostname, run == Run::Tls);
        play(dialogue, &mut stage)
    });
    played.filter_map(Result::err).map(|failure| format!("({run:?}) {failure}")).collect()
}

fn groups(dialogues: Vec<Dialogue>) -> Vec<Vec<Dialogue>> {
    let mut groups: Vec<Vec<Dialogue>> = Vec::new();
    for dialogue in dialogues {
        let house = shared_world(&dialogue);
        let same = |group: &&mut Vec<Dialogue>| {
            house.is_some() && group.first().is_some_and(|first| shared_world(first) == house)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(dialogue),
            None => groups.push(vec![dialogue]),
        }
    }
    groups
}

/// The world without what differs between dialogues that may share a house; `None` where a dialogue needs its own.
fn shared_world(dialogue: &Dialogue) -> Option<World> {
    let world = &dialogue.world;
    let reads =
        (0..10).any(|connection| matches!(world.port(connection), Port::Pop3 | Port::Pop3s | Port::Imap | Port::Imaps));
    let fills = world.accounts.iter().any(|account| account.quota.is_some());
    let own = reads || fills || !world.mail.is_empty();
    (!own).then(|| World { ports: Vec::new(), without: Vec::new(), ..world.clone() })
}

fn all() -> Vec<Dialogue> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire/tests");
    let mut paths: Vec<PathBuf> = Vec::new();
    for protocol in ["smtp", "pop3", "imap"] {
        let entries = std::fs::read_dir(folder.join(protocol)).unwrap();
        paths.extend(entries.map(|entry| entry.unwrap().path()));
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Dialogue {
    let text = std::fs::read_to_string(path).unwrap();
    let folder = path.parent().unwrap().to_path_buf();
    let load = |file: &str| std::fs::read(folder.join(file)).map_err(|error| format!("{file}: {error}"));
    let name = path.display().to_string();
    let name = name.rsplit_once("wire/tests/").map_or(name.clone(), |(_, short)| format!("wire/tests/{short}"));
    Dialogue::parse(&name, &text, &load).unwrap_or_else(|error| panic!("{error}"))
}
