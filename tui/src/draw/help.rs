//! Help: the keys that work in the part it was asked from, with what they do.

use super::{Pen, line_of};
use crate::command::Command;
use crate::keys::Context;
use crate::model::{Focus, Model};
use crate::text::{column, width};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the keys.
const KEYS: usize = 14;

/// A line of help.
pub(crate) enum HelpLine {
    Empty,
    Head(String),
    Keys { keys: String, command: String, about: &'static str },
}

pub(super) fn draw(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let lines = lines(model);
    let top = model.help_top.min(lines.len().saturating_sub(usize::from(area.height)));
    for (place, line) in lines.iter().skip(top).take(usize::from(area.height)).enumerate() {
        let at = line_of(area, u16::try_from(place).unwrap_or(u16::MAX));
        match line {
            HelpLine::Empty => {}
            HelpLine::Head(words) => {
                pen.text(buffer, at, &format!(" {words}"), pen.theme.unread);
            }
            HelpLine::Keys { keys, command, about } => {
                let text = format!("  {} {} {about}", column(keys, KEYS), column(command, 18));
                pen.text(buffer, at, &text, pen.theme.plain);
            }
        }
    }
}

pub(crate) fn lines(model: &Model) -> Vec<HelpLine> {
    let (name, context) = match model.help_of {
        Focus::Folders => ("Folders", Context::Folders),
        Focus::Reader => ("Reading a message", Context::Reader),
        Focus::Composer => ("Writing a letter", Context::Composer),
        Focus::Review => ("Looking a letter over", Context::Review),
        Focus::Choice => ("Choosing", model.choice_context()),
        _ => ("Messages", Context::List),
    };
    // Where letters are typed, so is `:`.
    let more = match context {
        Context::Composer => "All other keys are typed.",
        _ => "Any command can be typed after `:` too.",
    };
    let head = format!("{name}: keys as in {}. {more}", model.options.preset);
    let mut lines = vec![HelpLine::Head(head), HelpLine::Empty];
    lines.extend(bound(model, context, context));
    lines.push(HelpLine::Empty);
    lines.push(HelpLine::Head("Everywhere".to_owned()));
    lines.push(HelpLine::Empty);
    lines.extend(bound(model, Context::Anywhere, context));
    lines
}

/// A line for each command, with all its keys that reach it in this context.
fn bound(model: &Model, place: Context, context: Context) -> Vec<HelpLine> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (keys, line) in model.keys.heard(place, context) {
        match found.iter_mut().find(|(_, known)| known == line) {
            Some((all, _)) if width(all) + 2 + width(&keys) <= KEYS => {
                all.push_str(", ");
                all.push_str(&keys);
            }
            Some(_) => {}
            None => found.push((keys, line.to_owned())),
        }
    }
    let row = |(keys, command): (String, String)| {
        let about =
            Command::parse(&command).ok().and_then(|command| command.verb.entry()).map_or("", |entry| entry.about);
        HelpLine::Keys { keys, command, about }
    };
    found.into_iter().map(row).collect()
}
