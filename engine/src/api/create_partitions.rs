//! CreatePartitions (key 37, versions 0 to 3): more partitions for topics that exist.
//!
//! The count is the new total. Manual assignments are accepted when they name only this node.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopicResult,
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
        let assignments = topic.assignments.iter().flatten();
        if assignments.clone().any(|brokers| *brokers != [context.node.id]) {
            call.results.push(CreatePartitionsTopicResult {
                name: topic.name.to_owned().into(),
                error_code: ErrorCode::InvalidReplicaAssignment,
                error_message: Some("assign partitions to the one node there is".into()),
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
