//! A producer with a transactional id, step by step, as clients before Kafka 4 do it.

use std::time::Duration;

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::batch::attributes::Attributes;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, AddPartitionsToTxnTopic,
    AddPartitionsToTxnTransaction,
};
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use headwater_protocol::messages::list_offsets::{
    LATEST_TIMESTAMP, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic,
};
use headwater_protocol::messages::list_transactions::{
    ListTransactionsRequest, ListTransactionsResponse,
};
use headwater_protocol::messages::produce::{
    ProducePartition, ProduceRequest, ProduceResponse, ProduceTopic,
};
use headwater_protocol::wire::uuid::Uuid;

use super::client::{Asked, Client};
use super::eventually;

/// A transactional id, and the producer that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transactional {
    pub id: String,
    pub producer_id: i64,
    pub epoch: i16,
}

/// A batch of a transaction.
pub fn in_transaction(of: &Transactional, sequence: i32, time_ms: i64, values: &[&str]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    for value in values {
        builder.push(time_ms, None, Some(value.as_bytes()));
    }
    let producer = Producer { id: of.producer_id, epoch: of.epoch, base_sequence: sequence };
    let attributes = Attributes { is_transactional: true, ..Attributes::default() };
    builder.finish_with(producer, attributes).to_vec()
}

impl Client {
    /// Becomes the producer of a transactional id.
    pub fn init_transactions(&mut self, id: &str, timeout_ms: i32) -> Transactional {
        let request = InitProducerIdRequest {
            transactional_id: Some(id),
            transaction_timeout_ms: timeout_ms,
            ..InitProducerIdRequest::default()
        };
        eventually("a coordinator that has loaded", Duration::from_secs(20), || {
            let frame = self.call(ApiKey::InitProducerId, 4, |w| request.encode(w, 4));
            let response = frame.body(InitProducerIdResponse::decode);
            let InitProducerIdResponse { producer_id, producer_epoch: epoch, .. } = response;
            let made = Transactional { id: id.to_owned(), producer_id, epoch };
            response.error_code.is_none().then_some(made)
        })
    }

    /// Begins a transaction in a partition, or takes the partition into the one that is open.
    pub fn add_to_transaction(
        &mut self,
        of: &Transactional,
        topic: &str,
        partition: i32,
    ) -> ErrorCode {
        let topics = vec![AddPartitionsToTxnTopic { name: topic, partitions: vec![partition] }];
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: &of.id,
            producer_id: of.producer_id,
            producer_epoch: of.epoch,
            verify_only: false,
            topics,
        };
        let request = AddPartitionsToTxnRequest { transactions: vec![transaction] };
        let frame = self.call(ApiKey::AddPartitionsToTxn, 3, |w| request.encode(w, 3));
        let response = frame.body(AddPartitionsToTxnResponse::decode);
        let topic = &response.results_by_transaction[0].topic_results[0];
        topic.results_by_partition[0].partition_error_code
    }

    /// Appends a batch of a transaction.
    pub fn produce_in_transaction(
        &mut self,
        of: &Transactional,
        topic: &str,
        partition: i32,
        batch: &[u8],
    ) -> ErrorCode {
        let partitions = vec![ProducePartition { index: partition, records: Some(batch) }];
        let topics = vec![ProduceTopic { name: topic, topic_id: Uuid::ZERO, partitions }];
        let transactional_id = Some(of.id.as_str());
        let request = ProduceRequest { transactional_id, acks: -1, timeout_ms: 10_000, topics };
        let frame = self.call(ApiKey::Produce, 9, |w| request.encode(w, 9));
        frame.body(ProduceResponse::decode).topics[0].partitions[0].error_code
    }

    /// Sends a batch of a transaction as newer clients do: its partition joins by that.
    pub fn ask_produce_in_transaction(
        &mut self,
        of: &Transactional,
        topic: &str,
        partition: i32,
        batch: &[u8],
    ) -> Asked {
        self.ask_produce_all_in_transaction(of, topic, &[(partition, batch)])
    }

    /// The same with batches for several partitions.
    pub fn ask_produce_all_in_transaction(
        &mut self,
        of: &Transactional,
        topic: &str,
        batches: &[(i32, &[u8])],
    ) -> Asked {
        let mut partitions = Vec::new();
        for &(index, batch) in batches {
            partitions.push(ProducePartition { index, records: Some(batch) });
        }
        let topics = vec![ProduceTopic { name: topic, topic_id: Uuid::ZERO, partitions }];
        let transactional_id = Some(of.id.as_str());
        let request = ProduceRequest { transactional_id, acks: -1, timeout_ms: 10_000, topics };
        self.ask(ApiKey::Produce, 12, |w| request.encode(w, 12))
    }

    /// The end of what readers of committed records see.
    pub fn stable_end(&mut self, topic: &str, partition: i32) -> i64 {
        let partitions = vec![ListOffsetsPartition {
            index: partition,
            timestamp: LATEST_TIMESTAMP,
            ..ListOffsetsPartition::default()
        }];
        let topics = vec![ListOffsetsTopic { name: topic, partitions }];
        let request = ListOffsetsRequest { isolation_level: 1, topics, ..Default::default() };
        let frame = self.call(ApiKey::ListOffsets, 7, |w| request.encode(w, 7));
        frame.body(ListOffsetsResponse::decode).topics[0].partitions[0].offset
    }

    /// How many transactional ids are in this state; in any if none is named.
    pub fn transactions(&mut self, state: Option<&str>) -> usize {
        let request = ListTransactionsRequest {
            state_filters: state.into_iter().collect(),
            ..ListTransactionsRequest::default()
        };
        let frame = self.call(ApiKey::ListTransactions, 1, |w| request.encode(w, 1));
        frame.body(ListTransactionsResponse::decode).transaction_states.len()
    }
}
