//! Why the server does not start, or has to end, each with its exit code (sysexits.h).

use crate::config::{ConfigError, ListenerKind};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use store::StoreError;

/// Why the server does not start, or has to end.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("cannot listen on {address} for {kind}: {error}{}", listen_advice(.error))]
    Listen { kind: ListenerKind, address: SocketAddr, error: io::Error },
    #[error("sockets from systemd: {0}")]
    Inherited(String),
    #[error(transparent)]
    Certificate(#[from] net::tls::CertificateError),
    #[error("the certificate is not valid now; the one in use is kept")]
    CertificateDates,
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("{}: {error}{}", .path.display(), folder_advice(.error))]
    DataDir { path: PathBuf, error: io::Error },
    #[error("the control socket {}: {error}", .path.display())]
    Control { path: PathBuf, error: io::Error },
    #[error("cannot become the user \"{user}\": {reason}")]
    User { user: String, reason: String },
    #[error("the store does not open: {0}")]
    Store(StoreError),
    #[error("the store can no longer be trusted: {0}")]
    StoreFailed(StoreError),
    #[error(transparent)]
    Resolver(#[from] net::dns::ResolverError),
    #[error("the system refuses: {0}")]
    System(#[from] io::Error),
}

impl StartError {
    /// The exit code of a process that ends with this error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            StartError::Config(_)
            | StartError::Certificate(_)
            | StartError::CertificateDates
            | StartError::User { .. } => 78,
            StartError::Listen { error, .. } | StartError::DataDir { error, .. } => io_exit_code(error),
            StartError::Control { error, .. } => io_exit_code(error),
            StartError::Store(error) => store_exit_code(error),
            StartError::StoreFailed(_) => 74,
            StartError::Inherited(_) | StartError::Tls(_) | StartError::Resolver(_) | StartError::System(_) => 71,
        }
    }
}

fn io_exit_code(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::PermissionDenied => 77,
        io::ErrorKind::AddrInUse => 69,
        _ => 74,
    }
}

fn store_exit_code(error: &StoreError) -> u8 {
    match error {
        StoreError::Locked { .. } | StoreError::Busy | StoreError::Closed => 75,
        StoreError::Damaged { .. } | StoreError::Newer { .. } => 65,
        _ => 74,
    }
}

fn listen_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            " (ports below 1024 need root and `user = \"...\"`, socket activation, or CAP_NET_BIND_SERVICE)"
        }
        io::ErrorKind::AddrInUse => " (another program has it: `ss -ltnp` names it)",
        io::ErrorKind::AddrNotAvailable => " (no interface of this machine has the address)",
        _ => "",
    }
}

fn folder_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            " (the server does not change the owner of what is there: give the folder to the user it runs as, \
             `chown -R USER FOLDER`)"
        }
        _ => "",
    }
}
