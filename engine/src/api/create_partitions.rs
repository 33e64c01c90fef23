//! CreatePartitions (key 37, versions 0 to 3): more partitions for topics that exist.
//!
//! The count is the new total. Manual assignments are accepted when they name only this node.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
    CreatePartitionsTopicResult,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};
use crate::broker::controller::{Command, Outcome};

/// A request in progress.
pub struct Call {
    origin: Origin,
    asked: Vec<String>,
    results: Vec<CreatePartitionsTopicResult<'static>>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = CreatePartitionsRequest::decode(r, origin.version)?;
    let mut call = Call { origin, asked: Vec::new(), results: Vec::new() };
    let mut topics = Vec::new();
    for topic in &request.topics {
        if !is_assigned_here(topic, context) {
            call.results.push(CreatePartitionsTopicResult {
                name: topic.name.to_owned().into(),
                error_code: ErrorCode::InvalidReplicaAssignment,
                error_message: Some("assign each new partition to the one node there is".into()),
            });
            continue;
        }
        call.asked.push(topic.name.to_owned());
        topics.push((topic.name.to_owned(), topic.count));
    }
    if topics.is_empty() {
        let step = call.reply();
        return Ok((Work::CreatePartitions(call), step));
    }
    let validate_only = request.validate_only;
    Ok((Work::CreatePartitions(call), Step::Command(Command::Grow { topics, validate_only })))
}

/// Whether every new partition is assigned to this node, if any is assigned at all. What is wrong with the
/// topic or the count is the controller's to say.
fn is_assigned_here(asked: &CreatePartitionsTopic<'_>, context: &Context<'_>) -> bool {
    let Some(assignments) = &asked.assignments else { return true };
    let have = context.catalog.by_name(asked.name).map(|topic| topic.partitions);
    let new = have.map(|have| i64::from(asked.count) - i64::from(have)).filter(|new| *new > 0);
    let counted = new.is_none_or(|new| assignments.len() as i64 == new);
    counted && assignments.iter().all(|brokers| *brokers == [context.node.id])
}

impl Call {
    /// The controller has answered.
    pub fn outcome(&mut self, outcome: Outcome) {
        let Outcome::Topics(outcome) = outcome else { return };
        for (name, result) in self.asked.iter().zip(outcome) {
            let (error_code, error_message) = match result {
                Ok(_) => (ErrorCode::None, None),
                Err(fault) => (fault.code, Some(fault.message.into())),
            };
            self.results.push(CreatePartitionsTopicResult {
                name: name.clone().into(),
                error_code,
                error_message,
            });
        }
    }

    /// The answer.
    pub fn reply(&mut self) -> Step {
        let results = std::mem::take(&mut self.results);
        let response = CreatePartitionsResponse { throttle_time_ms: 0, results };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}
