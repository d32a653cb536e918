//! The queue and the journeys of messages.

use super::{quoted, unexpected};
use crate::Web;
use crate::caller::Admin;
use crate::http::Table;
use crate::http::body::{Asked, Body, Named};
use crate::http::problem::{INVALID, Problem, ProblemDetails};
use axum::Json;
use axum::extract::State;
use message::{Address, Domain};
use office::admin::{QueueWhich, Request, Response};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::op::{OutboxChange, OutboxFilter};
use store::query::OutboxRow;
use store::types::{QueueId, TraceEntry};
use utoipa::{IntoParams, ToSchema};

/// Rows shown unless another number is asked for.
const ROWS: u32 = 100;
/// Rows shown at most: a page a browser can draw.
const ROWS_MAX: u32 = 1000;

pub(super) fn routes(table: Table) -> Table {
    table
        .get("/api/admin/queue", list)
        .get("/api/admin/queue/{queue_id}", show)
        .post("/api/admin/queue/change", change)
        .get("/api/admin/trace", trace)
}

/// Which recipients; what is left out does not narrow.
#[derive(Clone, Debug, Default, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this message.
    queue_id: Option<String>,
    /// At this host.
    host: Option<String>,
    /// From this reverse path; empty: reports.
    sender: Option<String>,
    /// To this address.
    to: Option<String>,
    /// What was said last holds this.
    said: Option<String>,
    /// True: held ones only.
    held: Option<bool>,
    /// Accepted longer ago than so many seconds.
    older_than_s: Option<u64>,
    /// So many rows at most.
    #[serde(default)]
    limit: Option<u32>,
}

/// What waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queue {
    command: String,
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// One message that waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queued {
    command: String,
    rows: Vec<Row>,
    trace: Vec<Line>,
}

/// A journey.
#[derive(Serialize, ToSchema)]
pub(crate) struct Journey {
    command: String,
    trace: Vec<Line>,
}

/// One recipient that waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Row {
    queue_id: String,
    /// Its number in the message.
    recipient: u32,
    /// The reverse path; empty for reports.
    sender: String,
    to: String,
    /// `held`, `waiting`, `active`.
    state: String,
    created: u64,
    /// When it is tried next.
    due: u64,
    attempts: u32,
    /// What was said last.
    said: Option<String>,
    /// Octets.
    size: u64,
    /// Where an administrator sends it.
    route: Option<String>,
}

/// One line of a journey.
#[derive(Serialize, ToSchema)]
pub(crate) struct Line {
    queue_id: String,
    at: u64,
    event: String,
    address: Option<String>,
    detail: String,
}

/// What is to be done with them.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// They wait until they are released.
    Hold,
    /// Held ones may go.
    Release,
    /// They are tried now.
    Retry,
    /// They go, and nobody is told.
    Remove,
    /// They leave by another host.
    Reroute,
}

/// A change of what waits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueueChange {
    which: Which,
    /// Meant: everything that waits. Needed where nothing narrows it.
    #[serde(default)]
    all: bool,
    change: Action,
    /// The host for `reroute`; left out: as the domain says.
    route: Option<String>,
}

/// How many there were.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueueChanged {
    command: String,
    recipients: u64,
}

/// Whose journey.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whose {
    what: String,
    limit: Option<u32>,
}

fn row(row: OutboxRow) -> Row {
    Row {
        queue_id: row.queue_id.to_string(),
        recipient: row.recipient,
        sender: row.reverse_path,
        to: row.address.to_string(),
        state: row.state,
        created: row.created.0,
        due: row.due.0,
        attempts: row.attempts,
        said: row.said,
        size: row.size,
        route: row.route,
    }
}

fn line(entry: TraceEntry) -> Line {
    Line {
        queue_id: entry.queue_id.to_string(),
        at: entry.at.0,
        event: entry.event,
        address: entry.address,
        detail: entry.detail,
    }
}

fn queue_id(text: &str) -> Result<QueueId, Problem> {
    text.parse().map_err(|error| Problem::new(INVALID, format!("{text}: {error}")))
}

impl Which {
    fn read(&self) -> Result<QueueWhich, Problem> {
        let address = |text: &String| {
            Address::parse(text).map_err(|error| Problem::new(INVALID, format!("{text} is no address: {error}")))
        };
        let filter = OutboxFilter {
            queue_id: self.queue_id.as_deref().map(queue_id).transpose()?,
            host: self.host.clone(),
            sender: self.sender.clone(),
            address: self.to.as_ref().map(address).transpose()?,
            before: None,
            said: self.said.clone(),
            held: self.held.filter(|held| *held),
        };
        Ok(QueueWhich { filter, older_than: self.older_than_s.map(Duration::from_secs) })
    }

    /// Nothing narrows it.
    fn is_all(&self) -> bool {
        let texts = [&self.queue_id, &self.host, &self.sender, &self.to, &self.said];
        texts.iter().all(|text| text.is_none()) && self.held != Some(true) && self.older_than_s.is_none()
    }

    /// The same as words of the command line.
    fn typed(&self) -> String {
        let sender =
            self.sender.as_ref().map(|sender| if sender.is_empty() { "<>".to_owned() } else { sender.clone() });
        let named = [
            ("domain", self.host.clone()),
            ("to-address", self.to.clone()),
            ("sender", sender),
            ("older-than", self.older_than_s.map(|seconds| format!("{seconds}s"))),
            ("said", self.said.clone()),
        ];
        let id = self.queue_id.iter().map(|id| format!(" {}", quoted(id)));
        let options = named.into_iter().filter_map(|(name, value)| Some(format!(" --{name} {}", quoted(&value?))));
        let held = (self.held == Some(true)).then(|| " --held".to_owned());
        id.chain(options).chain(held).collect()
    }
}

