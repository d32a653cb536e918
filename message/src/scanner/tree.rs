//! The parts found so far and those still open. Owns the rules of RFC 2046 for which part begins and ends where.

use super::tally::{Counts, Moment, Tally};
use super::{BOUNDARY_MAX, DEPTH_MAX, FIELD_KEPT_MAX, HEADER_KEPT_MAX, KEPT_TOTAL_MAX};
use super::{PART_OCTETS, PARTS_FREE, PARTS_MAX};
use crate::header;
use crate::structure::{Facts, Kind, Part, Structure, TransferEncoding};

/// Fields kept of every part.
const PART_FIELDS: [&str; 8] = [
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-ID",
    "Content-Description",
    "Content-MD5",
    "Content-Language",
    "Content-Location",
];
/// Fields kept of messages besides.
const MESSAGE_FIELDS: [&str; 12] = [
    "Date",
    "Subject",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "In-Reply-To",
    "Message-ID",
    "References",
    "MIME-Version",
];

/// A line that parts parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delimiter {
    /// Whose boundary it is, as an index of the open parts.
    pub(super) level: usize,
    closes: bool,
}

#[derive(Debug)]
struct Open {
    index: usize,
    /// Of a multipart that is not closed yet.
    boundary: Option<Vec<u8>>,
    is_message: bool,
    is_digest: bool,
    in_header: bool,
    /// The counts where the header section, then the body began.
    since: Counts,
}

/// The field being read in a header section.
#[derive(Debug, Default)]
struct CurrentField {
    /// No line of the section has been read.
    none_yet: bool,
    kept: bool,
    octets_kept: usize,
    /// Where it begins, if it is the first `Content-Transfer-Encoding`.
    encoding_start: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Tree {
    parts: Vec<Part>,
    open: Vec<Open>,
    field: CurrentField,
    octets_kept: usize,
    boundaries: usize,
    /// The last part that is told apart has begun.
    full: bool,
}

/// How many parts the content may have had up to here.
fn parts_max(at: u64) -> usize {
    usize::try_from(at / PART_OCTETS).unwrap_or(PARTS_MAX).saturating_add(PARTS_FREE).min(PARTS_MAX)
}

impl Tree {
    pub(super) fn new() -> Tree {
        let mut tree = Tree {
            parts: Vec::new(),
            open: Vec::new(),
            field: CurrentField::default(),
            octets_kept: 0,
            boundaries: 0,
            full: false,
        };
        tree.open_part(0, Counts::default());
        tree
    }

    /// Whether any line could be a boundary. The last part we tell apart reaches to the end.
    pub(super) fn awaits_boundary(&self) -> bool {
        self.boundaries > 0 && !self.full
    }

    pub(super) fn in_header(&self) -> bool {
        self.open.last().is_some_and(|open| open.in_header)
    }

    pub(super) fn at_first_line(&self) -> bool {
        self.in_header() && self.field.none_yet
    }

    /// Is the line a delimiter of an open multipart? The innermost counts. White space after it is allowed
    /// (RFC 2046 §5.1.1 `transport-padding`), anything else is not: so one boundary may begin with another.
    pub(super) fn delimiter(&self, line: &[u8]) -> Option<Delimiter> {
        if !self.awaits_boundary() {
            return None;
        }
        let text = line.strip_prefix(b"--")?.trim_ascii_end();
        self.open.iter().enumerate().rev().find_map(|(level, open)| {
            let after = text.strip_prefix(open.boundary.as_deref()?)?;
            (after.is_empty() || after == b"--").then_some(Delimiter { level, closes: !after.is_empty() })
        })
    }

    /// Ends the parts within the open part at `level`, before the delimiter line about to be counted.
    pub(super) fn close_above(&mut self, level: usize, tally: &Tally) {
        self.end_field(tally.line_start);
        self.close_down_to(level + 1, tally.before_last_line_end());
    }

