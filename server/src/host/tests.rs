#![allow(clippy::unwrap_used)]
use super::door::Alone;
use super::*;
use crate::Config;
use crate::running::open_office;
use crate::seams::Seams;
use office::admin;
use wire::host::Door;

struct Scene {
    folder: tempfile::TempDir,
    config: Config,
    office: Office,
}

async fn house(accounts: &[&str]) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("hostname = \"a.test\"\ndata_dir = \"{}\"\ndomains = [\"a.test\"]\n", folder.path().display());
    let config = Config::parse(&text, "p.toml").unwrap();
    let seams = Seams::system();
    let office = open_office(&config, &seams).await.unwrap();
    for name in accounts {
        let address = format!("{name}@a.test").parse().unwrap();
        let add = admin::Request::AccountAdd { address, password: None, quota: None };
        office.administer(seams.clock.now(), add).await.unwrap();
    }
    Scene { folder, config, office }
}

fn root() -> String {
    login_name(0).unwrap()
}

async fn opened(scene: &Scene, visitor: &Visitor, asked: Option<&str>) -> Result<String, u8> {
    match open(&scene.office, visitor, asked.map(str::to_owned)).await {
        Ok((_, Answer::Open { address })) => Ok(address),
        Ok((_, other)) => panic!("{other:?}"),
        Err(refusal) => Err(refusal.code),
    }
}

#[tokio::test]
async fn a_user_reaches_the_account_of_their_name_and_who_is_trusted_any() {
    let scene = house(&[&root(), "bob"]).await;
    let own = format!("{}@a.test", root());
    // The one user every machine has, once as anybody and once as who may all.
    let user = Visitor { uid: 0, trusted: false };
    for asked in [None, Some(root().as_str()), Some(own.as_str())] {
        assert_eq!(opened(&scene, &user, asked).await, Ok(own.clone()), "{asked:?}");
    }
    for asked in ["bob", "bob@a.test", "nobody@elsewhere.test"] {
        assert_eq!(opened(&scene, &user, Some(asked)).await, Err(77), "{asked}");
    }
    let nameless = Visitor { uid: 4_000_000_000, trusted: false };
    assert_eq!(opened(&scene, &nameless, Some("bob")).await, Err(77));
    let trusted = Visitor { uid: 0, trusted: true };
    assert_eq!(opened(&scene, &trusted, Some("bob")).await, Ok("bob@a.test".to_owned()));
    assert_eq!(opened(&scene, &trusted, Some("carol")).await, Err(67));
}

async fn ask(client: &mut tokio::io::BufReader<UnixStream>, line: &str) -> Option<Reply> {
    // The server may have hung up already; then there is nothing to read either.
    let _ = client.write_all(format!("{line}\n").as_bytes()).await;
    let mut answer = String::new();
    client.read_line(&mut answer).await.ok().filter(|octets| *octets > 0)?;
    Some(serde_json::from_str(&answer).unwrap())
}

fn code(reply: Option<Reply>) -> u8 {
    match reply {
        Some(Reply::Refused(refusal)) => refusal.code,
        Some(Reply::Ok(_)) => 0,
        None => 255,
    }
}

