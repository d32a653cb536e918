//! `Mailbox/query` and `Mailbox/queryChanges` (RFC 8621 §2.3, §2.4).

use super::changes::told;
use super::{role, sort_orders, state};
use crate::jmap::context::{Answer, Arguments, Context};
use crate::jmap::error::MethodError;
use crate::jmap::generic::{Comparator, Difference, Filter, Found, Query, QueryChanges};
use crate::jmap::ids;
use crate::jmap::state::State;
use message::search::fold;
use office::jmap::Catalogue;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use store::types::{Mailbox, MailboxId, Mark, Role};

/// One property of a condition (RFC 8621 §2.3).
enum Condition {
    /// `None`: at the top.
    Parent(Option<MailboxId>),
    /// In a mailbox that is not there.
    Nowhere,
    Name(String),
    Role(Option<Role>),
    HasAnyRole(bool),
    Subscribed(bool),
}

impl Condition {
    fn holds(&self, mailbox: &Mailbox) -> bool {
        match self {
            Condition::Parent(parent) => mailbox.parent == *parent,
            Condition::Nowhere => false,
            Condition::Name(text) => fold(&mailbox.name).contains(text),
            Condition::Role(role) => mailbox.role == *role,
            Condition::HasAnyRole(has) => mailbox.role.is_some() == *has,
            Condition::Subscribed(subscribed) => mailbox.subscribed == *subscribed,
        }
    }
}

fn holds(filter: &Filter<Vec<Condition>>, mailbox: &Mailbox) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|filter| holds(filter, mailbox)),
        Filter::Or(all) => all.iter().any(|filter| holds(filter, mailbox)),
        Filter::Not(all) => !all.iter().any(|filter| holds(filter, mailbox)),
        Filter::Is(conditions) => conditions.iter().all(|condition| condition.holds(mailbox)),
    }
}

fn condition(
    mut members: Map<String, Value>,
    context: &Context<'_>,
    catalogue: &Catalogue,
) -> Result<Vec<Condition>, MethodError> {
    let mut all = Vec::new();
    // `null` says something here, unlike elsewhere.
    if let Some(parent) = members.remove("parentId") {
        all.push(match parent {
            Value::Null => Condition::Parent(None),
            Value::String(id) => {
                let found = context.resolve(&id).and_then(|id| ids::mailbox(catalogue.account(), id));
                found.map_or(Condition::Nowhere, |parent| Condition::Parent(Some(parent)))
            }
            _ => return Err(MethodError::invalid_arguments("parentId: it is an id or null.")),
        });
    }
    if let Some(name) = members.remove("role") {
        all.push(match name {
            Value::Null => Condition::Role(None),
            Value::String(name) => role(&name).map_or(Condition::Nowhere, |role| Condition::Role(Some(role))),
            _ => return Err(MethodError::invalid_arguments("role: it is a string or null.")),
        });
    }
    let mut arguments = Arguments::new(members);
    all.extend(arguments.take::<String>("name")?.map(|name| Condition::Name(fold(&name))));
    all.extend(arguments.take("hasAnyRole")?.map(Condition::HasAnyRole));
    all.extend(arguments.take("isSubscribed")?.map(Condition::Subscribed));
    arguments.end().map_err(|_| MethodError::unsupported_filter())?;
    Ok(all)
}

/// What is asked, beside the account.
struct Asked<'a> {
    filter: Option<&'a Value>,
    sort: &'a [Comparator],
    sort_as_tree: bool,
    filter_as_tree: bool,
}

impl<'a> Asked<'a> {
    fn read(
        arguments: &mut Arguments,
        filter: Option<&'a Value>,
        sort: &'a [Comparator],
    ) -> Result<Asked<'a>, MethodError> {
        let known = |line: &&Comparator| !matches!(line.property.as_str(), "name" | "sortOrder" | "parent/name");
        if let Some(line) = sort.iter().find(known) {
            let why = format!("Mailboxes are not sorted by {:?}.", line.property);
            return Err(MethodError::unsupported_sort().because(why));
        }
        let sort_as_tree = arguments.flag("sortAsTree", false)?;
        Ok(Asked { filter, sort, sort_as_tree, filter_as_tree: arguments.flag("filterAsTree", false)? })
    }

    /// The mailboxes that fit, in order.
    async fn find<'c>(&self, context: &Context<'_>, catalogue: &'c Catalogue) -> Result<Vec<&'c Mailbox>, MethodError> {
        let filter = match self.filter {
            Some(value) => Some(Filter::read(value.clone(), &mut |members| condition(members, context, catalogue))?),
            None => None,
        };
        let orders = sort_orders(context, catalogue.account()).await?;
        let forest = Forest::new(catalogue, &orders, self.sort);
        let fits = |mailbox: &Mailbox| filter.as_ref().is_none_or(|filter| holds(filter, mailbox));
        let fitting: HashSet<MailboxId> =
            catalogue.mailboxes().iter().filter(|mailbox| fits(mailbox)).map(|mailbox| mailbox.id).collect();
        let is_in = |mailbox: &&Mailbox| {
            let mut above = forest.path(mailbox.id).into_iter();
            if self.filter_as_tree { above.all(|id| fitting.contains(&id)) } else { fitting.contains(&mailbox.id) }
        };
        let mut found: Vec<&Mailbox> = catalogue.mailboxes().iter().filter(is_in).collect();
        match self.sort_as_tree {
            true => found.sort_by(|a, b| forest.compare_as_tree(a.id, b.id)),
            false => found.sort_by(|a, b| forest.compare(a.id, b.id)),
        }
        Ok(found)
    }
}

