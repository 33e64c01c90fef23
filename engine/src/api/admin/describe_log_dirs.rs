//! DescribeLogDirs (key 35, versions 1 to 5): how large partitions are, and how much room there is beside them.
//!
//! There is one directory. Sizes are of the log in its segments, what still lies in the journal included; v4 adds the
//! bytes of the file system (KIP-827).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsRequest,
    DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{asked, commanded};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::controller::{Command, Outcome};
use crate::model::{PartitionKey, ShardId};
use crate::shard::letters::{Answer, Ask};

/// Topics by name, each with partitions that exist.
type Wanted = BTreeMap<String, BTreeSet<i32>>;
/// Topic and partition.
type Named = (String, i32);

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DescribeLogDirsRequest::decode(r, origin.version)?;
    let wanted = wanted(request.topics.as_deref(), context);
    let log_dir = std::path::absolute(&context.config.data_dir);
    let log_dir = log_dir.unwrap_or_else(|_| context.config.data_dir.clone()).display().to_string();
    Ok(commanded::command(origin, Command::Space, |origin, outcome, context| {
        let mut result = DescribeLogDirsResult { log_dir: log_dir.into(), ..Default::default() };
        match outcome {
            Outcome::Space(Ok(space)) => {
                let signed = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
                result.total_bytes = signed(space.total_bytes);
                result.usable_bytes = signed(space.free_bytes);
            }
            _ => result.error_code = ErrorCode::KafkaStorageError,
        }
        ask_sizes(origin, wanted, result, context)
    }))
}

/// What exists of what is asked for; everything if nothing is named.
fn wanted(topics: Option<&[DescribableLogDirTopic<'_>]>, context: &Context<'_>) -> Wanted {
    let mut wanted = Wanted::new();
    let Some(topics) = topics else {
        let all = context.catalog.topics();
        return all.map(|topic| (topic.name.clone(), (0..topic.partitions).collect())).collect();
    };
    for asked in topics {
        if let Some(topic) = context.catalog.by_name(asked.topic) {
            let exist = asked.partitions.iter().copied().filter(|index| topic.has(*index));
            wanted.entry(topic.name.clone()).or_default().extend(exist);
        }
    }
    wanted
}

fn ask_sizes(
    origin: Origin,
    wanted: Wanted,
    result: DescribeLogDirsResult<'static>,
    context: &Context<'_>,
) -> (Work, Step) {
    let mut by_shard: BTreeMap<ShardId, Vec<(Named, PartitionKey)>> = BTreeMap::new();
    for (name, indexes) in wanted {
        let Some(topic) = context.catalog.by_name(&name) else { continue };
        for index in indexes {
            let place = ((name.clone(), index), topic.key(index));
            by_shard.entry(topic.shard(index, context.node.shards)).or_default().push(place);
        }
    }
    let (mut asks, mut names) = (Vec::new(), Vec::new());
    for (shard, places) in by_shard {
        let (of_shard, keys): (Vec<_>, Vec<_>) = places.into_iter().unzip();
        asks.push((shard, Ask::Sizes(keys)));
        names.extend(of_shard);
    }
    asked::ask(origin, asks, |origin, answers| respond(origin, names, answers, result))
}

fn respond(
    origin: Origin,
    names: Vec<Named>,
    answers: Vec<Answer>,
    mut result: DescribeLogDirsResult<'static>,
) -> Step {
    let sizes = answers.into_iter().flat_map(|answer| match answer {
        Answer::Sizes(sizes) => sizes,
        _ => unreachable!("sizes were asked for"),
    });
    let mut topics: BTreeMap<String, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for ((name, partition_index), size) in names.into_iter().zip(sizes) {
        // Without a size it was deleted meanwhile.
        let Some(size) = size else { continue };
        topics.entry(name).or_default().push(DescribeLogDirsPartition {
            partition_index,
            partition_size: size as i64,
            offset_lag: 0,
            is_future_key: false,
        });
    }
    result.topics = topics
        .into_iter()
        .map(|(name, mut partitions)| {
            partitions.sort_by_key(|partition| partition.partition_index);
            DescribeLogDirsTopic { name: name.into(), partitions }
        })
        .collect();
    let response = DescribeLogDirsResponse { results: vec![result], ..Default::default() };
    origin.reply(|w| response.encode(w, origin.version))
}
