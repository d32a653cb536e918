//! A whole message, rendered: its text parts one after the other, each cleaned by what it is, and what is told of them all.
//! Owns which parts are read and how much of them, and putting the pieces together. Does not own how their octets are
//! found.

use super::clean::{self, Policy, Safe};
use super::links::Link;
use super::pictures;
use super::plain;
use super::senders::{self, Sender, Warning};
use message::bodies::Bodies;
use message::flowed::Flow;
use message::header::{Entry, Mailbox, charset_text, parameter_text};
use message::summary::SummaryPart;
use message::{Address, Domain, Summary, TransferEncoding, encoding};
use std::collections::{BTreeSet, HashMap};

/// Octets of one text part, as it stands in the message, that are read: base64 of [`bounds::HTML_MAX`](super::bounds::HTML_MAX)
/// and more.
pub const PART_MAX: u64 = 4 * 1024 * 1024;
/// Text parts of one message that are shown; mailing lists add two.
pub const PARTS_MAX: usize = 20;
/// Octets of all of them.
pub const TOTAL_MAX: u64 = 6 * 1024 * 1024;
/// Where in HTML a charset is looked for: as far as browsers look.
const DECLARED_WITHIN: usize = 1024;
/// Pictures that a message may show of its own parts.
pub const PICTURES_MAX: usize = 500;

/// A message that may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// One box, or several; `None` where the message has no HTML, and `text` is all there is to it.
    pub html: Option<String>,
    /// Its plain text as HTML without style or pictures, where it has no HTML.
    pub plain: String,
    /// Its text.
    pub text: String,
    /// Links, in order.
    pub links: Vec<Link>,
    /// Pictures of other hosts.
    pub remote: usize,
    /// Where they are.
    pub remote_hosts: BTreeSet<String>,
    /// Tracking pixels left out.
    pub trackers: usize,
    /// Who tracks.
    pub tracker_hosts: BTreeSet<String>,
    /// Whether something was left out because there was too much of it.
    pub shortened: bool,
    /// Whether it brings colours of its own.
    pub coloured: bool,
    /// Heights of its pictures, one below the other.
    pub picture_height: u64,
    /// What is to be said of its sender.
    pub sender: Vec<Warning>,
}

/// The text parts that are to be read, by index, within the limits; whether there are more.
#[must_use]
pub fn wanted(summary: &Summary) -> (Vec<usize>, bool) {
    let mut octets = 0;
    let mut list = Vec::new();
    let mut more = false;
    for index in Bodies::of(summary).html {
        let Some(part) = summary.parts.get(index).filter(|part| is_text(part)) else { continue };
        let own = part.body.end.saturating_sub(part.body.start).min(PART_MAX);
        if list.len() >= PARTS_MAX || octets + own > TOTAL_MAX {
            more = true;
            continue;
        }
        octets += own;
        list.push(index);
    }
    (list, more)
}

fn is_text(part: &SummaryPart) -> bool {
    part.media_type == "text" && matches!(part.subtype.as_str(), "html" | "plain" | "enriched" | "richtext")
}

/// The parts that may be pictures of a message, by Content-ID without brackets and by Content-Location.
pub fn embedded(summary: &Summary) -> impl Iterator<Item = (String, usize)> + '_ {
    let parts = summary.parts.iter().enumerate().filter(|(_, part)| pictures::may_be(&part.media_type, &part.subtype));
    let named = parts.filter_map(|(index, part)| {
        let id = std::str::from_utf8(part.id.as_deref()?).ok()?.trim();
        let bare = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id).trim();
        (!bare.is_empty()).then(|| (bare.to_owned(), index))
    });
    named.take(PICTURES_MAX)
}

