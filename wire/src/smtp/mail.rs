//! The mail transaction (RFC 5321 §3.3): MAIL, RCPT, DATA and BDAT in their order, and how content ends.

use super::bdat::{Chunk, LineEnds};
use super::data::{Fault, Reader};
use super::server::{Fate, Question, Reading, Server, out_of_order};
use super::transaction::{Phase, Transaction};
use super::{Ask, Body, Enhanced, Recipient, Reply, Role, Sender};

fn too_large() -> Reply {
    Reply::new(552, Enhanced(5, 3, 4), "the message is larger than this server takes; EHLO tells the size")
}

/// RFC 6531 §3.5.
fn needs_smtputf8() -> Reply {
    Reply::new(553, Enhanced(5, 6, 7), "an address beyond ASCII needs SMTPUTF8 in MAIL")
}

impl Fault {
    /// How it is told.
    pub(super) fn reply(self) -> Reply {
        match self {
            // RFC 1870 §6.3.
            Fault::TooLarge => too_large(),
            // RFC 5321 §2.3.8, §4.1.1.4.
            Fault::BareLineEnd => {
                Reply::new(554, Enhanced(5, 5, 2), "bare CR or LF in the message; lines end with CR LF")
            }
        }
    }
}

/// Whether content that came by BDAT may stand: any octets where BODY=BINARYMIME said so, else lines (RFC 3030 §2).
pub(super) fn sound(transaction: Option<&mut Transaction>, bytes: &[u8]) -> bool {
    match transaction {
        Some(Transaction { body: Body::BinaryMime, .. }) => true,
        Some(Transaction { phase: Phase::Chunks { ends, .. }, .. }) => ends.accept(bytes),
        _ => false,
    }
}

impl Server {
    pub(super) fn mail(&mut self, sender: Sender, ascii: bool) {
        if let Some(refusal) = self.mail_refusal() {
            return self.refuse(refusal);
        }
        let limits = &self.profile.limits;
        if self.counts.transactions >= limits.transactions {
            let text = "too many messages on one connection; open another";
            return self.close(Some(Reply::new(421, Enhanced(4, 7, 0), text)));
        }
        if !ascii && !sender.smtputf8 {
            return self.send(&needs_smtputf8());
        }
        // RFC 1870 §6.1: what is declared too large is refused before it is sent.
        if sender.size.is_some_and(|size| size > limits.message_size) {
            return self.send(&too_large());
        }
        let transaction = Transaction::new(&sender);
        self.ask(Ask::Sender(sender), Question::Sender(transaction));
    }

    fn mail_refusal(&self) -> Option<Reply> {
        if self.greeted.is_none() {
            return Some(out_of_order("greet first"));
        }
        if self.transaction.is_some() {
            return Some(out_of_order("a mail transaction is open already; RSET drops it"));
        }
        if self.profile.role != Role::Submission || self.logged_in {
            return None;
        }
        // RFC 6409 §4.3, RFC 3207 §4.
        let text = if self.login_allowed() { "log in first" } else { "STARTTLS and log in first" };
        Some(Reply::new(530, Enhanced(5, 7, 0), text))
    }

    pub(super) fn rcpt(&mut self, recipient: Recipient, ascii: bool) {
        let Some(transaction) = &self.transaction else { return self.refuse(out_of_order("MAIL first")) };
        if !matches!(transaction.phase, Phase::Envelope) {
            return self.refuse(out_of_order("content has begun; RSET drops it"));
        }
        if !ascii && !transaction.smtputf8 {
            return self.send(&needs_smtputf8());
        }
        // RFC 5321 §4.5.3.1.10. The refused are counted apart, so that guessing at names ends too.
        if transaction.accepted.max(transaction.refused) >= self.profile.limits.recipients {
            return self.send(&Reply::new(452, Enhanced(4, 5, 3), "too many recipients; send to these first"));
        }
        self.ask(Ask::Recipient(recipient), Question::Recipient);
    }

    pub(super) fn data(&mut self) {
        if let Some(refusal) = self.content_refusal() {
            return self.refuse(refusal);
        }
        match &self.transaction {
            Some(Transaction { phase: Phase::Chunks { .. }, .. }) => {
                self.refuse(out_of_order("DATA after BDAT; RSET drops the message"));
            }
            // RFC 3030 §3.
            Some(Transaction { body: Body::BinaryMime, .. }) => {
                self.refuse(out_of_order("BODY=BINARYMIME comes by BDAT"));
            }
            _ => self.ask(Ask::Content, Question::Content(None)),
        }
    }

