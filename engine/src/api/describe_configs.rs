//! DescribeConfigs (key 32, versions 1 to 4): settings in force with their sources, of topics and of
//! this broker.
//!
//! v3 adds types and documentation (KIP-569). Other kinds of resources are answered with an error each.

use std::collections::HashSet;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_configs::{
    ConfigSynonym, DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
    DescribeConfigsResult, DescribedConfig,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};
use crate::config::describe::{
    DescribedSetting, describe_broker, describe_brokers, describe_topic,
};
use crate::log::directory;

/// Kafka's number for topics.
const TOPIC: i8 = 2;
/// Kafka's number for brokers.
const BROKER: i8 = 4;

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DescribeConfigsRequest::decode(r, origin.version)?;
    // Each resource once: its answer is a thousand times as long as its mention.
    let mut seen = HashSet::new();
    let first =
        request.resources.iter().filter(|r| seen.insert((r.resource_type, r.resource_name)));
    let results = first.map(|resource| describe(resource, &request, context));
    let response = DescribeConfigsResponse { throttle_time_ms: 0, results: results.collect() };
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}

fn describe<'a>(
    resource: &DescribeConfigsResource<'a>,
    request: &DescribeConfigsRequest<'_>,
    context: &Context<'_>,
) -> DescribeConfigsResult<'a> {
    let (error_code, error_message, settings) = match settings(resource, context) {
        Ok(settings) => (ErrorCode::None, None, settings),
        Err((code, message)) => (code, Some(message.into()), Vec::new()),
    };
    let wanted =
        |name: &str| resource.configuration_keys.as_ref().is_none_or(|keys| keys.contains(&name));
    let settings = settings.into_iter().filter(|setting| wanted(&setting.name));
    DescribeConfigsResult {
        error_code,
        error_message,
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.into(),
        configs: settings.map(|setting| described(setting, request)).collect(),
    }
}

fn settings(
    resource: &DescribeConfigsResource<'_>,
    context: &Context<'_>,
) -> Result<Vec<DescribedSetting>, (ErrorCode, String)> {
    let name = resource.resource_name;
    match resource.resource_type {
        TOPIC if !directory::is_topic_name(name) => {
            Err((ErrorCode::InvalidTopic, format!("{name:?} is no topic name")))
        }
        TOPIC => match context.catalog.by_name(name) {
            Some(topic) => Ok(describe_topic(context.config, &topic.overrides)),
            None => {
                Err((ErrorCode::UnknownTopicOrPartition, format!("topic '{name}' does not exist")))
            }
        },
        BROKER if name.is_empty() => Ok(describe_brokers(context.config)),
        BROKER if name.parse() == Ok(context.node.id) => Ok(describe_broker(context.config)),
        BROKER => Err((
            ErrorCode::InvalidRequest,
            format!("this is broker {}, not {name}", context.node.id),
        )),
        other => Err((
            ErrorCode::InvalidRequest,
            format!("resources of type {other} have no settings here"),
        )),
    }
}

fn described(
    setting: DescribedSetting,
    request: &DescribeConfigsRequest<'_>,
) -> DescribedConfig<'static> {
    let synonyms = setting.synonyms.into_iter().filter(|_| request.include_synonyms);
    let synonyms = synonyms.map(|(name, value, source)| ConfigSynonym {
        name: name.into(),
        value: value.map(Into::into),
        source: source as i8,
    });
    DescribedConfig {
        name: setting.name.into(),
        value: setting.value.map(Into::into),
        read_only: setting.read_only,
        config_source: setting.source as i8,
        is_sensitive: setting.sensitive,
        synonyms: synonyms.collect(),
        config_type: setting.kind as i8,
        documentation: request.include_documentation.then(|| setting.documentation.into()),
    }
}
