//! A session that waits hears of news at once, one that does not listen when it asks, and none is lost.

use super::*;

impl Scene {
    async fn hears(&mut self, expected: &str) {
        let mut text = vec![0; expected.len()];
        self.peer.read_exact(&mut text).await.unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn news_are_told_at_once_and_once_to_who_listens() {
    let mut scene = Scene::plain();
    scene.say("LISTEN\r\nSAY ready\r\n").await;
    scene.hears("hello\r\nready\r\n").await;
    let started = tokio::time::Instant::now();
    for n in 1..=3 {
        scene.news.send_replace(n);
        scene.hears(&format!("news {n}\r\n")).await;
    }
    assert!(started.elapsed() < Duration::from_millis(10), "{:?}", started.elapsed());
    // Two changes at once are one piece of news.
    scene.news.send_replace(4);
    scene.news.send_replace(5);
    scene.hears("news 5\r\n").await;
    scene.say("QUIT\r\n").await;
    assert_eq!(scene.rest().await, "bye\r\n");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_listen_is_not_disturbed_and_hears_what_was_before_it_listened() {
    let mut scene = Scene::plain();
    scene.say("SAY ready\r\n").await;
    scene.hears("hello\r\nready\r\n").await;
    scene.news.send_replace(1);
    tokio::time::sleep(Duration::from_secs(10)).await;
    scene.say("SAY still here\r\n").await;
    scene.hears("still here\r\n").await;
    scene.say("LISTEN\r\n").await;
    scene.hears("news 1\r\n").await;
}

#[tokio::test(start_paused = true)]
async fn news_that_come_during_a_question_or_a_command_are_told_after_it() {
    let mut scene = Scene::plain();
    scene.say("LISTEN\r\nASK slow\r\n").await;
    scene.hears("hello\r\n").await;
    scene.news.send_replace(1);
    scene.hears("SLOW\r\nnews 1\r\n").await;
    // Half a command.
    scene.say("SAY t").await;
    scene.news.send_replace(2);
    scene.hears("news 2\r\n").await;
    scene.say("wo\r\nQUIT\r\n").await;
    assert_eq!(scene.rest().await, "two\r\nbye\r\n");
}

#[tokio::test(start_paused = true)]
async fn news_do_not_put_the_deadline_off() {
    let mut scene = Scene::plain();
    scene.say("LISTEN\r\n").await;
    scene.hears("hello\r\n").await;
    let started = tokio::time::Instant::now();
    for n in 1..10 {
        tokio::time::sleep(IDLE / 10).await;
        scene.news.send_replace(n);
        scene.hears(&format!("news {n}\r\n")).await;
    }
    assert_eq!(scene.rest().await, "too slow\r\n");
    assert!(started.elapsed() <= IDLE + Duration::from_secs(1), "{:?}", started.elapsed());
}
