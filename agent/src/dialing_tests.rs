//! Connections to hosts of a stage, and the words for what goes wrong.

use super::*;
use crate::stage::Stage;

fn server(host: &str, port: u16, security: Security) -> Server {
    Server { host: host.to_owned(), port, security, user: None, trust: None }
}

#[tokio::test]
async fn servers_of_the_settings_are_reached_with_the_tls_they_ask_for() {
    let mut stage = Stage::new();
    let _listener = stage.listen("imap.fr", 993).await;
    let (internet, folders) = (stage.internet(), stage.folders());
    let dial = async |security| internet.dial(&server("imap.fr", 993, security), &folders).await.unwrap().around;
    assert!(matches!(dial(Security::Tls).await.security, net::Security::Implicit(_)));
    assert!(matches!(dial(Security::StartTls).await.security, net::Security::StartTls(_)));
    assert!(matches!(dial(Security::Plain).await.security, net::Security::Plain));
    let around = dial(Security::Plain).await;
    assert!(!*around.drain.borrow());
    internet.stop();
    assert!(*around.drain.borrow());
}

#[tokio::test]
async fn who_is_not_there_is_named() {
    let mut stage = Stage::new();
    let gone = stage.listen("gone.fr", 993).await;
    drop(gone);
    let (internet, folders) = (stage.internet(), stage.folders());
    let error = internet.dial(&server("gone.fr", 993, Security::Plain), &folders).await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().starts_with("cannot connect to gone.fr port 993: "), "{error}");
    let trust = Some("absent.pem".into());
    let error = internet.dial(&Server { trust, ..server("gone.fr", 1, Security::Tls) }, &folders).await.unwrap_err();
    assert!(!error.is_temporary() && error.to_string().contains("absent.pem: "), "{error}");
    disk::write(&folders.config.join("empty.pem"), b"").unwrap();
    let trust = Some("empty.pem".into());
    let error = internet.dial(&Server { trust, ..server("gone.fr", 1, Security::Tls) }, &folders).await.unwrap_err();
    assert!(error.to_string().ends_with("no certificate in it (looked for -----BEGIN CERTIFICATE-----)"), "{error}");
}

#[tokio::test]
async fn names_are_looked_for_as_dns_has_them() {
    let mut stage = Stage::new();
    let _listener = stage.listen("xn--mnchen-3ya.de", 993).await;
    let internet = stage.internet();
    for name in ["M\u{fc}nchen.de", "xn--mnchen-3ya.de", "XN--MNCHEN-3YA.DE"] {
        assert!(internet.connect(name, 993).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn services_that_are_made_up_are_found() {
    let mut stage = Stage::new();
    let record = Srv { priority: 0, weight: 0, port: 993, target: None };
    stage.made_up.services.insert("_imaps._tcp.h.fr".to_owned(), vec![record.clone()]);
    let internet = stage.internet();
    let of = |name: &str| Domain::parse(name).unwrap();
    assert_eq!(internet.services(&of("_imaps._tcp.h.fr")).await, Answer::Found(vec![record]));
    assert_eq!(internet.services(&of("_pop3s._tcp.h.fr")).await, Answer::NoDomain);
}

#[test]
fn names_of_certificates_are_in_ascii() {
    let shown = |host: &str| server_name(host).map(|name| name.to_str().into_owned()).ok();
    assert_eq!(shown("M\u{fc}nchen.de").as_deref(), Some("xn--mnchen-3ya.de"));
    assert_eq!(shown("127.0.0.1").as_deref(), Some("127.0.0.1"));
    assert_eq!(shown("::1").as_deref(), Some("::1"));
    assert_eq!(shown("a b"), None);
    assert_eq!((tls_of(Security::Tls), tls_of(Security::StartTls)), (Tls::Never, Tls::Required));
    assert!(in_the_clear(Security::Plain) && !in_the_clear(Security::StartTls));
    assert!(is_this_machine("LOCALHOST") && is_this_machine("::1") && !is_this_machine("h.fr"));
}

#[test]
fn complaints_about_certificates_say_what_to_do() {
    let told = |complaint: CertificateError| {
        let error = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(complaint));
        explain(&net::Reason::Tls(HandshakeError::Failed(error)), "h.fr")
    };
    assert!(told(CertificateError::UnknownIssuer).contains("`pillarbox mail account trust`"));
    assert!(told(CertificateError::Expired).contains("has expired"));
    assert!(told(CertificateError::NotValidYet).contains("this machine's date"));
    assert!(told(CertificateError::NotValidForName).contains("of another name"));
    assert!(told(CertificateError::BadSignature).contains("BadSignature"));
    assert!(told(CertificateError::Revoked).ends_with("Nothing was sent to it."));
    let no_tls = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
    let no_tls = HandshakeError::Failed(io::Error::new(io::ErrorKind::InvalidData, no_tls));
    assert!(explain_handshake(&no_tls, "h.fr").contains("does not speak TLS at this port"));
    assert!(!is_distrust(&no_tls) && !is_distrust(&HandshakeError::TimedOut));
    assert!(is_lasting(&no_tls) && !is_lasting(&HandshakeError::TimedOut));
    assert_eq!(explain(&net::Reason::PeerClosed, "h.fr"), "h.fr: the peer closed the connection");
}
