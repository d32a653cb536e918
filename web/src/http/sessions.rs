//! The sessions of an account: where somebody is logged in, and ending that.

use super::Table;
use super::body::Named;
use super::problem::{Problem, ProblemDetails};
use crate::Web;
use crate::caller::{Owner, Way};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use office::login::SessionView;
use serde::Serialize;
use utoipa::ToSchema;

pub(super) fn routes(table: Table) -> Table {
    table.get("/api/sessions", list).delete("/api/sessions", end_others).delete("/api/sessions/{id}", end)
}

/// Where somebody is logged in.
#[derive(Serialize, ToSchema)]
pub(super) struct Sessions {
    sessions: Vec<OneSession>,
}

/// One place.
#[derive(Serialize, ToSchema)]
pub(super) struct OneSession {
    id: i64,
    /// This request came with it.
    current: bool,
    /// What the browser said it is.
    client: String,
    /// Where it was when it was last used.
    address: String,
    created: u64,
    last_seen: u64,
    /// When it ends if it is not used.
    expires: u64,
}

fn shown(view: SessionView, current: &Way) -> OneSession {
    OneSession {
        current: *current == Way::Session(view.id),
        id: view.id,
        client: view.client,
        address: view.address,
        created: view.created.0,
        last_seen: view.last_seen.0,
        expires: view.expires.0,
    }
}

/// Where I am logged in, the session used last first.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", responses((status = 200, body = Sessions), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails)))]
pub(super) async fn list(State(web): State<Web>, Owner(caller): Owner) -> Result<Json<Sessions>, Problem> {
    let views = web.office().entrance().sessions(web.now(), caller.account).await?;
    Ok(Json(Sessions { sessions: views.into_iter().map(|view| shown(view, &caller.way)).collect() }))
}

/// End one session.
#[utoipa::path(delete, path = "/api/sessions/{id}", tag = "sessions", params(("id" = i64, Path, description = "its number")), responses(
    (status = 204), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails), (status = 404, body = ProblemDetails)))]
pub(super) async fn end(
    State(web): State<Web>,
    Owner(caller): Owner,
    Named(id): Named<i64>,
) -> Result<StatusCode, Problem> {
    web.office().entrance().end_session(web.now(), caller.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions but the one that asks.
#[utoipa::path(delete, path = "/api/sessions", tag = "sessions", responses((status = 204), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails)))]
pub(super) async fn end_others(State(web): State<Web>, Owner(caller): Owner) -> Result<StatusCode, Problem> {
    let this = match caller.way {
        Way::Session(id) => Some(id),
        _ => None,
    };
    web.office().entrance().end_sessions(web.now(), caller.account, this).await?;
    Ok(StatusCode::NO_CONTENT)
}
