//! Finds commands in input (RFC 9051 §2.2.1, §4.3; RFC 7888): lines, and the literals that belong to them. Owns what is
//! gathered of a command that is not whole, and the limits on it; what it means is `parse`'s.
//!
//! The session offers all its input to [`Reader::read`] and does what the [`Input`] says. Arguments are gathered. The
//! messages of APPEND and REPLACE are not: at [`Input::Upload`], and at every [`Input::Part`] with a literal, the session
//! says [`Reader::accept`] (after its continuation, where the literal is synchronizing) or [`Reader::refuse`]; the octets
//! then come as [`Input::Content`].
//!
//! A command that fails is passed over to its end, as far as the client will send it, so that nothing of it is taken for
//! a command.

use super::command::{Literal, Tagged, UploadItem};
use super::limits;
use super::mailbox::Charset;
use super::parse::{self, Cause, Failure, Piece, SyntaxError, Uploading};
use memchr::memchr;

/// What a client may send; it differs before login and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Octets of a line, literals not counted.
    pub line: usize,
    /// Octets of a literal that is an argument.
    pub literal: u64,
    /// Octets of a non-synchronizing literal of any kind: [`limits::LITERAL_MINUS`], or no limit of its own with
    /// LITERAL+.
    pub non_synchronizing: u64,
    /// Messages are taken.
    pub uploads: bool,
}

impl Bounds {
    /// Before login.
    pub const STRANGER: Bounds = Bounds {
        line: limits::LINE_BEFORE_LOGIN,
        literal: limits::LITERAL_BEFORE_LOGIN,
        non_synchronizing: limits::LITERAL_BEFORE_LOGIN,
        uploads: false,
    };
    /// After login, with LITERAL-.
    pub const USER: Bounds = Bounds {
        line: limits::LINE,
        literal: limits::LITERAL,
        non_synchronizing: limits::LITERAL_MINUS,
        uploads: true,
    };
    /// After login, with LITERAL+.
    pub const USER_LITERAL_PLUS: Bounds = Bounds { non_synchronizing: u64::MAX, ..Bounds::USER };
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing to do before more octets come.
    More,
    /// The client waits for a continuation (`+ OK`) before it goes on with the command.
    Continue,
    /// A whole command.
    Command(Tagged),
    /// APPEND or REPLACE, up to a literal with content.
    Upload(Tagged, Literal),
    /// So many octets of content, the first of those that were offered.
    Content(usize),
    /// The command goes on behind content; without literal, this is its end.
    Part(Vec<UploadItem>, Option<Literal>),
    /// This is no command. The answer is `BAD`, or as the cause says.
    Failed(Failure),
    /// The same, and so much would have to be passed over that the connection had better end; without failure where that was
    /// given before.
    Hopeless(Option<Failure>),
}

/// Octets without line end that are left with the driver (its buffer holds [`crate::session::INPUT_MIN`]) before they are
/// taken and kept here.
const LEFT_MAX: usize = 8 * 1024;

#[derive(Debug)]
enum State {
    /// A line, or what follows a literal in it.
    Line,
    /// So many octets of an argument are missing.
    Argument(usize),
    /// So many octets of content are missing.
    Content(u64),
    /// The session has to say whether it takes this literal.
    Announced(Literal),
    /// The command failed: so many octets of a literal are passed over, then a line.
    Lost(u64),
}

/// Reads the commands of one connection.
#[derive(Debug)]
pub struct Reader {
    bounds: Bounds,
    charset: Charset,
    state: State,
    /// The command or piece so far.
    held: Vec<u8>,
    /// Where in it the text behind the last literal begins.
    segment: usize,
    /// Octets of it that are arguments in literals.
    literals: usize,
    upload: Option<(String, Uploading)>,
    /// A line that failed goes on: its beginning was passed over.
    passing: bool,
}

impl Reader {
    /// For a new connection.
    #[must_use]
    pub fn new(bounds: Bounds) -> Reader {
        Reader {
            bounds,
            charset: Charset::Ascii,
            state: State::Line,
            held: Vec::new(),
            segment: 0,
            literals: 0,
            upload: None,
            passing: false,
        }
    }

    /// From the next command on.
    pub fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// From the next command on: how the client writes the names of mailboxes.
    pub fn set_charset(&mut self, charset: Charset) {
        self.charset = charset;
    }

    /// Nothing of a command was taken: what comes next may also be a line that is no command, as in IDLE.
    #[must_use]
    pub fn is_between(&self) -> bool {
        matches!(self.state, State::Line) && self.held.is_empty() && self.upload.is_none() && !self.passing
    }

    /// Takes the announced literal: its octets come as [`Input::Content`].
    pub fn accept(&mut self) {
        if let State::Announced(literal) = self.state {
            self.state = if literal.octets == 0 { State::Line } else { State::Content(literal.octets) };
        }
    }

