//! Runs every dialogue of `smtp/`, `pop3/` and `imap/` against the pure sessions, and every one of `client/` against our own
//! client: all of the other side's words at once, octet by octet, and cut in two at every place (at evenly spread places
//! where there are too many).
#![allow(clippy::disallowed_methods, reason = "reads the dialogues")]
#![allow(clippy::unwrap_used)]

mod flipped;
mod imap_client;
mod pop3_client;
mod world;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use wire::dialogue::{Dialogue, Failure, Run, play};
use world::stage::{Chunking, PureStage};

/// The most places one file is cut at: enough for every place of a short dialogue, and a long one stays quick.
const CUTS_MAX: usize = 400;

type Failed = Box<(Chunking, Failure)>;

#[test]
fn smtp_dialogues() {
    run_folder("smtp");
}

#[test]
fn pop3_dialogues() {
    run_folder("pop3");
}

#[test]
fn imap_dialogues() {
    run_folder("imap");
}

#[test]
fn client_dialogues() {
    use flipped::{Chunking, play};
    let mut report = String::new();
    let files = files("client");
    assert!(!files.is_empty());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        let cuts = |bursts: Vec<usize>| {
            let each = bursts.into_iter().enumerate();
            each.flat_map(|(burst, octets)| (1..octets).map(move |at| Chunking::Cut(burst, at))).collect::<Vec<_>>()
        };
        let all_ways = play(&name, &text, Chunking::Whole).and_then(|bursts| {
            play(&name, &text, Chunking::Octets)?;
            cuts(bursts).into_iter().try_for_each(|cut| play(&name, &text, cut).map(drop))
        });
        if let Err(failure) = all_ways {
            let _ = writeln!(report, "\n{failure}");
        }
    }
    assert!(report.is_empty(), "{report}");
}

fn run_folder(folder: &str) {
    let mut report = String::new();
    let mut ran = 0;
    for path in files(folder) {
        let dialogue = read(&path);
        if !dialogue.world.runs(Run::Pure) {
            continue;
        }
        ran += 1;
        if let Err(failed) = run_all_ways(&dialogue) {
            let (chunking, failure) = *failed;
            let _ = writeln!(report, "\n({chunking:?}) {failure}");
        }
    }
    assert!(ran > 0, "no dialogue in {folder} ran");
    assert!(report.is_empty(), "{report}");
}

fn run_all_ways(dialogue: &Dialogue) -> Result<(), Failed> {
    let bursts = run_one(dialogue, Chunking::Whole)?;
    run_one(dialogue, Chunking::Octets)?;
    let total: usize = bursts.iter().sum();
    let stride = total.div_ceil(CUTS_MAX).max(1);
    for (burst, octets) in bursts.iter().enumerate() {
        for at in (1..*octets).step_by(stride) {
            run_one(dialogue, Chunking::Cut { burst, at })?;
        }
    }
    Ok(())
}

/// Returns the length of every burst of the client.
fn run_one(dialogue: &Dialogue, chunking: Chunking) -> Result<Vec<usize>, Failed> {
    let mut stage = PureStage::new(&dialogue.world, chunking);
    play(dialogue, &mut stage).map_err(|failure| Box::new((chunking, failure)))?;
    Ok(stage.bursts)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    files
}

fn read(path: &Path) -> Dialogue {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path);
    let folder = path.parent().unwrap().to_path_buf();
    let load = |file: &str| std::fs::read(folder.join(file)).map_err(|error| format!("{file}: {error}"));
    Dialogue::parse(&format!("wire/{}", name.display()), &text, &load).unwrap_or_else(|error| panic!("{error}"))
}
