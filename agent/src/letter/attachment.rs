//! Files as attachments. Owns the types that names stand for.

use super::Attachment;

/// The usual types by the ending of a name; what a mail program can show or a person opens.
const TYPES: [(&str, &str); 74] = [
    ("7z", "application/x-7z-compressed"),
    ("aac", "audio/aac"),
    ("ai", "application/postscript"),
    ("apk", "application/vnd.android.package-archive"),
    ("asc", "text/plain"),
    ("au", "audio/basic"),
    ("avi", "video/x-msvideo"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("bz2", "application/x-bzip2"),
    ("c", "text/x-c"),
    ("conf", "text/plain"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("diff", "text/x-diff"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("eml", "message/rfc822"),
    ("eps", "application/postscript"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("heic", "image/heic"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ics", "text/calendar"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("m4a", "audio/mp4"),
    ("md", "text/markdown"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("patch", "text/x-diff"),
    ("pdf", "application/pdf"),
    ("pgp", "application/pgp-encrypted"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("ps", "application/postscript"),
    ("py", "text/x-python"),
    ("rs", "text/x-rust"),
    ("rtf", "application/rtf"),
    ("sh", "text/x-shellscript"),
    ("snd", "audio/basic"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("toml", "text/plain"),
    ("txt", "text/plain"),
    ("vcf", "text/vcard"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "application/xml"),
    ("yaml", "text/plain"),
    ("zip", "application/zip"),
];

impl Attachment {
    /// A file as it lies on the disk. `path` may have folders before the name; they are not sent.
    #[must_use]
    pub fn of_file(path: &str, octets: Vec<u8>) -> Attachment {
        let name = path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
        let media_type = media_type(name.as_deref().unwrap_or_default(), &octets).to_owned();
        Attachment { name, media_type, octets, ..Attachment::default() }
    }
}

/// By the ending of the name; without a known one, text where it is text.
fn media_type(name: &str, octets: &[u8]) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let found = TYPES.binary_search_by_key(&ending.as_str(), |(known, _)| *known).ok();
    match found.and_then(|place| TYPES.get(place)) {
        Some((_, media_type)) => media_type,
        None if is_text(octets) => "text/plain",
        None => "application/octet-stream",
    }
}

fn is_text(octets: &[u8]) -> bool {
    let text = std::str::from_utf8(octets);
    text.is_ok_and(|text| !text.is_empty() && !text.chars().any(|c| c.is_control() && !"\t\r\n\u{c}".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_come_from_names_and_else_from_what_is_there() {
        assert!(TYPES.is_sorted_by_key(|(ending, _)| *ending));
        let of = |path: &str, octets: &[u8]| {
            let file = Attachment::of_file(path, octets.to_vec());
            (file.name.unwrap_or_default(), file.media_type)
        };
        let pair = |name: &str, media_type: &str| (name.to_owned(), media_type.to_owned());
        assert_eq!(of("/home/alice/Menu.PDF", b"%PDF"), pair("Menu.PDF", "application/pdf"));
        assert_eq!(of("README", "crêpe\n".as_bytes()), pair("README", "text/plain"));
        assert_eq!(of("x.unknown", b"\x00\x01"), pair("x.unknown", "application/octet-stream"));
        assert_eq!(of("empty", b""), pair("empty", "application/octet-stream"));
        assert_eq!(of("song.au", b"x").1, "audio/basic");
    }
}
