//! Which properties of e-mails are wanted, and how deep (RFC 8621 §4.2, §4.9).

use super::property::HeaderProperty;
use crate::jmap::context::Arguments;
use crate::jmap::error::MethodError;
use crate::jmap::limits::PROPERTIES_MAX;
use serde_json::json;

/// A property of an e-mail that its content tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Property {
    /// A header field, under the name it was asked by.
    Header(String, HeaderProperty),
    Headers,
    BodyStructure,
    BodyValues,
    TextBody,
    HtmlBody,
    Attachments,
    HasAttachment,
    Preview,
    /// One that the store tells, not the content: id, mailboxes, keywords and so on.
    Metadata(&'static str),
}

/// Properties the store tells.
const METADATA: [&str; 7] = ["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"];

/// Properties that stand for header fields (RFC 8621 §4.1.3).
const CONVENIENT: [(&str, &str); 11] = [
    ("messageId", "header:Message-ID:asMessageIds"),
    ("inReplyTo", "header:In-Reply-To:asMessageIds"),
    ("references", "header:References:asMessageIds"),
    ("sender", "header:Sender:asAddresses"),
    ("from", "header:From:asAddresses"),
    ("to", "header:To:asAddresses"),
    ("cc", "header:Cc:asAddresses"),
    ("bcc", "header:Bcc:asAddresses"),
    ("replyTo", "header:Reply-To:asAddresses"),
    ("subject", "header:Subject:asText"),
    ("sentAt", "header:Date:asDate"),
];

/// What is given of an e-mail of the account where nothing is said (RFC 8621 §4.2), before what its content tells.
pub const OF_ACCOUNT: [&str; 7] = ["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"];

/// What is given of an e-mail's content where nothing is said (RFC 8621 §4.2 and §4.9).
const OF_CONTENT: [&str; 17] = [
    "messageId",
    "inReplyTo",
    "references",
    "sender",
    "from",
    "to",
    "cc",
    "bcc",
    "replyTo",
    "subject",
    "sentAt",
    "hasAttachment",
    "preview",
    "bodyValues",
    "textBody",
    "htmlBody",
    "attachments",
];

/// What is given of parts where nothing is said (RFC 8621 §4.2).
const BODY_DEFAULT: [&str; 10] =
    ["partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location"];

/// A property of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartProperty {
    Header(String, HeaderProperty),
    Plain(&'static str),
}

const PART_PLAIN: [&str; 12] = [
    "partId",
    "blobId",
    "size",
    "headers",
    "name",
    "type",
    "charset",
    "disposition",
    "cid",
    "language",
    "location",
    "subParts",
];

/// Which properties are wanted, and of which parts the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub(super) properties: Vec<Property>,
    pub(super) parts: Vec<PartProperty>,
    pub(super) text_values: bool,
    pub(super) html_values: bool,
    pub(super) all_values: bool,
    /// Octets of each value; `None`: no limit of the client's.
    pub(super) value_octets_max: Option<usize>,
}

/// Whether there is such a property.
#[must_use]
pub(super) fn is_known(name: &str) -> bool {
    property(name).is_some()
}

fn property(name: &str) -> Option<Property> {
    if let Some(own) = METADATA.iter().find(|own| **own == name) {
        return Some(Property::Metadata(own));
    }
    if let Some((_, stands_for)) = CONVENIENT.iter().find(|(own, _)| *own == name) {
        return HeaderProperty::read(stands_for).map(|header| Property::Header(name.to_owned(), header));
    }
    Some(match name {
        "headers" => Property::Headers,
        "bodyStructure" => Property::BodyStructure,
        "bodyValues" => Property::BodyValues,
        "textBody" => Property::TextBody,
        "htmlBody" => Property::HtmlBody,
        "attachments" => Property::Attachments,
        "hasAttachment" => Property::HasAttachment,
        "preview" => Property::Preview,
        other => Property::Header(other.to_owned(), HeaderProperty::read(other)?),
    })
}

fn part_property(name: &str) -> Option<PartProperty> {
    match PART_PLAIN.iter().find(|plain| **plain == name) {
        Some(plain) => Some(PartProperty::Plain(plain)),
        None => HeaderProperty::read(name).map(|header| PartProperty::Header(name.to_owned(), header)),
    }
}

impl Wanted {
    /// Takes the arguments that say how deep; `properties` are those asked for, else those `beside` the content and all that
    /// the content tells.
    ///
    /// # Errors
    /// `invalidArguments`.
    pub fn read(
        arguments: &mut Arguments,
        properties: Option<Vec<String>>,
        beside: &[&str],
    ) -> Result<Wanted, MethodError> {
        let unknown = |argument: &str, name: &str| {
            MethodError::invalid_arguments(format!("There is no property {name:?}."))
                .with("arguments", json!([argument]))
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let wanted = properties.unwrap_or_else(|| names(&[beside, &OF_CONTENT].concat()));
        let read = |name: &String| property(name).ok_or_else(|| unknown("properties", name));
        let properties = wanted.iter().map(read).collect::<Result<_, _>>()?;
        let parts: Vec<String> = arguments.take("bodyProperties")?.unwrap_or_else(|| names(&BODY_DEFAULT));
        if wanted.len().max(parts.len()) > PROPERTIES_MAX {
            return Err(MethodError::request_too_large());
        }
        let read = |name: &String| part_property(name).ok_or_else(|| unknown("bodyProperties", name));
        let parts = parts.iter().map(read).collect::<Result<_, _>>()?;
        let most = arguments.unsigned("maxBodyValueBytes")?.filter(|most| *most > 0);
        Ok(Wanted {
            properties,
            parts,
            text_values: arguments.flag("fetchTextBodyValues", false)?,
            html_values: arguments.flag("fetchHTMLBodyValues", false)?,
            all_values: arguments.flag("fetchAllBodyValues", false)?,
            value_octets_max: most.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        })
    }

    /// Whether nothing needs the summary or the content.
    pub(super) fn is_metadata(&self) -> bool {
        self.properties.iter().all(|property| matches!(property, Property::Metadata(_)))
    }

    /// Whether the message's own header has to be read.
    pub(super) fn needs_header(&self) -> bool {
        self.properties.iter().any(|property| matches!(property, Property::Header(..) | Property::Headers))
    }
}
