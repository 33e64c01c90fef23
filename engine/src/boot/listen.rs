//! The address to listen on, bound once for each shard.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use headwater_io::socket::Listener;

use super::BootError;
use crate::config::broker::BrokerConfig;

/// How long an address that is taken is tried again.
const BIND_PATIENCE: Duration = Duration::from_millis(1500);

pub(super) fn bind(config: &BrokerConfig, shards: usize) -> Result<Vec<Listener>, BootError> {
    let name = format!("{}:{}", config.listen.host, config.listen.port);
    let fail = |e| BootError::Listen(name.clone(), e);
    let resolved =
        (config.listen.host.as_str(), config.listen.port).to_socket_addrs().map_err(fail)?;
    let addr =
        resolved.into_iter().next().ok_or_else(|| fail(io::ErrorKind::AddrNotAvailable.into()))?;
    // Held alone for a moment: sharing a port with another process of ours must be an error, too.
    let alone = bind_alone(addr).map_err(fail)?;
    let addr = alone.local_addr().map_err(fail)?;
    drop(alone);
    (0..shards).map(|_| Listener::bind(addr, true).map_err(fail)).collect()
}

/// A ring that was killed with its process gives its sockets back a moment later: the data directory is
/// ours already, so an address that is still taken may be our own from before.
fn bind_alone(addr: SocketAddr) -> io::Result<Listener> {
    let deadline = std::time::Instant::now() + BIND_PATIENCE;
    loop {
        match Listener::bind(addr, false) {
            Err(e)
                if e.kind() == io::ErrorKind::AddrInUse && std::time::Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other,
        }
    }
}
