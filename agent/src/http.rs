//! A client of HTTP for what a mail program needs: discovery, tokens, JMAP. HTTPS, and HTTP on this machine only. Owns
//! connections that are used again, redirections, limits of time and size; what is asked is the caller's.

use crate::dialing::{DialError, Internet, explain_handshake, is_lasting, is_this_machine, server_name};
use crate::trouble::{Kind, Trouble};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderValue, LOCATION};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::ClientConfig;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// How long a server may take for the next thing it says, if nobody says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Redirections that are followed: browsers follow twenty, and no server of mail needs more than two.
pub const REDIRECTS_MAX: usize = 5;
/// Connections to one origin that are kept for the next request.
pub const IDLE_MAX: usize = 4;
/// Octets of an answer's head, with all its fields: what servers take of clients at most.
const HEAD_MAX: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The URL is none, or none of HTTP.
    #[error("{0:?} is no https:// address")]
    Url(String),
    /// Nobody connects.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// No TLS, and none the next time; in words.
    #[error("{0}")]
    Tls(String),
    /// The connection broke, or what came is no HTTP.
    #[error("{host}: {why}")]
    Broken {
        /// Of which server.
        host: String,
        /// Why.
        why: String,
    },
    /// Nothing came for too long.
    #[error("{0} did not answer in time")]
    TimedOut(String),
    /// The answer is longer than it may be.
    #[error("{0} answers with more than {1} octets")]
    TooLarge(String, usize),
    /// It leads in circles, or where no secret may go.
    #[error("{0} leads elsewhere too often, or where nobody should follow")]
    Redirect(String),
}

impl HttpError {
    /// The network or the server is not there now; it may be later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            HttpError::Dial(error) => error.is_temporary(),
            HttpError::Broken { .. } | HttpError::TimedOut(_) => true,
            HttpError::Url(_) | HttpError::Tls(_) | HttpError::TooLarge(..) | HttpError::Redirect(_) => false,
        }
    }
}

/// Whom requests go to: one server at one port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

type Sender = SendRequest<Full<Bytes>>;

/// A client. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client(Arc<Inside>);

struct Inside {
    internet: Internet,
    tls: Option<Arc<ClientConfig>>,
    patience: Duration,
    idle: Mutex<HashMap<Origin, Vec<Sender>>>,
}

/// An answer whose head has come.
pub struct Response {
    /// What came of it.
    pub status: StatusCode,
    /// Its fields.
    pub headers: HeaderMap,
    /// Who answered, after redirections.
    pub url: Uri,
    body: Incoming,
    back: Option<(Origin, Sender)>,
    client: Client,
}

impl Client {
    /// One that believes the certificates of this configuration; `None`: those the internet usually believes.
    #[must_use]
    pub fn new(internet: &Internet, tls: Option<Arc<ClientConfig>>) -> Client {
        Client::with_patience(internet, tls, PATIENCE)
    }

    /// The same with another limit of time for the next thing a server says.
    #[must_use]
    pub fn with_patience(internet: &Internet, tls: Option<Arc<ClientConfig>>, patience: Duration) -> Client {
        Client(Arc::new(Inside { internet: internet.clone(), tls, patience, idle: Mutex::default() }))
    }

    /// Asks for what is at a URL. Redirections are followed.
    ///
    /// # Errors
    /// There is no answer; one that says no is one.
    pub async fn get(&self, url: &str) -> Result<Response, HttpError> {
        let request = Request::get(url).body(Bytes::new()).map_err(|_| HttpError::Url(url.to_owned()))?;
        self.send(request).await
    }

    /// Posts a form (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// There is no answer.
    pub async fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Response, HttpError> {
        let request = Request::post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(Bytes::from(form(fields)));
        self.send(request.map_err(|_| HttpError::Url(url.to_owned()))?).await
    }

