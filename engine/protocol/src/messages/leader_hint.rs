//! Who leads a partition now: tagged fields that Produce and Fetch responses share (KIP-951), so
//! that a client can go to the new leader without asking for metadata first. They exist in flexible
//! versions only.

use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// The leader of a partition, as far as the answering broker knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaderIdAndEpoch {
    /// Node id of the leader, -1 if unknown.
    pub leader_id: i32,
    /// Its leader epoch, -1 if unknown.
    pub leader_epoch: i32,
}

impl LeaderIdAndEpoch {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let leader = Self { leader_id: r.i32()?, leader_epoch: r.i32()? };
        r.skip_tags()?;
        Ok(leader)
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.no_tags();
    }
}

/// Where a node listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEndpoint<'a> {
    /// Node id.
    pub node_id: i32,
    /// Host name or address.
    pub host: Cow<'a, str>,
    /// TCP port.
    pub port: i32,
    /// Rack, if it has one.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> NodeEndpoint<'a> {
    /// Least bytes on the wire: node id, host, port, rack, tags.
    pub(super) const BYTES_MIN: usize = 4 + 1 + 4 + 1 + 1;

    pub(super) fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let endpoint = Self {
            node_id: r.i32()?,
            host: r.string()?.into(),
            port: r.i32()?,
            rack: r.nullable_string()?.map(Cow::from),
        };
        r.skip_tags()?;
        Ok(endpoint)
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.node_id);
        w.string(&self.host);
        w.i32(self.port);
        w.nullable_string(self.rack.as_deref());
        w.no_tags();
    }
}
