//! Metadata, key 3, versions 0 to 13.
//!
//! Names the brokers of the cluster and, for the topics asked for, partitions and who leads them.
//! May create a topic.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | null topics mean all, an empty list means none; controller, rack, internal flag |
//! | 2 | cluster id (KIP-78) |
//! | 3 | throttle time (KIP-124) |
//! | 4 | the client may forbid automatic creation |
//! | 5 | offline replicas (KIP-112) |
//! | 6 | throttled after the response is sent (KIP-219) |
//! | 7 | leader epoch (KIP-320) |
//! | 8 | authorized operations (KIP-430) |
//! | 9 | flexible (KIP-482) |
//! | 10 | topic ids, also to ask by (KIP-516) |
//! | 11 | authorized operations of the cluster move to DescribeCluster (KIP-700) |
//! | 12 | asking by topic id really works (KIP-516) |
//! | 13 | an error of the whole request: rebootstrap (KIP-1102) |
//!
//! Skipped: nothing. In version 0 an empty list means all; [`MetadataRequest::decode`] turns that
//! into `None`.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// "Not asked for", in fields of authorized operations.
pub const AUTHORIZED_OPERATIONS_OMITTED: i32 = i32::MIN;

/// Topics asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataRequest<'a> {
    /// `None` for all topics.
    pub topics: Option<Vec<MetadataRequestTopic<'a>>>,
    /// Whether a missing topic may be created, if the broker is so configured; from version 4.
    pub allow_auto_topic_creation: bool,
    /// Versions 8 to 10.
    pub include_cluster_authorized_operations: bool,
    /// From version 8.
    pub include_topic_authorized_operations: bool,
}

/// A topic asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetadataRequestTopic<'a> {
    /// Identity, from version 10; zero when asking by name.
    pub topic_id: Uuid,
    /// Name; `None` when asking by id, from version 10.
    pub name: Option<&'a str>,
}

impl Default for MetadataRequest<'_> {
    fn default() -> Self {
        Self {
            topics: None,
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl<'a> MetadataRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topics = match version {
            0 => Some(r.array(2, |r| MetadataRequestTopic::decode(r, version))?)
                .filter(|topics| !topics.is_empty()),
            _ => r.nullable_array(2, |r| MetadataRequestTopic::decode(r, version))?,
        };
        let request = Self {
            topics,
            allow_auto_topic_creation: if version >= 4 { r.bool()? } else { true },
            include_cluster_authorized_operations: match version {
                8..=10 => r.bool()?,
                _ => false,
            },
            include_topic_authorized_operations: if version >= 8 { r.bool()? } else { false },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        let topics = match version {
            0 => Some(self.topics.as_deref().unwrap_or_default()),
            _ => self.topics.as_deref(),
        };
        w.nullable_array(topics, |w, topic| topic.encode(w, version));
        if version >= 4 {
            w.bool(self.allow_auto_topic_creation);
        }
        if (8..=10).contains(&version) {
            w.bool(self.include_cluster_authorized_operations);
        }
        if version >= 8 {
            w.bool(self.include_topic_authorized_operations);
        }
        w.no_tags();
    }
}

impl<'a> MetadataRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = match version {
            10.. => Self { topic_id: r.uuid()?, name: r.nullable_string()? },
            _ => Self { topic_id: Uuid::ZERO, name: Some(r.string()?) },
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match version {
            10.. => {
                w.uuid(self.topic_id);
                w.nullable_string(self.name);
            }
            _ => w.string(self.name.unwrap_or_default()),
        }
        w.no_tags();
    }
}

/// The cluster, as far as it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataResponse<'a> {
    /// How long the client should stay away for its quota, from version 3.
    pub throttle_time_ms: i32,
    /// Live brokers.
    pub brokers: Vec<MetadataBroker<'a>>,
    /// From version 2.
    pub cluster_id: Option<Cow<'a, str>>,
    /// Node that administers the cluster, -1 if unknown; from version 1.
    pub controller_id: i32,
    /// By topic.
    pub topics: Vec<MetadataTopic<'a>>,
    /// Bit set, or [`AUTHORIZED_OPERATIONS_OMITTED`]; versions 8 to 10.
    pub cluster_authorized_operations: i32,
    /// Error of the whole request, or none; from version 13.
    pub error_code: ErrorCode,
}

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetadataBroker<'a> {
    /// Node id.
    pub node_id: i32,
    /// Host name or address.
    pub host: Cow<'a, str>,
    /// TCP port.
    pub port: i32,
    /// Rack, if it has one; from version 1.
    pub rack: Option<Cow<'a, str>>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataTopic<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Name; `None` from version 12 if asked for by an unknown id.
    pub name: Option<Cow<'a, str>>,
    /// Identity, from version 10.
    pub topic_id: Uuid,
    /// A topic of the broker's own, from version 1.
    pub is_internal: bool,
    /// By partition.
    pub partitions: Vec<MetadataPartition>,
    /// Bit set, or [`AUTHORIZED_OPERATIONS_OMITTED`]; from version 8.
    pub authorized_operations: i32,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataPartition {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Partition.
    pub index: i32,
    /// Node that leads it, -1 if none.
    pub leader_id: i32,
    /// Leader epoch, -1 if unknown; from version 7.
    pub leader_epoch: i32,
    /// Nodes that should have it.
    pub replica_nodes: Vec<i32>,
    /// Nodes that have all of it.
    pub isr_nodes: Vec<i32>,
    /// Nodes that cannot serve it, from version 5.
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            brokers: Vec::new(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::new(),
            cluster_authorized_operations: AUTHORIZED_OPERATIONS_OMITTED,
            error_code: ErrorCode::None,
        }
    }
}

