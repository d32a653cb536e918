//! Messages made to be slow or fat: each has a small shape repeated very often. Twice the input may take 2.5 times as long
//! at most, and ten times its size in memory and a MiB; what is kept stays within its limits.
#![allow(clippy::unwrap_used)]

use message::header::{self, ADDRESSES_MAX, FIELDS_MAX, IDS_MAX, PARAMETERS_MAX};
use message::scanner::{DEPTH_MAX, HEADER_KEPT_MAX, KEPT_TOTAL_MAX, PARTS_MAX};
use message::{Summary, TransferEncoding, encoding, parse, recode};
use nix::time::{ClockId, clock_gettime};
use peak_alloc::PeakAlloc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Memory is counted for the whole process, so one bomb goes off at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Linear reading gives 2, quadratic 4.
const RATIO_MAX: f64 = 2.5;
/// Measured so often, unless it was linear before: the least time of each counts, and other work on the machine passes.
const ROUNDS: usize = 12;
/// What is quadratic is at four. Below this it may be other work on the machine, which a short run escapes sooner than a long one:
/// then it is measured on.
const DOUBTFUL: f64 = 3.3;
const ROUNDS_MAX: usize = 60;
/// Bytes above ten times the input: what is needed for the smallest.
const MEMORY_SLACK: usize = 1024 * 1024;

/// The processor time this thread spends.
fn spent(run: &dyn Fn()) -> Duration {
    let now = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
    let start = now();
    run();
    now() - start
}

/// What reads it.
type Reader = dyn Fn(&[u8]);

/// What makes its input so many units long.
struct Bomb<'a> {
    name: &'a str,
    make: &'a dyn Fn(usize) -> Vec<u8>,
    count: usize,
}

impl Bomb<'_> {
    fn is_harmless(&self, read: &Reader) {
        let (small, large) = ((self.make)(self.count / 2), (self.make)(self.count));
        self.takes_memory_in_proportion(read, &large);
        let (mut fast, mut slow) = (Duration::MAX, Duration::MAX);
        for round in 1..=ROUNDS_MAX {
            fast = fast.min(spent(&|| read(&small)));
            slow = slow.min(spent(&|| read(&large)));
            let grown = large.len() as f64 / small.len() as f64 / 2.0;
            let ratio = slow.as_secs_f64() / (grown * fast.as_secs_f64());
            if ratio <= RATIO_MAX {
                return;
            }
            if round >= ROUNDS && ratio >= DOUBTFUL {
                break;
            }
        }
        panic!("{}: {fast:?} became {slow:?}", self.name);
    }

    fn takes_memory_in_proportion(&self, read: &Reader, input: &[u8]) {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        read(input);
        let taken = MEMORY.peak_usage().saturating_sub(before);
        assert!(taken <= 10 * input.len() + MEMORY_SLACK, "{}: {taken} bytes for {}", self.name, input.len());
    }
}

fn read_message(content: &[u8]) {
    let structure = parse(content);
    let summary = Summary::of(&structure);
    assert_eq!(summary.octets, content.len() as u64);
    drop(recode::binary_to_base64(&structure));
}

/// Messages of this text before, this unit so often, this text behind.
fn messages(bombs: &[(&str, &str, &str, usize)]) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, before, unit, count) in bombs {
        let make = |n: usize| [before.as_bytes(), &unit.as_bytes().repeat(n), b"\r\n\r\n"].concat();
        Bomb { name, make: &make, count: *count }.is_harmless(&read_message);
    }
}

/// The measure itself: reading that is quadratic is found, and so is one that keeps too much.
#[test]
fn slow_and_fat_readers_are_found() {
    fn sum(octets: &[u8]) -> u64 {
        octets.iter().map(|octet| u64::from(*octet)).sum::<u64>()
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let harmless = |read: &Reader, count: usize| {
        let bomb = Bomb { name: "test", make: &|n| b"x".repeat(n), count };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bomb.is_harmless(read))).is_ok()
    };
    assert!(harmless(&|value| assert_eq!(sum(value), 120 * value.len() as u64), 400_000));
    let quadratic = |value: &[u8]| assert!((0..value.len()).map(|end| sum(&value[..end])).max() > Some(0));
    assert!(!harmless(&quadratic, 2_000));
    let copies = |count: usize| move |value: &[u8]| drop(vec![value.to_vec(); count]);
    assert!(harmless(&copies(9), 1_000_000) && !harmless(&copies(12), 1_000_000));
}

