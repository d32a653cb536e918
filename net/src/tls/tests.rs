#![allow(clippy::disallowed_methods, reason = "writes PEM files to be read")]
#![allow(clippy::unwrap_used)]
use super::*;
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use tokio::io::DuplexStream;
use wire::Time;

const NOW: Time = Time(1_800_000_000_000);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Takes any certificate and keeps it for the test to look at.
#[derive(Debug, Default)]
pub(crate) struct AnyCertificate(Mutex<Option<Vec<u8>>>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = Some(end_entity.to_vec());
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A client that speaks these versions and takes any certificate.
pub(crate) fn client(
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> (tokio_rustls::TlsConnector, Arc<AnyCertificate>) {
    let seen = Arc::new(AnyCertificate::default());
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(seen.clone())
        .with_no_client_auth();
    (tokio_rustls::TlsConnector::from(Arc::new(config)), seen)
}

pub(crate) type ClientStream = tokio_rustls::client::TlsStream<DuplexStream>;

pub(crate) async fn connect(connector: tokio_rustls::TlsConnector, transport: DuplexStream) -> ClientStream {
    connector.connect(ServerName::try_from("localhost").unwrap(), transport).await.unwrap()
}

/// A configuration with a certificate made for the test.
pub(crate) fn test_config(folder: &Path) -> (Arc<ServerConfig>, Arc<Certificates>) {
    let certificates = Certificates::new(&Certificate::self_signed(folder, "mx.hamburger.edu", NOW).unwrap());
    (server_config(certificates.clone()).unwrap(), certificates)
}

async fn handshake(
    config: Arc<ServerConfig>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> (TlsFacts, ClientStream, Vec<u8>) {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (connector, seen) = client(versions);
    let (accepted, connected) = tokio::join!(accept(ours, config, HANDSHAKE_LIMIT), connect(connector, theirs));
    let certificate = seen.0.lock().unwrap().clone().unwrap();
    (accepted.unwrap().1, connected, certificate)
}

#[tokio::test]
async fn both_ends_of_tls_1_3_export_the_same_channel_binding() {
    let folder = tempfile::tempdir().unwrap();
    let (facts, client, _) = handshake(test_config(folder.path()).0, &[&rustls::version::TLS13]).await;
    assert_eq!(facts.version, "TLS1.3");
    assert_eq!(facts.cipher, "TLS_AES_256_GCM_SHA384");
    let theirs = client.get_ref().1.export_keying_material([0_u8; 32], b"EXPORTER-Channel-Binding", Some(&[])).unwrap();
    assert_eq!(facts.exporter, Some(theirs));
}

#[tokio::test]
async fn tls_1_2_has_an_aead_cipher_and_no_channel_binding() {
    let folder = tempfile::tempdir().unwrap();
    let (facts, _, _) = handshake(test_config(folder.path()).0, &[&rustls::version::TLS12]).await;
    assert_eq!(facts.version, "TLS1.2");
    assert!(facts.cipher.starts_with("TLS_ECDHE_") && facts.cipher.contains("GCM"), "{}", facts.cipher);
    assert_eq!(facts.exporter, None);
}

/// A client's first words, written by hand, since our library cannot speak so: the highest version it knows, and these
/// cipher suites for it.
fn client_hello(version: [u8; 2], suites: &[u16]) -> Vec<u8> {
    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let length = |octets: usize| u16::try_from(octets).unwrap().to_be_bytes();
    // supported_groups: P-256; signature_algorithms: ecdsa_secp256r1_sha256, rsa_pkcs1_sha1.
    let extensions = [&[0, 10, 0, 4, 0, 2, 0, 23][..], &[0, 13, 0, 6, 0, 4, 4, 3, 2, 1]].concat();
    let hello =
        [&version[..], &[7; 32], &[0], &length(suites.len()), &suites, &[1, 0], &length(extensions.len()), &extensions]
            .concat();
    let handshake = [&[1, 0][..], &length(hello.len()), &hello].concat();
    [&[22, 3, 1][..], &length(handshake.len()), &handshake].concat()
}

/// What the server answers: the record type, and the description when it is an alert.
async fn answer_to(hello: &[u8]) -> (u8, Option<u8>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().unwrap();
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let accepting = tokio::spawn(accept(ours, test_config(folder.path()).0, HANDSHAKE_LIMIT));
    theirs.write_all(hello).await.unwrap();
    let mut record = [0; 7];
    theirs.read_exact(&mut record).await.unwrap();
    drop(theirs);
    assert!(accepting.await.unwrap().is_err());
    (record[0], (record[0] == 21).then_some(record[6]))
}

const HANDSHAKE: (u8, Option<u8>) = (22, None);
const HANDSHAKE_FAILURE: (u8, Option<u8>) = (21, Some(40));
const PROTOCOL_VERSION: (u8, Option<u8>) = (21, Some(70));

#[tokio::test]
async fn versions_below_1_2_are_refused() {
    let suites = [0xC009, 0xC00A, 0xC02B];
    assert_eq!(answer_to(&client_hello([3, 3], &suites)).await, HANDSHAKE, "1.2 is not");
    for version in [[3, 0], [3, 1], [3, 2]] {
        assert_eq!(answer_to(&client_hello(version, &suites)).await, PROTOCOL_VERSION, "{version:?}");
    }
}

#[tokio::test]
async fn ciphers_without_aead_or_forward_secrecy_are_refused() {
    for aead in [0xC02B, 0xC02C, 0xCCA9] {
        assert_eq!(answer_to(&client_hello([3, 3], &[aead])).await, HANDSHAKE, "{aead:04x}");
    }
    // CBC with SHA-1 and SHA-2, RC4, 3DES, no encryption, and AEAD without forward secrecy.
    for other in [0xC009, 0xC00A, 0xC023, 0xC024, 0xC007, 0xC008, 0xC006, 0x002F, 0x009C] {
        assert_eq!(answer_to(&client_hello([3, 3], &[other])).await, HANDSHAKE_FAILURE, "{other:04x}");
    }
}

#[tokio::test]
async fn a_replaced_certificate_is_seen_by_the_next_handshake() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (config, certificates) = test_config(one.path());
    let (_, _, before) = handshake(config.clone(), &[&rustls::version::TLS13]).await;
    certificates.replace(&Certificate::self_signed(other.path(), "mx.crepes.fr", NOW).unwrap());
    let (_, _, after) = handshake(config, &[&rustls::version::TLS13]).await;
    assert_ne!(before, after);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_never_comes_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, _theirs) = tokio::io::duplex(1024);
    let before = tokio::time::Instant::now();
    let ended = accept(ours, test_config(folder.path()).0, HANDSHAKE_LIMIT).await;
    assert!(matches!(ended, Err(HandshakeError::TimedOut)));
    assert_eq!(before.elapsed(), HANDSHAKE_LIMIT);
}

#[test]
fn our_own_certificate_is_kept_while_it_serves_and_its_key_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let made = Certificate::self_signed(folder.path(), "mx.hamburger.edu", NOW).unwrap();
    assert_eq!(made.facts.names, ["mx.hamburger.edu", "localhost"]);
    assert!(made.facts.is_valid_at(NOW.after(YEAR * 9)) && !made.facts.is_valid_at(NOW.after(YEAR * 11)));
    assert_eq!(made.facts.fingerprint.len(), 32 * 3 - 1);
    let mode = std::fs::metadata(folder.path().join(SELF_SIGNED_KEY)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let again = Certificate::self_signed(folder.path(), "mx.hamburger.edu", NOW.after(YEAR)).unwrap();
    assert_eq!(again.facts, made.facts);
    let renamed = Certificate::self_signed(folder.path(), "mx.crepes.fr", NOW).unwrap();
    assert_ne!(renamed.facts.fingerprint, made.facts.fingerprint);
    let renewed = Certificate::self_signed(folder.path(), "mx.crepes.fr", NOW.after(YEAR * 11)).unwrap();
    assert!(renewed.facts.is_valid_at(NOW.after(YEAR * 12)));
}

#[test]
fn errors_name_the_file_and_what_is_wrong_with_it() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Certificate::self_signed(one.path(), "a.test", NOW).unwrap();
    Certificate::self_signed(other.path(), "b.test", NOW).unwrap();
    let certificate = one.path().join(SELF_SIGNED_CERTIFICATE);
    let key = one.path().join(SELF_SIGNED_KEY);
    let complaint = |certificate: &Path, key: &Path| Certificate::load(certificate, key).unwrap_err().to_string();

    let absent = one.path().join("absent.pem");
    assert_eq!(complaint(&absent, &key), format!("{}: there is no such file", absent.display()));
    assert!(complaint(&key, &key).contains("no certificate in it"));
    assert!(complaint(&certificate, &certificate).contains("no private key in it"));
    let wrong = complaint(&certificate, &other.path().join(SELF_SIGNED_KEY));
    assert!(wrong.contains("does not belong to the certificate"), "{wrong}");

    let rotten = one.path().join("rotten.pem");
    std::fs::write(&rotten, "-----BEGIN CERTIFICATE-----\nMAAB\n-----END CERTIFICATE-----\n").unwrap();
    assert!(complaint(&rotten, &key).contains("this is not a certificate"));
}

