//! The web side as one thing that can be cloned into every request: what it stands on, and which router serves which path.
//! Owns no protocol.

use crate::figures::Rings;
use crate::house::House;
use crate::{assets, blobs, contacts, http, jmap, push, rendering};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use message::Time;
use office::Office;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// Tells the time; tests pass one of their own.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// Where a request came from: an extension that `server` puts into every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The client.
    pub client: SocketAddr,
    /// It came over TLS.
    pub secure: bool,
}

/// The web side. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Web {
    inner: Arc<Inner>,
}

struct Inner {
    office: Office,
    clock: Clock,
    jmap: jmap::Desk,
    streams: push::Streams,
    shelf: contacts::Shelf,
    rendering: rendering::Desk,
    crowd: http::Crowd,
    rings: Rings,
    /// The server around us, once it stands.
    house: OnceLock<Arc<dyn House>>,
}

impl Web {
    /// Over an office.
    #[must_use]
    pub fn new(office: Office, clock: Clock) -> Web {
        Web {
            inner: Arc::new(Inner {
                office,
                clock,
                jmap: jmap::Desk::default(),
                streams: push::Streams::default(),
                shelf: contacts::Shelf::default(),
                rendering: rendering::Desk::default(),
                crowd: http::Crowd::default(),
                rings: Rings::default(),
                house: OnceLock::new(),
            }),
        }
    }

    /// Every path that is served here. A request carries a [`Connection`] as an extension.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(jmap::routes())
            .merge(blobs::routes())
            .merge(push::routes())
            .merge(rendering::routes())
            .merge(http::routes())
            .merge(assets::routes())
            .layer(from_fn_with_state(self.clone(), http::watch))
            .layer(from_fn(http::dress))
            .with_state(self.clone())
    }

    /// Makes the server known that this is a part of: its listeners and connections. Once; a second time changes nothing.
    pub fn introduce(&self, house: Arc<dyn House>) {
        let _ = self.inner.house.set(house);
    }

    /// Notes how busy the house is: to be called every [`crate::FIGURES_EVERY`].
    pub async fn note_figures(&self) {
        self.inner.rings.note(self.now(), self.office()).await;
    }

    /// The office it stands on.
    #[must_use]
    pub fn office(&self) -> &Office {
        &self.inner.office
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        (self.inner.clock)()
    }

    /// The server around us; `None` where there is none.
    pub(crate) fn house(&self) -> Option<&dyn House> {
        self.inner.house.get().map(AsRef::as_ref)
    }

    /// Figures of the last hour and day.
    pub(crate) fn rings(&self) -> &Rings {
        &self.inner.rings
    }

    /// Who has how many requests open.
    pub(crate) fn crowd(&self) -> &http::Crowd {
        &self.inner.crowd
    }

    /// What requests for rendered messages share.
    pub(crate) fn rendering(&self) -> &rendering::Desk {
        &self.inner.rendering
    }

    /// Makes known who connects to push services (RFC 8620 §7.2). Before [`Web::work`]; without one nothing is pushed there.
    pub fn employ(&self, courier: Arc<dyn push::Courier>) {
        push::employ(self.push(), courier);
    }

    /// Ends event sources and WebSockets, which would never end by themselves: the house closes.
    pub fn close(&self) {
        self.push().close();
    }

    /// What has to be done without being asked: e-mails come back when their time has come, and states go to push services.
    /// Runs until it is dropped.
    pub async fn work(self) {
        tokio::join!(crate::jmap::wake_snoozed(self.clone()), push::post(self));
    }

    /// Address books in memory.
    pub(crate) fn shelf(&self) -> &contacts::Shelf {
        &self.inner.shelf
    }

    /// What event sources and WebSockets share.
    pub(crate) fn push(&self) -> &push::Streams {
        &self.inner.streams
    }

    /// What JMAP requests share.
    pub(crate) fn jmap(&self) -> &jmap::Desk {
        &self.inner.jmap
    }
}
