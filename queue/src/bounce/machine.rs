//! The part for machines: `message/delivery-status` (RFC 3464 §2), or its form in UTF-8 (RFC 6533 §4.1) where an address
//! asks for it.

use super::{DIAGNOSTIC_MAX, Kind, Recipient, Report};
use message::build::report::field;
use message::{Time, date};

/// Media type and content.
pub(super) fn status(report: &Report<'_>) -> (&'static str, Vec<u8>) {
    let global = report.recipients.iter().any(is_global);
    let mut out = of_message(report);
    for recipient in report.recipients {
        out.extend_from_slice(b"\r\n");
        out.extend(of_recipient(recipient, global));
    }
    (if global { "message/global-delivery-status" } else { "message/delivery-status" }, out)
}

fn is_global(recipient: &Recipient) -> bool {
    let original_is_ascii = recipient.orcpt.as_deref().is_none_or(str::is_ascii);
    !recipient.address.to_string().is_ascii() || !original_is_ascii
}

/// RFC 3464 §2.2.
fn of_message(report: &Report<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(envid) = report.envid {
        out.extend(field("Original-Envelope-Id", &ascii(envid)));
    }
    out.extend(field("Reporting-MTA", &format!("dns; {}", report.reporting_mta)));
    out.extend(field("Arrival-Date", &date::write(report.arrival, 0)));
    out.extend(field("X-Queue-ID", &ascii(report.queue_id)));
    out
}

/// RFC 3464 §2.3.
fn of_recipient(recipient: &Recipient, global: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some((kind, address)) = recipient.orcpt.as_deref().and_then(|orcpt| orcpt.split_once(';')) {
        out.extend(field("Original-Recipient", &format!("{}; {}", ascii(kind), address.trim())));
    }
    let address = recipient.address.to_string();
    // RFC 6533 §4.1: `utf-8` only where the address needs it.
    let kind = if address.is_ascii() { "rfc822" } else { "utf-8" };
    out.extend(field("Final-Recipient", &format!("{kind}; {address}")));
    out.extend(field("Action", action(recipient.action)));
    out.extend(field("Status", &recipient.status.to_string()));
    if let Some(remote) = &recipient.remote_mta {
        out.extend(field("Remote-MTA", &format!("dns; {}", ascii(remote))));
        // RFC 3464 §2.3.6: with a Remote-MTA the code is that host's; ours stands among the words only.
        if let Some(said) = &recipient.diagnostic {
            let said: String = said.chars().take(DIAGNOSTIC_MAX).collect();
            let said = if global { said } else { ascii(&said) };
            out.extend(field("Diagnostic-Code", &format!("smtp; {said}")));
        }
    }
    let mut at = |name: &str, time: Option<Time>| {
        if let Some(time) = time {
            out.extend(field(name, &date::write(time, 0)));
        }
    };
    at("Last-Attempt-Date", recipient.last_attempt);
    at("Will-Retry-Until", recipient.will_retry_until.filter(|_| recipient.action == Kind::Delayed));
    out
}

fn action(kind: Kind) -> &'static str {
    match kind {
        Kind::Failed => "failed",
        Kind::Delayed => "delayed",
        Kind::Relayed => "relayed",
        Kind::Delivered => "delivered",
        Kind::Expanded => "expanded",
    }
}

/// What the seven-bit form cannot say becomes `?`; the words for people have it whole.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}
