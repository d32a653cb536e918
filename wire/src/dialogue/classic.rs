//! jzwang's maildrop of classic dialogue 5: 2,308 messages of 116,385,719 octets, the first of 345, the second of
//! 2,334; number 2307 is the one the dialogue shows, 465 octets long. Owns the list of sizes and every message.

use super::made_message;

/// How many messages there are.
pub const MESSAGES: usize = 2308;

/// What they have together, in octets.
pub const OCTETS: usize = 116_385_719;

/// The number of the message that the dialogue retrieves.
pub const SHOWN: usize = 2307;

/// Its length in octets; the text below has fewer, and the space behind `Status: RO` makes up for it.
const SHOWN_OCTETS: usize = 465;

const SHOWN_HEADER: &str = "Received: from cs.clemson.edu (eclipse1.cs.clemson.edu [130.127.48.19])\r
  by cs.clemson.edu (8.9.3-20030918/8.9.3) with SMTP id UAA03726\r
  for jzwang; Tue, 6 Apr 2004 20:37:54 -0400 (EDT)\r
Date: Tue, 6 Apr 2004 20:37:54 -0400 (EDT)\r
From: zw1999@yahoo.com\r
Message-Id: <200404070037.UAA03726@cs.clemson.edu>\r
X-CPSC-Clemson-MailScanner: Found to be clean\r
X-UIDL: /$7!TA3!!%U!!hP!\r
Status: RO";

const SHOWN_BODY: &str = "\r\n\r\nhello, james:\r\n..2 dots\r\nThis is just a test.\r\n..3 dots\r\nme.\r\n";

/// The length of message `n`, counted from 1, in octets; 0 for a number that is none.
#[must_use]
pub fn octets(n: usize) -> usize {
    match n {
        1 => 345,
        2 => 2_334,
        SHOWN => SHOWN_OCTETS,
        MESSAGES => OCTETS - (1..MESSAGES).map(octets).sum::<usize>(),
        3..MESSAGES => middling(n),
        _ => 0,
    }
}

/// Lengths as a maildrop of 2004 has them: mostly a few kilobytes, some with a picture attached.
fn middling(n: usize) -> usize {
    // A multiplicative hash spreads the numbers (Knuth, TAOCP vol. 3 §6.4).
    let spread = (n * 2_654_435_761) >> 8 & 0xffff;
    match n % 16 {
        0 => 205_000 + spread * 13,
        1..=3 => 12_000 + spread,
        _ => 900 + spread / 16,
    }
}

/// Message `n`, counted from 1.
#[must_use]
pub fn message(n: usize) -> Vec<u8> {
    if n != SHOWN {
        return made_message(octets(n), n);
    }
    let space = SHOWN_OCTETS - SHOWN_HEADER.len() - SHOWN_BODY.len();
    format!("{SHOWN_HEADER}{:space$}{SHOWN_BODY}", "").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_the_dialogue() {
        assert_eq!((octets(1), octets(2), octets(SHOWN)), (345, 2_334, 465));
        assert_eq!((1..=MESSAGES).map(octets).sum::<usize>(), OCTETS);
        assert!((300..=2_000_000).contains(&octets(MESSAGES)), "the last has {}", octets(MESSAGES));
        assert_eq!((octets(0), octets(MESSAGES + 1)), (0, 0));
    }

    #[test]
    fn every_message_has_its_length() {
        for n in [1, 2, 3, 16, 17, SHOWN] {
            assert_eq!(message(n).len(), octets(n), "message {n}");
        }
    }

    #[test]
    fn the_shown_message_adds_only_space() {
        assert!((1..=5).contains(&(SHOWN_OCTETS - SHOWN_HEADER.len() - SHOWN_BODY.len())));
    }
}
