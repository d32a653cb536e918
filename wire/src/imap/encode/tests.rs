//! What is written reads back the same, by any way of cutting it up; see also `parse::tests` for what is read.
#![allow(clippy::unwrap_used)]

mod commands;
mod made;

use super::*;
use crate::imap::limits::LITERAL_MINUS;
use crate::imap::mailbox::Charset;
use crate::imap::parse;
use proptest::prelude::*;

const STYLES: [Style; 4] = [
    Style { charset: Charset::Ascii, literals: Literals::Synchronizing },
    Style { charset: Charset::Ascii, literals: Literals::Minus },
    Style { charset: Charset::Utf8, literals: Literals::Plus },
    Style { charset: Charset::Utf8, literals: Literals::Synchronizing },
];

fn whole(tagged: &Tagged, style: Style) -> Vec<u8> {
    command(tagged, style).concat()
}

#[test]
fn commands_are_written_as_they_are_known() {
    for (command, line) in commands::known() {
        let tagged = Tagged { tag: "a1".to_owned(), command };
        let written = whole(&tagged, Style::default());
        assert_eq!(String::from_utf8_lossy(&written), format!("a1 {line}\r\n"));
        let text = written.strip_suffix(b"\r\n").unwrap();
        assert_eq!(parse::command(text, Charset::Ascii), Ok(tagged), "{line}");
    }
}

#[test]
fn literals_are_pieces_where_they_wait() {
    let login = Command::Login { user: "bob".to_owned(), password: crate::sasl::Secret("h\u{fc}\"".into()) };
    let tagged = Tagged { tag: "a".to_owned(), command: login };
    let pieces = command(&tagged, STYLES[0]);
    assert_eq!(pieces, [&b"a LOGIN bob {4}\r\n"[..], "h\u{fc}\"\r\n".as_bytes()]);
    assert_eq!(command(&tagged, STYLES[1]).concat(), "a LOGIN bob {4+}\r\nh\u{fc}\"\r\n".as_bytes());
    assert_eq!(command(&tagged, STYLES[2]).concat(), "a LOGIN bob \"h\u{fc}\\\"\"\r\n".as_bytes());
    let style = STYLES[1];
    assert!(!style.literal(LITERAL_MINUS, false).synchronizing);
    assert!(style.literal(LITERAL_MINUS + 1, false).synchronizing);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read(command in made::command(), tag in "[A-Za-z0-9.]{1,8}", style in 0..STYLES.len()) {
        let tagged = Tagged { tag, command };
        let style = STYLES[style];
        let written = whole(&tagged, style);
        let text = written.strip_suffix(b"\r\n").unwrap();
        prop_assert_eq!(parse::command(text, style.charset), Ok(tagged), "{}", String::from_utf8_lossy(&written));
    }
}