/// Renders a message. `bodies` are the octets of [`wanted`] parts as they stand in the message, in that order; `address_of`
/// tells where a part is shown from.
#[must_use]
pub fn render(
    summary: &Summary,
    bodies: &[(usize, Vec<u8>)],
    address_of: impl Fn(usize) -> String,
    allow_remote: bool,
    trusted: &[Domain],
) -> Rendered {
    let mut parts = HashMap::new();
    for (id, index) in embedded(summary) {
        // Of two parts with one id the first counts.
        parts.entry(id).or_insert_with(|| address_of(index));
    }
    let policy = Policy { parts, allow_remote, trusted };
    let mut rendered = Rendered { sender: sender(summary, trusted), ..Rendered::default() };
    let pieces: Vec<(bool, Safe)> =
        bodies.iter().filter_map(|(index, body)| piece(summary.parts.get(*index)?, body, &policy)).collect();
    let has_html = pieces.iter().any(|(is_html, _)| *is_html);
    let mut html = String::new();
    for (_, safe) in pieces {
        html.push_str(&safe.html);
        rendered.add(safe);
    }
    if has_html {
        rendered.html = Some(html);
    } else {
        rendered.plain = html;
    }
    rendered.shortened |= wanted(summary).1;
    rendered
}

fn piece(part: &SummaryPart, body: &[u8], policy: &Policy<'_>) -> Option<(bool, Safe)> {
    let is_html = part.subtype == "html";
    let declared = if is_html { declared_text(part, body) } else { None };
    let text = match declared {
        Some(text) => text,
        None => message::text::body_text(part, body)?,
    };
    let mut safe =
        if is_html { clean::clean(&text, policy) } else { plain::render(&text, Flow::of(part), policy.trusted) };
    safe.shortened |= u64::try_from(body.len()).unwrap_or(u64::MAX) < part.body.end.saturating_sub(part.body.start);
    Some((is_html, safe))
}

/// HTML whose part names no charset, and that is no UTF-8: in the charset that its own `meta` names, as browsers have it.
fn declared_text(part: &SummaryPart, body: &[u8]) -> Option<String> {
    if parameter_text(&part.parameters, "charset").is_some() {
        return None;
    }
    let octets = encoding::decode(TransferEncoding::from_name(part.encoding.as_bytes()), body);
    if std::str::from_utf8(&octets).is_ok() {
        return None;
    }
    let start = octets.get(..DECLARED_WITHIN.min(octets.len()))?.to_ascii_lowercase();
    let after = start.windows(8).position(|piece| piece == b"charset=").and_then(|at| start.get(at + 8..))?;
    let is_name = |octet: &&u8| octet.is_ascii_alphanumeric() || matches!(**octet, b'-' | b'_' | b':' | b'.');
    let name: Vec<u8> =
        after.iter().skip_while(|octet| matches!(**octet, b'"' | b'\'' | b' ')).take_while(is_name).copied().collect();
    charset_text(&name, &octets)
}

fn sender(summary: &Summary, trusted: &[Domain]) -> Vec<Warning> {
    let Some(envelope) = summary.parts.first().and_then(|part| part.envelope.as_ref()) else { return Vec::new() };
    let first = |entries: &[Entry]| {
        entries.iter().find_map(|entry| match entry {
            Entry::Mailbox(mailbox) => Some(mailbox.clone()),
            _ => None,
        })
    };
    let from = first(&envelope.from);
    let name = from.as_ref().and_then(|from| from.name.as_ref()).map(message::header::Phrase::text).unwrap_or_default();
    let address = from.as_ref().and_then(Mailbox::address);
    let reply_to: Option<Address> = first(&envelope.reply_to).and_then(|own| own.address());
    senders::warnings(&Sender { name: &name, address: address.as_ref(), reply_to: reply_to.as_ref() }, trusted)
}