impl Default for MetadataTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::None,
            name: None,
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            authorized_operations: AUTHORIZED_OPERATIONS_OMITTED,
        }
    }
}

impl Default for MetadataPartition {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::None,
            index: 0,
            leader_id: -1,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            offline_replicas: Vec::new(),
        }
    }
}

impl<'a> MetadataResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 3 { r.i32()? } else { 0 },
            brokers: r.array(10, |r| MetadataBroker::decode(r, version))?,
            cluster_id: match version {
                2.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
            controller_id: if version >= 1 { r.i32()? } else { -1 },
            topics: r.array(5, |r| MetadataTopic::decode(r, version))?,
            cluster_authorized_operations: match version {
                8..=10 => r.i32()?,
                _ => AUTHORIZED_OPERATIONS_OMITTED,
            },
            error_code: match version {
                13.. => ErrorCode::from_code(r.i16()?),
                _ => ErrorCode::None,
            },
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 3 {
            w.i32(self.throttle_time_ms);
        }
        w.array(&self.brokers, |w, broker| broker.encode(w, version));
        if version >= 2 {
            w.nullable_string(self.cluster_id.as_deref());
        }
        if version >= 1 {
            w.i32(self.controller_id);
        }
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        if (8..=10).contains(&version) {
            w.i32(self.cluster_authorized_operations);
        }
        if version >= 13 {
            w.error_code(self.error_code);
        }
        w.no_tags();
    }
}

impl<'a> MetadataBroker<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let broker = Self {
            node_id: r.i32()?,
            host: r.string()?.into(),
            port: r.i32()?,
            rack: match version {
                1.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
        };
        r.skip_tags()?;
        Ok(broker)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.node_id);
        w.string(&self.host);
        w.i32(self.port);
        if version >= 1 {
            w.nullable_string(self.rack.as_deref());
        }
        w.no_tags();
    }
}

impl<'a> MetadataTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            name: r.nullable_string()?.map(Cow::from),
            topic_id: if version >= 10 { r.uuid()? } else { Uuid::ZERO },
            is_internal: if version >= 1 { r.bool()? } else { false },
            partitions: r.array(13, |r| MetadataPartition::decode(r, version))?,
            authorized_operations: match version {
                8.. => r.i32()?,
                _ => AUTHORIZED_OPERATIONS_OMITTED,
            },
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.error_code(self.error_code);
        match version {
            12.. => w.nullable_string(self.name.as_deref()),
            _ => w.string(self.name.as_deref().unwrap_or_default()),
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        if version >= 1 {
            w.bool(self.is_internal);
        }
        w.array(&self.partitions, |w, partition| partition.encode(w, version));
        if version >= 8 {
            w.i32(self.authorized_operations);
        }
        w.no_tags();
    }
}

impl MetadataPartition {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let partition = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            index: r.i32()?,
            leader_id: r.i32()?,
            leader_epoch: if version >= 7 { r.i32()? } else { -1 },
            replica_nodes: r.array(4, Reader::i32)?,
            isr_nodes: r.array(4, Reader::i32)?,
            offline_replicas: match version {
                5.. => r.array(4, Reader::i32)?,
                _ => Vec::new(),
            },
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.error_code(self.error_code);
        w.i32(self.index);
        w.i32(self.leader_id);
        if version >= 7 {
            w.i32(self.leader_epoch);
        }
        w.array(&self.replica_nodes, |w, node| w.i32(*node));
        w.array(&self.isr_nodes, |w, node| w.i32(*node));
        if version >= 5 {
            w.array(&self.offline_replicas, |w, node| w.i32(*node));
        }
        w.no_tags();
    }
}
