//! Produce (key 0, announced from version 0, served from 3 to 13): appends record sets to partitions.
//!
//! * Batches are checked here, on the connection's core: shape, checksum, size, timestamps.
//! * `acks` 0: appended, no answer; an error closes the connection, as in Kafka.
//! * `acks` 1: answered when the device has accepted the bytes; -1: as the topic's `durability` says.
//! * A partition's error is its own; the others are appended. One batch for each partition, as in Kafka.
//! * v10 leader hints are not sent: there is one node. v12 transactions are refused until they are
//!   served (a transactional batch is answered with `INVALID_TXN_STATE`).

use bytes::Bytes;
use headwater_protocol::batch::header::{BatchError, BatchHeader};
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::produce::{
    ProducePartitionResponse, ProduceRequest, ProduceResponse, ProduceTopic, ProduceTopicResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::uuid::Uuid;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};
use crate::broker::catalog::Topic;
use crate::config::topic::{TimestampType, TopicConfig};
use crate::log::record_set::{RecordSet, RecordSetError};
use crate::model::ShardId;
use crate::shard::letters::{Acks, Answer, Ask};

/// A request in progress.
pub struct Call {
    origin: Origin,
    silent: bool,
    topics: Vec<CallTopic>,
    /// Where the answer of each part goes: topic and partition by place.
    parts: Vec<(usize, usize)>,
}

struct CallTopic {
    name: String,
    id: Uuid,
    partitions: Vec<ProducePartitionResponse<'static>>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = ProduceRequest::decode(r, origin.version)?;
    let acks = match request.acks {
        0 => Some(Acks::None),
        1 => Some(Acks::Leader),
        -1 => Some(Acks::All),
        _ => None,
    };
    let silent = acks == Some(Acks::None);
    let mut call = Call {
        origin,
        silent,
        topics: Vec::with_capacity(request.topics.len()),
        parts: Vec::new(),
    };
    let mut asks = Vec::new();
    for topic in &request.topics {
        call.add_topic(topic, acks, frame, context, &mut asks);
    }
    if asks.is_empty() {
        let step = call.reply();
        return Ok((Work::Produce(call), step));
    }
    Ok((Work::Produce(call), Step::Ask(asks)))
}

impl Call {
    fn add_topic(
        &mut self,
        sent: &ProduceTopic<'_>,
        acks: Option<Acks>,
        frame: &Bytes,
        context: &Context<'_>,
        asks: &mut Vec<(ShardId, Ask)>,
    ) {
        let (found, missing) = match self.origin.version {
            13.. => (context.catalog.by_id(sent.topic_id), ErrorCode::UnknownTopicId),
            _ => (context.catalog.by_name(sent.name), ErrorCode::UnknownTopicOrPartition),
        };
        let mut partitions = Vec::with_capacity(sent.partitions.len());
        for partition in &sent.partitions {
            let index = partition.index;
            let mut response = ProducePartitionResponse { index, ..Default::default() };
            let bytes = partition.records.map_or(Bytes::new(), |records| frame.slice_ref(records));
            let checked = match (found.filter(|topic| topic.has(index)), acks) {
                (_, None) => Err((ErrorCode::InvalidRequiredAcks, None)),
                (None, _) => Err((
                    if found.is_some() { ErrorCode::UnknownTopicOrPartition } else { missing },
                    None,
                )),
                (Some(topic), Some(acks)) => {
                    check(bytes, &topic.config, context.unix_ms).map(|set| (topic, acks, set))
                }
            };
            match checked {
                Ok((topic, acks, set)) => {
                    self.parts.push((self.topics.len(), partitions.len()));
                    asks.push(append(topic, index, set, acks, context));
                }
                Err((code, message)) => {
                    response.error_code = code;
                    response.error_message = message.map(Into::into);
                }
            }
            partitions.push(response);
        }
        self.topics.push(CallTopic { name: sent.name.to_owned(), id: sent.topic_id, partitions });
    }

