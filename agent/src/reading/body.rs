//! The walk over the parts of a message: which are shown, in what order, what is only told (RFC 2046 §5). Owns the limits of
//! a page. How each kind of text becomes lines is said in its own module.

use super::{Line, Link, Page, PartLine, Picture, Span, Style, View, card, enriched, header, html, plain, wrap};
use message::flowed::Flow;
use message::harmless::harmless;
use message::header::parameter_text;
use message::structure::Kind;
use message::summary::SummaryPart;
use message::{Summary, TransferEncoding, bodies, encoding, external, text};

/// Octets of text of one page, decoded: a book has as many.
pub const TEXT_MAX: usize = 1024 * 1024;
/// Lines of one page.
pub const LINES_MAX: usize = 30_000;
/// Messages within messages that are shown where they stand.
pub const MESSAGES_MAX: usize = 50;
/// How deep they may lie in each other.
pub const NESTED_MAX: usize = 5;
/// Columns of HTML, which is laid out, not only parted: lines across a wide screen are hard to read.
pub const HTML_WIDTH_MAX: usize = 100;
/// Pictures that are shown where they stand in a message: more is an album, which is better saved.
pub const PICTURES_MAX: usize = 50;
/// Octets of an encoded body that may come to one octet of text: `=C3` and the soft line ends of quoted-printable.
const ENCODED_FACTOR: usize = 4;
/// Octets of an encoded body that are counted: beyond, nobody is told the last thousand.
const COUNTED_MAX: usize = 4 * 1024 * 1024;

/// Fills in lines, parts and links of a page.
pub(super) fn walk(raw: &[u8], summary: &Summary, view: &View, page: &mut Page) {
    let children = bodies::children(summary);
    let within = messages_within(summary);
    page.parts = part_lines(raw, summary);
    let mut walk = Walk { raw, summary, view, page, children, within, room: TEXT_MAX, messages: 0 };
    walk.show(0, 0);
    walk.page.lines.truncate(LINES_MAX + 1);
}

/// Every part that holds something, a message within included, but not what lies in that message; by their indices.
pub(super) fn part_lines(raw: &[u8], summary: &Summary) -> Vec<PartLine> {
    let mut lines = Vec::new();
    let mut lies_within = vec![false; summary.parts.len()];
    for (index, part) in summary.parts.iter().enumerate() {
        let parent = part.parent.and_then(|parent| usize::try_from(parent).ok());
        let inside = parent.is_some_and(|parent| {
            summary.parts.get(parent).is_some_and(|part| part.kind == Kind::Message)
                || lies_within.get(parent).copied().unwrap_or(false)
        });
        lies_within.get_mut(index).into_iter().for_each(|place| *place = inside);
        if !inside && part.kind != Kind::Multipart {
            lines.push(part_line(part, index, lines.len() + 1, body(raw, part)));
        }
    }
    lines
}

/// The message within each message part.
fn messages_within(summary: &Summary) -> Vec<Option<usize>> {
    let mut within = vec![None; summary.parts.len()];
    for (index, part) in summary.parts.iter().enumerate() {
        let parent = part.parent.and_then(|parent| usize::try_from(parent).ok());
        let is_message = |parent: &usize| summary.parts.get(*parent).is_some_and(|parent| parent.kind == Kind::Message);
        if let Some(place) = parent.filter(is_message).and_then(|parent| within.get_mut(parent)) {
            *place = Some(index);
        }
    }
    within
}

struct Walk<'a> {
    raw: &'a [u8],
    summary: &'a Summary,
    view: &'a View,
    page: &'a mut Page,
    children: Vec<Vec<usize>>,
    within: Vec<Option<usize>>,
    /// Octets of text that may still be shown.
    room: usize,
    messages: usize,
}

