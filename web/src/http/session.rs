//! Logging in and out, and who is logged in.

use super::Table;
use super::body::Body;
use super::cookie;
use super::passkeys::{self, RequestOptions};
use super::problem::{self, Problem};
use crate::caller::{self, Caller, Way};
use crate::{Connection, Web};
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use message::Address;
use office::login::{Begun, EntryError, Place, Typed};
use serde::{Deserialize, Serialize};
use store::types::AccountId;
use utoipa::ToSchema;

/// Octets of a name or password at most: as SASL has it (RFC 4616 §2).
const TYPED_MAX: usize = 255;

pub(super) fn routes(table: Table) -> Table {
    table
        .get("/api/session", show)
        .post("/api/login", log_in)
        .post("/api/login/passkey/begin", begin_passkey)
        .post("/api/login/passkey", log_in_by_passkey)
        .post("/api/logout", log_out)
}

/// Somebody who is logged in.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    #[schema(value_type = String)]
    address: Address,
    /// As JMAP names the account.
    account_id: String,
    /// May look after the house.
    admin: bool,
    /// Codes are asked for at login.
    second_factor: bool,
}

/// Who is logged in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionState {
    /// Null: nobody.
    user: Option<User>,
    /// For the header `X-Pillarbox-CSRF`.
    csrf: Option<String>,
    /// The server's name.
    hostname: String,
}

/// What is typed at the login page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginForm {
    username: String,
    password: String,
    /// Of the authenticator app, or a recovery code.
    code: Option<String>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase", tag = "status")]
pub(crate) enum LoggedIn {
    /// In: the cookie is set.
    In { user: User, csrf: String },
    /// The password is right: send it again with a code.
    Code,
}

/// Who wants to log in by passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyLogin {
    /// Where it is left out, the browser offers what it has.
    username: Option<String>,
}

pub(super) async fn user_of(web: &Web, account: AccountId, address: Address) -> Result<User, EntryError> {
    let second_factor = web.office().entrance().second_factor(account).await?.on;
    let admin = web.office().is_admin(&address).await;
    Ok(User { address, account_id: account_id(account), admin, second_factor })
}

/// An account as JMAP names it.
pub(super) fn account_id(account: AccountId) -> String {
    format!("A{}", account.0)
}

/// From where a request comes, for the list of sessions.
pub(super) fn place(connection: &Connection, headers: &HeaderMap) -> Place {
    Place { client: connection.client.ip(), agent: caller::agent_of(headers) }
}

/// Who is logged in.
#[utoipa::path(get, path = "/api/session", tag = "login", security(()), responses((status = 200, body = SessionState), (status = 403, body = problem::ProblemDetails)))]
pub(super) async fn show(
    State(web): State<Web>,
    connection: Connection,
    parts: Parts,
) -> Result<Json<SessionState>, Problem> {
    let hostname = web.office().hostname();
    let Some(session) = caller::session(&web, &parts, &connection).await? else {
        return Ok(Json(SessionState { user: None, csrf: None, hostname }));
    };
    let user = user_of(&web, session.account, session.address).await?;
    Ok(Json(SessionState { user: Some(user), csrf: Some(session.csrf), hostname }))
}

/// Log in with name and password, and a code where one is asked for.
#[utoipa::path(post, path = "/api/login", tag = "login", request_body = LoginForm, security(()), responses(
    (status = 200, body = LoggedIn), (status = 401, body = problem::ProblemDetails), (status = 403, body = problem::ProblemDetails),
    (status = 422, body = problem::ProblemDetails), (status = 429, body = problem::ProblemDetails)))]
