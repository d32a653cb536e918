//! The folders: beside the list, or alone on a small screen.

use super::{Pen, folders_top, line_of, safe};
use crate::model::{Focus, Model};
use crate::text::{column, column_right, thousands};
use agent::mirror::Folder;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the number of messages that were not read.
const UNREAD: usize = 7;

pub(super) fn draw(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    if area.height == 0 {
        return;
    }
    let folders = model.account().map(|account| account.folders.as_slice()).unwrap_or_default();
    if folders.is_empty() {
        pen.text(buffer, area, " No folders yet", pen.theme.dim);
        return;
    }
    let labels = labels(folders);
    let top = folders_top(model.folder_cursor, folders.len(), area.height);
    let labelled = folders.iter().zip(&labels);
    for (line, (place, (folder, label))) in labelled.enumerate().skip(top).take(usize::from(area.height)).enumerate() {
        let line = line_of(area, u16::try_from(line).unwrap_or(u16::MAX));
        let is_selected = place == model.folder_cursor;
        let is_open = model.list.view.folder == Some(folder.id);
        let style = match (is_selected, model.focus == Focus::Folders) {
            (true, true) => pen.theme.selected,
            (true, false) => pen.theme.selected_elsewhere,
            _ if !folder.selectable || !folder.subscribed => pen.theme.dim,
            _ if folder.unread > 0 => pen.theme.unread,
            _ => pen.theme.plain,
        };
        let sign = if is_selected && model.focus == Focus::Folders {
            ">"
        } else if is_open {
            "*"
        } else {
            " "
        };
        let text = words(folder, &format!("{sign}{label}"), usize::from(area.width));
        pen.line(buffer, line, &text, style);
    }
}

/// Folders as a tree: each below the one it is in, where that stands above it, else with its whole path.
fn labels(folders: &[Folder]) -> Vec<String> {
    let mut around: Vec<&str> = Vec::new();
    let mut labels = Vec::new();
    for folder in folders {
        let below = |path: &str| folder.name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
        while around.last().is_some_and(|path| below(path).is_none()) {
            around.pop();
        }
        let label = around.last().and_then(|path| below(path)).unwrap_or(&folder.name);
        labels.push(format!("{}{}", "  ".repeat(around.len().min(8)), safe(label)));
        around.push(&folder.name);
    }
    labels
}

fn words(folder: &Folder, name: &str, width: usize) -> String {
    let unread = if folder.unread > 0 { thousands(folder.unread) } else { String::new() };
    if width < 60 {
        return format!("{}{} ", column(name, width.saturating_sub(UNREAD + 1)), column_right(&unread, UNREAD));
    }
    let unread = if unread.is_empty() { unread } else { format!("{unread} unread") };
    let total = crate::text::count(folder.total, "message");
    format!("{}{}{}", column(name, width - 44), column_right(&unread, 20), column_right(&total, 22))
}
