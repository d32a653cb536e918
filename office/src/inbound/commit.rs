//! The end of a message: the last reasons to refuse it, the fields we add, and the one transaction that makes the 250
//! true. What an SMTP client hears is one reply, an LMTP client one per recipient (RFC 2033 §4.2).

use super::arrival::{Arrived, Fault};
use super::copies::{Paths, is_sent_on, outgoing};
use super::header::Digest;
use super::local::HandedIn;
use super::recipient::Accepted;
use super::route::{End, Member};
use super::{SmtpDesk, Transaction, trouble};
use crate::counters::count;
use message::build::{self, Mailbox, Received};
use message::{Address, Domain, Time};
use store::op::{Deliver, Delivery, Op, Outcome};
use store::types::{Account, AccountId, TraceEntry};
use wire::smtp::{Answer, Body, Enhanced, Manner, Reply, Role, Verb};

/// Hops after which a message is going in circles (RFC 5321 §6.3 asks for at least 100).
const HOPS_MAX: usize = 100;

/// The fields put before a message: those every copy shares, and what comes last.
pub(super) struct Fields {
    pub received: Vec<u8>,
    pub added: Vec<u8>,
    /// CRLF where the content does not begin with a header field, so that it is all body.
    pub end: &'static [u8],
}

impl Fields {
    /// The whole prefix of one copy, after its own fields.
    pub fn after(&self, own: &[u8]) -> Vec<u8> {
        [own, &self.received, &self.added, self.end].concat()
    }
}

impl SmtpDesk {
    pub(super) async fn commit(&mut self, now: Time) -> Answer {
        let Some(mut transaction) = self.transaction.take() else {
            return Answer::Reply(Reply::new(503, Enhanced(5, 5, 1), "there is no message to take"));
        };
        let replies = match self.finish(&mut transaction, now).await {
            Ok(replies) => replies,
            Err(refusal) => {
                count(&self.office.counters().refused, 1);
                tracing::info!(queue_id = %transaction.queue_id, code = refusal.code, reason = %refusal.lines.join(" "), "message refused");
                vec![refusal; transaction.recipients.len().max(1)]
            }
        };
        if self.role == Role::Lmtp {
            return Answer::Replies(replies);
        }
        Answer::Reply(
            replies.into_iter().next().unwrap_or_else(|| Reply::new(451, Enhanced(4, 3, 0), "nobody was named")),
        )
    }

    /// The message as it would be delivered, for a transaction of others to carry.
    pub(super) async fn draft(&mut self, now: Time) -> Result<Deliver, Reply> {
        let mut transaction =
            self.transaction.take().ok_or_else(|| Reply::plain(503, "there is no message to take"))?;
        let (mut deliver, _) = self.prepare(&mut transaction, now).await?;
        deliver.all_or_nothing = false;
        // Nobody could be told that a report did not fit.
        deliver.local.iter_mut().for_each(|local| local.grace = true);
        Ok(deliver)
    }

    /// One reply for each recipient; for SMTP they are all the same.
    async fn finish(&self, transaction: &mut Transaction, now: Time) -> Result<Vec<Reply>, Reply> {
        if transaction.sender.manner != Manner::Mail {
            return self.send(transaction, now).await;
        }
        let (deliver, accounts) = self.prepare(transaction, now).await?;
        let replies = self.file(transaction, deliver, accounts.clone()).await?;
        self.announce(transaction, accounts.into_iter());
        Ok(replies)
    }

    /// The one transaction.
    pub(super) async fn file(
        &self,
        transaction: &Transaction,
        deliver: Deliver,
        accounts: Vec<AccountId>,
    ) -> Result<Vec<Reply>, Reply> {
        let now = deliver.now;
        let content = deliver.content.clone();
        let outcome =
            self.office.store().apply(Op::Deliver(Box::new(deliver))).await.map_err(|error| trouble(&error))?;
        let deliveries = match outcome {
            Outcome::Delivered(deliveries) => deliveries,
            Outcome::OverQuota => return Err(full()),
            _ => return Err(Reply::new(451, Enhanced(4, 3, 0), "a recipient went away meanwhile, try again")),
        };
        self.note(transaction, content.octets, &deliveries);
        let done: Vec<_> = accounts.into_iter().zip(deliveries).collect();
        self.tell_success(transaction, &content, &done, now).await;
        self.note_absence(transaction, &content, &done, now).await;
        Ok(transaction.recipients.iter().map(|recipient| verdict(transaction, recipient, &done)).collect())
    }

