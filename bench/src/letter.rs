//! Messages as people write them, made from a number: senders, subjects and words differ so that a search has something
//! to find, and every third has two parts so that a structure has something to tell.

/// A word in the text of one message in a thousand.
pub const RARE: &str = "quince";

const WORDS: [&str; 24] = [
    "ketchup", "pickles", "dinner", "eight", "meeting", "report", "numbers", "weather", "garden", "harbour", "ticket",
    "invoice", "window", "letter", "morning", "printer", "station", "lemon", "paper", "bridge", "kettle", "orange",
    "summer", "basket",
];

/// Message `number`, of about `size` octets.
pub fn letter(number: u64, size: usize) -> String {
    let (person, topic) = (number % 500, word(number / 7));
    let mut text = format!(
        "Received: from mx{person}.bench.example by mx.bench.test with ESMTP id {number};\r\n\
         \tSat, 21 Nov 2026 10:00:00 +0000\r\n\
         From: \"Person {person}\" <person{person}@bench.example>\r\nTo: Reader <reader@bench.test>\r\n\
         Subject: {topic} {number}\r\nDate: Sat, 21 Nov 2026 {:02}:{:02}:{:02} +0000\r\n\
         Message-ID: <{number}@bench.example>\r\nMIME-Version: 1.0\r\n",
        number / 3600 % 24,
        number / 60 % 60,
        number % 60,
    );
    if number.is_multiple_of(3) {
        let boundary = format!("part-{number}");
        text.push_str(&format!("Content-Type: multipart/alternative; boundary={boundary}\r\n\r\n"));
        let half = size.saturating_sub(text.len() + 150) / 2;
        for kind in ["plain", "html"] {
            text.push_str(&format!("--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n"));
            words(&mut text, number, half);
        }
        text.push_str(&format!("--{boundary}--\r\n"));
    } else {
        text.push_str("Content-Type: text/plain; charset=utf-8\r\n\r\n");
        let left = size.saturating_sub(text.len());
        words(&mut text, number, left);
    }
    text
}

/// Lines of words, about so many octets.
fn words(text: &mut String, number: u64, octets: usize) {
    let end = text.len() + octets;
    let mut state = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    if number.is_multiple_of(1000) {
        text.push_str(RARE);
        text.push_str("\r\n");
    }
    while text.len() < end {
        for _ in 0..9 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(word(state >> 20));
            text.push(' ');
        }
        text.push_str("\r\n");
    }
}

fn word(number: u64) -> &'static str {
    let at = usize::try_from(number % WORDS.len() as u64).unwrap_or_default();
    WORDS.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_their_size_and_differ() {
        for size in [1024, 10_240, 51_200] {
            for number in 0..4 {
                let text = letter(number, size);
                assert!(text.len().abs_diff(size) < 250, "{number}: {} of {size}", text.len());
                assert!(text.ends_with("\r\n"));
            }
        }
        assert_ne!(letter(1, 1024), letter(2, 1024));
        assert!(letter(3000, 1024).contains(RARE) && !letter(3001, 1024).contains(RARE));
    }
}