    /// The delimiter has been counted: the next part begins, or the multipart is closed and its epilogue begins.
    pub(super) fn pass(&mut self, delimiter: Delimiter, tally: &Tally) {
        if !delimiter.closes {
            self.open_part(tally.at, tally.now());
        } else if let Some(open) = self.open.get_mut(delimiter.level) {
            open.boundary = None;
            self.boundaries -= 1;
        }
    }

    fn open_part(&mut self, at: u64, now: Counts) {
        let parent = self.open.last();
        let is_message = parent.is_none_or(|open| self.parts.get(open.index).is_some_and(|p| p.kind == Kind::Message));
        let in_digest = parent.is_some_and(|open| open.is_digest);
        let part = Part {
            parent: parent.and_then(|open| u32::try_from(open.index).ok()),
            kind: Kind::Leaf,
            header: at..at,
            body: at..at,
            lines: 0,
            body_facts: Facts::default(),
            header_facts: Facts::default(),
            fields: Vec::new(),
            encoding: TransferEncoding::default(),
            encoding_field: None,
            in_digest,
        };
        let index = self.parts.len();
        self.open.push(Open { index, boundary: None, is_message, is_digest: false, in_header: true, since: now });
        self.parts.push(part);
        self.full = self.parts.len() >= parts_max(at);
        self.field = CurrentField { none_yet: true, ..CurrentField::default() };
    }

    /// A line of a header section begins: a new field, or more of the last one (RFC 5322 §2.2.3).
    pub(super) fn begin_line(&mut self, line: &[u8], at: u64) {
        let first = std::mem::take(&mut self.field.none_yet);
        if matches!(line.first(), Some(b' ' | b'\t')) && !first {
            return;
        }
        self.end_field(at);
        let is_message = self.open.last().is_some_and(|open| open.is_message);
        let name = line.iter().position(|byte| *byte == b':').and_then(|colon| line.get(..colon)).unwrap_or(&[]);
        let name = name.trim_ascii_end();
        let is = |known: &&str| known.as_bytes().eq_ignore_ascii_case(name);
        let kept = PART_FIELDS.iter().any(is) || (is_message && MESSAGE_FIELDS.iter().any(is));
        self.field = CurrentField { kept, ..CurrentField::default() };
        if is(&"Content-Transfer-Encoding") && self.part().is_some_and(|part| part.encoding_field.is_none()) {
            self.field.encoding_start = Some(at);
        }
    }

    fn part(&mut self) -> Option<&mut Part> {
        let index = self.open.last()?.index;
        self.parts.get_mut(index)
    }

    /// The field being read ends before `at`.
    pub(super) fn end_field(&mut self, at: u64) {
        if let Some(start) = self.field.encoding_start.take()
            && let Some(part) = self.part()
        {
            part.encoding_field = Some(start..at);
        }
    }

    /// Keeps bytes of the current field if it is of interest and there is room.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        if !self.field.kept {
            return;
        }
        let total_room = KEPT_TOTAL_MAX - self.octets_kept;
        let field_room = FIELD_KEPT_MAX - self.field.octets_kept;
        let Some(part) = self.part() else { return };
        let room = (HEADER_KEPT_MAX - part.fields.len()).min(total_room).min(field_room);
        match bytes.get(..room) {
            Some(start) if start.len() < bytes.len() => {
                // Cut: the field ends here, and its last two octets make room for the line end it needs.
                part.fields.extend_from_slice(start);
                let length = part.fields.len();
                if room >= 2 {
                    part.fields.truncate(length - 2);
                    part.fields.extend_from_slice(b"\r\n");
                }
                self.field.kept = false;
            }
            _ => part.fields.extend_from_slice(bytes),
        }
        let kept = room.min(bytes.len());
        self.octets_kept += kept;
        self.field.octets_kept += kept;
    }

    /// The header section of the innermost part ends here; its fields say what the body is.
    pub(super) fn begin_body(&mut self, tally: &Tally) {
        let now = tally.now();
        let room_below = self.open.len() < DEPTH_MAX && !self.full;
        let Some(open) = self.open.last_mut() else { return };
        let Some(part) = self.parts.get_mut(open.index) else { return };
        part.header.end = tally.at;
        part.header_facts = now.facts_since(&open.since);
        part.body = tally.at..tally.at;
        open.since = now;
        open.in_header = false;
        let content = Content::of(part);
        part.encoding = content.encoding;
        match content.kind {
            Kind::Multipart if room_below => {
                part.kind = Kind::Multipart;
                open.boundary = content.boundary;
                open.is_digest = content.is_digest;
                self.boundaries += 1;
            }
            Kind::Message if room_below => {
                part.kind = Kind::Message;
                self.open_part(tally.at, now);
            }
            _ => {}
        }
    }

    fn close_down_to(&mut self, length: usize, end: Moment) {
        let mut floor = end.at;
        while self.open.len() > length
            && let Some(open) = self.open.pop()
        {
            self.boundaries -= usize::from(open.boundary.is_some());
            if let Some(part) = self.parts.get_mut(open.index) {
                floor = floor.max(close(part, &open, end, floor));
            }
        }
    }

    /// Ends every part at the end of the content.
    pub(super) fn end(mut self, tally: &Tally) -> Structure {
        self.end_field(tally.at);
        self.close_down_to(0, tally.end_of_content());
        Structure { parts: self.parts, octets: tally.at }
    }
}

