//! The way through a browser: the person logs in at the provider, who sends the browser back to a door on this machine with
//! a code, which is changed for tokens (RFC 6749 §4.1, RFC 7636, RFC 8252). Owns the state and the proof that it was we who
//! began, and the page at the end.

use super::{Endpoints, OAuthError, Tokens, ask, host_of, refused};
use crate::http::{Client, form};
use aws_lc_rs::digest;
use aws_lc_rs::rand::fill;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use message::Time;
use net::loopback::Loopback;
use parking_lot::Mutex;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a person may take to log in.
pub const LOGIN_LIMIT: Duration = Duration::from_secs(600);
/// How long the browser may take for its request: it is on this machine.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// A login under way: the browser is to be led to its URL.
pub struct Login {
    door: Loopback,
    redirect: String,
    state: String,
    verifier: String,
    url: String,
    endpoints: Endpoints,
}

/// What the browser came back with.
enum Back {
    Code(String),
    Refused(OAuthError),
}

impl Login {
    /// Opens the door and makes the URL. `hint`: whose login it is.
    ///
    /// # Errors
    /// The provider has no such way, or this machine no door.
    pub async fn begin(endpoints: Endpoints, hint: &str) -> Result<Login, OAuthError> {
        let authorize = endpoints.authorize.clone().ok_or_else(|| endpoints.missing("authorize"))?;
        let here = |error: std::io::Error| OAuthError::Here(format!("no door for the browser: {error}"));
        let door = Loopback::open().await.map_err(here)?;
        let redirect = format!("http://127.0.0.1:{}/", door.port().map_err(here)?);
        let (state, verifier) = (random()?, random()?);
        // RFC 7636 §4.2.
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &*endpoints.client_id),
            ("redirect_uri", &*redirect),
            ("state", &*state),
            ("code_challenge", &*challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", hint),
        ];
        fields.extend(endpoints.scope.as_deref().map(|scope| ("scope", scope)));
        let separator = if authorize.contains('?') { '&' } else { '?' };
        let url = format!("{authorize}{separator}{}", form(&fields));
        Ok(Login { door, redirect, state, verifier, url, endpoints })
    }

    /// Where the browser is to go.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the browser and changes its code for tokens.
    ///
    /// # Errors
    /// The person or the provider says no, or nobody comes within [`LOGIN_LIMIT`].
    pub async fn finish(self, client: &Client, now: impl Fn() -> Time) -> Result<Tokens, OAuthError> {
        let code = timeout(LOGIN_LIMIT, self.wait()).await.map_err(|_| OAuthError::Late)??;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", &*self.redirect),
            ("code_verifier", &*self.verifier),
        ];
        ask(client, &self.endpoints, &fields, now()).await
    }

    /// Answers requests until one is the provider's answer to us. Others (a page that tries, an icon that is looked for)
    /// change nothing.
    async fn wait(&self) -> Result<String, OAuthError> {
        loop {
            let connection = self.door.next().await.map_err(|error| OAuthError::Here(error.to_string()))?;
            let back = Arc::new(Mutex::new(None));
            let service = service_fn(|request: Request<Incoming>| {
                let found = self.read(request.uri().path(), request.uri().query().unwrap_or_default());
                let page = page(found.as_ref());
                if let Some(found) = found {
                    *back.lock() = Some(found);
                }
                async move { Ok::<_, Infallible>(page) }
            });
            let serving = hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(connection), service);
            // One that says nothing keeps nobody else from coming.
            let _ = timeout(REQUEST_LIMIT, serving).await;
            let back = back.lock().take();
            match back {
                Some(Back::Code(code)) => return Ok(code),
                Some(Back::Refused(error)) => return Err(error),
                None => {}
            }
        }
    }

    /// What a request says (RFC 6749 §4.1.2); `None`: it is none of the provider's.
    fn read(&self, path: &str, query: &str) -> Option<Back> {
        let value = |name| value(query, name);
        let ours = path == "/" && value("state").is_some_and(|state| state == self.state);
        if !ours {
            return None;
        }
        let host = self.endpoints.authorize.as_deref().map(host_of).unwrap_or_default();
        // RFC 9207 §2.4: an answer of another provider is none of ours.
        if let (Some(said), Some(known)) = (value("iss"), &self.endpoints.issuer)
            && said.trim_end_matches('/') != known.trim_end_matches('/')
        {
            return Some(Back::Refused(OAuthError::Malformed(host, "another provider answered")));
        }
        if let Some(code) = value("error") {
            return Some(Back::Refused(refused(host, &code, value("error_description").as_deref())));
        }
        value("code").filter(|code| !code.is_empty()).map(Back::Code)
    }
}

/// 256 random bits: what RFC 7636 §7.1 asks of a verifier, and enough for a state.
fn random() -> Result<String, OAuthError> {
    let mut octets = [0; 32];
    fill(&mut octets).map_err(|_| OAuthError::Here("no random numbers here".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(octets))
}

/// The field of a query, decoded.
fn value(query: &str, name: &str) -> Option<String> {
    let raw = query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))?.1;
    let mut octets = Vec::new();
    let mut rest = raw.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(octets).ok()
}

/// What the person sees: nothing that came in the request.
fn page(found: Option<&Back>) -> Response<Full<Bytes>> {
    let (status, words) = match found {
        Some(Back::Code(_)) => (StatusCode::OK, "Done. You may close this window and go back to Pillarbox."),
        Some(Back::Refused(_)) => (StatusCode::OK, "It did not work. Pillarbox tells why; you may close this window."),
        None => (StatusCode::NOT_FOUND, "There is nothing here."),
    };
    let html = format!("<!DOCTYPE html>\n<html lang=\"en\"><title>Pillarbox</title><p>{words}</p></html>\n");
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let fields = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (CONNECTION, "close"),
    ];
    for (name, value) in fields {
        response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}
