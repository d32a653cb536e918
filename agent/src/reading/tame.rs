//! HTML brought down to what can be read as text, before a parser builds a tree of it: few elements, few attributes, a
//! depth no parser minds, every end written. Owns what is left out: scripts, styles, what is hidden, tables that are only
//! there to put things beside each other. Linear in its input. What it writes is not safe to show: the text that `html`
//! makes of it is.

use super::plain::ADDRESS_MAX;

/// Octets of HTML that are read of one part. Newsletters have 100 KiB.
pub const HTML_MAX: usize = 512 * 1024;
/// Elements within elements; what lies deeper loses its tags, not its text.
pub const DEPTH_MAX: usize = 40;
/// Tags and texts of one part.
pub const PIECES_MAX: usize = 30_000;
/// Cells of a table that is shown as one.
const CELLS_MAX: usize = 1_000;
/// Octets of a cell of such a table.
const CELL_MAX: usize = 300;
/// Octets of one tag that are looked at.
const TAG_MAX: usize = 16 * 1024;

/// Elements whose content is not for reading.
const DROPPED: [&str; 19] = [
    "script",
    "style",
    "title",
    "textarea",
    "xmp",
    "noembed",
    "noframes",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "object",
    "select",
    "video",
    "audio",
    "canvas",
    "map",
    "plaintext",
];
/// Elements that stay, but for blocks.
const INLINE: [&str; 11] = ["a", "b", "strong", "i", "em", "code", "tt", "kbd", "s", "strike", "del"];
const BLOCKS: [&str; 31] = [
    "p",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "pre",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "caption",
    "center",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "address",
];
/// Elements that go, but whose content may be hidden by them.
const PLAIN: [&str; 14] =
    ["span", "font", "u", "small", "big", "label", "figure", "nav", "aside", "ins", "button", "form", "mark", "abbr"];
/// Elements without content.
const VOID: [&str; 3] = ["br", "hr", "img"];

/// Writes what is left of some HTML, and whether something was left out for its size.
pub(super) fn tame(html: &str) -> (String, bool) {
    let kept = html.get(..html.floor_char_boundary(HTML_MAX)).unwrap_or(html);
    let mut reader = Reader { html: kept, at: 0, open: Vec::new(), pieces: Vec::new(), hidden: None };
    while reader.pieces.len() < PIECES_MAX && reader.step() {}
    let is_cut = kept.len() < html.len() || reader.pieces.len() >= PIECES_MAX;
    reader.close(reader.open.len());
    (write(&reader.pieces), is_cut)
}

