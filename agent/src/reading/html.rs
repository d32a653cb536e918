//! HTML as lines of text: links numbered, tables drawn, headings and emphasis as styles. The layout is html2text's; owns
//! what it is given and what is made of its answer.

use super::body::PICTURES_MAX;
use super::plain::LINKS_MAX;
use super::{Line, Link, Span, Style, tame, wrap};
use html2text::config;
use html2text::render::{TaggedLine, TextDecorator};
use message::flowed::Flow;
use message::harmless::{harmless, readable};
use message::header::percent_decode;
use message::links::next_address;
use std::cell::RefCell;
use std::rc::Rc;

/// Stand for a mark of quotation and of a heading in the answer: controls, which no text holds any more by then. One octet
/// each, for html2text counts the octets of what it is told to put before a line.
const QUOTE: char = '\u{1}';
const HEADING: char = '\u{2}';
/// Schemes of addresses that lead somewhere a person may want to go.
const SCHEMES: [&str; 6] = ["http://", "https://", "mailto:", "tel:", "ftp://", "news:"];

/// HTML laid out.
#[derive(Debug, Default)]
pub(super) struct Laid {
    /// Its lines.
    pub lines: Vec<Line>,
    /// Something was left out for its size.
    pub is_cut: bool,
    /// Pictures of the message itself: the line each stands in, and its Content-ID.
    pub pictures: Vec<(usize, String)>,
}

/// The lines of some HTML.
pub(super) fn lay_out(html: &str, width: usize, links: &mut Vec<Link>) -> Laid {
    let (tamed, is_cut) = tame::tame(html);
    let width = width.max(wrap::WIDTH_MIN);
    let numbers = Rc::new(RefCell::new(std::mem::take(links)));
    let names = Rc::default();
    let decorator = Marks { links: Rc::clone(&numbers), pictures: Rc::clone(&names), open: Vec::new() };
    // The layout is a library's, and what it is given is a stranger's: should it trip, the text is shown all the same.
    let rendered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let laid_out = config::with_decorator(decorator).allow_width_overflow().link_footnotes(false);
        let laid_out = laid_out.empty_img_mode(config::ImageRenderMode::ShowAlways);
        laid_out.lines_from_read(tamed.as_bytes(), width).ok()
    }));
    *links = numbers.take();
    let Some(rendered) = rendered.ok().flatten() else {
        let lines = super::plain::lines(&without_tags(&tamed), Flow::default(), width, links);
        return Laid { lines, is_cut: true, ..Laid::default() };
    };
    let names: Vec<String> = names.take();
    // A text that stands for a picture may go over several lines: the picture stands below the last.
    let mut places: Vec<Option<usize>> = vec![None; names.len()];
    let mut out = Vec::new();
    for rendered in rendered {
        let line = styled(&rendered);
        let room = width.saturating_sub(if line.depth > 0 { line.depth + 1 } else { 0 });
        let parted = wrap::wrap(&line.spans, room);
        out.extend(parted.into_iter().map(|spans| Line { depth: line.depth, spans }));
        let below = out.len().checked_sub(1);
        for number in rendered.tagged_strings().flat_map(|piece| &piece.tag).filter_map(|mark| mark.picture()) {
            places.get_mut(number).into_iter().for_each(|place| *place = below);
        }
    }
    note_texts(&out, links);
    let pictures = places.into_iter().zip(names).filter_map(|(line, name)| Some((line?, name))).collect();
    Laid { lines: out, is_cut, pictures }
}

/// The text alone.
fn without_tags(html: &str) -> String {
    let mut pieces = html.split('<');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('>').map_or("", |(_, behind)| behind))
}

