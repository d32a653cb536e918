//! Connects to push services (RFC 8030): names are looked up, addresses that lead inside are left alone, certificates are
//! checked, and a letter is posted over HTTP/1.1. Owns the connection and its limits; what is sent is `web`'s. Redirections are
//! not followed: where a service lives was said when it was subscribed with.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use message::Domain;
use net::dns::Resolver;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use web::push::{Carried, Courier, Letter, Posting, is_public};

/// How long a service may take in all.
const POST_LIMIT: Duration = Duration::from_secs(30);
/// Octets of an answer that are read: nothing in it matters but its status.
const ANSWER_MAX: usize = 16 * 1024;

/// Whoever connects to push services for this house.
#[derive(Clone)]
pub(crate) struct PushCourier {
    pub(crate) resolver: Resolver,
    /// `None`: no authorities are known to this system, so nobody can prove a name.
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
    /// Whether services may be in private networks (`outbound.loopback_targets`).
    pub(crate) allows_private: bool,
}

impl Courier for PushCourier {
    fn post(&self, letter: Letter) -> Posting {
        let courier = self.clone();
        Box::pin(async move {
            let done = timeout(POST_LIMIT, courier.carry(letter)).await;
            done.unwrap_or(Some(Carried::Unreachable)).unwrap_or(Carried::Unreachable)
        })
    }

    fn allows_private(&self) -> bool {
        self.allows_private
    }
}

impl PushCourier {
    /// `None` where it cannot be reached.
    async fn carry(self, letter: Letter) -> Option<Carried> {
        if !web::push::may_post(&letter.url, self.allows_private) {
            return Some(Carried::Forbidden);
        }
        let url: Uri = letter.url.parse().ok()?;
        let secure = url.scheme_str() == Some("https");
        let host = url.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let found = self.addresses(&host).await?;
        let allowed = reachable(found, self.allows_private);
        if allowed.is_empty() {
            return Some(Carried::Forbidden);
        }
        for address in allowed {
            let Ok(connection) = net::dial::connect(SocketAddr::new(address, port)).await else { continue };
            if !secure {
                return speak(connection, &url, letter).await;
            }
            let name = rustls::pki_types::ServerName::try_from(host).ok()?;
            let stream = net::tls::connect(connection, (self.tls?, name), POST_LIMIT).await.ok()?.0;
            return speak(stream, &url, letter).await;
        }
        None
    }

    async fn addresses(&self, host: &str) -> Option<Vec<IpAddr>> {
        if let Ok(address) = host.parse() {
            return Some(vec![address]);
        }
        let domain = Domain::parse(host).ok()?;
        self.resolver.addresses(&domain).await.found().map(|found| found.list)
    }
}

/// The addresses behind a name that may be connected to. Looked at after it was resolved, and these are connected to: a
/// name that leads inside, or begins to, gains nothing.
fn reachable(found: Vec<IpAddr>, allows_private: bool) -> Vec<IpAddr> {
    found.into_iter().filter(|address| allows_private || is_public(*address)).collect()
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    url: &Uri,
    letter: Letter,
) -> Option<Carried> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let driven = tokio::spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path).header(header::HOST, url.authority()?.as_str());
    for (name, value) in &letter.fields {
        request = request.header(*name, value);
    }
    let answer = sender.send_request(request.body(Full::new(Bytes::from(letter.body))).ok()?).await.ok();
    let carried = match answer {
        Some(answer) => {
            let after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let carried = Carried::Answered {
                status: answer.status().as_u16(),
                retry_after_s: after.and_then(|s| s.parse().ok()),
            };
            let _ = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
            Some(carried)
        }
        None => None,
    };
    driven.abort();
    carried
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn a_name_that_leads_inside_leads_nowhere() {
        let found =
            || ["127.0.0.1", "::ffff:10.0.0.1", "::1", "8.8.8.8", "169.254.169.254"].map(|it| it.parse().unwrap());
        assert_eq!(reachable(found().into(), false), ["8.8.8.8".parse::<IpAddr>().unwrap()]);
        assert_eq!(reachable(found().into(), true).len(), 5);
    }

    /// A list's host: the requests it was sent, each answered so.
    async fn host(folder: &std::path::Path, answer: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
        let now = net::clock::Clock::system().now();
        let certificate = net::tls::Certificate::self_signed(folder, "127.0.0.1", now).unwrap();
        let tls = net::tls::server_config(net::tls::Certificates::new(&certificate)).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (connection, _) = listener.accept().await.unwrap();
            let (mut stream, _) = net::tls::accept(connection, tls, POST_LIMIT).await.unwrap();
            let mut heard = Vec::new();
            while !heard.ends_with(b"One-Click") {
                assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "{}", String::from_utf8_lossy(&heard));
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(heard).unwrap()
        });
        (address, serving)
    }

    #[tokio::test]
    async fn a_letter_goes_over_https_with_nothing_but_what_it_says() {
        for (answer, status) in [
            ("HTTP/1.1 200 OK\r\nSet-Cookie: who=bob\r\nContent-Length: 0\r\n\r\n", 200),
            ("HTTP/1.1 307 Elsewhere\r\nLocation: https://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n", 307),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (address, serving) = host(folder.path(), answer).await;
            let letter = || Letter {
                url: format!("https://{address}/leave?t=1"),
                fields: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
                body: b"List-Unsubscribe=One-Click".to_vec(),
            };
            let resolver = Resolver::new(&["127.0.0.1:9".parse().unwrap()]).unwrap();
            let tls = crate::outgoing::proving(Some(&folder.path().join(net::tls::SELF_SIGNED_CERTIFICATE))).unwrap();
            let courier = PushCourier { resolver, tls: Some(tls), allows_private: true };
            let carried = courier.post(letter()).await;
            assert_eq!(carried, Carried::Answered { status, retry_after_s: None });
            let heard = serving.await.unwrap();
            assert!(heard.starts_with(&format!("POST /leave?t=1 HTTP/1.1\r\nhost: {address}\r\n")), "{heard}");
            let names: Vec<&str> = heard.lines().skip(1).filter_map(|line| Some(line.split_once(": ")?.0)).collect();
            assert_eq!(names, ["host", "content-type", "content-length"], "{heard}");
            // The guard is not for tests only.
            assert_eq!(PushCourier { allows_private: false, ..courier }.post(letter()).await, Carried::Forbidden);
        }
    }

    #[tokio::test]
    async fn an_address_in_any_spelling_is_refused_before_anybody_connects() {
        let resolver = Resolver::new(&["127.0.0.1:9".parse().unwrap()]).unwrap();
        let courier = PushCourier { resolver, tls: None, allows_private: false };
        for url in [
            "https://localhost./",
            "https://127.1/",
            "https://0x7f.1/",
            "https://[::ffff:127.0.0.1]/",
            "http://8.8.8.8/",
        ] {
            let letter = Letter { url: url.to_owned(), fields: Vec::new(), body: Vec::new() };
            assert_eq!(courier.post(letter).await, Carried::Forbidden, "{url}");
        }
    }
}