enum Piece<'a> {
    /// A tag, with the attributes as they are to be written.
    Start(&'static str, String),
    End(&'static str),
    Text(&'a str),
}

struct Reader<'a> {
    html: &'a str,
    at: usize,
    open: Vec<&'static str>,
    pieces: Vec<Piece<'a>>,
    /// How many elements were open around the one that is hidden.
    hidden: Option<usize>,
}

impl<'a> Reader<'a> {
    /// Reads one tag or text; false at the end.
    fn step(&mut self) -> bool {
        let rest = self.html.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        let text = rest.find('<').unwrap_or(rest.len());
        if text > 0 {
            self.text(rest.get(..text).unwrap_or_default());
            self.at += text;
            return true;
        }
        let after = rest.get(1..).unwrap_or_default();
        if let Some(comment) = after.strip_prefix("!--") {
            self.at += 4 + comment.find("-->").map_or(comment.len(), |end| end + 3);
        } else if after.starts_with(['!', '?']) {
            self.at += 1 + after.find('>').map_or(after.len(), |end| end + 1);
        } else if let Some(end) =
            after.strip_prefix('/').filter(|end| end.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            let name: String = end.chars().take_while(|c| !c.is_whitespace() && !"/>".contains(*c)).take(20).collect();
            self.at += 2 + end.find('>').map_or(end.len(), |end| end + 1);
            self.end(&name.to_ascii_lowercase());
        } else if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.tag(after);
        } else {
            self.text(rest.get(..1).unwrap_or_default());
            self.at += 1;
        }
        true
    }

    fn text(&mut self, text: &'a str) {
        if self.hidden.is_none() {
            self.pieces.push(Piece::Text(text));
        }
    }

    fn tag(&mut self, after: &'a str) {
        let tag = Tag::read(after);
        self.at += 1 + tag.octets;
        if DROPPED.contains(&tag.name.as_str()) {
            let rest = self.html.get(self.at..).unwrap_or_default();
            let length = if tag.closes_itself && tag.name != "script" { 0 } else { end_of(rest, &tag.name) };
            self.at += length;
        } else if let Some(name) = VOID.iter().find(|name| **name == tag.name) {
            if self.hidden.is_none() && !tag.is_hidden {
                self.pieces.push(Piece::Start(name, tag.attributes));
            }
        } else if let Some(name) = BLOCKS.iter().find(|name| **name == tag.name) {
            self.end_implied(name);
            self.start(name, tag);
        } else if let Some(name) = INLINE.iter().find(|name| **name == tag.name) {
            // Links do not nest, and nobody needs two of the others.
            if self.open.iter().any(|open| open == name) {
                self.end(name);
            }
            self.start(name, tag);
        } else if let Some(name) = PLAIN.iter().find(|name| **name == tag.name && tag.is_hidden) {
            self.start(name, tag);
        }
    }

    fn start(&mut self, name: &'static str, tag: Tag) {
        if self.open.len() >= DEPTH_MAX {
            return;
        }
        if self.hidden.is_none() && tag.is_hidden {
            self.hidden = Some(self.open.len());
        }
        self.open.push(name);
        if self.hidden.is_none() {
            self.pieces.push(Piece::Start(name, tag.attributes));
        }
    }

    fn end(&mut self, name: &str) {
        // The end of a cell does not end what is around its table.
        let barrier = |open: &str| open == "table" && name != "table";
        let found = self.open.iter().rev().take_while(|open| !barrier(open)).position(|open| *open == name);
        if let Some(above) = found {
            self.close(above + 1);
        }
    }

    fn close(&mut self, count: usize) {
        for _ in 0..count {
            let Some(open) = self.open.pop() else { return };
            match self.hidden {
                None => self.pieces.push(Piece::End(open)),
                Some(depth) if depth == self.open.len() => self.hidden = None,
                Some(_) => {}
            }
        }
    }

    /// Ends that nobody writes: of a paragraph before the next block, of an item before the next.
    fn end_implied(&mut self, name: &str) {
        let (ended, around): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "table"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl", "table"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "tr" => (&["tr"], &["table"]),
            "thead" | "tbody" | "tfoot" => (&["thead", "tbody", "tfoot"], &["table"]),
            _ => (&["p", "h1", "h2", "h3", "h4", "h5", "h6"], &BLOCKS),
        };
        let reach = self.open.iter().rev();
        let within = reach.take_while(|open| ended.contains(open) || !around.contains(open));
        if let Some(above) = within.enumerate().find(|(_, open)| ended.contains(open)).map(|(above, _)| above) {
            self.close(above + 1);
        }
    }
}

/// Octets up to behind the end tag of this name; all where there is none.
fn end_of(rest: &str, name: &str) -> usize {
    let mut from = 0;
    while let Some(found) = rest.get(from..).and_then(|rest| rest.find("</")) {
        let at = from + found + 2;
        let tail = rest.get(at..).unwrap_or_default();
        if tail.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return at + tail.find('>').map_or(tail.len(), |end| end + 1);
        }
        from = at;
    }
    rest.len()
}

/// What is read of a start tag.
struct Tag {
    name: String,
    /// Behind the `<`, the `>` included.
    octets: usize,
    attributes: String,
    is_hidden: bool,
    closes_itself: bool,
}

