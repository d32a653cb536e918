//! What a session is told of mailboxes that are not selected (NOTIFY, RFC 5465).

use super::super::notes::NOTES_MAX;
use super::*;
use bytes::Bytes;
use store::ANNOTATIONS_MAX;
use wire::imap::ask::{Events, News, Watch, WatchOf};

async fn create(desk: &mut ImapDesk, made: &[&str]) {
    for made in made {
        done(desk, Ask::Create { name: name(made), special_use: vec![] }).await;
    }
}

async fn rename(desk: &mut ImapDesk, from: &str, to: &str) {
    done(desk, Ask::Rename { from: name(from), to: name(to) }).await;
}

fn watching(of: WatchOf, events: Events) -> Ask {
    Ask::Watch(vec![Watch { of, events, status: false }])
}

/// Names told, each with what it was.
fn names(news: &[News]) -> Vec<(&str, Option<&str>)> {
    news.iter().map(name_of).collect()
}

fn name_of(news: &News) -> (&str, Option<&str>) {
    match news {
        News::Folder { folder, old_name } => (folder.name.as_str(), old_name.as_ref().map(MailboxName::as_str)),
        other => panic!("{other:?}"),
    }
}

/// RFC 5465 §5.4.
#[tokio::test]
async fn a_rename_is_told_to_who_watches_either_name() {
    let (_house, mut bob) = bob().await;
    create(&mut bob, &["a", "a/b", "a/c"]).await;
    let events = Events { names: true, ..Events::default() };
    done(&mut bob, watching(WatchOf::Mailboxes(vec![name("a/b"), name("y")]), events)).await;
    rename(&mut bob, "a", "z").await;
    assert_eq!(names(&sync(&mut bob).await.news), [("z/b", Some("a/b"))], "nobody told of what is above");
    rename(&mut bob, "z", "y").await;
    assert_eq!(names(&sync(&mut bob).await.news), [("y", Some("z"))]);
    done(&mut bob, watching(WatchOf::Subtree(vec![name("y")]), events)).await;
    rename(&mut bob, "y", "x").await;
    assert_eq!(names(&sync(&mut bob).await.news), [("x", Some("y"))], "what is below goes with it");
    rename(&mut bob, "x", "w").await;
    assert!(sync(&mut bob).await.news.is_empty());
}

#[tokio::test]
async fn news_that_did_not_come_out_are_told_later() {
    let (_house, mut bob) = bob().await;
    done(&mut bob, watching(WatchOf::Personal, Events { names: true, messages: true, ..Events::default() })).await;
    create(&mut bob, &["new"]).await;
    let mut given_up = Box::pin(bob.news_of_others());
    let polled = std::future::poll_fn(|context| std::task::Poll::Ready(given_up.as_mut().poll(context).is_pending()));
    assert!(polled.await, "it asks the store");
    drop(given_up);
    assert_eq!(names(&sync(&mut bob).await.news), [("new", None)]);
    append(&mut bob, "new", b"\r\nx").await;
    let news = sync(&mut bob).await.news;
    assert!(matches!(&news[..], [News::Status(..)]), "{news:?}");
}

async fn note(desk: &mut ImapDesk, mailbox: &str, entries: std::ops::Range<u64>) {
    let entries = entries.map(|entry| (format!("/shared/{entry}"), Some(Bytes::from_static(b"x")))).collect();
    done(desk, Ask::SetMetadata { mailbox: Some(name(mailbox)), entries }).await;
}

#[tokio::test]
async fn so_many_annotations_are_watched_and_no_more() {
    let (_house, mut bob) = bob().await;
    let watch = || watching(WatchOf::Personal, Events { metadata: true, ..Events::default() });
    for at in 0..u64::from(NOTES_MAX) / ANNOTATIONS_MAX {
        create(&mut bob, &[&format!("m{at}")]).await;
        note(&mut bob, &format!("m{at}"), 0..ANNOTATIONS_MAX).await;
    }
    done(&mut bob, watch()).await;
    assert!(sync(&mut bob).await.news.is_empty());
    note(&mut bob, "INBOX", 0..1).await;
    assert_eq!(sync(&mut bob).await.news, [News::Overflow]);
    note(&mut bob, "INBOX", 1..2).await;
    assert!(sync(&mut bob).await.news.is_empty(), "nothing is watched any more");
    assert_eq!(refused(&mut bob, watch()).await, Refusal::Limit);
}
