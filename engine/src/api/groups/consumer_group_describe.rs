//! ConsumerGroupDescribe (key 69, versions 0 and 1; KIP-848): state and members of consumer groups.

use bytes::Bytes;
use headwater_protocol::messages::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedConsumerGroup,
    DescribedConsumerMember, MemberAssignment, MemberTopicPartitions,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::ask_each;
use crate::api::access::Allowed;
use crate::api::{Context, OPERATIONS_NOT_ASKED, Origin, Step, Work};
use crate::broker::groups::rpc::consumer::{self, ConsumerGroupDescribe, DescribedTopic};
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = ConsumerGroupDescribeRequest::decode(r, origin.version)?;
    let ids = &request.group_ids;
    let one = |n: usize| {
        let group_ids = vec![ids[n].to_owned()];
        Request::ConsumerGroupDescribe(ConsumerGroupDescribe { group_ids })
    };
    Ok(ask_each(origin, context, ids, one, |origin, answers| {
        let groups = answers.into_iter().flat_map(|answer| match answer {
            Answer::ConsumerGroupDescribe(groups) => groups,
            _ => unreachable!("descriptions were asked for"),
        });
        let groups = groups.map(group).collect();
        let response = ConsumerGroupDescribeResponse { throttle_time_ms: 0, groups };
        origin.reply(|w| response.encode(w, origin.version))
    }))
}

fn group(group: consumer::DescribedConsumerGroup) -> DescribedConsumerGroup<'static> {
    DescribedConsumerGroup {
        error_code: group.error_code,
        error_message: group.error_message.map(Into::into),
        group_id: group.group_id.into(),
        group_state: group.group_state.into(),
        group_epoch: group.group_epoch,
        assignment_epoch: group.assignment_epoch,
        assignor_name: group.assignor_name.into(),
        members: group.members.into_iter().map(member).collect(),
        authorized_operations: OPERATIONS_NOT_ASKED,
    }
}

fn member(member: consumer::DescribedConsumer) -> DescribedConsumerMember<'static> {
    let names = member.subscribed_topic_names.into_iter().map(Into::into);
    DescribedConsumerMember {
        member_id: member.member_id.into(),
        instance_id: member.instance_id.map(Into::into),
        rack_id: member.rack_id.map(Into::into),
        member_epoch: member.member_epoch,
        client_id: member.client_id.into(),
        client_host: member.client_host.into(),
        subscribed_topic_names: names.collect(),
        subscribed_topic_regex: member.subscribed_topic_regex.map(Into::into),
        assignment: assignment(member.assignment),
        target_assignment: assignment(member.target_assignment),
        member_type: member.member_type,
    }
}

fn assignment(topics: Vec<DescribedTopic>) -> MemberAssignment<'static> {
    let topics = topics.into_iter().map(|topic| MemberTopicPartitions {
        topic_id: topic.topic_id,
        topic_name: topic.topic_name.into(),
        partitions: topic.partitions,
    });
    MemberAssignment { topic_partitions: topics.collect() }
}
