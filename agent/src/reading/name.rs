//! The name a part is saved under. Owns what makes a name from a stranger safe; whether it is taken already says the caller.

use message::harmless::readable;

/// Octets of a name: file systems take 255, and a program that saves puts a `.part` or a number behind it.
pub const NAME_OCTETS_MAX: usize = 200;
/// Octets of an extension that is kept where a name is cut.
const EXTENSION_MAX: usize = 20;
/// Numbers that are tried where a name is taken.
const NUMBERS_MAX: u32 = 10_000;
/// Names that mean devices to some systems, whatever extension they have.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// A name for a part to be saved under: without folders, controls and signs that systems or shells give a meaning, not
/// hidden, of at most [`NAME_OCTETS_MAX`] octets, and not `taken`. Where all are taken it is the last one tried.
#[must_use]
pub fn saved_name(name: Option<&str>, media_type: &str, mut taken: impl FnMut(&str) -> bool) -> String {
    let safe = name.map(safe).filter(|name| !name.is_empty());
    let whole = safe.unwrap_or_else(|| format!("part{}", extension_for(media_type)));
    let (stem, extension) = split(&whole);
    let mut tried = fit(stem, "", extension);
    for number in 2..NUMBERS_MAX {
        if !taken(&tried) {
            break;
        }
        tried = fit(stem, &format!("-{number}"), extension);
    }
    tried
}

fn safe(name: &str) -> String {
    // What stands before the last slash of either kind is a folder.
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.chars().filter(|c| !c.is_control() && !is_turn(*c)).collect();
    let shown = readable(&visible);
    let plain: String = shown
        .chars()
        .map(|c| if "<>:\"|?*\\/".contains(c) { '_' } else { c })
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect();
    // A dot in front hides it, a dash makes it an option, dots and spaces at the end are lost on some systems.
    let trimmed = plain.trim_start_matches(['.', ' ', '-', '~']).trim_end_matches(['.', ' ']);
    let stem = trimmed.split('.').next().unwrap_or_default().trim_end();
    if is_reserved(stem) { format!("_{trimmed}") } else { trimmed.to_owned() }
}

/// Marks that turn the direction of writing: `gpj.exe` looks like a picture with one.
fn is_turn(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_reserved(stem: &str) -> bool {
    let low = stem.to_ascii_lowercase();
    let port = low.strip_prefix("com").or_else(|| low.strip_prefix("lpt"));
    RESERVED.contains(&low.as_str()) || port.is_some_and(|rest| rest.chars().count() == 1 && rest != ".")
}

fn split(name: &str) -> (&str, &str) {
    match name.rfind('.').filter(|dot| *dot > 0 && name.len() - dot <= EXTENSION_MAX) {
        Some(dot) => name.split_at(dot),
        None => (name, ""),
    }
}

fn fit(stem: &str, number: &str, extension: &str) -> String {
    let room = NAME_OCTETS_MAX.saturating_sub(number.len() + extension.len());
    let stem = stem.get(..stem.floor_char_boundary(room)).unwrap_or(stem);
    format!("{stem}{number}{extension}")
}

/// The usual ending of a type, for parts that have no name.
fn extension_for(media_type: &str) -> &'static str {
    const KNOWN: [(&str, &str); 22] = [
        ("text/plain", ".txt"),
        ("text/html", ".html"),
        ("text/enriched", ".txt"),
        ("text/calendar", ".ics"),
        ("text/vcard", ".vcf"),
        ("text/x-vcard", ".vcf"),
        ("text/csv", ".csv"),
        ("message/rfc822", ".eml"),
        ("message/global", ".eml"),
        ("message/partial", ".eml"),
        ("image/jpeg", ".jpg"),
        ("image/gif", ".gif"),
        ("image/png", ".png"),
        ("image/svg+xml", ".svg"),
        ("video/mpeg", ".mpg"),
        ("video/mp4", ".mp4"),
        ("audio/basic", ".au"),
        ("audio/mpeg", ".mp3"),
        ("application/postscript", ".ps"),
        ("application/pdf", ".pdf"),
        ("application/pkcs7-mime", ".p7m"),
        ("application/pkcs7-signature", ".p7s"),
    ];
    let low = media_type.to_ascii_lowercase();
    KNOWN.iter().find(|(known, _)| *known == low).map_or(".bin", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn saved(name: &str) -> String {
        saved_name(Some(name), "application/pdf", |_| false)
    }

    #[test]
    fn no_name_leads_anywhere() {
        for (name, safe) in [
            ("menu.pdf", "menu.pdf"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\autoexec.bat", "autoexec.bat"),
            ("/etc/", "part.pdf"),
            ("..", "part.pdf"),
            ("", "part.pdf"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("a\u{1b}[2Jb\r\n.txt", "a[2Jb.txt"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("C:evil.txt", "C_evil.txt"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com1.log", "_com1.log"),
            ("common.txt", "common.txt"),
            ("a b .", "a b"),
            ("日本語.pdf", "日本語.pdf"),
            ("a?b*c|d\"e<f>", "a_b_c_d_e_f_"),
        ] {
            assert_eq!(saved(name), safe, "{name:?}");
        }
        assert_eq!(saved_name(None, "image/jpeg", |_| false), "part.jpg");
        assert_eq!(saved_name(None, "x-unknown/x", |_| false), "part.bin");
    }

    #[test]
    fn long_names_keep_their_ending() {
        let fits = format!("{}.pdf", "x".repeat(NAME_OCTETS_MAX - 4));
        assert_eq!(saved(&fits), fits);
        assert_eq!(saved(&format!("x{fits}")), fits);
        let wide = saved(&format!("{}.pdf", "é".repeat(NAME_OCTETS_MAX)));
        assert!(wide.len() <= NAME_OCTETS_MAX && wide.ends_with("é.pdf"));
        let dots = saved(&format!("a.{}", "b".repeat(300)));
        assert_eq!(dots.len(), NAME_OCTETS_MAX);
    }

    #[test]
    fn taken_names_get_a_number() {
        let there = ["menu.pdf", "menu-2.pdf"];
        assert_eq!(saved_name(Some("menu.pdf"), "", |name| there.contains(&name)), "menu-3.pdf");
        let long = format!("{}.pdf", "x".repeat(300));
        let numbered = saved_name(Some(&long), "", |name| !name.contains("-2"));
        assert!(numbered.len() == NAME_OCTETS_MAX && numbered.ends_with("x-2.pdf"));
        assert!(saved_name(Some("a"), "", |_| true).starts_with("a-"));
    }

    proptest! {
        #[test]
        fn every_name_is_one_file_here(name in any::<String>()) {
            let safe = saved_name(Some(&name), "", |_| false);
            prop_assert!(!safe.is_empty() && safe.len() <= NAME_OCTETS_MAX, "{}", safe);
            prop_assert!(!safe.contains(['/', '\\', '\0']) && !safe.starts_with(['.', '-', ' ']), "{}", safe);
            prop_assert!(!safe.chars().any(char::is_control), "{:?}", safe);
            prop_assert_eq!(std::path::Path::new(&safe).file_name().and_then(|name| name.to_str()), Some(safe.as_str()));
        }
    }
}
