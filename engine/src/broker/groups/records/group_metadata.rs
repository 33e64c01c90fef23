//! A classic group as it was after its last rebalance: key 2.

use bytes::Bytes;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

use super::{Decoded, Unreadable, read_value, write_value};

const NAME: &str = "GroupMetadataValue";
const FLEXIBLE: i16 = 4;

/// A generation of a group with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMetadata {
    /// `consumer`, `connect` and so on; empty when the group never had members.
    pub protocol_type: String,
    /// Counts rebalances.
    pub generation: i32,
    /// The protocol that the members agreed on; none without members.
    pub protocol: Option<String>,
    /// The member that assigns.
    pub leader: Option<String>,
    /// Since when the group is in its state, wall clock; -1 when unknown.
    pub state_since_ms: i64,
    /// The members.
    pub members: Vec<StoredMember>,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMember {
    /// Its id.
    pub member_id: String,
    /// Set for a static member.
    pub group_instance_id: Option<String>,
    /// The client's name.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// How long a rebalance waits for it; -1 (version 0) means as long as the session.
    pub rebalance_timeout_ms: i32,
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// What it subscribes to, in the form of the protocol.
    pub subscription: Bytes,
    /// What the leader gave it.
    pub assignment: Bytes,
}

impl GroupMetadata {
    /// As bytes.
    pub fn encode(&self) -> Bytes {
        write_value(3, FLEXIBLE, |w| {
            w.string(&self.protocol_type);
            w.i32(self.generation);
            w.nullable_string(self.protocol.as_deref());
            w.nullable_string(self.leader.as_deref());
            w.i64(self.state_since_ms);
            w.array(&self.members, |w, member| member.write(w));
            w.no_tags();
        })
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        read_value(NAME, bytes, 4, FLEXIBLE, |r, version| {
            let group = GroupMetadata {
                protocol_type: r.string()?.to_owned(),
                generation: r.i32()?,
                protocol: r.nullable_string()?.map(str::to_owned),
                leader: r.nullable_string()?.map(str::to_owned),
                state_since_ms: if version >= 2 { r.i64()? } else { -1 },
                members: r.array(18, |r| StoredMember::read(r, version))?,
            };
            r.skip_tags()?;
            Ok(group)
        })
    }
}

impl StoredMember {
    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.member_id);
        w.nullable_string(self.group_instance_id.as_deref());
        w.string(&self.client_id);
        w.string(&self.client_host);
        w.i32(self.rebalance_timeout_ms);
        w.i32(self.session_timeout_ms);
        w.bytes(&self.subscription);
        w.bytes(&self.assignment);
        w.no_tags();
    }

    fn read(r: &mut Reader<'_>, version: i16) -> Decoded<Self> {
        let nothing = Ok(None);
        let member = StoredMember {
            member_id: r.string()?.to_owned(),
            group_instance_id: if version >= 3 { r.nullable_string() } else { nothing }?
                .map(str::to_owned),
            client_id: r.string()?.to_owned(),
            client_host: r.string()?.to_owned(),
            rebalance_timeout_ms: if version >= 1 { r.i32()? } else { -1 },
            session_timeout_ms: r.i32()?,
            subscription: Bytes::copy_from_slice(r.bytes()?),
            assignment: Bytes::copy_from_slice(r.bytes()?),
        };
        r.skip_tags()?;
        Ok(member)
    }
}
