//! Lines that fit a width. Owns where a line is parted: at spaces, else within a word; columns are counted as terminals
//! count them.

use super::{Span, Style};
use unicode_width::UnicodeWidthChar;

/// Columns below which nobody reads; a narrower view gets lines of so many.
pub const WIDTH_MIN: usize = 20;
/// Marks on one letter that are shown; more of them are drawn over the lines above and below.
const MARKS_MAX: usize = 8;

/// Parts one line into lines of at most `width` columns. An empty line stays one line.
pub(super) fn wrap(spans: &[Span], width: usize) -> Vec<Vec<Span>> {
    let mut parted = Parted { width: width.max(WIDTH_MIN), lines: Vec::new(), line: Vec::new(), column: 0 };
    for word in words(spans) {
        parted.word(&word);
    }
    parted.end_line();
    parted.lines
}

/// A letter and the style it has.
type Letter = (char, Style);

struct Parted {
    width: usize,
    lines: Vec<Vec<Span>>,
    line: Vec<Letter>,
    column: usize,
}

impl Parted {
    fn word(&mut self, word: &[Letter]) {
        let is_space = word.first().is_some_and(|(c, _)| *c == ' ');
        let whole: usize = word.iter().map(|(c, _)| columns(*c)).sum();
        if is_space && self.column + whole > self.width {
            // White space at the end of a line is not seen.
            return self.end_line();
        }
        if self.column + whole > self.width && whole <= self.width {
            self.end_line();
        }
        for (c, style) in word {
            let own = columns(*c);
            if self.column + own > self.width {
                self.end_line();
            }
            self.line.push((*c, *style));
            self.column += own;
        }
    }

    fn end_line(&mut self) {
        let letters = std::mem::take(&mut self.line);
        self.column = 0;
        let mut spans: Vec<Span> = Vec::new();
        for (c, style) in letters {
            match spans.last_mut() {
                Some(span) if span.style == style => span.text.push(c),
                _ => spans.push(Span { text: c.to_string(), style }),
            }
        }
        if let Some(last) = spans.last_mut() {
            last.text.truncate(last.text.trim_end_matches(' ').len());
        }
        spans.retain(|span| !span.text.is_empty());
        self.lines.push(spans);
    }
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Runs of spaces, and runs of what is between them.
fn words(spans: &[Span]) -> Vec<Vec<Letter>> {
    let mut words: Vec<Vec<Letter>> = Vec::new();
    let mut marks = 0;
    for span in spans {
        for c in span.text.chars() {
            marks = if columns(c) == 0 { marks + 1 } else { 0 };
            if marks > MARKS_MAX {
                continue;
            }
            match words.last_mut() {
                Some(word) if word.last().is_some_and(|(last, _)| (*last == ' ') == (c == ' ')) => {
                    word.push((c, span.style));
                }
                _ => words.push(vec![(c, span.style)]),
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    fn parted(text: &str, width: usize) -> Vec<String> {
        let span = Span { text: text.to_owned(), style: Style::Plain };
        let line = |spans: Vec<Span>| spans.into_iter().map(|span| span.text).collect();
        wrap(&[span], width).into_iter().map(line).collect()
    }

    #[test]
    fn lines_are_parted_at_spaces_else_within_words() {
        assert_eq!(parted("one two three four five six", 20), ["one two three four", "five six"]);
        assert_eq!(parted("", 20), [""]);
        assert_eq!(parted("  indented", 20), ["  indented"]);
        assert_eq!(parted(&"x".repeat(45), 20), ["x".repeat(20), "x".repeat(20), "x".repeat(5)]);
        assert_eq!(parted(&"日".repeat(11), 21), ["日".repeat(10), "日".to_owned()]);
        assert_eq!(parted(&format!("{} y", "x".repeat(20)), 20), ["x".repeat(20), "y".to_owned()]);
        assert_eq!(parted(&format!("a{}", "\u{301}".repeat(50)), 20)[0].chars().count(), 1 + MARKS_MAX);
    }

    #[test]
    fn styles_stay_with_their_letters() {
        let span = |text: &str, style| Span { text: text.to_owned(), style };
        let lines = wrap(&[span("one two three ", Style::Plain), span("four five", Style::Strong)], 20);
        assert_eq!(lines[0], [span("one two three ", Style::Plain), span("four", Style::Strong)]);
        assert_eq!(lines[1], [span("five", Style::Strong)]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider(text in "[a-z 日é\u{301}]{0,200}", width in 1_usize..60) {
            for line in parted(&text, width) {
                prop_assert!(line.width() <= width.max(WIDTH_MIN), "{}", line);
            }
        }
    }
}
