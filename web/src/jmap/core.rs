//! Methods of the core itself (RFC 8620 §4).

use super::context::{Answer, Arguments, Context, answer};
use serde_json::Value;

/// RFC 8620 §4: says what it was told.
pub(super) async fn echo(_: &mut Context<'_>, arguments: Arguments) -> Answer {
    answer("Core/echo", Value::Object(arguments.into_map()))
}
