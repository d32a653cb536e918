//! The task that sends what is to leave at a time of its own: submissions that were held, answers of who is away. Owns when
//! it looks; what is sent is the office's.

use crate::house::House;
use std::sync::Arc;
use std::time::Duration;

/// It looks so often even if nothing says that something is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long it waits after the store refused.
const STORE_REST: Duration = Duration::from_secs(5);

/// Ends when the server drains: what is due then is due when it starts again.
pub(crate) async fn run(house: Arc<House>) {
    let mut drain = house.drain.clone();
    let mut due = house.office.store().watch_due();
    while !*drain.borrow() {
        let now = house.clock.now();
        let next = match house.office.dispatch(now).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "what is due cannot be sent");
                Some(now.after(STORE_REST))
            }
        };
        let latest = now.after(LOOK_EVERY);
        tokio::select! {
            _ = drain.changed() => {}
            changed = due.changed() => if changed.is_err() { return },
            () = house.clock.sleep_until(next.map_or(latest, |next| next.min(latest))) => {}
        }
    }
}
