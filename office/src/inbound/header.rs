//! The header section of arriving mail: what it says that we must know (loops, authors, what is missing), and the one
//! thing that is ever taken out of a message: Authentication-Results in our own name (RFC 8601 §5).

use message::header::{addresses, fields, value_text};
use message::{Address, Domain, Summary};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What the header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The content begins with a header field at all.
    pub has_header: bool,
    /// Received fields: hops so far.
    pub received: usize,
    /// The addresses of Delivered-To fields.
    pub delivered_to: Vec<Address>,
    /// From fields.
    pub from_fields: usize,
    /// Addresses in them.
    pub from: Vec<Address>,
    /// Who sent it, or resent it last.
    pub senders: Vec<Claimed>,
    /// There is a Sender.
    pub has_sender: bool,
    /// There is a Date.
    pub has_date: bool,
    /// There is a Message-ID.
    pub has_message_id: bool,
}

impl Facts {
    /// Reads a header section.
    pub fn of(section: &[u8]) -> Facts {
        let mut facts = Facts { has_header: true, senders: senders(section), ..Facts::default() };
        for field in fields(section) {
            if field.is("Received") {
                facts.received += 1;
            } else if field.is("Delivered-To") {
                facts.delivered_to.extend(mailboxes(field.value));
            } else if field.is("From") {
                facts.from_fields += 1;
                facts.from.extend(mailboxes(field.value));
            } else {
                facts.has_sender |= field.is("Sender");
                facts.has_date |= field.is("Date");
                facts.has_message_id |= field.is("Message-ID");
            }
        }
        facts
    }
}

/// The field that names somebody, Sender, Resent-From or Resent-Sender, and the address; `None`: what stands there is none.
pub(crate) type Claimed = (&'static str, Option<Address>);

/// Everybody, but for the authors, whom a message claims to be from (RFC 5322 §3.6.2, §3.6.6). Of those who resent it only
/// the last, whose fields stand above the others'.
pub(crate) fn senders(section: &[u8]) -> Vec<Claimed> {
    let mut all = Vec::new();
    let mut block = ResentBlock::default();
    for field in fields(section) {
        let is_last = block.has(&field);
        if field.is("Sender") {
            all.extend(claimed("Sender", field.value));
        }
        for name in ["Resent-From", "Resent-Sender"] {
            if is_last && field.is(name) {
                all.extend(claimed(name, field.value));
            }
        }
    }
    all
}

/// Every mailbox of a field. Who reads `<ceo@bank..example>` takes it for somebody, too.
fn claimed(name: &'static str, value: &[u8]) -> Vec<Claimed> {
    let entries = addresses(value);
    let mut all: Vec<Claimed> =
        message::summary::Envelope::mailboxes(&entries).map(|mailbox| (name, mailbox.address())).collect();
    if all.is_empty() && !value.trim_ascii().is_empty() {
        all.push((name, None));
    }
    all
}

/// The fields of who resent a message last.
#[derive(Default)]
struct ResentBlock {
    seen: BTreeSet<Vec<u8>>,
    has_from: bool,
    is_over: bool,
}

impl ResentBlock {
    /// Whether the next field is one of them. RFC 5322 §3.6.6: each field is there once in a block, with Resent-From, and
    /// a block stands above the trace of the way before; so without a Resent-From none has ended.
    fn has(&mut self, field: &message::header::Field<'_>) -> bool {
        let name = field.name.to_ascii_lowercase();
        let is_resent = name.starts_with(b"resent-");
        let is_trace = field.is("Received") || field.is("Return-Path");
        self.is_over |= self.has_from && (is_trace || self.seen.contains(&name));
        if is_resent && !self.is_over {
            self.has_from |= field.is("Resent-From");
            self.seen.insert(name);
        }
        is_resent && !self.is_over
    }
}

fn mailboxes(value: &[u8]) -> Vec<Address> {
    let entries = addresses(value);
    message::summary::Envelope::mailboxes(&entries).filter_map(message::header::Mailbox::address).collect()
}

/// The section without the Authentication-Results fields that claim to be ours, and without Bcc (and Resent-Bcc,
/// RFC 5322 §3.6.6) where it is to be hidden.
pub(super) fn without_claims<'a>(section: &'a [u8], hostname: &Domain, hides_bcc: bool) -> Cow<'a, [u8]> {
    let goes = |field: &message::header::Field<'_>| match hides_bcc && (field.is("Bcc") || field.is("Resent-Bcc")) {
        true => true,
        false => field.is("Authentication-Results") && is_ours(field.value, hostname),
    };
    let claims: Vec<_> = fields(section).filter(goes).map(|field| field.range).collect();
    if claims.is_empty() {
        return Cow::Borrowed(section);
    }
    let mut kept = Vec::with_capacity(section.len());
    let mut from = 0;
    for claim in claims {
        kept.extend_from_slice(section.get(from..claim.start).unwrap_or_default());
        from = claim.end;
    }
    kept.extend_from_slice(section.get(from..).unwrap_or_default());
    Cow::Owned(kept)
}

