//! What a peer offers in its reply to EHLO or LHLO (RFC 5321 §4.1.1.1). What is unknown or malformed is passed over.

use crate::sasl::Mechanism;
use crate::smtp::Reply;

/// The extensions of a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// SIZE (RFC 1870).
    pub size: Size,
    /// 8BITMIME (RFC 6152).
    pub eight_bit_mime: bool,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// CHUNKING (RFC 3030).
    pub chunking: bool,
    /// BINARYMIME (RFC 3030).
    pub binary_mime: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// ENHANCEDSTATUSCODES (RFC 2034).
    pub enhanced_status_codes: bool,
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// REQUIRETLS (RFC 8689).
    pub require_tls: bool,
    /// The mechanisms of AUTH (RFC 4954) that are known here, in the peer's order.
    pub auth: Vec<Mechanism>,
    /// LIMITS RCPTMAX (RFC 9422): recipients of one transaction.
    pub recipients_max: Option<u32>,
    /// LIMITS MAILMAX (RFC 9422): transactions of one connection.
    pub transactions_max: Option<u32>,
}

/// SIZE (RFC 1870 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// The parameter is not understood.
    #[default]
    NotOffered,
    /// The peer takes the parameter and names no limit.
    NoLimit,
    /// Octets of the largest message it takes.
    Limit(u64),
}

impl Size {
    /// Whether the peer said that it takes no message so long.
    #[must_use]
    pub fn excludes(self, octets: u64) -> bool {
        matches!(self, Size::Limit(limit) if octets > limit)
    }
}

impl Extensions {
    /// Reads a reply. Its first line is the peer's name and greeting.
    #[must_use]
    pub fn read(reply: &Reply) -> Extensions {
        let mut extensions = Extensions::default();
        reply.lines.iter().skip(1).for_each(|line| extensions.line(line));
        extensions
    }

    fn line(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let Some(keyword) = words.next() else { return };
        match keyword.to_ascii_uppercase().as_str() {
            "SIZE" => self.size = size(words.next()),
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "CHUNKING" => self.chunking = true,
            "BINARYMIME" => self.binary_mime = true,
            "DSN" => self.dsn = true,
            "PIPELINING" => self.pipelining = true,
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            "STARTTLS" => self.starttls = true,
            "REQUIRETLS" => self.require_tls = true,
            "AUTH" => self.mechanisms(words),
            "LIMITS" => words.for_each(|word| self.limit(word)),
            // As servers wrote it when AUTH was new, and some still do beside the right form.
            other => {
                if let Some(first) = other.strip_prefix("AUTH=") {
                    self.mechanisms(std::iter::once(first).chain(words));
                }
            }
        }
    }

    fn mechanisms<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for mechanism in names.filter_map(Mechanism::parse) {
            if !self.auth.contains(&mechanism) {
                self.auth.push(mechanism);
            }
        }
    }

    fn limit(&mut self, word: &str) {
        let Some((name, value)) = word.split_once('=') else { return };
        // RFC 9422: no limit is 0.
        let value = value.parse().ok().filter(|value| *value > 0);
        if name.eq_ignore_ascii_case("RCPTMAX") {
            self.recipients_max = value;
        } else if name.eq_ignore_ascii_case("MAILMAX") {
            self.transactions_max = value;
        }
    }
}

/// RFC 1870 §4: no number, or 0, is no fixed limit. A number beyond 64 bits is none that could be met.
fn size(value: Option<&str>) -> Size {
    match value.map(str::parse) {
        Some(Ok(limit)) if limit > 0 => Size::Limit(limit),
        _ => Size::NoLimit,
    }
}
