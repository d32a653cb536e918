//! Mail that leaves: where it goes. Owns no sockets and asks no DNS: it says what to ask, and decides by the answers.

pub mod route;
