//! Messages as people read them on a terminal: safe text in lines, a list of the parts, the links. Owns what is shown and
//! what is not; nothing that a message holds comes out of here as control characters. Knows no screen: lines have styles,
//! and whoever draws them chooses colours.

mod body;
mod card;
mod enriched;
mod header;
mod html;
mod name;
mod plain;
mod tame;
mod wrap;

pub use body::{LINES_MAX, PICTURES_MAX, TEXT_MAX};
pub use name::{NAME_OCTETS_MAX, saved_name};

use crate::verdict::Verdict;
use message::external::{self, Pointer};
use message::zone::Zone;
use message::{Summary, TransferEncoding, bodies, encoding};

/// How a message is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Columns of a line.
    pub width: usize,
    /// Every field of the header, as it stands there.
    pub full_header: bool,
    /// HTML where a message has both HTML and plain text.
    pub html_first: bool,
    /// HTML is not shown at all: what was decrypted, and may have been changed on its way, is read as plain text alone.
    pub plain_only: bool,
}

impl Default for View {
    fn default() -> View {
        View { width: 80, full_header: false, html_first: false, plain_only: false }
    }
}

/// A message made ready to be shown. No text in it holds a control character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Fields of the header.
    pub header: Vec<HeaderLine>,
    /// The body, line by line, none wider than was asked for.
    pub lines: Vec<Line>,
    /// Every part that holds something.
    pub parts: Vec<PartLine>,
    /// Where the links in the body lead: the first is `[1]`.
    pub links: Vec<Link>,
    /// Pictures of the message itself, for who can show them; the lines say that they are there.
    pub pictures: Vec<Picture>,
    /// Something was too large to be shown whole; a line says where.
    pub is_cut: bool,
    /// What is proved of it, where whoever opened it for the page found it signed or encrypted.
    pub seal: Option<Verdict>,
}

/// A picture, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Below this one of [`Page::lines`].
    pub line: usize,
    /// Its part, by its place among the parts of the message as [`message::parse`] finds them.
    pub index: usize,
}

/// A field of the header, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderLine {
    /// `From`.
    pub name: String,
    /// On one line.
    pub value: String,
}

/// A line of the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// How deep it is quoted; the marks are not in the text.
    pub depth: usize,
    /// Stretches of one style each.
    pub spans: Vec<Span>,
}

/// Text of one style.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Without any control character.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// How text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// As most.
    #[default]
    Plain,
    /// Bold.
    Strong,
    /// Italic.
    Emphasis,
    /// Typewriter.
    Code,
    /// Crossed out.
    Struck,
    /// A heading.
    Heading,
    /// Leads to [`Page::links`] of this number, counted from 1.
    Link(usize),
    /// Said by the program, not by the message.
    Note,
}

/// Where a link leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The address.
    pub address: String,
    /// The text it stands behind.
    pub text: String,
    /// The text names another host than the address does.
    pub is_deceptive: bool,
}

/// A part of a message in the list of parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartLine {
    /// What people call it by, counted from 1.
    pub number: usize,
    /// Its place among the parts of the message as [`message::parse`] finds them.
    pub index: usize,
    /// The name of the file; not safe as a path, see [`saved_name`].
    pub name: Option<String>,
    /// `image/png`.
    pub media_type: String,
    /// Octets when decoded; of very large ones, about.
    pub octets: u64,
    /// `Content-Description`.
    pub description: Option<String>,
    /// `Content-ID`, without brackets.
    pub content_id: Option<String>,
    /// What it points to, where it is a pointer or a piece of something larger, in words.
    pub note: Option<String>,
    /// It is shown in [`Page::lines`].
    pub is_shown: bool,
}

/// Makes a message ready to be shown. Total, whatever the message: what is too large is cut, and a line says so.
#[must_use]
pub fn page(raw: &[u8], view: &View) -> Page {
    let summary = Summary::of(&message::parse(raw));
    let mut page = Page::default();
    let Some(whole) = summary.parts.first() else { return page };
    (page.header, page.is_cut) = header::lines(body::range(raw, &whole.header), view.full_header);
    let header_cut = std::mem::take(&mut page.is_cut);
    body::walk(raw, &summary, view, &mut page);
    page.is_cut |= header_cut;
    page
}

impl Page {
    /// Says beside a date that was written elsewhere what clocks here showed then.
    #[must_use]
    pub fn told_here(mut self, zone: &Zone) -> Page {
        for line in self.header.iter_mut().filter(|line| line.name.eq_ignore_ascii_case("Date")) {
            line.value.push_str(&header::told_here(&line.value, zone).unwrap_or_default());
        }
        self
    }
}

/// What a part holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The name it has; not safe as a path, see [`saved_name`].
    pub name: Option<String>,
    /// `image/png`.
    pub media_type: String,
    /// Its octets, the transfer encoding taken off. Of a message within: the message.
    pub octets: Vec<u8>,
    /// Parameters of the type, as `charset`.
    pub parameters: Vec<(String, String)>,
}

