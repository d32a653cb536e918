//! Text that readers may wrap anew (`format=flowed`, RFC 3676): long paragraphs in short lines, each but the last with a space
//! at its end. Owns writing it. For programs that write mail as text; JMAP clients send their text as it is to be.

use super::LINE_MAX;

/// Characters of a line before the space that lets it flow on.
const WIDTH: usize = 72;

/// The text with its long lines made to flow. With the parameter `format=flowed` it is the same text again.
#[must_use]
pub fn flow(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    for line in text.lines() {
        let quote = line.len() - line.trim_start_matches('>').len();
        let (marks, rest) = line.split_at(quote);
        // RFC 3676 §4.3: the line above a signature is as it is, and white space at the end would let others flow.
        let rest = if rest == "-- " { rest } else { rest.trim_end_matches(' ') };
        paragraph(marks, if quote > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest }, &mut out);
    }
    out
}

/// The text with its long lines parted at spaces for good, marks of quotation repeated: for text that is not to flow.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    for line in text.lines() {
        let quote = line.len() - line.trim_start_matches(['>', ' ']).len();
        let (marks, mut rest) = line.split_at(if line.starts_with('>') { quote } else { 0 });
        loop {
            let at = cut(rest, width.saturating_sub(marks.chars().count()).max(1)).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(at);
            out.push_str(marks);
            // The line above a signature keeps its space.
            out.push_str(if piece == "-- " { piece } else { piece.trim_end_matches(' ') });
            out.push('\n');
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    out
}

fn paragraph(marks: &str, text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        let cut = (text != "-- ").then(|| cut(rest, WIDTH.saturating_sub(marks.len() + 1))).flatten();
        let (line, after) = rest.split_at(cut.unwrap_or(rest.len()));
        out.push_str(marks);
        // RFC 3676 §4.4: stuffed, so that nothing looks like a quotation or a line of a mailbox.
        let stuffed = line.starts_with([' ', '>']) || line.starts_with("From ");
        if stuffed || !marks.is_empty() && !line.is_empty() {
            out.push(' ');
        }
        out.push_str(line);
        out.push('\n');
        if cut.is_none() {
            return;
        }
        rest = after;
    }
}

/// Where a line ends that is too long: behind a space, so that it flows on. None where it fits, or no space is there.
fn cut(line: &str, width: usize) -> Option<usize> {
    if line.chars().count() <= width.min(LINE_MAX) {
        return None;
    }
    let mut last = None;
    for (count, (at, c)) in line.char_indices().enumerate() {
        if count > width && last.is_some() {
            break;
        }
        // A space at the very end of the text would be all that is left.
        if c == ' ' && at + 1 < line.len() {
            last = Some(at + 1);
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 3676 §4.2, §4.5, as a reader goes by it.
    fn unflowed(text: &str) -> String {
        let (mut out, mut open): (String, Option<usize>) = (String::new(), None);
        for line in text.lines() {
            let quote = line.len() - line.trim_start_matches('>').len();
            let rest = line.get(quote..).unwrap_or("");
            let rest = rest.strip_prefix(' ').unwrap_or(rest);
            if open != Some(quote) {
                out.push_str(if open.is_some() { "\n" } else { "" });
                out.push_str(&">".repeat(quote));
                if quote > 0 && !rest.is_empty() {
                    out.push(' ');
                }
            }
            out.push_str(rest);
            open = (rest.ends_with(' ') && rest != "-- ").then_some(quote);
            if open.is_none() {
                out.push('\n');
            }
        }
        out
    }

    #[test]
    fn paragraphs_flow_and_signatures_do_not() {
        let long = "word ".repeat(40);
        let flowed = flow(&format!("{long}\n> {long}\n-- \nAlice\n From \nFrom here\n"));
        assert!(flowed.lines().all(|line| line.chars().count() <= LINE_MAX), "{flowed}");
        assert!(flowed.contains("\n-- \nAlice\n  From\n From here\n"), "{flowed}");
        assert!(flowed.lines().next().is_some_and(|line| line.ends_with(' ')));
    }

    #[test]
    fn fixed_lines_repeat_their_marks() {
        let text = format!("> {}\n\n-- \n{}\n", "word ".repeat(6).trim_end(), "x".repeat(30));
        let expected = format!("> word word word\n> word word word\n\n-- \n{}\n", "x".repeat(30));
        assert_eq!(wrapped(&text, 18), expected);
        assert_eq!(wrapped(">> a b", 1), ">> a\n>> b\n");
    }

    proptest! {
        #[test]
        fn what_flows_is_the_same_text(lines in proptest::collection::vec("(>{1,3} )?[a-zé]{1,12}( {1,2}[a-zé>]{1,12}){0,30}", 0..6)) {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            prop_assert_eq!(unflowed(&flow(&text)), text);
        }
    }
}