impl Rendered {
    fn add(&mut self, safe: Safe) {
        if !self.text.is_empty() && !safe.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(&safe.text);
        let room = super::links::LINKS_MAX.saturating_sub(self.links.len());
        self.links.extend(safe.links.into_iter().take(room));
        self.remote += safe.remote;
        self.remote_hosts.extend(safe.remote_hosts);
        self.trackers += safe.trackers;
        self.tracker_hosts.extend(safe.tracker_hosts);
        self.shortened |= safe.shortened;
        self.coloured |= safe.coloured;
        self.picture_height += safe.picture_height;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(content: &str) -> Rendered {
        let content = content.replace('\n', "\r\n");
        let summary = Summary::of(&message::parse(content.as_bytes()));
        let (list, _) = wanted(&summary);
        let bodies: Vec<(usize, Vec<u8>)> = list
            .into_iter()
            .map(|index| {
                let body = &summary.parts[index].body;
                (index, content.as_bytes()[body.start as usize..body.end as usize].to_vec())
            })
            .collect();
        render(&summary, &bodies, |part| format!("/render/part/{part}"), false, &[])
    }

    #[test]
    fn shows_the_richest_alternative_with_its_pictures() {
        let rendered = of(
            "Content-Type: multipart/related; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n\
            --b\n\nplain\n--b\nContent-Type: text/html\n\n<p>rich <img src=cid:logo@a>\n--b--\n\
            --a\nContent-Type: image/png\nContent-ID: <logo@a>\n\nx\n--a--\n",
        );
        let html = rendered.html.unwrap();
        assert!(html.contains("rich") && !html.contains("plain"));
        assert!(html.contains("src=\"/render/part/4\""), "{html}");
    }

    #[test]
    fn plain_text_needs_no_frame() {
        let rendered = of("From: a@crepes.fr\nContent-Type: text/plain; format=Flowed\n\na \nb <i>\n");
        assert_eq!(rendered.html, None);
        assert_eq!(rendered.plain, "<div class=\"pb-mail\"><div>a b &lt;i&gt;</div></div>");
    }

    #[test]
    fn text_before_and_after_html_is_shown_too() {
        let rendered = of(
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nhello <b>\n--a\nContent-Type: text/html\n\n<b>rich</b>\n--a\n\nfooter\n--a--\n",
        );
        let html = rendered.html.unwrap();
        for piece in ["hello &lt;b&gt;", "<b>rich</b>", "footer"] {
            assert!(html.contains(piece), "{html}");
        }
        assert_eq!(rendered.text, "hello <b>\n\nrich\n\nfooter");
    }

    #[test]
    fn reads_no_more_parts_than_it_says() {
        let part = "--a\n\nx\n";
        let of_parts =
            |count: usize| of(&format!("Content-Type: multipart/mixed; boundary=a\n\n{}--a--\n", part.repeat(count)));
        assert!(!of_parts(PARTS_MAX).shortened);
        assert!(of_parts(PARTS_MAX + 1).shortened);
    }

    #[test]
    fn reads_the_charset_that_html_declares() {
        let read = |content: &[u8]| {
            let summary = Summary::of(&message::parse(content));
            let body = &summary.parts[0].body;
            let octets = content[body.start as usize..body.end as usize].to_vec();
            render(&summary, &[(0, octets)], |_| String::new(), false, &[]).text
        };
        let head = b"Content-Type: text/html\r\n\r\n<meta content='text/html; charset=ISO-8859-7'>";
        assert_eq!(read(&[&head[..], b"\xE1"].concat()), "α");
        assert_eq!(read(&[&head[..], "é".as_bytes()].concat()), "é", "it is UTF-8 whatever it says");
        let named = b"Content-Type: text/html; charset=windows-1252\r\n\r\n<meta charset=iso-8859-7>\xE1";
        assert_eq!(read(named), "á", "the part's word counts first");
        let far = [
            b"Content-Type: text/html\r\n\r\n".to_vec(),
            vec![b' '; DECLARED_WITHIN],
            b"<meta charset=iso-8859-7>\xE1".to_vec(),
        ];
        assert_eq!(read(&far.concat()), "á", "nobody looks that far");
    }

    #[test]
    fn tells_of_the_sender() {
        let rendered = of("From: \"PayPal\" <x@evil.com>\nReply-To: y@other.com\n\nx\n");
        assert_eq!(rendered.sender, [Warning::NameOfOther, Warning::ReplyElsewhere]);
    }
}
