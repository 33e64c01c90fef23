//! What a member of a consumer group told about itself (KIP-848): key 5.

use bytes::Bytes;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

use super::{Decoded, Unreadable, read_value, write_value};

const NAME: &str = "ConsumerGroupMemberMetadataValue";

/// A member's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberMetadata {
    /// Set for a static member.
    pub instance_id: Option<String>,
    /// The rack it is in.
    pub rack_id: Option<String>,
    /// The client's name.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// Topics by name, in order.
    pub topics: Vec<String>,
    /// Topics by regular expression.
    pub regex: Option<String>,
    /// How long it may take to give partitions back.
    pub rebalance_timeout_ms: i32,
    /// The assignor that it prefers.
    pub server_assignor: Option<String>,
    /// Set while it speaks the classic protocol in a group that has been upgraded.
    pub classic: Option<ClassicMember>,
}

/// What a member that speaks the classic protocol said when it joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassicMember {
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// Its protocols with their metadata.
    pub protocols: Vec<(String, Bytes)>,
}

impl MemberMetadata {
    /// As bytes.
    pub fn encode(&self) -> Bytes {
        write_value(0, 0, |w| {
            w.nullable_string(self.instance_id.as_deref());
            w.nullable_string(self.rack_id.as_deref());
            w.string(&self.client_id);
            w.string(&self.client_host);
            w.array(&self.topics, |w, topic| w.string(topic));
            w.nullable_string(self.regex.as_deref());
            w.i32(self.rebalance_timeout_ms);
            w.nullable_string(self.server_assignor.as_deref());
            match &self.classic {
                Some(classic) => {
                    w.tag_count(1);
                    w.tag(0, |w| classic.write(w));
                }
                None => w.no_tags(),
            }
        })
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        read_value(NAME, bytes, 0, 0, |r, _| {
            let mut member = MemberMetadata {
                instance_id: r.nullable_string()?.map(str::to_owned),
                rack_id: r.nullable_string()?.map(str::to_owned),
                client_id: r.string()?.to_owned(),
                client_host: r.string()?.to_owned(),
                topics: r.array(1, |r| r.string().map(str::to_owned))?,
                regex: r.nullable_string()?.map(str::to_owned),
                rebalance_timeout_ms: r.i32()?,
                server_assignor: r.nullable_string()?.map(str::to_owned),
                classic: None,
            };
            r.tags(|tag, r| {
                if tag == 0 {
                    member.classic = ClassicMember::read(r)?;
                }
                Ok(())
            })?;
            Ok(member)
        })
    }
}

impl ClassicMember {
    /// A structure that may be null begins with a byte that says so: 1 for there, -1 for null.
    fn write(&self, w: &mut Writer<'_>) {
        w.i8(1);
        w.i32(self.session_timeout_ms);
        w.array(&self.protocols, |w, (name, metadata)| {
            w.string(name);
            w.bytes(metadata);
            w.no_tags();
        });
        w.no_tags();
    }

    fn read(r: &mut Reader<'_>) -> Decoded<Option<Self>> {
        if r.i8()? < 0 {
            return Ok(None);
        }
        let session_timeout_ms = r.i32()?;
        let protocols = r.array(3, |r| {
            let protocol = (r.string()?.to_owned(), Bytes::copy_from_slice(r.bytes()?));
            r.skip_tags()?;
            Ok(protocol)
        })?;
        r.skip_tags()?;
        Ok(Some(ClassicMember { session_timeout_ms, protocols }))
    }
}
