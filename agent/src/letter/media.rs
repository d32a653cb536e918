//! What kind of file a name says it is, where a letter takes it along (RFC 2046; the names are those IANA registers).

/// Endings and the types that go with them. Others are octets.
const TYPES: [(&[&str], &str); 33] = [
    (&["txt", "text", "log", "conf", "patch", "diff"], "text/plain"),
    (&["md"], "text/markdown"),
    (&["htm", "html"], "text/html"),
    (&["css"], "text/css"),
    (&["csv"], "text/csv"),
    (&["ics"], "text/calendar"),
    (&["vcf"], "text/vcard"),
    (&["xml"], "application/xml"),
    (&["json"], "application/json"),
    (&["pdf"], "application/pdf"),
    (&["ps", "eps", "ai"], "application/postscript"),
    (&["rtf"], "application/rtf"),
    (&["doc"], "application/msword"),
    (&["docx"], "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (&["xls"], "application/vnd.ms-excel"),
    (&["xlsx"], "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (&["ppt"], "application/vnd.ms-powerpoint"),
    (&["pptx"], "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (&["odt"], "application/vnd.oasis.opendocument.text"),
    (&["ods"], "application/vnd.oasis.opendocument.spreadsheet"),
    (&["zip"], "application/zip"),
    (&["gz", "tgz"], "application/gzip"),
    (&["tar"], "application/x-tar"),
    (&["jpg", "jpeg"], "image/jpeg"),
    (&["gif"], "image/gif"),
    (&["png"], "image/png"),
    (&["svg"], "image/svg+xml"),
    (&["webp"], "image/webp"),
    (&["au", "snd"], "audio/basic"),
    (&["mp3"], "audio/mpeg"),
    (&["mpg", "mpeg"], "video/mpeg"),
    (&["mp4"], "video/mp4"),
    (&["eml"], "message/rfc822"),
];

/// The type of a file of this name.
#[must_use]
pub fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let found = TYPES.iter().find(|(endings, _)| endings.contains(&ending.as_str()));
    found.map_or("application/octet-stream", |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_type() {
        for (name, expected) in [
            ("cat.JPEG", "image/jpeg"),
            ("a.b.pdf", "application/pdf"),
            ("README", "application/octet-stream"),
            ("x.unheard-of", "application/octet-stream"),
        ] {
            assert_eq!(media_type(name), expected, "{name}");
        }
    }
}
