//! DeleteTopics (key 20, versions 1 to 6): topics by name, from v6 also by id.
//!
//! Answered when the deletion is durable. Consumers of a deleted topic are told that it is unknown.

use bytes::Bytes;
use headwater_protocol::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicsRequest, DeleteTopicsResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};
use crate::broker::controller::{Command, Outcome, TopicName};

/// A request in progress.
pub struct Call {
    origin: Origin,
    asked: Vec<TopicName>,
    results: Vec<DeletableTopicResult<'static>>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    _context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DeleteTopicsRequest::decode(r, origin.version)?;
    let names = request.topics.iter().map(|topic| match topic.name {
        Some(name) => TopicName::Name(name.to_owned()),
        None => TopicName::Id(topic.topic_id),
    });
    let asked: Vec<TopicName> = names.collect();
    let call = Call { origin, asked: asked.clone(), results: Vec::new() };
    Ok((Work::DeleteTopics(call), Step::Command(Command::Delete(asked))))
}

impl Call {
    /// The controller has answered.
    pub fn outcome(&mut self, outcome: Outcome) {
        let Outcome::Topics(outcome) = outcome else { return };
        for (asked, result) in self.asked.iter().zip(outcome) {
            let mut response = DeletableTopicResult::default();
            match asked {
                TopicName::Name(name) => response.name = Some(name.clone().into()),
                TopicName::Id(id) => response.topic_id = *id,
            }
            match result {
                Ok(topic) => {
                    response.name = Some(topic.name.clone().into());
                    response.topic_id = topic.id;
                }
                Err(fault) => {
                    response.error_code = fault.code;
                    response.error_message = Some(fault.message.into());
                }
            }
            self.results.push(response);
        }
    }

    /// The answer.
    pub fn reply(&mut self) -> Step {
        let response =
            DeleteTopicsResponse { throttle_time_ms: 0, topics: std::mem::take(&mut self.results) };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}
