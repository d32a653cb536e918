//! Hostile messages as a terminal would show them: the corpus of the webmail (`web/tests/rendering/`), messages bent on
//! escape sequences, and bombs. Nothing raw may come out, nothing may take long, and what the corpus says must be read must
//! be there.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test")]

use agent::reading::{LINES_MAX, Page, View, page, part, saved_name};
use message::scanner::PARTS_MAX;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The least that the corpus is to hold.
const MESSAGES_MIN: usize = 300;
/// How long any message may take, in a debug build on a busy machine: a hundred times what it takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    list.sort();
    list
}

/// `{{3*piece}}` stands for three pieces.
fn expanded(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).into_owned();
    let mut pieces = text.split("{{");
    let mut out = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let repeated = piece.split_once("}}").and_then(|(inner, after)| {
            let (count, what) = inner.split_once('*')?;
            Some(what.repeat(count.parse::<usize>().ok()?) + after)
        });
        out.push_str(&repeated.unwrap_or_else(|| format!("{{{{{piece}")));
    }
    out.replace('\n', "\r\n").into_bytes()
}

fn text_of(page: &Page) -> String {
    page.lines.iter().map(|line| line.spans.iter().map(|span| span.text.as_str()).collect::<String>() + "\n").collect()
}

/// Everything that a program may print of a page.
fn all_of(page: &Page) -> String {
    let mut all = text_of(page);
    for line in &page.header {
        all.push_str(&format!("{}: {}\n", line.name, line.value));
    }
    for part in &page.parts {
        let texts = [&part.name, &part.description, &part.content_id, &part.note];
        texts.into_iter().flatten().for_each(|text| all.push_str(text));
        all.push_str(&part.media_type);
    }
    for link in &page.links {
        all.push_str(&format!("{} {}\n", link.address, link.text));
    }
    all
}

fn is_harmful(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn read(what: &str, message: &[u8]) -> Page {
    let began = Instant::now();
    let shown = page(message, &View { full_header: true, ..View::default() });
    let took = began.elapsed();
    assert!(took < PATIENCE, "{what} took {took:?}");
    if took > Duration::from_millis(500) {
        println!("{what}: {took:?}");
    }
    let harmful = all_of(&shown).chars().find(|c| is_harmful(*c));
    assert_eq!(harmful, None, "{what}");
    assert!(shown.lines.len() <= LINES_MAX + 2, "{what}: {} lines", shown.lines.len());
    shown
}

#[test]
fn the_corpus_of_the_webmail_is_harmless_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/tests/rendering");
    let mut count = 0;
    for path in files(&root).iter().filter(|path| path.is_dir()).flat_map(|family| files(family)) {
        let octets = std::fs::read(&path).unwrap();
        let end = octets.windows(5).position(|piece| piece == b"\n---\n").unwrap();
        let shown = read(&path.display().to_string(), &expanded(&octets[end + 5..]));
        // Scripts are no text: whatever the trick, none of it is shown as part of a page written in HTML.
        let is_trick = path.parent().is_some_and(|family| family.ends_with("xss"));
        let text = text_of(&shown);
        assert!(!is_trick || !text.contains("document.cookie"), "{}: {text}", path.display());
        count += 1;
    }
    assert!(count >= MESSAGES_MIN, "{count}");
}

#[test]
fn escape_sequences_are_written_out_wherever_they_stand() {
    let tricks = [
        "\u{1b}]0;owned\u{7}",
        "\u{1b}[2J",
        "\u{9b}31m",
        "\u{202e}gpj.exe",
        "\u{8}\u{8}\u{8}",
        "\r",
        "\u{feff}\u{200b}",
    ];
    for trick in tricks {
        let encoded: String = trick.bytes().map(|octet| format!("={octet:02X}")).collect();
        let percent: String = trick.bytes().map(|octet| format!("%{octet:02X}")).collect();
        let message = format!(
            "From: =?utf-8?Q?{encoded}?= <a@b.example>\r\nSubject: x{trick} =?utf-8?Q?{encoded}?=\r\n{trick}X: y\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\na{encoded}b https://x.example/{encoded}\r\n\
             --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<b>{trick}</b><a href=\"http://x/{trick}\">{trick}</a>\r\n\
             --b\r\nContent-Type: image/png; name*=utf-8''{percent}\r\nContent-Description: {trick}\r\nContent-ID: <{trick}>\r\n\r\n\
             --b\r\nContent-Type: message/external-body; access-type=url; url=\"{trick}\"\r\n\r\n\
             --b\r\nContent-Type: text/calendar; charset=utf-8\r\n\r\nBEGIN:VEVENT\r\nSUMMARY:{trick}\r\nEND:VEVENT\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: {trick}\r\n\r\n{trick}\r\n--b--\r\n"
        );
        let shown = read(trick, message.as_bytes());
        for line in &shown.parts {
            let held = part(message.as_bytes(), line.number).unwrap();
            let name = saved_name(held.name.as_deref(), &held.media_type, |_| false);
            assert!(!name.chars().any(is_harmful) && !name.contains('/'), "{name:?}");
        }
    }
}

#[test]
fn bombs_answer_soon_and_say_that_they_are_cut() {
    let header = "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    let part_of =
        |number: usize| format!("--b\r\nContent-Type: image/png; name=\"{number}.png\"\r\n\r\n{}\r\n", "x".repeat(100));
    let many: String = (0..PARTS_MAX + 100).map(part_of).collect();
    let shown = read("parts", format!("{header}{many}--b--\r\n").as_bytes());
    assert!(shown.parts.len() > 9_000 && shown.parts.len() <= PARTS_MAX, "{}", shown.parts.len());
    let texts = "--b\r\n\r\nhello\r\n".repeat(20_000);
    read("texts", format!("{header}{texts}--b--\r\n").as_bytes());
    let long = read("a line of 10 MB", format!("Subject: x\r\n\r\n{}", "x".repeat(10_000_000)).as_bytes());
    assert!(long.is_cut && text_of(&long).contains("cut here"));
    assert!(read("2 MB of empty lines", format!("\r\n{}", "\r\n".repeat(1_000_000)).as_bytes()).is_cut);
    read("a subject of 5 MB", format!("Subject: {}\r\n\r\n", "=?utf-8?Q?=41?= ".repeat(300_000)).as_bytes());
    read("5 MB of addresses", format!("To: {}\r\n\r\n", "a@b, ".repeat(1_000_000)).as_bytes());
    let nested: String =
        (0..200).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    read("nested multiparts", nested.as_bytes());
    read("nested messages", "Content-Type: message/rfc822\r\n\r\n".repeat(1000).as_bytes());
    let digest: String = "Content-Type: multipart/digest; boundary=b\r\n\r\n".to_owned()
        + &"--b\r\n\r\nSubject: x\r\n\r\ny\r\n".repeat(9000);
    read("a digest of 9000", digest.as_bytes());
    let html = |body: &str| format!("Content-Type: text/html\r\n\r\n{body}");
    assert!(read("10 MB of HTML", html(&"<p>x</p>".repeat(1_250_000)).as_bytes()).is_cut);
    read("nested tables", html(&"<table><tr><td>".repeat(300_000)).as_bytes());
    read("links", html(&(0..50_000).map(|n| format!("<a href=http://x/{n}>y</a>")).collect::<String>()).as_bytes());
    let all = "--b\r\nContent-Type: text/html\r\n\r\n<table><tr><td>a<td>b<tr><td>c<td>d</table>\r\n".repeat(5000);
    read("5000 parts of HTML", format!("{header}{all}").as_bytes());
}
