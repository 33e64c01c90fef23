//! What people ask about groups: list, describe, delete.

use headwater_protocol::error_code::ErrorCode;

use super::Groups;
use super::group::Group;
use super::offsets::delete::delete_all;
use super::rpc::Answer;
use super::rpc::admin::{DeleteGroups, DescribedGroup, ListGroups, ListedGroup};
use super::rpc::consumer::DescribedConsumerGroup;
use super::turn::{Moment, Step, Turn};

impl<W: Copy> Groups<W> {
    pub(super) fn list(&self, request: &ListGroups) -> Vec<ListedGroup> {
        let wanted = |filter: &[String], word: &str| {
            filter.is_empty() || filter.iter().any(|each| each.eq_ignore_ascii_case(word))
        };
        let all = self.groups.iter().map(|(id, group)| group.listed(id));
        all.filter(|group| wanted(&request.states_filter, group.group_state))
            .filter(|group| wanted(&request.types_filter, group.group_type))
            .collect()
    }

    pub(super) fn describe(&self, ids: Vec<String>) -> Vec<DescribedGroup> {
        let one = |id: String| match self.groups.get(&id) {
            Some(Group::Classic(classic)) => classic.describe(),
            Some(Group::Consumer(_)) => not_described(&id, "is not a classic group."),
            None => not_described(&id, "not found."),
        };
        ids.into_iter().map(one).collect()
    }

    pub(super) fn describe_consumers(&self, ids: Vec<String>) -> Vec<DescribedConsumerGroup> {
        let one = |id: String| match self.groups.get(&id) {
            Some(Group::Consumer(consumer)) => {
                let assignor = consumer.assignor(&self.settings);
                consumer.describe(&self.topics, assignor.name())
            }
            Some(Group::Classic(_)) => no_consumer(&id, "is not a consumer group."),
            None => no_consumer(&id, "not found."),
        };
        ids.into_iter().map(one).collect()
    }

    /// Groups without members, with their offsets; all in one batch.
    pub(super) fn delete(&mut self, request: DeleteGroups, waiter: W, at: Moment) -> Turn<W> {
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        let mut codes = Vec::with_capacity(request.groups.len());
        for id in request.groups {
            let code = match self.groups.get(&id) {
                None => ErrorCode::GroupIdNotFound,
                Some(group) if !group.is_empty() => ErrorCode::NonEmptyGroup,
                Some(_) if codes.iter().any(|(done, _)| *done == id) => ErrorCode::GroupIdNotFound,
                Some(group) => {
                    delete_all(&self.offsets, &id, &mut step);
                    step.entries.extend(group.tombstones());
                    ErrorCode::None
                }
            };
            codes.push((id, code));
        }
        step.answer_after(waiter, Answer::DeleteGroups(codes));
        step.finish()
    }
}

fn not_described(id: &str, why: &str) -> DescribedGroup {
    DescribedGroup {
        error_code: ErrorCode::GroupIdNotFound,
        error_message: Some(format!("Group {id} {why}")),
        group_id: id.to_owned(),
        group_state: "Dead",
        protocol_type: String::new(),
        protocol_data: String::new(),
        members: Vec::new(),
    }
}

fn no_consumer(id: &str, why: &str) -> DescribedConsumerGroup {
    DescribedConsumerGroup {
        error_code: ErrorCode::GroupIdNotFound,
        error_message: Some(format!("Group {id} {why}")),
        group_id: id.to_owned(),
        group_state: "Dead",
        group_epoch: 0,
        assignment_epoch: 0,
        assignor_name: String::new(),
        members: Vec::new(),
    }
}
