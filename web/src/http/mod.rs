//! The HTTP API: logging in, what belongs to the owner of an account, administration, and how clients find their settings.
//! Owns its routes and what every answer carries; `docs/http-api.md` says what they mean, `/api/openapi.json` exactly.

mod account;
mod admin;
mod app_passwords;
pub(crate) mod body;
pub(crate) mod cookie;
mod discovery;
mod guard;
mod openapi;
mod passkeys;
pub(crate) mod problem;
mod second_factor;
mod session;
mod sessions;

use crate::Web;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{delete, get, post, put};

pub(crate) use guard::{Crowd, dress, watch};

/// Routes, and what they are called, so that a test can hold them up to the description.
pub(crate) struct Table {
    router: Router<Web>,
    listed: Vec<(&'static str, &'static str)>,
}

macro_rules! method {
    ($name:ident) => {
        pub fn $name<H: Handler<T, Web>, T: 'static>(mut self, path: &'static str, handler: H) -> Table {
            self.router = self.router.route(path, $name(handler));
            self.listed.push((stringify!($name), path));
            self
        }
    };
}

impl Table {
    fn new() -> Table {
        Table { router: Router::new(), listed: Vec::new() }
    }

    method!(get);
    method!(post);
    method!(put);
    method!(delete);
}

fn table() -> Table {
    let table = Table::new().get("/api/openapi.json", openapi::tell);
    let table = session::routes(table);
    let table = sessions::routes(table);
    let table = account::routes(table);
    let table = app_passwords::routes(table);
    let table = second_factor::routes(table);
    let table = passkeys::routes(table);
    admin::routes(table)
}

/// Everything below `/api/`, and what clients look for at fixed places.
pub(crate) fn routes() -> Router<Web> {
    let api = table().router.layer(DefaultBodyLimit::max(body::BODY_OCTETS_MAX));
    let api = api.layer(axum::middleware::from_fn(guard::hurry));
    api.merge(discovery::routes())
}

#[cfg(test)]
mod tests;
