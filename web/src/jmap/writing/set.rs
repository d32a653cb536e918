//! `Email/set` (RFC 8621 §4.6).

use super::flags::{self, Patch};
use super::span::{self, Track};
use super::{create, permit, store_email};
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::generic::set::{Outcome, Set};
use crate::jmap::{Answer, Arguments, Context, ids};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use store::op::{Op, Outcome as Done};
use store::types::{AccountId, EmailChange, EmailId, EmailOutcome, MailboxId, ModSeq};

/// `Email/set`.
///
/// # Errors
/// The method's.
pub async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let asked = Set::read(context, &mut arguments)?;
    arguments.end()?;
    carry_out(context, asked).await
}

/// The same with its arguments read: what other methods have done on success (RFC 8621 §7.5).
pub(super) async fn carry_out(context: &mut Context<'_>, mut asked: Set) -> Answer {
    let account = asked.account;
    context.reach(account).await?.check_change()?;
    let mut track = span::begin(context, account).await?;
    asked.check(track.old())?;
    let mut state =
        Changing { account, conditional: asked.is_conditional(), track: &mut track, outcome: Outcome::default() };
    for (creation, email) in std::mem::take(&mut asked.create) {
        state.create(context, &creation, &email).await?;
    }
    let updates = asked.take_updates(context, &mut state.outcome);
    state.update(context, updates).await?;
    state.destroy(context, &asked.destroy).await?;
    let outcome = state.outcome;
    asked.answer("Email/set", track.states(), outcome)
}

/// Changes of e-mails, and how the client names each.
type Changes = (Vec<EmailChange>, Vec<String>);

struct Changing<'a> {
    account: AccountId,
    conditional: bool,
    track: &'a mut Track,
    outcome: Outcome,
}

impl Changing<'_> {
    /// What an operation is to see unchanged: with `ifInState`, all that was not done here.
    fn unchanged_since(&self) -> Option<ModSeq> {
        self.conditional.then(|| self.track.unchanged_since())
    }

    async fn create(
        &mut self,
        context: &mut Context<'_>,
        creation: &str,
        email: &Map<String, Value>,
    ) -> Result<(), MethodError> {
        let reach = context.reach(self.account).await?;
        let read = create::read(context, self.account, email);
        let read = read.and_then(|asked| permit::add(&reach, &asked.mailboxes, &asked.flags).map(|()| asked));
        let added = match read {
            Ok(asked) => store_email::create(context, self.account, asked, self.unchanged_since()).await,
            Err(error) => Err(error),
        };
        match added {
            Ok(added) => {
                let told = store_email::told(self.account, added, self.track);
                self.outcome.created(context, creation, told);
            }
            Err(error) if error.kind() == "stateMismatch" => return Err(self.mismatch()),
            Err(error) => self.outcome.not_created(creation, &error),
        }
        Ok(())
    }

    /// Somebody else changed something: where nothing was done yet the whole is refused.
    fn mismatch(&self) -> MethodError {
        match self.outcome.is_change() {
            true => MethodError::server_partial_fail(),
            false => MethodError::state_mismatch(),
        }
    }

    async fn update(
        &mut self,
        context: &Context<'_>,
        updates: Vec<(String, Map<String, Value>)>,
    ) -> Result<(), MethodError> {
        let reach = context.reach(self.account).await?;
        // What may be changed in the same mailboxes is one operation.
        let mut alike: BTreeMap<Option<Vec<MailboxId>>, Changes> = BTreeMap::new();
        for (name, patch) in updates {
            let read = match find(context, self.account, &name) {
                Some(email) if reach.sees(email) => flags::patch(context, self.account, &patch)
                    .and_then(|patch| permit::change(&reach, email, patch))
                    .map(|patch| (email, patch)),
                _ => Err(SetError::not_found()),
            };
            match read {
                Ok((email, Patch { keywords, mailboxes })) => {
                    let change = EmailChange { email, keywords, mailboxes };
                    let (changes, names) = alike.entry(permit::where_changed(&reach, &change)).or_default();
                    changes.push(change);
                    names.push(name);
                }
                Err(error) => self.outcome.not_updated(&name, &error),
            }
        }
        for (within, changes) in alike {
            self.update_within(context, within, changes).await?;
        }
        Ok(())
    }

    async fn update_within(
        &mut self,
        context: &Context<'_>,
        within: Option<Vec<MailboxId>>,
        (changes, names): Changes,
    ) -> Result<(), MethodError> {
        let of_mailboxes: Vec<bool> = changes.iter().map(|change| change.mailboxes.is_some()).collect();
        let (account, unchanged_since) = (self.account, self.unchanged_since());
        let op = permit::within(within, Op::EmailsSet { account, changes, unchanged_since, now: context.now });
        let results = self.apply(context, op).await?;
        for ((name, result), of_mailboxes) in names.iter().zip(results).zip(of_mailboxes) {
            match fault(result, of_mailboxes) {
                // The id as the client knows it: a creation id stands for what was created.
                None => self.outcome.updated(context.resolve(name).unwrap_or(name), Value::Null),
                Some(error) => self.outcome.not_updated(name, &error),
            }
        }
        Ok(())
    }

    async fn destroy(&mut self, context: &Context<'_>, names: &[String]) -> Result<(), MethodError> {
        let reach = context.reach(self.account).await?;
        let (mut emails, mut known) = (Vec::new(), Vec::new());
        for name in names {
            let found = find(context, self.account, name).ok_or_else(SetError::not_found);
            match found.and_then(|email| permit::destroy(&reach, email).map(|()| email)) {
                Ok(email) => {
                    emails.push(email);
                    known.push(context.resolve(name).unwrap_or(name));
                }
                Err(error) => self.outcome.not_destroyed(name, &error),
            }
        }
        if emails.is_empty() {
            return Ok(());
        }
        let (account, unchanged_since) = (self.account, self.unchanged_since());
        let op = Op::EmailsDestroy { account, emails, unchanged_since, now: context.now };
        let op = permit::within(permit::where_removed(&reach), op);
        let results = self.apply(context, op).await?;
        for (name, result) in known.into_iter().zip(results) {
            match fault(result, false) {
                None => self.outcome.destroyed(name),
                Some(error) => self.outcome.not_destroyed(name, &error),
            }
        }
        Ok(())
    }

    async fn apply(&mut self, context: &Context<'_>, op: Op) -> Result<Vec<EmailOutcome>, MethodError> {
        match context.web.office().store().apply(op).await? {
            Done::Emails { results, span } => {
                if span.after != span.before {
                    self.track.add(span);
                }
                Ok(results)
            }
            Done::Conflict => Err(self.mismatch()),
            _ => Err(MethodError::account_not_found()),
        }
    }
}

fn find(context: &Context<'_>, account: AccountId, name: &str) -> Option<EmailId> {
    ids::email(account, context.resolve(name)?)
}

fn fault(outcome: EmailOutcome, of_mailboxes: bool) -> Option<SetError> {
    let mailboxes = |why: &str| Some(SetError::invalid_properties(&["mailboxIds"], why));
    match outcome {
        EmailOutcome::Done => None,
        EmailOutcome::Gone => Some(SetError::not_found()),
        EmailOutcome::Homeless => mailboxes("An e-mail is in one mailbox at least."),
        EmailOutcome::NoMailbox(_) => mailboxes("A mailbox is not there."),
        EmailOutcome::Limit if of_mailboxes => Some(SetError::of("tooManyMailboxes")),
        EmailOutcome::Limit => Some(SetError::of("tooManyKeywords")),
    }
}
