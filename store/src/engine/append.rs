//! Messages from their owner (IMAP APPEND, MULTIAPPEND, REPLACE): all of them or none.

use super::Work;
use super::deliver::{NewEmail, NewMessage};
use super::messages::Sums;
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
        let Some(flags) = self.flags_for(append)? else { return Ok(Outcome::Limit) };
        let mut pairs = Vec::with_capacity(append.messages.len());
        if !append.messages.is_empty() {
            let (modseq, email) = self.count_emails_in(account, append.messages.len(), octets)?;
            let sums = sums(append, &flags);
            let uid = self.count_in((account, append.mailbox), modseq, &sums)?;
            for (n, (message, flags)) in (0..).zip(append.messages.iter().zip(flags)) {
                self.append_one(append, (uid + n, email + n, modseq), (message, flags))?;
                pairs.push((None, Uid(small(uid + n)?)));
            }
        }
        Ok(Outcome::Uids { uid_validity: small(validity)?, pairs })
    }

    /// The bits of each message's flags; `None`: no more keywords.
    fn flags_for(&mut self, append: &Append) -> Sql<Option<Vec<i64>>> {
        let (mut all, mut kept) = (Vec::with_capacity(append.messages.len()), 0);
        for message in &append.messages {
            let names = &message.flags.keywords;
            let Ok(keywords) = self.slots_kept(append.account, names, kept)? else { return Ok(None) };
            kept |= keywords;
            let utf8 = if message.utf8_header { bits::UTF8_HEADER } else { 0 };
            all.push(system_bits(&message.flags) | keywords | utf8);
        }
        Ok(Some(all))
    }

    fn append_one(&mut self, append: &Append, ids: (i64, i64, i64), message: (&Appended, i64)) -> Sql<()> {
        let (account, (uid, email, modseq)): (AccountId, _) = (append.account, ids);
        let (message, flags) = message;
        let blob = self.insert_blob(&message.content, 1)?;
        let new = NewEmail {
            account,
            blob,
            prefix: b"",
            size: message.content.octets,
            received: message.received,
            queue_id: None,
            summary: &message.summary,
            born: (modseq, append.mailbox.0, uid),
            keys: keys(message.message_id.as_deref(), &message.references),
        };
        self.insert_email(email, &new)?;
        let new = NewMessage {
            account,
            mailbox: append.mailbox.0,
            email,
            modseq,
            flags,
            size: num(message.content.octets),
            received: num(message.received.0),
            saved: num(append.now.0),
            first: true,
        };
        self.insert_row(uid, &new)
    }
}

fn sums(append: &Append, flags: &[i64]) -> Sums {
    let mut sums = Sums::default();
    for (message, flags) in append.messages.iter().zip(flags) {
        sums.add(*flags, num(message.content.octets), true);
    }
    sums
}
