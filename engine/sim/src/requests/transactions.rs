//! What transactional clients send, by the rules of either version, and its answers.

use bytes::Bytes;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::ResponseHeader;
use headwater_protocol::messages::add_offsets_to_txn::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse,
};
use headwater_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, AddPartitionsToTxnTopic,
    AddPartitionsToTxnTransaction,
};
use headwater_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use headwater_protocol::messages::init_producer_id::InitProducerIdRequest;
use headwater_protocol::messages::produce::{
    ProducePartition, ProduceRequest, ProduceResponse, ProduceTopic,
};
use headwater_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitPartition, TxnOffsetCommitRequest, TxnOffsetCommitResponse, TxnOffsetCommitTopic,
};
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::uuid::Uuid;

use super::{INIT_PRODUCER_ID, encode};

const ADD_PARTITIONS: i16 = 3;
const ADD_OFFSETS: i16 = 3;

/// `transaction.version` of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// The client adds partitions to its transaction; the epoch stays (KIP-98).
    Old,
    /// The broker adds them; each end raises the epoch (KIP-890).
    New,
}

impl Rules {
    fn produce(self) -> i16 {
        if self == Rules::New { 12 } else { 9 }
    }

    fn offset_commit(self) -> i16 {
        if self == Rules::New { 5 } else { 3 }
    }

    fn end(self) -> i16 {
        if self == Rules::New { 5 } else { 3 }
    }
}

/// A producer as it introduces itself.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// Its transactional id.
    pub id: &'a str,
    /// Its producer id.
    pub producer_id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// What it keeps to.
    pub rules: Rules,
}

fn body(answer: &[u8], api: ApiKey, version: i16) -> Option<Reader<'_>> {
    ResponseHeader::decode(answer, api, version).ok().map(|(_, body)| body)
}

fn worst(codes: impl Iterator<Item = ErrorCode>) -> ErrorCode {
    codes.into_iter().find(|code| *code != ErrorCode::None).unwrap_or(ErrorCode::None)
}

/// A new instance takes over.
pub fn init(correlation: i32, transactional_id: &str, transaction_timeout_ms: i32) -> Bytes {
    let request = InitProducerIdRequest {
        transactional_id: Some(transactional_id),
        transaction_timeout_ms,
        ..InitProducerIdRequest::default()
    };
    encode(ApiKey::InitProducerId, INIT_PRODUCER_ID, correlation, |w| {
        request.encode(w, INIT_PRODUCER_ID);
    })
}

/// The transaction reaches these partitions.
pub fn add_partitions(correlation: i32, who: Who<'_>, partitions: &[(&str, i32)]) -> Bytes {
    let topics = partitions
        .iter()
        .map(|&(name, index)| AddPartitionsToTxnTopic { name, partitions: vec![index] });
    let transaction = AddPartitionsToTxnTransaction {
        transactional_id: who.id,
        producer_id: who.producer_id,
        producer_epoch: who.epoch,
        verify_only: false,
        topics: topics.collect(),
    };
    let request = AddPartitionsToTxnRequest { transactions: vec![transaction] };
    encode(ApiKey::AddPartitionsToTxn, ADD_PARTITIONS, correlation, |w| {
        request.encode(w, ADD_PARTITIONS);
    })
}

/// What became of it.
pub fn partitions_added(answer: &[u8]) -> Option<ErrorCode> {
    let mut body = body(answer, ApiKey::AddPartitionsToTxn, ADD_PARTITIONS)?;
    let response = AddPartitionsToTxnResponse::decode(&mut body, ADD_PARTITIONS).ok()?;
    let transactions = response.results_by_transaction.iter();
    let topics = transactions.flat_map(|transaction| &transaction.topic_results);
    let partitions = topics.flat_map(|topic| &topic.results_by_partition);
    Some(worst(partitions.map(|partition| partition.partition_error_code)))
}

/// The transaction reaches the offsets of this group.
pub fn add_offsets(correlation: i32, who: Who<'_>, group_id: &str) -> Bytes {
    let request = AddOffsetsToTxnRequest {
        transactional_id: who.id,
        producer_id: who.producer_id,
        producer_epoch: who.epoch,
        group_id,
    };
    encode(ApiKey::AddOffsetsToTxn, ADD_OFFSETS, correlation, |w| request.encode(w, ADD_OFFSETS))
}

/// What became of it.
pub fn offsets_added(answer: &[u8]) -> Option<ErrorCode> {
    let mut body = body(answer, ApiKey::AddOffsetsToTxn, ADD_OFFSETS)?;
    AddOffsetsToTxnResponse::decode(&mut body, ADD_OFFSETS).ok().map(|response| response.error_code)
}

/// Batches of a transaction for partitions: topic, index, bytes.
pub fn produce(correlation: i32, who: Who<'_>, batches: &[(&str, i32, &[u8])]) -> Bytes {
    let topics = batches.iter().map(|(name, index, records)| ProduceTopic {
        name,
        topic_id: Uuid::ZERO,
        partitions: vec![ProducePartition { index: *index, records: Some(records) }],
    });
    let request = ProduceRequest {
        transactional_id: Some(who.id),
        acks: -1,
        timeout_ms: 10_000,
        topics: topics.collect(),
    };
    let version = who.rules.produce();
    encode(ApiKey::Produce, version, correlation, |w| request.encode(w, version))
}

/// What became of them.
pub fn produced(answer: &[u8], rules: Rules) -> Option<ProduceResponse<'_>> {
    let version = rules.produce();
    let mut body = body(answer, ApiKey::Produce, version)?;
    ProduceResponse::decode(&mut body, version).ok()
}

/// The transaction moves a group's offsets: partitions of `topic` and where to go on.
pub fn commit_offsets(
    correlation: i32,
    who: Who<'_>,
    group_id: &str,
    topic: &str,
    offsets: &[(i32, i64)],
) -> Bytes {
    let partitions = offsets.iter().map(|&(partition_index, committed_offset)| {
        TxnOffsetCommitPartition { partition_index, committed_offset, ..Default::default() }
    });
    let partitions = partitions.collect();
    let request = TxnOffsetCommitRequest {
        transactional_id: who.id,
        group_id,
        producer_id: who.producer_id,
        producer_epoch: who.epoch,
        topics: vec![TxnOffsetCommitTopic { name: topic, partitions }],
        ..TxnOffsetCommitRequest::default()
    };
    let version = who.rules.offset_commit();
    encode(ApiKey::TxnOffsetCommit, version, correlation, |w| request.encode(w, version))
}

/// What became of it.
pub fn offsets_taken(answer: &[u8], rules: Rules) -> Option<ErrorCode> {
    let version = rules.offset_commit();
    let mut body = body(answer, ApiKey::TxnOffsetCommit, version)?;
    let response = TxnOffsetCommitResponse::decode(&mut body, version).ok()?;
    let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    Some(worst(partitions.map(|partition| partition.error_code)))
}

/// The transaction ends.
pub fn end(correlation: i32, who: Who<'_>, committed: bool) -> Bytes {
    let request = EndTxnRequest {
        transactional_id: who.id,
        producer_id: who.producer_id,
        producer_epoch: who.epoch,
        committed,
    };
    let version = who.rules.end();
    encode(ApiKey::EndTxn, version, correlation, |w| request.encode(w, version))
}

/// What became of it.
pub fn ended(answer: &[u8], rules: Rules) -> Option<EndTxnResponse> {
    let version = rules.end();
    let mut body = body(answer, ApiKey::EndTxn, version)?;
    EndTxnResponse::decode(&mut body, version).ok()
}
