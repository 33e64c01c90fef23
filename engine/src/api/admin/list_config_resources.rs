//! ListConfigResources (key 74, versions 0 and 1): what has settings: topics and this broker.
//!
//! v0 asked for subscriptions to client metrics only, of which there are none here.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_configs::{
    RESOURCE_TYPE_BROKER, RESOURCE_TYPE_BROKER_LOGGER, RESOURCE_TYPE_TOPIC,
};
use headwater_protocol::messages::list_config_resources::{
    ConfigResource, ListConfigResourcesRequest, ListConfigResourcesResponse,
    RESOURCE_TYPE_CLIENT_METRICS,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};

/// Kafka's number for groups.
const RESOURCE_TYPE_GROUP: i8 = 32;

/// All kinds that clients may ask for.
const KINDS: [i8; 5] = [
    RESOURCE_TYPE_TOPIC,
    RESOURCE_TYPE_BROKER,
    RESOURCE_TYPE_BROKER_LOGGER,
    RESOURCE_TYPE_CLIENT_METRICS,
    RESOURCE_TYPE_GROUP,
];

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = ListConfigResourcesRequest::decode(r, origin.version)?;
    let mut wanted = request.resource_types;
    if origin.version == 0 {
        wanted = vec![RESOURCE_TYPE_CLIENT_METRICS];
    } else if wanted.is_empty() {
        wanted = KINDS.to_vec();
    }
    let mut response = ListConfigResourcesResponse::default();
    if wanted.iter().all(|kind| KINDS.contains(kind)) {
        let all = KINDS.into_iter().filter(|kind| wanted.contains(kind));
        response.config_resources = all.flat_map(|kind| resources(kind, context)).collect();
    } else {
        response.error_code = ErrorCode::UnsupportedVersion;
    }
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}

fn resources<'a>(resource_type: i8, context: &Context<'a>) -> Vec<ConfigResource<'a>> {
    match resource_type {
        RESOURCE_TYPE_TOPIC => {
            let names = context.catalog.topics().map(|topic| topic.name.as_str());
            names.map(|name| ConfigResource { resource_name: name.into(), resource_type }).collect()
        }
        RESOURCE_TYPE_BROKER => {
            let resource_name = context.node.id.to_string().into();
            vec![ConfigResource { resource_name, resource_type }]
        }
        _ => Vec::new(),
    }
}
