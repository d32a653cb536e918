//! One transaction under way (RFC 5321 §3.3): which replies are due, in their order, and what is known of every
//! recipient. What is sent when is `transfer`'s.

use super::ask::{Outcome, Said, Stage, Transaction};
use super::profile::{Role, Timeouts};
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;

/// A transaction.
pub(super) struct Running {
    pub transaction: Transaction,
    /// What is known of every recipient: `None` as long as nothing speaks against it.
    pub outcomes: Vec<Option<Outcome>>,
    /// Commands not yet sent.
    pub unsent: VecDeque<(Due, Bytes)>,
    /// Replies to what was sent, in order.
    pub due: VecDeque<Due>,
    pub content: Content,
    /// The content is handed to the driver, and may not be at its end.
    pub sending: bool,
    /// It went by BDAT.
    pub chunked: bool,
    /// The peer may hold a transaction that it has to drop.
    pub half_way: bool,
}

/// How far the content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nobody spoke of it.
    NotAsked,
    /// DATA was sent.
    Asked,
    /// 354 came.
    Wanted,
    /// It was sent, or the lone dot in its place.
    Sent,
}

/// What a reply is due to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Mail,
    /// Of this recipient.
    Rcpt(usize),
    Data,
    /// For all recipients.
    Dot,
    /// For this recipient (RFC 2033 §4.2).
    DotFor(usize),
    /// For nobody: there was no recipient left.
    LoneDot,
}

impl Running {
    pub fn new(transaction: Transaction) -> Running {
        Running {
            outcomes: vec![None; transaction.recipients.len()],
            transaction,
            unsent: VecDeque::new(),
            due: VecDeque::new(),
            content: Content::NotAsked,
            sending: false,
            chunked: false,
            half_way: false,
        }
    }

    /// How many replies are due.
    pub fn due(&self) -> usize {
        self.due.len()
    }

    /// Recipients nothing speaks against.
    pub fn undecided(&self) -> impl Iterator<Item = usize> {
        self.outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_none()).map(|(index, _)| index)
    }

    pub fn is_decided(&self) -> bool {
        self.undecided().next().is_none()
    }

    /// Decides on one recipient; what is known of it already stays.
    pub fn decide(&mut self, index: usize, stage: Stage, said: Said) {
        if let Some(outcome) = self.outcomes.get_mut(index) {
            outcome.get_or_insert(Outcome { stage, said });
        }
    }

    /// Decides on all recipients not yet decided on.
    pub fn decide_rest(&mut self, stage: Stage, said: &Said) {
        for outcome in &mut self.outcomes {
            outcome.get_or_insert_with(|| Outcome { stage, said: said.clone() });
        }
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        match self.due.front() {
            None | Some(Due::Mail) => Stage::Mail,
            Some(Due::Rcpt(_)) => Stage::Rcpt,
            Some(Due::Data) => Stage::Data,
            Some(_) if self.sending => Stage::Content,
            Some(Due::Dot | Due::DotFor(_) | Due::LoneDot) => Stage::Dot,
        }
    }

    /// How long the next reply may take to come.
    pub fn limit(&self, timeouts: &Timeouts) -> Duration {
        match self.due.front() {
            None | Some(Due::Mail) => timeouts.mail,
            Some(Due::Rcpt(_)) => timeouts.rcpt,
            Some(Due::Data) => timeouts.data,
            Some(Due::Dot | Due::DotFor(_) | Due::LoneDot) => timeouts.dot,
        }
    }

    /// The connection ended by what was said. In LMTP a reply to the final dot speaks for one recipient only; those of
    /// the others never came.
    pub fn lost(mut self, said: Said, role: Role) -> Vec<Outcome> {
        let stage = self.stage();
        let mut rest = said;
        if let (Role::Lmtp, Some(Due::DotFor(index)), Said::Reply(_)) = (role, self.due.front().copied(), &rest) {
            let reply = std::mem::replace(&mut rest, Said::Closed);
            self.decide(index, stage, reply);
        }
        self.decide_rest(stage, &rest);
        self.outcomes()
    }

    /// What came of it.
    pub fn outcomes(self) -> Vec<Outcome> {
        self.outcomes.into_iter().flatten().collect()
    }
}
