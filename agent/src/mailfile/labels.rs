//! `X-Gmail-Labels` of Google Takeout: one message, several labels. Owns which of them are flags, which is the folder, and
//! what becomes of the others.

use super::Head;
use super::fields::{KEYWORD_MAX, add_keyword};
use message::flags::flag_bits;
use message::header;
use wire::imap::utf7;

/// Labels of one message that are looked at.
const LABELS_MAX: usize = 100;

/// The longest label, in octets.
const LABEL_MAX: usize = 200;

/// Labels that are folders of their own kind, the most telling first: what is in the trash is not in the inbox.
const PLACES: [(&str, &str); 7] = [
    ("Trash", "Trash"),
    ("Spam", "Junk"),
    ("Drafts", "Drafts"),
    ("Sent", "Sent"),
    ("Inbox", "INBOX"),
    ("Archived", "Archive"),
    ("Chat", "Chat"),
];

/// Reads the labels. A message lies in one folder: where it was by its kind, else that of its first own label, else the
/// archive; labels beyond that become keywords.
pub(super) fn read(value: &[u8], head: &mut Head) {
    let text = header::text(&header::unfold(value));
    let labels: Vec<String> = split(&text).into_iter().take(LABELS_MAX).collect();
    let has = |name: &str| labels.iter().any(|label| label.eq_ignore_ascii_case(name));
    let flags = &mut head.flags;
    for (label, bit) in [("Starred", flag_bits::FLAGGED), ("Drafts", flag_bits::DRAFT)] {
        if has(label) {
            flags.bits |= bit;
        }
    }
    if !has("Unread") {
        flags.bits |= flag_bits::SEEN;
    }
    if has("Important") {
        add_keyword(flags, "$Important");
    }
    let place = PLACES.iter().find(|(label, _)| has(label)).map(|(_, folder)| (*folder).to_owned());
    let mut own = labels.iter().filter(|label| !is_known(label)).map(|label| tidy(label)).peekable();
    // The inbox says nothing of what a message is about; a label does. It goes on being in the inbox, though.
    head.folder = Some(place.or_else(|| own.next()).unwrap_or_else(|| "Archive".to_owned()));
    own.for_each(|label| add_keyword(flags, &keyword(&label)));
}

fn is_known(label: &str) -> bool {
    let flags = ["Starred", "Unread", "Opened", "Important"];
    let places = PLACES.iter().map(|(label, _)| *label);
    flags.into_iter().chain(places).any(|known| known.eq_ignore_ascii_case(label))
}

/// Parts at commas; a label with a comma stands in quotes.
fn split(text: &str) -> Vec<String> {
    let (mut labels, mut label, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => labels.push(std::mem::take(&mut label)),
            _ if label.len() + letter.len_utf8() <= LABEL_MAX => label.push(letter),
            _ => {}
        }
    }
    labels.push(label);
    labels.iter().map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()).collect()
}

/// As a path of folders: no empty level, nothing that is no text.
fn tidy(label: &str) -> String {
    let clean: String = label.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let levels: Vec<&str> = clean.split('/').map(str::trim).filter(|level| !level.is_empty()).collect();
    if levels.is_empty() { "Archive".to_owned() } else { levels.join("/") }
}

/// As a keyword, which has neither spaces nor letters beyond ASCII (RFC 9051 §9 `flag-keyword`): these are written as in names of
/// mailboxes (RFC 3501 §5.1.3), as other programs do it, too. So a search for the label finds it.
#[must_use]
pub fn keyword(label: &str) -> String {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || "-_./$".contains(letter);
    let tame = |letter: char, is_fine: bool| if is_fine { letter } else { '_' };
    let written: String = label.chars().map(|letter| tame(letter, is_fine(letter) || !letter.is_ascii())).collect();
    let written = utf7::encode(&written);
    if written.len() <= KEYWORD_MAX {
        return written;
    }
    label.chars().map(|letter| tame(letter, is_fine(letter))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str) -> (String, u64, Vec<String>) {
        let mut head = Head::default();
        read(value.as_bytes(), &mut head);
        (head.folder.unwrap_or_default(), head.flags.bits, head.flags.keywords.into_iter().collect())
    }

    #[test]
    fn labels_become_a_folder_flags_and_keywords() {
        let (seen, flagged) = (flag_bits::SEEN, flag_bits::FLAGGED);
        let is = |folder: &str, bits, keywords: &[&str]| {
            (folder.to_owned(), bits, keywords.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(told(" Inbox,Unread"), is("INBOX", 0, &[]));
        assert_eq!(
            told(" Important,Opened,Starred,Work/Projects"),
            is("Work/Projects", seen | flagged, &["$Important"])
        );
        assert_eq!(told(" Inbox,Trash"), is("Trash", seen, &[]));
        assert_eq!(told(" Sent,Inbox,Family"), is("Sent", seen, &["Family"]));
        assert_eq!(told(" Drafts"), is("Drafts", seen | flag_bits::DRAFT, &[]));
        assert_eq!(told(""), is("Archive", seen, &[]));
        assert_eq!(told(" Spam,Unread"), is("Junk", 0, &[]));
        assert_eq!(told(" \"Bills, paid\",Inbox"), is("INBOX", seen, &["Bills__paid"]));
        assert_eq!(
            told(" =?UTF-8?Q?Inbox,Entw=C3=BCrfe?=\r\n =?UTF-8?Q?_2026,Unread?="),
            is("INBOX", 0, &["Entw&APw-rfe_2026"])
        );
        assert_eq!(told(" Inbox,Gr\u{fc}\u{df}e"), is("INBOX", seen, &["Gr&APwA3w-e"]));
        let long = "\u{44f}".repeat(40);
        assert_eq!(told(&format!(" Inbox,{long}")), is("INBOX", seen, &[&"_".repeat(40)]), "too long to be written so");
        assert_eq!(told(" =?UTF-8?Q?=C3=9Cber/..//x?="), is("\u{dc}ber/../x", seen, &[]));
    }
}
