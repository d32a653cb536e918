//! `SearchSnippet/get` (RFC 8621 §5): where in subject and text the words were found, as HTML with `<mark>`.

use super::filter::{Words, filter};
use super::source::{Octets, Source};
use crate::jmap::blob::BlobId;
use crate::jmap::context::{Answer, Arguments, Context, answer};
use crate::jmap::error::MethodError;
use crate::jmap::ids;
use crate::jmap::limits::GET_MAX;
use message::Summary;
use message::search::fold_into;
use office::jmap::preview;
use serde_json::{Value, json};
use store::query::EmailsById;
use store::types::EmailRow;

/// Octets of a preview (RFC 8621 §5.1).
pub const PREVIEW_OCTETS_MAX: usize = 255;
/// Encoded octets of a text that are looked through.
const READ_MAX: u64 = 256 * 1024;
/// Characters shown before the first word found.
const BEFORE: usize = 40;

/// RFC 8621 §5.1.
pub async fn snippets(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let value = arguments.take_value("filter");
    let emails: Vec<String> = arguments.need("emailIds")?;
    arguments.end()?;
    if emails.len() > GET_MAX {
        return Err(MethodError::request_too_large());
    }
    let catalogue = context.catalogue(account).await?;
    let words = Words::of(&filter(value.as_ref(), &catalogue, context)?.question.key).folded();
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    for id in emails {
        let email = ids::email(account, &id).filter(|email| catalogue.email(*email).is_some());
        let row = match email {
            Some(email) => context.web.office().store().read(EmailsById { account, ids: vec![email] }).await?.pop(),
            None => None,
        };
        match row {
            Some(row) => list.push(snippet(context, &catalogue, (&id, row), &words).await?),
            None => not_found.push(id),
        }
    }
    // RFC 8621 §5.1: null where all were found.
    let not_found = if not_found.is_empty() { Value::Null } else { json!(not_found) };
    answer("SearchSnippet/get", json!({"accountId": ids::of_account(account), "list": list, "notFound": not_found}))
}

async fn snippet(
    context: &Context<'_>,
    catalogue: &office::jmap::Catalogue,
    (id, row): (&str, EmailRow),
    words: &Words,
) -> Result<Value, MethodError> {
    let email = row.id;
    let summary = row.summary.ok().and_then(|octets| Summary::decode(&octets).ok()).unwrap_or_default();
    let subject = marked(&summary.subject_text(), &words.subject, usize::MAX);
    let mut preview = None;
    if !words.body.is_empty()
        && let Some(content) = context.web.office().email_content(catalogue.account(), email).await?
    {
        let blob = BlobId::email(email);
        let source = Source { account: catalogue.account(), blob, summary, octets: Octets::Stored(content) };
        preview = marked(&text(&source).await?, &words.body, PREVIEW_OCTETS_MAX);
    }
    Ok(json!({"emailId": id, "subject": subject, "preview": preview}))
}

async fn text(source: &Source) -> Result<String, MethodError> {
    let Some(index) = preview::part(&source.summary) else { return Ok(String::new()) };
    let body = source.body(index, READ_MAX).await?;
    let words = source.summary.parts.get(index).map(|part| preview::words(part, &body)).unwrap_or_default();
    Ok(words.split_whitespace().collect::<Vec<_>>().join(" "))
}

impl Words {
    fn folded(self) -> Words {
        let fold = |words: Vec<String>| {
            let folded = words.into_iter().map(|word| message::search::fold(&word));
            folded.filter(|word| !word.is_empty()).collect()
        };
        Words { subject: fold(self.subject), body: fold(self.body) }
    }
}

