//! The parts of a message as objects, and the text of those that are text (RFC 8621 §4.1.4).

use super::forms::raw;
use super::object::headers;
use super::source::Source;
use super::wanted::{PartProperty, Wanted};
use crate::jmap::error::MethodError;
use futures_util::future::BoxFuture;
use message::bodies::{Bodies, children, name};
use message::header::{message_ids, parameter_text};
use message::summary::SummaryPart;
use message::text::body_value;
use serde_json::{Map, Value, json};

/// Octets of one part, encoded, that are read for its text; what is longer is told as cut.
pub const VALUE_READ_MAX: u64 = 10 * 1024 * 1024;

/// The parts of one message, as objects with the wanted properties.
pub(super) struct Parts<'a> {
    source: &'a Source,
    wanted: &'a [PartProperty],
    children: Vec<Vec<usize>>,
}

impl<'a> Parts<'a> {
    pub fn new(source: &'a Source, wanted: &'a [PartProperty]) -> Parts<'a> {
        Parts { source, wanted, children: children(&source.summary) }
    }

    /// These parts, without those within them.
    pub async fn list(&self, indexes: &[usize]) -> Result<Value, MethodError> {
        let mut all = Vec::with_capacity(indexes.len());
        for index in indexes {
            all.push(Value::Object(self.part(*index).await?));
        }
        Ok(Value::Array(all))
    }

    /// All parts, each within its own.
    pub async fn structure(&self) -> Result<Value, MethodError> {
        self.tree(0).await
    }

    /// Goes no deeper than the scanner did.
    fn tree(&self, index: usize) -> BoxFuture<'_, Result<Value, MethodError>> {
        Box::pin(async move {
            let mut object = self.part(index).await?;
            let is_multipart = self.source.summary.parts.get(index).is_some_and(SummaryPart::is_multipart);
            if is_multipart {
                let mut inside = Vec::new();
                for child in self.children.get(index).into_iter().flatten() {
                    inside.push(self.tree(*child).await?);
                }
                object.insert("subParts".to_owned(), Value::Array(inside));
            }
            Ok(Value::Object(object))
        })
    }

    async fn part(&self, index: usize) -> Result<Map<String, Value>, MethodError> {
        let mut object = Map::new();
        let Some(part) = self.source.summary.parts.get(index) else { return Ok(object) };
        let reads_header =
            |wanted: &PartProperty| matches!(wanted, PartProperty::Header(..) | PartProperty::Plain("headers"));
        let header = if self.wanted.iter().any(reads_header) { self.source.header(index).await? } else { Vec::new() };
        for wanted in self.wanted {
            let (name, value) = match wanted {
                PartProperty::Header(name, property) => (name.as_str(), property.value(&header)),
                PartProperty::Plain("headers") => ("headers", headers(&header)),
                PartProperty::Plain("size") => ("size", json!(self.source.decoded_size(index).await?)),
                PartProperty::Plain(name) => (*name, self.plain(name, index, part)),
            };
            object.insert(name.to_owned(), value);
        }
        Ok(object)
    }

    fn plain(&self, property: &str, index: usize, part: &SummaryPart) -> Value {
        let leaf = |value: String| if part.is_multipart() { Value::Null } else { Value::String(value) };
        match property {
            "partId" => leaf(part_id(index)),
            "blobId" => leaf(self.source.blob.part(index).write(self.source.account)),
            "name" => json!(name(part)),
            "type" => json!(format!("{}/{}", part.media_type, part.subtype)),
            "charset" => charset(part),
            "disposition" => json!(part.disposition.as_ref().map(|disposition| disposition.kind.as_str())),
            "cid" => json!(part.id.as_deref().and_then(content_id)),
            "language" if part.language.is_empty() => Value::Null,
            "language" => json!(part.language),
            "location" => json!(part.location.as_deref().map(raw)),
            _ => Value::Null,
        }
    }
}

/// Counted from 1, in the order in which parts stand.
pub(super) fn part_id(index: usize) -> String {
    index.saturating_add(1).to_string()
}

/// RFC 8621 §4.1.4: what the part says; of text that does not, what MIME says then.
fn charset(part: &SummaryPart) -> Value {
    if part.media_type != "text" {
        return Value::Null;
    }
    json!(parameter_text(&part.parameters, "charset").unwrap_or_else(|| "us-ascii".to_owned()))
}

fn content_id(value: &[u8]) -> Option<String> {
    message_ids(value).into_iter().next().or_else(|| Some(raw(value.trim_ascii())).filter(|id| !id.is_empty()))
}

/// The texts of those parts that are wanted, by part.
pub(super) async fn values(source: &Source, bodies: &Bodies, wanted: &Wanted) -> Result<Value, MethodError> {
    let own: Vec<usize> = if wanted.all_values { own_parts(source) } else { Vec::new() };
    let of = |wanted: bool, list: &'_ Vec<usize>| if wanted { list.clone() } else { Vec::new() };
    let mut indexes = [of(wanted.text_values, &bodies.text), of(wanted.html_values, &bodies.html), own].concat();
    indexes.sort_unstable();
    indexes.dedup();
    let mut all = Map::new();
    for index in indexes {
        let Some(part) = source.summary.parts.get(index).filter(|part| part.media_type == "text") else { continue };
        let body = source.body(index, VALUE_READ_MAX).await?;
        let cut = (body.len() as u64) < part.body.end.saturating_sub(part.body.start);
        let (text, problem) = body_value(part, &body);
        let mut text = text.replace("\r\n", "\n");
        let cut = shorten(&mut text, wanted.value_octets_max, part.subtype == "html") || cut;
        all.insert(part_id(index), json!({"value": text, "isEncodingProblem": problem, "isTruncated": cut}));
    }
    Ok(Value::Object(all))
}

/// Every part that is not within a message within.
fn own_parts(source: &Source) -> Vec<usize> {
    let children = children(&source.summary);
    let mut all: Vec<usize> = std::iter::once(0).chain(children.into_iter().flatten()).collect();
    all.retain(|index| source.summary.parts.get(*index).is_some_and(|part| !part.is_multipart()));
    all
}

/// Cuts a text between characters, and HTML not within a tag (RFC 8621 §4.2); whether it was too long.
fn shorten(text: &mut String, most: Option<usize>, is_html: bool) -> bool {
    let Some(most) = most.filter(|most| text.len() > *most) else { return false };
    text.truncate(text.floor_char_boundary(most));
    if is_html
        && let Some(open) = text.rfind('<')
        && text.get(open..).is_some_and(|tag| !tag.contains('>'))
    {
        text.truncate(open);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_their_limit() {
        let cut = |text: &str, most, html| {
            let mut text = text.to_owned();
            (shorten(&mut text, Some(most), html), text)
        };
        assert_eq!(cut("abc", 3, false), (false, "abc".to_owned()));
        assert_eq!(cut("abcd", 3, false), (true, "abc".to_owned()), "one past it");
        assert_eq!(cut("ab\u{e9}", 3, false), (true, "ab".to_owned()));
        assert_eq!(cut("a<b>c</b>", 7, true), (true, "a<b>c".to_owned()));
        assert_eq!(cut("a<b>cde", 6, true), (true, "a<b>cd".to_owned()));
    }
}
