//! What is written about a try: for the journey, the queue's list and the reports. One line, plain, bounded.

use super::Stop;
use message::recode::Obstacle;
use wire::TlsFacts;
use wire::smtp::Reply;
use wire::smtp::client::{Outcome, Said, Stage};

/// Octets of what a peer said that are kept: enough for any sentence.
const WORDS_MAX: usize = 500;

/// A reply in one line, as `550 5.1.1 no such user`.
pub(super) fn reply(reply: &Reply) -> String {
    let enhanced = reply.enhanced.map(|status| format!("{status} ")).unwrap_or_default();
    cut(format!("{} {enhanced}{}", reply.code, reply.lines.join(" ")))
}

/// What came of a try at a host.
pub(super) fn outcome(stop: &Stop, outcome: &Outcome) -> String {
    let what = match &outcome.said {
        Said::Reply(said) => return cut(format!("{stop} said to {}: {}", to(outcome.stage), reply(said))),
        Said::Closed if outcome.stage == Stage::Handshake => "could not agree on TLS".to_owned(),
        Said::Closed => format!("closed the connection {}", during(outcome.stage)),
        Said::TimedOut => format!("did not answer in time {}", during(outcome.stage)),
        Said::Garbage(text) => format!("did not speak SMTP {}: {text}", during(outcome.stage)),
        Said::Refused(why) => why.to_string(),
    };
    cut(format!("{stop} {what}"))
}

/// Where a message went.
pub(super) fn sent(stop: &Stop, tls: Option<&TlsFacts>, said: &Reply) -> String {
    let over = tls.map(|facts| format!(" over {}", facts.version)).unwrap_or_default();
    cut(format!("to {stop}{over}: {}", reply(said)))
}

/// Why a message cannot be made one of seven bits.
pub(super) fn obstacle(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Header => "the header of the message has more",
        Obstacle::Signed => "a part that has more is signed or encrypted",
        Obstacle::Encoded => "a part that has more is encoded already",
        Obstacle::Unencodable => "a part that has more may not be encoded",
        Obstacle::Between => "what stands between the parts of the message has more",
    }
}

fn to(stage: Stage) -> &'static str {
    match stage {
        Stage::Banner => "our connection",
        Stage::Hello => "our greeting",
        Stage::StartTls | Stage::Handshake => "STARTTLS",
        Stage::Auth => "our login",
        Stage::Idle | Stage::Reset => "RSET",
        Stage::Mail => "the sender",
        Stage::Rcpt => "the recipient",
        Stage::Data | Stage::Content => "DATA",
        Stage::Dot => "the message",
    }
}

fn during(stage: Stage) -> &'static str {
    match stage {
        Stage::Banner => "before it greeted",
        Stage::Hello => "when we greeted",
        Stage::StartTls | Stage::Handshake => "when we asked for TLS",
        Stage::Auth => "when we logged in",
        Stage::Idle | Stage::Reset => "between two messages",
        Stage::Mail => "when we named the sender",
        Stage::Rcpt => "when we named the recipient",
        Stage::Data => "when we announced the message",
        Stage::Content => "while we sent the message",
        Stage::Dot => "after the message, so that nobody knows whether it was taken",
    }
}

/// At a character, not within one.
pub(super) fn cut(text: String) -> String {
    match text.char_indices().map(|(at, _)| at).find(|at| *at >= WORDS_MAX) {
        Some(end) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bounded_and_cut_between_characters() {
        assert_eq!(cut("x".repeat(WORDS_MAX)), "x".repeat(WORDS_MAX));
        assert_eq!(cut("x".repeat(WORDS_MAX + 1)), format!("{}...", "x".repeat(WORDS_MAX)));
        let accents = cut("\u{e9}".repeat(WORDS_MAX));
        assert_eq!(accents.chars().count(), WORDS_MAX / 2 + 3);
    }
}
