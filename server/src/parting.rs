//! The task that lets those go whose login is no longer good. Owns when it looks; who has to go is the office's to say.

use crate::house::House;
use std::sync::Arc;
use std::time::Duration;

/// It looks so often even if nobody says that logins changed: passwords run out. It looks at memory only.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Ends when the server drains: then everybody goes.
pub(crate) async fn run(house: Arc<House>) {
    let mut drain = house.drain.clone();
    while !*drain.borrow() {
        let now = house.clock.now();
        house.office.part_with_outsiders(now).await;
        tokio::select! {
            _ = drain.changed() => {}
            () = house.office.logins_changed() => {}
            () = house.clock.sleep_until(now.after(LOOK_EVERY)) => {}
        }
    }
}
