//! The event source (RFC 8620 §7.3): states as they change, over a response that does not end. Owns the stream and its
//! limits; what changed is [`Watch`]'s to tell.

use super::others::Others;
use super::states::{Types, state_change};
use super::watch::{News, Watch};
use crate::Web;
use crate::caller::Caller;
use crate::jmap::ids;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use std::convert::Infallible;
use std::fmt::Write;
use std::time::Duration;
use store::types::ModSeq;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// Seconds between two pings at least: a client that wants more is not asked whether it is there any better.
pub const PING_MIN_S: u64 = 5;
/// At most: longer than that, proxies and address translators forget a connection.
pub const PING_MAX_S: u64 = 300;

/// RFC 8620 §7.3.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    types: Option<String>,
    closeafter: Option<String>,
    ping: Option<String>,
}

struct Stream {
    watch: Watch,
    others: Others,
    account: String,
    close_after_state: bool,
    /// Pings are told; otherwise only a comment shows whether the client is still there.
    pings: bool,
    interval: Duration,
    is_over: bool,
    closed: BoxFuture<'static, ()>,
    web: Web,
    caller: Caller,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn events(
    State(web): State<Web>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let close_after_state = match wanted.closeafter.as_deref() {
        None | Some("no") => false,
        Some("state") => true,
        Some(_) => return Err(refused(StatusCode::BAD_REQUEST, "closeafter is \"state\" or \"no\".")),
    };
    let ping = wanted.ping.as_deref().map(str::parse::<u64>).unwrap_or(Ok(0));
    let ping = ping.map_err(|_| refused(StatusCode::BAD_REQUEST, "ping is a number of seconds."))?;
    let types = Types::read(wanted.types.as_deref().unwrap_or("*")).within(caller.scope);
    let place = web.push().enter(caller.account);
    let place = place.ok_or_else(|| refused(StatusCode::TOO_MANY_REQUESTS, "Too many event sources are open."))?;
    let since = last_event(&headers);
    let others = Others::begin(&web, &caller, &types, since.is_some()).await;
    let watch = Watch::begin(web.office().store(), caller.account, types, since).await;
    let watch = watch.map_err(|error| {
        tracing::error!(%error, "an event source could not begin");
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    })?;
    let watch = watch.ok_or_else(|| StatusCode::UNAUTHORIZED.into_response())?;
    let stream = Stream {
        watch,
        others,
        account: ids::of_account(caller.account),
        closed: web.push().closed().boxed(),
        web,
        caller,
        close_after_state,
        pings: ping > 0,
        interval: Duration::from_secs(if ping == 0 { PING_MAX_S } else { ping.clamp(PING_MIN_S, PING_MAX_S) }),
        is_over: false,
        _place: place,
    };
    Ok(response(stream))
}

fn refused(status: StatusCode, why: &'static str) -> Response {
    (status, why).into_response()
}

/// What the client heard last, on a connection that broke. One that is not ours is passed over.
fn last_event(headers: &HeaderMap) -> Option<ModSeq> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok().map(ModSeq)
}

fn response(stream: Stream) -> Response {
    let events = futures_util::stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<Bytes, Infallible>(event.into()), stream))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-store, must-revalidate"),
        // What stands between, nginx for one, is not to gather events.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

impl Stream {
    /// The next piece of the response; `None` ends it.
    async fn next(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        let news = tokio::select! {
            () = &mut self.closed => return None,
            news = timeout(self.interval, self.watch.next()) => news,
            change = self.others.next() => return self.tell_of_others(&change).await,
        };
        match news {
            Ok(Ok(Some(_))) if !self.caller.goes_on(&self.web).await => None,
            Ok(Ok(Some(news))) => {
                self.is_over = self.close_after_state;
                Some(event(&self.account, &news))
            }
            Ok(Ok(None)) => None,
            Ok(Err(error)) => {
                tracing::warn!(%error, "an event source ended");
                None
            }
            Err(_) if !self.caller.goes_on(&self.web).await => None,
            Err(_) if self.pings => {
                Some(format!("event: ping\ndata: {{\"interval\":{}}}\n\n", self.interval.as_secs()))
            }
            Err(_) => Some(":\n\n".to_owned()),
        }
    }
}

impl Stream {
    /// Without an `id`: that is of the caller's own account. Who was away is told the states of others again.
    async fn tell_of_others(&mut self, change: &Value) -> Option<String> {
        self.is_over = self.close_after_state;
        self.caller.goes_on(&self.web).await.then(|| format!("event: state\ndata: {change}\n\n"))
    }
}

fn event(account: &str, news: &News) -> String {
    let mut text = String::from("event: state\n");
    let _ = write!(text, "id: {}\ndata: {}\n\n", news.until.0, state_change(account, &news.changed));
    text
}
