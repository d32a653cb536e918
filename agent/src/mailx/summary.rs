//! The lines of a list: mark, number, who, when, how long, about what.

use super::mailbox::{Message, State};
use message::date::civil;
use message::harmless::harmless;
use message::zone::Zone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of the name.
const WHO: usize = 18;
/// Columns of the date.
const WHEN: usize = 16;

/// The letter of a state.
#[must_use]
pub fn letter(state: &State) -> char {
    let read = match (state.read, state.new, state.touched) {
        (false, true, _) => 'N',
        (false, false, _) => 'U',
        (true, true, _) | (true, _, true) => 'R',
        (true, false, false) => 'O',
    };
    [
        (state.deleted, 'D'),
        (state.answered, 'A'),
        (state.flagged, 'F'),
        (state.mboxed, 'M'),
        (state.preserved, 'P'),
        (state.saved, '*'),
    ]
    .into_iter()
    .find(|(is_so, _)| *is_so)
    .map_or(read, |(_, letter)| letter)
}

/// One line. `is_dot`: it is the current message. `width`: columns of the screen. Clocks stand as in the zone.
#[must_use]
pub fn line(number: usize, message: &Message, is_dot: bool, (width, zone): (usize, &Zone)) -> String {
    let mark = if is_dot { '>' } else { ' ' };
    let who = fit(&harmless(&message.sender()), WHO);
    let start = format!(
        "{mark}{} {number:>2} {who} {:<WHEN$} {:>4}/{:<5}",
        letter(&message.state),
        when(message, zone),
        message.lines(),
        message.octets()
    );
    let room = width.saturating_sub(UnicodeWidthStr::width(start.as_str()) + 2);
    format!("{start} {}", cut(&harmless(&message.text("Subject")), room)).trim_end().to_owned()
}

/// `2026-11-21 10:00`.
fn when(message: &Message, zone: &Zone) -> String {
    let (day, second) = zone.local(message.sent());
    let (year, month, day) = civil(day);
    let minutes = second / 60;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

/// As much as stands in so many columns.
fn cut(text: &str, columns: usize) -> String {
    let mut room = columns;
    let fits = |c: &char| {
        let width = UnicodeWidthChar::width(*c).unwrap_or(0);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    };
    text.chars().take_while(fits).collect()
}

fn fit(text: &str, columns: usize) -> String {
    let cut = cut(text, columns);
    let blanks = columns.saturating_sub(UnicodeWidthStr::width(cut.as_str()));
    cut + &" ".repeat(blanks)
}
