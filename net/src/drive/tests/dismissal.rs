//! Connections that lag: dismissed at a word from the house, or by themselves after a long time; and those that talk
//! without saying anything.

use super::*;
use crate::seat::PACE;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

impl Scene {
    /// Lets the session go on until it waits.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// The next octets, as many as that.
    async fn hear(&mut self, octets: usize) -> String {
        let mut text = vec![0; octets];
        self.peer.read_exact(&mut text).await.unwrap();
        String::from_utf8(text).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_dismissed_while_it_is_silent_hears_it_at_once() {
    let mut scene = Scene::plain();
    scene.say("GIVE 100\r\nhalf").await;
    scene.settle().await;
    assert!(scene.seat.dismiss());
    let started = Instant::now();
    assert_eq!(scene.rest().await, "hello\r\ndismissed\r\n");
    assert!(started.elapsed() < SECOND);
    assert!(matches!(scene.reason().await.reason, Reason::Dismissed));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_replies_unread_is_dismissed_without_a_word() {
    let mut scene = Scene::open(Security::Plain, 64);
    scene.say("SAY this is longer than the pipe will hold, and nobody is reading it\r\n").await;
    scene.settle().await;
    assert!(scene.seat.dismiss());
    let started = Instant::now();
    let ended = scene.ended.await.unwrap();
    assert!(matches!(ended.reason, Reason::Dismissed), "{ended:?}");
    assert!(started.elapsed() <= SECOND * 3);
    drop(scene.peer);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_may_be_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::open(Security::Implicit(Handshake::Accept(test_config(folder.path()).0)), 1 << 20);
    scene.settle().await;
    assert!(scene.seat.dismiss());
    assert!(matches!(scene.ended.await.unwrap().reason, Reason::Dismissed));
}

#[tokio::test(start_paused = true)]
async fn a_question_or_a_relay_is_not_cut_off_and_an_entitled_silence_is_not() {
    for commands in ["ASK slow\r\n", "RAW 30000\r\n", "STAY\r\n"] {
        let mut scene = Scene::open(Security::Plain, 1000);
        scene.say(commands).await;
        scene.settle().await;
        assert!(!scene.seat.dismiss(), "{commands}");
        scene.say("QUIT\r\n").await;
        assert!(scene.rest().await.ends_with("bye\r\n"), "{commands}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_stranger_holds_for_handshakes_and_unread_replies() {
    let folder = tempfile::tempdir().unwrap();
    let unread = "HURRY 10\r\nSAY this is longer than the pipe will hold, and nobody is reading it\r\n";
    for (commands, pipe) in [("HURRY 10\r\nTLS\r\n", 1 << 20), (unread, 64)] {
        let started = Instant::now();
        let mut scene = Scene::open(Security::StartTls(Handshake::Accept(test_config(folder.path()).0)), pipe);
        scene.say(commands).await;
        let ended = scene.ended.await.unwrap();
        assert!(matches!(ended.reason, Reason::Stalled | Reason::Tls(tls::HandshakeError::TimedOut)), "{ended:?}");
        assert!(started.elapsed() >= SECOND * 9 && started.elapsed() <= SECOND * 11, "{:?}", started.elapsed());
    }
}

/// Content comes at so many octets a second for so many seconds, or until the session ends. How long it was.
async fn drip(scene: &mut Scene, pace: u64, seconds: u32) -> Duration {
    let started = Instant::now();
    let octets = vec![b'x'; usize::try_from(pace).unwrap()];
    for _ in 0..seconds {
        if scene.ended.is_finished() || scene.peer.write_all(&octets).await.is_err() {
            break;
        }
        tokio::time::sleep(SECOND).await;
    }
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn content_that_drips_ends_when_it_lags_by_the_limit() {
    let mut scene = Scene::plain();
    scene.say("GIVE 100000\r\n").await;
    let borne = drip(&mut scene, 1, 10_000).await;
    assert!(borne >= LAG_MAX && borne < LAG_MAX + LAG_MAX / 10, "{borne:?}");
    assert_eq!(scene.rest().await, "hello\r\ndismissed\r\n");
}

#[tokio::test(start_paused = true)]
async fn content_that_keeps_the_pace_may_take_for_ever() {
    let mut scene = Scene::plain();
    let seconds = 3 * u32::try_from(LAG_MAX.as_secs()).unwrap();
    scene.say(&format!("GIVE {}\r\n", PACE * u64::from(seconds))).await;
    drip(&mut scene, PACE, seconds).await;
    scene.say("QUIT\r\n").await;
    assert!(scene.rest().await.ends_with("octets\r\nbye\r\n"));
}

#[tokio::test(start_paused = true)]
async fn who_only_keeps_the_connection_lags_unless_it_is_entitled() {
    for (standing, stays) in [("KNOWN", false), ("STAY", true)] {
        let mut scene = Scene::plain();
        scene.say(&format!("{standing}\r\n")).await;
        for _ in 0..2 * LAG_MAX.as_secs() / 240 {
            let _ = scene.peer.write_all(b"SAY still here\r\nASK nothing\r\n").await;
            tokio::time::sleep(SECOND * 240).await;
        }
        assert_eq!(scene.ended.is_finished(), !stays, "{standing}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_forgives_the_lag() {
    let mut scene = Scene::plain();
    for _ in 0..2 * LAG_MAX.as_secs() / 240 {
        scene.say("ASK on\r\n").await;
        tokio::time::sleep(SECOND * 240).await;
    }
    scene.say("QUIT\r\n").await;
    assert!(scene.rest().await.ends_with("bye\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_that_only_talks_is_slowed_down() {
    let chatter = CHATTER as usize;
    let one = "SAY hello\r\n";
    let cases = [
        (one.repeat(chatter - 2), 0, "the greeting and one less than the limit"),
        (one.repeat(chatter - 1), 1, "at the limit"),
        (one.repeat(chatter * 2 - 1), 1 + 2, "at the limit once more"),
        (one.repeat(chatter * 6 - 1), 1 + 2 + 4 + 8 + 16 + 32, "as often as it is doubled"),
        (one.repeat(chatter * 7 - 1), 1 + 2 + 4 + 8 + 16 + 32 + 32, "and no more"),
        (format!("KNOWN\r\n{}", one.repeat(chatter * 3)), 0, "one who is known"),
        (format!("{}ASK hello\r\n", one.repeat(chatter - 2)).repeat(3), 0, "who asks now and then"),
        (format!("{}ASK nothing\r\n", one.repeat(chatter - 2)).repeat(2), 1, "who asks for nothing that leads on"),
        ("GIVE 1\r\nx".repeat(chatter * 3), 0, "who sends content"),
    ];
    for (commands, brakes, what) in cases {
        let mut scene = Scene::plain();
        let started = Instant::now();
        scene.say(&format!("{commands}QUIT\r\n")).await;
        assert!(scene.rest().await.ends_with("bye\r\n"));
        assert_eq!(started.elapsed().as_secs(), brakes * BRAKE.as_secs(), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn replies_come_before_the_brake() {
    let mut scene = Scene::plain();
    let lines = CHATTER as usize;
    scene.say(&"SAY hello\r\n".repeat(lines)).await;
    let started = Instant::now();
    scene.hear(7 * lines).await;
    assert!(started.elapsed() < BRAKE);
    scene.hear(7).await;
    assert!(started.elapsed() >= BRAKE);
}

#[tokio::test(start_paused = true)]
async fn who_is_revoked_hears_it_at_once_whatever_it_is_entitled_to() {
    for standing in ["KNOWN\r\n", "STAY\r\n", "GIVE 100\r\nhalf"] {
        let mut scene = Scene::plain();
        scene.say(standing).await;
        scene.settle().await;
        let started = Instant::now();
        scene.seat.revoke();
        assert_eq!(scene.rest().await, "hello\r\nrevoked\r\n", "{standing}");
        assert!(started.elapsed() < SECOND);
        assert!(matches!(scene.reason().await.reason, Reason::Revoked));
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_runs_is_finished_before_its_connection_is_revoked() {
    let mut scene = Scene::plain();
    scene.say("STAY\r\nASK slow\r\n").await;
    scene.settle().await;
    scene.seat.revoke();
    assert_eq!(scene.rest().await, "hello\r\nSLOW\r\nrevoked\r\n");
    // Nor does the word get lost while replies are written.
    let mut scene = Scene::open(Security::Plain, 1000);
    scene.say(&format!("STAY\r\nSAY {}\r\nSAY ", "x".repeat(10_000))).await;
    scene.settle().await;
    scene.seat.revoke();
    let rest = scene.rest().await;
    assert!(rest.ends_with("x\r\nrevoked\r\n"), "{}", &rest[rest.len() - 40..]);
}
