//! Who is asking: checks what a request brings to show it: a session's cookie, or a password with every request (Basic,
//! RFC 7617; Bearer, RFC 6750). Owns the rule that a cookie counts only for requests that our own page sends; passwords
//! and sessions are `office::login`'s.

use crate::http::cookie;
use crate::http::problem::{self, Problem};
use crate::{Connection, Web};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use message::Address;
use office::login::{EntryError, Held, Mark, Scope, Session, Shown};
use store::types::AccountId;

/// What must come with every request that changes something, where a cookie shows who asks.
pub(crate) const CSRF_FIELD: HeaderName = HeaderName::from_static("x-pillarbox-csrf");

/// From where a browser says that a request comes (Fetch Metadata).
const SITE_FIELD: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What for.
const MODE_FIELD: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What programs are told that show nothing.
const CHALLENGE: &str = "Basic realm=\"Pillarbox\", charset=\"UTF-8\", Bearer realm=\"Pillarbox\"";

/// Octets of an Authorization field at most: a name and a password of 255 each, in base64.
const AUTHORIZATION_MAX: usize = 1024;

/// An account that showed who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its number.
    pub account: AccountId,
    /// Its address.
    pub address: Address,
    /// What it may do.
    pub scope: Scope,
    /// How it showed who it is.
    pub way: Way,
}

/// How somebody showed who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a session of the web, of this number.
    Session(i64),
    /// By the account's own password, with the request.
    Password(Mark),
    /// By the app password of this number, with the request.
    AppPassword(i64),
}

/// Why nobody was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub(crate) Problem);

/// Somebody who may change passwords and keys: the owner, not one of their programs.
pub(crate) struct Owner(pub Caller);

/// Somebody who may look after the house.
pub(crate) struct Admin;

impl Caller {
    /// Whether what let them in still would: asked by connections that outlive a request. Ending a session ends them too.
    pub async fn goes_on(&self, web: &Web) -> bool {
        let held = match self.way {
            Way::Session(id) => Held::Session(id),
            Way::AppPassword(id) => Held::AppPassword(id),
            Way::Password(mark) => Held::Password(mark),
        };
        let still = web.office().entrance().still_holds(web.now(), self.account, held).await;
        still.unwrap_or_else(|error| {
            tracing::warn!(%error, "a connection ends, for nobody knows whether its session goes on");
            false
        })
    }
}

impl FromRequestParts<Web> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Caller, Refused> {
        let connection = *parts.extensions.get::<Connection>().ok_or_else(unavailable)?;
        match parts.headers.get(header::AUTHORIZATION) {
            Some(field) => {
                let field = field.to_str().unwrap_or_default();
                let shown = shown(web, &connection, field).await.map_err(|problem| refuse(parts, problem))?;
                let way = match shown.held {
                    Held::Session(id) => Way::Session(id),
                    Held::AppPassword(id) => Way::AppPassword(id),
                    Held::Password(mark) => Way::Password(mark),
                };
                Ok(Caller { account: shown.account, address: shown.address, scope: shown.scope, way })
            }
            None => {
                let found = session(web, parts, &connection).await?;
                let session = found.ok_or_else(|| refuse(parts, not_logged_in()))?;
                Ok(Caller {
                    account: session.account,
                    address: session.address,
                    scope: Scope::All,
                    way: Way::Session(session.id),
                })
            }
        }
    }
}

/// The session that a request belongs to; `None` where it brings none that goes on.
///
/// # Errors
/// When it brings one, and was not sent by our own page.
pub(crate) async fn session(web: &Web, parts: &Parts, connection: &Connection) -> Result<Option<Session>, Refused> {
    let Some(secret) = cookie::read(&parts.headers, connection) else { return Ok(None) };
    let entrance = web.office().entrance();
    let found = entrance.session(web.now(), connection.client.ip(), secret).await;
    let Some(session) = found.map_err(|error| Refused(error.into()))? else { return Ok(None) };
    if comes_from_elsewhere(parts, connection) || lacks_token(parts, &session) {
        let detail = "this request does not come from a page of this server: load the page again";
        return Err(Refused(Problem::new(problem::CSRF, detail)));
    }
    Ok(Some(session))
}

/// Whether a browser says that the request was made by another site: also by one that shares our domain. Of a WebSocket it
/// must say where it comes from: no other rule keeps other sites from opening one.
pub(crate) fn comes_from_elsewhere(parts: &Parts, connection: &Connection) -> bool {
    let site = parts.headers.get(&SITE_FIELD);
    let foreign = site.is_some_and(|site| site != "same-origin" && site != "none");
    let origin = parts.headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    let ours = origin_of(parts, connection);
    foreign || origin.is_none() && is_upgrade(parts) || origin.is_some_and(|origin| Some(origin) != ours.as_deref())
}

