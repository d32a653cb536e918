//! `message/external-body`: a part that says where its content lies instead of holding it (RFC 2046 §5.2.3, RFC 2017). Owns
//! reading the pointer. Nothing here fetches anything, nor may anybody on the message's word alone: a person asks for it.

use crate::header::{self, parameter_text};
use crate::structure::Kind;
use crate::summary::SummaryPart;

/// Where the content of a part lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer {
    /// How it is reached.
    pub access: Access,
    /// When it may be gone (`expiration`), as written.
    pub expires: Option<String>,
    /// How large it is, in octets (`size`).
    pub octets: Option<u64>,
    /// The type of what lies there, `type/subtype`.
    pub media_type: String,
    /// Its id, brackets included (RFC 2046 §5.2.3 demands one).
    pub content_id: Option<String>,
    /// What it is, in words.
    pub description: Option<String>,
}

/// How the content is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// By its URL (RFC 2017 §3).
    Url(String),
    /// From a server of files, `anon-ftp`, `ftp` or `tftp`.
    File {
        /// `ftp` where a login is needed.
        kind: String,
        /// The host.
        site: String,
        /// The folder.
        directory: Option<String>,
        /// The file.
        name: String,
        /// `image`, `ascii` and the like.
        mode: Option<String>,
    },
    /// A file of the writer's own system. To open it is to do as a stranger says, so it is only told.
    Local {
        /// The path.
        name: String,
        /// Where the path is valid.
        site: Option<String>,
    },
    /// A mail to a server that answers with it.
    MailServer {
        /// Whom to write to.
        server: String,
        /// About what.
        subject: Option<String>,
        /// What to write, from the body of the part.
        request: String,
    },
    /// A way we do not know, by its name.
    #[default]
    Unknown,
}

/// Octets of the part that are looked at: a header, and a request of some lines.
pub const POINTER_MAX: usize = 16 * 1024;

/// Reads the pointer of a part, given its body as it stands in the content. `None` where it is none.
#[must_use]
pub fn pointer(part: &SummaryPart, body: &[u8]) -> Option<Pointer> {
    let is_pointer = part.kind == Kind::Leaf && part.media_type == "message" && part.subtype == "external-body";
    if !is_pointer {
        return None;
    }
    let value = |name: &str| parameter_text(&part.parameters, name).filter(|text| !text.is_empty());
    let body = body.get(..POINTER_MAX).unwrap_or(body);
    let (section, rest) = body.split_at(header::section_end(body, 0).unwrap_or(body.len()).min(body.len()));
    let field =
        |name: &str| header::fields(section).find(|field| field.is(name)).map(|field| header::text(field.value));
    let typed = header::fields(section).find(|field| field.is("Content-Type"));
    let typed = typed.and_then(|field| header::content_type(field.value));
    let file = |kind: &str| Access::File {
        kind: kind.to_owned(),
        site: value("site").unwrap_or_default(),
        directory: value("directory"),
        name: value("name").unwrap_or_default(),
        mode: value("mode"),
    };
    let access = match value("access-type").unwrap_or_default().to_ascii_lowercase().as_str() {
        // RFC 2017 §3.1: white space was put in to fold it.
        "url" => Access::Url(value("url").unwrap_or_default().split_whitespace().collect()),
        kind @ ("anon-ftp" | "ftp" | "tftp") => file(kind),
        "local-file" => Access::Local { name: value("name").unwrap_or_default(), site: value("site") },
        "mail-server" => Access::MailServer {
            server: value("server").unwrap_or_default(),
            subject: value("subject"),
            request: String::from_utf8_lossy(rest).into_owned(),
        },
        _ => Access::Unknown,
    };
    Some(Pointer {
        access,
        expires: value("expiration"),
        octets: value("size").and_then(|size| size.trim().parse().ok()),
        media_type: typed.map_or_else(|| "text/plain".to_owned(), |typed| format!("{}/{}", typed.main, typed.sub)),
        content_id: field("Content-ID"),
        description: field("Content-Description"),
    })
}

impl Pointer {
    /// What it points to, in words.
    #[must_use]
    pub fn told(&self) -> String {
        match &self.access {
            Access::Url(url) => url.clone(),
            Access::File { kind, site, directory, name, .. } => {
                let folder =
                    directory.as_deref().map(|folder| format!("{}/", folder.trim_matches('/'))).unwrap_or_default();
                format!("{}://{site}/{folder}{name}", if kind == "tftp" { "tftp" } else { "ftp" })
            }
            Access::Local { name, site } => match site {
                Some(site) => format!("the file {name} at {site}"),
                None => format!("the file {name} of the writer's system"),
            },
            Access::MailServer { server, subject, .. } => match subject {
                Some(subject) => format!("a mail to {server} about {subject}"),
                None => format!("a mail to {server}"),
            },
            Access::Unknown => "somewhere, in a way this program does not know".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Summary, parse};

    fn read(parameters: &str, body: &str) -> Option<Pointer> {
        let content = format!("Content-Type: message/external-body; {parameters}\r\n\r\n{body}");
        let summary = Summary::of(&parse(content.as_bytes()));
        let part = &summary.parts[0];
        pointer(part, &content.as_bytes()[usize::try_from(part.body.start).unwrap()..])
    }

    /// The example of RFC 2046 §5.2.3.7.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let inner = "Content-type: application/postscript\r\nContent-ID: <id42@guppylake.bellcore.com>\r\n\r\n";
        let ftp = "name=\"BodyFormats.ps\"; site=\"thumper.bellcore.com\"; mode=\"image\"; access-type=ANON-FTP; \
            directory=\"pub\"; expiration=\"Fri, 14 Jun 1991 19:13:14 -0400 (EDT)\"; size=100";
        let pointer = read(ftp, inner).unwrap();
        assert_eq!(pointer.told(), "ftp://thumper.bellcore.com/pub/BodyFormats.ps");
        assert_eq!((pointer.octets, pointer.media_type.as_str()), (Some(100), "application/postscript"));
        assert_eq!(pointer.content_id.as_deref(), Some("<id42@guppylake.bellcore.com>"));
        assert!(pointer.expires.is_some());
        let local = read("access-type=local-file; name=\"/u/nsb/x.ps\"; site=\"thumper.bellcore.com\"", inner).unwrap();
        assert_eq!(local.told(), "the file /u/nsb/x.ps at thumper.bellcore.com");
        let mail =
            read("access-type=mail-server; server=\"listserv@bogus.bitnet\"", &format!("{inner}get RFC-MIME.DOC"))
                .unwrap();
        let Access::MailServer { server, request, .. } = mail.access else { return assert_eq!(mail.told(), "") };
        assert_eq!((server.as_str(), request.as_str()), ("listserv@bogus.bitnet", "get RFC-MIME.DOC"));
    }

    #[test]
    fn pages_and_unknown_ways_are_told() {
        let page = read("access-type=URL; url=\"https://crepes.fr/\r\n menu.pdf\"", "\r\n").unwrap();
        assert_eq!((page.told().as_str(), page.media_type.as_str()), ("https://crepes.fr/menu.pdf", "text/plain"));
        assert_eq!(read("access-type=x-pigeon", "").unwrap().access, Access::Unknown);
        assert_eq!(read("", "").unwrap().access, Access::Unknown);
        let summary = Summary::of(&parse(b"Content-Type: message/rfc822\r\n\r\nx"));
        assert_eq!(pointer(&summary.parts[0], b""), None);
    }
}
