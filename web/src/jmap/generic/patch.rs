//! A patch object (RFC 8620 §5.3): properties replaced whole, or parts of them by a JSON pointer without its first slash.

use crate::jmap::error::SetError;
use crate::jmap::pointer::token;
use serde_json::{Map, Value};

/// Applies a patch to an object, which is left half changed when it fails.
///
/// # Errors
/// `invalidPatch`: no pointer, one into an array or to below what is not there, or one that begins with another.
pub fn apply(object: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<(), SetError> {
    let mut before: Option<&str> = None;
    let mut paths: Vec<&String> = patch.keys().collect();
    // A path stands right before those below it, as `/` is put before every other octet.
    paths.sort_by(|a, b| a.split('/').cmp(b.split('/')));
    for path in paths {
        let below = |upper: &str| path.strip_prefix(upper).is_some_and(|rest| rest.starts_with('/'));
        if before.is_some_and(below) {
            return Err(SetError::invalid_patch(format!("{path} lies within another path of the patch.")));
        }
        before = Some(path);
    }
    for (path, value) in patch {
        let tokens: Option<Vec<String>> = path.split('/').map(token).collect();
        tokens
            .and_then(|tokens| set(object, &tokens, value))
            .ok_or_else(|| SetError::invalid_patch(format!("{path} leads nowhere.")))?;
    }
    Ok(())
}

/// RFC 8620 §5.3: all parts before the last have to exist; `null` takes the last away.
fn set(object: &mut Map<String, Value>, path: &[String], value: &Value) -> Option<()> {
    let (first, rest) = path.split_first()?;
    if rest.is_empty() {
        match value {
            Value::Null => drop(object.remove(first)),
            value => drop(object.insert(first.clone(), value.clone())),
        }
        return Some(());
    }
    set(object.get_mut(first)?.as_object_mut()?, rest, value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn patched(object: Value, patch: Value) -> Result<Value, &'static str> {
        let mut object = object.as_object().unwrap().clone();
        apply(&mut object, patch.as_object().unwrap()).map_err(|error| error.kind())?;
        Ok(Value::Object(object))
    }

    #[test]
    fn patches_replace_set_and_take_away() {
        let object = || json!({"keywords": {"$seen": true}, "a/b": {"c": 1}, "name": "x"});
        let patch = json!({"keywords/$flagged": true, "keywords/$seen": null, "name": "y", "a~1b/c": 2});
        assert_eq!(patched(object(), patch), Ok(json!({"keywords": {"$flagged": true}, "a/b": {"c": 2}, "name": "y"})));
        assert_eq!(
            patched(object(), json!({"keywords/none": null, "name": null})).unwrap()["keywords"],
            object()["keywords"]
        );
    }

    #[test]
    fn patches_that_make_no_sense_are_refused() {
        let object = || json!({"keywords": {}, "list": [1], "name": "x"});
        for patch in [
            json!({"keywords": {}, "keywords/a": true}),
            json!({"keywords": {}, "keywords-": 1, "keywords/a": true}),
            json!({"list/0": 2}),
            json!({"none/a": 2}),
            json!({"name/a": 2}),
            json!({"keywords/a/b": true}),
            json!({"keywords/a~2": true}),
            json!({"nam~": "y"}),
            json!({"/name": "y"}),
        ] {
            assert_eq!(patched(object(), patch.clone()), Err("invalidPatch"), "{patch}");
        }
    }
}
