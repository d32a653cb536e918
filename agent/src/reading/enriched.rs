//! `text/enriched` (RFC 1896) as plain text: commands taken off, lines joined as it asks. Owns those rules.

/// The text without its commands. Parameters, which are not for reading, are left out.
pub(super) fn text(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let (mut unfilled, mut in_parameter) = (0_usize, 0_usize);
    let source = source.replace("\r\n", "\n");
    let mut rest = source.as_str();
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let (piece, next) = match c {
            // RFC 1896 §2: two of them mean one.
            '<' if after.starts_with('<') => ("<", after.get(1..).unwrap_or_default()),
            '<' => match after.split_once('>') {
                Some((command, next)) if is_command(command) => {
                    note(command, &mut unfilled, &mut in_parameter);
                    ("", next)
                }
                _ => ("<", after),
            },
            // RFC 1896 §2: one line end is a space, and of several one goes.
            '\n' if unfilled == 0 => {
                let more = after.len() - after.trim_start_matches('\n').len();
                let (ends, next) = after.split_at(more);
                (if more == 0 { " " } else { ends }, next)
            }
            _ => (rest.get(..c.len_utf8()).unwrap_or_default(), after),
        };
        if in_parameter == 0 {
            out.push_str(piece);
        }
        rest = next;
    }
    out
}

/// RFC 1896 §2: letters, digits and hyphens, at most 60.
fn is_command(text: &str) -> bool {
    let name = text.strip_prefix('/').unwrap_or(text);
    (1..=60).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

fn note(command: &str, unfilled: &mut usize, in_parameter: &mut usize) {
    match command.to_ascii_lowercase().as_str() {
        "nofill" => *unfilled += 1,
        "/nofill" => *unfilled = unfilled.saturating_sub(1),
        "param" => *in_parameter += 1,
        "/param" => *in_parameter = in_parameter.saturating_sub(1),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_go_and_lines_are_joined() {
        assert_eq!(text("<bold>Now</bold> is\nthe time\n\nfor <<men>\n\n\nx"), "Now is the time\nfor <men>\n\nx");
        assert_eq!(text("<color><param>red</param>Blood</color>"), "Blood");
        assert_eq!(text("<nofill>a\nb</nofill>\nc"), "a\nb c");
        assert_eq!(text("a < b > c <"), "a < b > c <");
        assert_eq!(text("<param>never ended"), "");
    }
}
