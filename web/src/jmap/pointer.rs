//! JSON pointers (RFC 6901) with the `*` of RFC 8620 §3.7, which goes through all of an array.

use serde_json::Value;

/// What a path leads to. With `*` the answer is an array of what the rest of the path leads to in each item; arrays found
/// there are joined. `None` where it leads nowhere, or to more than `octets` in all.
#[must_use]
pub fn find(value: &Value, path: &str, octets: usize) -> Option<Value> {
    let tokens: Vec<String> = match path {
        "" => Vec::new(),
        _ => path.strip_prefix('/')?.split('/').map(token).collect::<Option<_>>()?,
    };
    let mut room = octets;
    walk(value, &tokens, &mut room)
}

/// RFC 6901 §3 and §4: `~` stands only before `0` or `1`; `None` where it does not.
#[must_use]
pub fn token(text: &str) -> Option<String> {
    let is_escape = |rest: &str| rest.starts_with(['0', '1']);
    let all = text.split('~').skip(1).all(is_escape);
    all.then(|| text.replace("~1", "/").replace("~0", "~"))
}

fn walk(value: &Value, path: &[String], room: &mut usize) -> Option<Value> {
    let Some((first, rest)) = path.split_first() else {
        *room = room.checked_sub(weight(value))?;
        return Some(value.clone());
    };
    match value {
        Value::Object(members) => walk(members.get(first)?, rest, room),
        Value::Array(items) if first == "*" => {
            let mut all = Vec::new();
            for item in items {
                match walk(item, rest, room)? {
                    // RFC 8620 §3.7: an array found below is not nested.
                    Value::Array(found) => all.extend(found),
                    found => all.push(found),
                }
            }
            Some(Value::Array(all))
        }
        Value::Array(items) => walk(items.get(index(first)?)?, rest, room),
        _ => None,
    }
}

/// An array index as RFC 6901 §4 writes it: no leading zeros.
fn index(text: &str) -> Option<usize> {
    let number: usize = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// About how many octets a value takes in memory and on the wire.
#[must_use]
pub fn weight(value: &Value) -> usize {
    const OWN: usize = 8;
    OWN + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(path: &str) -> Option<Value> {
        let value = json!({"list": [{"id": "a", "ids": ["x", "y"]}, {"id": "b", "ids": ["z"]}], "a/b~": 1, "n": null});
        find(&value, path, 1000)
    }

    #[test]
    fn paths_lead_where_they_say() {
        assert_eq!(at("/list/0/id"), Some(json!("a")));
        assert_eq!(at("/list/*/id"), Some(json!(["a", "b"])));
        assert_eq!(at("/list/*/ids"), Some(json!(["x", "y", "z"])), "arrays are joined");
        assert_eq!(at("/a~1b~0"), Some(json!(1)));
        assert_eq!(at("/n"), Some(json!(null)));
        for nowhere in ["/list/2", "/list/00", "/list/-", "/x", "list", "/list/*/x", "/n/*", "/a~1b~0/x"] {
            assert_eq!(at(nowhere), None, "{nowhere}");
        }
        for wrong in ["/a~1b~", "/a~1b~2", "/n~"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
        assert!(at("").is_some_and(|value| value.is_object()));
    }

    #[test]
    fn a_tilde_stands_before_0_or_1() {
        assert_eq!(token("a~01~1~0").as_deref(), Some("a~1/~"));
        for wrong in ["~", "a~", "~2", "~~0", "~\u{e9}"] {
            assert_eq!(token(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_more_is_copied_than_there_is_room_for() {
        let value = json!({"list": vec!["0123456789"; 10]});
        let all = weight(&json!(vec!["0123456789"; 10]));
        assert!(find(&value, "/list", all).is_some());
        assert!(find(&value, "/list", all - 1).is_none(), "one past it");
        assert!(find(&value, "/list/*", 10 * weight(&json!("0123456789"))).is_some());
        assert!(find(&value, "/list/*", 10 * weight(&json!("0123456789")) - 1).is_none(), "one past it");
    }
}
