//! `Mailbox/set` (RFC 8621 §2.5): what a call makes, changes and removes is one operation of the store, as only how all
//! is in the end has to be right (RFC 8620 §5.3).

use super::permit;
use super::wish::{Wish, wish};
use super::{SORT_ORDER, object, sort_orders, state};
use crate::jmap::context::{Answer, Arguments, Context};
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::generic::{Outcome, Set};
use crate::jmap::{Reach, ids};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use store::op::{self, Op};
use store::types::{AccountId, MailboxChange, MailboxId, MailboxRef, MailboxRefusal, MailboxWish};

/// RFC 8621 §2.5.
pub async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut set = Set::read(context, &mut arguments)?;
    let with_emails = arguments.flag("onDestroyRemoveEmails", false)?;
    arguments.end()?;
    context.reach(set.account).await?.check_change()?;
    let old = state(&*context.catalogue(set.account).await?);
    set.check(old)?;
    let mut outcome = Outcome::default();
    // What is said of a mailbox that the call itself makes is done after it, as is what is said of one twice.
    while !(set.create.is_empty() && set.update.is_empty() && set.destroy.is_empty()) {
        let round = Round::read(context, &mut set, with_emails, &mut outcome).await?;
        round.carry_out(context, set.account, &mut outcome).await?;
    }
    // Who removed the only mailbox that was shared sees no more of the account.
    let new = context.catalogue(set.account).await.map_or(old, |catalogue| state(&catalogue));
    set.answer("Mailbox/set", (old, new), outcome)
}

/// Whom a change is for, as the client names it.
enum Whom {
    Create(String, Map<String, Value>),
    Update(String),
    Destroy(String),
}

/// Changes that are made together.
struct Round {
    reach: Reach,
    whom: Vec<Whom>,
    changes: Vec<MailboxChange>,
    /// Creation ids behind `#`, and which change makes it.
    made: HashMap<String, usize>,
    /// Mailboxes that it changes.
    named: HashSet<MailboxId>,
}

impl Round {
    fn new(reach: Reach) -> Round {
        let (whom, changes, made, named) = Default::default();
        Round { reach, whom, changes, made, named }
    }

    async fn read(
        context: &Context<'_>,
        set: &mut Set,
        with_emails: bool,
        outcome: &mut Outcome,
    ) -> Result<Round, MethodError> {
        let mut round = Round::new(context.reach(set.account).await?);
        round.read_creates(context, set, outcome);
        set.update = set.take_updates(context, outcome);
        round.read_updates(context, set, outcome).await?;
        let mut later = Vec::new();
        for id in std::mem::take(&mut set.destroy) {
            if round.made.contains_key(&id) {
                later.push(id);
                continue;
            }
            match mailbox(context, set.account, &id).filter(|mailbox| round.reach.may(*mailbox, "l")) {
                Some(mailbox) if round.named.insert(mailbox) => {
                    match permit::destroy(&round.reach, mailbox, with_emails) {
                        Ok(()) => round.add(Whom::Destroy(id), MailboxChange::Destroy { mailbox, with_emails }),
                        Err(error) => outcome.not_destroyed(&id, &error),
                    }
                }
                Some(_) => later.push(id),
                None => outcome.not_destroyed(&id, &SetError::not_found()),
            }
        }
        set.destroy = later;
        Ok(round)
    }

    fn add(&mut self, whom: Whom, change: MailboxChange) {
        self.whom.push(whom);
        self.changes.push(change);
    }

