//! Links that the terminal itself can open (OSC 8). The screen is drawn without them; then the cells of links are written once
//! more, with where they lead around them. Owns which cells that is: only those that were not so before, and those that were
//! and are no longer. Terminals that know no links pass the sequences over.

use crate::draw::Run;
use crate::text::width;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

/// What was written last.
#[derive(Debug, Default)]
pub struct Hyperlinks {
    area: Rect,
    painted: Vec<(Run, Vec<Cell>)>,
}

/// Cells to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What comes before them.
    pub before: String,
    /// They, each with its column and line.
    pub cells: Vec<(u16, u16, Cell)>,
    /// What comes after them.
    pub after: &'static str,
}

/// Ends a link.
const END: &str = "\x1b]8;;\x1b\\";

impl Hyperlinks {
    /// The screen was cleared: nothing on it is a link.
    pub fn forget(&mut self) {
        self.painted.clear();
    }

    /// What is to be written, now that the screen is as in `buffer`, with these links on it.
    pub fn paint(&mut self, buffer: &Buffer, runs: Vec<Run>) -> Vec<Piece> {
        if std::mem::replace(&mut self.area, buffer.area) != buffer.area {
            self.forget();
        }
        let now: Vec<(Run, Vec<Cell>)> = runs.into_iter().map(|run| (cells(buffer, &run), run)).map(swapped).collect();
        let before = std::mem::take(&mut self.painted);
        let gone = before.iter().filter(|painted| !now.contains(painted));
        let mut pieces: Vec<Piece> = gone.map(|(run, _)| piece(run, &cells(buffer, run), None)).collect();
        let new = now.iter().filter(|painted| !before.contains(painted) || touches(&before, &now, &painted.0));
        pieces.extend(new.map(|(run, cells)| piece(run, cells, Some(run))));
        self.painted = now;
        pieces
    }
}

fn swapped((cells, run): (Vec<Cell>, Run)) -> (Run, Vec<Cell>) {
    (run, cells)
}

/// A link that is gone lies where this one is: writing its cells anew took this one away.
fn touches(before: &[(Run, Vec<Cell>)], now: &[(Run, Vec<Cell>)], run: &Run) -> bool {
    let overlaps = |other: &Run| other.y == run.y && other.x < run.x + run.width && run.x < other.x + other.width;
    before.iter().any(|painted| !now.contains(painted) && overlaps(&painted.0))
}

fn cells(buffer: &Buffer, run: &Run) -> Vec<Cell> {
    let within = |x: &u16| buffer.area.contains((*x, run.y).into());
    (run.x..run.x.saturating_add(run.width)).filter(within).map(|x| buffer[(x, run.y)].clone()).collect()
}

fn piece(run: &Run, cells: &[Cell], link: Option<&Run>) -> Piece {
    let mut placed = Vec::new();
    let mut at = 0;
    while let Some(cell) = cells.get(at) {
        let wide = width(cell.symbol()).max(1);
        let x = run.x.saturating_add(u16::try_from(at).unwrap_or(u16::MAX));
        // A wide letter that does not end within is left as it is.
        if at + wide <= cells.len() {
            placed.push((x, run.y, cell.clone()));
        }
        at += wide;
    }
    match link {
        Some(link) => {
            Piece { before: format!("\x1b]8;id={};{}\x1b\\", link.id, link.address), cells: placed, after: END }
        }
        None => Piece { before: String::new(), cells: placed, after: "" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn run(x: u16, width: u16, id: &str) -> Run {
        Run { x, y: 0, width, address: "https://crepes.fr/".to_owned(), id: id.to_owned() }
    }

    fn buffer(text: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
        buffer.set_string(0, 0, text, Style::new());
        buffer
    }

    fn words(pieces: &[Piece]) -> Vec<(String, String)> {
        let text = |piece: &Piece| piece.cells.iter().map(|(_, _, cell)| cell.symbol()).collect::<String>();
        pieces.iter().map(|piece| (piece.before.clone(), text(piece))).collect()
    }

    #[test]
    fn links_are_written_once_and_taken_away_when_they_go() {
        let mut links = Hyperlinks::default();
        let opened = "\x1b]8;id=a;https://crepes.fr/\x1b\\".to_owned();
        let first = links.paint(&buffer("see menu here"), vec![run(4, 4, "a")]);
        assert_eq!(words(&first), [(opened.clone(), "menu".to_owned())]);
        assert_eq!(first[0].after, "\x1b]8;;\x1b\\");
        assert_eq!(links.paint(&buffer("see menu here"), vec![run(4, 4, "a")]), []);
        let moved = links.paint(&buffer("xsee menu here"), vec![run(5, 4, "a")]);
        assert_eq!(words(&moved), [(String::new(), " men".to_owned()), (opened.clone(), "menu".to_owned())]);
        assert_eq!(words(&links.paint(&buffer("xsee menu here"), Vec::new())), [(String::new(), "menu".to_owned())]);
        links.paint(&buffer("see menu here"), vec![run(4, 4, "a")]);
        links.forget();
        assert_eq!(words(&links.paint(&buffer("see menu here"), vec![run(4, 4, "a")])), [(opened, "menu".to_owned())]);
    }

    #[test]
    fn a_link_under_one_that_went_is_written_again() {
        let mut links = Hyperlinks::default();
        links.paint(&buffer("abcdef"), vec![run(0, 4, "a"), run(4, 2, "b")]);
        let now = links.paint(&buffer("abcdef"), vec![run(3, 3, "b")]);
        assert_eq!(words(&now).last().unwrap().1, "def");
        assert_eq!(now.len(), 3);
    }

    #[test]
    fn wide_letters_are_written_once() {
        let mut links = Hyperlinks::default();
        let painted = links.paint(&buffer("日本語x"), vec![run(0, 5, "a")]);
        assert_eq!(words(&painted)[0].1, "日本", "the last letter is within by half only");
        assert_eq!(painted[0].cells.iter().map(|(x, ..)| *x).collect::<Vec<_>>(), [0, 2]);
    }
}
