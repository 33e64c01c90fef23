//! Frames to meaning: one file per Kafka API. A handler checks and translates; it keeps no state of its
//! own beyond its call and touches no disk.
//!
//! A request becomes a [`Work`] that goes through [`Step`]s: it asks shards or the controller, hears
//! their answers, perhaps waits, and replies. [`TABLE`] is the one list of what is served.

pub mod access;
pub mod admin;
pub mod api_versions;
pub mod coordinated;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_topics;
pub mod describe_cluster;
pub mod describe_configs;
pub mod fetch;
pub mod find_coordinator;
pub mod groups;
pub mod init_producer_id;
pub(crate) mod keyless;
pub mod list_offsets;
pub mod metadata;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod throttling;
pub mod transactions;

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_io::clock::Nanos;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::frame::{RequestHeader, encode_response};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::errors::Errors;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

use crate::broker::catalog::Catalog;
use crate::broker::controller::{Command, Outcome};
use crate::broker::coordination::{Question, Reply};
use crate::broker::fetch_sessions::FetchSessions;
use crate::config::broker::BrokerConfig;
use crate::log::read::Piece;
use crate::model::{LeaderEpoch, ShardId};
use crate::shard::letters::{Answer, Ask};
use access::{Allowed, Operation, Principal};

/// What a handler may look at.
pub struct Context<'a> {
    /// The topics.
    pub catalog: &'a Arc<Catalog>,
    /// The broker's settings.
    pub config: &'a BrokerConfig,
    /// What clients are told about this node.
    pub node: &'a Node,
    /// Fetch sessions of this shard's connections.
    pub sessions: &'a mut FetchSessions,
    /// Producer ids that may be given out.
    pub producer_ids: &'a mut Range<i64>,
    /// About how much one fetch may read, in bytes.
    pub fetch_bytes: u64,
    /// Makes topic ids.
    pub new_id: &'a mut dyn FnMut() -> [u8; 16],
    /// Who asks.
    pub peer: IpAddr,
    /// How long the client must wait before its next request, for its quotas.
    pub throttled: Duration,
    /// Monotonic time.
    pub now: Nanos,
    /// Wall-clock time in milliseconds.
    pub unix_ms: i64,
}

/// This node as clients see it.
#[derive(Clone, Debug)]
pub struct Node {
    /// `node.id`.
    pub id: i32,
    /// The cluster.
    pub cluster_id: String,
    /// Where clients connect.
    pub host: String,
    /// Where clients connect.
    pub port: i32,
    /// How many shards own partitions.
    pub shards: usize,
    /// The epoch under which this process leads every partition.
    pub epoch: LeaderEpoch,
}

/// What a request wants next.
pub enum Step {
    /// It is answered, with these error codes.
    Reply(Vec<Piece>, Errors),
    /// It is done and gets no answer.
    Silent,
    /// Ask shards; part numbers count from 0.
    Ask(Vec<(ShardId, Ask)>),
    /// Ask the controller.
    Command(Command),
    /// Ask coordinators; part numbers count from 0.
    Coordinate(Vec<(ShardId, Question)>),
    /// Wait until it is woken by one of these watches, at the latest until then.
    Park {
        /// When to go on in any case.
        until: Nanos,
        /// What may wake it.
        watches: Vec<(ShardId, Ask)>,
    },
    /// The client cannot be understood: end the connection.
    Close(String),
}

/// Where an answer goes and how it is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The API.
    pub api: ApiKey,
    /// Its version.
    pub version: i16,
    /// The client's number for it.
    pub correlation_id: i32,
}

