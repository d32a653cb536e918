//! Plain text as HTML. Owns finding links and quotations in it, and `format=flowed` (RFC 3676). What it writes holds no
//! style and no picture, so it may stand in the page itself as well as in a frame.

use super::clean::Safe;
use super::links::{self, LINKS_MAX, Link};
use super::markup::escape;
use super::names::SCOPE;
use message::Domain;
use message::flowed::{self, Flow};
use message::links::{is_mail, next_address};

/// Octets of text that are shown of one message: a book.
pub const TEXT_MAX: usize = 2 * 1024 * 1024;
/// Quotations within quotations; what lies deeper is shown at this depth.
pub const QUOTES_MAX: usize = 20;
/// Octets of one address in the text.
const ADDRESS_MAX: usize = links::ADDRESS_MAX;

/// Makes HTML of text. Linear in it.
#[must_use]
pub fn render(text: &str, flow: Flow, trusted: &[Domain]) -> Safe {
    let end = super::bounds::floor(text, TEXT_MAX);
    let read = text.get(..end).unwrap_or_default();
    let lines = flowed::lines(read, flow);
    let mut safe = Safe { shortened: read.len() < text.len(), text: read.to_owned(), ..Safe::default() };
    let mut out = format!("<div class=\"{SCOPE}\">");
    let mut depth = 0;
    let mut open = false;
    for line in &lines {
        let wanted = line.depth.min(QUOTES_MAX);
        if wanted != depth {
            if std::mem::take(&mut open) {
                out.push_str("</div>");
            }
            while depth < wanted {
                out.push_str("<blockquote>");
                depth += 1;
            }
            while depth > wanted {
                out.push_str("</blockquote>");
                depth -= 1;
            }
        }
        if std::mem::replace(&mut open, true) {
            out.push_str("<br>");
        } else {
            out.push_str("<div>");
        }
        link_up(&line.text, trusted, &mut safe.links, &mut out);
    }
    if open {
        out.push_str("</div>");
    }
    out.push_str(&"</blockquote>".repeat(depth));
    out.push_str("</div>");
    safe.html = out;
    safe
}

/// Writes a line with its addresses as links, and blanks that stand side by side kept.
fn link_up(line: &str, trusted: &[Domain], found: &mut Vec<Link>, out: &mut String) {
    let mut rest = line;
    while let Some((before, address, after)) = next_address(rest, ADDRESS_MAX) {
        spaced(before, out);
        let href = if address.to_ascii_lowercase().starts_with("www.") {
            format!("https://{address}")
        } else {
            address.to_owned()
        };
        let href = if is_mail(address) { format!("mailto:{address}") } else { href };
        match links::address(&href).filter(|_| found.len() < LINKS_MAX) {
            Some(href) => {
                out.push_str("<a href=\"");
                escape(&href, out);
                out.push_str("\" target=\"_blank\" rel=\"noopener noreferrer\">");
                escape(address, out);
                out.push_str("</a>");
                found.push(links::link(href, address, trusted));
            }
            None => spaced(address, out),
        }
        rest = after;
    }
    spaced(rest, out);
}

/// Blanks after the first in a row do not fall together.
fn spaced(text: &str, out: &mut String) {
    let mut plain = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        plain.push(if matches!(c, ' ' | '\t') && matches!(before, ' ' | '\t') { '\u{A0}' } else { c });
        before = c;
    }
    escape(&plain, out);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn html(text: &str) -> String {
        inner(&render(text, Flow::default(), &[]).html)
    }

    fn inner(html: &str) -> String {
        html.strip_prefix("<div class=\"pb-mail\">").unwrap().strip_suffix("</div>").unwrap().to_owned()
    }

    #[test]
    fn tags_are_text() {
        assert_eq!(html("<script>a & b</script>"), "<div>&lt;script&gt;a &amp; b&lt;/script&gt;</div>");
    }

    #[test]
    fn quotations_fold_into_each_other() {
        assert_eq!(
            html("a\n> b\n>> c\n> > d\ne"),
            "<div>a</div><blockquote><div>b</div><blockquote><div>c<br>d</div></blockquote></blockquote><div>e</div>"
        );
        let deep = html(&format!("{} x", ">".repeat(QUOTES_MAX + 1)));
        assert_eq!(deep.matches("<blockquote>").count(), QUOTES_MAX);
        assert_eq!(html(&">".repeat(100_000)).matches("</blockquote>").count(), QUOTES_MAX);
    }

    #[test]
    fn addresses_become_links() {
        for (text, href, shown, after) in [
            ("see https://crepes.fr/menu.", "https://crepes.fr/menu", "https://crepes.fr/menu", "."),
            ("(http://crepes.fr/a_(b))", "http://crepes.fr/a_(b)", "http://crepes.fr/a_(b)", ")"),
            ("<https://crepes.fr>,", "https://crepes.fr/", "https://crepes.fr", "&gt;,"),
            ("www.crepes.fr!", "https://www.crepes.fr/", "www.crepes.fr", "!"),
            ("write bob@crepes.fr, please", "mailto:bob@crepes.fr", "bob@crepes.fr", ", please"),
            ("x:https://crepes.fr/?a=\"b", "https://crepes.fr/?a=", "https://crepes.fr/?a=", "&quot;b"),
        ] {
            let html = html(text);
            let link =
                format!("<a href=\"{href}\" target=\"_blank\" rel=\"noopener noreferrer\">{shown}</a>{after}</div>");
            assert!(html.ends_with(&link), "{html}");
        }
        for none in ["javascript:alert(1)", "a@", "www.", "http://", "1.5 and 2.5", "file:///etc", "é@é"] {
            assert!(!html(none).contains("<a "), "{none}");
        }
    }

    #[test]
    fn flowed_lines_join() {
        let flow = |text: &str, delete_space| inner(&render(text, Flow { flowed: true, delete_space }, &[]).html);
        assert_eq!(flow("a \nb\nc", false), "<div>a b<br>c</div>");
        assert_eq!(flow("a \nb", true), "<div>ab</div>");
        assert_eq!(
            flow("> a \n> b\n>> c", false),
            "<blockquote><div>a b</div><blockquote><div>c</div></blockquote></blockquote>"
        );
        assert_eq!(flow("a \n-- \nb", false), "<div>a <br>-- <br>b</div>");
        assert_eq!(flow("a \n>b", false), "<div>a </div><blockquote><div>b</div></blockquote>");
        assert_eq!(flow(" >a\n From", false), "<div>&gt;a<br>From</div>");
    }

    #[test]
    fn blanks_stay_side_by_side() {
        assert_eq!(html("a   b"), "<div>a \u{A0}\u{A0}b</div>");
        assert_eq!(html(""), "");
    }

    #[test]
    fn text_ends_at_the_limit() {
        assert!(!render(&"x".repeat(TEXT_MAX), Flow::default(), &[]).shortened);
        assert!(render(&"x".repeat(TEXT_MAX + 1), Flow::default(), &[]).shortened);
        let links = "http://a.fr/ ".repeat(LINKS_MAX + 1);
        let safe = render(&links, Flow::default(), &[]);
        assert_eq!(safe.links.len(), LINKS_MAX);
        assert_eq!(safe.html.matches("<a ").count(), LINKS_MAX);
    }
}
