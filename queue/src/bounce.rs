//! Reports to senders (RFC 3461, 3464, 6522, 6533): that a message failed, is late, was handed on, delivered or expanded.
//! Owns the whole text of the report, and who wants one. Does not send it: it enters the store like any mail, with the
//! null reverse-path, NOTIFY=NEVER (RFC 3461 §6.1) and what [`Draft`] says of it.
//!
//! The message reported on is not needed as a whole: its header comes in, and where it is returned whole the caller
//! streams it between [`Draft::head`] and [`Draft::tail`].

mod explain;
mod machine;
mod words;

use message::build::{self, Mailbox, report};
use message::{Address, Domain, Host, Time, header};
use wire::smtp::Enhanced;

/// Octets of a message that is returned whole where the sender asked for it with RET=FULL; of a larger one the header is
/// (RFC 3461 §6.2 allows a limit).
pub const RETURN_MAX: u64 = 1024 * 1024;
/// Octets of a message that is returned whole where nobody asked: enough for a letter, too little for a flood.
pub const RETURN_UNASKED_MAX: u64 = 64 * 1024;
/// Octets of a header that is returned; a longer one is cut between fields.
pub const HEADER_RETURN_MAX: usize = 64 * 1024;
/// Characters of the remote's words that are passed on; RFC 5321 §4.5.3.1.5 gives a line 512 octets, and some say more.
pub const DIAGNOSTIC_MAX: usize = 2000;

/// What is reported of a recipient (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It has not the message and will not get it.
    Failed,
    /// It has not the message yet.
    Delayed,
    /// The message went to a host that reports nothing.
    Relayed,
    /// It has the message.
    Delivered,
    /// The message went on to several others in its place.
    Expanded,
}

/// RET of MAIL (RFC 3461 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// The whole message.
    Full,
    /// Its header.
    Headers,
}

/// The message reported on.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// Its header section, with the fields added here; with or without the empty line after it.
    pub header: &'a [u8],
    /// Octets of the message in all, header included.
    pub octets: u64,
    /// Whether its body holds octets beyond ASCII.
    pub eight_bit: bool,
}

/// One recipient of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// As it was when we took the message.
    pub address: Address,
    /// What ORCPT of RCPT said, decoded, type included: `rfc822;bob@hamburger.edu`.
    pub orcpt: Option<String>,
    /// What became of it.
    pub action: Kind,
    /// 2.x.x, 4.x.x or 5.x.x; 4.x.x of one that failed says that its time ran out.
    pub status: Enhanced,
    /// The host that said so; `None` where it was us.
    pub remote_mta: Option<String>,
    /// Its own words, code included, or ours.
    pub diagnostic: Option<String>,
    /// When it was tried last.
    pub last_attempt: Option<Time>,
    /// Of one that is delayed: when it is tried for the last time.
    pub will_retry_until: Option<Time>,
}

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Our own name.
    pub reporting_mta: &'a Domain,
    /// The message's id here.
    pub queue_id: &'a str,
    /// When it came in.
    pub arrival: Time,
    /// MAIL's path; `None` is the null one, to which nothing is reported.
    pub reverse_path: Option<&'a Address>,
    /// ENVID of MAIL, decoded.
    pub envid: Option<&'a str>,
    /// RET of MAIL.
    pub ret: Option<Return>,
    /// The message.
    pub original: Original<'a>,
    /// Those that want it by [`wanted`].
    pub recipients: &'a [Recipient],
}

/// What a new message needs that only the caller has.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Its date.
    pub now: Time,
    /// Its id, with angle brackets.
    pub message_id: &'a str,
    /// Random numbers, drawn for this report.
    pub random: [u64; 2],
}

/// A report: `head`, then the original where it is returned whole, then `tail`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The octets before the original.
    pub head: Vec<u8>,
    /// Whether the original comes now, octet for octet, with the fields added here.
    pub whole: bool,
    /// The octets after it.
    pub tail: Vec<u8>,
    /// Whether it must go with SMTPUTF8: an address in its own header is beyond ASCII.
    pub smtputf8: bool,
    /// Whether it must go with BODY=8BITMIME.
    pub eight_bit: bool,
}

impl Draft {
    /// The whole report, of an original that is there as a whole.
    #[must_use]
    pub fn with(&self, original: &[u8]) -> Vec<u8> {
        let middle = if self.whole { original } else { b"" };
        [self.head.as_slice(), middle, &self.tail].concat()
    }
}

/// SUCCESS of NOTIFY.
pub const NOTIFY_SUCCESS: u8 = 1;
/// FAILURE of NOTIFY.
pub const NOTIFY_FAILURE: u8 = 2;
/// DELAY of NOTIFY.
pub const NOTIFY_DELAY: u8 = 4;

/// Whether the sender wants a report on a recipient, by its NOTIFY: no bits are NEVER, `None` is no NOTIFY at all, and
/// then failures are told (RFC 3461 §5.2.6) and delays too (§5.2.5), successes not (§5.2.2, §5.2.3).
#[must_use]
pub fn wanted(notify: Option<u8>, kind: Kind) -> bool {
    let bit = match kind {
        Kind::Failed => NOTIFY_FAILURE,
        Kind::Delayed => NOTIFY_DELAY,
        Kind::Relayed | Kind::Delivered | Kind::Expanded => NOTIFY_SUCCESS,
    };
    notify.unwrap_or(NOTIFY_FAILURE | NOTIFY_DELAY) & bit != 0
}

