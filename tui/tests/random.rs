//! Keys, mouse and sizes by chance, in every preset: nothing panics, and no control character reaches the screen.
//! `PILLARBOX_SEEDS` plays more of them.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "tests")]

mod world;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tui::event::{Event, Mouse, Press};
use tui::key::{Code, Key};
use tui::keys::PRESETS;

/// Games in a usual run.
const SEEDS: u64 = 3;
/// Events of a game.
const EVENTS: usize = 120;
const SIZES: [(u16, u16); 6] = [(80, 24), (140, 45), (40, 8), (20, 4), (1, 1), (100, 40)];
const CODES: [Code; 12] = [
    Code::Enter,
    Code::Esc,
    Code::Tab,
    Code::Backspace,
    Code::Up,
    Code::Down,
    Code::PageDown,
    Code::Home,
    Code::End,
    Code::Left,
    Code::Right,
    Code::BackTab,
];
const WORDS: [&str; 8] = ["from:bob", "larger:", "\u{1b}[2J", "日本語", "שלום", "tomorrow", "👩‍👩‍👧", "a\nb"];

struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn event(&mut self) -> Event {
        let (x, y) = (self.below(140) as u16, self.below(45) as u16);
        match self.below(20) {
            0 => {
                let (columns, lines) = SIZES[self.below(SIZES.len())];
                Event::Resized(columns, lines)
            }
            1 => {
                let what = [Press::Click, Press::WheelDown, Press::WheelUp][self.below(3)];
                Event::Mouse(Mouse { what, x, y })
            }
            2 => Event::Paste(WORDS[self.below(WORDS.len())].to_owned()),
            3..=8 => Event::Key(Key::plain(CODES[self.below(CODES.len())])),
            9 => Event::Key(Key { code: Code::Char((b'a' + self.below(26) as u8) as char), ctrl: true, alt: false }),
            10 => Event::Changed(self.below(2)),
            _ => Event::Key(Key::plain(Code::Char((b' ' + self.below(95) as u8) as char))),
        }
    }
}

fn play(seed: u64) {
    let worlds = ["lunch", "two", "hostile", "empty", "nobody", "new"];
    let world = world::of(worlds[usize::try_from(seed).unwrap() % worlds.len()]);
    let mut program = world.program(PRESETS[usize::try_from(seed).unwrap() % PRESETS.len()], (80, 24));
    let mut plain = tui::plain::Plain::default();
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for step in 0..EVENTS {
        program.feed(chance.event());
        let (columns, lines) = program.model.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
        terminal.draw(|frame| tui::draw::draw(&program.model, frame)).unwrap();
        let is_raw = |symbol: &str| symbol.chars().any(char::is_control);
        let raw = terminal.backend().buffer().content().iter().any(|cell| is_raw(cell.symbol()));
        assert!(!raw, "seed {seed}, step {step}");
        for run in tui::draw::links(&program.model) {
            assert!(run.x + run.width <= columns && run.y < lines, "seed {seed}, step {step}: {run:?}");
        }
        let told = plain.tell(&program.model);
        assert!(
            !told.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\u{8}')),
            "seed {seed}, step {step}: {told:?}"
        );
    }
}

#[test]
fn whatever_is_pressed_the_program_goes_on() {
    // What chance saves goes where it is thrown away.
    let dir = tempfile::tempdir().unwrap();
    std::env::set_current_dir(dir.path()).unwrap();
    let seeds = std::env::var("PILLARBOX_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    (1..=seeds).for_each(play);
}
