//! Accounts.

use super::{Done, carry_out, quoted, unexpected};
use crate::Web;
use crate::caller::Admin;
use crate::http::Table;
use crate::http::body::{Asked, Body, Named};
use crate::http::problem::{Problem, ProblemDetails};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use message::{Address, Domain};
use office::admin::{AccountView, Request, Response};
use serde::{Deserialize, Deserializer, Serialize};
use store::types::PopDelete;
use utoipa::ToSchema;

pub(super) fn routes(table: Table) -> Table {
    table
        .get("/api/admin/accounts", list)
        .post("/api/admin/accounts", add)
        .get("/api/admin/accounts/{address}", show)
        .put("/api/admin/accounts/{address}", change)
        .delete("/api/admin/accounts/{address}", remove)
        .put("/api/admin/accounts/{address}/password", set_password)
}

/// Of one domain, or all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfDomain {
    pub domain: Option<Domain>,
}

/// The accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accounts {
    command: String,
    accounts: Vec<AccountLine>,
}

/// One account.
#[derive(Serialize, ToSchema)]
pub(crate) struct OneAccount {
    command: String,
    account: AccountLine,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountLine {
    #[schema(value_type = String)]
    address: Address,
    /// Octets in use.
    used: u64,
    /// Octets it may hold; null: as many as fit.
    quota: Option<u64>,
    messages: u64,
    /// `remove` or `archive`.
    pop_delete: PopDeleteName,
    has_password: bool,
    has_apop: bool,
    created: u64,
}

/// What becomes of a message deleted over POP3.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PopDeleteName {
    /// It is gone.
    Remove,
    /// It moves to the archive.
    Archive,
}

/// One to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    #[schema(value_type = String)]
    address: Address,
    /// Without one nobody can log in yet.
    password: Option<String>,
    /// Octets it may hold.
    quota: Option<u64>,
}

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// Octets it may hold; null: as many as fit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    quota: Option<Option<u64>>,
    pop_delete: Option<PopDeleteName>,
}

/// A password for somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Password {
    password: String,
}

/// Null says something else than nothing at all.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::<u64>::deserialize(from).map(Some)
}

fn line(view: AccountView) -> AccountLine {
    AccountLine {
        address: view.address,
        used: view.used,
        quota: view.quota,
        messages: view.messages,
        pop_delete: match view.pop_delete {
            PopDelete::Remove => PopDeleteName::Remove,
            PopDelete::Archive => PopDeleteName::Archive,
        },
        has_password: view.has_password,
        has_apop: view.has_apop,
        created: view.created.0,
    }
}

/// ` DOMAIN` where one was asked for.
pub(super) fn of(domain: Option<&Domain>) -> String {
    domain.map(|domain| format!(" {}", quoted(domain.as_str()))).unwrap_or_default()
}

fn typed(verb: &str, address: &Address) -> String {
    format!("pillarbox account {verb} {}", quoted(&address.to_string()))
}

/// The accounts, of one domain or of all.
#[utoipa::path(get, path = "/api/admin/accounts", tag = "admin", params(("domain" = Option<String>, Query, description = "only of this one")), responses(
    (status = 200, body = Accounts), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn list(
    State(web): State<Web>,
    _: Admin,
    Asked(OfDomain { domain }): Asked<OfDomain>,
) -> Result<Json<Accounts>, Problem> {
    let command = format!("pillarbox account list{}", of(domain.as_ref()));
    let Response::Accounts(views) = web.office().administer(web.now(), Request::AccountList { domain }).await? else {
        return Err(unexpected());
    };
    Ok(Json(Accounts { command, accounts: views.into_iter().map(line).collect() }))
}

/// Make an account.
#[utoipa::path(post, path = "/api/admin/accounts", tag = "admin", request_body = NewAccount, responses(
    (status = 201, body = Done), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn add(
    State(web): State<Web>,
    _: Admin,
    Body(form): Body<NewAccount>,
) -> Result<(StatusCode, Json<Done>), Problem> {
    let quota = form.quota.map(|quota| format!(" --quota {quota}")).unwrap_or_default();
    let command = format!("{}{quota}", typed("add", &form.address));
    let request = Request::AccountAdd { address: form.address, password: form.password, quota: form.quota };
    Ok((StatusCode::CREATED, carry_out(&web, request, command).await?))
}

/// One account.
#[utoipa::path(get, path = "/api/admin/accounts/{address}", tag = "admin", params(("address" = String, Path, description = "its address")), responses(
    (status = 200, body = OneAccount), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails), (status = 404, body = ProblemDetails)))]
pub(crate) async fn show(
    State(web): State<Web>,
    _: Admin,
    Named(address): Named<Address>,
) -> Result<Json<OneAccount>, Problem> {
    let command = typed("show", &address);
    match web.office().administer(web.now(), Request::AccountShow { address }).await? {
        Response::Accounts(mut views) if !views.is_empty() => {
            Ok(Json(OneAccount { command, account: line(views.swap_remove(0)) }))
        }
        _ => Err(unexpected()),
    }
}

/// Change an account.
#[utoipa::path(put, path = "/api/admin/accounts/{address}", tag = "admin", request_body = AccountChange, params(("address" = String, Path, description = "its address")), responses(
    (status = 200, body = Done), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn change(
    State(web): State<Web>,
    _: Admin,
    Named(address): Named<Address>,
    Body(form): Body<AccountChange>,
) -> Result<Json<Done>, Problem> {
    let mut command = typed("set", &address);
    if let Some(quota) = form.quota {
        command += &format!(" --quota {}", quota.map_or("none".to_owned(), |quota| quota.to_string()));
    }
    let pop_delete = form.pop_delete.map(|name| match name {
        PopDeleteName::Remove => (PopDelete::Remove, "remove"),
        PopDeleteName::Archive => (PopDelete::Archive, "archive"),
    });
    if let Some((_, word)) = pop_delete {
        command += &format!(" --pop-delete {word}");
    }
    let pop_delete = pop_delete.map(|(pop_delete, _)| pop_delete);
    let request = Request::AccountSet { address, quota: form.quota, pop_delete, apop_secret: None };
    carry_out(&web, request, command).await
}

/// Give an account another password. Its sessions end.
#[utoipa::path(put, path = "/api/admin/accounts/{address}/password", tag = "admin", request_body = Password, params(("address" = String, Path, description = "its address")), responses(
    (status = 200, body = Done), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn set_password(
    State(web): State<Web>,
    _: Admin,
    Named(address): Named<Address>,
    Body(form): Body<Password>,
) -> Result<Json<Done>, Problem> {
    let command = typed("set-password", &address);
    carry_out(&web, Request::AccountSetPassword { address, password: form.password }, command).await
}

/// Remove an account and all its mail, for good.
#[utoipa::path(delete, path = "/api/admin/accounts/{address}", tag = "admin", params(("address" = String, Path, description = "its address")), responses(
    (status = 200, body = Done), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails), (status = 404, body = ProblemDetails)))]
pub(crate) async fn remove(
    State(web): State<Web>,
    _: Admin,
    Named(address): Named<Address>,
) -> Result<Json<Done>, Problem> {
    let command = format!("{} --yes", typed("remove", &address));
    carry_out(&web, Request::AccountRemove { address }, command).await
}
