//! Patterns of mutt, such as `~f alice ~N`, in the words of our one search language. What is in that language passes as it is.

/// The same in the search language.
#[must_use]
pub fn translated(text: &str) -> String {
    if !text.contains('~') {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut rest = text.split_whitespace().peekable();
    while let Some(word) = rest.next() {
        let (mark, bare) = match word.strip_prefix('!') {
            Some(bare) => ("-", bare),
            None => ("", word),
        };
        let Some(letter) = bare.strip_prefix('~').and_then(|letter| letter.chars().next()) else {
            words.push(if word == "|" { "OR".to_owned() } else { word.to_owned() });
            continue;
        };
        match (flag(letter), operator(letter)) {
            (Some(term), _) => words.push(format!("{mark}{term}")),
            (None, Some(operator)) => {
                let value = rest.next().unwrap_or_default();
                words.push(format!("{mark}{}", with_value(letter, operator, value)));
            }
            (None, None) => words.push(word.to_owned()),
        }
    }
    words.join(" ").trim().to_owned()
}

/// What takes no value.
fn flag(letter: char) -> Option<&'static str> {
    Some(match letter {
        'A' => "",
        'N' | 'O' | 'U' => "is:unread",
        'R' => "is:read",
        'F' => "is:starred",
        'Q' => "is:answered",
        'X' => "has:attachment",
        _ => return None,
    })
}

fn operator(letter: char) -> Option<&'static str> {
    Some(match letter {
        'f' => "from",
        's' => "subject",
        't' => "to",
        'c' => "cc",
        'C' => "to",
        'b' | 'B' => "body",
        'i' => "msgid",
        'd' | 'r' => "newer_than",
        'z' => "larger",
        'L' => "from",
        _ => return None,
    })
}

fn with_value(letter: char, operator: &str, value: &str) -> String {
    match letter {
        'd' | 'r' => match (value.strip_prefix('<'), value.strip_prefix('>')) {
            (Some(age), _) => format!("newer_than:{age}"),
            (_, Some(age)) => format!("older_than:{age}"),
            _ => format!("on:{value}"),
        },
        'z' => match (value.strip_prefix('<'), value.strip_prefix('>')) {
            (Some(size), _) => format!("smaller:{size}"),
            (_, Some(size)) => format!("larger:{size}"),
            _ => format!("larger:{value}"),
        },
        _ => format!("{operator}:{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn patterns_of_mutt_become_searches() {
        for (pattern, search) in [
            ("~f alice ~N", "from:alice is:unread"),
            ("!~s ketchup | ~F", "-subject:ketchup OR is:starred"),
            ("~d <2w ~z >5M", "newer_than:2w larger:5M"),
            ("~A", ""),
            ("from:alice is:unread", "from:alice is:unread"),
            ("~? x", "~? x"),
        ] {
            assert_eq!(translated(pattern), search, "{pattern}");
            assert!(message::search::query::parse(search).problems.is_empty() || pattern.contains('?'), "{search}");
        }
    }
}
