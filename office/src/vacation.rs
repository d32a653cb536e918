//! Answers while somebody is away (RFC 8621 §8), by the rules of RFC 3834. Owns what is kept of them, who is answered, and
//! what the answer says. That one is owed is noted after the delivery that asks for it; `submission::dispatch` has it sent.

use crate::Office;
use crate::inbound::{LetterEnvelope, Writer};
use aws_lc_rs::digest;
use message::build::compose::{Content, Correspondent, Draft, Entity, Field, Group, Value, arrange, join};
use message::build::new_message_id;
use message::header::{self, fields, token};
use message::{Address, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::StoreError;
use store::op::{Op, Outcome};
use store::query::{AccountById, ObjectByKey, Objects, States};
use store::types::{Account, AccountId, Object, ObjectChange, ObjectKind, QueueId, Span};

/// A sender is answered again after so long (RFC 3834 §2: once in several days).
const AGAIN_AFTER: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Octets of each body of an answer: a letter, and no more, since it goes out again and again.
pub const BODY_OCTETS_MAX: usize = 64 * 1024;
/// Octets of its subject.
pub const SUBJECT_OCTETS_MAX: usize = 1000;
/// Addresses of To and Cc that are looked up; of a message to more nobody waits for an answer.
const NAMED_MAX: usize = 50;
/// Ids of References that an answer repeats.
const REFERENCES_MAX: usize = 20;

/// What somebody has answered while they are away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Vacation {
    /// Whether anything is answered.
    pub is_enabled: bool,
    /// From when on.
    pub from_date: Option<Time>,
    /// Until when.
    pub to_date: Option<Time>,
    /// The subject; `None`: made of that of the message.
    pub subject: Option<String>,
    /// The answer as text.
    pub text_body: Option<String>,
    /// The answer as HTML.
    pub html_body: Option<String>,
}

impl Vacation {
    /// Whether messages that arrive now are answered.
    #[must_use]
    pub fn is_active(&self, now: Time) -> bool {
        let begun = self.from_date.is_none_or(|from| now >= from);
        let ended = self.to_date.is_some_and(|to| now >= to);
        self.is_enabled && begun && !ended
    }
}

/// An answer that is owed, or was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    to: Address,
    subject: String,
    message_id: Option<String>,
    references: Vec<String>,
    given: bool,
}

/// What an arriving message says that an answer has to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// Whom it is addressed to.
    pub named: Vec<Address>,
    subject: String,
    message_id: Option<String>,
    references: Vec<String>,
}

impl Question {
    /// Reads a header section; `None` where no person waits for an answer.
    pub fn of(section: &[u8]) -> Option<Question> {
        let mut question = Question::default();
        for field in fields(section) {
            if is_of_a_machine(&field) {
                return None;
            }
            if ["To", "Cc", "Bcc", "Resent-To", "Resent-Cc"].iter().any(|name| field.is(name)) {
                let entries = header::addresses(field.value);
                let mailboxes = message::summary::Envelope::mailboxes(&entries);
                let room = NAMED_MAX.saturating_sub(question.named.len());
                question.named.extend(mailboxes.filter_map(header::Mailbox::address).take(room));
            } else if field.is("Subject") {
                question.subject = header::text(field.value);
            } else if field.is("Message-ID") {
                question.message_id = header::message_ids(field.value).into_iter().next();
            } else if field.is("References") {
                question.references = header::message_ids(field.value);
            }
        }
        Some(question)
    }
}

/// RFC 3834 §2: answers, lists and bulk mail are not answered.
fn is_of_a_machine(field: &header::Field<'_>) -> bool {
    let value = || header::text(field.value).to_ascii_lowercase();
    let is_list_field = field.name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"list-"));
    is_list_field
        || field.is("Auto-Submitted") && token(field.value) != "no"
        || field.is("Precedence") && ["bulk", "list", "junk"].contains(&value().trim())
        || field.is("X-Auto-Response-Suppress") && (value().contains("oof") || value().contains("all"))
        || field.is("Content-Type") && value().starts_with("multipart/report")
}

/// RFC 3834 §2: names that programs have.
pub(crate) fn is_a_machine(sender: &Address) -> bool {
    let name = sender.local_part().to_ascii_lowercase();
    let names = ["mailer-daemon", "postmaster", "listserv", "majordomo", "no-reply", "noreply", "donotreply"];
    names.contains(&name.as_str())
        || name.starts_with("owner-")
        || name.ends_with("-owner")
        || name.ends_with("-request")
        || name.contains("-bounces")
}

