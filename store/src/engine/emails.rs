//! E-mails whatever mailboxes show them: keywords and mailboxes of many in one operation, removed for good, or put into
//! several mailboxes at once. Owns what of it counts in which mailbox. UIDs that are asked for one mailbox: `messages`.

use super::Work;
use super::deliver::{NewEmail, NewMessage};
use super::flags::{Mask, keywords_mask};
use super::thread::keys;
use crate::columns::{Sql, bits, count, num, system_bits};
use crate::email::{
    EmailAdded, EmailChange, EmailOutcome, EmailSource, EmailsAdd, KeywordsChange, MailboxesChange, PLACES_MAX,
    PlaceRow, Span,
};
use crate::gone::{GONE_EMAIL, GONE_PLACE, GONE_UID, Lived};
use crate::op::Outcome;
use crate::rows::places_of;
use crate::types::{AccountId, EmailId, MailboxId, ModSeq, Uid};
use crate::uids::UidSet;
use message::Time;
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};

/// What an operation comes to in one mailbox.
#[derive(Default)]
struct Tally {
    total: i64,
    unseen: i64,
    deleted: i64,
    recent: i64,
    octets: i64,
    vanished: Vec<Uid>,
}

/// An operation on e-mails of one account, while it goes on.
struct Going {
    account: AccountId,
    /// The mailboxes it is about; `None`: all.
    within: Option<BTreeSet<MailboxId>>,
    now: Time,
    /// Taken with the first change there is.
    modseq: Option<i64>,
    tallies: BTreeMap<MailboxId, Tally>,
    /// E-mails that left a mailbox and are in another.
    left: Vec<Lived>,
    /// Mailboxes that can be opened, and from which UID on they have messages nobody was told of; `None`: no such.
    mailboxes: BTreeMap<MailboxId, Option<i64>>,
    /// What the last change of keywords came to: mostly the next is the same.
    words: Option<(KeywordsChange, Mask)>,
}

/// What becomes of the places of one e-mail, all of it seen to be possible.
struct Plan {
    mask: Mask,
    stays: Vec<PlaceRow>,
    leaves: Vec<PlaceRow>,
    comes: Vec<MailboxId>,
    /// Places that the operation is not about.
    elsewhere: usize,
}

