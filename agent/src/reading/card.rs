//! What a calendar entry (RFC 5545) and a business card (RFC 6350) say, in a few lines. Owns no rule of recurrence: a line
//! tells that there is one.

/// Entries of one part that are told.
const ENTRIES_MAX: usize = 20;
/// Lines of one part that are looked at.
const LINES_MAX: usize = 20_000;
/// Characters of one value.
const VALUE_MAX: usize = 500;

/// What is told of a calendar: the property, and the word for it.
const EVENT: [(&str, &str); 9] = [
    ("SUMMARY", "What"),
    ("DTSTART", "Starts"),
    ("DTEND", "Ends"),
    ("DUE", "Due"),
    ("LOCATION", "Where"),
    ("ORGANIZER", "From"),
    ("STATUS", "Status"),
    ("RRULE", "Repeats"),
    ("DESCRIPTION", "About"),
];
const CARD: [(&str, &str); 8] = [
    ("FN", "Name"),
    ("ORG", "Company"),
    ("TITLE", "Title"),
    ("EMAIL", "Mail"),
    ("TEL", "Phone"),
    ("ADR", "Address"),
    ("URL", "Page"),
    ("BDAY", "Born"),
];

/// The lines that tell of a `text/calendar`.
pub(super) fn calendar(text: &str) -> Vec<String> {
    let properties = properties(text);
    let method = properties.iter().find(|property| property.name == "METHOD");
    let title = match method.map(|method| method.value.to_ascii_uppercase()).as_deref() {
        Some("REQUEST") => "Invitation",
        Some("CANCEL") => "Cancelled",
        Some("REPLY") => "Answer to an invitation",
        _ => "Calendar entry",
    };
    entries(&properties, &["VEVENT", "VTODO", "VJOURNAL"], title, &EVENT)
}

/// The lines that tell of a `text/vcard`.
pub(super) fn card(text: &str) -> Vec<String> {
    entries(&properties(text), &["VCARD"], "Business card", &CARD)
}

struct Property {
    name: String,
    value: String,
}

fn entries(properties: &[Property], kinds: &[&str], title: &str, words: &[(&str, &str)]) -> Vec<String> {
    let (mut lines, mut inside, mut count, mut guests) = (Vec::new(), None::<String>, 0, 0);
    for property in properties {
        let value = property.value.to_ascii_uppercase();
        match property.name.as_str() {
            "BEGIN" if inside.is_none() && kinds.contains(&value.as_str()) => {
                inside = Some(value);
                count += 1;
                guests = 0;
                if count <= ENTRIES_MAX {
                    lines.push(title.to_owned());
                }
            }
            "END" if inside.as_ref() == Some(&value) => {
                inside = None;
                if guests > 0 && count <= ENTRIES_MAX {
                    lines.push(format!("  Guests: {guests}"));
                }
            }
            "ATTENDEE" if inside.is_some() => guests += 1,
            name if inside.is_some() && count <= ENTRIES_MAX => {
                if let Some((_, word)) = words.iter().find(|(known, _)| *known == name) {
                    lines.push(format!("  {word}: {}", told(name, &property.value)));
                }
            }
            _ => {}
        }
    }
    if count > ENTRIES_MAX {
        lines.push(format!("... and {} more", count - ENTRIES_MAX));
    }
    lines
}

/// RFC 5545 §3.1: lines folded with CRLF and a space; `NAME;PARAMETER=x:value`, and a group before the name in cards.
fn properties(text: &str) -> Vec<Property> {
    let unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut all = Vec::new();
    for line in unfolded.lines().take(LINES_MAX) {
        let mut quoted = false;
        let colon = line.char_indices().find(|(_, c)| {
            quoted ^= *c == '"';
            *c == ':' && !quoted
        });
        let Some((colon, _)) = colon else { continue };
        let (head, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
        let name = head.split(';').next().unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default();
        all.push(Property { name: name.to_ascii_uppercase(), value: value.trim().to_owned() });
    }
    all
}

fn told(name: &str, value: &str) -> String {
    let value = match name {
        "DTSTART" | "DTEND" | "DUE" => moment(value).unwrap_or_else(|| value.to_owned()),
        "ORGANIZER" => {
            value.strip_prefix("mailto:").or_else(|| value.strip_prefix("MAILTO:")).unwrap_or(value).to_owned()
        }
        "RRULE" => value.to_owned(),
        // Of a structured value what is empty is left out.
        "ADR" | "ORG" => {
            value.split(';').filter(|piece| !piece.is_empty()).map(unescaped).collect::<Vec<_>>().join(", ")
        }
        _ => unescaped(value),
    };
    let short: String = value.chars().take(VALUE_MAX).collect();
    if short.len() < value.len() { format!("{short} ...") } else { short }
}

/// RFC 5545 §3.3.11.
fn unescaped(value: &str) -> String {
    value.replace("\\n", " ").replace("\\N", " ").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
}

/// `20261121T051744Z` as `2026-11-21 05:17 UTC` (RFC 5545 §3.3.5).
fn moment(value: &str) -> Option<String> {
    let digits =
        |range: std::ops::Range<usize>| value.get(range).filter(|text| text.bytes().all(|c| c.is_ascii_digit()));
    let day = format!("{}-{}-{}", digits(0..4)?, digits(4..6)?, digits(6..8)?);
    match (value.get(8..9), digits(9..11), digits(11..13)) {
        (Some("T"), Some(hour), Some(minute)) => {
            Some(format!("{day} {hour}:{minute}{}", if value.ends_with('Z') { " UTC" } else { "" }))
        }
        _ => Some(day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_are_told() {
        let text = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nDTSTART;TZID=\"Europe/Paris:x\":20261121T051744Z\r\n\
            DTEND;VALUE=DATE:20261122\r\nSUMMARY:Crêpes\\, with \r\n ketchup\r\nORGANIZER;CN=Alice:mailto:alice@crepes.fr\r\n\
            ATTENDEE:mailto:bob@hamburger.edu\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(
            calendar(text),
            [
                "Invitation",
                "  Starts: 2026-11-21 05:17 UTC",
                "  Ends: 2026-11-22",
                "  What: Crêpes, with ketchup",
                "  From: alice@crepes.fr",
                "  Guests: 1"
            ]
        );
        assert!(calendar("nothing").is_empty());
        let many = "BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n".repeat(ENTRIES_MAX + 1);
        assert_eq!(calendar(&many).len(), 2 * ENTRIES_MAX + 1);
    }

    #[test]
    fn cards_are_told() {
        let text = "BEGIN:VCARD\nFN:Bob\nitem1.EMAIL;TYPE=work:bob@hamburger.edu\nORG:Hamburger;;Kitchen\nEND:VCARD\n";
        assert_eq!(
            card(text),
            ["Business card", "  Name: Bob", "  Mail: bob@hamburger.edu", "  Company: Hamburger, Kitchen"]
        );
    }
}
