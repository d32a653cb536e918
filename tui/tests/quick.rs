//! How soon a list of 100,000 messages is drawn. Prints; no figure gates.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "a measurement")]

mod world;

use agent::mirror::{Arrival, Mirror, Role};
use message::Time;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Instant;
use tui::event::Event;
use tui::hands::{Hands, Writing};
use tui::model::Model;
use tui::program::Program;
use tui::settings::Options;

/// Messages, where `PILLARBOX_MESSAGES` says nothing else: few, so that every run of the tests is quick.
const MESSAGES: u32 = 2_000;

fn fill(mirror: &Mirror, count: u32) {
    let inbox = world::folder(mirror, "INBOX", Role::Inbox);
    for first in (0..count).step_by(1000) {
        mirror
            .pull(|pull| {
                for number in first..(first + 1000).min(count) {
                    let header = format!(
                        "From: Person {} <p{}@crepes.fr>\r\nTo: alice@hamburger.edu\r\nSubject: Letter {number}\r\n\
                         Message-ID: <{number}@crepes.fr>\r\n\r\n",
                        number % 97,
                        number % 97
                    );
                    let arrival = Arrival {
                        uid: number + 1,
                        header: header.into_bytes(),
                        received: Time(world::NOW.0 - u64::from(number) * 60_000),
                        size: 1000,
                        ..Arrival::default()
                    };
                    pull.arrive(inbox, &arrival)?;
                }
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn a_long_list_is_drawn_by_pages() {
    let count = std::env::var("PILLARBOX_MESSAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(MESSAGES);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mirror");
    fill(&Mirror::open(&path).unwrap(), count);
    let start = Instant::now();
    let mirror = Mirror::open(&path).unwrap();
    let account = world::account("alice", "alice@hamburger.edu");
    let model = Model::new(vec![account], Options::default(), (140, 45), world::NOW);
    let mut program = Program::new(model, Hands::new(vec![(mirror, Writing::default())], Box::new(|_| {})));
    let mut terminal = Terminal::new(TestBackend::new(140, 45)).unwrap();
    let mut draw = |program: &mut Program, event: Event| {
        program.feed(event);
        terminal.draw(|frame| tui::draw::draw(&program.model, frame)).unwrap();
        terminal.backend().buffer().content().iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
    };
    let first = draw(&mut program, Event::Tick(world::NOW));
    println!("{count} messages: first screen after {:?}", start.elapsed());
    assert!(first.contains("Letter 0"));
    for (keys, wanted) in [("<end>", format!("Letter {}", count - 1)), ("<home>", "Letter 0".to_owned())] {
        let start = Instant::now();
        let screen =
            tui::key::sequence(keys).unwrap().into_iter().map(|key| draw(&mut program, Event::Key(key))).last();
        println!("{keys}: {:?}", start.elapsed());
        assert!(screen.unwrap().contains(&wanted));
    }
}
