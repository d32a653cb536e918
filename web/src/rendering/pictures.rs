//! What kind of picture octets are, by how they begin. Owns the kinds that are shown: those that browsers draw and that
//! cannot hold a script or an address. SVG is none of them.

/// The media type of a picture; `None` where it is none that is shown, whatever its part says of itself.
#[must_use]
pub fn kind(octets: &[u8]) -> Option<&'static str> {
    let boxed = |brands: &[&[u8]]| {
        octets.get(4..8) == Some(b"ftyp") && octets.get(8..12).is_some_and(|own| brands.contains(&own))
    };
    match octets {
        _ if octets.starts_with(b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        _ if octets.starts_with(b"\xFF\xD8\xFF") => Some("image/jpeg"),
        _ if octets.starts_with(b"GIF87a") || octets.starts_with(b"GIF89a") => Some("image/gif"),
        _ if octets.starts_with(b"RIFF") && octets.get(8..12) == Some(b"WEBP") => Some("image/webp"),
        _ if octets.starts_with(b"BM") && octets.get(6..10) == Some(&[0; 4]) => Some("image/bmp"),
        _ if boxed(&[b"avif", b"avis"]) => Some("image/avif"),
        _ => None,
    }
}

/// Whether a part that says this of itself may be such a picture; asked before its octets are read.
#[must_use]
pub fn may_be(media_type: &str, subtype: &str) -> bool {
    media_type == "image" && !subtype.contains("svg") || (media_type, subtype) == ("application", "octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_by_the_octets() {
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(kind(b"\xFF\xD8\xFF\xE0"), Some("image/jpeg"));
        assert_eq!(kind(b"GIF89a"), Some("image/gif"));
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(kind(b"\0\0\0\x20ftypavif"), Some("image/avif"));
        for other in [
            &b""[..],
            b"<svg xmlns=",
            b"\xEF\xBB\xBF<svg",
            b"%PDF-1.7",
            b"GIF89",
            b"BMscript>",
            b"<html>",
            b"\0\0\0\x20ftypmp42",
        ] {
            assert_eq!(kind(other), None);
        }
    }
}
