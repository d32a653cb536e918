//! Many requests of one account at a time.

use super::*;
use axum::body::Bytes;
use futures_util::stream;
use std::convert::Infallible;
use std::task::Poll;
use tokio::sync::mpsc;

/// A body that never comes; tells when it is waited for.
fn endless(told: mpsc::UnboundedSender<()>) -> Body {
    Body::from_stream(stream::poll_fn(move |_| {
        let _ = told.send(());
        Poll::<Option<Result<Bytes, Infallible>>>::Pending
    }))
}

#[tokio::test]
async fn a_request_that_is_one_too_many_is_refused_before_its_body_is_read() {
    let world = world().await;
    let bob = world.bob().await;
    let (told, mut waiting) = mpsc::unbounded_channel();
    let request = || {
        let mut request = bob.request(Method::POST, "/jmap/api", Some(&Value::Null)).map(|_| endless(told.clone()));
        request.extensions_mut().insert(bob.from);
        world.router.clone().oneshot(request)
    };
    let under_way: Vec<_> = (0..crate::jmap::limits::REQUESTS_AT_ONCE).map(|_| tokio::spawn(request())).collect();
    for _ in &under_way {
        waiting.recv().await.unwrap();
    }
    let refused = request().await.unwrap();
    let said: Value = serde_json::from_slice(&to_bytes(refused.into_body(), 1 << 16).await.unwrap()).unwrap();
    assert_eq!(
        (&said["type"], &said["limit"]),
        (&"urn:ietf:params:jmap:error:limit".into(), &"maxConcurrentRequests".into())
    );
    assert!(waiting.try_recv().is_err(), "nobody waited for its body");
    for task in under_way {
        task.abort();
        let _ = task.await;
    }
    assert_eq!(bob.post("/jmap/api", Value::Null).await.json["type"], "urn:ietf:params:jmap:error:notRequest");
}
