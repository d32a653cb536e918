//! Connections that outlive what let them in: they end, and others stay.

use super::*;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use message::{Address, Domain};
use office::login::Scope;
use std::time::Instant;

/// A protocol as it is spoken here: its port, what is typed with the password in it, what the last answer begins with, what
/// is said at the end, and a command that shows that the connection lives.
struct Tongue {
    kind: ListenerKind,
    typed: fn(&str) -> String,
    is_in: &'static str,
    goodbye: &'static str,
}

const TONGUES: [Tongue; 3] = [
    Tongue {
        kind: ListenerKind::Imap,
        typed: |password| format!("a LOGIN bob@hamburger.edu {password}\r\nb SELECT INBOX\r\nc IDLE\r\n"),
        is_in: "+ ",
        goodbye: "* BYE ",
    },
    Tongue {
        kind: ListenerKind::Pop3,
        typed: |password| format!("USER bob@hamburger.edu\r\nPASS {password}\r\nSTAT\r\n"),
        is_in: "+OK 0 0",
        goodbye: "-ERR [AUTH] ",
    },
    Tongue {
        kind: ListenerKind::Submission,
        typed: |password| {
            let plain = BASE64_STANDARD.encode(format!("\0bob@hamburger.edu\0{password}"));
            format!("EHLO client.test\r\nAUTH PLAIN {plain}\r\nNOOP\r\n")
        },
        is_in: "250 2.0.0",
        goodbye: "421 4.7.0 ",
    },
];

struct Scene {
    folder: tempfile::TempDir,
    running: Running,
}

impl Scene {
    async fn open() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let trust = "[trust]\nplaintext_login_networks = [\"127.0.0.0/8\"]\n";
        let running = start(config(folder.path(), &format!("{trust}{ALL}")), Seams::system()).await.unwrap();
        let scene = Scene { folder, running };
        scene.ask(Request::DomainAdd { domain: Domain::parse("hamburger.edu").unwrap() }).await;
        scene.ask(Request::AccountAdd { address: bob(), password: Some("hungry".to_owned()), quota: None }).await;
        scene
    }

    async fn ask(&self, request: Request) -> Response {
        self.running.office().administer(self.running.house.clock.now(), request).await.unwrap()
    }

    async fn app_password(&self) -> (i64, String) {
        let request =
            Request::AppPasswordAdd { address: bob(), name: "Phone".to_owned(), scope: Scope::All, lasts: None };
        let Response::AppPassword { id, secret } = self.ask(request).await else { panic!("no app password") };
        (id, secret)
    }

    /// Logs in, and reads what is said until it waits.
    async fn enter(&self, tongue: &Tongue, password: &str) -> BufReader<TcpStream> {
        let (mut connection, _) = greeting(self.running.address(tongue.kind).unwrap()).await;
        connection.write_all((tongue.typed)(password).as_bytes()).await.unwrap();
        let mut line = String::new();
        while !line.starts_with(tongue.is_in) {
            line.clear();
            assert_ne!(connection.read_line(&mut line).await.unwrap(), 0, "{}: not in", tongue.kind);
        }
        connection
    }

    async fn all_enter(&self, password: &str) -> Vec<BufReader<TcpStream>> {
        let mut all = Vec::new();
        for tongue in &TONGUES {
            all.push(self.enter(tongue, password).await);
        }
        all
    }

    async fn close(self) {
        self.running.drain(Duration::from_secs(5)).await;
        drop(self.folder);
    }
}

fn bob() -> Address {
    Address::parse("bob@hamburger.edu").unwrap()
}

/// All are told why, and the connections end, some seconds after at the latest.
async fn all_leave(all: Vec<BufReader<TcpStream>>) {
    let started = Instant::now();
    for (mut connection, tongue) in all.into_iter().zip(&TONGUES) {
        let mut rest = String::new();
        let read = tokio::time::timeout(Duration::from_secs(10), connection.read_to_string(&mut rest)).await;
        read.unwrap_or_else(|_| panic!("{} goes on", tongue.kind)).unwrap();
        assert!(rest.starts_with(tongue.goodbye) && rest.contains("no longer good"), "{}: {rest:?}", tongue.kind);
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_removed_app_password_ends_what_it_opened_and_nothing_else() {
    let scene = Scene::open().await;
    let (id, secret) = scene.app_password().await;
    let (other, another) = scene.app_password().await;
    let guests = scene.all_enter(&secret).await;
    let by_another = scene.all_enter(&another).await;
    let mut by_own = scene.all_enter("hungry").await;
    scene.ask(Request::AppPasswordRemove { address: bob(), id }).await;
    all_leave(guests).await;
    scene.ask(Request::AppPasswordRemove { address: bob(), id: other }).await;
    all_leave(by_another).await;
    // Only now do the others say something again.
    for (connection, command) in by_own.iter_mut().zip(["DONE\r\n", "NOOP\r\n", "NOOP\r\n"]) {
        connection.write_all(command.as_bytes()).await.unwrap();
        let mut line = String::new();
        connection.read_line(&mut line).await.unwrap();
        assert!(["c OK", "+OK", "250"].iter().any(|start| line.starts_with(start)), "{line:?}");
    }
    scene.close().await;
}

#[tokio::test]
async fn another_password_ends_what_the_old_one_opened_and_so_does_the_end_of_the_account() {
    let scene = Scene::open().await;
    let (_, secret) = scene.app_password().await;
    let by_own = scene.all_enter("hungry").await;
    let by_app = scene.all_enter(&secret).await;
    scene.ask(Request::AccountSetPassword { address: bob(), password: "thirsty".to_owned() }).await;
    all_leave(by_own).await;
    let by_new = scene.all_enter("thirsty").await;
    scene.ask(Request::AccountRemove { address: bob() }).await;
    all_leave(by_app).await;
    all_leave(by_new).await;
    scene.close().await;
}
