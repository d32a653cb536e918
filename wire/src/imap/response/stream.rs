//! Finds responses in what a server sends: lines and literals. What is fetched of content, whatever its length, is not
//! gathered but handed on; all else has a limit.

use super::fetch::{FetchData, SectionName};
use super::{Response, read};
use crate::imap::mailbox::Charset;
use crate::imap::parse::SyntaxError;
use crate::imap::parse::cursor::Cursor;
use crate::imap::reader::announced;
use memchr::memchr;

/// A response in octets, content not counted. SEARCH over half a million messages fits.
pub const RESPONSE_MAX: usize = 4 * 1024 * 1024;
/// Pieces of content in one response: as many as a command asks for (see `limits::ITEMS`).
pub const PIECES_MAX: usize = 256;

/// Octets without line end that are left with the driver before they are kept here.
const LEFT_MAX: usize = 8 * 1024;

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Nothing to do before more octets come.
    More,
    /// A whole response. Content that was handed on before stands in it as an empty string.
    Response(Response),
    /// Content of a message begins.
    Body(Head),
    /// So many octets of content, the first of those that were offered.
    Content(usize),
    /// What the server says is no IMAP.
    Broken(Broken),
}

/// Whose content begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the message; of a UIDFETCH (RFC 9586), its UID.
    pub number: u32,
    /// Its UID, where it was told before.
    pub uid: Option<u32>,
    /// What of it.
    pub section: SectionName,
    /// How many octets.
    pub octets: u64,
}

/// Why nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A line is no response.
    #[error("the server does not speak IMAP: {0}")]
    Syntax(SyntaxError),
    /// A response is longer than [`RESPONSE_MAX`].
    #[error("a response is too long")]
    Long,
    /// More than [`PIECES_MAX`] pieces.
    #[error("a response has too many pieces")]
    Pieces,
}

#[derive(Debug)]
enum State {
    Line,
    /// So many octets of a literal are missing.
    Literal(usize),
    /// So many octets of content are missing.
    Content(u64),
    Broken(Broken),
}

/// Reads the responses of one connection.
#[derive(Debug)]
pub struct Stream {
    charset: Charset,
    state: State,
    held: Vec<u8>,
    /// Where in it the text behind the last literal begins.
    segment: usize,
    pieces: usize,
}

impl Stream {
    /// For a new connection.
    #[must_use]
    pub fn new() -> Stream {
        Stream { charset: Charset::Ascii, state: State::Line, held: Vec::new(), segment: 0, pieces: 0 }
    }

    /// From the next response on: how the server writes the names of mailboxes.
    pub fn set_charset(&mut self, charset: Charset) {
        self.charset = charset;
    }

    /// Offers input; gives how many octets were taken from its start, and what came.
    pub fn read(&mut self, input: &[u8]) -> (usize, Incoming) {
        match self.state {
            State::Line => self.line(input),
            State::Literal(left) => {
                let taken = left.min(input.len());
                self.held.extend_from_slice(input.get(..taken).unwrap_or_default());
                self.state = if taken == left { State::Line } else { State::Literal(left - taken) };
                self.segment = self.held.len();
                (taken, Incoming::More)
            }
            State::Content(left) => {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                let left = left - taken as u64;
                self.state = if left == 0 { State::Line } else { State::Content(left) };
                (taken, if taken == 0 { Incoming::More } else { Incoming::Content(taken) })
            }
            State::Broken(broken) => (input.len(), Incoming::Broken(broken)),
        }
    }

    fn line(&mut self, input: &[u8]) -> (usize, Incoming) {
        let room = RESPONSE_MAX.saturating_sub(self.held.len());
        let Some(end) = memchr(b'\n', input.get(..room).unwrap_or(input)) else {
            if input.len() >= room {
                return (input.len(), self.broken(Broken::Long));
            }
            let taken = if input.len() < LEFT_MAX { 0 } else { input.len() - 1 };
            self.held.extend_from_slice(input.get(..taken).unwrap_or_default());
            return (taken, Incoming::More);
        };
        let text = input.get(..end).unwrap_or_default();
        // RFC 9051 §2.2 has CR LF; a lone LF can mean nothing else here.
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(text);
        (end + 1, self.whole_line(held))
    }

    fn whole_line(&mut self, held: Vec<u8>) -> Incoming {
        let Some(literal) = announced(held.get(self.segment..).unwrap_or_default()) else {
            (self.segment, self.pieces) = (0, 0);
            return match read::response(&held, self.charset) {
                Ok(response) => Incoming::Response(response),
                Err(error) => self.broken(Broken::Syntax(error)),
            };
        };
        if let Some((head, before)) = head(&held) {
            self.pieces += 1;
            if self.pieces > PIECES_MAX {
                return self.broken(Broken::Pieces);
            }
            self.held = held;
            self.held.truncate(before);
            self.held.extend_from_slice(b"\"\"");
            self.segment = self.held.len();
            self.state = if literal.octets == 0 { State::Line } else { State::Content(literal.octets) };
            return Incoming::Body(Head { octets: literal.octets, ..head });
        }
        match usize::try_from(literal.octets) {
            Ok(octets) if octets <= RESPONSE_MAX.saturating_sub(held.len() + 2) => {
                self.held = held;
                self.held.extend_from_slice(b"\r\n");
                self.segment = self.held.len();
                self.state = if octets == 0 { State::Line } else { State::Literal(octets) };
                Incoming::More
            }
            _ => self.broken(Broken::Long),
        }
    }

    fn broken(&mut self, broken: Broken) -> Incoming {
        self.held = Vec::new();
        self.state = State::Broken(broken);
        Incoming::Broken(broken)
    }
}

impl Default for Stream {
    fn default() -> Stream {
        Stream::new()
    }
}

/// Whose content the literal at the end of a line is, and where its announcement begins; `None`: it is no content.
fn head(text: &[u8]) -> Option<(Head, usize)> {
    let start = text.iter().rposition(|octet| *octet == b'{')?;
    let start = if text.get(..start)?.ends_with(b"~") { start - 1 } else { start };
    // Looking closer costs as much as the response is long: only where a section or a name of old stands before it.
    let before = text.get(..start)?.strip_suffix(b" ")?.to_ascii_uppercase();
    let likely = [&b"]"[..], b">", b"RFC822", b".TEXT", b".HEADER"].iter().any(|end| before.ends_with(end));
    if !likely || !before.starts_with(b"* ") {
        return None;
    }
    let mut c = Cursor::new(text, Charset::Ascii);
    c.skip(2);
    let number = c.nz_number().ok()?;
    c.sp().ok()?;
    let by_uid = c.eat_word("UIDFETCH");
    if !by_uid && !c.eat_word("FETCH") {
        return None;
    }
    c.sp().ok()?;
    c.need(b'(', "a list").ok()?;
    let mut uid = by_uid.then_some(number);
    loop {
        let at = c.at();
        if let (_, Some(section)) = FetchData::name(&mut c).ok()?
            && c.at() == start
        {
            return Some((Head { number, uid, section, octets: 0 }, start));
        }
        c.go_to(at);
        if let FetchData::Uid(told) = FetchData::read(&mut c).ok()? {
            uid = Some(told);
        }
        c.sp().ok()?;
    }
}
