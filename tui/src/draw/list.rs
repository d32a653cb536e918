//! The list of messages, a line each: marks, date, who, subject and the beginning of the text, size.

use super::{Pen, line_of, safe};
use crate::model::list::Shown;
use crate::model::{Focus, Model};
use crate::text::{column_right, fit, short_time, size, width};
use agent::mirror::{Role, Row};
use message::flags::flag_bits;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of cursor and signs.
const SIGNS: usize = 5;
/// Columns of the date.
const DATE: usize = 9;
/// Columns of the size.
const SIZE: usize = 5;
/// What parts the subject from the beginning of the text.
const BEFORE_PREVIEW: &str = " - ";
/// What stands before a message of a conversation that is unfolded.
const INNER: &str = "  └ ";

pub(super) fn draw(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    if area.height == 0 {
        return;
    }
    if model.list.length() == 0 {
        return empty(model, pen, buffer, area);
    }
    for line in 0..area.height {
        let position = model.list.top + u64::from(line);
        if position >= model.list.length() {
            break;
        }
        let at = line_of(area, line);
        match model.list.shown(position) {
            Some(shown) => draw_line(model, pen, buffer, (at, position, shown)),
            None => {
                pen.text(buffer, at, "     …", pen.theme.dim);
            }
        }
    }
}

