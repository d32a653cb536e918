//! The mirror of the user agents: filling it, opening it, lists, searches, opening a message, marking many. Figures for the
//! limits that a person feels.

use agent::mirror::{Action, Arrival, Flags, FolderFound, FolderId, Mirror, Role, View};
use anyhow::{Context, Result};
use message::Time;
use message::flags::flag_bits;
use message::search::query;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Messages where none is named.
const MESSAGES: u32 = 100_000;
/// Messages of one transaction, as a remote brings them.
const AT_ONCE: u32 = 500;
/// How often a question is asked; the middle of the times is told.
const ASKED: usize = 15;
/// Words that letters are made of: enough of them that each is in some of the letters only.
const WORDS: u32 = 5_000;

/// `bench mirror [MESSAGES] [FILE]`: fills the file unless it is there.
pub fn run(rest: &[String]) -> Result<()> {
    let messages = rest.first().map_or(Ok(MESSAGES), |text| text.parse()).context("how many messages?")?;
    let folder = std::env::temp_dir().join(format!("bench-mirror-{}", std::process::id()));
    let path = rest.get(1).map_or_else(|| folder.join("mirror.sqlite"), PathBuf::from);
    std::fs::create_dir_all(path.parent().context("a file in a folder")?)?;
    if !path.exists() {
        fill(&path, messages)?;
    }
    ask(&path)?;
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn fill(path: &std::path::Path, messages: u32) -> Result<()> {
    let began = Instant::now();
    let mirror = Mirror::open(path)?;
    let found = |name: &str, role| FolderFound {
        remote: name.to_owned(),
        name: name.to_owned(),
        role,
        selectable: true,
        subscribed: true,
    };
    let inbox = mirror.pull(|pull| {
        pull.folder(&found("Trash", Role::Trash))?;
        pull.folder(&found("INBOX", Role::Inbox))
    })?;
    for first in (0..messages).step_by(AT_ONCE as usize) {
        mirror.pull(|pull| {
            for number in first..messages.min(first + AT_ONCE) {
                let content = letter(number);
                let end = message::header::section_end(&content, 0).unwrap_or(content.len());
                let arrival = Arrival {
                    uid: number + 1,
                    flags: Flags::of(if number.is_multiple_of(10) { 0 } else { flag_bits::SEEN }),
                    received: Time(1_700_000_000_000 + u64::from(number) * 60_000),
                    size: content.len() as u64,
                    header: content.get(..end).unwrap_or_default().to_vec(),
                    ..Arrival::default()
                };
                let id = pull.arrive(inbox, &arrival)?;
                pull.content(id, &content)?;
            }
            Ok(())
        })?;
    }
    let took = began.elapsed();
    println!("fill        {messages} messages, {:.0} a second", f64::from(messages) / took.as_secs_f64());
    println!("file        {} MiB", std::fs::metadata(path)?.len() / 1024 / 1024);
    Ok(())
}

/// A letter of about 1.5 KiB, the same for the same number.
fn letter(number: u32) -> Vec<u8> {
    let mut state = u64::from(number) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 40).unwrap_or_default()
    };
    let mut text = String::new();
    let answered = next() % (number + 1);
    let _ = write!(
        text,
        "From: Person {0} <person{0}@hamburger.edu>\r\nTo: bob@crepes.fr\r\nSubject: About w{1} and w{2}\r\n\
         Message-ID: <{number}@hamburger.edu>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n",
        next() % 500,
        next() % WORDS,
        next() % WORDS
    );
    if number.is_multiple_of(3) && number > 0 {
        let _ = write!(text, "In-Reply-To: <{answered}@hamburger.edu>\r\n");
    }
    text.push_str("\r\n");
    for place in 0..200 {
        // Few words are common, most are rare.
        let word = next() % (1 + next() % WORDS);
        let _ = write!(text, "w{word}{}", if place % 12 == 11 { "\r\n" } else { " " });
    }
    text.push_str("\r\n");
    text.into_bytes()
}

fn ask(path: &std::path::Path) -> Result<()> {
    let began = Instant::now();
    let mirror = Mirror::open(path)?;
    let inbox = mirror.folder_of_role(Role::Inbox)?.context("no inbox")?.id;
    mirror.folders()?;
    let first = mirror.rows(&in_folder(inbox), Time(0), 0, 50)?;
    println!("start       open, folders, first 50 lines: {}", told(began.elapsed()));
    time("page", "lines 50,000 to 50,050", || Ok(mirror.rows(&in_folder(inbox), Time(0), 50_000, 50)?.len()))?;
    time("all ids", "of the folder", || Ok(mirror.ids(&in_folder(inbox), Time(0))?.len()))?;
    time("threads", "first 50 conversations", || Ok(mirror.conversations(&in_folder(inbox), Time(0), 0, 50)?.len()))?;
    time("by sender", "first 50 lines", || {
        Ok(mirror.rows(&View { order: agent::mirror::Order::From, ..in_folder(inbox) }, Time(0), 0, 50)?.len())
    })?;
    for typed in
        ["w4321", "w1", "from:person7", "subject:w77 w3", "is:unread w12", "older_than:1y -w2", "has:attachment"]
    {
        let query = query::parse(typed).query;
        let view = View { query: Some(query), ..in_folder(inbox) };
        let now = Time(1_800_000_000_000);
        time("search", &format!("{typed}: first 50 lines"), || Ok(mirror.rows(&view, now, 0, 50)?.len()))?;
        time("search", &format!("{typed}: all ids"), || Ok(mirror.ids(&view, now)?.len()))?;
    }
    let id = first.first().context("no message")?.id;
    time("open", "content of one message", || Ok(mirror.content(id)?.map_or(0, |content| content.len())))?;
    let many = mirror.ids(&in_folder(inbox), Time(0))?.into_iter().take(10_000).collect::<Vec<_>>();
    let began = Instant::now();
    let acted =
        mirror.act(Action::Flag { messages: many, add: Flags::of(flag_bits::FLAGGED), remove: Flags::default() })?;
    println!("mark        10,000 messages: {}", told(began.elapsed()));
    let began = Instant::now();
    mirror.act_all(&acted.inverse)?;
    println!("undo        of that: {}", told(began.elapsed()));
    Ok(())
}

fn in_folder(folder: FolderId) -> View {
    View { folder: Some(folder), ..View::default() }
}

fn time(what: &str, of: &str, mut ask: impl FnMut() -> Result<usize>) -> Result<()> {
    let mut times = Vec::with_capacity(ASKED);
    let mut found = 0;
    for _ in 0..ASKED {
        let began = Instant::now();
        found = ask()?;
        times.push(began.elapsed());
    }
    times.sort();
    println!("{what:<11} {of}: {} ({found} found)", told(times.get(ASKED / 2).copied().unwrap_or_default()));
    Ok(())
}

fn told(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