#[test]
fn a_wildcard_stands_for_one_label() {
    let facts = CertificateFacts {
        names: vec!["*.hamburger.edu".into(), "crepes.fr".into()],
        not_before: Time(1000),
        not_after: Time(2000),
        fingerprint: String::new(),
    };
    assert!(facts.is_for("MX.hamburger.edu") && facts.is_for("crepes.fr"));
    assert!(!facts.is_for("hamburger.edu") && !facts.is_for("a.b.hamburger.edu") && !facts.is_for("mx.crepes.fr"));
    assert!(facts.is_valid_at(Time(1000)) && facts.is_valid_at(Time(2000)));
    assert!(!facts.is_valid_at(Time(999)) && !facts.is_valid_at(Time(2001)));
}

/// A handshake of our client, of this trust, with a server of this certificate, called so.
async fn trusting(trust: Trust, config: Arc<ServerConfig>, name: &'static str) -> Result<(), String> {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (client, name) = (client_config(trust).unwrap(), ServerName::try_from(name).unwrap());
    let (_, connected) =
        tokio::join!(accept(ours, config, HANDSHAKE_LIMIT), super::connect(theirs, (client, name), HANDSHAKE_LIMIT));
    connected.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_pinned_certificate_is_believed_whatever_it_says() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let pins = |folder: &Path| {
        let pem = std::fs::read(folder.join(SELF_SIGNED_CERTIFICATE)).unwrap();
        Trust::Pins(Arc::new(Pins::read(&pem).unwrap()))
    };
    let (config, _) = test_config(one.path());
    test_config(other.path());
    assert_eq!(trusting(pins(one.path()), config.clone(), "somewhere.else.fr").await, Ok(()));
    let refused = trusting(pins(other.path()), config.clone(), "mx.hamburger.edu").await.unwrap_err();
    assert!(refused.contains("invalid peer certificate"), "{refused}");
    let none = Pins { certificates: Vec::new(), roots: Arc::new(rustls::RootCertStore::empty()) };
    assert!(trusting(Trust::Pins(Arc::new(none)), config, "mx.hamburger.edu").await.is_err());
    assert!(Pins::read(b"").is_err() && Pins::read(b"-----BEGIN CERTIFICATE-----\nMAAB\n").is_err());
}

