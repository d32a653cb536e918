//! Which URLs lead to us: below the host that a client reached us by where that is one of ours, else below the name that the
//! configuration gives. What a client says of the host may be anybody's name; URLs that we write must not lead there.

use crate::Web;
use axum::http::uri::Authority;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Scheme, host and port that URLs of ours begin with, without a slash at the end.
pub(crate) async fn base(web: &Web, said: Option<&str>, secure: bool) -> String {
    let scheme = if secure { "https" } else { "http" };
    let said = said.and_then(|said| said.to_ascii_lowercase().parse::<Authority>().ok());
    if let Some(authority) = said.filter(|authority| !authority.as_str().contains('@')) {
        let host = authority.host();
        if is_local(host) || web.office().is_own_name(host).await {
            return format!("{scheme}://{authority}");
        }
    }
    configured(web, secure)
}

/// A literal address, or this machine itself: nobody else can be called so.
fn is_local(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_v6 = v6.is_some_and(|v6| v6.parse::<Ipv6Addr>().is_ok());
    // RFC 6761 §6.3.
    is_v6 || host.parse::<Ipv4Addr>().is_ok() || host == "localhost" || host.ends_with(".localhost")
}

/// The server's own name, with the port of its listener where that is not the usual one.
fn configured(web: &Web, secure: bool) -> String {
    let (scheme, usual) = if secure { ("https", 443) } else { ("http", 80) };
    let listeners = web.house().map(|house| house.listeners()).unwrap_or_default();
    let port = listeners.iter().find(|(name, _)| name == scheme).map_or(usual, |(_, address)| address.port());
    let hostname = web.office().hostname();
    if port == usual { format!("{scheme}://{hostname}") } else { format!("{scheme}://{hostname}:{port}") }
}
