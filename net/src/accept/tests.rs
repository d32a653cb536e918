#![allow(clippy::disallowed_methods, reason = "tests connect as clients do")]
#![allow(clippy::unwrap_used)]
use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::Time;

/// Echoes one line; a line `panic` shows a defect.
struct Echo {
    polite: bool,
}

impl Reception for Echo {
    fn is_trusted(&self, _: IpAddr) -> bool {
        false
    }

    fn refusal(&self, why: Refused) -> Option<String> {
        self.polite.then(|| format!("421 4.7.0 {why}\r\n"))
    }

    fn receive(
        &self,
        connection: TcpStream,
        client: SocketAddr,
        _: Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'static {
        echo(connection, client)
    }
}

async fn echo(mut connection: TcpStream, client: SocketAddr) {
    assert!(client.ip().is_ipv4(), "mapped addresses are unmapped");
    let mut line = [0; 64];
    let octets = connection.read(&mut line).await.unwrap_or(0);
    assert_ne!(&line[..octets], b"panic", "a defect");
    let _ = connection.write_all(&line[..octets]).await;
}

struct Scene {
    address: SocketAddr,
    drain: watch::Sender<bool>,
    served: tokio::task::JoinHandle<io::Result<()>>,
    admission: Arc<Admission>,
}

fn open(limits: Limits, polite: bool) -> Scene {
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (drain, draining) = watch::channel(false);
    let admission = Admission::new(limits);
    let door = Door { admission: admission.clone(), clock: Clock::manual(Time(1000)), drain: draining };
    let served = tokio::spawn(serve(listener, door, Arc::new(Echo { polite })));
    Scene { address, drain, served, admission }
}

const WIDE: Limits = Limits { total: 100, per_address: 100, per_minute: 1000 };

async fn say(address: SocketAddr, line: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(line.as_bytes()).await.unwrap();
    let mut text = String::new();
    let _ = connection.read_to_string(&mut text).await;
    text
}

#[tokio::test]
async fn connections_are_served_and_a_panic_ends_only_its_own() {
    let scene = open(WIDE, true);
    assert_eq!(say(scene.address, "panic").await, "");
    assert_eq!(say(scene.address, "hello").await, "hello");
}

#[tokio::test]
async fn who_is_turned_away_is_told_why_where_that_can_be_said() {
    for (polite, expected) in [(true, "421 4.7.0 too many connections from your address\r\n"), (false, "")] {
        let scene = open(Limits { per_address: 1, ..WIDE }, polite);
        let mut first = TcpStream::connect(scene.address).await.unwrap();
        let mut text = String::new();
        TcpStream::connect(scene.address).await.unwrap().read_to_string(&mut text).await.unwrap();
        assert_eq!(text, expected);
        first.write_all(b"still here").await.unwrap();
        first.read_to_string(&mut text).await.unwrap();
        assert!(text.ends_with("still here"));
    }
}

#[tokio::test]
async fn draining_closes_the_door_and_waits_for_those_inside() {
    let scene = open(WIDE, true);
    let mut waiting = TcpStream::connect(scene.address).await.unwrap();
    while scene.admission.open() == 0 {
        tokio::task::yield_now().await;
    }
    scene.drain.send_replace(true);
    while TcpStream::connect(scene.address).await.is_ok() {}
    assert!(!scene.served.is_finished(), "one is still inside");
    waiting.write_all(b"bye").await.unwrap();
    scene.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_ipv4_client_of_a_dual_stack_listener_is_an_ipv4_client() {
    let Ok(listener) = bind("[::]:0".parse().unwrap()) else { panic!("[::] must bind or fall back to 0.0.0.0") };
    let port = listener.local_addr().unwrap().port();
    let (_drain, draining) = watch::channel(false);
    let door = Door { admission: Admission::new(WIDE), clock: Clock::manual(Time(1000)), drain: draining };
    tokio::spawn(serve(listener, door, Arc::new(Echo { polite: true })));
    assert_eq!(say((Ipv4Addr::LOCALHOST, port).into(), "four").await, "four");
}

/// Nobody accepts here, so each that comes stays in the queue; one that finds it full is not heard.
#[tokio::test]
async fn many_may_knock_at_one_moment() {
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut knocking = Vec::new();
    for n in 0..500 {
        let knock = tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(address)).await;
        knocking.push(knock.unwrap_or_else(|_| panic!("number {n} was not heard")).unwrap());
    }
}

#[test]
fn binding_says_what_the_system_says() {
    let taken = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let error = bind(taken.local_addr().unwrap()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}