fn draw_line(model: &Model, pen: &Pen, buffer: &mut Buffer, (area, position, shown): (Rect, u64, Shown<'_>)) {
    let row = shown.row();
    let is_selected = position == model.list.cursor;
    let is_marked = model.list.marks.contains(&row.id);
    let is_unread = match shown {
        Shown::Line(line) => line.unread > 0,
        Shown::Inner(row) => !row.flags.has(flag_bits::SEEN),
    };
    let style = match (is_selected, model.focus == Focus::List) {
        (true, true) => pen.theme.selected,
        (true, false) => pen.theme.selected_elsewhere,
        _ if is_marked => pen.theme.marked,
        _ if row.flags.has(flag_bits::FLAGGED) => pen.theme.star,
        _ if is_unread => pen.theme.unread,
        _ => pen.theme.plain,
    };
    let style = if is_unread { style.patch(pen.theme.unread) } else { style };
    let signs = signs(row, is_selected, (is_marked, is_unread));
    let columns = columns(model, signs, shown, usize::from(area.width));
    pen.columns(buffer, area, &columns, style);
    let preview_at = preview_start(shown, usize::from(area.width));
    if let Some((start, text)) = preview_at.filter(|_| !is_selected) {
        let start = u16::try_from(start).unwrap_or(u16::MAX);
        let rest = Rect { x: area.x + start, width: area.width.saturating_sub(start + SIZE as u16 + 2), ..area };
        let used = pen.text(buffer, rest, BEFORE_PREVIEW, pen.theme.dim);
        let rest = Rect { x: rest.x + used, width: rest.width.saturating_sub(used), ..rest };
        pen.text(buffer, rest, &text, pen.theme.dim);
    }
}

/// Cursor, mark, state, attachment: each has its column.
fn signs(row: &Row, is_selected: bool, (is_marked, is_unread): (bool, bool)) -> String {
    let state = if is_unread {
        'N'
    } else if row.flags.has(flag_bits::ANSWERED) {
        'r'
    } else if row.flags.has_keyword("$Forwarded") {
        'f'
    } else {
        ' '
    };
    let star = if row.flags.has(flag_bits::FLAGGED) { '*' } else { ' ' };
    let mark = match (is_selected, is_marked) {
        (true, true) => "#>",
        (true, false) => " >",
        (false, true) => "# ",
        (false, false) => "  ",
    };
    format!("{mark}{state}{star}{}", if row.attachments { '@' } else { ' ' })
}

fn who_width(width: usize) -> usize {
    (width / 4).clamp(10, 26)
}

fn columns(model: &Model, signs: String, shown: Shown<'_>, width_in_all: usize) -> Vec<(String, usize)> {
    let row = shown.row();
    let date = short_time(row.received, model.now, &model.options.zone);
    let who_in_all = who_width(width_in_all);
    let number = messages(model, shown);
    let who = fit(&people(model, row), who_in_all.saturating_sub(width(&number))).into_owned();
    let who_columns = width(&who);
    let inner = if matches!(shown, Shown::Inner(_)) { INNER } else { "" };
    let subject_columns = subject_width(width_in_all).saturating_sub(width(inner));
    vec![
        (signs, SIGNS + 1),
        (date, DATE + 1),
        (who, who_columns),
        (number, (who_in_all + 1).saturating_sub(who_columns)),
        (inner.to_owned(), width(inner)),
        (fit(&subject(row), subject_columns).into_owned(), subject_columns + 1),
        (column_right(&size(row.size), SIZE), SIZE),
    ]
}

fn subject_width(width: usize) -> usize {
    width.saturating_sub(SIGNS + DATE + who_width(width) + SIZE + 5)
}

fn subject(row: &Row) -> String {
    let subject = safe(row.subject.trim());
    if subject.is_empty() { "(no subject)".to_owned() } else { subject.into_owned() }
}

/// Who it is from, or to whom it went where the folder holds what was sent.
fn people(model: &Model, row: &Row) -> String {
    let is_sent = matches!(model.open_folder().map(|folder| folder.role), Some(Role::Sent | Role::Drafts));
    let who = if is_sent { format!("To {}", safe(&row.to)) } else { safe(&row.from).into_owned() };
    if who.trim().is_empty() { "(nobody)".to_owned() } else { who }
}

/// How many messages a conversation has.
fn messages(model: &Model, shown: Shown<'_>) -> String {
    match shown {
        Shown::Line(line) if line.messages > 1 => {
            let sign = if model.list.is_unfolded(line.row.thread) { "-" } else { "+" };
            format!(" {sign}{}", line.messages)
        }
        _ => String::new(),
    }
}

/// Where the beginning of the text stands behind the subject, where there is room.
fn preview_start(shown: Shown<'_>, width_in_all: usize) -> Option<(usize, String)> {
    let row = shown.row();
    let inner = if matches!(shown, Shown::Inner(_)) { INNER } else { "" };
    let subject = width(inner) + width(&subject(row));
    let room = subject_width(width_in_all).checked_sub(subject + width(BEFORE_PREVIEW))?;
    let text = safe(row.preview.trim()).into_owned();
    if room < 8 || text.is_empty() {
        return None;
    }
    let start = SIGNS + 1 + DATE + 1 + who_width(width_in_all) + 1 + subject;
    Some((start, fit(&text, room).into_owned()))
}

/// What to do where there is nothing.
fn empty(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let key = |verb| model.keys.keys_of(model.context(), verb).unwrap_or_default();
    let lines = if model.accounts.is_empty() {
        vec![
            "There is no account yet.".to_owned(),
            String::new(),
            "`pillarbox mail account add you@example.org` sets one up.".to_owned(),
            "Then start this program again.".to_owned(),
        ]
    } else if !model.list.typed.is_empty() {
        vec![
            format!("Nothing here is {}.", safe(&model.list.typed)),
            String::new(),
            format!("Esc shows all again; {} looks in the whole account.", key(crate::command::Verb::Search)),
        ]
    } else if model.list.total.is_none() {
        vec!["No folders yet: they come with the first look at the server.".to_owned()]
    } else {
        vec![
            "This folder is empty.".to_owned(),
            String::new(),
            format!(
                "{} goes to another folder, {} writes a letter, {} shows all keys.",
                key(crate::command::Verb::ShowFolders),
                key(crate::command::Verb::Compose),
                key(crate::command::Verb::Help)
            ),
        ]
    };
    for (place, text) in lines.iter().enumerate() {
        let line = u16::try_from(place).unwrap_or(u16::MAX).saturating_add(1);
        if line < area.height {
            pen.text(buffer, line_of(area, line), &format!("  {text}"), pen.theme.plain);
        }
    }
}
