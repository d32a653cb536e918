//! In what charset text comes to this program: `LC_ALL`, `LC_CTYPE`, `LANG`. Owns how octets from outside become text. What is
//! UTF-8 is read as that, whatever they say; nothing is left out or put in for something else.
#![allow(clippy::disallowed_methods, reason = "the charset stands in the environment")]

use message::header::charset_text;

/// Octets as text; `None`: they are neither UTF-8 nor of the charset of who runs this.
pub fn text(octets: &[u8]) -> Option<String> {
    match std::str::from_utf8(octets) {
        Ok(text) => Some(text.to_owned()),
        Err(_) => of_charset(&charset(|name| std::env::var(name).ok())?, octets),
    }
}

fn of_charset(charset: &str, octets: &[u8]) -> Option<String> {
    // What stands for octets that are none of it is in no such charset itself.
    charset_text(charset.as_bytes(), octets).filter(|text| !text.contains('\u{fffd}'))
}

/// `ISO-8859-1` of `de_DE.ISO-8859-1@euro`. The first variable that is set decides (POSIX, "Environment Variables").
fn charset(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable);
    let locale = set.find(|value| !value.is_empty())?;
    let (_, charset) = locale.split_once('.')?;
    charset.split('@').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_names_the_charset() {
        let of = |set: &[(&str, &str)]| {
            charset(|name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("LANG", "de_DE.ISO-8859-1@euro")]).as_deref(), Some("ISO-8859-1"));
        assert_eq!(of(&[("LC_ALL", ""), ("LC_CTYPE", "ru_RU.KOI8-R"), ("LANG", "C.UTF-8")]).as_deref(), Some("KOI8-R"));
        assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "de_DE.ISO-8859-1")]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn nothing_is_lost_on_the_way_to_text() {
        assert_eq!(of_charset("ISO8859-1", b"caf\xE9").as_deref(), Some("caf\u{e9}"));
        assert_eq!(of_charset("UTF-8", b"caf\xE9"), None);
        assert_eq!(of_charset("EUC-JP", b"caf\xE9"), None);
        assert_eq!(of_charset("nonsense", b"caf\xE9"), None);
        assert_eq!(text("cr\u{ea}pe".as_bytes()).as_deref(), Some("cr\u{ea}pe"));
    }
}