impl Office {
    /// What an account has answered while its owner is away, and the object it is kept in.
    ///
    /// # Errors
    /// The store's.
    pub async fn vacation(&self, account: AccountId) -> Result<(Option<Object>, Vacation), StoreError> {
        let object = self.store().read(Objects { account, kind: ObjectKind::Vacation }).await?.into_iter().next();
        let kept = object.as_ref().and_then(|object| serde_json::from_slice(&object.value).ok());
        Ok((object, kept.unwrap_or_default()))
    }

    /// Whether messages that come now are answered. Asked at every delivery, so who was never away costs one short look.
    pub(crate) async fn is_away(&self, account: AccountId, now: Time) -> Result<bool, StoreError> {
        let states = self.store().read(States { account }).await?;
        let ever = states.is_some_and(|states| states.objects.iter().any(|(kind, _)| *kind == ObjectKind::Vacation));
        Ok(ever && self.vacation(account).await?.1.is_active(now))
    }

    /// Keeps another answer. Everybody is answered anew: what they heard before is no longer so. `None`: it changed since it
    /// was looked at.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_vacation(
        &self,
        now: Time,
        account: AccountId,
        (object, vacation): (Option<&Object>, &Vacation),
    ) -> Result<Option<Span>, StoreError> {
        let value = serde_json::to_vec(vacation).unwrap_or_default();
        // By its key there is one, even where two are made at the same time.
        let key = Some(account.0.to_string().into_bytes());
        let change = match object {
            Some(object) => ObjectChange {
                key,
                unchanged_since: Some(object.modseq),
                ..ObjectChange::set(ObjectKind::Vacation, object.id, value)
            },
            None => ObjectChange { key, ..ObjectChange::add(ObjectKind::Vacation, value) },
        };
        let answered = self.store().read(Objects { account, kind: ObjectKind::Answered }).await?;
        let forgotten = answered.iter().map(|object| ObjectChange::remove(ObjectKind::Answered, object.id));
        let changes = std::iter::once(change).chain(forgotten).collect();
        Ok(match self.store().apply(Op::ObjectsChange { account, changes, now }).await? {
            Outcome::Objects { span, .. } => Some(span),
            _ => None,
        })
    }

    /// Notes that a sender is owed an answer, unless they had one lately. What goes wrong costs an answer, and no mail.
    pub(crate) async fn owe_answer(&self, now: Time, account: AccountId, to: &Address, question: Question) {
        let answer = Answer {
            to: to.clone(),
            subject: question.subject,
            message_id: question.message_id,
            references: question.references,
            given: false,
        };
        let (kind, key) = (ObjectKind::Answered, key_of(account, to));
        match self.store().read(ObjectByKey { kind, key: key.clone() }).await {
            Ok(None) => {}
            Ok(Some(_)) => return,
            Err(error) => return tracing::warn!(%error, "nobody knows whether an answer was given"),
        }
        let value = serde_json::to_vec(&answer).unwrap_or_default();
        let change = ObjectChange { key: Some(key), due: Some(now), ..ObjectChange::add(kind, value) };
        match self.store().apply(Op::ObjectsChange { account, changes: vec![change], now }).await {
            Ok(Outcome::Objects { .. }) => {}
            Ok(other) => tracing::debug!(?other, "no answer is noted"),
            Err(error) => tracing::warn!(%error, "an answer could not be noted"),
        }
    }

    /// Gives an answer that is owed; forgets one that was given long ago.
    pub(crate) async fn dispatch_answer(&self, now: Time, object: &Object) -> Result<(), StoreError> {
        let answer: Option<Answer> = serde_json::from_slice(&object.value).ok();
        let Some(answer) = answer.filter(|answer| !answer.given) else { return self.forget(now, object).await };
        let account = self.store().read(AccountById { account: object.account }).await?;
        let (_, vacation) = self.vacation(object.account).await?;
        let Some(account) = account.filter(|_| vacation.is_active(now)) else { return self.forget(now, object).await };
        let given = Answer { given: true, ..answer.clone() };
        let change = ObjectChange {
            key: object.key.clone(),
            due: Some(now.after(AGAIN_AFTER)),
            unchanged_since: Some(object.modseq),
            ..ObjectChange::set(object.kind, object.id, serde_json::to_vec(&given).unwrap_or_default())
        };
        if let Err(reason) = self.send_answer(now, (&account, &vacation), &answer, change.clone()).await {
            tracing::info!(account = %account.address, to = %answer.to, reason, "no answer is given");
            self.store().apply(Op::ObjectsChange { account: account.id, changes: vec![change], now }).await?;
        }
        Ok(())
    }

    async fn send_answer(
        &self,
        now: Time,
        (account, vacation): (&Account, &Vacation),
        answer: &Answer,
        change: ObjectChange,
    ) -> Result<(), String> {
        let said = |reply: wire::smtp::Reply| reply.lines.join(" ");
        let name = self.identities(now, account.id).await.map_err(|error| error.to_string())?;
        let name = name.into_iter().find(|(_, identity)| identity.is_own).map(|(_, identity)| identity.name);
        let content = self.write_answer(now, (account, name.filter(|name| !name.is_empty())), vacation, answer);
        let envelope = LetterEnvelope {
            ticket: "an answer while away".to_owned(),
            queue_id: QueueId::new(now, u16::from_be_bytes(self.random())),
            // RFC 3834 §3.3: trouble with an answer is nobody's to hear.
            reverse_path: None,
            ret: None,
            envid: None,
            octets: content.len() as u64,
        };
        let writer = Writer::House(account.address.clone());
        let mut letter = self.open_letter(now, writer, envelope).await.map_err(said)?;
        letter.recipient(&answer.to, None, None).await.map_err(said)?;
        letter.begin().await.map_err(said)?;
        letter.content(&content).await;
        letter.commit(account.id, vec![change]).await.map(drop).map_err(|fault| said(fault.reply()))
    }

    fn write_answer(
        &self,
        now: Time,
        (account, name): (&Account, Option<String>),
        vacation: &Vacation,
        answer: &Answer,
    ) -> Vec<u8> {
        let person = |name: Option<String>, address: &Address| {
            let member = Correspondent { name, email: address.to_string() };
            Value::Addresses(vec![Group { name: None, members: vec![member] }])
        };
        // RFC 3834 §3.1.5
        let subject = vacation.subject.clone().unwrap_or_else(|| format!("Auto: {}", answer.subject));
        let id = new_message_id(&self.random(), &self.policy().hostname);
        let mut fields = vec![
            Field::new("Date", Value::Date(now, 0)),
            Field::new("From", person(name, &account.address)),
            Field::new("To", person(None, &answer.to)),
            Field::new("Subject", Value::Text(subject)),
            Field::new("Message-ID", Value::MessageIds(vec![id])),
            // RFC 3834 §3.1.7
            Field::new("Auto-Submitted", Value::Raw("auto-replied".to_owned())),
        ];
        if let Some(message_id) = &answer.message_id {
            let kept = answer.references.len().saturating_sub(REFERENCES_MAX);
            let mut references: Vec<String> = answer.references.iter().skip(kept).cloned().collect();
            references.push(message_id.clone());
            fields.push(Field::new("In-Reply-To", Value::MessageIds(vec![message_id.clone()])));
            fields.push(Field::new("References", Value::MessageIds(references)));
        }
        let part = |media_type: &str, text: &String| Entity {
            media_type: media_type.to_owned(),
            content: Content::Text(text.clone()),
            ..Entity::default()
        };
        let html = vacation.html_body.as_ref().map(|html| part("text/html", html));
        let usual = "I am away at the moment and will read your message when I am back.\n".to_owned();
        let text = vacation.text_body.clone().or_else(|| html.is_none().then_some(usual));
        let body = arrange(text.as_ref().map(|text| part("text/plain", text)), html, Vec::new());
        let random = [u64::from_be_bytes(self.random()), u64::from_be_bytes(self.random())];
        join(&Draft { fields, body, random }.compose(), |_| &[])
    }
}

/// One for each sender of an account, of one length however long the address is.
fn key_of(account: AccountId, sender: &Address) -> Vec<u8> {
    let hash = digest::digest(&digest::SHA256, sender.to_string().to_lowercase().as_bytes());
    [account.0.to_be_bytes().as_slice(), hash.as_ref()].concat()
}

#[cfg(test)]
mod tests;
