//! Short lists that something is chosen from.

use super::{Pen, line_of};
use crate::model::Model;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub(super) fn draw(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let Some(choice) = &model.choice else { return };
    pen.text(buffer, area, &format!(" {}", choice.title), pen.theme.unread);
    let below = Rect { y: area.y + 2.min(area.height), height: area.height.saturating_sub(2), ..area };
    if choice.items.is_empty() {
        pen.text(buffer, below, &format!("  {}", choice.empty), pen.theme.plain);
        return;
    }
    let lines = usize::from(below.height);
    let top = (choice.cursor + 1).saturating_sub(lines);
    for (line, (place, item)) in choice.items.iter().enumerate().skip(top).take(lines).enumerate() {
        let is_chosen = place == choice.cursor;
        let style = if is_chosen { pen.theme.selected } else { pen.theme.plain };
        let sign = if is_chosen { ">" } else { " " };
        let at = line_of(below, u16::try_from(line).unwrap_or(u16::MAX));
        let columns: Vec<_> = std::iter::once((format!(" {sign} "), 3)).chain(item.columns.iter().cloned()).collect();
        pen.columns(buffer, at, &columns, style);
    }
}
