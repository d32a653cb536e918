//! How far messages that the account sent have come (`Journey/get` of `docs/jmap.md`). Owns the JSON; what lines of a journey
//! mean is the office's.

use super::context::{Answer, Arguments, Context};
use super::error::MethodError;
use super::generic::Get;
use super::generic::get::only;
use super::kept::Kind;
use super::{date, ids};
use office::legs::Leg;
use office::submission::Submission;
use serde_json::{Value, json};
use store::query::{Objects, States};
use store::types::{AccountId, ObjectKind};

const SUBMISSION: Kind = Kind { kind: ObjectKind::Submission, letter: 'S' };
/// Messages that are asked for at once: each is some reads of its journey.
const IDS_MAX: usize = 100;
const PROPERTIES: [&str; 4] = ["id", "sentAt", "undoStatus", "recipients"];

pub(super) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let get = Get::read(context, &mut arguments)?;
    arguments.end()?;
    let wanted = get.properties(|name| PROPERTIES.contains(&name))?;
    let Some(asked) = &get.ids else {
        return Err(MethodError::invalid_arguments(
            "ids are those of e-mails or submissions; there is no list of all.",
        ));
    };
    if asked.len() > IDS_MAX {
        return Err(MethodError::request_too_large());
    }
    let account = get.account;
    let ask = (States { account }, Objects { account, kind: ObjectKind::Submission });
    let (row, objects) = context.web.office().store().read(ask).await?;
    let row = row.ok_or_else(MethodError::account_not_found)?;
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    let known: Vec<(i64, Submission)> =
        objects.iter().filter_map(|object| Some((object.id, Submission::of(object)?))).collect();
    for id in asked {
        match journey(context, account, id, &known).await? {
            Some(journey) => list.push(only(journey, wanted.as_deref())),
            None => not_found.push(id.clone()),
        }
    }
    let state = super::State::from(row.object(ObjectKind::Submission));
    get.answer("Journey/get", state, list, not_found)
}

/// Of an e-mail that was sent from here, the last time it was; or of a submission.
async fn journey(
    context: &Context<'_>,
    account: AccountId,
    id: &str,
    known: &[(i64, Submission)],
) -> Result<Option<Value>, MethodError> {
    let email = ids::email(account, id);
    let is_it = |(number, submission): &&(i64, Submission)| match email {
        Some(email) => submission.email == email,
        None => SUBMISSION.id(*number) == id,
    };
    let Some((_, submission)) = known.iter().filter(is_it).max_by_key(|(number, _)| *number) else {
        return Ok(None);
    };
    let legs = context.web.office().legs(submission).await?;
    Ok(Some(json!({
        "id": id,
        "sentAt": date::write_utc(submission.send_at),
        "undoStatus": submission.undo.name(),
        "recipients": legs.iter().map(leg).collect::<Vec<Value>>(),
    })))
}

fn leg(leg: &Leg) -> Value {
    json!({
        "recipient": leg.recipient,
        "state": leg.come.name(),
        "at": date::write_utc(leg.at),
        "words": leg.words,
        "nextTry": leg.next_try.map(date::write_utc),
        "tries": leg.tries,
        "why": leg.why.map(|why| why.words),
        "reason": leg.why.map(|why| why.name),
    })
}
