//! A faulty link: a proxy on loopback that carries octets to a server and cuts a connection after so many of them, in either
//! direction, as a seed says.

use crate::seed::Seed;
use anyhow::Result;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Octets a connection carries in a direction before it is cut.
const BUDGET: Range<u64> = 20..5_000;

/// The link. It is gone when dropped.
pub struct Link {
    /// Where it is to be called.
    pub address: SocketAddr,
    faults: Arc<Mutex<Faults>>,
    listening: JoinHandle<()>,
}

struct Faults {
    seed: Seed,
    cutting: bool,
    cuts: u64,
}

impl Link {
    /// A link to a server, without faults at first.
    pub async fn to(server: SocketAddr, seed: Seed) -> Result<Link> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let faults = Arc::new(Mutex::new(Faults { seed, cutting: false, cuts: 0 }));
        let shared = faults.clone();
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, shared.clone()));
            }
        });
        Ok(Link { address, faults, listening })
    }

    /// Whether connections made from now on are cut.
    pub fn cut(&self, cutting: bool) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).cutting = cutting;
    }

    /// How many connections were cut.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).cuts
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn carry(client: TcpStream, server: SocketAddr, faults: Arc<Mutex<Faults>>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let budget = || {
        let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.cutting { faults.seed.within(BUDGET) } else { u64::MAX }
    };
    let (there, back) = (budget(), budget());
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // Whichever direction ends first takes the other with it: what was under way is lost.
    let was_cut = tokio::select! {
        cut = pass(from_client, to_server, there) => cut,
        cut = pass(from_server, to_client, back) => cut,
    };
    if was_cut {
        faults.lock().unwrap_or_else(PoisonError::into_inner).cuts += 1;
    }
}

/// Passes octets on until the end or the budget; whether it was the budget.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut budget: u64) -> bool {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let room = usize::try_from(budget).unwrap_or(usize::MAX).min(buffer.len());
        match from.read(&mut buffer[..room]).await {
            Ok(0) | Err(_) => return false,
            Ok(octets) => {
                if to.write_all(&buffer[..octets]).await.is_err() {
                    return false;
                }
                budget -= octets as u64;
            }
        }
        if budget == 0 {
            return true;
        }
    }
}