impl Walk<'_> {
    fn show(&mut self, index: usize, depth: usize) {
        let summary = self.summary;
        let Some(part) = summary.parts.get(index) else { return };
        if self.is_full() {
            return;
        }
        match part.kind {
            Kind::Multipart => self.multipart(index, part, depth),
            Kind::Message => self.message(index, part, depth),
            Kind::Leaf => self.leaf(index, part, depth),
        }
    }

    fn is_full(&mut self) -> bool {
        let full = self.room == 0 || self.page.lines.len() >= LINES_MAX;
        if full && !self.page.is_cut {
            self.cut();
        }
        full
    }

    fn cut(&mut self) {
        self.page.is_cut = true;
        self.page.lines.truncate(LINES_MAX);
        self.note("[cut here: the message goes on. Save the part to read all of it]".to_owned());
    }

    fn multipart(&mut self, index: usize, part: &SummaryPart, depth: usize) {
        let children = self.children.get_mut(index).map(std::mem::take).unwrap_or_default();
        match part.subtype.as_str() {
            "alternative" => {
                if let Some(best) = self.best(&children) {
                    self.show(best, depth);
                }
            }
            // RFC 2387 §3.2: the root is the first, or the one that `start` names. The rest is for it to show.
            "related" => {
                let start = parameter_text(&part.parameters, "start");
                let is_start = |child: &&usize| {
                    let id = self.summary.parts.get(**child).and_then(|part| part.id.as_deref());
                    id.is_some() && id == start.as_deref().map(str::as_bytes)
                };
                let root = children.iter().find(is_start).or(children.first()).copied();
                if let Some(root) = root {
                    self.show(root, depth);
                }
                let others = children.iter().filter(|child| Some(**child) != root);
                others.for_each(|child| self.show_file(*child, depth));
            }
            // RFC 1847 §2.1: the second part is the signature.
            "signed" => children.first().into_iter().for_each(|child| self.show(*child, depth)),
            // RFC 2046 §5.1.7: a kind nobody knows is mixed. So is parallel for who shows one thing after the other.
            _ => children.iter().for_each(|child| self.show(*child, depth)),
        }
    }

    /// Of what only the HTML shows a line tells, unless it is a picture within it.
    fn show_file(&mut self, index: usize, depth: usize) {
        let part = self.summary.parts.get(index);
        let embedded = part.is_some_and(|part| is_picture(part) && part.id.is_some());
        if !embedded {
            self.show(index, depth);
        }
    }

    /// RFC 2046 §5.1.4: the last one we can show is the best, but plain text is what a terminal shows best.
    fn best(&self, children: &[usize]) -> Option<usize> {
        let value = |child: &usize| {
            let (html_first, text) = (self.view.html_first, self.text_kind(*child, NESTED_MAX));
            match text {
                Some(Text::Html) if self.view.plain_only => 0,
                Some(Text::Html) => 2 + 2 * usize::from(html_first),
                Some(Text::Plain) => 3,
                Some(Text::Enriched) => 1,
                _ => 0,
            }
        };
        let is_empty = |child: &&usize| {
            self.summary.parts.get(**child).is_some_and(|part| part.kind == Kind::Leaf && octets(part) < 3)
        };
        let full: Vec<usize> = children.iter().filter(|child| !is_empty(child)).copied().collect();
        let list = if full.is_empty() { children } else { full.as_slice() };
        // Of equals the last.
        list.iter().copied().max_by_key(value)
    }

    /// What kind of text a part is, or leads with.
    fn text_kind(&self, index: usize, depth: usize) -> Option<Text> {
        let part = self.summary.parts.get(index)?;
        match part.kind {
            Kind::Leaf => Text::of(part),
            Kind::Multipart if depth > 0 => {
                let children = self.children.get(index)?;
                children.iter().find_map(|child| self.text_kind(*child, depth - 1))
            }
            _ => None,
        }
    }

    fn message(&mut self, index: usize, part: &SummaryPart, depth: usize) {
        self.messages += 1;
        let inner = self.within.get(index).copied().flatten();
        let shown = inner.filter(|_| depth < NESTED_MAX && self.messages <= MESSAGES_MAX);
        self.begin_part();
        self.tell(index, part, if shown.is_some() { "" } else { "; open it to read it" });
        let Some((inner, message)) = shown.and_then(|inner| Some((inner, self.summary.parts.get(inner)?))) else {
            return;
        };
        self.mark_shown(index);
        let section = range(self.raw, &message.header);
        let (fields, is_cut) = header::lines(section, false);
        self.page.is_cut |= is_cut;
        for field in fields {
            let spans = [
                Span { text: format!("{}: ", field.name), style: Style::Strong },
                Span { text: field.value, style: Style::Plain },
            ];
            self.spans(&spans);
        }
        self.page.lines.push(Line::default());
        self.show(inner, depth + 1);
    }

    fn leaf(&mut self, index: usize, part: &SummaryPart, depth: usize) {
        let kind = Text::of(part);
        let is_file =
            is_attached(part) && bodies::name(part).is_some() && !matches!(kind, Some(Text::Calendar | Text::Card));
        match kind.filter(|_| !is_file) {
            Some(Text::Html) if self.view.plain_only => {
                self.begin_part();
                self.tell(index, part, "; not shown, for it may have been changed on its way");
            }
            Some(kind) => self.text(index, part, kind),
            None if self.summary.parts.len() == 1 && depth == 0 && octets(part) == 0 => {}
            None => {
                self.begin_part();
                self.tell(index, part, "");
                if is_picture(part) {
                    self.picture(self.page.lines.len().saturating_sub(1), index);
                }
            }
        }
    }

    /// A picture stands below this line.
    fn picture(&mut self, line: usize, index: usize) {
        if self.page.pictures.len() < PICTURES_MAX {
            self.page.pictures.push(Picture { line, index });
        }
    }

    /// RFC 2392 §2: the picture with this Content-ID, of the same message where several messages have one.
    fn named(&self, id: &str, by: usize) -> Option<usize> {
        let id = id.trim_matches(['<', '>']).as_bytes();
        let parts = self.summary.parts.iter().enumerate();
        let has_it = |part: &SummaryPart| {
            let own = part.id.as_deref().map(|own| own.strip_prefix(b"<").unwrap_or(own));
            own.map(|own| own.strip_suffix(b">").unwrap_or(own)) == Some(id)
        };
        let found = parts.filter(|(_, part)| is_picture(part) && has_it(part)).map(|(index, _)| index);
        let around = self.message_around(by);
        found.min_by_key(|index| self.message_around(*index) != around)
    }

    /// The message part that a part lies in.
    fn message_around(&self, index: usize) -> Option<usize> {
        let parent = |index: usize| self.summary.parts.get(index)?.parent.and_then(|up| usize::try_from(up).ok());
        let ways_up = std::iter::successors(parent(index), |index| parent(*index)).take(self.summary.parts.len());
        let is_message = |index: &usize| self.summary.parts.get(*index).is_some_and(|up| up.kind == Kind::Message);
        ways_up.into_iter().find(is_message)
    }

    fn text(&mut self, index: usize, part: &SummaryPart, kind: Text) {
        let raw = body(self.raw, part);
        let read = raw.get(..self.room.saturating_mul(ENCODED_FACTOR)).unwrap_or(raw);
        let (whole, is_broken) = text::body_value(part, read);
        let kept = whole.get(..whole.floor_char_boundary(self.room)).unwrap_or(&whole);
        let is_cut = kept.len() < whole.len() || read.len() < raw.len();
        self.room -= kept.len().min(self.room);
        self.mark_shown(index);
        self.begin_part();
        let width = self.view.width;
        let mut links = std::mem::take(&mut self.page.links);
        let (lines, html_cut) = match kind {
            Text::Plain => (plain::lines(kept, Flow::of(part), width, &mut links), false),
            Text::Html => {
                let laid = html::lay_out(kept, width.min(HTML_WIDTH_MAX), &mut links);
                for (line, id) in laid.pictures {
                    let named = self.named(&id, index);
                    named.into_iter().for_each(|named| self.picture(self.page.lines.len() + line, named));
                }
                (laid.lines, laid.is_cut)
            }
            Text::Enriched => (plain::lines(&enriched::text(kept), Flow::default(), width, &mut links), false),
            Text::Calendar => (told(&card::calendar(kept), width, &mut links), false),
            Text::Card => (told(&card::card(kept), width, &mut links), false),
        };
        self.page.links = links;
        self.page.lines.extend(lines);
        if self.page.lines.len() > LINES_MAX || is_cut || html_cut {
            self.cut();
        } else if is_broken && std::str::from_utf8(raw).is_err() {
            self.note("[some letters could not be read as the message says they are]".to_owned());
        }
    }

    /// An empty line between two parts.
    fn begin_part(&mut self) {
        if self.page.lines.last().is_some_and(|line| !line.spans.is_empty()) {
            self.page.lines.push(Line::default());
        }
    }

    /// One line on a part that is not shown.
    fn tell(&mut self, index: usize, part: &SummaryPart, more: &str) {
        let known = self.place(index).and_then(|place| self.page.parts.get(place)).cloned();
        let line = known.unwrap_or_else(|| part_line(part, index, 0, body(self.raw, part)));
        let number = if line.number > 0 { format!("{}: ", line.number) } else { String::new() };
        let name = line.name.map(|name| format!("{}, ", harmless(&name))).unwrap_or_default();
        let description = line.description.map(|text| format!(", {text}")).unwrap_or_default();
        let note = line.note.map(|note| format!("; {note}")).unwrap_or_default();
        self.note(format!("[{number}{name}{}, {}{description}{note}{more}]", line.media_type, size(line.octets)));
    }

    fn note(&mut self, text: String) {
        self.spans(&[Span { text, style: Style::Note }]);
    }

    fn spans(&mut self, spans: &[Span]) {
        let lines = wrap::wrap(spans, self.view.width);
        self.page.lines.extend(lines.into_iter().map(|spans| Line { depth: 0, spans }));
    }

    /// Where the part of this index stands in the list of parts.
    fn place(&self, index: usize) -> Option<usize> {
        self.page.parts.binary_search_by_key(&index, |line| line.index).ok()
    }

    fn mark_shown(&mut self, index: usize) {
        let line = self.place(index).and_then(|place| self.page.parts.get_mut(place));
        line.into_iter().for_each(|line| line.is_shown = true);
    }
}