#[test]
fn many_fields() {
    messages(&[
        ("fields", "", "A: b\r\n", 500_000),
        ("fields without a value", "", "A:\r\n", 500_000),
        ("subjects", "", "Subject: b\r\n", 200_000),
        ("recipients, a field each", "", "To: a@b\r\n", 200_000),
        ("content types", "", "Content-Type: a/b; c=d\r\n", 100_000),
        ("folds", "Subject: x\r\n", " y\r\n", 500_000),
        ("empty folds", "Subject: x\r\n", " \r\n", 500_000),
        ("folds of a long word", "References:", "\r\n <a@b>", 200_000),
        ("no colons", "", "garbage\r\n", 300_000),
        ("line ends", "Subject: x", "\r", 1_000_000),
        ("lines of LF", "", "\n", 1_000_000),
        ("a name without end", "", "abcdefgh", 500_000),
        ("NULs", "", "\0", 1_000_000),
    ]);
}

#[test]
fn many_words_of_a_field() {
    messages(&[
        ("addresses", "To: ", "a@b.example, ", 100_000),
        ("addresses with names", "To: ", "\"a b\" <a@b.example>, ", 50_000),
        ("groups", "To: ", "a:b@c;,", 100_000),
        ("groups in groups", "To: ", "a:", 200_000),
        ("commas", "To: ", ",", 1_000_000),
        ("nested comments", "To: ", "(", 400_000),
        ("nested comments, ended", "To: ", "()", 200_000),
        ("angles", "To: ", "<", 400_000),
        ("routes", "To: <", "@a,", 200_000),
        ("at signs", "To: a", "@", 400_000),
        ("dots", "To: a", ".", 400_000),
        ("quotes", "To: ", "\"\\", 400_000),
        ("domain literals", "To: ", "a@[", 200_000),
        ("sections", "Content-Type: a/b", ";x*1*=y", 60_000),
        ("parameters", "Content-Type: a/b", ";x=y", 100_000),
        ("encoded parameters", "Content-Type: a/b", ";x*=utf-8''%41", 60_000),
        ("boundaries", "Content-Type: multipart/mixed", ";boundary=b", 60_000),
        ("languages", "Content-Language: ", "en,", 200_000),
        ("ids", "References: ", "<a@b>", 100_000),
        ("ids without end", "References: ", "<a", 200_000),
        ("encoded words", "Subject: ", "=?utf-8?Q?a?= ", 100_000),
        ("encoded words without end", "Subject: ", "=?utf-8?Q?a", 100_000),
        ("encoded words in names", "To: ", "=?utf-8?B?YQ==?= <a@b>,", 50_000),
        ("question marks", "Subject: ", "=?", 300_000),
    ]);
}

#[test]
fn many_parts() {
    const MIXED: &str = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    messages(&[
        ("empty parts", MIXED, "--b\r\n", 400_000),
        ("parts", MIXED, "--b\r\n\r\nx\r\n", 100_000),
        ("parts with fields", MIXED, "--b\r\nContent-Type: text/plain; name=\"x\"\r\n\r\nx\r\n", 50_000),
        ("parts that are messages", MIXED, "--b\r\nContent-Type: message/rfc822\r\n\r\nTo: a@b\r\n\r\n", 20_000),
        ("prefixes of a boundary", MIXED, "--\r\n", 400_000),
        ("boundaries with a tail", MIXED, "--bb\r\n", 400_000),
        ("ends", MIXED, "--b--\r\n", 400_000),
        ("dashes", MIXED, "-\n", 400_000),
        ("boundaries with spaces", MIXED, "--b \t \r\n", 200_000),
        ("messages in messages", "", "Content-Type: message/rfc822\r\n\r\n", 10_000),
        ("the same boundary again", "", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 10_000),
    ]);
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let nested = |n: usize| -> Vec<u8> {
        let part = |i: usize| format!("Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n");
        (0..n).flat_map(|i| part(i).into_bytes()).collect()
    };
    Bomb { name: "parts in parts", make: &nested, count: 20_000 }.is_harmless(&read_message);
    // A hundred levels open, and lines that begin like the boundary of each.
    let open = |n: usize| [nested(DEPTH_MAX), b"--b\r\n--b1x\r\n".repeat(n)].concat();
    Bomb { name: "lines under many boundaries", make: &open, count: 100_000 }.is_harmless(&read_message);
}