    /// The operation that delivers the message, where nothing speaks against it, and whose mailboxes it is for.
    pub(super) async fn prepare(
        &self,
        transaction: &mut Transaction,
        now: Time,
    ) -> Result<(Deliver, Vec<AccountId>), Reply> {
        let arrival =
            transaction.arrival.take().ok_or_else(|| Reply::new(503, Enhanced(5, 5, 1), "no content came"))?;
        let binary = transaction.sender.body == Body::BinaryMime;
        let arrived = arrival.finish(self.office.store(), binary).await.map_err(|fault| refusal(&fault))?;
        if self.handed_in.as_ref().is_some_and(|handed_in| handed_in.is_letter) {
            say_what_it_needs(transaction, &arrived);
        }
        self.refuse_loop(&arrived, &transaction.recipients)?;
        self.refuse_foreign_author(&arrived).await?;
        let fields = self.fields(transaction, &arrived, now);
        let paths = self.paths(transaction, now).await.map_err(|error| trouble(&error))?;
        let deliver = self.delivery(transaction, arrived, &fields, &paths);
        let accounts = deliver.local.iter().map(|local| local.account).collect();
        Ok((deliver, accounts))
    }

    /// RFC 5321 §6.3: a message that was here before, or has gone through too many hands.
    fn refuse_loop(&self, arrived: &Arrived, recipients: &[Accepted]) -> Result<(), Reply> {
        if arrived.facts.received >= HOPS_MAX {
            return Err(Reply::new(
                554,
                Enhanced(5, 4, 6),
                "the message is going in circles: too many Received fields",
            ));
        }
        let accounts = recipients.iter().flat_map(|recipient| &recipient.members).filter_map(Member::account);
        let sent_on = recipients.iter().filter(|recipient| recipient.members.iter().any(is_sent_on));
        let mut names = accounts.map(|account| &account.address).chain(sent_on.map(|recipient| &recipient.address));
        match names.find(|name| arrived.facts.delivered_to.contains(name)) {
            Some(name) => {
                let text = format!("the message is going in circles: it was delivered to <{name}> before");
                Err(Reply::new(554, Enhanced(5, 4, 6), text))
            }
            None => Ok(()),
        }
    }

    /// RFC 6409 §6.1, §8.1: users write under their own names; two authors' fields would show a reader one and a
    /// checker the other (RFC 5322 §3.6 allows one).
    async fn refuse_foreign_author(&self, arrived: &Arrived) -> Result<(), Reply> {
        let Some(account) = self.user() else { return Ok(()) };
        if arrived.facts.from_fields > 1 {
            return Err(Reply::new(554, Enhanced(5, 6, 0), "a message has one From field"));
        }
        let authors = arrived.facts.from.iter().map(|address| ("From", Some(address)));
        let senders = arrived.facts.senders.iter().map(|(name, address)| (*name, address.as_ref()));
        for (name, address) in authors.chain(senders) {
            let Some(address) = address else {
                return Err(Reply::new(550, Enhanced(5, 7, 1), format!("what {name} names is no address")));
            };
            if !self.owns(account, address).await.map_err(|error| trouble(&error))? {
                let text = format!("{} may not write {name} <{address}>", account.address);
                return Err(Reply::new(550, Enhanced(5, 7, 1), text));
            }
        }
        Ok(())
    }

    fn fields(&self, transaction: &Transaction, arrived: &Arrived, now: Time) -> Fields {
        let end: &[u8] = if arrived.facts.has_header { b"" } else { b"\r\n" };
        let added = if self.is_known() { self.missing_fields(transaction, arrived, now) } else { Vec::new() };
        Fields { received: self.received(transaction, now), added, end }
    }

