//! What is composed, read by readers nobody here wrote: mail-parser, mailparse and CPython's `email`. Random letters, made
//! anew from a seed; every reader must find what went in. `PILLARBOX_SEEDS=10000` for the long form, `PILLARBOX_SEED=N` plays
//! one alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test: reads the environment, runs a foreign reader"
)]

mod letters;

use agent::letter::{Composed, Letter};
use letters::{Leaf, NOW, Random, compare, letter};
use mail_parser::{Address, MessageParser, MimeHeaders, PartType};
use mailparse::MailHeaderMap;
use std::io::Write;
use std::process::{Command, Stdio};

/// Letters in a usual run.
const SEEDS: u64 = 200;

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("PILLARBOX_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PILLARBOX_SEEDS").unwrap_or(SEEDS),
    }
}

fn composed(seed: u64) -> (Letter, Composed) {
    let letter = letter(seed);
    let mut random = Random::new(seed + 1);
    let octets: [u8; 32] = std::array::from_fn(|_| u8::try_from(random.below(256)).unwrap());
    let composed = letter.compose(NOW, &octets);
    (letter, composed)
}

#[test]
fn lines_can_travel_and_headers_are_folded() {
    for seed in seeds() {
        let (letter, composed) = composed(seed);
        assert_eq!(letter.check(), Ok(()), "seed {seed}");
        let text = String::from_utf8_lossy(&composed.message).into_owned();
        let plain = !composed.envelope.needs_smtputf8 && !letter.form.eight_bit;
        assert!(!plain || composed.message.is_ascii(), "seed {seed}");
        assert_eq!(text.replace("\r\n", "").find(['\r', '\n']), None, "seed {seed}");
        let end = text.find("\r\n\r\n").unwrap();
        for line in text.split("\r\n") {
            assert!(line.len() <= 998, "seed {seed}: {line}");
            // What some hosts take away breaks signatures (RFC 6376 §5.3).
            assert!(!line.ends_with([' ', '\t']) || line == "-- " || line.trim().is_empty(), "seed {seed}: {line:?}");
        }
        for line in text[..end].split("\r\n") {
            let one_word =
                line.trim_start().split_once(' ').is_none_or(|(name, rest)| name.ends_with(':') && !rest.contains(' '));
            let quoted = line.contains('"');
            assert!(line.len() <= 78 || one_word || quoted, "seed {seed}: {line}");
        }
        assert!(!text[..end].to_ascii_lowercase().contains("\r\nbcc:"), "seed {seed}");
    }
}

#[test]
fn our_own_reader_finds_what_went_in() {
    for seed in seeds() {
        let (letter, composed) = composed(seed);
        let read = Letter::read(&composed.copy);
        assert_eq!(read.bcc.to_string(), letter.bcc.to_string(), "seed {seed}");
        let twin = Letter { date: None, message_id: None, form: letter.form, ..read };
        let flat = |letter: &Letter| Letter { bcc: Default::default(), attachments: Vec::new(), ..letter.clone() };
        assert_eq!(flat(&twin), flat(&letter), "seed {seed}");
        // In the order they stand: what the HTML shows, then the rest.
        let sorted = |letter: &Letter| {
            let mut files = letter.attachments.clone();
            files.sort_by_key(|file| (file.name.clone(), file.octets.clone()));
            files.iter_mut().for_each(|file| file.parameters.clear());
            files
        };
        assert_eq!(sorted(&twin), sorted(&letter), "seed {seed}");
    }
}

/// Names and addresses of a list, groups dissolved.
fn people(list: &agent::letter::Recipients) -> Vec<(String, String)> {
    let person = |person: &agent::letter::Correspondent| {
        let address = message::Address::parse(&person.email).unwrap();
        (person.name.clone().unwrap_or_default(), address.to_string())
    };
    list.people().map(person).collect()
}

#[test]
fn mail_parser_finds_what_went_in() {
    for seed in seeds() {
        let (letter, composed) = composed(seed);
        let read = MessageParser::default().parse(&composed.message).unwrap();
        assert_eq!(read.subject().unwrap_or_default(), letter.subject, "seed {seed}");
        let listed = |list: Option<&Address<'_>>| -> Vec<(String, String)> {
            let person = |one: &mail_parser::Addr<'_>| {
                (one.name().unwrap_or_default().to_owned(), one.address().unwrap_or_default().to_owned())
            };
            list.map(|list| list.iter().map(person).collect()).unwrap_or_default()
        };
        assert_eq!(listed(read.from()), people(&letter.from), "seed {seed}");
        assert_eq!(listed(read.cc()), people(&letter.cc), "seed {seed}");
        assert_eq!(listed(read.to()), people(&letter.to), "seed {seed}");
        assert_eq!(read.message_id(), Some(composed.message_id.as_str()));
        let leaf = |part: &mail_parser::MessagePart<'_>| {
            let kind =
                part.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()));
            let media_type = kind.unwrap_or_else(|| "text/plain".to_owned());
            Leaf {
                name: part.attachment_name().map(str::to_owned),
                id: part.content_id().map(str::to_owned),
                description: part.content_description().map(str::to_owned),
                octets: if media_type.starts_with("message/") { Vec::new() } else { part.contents().to_vec() },
                media_type,
            }
        };
        let is_leaf = |part: &&mail_parser::MessagePart<'_>| !matches!(part.body, PartType::Multipart(_));
        let found: Vec<Leaf> = read.parts.iter().filter(is_leaf).map(leaf).collect();
        compare(&found, &letter, seed);
    }
}

