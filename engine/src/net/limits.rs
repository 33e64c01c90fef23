//! Every limit of a connection and of all connections of one shard, each with its reason.

use crate::config::broker::BrokerConfig;

/// The limits in force on one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections this shard accepts; more are closed at once.
    pub connections: usize,
    /// Requests of one connection that are being served. Clients send 5 at a time by default.
    pub requests: usize,
    /// The largest request, in bytes.
    pub request_bytes: usize,
    /// Bytes of requests that are being served, over all connections: beyond it nothing is received but
    /// by connections that have nothing in service, so that each can always get on.
    pub held_bytes: usize,
    /// Bytes of answers that wait for all connections' sockets together. The nearer they come to it, the
    /// less one fetch may read: slow consumers must not hold the memory that producers need.
    pub unsent_bytes: usize,
    /// Bytes of answers that wait for one connection's socket. Beyond it no request is taken from it.
    pub outgoing_bytes: usize,
}

/// What a connection receives into at first; grows with what arrives.
pub const RECEIVE_BYTES_MIN: usize = 4 << 10;
/// What a busy connection receives into.
pub const RECEIVE_BYTES_MAX: usize = 256 << 10;

/// A fetch may always read this much, so that every consumer gets on.
const FETCH_BYTES_MIN: u64 = 64 << 10;
/// A fetch never reads more than this: more only makes others wait, and is no faster.
const FETCH_BYTES_MAX: u64 = 16 << 20;

impl Limits {
    /// The limits of one shard of `shards`.
    pub fn of(config: &BrokerConfig, shards: usize, memory_bytes: usize) -> Self {
        Limits {
            connections: config.connections_max.div_ceil(shards),
            requests: config.connection_requests_max,
            request_bytes: config.socket_request_max_bytes,
            held_bytes: memory_bytes / 4,
            unsent_bytes: memory_bytes / 4,
            outgoing_bytes: 8 << 20,
        }
    }

    /// What one fetch may read when `unsent` bytes of answers wait already.
    pub fn fetch_bytes(&self, unsent: u64) -> u64 {
        let left = (self.unsent_bytes as u64).saturating_sub(unsent);
        (left / 4).clamp(FETCH_BYTES_MIN, FETCH_BYTES_MAX)
    }

    /// The most memory that connections can take, in bytes: one request each beyond `held_bytes`, answers
    /// of small size, and receive buffers.
    pub fn worst_case_bytes(&self) -> usize {
        self.held_bytes + self.connections * (RECEIVE_BYTES_MAX + self.outgoing_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_consumers_leave_room_for_others() {
        let limits = Limits::of(&BrokerConfig::default(), 1, 256 << 20);
        assert_eq!(limits.fetch_bytes(0), 16 << 20);
        let mut unsent = 0;
        for _ in 0..100 {
            unsent += limits.fetch_bytes(unsent);
        }
        let least = 100 * FETCH_BYTES_MIN;
        assert!(unsent <= limits.unsent_bytes as u64 + least, "{unsent} bytes wait");
        assert!(limits.held_bytes + limits.unsent_bytes <= (256 << 20) / 2);
    }
}
