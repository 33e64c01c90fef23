//! WriteTxnMarkers, key 27, versions 1 and 2. Flexible.
//!
//! From a transaction coordinator to the leaders of partitions: write the markers that end
//! transactions. Administrators send it too, to abort a transaction that hangs.
//!
//! | version | adds |
//! | --- | --- |
//! | 2 | the transaction version, which decides how the epoch is checked (KIP-1228) |
//!
//! Skipped: version 0, as in Kafka 4.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Markers to write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteTxnMarkersRequest<'a> {
    /// By transaction.
    pub markers: Vec<WritableTxnMarker<'a>>,
}

/// The end of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritableTxnMarker<'a> {
    /// Producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// True if committed, false if aborted.
    pub transaction_result: bool,
    /// Where to write it.
    pub topics: Vec<WritableTxnMarkerTopic<'a>>,
    /// Leader epoch of the coordinator's partition of `__transaction_state`; a later one fences it.
    pub coordinator_epoch: i32,
    /// From 2 on, the marker's epoch must be above the transaction's (KIP-890); from version 2.
    pub transaction_version: i8,
}

/// Partitions of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WritableTxnMarkerTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// Partitions.
    pub partition_indexes: Vec<i32>,
}

impl Default for WritableTxnMarker<'_> {
    fn default() -> Self {
        Self {
            producer_id: -1,
            producer_epoch: -1,
            transaction_result: false,
            topics: Vec::new(),
            coordinator_epoch: 0,
            transaction_version: 0,
        }
    }
}

impl<'a> WriteTxnMarkersRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self { markers: r.array(16, |r| WritableTxnMarker::decode(r, version))? };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.array(&self.markers, |w, marker| marker.encode(w, version));
        w.no_tags();
    }
}

impl<'a> WritableTxnMarker<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let marker = Self {
            producer_id: r.i64()?,
            producer_epoch: r.i16()?,
            transaction_result: r.bool()?,
            topics: r.array(2, WritableTxnMarkerTopic::decode)?,
            coordinator_epoch: r.i32()?,
            transaction_version: if version >= 2 { r.i8()? } else { 0 },
        };
        r.skip_tags()?;
        Ok(marker)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.transaction_result);
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.i32(self.coordinator_epoch);
        if version >= 2 {
            w.i8(self.transaction_version);
        }
        w.no_tags();
    }
}

impl<'a> WritableTxnMarkerTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self { name: r.string()?, partition_indexes: r.array(4, Reader::i32)? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.array(&self.partition_indexes, |w, index| w.i32(*index));
        w.no_tags();
    }
}

/// What became of the markers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteTxnMarkersResponse<'a> {
    /// By transaction.
    pub markers: Vec<WritableTxnMarkerResult<'a>>,
}

/// What became of the markers of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritableTxnMarkerResult<'a> {
    /// Producer.
    pub producer_id: i64,
    /// By topic.
    pub topics: Vec<WritableTxnMarkerTopicResult<'a>>,
}

/// What became of the markers in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WritableTxnMarkerTopicResult<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

/// What became of one marker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WritableTxnMarkerPartitionResult {
    /// Partition.
    pub partition_index: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl Default for WritableTxnMarkerResult<'_> {
    fn default() -> Self {
        Self { producer_id: -1, topics: Vec::new() }
    }
}

impl<'a> WriteTxnMarkersResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self { markers: r.array(9, WritableTxnMarkerResult::decode)? };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.markers, |w, marker| marker.encode(w));
        w.no_tags();
    }
}

impl<'a> WritableTxnMarkerResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let marker = Self {
            producer_id: r.i64()?,
            topics: r.array(2, WritableTxnMarkerTopicResult::decode)?,
        };
        r.skip_tags()?;
        Ok(marker)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i64(self.producer_id);
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.no_tags();
    }
}

impl<'a> WritableTxnMarkerTopicResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?.into(),
            partitions: r.array(6, WritableTxnMarkerPartitionResult::decode)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.name);
        w.array(&self.partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl WritableTxnMarkerPartitionResult {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition =
            Self { partition_index: r.i32()?, error_code: ErrorCode::from_code(r.i16()?) };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.error_code(self.error_code);
        w.no_tags();
    }
}
