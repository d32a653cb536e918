//! For tests: an internet of hosts on loopback, with names, an authority that vouches for them, and answers of HTTP that
//! a test gives.
#![allow(clippy::disallowed_methods, reason = "writes PEM files and connects, for tests")]
#![allow(clippy::unwrap_used)]

use crate::dialing::{Internet, MadeUp};
use crate::house::Folders;
use net::clock::Clock;
use net::tls::{Certificate, Certificates, HANDSHAKE_LIMIT, accept, server_config};
use rustls::ServerConfig;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// The hosts.
pub struct Stage {
    folder: tempfile::TempDir,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pub made_up: MadeUp,
}

/// A request as it came.
pub struct Asked {
    /// The request line and the fields.
    pub head: String,
    pub body: String,
}

impl Asked {
    /// As in `GET /path?query`.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
    }
}

/// An answer with a body of a type.
pub fn ok(kind: &str, body: &str) -> String {
    answer("200 OK", &format!("Content-Type: {kind}\r\n"), body)
}

/// An answer with fields, each with its line end.
pub fn answer(status: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

impl Stage {
    pub fn new() -> Stage {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        let authority = parameters.self_signed(&key).unwrap();
        let mut made_up = MadeUp::default();
        made_up.roots.add(authority.der().clone()).unwrap();
        let issuer = rcgen::Issuer::new(parameters, key);
        Stage { folder: tempfile::tempdir().unwrap(), issuer, made_up }
    }

    pub fn internet(&self) -> Internet {
        Internet::made_up(Clock::system(), self.made_up.clone())
    }

    pub fn folders(&self) -> Folders {
        Folders::of(|_| Some(self.folder.path().into())).unwrap()
    }

    /// The TLS of a host that the authority vouches for.
    pub fn tls(&self, name: &str) -> Arc<ServerConfig> {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        self.tls_of(&certificate.pem(), &key.serialize_pem())
    }

    /// The TLS of a host with a certificate of its own making, and that.
    pub fn tls_self_signed(&self, name: &str) -> (Arc<ServerConfig>, String) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        (self.tls_of(&made.cert.pem(), &made.signing_key.serialize_pem()), made.cert.pem())
    }

    fn tls_of(&self, certificate: &str, key: &str) -> Arc<ServerConfig> {
        let (pem, key_pem) = (self.folder.path().join("c.pem"), self.folder.path().join("k.pem"));
        std::fs::write(&pem, certificate).unwrap();
        std::fs::write(&key_pem, key).unwrap();
        server_config(Certificates::new(&Certificate::load(&pem, &key_pem).unwrap())).unwrap()
    }

    /// A listener that is known as this host and port.
    pub async fn listen(&mut self, host: &str, port: u16) -> TcpListener {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.made_up.hosts.insert((host.to_owned(), port), listener.local_addr().unwrap());
        listener
    }

    /// A host that answers requests over HTTPS at port 443.
    pub async fn https(&mut self, host: &str, answers: impl Fn(Asked) -> String + Send + Sync + 'static) {
        let (listener, tls) = (self.listen(host, 443).await, self.tls(host));
        self.serve(listener, tls, answers);
    }

    /// Answers requests at a listener.
    pub fn serve(
        &self,
        listener: TcpListener,
        tls: Arc<ServerConfig>,
        answers: impl Fn(Asked) -> String + Send + Sync + 'static,
    ) {
        let answers = Arc::new(answers);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (tls, answers) = (tls.clone(), answers.clone());
                tokio::spawn(async move {
                    if let Ok((stream, _)) = accept(connection, tls, HANDSHAKE_LIMIT).await {
                        speak(stream, &*answers).await;
                    }
                });
            }
        });
    }
}

/// Answers one request after the other, until the client leaves or an answer says `Connection: close`.
pub async fn speak(mut stream: impl AsyncRead + AsyncWrite + Unpin, answers: &(impl Fn(Asked) -> String + ?Sized)) {
    let mut heard = Vec::new();
    loop {
        while let Some((asked, taken)) = read(&heard) {
            heard.drain(..taken);
            let answer = answers(asked);
            let parts = answer.contains("Connection: close");
            if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() || parts {
                let _ = stream.shutdown().await;
                return;
            }
        }
        if !matches!(stream.read_buf(&mut heard).await, Ok(1..)) {
            return;
        }
    }
}

/// One whole request, and its length.
fn read(heard: &[u8]) -> Option<(Asked, usize)> {
    let end = heard.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(heard[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.unwrap_or(0);
    let body = heard.get(end..end + length)?;
    Some((Asked { head, body: String::from_utf8(body.to_vec()).unwrap() }, end + length))
}

/// How a server of lines is reached.
pub enum Wrap {
    Tls(Arc<ServerConfig>),
    /// TLS after the command STARTTLS or STLS.
    StartTls(Arc<ServerConfig>),
}

trait Both: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

/// A server of lines that says what is written down, to one client: what it hears begins so, and it answers so; an empty
/// answer drops the connection, and so does a client that does not like the certificate.
pub async fn play(listener: &TcpListener, wrap: Wrap, greeting: &str, script: &[(&str, &str)]) {
    let (connection, _) = listener.accept().await.unwrap();
    let mut stream: Box<dyn Both> = Box::new(connection);
    if let Wrap::Tls(tls) = &wrap {
        let Ok((secured, _)) = accept(stream, tls.clone(), HANDSHAKE_LIMIT).await else { return };
        stream = Box::new(secured);
    }
    stream.write_all(format!("{greeting}\r\n").as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    for (expected, answer) in script {
        hear(&mut stream, &mut heard, expected).await;
        if answer.is_empty() {
            return;
        }
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        if let Wrap::StartTls(tls) = &wrap
            && (expected.ends_with("STARTTLS") || *expected == "STLS")
        {
            let Ok((secured, _)) = accept(stream, tls.clone(), HANDSHAKE_LIMIT).await else { return };
            stream = Box::new(secured);
        }
    }
}

/// Takes what is expected, and the rest of its line.
async fn hear(stream: &mut Box<dyn Both>, heard: &mut Vec<u8>, expected: &str) {
    loop {
        let end = heard.get(expected.len()..).and_then(|rest| rest.windows(2).position(|two| two == b"\r\n"));
        let shown = || String::from_utf8_lossy(heard).into_owned();
        let known = expected.len().min(heard.len());
        assert_eq!(heard[..known], expected.as_bytes()[..known], "{} instead of {expected}", shown());
        if let Some(end) = end {
            heard.drain(..expected.len() + end + 2);
            return;
        }
        let read = stream.read_buf(heard).await;
        assert!(matches!(read, Ok(1..)), "the client left before it said {expected}");
    }
}