    /// RFC 6409 §8: what every message must have, where its submitter left it out.
    fn missing_fields(&self, transaction: &Transaction, arrived: &Arrived, now: Time) -> Vec<u8> {
        let facts = &arrived.facts;
        let author = self.user().map(|account| &account.address).or(transaction.reverse_path.as_ref());
        let mailbox = |address: &Address| [Mailbox { name: String::new(), address: address.clone() }];
        let mut added = Vec::new();
        if !facts.has_date {
            added.extend(build::date(now, 0));
        }
        match author {
            Some(address) if facts.from_fields == 0 => added.extend(build::addresses("From", &mailbox(address))),
            // A From without an address names nobody who could be written to.
            Some(address) if facts.from.is_empty() && !facts.has_sender && self.user().is_some() => {
                added.extend(build::addresses("Sender", &mailbox(address)));
            }
            _ => {}
        }
        if let Some(handed_in) = &self.handed_in {
            added.extend(handed_in.sender_field(&facts.from, facts.has_sender));
        }
        if !facts.has_message_id {
            let id = build::new_message_id(&self.office.random(), &self.policy.hostname);
            added.extend(build::message_id(&id));
        }
        added
    }

    fn received(&self, transaction: &Transaction, now: Time) -> Vec<u8> {
        if let Some(HandedIn { user, .. }) = &self.handed_in {
            let (by, id) = (&self.policy.hostname, transaction.queue_id.to_string());
            return build::received_here(by, &user.name, &id, now);
        }
        let (helo, tls) = match &self.greeting {
            Some((greeting, tls)) => (greeting.name.as_str(), tls.as_ref()),
            None => ("unknown", None),
        };
        let name = self.peer.name.get().and_then(|name| Domain::parse(name).ok());
        let with = self.with(transaction);
        // RFC 5321 §7.6: with several recipients, `for` would tell each about another.
        let for_ = match transaction.recipients.as_slice() {
            [only] => Some(&only.address),
            _ => None,
        };
        Received {
            from_helo: helo,
            from_reverse_name: name.as_ref(),
            from_ip: self.peer.client.ip(),
            by: &self.policy.hostname,
            with: &with,
            tls: tls.map(|facts| (facts.version.as_str(), facts.cipher.as_str())),
            queue_id: &transaction.queue_id.to_string(),
            for_,
            at: now,
        }
        .write()
    }

    /// The word after `with` (RFC 3848, RFC 6531 §4.3).
    fn with(&self, transaction: &Transaction) -> String {
        let (verb, tls) = match &self.greeting {
            Some((greeting, tls)) => (greeting.verb, tls.is_some()),
            None => (Verb::Helo, false),
        };
        let utf8 = transaction.sender.smtputf8;
        let base = match (verb, utf8) {
            (Verb::Helo, _) => return "SMTP".to_owned(),
            (Verb::Ehlo, false) => "ESMTP",
            (Verb::Ehlo, true) => "UTF8SMTP",
            (Verb::Lhlo, false) => "LMTP",
            (Verb::Lhlo, true) => "UTF8LMTP",
        };
        let secured = if tls { "S" } else { "" };
        let authenticated = if self.user().is_some() { "A" } else { "" };
        format!("{base}{secured}{authenticated}")
    }

    fn delivery(&self, transaction: &Transaction, arrived: Arrived, fields: &Fields, paths: &Paths<'_>) -> Deliver {
        let digest = Digest::of(&arrived.structure, &fields.added);
        let now = paths.now;
        let local = self.local_copies(transaction, fields, paths);
        let accepted = TraceEntry {
            queue_id: transaction.queue_id,
            at: now,
            event: "accepted".to_owned(),
            address: None,
            detail: self.origin(transaction, arrived.content.octets),
        };
        Deliver {
            queue_id: transaction.queue_id,
            now,
            content: arrived.content,
            summary: digest.summary,
            utf8_header: digest.utf8_header,
            reverse_path: path_text(transaction),
            message_id: digest.message_id,
            references: digest.references,
            all_or_nothing: self.role != Role::Lmtp,
            trace: journey(accepted, transaction, paths),
            local,
            remote: outgoing(transaction, fields, paths),
        }
    }

