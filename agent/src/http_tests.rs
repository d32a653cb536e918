//! Requests to hosts of a stage.

use super::*;
use crate::stage::{Stage, answer, ok, speak};
use std::sync::atomic::{AtomicUsize, Ordering};

async fn text(client: &Client, url: &str) -> Result<String, HttpError> {
    let octets = client.get(url).await?.octets(1000).await?;
    Ok(String::from_utf8(octets).unwrap())
}

fn client(stage: &Stage) -> Client {
    Client::new(&stage.internet(), None)
}

#[tokio::test]
async fn an_answer_comes_with_all_that_belongs_to_it() {
    let mut stage = Stage::new();
    stage.https("h.fr", |asked| ok("text/plain", &format!("{} {}", asked.line(), asked.body))).await;
    let client = client(&stage);
    let response = client.get("https://h.fr/a?b=c").await.unwrap();
    assert_eq!((response.status.as_u16(), response.headers["content-type"].as_bytes()), (200, &b"text/plain"[..]));
    assert_eq!(response.octets(100).await.unwrap(), b"GET /a?b=c ");
    let posted = client.post_form("https://h.fr", &[("a b", "c&d"), ("e", "\u{e9}")]).await.unwrap();
    assert_eq!(posted.octets(100).await.unwrap(), b"POST / a%20b=c%26d&e=%C3%A9");
    let refused = client.get("https://nobody.fr/").await;
    assert!(matches!(refused, Err(HttpError::Dial(_))));
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let mut stage = Stage::new();
    stage.https("h.fr", |_| ok("text/plain", "12345")).await;
    let client = client(&stage);
    assert_eq!(client.get("https://h.fr/").await.unwrap().octets(5).await.unwrap(), b"12345");
    let long = client.get("https://h.fr/").await.unwrap().octets(4).await;
    assert!(matches!(long, Err(HttpError::TooLarge(_, 4))));
}

#[tokio::test]
async fn only_what_is_safe_is_asked() {
    let stage = Stage::new();
    let client = client(&stage);
    for url in ["http://h.fr/", "ftp://h.fr/", "h.fr", "/path", "", "https://"] {
        assert!(matches!(client.get(url).await, Err(HttpError::Url(_))), "{url}");
    }
    // This machine may be asked without TLS; here nobody listens.
    for url in ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/"] {
        assert!(matches!(client.get(url).await, Err(HttpError::Dial(_))), "{url}");
    }
}

