//! A group as its coordinator describes it: asked for as a group of the consumer protocol first, then as a classic one.

use crate::cli::client::{Client, check};
use crate::cli::cluster::{Cluster, Coordinated};
use crate::cli::error::CliError;
use crate::cli::partitions::Partition;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedConsumerGroup,
    DescribedConsumerMember, MemberAssignment,
};
use headwater_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

/// A group.
#[derive(Debug)]
pub(super) struct Known {
    pub coordinator: i32,
    /// `consumer` or `classic`.
    pub protocol: &'static str,
    /// Kafka's word.
    pub state: String,
    pub assignor: String,
    /// Of the consumer protocol only.
    pub epoch: Option<i32>,
    pub members: Vec<Member>,
}

/// A member of it.
#[derive(Debug)]
pub(super) struct Member {
    pub id: String,
    pub instance: Option<String>,
    pub client_id: String,
    pub host: String,
    pub epoch: Option<i32>,
    /// The regular expression by which it subscribes.
    pub regex: Option<String>,
    pub partitions: Vec<Partition>,
    /// What it shall have, where the broker says so.
    pub target: Option<Vec<Partition>>,
}

/// The protocol type of groups whose assignments are Kafka's.
const CONSUMER: &str = "consumer";

impl Known {
    /// Asks the coordinator; none if there is no such group.
    ///
    /// # Errors
    /// When it cannot be asked, or says no.
    pub fn ask(cluster: &mut Cluster, group: &str) -> Result<Option<Self>, CliError> {
        let (coordinator, code, (why, known)) =
            cluster.ask_coordinator(Coordinated::Group, group, |client| {
                let is_known = |code| {
                    !matches!(code, ErrorCode::GroupIdNotFound | ErrorCode::UnsupportedVersion)
                };
                if client.serves(ApiKey::ConsumerGroupDescribe) {
                    let consumer = as_consumer_group(client, group)?;
                    if is_known(consumer.0) {
                        return Ok(consumer);
                    }
                }
                as_classic_group(client, group)
            })?;
        if code == ErrorCode::GroupIdNotFound {
            return Ok(None);
        }
        check(&format!("describe group {group}"), code, why.as_deref())?;
        Ok(known.map(|known| Known { coordinator, ..known }))
    }

    /// Whether nobody uses its offsets now.
    pub fn is_inactive(&self) -> bool {
        matches!(self.state.as_str(), "Empty" | "Dead")
    }
}

/// An error, its words, and the group if there is none.
type Answered = (ErrorCode, (Option<String>, Option<Known>));

fn as_consumer_group(client: &mut Client, group: &str) -> Result<Answered, CliError> {
    let request = ConsumerGroupDescribeRequest {
        group_ids: vec![group],
        include_authorized_operations: false,
    };
    let answer =
        client.call(ApiKey::ConsumerGroupDescribe, |w, version| request.encode(w, version))?;
    let mut groups = answer.decode(ConsumerGroupDescribeResponse::decode)?.groups;
    let Some(group) = groups.pop() else {
        return Ok((ErrorCode::GroupIdNotFound, (None, None)));
    };
    let why = group.error_message.as_ref().map(|why| why.clone().into_owned());
    Ok((group.error_code, (why, Some(consumer_group(group)))))
}

fn consumer_group(group: DescribedConsumerGroup<'_>) -> Known {
    Known {
        coordinator: -1,
        protocol: "consumer",
        state: group.group_state.into_owned(),
        assignor: group.assignor_name.into_owned(),
        epoch: Some(group.group_epoch),
        members: group.members.into_iter().map(consumer_member).collect(),
    }
}

fn consumer_member(member: DescribedConsumerMember<'_>) -> Member {
    let named = |all: &MemberAssignment<'_>| {
        let topics = all.topic_partitions.iter();
        let named = topics.flat_map(|topic| {
            topic.partitions.iter().map(|p| (topic.topic_name.clone().into_owned(), *p))
        });
        named.collect()
    };
    Member {
        partitions: named(&member.assignment),
        target: Some(named(&member.target_assignment)),
        id: member.member_id.into_owned(),
        instance: member.instance_id.map(Into::into),
        client_id: member.client_id.into_owned(),
        host: member.client_host.into_owned(),
        epoch: Some(member.member_epoch),
        regex: member.subscribed_topic_regex.map(Into::into),
    }
}

fn as_classic_group(client: &mut Client, group: &str) -> Result<Answered, CliError> {
    let request =
        DescribeGroupsRequest { groups: vec![group], include_authorized_operations: false };
    let answer = client.call(ApiKey::DescribeGroups, |w, version| request.encode(w, version))?;
    let mut groups = answer.decode(DescribeGroupsResponse::decode)?.groups;
    let Some(group) = groups.pop() else {
        return Ok((ErrorCode::GroupIdNotFound, (None, None)));
    };
    // Before version 6 a group that is not there is a dead one.
    let code = match group.error_code.is_none() && group.group_state == "Dead" {
        true => ErrorCode::GroupIdNotFound,
        false => group.error_code,
    };
    let why = group.error_message.as_ref().map(|why| why.clone().into_owned());
    Ok((code, (why, Some(classic_group(group)))))
}

fn classic_group(group: DescribedGroup<'_>) -> Known {
    let is_consumer = group.protocol_type == CONSUMER;
    Known {
        coordinator: -1,
        protocol: "classic",
        state: group.group_state.into_owned(),
        assignor: group.protocol_data.into_owned(),
        epoch: None,
        members: group.members.into_iter().map(|m| classic_member(m, is_consumer)).collect(),
    }
}

fn classic_member(member: DescribedGroupMember<'_>, is_consumer: bool) -> Member {
    // What other kinds of members share out is none of our business.
    let assigned = is_consumer.then(|| assignment(&member.member_assignment));
    Member {
        partitions: assigned.and_then(Result::ok).unwrap_or_default(),
        target: None,
        id: member.member_id.into_owned(),
        instance: member.group_instance_id.map(Into::into),
        client_id: member.client_id.into_owned(),
        host: member.client_host.into_owned(),
        epoch: None,
        regex: None,
    }
}

/// An assignment as consumers write it: a version, topics with partitions, and what only their assignor knows.
fn assignment(bytes: &[u8]) -> Result<Vec<Partition>, DecodeError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut r = Reader::new(bytes, false);
    r.i16()?;
    let topics = r.array(6, |r| Ok((r.string()?.to_owned(), r.array(4, Reader::i32)?)))?;
    let named = |(topic, partitions): (String, Vec<i32>)| {
        partitions.into_iter().map(move |partition| (topic.clone(), partition))
    };
    Ok(topics.into_iter().flat_map(named).collect())
}