#[test]
fn values_by_themselves() {
    let text: &Reader = &|value| drop(header::text(value));
    let list: &Reader = &|value| drop(header::addresses(value));
    let ids: &Reader = &|value| drop(header::message_ids(value));
    let unfold: &Reader = &|value| drop(header::unfold(value));
    let parameters: &Reader = &|value| {
        let found = header::disposition(value).unwrap();
        drop(header::parameter_text(&found.parameters, "x"));
    };
    let quoted: &Reader = &|value| drop(encoding::decode(TransferEncoding::QuotedPrintable, value));
    let base64: &Reader = &|value| drop(encoding::decode(TransferEncoding::Base64, value));
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, read, unit, count) in [
        ("open words", text, "=?utf-8?Q?aa ", 100_000),
        ("words", text, "=?utf-8?B?YQ==?= ", 100_000),
        ("words of a long charset", text, "=?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?Q?a?= ", 20_000),
        ("half words", text, "=?", 400_000),
        ("folds", unfold, "\r\n ", 400_000),
        ("quotes", list, "\"\\", 400_000),
        ("addresses", list, "a@b,", 100_000),
        ("ids", ids, "<", 400_000),
        ("comments", ids, "(<", 200_000),
        ("sections", parameters, "a;x*0*=y", 60_000),
        ("semicolons", parameters, "a;", 200_000),
        ("soft line breaks", quoted, "=\r\n", 400_000),
        ("spaces at line ends", quoted, " ", 1_000_000),
        ("padding", base64, "A=", 400_000),
    ] {
        Bomb { name, make: &|n| unit.as_bytes().repeat(n), count }.is_harmless(read);
    }
}

/// Fifty megabytes without a line end: nothing of it is kept but the beginning of a field.
#[test]
fn one_endless_line() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for before in ["Subject: ", "To: ", "Content-Type: multipart/mixed; boundary=", "\r\n", "Subject: x\r\n\r\n--"] {
        let content = [before.as_bytes(), &b"x".repeat(50_000_000)].concat();
        let start = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let taken = spent(&|| read_message(&content));
        let memory = MEMORY.peak_usage().saturating_sub(start);
        assert!(memory <= MEMORY_SLACK, "{before:?}: {memory} bytes");
        // A tenth of a second, optimized.
        assert!(taken < Duration::from_secs(10), "{before:?}: {taken:?}");
    }
}

/// The least input for the most entries: all of what is free, and nothing beyond.
#[test]
fn many_short_things() {
    let commas = |name: &str| format!("{name}: {}\r\n", "a,".repeat(10_000));
    let lists = ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"].map(commas).concat();
    let nested = format!("Content-Type: message/rfc822\r\n\r\nTo: {}\r\n\r\n--b\r\n", "a,".repeat(500));
    let typed = format!("Content-Type: a/b{}\r\n\r\n--b\r\n", ";x=y".repeat(200));
    let spoken = format!("Content-Language: {}\r\n\r\n--b\r\n", "a,".repeat(500));
    let mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n";
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, before, unit, count) in [
        ("parts", mixed, "--b\r\n", 10_000),
        ("parts and some", mixed, "--b\r\nA: b\r\n\r\nx\r\n", 5_000),
        ("lists", "", &lists, 1),
        ("marks of groups", "To: ", "a:;,", 10_000),
        ("lists of messages within", mixed, &nested, 4_000),
        ("parameters of parts", mixed, &typed, 5_000),
        ("languages of parts", mixed, &spoken, 5_000),
        ("ids", "References: ", "<a>", 20_000),
    ] {
        let content = [before.as_bytes(), &unit.as_bytes().repeat(count), b"\r\n\r\n"].concat();
        let bomb = Bomb { name, make: &|_| Vec::new(), count };
        bomb.takes_memory_in_proportion(&read_message, &content);
    }
}

#[test]
fn little_is_kept() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let summary = |content: String| Summary::of(&parse(content.as_bytes()));
    let many = summary(format!("To: {}\r\n\r\n", "a@b,".repeat(100_000)));
    assert!(many.parts[0].envelope.as_ref().unwrap().to.len() <= ADDRESSES_MAX);
    assert!(summary(format!("References: {}\r\n\r\n", "<a@b>".repeat(100_000))).references.len() <= IDS_MAX);
    let typed = summary(format!("Content-Type: a/b{}\r\n\r\n", ";x=y".repeat(60_000)));
    assert!(typed.parts[0].parameters.len() <= PARAMETERS_MAX);
    assert!(header::fields("A: b\r\n".repeat(500_000).as_bytes()).count() <= FIELDS_MAX);
    let kept = |content: &str| parse(content.as_bytes()).parts.iter().map(|part| part.fields.len()).sum::<usize>();
    assert!(kept(&"Subject: b\r\n".repeat(500_000)) <= HEADER_KEPT_MAX);
    let mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    assert_eq!(
        parse(format!("{mixed}{}", format!("--b\r\n\r\n{:125}\r\n", "x").repeat(20_000)).as_bytes()).parts.len(),
        PARTS_MAX
    );
    let parts = format!("{mixed}{}", format!("--b\r\nContent-ID: {}\r\n\r\n", "x".repeat(2000)).repeat(9000));
    assert_eq!(kept(&parts), KEPT_TOTAL_MAX);
}
