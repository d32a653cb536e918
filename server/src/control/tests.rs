#![allow(clippy::disallowed_methods, reason = "makes the folder of the socket")]
#![allow(clippy::unwrap_used)]
use super::*;
use crate::Config;
use crate::running::open_office;
use crate::seams::Seams;

struct Scene {
    folder: tempfile::TempDir,
    path: PathBuf,
    drain: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
}

/// A control socket over a new store; `deep` makes its path longer than a socket address.
async fn open(deep: bool) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = if deep { folder.path().join("d".repeat(120)) } else { folder.path().to_owned() };
    std::fs::create_dir_all(&data_dir).unwrap();
    let text = format!("hostname = \"a.test\"\ndata_dir = \"{}\"\n", data_dir.display());
    let config = Config::parse(&text, "p.toml").unwrap();
    let seams = Seams::system();
    let office = open_office(&config, &seams).await.unwrap();
    let (drain, draining) = watch::channel(false);
    let path = path(&data_dir);
    let drops = Drops::open(&data_dir, office.clone(), seams.clock.clone());
    let counter = Counter { office, clock: seams.clock, drops };
    let served = tokio::spawn(serve(bind(&path).unwrap(), counter, draining));
    Scene { folder, path, drain, served }
}

async fn ask_async(path: &Path, request: Request) -> Option<Result<Response, Failure>> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || ask(&path, &request)).await.unwrap()
}

fn domains(response: Response) -> Vec<String> {
    let Response::Domains(domains) = response else { panic!("{response:?}") };
    domains.into_iter().map(|view| view.domain.to_string()).collect()
}

#[tokio::test]
async fn a_request_is_answered_by_the_office() {
    for deep in [false, true] {
        let scene = open(deep).await;
        let add = Request::DomainAdd { domain: "crepes.fr".parse().unwrap() };
        assert!(matches!(ask_async(&scene.path, add).await, Some(Ok(Response::Done { .. }))));
        let listed = ask_async(&scene.path, Request::DomainList).await.unwrap().unwrap();
        assert_eq!(domains(listed), ["crepes.fr"]);
        let missing = Request::AccountShow { address: "alice@crepes.fr".parse().unwrap() };
        assert!(matches!(ask_async(&scene.path, missing).await, Some(Err(_))));
    }
}

#[tokio::test]
async fn one_connection_takes_many_requests_and_survives_nonsense() {
    let scene = open(false).await;
    let (read, mut write) = UnixStream::connect(&scene.path).await.unwrap().into_split();
    let mut lines = tokio::io::BufReader::new(read).lines();
    write.write_all(b"{\"request\":\"domain-list\"}\nnonsense\n{\"request\":\"domain-list\"}\n").await.unwrap();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), r#"{"ok":{"answer":"domains","is":[]}}"#);
    let failed: Answer = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert!(matches!(failed, Answer::Failed(Failure { kind: FailureKind::Usage, .. })));
    assert_eq!(lines.next_line().await.unwrap().unwrap(), r#"{"ok":{"answer":"domains","is":[]}}"#);
}

#[tokio::test]
async fn a_request_may_be_as_long_as_the_limit_and_not_longer() {
    for (octets, verdict) in [(REQUEST_MAX, "domains"), (REQUEST_MAX + 1, "at most 1048576 octets")] {
        let scene = open(false).await;
        let (read, mut write) = UnixStream::connect(&scene.path).await.unwrap().into_split();
        let request = r#"{"request":"domain-list"}"#;
        let padding = " ".repeat(usize::try_from(octets).unwrap() - request.len() - 1);
        write.write_all(format!("{request}{padding}\n").as_bytes()).await.unwrap();
        let answer = tokio::io::BufReader::new(read).lines().next_line().await.unwrap().unwrap();
        assert!(answer.contains(verdict), "{octets}: {answer}");
    }
}

#[tokio::test]
async fn clients_past_the_limit_wait_for_a_place() {
    let scene = open(false).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = UnixStream::connect(&scene.path).await.unwrap();
        client.write_all(b"{\"request\":\"domain-list\"}\n").await.unwrap();
        assert!(client.read_u8().await.is_ok(), "served");
        clients.push(client);
    }
    let waiting = tokio::spawn({
        let path = scene.path.clone();
        async move { ask_async(&path, Request::DomainList).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    clients.pop();
    assert!(matches!(waiting.await.unwrap(), Some(Ok(_))));
}

#[tokio::test]
async fn the_socket_is_its_owners_and_is_gone_with_the_server() {
    let scene = open(false).await;
    assert_eq!(std::fs::metadata(&scene.path).unwrap().permissions().mode() & 0o777, 0o600);
    scene.drain.send_replace(true);
    scene.served.await.unwrap();
    assert!(ask_async(&scene.path, Request::Status).await.is_none(), "left behind, and nobody there");
    bind(&scene.path).unwrap();
    remove(&scene.path);
    assert!(ask_async(&scene.path, Request::Status).await.is_none());
    drop(scene.folder);
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for_longer_than_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path());
    let _silent = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let answer = ask_within(&path, &Request::Status, Some(Duration::from_millis(10)));
    assert_eq!(answer.unwrap().unwrap_err().kind, FailureKind::Unavailable);
}
