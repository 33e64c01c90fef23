//! What a broker is filled with: topics with partitions, and groups that have committed.

use headwater::cli::client::{Client, check};
use headwater::cli::error::CliError;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::find_coordinator::{
    FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::messages::offset_commit::{
    OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse, OffsetCommitTopic,
};
use std::thread;
use std::time::{Duration, Instant};

use super::Sizes;
use super::ask::offsets_of;

/// A request for many more than this may take a busy disk longer than a client waits.
const PARTITIONS_AT_ONCE: u32 = 200;
const TIMEOUT_MS: i32 = 25_000;
/// The last version in which topics are named, not numbered.
const COMMIT_BY_NAME: i16 = 9;
/// Longest time until a coordinator has read its records.
const PATIENCE: Duration = Duration::from_secs(60);
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(5);

pub fn topic(n: u32) -> String {
    format!("scale-{n:05}")
}

pub fn group(n: u32) -> String {
    format!("group-{n:05}")
}

/// Makes all topics.
///
/// # Errors
/// When one cannot be made.
pub fn make_topics(client: &mut Client, sizes: Sizes) -> Result<(), CliError> {
    let mut next = 0;
    while next < sizes.topics {
        let (mut some, mut partitions) = (Vec::new(), 0);
        while next < sizes.topics && partitions < PARTITIONS_AT_ONCE {
            some.push((topic(next), sizes.partitions_of(next)));
            partitions += sizes.partitions_of(next);
            next += 1;
        }
        let topics = some.iter().map(|(name, partitions)| CreatableTopic {
            name,
            num_partitions: *partitions as i32,
            replication_factor: -1,
            ..CreatableTopic::default()
        });
        let topics = topics.collect();
        let request = CreateTopicsRequest { topics, timeout_ms: TIMEOUT_MS, validate_only: false };
        let answer = client.call(ApiKey::CreateTopics, |w, version| request.encode(w, version))?;
        for made in &answer.decode(CreateTopicsResponse::decode)?.topics {
            check("make a topic", made.error_code, made.error_message.as_deref())?;
        }
    }
    Ok(())
}

/// Commits for all groups, one after the other, an offset for each partition of one topic.
///
/// # Errors
/// When a commit is refused.
pub fn make_groups(client: &mut Client, sizes: Sizes) -> Result<(), CliError> {
    find_coordinator(client)?;
    for n in 0..sizes.groups {
        let (group, topic) = (group(n), topic(n % sizes.topics));
        let partitions = 0..sizes.partitions_of(n % sizes.topics) as i32;
        let topics = vec![OffsetCommitTopic {
            name: &topic,
            partitions: partitions
                .map(|partition_index| OffsetCommitPartition {
                    partition_index,
                    ..OffsetCommitPartition::default()
                })
                .collect(),
            ..OffsetCommitTopic::default()
        }];
        let request = OffsetCommitRequest { group_id: &group, topics, ..Default::default() };
        until_loaded(|| {
            let api = ApiKey::OffsetCommit;
            let answer = client.call_upto(api, COMMIT_BY_NAME, |w, v| request.encode(w, v))?;
            let response = answer.decode(OffsetCommitResponse::decode)?;
            let all = response.topics.iter().flat_map(|topic| &topic.partitions);
            let refused = all.map(|partition| partition.error_code).find(|code| !code.is_none());
            Ok(refused.unwrap_or(ErrorCode::None))
        })?;
    }
    Ok(())
}

/// Asks each group once for its offsets, as its consumers do when they start.
///
/// # Errors
/// When one is not answered.
pub fn hear_groups(client: &mut Client, sizes: Sizes) -> Result<(), CliError> {
    (0..sizes.groups).try_for_each(|n| until_loaded(|| offsets_of(client, &group(n))))
}

/// The internal topic is made with the first question.
fn find_coordinator(client: &mut Client) -> Result<(), CliError> {
    let group = group(0);
    let request = FindCoordinatorRequest { key_type: 0, keys: vec![&group] };
    until_loaded(|| {
        let answer = client.call(ApiKey::FindCoordinator, |w, v| request.encode(w, v))?;
        let response = answer.decode(FindCoordinatorResponse::decode)?;
        Ok(response.coordinators.first().map_or(ErrorCode::None, |found| found.error_code))
    })
}

/// A coordinator that reads its records says so, and is asked again.
fn until_loaded(mut ask: impl FnMut() -> Result<ErrorCode, CliError>) -> Result<(), CliError> {
    let end = Instant::now() + PATIENCE;
    loop {
        match ask()? {
            code if code.is_retriable() && Instant::now() < end => thread::sleep(ASK_AGAIN_AFTER),
            code => return check("ask a group's coordinator", code, None),
        }
    }
}