#[test]
fn mailparse_finds_what_went_in() {
    fn leaves(part: &mailparse::ParsedMail<'_>, out: &mut Vec<Leaf>) {
        if part.ctype.mimetype.starts_with("multipart/") {
            part.subparts.iter().for_each(|part| leaves(part, out));
            return;
        }
        let disposition = part.get_content_disposition();
        let field = |name: &str| part.headers.get_first_value(name);
        let is_message = part.ctype.mimetype.starts_with("message/");
        out.push(Leaf {
            media_type: part.ctype.mimetype.clone(),
            name: disposition.params.get("filename").cloned(),
            id: field("Content-ID").map(|id| id.trim_matches(['<', '>']).to_owned()),
            description: field("Content-Description"),
            octets: if is_message { Vec::new() } else { part.get_body_raw().unwrap() },
        });
    }
    for seed in seeds() {
        let (letter, composed) = composed(seed);
        let read = mailparse::parse_mail(&composed.message).unwrap();
        assert_eq!(read.headers.get_first_value("Subject").unwrap_or_default(), letter.subject, "seed {seed}");
        let mut found = Vec::new();
        leaves(&read, &mut found);
        compare(&found, &letter, seed);
    }
}

/// Prints what it reads as lines of hex, so that no quoting stands between the two.
const READER: &str = r#"
import sys, email, email.policy
h = lambda value: (value.encode('utf-8', 'surrogateescape') if isinstance(value, str) else value).hex()
def leaves(part):
    if part.get_content_maintype() == 'multipart':
        for inner in part.iter_parts():
            yield from leaves(inner)
    else:
        yield part
def leaf(part):
    octets = b'' if part.get_content_maintype() == 'message' else part.get_payload(decode=True)
    return ':'.join([h(part.get_content_type()), h(part.get_filename() or ''), h(part.get('content-id', '').strip('<>')),
        h(part.get('content-description', '')), h(octets)])
for line in sys.stdin:
    m = email.message_from_bytes(bytes.fromhex(line), policy=email.policy.default)
    defects = [str(d) for part in leaves(m) for d in part.defects]
    people = lambda name: ','.join(h(a.display_name) + '/' + h(a.addr_spec) for a in m[name].addresses) if m[name] else ''
    print('|'.join([h(' '.join(defects)), h(m['subject'] or ''), people('from'), people('to'), people('cc'), h(m['message-id']),
        ';'.join(leaf(part) for part in leaves(m))]), flush=True)
"#;

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

#[test]
fn python_finds_what_went_in() {
    let python = Command::new("python3").args(["-c", READER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut python) = python else {
        assert!(std::env::var("PILLARBOX_REQUIRE_PEERS").is_err(), "python3 is not installed");
        return println!("skipped: python3 is not installed");
    };
    let mut input = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for seed in seeds() {
            writeln!(input, "{}", hex(&composed(seed).1.message)).unwrap();
        }
    });
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert_eq!(found.lines().count() as u64, seeds().end - seeds().start);
    for (found, seed) in found.lines().zip(seeds()) {
        let (letter, composed) = composed(seed);
        let fields: Vec<&str> = found.split('|').collect();
        assert_eq!(fields[0], "", "seed {seed}: {}", String::from_utf8_lossy(&unhex(fields[0])));
        assert_eq!(fields[1], hex(letter.subject.as_bytes()), "seed {seed}");
        // Between two encoded words of a name CPython leaves a space in, which RFC 2047 §6.2 takes out.
        let squeezed = |text: &str| text.replace(' ', "");
        let listed = |text: &str| -> Vec<(String, String)> {
            let pairs = text.split(',').filter_map(|pair| pair.split_once('/'));
            let read = |text: &str| String::from_utf8(unhex(text)).unwrap();
            pairs.map(|(name, address)| (squeezed(&read(name)), read(address))).collect()
        };
        let wanted =
            |list| people(list).into_iter().map(|(name, address)| (squeezed(&name), address)).collect::<Vec<_>>();
        assert_eq!(listed(fields[2]), wanted(&letter.from), "seed {seed}");
        assert_eq!(listed(fields[3]), wanted(&letter.to), "seed {seed}");
        assert_eq!(listed(fields[4]), wanted(&letter.cc), "seed {seed}");
        assert_eq!(unhex(fields[5]), format!("<{}>", composed.message_id).as_bytes(), "seed {seed}");
        let leaf = |text: &str| {
            let pieces: Vec<Vec<u8>> = text.split(':').map(unhex).collect();
            let text = |index: usize| String::from_utf8(pieces[index].clone()).unwrap();
            let optional = |index: usize| Some(text(index)).filter(|text| !text.is_empty());
            Leaf {
                media_type: text(0),
                name: optional(1),
                id: optional(2),
                description: optional(3),
                octets: pieces[4].clone(),
            }
        };
        compare(&fields[6].split(';').map(leaf).collect::<Vec<_>>(), &letter, seed);
    }
}