impl Tag {
    fn read(text: &str) -> Tag {
        let name: String = text.chars().take_while(|c| !c.is_whitespace() && !"/>".contains(*c)).take(20).collect();
        let name = name.to_ascii_lowercase();
        let (octets, body) = bounds(text);
        let mut tag =
            Tag { octets, attributes: String::new(), is_hidden: false, closes_itself: body.ends_with('/'), name };
        let mut rest = body.get(tag.name.len().min(body.len())..).unwrap_or_default();
        while let Some((name, value, after)) = attribute(rest) {
            tag.note(&name.to_ascii_lowercase(), value);
            rest = after;
        }
        tag
    }

    fn note(&mut self, name: &str, value: &str) {
        let kept = match (self.name.as_str(), name) {
            ("a", "href") | ("img", "src") => value.len() <= ADDRESS_MAX,
            ("img", "alt" | "title") | ("ol", "start") => value.len() <= CELL_MAX,
            ("td" | "th", "colspan") => value.trim().parse::<u8>().is_ok_and(|columns| columns <= 20),
            (_, "hidden") => {
                self.is_hidden = true;
                false
            }
            (_, "style") => {
                self.is_hidden |= hides(value);
                false
            }
            _ => false,
        };
        if kept {
            let mut safe = String::with_capacity(value.len());
            push_text(value, &mut safe);
            let safe = safe.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
            self.attributes.push_str(&format!(" {name}=\"{safe}\""));
        }
    }
}

/// Where a tag ends: a `>` that is not within quotes. One that is too long ends at the first `>`.
fn bounds(text: &str) -> (usize, &str) {
    let mut quote = None;
    for (at, octet) in text.bytes().enumerate().take(TAG_MAX) {
        match (octet, quote) {
            (b'>', None) => return (at + 1, text.get(..at).unwrap_or_default()),
            (b'"' | b'\'', None)
                if text.as_bytes().get(..at).is_some_and(|before| before.trim_ascii_end().ends_with(b"=")) =>
            {
                quote = Some(octet);
            }
            (octet, Some(open)) if octet == open => quote = None,
            _ => {}
        }
    }
    let end = text.find('>').map_or(text.len(), |end| end + 1);
    (end, "")
}

/// The first attribute of the rest of a tag, its value without quotes, and what follows.
fn attribute(rest: &str) -> Option<(&str, &str, &str)> {
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/' || c == '=' || c == '"' || c == '\'');
    if rest.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
    let (name, after) = rest.split_at_checked(end)?;
    let Some(value) = after.trim_start().strip_prefix('=').map(str::trim_start) else { return Some((name, "", after)) };
    if let Some(quote @ ('"' | '\'')) = value.chars().next() {
        let inner = value.get(1..)?;
        let end = inner.find(quote).unwrap_or(inner.len());
        return Some((name, inner.get(..end)?, inner.get(end + 1..).unwrap_or_default()));
    }
    let end = value.find(char::is_whitespace).unwrap_or(value.len());
    let (value, after) = value.split_at_checked(end)?;
    Some((name, value, after))
}

/// Whether a style keeps something from being seen; newsletters begin with such text, and so do tricks on filters.
fn hides(style: &str) -> bool {
    let plain: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    plain.split(';').any(|rule| {
        let rule = rule.trim_end_matches("!important");
        let zero =
            |name: &str| rule.strip_prefix(name).is_some_and(|value| ["0", "0px", "0pt", "0em", "0%"].contains(&value));
        ["display:none", "visibility:hidden", "mso-hide:all"].contains(&rule)
            || ["font-size:", "opacity:", "max-height:"].iter().any(|name| zero(name))
    })
}

/// Writes the pieces; a table that is none becomes blocks one below the other.
fn write(pieces: &[Piece<'_>]) -> String {
    let shown = data_tables(pieces);
    let mut out = String::new();
    let mut tables: Vec<bool> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) if *text == "<" => out.push_str("&lt;"),
            Piece::Text(text) => push_text(text, &mut out),
            Piece::Start(name, attributes) => {
                if *name == "table" {
                    tables.push(shown.contains(&index));
                }
                out.push('<');
                match written(name, &tables) {
                    (own, true) => out.push_str(&format!("{own}{attributes}")),
                    (other, false) => out.push_str(other),
                }
                out.push('>');
            }
            Piece::End(name) => {
                out.push_str(&format!("</{}>", written(name, &tables).0));
                if *name == "table" {
                    tables.pop();
                }
            }
        }
    }
    out
}