    /// Gives up the upload: what comes of it is passed over. The answer to the command is the session's. `false`: so much
    /// would have to be passed over that the connection had better end.
    pub fn refuse(&mut self) -> bool {
        let Some(_) = self.upload.take() else { return true };
        let octets = match self.state {
            // RFC 9051 §4.3: without continuation the client sends nothing more of it.
            State::Announced(literal) if literal.synchronizing => {
                self.reset();
                return true;
            }
            State::Announced(literal) => literal.octets,
            State::Content(left) => left,
            State::Line | State::Argument(_) | State::Lost(_) => 0,
        };
        self.lose(octets);
        octets <= limits::DRAINED
    }

    /// Offers input; gives how many octets were taken from its start, and what came.
    pub fn read(&mut self, input: &[u8]) -> (usize, Input) {
        match self.state {
            State::Line if self.passing => self.pass_line(input),
            State::Line => self.line(input),
            State::Argument(left) => {
                let taken = left.min(input.len());
                self.held.extend_from_slice(input.get(..taken).unwrap_or_default());
                self.literals += taken;
                self.state = if taken == left { State::Line } else { State::Argument(left - taken) };
                self.segment = self.held.len();
                (taken, Input::More)
            }
            State::Content(left) => {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                let left = left - taken as u64;
                self.state = if left == 0 { State::Line } else { State::Content(left) };
                (taken, if taken == 0 { Input::More } else { Input::Content(taken) })
            }
            State::Announced(_) => (0, Input::More),
            State::Lost(left) => {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                let left = left - taken as u64;
                self.state = if left == 0 { State::Line } else { State::Lost(left) };
                (taken, Input::More)
            }
        }
    }

    /// Forgets the command.
    fn reset(&mut self) {
        self.held = Vec::new();
        (self.segment, self.literals) = (0, 0);
        self.upload = None;
        self.passing = false;
        self.state = State::Line;
    }

    /// The command is lost: octets of a literal, then the rest of its line, are passed over.
    fn lose(&mut self, octets: u64) {
        self.reset();
        self.passing = true;
        self.state = if octets == 0 { State::Line } else { State::Lost(octets) };
    }

    fn failure(&self, begun: &[u8], expected: &'static str, cause: Cause) -> Failure {
        let at = self.held.len() + begun.len();
        let tag = match &self.upload {
            Some((tag, _)) => Some(tag.clone()),
            None if self.held.is_empty() => parse::tag(begun),
            None => parse::tag(&self.held),
        };
        Failure { tag, error: SyntaxError { at, expected, cause } }
    }

    fn line(&mut self, input: &[u8]) -> (usize, Input) {
        let room = (self.bounds.line + self.literals).saturating_sub(self.held.len());
        let Some(end) = memchr(b'\n', input.get(..room).unwrap_or(input)) else {
            if input.len() >= room {
                let failure = self.failure(input.get(..room).unwrap_or(input), "the server takes", Cause::Limit);
                self.lose(0);
                return self.pass_first(input, failure);
            }
            let taken = if input.len() < LEFT_MAX { 0 } else { input.len() - 1 };
            self.held.extend_from_slice(input.get(..taken).unwrap_or_default());
            return (taken, Input::More);
        };
        let before = input.get(..end).unwrap_or_default();
        let Some(text) = before.strip_suffix(b"\r") else {
            // RFC 9051 §2.2: only CR LF ends a line.
            let failure = self.failure(before, "CR before LF", Cause::Syntax);
            self.lose(0);
            return (end + 1, Input::Failed(failure));
        };
        (end + 1, self.whole_line(text))
    }

    /// The beginning of a line too long: taken, but for a CR that may be half of its end.
    fn pass_first(&mut self, input: &[u8], failure: Failure) -> (usize, Input) {
        match self.pass_line(input) {
            (taken, Input::Hopeless(_)) => (taken, Input::Hopeless(Some(failure))),
            (taken, _) => (taken, Input::Failed(failure)),
        }
    }

    /// Passes over the rest of a line, and what literals follow without being asked for.
    fn pass_line(&mut self, input: &[u8]) -> (usize, Input) {
        let mut from = 0;
        while let Some(end) = input.get(from..).and_then(|rest| memchr(b'\n', rest)) {
            let line = input.get(..from + end).unwrap_or_default();
            from += end + 1;
            if let Some(text) = line.strip_suffix(b"\r") {
                // Where quotes began nobody knows any more, so what looks like a literal is taken for one.
                let literal = passed_ending(text).filter(|literal| !literal.synchronizing);
                match literal {
                    Some(literal) if literal.octets <= limits::DRAINED => self.lose(literal.octets),
                    Some(_) => return (from, Input::Hopeless(None)),
                    None => self.reset(),
                }
                return (from, Input::More);
            }
        }
        // As much is left as an announcement and its line end may be long.
        (input.len().saturating_sub(2 * LITERAL_TEXT_MAX), Input::More)
    }

