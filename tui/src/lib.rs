//! The full-screen mail program. Owns what is on the screen and what keys do; mail comes from `agent`: its mirrors, which
//! answer at once, and its worker, which does the network in the background.
//!
//! Three parts. The model (`model`) is pure: events in, effects out. The view (`draw`) is a pure function of the model. The
//! hands ([`hands`]) carry out effects on mirrors; `terminal` is the thin loop around a real terminal. Keys are data
//! (`keys`), bound to lines of one language of commands ([`command`]) that can be typed as well.

pub mod command;
pub mod draw;
pub mod event;
pub mod hands;
pub mod hyperlinks;
pub mod key;
pub mod keys;
pub mod model;
pub mod newcomer;
pub mod picture;
pub mod plain;
pub mod program;
pub mod settings;
pub mod terminal;
pub mod text;
