//! Every target over its corpus, over what the clients of the dialogues say, and over seeded mutations of both.
#![allow(clippy::disallowed_methods, reason = "reads its corpus, and is about real time")]
#![allow(clippy::unwrap_used)]

use fuzz::mutate::Mutator;
use fuzz::{TARGETS, Target};
use message::summary::Summary;
use nix::time::{ClockId, clock_gettime};
use peak_alloc::PeakAlloc;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wire::dialogue::{Act, Captures, Dialogue};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Mutated inputs for each target, unless a time is given: about a minute for all of them in a debug build.
const MUTATIONS: u32 = 4000;
/// The memory one input may take: ten times its size, and so many bytes.
const MEMORY_SLACK: usize = 1024 * 1024;
/// How long one input may take. The longest are 20,000 octets, read in a few milliseconds.
const HANG: Duration = Duration::from_secs(1);

/// With `PILLARBOX_FUZZ_SECONDS=60` each target runs so long, from another seed each time; with
/// `PILLARBOX_FUZZ_TARGET=smtp` only that one.
#[test]
fn every_target_over_its_corpus_and_mutations() {
    let chosen = std::env::var("PILLARBOX_FUZZ_TARGET").ok();
    let until = std::env::var("PILLARBOX_FUZZ_SECONDS").ok().map(|text| Duration::from_secs(text.parse().unwrap()));
    for (name, run) in TARGETS.iter().filter(|(name, _)| chosen.as_deref().is_none_or(|chosen| chosen == *name)) {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        for input in &corpus {
            run_one((name, *run), input);
        }
        match until {
            None => mutations((name, *run), &corpus),
            Some(time) => run_for((name, *run), &corpus, time),
        }
    }
}

/// The same inputs every time.
fn mutations(target: Target, corpus: &[Vec<u8>]) {
    let mut mutator = Mutator::new(corpus, 0x2004_0406);
    (0..MUTATIONS).for_each(|_| run_one(target, &mutator.input()));
}

/// As many inputs as the time allows; says how many.
#[allow(clippy::print_stderr, reason = "figures for whoever asked for a long run")]
fn run_for(target: Target, corpus: &[Vec<u8>], time: Duration) {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let mut mutator = Mutator::new(corpus, seed);
    let (start, mut inputs) = (Instant::now(), 0_u64);
    while start.elapsed() < time {
        run_one(target, &mutator.input());
        inputs += 1;
    }
    eprintln!("{}: {inputs} inputs from seed {seed:#x}", target.0);
}

/// What this thread has spent; a busy machine spends none of it.
fn processor_time() -> Duration {
    Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap())
}

/// Names the input when a target fails, hangs or takes too much memory, so that it can join the corpus.
fn run_one((name, run): Target, input: &[u8]) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut taken = Duration::MAX;
    // Other work can slow a processor down; thrice in a row, and it is the target.
    for _ in 0..3 {
        let start = processor_time();
        let outcome = std::panic::catch_unwind(|| run(input));
        assert!(outcome.is_ok(), "{name} failed on {}", wire::dialogue::show(input));
        taken = taken.min(processor_time() - start);
        let memory = MEMORY.peak_usage().saturating_sub(before);
        assert!(
            memory <= 10 * input.len() + MEMORY_SLACK,
            "{name} took {memory} bytes on {}",
            wire::dialogue::show(input)
        );
        if taken < HANG {
            return;
        }
    }
    panic!("{name} took {taken:?} on {}", wire::dialogue::show(input));
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut inputs: Vec<Vec<u8>> = files(&folder).iter().map(|path| std::fs::read(path).unwrap()).collect();
    let said = |protocol: &str| files(&dialogues(protocol)).into_iter().map(|path| client_words(&path));
    match name {
        "smtp" | "submission" | "lmtp" | "pop3" => {
            let protocol = if name == "pop3" { name } else { "smtp" };
            inputs.extend(said(protocol).flat_map(|words| [0, 9, 14, 31, 39].map(|c| [&[c], &words[..]].concat())));
        }
        "client" => {
            let heard = files(&dialogues("client")).into_iter().map(|path| server_words(&path));
            inputs.extend(heard.flat_map(|words| [0, 9, 22, 64, 97].map(|c| [&[c], &words[..]].concat())));
        }
        // Whatever is a message is one to change and to read too.
        "recode" | "seven-bit" | "body-text" => inputs.extend(corpus("scanner")),
        "build" => inputs.extend(["words", "address-list", "domain"].into_iter().flat_map(corpus)),
        "pop3-command" => inputs.extend(said("pop3").flat_map(|words| lines(&words))),
        "command" => inputs.extend(said("smtp").flat_map(|words| lines(&words))),
        "dialogue" => inputs.extend(files(&dialogues("smtp")).iter().map(|path| std::fs::read(path).unwrap())),
        "imap" => inputs.extend(said("imap").flat_map(|words| [0, 3].map(|c| [&[c], &words[..]].concat()))),
        "imap-command" => inputs.extend(said("imap").flat_map(|words| lines(&words))),
        "imap-reader" => inputs.extend(said("imap").flat_map(|words| [0, 1, 31].map(|c| [&[c], &words[..]].concat()))),
        "imap-response" => inputs.extend(files(&dialogues("imap")).into_iter().map(|path| server_words(&path))),
        "imap-envelope" => inputs.extend(corpus("scanner")),
        "imap-client" => {
            let heard = files(&dialogues("imap")).into_iter().map(|path| server_words(&path));
            inputs.extend(heard.flat_map(|words| [0, 12, 22].map(|c| [&[c], &words[..]].concat())));
        }
        "html-text" => inputs.extend(corpus("html")),
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

/// All that the server of a flipped dialogue says.
fn server_words(path: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("S: "))
        .flat_map(|line| format!("{line}\r\n").into_bytes())
        .collect()
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