pub(super) async fn log_in(
    State(web): State<Web>,
    connection: Connection,
    FromHere(parts): FromHere,
    Body(form): Body<LoginForm>,
) -> Result<Response, Problem> {
    if form.username.len() > TYPED_MAX || form.password.len() > TYPED_MAX {
        return Err(EntryError::Credentials.into());
    }
    let typed = Typed { username: form.username, password: form.password, code: form.code };
    let place = place(&connection, &parts.headers);
    match web.office().log_in(web.now(), typed, &place).await {
        Ok(begun) => welcome(&web, &connection, &parts, begun).await,
        Err(EntryError::CodeNeeded) => Ok(Json(LoggedIn::Code).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// What the browser needs to show a passkey.
#[utoipa::path(post, path = "/api/login/passkey/begin", tag = "login", request_body = PasskeyLogin, security(()), responses(
    (status = 200, body = RequestOptions), (status = 403, body = problem::ProblemDetails), (status = 409, body = problem::ProblemDetails),
    (status = 422, body = problem::ProblemDetails)))]
pub(super) async fn begin_passkey(
    State(web): State<Web>,
    connection: Connection,
    FromHere(parts): FromHere,
    Body(form): Body<PasskeyLogin>,
) -> Result<Json<RequestOptions>, Problem> {
    let party = passkeys::party(&web, &parts, &connection).await?;
    let name = form.username.filter(|name| name.len() <= TYPED_MAX);
    let showing = web.office().entrance().begin_login(web.now(), name.as_deref()).await?;
    Ok(Json(RequestOptions::of(showing, &party)))
}

/// Log in by passkey.
#[utoipa::path(post, path = "/api/login/passkey", tag = "login", request_body = passkeys::Assertion, security(()), responses(
    (status = 200, body = LoggedIn), (status = 401, body = problem::ProblemDetails), (status = 403, body = problem::ProblemDetails),
    (status = 409, body = problem::ProblemDetails), (status = 422, body = problem::ProblemDetails)))]
pub(super) async fn log_in_by_passkey(
    State(web): State<Web>,
    connection: Connection,
    FromHere(parts): FromHere,
    Body(assertion): Body<passkeys::Assertion>,
) -> Result<Response, Problem> {
    let party = passkeys::party(&web, &parts, &connection).await?;
    let shown = assertion.read()?;
    let place = place(&connection, &parts.headers);
    let begun = web.office().log_in_by_passkey(web.now(), &shown, &party, &place).await?;
    welcome(&web, &connection, &parts, begun).await
}

/// Log out: the session ends.
#[utoipa::path(post, path = "/api/logout", tag = "login", responses((status = 204), (status = 401, body = problem::ProblemDetails), (status = 403, body = problem::ProblemDetails)))]
pub(super) async fn log_out(
    State(web): State<Web>,
    connection: Connection,
    caller: Caller,
) -> Result<Response, Problem> {
    if let Way::Session(id) = caller.way {
        match web.office().entrance().end_session(web.now(), caller.account, id).await {
            Ok(()) | Err(EntryError::NotThere) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = cookie::clear(&connection) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A request from our own page, or from a program. Nobody logs anybody in from another site: the victim would write into
/// the attacker's account.
pub(super) struct FromHere(Parts);

impl FromRequestParts<Web> for FromHere {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<FromHere, Problem> {
        let connection = Connection::from_request_parts(parts, web).await?;
        match caller::comes_from_elsewhere(parts, &connection) {
            true => Err(Problem::new(problem::CSRF, "this request does not come from a page of this server")),
            false => Ok(FromHere(parts.clone())),
        }
    }
}

/// Gives the new session to the browser; the one that it had before ends.
async fn welcome(web: &Web, connection: &Connection, parts: &Parts, begun: Begun) -> Result<Response, Problem> {
    let entrance = web.office().entrance();
    if let Some(before) = cookie::read(&parts.headers, connection)
        && let Some(session) = entrance.session(web.now(), connection.client.ip(), before).await?
    {
        let _ = entrance.end_session(web.now(), session.account, session.id).await;
    }
    let user = user_of(web, begun.account, begun.address.clone()).await?;
    Ok(with_cookie(connection, &begun, LoggedIn::In { user, csrf: begun.csrf.clone() }))
}

/// An answer that brings a session.
pub(super) fn with_cookie(connection: &Connection, begun: &Begun, body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    if let Some(cookie) = cookie::set(connection, &begun.secret) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