/// RFC 8601 §2.2: the authserv-id comes first, and compares as a domain does.
fn is_ours(value: &[u8], hostname: &Domain) -> bool {
    let id = value_text(value);
    // The version (RFC 8601 §2.2: authres-version) comes after white space.
    let id = id.split_whitespace().next().unwrap_or_default().trim_end_matches('.');
    id.eq_ignore_ascii_case(hostname.as_str()) || Domain::parse(id).is_ok_and(|domain| domain == *hostname)
}

/// For threads, and for a reader that must be told about UTF-8.
#[derive(Debug)]
pub(crate) struct Digest {
    pub summary: Vec<u8>,
    pub utf8_header: bool,
    pub message_id: Option<String>,
    pub references: Vec<String>,
}

impl Digest {
    /// Of content with these fields put before it: a reader sees them as the message's own (RFC 6409 §8).
    pub fn of(structure: &message::Structure, added: &[u8]) -> Digest {
        let mut summary = Summary::of(structure);
        if !added.is_empty() {
            complete(&mut summary, Summary::of(&message::parse(added)));
        }
        Digest {
            summary: summary.encode(),
            utf8_header: summary.utf8_header,
            message_id: summary.message_id,
            references: summary.references,
        }
    }
}

/// Fills in what a summary lacks and an added header has.
fn complete(summary: &mut Summary, added: Summary) {
    let Summary { parts, message_id, .. } = added;
    summary.message_id = summary.message_id.take().or(message_id);
    let added = parts.into_iter().next().and_then(|part| part.envelope);
    let (Some(part), Some(added)) = (summary.parts.first_mut(), added) else { return };
    let envelope = part.envelope.get_or_insert_default();
    envelope.date = envelope.date.take().or(added.date);
    envelope.message_id = envelope.message_id.take().or(added.message_id);
    if envelope.from.is_empty() {
        envelope.from = added.from;
    }
    if envelope.sender.is_empty() {
        envelope.sender = added.sender;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_claims_in_our_name_are_cut() {
        let ours = Domain::parse("mx.hamburger.edu").unwrap();
        let section = b"A: 1\r\nAuthentication-Results: (hello) MX.hamburger.edu 1;\r\n spf=pass\r\nB: 2\r\n\
            Authentication-Results: mx.crepes.fr; spf=pass\r\nAuthentication-Results : \"mx.hamburger.edu\"; x\r\n\r\n";
        let kept = without_claims(section, &ours, false);
        let expected = b"A: 1\r\nB: 2\r\nAuthentication-Results: mx.crepes.fr; spf=pass\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&kept), String::from_utf8_lossy(expected));
        assert_eq!(without_claims(expected, &ours, false).as_ref(), expected);
        let hidden = without_claims(
            b"To: a@b.example\r\nbcc: c@d.example,\r\n e@f.example\r\nResent-Bcc: g@h.example\r\nX: y\r\n\r\n",
            &ours,
            true,
        )
        .into_owned();
        assert_eq!(String::from_utf8_lossy(&hidden), "To: a@b.example\r\nX: y\r\n\r\n");
    }

    #[test]
    fn what_a_header_says_is_counted() {
        let facts = Facts::of(b"Received: x\r\nReceived: y\r\nDelivered-To: bob@crepes.fr\r\nFrom: A <a@b.example>, c@d.example\r\nDate: x\r\n\r\n");
        assert_eq!((facts.received, facts.from_fields, facts.from.len()), (2, 1, 2));
        assert_eq!(facts.delivered_to, [Address::parse("bob@crepes.fr").unwrap()]);
        assert!(facts.has_date && !facts.has_message_id && !facts.has_sender);
    }

    #[test]
    fn every_sender_is_told() {
        let facts = Facts::of(
            b"From: a@b.example\r\nsender: A <c@d.example>\r\nSender: e@f.example\r\nResent-From: g@h.example,\r\n \
              i@j.example\r\nResent-Sender: nobody\r\nResent-To: k@l.example\r\n\r\n",
        );
        assert_eq!(
            told(&facts.senders),
            "Sender c@d.example, Sender e@f.example, Resent-From g@h.example, Resent-From i@j.example, Resent-Sender -"
        );
    }

    fn told(senders: &[Claimed]) -> String {
        let written = |address: &Option<Address>| address.as_ref().map_or("-".to_owned(), Address::to_string);
        let all: Vec<_> = senders.iter().map(|(name, address)| format!("{name} {}", written(address))).collect();
        all.join(", ")
    }

    #[test]
    fn of_those_who_resent_it_the_last_is_told() {
        for (section, wanted) in [
            (
                "Resent-From: a@b.c\r\nResent-To: x@y.z\r\nResent-From: d@e.f\r\nResent-Sender: g@h.i",
                "Resent-From a@b.c",
            ),
            ("Resent-From: a@b.c\r\nReceived: x\r\nResent-Sender: g@h.i", "Resent-From a@b.c"),
            ("Resent-Sender: g@h.i\r\nX: y\r\nresent-from: a@b.c", "Resent-Sender g@h.i, Resent-From a@b.c"),
            (
                "Received: x\r\nResent-From: a@b.c\r\nX: y\r\nResent-Sender: g@h.i",
                "Resent-From a@b.c, Resent-Sender g@h.i",
            ),
            // What is no block hides nobody.
            ("Resent-To: x@y.z\r\nResent-To: x@y.z\r\nReceived: x\r\nResent-From: a@b.c", "Resent-From a@b.c"),
            ("Sender: <ceo@bank..example>\r\nResent-From:", "Sender -"),
            ("Sender: ()", "Sender -"),
        ] {
            assert_eq!(told(&senders(format!("{section}\r\n\r\n").as_bytes())), wanted, "{section}");
        }
    }

    #[test]
    fn a_summary_has_the_fields_that_were_added() {
        let content = message::parse(b"Subject: lunch\r\nFrom: bob@hamburger.edu\r\n\r\nx");
        let added =
            b"Date: Mon, 1 Jun 2026 10:00:00 +0000\r\nFrom: no@hamburger.edu\r\nMessage-ID: <1@hamburger.edu>\r\n";
        let digest = Digest::of(&content, added);
        assert_eq!(digest.message_id.as_deref(), Some("1@hamburger.edu"));
        let summary = Summary::decode(&digest.summary).unwrap();
        let envelope = summary.parts[0].envelope.as_ref().unwrap();
        assert!(envelope.date.as_ref().unwrap().starts_with(b"Mon, 1 Jun"));
        assert_eq!(envelope.message_id.as_deref(), Some(&b"<1@hamburger.edu>"[..]));
        assert_eq!(envelope.subject.as_deref(), Some(&b"lunch"[..]));
        let plain = Summary::decode(&Digest::of(&content, b"").summary).unwrap();
        assert_eq!(envelope.from, plain.parts[0].envelope.as_ref().unwrap().from);
    }
}
