//! The post office: the only place with policy. It answers what protocol sessions ask, from the store, and decides
//! who may send what to whom. Knows no sockets and no wall clock.

pub mod admin;
