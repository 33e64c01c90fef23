//! AlterConfigs (key 33, versions 0 to 2): the older way to change settings: what is not stated again is unset.
//!
//! Answered when the change is durable and in force on all shards.

use bytes::Bytes;
use headwater_protocol::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::altering::{Altered, Asked, alter, check_names, told};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::controller::Fault;
use crate::config::dynamic::Change;

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = AlterConfigsRequest::decode(r, origin.version)?;
    let asked = request.resources.iter().map(|resource| Asked {
        kind: resource.resource_type,
        name: resource.resource_name.to_owned(),
        change: change(resource),
    });
    Ok(alter(origin, asked.collect(), request.validate_only, context, respond))
}

fn change(resource: &AlterConfigsResource<'_>) -> Result<Change, Fault> {
    check_names(resource.configs.iter().map(|config| (config.name, config.value.is_none())))?;
    let stated = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let values = resource.configs.iter().filter_map(|config| Some((config.name, config.value?)));
    Ok(Change::Replace(values.map(stated).collect()))
}

fn respond(origin: Origin, altered: Vec<Altered>) -> Step {
    let responses = altered.into_iter().map(|(resource_type, name, fault)| {
        let (error_code, error_message) = told(fault);
        let resource_name = name.into();
        AlterConfigsResourceResponse { error_code, error_message, resource_type, resource_name }
    });
    let response = AlterConfigsResponse { throttle_time_ms: 0, responses: responses.collect() };
    origin.reply(|w| response.encode(w, origin.version))
}