/// Kinds of text that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Plain,
    Html,
    Enriched,
    Calendar,
    Card,
}

impl Text {
    fn of(part: &SummaryPart) -> Option<Text> {
        // RFC 2049 §2 (3): what is encoded in a way nobody knows is octets, whatever it says it is.
        if TransferEncoding::from_name(part.encoding.as_bytes()) == TransferEncoding::Other {
            return None;
        }
        Some(match (part.media_type.as_str(), part.subtype.as_str()) {
            ("text", "html") => Text::Html,
            ("text", "enriched" | "richtext") => Text::Enriched,
            ("text", "calendar") => Text::Calendar,
            ("text", "vcard" | "x-vcard" | "directory") => Text::Card,
            // RFC 2046 §4.1.4: a subtype nobody knows is plain text, where it is not said to be a file.
            ("text", "plain" | "rfc822-headers") => Text::Plain,
            ("text", _) if !is_attached(part) => Text::Plain,
            ("message", "delivery-status" | "disposition-notification" | "feedback-report") => Text::Plain,
            _ => return None,
        })
    }
}

fn told(lines: &[String], width: usize, links: &mut Vec<Link>) -> Vec<Line> {
    plain::lines(&lines.join("\n"), Flow::default(), width, links)
}

fn is_picture(part: &SummaryPart) -> bool {
    part.kind == Kind::Leaf && part.media_type == "image"
}

