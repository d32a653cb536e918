//! The description of the API (OpenAPI 3.1), made from the functions that answer. A test holds it up to the routes.

use super::{account, admin, app_passwords, passkeys, second_factor, session, sessions};
use axum::Json;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Pillarbox",
        description = "Logging in, keys and administration. Mail itself is spoken by JMAP (RFC 8620). See docs/http-api.md.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        tell,
        session::show,
        session::log_in,
        session::begin_passkey,
        session::log_in_by_passkey,
        session::log_out,
        sessions::list,
        sessions::end,
        sessions::end_others,
        account::show,
        account::change_password,
        app_passwords::list,
        app_passwords::add,
        app_passwords::remove,
        second_factor::begin,
        second_factor::confirm,
        second_factor::switch_off,
        second_factor::renew,
        passkeys::list,
        passkeys::begin,
        passkeys::add,
        passkeys::rename,
        passkeys::remove,
        admin::house::status,
        admin::house::connections,
        admin::house::figures,
        admin::domains::list,
        admin::domains::add,
        admin::domains::remove,
        admin::accounts::list,
        admin::accounts::add,
        admin::accounts::show,
        admin::accounts::change,
        admin::accounts::set_password,
        admin::accounts::remove,
        admin::aliases::list,
        admin::aliases::add,
        admin::aliases::remove,
        admin::queue::list,
        admin::queue::show,
        admin::queue::change,
        admin::queue::trace,
    ),
    components(schemas(admin::house::Span)),
    modifiers(&Ways, &Refusals),
    security(("session" = [], "csrf" = []), ("basic" = []), ("bearer" = []))
)]
struct Description;

/// How callers show who they are.
struct Ways;

impl Modify for Ways {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        let cookie = ApiKeyValue::with_description("__Host-pillarbox", "set by a login");
        let csrf = ApiKeyValue::with_description("X-Pillarbox-CSRF", "with all but GET, told by the login");
        let ways = [
            ("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie))),
            ("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf))),
            ("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic))),
            ("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
        ];
        for (name, way) in ways {
            components.add_security_scheme(name, way);
        }
    }
}

/// How any request may be refused, whatever it is for.
const REFUSALS: [(&str, &str); 9] = [
    ("401", "who asks is not known, or may not know this"),
    ("403", "not for who asks, or not from our own page"),
    ("404", "there is no such thing"),
    ("408", "it took too long"),
    ("413", "the body is too large"),
    ("415", "the body is no JSON"),
    ("422", "the body, the query or a name is not valid"),
    ("429", "too many requests, or too many wrong guesses"),
    ("503", "not at the moment"),
];

/// Says of every operation how it may be refused, and in which form.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        for item in description.paths.paths.values_mut() {
            for operation in operations(item) {
                refuse(operation);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten()
}

fn refuse(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    for (status, words) in REFUSALS {
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(Response::new(words)));
    }
    for (status, response) in responses.iter_mut() {
        if let (true, RefOr::T(response)) = (status.as_str() >= "400", response) {
            let problem = RefOr::Ref(Ref::from_schema_name("Problem"));
            response.content.clear();
            let content = RefOr::T(Content::new(Some(problem)));
            response.content.insert("application/problem+json".to_owned(), content);
        }
    }
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "description", security(()), responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub(super) async fn tell() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

/// Methods and paths that it describes.
#[cfg(test)]
pub(super) fn described() -> std::collections::BTreeSet<(String, String)> {
    let text = serde_json::to_value(Description::openapi()).unwrap_or_default();
    let paths = text.get("paths").and_then(serde_json::Value::as_object).cloned().unwrap_or_default();
    let methods = |(path, item): (String, serde_json::Value)| {
        let methods: Vec<String> = item.as_object().map(|item| item.keys().cloned().collect()).unwrap_or_default();
        methods.into_iter().map(move |method| (method, path.clone()))
    };
    paths.into_iter().flat_map(methods).collect()
}