    /// Why no content may come now.
    fn content_refusal(&self) -> Option<Reply> {
        match &self.transaction {
            None => Some(out_of_order("MAIL and RCPT first")),
            Some(transaction) if transaction.failed() => Some(out_of_order("the message failed; RSET")),
            // RFC 5321 §3.3 lets 554 tell a client that pipelined why; RFC 2033 §4.2 asks for 503.
            Some(Transaction { accepted: 0, refused: 1.., .. }) if self.profile.role != Role::Lmtp => {
                Some(Reply::new(554, Enhanced(5, 5, 1), "no valid recipients"))
            }
            Some(Transaction { accepted: 0, .. }) => Some(out_of_order("RCPT first")),
            Some(_) => None,
        }
    }

    pub(super) fn bdat(&mut self, chunk: Chunk) {
        if let Some(refusal) = self.content_refusal() {
            return self.read_chunk(chunk, Fate::Refuse(refusal));
        }
        let limit = self.profile.limits.message_size;
        match self.transaction.as_mut().map(|transaction| &mut transaction.phase) {
            Some(Phase::Chunks { octets, .. }) if octets.saturating_add(chunk.size) <= limit => {
                *octets += chunk.size;
                self.read_chunk(chunk, Fate::Keep);
            }
            Some(Phase::Envelope) if chunk.size <= limit => self.ask(Ask::Content, Question::Content(Some(chunk))),
            _ => {
                self.fail_transaction();
                self.read_chunk(chunk, Fate::Refuse(too_large()));
            }
        }
    }

    pub(super) fn read_chunk(&mut self, chunk: Chunk, fate: Fate) {
        self.reading = Reading::Chunk(chunk, fate);
        self.chunk_ended();
    }

    /// Whether content may come: the desk's answer.
    pub(super) fn content_answered(&mut self, chunk: Option<Chunk>, reply: Reply) {
        match (chunk, reply.is_positive()) {
            (None, true) => {
                self.reading = Reading::Data(Reader::new(self.profile.limits.message_size));
                self.send(&Reply::plain(354, "go ahead; end with a line of one dot"));
            }
            (None, false) => self.send_from_desk(reply, false),
            (Some(chunk), true) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.phase = Phase::Chunks { octets: chunk.size, ends: LineEnds::default() };
                }
                self.read_chunk(chunk, Fate::Keep);
            }
            // RFC 3030 §2: chunks already on their way must not be taken for the start of a message.
            (Some(chunk), false) => {
                self.fail_transaction();
                self.read_chunk(chunk, Fate::Refuse(reply));
            }
        }
    }

    /// The final dot came.
    pub(super) fn data_ended(&mut self, fault: Option<Fault>) {
        let Some(fault) = fault else { return self.commit() };
        self.refuse_content(&fault.reply());
        // What follows a message that tried to be two is not to be trusted.
        if fault == Fault::BareLineEnd {
            self.close(None);
        }
    }

    fn commit(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.ask(Ask::Commit, Question::Commit(transaction.accepted));
        }
    }

    /// Ends the transaction with one reply, or in LMTP one for each recipient (RFC 2033 §4.2, §4.3).
    fn refuse_content(&mut self, reply: &Reply) {
        let accepted = self.transaction.as_ref().map_or(0, |transaction| transaction.accepted);
        let copies = if self.profile.role == Role::Lmtp { accepted } else { 1 };
        self.drop_transaction();
        for _ in 0..copies {
            self.send(reply);
        }
    }

    /// Goes on once all octets of a chunk have come.
    pub(super) fn chunk_ended(&mut self) {
        if !matches!(&self.reading, Reading::Chunk(chunk, _) if chunk.left == 0) {
            return;
        }
        match std::mem::replace(&mut self.reading, Reading::Command) {
            Reading::Chunk(chunk, Fate::Keep) if chunk.last => self.last_chunk_kept(),
            Reading::Chunk(chunk, Fate::Keep) => {
                let text = format!("{} octets received", chunk.size);
                self.send(&Reply::new(250, Enhanced(2, 0, 0), text));
            }
            // A transaction ends with its last chunk, whatever came of it.
            Reading::Chunk(chunk, Fate::Refuse(reply)) if chunk.last && self.transaction.is_some() => {
                self.refuse_content(&reply);
            }
            Reading::Chunk(_, Fate::Refuse(reply)) if reply.code == 503 || reply.code == 501 => self.refuse(reply),
            Reading::Chunk(_, Fate::Refuse(reply)) => self.send_from_desk(reply, false),
            other => self.reading = other,
        }
    }

    fn last_chunk_kept(&mut self) {
        let complete = match &self.transaction {
            Some(Transaction { body: Body::BinaryMime, .. }) => true,
            Some(Transaction { phase: Phase::Chunks { ends, .. }, .. }) => ends.complete(),
            _ => false,
        };
        if complete { self.commit() } else { self.refuse_content(&Fault::BareLineEnd.reply()) }
    }
}
