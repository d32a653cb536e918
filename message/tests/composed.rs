//! What the composer writes, read by two readers nobody here wrote: mail-parser, and CPython's `email`. Both must find what
//! went in. CPython runs once over all messages; where there is no `python3` that half fails, as a skipped test would.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "runs a foreign reader")]

use mail_parser::{MessageParser, MimeHeaders};
use message::build::compose::{Content, Correspondent, Draft, Entity, Field, Group, Lines, Value, arrange, join};
use std::io::Write;
use std::process::{Command, Stdio};

struct Letter {
    subject: &'static str,
    name: &'static str,
    text: String,
    html: Option<&'static str>,
    file: Option<&'static str>,
}

fn letters() -> Vec<Letter> {
    let names = [
        "Alice",
        "Zoë Ångström",
        "O'Neil, \"Jim\"",
        "Ильдар Иванов",
        "a@b",
        "x (y)",
        "日本語の名前はとても長いものです、はい",
        "=?utf-8?Q?no?=",
    ];
    let subjects = [
        "Crêpes",
        "Do you like ketchup?",
        "=?x",
        "a  b",
        "Ж",
        "🥞 and so on, and so on, and so on, and so on, to the end of the line",
        "Re: [x] y",
        "\"q\"",
    ];
    let texts = [
        "Do you like ketchup?\r\nHow about pickles?\r\n".to_owned(),
        "crêpe \r\n.\r\nFrom here\r\n-- \r\nAlice".to_owned(),
        "x".repeat(3000),
        "Здравствуйте, ".repeat(40),
        "= = =\t\r\n".to_owned(),
    ];
    let files = [
        None,
        Some("a.pdf"),
        Some("crêpe and \"more\".pdf"),
        Some("ein sehr langer Dateiname, der auf keine Zeile passt, weil er länger ist.pdf"),
        Some("日本語.pdf"),
    ];
    let htmls = [None, Some("<p>crêpe</p>"), Some("<img src=\"cid:cat@crepes.fr\">")];
    let count = names.len() * 5;
    (0..count)
        .map(|index| Letter {
            subject: subjects[index % subjects.len()],
            name: names[index % names.len()],
            text: texts[index % texts.len()].clone(),
            html: htmls[index % htmls.len()],
            file: files[(index / 2) % files.len()],
        })
        .collect()
}

const OCTETS: &[u8] = b"\x00\x01binary\r\n\xFF";

fn written(letter: &Letter) -> Vec<u8> {
    let part = |media_type: &str, text: &str| Entity {
        media_type: media_type.to_owned(),
        content: Content::Text(text.to_owned()),
        ..Entity::default()
    };
    let file = letter.file.map(|name| Entity {
        media_type: "application/pdf".to_owned(),
        disposition: Some("attachment".to_owned()),
        file_name: Some(name.to_owned()),
        content: Content::Source { number: 0, lines: Lines::Binary },
        ..Entity::default()
    });
    let person = |name: &str, email: &str| Correspondent { name: Some(name.to_owned()), email: email.to_owned() };
    let to = vec![person(letter.name, "alice@crepes.fr"), person("", "bob@hamburger.edu")];
    let fields = vec![
        Field::new("Subject", Value::Text(letter.subject.to_owned())),
        Field::new("To", Value::Addresses(vec![Group { name: None, members: to }])),
        Field::new("Message-ID", Value::MessageIds(vec!["1@crepes.fr".to_owned()])),
    ];
    let html = letter.html.map(|html| part("text/html", html));
    let body = arrange(Some(part("text/plain", &letter.text)), html, file.into_iter().collect());
    join(&Draft { fields, body, random: [7, 8] }.compose(), |_| OCTETS)
}

#[test]
fn mail_parser_finds_what_went_in() {
    for letter in letters() {
        let content = written(&letter);
        let message = MessageParser::default().parse(&content).unwrap();
        assert_eq!(message.subject().unwrap_or_default(), letter.subject);
        let to = message.to().unwrap().first().unwrap();
        assert_eq!((to.name(), to.address()), (Some(letter.name), Some("alice@crepes.fr")));
        assert_eq!(message.body_text(0).unwrap(), letter.text);
        if let Some(html) = letter.html {
            assert_eq!(message.body_html(0).unwrap(), html);
        }
        let file = message.attachment(0);
        assert_eq!(file.and_then(MimeHeaders::attachment_name), letter.file);
        assert!(file.is_none_or(|file| file.contents() == OCTETS));
    }
}

/// Prints what it reads as lines of hex, so that no quoting stands between the two.
const READER: &str = r#"
import sys, email, email.policy
h = lambda value: (value.encode('utf-8', 'surrogateescape') if isinstance(value, str) else value).hex()
for line in sys.stdin:
    m = email.message_from_bytes(bytes.fromhex(line), policy=email.policy.default)
    defects = [d for part in m.walk() for d in part.defects]
    to = m['to'].addresses
    text = m.get_body(('plain',)).get_content()
    html = m.get_body(('html',))
    files = list(m.iter_attachments())
    name = files[0].get_filename() if files else ''
    octets = files[0].get_content() if files else b''
    print('|'.join([str(len(defects)), h(m['subject']), h(to[0].display_name), h(to[0].addr_spec), h(text),
        h(html.get_content() if html else ''), h(name), h(octets)]))
"#;

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn python_finds_what_went_in() {
    let mut python = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 reads what we wrote");
    let mut input = python.stdin.take().unwrap();
    let letters = letters();
    // Everything is far smaller than a pipe's buffer would need to be read beside: one thread writes, this one waits.
    let lines: String = letters.iter().map(|letter| hex(&written(letter)) + "\n").collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert_eq!(found.lines().count(), letters.len());
    for (found, letter) in found.lines().zip(&letters) {
        // `get_content` has LF for CRLF, and ends text with a line end.
        let unix = |text: &str| text.replace("\r\n", "\n");
        let octets: &[u8] = if letter.file.is_some() { OCTETS } else { b"" };
        let expected: Vec<String> =
            [letter.subject, letter.name, "alice@crepes.fr"].map(|text| hex(text.as_bytes())).into();
        let fields: Vec<&str> = found.split('|').collect();
        assert_eq!(fields[0], "0", "defects in {}", letter.subject);
        // Between two encoded words of a name CPython leaves a space in, which RFC 2047 §6.2 takes out.
        let squeezed = |hex: &str| hex.replace("20", "");
        assert_eq!(fields[1], expected[0]);
        assert_eq!(squeezed(fields[2]), squeezed(&expected[1]));
        assert_eq!(fields[3], expected[2]);
        let trimmed = |hex: &str| hex.trim_end_matches("0d0a").trim_end_matches("0a").replace("0d0a", "0a");
        assert_eq!(trimmed(fields[4]), trimmed(&hex(unix(&letter.text).as_bytes())));
        assert_eq!(trimmed(fields[5]), hex(letter.html.unwrap_or_default().as_bytes()));
        assert_eq!(fields[6..], [hex(letter.file.unwrap_or_default().as_bytes()), hex(octets)]);
    }
}