    fn read_creates(&mut self, context: &Context<'_>, set: &mut Set, outcome: &mut Outcome) {
        let mut wishes = Vec::new();
        for (creation, properties) in std::mem::take(&mut set.create) {
            match new_wish(&properties).and_then(|wish| self.permitted(context, set.account, wish)) {
                Ok(wish) => wishes.push((creation, properties, wish)),
                Err(error) => outcome.not_created(&creation, &error),
            }
        }
        // Without one that cannot be made, those in it cannot be either.
        loop {
            self.made = wishes.iter().enumerate().map(|(i, (creation, ..))| (format!("#{creation}"), i)).collect();
            let (kept, lost): (Vec<_>, Vec<_>) =
                wishes.into_iter().partition(|(_, _, wish)| self.parent(context, set.account, wish).is_ok());
            for (creation, ..) in &lost {
                outcome.not_created(creation, &no_parent());
            }
            wishes = kept;
            if lost.is_empty() {
                break;
            }
        }
        for (creation, properties, wish) in wishes {
            if let Ok(parent) = self.parent(context, set.account, &wish) {
                self.add(Whom::Create(creation, properties), MailboxChange::Create(in_store(wish, parent)));
            }
        }
    }

    /// A new mailbox, where the caller may make it. One in another that the call makes has its rights from that one's parent.
    fn permitted(&self, context: &Context<'_>, account: AccountId, wish: Wish) -> Result<Wish, SetError> {
        match wish.parent.as_ref().and_then(Option::as_ref) {
            None => permit::child(&self.reach, None)?,
            Some(id) => {
                if let Some(parent) = mailbox(context, account, id) {
                    permit::child(&self.reach, Some(parent))?;
                }
            }
        }
        permit::properties(&self.reach, wish)
    }

    async fn read_updates(
        &mut self,
        context: &Context<'_>,
        set: &mut Set,
        outcome: &mut Outcome,
    ) -> Result<(), MethodError> {
        if set.update.is_empty() {
            return Ok(());
        }
        let catalogue = context.catalogue(set.account).await?;
        let orders = sort_orders(context, set.account).await?;
        let mut later = Vec::new();
        for (id, patch) in std::mem::take(&mut set.update) {
            let found = mailbox(context, set.account, &id);
            if self.made.contains_key(&id) || found.is_some_and(|mailbox| self.named.contains(&mailbox)) {
                later.push((id, patch));
                continue;
            }
            let Some(known) = found.and_then(|mailbox| catalogue.mailbox(mailbox)) else {
                outcome.not_updated(&id, &SetError::not_found());
                continue;
            };
            let wish = wish(&patch, Some(&object((&catalogue, &self.reach), known, &orders)));
            match wish.and_then(|wish| {
                let parent = self.parent(context, set.account, &wish)?;
                let (wish, parent) = permit::update(&self.reach, known, (wish, parent))?;
                Ok(in_store(wish, parent))
            }) {
                Ok(wish) => {
                    self.named.insert(known.id);
                    self.add(Whom::Update(id), MailboxChange::Update(known.id, wish));
                }
                Err(error) => outcome.not_updated(&id, &error),
            }
        }
        set.update = later;
        Ok(())
    }

    /// What shall be above: one that is there, or one that the round makes.
    fn parent(
        &self,
        context: &Context<'_>,
        account: AccountId,
        wish: &Wish,
    ) -> Result<Option<Option<MailboxRef>>, SetError> {
        let Some(Some(id)) = &wish.parent else { return Ok(wish.parent.as_ref().map(|_| None)) };
        let made = self.made.get(id).copied().map(MailboxRef::New);
        let known = || mailbox(context, account, id).map(MailboxRef::Known);
        made.or_else(known).map(|parent| Some(Some(parent))).ok_or_else(no_parent)
    }

