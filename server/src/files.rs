//! The open files of the process, and how many of them connections may have. The store needs some to write mail, and
//! must never go without because sockets took them all.
#![allow(clippy::disallowed_methods, reason = "counts the open files of this process")]

use net::accept::LEAVING_MAX;
use net::dns::LOOKUPS_MAX;
use nix::sys::resource::{Resource, getrlimit};

/// Open files kept back for all that is no connection within its limits: connections on their way out, lookups of names
/// (two sockets each), and 32 for what comes and goes: files of the store (a segment for each 256 MiB of new mail until
/// the next start, SQLite's temporary ones), the control socket, sockets just accepted to be turned away.
pub(crate) const KEPT_BACK: u32 = LEAVING_MAX + 2 * LOOKUPS_MAX + 32;

/// Connections there are in any case: with fewer nothing can be served at all, and the store may well find its files.
pub(crate) const CONNECTIONS_MIN: u32 = 8;

/// How many connections the limit of open files allows, counted from what is open now; told in the log where that is
/// less than `wanted`. To be asked before anybody is connected, with everything else open.
pub(crate) fn connections(wanted: u32) -> u32 {
    let Ok((limit, _)) = getrlimit(Resource::RLIMIT_NOFILE) else { return u32::MAX };
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let connections = allowed(limit, u32::try_from(open).unwrap_or(u32::MAX));
    if connections < wanted {
        tracing::warn!(
            connections,
            wanted,
            open_files = limit,
            "fewer connections than [limits] says: the system allows too few open files (LimitNOFILE=, `ulimit -n`)"
        );
    }
    connections
}

fn allowed(limit: u32, open: u32) -> u32 {
    limit.saturating_sub(open).saturating_sub(KEPT_BACK).max(CONNECTIONS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_and_what_is_kept_back_is_not_for_connections() {
        assert_eq!(allowed(1024, 24), 1000 - KEPT_BACK);
        assert_eq!(allowed(KEPT_BACK + 20 + CONNECTIONS_MIN, 20), CONNECTIONS_MIN);
        assert_eq!(allowed(KEPT_BACK + 20, 20), CONNECTIONS_MIN, "and not fewer");
        assert!(allowed(200, 40) >= 50, "a limit of 200 still serves");
    }
}
