//! ConsumerGroupHeartbeat (key 68, versions 0 and 1; KIP-848): a member joins, stays, tells what it has,
//! hears what it shall have, or leaves.

use bytes::Bytes;
use headwater_protocol::messages::consumer_group_heartbeat::{
    AssignedTopicPartitions, Assignment, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{ask_one, client, owned};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::groups::records::assignment::Partitions;
use crate::broker::groups::rpc::consumer::{ConsumerGroupHeartbeat, HeartbeatAnswer};
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = ConsumerGroupHeartbeatRequest::decode(r, origin.version)?;
    let names = request.subscribed_topic_names.as_ref();
    let names = names.map(|names| names.iter().map(|&name| name.to_owned()).collect());
    let heartbeat = ConsumerGroupHeartbeat {
        group_id: request.group_id.to_owned(),
        member_id: request.member_id.to_owned(),
        member_epoch: request.member_epoch,
        instance_id: owned(request.instance_id),
        rack_id: owned(request.rack_id),
        rebalance_timeout_ms: request.rebalance_timeout_ms,
        subscribed_topic_names: names,
        subscribed_topic_regex: owned(request.subscribed_topic_regex),
        server_assignor: owned(request.server_assignor),
        topic_partitions: has(&request),
        client: client(frame, context),
        requires_member_id: origin.version >= 1,
    };
    let (group_id, heartbeat) = (request.group_id, Request::ConsumerGroupHeartbeat(heartbeat));
    Ok(ask_one(origin, context, group_id, heartbeat, |origin, answer| {
        let Answer::ConsumerGroupHeartbeat(answer) = answer else { unreachable!("a heartbeat") };
        respond(origin, answer)
    }))
}

/// What the member says that it has.
fn has(request: &ConsumerGroupHeartbeatRequest<'_>) -> Option<Partitions> {
    let topics = request.topic_partitions.as_ref()?.iter();
    let topics = topics.filter(|topic| !topic.partitions.is_empty());
    Some(topics.map(|one| (one.topic_id, one.partitions.iter().copied().collect())).collect())
}

fn respond(origin: Origin, answer: HeartbeatAnswer) -> Step {
    let assignment = answer.assignment.map(|partitions| Assignment {
        topic_partitions: partitions
            .into_iter()
            .map(|(topic_id, partitions)| AssignedTopicPartitions {
                topic_id,
                partitions: partitions.into_iter().collect(),
            })
            .collect(),
    });
    let response = ConsumerGroupHeartbeatResponse {
        throttle_time_ms: 0,
        error_code: answer.error_code,
        error_message: answer.error_message.map(Into::into),
        member_id: answer.member_id.map(Into::into),
        member_epoch: answer.member_epoch,
        heartbeat_interval_ms: answer.heartbeat_interval_ms,
        assignment,
    };
    origin.reply(|w| response.encode(w, origin.version))
}
