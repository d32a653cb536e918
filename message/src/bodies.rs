//! Which parts of a message are its text, in plain and in HTML, and which are attachments (RFC 8621 §4.1.4). Owns that
//! choice; what a part holds is `text`'s.

use crate::header::parameter_text;
use crate::structure::Kind;
use crate::summary::{Summary, SummaryPart};

/// Parts by their index in [`Summary::parts`], in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bodies {
    /// To show where plain text is wanted.
    pub text: Vec<usize>,
    /// To show where HTML is wanted.
    pub html: Vec<usize>,
    /// What else there is, and pictures that only one of both shows.
    pub attachments: Vec<usize>,
}

impl Bodies {
    /// Of a message.
    #[must_use]
    pub fn of(summary: &Summary) -> Bodies {
        let mut choice = Choice { summary, children: children(summary), bodies: Bodies::default() };
        if !summary.parts.is_empty() {
            choice.sort(&[0], "mixed", Wanted { text: true, html: true, in_alternative: false });
        }
        choice.bodies
    }

    /// Whether there is something to download: an attachment that is not said to be shown within the text.
    #[must_use]
    pub fn has_attachment(&self, summary: &Summary) -> bool {
        let parts = self.attachments.iter().filter_map(|index| summary.parts.get(*index));
        parts.into_iter().any(|part| disposition(part) != Some("inline") && !is_embedded(part, summary))
    }
}

/// The parts within each part of a message; those of a message within a message are not its own.
#[must_use]
pub fn children(summary: &Summary) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new(); summary.parts.len()];
    for (index, part) in summary.parts.iter().enumerate() {
        let parent = part.parent.and_then(|parent| usize::try_from(parent).ok());
        let Some(parent) =
            parent.filter(|parent| summary.parts.get(*parent).is_some_and(|p| p.kind == Kind::Multipart))
        else {
            continue;
        };
        all.get_mut(parent).into_iter().for_each(|children| children.push(index));
    }
    all
}

/// The name of a part: `filename` of its disposition, else `name` of its type.
#[must_use]
pub fn name(part: &SummaryPart) -> Option<String> {
    let disposition = part.disposition.as_ref();
    let filename = disposition.and_then(|disposition| parameter_text(&disposition.parameters, "filename"));
    filename.or_else(|| parameter_text(&part.parameters, "name"))
}

/// The disposition of a part in lower case, where it is one that means something here.
fn disposition(part: &SummaryPart) -> Option<&'static str> {
    let kind = &part.disposition.as_ref()?.kind;
    ["inline", "attachment"].into_iter().find(|known| kind.eq_ignore_ascii_case(known))
}

/// A picture in `multipart/related` that has an id: the HTML beside it shows it.
fn is_embedded(part: &SummaryPart, summary: &Summary) -> bool {
    let parent = part.parent.and_then(|parent| summary.parts.get(usize::try_from(parent).ok()?));
    let related = parent.is_some_and(|parent| parent.media_type == "multipart" && parent.subtype == "related");
    related && part.id.is_some() && part.media_type == "image" && disposition(part).is_none()
}

fn is_media(part: &SummaryPart) -> bool {
    matches!(part.media_type.as_str(), "image" | "audio" | "video")
}

fn is(part: &SummaryPart, subtype: &str) -> bool {
    part.media_type == "text" && part.subtype == subtype
}

/// Which lists parts still go to on the way down.
#[derive(Clone, Copy)]
struct Wanted {
    text: bool,
    html: bool,
    in_alternative: bool,
}

struct Choice<'a> {
    summary: &'a Summary,
    children: Vec<Vec<usize>>,
    bodies: Bodies,
}

impl Choice<'_> {
    /// Goes no deeper than the scanner did.
    fn sort(&mut self, parts: &[usize], multipart: &str, mut wanted: Wanted) {
        let before = (self.bodies.text.len(), self.bodies.html.len());
        let summary = self.summary;
        for (place, index) in parts.iter().enumerate() {
            let Some(part) = summary.parts.get(*index) else { continue };
            if part.is_multipart() {
                let children = self.children.get_mut(*index).map(std::mem::take).unwrap_or_default();
                let in_alternative = wanted.in_alternative || part.subtype == "alternative";
                self.sort(&children, &part.subtype, Wanted { in_alternative, ..wanted });
            } else if is_inline(part, place, multipart) {
                self.put(*index, part, multipart, &mut wanted);
            } else {
                self.bodies.attachments.push(*index);
            }
        }
        if multipart == "alternative" && wanted.text && wanted.html {
            self.complete(before);
        }
    }

    fn put(&mut self, index: usize, part: &SummaryPart, multipart: &str, wanted: &mut Wanted) {
        if multipart == "alternative" {
            let list = match part.subtype.as_str() {
                "plain" if part.media_type == "text" => &mut self.bodies.text,
                "html" if part.media_type == "text" => &mut self.bodies.html,
                _ => &mut self.bodies.attachments,
            };
            let dropped = is(part, "plain") && !wanted.text || is(part, "html") && !wanted.html;
            if !dropped {
                list.push(index);
            }
            return;
        }
        if wanted.in_alternative {
            wanted.html &= !is(part, "plain");
            wanted.text &= !is(part, "html");
        }
        if wanted.text {
            self.bodies.text.push(index);
        }
        if wanted.html {
            self.bodies.html.push(index);
        }
        if !(wanted.text && wanted.html) && is_media(part) {
            self.bodies.attachments.push(index);
        }
    }

    /// Where one of both alternatives is missing, the other stands for it.
    fn complete(&mut self, (text, html): (usize, usize)) {
        let Bodies { text: texts, html: htmls, .. } = &mut self.bodies;
        if texts.len() == text && htmls.len() > html {
            texts.extend_from_slice(htmls.get(html..).unwrap_or(&[]));
        } else if htmls.len() == html && texts.len() > text {
            htmls.extend_from_slice(texts.get(text..).unwrap_or(&[]));
        }
    }
}

