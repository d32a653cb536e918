#![allow(clippy::disallowed_methods, reason = "tests connect as clients do")]
#![allow(clippy::unwrap_used)]

mod hosts;
mod revoked;

use super::*;
use office::admin::{Request, Response};
use std::path::PathBuf;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const ALL: &str = r#"
[listen]
smtp = ["127.0.0.1:0"]
submission = ["127.0.0.1:0"]
lmtp = ["127.0.0.1:0"]
pop3 = ["127.0.0.1:0"]
pop3s = ["127.0.0.1:0"]
imap = ["127.0.0.1:0"]
imaps = ["127.0.0.1:0"]
metrics = ["127.0.0.1:0"]
"#;

/// A configuration with data in the folder and these lines after the hostname.
fn config(folder: &Path, rest: &str) -> Config {
    let text = format!("hostname = \"mx.hamburger.edu\"\ndata_dir = \"{}\"\n{rest}", folder.display());
    Config::parse(&text, &folder.join("pillarbox.toml").display().to_string()).unwrap()
}

async fn greeting(address: SocketAddr) -> (BufReader<TcpStream>, String) {
    let mut connection = BufReader::new(TcpStream::connect(address).await.unwrap());
    let mut line = String::new();
    connection.read_line(&mut line).await.unwrap();
    (connection, line)
}

#[tokio::test]
async fn every_listener_answers_in_its_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(config(folder.path(), ALL), Seams::system()).await.unwrap();
    for (kind, start) in [
        (ListenerKind::Smtp, "220 mx.hamburger.edu "),
        (ListenerKind::Submission, "220 mx.hamburger.edu "),
        (ListenerKind::Lmtp, "220 mx.hamburger.edu "),
        (ListenerKind::Pop3, "+OK "),
        (ListenerKind::Imap, "* OK "),
    ] {
        let (mut connection, line) = greeting(running.address(kind).unwrap()).await;
        assert!(line.starts_with(start), "{kind}: {line}");
        let goodbye: &[u8] = if kind == ListenerKind::Imap { b"a LOGOUT\r\n" } else { b"QUIT\r\n" };
        connection.write_all(goodbye).await.unwrap();
        let mut rest = String::new();
        connection.read_to_string(&mut rest).await.unwrap();
        assert!(["221 ", "+OK", "* BYE "].iter().any(|start| rest.starts_with(start)), "{kind}: {rest}");
    }
    assert_eq!(running.addresses().len(), 8);
    running.drain(Duration::from_secs(5)).await;
    running.wait().await.unwrap();
}

#[tokio::test]
async fn draining_says_goodbye_closes_the_store_and_cuts_off_who_stays() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(config(folder.path(), ALL), Seams::system()).await.unwrap();
    let (mut smtp, _) = greeting(running.address(ListenerKind::Smtp).unwrap()).await;
    let (mut imap, _) = greeting(running.address(ListenerKind::Imap).unwrap()).await;
    // Connected to a TLS port without a word: it cannot be told.
    let mut silent = TcpStream::connect(running.address(ListenerKind::Pop3s).unwrap()).await.unwrap();
    running.drain(Duration::from_millis(300)).await;
    let mut rest = String::new();
    smtp.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("421 "), "{rest}");
    rest.clear();
    imap.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("* BYE "), "{rest}");
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(!control::path(folder.path()).exists());
    let again = start(config(folder.path(), ALL), Seams::system()).await.unwrap();
    again.drain(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_second_server_on_the_same_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(config(folder.path(), ALL), Seams::system()).await.unwrap();
    let Err(error) = start(config(folder.path(), ALL), Seams::system()).await else { panic!("two servers, one store") };
    assert!(matches!(error, StartError::Store(StoreError::Locked { .. })), "{error}");
    assert_eq!(error.exit_code(), 75);
    let socket = control::path(folder.path());
    let answer = tokio::task::spawn_blocking(move || control::ask(&socket, &Request::DomainList)).await.unwrap();
    assert!(answer.is_some(), "the first one still answers");
    running.drain(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn one_address_may_hold_only_so_many_connections() {
    let folder = tempfile::tempdir().unwrap();
    let limited = format!("[limits]\nconnections_per_address = 1\n{ALL}");
    let running = start(config(folder.path(), &limited), Seams::system()).await.unwrap();
    let _first = greeting(running.address(ListenerKind::Smtp).unwrap()).await;
    let (_, smtp) = greeting(running.address(ListenerKind::Smtp).unwrap()).await;
    assert_eq!(smtp, "421 4.7.0 mx.hamburger.edu too many connections from your address, try again later\r\n");
    let (_, pop3) = greeting(running.address(ListenerKind::Pop3).unwrap()).await;
    assert_eq!(pop3, "-ERR [SYS/TEMP] too many connections from your address, try again later\r\n");
    let (_, imap) = greeting(running.address(ListenerKind::Imap).unwrap()).await;
    assert_eq!(imap, "* BYE [UNAVAILABLE] too many connections from your address, try again later\r\n");

    let trusting = format!("[trust]\nrelay_networks = [\"127.0.0.0/8\"]\n{limited}");
    running.reload(config(folder.path(), &trusting)).await.unwrap();
    let (_, smtp) = greeting(running.address(ListenerKind::Smtp).unwrap()).await;
    assert!(smtp.starts_with("220 "), "trusted since the reload: {smtp}");
    running.drain(Duration::from_secs(5)).await;
}

/// Makes a certificate in a folder of its own.
fn certificate(folder: &Path, name: &str, now: wire::Time) -> (PathBuf, PathBuf) {
    let own = folder.join(name);
    std::fs::create_dir_all(&own).unwrap();
    Certificate::self_signed(&own, name, now).unwrap();
    (own.join(net::tls::SELF_SIGNED_CERTIFICATE), own.join(net::tls::SELF_SIGNED_KEY))
}

#[tokio::test]
async fn a_reload_exchanges_the_certificate_or_keeps_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let seams = Seams::system();
    let now = seams.clock.now();
    let with = |(certificate, key): &(PathBuf, PathBuf)| {
        let tls = format!("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", certificate.display(), key.display());
        config(folder.path(), &format!("{tls}{ALL}"))
    };
    let first = with(&certificate(folder.path(), "one.test", now));
    let running = start(first, seams).await.unwrap();
    let seen = served_certificate(&running).await;

    let ancient = certificate(folder.path(), "old.test", wire::Time(1_000_000_000_000));
    assert!(matches!(running.reload(with(&ancient)).await, Err(StartError::CertificateDates)));
    let absent = (folder.path().join("absent.pem"), folder.path().join("absent.pem"));
    assert!(matches!(running.reload(with(&absent)).await, Err(StartError::Certificate(_))));
    assert_eq!(served_certificate(&running).await, seen, "whatever went wrong, the old one is there");

    running.reload(with(&certificate(folder.path(), "two.test", now))).await.unwrap();
    assert_ne!(served_certificate(&running).await, seen);
    running.drain(Duration::from_secs(5)).await;
}

/// The certificate that the POP3 port with TLS shows.
async fn served_certificate(running: &Running) -> Vec<u8> {
    use rustls::pki_types::ServerName;
    let address = running.address(ListenerKind::Pop3s).unwrap();
    tokio::task::spawn_blocking(move || {
        let config = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone))
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut tls = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut socket).unwrap();
        }
        tls.peer_certificates().unwrap().first().unwrap().to_vec()
    })
    .await
    .unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

