//! `headwater group`: lists, describes and deletes consumer groups, and moves what they have committed.
//!
//! | module | what it does |
//! | --- | --- |
//! | here | `list`, `delete`, `delete-offsets` |
//! | `describe` | `describe`: states, members and lags as one picture |
//! | `known` | a group as its coordinator describes it, of either protocol |
//! | `committed` | what a group has committed; commits something else |
//! | `reset`, `target` | `reset-offsets`: what becomes of each partition, and where it goes |

mod committed;
mod describe;
mod known;
mod reset;
mod target;

use super::args::RemoteArgs;
use super::args::group::GroupVerb;
use super::client::check;
use super::cluster::{Cluster, Coordinated};
use super::error::CliError;
use super::partitions::{self, Chosen};
use super::print::{Printer, columns};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use headwater_protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse};
use headwater_protocol::messages::offset_delete::{
    OffsetDeletePartition, OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteTopic,
};
use serde::Serialize;

/// A group, in short.
#[derive(Debug, Serialize)]
struct Listed {
    group: String,
    /// `classic` or `consumer`; empty from a broker that does not tell them apart.
    protocol: String,
    /// What its members call themselves: `consumer`, `connect`; empty for a group that only has offsets.
    protocol_type: String,
    state: String,
    coordinator: i32,
}

/// What became of a group.
#[derive(Debug, Serialize)]
struct Done {
    group: String,
    /// `deleted`.
    outcome: &'static str,
}

/// What became of an offset.
#[derive(Debug, Serialize)]
struct Forgotten {
    group: String,
    topic: String,
    partition: i32,
    /// `deleted`.
    outcome: &'static str,
}

/// Does what the verb says.
///
/// # Errors
/// When brokers cannot be asked, or say no.
pub fn run(verb: &GroupVerb, remote: &RemoteArgs) -> Result<(), CliError> {
    let mut cluster = Cluster::connect(&remote.bootstrap)?;
    let mut printer = Printer::new(remote.json);
    match verb {
        GroupVerb::List { state, protocols } => {
            let listed = list(&mut cluster, state, protocols)?;
            printer.print(&listed, |listed| list_text(listed))?;
        }
        GroupVerb::Describe { names, members, state } => {
            let names = match names.is_empty() {
                true => list(&mut cluster, &[], &[])?.into_iter().map(|g| g.group).collect(),
                false => names.clone(),
            };
            let described = describe::describe(&mut cluster, &names)?;
            let view = describe::View::of(*members, *state);
            printer.print(&described, |described| describe::text(described, view))?;
        }
        GroupVerb::ResetOffsets { name, of, to, execute, dry_run: _, export } => {
            let moves = reset::reset(&mut cluster, name, of, to, *execute)?;
            match export {
                true => reset::export(&moves)?,
                false => printer.print(&moves, |moves| reset::text(moves, *execute))?,
            }
        }
        GroupVerb::DeleteOffsets { name, topics } => {
            let forgotten = delete_offsets(&mut cluster, name, topics)?;
            printer.print(&forgotten, |all| forgotten_text(all))?;
        }
        GroupVerb::Delete { names } => {
            let done = delete(&mut cluster, names)?;
            printer.print(&done, |done| {
                done.iter().map(|done| format!("{} {}\n", done.outcome, done.group)).collect()
            })?;
        }
    }
    Ok(())
}

/// Each broker knows its own groups.
fn list(
    cluster: &mut Cluster,
    states: &[String],
    protocols: &[String],
) -> Result<Vec<Listed>, CliError> {
    let request = ListGroupsRequest {
        states_filter: states.iter().map(String::as_str).collect(),
        types_filter: protocols.iter().map(String::as_str).collect(),
    };
    let mut listed = Vec::new();
    for node in cluster.nodes() {
        let client = cluster.node(node)?;
        let answer = client.call(ApiKey::ListGroups, |w, version| request.encode(w, version))?;
        let response = answer.decode(ListGroupsResponse::decode)?;
        check("list groups", response.error_code, None)?;
        listed.extend(response.groups.into_iter().map(|group| Listed {
            group: group.group_id.into_owned(),
            protocol: group.group_type.to_lowercase(),
            protocol_type: group.protocol_type.into_owned(),
            state: group.group_state.into_owned(),
            coordinator: node,
        }));
    }
    listed.sort_by(|a, b| a.group.cmp(&b.group));
    Ok(listed)
}