/// Whether a part is shown where it stands, as the `place`-th of its siblings.
fn is_inline(part: &SummaryPart, place: usize, multipart: &str) -> bool {
    let is_shown = is(part, "plain") || is(part, "html") || is_media(part);
    let is_first = place == 0 || multipart != "related" && (is_media(part) || name(part).is_none());
    part.kind == Kind::Leaf && disposition(part) != Some("attachment") && is_shown && is_first
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bodies(content: &str) -> (Vec<usize>, Vec<usize>, Vec<usize>, bool) {
        let summary = Summary::of(&crate::parse(content.replace('\n', "\r\n").as_bytes()));
        let bodies = Bodies::of(&summary);
        let has = bodies.has_attachment(&summary);
        (bodies.text, bodies.html, bodies.attachments, has)
    }

    #[test]
    fn one_part_is_both_bodies() {
        assert_eq!(bodies("\nhi"), (vec![0], vec![0], vec![], false));
        assert_eq!(bodies("Content-Type: image/png\n\nhi"), (vec![0], vec![0], vec![], false));
        assert_eq!(bodies("Content-Type: application/pdf\n\nhi"), (vec![], vec![], vec![0], true));
        assert_eq!(bodies("Content-Type: multipart/mixed\n\nhi"), (vec![], vec![], vec![], false));
    }

    #[test]
    fn alternatives_go_to_their_own_lists() {
        let part = |kind: &str| format!("--b\nContent-Type: {kind}\n\nx\n");
        let of = |parts: &str| bodies(&format!("Content-Type: multipart/alternative; boundary=b\n\n{parts}--b--\n"));
        assert_eq!(of(&(part("text/plain") + &part("text/html"))), (vec![1], vec![2], vec![], false));
        assert_eq!(of(&part("text/html")), (vec![1], vec![1], vec![], false));
        assert_eq!(of(&part("text/plain")), (vec![1], vec![1], vec![], false));
        let calendar = part("text/plain") + &part("text/calendar");
        assert_eq!(of(&calendar), (vec![1], vec![1], vec![2], true));
    }

    /// The example of RFC 8621 §4.1.4.
    #[test]
    fn the_example_of_the_rfc_comes_out_as_it_says() {
        let content = "Content-Type: multipart/mixed; boundary=a\n\n\
            --a\nContent-Type: text/plain\nContent-Disposition: inline\n\nA\n\
            --a\nContent-Type: multipart/mixed; boundary=b\n\n\
            --b\nContent-Type: multipart/alternative; boundary=c\n\n\
            --c\nContent-Type: multipart/mixed; boundary=d\n\n\
            --d\nContent-Type: text/plain\nContent-Disposition: inline\n\nB\n\
            --d\nContent-Type: image/jpeg\nContent-Disposition: inline\n\nC\n\
            --d\nContent-Type: text/plain\nContent-Disposition: inline\n\nD\n--d--\n\
            --c\nContent-Type: multipart/related; boundary=e\n\n\
            --e\nContent-Type: text/html\n\nE\n\
            --e\nContent-Type: image/jpeg\n\nF\n--e--\n--c--\n\
            --b\nContent-Type: image/jpeg\nContent-Disposition: attachment\n\nG\n\
            --b\nContent-Type: application/x-excel\n\nH\n\
            --b\nContent-Type: message/rfc822\n\nSubject: J\n\nx\n--b--\n\
            --a\nContent-Type: text/plain\nContent-Disposition: inline\n\nK\n--a--\n";
        let summary = Summary::of(&crate::parse(content.replace('\n', "\r\n").as_bytes()));
        let text = content.replace('\n', "\r\n");
        let letter = |index: &usize| {
            let body = &summary.parts[*index].body;
            let octets = &text[usize::try_from(body.start).unwrap()..usize::try_from(body.end).unwrap()];
            octets.trim_end().chars().next_back().unwrap()
        };
        let bodies = Bodies::of(&summary);
        let letters = |list: &[usize]| list.iter().map(letter).collect::<String>();
        assert_eq!(letters(&bodies.text), "ABCDK");
        assert_eq!(letters(&bodies.html), "AEK");
        assert_eq!(letters(&bodies.attachments), "CFGHx");
        assert!(bodies.has_attachment(&summary));
    }

    #[test]
    fn names_are_of_the_disposition_first() {
        let part = |fields: &str| Summary::of(&crate::parse(format!("{fields}\r\n\r\n").as_bytes())).parts.remove(0);
        assert_eq!(name(&part("Content-Type: a/b; name=x")).as_deref(), Some("x"));
        let both = "Content-Type: a/b; name=x\r\nContent-Disposition: attachment; filename=y";
        assert_eq!(name(&part(both)).as_deref(), Some("y"));
        assert_eq!(name(&part("Content-Type: a/b")), None);
    }
}
