//! The commands of a transaction as they are sent, and what of a transaction cannot be sent to this peer. No line
//! leaves here that is longer than its limit or holds a control character.

use super::ask::{Refusal, Transaction};
use super::extensions::{Extensions, Size};
use super::limits::{COMMAND_LINE, MAIL_PARAMETERS, RCPT_PARAMETERS};
use super::profile::Chunking;
use crate::smtp::limits::{ENVID, ORCPT};
use crate::smtp::{Body, Manner, Recipient, Sender, xtext};
use bytes::Bytes;

/// Why nothing of the transaction can be sent to this peer.
pub(super) fn refusal(transaction: &Transaction, offered: &Extensions) -> Option<Refusal> {
    let body_taken = match transaction.body {
        Body::SevenBit => true,
        // RFC 6152 §3.
        Body::EightBitMime => offered.eight_bit_mime,
        // RFC 3030 §3: only by BDAT.
        Body::BinaryMime => offered.binary_mime && offered.chunking,
    };
    // RFC 6531 §3.1.
    if transaction.smtputf8 && !offered.smtputf8 {
        Some(Refusal::SmtpUtf8)
    } else if !body_taken {
        Some(Refusal::Body)
    } else if offered.size.excludes(transaction.size) {
        // RFC 1870 §6.1.
        Some(Refusal::TooLarge)
    } else {
        None
    }
}

/// Whether the content goes by BDAT.
pub(super) fn by_chunk(transaction: &Transaction, offered: &Extensions, chunking: Chunking) -> bool {
    offered.chunking && (chunking == Chunking::WhereOffered || transaction.body == Body::BinaryMime)
}

/// MAIL, with those parameters that the peer understands.
pub(super) fn mail(transaction: &Transaction, offered: &Extensions) -> Result<Bytes, Refusal> {
    let envid = transaction.envid.clone().filter(|envid| xtext::encode(envid).len() <= ENVID);
    let sender = Sender {
        reverse_path: transaction.reverse_path.clone(),
        size: (offered.size != Size::NotOffered).then_some(transaction.size),
        body: transaction.body,
        smtputf8: transaction.smtputf8,
        ret: transaction.ret.filter(|_| offered.dsn),
        envid: envid.filter(|_| offered.dsn),
        auth: None,
        manner: Manner::Mail,
    };
    line(&format!("MAIL {sender}"), COMMAND_LINE + MAIL_PARAMETERS, transaction.smtputf8)
}

/// RCPT, with those parameters that the peer understands.
pub(super) fn rcpt(recipient: &Recipient, offered: &Extensions, smtputf8: bool) -> Result<Bytes, Refusal> {
    let mut recipient = recipient.clone();
    recipient.notify = recipient.notify.filter(|_| offered.dsn);
    recipient.orcpt = recipient.orcpt.filter(|_| offered.dsn);
    let whole = recipient.to_string();
    // An ORCPT that does not fit is not worth losing the message for; whoever takes it writes none.
    let orcpt = whole.rsplit_once(" ORCPT=").map_or(0, |(_, orcpt)| orcpt.len());
    if recipient.orcpt.is_some() && orcpt > ORCPT {
        recipient.orcpt = None;
    }
    line(&format!("RCPT {recipient}"), COMMAND_LINE + RCPT_PARAMETERS, smtputf8)
}

/// EHLO, HELO or LHLO with our name, of which only what may stand in a line is said.
pub(super) fn greeting(verb: &str, name: &str) -> Bytes {
    let room = COMMAND_LINE - verb.len() - " \r\n".len();
    let name: String = name.chars().filter(char::is_ascii_graphic).take(room).collect();
    Bytes::from(format!("{verb} {name}\r\n"))
}

/// A command as it is sent, CR LF and all, if it may be.
fn line(text: &str, limit: usize, utf8: bool) -> Result<Bytes, Refusal> {
    if text.len() + 2 > limit || text.chars().any(char::is_control) {
        return Err(Refusal::Address);
    }
    // RFC 6531 §3.1.
    if !utf8 && !text.is_ascii() {
        return Err(Refusal::SmtpUtf8);
    }
    Ok(Bytes::from(format!("{text}\r\n")))
}
