//! Sessions that speak compressed from some command on: over a plain connection and inside TLS.

use super::*;
use crate::stream::Stream;

/// The client's end, which speaks compressed when it is told to.
struct Client<S> {
    line: Stream<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn say(&mut self, text: &str) {
        self.line.write_all(text.as_bytes()).await.unwrap();
        self.line.flush().await.unwrap();
    }

    async fn hears(&mut self, expected: &str) {
        let mut text = vec![0; expected.len()];
        self.line.read_exact(&mut text).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&text), expected);
    }

    /// Up to the OK after which all is compressed.
    async fn compress(&mut self) {
        self.say("COMPRESS\r\n").await;
        self.hears("hello\r\nsmaller\r\n").await;
        assert!(self.line.compress(&[]));
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) {
    client.compress().await;
    client.say("SAY one\r\nASK two\r\n").await;
    client.hears("one\r\nTWO\r\n").await;
    let content = "0123456789".repeat(20_000);
    client.say(&format!("GIVE 200000\r\n{content}RAW 30000\r\nSAY three\r\n")).await;
    let stored = String::from_utf8(stored(30_000)).unwrap();
    client.hears(&format!("200000 octets\r\n{stored}three\r\n")).await;
    // At rest both sides forget what they can, and go on.
    for n in 0..3 {
        tokio::time::sleep(REST_AFTER * 2).await;
        client.say(&format!("SAY again {n}\r\n")).await;
        client.hears(&format!("again {n}\r\n")).await;
    }
    client.say("QUIT\r\n").await;
    client.hears("bye\r\n").await;
}

#[tokio::test(start_paused = true)]
async fn all_is_compressed_both_ways_after_the_reply() {
    let scene = Scene::open(Security::Plain, 1000);
    let mut client = Client { line: Stream::Plain(scene.peer) };
    converse(&mut client).await;
    drop(client);
    assert!(matches!(scene.ended.await.unwrap().reason, Reason::Closed));
}

#[tokio::test(start_paused = true)]
async fn compression_goes_on_inside_tls() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::open(Security::Implicit(Handshake::Accept(test_config(folder.path()).0)), 1 << 16);
    let (connector, _) = client(&[&rustls::version::TLS13]);
    let tls = connect(connector, scene.peer).await;
    let mut client = Client { line: Stream::Tls(Box::new(tls.into())) };
    converse(&mut client).await;
    drop(client);
    assert!(matches!(scene.ended.await.unwrap().reason, Reason::Closed));
}

#[tokio::test(start_paused = true)]
async fn what_came_with_the_command_is_compressed_already_and_neither_lost_nor_doubled() {
    let said = b"COMPRESS\r\nSAY one\r\nASK slow\r\nSAY two\r\nQUIT\r\n";
    let (command, rest) = said.split_at(10);
    let compressed = miniz_oxide::deflate::compress_to_vec(rest, 6);
    let whole = [command, &compressed].concat();
    for cut in 1..whole.len() {
        let mut scene = Scene::plain();
        scene.peer.write_all(&whole[..cut]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        // The last octets may come after the server has seen all that matters in them.
        let _ = scene.peer.write_all(&whole[cut..]).await;
        let mut heard = Vec::new();
        scene.peer.read_to_end(&mut heard).await.unwrap();
        let plain = b"hello\r\nsmaller\r\n";
        assert_eq!(&heard[..plain.len()], plain);
        assert_eq!(inflated(&heard[plain.len()..]), "one\r\nSLOW\r\ntwo\r\nbye\r\n", "cut at {cut}");
    }
}

/// What was said up to the last flush.
fn inflated(octets: &[u8]) -> String {
    let mut room = [0; 1000];
    let mut state = miniz_oxide::inflate::stream::InflateState::new(miniz_oxide::DataFormat::Raw);
    let inflating = miniz_oxide::inflate::stream::inflate(&mut state, octets, &mut room, miniz_oxide::MZFlush::None);
    assert_eq!(inflating.bytes_consumed, octets.len());
    String::from_utf8(room[..inflating.bytes_written].to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_not_compressed_after_it_ends_the_connection() {
    let mut scene = Scene::plain();
    scene.say("COMPRESS\r\n\u{7}SAY this is in the clear\r\n").await;
    let ended = scene.ended.await.unwrap();
    assert!(matches!(&ended.reason, Reason::Broken(error) if error.kind() == std::io::ErrorKind::InvalidData));
    drop(scene.peer);
}

#[tokio::test(start_paused = true)]
async fn to_compress_twice_is_a_defect_that_ends_the_connection() {
    let scene = Scene::plain();
    let mut client = Client { line: Stream::Plain(scene.peer) };
    client.compress().await;
    client.say("COMPRESS\r\n").await;
    assert!(matches!(scene.ended.await.unwrap().reason, Reason::Stuck));
}

/// 64 MiB of one octet in 64 KiB: the session is given it in runs that fit its buffer, and the first that is no command
/// for it ends it.
#[tokio::test(start_paused = true)]
async fn little_that_stands_for_much_is_bounded_by_the_buffer() {
    let mut scene = Scene::plain();
    scene.say("COMPRESS\r\n").await;
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![b'x'; 64 << 20], 6);
    assert!(bomb.len() < 100_000);
    scene.peer.write_all(&bomb).await.unwrap();
    let ended = scene.ended.await.unwrap();
    assert!(matches!(ended.reason, Reason::Stuck), "{ended:?}");
    // What came with the command was read as it is, and is read again inflated.
    assert!(ended.received <= (input::INPUT_START + input::INPUT_MAX) as u64, "{ended:?}");
    drop(scene.peer);
}