    /// A line, or the part of one behind a literal, is whole.
    fn whole_line(&mut self, text: &[u8]) -> Input {
        if self.held.is_empty() {
            return match announced(text) {
                Some(literal) => self.announced(text, literal),
                None => self.whole(text),
            };
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(text);
        match announced(held.get(self.segment..).unwrap_or_default()) {
            Some(literal) => self.announced(&held, literal),
            None => self.whole(&held),
        }
    }

    /// The command ends here.
    fn whole(&mut self, text: &[u8]) -> Input {
        let upload = self.upload.take();
        self.reset();
        let read = match upload {
            None => parse::command(text, self.charset).map(Input::Command),
            Some((tag, mut uploading)) => match uploading.piece(text, true) {
                Ok(Piece::Whole(items)) => Ok(Input::Part(items, None)),
                Ok(Piece::Unfinished) => Ok(Input::More),
                Err(error) => Err(Failure { tag: Some(tag), error }),
            },
        };
        read.unwrap_or_else(Input::Failed)
    }

    /// A literal is announced at the end of `text`: content, or an argument.
    fn announced(&mut self, text: &[u8], literal: Literal) -> Input {
        if !literal.synchronizing && literal.octets > self.bounds.non_synchronizing {
            let failure = self.failure_of(text, "the server takes in a literal", Cause::Limit);
            return self.fail(failure, literal);
        }
        if self.bounds.uploads {
            match self.piece(text) {
                Ok(Some(input)) => {
                    self.held = Vec::new();
                    (self.segment, self.literals) = (0, 0);
                    self.state = State::Announced(literal);
                    return input(literal);
                }
                Ok(None) => {}
                Err(failure) => return self.fail(failure, literal),
            }
        }
        let gathered = literal.octets.saturating_add(text.len() as u64);
        if literal.octets > self.bounds.literal || gathered > limits::GATHERED as u64 {
            let failure = self.failure_of(text, "the server takes in a literal", Cause::Limit);
            return self.fail(failure, literal);
        }
        self.held = [text, b"\r\n"].concat();
        self.segment = self.held.len();
        self.state = match usize::try_from(literal.octets) {
            Ok(0) | Err(_) => State::Line,
            Ok(octets) => State::Argument(octets),
        };
        if literal.synchronizing { Input::Continue } else { Input::More }
    }

    /// What the text is when it ends with content: the beginning of an upload, or a further part; `None`: the literal is
    /// an argument.
    fn piece(&mut self, text: &[u8]) -> Result<Option<impl FnOnce(Literal) -> Input + use<>>, Failure> {
        let begun = match &mut self.upload {
            None => match Uploading::begin(text, self.charset)? {
                Some(Piece::Whole((tagged, uploading))) => {
                    self.upload = Some((tagged.tag.clone(), uploading));
                    Some(Ok(tagged))
                }
                Some(Piece::Unfinished) | None => None,
            },
            Some((tag, uploading)) => match uploading.piece(text, false) {
                Ok(Piece::Whole(items)) => Some(Err(items)),
                Ok(Piece::Unfinished) => None,
                Err(error) => return Err(Failure { tag: Some(tag.clone()), error }),
            },
        };
        Ok(begun.map(|begun| {
            move |literal| match begun {
                Ok(tagged) => Input::Upload(tagged, literal),
                Err(items) => Input::Part(items, Some(literal)),
            }
        }))
    }

    fn failure_of(&mut self, text: &[u8], expected: &'static str, cause: Cause) -> Failure {
        self.held = Vec::new();
        self.failure(text, expected, cause)
    }

    /// The command failed at a literal.
    fn fail(&mut self, failure: Failure, literal: Literal) -> Input {
        if literal.synchronizing {
            self.reset();
            return Input::Failed(failure);
        }
        self.lose(literal.octets);
        if literal.octets > limits::DRAINED { Input::Hopeless(Some(failure)) } else { Input::Failed(failure) }
    }
}

/// `~{18446744073709551615+}` and CR LF.
const LITERAL_TEXT_MAX: usize = 26;

/// The literal that a line announces with its last octets (RFC 9051 §4.3, RFC 7888 §8), unless they stand in quotes.
pub(super) fn announced(text: &[u8]) -> Option<Literal> {
    ending(text).filter(|_| !is_in_quotes(text))
}

/// What looks like the announcement of a literal.
fn ending(text: &[u8]) -> Option<Literal> {
    let inside = text.strip_suffix(b"}")?;
    let (inside, synchronizing) = inside.strip_suffix(b"+").map_or((inside, true), |inside| (inside, false));
    let (before, digits) = inside.split_at(inside.len() - digits_at_end(inside));
    let before = before.strip_suffix(b"{")?;
    if digits.is_empty() {
        return None;
    }
    // More than 64 bits are as good as all of them.
    let octets = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX);
    Some(Literal { octets, synchronizing, binary: before.ends_with(b"~") })
}

/// The same, of the end of a line whose beginning was passed over: a number too long to be seen whole announces more than
/// can be.
fn passed_ending(text: &[u8]) -> Option<Literal> {
    let cut = text
        .strip_suffix(b"+}")
        .is_some_and(|digits| digits.len() > LITERAL_TEXT_MAX && digits_at_end(digits) == digits.len());
    ending(text).or_else(|| cut.then_some(Literal { octets: u64::MAX, synchronizing: false, binary: false }))
}

fn digits_at_end(text: &[u8]) -> usize {
    text.iter().rev().take_while(|octet| octet.is_ascii_digit()).count()
}

/// Whether a quoted string has begun and not ended.
fn is_in_quotes(text: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for octet in text {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
