//! The writing half over a real office and store: requests in, responses out, as a client has them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "copies the files of a store")]

mod drafts;
mod kit;
mod others;
mod sending;
mod setting;
