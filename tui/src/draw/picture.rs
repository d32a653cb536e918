//! Pictures within the message that is read: drawn in letters here, or only where they are to be drawn by the terminal.

use crate::model::reader::Text;
use crate::model::{Focus, Model};
use crate::picture::{Picture, Placement, Way, cell};
use crate::settings::Colours;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

/// A line of a picture of letters.
pub(super) fn draw(picture: &Picture, row: u16, colours: Colours, buffer: &mut Buffer, area: Rect) {
    let line = picture.part(row, 1);
    for column in 0..picture.columns.min(area.width) {
        let (above, below) = cell(&line, column, colours);
        if let Some(cell) = buffer.cell_mut((area.x + column, area.y)) {
            cell.set_symbol(crate::picture::HALF).set_fg(above).set_bg(below);
        }
    }
}

/// Where on the screen the terminal is to draw which parts of pictures; nothing where letters do it.
#[must_use]
pub fn placements(model: &Model) -> Vec<Placement> {
    let is_covered = model.palette.is_some() || !matches!(model.focus, Focus::Folders | Focus::List | Focus::Reader);
    let Some(reader) = model.reader.as_ref().filter(|_| !is_covered) else { return Vec::new() };
    if !matches!(model.way(), Some(Way::Kitty | Way::Sixel | Way::Iterm)) {
        return Vec::new();
    }
    let area = model.layout().reader;
    let more = super::reader::more(reader, area);
    let mut found: Vec<Placement> = Vec::new();
    for (y, line) in (area.y..area.bottom()).zip(reader.lines.iter().skip(reader.top)) {
        let Text::Picture(picture, row) = line else { continue };
        let is_hidden = more.as_ref().is_some_and(|(_, at)| at.y == y && at.x < area.x + picture.columns);
        if is_hidden || picture.columns > area.width {
            continue;
        }
        match found.last_mut() {
            Some(last) if Arc::ptr_eq(&last.picture, picture) && last.from + last.rows == *row => last.rows += 1,
            _ => found.push(Placement { picture: Arc::clone(picture), x: area.x, y, from: *row, rows: 1 }),
        }
    }
    found
}
