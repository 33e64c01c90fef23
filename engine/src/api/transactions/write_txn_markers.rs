//! WriteTxnMarkers (key 27, versions 1 and 2): ends a transaction in partitions, whatever its coordinator
//! thinks. For operators: it is how a hanging transaction is ended.

use bytes::Bytes;
use headwater_protocol::batch::control::Marker;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerPartitionResult, WritableTxnMarkerResult,
    WritableTxnMarkerTopicResult, WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::log::producers::transactions::MarkerOf;
use crate::model::ShardId;
use crate::shard::letters::{Answer, Ask};

/// A request in progress.
pub struct Call {
    origin: Origin,
    markers: Vec<WritableTxnMarkerResult<'static>>,
    /// Where the answer of each part goes: marker, topic, partition by place.
    parts: Vec<(usize, usize, usize)>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = WriteTxnMarkersRequest::decode(r, origin.version)?;
    let mut call = Call { origin, markers: Vec::new(), parts: Vec::new() };
    let mut asks = Vec::new();
    for marker in &request.markers {
        call.add(marker, context, &mut asks);
    }
    let step = if asks.is_empty() { call.reply() } else { Step::Ask(asks) };
    Ok((Work::WriteTxnMarkers(call), step))
}

fn identity(marker: &WritableTxnMarker<'_>) -> MarkerOf {
    MarkerOf {
        producer_id: marker.producer_id,
        producer_epoch: marker.producer_epoch,
        coordinator_epoch: marker.coordinator_epoch,
        transaction_version: i16::from(marker.transaction_version),
    }
}

impl Call {
    fn add(
        &mut self,
        marker: &WritableTxnMarker<'_>,
        context: &Context<'_>,
        asks: &mut Vec<(ShardId, Ask)>,
    ) {
        let mut topics = Vec::new();
        for topic in &marker.topics {
            let found = context.catalog.by_name(topic.name);
            let mut partitions = Vec::new();
            for &index in &topic.partition_indexes {
                let mut error_code = ErrorCode::UnknownTopicOrPartition;
                if let Some(found) = found.filter(|found| found.has(index)) {
                    error_code = ErrorCode::None;
                    self.parts.push((self.markers.len(), topics.len(), partitions.len()));
                    let ask = Ask::Marker {
                        partition: found.key(index),
                        of: identity(marker),
                        marker: match marker.transaction_result {
                            true => Marker::Commit,
                            false => Marker::Abort,
                        },
                    };
                    asks.push((found.shard(index, context.node.shards), ask));
                }
                let partition_index = index;
                partitions.push(WritableTxnMarkerPartitionResult { partition_index, error_code });
            }
            let name = topic.name.to_owned().into();
            topics.push(WritableTxnMarkerTopicResult { name, partitions });
        }
        self.markers.push(WritableTxnMarkerResult { producer_id: marker.producer_id, topics });
    }

    /// A partition has answered.
    pub fn answer(&mut self, part: u32, answer: Answer) {
        let Answer::Appended(result) = answer else { unreachable!("a marker was asked for") };
        let (marker, topic, partition) = self.parts[part as usize];
        if let Err(refusal) = result {
            let result = &mut self.markers[marker].topics[topic].partitions[partition];
            result.error_code = refusal.code();
        }
    }

    /// All have.
    pub fn reply(&mut self) -> Step {
        let response = WriteTxnMarkersResponse { markers: std::mem::take(&mut self.markers) };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}
