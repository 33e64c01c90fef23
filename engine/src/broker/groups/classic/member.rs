//! A member of a classic group, and for which answers it waits.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::super::rpc::classic::{JoinGroup, Protocol};

/// A member.
#[derive(Clone, Debug)]
pub(super) struct Member<W> {
    pub(super) id: String,
    pub(super) instance: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Bytes,
    /// Waits for the answer to its JoinGroup.
    pub(super) joining: Option<W>,
    /// Waits for the answer to its SyncGroup.
    pub(super) syncing: Option<W>,
    /// Has never completed a join: it does not know its id yet, so it cannot send heartbeats.
    pub(super) is_new: bool,
}

impl<W> Member<W> {
    /// A member that joins.
    pub(super) fn new(id: String, request: JoinGroup, waiter: W) -> Self {
        Member {
            id,
            instance: request.group_instance_id,
            client_id: request.client.id,
            client_host: request.client.host,
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocols: request.protocols,
            assignment: Bytes::new(),
            joining: Some(waiter),
            syncing: None,
            is_new: true,
        }
    }

    pub(super) fn protocol_names(&self) -> BTreeSet<&str> {
        self.protocols.iter().map(|protocol| protocol.name.as_str()).collect()
    }

    /// Its favourite of these.
    pub(super) fn vote<'a>(&'a self, candidates: &BTreeSet<&str>) -> Option<&'a str> {
        let mut names = self.protocols.iter().map(|protocol| protocol.name.as_str());
        names.find(|name| candidates.contains(name))
    }

    /// What it said with this protocol.
    pub(super) fn metadata(&self, protocol: &str) -> Option<Bytes> {
        let found = self.protocols.iter().find(|known| known.name == protocol);
        found.map(|known| known.metadata.clone())
    }

    /// Whether silence says nothing about it: it waits for us.
    pub(super) fn waits_for_us(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }
}
