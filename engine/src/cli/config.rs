//! `headwater config`: the settings that exist, those in force on a broker, and changes of them.

pub(super) mod alter;
mod quota;

use super::args::{ConfigVerb, RemoteArgs};
use super::client::{Client, check};
use super::error::CliError;
use super::print::{Printer, columns};
use crate::config::setting::{Effect, Scope, Setting};
use crate::config::table;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::describe_cluster::{
    DescribeClusterRequest, DescribeClusterResponse, ENDPOINT_TYPE_BROKERS,
};
use headwater_protocol::messages::describe_configs::{
    ConfigSource, DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
    DescribedConfig, RESOURCE_TYPE_BROKER, RESOURCE_TYPE_TOPIC,
};
use serde::Serialize;

/// A setting that is in force.
#[derive(Debug, Serialize)]
pub struct Shown {
    name: String,
    value: Option<String>,
    /// `topic`, `broker`, `default`, …
    source: &'static str,
    read_only: bool,
    sensitive: bool,
}

/// A setting that exists.
#[derive(Debug, Serialize)]
struct Known {
    name: &'static str,
    aliases: Vec<&'static str>,
    /// `broker`, or `topic`.
    scope: &'static str,
    broker_names: Vec<&'static str>,
    default: Option<&'static str>,
    accepts: String,
    /// `active`, `inert`, `refused`.
    effect: &'static str,
    documentation: String,
}

/// Does what the verb says.
///
/// # Errors
/// When the broker cannot be asked, or says no.
pub fn run(verb: &ConfigVerb) -> Result<(), CliError> {
    match verb {
        ConfigVerb::List { json } => {
            let known: Vec<Known> = table::all().map(Known::new).collect();
            Ok(Printer::new(*json)
                .print(&known, |known| known.iter().map(Known::text).collect())?)
        }
        ConfigVerb::Alter { topic, all_brokers, edits, remote } => {
            alter::run(topic.as_deref(), *all_brokers, edits, remote)
        }
        ConfigVerb::Quota { user, client_id, set, unset, remote } => {
            let entity = [("user", user.as_deref()), ("client-id", client_id.as_deref())];
            quota::run(entity, set, unset, remote)
        }
        ConfigVerb::Describe { topic, all, remote } => describe(topic.as_deref(), *all, remote),
    }
}

fn describe(topic: Option<&str>, all: bool, remote: &RemoteArgs) -> Result<(), CliError> {
    let mut client = Client::connect(&remote.bootstrap)?;
    let mut shown = match topic {
        Some(topic) => ask(&mut client, RESOURCE_TYPE_TOPIC, topic)?,
        None => {
            let node_id = node_id(&mut client)?.to_string();
            ask(&mut client, RESOURCE_TYPE_BROKER, &node_id)?
        }
    };
    shown.retain(|setting| all || !setting.is_from(ConfigSource::Default));
    let nothing = "nothing is set; --all shows the defaults";
    Ok(Printer::new(remote.json).print(&shown, |shown| match shown[..] {
        [] => nothing.to_owned(),
        _ => table_text(shown),
    })?)
}

/// The settings of a topic or broker.
pub(super) fn ask(
    client: &mut Client,
    resource_type: i8,
    name: &str,
) -> Result<Vec<Shown>, CliError> {
    let resource =
        DescribeConfigsResource { resource_type, resource_name: name, configuration_keys: None };
    let request = DescribeConfigsRequest {
        resources: vec![resource],
        include_synonyms: false,
        include_documentation: false,
    };
    let answer = client.call(ApiKey::DescribeConfigs, |w, version| request.encode(w, version))?;
    let response = answer.decode(DescribeConfigsResponse::decode)?;
    let mut shown = Vec::new();
    for result in &response.results {
        check(&format!("describe {name}"), result.error_code, result.error_message.as_deref())?;
        shown.extend(result.configs.iter().map(Shown::new));
    }
    shown.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(shown)
}

/// The number of the broker at the other end; a cluster of several has no way to tell, so the first is taken.
fn node_id(client: &mut Client) -> Result<i32, CliError> {
    let request = DescribeClusterRequest {
        include_cluster_authorized_operations: false,
        endpoint_type: ENDPOINT_TYPE_BROKERS,
        include_fenced_brokers: false,
    };
    let answer = client.call(ApiKey::DescribeCluster, |w, version| request.encode(w, version))?;
    let response = answer.decode(DescribeClusterResponse::decode)?;
    check("describe the cluster", response.error_code, response.error_message.as_deref())?;
    Ok(response.brokers.first().map_or(response.controller_id, |broker| broker.broker_id))
}

fn table_text(shown: &[Shown]) -> String {
    let mut rows = vec![["SETTING", "VALUE", "SOURCE"].map(str::to_owned).to_vec()];
    rows.extend(shown.iter().map(|s| vec![s.name.clone(), s.value_text(), s.source.to_owned()]));
    columns(&rows)
}

impl Shown {
    fn new(config: &DescribedConfig<'_>) -> Self {
        Self {
            name: config.name.to_string(),
            value: config.value.as_deref().map(str::to_owned),
            source: source_name(config.config_source),
            read_only: config.read_only,
            sensitive: config.is_sensitive,
        }
    }

    /// Whether this source states it.
    pub(super) fn is_from(&self, source: ConfigSource) -> bool {
        self.source == source_name(source as i8)
    }

    /// `name=value`.
    pub(super) fn text(&self) -> String {
        format!("{}={}", self.name, self.value_text())
    }

    fn value_text(&self) -> String {
        match &self.value {
            _ if self.sensitive => "(hidden)".to_owned(),
            Some(value) => value.clone(),
            None => "(none)".to_owned(),
        }
    }
}

fn source_name(source: i8) -> &'static str {
    match source {
        1 => "topic",
        2 => "dynamic broker",
        3 => "dynamic default",
        4 => "broker",
        5 => "default",
        _ => "unknown",
    }
}

impl Known {
    fn new(setting: &'static Setting) -> Self {
        Self {
            name: setting.name,
            aliases: setting.aliases.to_vec(),
            scope: match setting.scope {
                Scope::Broker => "broker",
                Scope::Topic(_) => "topic",
            },
            broker_names: setting.broker_names().collect(),
            default: setting.default,
            accepts: setting.kind.to_string(),
            effect: match setting.effect {
                Effect::Active => "active",
                Effect::Inert(_) => "inert",
                Effect::Refused(_) => "refused",
            },
            documentation: setting.documentation(),
        }
    }

    fn text(&self) -> String {
        let default = self.default.filter(|value| !value.is_empty()).unwrap_or("none");
        let mut names = vec![self.name];
        names.extend(&self.aliases);
        names.extend(self.broker_names.iter().filter(|name| **name != self.name));
        format!(
            "{} ({}; default {default})\n    {}\n    takes {}\n",
            names.join(", "),
            self.scope,
            self.documentation,
            self.accepts
        )
    }
}