    async fn carry_out(
        self,
        context: &mut Context<'_>,
        account: AccountId,
        outcome: &mut Outcome,
    ) -> Result<(), MethodError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let op = Op::MailboxesSet { account, changes: self.changes, now: context.now };
        let results = match context.web.office().store().apply(op).await? {
            op::Outcome::Mailboxes(results) => results,
            op::Outcome::Gone => return Err(MethodError::account_not_found()),
            _ => return Err(MethodError::server_fail()),
        };
        let reach = context.reach(account).await.unwrap_or(self.reach);
        let catalogue = context.catalogue(account).await.ok();
        let orders = sort_orders(context, account).await?;
        for (whom, result) in self.whom.into_iter().zip(results) {
            match (whom, result.map_err(|refusal| refused(&reach, refusal))) {
                (Whom::Create(creation, given), Ok(made)) => {
                    let told = catalogue
                        .as_ref()
                        .and_then(|catalogue| Some(object((catalogue, &reach), catalogue.mailbox(made)?, &orders)));
                    let all = told.unwrap_or_else(|| json!({"id": ids::of_mailbox(account, made)}));
                    outcome.created(context, &creation, untold(all, &given));
                }
                (Whom::Create(creation, _), Err(error)) => outcome.not_created(&creation, &error),
                (Whom::Update(id), Ok(_)) => outcome.updated(&id, Value::Null),
                (Whom::Update(id), Err(error)) => outcome.not_updated(&id, &error),
                (Whom::Destroy(id), Ok(_)) => outcome.destroyed(&id),
                (Whom::Destroy(id), Err(error)) => outcome.not_destroyed(&id, &error),
            }
        }
        Ok(())
    }
}

fn new_wish(properties: &Map<String, Value>) -> Result<Wish, SetError> {
    let mut wish = wish(properties, None)?;
    if wish.name.is_none() {
        return Err(SetError::invalid_properties(&["name"], "A mailbox has a name."));
    }
    // RFC 8621 §2: a user sees what they make, unless they say otherwise.
    wish.subscribed.get_or_insert(true);
    Ok(wish)
}

fn in_store(wish: Wish, parent: Option<Option<MailboxRef>>) -> MailboxWish {
    let note = |order: u32| (SORT_ORDER.to_owned(), (order > 0).then(|| order.to_string().into_bytes()));
    let (name, role, subscribed) = (wish.name, wish.role, wish.subscribed);
    MailboxWish { name, parent, role, subscribed, note: wish.sort_order.map(note) }
}

/// What the client could not know of a mailbox that it made (RFC 8620 §5.3).
fn untold(mut all: Value, given: &Map<String, Value>) -> Value {
    if let Value::Object(members) = &mut all {
        members.retain(|name, value| given.get(name) != Some(value));
    }
    all
}

fn mailbox(context: &Context<'_>, account: AccountId, id: &str) -> Option<MailboxId> {
    ids::mailbox(account, context.resolve(id)?)
}

fn no_parent() -> SetError {
    SetError::invalid_properties(&["parentId"], "There is no such mailbox.")
}

/// What the store would not do. RFC 8621 §2 forbids two of one name in one place, and §2.5 gives that no error of its own; so
/// it is the `alreadyExists` of RFC 8620 §5.4, which tells which mailbox has the name, where the caller may know that.
fn refused(reach: &Reach, refusal: MailboxRefusal) -> SetError {
    let invalid = |name: &str, why: &str| SetError::invalid_properties(&[name], why);
    match refusal {
        MailboxRefusal::Gone => SetError::not_found(),
        MailboxRefusal::NoParent => no_parent(),
        MailboxRefusal::BadName => invalid("name", "No mailbox can have this name."),
        MailboxRefusal::NameTaken(other) => {
            let why = "There is a mailbox of this name there already.";
            match other {
                MailboxRef::Known(other) if reach.may(other, "l") => {
                    let id = json!(ids::of_mailbox(reach.account(), other));
                    SetError::of("alreadyExists").with("existingId", id).because(why)
                }
                MailboxRef::Known(_) | MailboxRef::New(_) => invalid("name", why),
            }
        }
        MailboxRefusal::RoleTaken => invalid("role", "Another mailbox has this role, or this one keeps its own."),
        // To IMAP a new name would mean that its messages go elsewhere (RFC 9051 §6.3.6).
        MailboxRefusal::Inbox => SetError::forbidden("The inbox keeps its name and its place, and stays."),
        MailboxRefusal::Loop => invalid("parentId", "A mailbox cannot lie in itself, nor in one that lies in it."),
        MailboxRefusal::HasChild => SetError::of("mailboxHasChild"),
        MailboxRefusal::HasEmail => SetError::of("mailboxHasEmail"),
        MailboxRefusal::Limit => SetError::over_quota().because("There is no room for more mailboxes, or not so deep."),
    }
}
