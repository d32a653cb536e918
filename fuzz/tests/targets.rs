//! Every target over its corpus, over what the clients of the dialogues say, and over seeded mutations of both.
#![allow(clippy::disallowed_methods, reason = "reads its corpus")]
#![allow(clippy::unwrap_used)]

use fuzz::mutate::Mutator;
use fuzz::{TARGETS, Target};
use message::summary::Summary;
use std::path::{Path, PathBuf};
use wire::dialogue::{Act, Captures, Dialogue};

/// Mutated inputs for each target: a few seconds for all of them in a debug build.
const MUTATIONS: usize = 4000;

#[test]
fn every_target_over_its_corpus_and_mutations() {
    for (name, run) in TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        for input in &corpus {
            run_one((name, *run), input);
        }
        let mut mutator = Mutator::new(&corpus, 0x2004_0406);
        for _ in 0..MUTATIONS {
            run_one((name, *run), &mutator.input());
        }
    }
}

/// Names the input when a target fails, so that it can join the corpus.
fn run_one((name, run): Target, input: &[u8]) {
    let outcome = std::panic::catch_unwind(|| run(input));
    assert!(outcome.is_ok(), "{name} failed on {}", wire::dialogue::show(input));
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut inputs: Vec<Vec<u8>> = files(&folder).iter().map(|path| std::fs::read(path).unwrap()).collect();
    let said = |protocol: &str| files(&dialogues(protocol)).into_iter().map(|path| client_words(&path));
    match name {
        "smtp" | "pop3" => {
            inputs.extend(said(name).flat_map(|words| [0, 9, 14, 31, 39].map(|c| [&[c], &words[..]].concat())))
        }
        "pop3-command" => inputs.extend(said("pop3").flat_map(|words| lines(&words))),
        "command" => inputs.extend(said("smtp").flat_map(|words| lines(&words))),
        "dialogue" => inputs.extend(files(&dialogues("smtp")).iter().map(|path| std::fs::read(path).unwrap())),
        // Messages as they come, and summaries as they are kept.
        "summary" => {
            let messages: Vec<Vec<u8>> = corpus("scanner");
            inputs.extend(messages.iter().map(|message| Summary::of(&message::parse(message)).encode()));
            inputs.extend(messages);
        }
        _ => {}
    }
    inputs
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn dialogues(protocol: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire/tests").join(protocol)
}

/// All that the first client of a dialogue says.
fn client_words(path: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap();
    let Ok(dialogue) = Dialogue::parse("seed", &text, &|_| Ok(Vec::new())) else { return Vec::new() };
    let first = dialogue.script.iter().filter(|line| line.connection == 1);
    let sent = first.filter_map(|line| match &line.act {
        Act::Send(sent) => sent.octets.fill(&Captures::new()).ok(),
        _ => None,
    });
    sent.flatten().take(20_000).collect()
}

fn lines(words: &[u8]) -> Vec<Vec<u8>> {
    let lines = words.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec());
    lines.filter(|line| line.len() < 500).collect()
}
