//! Passwords for programs, as their owner sees and makes them.

use super::Table;
use super::body::{Body, Named};
use super::problem::{Problem, ProblemDetails};
use crate::caller::Owner;
use crate::{Connection, Web};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use message::Time;
use office::login::{AppPasswordView, NewAppPassword, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) fn routes(table: Table) -> Table {
    table
        .get("/api/account/app-passwords", list)
        .post("/api/account/app-passwords", add)
        .delete("/api/account/app-passwords/{id}", remove)
}

/// What an app password is good for.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ScopeName {
    /// Reading, changing and sending.
    All,
    /// Reading and changing.
    Mail,
    /// Reading.
    Read,
    /// Sending.
    Send,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Scope {
        match name {
            ScopeName::All => Scope::All,
            ScopeName::Mail => Scope::Mail,
            ScopeName::Read => Scope::Read,
            ScopeName::Send => Scope::Send,
        }
    }
}

impl From<Scope> for ScopeName {
    fn from(scope: Scope) -> ScopeName {
        match scope {
            Scope::All => ScopeName::All,
            Scope::Mail => ScopeName::Mail,
            Scope::Read => ScopeName::Read,
            Scope::Send => ScopeName::Send,
        }
    }
}

/// Those there are.
#[derive(Serialize, ToSchema)]
pub(super) struct AppPasswords {
    app_passwords: Vec<AppPassword>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub(super) struct AppPassword {
    id: i64,
    name: String,
    scope: ScopeName,
    created: u64,
    expires: Option<u64>,
    /// To the hour.
    last_used: Option<u64>,
}

/// One to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppPasswordForm {
    name: String,
    scope: ScopeName,
    /// Milliseconds since 1970; left out: until it is removed.
    expires: Option<u64>,
    /// The account's own password, once more.
    password: String,
}

/// One that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct AppPasswordMade {
    id: i64,
    /// Shown this once.
    secret: String,
}

fn shown(view: AppPasswordView) -> AppPassword {
    AppPassword {
        id: view.id,
        name: view.name,
        scope: view.scope.into(),
        created: view.created.0,
        expires: view.expires.map(|time| time.0),
        last_used: view.last_used.map(|time| time.0),
    }
}

/// My app passwords, the newest first.
#[utoipa::path(get, path = "/api/account/app-passwords", tag = "account", responses((status = 200, body = AppPasswords), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails)))]
pub(super) async fn list(State(web): State<Web>, Owner(caller): Owner) -> Result<Json<AppPasswords>, Problem> {
    let views = web.office().entrance().app_passwords(web.now(), caller.account).await?;
    Ok(Json(AppPasswords { app_passwords: views.into_iter().map(shown).collect() }))
}

/// Make an app password.
#[utoipa::path(post, path = "/api/account/app-passwords", tag = "account", request_body = AppPasswordForm, responses(
    (status = 201, body = AppPasswordMade), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails), (status = 429, body = ProblemDetails)))]
pub(super) async fn add(
    State(web): State<Web>,
    connection: Connection,
    Owner(caller): Owner,
    Body(form): Body<AppPasswordForm>,
) -> Result<(StatusCode, Json<AppPasswordMade>), Problem> {
    let (now, entrance) = (web.now(), web.office().entrance());
    let account = entrance.confirm(now, connection.client.ip(), caller.account, form.password).await?;
    let new = NewAppPassword { name: form.name, scope: form.scope.into(), expires: form.expires.map(Time) };
    let (id, secret) = entrance.add_app_password(now, &account, new).await?;
    Ok((StatusCode::CREATED, Json(AppPasswordMade { id, secret })))
}

/// Remove an app password: it opens nothing any more.
#[utoipa::path(delete, path = "/api/account/app-passwords/{id}", tag = "account", params(("id" = i64, Path, description = "its number")), responses(
    (status = 204), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails), (status = 404, body = ProblemDetails)))]
pub(super) async fn remove(
    State(web): State<Web>,
    Owner(caller): Owner,
    Named(id): Named<i64>,
) -> Result<StatusCode, Problem> {
    web.office().entrance().remove_app_password(web.now(), caller.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