#[tokio::test]
async fn the_socket_is_for_everybody_and_takes_many_requests() {
    let scene = house(&["bob"]).await;
    let path = path(scene.folder.path());
    let socket = bind(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
    let (drain, draining) = watch::channel(false);
    let served = tokio::spawn(serve(socket, scene.office.clone(), Clock::system(), draining));
    let mut client = tokio::io::BufReader::new(UnixStream::connect(&path).await.unwrap());
    assert_eq!(code(ask(&mut client, r#"{"ask":"folders"}"#).await), 64, "no account is open yet");
    assert_eq!(code(ask(&mut client, "nonsense").await), 64);
    assert_eq!(code(ask(&mut client, r#"{"ask":"open","account":"bob"}"#).await), 0);
    let Some(Reply::Ok(Answer::Folders { folders })) = ask(&mut client, r#"{"ask":"folders"}"#).await else {
        panic!("no folders");
    };
    assert!(folders.iter().any(|folder| folder.role.as_deref() == Some("inbox")));
    let long = " ".repeat(usize::try_from(LINE_MAX).unwrap());
    assert_eq!(code(ask(&mut client, &long).await), 255, "a line too long is not listened to");
    drain.send_replace(true);
    served.await.unwrap();
}

#[test]
fn a_user_has_few_places_and_leaves_some_to_others() {
    let places = Places::default();
    let user = |uid| Visitor { uid, trusted: false };
    let mine: Vec<Place> = (0..PROGRAMS_OF_A_USER).map(|_| places.take(&user(1)).unwrap()).collect();
    assert!(places.take(&user(1)).is_none());
    let others: Vec<Place> =
        (PROGRAMS_OF_A_USER..PROGRAMS).map(|uid| places.take(&user(uid as u32)).unwrap()).collect();
    assert!(places.take(&Visitor { uid: 0, trusted: true }).is_none(), "all are taken");
    drop(mine);
    assert!(places.take(&user(1)).is_some());
    drop(others);
    assert!(places.0.lock().is_empty());
}

#[test]
fn a_program_makes_so_many_requests_at_once_and_then_so_many_a_second() {
    let mut pace = Pace::new(Time(1_000));
    assert!((0..BURST).all(|_| pace.step(Time(1_000)).is_zero()));
    assert!(!pace.step(Time(1_000)).is_zero(), "one past it waits");
    assert_eq!((0..EVERY_SECOND * 2).filter(|_| pace.step(Time(2_000)).is_zero()).count() as u64, EVERY_SECOND);
    assert!(pace.step(Time(1_500)) > Duration::ZERO, "a clock that goes back gives nothing");
}

#[tokio::test]
async fn without_a_server_the_store_is_opened_here_and_closed_again() {
    let Scene { folder: _folder, config, office } = house(&["bob"]).await;
    let refused = Alone::open(&config).await.err().unwrap();
    assert_eq!(refused.code, 75, "somebody has it: {refused}");
    let store = office.store().clone();
    drop(office);
    tokio::task::spawn_blocking(move || store.close()).await.unwrap();
    // Whoever the server would run as may open it.
    let mut config = config;
    config.user = Some("root".to_owned());
    for _ in 0..2 {
        let mut alone = Alone::open(&config).await.unwrap();
        let opened = alone.ask(Request::Open { account: Some("bob".to_owned()) }).await.unwrap();
        assert_eq!(opened, Answer::Open { address: "bob@a.test".to_owned() });
        alone.close().await;
    }
    let empty = tempfile::tempdir().unwrap();
    let text = format!("hostname = \"a.test\"\ndata_dir = \"{}\"\n", empty.path().display());
    let nothing = Alone::open(&Config::parse(&text, "p.toml").unwrap()).await.err().unwrap();
    assert_eq!(nothing.code, 75, "it is reached again when a server runs: {nothing}");
}

#[tokio::test]
async fn a_visit_goes_on_while_servers_come_and_go() {
    let Scene { folder, office, .. } = house(&["bob"]).await;
    let file = folder.path().join("p.toml");
    let secret = "[outbound]\nsmarthost = \"b.test:587\"\nsmarthost_user = \"a\"\nsmarthost_password_file = \"for-root-alone\"\n";
    let text = format!("hostname = \"a.test\"\ndata_dir = \"{}\"\n{secret}", folder.path().display());
    std::fs::write(&file, text).unwrap();
    let path = path(folder.path());
    let (drain, draining) = watch::channel(false);
    let served = tokio::spawn(serve(bind(&path).unwrap(), office.clone(), Clock::system(), draining));
    let door = HostDoor::File(Some(file.clone()));
    let mut visit = door.open(None, "bob").await.unwrap();
    assert!(matches!(visit.ask(Request::Folders).await, Ok(Answer::Folders { .. })));
    assert!(visit.rest().await, "a server would tell of news");
    assert_eq!(door.open(None, "carol").await.err().unwrap().code, 67);

    drain.send_replace(true);
    served.await.unwrap();
    control::remove(&path);
    let store = office.store().clone();
    drop(office);
    tokio::task::spawn_blocking(move || store.close()).await.unwrap();
    assert_eq!(visit.ask(Request::Folders).await.unwrap_err().code, 75, "the line broke");
    assert!(matches!(visit.ask(Request::Folders).await, Ok(Answer::Folders { .. })), "without a server");
    assert!(!visit.rest().await);
    assert!(Config::load(Some(&file)).is_err(), "this user may not read the password");
    let config = Config::load_without_secrets(Some(&file)).unwrap();
    Alone::open(&config).await.unwrap().close().await;
    assert!(matches!(visit.ask(Request::Folders).await, Ok(Answer::Folders { .. })));
    visit.close().await;
    Alone::open(&config).await.unwrap().close().await;
}