impl Held {
    /// Whether it is text that can be read as it is.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.media_type.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/"))
    }
}

/// A part of text made ready to be shown by itself.
#[must_use]
pub fn page_of_part(held: &Held, view: &View) -> Page {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.+/".contains(c);
    let media_type: String = held.media_type.chars().filter(|c| is_plain(*c)).collect();
    let named = held.parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case("charset"));
    let charset = match named {
        Some((_, charset)) => charset.chars().filter(|c| is_plain(*c)).collect(),
        None => "utf-8".to_owned(),
    };
    let mut raw =
        format!("Content-Type: {media_type}; charset=\"{charset}\"\r\nContent-Transfer-Encoding: binary\r\n\r\n")
            .into_bytes();
    raw.extend(&held.octets);
    page(&raw, view)
}

/// The parts alone, without making lines of them; [`PartLine::is_shown`] says nothing here.
#[must_use]
pub fn parts(raw: &[u8]) -> Vec<PartLine> {
    body::part_lines(raw, &Summary::of(&message::parse(raw)))
}

/// What a message points to instead of holding it (RFC 2046 §5.2.3), with the number of the part that does.
#[must_use]
pub fn pointers(raw: &[u8]) -> Vec<(usize, Pointer)> {
    let summary = Summary::of(&message::parse(raw));
    let pointer = |line: PartLine| {
        let part = summary.parts.get(line.index)?;
        Some((line.number, external::pointer(part, body::body(raw, part))?))
    };
    body::part_lines(raw, &summary).into_iter().filter_map(pointer).collect()
}

/// What the part of this number holds ([`PartLine::number`]), to be saved or opened.
#[must_use]
pub fn part(raw: &[u8], number: usize) -> Option<Held> {
    let summary = Summary::of(&message::parse(raw));
    let lines = body::part_lines(raw, &summary);
    let line = lines.get(number.checked_sub(1)?)?;
    held(raw, &summary, line.index)
}

/// What each of these parts holds, by their places ([`PartLine::index`]).
#[must_use]
pub fn held_all(raw: &[u8], indices: &[usize]) -> Vec<Held> {
    let summary = Summary::of(&message::parse(raw));
    indices.iter().filter_map(|index| held(raw, &summary, *index)).collect()
}

fn held(raw: &[u8], summary: &Summary, index: usize) -> Option<Held> {
    let part = summary.parts.get(index)?;
    let transfer = TransferEncoding::from_name(part.encoding.as_bytes());
    Some(Held {
        name: bodies::name(part),
        media_type: format!("{}/{}", part.media_type, part.subtype),
        octets: encoding::decode(transfer, body::body(raw, part)),
        parameters: part
            .parameters
            .iter()
            .map(|parameter| (parameter.name.clone(), String::from_utf8_lossy(&parameter.value).into_owned()))
            .collect(),
    })
}

/// The text of a message to be quoted or sent on within another: marks of quotation as `>`, paragraphs in one line each, the
/// signature still there.
#[must_use]
pub fn quotable(raw: &[u8]) -> String {
    let page = page(raw, &View { width: UNWRAPPED, ..View::default() });
    let mut text = String::new();
    let is_said_by_us = |line: &&Line| line.spans.iter().any(|span| span.style == Style::Note);
    for line in page.lines.iter().filter(|line| !is_said_by_us(line)) {
        text.push_str(&">".repeat(line.depth));
        text.push_str(if line.depth > 0 && !line.spans.is_empty() { " " } else { "" });
        let signature = matches!(line.spans.as_slice(), [span] if line.depth == 0 && span.text == "--");
        line.spans.iter().for_each(|span| text.push_str(&span.text));
        text.push_str(if signature { " \n" } else { "\n" });
    }
    let end = text.trim_end_matches('\n').len();
    text.truncate(end);
    text.push_str(if end > 0 { "\n" } else { "" });
    text
}

/// Columns of a line that is not to be parted.
const UNWRAPPED: usize = 1_000_000;

/// HTML as plain text, with the links at its end: the twin of a letter that was written in HTML.
#[must_use]
pub fn html_text(html: &str, width: usize) -> String {
    let mut links = Vec::new();
    let mut text = String::new();
    for line in html::lay_out(html, width, &mut links).lines {
        if line.depth > 0 {
            text.push_str(&">".repeat(line.depth));
            text.push(' ');
        }
        line.spans.iter().for_each(|span| text.push_str(&span.text));
        text.push('\n');
    }
    for (index, link) in links.iter().enumerate() {
        text.push_str(&format!("{}[{}] {}\n", if index == 0 { "\n" } else { "" }, index + 1, link.address));
    }
    text
}

#[cfg(test)]
mod tests;
