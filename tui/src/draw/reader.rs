//! The message that is read.

use super::{Pen, line_of};
use crate::model::Model;
use crate::model::reader::{Reader, SEAL, Text};
use crate::picture::Way;
use crate::text::width;
use agent::reading::{Line, Style as Look};
use agent::verdict::Mark;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Columns of the names of fields.
const NAME: usize = 9;

pub(super) fn draw(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let Some(reader) = &model.reader else { return };
    if area.height == 0 {
        return;
    }
    let shown = reader.lines.iter().skip(reader.top).take(usize::from(area.height));
    for (place, text) in shown.enumerate() {
        let line = line_of(area, u16::try_from(place).unwrap_or(u16::MAX));
        match text {
            Text::Picture(picture, row) if model.way() == Some(Way::Blocks) => {
                super::picture::draw(picture, *row, pen.colours, buffer, line);
            }
            text => draw_text(pen, buffer, line, text),
        }
    }
    if let Some((words, at)) = more(reader, area) {
        pen.text(buffer, at, &words, pen.theme.key);
    }
}

/// What is said at the bottom of lines below it, and where.
pub(super) fn more(reader: &Reader, area: Rect) -> Option<(String, Rect)> {
    let below = reader.lines.len().saturating_sub(reader.top + usize::from(area.height));
    if below == 0 || area.width <= 12 || area.height == 0 {
        return None;
    }
    let words = format!(" {} more ", crate::text::count(below as u64, "line"));
    let wide = u16::try_from(width(&words)).unwrap_or(0);
    let at = Rect { x: area.right().saturating_sub(wide + 1), width: wide, ..line_of(area, area.height - 1) };
    Some((words, at))
}

fn draw_text(pen: &Pen, buffer: &mut Buffer, area: Rect, text: &Text) {
    match text {
        Text::Seal(mark, words) => {
            let used = pen.text(buffer, area, &format!("{SEAL:>NAME$}: "), pen.theme.field);
            let rest = Rect { x: area.x + used, width: area.width.saturating_sub(used), ..area };
            let style = match mark {
                Mark::Good => pen.theme.key,
                Mark::Doubtful => pen.theme.unread,
                Mark::Bad => pen.theme.problem,
            };
            pen.text(buffer, rest, words, style);
        }
        Text::Field(name, value) => {
            let label = format!("{:>NAME$}: ", crate::text::fit(name, NAME.max(width(name).min(20))));
            let used = pen.text(buffer, area, &label, pen.theme.field);
            let rest = Rect { x: area.x + used, width: area.width.saturating_sub(used), ..area };
            let style = if name == "Subject" { pen.theme.unread } else { pen.theme.plain };
            pen.text(buffer, rest, value, style);
        }
        Text::Body(line) => draw_body(pen, buffer, area, line),
        Text::Note(note) => {
            pen.text(buffer, area, note, pen.theme.dim);
        }
        Text::Rule => {
            pen.text(buffer, area, &"─".repeat(usize::from(area.width)), pen.theme.dim);
        }
        Text::Empty | Text::Picture(..) => {}
    }
}

fn draw_body(pen: &Pen, buffer: &mut Buffer, area: Rect, line: &Line) {
    let quote = line.depth.checked_sub(1).and_then(|level| pen.theme.quotes.get(level % pen.theme.quotes.len()));
    let base = quote.copied().unwrap_or(pen.theme.plain);
    let mut rest = area;
    let mut write = |text: &str, style: Style, rest: &mut Rect| {
        let used = pen.text(buffer, *rest, text, style);
        *rest = Rect { x: rest.x + used, width: rest.width.saturating_sub(used), ..*rest };
    };
    if line.depth > 0 {
        write(&format!("{} ", ">".repeat(line.depth)), base, &mut rest);
    }
    for span in &line.spans {
        write(&span.text, styled(pen, base, span.style), &mut rest);
    }
}

fn styled(pen: &Pen, base: Style, look: Look) -> Style {
    match look {
        Look::Plain => base,
        Look::Strong | Look::Heading => base.add_modifier(Modifier::BOLD),
        Look::Emphasis => base.add_modifier(Modifier::ITALIC),
        Look::Code => base,
        Look::Struck => base.add_modifier(Modifier::CROSSED_OUT),
        Look::Link(_) => pen.theme.link,
        Look::Note => pen.theme.dim,
    }
}