/// Fills in where a part ends. `floor` is where the last part within it ended. Returns its end.
fn close(part: &mut Part, open: &Open, end: Moment, floor: u64) -> u64 {
    let start = if open.in_header { part.header.start } else { part.body.start };
    let at = floor.max(start);
    // An empty body takes nothing from the line end that closes its header section.
    let facts = if end.at > start { end.counts.facts_since(&open.since) } else { Facts::default() };
    if open.in_header {
        part.header.end = at;
        part.header_facts = facts;
        part.body = at..at;
        part.encoding = Content::of(part).encoding;
    } else {
        part.body.end = at;
        part.body_facts = facts;
        if end.at > start {
            // RFC 9051 §7.5.2: what is counted are line ends, so that a last line without one is none; Dovecot and
            // Cyrus count so.
            part.lines = end.counts.line_ends_since(&open.since);
        }
    }
    at
}

/// What the kept fields of a part say of its body.
struct Content {
    kind: Kind,
    encoding: TransferEncoding,
    boundary: Option<Vec<u8>>,
    is_digest: bool,
}

impl Content {
    fn of(part: &Part) -> Content {
        let mut content =
            Content { kind: Kind::Leaf, encoding: TransferEncoding::default(), boundary: None, is_digest: false };
        let (mut media_type, mut encoding) = (None, None);
        for field in header::fields(&part.fields) {
            if field.is("Content-Type") {
                media_type.get_or_insert_with(|| header::content_type(field.value));
            } else if field.is("Content-Transfer-Encoding") {
                encoding.get_or_insert_with(|| TransferEncoding::from_name(header::token(field.value).as_bytes()));
            }
        }
        content.encoding = encoding.unwrap_or_default();
        match media_type.flatten() {
            Some(media_type) => content.set_kind(&media_type),
            // RFC 2046 §5.1.5
            None if part.in_digest => content.kind = Kind::Message,
            None => {}
        }
        // RFC 2046 §5.2.1: a message within is never encoded; one that is, is opaque to us.
        if content.kind == Kind::Message && !content.encoding.is_identity() {
            content.kind = Kind::Leaf;
        }
        content
    }

    fn set_kind(&mut self, media_type: &header::ContentType) {
        match (media_type.main.as_str(), media_type.sub.as_str()) {
            ("multipart", sub) => {
                let boundary = header::parameter_bytes(&media_type.parameters, "boundary").map(|(_, octets)| octets);
                self.boundary = boundary.map(|octets| octets.trim_ascii_end().to_vec());
                self.boundary = self.boundary.take().filter(|octets| (1..=BOUNDARY_MAX).contains(&octets.len()));
                self.is_digest = sub == "digest";
                if self.boundary.is_some() {
                    self.kind = Kind::Multipart;
                }
            }
            ("message", "rfc822" | "global") => self.kind = Kind::Message,
            _ => {}
        }
    }
}
