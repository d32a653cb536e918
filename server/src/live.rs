//! Who is connected now, for the administration's page: one small entry a connection, gone with it. Limits are
//! `net::accept`'s business, figures `metrics`'. Through its entry a connection is also told that its login is no longer good.

use crate::config::ListenerKind;
use message::{Address, Time};
use net::Seat;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The connections that are open.
#[derive(Default)]
pub(crate) struct Live {
    open: Mutex<BTreeMap<u64, Arc<Place>>>,
    next: AtomicU64,
}

/// An open connection; it leaves the list when this is dropped.
pub(crate) struct Entry {
    live: Arc<Live>,
    id: u64,
    place: Arc<Place>,
}

/// What is known of an open connection.
#[derive(Debug)]
pub(crate) struct Place {
    kind: ListenerKind,
    client: SocketAddr,
    since: Time,
    seat: Arc<Seat>,
    /// Who is logged in.
    user: Mutex<Option<Box<str>>>,
}

impl office::login::Line for Place {
    fn entered(&self, who: Option<&Address>) {
        *self.user.lock() = who.map(|who| who.to_string().into());
    }

    fn end(&self) {
        self.seat.revoke();
    }
}

impl Entry {
    /// The connection, for who has to end it.
    pub(crate) fn line(&self) -> Arc<Place> {
        self.place.clone()
    }
}

impl Live {
    /// A connection comes in.
    pub(crate) fn enter(
        self: &Arc<Live>,
        kind: ListenerKind,
        client: SocketAddr,
        (seat, since): (Arc<Seat>, Time),
    ) -> Entry {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let place = Arc::new(Place { kind, client, since, seat, user: Mutex::default() });
        self.open.lock().insert(id, place.clone());
        Entry { live: self.clone(), id, place }
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
    /// Of the configuration that the server started with.
    pub(crate) security_contact: Option<String>,
}

impl web::House for Around {
    fn listeners(&self) -> Vec<(String, SocketAddr)> {
        self.listeners.iter().map(|(kind, address)| (kind.to_string(), *address)).collect()
    }

    fn security_contact(&self) -> Option<String> {
        self.security_contact.clone()
    }

    fn connections(&self) -> Vec<web::LiveConnection> {
        let open = self.live.open.lock();
        let shown = |(id, place): (&u64, &Arc<Place>)| web::LiveConnection {
            id: *id,
            listener: place.kind.to_string(),
            client: place.client,
            since: place.since,
            user: place.user.lock().as_deref().map(str::to_owned),
            tls: place.seat.tls().map(str::to_owned),
        };
        open.iter().map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use office::login::Line;
    use web::House;

    #[test]
    fn a_connection_is_shown_while_it_lasts() {
        let around = Around { listeners: Vec::new(), live: Arc::default(), security_contact: None };
        let client = SocketAddr::from(([192, 0, 2, 1], 4711));
        let first = around.live.enter(ListenerKind::Imaps, client, (Seat::new(Time(1)), Time(1)));
        let second = around.live.enter(ListenerKind::Smtp, client, (Seat::new(Time(2)), Time(2)));
        let listeners: Vec<_> = around.connections().into_iter().map(|open| (open.id, open.listener)).collect();
        assert_eq!(listeners, [(0, "imaps".to_owned()), (1, "smtp".to_owned())]);
        let shown = || around.connections().into_iter().map(|open| (open.user, open.tls)).next();
        assert_eq!(shown(), Some((None, None)));
        let bob = Address::parse("bob@hamburger.edu").unwrap();
        first.line().entered(Some(&bob));
        let facts =
            wire::TlsFacts { version: "TLS1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into(), exporter: None };
        first.line().seat.secured(&facts);
        let tls = "TLS1.3 TLS_AES_256_GCM_SHA384".to_owned();
        assert_eq!(shown(), Some((Some("bob@hamburger.edu".to_owned()), Some(tls.clone()))));
        first.line().entered(None);
        assert_eq!(shown(), Some((None, Some(tls))));
        drop(first);
        assert_eq!(around.connections().first().map(|open| open.since), Some(Time(2)));
        drop(second);
        assert!(around.connections().is_empty());
    }
}
