//! The line where something is typed, what may be meant above it, and the palette.

use super::{Pen, line_of, safe};
use crate::model::palette::Palette;
use crate::model::prompt::Prompt;
use crate::text::{fit, visual_column, width};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

/// Lines of the palette, its head and its frame included.
const PALETTE_LINES: u16 = 16;
/// Columns of the palette, and those that it leaves beside it, or else takes too.
const PALETTE_COLUMNS: u16 = 76;
const BESIDE_MIN: u16 = 8;

/// Draws it, and tells where the cursor is.
pub(super) fn draw(prompt: &Prompt, pen: &Pen, buffer: &mut Buffer, area: Rect) -> (u16, u16) {
    pen.line(buffer, area, "", pen.theme.plain);
    let label = format!(" {}", prompt.label);
    let used = pen.text(buffer, area, &label, pen.theme.field);
    let rest = Rect { x: area.x + used, width: area.width.saturating_sub(used), ..area };
    let (end, before) = typed(prompt, pen, buffer, rest);
    if let Some(problem) = &prompt.problem {
        let x = rest.x + end + 1;
        let at = Rect { x, width: area.right().saturating_sub(x), ..area };
        pen.text(buffer, at, &format!("({problem})"), pen.theme.problem);
    }
    choices(prompt, pen, buffer, area);
    let x = rest.x.saturating_add(before);
    (x.min(area.right().saturating_sub(1)), area.y)
}

/// Writes what is typed; the columns that it took, and the one of the cursor.
pub(super) fn typed(prompt: &Prompt, pen: &Pen, buffer: &mut Buffer, area: Rect) -> (u16, u16) {
    let (mut shown, at) = window(prompt, usize::from(area.width.saturating_sub(1)));
    // The cursor behind the last letter has a place of its own, which is on the left where text runs from right to left.
    if at >= shown.len() {
        shown.push(' ');
    }
    let shown = fit(&shown, usize::from(area.width));
    let used = pen.text(buffer, area, &shown, pen.theme.plain);
    let column = if pen.turn { visual_column(&shown, at) } else { width(shown.get(..at).unwrap_or(&shown)) };
    (used, u16::try_from(column).unwrap_or(u16::MAX))
}

/// The part of the text around the cursor that fits, and the octets of it before the cursor.
pub(super) fn window(prompt: &Prompt, room: usize) -> (String, usize) {
    let before = prompt.text.get(..prompt.cursor).unwrap_or(&prompt.text);
    let mut start = 0;
    for (place, letter) in before.grapheme_indices(true) {
        if width(before.get(start..).unwrap_or_default()) <= room {
            break;
        }
        start = place + letter.len();
    }
    let shown = prompt.text.get(start..).unwrap_or_default();
    (safe(shown).into_owned(), safe(before.get(start..).unwrap_or_default()).len())
}

/// What may be meant, in a row above.
fn choices(prompt: &Prompt, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    if prompt.choices.is_empty() || area.y == 0 {
        return;
    }
    choices_in(prompt, pen, buffer, Rect { y: area.y - 1, height: 1, ..area });
}

/// What may be meant, in this row.
pub(super) fn choices_in(prompt: &Prompt, pen: &Pen, buffer: &mut Buffer, above: Rect) {
    pen.line(buffer, above, "", pen.theme.selected_elsewhere);
    let mut at = above;
    let first = prompt.chosen.unwrap_or(0).saturating_sub(2);
    for (place, choice) in prompt.choices.iter().enumerate().skip(first) {
        let style = if prompt.chosen == Some(place) { pen.theme.selected } else { pen.theme.selected_elsewhere };
        let used = pen.text(buffer, at, &format!(" {} ", safe(choice)), style);
        at = Rect { x: at.x + used, width: at.width.saturating_sub(used), ..at };
    }
}

/// The palette, over everything.
pub(super) fn palette(palette: &Palette, pen: &Pen, buffer: &mut Buffer, screen: Rect) {
    let width = if screen.width < PALETTE_COLUMNS + BESIDE_MIN { screen.width } else { PALETTE_COLUMNS };
    let height = PALETTE_LINES.min(screen.height.saturating_sub(2));
    let outer = Rect::new((screen.width - width) / 2, 1, width, height);
    frame(pen, buffer, outer);
    let area = Rect::new(outer.x + 1, outer.y + 1, width.saturating_sub(2), height.saturating_sub(2));
    pen.line(buffer, line_of(area, 0), &format!(" > {}_", safe(&palette.text)), pen.theme.title);
    let lines = usize::from(area.height.saturating_sub(1));
    let top = (palette.cursor + 1).saturating_sub(lines);
    for line in 1..area.height {
        let place = top + usize::from(line) - 1;
        let at = line_of(area, line);
        let Some(item) = palette.found.get(place) else {
            let text = if palette.found.is_empty() && line == 1 { " Nothing has these letters" } else { "" };
            pen.line(buffer, at, text, pen.theme.selected_elsewhere);
            continue;
        };
        let is_chosen = place == palette.cursor;
        let style = if is_chosen { pen.theme.selected } else { pen.theme.selected_elsewhere };
        let sign = if is_chosen { " > " } else { "   " };
        let columns =
            [(sign.to_owned(), 3), (fit(&safe(&item.name), 24).into_owned(), 25), (item.about.clone(), usize::MAX)];
        pen.columns(buffer, at, &columns, style);
    }
}

/// A line around an area, nothing within.
fn frame(pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let (last, within) = (area.height.saturating_sub(1), usize::from(area.width.saturating_sub(2)));
    for line in 0..area.height {
        let (left, middle, right) = match line {
            0 => ("┌", "─", "┐"),
            line if line == last => ("└", "─", "┘"),
            _ => ("│", " ", "│"),
        };
        let text = format!("{left}{}{right}", middle.repeat(within));
        pen.line(buffer, line_of(area, line), &text, pen.theme.dim);
    }
}