/// The name an element is written by, and whether it keeps its attributes.
fn written(name: &'static str, tables: &[bool]) -> (&'static str, bool) {
    let of_table = ["table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"].contains(&name);
    if of_table && !tables.last().copied().unwrap_or(false) { ("div", false) } else { (name, true) }
}

/// Text without controls but white space, written as they are or by number: no page may hold them, and the layout counts
/// on that.
fn push_text(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.extend(before.chars().filter(|c| !is_control(*c)));
        let length = control_reference(from);
        out.push_str(if length == 0 { "&" } else { "" });
        rest = from.get(length.max(1)..).unwrap_or_default();
    }
    out.extend(rest.chars().filter(|c| !is_control(*c)));
}

fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

/// Octets of a numeric reference to a control at the start of the text, `&#27;` or `&#x1b;`; 0 where there is none.
fn control_reference(text: &str) -> usize {
    let Some(number) = text.strip_prefix("&#") else { return 0 };
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let length = digits.bytes().take_while(|octet| char::from(*octet).is_digit(radix)).count();
    let value = digits.get(..length).unwrap_or_default().trim_start_matches('0');
    let value = if value.is_empty() { Some(0) } else { u32::from_str_radix(value, radix).ok() };
    // What has no letter of its own between 128 and 159 is a letter of Windows-1252, but for five.
    let is_control = match value {
        Some(value @ 0..=0x7F) => char::from_u32(value).is_some_and(is_control),
        Some(0x81 | 0x8D | 0x8F | 0x90 | 0x9D) => true,
        _ => false,
    };
    let end = text.len() - digits.len() + length;
    if length == 0 || !is_control { 0 } else { end + usize::from(text.as_bytes().get(end) == Some(&b';')) }
}