#[derive(Debug)]
struct Anyone;

impl rustls::client::danger::ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn the_metrics_listener_tells_figures_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(config(folder.path(), ALL), Seams::system()).await.unwrap();
    let (_held, _) = greeting(running.address(ListenerKind::Smtp).unwrap()).await;
    let get = async |method: &str, path: &str| {
        let mut http = TcpStream::connect(running.address(ListenerKind::Metrics).unwrap()).await.unwrap();
        http.write_all(format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let mut text = String::new();
        http.read_to_string(&mut text).await.unwrap();
        text
    };
    let figures = get("GET", "/metrics").await;
    assert!(figures.starts_with("HTTP/1.1 200 "), "{figures}");
    for line in [
        "pillarbox_connections_total{listener=\"smtp\"} 1\n",
        "pillarbox_connections_open{listener=\"smtp\"} 1\n",
        "pillarbox_messages_total{result=\"accepted\"} 0\n",
        "pillarbox_logins_total{result=\"failed\"} 0\n",
        "pillarbox_send_delay_seconds_bucket{le=\"0.01\"} 0\n",
        "pillarbox_send_delay_seconds_count 0\n",
        "pillarbox_accounts 0\n",
        "# EOF\n",
    ] {
        assert!(figures.contains(line), "{line} is missing in {figures}");
    }
    assert!(get("GET", "/").await.starts_with("HTTP/1.1 404 "));
    assert!(get("POST", "/metrics").await.starts_with("HTTP/1.1 405 "));
    running.drain(Duration::from_secs(5)).await;
}

#[test]
fn administering_works_with_and_without_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let config = config(&data_dir, ALL);
    let list = || crate::administer(&config, Request::DomainList);
    let add = |domain: &str| crate::administer(&config, Request::DomainAdd { domain: domain.parse().unwrap() });
    let count = |response: Response| match response {
        Response::Domains(domains) => domains.len(),
        other => panic!("{other:?}"),
    };

    let nothing = list().unwrap_err();
    assert!(nothing.message.contains("there is no mail store in"), "{nothing}");
    add("crepes.fr").unwrap();
    assert_eq!(count(list().unwrap()), 1, "without a server");

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = runtime.block_on(start(config.clone(), Seams::system())).unwrap();
    add("hamburger.edu").unwrap();
    assert_eq!(count(list().unwrap()), 2, "with a server");
    runtime.block_on(running.drain(Duration::from_secs(5)));
    assert_eq!(count(list().unwrap()), 2, "and after it");
}

/// A disk whose files cannot be synced.
#[derive(Debug)]
struct NoSync;

