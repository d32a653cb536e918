//! A conversation on paper: arrows for who speaks, the long cut short, what differs from run to run made the same.

use super::capture::{Side, Talk};
use std::fmt::Write;

/// Lines of one turn that are shown; of more, the first and the last.
const TURN_LINES: usize = 40;
/// Of those, the last.
const TURN_END: usize = 6;
/// Characters of a line.
const LINE_MAX: usize = 110;

/// A conversation as a block of Markdown.
#[must_use]
pub fn block(talk: &Talk) -> String {
    let mut text = String::from("```text\n");
    for (side, octets) in &talk.turns {
        let arrow = if *side == Side::Client { "-->" } else { "<--" };
        for line in lines(octets) {
            let _ = writeln!(text, "{}", format!("{arrow} {line}").trim_end());
        }
    }
    text.push_str("```\n");
    text
}

/// The lines of one turn. JSON, which travels in one line, is shown in many.
fn lines(octets: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(octets);
    let mut lines = Vec::new();
    for line in text.lines() {
        match serde_json::from_str::<serde_json::Value>(line) {
            Ok(value) if line.starts_with('{') && value.is_object() => {
                let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
                lines.extend(pretty.lines().map(str::to_owned));
            }
            _ => lines.push(steady(line)),
        }
    }
    for line in &mut lines {
        if line.chars().count() > LINE_MAX {
            *line = line.chars().take(LINE_MAX).chain("...".chars()).collect();
        }
    }
    if lines.len() > TURN_LINES {
        let hidden = lines.len() - TURN_LINES;
        let end = lines.split_off(lines.len() - TURN_END);
        lines.truncate(TURN_LINES - TURN_END);
        lines.push(format!("    ({hidden} more lines)"));
        lines.extend(end);
    }
    lines
}

/// A line without what is another at every run.
fn steady(line: &str) -> String {
    if line.to_ascii_lowercase().starts_with("date: ") && line.ends_with("GMT") {
        return "date: (now)".to_owned();
    }
    line.to_owned()
}

/// One row of a comparison: what it cost.
#[must_use]
pub fn cost(what: &str, talk: &Talk) -> String {
    let (sent, heard) = (talk.octets(Side::Client), talk.octets(Side::Server));
    format!("| {what} | {} | {sent} | {heard} |\n", talk.waits())
}

/// The head of such a table.
pub const COST_HEAD: &str = "| | waits for the server | octets sent | octets heard |\n|:--|--:|--:|--:|\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_say_who_speaks_and_long_turns_are_cut() {
        let many = "x\r\n".repeat(50);
        let turns = vec![
            (Side::Server, b"220 hi\r\n".to_vec()),
            (Side::Client, b"HELO a\r\n".to_vec()),
            (Side::Server, many.into_bytes()),
        ];
        let talk = Talk { turns };
        let text = block(&talk);
        assert!(text.starts_with("```text\n<-- 220 hi\n--> HELO a\n<-- x\n"), "{text}");
        assert!(text.contains("<--     (10 more lines)\n"), "{text}");
        assert_eq!(cost("a", &talk), "| a | 2 | 8 | 158 |\n");
    }

    #[test]
    fn json_is_shown_in_lines_and_dates_of_today_are_not() {
        let talk =
            Talk { turns: vec![(Side::Server, b"date: Sat, 21 Nov 2026 20:00:00 GMT\r\n\r\n{\"a\":[1]}".to_vec())] };
        assert_eq!(
            block(&talk),
            "```text\n<-- date: (now)\n<--\n<-- {\n<--   \"a\": [\n<--     1\n<--   ]\n<-- }\n```\n"
        );
    }
}