/// By HTTP/1.1 an upgrade (RFC 6455 §4.1), by HTTP/2 a CONNECT (RFC 8441 §4).
fn is_upgrade(parts: &Parts) -> bool {
    parts.headers.contains_key(header::UPGRADE) || parts.method == Method::CONNECT
}

/// Whether a request that may change something lacks the token that only our own page knows.
fn lacks_token(parts: &Parts, session: &Session) -> bool {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) || is_upgrade(parts) {
        return false;
    }
    let token = parts.headers.get(&CSRF_FIELD).and_then(|token| token.to_str().ok());
    token.is_none_or(|token| !session.has_csrf(token))
}

/// The host that was asked for, with its port where one stands there.
pub(crate) fn host_of(parts: &Parts) -> Option<String> {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = parts.uri.authority().map(|authority| authority.as_str()).or(host)?;
    Some(host.to_ascii_lowercase())
}

/// The page's origin as browsers write it: no port where it is the usual one (RFC 6454 §6.2).
pub(crate) fn origin_of(parts: &Parts, connection: &Connection) -> Option<String> {
    let (scheme, usual) = if connection.secure { ("https", ":443") } else { ("http", ":80") };
    let host = host_of(parts)?;
    Some(format!("{scheme}://{}", host.strip_suffix(usual).unwrap_or(&host)))
}

/// Whose password an Authorization field shows.
async fn shown(web: &Web, connection: &Connection, field: &str) -> Result<Shown, Problem> {
    let (now, client, entrance) = (web.now(), connection.client.ip(), web.office().entrance());
    let (scheme, credentials) = field.split_once(' ').unwrap_or((field, ""));
    let found = if field.len() > AUTHORIZATION_MAX {
        Err(EntryError::Credentials)
    } else if scheme.eq_ignore_ascii_case("bearer") {
        entrance.shown_alone(now, client, credentials.trim()).await
    } else if scheme.eq_ignore_ascii_case("basic") {
        match basic(credentials) {
            Some((name, password)) => entrance.shown(now, client, name, password).await,
            None => Err(EntryError::Credentials),
        }
    } else {
        Err(EntryError::Credentials)
    };
    found.map_err(Problem::from)
}

/// The name and password of Basic credentials (RFC 7617 §2).
fn basic(credentials: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// Programs are told how to show who they are. Pages are not: the browser would ask with a window of its own, and keep
/// what was typed.
fn refuse(parts: &Parts, problem: Problem) -> Refused {
    let by_a_page = parts.headers.get(&MODE_FIELD).is_some_and(|mode| mode != "navigate")
        || parts.headers.contains_key(&CSRF_FIELD)
        || parts.headers.contains_key(header::COOKIE);
    Refused(if by_a_page { problem } else { problem.challenging(CHALLENGE) })
}

fn not_logged_in() -> Problem {
    Problem::new(problem::NOT_LOGGED_IN, "log in first: your session has ended, or there was none")
}

fn unavailable() -> Refused {
    tracing::error!("a request came without its connection");
    Refused(Problem::new(problem::UNAVAILABLE, "logins cannot be checked now"))
}

impl axum::response::IntoResponse for Refused {
    fn into_response(self) -> axum::response::Response {
        self.0.into_response()
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        refused.0
    }
}

impl FromRequestParts<Web> for Connection {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Connection, Refused> {
        parts.extensions.get::<Connection>().copied().ok_or_else(unavailable)
    }
}

impl FromRequestParts<Web> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Owner, Problem> {
        let caller = Caller::from_request_parts(parts, web).await?;
        match caller.way {
            Way::Session(_) | Way::Password(_) => Ok(Owner(caller)),
            Way::AppPassword(_) => {
                let detail = "an app password is for mail: this is done with a session, or the account's own password";
                Err(Problem::new(problem::NOT_ALLOWED, detail))
            }
        }
    }
}

impl FromRequestParts<Web> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Admin, Problem> {
        let Owner(caller) = Owner::from_request_parts(parts, web).await?;
        if web.office().is_admin(&caller.address).await {
            return Ok(Admin);
        }
        let detail = "only the account that the configuration names as `admin` may do this";
        Err(Problem::new(problem::NOT_ALLOWED, detail))
    }
}

/// The fields of a request, as middleware sees them.
pub(crate) fn agent_of(headers: &HeaderMap) -> String {
    headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_read_to_the_first_colon() {
        let coded = |text: &str| BASE64_STANDARD.encode(text);
        let read = |text: &str| basic(&coded(text)).map(|(name, password)| format!("{name}|{password}"));
        assert_eq!(read("bob:hun:gry").as_deref(), Some("bob|hun:gry"));
        assert_eq!(read("b\u{f6}b:").as_deref(), Some("b\u{f6}b|"));
        assert_eq!(read("bob"), None);
        assert_eq!(basic("?"), None);
        assert_eq!(basic(&BASE64_STANDARD.encode(b"\xff:a")), None);
    }
}
