//! The screen, as it follows from the model. Pure: the same model gives the same cells.

mod choice;
mod composer;
mod folders;
mod help;
mod links;
mod list;
mod newcomer;
mod picture;
mod prompt;
mod reader;
mod theme;

pub(crate) use composer::review_last;
pub(crate) use help::{HelpLine, lines as help_lines};
pub use links::{ADDRESS_MAX, Run, links};
pub use newcomer::newcomer;
pub use picture::placements;
pub use theme::Theme;

use crate::command::Verb;
use crate::keys::Context;
use crate::model::{Focus, Model};
use crate::settings::{Colours, Options};
use crate::text::{column, count, fit, visual, width};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::borrow::Cow;

/// Columns at the end of the reader's last line that tell how many lines follow, at most.
const MORE_COLUMNS: u16 = 20;
/// The smallest screen anything is drawn on.
const COLUMNS_MIN: u16 = 20;
const LINES_MIN: u16 = 4;
/// Lines of what happened, at most.
const STATUS_LINES_MAX: usize = 3;
/// The signs of work going on, one a tick.
const SPINNER: [&str; 4] = ["|", "/", "-", "\\"];

/// Text of others, safe to be shown on one line.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    message::harmless::readable(text)
}

/// Draws everything.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let pen = Pen::of(&model.options);
    if area.width < COLUMNS_MIN || area.height < LINES_MIN {
        pen.text(frame.buffer_mut(), area, "Too small", pen.theme.plain);
        return;
    }
    let layout = model.layout();
    let buffer = frame.buffer_mut();
    title(model, &pen, buffer, layout.title);
    let body = Rect { y: 1, height: layout.status.y.saturating_sub(1), ..area };
    let mut cursor = None;
    match model.focus {
        Focus::Help => help::draw(model, &pen, buffer, body),
        Focus::Composer => cursor = composer::draw(model, &pen, buffer, body),
        Focus::Review => composer::review(model, &pen, buffer, body),
        Focus::Choice => choice::draw(model, &pen, buffer, body),
        Focus::Folders | Focus::List | Focus::Reader => panes(model, &pen, buffer),
    }
    key_bar(model, &pen, buffer, layout.keys);
    status(model, &pen, buffer, layout.status);
    if let Some(palette) = &model.palette {
        prompt::palette(palette, &pen, buffer, area);
    }
    if let Some(prompt) = &model.prompt {
        cursor = Some(prompt::draw(prompt, &pen, buffer, layout.status));
    }
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Folders, list and reader.
fn panes(model: &Model, pen: &Pen, buffer: &mut Buffer) {
    let layout = model.layout();
    folders::draw(model, pen, buffer, layout.folders);
    if layout.folders.height > 0 && layout.folders.width < model.size.0 {
        rule_down(pen, buffer, layout.folders);
    }
    list::draw(model, pen, buffer, layout.list);
    if layout.list.height > 0 && layout.reader.height > 0 {
        let rule = Rect { y: layout.list.bottom(), height: 1, ..layout.list };
        pen.text(buffer, rule, &"─".repeat(usize::from(rule.width)), pen.theme.dim);
    }
    reader::draw(model, pen, buffer, layout.reader);
}

/// Where folders begin on the screen so that the cursor is seen.
#[must_use]
pub fn folders_top(cursor: usize, _length: usize, height: u16) -> usize {
    (cursor + 1).saturating_sub(usize::from(height.max(1)))
}

/// Writes text in a style, the right way round.
pub(crate) struct Pen {
    pub theme: Theme,
    pub turn: bool,
    pub colours: Colours,
}

impl Pen {
    /// With what can be set.
    pub fn of(options: &Options) -> Pen {
        Pen { theme: Theme::of(options), turn: options.turn_text, colours: options.colours_used() }
    }

    /// Text at the beginning of an area's first line, cut where it ends; columns that it took.
    pub fn text(&self, buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
        if area.height == 0 || area.width == 0 || !buffer.area.contains((area.x, area.y).into()) {
            return 0;
        }
        let text = fit(text, usize::from(area.width));
        let text = if self.turn { visual(&text) } else { text };
        let (end, _) = buffer.set_stringn(area.x, area.y, text.as_ref(), usize::from(area.width), style);
        end - area.x
    }

