//! Who is connected now, for the administration's page: one small entry a connection, gone with it. Limits are
//! `net::accept`'s business, figures `metrics`'.

use crate::config::ListenerKind;
use message::Time;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The connections that are open.
#[derive(Default)]
pub(crate) struct Live {
    open: Mutex<BTreeMap<u64, (ListenerKind, SocketAddr, Time)>>,
    next: AtomicU64,
}

/// An open connection; it leaves the list when this is dropped.
pub(crate) struct Entry {
    live: Arc<Live>,
    id: u64,
}

impl Live {
    /// A connection comes in.
    pub(crate) fn enter(self: &Arc<Live>, kind: ListenerKind, client: SocketAddr, now: Time) -> Entry {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.open.lock().insert(id, (kind, client, now));
        Entry { live: self.clone(), id }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.live.open.lock().remove(&self.id);
    }
}

/// What the web side may know of the server.
pub(crate) struct Around {
    pub(crate) listeners: Vec<(ListenerKind, SocketAddr)>,
    pub(crate) live: Arc<Live>,
}

impl web::House for Around {
    fn listeners(&self) -> Vec<(String, SocketAddr)> {
        self.listeners.iter().map(|(kind, address)| (kind.to_string(), *address)).collect()
    }

    fn connections(&self) -> Vec<web::LiveConnection> {
        let open = self.live.open.lock();
        let shown = |(id, (kind, client, since)): (&u64, &(ListenerKind, SocketAddr, Time))| web::LiveConnection {
            id: *id,
            listener: kind.to_string(),
            client: *client,
            since: *since,
        };
        open.iter().map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use web::House;

    #[test]
    fn a_connection_is_shown_while_it_lasts() {
        let around = Around { listeners: Vec::new(), live: Arc::default() };
        let client = SocketAddr::from(([192, 0, 2, 1], 4711));
        let first = around.live.enter(ListenerKind::Imaps, client, Time(1));
        let second = around.live.enter(ListenerKind::Smtp, client, Time(2));
        let listeners: Vec<_> = around.connections().into_iter().map(|open| (open.id, open.listener)).collect();
        assert_eq!(listeners, [(0, "imaps".to_owned()), (1, "smtp".to_owned())]);
        drop(first);
        assert_eq!(around.connections().first().map(|open| open.since), Some(Time(2)));
        drop(second);
        assert!(around.connections().is_empty());
    }
}
