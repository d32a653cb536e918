//! What a session keeps of one mail transaction (RFC 5321 §3.3). The sender and recipients themselves are the
//! desk's.

use super::ask::{Body, Sender};
use super::bdat::LineEnds;

/// One transaction, from an accepted MAIL on.
#[derive(Debug)]
pub struct Transaction {
    /// BODY= of MAIL.
    pub body: Body,
    /// SMTPUTF8 stood in MAIL.
    pub smtputf8: bool,
    /// Recipients the desk accepted.
    pub accepted: usize,
    /// Recipients the desk refused.
    pub refused: usize,
    /// How far it is.
    pub phase: Phase,
}

/// How far a transaction is.
#[derive(Debug)]
pub enum Phase {
    /// Recipients are being named; no content yet.
    Envelope,
    /// Some chunks came by BDAT, not the last.
    Chunks {
        /// What they amount to, in octets.
        octets: u64,
        /// Watches their line ends.
        ends: LineEnds,
    },
    /// Its content was refused; the desk has forgotten it already.
    Failed,
}

impl Transaction {
    /// The transaction this MAIL opens.
    pub fn new(sender: &Sender) -> Transaction {
        Transaction { body: sender.body, smtputf8: sender.smtputf8, accepted: 0, refused: 0, phase: Phase::Envelope }
    }

    /// Its content was refused.
    pub fn failed(&self) -> bool {
        matches!(self.phase, Phase::Failed)
    }
}
