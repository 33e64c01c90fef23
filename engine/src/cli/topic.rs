//! `headwater topic`: creates, lists, describes, alters and deletes topics on a broker.

mod describe;

use super::args::{EditArgs, RemoteArgs, TopicVerb};
use super::client::{Client, OPERATION_TIMEOUT_MS, check};
use super::config::alter;
use super::error::CliError;
use super::print::{Printer, columns};
use crate::config::error::ConfigError;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
};
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::delete_topics::{
    DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use headwater_protocol::messages::describe_configs::RESOURCE_TYPE_TOPIC;
use headwater_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse,
};
use headwater_protocol::wire::uuid::Uuid;
use serde::Serialize;

/// A topic, in short.
#[derive(Debug, Serialize)]
struct Listed {
    topic: String,
    id: String,
    partitions: usize,
    internal: bool,
}

/// What became of a topic.
#[derive(Debug, Serialize)]
struct Done {
    topic: String,
    /// `created`, `exists`, `valid`, `altered`, `deleted`.
    outcome: &'static str,
}

/// Does what the verb says.
///
/// # Errors
/// When the broker cannot be asked, or says no.
pub fn run(verb: &TopicVerb, remote: &RemoteArgs) -> Result<(), CliError> {
    let mut client = Client::connect(&remote.bootstrap)?;
    let mut printer = Printer::new(remote.json);
    match verb {
        TopicVerb::Create { .. } => {
            let done = create(&mut client, verb)?;
            printer.print(&done, |done| format!("{} {}", done.outcome, done.topic))?;
        }
        TopicVerb::List => {
            let listed = list(&mut client)?;
            printer.print(&listed, |listed| list_text(listed))?;
        }
        TopicVerb::Describe { names } => {
            let described = describe::describe(&mut client, names)?;
            printer.print(&described, |described| describe::text(described))?;
        }
        TopicVerb::Alter { name, partitions, edits } => {
            let done = alter(&mut client, name, *partitions, edits)?;
            printer.print(&done, |done| format!("{} {}", done.outcome, done.topic))?;
        }
        TopicVerb::Delete { names } => {
            let done = delete(&mut client, names)?;
            printer.print(&done, |done| {
                done.iter().map(|done| format!("{} {}\n", done.outcome, done.topic)).collect()
            })?;
        }
    }
    Ok(())
}

fn create(client: &mut Client, verb: &TopicVerb) -> Result<Done, CliError> {
    let TopicVerb::Create {
        name,
        partitions,
        replication_factor,
        configs,
        if_not_exists,
        validate_only,
    } = verb
    else {
        unreachable!("called for this verb only");
    };
    let configs = configs.iter().map(|text| setting(text)).collect::<Result<Vec<_>, _>>()?;
    let topic = CreatableTopic {
        name,
        num_partitions: partitions.unwrap_or(-1),
        replication_factor: replication_factor.unwrap_or(-1),
        assignments: Vec::new(),
        configs,
    };
    let request = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: OPERATION_TIMEOUT_MS,
        validate_only: *validate_only,
    };
    let answer = client.call(ApiKey::CreateTopics, |w, version| request.encode(w, version))?;
    let response = answer.decode(CreateTopicsResponse::decode)?;
    let topic = name.clone();
    for result in &response.topics {
        if result.error_code == ErrorCode::TopicAlreadyExists && *if_not_exists {
            return Ok(Done { topic, outcome: "exists" });
        }
        check(&format!("create topic {name}"), result.error_code, result.error_message.as_deref())?;
    }
    Ok(Done { topic, outcome: if *validate_only { "valid" } else { "created" } })
}

fn setting(text: &str) -> Result<CreatableTopicConfig<'_>, ConfigError> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| ConfigError::NoEqualsSign { text: text.to_owned() })?;
    Ok(CreatableTopicConfig { name, value: Some(value) })
}

fn list(client: &mut Client) -> Result<Vec<Listed>, CliError> {
    let answer = metadata(client, None)?;
    let response = answer.decode(MetadataResponse::decode)?;
    let mut listed: Vec<Listed> = response
        .topics
        .iter()
        .map(|topic| Listed {
            topic: topic.name.as_deref().unwrap_or_default().to_owned(),
            id: topic.topic_id.to_string(),
            partitions: topic.partitions.len(),
            internal: topic.is_internal,
        })
        .collect();
    listed.sort_by(|a, b| a.topic.cmp(&b.topic));
    Ok(listed)
}

fn list_text(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "no topics".to_owned();
    }
    let mut rows = vec![vec!["TOPIC".to_owned(), "PARTITIONS".to_owned(), "ID".to_owned()]];
    rows.extend(
        listed.iter().map(|t| vec![t.topic.clone(), t.partitions.to_string(), t.id.clone()]),
    );
    columns(&rows)
}

/// Settings first: they can be refused, and then nothing has happened.
fn alter(
    client: &mut Client,
    name: &str,
    partitions: Option<i32>,
    edits: &EditArgs,
) -> Result<Done, CliError> {
    let configs = alter::parse(edits)?;
    if configs.is_empty() && partitions.is_none() {
        return Err(CliError::NothingToDo("--partitions, --set or --unset"));
    }
    let (topic, validate_only) = (name.to_owned(), edits.validate_only);
    if !configs.is_empty() {
        alter::alter(client, RESOURCE_TYPE_TOPIC, name, configs, validate_only)?;
    }
    if let Some(partitions) = partitions {
        grow(client, name, partitions, validate_only)?;
    }
    Ok(Done { topic, outcome: if validate_only { "valid" } else { "altered" } })
}

fn grow(client: &mut Client, name: &str, count: i32, validate_only: bool) -> Result<(), CliError> {
    let request = CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic { name, count, assignments: None }],
        timeout_ms: OPERATION_TIMEOUT_MS,
        validate_only,
    };
    let answer = client.call(ApiKey::CreatePartitions, |w, version| request.encode(w, version))?;
    for result in &answer.decode(CreatePartitionsResponse::decode)?.results {
        check(&format!("alter topic {name}"), result.error_code, result.error_message.as_deref())?;
    }
    Ok(())
}

/// Deletes what it can, and then says what it could not.
fn delete(client: &mut Client, names: &[String]) -> Result<Vec<Done>, CliError> {
    let topics = names
        .iter()
        .map(|name| DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO })
        .collect();
    let request = DeleteTopicsRequest { topics, timeout_ms: OPERATION_TIMEOUT_MS };
    let answer = client.call(ApiKey::DeleteTopics, |w, version| request.encode(w, version))?;
    let mut done = Vec::new();
    for result in &answer.decode(DeleteTopicsResponse::decode)?.topics {
        let topic = result.name.as_deref().unwrap_or_default().to_owned();
        check(
            &format!("delete topic {topic}"),
            result.error_code,
            result.error_message.as_deref(),
        )?;
        done.push(Done { topic, outcome: "deleted" });
    }
    Ok(done)
}

/// Asks for these topics, or for all; never creates one.
fn metadata(
    client: &mut Client,
    names: Option<&[String]>,
) -> Result<super::client::Answer, CliError> {
    let by_name = |name| MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(name) };
    let request = MetadataRequest {
        topics: names.map(|names| names.iter().map(String::as_str).map(by_name).collect()),
        allow_auto_topic_creation: false,
        include_cluster_authorized_operations: false,
        include_topic_authorized_operations: false,
    };
    client.call(ApiKey::Metadata, |w, version| request.encode(w, version))
}
