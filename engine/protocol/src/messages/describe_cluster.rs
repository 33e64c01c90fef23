//! DescribeCluster, key 60, versions 0 to 2. Flexible from the start.
//!
//! Names the nodes of the cluster for administration tools (KIP-700); Metadata does it for everyone
//! else.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | brokers or controllers may be asked for (KIP-919) |
//! | 2 | fenced brokers may be included (KIP-1073) |
//!
//! Skipped: nothing.

use super::metadata::AUTHORIZED_OPERATIONS_OMITTED;
use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// `endpoint_type`: the addresses clients use.
pub const ENDPOINT_TYPE_BROKERS: i8 = 1;
/// `endpoint_type`: the addresses of controllers.
pub const ENDPOINT_TYPE_CONTROLLERS: i8 = 2;

/// What to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribeClusterRequest {
    /// Whether to say what the client may do.
    pub include_cluster_authorized_operations: bool,
    /// Which nodes, from version 1.
    pub endpoint_type: i8,
    /// Whether to include brokers that are fenced, from version 2.
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> Self {
        Self {
            include_cluster_authorized_operations: false,
            endpoint_type: ENDPOINT_TYPE_BROKERS,
            include_fenced_brokers: false,
        }
    }
}

impl DescribeClusterRequest {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            include_cluster_authorized_operations: r.bool()?,
            endpoint_type: if version >= 1 { r.i8()? } else { ENDPOINT_TYPE_BROKERS },
            include_fenced_brokers: if version >= 2 { r.bool()? } else { false },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.bool(self.include_cluster_authorized_operations);
        if version >= 1 {
            w.i8(self.endpoint_type);
        }
        if version >= 2 {
            w.bool(self.include_fenced_brokers);
        }
        w.no_tags();
    }
}

/// The cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribeClusterResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// Which nodes, from version 1.
    pub endpoint_type: i8,
    /// Id of the cluster.
    pub cluster_id: Cow<'a, str>,
    /// Node that administers the cluster, -1 if unknown.
    pub controller_id: i32,
    /// Nodes.
    pub brokers: Vec<DescribeClusterBroker<'a>>,
    /// Bit set, or [`AUTHORIZED_OPERATIONS_OMITTED`].
    pub cluster_authorized_operations: i32,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeClusterBroker<'a> {
    /// Node id.
    pub broker_id: i32,
    /// Host name or address.
    pub host: Cow<'a, str>,
    /// TCP port.
    pub port: i32,
    /// Rack, if it has one.
    pub rack: Option<Cow<'a, str>>,
    /// Whether it is fenced, from version 2.
    pub is_fenced: bool,
}

impl Default for DescribeClusterResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::None,
            error_message: None,
            endpoint_type: ENDPOINT_TYPE_BROKERS,
            cluster_id: Cow::default(),
            controller_id: -1,
            brokers: Vec::new(),
            cluster_authorized_operations: AUTHORIZED_OPERATIONS_OMITTED,
        }
    }
}

impl<'a> DescribeClusterResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            endpoint_type: if version >= 1 { r.i8()? } else { ENDPOINT_TYPE_BROKERS },
            cluster_id: r.string()?.into(),
            controller_id: r.i32()?,
            brokers: r.array(11, |r| DescribeClusterBroker::decode(r, version))?,
            cluster_authorized_operations: r.i32()?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        if version >= 1 {
            w.i8(self.endpoint_type);
        }
        w.string(&self.cluster_id);
        w.i32(self.controller_id);
        w.array(&self.brokers, |w, broker| broker.encode(w, version));
        w.i32(self.cluster_authorized_operations);
        w.no_tags();
    }
}

impl<'a> DescribeClusterBroker<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let broker = Self {
            broker_id: r.i32()?,
            host: r.string()?.into(),
            port: r.i32()?,
            rack: r.nullable_string()?.map(Cow::from),
            is_fenced: if version >= 2 { r.bool()? } else { false },
        };
        r.skip_tags()?;
        Ok(broker)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.broker_id);
        w.string(&self.host);
        w.i32(self.port);
        w.nullable_string(self.rack.as_deref());
        if version >= 2 {
            w.bool(self.is_fenced);
        }
        w.no_tags();
    }
}