/// The mailboxes by id, and how they compare.
struct Forest<'a> {
    by_id: HashMap<MailboxId, &'a Mailbox>,
    names: HashMap<MailboxId, String>,
    orders: &'a HashMap<MailboxId, u32>,
    sort: &'a [Comparator],
}

impl<'a> Forest<'a> {
    fn new(catalogue: &'a Catalogue, orders: &'a HashMap<MailboxId, u32>, sort: &'a [Comparator]) -> Forest<'a> {
        let by_id = catalogue.mailboxes().iter().map(|mailbox| (mailbox.id, mailbox)).collect();
        let names = catalogue.mailboxes().iter().map(|mailbox| (mailbox.id, fold(&mailbox.name))).collect();
        Forest { by_id, names, orders, sort }
    }

    /// It and those it lies in, from the top.
    fn path(&self, mailbox: MailboxId) -> Vec<MailboxId> {
        let mut path = vec![mailbox];
        while let Some(parent) = path.last().and_then(|last| self.by_id.get(last)).and_then(|mailbox| mailbox.parent) {
            if path.len() > store::DEPTH_MAX {
                break;
            }
            path.push(parent);
        }
        path.reverse();
        path
    }

    fn compare(&self, a: MailboxId, b: MailboxId) -> Ordering {
        let order = |id: &MailboxId| self.orders.get(id).copied().unwrap_or(0);
        let lines = self.sort.iter().map(|line| {
            let found = match line.property.as_str() {
                "sortOrder" => order(&a).cmp(&order(&b)),
                "parent/name" => self.path_names(a).cmp(&self.path_names(b)),
                _ => self.names.get(&a).cmp(&self.names.get(&b)),
            };
            if line.is_ascending { found } else { found.reverse() }
        });
        // What nothing decides stays in the order of ids.
        lines.fold(Ordering::Equal, Ordering::then).then(a.cmp(&b))
    }

    fn path_names(&self, mailbox: MailboxId) -> Vec<Option<&String>> {
        self.path(mailbox).iter().map(|id| self.names.get(id)).collect()
    }

    /// RFC 8621 §2.3: what lies above comes first, and others compare where their ways part.
    fn compare_as_tree(&self, a: MailboxId, b: MailboxId) -> Ordering {
        let (above_a, above_b) = (self.path(a), self.path(b));
        let parted = above_a.iter().zip(&above_b).find(|(a, b)| a != b);
        parted.map_or(above_a.len().cmp(&above_b.len()), |(a, b)| self.compare(*a, *b))
    }
}

/// RFC 8621 §2.3.
pub async fn query(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let query = Query::read(context, &mut arguments)?;
    let asked = Asked::read(&mut arguments, query.filter.as_ref(), &query.sort)?;
    arguments.end()?;
    let catalogue = context.catalogue(query.account).await?;
    let found = asked.find(context, &catalogue).await?;
    let ids: Vec<String> = found.iter().map(|mailbox| ids::of_mailbox(query.account, mailbox.id)).collect();
    let range = query.window.range(ids.len(), |anchor| ids.iter().position(|id| id == anchor))?;
    let can_calculate_changes = context.reach(query.account).await?.shared().is_none();
    let found = Found {
        state: state(&catalogue),
        can_calculate_changes,
        position: range.start,
        total: ids.len(),
        ids: ids.get(range).unwrap_or(&[]).to_vec(),
    };
    query.answer("Mailbox/query", found, &[])
}

/// RFC 8621 §2.4. Where more than counts changed, any mailbox may stand elsewhere, for it may lie in one that changed: all
/// are taken out and put in again. They are few.
pub async fn query_changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let changes = QueryChanges::read(context, &mut arguments)?;
    let asked = Asked::read(&mut arguments, changes.filter.as_ref(), &changes.sort)?;
    arguments.end()?;
    let account = changes.account;
    let current = State::from(context.catalogue(account).await?.modseq());
    let since = changes.since(current)?.mark();
    // RFC 8620 §5.6: of another's mailboxes, which are few, a client asks for all again.
    if context.reach(account).await?.shared().is_some() {
        return Err(MethodError::cannot_calculate_changes());
    }
    let told = told(context, account, since, usize::MAX).await?;
    let catalogue = context.catalogue(account).await?;
    let found = asked.find(context, &catalogue).await?;
    let mailboxes = &told.mailboxes.changes;
    let id = |mailbox: MailboxId| ids::of_mailbox(account, mailbox);
    let mut difference = Difference { total: found.len(), ..Difference::default() };
    if !(told.mailboxes.only_counts && mailboxes.created.is_empty() && mailboxes.destroyed.is_empty()) {
        let old = catalogue.mailboxes().iter().map(|mailbox| mailbox.id).filter(|id| !mailboxes.created.contains(id));
        difference.removed = old.chain(mailboxes.destroyed.iter().copied()).map(id).collect();
        difference.added = found.iter().enumerate().map(|(index, mailbox)| (index, id(mailbox.id))).collect();
    }
    let newest = Mark::from(told.states.mailboxes.max(told.states.emails)).max(since);
    changes.answer("Mailbox/queryChanges", newest.into(), difference)
}
