//! JMAP over WebSocket (RFC 8887): requests, their responses in any order, and states as they change where a client enables
//! that. Owns the connection's messages; carrying out requests is `jmap`'s, telling changes is [`Watch`]'s.

use super::others::Others;
use super::states::{Types, state_change};
use super::subscription::TYPES_MAX;
use super::watch::{News, Watch};
use crate::Web;
use crate::caller::Caller;
use crate::jmap::json::{self as strict, NotJson};
use crate::jmap::limits::{DEPTH_MAX, REQUEST_OCTETS_MAX, REQUESTS_AT_ONCE};
use crate::jmap::{Problem, ids, respond};
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::{Map, Value, json};
use std::time::Duration;
use store::types::ModSeq;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// RFC 8887 §4.2.
const PROTOCOL: &str = "jmap";
/// Octets of the name of a request that is echoed: a number or a UUID.
const REQUEST_ID_OCTETS: usize = 256;
/// Silence after which a client is asked whether it is there: as for an event source.
const SILENCE: Duration = Duration::from_secs(super::events::PING_MAX_S);
/// How long a client may take to read what was written to it.
const WRITE_WAIT: Duration = Duration::from_secs(60);

pub(super) async fn socket(
    State(web): State<Web>,
    caller: Caller,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // A page of another site may open a WebSocket with the user's cookie: the browser says whose page it is.
    if !is_own_origin(&headers) {
        return (StatusCode::FORBIDDEN, "This page is not of this server.").into_response();
    }
    if !offers_jmap(&headers) {
        return (StatusCode::BAD_REQUEST, "Sec-WebSocket-Protocol has to offer \"jmap\".").into_response();
    }
    let Some(place) = web.push().enter(caller.account) else {
        return (StatusCode::TOO_MANY_REQUESTS, "Too many event sources are open.").into_response();
    };
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(REQUEST_OCTETS_MAX).max_frame_size(REQUEST_OCTETS_MAX);
    upgrade.on_upgrade(move |socket| Talk { web, caller, socket, _place: place }.run())
}

fn offers_jmap(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|name| name.trim() == PROTOCOL)
}

/// Programs that are no browser send no `Origin`.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    authority.is_some_and(|authority| !host.is_empty() && authority.eq_ignore_ascii_case(host))
}

struct Talk {
    web: Web,
    caller: Caller,
    socket: WebSocket,
    _place: OwnedSemaphorePermit,
}

/// What happens next.
enum Happening {
    Said(Option<Result<Message, axum::Error>>),
    Answered(String),
    News(Option<News>),
    OfOthers(Value),
    Silence,
    Closing,
}

