//! `headwater config alter`, and the settings of `headwater topic alter`.

use super::super::args::{EditArgs, RemoteArgs};
use super::super::client::{Client, check};
use super::super::error::CliError;
use super::super::print::Printer;
use crate::config::error::ConfigError;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::describe_configs::{RESOURCE_TYPE_BROKER, RESOURCE_TYPE_TOPIC};
use headwater_protocol::messages::incremental_alter_configs::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResource,
    IncrementalAlterConfigsResponse, IncrementalAlterableConfig, OPERATION_APPEND,
    OPERATION_DELETE, OPERATION_SET, OPERATION_SUBTRACT,
};
use serde::Serialize;

/// What became of a resource.
#[derive(Debug, Serialize)]
struct Done {
    /// `topic`, `broker`, `brokers`.
    resource: &'static str,
    name: String,
    /// `altered`, `valid`.
    outcome: &'static str,
}

/// Does it.
pub(super) fn run(
    topic: Option<&str>,
    all_brokers: bool,
    edits: &EditArgs,
    remote: &RemoteArgs,
) -> Result<(), CliError> {
    let configs = parse(edits)?;
    if configs.is_empty() {
        return Err(CliError::NothingToDo("--set, --unset, --append or --subtract"));
    }
    let mut client = Client::connect(&remote.bootstrap)?;
    let (resource, kind, name) = match topic {
        Some(topic) => ("topic", RESOURCE_TYPE_TOPIC, topic.to_owned()),
        None if all_brokers => ("brokers", RESOURCE_TYPE_BROKER, String::new()),
        None => ("broker", RESOURCE_TYPE_BROKER, super::node_id(&mut client)?.to_string()),
    };
    alter(&mut client, kind, &name, configs, edits.validate_only)?;
    let outcome = if edits.validate_only { "valid" } else { "altered" };
    let done = Done { resource, name, outcome };
    Ok(Printer::new(remote.json).print(&done, |done| {
        format!("{} {} {}", done.outcome, done.resource, done.name).trim_end().to_owned()
    })?)
}

/// What is to be changed, as the request says it.
pub(in crate::cli) fn parse(
    edits: &EditArgs,
) -> Result<Vec<IncrementalAlterableConfig<'_>>, ConfigError> {
    let mut configs = Vec::new();
    let lists = [
        (&edits.set, OPERATION_SET),
        (&edits.append, OPERATION_APPEND),
        (&edits.subtract, OPERATION_SUBTRACT),
    ];
    for (texts, config_operation) in lists {
        for text in texts {
            let (name, value) = split(text)?;
            configs.push(IncrementalAlterableConfig { name, config_operation, value: Some(value) });
        }
    }
    configs.extend(edits.unset.iter().map(|name| IncrementalAlterableConfig {
        name,
        config_operation: OPERATION_DELETE,
        value: None,
    }));
    Ok(configs)
}

/// `name=value`.
pub(super) fn split(text: &str) -> Result<(&str, &str), ConfigError> {
    text.split_once('=').ok_or_else(|| ConfigError::NoEqualsSign { text: text.to_owned() })
}

/// Asks for it; done when this returns.
pub(in crate::cli) fn alter(
    client: &mut Client,
    resource_type: i8,
    name: &str,
    configs: Vec<IncrementalAlterableConfig<'_>>,
    validate_only: bool,
) -> Result<(), CliError> {
    let resource = IncrementalAlterConfigsResource { resource_type, resource_name: name, configs };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only };
    let answer =
        client.call(ApiKey::IncrementalAlterConfigs, |w, version| request.encode(w, version))?;
    for result in &answer.decode(IncrementalAlterConfigsResponse::decode)?.responses {
        let what = match (resource_type, name) {
            (RESOURCE_TYPE_TOPIC, topic) => format!("alter topic {topic}"),
            (_, "") => "alter all brokers".to_owned(),
            (_, broker) => format!("alter broker {broker}"),
        };
        check(&what, result.error_code, result.error_message.as_deref())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_what_is_asked_for() {
        let text = |text: &str| vec![text.to_owned()];
        let edits = EditArgs {
            set: text("segment.ms=5"),
            unset: text("flush.ms"),
            append: text("cleanup.policy=compact,delete"),
            subtract: text("a=b=c"),
            validate_only: false,
        };
        let asked = parse(&edits).expect("accepted");
        let asked: Vec<_> = asked.iter().map(|c| (c.config_operation, c.name, c.value)).collect();
        let expected = [
            (OPERATION_SET, "segment.ms", Some("5")),
            (OPERATION_APPEND, "cleanup.policy", Some("compact,delete")),
            (OPERATION_SUBTRACT, "a", Some("b=c")),
            (OPERATION_DELETE, "flush.ms", None),
        ];
        assert_eq!(asked, expected);
        assert!(parse(&EditArgs { set: text("segment.ms"), ..EditArgs::default() }).is_err());
    }
}