    /// Sends a request; its URL is absolute. GET and HEAD follow redirections, and leave what proves who one is behind where
    /// they lead to another origin (RFC 9110 §15.4).
    ///
    /// # Errors
    /// There is no answer.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response, HttpError> {
        let (mut head, body) = request.into_parts();
        let follows = matches!(head.method, Method::GET | Method::HEAD);
        for _ in 0..=REDIRECTS_MAX {
            let origin = origin_of(&head.uri)?;
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = head.method.clone();
            *request.headers_mut() = head.headers.clone();
            let response = self.exchange(origin.clone(), head.uri.clone(), request).await?;
            let location = response.headers.get(LOCATION).filter(|_| follows && response.status.is_redirection());
            let Some(location) = location.and_then(|value| value.to_str().ok()) else { return Ok(response) };
            let next = join(&head.uri, location).ok_or_else(|| HttpError::Redirect(origin.host.clone()))?;
            let next_origin = origin_of(&next).map_err(|_| HttpError::Redirect(origin.host.clone()))?;
            // Who asked over TLS is not led out of it.
            if origin.secure && !next_origin.secure {
                return Err(HttpError::Redirect(origin.host));
            }
            if next_origin != origin {
                head.headers.remove(AUTHORIZATION);
                head.headers.remove(COOKIE);
            }
            head.uri = next;
        }
        Err(HttpError::Redirect(head.uri.host().unwrap_or_default().to_owned()))
    }

    /// One request, one answer.
    async fn exchange(
        &self,
        origin: Origin,
        url: Uri,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response, HttpError> {
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(|_| HttpError::Url(url.to_string()))?;
        let host = url.authority().and_then(|authority| {
            let after_login = authority.as_str().rsplit('@').next().unwrap_or_default();
            HeaderValue::from_str(after_login).ok()
        });
        request.headers_mut().insert(HOST, host.ok_or_else(|| HttpError::Url(url.to_string()))?);
        // A connection that waited may have been given up by the server: what it did not take goes on a new one.
        while let Some(mut sender) = self.idle(&origin) {
            match self.answer(&origin, sender.try_send_request(request)).await? {
                Ok(answer) => return Ok(self.response(url, answer, (origin, sender))),
                Err(unsent) => request = unsent,
            }
        }
        let mut sender = self.connect(&origin).await?;
        match self.answer(&origin, sender.try_send_request(request)).await? {
            Ok(answer) => Ok(self.response(url, answer, (origin, sender))),
            Err(_) => Err(broken(&origin, "the connection was closed")),
        }
    }

    /// The answer, or the request where it was never sent.
    async fn answer(
        &self,
        origin: &Origin,
        sent: impl Future<
            Output = Result<hyper::Response<Incoming>, hyper::client::conn::TrySendError<Request<Full<Bytes>>>>,
        >,
    ) -> Result<Result<hyper::Response<Incoming>, Request<Full<Bytes>>>, HttpError> {
        let answered = timeout(self.0.patience, sent).await.map_err(|_| HttpError::TimedOut(origin.host.clone()))?;
        match answered {
            Ok(answer) => Ok(Ok(answer)),
            Err(mut error) => match error.take_message() {
                Some(request) => Ok(Err(request)),
                None => Err(broken(origin, &words(error.error()))),
            },
        }
    }

    fn response(&self, url: Uri, answer: hyper::Response<Incoming>, back: (Origin, Sender)) -> Response {
        let (head, body) = answer.into_parts();
        Response { status: head.status, headers: head.headers, url, body, back: Some(back), client: self.clone() }
    }

    fn idle(&self, origin: &Origin) -> Option<Sender> {
        let mut idle = self.0.idle.lock();
        let waiting = idle.get_mut(origin)?;
        waiting.retain(|sender| !sender.is_closed());
        waiting.pop()
    }

    fn give_back(&self, origin: Origin, sender: Sender) {
        let mut idle = self.0.idle.lock();
        let waiting = idle.entry(origin).or_default();
        if !sender.is_closed() && waiting.len() < IDLE_MAX {
            waiting.push(sender);
        }
    }

    async fn connect(&self, origin: &Origin) -> Result<Sender, HttpError> {
        let connection = self.0.internet.connect(&origin.host, origin.port).await?;
        if !origin.secure {
            return handshake(origin, connection).await;
        }
        let tls = match &self.0.tls {
            Some(tls) => tls.clone(),
            None => self.0.internet.trust(None)?,
        };
        let name = server_name(&origin.host)?;
        let secured = net::tls::connect(connection, (tls, name), self.0.patience).await;
        let (stream, _) = secured.map_err(|error| match is_lasting(&error) {
            true => HttpError::Tls(explain_handshake(&error, &origin.host)),
            // The line broke, as it may anywhere.
            false => broken(origin, &error.to_string()),
        })?;
        handshake(origin, stream).await
    }
}