impl Work<'_> {
    pub(super) fn emails_set(
        &mut self,
        account: AccountId,
        all: &[EmailChange],
        (unchanged_since, within): (Option<ModSeq>, Option<&[MailboxId]>),
        now: Time,
    ) -> Sql<Outcome> {
        let before = match self.begin(account, unchanged_since)? {
            Ok(before) => before,
            Err(refused) => return Ok(refused),
        };
        let mut going = Going::new(account, within, now);
        let mut results = Vec::with_capacity(all.len());
        for change in all {
            results.push(match self.plan(&mut going, change)? {
                Ok(plan) => self.carry_out(&mut going, change.email, &plan).map(|()| EmailOutcome::Done)?,
                Err(refused) => refused,
            });
        }
        self.end(going, before, results)
    }

    pub(super) fn emails_destroy(
        &mut self,
        account: AccountId,
        all: &[EmailId],
        (unchanged_since, within): (Option<ModSeq>, Option<&[MailboxId]>),
        now: Time,
    ) -> Sql<Outcome> {
        let before = match self.begin(account, unchanged_since)? {
            Ok(before) => before,
            Err(refused) => return Ok(refused),
        };
        let mut going = Going::new(account, within, now);
        let (mut results, mut ended, mut octets) = (Vec::with_capacity(all.len()), Vec::new(), 0);
        for email in all {
            let (places, elsewhere) = going.parted(places_of(self.sql, account, *email)?);
            if places.is_empty() && going.within.is_some() {
                results.push(EmailOutcome::Gone);
                continue;
            }
            if !places.is_empty() {
                self.modseq_for(&mut going)?;
            }
            for place in &places {
                self.take_place(&mut going, place)?;
            }
            if !elsewhere.is_empty() {
                going.left.push(Lived::alone(email.0, 0));
                self.show(account, email.0, elsewhere.len())?;
                results.push(EmailOutcome::Done);
                continue;
            }
            self.run("DELETE FROM shown WHERE account = ?1 AND email = ?2", [account.0, email.0])?;
            results.push(match self.end_email(account, email.0)? {
                None => EmailOutcome::Gone,
                Some((lived, size)) => {
                    octets += size;
                    ended.push(lived);
                    EmailOutcome::Done
                }
            });
        }
        let used = "UPDATE account SET used = used - ?2, messages = messages - ?3 WHERE id = ?1";
        self.run(used, [account.0, octets, num(ended.len() as u64)])?;
        ended.sort_unstable();
        self.mark_lives((account, going.modseq.unwrap_or(0), now), (GONE_EMAIL, 0), &ended)?;
        self.end(going, before, results)
    }

    /// The state before an operation, or why it cannot be.
    fn begin(&self, account: AccountId, unchanged_since: Option<ModSeq>) -> Sql<Result<ModSeq, Outcome>> {
        let Some(before) = self.modseq_of(account)? else { return Ok(Err(Outcome::Gone)) };
        match unchanged_since {
            Some(since) if since > before || self.changed_since(account, num(since.0))? => Ok(Err(Outcome::Conflict)),
            _ => Ok(Ok(before)),
        }
    }

    /// Whether an e-mail came, changed or went after a modseq, or that cannot be told.
    fn changed_since(&self, account: AccountId, since: i64) -> Sql<bool> {
        self.finds(
            "SELECT 1 FROM account WHERE id = ?1 AND max(modseq_floor, told_from) > ?2 UNION ALL \
             SELECT 1 FROM msg INDEXED BY msg_modseq WHERE account = ?1 AND modseq > ?2 UNION ALL \
             SELECT 1 FROM gone WHERE account = ?1 AND modseq > ?2 AND kind IN (?3, ?4, ?5) LIMIT 1",
            [account.0, since, GONE_UID, GONE_EMAIL, GONE_PLACE],
        )
    }

    /// What a change comes to, or why it cannot be. Changes nothing but, where they are new, the account's keywords.
    fn plan(&mut self, going: &mut Going, change: &EmailChange) -> Sql<Result<Plan, EmailOutcome>> {
        let (places, elsewhere) = going.parted(places_of(self.sql, going.account, change.email)?);
        if places.is_empty() {
            return Ok(Err(EmailOutcome::Gone));
        }
        let now: BTreeSet<MailboxId> = places.iter().map(|place| place.mailbox).collect();
        let then = wanted(&now, change.mailboxes.as_ref());
        if then.is_empty() {
            return Ok(Err(EmailOutcome::Homeless));
        }
        let is_there = |mailbox: &&MailboxId| elsewhere.iter().any(|place| place.mailbox == **mailbox);
        let comes: Vec<MailboxId> = then.difference(&now).filter(|mailbox| !is_there(mailbox)).copied().collect();
        for mailbox in &comes {
            if self.recent_from(going, *mailbox)?.is_none() {
                return Ok(Err(EmailOutcome::NoMailbox(*mailbox)));
            }
        }
        let (stays, leaves): (Vec<_>, _) = places.into_iter().partition(|place| then.contains(&place.mailbox));
        if stays.len() + comes.len() + elsewhere.len() > PLACES_MAX && !comes.is_empty() {
            return Ok(Err(EmailOutcome::Limit));
        }
        let Some(mask) = self.mask_for(going, change.keywords.as_ref())? else { return Ok(Err(EmailOutcome::Limit)) };
        Ok(Ok(Plan { mask, stays, leaves, comes, elsewhere: elsewhere.len() }))
    }

    fn mask_for(&mut self, going: &mut Going, change: Option<&KeywordsChange>) -> Sql<Option<Mask>> {
        let Some(change) = change else { return Ok(Some(Mask::NOTHING)) };
        if let Some((last, mask)) = &going.words
            && last == change
        {
            return Ok(Some(*mask));
        }
        let Ok(mask) = keywords_mask(self, going.account, change)? else { return Ok(None) };
        going.words = Some((change.clone(), mask));
        Ok(Some(mask))
    }

    fn carry_out(&mut self, going: &mut Going, email: EmailId, plan: &Plan) -> Sql<()> {
        let mut changes = false;
        for place in &plan.stays {
            changes |= self.reflag(going, place, plan.mask)?;
        }
        if plan.leaves.is_empty() && plan.comes.is_empty() {
            return Ok(());
        }
        let modseq = self.modseq_for(going)?;
        for place in &plan.leaves {
            self.take_place(going, place)?;
        }
        let like = plan.stays.first().or(plan.leaves.first()).copied();
        for (mailbox, like) in plan.comes.iter().zip(std::iter::repeat(like).flatten()) {
            let flags = plan.mask.apply(num(like.flags)) & !bits::DELETED;
            let new = NewMessage {
                account: going.account,
                mailbox: mailbox.0,
                email: email.0,
                modseq,
                flags,
                size: num(like.size),
                received: num(like.received.0),
                saved: num(going.now.0),
                first: false,
            };
            self.insert_message(&new)?;
        }
        if plan.comes.is_empty() && !changes {
            going.left.push(Lived::alone(email.0, 0));
        }
        self.show(going.account, email.0, plan.stays.len() + plan.comes.len() + plan.elsewhere)
    }

    /// Changes the flags of one place; whether that was a change.
    fn reflag(&mut self, going: &mut Going, place: &PlaceRow, mask: Mask) -> Sql<bool> {
        let old = num(place.flags);
        let new = mask.apply(old);
        if old == new {
            return Ok(false);
        }
        let modseq = self.modseq_for(going)?;
        self.run(
            "UPDATE msg SET flags = ?4, modseq = ?5 WHERE account = ?1 AND mailbox = ?2 AND uid = ?3",
            params![going.account.0, place.mailbox.0, place.uid.0, new, modseq],
        )?;
        let tally = going.tallies.entry(place.mailbox).or_default();
        tally.unseen += (old & bits::SEEN) - (new & bits::SEEN);
        Ok(true)
    }

    /// Takes one place away; how many are left is the caller's to count.
    fn take_place(&mut self, going: &mut Going, place: &PlaceRow) -> Sql<()> {
        let recent_from = self.recent_from(going, place.mailbox)?.unwrap_or(i64::MAX);
        self.run(
            "DELETE FROM msg WHERE account = ?1 AND mailbox = ?2 AND uid = ?3",
            params![going.account.0, place.mailbox.0, place.uid.0],
        )?;
        let flags = num(place.flags);
        let tally = going.tallies.entry(place.mailbox).or_default();
        tally.total -= 1;
        tally.unseen -= i64::from(flags & bits::SEEN == 0);
        tally.deleted -= i64::from(flags & bits::DELETED != 0);
        tally.recent -= i64::from(i64::from(place.uid.0) >= recent_from);
        tally.octets -= num(place.size);
        tally.vanished.push(place.uid);
        Ok(())
    }

    /// From which UID on a mailbox has messages that no session was told of; `None`: it cannot be opened.
    fn recent_from(&self, going: &mut Going, mailbox: MailboxId) -> Sql<Option<i64>> {
        if let Some(known) = going.mailboxes.get(&mailbox) {
            return Ok(*known);
        }
        let find = "SELECT recent_from FROM mailbox WHERE account = ?1 AND id = ?2 AND selectable = 1";
        let found = self.number(find, [going.account.0, mailbox.0])?;
        going.mailboxes.insert(mailbox, found);
        Ok(found)
    }

    fn modseq_for(&mut self, going: &mut Going) -> Sql<i64> {
        if let Some(modseq) = going.modseq {
            return Ok(modseq);
        }
        let modseq = self.next_modseq(going.account)?.unwrap_or(0);
        going.modseq = Some(modseq);
        Ok(modseq)
    }

    /// So many rows show an e-mail.
    fn show(&mut self, account: AccountId, email: i64, copies: usize) -> Sql<()> {
        if copies > 1 {
            self.run(
                "INSERT INTO shown (account, email, copies) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (account, email) DO UPDATE SET copies = excluded.copies",
                [account.0, email, num(copies as u64)],
            )?;
        } else {
            self.run("DELETE FROM shown WHERE account = ?1 AND email = ?2", [account.0, email])?;
        }
        Ok(())
    }

    /// Counts in the mailboxes what was done, and writes down what is no more.
    fn end(&mut self, mut going: Going, before: ModSeq, results: Vec<EmailOutcome>) -> Sql<Outcome> {
        let (account, now) = (going.account, going.now);
        let Some(modseq) = going.modseq else {
            return Ok(Outcome::Emails { results, span: Span { before, after: before } });
        };
        for (mailbox, tally) in going.tallies {
            let Tally { total, unseen, deleted, recent, octets, vanished } = tally;
            self.run(
                "UPDATE mailbox SET modseq = ?3, total = total + ?4, unseen = unseen + ?5, deleted = deleted + ?6, \
                 recent = recent + ?7, octets = octets + ?8 WHERE account = ?1 AND id = ?2",
                [account.0, mailbox.0, modseq, total, unseen, deleted, recent, octets],
            )?;
            for (first, last) in vanished.into_iter().collect::<UidSet>().ranges() {
                let range = (i64::from(first.0), i64::from(last.0));
                self.mark_gone((account, modseq, now), (GONE_UID, mailbox.0), range)?;
            }
        }
        going.left.sort_unstable();
        going.left.dedup();
        self.mark_lives((account, modseq, now), (GONE_PLACE, 0), &going.left)?;
        Ok(Outcome::Emails { results, span: Span { before, after: ModSeq(count(modseq)) } })
    }
}

