//! IncrementalAlterConfigs (key 44, versions 0 and 1): changes single settings of topics and of the broker (KIP-339).
//!
//! * Set, delete, and for lists append and subtract.
//! * Answered when the change is durable and in force on all shards.

use bytes::Bytes;
use headwater_protocol::messages::incremental_alter_configs::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResource,
    IncrementalAlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
    IncrementalAlterableConfig, OPERATION_APPEND, OPERATION_DELETE, OPERATION_SET,
    OPERATION_SUBTRACT,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::altering::{Altered, Asked, alter, check_names, invalid, told};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::controller::Fault;
use crate::config::dynamic::{Change, Edit};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = IncrementalAlterConfigsRequest::decode(r, origin.version)?;
    let asked = request.resources.iter().map(|resource| Asked {
        kind: resource.resource_type,
        name: resource.resource_name.to_owned(),
        change: change(resource),
    });
    Ok(alter(origin, asked.collect(), request.validate_only, context, respond))
}

fn change(resource: &IncrementalAlterConfigsResource<'_>) -> Result<Change, Fault> {
    let lacks_value = |config: &IncrementalAlterableConfig<'_>| {
        config.value.is_none() && config.config_operation != OPERATION_DELETE
    };
    check_names(resource.configs.iter().map(|config| (config.name, lacks_value(config))))?;
    Ok(Change::Edit(resource.configs.iter().map(edit).collect::<Result<_, _>>()?))
}

fn edit(config: &IncrementalAlterableConfig<'_>) -> Result<(String, Edit), Fault> {
    let value = config.value.unwrap_or_default().to_owned();
    let edit = match config.config_operation {
        OPERATION_SET => Edit::Set(value),
        OPERATION_DELETE => Edit::Delete,
        OPERATION_APPEND => Edit::Append(value),
        OPERATION_SUBTRACT => Edit::Subtract(value),
        other => return Err(invalid(format!("Unknown operation type {other}."))),
    };
    Ok((config.name.to_owned(), edit))
}

fn respond(origin: Origin, altered: Vec<Altered>) -> Step {
    let responses = altered.into_iter().map(|(resource_type, name, fault)| {
        let (error_code, error_message) = told(fault);
        IncrementalAlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type,
            resource_name: name.into(),
        }
    });
    let responses = responses.collect();
    let response = IncrementalAlterConfigsResponse { throttle_time_ms: 0, responses };
    origin.reply(|w| response.encode(w, origin.version))
}