async fn handshake(
    origin: &Origin,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<Sender, HttpError> {
    let made = http1::Builder::new().max_buf_size(HEAD_MAX).handshake(TokioIo::new(stream)).await;
    let (sender, connection) = made.map_err(|error| broken(origin, &words(&error)))?;
    // Ends by itself when nobody sends over it any more.
    drop(tokio::spawn(connection));
    Ok(sender)
}

impl Response {
    /// The next piece of the body; `None` at its end. For bodies that go on and on.
    ///
    /// # Errors
    /// The connection broke, or nothing came in time.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        let host = || self.url.host().unwrap_or_default().to_owned();
        loop {
            let frame = timeout(self.client.0.patience, self.body.frame()).await;
            match frame.map_err(|_| HttpError::TimedOut(host()))? {
                None => {
                    if let Some((origin, sender)) = self.back.take() {
                        self.client.give_back(origin, sender);
                    }
                    return Ok(None);
                }
                Some(Err(error)) => return Err(HttpError::Broken { host: host(), why: words(&error) }),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body, of at most `limit` octets.
    ///
    /// # Errors
    /// It is longer, or does not come.
    pub async fn octets(mut self, limit: usize) -> Result<Vec<u8>, HttpError> {
        let mut octets = Vec::new();
        while let Some(piece) = self.next().await? {
            if octets.len() + piece.len() > limit {
                return Err(HttpError::TooLarge(self.url.host().unwrap_or_default().to_owned(), limit));
            }
            octets.extend_from_slice(&piece);
        }
        Ok(octets)
    }
}

fn broken(origin: &Origin, why: &str) -> HttpError {
    HttpError::Broken { host: origin.host.clone(), why: why.to_owned() }
}

/// An error with the one behind it, which says more.
fn words(error: &hyper::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

fn origin_of(url: &Uri) -> Result<Origin, HttpError> {
    let wrong = || HttpError::Url(url.to_string());
    let host = url.host().ok_or_else(wrong)?.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let secure = match url.scheme_str() {
        Some("https") => true,
        Some("http") if is_this_machine(&host) => false,
        _ => return Err(wrong()),
    };
    let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
    Ok(Origin { secure, host, port })
}

/// The host and the port of a URL.
#[must_use]
pub fn host_and_port(url: &str) -> Option<(String, u16)> {
    let origin = origin_of(&url.parse().ok()?).ok()?;
    Some((origin.host, origin.port))
}

/// Where a reference leads (RFC 3986 §5.2), as far as servers write them; `None`: it cannot be told.
#[must_use]
pub fn join(base: &Uri, reference: &str) -> Option<Uri> {
    if reference.contains("://") {
        return reference.parse().ok();
    }
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    if reference.starts_with("//") {
        return format!("{scheme}:{reference}").parse().ok();
    }
    let path = base.path();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let target = match reference.chars().next() {
        Some('/') => reference.to_owned(),
        Some('?') => format!("{path}{reference}"),
        Some('#') | None => base.path_and_query()?.to_string(),
        Some(_) => format!("{folder}/{reference}"),
    };
    format!("{scheme}://{authority}{target}").parse().ok()
}

/// Fields of a form, or of a query.
#[must_use]
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::new();
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Trouble {
        let kind = match error {
            HttpError::Dial(error) => return error.into(),
            HttpError::Url(_) | HttpError::Tls(_) => Kind::Settings,
            HttpError::Broken { .. } | HttpError::TimedOut(_) => Kind::TryAgain,
            HttpError::TooLarge(..) | HttpError::Redirect(_) => Kind::Protocol,
        };
        Trouble::new(kind, error)
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
