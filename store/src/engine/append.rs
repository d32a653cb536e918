//! Messages from their owner (IMAP APPEND, MULTIAPPEND, REPLACE): all of them or none.

use super::Work;
use super::deliver::{NewEmail, NewMessage};
use super::thread::keys;
use crate::columns::{Sql, bits, num, small, system_bits};
use crate::op::{Append, Appended, Outcome};
use crate::types::{AccountId, Uid};
use crate::uids::UidSet;

impl Work<'_> {
    /// What it does before it is refused is undone with it.
    pub(super) fn append(&mut self, append: &Append) -> Sql<Outcome> {
        let account = append.account;
        let Some(validity) = self.validity_of((account, append.mailbox))? else { return Ok(Outcome::Gone) };
        // RFC 8508 §3.4: the one that goes makes room first.
        if let Some((owner, mailbox, uid)) = append.replaces
            && self.expunge((owner, mailbox), &UidSet::from(uid), false, append.now)? != Outcome::Removed(1)
        {
            return Ok(Outcome::Gone);
        }
        let octets = append.messages.iter().map(|message| message.content.octets).sum();
        match self.has_room(account, octets)? {
            None => return Ok(Outcome::Gone),
            Some(false) => return Ok(Outcome::OverQuota),
            Some(true) => {}
        }
        let mut pairs = Vec::with_capacity(append.messages.len());
        if !append.messages.is_empty() {
            let (modseq, first) = self.count_emails_in(account, append.messages.len(), octets)?;
            for (email, message) in (first..).zip(&append.messages) {
                let Some(uid) = self.append_one(append, (modseq, email), message)? else { return Ok(Outcome::Limit) };
                pairs.push((None, uid));
            }
        }
        Ok(Outcome::Uids { uid_validity: small(validity)?, pairs })
    }

    /// `None`: no more keywords.
    fn append_one(&mut self, append: &Append, id: (i64, i64), message: &Appended) -> Sql<Option<Uid>> {
        let (account, (modseq, email)): (AccountId, _) = (append.account, id);
        let Ok(keywords) = self.slots_for(account, &message.flags.keywords)? else { return Ok(None) };
        let blob = self.insert_blob(&message.content, 1)?;
        let new = NewEmail {
            account,
            blob,
            prefix: b"",
            size: message.content.octets,
            received: message.received,
            queue_id: None,
            summary: &message.summary,
            keys: keys(message.message_id.as_deref(), &message.references),
        };
        self.insert_email(email, &new)?;
        let utf8 = if message.utf8_header { bits::UTF8_HEADER } else { 0 };
        let uid = self.insert_message(&NewMessage {
            account,
            mailbox: append.mailbox.0,
            email,
            modseq,
            flags: system_bits(&message.flags) | keywords | utf8,
            size: num(message.content.octets),
            received: num(message.received.0),
            saved: num(append.now.0),
        })?;
        Ok(Some(uid))
    }
}
