//! Whether a message has files, from its BODYSTRUCTURE (RFC 9051 §7.5.2). Owns nothing else of the structure: the mirror reads
//! the message itself once it is here.

use wire::imap::response::Value;

/// Whether some part is a file: it says so, or it has a name, or it is nothing a reader shows as text.
pub(super) fn has_files(structure: &Value) -> bool {
    let mut open = vec![structure];
    while let Some(value) = open.pop() {
        let parts = value.list();
        let is_multipart = matches!(parts.first(), Some(Value::List(_)));
        if is_multipart {
            open.extend(parts.iter().take_while(|part| matches!(part, Value::List(_))));
        } else if is_file(parts) {
            return true;
        }
    }
    false
}

fn is_file(part: &[Value]) -> bool {
    let word = |index: usize| {
        let octets = part.get(index).and_then(Value::octets).unwrap_or_default();
        String::from_utf8_lossy(octets).to_ascii_lowercase()
    };
    let (kind, subtype) = (word(0), word(1));
    let disposition = part.iter().skip(7).find_map(disposition);
    match (kind.as_str(), disposition.as_deref()) {
        // A signature is no file to a reader, though programs call it an attachment (RFC 8551 §3.5.3).
        ("application", _) if subtype.ends_with("signature") || subtype.starts_with("pkcs7-") => false,
        (_, Some("attachment")) => true,
        ("text", _) => subtype == "calendar" || (subtype == "plain" && has_name(part.get(2))),
        ("", _) | ("image", Some("inline")) => false,
        // An image that HTML shows has an id and no disposition.
        ("image", None) => matches!(part.get(3), Some(Value::Nil)),
        ("message", _) => subtype == "rfc822",
        _ => true,
    }
}

/// `("attachment" ("filename" "x"))`, wherever it stands among the extension data.
fn disposition(value: &Value) -> Option<String> {
    let [Value::String(word), Value::List(_) | Value::Nil] = value.list() else { return None };
    let word = String::from_utf8_lossy(word).to_ascii_lowercase();
    matches!(word.as_str(), "attachment" | "inline").then_some(word)
}

fn has_name(parameters: Option<&Value>) -> bool {
    let names = parameters.map(Value::list).unwrap_or_default().iter().step_by(2);
    names
        .filter_map(Value::octets)
        .any(|name| name.eq_ignore_ascii_case(b"name") || name.eq_ignore_ascii_case(b"name*"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::imap::Charset;
    use wire::imap::response::{Data, FetchData, Response, response};

    fn files(structure: &str) -> bool {
        let line = format!("* 1 FETCH (BODYSTRUCTURE {structure})");
        let Ok(Response::Untagged(Data::Fetch(1, items))) = response(line.as_bytes(), Charset::Ascii) else { panic!() };
        let [FetchData::BodyStructure(value)] = &items[..] else { panic!() };
        has_files(value)
    }

    #[test]
    fn files_are_known_by_their_place_in_the_structure() {
        let text = r#"("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 10 1 NIL NIL NIL NIL)"#;
        let html = r#"("text" "html" NIL NIL NIL "7bit" 10 1 NIL NIL NIL NIL)"#;
        let pdf = r#"("application" "pdf" ("name" "a.pdf") NIL NIL "base64" 10 NIL ("attachment" ("filename" "a.pdf")) NIL NIL)"#;
        let seal = r#"("application" "pkcs7-signature" NIL NIL NIL "base64" 10 NIL ("attachment" NIL) NIL NIL)"#;
        let image = r#"("image" "png" NIL "<a@b>" NIL "base64" 10 NIL NIL NIL NIL)"#;
        assert!(!files(text));
        assert!(!files(&format!("({text}{html} \"alternative\" (\"boundary\" \"x\") NIL NIL NIL)")));
        assert!(files(&format!("({text}{pdf} \"mixed\")")));
        assert!(files(&format!("(({text}{html} \"alternative\"){pdf} \"mixed\")")));
        assert!(!files(&format!("({text}{seal} \"signed\")")));
        assert!(!files(&format!("({html}{image} \"related\")")));
        assert!(files(r#"("text" "plain" ("name" "a.txt") NIL NIL "7bit" 10 1)"#));
        assert!(!files("NIL"));
    }
}
