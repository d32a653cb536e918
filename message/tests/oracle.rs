//! Our reading of `corpus/*.eml` against that of mail-parser. Every difference is a line of `corpus/differences.tsv`
//! (file, what, ours, theirs, why ours is right); a difference without a line fails, and so does a line without one.
#![allow(clippy::disallowed_methods, reason = "reads its corpus")]
#![allow(clippy::unwrap_used)]

use mail_parser::{Address, MessageParser, MimeHeaders, PartType};
use message::header::{Entry, Mailbox, parameter_text, text};
use message::summary::{Envelope, Summary, SummaryPart};
use message::{date, parse};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

type Reading = BTreeMap<&'static str, String>;

fn ours(content: &[u8]) -> Reading {
    let summary = Summary::of(&parse(content));
    let envelope = summary.parts[0].envelope.as_ref().unwrap();
    let date = envelope.date.as_deref().and_then(date::read).map(|date| date.unix_seconds.to_string());
    Reading::from([
        ("subject", envelope.subject.as_deref().map(text).unwrap_or_default()),
        ("from", our_list(&envelope.from)),
        ("to", our_list(&envelope.to)),
        ("date", date.unwrap_or_default()),
        ("message-id", summary.message_id.clone().unwrap_or_default()),
        ("types", join(summary.parts.iter().map(|part| format!("{}/{}", part.media_type, part.subtype)))),
        ("names", join(summary.parts.iter().filter_map(our_name))),
    ])
}

fn our_list(list: &[Entry]) -> String {
    join(Envelope::mailboxes(list).map(|mailbox: &Mailbox| {
        let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let name = mailbox.name.as_ref().map(|name| name.text()).unwrap_or_default();
        let at = if mailbox.domain.is_empty() { "" } else { "@" };
        format!("{name}<{}{at}{}>", part(&mailbox.local_part), part(&mailbox.domain))
    }))
}

fn our_name(part: &SummaryPart) -> Option<String> {
    let disposition = part.disposition.as_ref().and_then(|found| parameter_text(&found.parameters, "filename"));
    disposition.or_else(|| parameter_text(&part.parameters, "name"))
}

fn theirs(content: &[u8]) -> Reading {
    let Some(message) = MessageParser::default().parse(content) else {
        return Reading::from([("refused", "refused".to_owned())]);
    };
    let (mut types, mut names) = (Vec::new(), Vec::new());
    their_parts(&message, "text/plain", &mut types, &mut names);
    Reading::from([
        ("subject", message.subject().unwrap_or_default().to_owned()),
        ("from", message.from().map(their_list).unwrap_or_default()),
        ("to", message.to().map(their_list).unwrap_or_default()),
        ("date", message.date().map(|date| date.to_timestamp().to_string()).unwrap_or_default()),
        ("message-id", message.message_id().unwrap_or_default().to_owned()),
        ("types", join(types)),
        ("names", join(names)),
    ])
}

fn their_parts(message: &mail_parser::Message<'_>, default: &str, types: &mut Vec<String>, names: &mut Vec<String>) {
    for part in &message.parts {
        let media_type = part
            .content_type()
            .map(|found| format!("{}/{}", found.ctype(), found.subtype().unwrap_or_default()).to_lowercase());
        types.push(media_type.unwrap_or_else(|| default.to_owned()));
        names.extend(part.attachment_name().map(str::to_owned));
        if let PartType::Message(inner) = &part.body {
            their_parts(inner, "text/plain", types, names);
        }
    }
}

fn their_list(list: &Address<'_>) -> String {
    join(
        list.iter().map(|address| {
            format!("{}<{}>", address.name().unwrap_or_default(), address.address().unwrap_or_default())
        }),
    )
}

fn join(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

/// One line a difference, as in the table but for the reason.
fn differences(name: &str, content: &[u8]) -> Vec<String> {
    let (ours, theirs) = (ours(content), theirs(content));
    let mut lines = Vec::new();
    for what in ["refused", "subject", "from", "to", "date", "message-id", "types", "names"] {
        let of = |reading: &Reading| reading.get(what).cloned().unwrap_or_default();
        let refused = theirs.contains_key("refused") && what != "refused";
        if of(&ours) != of(&theirs) && !refused {
            lines.push(format!("{name}\t{what}\t{}\t{}", of(&ours), of(&theirs)));
        }
    }
    lines
}

#[test]
fn every_difference_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    files.sort();
    assert!(files.len() >= 40, "the corpus has shrunk");
    let found: Vec<String> = files
        .iter()
        .flat_map(|path| differences(path.file_stem().unwrap().to_str().unwrap(), &std::fs::read(path).unwrap()))
        .collect();
    let table = std::fs::read_to_string(folder.join("differences.tsv")).unwrap();
    let explained: Vec<(&str, &str)> =
        table.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once('\t').unwrap()).collect();
    let mut report = String::new();
    for line in &found {
        if !explained.iter().any(|(known, reason)| known == line && !reason.is_empty()) {
            let _ = writeln!(report, "unexplained: {line}");
        }
    }
    for (known, _) in explained.iter().filter(|(known, _)| !found.iter().any(|line| line == known)) {
        let _ = writeln!(report, "no longer a difference: {known}");
    }
    assert!(report.is_empty(), "\n{report}");
}
