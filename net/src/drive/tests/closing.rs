//! The end of a connection: the last reply is to arrive, and nobody holds the place by not going.

use super::*;
use crate::drive::output::{CLOSE_LIMIT, CLOSE_OCTETS};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_go_is_waited_for_and_not_for_ever() {
    let mut scene = Scene::plain();
    scene.say("QUIT\r\n").await;
    let started = Instant::now();
    let ended = scene.ended.await.unwrap();
    assert!(matches!(ended.reason, Reason::Closed), "{ended:?}");
    assert!(started.elapsed().abs_diff(CLOSE_LIMIT) <= Duration::from_millis(2), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_on_talking_is_heard_out_up_to_a_limit() {
    for (octets, cut_off) in [(CLOSE_OCTETS - 1, false), (CLOSE_OCTETS, true)] {
        let mut scene = Scene::plain();
        scene.say("QUIT\r\n").await;
        scene.peer.read_exact(&mut [0; 12]).await.unwrap();
        scene.say(&"x".repeat(octets)).await;
        let started = Instant::now();
        scene.ended.await.unwrap();
        assert_eq!(started.elapsed() < CLOSE_LIMIT / 2, cut_off, "{octets} octets");
    }
}