    /// One partition has answered.
    pub fn answer(&mut self, part: u32, answer: Answer) {
        let (topic, partition) = self.parts[part as usize];
        let response = &mut self.topics[topic].partitions[partition];
        match answer {
            Answer::Appended(Ok(answer)) => {
                response.base_offset = answer.appended.base_offset.0;
                response.log_append_time_ms = answer.appended.log_append_time_ms;
                response.log_start_offset = answer.log_start.0;
            }
            Answer::Appended(Err(refusal)) => response.error_code = refusal.code(),
            _ => unreachable!("an append was asked for"),
        }
    }

    /// The answer; none for `acks` 0, whose errors end the connection.
    pub fn reply(&mut self) -> Step {
        if self.silent {
            let failed = self
                .topics
                .iter()
                .flat_map(|t| &t.partitions)
                .find(|p| p.error_code != ErrorCode::None);
            return match failed {
                Some(partition) => {
                    Step::Close(format!("produce with acks=0 failed: {:?}", partition.error_code))
                }
                None => Step::Silent,
            };
        }
        let topics =
            std::mem::take(&mut self.topics).into_iter().map(|topic| ProduceTopicResponse {
                name: topic.name.into(),
                topic_id: topic.id,
                partitions: topic.partitions,
            });
        let response = ProduceResponse { topics: topics.collect(), ..Default::default() };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}

fn append(
    topic: &Topic,
    index: i32,
    set: RecordSet,
    acks: Acks,
    context: &Context<'_>,
) -> (ShardId, Ask) {
    let partition = topic.key(index);
    (topic.shard(index, context.node.shards), Ask::Append { partition, set, acks })
}

type Fault = (ErrorCode, Option<String>);

fn check(bytes: Bytes, config: &TopicConfig, unix_ms: i64) -> Result<RecordSet, Fault> {
    let set = RecordSet::check(bytes, config.max_message_bytes as usize).map_err(fault)?;
    let mut batches = set.batches();
    let (Some((batch, _)), None) = (batches.next(), batches.next()) else {
        // Only the first could be compared with what its producer sent before.
        let why = "a request has one batch for each partition".to_owned();
        return Err((ErrorCode::InvalidRecord, Some(why)));
    };
    if config.message_timestamp_type == TimestampType::CreateTime {
        check_times(batch, config, unix_ms)?;
    }
    drop(batches);
    Ok(set)
}

/// The first record's time and the highest one; those of the others are inside the records, which are
/// not looked at.
fn check_times(batch: &BatchHeader, config: &TopicConfig, unix_ms: i64) -> Result<(), Fault> {
    let fault = |why| Err((ErrorCode::InvalidTimestamp, Some(why)));
    if batch.attributes.is_log_append_time {
        return fault("the topic has the producer's time, not that of the append".to_owned());
    }
    for time in [batch.base_timestamp, batch.max_timestamp] {
        let ahead = time.saturating_sub(unix_ms);
        let far = ahead > config.message_timestamp_after_max_ms
            || -ahead > config.message_timestamp_before_max_ms;
        if time >= 0 && far {
            return fault(format!("timestamp {time} is too far from the broker's time {unix_ms}"));
        }
    }
    Ok(())
}

fn fault(error: RecordSetError) -> Fault {
    let code = match error {
        RecordSetError::Empty => ErrorCode::InvalidRecord,
        RecordSetError::TooLarge { .. } => ErrorCode::MessageTooLarge,
        RecordSetError::Control | RecordSetError::Count { .. } => ErrorCode::InvalidRecord,
        RecordSetError::Transactional => ErrorCode::InvalidTxnState,
        RecordSetError::Batch(BatchError::BadMagic { .. }) => {
            ErrorCode::UnsupportedForMessageFormat
        }
        RecordSetError::Batch(BatchError::BadCompression { .. }) => {
            ErrorCode::UnsupportedCompressionType
        }
        RecordSetError::Batch(
            BatchError::BadRecordCount { .. }
            | BatchError::BadOffsetDelta { .. }
            | BatchError::BadProducer { .. },
        ) => ErrorCode::InvalidRecord,
        RecordSetError::Batch(_) => ErrorCode::CorruptMessage,
    };
    (code, Some(format!("{error:?}")))
}
