//! Receives connections at the web listeners: TLS where it is spoken, then HTTP/1.1 or HTTP/2 to the house's router, until
//! the client goes, is idle too long, or the server drains. What is answered is `web`'s.

use crate::config::ListenerKind;
use crate::house::House;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, Version, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use net::Seat;
use net::accept::{Reception, Refused};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use web::Connection;

/// How long a client may take for the fields of a request, and how long a connection may lie idle between two.
const HEADER_LIMIT: Duration = Duration::from_secs(30);

/// How long the handshake of TLS may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);

/// Octets of the fields of a request: browsers send some hundreds, and a cookie of ours has less than one.
const HEADER_OCTETS_MAX: usize = 64 * 1024;

/// Requests at a time on one connection of HTTP/2.
const STREAMS_MAX: u32 = 100;

/// The reception of a web listener.
pub(crate) struct WebReception {
    pub(crate) kind: ListenerKind,
    pub(crate) house: Arc<House>,
}

/// The TLS of the web listeners: as the mail ports speak it, with the names of what is spoken inside (RFC 7301).
pub(crate) fn tls(mail: &Arc<rustls::ServerConfig>) -> Arc<rustls::ServerConfig> {
    let mut config = rustls::ServerConfig::clone(mail);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

impl Reception for WebReception {
    fn is_trusted(&self, client: IpAddr) -> bool {
        self.house.config.load().trust.relay_networks.iter().any(|network| network.contains(client))
    }

    fn refusal(&self, why: Refused) -> Option<String> {
        self.house.traffic.refused(self.kind);
        (self.kind == ListenerKind::Http).then(|| {
            let text = format!("{why}, try again later\n");
            let length = text.len();
            format!("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{text}")
        })
    }

    fn receive(
        &self,
        connection: TcpStream,
        client: SocketAddr,
        seat: Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (kind, house) = (self.kind, self.house.clone());
        async move {
            let _open = house.traffic.opened(kind);
            let _live = house.live.enter(kind, client, (seat.clone(), house.clock.now()));
            if kind != ListenerKind::Https {
                return speak(&house, connection, Connection { client, secure: false }).await;
            }
            match net::tls::accept(connection, house.web_tls.clone(), HANDSHAKE_LIMIT).await {
                Ok((stream, facts)) => {
                    seat.secured(&facts);
                    speak(&house, stream, Connection { client, secure: true }).await;
                }
                Err(error) => tracing::debug!(%error, client = %client.ip(), "a handshake of https failed"),
            }
        }
    }
}

/// Answers requests until the connection ends.
async fn speak(house: &Arc<House>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, from: Connection) {
    let router = if leads_elsewhere(house, &from) { elsewhere(house) } else { house.router.clone() };
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(from);
        answer(router.clone(), request)
    });
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_LIMIT).max_buf_size(HEADER_OCTETS_MAX);
    http.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
    let size = u32::try_from(HEADER_OCTETS_MAX).unwrap_or(u32::MAX);
    http.http2().max_header_list_size(size).keep_alive_interval(HEADER_LIMIT);
    let serving = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let mut drain = house.drain.clone();
    let drained = tokio::select! {
        ended = serving.as_mut() => { note(ended); false }
        _ = drain.wait_for(|drain| *drain) => true,
    };
    if drained {
        serving.as_mut().graceful_shutdown();
        note(serving.await);
    }
}

fn note(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a web connection broke");
    }
}

async fn answer(router: Router, request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
    if !names_one_host(request.version(), request.headers()) {
        let close = [(header::CONNECTION, "close")];
        return Ok((StatusCode::BAD_REQUEST, close, "a request names one host\n").into_response());
    }
    tower::ServiceExt::oneshot(router, request.map(Body::new)).await
}