fn styled(line: &TaggedLine<Vec<Mark>>) -> Line {
    let mut spans: Vec<Span> = Vec::new();
    let (mut depth, mut is_heading, mut at_start) = (0, false, true);
    for piece in line.tagged_strings() {
        let mut text = piece.s.as_str();
        while let Some(c) = text.chars().next().filter(|c| at_start && matches!(*c, QUOTE | HEADING)) {
            depth += usize::from(c == QUOTE);
            is_heading |= c == HEADING;
            let rest = text.get(c.len_utf8()..).unwrap_or_default();
            text = rest.strip_prefix(' ').unwrap_or(rest);
        }
        if text.is_empty() {
            continue;
        }
        at_start = false;
        let style = if is_heading { Style::Heading } else { style(&piece.tag) };
        let text = readable(&text.replace([QUOTE, HEADING], " ")).into_owned();
        spans.push(Span { text, style });
    }
    Line { depth: depth.min(super::plain::DEPTH_MAX), spans }
}

fn style(marks: &[Mark]) -> Style {
    // A link is a link first, whatever else it is.
    let link = marks
        .iter()
        .rev()
        .find_map(|mark| if let Mark::Link(number) = mark { Some(Style::Link(*number)) } else { None });
    let other = marks.iter().rev().find_map(|mark| match mark {
        Mark::Strong => Some(Style::Strong),
        Mark::Emphasis => Some(Style::Emphasis),
        Mark::Struck => Some(Style::Struck),
        Mark::Code => Some(Style::Code),
        Mark::None | Mark::Link(_) | Mark::Picture(_) => None,
    });
    link.or(other).unwrap_or_default()
}

/// Remembers what each link stands behind, and whether that names another host.
fn note_texts(lines: &[Line], links: &mut [Link]) {
    for span in lines.iter().flat_map(|line| &line.spans) {
        let Style::Link(number) = span.style else { continue };
        if let Some(link) = number.checked_sub(1).and_then(|index| links.get_mut(index))
            && link.text.len() < TEXT_MAX
        {
            let text = span.text.strip_suffix(&format!("[{number}]")).unwrap_or(&span.text);
            link.text.push_str(text);
        }
    }
    for link in links {
        link.is_deceptive |= deceives(&link.text, &link.address);
    }
}

/// Octets of the text of a link that are kept.
const TEXT_MAX: usize = 500;

fn deceives(text: &str, address: &str) -> bool {
    let Some((_, named, _)) = next_address(text, TEXT_MAX) else { return false };
    match (host(named), host(address)) {
        (Some(named), Some(real)) => {
            let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
            let (named, real) = (bare(&named), bare(&real));
            named != real && !real.ends_with(&format!(".{named}"))
        }
        _ => false,
    }
}

fn host(address: &str) -> Option<String> {
    let low = address.to_ascii_lowercase();
    let rest = low.strip_prefix("https://").or_else(|| low.strip_prefix("http://")).unwrap_or(&low);
    if low.starts_with("mailto:") || !rest.contains('.') {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    Some(host.split(':').next()?.to_owned())
}

/// What a stretch of text is to html2text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mark {
    #[default]
    None,
    Link(usize),
    Strong,
    Emphasis,
    Struck,
    Code,
    /// Stands for a picture of the message, by its place among them.
    Picture(usize),
}

impl Mark {
    fn picture(&self) -> Option<usize> {
        if let Mark::Picture(number) = self { Some(*number) } else { None }
    }
}

/// Numbers the links and marks the rest.
#[derive(Clone, Debug)]
struct Marks {
    links: Rc<RefCell<Vec<Link>>>,
    /// Content-IDs of pictures.
    pictures: Rc<RefCell<Vec<String>>>,
    /// The number of each link that is open; 0 for one that leads nowhere.
    open: Vec<usize>,
}

impl Marks {
    fn number(&self, address: &str) -> usize {
        let low = address.trim().to_ascii_lowercase();
        if !SCHEMES.iter().any(|scheme| low.starts_with(scheme)) {
            return 0;
        }
        let address = harmless(address.trim()).into_owned();
        let mut links = self.links.borrow_mut();
        if let Some(known) = links.iter().position(|link| link.address == address) {
            return known + 1;
        }
        if links.len() >= LINKS_MAX {
            return 0;
        }
        links.push(Link { address, ..Link::default() });
        links.len()
    }
}

impl TextDecorator for Marks {
    type Annotation = Mark;

    fn decorate_link_start(&mut self, url: &str) -> (String, Mark) {
        let number = self.number(url);
        self.open.push(number);
        (String::new(), if number > 0 { Mark::Link(number) } else { Mark::None })
    }

