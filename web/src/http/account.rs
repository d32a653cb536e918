//! The account itself: how it is, and its password.

use super::Table;
use super::body::Body;
use super::problem::{Problem, ProblemDetails};
use super::session;
use crate::caller::{Owner, Way};
use crate::{Connection, Web};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use message::Address;
use office::admin::{Request, Response as Answer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) fn routes(table: Table) -> Table {
    table.get("/api/account", show).put("/api/account/password", change_password)
}

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountState {
    #[schema(value_type = String)]
    address: Address,
    /// As JMAP names it.
    account_id: String,
    /// May look after the house.
    admin: bool,
    /// Octets in use.
    used: u64,
    /// Octets it may hold; null: as many as fit.
    quota: Option<u64>,
    messages: u64,
    second_factor: bool,
    /// Recovery codes that are left.
    recovery_codes: usize,
    /// How many there are.
    passkeys: usize,
    /// How many there are.
    app_passwords: usize,
    /// How many there are.
    sessions: usize,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    current: String,
    new: String,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(super) struct PasswordChanged {
    /// What is to be said about the new one.
    notes: Vec<String>,
    /// For the header `X-Pillarbox-CSRF` from now on, where a session asked.
    csrf: Option<String>,
}

/// My account.
#[utoipa::path(get, path = "/api/account", tag = "account", responses((status = 200, body = AccountState), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails)))]
pub(super) async fn show(State(web): State<Web>, Owner(caller): Owner) -> Result<Json<AccountState>, Problem> {
    let (now, entrance) = (web.now(), web.office().entrance());
    let account = entrance.account(caller.account).await?;
    let second_factor = entrance.second_factor(account.id).await?;
    Ok(Json(AccountState {
        account_id: session::account_id(account.id),
        admin: web.office().is_admin(&account.address).await,
        used: account.used,
        quota: account.quota,
        messages: account.messages,
        second_factor: second_factor.on,
        recovery_codes: second_factor.recovery_codes,
        passkeys: entrance.passkeys(account.id).await?.len(),
        app_passwords: entrance.app_passwords(now, account.id).await?.len(),
        sessions: entrance.sessions(now, account.id).await?.len(),
        address: account.address,
    }))
}

/// Change my password. All sessions end; the one that asks goes on as a new one.
#[utoipa::path(put, path = "/api/account/password", tag = "account", request_body = NewPassword, responses(
    (status = 200, body = PasswordChanged), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 422, body = ProblemDetails), (status = 429, body = ProblemDetails)))]
pub(super) async fn change_password(
    State(web): State<Web>,
    connection: Connection,
    headers: HeaderMap,
    Owner(caller): Owner,
    Body(form): Body<NewPassword>,
) -> Result<Response, Problem> {
    let (now, office) = (web.now(), web.office());
    let account = office.entrance().confirm(now, connection.client.ip(), caller.account, form.current).await?;
    let request = Request::AccountSetPassword { address: account.address.clone(), password: form.new };
    let notes = match office.administer(now, request).await? {
        Answer::Done { notes } => notes,
        _ => Vec::new(),
    };
    if !matches!(caller.way, Way::Session(_)) {
        return Ok(Json(PasswordChanged { notes, csrf: None }).into_response());
    }
    let place = session::place(&connection, &headers);
    let begun = office.entrance().begin(now, (account.id, account.address), &place).await?;
    let body = PasswordChanged { notes, csrf: Some(begun.csrf.clone()) };
    Ok(session::with_cookie(&connection, &begun, body))
}
