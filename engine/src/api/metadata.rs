//! Metadata (key 3, versions 0 to 13): which topics and partitions there are and who leads them.
//!
//! * Unknown topics are created when the client (v4 and later) and `auto.create.topics.enable` allow it;
//!   the answer waits for it, so the client need not ask again.
//! * One node leads everything, under the epoch of this process.
//! * Topics by id from v10 (KIP-516). Authorized operations are not computed.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::metadata::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataRequestTopic, MetadataResponse,
    MetadataTopic,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::uuid::Uuid;

use super::access::Allowed;
use super::{Context, Node, OPERATIONS_NOT_ASKED, Origin, Step, Work};
use crate::broker::catalog::Topic;
use crate::broker::controller::{Command, NewTopic};
use crate::broker::coordination;
use crate::log::directory;

/// A request in progress.
pub struct Call {
    origin: Origin,
    /// `None` = all topics.
    topics: Option<Vec<(Option<String>, Uuid)>>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = MetadataRequest::decode(r, origin.version)?;
    let topics = request.topics.as_ref();
    let topics = topics.map(|topics| distinct(topics));
    let mut call = Call { origin, topics };
    let creates = request.allow_auto_topic_creation && context.config.auto_create_topics;
    let missing = if creates { call.missing(context) } else { Vec::new() };
    let step = match missing.is_empty() {
        true => call.reply(context),
        false => Step::Command(Command::Create { topics: missing, validate_only: false }),
    };
    Ok((Work::Metadata(call), step))
}

/// Each topic once: its answer may be a thousand times as long as its mention. With an id the name does not count, as
/// in Kafka: Java's consumers send an empty one beside it.
fn distinct(topics: &[MetadataRequestTopic<'_>]) -> Vec<(Option<String>, Uuid)> {
    let mut seen = HashSet::new();
    let asked = topics.iter().map(|topic| {
        let name = topic.name.filter(|_| topic.topic_id == Uuid::ZERO);
        (name, topic.topic_id)
    });
    let first = asked.filter(|asked| seen.insert(*asked));
    first.map(|(name, id)| (name.map(str::to_owned), id)).collect()
}

impl Call {
    fn missing(&self, context: &mut Context<'_>) -> Vec<NewTopic> {
        let names = self.topics.iter().flatten().filter_map(|(name, _)| name.clone());
        let missing = names.filter(|name| {
            let creatable = directory::is_topic_name(name) && !coordination::is_internal(name);
            creatable && context.catalog.by_name(name).is_none()
        });
        missing
            .map(|name| NewTopic {
                name,
                partitions: -1,
                replicas: -1,
                overrides: BTreeMap::new(),
                id: Uuid((context.new_id)()),
            })
            .collect()
    }

    /// The answer from the topics as they are now.
    pub fn reply(&mut self, context: &Context<'_>) -> Step {
        let node = context.node;
        let topics = match &self.topics {
            None => context.catalog.topics().map(|topic| described(topic, node)).collect(),
            Some(asked) => {
                asked.iter().map(|(name, id)| one(name.as_deref(), *id, context)).collect()
            }
        };
        let broker = MetadataBroker {
            node_id: node.id,
            host: (&node.host).into(),
            port: node.port,
            rack: None,
        };
        let response = MetadataResponse {
            throttle_time_ms: 0,
            brokers: vec![broker],
            cluster_id: Some((&node.cluster_id).into()),
            controller_id: node.id,
            topics,
            cluster_authorized_operations: OPERATIONS_NOT_ASKED,
            error_code: ErrorCode::None,
        };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}

fn one(name: Option<&str>, id: Uuid, context: &Context<'_>) -> MetadataTopic<'static> {
    let (found, code) = match name {
        Some(name) if !directory::is_topic_name(name) => (None, ErrorCode::InvalidTopic),
        Some(name) => (context.catalog.by_name(name), ErrorCode::UnknownTopicOrPartition),
        None => (context.catalog.by_id(id), ErrorCode::UnknownTopicId),
    };
    match found {
        Some(topic) => described(topic, context.node),
        None => MetadataTopic {
            error_code: code,
            name: name.map(|name| name.to_owned().into()),
            topic_id: id,
            is_internal: false,
            partitions: Vec::new(),
            authorized_operations: OPERATIONS_NOT_ASKED,
        },
    }
}

fn described(topic: &Topic, node: &Node) -> MetadataTopic<'static> {
    let partition = |index| MetadataPartition {
        error_code: ErrorCode::None,
        index,
        leader_id: node.id,
        leader_epoch: node.epoch.0,
        replica_nodes: vec![node.id],
        isr_nodes: vec![node.id],
        offline_replicas: Vec::new(),
    };
    MetadataTopic {
        error_code: ErrorCode::None,
        name: Some(topic.name.clone().into()),
        topic_id: topic.id,
        is_internal: coordination::is_internal(&topic.name),
        partitions: (0..topic.partitions).map(partition).collect(),
        authorized_operations: OPERATIONS_NOT_ASKED,
    }
}