impl Origin {
    /// A whole answer in memory.
    pub fn reply(&self, body: impl FnOnce(&mut Writer<'_>)) -> Step {
        let mut buffer = BytesMut::with_capacity(256);
        let Origin { api, version, correlation_id } = *self;
        let errors = encode_response(&mut buffer, api, version, correlation_id, |w| {
            body(w);
            w.take_errors()
        });
        Step::Reply(vec![Piece::Memory(buffer.freeze())], errors)
    }
}

/// A request in progress.
pub enum Work {
    /// See [`produce`].
    Produce(produce::Call),
    /// See [`fetch`].
    Fetch(fetch::Call),
    /// See [`list_offsets`].
    ListOffsets(list_offsets::Call),
    /// See [`metadata`].
    Metadata(metadata::Call),
    /// See [`create_topics`].
    CreateTopics(create_topics::Call),
    /// See [`delete_topics`].
    DeleteTopics(delete_topics::Call),
    /// See [`create_partitions`].
    CreatePartitions(create_partitions::Call),
    /// See [`init_producer_id`].
    InitProducerId(init_producer_id::Call),
    /// See [`transactions`].
    WriteTxnMarkers(transactions::write_txn_markers::Call),
    /// See [`transactions`].
    DescribeProducers(transactions::describe_producers::Call),
    /// See [`find_coordinator`].
    FindCoordinator(find_coordinator::Call),
    /// See [`coordinated`].
    Coordinated(coordinated::Call),
    /// See [`admin::commanded`].
    Commanded(admin::commanded::Call),
    /// See [`admin::asked`].
    Asked(admin::asked::Call),
    /// Answered on the spot.
    Done,
}

impl Work {
    /// Part `part` of what was asked is answered.
    pub fn answer(&mut self, part: u32, answer: Answer) {
        match self {
            Work::Produce(call) => call.answer(part, answer),
            Work::Fetch(call) => call.answer(part, answer),
            Work::ListOffsets(call) => call.answer(part, answer),
            Work::WriteTxnMarkers(call) => call.answer(part, answer),
            Work::DescribeProducers(call) => call.answer(part, answer),
            Work::Asked(call) => call.answer(part, answer),
            _ => unreachable!("asked no shard"),
        }
    }

    /// A coordinator has answered part `part`.
    pub fn coordinated(&mut self, part: u32, reply: Reply) {
        match self {
            Work::Coordinated(call) => call.reply(part, reply),
            Work::Produce(call) => call.heard(transactions::verify::codes(reply)),
            _ => unreachable!("asked no coordinator"),
        }
    }

    /// The controller has answered.
    pub fn outcome(&mut self, outcome: Outcome) {
        match self {
            // What it did or could not do shows in the topics.
            Work::Metadata(_) | Work::FindCoordinator(_) => {}
            Work::CreateTopics(call) => call.outcome(outcome),
            Work::DeleteTopics(call) => call.outcome(outcome),
            Work::CreatePartitions(call) => call.outcome(outcome),
            Work::InitProducerId(call) => call.outcome(outcome),
            Work::Commanded(call) => call.outcome(outcome),
            _ => unreachable!("gave no command"),
        }
    }

    /// Everything that was asked is answered.
    pub fn advance(&mut self, context: &mut Context<'_>) -> Step {
        match self {
            Work::Produce(call) => call.advance(context),
            Work::Fetch(call) => call.advance(context),
            Work::ListOffsets(call) => call.reply(),
            Work::WriteTxnMarkers(call) => call.reply(),
            Work::DescribeProducers(call) => call.reply(),
            Work::Metadata(call) => call.reply(context),
            Work::CreateTopics(call) => call.reply(context),
            Work::DeleteTopics(call) => call.reply(),
            Work::CreatePartitions(call) => call.reply(),
            Work::InitProducerId(call) => call.reply(context),
            Work::FindCoordinator(call) => call.reply(context),
            Work::Coordinated(call) => {
                let (work, step) = call.advance(context);
                *self = work;
                step
            }
            Work::Commanded(call) => {
                let (work, step) = call.advance(context);
                *self = work;
                step
            }
            Work::Asked(call) => call.reply(),
            Work::Done => Step::Silent,
        }
    }

    /// A wait has ended, by time or because something changed; it may read about so much now.
    pub fn resume(&mut self, fetch_bytes: u64) -> Step {
        match self {
            Work::Fetch(call) => call.ask(fetch_bytes),
            _ => unreachable!("only fetches wait"),
        }
    }