fn is_attached(part: &SummaryPart) -> bool {
    part.disposition.as_ref().is_some_and(|own| own.kind.eq_ignore_ascii_case("attachment"))
}

fn part_line(part: &SummaryPart, index: usize, number: usize, body: &[u8]) -> PartLine {
    let clean = |text: &str| harmless(&text.replace('\t', " ")).into_owned();
    let text = |octets: &[u8]| clean(&message::header::text(octets));
    PartLine {
        number,
        index,
        name: bodies::name(part).map(|name| clean(&name)).filter(|name| !name.is_empty()),
        media_type: clean(&format!("{}/{}", part.media_type, part.subtype)).chars().take(100).collect(),
        octets: decoded_octets(TransferEncoding::from_name(part.encoding.as_bytes()), body),
        description: part.description.as_deref().map(text).filter(|text| !text.is_empty()),
        content_id: part.id.as_deref().map(|id| text(id).trim_matches(['<', '>']).to_owned()),
        note: note(part, body).map(|note| clean(&note)),
        is_shown: false,
    }
}

/// Octets of a body when decoded: of what is larger than is counted, about.
fn decoded_octets(encoding: TransferEncoding, body: &[u8]) -> u64 {
    let length = body.len() as u64;
    match encoding {
        // Four letters for three octets, and the end of a line after 76.
        TransferEncoding::Base64 if body.len() > COUNTED_MAX => length / 78 * 57 + length % 78 * 3 / 4,
        TransferEncoding::Base64 | TransferEncoding::QuotedPrintable if body.len() <= COUNTED_MAX => {
            encoding::decode(encoding, body).len() as u64
        }
        _ => length,
    }
}

/// What a pointer points to, and what a piece is a piece of.
fn note(part: &SummaryPart, body: &[u8]) -> Option<String> {
    if let Some(pointer) = external::pointer(part, body) {
        return Some(format!("not in the message: {} ({})", pointer.told(), pointer.media_type));
    }
    (part.media_type == "message" && part.subtype == "partial").then(|| {
        let value = |name: &str| parameter_text(&part.parameters, name).unwrap_or_else(|| "?".to_owned());
        format!("piece {} of {} of the message {}", value("number"), value("total"), value("id"))
    })
}

/// The body of a part as it stands.
pub(super) fn body<'a>(raw: &'a [u8], part: &SummaryPart) -> &'a [u8] {
    range(raw, &part.body)
}

pub(super) fn range<'a>(raw: &'a [u8], range: &std::ops::Range<u64>) -> &'a [u8] {
    let ends = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
    ends.and_then(|(start, end)| raw.get(start..end)).unwrap_or(&[])
}

/// `1.4 KiB`.
pub(super) fn size(octets: u64) -> String {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(factor, _)| octets >= *factor) {
        Some((factor, unit)) => format!("{}.{} {unit}", octets / factor, octets % factor * 10 / factor),
        None => format!("{octets} B"),
    }
}

/// Octets of a body as it stands.
fn octets(part: &SummaryPart) -> u64 {
    part.body.end.saturating_sub(part.body.start)
}
