//! The task that keeps the search index up with the mail. Owns its pace; what is indexed is the office's business.

use crate::house::House;
use office::IndexKeeper;
use std::sync::Arc;
use std::time::Duration;

/// Rest after some messages were indexed while nobody uses the store: others of this thread come to their turn.
const REST: Duration = Duration::from_millis(5);
/// Rest while it is in use: what is delivered meanwhile is indexed together, which is less work.
const GATHER: Duration = Duration::from_millis(200);
/// While the store is in use, it rests so many times as long as it worked: a fifth of a core is taken from deliveries.
const SHARE: u32 = 4;
/// How long it waits after an error.
const AFTER_ERROR: Duration = Duration::from_secs(60);

/// Ends when the server drains, or the store is closed.
pub(crate) async fn keep(house: Arc<House>) {
    let mut drain = house.drain.clone();
    tokio::select! {
        _ = drain.changed() => {}
        () = keep_on(&house) => {}
    }
}

async fn keep_on(house: &House) {
    loop {
        let kept = match IndexKeeper::new(house.office.store().clone()).await {
            Ok(keeper) => go_on(house, keeper).await,
            Err(error) => Err(error),
        };
        match kept {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "the search index falls behind; searches take longer"),
        }
        tokio::time::sleep(AFTER_ERROR).await;
    }
}

async fn go_on(house: &House, mut keeper: IndexKeeper) -> Result<(), store::StoreError> {
    loop {
        let before = house.clock.now();
        match keeper.step().await? {
            Some(stepped) if stepped.stirred => {
                let worked = house.clock.now().since(before);
                tokio::time::sleep(GATHER.max(worked * SHARE)).await;
            }
            Some(_) => tokio::time::sleep(REST).await,
            None if keeper.wait().await => {}
            None => return Ok(()),
        }
    }
}
