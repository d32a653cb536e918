//! Legacy display elements (RFC 9788): the copy of a hidden subject that some senders put at the top of the text, for programs
//! that do not look inside. Whoever looks inside need not show it twice. Owns finding and leaving it out.

use crate::mime::{bytes, content_type, quoted};
use message::encoding::base64;
use message::header::parameter_text;
use message::recode::{Edit, Plan, Replacement};
use message::{Kind, Part, TransferEncoding};

/// What opens the element in HTML, and what ends it.
const OPENS: &str = "<div class=\"header-protection-legacy-display\">";
const ENDS: &str = "</div>";
/// Lines of the element in plain text: one for each field that was hidden.
const LINES_MAX: usize = 20;

/// The entity without such elements, in the parts that say they have one.
pub(crate) fn left_out(entity: &[u8]) -> Vec<u8> {
    let structure = message::parse(entity);
    let edits = structure.parts.iter().filter(|part| part.kind == Kind::Leaf).filter_map(|part| {
        let kind = content_type(part).filter(|kind| kind.main == "text")?;
        parameter_text(&kind.parameters, "hp-legacy-display").filter(|value| value == "1")?;
        let text = message::encoding::decode(part.encoding, bytes(entity, &part.body));
        let rest = if kind.sub == "html" { without_division(&text)? } else { without_lines(&text)? };
        Some(Edit { range: part.body.clone(), with: Replacement::Bytes(encoded(part, rest)) })
    });
    Plan { edits: edits.collect(), obstacle: None }.apply(entity)
}

/// Plain text: lines that are fields, up to the first empty one.
fn without_lines(text: &[u8]) -> Option<Vec<u8>> {
    let mut at = 0;
    for (count, line) in text.split_inclusive(|octet| *octet == b'\n').enumerate().take(LINES_MAX) {
        at += line.len();
        let bare = line.trim_ascii_end();
        if bare.is_empty() {
            return (count > 0).then(|| text.get(at..).unwrap_or(&[]).to_vec());
        }
        let continues = count > 0 && line.starts_with(b" ");
        if !continues && !message::header::begins_with_field(bare) {
            return None;
        }
    }
    None
}

/// HTML: the division of that class, which holds no other.
fn without_division(html: &[u8]) -> Option<Vec<u8>> {
    let find = |from: usize, what: &str| {
        let window = html.get(from..)?.windows(what.len()).position(|window| window == what.as_bytes());
        window.map(|at| from + at)
    };
    let start = find(0, OPENS)?;
    let end = find(start, ENDS)? + ENDS.len();
    Some([html.get(..start)?, html.get(end..)?].concat())
}

fn encoded(part: &Part, octets: Vec<u8>) -> Vec<u8> {
    match part.encoding {
        TransferEncoding::Base64 => {
            let mut out = Vec::new();
            let mut encoder = base64::Encoder::default();
            encoder.push(&octets, &mut out);
            encoder.finish(&mut out);
            out
        }
        TransferEncoding::QuotedPrintable => quoted(&octets),
        _ => octets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: &str, encoding: &str, body: &str) -> String {
        let entity = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}");
        let entity = left_out(entity.as_bytes());
        String::from_utf8_lossy(&entity).split("\r\n\r\n").skip(1).collect::<Vec<_>>().join("\r\n\r\n")
    }

    #[test]
    fn a_copy_of_the_subject_is_left_out_where_the_part_says_so() {
        let plain = "text/plain; hp-legacy-display=1";
        assert_eq!(shown(plain, "7bit", "Subject: Ketchup\r\n and more\r\n\r\nHello.\r\n"), "Hello.\r\n");
        assert_eq!(shown(plain, "quoted-printable", "Subject: K=C3=AA\r\n\r\n=C3=AA\r\n"), "=C3=AA\r\n");
        assert_eq!(shown(plain, "base64", "U3ViamVjdDogeA0KDQpIaQ=="), "SGk=");
        assert_eq!(
            shown("text/plain", "7bit", "Subject: Ketchup\r\n\r\nHello.\r\n"),
            "Subject: Ketchup\r\n\r\nHello.\r\n"
        );
        for text in ["Hello.\r\n\r\nBob\r\n", "\r\nHello: Bob\r\n", "Subject: x\r\nHello.\r\n\r\n", "Subject: x\r\n"] {
            assert_eq!(shown(plain, "7bit", text), text, "no element, nothing left out");
        }
    }

    #[test]
    fn so_is_the_division_in_html() {
        let html = "text/html; hp-legacy-display=1";
        let element = "<div class=\"header-protection-legacy-display\"><pre>Subject: x</pre></div>";
        assert_eq!(shown(html, "7bit", &format!("<body>{element}<p>Hi</p></body>")), "<body><p>Hi</p></body>");
        assert_eq!(shown(html, "7bit", "<body><div>Hi</div></body>"), "<body><div>Hi</div></body>");
    }

    #[test]
    fn lines_have_a_limit() {
        let lines = |count: usize| "X: y\r\n".repeat(count) + "\r\nHello.\r\n";
        let plain = "text/plain; hp-legacy-display=1";
        assert_eq!(shown(plain, "7bit", &lines(LINES_MAX - 1)), "Hello.\r\n");
        assert!(shown(plain, "7bit", &lines(LINES_MAX)).starts_with("X: y"));
    }
}
