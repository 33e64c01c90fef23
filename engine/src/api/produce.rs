//! Produce (key 0, announced from version 0, served from 3 to 13): appends record sets to partitions.
//!
//! * Batches are checked here, on the connection's core: shape, checksum, size, timestamps.
//! * `acks` 0: appended, no answer; an error closes the connection, as in Kafka.
//! * `acks` 1: answered when the device has accepted the bytes; -1: as the topic's `durability` says.
//! * A partition's error is its own; the others are appended. One batch for each partition, as in Kafka.
//! * A compacted topic takes no records without keys (`super::keyless`).
//! * To the internal topics only the administration client writes, as in Kafka; the broker itself does not come here.
//! * v10 leader hints are not sent: there is one node.
//! * Transactions: a batch that goes on with one is appended like any other. One that would begin a transaction
//!   in its partition is refused there with a guard (`Call::to_verify`), is verified with the producer's
//!   coordinator (from v12 on: added to the transaction, KIP-890) and asked for again (`Call::verified`).

use bytes::Bytes;
use headwater_protocol::batch::header::{BatchError, BatchHeader};
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::RequestHeader;
use headwater_protocol::messages::produce::{
    ProducePartitionResponse, ProduceRequest, ProduceResponse, ProduceTopic, ProduceTopicResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::uuid::Uuid;

use super::access::Allowed;
use super::transactions::verify;
use super::{Context, Origin, Step, Work, keyless, throttling};
use crate::broker::coordination::is_internal;
use crate::broker::quotas::Rate;
use crate::config::topic::{TimestampType, TopicConfig};
use crate::log::record_set::{RecordSet, RecordSetError};
use crate::model::{PartitionKey, ShardId};
use crate::shard::letters::{Acks, Answer, Ask, Refusal};
use crate::shard::verification::Guard;

/// A request in progress.
pub struct Call {
    origin: Origin,
    acks: Option<Acks>,
    /// The client may write to internal topics.
    may_internal: bool,
    transactional_id: Option<String>,
    throttle_time_ms: i32,
    /// Id and epoch of whose transaction it is.
    producer: Option<(i64, i16)>,
    topics: Vec<CallTopic>,
    /// What shards were asked for, by part.
    parts: Vec<Part>,
    /// Parts that would begin transactions, with what they need for it.
    unverified: Vec<(Part, Guard)>,
    /// What the coordinator has said of them.
    verdict: Option<Vec<ErrorCode>>,
}

/// A record set on its way to its partition.
struct Part {
    /// Where its answer goes: topic and partition by place.
    at: (usize, usize),
    /// Whose it is.
    shard: ShardId,
    partition: PartitionKey,
    /// Kept if it may have to be asked for again: of a transaction.
    set: Option<RecordSet>,
}

/// What the coordinator of a transaction is to be asked.
pub struct ToVerify<'a> {
    /// Whose transaction.
    pub transactional_id: &'a str,
    /// Its producer.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// Partitions that must be in the transaction, by topic and index.
    pub partitions: Vec<(&'a str, i32)>,
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
    let meter = throttling::meter(Rate::Producer, frame, context);
    let mut call = Call {
        origin,
        acks,
        may_internal: is_admin(frame),
        transactional_id: request.transactional_id.map(str::to_owned),
        throttle_time_ms: context.charge(meter.as_deref(), frame.len() as u64),
        producer: None,
        topics: Vec::with_capacity(request.topics.len()),
        parts: Vec::new(),
        unverified: Vec::new(),
        verdict: None,
    };
    let mut asks = Vec::new();
    for topic in &request.topics {
        call.add_topic(topic, frame, context, &mut asks);
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
            let checked = match (found.filter(|topic| topic.has(index)), self.acks) {
                (_, None) => Err((ErrorCode::InvalidRequiredAcks, None)),
                (None, _) => Err((
                    if found.is_some() { ErrorCode::UnknownTopicOrPartition } else { missing },
                    None,
                )),
                (Some(topic), _) if is_internal(&topic.name) && !self.may_internal => {
                    let why = format!("Cannot append to internal topic {}", topic.name);
                    Err((ErrorCode::InvalidTopic, Some(why)))
                }
                (Some(topic), Some(acks)) => check(bytes, &topic.config, context.unix_ms)
                    .and_then(|set| self.check_transaction(set))
                    .map(|set| (topic, acks, set)),
            };
            match checked {
                Ok((topic, _, set)) if keyless::refuse(topic, &set, &mut response) => {}
                Ok((topic, acks, set)) => {
                    let (partition, shard) =
                        (topic.key(index), topic.shard(index, context.node.shards));
                    let kept = set.first().attributes.is_transactional.then(|| set.clone());
                    let at = (self.topics.len(), partitions.len());
                    self.parts.push(Part { at, shard, partition, set: kept });
                    asks.push((shard, Ask::Append { partition, set, acks, verified: None }));
                }
                Err((code, message)) => {
                    response.error_code = code;
                    response.error_message = message.map(Into::into);
                }
            }
            partitions.push(response);
        }
        let name = found.map_or(sent.name, |topic| &topic.name).to_owned();
        self.topics.push(CallTopic { name, id: sent.topic_id, partitions });
    }

    /// Records of a transaction come with its name, and all from one producer.
    fn check_transaction(&mut self, set: RecordSet) -> Result<RecordSet, Fault> {
        let first = set.first();
        if !first.attributes.is_transactional {
            return Ok(set);
        }
        if self.transactional_id.is_none() {
            return Err((ErrorCode::TransactionalIdAuthorizationFailed, None));
        }
        let sender = (first.producer_id, first.producer_epoch);
        match *self.producer.get_or_insert(sender) == sender {
            true => Ok(set),
            false => Err((ErrorCode::InvalidProducerIdMapping, None)),
        }
    }

    /// One partition has answered.
    pub fn answer(&mut self, part: u32, answer: Answer) {
        let part = &mut self.parts[part as usize];
        if let Answer::Appended(Err(Refusal::Unverified(guard))) = answer {
            let Part { at, shard, partition, .. } = *part;
            let part = Part { at, shard, partition, set: part.set.take() };
            return self.unverified.push((part, guard));
        }
        let response = &mut self.topics[part.at.0].partitions[part.at.1];
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

    /// The coordinator of the transaction has answered.
    pub fn heard(&mut self, codes: Vec<ErrorCode>) {
        self.verdict = Some(codes);
    }

    /// Everything that was asked is answered: the transaction is verified, if need be, and then the client
    /// is answered.
    pub fn advance(&mut self, context: &Context<'_>) -> Step {
        if let Some(codes) = self.verdict.take() {
            return self.verified(&codes);
        }
        let verify = self.to_verify();
        let question =
            verify.and_then(|what| verify::question(&what, self.origin.version, context));
        match question {
            Some(question) => Step::Coordinate(vec![question]),
            None => self.reply(),
        }
    }

    /// Everything that was asked is answered: what must be verified, if anything. Its answer goes to
    /// [`Call::verified`]; otherwise [`Call::reply`] is next.
    fn to_verify(&self) -> Option<ToVerify<'_>> {
        let (producer_id, producer_epoch) =
            self.producer.filter(|_| !self.unverified.is_empty())?;
        let name = |part: &Part| {
            let topic = &self.topics[part.at.0];
            (topic.name.as_str(), topic.partitions[part.at.1].index)
        };
        let partitions = self.unverified.iter().map(|(part, _)| name(part)).collect();
        let transactional_id = self.transactional_id.as_deref()?;
        Some(ToVerify { transactional_id, producer_id, producer_epoch, partitions })
    }

    /// The coordinator has answered for each partition of [`Call::to_verify`], in that order: those that are in
    /// the transaction are asked again.
    fn verified(&mut self, codes: &[ErrorCode]) -> Step {
        let mut asks = Vec::new();
        self.parts.clear();
        for ((mut part, guard), code) in std::mem::take(&mut self.unverified).into_iter().zip(codes)
        {
            match (code, part.set.take(), self.acks) {
                (ErrorCode::None, Some(set), Some(acks)) => {
                    let (partition, verified) = (part.partition, Some(guard));
                    asks.push((part.shard, Ask::Append { partition, set, acks, verified }));
                    self.parts.push(part);
                }
                _ => {
                    let code = unverified_code(*code, self.origin.version);
                    self.topics[part.at.0].partitions[part.at.1].error_code = code;
                }
            }
        }
        if asks.is_empty() { self.reply() } else { Step::Ask(asks) }
    }

    /// The answer; none for `acks` 0, whose errors end the connection. What is not verified is refused.
    fn reply(&mut self) -> Step {
        for (part, guard) in std::mem::take(&mut self.unverified) {
            let code = Refusal::Unverified(guard).code();
            self.topics[part.at.0].partitions[part.at.1].error_code = code;
        }
        if self.acks == Some(Acks::None) {
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
        let throttle_time_ms = self.throttle_time_ms;
        let topics = topics.collect();
        let response = ProduceResponse { topics, throttle_time_ms, ..Default::default() };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}

/// The client that may write to internal topics.
const ADMIN_CLIENT: &str = "__admin_client";

/// The first version whose clients know `TRANSACTION_ABORTABLE`.
const ABORTABLE_SINCE: i16 = 11;
/// The first one whose producers add partitions to transactions by producing to them.
const ADDS_SINCE: i16 = 12;

/// What a client is told when its transaction could not be verified. What passes must be an error that
/// producers try again.
fn unverified_code(code: ErrorCode, version: i16) -> ErrorCode {
    match code {
        ErrorCode::ConcurrentTransactions if version >= ADDS_SINCE => code,
        ErrorCode::ConcurrentTransactions
        | ErrorCode::NetworkException
        | ErrorCode::CoordinatorLoadInProgress
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::NotCoordinator => ErrorCode::NotEnoughReplicas,
        ErrorCode::TransactionAbortable if version < ABORTABLE_SINCE => ErrorCode::InvalidTxnState,
        _ => code,
    }
}

type Fault = (ErrorCode, Option<String>);

/// Kafka tells its own administration client by its name.
fn is_admin(frame: &Bytes) -> bool {
    let header = RequestHeader::decode(frame).ok();
    header.and_then(|(header, _)| header.client_id) == Some(ADMIN_CLIENT)
}

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
        RecordSetError::Control | RecordSetError::Count { .. } | RecordSetError::NoProducer => {
            ErrorCode::InvalidRecord
        }
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
