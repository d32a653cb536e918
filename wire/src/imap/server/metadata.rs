//! GETMETADATA and SETMETADATA (RFC 5464 §4).

use super::reply::{Reply, misfit};
use super::sync::Expunges;
use super::{Server, text};
use crate::imap::command::{Depth, GetMetadata};
use crate::imap::mailbox::{Charset, MailboxName};
use crate::imap::{Answer, Ask, Refusal};
use bytes::Bytes;

impl Server {
    pub(super) fn get_metadata(&mut self, tag: String, get: GetMetadata) {
        if !get.entries.iter().all(|entry| is_sound(entry)) {
            return self.refuse(&tag, &Reply::bad("entries begin with /shared/ or /private/"));
        }
        let depth = match get.depth {
            Depth::Zero => Some(0),
            Depth::One => Some(1),
            Depth::Infinity => None,
        };
        let ask = Ask::Metadata { mailbox: get.mailbox.clone(), entries: get.entries, depth };
        self.ask(ask, move |server, answer| {
            let reply = match answer {
                Answer::Metadata(entries) => {
                    let most = get.size_max.unwrap_or(u64::MAX);
                    let (short, long): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| octets(entry) <= most);
                    server.send_metadata(get.mailbox.as_ref(), &short);
                    match long.iter().map(octets).max() {
                        // RFC 5464 §4.2.1.
                        Some(longest) => Reply::ok("some are longer").code(format!("METADATA LONGENTRIES {longest}")),
                        None => Reply::ok("annotations"),
                    }
                }
                Answer::Refused(refusal) => refusal.into(),
                _ => misfit(),
            };
            server.finish(tag, reply, Expunges::Told);
        });
    }

    /// RFC 5464 §4.4.1.
    pub(super) fn send_metadata(&mut self, mailbox: Option<&MailboxName>, entries: &[(String, Option<Bytes>)]) {
        if entries.is_empty() {
            return;
        }
        let mut line = b"* METADATA ".to_vec();
        match mailbox {
            Some(mailbox) => text::mailbox(&mut line, mailbox, self.charset()),
            None => line.extend_from_slice(b"\"\""),
        }
        line.extend_from_slice(b" (");
        for (at, (name, value)) in entries.iter().enumerate() {
            if at > 0 {
                line.push(b' ');
            }
            text::astring(&mut line, name, Charset::Ascii);
            line.push(b' ');
            match value {
                // RFC 5464 §5: `literal8` where there is NUL.
                Some(value) if value.contains(&0) => {
                    line.push(b'~');
                    text::literal(&mut line, value.len() as u64);
                    line.extend_from_slice(value);
                }
                value => text::nstring(&mut line, value.as_deref(), self.charset()),
            }
        }
        line.extend_from_slice(b")\r\n");
        self.send(line);
    }

    pub(super) fn set_metadata(
        &mut self,
        tag: String,
        mailbox: Option<MailboxName>,
        entries: Vec<(String, Option<Vec<u8>>)>,
    ) {
        if !entries.iter().all(|(name, _)| is_sound(name)) {
            return self.refuse(&tag, &Reply::bad("entries begin with /shared/ or /private/"));
        }
        let entries = entries.into_iter().map(|(name, value)| (name, value.map(Bytes::from))).collect();
        self.ask(Ask::SetMetadata { mailbox, entries }, move |server, answer| {
            server.finish(tag, set_reply(answer), Expunges::Told);
        });
    }
}

fn set_reply(answer: Answer) -> Reply {
    match answer {
        Answer::Done => Reply::ok("set"),
        // RFC 5464 §4.3.
        Answer::Refused(Refusal::TooBig(most)) => {
            Reply::no("that is too long").code(format!("METADATA MAXSIZE {most}"))
        }
        Answer::Refused(refusal) => refusal.into(),
        _ => misfit(),
    }
}

fn octets((_, value): &(String, Option<Bytes>)) -> u64 {
    value.as_ref().map_or(0, |value| value.len() as u64)
}

/// RFC 5464 §3.2: a path of printable ASCII without wildcards.
fn is_sound(entry: &str) -> bool {
    let rooted = entry.starts_with("/shared/") || entry.starts_with("/private/");
    let printable = entry.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ');
    rooted && printable && !entry.contains(['*', '%']) && !entry.contains("//") && !entry.ends_with('/')
}
