//! Made messages: the same octets from the same two numbers, wherever a dialogue, a runner or the lab needs mail.

/// The first words of every made message; what follows counts and fills up.
const FROM: &str = "From: Alice <alice@crepes.fr>\r\nTo: bob@hamburger.edu\r\n";

/// Characters of a body line without its CRLF.
const LINE: usize = 70;

/// A message of exactly `octets` octets, lines ended by CRLF, that differs with `n`. From 200 octets on it has From,
/// To, Subject, Date and Message-ID; every ninth line of the body begins with a dot, so that dot-stuffing shows.
/// A shorter one has what fits.
#[must_use]
pub fn made_message(octets: usize, n: usize) -> Vec<u8> {
    let mut message = Vec::with_capacity(octets);
    let header = header(n);
    if header.len() + 2 <= octets {
        message.extend_from_slice(header.as_bytes());
        message.extend_from_slice(b"\r\n");
    } else if octets >= 8 {
        message.extend_from_slice(b"X: y\r\n\r\n");
    }
    fill(&mut message, octets, n);
    message
}

fn header(n: usize) -> String {
    let (minute, second) = (n / 60 % 60, n % 60);
    format!(
        "{FROM}Subject: Made message {n}\r\nDate: Tue, 6 Apr 2004 20:{minute:02}:{second:02} -0400\r\n\
         Message-ID: <made.{n}@crepes.fr>\r\n"
    )
}

/// Appends body lines until the message has its length; the last line takes what is left.
fn fill(message: &mut Vec<u8>, octets: usize, n: usize) {
    let mut number = 0;
    while message.len() < octets {
        let left = octets - message.len();
        // A rest too short for a line of its own goes to the line before it.
        let take = if left < LINE + 2 + 3 { left } else { LINE + 2 };
        body_line(message, take, (n, number));
        number += 1;
    }
}

/// One line of `octets` octets, CRLF included where it fits.
fn body_line(message: &mut Vec<u8>, octets: usize, (n, number): (usize, usize)) {
    let (text, end): (usize, &[u8]) = if octets >= 2 { (octets - 2, b"\r\n") } else { (octets, b"") };
    let dots = if number % 9 == 4 { number / 9 % 3 + 1 } else { 0 };
    let words = format!("{:.<dots$}line {number} of made message {n}: ketchup, pickles and mustard ", "");
    message.extend(words.bytes().cycle().take(text));
    message.extend_from_slice(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_exact() {
        for octets in (0..1200).chain([2334, 10 * 1024 * 1024]) {
            assert_eq!(made_message(octets, 7).len(), octets);
        }
    }

    #[test]
    fn it_is_a_message_of_crlf_lines() {
        for octets in [200, 345, 498, 912, 5000] {
            let message = made_message(octets, 3);
            assert!(message.ends_with(b"\r\n"));
            assert!(message.starts_with(b"From: "));
            let text = String::from_utf8(message).unwrap_or_default();
            assert!(text.contains("\r\n\r\n"), "{octets} octets have no end of the header");
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        }
    }

    #[test]
    fn the_same_numbers_make_the_same_octets_and_others_do_not() {
        assert_eq!(made_message(498, 1), made_message(498, 1));
        assert_ne!(made_message(498, 1), made_message(498, 2));
    }

    #[test]
    fn a_longer_body_has_lines_that_begin_with_dots() {
        let text = String::from_utf8(made_message(4000, 1)).unwrap_or_default();
        assert!(text.contains("\r\n.line") && text.contains("\r\n..line"));
    }
}
