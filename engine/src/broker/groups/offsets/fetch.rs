//! Reading offsets back.

use headwater_protocol::error_code::ErrorCode;

use super::{Committed, Offsets};
use crate::broker::groups::group::Group;
use crate::broker::groups::rpc::offsets::{Fetched, FetchedOffset, OffsetFetch};

/// Offsets of a group; of one that does not exist there are none, which is no error.
pub(in crate::broker::groups) fn fetch<W>(
    group: Option<&Group<W>>,
    offsets: &Offsets,
    request: OffsetFetch,
) -> Fetched {
    if let Some(Group::Consumer(consumer)) = group
        && let Err(error_code) =
            consumer.may_fetch(request.member_id.as_deref(), request.member_epoch)
    {
        return Fetched { error_code, topics: Vec::new() };
    }
    let id = &request.group_id;
    let one = |topic: &str, partition: i32, committed: Option<&Committed>| {
        let unstable = request.require_stable && offsets.is_pending(id, topic, partition);
        if unstable {
            return nothing(partition, ErrorCode::UnstableOffsetCommit);
        }
        committed.map_or(nothing(partition, ErrorCode::None), |committed| FetchedOffset {
            partition_index: partition,
            committed_offset: committed.value.offset,
            committed_leader_epoch: committed.value.leader_epoch,
            metadata: committed.value.metadata.clone(),
            error_code: ErrorCode::None,
        })
    };
    let topics = match request.topics {
        Some(topics) => topics
            .into_iter()
            .map(|(topic, partitions)| {
                let get = |p| one(&topic, p, offsets.get(id, &topic, p));
                let partitions = partitions.into_iter().map(get).collect();
                (topic, partitions)
            })
            .collect(),
        None => offsets
            .of(id)
            .into_iter()
            .flatten()
            .map(|(topic, partitions)| {
                let partitions =
                    partitions.iter().map(|(p, committed)| one(topic, *p, Some(committed)));
                (topic.clone(), partitions.collect())
            })
            .collect(),
    };
    Fetched { error_code: ErrorCode::None, topics }
}

fn nothing(partition_index: i32, error_code: ErrorCode) -> FetchedOffset {
    FetchedOffset {
        partition_index,
        committed_offset: -1,
        committed_leader_epoch: -1,
        metadata: String::new(),
        error_code,
    }
}
