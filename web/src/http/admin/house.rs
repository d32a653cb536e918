//! The house as a whole: how it is, who is connected, how busy it was.

use super::unexpected;
use crate::Web;
use crate::caller::Admin;
use crate::figures::{EVERY, Point, Rings};
use crate::http::Table;
use crate::http::body::Asked;
use crate::http::problem::{Problem, ProblemDetails};
use axum::Json;
use axum::extract::State;
use office::admin::{Request, Response};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

pub(super) fn routes(table: Table) -> Table {
    table.get("/api/admin/status", status).get("/api/admin/connections", connections).get("/api/admin/figures", figures)
}

/// How the house is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    command: String,
    hostname: String,
    figures: StoreFigures,
    notes: Vec<String>,
}

/// Figures of the store.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoreFigures {
    domains: u64,
    accounts: u64,
    aliases: u64,
    messages: u64,
    octets: u64,
    /// Recipients that wait for other servers.
    outbox: u64,
    segments: u64,
    segment_octets: u64,
}

/// Who is connected.
#[derive(Serialize, ToSchema)]
pub(crate) struct Connections {
    command: String,
    connections: Vec<OneConnection>,
}

/// One connection.
#[derive(Serialize, ToSchema)]
pub(crate) struct OneConnection {
    id: u64,
    listener: String,
    client: String,
    since: u64,
    /// Who logged in by a mail port.
    user: Option<String>,
    /// Version and cipher; null: in the clear.
    tls: Option<String>,
}

/// How far back.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Span {
    /// A point a minute.
    #[default]
    Hour,
    /// A point every five minutes.
    Day,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HowLong {
    #[serde(default)]
    span: Span,
}

/// How busy the house was.
#[derive(Serialize, ToSchema)]
pub(crate) struct Figures {
    command: String,
    /// From one point to the next.
    step_ms: u64,
    /// The oldest first; since the server was started.
    points: Vec<OnePoint>,
}

/// What happened up to a moment, since the point before.
#[derive(Serialize, ToSchema)]
pub(crate) struct OnePoint {
    at: u64,
    /// Recipients that waited.
    queue: u64,
    accepted: u64,
    delivered: u64,
    sent: u64,
    deferred: u64,
    failed: u64,
    refused: u64,
    /// Half of what was sent took at most so long; null: nothing was sent, or it took more than a day.
    delay_p50_ms: Option<u64>,
    /// The same of 99 in 100.
    delay_p99_ms: Option<u64>,
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn shown(point: Point) -> OnePoint {
    OnePoint {
        at: point.at.0,
        queue: point.queue,
        accepted: point.accepted,
        delivered: point.delivered,
        sent: point.sent,
        deferred: point.deferred,
        failed: point.failed,
        refused: point.refused,
        delay_p50_ms: point.delay_p50.map(milliseconds),
        delay_p99_ms: point.delay_p99.map(milliseconds),
    }
}

/// How the house is.
#[utoipa::path(get, path = "/api/admin/status", tag = "admin", responses((status = 200, body = Status), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails)))]
pub(crate) async fn status(State(web): State<Web>, _: Admin) -> Result<Json<Status>, Problem> {
    let Response::Status(view) = web.office().administer(web.now(), Request::Status).await? else {
        return Err(unexpected());
    };
    let figures = StoreFigures {
        domains: view.figures.domains,
        accounts: view.figures.accounts,
        aliases: view.figures.aliases,
        messages: view.figures.messages,
        octets: view.figures.octets,
        outbox: view.figures.outbox,
        segments: view.figures.segments,
        segment_octets: view.figures.segment_octets,
    };
    let command = "pillarbox doctor".to_owned();
    Ok(Json(Status { command, hostname: view.hostname, figures, notes: view.notes }))
}

/// Who is connected now, the oldest connection first.
#[utoipa::path(get, path = "/api/admin/connections", tag = "admin", responses((status = 200, body = Connections), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails)))]
pub(crate) async fn connections(State(web): State<Web>, _: Admin) -> Result<Json<Connections>, Problem> {
    let live = web.house().map(|house| house.connections()).unwrap_or_default();
    let shown = live.into_iter().map(|live| OneConnection {
        id: live.id,
        listener: live.listener,
        client: live.client.to_string(),
        since: live.since.0,
        user: live.user,
        tls: live.tls,
    });
    // The metrics of the server count them; `ss` tells them one by one.
    Ok(Json(Connections { command: "ss --tcp --processes".to_owned(), connections: shown.collect() }))
}

/// How busy the house was in the last hour or day.
#[utoipa::path(get, path = "/api/admin/figures", tag = "admin", params(("span" = Option<Span>, Query, description = "`hour` or `day`")), responses(
    (status = 200, body = Figures), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn figures(
    State(web): State<Web>,
    _: Admin,
    Asked(HowLong { span }): Asked<HowLong>,
) -> Result<Json<Figures>, Problem> {
    let (step, points) = match span {
        Span::Hour => (EVERY, web.rings().hour()),
        Span::Day => (Rings::day_step(), web.rings().day()),
    };
    let command = "pillarbox queue list".to_owned();
    Ok(Json(Figures { command, step_ms: milliseconds(step), points: points.into_iter().map(shown).collect() }))
}
