//! Messages made to be slow: each has a small shape repeated very often. Reading one four times as long may take about
//! four times as long, never sixteen; and what is kept stays within its limits.
#![allow(clippy::disallowed_methods, reason = "it is about real time")]
#![allow(clippy::unwrap_used)]

use message::header::{self, ADDRESSES_MAX};
use message::scanner::{HEADER_KEPT_MAX, KEPT_TOTAL_MAX};
use message::{Summary, parse};
use std::time::{Duration, Instant};

fn fastest(content: &[u8]) -> Duration {
    let once = || {
        let start = Instant::now();
        let summary = Summary::of(&parse(content));
        assert_eq!(summary.octets, content.len() as u64);
        start.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap()
}

/// What a busy machine may take on top. Reading any of these in quadratic time takes many seconds.
const MARGIN: Duration = Duration::from_millis(500);

/// Linear reading gives 4, quadratic 16; 10 leaves room for a busy machine.
fn is_linear(name: &str, make: impl Fn(usize) -> String, count: usize) {
    let (small, large) = (make(count / 4), make(count));
    let (fast, slow) = (fastest(small.as_bytes()), fastest(large.as_bytes()));
    assert!(slow < fast * 10 + MARGIN, "{name}: {fast:?} became {slow:?}");
}

#[test]
fn many_fields() {
    is_linear("fields", |n| "A: b\r\n".repeat(n), 500_000);
    is_linear("subjects", |n| "Subject: b\r\n".repeat(n), 200_000);
    is_linear("folds", |n| format!("Subject: x\r\n{}", " y\r\n".repeat(n)), 500_000);
    is_linear("colonless", |n| "garbage\r\n".repeat(n), 300_000);
}

#[test]
fn many_words_of_a_field() {
    is_linear("addresses", |n| format!("To: {}\r\n\r\n", "a@b.example, ".repeat(n)), 100_000);
    is_linear("comments", |n| format!("To: {}\r\n\r\n", "(".repeat(n)), 400_000);
    is_linear("angles", |n| format!("To: {}\r\n\r\n", "<".repeat(n)), 400_000);
    is_linear("parameters", |n| format!("Content-Type: a/b{}\r\n\r\n", ";x*1*=y".repeat(n)), 60_000);
    is_linear("encoded words", |n| format!("Subject: {}\r\n\r\n", "=?utf-8?Q?a".repeat(n)), 60_000);
}

#[test]
fn values_by_themselves_are_linear() {
    let spent = |run: &dyn Fn(&str), unit: &str, n: usize| {
        let value = unit.repeat(n);
        let once = || {
            let start = Instant::now();
            run(&value);
            start.elapsed()
        };
        (0..3).map(|_| once()).min().unwrap()
    };
    type Run = dyn Fn(&str);
    let text: &Run = &|value| drop(header::text(value.as_bytes()));
    let list: &Run = &|value| drop(header::addresses(value.as_bytes()));
    let ids: &Run = &|value| drop(header::message_ids(value.as_bytes()));
    let parameters: &Run = &|value| {
        let found = header::disposition(format!("a{value}").as_bytes()).unwrap();
        drop(header::parameter_text(&found.parameters, "x"));
    };
    for (name, run, unit) in [
        ("open words", text, "=?utf-8?Q?aa "),
        ("half words", text, "=?"),
        ("quotes", list, "\"\\"),
        ("ids", ids, "<"),
        ("comments", ids, "(<"),
        ("sections", parameters, ";x*0*=y"),
        ("semicolons", parameters, ";"),
    ] {
        let (fast, slow) = (spent(run, unit, 25_000), spent(run, unit, 100_000));
        assert!(slow < fast * 10 + MARGIN, "{name}: {fast:?} became {slow:?}");
    }
}

#[test]
fn many_parts() {
    let mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    is_linear("boundaries", |n| format!("{mixed}{}", "--b\r\n".repeat(n)), 400_000);
    is_linear("almost boundaries", |n| format!("{mixed}{}", "--\r\n".repeat(n)), 400_000);
    is_linear("dashes", |n| format!("{mixed}{}", "-\n".repeat(n)), 400_000);
    let nest = |n: usize| -> String {
        (0..n).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n")).collect()
    };
    is_linear("nesting", nest, 40_000);
}

#[test]
fn little_is_kept() {
    let summary = Summary::of(&parse(format!("To: {}\r\n\r\n", "a@b,".repeat(100_000)).as_bytes()));
    assert!(summary.parts[0].envelope.as_ref().unwrap().to.len() <= ADDRESSES_MAX);
    let kept = |content: &str| parse(content.as_bytes()).parts.iter().map(|part| part.fields.len()).sum::<usize>();
    assert!(kept(&"Subject: b\r\n".repeat(500_000)) <= HEADER_KEPT_MAX);
    let parts = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
        format!("--b\r\nContent-ID: {}\r\n\r\n", "x".repeat(2000)).repeat(9000)
    );
    assert_eq!(kept(&parts), KEPT_TOTAL_MAX);
}