impl Going {
    fn new(account: AccountId, within: Option<&[MailboxId]>, now: Time) -> Going {
        let (tallies, left, mailboxes) = Default::default();
        let within = within.map(|within| within.iter().copied().collect());
        Going { account, within, now, modseq: None, tallies, left, mailboxes, words: None }
    }

    /// The places of an e-mail that the operation is about, and the others.
    fn parted(&self, places: Vec<PlaceRow>) -> (Vec<PlaceRow>, Vec<PlaceRow>) {
        let is_within = |place: &PlaceRow| self.within.as_ref().is_none_or(|within| within.contains(&place.mailbox));
        places.into_iter().partition(is_within)
    }
}

/// The mailboxes an e-mail shall be in.
fn wanted(now: &BTreeSet<MailboxId>, change: Option<&MailboxesChange>) -> BTreeSet<MailboxId> {
    match change {
        None => now.clone(),
        Some(MailboxesChange::Replace(all)) => all.iter().copied().collect(),
        Some(MailboxesChange::Patch { add, remove }) => {
            let mut all = now.clone();
            all.retain(|mailbox| !remove.contains(mailbox));
            all.extend(add);
            all
        }
    }
}

/// An e-mail about to come, with what was found out about it.
struct Coming<'a> {
    email: &'a EmailAdded,
    mailboxes: BTreeSet<MailboxId>,
    flags: i64,
    octets: u64,
}