    fn decorate_link_end(&mut self) -> String {
        match self.open.pop() {
            None | Some(0) => String::new(),
            Some(number) => format!("[{number}]"),
        }
    }

    fn decorate_em_start(&self) -> (String, Mark) {
        (String::new(), Mark::Emphasis)
    }

    fn decorate_em_end(&self) -> String {
        String::new()
    }

    fn decorate_strong_start(&self) -> (String, Mark) {
        (String::new(), Mark::Strong)
    }

    fn decorate_strong_end(&self) -> String {
        String::new()
    }

    fn decorate_strikeout_start(&self) -> (String, Mark) {
        (String::new(), Mark::Struck)
    }

    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }

    fn decorate_code_start(&self) -> (String, Mark) {
        (String::new(), Mark::Code)
    }

    fn decorate_code_end(&self) -> String {
        String::new()
    }

    fn decorate_preformat_first(&self) -> Mark {
        Mark::Code
    }

    fn decorate_preformat_cont(&self) -> Mark {
        Mark::Code
    }

    fn decorate_image(&mut self, src: &str, title: &str) -> (String, Mark) {
        let title = title.trim();
        // RFC 2392 §2: the scheme in any case, the Content-ID behind it.
        let named = src.trim().split_at_checked(4).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("cid:"));
        let mut pictures = self.pictures.borrow_mut();
        match named.filter(|_| pictures.len() < PICTURES_MAX) {
            None if title.is_empty() => (String::new(), Mark::None),
            None => (format!("[{title}]"), Mark::None),
            Some((_, id)) => {
                pictures.push(String::from_utf8_lossy(&percent_decode(id.as_bytes())).into_owned());
                let title = if title.is_empty() { "picture" } else { title };
                (format!("[{title}]"), Mark::Picture(pictures.len() - 1))
            }
        }
    }

    fn header_prefix(&self, _: usize) -> String {
        HEADING.to_string()
    }

    fn quote_prefix(&self) -> String {
        format!("{QUOTE} ")
    }

    fn unordered_item_prefix(&self) -> String {
        "* ".to_owned()
    }

    fn ordered_item_prefix(&self, i: i64) -> String {
        format!("{i}. ")
    }

    fn make_subblock_decorator(&self) -> Marks {
        Marks { links: Rc::clone(&self.links), pictures: Rc::clone(&self.pictures), open: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str, width: usize) -> (Vec<String>, Vec<Link>) {
        let mut links = Vec::new();
        let lines = lay_out(html, width, &mut links).lines;
        let text = |line: &Line| line.spans.iter().map(|span| span.text.as_str()).collect::<String>();
        (lines.iter().map(|line| format!("{}{}", ">".repeat(line.depth), text(line))).collect(), links)
    }

    #[test]
    fn links_have_numbers_and_each_address_one() {
        let html = "<p>See <a href='https://crepes.fr'>the <b>menu</b></a>, <a href='mailto:bob@hamburger.edu'>Bob</a> or \
            <a href='https://crepes.fr'>here</a>, <a href='javascript:x()'>not</a> this.</p>";
        let (lines, links) = shown(html, 80);
        assert_eq!(lines, ["See the menu[1], Bob[2] or here[1], not this."]);
        let found: Vec<(&str, &str)> = links.iter().map(|link| (link.address.as_str(), link.text.as_str())).collect();
        assert_eq!(found, [("https://crepes.fr", "the menuhere"), ("mailto:bob@hamburger.edu", "Bob")]);
    }

    #[test]
    fn a_link_that_says_another_host_is_told() {
        let deceptive = |text: &str, href: &str| shown(&format!("<a href='{href}'>{text}</a>"), 80).1[0].is_deceptive;
        assert!(deceptive("https://bank.example/login", "https://evil.example/"));
        assert!(deceptive("www.bank.example", "https://www.bank.example@evil.example/"));
        assert!(!deceptive("www.bank.example", "https://login.bank.example/x"));
        assert!(!deceptive("our page", "https://evil.example/"));
    }

    #[test]
    fn headings_quotes_lists_and_tables_are_drawn() {
        let (lines, _) = shown(
            "<h1>Menu</h1><blockquote>quoted<blockquote>twice</blockquote></blockquote><ul><li>a<li>b</ul>\
             <table><tr><th>Dish</th><th>Price</th></tr><tr><td>Crêpe</td><td>4</td></tr></table>",
            40,
        );
        let text = lines.join("\n");
        assert!(text.starts_with("Menu\n"), "{text}");
        assert!(text.contains("\n>quoted\n") && text.contains("\n>>twice\n"), "{text}");
        assert!(text.contains("* a\n* b"), "{text}");
        assert!(text.contains("Dish │Price") || text.contains("Dish│") || text.contains("Dish "), "{text}");
        let mut links = Vec::new();
        assert_eq!(lay_out("<h2>A <i>b</i></h2>", 40, &mut links).lines[0].spans[0].style, Style::Heading);
    }

    #[test]
    fn nothing_raw_comes_out_of_entities() {
        let (lines, links) = shown("a&#27;[2J&#x9b;&#x202e;b&#8203;c <a href='https://x.example/&#27;&#10;'>y</a>", 80);
        let all = format!("{}{}", lines.join("\n"), links[0].address);
        assert!(!all.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}' || c == '\u{200b}'), "{all:?}");
    }

    #[test]
    fn pictures_of_the_message_are_found_where_they_stand() {
        let html = "<p>Look:</p><img src='CID:a%40b'><p>and</p><table><tr><td><img src=cid:c alt='A name so long that it is parted'></td></tr></table>\
            <img src='https://x.example/t.gif'><img src='https://x.example/u.gif' alt='Logo'>";
        let laid = lay_out(html, 20, &mut Vec::new());
        let text = |line: &Line| line.spans.iter().map(|span| span.text.as_str()).collect::<String>();
        let lines: Vec<String> = laid.lines.iter().map(text).collect();
        let at: Vec<(&str, &str)> =
            laid.pictures.iter().map(|(line, id)| (lines[*line].as_str(), id.as_str())).collect();
        assert_eq!(at, [("[picture]", "a@b"), ("it is parted]", "c")], "{lines:?}");
        assert_eq!(lines.iter().filter(|line| line.contains("Logo")).count(), 1, "{lines:?}");
        let many = |count: usize| lay_out(&"<img src=cid:a>".repeat(count), 80, &mut Vec::new()).pictures.len();
        assert_eq!((many(PICTURES_MAX), many(PICTURES_MAX + 1)), (PICTURES_MAX, PICTURES_MAX));
    }

    #[test]
    fn without_a_layout_the_text_is_left() {
        assert_eq!(without_tags("<p>a <b>b</b></p>c &lt;"), "a bc &lt;");
    }

    proptest::proptest! {
        #[test]
        fn the_layout_never_trips(
            html in "(<(/?)(p|pre|h1|ol|blockquote|b|a href=x|table|tr|td|th colspan=3|td colspan=0|li|ul|br|img alt=x)>|&#[0-9]{1,4};|&#x[0-9a-f]{1,5};|[a-z\u{1}\u{e000}日\u{301}é \n]){0,60}",
            width in 1_usize..100,
        ) {
            // Only a layout that failed says of so little that something was left out.
            proptest::prop_assert!(!lay_out(&html, width, &mut Vec::new()).is_cut, "{}", html);
        }
    }

    #[test]
    fn bombs_are_shown_in_part() {
        for bomb in [
            "<table><tr><td>".repeat(20_000),
            "<div><p><b><i><a href=x>".repeat(10_000),
            "<blockquote>".repeat(50_000),
            format!("<table>{}</table>", "<tr><td>x<td>y".repeat(10_000)),
            "<li>".repeat(100_000),
            format!("<p title='{}", "x".repeat(1_000_000)),
            "x".repeat(2_000_000),
            "<".repeat(500_000),
        ] {
            let (lines, _) = shown(&bomb, 80);
            assert!(lines.iter().all(|line| line.chars().count() <= 80 + 1));
        }
    }
}
