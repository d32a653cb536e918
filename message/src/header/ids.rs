//! Message ids (RFC 5322 §3.6.4) of Message-ID, In-Reply-To and References, whatever stands around them.

use super::lexer::Lexer;
use super::words::raw_text;

/// Ids of one field that are looked at; a thread is not longer.
pub const IDS_MAX: usize = 1000;

/// The ids without their brackets, in order. Where nothing has brackets: the words that hold an `@`, or the only word.
#[must_use]
pub fn message_ids(value: &[u8]) -> Vec<String> {
    let mut lexer = Lexer::new(value);
    let (mut ids, mut bare) = (Vec::new(), Vec::new());
    while ids.len() < IDS_MAX && bare.len() < IDS_MAX {
        lexer.skip_cfws();
        match lexer.peek() {
            None => break,
            Some(b'<') => ids.extend(bracketed(&mut lexer)),
            Some(b'"') => drop(lexer.quoted()),
            Some(b',' | b'>' | b')') => drop(lexer.bump()),
            Some(_) => bare.push(lexer.run(|byte| byte.is_ascii_whitespace() || b"<>,(\"".contains(&byte))),
        }
    }
    if !ids.is_empty() {
        return ids;
    }
    let single = bare.len() == 1;
    bare.into_iter().filter(|word| single || word.contains(&b'@')).map(raw_text).collect()
}

/// From `<` to `>`, white space and folds left out; a second `<` begins anew, an id without end is none.
fn bracketed(lexer: &mut Lexer<'_>) -> Option<String> {
    let mut id = Vec::new();
    loop {
        match lexer.bump()? {
            b'>' => return (!id.is_empty()).then(|| raw_text(&id)),
            b'<' => id.clear(),
            byte if byte.is_ascii_whitespace() => {}
            byte => id.push(byte),
        }
    }
}
