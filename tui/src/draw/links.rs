//! Where links stand on the screen, and where they lead: what a terminal that knows links (OSC 8) is told. Follows the reader's
//! drawing; owns which addresses may be told at all.

use crate::model::reader::{Reader, Text};
use crate::model::{Focus, Model};
use crate::text::width;
use agent::reading::{Link, Style};
use std::fmt::Write as _;

/// Octets of an address that a terminal is told: some take no more, and nobody reads longer ones.
pub const ADDRESS_MAX: usize = 2083;

/// A piece of a link on one line of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its first column.
    pub x: u16,
    /// Its line.
    pub y: u16,
    /// Its columns.
    pub width: u16,
    /// Where it leads; harmless.
    pub address: String,
    /// What the pieces of one link have in common.
    pub id: String,
}

/// The links on the screen.
#[must_use]
pub fn links(model: &Model) -> Vec<Run> {
    let layout = model.layout();
    let is_seen = matches!(model.focus, Focus::Folders | Focus::List | Focus::Reader) && model.palette.is_none();
    let Some(reader) = model.reader.as_ref().filter(|_| is_seen) else { return Vec::new() };
    let area = layout.reader;
    // What may be meant by what is typed stands over the last line.
    let is_covered = model.prompt.as_ref().is_some_and(|prompt| !prompt.choices.is_empty());
    let height = usize::from(area.height).saturating_sub(usize::from(is_covered));
    let below = reader.lines.len() > reader.top + usize::from(area.height);
    let mut runs = Vec::new();
    for (line, text) in reader.lines.iter().enumerate().skip(reader.top).take(height) {
        let Text::Body(body) = text else { continue };
        let y = area.y + u16::try_from(line - reader.top).unwrap_or(u16::MAX);
        // How many lines follow is told at the end of the last one.
        let is_last = y + 1 == area.bottom() && below;
        let end = if is_last { area.right().saturating_sub(crate::draw::MORE_COLUMNS) } else { area.right() };
        let mut x = area.x;
        if body.depth > 0 {
            x = x.saturating_add(u16::try_from(body.depth + 1).unwrap_or(u16::MAX));
        }
        for span in &body.spans {
            let wide = u16::try_from(width(&span.text)).unwrap_or(u16::MAX).min(end.saturating_sub(x));
            if let Style::Link(number) = span.style
                && wide > 0
                && let Some((address, id)) = target(reader, line, number)
            {
                runs.push(Run { x, y, width: wide, address, id });
            }
            x = x.saturating_add(wide);
        }
    }
    runs
}

/// Where a link of this line leads, and what it is called.
fn target(reader: &Reader, line: usize, number: usize) -> Option<(String, String)> {
    let message = reader.starts.partition_point(|start| *start <= line).checked_sub(1)?;
    let message = reader.messages.get(message)?;
    let link = message.page.as_ref()?.links.get(number.checked_sub(1)?)?;
    Some((address(link)?, format!("p{}-{number}", message.row.id.0)))
}

/// The address as a terminal is told it: of the web or of a person, in printable ASCII. None where the text says another.
fn address(link: &Link) -> Option<String> {
    let lower = link.address.get(..8.min(link.address.len())).unwrap_or_default().to_ascii_lowercase();
    let is_known = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    if !is_known || link.is_deceptive {
        return None;
    }
    let mut address = String::new();
    for octet in link.address.bytes() {
        if octet.is_ascii_graphic() {
            address.push(char::from(octet));
        } else {
            // RFC 3986 §2.1.
            let _ = write!(address, "%{octet:02X}");
        }
    }
    (address.len() <= ADDRESS_MAX).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_addresses_of_the_web_and_of_people_only() {
        let told = |text: &str| address(&Link { address: text.to_owned(), ..Link::default() });
        for (text, as_told) in [
            ("https://crepes.fr/menu", Some("https://crepes.fr/menu")),
            ("HTTP://crepes.fr", Some("HTTP://crepes.fr")),
            ("mailto:bob@crepes.fr", Some("mailto:bob@crepes.fr")),
            ("https://crepes.fr/\u{1b}]8;;\u{7} é", Some("https://crepes.fr/%1B]8;;%07%20%C3%A9")),
            ("javascript:alert(1)", None),
            ("file:///etc/passwd", None),
            ("ssh://-oProxyCommand=id/", None),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(told(text).as_deref(), as_told, "{text}");
        }
        assert_eq!(address(&Link { address: "https://x.fr".to_owned(), is_deceptive: true, ..Link::default() }), None);
        let long = format!("https://{}", "x".repeat(ADDRESS_MAX - 8));
        assert!(told(&long).is_some() && told(&format!("{long}x")).is_none());
    }
}