/// Writes a report. `None` where there is nobody to tell: a null reverse-path (RFC 3461 §5.2, RFC 5321 §6.1), or no
/// recipient.
#[must_use]
pub fn draft(report: &Report<'_>, stamp: &Stamp<'_>) -> Option<Draft> {
    let reverse_path = report.reverse_path?;
    let kind = gravest(report.recipients)?;
    let fields = header_fields(report, stamp, reverse_path, kind);
    let (machine_type, machine) = machine::status(report);
    let returned = Returned::of(report, kind);
    let eight_bit = report::is_eight_bit(&machine) || returned.eight_bit;
    let smtputf8 = !fields.is_ascii();
    let mut parts = report::Report::begin(fields, "delivery-status", stamp.random, eight_bit);
    parts.text(&words::of(report, kind));
    parts.part(machine_type, &machine);
    let (head, tail) = if returned.whole {
        let frame = parts.frame(returned.media_type, returned.eight_bit);
        (frame.head, frame.tail)
    } else {
        parts.part(returned.media_type, returned.header);
        (parts.finish(), Vec::new())
    };
    Some(Draft { head, whole: returned.whole, tail, smtputf8, eight_bit })
}

/// What the report as a whole is about.
fn gravest(recipients: &[Recipient]) -> Option<Kind> {
    let order = [Kind::Failed, Kind::Delayed, Kind::Relayed, Kind::Expanded, Kind::Delivered];
    order.into_iter().find(|kind| recipients.iter().any(|recipient| recipient.action == *kind))
}

fn header_fields(report: &Report<'_>, stamp: &Stamp<'_>, reverse_path: &Address, kind: Kind) -> Vec<u8> {
    let daemon = Address::new("MAILER-DAEMON", Host::Domain(report.reporting_mta.clone()));
    let from = Mailbox { name: "Mail Delivery System".to_owned(), address: daemon };
    let to = Mailbox { name: String::new(), address: reverse_path.clone() };
    let subject = match kind {
        Kind::Failed => "Your message could not be delivered",
        Kind::Delayed => "Your message is late",
        Kind::Relayed => "Your message was handed on",
        Kind::Expanded | Kind::Delivered => "Your message was delivered",
    };
    let mut fields = [
        build::date(stamp.now, 0),
        build::addresses("From", &[from]),
        build::addresses("To", &[to]),
        build::text("Subject", subject),
        build::message_id(stamp.message_id),
    ]
    .concat();
    if let Some(id) = original_id(report.original.header) {
        fields.extend(build::message_ids("In-Reply-To", &[&id]));
        fields.extend(build::message_ids("References", &[&id]));
    }
    // RFC 3834 §5
    fields.extend_from_slice(b"Auto-Submitted: auto-replied\r\n");
    fields
}

/// The Message-ID of the original, where it has one that can be written again.
fn original_id(section: &[u8]) -> Option<String> {
    let field = header::fields(section).find(|field| field.is("Message-ID"))?;
    let id = header::message_ids(field.value).into_iter().next()?;
    let fits = id.len() <= build::LINE_HARD_MAX / 2 && id.bytes().all(|octet| octet.is_ascii_graphic());
    (fits && !id.is_empty()).then(|| format!("<{id}>"))
}

/// The third part.
struct Returned<'a> {
    media_type: &'static str,
    header: &'a [u8],
    eight_bit: bool,
    whole: bool,
}

impl Returned<'_> {
    fn of<'a>(report: &Report<'a>, kind: Kind) -> Returned<'a> {
        let original = &report.original;
        let section = cut(original.header);
        let ascii = original.header.is_ascii();
        let utf8 = !ascii && std::str::from_utf8(original.header).is_ok();
        // RFC 3461 §6.2: reports without a failure return the header only.
        let room = match report.ret {
            _ if kind != Kind::Failed => 0,
            Some(Return::Full) => RETURN_MAX,
            Some(Return::Headers) => 0,
            None => RETURN_UNASKED_MAX,
        };
        // A header in no known charset fits no type of a whole message.
        let whole = original.octets <= room && (ascii || utf8);
        // RFC 6533 §4: a header of UTF-8 asks for the types of its own.
        let media_type = match (whole, utf8) {
            (true, false) => "message/rfc822",
            (true, true) => "message/global",
            (false, false) => "text/rfc822-headers",
            (false, true) => "message/global-headers",
        };
        let eight_bit = if whole { original.eight_bit || utf8 } else { utf8 && report::is_eight_bit(section) };
        Returned { media_type, header: section, eight_bit, whole }
    }
}

/// As much of a header section as is returned, ending with a whole field.
fn cut(section: &[u8]) -> &[u8] {
    let Some(window) = section.get(..HEADER_RETURN_MAX).filter(|window| window.len() < section.len()) else {
        return section;
    };
    let fields = header::fields(section).map(|field| field.range.end);
    let end = fields.take_while(|end| *end <= window.len()).last().unwrap_or(0);
    window.get(..end).unwrap_or(&[])
}

#[cfg(test)]
mod tests;