impl Work<'_> {
    /// What it does before it is refused is undone with it.
    pub(super) fn emails_add(&mut self, add: &EmailsAdd) -> Sql<Outcome> {
        let account = add.account;
        let before = match self.begin(account, add.unchanged_since)? {
            Ok(before) => before,
            Err(refused) => return Ok(refused),
        };
        if add.emails.is_empty() {
            return Ok(Outcome::EmailsAdded { emails: Vec::new(), span: Span { before, after: before } });
        }
        let (mut coming, mut kept) = (Vec::with_capacity(add.emails.len()), 0);
        for email in &add.emails {
            match self.look_at(account, email, &mut kept)? {
                Ok(looked) => coming.push(looked),
                Err(refused) => return Ok(refused),
            }
        }
        let octets = coming.iter().map(|one| one.octets).sum();
        if self.has_room(account, octets)? != Some(true) {
            return Ok(Outcome::OverQuota);
        }
        let (modseq, first) = self.count_emails_in(account, coming.len(), octets)?;
        let mut emails = Vec::with_capacity(coming.len());
        for (id, one) in (first..).zip(&coming) {
            let thread = self.add_one(add, (id, modseq), one)?;
            emails.push((EmailId(id), EmailId(thread)));
        }
        Ok(Outcome::EmailsAdded { emails, span: Span { before, after: ModSeq(count(modseq)) } })
    }

    /// What is to be known of an e-mail before it comes, or why it cannot.
    fn look_at<'e>(
        &mut self,
        account: AccountId,
        email: &'e EmailAdded,
        kept: &mut i64,
    ) -> Sql<Result<Coming<'e>, Outcome>> {
        let mailboxes: BTreeSet<MailboxId> = email.mailboxes.iter().copied().collect();
        if mailboxes.is_empty() {
            return Ok(Err(Outcome::Conflict));
        }
        for mailbox in &mailboxes {
            if self.validity_of((account, *mailbox))?.is_none() {
                return Ok(Err(Outcome::Gone));
            }
        }
        let octets = match &email.source {
            EmailSource::Content(content) => content.octets,
            EmailSource::Upload(upload) => {
                let find = "SELECT octets FROM upload WHERE account = ?1 AND id = ?2";
                let Some(octets) = self.number(find, [account.0, *upload])? else { return Ok(Err(Outcome::Gone)) };
                count(octets)
            }
        };
        let words = self.slots_kept(account, &email.flags.keywords, *kept)?;
        let (Ok(words), true) = (words, mailboxes.len() <= PLACES_MAX) else { return Ok(Err(Outcome::Limit)) };
        *kept |= words;
        let utf8 = if email.utf8_header { bits::UTF8_HEADER } else { 0 };
        Ok(Ok(Coming { email, mailboxes, flags: system_bits(&email.flags) | words | utf8, octets }))
    }

    /// Writes an e-mail and its places; its conversation.
    fn add_one(&mut self, add: &EmailsAdd, at: (i64, i64), coming: &Coming<'_>) -> Sql<i64> {
        let (account, (id, modseq), email) = (add.account, at, coming.email);
        let blob = match &email.source {
            EmailSource::Content(content) => self.insert_blob(content, 1)?,
            EmailSource::Upload(upload) => self.share_upload(account, *upload)?,
        };
        let mut born = None;
        for mailbox in &coming.mailboxes {
            let new = NewMessage {
                account,
                mailbox: mailbox.0,
                email: id,
                modseq,
                flags: coming.flags,
                size: num(coming.octets),
                received: num(email.received.0),
                saved: num(add.now.0),
                first: born.is_none(),
            };
            let uid = self.insert_message(&new)?;
            born.get_or_insert((modseq, mailbox.0, i64::from(uid.0)));
        }
        self.show(account, id, coming.mailboxes.len())?;
        let new = NewEmail {
            account,
            blob,
            prefix: b"",
            size: coming.octets,
            received: email.received,
            queue_id: None,
            summary: &email.summary,
            born: born.unwrap_or((modseq, 0, 0)),
            keys: keys(email.message_id.as_deref(), &email.references),
        };
        self.insert_email(id, &new)
    }
}
