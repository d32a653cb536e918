//! What an answer means: for every stage of an attempt and everything a peer can say or do there, whether the recipient
//! has its message, is tried again, is tried at another host now, or has failed. Owns the decision and its status
//! (RFC 3463). Does not own when to try again (`schedule`) or what the sender is told (`bounce`).
//!
//! The caller has done by then what a client session does on its own: HELO where EHLO was refused, and where TLS is
//! wanted but not required, another connection without it. What comes here at [`Stage::StartTls`] and [`Stage::Tls`]
//! is TLS that must be.
//!
//! A lost reply to the end of the data cannot be told from a lost message: trying again may bring the message twice,
//! not trying again may lose it. RFC 1047 describes it; [`Class::Doubtful`] is its name here.

mod status;

use wire::smtp::{Enhanced, Reply};

/// How far the attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Looking for the host and opening the connection.
    Connect,
    /// Waiting for the greeting.
    Banner,
    /// EHLO, and HELO after it.
    Ehlo,
    /// STARTTLS.
    StartTls,
    /// The handshake.
    Tls,
    /// AUTH.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT; the failure is one recipient's.
    Rcpt,
    /// DATA or BDAT and the content, up to its last octet but the end mark.
    Data,
    /// The end mark was sent, or the last chunk.
    Dot,
}

/// What happened there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A whole reply.
    Reply(Reply),
    /// The connection was refused or broke.
    Closed,
    /// Nothing within the time of RFC 5321 §4.5.3.2.
    TimedOut,
    /// What is no reply, or none that fits; at [`Stage::Tls`] a handshake that failed.
    Garbage,
    /// We stopped, for a reason of our own: what the message needs is not offered, a policy does not hold, the domain
    /// takes no mail. The first digit says whether for good.
    Refused(Enhanced),
}

/// One outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub stage: Stage,
    /// What.
    pub said: Said,
}

/// What else is known of the attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Hosts of the destination that have not been tried in this attempt.
    pub hosts_left: usize,
    /// Hosts tried before this one in this attempt that failed for now: they may take the message later.
    pub hosts_failed_for_now: usize,
    /// Recipients that were accepted in this transaction before.
    pub accepted: usize,
}

/// Why it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A failure that may pass.
    Ordinary,
    /// It sounds like greylisting: one early attempt may do.
    Greylisted,
    /// Too many recipients for one transaction: the rest goes in another one now (RFC 5321 §4.5.3.1.10).
    AtOnce,
    /// The message may have been taken, for the reply to its end was lost (RFC 1047).
    Doubtful,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The peer has it.
    Sent,
    /// Try again later, the status being what a report would say.
    Retry {
        /// Why.
        class: Class,
        /// 4.x.x
        status: Enhanced,
    },
    /// Try the next host of this destination now; there is one.
    NextHost {
        /// What is said of this host.
        status: Enhanced,
    },
    /// The recipient has failed.
    Fail {
        /// 5.x.x
        status: Enhanced,
    },
}

/// Whom a failure concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The one recipient.
    Recipient,
    /// All recipients of the transaction.
    Transaction,
    /// Whatever was to go to this host.
    Host,
}

impl Stage {
    /// Whom a failure at this stage concerns. At [`Stage::Dot`] LMTP answers for each recipient (RFC 2033 §4.2): there
    /// the caller judges each reply for its own.
    #[must_use]
    pub fn scope(self) -> Scope {
        match self {
            Stage::Connect | Stage::Banner | Stage::Ehlo | Stage::StartTls | Stage::Tls | Stage::Auth => Scope::Host,
            Stage::Mail | Stage::Data | Stage::Dot => Scope::Transaction,
            Stage::Rcpt => Scope::Recipient,
        }
    }
}

