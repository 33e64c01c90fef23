//! `headwater group describe`: how far a group has read, who its members are, in which state it is.

use super::committed;
use super::known::{Known, Member};
use crate::cli::cluster::Cluster;
use crate::cli::error::CliError;
use crate::cli::partitions::{self, Partition};
use crate::cli::print::columns;
use headwater_protocol::messages::list_offsets::LATEST_TIMESTAMP;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Leaders of all partitions.
type Leaders = BTreeMap<Partition, i32>;

/// A group in full.
#[derive(Debug, Serialize)]
pub(super) struct Described {
    group: String,
    /// `classic` or `consumer`.
    protocol: &'static str,
    /// Kafka's word.
    state: String,
    assignor: String,
    /// The group's epoch, in the consumer protocol.
    epoch: Option<i32>,
    coordinator: i32,
    members: Vec<DescribedMember>,
    offsets: Vec<Read>,
    /// Records that are still to be read, in all partitions whose lag is known.
    lag: i64,
}

#[derive(Debug, Serialize)]
struct DescribedMember {
    member: String,
    instance: Option<String>,
    client_id: String,
    host: String,
    /// Its epoch, in the consumer protocol.
    epoch: Option<i32>,
    /// The regular expression by which it subscribes.
    topic_regex: Option<String>,
    partitions: BTreeMap<String, Vec<i32>>,
    /// What it shall have, where the broker says so.
    target: Option<BTreeMap<String, Vec<i32>>>,
}

/// How far a partition has been read.
#[derive(Debug, Serialize)]
struct Read {
    topic: String,
    partition: i32,
    committed_offset: Option<i64>,
    log_end_offset: Option<i64>,
    lag: Option<i64>,
    /// Who reads it now.
    member: Option<String>,
    host: Option<String>,
    client_id: Option<String>,
}

/// What is shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Offsets,
    Members,
    States,
}

impl View {
    pub(super) fn of(members: bool, state: bool) -> Self {
        match (members, state) {
            (true, _) => View::Members,
            (_, true) => View::States,
            _ => View::Offsets,
        }
    }
}

/// Asks for everything about these groups.
pub(super) fn describe(
    cluster: &mut Cluster,
    names: &[String],
) -> Result<Vec<Described>, CliError> {
    // All of them: a topic may have been deleted, and its offsets not yet.
    let leaders = partitions::leaders(cluster, None)?;
    names.iter().map(|name| describe_one(cluster, name, &leaders)).collect()
}

fn describe_one(
    cluster: &mut Cluster,
    name: &str,
    leaders: &Leaders,
) -> Result<Described, CliError> {
    let known = Known::ask(cluster, name)?
        .ok_or_else(|| CliError::NotFound(format!("consumer group {name}")))?;
    let committed = committed::fetch(cluster, name)?;
    let offsets = reads(cluster, leaders, &known.members, &committed)?;
    let lag = offsets.iter().filter_map(|read| read.lag).sum();
    let gathered = |all: &[Partition]| partitions::by_topic(all.iter().cloned());
    let mut members: Vec<_> = known
        .members
        .into_iter()
        .map(|member| DescribedMember {
            partitions: gathered(&member.partitions),
            target: member.target.as_deref().map(gathered),
            member: member.id,
            instance: member.instance,
            client_id: member.client_id,
            host: member.host,
            epoch: member.epoch,
            topic_regex: member.regex,
        })
        .collect();
    members.sort_by(|a, b| a.member.cmp(&b.member));
    Ok(Described {
        group: name.to_owned(),
        protocol: known.protocol,
        state: known.state,
        assignor: known.assignor,
        epoch: known.epoch,
        coordinator: known.coordinator,
        members,
        offsets,
        lag,
    })
}

/// Every partition that has an offset or a reader.
fn reads(
    cluster: &mut Cluster,
    leaders: &Leaders,
    members: &[Member],
    committed: &BTreeMap<Partition, i64>,
) -> Result<Vec<Read>, CliError> {
    let readers: BTreeMap<&Partition, &Member> =
        members.iter().flat_map(|m| m.partitions.iter().map(move |p| (p, m))).collect();
    let all: BTreeSet<&Partition> = committed.keys().chain(readers.keys().copied()).collect();
    let leaders = leaders.iter().filter(|(partition, _)| all.contains(partition));
    let leaders = leaders.map(|(partition, leader)| (partition.clone(), *leader)).collect();
    let ends = partitions::offsets_at(cluster, &leaders, LATEST_TIMESTAMP)?;
    let read = |partition: &Partition| {
        let reader = readers.get(partition);
        let committed_offset = committed.get(partition).copied();
        let log_end_offset = ends.get(partition).copied().flatten();
        Read {
            topic: partition.0.clone(),
            partition: partition.1,
            committed_offset,
            log_end_offset,
            lag: log_end_offset.zip(committed_offset).map(|(end, at)| (end - at).max(0)),
            member: reader.map(|member| member.id.clone()),
            host: reader.map(|member| member.host.clone()),
            client_id: reader.map(|member| member.client_id.clone()),
        }
    };
    Ok(all.into_iter().map(read).collect())
}