/// A text with the words found in it marked, at most so many octets of it around the first; `None` where none is.
fn marked(text: &str, words: &[String], most: usize) -> Option<String> {
    let folded = Folded::of(text);
    let mut hits: Vec<(usize, usize)> = words.iter().flat_map(|word| folded.find(word)).collect();
    hits.sort_unstable();
    let first = hits.first()?.0;
    let mut out = String::new();
    let mut at = if most == usize::MAX { 0 } else { start(text, first) };
    for (from, to) in hits {
        let from = from.max(at);
        if to <= from {
            continue;
        }
        let marked = format!("<mark>{}</mark>", escaped(text.get(from..to).unwrap_or("")));
        let before = fitting(text.get(at..from).unwrap_or(""), most.saturating_sub(out.len()));
        out.push_str(&before.0);
        if !before.1 || out.len() + marked.len() > most {
            return Some(out);
        }
        out.push_str(&marked);
        at = to;
    }
    let (rest, _) = fitting(text.get(at..).unwrap_or(""), most.saturating_sub(out.len()));
    out.push_str(&rest);
    Some(out)
}

/// Where a window begins that shows what is at an offset: at a word.
fn start(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or("");
    let Some((from, _)) = before.char_indices().rev().nth(BEFORE) else { return 0 };
    before.get(from..).and_then(|rest| rest.find(' ')).map_or(from, |space| from + space + 1)
}

/// As much of a text, escaped, as there is room for; whether that is all.
fn fitting(text: &str, room: usize) -> (String, bool) {
    let mut out = String::new();
    for c in text.chars() {
        let escaped = escaped(c.encode_utf8(&mut [0; 4]));
        if out.len() + escaped.len() > room {
            return (out, false);
        }
        out.push_str(&escaped);
    }
    (out, true)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A text in the form in which texts compare, and where each octet of that comes from.
struct Folded {
    text: String,
    /// Start and end in the original, for each octet.
    from: Vec<(u32, u32)>,
}

impl Folded {
    fn of(text: &str) -> Folded {
        let mut folded = Folded { text: String::with_capacity(text.len()), from: Vec::with_capacity(text.len()) };
        for (at, c) in text.char_indices() {
            fold_into(c.encode_utf8(&mut [0; 4]), &mut folded.text);
            let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            folded.from.resize(folded.text.len(), (place(at), place(at + c.len_utf8())));
        }
        folded
    }

    /// Where a folded word stands in the original.
    fn find<'a>(&'a self, word: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.text.match_indices(word).filter_map(|(at, found)| {
            let first = self.from.get(at)?.0;
            let last = self.from.get(at + found.len() - 1)?.1;
            Some((first as usize, last as usize))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn mark(text: &str, words: &[&str], most: usize) -> Option<String> {
        let words: Vec<String> = words.iter().map(|word| message::search::fold(word)).collect();
        marked(text, &words, most)
    }

    #[test]
    fn words_are_marked_and_the_rest_escaped() {
        assert_eq!(
            mark("a <b> Cr\u{ea}pes & more", &["CR\u{ca}PES"], 999).unwrap(),
            "a &lt;b&gt; <mark>Cr\u{ea}pes</mark> &amp; more"
        );
        assert_eq!(
            mark("foo bar foo", &["FOO", "bar f"], 999).unwrap(),
            "<mark>foo</mark> <mark>bar f</mark><mark>oo</mark>"
        );
        assert_eq!(mark("nothing", &["x"], 999), None);
        assert_eq!(mark("nothing", &[], 999), None);
        assert_eq!(mark("\u{fb01}x", &["i"], 999).unwrap(), "<mark>\u{fb01}</mark>x", "a whole character is marked");
    }

    #[test]
    fn previews_end_at_their_limit() {
        let long = format!("{} needle {}", "before ".repeat(100), "after &".repeat(100));
        let shown = mark(&long, &["needle"], PREVIEW_OCTETS_MAX).unwrap();
        assert!(shown.len() <= PREVIEW_OCTETS_MAX && shown.len() > PREVIEW_OCTETS_MAX - 10, "{}", shown.len());
        assert!(shown.starts_with("before ") && shown.contains("<mark>needle</mark>"));
        assert_eq!(mark("abcd", &["abcd"], 17).unwrap(), "<mark>abcd</mark>");
        assert_eq!(mark("abcd", &["abcd"], 16).unwrap(), "", "one past it");
    }
}
