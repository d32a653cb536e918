//! What an account may hold and holds (RFC 9425): one quota of octets, where an administrator set one. The same truth as
//! IMAP's (RFC 9208); read second-hand.

use super::context::{Answer, Arguments, Context};
use super::error::MethodError;
use super::generic::get::only;
use super::generic::{Changed, Changes, Difference, Filter, Found, Get, Query, QueryChanges};
use super::state::State;
use serde_json::{Map, Value, json};
use store::query::{AccountById, States};
use store::types::{Account, AccountId};

/// The id of the one quota.
const ID: &str = "storage";
/// The properties of RFC 9425 §4.1.
const PROPERTIES: [&str; 10] =
    ["id", "resourceType", "used", "hardLimit", "scope", "name", "types", "warnLimit", "softLimit", "description"];

/// The account and the state of what it holds.
async fn read(context: &Context<'_>, account: AccountId) -> Result<(Account, State), MethodError> {
    let (row, found) = context.web.office().store().read((States { account }, AccountById { account })).await?;
    let both = found.zip(row).ok_or_else(MethodError::account_not_found)?;
    Ok((both.0, State::from(both.1.emails)))
}

/// The quota; `None` where the account may hold what it likes.
fn quota(account: &Account) -> Option<Value> {
    let limit = account.quota?;
    Some(json!({
        "id": ID,
        "resourceType": "octets",
        "used": account.used,
        "hardLimit": limit,
        // RFC 9425 §3.1.
        "scope": "account",
        "name": account.address.to_string(),
        "types": ["Mail"],
        "warnLimit": limit - limit / 10,
        "softLimit": Value::Null,
        "description": Value::Null,
    }))
}

pub(super) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let get = Get::read(context, &mut arguments)?;
    arguments.end()?;
    let wanted = get.properties(|name| PROPERTIES.contains(&name))?;
    let (account, state) = read(context, get.account).await?;
    let quota = quota(&account);
    let is_there = |id: &String| id == ID && quota.is_some();
    let not_found = get.ids.iter().flatten().filter(|id| !is_there(id)).cloned().collect();
    let is_asked = get.ids.as_ref().is_none_or(|ids| ids.iter().any(|id| id == ID));
    let list = quota.iter().filter(|_| is_asked).map(|quota| only(quota.clone(), wanted.as_deref())).collect();
    get.answer("Quota/get", state, list, not_found)
}

/// RFC 9425 §4.3. That only `used` changed is the usual case; then a client need not read the rest.
pub(super) async fn changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let changes = Changes::read(context, &mut arguments)?;
    arguments.end()?;
    let (account, state) = read(context, changes.account).await?;
    let since = changes.since(state)?;
    // An administrator's change of the limit has no state of its own: the limit is said with what is used.
    let updated = if since < state && account.quota.is_some() { vec![ID.to_owned()] } else { Vec::new() };
    let nothing = Vec::new;
    let changed = Changed { new_state: state, has_more: false, created: nothing(), updated, destroyed: nothing() };
    changes.answer("Quota/changes", &changed, &[("updatedProperties", json!(["used", "hardLimit", "warnLimit"]))])
}

/// RFC 9425 §4.4: whether the one quota is such.
fn condition(members: Map<String, Value>, quota: Option<&Value>) -> Result<bool, MethodError> {
    let mut arguments = Arguments::new(members);
    let name: Option<String> = arguments.take("name")?;
    let scope: Option<String> = arguments.take("scope")?;
    let resource: Option<String> = arguments.take("resourceType")?;
    let kind: Option<String> = arguments.take("type")?;
    arguments.end().map_err(|_| MethodError::unsupported_filter())?;
    let Some(quota) = quota else { return Ok(false) };
    let text = |name: &str| quota.get(name).and_then(Value::as_str).unwrap_or("").to_lowercase();
    let types = quota.get("types").and_then(Value::as_array);
    Ok(name.is_none_or(|name| text("name").contains(&name.to_lowercase()))
        && scope.is_none_or(|scope| text("scope") == scope)
        && resource.is_none_or(|resource| text("resourceType") == resource)
        && kind.is_none_or(|kind| types.is_some_and(|types| types.contains(&json!(kind)))))
}

fn holds(filter: &Filter<bool>) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(holds),
        Filter::Or(all) => all.iter().any(holds),
        Filter::Not(all) => !all.iter().any(holds),
        Filter::Is(is) => *is,
    }
}

fn find(filter: Option<Value>, quota: Option<&Value>) -> Result<Vec<String>, MethodError> {
    let filter = filter.map(|filter| Filter::read(filter, &mut |members| condition(members, quota))).transpose()?;
    let is_found = quota.is_some() && filter.as_ref().is_none_or(holds);
    Ok(if is_found { vec![ID.to_owned()] } else { Vec::new() })
}

/// RFC 9425 §4.4.2.
fn check_sort(sort: &[super::generic::Comparator]) -> Result<(), MethodError> {
    let known = sort.iter().all(|line| ["name", "used"].contains(&line.property.as_str()));
    if known { Ok(()) } else { Err(MethodError::unsupported_sort()) }
}

pub(super) async fn query(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut query = Query::read(context, &mut arguments)?;
    arguments.end()?;
    check_sort(&query.sort)?;
    let (account, state) = read(context, query.account).await?;
    let all = find(query.filter.take(), quota(&account).as_ref())?;
    let range = query.window.range(all.len(), |id| all.iter().position(|known| known == id))?;
    let ids = all.get(range.clone()).unwrap_or(&[]).to_vec();
    let found = Found { state, can_calculate_changes: true, position: range.start, total: all.len(), ids };
    query.answer("Quota/query", found, &[])
}

pub(super) async fn query_changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut query = QueryChanges::read(context, &mut arguments)?;
    arguments.end()?;
    check_sort(&query.sort)?;
    let (account, state) = read(context, query.account).await?;
    let since = query.since(state)?;
    let all = find(query.filter.take(), quota(&account).as_ref())?;
    let mut difference = Difference { total: all.len(), ..Difference::default() };
    if since < state {
        // It may have changed: it is taken out and put where it is now (RFC 8620 §5.6).
        difference.removed = vec![ID.to_owned()];
        difference.added = all.into_iter().map(|id| (0, id)).collect();
    }
    query.answer("Quota/queryChanges", state, difference)
}
