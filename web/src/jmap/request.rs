//! The request object (RFC 8620 §3.3): read within its limits. Owns its form; what a call means is its method's.

use super::capability::{OFFERS, Using};
use super::error::Problem;
use super::json::{self, NotJson};
use super::limits::{CALLS_MAX, DEPTH_MAX, REQUEST_OCTETS_MAX};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub using: Using,
    pub calls: Vec<Call>,
    /// As the client gave them; then they are told in the response too.
    pub created_ids: Option<BTreeMap<String, String>>,
}

/// A call of a method.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub name: String,
    pub arguments: Map<String, Value>,
    /// The client's name for it.
    pub id: String,
}

impl Request {
    /// Reads one.
    pub fn read(body: &[u8]) -> Result<Request, Problem> {
        if body.len() > REQUEST_OCTETS_MAX {
            return Err(Problem::Limit("maxSizeRequest"));
        }
        let value = json::read(body, DEPTH_MAX).map_err(|error| match error {
            NotJson::Malformed(why) => Problem::NotJson(why),
            NotJson::TooMany => Problem::Limit("maxSizeRequest"),
        })?;
        let Value::Object(mut members) = value else { return Err(not("The request is no object.")) };
        let using = using(members.remove("using"))?;
        let Some(Value::Array(calls)) = members.remove("methodCalls") else {
            return Err(not("methodCalls is no array."));
        };
        let calls = calls.into_iter().map(call).collect::<Option<Vec<Call>>>();
        let calls = calls.ok_or_else(|| not("A call is an array of a name, an object of arguments, and an id."))?;
        let created_ids = created_ids(members.remove("createdIds"))?;
        if calls.len() > CALLS_MAX {
            return Err(Problem::Limit("maxCallsInRequest"));
        }
        Ok(Request { using, calls, created_ids })
    }
}

fn not(why: &str) -> Problem {
    Problem::NotRequest(why.to_owned())
}

fn using(value: Option<Value>) -> Result<Using, Problem> {
    let names: Option<Vec<String>> = value.and_then(|value| serde_json::from_value(value).ok());
    let mut using = Using::default();
    for name in names.ok_or_else(|| not("using is no array of strings."))? {
        let offer = OFFERS.iter().find(|offer| offer.urn == name);
        using.add(offer.ok_or(Problem::UnknownCapability(name))?.capability);
    }
    Ok(using)
}

fn call(value: Value) -> Option<Call> {
    let Value::Array(items) = value else { return None };
    let [Value::String(name), Value::Object(arguments), Value::String(id)] = <[Value; 3]>::try_from(items).ok()? else {
        return None;
    };
    Some(Call { name, arguments, id })
}

fn created_ids(value: Option<Value>) -> Result<Option<BTreeMap<String, String>>, Problem> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    serde_json::from_value(value).map(Some).map_err(|_| not("createdIds is no object of ids."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Result<Request, Problem> {
        Request::read(value.to_string().as_bytes())
    }

    fn with_calls(count: usize) -> Value {
        json!({"using": ["urn:ietf:params:jmap:core"], "methodCalls": vec![json!(["Core/echo", {}, "c"]); count]})
    }

    #[test]
    fn calls_have_a_limit() {
        assert_eq!(read(&with_calls(CALLS_MAX)).unwrap().calls.len(), CALLS_MAX);
        assert_eq!(read(&with_calls(CALLS_MAX + 1)), Err(Problem::Limit("maxCallsInRequest")), "one past it");
    }

    #[test]
    fn octets_have_a_limit() {
        let mut body = with_calls(1).to_string().into_bytes();
        body.resize(REQUEST_OCTETS_MAX, b' ');
        assert!(Request::read(&body).is_ok());
        body.push(b' ');
        assert_eq!(Request::read(&body), Err(Problem::Limit("maxSizeRequest")), "one past it");
    }

    #[test]
    fn other_forms_are_no_request() {
        let forms = [
            json!([]),
            json!({}),
            json!({"using": []}),
            json!({"using": "x", "methodCalls": []}),
            json!({"using": [], "methodCalls": {}}),
            json!({"using": [], "methodCalls": [["a", {}]]}),
            json!({"using": [], "methodCalls": [["a", [], "c"]]}),
            json!({"using": [], "methodCalls": [["a", {}, "c", 1]]}),
            json!({"using": [], "methodCalls": [], "createdIds": {"a": 1}}),
        ];
        for form in forms {
            assert!(matches!(read(&form), Err(Problem::NotRequest(_))), "{form}");
        }
        assert_eq!(
            read(&json!({"using": ["x:y"], "methodCalls": []})),
            Err(Problem::UnknownCapability("x:y".to_owned()))
        );
        assert!(matches!(Request::read(b"{"), Err(Problem::NotJson(_))));
    }
}
