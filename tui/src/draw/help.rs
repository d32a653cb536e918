//! Help: the keys that work in the part it was asked from, with what they do.

use super::{Pen, line_of};
use crate::command::Command;
use crate::keys::Context;
use crate::model::{Focus, Model};
use crate::text::column;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the keys.
const KEYS: usize = 14;

pub(super) fn draw(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let lines = lines(model);
    let top = model.help_top.min(lines.len().saturating_sub(usize::from(area.height)));
    for (place, (text, is_head)) in lines.iter().skip(top).take(usize::from(area.height)).enumerate() {
        let style = if *is_head { pen.theme.unread } else { pen.theme.plain };
        pen.text(buffer, line_of(area, u16::try_from(place).unwrap_or(u16::MAX)), text, style);
    }
}

fn lines(model: &Model) -> Vec<(String, bool)> {
    let (name, context) = match model.help_of {
        Focus::Folders => ("Folders", Context::Folders),
        Focus::Reader => ("Reading a message", Context::Reader),
        Focus::Composer => ("Writing a letter", Context::Composer),
        Focus::Review => ("Looking a letter over", Context::Review),
        Focus::Choice => ("Choosing", model.choice_context()),
        _ => ("Messages", Context::List),
    };
    let mut lines = vec![
        (format!(" {name}: keys as in {}. Any command can be typed after `:` too.", model.options.preset), true),
        (String::new(), false),
    ];
    lines.extend(bound(model, context));
    lines.push((String::new(), false));
    lines.push((" Everywhere".to_owned(), true));
    lines.push((String::new(), false));
    lines.extend(bound(model, Context::Anywhere));
    lines
}

/// A line for each command, with all its keys.
fn bound(model: &Model, context: Context) -> Vec<(String, bool)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (keys, line) in model.keys.all(context) {
        match found.iter_mut().find(|(_, known)| known == line) {
            Some((all, _)) if crate::text::width(all) + keys.len() < KEYS => {
                all.push(' ');
                all.push_str(&keys);
            }
            Some(_) => {}
            None => found.push((keys, line.to_owned())),
        }
    }
    let row = |(keys, line): (String, String)| {
        let about = Command::parse(&line).ok().and_then(|command| command.verb.entry()).map_or("", |entry| entry.about);
        (format!("  {} {} {about}", column(&keys, KEYS), column(&line, 18)), false)
    };
    found.into_iter().map(row).collect()
}
