//! Where on the screen the terminal is to draw which lines of which pictures.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "tests")]

mod world;

use ratatui::layout::Rect;
use tui::draw::placements;
use tui::event::{Event, Screen};
use tui::key;
use tui::picture::{Sight, Way};
use tui::program::{Outside, Program};

fn press(program: &mut Program, keys: &str) -> Vec<Outside> {
    let outside = key::sequence(keys).unwrap().into_iter().flat_map(|key| program.feed(Event::Key(key))).collect();
    program.wait_for_pictures();
    outside
}

/// Where pictures are: their places in cells, and the first of their lines.
fn seen(program: &Program) -> Vec<(Rect, u16)> {
    let place = |it: tui::picture::Placement| (Rect::new(it.x, it.y, it.picture.columns, it.rows), it.from);
    placements(&program.model).into_iter().map(place).collect()
}

/// A program whose terminal draws sixel, with cells of 10x20 pixels, over the letter with this key.
fn reading(keys: &str) -> Program {
    let mut program = world::of("pictures").program("pine", (80, 24));
    program.model.options.pictures = "auto".to_owned();
    let outside = press(&mut program, keys);
    assert!(outside.contains(&Outside::Screen(Screen::AskForSight)), "{outside:?}");
    assert!(seen(&program).is_empty());
    // It is asked once.
    assert!(!press(&mut program, "<down>").contains(&Outside::Screen(Screen::AskForSight)));
    program.feed(Event::Sight(Sight { way: Some(Way::Sixel), cell: (10, 20) }));
    press(&mut program, "<home>");
    program
}

#[test]
fn a_picture_is_where_its_text_is() {
    let mut program = reading("<enter>");
    // 80x64 pixels below the tenth line.
    assert_eq!(seen(&program), [(Rect::new(0, 10, 8, 4), 0)]);
    press(&mut program, "<C-k>");
    assert!(seen(&program).is_empty(), "the palette lies over it");
    press(&mut program, "<esc>");
    assert_eq!(seen(&program).len(), 1);
    press(&mut program, "?");
    assert!(seen(&program).is_empty(), "help is shown instead");
    press(&mut program, "<esc>");
    program.feed(Event::Sight(Sight { way: Some(Way::Blocks), cell: (10, 20) }));
    program.wait_for_pictures();
    assert!(seen(&program).is_empty(), "letters need no terminal that draws");
    press(&mut program, ":pictures off<enter>");
    assert!(seen(&program).is_empty());
}

#[test]
fn a_picture_is_cut_where_the_screen_ends() {
    let mut program = reading("<down><enter>");
    // 64x640 pixels: 32 lines of cells at most, but the reader has 20, and a line is left for the text.
    assert_eq!(seen(&program), [(Rect::new(0, 10, 4, 11), 0)]);
    press(&mut program, "<space>");
    let [(place, from)] = seen(&program)[..] else { panic!("{:?}", seen(&program)) };
    assert!(place.y >= 1 && place.bottom() <= 21 && from > 0 && from + place.height <= 19, "{place} {from}");
    program.feed(Event::Resized(80, 50));
    program.wait_for_pictures();
    let [(place, from)] = seen(&program)[..] else { panic!("{:?}", seen(&program)) };
    assert!(place.width > 4 && from == 0, "there is more room, and it is made anew: {place}");
}

#[test]
fn what_is_read_stays_where_it_is_when_pictures_come() {
    let mut program = world::of("pictures").program("pine", (80, 12));
    program.model.options.pictures = "auto".to_owned();
    press(&mut program, "<down><enter><down><down><down>");
    let top = |program: &Program| {
        let reader = program.model.reader.as_ref().unwrap();
        format!("{:?}", reader.lines[reader.top])
    };
    press(&mut program, "<end>");
    let before = top(&program);
    program.feed(Event::Sight(Sight { way: Some(Way::Kitty), cell: (8, 16) }));
    program.wait_for_pictures();
    assert_eq!(top(&program), before);
}
