//! The status of a failure (RFC 3463): the peer's own where it gives one that fits its code, else what the code or the
//! silence says (the list of RFC 5248).

use super::{Failure, Said, Stage};
use wire::smtp::{Enhanced, Reply};

/// The status of one outcome. Its class fits: 2 for a positive reply, 4 for what may pass, 5 for what will not.
pub(super) fn of(failure: &Failure) -> Enhanced {
    match &failure.said {
        Said::Reply(reply) => of_reply(failure.stage, reply),
        // RFC 3463 §3.5: x.4.1 no answer from host, x.4.2 bad connection.
        Said::Closed | Said::TimedOut if failure.stage == Stage::Connect => Enhanced(4, 4, 1),
        Said::Closed | Said::TimedOut => Enhanced(4, 4, 2),
        // RFC 3463 §3.8: x.7.5 cryptographic failure.
        Said::Garbage if failure.stage == Stage::Tls => Enhanced(4, 7, 5),
        Said::Garbage => Enhanced(4, 5, 0),
        Said::Refused(Enhanced(class, subject, detail)) => Enhanced(if *class == 5 { 5 } else { 4 }, *subject, *detail),
    }
}

fn of_reply(stage: Stage, reply: &Reply) -> Enhanced {
    let class = match reply.code {
        200..300 if stage == Stage::Dot => 2,
        // A positive reply in the wrong place (RFC 3463 §3.6: x.5.0, other protocol status).
        0..400 => return Enhanced(4, 5, 0),
        400..500 => 4,
        _ => 5,
    };
    match reply.enhanced {
        // RFC 2034 §4: its class is that of the code; where they differ the code decides (RFC 5321 §4.2).
        Some(Enhanced(_, subject, detail)) => Enhanced(class, subject, detail),
        None => {
            let (subject, detail) = of_code(stage, reply.code);
            Enhanced(class, subject, detail)
        }
    }
}

/// Subject and detail of a code alone.
fn of_code(stage: Stage, code: u16) -> (u16, u16) {
    match (stage, code) {
        (_, 421 | 521) | (Stage::Banner | Stage::Ehlo, _) => (3, 2),
        (Stage::StartTls, _) => (7, 4),
        (Stage::Auth, 535) => (7, 8),
        (Stage::Auth, _) | (_, 454 | 530) => (7, 0),
        (Stage::Rcpt, 450) => (2, 0),
        (_, 451) => (3, 0),
        (Stage::Rcpt, 452) => (5, 3),
        (_, 452) => (3, 1),
        (_, 500) => (5, 2),
        (Stage::Rcpt, 501) => (1, 3),
        (_, 501 | 504 | 555) => (5, 4),
        (_, 502 | 503) => (5, 1),
        (_, 551) => (1, 6),
        (Stage::Rcpt, 552) => (2, 2),
        (_, 552) => (3, 4),
        (Stage::Rcpt, 553) => (1, 3),
        (Stage::Mail, 553) => (1, 7),
        // RFC 7504 §4
        (_, 556) => (1, 10),
        _ => (0, 0),
    }
}