#[derive(Debug)]
struct NoSyncFile(Arc<dyn store::disk::DiskFile>);

impl store::disk::Disk for NoSync {
    fn create(&self, path: &Path) -> std::io::Result<Arc<dyn store::disk::DiskFile>> {
        Ok(Arc::new(NoSyncFile(store::disk::RealDisk.create(path)?)))
    }
    fn open(&self, path: &Path) -> std::io::Result<Arc<dyn store::disk::DiskFile>> {
        store::disk::RealDisk.open(path)
    }
    fn sync_dir(&self, path: &Path) -> std::io::Result<()> {
        store::disk::RealDisk.sync_dir(path)
    }
    fn remove(&self, path: &Path) -> std::io::Result<()> {
        store::disk::RealDisk.remove(path)
    }
}

impl store::disk::DiskFile for NoSyncFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> std::io::Result<usize> {
        self.0.write_at(bytes, offset)
    }
    fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
        self.0.read_at(into, offset)
    }
    fn sync(&self) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Other.into())
    }
    fn octets(&self) -> std::io::Result<u64> {
        self.0.octets()
    }
}

#[tokio::test]
async fn a_sync_that_fails_ends_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let store = store::Settings { disk: Arc::new(NoSync), ..store::Settings::default() };
    let running = start(config(folder.path(), ALL), Seams { store, ..Seams::system() }).await.unwrap();
    let mut upload = running.office().store().upload();
    // Too many different octets to be kept inline: they go to a segment file.
    let mut large = vec![0; 4 * store::INLINE_MAX];
    (Seams::system().random)(&mut large);
    upload.write(&large).await.unwrap();
    let deliver = store::op::Deliver {
        queue_id: store::types::QueueId(1),
        now: wire::Time(1),
        content: upload.finish().await.unwrap(),
        summary: Vec::new(),
        utf8_header: false,
        reverse_path: String::new(),
        message_id: None,
        references: Vec::new(),
        local: Vec::new(),
        remote: Vec::new(),
        trace: Vec::new(),
        all_or_nothing: false,
    };
    let refused = running.office().store().apply(Op::Deliver(Box::new(deliver))).await;
    assert!(matches!(refused, Err(StoreError::SyncFailed { .. })), "{refused:?}");
    let ended = running.wait().await.unwrap_err();
    assert!(matches!(ended, StartError::StoreFailed(_)), "{ended}");
    assert_eq!(ended.exit_code(), 74);
}

/// What is to leave at a time of its own leaves without anybody asking.
#[tokio::test]
async fn a_message_that_is_held_is_sent_at_its_time() {
    use message::Address;
    use office::submission::{Envelope, Party, Sending};
    use store::query::{AccountByAddress, Mailboxes};
    let folder = tempfile::tempdir().unwrap();
    let running = start(config(folder.path(), ALL), Seams::system()).await.unwrap();
    let (office, clock) = (&running.house.office, &running.house.clock);
    let domain = "hamburger.edu".parse().unwrap();
    office.administer(clock.now(), Request::DomainAdd { domain }).await.unwrap();
    let mut accounts = Vec::new();
    for name in ["alice@hamburger.edu", "bob@hamburger.edu"] {
        let address: Address = name.parse().unwrap();
        let request = Request::AccountAdd { address: address.clone(), password: None, quota: None };
        office.administer(clock.now(), request).await.unwrap();
        accounts.push(office.store().read(AccountByAddress { address }).await.unwrap().unwrap().id);
    }
    let (alice, bob) = (accounts[0], accounts[1]);
    let mut inlet = office.inlet();
    inlet.write(b"From: alice@hamburger.edu\r\nSubject: later\r\n\r\nHello\r\n").await.unwrap();
    let content = inlet.finish().await.unwrap();
    let mailbox = office.store().read(Mailboxes { account: alice }).await.unwrap()[0].id;
    let (flags, received) = (store::types::Flags::default(), clock.now());
    let new = office::jmap::NewEmail { content, flags, received, mailboxes: vec![mailbox], unchanged_since: None };
    let email = office.add_email(clock.now(), alice, new).await.unwrap().email;
    let identity = office.identities(clock.now(), alice).await.unwrap()[0].0;
    let party = |email: &str| Party { email: email.to_owned(), parameters: None };
    let hold = Some([("HOLDFOR".to_owned(), Some("1".to_owned()))].into());
    let mail_from = Party { parameters: hold, ..party("alice@hamburger.edu") };
    let envelope = Some(Envelope { mail_from, rcpt_to: vec![party("bob@hamburger.edu")] });
    let mut news = office.store().watch(bob);
    news.mark_unchanged();
    let sending = Sending { account: alice, client: None, identity, email, envelope };
    let (id, submission, _) = office.submit(clock.now(), &sending).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), news.changed()).await.unwrap().unwrap();
    assert!(clock.now() >= submission.send_at, "not before its time");
    assert!(matches!(office.cancel(clock.now(), alice, id).await, Err(office::submission::CancelFault::TooLate)));
    running.drain(Duration::from_secs(5)).await;
}
