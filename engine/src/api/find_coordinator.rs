//! FindCoordinator (key 10, versions 0 to 6): who keeps the state of a group or transactional id.
//!
//! One node keeps everything. The internal topic that the state lives in is made when the first
//! coordinator is looked for; the answer waits for it, so the client need not ask again.

use std::collections::BTreeMap;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::uuid::Uuid;

use super::access::Allowed;
use super::{Context, Node, Origin, Step, Work};
use crate::broker::controller::{Command, NewTopic};
use crate::broker::coordination::{OFFSETS_TOPIC, TRANSACTIONS_TOPIC};

/// A request in progress.
pub struct Call {
    origin: Origin,
    keys: Vec<String>,
    /// What keeps the state; none for kinds of keys that are not served.
    topic: Option<&'static str>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = FindCoordinatorRequest::decode(r, origin.version)?;
    let topic = match request.key_type {
        0 => Some(OFFSETS_TOPIC),
        1 => Some(TRANSACTIONS_TOPIC),
        _ => None,
    };
    let keys = request.keys.iter().map(|&key| key.to_owned()).collect();
    let mut call = Call { origin, keys, topic };
    let missing = topic.filter(|topic| context.catalog.by_name(topic).is_none());
    let step = match missing {
        Some(topic) => {
            let topics = vec![internal(topic, context)];
            Step::Command(Command::Create { topics, validate_only: false })
        }
        None => call.reply(context),
    };
    Ok((Work::FindCoordinator(call), step))
}

/// The internal topic as it is made when it is first needed.
fn internal(name: &str, context: &mut Context<'_>) -> NewTopic {
    let config = &context.config.coordination;
    let (partitions, segment_bytes) = match name {
        OFFSETS_TOPIC => (config.offsets_topic_partitions, config.offsets_segment_bytes),
        _ => (config.transactions_topic_partitions, config.transactions_segment_bytes),
    };
    let overrides = [
        ("cleanup.policy", "compact".to_owned()),
        ("compression.type", "producer".to_owned()),
        ("segment.bytes", segment_bytes.to_string()),
    ];
    NewTopic {
        name: name.to_owned(),
        partitions,
        replicas: 1,
        overrides: BTreeMap::from(overrides.map(|(name, value)| (name.to_owned(), value))),
        id: Uuid((context.new_id)()),
    }
}

impl Call {
    /// The answer from the topics as they are now.
    pub fn reply(&mut self, context: &Context<'_>) -> Step {
        let error = match self.topic {
            None => {
                Some((ErrorCode::InvalidRequest, "only groups and transactions have coordinators"))
            }
            Some(topic) if context.catalog.by_name(topic).is_none() => {
                Some((ErrorCode::CoordinatorNotAvailable, "the internal topic could not be made"))
            }
            Some(_) => None,
        };
        let keys = std::mem::take(&mut self.keys).into_iter();
        let coordinators = keys.map(|key| coordinator(key, error, context.node)).collect();
        let response = FindCoordinatorResponse { throttle_time_ms: 0, coordinators };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}

fn coordinator(
    key: String,
    error: Option<(ErrorCode, &'static str)>,
    node: &Node,
) -> Coordinator<'static> {
    match error {
        Some((error_code, message)) => Coordinator {
            key: key.into(),
            node_id: -1,
            port: -1,
            error_code,
            error_message: Some(message.into()),
            ..Coordinator::default()
        },
        None => Coordinator {
            key: key.into(),
            node_id: node.id,
            host: node.host.clone().into(),
            port: node.port,
            ..Coordinator::default()
        },
    }
}
