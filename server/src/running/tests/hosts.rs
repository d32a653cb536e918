//! Requests of the web that name no host, or two.

use super::*;

#[tokio::test]
async fn a_request_without_a_host_or_with_two_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(config(folder.path(), "[listen]\nhttp = [\"127.0.0.1:0\"]\n"), Seams::system()).await.unwrap();
    let address = running.address(ListenerKind::Http).unwrap();
    for (request, status) in [
        ("GET /api/session HTTP/1.1\r\nHost: mx.hamburger.edu\r\nConnection: close\r\n\r\n", "200"),
        ("GET /api/session HTTP/1.0\r\n\r\n", "200"),
        ("GET /api/session HTTP/1.1\r\n\r\n", "400"),
        ("GET /api/session HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n", "400"),
        ("GET http://a.test/api/session HTTP/1.1\r\n\r\n", "400"),
        ("GET /api/session HTTP/1.1\r\nHost: a.test b.test\r\n\r\n", "400"),
    ] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{request}{answer}");
    }
    running.drain(Duration::from_secs(5)).await;
}