#[tokio::test]
async fn a_line_that_breaks_in_the_handshake_may_hold_the_next_time() {
    let mut stage = Stage::new();
    let listener = stage.listen("h.fr", 443).await;
    let hanging_up = tokio::spawn(async move { drop(listener.accept().await) });
    let error = client(&stage).get("https://h.fr/").await.err().unwrap();
    hanging_up.await.unwrap();
    assert!(error.is_temporary(), "{error:?}");
    assert_eq!(Trouble::from(error).kind, Kind::TryAgain);
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_ends_it_in_plain_words() {
    let mut stage = Stage::new();
    let listener = stage.listen("h.fr", 443).await;
    let (tls, pem) = stage.tls_self_signed("h.fr");
    stage.serve(listener, tls, |_| ok("text/plain", "in"));
    let error = text(&client(&stage), "https://h.fr/").await.unwrap_err().to_string();
    assert!(error.starts_with("nobody this system trusts vouches for the certificate of h.fr."), "{error}");
    let pin = stage.folders().config.join("h.pem");
    disk_write(&pin, &pem);
    let internet = stage.internet();
    let pinned = Client::new(&internet, Some(internet.trust(Some(&pin)).unwrap()));
    assert_eq!(text(&pinned, "https://h.fr/").await.unwrap(), "in");
}

fn disk_write(path: &std::path::Path, text: &str) {
    crate::disk::write(path, text.as_bytes()).unwrap();
}

#[tokio::test]
async fn redirections_are_followed_so_far_and_without_secrets() {
    let mut stage = Stage::new();
    stage
        .https("h.fr", |asked| match asked.line() {
            "GET /far" => answer("302 Found", "Location: https://other.fr/in\r\n", ""),
            "GET /near" => answer("307 Elsewhere", "Location: in?x\r\n", ""),
            "GET /open" => answer("302 Found", "Location: http://127.0.0.1/\r\n", ""),
            "GET /ring" => answer("302 Found", "Location: /ring\r\n", ""),
            line if line.starts_with("GET /count") => {
                let left = line.trim_start_matches("GET /count").len();
                let next = format!(
                    "Location: /{}\r\n",
                    if left > 0 { "count".to_owned() + &"x".repeat(left - 1) } else { "in".to_owned() }
                );
                answer("302 Found", &next, "")
            }
            _ => ok("text/plain", &asked.head),
        })
        .await;
    stage.https("other.fr", |asked| ok("text/plain", &asked.head)).await;
    let client = client(&stage);
    let asked = |path: &str| {
        let request = Request::get(format!("https://h.fr{path}")).header("authorization", "Bearer x");
        request.body(Bytes::new()).unwrap()
    };
    let read = async |path: &str| {
        let octets = client.send(asked(path)).await?.octets(1000).await?;
        Ok::<String, HttpError>(String::from_utf8(octets).unwrap())
    };
    let near = read("/near").await.unwrap();
    assert!(near.starts_with("GET /in?x ") && near.contains("Bearer x"), "{near}");
    let far = read("/far").await.unwrap();
    assert!(far.contains("host: other.fr") && !far.contains("Bearer"), "{far}");
    assert!(matches!(read("/open").await, Err(HttpError::Redirect(_))));
    assert!(matches!(read("/ring").await, Err(HttpError::Redirect(_))));
    assert!(read(&format!("/count{}", "x".repeat(REDIRECTS_MAX - 1))).await.is_ok());
    assert!(read(&format!("/count{}", "x".repeat(REDIRECTS_MAX))).await.is_err());
    // What is posted goes to nobody else.
    let posted = client.post_form("https://h.fr/far", &[]).await.unwrap();
    assert_eq!(posted.status.as_u16(), 200);
}

#[tokio::test]
async fn connections_are_used_again_and_lost_ones_replaced() {
    let mut stage = Stage::new();
    let (listener, tls) = (stage.listen("h.fr", 443).await, stage.tls("h.fr"));
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let (stream, _) = net::tls::accept(connection, tls.clone(), PATIENCE).await.unwrap();
            let answers = |asked: crate::stage::Asked| match asked.line() {
                "GET /last" => answer("200 OK", "Connection: close\r\n", "bye"),
                _ => ok("text/plain", "in"),
            };
            tokio::spawn(async move { speak(stream, &answers).await });
        }
    });
    let client = client(&stage);
    for _ in 0..3 {
        assert_eq!(text(&client, "https://h.fr/").await.unwrap(), "in");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    assert_eq!(text(&client, "https://h.fr/last").await.unwrap(), "bye");
    assert_eq!(text(&client, "https://h.fr/").await.unwrap(), "in");
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left() {
    let mut stage = Stage::new();
    let (listener, tls) = (stage.listen("h.fr", 443).await, stage.tls("h.fr"));
    let accepting = tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        net::tls::accept(connection, tls, PATIENCE).await
    });
    let client = Client::with_patience(&stage.internet(), None, Duration::from_millis(300));
    let silent = client.get("https://h.fr/").await;
    assert!(matches!(&silent, Err(HttpError::TimedOut(host)) if host == "h.fr"), "{:?}", silent.err());
    assert!(accepting.await.unwrap().is_ok());
}

#[tokio::test]
async fn what_is_no_http_or_endless_is_left() {
    let mut stage = Stage::new();
    stage.https("smtp.fr", |_| "220 mx.smtp.fr ESMTP\r\n\r\n".to_owned()).await;
    stage.https("endless.fr", |_| format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(HEAD_MAX))).await;
    let client = client(&stage);
    for url in ["https://smtp.fr/", "https://endless.fr/"] {
        assert!(matches!(text(&client, url).await, Err(HttpError::Broken { .. })), "{url}");
    }
}

#[test]
fn references_lead_where_rfc_3986_says() {
    let base: Uri = "https://h.fr:8443/a/b?q".parse().unwrap();
    for (reference, expected) in [
        ("https://o.fr/x", Some("https://o.fr/x")),
        ("/x?y", Some("https://h.fr:8443/x?y")),
        ("x", Some("https://h.fr:8443/a/x")),
        ("?y", Some("https://h.fr:8443/a/b?y")),
        ("//o.fr/x", Some("https://o.fr/x")),
        ("", Some("https://h.fr:8443/a/b?q")),
        ("https://o.fr/ x", None),
    ] {
        let joined = join(&base, reference).map(|url| url.to_string());
        assert_eq!(joined.as_deref(), expected, "{reference}");
    }
}