impl Talk {
    async fn run(mut self) {
        let mut under_way: FuturesUnordered<BoxFuture<'static, String>> = FuturesUnordered::new();
        let mut watch: Option<(Watch, Others)> = None;
        let mut asked_silence = false;
        let mut closed = self.web.push().closed().boxed();
        loop {
            // As many requests as may be under way are; what comes after them waits in the socket.
            let may_read = under_way.len() < REQUESTS_AT_ONCE;
            let happening = tokio::select! {
                said = self.socket.recv(), if may_read => Happening::Said(said),
                Some(answer) = under_way.next() => Happening::Answered(answer),
                happening = next_news(&mut watch) => happening,
                () = tokio::time::sleep(SILENCE) => Happening::Silence,
                () = &mut closed => Happening::Closing,
            };
            let spoke = !matches!(happening, Happening::Silence);
            let goes_on = match happening {
                Happening::Said(Some(Ok(Message::Text(text)))) => {
                    self.hear(text.as_str(), &mut under_way, &mut watch).await
                }
                // RFC 8887 §4.3.1.
                Happening::Said(Some(Ok(Message::Binary(_)))) => {
                    self.close(close_code::UNSUPPORTED, "only text is spoken here").await
                }
                Happening::Said(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => true,
                Happening::Said(_) => false,
                Happening::Answered(answer) => self.say(answer).await,
                Happening::News(Some(news)) => self.tell(&news).await,
                Happening::OfOthers(change) => self.tell_change(&change).await,
                // RFC 8887 §4.2: the account is gone, and with it what it logged in with.
                Happening::News(None) => self.close(close_code::POLICY, "the account is gone").await,
                Happening::Closing => self.close(close_code::AWAY, "the server closes").await,
                Happening::Silence if asked_silence => false,
                Happening::Silence => self.write(Message::Ping(Vec::new().into())).await,
            };
            asked_silence = !spoke;
            if !goes_on {
                return;
            }
        }
    }

    /// One message of the client.
    async fn hear(
        &mut self,
        text: &str,
        under_way: &mut FuturesUnordered<BoxFuture<'static, String>>,
        watch: &mut Option<(Watch, Others)>,
    ) -> bool {
        if !self.caller.goes_on(&self.web).await {
            return self.close(close_code::POLICY, "the session has ended").await;
        }
        let object = match read(text) {
            Ok(object) => object,
            Err((problem, id)) => return self.say(request_error(&problem, id.as_deref())).await,
        };
        match object.get("@type").and_then(Value::as_str) {
            Some("Request") => {
                under_way.push(carry_out(self.web.clone(), self.caller.clone(), object).boxed());
                true
            }
            Some("WebSocketPushEnable") => match enable(&self.web, &self.caller, &object).await {
                Ok(enabled) => {
                    *watch = enabled;
                    watch.is_some() || self.close(close_code::POLICY, "the account is gone").await
                }
                Err(problem) => self.say(request_error(&problem, None)).await,
            },
            Some("WebSocketPushDisable") => {
                *watch = None;
                true
            }
            _ => {
                let problem = Problem::NotRequest("There is no such @type.".to_owned());
                self.say(request_error(&problem, request_id(&object).as_deref())).await
            }
        }
    }

    async fn tell(&mut self, news: &News) -> bool {
        let mut change = state_change(&ids::of_account(self.caller.account), &news.changed);
        change["pushState"] = json!(news.until.0.to_string());
        self.tell_change(&change).await
    }

    async fn tell_change(&mut self, change: &Value) -> bool {
        if !self.caller.goes_on(&self.web).await {
            return self.close(close_code::POLICY, "the session has ended").await;
        }
        self.say(change.to_string()).await
    }

    async fn say(&mut self, text: String) -> bool {
        self.write(Message::Text(text.into())).await
    }

    async fn close(&mut self, code: u16, reason: &'static str) -> bool {
        self.write(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
        false
    }

    /// Whether it was written: a client that does not read holds memory.
    async fn write(&mut self, message: Message) -> bool {
        matches!(timeout(WRITE_WAIT, self.socket.send(message)).await, Ok(Ok(())))
    }
}

/// RFC 8887 §4.3.5.2.
async fn enable(web: &Web, caller: &Caller, object: &Map<String, Value>) -> Result<Option<(Watch, Others)>, Problem> {
    let names = match object.get("dataTypes") {
        None | Some(Value::Null) => None,
        Some(names) => Some(
            serde_json::from_value::<Vec<String>>(names.clone())
                .ok()
                .filter(|names| names.len() <= TYPES_MAX)
                .ok_or_else(|| Problem::NotRequest("dataTypes is a short list of names, or null.".to_owned()))?,
        ),
    };
    // One that is not ours tells nothing; the client is told everything.
    let token = object.get("pushState").and_then(Value::as_str);
    let since = token.map(|token| token.parse().map_or(ModSeq(0), ModSeq));
    let types = Types::of(names).within(caller.scope);
    let others = Others::begin(web, caller, &types, since.is_some()).await;
    let begun = Watch::begin(web.office().store(), caller.account, types, since).await;
    let begun = begun.map_err(|error| {
        tracing::error!(%error, "changes cannot be told");
        Problem::NotRequest("Changes cannot be told now.".to_owned())
    })?;
    Ok(begun.map(|watch| (watch, others)))
}

/// The next news, where somebody wants them; else it waits for ever.
async fn next_news(watch: &mut Option<(Watch, Others)>) -> Happening {
    match watch {
        Some((watch, others)) => tokio::select! {
            news = watch.next() => Happening::News(news.unwrap_or_else(|error| {
                tracing::warn!(%error, "changes are told no more");
                None
            })),
            change = others.next() => Happening::OfOthers(change),
        },
        None => std::future::pending().await,
    }
}

fn read(text: &str) -> Result<Map<String, Value>, (Problem, Option<String>)> {
    match strict::read(text.as_bytes(), DEPTH_MAX) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err((Problem::NotRequest("A message is an object.".to_owned()), None)),
        Err(NotJson::Malformed(why)) => Err((Problem::NotJson(why), None)),
        Err(NotJson::TooMany) => Err((Problem::Limit("maxSizeRequest"), None)),
    }
}

fn request_id(object: &Map<String, Value>) -> Option<String> {
    object.get("id").and_then(Value::as_str).filter(|id| id.len() <= REQUEST_ID_OCTETS).map(str::to_owned)
}

/// RFC 8887 §4.3.2, §4.3.3.
async fn carry_out(web: Web, caller: Caller, mut object: Map<String, Value>) -> String {
    let id = request_id(&object);
    object.remove("@type");
    object.remove("id");
    match respond(&web, &caller, Value::Object(object).to_string().as_bytes()).await {
        Ok(mut response) => {
            response["@type"] = json!("Response");
            if let Some(id) = id {
                response["requestId"] = json!(id);
            }
            response.to_string()
        }
        Err(problem) => request_error(&problem, id.as_deref()),
    }
}

/// RFC 8887 §4.3.4.
fn request_error(problem: &Problem, id: Option<&str>) -> String {
    let mut error = problem.json();
    error["@type"] = json!("RequestError");
    if let Some(id) = id {
        error["requestId"] = json!(id);
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        of.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn pages_of_other_sites_are_told_from_our_own() {
        for (origin, own) in [
            ("https://mx.example", true),
            ("https://MX.example", true),
            ("https://evil.example", false),
            ("https://mx.example.evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_own_origin(&headers(&[("host", "mx.example"), ("origin", origin)])), own, "{origin}");
        }
        assert!(is_own_origin(&headers(&[("host", "mx.example")])), "no browser");
        assert!(!is_own_origin(&headers(&[("origin", "https://")])), "no host");
    }

    #[test]
    fn the_protocol_has_to_be_offered() {
        assert!(offers_jmap(&headers(&[("sec-websocket-protocol", "chat, jmap")])));
        assert!(!offers_jmap(&headers(&[("sec-websocket-protocol", "jmap2")])));
        assert!(!offers_jmap(&headers(&[])));
    }
}
