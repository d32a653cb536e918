//! The page of somebody who has no account yet.

use super::{Pen, line_of};
use crate::newcomer::{Field, Page, Step, place_words};
use crate::settings::Options;
use crate::text::{folded, width};
use message::Time;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Columns of the names of fields.
const NAME: usize = 12;
/// Columns of what is typed, before the hint.
const TYPED: u16 = 34;

/// Draws it; the clock turns the sign of work.
pub fn newcomer(page: &Page, options: &Options, now: Time, frame: &mut Frame<'_>) {
    let area = frame.area();
    let pen = Pen::of(options);
    if area.width < super::COLUMNS_MIN || area.height < super::LINES_MIN {
        pen.text(frame.buffer_mut(), area, "Too small", pen.theme.plain);
        return;
    }
    let buffer = frame.buffer_mut();
    pen.line(buffer, line_of(area, 0), " Pillarbox  Setting up your mail", pen.theme.title);
    let mut paper = Paper { pen: &pen, area, line: 2 };
    let cursor = match &page.step {
        Step::Who => {
            paper.write(buffer, "Welcome. Whose mail is to be read here?", pen.theme.unread);
            paper.line += 1;
            fields(page, &mut paper, buffer)
        }
        Step::ByHand => {
            paper.write(buffer, "Which servers have your mail? Who runs them tells it.", pen.theme.unread);
            paper.line += 1;
            fields(page, &mut paper, buffer)
        }
        Step::Found(found) => {
            paper.write(buffer, "These servers were found. The first of each that works is used.", pen.theme.unread);
            paper.line += 1;
            found.places.iter().for_each(|place| paper.write(buffer, &place_words(place), pen.theme.plain));
            if found.places.iter().any(|place| place.foreign) {
                paper.line += 1;
                let words = "(!) Only DNS names these, and they may belong to somebody else: go on if you know them.";
                paper.write(buffer, words, pen.theme.problem);
            }
            None
        }
        Step::Doubt(_) => {
            paper.write(buffer, "Nobody vouches for a certificate of these servers.", pen.theme.unread);
            paper.line += 1;
            let words = "If you know who runs them, look at the certificate and compare its fingerprint with what they tell \
                         you by another way. Else somebody may sit in between.";
            paper.write(buffer, words, pen.theme.plain);
            None
        }
        Step::Certificates(shown, _) => {
            paper.write(buffer, "Is this the fingerprint that the administrator tells you?", pen.theme.unread);
            for one in shown {
                paper.line += 1;
                paper.write(
                    buffer,
                    &format!("{}  for {}", one.host, super::safe(&one.facts.names.join(", "))),
                    pen.theme.field,
                );
                paper.write(buffer, &format!("SHA-256 {}", one.facts.fingerprint), pen.theme.plain);
            }
            None
        }
        Step::Waiting(what, _) => {
            waiting(page, what, now, &mut paper, buffer);
            None
        }
    };
    paper.line += 1;
    for (place, problem) in page.problem.iter().enumerate() {
        let sign = if place == 0 { "! " } else { "  " };
        paper.write(buffer, &format!("{sign}{problem}"), pen.theme.problem);
    }
    let last = line_of(area, area.height.saturating_sub(1));
    pen.text(buffer, last, &format!(" {}", keys(&page.step)), pen.theme.dim);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Lines from top to bottom.
struct Paper<'a> {
    pen: &'a Pen,
    area: Rect,
    line: u16,
}

impl Paper<'_> {
    /// A text, on as many lines as it needs; the last line of the screen is left.
    fn write(&mut self, buffer: &mut Buffer, text: &str, style: Style) {
        let room = usize::from(self.area.width.saturating_sub(4)).max(1);
        for line in folded(text, room) {
            if self.line + 1 < self.area.height {
                let at = Rect {
                    x: self.area.x + 2,
                    width: self.area.width.saturating_sub(2),
                    ..line_of(self.area, self.line)
                };
                self.pen.text(buffer, at, &line, style);
            }
            self.line += 1;
        }
    }
}

fn fields(page: &Page, paper: &mut Paper<'_>, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let mut cursor = None;
    for (place, field) in page.fields().iter().enumerate() {
        if paper.line + 1 >= paper.area.height {
            break;
        }
        let at =
            Rect { x: paper.area.x + 2, width: paper.area.width.saturating_sub(2), ..line_of(paper.area, paper.line) };
        let is_here = place == page.at;
        let column = one(field, is_here, paper.pen, buffer, at);
        if is_here {
            cursor = Some((column, at.y));
        }
        paper.line += 1;
    }
    cursor
}

/// A field; the column of the cursor in it.
fn one(field: &Field, is_here: bool, pen: &Pen, buffer: &mut Buffer, at: Rect) -> u16 {
    let style = if is_here { pen.theme.selected } else { pen.theme.field };
    let sign = if is_here { ">" } else { " " };
    let used = pen.text(buffer, at, &format!("{sign}{:>NAME$}: ", field.label), style);
    let rest = Rect { x: at.x + used, width: at.width.saturating_sub(used), ..at };
    let room = Rect { width: rest.width.min(TYPED), ..rest };
    let (shown, before) = if field.is_secret {
        // Not even how long it is, but that there is something.
        let shown = if field.prompt.text.is_empty() { "" } else { "(typed)" };
        (shown.to_owned(), shown.len())
    } else if field.choices.is_empty() {
        let (shown, at) = super::prompt::window(&field.prompt, usize::from(room.width.saturating_sub(1)));
        let before = width(shown.get(..at).unwrap_or(&shown));
        (shown, before)
    } else {
        (format!("< {} >", field.prompt.text), 0)
    };
    pen.text(buffer, room, &shown, pen.theme.plain);
    let hint = Rect { x: rest.x + room.width, width: rest.width.saturating_sub(room.width), ..rest };
    pen.text(buffer, hint, &format!(" {}", field.hint), pen.theme.dim);
    let column = rest.x.saturating_add(u16::try_from(before).unwrap_or(0));
    column.min(at.right().saturating_sub(1))
}

fn waiting(page: &Page, what: &str, now: Time, paper: &mut Paper<'_>, buffer: &mut Buffer) {
    let turn = usize::try_from(now.0 / 250).unwrap_or(0) % super::SPINNER.len();
    let sign = super::SPINNER.get(turn).unwrap_or(&"*");
    paper.write(buffer, &format!("{sign} {what}"), paper.pen.theme.unread);
    let Some((url, code)) = &page.login else { return };
    paper.line += 1;
    match code {
        Some(code) => {
            paper.write(buffer, "Open this page in any browser:", paper.pen.theme.plain);
            paper.write(buffer, &super::safe(url), paper.pen.theme.link);
            paper.line += 1;
            paper.write(buffer, &format!("and type this code there: {}", super::safe(code)), paper.pen.theme.unread);
        }
        None => {
            paper.write(buffer, "Log in on this page, in a browser on this machine:", paper.pen.theme.plain);
            paper.write(buffer, &super::safe(url), paper.pen.theme.link);
        }
    }
}

fn keys(step: &Step) -> &'static str {
    match step {
        Step::Who => "Enter goes on   Up Down Tab choose a field   Esc leaves",
        Step::Found(_) => "Enter logs in there   h names the servers by hand   Esc goes back",
        Step::Doubt(_) => "t shows the certificate   Esc goes back",
        Step::Certificates(..) => "y trusts it from now on, and no other   Esc goes back",
        Step::ByHand => "Enter goes on   Up Down Tab choose a field   Esc goes back",
        Step::Waiting(..) => "Esc stops   o opens a page in the browser",
    }
}