/// Which tables hold rows of data: none within them, more than one row of more than one cell, and no long cell.
fn data_tables(pieces: &[Piece<'_>]) -> std::collections::HashSet<usize> {
    struct Table {
        start: usize,
        is_data: bool,
        rows: usize,
        cells: usize,
        in_row: usize,
        octets: usize,
    }
    let mut found = std::collections::HashSet::new();
    let mut open: Vec<Table> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Start("table", _) => {
                open.iter_mut().for_each(|table| table.is_data = false);
                open.push(Table { start: index, is_data: true, rows: 0, cells: 0, in_row: 0, octets: 0 });
            }
            Piece::End("table") => {
                let Some(table) = open.pop() else { continue };
                if table.is_data && table.rows > 1 && table.cells <= CELLS_MAX {
                    found.insert(table.start);
                }
            }
            piece => {
                let Some(table) = open.last_mut() else { continue };
                match piece {
                    Piece::Start("tr", _) => table.in_row = 0,
                    Piece::Start("td" | "th", _) => {
                        table.cells += 1;
                        table.in_row += 1;
                        table.octets = 0;
                        table.rows += usize::from(table.in_row == 2);
                    }
                    Piece::Start("ul" | "ol" | "blockquote" | "pre" | "h1" | "h2" | "h3", _) => table.is_data = false,
                    Piece::Text(text) => {
                        table.octets += text.trim().len();
                        table.is_data &= table.octets <= CELL_MAX;
                    }
                    _ => {}
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tamed(html: &str) -> String {
        tame(html).0
    }

    #[test]
    fn what_is_not_for_reading_goes() {
        assert_eq!(tamed("<SCRIPT>a</script >b<style>c</style>d<!-- e -->f<?g?>h"), "bdfh");
        assert_eq!(tamed("a<script>never ended"), "a");
        assert_eq!(tamed("<head><title>t</title></head><body>x</body>"), "x");
        assert_eq!(tamed("<div style='display: none'>a<p>b</div>c"), "c");
        assert_eq!(tamed("<span style=\"font-size:0px\">a</span>b <font color=red hidden>c</font>d"), "b d");
        assert_eq!(tamed("<p onclick=x class=\"a>b\">x</p><u>y</u>"), "<p>x</p>y");
        assert_eq!(tamed("a < b <3"), "a &lt; b &lt;3");
    }

    #[test]
    fn links_and_pictures_keep_what_they_name() {
        assert_eq!(tamed("<a href='http://x/?a&amp;b' title=t>x</a>"), "<a href=\"http://x/?a&amp;b\">x</a>");
        assert_eq!(tamed("<a href=http://x/\"><b>y"), "<a href=\"http://x/&quot;\"><b>y</b></a>");
        assert_eq!(tamed("<img src=cid:a alt='<cat>'>"), "<img src=\"cid:a\" alt=\"&lt;cat&gt;\">");
    }

    #[test]
    fn controls_go_however_they_are_written() {
        assert_eq!(
            tamed("a\u{1}b&#1;c&#x001B;d&#127;e&#x9d;&amp;&#38;&#x80;&#;&#xg;\u{9b}"),
            "abcde&amp;&#38;&#x80;&#;&#xg;"
        );
        assert_eq!(tamed("<a href='x&#2;y'>z"), "<a href=\"xy\">z</a>");
    }

    #[test]
    fn every_end_is_written() {
        assert_eq!(tamed("<p>a<p>b<ul><li>c<li>d</ul>"), "<p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>");
        assert_eq!(tamed("<b><i>x</b>y</i>"), "<b><i>x</i></b>y");
        let deep = tamed(&"<div>".repeat(100_000));
        assert_eq!(deep.matches("<div>").count(), DEPTH_MAX);
        assert_eq!(deep.matches("</div>").count(), DEPTH_MAX);
        assert_eq!(tamed(&"<b>".repeat(1000)).matches("<b>").count(), 1000);
    }

    #[test]
    fn tables_of_data_stay_and_tables_of_layout_go() {
        let data = "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>";
        assert_eq!(tamed(data), data);
        assert_eq!(tamed("<table><tr><td>a<td>b</table>"), "<div><div><div>a</div><div>b</div></div></div>");
        let around = tamed(&format!("<table><tr><td>{data}</td><td>x</td></tr><tr><td>y</td><td>z</td></tr></table>"));
        assert_eq!((around.matches("<table>").count(), around.matches("<td>").count()), (1, 4));
        let long = tamed(&data.replace('d', &"x ".repeat(CELL_MAX)));
        assert!(!long.contains("<table>"));
    }

    #[test]
    fn size_is_bounded() {
        let (fits, is_cut) = tame(&"x".repeat(HTML_MAX));
        assert!(fits.len() == HTML_MAX && !is_cut);
        assert!(tame(&"x".repeat(HTML_MAX + 1)).1);
        assert!(tame(&"<br>".repeat(PIECES_MAX)).1 && !tame(&"<br>".repeat(PIECES_MAX - 1)).1);
        let (_, is_cut) = tame(&format!("<a href='{}", "x".repeat(HTML_MAX)));
        assert!(is_cut);
    }

    proptest! {
        #[test]
        fn starts_and_ends_match(html in "(<(/?)(p|div|b|a|table|tr|td|li|ul|span|script|!--)( style='display:none')?(>|-->)?|[a-z <>&\"'=é])*") {
            let (out, _) = tame(&html);
            for name in ["p", "div", "b", "a", "table", "tr", "td", "li", "ul"] {
                let starts = out.matches(&format!("<{name}>")).count() + out.matches(&format!("<{name} ")).count();
                prop_assert_eq!(starts, out.matches(&format!("</{name}>")).count(), "{}", out);
            }
        }
    }
}