    /// Whether it is answered when other members of a group have come, which may be never.
    pub fn waits_for_members(&self) -> bool {
        match self {
            Work::Coordinated(call) => {
                matches!(call.origin().api, ApiKey::JoinGroup | ApiKey::SyncGroup)
            }
            _ => false,
        }
    }

    /// What the questions that it has just asked may bring, in bytes that must be sent.
    pub fn read_bytes_max(&self) -> u64 {
        match self {
            Work::Fetch(call) => call.read_bytes_max(),
            _ => 0,
        }
    }

    /// What was watched for a wait that is over.
    pub fn watched(&self) -> Vec<(ShardId, Vec<crate::model::PartitionKey>)> {
        match self {
            Work::Fetch(call) => call.watched(),
            _ => Vec::new(),
        }
    }
}

type Handler = fn(
    &mut Reader<'_>,
    &Bytes,
    Origin,
    &mut Context<'_>,
    Allowed,
) -> Result<(Work, Step), DecodeError>;

/// What is served: API, what its caller must be allowed to do, handler. Versions are in the protocol's
/// own table.
pub const TABLE: [(ApiKey, Operation, Handler); 44] = [
    (ApiKey::Produce, Operation::Write, produce::begin),
    (ApiKey::Fetch, Operation::Read, fetch::begin),
    (ApiKey::ListOffsets, Operation::Describe, list_offsets::begin),
    (ApiKey::OffsetForLeaderEpoch, Operation::Describe, offset_for_leader_epoch::begin),
    (ApiKey::Metadata, Operation::Describe, metadata::begin),
    (ApiKey::FindCoordinator, Operation::Describe, find_coordinator::begin),
    (ApiKey::ApiVersions, Operation::Anything, api_versions::begin),
    (ApiKey::CreateTopics, Operation::Create, create_topics::begin),
    (ApiKey::DeleteTopics, Operation::Delete, delete_topics::begin),
    (ApiKey::InitProducerId, Operation::IdempotentWrite, init_producer_id::begin),
    (ApiKey::DescribeConfigs, Operation::DescribeConfigs, describe_configs::begin),
    (ApiKey::CreatePartitions, Operation::Alter, create_partitions::begin),
    (ApiKey::DescribeCluster, Operation::Describe, describe_cluster::begin),
    (ApiKey::JoinGroup, Operation::Read, groups::join_group::begin),
    (ApiKey::SyncGroup, Operation::Read, groups::sync_group::begin),
    (ApiKey::Heartbeat, Operation::Read, groups::heartbeat::begin),
    (ApiKey::LeaveGroup, Operation::Read, groups::leave_group::begin),
    (ApiKey::OffsetCommit, Operation::Read, groups::offset_commit::begin),
    (ApiKey::OffsetFetch, Operation::Describe, groups::offset_fetch::begin),
    (ApiKey::OffsetDelete, Operation::Delete, groups::offset_delete::begin),
    (ApiKey::DescribeGroups, Operation::Describe, groups::describe_groups::begin),
    (ApiKey::ListGroups, Operation::Describe, groups::list_groups::begin),
    (ApiKey::DeleteGroups, Operation::Delete, groups::delete_groups::begin),
    (ApiKey::ConsumerGroupHeartbeat, Operation::Read, groups::consumer_group_heartbeat::begin),
    (ApiKey::ConsumerGroupDescribe, Operation::Describe, groups::consumer_group_describe::begin),
    (ApiKey::AddPartitionsToTxn, Operation::Write, transactions::add_partitions_to_txn::begin),
    (ApiKey::AddOffsetsToTxn, Operation::Write, transactions::add_offsets_to_txn::begin),
    (ApiKey::EndTxn, Operation::Write, transactions::end_txn::begin),
    (ApiKey::TxnOffsetCommit, Operation::Write, transactions::txn_offset_commit::begin),
    (ApiKey::WriteTxnMarkers, Operation::Alter, transactions::write_txn_markers::begin),
    (ApiKey::DescribeProducers, Operation::Describe, transactions::describe_producers::begin),
    (ApiKey::DescribeTransactions, Operation::Describe, transactions::describe_transactions::begin),
    (ApiKey::ListTransactions, Operation::Describe, transactions::list_transactions::begin),
    (ApiKey::AlterConfigs, Operation::AlterConfigs, admin::alter_configs::begin),
    (ApiKey::DeleteRecords, Operation::Delete, admin::delete_records::begin),
    (ApiKey::DescribeLogDirs, Operation::Describe, admin::describe_log_dirs::begin),
    (ApiKey::ElectLeaders, Operation::Alter, admin::elect_leaders::begin),
    (
        ApiKey::IncrementalAlterConfigs,
        Operation::AlterConfigs,
        admin::incremental_alter_configs::begin,
    ),
    (
        ApiKey::AlterPartitionReassignments,
        Operation::Alter,
        admin::alter_partition_reassignments::begin,
    ),
    (
        ApiKey::ListPartitionReassignments,
        Operation::Describe,
        admin::list_partition_reassignments::begin,
    ),
    (
        ApiKey::DescribeClientQuotas,
        Operation::DescribeConfigs,
        admin::describe_client_quotas::begin,
    ),
    (ApiKey::AlterClientQuotas, Operation::AlterConfigs, admin::alter_client_quotas::begin),
    (ApiKey::ListConfigResources, Operation::DescribeConfigs, admin::list_config_resources::begin),
    (ApiKey::DescribeTopicPartitions, Operation::Describe, admin::describe_topic_partitions::begin),
];

/// What Kafka sends when operations were not asked for.
pub const OPERATIONS_NOT_ASKED: i32 = i32::MIN;

/// The largest request that carries no records, in bytes. Decoded it takes many times as much; this is
/// room for a hundred thousand partitions.
const QUESTION_BYTES_MAX: usize = 4 << 20;

/// Begins to serve a frame. What cannot be decoded ends the connection, as in Kafka; so does an API or a
/// version that is not served, except that of ApiVersions, which is answered (KIP-511).
pub fn begin(frame: &Bytes, principal: &Principal, context: &mut Context<'_>) -> (Work, Step) {
    let close = |why: String| (Work::Done, Step::Close(why));
    let (header, mut reader) = match RequestHeader::decode(frame) {
        Ok(decoded) => decoded,
        Err(e) => return close(format!("a request header cannot be decoded: {e}")),
    };
    let Some(api) = header.api() else {
        return close(format!("unknown API key {}", header.api_key));
    };
    if api != ApiKey::Produce && frame.len() > QUESTION_BYTES_MAX {
        return close(format!(
            "{api} with {} bytes: {QUESTION_BYTES_MAX} are allowed",
            frame.len()
        ));
    }
    let RequestHeader { api_version: version, correlation_id, .. } = header;
    let origin = Origin { api, version, correlation_id };
    if !api.serves(version) {
        return match api {
            ApiKey::ApiVersions => api_versions::unsupported(origin),
            _ => close(format!("{api} version {version} is not served")),
        };
    }
    let Some((_, operation, handler)) = TABLE.iter().find(|(key, ..)| *key == api) else {
        return close(format!("{api} is not served"));
    };
    let allowed = match principal.check(*operation) {
        Ok(allowed) => allowed,
        Err(why) => return close(why.to_string()),
    };
    match handler(&mut reader, frame, origin, context, allowed) {
        Ok(begun) => begun,
        Err(e) => close(format!("{api} version {version} cannot be decoded: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dispatch_table_is_what_the_protocol_says_is_served() {
        let dispatched: Vec<ApiKey> = {
            let mut keys: Vec<ApiKey> = TABLE.iter().map(|(key, ..)| *key).collect();
            keys.sort();
            keys
        };
        let served: Vec<ApiKey> =
            headwater_protocol::api_key::served().map(|(key, _)| key).collect();
        assert_eq!(dispatched, served);
    }
}
