//! Reads replies line by line (RFC 5321 §4.2): whatever octets come, they are a reply, the beginning of one, or
//! garbage. What a line means is `smtp::reply`'s; the limits and what is kept are here.

use super::ask::Said;
use super::limits::{GARBAGE_KEPT, REPLY_KEPT, REPLY_LINE, REPLY_LINES, REPLY_OCTETS};
use crate::smtp::Reply;
use crate::smtp::reply::ReplyLine;
use memchr::memchr;

/// A reply of which some lines may have come.
#[derive(Debug, Default)]
pub(super) struct Reader {
    begun: Option<Reply>,
    octets: usize,
}

/// What a look at the input came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// So many octets were taken, and the reply is not whole.
    More(usize),
    /// So many octets were taken, and with them it is whole.
    Whole(usize, Reply),
    /// This is no reply.
    Garbage(String),
}

impl Reader {
    /// Takes at most one line from the start of `bytes`. A line ends with LF, a CR before it is part of the end: servers
    /// that forget it are understood, and no other reading gives these octets another meaning.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Read {
        let searched = bytes.get(..REPLY_LINE).unwrap_or(bytes);
        let Some(end) = memchr(b'\n', searched) else {
            return if bytes.len() >= REPLY_LINE { Read::Garbage(cleaned(bytes)) } else { Read::More(0) };
        };
        let line = bytes.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.octets += line.len();
        let Ok(read) = ReplyLine::read(line) else { return Read::Garbage(cleaned(line)) };
        let whole = read.last;
        if read.append_to(&mut self.begun).is_err() || self.octets > REPLY_OCTETS {
            return Read::Garbage(cleaned(line));
        }
        match self.begun.take_if(|reply| whole || reply.lines.len() >= REPLY_LINES) {
            None => Read::More(end + 1),
            Some(reply) if whole => {
                self.octets = 0;
                Read::Whole(end + 1, reply)
            }
            Some(_) => Read::Garbage(cleaned(line)),
        }
    }
}

/// The beginning of what is no reply, fit for a log and a report.
pub(super) fn cleaned(octets: &[u8]) -> String {
    let kept = octets.get(..GARBAGE_KEPT).unwrap_or(octets);
    let mut text = String::from_utf8_lossy(kept).replace(char::is_control, " ");
    text.truncate(text.floor_char_boundary(GARBAGE_KEPT));
    text
}

/// The reply as the desk gets it: as many octets of its lines as are kept.
pub(super) fn kept(mut reply: Reply) -> Said {
    let mut room = REPLY_KEPT;
    for line in &mut reply.lines {
        if line.len() > room {
            let end = line.floor_char_boundary(room);
            *line = line.get(..end).unwrap_or_default().to_owned().into();
        }
        room -= line.len();
    }
    // Lines of which nothing is left say nothing; the first stays, so that there is one.
    let mut first = true;
    reply.lines.retain(|line| std::mem::take(&mut first) || !line.is_empty());
    Said::Reply(reply)
}