/// RFC 9112 §3.2: a request of HTTP/1.1 without Host, with two, or with one that is none is answered with 400. What stands
/// between client and server may have looked at the other.
fn names_one_host(version: Version, fields: &HeaderMap) -> bool {
    let mut hosts = fields.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version != Version::HTTP_11,
        (Some(host), None) => host.is_empty() || is_authority(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// A host, and a port where there is one; nobody's name before it.
fn is_authority(host: &[u8]) -> bool {
    Authority::try_from(host).is_ok_and(|authority| !authority.as_str().contains('@') && !authority.host().is_empty())
}

/// In the clear only this machine itself is served (a proxy on it, a newcomer who tries it); others are led to https.
fn leads_elsewhere(house: &House, from: &Connection) -> bool {
    let config = house.config.load();
    let in_the_clear = &config.trust.plaintext_login_networks;
    let client = from.client.ip();
    !from.secure && !client.is_loopback() && !in_the_clear.iter().any(|network| network.contains(client))
}

/// A router that leads to the same page by https.
fn elsewhere(house: &House) -> Router {
    let config = house.config.load();
    let port =
        config.listen.iter().find(|listen| listen.kind == ListenerKind::Https).map(|listen| listen.address.port());
    let hostname = config.hostname.to_string();
    Router::new().fallback(move |request: Request| {
        let place = https_of(&hostname, port, request.uri());
        async move { redirect(place) }
    })
}

/// Where a page is by https. The name is ours, not the one the client sent: that one may be anybody's.
fn https_of(hostname: &str, port: Option<u16>, uri: &Uri) -> Option<String> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match port? {
        443 => Some(format!("https://{hostname}{path}")),
        port => Some(format!("https://{hostname}:{port}{path}")),
    }
}

fn redirect(place: Option<String>) -> Response {
    match place.and_then(|place| HeaderValue::from_str(&place).ok()) {
        Some(place) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)]).into_response(),
        None => (StatusCode::FORBIDDEN, "this server answers in the clear on its own machine only\n").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_by_https_under_our_own_name() {
        let of = |port, uri: &'static str| https_of("mx.hamburger.edu", port, &Uri::from_static(uri));
        assert_eq!(of(Some(443), "/mail?q=a"), Some("https://mx.hamburger.edu/mail?q=a".to_owned()));
        assert_eq!(of(Some(8443), "http://evil.test/x"), Some("https://mx.hamburger.edu:8443/x".to_owned()));
        assert_eq!(of(None, "/"), None);
    }

    #[test]
    fn a_request_names_one_host() {
        let fields = |hosts: &[&'static str]| -> HeaderMap {
            hosts.iter().map(|host| (header::HOST, HeaderValue::from_static(host))).collect()
        };
        for (hosts, version, good) in [
            (&["mx.hamburger.edu"][..], Version::HTTP_11, true),
            (&["127.0.0.1:8080"], Version::HTTP_11, true),
            (&["[::1]:8080"], Version::HTTP_11, true),
            (&[""], Version::HTTP_11, true),
            (&[], Version::HTTP_11, false),
            (&[], Version::HTTP_10, true),
            (&[], Version::HTTP_2, true),
            (&["a.test", "b.test"], Version::HTTP_11, false),
            (&["a.test", "a.test"], Version::HTTP_11, false),
            (&["a.test", "b.test"], Version::HTTP_2, false),
            (&["a.test b.test"], Version::HTTP_11, false),
            (&["a.test/x"], Version::HTTP_11, false),
            (&["bob@a.test"], Version::HTTP_11, false),
            (&[":80"], Version::HTTP_11, false),
        ] {
            assert_eq!(names_one_host(version, &fields(hosts)), good, "{hosts:?} {version:?}");
        }
    }

    #[tokio::test]
    async fn without_https_there_is_nowhere_to_go() {
        assert_eq!(redirect(None).status(), StatusCode::FORBIDDEN);
        let response = redirect(Some("https://mx.hamburger.edu/".to_owned()));
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        assert_eq!(response.headers().get(header::LOCATION).unwrap(), "https://mx.hamburger.edu/");
    }
}
