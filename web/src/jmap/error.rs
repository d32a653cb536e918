//! Errors of three sizes: of a request (RFC 8620 §3.6.1), of a method (§3.6.2), of one object of a `/set` (§5.3). Owns
//! their names and forms; when one applies is for who finds it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use store::StoreError;

/// A request that is not carried out at all (RFC 8620 §3.6.1), told as RFC 7807 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A capability that is not offered.
    UnknownCapability(String),
    /// No JSON of RFC 7493, or not said to be.
    NotJson(String),
    /// JSON, but no request.
    NotRequest(String),
    /// More than one of the limits of the session object allows; which.
    Limit(&'static str),
}

impl Problem {
    /// As problem details.
    #[must_use]
    pub fn json(&self) -> Value {
        let status = self.status().as_u16();
        let of = |kind: &str, detail: &str| json!({"type": format!("urn:ietf:params:jmap:error:{kind}"), "status": status, "detail": detail});
        match self {
            Problem::UnknownCapability(name) => {
                of("unknownCapability", &format!("There is no capability {name:?} here."))
            }
            Problem::NotJson(detail) => of("notJSON", detail),
            Problem::NotRequest(detail) => of("notRequest", detail),
            Problem::Limit(limit) => {
                let mut problem = of("limit", &format!("The request goes past {limit}."));
                problem["limit"] = json!(limit);
                problem
            }
        }
    }

    fn status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.json().to_string();
        (self.status(), [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name() -> MethodError { MethodError::of($kind) })*
    };
}

/// A method that did nothing (RFC 8620 §3.6.2), but for `serverPartialFail`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodError {
    kind: &'static str,
    more: Map<String, Value>,
}

impl MethodError {
    /// An error by its registered name.
    #[must_use]
    pub fn of(kind: &'static str) -> MethodError {
        MethodError { kind, more: Map::new() }
    }

    /// The same, and why.
    #[must_use]
    pub fn because(self, description: impl Into<String>) -> MethodError {
        self.with("description", Value::String(description.into()))
    }

    /// The same with one property more.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> MethodError {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// Its registered name.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// An argument is missing, of the wrong type, or otherwise wrong.
    #[must_use]
    pub fn invalid_arguments(description: impl Into<String>) -> MethodError {
        MethodError::of("invalidArguments").because(description)
    }

    kinds! {
        /// Some of what was asked for was done; a client has to look again.
        server_partial_fail = "serverPartialFail";
        /// Later, perhaps.
        server_unavailable = "serverUnavailable";
        /// Something went wrong that the client is not to blame for.
        server_fail = "serverFail";
        /// No such method, or none of the capabilities in `using`.
        unknown_method = "unknownMethod";
        /// A reference of RFC 8620 §3.7 leads nowhere.
        invalid_result_reference = "invalidResultReference";
        /// The caller may not.
        forbidden = "forbidden";
        /// No such account for this caller.
        account_not_found = "accountNotFound";
        /// The account has no data of this kind.
        account_not_supported = "accountNotSupportedByMethod";
        /// The account cannot be changed.
        account_read_only = "accountReadOnly";
        /// More objects than the session object allows.
        request_too_large = "requestTooLarge";
        /// `ifInState` does not hold.
        state_mismatch = "stateMismatch";
        /// It is too long ago, or cannot be told.
        cannot_calculate_changes = "cannotCalculateChanges";
        /// More changed than the client wants to hear of.
        too_many_changes = "tooManyChanges";
        /// The anchor is not among the results.
        anchor_not_found = "anchorNotFound";
        /// A sort that is not offered.
        unsupported_sort = "unsupportedSort";
        /// A filter that cannot be processed.
        unsupported_filter = "unsupportedFilter";
        /// `fromAccountId` of a `/copy`.
        from_account_not_found = "fromAccountNotFound";
        /// `fromAccountId` has no data of this kind.
        from_account_not_supported = "fromAccountNotSupportedByMethod";
    }

    /// As an `error` response has it.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut all = self.more.clone();
        all.insert("type".to_owned(), json!(self.kind));
        Value::Object(all)
    }
}

impl From<StoreError> for MethodError {
    fn from(error: StoreError) -> MethodError {
        tracing::error!(%error, "a JMAP method failed");
        match error {
            StoreError::Full | StoreError::Busy | StoreError::Closed => MethodError::server_unavailable(),
            _ => MethodError::server_fail().because("The store could not be asked."),
        }
    }
}

/// Why one object of a `/set` was left as it was (RFC 8620 §5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetError {
    kind: &'static str,
    more: Map<String, Value>,
}

impl SetError {
    /// An error by its registered name.
    #[must_use]
    pub fn of(kind: &'static str) -> SetError {
        SetError { kind, more: Map::new() }
    }

    /// The same, and why.
    #[must_use]
    pub fn because(self, description: impl Into<String>) -> SetError {
        self.with("description", Value::String(description.into()))
    }

    /// The same with one property more.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> SetError {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// `invalidProperties`: these.
    #[must_use]
    pub fn invalid_properties(names: &[&str], why: impl Into<String>) -> SetError {
        SetError::of("invalidProperties").because(why).with("properties", json!(names))
    }

    /// `notFound`.
    #[must_use]
    pub fn not_found() -> SetError {
        SetError::of("notFound")
    }

    /// `forbidden`.
    #[must_use]
    pub fn forbidden(why: impl Into<String>) -> SetError {
        SetError::of("forbidden").because(why)
    }

    /// `invalidPatch`.
    #[must_use]
    pub fn invalid_patch(why: impl Into<String>) -> SetError {
        SetError::of("invalidPatch").because(why)
    }

    /// `overQuota`.
    #[must_use]
    pub fn over_quota() -> SetError {
        SetError::of("overQuota")
    }

    /// `tooLarge`.
    #[must_use]
    pub fn too_large() -> SetError {
        SetError::of("tooLarge")
    }

    /// `willDestroy`: it is destroyed in the same call.
    #[must_use]
    pub fn will_destroy() -> SetError {
        SetError::of("willDestroy")
    }

    /// `singleton`: there is exactly one, always.
    #[must_use]
    pub fn singleton() -> SetError {
        SetError::of("singleton")
    }

    /// Its registered name.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// As `notCreated` and its kin have it.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut all = self.more.clone();
        all.insert("type".to_owned(), json!(self.kind));
        Value::Object(all)
    }
}
