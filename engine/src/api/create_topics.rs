//! CreateTopics (key 19, versions 2 to 7): topics with partitions and settings.
//!
//! * Durable before it is answered: folders, logs and record.
//! * Replication factor 1 or -1; manual assignments are accepted when they name only this node.
//! * No more than 10,000 partitions in one request, as in Kafka: others wait for the controller meanwhile.
//! * v5 answers the settings in force (KIP-525), v7 the topic's id.

use std::collections::HashMap;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
    CreatedTopicConfig,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::uuid::Uuid;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};
use crate::broker::catalog::Topic;
use crate::broker::controller::{Command, Fault, NewTopic, Outcome};
use crate::broker::coordination;
use crate::config::describe::describe_topic;

/// Partitions that one request may make.
const PARTITIONS_AT_ONCE_MAX: u64 = 10_000;

/// A request in progress.
pub struct Call {
    origin: Origin,
    /// Each topic in the order of the request: refused here, or to be created.
    asked: Vec<(String, Option<Fault>)>,
    outcome: Vec<Result<std::sync::Arc<Topic>, Fault>>,
    validate_only: bool,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = CreateTopicsRequest::decode(r, origin.version)?;
    let validate_only = request.validate_only;
    let mut call = Call { origin, asked: Vec::new(), outcome: Vec::new(), validate_only };
    let mut topics = Vec::new();
    let too_many = partitions(&request, context) > PARTITIONS_AT_ONCE_MAX;
    let mut mentions: HashMap<&str, usize> = HashMap::new();
    request.topics.iter().for_each(|topic| *mentions.entry(topic.name).or_default() += 1);
    for topic in &request.topics {
        let twice = mentions[topic.name] > 1;
        let fault = match new_topic(topic, (twice, too_many), context) {
            Ok(new) => {
                topics.push(new);
                None
            }
            Err(fault) => Some(fault),
        };
        call.asked.push((topic.name.to_owned(), fault));
    }
    if topics.is_empty() {
        let step = call.reply(context);
        return Ok((Work::CreateTopics(call), step));
    }
    Ok((Work::CreateTopics(call), Step::Command(Command::Create { topics, validate_only })))
}

/// How many partitions are asked for.
fn partitions(request: &CreateTopicsRequest<'_>, context: &Context<'_>) -> u64 {
    let of_topic =
        |topic: &CreatableTopic<'_>| match (topic.assignments.len(), topic.num_partitions) {
            (0, -1) => u64::from(context.config.num_partitions.unsigned_abs()),
            (0, asked) => u64::try_from(asked).unwrap_or(0),
            (assigned, _) => assigned as u64,
        };
    request.topics.iter().map(of_topic).sum()
}

fn new_topic(
    topic: &CreatableTopic<'_>,
    (twice, too_many): (bool, bool),
    context: &mut Context<'_>,
) -> Result<NewTopic, Fault> {
    let fault = |code, message: &str| Err(Fault { code, message: message.to_owned() });
    if twice {
        return fault(
            ErrorCode::InvalidRequest,
            "the topic is named more than once in this request",
        );
    }
    if too_many {
        let why = "Excessively large number of partitions per request.";
        return fault(ErrorCode::PolicyViolation, why);
    }
    if coordination::is_internal(topic.name) {
        return fault(ErrorCode::InvalidTopic, "the broker makes its internal topics itself");
    }
    let (mut partitions, mut replicas) = (topic.num_partitions, topic.replication_factor);
    if !topic.assignments.is_empty() {
        if partitions != -1 || replicas != -1 {
            return fault(ErrorCode::InvalidRequest, "counts and assignments exclude each other");
        }
        let ours = topic.assignments.iter().all(|a| a.broker_ids == [context.node.id]);
        let mut indexes: Vec<i32> = topic.assignments.iter().map(|a| a.partition_index).collect();
        indexes.sort_unstable();
        if !ours || !indexes.iter().copied().eq(0..indexes.len() as i32) {
            return fault(
                ErrorCode::InvalidReplicaAssignment,
                "assign partitions 0, 1, ... to the one node there is",
            );
        }
        (partitions, replicas) = (indexes.len() as i32, 1);
    }
    let overrides =
        topic.configs.iter().filter_map(|c| Some((c.name.to_owned(), c.value?.to_owned())));
    let overrides = overrides.collect();
    Ok(NewTopic {
        name: topic.name.to_owned(),
        partitions,
        replicas,
        overrides,
        id: Uuid((context.new_id)()),
    })
}

impl Call {
    /// The controller has answered.
    pub fn outcome(&mut self, outcome: Outcome) {
        if let Outcome::Topics(topics) = outcome {
            self.outcome = topics;
        }
    }

    /// The answer.
    pub fn reply(&mut self, context: &Context<'_>) -> Step {
        let mut outcome = std::mem::take(&mut self.outcome).into_iter();
        let mut topics = Vec::new();
        for (name, refused) in std::mem::take(&mut self.asked) {
            let result = match refused {
                Some(fault) => Err(fault),
                None => outcome.next().expect("an outcome for each topic that was asked for"),
            };
            topics.push(match result {
                Ok(topic) => self.created(&topic, context),
                Err(fault) => refused_topic(name, fault),
            });
        }
        let response = CreateTopicsResponse { throttle_time_ms: 0, topics };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }

    fn created(&self, topic: &Topic, context: &Context<'_>) -> CreatableTopicResult<'static> {
        let configs = describe_topic(context.config, &topic.overrides).into_iter().map(|setting| {
            CreatedTopicConfig {
                name: setting.name.into(),
                value: setting.value.map(Into::into),
                read_only: setting.read_only,
                config_source: setting.source as i8,
                is_sensitive: setting.sensitive,
            }
        });
        CreatableTopicResult {
            name: topic.name.clone().into(),
            topic_id: if self.validate_only { Uuid::ZERO } else { topic.id },
            error_code: ErrorCode::None,
            error_message: None,
            topic_config_error_code: ErrorCode::None,
            num_partitions: topic.partitions,
            replication_factor: 1,
            configs: Some(configs.collect()),
        }
    }
}

fn refused_topic(name: String, fault: Fault) -> CreatableTopicResult<'static> {
    CreatableTopicResult {
        name: name.into(),
        topic_id: Uuid::ZERO,
        error_code: fault.code,
        error_message: Some(fault.message.into()),
        topic_config_error_code: ErrorCode::None,
        num_partitions: -1,
        replication_factor: -1,
        configs: None,
    }
}
