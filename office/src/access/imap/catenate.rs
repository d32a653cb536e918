//! Content that is in a mailbox already and becomes part of a new message (CATENATE, RFC 4469): the URL that names it
//! (RFC 5092, in the forms that name something of this server), and the way from stored octets to the upload. Nothing is
//! fetched from elsewhere.

use super::pieces::Opened;
use super::sources::chunk_within;
use super::{ImapDesk, refusal};
use store::types::{AccountId, MailboxId};
use wire::imap::ask::Piece;
use wire::imap::command::{Command, Fetch, FetchItem, Partial, Section};
use wire::imap::{Answer, Charset, MailboxName, Refusal, parse};

/// What a URL names.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// `None`: the selected one.
    mailbox: Option<MailboxName>,
    uid_validity: Option<u32>,
    uid: u32,
    section: Section,
    partial: Option<Partial>,
}

impl ImapDesk {
    pub(super) async fn catenate(&mut self, url: &str) -> Result<Answer, Refusal> {
        if self.takes_no_more() {
            return Ok(Answer::Done);
        }
        let bad = || Refusal::BadUrl(url.to_owned());
        let target = Target::parse(url).ok_or_else(bad)?;
        let (account, mailbox) = self.source_of(&target).await?.ok_or_else(bad)?;
        let opened = self.open_message(account, mailbox, target.uid).await?.ok_or_else(bad)?;
        let piece = self.section(&opened, &target.section, target.partial).await.map_err(|error| refusal(&error))?;
        match piece {
            Piece::Here(octets) => {
                self.append.as_mut().ok_or(Refusal::Permanent)?.take(&octets).await;
                Ok(Answer::Done)
            }
            Piece::Stored { offset, octets, .. } => self.stream(&opened, offset, octets).await,
            _ => Err(bad()),
        }
    }

    async fn stream(&mut self, opened: &Opened, offset: u64, octets: u64) -> Result<Answer, Refusal> {
        let (mut at, end) = (offset, offset + octets);
        // A URL is short and what it names is long: nothing is read only to be thrown away.
        while at < end && !self.takes_no_more() {
            let chunk = chunk_within(self.office.store(), opened.stored(), at..end).await.map_err(|e| refusal(&e))?;
            at += chunk.len() as u64;
            self.append.as_mut().ok_or(Refusal::Permanent)?.take(&chunk).await;
        }
        Ok(Answer::Done)
    }

    /// The fault is told at the end of the message.
    fn takes_no_more(&self) -> bool {
        self.append.as_ref().is_some_and(|append| append.has_fault())
    }

    /// The mailbox that a URL names, where the user may read it and it is the one that was meant.
    async fn source_of(&mut self, target: &Target) -> Result<Option<(AccountId, MailboxId)>, Refusal> {
        let Some(name) = &target.mailbox else {
            if let Err(refusal) = self.may_read().await {
                return if refusal == Refusal::Temporary { Err(refusal) } else { Ok(None) };
            }
            let selected = self.open()?;
            let validity = selected.listing.head().uid_validity;
            let place = (selected.view.account(), selected.view.mailbox());
            return Ok(target.uid_validity.is_none_or(|meant| meant == validity).then_some(place));
        };
        match self.open_place(name, "r").await {
            Ok(place) => {
                let is_meant = target.uid_validity.is_none_or(|meant| meant == place.mailbox.uid_validity);
                Ok(is_meant.then_some((place.account, place.mailbox.id)))
            }
            Err(Refusal::Temporary) => Err(Refusal::Temporary),
            Err(_) => Ok(None),
        }
    }
}

