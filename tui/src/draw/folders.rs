//! The folders: beside the list, or alone on a small screen.

use super::{Pen, folders_top, line_of, safe};
use crate::model::{Focus, Model};
use crate::text::{column_right, thousands};
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
    let top = folders_top(model.folder_cursor, folders.len(), area.height);
    for (line, (place, folder)) in folders.iter().enumerate().skip(top).take(usize::from(area.height)).enumerate() {
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
        pen.columns(buffer, line, &columns(folder, sign, usize::from(area.width)), style);
    }
}

fn columns(folder: &Folder, sign: &str, width: usize) -> Vec<(String, usize)> {
    let depth = folder.name.matches('/').count();
    let last = folder.name.rsplit('/').next().unwrap_or(&folder.name);
    let before = format!("{sign}{}", "  ".repeat(depth.min(8)));
    let indent = before.len();
    let unread = if folder.unread > 0 { thousands(folder.unread) } else { String::new() };
    let with_name = |name: usize| {
        let room = name.saturating_sub(indent);
        vec![(before.clone(), indent), (safe(last).into_owned(), room)]
    };
    if width < 60 {
        let mut columns = with_name(width.saturating_sub(UNREAD + 1));
        columns.push((column_right(&unread, UNREAD), UNREAD));
        return columns;
    }
    let unread = if unread.is_empty() { unread } else { format!("{unread} unread") };
    let total = crate::text::count(folder.total, "message");
    let mut columns = with_name(width - 44);
    columns.extend([(column_right(&unread, 20), 20), (column_right(&total, 22), 22)]);
    columns
}
