//! Domains.

use super::{Done, carry_out, quoted, unexpected};
use crate::Web;
use crate::caller::Admin;
use crate::http::Table;
use crate::http::body::{Body, Named};
use crate::http::problem::{Problem, ProblemDetails};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use message::Domain;
use office::admin::{Request, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) fn routes(table: Table) -> Table {
    table.get("/api/admin/domains", list).post("/api/admin/domains", add).delete("/api/admin/domains/{domain}", remove)
}

/// The domains.
#[derive(Serialize, ToSchema)]
pub(crate) struct Domains {
    command: String,
    domains: Vec<DomainLine>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct DomainLine {
    #[schema(value_type = String)]
    domain: Domain,
    /// `file` or `store`.
    source: String,
    /// Where in the file.
    origin: Option<String>,
    accounts: u64,
}

/// One to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDomain {
    #[schema(value_type = String)]
    domain: Domain,
}

/// The domains whose mail is kept here.
#[utoipa::path(get, path = "/api/admin/domains", tag = "admin", responses((status = 200, body = Domains), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails)))]
pub(crate) async fn list(State(web): State<Web>, _: Admin) -> Result<Json<Domains>, Problem> {
    let Response::Domains(views) = web.office().administer(web.now(), Request::DomainList).await? else {
        return Err(unexpected());
    };
    let line = |view: office::admin::DomainView| DomainLine {
        domain: view.domain,
        source: view.source,
        origin: view.origin,
        accounts: view.accounts,
    };
    let command = "pillarbox domain list".to_owned();
    Ok(Json(Domains { command, domains: views.into_iter().map(line).collect() }))
}

/// Keep mail for a domain.
#[utoipa::path(post, path = "/api/admin/domains", tag = "admin", request_body = NewDomain, responses(
    (status = 201, body = Done), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn add(
    State(web): State<Web>,
    _: Admin,
    Body(form): Body<NewDomain>,
) -> Result<(StatusCode, Json<Done>), Problem> {
    let command = format!("pillarbox domain add {}", quoted(form.domain.as_str()));
    let done = carry_out(&web, Request::DomainAdd { domain: form.domain }, command).await?;
    Ok((StatusCode::CREATED, done))
}

/// Keep mail for a domain no longer.
#[utoipa::path(delete, path = "/api/admin/domains/{domain}", tag = "admin", params(("domain" = String, Path, description = "its name")), responses(
    (status = 200, body = Done), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn remove(
    State(web): State<Web>,
    _: Admin,
    Named(domain): Named<Domain>,
) -> Result<Json<Done>, Problem> {
    let command = format!("pillarbox domain remove {}", quoted(domain.as_str()));
    carry_out(&web, Request::DomainRemove { domain }, command).await
}