/// Judges one outcome.
#[must_use]
pub fn judge(failure: &Failure, history: &History) -> Verdict {
    let status = status::of(failure);
    match &failure.said {
        Said::Reply(reply) => match reply.code {
            200..300 if failure.stage == Stage::Dot => Verdict::Sent,
            // A positive reply that is none here, as 250 to DATA.
            0..400 => lost(failure.stage, status, history),
            400..500 => refused_for_now(failure.stage, reply, status, history),
            _ => refused_for_good(failure.stage, reply, status, history),
        },
        Said::Closed | Said::TimedOut | Said::Garbage => lost(failure.stage, status, history),
        Said::Refused(_) if failure.stage.scope() == Scope::Host => host_failed(status, history),
        Said::Refused(_) if status.0 == 5 => Verdict::Fail { status },
        Said::Refused(_) => Verdict::Retry { class: Class::Ordinary, status },
    }
}

/// No reply that could be understood.
fn lost(stage: Stage, status: Enhanced, history: &History) -> Verdict {
    if stage == Stage::Dot {
        // RFC 1047; RFC 5321 §4.5.3.2.6 waits ten minutes to make it rare.
        return Verdict::Retry { class: Class::Doubtful, status };
    }
    host_failed(status, history)
}

/// The host is of no use now. Where it is the last one, a refusal for good is one of the destination only if no other
/// host may still take the message.
fn host_failed(status: Enhanced, history: &History) -> Verdict {
    match status {
        _ if history.hosts_left > 0 => Verdict::NextHost { status },
        Enhanced(5, ..) if history.hosts_failed_for_now == 0 => Verdict::Fail { status },
        Enhanced(_, subject, detail) => Verdict::Retry { class: Class::Ordinary, status: Enhanced(4, subject, detail) },
    }
}

/// 4xx.
fn refused_for_now(stage: Stage, reply: &Reply, status: Enhanced, history: &History) -> Verdict {
    let ordinary = Verdict::Retry { class: Class::Ordinary, status };
    match (stage, reply.code) {
        // RFC 5321 §3.8: 421 closes the connection, whatever it answers. After the end of the data it says at least
        // that the message was not taken.
        (Stage::Dot, 421) => ordinary,
        (_, 421) => host_failed(status, history),
        (Stage::Auth, _) => ordinary,
        _ if stage.scope() == Scope::Host => host_failed(status, history),
        // RFC 5321 §4.5.3.1.10: 452 is too many recipients, unless it says that the host is full.
        (Stage::Rcpt, 452) if history.accepted > 0 && says_too_many(reply) => {
            Verdict::Retry { class: Class::AtOnce, status }
        }
        _ if sounds_like_greylisting(reply) => Verdict::Retry { class: Class::Greylisted, status },
        _ => ordinary,
    }
}

/// 5xx.
fn refused_for_good(stage: Stage, reply: &Reply, status: Enhanced, history: &History) -> Verdict {
    match (stage, reply.code) {
        // A wrong password is for the administrator to mend; until then the mail of users waits.
        (Stage::Auth, _) => Verdict::Retry { class: Class::Ordinary, status: Enhanced(4, status.1, status.2) },
        // RFC 5321 §3.1 (554 for a greeting), RFC 7504 §3 (521): no mail here. Other hosts may see it differently.
        _ if stage.scope() == Scope::Host => host_failed(status, history),
        // RFC 5321 §4.5.3.1.10: RFC 821 called too many recipients 552, and some still do.
        (Stage::Rcpt, 552) if history.accepted > 0 && says_too_many(reply) => {
            Verdict::Retry { class: Class::AtOnce, status: Enhanced(4, 5, 3) }
        }
        _ => Verdict::Fail { status },
    }
}

/// Whether a 452 or 552 to RCPT speaks of too many recipients: it says so, or does not say anything else.
fn says_too_many(reply: &Reply) -> bool {
    reply.enhanced.is_none_or(|Enhanced(_, subject, detail)| (subject, detail) == (5, 3))
}

/// Greylisting has no code of its own; this is what its programs say.
fn sounds_like_greylisting(reply: &Reply) -> bool {
    let by_status = matches!(reply.enhanced, Some(Enhanced(_, 7, 1) | Enhanced(_, 2, 0)));
    let by_word = reply.lines.iter().any(|line| {
        let line = line.to_ascii_lowercase();
        ["greylist", "graylist", "grey-list", "gray-list", "grey list", "gray list"].iter().any(|w| line.contains(w))
    });
    by_word || (by_status && matches!(reply.code, 450 | 451))
}

#[cfg(test)]
mod tests;
