//! Plain text as lines: quotations, paragraphs of `format=flowed`, addresses of pages. Owns what a line break is.

use super::{Line, Link, Span, Style, wrap};
use message::flowed::{self, Flow};
use message::harmless::{harmless, readable};
use message::links::{is_mail, next_address};

/// Octets of the address of a link.
pub const ADDRESS_MAX: usize = 2_000;
/// Links of one message that get a number.
pub const LINKS_MAX: usize = 1_000;
/// Quotations within quotations that are told apart.
pub const DEPTH_MAX: usize = 20;
/// Columns between two stops of a tabulator.
const TAB: usize = 8;

/// The lines of a text, each of at most `width` columns with the marks of its quotation.
pub(super) fn lines(text: &str, flow: Flow, width: usize, links: &mut Vec<Link>) -> Vec<Line> {
    // A CR alone ends a line, and so does a page: whoever drew a bar with it meant to go on.
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    let mut out = Vec::new();
    for line in flowed::lines(&text, flow) {
        let depth = line.depth.min(DEPTH_MAX);
        let room = width.saturating_sub(if depth > 0 { depth + 1 } else { 0 });
        let shown = readable(&untabbed(&line.text)).into_owned();
        let spans = linked(shown.trim_end(), links);
        out.extend(wrap::wrap(&spans, room).into_iter().map(|spans| Line { depth, spans }));
    }
    out
}

fn untabbed(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut column = 0;
    for c in line.chars() {
        let room = if c == '\t' { TAB - column % TAB } else { 1 };
        if c == '\t' {
            out.push_str(&" ".repeat(room));
        } else {
            out.push(c);
        }
        column += room;
    }
    out
}

/// The text with the addresses in it as links; their number is not written, for the address is there to be seen.
fn linked(text: &str, links: &mut Vec<Link>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some((before, address, after)) = next_address(rest, ADDRESS_MAX) {
        push(before, Style::Plain, &mut spans);
        push(address, number(address, links), &mut spans);
        rest = after;
    }
    push(rest, Style::Plain, &mut spans);
    spans
}

fn number(shown: &str, links: &mut Vec<Link>) -> Style {
    let address = if is_mail(shown) && !shown.starts_with("mailto:") {
        format!("mailto:{shown}")
    } else if shown.to_ascii_lowercase().starts_with("www.") {
        format!("https://{shown}")
    } else {
        shown.to_owned()
    };
    let address = harmless(&address).into_owned();
    if let Some(known) = links.iter().position(|link| link.address == address) {
        return Style::Link(known + 1);
    }
    if links.len() >= LINKS_MAX {
        return Style::Plain;
    }
    links.push(Link { address, text: shown.to_owned(), is_deceptive: false });
    Style::Link(links.len())
}

fn push(text: &str, style: Style, spans: &mut Vec<Span>) {
    if !text.is_empty() {
        spans.push(Span { text: text.to_owned(), style });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, flow: Flow, width: usize) -> Vec<String> {
        let text_of = |line: &Line| line.spans.iter().map(|span| span.text.as_str()).collect::<String>();
        lines(text, flow, width, &mut Vec::new())
            .iter()
            .map(|line| format!("{}{}", ">".repeat(line.depth), text_of(line)))
            .collect()
    }

    #[test]
    fn quotations_have_a_depth_and_tabs_are_spaces() {
        assert_eq!(
            shown("a\r\n> b\n> > c\td\n\ne\rf\u{c}g", Flow::default(), 80),
            ["a", ">b", ">>c       d", "", "e", "f", "g"]
        );
        assert_eq!(shown(&">".repeat(100_000), Flow::default(), 80), [">".repeat(DEPTH_MAX)]);
    }

    #[test]
    fn flowed_paragraphs_fill_the_width() {
        let flow = Flow { flowed: true, delete_space: false };
        let text = "one two \nthree four \nfive six seven \neight\n";
        assert_eq!(shown(text, flow, 24), ["one two three four five", "six seven eight"]);
        assert_eq!(shown(text, flow, 80).len(), 1);
        assert_eq!(shown(text, Flow::default(), 80).len(), 4);
        assert_eq!(
            shown(&format!("> {}", "x ".repeat(20)), flow, 22),
            vec![format!(">{}", "x ".repeat(10).trim_end()); 2]
        );
    }

    #[test]
    fn links_are_numbered_once() {
        let mut links = Vec::new();
        let lines = lines(
            "see https://crepes.fr, bob@hamburger.edu\nhttps://crepes.fr www.crepes.fr",
            Flow::default(),
            80,
            &mut links,
        );
        let found: Vec<&str> = links.iter().map(|link| link.address.as_str()).collect();
        assert_eq!(found, ["https://crepes.fr", "mailto:bob@hamburger.edu", "https://www.crepes.fr"]);
        assert_eq!(lines[1].spans[0].style, Style::Link(1));
        let many: String = (0..=LINKS_MAX).map(|number| format!("http://a.example/{number}\n")).collect();
        let mut links = Vec::new();
        let lines = super::lines(&many, Flow::default(), 80, &mut links);
        assert_eq!(links.len(), LINKS_MAX);
        assert_eq!(lines[LINKS_MAX].spans[0].style, Style::Plain);
    }
}
