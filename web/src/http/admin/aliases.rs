//! Aliases.

use super::accounts::{OfDomain, of};
use super::{Done, carry_out, quoted, unexpected};
use crate::Web;
use crate::caller::Admin;
use crate::http::Table;
use crate::http::body::{Asked, Body, Named};
use crate::http::problem::{INVALID, Problem, ProblemDetails};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use message::Address;
use office::admin::{AliasTo, AliasView, Request, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) fn routes(table: Table) -> Table {
    table.get("/api/admin/aliases", list).post("/api/admin/aliases", add).delete("/api/admin/aliases/{address}", remove)
}

/// The aliases.
#[derive(Serialize, ToSchema)]
pub(crate) struct Aliases {
    command: String,
    aliases: Vec<AliasLine>,
}

/// One alias: it leads to its members, or tells where somebody has moved to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasLine {
    /// `*@DOMAIN` for all that have no name of their own.
    #[schema(value_type = String)]
    address: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    members: Option<Vec<Address>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    moved: Option<Address>,
}

fn line(view: AliasView) -> AliasLine {
    match view.target {
        AliasTo::Members(members) => AliasLine { address: view.address, members: Some(members), moved: None },
        AliasTo::Moved(to) => AliasLine { address: view.address, members: None, moved: Some(to) },
    }
}

/// The aliases, of one domain or of all.
#[utoipa::path(get, path = "/api/admin/aliases", tag = "admin", params(("domain" = Option<String>, Query, description = "only of this one")), responses(
    (status = 200, body = Aliases), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn list(
    State(web): State<Web>,
    _: Admin,
    Asked(OfDomain { domain }): Asked<OfDomain>,
) -> Result<Json<Aliases>, Problem> {
    let command = format!("pillarbox alias list{}", of(domain.as_ref()));
    let Response::Aliases(views) = web.office().administer(web.now(), Request::AliasList { domain }).await? else {
        return Err(unexpected());
    };
    Ok(Json(Aliases { command, aliases: views.into_iter().map(line).collect() }))
}

/// Make an alias.
#[utoipa::path(post, path = "/api/admin/aliases", tag = "admin", request_body = AliasLine, responses(
    (status = 201, body = Done), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn add(
    State(web): State<Web>,
    _: Admin,
    Body(form): Body<AliasLine>,
) -> Result<(StatusCode, Json<Done>), Problem> {
    let name = quoted(&form.address.to_string());
    let (target, command) = match (form.members, form.moved) {
        (Some(members), None) => {
            let words: Vec<String> = members.iter().map(|member| quoted(&member.to_string())).collect();
            (AliasTo::Members(members), format!("pillarbox alias add {name} {}", words.join(" ")))
        }
        (None, Some(to)) => {
            let command = format!("pillarbox alias add {name} --moved {}", quoted(&to.to_string()));
            (AliasTo::Moved(to), command)
        }
        _ => return Err(Problem::new(INVALID, "an alias has either members or moved")),
    };
    let done = carry_out(&web, Request::AliasAdd { address: form.address, target }, command).await?;
    Ok((StatusCode::CREATED, done))
}

/// Remove an alias.
#[utoipa::path(delete, path = "/api/admin/aliases/{address}", tag = "admin", params(("address" = String, Path, description = "its address")), responses(
    (status = 200, body = Done), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails), (status = 404, body = ProblemDetails)))]
pub(crate) async fn remove(
    State(web): State<Web>,
    _: Admin,
    Named(address): Named<Address>,
) -> Result<Json<Done>, Problem> {
    let command = format!("pillarbox alias remove {}", quoted(&address.to_string()));
    carry_out(&web, Request::AliasRemove { address }, command).await
}
