//! The part for people: what happened, what to do, whether we go on trying, and then the remote's own words. Plain text
//! in lines of 72 characters at most, unless one word is longer.

use super::explain::explain;
use super::{DIAGNOSTIC_MAX, Kind, Recipient, Report};
use message::{date, header};

/// Characters of a line, so that it survives being quoted once or twice.
const WIDTH: usize = 72;
/// Characters of the subject that are shown; the rest is in the returned header.
const SUBJECT_MAX: usize = 200;

/// All of it.
pub(super) fn of(report: &Report<'_>, kind: Kind) -> String {
    let mut out = String::new();
    wrap(&mut out, "", opening(kind));
    out.push('\n');
    about(&mut out, report);
    for recipient in report.recipients {
        out.push('\n');
        paragraph(&mut out, report, recipient);
    }
    out.push('\n');
    let signed = format!("This is an automatic message of the mail system at {}.", report.reporting_mta);
    wrap(&mut out, "", &signed);
    out
}

fn opening(kind: Kind) -> &'static str {
    match kind {
        Kind::Failed => "Your message could not be delivered to the recipients below. We do not try again.",
        Kind::Delayed => {
            "Your message has not been delivered yet to the recipients below. You need not do anything: we go on trying, \
             and tell you if it fails."
        }
        Kind::Relayed => {
            "Your message was handed on to mail systems that tell nothing of what becomes of it. You asked to be told."
        }
        Kind::Delivered => "Your message was delivered to the recipients below. You asked to be told.",
        Kind::Expanded => {
            "Your message was delivered to the recipients below and sent on to others in their place. You asked to be told."
        }
    }
}

/// Which message it is.
fn about(out: &mut String, report: &Report<'_>) {
    let subject = header::fields(report.original.header).find(|field| field.is("Subject"));
    if let Some(subject) = subject {
        let subject: String = plain(&header::text(subject.value)).chars().take(SUBJECT_MAX).collect();
        labelled(out, "Subject:", &subject);
    }
    labelled(out, "Came in:", &date::write(report.arrival, 0));
    labelled(out, "Number:", report.queue_id);
}

fn labelled(out: &mut String, label: &str, value: &str) {
    wrap(out, "    ", &format!("{label} {value}"));
}

fn paragraph(out: &mut String, report: &Report<'_>, recipient: &Recipient) {
    out.push_str(&format!("<{}>\n", recipient.address));
    let what = match recipient.action {
        Kind::Failed => failed(report, recipient),
        Kind::Delayed => delayed(recipient),
        Kind::Relayed => "It was handed on.".to_owned(),
        Kind::Delivered => "It was delivered.".to_owned(),
        Kind::Expanded => "It was delivered and sent on.".to_owned(),
    };
    wrap(out, "    ", &what);
    let Some(said) = &recipient.diagnostic else { return };
    let who = recipient.remote_mta.as_deref().unwrap_or("Our own mail system");
    wrap(out, "    ", &format!("{} said:", plain(who)));
    let said: String = said.chars().take(DIAGNOSTIC_MAX).collect();
    said.lines().filter(|line| !line.trim().is_empty()).for_each(|line| wrap(out, "        ", &plain(line)));
}

fn failed(report: &Report<'_>, recipient: &Recipient) -> String {
    let (what, to_do) = explain(recipient.status);
    // A passing trouble that failed is one that did not pass in time.
    match recipient.last_attempt.filter(|_| recipient.status.0 == 4) {
        Some(last) => {
            let days = last.since(report.arrival).as_secs() / (24 * 60 * 60);
            let length = match days {
                0 => "for as long as we may".to_owned(),
                1 => "for a day".to_owned(),
                _ => format!("for {days} days"),
            };
            format!("{what} We tried {length}, and stopped. {to_do}")
        }
        None => format!("{what} {to_do}"),
    }
}

fn delayed(recipient: &Recipient) -> String {
    let (what, _) = explain(recipient.status);
    match recipient.will_retry_until {
        Some(until) => format!("{what} We try again until {}.", date::write(until, 0)),
        None => format!("{what} We try again."),
    }
}

/// Controls out, those of terminals and of writing direction too: it is shown to people.
fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hidden(c) { ' ' } else { c }).collect()
}

/// Writes words in lines behind an indent.
fn wrap(out: &mut String, indent: &str, text: &str) {
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            out.push('\n');
            column = 0;
        }
        let before = if column == 0 { indent } else { " " };
        out.push_str(before);
        out.push_str(word);
        column += before.len() + length;
    }
    out.push('\n');
}
