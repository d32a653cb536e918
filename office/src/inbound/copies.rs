//! What each end of a recipient's way gets: a copy in a mailbox here, or an entry in the outbox, each under its own reverse
//! path and behind its own trace fields. Does not own the ways (`route`) nor the transaction they are part of (`commit`).

use super::commit::Fields;
use super::recipient::Accepted;
use super::route::{CopyPath, End, Member};
use super::{SmtpDesk, Transaction};
use crate::srs::Srs;
use message::{Address, Time, build};
use store::StoreError;
use store::op::{Local, Outgoing, OutgoingRecipient};
use store::query::Resolved;
use store::types::{Account, Role as MailboxRole};
use wire::smtp::{Body, Notify, Return};

/// Under which reverse path the copies of a message leave.
pub(super) struct Paths<'a> {
    /// The envelope's own; `None` for `<>`.
    sender: Option<&'a Address>,
    /// The sender's domain is none of ours: a receiver would find that we may not send for it (RFC 7208 §2.4).
    foreign: bool,
    srs: &'a Srs,
    /// When the message came.
    pub now: Time,
}

impl Paths<'_> {
    /// The reverse path of a copy. Reports (`<>`) stay what they are: nobody answers for them.
    fn of(&self, member: &Member) -> Option<Address> {
        let sender = self.sender?;
        Some(match (&member.path, &member.end) {
            // RFC 5321 §3.9.2: trouble with a list is for who keeps it, not for who writes to it.
            (CopyPath::Owner(owner), _) => owner.clone(),
            (CopyPath::Forwarder(domain), End::Remote(_)) if self.foreign => {
                self.srs.wrap(sender, domain, self.now).unwrap_or_else(|| sender.clone())
            }
            _ => sender.clone(),
        })
    }

    /// The reverse path in words, where it is not the sender's own.
    pub fn told(&self, member: &Member) -> String {
        let path = self.of(member).filter(|path| Some(path) != self.sender);
        path.map(|path| format!(" from <{path}>")).unwrap_or_default()
    }
}

/// Whether a copy goes on to another host by an alias of ours.
pub(super) fn is_sent_on(member: &Member) -> bool {
    matches!(member.end, End::Remote(_)) && member.path != CopyPath::Sender
}

impl SmtpDesk {
    pub(super) async fn paths<'a>(&'a self, transaction: &'a Transaction, now: Time) -> Result<Paths<'a>, StoreError> {
        let sender = transaction.reverse_path.as_ref();
        let mut members = transaction.recipients.iter().flat_map(|recipient| &recipient.members);
        let foreign = match sender {
            Some(sender) if members.any(is_sent_on) => matches!(self.resolve(sender).await?, Resolved::Foreign),
            _ => false,
        };
        Ok(Paths { sender, foreign, srs: self.office.srs(), now })
    }

    /// One copy for each account, however many of the recipients lead to it.
    pub(super) fn local_copies(&self, transaction: &Transaction, fields: &Fields, paths: &Paths<'_>) -> Vec<Local> {
        let mut copies: Vec<Local> = Vec::new();
        let ends: Vec<_> = ends(transaction).filter_map(|(to, member)| Some((to, member, member.account()?))).collect();
        for (recipient, member, account) in &ends {
            if copies.iter().any(|copy| copy.account == account.id) {
                continue;
            }
            copies.push(Local {
                account: account.id,
                role: MailboxRole::Inbox,
                prefix: prefix(paths.of(member).as_ref(), account, fields),
                recipient: recipient.address.to_string(),
                grace: self.may_cross_quota(&recipient.address, ends.len()),
            });
        }
        copies
    }
}

fn ends(transaction: &Transaction) -> impl Iterator<Item = (&Accepted, &Member)> {
    transaction.recipients.iter().flat_map(|recipient| recipient.members.iter().map(move |member| (recipient, member)))
}

/// Return-Path and Delivered-To of one recipient, then what all copies share (RFC 5321 §4.4).
fn prefix(reverse_path: Option<&Address>, account: &Account, fields: &Fields) -> Vec<u8> {
    let own = [build::return_path(reverse_path), build::delivered_to(&account.address)];
    fields.after(&own.concat())
}

/// What leaves the house: an entry for each reverse path and each alias that sends on. Everybody elsewhere gets one copy.
pub(super) fn outgoing(transaction: &Transaction, fields: &Fields, paths: &Paths<'_>) -> Vec<Outgoing> {
    let mut entries: Vec<Outgoing> = Vec::new();
    for (recipient, member) in ends(transaction) {
        let End::Remote(address) = &member.end else { continue };
        if entries.iter().flat_map(|entry| &entry.recipients).any(|other| other.address == *address) {
            continue;
        }
        let entry = envelope(transaction, recipient, member, (fields, paths));
        let is_list = matches!(member.path, CopyPath::Owner(_));
        // RFC 3461 §5.2.7.3: of an alias with several members only trouble is reported.
        let is_one_of_several = is_sent_on(member) && recipient.members.len() > 1;
        let wish = |notify: Notify| Notify { success: notify.success && !is_one_of_several, ..notify };
        let to = OutgoingRecipient {
            address: address.clone(),
            // RFC 3461 §5.2.7.1: what becomes of a list's copies is not the sender's to ask.
            notify: recipient.given.notify.map(wish).map(notify_bits).filter(|_| !is_list),
            orcpt: recipient.given.orcpt.clone().filter(|_| !is_list),
        };
        match entries.iter_mut().find(|other| other.reverse_path == entry.reverse_path && other.prefix == entry.prefix)
        {
            Some(other) => other.recipients.push(to),
            None => entries.push(Outgoing { recipients: vec![to], ..entry }),
        }
    }
    entries
}

/// An entry of the outbox without its recipients.
fn envelope(
    transaction: &Transaction,
    recipient: &Accepted,
    member: &Member,
    (fields, paths): (&Fields, &Paths<'_>),
) -> Outgoing {
    let sender = &transaction.sender;
    let is_list = matches!(member.path, CopyPath::Owner(_));
    // RFC 9228 §3: by it a message that comes back shows that it was here.
    let own = if is_sent_on(member) { build::delivered_to(&recipient.address) } else { Vec::new() };
    Outgoing {
        reverse_path: paths.of(member).as_ref().map(Address::to_string).unwrap_or_default(),
        prefix: fields.after(&own),
        body: if sender.body == Body::SevenBit { "7bit" } else { "8bitmime" }.to_owned(),
        smtputf8: sender.smtputf8,
        ret: sender.ret.filter(|_| !is_list).map(|ret| if ret == Return::Full { "FULL" } else { "HDRS" }.to_owned()),
        envid: sender.envid.clone().filter(|_| !is_list),
        recipients: Vec::new(),
        held: false,
    }
}

fn notify_bits(notify: Notify) -> u8 {
    u8::from(notify.success) | u8::from(notify.failure) << 1 | u8::from(notify.delay) << 2
}
