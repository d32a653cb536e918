//! What a client wants a mailbox to be: properties, and the types they have (RFC 8621 §2).

use super::names::checked;
use super::role;
use crate::jmap::error::SetError;
use crate::jmap::pointer::token;
use serde_json::{Map, Value};
use store::types::Role;

/// `sortOrder` stays below this (RFC 8621 §2).
const SORT_ORDER_END: u64 = 1 << 31;

/// What a client may set of a mailbox; `None`: it says nothing.
#[derive(Default)]
pub(super) struct Wish {
    pub name: Option<String>,
    /// An id, or a creation id behind `#`; `Some(None)`: the top.
    pub parent: Option<Option<String>>,
    pub role: Option<Option<Role>>,
    pub sort_order: Option<u32>,
    pub subscribed: Option<bool>,
}

/// Reads what is to be set. Of a mailbox that is there, what the server sets may be named as it is (RFC 8620 §5.3).
pub(super) fn wish(properties: &Map<String, Value>, known: Option<&Value>) -> Result<Wish, SetError> {
    let mut wish = Wish::default();
    for (name, value) in properties {
        let wrong = |why: &str| SetError::invalid_properties(&[name.as_str()], why);
        match (name.as_str(), value) {
            ("name", Value::String(text)) => wish.name = Some(checked(text).map_err(wrong)?),
            ("parentId", Value::Null) => wish.parent = Some(None),
            ("parentId", Value::String(id)) => wish.parent = Some(Some(id.clone())),
            ("role", Value::Null) => wish.role = Some(None),
            ("role", Value::String(text)) => {
                wish.role = Some(Some(role(text).ok_or_else(|| wrong("No mailbox can have this role here."))?));
            }
            // RFC 8620 §5.3: what is set to null gets its default.
            ("sortOrder", Value::Null) if known.is_some() => wish.sort_order = Some(0),
            ("sortOrder", value) => {
                let order = value.as_u64().filter(|order| *order < SORT_ORDER_END).and_then(|o| u32::try_from(o).ok());
                wish.sort_order = Some(order.ok_or_else(|| wrong("It is an integer from 0 up to 2^31-1."))?);
            }
            ("isSubscribed", Value::Bool(subscribed)) => wish.subscribed = Some(*subscribed),
            ("name" | "parentId" | "role" | "isSubscribed", _) => return Err(wrong("It is of another type.")),
            (other, value) if known.is_some_and(|known| known.get(other) == Some(value)) => {}
            (other, _) if super::PROPERTIES.contains(&other) => return Err(wrong("Only the server sets it.")),
            // RFC 8620 §5.3: the values are no objects, so that no path leads into them.
            (other, _) if known.is_some() && (other.contains('/') || token(other).is_none()) => {
                return Err(SetError::invalid_patch("No property of a mailbox is changed in part."));
            }
            _ => return Err(wrong("There is no such property.")),
        }
    }
    Ok(wish)
}
