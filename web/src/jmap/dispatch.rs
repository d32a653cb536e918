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
use store::types::AccountId;

/// A method and the capability it comes with.
struct Method {
    name: &'static str,
    capability: Capability,
    reach: Width,
    call: for<'a, 'b> fn(&'a mut Context<'b>, Arguments) -> BoxFuture<'a, Answer>,
}

/// Which accounts a method is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    /// The caller's own.
    Own,
    /// Those of others too, as far as they share something with the caller.
    Shared,
}

macro_rules! methods {
    ($($name:literal $capability:ident $width:ident $function:path;)*) => {
        &[$(Method {
            name: $name,
            capability: Capability::$capability,
            reach: Width::$width,
            call: |context, arguments| Box::pin($function(context, arguments)),
        }),*]
    };
}

/// Every method there is, by subject.
const METHODS: &[Method] = methods! {
    "Core/echo" Core Own core::echo;
    "Blob/copy" Core Shared writing::blob_copy;
    "PushSubscription/get" Core Own crate::push::subscription::get;
    "PushSubscription/set" Core Own crate::push::subscription::set;
    "Mailbox/get" Mail Shared mailbox::get;
    "Mailbox/changes" Mail Shared mailbox::changes;
    "Mailbox/query" Mail Shared mailbox::query;
    "Mailbox/queryChanges" Mail Shared mailbox::query_changes;
    "Mailbox/set" Mail Shared mailbox::set;
    "Thread/get" Mail Shared thread::get;
    "Thread/changes" Mail Shared thread::changes;
    "Email/get" Mail Shared email::get;
    "Email/changes" Mail Shared email::changes;
    "Email/query" Mail Shared email::query;
    "Email/queryChanges" Mail Shared email::query_changes;
    "SearchSnippet/get" Mail Shared email::snippets;
    "Email/set" Mail Shared writing::set;
    "Email/copy" Mail Shared writing::copy;
    "Email/import" Mail Shared writing::import;
    "Email/parse" Mail Shared writing::parse;
    "Email/unsubscribe" Webmail Own unsubscribe::unsubscribe;
    "Identity/get" Submission Own writing::identity_get;
    "Identity/changes" Submission Own writing::identity_changes;
    "Identity/set" Submission Own writing::identity_set;
    "EmailSubmission/get" Submission Own writing::submission_get;
    "EmailSubmission/changes" Submission Own writing::submission_changes;
    "EmailSubmission/query" Submission Own writing::submission_query;
    "EmailSubmission/queryChanges" Submission Own writing::submission_query_changes;
    "EmailSubmission/set" Submission Own writing::submission_set;
    "VacationResponse/get" VacationResponse Own writing::vacation_get;
    "VacationResponse/set" VacationResponse Own writing::vacation_set;
    "MDN/send" Mdn Own writing::mdn_send;
    "MDN/parse" Mdn Own writing::mdn_parse;
    "Rendering/get" Webmail Own crate::rendering::method::get;
    "Settings/get" Webmail Own settings::get;
    "Settings/changes" Webmail Own settings::changes;
    "Settings/set" Webmail Own settings::set;
    "Snooze/get" Webmail Own snooze::get;
    "Snooze/changes" Webmail Own snooze::changes;
    "Snooze/set" Webmail Own snooze::set;
    "Journey/get" Webmail Own journey::get;
    "Blob/upload" Blob Shared blob_methods::upload;
    "Blob/get" Blob Shared blob_methods::get;
    "Blob/lookup" Blob Shared blob_methods::lookup;
    "Quota/get" Quota Own quota::get;
    "Quota/changes" Quota Own quota::changes;
    "Quota/query" Quota Own quota::query;
    "Quota/queryChanges" Quota Own quota::query_changes;
    "AddressBook/get" Contacts Own contacts::books::get;
    "AddressBook/changes" Contacts Own contacts::books::changes;
    "AddressBook/set" Contacts Own contacts::books::set;
    "ContactCard/get" Contacts Own contacts::cards::get;
    "ContactCard/changes" Contacts Own contacts::cards::changes;
    "ContactCard/set" Contacts Own contacts::cards::set;
    "ContactCard/copy" Contacts Own contacts::cards::copy;
    "ContactCard/query" Contacts Own contacts::find::query;
    "ContactCard/queryChanges" Contacts Own contacts::find::query_changes;
    "ContactCard/complete" Webmail Own contacts::complete::complete;
    "ContactCard/import" Webmail Own contacts::exchange::import;
    "ContactCard/export" Webmail Own contacts::exchange::export;
};

/// The names of all methods.
pub fn method_names() -> impl Iterator<Item = &'static str> {
    METHODS.iter().map(|method| method.name)
}

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
    let sharers = web.office().sharers(caller.account, &caller.address).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "nothing of others is shown");
        Vec::new()
    });
    let (now, using, open) = (web.now(), request.using, vec![caller.account]);
    let mut context = Context { web, caller, now, created_ids, using, open };
    let mut said = Said { others: sharers.iter().map(|sharer| sharer.account).collect(), ..Said::default() };
    for call in request.calls {
        said.carry_out(&mut context, call).await;
    }
    let mut response = json!({
        "methodResponses": said.responses,
        "sessionState": super::session::state(caller, &sharers),
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
    /// Accounts of others that share something with the caller.
    others: Vec<AccountId>,
}

impl Said {
    async fn carry_out(&mut self, context: &mut Context<'_>, call: Call) {
        let answer = match self.prepare(context, &call) {
            Ok((method, arguments)) => {
                context.open = vec![context.caller.account];
                if method.reach == Width::Shared {
                    context.open.extend(&self.others);
                }
                (method.call)(context, arguments).await
            }
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
