//! A consumer group for people.

use headwater_protocol::error_code::ErrorCode;

use super::{Consumer, Member};
use crate::broker::groups::records::assignment::Partitions;
use crate::broker::groups::rpc::consumer::{
    DescribedConsumer, DescribedConsumerGroup, DescribedTopic,
};
use crate::broker::groups::topics::Topics;

impl Consumer {
    /// Everything about it.
    pub(in crate::broker::groups) fn describe(
        &self,
        topics: &Topics,
        assignor: &str,
    ) -> DescribedConsumerGroup {
        let members = self.members.iter();
        DescribedConsumerGroup {
            error_code: ErrorCode::None,
            error_message: None,
            group_id: self.id.clone(),
            group_state: self.state(),
            group_epoch: self.epoch.epoch,
            assignment_epoch: self.target_epoch.epoch,
            assignor_name: assignor.to_owned(),
            members: members.map(|(id, member)| self.described(id, member, topics)).collect(),
        }
    }

    fn described(&self, id: &str, member: &Member, topics: &Topics) -> DescribedConsumer {
        let assigned = member.current.assigned.iter();
        let assigned =
            assigned.map(|(topic, all)| (*topic, all.keys().copied().collect())).collect();
        let metadata = member.metadata.clone();
        DescribedConsumer {
            member_id: id.to_owned(),
            instance_id: metadata.instance_id,
            rack_id: metadata.rack_id,
            member_epoch: member.current.epoch,
            client_id: metadata.client_id,
            client_host: metadata.client_host,
            subscribed_topic_names: metadata.topics,
            subscribed_topic_regex: metadata.regex,
            assignment: named(&assigned, topics),
            target_assignment: self.targets.get(id).map_or(Vec::new(), |all| named(all, topics)),
            member_type: i8::from(metadata.classic.is_none()),
        }
    }
}

fn named(partitions: &Partitions, topics: &Topics) -> Vec<DescribedTopic> {
    let named = partitions.iter().filter_map(|(id, partitions)| {
        let topic_name = topics.by_id(*id)?.name.clone();
        let partitions = partitions.iter().copied().collect();
        Some(DescribedTopic { topic_id: *id, topic_name, partitions })
    });
    named.collect()
}