    /// Where the message came from, in words.
    fn origin(&self, transaction: &Transaction, octets: u64) -> String {
        let from = path_text(transaction);
        if let Some(handed_in) = &self.handed_in {
            return format!("from <{from}>, {octets} octets, {}", handed_in.origin());
        }
        let helo = self.greeting.as_ref().map_or("-", |(greeting, _)| greeting.name.as_str());
        let user = self.user().map_or(String::new(), |account| format!(", logged in as {}", account.address));
        format!("from <{from}>, {octets} octets, by {helo} [{}]{user}", self.peer.client.ip())
    }

    pub(super) fn note(&self, transaction: &Transaction, octets: u64, deliveries: &[Delivery]) {
        let delivered = deliveries.iter().filter(|delivery| matches!(delivery, Delivery::Done { .. })).count();
        count(&self.office.counters().accepted, 1);
        count(&self.office.counters().delivered, delivered);
        tracing::info!(
            queue_id = %transaction.queue_id, from = path_text(transaction), recipients = transaction.recipients.len(),
            delivered, octets, client = %self.peer.client.ip(), "message accepted"
        );
    }
}

/// Nobody said beforehand what the content is: now it can be seen (RFC 6152, RFC 6531).
fn say_what_it_needs(transaction: &mut Transaction, arrived: &Arrived) {
    let message = arrived.structure.parts.first();
    let eight_bit = message.is_some_and(|part| part.body_facts.eight_bit + part.header_facts.eight_bit > 0);
    let beyond_ascii = |address: &Address| !address.to_string().is_ascii();
    let paths = transaction.recipients.iter().map(|recipient| &recipient.address).chain(&transaction.reverse_path);
    transaction.sender.smtputf8 =
        message.is_some_and(|part| part.header_facts.eight_bit > 0) || paths.into_iter().any(beyond_ascii);
    transaction.sender.body = if eight_bit { Body::EightBitMime } else { Body::SevenBit };
}

/// The reverse path as text; empty for `<>`.
pub(super) fn path_text(transaction: &Transaction) -> String {
    transaction.reverse_path.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// What a journey says of a mailbox.
pub(super) fn filed(account: &Account) -> String {
    format!("to the mailbox of {}", account.address)
}

/// The journey so far: accepted, then one line for each end of each recipient's way.
fn journey(accepted: TraceEntry, transaction: &Transaction, paths: &Paths<'_>) -> Vec<TraceEntry> {
    let mut lines = vec![accepted.clone()];
    for recipient in &transaction.recipients {
        for member in &recipient.members {
            let (event, detail) = match &member.end {
                End::Local(account) => ("delivered", filed(account)),
                End::Remote(address) => ("queued", format!("for {address}{}", paths.told(member))),
            };
            lines.push(TraceEntry {
                event: event.to_owned(),
                address: Some(recipient.address.to_string()),
                detail,
                ..accepted.clone()
            });
        }
    }
    lines
}

fn refusal(fault: &Fault) -> Reply {
    match fault {
        Fault::HeaderTooLarge => Reply::new(552, Enhanced(5, 3, 4), "the header is larger than 1 MiB"),
        Fault::NotCurable => Reply::new(554, Enhanced(5, 6, 0), "there is binary where MIME allows only lines"),
        Fault::Store(error) => trouble(error),
    }
}

pub(super) fn full() -> Reply {
    Reply::new(552, Enhanced(5, 2, 2), "the message does not fit into the mailbox")
}

/// What the client hears about one recipient.
fn verdict(transaction: &Transaction, recipient: &Accepted, done: &[(AccountId, Delivery)]) -> Reply {
    let of = |account: &Account| done.iter().find(|(id, _)| *id == account.id).map(|(_, delivery)| delivery);
    for delivery in recipient.members.iter().filter_map(Member::account).filter_map(of) {
        match delivery {
            Delivery::Done { .. } => {}
            Delivery::OverQuota => return full(),
            Delivery::Gone => return Reply::new(550, Enhanced(5, 1, 1), "the account was removed meanwhile"),
        }
    }
    let id = transaction.queue_id;
    Reply::new(250, Enhanced(2, 0, 0), format!("queued as {id}"))
}
