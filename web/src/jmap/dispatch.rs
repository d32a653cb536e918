//! Which method is whose, and carrying out a request call by call (RFC 8620 §3.4). A call sees what the calls before it
//! did, and may refer to what they said (§3.7).

use super::capability::Capability;
use super::context::{Answer, Arguments, Context, Invocation};
use super::error::{MethodError, Problem};
use super::limits::{Place, REFERRED_OCTETS_MAX, RESPONSE_OCTETS_MAX};
use super::pointer::{self, weight};
use super::request::{Call, Request};
use super::{blob_methods, core, email, journey, mailbox, quota, settings, snooze, thread, unsubscribe, writing};
use crate::Web;
use crate::caller::Caller;
use crate::contacts;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// A method and the capability it comes with.
struct Method {
    name: &'static str,
    capability: Capability,
    call: for<'a, 'b> fn(&'a mut Context<'b>, Arguments) -> BoxFuture<'a, Answer>,
}

macro_rules! methods {
    ($($name:literal $capability:ident $function:path;)*) => {
        &[$(Method {
            name: $name,
            capability: Capability::$capability,
            call: |context, arguments| Box::pin($function(context, arguments)),
        }),*]
    };
}

/// Every method there is, by subject.
const METHODS: &[Method] = methods! {
    "Core/echo" Core core::echo;
    "Blob/copy" Core writing::blob_copy;
    "PushSubscription/get" Core crate::push::subscription::get;
    "PushSubscription/set" Core crate::push::subscription::set;
    "Mailbox/get" Mail mailbox::get;
    "Mailbox/changes" Mail mailbox::changes;
    "Mailbox/query" Mail mailbox::query;
    "Mailbox/queryChanges" Mail mailbox::query_changes;
    "Mailbox/set" Mail mailbox::set;
    "Thread/get" Mail thread::get;
    "Thread/changes" Mail thread::changes;
    "Email/get" Mail email::get;
    "Email/changes" Mail email::changes;
    "Email/query" Mail email::query;
    "Email/queryChanges" Mail email::query_changes;
    "SearchSnippet/get" Mail email::snippets;
    "Email/set" Mail writing::set;
    "Email/copy" Mail writing::copy;
    "Email/import" Mail writing::import;
    "Email/parse" Mail writing::parse;
    "Email/unsubscribe" Webmail unsubscribe::unsubscribe;
    "Identity/get" Submission writing::identity_get;
    "Identity/changes" Submission writing::identity_changes;
    "Identity/set" Submission writing::identity_set;
    "EmailSubmission/get" Submission writing::submission_get;
    "EmailSubmission/changes" Submission writing::submission_changes;
    "EmailSubmission/query" Submission writing::submission_query;
    "EmailSubmission/queryChanges" Submission writing::submission_query_changes;
    "EmailSubmission/set" Submission writing::submission_set;
    "VacationResponse/get" VacationResponse writing::vacation_get;
    "VacationResponse/set" VacationResponse writing::vacation_set;
    "MDN/send" Mdn writing::mdn_send;
    "MDN/parse" Mdn writing::mdn_parse;
    "Rendering/get" Webmail crate::rendering::method::get;
    "Settings/get" Webmail settings::get;
    "Settings/changes" Webmail settings::changes;
    "Settings/set" Webmail settings::set;
    "Snooze/get" Webmail snooze::get;
    "Snooze/changes" Webmail snooze::changes;
    "Snooze/set" Webmail snooze::set;
    "Journey/get" Webmail journey::get;
    "Blob/upload" Blob blob_methods::upload;
    "Blob/get" Blob blob_methods::get;
    "Blob/lookup" Blob blob_methods::lookup;
    "Quota/get" Quota quota::get;
    "Quota/changes" Quota quota::changes;
    "Quota/query" Quota quota::query;
    "Quota/queryChanges" Quota quota::query_changes;
    "AddressBook/get" Contacts contacts::books::get;
    "AddressBook/changes" Contacts contacts::books::changes;
    "AddressBook/set" Contacts contacts::books::set;
    "ContactCard/get" Contacts contacts::cards::get;
    "ContactCard/changes" Contacts contacts::cards::changes;
    "ContactCard/set" Contacts contacts::cards::set;
    "ContactCard/copy" Contacts contacts::cards::copy;
    "ContactCard/query" Contacts contacts::find::query;
    "ContactCard/queryChanges" Contacts contacts::find::query_changes;
    "ContactCard/complete" Webmail contacts::complete::complete;
    "ContactCard/import" Webmail contacts::exchange::import;
    "ContactCard/export" Webmail contacts::exchange::export;
};

/// Carries out a request and gives the response (RFC 8620 §3.4). The body is JSON as it came, over HTTP or WebSocket.
///
/// # Errors
/// What is wrong with the request as a whole.
pub async fn respond(web: &Web, caller: &Caller, body: &[u8]) -> Result<Value, Problem> {
    let place = web.jmap().enter(caller.account).ok_or(Problem::Limit("maxConcurrentRequests"))?;
    carry_out(web, caller, (body, place)).await
}

