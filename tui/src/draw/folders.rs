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
    let labels = labels(folders);
    let top = folders_top(model.folder_cursor, folders.len(), area.height);
    let labelled = folders.iter().zip(&labels);
    for (line, (place, (folder, (depth, label)))) in
        labelled.enumerate().skip(top).take(usize::from(area.height)).enumerate()
    {
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
        let before = format!("{sign}{}", "  ".repeat(*depth));
        pen.columns(buffer, line, &columns(folder, &before, label, usize::from(area.width)), style);
    }
}

/// Folders as a tree: each below the one it is in, where that stands above it, else with its whole path. How deep, and the name.
fn labels(folders: &[Folder]) -> Vec<(usize, String)> {
    let mut around: Vec<&str> = Vec::new();
    let mut labels = Vec::new();
    for folder in folders {
        let below = |path: &str| folder.name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
        while around.last().is_some_and(|path| below(path).is_none()) {
            around.pop();
        }
        let label = around.last().and_then(|path| below(path)).unwrap_or(&folder.name);
        labels.push((around.len().min(8), safe(label).into_owned()));
        around.push(&folder.name);
    }
    labels
}

fn columns(folder: &Folder, before: &str, label: &str, width: usize) -> Vec<(String, usize)> {
    let indent = before.len();
    let unread = if folder.unread > 0 { thousands(folder.unread) } else { String::new() };
    let with_name = |name: usize| {
        let room = name.saturating_sub(indent);
        vec![(before.to_owned(), indent), (label.to_owned(), room)]
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