fn list_text(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "no groups".to_owned();
    }
    let mut rows = vec![["GROUP", "PROTOCOL", "TYPE", "STATE"].map(str::to_owned).to_vec()];
    rows.extend(listed.iter().map(|group| {
        let protocol_type = match group.protocol_type.as_str() {
            "" => "-",
            known => known,
        };
        vec![
            group.group.clone(),
            group.protocol.clone(),
            protocol_type.to_owned(),
            group.state.clone(),
        ]
    }));
    columns(&rows)
}

/// Deletes what it can up to the first that it cannot, and says why not.
fn delete(cluster: &mut Cluster, names: &[String]) -> Result<Vec<Done>, CliError> {
    let mut done = Vec::new();
    for name in names {
        let request = DeleteGroupsRequest { groups_names: vec![name] };
        let (_, code, ()) = cluster.ask_coordinator(Coordinated::Group, name, |client| {
            let answer =
                client.call(ApiKey::DeleteGroups, |w, version| request.encode(w, version))?;
            let response = answer.decode(DeleteGroupsResponse::decode)?;
            let code = response.results.first().map_or(ErrorCode::None, |r| r.error_code);
            Ok((code, ()))
        })?;
        let why = match code {
            ErrorCode::NonEmptyGroup => Some("it has members: stop them first"),
            ErrorCode::GroupIdNotFound => Some("there is no such group"),
            _ => None,
        };
        check(&format!("delete group {name}"), code, why)?;
        done.push(Done { group: name.clone(), outcome: "deleted" });
    }
    Ok(done)
}

fn delete_offsets(
    cluster: &mut Cluster,
    name: &str,
    topics: &[String],
) -> Result<Vec<Forgotten>, CliError> {
    let chosen: Vec<_> = topics.iter().map(|t| Chosen::parse(t)).collect::<Result<_, _>>()?;
    let found = partitions::find(cluster, &chosen)?;
    let topics = partitions::by_topic(found.into_keys());
    let asked = topics.iter().map(|(name, indexes)| OffsetDeleteTopic {
        name,
        partitions: indexes
            .iter()
            .map(|&partition_index| OffsetDeletePartition { partition_index })
            .collect(),
    });
    let request = OffsetDeleteRequest { group_id: name, topics: asked.collect() };
    let (_, code, results) = cluster.ask_coordinator(Coordinated::Group, name, |client| {
        let answer = client.call(ApiKey::OffsetDelete, |w, version| request.encode(w, version))?;
        let response = answer.decode(OffsetDeleteResponse::decode)?;
        let topics = response.topics.into_iter().flat_map(|topic| {
            let name = topic.name.into_owned();
            topic.partitions.into_iter().map(move |p| (name.clone(), p))
        });
        Ok((response.error_code, topics.collect::<Vec<_>>()))
    })?;
    check(&format!("delete offsets of group {name}"), code, None)?;
    let forgotten = results.into_iter().map(|(topic, result)| {
        let partition = result.partition_index;
        let what = format!("delete the offset of group {name} in partition {partition} of {topic}");
        let why = (result.error_code == ErrorCode::GroupSubscribedToTopic)
            .then_some("the group reads the topic now");
        check(&what, result.error_code, why)?;
        Ok(Forgotten { group: name.to_owned(), topic, partition, outcome: "deleted" })
    });
    forgotten.collect()
}

fn forgotten_text(all: &[Forgotten]) -> String {
    let mut rows = vec![["GROUP", "TOPIC", "PARTITION", "OUTCOME"].map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|one| {
        let partition = one.partition.to_string();
        vec![one.group.clone(), one.topic.clone(), partition, one.outcome.to_owned()]
    }));
    columns(&rows)
}
