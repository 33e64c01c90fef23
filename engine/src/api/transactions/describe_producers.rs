//! DescribeProducers (key 61, version 0): who has written to partitions lately, and whose transactions are
//! open there.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_producers::{
    DescribeProducersPartitionResult, DescribeProducersRequest, DescribeProducersResponse,
    DescribeProducersTopicResult, ProducerState,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::log::producers::transactions;
use crate::model::Offset;
use crate::shard::letters::{Answer, Ask};

/// A request in progress.
pub struct Call {
    origin: Origin,
    topics: Vec<DescribeProducersTopicResult<'static>>,
    /// Where the answer of each part goes: topic and partition by place.
    parts: Vec<(usize, usize)>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DescribeProducersRequest::decode(r, origin.version)?;
    let mut call = Call { origin, topics: Vec::new(), parts: Vec::new() };
    let mut asks = Vec::new();
    for topic in &request.topics {
        let found = context.catalog.by_name(topic.name);
        let mut partitions = Vec::new();
        for &index in &topic.partition_indexes {
            let found = found.filter(|found| found.has(index));
            if let Some(found) = found {
                call.parts.push((call.topics.len(), partitions.len()));
                let shard = found.shard(index, context.node.shards);
                asks.push((shard, Ask::Producers(found.key(index))));
            }
            let error_code = match found {
                Some(_) => ErrorCode::None,
                None => ErrorCode::UnknownTopicOrPartition,
            };
            partitions.push(DescribeProducersPartitionResult {
                partition_index: index,
                error_code,
                error_message: None,
                active_producers: Vec::new(),
            });
        }
        let name = topic.name.to_owned().into();
        call.topics.push(DescribeProducersTopicResult { name, partitions });
    }
    let step = if asks.is_empty() { call.reply() } else { Step::Ask(asks) };
    Ok((Work::DescribeProducers(call), step))
}

impl Call {
    /// A partition has answered.
    pub fn answer(&mut self, part: u32, answer: Answer) {
        let Answer::Producers(result) = answer else { unreachable!("producers were asked for") };
        let (topic, partition) = self.parts[part as usize];
        let partition = &mut self.topics[topic].partitions[partition];
        match result {
            Ok(producers) => {
                partition.active_producers = producers.into_iter().map(described).collect();
            }
            Err(refusal) => partition.error_code = refusal.code(),
        }
    }

    /// All have.
    pub fn reply(&mut self) -> Step {
        let topics = std::mem::take(&mut self.topics);
        let response = DescribeProducersResponse { throttle_time_ms: 0, topics };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}

fn described(producer: transactions::ProducerState) -> ProducerState {
    ProducerState {
        producer_id: producer.producer_id,
        producer_epoch: i32::from(producer.producer_epoch),
        last_sequence: producer.last_sequence,
        last_timestamp: producer.last_timestamp_ms,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.open_since.map_or(-1, |Offset(offset)| offset),
    }
}