/// For people.
pub(super) fn text(described: &[Described], view: View) -> String {
    if described.is_empty() {
        return "no groups".to_owned();
    }
    if view == View::States {
        return states(described);
    }
    let mut text = String::new();
    for group in described {
        text.push_str(&heading(group));
        let rows = match view {
            View::Members => member_rows(&group.members),
            _ => offset_rows(&group.offsets),
        };
        if rows.len() > 1 {
            text.extend(columns(&rows).lines().map(|line| format!("  {line}\n")));
        }
        text.push('\n');
    }
    text
}

fn heading(group: &Described) -> String {
    let mut words = vec![group.group.clone(), group.state.clone()];
    words.push(format!("{} protocol", group.protocol));
    if !group.assignor.is_empty() {
        words.push(format!("assignor {}", group.assignor));
    }
    words.extend(group.epoch.map(|epoch| format!("epoch {epoch}")));
    words.push(match group.members.len() {
        0 => "no active members".to_owned(),
        1 => "1 member".to_owned(),
        n => format!("{n} members"),
    });
    words.push(format!("lag {}", group.lag));
    words.join("  ") + "\n"
}

fn states(described: &[Described]) -> String {
    let heading =
        ["GROUP", "COORDINATOR", "PROTOCOL", "ASSIGNOR", "STATE", "EPOCH", "MEMBERS", "LAG"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(described.iter().map(|group| {
        vec![
            group.group.clone(),
            group.coordinator.to_string(),
            group.protocol.to_owned(),
            or_dash(Some(group.assignor.as_str()).filter(|name| !name.is_empty())),
            group.state.clone(),
            or_dash(group.epoch),
            group.members.len().to_string(),
            group.lag.to_string(),
        ]
    }));
    columns(&rows)
}

fn member_rows(members: &[DescribedMember]) -> Vec<Vec<String>> {
    let heading = ["MEMBER", "INSTANCE", "HOST", "CLIENT ID", "EPOCH", "COUNT", "PARTITIONS"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(members.iter().map(|member| {
        let partitions = member.partitions.iter().map(|(topic, indexes)| {
            let indexes: Vec<String> = indexes.iter().map(i32::to_string).collect();
            format!("{topic}:{}", indexes.join(","))
        });
        vec![
            member.member.clone(),
            or_dash(member.instance.as_ref()),
            member.host.clone(),
            member.client_id.clone(),
            or_dash(member.epoch),
            member.partitions.values().map(Vec::len).sum::<usize>().to_string(),
            partitions.collect::<Vec<_>>().join(" "),
        ]
    }));
    rows
}

fn offset_rows(offsets: &[Read]) -> Vec<Vec<String>> {
    let heading = [
        "TOPIC",
        "PARTITION",
        "CURRENT OFFSET",
        "LOG END OFFSET",
        "LAG",
        "MEMBER",
        "HOST",
        "CLIENT ID",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(offsets.iter().map(|read| {
        vec![
            read.topic.clone(),
            read.partition.to_string(),
            or_dash(read.committed_offset),
            or_dash(read.log_end_offset),
            or_dash(read.lag),
            or_dash(read.member.as_ref()),
            or_dash(read.host.as_ref()),
            or_dash(read.client_id.as_ref()),
        ]
    }));
    rows
}

/// Kafka's word for nothing.
fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(partition: i32, at: Option<i64>, end: i64, member: Option<&str>) -> Read {
        Read {
            topic: "t".to_owned(),
            partition,
            committed_offset: at,
            log_end_offset: Some(end),
            lag: at.map(|at| end - at),
            member: member.map(str::to_owned),
            host: member.map(|_| "/127.0.0.1".to_owned()),
            client_id: member.map(|_| "c".to_owned()),
        }
    }

    #[test]
    fn a_group_is_a_table() {
        let group = Described {
            group: "g".to_owned(),
            protocol: "consumer",
            state: "Stable".to_owned(),
            assignor: "uniform".to_owned(),
            epoch: Some(3),
            coordinator: 1,
            members: Vec::new(),
            offsets: vec![read(0, Some(4), 10, Some("m")), read(1, None, 2, None)],
            lag: 6,
        };
        let expected = "\
g  Stable  consumer protocol  assignor uniform  epoch 3  no active members  lag 6
  TOPIC  PARTITION  CURRENT OFFSET  LOG END OFFSET  LAG  MEMBER  HOST        CLIENT ID
  t              0               4              10    6  m       /127.0.0.1  c
  t              1               -               2    -  -       -           -

";
        assert_eq!(text(&[group], View::Offsets), expected);
    }
}