/// The same for a request that has its place among those of the account.
pub(super) async fn carry_out(web: &Web, caller: &Caller, (body, _place): (&[u8], Place)) -> Result<Value, Problem> {
    let request = Request::read(body)?;
    let tells_ids = request.created_ids.is_some();
    let created_ids = request.created_ids.unwrap_or_default();
    let mut context = Context { web, caller, now: web.now(), created_ids, using: request.using };
    let mut said = Said::default();
    for call in request.calls {
        said.carry_out(&mut context, call).await;
    }
    let mut response = json!({
        "methodResponses": said.responses,
        "sessionState": super::session::state(caller),
    });
    if tells_ids {
        response["createdIds"] = json!(context.created_ids);
    }
    Ok(response)
}

/// What was said so far.
#[derive(Default)]
struct Said {
    /// Name, arguments, call id, as they are written.
    responses: Vec<Value>,
    octets: usize,
    referred: usize,
}

impl Said {
    async fn carry_out(&mut self, context: &mut Context<'_>, call: Call) {
        let answer = match self.prepare(context, &call) {
            Ok((method, arguments)) => (method.call)(context, arguments).await,
            Err(error) => Err(error),
        };
        let invocations =
            answer.unwrap_or_else(|error| vec![Invocation { name: Cow::Borrowed("error"), arguments: error.json() }]);
        for Invocation { name, arguments } in invocations {
            self.octets = self.octets.saturating_add(weight(&arguments));
            self.responses.push(json!([name, arguments, call.id]));
        }
    }

    fn prepare(&mut self, context: &Context<'_>, call: &Call) -> Result<(&'static Method, Arguments), MethodError> {
        let known = METHODS.iter().find(|method| method.name == call.name);
        let method =
            known.filter(|method| context.using.has(method.capability)).ok_or_else(MethodError::unknown_method)?;
        may(context.caller, method.name)?;
        if self.octets > RESPONSE_OCTETS_MAX {
            return Err(MethodError::request_too_large().because("The calls before this one said too much already."));
        }
        let arguments = self.resolve(&call.arguments)?;
        Ok((method, Arguments::new(arguments)))
    }

    /// RFC 8620 §3.7: puts in what arguments with `#` refer to.
    fn resolve(&mut self, arguments: &Map<String, Value>) -> Result<Map<String, Value>, MethodError> {
        let mut resolved = Map::new();
        for (name, value) in arguments {
            let Some(plain) = name.strip_prefix('#') else {
                resolved.insert(name.clone(), value.clone());
                continue;
            };
            if arguments.contains_key(plain) {
                return Err(MethodError::invalid_arguments(format!("{plain} is there twice, with # and without.")));
            }
            let found = self.refer(value).ok_or_else(MethodError::invalid_result_reference)?;
            self.referred = self.referred.saturating_add(weight(&found));
            if self.referred > REFERRED_OCTETS_MAX {
                return Err(
                    MethodError::invalid_result_reference().because("The references of this request lead to too much.")
                );
            }
            resolved.insert(plain.to_owned(), found);
        }
        Ok(resolved)
    }

    fn refer(&self, reference: &Value) -> Option<Value> {
        let (id, name) = (reference.get("resultOf")?.as_str()?, reference.get("name")?.as_str()?);
        let path = reference.get("path")?.as_str()?;
        // The first response to that call counts; it has to have that name.
        let response = self.responses.iter().find(|response| response.get(2).and_then(Value::as_str) == Some(id))?;
        if response.get(0)?.as_str() != Some(name) {
            return None;
        }
        pointer::find(response.get(1)?, path, REFERRED_OCTETS_MAX)
    }
}

/// Whether what the caller logged in with lets them call a method.
fn may(caller: &Caller, name: &str) -> Result<(), MethodError> {
    let scope = caller.scope;
    let (kind, verb) = name.split_once('/').unwrap_or((name, ""));
    // One that is not known here may change something.
    let reads = ["get", "changes", "query", "queryChanges", "parse", "lookup", "echo", "complete", "export"];
    let changes = !reads.contains(&verb);
    match (kind, changes) {
        ("Core", _) => Ok(()),
        // It tells of all types, long after the password is gone.
        ("PushSubscription", _) if scope.may_read() => Ok(()),
        // What is sent lies in the mailbox: who may not read and change it may not have it sent to anybody. An answer while
        // away is sent in the user's name too.
        ("EmailSubmission" | "MDN" | "VacationResponse", true) if scope.may_send() && scope.may_change() => Ok(()),
        ("Identity", false) if scope.may_send() || scope.may_read() => Ok(()),
        ("EmailSubmission" | "MDN" | "VacationResponse", true) if scope.may_change() => {
            Err(MethodError::forbidden().because("The password you use may not send."))
        }
        (_, true) if scope.may_change() => Ok(()),
        (_, true) if scope.may_read() && !scope.may_change() => Err(MethodError::account_read_only()),
        (_, false) if scope.may_read() => Ok(()),
        _ => Err(MethodError::forbidden().because("The password you use is for something else.")),
    }
}
