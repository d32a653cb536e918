//! Leaving a list with one press (`Email/unsubscribe` of `docs/jmap.md`, RFC 8058). Owns which messages offer it and the one
//! request that is made. Nothing is asked unless a person asks: RFC 8058 §4 wants a DKIM signature over the fields, of which
//! nothing is known yet, so the press itself is what allows it, and the request says nothing about who pressed.

use super::context::{Answer, Arguments, Context, answer};
use super::email;
use super::error::MethodError;
use crate::hourly::Hourly;
use crate::push::{Carried, Letter, may_post};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

/// Requests of an account in an hour: far more lists than anybody leaves, and each is a request to a host that a message
/// names.
pub const REQUESTS_PER_HOUR: usize = 30;
/// RFC 8058 §3.1: all that is ever said.
const WORDS: &str = "List-Unsubscribe=One-Click";
const WHERE: &str = "header:List-Unsubscribe:asURLs:all";
const HOW: &str = "header:List-Unsubscribe-Post:asText:all";

/// The requests of the last hour.
pub(super) struct Requests(Mutex<Hourly>);

impl Default for Requests {
    fn default() -> Requests {
        Requests(Mutex::new(Hourly::new(REQUESTS_PER_HOUR)))
    }
}

pub(super) async fn unsubscribe(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account_id: String = arguments.need("accountId")?;
    let email_id: String = arguments.need("emailId")?;
    arguments.end()?;
    let account = context.account(&account_id).ok_or_else(MethodError::account_not_found)?;
    let fields = fields(context, &account_id, &email_id).await?;
    let url = one_click(&fields).ok_or_else(|| {
        MethodError::of("noOneClick").because("The message does not offer to leave its list with one request.")
    })?;
    let web = context.web;
    let courier = web.push().courier();
    let courier =
        courier.ok_or_else(|| MethodError::of("serverUnavailable").because("Nobody can connect from here."))?;
    // RFC 8058 §3.2: by https, whatever else this house allows.
    if !url.starts_with("https://") || !may_post(&url, courier.allows_private()) {
        return Err(MethodError::forbidden().because("Its URL leads to no public host."));
    }
    if web.jmap().unsubscribing.0.lock().take(account, context.now).is_err() {
        return Err(MethodError::of("rateLimit").because("Too many lists were left within an hour."));
    }
    let status = match courier.post(letter(url)).await {
        // RFC 8058 §3.1: a redirection is no answer, and is not followed.
        Carried::Answered { status, .. } => Some(status),
        Carried::Unreachable => None,
        Carried::Forbidden => return Err(MethodError::forbidden().because("Its URL leads to no public host.")),
    };
    let done = status.is_some_and(|status| (200..300).contains(&status));
    answer("Email/unsubscribe", json!({"accountId": account_id, "emailId": email_id, "done": done, "status": status}))
}

/// RFC 8058 §3.1: no cookie, no authorisation, nothing but the words.
fn letter(url: String) -> Letter {
    let fields = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
    Letter { url, fields, body: WORDS.as_bytes().to_vec() }
}

/// The fields of a message that say how its list is left.
async fn fields(context: &mut Context<'_>, account: &str, email: &str) -> Result<Value, MethodError> {
    let asked = json!({"accountId": account, "ids": [email], "properties": [WHERE, HOW]});
    let asked: Map<String, Value> = asked.as_object().cloned().unwrap_or_default();
    let told = email::get(context, Arguments::new(asked)).await?;
    let found = told.first().and_then(|told| told.arguments.get("list")?.get(0).cloned());
    found.ok_or_else(|| MethodError::of("notFound").because("There is no such e-mail."))
}

/// RFC 8058 §3.1: one field of each, the one with one URL of https, the other with the words.
fn one_click(fields: &Value) -> Option<String> {
    let only = |name: &str| match fields.get(name)?.as_array()?.as_slice() {
        [value] => Some(value.clone()),
        _ => None,
    };
    if !only(HOW)?.as_str()?.trim().eq_ignore_ascii_case(WORDS) {
        return None;
    }
    let urls = only(WHERE)?;
    let mut secure = urls.as_array()?.iter().filter_map(Value::as_str).filter_map(|url| {
        let (scheme, rest) = url.split_once("://")?;
        scheme.eq_ignore_ascii_case("https").then(|| format!("https://{rest}"))
    });
    let url = secure.next()?;
    secure.next().is_none().then(|| url.split('#').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_offers_it_with_one_field_of_each() {
        let url = |urls: Value, how: Value| one_click(&json!({WHERE: urls, HOW: how}));
        let words = || json!(["List-Unsubscribe=One-Click"]);
        let there = Some("https://lists.test/x?y".to_owned());
        assert_eq!(url(json!([["mailto:a@b.test", "HTTPS://lists.test/x?y#z"]]), words()), there);
        assert_eq!(url(json!([["https://lists.test/x?y"]]), json!([" list-unsubscribe=one-click "])), there);
        for (urls, how) in [
            (json!([["https://a.test/"]]), json!([])),
            (json!([["https://a.test/"]]), json!(["List-Unsubscribe=One-Click&more=1"])),
            (json!([["https://a.test/"]]), json!(["List-Unsubscribe=One-Click", "List-Unsubscribe=One-Click"])),
            (json!([["http://a.test/"]]), words()),
            (json!([["mailto:a@b.test"]]), words()),
            (json!([["https://a.test/", "https://b.test/"]]), words()),
            (json!([["https://a.test/"], ["https://b.test/"]]), words()),
            (json!([null]), words()),
            (json!([]), words()),
        ] {
            assert_eq!(url(urls.clone(), how.clone()), None, "{urls} {how}");
        }
    }
}