    /// The same, and the rest of the line in the style too.
    pub fn line(&self, buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
        let filled = column(text, usize::from(area.width));
        self.text(buffer, area, &filled, style);
    }

    /// Columns beside each other, each as wide as it says and turned by itself: none takes the others around with it. The
    /// style fills the line.
    pub fn columns(&self, buffer: &mut Buffer, area: Rect, columns: &[(String, usize)], style: Style) {
        self.line(buffer, area, "", style);
        let mut rest = area;
        for (text, columns) in columns {
            let width = u16::try_from(*columns).unwrap_or(u16::MAX).min(rest.width);
            self.text(buffer, Rect { width, ..rest }, text, style);
            rest = Rect { x: rest.x + width, width: rest.width - width, ..rest };
        }
    }
}

/// The line of an area.
pub(crate) fn line_of(area: Rect, line: u16) -> Rect {
    Rect { y: area.y + line, height: u16::from(line < area.height), ..area }
}

fn rule_down(pen: &Pen, buffer: &mut Buffer, beside: Rect) {
    for y in beside.top()..beside.bottom() {
        pen.text(buffer, Rect::new(beside.right(), y, 1, 1), "│", pen.theme.dim);
    }
}

fn title(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let account = model.account().map(|account| account.address.as_str()).unwrap_or_default();
    let right = title_right(model);
    let left = format!(" Pillarbox  {account}  {}", title_view(model));
    let room = usize::from(area.width).saturating_sub(width(&right) + 1);
    let used = width(&right) + 1;
    pen.columns(buffer, area, &[(left, room), (right, used)], pen.theme.title);
}

/// What is shown, in words.
fn title_view(model: &Model) -> String {
    match model.focus {
        Focus::Help => return "Help".to_owned(),
        Focus::Composer => return "Writing a letter".to_owned(),
        Focus::Review => return "Sending a letter".to_owned(),
        _ => {}
    }
    let name = model.open_folder().map(|folder| safe(&folder.name).into_owned());
    let searched = (!model.list.typed.is_empty()).then(|| safe(&model.list.typed).into_owned());
    match (name, searched) {
        (Some(name), Some(typed)) => format!("{name}: {typed}"),
        (Some(name), None) => name,
        (None, Some(typed)) => format!("Found: {typed}"),
        (None, None) => String::new(),
    }
}

fn title_right(model: &Model) -> String {
    let Some(total) = model.list.total else { return String::new() };
    let thing = if model.list.threaded { "conversation" } else { "message" };
    let mut words = vec![if total == 0 || model.focus == Focus::Folders {
        count(total, thing)
    } else {
        let place = crate::text::thousands(model.list.cursor + 1);
        format!("{place} of {}", crate::text::thousands(model.list.length()))
    }];
    if let Some(folder) = model.open_folder().filter(|folder| folder.unread > 0 && model.list.typed.is_empty()) {
        words.push(format!("{} unread", crate::text::thousands(folder.unread)));
    }
    if !model.list.marks.is_empty() {
        words.push(format!("{} marked", crate::text::thousands(model.list.marks.len() as u64)));
    }
    if model.offline {
        words.push("offline".to_owned());
    }
    words.join(" · ")
}

fn status(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    if model.prompt.is_some() {
        return;
    }
    let style = if model.status.is_problem { pen.theme.problem } else { pen.theme.plain };
    let busy = model.account().and_then(|account| account.busy.as_ref());
    let right = match busy {
        Some(words) => {
            let turn = usize::try_from(model.now.0 / 250).unwrap_or(0) % SPINNER.len();
            format!("{} {} (Esc stops)", SPINNER.get(turn).unwrap_or(&"*"), safe(words))
        }
        None if !model.pressed.is_empty() => crate::key::spelled(&model.pressed),
        None => String::new(),
    };
    let sign = if model.status.is_problem { "! " } else { "" };
    let text = format!("{sign}{}", model.status.text);
    let lines = crate::text::folded(&text, usize::from(area.width.saturating_sub(2)));
    if lines.len() > 1 {
        return long_status(&lines, pen, buffer, (area, style));
    }
    let used = pen.text(buffer, area, &format!(" {text}"), style);
    let room = usize::from(area.width.saturating_sub(used + 1));
    let right = fit(&right, room);
    let x = area.right().saturating_sub(u16::try_from(width(&right)).unwrap_or(0) + 1);
    pen.text(buffer, Rect { x, width: area.right().saturating_sub(x), ..area }, &right, pen.theme.dim);
}

