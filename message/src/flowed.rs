//! Plain text as lines with their depth of quotation, and the lines of `format=flowed` joined to paragraphs (RFC 3676). Owns
//! reading them; `build::flowed` writes them. Does not own how they are shown.

use crate::header::parameter_text;
use crate::summary::SummaryPart;

/// How the text wants to be read (RFC 3676 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// `format=flowed`: lines that end with a blank go on in the next.
    pub flowed: bool,
    /// `delsp=yes`: that blank is not of the text.
    pub delete_space: bool,
}

/// A line, and how deep it is quoted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// How many marks of quotation stood before it.
    pub depth: usize,
    /// Without them.
    pub text: String,
}

impl Flow {
    /// What the part says of its lines.
    #[must_use]
    pub fn of(part: &SummaryPart) -> Flow {
        let says = |name: &str, value: &str| {
            parameter_text(&part.parameters, name).is_some_and(|own| own.trim().eq_ignore_ascii_case(value))
        };
        Flow { flowed: says("format", "flowed"), delete_space: says("delsp", "yes") }
    }
}

/// The lines of a text: paragraphs, where it flows. Linear in it.
#[must_use]
pub fn lines(text: &str, flow: Flow) -> Vec<Line> {
    if flow.flowed { unflow(text, flow) } else { text.lines().map(quoted).collect() }
}

/// The marks of quotation before a line, as people write them: `>` with blanks between.
fn quoted(line: &str) -> Line {
    let mut rest = line;
    let mut depth = 0;
    loop {
        let bare = if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
        match bare.strip_prefix('>') {
            Some(after) => {
                rest = after;
                depth += 1;
            }
            None => break,
        }
    }
    let text = if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
    Line { depth, text: text.to_owned() }
}

/// RFC 3676 §4.1 to §4.5: joins the lines of a paragraph.
fn unflow(text: &str, flow: Flow) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        // RFC 3676 §4.5: marks stand without blanks between them.
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let stuffed = line.get(depth..).unwrap_or_default();
        // RFC 3676 §4.4: one blank in front was put there so that the line is no mark and no `From `.
        let own = stuffed.strip_prefix(' ').unwrap_or(stuffed);
        // RFC 3676 §4.3: the line before a signature ends its paragraph, and the mark of one is not flowed.
        let is_signature = own == "-- ";
        let flowed = own.ends_with(' ') && !is_signature;
        let shown = if flowed && flow.delete_space { own.strip_suffix(' ').unwrap_or(own) } else { own };
        match lines.last_mut() {
            Some(last) if goes_on && last.depth == depth && !is_signature => last.text.push_str(shown),
            _ => lines.push(Line { depth, text: shown.to_owned() }),
        }
        goes_on = flowed;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, flow: Flow) -> Vec<(usize, String)> {
        lines(text, flow).into_iter().map(|line| (line.depth, line.text)).collect()
    }

    #[test]
    fn marks_of_quotation_are_counted() {
        let text = "a\n> b\n>> c\n> > d\n>e\n>\n";
        let expected = [(0, "a"), (1, "b"), (2, "c"), (2, "d"), (1, "e"), (1, "")];
        assert_eq!(shown(text, Flow::default()), expected.map(|(depth, text)| (depth, text.to_owned())));
    }

    #[test]
    fn paragraphs_are_joined_at_one_depth() {
        let flow = Flow { flowed: true, delete_space: false };
        let text = "one \ntwo\n> three \n> four \n>> five\n  stuffed\n-- \nAlice\n";
        let expected = [(0, "one two"), (1, "three four "), (2, "five"), (0, " stuffed"), (0, "-- "), (0, "Alice")];
        assert_eq!(shown(text, flow), expected.map(|(depth, text)| (depth, text.to_owned())));
        let without = Flow { flowed: true, delete_space: true };
        assert_eq!(shown("日 \n本\n", without), [(0, "日本".to_owned())]);
    }
}
