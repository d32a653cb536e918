//! `pillarbox mail read --pictures`: pictures among the lines of a message.

use crate::screen::{Form, Screen};
use crate::tui::{asked, variable};
use agent::reading::Page;
use std::collections::BTreeMap;
use tui::picture::{Answers, Fault, Picture, Room, Way, develop_parts, line};
use tui::settings::{Colours, Options};
use tui::terminal;

/// Lines of a terminal that does not tell.
const LINES: u16 = 24;

/// How pictures are drawn here.
pub struct Gallery {
    way: Way,
    room: Room,
    colours: Colours,
}

impl Gallery {
    /// Finds it out; `None`, and a note, where they are not drawn.
    pub fn open(how: &str, width: u64, screen: &mut Screen) -> Option<Gallery> {
        let is_terminal = screen.form() == Form::Human;
        if how == "off" || screen.form() == Form::Json {
            return None;
        }
        if how == "auto" && !is_terminal {
            screen.note("pictures are drawn on a terminal; into a file or pipe with --pictures=sixel and the like");
            return None;
        }
        let mut options = Options::default();
        options.learn_terminal(variable);
        let colours = match options.colours {
            // Whoever says how wants to see something.
            Colours::Mono if how != "auto" => Colours::True,
            colours => colours,
        };
        if colours == Colours::Mono {
            screen.note("pictures need colours: NO_COLOR is set, or the terminal has none");
            return None;
        }
        let question = options.surroundings.question(how);
        let can_ask = is_terminal && screen.has_person() && !question.is_empty();
        let answers = can_ask.then(|| terminal::in_raw_mode(|| Answers::read(&asked::ask(&question))));
        let cell = terminal::cell().filter(|_| is_terminal);
        let sight = options.surroundings.sight(how, &answers.unwrap_or_default(), cell);
        let (columns, lines) = terminal::size().filter(|_| is_terminal).unwrap_or((u16::MAX, LINES));
        let columns = u16::try_from(width).unwrap_or(u16::MAX).min(columns);
        let way = sight.way?;
        let room =
            Room { columns, rows: lines.saturating_sub(1).max(1), cell: sight.cell, is_blocks: way == Way::Blocks };
        Some(Gallery { way, room, colours })
    }

    /// What is drawn below which lines of a page.
    pub fn drawn(&self, page: &Page, content: &[u8]) -> BTreeMap<usize, String> {
        let indices: Vec<usize> = page.pictures.iter().map(|picture| picture.index).collect();
        let mut lines = page.pictures.iter().map(|picture| picture.line);
        let mut drawn: BTreeMap<usize, String> = BTreeMap::new();
        develop_parts(content, &indices, &self.room, |_, made| {
            let text = match made {
                Ok(made) => self.text(&made),
                Err(Fault::Unknown | Fault::TooSmall) => String::new(),
                Err(fault) => format!("[{fault}]\n"),
            };
            lines.next().map(|line| drawn.entry(line).or_default().push_str(&text)).is_some()
        });
        drawn
    }

    fn text(&self, picture: &Picture) -> String {
        let rows = picture.rows;
        if self.way == Way::Blocks {
            return (0..rows).map(|row| format!("{}\n", line(picture, row, self.colours))).collect();
        }
        // Room is made first, so that the screen does not move while the picture is drawn; then it goes on below.
        let room = "\n".repeat(usize::from(rows));
        format!("{room}\x1b[{rows}A\x1b7{}\x1b8\x1b[{rows}B", picture.drawn(self.way, 0, rows))
    }
}