/// What is too long for one line takes those above it, until the next key.
fn long_status(lines: &[String], pen: &Pen, buffer: &mut Buffer, (area, style): (Rect, Style)) {
    let count = lines.len().min(STATUS_LINES_MAX);
    for (place, line) in lines.iter().take(count).enumerate() {
        let above = u16::try_from(count - 1 - place).unwrap_or(0);
        let at = Rect { y: area.y.saturating_sub(above), ..area };
        pen.line(buffer, at, &format!(" {line}"), style);
    }
}

/// What is shown at the bottom, by context; as many as there is room for, the first first.
fn bar_verbs(context: Context) -> &'static [Verb] {
    match context {
        Context::Folders => FOLDER_BAR,
        Context::Reader => READER_BAR,
        Context::Parts => &[Verb::Help, Verb::Back, Verb::Open, Verb::SavePart, Verb::Pipe, Verb::Palette],
        Context::Choice => &[Verb::Back, Verb::Open, Verb::Quit],
        Context::Composer => COMPOSER_BAR,
        Context::Review => &[Verb::Send, Verb::Back, Verb::Postpone, Verb::SendAt, Verb::Sign, Verb::Encrypt],
        Context::List | Context::Anywhere => LIST_BAR,
    }
}

use Verb as V;

#[rustfmt::skip]
const FOLDER_BAR: &[Verb] = &[
    V::Help, V::Open, V::MakeFolder, V::RenameFolder, V::DeleteFolder, V::ShowList, V::Search, V::Compose, V::Palette,
    V::Quit, V::Folder, V::Command,
];
#[rustfmt::skip]
const READER_BAR: &[Verb] = &[
    V::Help, V::Back, V::Reply, V::ReplyAll, V::Forward, V::Delete, V::Archive, V::Move, V::Next, V::Previous, V::Parts,
    V::FullHeader, V::Find, V::Undo, V::Conversation, V::Palette,
];
#[rustfmt::skip]
const COMPOSER_BAR: &[Verb] = &[
    V::Help, V::Send, V::Postpone, V::Discard, V::Attach, V::AddressBook, V::Editor, V::ShowBcc, V::Sign, V::Encrypt,
    V::SendAt, V::Detach,
];
#[rustfmt::skip]
const LIST_BAR: &[Verb] = &[
    V::Help, V::Open, V::Compose, V::Reply, V::ReplyAll, V::Forward, V::Delete, V::Archive, V::Move, V::Mark, V::Search,
    V::Limit, V::Undo, V::Threads, V::ShowFolders, V::Palette, V::Quit, V::Sort,
];

fn key_bar(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    if area.height == 0 {
        return;
    }
    const CELL: u16 = 15;
    let context = model.context();
    let known = bar_verbs(context).iter().filter_map(|verb| {
        let key = model.keys.keys_of(context, *verb)?;
        Some((key, verb.entry()?.short))
    });
    let columns = (area.width / CELL).max(1);
    let cell = area.width / columns;
    for (place, (key, short)) in known.take(usize::from(columns * area.height)).enumerate() {
        let place = u16::try_from(place).unwrap_or(0);
        let (x, y) = (area.x + place / area.height * cell, area.y + place % area.height);
        let at = Rect::new(x, y, cell.min(area.right().saturating_sub(x)), 1);
        let used = pen.text(buffer, at, &format!(" {key} "), pen.theme.key);
        let rest = Rect { x: at.x + used, width: at.width.saturating_sub(used), ..at };
        pen.text(buffer, rest, &format!(" {short}"), pen.theme.plain);
    }
}