#[tokio::test]
async fn what_an_authority_among_the_pins_vouches_for_is_believed() {
    let (authority_key, key) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = parameters.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(parameters, &authority_key);
    let parameters = rcgen::CertificateParams::new(vec!["mx.hamburger.edu".to_owned()]).unwrap();
    let certificate = parameters.signed_by(&key, &issuer).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (pem, key_pem) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&pem, certificate.pem()).unwrap();
    std::fs::write(&key_pem, key.serialize_pem()).unwrap();
    let config = server_config(Certificates::new(&Certificate::load(&pem, &key_pem).unwrap())).unwrap();
    let pins = || Trust::Pins(Arc::new(Pins::read(authority.pem().as_bytes()).unwrap()));
    assert_eq!(trusting(pins(), config.clone(), "mx.hamburger.edu").await, Ok(()));
    assert!(trusting(pins(), config, "mx.crepes.fr").await.is_err(), "for another name it is not");
}

#[tokio::test]
async fn a_witness_sees_the_certificate_and_goes_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let (config, _) = test_config(folder.path());
    let witness = Arc::new(Witness::default());
    assert!(witness.seen().is_empty());
    assert!(trusting(Trust::Witness(witness.clone()), config, "mx.hamburger.edu").await.is_err());
    let own = Certificate::self_signed(folder.path(), "mx.hamburger.edu", NOW).unwrap();
    let seen = CertificateFacts::read(witness.seen().first().unwrap()).unwrap();
    assert_eq!(seen, own.facts);
}