impl Target {
    /// Reads `/mailbox;UIDVALIDITY=1/;UID=2/;SECTION=3/;PARTIAL=4.5`; of these UID alone must be there. A URL with a scheme
    /// or a host names another server, or says what this connection is anyway: it is not taken.
    fn parse(url: &str) -> Option<Target> {
        let (mailbox, rest) = match url.strip_prefix('/') {
            Some(rest) if rest.starts_with('/') => return None,
            // RFC 5092 §11: the parameters begin at the first semicolon that is not encoded.
            Some(path) => path.split_at(path.find(';').unwrap_or(path.len())),
            None => ("", url),
        };
        let mut target =
            Target { mailbox: None, uid_validity: None, uid: 0, section: Section::default(), partial: None };
        let mailbox = decode(mailbox.trim_end_matches('/'))?;
        if !mailbox.is_empty() {
            target.mailbox = Some(MailboxName::new(&mailbox));
        }
        let mut range = None;
        for parameter in rest.split(';').map(|parameter| parameter.trim_end_matches('/')).filter(|p| !p.is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            let value = decode(value)?;
            match name.to_ascii_uppercase().as_str() {
                "UIDVALIDITY" => target.uid_validity = Some(value.parse().ok()?),
                "UID" => target.uid = value.parse().ok()?,
                "SECTION" => target.section = section(&value)?,
                "PARTIAL" => range = Some(value),
                _ => return None,
            }
        }
        target.partial = match range {
            None => None,
            Some(range) => Some(partial(&range)?),
        };
        (target.uid > 0).then_some(target)
    }
}

/// A section as FETCH has it: the same reader reads it.
fn section(text: &str) -> Option<Section> {
    if !text.bytes().all(|octet| (0x20..0x7F).contains(&octet) && !b"[]<>{".contains(&octet)) {
        return None;
    }
    let command = format!("a UID FETCH 1 BODY.PEEK[{text}]");
    let Ok(tagged) = parse::command(command.as_bytes(), Charset::Ascii) else { return None };
    match tagged.command {
        Command::Fetch(Fetch { mut items, .. }) if items.len() == 1 => match items.pop()? {
            FetchItem::Section { section, partial: None, .. } => Some(section),
            _ => None,
        },
        _ => None,
    }
}

/// RFC 5092 §11: `offset` or `offset.length`.
fn partial(text: &str) -> Option<Partial> {
    let (start, count) = text.split_once('.').map_or((text, None), |(start, count)| (start, Some(count)));
    let count = match count {
        None => u64::MAX,
        Some(count) => count.parse().ok().filter(|count| *count > 0)?,
    };
    Some(Partial { start: start.parse().ok()?, count })
}

/// Text with its `%XX` undone; `None` where that is no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        octets.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wire::imap::command::{Part, SectionText};

    #[test]
    fn urls_of_this_server_are_read() {
        let target = Target::parse("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.2.MIME").unwrap();
        assert_eq!(target.mailbox, Some(MailboxName::new("Drafts")));
        assert_eq!((target.uid_validity, target.uid, target.partial), (Some(385_759_045), 20, None));
        assert_eq!(target.section, Section { part: Part(vec![1, 2]), text: SectionText::Mime });
        let target = Target::parse("/a/b%20%C3%A9/;UID=1/;PARTIAL=5.10").unwrap();
        assert_eq!(target.mailbox, Some(MailboxName::new("a/b \u{e9}")));
        assert_eq!(target.partial, Some(Partial { start: 5, count: 10 }));
        let target = Target::parse(";UID=7/;SECTION=HEADER.FIELDS%20(To%20Cc)").unwrap();
        assert_eq!((target.mailbox, target.uid), (None, 7));
        assert_eq!(target.section.text, SectionText::HeaderFields(vec!["To".to_owned(), "Cc".to_owned()]));
        assert_eq!(Target::parse("/INBOX/;UID=1").unwrap().section, Section::default());
    }

    #[test]
    fn other_urls_are_refused() {
        for url in [
            "",
            "/INBOX",
            "/INBOX/;UID=0",
            "/INBOX/;UID=x",
            "imap://mx.hamburger.edu/INBOX/;UID=1",
            "//host/INBOX/;UID=1",
            "/INBOX/;UID=1/;SECTION=1]%20BODY[2",
            "/INBOX/;UID=1/;SECTION=%0D%0A",
            "/INBOX/;UID=1/;FOO=1",
            "/%FF/;UID=1",
            "/%4/;UID=1",
            "/INBOX/;UID=1/;PARTIAL=1.0",
            "/INBOX/;UID=4294967296",
            "INBOX/;UID=1",
        ] {
            assert_eq!(Target::parse(url), None, "{url}");
        }
    }
}