/// A host to send to, with or without a port.
fn route(text: &str) -> Result<String, Problem> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_host = bare.parse::<std::net::IpAddr>().is_ok() || Domain::parse(host).is_ok();
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if is_host && is_port {
        return Ok(text.to_owned());
    }
    Err(Problem::new(INVALID, format!("{text} is no host, as in mx2.crepes.fr or 192.0.2.7:2525")))
}

/// What waits for other servers, the oldest first.
#[utoipa::path(get, path = "/api/admin/queue", tag = "admin", params(Which), responses(
    (status = 200, body = Queue), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn list(State(web): State<Web>, _: Admin, Asked(which): Asked<Which>) -> Result<Json<Queue>, Problem> {
    let limit = which.limit.unwrap_or(ROWS).clamp(1, ROWS_MAX);
    let command = format!("pillarbox queue list{} --limit {limit}", which.typed());
    let request = Request::QueueList { which: which.read()?, limit };
    let Response::Queue { rows, notes } = web.office().administer(web.now(), request).await? else {
        return Err(unexpected());
    };
    Ok(Json(Queue { command, rows: rows.into_iter().map(row).collect(), notes }))
}

/// One message that waits: who it is for, and its journey so far.
#[utoipa::path(get, path = "/api/admin/queue/{queue_id}", tag = "admin", params(("queue_id" = String, Path, description = "its name")), responses(
    (status = 200, body = Queued), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn show(
    State(web): State<Web>,
    _: Admin,
    Named(name): Named<String>,
) -> Result<Json<Queued>, Problem> {
    let queue_id = queue_id(&name)?;
    let request = Request::QueueShow { queue_id };
    let Response::Queued { rows, trace } = web.office().administer(web.now(), request).await? else {
        return Err(unexpected());
    };
    let command = format!("pillarbox queue show {queue_id}");
    let (rows, trace) = (rows.into_iter().map(row).collect(), trace.into_iter().map(line).collect());
    Ok(Json(Queued { command, rows, trace }))
}

/// Hold, release, retry, remove or reroute what waits.
#[utoipa::path(post, path = "/api/admin/queue/change", tag = "admin", request_body = QueueChange, responses(
    (status = 200, body = QueueChanged), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn change(
    State(web): State<Web>,
    _: Admin,
    Body(form): Body<QueueChange>,
) -> Result<Json<QueueChanged>, Problem> {
    if form.which.is_all() && !form.all {
        return Err(Problem::new(INVALID, "nothing narrows this: say all if everything that waits is meant"));
    }
    let (verb, change) = action(form.change, form.route.as_deref())?;
    let all = if form.which.is_all() { " --all" } else { "" };
    let command = format!("pillarbox queue {verb}{}{all}", form.which.typed());
    let command = match &change {
        OutboxChange::Reroute(to) => format!("{command} --to {}", quoted(to.as_deref().unwrap_or("-"))),
        _ => command,
    };
    let request = Request::QueueChange { which: form.which.read()?, change };
    match web.office().administer(web.now(), request).await? {
        Response::Changed { recipients } => Ok(Json(QueueChanged { command, recipients })),
        _ => Err(unexpected()),
    }
}

fn action(action: Action, to: Option<&str>) -> Result<(&'static str, OutboxChange), Problem> {
    Ok(match action {
        Action::Reroute => ("reroute", OutboxChange::Reroute(to.map(route).transpose()?)),
        _ if to.is_some() => return Err(Problem::new(INVALID, "a route is for reroute only")),
        Action::Hold => ("hold", OutboxChange::Hold),
        Action::Release => ("release", OutboxChange::Release),
        Action::Retry => ("retry", OutboxChange::Retry),
        Action::Remove => ("remove", OutboxChange::Remove),
    })
}

/// The journey of a message by its queue id, or of the latest messages of an address.
#[utoipa::path(get, path = "/api/admin/trace", tag = "admin", params(
    ("what" = String, Query, description = "a queue id or an address"), ("limit" = Option<u32>, Query, description = "so many messages at most")), responses(
    (status = 200, body = Journey), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(crate) async fn trace(
    State(web): State<Web>,
    _: Admin,
    Asked(Whose { what, limit }): Asked<Whose>,
) -> Result<Json<Journey>, Problem> {
    let limit = limit.unwrap_or(ROWS).clamp(1, ROWS_MAX);
    let command = format!("pillarbox trace {} --limit {limit}", quoted(&what));
    let Response::Trace(lines) = web.office().administer(web.now(), Request::Trace { what, limit }).await? else {
        return Err(unexpected());
    };
    Ok(Json(Journey { command, trace: lines.into_iter().map(line).collect() }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn filters_read_as_they_are_typed() {
        let which = Which {
            host: Some("crepes.fr".to_owned()),
            sender: Some(String::new()),
            said: Some("try again".to_owned()),
            older_than_s: Some(60),
            held: Some(true),
            ..Which::default()
        };
        assert_eq!(which.typed(), " --domain crepes.fr --sender '<>' --older-than 60s --said 'try again' --held");
        assert!(!which.is_all() && Which { held: Some(false), ..Which::default() }.is_all());
    }

    #[test]
    fn a_route_is_a_host() {
        for good in ["mx2.crepes.fr", "192.0.2.7:2525", "mx:25", "[2001:db8::1]:25", "2001:db8::1"] {
            assert!(route(good).is_ok(), "{good}");
        }
        for wrong in ["", "mx:", "mx:0", "mx:x", "a b", "mx:65536", "http://mx"] {
            assert!(route(wrong).is_err(), "{wrong}");
        }
    }
}
